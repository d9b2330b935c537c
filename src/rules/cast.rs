//! Scenarios as written: who takes part, what is given. Names are checked, values get the type of their field.

use super::criteria::Words;
use super::funnels::{Outline, StageOutline};
use super::keys::{Shape, table};
use super::model::{Fields, Span, StageKind};
use super::node::{Content, Node};
use super::reader::{Reader, Section};
use super::scalars::Letters;
use super::scenarios::{Given, GivenActivity, GivenContract, HOME, Person, stand_in};
use crate::texts::Message;
use crate::values::Key;
use indexmap::IndexMap;

/// People of one scenario, deals given, activities of one.
const PEOPLE_AT_MOST: usize = 50;
const GIVEN_AT_MOST: usize = 100;
const ACTIVITIES_AT_MOST: usize = 200;

/// What scenarios may name.
#[derive(Debug)]
pub(in crate::rules) struct Known<'s, 'a> {
    pub fields: &'s Fields,
    pub words: &'s Words<'a>,
    pub outlines: &'s [Outline<'a>],
    pub roles: &'s [Key],
    pub products: &'s [Key],
    pub grades: &'s [Key],
    /// Ids of all criteria and validations.
    pub reasons: &'s [Key],
    /// Whether `reasons` are all; with mistakes in the funnels nothing is said about those that are not known.
    pub complete: bool,
}

impl<'a> Reader<'a> {
    pub(in crate::rules) fn people(&self, section: Section<'a>, on: &Known<'_, 'a>) -> IndexMap<Key, Person> {
        let mut people: IndexMap<Key, Person> = IndexMap::new();
        let Some(node) = section.get("people") else { return people };
        let entries = self.mapping(node).unwrap_or_default();
        self.at_most(node, entries.len(), PEOPLE_AT_MOST);
        for entry in entries.iter().take(PEOPLE_AT_MOST) {
            let path = &entry.value.path;
            let Some(id) = self.id_text(&entry.key, entry.key_place, path, Letters::Small) else { continue };
            let Some(section) = self.section(&entry.value, &table::PERSON) else { continue };
            let roles = match section.get("role") {
                Some(node) if matches!(node.content, Content::List { .. }) => {
                    let items = self.list(node).unwrap_or_default();
                    items.iter().filter_map(|item| self.reference(item, "role", on.roles)).collect()
                }
                Some(node) => self.reference(node, "role", on.roles).into_iter().collect(),
                None => Vec::new(),
            };
            let person = Person {
                user: stand_in(people.len()),
                roles,
                team: section.get("team").and_then(|node| self.id(node, Letters::Small)),
                active: section.get("active").is_none_or(|node| self.boolean(node).unwrap_or(true)),
                fields: section
                    .get("fields")
                    .map(|node| self.values(node, &on.fields.user, &people, on))
                    .unwrap_or_default(),
                id: id.clone(),
            };
            people.insert(id, person);
        }
        people
    }

    /// Somebody by name; a role that nobody is named as is a person of that name.
    pub(in crate::rules) fn person(
        &self,
        node: &'a Node,
        people: &mut IndexMap<Key, Person>,
        on: &Known<'_, 'a>,
    ) -> Option<Key> {
        let text = &self.scalar(node, "person")?.text;
        if let Some((id, _)) = people.get_key_value(text.as_str()) {
            return Some(id.clone());
        }
        let Some(role) = on.roles.iter().find(|role| **role == **text) else {
            let known: Vec<String> = people.keys().chain(on.roles).map(ToString::to_string).collect();
            self.unknown(node, text, "person", known.iter().map(String::as_str));
            return None;
        };
        let person = Person {
            id: role.clone(),
            user: stand_in(people.len()),
            roles: vec![role.clone()],
            team: Some(Key::new(HOME)),
            active: true,
            fields: IndexMap::new(),
        };
        people.insert(role.clone(), person);
        Some(role.clone())
    }

