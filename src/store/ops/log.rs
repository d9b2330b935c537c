//! History and the one log: only appended to. Personal values lie beside the log, where erasing a person finds them.

use super::Conn;
use super::sql::{Bind, Sql, verbatim};
use crate::engine::actor::Who;
use crate::engine::decision::{Checked, FactsRead, Readings};
use crate::engine::effects::HistoryLine;
use crate::store::StoreError;
use crate::store::columns::{Json, JsonText};
use crate::store::entry::{Entry, LogEntry, LogQuery, Outcome, Remembered, Subject};
use crate::store::schema::{decision_personal, decisions, idempotency};
use crate::values::{CustomerId, DealId, DecisionId, Key, Time, UserId};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A criterion in the log: values about persons are taken out, their names are kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct StoredChecked {
    #[serde(flatten)]
    checked: Checked,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    personal: Vec<Key>,
}

/// Values about persons as they lie beside the log.
pub(in crate::store) struct Personal {
    salt: Vec<u8>,
    digest: String,
    values: JsonText,
}

#[derive(Queryable)]
pub(super) struct DecisionRow {
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
    facts: Json<Readings>,
    answer: Json<serde_json::Value>,
    request_id: Option<String>,
    _personal_digest: Option<String>,
    _sealed_in: Option<Vec<u8>>,
    _chain_digest: Option<Vec<u8>>,
}

fn user(who: Who) -> Option<UserId> {
    match who {
        Who::User(id) => Some(id),
        Who::System => None,
    }
}

/// A line of history as an INSERT.
pub(in crate::store) fn history_line(entry: &Entry, deal: DealId, customer: CustomerId, line: &HistoryLine) -> Sql {
    Sql::insert(
        "INSERT INTO history (deal, customer, kind, at, funnel, from_stage, to_stage, owner, team, new_owner, new_team, \
         grade, product, reason, entered_at, dwell_micros, target_micros, actor, rules_version, decision)",
        [
            deal.into(),
            customer.into(),
            line.kind.word().into(),
            line.at.into(),
            (&line.funnel).into(),
            line.from.as_ref().into(),
            (&line.to).into(),
            line.owner.into(),
            line.team.into(),
            line.new_owner.into(),
            line.new_team.into(),
            line.grade.as_ref().into(),
            line.product.as_ref().into(),
            line.reason.as_ref().into(),
            line.entered_at.into(),
            line.dwell_micros.into(),
            line.target_micros.into(),
            user(entry.actor).into(),
            entry.rules_version.into(),
            entry.id.into(),
        ],
    )
}

/// The entry as an INSERT, without its personal values.
pub(in crate::store) fn decision_line(entry: &Entry, personal: Option<&Personal>) -> Result<Sql, StoreError> {
    let criteria: Vec<_> = entry.criteria.iter().map(|one| depersonalised(one, &entry.facts.personal)).collect();
    let outcome = match entry.outcome {
        Outcome::Allowed => "allowed",
        Outcome::Refused => "refused",
    };
    Ok(Sql::insert(
        "INSERT INTO decisions (id, at, actor, roles, action, subject_kind, subject, deal, customer, rules_version, \
         outcome, criteria, facts, answer, request_id, personal_digest)",
        [
            entry.id.into(),
            entry.at.into(),
            user(entry.actor).into(),
            verbatim(&entry.roles)?,
            entry.action.as_str().into(),
            entry.subject.kind.as_str().into(),
            entry.subject.id.as_deref().into(),
            entry.deal.into(),
            entry.customer.into(),
            entry.rules_version.into(),
            outcome.into(),
            verbatim(&criteria)?,
            verbatim(&entry.facts.values)?,
            verbatim(&entry.answer)?,
            entry.request_id.as_deref().into(),
            personal.map(|personal| personal.digest.as_str()).into(),
        ],
    ))
}

