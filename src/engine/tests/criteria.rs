use super::*;
use crate::engine::decision::{Decision, Readings};
use crate::engine::effects::Move as MoveEffect;
use crate::engine::facts::{DealFacts, Visit};
use crate::engine::moves::{MoveRequest, decide};
use crate::engine::permission::permit;
use crate::rules::expression::Place;
use crate::rules::model::*;
use crate::values::{Key, Value};
use std::sync::Arc;

/// Li moves the deal on from `resource`, with only this demanded.
fn entering(criteria: Vec<Criterion>, facts: &DealFacts) -> Decision<MoveEffect> {
    let mut rules = company();
    stage_of(&mut rules, "graded").enter = criteria;
    let permit = permit(&Arc::new(rules), &actor(LI, "seller"), Action::DealsMove).unwrap();
    let request = MoveRequest { from: None, to: key("graded"), reason: None, note: None };
    decide(&permit, facts, &request, now())
}

fn check(criterion: Criterion, facts: &DealFacts, expected: &str) {
    assert_eq!(told(entering(vec![criterion], facts).criteria()), expected);
}

#[test]
fn has_names_every_missing_field_and_knows_what_is_present() {
    let facts = || deal_in("resource");
    check(has("h", "customer.size deal.grade"), &facts(), "graded.h Met: met");
    check(
        has("h", "customer.size deal.suitable deal.question"),
        &facts(),
        "graded.h? Missing: missing: deal.suitable, deal.question [deal.suitable deal.question]",
    );
    // Blank text is missing; `false` and 0 are present.
    let facts = facts()
        .with("deal.question", Value::Text(" ".into()))
        .with("deal.suitable", Value::Bool(false))
        .with("deal.score", Value::Number(0.into()));
    check(
        has("h", "deal.suitable deal.score deal.question"),
        &facts,
        "graded.h? Missing: missing: deal.question [deal.question]",
    );
}

#[test]
fn require_passes_only_on_a_known_yes() {
    let facts = deal_in("resource").with("deal.suitable", Value::Bool(true));
    check(require("r", "deal.suitable"), &facts, "graded.r Met: met");
    check(
        require("r", "customer.size == \"ordinary\""),
        &facts,
        "graded.r Unmet: `customer.size == \"ordinary\"` does not hold [customer.size]",
    );
    let cases = [
        "customer.verified",
        "!customer.verified",
        "customer.source != \"web\"",
        "customer.verified || deal.score > 1",
    ];
    for source in cases {
        let decision = entering(vec![require("r", source)], &facts);
        assert!(outcome(&decision).starts_with("refused: graded.r?"), "{source}: {}", outcome(&decision));
    }
    // One known side decides.
    check(require("r", "deal.suitable || customer.verified"), &facts, "graded.r Met: met");
}

#[test]
fn an_activity_counts_by_kind_outcome_span_people_and_days() {
    let facts = deal_in("resource")
        .logged("call no_answer", "2026-02-24T10:00:00+08:00", "Zhao")
        .logged("call reached", "2026-02-25T10:00:00+08:00", "Zhao")
        .logged("call reached", "2026-02-27T10:00:00+08:00", " zhao ")
        .logged("call reached", "2026-02-27T11:00:00+08:00", "Qian")
        .logged("call reached", "2026-03-02T09:30:00+08:00", "");
    let wanted = |at_least, within, different| {
        let outcome = Some(key("reached"));
        criterion("a", CriterionKind::Activity { kind: key("call"), outcome, at_least, within, different })
    };
    let days = |n: i64| Some(Span::WorkdaysMilli(n * 1000));
    check(wanted(4, None, None), &facts, "graded.a Met: met (4/4)");
    check(wanted(5, None, None), &facts, "graded.a Unmet: 4 of 5 `call` with the outcome `reached` (4/5)");
    // Two working days back from Monday 10:00 is Thursday 10:00.
    check(
        wanted(4, days(2), None),
        &facts,
        "graded.a Unmet: 3 of 4 `call` with the outcome `reached` within 2wd (3/4)",
    );
    // Whoever is not named is not known to be somebody else.
    check(
        wanted(3, None, Some(Different::People)),
        &facts,
        "graded.a Unmet: 2 of 3 `call` with the outcome `reached`, each with somebody else (2/3)",
    );
    check(wanted(3, None, Some(Different::Days)), &facts, "graded.a Met: met (3/3)");
    check(
        wanted(4, None, Some(Different::Days)),
        &facts,
        "graded.a Unmet: 3 of 4 `call` with the outcome `reached`, each on another day (3/4)",
    );
    check(activity("a", "call", "", 6), &facts, "graded.a Unmet: 5 of 6 `call` (5/6)");
}

