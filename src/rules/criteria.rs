//! Criteria to enter a stage, and validations: one kind each, checked against what the file declares.

use super::calendar::Calendar;
use super::constancy::{Constancy, constancy};
use super::expression::{Entity, Expression, Path, Place, Type, Vocabulary};
use super::funnels::Outline;
use super::keys::table;
use super::model::{ActivityKind, ContractState, Criterion, CriterionKind, Different, Span, Validation};
use super::node::{Content, Node};
use super::problem::quoted;
use super::reader::{Reader, Section};
use super::scalars::Letters;
use super::scenarios::PRODUCT_REASONS;
use crate::texts::Message;
use crate::values::Key;
use indexmap::IndexMap;

/// Criteria of one stage: people have to read them all when a move is refused.
const CRITERIA_AT_MOST: usize = 50;
/// Criteria declared to be used by name.
const NAMED_AT_MOST: usize = 200;
/// Names of one `has`.
const NAMES_AT_MOST: usize = 100;
/// Validations of a file: all that name a field are tried on its every write.
const VALIDATIONS_AT_MOST: usize = 200;

/// What sections with expressions and references rest on.
#[derive(Debug)]
pub(in crate::rules) struct Words<'a> {
    pub vocabulary: Vocabulary,
    pub activities: IndexMap<Key, ActivityKind>,
    pub methods: Vec<Key>,
    /// The criteria declared to be used by name.
    pub named: IndexMap<Key, &'a Node>,
    /// `None` while the calendar is not right: then nothing is tried out.
    pub calendar: Option<Calendar>,
}

impl<'a> Reader<'a> {
    /// The criteria to be used by name: their names; they are checked where they are used.
    pub(in crate::rules) fn read_named(&self, file: Section<'a>) -> IndexMap<Key, &'a Node> {
        let mut named = IndexMap::new();
        let Some(node) = file.get("criteria") else { return named };
        let entries = self.mapping(node).unwrap_or_default();
        self.at_most(node, entries.len(), NAMED_AT_MOST);
        for entry in entries.iter().take(NAMED_AT_MOST) {
            let path = &entry.value.path;
            if let Some(id) = self.id_text(&entry.key, entry.key_place, path, Letters::Small) {
                named.insert(id, &entry.value);
            }
        }
        named
    }

    /// Named criteria that nothing uses: checked too, as if they stood in the first funnel.
    pub(in crate::rules) fn check_unused(&self, words: &Words<'a>, outlines: &[Outline<'a>]) {
        for (id, node) in &words.named {
            let used = outlines.iter().any(|outline| names(outline.section.node, id));
            if !used {
                let vocabulary = words.vocabulary.within(outlines.first().map(|outline| &outline.id));
                self.criterion(node, Some(id), words, &vocabulary);
                self.warn(node, Message::new("criterion_unused").with("id", id.as_str()));
            }
        }
    }

    /// A list of criteria; `vocabulary` is that of the funnel they stand in.
    pub(in crate::rules) fn criteria(
        &self,
        node: &'a Node,
        words: &Words<'a>,
        vocabulary: &Vocabulary,
    ) -> Vec<Criterion> {
        let items = self.list(node).unwrap_or_default();
        self.at_most(node, items.len(), CRITERIA_AT_MOST);
        let mut criteria: Vec<Criterion> = Vec::new();
        for item in items.iter().take(CRITERIA_AT_MOST) {
            let criterion = match &item.content {
                Content::Scalar(_) => self.used_by_name(item, words, vocabulary),
                Content::Map { .. } | Content::List { .. } => self.criterion(item, None, words, vocabulary),
            };
            let Some(criterion) = criterion else { continue };
            if let Some(other) = criteria.iter().find(|other| other.id == criterion.id) {
                let message = Message::new("criterion_id_twice").with("id", criterion.id.as_str());
                self.error(item, message.with("line", i64::from(other.line)));
                continue;
            }
            criteria.push(criterion);
        }
        criteria
    }

    fn used_by_name(&self, node: &'a Node, words: &Words<'a>, vocabulary: &Vocabulary) -> Option<Criterion> {
        let id = self.reference(node, "criterion", words.named.keys())?;
        let definition = words.named.get(&id)?;
        self.criterion(definition, Some(&id), words, vocabulary)
    }

    pub(in crate::rules) fn criterion(
        &self,
        node: &'a Node,
        name: Option<&Key>,
        words: &Words<'a>,
        vocabulary: &Vocabulary,
    ) -> Option<Criterion> {
        let section = self.section(node, &table::CRITERION)?;
        let kinds: Vec<&'static str> = table::CRITERION_KINDS.into_iter().filter(|kind| section.has(kind)).collect();
        let [word] = kinds.as_slice() else {
            // One of a later version was refused as such.
            if !kinds.is_empty() || !section.has("approval") {
                let code = if kinds.is_empty() { "criterion_without_kind" } else { "criterion_with_two_kinds" };
                let all: Vec<String> = table::CRITERION_KINDS.iter().map(|kind| format!("`{kind}`")).collect();
                self.error(node, Message::new(code).with("kinds", all.join(", ")));
            }
            return None;
        };
        self.refuse_keys_of_others(section, word);
        let id = match section.get("id") {
            Some(node) => self.id(node, Letters::Small).filter(|id| self.is_free_reason(node, id)),
            None => name.cloned(),
        };
        let when = self.when(section, Place::Decision, vocabulary, words.calendar.as_ref());
        let (mode, enforce_from) = self.mode(section);
        let message = section.get("message").and_then(|node| self.label(node));
        let (kind, default) = self.criterion_kind(section, word, words, vocabulary)?;
        let id = id.unwrap_or(default);
        let names = kind.names();
        Some(Criterion { id, kind, when, mode, enforce_from, message, names, line: node.place.line })
    }

