use super::*;
use crate::engine::deals::{DealWrite, NewDeal, change, create};
use crate::engine::effects::{DealCreation, HistoryKind};
use crate::engine::facts::{DealFacts, DealState, Origin, Person};
use crate::engine::permission::permit;
use crate::rules::expression::Place;
use crate::rules::model::*;
use crate::values::{DealId, Value};
use std::sync::Arc;
use uuid::Uuid;

fn new(facts: &DealFacts) -> NewDeal<'_> {
    NewDeal {
        id: DealId(Uuid::from_u128(99)),
        customer: &facts.customer,
        customer_open_deals: 0,
        customer_won_deals: 0,
        has_open_deal: false,
        cooling_until: None,
        funnel: key("standard"),
        stage: None,
        product: None,
        origin: Origin::Supplied,
        owner: None,
        written: Default::default(),
        faults: Vec::new(),
    }
}

fn made(rules: Rules, roles: &str, new: NewDeal<'_>) -> Decision<DealCreation> {
    let (rules, actor) = (Arc::new(rules), actor(LI, roles));
    let permit = permit(&rules, &actor, Action::DealsCreate).expect("a grant");
    let assign = crate::engine::permission::permit(&rules, &actor, Action::DealsAssign);
    create(&permit, assign.as_ref(), new, now())
}

fn of(roles: &str, new: NewDeal<'_>) -> String {
    outcome(&made(company(), roles, new))
}

#[test]
fn a_deal_begins_at_the_start_or_where_a_move_lets_it() {
    let facts = deal_in("resource");
    let at = |stage: &str| NewDeal { stage: Some(key(stage)), ..new(&facts) };
    assert_eq!(of("seller", new(&facts)), "allowed");
    assert_eq!(of("seller", at("resource")), "allowed");
    assert_eq!(of("seller", at("contacted")), "permission: the move `begin_later` is for manager, director only");
    // Creation at a later stage checks the criteria of all before it.
    assert_eq!(of("manager", at("contacted")), "refused: graded.graded?, contacted.reached");
    assert_eq!(of("manager", at("lead")), "state no_such_creation: the rules let no deal begin in the stage `lead`");
    assert_eq!(of("seller", at("nowhere")), "refused: field");
    assert_eq!(of("seller", NewDeal { funnel: key("other"), ..new(&facts) }), "refused: field");
}

#[test]
fn one_open_deal_per_customer_and_funnel_and_none_while_the_last_cools_off() {
    let facts = deal_in("resource");
    assert_eq!(
        of("seller", NewDeal { has_open_deal: true, ..new(&facts) }),
        "state open_deal_exists: the customer already has an open deal in the funnel `Standard`"
    );
    let until = Some(now().plus_micros(1));
    assert_eq!(of("seller", NewDeal { cooling_until: until, ..new(&facts) }), "refused: cooling");
    assert_eq!(of("seller", NewDeal { cooling_until: Some(now()), ..new(&facts) }), "allowed");
}

#[test]
fn who_gets_it_is_held_to_the_cap_and_must_be_able_to_hold() {
    let facts = deal_in("resource");
    let capped = || {
        let mut rules = company();
        stage_of(&mut rules, "resource").holding.at_most = figure(2);
        rules
    };
    let holding = |n: u128, roles: &str, held: u32| {
        let mut one = person(n, roles);
        one.holdings.insert((key("standard"), key("resource")), held);
        one
    };
    let to =
        |roles: &str, owner: &Person| outcome(&made(capped(), roles, NewDeal { owner: Some(owner), ..new(&facts) }));
    assert_eq!(to("seller", &holding(LI, "seller", 1)), "allowed");
    assert_eq!(to("seller", &holding(LI, "seller", 2)), "refused: resource.holding");
    // Somebody else gets it only from who may assign, and within their people.
    let wang = holding(WANG, "seller", 0);
    assert_eq!(to("seller", &wang), "permission: `deals.assign` is not permitted to you here");
    assert_eq!(to("manager", &wang), "allowed");
    let foreign = Person { team: Some(team(NORTH)), ..wang.clone() };
    assert_eq!(to("manager", &foreign), "permission: `deals.assign` is not permitted to you here");
    assert_eq!(to("director", &foreign), "allowed");
    assert_eq!(to("manager", &Person { active: false, ..wang.clone() }), "refused: owner");
    assert_eq!(to("manager", &Person { roles: keys("trainer"), ..wang }), "refused: owner");

    let li = holding(LI, "seller", 1);
    let Decision::Allowed(allowed) = made(capped(), "seller", NewDeal { owner: Some(&li), ..new(&facts) }) else {
        panic!()
    };
    let change = &allowed.effect.holdings[0];
    assert_eq!((change.step, change.cap), (1, Some(2)));
    let line = &allowed.effect.history;
    assert_eq!((line.kind, line.owner, line.new_owner), (HistoryKind::Created, None, Some(user(LI))));
    assert_eq!((line.entered_at, line.from.as_ref()), (None, None));
}

