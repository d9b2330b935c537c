//! What happened around a customer: slices of each kind of record of some deals, the newest first, to be put together
//! by whoever asks. All slices share one order: (instant, kind of record, id), each falling.

use super::deals::HistoryEntry;
use super::entry::LogEntry;
use super::tx::face;
use crate::engine::facts::{Activity, Contract, Payment};
use crate::values::{DealId, Time};
use uuid::Uuid;

/// Where a slice begins, going back in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At this instant.
    At(Time),
    /// Before this instant.
    Before(Time),
    /// After this record of this instant, in the order of the list.
    After(Time, Uuid),
}

/// Which records.
#[derive(Clone, Copy, Debug)]
pub struct Slice<'a> {
    pub deals: &'a [DealId],
    /// `None` = at the newest.
    pub start: Option<Start>,
    /// Not before this instant.
    pub since: Option<Time>,
    pub limit: i64,
}

/// Which lines of history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// Visits that began: the making of the deal, and moves; and what changes of rules made of it.
    Moves,
    /// Changes of who holds the deal.
    Owners,
}

/// Which entries of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entries {
    Grades,
    Refusals,
}

face! { timeline:
    /// Activities, by when they took place.
    fn slice_of_activities(slice: &Slice<'_>) -> Vec<Activity>;
    /// Contracts, by when they were recorded.
    fn slice_of_contracts(slice: &Slice<'_>) -> Vec<Contract>;
    /// Payments, by when they were recorded, each with that instant and its deal.
    fn slice_of_payments(slice: &Slice<'_>) -> Vec<(DealId, Time, Payment)>;
    /// Lines of history; their ids are `HistoryEntry::id`.
    fn slice_of_history(slice: &Slice<'_>, lines: Lines) -> Vec<HistoryEntry>;
    /// Entries of the log.
    fn slice_of_log(slice: &Slice<'_>, entries: Entries) -> Vec<LogEntry>;
}
