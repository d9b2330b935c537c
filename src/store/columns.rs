//! How our values lie in columns: ids as 16 bytes or `uuid`, instants and money as whole numbers, documents as JSON.
//!
//! The only types for which both databases give byte-identical answers. Nothing here knows a table.

use crate::engine::facts::{DealState, Origin};
use crate::values::{
    ActivityId, ContractId, CustomerId, Date, DealId, DecisionId, DraftId, Key, PaymentId, PreviewId, ReplayId,
    RunnerId, SessionId, ShadowId, TeamId, Time, UserId,
};
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, Queryable};
use diesel::expression::AsExpression;
use diesel::internal::derives::as_expression::Bound;
use diesel::pg::{Pg, PgValue};
use diesel::query_builder::QueryId;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{BigInt, Nullable, SqlType, Text};
use diesel::sqlite::{Sqlite, SqliteValue};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::Write;
use uuid::Uuid;

/// An id: `BLOB` of 16 bytes on SQLite, `uuid` on PostgreSQL.
#[derive(SqlType, QueryId, Clone, Copy, Debug, Default)]
#[diesel(sqlite_type(name = "Binary"), postgres_type(oid = 2950, array_oid = 2951))]
pub struct Uid;

/// JSON that conditions look into: text on SQLite, `jsonb` on PostgreSQL.
#[derive(SqlType, QueryId, Clone, Copy, Debug, Default)]
#[diesel(sqlite_type(name = "Text"), postgres_type(oid = 3802, array_oid = 3807))]
pub struct Document;

/// JSON that is kept letter by letter: text on SQLite, `json` on PostgreSQL.
#[derive(SqlType, QueryId, Clone, Copy, Debug, Default)]
#[diesel(sqlite_type(name = "Text"), postgres_type(oid = 114, array_oid = 199))]
pub struct Verbatim;

/// A value kept as JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Json<T>(pub T);

/// A value that is JSON already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonText(pub String);

/// A calendar date: text that sorts as the days do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day(pub Date);

/// What diesel's derives make for a type of one's own, for types that must not name diesel.
macro_rules! lies_as {
    ($([$($generic:tt)*] $rust:ty => $sql:ty;)*) => {$(
        impl<$($generic)*> AsExpression<$sql> for $rust {
            type Expression = Bound<$sql, Self>;
            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        }
        impl<$($generic)*> AsExpression<Nullable<$sql>> for $rust {
            type Expression = Bound<Nullable<$sql>, Self>;
            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        }
        impl<'expr, $($generic)*> AsExpression<$sql> for &'expr $rust {
            type Expression = Bound<$sql, Self>;
            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        }
        impl<'expr, $($generic)*> AsExpression<Nullable<$sql>> for &'expr $rust {
            type Expression = Bound<Nullable<$sql>, Self>;
            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        }
        impl<'inner, 'expr, $($generic)*> AsExpression<$sql> for &'inner &'expr $rust {
            type Expression = Bound<$sql, Self>;
            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        }
        impl<'inner, 'expr, $($generic)*> AsExpression<Nullable<$sql>> for &'inner &'expr $rust {
            type Expression = Bound<Nullable<$sql>, Self>;
            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        }
        impl<$($generic)*> ToSql<Nullable<$sql>, Sqlite> for $rust {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
                <Self as ToSql<$sql, Sqlite>>::to_sql(self, out)
            }
        }
        impl<$($generic)*> ToSql<Nullable<$sql>, Pg> for $rust {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                <Self as ToSql<$sql, Pg>>::to_sql(self, out)
            }
        }
        impl<DB: Backend, $($generic)*> Queryable<$sql, DB> for $rust
        where
            Self: FromSql<$sql, DB>,
        {
            type Row = Self;
            fn build(row: Self) -> deserialize::Result<Self> {
                Ok(row)
            }
        }
    )*};
}

macro_rules! ids {
    ($($id:ident)*) => {
        lies_as! { $([] $id => Uid;)* }
        $(
            impl ToSql<Uid, Sqlite> for $id {
                fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
                    out.set_value(self.0.as_bytes().as_slice());
                    Ok(IsNull::No)
                }
            }
            impl ToSql<Uid, Pg> for $id {
                fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                    out.write_all(self.0.as_bytes())?;
                    Ok(IsNull::No)
                }
            }
            impl FromSql<Uid, Sqlite> for $id {
                fn from_sql(mut bytes: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
                    Ok(Self(Uuid::from_slice(bytes.read_blob())?))
                }
            }
            impl FromSql<Uid, Pg> for $id {
                fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
                    Ok(Self(Uuid::from_slice(bytes.as_bytes())?))
                }
            }
        )*
    };
}

