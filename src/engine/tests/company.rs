//! The deck's company, made by hand so that a test can turn any one thing of it.

use crate::engine::actor::{Actor, Who};
use crate::engine::facts::*;
use crate::rules::calendar::{Calendar, Hours};
use crate::rules::expression::{Expression, Path, Place, Type, Vocabulary, compile};
use crate::rules::model::*;
use crate::values::*;
use chrono::Weekday;
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use uuid::Uuid;

pub const LI: u128 = 1;
pub const WANG: u128 = 2;
pub const CHEN: u128 = 3;
pub const SOUTH: u128 = 101;
pub const NORTH: u128 = 102;

pub fn key(word: &str) -> Key {
    Key::new(word)
}

pub fn keys(words: &str) -> Vec<Key> {
    words.split_whitespace().map(Key::new).collect()
}

pub fn user(n: u128) -> UserId {
    UserId(Uuid::from_u128(n))
}

pub fn team(n: u128) -> TeamId {
    TeamId(Uuid::from_u128(n))
}

pub fn time(text: &str) -> Time {
    text.parse().unwrap()
}

pub fn date(text: &str) -> Date {
    text.parse().unwrap()
}

pub fn cny() -> Currency {
    Currency::new("CNY").unwrap()
}

pub fn money(yuan: i64) -> Money {
    Money::new(yuan * 100, cny()).unwrap()
}

/// Monday 2 March 2026, 10:00 in Shanghai.
pub fn now() -> Time {
    time("2026-03-02T10:00:00+08:00")
}

fn label(text: &str) -> Localized {
    Localized::one(&Language::new("en"), text)
}

fn choices(words: &str) -> IndexMap<Key, Choice> {
    let one = |id: Key| (id.clone(), Choice { label: label(&id), id, retired: false });
    keys(words).into_iter().map(one).collect()
}

fn fields(list: Vec<(&str, FieldKind)>) -> IndexMap<Key, Field> {
    let one = |(id, kind): (&str, FieldKind)| {
        let field = Field {
            id: key(id),
            label: label(id),
            kind,
            required: id == "name",
            personal: id == "phone",
            index: true,
            value: false,
            retired: false,
        };
        (key(id), field)
    };
    list.into_iter().map(one).collect()
}

fn all_fields() -> Fields {
    let text = || FieldKind::Text { pattern: None, max: 200 };
    Fields {
        customer: fields(vec![
            ("name", text()),
            ("phone", FieldKind::Phone),
            ("size", FieldKind::Choice { of: choices("large ordinary unknown") }),
            ("source", FieldKind::Choice { of: choices("web trial") }),
            ("verified", FieldKind::Bool),
            ("branch", FieldKind::Choice { of: choices("east west") }),
        ]),
        deal: fields(vec![
            ("sales_target", FieldKind::Money { currency: cny() }),
            ("suitable", FieldKind::Bool),
            ("question", text()),
            ("visit_on", FieldKind::Date),
            ("score", FieldKind::Number),
        ]),
        user: fields(vec![("branch", FieldKind::Choice { of: choices("east west") })]),
    }
}

pub fn vocabulary() -> Vocabulary {
    let fields = all_fields();
    let types = |fields: &IndexMap<Key, Field>| -> IndexMap<Key, Type> {
        fields.iter().map(|(id, field)| (id.clone(), Type::from(&field.kind))).collect()
    };
    let mut words = Vocabulary::new(cny());
    words.customer = types(&fields.customer);
    words.deal = types(&fields.deal);
    words.user = types(&fields.user);
    words.funnels = IndexMap::from([(key("standard"), keys(STAGES))]);
    words.products = keys("website promotion");
    words.grades = keys("A B C");
    words.activities = IndexMap::from([
        (key("call"), keys("reached interested no_answer")),
        (key("material"), Vec::new()),
        (key("visit"), keys("agreed held")),
    ]);
    words.roles = keys("seller manager director trainer");
    words.lost_reasons = keys("refused unreachable");
    words.moves = keys("create forward step_back abandon reopen");
    words
}

const STAGES: &str = "resource graded contacted lead intent signed implemented abandoned";

/// An expression of the file, within the funnel.
pub fn expression(text: &str, place: Place) -> Expression {
    compile(text, &Type::Bool, place, &vocabulary().within(Some(&key("standard"))))
        .unwrap_or_else(|faults| panic!("{text}: {faults:?}"))
}

/// An expression outside of funnels: of roles.
pub fn grant_expression(text: &str, place: Place) -> Expression {
    compile(text, &Type::Bool, place, &vocabulary()).unwrap_or_else(|faults| panic!("{text}: {faults:?}"))
}

