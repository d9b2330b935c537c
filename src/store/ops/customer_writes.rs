//! Writing customers. The caller (`record`) holds the lock of the customer that changes.

use super::Conn;
use super::people::one;
use super::sql::Sql;
use crate::engine::effects::{CustomerChange, CustomerCreation};
use crate::engine::facts::Contact;
use crate::store::StoreError;
use crate::store::columns::Json;
use crate::store::schema::{customer_keys, customers};
use crate::store::stored_fields::StoredFields;
use crate::values::{CustomerId, Key, Time, UserId};
use diesel::prelude::*;

#[derive(Insertable)]
#[diesel(table_name = customers, treat_none_as_default_value = false)]
struct CustomerRow {
    id: CustomerId,
    creator: Option<UserId>,
    fields: Json<StoredFields>,
    contacts: Json<Vec<Contact>>,
    version: i64,
    facts_version: i64,
    created_at: Time,
    updated_at: Time,
}

pub(super) fn create(conn: &mut Conn, creation: &CustomerCreation) -> Result<(), StoreError> {
    let customer = &creation.customer;
    let row = CustomerRow {
        id: customer.id,
        creator: customer.creator,
        fields: Json(StoredFields(customer.fields.clone())),
        contacts: Json(customer.contacts.clone()),
        version: customer.version,
        facts_version: customer.facts_version,
        created_at: customer.created_at,
        updated_at: customer.updated_at,
    };
    diesel::insert_into(customers::table).values(&row).execute(conn)?;
    insert_keys(conn, customer.id, &creation.keys)
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

/// In one order for all, so that two who insert the same keys do not wait for each other.
fn insert_keys(conn: &mut Conn, customer: CustomerId, keys: &[(Key, String)]) -> Result<(), StoreError> {
    let mut keys: Vec<_> = keys.iter().collect();
    keys.sort();
    for (combination, normalised) in keys {
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
