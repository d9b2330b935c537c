use super::*;
use crate::engine::dwell::{dwell, stage_deadlines};
use crate::engine::facts::DealFacts;
use crate::rules::model::*;
use crate::values::Time;
use proptest::prelude::*;

fn of(rules: &Rules, facts: &DealFacts, now: Time) -> crate::engine::dwell::Dwell {
    dwell(rules, &facts.deal, &facts.customer, facts.owner.as_ref(), now)
}

#[test]
fn a_deal_is_overdue_from_the_instant_its_target_is_reached() {
    let rules = company();
    let facts = deal_in("resource");
    // One working day from Friday 15:00 is Monday 15:00.
    let due = time("2026-03-02T15:00:00+08:00");
    let before = of(&rules, &facts, due.plus_micros(-1));
    assert_eq!((before.due_at, before.overdue_since), (Some(due), None));
    assert_eq!(of(&rules, &facts, due).overdue_since, Some(due));
    // A stage without a target is never overdue, nor is one at an end.
    let mut rules = rules;
    stage_of(&mut rules, "resource").dwell = None;
    stage_of(&mut rules, "implemented").dwell = figure(Span::WorkdaysMilli(1));
    let later = time("2030-01-01T00:00:00Z");
    assert_eq!(of(&rules, &facts, later).overdue_since, None);
    assert_eq!(of(&rules, &deal_in("implemented"), later).overdue_since, None);
}

#[test]
fn cases_of_a_target_fall_through_what_is_unknown_and_are_said_for_lists() {
    let mut rules = company();
    stage_of(&mut rules, "resource").dwell = cases(vec![
        ("customer.source == \"web\"", Span::WorkdaysMilli(1000)),
        ("deal.grade == \"A\"", Span::WorkdaysMilli(8000)),
        ("", Span::WorkdaysMilli(5000)),
    ]);
    assert_eq!(of(&rules, &deal_in("resource"), now()).target, Some(Span::WorkdaysMilli(8000)));
    let deadlines = stage_deadlines(&rules, now());
    let stages: Vec<&str> = deadlines.iter().map(|one| one.stage.as_str()).collect();
    assert_eq!(stages, ["resource", "graded", "contacted", "lead", "intent", "signed"]);
    let with_condition: Vec<bool> = deadlines[0].cases.iter().map(|case| case.when.is_some()).collect();
    assert_eq!(with_condition, [true, true, false]);
    assert_eq!(deadlines[0].cases[2].overdue_if_entered_by, time("2026-02-23T10:00:00+08:00"));
}

proptest! {
    /// A list compares `entered_at` with the deadline of the stage, a single read asks `dwell`.
    #[test]
    fn lists_and_single_reads_agree_on_what_is_overdue(minutes in -20_000_i64..20_000, ago in 0_i64..40_000) {
        let rules = company();
        let minute = 60_000_000;
        let now = now().plus_micros(minutes * minute);
        let mut facts = deal_in("contacted");
        facts.deal.entered_at = now.plus_micros(-ago * minute);
        let deadlines = stage_deadlines(&rules, now);
        let deadline = deadlines.iter().find(|one| one.stage == "contacted").unwrap();
        let listed = facts.deal.entered_at <= deadline.cases[0].overdue_if_entered_by;
        prop_assert_eq!(of(&rules, &facts, now).overdue_since.is_some(), listed);
    }
}