#[test]
fn dwelt_counts_all_visits_and_says_from_when_time_alone_meets_it() {
    let dwelt = |at_least| criterion("d", CriterionKind::Dwelt { stage: key("resource"), at_least });
    let days = |n: i64| dwelt(Span::WorkdaysMilli(n * 1000));
    // Friday 15:00 to Monday 10:00 is four working hours; Friday 15:00 + 1wd is Monday 15:00.
    let facts = deal_in("resource");
    check(
        days(1),
        &facts,
        "graded.d Unmet: the deal was not yet 1wd in the stage `resource` from 2026-03-02T07:00:00.000000Z",
    );
    check(
        dwelt(Span::ElapsedMicros(72 * crate::values::time::HOUR_MICROS)),
        &facts,
        "graded.d Unmet: the deal was not yet 3d in the stage `resource` from 2026-03-02T07:00:00.000000Z",
    );
    check(dwelt(Span::ElapsedMicros(48 * crate::values::time::HOUR_MICROS)), &facts, "graded.d Met: met");
    // An earlier visit of five hours counts with it.
    let mut facts = facts;
    facts.visits.insert(
        0,
        Visit {
            stage: key("resource"),
            entered_at: time("2026-02-26T10:00:00+08:00"),
            left_at: Some(time("2026-02-26T15:00:00+08:00")),
        },
    );
    check(days(1), &facts, "graded.d Met: met");
    check(
        days(2),
        &facts,
        "graded.d Unmet: the deal was not yet 2wd in the stage `resource` from 2026-03-03T02:00:00.000000Z",
    );
    // Somewhere else now: time does not meet it.
    let elsewhere = criterion("d", CriterionKind::Dwelt { stage: key("lead"), at_least: Span::WorkdaysMilli(1000) });
    check(elsewhere, &facts, "graded.d Unmet: the deal was not yet 1wd in the stage `lead`");
}

#[test]
fn contracts_count_all_that_are_not_cancelled_and_at_least_one() {
    use ContractState::*;
    let is = |state| contract_is("c", state);
    let facts = || deal_in("resource");
    check(is(Signed), &facts(), "graded.c? Missing: there is no contract [contract.signed_on] (0/1)");
    check(
        is(Signed),
        &facts().contract("signed cancelled", &[]),
        "graded.c? Missing: there is no contract [contract.signed_on] (0/1)",
    );
    let two = || facts().contract("signed delivered", &[400, 600]).contract("signed", &[999]);
    check(is(Signed), &two(), "graded.c Met: met (2/2)");
    check(is(Delivered), &two(), "graded.c Unmet: not every contract is delivered [contract.delivered_on] (1/2)");
    check(is(Accepted), &two(), "graded.c Unmet: not every delivery is accepted [contract.accepted_on] (0/2)");
    check(is(Paid), &two(), "graded.c Unmet: not every contract is paid in full [contract.payments] (1/2)");
    let mut paid = two().contract("cancelled", &[]);
    paid.payments[2].amount = money(1000);
    check(is(Paid), &paid, "graded.c Met: met (2/2)");
    // A payment that was cancelled was not made; a date to come has not come.
    paid.payments[0].cancelled_on = Some(date("2026-03-01"));
    assert_eq!(outcome(&entering(vec![is(Paid)], &paid)), "refused: graded.c");
    paid.contracts[0].signed_on = Some(date("2026-03-03"));
    assert_eq!(outcome(&entering(vec![is(Signed)], &paid)), "refused: graded.c");
}

