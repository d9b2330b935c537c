//! A whole write as one prepared statement that commits by itself: what `ops::record` does step by step, in one round
//! trip.
//!
//! Its parts are common table expressions. Those that lock are taken first and in the one order (epochs `e`, customer
//! `c`, deal `u`); everything after comes FROM `u`, so that where a version differs nothing is written. Only what can
//! be stopped by a version alone fits in here: what would have to be taken back is done step by step.

use super::ops::record::{changes_customer, line, steps};
use super::ops::sql::Sql;
use super::ops::{customer_writes, deal_writes, holdings, log};
use super::{Conn, dialect};
use crate::engine::effects::CustomerCreation;
use crate::store::StoreError;
use crate::store::entry::{CustomerGuard, Effect, Entry};
use diesel::sql_types::{BigInt, Bool, Nullable};

/// The statement.
#[derive(Debug)]
pub(in crate::store) struct Once(Sql);

impl Once {
    /// The entry with its effect; nothing if they need more than one statement.
    pub fn of(entry: &Entry, effects: &[Effect<'_>]) -> Result<Option<Self>, StoreError> {
        let effect = match effects {
            [] => None,
            [effect] if fits(effect) => Some(effect),
            _ => return Ok(None),
        };
        let changed = effect.and_then(changes_customer);
        let guard = entry.guards.customer;
        if changed.is_some_and(|customer| guard.map(|guard| guard.customer) != Some(customer)) {
            return Ok(None);
        }
        let mut sql = Sql::new("WITH e AS MATERIALIZED (SELECT 1");
        if let Some(epochs) = entry.guards.epochs {
            sql.push(" FROM epochs WHERE id = 1 AND rules_version = ").bind(epochs.rules_version);
            sql.push(" AND people_epoch = ").bind(epochs.people_epoch).push(" FOR KEY SHARE");
        }
        sql.push(")");
        if let Some(CustomerGuard { customer, facts_version }) = guard {
            sql.push(", c AS MATERIALIZED (SELECT 1 FROM customers WHERE id = ").bind(customer);
            sql.push(" AND facts_version = ").bind(facts_version);
            // Every writer of a customer's facts takes him so: see `ops::record`.
            sql.push(if changed.is_some() { " FOR UPDATE)" } else { " FOR KEY SHARE)" });
        }
        sql.push(", u AS (").append(subject(entry, effect, guard.is_some())?).push(")");
        if let Some(customer) = changed {
            sql.push(", f AS (UPDATE customers SET facts_version = facts_version + 1 FROM u WHERE id = ")
                .bind(customer);
            sql.push(")");
        }
        for (name, part) in parts(effect, entry) {
            sql.push(name).append(part).push(")");
        }
        let personal = log::personal(entry)?;
        sql.push(", x AS (").append(log::decision_line(entry, personal.as_ref())?).push(" FROM u RETURNING seq)");
        if let Some(personal) = personal {
            sql.push(", p AS (").append(log::personal_line(entry, personal)).push("seq FROM x)");
        }
        if let Some(key) = log::key_line(entry) {
            sql.push(", i AS (").append(key).push("seq FROM x)");
        }
        sql.push(" SELECT EXISTS (SELECT FROM e), (SELECT seq FROM x)");
        Ok(Some(Self(sql)))
    }

    /// Writes it all, or nothing.
    pub fn write(self, conn: &mut Conn) -> Result<(), StoreError> {
        let rows: Vec<(bool, Option<i64>)> = self.0.load::<(Bool, Nullable<BigInt>), _>(conn)?;
        match rows.first() {
            Some((_, Some(_))) => Ok(()),
            Some((true, None)) => Err(StoreError::Stale),
            Some((false, None)) | None => Err(StoreError::RulesChanged),
        }
    }
}

/// Whether a version alone can stand against the effect.
fn fits(effect: &Effect<'_>) -> bool {
    match effect {
        Effect::CustomerCreation(_)
        | Effect::DealCreation(_)
        | Effect::DealChange(_)
        | Effect::Move(_)
        | Effect::Grading(_)
        | Effect::Assignment(_)
        | Effect::ActivityLogged(_) => true,
        Effect::ContractChange(change) => change.is_new,
        Effect::PaymentChange(change) => change.is_new,
        Effect::CustomerChange(_)
        | Effect::People(_)
        | Effect::Rules(_)
        | Effect::Draft(_)
        | Effect::Replay(_)
        | Effect::Preview(_)
        | Effect::Shadow(_) => false,
    }
}

/// What everything else comes from: one row if all versions are as they were read, and none otherwise.
fn subject(entry: &Entry, effect: Option<&Effect<'_>>, of_customer: bool) -> Result<Sql, StoreError> {
    let held = if of_customer { "EXISTS (SELECT FROM e) AND EXISTS (SELECT FROM c)" } else { "EXISTS (SELECT FROM e)" };
    let update = match effect {
        Some(effect) => deal_writes::update(entry, effect)?,
        None => None,
    };
    let made = match effect {
        Some(Effect::DealCreation(creation)) => Some(deal_writes::create(creation)?),
        Some(Effect::CustomerCreation(creation)) => Some(customer_writes::create(creation)?),
        _ => None,
    };
    let mut sql = match (update, made, entry.guards.deal) {
        (Some(mut update), _, _) => {
            update.push(" AND ").push(held).push(" RETURNING 1 AS one");
            return Ok(update);
        }
        (None, Some(made), _) => made,
        // A refusal changes no deal; but it too must rest on facts of one moment.
        (None, None, Some(guard)) => {
            let mut sql = Sql::new("SELECT 1 AS one FROM deals");
            sql.append(deal_writes::as_read(guard)).push(" AND ").push(held);
            return Ok(sql);
        }
        (None, None, None) => {
            let mut sql = Sql::new("SELECT 1 AS one WHERE ");
            sql.push(held);
            return Ok(sql);
        }
    };
    sql.push(" WHERE ").push(held).push(" RETURNING 1 AS one");
    Ok(sql)
}

/// What is written beside the deal and before the log, in the one order.
fn parts(effect: Option<&Effect<'_>>, entry: &Entry) -> Vec<(&'static str, Sql)> {
    let Some(effect) = effect else { return Vec::new() };
    let mut parts = Vec::new();
    if let Some(upsert) = holdings::upsert(steps(effect).iter(), ", u") {
        parts.push((", g AS (", upsert));
    }
    if let Effect::CustomerCreation(creation) = effect
        && let Some(identity) = identity(creation)
    {
        parts.push((", k AS (", identity));
    }
    let mut from_subject = |name, mut part: Sql| {
        part.push(" FROM u");
        parts.push((name, part));
    };
    if let Some(addition) = deal_writes::addition(effect) {
        from_subject(", a AS (", addition);
    }
    if let Some((deal, customer, line)) = line(effect) {
        from_subject(", h AS (", log::history_line(entry, deal, customer, line));
    }
    parts
}

/// The identity of a customer in one ordered INSERT; nothing if he has none.
fn identity(creation: &CustomerCreation) -> Option<Sql> {
    if creation.keys.is_empty() {
        return None;
    }
    let rows = customer_writes::in_order(&creation.keys).into_iter().map(|(combination, normalised)| {
        let mut row = Sql::new("(");
        row.bind(combination).push(", ").bind(normalised.as_str()).push(", ").bind(creation.customer.id).push(")");
        row
    });
    let mut sql = Sql::new(
        "INSERT INTO customer_keys (combination, normalised, customer) \
         SELECT v.column1, v.column2, v.column3 FROM (VALUES ",
    );
    sql.append(Sql::listed(rows)).push(") AS v, u ORDER BY v.column1").push(dialect::BY_CODE_POINT);
    sql.push(", v.column2").push(dialect::BY_CODE_POINT);
    Some(sql)
}
