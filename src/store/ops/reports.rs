//! Counts for the funnel report, from history since the beginning of the period and from what stands now: exact, and as
//! dear as what happened since. What stood there at the beginning is what stands now, less all that came and left since:
//! the years before are not read.

use super::Conn;
use super::condition::Rows;
use super::lists::{FROM_DEALS, overdue};
use super::rules_versions::stage_renames;
use super::sql::Sql;
use super::visibility::{self, open_on_deals};
use crate::insight::funnel::{Count, Exits, Holder, Line};
use crate::rules::expression::{Entity, Path};
use crate::rules::renames::Renames;
use crate::store::StoreError;
use crate::store::columns::Uid;
use crate::store::reports::FunnelQuery;
use crate::values::{Key, TeamId, UserId};
use diesel::sql_types::{BigInt, Nullable, Text};
use std::collections::BTreeMap;

type Lines = BTreeMap<(Key, Holder), Line>;

pub fn funnel_counts(conn: &mut Conn, query: &FunnelQuery) -> Result<Vec<Count>, StoreError> {
    let renames = stage_renames(conn)?;
    let mut lines = Lines::new();
    add_standing(conn, query, &mut lines)?;
    add_flows(conn, query, &renames, &mut lines)?;
    add_cohorts(conn, query, &renames, &mut lines)?;
    let count = |((stage, holder), line)| Count { stage, holder, line };
    Ok(lines.into_iter().filter(|(_, line)| *line != Line::default()).map(count).collect())
}

fn line(lines: &mut Lines, stage: Key, owner: Option<UserId>, pool: Option<TeamId>) -> &mut Line {
    lines.entry((stage, Holder { owner, pool })).or_default()
}

/// What a stage of a line of history is called by now.
fn called(query: &FunnelQuery, renames: &Renames, column: &'static str) -> Sql {
    let mut cases = renames.iter().filter(|one| one.above == [query.funnel.clone()]).peekable();
    if cases.peek().is_none() {
        return Sql::new(column);
    }
    let mut sql = Sql::new("(CASE");
    // The earliest first: of several stages that had a name one after the other, each has its own case.
    for one in cases {
        let now = renames.stage_now(&query.funnel, &one.from, one.rules_version - 1);
        sql.push(" WHEN ").push(column).push(" = ").bind(&one.from);
        sql.push(" AND h.rules_version < ").bind(one.rules_version).push(" THEN ").bind(&now);
    }
    sql.push(" ELSE ").push(column).push(" END)");
    sql
}

/// Each line of history is a visit that ends, one that begins, or both; a change of owner moves one from hand to hand.
/// Lines after the period only lead back from what stands now to what stood at its beginning.
fn add_flows(conn: &mut Conn, query: &FunnelQuery, renames: &Renames, lines: &mut Lines) -> Result<(), StoreError> {
    let mut sql = Sql::new("SELECT stage, owner, pool");
    sql.push(", CAST(-sum(delta) AS BIGINT)");
    for way in ["'entered'", "'forward'", "'back'", "'lost'", "'reopened'", "'received'", "'handed_over'"] {
        sql.push(", CAST(sum(CASE WHEN way = ").push(way).push(" AND at < ").bind(query.to);
        sql.push(" THEN 1 ELSE 0 END) AS BIGINT)");
    }
    sql.push(" FROM (SELECT h.at, ").append(called(query, renames, "h.to_stage")).push(" AS stage, 1 AS delta,");
    sql.push(" CASE h.kind WHEN 'owner' THEN 'received' ELSE 'entered' END AS way, ");
    sql.append(holder(query, "h.new_owner", "h.new_team")).append(history(query));
    sql.push(" UNION ALL SELECT h.at, CASE h.kind WHEN 'owner' THEN ").append(called(query, renames, "h.to_stage"));
    sql.push(" ELSE ").append(called(query, renames, "h.from_stage")).push(" END, -1,");
    sql.push(" CASE h.kind WHEN 'owner' THEN 'handed_over' ELSE h.kind END, ");
    sql.append(holder(query, "h.owner", "h.team")).append(history(query)).push(" AND h.kind <> 'created'");
    sql.push(") AS flows GROUP BY stage, owner, pool");
    type Columns = (Text, Nullable<Uid>, Nullable<Uid>, BigInt, BigInt, BigInt, BigInt, BigInt, BigInt, BigInt, BigInt);
    type Row = (Key, Option<UserId>, Option<TeamId>, i64, i64, i64, i64, i64, i64, i64, i64);
    let rows: Vec<Row> = sql.load::<Columns, _>(conn)?;
    for (stage, owner, pool, less, entered, forward, back, lost, reopened, received, handed_over) in rows {
        line(lines, stage, owner, pool).add(&Line {
            stock_start: less,
            entered,
            left: Exits { forward, back, lost, reopened },
            received,
            handed_over,
            ..Line::default()
        });
    }
    Ok(())
}

