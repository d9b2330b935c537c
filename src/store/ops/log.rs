//! History and the one log: only appended to. Personal values lie beside the log, where erasing a person finds them.

use super::Conn;
use crate::engine::actor::Who;
use crate::engine::decision::{Checked, FactsRead};
use crate::engine::effects::{HistoryKind, HistoryLine};
use crate::store::StoreError;
use crate::store::columns::Json;
use crate::store::entry::{Entry, IdempotencyKey, LogEntry, LogQuery, Outcome, Remembered, Subject};
use crate::store::schema::{decision_personal, decisions, history, idempotency};
use crate::values::{CustomerId, DealId, DecisionId, Key, TeamId, Time, UserId, Value};
use diesel::prelude::*;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A criterion in the log: values about persons are taken out, their names are kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct StoredChecked {
    #[serde(flatten)]
    checked: Checked,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    personal: Vec<String>,
}

type Values = IndexMap<String, Option<Value>>;

/// Values about persons as they lie beside the log.
struct Personal {
    salt: Vec<u8>,
    digest: String,
    values: Json<Values>,
}

#[derive(Insertable)]
#[diesel(table_name = decisions, treat_none_as_default_value = false)]
struct NewDecisionRow<'a> {
    id: DecisionId,
    at: Time,
    actor: Option<UserId>,
    roles: Json<Vec<Key>>,
    action: &'a str,
    subject_kind: &'a str,
    subject: Option<&'a str>,
    deal: Option<DealId>,
    customer: Option<CustomerId>,
    rules_version: i64,
    outcome: &'static str,
    criteria: Json<Vec<StoredChecked>>,
    facts: Json<Values>,
    answer: Json<serde_json::Value>,
    request_id: Option<&'a str>,
    personal_digest: Option<String>,
}

#[derive(Queryable)]
struct DecisionRow {
    seq: i64,
    id: DecisionId,
    at: Time,
    actor: Option<UserId>,
    roles: Json<Vec<Key>>,
    action: String,
    subject_kind: String,
    subject: Option<String>,
    deal: Option<DealId>,
    customer: Option<CustomerId>,
    rules_version: i64,
    outcome: String,
    criteria: Json<Vec<StoredChecked>>,
    facts: Json<Values>,
    answer: Json<serde_json::Value>,
    request_id: Option<String>,
    _personal_digest: Option<String>,
    _sealed_in: Option<Vec<u8>>,
    _chain_digest: Option<Vec<u8>>,
}

#[derive(Insertable)]
#[diesel(table_name = history, treat_none_as_default_value = false)]
struct NewHistoryRow<'a> {
    deal: DealId,
    customer: CustomerId,
    kind: &'static str,
    at: Time,
    funnel: &'a Key,
    from_stage: Option<&'a Key>,
    to_stage: &'a Key,
    owner: Option<UserId>,
    team: Option<TeamId>,
    new_owner: Option<UserId>,
    new_team: Option<TeamId>,
    grade: Option<&'a Key>,
    product: Option<&'a Key>,
    reason: Option<&'a Key>,
    entered_at: Option<Time>,
    dwell_micros: Option<i64>,
    target_micros: Option<i64>,
    actor: Option<UserId>,
    rules_version: i64,
    decision: DecisionId,
}

fn user(who: Who) -> Option<UserId> {
    match who {
        Who::User(id) => Some(id),
        Who::System => None,
    }
}

fn kind_word(kind: HistoryKind) -> &'static str {
    match kind {
        HistoryKind::Created => "created",
        HistoryKind::Forward => "forward",
        HistoryKind::Back => "back",
        HistoryKind::Lost => "lost",
        HistoryKind::Reopened => "reopened",
        HistoryKind::Owner => "owner",
        HistoryKind::Migrated => "migrated",
    }
}

