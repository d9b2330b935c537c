//! What is written: one entry of the log, with the effects it stands for. `Tx::record` is the only way in.

use super::directory::{Epochs, PeopleChange};
use super::rules_drafts::DraftChange;
use super::rules_previews::PreviewChange;
use super::rules_replays::ReplayChange;
use super::rules_shadows::ShadowChange;
use super::rules_versions::Activation;
use super::tx::face;
use crate::engine::actor::Who;
use crate::engine::decision::{Checked, FactsRead};
use crate::engine::effects::{
    ActivityLogged, Assignment, ContractChange, CustomerChange, CustomerCreation, DealChange, DealCreation, Grading,
    Move, PaymentChange,
};
use crate::values::{CustomerId, DealId, DecisionId, Key, Time};
use serde_json::Value as Json;

/// A decision to be kept, allowed or refused.
#[derive(Clone, Debug)]
pub struct Entry {
    pub id: DecisionId,
    pub at: Time,
    pub actor: Who,
    pub roles: Vec<Key>,
    /// The action's word, such as `deals.move`.
    pub action: String,
    /// What it was done to.
    pub subject: Subject,
    pub deal: Option<DealId>,
    pub customer: Option<CustomerId>,
    pub rules_version: i64,
    pub outcome: Outcome,
    pub criteria: Vec<Checked>,
    /// What it rests on. Personal values are kept apart from the log, and taken out of `criteria`.
    pub facts: FactsRead,
    /// The use case's answer as data, to be rendered for whoever reads it.
    pub answer: Json,
    pub request_id: Option<String>,
    /// The key the client sent. Kept only with what was allowed.
    pub idempotency: Option<IdempotencyKey>,
    pub guards: Guards,
}

/// What a decision is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// `deal`, `customer`, `user`, `team`, `rules`, ...
    pub kind: String,
    pub id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Allowed,
    Refused,
}

/// A client's key for one write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    pub key: String,
    /// Digest of what the request asked for.
    pub fingerprint: [u8; 32],
}

/// The versions that the decision rests on. What changed meanwhile is `Stale` (or `RulesChanged`), and nothing is
/// written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Guards {
    pub epochs: Option<Epochs>,
    pub deal: Option<DealGuard>,
    pub customer: Option<CustomerGuard>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DealGuard {
    pub deal: DealId,
    pub version: i64,
    pub facts_version: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CustomerGuard {
    pub customer: CustomerId,
    pub facts_version: i64,
}

/// What an allowed decision changes.
#[derive(Clone, Copy, Debug)]
pub enum Effect<'a> {
    CustomerCreation(&'a CustomerCreation),
    CustomerChange(&'a CustomerChange),
    DealCreation(&'a DealCreation),
    DealChange(&'a DealChange),
    Move(&'a Move),
    Grading(&'a Grading),
    Assignment(&'a Assignment),
    ActivityLogged(&'a ActivityLogged),
    ContractChange(&'a ContractChange),
    PaymentChange(&'a PaymentChange),
    People(&'a PeopleChange),
    Rules(&'a Activation),
    Draft(&'a DraftChange),
    Replay(&'a ReplayChange),
    Preview(&'a PreviewChange),
    Shadow(&'a ShadowChange),
}

/// An entry of the log as it is read back.
#[derive(Clone, Debug, PartialEq)]
pub struct LogEntry {
    pub seq: i64,
    pub id: DecisionId,
    pub at: Time,
    pub actor: Who,
    pub roles: Vec<Key>,
    pub action: String,
    pub subject: Subject,
    pub deal: Option<DealId>,
    pub customer: Option<CustomerId>,
    pub rules_version: i64,
    pub outcome: Outcome,
    /// Personal values are back in it, as long as they have not been erased.
    pub criteria: Vec<Checked>,
    pub facts: FactsRead,
    pub answer: Json,
    pub request_id: Option<String>,
}

/// Which entries of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogQuery {
    pub deal: Option<DealId>,
    /// Beyond this `seq`, in the direction of reading.
    pub beyond: Option<i64>,
    pub newest_first: bool,
    pub limit: i64,
}

/// What an idempotency key stands for.
#[derive(Clone, Debug, PartialEq)]
pub struct Remembered {
    pub fingerprint: [u8; 32],
    pub entry: LogEntry,
}

face! { unbegun log:
    /// What the actor's key stands for.
    fn remembered(actor: Who, key: &str) -> Option<Remembered>;
}

face! { log:
    /// Deletes keys from before; how many.
    fn forget_keys(before: Time) -> usize;
    /// One entry.
    fn decision(id: DecisionId) -> Option<LogEntry>;
    /// A page of the log.
    fn decisions(query: &LogQuery) -> Vec<LogEntry>;
}