#[test]
fn a_when_that_is_unknown_applies() {
    let with = |when: &str| Criterion { when: Some(expression(when, Place::Decision)), ..has("h", "deal.question") };
    let facts = deal_in("resource");
    for (when, expected) in [
        ("customer.size == \"large\"", "refused: graded.h?"),
        ("customer.size == \"ordinary\"", "allowed"),
        ("customer.source == \"web\"", "refused: graded.h?"),
    ] {
        assert_eq!(outcome(&entering(vec![with(when)], &facts)), expected, "{when}");
    }
    check(with("customer.size == \"ordinary\""), &facts, "graded.h NotApplicable: does not apply here");
}

#[test]
fn modes_refuse_warn_and_record() {
    let with = |mode, enforce_from: Option<&str>| Criterion {
        mode,
        enforce_from: enforce_from.map(date),
        ..has("h", "deal.question")
    };
    let facts = deal_in("resource");
    for (mode, from, expected) in [
        (Mode::Enforce, None, "refused: graded.h?"),
        (Mode::Warn, None, "allowed; warned: graded.h?"),
        (Mode::Audit, None, "allowed; recorded: graded.h?"),
        // Warns before that local day, and enforces from its midnight on.
        (Mode::Enforce, Some("2026-03-03"), "allowed; warned: graded.h?"),
        (Mode::Enforce, Some("2026-03-02"), "refused: graded.h?"),
    ] {
        assert_eq!(outcome(&entering(vec![with(mode, from)], &facts)), expected, "{mode:?} {from:?}");
    }
    // Half past midnight in Shanghai, while it is still the day before in UTC.
    let mut rules = company();
    stage_of(&mut rules, "graded").enter = vec![with(Mode::Enforce, Some("2026-03-03"))];
    let permit = permit(&Arc::new(rules), &actor(LI, "seller"), Action::DealsMove).unwrap();
    let request = MoveRequest { from: None, to: key("graded"), reason: None, note: None };
    let at = |time_of_day: &str| outcome(&decide(&permit, &facts, &request, time(time_of_day)));
    assert_eq!(at("2026-03-02T23:59:59+08:00"), "allowed; warned: graded.h?");
    assert_eq!(at("2026-03-03T00:00:00+08:00"), "refused: graded.h?");
    check(
        with(Mode::Enforce, Some("2026-03-03")),
        &facts,
        "graded.h? Missing: missing: deal.question [deal.question] enforced 2026-03-03",
    );
}

#[test]
fn all_reasons_come_together_with_the_values_that_decided() {
    let decision = entering(
        vec![has("h", "deal.question"), require("r", "customer.verified"), activity("a", "call", "reached", 1)],
        &deal_in("resource").with("customer.phone", Value::Text("+8613800000000".into())),
    );
    assert_eq!(outcome(&decision), "refused: graded.h?, graded.r?, graded.a");
    let read: Vec<&str> = decision.facts().values.keys().map(|name| &**name).collect();
    let asked = ["deal.funnel", "deal.stage", "move.to", "move.reason"];
    assert_eq!(read[..4], asked);
    assert_eq!(read[4..], ["deal.question", "customer.verified", "count(\"call\", \"reached\")"]);
}

#[test]
fn what_is_personal_is_kept_apart_in_the_log() {
    let facts = deal_in("resource").with("customer.phone", Value::Text("+8613800000000".into()));
    let decision = entering(vec![has("h", "customer.phone"), require("r", "customer.contacts.size() == 0")], &facts);
    let names = |map: &Readings| map.keys().map(Key::as_str).collect::<Vec<_>>().join(" ");
    assert_eq!(names(&decision.facts().personal), "customer.phone customer.contacts");
    assert_eq!(names(&decision.facts().values), "deal.funnel deal.stage move.to move.reason");
}