pub(super) fn append_history(
    conn: &mut Conn,
    entry: &Entry,
    deal: DealId,
    customer: CustomerId,
    line: &HistoryLine,
) -> Result<(), StoreError> {
    let row = NewHistoryRow {
        deal,
        customer,
        kind: kind_word(line.kind),
        at: line.at,
        funnel: &line.funnel,
        from_stage: line.from.as_ref(),
        to_stage: &line.to,
        owner: line.owner,
        team: line.team,
        new_owner: line.new_owner,
        new_team: line.new_team,
        grade: line.grade.as_ref(),
        product: line.product.as_ref(),
        reason: line.reason.as_ref(),
        entered_at: line.entered_at,
        dwell_micros: line.dwell_micros,
        target_micros: line.target_micros,
        actor: user(entry.actor),
        rules_version: entry.rules_version,
        decision: entry.id,
    };
    diesel::insert_into(history::table).values(&row).execute(conn)?;
    Ok(())
}

pub(super) fn append_decision(conn: &mut Conn, entry: &Entry) -> Result<i64, StoreError> {
    let personal = personal(entry)?;
    let row = NewDecisionRow {
        id: entry.id,
        at: entry.at,
        actor: user(entry.actor),
        roles: Json(entry.roles.clone()),
        action: &entry.action,
        subject_kind: &entry.subject.kind,
        subject: entry.subject.id.as_deref(),
        deal: entry.deal,
        customer: entry.customer,
        rules_version: entry.rules_version,
        outcome: match entry.outcome {
            Outcome::Allowed => "allowed",
            Outcome::Refused => "refused",
        },
        criteria: Json(entry.criteria.iter().map(|checked| depersonalised(checked, &entry.facts.personal)).collect()),
        facts: Json(entry.facts.values.clone()),
        answer: Json(entry.answer.clone()),
        request_id: entry.request_id.as_deref(),
        personal_digest: personal.as_ref().map(|personal| personal.digest.clone()),
    };
    let seq = diesel::insert_into(decisions::table).values(&row).returning(decisions::seq).get_result(conn)?;
    if let Some(Personal { salt, values, .. }) = personal {
        diesel::insert_into(decision_personal::table)
            .values((
                decision_personal::seq.eq(seq),
                decision_personal::customer.eq(entry.customer),
                decision_personal::salt.eq(salt),
                decision_personal::facts.eq(values),
            ))
            .execute(conn)?;
    }
    Ok(seq)
}

/// What a decision used of values about persons; the salt goes with the values: after they are erased the digest
/// that stays in the log cannot be guessed back.
fn personal(entry: &Entry) -> Result<Option<Personal>, StoreError> {
    if entry.facts.personal.is_empty() {
        return Ok(None);
    }
    let values = entry.facts.personal.clone();
    let text = serde_json::to_string(&values).map_err(|error| StoreError::failed("writing facts", error))?;
    let salt = Uuid::new_v4().into_bytes().to_vec();
    let digest = hex::encode(Sha256::new().chain_update(&salt).chain_update(text).finalize());
    Ok(Some(Personal { salt, digest, values: Json(values) }))
}

fn depersonalised(checked: &Checked, personal: &Values) -> StoredChecked {
    let mut checked = checked.clone();
    let names: Vec<String> = checked.values.keys().filter(|name| personal.contains_key(*name)).cloned().collect();
    checked.values.retain(|name, _| !personal.contains_key(name));
    StoredChecked { checked, personal: names }
}

pub(super) fn remember(conn: &mut Conn, entry: &Entry, key: &IdempotencyKey, seq: i64) -> Result<(), StoreError> {
    let inserted = diesel::insert_into(idempotency::table)
        .values((
            idempotency::actor.eq(key_owner(entry.actor)),
            idempotency::key.eq(&key.key),
            idempotency::fingerprint.eq(key.fingerprint.as_slice()),
            idempotency::decision.eq(seq),
            idempotency::at.eq(entry.at),
        ))
        .on_conflict_do_nothing()
        .execute(conn)?;
    if inserted == 1 { Ok(()) } else { Err(StoreError::KeyTaken) }
}