pub fn path(name: &str) -> Path {
    crate::rules::expression::path(name, Place::Decision, &vocabulary().within(Some(&key("standard"))))
        .unwrap_or_else(|fault| panic!("{name}: {fault:?}"))
        .0
}

pub fn figure<T>(is: T) -> Option<Figure<T>> {
    Some(Figure { cases: vec![Case { when: None, is }] })
}

/// Cases of a figure; an empty condition is the last.
pub fn cases<T>(list: Vec<(&str, T)>) -> Option<Figure<T>> {
    let one = |(when, is): (&str, T)| Case { when: (!when.is_empty()).then(|| expression(when, Place::Figure)), is };
    Some(Figure { cases: list.into_iter().map(one).collect() })
}

pub fn criterion(id: &str, kind: CriterionKind) -> Criterion {
    let names = kind.names();
    Criterion { id: key(id), kind, when: None, mode: Mode::Enforce, enforce_from: None, message: None, names, line: 1 }
}

pub fn has(id: &str, names: &str) -> Criterion {
    criterion(id, CriterionKind::Has(names.split_whitespace().map(path).collect()))
}

pub fn require(id: &str, text: &str) -> Criterion {
    criterion(id, CriterionKind::Require(expression(text, Place::Decision)))
}

pub fn activity(id: &str, kind: &str, outcome: &str, at_least: u32) -> Criterion {
    let outcome = (!outcome.is_empty()).then(|| key(outcome));
    criterion(id, CriterionKind::Activity { kind: key(kind), outcome, at_least, within: None, different: None })
}

pub fn contract_is(id: &str, state: ContractState) -> Criterion {
    criterion(id, CriterionKind::Contract(state))
}

fn stage(id: &str, kind: StageKind, dwell_days: i64, enter: Vec<Criterion>) -> Stage {
    Stage {
        id: key(id),
        kind,
        label: label(id),
        state: None,
        standards: Vec::new(),
        dwell: figure(Span::WorkdaysMilli(dwell_days * 1000)).filter(|_| dwell_days > 0),
        rate: None,
        holding: Holding::default(),
        methods: Vec::new(),
        enter,
        reasons: IndexMap::new(),
        retired: false,
        line: 0,
    }
}

pub fn a_move(id: &str, from: &str, to: &str, direction: Direction) -> Move {
    Move {
        id: key(id),
        from: if from.is_empty() { MoveFrom::Creation } else { MoveFrom::Stage(key(from)) },
        to: if to == "origin" { MoveTo::Origin } else { MoveTo::Stage(key(to)) },
        direction,
        by: Vec::new(),
        reason_required: false,
        when: None,
        enter: Vec::new(),
        message: None,
        line: 0,
    }
}

/// The deck's funnel: a chain of stages, a step back, ways to give up and to begin again.
fn funnel() -> Funnel {
    let mut abandoned = stage("abandoned", StageKind::Lost, 0, Vec::new());
    let reason = |id: &str, cooling: Option<Span>| Reason { id: key(id), label: label(id), cooling, retired: false };
    abandoned.reasons = IndexMap::from([
        (key("refused"), reason("refused", Some(Span::WorkdaysMilli(120_000)))),
        (key("unreachable"), reason("unreachable", None)),
    ]);
    let mut contacted = stage("contacted", StageKind::Open, 5, vec![activity("reached", "call", "reached", 1)]);
    contacted.holding = Holding { ideal: figure(Decimal::from(2)), warn: figure(3), at_most: figure(4) };
    let stages = vec![
        stage("resource", StageKind::Start, 1, Vec::new()),
        stage("graded", StageKind::Open, 1, vec![has("graded", "customer.size deal.grade")]),
        contacted,
        stage("lead", StageKind::Open, 5, vec![activity("interested", "call", "interested", 1)]),
        stage("intent", StageKind::Open, 5, vec![has("asked", "deal.question deal.visit_on")]),
        stage("signed", StageKind::Open, 5, vec![contract_is("signed", ContractState::Signed)]),
        stage("implemented", StageKind::Won, 0, vec![contract_is("paid", ContractState::Paid)]),
        abandoned,
    ];
    let open = keys("resource graded contacted lead intent signed implemented");
    let mut moves: Vec<Move> =
        open.windows(2).map(|pair| a_move("forward", &pair[0], &pair[1], Direction::Forward)).collect();
    moves.push(a_move("skip", "graded", "lead", Direction::Forward));
    moves.extend(open[..6].iter().map(|from| a_move("abandon", from, "abandoned", Direction::Lost)));
    let manager = |mut one: Move| {
        one.by = keys("manager director");
        one
    };
    let mut back = manager(a_move("step_back", "intent", "lead", Direction::Back));
    back.reason_required = true;
    moves.push(back);
    moves.push(manager(a_move("reopen", "abandoned", "origin", Direction::Reopen)));
    moves.push(manager(a_move("begin_later", "", "contacted", Direction::Creation)));
    Funnel { id: key("standard"), label: label("Standard"), intake_per_workday: None, stages, moves }
}

