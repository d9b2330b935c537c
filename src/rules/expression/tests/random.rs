//! Random well-typed expressions, and random facts for them, in which anything can be missing.

use super::*;
use proptest::prelude::*;
use proptest::strategy::Union;

/// Texts of expressions of one type.
pub type Sources = BoxedStrategy<String>;

fn any_of(words: &'static [&'static str]) -> Sources {
    prop::sample::select(words).prop_map(str::to_owned).boxed()
}

fn sides(of: &Sources, signs: &'static [&'static str]) -> Sources {
    (of.clone(), any_of(signs), of.clone()).prop_map(|(left, sign, right)| format!("{left} {sign} {right}")).boxed()
}

const ORDER: &[&str] = &["==", "!=", "<", "<=", ">", ">="];
const EQUALITY: &[&str] = &["==", "!="];

/// Conditions joined with `!`, `&&`, `||` and brackets.
fn joined(atoms: Vec<Sources>) -> Sources {
    Union::new(atoms)
        .prop_recursive(4, 24, 3, |inner| {
            prop_oneof![
                inner.clone().prop_map(|of| format!("!({of})")),
                (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("({left} && {right})")),
                (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| format!("({a} || {b} || {c})")),
            ]
        })
        .boxed()
}

/// What both this language and CEL know, with the same meaning.
pub fn common() -> Sources {
    let whole = any_of(&["0", "1", "-1", "2", "7", "9223372036854775807", "customer.open_deals", "customer.won_deals"]);
    let whole = whole.prop_recursive(3, 12, 2, |inner| {
        prop_oneof![
            (inner.clone(), any_of(&["+", "-", "*", "/", "%"]), inner.clone())
                .prop_map(|(left, sign, right)| format!("({left} {sign} {right})")),
            (any_of(&["true", "false", "deal.suitable"]), inner.clone(), inner)
                .prop_map(|(condition, yes, no)| format!("({condition} ? {yes} : {no})")),
        ]
    });
    let whole = whole.boxed();
    let text = any_of(&["customer.name", "customer.industry", "\"Ltd\"", "\"制造业\"", "\"a\""]);
    let span = any_of(&["duration(\"12h\")", "duration(\"0h\")", "(now - deal.created_at)"]);
    let at = any_of(&["now", "deal.created_at", "deal.entered_at", "(now - duration(\"24h\"))"]);
    let row = |source: &'static [&'static str]| any_of(source);
    joined(vec![
        sides(&whole, ORDER),
        sides(&span, ORDER),
        sides(&at, ORDER),
        sides(&text, EQUALITY),
        (whole, any_of(&["[1, 2, 7]", "[0]", "[-1, 4]"])).prop_map(|(item, list)| format!("{item} in {list}")).boxed(),
        (text.clone(), any_of(&["contains", "startsWith", "endsWith"]), text)
            .prop_map(|(of, test, part)| format!("{of}.{test}({part})"))
            .boxed(),
        row(&[
            "true",
            "false",
            "deal.suitable",
            "customer.verified",
            "deal.grade == \"A\"",
            "deal.grade != \"B\"",
            "customer.size in [\"large\", \"ordinary\"]",
            "customer.branch == user.branch",
            "\"vip\" in customer.tags",
            "\"manager\" in user.roles",
            "has(customer.name)",
            "has(deal.grade)",
            "has(customer.branch)",
            "customer.name.size() > 2",
            "customer.tags.size() == 2",
            "customer.industry.matches(\"^[a-z]+$\")",
            "customer.contacts.size() == 2",
            "customer.contacts.exists(c, c.role == \"buyer\")",
            "customer.contacts.all(c, c.role != \"buyer\" && c.name.size() > 1)",
            "customer.contacts.exists(c, c.name == customer.name || deal.suitable)",
        ]),
    ])
}

