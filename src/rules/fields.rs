//! The fields that the company declares for customers, deals and users.

use super::expression::{Entity, Type, built_in};
use super::keys::table;
use super::lists::ChoiceKeys;
use super::model::{Field, FieldKind, Fields};
use super::node::Node;
use super::problem::quoted;
use super::reader::{Reader, Section};
use super::scalars::Letters;
use crate::texts::Message;
use crate::values::{Currency, Key};
use indexmap::IndexMap;

/// Fields of one kind of record: a form with more is two forms; each costs every read a little.
const FIELDS_AT_MOST: usize = 200;
/// Characters of a text field that says nothing else.
const TEXT_AT_MOST: u32 = 2_000;
/// A compiled pattern in memory; a pattern of a rules file needs a few KB.
const PATTERN_BYTES: usize = 256 * 1024;

/// The product's own names besides those of expressions: columns that lists are sorted and filtered by. A field of such a
/// name would hide one; within a `format` none is added.
const COLUMNS: [(Entity, &[&str]); 3] = [
    (Entity::Customer, &["id", "creator", "created_at", "updated_at"]),
    (Entity::Deal, &["id", "updated_at", "closed_at", "team", "customer", "reason"]),
    (Entity::User, &["name", "holding"]),
];

/// Whether the product has a name of its own like this.
fn is_own(record: Entity, name: &str) -> bool {
    let column = COLUMNS.iter().any(|(of, names)| *of == record && names.contains(&name));
    column || built_in(record).any(|own| own == name)
}

/// Fields as declared, and their types for expressions; a field with a mistake has a type that goes with everything.
#[derive(Debug, Default)]
pub(in crate::rules) struct Declared {
    pub fields: Fields,
    pub customer: IndexMap<Key, Type>,
    pub deal: IndexMap<Key, Type>,
    pub user: IndexMap<Key, Type>,
}

impl<'a> Reader<'a> {
    pub(in crate::rules) fn read_fields(&self, file: Section<'a>) -> Declared {
        let mut declared = Declared::default();
        let Some(section) = file.get("fields").and_then(|node| self.section(node, &table::FIELDS)) else {
            return declared;
        };
        (declared.fields.customer, declared.customer) = self.read_record(section, Entity::Customer);
        (declared.fields.deal, declared.deal) = self.read_record(section, Entity::Deal);
        (declared.fields.user, declared.user) = self.read_record(section, Entity::User);
        declared
    }

    fn read_record(&self, section: Section<'a>, record: Entity) -> (IndexMap<Key, Field>, IndexMap<Key, Type>) {
        let (mut fields, mut types) = (IndexMap::new(), IndexMap::new());
        let Some(node) = section.get(record.word()) else { return (fields, types) };
        let entries = self.mapping(node).unwrap_or_default();
        self.at_most(node, entries.len(), FIELDS_AT_MOST);
        let mut value = None;
        for entry in entries.iter().take(FIELDS_AT_MOST) {
            if is_own(record, &entry.key) {
                let message = Message::new("built_in_name").with("name", format!("{}.{}", record.word(), entry.key));
                self.error_at(entry.key_place, &entry.value.path, message);
                continue;
            }
            let id = self.id_text(&entry.key, entry.key_place, &entry.value.path, Letters::Small);
            let field = self.read_field(&entry.value, &entry.key, record);
            let Some(id) = id else { continue };
            types.insert(id.clone(), field.as_ref().map_or(Type::Faulty, |field| Type::from(&field.kind)));
            let Some(field) = field else { continue };
            if field.value && value.replace(id.clone()).is_some() {
                self.error(&entry.value, Message::new("two_value_fields"));
            }
            fields.insert(id, field);
        }
        (fields, types)
    }

    fn read_field(&self, node: &'a Node, id: &str, record: Entity) -> Option<Field> {
        let section = self.section(node, &table::FIELD)?;
        let word = self.word(section.get("type")?, &table::FIELD_TYPES)?;
        self.refuse_keys_of_other_types(section, word);
        let kind = match word {
            "text" => self.read_text(section)?,
            "choice" | "choices" => {
                let of = section.get("of");
                if of.is_none() && !section.has("of") {
                    self.error(
                        node,
                        Message::new("missing_key").with("key", "of").with("example", "of: [large, small]"),
                    );
                }
                let of = self.choices(of?, ChoiceKeys::CHOICE)?;
                if word == "choice" { FieldKind::Choice { of } } else { FieldKind::Choices { of } }
            }
            "money" => FieldKind::Money {
                currency: section.get("currency").map_or(Some(self.currency), |node| self.currency(node))?,
            },
            "number" => FieldKind::Number,
            "date" => FieldKind::Date,
            "time" => FieldKind::Time,
            "bool" => FieldKind::Bool,
            "phone" => FieldKind::Phone,
            "email" => FieldKind::Email,
            "url" => FieldKind::Url,
            _ => FieldKind::User,
        };
        let value = self.flag(section, "value");
        if value && record != Entity::Deal {
            self.error_at(section.key_place("value"), &node.path, Message::new("value_of_deals_only"));
        }
        let (required, retired) = (self.flag(section, "required"), self.flag(section, "retired"));
        if required && retired {
            self.error_at(section.key_place("required"), &node.path, Message::new("required_and_retired"));
        }
        Some(Field {
            id: Key::new(id),
            label: self.label_or_id(Some(section), id),
            kind,
            required,
            personal: self.flag(section, "personal"),
            index: self.flag(section, "index"),
            value,
            retired,
        })
    }

    /// Keys that mean something for other types only.
    fn refuse_keys_of_other_types(&self, section: Section<'a>, word: &str) {
        let rows: [(&str, &[&str]); 5] = [
            ("of", &["choice", "choices"]),
            ("pattern", &["text"]),
            ("max", &["text"]),
            ("currency", &["money"]),
            ("value", &["money"]),
        ];
        for (key, types) in rows {
            if section.has(key) && !types.contains(&word) {
                let of: Vec<String> = types.iter().map(|word| format!("`{word}`")).collect();
                let message = Message::new("key_of_other_type").with("key", key).with("types", of.join(", "));
                self.error_at(section.key_place(key), &section.node.path, message.with("type", word));
            }
        }
    }

    fn read_text(&self, section: Section<'a>) -> Option<FieldKind> {
        let kind = |key| table::FIELD.key(key).map(|key| &key.kind);
        let max = match (section.get("max"), kind("max")) {
            (Some(node), Some(kind)) => self.whole(node, kind)?,
            _ => TEXT_AT_MOST,
        };
        let pattern = match section.get("pattern") {
            None => None,
            Some(node) => {
                let text = &self.scalar(node, "a_pattern")?.text;
                // The whole value must match.
                let built = regex::RegexBuilder::new(&format!("^(?:{text})$")).size_limit(PATTERN_BYTES).build();
                let Ok(pattern) = built else {
                    self.error(node, Message::new("not_a_pattern").with("text", quoted(text)));
                    return None;
                };
                Some(pattern)
            }
        };
        Some(FieldKind::Text { pattern, max })
    }
}

/// The currency of amounts, before fields are read; `XXX` (ISO 4217: none) while it is missing.
pub(in crate::rules) fn no_currency() -> Option<Currency> {
    Currency::new("XXX")
}
