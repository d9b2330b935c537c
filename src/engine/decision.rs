//! A decision and its reasons: what was checked, how it came out, on which values.

pub use super::readings::Readings;
use crate::texts::Message;
use crate::values::{Date, Key, Localized, Time, Value};
use serde::{Deserialize, Serialize};

/// Allowed, with what to write; or refused. Either is an answer and both are recorded.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision<T> {
    Allowed(Allowed<T>),
    Refused(Refusal),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Allowed<T> {
    pub effect: T,
    /// Everything that was checked.
    pub criteria: Vec<Checked>,
    /// What the decision read.
    pub facts: FactsRead,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    pub kind: RefusalKind,
    pub criteria: Vec<Checked>,
    pub facts: FactsRead,
}

#[derive(Clone, Debug, PartialEq)]
pub enum RefusalKind {
    /// The row is visible, the action on it not permitted. 403.
    Permission(Message),
    /// The deal is not in a state for it: closed, already there, no such move, moved meanwhile. 409.
    /// The message's code is the problem's code.
    State(Message),
    /// Fields, criteria, capacity. 422, with every reason. The reasons are those of `criteria` that refuse.
    Unmet,
}

/// One thing that was checked, as it came out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Checked {
    /// The criterion's id, or the product's own: `holding`, `cooling`, `reason_required`, `unique`, a field's fault.
    pub id: Key,
    pub kind: CheckedKind,
    /// The stage whose entry demands it; `None` = the move itself, a validation, a field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Key>,
    pub outcome: CheckOutcome,
    pub severity: Severity,
    /// Why it is not met, or what was checked.
    pub message: Message,
    /// The company's own words for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Localized>,
    /// The place in the request's body, for what is wrong there (`/fields/phone`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// Values that decided. Pass the reader's field rules before they are shown.
    #[serde(default, skip_serializing_if = "Readings::is_empty")]
    pub values: Readings<2>,
    /// Fields (qualified names) that would satisfy it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// How many there are and are needed, for what is counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// When it becomes possible by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub possible_from: Option<Time>,
    /// Warns until then, refuses from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enforce_from: Option<Date>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckedKind {
    Has,
    Require,
    Activity,
    Dwelt,
    Contract,
    Validation,
    /// A field's own type, pattern, choice, required.
    Field,
    /// Ideal holding, warning, cap.
    Holding,
    Cooling,
    Reason,
    Unique,
    Grade,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    Met,
    Unmet,
    /// A value it needs is missing.
    Missing,
    /// Its `when` does not hold.
    NotApplicable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Refuse,
    Warn,
    Audit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub there: i64,
    pub needed: i64,
}

/// What a decision read. Values of fields marked personal are apart: they are deleted when the person is erased.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FactsRead {
    pub values: Readings,
    pub personal: Readings,
}

impl Checked {
    /// Something that was checked, with nothing more to say about it.
    #[must_use]
    pub fn new(id: Key, kind: CheckedKind, outcome: CheckOutcome, message: Message) -> Self {
        Self {
            id,
            kind,
            stage: None,
            outcome,
            severity: Severity::Refuse,
            message,
            label: None,
            pointer: None,
            values: Readings::default(),
            fields: Vec::new(),
            progress: None,
            possible_from: None,
            enforce_from: None,
        }
    }

    /// Something in the request's body that stands against it.
    #[must_use]
    pub fn fault(id: &str, kind: CheckedKind, pointer: &str, message: Message) -> Self {
        Self { pointer: Some(pointer.to_owned()), ..Self::new(Key::new(id), kind, CheckOutcome::Unmet, message) }
    }

    /// Whether this one refuses.
    #[must_use]
    pub fn refuses(&self) -> bool {
        self.severity == Severity::Refuse && self.is_unmet()
    }

    /// Whether this one warns.
    #[must_use]
    pub fn warns(&self) -> bool {
        self.severity == Severity::Warn && self.is_unmet()
    }

    #[must_use]
    pub fn is_unmet(&self) -> bool {
        matches!(self.outcome, CheckOutcome::Unmet | CheckOutcome::Missing)
    }
}

impl FactsRead {
    /// Keeps a value that was read.
    pub(super) fn note(&mut self, name: Key, value: Option<Value>, personal: bool) {
        let values = if personal { &mut self.personal } else { &mut self.values };
        values.insert(name, value);
    }
}

impl<T> Decision<T> {
    /// Allowed, unless something that was checked refuses.
    pub(super) fn conclude(criteria: Vec<Checked>, facts: FactsRead, effect: impl FnOnce() -> T) -> Self {
        if criteria.iter().any(Checked::refuses) {
            return Self::Refused(Refusal { kind: RefusalKind::Unmet, criteria, facts });
        }
        Self::Allowed(Allowed { effect: effect(), criteria, facts })
    }

    /// The same decision about another effect, which the caller derives from this one.
    #[must_use]
    pub fn map<U>(self, into: impl FnOnce(T) -> U) -> Decision<U> {
        match self {
            Self::Allowed(allowed) => Decision::Allowed(Allowed {
                effect: into(allowed.effect),
                criteria: allowed.criteria,
                facts: allowed.facts,
            }),
            Self::Refused(refusal) => Decision::Refused(refusal),
        }
    }

    /// Refused before anything was checked.
    pub(super) fn refused(kind: RefusalKind) -> Self {
        Self::Refused(Refusal { kind, criteria: Vec::new(), facts: FactsRead::default() })
    }

    /// The same decision, having read these facts too.
    pub(super) fn on(mut self, read: FactsRead) -> Self {
        let facts = match &mut self {
            Self::Allowed(allowed) => &mut allowed.facts,
            Self::Refused(refusal) => &mut refusal.facts,
        };
        facts.values.extend(read.values);
        facts.personal.extend(read.personal);
        self
    }

    /// Refused because the action on this row is not permitted.
    pub(super) fn forbidden(message: Message) -> Self {
        Self::refused(RefusalKind::Permission(message))
    }

    /// Refused because the deal is not in a state for it.
    pub(super) fn out_of_state(message: Message) -> Self {
        Self::refused(RefusalKind::State(message))
    }

    /// Whether it is refused because the action on this row is not permitted.
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        matches!(self, Self::Refused(Refusal { kind: RefusalKind::Permission(_), .. }))
    }

    /// Everything that was checked.
    #[must_use]
    pub fn criteria(&self) -> &[Checked] {
        match self {
            Self::Allowed(allowed) => &allowed.criteria,
            Self::Refused(refusal) => &refusal.criteria,
        }
    }

    /// What the decision read.
    #[must_use]
    pub fn facts(&self) -> &FactsRead {
        match self {
            Self::Allowed(allowed) => &allowed.facts,
            Self::Refused(refusal) => &refusal.facts,
        }
    }
}
