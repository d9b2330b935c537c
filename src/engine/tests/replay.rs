use super::laws::{STAGES, a_deal};
use super::*;
use crate::engine::assignment::assign;
use crate::engine::decision::{Refusal, RefusalKind};
use crate::engine::facts::{DealFacts, Person};
use crate::engine::moves::{MoveRequest, decide};
use crate::engine::permission::permit;
use crate::engine::replay::{Ground, GroundKind, Kept, Verdict, replay};
use crate::rules::expression::Place;
use crate::rules::model::*;
use crate::values::{Key, Value};
use proptest::prelude::*;
use std::sync::Arc;

/// What other rules make of a decision, in words.
fn replayed<T>(decision: &Decision<T>, action: Action, roles: &[Key], rules: &Rules) -> String {
    let mut grounds: Vec<Ground> = decision
        .criteria()
        .iter()
        .filter(|checked| checked.refuses())
        .map(|checked| Ground::of(checked.kind, checked.stage.as_ref(), &checked.id))
        .collect();
    if let Decision::Refused(Refusal { kind: RefusalKind::Permission(message) | RefusalKind::State(message), .. }) =
        decision
    {
        grounds.extend(Ground::before_criteria(action, &message.code));
    }
    let allowed = matches!(decision, Decision::Allowed(_));
    let kept = Kept { action, at: now(), roles, allowed, grounds: &grounds, facts: decision.facts() };
    match replay(rules, &kept) {
        None => "not replayed".to_owned(),
        Some(Verdict::Allowed) => "allowed".to_owned(),
        Some(Verdict::Undecided(lacking)) => format!("undecided without {}", lacking.join(", ")),
        Some(Verdict::Refused(grounds)) => {
            let named = |ground: &Ground| {
                let place = ground.stage.as_ref().map(|stage| format!("{stage}.")).unwrap_or_default();
                format!("{:?} {place}{}", ground.kind, ground.id)
            };
            format!("refused by {}", grounds.iter().map(named).collect::<Vec<_>>().join(", "))
        }
    }
}

/// A seller's move decided by the company's rules, replayed under others.
fn moved(facts: &DealFacts, to: &str, change: impl FnOnce(&mut Rules)) -> String {
    let permit = permit(&Arc::new(company()), &actor(LI, "seller"), Action::DealsMove).unwrap();
    let request = MoveRequest { from: None, to: key(to), reason: None, note: None };
    let decision = decide(&permit, facts, &request, now());
    let mut rules = company();
    change(&mut rules);
    replayed(&decision, Action::DealsMove, &keys("seller"), &rules)
}

fn enter(rules: &mut Rules, stage: &str, criterion: Criterion) {
    stage_of(rules, stage).enter = vec![criterion];
}

#[test]
fn a_criterion_decides_from_the_facts_that_were_kept() {
    let twice = deal_in("graded").logged("call reached", "2026-02-27T16:00:00+08:00", "").logged(
        "call reached",
        "2026-02-27T17:00:00+08:00",
        "",
    );
    let once = deal_in("graded").logged("call reached", "2026-02-27T16:00:00+08:00", "");
    let three = |rules: &mut Rules| enter(rules, "contacted", activity("reached", "call", "reached", 3));
    let two = |rules: &mut Rules| enter(rules, "contacted", activity("reached", "call", "reached", 2));
    assert_eq!(moved(&once, "contacted", |_| {}), "allowed");
    assert_eq!(moved(&once, "contacted", two), "refused by Criterion contacted.reached");
    assert_eq!(moved(&twice, "contacted", two), "allowed");
    assert_eq!(moved(&twice, "contacted", three), "refused by Criterion contacted.reached");
    // What was refused and no longer would be.
    assert_eq!(moved(&deal_in("graded"), "contacted", |_| {}), "refused by Criterion contacted.reached");
    assert_eq!(moved(&deal_in("graded"), "contacted", |rules| stage_of(rules, "contacted").enter.clear()), "allowed");
    let contract = deal_in("intent").contract("signed", &[]);
    assert_eq!(moved(&contract, "signed", |_| {}), "allowed");
}

