//! Versions of the rules, and what of them is in use.

use super::sql::Sql;
use super::{Conn, dialect};
use crate::store::StoreError;
use crate::store::rules_versions::{Activation, InUse, RulesSource, RulesVersion, StageUse};
use crate::store::schema::{epochs, rules_file, rules_versions as versions};
use crate::values::{Key, Time, UserId};
use diesel::dsl::max;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

#[derive(Queryable)]
struct VersionRow {
    number: i64,
    hash: String,
    text: String,
    author: Option<UserId>,
    comment: Option<String>,
    parent: Option<i64>,
    source: String,
    created_at: Time,
    activated_at: Option<Time>,
}

impl From<VersionRow> for RulesVersion {
    fn from(row: VersionRow) -> Self {
        Self {
            number: row.number,
            hash: row.hash,
            text: row.text,
            author: row.author,
            comment: row.comment,
            parent: row.parent,
            source: if row.source == "file" { RulesSource::File } else { RulesSource::Api },
            created_at: row.created_at,
            activated_at: row.activated_at,
        }
    }
}

pub fn rules_version(conn: &mut Conn, number: i64) -> Result<Option<RulesVersion>, StoreError> {
    let row: Option<VersionRow> = versions::table.find(number).first(conn).optional()?;
    Ok(row.map(RulesVersion::from))
}

pub fn rules_versions(conn: &mut Conn, before: Option<i64>, limit: i64) -> Result<Vec<RulesVersion>, StoreError> {
    let no_text = String::new().into_sql::<Text>();
    let rows: Vec<VersionRow> = versions::table
        .filter(versions::number.lt(before.unwrap_or(i64::MAX)))
        .order(versions::number.desc())
        .limit(limit)
        .select((
            versions::number,
            versions::hash,
            no_text,
            versions::author,
            versions::comment,
            versions::parent,
            versions::source,
            versions::created_at,
            versions::activated_at,
        ))
        .load(conn)?;
    Ok(rows.into_iter().map(RulesVersion::from).collect())
}

pub fn newest_rules_version(conn: &mut Conn) -> Result<i64, StoreError> {
    let newest: Option<i64> = versions::table.select(max(versions::number)).first(conn)?;
    Ok(newest.unwrap_or(0))
}

pub fn rules_file_hash(conn: &mut Conn) -> Result<Option<String>, StoreError> {
    Ok(rules_file::table.select(rules_file::hash).first(conn).optional()?)
}

pub fn put_rules_file_hash(conn: &mut Conn, hash: &str) -> Result<(), StoreError> {
    diesel::insert_into(rules_file::table)
        .values((rules_file::id.eq(1), rules_file::hash.eq(hash)))
        .on_conflict(rules_file::id)
        .do_update()
        .set(rules_file::hash.eq(hash))
        .execute(conn)?;
    Ok(())
}

/// Under the lock of the epochs, which `record` holds.
pub(super) fn activate(conn: &mut Conn, activation: &Activation) -> Result<(), StoreError> {
    let active: i64 = epochs::table.select(epochs::rules_version).first(conn)?;
    if active != activation.replaces || newest_rules_version(conn)? + 1 != activation.number {
        return Err(StoreError::RulesChanged);
    }
    let source = match activation.source {
        RulesSource::File => "file",
        RulesSource::Api => "api",
    };
    diesel::insert_into(versions::table)
        .values((
            versions::number.eq(activation.number),
            versions::hash.eq(&activation.hash),
            versions::text.eq(&activation.text),
            versions::author.eq(activation.author),
            versions::comment.eq(activation.comment.as_deref()),
            versions::parent.eq((activation.replaces > 0).then_some(activation.replaces)),
            versions::source.eq(source),
            versions::created_at.eq(activation.at),
            versions::activated_at.eq(activation.at),
        ))
        .execute(conn)?;
    diesel::update(epochs::table).set(epochs::rules_version.eq(activation.number)).execute(conn)?;
    if let Some(hash) = &activation.file_hash {
        put_rules_file_hash(conn, hash)?;
    }
    Ok(())
}

pub fn rules_in_use(conn: &mut Conn) -> Result<InUse, StoreError> {
    let stages: Vec<(String, String, i64, i64)> = Sql::new(
        "SELECT funnel, stage, CAST(sum(CASE WHEN state = 'open' THEN 1 ELSE 0 END) AS BIGINT), count(*) FROM deals \
         GROUP BY funnel, stage ORDER BY funnel, stage",
    )
    .load::<(Text, Text, BigInt, BigInt), _>(conn)?;
    let reasons: Vec<(String, String, String, i64)> = Sql::new(
        "SELECT funnel, stage, reason, count(*) FROM deals WHERE reason IS NOT NULL \
         GROUP BY funnel, stage, reason ORDER BY funnel, stage, reason",
    )
    .load::<(Text, Text, Text, BigInt), _>(conn)?;
    let origins: Vec<(String, String, i64)> = Sql::new(
        "SELECT funnel, lost_from, count(*) FROM deals WHERE lost_from IS NOT NULL \
         GROUP BY funnel, lost_from ORDER BY funnel, lost_from",
    )
    .load::<(Text, Text, BigInt), _>(conn)?;
    let key = |text: String| Key::from(text);
    Ok(InUse {
        stages: stages
            .into_iter()
            .map(|(funnel, stage, open, all)| StageUse { funnel: key(funnel), stage: key(stage), open, all })
            .collect(),
        roles: counted(conn, unfolded("elements.value", dialect::ELEMENTS, "users, ", "roles"))?,
        origins: origins.into_iter().map(|(funnel, stage, n)| (key(funnel), key(stage), n)).collect(),
        grades: counted(conn, column("grade", "deals"))?,
        reasons: reasons.into_iter().map(|(f, s, reason, n)| (key(f), key(s), key(reason), n)).collect(),
        products: counted(conn, column("product", "deals"))?,
        customer_fields: counted(conn, unfolded("keys.key", dialect::OBJECT_KEYS, "customers, ", "fields"))?,
        deal_fields: counted(conn, unfolded("keys.key", dialect::OBJECT_KEYS, "deals, ", "fields"))?,
        user_fields: counted(conn, unfolded("keys.key", dialect::OBJECT_KEYS, "users, ", "fields"))?,
        activities: counted(conn, column("kind", "activities"))?,
        methods: counted(conn, column("method", "activities"))?,
    })
}

/// `SELECT column, count(*) FROM table`, by the column.
fn column(column: &'static str, table: &'static str) -> Sql {
    let mut sql = Sql::new("SELECT ");
    sql.push(column).push(", count(*) FROM ").push(table).push(" WHERE ").push(column).push(" IS NOT NULL GROUP BY ");
    sql.push(column).push(" ORDER BY ").push(column);
    sql
}

/// The same for the parts of a document.
fn unfolded(part: &'static str, by: (&'static str, &'static str), tables: &'static str, column: &'static str) -> Sql {
    let mut sql = Sql::new("SELECT ");
    sql.push(part).push(", count(*) FROM ").push(tables).push(by.0).push(column).push(by.1);
    sql.push(" GROUP BY ").push(part).push(" ORDER BY ").push(part).push(dialect::BY_CODE_POINT);
    sql
}

fn counted(conn: &mut Conn, sql: Sql) -> Result<Vec<(Key, i64)>, StoreError> {
    let rows: Vec<(String, i64)> = sql.load::<(Text, BigInt), _>(conn)?;
    Ok(rows.into_iter().map(|(key, n)| (Key::from(key), n)).collect())
}