    /// An id is published; the product's own reasons are no ids.
    fn is_free_reason(&self, node: &Node, id: &Key) -> bool {
        let free = !PRODUCT_REASONS.iter().any(|reason| *id == **reason);
        if !free {
            self.error(node, Message::new("reserved_by_product").with("id", id.as_str()));
        }
        free
    }

    fn refuse_keys_of_others(&self, section: Section<'a>, word: &'static str) {
        let rows: [(&str, &[&str]); 4] = [
            ("outcome", &["activity"]),
            ("at_least", &["activity", "dwelt"]),
            ("within", &["activity"]),
            ("different", &["activity"]),
        ];
        for (key, kinds) in rows {
            if section.has(key) && !kinds.contains(&word) {
                let of: Vec<String> = kinds.iter().map(|kind| format!("`{kind}`")).collect();
                let message = Message::new("key_of_other_kind").with("key", key).with("kinds", of.join(", "));
                self.error_at(section.key_place(key), &section.node.path, message);
            }
        }
    }

    /// The kind, and the id of a criterion that has none of its own: the word that tells it from its neighbours.
    fn criterion_kind(
        &self,
        section: Section<'a>,
        word: &'static str,
        words: &Words<'a>,
        vocabulary: &Vocabulary,
    ) -> Option<(CriterionKind, Key)> {
        let node = section.get(word)?;
        match word {
            "has" => {
                let names = self.names(node, Place::Decision, vocabulary);
                (!names.is_empty()).then(|| (CriterionKind::Has(names), Key::new("has")))
            }
            "require" => {
                let expression = self.condition(node, Place::Decision, vocabulary)?;
                self.refuse_constant(node, &expression, Place::Decision, vocabulary, words.calendar.as_ref());
                Some((CriterionKind::Require(expression), Key::new("require")))
            }
            "activity" => self.activity_criterion(section, node, words),
            "dwelt" => {
                let stages: Vec<&Key> = vocabulary
                    .funnel
                    .as_ref()
                    .and_then(|id| vocabulary.funnels.get(id))
                    .into_iter()
                    .flatten()
                    .collect();
                let stage = self.reference(node, "stage", stages.iter().copied());
                let Some(at_least) = section.get("at_least") else {
                    let message = Message::new("missing_key").with("key", "at_least").with("example", "at_least: 1wd");
                    self.error(section.node, message);
                    return None;
                };
                let at_least = self.span(at_least)?;
                let stage = stage?;
                Some((CriterionKind::Dwelt { stage: stage.clone(), at_least }, stage))
            }
            _ => {
                let word = self.word(node, &table::CONTRACT_STATES)?;
                let state = match word {
                    "signed" => ContractState::Signed,
                    "delivered" => ContractState::Delivered,
                    "paid" => ContractState::Paid,
                    _ => ContractState::Accepted,
                };
                Some((CriterionKind::Contract(state), Key::new(word)))
            }
        }
    }

    fn activity_criterion(
        &self,
        section: Section<'a>,
        node: &'a Node,
        words: &Words<'a>,
    ) -> Option<(CriterionKind, Key)> {
        let kind = self.reference(node, "activity", words.activities.keys());
        let declared = kind.as_ref().and_then(|kind| words.activities.get(kind));
        let outcome = match (section.get("outcome"), declared) {
            (Some(node), Some(declared)) => Some(self.outcome(node, declared)?),
            _ => None,
        };
        let at_least = match section.get("at_least") {
            Some(node) => self.whole_between(node, 1, 1000)?,
            None => 1,
        };
        let within: Option<Span> = match section.get("within") {
            Some(node) => Some(self.span(node)?),
            None => None,
        };
        let different = match section.get("different") {
            Some(node) => Some(if self.word(node, &["people", "days"])? == "people" {
                Different::People
            } else {
                Different::Days
            }),
            None => None,
        };
        if let (Some(node), 1) = (section.get("different"), at_least) {
            self.error(node, Message::new("different_of_one"));
        }
        let kind = kind?;
        Some((CriterionKind::Activity { kind: kind.clone(), outcome, at_least, within, different }, kind))
    }

    pub(in crate::rules) fn outcome(&self, node: &'a Node, kind: &ActivityKind) -> Option<Key> {
        if kind.outcomes.is_empty() {
            self.error(node, Message::new("activity_without_outcomes").with("activity", kind.id.as_str()));
            return None;
        }
        self.reference(node, "outcome", kind.outcomes.keys())
    }