#[test]
fn what_the_record_lacks_is_named_and_not_guessed() {
    let once = deal_in("graded").logged("call reached", "2026-02-27T16:00:00+08:00", "");
    let asks = |text: &'static str| move |rules: &mut Rules| enter(rules, "contacted", require("new", text));
    assert_eq!(moved(&once, "contacted", asks("deal.score > 5")), "undecided without deal.score");
    assert_eq!(moved(&once, "contacted", asks("has(deal.score)")), "undecided without deal.score");
    assert_eq!(moved(&once, "contacted", asks("count(\"call\") > 1")), "undecided without count(\"call\")");
    let has = |rules: &mut Rules| enter(rules, "contacted", has("new", "customer.phone"));
    assert_eq!(moved(&once, "contacted", has), "undecided without customer.phone");
    // Another criterion refuses it whatever that one would say.
    let both = |rules: &mut Rules| {
        stage_of(rules, "contacted").enter =
            vec![require("new", "deal.score > 5"), activity("reached", "call", "reached", 2)];
    };
    assert_eq!(moved(&once, "contacted", both), "refused by Criterion contacted.reached");
    // Whether a criterion applies is not known either.
    let sometimes = |rules: &mut Rules| {
        let mut criterion = activity("reached", "call", "reached", 2);
        criterion.when = Some(expression("deal.score > 5", Place::Decision));
        enter(rules, "contacted", criterion);
    };
    assert_eq!(moved(&once, "contacted", sometimes), "undecided without deal.score");
}

#[test]
fn the_graph_the_roles_and_what_was_no_rule() {
    let once = deal_in("graded").logged("call reached", "2026-02-27T16:00:00+08:00", "");
    let gone = |rules: &mut Rules| rules.funnels[0].moves.retain(|one| one.from != MoveFrom::Stage(key("graded")));
    assert_eq!(moved(&once, "contacted", gone), "refused by NoMove contacted.no_such_move");
    let managers = |rules: &mut Rules| {
        for one in &mut rules.funnels[0].moves {
            one.by = keys("manager");
        }
    };
    assert_eq!(moved(&once, "contacted", managers), "refused by NotFor contacted.forward");
    let denied = |rules: &mut Rules| rules.roles[0].may.clear();
    assert_eq!(moved(&once, "contacted", denied), "refused by Permission deals.move");
    // There was no such move: only what it would demand is not known.
    assert_eq!(moved(&once, "signed", |_| {}), "refused by NoMove signed.no_such_move");
    let shortcut = |rules: &mut Rules| {
        let way = a_move("shortcut", "graded", "intent", Direction::Forward);
        rules.funnels[0].moves.push(way);
        for stage in ["contacted", "lead", "intent"] {
            stage_of(rules, stage).enter.clear();
        }
    };
    assert_eq!(moved(&once, "intent", shortcut), "allowed");
    // A reason that was missing is missing under any rules.
    assert_eq!(moved(&once, "abandoned", |_| {}), "refused by Other reason_required");
}

#[test]
fn a_criterion_that_only_warns_or_is_not_enforced_yet_refuses_nobody() {
    let mode = |mode: Mode| {
        move |rules: &mut Rules| {
            let mut criterion = activity("reached", "call", "reached", 1);
            criterion.mode = mode;
            enter(rules, "contacted", criterion);
        }
    };
    let bare = deal_in("graded");
    assert_eq!(moved(&bare, "contacted", mode(Mode::Warn)), "allowed");
    assert_eq!(moved(&bare, "contacted", mode(Mode::Audit)), "allowed");
    let from = |day: &'static str| {
        move |rules: &mut Rules| stage_of(rules, "contacted").enter[0].enforce_from = Some(date(day))
    };
    assert_eq!(moved(&bare, "contacted", from("2026-03-03")), "allowed");
    assert_eq!(moved(&bare, "contacted", from("2026-03-02")), "refused by Criterion contacted.reached");
}

