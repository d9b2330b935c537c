//! Versions of the rules, and what of them is in use.

use super::sql::Sql;
use super::{Conn, dialect, migrate, rules_drafts, rules_shadows};
use crate::rules::migrate::{Migration, What};
use crate::rules::renames::{Rename, Renames};
use crate::store::StoreError;
use crate::store::columns::Json;
use crate::store::entry::Entry;
use crate::store::rules_versions::{Activation, Countable, InUse, Migrated, RulesSource, RulesVersion};
use crate::store::schema::{epochs, renames, rules_file, rules_removed, rules_versions as versions};
use crate::values::{DraftId, Key, Time, UserId};
use diesel::dsl::max;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

/// Names in one statement: far below what either database binds.
const NAMES_AT_ONCE: usize = 500;

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
    activated_by: Option<UserId>,
    draft: Option<DraftId>,
    superseded_at: Option<Time>,
    migration: Option<Json<Migration>>,
    migrated: Option<Json<Migrated>>,
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
            activated_by: row.activated_by,
            draft: row.draft,
            superseded_at: row.superseded_at,
            migration: row.migration.map(|json| json.0),
            migrated: row.migrated.map(|json| json.0),
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
            versions::activated_by,
            versions::draft,
            versions::superseded_at,
            versions::migration,
            versions::migrated,
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
pub(super) fn activate(conn: &mut Conn, entry: &Entry, activation: &Activation) -> Result<(), StoreError> {
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
            versions::activated_by.eq(activation.activated_by),
            versions::draft.eq(activation.draft.map(|draft| draft.id)),
            versions::migration.eq(Json(activation.migration.clone())),
            versions::migrated.eq(Json(activation.migrated.clone())),
        ))
        .execute(conn)?;
    diesel::update(versions::table.find(activation.replaces))
        .set(versions::superseded_at.eq(activation.at))
        .execute(conn)?;
    if let Some(draft) = activation.draft {
        rules_drafts::activated(conn, draft.id, draft.version, activation.number)?;
        rules_shadows::activated(conn, draft.id, activation.at)?;
    }
    migrate::apply(conn, entry, activation)?;
    remember_renames(conn, &activation.renames)?;
    remember_names(conn, activation)?;
    diesel::update(epochs::table).set(epochs::rules_version.eq(activation.number)).execute(conn)?;
    if let Some(hash) = &activation.file_hash {
        put_rules_file_hash(conn, hash)?;
    }
    Ok(())
}

/// What becomes something else does so for all that was recorded of it before.
pub(super) fn remember_renames(conn: &mut Conn, found: &[Rename]) -> Result<(), StoreError> {
    for some in found.chunks(NAMES_AT_ONCE) {
        let row = |one: &Rename| {
            (
                renames::what.eq(one.what.word()),
                renames::above.eq(one.above.iter().map(Key::as_str).collect::<Vec<_>>().join(".")),
                renames::rules_version.eq(one.rules_version),
                renames::from_id.eq(one.from.clone()),
                renames::to_id.eq(one.to.clone()),
                renames::merged.eq(one.merged),
            )
        };
        diesel::insert_into(renames::table).values(some.iter().map(row).collect::<Vec<_>>()).execute(conn)?;
    }
    Ok(())
}

/// As they are kept.
type RenameRow = (String, String, i64, Key, Key, bool);

pub fn renames(conn: &mut Conn) -> Result<Renames, StoreError> {
    let rows: Vec<RenameRow> = renames::table.load(conn)?;
    read_renames(rows)
}

/// Those of stages.
pub(super) fn stage_renames(conn: &mut Conn) -> Result<Renames, StoreError> {
    let rows: Vec<RenameRow> = renames::table.filter(renames::what.eq(What::Stage.word())).load(conn)?;
    read_renames(rows)
}

