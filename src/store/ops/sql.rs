//! Statements in parts: fixed text, names of fields, bound values. For what diesel's language cannot say, or does not
//! prepare once (every UPDATE).
//!
//! INVARIANT: text of a statement is `&'static str` or a `Label`, whose letters are harmless; whatever comes from
//! outside is bound.

use super::{Conn, Db};
use crate::store::StoreError;
use crate::store::columns::{AnyId, Document, Json, JsonText, Uid, Verbatim};
use crate::values::Key;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::query_dsl::methods::LoadQuery;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use diesel::{QueryResult, RunQueryDsl};
use std::marker::PhantomData;

/// A statement, or a part of one.
#[derive(Clone, Debug, Default)]
pub(in crate::store) struct Sql(Vec<Part>);

#[derive(Clone, Debug)]
enum Part {
    Text(&'static str),
    Label(Label),
    Bind(Bind),
}

/// A name of the rules file inside a statement: the key of a document, so that an index on it is used.
#[derive(Clone, Debug)]
struct Label(Key);

/// A bound value.
#[derive(Clone, Debug)]
pub(in crate::store) enum Bind {
    Text(Option<String>),
    Int(Option<i64>),
    Id(Option<AnyId>),
    Bytes(Vec<u8>),
    Json(Json<serde_json::Value>),
    Verbatim(JsonText),
}

impl Sql {
    pub fn new(text: &'static str) -> Self {
        Self(vec![Part::Text(text)])
    }

    pub fn push(&mut self, text: &'static str) -> &mut Self {
        self.0.push(Part::Text(text));
        self
    }

    pub fn append(&mut self, mut other: Self) -> &mut Self {
        self.0.append(&mut other.0);
        self
    }

    pub fn bind(&mut self, value: impl Into<Bind>) -> &mut Self {
        self.0.push(Part::Bind(value.into()));
        self
    }

    /// `INSERT INTO table (columns)` with values for them, as a SELECT: where they come from may follow.
    pub fn insert(into: &'static str, values: impl IntoIterator<Item = Bind>) -> Self {
        let mut sql = Self::new(into);
        sql.push(" SELECT ");
        for (number, value) in values.into_iter().enumerate() {
            if number > 0 {
                sql.push(", ");
            }
            sql.bind(value);
        }
        sql
    }

    /// A key of a document as a literal; bound if it has letters that no name of the rules has.
    pub fn label(&mut self, key: &Key) -> &mut Self {
        let harmless = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if !key.is_empty() && key.bytes().all(harmless) {
            self.0.push(Part::Label(Label(key.clone())));
            self
        } else {
            self.bind(key)
        }
    }

    /// The parts with `between` between them, in brackets; `empty` if there are none.
    pub fn joined(parts: impl IntoIterator<Item = Self>, between: &'static str, empty: &'static str) -> Self {
        let mut parts = parts.into_iter();
        let Some(first) = parts.next() else { return Self::new(empty) };
        let mut all = Self::new("(");
        all.append(first);
        for part in parts {
            all.push(between).append(part);
        }
        all.push(")");
        all
    }

    /// The parts with commas between them.
    pub fn listed(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::default();
        for part in parts {
            if !all.0.is_empty() {
                all.push(", ");
            }
            all.append(part);
        }
        all
    }

    /// The statement's rows, typed by the caller.
    pub fn load<ST, T>(self, conn: &mut Conn) -> QueryResult<Vec<T>>
    where
        Typed<ST>: for<'a> LoadQuery<'a, Conn, T>,
    {
        Typed::<ST>(self, PhantomData).load(conn)
    }