#[test]
fn a_cap_decides_who_could_have_received() {
    let given = |held: u32, change: fn(&mut Rules)| {
        let (rules, caller) = (Arc::new(company()), actor(CHEN, "manager"));
        let permit = permit(&rules, &caller, Action::DealsAssign).unwrap();
        let mut receiver = person(WANG, "seller");
        receiver.holdings.insert((key("standard"), key("contacted")), held);
        let decision = assign(&permit, &deal_in("contacted"), &receiver, None, now());
        let mut other = company();
        change(&mut other);
        replayed(&decision, Action::DealsAssign, &keys("manager"), &other)
    };
    assert_eq!(given(3, |_| {}), "allowed");
    assert_eq!(given(4, |_| {}), "refused by Cap contacted.holding");
    assert_eq!(
        given(3, |rules| stage_of(rules, "contacted").holding.at_most = figure(3)),
        "refused by Cap contacted.holding"
    );
    assert_eq!(given(4, |rules| stage_of(rules, "contacted").holding.at_most = figure(5)), "allowed");
    let cases = |rules: &mut Rules| {
        stage_of(rules, "contacted").holding.at_most = super::cases(vec![("deal.grade == \"A\"", 1), ("", 9)]);
    };
    assert_eq!(given(4, cases), "undecided without deal.grade");
}

proptest! {
    /// The same rules say the same: whatever was decided about whatever deal, replaying it agrees.
    #[test]
    fn the_same_rules_decide_the_same(
        facts in a_deal(),
        to in 0..STAGES.len(),
        role in prop::sample::select(vec!["seller", "manager", "director", "trainer seller"]),
        reason in prop::option::of(prop::sample::select(vec!["refused", "unreachable", "other"])),
        note in any::<bool>(),
    ) {
        let rules = Arc::new(company());
        let permit = permit(&rules, &actor(LI, role), Action::DealsMove).unwrap();
        let request = MoveRequest { from: None, to: key(STAGES[to]), reason: reason.map(key), note: note.then(|| "why".to_owned()) };
        let decision = decide(&permit, &facts, &request, now());
        let said = replayed(&decision, Action::DealsMove, &keys(role), &rules);
        match &decision {
            Decision::Allowed(_) => prop_assert_eq!(said, "allowed"),
            // Who is already there asked for no move.
            Decision::Refused(_) => prop_assert!(said.starts_with("refused"), "{}: {}", outcome(&decision), said),
        }
    }
}

#[test]
fn other_decisions_are_not_replayed() {
    let kept = Kept {
        action: Action::DealsGrade,
        at: now(),
        roles: &[],
        allowed: true,
        grounds: &[],
        facts: &Default::default(),
    };
    assert_eq!(replay(&company(), &kept), None);
    // A record from before its facts were kept.
    let kept = Kept { action: Action::DealsMove, ..kept };
    assert_eq!(replay(&company(), &kept), Some(Verdict::Undecided(vec!["deal.funnel".to_owned()])));
    assert_eq!(
        Ground::of(crate::engine::decision::CheckedKind::Cooling, None, &key("cooling")).kind,
        GroundKind::Other
    );
    let _ = Value::Bool(true);
}

/// A role may do all it may on every row.
fn grant_all(rules: &mut Rules, role: &str) {
    let role = rules.roles.get_mut(role).unwrap();
    role.never.clear();
    for grant in &mut role.may {
        (grant.scope, grant.when) = (Scope::All, None);
    }
}

