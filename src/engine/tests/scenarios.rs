use super::*;
use crate::engine::scenarios::{Coverage, run, uncovered};
use crate::rules::model::*;
use crate::rules::scenarios::*;
use crate::values::{Key, Localized};
use indexmap::IndexMap;
use std::collections::BTreeSet;
use std::sync::Arc;

fn person(id: &str, n: u128, roles: &str) -> Person {
    let team = Some(key("south"));
    Person { id: key(id), user: user(n), roles: keys(roles), team, active: true, fields: IndexMap::new() }
}

fn given(stage: &str) -> Given {
    Given {
        deal: key("d1"),
        funnel: key("standard"),
        stage: key(stage),
        owner: Some(key("li")),
        team: None,
        customer: [(key("name"), crate::values::Value::Text("Loudou".into())), (key("size"), choice("large"))].into(),
        contacts: Vec::new(),
        fields: IndexMap::new(),
        grade: Some(key("A")),
        product: None,
        discovered: false,
        reason: None,
        lost_from: None,
        entered_ago: None,
        dwelt: Vec::new(),
        activities: Vec::new(),
        contracts: Vec::new(),
        line: 3,
    }
}

fn act(by: &str, deed: Deed) -> Step {
    let act = Act { by: key(by), deal: key("d1"), deed };
    Step { after: None, act: Some(act), expect: Expect::default(), line: 5 }
}

fn to(stage: &str, reason: Option<&str>) -> Deed {
    Deed::Move { to: key(stage), reason: reason.map(key), note: None }
}

fn call(outcome: &str) -> Deed {
    Deed::Log { kind: key("call"), outcome: Some(key(outcome)), method: None, contact: None }
}

impl Step {
    fn refused(mut self, ids: &str) -> Self {
        self.expect.refused = Some(keys(ids).into_iter().collect());
        self
    }

    fn after(mut self, days: i64) -> Self {
        self.after = Some(Span::WorkdaysMilli(days * 1000));
        self
    }

    fn then(mut self, stage: &str, owner: Option<&str>) -> Self {
        let deal = ExpectedDeal { stage: Some(key(stage)), owner: Some(owner.map(key)), grade: None };
        self.expect.deals.insert(key("d1"), deal);
        self
    }
}

/// Plays it and says what failed, one a line; `passed` if nothing did.
fn play(given: Vec<Given>, steps: Vec<Step>) -> (String, Coverage) {
    let mut rules = company();
    rules.unique.push(Combination { id: key("name"), fields: keys("name") });
    let people = [person("li", LI, "seller"), person("wang", WANG, "seller"), person("chen", CHEN, "manager")];
    rules.scenarios.push(Scenario {
        name: Localized::one(&Language::new("en"), "a story"),
        now: date("2026-03-02").and_hms_opt(10, 0, 0).unwrap(),
        people: people.into_iter().map(|one| (one.id.clone(), one)).collect(),
        given,
        steps,
        line: 2,
    });
    let result = run(&Arc::new(rules)).remove(0);
    let english = [Language::new("en")];
    let failures = result.failures.iter().map(|one| format!("{}: {}", one.line, one.message.render(&english)));
    let failures: Vec<String> = failures.collect();
    assert_eq!(failures.is_empty(), result.passed());
    (if failures.is_empty() { "passed".to_owned() } else { failures.join("\n") }, result.covered)
}

#[test]
fn a_story_is_decided_step_by_step() {
    let steps = vec![
        act("li", to("contacted", None)).refused("reached").then("graded", Some("li")),
        act("li", call("reached")),
        act("li", to("contacted", None)).then("contacted", Some("li")),
        act("li", to("abandoned", None)).refused("reason_required"),
        act("li", to("abandoned", Some("refused"))).then("abandoned", Some("li")),
        act("li", to("contacted", None)).refused("move_not_permitted"),
        act("chen", to("contacted", None)).refused("cooling").after(119),
        act("chen", to("contacted", None)).after(1).then("contacted", Some("li")),
        act("li", Deed::Release { note: None }).then("contacted", None),
        act("li", to("lead", None)).refused("permission"),
        act("chen", Deed::Assign { to: key("wang"), note: None }).then("contacted", Some("wang")),
        act("chen", Deed::Assign { to: key("wang"), note: None }).refused("owner"),
        act("wang", Deed::Grade { to: Some(key("C")), note: None }).refused("grade"),
        act("wang", Deed::Grade { to: None, note: None }),
    ];
    let (said, covered) = play(vec![given("graded")], steps);
    assert_eq!(said, "passed");
    let refusals: Vec<String> =
        covered.refusals.iter().map(|(_, stage, id)| format!("{}.{id}", stage.as_deref().unwrap_or(""))).collect();
    assert_eq!(refusals, ["contacted.reached"]);
    let moves: Vec<&Key> = covered.moves.iter().map(|(_, id)| id).collect();
    assert_eq!(moves, [&key("abandon"), &key("forward"), &key("reopen")]);
}

