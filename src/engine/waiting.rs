//! When a condition comes to hold by itself, by the clock alone: for who explains a move. Nothing else is assumed to change.

use super::case::Case;
use super::decision::{Checked, CheckedKind};
use crate::rules::expression::{Entity, Expression, Read};
use crate::rules::model::{Criterion, CriterionKind};
use crate::values::Time;
use chrono::Days;

/// How far ahead is looked, in days.
const AHEAD_DAYS: u64 = 400;
/// Down to a minute.
const MINUTE_MICROS: i64 = 60_000_000;
/// Units of work for one move: some tenths of a second at the very most.
const EFFORT: u64 = 2_000_000;

/// Adds to what does not hold now when it will, where time alone brings it about.
pub(super) fn add<'c>(checked: &mut [Checked], criterion: impl Fn(&Checked) -> Option<&'c Criterion>, case: &Case<'_>) {
    let mut effort = EFFORT;
    for one in checked.iter_mut().filter(|one| one.kind == CheckedKind::Require && one.is_unmet()) {
        let Some(Criterion { kind: CriterionKind::Require(require), when, .. }) = criterion(one) else { continue };
        let cost = (require.cost() + when.as_ref().map_or(0, Expression::cost)).saturating_mul(AHEAD_DAYS);
        let turns = waits(require) || when.as_ref().is_some_and(waits);
        if let (true, Some(left)) = (turns, effort.checked_sub(cost)) {
            effort = left;
            one.possible_from = from(require, when.as_ref(), case);
        }
    }
}

/// Whether it asks for something that the clock turns.
fn waits(expression: &Expression) -> bool {
    expression.reads().iter().any(|read| match read {
        Read::Now | Read::Today => true,
        Read::Field(path) => path.entity == Entity::Deal && path.name == "dwell",
        Read::Count { .. } | Read::Last { .. } | Read::Entered { .. } | Read::Holding { .. } => false,
    })
}

/// The first midnight at which it holds, and from there back to the minute.
fn from(require: &Expression, when: Option<&Expression>, case: &Case<'_>) -> Option<Time> {
    let calendar = &case.rules.calendar;
    let holds = |at: Time| {
        let case = Case { now: at, ..*case };
        let is = |expression: &Expression| expression.holds(&case, calendar);
        when.is_some_and(|when| is(when) == Some(false)) || is(require) == Some(true)
    };
    let today = calendar.local_date(case.now);
    let mut before = case.now;
    for day in 1..=AHEAD_DAYS {
        let midnight = calendar.start_of_day(today.checked_add_days(Days::new(day))?);
        if holds(midnight) {
            let mut at = midnight;
            while at.since(before) > MINUTE_MICROS {
                let middle = before.plus_micros(at.since(before) / 2);
                if holds(middle) { at = middle } else { before = middle }
            }
            return Some(at);
        }
        before = midnight;
    }
    None
}
