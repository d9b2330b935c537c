//! Writing deals and what hangs on them. Every UPDATE of a deal compares the versions that the decision rests on, and
//! raises `facts_version` when it changes a fact that later decisions rest on, `version` when a client sees it.

use super::Conn;
use super::people::one;
use super::sql::{Bind, Sql, document};
use crate::engine::effects::{
    ActivityLogged, Assignment, ContractChange, DealChange, DealCreation, Grading, Move, PaymentChange,
};
use crate::engine::facts::FieldValues;
use crate::store::StoreError;
use crate::store::columns::{Day, origin_word, state_word};
use crate::store::entry::{DealGuard, Effect, Entry};
use crate::store::rows::ContractRow;
use crate::store::schema::{contracts, payments};
use crate::store::stored_fields::StoredFields;
use crate::values::{DealId, Time};
use diesel::prelude::*;

/// A deal as an INSERT.
pub(in crate::store) fn create(creation: &DealCreation) -> Result<Sql, StoreError> {
    let deal = &creation.deal;
    Ok(Sql::insert(
        "INSERT INTO deals (id, customer, funnel, stage, state, owner, team, creator, discoverer, origin, product, grade, \
         graded_by, graded_at, reason, cooling_until, lost_from, fields, version, facts_version, entered_at, created_at, \
         updated_at, closed_at)",
        [
            deal.id.into(),
            deal.customer.into(),
            (&deal.funnel).into(),
            (&deal.stage).into(),
            state_word(deal.state).into(),
            deal.owner.into(),
            deal.team.into(),
            deal.creator.into(),
            deal.discoverer.into(),
            origin_word(deal.origin).into(),
            deal.product.as_ref().into(),
            deal.grade.as_ref().into(),
            deal.graded_by.into(),
            deal.graded_at.into(),
            deal.reason.as_ref().into(),
            deal.cooling_until.into(),
            deal.lost_from.as_ref().into(),
            fields(&deal.fields)?,
            deal.version.into(),
            deal.facts_version.into(),
            deal.entered_at.into(),
            deal.created_at.into(),
            deal.updated_at.into(),
            deal.closed_at.into(),
        ],
    ))
}

/// The UPDATE of a deal by an effect, with its versions compared; nothing for what changes no deal that there is.
pub(in crate::store) fn update(entry: &Entry, effect: &Effect<'_>) -> Result<Option<Sql>, StoreError> {
    let guard = entry.guards.deal;
    Ok(Some(match effect {
        Effect::Move(step) => moved(guard, step, entry.at)?,
        Effect::DealChange(change) => changed(guard, change)?,
        Effect::Grading(grading) => graded(guard, grading)?,
        Effect::Assignment(assignment) => assigned(guard, assignment)?,
        Effect::ActivityLogged(logged) => touched(guard, logged.activity.deal)?,
        Effect::ContractChange(change) => touched(guard, change.contract.deal)?,
        Effect::PaymentChange(change) => touched(guard, change.deal)?,
        Effect::CustomerCreation(_)
        | Effect::CustomerChange(_)
        | Effect::DealCreation(_)
        | Effect::People(_)
        | Effect::Rules(_)
        | Effect::Draft(_)
        | Effect::Replay(_)
        | Effect::Preview(_)
        | Effect::Shadow(_) => return Ok(None),
    }))
}

fn moved(guard: Option<DealGuard>, step: &Move, at: Time) -> Result<Sql, StoreError> {
    let mut sql = Sql::new("UPDATE deals SET version = version + 1, stage = ");
    sql.bind(&step.to);
    sql.push(", state = ").bind(state_word(step.state));
    sql.push(", reason = ").bind(step.reason.as_ref());
    sql.push(", cooling_until = ").bind(step.cooling_until);
    sql.push(", lost_from = ").bind(step.lost_from.as_ref());
    sql.push(", entered_at = ").bind(step.entered_at);
    sql.push(", closed_at = ").bind(step.closed_at);
    sql.push(", updated_at = ").bind(at);
    guarded(sql, guard, step.deal)
}

fn changed(guard: Option<DealGuard>, change: &DealChange) -> Result<Sql, StoreError> {
    let mut sql = Sql::new("UPDATE deals SET version = version + 1, facts_version = facts_version + 1, fields = ");
    sql.bind(fields(&change.fields)?);
    sql.push(", product = ").bind(change.product.as_ref());
    sql.push(", updated_at = ").bind(change.at);
    guarded(sql, guard, change.deal)
}

fn graded(guard: Option<DealGuard>, grading: &Grading) -> Result<Sql, StoreError> {
    let mut sql = Sql::new("UPDATE deals SET version = version + 1, facts_version = facts_version + 1, grade = ");
    sql.bind(&grading.grade);
    sql.push(", graded_by = ").bind(grading.by);
    sql.push(", graded_at = ").bind(grading.at);
    sql.push(", updated_at = ").bind(grading.at);
    guarded(sql, guard, grading.deal)
}

