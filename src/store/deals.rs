//! Deals and what hangs on them, as facts of the engine.

use super::directory::Epochs;
use super::tx::face;
use crate::engine::effects::HistoryLine;
use crate::engine::facts::{Activity, Contract, Deal, DealFacts, Payment};
use crate::values::{ActivityId, ContractId, CustomerId, DealId, DecisionId, Key, PaymentId, Time, UserId};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A line of history as it is read back.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryEntry {
    pub seq: i64,
    pub deal: DealId,
    pub customer: CustomerId,
    pub line: HistoryLine,
    /// As of the line, but where a change of rules made another of it.
    pub new_grade: Then,
    pub new_product: Then,
    pub new_reason: Then,
    pub actor: Option<UserId>,
    pub rules_version: i64,
    pub decision: DecisionId,
}

impl HistoryEntry {
    /// Its number as an id, which grows as the number does. Its decision is no id of it: a change of rules makes a line for
    /// each deal that it maps.
    #[must_use]
    pub fn id(&self) -> Uuid {
        Uuid::from_u128(u128::try_from(self.seq).unwrap_or(0))
    }
}

/// What a deal has from a line of history on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    Known(Option<Key>),
    /// A change of rules left it as it was or made another of it: which, its line is too old to say.
    Unknown,
}

/// A deal with the epochs and the caller's key, of one moment.
pub(super) struct FoundDeal {
    pub epochs: Epochs,
    /// Fingerprint and decision of the key.
    pub key: Option<([u8; 32], i64)>,
    pub facts: Option<DealFacts>,
}

/// A count of holdings that differs from the deals: (owner, funnel, stage, counted, held).
pub type Amiss = (UserId, Key, Key, i64, i64);

/// A page of activities: newest first, those before (instant, id).
#[derive(Clone, Copy, Debug)]
pub struct ActivityQuery {
    pub deal: DealId,
    pub before: Option<(Time, ActivityId)>,
    pub limit: i64,
}

face! { unbegun deals:
    /// One deal.
    fn deal(id: DealId) -> Option<Deal>, locking deal(id);
    /// The customer's open deal in the funnel.
    fn open_deal(customer: CustomerId, funnel: &Key) -> Option<DealId>, locking customer(customer);
}

face! { deals:
    /// All deals of the customer, the newest first.
    fn deals_of(customer: CustomerId) -> Vec<Deal>;
    /// Activities of a deal, the newest first.
    fn activities(query: &ActivityQuery) -> Vec<Activity>;
    /// Contracts of a deal, the oldest first.
    fn contracts(deal: DealId) -> Vec<Contract>;
    /// One contract.
    fn contract(id: ContractId) -> Option<Contract>;
    /// Payments of a deal, the oldest first.
    fn payments(deal: DealId) -> Vec<Payment>;
    /// One payment and its deal.
    fn payment(id: PaymentId) -> Option<(DealId, Payment)>;
    /// History of a deal, the oldest first, after `seq`.
    fn history(deal: DealId, after: Option<i64>, limit: i64) -> Vec<HistoryEntry>;
}

face! { unbegun holdings:
    /// What the owner holds, by (funnel, stage).
    fn holdings_of(owner: UserId) -> BTreeMap<(Key, Key), u32>, locking holdings(owner);
}

face! { holdings:
    /// Where the counts differ from a recount of the deals. Empty, always.
    fn holdings_amiss() -> Vec<Amiss>;
}
