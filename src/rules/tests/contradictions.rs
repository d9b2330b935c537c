//! What no values satisfy: never said of what some values do.

use super::*;
use crate::rules::demand::{Demand, Effort, Known, Solved, solve};
use crate::rules::expression::{Expression, Facts, Place, Read, Type, Vocabulary, compile};
use crate::rules::model::Rules;
use crate::values::{Key, Money, Time, Value};
use proptest::prelude::*;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

const FILE: &str = "\
format: 1
languages: [en]
currency: CNY
calendar: {time_zone: Asia/Shanghai}
fields:
  customer: {name: {type: text}, size: {type: choice, of: [large, small, tiny]}}
  deal: {score: {type: number}, target: {type: money}, fits: {type: bool}, visit_on: {type: date}}
activities: {call: {outcomes: [reached]}}
funnels:
  standard:
    stages:
      - {id: fresh, kind: start}
      - {id: called}
      - {id: sold, kind: won}
      - {id: gone, kind: lost, reasons: [{id: no_need}]}
first_administrator: [boss]
roles: {boss: {may: [{do: [deals.*, customers.*, people.*, rules.*, rules.activate], scope: all}]}}
";

static RULES: LazyLock<Rules> = LazyLock::new(|| check(FILE, monday()).rules.unwrap());

fn expression(text: &str) -> Expression {
    let mut vocabulary = Vocabulary::new(RULES.currency);
    for (id, kind) in [("score", Type::Number), ("target", Type::Money(Some(RULES.currency))), ("fits", Type::Bool)] {
        vocabulary.deal.insert(Key::new(id), kind);
    }
    vocabulary.deal.insert(Key::new("visit_on"), Type::Date);
    vocabulary.customer.insert(Key::new("name"), Type::Text);
    let sizes = ["large", "small", "tiny"].map(Key::new).to_vec();
    vocabulary.customer.insert(Key::new("size"), Type::Choice(sizes.into_iter().collect()));
    vocabulary.activities.insert(Key::new("call"), vec![Key::new("reached")]);
    compile(text, &Type::Bool, Place::Decision, &vocabulary).unwrap_or_else(|faults| panic!("{text}: {faults:?}"))
}

fn solved(texts: &[&str]) -> Solved {
    let expressions: Vec<Expression> = texts.iter().map(|text| expression(text)).collect();
    let demands: Vec<Demand<'_>> = expressions.iter().map(Demand::Holds).collect();
    solve(&RULES, &demands, &Known::default(), &mut Effort(1_000_000))
}

#[test]
fn what_excludes_itself_is_found() {
    let impossible = [
        "deal.score > 5 && deal.score < 3",
        "deal.score > 5 && deal.score <= 5",
        "deal.target >= money(100) && deal.target < money(100)",
        "deal.target > money(1) && deal.target < money(1.01)",
        "deal.visit_on > date(\"2026-03-02\") && deal.visit_on < date(\"2026-03-03\")",
        "count(\"call\") > 2 && count(\"call\") < 3",
        "customer.name == \"a\" && customer.name == \"b\"",
        "customer.size in [\"large\"] && !(customer.size != \"small\")",
        "deal.score.orValue(0) > 5 && !has(deal.score)",
        "(deal.fits ? deal.score > 5 : deal.score > 7) && deal.score < 2",
    ];
    for text in impossible {
        assert!(matches!(solved(&[text]), Solved::Impossible(_)), "{text}: {:?}", solved(&[text]));
    }
}

#[test]
fn what_can_be_so_is_found_with_a_case_of_it() {
    let possible = [
        "deal.score > 5 && deal.score < 6",
        "deal.target > money(1) && deal.target < money(1.02)",
        "customer.name != \"a\" && customer.name != \"given\"",
        "count(\"call\") >= 3",
        "!has(deal.score) || deal.score > 5",
    ];
    for text in possible {
        assert!(matches!(solved(&[text]), Solved::Possible(_)), "{text}");
    }
}

#[test]
fn what_trying_cannot_decide_is_left_undecided() {
    for text in [
        "deal.score + 1.0 > 5 && deal.score < 3",
        "customer.name.contains(\"x\") && customer.name == \"a\"",
        "deal.visit_on > today && deal.visit_on < today",
    ] {
        assert!(!matches!(solved(&[text]), Solved::Impossible(_)), "{text}");
    }
}

#[test]
fn what_excludes_each_other_is_told_without_the_rest() {
    let found = solved(&["deal.fits", "deal.score > 5", "customer.size == \"large\"", "deal.score < 3 || !deal.fits"]);
    assert_eq!(found, Solved::Impossible(vec![0, 1, 3]));
}

struct Facted(BTreeMap<Read, Value>);