/// The personal values of a decision as an INSERT; `seq` is said by what is appended.
pub(in crate::store) fn personal_line(entry: &Entry, personal: Personal) -> Sql {
    let mut sql = Sql::insert(
        "INSERT INTO decision_personal (customer, salt, facts, seq)",
        [entry.customer.into(), personal.salt.into(), Bind::Verbatim(personal.values)],
    );
    sql.push(", ");
    sql
}

/// The key of a decision as an INSERT; `seq` is said by what is appended.
pub(in crate::store) fn key_line(entry: &Entry) -> Option<Sql> {
    let key = entry.idempotency.as_ref().filter(|_| entry.outcome == Outcome::Allowed)?;
    let mut sql = Sql::insert(
        "INSERT INTO idempotency (actor, key, fingerprint, at, decision)",
        [key_owner(entry.actor).into(), key.key.as_str().into(), key.fingerprint.to_vec().into(), entry.at.into()],
    );
    sql.push(", ");
    Some(sql)
}

pub(super) fn append_decision(conn: &mut Conn, entry: &Entry) -> Result<(), StoreError> {
    let personal = personal(entry)?;
    let mut sql = decision_line(entry, personal.as_ref())?;
    sql.push(" RETURNING seq");
    let seq: Vec<i64> = sql.load::<BigInt, _>(conn)?;
    let seq = *seq.first().ok_or_else(|| StoreError::failed("writing the log", "it gave no number"))?;
    let lines = personal.map(|personal| personal_line(entry, personal)).into_iter().chain(key_line(entry));
    for mut line in lines {
        line.bind(seq);
        line.execute(conn)?;
    }
    Ok(())
}

/// What a decision used of values about persons; the salt goes with the values: after they are erased the digest
/// that stays in the log cannot be guessed back.
pub(in crate::store) fn personal(entry: &Entry) -> Result<Option<Personal>, StoreError> {
    if entry.facts.personal.is_empty() {
        return Ok(None);
    }
    let values =
        serde_json::to_string(&entry.facts.personal).map_err(|error| StoreError::failed("writing facts", error))?;
    let salt = Uuid::new_v4().into_bytes().to_vec();
    let digest = hex::encode(Sha256::new().chain_update(&salt).chain_update(&values).finalize());
    Ok(Some(Personal { salt, digest, values: JsonText(values) }))
}

fn depersonalised(checked: &Checked, personal: &Readings) -> StoredChecked {
    let mut checked = checked.clone();
    let names: Vec<Key> = checked.values.keys().filter(|name| personal.contains_key(name)).cloned().collect();
    checked.values.retain(|name| !personal.contains_key(name));
    StoredChecked { checked, personal: names }
}

/// Keys are each actor's own; the product itself has the nil id.
pub(super) fn key_owner(who: Who) -> UserId {
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
    Ok(entry_of(conn, seq)?.map(|entry| Remembered { fingerprint, entry }))
}

/// The entry of that number.
pub fn entry_of(conn: &mut Conn, seq: i64) -> Result<Option<LogEntry>, StoreError> {
    let row: Option<DecisionRow> = decisions::table.find(seq).first(conn).optional()?;
    Ok(entries(conn, row.into_iter().collect())?.pop())
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
pub(super) fn entries(conn: &mut Conn, rows: Vec<DecisionRow>) -> Result<Vec<LogEntry>, StoreError> {
    let with_personal: Vec<i64> = rows.iter().filter(|row| row._personal_digest.is_some()).map(|row| row.seq).collect();
    let mut personal: IndexMap<i64, Readings> = IndexMap::new();
    if !with_personal.is_empty() {
        let found: Vec<(i64, Json<Readings>)> = decision_personal::table
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

fn entry(row: DecisionRow, personal: Readings) -> LogEntry {
    let criteria = row.criteria.0.into_iter().map(|stored| {
        let mut checked = stored.checked;
        for name in stored.personal {
            let value = personal.get(&name).flatten().cloned();
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