/// What may be read: all of it translates to a search.
pub fn readable() -> Sources {
    let number = any_of(&["deal.score", "1", "7.5", "user.level", "deal.score.orValue(2)", "customer.company_size"]);
    let money = any_of(&["deal.sales_target", "money(5)", "deal.list_price", "deal.list_price.orValue(money(5))"]);
    let date = any_of(&[
        "deal.visit_on",
        "today",
        "add_days(today, 3)",
        "deal.visit_on.orValue(today)",
        "date(\"2026-03-05\")",
    ]);
    let at = any_of(&["deal.created_at", "deal.entered_at", "add_workdays(now, -2)", "deal.demo_at.orValue(now)"]);
    let text = any_of(&["customer.name", "\"Ltd\"", "\"漏\"", "customer.industry.orValue(\"Ltd\")", "customer.phone"]);
    let person = any_of(&["deal.owner", "deal.creator", "user.id", "deal.partner.orValue(user.id)", "owner.id"]);
    joined(vec![
        sides(&number, ORDER),
        sides(&money, ORDER),
        sides(&date, ORDER),
        sides(&at, ORDER),
        sides(&text, EQUALITY),
        sides(&person, EQUALITY),
        (text.clone(), any_of(&["contains", "startsWith", "endsWith"]), text)
            .prop_map(|(of, test, part)| format!("{of}.{test}({part})"))
            .boxed(),
        (person, any_of(&["[deal.owner, user.id]", "[deal.discoverer, deal.creator]"]))
            .prop_map(|(item, list)| format!("{item} in {list}"))
            .boxed(),
        (number, any_of(&["[1, 7.5]", "[user.level, 2]", "[deal.score]"]))
            .prop_map(|(item, list)| format!("{item} in {list}"))
            .boxed(),
        any_of(&[
            "true",
            "deal.suitable",
            "!customer.verified",
            "customer.verified.orValue(true)",
            "deal.suitable == true",
            "deal.grade == \"A\"",
            "deal.grade != \"B\"",
            "deal.grade in [\"A\", \"B\"]",
            "deal.grade.orValue(\"C\") == \"C\"",
            "customer.branch == user.branch",
            "customer.branch in [user.branch, \"south\"]",
            "\"vip\" in customer.tags",
            "\"seller\" in user.roles",
            "user.branch == \"west\"",
            "deal.stage == \"standard/intent\"",
            "deal.stage != \"partners/intent\"",
            "deal.stage in [\"partners/intent\", \"standard/lead\"]",
            "has(deal.grade)",
            "has(customer.name)",
            "has(customer.tags)",
            "has(user.branch)",
            "user.level > 1",
            "owner.team == user.team",
            "owner.active",
        ]),
    ])
}

/// Facts of which each is there or not, with a few values each.
pub fn facts() -> impl Strategy<Value = Known> {
    let number = |units: i64| Value::Number(Decimal::new(units, 1));
    let money = |minor: i64| Value::Money(Money::new(minor, Currency::new("CNY").unwrap()).unwrap());
    let text = |text: &str| Value::Text(text.to_owned());
    let choice = |word: &str| Value::Choice(Key::new(word));
    let at = |hours: i64| Value::Time(known().now.plus_micros(hours * 3_600_000_000));
    let contact = |name: &str, role: &str| vec![(Key::new("name"), text(name)), (Key::new("role"), text(role))];
    let team = |n: u128| Value::Team(crate::values::TeamId(Uuid::from_u128(n)));
    let people = || vec![Value::User(user(1)), Value::User(user(2))];
    let truths = || vec![Value::Bool(true), Value::Bool(false)];
    let choices: Vec<(&str, Vec<Value>)> = vec![
        ("customer.name", vec![text("Li Ltd"), text("漏斗"), text("Ltd")]),
        ("customer.industry", vec![text("制造业"), text("a")]),
        ("customer.phone", vec![text("+86138")]),
        ("customer.size", vec![choice("large"), choice("unknown")]),
        ("customer.branch", vec![choice("north"), choice("south")]),
        ("customer.tags", vec![Value::Choices(keys("vip foreign")), Value::Choices(keys("partner"))]),
        ("customer.verified", truths()),
        ("customer.company_size", vec![number(75), number(10)]),
        ("customer.open_deals", vec![Value::Int(0), Value::Int(7), Value::Int(i64::MIN)]),
        ("customer.won_deals", vec![Value::Int(1), Value::Int(-1)]),
        (
            "customer.contacts",
            vec![
                Value::Records(vec![contact("Li", "buyer"), contact("Ltd", "boss")]),
                Value::Records(vec![contact("W", "boss")]),
            ],
        ),
        ("deal.funnel", vec![choice("standard"), choice("partners")]),
        ("deal.stage", vec![choice("intent"), choice("lead")]),
        ("deal.grade", vec![choice("A"), choice("B"), choice("C")]),
        ("deal.suitable", truths()),
        ("deal.score", vec![number(10), number(75), number(20)]),
        ("deal.sales_target", vec![money(500), money(1)]),
        ("deal.list_price", vec![money(500), money(700)]),
        ("deal.visit_on", vec![Value::Date(date("2026-03-05")), Value::Date(date("2026-03-02"))]),
        ("deal.created_at", vec![at(-24), at(-12), at(0)]),
        ("deal.entered_at", vec![at(-24), at(-100)]),
        ("deal.demo_at", vec![at(1), at(0)]),
        ("deal.owner", people()),
        ("deal.creator", people()),
        ("deal.partner", people()),
        ("deal.discoverer", people()),
        ("owner.id", people()),
        ("owner.active", truths()),
        ("owner.team", vec![team(1), team(2)]),
        ("user.team", vec![team(1)]),
        ("user.id", vec![Value::User(user(1))]),
        ("user.level", vec![number(10), number(20)]),
        ("user.branch", vec![choice("north"), choice("west")]),
        ("user.roles", vec![Value::Choices(keys("seller")), Value::Choices(keys("seller manager"))]),
    ];
    let each: Vec<_> = choices
        .into_iter()
        .map(|(name, values)| (Just(name.to_owned()), prop::option::weighted(0.8, prop::sample::select(values))))
        .collect();
    each.prop_map(|values| {
        let values = values.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        Known { values, now: known().now }
    })
}
