use super::*;
use crate::engine::decision::Decision;
use crate::engine::effects::{HistoryKind, Move as MoveEffect};
use crate::engine::facts::{DealFacts, DealState};
use crate::engine::moves::{MoveRequest, decide, options};
use crate::engine::permission::permit;
use crate::rules::expression::Place;
use crate::rules::model::*;
use crate::values::{Decimal, Value};
use std::sync::Arc;

fn request(to: &str) -> MoveRequest {
    MoveRequest { from: None, to: key(to), reason: None, note: None }
}

fn by(rules: Rules, n: u128, roles: &str, facts: &DealFacts, request: &MoveRequest) -> Decision<MoveEffect> {
    let permit = permit(&Arc::new(rules), &actor(n, roles), Action::DealsMove).expect("a grant");
    decide(&permit, facts, request, now())
}

fn seller(facts: &DealFacts, to: &str) -> String {
    outcome(&by(company(), LI, "seller", facts, &request(to)))
}

fn manager(facts: &DealFacts, request: &MoveRequest) -> String {
    outcome(&by(company(), CHEN, "manager", facts, request))
}

/// A deal that meets everything.
fn ready(stage: &str) -> DealFacts {
    deal_in(stage)
        .logged("call reached", "2026-02-27T16:00:00+08:00", "")
        .logged("call interested", "2026-02-27T16:00:00+08:00", "")
        .with("deal.question", Value::Text("how much".into()))
        .with("deal.visit_on", Value::Date(date("2026-03-05")))
        .contract("signed", &[1000])
}

#[test]
fn only_the_graph_gives_a_path() {
    let rows = [
        ("resource", "graded", "allowed"),
        ("resource", "contacted", "state no_such_move: the rules know no move from `resource` to `contacted`"),
        ("resource", "nowhere", "state no_such_move: the rules know no move from `resource` to `nowhere`"),
        ("resource", "resource", "state already_there: the deal is already in the stage `resource`"),
        ("signed", "implemented", "allowed"),
        ("implemented", "signed", "state deal_closed: the deal is won, and closed"),
        ("abandoned", "lead", "state deal_closed: the deal is lost, and closed"),
        ("intent", "lead", "permission: the move `step_back` is for manager, director only"),
    ];
    for (from, to, expected) in rows {
        assert_eq!(seller(&ready(from), to), expected, "{from} -> {to}");
    }
}

#[test]
fn permission_comes_before_state_and_state_before_what_is_unmet() {
    let bare = deal_in("resource").owned_by(person(WANG, "seller"));
    let mut moved = request("resource");
    moved.from = Some(key("lead"));
    // A peer's deal is seen and not moved, whatever its state.
    assert_eq!(
        outcome(&by(company(), LI, "seller", &bare, &moved)),
        "permission: `deals.move` is not permitted to you here"
    );
    let bare = deal_in("graded");
    let mut moved = request("contacted");
    moved.from = Some(key("resource"));
    assert_eq!(
        outcome(&by(company(), LI, "seller", &bare, &moved)),
        "state deal_moved: the deal is in the stage `graded` (graded) by now"
    );
    moved.from = Some(key("graded"));
    assert_eq!(outcome(&by(company(), LI, "seller", &bare, &moved)), "refused: contacted.reached");
}

#[test]
fn passing_over_a_stage_checks_its_criteria_too_and_a_step_back_only_its_own() {
    assert_eq!(seller(&deal_in("graded"), "lead"), "refused: contacted.reached, lead.interested");
    assert_eq!(seller(&ready("graded"), "lead"), "allowed");
    let back = MoveRequest { note: Some("too early".into()), ..request("lead") };
    assert_eq!(manager(&deal_in("intent"), &back), "allowed");
    let mut rules = company();
    move_of(&mut rules, "step_back").enter = vec![has("why", "deal.score")];
    let decision = by(rules, CHEN, "manager", &deal_in("intent"), &back);
    assert_eq!(outcome(&decision), "refused: why?");
}

#[test]
fn a_retired_stage_is_neither_passed_nor_entered() {
    let mut rules = company();
    stage_of(&mut rules, "contacted").retired = true;
    let bare = deal_in("graded");
    assert_eq!(outcome(&by(rules, LI, "seller", &bare, &request("lead"))), "refused: lead.interested");
    let mut rules = company();
    stage_of(&mut rules, "contacted").retired = true;
    let refused = outcome(&by(rules, LI, "seller", &bare, &request("contacted")));
    assert!(refused.starts_with("state no_such_move"), "{refused}");
}

