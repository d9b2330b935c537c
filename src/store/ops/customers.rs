//! Reading customers.

use super::Conn;
use super::deals::PersonRow;
use super::sql::Sql;
use crate::engine::facts::{Customer, Deal, Person};
use crate::store::StoreError;
use crate::store::columns::Uid;
use crate::store::lists::CustomerItem;
use crate::store::rows::{CustomerRow, DealRow};
use crate::store::schema::{customers, deals, users};
use crate::values::{CustomerId, Key};
use diesel::prelude::*;
use diesel::sql_types::Text;
use std::collections::BTreeMap;

pub fn customer(conn: &mut Conn, id: CustomerId) -> Result<Option<Customer>, StoreError> {
    let row: Option<CustomerRow> = customers::table.find(id).first(conn).optional()?;
    Ok(row.map(Customer::from))
}

pub fn customer_item(conn: &mut Conn, id: CustomerId) -> Result<Option<CustomerItem>, StoreError> {
    let Some(customer) = customer(conn, id)? else { return Ok(None) };
    let deals = held_deals(conn, &[id])?.remove(&id).unwrap_or_default();
    Ok(Some(CustomerItem { customer, deals }))
}

pub(super) fn customer_items(
    conn: &mut Conn,
    ids: &[CustomerId],
) -> Result<BTreeMap<CustomerId, CustomerItem>, StoreError> {
    let rows: Vec<CustomerRow> = customers::table.filter(customers::id.eq_any(ids)).load(conn)?;
    let mut held = held_deals(conn, ids)?;
    let item = |row| {
        let customer = Customer::from(row);
        let deals = held.remove(&customer.id).unwrap_or_default();
        (customer.id, CustomerItem { customer, deals })
    };
    Ok(rows.into_iter().map(item).collect())
}

type HeldDeals = Vec<(Deal, Option<Person>)>;

/// The deals of each of the customers, the newest first, with who holds them.
pub(super) fn held_deals(conn: &mut Conn, of: &[CustomerId]) -> Result<BTreeMap<CustomerId, HeldDeals>, StoreError> {
    let rows: Vec<(DealRow, Option<PersonRow>)> = deals::table
        .left_join(users::table.on(deals::owner.eq(users::id.nullable())))
        .filter(deals::customer.eq_any(of))
        .order((deals::created_at.desc(), deals::id.desc()))
        .select((deals::all_columns, (users::id, users::roles, users::team, users::active, users::fields).nullable()))
        .load(conn)?;
    let mut held: BTreeMap<CustomerId, HeldDeals> = BTreeMap::new();
    for (deal, owner) in rows {
        let deal = Deal::from(deal);
        held.entry(deal.customer).or_default().push((deal, owner.map(Person::from)));
    }
    Ok(held)
}

/// By one statement: of several keys that were taken in one moment, the first names whose they are.
pub fn customer_by_keys(conn: &mut Conn, keys: &[(Key, String)]) -> Result<Option<(CustomerId, Key)>, StoreError> {
    if keys.is_empty() {
        return Ok(None);
    }
    let one = |(combination, normalised): &(Key, String)| {
        let mut sql = Sql::new("(combination = ");
        sql.bind(combination).push(" AND normalised = ").bind(normalised.as_str()).push(")");
        sql
    };
    let mut sql = Sql::new("SELECT customer, combination FROM customer_keys WHERE ");
    sql.append(Sql::joined(keys.iter().map(one), " OR ", "1 = 0"));
    let found: Vec<(CustomerId, Key)> = sql.load::<(Uid, Text), _>(conn)?;
    let first = |(wanted, _): &(Key, String)| found.iter().find(|(_, combination)| combination == wanted).cloned();
    Ok(keys.iter().find_map(first))
}
