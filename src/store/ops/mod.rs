//! The queries, one file a table or read model. Compiled once for SQLite and once for PostgreSQL: `Conn` and `Db`
//! are whichever connection this copy is for, `dialect` what that database says differently.

pub(super) use super::{Conn, Db, dialect};

mod condition;
pub(in crate::store) mod customer_writes;
pub(in crate::store) mod customers;
pub(in crate::store) mod deal_writes;
pub(in crate::store) mod deals;
pub(in crate::store) mod directory;
pub(in crate::store) mod facts;
pub(in crate::store) mod holdings;
pub(in crate::store) mod identities;
pub(in crate::store) mod lists;
pub(in crate::store) mod locks;
pub(in crate::store) mod log;
pub(in crate::store) mod many;
mod migrate;
pub(in crate::store) mod people;
pub(in crate::store) mod record;
pub(in crate::store) mod reports;
pub(in crate::store) mod rules_drafts;
pub(in crate::store) mod rules_previews;
pub(in crate::store) mod rules_recalled;
pub(in crate::store) mod rules_replays;
pub(in crate::store) mod rules_shadows;
pub(in crate::store) mod rules_versions;
pub(in crate::store) mod sessions;
mod side;
pub(in crate::store) mod sql;
pub(in crate::store) mod timeline;
mod visibility;