pub fn grant(actions: &[Action], scope: Scope) -> Grant {
    Grant {
        actions: actions.iter().copied().collect(),
        scope,
        when: None,
        hide: BTreeSet::new(),
        mask: Vec::new(),
        read_only: BTreeSet::new(),
    }
}

pub fn role(id: &str, may: Vec<Grant>) -> Role {
    Role { id: key(id), label: label(id), may, never: Vec::new() }
}

fn roles() -> IndexMap<Key, Role> {
    use Action::*;
    let deals = [DealsRead, DealsCreate, DealsWrite, DealsMove, DealsGrade, DealsLog, DealsAssign, DealsRelease];
    let selling = [DealsRead, DealsCreate, DealsWrite, DealsMove, DealsGrade, DealsLog, DealsRelease];
    let customers = [CustomersRead, CustomersWrite];
    let mut peers = grant(&[DealsRead, CustomersRead], Scope::Team);
    peers.hide.insert(path("customer.phone"));
    let mut pool = grant(&[PoolRead], Scope::Team);
    pool.mask.push((path("customer.phone"), Mask::KeepLast(3)));
    let list = vec![
        role("seller", vec![grant(&selling, Scope::Own), grant(&customers, Scope::Own), peers, pool]),
        role("trainer", vec![grant(&[DealsRead, ReportsRead], Scope::Team)]),
        role(
            "manager",
            vec![
                grant(&deals, Scope::Team),
                grant(&customers, Scope::Team),
                grant(&[PoolRead, PoolDealOut], Scope::Team),
            ],
        ),
        role(
            "director",
            vec![grant(&deals, Scope::All), grant(&customers, Scope::All), grant(&[PoolRead, PoolDealOut], Scope::All)],
        ),
    ];
    list.into_iter().map(|role| (role.id.clone(), role)).collect()
}

pub fn company() -> Rules {
    let kind = |id: &str, outcomes: &str| ActivityKind {
        id: key(id),
        label: label(id),
        outcomes: choices(outcomes),
        retired: false,
    };
    let grade = |id: &str, when: &str| Grade {
        id: key(id),
        label: label(id),
        when: (!when.is_empty()).then(|| expression(when, Place::Grade)),
    };
    let week = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
    let hours = Hours::parse("09:00-18:00").unwrap();
    Rules {
        format: 1,
        languages: vec![Language::new("en")],
        currency: cny(),
        country: Some("CN".into()),
        calendar: Calendar::new(chrono_tz::Asia::Shanghai, &week, hours, &[], &[]).unwrap(),
        fields: all_fields(),
        unique: Vec::new(),
        products: choices("website promotion"),
        activities: [kind("call", "reached interested no_answer"), kind("material", ""), kind("visit", "agreed held")]
            .into_iter()
            .map(|kind| (kind.id.clone(), kind))
            .collect(),
        methods: IndexMap::new(),
        grades: vec![
            grade("A", "customer.source == \"trial\" || customer.size == \"large\" && deal.suitable"),
            grade("B", "customer.size in [\"large\", \"ordinary\"]"),
            grade("C", ""),
        ],
        validations: Vec::new(),
        funnels: IndexMap::from([(key("standard"), funnel())]),
        roles: roles(),
        first_administrator: Vec::new(),
        activation_by_another: false,
        migrate: Default::default(),
        scenarios: Vec::new(),
    }
}

pub fn stage_of<'r>(rules: &'r mut Rules, id: &str) -> &'r mut Stage {
    rules.funnels[0].stages.iter_mut().find(|stage| stage.id == *id).unwrap()
}

pub fn move_of<'r>(rules: &'r mut Rules, id: &str) -> &'r mut Move {
    rules.funnels[0].moves.iter_mut().find(|one| one.id == *id).unwrap()
}

/// Somebody who acts: `seller`, or `manager director`; in the south team.
pub fn actor(n: u128, roles: &str) -> Arc<Actor> {
    Arc::new(Actor {
        who: Who::User(user(n)),
        roles: keys(roles),
        team: Some(team(SOUTH)),
        teams: BTreeSet::from([team(SOUTH)]),
        active: true,
        fields: IndexMap::new(),
    })
}

