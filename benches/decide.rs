//! What a decision costs: a move that ten criteria guard, met and unmet; the options of a deal; a permit's sight of a
//! row; single conditions. The engine is pure, so this is the whole price of a decision besides reading and writing.

#![allow(clippy::panic, reason = "a bench whose world is wrong has nothing to measure")]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use loudou::engine::actor::{Actor, Who};
use loudou::engine::decision::{Decision, FactsRead};
use loudou::engine::facts::{Activity, Customer, Deal, DealFacts, DealState, Origin, Person, Visit};
use loudou::engine::moves::{MoveRequest, decide, options};
use loudou::engine::renamed::renamed;
use loudou::engine::replay::{Kept, Verdict, replay};
use loudou::engine::shadow::{Lens, Live, Said, ShadowTally};
use loudou::engine::{Case, Permit, Row, permit};
use loudou::rules::Rules;
use loudou::rules::migrate::What;
use loudou::rules::model::{Action, CriterionKind};
use loudou::rules::renames::{Rename, Renames};
use loudou::values::{ActivityId, CustomerId, DealId, Key, TeamId, Time, UserId, Value};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;

const RULES: &str = r#"
format: 1
languages: [en]
currency: CNY
country: CN
calendar: {time_zone: Asia/Shanghai, workdays: [mon, tue, wed, thu, fri], hours: 09:00-18:00}
fields:
  customer:
    name: {type: text, required: true}
    size: {type: choice, of: [large, ordinary]}
    industry: {type: text}
    verified: {type: bool}
  deal:
    suitable: {type: bool}
    score: {type: number}
    visit_on: {type: date}
activities:
  call: {outcomes: [reached, interested]}
  visit: {outcomes: [agreed]}
funnels:
  standard:
    stages:
      - {id: resource, kind: start}
      - id: lead
        holding: {ideal: 7, warn: 9, at_most: 12}
        dwell: 5wd
        enter:
          - has: [customer.name, customer.size, customer.industry]
          - {id: large, require: 'customer.size == "large"'}
          - {id: scored, require: 'deal.score > 10 && deal.suitable'}
          - {id: industry, require: 'customer.industry.startsWith("manu")'}
          - {id: verified, require: 'customer.verified || deal.score >= 80'}
          - {id: reached, activity: call, outcome: reached, at_least: 2}
          - {id: interested, activity: call, outcome: interested, within: 20wd}
          - {id: agreed, activity: visit, outcome: agreed}
          - {id: ahead, when: 'has(deal.visit_on)', require: 'deal.visit_on >= today'}
          - {id: dwelt, dwelt: resource, at_least: 1wd}
      - {id: won, kind: won}
      - {id: lost, kind: lost, reasons: [{id: refused}]}
first_administrator: [admin]
roles:
  seller: {may: [{do: [deals.read, deals.move, customers.read], scope: own}]}
  admin: {may: [{do: [people.read, people.write, rules.read, rules.draft, rules.activate, deals.create], scope: all}]}
"#;

fn rules() -> Arc<Rules> {
    let checked = loudou::rules::check(RULES, None);
    match checked.rules {
        Some(rules) => Arc::new(rules),
        None => panic!(
            "{}",
            checked.problems.iter().map(|one| format!("{}: {:?}\n", one.place.line, one.message)).collect::<String>()
        ),
    }
}

fn id(n: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(n)
}

fn time(text: &str) -> Time {
    text.parse().unwrap_or_else(|fault| panic!("{text}: {fault}"))
}

fn seller() -> Arc<Actor> {
    Arc::new(Actor { who: Who::User(UserId(id(1))), roles: vec![Key::new("seller")], ..Actor::system() })
}

