//! Writing customers. The caller (`record`) holds the lock of the customer that changes.

use super::Conn;
use super::people::one;
use super::sql::{Sql, document};
use crate::engine::effects::{CustomerChange, CustomerCreation};
use crate::store::StoreError;
use crate::store::columns::Json;
use crate::store::schema::{customer_keys, customers};
use crate::store::stored_fields::StoredFields;
use crate::values::{CustomerId, Key};
use diesel::prelude::*;

/// A customer as an INSERT.
pub(in crate::store) fn create(creation: &CustomerCreation) -> Result<Sql, StoreError> {
    let customer = &creation.customer;
    Ok(Sql::insert(
        "INSERT INTO customers (id, creator, fields, contacts, version, facts_version, created_at, updated_at)",
        [
            customer.id.into(),
            customer.creator.into(),
            document(&StoredFields(customer.fields.clone()))?,
            document(&customer.contacts)?,
            customer.version.into(),
            customer.facts_version.into(),
            customer.created_at.into(),
            customer.updated_at.into(),
        ],
    ))
}

/// In one order for all, so that two who insert the same keys do not wait for each other.
pub(in crate::store) fn in_order(keys: &[(Key, String)]) -> Vec<&(Key, String)> {
    let mut keys: Vec<_> = keys.iter().collect();
    keys.sort();
    keys
}

pub(super) fn change(conn: &mut Conn, change: &CustomerChange) -> Result<(), StoreError> {
    let changed = diesel::update(customers::table.find(change.customer))
        .set((
            customers::fields.eq(Json(StoredFields(change.fields.clone()))),
            customers::contacts.eq(Json(change.contacts.clone())),
            customers::version.eq(customers::version + 1),
            customers::updated_at.eq(change.at),
        ))
        .execute(conn)?;
    one(changed)?;
    diesel::delete(customer_keys::table.filter(customer_keys::customer.eq(change.customer))).execute(conn)?;
    insert_keys(conn, change.customer, &change.keys)
}

/// Every change of a fact of a customer raises it; the caller holds the row `FOR UPDATE`.
pub(super) fn raise_facts_version(conn: &mut Conn, customer: CustomerId) -> Result<(), StoreError> {
    let mut sql = Sql::new("UPDATE customers SET facts_version = facts_version + 1 WHERE id = ");
    sql.bind(customer);
    one(sql.execute(conn)?)
}

/// The identity key by key: the first that another customer has names him.
pub(super) fn insert_keys(conn: &mut Conn, customer: CustomerId, keys: &[(Key, String)]) -> Result<(), StoreError> {
    for (combination, normalised) in in_order(keys) {
        let inserted = diesel::insert_into(customer_keys::table)
            .values((
                customer_keys::combination.eq(combination.as_str()),
                customer_keys::normalised.eq(normalised),
                customer_keys::customer.eq(customer),
            ))
            .on_conflict_do_nothing()
            .execute(conn)?;
        if inserted == 0 {
            let other: Option<CustomerId> = customer_keys::table
                .find((combination.as_str(), normalised))
                .select(customer_keys::customer)
                .first(conn)
                .optional()?;
            // Gone again between the two statements: try once more.
            let customer = other.ok_or(StoreError::Stale)?;
            return Err(StoreError::CustomerExists { customer, combination: combination.clone() });
        }
    }
    Ok(())
}
