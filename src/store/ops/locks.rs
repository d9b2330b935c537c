//! Locks of the rows that a use case rests on, taken before they are read, in the one order: epochs, customer, deal,
//! holdings. Only a write that lost against others before is run so; then nobody can get ahead of it again.

use super::people::share_epochs;
use super::sql::Sql;
use super::{Conn, dialect};
use crate::store::StoreError;
use crate::store::columns::Uid;
use crate::store::directory::Epochs;
use crate::values::{CustomerId, DealId, UserId};
use diesel::sql_types::{Nullable, Text};

/// The epochs, as every decision takes them.
pub fn epochs(conn: &mut Conn) -> Result<Epochs, StoreError> {
    share_epochs(conn)
}

/// The customer, as those take it who change his facts.
pub fn customer(conn: &mut Conn, id: CustomerId) -> Result<(), StoreError> {
    let mut sql = Sql::new("SELECT id FROM customers WHERE id = ");
    sql.bind(id).push(dialect::FOR_UPDATE);
    let _: Vec<CustomerId> = sql.load::<Uid, _>(conn)?;
    Ok(())
}

/// The deal's customer, the deal, and what its owner holds.
pub fn deal(conn: &mut Conn, id: DealId) -> Result<(), StoreError> {
    // Whose deal it is never changes.
    let mut sql = Sql::new("SELECT customer FROM deals WHERE id = ");
    sql.bind(id);
    let found: Vec<CustomerId> = sql.load::<Uid, _>(conn)?;
    let Some(of) = found.first() else { return Ok(()) };
    customer(conn, *of)?;
    let mut sql = Sql::new("SELECT owner FROM deals WHERE id = ");
    sql.bind(id).push(dialect::FOR_UPDATE);
    let owner: Vec<Option<UserId>> = sql.load::<Nullable<Uid>, _>(conn)?;
    match owner.into_iter().flatten().next() {
        Some(owner) => holdings(conn, owner),
        None => Ok(()),
    }
}

/// What the owner holds, in the order in which holdings are written.
pub fn holdings(conn: &mut Conn, owner: UserId) -> Result<(), StoreError> {
    let mut sql = Sql::new("SELECT stage FROM holdings WHERE owner = ");
    sql.bind(owner).push(" ORDER BY funnel, stage").push(dialect::FOR_UPDATE);
    let _: Vec<String> = sql.load::<Text, _>(conn)?;
    Ok(())
}
