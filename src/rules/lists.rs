//! What the company lists: choices, products, kinds of activities, methods, combinations that identify a customer.

use super::expression::{Entity, Place, Vocabulary};
use super::keys::{Shape, table};
use super::model::{ActivityKind, Choice, Combination, FieldKind, Fields, Method};
use super::node::{Content, Node};
use super::problem::quoted;
use super::reader::{Reader, Section};
use super::scalars::Letters;
use crate::texts::Message;
use crate::values::{Key, Localized};
use indexmap::IndexMap;

/// Choices of one list, products, kinds, methods: more is a record of its own, not a list to choose from.
const CHOICES_AT_MOST: usize = 500;
/// Steps of a method.
const STEPS_AT_MOST: usize = 50;
/// Combinations that identify a customer: each is a row of the database per customer.
const COMBINATIONS_AT_MOST: usize = 10;
/// Fields of one combination.
const COMBINED_AT_MOST: usize = 5;

/// How the entries of a mapping of choices look.
#[derive(Clone, Copy, Debug)]
pub(in crate::rules) struct ChoiceKeys(&'static Shape);

impl ChoiceKeys {
    pub(in crate::rules) const CHOICE: Self = Self(&table::CHOICE);
}

impl<'a> Reader<'a> {
    /// `[large, small]`, `{large: Large}` or `{large: {label: {zh: 大, en: Large}, retired: true}}`.
    pub(in crate::rules) fn choices(&self, node: &'a Node, keys: ChoiceKeys) -> Option<IndexMap<Key, Choice>> {
        let mut choices = IndexMap::new();
        match &node.content {
            Content::List { items } => {
                self.at_most(node, items.len(), CHOICES_AT_MOST);
                for item in items.iter().take(CHOICES_AT_MOST) {
                    let Some(id) = self.id(item, Letters::Small) else { continue };
                    let label = self.label_or_id(None, &id);
                    if choices.insert(id.clone(), Choice { id: id.clone(), label, retired: false }).is_some() {
                        self.error(item, Message::new("said_twice").with("text", id.as_str()));
                    }
                }
            }
            Content::Map { entries, .. } => {
                self.at_most(node, entries.len(), CHOICES_AT_MOST);
                for entry in entries.iter().take(CHOICES_AT_MOST) {
                    let path = &entry.value.path;
                    let Some(id) = self.id_text(&entry.key, entry.key_place, path, Letters::Small) else { continue };
                    choices.insert(id.clone(), self.choice(&entry.value, id, keys));
                }
            }
            Content::Scalar(_) => {
                self.list(node)?;
            }
        }
        if choices.is_empty() && self.list_is_empty(node) {
            self.error(node, Message::new("empty_list"));
            return None;
        }
        Some(choices)
    }

    fn list_is_empty(&self, node: &Node) -> bool {
        match &node.content {
            Content::List { items } => items.is_empty(),
            Content::Map { entries, .. } => entries.is_empty(),
            Content::Scalar(_) => false,
        }
    }

    fn choice(&self, node: &'a Node, id: Key, keys: ChoiceKeys) -> Choice {
        let known = |key: &str| keys.0.key(key).is_some();
        let is_section = match &node.content {
            // Labels have languages as keys; anything else is meant as a choice.
            Content::Map { entries, .. } => entries.is_empty() || entries.iter().any(|entry| known(&entry.key)),
            Content::Scalar(_) | Content::List { .. } => false,
        };
        let section = if is_section { self.section(node, keys.0) } else { None };
        let retired = section.is_some_and(|section| self.flag(section, "retired"));
        let written = if is_section || node.is_nothing() { None } else { self.label(node) };
        let label: Localized = written.unwrap_or_else(|| self.label_or_id(section, &id));
        Choice { label, retired, id }
    }

    pub(in crate::rules) fn read_activities(&self, file: Section<'a>) -> IndexMap<Key, ActivityKind> {
        let mut kinds = IndexMap::new();
        let Some(node) = file.get("activities") else { return kinds };
        let entries = self.mapping(node).unwrap_or_default();
        self.at_most(node, entries.len(), CHOICES_AT_MOST);
        for entry in entries.iter().take(CHOICES_AT_MOST) {
            let path = &entry.value.path;
            let Some(id) = self.id_text(&entry.key, entry.key_place, path, Letters::Small) else { continue };
            let section = self.optional_section(&entry.value, &table::ACTIVITY);
            let outcomes = section
                .and_then(|section| section.get("outcomes"))
                .and_then(|node| self.choices(node, ChoiceKeys::CHOICE))
                .unwrap_or_default();
            let label = self.label_or_id(section, &id);
            let retired = section.is_some_and(|section| self.flag(section, "retired"));
            kinds.insert(id.clone(), ActivityKind { id, label, outcomes, retired });
        }
        kinds
    }

    /// A mapping that may be left empty: `meeting:`.
    fn optional_section(&self, node: &'a Node, shape: &'static Shape) -> Option<Section<'a>> {
        if node.is_nothing() { None } else { self.section(node, shape) }
    }

    pub(in crate::rules) fn read_methods(&self, file: Section<'a>) -> IndexMap<Key, Method> {
        let mut methods = IndexMap::new();
        let Some(node) = file.get("methods") else { return methods };
        let entries = self.mapping(node).unwrap_or_default();
        self.at_most(node, entries.len(), CHOICES_AT_MOST);
        for entry in entries.iter().take(CHOICES_AT_MOST) {
            let path = &entry.value.path;
            let Some(id) = self.id_text(&entry.key, entry.key_place, path, Letters::Small) else { continue };
            let section = self.optional_section(&entry.value, &table::METHOD);
            let steps = section.map(|section| self.texts(section, "steps")).unwrap_or_default();
            let label = self.label_or_id(section, &id);
            let retired = section.is_some_and(|section| self.flag(section, "retired"));
            methods.insert(id.clone(), Method { id, label, steps, retired });
        }
        methods
    }

    /// A list of texts under a key.
    pub(in crate::rules) fn texts(&self, section: Section<'a>, key: &str) -> Vec<Localized> {
        let Some(node) = section.get(key) else { return Vec::new() };
        let items = self.list(node).unwrap_or_default();
        self.at_most(node, items.len(), STEPS_AT_MOST);
        items.iter().take(STEPS_AT_MOST).filter_map(|item| self.label(item)).collect()
    }

    pub(in crate::rules) fn read_unique(
        &self,
        file: Section<'a>,
        fields: &Fields,
        vocabulary: &Vocabulary,
    ) -> Vec<Combination> {
        let Some(node) = file.get("unique") else { return Vec::new() };
        let items = self.list(node).unwrap_or_default();
        self.at_most(node, items.len(), COMBINATIONS_AT_MOST);
        let mut combinations: Vec<Combination> = Vec::new();
        for item in items.iter().take(COMBINATIONS_AT_MOST) {
            let names = self.some_items(item).unwrap_or_default();
            self.at_most(item, names.len(), COMBINED_AT_MOST);
            let mut keys: Vec<Key> = Vec::new();
            for name in names.iter().take(COMBINED_AT_MOST) {
                let Some(key) = self.identifying(name, fields, vocabulary) else { continue };
                if keys.contains(&key) {
                    self.error(name, Message::new("said_twice").with("text", format!("customer.{key}")));
                } else {
                    keys.push(key);
                }
            }
            let id = Key::from(keys.iter().map(Key::as_str).collect::<Vec<_>>().join("+"));
            if combinations.iter().any(|other| other.id == id) {
                self.error(item, Message::new("said_twice").with("text", id.as_str()));
            } else if !keys.is_empty() {
                combinations.push(Combination { id, fields: keys });
            }
        }
        combinations
    }

    /// A customer's field by which he can be told from others.
    fn identifying(&self, node: &'a Node, fields: &Fields, vocabulary: &Vocabulary) -> Option<Key> {
        let (path, _) = self.name(node, Place::Decision, vocabulary)?;
        let field = fields.customer.get(&path.name);
        let identifies = match field.map(|field| &field.kind) {
            Some(
                FieldKind::Text { .. }
                | FieldKind::Phone
                | FieldKind::Email
                | FieldKind::Url
                | FieldKind::Number
                | FieldKind::Date
                | FieldKind::Choice { .. }
                | FieldKind::User,
            ) => true,
            Some(FieldKind::Choices { .. } | FieldKind::Money { .. } | FieldKind::Time | FieldKind::Bool) => false,
            // Declared with a mistake, which was told; or one of the product's own names.
            None => vocabulary.customer.contains_key(&path.name),
        };
        if path.entity != Entity::Customer || !identifies {
            self.error(node, Message::new("cannot_identify").with("name", quoted(&path.to_string())));
            return None;
        }
        Some(path.name)
    }
}