/// An id of whatever kind, where a statement does not care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AnyId(pub Uuid);

ids! { AnyId ActivityId ContractId CustomerId DealId DecisionId DraftId PaymentId PreviewId ReplayId RunnerId SessionId ShadowId TeamId UserId }

/// Types that are written as a text.
macro_rules! texts {
    ($([$($generic:tt)*] $rust:ty, $sql:ty, |$value:ident| $write:expr, |$text:ident| $read:expr;)*) => {$(
        lies_as! { [$($generic)*] $rust => $sql; }
        impl<$($generic)*> ToSql<$sql, Sqlite> for $rust {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
                let $value = self;
                out.set_value(String::from($write));
                Ok(IsNull::No)
            }
        }
        impl<$($generic)*> ToSql<$sql, Pg> for $rust {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                let $value = self;
                <$sql as Lead>::lead(out)?;
                out.write_all(String::from($write).as_bytes())?;
                Ok(IsNull::No)
            }
        }
        impl<$($generic)*> FromSql<$sql, Sqlite> for $rust {
            fn from_sql(mut bytes: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
                let $text = bytes.read_text();
                $read
            }
        }
        impl<$($generic)*> FromSql<$sql, Pg> for $rust {
            fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
                let $text = <$sql as Lead>::strip(bytes.as_bytes())?;
                $read
            }
        }
    )*};
}

/// The byte that PostgreSQL puts before a `jsonb` (the version of its binary form), and before nothing else.
trait Lead {
    const LEAD: &'static [u8];
    fn lead(out: &mut impl Write) -> std::io::Result<()> {
        out.write_all(Self::LEAD)
    }
    fn strip(bytes: &[u8]) -> deserialize::Result<&str> {
        let text = bytes.strip_prefix(Self::LEAD).ok_or("a jsonb of another version than 1")?;
        Ok(std::str::from_utf8(text)?)
    }
}
impl Lead for Text {
    const LEAD: &'static [u8] = b"";
}
impl Lead for Verbatim {
    const LEAD: &'static [u8] = b"";
}
impl Lead for Document {
    const LEAD: &'static [u8] = b"\x01";
}

texts! {
    [] Key, Text, |key| key.as_str(), |text| Ok(Key::new(text));
    [] JsonText, Verbatim, |json| json.0.as_str(), |text| Ok(JsonText(text.to_owned()));
    [] Day, Text, |day| day.0.format("%Y-%m-%d").to_string(), |text| Ok(Day(text.parse()?));
    [] DealState, Text, |state| state_word(*state), |text| match text {
        "open" => Ok(DealState::Open),
        "won" => Ok(DealState::Won),
        "lost" => Ok(DealState::Lost),
        _ => Err("an unknown state of a deal".into()),
    };
    [] Origin, Text, |origin| origin_word(*origin), |text| match text {
        "supplied" => Ok(Origin::Supplied),
        "discovered" => Ok(Origin::Discovered),
        _ => Err("an unknown origin of a deal".into()),
    };
    [T: Serialize + DeserializeOwned + std::fmt::Debug] Json<T>, Document,
        |json| serde_json::to_string(&json.0)?, |text| Ok(Json(serde_json::from_str(text)?));
    [T: Serialize + DeserializeOwned + std::fmt::Debug] Json<T>, Verbatim,
        |json| serde_json::to_string(&json.0)?, |text| Ok(Json(serde_json::from_str(text)?));
}

/// The word of a state in the database, the rules and the API.
pub(super) fn state_word(state: DealState) -> &'static str {
    match state {
        DealState::Open => "open",
        DealState::Won => "won",
        DealState::Lost => "lost",
    }
}

/// The word of an origin in the database, the rules and the API.
pub(super) fn origin_word(origin: Origin) -> &'static str {
    match origin {
        Origin::Supplied => "supplied",
        Origin::Discovered => "discovered",
    }
}

lies_as! { [] Time => BigInt; }

impl ToSql<BigInt, Sqlite> for Time {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.micros());
        Ok(IsNull::No)
    }
}

impl ToSql<BigInt, Pg> for Time {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&self.micros().to_be_bytes())?;
        Ok(IsNull::No)
    }
}

impl<DB: Backend> FromSql<BigInt, DB> for Time
where
    i64: FromSql<BigInt, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        i64::from_sql(bytes).map(Self::from_micros)
    }
}
