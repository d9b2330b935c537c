//! All that decisions rest on, for many deals at once: a statement for each kind of thing, whatever the number.

use super::Conn;
use super::deals::{PersonRow, readable};
use super::facts::{VisitParts, stays};
use super::rules_versions::stage_renames;
use crate::engine::facts::{Activity, Contract, Deal, DealFacts, DealState, Payment, Person};
use crate::store::StoreError;
use crate::store::lists::DealItem;
use crate::store::rows::{ActivityRow, ContractRow, CustomerRow, DealRow, PaymentRow};
use crate::store::schema::{activities, contracts, customers, deals, history, holdings, payments, users};
use crate::values::{CustomerId, DealId, Key, Time, UserId};
use diesel::prelude::*;
use std::collections::BTreeMap;

pub fn count_deals(conn: &mut Conn) -> Result<i64, StoreError> {
    Ok(deals::table.count().get_result(conn)?)
}

pub fn many_deal_facts(conn: &mut Conn, after: Option<DealId>, limit: i64) -> Result<Vec<DealFacts>, StoreError> {
    let page = deals::table
        .inner_join(customers::table.on(customers::id.eq(deals::customer)))
        .left_join(users::table.on(deals::owner.eq(users::id.nullable())))
        .order(deals::id)
        .limit(limit)
        .select((
            deals::all_columns,
            customers::all_columns,
            (users::id, users::roles, users::team, users::active, users::fields).nullable(),
        ));
    let rows: Vec<(DealRow, CustomerRow, Option<PersonRow>)> = match after {
        Some(after) => page.filter(deals::id.gt(after)).load(conn)?,
        None => page.load(conn)?,
    };
    let mut records: BTreeMap<DealId, DealFacts> = BTreeMap::new();
    for (deal, customer, owner) in rows {
        let deal = Deal::from(deal);
        let record = DealFacts {
            customer: customer.into(),
            activities: Vec::new(),
            contracts: Vec::new(),
            payments: Vec::new(),
            visits: Vec::new(),
            owner: owner.map(Person::from),
            customer_open_deals: 0,
            customer_won_deals: 0,
            deal,
        };
        records.insert(record.deal.id, record);
    }
    let ids: Vec<DealId> = records.keys().copied().collect();
    let rows: Vec<ActivityRow> =
        activities::table.filter(activities::deal.eq_any(&ids)).order((activities::at, activities::id)).load(conn)?;
    for activity in rows.into_iter().map(Activity::from) {
        if let Some(record) = records.get_mut(&activity.deal) {
            record.activities.push(activity);
        }
    }
    let rows: Vec<ContractRow> =
        contracts::table.filter(contracts::deal.eq_any(&ids)).order(contracts::id).load(conn)?;
    for row in rows {
        let contract: Contract = readable(row.into_contract(), "a contract")?;
        if let Some(record) = records.get_mut(&contract.deal) {
            record.contracts.push(contract);
        }
    }
    let rows: Vec<(DealId, PaymentRow)> = payments::table
        .filter(payments::deal.eq_any(&ids))
        .order(payments::id)
        .select((payments::deal, payments::all_columns))
        .load(conn)?;
    for (deal, row) in rows {
        let payment: Payment = readable(row.into_payment(), "a payment")?;
        if let Some(record) = records.get_mut(&deal) {
            record.payments.push(payment);
        }
    }
    visits(conn, &ids, &mut records)?;
    owners(conn, &mut records)?;
    customers_deals(conn, &mut records)?;
    Ok(records.into_values().collect())
}

fn visits(conn: &mut Conn, ids: &[DealId], records: &mut BTreeMap<DealId, DealFacts>) -> Result<(), StoreError> {
    let rows: Vec<(DealId, Key, Time, i64)> = history::table
        .filter(history::deal.eq_any(ids).and(history::kind.ne_all(["owner", "migrated"])))
        .order((history::deal, history::seq))
        .select((history::deal, history::to_stage, history::at, history::rules_version))
        .load(conn)?;
    let renames = stage_renames(conn)?;
    let mut lines: BTreeMap<DealId, Vec<VisitParts>> = BTreeMap::new();
    for (deal, to, at, made_under) in rows {
        lines.entry(deal).or_default().push(VisitParts(to, at.micros(), made_under));
    }
    for (deal, lines) in lines {
        if let Some(record) = records.get_mut(&deal) {
            record.visits = stays(lines, &record.deal.funnel, &renames);
        }
    }
    Ok(())
}

fn owners(conn: &mut Conn, records: &mut BTreeMap<DealId, DealFacts>) -> Result<(), StoreError> {
    let ids: Vec<UserId> = records.values().filter_map(|record| record.deal.owner).collect();
    let rows: Vec<(UserId, Key, Key, i32)> = holdings::table
        .filter(holdings::owner.eq_any(ids).and(holdings::n.gt(0)))
        .select((holdings::owner, holdings::funnel, holdings::stage, holdings::n))
        .load(conn)?;
    let mut held: BTreeMap<UserId, BTreeMap<(Key, Key), u32>> = BTreeMap::new();
    for (owner, funnel, stage, n) in rows {
        held.entry(owner).or_default().insert((funnel, stage), u32::try_from(n).unwrap_or(0));
    }
    for owner in records.values_mut().filter_map(|record| record.owner.as_mut()) {
        owner.holdings = held.get(&owner.id).cloned().unwrap_or_default();
    }
    Ok(())
}

fn customers_deals(conn: &mut Conn, records: &mut BTreeMap<DealId, DealFacts>) -> Result<(), StoreError> {
    let ids: Vec<CustomerId> = records.values().map(|record| record.deal.customer).collect();
    let rows: Vec<(CustomerId, DealState)> =
        deals::table.filter(deals::customer.eq_any(ids)).select((deals::customer, deals::state)).load(conn)?;
    let mut counts: BTreeMap<CustomerId, (u32, u32)> = BTreeMap::new();
    for (customer, state) in rows {
        let count = counts.entry(customer).or_default();
        match state {
            DealState::Open => count.0 += 1,
            DealState::Won => count.1 += 1,
            DealState::Lost => {}
        }
    }
    for record in records.values_mut() {
        let (open, won) = counts.get(&record.deal.customer).copied().unwrap_or_default();
        (record.customer_open_deals, record.customer_won_deals) = (open, won);
    }
    Ok(())
}

/// Deals with what their reader's view of them depends on.
pub(super) fn deal_items(conn: &mut Conn, ids: &[DealId]) -> Result<BTreeMap<DealId, DealItem>, StoreError> {
    let rows: Vec<(DealRow, CustomerRow, Option<PersonRow>)> = deals::table
        .inner_join(customers::table.on(customers::id.eq(deals::customer)))
        .left_join(users::table.on(deals::owner.eq(users::id.nullable())))
        .filter(deals::id.eq_any(ids))
        .select((
            deals::all_columns,
            customers::all_columns,
            (users::id, users::roles, users::team, users::active, users::fields).nullable(),
        ))
        .load(conn)?;
    let item = |(deal, customer, owner): (DealRow, CustomerRow, Option<PersonRow>)| {
        let deal = Deal::from(deal);
        (deal.id, DealItem { deal, customer: customer.into(), owner: owner.map(Person::from) })
    };
    Ok(rows.into_iter().map(item).collect())
}
