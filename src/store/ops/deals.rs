//! Reading deals and what hangs on them.

use super::Conn;
use crate::engine::effects::{HistoryKind, HistoryLine};
use crate::engine::facts::{Activity, Contract, Deal, DealState, Payment, Person};
use crate::store::StoreError;
use crate::store::columns::Json;
use crate::store::deals::{ActivityQuery, HistoryEntry, Then};
use crate::store::rows::{ActivityRow, ContractRow, DealRow, PaymentRow};
use crate::store::schema::{activities as activities_table, contracts as contracts_table, deals};
use crate::store::schema::{history as history_table, payments as payments_table};
use crate::store::stored_fields::StoredFields;
use crate::values::{ContractId, CustomerId, DealId, DecisionId, Key, PaymentId, TeamId, Time, UserId};
use diesel::prelude::*;
use std::collections::BTreeMap;

/// The owner, without what signing in needs.
#[derive(Queryable)]
pub(super) struct PersonRow {
    id: UserId,
    roles: Json<Vec<Key>>,
    team: Option<TeamId>,
    active: bool,
    fields: Json<StoredFields>,
}

impl From<PersonRow> for Person {
    fn from(row: PersonRow) -> Self {
        Self {
            id: row.id,
            roles: row.roles.0,
            team: row.team,
            active: row.active,
            fields: row.fields.0.0,
            holdings: BTreeMap::new(),
        }
    }
}

#[derive(Queryable)]
pub(super) struct HistoryRow {
    seq: i64,
    deal: DealId,
    customer: CustomerId,
    kind: String,
    at: Time,
    funnel: Key,
    from_stage: Option<Key>,
    to_stage: Key,
    owner: Option<UserId>,
    team: Option<TeamId>,
    new_owner: Option<UserId>,
    new_team: Option<TeamId>,
    grade: Option<Key>,
    product: Option<Key>,
    reason: Option<Key>,
    entered_at: Option<Time>,
    dwell_micros: Option<i64>,
    target_micros: Option<i64>,
    actor: Option<UserId>,
    rules_version: i64,
    decision: DecisionId,
    new_grade: Option<Key>,
    new_product: Option<Key>,
    new_reason: Option<Key>,
}

pub fn deal(conn: &mut Conn, id: DealId) -> Result<Option<Deal>, StoreError> {
    let row: Option<DealRow> = deals::table.find(id).first(conn).optional()?;
    Ok(row.map(Deal::from))
}

pub fn open_deal(conn: &mut Conn, customer: CustomerId, funnel: &Key) -> Result<Option<DealId>, StoreError> {
    Ok(deals::table
        .filter(deals::customer.eq(customer))
        .filter(deals::funnel.eq(funnel))
        .filter(deals::state.eq(DealState::Open))
        .select(deals::id)
        .first(conn)
        .optional()?)
}

pub fn deals_of(conn: &mut Conn, customer: CustomerId) -> Result<Vec<Deal>, StoreError> {
    let rows: Vec<DealRow> = deals::table
        .filter(deals::customer.eq(customer))
        .order((deals::created_at.desc(), deals::id.desc()))
        .load(conn)?;
    Ok(rows.into_iter().map(Deal::from).collect())
}

pub fn activities(conn: &mut Conn, query: &ActivityQuery) -> Result<Vec<Activity>, StoreError> {
    use activities_table::{at, deal, id, table};
    let mut statement = table.into_boxed().filter(deal.eq(query.deal)).limit(query.limit);
    if let Some((instant, last)) = query.before {
        statement = statement.filter(at.lt(instant).or(at.eq(instant).and(id.lt(last))));
    }
    let rows: Vec<ActivityRow> = statement.order((at.desc(), id.desc())).load(conn)?;
    Ok(rows.into_iter().map(Activity::from).collect())
}

pub fn contracts(conn: &mut Conn, deal: DealId) -> Result<Vec<Contract>, StoreError> {
    let rows: Vec<ContractRow> =
        contracts_table::table.filter(contracts_table::deal.eq(deal)).order(contracts_table::id).load(conn)?;
    rows.into_iter().map(|row| readable(row.into_contract(), "a contract")).collect()
}

pub fn contract(conn: &mut Conn, id: ContractId) -> Result<Option<Contract>, StoreError> {
    let row: Option<ContractRow> = contracts_table::table.find(id).first(conn).optional()?;
    row.map(|row| readable(row.into_contract(), "a contract")).transpose()
}

pub fn payments(conn: &mut Conn, deal: DealId) -> Result<Vec<Payment>, StoreError> {
    let rows: Vec<PaymentRow> =
        payments_table::table.filter(payments_table::deal.eq(deal)).order(payments_table::id).load(conn)?;
    rows.into_iter().map(|row| readable(row.into_payment(), "a payment")).collect()
}

pub fn payment(conn: &mut Conn, id: PaymentId) -> Result<Option<(DealId, Payment)>, StoreError> {
    let row: Option<(DealId, PaymentRow)> = payments_table::table
        .find(id)
        .select((payments_table::deal, payments_table::all_columns))
        .first(conn)
        .optional()?;
    row.map(|(deal, row)| Ok((deal, readable(row.into_payment(), "a payment")?))).transpose()
}

pub(super) fn readable<T>(read: Option<T>, what: &'static str) -> Result<T, StoreError> {
    read.ok_or_else(|| StoreError::failed("reading a row", format!("{what} has an impossible amount")))
}

pub fn history(conn: &mut Conn, deal: DealId, after: Option<i64>, limit: i64) -> Result<Vec<HistoryEntry>, StoreError> {
    let rows: Vec<HistoryRow> = history_table::table
        .filter(history_table::deal.eq(deal))
        .filter(history_table::seq.gt(after.unwrap_or(0)))
        .order(history_table::seq)
        .limit(limit)
        .load(conn)?;
    rows.into_iter().map(entry).collect()
}

pub(super) fn entry(row: HistoryRow) -> Result<HistoryEntry, StoreError> {
    let Some(kind) = HistoryKind::ALL.into_iter().find(|kind| kind.word() == row.kind) else {
        return Err(StoreError::failed("reading history", format!("an unknown kind of line: {}", row.kind)));
    };
    let then = |before: &Option<Key>, new: Option<Key>| match (kind, before, new) {
        (HistoryKind::Migrated, Some(_), None) => Then::Unknown,
        (HistoryKind::Migrated, _, new) => Then::Known(new),
        _ => Then::Known(before.clone()),
    };
    Ok(HistoryEntry {
        new_grade: then(&row.grade, row.new_grade),
        new_product: then(&row.product, row.new_product),
        new_reason: then(&row.reason, row.new_reason),
        seq: row.seq,
        deal: row.deal,
        customer: row.customer,
        line: HistoryLine {
            kind,
            at: row.at,
            funnel: row.funnel,
            from: row.from_stage,
            to: row.to_stage,
            owner: row.owner,
            team: row.team,
            new_owner: row.new_owner,
            new_team: row.new_team,
            grade: row.grade,
            product: row.product,
            reason: row.reason,
            entered_at: row.entered_at,
            dwell_micros: row.dwell_micros,
            target_micros: row.target_micros,
        },
        actor: row.actor,
        rules_version: row.rules_version,
        decision: row.decision,
    })
}