fn assigned(guard: Option<DealGuard>, given: &Assignment) -> Result<Sql, StoreError> {
    let mut sql = Sql::new("UPDATE deals SET version = version + 1, facts_version = facts_version + 1, owner = ");
    sql.bind(given.owner);
    sql.push(", team = ").bind(given.team);
    sql.push(", updated_at = ").bind(given.at);
    guarded(sql, guard, given.deal)
}

/// A fact of the deal changes that no client sees on the deal itself.
fn touched(guard: Option<DealGuard>, deal: DealId) -> Result<Sql, StoreError> {
    guarded(Sql::new("UPDATE deals SET facts_version = facts_version + 1"), guard, deal)
}

fn guarded(mut sql: Sql, guard: Option<DealGuard>, deal: DealId) -> Result<Sql, StoreError> {
    let guard = guard.filter(|guard| guard.deal == deal);
    let guard = guard.ok_or_else(|| StoreError::failed("changing a deal", "its guard was not given"))?;
    sql.append(as_read(guard));
    Ok(sql)
}

/// Where the deal is as it was read.
pub(in crate::store) fn as_read(guard: DealGuard) -> Sql {
    let mut sql = Sql::new(" WHERE id = ");
    sql.bind(guard.deal);
    sql.push(" AND version = ").bind(guard.version);
    sql.push(" AND facts_version = ").bind(guard.facts_version);
    sql
}

fn fields(fields: &FieldValues) -> Result<Bind, StoreError> {
    document(&StoredFields(fields.clone()))
}

/// What comes to the deal with the effect, as an INSERT.
pub(in crate::store) fn addition(effect: &Effect<'_>) -> Option<Sql> {
    match effect {
        Effect::ActivityLogged(logged) => Some(activity(logged)),
        Effect::ContractChange(change) if change.is_new => Some(contract(change)),
        Effect::PaymentChange(change) if change.is_new => Some(payment(change)),
        _ => None,
    }
}

fn activity(logged: &ActivityLogged) -> Sql {
    let activity = &logged.activity;
    Sql::insert(
        "INSERT INTO activities (id, deal, customer, kind, outcome, method, contact, note, actor, at, logged_at)",
        [
            activity.id.into(),
            activity.deal.into(),
            logged.customer.into(),
            (&activity.kind).into(),
            activity.outcome.as_ref().into(),
            activity.method.as_ref().into(),
            activity.contact.as_deref().into(),
            activity.note.as_deref().into(),
            activity.actor.into(),
            activity.at.into(),
            activity.logged_at.into(),
        ],
    )
}

fn contract(change: &ContractChange) -> Sql {
    let contract = &change.contract;
    Sql::insert(
        "INSERT INTO contracts (id, deal, customer, number, amount_minor, currency, signed_on, delivered_on, accepted_on, \
         cancelled_on, version, created_at, updated_at)",
        [
            contract.id.into(),
            contract.deal.into(),
            change.customer.into(),
            contract.number.as_deref().into(),
            contract.amount.amount_minor.into(),
            contract.amount.currency.code().into(),
            contract.signed_on.into(),
            contract.delivered_on.into(),
            contract.accepted_on.into(),
            contract.cancelled_on.into(),
            contract.version.into(),
            contract.created_at.into(),
            contract.updated_at.into(),
        ],
    )
}

fn payment(change: &PaymentChange) -> Sql {
    let payment = &change.payment;
    Sql::insert(
        "INSERT INTO payments (id, contract, deal, amount_minor, currency, paid_on, cancelled_on, recorded_at)",
        [
            payment.id.into(),
            payment.contract.into(),
            change.deal.into(),
            payment.amount.amount_minor.into(),
            payment.amount.currency.code().into(),
            Some(payment.paid_on).into(),
            payment.cancelled_on.into(),
            change.at.into(),
        ],
    )
}

/// A change of what hangs on the deal already. The deal's guard serialises all writers of it: no version is compared.
pub(super) fn amend(conn: &mut Conn, effect: &Effect<'_>) -> Result<(), StoreError> {
    match effect {
        Effect::ContractChange(change) if !change.is_new => {
            let row = ContractRow::new(&change.contract, change.customer);
            one(diesel::update(contracts::table.find(change.contract.id)).set(row).execute(conn)?)
        }
        Effect::PaymentChange(change) if !change.is_new => {
            let changed = diesel::update(payments::table.find(change.payment.id))
                .set(payments::cancelled_on.eq(change.payment.cancelled_on.map(Day)))
                .execute(conn)?;
            one(changed)
        }
        _ => Ok(()),
    }
}
