//! Slices of what happened to some deals: one statement for each kind of record.

use super::Conn;
use super::deals::{HistoryRow, entry as history_entry, readable};
use super::log::{DecisionRow, entries as log_entries};
use crate::engine::facts::{Activity, Contract, Payment};
use crate::rules::model::Action;
use crate::store::StoreError;
use crate::store::deals::HistoryEntry;
use crate::store::entry::LogEntry;
use crate::store::rows::{ActivityRow, ContractRow, PaymentRow};
use crate::store::schema::{activities, contracts, decisions, history, payments};
use crate::store::timeline::{Entries, Lines, Slice, Start};
use crate::values::{ActivityId, ContractId, DealId, DecisionId, PaymentId, Time};
use diesel::prelude::*;
use uuid::Uuid;

/// The slice of a table: of which deals, from where on, in the one order.
macro_rules! sliced {
    ($slice:expr, $table:ident, $at:ident, $id:ident as $kind:ident) => {{
        let slice = $slice;
        let mut statement = $table::table
            .into_boxed()
            .filter($table::deal.eq_any(slice.deals))
            .order(($table::$at.desc(), $table::$id.desc()))
            .limit(slice.limit);
        if let Some(since) = slice.since {
            statement = statement.filter($table::$at.ge(since));
        }
        match slice.start {
            None => statement,
            Some(Start::At(at)) => statement.filter($table::$at.le(at)),
            Some(Start::Before(at)) => statement.filter($table::$at.lt(at)),
            Some(Start::After(at, id)) => {
                statement.filter($table::$at.lt(at).or($table::$at.eq(at).and($table::$id.lt($kind(id)))))
            }
        }
    }};
}

pub fn slice_of_activities(conn: &mut Conn, slice: &Slice<'_>) -> Result<Vec<Activity>, StoreError> {
    let rows: Vec<ActivityRow> = sliced!(slice, activities, at, id as ActivityId).load(conn)?;
    Ok(rows.into_iter().map(Activity::from).collect())
}

pub fn slice_of_contracts(conn: &mut Conn, slice: &Slice<'_>) -> Result<Vec<Contract>, StoreError> {
    let rows: Vec<ContractRow> = sliced!(slice, contracts, created_at, id as ContractId).load(conn)?;
    rows.into_iter().map(|row| readable(row.into_contract(), "a contract")).collect()
}

pub fn slice_of_payments(conn: &mut Conn, slice: &Slice<'_>) -> Result<Vec<(DealId, Time, Payment)>, StoreError> {
    let rows: Vec<(DealId, Time, PaymentRow)> = sliced!(slice, payments, recorded_at, id as PaymentId)
        .select((payments::deal, payments::recorded_at, payments::all_columns))
        .load(conn)?;
    rows.into_iter().map(|(deal, at, row)| Ok((deal, at, readable(row.into_payment(), "a payment")?))).collect()
}

pub fn slice_of_history(conn: &mut Conn, slice: &Slice<'_>, lines: Lines) -> Result<Vec<HistoryEntry>, StoreError> {
    let statement = sliced!(slice, history, at, seq as seq_of);
    let statement = match lines {
        Lines::Moves => statement.filter(history::kind.ne("owner")),
        Lines::Owners => statement.filter(history::kind.eq("owner")),
    };
    let rows: Vec<HistoryRow> = statement.load(conn)?;
    rows.into_iter().map(history_entry).collect()
}

/// The number in the id of a line, `HistoryEntry::id`; ids of another making stand after all of them.
fn seq_of(id: Uuid) -> i64 {
    i64::try_from(id.as_u128()).unwrap_or(i64::MAX)
}

pub fn slice_of_log(conn: &mut Conn, slice: &Slice<'_>, entries: Entries) -> Result<Vec<LogEntry>, StoreError> {
    let statement = sliced!(slice, decisions, at, id as DecisionId);
    let statement = match entries {
        Entries::Grades => {
            statement.filter(decisions::action.eq(Action::DealsGrade.word())).filter(decisions::outcome.eq("allowed"))
        }
        Entries::Refusals => statement.filter(decisions::outcome.eq("refused")),
    };
    let rows: Vec<DecisionRow> = statement.load(conn)?;
    log_entries(conn, rows)
}