fn read_renames(rows: Vec<RenameRow>) -> Result<Renames, StoreError> {
    let read = |(what, above, rules_version, from, to, merged): RenameRow| {
        let unknown = || StoreError::failed("reading a rename", format!("an unknown kind of thing: {what}"));
        let what = What::read(&what).ok_or_else(unknown)?;
        let above = above.split('.').filter(|id| !id.is_empty()).map(Key::new).collect();
        Ok(Rename { what, above, rules_version, from, to, merged })
    };
    Ok(Renames::new(rows.into_iter().map(read).collect::<Result<_, StoreError>>()?))
}

/// Names that go are remembered with the version that no longer has them; names that are there again are forgotten.
fn remember_names(conn: &mut Conn, activation: &Activation) -> Result<(), StoreError> {
    for names in activation.declared.chunks(NAMES_AT_ONCE) {
        diesel::delete(rules_removed::table.filter(rules_removed::name.eq_any(names))).execute(conn)?;
    }
    for name in &activation.removed {
        diesel::insert_into(rules_removed::table)
            .values((rules_removed::name.eq(name), rules_removed::removed_in.eq(activation.number)))
            .on_conflict(rules_removed::name)
            .do_update()
            .set(rules_removed::removed_in.eq(activation.number))
            .execute(conn)?;
    }
    Ok(())
}

pub fn hold_epochs(conn: &mut Conn) -> Result<bool, StoreError> {
    if dialect::WRITES_TOGETHER {
        let mut sql = Sql::new("SELECT pg_advisory_xact_lock(");
        sql.bind(dialect::RULES_LOCK).push(")");
        sql.execute(conn)?;
    }
    super::people::lock_epochs(conn)?;
    Ok(dialect::WRITES_TOGETHER)
}

pub fn names_removed(conn: &mut Conn, names: &[String]) -> Result<Vec<(String, i64)>, StoreError> {
    let all: Vec<(String, i64)> = rules_removed::table.order(rules_removed::name).load(conn)?;
    Ok(all.into_iter().filter(|(name, _)| names.contains(name)).collect())
}

pub fn rules_version_of(conn: &mut Conn, hash: &str) -> Result<Option<i64>, StoreError> {
    let earliest = versions::table.filter(versions::hash.eq(hash)).order(versions::number);
    Ok(earliest.select(versions::number).first(conn).optional()?)
}

pub fn rules_in_use(conn: &mut Conn, of: &[Countable]) -> Result<InUse, StoreError> {
    let mut used = InUse::default();
    if of.is_empty() {
        return Ok(used);
    }
    migrate::patiently(conn)?;
    for countable in of {
        match countable {
            Countable::Stages => used.stages = counted_pairs(conn, ["funnel", "stage"], "deals")?,
            Countable::Roles => {
                used.roles = counted(conn, unfolded("elements.value", dialect::ELEMENTS, "users", "roles"))?
            }
            Countable::Origins => used.origins = counted_pairs(conn, ["funnel", "lost_from"], "deals")?,
            Countable::Grades => used.grades = counted(conn, column("grade", "deals"))?,
            Countable::Reasons => used.reasons = reasons(conn)?,
            Countable::Products => used.products = counted(conn, column("product", "deals"))?,
            Countable::Fields(record) => {
                let table = migrate::table_of(record);
                let fields = counted(conn, unfolded("keys.key", dialect::OBJECT_KEYS, table, "fields"))?;
                used.fields.extend(fields.into_iter().map(|(field, n)| (Key::new(record), field, n)));
            }
            Countable::Choices(record) => used.choices.extend(choices(conn, record)?),
            Countable::Activities => used.activities = counted(conn, column("kind", "activities"))?,
            Countable::Outcomes => used.outcomes = counted_pairs(conn, ["kind", "outcome"], "activities")?,
            Countable::Methods => used.methods = counted(conn, column("method", "activities"))?,
        }
    }
    Ok(used)
}

