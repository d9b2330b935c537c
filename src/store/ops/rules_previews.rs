//! Previews. Each step compares who holds the lease, as with replays; one that is taken over begins anew, since it looks
//! at the company as it is at one moment.

use super::Conn;
use super::people::one;
use crate::engine::preview::Sums;
use crate::rules::migrate::Migration;
use crate::store::StoreError;
use crate::store::columns::Json;
use crate::store::rules_previews::{Preview, PreviewChange, PreviewStep};
use crate::store::rules_replays::{Lease, ReplayState};
use crate::store::schema::{rules_preview_items as items, rules_previews as previews};
use crate::values::{DealId, DraftId, PreviewId, RunnerId, Time, UserId};
use diesel::prelude::*;
use diesel::sql_types::Text;
use std::collections::BTreeSet;

/// Rows in one INSERT: far below what either database binds.
const ROWS_AT_ONCE: usize = 1000;

#[derive(Queryable, Insertable)]
#[diesel(table_name = previews, treat_none_as_default_value = false)]
struct PreviewRow {
    id: PreviewId,
    draft: Option<DraftId>,
    tried: Option<i64>,
    text: String,
    hash: String,
    author: Option<UserId>,
    as_of: Time,
    migrate: Json<Migration>,
    state: String,
    runner: Option<RunnerId>,
    lease_until: Time,
    total: i64,
    done: i64,
    told: Json<BTreeSet<String>>,
    sums: Json<Sums>,
    begun_at: Time,
    ended_at: Option<Time>,
    attempts: i64,
}

impl TryFrom<PreviewRow> for Preview {
    type Error = StoreError;

    fn try_from(row: PreviewRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            draft: row.draft,
            tried: row.tried,
            text: row.text,
            hash: row.hash,
            author: row.author,
            as_of: row.as_of,
            migrate: row.migrate.0,
            state: ReplayState::read(&row.state)?,
            total: row.total,
            done: row.done,
            told: row.told.0,
            sums: row.sums.0,
            begun_at: row.begun_at,
            ended_at: row.ended_at,
            attempts: row.attempts,
            in_tens: false,
        })
    }
}

pub fn rules_preview(conn: &mut Conn, id: PreviewId) -> Result<Option<Preview>, StoreError> {
    let row: Option<PreviewRow> = previews::table.find(id).first(conn).optional()?;
    row.map(Preview::try_from).transpose()
}

pub fn newest_rules_preview(
    conn: &mut Conn,
    draft: Option<DraftId>,
    version: Option<i64>,
) -> Result<Option<Preview>, StoreError> {
    let newest_first = previews::table.order(previews::id.desc()).select(previews::id);
    let newest: Option<PreviewId> = match (draft, version) {
        (Some(draft), _) => newest_first.filter(previews::draft.eq(draft)).first(conn).optional()?,
        (None, version) => newest_first.filter(previews::tried.eq(version)).first(conn).optional()?,
    };
    newest.map_or(Ok(None), |id| rules_preview(conn, id))
}

pub fn rules_previews(conn: &mut Conn, before: Option<PreviewId>, limit: i64) -> Result<Vec<Preview>, StoreError> {
    let newest_first = previews::table.order(previews::id.desc()).limit(limit).select((
        previews::id,
        previews::draft,
        previews::tried,
        String::new().into_sql::<Text>(),
        previews::hash,
        previews::author,
        previews::as_of,
        previews::migrate,
        previews::state,
        previews::runner,
        previews::lease_until,
        previews::total,
        previews::done,
        previews::told,
        previews::sums,
        previews::begun_at,
        previews::ended_at,
        previews::attempts,
    ));
    let rows: Vec<PreviewRow> = match before {
        Some(before) => newest_first.filter(previews::id.lt(before)).load(conn)?,
        None => newest_first.load(conn)?,
    };
    rows.into_iter().map(Preview::try_from).collect()
}

