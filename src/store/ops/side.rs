//! One side of a comparison as SQL: a column, a field of the company's, a value; and two of them compared.

use super::condition::UNKNOWN;
use super::dialect;
use super::sql::{Bind, Sql};
use crate::store::stored_fields::{OrderKey, kind, order_key};
use crate::values::{Key, Value};

/// One side of a comparison.
pub(super) enum Side {
    /// A column or value of a known kind.
    Known { kind: &'static str, sql: Sql, form: Form },
    /// A field of the company's: `["kind", key, ...]`, or NULL.
    Stored(Sql),
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Form {
    Text,
    Int,
    /// An id as the database keeps ids.
    Id,
}

/// What a stored field must be to be compared with something.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub kind: &'static str,
    pub form: Form,
    pub currency: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    pub fn of(value: &'a Value) -> Self {
        let form = match order_key(value) {
            Some(OrderKey::Int(_)) => Form::Int,
            Some(OrderKey::Text(_)) | None => Form::Text,
        };
        let currency = match value {
            Value::Money(money) => Some(money.currency.code()),
            _ => None,
        };
        Self { kind: kind(value), form, currency }
    }
}

pub(super) fn known(kind: &'static str, form: Form, column: &'static str) -> Side {
    Side::Known { kind, sql: Sql::new(column), form }
}

/// Built-in names of a deal; nothing for the company's own.
pub(super) fn deal_column(name: &Key) -> Option<Side> {
    let (kind, form, column) = match name.as_str() {
        "funnel" => ("choice", Form::Text, "d.funnel"),
        "stage" => ("choice", Form::Text, "d.stage"),
        "product" => ("choice", Form::Text, "d.product"),
        "grade" => ("choice", Form::Text, "d.grade"),
        "origin" => ("choice", Form::Text, "d.origin"),
        "state" => ("choice", Form::Text, "d.state"),
        "owner" => ("user", Form::Id, "d.owner"),
        "creator" => ("user", Form::Id, "d.creator"),
        "discoverer" => ("user", Form::Id, "d.discoverer"),
        "graded_by" => ("user", Form::Id, "d.graded_by"),
        "created_at" => ("time", Form::Int, "d.created_at"),
        "entered_at" => ("time", Form::Int, "d.entered_at"),
        "locked" => ("bool", Form::Int, "CAST(0 AS BIGINT)"),
        _ => return None,
    };
    Some(known(kind, form, column))
}

/// Built-in names of the owner; `Some(None)` for the company's own, nothing for a list.
pub(super) fn owner_column(name: &Key) -> Option<Option<Side>> {
    Some(match name.as_str() {
        "id" => Some(known("user", Form::Id, "o.id")),
        "team" => Some(known("team", Form::Id, "o.team")),
        "active" => Some(known("bool", Form::Int, "(CASE WHEN o.active THEN 1 WHEN NOT o.active THEN 0 END)")),
        "roles" => return None,
        _ => None,
    })
}

pub(super) fn document(column: &'static str, name: &Key) -> Sql {
    let mut sql = Sql::new("(");
    sql.push(column).label(name).push(")");
    sql
}

/// A side in the wanted kind and form; NULL if it is of another kind.
pub(super) fn coerced(side: Side, wanted: Wanted<'_>) -> Sql {
    match side {
        Side::Known { kind, sql, form } if kind == wanted.kind => {
            if form == wanted.form {
                sql
            } else {
                ported(sql, form)
            }
        }
        Side::Known { .. } => Sql::new("NULL"),
        Side::Stored(stored) => {
            let mut sql = Sql::new("(CASE WHEN ");
            sql.append(stored.clone()).push("->>0 = ").bind(wanted.kind);
            if let Some(currency) = wanted.currency {
                sql.push(" AND ").append(stored.clone()).push("->>2 = ").bind(currency);
            }
            sql.push(" THEN ");
            match wanted.form {
                Form::Int => sql.push("CAST(").append(stored).push("->>1 AS BIGINT)"),
                Form::Text | Form::Id => sql.append(stored).push("->>1"),
            };
            sql.push(" END)");
            sql
        }
    }
}

/// A bound value in the wanted kind; NULL if it is of another.
pub(super) fn literal(value: &Value, wanted: Wanted<'_>) -> Sql {
    let own = Wanted::of(value);
    if own.kind != wanted.kind || own.currency != wanted.currency {
        return Sql::new("NULL");
    }
    let mut sql = Sql::default();
    match order_key(value) {
        Some(OrderKey::Int(number)) => sql.bind(number),
        Some(OrderKey::Text(text)) => sql.bind(Bind::Text(Some(text))),
        None => sql.push("NULL"),
    };
    sql
}

/// The form that columns and stored fields have in common.
pub(super) fn portable(form: Form) -> Form {
    if form == Form::Id { Form::Text } else { form }
}

pub(super) fn ported(sql: Sql, form: Form) -> Sql {
    if form != Form::Id {
        return sql;
    }
    let mut text = Sql::new(dialect::ID_TEXT.0);
    text.append(sql).push(dialect::ID_TEXT.1);
    text
}

pub(super) fn signed(left: Sql, sign: &'static str, right: Sql, form: Form) -> Sql {
    let mut sql = Sql::new("(");
    sql.append(left);
    // Equality of text is by code point anyway; marking it would keep an index from being used.
    let ordered = !matches!(sign, " = " | " <> ");
    if form == Form::Text && ordered {
        sql.push(dialect::BY_CODE_POINT);
    }
    sql.push(sign).append(right).push(")");
    sql
}

/// Two fields of the company's: comparable if they are of one kind (and currency).
pub(super) fn stored_both(left: &Sql, sign: &'static str, right: &Sql) -> Sql {
    let side = |stored: &Sql, part: &'static str| {
        // In brackets: a collation would bind to the number.
        let mut sql = Sql::new("(");
        sql.append(stored.clone()).push(part).push(")");
        sql
    };
    let number = |stored: &Sql| {
        let mut sql = Sql::new("CAST(");
        sql.append(side(stored, "->>1")).push(" AS BIGINT)");
        sql
    };
    let mut sql = Sql::new("(CASE WHEN ");
    sql.append(side(left, "->>0")).push(" <> ").append(side(right, "->>0")).push(" THEN ").push(UNKNOWN);
    sql.push(" WHEN ").append(side(left, "->>0")).push(" = 'money' AND ").append(side(left, "->>2")).push(" <> ");
    sql.append(side(right, "->>2")).push(" THEN ").push(UNKNOWN);
    sql.push(" WHEN ").append(side(left, "->>0")).push(" IN ('bool', 'money', 'time', 'duration') THEN ");
    sql.append(signed(number(left), sign, number(right), Form::Int));
    sql.push(" ELSE ").append(signed(side(left, "->>1"), sign, side(right, "->>1"), Form::Text)).push(" END)");
    sql
}