    /// The funnel named, or the only one, or the first.
    pub(in crate::rules) fn funnel<'s>(&self, section: Section<'a>, on: &Known<'s, 'a>) -> Option<&'s Outline<'a>> {
        let Some(node) = section.get("funnel") else { return on.outlines.first() };
        let id = self.reference(node, "funnel", on.outlines.iter().map(|outline| &outline.id))?;
        on.outlines.iter().find(|outline| outline.id == id)
    }

    pub(in crate::rules) fn stage_of<'s>(
        &self,
        node: &'a Node,
        outline: &'s Outline<'a>,
    ) -> Option<&'s StageOutline<'a>> {
        let id = self.reference(node, "stage", outline.stages.iter().map(|stage| &stage.id))?;
        outline.stages.iter().find(|stage| stage.id == id)
    }

    /// The deals as they stand, each with whether its owner was said.
    pub(in crate::rules) fn given(
        &self,
        section: Section<'a>,
        people: &mut IndexMap<Key, Person>,
        deals: &mut IndexMap<Key, Key>,
        on: &Known<'_, 'a>,
    ) -> Vec<(Given, bool)> {
        let Some(node) = section.get("given") else { return Vec::new() };
        let nodes = match &node.content {
            Content::List { items } => items.iter().collect::<Vec<_>>(),
            Content::Map { .. } | Content::Scalar(_) => vec![node],
        };
        self.at_most(node, nodes.len(), GIVEN_AT_MOST);
        let mut given: Vec<(Given, bool)> = Vec::new();
        for (index, node) in nodes.into_iter().enumerate().take(GIVEN_AT_MOST) {
            let Some(one) = self.given_deal(node, index, people, deals, on) else { continue };
            given.push(one);
        }
        given
    }

    fn given_deal(
        &self,
        node: &'a Node,
        index: usize,
        people: &mut IndexMap<Key, Person>,
        deals: &mut IndexMap<Key, Key>,
        on: &Known<'_, 'a>,
    ) -> Option<(Given, bool)> {
        let section = self.section(node, &table::GIVEN)?;
        let deal = match section.get("deal") {
            Some(node) => self.deal_name(node)?,
            None => Key::from(format!("d{}", index + 1)),
        };
        let outline = self.funnel(section, on)?;
        if deals.insert(deal.clone(), outline.id.clone()).is_some() {
            self.error(node, Message::new("said_twice").with("text", deal.as_str()));
            return None;
        }
        let stage = section.get("stage").and_then(|node| self.stage_of(node, outline));
        let owner = section.get("owner").filter(|node| !is_none(node)).and_then(|node| self.person(node, people, on));
        let product = section.get("product").and_then(|node| self.reference(node, "product", on.products));
        let given = Given {
            deal,
            funnel: outline.id.clone(),
            stage: stage?.id.clone(),
            owner,
            team: section.get("team").and_then(|node| self.id(node, Letters::Small)),
            customer: self.values_under(section, "customer", &on.fields.customer, people, on),
            contacts: self.plain_texts(section, "contacts"),
            fields: self.values_under(section, "fields", &on.fields.deal, people, on),
            grade: section.get("grade").and_then(|node| self.reference(node, "grade", on.grades)),
            product,
            discovered: section
                .get("origin")
                .and_then(|node| self.word(node, &["supplied", "discovered"]))
                .is_some_and(|word| word == "discovered"),
            reason: self.given_reason(section, stage),
            lost_from: section
                .get("lost_from")
                .and_then(|node| self.stage_of(node, outline))
                .map(|stage| stage.id.clone()),
            entered_ago: section.get("ago").and_then(|node| self.span(node)),
            dwelt: self.dwelt(section, outline),
            activities: self.given_activities(section, people, on),
            contracts: self.given_contracts(section),
            line: node.place.line,
        };
        Some((given, section.has("owner")))
    }

    /// A name for a deal: what is expected of it stands beside `refused` and `warned`.
    pub(in crate::rules) fn deal_name(&self, node: &'a Node) -> Option<Key> {
        let id = self.id(node, Letters::Small)?;
        if table::EXPECT.key(&id).is_some() {
            self.error(node, Message::new("reserved_by_format").with("id", id.as_str()));
            return None;
        }
        Some(id)
    }

    fn given_reason(&self, section: Section<'a>, stage: Option<&StageOutline<'a>>) -> Option<Key> {
        let node = section.get("reason")?;
        let stage = stage?;
        if stage.kind != StageKind::Lost {
            let message = Message::new("reasons_of_lost_stages").with("stage", stage.id.as_str());
            self.error(node, message);
            return None;
        }
        self.reference(node, "reason", &stage.reasons)
    }

    fn dwelt(&self, section: Section<'a>, outline: &Outline<'a>) -> Vec<(Key, Span)> {
        let Some(node) = section.get("dwelt") else { return Vec::new() };
        let mut dwelt = Vec::new();
        for entry in self.mapping(node).unwrap_or_default() {
            let stage = outline.stages.iter().find(|stage| stage.id == *entry.key);
            if stage.is_none() {
                let known = outline.stages.iter().map(|stage| stage.id.as_str());
                self.unknown(&entry.value, &entry.key, "stage", known);
            }
            if let (Some(stage), Some(span)) = (stage, self.span(&entry.value)) {
                dwelt.push((stage.id.clone(), span));
            }
        }
        dwelt
    }

    fn given_activities(
        &self,
        section: Section<'a>,
        people: &mut IndexMap<Key, Person>,
        on: &Known<'_, 'a>,
    ) -> Vec<GivenActivity> {
        let Some(node) = section.get("activities") else { return Vec::new() };
        let items = self.list(node).unwrap_or_default();
        self.at_most(node, items.len(), ACTIVITIES_AT_MOST);
        let mut activities = Vec::new();
        for item in items.iter().take(ACTIVITIES_AT_MOST) {
            let Some(section) = self.section(item, &table::GIVEN_ACTIVITY) else { continue };
            let by = section.get("by").and_then(|node| self.person(node, people, on));
            let ago = section.get("ago").and_then(|node| self.span(node));
            let Some((kind, outcome, method)) = self.activity_of(section, "kind", on) else { continue };
            let contact = section.get("contact").and_then(|node| self.text(node));
            activities.push(GivenActivity { kind, outcome, method, ago, contact, by });
        }
        activities
    }

    /// Kind, outcome and method of an activity.
    pub(in crate::rules) fn activity_of(
        &self,
        section: Section<'a>,
        key: &str,
        on: &Known<'_, 'a>,
    ) -> Option<(Key, Option<Key>, Option<Key>)> {
        let kind = self.reference(section.get(key)?, "activity", on.words.activities.keys())?;
        let declared = on.words.activities.get(&kind)?;
        let outcome = section.get("outcome").and_then(|node| self.outcome(node, declared));
        let method = section.get("method").and_then(|node| self.reference(node, "method", &on.words.methods));
        Some((kind, outcome, method))
    }

    fn given_contracts(&self, section: Section<'a>) -> Vec<GivenContract> {
        let Some(node) = section.get("contracts") else { return Vec::new() };
        let items = self.list(node).unwrap_or_default();
        self.at_most(node, items.len(), ACTIVITIES_AT_MOST);
        let contract = |item: &'a Node| {
            let section = self.section(item, &table::GIVEN_CONTRACT)?;
            Some(GivenContract {
                amount: section.get("amount").and_then(|node| self.money(node, self.currency))?,
                signed: self.flag(section, "signed"),
                delivered: self.flag(section, "delivered"),
                accepted: self.flag(section, "accepted"),
                paid: section.get("paid").and_then(|node| self.money(node, self.currency)),
            })
        };
        items.iter().take(ACTIVITIES_AT_MOST).filter_map(contract).collect()
    }

    fn plain_texts(&self, section: Section<'a>, key: &str) -> Vec<String> {
        let Some(node) = section.get(key) else { return Vec::new() };
        let items = self.list(node).unwrap_or_default();
        self.at_most(node, items.len(), ACTIVITIES_AT_MOST);
        items.iter().take(ACTIVITIES_AT_MOST).filter_map(|item| self.text(item)).collect()
    }

    /// Exactly one of the keys of a shape, as a word.
    pub(in crate::rules) fn only_one(
        &self,
        section: Section<'a>,
        keys: &[&'static str],
        shape: &'static Shape,
    ) -> Option<&'static str> {
        let found: Vec<&'static str> = keys.iter().copied().filter(|key| section.has(key)).collect();
        let [only] = found.as_slice() else {
            let later = shape.keys.iter().any(|key| !key.is_known() && section.has(key.name));
            if !later || !found.is_empty() {
                let all: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
                self.error(section.node, Message::new("one_of_these").with("keys", all.join(", ")));
            }
            return None;
        };
        Some(only)
    }
}

/// Nobody, as a scenario says it.
pub(in crate::rules) fn is_none(node: &Node) -> bool {
    node.scalar().is_some_and(|scalar| scalar.text == "none")
}

/// A problem of a key is shown at the key.
pub(in crate::rules) fn at_key(value: &Node, place: super::problem::Place) -> Node {
    Node { place, path: value.path.clone(), content: Content::List { items: Vec::new() } }
}
