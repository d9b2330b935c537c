//! `Tx`: what a use case gets into its hand. An enum over the two connections; each method hands on to the queries
//! compiled for that database (`face!`).

use super::{postgres, sqlite};

/// One transaction, on whichever database.
pub enum Tx<'a> {
    Sqlite(&'a mut sqlite::Conn),
    Postgres(&'a mut postgres::Conn),
}

impl std::fmt::Debug for Tx<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sqlite(_) => "Tx::Sqlite",
            Self::Postgres(_) => "Tx::Postgres",
        })
    }
}

/// Methods of `Tx` that are functions of the same name in a file of `ops`.
macro_rules! face {
    ($area:ident: $($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),* $(,)?) -> $answer:ty;)*) => {
        impl $crate::store::tx::Tx<'_> {
            $(
                $(#[$doc])*
                pub fn $name(&mut self, $($arg: $type),*) -> Result<$answer, $crate::store::StoreError> {
                    match self {
                        Self::Sqlite(conn) => $crate::store::sqlite::ops::$area::$name(conn, $($arg),*),
                        Self::Postgres(conn) => $crate::store::postgres::ops::$area::$name(conn, $($arg),*),
                    }
                }
            )*
        }
    };
}
pub(super) use face;
