//! Pages of deals and customers: the ids of the page first, in order, then their rows. Of deals both are one statement,
//! with the epochs: one round trip.

use super::condition::{FALSE, Rows, TRUE};
use super::customers::held_deals;
use super::deals::PersonRow;
use super::facts::{DEAL, Owner};
use super::sql::{Bind, Sql};
use super::visibility::{self, open_on_customers, open_on_deals};
use super::{Conn, dialect};
use crate::engine::dwell::StageDeadline;
use crate::engine::facts::{Customer, Person};
use crate::engine::filter::RowFilter;
use crate::rules::expression::{Entity, Operand, Path, Predicate};
use crate::rules::model::FieldKind;
use crate::store::StoreError;
use crate::store::columns::{AnyId, Uid};
use crate::store::directory::Epochs;
use crate::store::lists::{
    Cursor, CursorKey, CustomerItem, CustomerQuery, DealItem, DealQuery, Listed, Order, PageOfDeals, SortBy,
};
use crate::store::rows::{CustomerRow, DealRow};
use crate::store::schema::{customers, deals};
use crate::values::{CustomerId, DealId, Key, Value};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use std::collections::BTreeMap;

/// Outer joins, though a deal's customer is always there: what nothing asks for is then not looked up.
pub(super) const FROM_DEALS: &str =
    " FROM deals d LEFT JOIN customers c ON c.id = d.customer LEFT JOIN users o ON o.id = d.owner WHERE ";
/// Texts are ordered by so many of their first characters, and where these are the same by id: as UTF-8 in JSON at most
/// 320 bytes, so that a sealed cursor stays within its 512 characters.
const ORDERED_CHARACTERS: &str = "80";
const FROM_CUSTOMERS: &str = " FROM customers c WHERE ";

type DealColumns = (
    (BigInt, BigInt),
    Nullable<(Uid, Nullable<BigInt>, Nullable<Text>)>,
    Nullable<deals::SqlType>,
    Nullable<customers::SqlType>,
    Nullable<Owner>,
);
type DealOfPage = ((i64, i64), Option<PageRow>, Option<DealRow>, Option<CustomerRow>, Option<PersonRow>);
/// Id, and what the row is ordered by: a number or a text.
type PageRow = (AnyId, Option<i64>, Option<String>);

pub fn list_deals(conn: &mut Conn, query: &DealQuery) -> Result<PageOfDeals, StoreError> {
    let open = |path: &Path| open_on_deals(&query.filter, path);
    let rows = Rows { deal: true, open: &open };
    let mut all = vec![visibility::deals(&query.filter)];
    all.extend(query.conditions.iter().map(|condition| rows.condition(condition)));
    if let Some(customer) = query.customer {
        all.push(equal("d.customer = ", customer));
    }
    if let Some(team) = query.team {
        let mut sql = Sql::new("(d.owner IN (SELECT id FROM users WHERE team = ");
        sql.bind(team).push(") OR (d.owner IS NULL AND d.team = ").bind(team).push("))");
        all.push(sql);
    }
    if let Some(deadlines) = &query.overdue {
        all.push(overdue(&rows, deadlines));
    }
    if let Some(since) = query.updated_since {
        all.push(equal("d.updated_at >= ", since));
    }
    let key = SortKey::of(&query.order, "d", &rows);
    let mut sql = Sql::new("SELECT e.rules_version, e.people_epoch, p.id, p.number, p.words, ");
    sql.push(DEAL).push(" FROM epochs e LEFT JOIN (");
    sql.append(page(FROM_DEALS, "d.id", all, &key, query.after.as_ref(), query.limit));
    sql.push(") AS p ON 1 = 1 LEFT JOIN deals d ON d.id = p.id LEFT JOIN customers c ON c.id = d.customer ");
    sql.push("LEFT JOIN users o ON o.id = d.owner WHERE e.id = 1 ORDER BY ").append(key.order_of_page());
    let rows: Vec<DealOfPage> = sql.load::<DealColumns, _>(conn)?;
    let ((rules_version, people_epoch), ..) =
        rows.first().ok_or_else(|| StoreError::failed("reading a page", "the row of the epochs is gone"))?;
    let epochs = Epochs { rules_version: *rules_version, people_epoch: *people_epoch };
    let listed = |(_, row, deal, customer, owner): DealOfPage| {
        let (deal, customer, owner) = (deal?.into(), customer?.into(), owner.map(Person::from));
        Some(Listed { item: DealItem { deal, customer, owner }, cursor: cursor(row?) })
    };
    Ok(PageOfDeals { epochs, rows: rows.into_iter().filter_map(listed).collect() })
}