pub fn claim_rules_preview(conn: &mut Conn, lease: Lease) -> Result<Option<Preview>, StoreError> {
    let free: Option<PreviewId> = previews::table
        .filter(previews::state.eq("running").and(previews::lease_until.le(lease.now)))
        .order(previews::id)
        .select(previews::id)
        .first(conn)
        .optional()?;
    let Some(id) = free else { return Ok(None) };
    // Compared again as it is written: another process may have been quicker.
    let still_free =
        previews::table.find(id).filter(previews::state.eq("running")).filter(previews::lease_until.le(lease.now));
    let taken = diesel::update(still_free)
        .set((
            previews::runner.eq(lease.runner),
            previews::lease_until.eq(lease.until),
            previews::attempts.eq(previews::attempts + 1),
            previews::done.eq(0),
            previews::sums.eq(Json(Sums::default())),
        ))
        .execute(conn)?;
    if taken == 0 {
        return Ok(None);
    }
    diesel::delete(items::table.filter(items::preview.eq(id))).execute(conn)?;
    rules_preview(conn, id)
}

pub fn advance_rules_preview(conn: &mut Conn, step: &PreviewStep, lease: Lease) -> Result<bool, StoreError> {
    let state = step.ended.unwrap_or(ReplayState::Running);
    let own = previews::table
        .find(step.preview)
        .filter(previews::state.eq("running"))
        .filter(previews::runner.eq(lease.runner));
    let changed = diesel::update(own)
        .set((
            previews::total.eq(step.total),
            previews::done.eq(step.done),
            previews::told.eq(Json(step.told.clone())),
            previews::sums.eq(Json(step.sums.clone())),
            previews::state.eq(state.word()),
            previews::lease_until.eq(lease.until),
            previews::ended_at.eq(step.ended.map(|_| lease.now)),
        ))
        .execute(conn)?;
    if changed == 0 {
        return Ok(false);
    }
    for found in step.found.chunks(ROWS_AT_ONCE) {
        let rows: Vec<_> = found
            .iter()
            .map(|(part, deal)| (items::preview.eq(step.preview), items::part.eq(part), items::deal.eq(deal)))
            .collect();
        diesel::insert_into(items::table).values(rows).execute(conn)?;
    }
    Ok(true)
}

pub fn rules_preview_items(
    conn: &mut Conn,
    preview: PreviewId,
    group: i64,
    after: Option<DealId>,
    limit: i64,
) -> Result<Vec<DealId>, StoreError> {
    let page = items::table
        .filter(items::preview.eq(preview).and(items::part.eq(group)))
        .order(items::deal)
        .limit(limit)
        .select(items::deal);
    Ok(match after {
        Some(after) => page.filter(items::deal.gt(after)).load(conn)?,
        None => page.load(conn)?,
    })
}

pub(super) fn apply(conn: &mut Conn, change: &PreviewChange) -> Result<(), StoreError> {
    match change {
        PreviewChange::Begun { preview, forget_before } => {
            diesel::delete(previews::table.filter(previews::ended_at.lt(*forget_before))).execute(conn)?;
            let row = PreviewRow {
                id: preview.id,
                draft: preview.draft,
                tried: preview.tried,
                text: preview.text.clone(),
                hash: preview.hash.clone(),
                author: preview.author,
                as_of: preview.as_of,
                migrate: Json(preview.migrate.clone()),
                state: preview.state.word().to_owned(),
                runner: None,
                // Free for whoever comes first.
                lease_until: preview.begun_at,
                total: preview.total,
                done: preview.done,
                told: Json(preview.told.clone()),
                sums: Json(preview.sums.clone()),
                begun_at: preview.begun_at,
                ended_at: preview.ended_at,
                attempts: preview.attempts,
            };
            diesel::insert_into(previews::table).values(row).execute(conn)?;
            Ok(())
        }
        PreviewChange::Cancelled { preview, at } => {
            let running = previews::table.find(*preview).filter(previews::state.eq("running"));
            one(diesel::update(running)
                .set((previews::state.eq(ReplayState::Cancelled.word()), previews::ended_at.eq(Some(*at))))
                .execute(conn)?)
        }
    }
}