    /// A list of qualified names, each once.
    pub(in crate::rules) fn names(&self, node: &'a Node, place: Place, vocabulary: &Vocabulary) -> Vec<Path> {
        let items = self.some_items(node).unwrap_or_default();
        self.at_most(node, items.len(), NAMES_AT_MOST);
        let mut names: Vec<Path> = Vec::new();
        for item in items.iter().take(NAMES_AT_MOST) {
            let Some((path, of)) = self.name(item, place, vocabulary) else { continue };
            if names.contains(&path) {
                self.error(item, Message::new("said_twice").with("text", path.to_string()));
                continue;
            }
            if is_always_there(&path, &of) {
                self.error(item, Message::new("always_there").with("name", path.to_string()));
            }
            names.push(path);
        }
        names
    }

    /// `when`: it must be able to hold and to fail, else it is not what was meant.
    pub(in crate::rules) fn when(
        &self,
        section: Section<'a>,
        place: Place,
        vocabulary: &Vocabulary,
        calendar: Option<&Calendar>,
    ) -> Option<Expression> {
        let node = section.get("when")?;
        let expression = self.condition(node, place, vocabulary)?;
        let found = calendar.and_then(|calendar| constancy(&expression, place, vocabulary, calendar));
        match found {
            Some(Constancy::Never) => self.error(node, Message::new("when_never")),
            Some(Constancy::Always) => self.error(node, Message::new("when_always")),
            None => {}
        }
        Some(expression)
    }

    fn refuse_constant(
        &self,
        node: &Node,
        expression: &Expression,
        place: Place,
        vocabulary: &Vocabulary,
        calendar: Option<&Calendar>,
    ) {
        let Some(calendar) = calendar else { return };
        match constancy(expression, place, vocabulary, calendar) {
            Some(Constancy::Never) => self.error(node, Message::new("never_holds")),
            Some(Constancy::Always) => self.error(node, Message::new("never_fails")),
            None => {}
        }
    }

    pub(in crate::rules) fn read_validations(&self, file: Section<'a>, words: &Words<'a>) -> Vec<Validation> {
        let Some(node) = file.get("validations") else { return Vec::new() };
        let items = self.list(node).unwrap_or_default();
        self.at_most(node, items.len(), VALIDATIONS_AT_MOST);
        let mut validations: Vec<Validation> = Vec::new();
        for item in items.iter().take(VALIDATIONS_AT_MOST) {
            let Some(validation) = self.validation(item, words) else { continue };
            if validations.iter().any(|other| other.id == validation.id) {
                self.error(item, Message::new("said_twice").with("text", validation.id.as_str()));
            } else {
                validations.push(validation);
            }
        }
        validations
    }

    fn validation(&self, node: &'a Node, words: &Words<'a>) -> Option<Validation> {
        let section = self.section(node, &table::VALIDATION)?;
        let vocabulary = &words.vocabulary;
        let id =
            section.get("id").and_then(|node| self.id(node, Letters::Small).filter(|id| self.is_free_reason(node, id)));
        let when = self.when(section, Place::Decision, vocabulary, words.calendar.as_ref());
        let (mode, enforce_from) = self.mode(section);
        let message = section.get("message").and_then(|node| self.label(node));
        let require = section.get("require").and_then(|node| {
            let expression = self.condition(node, Place::Decision, vocabulary)?;
            self.refuse_constant(node, &expression, Place::Decision, vocabulary, words.calendar.as_ref());
            let names_a_field = expression.reads().iter().any(is_company_field);
            if !names_a_field {
                let message = Message::new("validation_without_field").with("text", quoted(expression.source()));
                self.error(node, message);
            }
            Some(expression)
        });
        let line = node.place.line;
        Some(Validation { id: id?, when, require: require?, mode, enforce_from, message, line })
    }
}

/// Whether an `enter:` in this part of the file uses a criterion by its name.
fn names(node: &Node, id: &Key) -> bool {
    match &node.content {
        Content::Scalar(_) => false,
        Content::List { items } => items.iter().any(|item| names(item, id)),
        Content::Map { entries, .. } => entries.iter().any(|entry| match (&entry.value.content, entry.key.as_str()) {
            (Content::List { items }, "enter") => {
                items.iter().any(|item| item.scalar().is_some_and(|scalar| *id == *scalar.text))
            }
            _ => names(&entry.value, id),
        }),
    }
}

fn is_company_field(read: &super::expression::Read) -> bool {
    matches!(read, super::expression::Read::Field(path) if matches!(path.entity, Entity::Deal | Entity::Customer))
}

/// Names that are never missing: to demand them demands nothing.
fn is_always_there(path: &Path, of: &Type) -> bool {
    let name = path.name.as_str();
    match path.entity {
        Entity::Deal => {
            matches!(name, "funnel" | "stage" | "state" | "origin" | "created_at" | "entered_at" | "dwell" | "locked")
        }
        Entity::Customer => matches!(name, "open_deals" | "won_deals"),
        Entity::User => matches!(name, "id" | "active" | "roles"),
        Entity::Contract => matches!(of, Type::Bool),
        Entity::Owner | Entity::Receiver | Entity::Move => false,
    }
}