pub fn person(n: u128, roles: &str) -> Person {
    Person {
        id: user(n),
        roles: keys(roles),
        team: Some(team(SOUTH)),
        active: true,
        fields: IndexMap::new(),
        holdings: BTreeMap::new(),
    }
}

pub fn choice(word: &str) -> Value {
    Value::Choice(key(word))
}

/// Li's deal in a stage since Friday 27 February, 15:00; its customer is large.
pub fn deal_in(stage: &str) -> DealFacts {
    let entered_at = time("2026-02-27T15:00:00+08:00");
    let state = match stage {
        "implemented" => DealState::Won,
        "abandoned" => DealState::Lost,
        _ => DealState::Open,
    };
    let customer = Customer {
        id: CustomerId(Uuid::from_u128(11)),
        creator: Some(user(LI)),
        fields: IndexMap::from([(key("name"), Value::Text("Loudou".into())), (key("size"), choice("large"))]),
        contacts: Vec::new(),
        version: 1,
        facts_version: 1,
        created_at: time("2026-02-01T10:00:00+08:00"),
        updated_at: time("2026-02-01T10:00:00+08:00"),
    };
    let deal = Deal {
        id: DealId(Uuid::from_u128(12)),
        customer: customer.id,
        funnel: key("standard"),
        stage: key(stage),
        state,
        owner: Some(user(LI)),
        team: Some(team(SOUTH)),
        creator: Some(user(LI)),
        discoverer: None,
        origin: Origin::Supplied,
        product: None,
        grade: Some(key("A")),
        graded_by: None,
        graded_at: None,
        reason: None,
        cooling_until: None,
        lost_from: None,
        fields: IndexMap::new(),
        version: 1,
        facts_version: 1,
        entered_at,
        created_at: time("2026-02-01T10:00:00+08:00"),
        updated_at: entered_at,
        closed_at: None,
    };
    DealFacts {
        deal,
        customer,
        activities: Vec::new(),
        contracts: Vec::new(),
        payments: Vec::new(),
        visits: vec![Visit { stage: key(stage), entered_at, left_at: None }],
        owner: Some(person(LI, "seller")),
        customer_open_deals: 1,
        customer_won_deals: 0,
    }
}

impl DealFacts {
    /// With an activity: `call reached`, at an instant, with a contact.
    pub fn logged(mut self, what: &str, at: &str, contact: &str) -> Self {
        let (kind, outcome) = what.split_once(' ').unwrap_or((what, ""));
        self.activities.push(Activity {
            id: ActivityId(Uuid::from_u128(20 + self.activities.len() as u128)),
            deal: self.deal.id,
            kind: key(kind),
            outcome: (!outcome.is_empty()).then(|| key(outcome)),
            method: None,
            contact: (!contact.is_empty()).then(|| contact.to_owned()),
            note: None,
            actor: Some(user(LI)),
            at: time(at),
            logged_at: time(at),
        });
        self
    }

    pub fn with(mut self, name: &str, value: Value) -> Self {
        match name.split_once('.').unwrap() {
            ("deal", name) => self.deal.fields.insert(key(name), value),
            (_, name) => self.customer.fields.insert(key(name), value),
        };
        self
    }

    /// With a contract of 1,000 yuan: the dates by which it was signed, delivered, accepted; what was paid.
    pub fn contract(mut self, states: &str, paid: &[i64]) -> Self {
        let id = ContractId(Uuid::from_u128(30 + self.contracts.len() as u128));
        let on = |word: &str| states.contains(word).then(|| date("2026-02-27"));
        self.contracts.push(Contract {
            id,
            deal: self.deal.id,
            number: None,
            amount: money(1000),
            signed_on: on("signed"),
            delivered_on: on("delivered"),
            accepted_on: on("accepted"),
            cancelled_on: on("cancelled"),
            version: 1,
            created_at: now(),
            updated_at: now(),
        });
        for yuan in paid {
            self.payments.push(Payment {
                id: PaymentId(Uuid::from_u128(40 + self.payments.len() as u128)),
                contract: id,
                amount: money(*yuan),
                paid_on: date("2026-02-27"),
                cancelled_on: None,
            });
        }
        self
    }

    /// Its owner holds so many deals in a stage.
    pub fn owner_holds(mut self, stage: &str, n: u32) -> Self {
        self.owner.as_mut().unwrap().holdings.insert((key("standard"), key(stage)), n);
        self
    }

    pub fn in_pool(mut self, of: Option<u128>) -> Self {
        self.deal.owner = None;
        self.deal.team = of.map(team);
        self.owner = None;
        self
    }

    pub fn owned_by(mut self, owner: Person) -> Self {
        self.deal.owner = Some(owner.id);
        self.deal.team = owner.team;
        self.owner = Some(owner);
        self
    }
}
