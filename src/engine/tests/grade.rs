use super::*;
use crate::engine::facts::DealFacts;
use crate::engine::grade::{GradeRequest, compute, decide};
use crate::engine::permission::permit;
use crate::rules::model::*;
use crate::values::Value;
use std::sync::Arc;

fn explained(facts: &DealFacts) -> String {
    let graded = compute(&company(), facts, now()).unwrap();
    let steps = graded.steps.iter().map(|step| {
        let missing = step.missing.join(" ");
        format!("{} {:?} {missing}", step.grade, step.outcome).trim_end().to_owned()
    });
    format!("{}: {}", graded.grade, steps.collect::<Vec<_>>().join(", "))
}

#[test]
fn the_first_grade_whose_condition_holds_and_what_is_unknown_falls_through() {
    let facts = || deal_in("resource");
    assert_eq!(explained(&facts()), "B: A Missing customer.source deal.suitable, B Met",);
    assert_eq!(explained(&facts().with("deal.suitable", Value::Bool(true))), "A: A Met");
    assert_eq!(explained(&facts().with("customer.source", choice("trial"))), "A: A Met");
    let unknown = facts().with("customer.size", choice("unknown")).with("customer.source", choice("web"));
    assert_eq!(explained(&unknown), "C: A Unmet, B Unmet, C Met");
}

fn decided(facts: &DealFacts, grade: Option<&str>, reason: Option<&str>) -> String {
    let permit = permit(&Arc::new(company()), &actor(LI, "seller"), Action::DealsGrade).unwrap();
    let request = GradeRequest { grade: grade.map(key), reason: reason.map(str::to_owned) };
    let decision = decide(&permit, facts, &request, now());
    let written = match &decision {
        Decision::Allowed(allowed) => {
            let effect = &allowed.effect;
            format!(" {} (computed {}) {:?}", effect.grade, effect.computed, effect.reason)
        }
        Decision::Refused(_) => String::new(),
    };
    let recorded = outcome(&decision);
    format!("{}{written}", recorded.split(';').next().unwrap())
}

#[test]
fn another_grade_needs_a_reason_and_is_recorded_as_such() {
    let facts = deal_in("resource");
    assert_eq!(decided(&facts, None, None), "allowed B (computed B) None");
    assert_eq!(decided(&facts, Some("B"), Some("sure")), "allowed B (computed B) None");
    assert_eq!(decided(&facts, Some("A"), None), "refused: grade");
    assert_eq!(decided(&facts, Some("A"), Some(" ")), "refused: grade");
    assert_eq!(decided(&facts, Some("A"), Some("they phoned us")), "allowed A (computed B) Some(\"they phoned us\")");
    assert_eq!(decided(&facts, Some("Z"), Some("why not")), "refused: grade");
    assert_eq!(decided(&deal_in("implemented"), None, None), "state deal_closed: the deal is won, and closed");
    let of_a_peer = facts.owned_by(person(WANG, "seller"));
    assert_eq!(decided(&of_a_peer, None, None), "permission: `deals.grade` is not permitted to you here");
}

#[test]
fn a_validation_that_names_the_grade_holds_for_grading_too() {
    use crate::rules::expression::Place;
    let mut rules = company();
    rules.validations.push(Validation {
        id: key("no_b"),
        when: None,
        require: expression("deal.grade != \"B\"", Place::Decision),
        mode: Mode::Enforce,
        enforce_from: None,
        message: None,
        line: 0,
    });
    let permit = permit(&Arc::new(rules), &actor(LI, "seller"), Action::DealsGrade).unwrap();
    let decision = decide(&permit, &deal_in("resource"), &GradeRequest::default(), now());
    assert!(outcome(&decision).starts_with("refused: no_b"), "{}", outcome(&decision));
}

/// A deal that is only looked at is read without its lists.
#[test]
fn conditions_of_grades_cannot_ask_for_more_than_the_deal_with_its_customer_and_owner() {
    use crate::rules::expression::{Place, Type, compile};
    let words = vocabulary().within(Some(&key("standard")));
    for asked in [
        "count(\"call\") > 0",
        "has(last(\"call\"))",
        "has(entered(\"resource\"))",
        "owner.holding(\"resource\") > 0",
        "contract.signed",
        "contract.paid > money(1)",
        "customer.open_deals > 0",
        "customer.won_deals > 0",
    ] {
        for place in [Place::Grade, Place::Read] {
            assert!(compile(asked, &Type::Bool, place, &words).is_err(), "{asked} in {place:?}");
        }
        let known = compile(asked, &Type::Bool, Place::Decision, &words);
        assert!(known.is_ok(), "{asked}: {known:?}");
    }
}
