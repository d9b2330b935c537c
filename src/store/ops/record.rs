//! `record`: the one write. Locks in the one order (epochs, customer, deal, holdings), then only inserts.
//!
//! INVARIANT: a difference between a guard and the row it names leaves nothing written.

use super::people::{self, lock_epochs, one, share_epochs};
use super::sql::Sql;
use super::{
    Conn, customer_writes, deal_writes, dialect, holdings, log, rules_drafts, rules_previews, rules_replays,
    rules_shadows, rules_versions,
};
use crate::engine::effects::{HistoryKind, HistoryLine, HoldingChange, Move};
use crate::engine::facts::DealState;
use crate::store::StoreError;
use crate::store::entry::{CustomerGuard, Effect, Entry};
use crate::values::{CustomerId, DealId};
use diesel::sql_types::BigInt;

pub fn record(conn: &mut Conn, entry: &Entry, effects: &[Effect<'_>]) -> Result<(), StoreError> {
    guard_epochs(conn, entry, effects)?;
    guard_customer(conn, entry, effects)?;
    for effect in effects {
        apply(conn, entry, effect).map_err(|error| perhaps_the_same(entry, error))?;
    }
    if !effects.iter().any(touches_deal) {
        guard_untouched_deal(conn, entry)?;
    }
    if let Some(upsert) = holdings::upsert(effects.iter().flat_map(|effect| steps(effect)), "") {
        upsert.execute(conn)?;
    }
    for (deal, customer, line) in effects.iter().filter_map(line) {
        log::history_line(entry, deal, customer, line).execute(conn)?;
    }
    log::append_decision(conn, entry)
}

/// Who came in between and took the identity may have been the same request, under the same key: the next try finds
/// its answer, or the customer.
fn perhaps_the_same(entry: &Entry, error: StoreError) -> StoreError {
    match error {
        StoreError::CustomerExists { .. } if entry.idempotency.is_some() => StoreError::Stale,
        other => other,
    }
}

fn guard_epochs(conn: &mut Conn, entry: &Entry, effects: &[Effect<'_>]) -> Result<(), StoreError> {
    let raises = |effect: &Effect<'_>| matches!(effect, Effect::People(_) | Effect::Rules(_));
    let epochs = if effects.iter().any(raises) {
        lock_epochs(conn)?
    } else if entry.guards.epochs.is_some() {
        share_epochs(conn)?
    } else {
        return Ok(());
    };
    match entry.guards.epochs {
        Some(expected) if expected != epochs => Err(StoreError::RulesChanged),
        Some(_) | None => Ok(()),
    }
}

/// Takes the customer: for a change of facts that decisions about his deals rest on, or only so that nobody changes
/// them meanwhile.
fn guard_customer(conn: &mut Conn, entry: &Entry, effects: &[Effect<'_>]) -> Result<(), StoreError> {
    let made = effects.iter().find_map(|effect| match effect {
        Effect::CustomerCreation(creation) => Some(creation.customer.id),
        _ => None,
    });
    let changed = effects.iter().find_map(changes_customer).filter(|customer| Some(*customer) != made);
    let guard = entry.guards.customer;
    let Some(customer) = changed.or(guard.map(|guard| guard.customer)) else { return Ok(()) };
    let mut sql = Sql::new("SELECT facts_version FROM customers WHERE id = ");
    sql.bind(customer);
    // Every writer of a customer's facts comes through here: a plain UPDATE would let decisions through that were made
    // on the old ones, because `FOR KEY SHARE` does not wait for it.
    sql.push(if changed.is_some() { dialect::FOR_UPDATE } else { dialect::FOR_KEY_SHARE });
    let found: Vec<i64> = sql.load::<BigInt, _>(conn)?;
    let facts_version = *found.first().ok_or(StoreError::Stale)?;
    match guard {
        Some(CustomerGuard { customer: guarded, facts_version: expected })
            if guarded != customer || expected != facts_version =>
        {
            Err(StoreError::Stale)
        }
        Some(_) | None => match changed {
            Some(customer) => customer_writes::raise_facts_version(conn, customer),
            None => Ok(()),
        },
    }
}

/// Whose facts the effect changes: his own fields, or how many open and won deals he has.
pub(in crate::store) fn changes_customer(effect: &Effect<'_>) -> Option<CustomerId> {
    match effect {
        Effect::CustomerChange(change) => Some(change.customer),
        Effect::DealCreation(creation) => Some(creation.deal.customer),
        Effect::Move(step) if changes_state(step) => Some(step.customer),
        Effect::CustomerCreation(_)
        | Effect::Move(_)
        | Effect::DealChange(_)
        | Effect::Grading(_)
        | Effect::Assignment(_)
        | Effect::ActivityLogged(_)
        | Effect::ContractChange(_)
        | Effect::PaymentChange(_)
        | Effect::People(_)
        | Effect::Rules(_)
        | Effect::Draft(_)
        | Effect::Replay(_)
        | Effect::Preview(_)
        | Effect::Shadow(_) => None,
    }
}

fn changes_state(step: &Move) -> bool {
    step.state != DealState::Open || step.history.kind == HistoryKind::Reopened
}

fn apply(conn: &mut Conn, entry: &Entry, effect: &Effect<'_>) -> Result<(), StoreError> {
    if let Some(update) = deal_writes::update(entry, effect)? {
        one(update.execute(conn)?)?;
    }
    if let Some(addition) = deal_writes::addition(effect) {
        addition.execute(conn)?;
    }
    match effect {
        Effect::CustomerCreation(creation) => {
            customer_writes::create(creation)?.execute(conn)?;
            customer_writes::insert_keys(conn, creation.customer.id, &creation.keys)
        }
        Effect::CustomerChange(change) => customer_writes::change(conn, change),
        Effect::DealCreation(creation) => deal_writes::create(creation)?.execute(conn).map(drop).map_err(Into::into),
        Effect::ContractChange(_) | Effect::PaymentChange(_) => deal_writes::amend(conn, effect),
        Effect::People(change) => people::apply(conn, change),
        Effect::Rules(activation) => rules_versions::activate(conn, entry, activation),
        Effect::Draft(change) => {
            rules_drafts::apply(conn, change)?;
            rules_shadows::follow(conn, change, entry.at)
        }
        Effect::Replay(change) => rules_replays::apply(conn, change),
        Effect::Preview(change) => rules_previews::apply(conn, change),
        Effect::Shadow(change) => rules_shadows::apply(conn, change),
        Effect::DealChange(_)
        | Effect::Move(_)
        | Effect::Grading(_)
        | Effect::Assignment(_)
        | Effect::ActivityLogged(_) => Ok(()),
    }
}

/// Whether the effect's own UPDATE compares the deal's versions.
fn touches_deal(effect: &Effect<'_>) -> bool {
    match effect {
        Effect::DealChange(_)
        | Effect::Move(_)
        | Effect::Grading(_)
        | Effect::Assignment(_)
        | Effect::ActivityLogged(_)
        | Effect::ContractChange(_)
        | Effect::PaymentChange(_) => true,
        Effect::CustomerCreation(_)
        | Effect::CustomerChange(_)
        | Effect::DealCreation(_)
        | Effect::People(_)
        | Effect::Rules(_)
        | Effect::Draft(_)
        | Effect::Replay(_)
        | Effect::Preview(_)
        | Effect::Shadow(_) => false,
    }
}

/// A refusal changes no deal; but it too must rest on facts of one moment.
fn guard_untouched_deal(conn: &mut Conn, entry: &Entry) -> Result<(), StoreError> {
    let Some(guard) = entry.guards.deal else { return Ok(()) };
    let mut sql = Sql::new("SELECT 1 FROM deals");
    sql.append(deal_writes::as_read(guard));
    let found: Vec<i32> = sql.load::<diesel::sql_types::Integer, _>(conn)?;
    one(found.len())
}

pub(in crate::store) fn steps<'a>(effect: &Effect<'a>) -> &'a [HoldingChange] {
    match effect {
        Effect::DealCreation(creation) => &creation.holdings,
        Effect::Move(step) => &step.holdings,
        Effect::Assignment(assignment) => &assignment.holdings,
        Effect::CustomerCreation(_)
        | Effect::CustomerChange(_)
        | Effect::DealChange(_)
        | Effect::Grading(_)
        | Effect::ActivityLogged(_)
        | Effect::ContractChange(_)
        | Effect::PaymentChange(_)
        | Effect::People(_)
        | Effect::Rules(_)
        | Effect::Draft(_)
        | Effect::Replay(_)
        | Effect::Preview(_)
        | Effect::Shadow(_) => &[],
    }
}

pub(in crate::store) fn line<'a>(effect: &Effect<'a>) -> Option<(DealId, CustomerId, &'a HistoryLine)> {
    match effect {
        Effect::DealCreation(creation) => Some((creation.deal.id, creation.deal.customer, &creation.history)),
        Effect::Move(step) => Some((step.deal, step.customer, &step.history)),
        Effect::Assignment(assignment) => Some((assignment.deal, assignment.customer, &assignment.history)),
        Effect::CustomerCreation(_)
        | Effect::CustomerChange(_)
        | Effect::DealChange(_)
        | Effect::Grading(_)
        | Effect::ActivityLogged(_)
        | Effect::ContractChange(_)
        | Effect::PaymentChange(_)
        | Effect::People(_)
        | Effect::Rules(_)
        | Effect::Draft(_)
        | Effect::Replay(_)
        | Effect::Preview(_)
        | Effect::Shadow(_) => None,
    }
}
