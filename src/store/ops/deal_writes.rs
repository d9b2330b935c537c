//! Writing deals and what hangs on them. Every UPDATE of a deal compares the versions that the decision rests on, and
//! raises `facts_version` when it changes a fact that later decisions rest on, `version` when a client sees it.

use super::Conn;
use super::people::one;
use super::sql::{Bind, Sql};
use crate::engine::effects::{
    ActivityLogged, Assignment, ContractChange, DealChange, DealCreation, Grading, Move, PaymentChange,
};
use crate::engine::facts::FieldValues;
use crate::store::StoreError;
use crate::store::columns::Day;
use crate::store::entry::DealGuard;
use crate::store::rows::{ActivityRow, ContractRow, DealRow, PaymentRow};
use crate::store::schema::{activities, contracts, deals, payments};
use crate::store::stored_fields::StoredFields;
use crate::values::{DealId, Time};
use diesel::prelude::*;

pub(super) fn create(conn: &mut Conn, creation: &DealCreation) -> Result<(), StoreError> {
    diesel::insert_into(deals::table).values(DealRow::from(&creation.deal)).execute(conn)?;
    Ok(())
}

pub(super) fn step(conn: &mut Conn, guard: Option<DealGuard>, step: &Move, at: Time) -> Result<(), StoreError> {
    let mut sql = Sql::new("UPDATE deals SET version = version + 1, stage = ");
    sql.bind(&step.to);
    sql.push(", state = ").bind(crate::store::columns::state_word(step.state));
    sql.push(", reason = ").bind(step.reason.as_ref());
    sql.push(", cooling_until = ").bind(step.cooling_until);
    sql.push(", lost_from = ").bind(step.lost_from.as_ref());
    sql.push(", entered_at = ").bind(step.entered_at);
    sql.push(", closed_at = ").bind(step.closed_at);
    sql.push(", updated_at = ").bind(at);
    guarded(conn, sql, guard, step.deal)
}

pub(super) fn change(conn: &mut Conn, guard: Option<DealGuard>, change: &DealChange) -> Result<(), StoreError> {
    let mut sql = Sql::new("UPDATE deals SET version = version + 1, facts_version = facts_version + 1, fields = ");
    sql.bind(document(&change.fields)?);
    sql.push(", product = ").bind(change.product.as_ref());
    sql.push(", updated_at = ").bind(change.at);
    guarded(conn, sql, guard, change.deal)
}

pub(super) fn grade(conn: &mut Conn, guard: Option<DealGuard>, grading: &Grading) -> Result<(), StoreError> {
    let mut sql = Sql::new("UPDATE deals SET version = version + 1, facts_version = facts_version + 1, grade = ");
    sql.bind(&grading.grade);
    sql.push(", graded_by = ").bind(grading.by);
    sql.push(", graded_at = ").bind(grading.at);
    sql.push(", updated_at = ").bind(grading.at);
    guarded(conn, sql, guard, grading.deal)
}

pub(super) fn assign(conn: &mut Conn, guard: Option<DealGuard>, given: &Assignment) -> Result<(), StoreError> {
    let mut sql = Sql::new("UPDATE deals SET version = version + 1, facts_version = facts_version + 1, owner = ");
    sql.bind(given.owner);
    sql.push(", team = ").bind(given.team);
    sql.push(", updated_at = ").bind(given.at);
    guarded(conn, sql, guard, given.deal)
}

/// A fact of the deal changes that no client sees on the deal itself.
pub(super) fn touch(conn: &mut Conn, guard: Option<DealGuard>, deal: DealId) -> Result<(), StoreError> {
    guarded(conn, Sql::new("UPDATE deals SET facts_version = facts_version + 1"), guard, deal)
}

fn guarded(conn: &mut Conn, mut sql: Sql, guard: Option<DealGuard>, deal: DealId) -> Result<(), StoreError> {
    let guard = guard.filter(|guard| guard.deal == deal);
    let guard = guard.ok_or_else(|| StoreError::failed("changing a deal", "its guard was not given"))?;
    sql.push(" WHERE id = ").bind(deal);
    sql.push(" AND version = ").bind(guard.version);
    sql.push(" AND facts_version = ").bind(guard.facts_version);
    one(sql.execute(conn)?)
}

fn document(fields: &FieldValues) -> Result<Bind, StoreError> {
    let json = serde_json::to_value(StoredFields(fields.clone()));
    json.map(Bind::from).map_err(|error| StoreError::failed("writing fields", error))
}

pub(super) fn log_activity(conn: &mut Conn, logged: &ActivityLogged) -> Result<(), StoreError> {
    diesel::insert_into(activities::table).values(ActivityRow::new(&logged.activity, logged.customer)).execute(conn)?;
    Ok(())
}

pub(super) fn contract(conn: &mut Conn, change: &ContractChange) -> Result<(), StoreError> {
    let row = ContractRow::new(&change.contract, change.customer);
    if change.is_new {
        diesel::insert_into(contracts::table).values(row).execute(conn)?;
        return Ok(());
    }
    // The deal's guard serialises all writers of its contracts: no version is compared here.
    one(diesel::update(contracts::table.find(change.contract.id)).set(row).execute(conn)?)
}

pub(super) fn payment(conn: &mut Conn, change: &PaymentChange) -> Result<(), StoreError> {
    if change.is_new {
        let row = PaymentRow::new(&change.payment, change.deal, change.at);
        diesel::insert_into(payments::table).values(row).execute(conn)?;
        return Ok(());
    }
    let changed = diesel::update(payments::table.find(change.payment.id))
        .set(payments::cancelled_on.eq(change.payment.cancelled_on.map(Day)))
        .execute(conn)?;
    one(changed)
}