#[test]
fn a_reason_is_demanded_where_the_rules_say_so() {
    let lost = |reason: Option<&str>| MoveRequest { reason: reason.map(key), ..request("abandoned") };
    let say = |request: MoveRequest| {
        let mut rules = company();
        stage_of(&mut rules, "abandoned").reasons[1].retired = true;
        let decision = by(rules, LI, "seller", &deal_in("lead"), &request);
        told(decision.criteria())
    };
    assert_eq!(say(lost(None)), "reason_required Unmet: a reason must be given: one of refused");
    assert_eq!(say(lost(Some("bored"))), "reason_required Unmet: there is no reason `bored`; there are refused");
    assert_eq!(say(lost(Some("unreachable"))), "reason_required Unmet: the reason `unreachable` is no longer in use");
    assert_eq!(say(lost(Some("refused"))), "");
    let asked = MoveRequest { reason: Some(key("refused")), ..request("contacted") };
    assert_eq!(manager(&ready("graded"), &asked), "refused: reason_required");
    // In words, and not blank.
    for (note, expected) in [
        (None, "refused: reason_required"),
        (Some("  "), "refused: reason_required"),
        (Some("a\u{0}b"), "refused: field, reason_required"),
        (Some("they asked us to wait"), "allowed"),
    ] {
        let back = MoveRequest { note: note.map(str::to_owned), ..request("lead") };
        assert_eq!(manager(&deal_in("intent"), &back), expected, "{note:?}");
    }
}

#[test]
fn a_lost_deal_cools_off_and_comes_back_where_it_was_lost() {
    let mut rules = company();
    rules.funnels[0].stages[3].enter = Vec::new();
    let lost = MoveRequest { reason: Some(key("refused")), ..request("abandoned") };
    let Decision::Allowed(allowed) = by(rules, LI, "seller", &deal_in("lead"), &lost) else { panic!() };
    let effect = allowed.effect;
    assert_eq!((effect.state, effect.closed_at), (DealState::Lost, Some(now())));
    assert_eq!(effect.lost_from, Some(key("lead")));
    // 120 working days of 24 weeks later, at the same hour.
    assert_eq!(effect.cooling_until, Some(time("2026-08-17T10:00:00+08:00")));
    assert_eq!(effect.history.kind, HistoryKind::Lost);

    let mut facts = ready("abandoned");
    facts.deal.lost_from = Some(key("lead"));
    facts.deal.cooling_until = effect.cooling_until;
    assert_eq!(manager(&facts, &request("lead")), "refused: cooling");
    facts.deal.cooling_until = Some(now());
    let Decision::Allowed(allowed) = by(company(), CHEN, "manager", &facts, &request("lead")) else { panic!() };
    assert_eq!((allowed.effect.state, allowed.effect.closed_at), (DealState::Open, None));
    assert_eq!((allowed.effect.cooling_until, allowed.effect.lost_from), (None, None));
    // Reopening checks the target and all before it.
    let mut bare = deal_in("abandoned");
    bare.deal.lost_from = Some(key("lead"));
    bare.deal.grade = None;
    assert_eq!(manager(&bare, &request("lead")), "refused: graded.graded?, contacted.reached, lead.interested");
    // Where it was lost from is not known any more: back to the start.
    bare.deal.lost_from = None;
    assert_eq!(manager(&bare, &request("resource")), "allowed");
    // So it is where that stage is no longer used.
    bare.deal.lost_from = Some(key("contacted"));
    let mut rules = company();
    stage_of(&mut rules, "contacted").retired = true;
    assert_eq!(outcome(&by(rules, CHEN, "manager", &bare, &request("resource"))), "allowed");
}

#[test]
fn a_moves_own_condition_must_be_known_to_hold() {
    let rows = [
        ("customer.size == \"large\"", "allowed"),
        ("customer.size == \"ordinary\"", "refused: forward"),
        ("customer.source != \"web\"", "refused: forward?"),
        ("move.from == \"resource\" && move.to == \"graded\" && move.id == \"forward\"", "allowed"),
    ];
    for (when, expected) in rows {
        let mut rules = company();
        move_of(&mut rules, "forward").when = Some(expression(when, Place::Decision));
        assert_eq!(outcome(&by(rules, LI, "seller", &ready("resource"), &request("graded"))), expected, "{when}");
    }
}