#[test]
fn without_an_owner_it_lies_in_the_pool_of_its_makers_team() {
    let facts = deal_in("resource");
    let new = NewDeal { origin: Origin::Discovered, product: Some(key("website")), ..new(&facts) };
    let Decision::Allowed(allowed) = made(company(), "seller", new) else { panic!() };
    let deal = allowed.effect.deal;
    assert_eq!((deal.owner, deal.team, deal.state), (None, Some(team(SOUTH)), DealState::Open));
    assert_eq!((deal.creator, deal.discoverer), (Some(user(LI)), Some(user(LI))));
    assert_eq!((deal.stage.as_str(), deal.product), ("resource", Some(key("website"))));
    assert!(allowed.effect.holdings.is_empty());
    assert_eq!(allowed.effect.history.kind, HistoryKind::Created);
}

#[test]
fn products_are_those_of_the_rules_that_are_in_use() {
    let facts = deal_in("resource");
    let of = |product: &str| {
        let mut rules = company();
        rules.products[1].retired = true;
        told(made(rules, "seller", NewDeal { product: Some(key(product)), ..new(&facts) }).criteria())
    };
    assert_eq!(of("website"), "");
    assert_eq!(of("promotion"), "product Unmet: the product `promotion` is no longer in use");
    assert_eq!(of("cars"), "product Unmet: there is no product `cars`; there are website");
}

fn write(name: &str, value: Option<Value>) -> DealWrite {
    DealWrite { written: [(key(name), value)].into_iter().collect(), ..DealWrite::default() }
}

fn changed(rules: Rules, facts: &DealFacts, write: DealWrite) -> String {
    let permit = permit(&Arc::new(rules), &actor(LI, "seller"), Action::DealsWrite).unwrap();
    outcome(&change(&permit, facts, write, now()))
}

#[test]
fn what_stages_demanded_cannot_be_emptied() {
    let in_stage = |stage: &str| deal_in(stage).with("deal.question", Value::Text("how much".into()));
    assert_eq!(changed(company(), &in_stage("lead"), write("question", None)), "allowed");
    assert_eq!(changed(company(), &in_stage("intent"), write("question", None)), "refused: intent.asked");
    assert_eq!(changed(company(), &in_stage("signed"), write("question", None)), "refused: intent.asked");
    // It was lost before it came there, as far as its stage tells.
    assert_eq!(changed(company(), &in_stage("abandoned"), write("question", None)), "allowed");
    let mut rules = company();
    stage_of(&mut rules, "intent").enter[0].mode = Mode::Warn;
    assert_eq!(changed(rules, &in_stage("intent"), write("question", None)), "allowed");
    let mut rules = company();
    stage_of(&mut rules, "graded").enter = vec![has("sold", "deal.product")];
    let mut facts = in_stage("graded");
    facts.deal.product = Some(key("website"));
    let emptied = DealWrite { product: Some(None), ..DealWrite::default() };
    assert_eq!(changed(rules, &facts, emptied), "refused: graded.sold");
}

fn validated(require: &str) -> Rules {
    let mut rules = company();
    rules.validations.push(Validation {
        id: key("valid"),
        when: None,
        require: expression(require, Place::Decision),
        mode: Mode::Enforce,
        enforce_from: None,
        message: None,
        line: 0,
    });
    rules
}

