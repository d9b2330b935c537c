//! Shadows. Every process adds to the sums under the lock of the row; one that has ended takes nothing more. A draft that
//! is written anew, activated or thrown away ends its shadow in the same transaction.

use super::people::one;
use super::sql::Sql;
use super::{Conn, dialect};
use crate::engine::shadow::ShadowTally;
use crate::store::StoreError;
use crate::store::columns::Json;
use crate::store::rules_drafts::DraftChange;
use crate::store::rules_shadows::{SAMPLES_AT_MOST, Shadow, ShadowChange, ShadowState, ShadowStep};
use crate::store::schema::{decisions, rules_shadow_items as items, rules_shadows as shadows};
use crate::values::{DecisionId, DraftId, ShadowId, Time, UserId};
use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};
use std::collections::{BTreeMap, BTreeSet};

/// Ids in one statement: far below what either database binds.
const IDS_AT_ONCE: usize = 500;

#[derive(Queryable, Insertable)]
#[diesel(table_name = shadows, treat_none_as_default_value = false)]
struct ShadowRow {
    id: ShadowId,
    draft: DraftId,
    text: String,
    hash: String,
    author: Option<UserId>,
    state: String,
    told: Json<BTreeSet<String>>,
    tally: Json<ShadowTally>,
    begun_at: Time,
    ended_at: Option<Time>,
}

impl TryFrom<ShadowRow> for Shadow {
    type Error = StoreError;

    fn try_from(row: ShadowRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            draft: row.draft,
            text: row.text,
            hash: row.hash,
            author: row.author,
            state: ShadowState::read(&row.state)?,
            told: row.told.0,
            tally: row.tally.0,
            begun_at: row.begun_at,
            ended_at: row.ended_at,
            in_tens: false,
        })
    }
}

pub fn rules_shadow(conn: &mut Conn, id: ShadowId) -> Result<Option<Shadow>, StoreError> {
    let row: Option<ShadowRow> = shadows::table.find(id).first(conn).optional()?;
    row.map(Shadow::try_from).transpose()
}

pub fn rules_shadows(conn: &mut Conn, before: Option<ShadowId>, limit: i64) -> Result<Vec<Shadow>, StoreError> {
    let newest_first = shadows::table.order(shadows::id.desc()).limit(limit).select((
        shadows::id,
        shadows::draft,
        String::new().into_sql::<Text>(),
        shadows::hash,
        shadows::author,
        shadows::state,
        shadows::told,
        shadows::tally,
        shadows::begun_at,
        shadows::ended_at,
    ));
    let rows: Vec<ShadowRow> = match before {
        Some(before) => newest_first.filter(shadows::id.lt(before)).load(conn)?,
        None => newest_first.load(conn)?,
    };
    rows.into_iter().map(Shadow::try_from).collect()
}

pub fn running_rules_shadow(conn: &mut Conn) -> Result<Option<(ShadowId, String)>, StoreError> {
    let running = shadows::table.filter(shadows::state.eq("running"));
    Ok(running.select((shadows::id, shadows::hash)).first(conn).optional()?)
}

pub fn advance_rules_shadow(conn: &mut Conn, step: &ShadowStep) -> Result<bool, StoreError> {
    let mut sql = Sql::new("SELECT 1 FROM rules_shadows WHERE state = 'running' AND id = ");
    sql.bind(step.shadow).push(dialect::FOR_UPDATE);
    let held: Vec<i32> = sql.load::<Integer, _>(conn)?;
    if held.is_empty() {
        return Ok(false);
    }
    let row: Json<ShadowTally> = shadows::table.find(step.shadow).select(shadows::tally).first(conn)?;
    let mut tally = row.0;
    let places = tally.merge(&step.tally);
    let ids: Vec<DecisionId> = step.found.iter().map(|(_, decision)| *decision).collect();
    let mut seqs: BTreeMap<DecisionId, i64> = BTreeMap::new();
    for ids in ids.chunks(IDS_AT_ONCE) {
        let found: Vec<(DecisionId, i64)> =
            decisions::table.filter(decisions::id.eq_any(ids)).select((decisions::id, decisions::seq)).load(conn)?;
        seqs.extend(found);
    }
    let mut rows = Vec::new();
    for (group, decision) in &step.found {
        let place = places.get(*group).copied().flatten();
        let Some((place, seq)) = place.zip(seqs.get(decision)) else { continue };
        let Some(group) = tally.groups.get_mut(place).filter(|group| group.sampled < SAMPLES_AT_MOST) else { continue };
        group.sampled += 1;
        let part = i64::try_from(place).unwrap_or(i64::MAX);
        rows.push((items::shadow.eq(step.shadow), items::part.eq(part), items::decision.eq(*seq)));
    }
    for rows in rows.chunks(IDS_AT_ONCE) {
        diesel::insert_into(items::table).values(rows.to_vec()).execute(conn)?;
    }
    diesel::update(shadows::table.find(step.shadow)).set(shadows::tally.eq(Json(tally))).execute(conn)?;
    Ok(true)
}