/// A deal with twenty activities.
fn record() -> DealFacts {
    let text = |text: &str| Value::Text(text.to_owned());
    let entered_at = time("2026-02-26T15:00:00+08:00");
    let customer = Customer {
        id: CustomerId(id(11)),
        creator: None,
        fields: [
            (Key::new("name"), text("Loudou")),
            (Key::new("size"), Value::Choice(Key::new("large"))),
            (Key::new("industry"), text("manufacturing")),
            (Key::new("verified"), Value::Bool(true)),
        ]
        .into(),
        contacts: Vec::new(),
        version: 1,
        facts_version: 1,
        created_at: entered_at,
        updated_at: entered_at,
    };
    let owner = Person {
        id: UserId(id(1)),
        roles: vec![Key::new("seller")],
        team: Some(TeamId(id(2))),
        active: true,
        fields: Default::default(),
        holdings: BTreeMap::from([((Key::new("standard"), Key::new("lead")), 5)]),
    };
    let deal = Deal {
        id: DealId(id(12)),
        customer: customer.id,
        funnel: Key::new("standard"),
        stage: Key::new("resource"),
        state: DealState::Open,
        owner: Some(owner.id),
        team: owner.team,
        creator: None,
        discoverer: None,
        origin: Origin::Supplied,
        product: None,
        grade: None,
        graded_by: None,
        graded_at: None,
        reason: None,
        cooling_until: None,
        lost_from: None,
        fields: [(Key::new("suitable"), Value::Bool(true)), (Key::new("score"), Value::Number(85.into()))].into(),
        version: 1,
        facts_version: 1,
        entered_at,
        created_at: entered_at,
        updated_at: entered_at,
        closed_at: None,
    };
    let kinds = [("call", Some("reached")), ("call", Some("interested")), ("visit", Some("agreed")), ("call", None)];
    let activities = (0..20_u128).zip(kinds.iter().cycle()).map(|(n, (kind, outcome))| Activity {
        id: ActivityId(id(100 + n)),
        deal: deal.id,
        kind: Key::new(kind),
        outcome: outcome.map(Key::new),
        method: None,
        contact: None,
        note: None,
        actor: deal.owner,
        at: time("2026-02-27T10:00:00+08:00"),
        logged_at: time("2026-02-27T10:00:00+08:00"),
    });
    DealFacts {
        activities: activities.collect(),
        visits: vec![Visit { stage: deal.stage.clone(), entered_at, left_at: None }],
        deal,
        customer,
        contracts: Vec::new(),
        payments: Vec::new(),
        owner: Some(owner),
        customer_open_deals: 1,
        customer_won_deals: 0,
    }
}

fn granted(rules: &Arc<Rules>, action: Action) -> Permit {
    permit(rules, &seller(), action).unwrap_or_else(|| panic!("a seller may"))
}

fn decisions(bench: &mut Criterion) {
    let (rules, met, now) = (rules(), record(), time("2026-03-02T10:00:00+08:00"));
    let unmet = DealFacts { activities: Vec::new(), ..record() };
    let request = MoveRequest { from: None, to: Key::new("lead"), reason: None, note: None };
    let moving = granted(&rules, Action::DealsMove);
    assert!(matches!(decide(&moving, &met, &request, now), Decision::Allowed(_)));
    assert!(matches!(decide(&moving, &unmet, &request, now), Decision::Refused(_)));

    let mut group = bench.benchmark_group("decide");
    group.bench_function("a move past 10 criteria, allowed", |bench| {
        bench.iter(|| decide(black_box(&moving), black_box(&met), &request, now));
    });
    group.bench_function("a move past 10 criteria, refused", |bench| {
        bench.iter(|| decide(black_box(&moving), black_box(&unmet), &request, now));
    });
    group.bench_function("the options of a deal", |bench| {
        let actor = seller();
        bench.iter(|| options(black_box(&rules), &actor, black_box(&met), now));
    });
    let reading = granted(&rules, Action::DealsRead);
    group.bench_function("a permit and its sight of a row", |bench| {
        bench.iter(|| black_box(&reading).sight(&Row::from(black_box(&met)), now));
    });
    group.bench_function("a permit as a filter of rows", |bench| bench.iter(|| black_box(&reading).filter(now)));
    group.finish();
}

/// The conditions of the stage one by one, as criteria and permits ask them.
fn expressions(bench: &mut Criterion) {
    let (rules, met, now) = (rules(), record(), time("2026-03-02T10:00:00+08:00"));
    let actor = seller();
    let case = Case::of(&rules, &actor, now, &met);
    let stage = rules.funnels.get("standard").and_then(|funnel| funnel.stage("lead"));
    let mut group = bench.benchmark_group("expression");
    for criterion in stage.map_or(&[][..], |stage| &stage.enter).iter().filter(|one| one.when.is_none()) {
        let CriterionKind::Require(require) = &criterion.kind else { continue };
        assert_eq!(case.holds(require), Some(true), "{}", criterion.id);
        group.bench_function(criterion.id.as_str(), |bench| bench.iter(|| black_box(&case).holds(black_box(require))));
    }
    group.finish();
}

