//! `RowFilter` as SQL: which deals and customers its holder sees, and on which of them a field is open.

use super::condition::{Rows, all_open};
use super::sql::Sql;
use crate::engine::filter::{Alternative, OpenWhere, RowFilter, ScopeFilter};
use crate::rules::expression::{Path, Predicate};
use crate::values::{TeamId, UserId};
use std::collections::BTreeSet;

const NOWHERE: &str = "(1 = 0)";
const EVERYWHERE: &str = "(1 = 1)";

/// A deal and its owner beside the customer.
const WITH_DEAL: Rows<'static> = Rows { deal: true, open: &all_open };
/// A customer without deals: what is asked of a deal is unknown.
const WITHOUT_DEAL: Rows<'static> = Rows { deal: false, open: &all_open };

/// Deals (`d`, with `c` and `o`) that the filter lets through.
pub(super) fn deals(filter: &RowFilter) -> Sql {
    let mut all = vec![any_deal(filter.any.iter())];
    all.extend(filter.never.iter().map(|never| is_false(&WITH_DEAL, never)));
    Sql::joined(all, " AND ", EVERYWHERE)
}

/// On which of those deals the field is open; nothing if on all.
pub(super) fn open_on_deals(filter: &RowFilter, path: &Path) -> Option<Sql> {
    match filter.open_where(path) {
        OpenWhere::Everywhere => None,
        OpenWhere::Any(ways) => Some(any_deal(ways)),
        OpenWhere::Nowhere => Some(Sql::new(NOWHERE)),
    }
}

fn any_deal<'a>(ways: impl IntoIterator<Item = &'a Alternative>) -> Sql {
    Sql::joined(ways.into_iter().map(deal_way), " OR ", NOWHERE)
}

fn deal_way(way: &Alternative) -> Sql {
    let mut all = vec![deal_scope(&way.scope)];
    all.extend(way.when.iter().map(|when| WITH_DEAL.condition(when)));
    Sql::joined(all, " AND ", EVERYWHERE)
}

fn deal_scope(scope: &ScopeFilter) -> Sql {
    let mut sql = Sql::new("(");
    match scope {
        ScopeFilter::Own(user) => sql.append(owned_by(*user)),
        // The owner's team as it is now; a subselect, so that the index on owners is used.
        ScopeFilter::Teams(user, teams) => sql
            .append(owned_by(*user))
            .push(" OR d.owner IN (SELECT id FROM users WHERE team IN ")
            .append(ids(teams))
            .push(")"),
        ScopeFilter::Pool(teams) => {
            sql.push("d.owner IS NULL AND (d.team IS NULL OR d.team IN ").append(ids(teams)).push(")")
        }
        ScopeFilter::Pools => sql.push("d.owner IS NULL"),
        ScopeFilter::All => sql.push("1 = 1"),
    };
    sql.push(")");
    sql
}

fn owned_by(user: UserId) -> Sql {
    let mut sql = Sql::new("d.owner = ");
    sql.bind(user);
    sql
}

fn ids(teams: &BTreeSet<TeamId>) -> Sql {
    let one = |team: &TeamId| {
        let mut sql = Sql::default();
        sql.bind(*team);
        sql
    };
    let mut sql = Sql::new("(");
    if teams.is_empty() {
        sql.push("NULL");
    } else {
        sql.append(Sql::listed(teams.iter().map(one)));
    }
    sql.push(")");
    sql
}

/// False, and not merely unknown.
fn is_false(rows: &Rows<'_>, predicate: &Predicate) -> Sql {
    let mut sql = Sql::new("((");
    sql.append(rows.condition(predicate)).push(") IS FALSE)");
    sql
}

/// Customers (`c`) that the filter lets through: by any of their deals; while there is none, as the creator's.
pub(super) fn customers(filter: &RowFilter) -> Sql {
    let mut all = vec![any_customer(filter.any.iter())];
    for never in &filter.never {
        // No deal for which it is not false; and false of the customer himself while he has none.
        let mut refused = Sql::new("NOT ");
        let mut not_false = Sql::new("NOT ");
        not_false.append(is_false(&WITH_DEAL, never));
        refused.append(some_deal(not_false));
        all.push(refused);
        let mut alone = Sql::new("(");
        alone.append(some_deal(Sql::new(EVERYWHERE))).push(" OR ").append(is_false(&WITHOUT_DEAL, never)).push(")");
        all.push(alone);
    }
    Sql::joined(all, " AND ", EVERYWHERE)
}

/// On which of those customers the field is open; nothing if on all.
pub(super) fn open_on_customers(filter: &RowFilter, path: &Path) -> Option<Sql> {
    match filter.open_where(path) {
        OpenWhere::Everywhere => None,
        OpenWhere::Any(ways) => Some(any_customer(ways)),
        OpenWhere::Nowhere => Some(Sql::new(NOWHERE)),
    }
}

fn any_customer<'a>(ways: impl IntoIterator<Item = &'a Alternative>) -> Sql {
    Sql::joined(ways.into_iter().map(customer_way), " OR ", NOWHERE)
}

fn customer_way(way: &Alternative) -> Sql {
    if way.scope == ScopeFilter::All && way.when.is_none() {
        return Sql::new(EVERYWHERE);
    }
    let mut sql = Sql::new("(");
    sql.append(some_deal(deal_way(way)));
    sql.push(" OR (NOT ").append(some_deal(Sql::new(EVERYWHERE)));
    sql.push(" AND ").append(creator_scope(&way.scope));
    if let Some(when) = &way.when {
        sql.push(" AND ").append(WITHOUT_DEAL.condition(when));
    }
    sql.push("))");
    sql
}

/// Who stands in for the owner while there is no deal.
fn creator_scope(scope: &ScopeFilter) -> Sql {
    match scope {
        ScopeFilter::Own(user) | ScopeFilter::Teams(user, _) => {
            let mut sql = Sql::new("c.creator = ");
            sql.bind(*user);
            sql
        }
        ScopeFilter::Pool(_) | ScopeFilter::Pools => Sql::new("c.creator IS NULL"),
        ScopeFilter::All => Sql::new(EVERYWHERE),
    }
}

/// Whether the customer has a deal for which it holds.
fn some_deal(condition: Sql) -> Sql {
    let mut sql =
        Sql::new("EXISTS (SELECT 1 FROM deals d LEFT JOIN users o ON o.id = d.owner WHERE d.customer = c.id AND ");
    sql.append(condition).push(")");
    sql
}