pub fn rules_shadow_items(
    conn: &mut Conn,
    shadow: ShadowId,
    group: i64,
    after: i64,
    limit: i64,
) -> Result<Vec<i64>, StoreError> {
    Ok(items::table
        .filter(items::shadow.eq(shadow).and(items::part.eq(group)).and(items::decision.gt(after)))
        .order(items::decision)
        .limit(limit)
        .select(items::decision)
        .load(conn)?)
}

pub(super) fn apply(conn: &mut Conn, change: &ShadowChange) -> Result<(), StoreError> {
    match change {
        ShadowChange::Begun { shadow, forget_before } => {
            diesel::delete(shadows::table.filter(shadows::ended_at.lt(*forget_before))).execute(conn)?;
            // Whoever writes the draft meanwhile waits, and then ends this.
            let mut sql = Sql::new("SELECT 1 FROM rules_drafts WHERE id = ");
            sql.bind(shadow.draft).push(" AND hash = ").bind(shadow.hash.as_str()).push(dialect::FOR_UPDATE);
            let held: Vec<i32> = sql.load::<Integer, _>(conn)?;
            one(held.len())?;
            let row = ShadowRow {
                id: shadow.id,
                draft: shadow.draft,
                text: shadow.text.clone(),
                hash: shadow.hash.clone(),
                author: shadow.author,
                state: shadow.state.word().to_owned(),
                told: Json(shadow.told.clone()),
                tally: Json(shadow.tally.clone()),
                begun_at: shadow.begun_at,
                ended_at: shadow.ended_at,
            };
            // Of two that begin at once one is there already: the other looks again.
            one(diesel::insert_into(shadows::table).values(row).on_conflict_do_nothing().execute(conn)?)
        }
        ShadowChange::Stopped { shadow, at } => {
            let mut sql = ending(ShadowState::Stopped, *at);
            sql.push(" AND id = ").bind(*shadow);
            one(sql.execute(conn)?)
        }
    }
}

fn ending(state: ShadowState, at: Time) -> Sql {
    let mut sql = Sql::new("UPDATE rules_shadows SET state = ");
    sql.bind(state.word()).push(", ended_at = ").bind(at).push(" WHERE state = 'running'");
    sql
}

/// A draft that is no longer what is watched ends what watches it.
pub(super) fn follow(conn: &mut Conn, change: &DraftChange, at: Time) -> Result<(), StoreError> {
    let sql = match change {
        DraftChange::Made(_) => return Ok(()),
        DraftChange::Changed(draft) => {
            let mut sql = ending(ShadowState::Changed, at);
            sql.push(" AND draft = ").bind(draft.id).push(" AND hash <> ").bind(draft.hash.as_str());
            sql
        }
        DraftChange::Removed { draft, .. } => {
            let mut sql = ending(ShadowState::Removed, at);
            sql.push(" AND draft = ").bind(*draft);
            sql
        }
    };
    sql.execute(conn)?;
    Ok(())
}

/// The draft became a version of the rules.
pub(super) fn activated(conn: &mut Conn, draft: DraftId, at: Time) -> Result<(), StoreError> {
    let mut sql = ending(ShadowState::Activated, at);
    sql.push(" AND draft = ").bind(draft);
    sql.execute(conn)?;
    Ok(())
}
