//! Scenarios: what the company says its rules must do, as data. Every name in here exists, every value has the type of
//! its field. The engine runs them (`engine::scenarios`); nothing here decides.

use super::model::Span;
use crate::values::{Key, Localized, Money, UserId, Value};
use chrono::NaiveDateTime;
use indexmap::IndexMap;
use std::collections::BTreeSet;

/// The product's own reasons to refuse, as `expect: {refused: [...]}` may name them besides the ids of criteria and
/// validations. A company's criterion cannot have one of these ids.
pub const PRODUCT_REASONS: [&str; 14] = [
    // The action, or this row, is not granted.
    "permission",
    // The rules know no such move, or not for this role.
    "no_such_move",
    "move_not_permitted",
    // The deal is not in a state for it.
    "deal_closed",
    "already_there",
    // Checked with the criteria.
    "cooling",
    "holding",
    "reason_required",
    "required",
    "field",
    "grade",
    "owner",
    "product",
    "unique",
];

/// The team of a person that stands for a role.
pub(crate) const HOME: &str = "home";

/// An id that no directory gives: the first two groups are zero.
pub(crate) fn stand_in(index: usize) -> UserId {
    UserId(uuid::Uuid::from_u128(u128::try_from(index).unwrap_or(0) + 1))
}

/// One scenario of the rules file.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub name: Localized,
    /// When it begins, in the rules' time zone.
    pub now: NaiveDateTime,
    /// Who takes part. A role that acts without being anybody (`by: seller`) is a person of that name, in team `home`.
    pub people: IndexMap<Key, Person>,
    pub given: Vec<Given>,
    pub steps: Vec<Step>,
    /// Line in the rules file, 1-based.
    pub line: u32,
}

#[derive(Clone, Debug)]
pub struct Person {
    pub id: Key,
    /// A stand-in for the id the directory would give; values of `user` fields name people by it.
    pub user: UserId,
    pub roles: Vec<Key>,
    /// Teams of a scenario lie beside each other; only the name matters.
    pub team: Option<Key>,
    pub active: bool,
    pub fields: IndexMap<Key, Value>,
}

/// A deal as it stands when the scenario begins.
#[derive(Clone, Debug)]
pub struct Given {
    /// Its name in the scenario.
    pub deal: Key,
    pub funnel: Key,
    pub stage: Key,
    /// Unless said otherwise (`owner: none`), whoever acts first in the scenario.
    pub owner: Option<Key>,
    /// The team of a deal that nobody owns; `None` = the company's pool.
    pub team: Option<Key>,
    pub customer: IndexMap<Key, Value>,
    /// Names of the customer's contacts.
    pub contacts: Vec<String>,
    pub fields: IndexMap<Key, Value>,
    pub grade: Option<Key>,
    pub product: Option<Key>,
    /// Found by somebody outside the regular supply.
    pub discovered: bool,
    /// Why it was lost, in a stage of kind `lost`.
    pub reason: Option<Key>,
    /// The stage it was lost from, in a stage of kind `lost`.
    pub lost_from: Option<Key>,
    /// How long ago it came into its stage; nothing said = just now.
    pub entered_ago: Option<Span>,
    /// How long it was in other stages before, in order, each directly before the next.
    pub dwelt: Vec<(Key, Span)>,
    pub activities: Vec<GivenActivity>,
    pub contracts: Vec<GivenContract>,
    pub line: u32,
}

#[derive(Clone, Debug)]
pub struct GivenActivity {
    pub kind: Key,
    pub outcome: Option<Key>,
    pub method: Option<Key>,
    /// Nothing said = just now.
    pub ago: Option<Span>,
    /// Name of the customer's person it was with.
    pub contact: Option<String>,
    /// Nothing said = the owner.
    pub by: Option<Key>,
}

#[derive(Clone, Debug)]
pub struct GivenContract {
    pub amount: Money,
    pub signed: bool,
    pub delivered: bool,
    pub accepted: bool,
    /// Paid so far.
    pub paid: Option<Money>,
}

/// Time passes, somebody acts, something is expected; in this order.
#[derive(Clone, Debug)]
pub struct Step {
    pub after: Option<Span>,
    pub act: Option<Act>,
    pub expect: Expect,
    pub line: u32,
}

#[derive(Clone, Debug)]
pub struct Act {
    pub by: Key,
    /// The deal acted on; of `Create` the name the new one gets.
    pub deal: Key,
    pub deed: Deed,
}

#[derive(Clone, Debug)]
pub enum Deed {
    Move {
        to: Key,
        /// One of the reasons of a `lost` stage.
        reason: Option<Key>,
        note: Option<String>,
    },
    /// A customer and a deal of his.
    Create {
        funnel: Key,
        stage: Key,
        customer: IndexMap<Key, Value>,
        fields: IndexMap<Key, Value>,
        product: Option<Key>,
        owner: Option<Key>,
    },
    /// `None` = as the rules compute it.
    Grade {
        to: Option<Key>,
        note: Option<String>,
    },
    Assign {
        to: Key,
        note: Option<String>,
    },
    Release {
        note: Option<String>,
    },
    Log {
        kind: Key,
        outcome: Option<Key>,
        method: Option<Key>,
        contact: Option<String>,
    },
    /// `None` empties a field.
    Write {
        customer: IndexMap<Key, Option<Value>>,
        fields: IndexMap<Key, Option<Value>>,
        product: Option<Key>,
    },
}

/// What must be so after a step. An act without `refused` is expected to be allowed.
#[derive(Clone, Debug, Default)]
pub struct Expect {
    /// Exactly these reasons refuse: ids of criteria and validations, `PRODUCT_REASONS`.
    pub refused: Option<BTreeSet<Key>>,
    /// Exactly these warn; nothing said = whatever warns.
    pub warned: Option<BTreeSet<Key>>,
    /// By the names of the deals.
    pub deals: IndexMap<Key, ExpectedDeal>,
}

#[derive(Clone, Debug, Default)]
pub struct ExpectedDeal {
    pub stage: Option<Key>,
    /// `Some(None)`: nobody owns it.
    pub owner: Option<Option<Key>>,
    pub grade: Option<Key>,
}
