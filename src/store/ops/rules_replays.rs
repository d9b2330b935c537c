//! Replays. Each step compares who holds the lease: of several processes one works on a replay, and a cancelled one is
//! left alone from its next step on.

use super::Conn;
use super::customers::customer_items;
use super::log::{DecisionRow, entries};
use super::many::deal_items;
use super::people::one;
use super::sql::Sql;
use crate::engine::tally::Tally;
use crate::rules::renames::Rename;
use crate::store::StoreError;
use crate::store::columns::Json;
use crate::store::entry::LogEntry;
use crate::store::lists::{CustomerItem, DealItem};
use crate::store::rules_replays::{KeptQuery, Lease, Replay, ReplayChange, ReplayState, ReplayStep};
use crate::store::schema::{decisions, rules_replay_items as items, rules_replays as replays};
use crate::values::{CustomerId, DealId, DraftId, ReplayId, RunnerId, Time, UserId};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use std::collections::{BTreeMap, BTreeSet};

/// Rows in one INSERT: far below what either database binds.
const ROWS_AT_ONCE: usize = 1000;

#[derive(Queryable, Insertable)]
#[diesel(table_name = replays, treat_none_as_default_value = false)]
struct ReplayRow {
    id: ReplayId,
    draft: Option<DraftId>,
    tried: Option<i64>,
    text: String,
    hash: String,
    author: Option<UserId>,
    since: Time,
    before: Time,
    first: i64,
    beyond: i64,
    until: i64,
    state: String,
    runner: Option<RunnerId>,
    lease_until: Time,
    told: Json<BTreeSet<String>>,
    tally: Json<Tally>,
    begun_at: Time,
    ended_at: Option<Time>,
    attempts: i64,
    against: i64,
    renaming: Json<Vec<Rename>>,
}

impl TryFrom<ReplayRow> for Replay {
    type Error = StoreError;

    fn try_from(row: ReplayRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            draft: row.draft,
            tried: row.tried,
            text: row.text,
            hash: row.hash,
            author: row.author,
            since: row.since,
            before: row.before,
            first: row.first,
            beyond: row.beyond,
            until: row.until,
            state: ReplayState::read(&row.state)?,
            told: row.told.0,
            tally: row.tally.0,
            begun_at: row.begun_at,
            ended_at: row.ended_at,
            attempts: row.attempts,
            in_tens: false,
            against: row.against,
            renames: row.renaming.0,
        })
    }
}

pub fn rules_replay(conn: &mut Conn, id: ReplayId) -> Result<Option<Replay>, StoreError> {
    let row: Option<ReplayRow> = replays::table.find(id).first(conn).optional()?;
    row.map(Replay::try_from).transpose()
}

pub fn rules_replays(conn: &mut Conn, before: Option<ReplayId>, limit: i64) -> Result<Vec<Replay>, StoreError> {
    let newest_first = replays::table.order(replays::id.desc()).limit(limit).select((
        replays::id,
        replays::draft,
        replays::tried,
        String::new().into_sql::<Text>(),
        replays::hash,
        replays::author,
        replays::since,
        replays::before,
        replays::first,
        replays::beyond,
        replays::until,
        replays::state,
        replays::runner,
        replays::lease_until,
        replays::told,
        replays::tally,
        replays::begun_at,
        replays::ended_at,
        replays::attempts,
        replays::against,
        replays::renaming,
    ));
    let rows: Vec<ReplayRow> = match before {
        Some(before) => newest_first.filter(replays::id.lt(before)).load(conn)?,
        None => newest_first.load(conn)?,
    };
    rows.into_iter().map(Replay::try_from).collect()
}

pub fn claim_rules_replay(conn: &mut Conn, lease: Lease) -> Result<Option<Replay>, StoreError> {
    let free: Option<ReplayId> = replays::table
        .filter(replays::state.eq("running").and(replays::lease_until.le(lease.now)))
        .order(replays::id)
        .select(replays::id)
        .first(conn)
        .optional()?;
    let Some(id) = free else { return Ok(None) };
    // Compared again as it is written: another process may have been quicker.
    let still_free =
        replays::table.find(id).filter(replays::state.eq("running")).filter(replays::lease_until.le(lease.now));
    let taken = diesel::update(still_free)
        .set((
            replays::attempts.eq(replays::attempts + 1),
            replays::runner.eq(lease.runner),
            replays::lease_until.eq(lease.until),
        ))
        .execute(conn)?;
    if taken == 1 { rules_replay(conn, id) } else { Ok(None) }
}

