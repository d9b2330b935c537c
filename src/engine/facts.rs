//! What a decision rests on: a deal with its customer, activities, contracts and visits, as the store read them.

use crate::values::{
    ActivityId, ContractId, CustomerId, Date, DealId, Key, Money, PaymentId, TeamId, Time, UserId, Value,
};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Values of the fields that the company declared. What is missing is not in here.
pub type FieldValues = IndexMap<Key, Value>;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Customer {
    pub id: CustomerId,
    pub creator: Option<UserId>,
    pub fields: FieldValues,
    pub contacts: Vec<Contact>,
    /// What a client sees changing: the ETag.
    pub version: i64,
    /// Raised by every write of a fact that decisions rest on.
    pub facts_version: i64,
    pub created_at: Time,
    pub updated_at: Time,
}

/// A person at the customer. Personal as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deal {
    pub id: DealId,
    pub customer: CustomerId,
    pub funnel: Key,
    pub stage: Key,
    pub state: DealState,
    /// Nobody: the deal is in the pool of `team`, or of the company.
    pub owner: Option<UserId>,
    pub team: Option<TeamId>,
    pub creator: Option<UserId>,
    pub discoverer: Option<UserId>,
    pub origin: Origin,
    pub product: Option<Key>,
    pub grade: Option<Key>,
    pub graded_by: Option<UserId>,
    pub graded_at: Option<Time>,
    /// Why it was lost.
    pub reason: Option<Key>,
    /// Not to be taken up again before.
    pub cooling_until: Option<Time>,
    /// The stage it was lost from.
    pub lost_from: Option<Key>,
    pub fields: FieldValues,
    pub version: i64,
    pub facts_version: i64,
    /// When it came into its stage.
    pub entered_at: Time,
    pub created_at: Time,
    pub updated_at: Time,
    pub closed_at: Option<Time>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DealState {
    Open,
    Won,
    Lost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// From the regular supply.
    Supplied,
    /// Found by somebody outside it.
    Discovered,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Activity {
    pub id: ActivityId,
    pub deal: DealId,
    pub kind: Key,
    pub outcome: Option<Key>,
    pub method: Option<Key>,
    /// Name of the customer's person it was with.
    pub contact: Option<String>,
    pub note: Option<String>,
    pub actor: Option<UserId>,
    /// When it took place.
    pub at: Time,
    pub logged_at: Time,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contract {
    pub id: ContractId,
    pub deal: DealId,
    /// The company's own number for it.
    pub number: Option<String>,
    pub amount: Money,
    pub signed_on: Option<Date>,
    pub delivered_on: Option<Date>,
    pub accepted_on: Option<Date>,
    pub cancelled_on: Option<Date>,
    pub version: i64,
    pub created_at: Time,
    pub updated_at: Time,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Payment {
    pub id: PaymentId,
    pub contract: ContractId,
    pub amount: Money,
    pub paid_on: Date,
    pub cancelled_on: Option<Date>,
}

/// One stay of a deal in a stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Visit {
    pub stage: Key,
    pub entered_at: Time,
    /// `None` = still there.
    pub left_at: Option<Time>,
}

/// Somebody as expressions see them: `owner.*`, `receiver.*`.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    pub id: UserId,
    pub roles: Vec<Key>,
    pub team: Option<TeamId>,
    pub active: bool,
    pub fields: FieldValues,
    /// How many deals they hold, by (funnel, stage).
    pub holdings: BTreeMap<(Key, Key), u32>,
}

/// All that a decision about a deal rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct DealFacts {
    pub deal: Deal,
    pub customer: Customer,
    pub activities: Vec<Activity>,
    pub contracts: Vec<Contract>,
    pub payments: Vec<Payment>,
    /// In order; the last is the present one.
    pub visits: Vec<Visit>,
    pub owner: Option<Person>,
    pub customer_open_deals: u32,
    pub customer_won_deals: u32,
}

/// How much is read of a deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The deal, its customer and its owner: what anybody sees of it rests on no more, nor does its grade (the places `R`
    /// and `G` of expressions). Lists and counts are left empty.
    Deal,
    /// All that decisions rest on.
    Decision,
}

impl Person {
    /// How many deals they hold in a stage.
    #[must_use]
    pub fn holding(&self, funnel: &Key, stage: &Key) -> u32 {
        self.holdings.get(&(funnel.clone(), stage.clone())).copied().unwrap_or(0)
    }
}