/// Of each visit begun in the period: what ended it before the period's end, which is the deal's next line.
fn add_cohorts(conn: &mut Conn, query: &FunnelQuery, renames: &Renames, lines: &mut Lines) -> Result<(), StoreError> {
    let mut sql = Sql::new("SELECT stage, owner, pool");
    for fate in [" = 'forward'", " = 'back'", " = 'lost'", " = 'reopened'", " IS NULL"] {
        sql.push(", CAST(sum(CASE WHEN fate").push(fate).push(" THEN 1 ELSE 0 END) AS BIGINT)");
    }
    sql.push(" FROM (SELECT ")
        .append(called(query, renames, "h.to_stage"))
        .push(" AS stage, lead(h.kind) OVER (PARTITION BY h.deal ORDER BY h.seq) AS fate, ");
    sql.append(holder(query, "h.new_owner", "h.new_team")).append(history(query));
    sql.push(" AND h.at < ").bind(query.to).push(" AND h.kind <> 'owner'");
    sql.push(") AS visits GROUP BY stage, owner, pool");
    type Columns = (Text, Nullable<Uid>, Nullable<Uid>, BigInt, BigInt, BigInt, BigInt, BigInt);
    type Row = (Key, Option<UserId>, Option<TeamId>, i64, i64, i64, i64, i64);
    let rows: Vec<Row> = sql.load::<Columns, _>(conn)?;
    for (stage, owner, pool, forward, back, lost, reopened, cohort_open) in rows {
        let cohort = Exits { forward, back, lost, reopened };
        line(lines, stage, owner, pool).add(&Line { cohort, cohort_open, ..Line::default() });
    }
    Ok(())
}

fn add_standing(conn: &mut Conn, query: &FunnelQuery, lines: &mut Lines) -> Result<(), StoreError> {
    let open = |path: &Path| open_on_deals(&query.filter, path);
    let mut sql = Sql::new("SELECT stage, owner, pool, count(*), CAST(sum(late) AS BIGINT) FROM (SELECT d.stage, ");
    sql.append(holder(query, "d.owner", "d.team")).push(", CASE WHEN ");
    sql.append(overdue(&Rows { deal: true, open: &open }, &query.overdue)).push(" THEN 1 ELSE 0 END AS late");
    sql.push(FROM_DEALS).push("d.funnel = ").bind(&query.funnel).append(wanted(query));
    sql.push(") AS standing GROUP BY stage, owner, pool");
    type Columns = (Text, Nullable<Uid>, Nullable<Uid>, BigInt, BigInt);
    let rows: Vec<(Key, Option<UserId>, Option<TeamId>, i64, i64)> = sql.load::<Columns, _>(conn)?;
    for (stage, owner, pool, standing, overdue) in rows {
        line(lines, stage, owner, pool).add(&Line { stock_start: standing, standing, overdue, ..Line::default() });
    }
    Ok(())
}

/// History since the beginning of the period. Outer joins, though what is joined is always there: a database leaves out
/// those that nothing asks for.
fn history(query: &FunnelQuery) -> Sql {
    let mut sql = Sql::new(" FROM history h LEFT JOIN deals d ON d.id = h.deal ");
    sql.push("LEFT JOIN customers c ON c.id = d.customer LEFT JOIN users o ON o.id = d.owner WHERE h.funnel = ");
    sql.bind(&query.funnel).push(" AND h.at >= ").bind(query.from);
    // A change of rules that gives a stage another name is no work of anybody's: it has that name from the beginning.
    sql.push(" AND h.kind <> 'migrated'").append(wanted(query));
    sql
}

/// Of deals that the caller sees and asked for.
fn wanted(query: &FunnelQuery) -> Sql {
    let open = |path: &Path| open_on_deals(&query.filter, path);
    let rows = Rows { deal: true, open: &open };
    let mut sql = Sql::new(" AND ");
    sql.append(visibility::deals(&query.filter));
    for condition in &query.conditions {
        sql.push(" AND ").append(rows.condition(condition));
    }
    sql
}

/// Owner, and the pool of what has none. Who may not see a deal's owner is not told whose it is by a count either.
fn holder(query: &FunnelQuery, owner: &'static str, team: &'static str) -> Sql {
    let open = open_on_deals(&query.filter, &Path { entity: Entity::Deal, name: Key::new("owner") });
    let shown = |column: Sql| match open.clone() {
        None => column,
        Some(open) => {
            let mut sql = Sql::new("(CASE WHEN ");
            sql.append(open).push(" THEN ").append(column).push(" END)");
            sql
        }
    };
    let mut pool = Sql::new("(CASE WHEN ");
    pool.push(owner).push(" IS NULL THEN ").push(team).push(" END)");
    let mut sql = shown(Sql::new(owner));
    sql.push(" AS owner, ").append(shown(pool)).push(" AS pool");
    sql
}
