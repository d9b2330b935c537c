//! Dwell: how long a deal has been in its stage in working time, against the target of the active rules.
//!
//! A single deal and a list must agree on what is overdue: both compare `entered_at` with T(stage), which is now less
//! the target, walked back through the calendar.

use super::actor::Actor;
use super::case::Case;
use super::decision::FactsRead;
use super::facts::{Customer, Deal, Person};
use super::figures::figure;
use crate::rules::expression::{Expression, Predicate};
use crate::rules::model::{Figure, Rules, Span, Stage, StageKind};
use crate::values::{Key, Time};

/// How long a deal has been in its stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dwell {
    pub target: Option<Span>,
    /// When the target is or was reached.
    pub due_at: Option<Time>,
    /// Since when it is overdue; `None` = it is not.
    pub overdue_since: Option<Time>,
}

/// How long a deal has been in its stage, against the target. Closed deals have none.
#[must_use]
pub fn dwell(rules: &Rules, deal: &Deal, customer: &Customer, owner: Option<&Person>, now: Time) -> Dwell {
    let nobody = Actor::system();
    let case = Case { deal: Some(deal), customer: Some(customer), owner, ..Case::new(rules, &nobody, now) };
    let stage = rules.funnels.get(&deal.funnel).and_then(|funnel| funnel.stage(&deal.stage));
    let target =
        stage.filter(|stage| is_timed(stage)).and_then(|stage| target(stage, &case, &mut FactsRead::default()));
    let due_at = target.map(|target| rules.calendar.add_span(deal.entered_at, target));
    let is_overdue = target.is_some_and(|target| deal.entered_at <= rules.calendar.subtract_span(now, target));
    Dwell { target, due_at, overdue_since: due_at.filter(|_| is_overdue) }
}

/// The target of a stage for a case.
pub(super) fn target(stage: &Stage, case: &Case<'_>, facts: &mut FactsRead) -> Option<Span> {
    stage.dwell.as_ref().and_then(|dwell| figure(dwell, case, facts)).copied()
}

/// A length in working microseconds, for history; elapsed lengths as they are.
pub(super) fn micros(rules: &Rules, span: Span) -> i64 {
    match span {
        Span::WorkdaysMilli(milli) => {
            let micros = i128::from(milli) * i128::from(rules.calendar.workday_micros()) / 1000;
            i64::try_from(micros).unwrap_or(i64::MAX)
        }
        Span::ElapsedMicros(micros) => micros,
    }
}

fn is_timed(stage: &Stage) -> bool {
    matches!(stage.kind, StageKind::Start | StageKind::Open)
}

/// When a deal must have come into a stage to be overdue now: `entered_at <= overdue_if_entered_by` of the first case
/// that is true (SQL: `CASE WHEN .. THEN .. END`, where unknown goes on to the next).
#[derive(Clone, Debug, PartialEq)]
pub struct StageDeadline {
    pub funnel: Key,
    pub stage: Key,
    pub cases: Vec<DeadlineCase>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct DeadlineCase {
    /// `None` = all that are left.
    pub when: Option<Predicate>,
    pub overdue_if_entered_by: Time,
}

/// The deadlines of all stages that have a target, for filters in SQL.
#[must_use]
pub fn stage_deadlines(rules: &Rules, now: Time) -> Vec<StageDeadline> {
    let stages = rules.funnels.values().flat_map(|funnel| funnel.stages.iter().map(move |stage| (funnel, stage)));
    stages
        .filter(|(_, stage)| is_timed(stage))
        .filter_map(|(funnel, stage)| {
            let cases = deadline_cases(rules, stage.dwell.as_ref()?, now);
            Some(StageDeadline { funnel: funnel.id.clone(), stage: stage.id.clone(), cases })
        })
        .collect()
}

fn deadline_cases(rules: &Rules, dwell: &Figure<Span>, now: Time) -> Vec<DeadlineCase> {
    let nobody = Actor::system();
    let facts = Case::new(rules, &nobody, now);
    let cases = dwell.cases.iter().filter_map(|case| {
        // What cannot be said in SQL is not guessed: the checker of the rules refuses it in figures of dwell.
        let said = |when: &Expression| when.predicate(&facts, &rules.calendar).unwrap_or(Predicate::Known(None));
        let when = case.when.as_ref().map(said);
        let never = matches!(when, Some(Predicate::Known(Some(false) | None)));
        let by = rules.calendar.subtract_span(now, case.is);
        (!never).then_some(DeadlineCase { when, overdue_if_entered_by: by })
    });
    cases.collect()
}
