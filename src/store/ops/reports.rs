//! Counts for the funnel report, straight from history and deals: exact, and as dear as a scan of them.

use super::Conn;
use super::condition::Rows;
use super::lists::{FROM_DEALS, overdue};
use super::sql::Sql;
use super::visibility::{self, open_on_deals};
use crate::engine::filter::RowFilter;
use crate::rules::expression::{Entity, Path};
use crate::store::StoreError;
use crate::store::columns::Uid;
use crate::store::reports::{CountBy, Flow, FlowQuery, Standing, StandingQuery};
use crate::values::{Key, TeamId, UserId};
use diesel::sql_types::{BigInt, Nullable, Text};

/// Typed, for PostgreSQL: nothing else says of which type it is.
const NO_ID: &str = "CAST(NULL AS uuid)";

/// Each line of history is a visit that ends, one that begins, or both; a change of owner moves one from hand to hand.
pub fn report_flows(conn: &mut Conn, query: &FlowQuery) -> Result<Vec<Flow>, StoreError> {
    let mut sql = Sql::new("SELECT stage, held_by");
    sql.push(", CAST(sum(CASE WHEN at < ").bind(query.from).push(" THEN delta ELSE 0 END) AS BIGINT)");
    sql.push(", CAST(sum(delta) AS BIGINT)");
    for way in ["'entered'", "'forward'", "'back'", "'lost'", "'reopened'", "'handed_in'", "'handed_out'"] {
        sql.push(", CAST(sum(CASE WHEN way = ").push(way).push(" AND at >= ").bind(query.from);
        sql.push(" THEN 1 ELSE 0 END) AS BIGINT)");
    }
    sql.push(" FROM (SELECT h.at, h.to_stage AS stage, 1 AS delta,");
    sql.push(" CASE h.kind WHEN 'owner' THEN 'handed_in' ELSE 'entered' END AS way, ");
    sql.append(held_by(query, "h.new_owner", "h.new_team")).push(" AS held_by").append(lines(query));
    sql.push(" UNION ALL SELECT h.at, CASE h.kind WHEN 'owner' THEN h.to_stage ELSE h.from_stage END, -1,");
    sql.push(" CASE h.kind WHEN 'owner' THEN 'handed_out' ELSE h.kind END, ");
    sql.append(held_by(query, "h.owner", "h.team")).append(lines(query)).push(" AND h.kind <> 'created'");
    sql.push(") AS lines GROUP BY stage, held_by ORDER BY stage, held_by");
    type Columns = (Text, Nullable<Uid>, BigInt, BigInt, BigInt, BigInt, BigInt, BigInt, BigInt, BigInt, BigInt);
    type Row = (Key, Option<UserId>, i64, i64, i64, i64, i64, i64, i64, i64, i64);
    let rows: Vec<Row> = sql.load::<Columns, _>(conn)?;
    let flow = |row: Row| {
        let (stage, held_by, stock_from, stock_to, entered, forward, back, lost, reopened, handed_in, handed_out) = row;
        let (owner, team) = told_apart(query.by, held_by);
        Flow { stage, owner, team, stock_from, stock_to, entered, forward, back, lost, reopened, handed_in, handed_out }
    };
    Ok(rows.into_iter().map(flow).collect())
}

/// History of the visible deals up to the end of the period.
fn lines(query: &FlowQuery) -> Sql {
    let mut sql = Sql::new(" FROM history h INNER JOIN deals d ON d.id = h.deal ");
    sql.push("INNER JOIN customers c ON c.id = d.customer LEFT JOIN users o ON o.id = d.owner WHERE h.funnel = ");
    sql.bind(&query.funnel).push(" AND h.at < ").bind(query.to);
    sql.push(" AND ").append(visibility::deals(&query.filter));
    sql
}

fn held_by(query: &FlowQuery, owner: &'static str, team: &'static str) -> Sql {
    let column = match query.by {
        CountBy::Stage => return Sql::new(NO_ID),
        CountBy::Team => team,
        CountBy::Owner => owner,
    };
    shown_owner(&query.filter, Sql::new(column))
}

/// Who may not see a deal's owner is not told whose it is by a count either.
fn shown_owner(filter: &RowFilter, column: Sql) -> Sql {
    let Some(open) = open_on_deals(filter, &Path { entity: Entity::Deal, name: Key::new("owner") }) else {
        return column;
    };
    let mut sql = Sql::new("(CASE WHEN ");
    sql.append(open).push(" THEN ").append(column).push(" END)");
    sql
}

fn told_apart(by: CountBy, held_by: Option<UserId>) -> (Option<UserId>, Option<TeamId>) {
    match by {
        CountBy::Stage => (None, None),
        CountBy::Team => (None, held_by.map(|id| TeamId(id.0))),
        CountBy::Owner => (held_by, None),
    }
}

pub fn report_standing(conn: &mut Conn, query: &StandingQuery) -> Result<Vec<Standing>, StoreError> {
    let open = |path: &Path| open_on_deals(&query.filter, path);
    let rows = Rows { deal: true, open: &open };
    let mut sql = Sql::new("SELECT stage, held_by, count(*), CAST(sum(late) AS BIGINT) FROM (SELECT d.stage, ");
    sql.append(match query.by {
        CountBy::Stage => Sql::new(NO_ID),
        CountBy::Team => {
            shown_owner(&query.filter, Sql::new("(CASE WHEN d.owner IS NULL THEN d.team ELSE o.team END)"))
        }
        CountBy::Owner => shown_owner(&query.filter, Sql::new("d.owner")),
    });
    sql.push(" AS held_by, CASE WHEN ").append(overdue(&rows, &query.overdue));
    sql.push(" THEN 1 ELSE 0 END AS late").push(FROM_DEALS).append(visibility::deals(&query.filter));
    sql.push(" AND d.funnel = ").bind(&query.funnel);
    sql.push(") AS standing GROUP BY stage, held_by ORDER BY stage, held_by");
    let rows: Vec<(Key, Option<UserId>, i64, i64)> = sql.load::<(Text, Nullable<Uid>, BigInt, BigInt), _>(conn)?;
    let standing = |(stage, held_by, deals, overdue)| {
        let (owner, team) = told_apart(query.by, held_by);
        Standing { stage, owner, team, deals, overdue }
    };
    Ok(rows.into_iter().map(standing).collect())
}
