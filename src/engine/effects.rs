//! Effects: what a decision allows to be written. Their fields are open to read; only the engine can make one (`Made`).

use super::facts::{Activity, Contact, Contract, Customer, Deal, DealState, FieldValues, Payment};
use crate::rules::model::Direction;
use crate::values::{CustomerId, DealId, Key, TeamId, Time, UserId};

/// Proof that the engine made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made(());

impl Made {
    /// Only for the engine.
    pub(in crate::engine) const fn new() -> Self {
        Self(())
    }

    /// For tests of what keeps effects.
    #[cfg(test)]
    pub(crate) const fn in_a_test() -> Self {
        Self(())
    }
}

/// A step of the number of deals an owner holds in a stage. The store applies them ordered by (owner, funnel, stage).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HoldingChange {
    pub owner: UserId,
    pub funnel: Key,
    pub stage: Key,
    /// +1 entering, -1 leaving.
    pub step: i32,
    /// The cap to hold the new number against; `None` = no cap (always so when leaving, and for the owner's own move).
    pub cap: Option<u32>,
}

/// One line of history: a visit ended, began, or changed hands.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryLine {
    pub kind: HistoryKind,
    pub at: Time,
    pub funnel: Key,
    /// `None` when the deal is made.
    pub from: Option<Key>,
    pub to: Key,
    /// Owner and team before.
    pub owner: Option<UserId>,
    pub team: Option<TeamId>,
    /// Owner and team after.
    pub new_owner: Option<UserId>,
    pub new_team: Option<TeamId>,
    pub grade: Option<Key>,
    pub product: Option<Key>,
    pub reason: Option<Key>,
    /// When the visit that ends (or changes hands) began.
    pub entered_at: Option<Time>,
    /// Working time of the visit that ends, in microseconds.
    pub dwell_micros: Option<i64>,
    /// Target working time of the visit that begins, in microseconds.
    pub target_micros: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HistoryKind {
    Created,
    Forward,
    Back,
    Lost,
    Reopened,
    /// The owner changed: the visit goes on.
    Owner,
    /// A change of rules gave its stage, or something else of it, another name: the visit goes on.
    Migrated,
}

impl HistoryKind {
    pub const ALL: [Self; 7] =
        [Self::Created, Self::Forward, Self::Back, Self::Lost, Self::Reopened, Self::Owner, Self::Migrated];

    /// As it is stored and answered.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Forward => "forward",
            Self::Back => "back",
            Self::Lost => "lost",
            Self::Reopened => "reopened",
            Self::Owner => "owner",
            Self::Migrated => "migrated",
        }
    }
}

/// A deal goes to another stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Move {
    pub deal: DealId,
    pub customer: CustomerId,
    pub from: Key,
    pub to: Key,
    pub direction: Direction,
    pub move_id: Key,
    pub state: DealState,
    pub reason: Option<Key>,
    /// What the caller said about it.
    pub note: Option<String>,
    pub cooling_until: Option<Time>,
    pub lost_from: Option<Key>,
    pub entered_at: Time,
    pub closed_at: Option<Time>,
    pub holdings: Vec<HoldingChange>,
    pub history: HistoryLine,
    pub made: Made,
}

/// A customer is made.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomerCreation {
    pub customer: Customer,
    /// Identity keys: (combination, normalised value).
    pub keys: Vec<(Key, String)>,
    pub made: Made,
}

/// A customer's fields change.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomerChange {
    pub customer: CustomerId,
    /// All fields after the change.
    pub fields: FieldValues,
    pub contacts: Vec<Contact>,
    /// All identity keys after the change.
    pub keys: Vec<(Key, String)>,
    pub at: Time,
    pub made: Made,
}

/// A deal is made.
#[derive(Clone, Debug, PartialEq)]
pub struct DealCreation {
    pub deal: Deal,
    pub holdings: Vec<HoldingChange>,
    pub history: HistoryLine,
    pub made: Made,
}

/// A deal's fields or product change.
#[derive(Clone, Debug, PartialEq)]
pub struct DealChange {
    pub deal: DealId,
    pub customer: CustomerId,
    pub fields: FieldValues,
    pub product: Option<Key>,
    pub at: Time,
    pub made: Made,
}

/// A deal gets a grade.
#[derive(Clone, Debug, PartialEq)]
pub struct Grading {
    pub deal: DealId,
    pub customer: CustomerId,
    pub grade: Key,
    /// What the rules compute; differs from `grade` when overridden.
    pub computed: Key,
    /// Why it was overridden.
    pub reason: Option<String>,
    pub by: Option<UserId>,
    pub at: Time,
    pub made: Made,
}

/// A deal gets an owner, changes hands, or goes to the pool (`owner: None`).
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    pub deal: DealId,
    pub customer: CustomerId,
    pub owner: Option<UserId>,
    pub team: Option<TeamId>,
    pub note: Option<String>,
    pub at: Time,
    pub holdings: Vec<HoldingChange>,
    pub history: HistoryLine,
    pub made: Made,
}

/// An activity is logged.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivityLogged {
    pub customer: CustomerId,
    pub activity: Activity,
    pub made: Made,
}

/// A contract is made or changed.
#[derive(Clone, Debug, PartialEq)]
pub struct ContractChange {
    pub customer: CustomerId,
    /// The contract after the change.
    pub contract: Contract,
    /// Whether it is new.
    pub is_new: bool,
    pub made: Made,
}

/// A payment is recorded or cancelled.
#[derive(Clone, Debug, PartialEq)]
pub struct PaymentChange {
    pub deal: DealId,
    pub customer: CustomerId,
    pub payment: Payment,
    pub is_new: bool,
    pub at: Time,
    pub made: Made,
}
