//! `migrate`: what becomes of things in use that the rules no longer have. Said in the file, or brought with the
//! activation; the form is the same, and so are the mistakes that can be made in it.

use super::keys::table;
use super::model::Rules;
use super::names::{names, of_choice, of_field, of_outcome, of_reason, of_stage};
use super::node::{Content, Node};
use super::problem::did_you_mean;
use super::reader::{Reader, Section};
use crate::texts::Message;
use crate::values::Key;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Things that one version maps; more is another company.
const MAPPINGS_AT_MOST: usize = 1_000;

/// What is mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    Stage,
    Reason,
    Role,
    Grade,
    Product,
    Field,
    Choice,
    Activity,
    Outcome,
    Method,
}

impl What {
    /// Each with its section under `migrate`, and how many ids lead to the thing, its own included.
    pub const SECTIONS: [(Self, &'static str, usize); 10] = [
        (Self::Stage, "stages", 2),
        (Self::Reason, "reasons", 3),
        (Self::Role, "roles", 1),
        (Self::Grade, "grades", 1),
        (Self::Product, "products", 1),
        (Self::Field, "fields", 2),
        (Self::Choice, "choices", 3),
        (Self::Activity, "activities", 1),
        (Self::Outcome, "outcomes", 2),
        (Self::Method, "methods", 1),
    ];

    /// The ids on the way to it that may become others themselves, its own last: each with its place on that way.
    pub(crate) fn levels(self) -> &'static [(Self, usize)] {
        match self {
            Self::Stage => &[(Self::Stage, 1)],
            Self::Reason => &[(Self::Stage, 1), (Self::Reason, 2)],
            Self::Role => &[(Self::Role, 0)],
            Self::Grade => &[(Self::Grade, 0)],
            Self::Product => &[(Self::Product, 0)],
            Self::Field => &[(Self::Field, 1)],
            Self::Choice => &[(Self::Field, 1), (Self::Choice, 2)],
            Self::Activity => &[(Self::Activity, 0)],
            Self::Outcome => &[(Self::Activity, 0), (Self::Outcome, 1)],
            Self::Method => &[(Self::Method, 0)],
        }
    }

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Stage => "stage",
            Self::Reason => "reason",
            Self::Role => "role",
            Self::Grade => "grade",
            Self::Product => "product",
            Self::Field => "field",
            Self::Choice => "choice",
            Self::Activity => "activity",
            Self::Outcome => "outcome",
            Self::Method => "method",
        }
    }

    /// What such a word says.
    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        Self::SECTIONS.into_iter().map(|(what, ..)| what).find(|what| what.word() == word)
    }
}

/// One thing that becomes another of its kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    pub what: What,
    /// The ids that led to it: `[standard, lead]` for a stage, `[customer, size, huge]` for a choice.
    pub from: Vec<Key>,
    /// The id of what it becomes, beside the old one: a stage of the same funnel, a field of the same record.
    pub to: Key,
}

/// Everything that a change of rules maps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Migration {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mappings: Vec<Mapping>,
    /// Names that were used before by things that were removed, and are meant to be used again.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub again: BTreeSet<String>,
}

/// What is wrong with a mapping, and what was meant.
#[derive(Clone, Debug, PartialEq)]
pub struct MappingFault {
    pub message: Message,
    pub suggestion: Option<String>,
}