/// Who gives what to whom, and how other rules would have decided: what the record holds decides, what it lacks is named.
#[test]
fn refusals_of_giving_are_decided_from_what_was_kept_with_them() {
    let given = |record: &DealFacts, by: &str, to: u128, change: fn(&mut Rules)| {
        let (rules, caller) = (Arc::new(company()), actor(CHEN, by));
        let permit = permit(&rules, &caller, Action::DealsAssign).unwrap();
        let decision = assign(&permit, record, &person(to, "seller"), None, now());
        assert!(matches!(decision, Decision::Refused(_)), "{}", outcome(&decision));
        let mut other = company();
        change(&mut other);
        replayed(&decision, Action::DealsAssign, &keys(by), &other)
    };
    let same: fn(&mut Rules) = |_| {};
    // What does not come from the rules stands as it was.
    assert_eq!(given(&deal_in("contacted"), "manager", LI, same), "refused by Other already_owner");
    assert_eq!(given(&deal_in("implemented"), "manager", WANG, same), "refused by Other deal_closed");
    // Out of the giver's reach: which rows the roles reach is not in the record,
    let far_off = deal_in("contacted").owned_by(Person { team: Some(team(NORTH)), ..person(WANG, "seller") });
    let unheld = "receiver.holding(\"standard/contacted\")";
    let both = format!("undecided without deals.assign.scope, {unheld}");
    assert_eq!(given(&far_off, "manager", LI, same), both);
    // unless they reach all of them, or none. What the receiver held was not looked at.
    let every: fn(&mut Rules) = |rules| grant_all(rules, "manager");
    assert_eq!(given(&far_off, "manager", LI, every), format!("undecided without {unheld}"));
    let uncapped: fn(&mut Rules) = |rules| {
        grant_all(rules, "manager");
        stage_of(rules, "contacted").holding.at_most = None;
    };
    assert_eq!(given(&far_off, "manager", LI, uncapped), "allowed");
    let none: fn(&mut Rules) = |rules| rules.roles["manager"].may.clear();
    assert_eq!(given(&far_off, "manager", LI, none), "refused by Permission deals.assign");
    let gone: fn(&mut Rules) = |rules| rules.funnels[0].stages.retain(|stage| *stage.id != *"contacted");
    assert_eq!(given(&far_off, "manager", LI, gone), "refused by NoMove contacted.no_such_stage");
    // A record from before its facts were kept says whose roles they were.
    let old = |roles: &str, change: fn(&mut Rules)| {
        let mut rules = company();
        change(&mut rules);
        let grounds = [Ground::before_criteria(Action::DealsAssign, "not_permitted_here").unwrap()];
        let (action, at, roles) = (Action::DealsAssign, now(), keys(roles));
        let kept = Kept { action, at, roles: &roles, allowed: false, grounds: &grounds, facts: &Default::default() };
        replay(&rules, &kept).unwrap()
    };
    let lacking = |names: &[&str]| Verdict::Undecided(names.iter().map(|name| (*name).to_owned()).collect());
    assert_eq!(old("manager", same), lacking(&["deals.assign.scope", "deal.funnel"]));
    assert!(matches!(old("manager", none), Verdict::Refused(_)));
}

/// A move that was out of its asker's reach is not allowed by rules that only let him make it elsewhere.
#[test]
fn a_move_out_of_reach_is_not_taken_for_allowed() {
    let rules = Arc::new(company());
    let permit = permit(&rules, &actor(LI, "seller"), Action::DealsMove).unwrap();
    let request = MoveRequest { from: None, to: key("lead"), reason: None, note: None };
    let others = deal_in("contacted").owned_by(person(WANG, "seller"));
    let decision = decide(&permit, &others, &request, now());
    assert!(decision.is_forbidden(), "{}", outcome(&decision));
    let under = |change: fn(&mut Rules)| {
        let mut other = company();
        stage_of(&mut other, "lead").enter.clear();
        change(&mut other);
        replayed(&decision, Action::DealsMove, &keys("seller"), &other)
    };
    assert_eq!(under(|_| {}), "undecided without deals.move.scope");
    assert_eq!(under(|rules| grant_all(rules, "seller")), "allowed");
    assert_eq!(under(|rules| rules.funnels[0].moves.clear()), "refused by NoMove lead.no_such_move");
}