pub fn advance_rules_replay(conn: &mut Conn, step: &ReplayStep, lease: Lease) -> Result<bool, StoreError> {
    let state = step.ended.unwrap_or(ReplayState::Running);
    let own =
        replays::table.find(step.replay).filter(replays::state.eq("running")).filter(replays::runner.eq(lease.runner));
    let changed = diesel::update(own)
        .set((
            replays::attempts.eq(0),
            replays::beyond.eq(step.beyond),
            replays::tally.eq(Json(step.tally.clone())),
            replays::state.eq(state.word()),
            replays::lease_until.eq(lease.until),
            replays::ended_at.eq(step.ended.map(|_| lease.now)),
        ))
        .execute(conn)?;
    if changed == 0 {
        return Ok(false);
    }
    for found in step.found.chunks(ROWS_AT_ONCE) {
        let rows: Vec<_> = found
            .iter()
            .map(|(part, seq)| (items::replay.eq(step.replay), items::part.eq(part), items::decision.eq(seq)))
            .collect();
        diesel::insert_into(items::table).values(rows).execute(conn)?;
    }
    Ok(true)
}

pub fn rules_replay_items(
    conn: &mut Conn,
    replay: ReplayId,
    group: i64,
    after: i64,
    limit: i64,
) -> Result<Vec<i64>, StoreError> {
    Ok(items::table
        .filter(items::replay.eq(replay).and(items::part.eq(group)).and(items::decision.gt(after)))
        .order(items::decision)
        .limit(limit)
        .select(items::decision)
        .load(conn)?)
}

/// By halving: the log is in the order of its making, but for clocks that differ.
pub fn decisions_made_by(conn: &mut Conn, at: Time, slack: i64) -> Result<i64, StoreError> {
    let before = at.micros().saturating_add(slack);
    let sql = Sql::new("SELECT coalesce(max(seq), 0) FROM decisions");
    let newest: Vec<i64> = sql.load::<BigInt, _>(conn)?;
    let (mut low, mut high) = (0, newest.first().copied().unwrap_or(0));
    while low < high {
        let middle = low + (high - low + 1) / 2;
        let found: Option<(i64, Time)> = decisions::table
            .filter(decisions::seq.ge(middle))
            .order(decisions::seq)
            .select((decisions::seq, decisions::at))
            .first(conn)
            .optional()?;
        match found {
            Some((seq, made)) if made.micros() < before => low = seq,
            Some(_) | None => high = middle - 1,
        }
    }
    Ok(low)
}

pub fn kept_decisions(conn: &mut Conn, query: &KeptQuery) -> Result<Vec<LogEntry>, StoreError> {
    let rows: Vec<DecisionRow> = decisions::table
        .filter(decisions::seq.gt(query.beyond).and(decisions::seq.le(query.until)))
        .filter(decisions::at.ge(query.since).and(decisions::at.lt(query.before)))
        .filter(decisions::action.eq_any(&query.actions))
        .order(decisions::seq)
        .limit(query.limit)
        .load(conn)?;
    entries(conn, rows)
}

pub fn decisions_of(conn: &mut Conn, seqs: &[i64]) -> Result<Vec<LogEntry>, StoreError> {
    let rows: Vec<DecisionRow> =
        decisions::table.filter(decisions::seq.eq_any(seqs)).order(decisions::seq).load(conn)?;
    entries(conn, rows)
}

pub fn deals_by_id(conn: &mut Conn, ids: &[DealId]) -> Result<BTreeMap<DealId, DealItem>, StoreError> {
    deal_items(conn, ids)
}

pub fn customers_by_id(conn: &mut Conn, ids: &[CustomerId]) -> Result<BTreeMap<CustomerId, CustomerItem>, StoreError> {
    customer_items(conn, ids)
}

pub(super) fn apply(conn: &mut Conn, change: &ReplayChange) -> Result<(), StoreError> {
    match change {
        ReplayChange::Begun { replay, forget_before } => {
            diesel::delete(replays::table.filter(replays::ended_at.lt(*forget_before))).execute(conn)?;
            let row = ReplayRow {
                id: replay.id,
                draft: replay.draft,
                tried: replay.tried,
                text: replay.text.clone(),
                hash: replay.hash.clone(),
                author: replay.author,
                since: replay.since,
                before: replay.before,
                first: replay.first,
                beyond: replay.beyond,
                until: replay.until,
                state: replay.state.word().to_owned(),
                runner: None,
                // Free for whoever comes first.
                lease_until: replay.begun_at,
                told: Json(replay.told.clone()),
                tally: Json(replay.tally.clone()),
                begun_at: replay.begun_at,
                ended_at: replay.ended_at,
                attempts: replay.attempts,
                against: replay.against,
                renaming: Json(replay.renames.clone()),
            };
            diesel::insert_into(replays::table).values(row).execute(conn)?;
            Ok(())
        }
        ReplayChange::Cancelled { replay, at } => {
            let running = replays::table.find(*replay).filter(replays::state.eq("running"));
            one(diesel::update(running)
                .set((replays::state.eq(ReplayState::Cancelled.word()), replays::ended_at.eq(Some(*at))))
                .execute(conn)?)
        }
    }
}