pub fn list_customers(conn: &mut Conn, query: &CustomerQuery) -> Result<Vec<Listed<CustomerItem>>, StoreError> {
    let open = |path: &Path| open_on_customers(&query.filter, path);
    let rows = Rows { deal: false, open: &open };
    let mut all = vec![visibility::customers(&query.filter)];
    all.extend(query.conditions.iter().map(|condition| rows.condition(condition)));
    if let Some(since) = query.updated_since {
        all.push(equal("c.updated_at >= ", since));
    }
    let key = SortKey::of(&query.order, "c", &rows);
    let page = page(FROM_CUSTOMERS, "c.id", all, &key, query.after.as_ref(), query.limit);
    let page: Vec<PageRow> = page.load::<(Uid, Nullable<BigInt>, Nullable<Text>), _>(conn)?;
    let page: Vec<Cursor> = page.into_iter().map(cursor).collect();
    let ids: Vec<CustomerId> = page.iter().map(|cursor| CustomerId(cursor.id)).collect();
    let found: Vec<CustomerRow> = customers::table.filter(customers::id.eq_any(&ids)).load(conn)?;
    let mut found: BTreeMap<CustomerId, Customer> =
        found.into_iter().map(Customer::from).map(|customer| (customer.id, customer)).collect();
    let mut held = held_deals(conn, &ids)?;
    let item = |cursor: Cursor| {
        let id = CustomerId(cursor.id);
        let customer = found.remove(&id)?;
        Some(Listed { item: CustomerItem { customer, deals: held.remove(&id).unwrap_or_default() }, cursor })
    };
    Ok(page.into_iter().filter_map(item).collect())
}

pub fn sees_deal(conn: &mut Conn, id: DealId, filter: &RowFilter) -> Result<bool, StoreError> {
    let mut sql = Sql::new("SELECT d.id");
    sql.push(FROM_DEALS).append(equal("d.id = ", id)).push(" AND ").append(visibility::deals(filter));
    Ok(!sql.load::<Uid, AnyId>(conn)?.is_empty())
}

pub fn sees_customer(conn: &mut Conn, id: CustomerId, filter: &RowFilter) -> Result<bool, StoreError> {
    let mut sql = Sql::new("SELECT c.id");
    sql.push(FROM_CUSTOMERS).append(equal("c.id = ", id)).push(" AND ").append(visibility::customers(filter));
    Ok(!sql.load::<Uid, AnyId>(conn)?.is_empty())
}

fn equal(column: &'static str, value: impl Into<Bind>) -> Sql {
    let mut sql = Sql::new(column);
    sql.bind(value);
    sql
}

/// In one of the stages since before its deadline. Through the same words as a caller's own condition, so that it
/// finds nothing by a field that he does not see; a case that is unknown goes on to the next.
pub(super) fn overdue(rows: &Rows<'_>, deadlines: &[StageDeadline]) -> Sql {
    use crate::rules::expression::Comparison::{Equal, LessOrEqual};
    let compare = |name: &str, comparison, value| {
        let left = Operand::Field(Path { entity: Entity::Deal, name: Key::new(name) });
        rows.condition(&Predicate::Compare { left, comparison, right: Operand::Value(value) })
    };
    let one = |deadline: &StageDeadline| {
        let mut sql = Sql::new("(");
        sql.append(compare("funnel", Equal, Value::Choice(deadline.funnel.clone()))).push(" AND ");
        sql.append(compare("stage", Equal, Value::Choice(deadline.stage.clone()))).push(" AND CASE");
        for case in &deadline.cases {
            sql.push(" WHEN ");
            match &case.when {
                Some(when) => sql.append(rows.condition(when)),
                None => sql.push(TRUE),
            };
            sql.push(" THEN ").append(compare("entered_at", LessOrEqual, Value::Time(case.overdue_if_entered_by)));
        }
        sql.push(" ELSE ").push(FALSE).push(" END)");
        sql
    };
    Sql::joined(deadlines.iter().filter(|deadline| !deadline.cases.is_empty()).map(one), " OR ", FALSE)
}

/// What a list is ordered by, as SQL.
struct SortKey {
    sql: Sql,
    is_text: bool,
    /// A column that every row has, so that an index gives the order.
    always_there: bool,
    descending: bool,
}

impl SortKey {
    fn of(order: &Order, alias: &'static str, rows: &Rows<'_>) -> Self {
        let descending = order.descending;
        let column = |sql| Self { sql: Sql::new(sql), is_text: false, always_there: true, descending };
        // These two are names of the rules: the company may have hidden them, then they order nothing there.
        let hideable = |sql, name| {
            let Some(open) = (rows.open)(&Path { entity: Entity::Deal, name: Key::new(name) }) else {
                return column(sql);
            };
            let mut guarded = Sql::new("(CASE WHEN ");
            guarded.append(open).push(" THEN ").push(sql).push(" END)");
            Self { sql: guarded, is_text: false, always_there: false, descending }
        };
        match (&order.by, alias) {
            (SortBy::UpdatedAt, "d") => column("d.updated_at"),
            (SortBy::UpdatedAt, _) => column("c.updated_at"),
            (SortBy::EnteredAt, "d") => hideable("d.entered_at", "entered_at"),
            (SortBy::CreatedAt, "d") => hideable("d.created_at", "created_at"),
            (SortBy::CreatedAt | SortBy::EnteredAt, _) => column("c.created_at"),
            (SortBy::Field(path, kind), _) => {
                let (sql, is_text) = match sample(kind) {
                    Some(sample) => rows.sort_key(path, &sample),
                    None => (Sql::new("CAST(NULL AS BIGINT)"), false),
                };
                let sql = if is_text { beginning(sql) } else { sql };
                Self { sql, is_text, always_there: false, descending }
            }
        }
    }