impl Facts for Facted {
    fn read(&self, read: &Read) -> Option<Cow<'_, Value>> {
        self.0.get(read).map(Cow::Borrowed)
    }

    fn now(&self) -> Time {
        Time::from_micros(1_772_416_800_000_000)
    }

    fn today(&self) -> Date {
        Date::from_ymd_opt(2026, 3, 2).unwrap()
    }
}

fn condition() -> impl Strategy<Value = String> {
    let sign = prop_oneof![Just("=="), Just("!="), Just("<"), Just("<="), Just(">"), Just(">=")];
    let same = prop_oneof![Just("=="), Just("!=")];
    let leaf = prop_oneof![
        (sign.clone(), 0..4_i64).prop_map(|(sign, n)| format!("deal.score {sign} {n}.5")),
        (sign.clone(), 0..4_i64).prop_map(|(sign, n)| format!("deal.score.orValue(2.0) {sign} {n}")),
        (sign.clone(), 0..3_i64).prop_map(|(sign, n)| format!("deal.target {sign} money({n})")),
        (sign.clone(), 1..4_u32).prop_map(|(sign, n)| format!("deal.visit_on {sign} date(\"2026-03-0{n}\")")),
        (sign, 0..4_i64).prop_map(|(sign, n)| format!("count(\"call\") {sign} {n}")),
        (same.clone(), prop_oneof![Just("large"), Just("small")])
            .prop_map(|(sign, size)| format!("customer.size {sign} \"{size}\"")),
        (same, prop_oneof![Just("a"), Just("b")]).prop_map(|(sign, name)| format!("customer.name {sign} \"{name}\"")),
        Just("deal.fits".to_owned()),
        Just("has(deal.score)".to_owned()),
        Just("customer.name.contains(\"a\")".to_owned()),
        Just("deal.score * 2.0 > 3".to_owned()),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one} && {other})")),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one} || {other})")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(test, one, other)| format!("({test} ? {one} : {other})")),
            inner.prop_map(|one| format!("!({one})")),
        ]
    })
}

fn facts() -> impl Strategy<Value = BTreeMap<Read, Value>> {
    let field = |name: &str| Read::Field(crate::rules::expression::Path::parse(name).unwrap());
    let tenths = |n: i64| Value::Number(crate::values::Decimal::new(n, 1));
    let money = |minor: i64| Value::Money(Money::new(minor, RULES.currency).unwrap());
    (
        proptest::option::of(-10..60_i64),
        proptest::option::of(-1..400_i64),
        proptest::option::of(1..6_u32),
        0..6_i64,
        proptest::option::of(0..3_usize),
        proptest::option::of(prop_oneof![Just("a"), Just("b"), Just("ab"), Just("c")]),
        proptest::option::of(any::<bool>()),
    )
        .prop_map(move |(score, target, day, calls, size, name, fits)| {
            let call = Read::Count { kind: Key::new("call"), outcome: None, within: None };
            let sizes = ["large", "small", "tiny"];
            let rows = [
                (field("deal.score"), score.map(tenths)),
                (field("deal.target"), target.map(money)),
                (field("deal.visit_on"), day.map(|day| Value::Date(Date::from_ymd_opt(2026, 3, day).unwrap()))),
                (call, Some(Value::Int(calls))),
                (field("customer.size"), size.map(|size| Value::Choice(Key::new(sizes[size])))),
                (field("customer.name"), name.map(|name| Value::Text(name.to_owned()))),
                (field("deal.fits"), fits.map(Value::Bool)),
            ];
            rows.into_iter().filter_map(|(read, value)| Some((read, value?))).collect()
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// No false contradiction: what is said to be impossible, no facts satisfy; what is said to be possible is so with the
    /// facts that are given for it.
    #[test]
    fn what_is_called_impossible_no_facts_satisfy(
        texts in proptest::collection::vec(condition(), 1..4),
        tried in proptest::collection::vec(facts(), 60),
    ) {
        let expressions: Vec<Expression> = texts.iter().map(|text| expression(text)).collect();
        let holds = |facts: &BTreeMap<Read, Value>| {
            let facts = Facted(facts.clone());
            expressions.iter().all(|one| one.holds(&facts, &RULES.calendar) == Some(true))
        };
        match solved(&texts.iter().map(String::as_str).collect::<Vec<_>>()) {
            Solved::Impossible(_) => prop_assert!(!tried.iter().any(holds), "{texts:?}"),
            Solved::Possible(mut facts) => {
                let call = Read::Count { kind: Key::new("call"), outcome: None, within: None };
                facts.entry(call).or_insert(Value::Int(0));
                prop_assert!(holds(&facts), "{texts:?}: {facts:?}");
            }
            Solved::Unknown => {}
        }
    }
}
