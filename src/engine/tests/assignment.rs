use super::*;
use crate::engine::assignment::{assign, release};
use crate::engine::effects::{Assignment, HistoryKind};
use crate::engine::facts::{DealFacts, Person};
use crate::engine::permission::permit;
use crate::rules::model::*;
use std::sync::Arc;

fn given(roles: &str, facts: &DealFacts, receiver: &Person) -> Decision<Assignment> {
    let permit = permit(&Arc::new(company()), &actor(CHEN, roles), Action::DealsAssign).unwrap();
    assign(&permit, facts, receiver, Some("yours"), now())
}

fn said(roles: &str, facts: &DealFacts, receiver: &Person) -> String {
    outcome(&given(roles, facts, receiver))
}

fn wang() -> Person {
    person(WANG, "seller")
}

#[test]
fn owned_deals_are_assigned_and_ownerless_ones_dealt_out() {
    let owned = || deal_in("lead");
    let pooled = || deal_in("lead").in_pool(Some(SOUTH));
    let by = |may: Vec<Grant>, never: Vec<Never>, facts: &DealFacts| {
        let mut rules = company();
        (rules.roles[2].may, rules.roles[2].never) = (may, never);
        let permit = permit(&Arc::new(rules), &actor(CHEN, "manager"), Action::DealsAssign);
        permit.map_or("no permit".to_owned(), |permit| outcome(&assign(&permit, facts, &wang(), None, now())))
    };
    let only = |action, scope, facts: &DealFacts| by(vec![grant(&[action], scope)], Vec::new(), facts);
    let (assigning, dealing) = (Action::DealsAssign, Action::PoolDealOut);
    let (no_assigning, no_dealing) = (
        "permission: `deals.assign` is not permitted to you here",
        "permission: `pool.deal_out` is not permitted to you here",
    );
    assert_eq!(only(assigning, Scope::Team, &owned()), "allowed");
    assert_eq!(only(dealing, Scope::Team, &pooled()), "allowed");
    assert_eq!(only(assigning, Scope::Team, &pooled()), no_dealing);
    assert_eq!(only(dealing, Scope::All, &owned()), no_assigning);
    // Whoever reaches all deals reaches those that nobody owns.
    assert_eq!(only(assigning, Scope::All, &pooled()), "allowed");
    assert_eq!(only(dealing, Scope::Team, &deal_in("lead").in_pool(Some(NORTH))), no_dealing);
    assert_eq!(only(Action::DealsRead, Scope::All, &pooled()), "no permit");
    // What is never to be done is not done by the other way either.
    let both = || vec![grant(&[assigning, dealing], Scope::All)];
    let never = |action| vec![Never { actions: [action].into_iter().collect(), when: None }];
    assert_eq!(by(both(), never(assigning), &pooled()), no_dealing);
    assert_eq!(by(vec![grant(&[dealing], Scope::All)], never(dealing), &pooled()), no_dealing);
    assert_eq!(by(both(), never(dealing), &owned()), "allowed");
}

#[test]
fn permission_then_state_then_the_receiver() {
    let foreign = Person { team: Some(team(NORTH)), ..wang() };
    assert_eq!(
        said("manager", &deal_in("implemented"), &foreign),
        "permission: you may give deals only to people of your team or below it"
    );
    assert_eq!(said("director", &deal_in("lead"), &foreign), "allowed");
    assert_eq!(said("manager", &deal_in("abandoned"), &wang()), "state deal_closed: the deal is lost, and closed");
    assert_eq!(
        said("manager", &deal_in("lead"), &person(LI, "seller")),
        "state already_owner: this person already has the deal"
    );
    assert_eq!(said("manager", &deal_in("lead"), &Person { active: false, ..wang() }), "refused: owner");
    assert_eq!(said("manager", &deal_in("lead"), &person(WANG, "trainer")), "refused: owner");
}

#[test]
fn a_receiver_is_held_to_ideal_warning_and_cap() {
    let rows = [
        (1, "contacted.holding Met: 2 deals in the stage `contacted`, with this one (2/4)", true),
        (2, "contacted.holding Met: 3 deals in the stage `contacted`, with this one (3/4)", true),
        (3, "contacted.holding Unmet: 4 deals in the stage `contacted`, with this one: more than 3 (4/3)", true),
        (4, "contacted.holding Unmet: 5 deals in the stage `contacted` would be more than the limit of 4 (5/4)", false),
    ];
    for (held, expected, allowed) in rows {
        let mut receiver = wang();
        receiver.holdings.insert((key("standard"), key("contacted")), held);
        let decision = given("manager", &deal_in("contacted"), &receiver);
        assert_eq!(told(decision.criteria()), expected);
        assert_eq!(matches!(decision, Decision::Allowed(_)), allowed, "{held}");
    }
}

#[test]
fn both_holdings_change_in_one_order_and_the_visit_goes_on() {
    let Decision::Allowed(allowed) = given("manager", &deal_in("contacted"), &wang()) else { panic!() };
    let effect = allowed.effect;
    let steps: Vec<_> = effect.holdings.iter().map(|one| (one.owner, one.step, one.cap)).collect();
    assert_eq!(steps, [(user(LI), -1, None), (user(WANG), 1, Some(4))]);
    assert_eq!(
        (effect.owner, effect.team, effect.note.as_deref()),
        (Some(user(WANG)), Some(team(SOUTH)), Some("yours"))
    );
    let line = effect.history;
    assert_eq!((line.kind, line.from.as_deref(), &*line.to), (HistoryKind::Owner, Some("contacted"), "contacted"));
    assert_eq!((line.owner, line.new_owner), (Some(user(LI)), Some(user(WANG))));
}

#[test]
fn what_is_released_lies_in_the_pool_of_its_owners_team() {
    let rules = Arc::new(company());
    let release = |facts: &DealFacts| {
        let permit = permit(&rules, &actor(LI, "seller"), Action::DealsRelease).unwrap();
        release(&permit, facts, None, now())
    };
    let Decision::Allowed(allowed) = release(&deal_in("lead")) else { panic!() };
    let effect = allowed.effect;
    assert_eq!((effect.owner, effect.team), (None, Some(team(SOUTH))));
    assert_eq!(effect.holdings.iter().map(|one| one.step).collect::<Vec<_>>(), [-1]);
    assert_eq!(outcome(&release(&deal_in("implemented"))), "state deal_closed: the deal is won, and closed");
    let peers = deal_in("lead").owned_by(wang());
    assert_eq!(outcome(&release(&peers)), "permission: `deals.release` is not permitted to you here");
    let permit = permit(&rules, &actor(LI, "director"), Action::DealsRelease).unwrap();
    let pooled = deal_in("lead").in_pool(None);
    assert_eq!(
        outcome(&crate::engine::assignment::release(&permit, &pooled, None, now())),
        "state already_in_pool: nobody has this deal: it is in the pool"
    );
}
