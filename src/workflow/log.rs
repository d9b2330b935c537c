//! What happened to a deal: its visits, and every decision about it.

use super::Workflow;
use super::call::Call;
use super::failure::{Failure, Outcome};
use super::pages::{cut, wanted};
use crate::engine::sight::Sight;
use crate::rules::model::Action;
use crate::store::{HistoryEntry, LogEntry, LogQuery};
use crate::values::{DealId, DecisionId};

/// A page of something in the order of its making.
#[derive(Debug)]
pub struct LogPage<T> {
    pub items: Vec<T>,
    /// The `seq` to go on from.
    pub next: Option<i64>,
    pub sight: Sight,
}

impl Workflow {
    /// Visits of a deal, the oldest first.
    pub async fn history(
        &self,
        call: &Call,
        deal: DealId,
        after: Option<i64>,
        limit: u16,
    ) -> Outcome<LogPage<HistoryEntry>> {
        self.reading(call, Action::DealsRead, move |scene, tx| {
            let Some(sight) = scene.deal_sight(tx, deal)? else { return Ok(Err(Failure::NotFound)) };
            let items = tx.history(deal, after, wanted(limit))?;
            Ok(Ok(page(items, limit, sight, |line| line.seq)))
        })
        .await
    }

    /// Decisions about a deal, allowed and refused, the newest first.
    pub async fn decisions(
        &self,
        call: &Call,
        deal: DealId,
        beyond: Option<i64>,
        limit: u16,
    ) -> Outcome<LogPage<LogEntry>> {
        self.reading(call, Action::DealsRead, move |scene, tx| {
            let Some(sight) = scene.deal_sight(tx, deal)? else { return Ok(Err(Failure::NotFound)) };
            let query = LogQuery { deal: Some(deal), beyond, newest_first: true, limit: wanted(limit) };
            let items = tx.decisions(&query)?;
            Ok(Ok(page(items, limit, sight, |entry| entry.seq)))
        })
        .await
    }

    /// One decision about a deal.
    pub async fn decision(&self, call: &Call, deal: DealId, id: DecisionId) -> Outcome<(LogEntry, Sight)> {
        self.reading(call, Action::DealsRead, move |scene, tx| {
            let Some(sight) = scene.deal_sight(tx, deal)? else { return Ok(Err(Failure::NotFound)) };
            let entry = tx.decision(id)?.filter(|entry| entry.deal == Some(deal));
            Ok(entry.map(|entry| (entry, sight)).ok_or(Failure::NotFound))
        })
        .await
    }
}

fn page<T>(found: Vec<T>, limit: u16, sight: Sight, seq: impl Fn(&T) -> i64) -> LogPage<T> {
    let (items, next) = cut(found, limit, seq);
    LogPage { items, next, sight }
}
