//! Reading deals and what hangs on them.

use super::Conn;
use super::holdings::holdings_of;
use crate::engine::effects::{HistoryKind, HistoryLine};
use crate::engine::facts::{Activity, Contract, Deal, DealFacts, DealState, Payment, Person, Visit};
use crate::store::StoreError;
use crate::store::columns::Json;
use crate::store::deals::{ActivityQuery, HistoryEntry};
use crate::store::rows::{ActivityRow, ContractRow, CustomerRow, DealRow, PaymentRow};
use crate::store::schema::{activities as activities_table, contracts as contracts_table, customers, deals, users};
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
struct HistoryRow {
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
}

pub fn deal(conn: &mut Conn, id: DealId) -> Result<Option<Deal>, StoreError> {
    let row: Option<DealRow> = deals::table.find(id).first(conn).optional()?;
    Ok(row.map(Deal::from))
}

pub fn deal_facts(conn: &mut Conn, id: DealId) -> Result<Option<DealFacts>, StoreError> {
    let row: Option<(DealRow, CustomerRow, Option<PersonRow>)> = deals::table
        .inner_join(customers::table.on(customers::id.eq(deals::customer)))
        .left_join(users::table.on(deals::owner.eq(users::id.nullable())))
        .filter(deals::id.eq(id))
        .select((
            deals::all_columns,
            customers::all_columns,
            (users::id, users::roles, users::team, users::active, users::fields).nullable(),
        ))
        .first(conn)
        .optional()?;
    let Some((deal, customer, owner)) = row else { return Ok(None) };
    let deal = Deal::from(deal);
    let rows: Vec<ActivityRow> = activities_table::table
        .filter(activities_table::deal.eq(id))
        .order((activities_table::at, activities_table::id))
        .load(conn)?;
    let visits = visits(history(conn, id, None, i64::MAX)?);
    let owner = match owner.map(Person::from) {
        Some(person) => Some(Person { holdings: holdings_of(conn, person.id)?, ..person }),
        None => None,
    };
    let (customer_open_deals, customer_won_deals) = open_and_won(conn, deal.customer)?;
    Ok(Some(DealFacts {
        customer: customer.into(),
        activities: rows.into_iter().map(Activity::from).collect(),
        contracts: contracts(conn, id)?,
        payments: payments(conn, id)?,
        visits,
        owner,
        customer_open_deals,
        customer_won_deals,
        deal,
    }))
}

/// Each line begins a visit and ends the one before; but a change of owner does not, and by a change of rules the visits
/// of a stage become visits of what it became.
fn visits(history: Vec<HistoryEntry>) -> Vec<Visit> {
    let mut visits: Vec<Visit> = Vec::new();
    for HistoryEntry { line, .. } in history {
        if line.kind == HistoryKind::Owner {
            continue;
        }
        if line.kind == HistoryKind::Migrated {
            for visit in visits.iter_mut().filter(|visit| Some(&visit.stage) == line.from.as_ref()) {
                visit.stage = line.to.clone();
            }
            continue;
        }
        if let Some(before) = visits.last_mut() {
            before.left_at = Some(line.at);
        }
        visits.push(Visit { stage: line.to, entered_at: line.at, left_at: None });
    }
    visits
}

/// How many of the customer's deals are open, how many won.
fn open_and_won(conn: &mut Conn, customer: CustomerId) -> Result<(u32, u32), StoreError> {
    let states: Vec<DealState> = deals::table.filter(deals::customer.eq(customer)).select(deals::state).load(conn)?;
    let count = |state| u32::try_from(states.iter().filter(|one| **one == state).count()).unwrap_or(u32::MAX);
    Ok((count(DealState::Open), count(DealState::Won)))
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

fn readable<T>(read: Option<T>, what: &'static str) -> Result<T, StoreError> {
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

fn entry(row: HistoryRow) -> Result<HistoryEntry, StoreError> {
    let kind = match row.kind.as_str() {
        "created" => HistoryKind::Created,
        "forward" => HistoryKind::Forward,
        "back" => HistoryKind::Back,
        "lost" => HistoryKind::Lost,
        "reopened" => HistoryKind::Reopened,
        "owner" => HistoryKind::Owner,
        "migrated" => HistoryKind::Migrated,
        other => return Err(StoreError::failed("reading history", format!("an unknown kind of line: {other}"))),
    };
    Ok(HistoryEntry {
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