#[test]
fn validations_hold_on_every_write_of_what_they_name() {
    let rules = || validated("deal.visit_on >= today");
    let on = |day: &str| write("visit_on", Some(Value::Date(date(day))));
    let facts = deal_in("lead").with("deal.visit_on", Value::Date(date("2026-01-01")));
    assert_eq!(changed(rules(), &facts, on("2026-03-01")), "refused: valid");
    // `today` is a day of the rules' zone.
    assert_eq!(changed(rules(), &facts, on("2026-03-02")), "allowed");
    assert_eq!(changed(rules(), &facts, write("score", Some(Value::Int(1)))), "allowed", "names another field");
    assert_eq!(changed(rules(), &facts, write("visit_on", None)), "allowed", "emptying it says nothing wrong");
}

#[test]
fn what_a_validation_lacks_refuses() {
    let rules = || validated("deal.score < 5 || customer.verified");
    let score = |n: i64| write("score", Some(Value::Number(n.into())));
    assert_eq!(changed(rules(), &deal_in("lead"), score(3)), "allowed");
    assert_eq!(changed(rules(), &deal_in("lead"), score(9)), "refused: valid?");
    let verified = deal_in("lead").with("customer.verified", Value::Bool(true));
    assert_eq!(changed(rules(), &verified, score(9)), "allowed");
    // Emptying a field is no way around what says that something must be there.
    let either = validated("has(deal.question) || has(deal.score)");
    let facts = deal_in("lead").with("deal.question", Value::Text("how much".into()));
    assert_eq!(changed(either, &facts, write("question", None)), "refused: valid");
}

#[test]
fn a_validation_reads_no_personal_value_into_the_open_log() {
    let rules = validated("deal.score < 5 || has(customer.phone)");
    let facts = deal_in("lead").with("customer.phone", Value::Text("+8613800000000".into()));
    let permit = permit(&Arc::new(rules), &actor(LI, "seller"), Action::DealsWrite).unwrap();
    let decision = change(&permit, &facts, write("score", Some(Value::Number(9.into()))), now());
    assert!(decision.criteria()[0].values.contains_key("customer.phone"));
    assert!(decision.facts().personal.contains_key("customer.phone"), "the store takes out what is named here");
}

#[test]
fn a_customers_write_is_held_to_what_is_about_customers_alone() {
    use crate::engine::customers::{CustomerWrite, change};
    use crate::engine::permission::{HeldDeal, Row};
    let facts = deal_in("lead");
    let written = |require: &str| {
        let (rules, caller) = (Arc::new(validated(require)), actor(LI, "seller"));
        let held = [HeldDeal { deal: &facts.deal, owner: facts.owner.as_ref() }];
        let row = Row::Customer { customer: &facts.customer, deals: &held };
        let sight = permit(&rules, &caller, Action::CustomersWrite).unwrap().sight(&row, now()).unwrap();
        let write = CustomerWrite {
            written: [(key("size"), Some(choice("ordinary")))].into_iter().collect(),
            contacts: None,
            faults: Vec::new(),
        };
        outcome(&change(&rules, &caller, &sight, &facts.customer, &[], write, now()))
    };
    assert_eq!(written("customer.size == \"large\""), "refused: valid");
    assert_eq!(written("customer.size == \"large\" || customer.verified"), "refused: valid?");
    assert_eq!(written("customer.size == \"large\" || deal.suitable"), "allowed", "asked when a deal is written");
}

#[test]
fn only_who_may_write_the_row_writes_and_only_what_is_writable() {
    let peers = deal_in("lead").owned_by(person(WANG, "seller"));
    assert_eq!(
        changed(company(), &peers, write("score", None)),
        "permission: `deals.write` is not permitted to you here"
    );
    let mut rules = company();
    rules.roles[0].never.push(Never {
        actions: [Action::DealsWrite].into(),
        when: Some(grant_expression("deal.state == \"won\"", Place::Decision)),
    });
    let won = deal_in("implemented");
    let refused = changed(rules, &won, write("score", None));
    assert_eq!(refused, "permission: `deals.write` is not permitted to you here");
    let mut rules = company();
    rules.roles[0].may[0].read_only.insert(path("deal.product"));
    let product = DealWrite { product: Some(Some(key("website"))), ..DealWrite::default() };
    assert_eq!(changed(rules, &deal_in("lead"), product), "refused: product");
}