    /// Rows beyond the cursor.
    fn beyond(&self, id: &'static str, cursor: &Cursor) -> Sql {
        let sign = if self.descending { " < " } else { " > " };
        let bound = match &cursor.key {
            CursorKey::Missing => None,
            CursorKey::Int(number) => Some(Bind::from(*number)),
            CursorKey::Text(text) => Some(Bind::from(text.as_str())),
        };
        let cursor_id = Bind::Id(Some(AnyId(cursor.id)));
        let mut sql = Sql::new("(");
        match bound {
            Some(key) if self.always_there => {
                // As one comparison of pairs: an index on both is entered at the right place.
                sql.push("(").append(self.sql.clone()).push(", ").push(id).push(")").push(sign);
                sql.push("(").bind(key).push(", ").bind(cursor_id).push(")");
            }
            Some(key) => {
                sql.append(self.collated()).push(sign).bind(key.clone());
                sql.push(" OR (").append(self.sql.clone()).push(" = ").bind(key);
                sql.push(" AND ").push(id).push(sign).bind(cursor_id);
                sql.push(") OR ").append(self.sql.clone()).push(" IS NULL");
            }
            None => {
                sql.append(self.sql.clone()).push(" IS NULL AND ").push(id).push(sign).bind(cursor_id);
            }
        }
        sql.push(")");
        sql
    }

    fn order(&self, id: &'static str) -> Sql {
        let direction = if self.descending { " DESC" } else { " ASC" };
        let mut sql = self.collated();
        sql.push(direction);
        if !self.always_there {
            sql.push(" NULLS LAST");
        }
        sql.push(", ").push(id).push(direction);
        sql
    }

    /// The same order, of the rows of a page.
    fn order_of_page(&self) -> Sql {
        let direction = if self.descending { " DESC NULLS LAST, " } else { " ASC NULLS LAST, " };
        let mut sql = Sql::new("p.number");
        sql.push(direction).push("p.words").push(dialect::BY_CODE_POINT).push(direction);
        sql.push("p.id").push(if self.descending { " DESC" } else { " ASC" });
        sql
    }

    fn collated(&self) -> Sql {
        let mut sql = self.sql.clone();
        if self.is_text {
            sql.push(dialect::BY_CODE_POINT);
        }
        sql
    }
}

/// What a text is ordered by: a cursor holds the text at which its page ended, and must stay short.
fn beginning(text: Sql) -> Sql {
    let mut sql = Sql::new("substr(");
    sql.append(text).push(", 1, ").push(ORDERED_CHARACTERS).push(")");
    sql
}

/// A value of the kind that fields of this type have, to say how they are ordered.
fn sample(kind: &FieldKind) -> Option<Value> {
    Some(match kind {
        FieldKind::Text { .. } | FieldKind::Phone | FieldKind::Email | FieldKind::Url => Value::Text(String::new()),
        FieldKind::Choice { .. } => Value::Choice(Key::new("")),
        FieldKind::Number => Value::Int(0),
        FieldKind::Money { currency } => Value::Money(crate::values::Money { amount_minor: 0, currency: *currency }),
        FieldKind::Date => Value::Date(crate::values::Date::default()),
        FieldKind::Time => Value::Time(crate::values::Time::from_micros(0)),
        FieldKind::Bool => Value::Bool(false),
        FieldKind::User => Value::User(crate::values::UserId(uuid::Uuid::nil())),
        FieldKind::Choices { .. } => return None,
    })
}

/// The rows of a page, in order: `id`, and what they are ordered by as `number` or `words`.
fn page(
    from: &'static str,
    id: &'static str,
    mut all: Vec<Sql>,
    key: &SortKey,
    after: Option<&Cursor>,
    limit: i64,
) -> Sql {
    all.extend(after.map(|cursor| key.beyond(id, cursor)));
    let mut sql = Sql::new("SELECT ");
    sql.push(id).push(" AS id, ");
    if key.is_text {
        sql.push("CAST(NULL AS BIGINT) AS number, ").append(key.sql.clone()).push(" AS words");
    } else {
        sql.append(key.sql.clone()).push(" AS number, CAST(NULL AS TEXT) AS words");
    }
    sql.push(from).append(Sql::joined(all, " AND ", "(1 = 1)"));
    // Not the bare number: SQLite would look at it and plan anew for every page.
    sql.push(" ORDER BY ").append(key.order(id)).push(" LIMIT 0 + ").bind(limit);
    sql
}

fn cursor((id, number, words): PageRow) -> Cursor {
    let key = match (number, words) {
        (Some(number), _) => CursorKey::Int(number),
        (None, Some(words)) => CursorKey::Text(words),
        (None, None) => CursorKey::Missing,
    };
    Cursor { key, id: id.0 }
}