#[test]
fn the_owners_own_move_is_only_warned_about_holdings() {
    let rows = [
        (0, "Met: 1 deals in the stage `contacted`, with this one (1/4)"),
        (2, "Met: 3 deals in the stage `contacted`, with this one (3/4)"),
        (3, "Unmet: 4 deals in the stage `contacted`, with this one: more than 3 (4/3)"),
        (4, "Unmet: 5 deals in the stage `contacted`, with this one: the limit is 4 (5/4)"),
    ];
    for (held, expected) in rows {
        let facts = ready("graded").owner_holds("contacted", held);
        let decision = by(company(), LI, "seller", &facts, &request("contacted"));
        let Decision::Allowed(allowed) = decision else { panic!("{held}") };
        let holding = allowed.criteria.iter().find(|checked| checked.id == "holding").unwrap();
        assert_eq!(told(std::slice::from_ref(holding)), format!("contacted.holding {expected}"));
        assert!(allowed.effect.holdings.iter().all(|change| change.cap.is_none()));
    }
    // Cases of a figure: the first known to hold.
    let mut rules = company();
    stage_of(&mut rules, "contacted").holding.warn =
        cases(vec![("customer.source == \"web\"", 0), ("customer.size == \"large\"", 1), ("", 9)]);
    let decision = by(rules, LI, "seller", &ready("graded").owner_holds("contacted", 1), &request("contacted"));
    assert_eq!(outcome(&decision), "allowed; warned: contacted.holding");
    let holding = decision.criteria().iter().find(|checked| checked.id == "holding").unwrap();
    assert_eq!(holding.values.get("ideal"), Some(Some(&Value::Number(Decimal::from(2)))));
    assert_eq!(decision.facts().values.get("customer.source"), Some(None));
}

#[test]
fn an_allowed_move_says_all_that_is_to_be_written() {
    let decision = by(company(), LI, "seller", &ready("graded"), &request("contacted"));
    let Decision::Allowed(allowed) = decision else { panic!() };
    let effect = allowed.effect;
    assert_eq!((effect.from.as_str(), effect.to.as_str(), effect.move_id.as_str()), ("graded", "contacted", "forward"));
    assert_eq!(effect.entered_at, now());
    let holdings: Vec<String> =
        effect.holdings.iter().map(|change| format!("{} {:+}", change.stage, change.step)).collect();
    assert_eq!(holdings, ["contacted +1", "graded -1"]);
    let line = effect.history;
    // Four working hours since Friday 15:00; five working days of nine hours to come.
    assert_eq!(line.dwell_micros, Some(4 * crate::values::time::HOUR_MICROS));
    assert_eq!(line.target_micros, Some(45 * crate::values::time::HOUR_MICROS));
    assert_eq!((line.owner, line.new_owner), (Some(user(LI)), Some(user(LI))));
    // Nobody's deal holds nothing; a clock behind the entry does not turn time back.
    let mut facts = ready("graded").in_pool(None);
    facts.deal.entered_at = time("2026-03-02T11:00:00+08:00");
    let Decision::Allowed(allowed) = by(company(), CHEN, "director", &facts, &request("contacted")) else { panic!() };
    assert!(allowed.effect.holdings.is_empty());
    assert_eq!(allowed.effect.entered_at, facts.deal.entered_at);
}

#[test]
fn options_show_every_move_with_what_it_demands_and_who_may() {
    let show = |n: u128, roles: &str, facts: &DealFacts| {
        let options = options(&Arc::new(company()), &actor(n, roles), facts, now());
        let line = |option: &crate::engine::moves::MoveOption| {
            let reasons: Vec<&str> = option.reasons.iter().map(|reason| reason.as_str()).collect();
            let unmet: Vec<String> = option.criteria.iter().filter(|one| one.refuses()).map(named).collect();
            format!(
                "{}{} -> {} open:{} may:{} {} {}",
                option.id,
                if option.note_required { "*" } else { "" },
                option.to,
                option.is_open(),
                option.forbidden.is_none(),
                unmet.join(","),
                reasons.join(",")
            )
            .trim_end()
            .to_owned()
        };
        options.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(
        show(LI, "seller", &deal_in("graded")),
        "forward -> contacted open:false may:true contacted.reached\n\
         skip -> lead open:false may:true contacted.reached,lead.interested\n\
         abandon -> abandoned open:true may:true  refused,unreachable"
    );
    assert_eq!(
        show(LI, "seller", &ready("intent")),
        "forward -> signed open:true may:true\n\
         abandon -> abandoned open:true may:true  refused,unreachable\n\
         step_back* -> lead open:false may:false"
    );
    // Without any grant to move, what it would take is still shown.
    assert_eq!(
        show(WANG, "trainer", &ready("signed")).lines().next(),
        Some("forward -> implemented open:false may:false")
    );
    assert_eq!(show(LI, "seller", &ready("implemented")), "");
}
