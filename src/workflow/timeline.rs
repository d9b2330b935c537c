//! What happened with a customer, over all of his deals that the caller may see, the newest first.
//!
//! Each kind of record is read as one slice (`store::timeline`), and the slices are merged: the work for a page is
//! bounded by its length, however long the story. What hangs on a deal that the caller does not see is not there.

use super::Workflow;
use super::call::Call;
use super::failure::{Failure, Outcome};
use super::pages::{cut, wanted};
use crate::engine::Row;
use crate::engine::facts::{Activity, Contract, Payment};
use crate::engine::sight::Sight;
use crate::rules::model::Action;
use crate::store::{Entries, HistoryEntry, Lines, LogEntry, Slice, Start, StoreError, Tx};
use crate::values::{CustomerId, DealId, Time};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// What may stand in a timeline, in the order of records of one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A decision that refused something.
    Refusal,
    Payment,
    Contract,
    Grade,
    Activity,
    /// A change of who holds a deal.
    Assignment,
    /// A deal was made, went to another stage, or was given other names by a change of rules.
    Move,
}

impl EventKind {
    pub const ALL: [Self; 7] =
        [Self::Refusal, Self::Payment, Self::Contract, Self::Grade, Self::Activity, Self::Assignment, Self::Move];
}

/// Where a page ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Mark {
    at: Time,
    kind: EventKind,
    id: Uuid,
}

/// Which events.
#[derive(Clone, Debug)]
pub struct TimelineQuery {
    pub kinds: BTreeSet<EventKind>,
    /// Only of this deal.
    pub deal: Option<DealId>,
    /// Not before this instant.
    pub since: Option<Time>,
    /// Before this instant.
    pub until: Option<Time>,
    pub after: Option<Mark>,
    pub limit: u16,
}

/// One event of a deal, and what the caller sees of that deal.
#[derive(Clone, Debug)]
pub struct Event {
    pub at: Time,
    pub deal: DealId,
    pub what: What,
    pub sight: Sight,
}

#[derive(Clone, Debug)]
pub enum What {
    Move(HistoryEntry),
    Assignment(HistoryEntry),
    Activity(Activity),
    Grade(LogEntry),
    Contract(Contract),
    Payment(Payment),
    Refusal(LogEntry),
}

/// A page of events.
#[derive(Debug)]
pub struct Timeline {
    pub events: Vec<Event>,
    pub next: Option<Mark>,
}

impl What {
    fn kind(&self) -> EventKind {
        match self {
            Self::Move(_) => EventKind::Move,
            Self::Assignment(_) => EventKind::Assignment,
            Self::Activity(_) => EventKind::Activity,
            Self::Grade(_) => EventKind::Grade,
            Self::Contract(_) => EventKind::Contract,
            Self::Payment(_) => EventKind::Payment,
            Self::Refusal(_) => EventKind::Refusal,
        }
    }

    fn id(&self) -> Uuid {
        match self {
            Self::Move(line) | Self::Assignment(line) => line.id(),
            Self::Activity(activity) => activity.id.0,
            Self::Grade(entry) | Self::Refusal(entry) => entry.id.0,
            Self::Contract(contract) => contract.id.0,
            Self::Payment(payment) => payment.id.0,
        }
    }
}

impl Workflow {
    /// A page of what happened with a customer.
    pub async fn timeline(&self, call: &Call, id: CustomerId, query: TimelineQuery) -> Outcome<Timeline> {
        self.reading(call, Action::CustomersRead, move |scene, tx| {
            let Some((item, _)) = scene.see_customer(tx, id)? else { return Ok(Err(Failure::NotFound)) };
            let Some(permit) = scene.permit_for(Action::DealsRead) else {
                return Ok(Ok(Timeline { events: Vec::new(), next: None }));
            };
            let mut sights: HashMap<DealId, Sight> = HashMap::new();
            for (deal, owner) in &item.deals {
                let row = Row::Deal { deal, customer: &item.customer, owner: owner.as_ref(), record: None };
                if let Some(sight) = permit.sight(&row, scene.now()) {
                    sights.insert(deal.id, sight);
                }
            }
            sights.retain(|deal, _| query.deal.is_none_or(|wanted| wanted == *deal));
            if sights.is_empty() {
                return Ok(Ok(Timeline { events: Vec::new(), next: None }));
            }
            page(tx, &query, &sights).map(Ok)
        })
        .await
    }
}

fn page(tx: &mut Tx<'_>, query: &TimelineQuery, sights: &HashMap<DealId, Sight>) -> Result<Timeline, StoreError> {
    let deals: Vec<DealId> = sights.keys().copied().collect();
    let deals = deals.as_slice();
    let mut found: Vec<(Mark, DealId, What)> = Vec::new();
    for kind in &query.kinds {
        let slice = Slice { deals, start: start(query, *kind), since: query.since, limit: wanted(query.limit) };
        let slice = slice_of(tx, &slice, *kind)?;
        found.extend(
            slice.into_iter().map(|(at, deal, what)| (Mark { at, kind: what.kind(), id: what.id() }, deal, what)),
        );
    }
    found.sort_by(|(one, ..), (other, ..)| other.cmp(one));
    let (found, next) = cut(found, query.limit, |(mark, ..)| *mark);
    let events = found
        .into_iter()
        .filter_map(|(mark, deal, what)| Some(Event { at: mark.at, deal, what, sight: sights.get(&deal)?.clone() }));
    Ok(Timeline { events: events.collect(), next })
}

/// Where the slice of one kind begins: marks fall from page to page.
fn start(query: &TimelineQuery, kind: EventKind) -> Option<Start> {
    match (query.after, query.until) {
        (None, until) => until.map(Start::Before),
        (Some(mark), Some(until)) if until <= mark.at => Some(Start::Before(until)),
        (Some(mark), _) if kind == mark.kind => Some(Start::After(mark.at, mark.id)),
        (Some(mark), _) if kind < mark.kind => Some(Start::At(mark.at)),
        (Some(mark), _) => Some(Start::Before(mark.at)),
    }
}

fn slice_of(tx: &mut Tx<'_>, slice: &Slice<'_>, kind: EventKind) -> Result<Vec<(Time, DealId, What)>, StoreError> {
    let history = |lines: Vec<HistoryEntry>, what: fn(HistoryEntry) -> What| {
        lines.into_iter().map(|line| (line.line.at, line.deal, what(line))).collect()
    };
    let log = |entries: Vec<LogEntry>, what: fn(LogEntry) -> What| {
        entries.into_iter().filter_map(|entry| Some((entry.at, entry.deal?, what(entry)))).collect()
    };
    Ok(match kind {
        EventKind::Move => history(tx.slice_of_history(slice, Lines::Moves)?, What::Move),
        EventKind::Assignment => history(tx.slice_of_history(slice, Lines::Owners)?, What::Assignment),
        EventKind::Grade => log(tx.slice_of_log(slice, Entries::Grades)?, What::Grade),
        EventKind::Refusal => log(tx.slice_of_log(slice, Entries::Refusals)?, What::Refusal),
        EventKind::Activity => {
            let found = tx.slice_of_activities(slice)?;
            found.into_iter().map(|activity| (activity.at, activity.deal, What::Activity(activity))).collect()
        }
        EventKind::Contract => {
            let found = tx.slice_of_contracts(slice)?;
            found.into_iter().map(|contract| (contract.created_at, contract.deal, What::Contract(contract))).collect()
        }
        EventKind::Payment => {
            let found = tx.slice_of_payments(slice)?;
            found.into_iter().map(|(deal, at, payment)| (at, deal, What::Payment(payment))).collect()
        }
    })
}