/// `SELECT both, count(*) FROM table`, by both, where there is the second.
fn counted_pairs(
    conn: &mut Conn,
    [first, second]: [&'static str; 2],
    table: &'static str,
) -> Result<Vec<(Key, Key, i64)>, StoreError> {
    let mut sql = Sql::new("SELECT ");
    sql.push(first).push(", ").push(second).push(", count(*) FROM ").push(table).push(" WHERE ").push(second);
    sql.push(" IS NOT NULL GROUP BY ").push(first).push(", ").push(second);
    sql.push(" ORDER BY ").push(first).push(", ").push(second);
    let rows: Vec<(String, String, i64)> = sql.load::<(Text, Text, BigInt), _>(conn)?;
    Ok(rows.into_iter().map(|(first, second, n)| (Key::from(first), Key::from(second), n)).collect())
}

fn reasons(conn: &mut Conn) -> Result<Vec<(Key, Key, Key, i64)>, StoreError> {
    let sql = Sql::new(
        "SELECT funnel, stage, reason, count(*) FROM deals WHERE reason IS NOT NULL \
         GROUP BY funnel, stage, reason ORDER BY funnel, stage, reason",
    );
    let rows: Vec<(String, String, String, i64)> = sql.load::<(Text, Text, Text, BigInt), _>(conn)?;
    let key = |text: String| Key::from(text);
    Ok(rows.into_iter().map(|(funnel, stage, reason, n)| (key(funnel), key(stage), key(reason), n)).collect())
}

/// Choices in the fields of a kind of record: one of `choice`, each of `choices`.
fn choices(conn: &mut Conn, record: &str) -> Result<Vec<(Key, Key, Key, i64)>, StoreError> {
    let mut sql = Sql::new("SELECT f.key, c.value, count(*) FROM ");
    sql.push(migrate::table_of(record)).push(dialect::CHOICES).push(" GROUP BY f.key, c.value ORDER BY f.key");
    sql.push(dialect::BY_CODE_POINT).push(", c.value").push(dialect::BY_CODE_POINT);
    let rows: Vec<(String, String, i64)> = sql.load::<(Text, Text, BigInt), _>(conn)?;
    let of = |(field, choice, n)| (Key::new(record), Key::from(field), Key::from(choice), n);
    Ok(rows.into_iter().map(of).collect())
}

pub fn records_with_both(conn: &mut Conn, entity: &str, field: &Key, other: &Key) -> Result<i64, StoreError> {
    let mut sql = Sql::new("SELECT count(*) FROM ");
    sql.push(migrate::table_of(entity)).push(" WHERE ").append(migrate::has_field(field));
    sql.push(" AND ").append(migrate::has_field(other));
    let rows: Vec<i64> = sql.load::<BigInt, _>(conn)?;
    Ok(rows.first().copied().unwrap_or(0))
}

/// `SELECT column, count(*) FROM table`, by the column.
fn column(column: &'static str, table: &'static str) -> Sql {
    let mut sql = Sql::new("SELECT ");
    sql.push(column).push(", count(*) FROM ").push(table).push(" WHERE ").push(column).push(" IS NOT NULL GROUP BY ");
    sql.push(column).push(" ORDER BY ").push(column);
    sql
}

/// The same for the parts of a document.
fn unfolded(part: &'static str, by: (&'static str, &'static str), table: &'static str, column: &'static str) -> Sql {
    let mut sql = Sql::new("SELECT ");
    sql.push(part).push(", count(*) FROM ").push(table).push(", ").push(by.0).push(column).push(by.1);
    sql.push(" GROUP BY ").push(part).push(" ORDER BY ").push(part).push(dialect::BY_CODE_POINT);
    sql
}

fn counted(conn: &mut Conn, sql: Sql) -> Result<Vec<(Key, i64)>, StoreError> {
    let rows: Vec<(String, i64)> = sql.load::<(Text, BigInt), _>(conn)?;
    Ok(rows.into_iter().map(|(key, n)| (Key::from(key), n)).collect())
}