fn kept<'a>(roles: &'a [Key], at: Time, facts: &'a FactsRead) -> Kept<'a> {
    Kept { action: Action::DealsMove, at, roles, allowed: true, grounds: &[], facts }
}

/// A kept decision under the same rules: from what was read of it, and from the JSON that it is kept as.
fn replays(bench: &mut Criterion) {
    let (rules, now) = (rules(), time("2026-03-02T10:00:00+08:00"));
    let request = MoveRequest { from: None, to: Key::new("lead"), reason: None, note: None };
    let decision = decide(&granted(&rules, Action::DealsMove), &record(), &request, now);
    let roles = [Key::new("seller")];
    let first = kept(&roles, now, decision.facts());
    assert_eq!(replay(&rules, &first), Some(Verdict::Allowed));
    let text = serde_json::to_string(decision.facts()).unwrap_or_default();
    let mut group = bench.benchmark_group("replay");
    group.throughput(Throughput::Elements(1));
    group.bench_function("a move past 10 criteria", |bench| {
        bench.iter(|| replay(black_box(&rules), black_box(&first)));
    });
    group.bench_function("a move past 10 criteria, from JSON", |bench| {
        bench.iter(|| {
            let facts: FactsRead = serde_json::from_str(black_box(&text)).unwrap_or_default();
            replay(black_box(&rules), &kept(&roles, now, &facts))
        });
    });
    // After changes of rules that named two hundred things anew, none of them one that this move rests on, but one.
    let renames = Renames::new((0..200).map(renamed_in).chain([large_became_great(201)]).collect());
    group.bench_function("a move past 10 criteria, from JSON, under other names since", |bench| {
        bench.iter(|| {
            let facts: FactsRead = serde_json::from_str(black_box(&text)).unwrap_or_default();
            let called = renamed(&facts, &roles, black_box(&renames), 1);
            let (facts, roles) = called.as_ref().map_or((&facts, &roles[..]), |now| (&now.facts, &now.roles[..]));
            replay(black_box(&rules), &kept(roles, now, facts))
        });
    });
    group.finish();
}

/// One of many things that were once called otherwise.
fn renamed_in(n: i64) -> Rename {
    let kinds = [(What::Stage, "standard"), (What::Field, "deal"), (What::Field, "customer"), (What::Product, "")];
    let (what, above) =
        kinds.into_iter().cycle().nth(usize::try_from(n).unwrap_or_default()).unwrap_or((What::Role, ""));
    let above = Some(above).filter(|id| !id.is_empty()).map(Key::new).into_iter().collect();
    let (from, to) = (Key::from(format!("before_{n}")), Key::from(format!("after_{n}")));
    Rename { what, above, rules_version: n + 2, from, to, merged: false }
}

/// One that this move rests on.
fn large_became_great(rules_version: i64) -> Rename {
    let above = vec![Key::new("customer"), Key::new("size")];
    Rename { what: What::Choice, above, rules_version, from: Key::new("large"), to: Key::new("great"), merged: false }
}

/// What a draft in shadow costs, off the way of the request: the move asked again, and counted.
fn shadows(bench: &mut Criterion) {
    let (rules, actor, now) = (rules(), seller(), time("2026-03-02T10:00:00+08:00"));
    let request = MoveRequest { from: None, to: Key::new("lead"), reason: None, note: None };
    let lens = Lens { rules: &rules, actor: &actor, now };
    assert_eq!(lens.movement(record(), request.clone()), Said::Decided(Ok(())));
    let mut group = bench.benchmark_group("shadow");
    group.throughput(Throughput::Elements(1));
    group.bench_function("a move past 10 criteria, asked and counted", |bench| {
        let mut tally = ShadowTally::default();
        let live = Live { action: "deals.move", place: None, outcome: &Ok(()) };
        bench.iter_batched(
            || (record(), request.clone()),
            |(record, request)| tally.add(&live, black_box(&lens).movement(record, request)),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

criterion_group!(benches, decisions, expressions, replays, shadows);
criterion_main!(benches);
