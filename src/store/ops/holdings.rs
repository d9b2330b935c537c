//! How many deals an owner holds in a stage. Counted here and nowhere by counting rows in a writing statement: two
//! callers would both pass a cap of one. The database's own check `holding_cap` decides.

use super::sql::Sql;
use super::{Conn, dialect};
use crate::engine::effects::HoldingChange;
use crate::store::StoreError;
use crate::store::columns::Uid;
use crate::store::deals::Amiss;
use crate::values::{Key, UserId};
use diesel::sql_types::{Integer, Text};
use std::collections::BTreeMap;

/// All steps as one ordered upsert, from what stands `beside` them. Two statements, or another order, and two moves that
/// cross would wait for each other; leaving lifts the row's cap, so that a lowered cap never keeps a deal from leaving.
pub(in crate::store) fn upsert<'a>(
    steps: impl Iterator<Item = &'a HoldingChange>,
    beside: &'static str,
) -> Option<Sql> {
    let mut rows: BTreeMap<(UserId, &Key, &Key), (i64, Option<u32>)> = BTreeMap::new();
    for step in steps {
        let row = rows.entry((step.owner, &step.funnel, &step.stage)).or_default();
        row.0 += i64::from(step.step);
        row.1 = row.1.or(step.cap);
    }
    rows.retain(|_, (step, _)| *step != 0);
    if rows.is_empty() {
        return None;
    }
    let values = rows.into_iter().map(|((owner, funnel, stage), (step, cap))| {
        let mut row = Sql::new("(");
        row.bind(owner).push(", ").bind(funnel).push(", ").bind(stage);
        row.push(", ").bind(step).push(", ").bind(cap.map(i64::from)).push(")");
        row
    });
    let mut sql = Sql::new(
        "INSERT INTO holdings (owner, funnel, stage, n, cap) SELECT v.column1, v.column2, v.column3, \
         CAST(v.column4 AS INTEGER), CAST(v.column5 AS INTEGER) FROM (VALUES ",
    );
    sql.append(Sql::listed(values)).push(") AS v").push(beside);
    sql.push(" WHERE 1 = 1 ORDER BY v.column1, v.column2").push(dialect::BY_CODE_POINT);
    sql.push(", v.column3").push(dialect::BY_CODE_POINT);
    sql.push(" ON CONFLICT (owner, funnel, stage) DO UPDATE SET n = holdings.n + excluded.n, cap = excluded.cap");
    Some(sql)
}

/// What the owner holds, by (funnel, stage); stages without a deal are left out.
pub fn holdings_of(conn: &mut Conn, owner: UserId) -> Result<BTreeMap<(Key, Key), u32>, StoreError> {
    let mut sql = Sql::new("SELECT funnel, stage, n FROM holdings WHERE n > 0 AND owner = ");
    sql.bind(owner);
    let rows: Vec<(Key, Key, i32)> = sql.load::<(Text, Text, Integer), _>(conn)?;
    Ok(rows.into_iter().map(|(funnel, stage, n)| ((funnel, stage), u32::try_from(n).unwrap_or(0))).collect())
}

/// Where the counts differ from a recount of the deals.
pub fn holdings_amiss(conn: &mut Conn) -> Result<Vec<Amiss>, StoreError> {
    let sql = Sql::new(
        "SELECT owner, funnel, stage, CAST(sum(counted) AS BIGINT), CAST(sum(held) AS BIGINT) FROM ( \
           SELECT owner, funnel, stage, n AS counted, 0 AS held FROM holdings UNION ALL \
           SELECT owner, funnel, stage, 0, 1 FROM deals WHERE owner IS NOT NULL \
         ) AS both_counts GROUP BY owner, funnel, stage HAVING sum(counted) <> sum(held)",
    );
    use diesel::sql_types::BigInt;
    Ok(sql.load::<(Uid, Text, Text, BigInt, BigInt), _>(conn)?)
}
