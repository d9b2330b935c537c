//! Drafts of the rules. Every change of one compares the version that it rests on: of several processes that activate
//! or refuse a scheduled draft, one does.

use super::Conn;
use super::people::one;
use crate::store::StoreError;
use crate::store::columns::Json;
use crate::store::rules_drafts::{DraftChange, DraftState, RulesDraft, Schedule, ScheduleRefusal};
use crate::store::schema::rules_drafts as drafts;
use crate::values::{DraftId, Time, UserId};
use diesel::prelude::*;
use diesel::sql_types::Text;

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = drafts, treat_none_as_default_value = false, treat_none_as_null = true)]
struct DraftRow {
    id: DraftId,
    text: String,
    hash: String,
    author: Option<UserId>,
    editors: Json<Vec<UserId>>,
    comment: Option<String>,
    parent: i64,
    state: String,
    scheduled_at: Option<Time>,
    schedule: Option<Json<Schedule>>,
    refusal: Option<Json<ScheduleRefusal>>,
    activated_as: Option<i64>,
    version: i64,
    created_at: Time,
    updated_at: Time,
}

fn word(state: DraftState) -> &'static str {
    match state {
        DraftState::Draft => "draft",
        DraftState::Scheduled => "scheduled",
        DraftState::Refused => "refused",
        DraftState::Activated => "activated",
    }
}

impl DraftRow {
    fn new(draft: &RulesDraft, version: i64) -> Self {
        Self {
            id: draft.id,
            text: draft.text.clone(),
            hash: draft.hash.clone(),
            author: draft.author,
            editors: Json(draft.editors.clone()),
            comment: draft.comment.clone(),
            parent: draft.parent,
            state: word(draft.state).to_owned(),
            scheduled_at: draft.schedule.as_ref().map(|schedule| schedule.at),
            schedule: draft.schedule.clone().map(Json),
            refusal: draft.refusal.clone().map(Json),
            activated_as: draft.activated_as,
            version,
            created_at: draft.created_at,
            updated_at: draft.updated_at,
        }
    }
}

impl TryFrom<DraftRow> for RulesDraft {
    type Error = StoreError;

    fn try_from(row: DraftRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            text: row.text,
            hash: row.hash,
            author: row.author,
            editors: row.editors.0,
            comment: row.comment,
            parent: row.parent,
            state: match row.state.as_str() {
                "draft" => DraftState::Draft,
                "scheduled" => DraftState::Scheduled,
                "refused" => DraftState::Refused,
                "activated" => DraftState::Activated,
                other => return Err(StoreError::failed("reading a draft", format!("an unknown state: {other}"))),
            },
            schedule: row.schedule.map(|json| json.0),
            refusal: row.refusal.map(|json| json.0),
            activated_as: row.activated_as,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

pub fn rules_draft(conn: &mut Conn, id: DraftId) -> Result<Option<RulesDraft>, StoreError> {
    let row: Option<DraftRow> = drafts::table.find(id).first(conn).optional()?;
    row.map(RulesDraft::try_from).transpose()
}

/// All columns, with nothing in the place of the text.
macro_rules! without_text {
    () => {
        (
            drafts::id,
            String::new().into_sql::<Text>(),
            drafts::hash,
            drafts::author,
            drafts::editors,
            drafts::comment,
            drafts::parent,
            drafts::state,
            drafts::scheduled_at,
            drafts::schedule,
            drafts::refusal,
            drafts::activated_as,
            drafts::version,
            drafts::created_at,
            drafts::updated_at,
        )
    };
}

pub fn rules_drafts(conn: &mut Conn, before: Option<DraftId>, limit: i64) -> Result<Vec<RulesDraft>, StoreError> {
    let newest_first = drafts::table.order(drafts::id.desc()).limit(limit).select(without_text!());
    let rows: Vec<DraftRow> = match before {
        Some(before) => newest_first.filter(drafts::id.lt(before)).load(conn)?,
        None => newest_first.load(conn)?,
    };
    rows.into_iter().map(RulesDraft::try_from).collect()
}

pub fn rules_drafts_due(conn: &mut Conn, now: Time) -> Result<Vec<RulesDraft>, StoreError> {
    let rows: Vec<DraftRow> = drafts::table
        .filter(drafts::state.eq("scheduled"))
        .filter(drafts::scheduled_at.le(now))
        .order((drafts::scheduled_at, drafts::id))
        .select(without_text!())
        .load(conn)?;
    rows.into_iter().map(RulesDraft::try_from).collect()
}

pub fn rules_drafts_refused(conn: &mut Conn) -> Result<i64, StoreError> {
    Ok(drafts::table.filter(drafts::state.eq("refused")).count().get_result(conn)?)
}

pub(super) fn apply(conn: &mut Conn, change: &DraftChange) -> Result<(), StoreError> {
    match change {
        DraftChange::Made(draft) => {
            diesel::insert_into(drafts::table).values(DraftRow::new(draft, 1)).execute(conn)?;
            Ok(())
        }
        DraftChange::Changed(draft) => {
            let seen = drafts::table.find(draft.id).filter(drafts::version.eq(draft.version));
            one(diesel::update(seen).set(DraftRow::new(draft, draft.version + 1)).execute(conn)?)
        }
        DraftChange::Removed { draft, version } => {
            one(diesel::delete(drafts::table.find(*draft).filter(drafts::version.eq(*version))).execute(conn)?)
        }
    }
}

/// The draft became a version of the rules.
pub(super) fn activated(conn: &mut Conn, draft: DraftId, version: i64, number: i64) -> Result<(), StoreError> {
    let seen = drafts::table.find(draft).filter(drafts::version.eq(version));
    let changed = diesel::update(seen)
        .set((
            drafts::state.eq(word(DraftState::Activated)),
            drafts::activated_as.eq(number),
            drafts::refusal.eq(None::<Json<ScheduleRefusal>>),
            drafts::version.eq(version + 1),
        ))
        .execute(conn)?;
    one(changed)
}