/// Keys are each actor's own; the product itself has the nil id.
fn key_owner(who: Who) -> UserId {
    user(who).unwrap_or(UserId(Uuid::nil()))
}

pub fn remembered(conn: &mut Conn, actor: Who, key: &str) -> Result<Option<Remembered>, StoreError> {
    let found: Option<(Vec<u8>, i64)> = idempotency::table
        .find((key_owner(actor), key))
        .select((idempotency::fingerprint, idempotency::decision))
        .first(conn)
        .optional()?;
    let Some((fingerprint, seq)) = found else { return Ok(None) };
    let fingerprint =
        fingerprint.try_into().map_err(|_| StoreError::failed("reading a key", "its fingerprint is not 32 bytes"))?;
    let row: DecisionRow = decisions::table.find(seq).first(conn)?;
    Ok(entries(conn, vec![row])?.pop().map(|entry| Remembered { fingerprint, entry }))
}

pub fn forget_keys(conn: &mut Conn, before: Time) -> Result<usize, StoreError> {
    Ok(diesel::delete(idempotency::table.filter(idempotency::at.lt(before))).execute(conn)?)
}

pub fn decision(conn: &mut Conn, id: DecisionId) -> Result<Option<LogEntry>, StoreError> {
    let row: Option<DecisionRow> = decisions::table.filter(decisions::id.eq(id)).first(conn).optional()?;
    Ok(entries(conn, row.into_iter().collect())?.pop())
}

pub fn decisions(conn: &mut Conn, query: &LogQuery) -> Result<Vec<LogEntry>, StoreError> {
    let mut statement = decisions::table.into_boxed().limit(query.limit);
    if let Some(deal) = query.deal {
        statement = statement.filter(decisions::deal.eq(deal));
    }
    statement = if query.newest_first {
        statement.filter(decisions::seq.lt(query.beyond.unwrap_or(i64::MAX))).order(decisions::seq.desc())
    } else {
        statement.filter(decisions::seq.gt(query.beyond.unwrap_or(0))).order(decisions::seq.asc())
    };
    let rows = statement.load(conn)?;
    entries(conn, rows)
}

/// Rows with the personal values that are still there put back in.
fn entries(conn: &mut Conn, rows: Vec<DecisionRow>) -> Result<Vec<LogEntry>, StoreError> {
    let with_personal: Vec<i64> = rows.iter().filter(|row| row._personal_digest.is_some()).map(|row| row.seq).collect();
    let mut personal: IndexMap<i64, Values> = IndexMap::new();
    if !with_personal.is_empty() {
        let found: Vec<(i64, Json<Values>)> = decision_personal::table
            .filter(decision_personal::seq.eq_any(with_personal))
            .select((decision_personal::seq, decision_personal::facts))
            .load(conn)?;
        personal.extend(found.into_iter().map(|(seq, facts)| (seq, facts.0)));
    }
    Ok(rows
        .into_iter()
        .map(|row| {
            let personal = personal.swap_remove(&row.seq).unwrap_or_default();
            entry(row, personal)
        })
        .collect())
}

fn entry(row: DecisionRow, personal: Values) -> LogEntry {
    let criteria = row.criteria.0.into_iter().map(|stored| {
        let mut checked = stored.checked;
        for name in stored.personal {
            let value = personal.get(&name).cloned().flatten();
            checked.values.insert(name, value);
        }
        checked
    });
    LogEntry {
        seq: row.seq,
        id: row.id,
        at: row.at,
        actor: row.actor.map_or(Who::System, Who::User),
        roles: row.roles.0,
        action: row.action,
        subject: Subject { kind: row.subject_kind, id: row.subject },
        deal: row.deal,
        customer: row.customer,
        rules_version: row.rules_version,
        outcome: if row.outcome == "allowed" { Outcome::Allowed } else { Outcome::Refused },
        criteria: criteria.collect(),
        facts: FactsRead { values: row.facts.0, personal },
        answer: row.answer.0,
        request_id: row.request_id,
    }
}