    /// How many rows the statement changed.
    pub fn execute(self, conn: &mut Conn) -> QueryResult<usize> {
        Typed::<()>(self, PhantomData).execute(conn)
    }
}

/// A statement and the types of its columns.
pub(in crate::store) struct Typed<ST>(Sql, PhantomData<ST>);

impl<ST> QueryId for Typed<ST> {
    type QueryId = ();
    // Its text differs by its parts; it is prepared once for each text.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<ST> Query for Typed<ST> {
    type SqlType = ST;
}

impl<ST> RunQueryDsl<Conn> for Typed<ST> {}

impl<ST> QueryFragment<Db> for Typed<ST> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
        for part in &self.0.0 {
            match part {
                Part::Text(text) => out.push_sql(text),
                Part::Label(Label(key)) => {
                    out.push_sql("'");
                    out.push_sql(key);
                    out.push_sql("'");
                }
                Part::Bind(Bind::Text(text)) => out.push_bind_param::<Nullable<Text>, _>(text)?,
                Part::Bind(Bind::Int(number)) => out.push_bind_param::<Nullable<BigInt>, _>(number)?,
                Part::Bind(Bind::Id(id)) => out.push_bind_param::<Nullable<Uid>, _>(id)?,
                Part::Bind(Bind::Bytes(bytes)) => out.push_bind_param::<Binary, _>(bytes)?,
                Part::Bind(Bind::Json(json)) => out.push_bind_param::<Document, _>(json)?,
                Part::Bind(Bind::Verbatim(json)) => out.push_bind_param::<Verbatim, _>(json)?,
            }
        }
        Ok(())
    }
}

impl From<&str> for Bind {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<&Key> for Bind {
    fn from(key: &Key) -> Self {
        Self::from(key.as_str())
    }
}

impl From<Option<&Key>> for Bind {
    fn from(key: Option<&Key>) -> Self {
        Self::Text(key.map(|key| key.as_str().to_owned()))
    }
}

impl From<Option<&str>> for Bind {
    fn from(text: Option<&str>) -> Self {
        Self::Text(text.map(str::to_owned))
    }
}

impl From<Option<crate::values::Date>> for Bind {
    fn from(day: Option<crate::values::Date>) -> Self {
        Self::Text(day.map(|day| day.format("%Y-%m-%d").to_string()))
    }
}

impl From<i64> for Bind {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}

impl From<Option<i64>> for Bind {
    fn from(number: Option<i64>) -> Self {
        Self::Int(number)
    }
}

impl From<crate::values::Time> for Bind {
    fn from(at: crate::values::Time) -> Self {
        Self::Int(Some(at.micros()))
    }
}

impl From<Option<crate::values::Time>> for Bind {
    fn from(at: Option<crate::values::Time>) -> Self {
        Self::Int(at.map(crate::values::Time::micros))
    }
}

impl From<Vec<u8>> for Bind {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<serde_json::Value> for Bind {
    fn from(json: serde_json::Value) -> Self {
        Self::Json(Json(json))
    }
}

macro_rules! ids {
    ($($id:ident)*) => {$(
        impl From<crate::values::$id> for Bind {
            fn from(id: crate::values::$id) -> Self {
                Self::Id(Some(AnyId(id.0)))
            }
        }
        impl From<Option<crate::values::$id>> for Bind {
            fn from(id: Option<crate::values::$id>) -> Self {
                Self::Id(id.map(|id| AnyId(id.0)))
            }
        }
    )*};
}
ids! { ActivityId CustomerId DealId UserId TeamId DecisionId ContractId PaymentId DraftId ShadowId }

/// What is kept as JSON, letter by letter.
pub(in crate::store) fn verbatim(value: &impl serde::Serialize) -> Result<Bind, StoreError> {
    let json = serde_json::to_string(value).map_err(|error| StoreError::failed("writing JSON", error))?;
    Ok(Bind::Verbatim(JsonText(json)))
}

/// What conditions look into.
pub(in crate::store) fn document(value: &impl serde::Serialize) -> Result<Bind, StoreError> {
    let json = serde_json::to_value(value).map_err(|error| StoreError::failed("writing JSON", error))?;
    Ok(Bind::from(json))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_text_of_a_statement_only_if_its_letters_are_harmless() {
        let is_text = |name: &str| {
            let mut sql = Sql::default();
            sql.label(&Key::new(name));
            matches!(sql.0.as_slice(), [Part::Label(_)])
        };
        assert!(is_text("sales_target") && is_text("q4"));
        for name in ["", "a'b", "a' OR '1'='1", "a-b", "a b", "漏斗", "a\0"] {
            assert!(!is_text(name), "{name}");
        }
    }
}