#[test]
fn what_came_out_otherwise_is_told_at_its_line() {
    let say = |step: Step| play(vec![given("graded")], vec![step]).0;
    assert_eq!(
        say(act("li", to("contacted", None))),
        "5: `li` on `d1`: expected to be allowed, was refused by reached"
    );
    assert_eq!(
        say(act("li", call("reached")).refused("reached")),
        "5: `li` on `d1`: expected to be refused by reached, was allowed"
    );
    assert_eq!(
        say(act("li", to("contacted", None)).refused("reached interested")),
        "5: `li` on `d1`: expected to be refused by interested, reached, was refused by reached"
    );
    assert_eq!(
        say(act("li", call("reached")).then("lead", None)),
        "5: `stage` of `d1`: expected lead, is graded\n5: `owner` of `d1`: expected none, is li"
    );
    let mut warned = act("li", call("reached"));
    warned.expect.warned = Some(BTreeSet::from([key("holding")]));
    assert_eq!(say(warned), "5: `li` on `d1`: expected warnings holding, came -");
    // What follows a failed step would only repeat it.
    let both = vec![act("li", to("contacted", None)), act("li", to("lead", None))];
    assert_eq!(play(vec![given("graded")], both).0.lines().count(), 1);
}

#[test]
fn what_is_given_stands_as_it_says() {
    let mut story = given("intent");
    story.entered_ago = Some(Span::WorkdaysMilli(1000));
    story.dwelt = vec![(key("contacted"), Span::WorkdaysMilli(3000)), (key("lead"), Span::WorkdaysMilli(2000))];
    story.contracts = vec![GivenContract {
        amount: money(1000),
        signed: true,
        delivered: false,
        accepted: false,
        paid: Some(money(999)),
    }];
    let steps = vec![
        act("li", to("signed", None)),
        act("li", to("implemented", None)).refused("paid"),
        act("wang", to("implemented", None)).refused("permission"),
    ];
    assert_eq!(play(vec![story], steps).0, "passed");
}

#[test]
fn customers_and_deals_are_made_as_by_a_call() {
    let create = |name: Option<&str>, stage: &str, owner: Option<&str>| {
        let name = name.map(|name| (key("name"), crate::values::Value::Text(name.into())));
        let deed = Deed::Create {
            funnel: key("standard"),
            stage: key(stage),
            customer: name.into_iter().collect(),
            fields: IndexMap::new(),
            product: None,
            owner: owner.map(key),
        };
        let mut step = act("li", deed);
        step.act.as_mut().unwrap().deal = key("d2");
        step
    };
    let steps = vec![
        create(None, "resource", Some("li")).refused("required"),
        create(Some("loudou"), "resource", Some("li")).refused("unique"),
        create(Some("Another"), "lead", Some("li")).refused("no_such_move"),
        create(Some("Another"), "contacted", Some("li")).refused("move_not_permitted"),
        create(Some("Another"), "resource", Some("wang")).refused("permission"),
        create(Some("Another"), "resource", Some("li")),
    ];
    assert_eq!(play(vec![given("graded")], steps).0, "passed");
}

#[test]
fn fields_are_written_all_or_none() {
    let write = |customer: &[(&str, Option<&str>)], question: Option<&str>| {
        let text = |text: &str| crate::values::Value::Text(text.into());
        Deed::Write {
            customer: customer.iter().map(|(name, value)| (key(name), value.map(text))).collect(),
            fields: [(key("question"), question.map(text))].into(),
            product: None,
        }
    };
    let mut story = given("intent");
    story.fields = [
        (key("question"), crate::values::Value::Text("how".into())),
        (key("visit_on"), crate::values::Value::Date(date("2026-03-05"))),
    ]
    .into();
    let steps = vec![
        act("li", write(&[("name", None)], None)).refused("required asked"),
        act("wang", write(&[], Some("when"))).refused("permission"),
        act("li", write(&[("name", Some("Other"))], Some("when"))),
    ];
    assert_eq!(play(vec![story], steps).0, "passed");
}

#[test]
fn the_shipped_rules_prove_themselves() {
    let checked = crate::rules::check::check(include_str!("../../../config/rules.yaml"), Some(date("2026-03-02")));
    let rules = checked.rules.unwrap_or_else(|| panic!("{:?}", checked.problems));
    assert!(!rules.scenarios.is_empty());
    let english = [Language::new("en")];
    let rules = Arc::new(rules);
    let results = run(&rules);
    let failures: Vec<String> = results
        .iter()
        .flat_map(|result| result.failures.iter().map(move |failure| (result, failure)))
        .map(|(result, failure)| {
            format!("{} {}: {}", failure.line, result.name.get(&english), failure.message.render(&english))
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let left: Vec<String> = uncovered(&rules, &results).iter().map(|one| format!("{} {}", one.line, one.id)).collect();
    assert_eq!(left, Vec::<String>::new(), "criteria of which no scenario shows a refusal");
}