impl Migration {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.mappings.is_empty() && self.again.is_empty()
    }

    /// This, and what `other` says besides; where both map the same thing, `other` counts.
    #[must_use]
    pub fn joined(&self, other: &Self) -> Self {
        let said = |one: &&Mapping| !other.mappings.iter().any(|new| new.what == one.what && new.from == one.from);
        Self {
            mappings: self.mappings.iter().filter(said).chain(&other.mappings).cloned().collect(),
            again: self.again.union(&other.again).cloned().collect(),
        }
    }

    /// What a thing becomes; `None` = it is not mapped.
    #[must_use]
    pub fn target(&self, what: What, from: &[&str]) -> Option<&Key> {
        let is_it = |one: &&Mapping| one.what == what && one.from.iter().map(Key::as_str).eq(from.iter().copied());
        self.mappings.iter().find(is_it).map(|one| &one.to)
    }

    /// The name of the thing that is mapped.
    #[must_use]
    pub fn name(mapping: &Mapping) -> String {
        let id = |index: usize| mapping.from.get(index).map_or("", Key::as_str);
        match mapping.what {
            What::Stage => of_stage(id(0), id(1)),
            What::Reason => of_reason(id(0), id(1), id(2)),
            What::Role => format!("roles.{}", id(0)),
            What::Grade => format!("grades.{}", id(0)),
            What::Product => format!("products.{}", id(0)),
            What::Field => of_field(id(0), id(1)),
            What::Choice => of_choice(id(0), id(1), id(2)),
            What::Activity => format!("activities.{}", id(0)),
            What::Outcome => of_outcome(id(0), id(1)),
            What::Method => format!("methods.{}", id(0)),
        }
    }

    /// The name of what it becomes: what it belongs to may be mapped itself.
    #[must_use]
    pub fn target_name(&self, mapping: &Mapping) -> String {
        let id = |index: usize| mapping.from.get(index).map_or("", Key::as_str);
        let to = mapping.to.as_str();
        let parent = |what: What, from: &[&str]| -> String {
            let own = from.last().copied().unwrap_or_default();
            self.target(what, from).map_or(own, Key::as_str).to_owned()
        };
        match mapping.what {
            What::Stage => of_stage(id(0), to),
            What::Reason => of_reason(id(0), &parent(What::Stage, &[id(0), id(1)]), to),
            What::Role => format!("roles.{to}"),
            What::Grade => format!("grades.{to}"),
            What::Product => format!("products.{to}"),
            What::Field => of_field(id(0), to),
            What::Choice => of_choice(id(0), &parent(What::Field, &[id(0), id(1)]), to),
            What::Activity => format!("activities.{to}"),
            What::Outcome => of_outcome(&parent(What::Activity, &[id(0)]), to),
            What::Method => format!("methods.{to}"),
        }
    }

    /// What is wrong with one mapping under these names: it is there still, or what it becomes is not.
    #[must_use]
    pub fn fault(&self, mapping: &Mapping, declared: &BTreeSet<String>) -> Option<MappingFault> {
        let (name, target) = (Self::name(mapping), self.target_name(mapping));
        if declared.contains(&name) {
            let message = Message::new("migrate_still_there").with("name", name);
            return Some(MappingFault { message, suggestion: None });
        }
        if declared.contains(&target) {
            return None;
        }
        let beside = target.rsplit_once('.').map_or("", |(beside, _)| beside);
        let known = declared
            .iter()
            .filter_map(|name| name.rsplit_once('.').filter(|(parent, _)| *parent == beside).map(|(_, id)| id));
        let suggestion = did_you_mean(mapping.to.as_str(), known);
        let message = Message::new("migrate_to_nothing").with("name", name).with("target", target);
        Some(MappingFault { message, suggestion })
    }

    /// Everything that is wrong under these names, each with the name it is said of.
    #[must_use]
    pub fn faults(&self, declared: &BTreeSet<String>) -> Vec<(String, Message)> {
        let mapped = self
            .mappings
            .iter()
            .filter_map(|mapping| self.fault(mapping, declared).map(|fault| (Self::name(mapping), fault.message)));
        let again = self.again.iter().filter(|name| !declared.contains(*name));
        let again = again.map(|name| (name.clone(), Message::new("migrate_again_nothing").with("name", name.as_str())));
        mapped.chain(again).collect()
    }
}

/// Mappings as they stand in the file, each with its place.
#[derive(Debug, Default)]
pub(in crate::rules) struct Written<'a> {
    mappings: Vec<(Mapping, &'a Node)>,
    again: BTreeMap<String, &'a Node>,
}

impl<'a> Reader<'a> {
    /// The form of the section; what its names refer to is checked when the rest of the file is known.
    pub(in crate::rules) fn read_migrate(&self, file: Section<'a>) -> Written<'a> {
        let mut written = Written::default();
        let Some(section) = file.get("migrate").and_then(|node| self.section(node, &table::MIGRATE)) else {
            return written;
        };
        for (what, key, depth) in What::SECTIONS {
            if let Some(node) = section.get(key) {
                self.mappings(node, what, depth, &mut Vec::new(), &mut written.mappings);
            }
        }
        self.at_most(section.node, written.mappings.len(), MAPPINGS_AT_MOST);
        for item in section.get("again").and_then(|node| self.list(node)).unwrap_or_default() {
            if let Some(name) = self.scalar(item, "a_text") {
                written.again.insert(name.text.clone(), item);
            }
        }
        written
    }

    fn mappings(
        &self,
        node: &'a Node,
        what: What,
        depth: usize,
        above: &mut Vec<Key>,
        found: &mut Vec<(Mapping, &'a Node)>,
    ) {
        for entry in self.mapping(node).unwrap_or_default() {
            above.push(Key::new(&entry.key));
            if depth > 1 {
                self.mappings(&entry.value, what, depth - 1, above, found);
            } else if let Content::Scalar(_) = &entry.value.content {
                if let Some(scalar) = self.scalar(&entry.value, "an_id") {
                    found.push((Mapping { what, from: above.clone(), to: Key::new(&scalar.text) }, &entry.value));
                }
            } else {
                self.scalar(&entry.value, "an_id");
            }
            above.pop();
        }
    }

    /// Holds what was written against the rest of the file.
    pub(in crate::rules) fn check_migrate(&self, written: Written<'a>, rules: &Rules) -> Migration {
        let declared = names(rules);
        let migration = Migration {
            mappings: written.mappings.iter().map(|(mapping, _)| mapping.clone()).collect(),
            again: written.again.keys().cloned().collect(),
        };
        for (mapping, node) in &written.mappings {
            if let Some(fault) = migration.fault(mapping, &declared) {
                self.error_with(node, fault.message, fault.suggestion);
            }
        }
        for (name, node) in written.again.iter().filter(|(name, _)| !declared.contains(*name)) {
            let suggestion = did_you_mean(name, declared.iter().map(String::as_str));
            self.error_with(node, Message::new("migrate_again_nothing").with("name", name.as_str()), suggestion);
        }
        migration
    }
}
