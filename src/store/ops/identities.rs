//! What tells customers apart, for all of them at once: as the rules change.

use super::Conn;
use crate::engine::facts::FieldValues;
use crate::store::StoreError;
use crate::store::columns::Json;
use crate::store::schema::{customer_keys, customers};
use crate::store::stored_fields::StoredFields;
use crate::values::{CustomerId, Key};
use diesel::prelude::*;

/// Rows of a statement: three values each, of which a database takes so many.
const AT_ONCE: usize = 1_000;

pub fn fields_of_customers(
    conn: &mut Conn,
    beyond: Option<CustomerId>,
    limit: i64,
) -> Result<Vec<(CustomerId, FieldValues)>, StoreError> {
    let mut query = customers::table.select((customers::id, customers::fields)).order(customers::id).into_boxed();
    if let Some(beyond) = beyond {
        query = query.filter(customers::id.gt(beyond));
    }
    let rows: Vec<(CustomerId, Json<StoredFields>)> = query.limit(limit).load(conn)?;
    Ok(rows.into_iter().map(|(id, fields)| (id, fields.0.0)).collect())
}

pub fn forget_identities(conn: &mut Conn, kept: &[Key]) -> Result<(), StoreError> {
    super::migrate::patiently(conn)?;
    let kept: Vec<&str> = kept.iter().map(Key::as_str).collect();
    diesel::delete(customer_keys::table.filter(customer_keys::combination.ne_all(kept))).execute(conn)?;
    Ok(())
}

pub fn add_identities(conn: &mut Conn, identities: &[(Key, String, CustomerId)]) -> Result<(), StoreError> {
    for some in identities.chunks(AT_ONCE) {
        let rows: Vec<_> = some
            .iter()
            .map(|(combination, normalised, customer)| {
                (
                    customer_keys::combination.eq(combination.as_str()),
                    customer_keys::normalised.eq(normalised.as_str()),
                    customer_keys::customer.eq(*customer),
                )
            })
            .collect();
        diesel::insert_into(customer_keys::table).values(rows).execute(conn)?;
    }
    Ok(())
}
