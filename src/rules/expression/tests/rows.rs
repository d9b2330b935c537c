//! The condition on rows says what the expression says, row by row: a small interpreter of predicates beside the
//! evaluator. (That SQL says it too is the store's to try.)

use super::*;
use crate::rules::expression::arithmetic::{equal, order};
use proptest::prelude::*;

fn operand(operand: &Operand, row: &Known) -> Option<Value> {
    let field = |path: &Path| {
        assert_ne!(path.entity, Entity::User, "what is known of the caller is bound");
        row.values.get(&path.to_string()).cloned()
    };
    match operand {
        Operand::Field(path) => field(path),
        Operand::FieldOr(path, value) => field(path).or(Some(value.clone())),
        Operand::Value(value) => Some(value.clone()),
    }
}

fn compare(comparison: Comparison, left: &Value, right: &Value) -> Option<bool> {
    match comparison {
        Comparison::Equal => equal(left, right),
        Comparison::NotEqual => equal(left, right).map(|equal| !equal),
        Comparison::Less => order(left, right).map(|order| order.is_lt()),
        Comparison::LessOrEqual => order(left, right).map(|order| order.is_le()),
        Comparison::Greater => order(left, right).map(|order| order.is_gt()),
        Comparison::GreaterOrEqual => order(left, right).map(|order| order.is_ge()),
    }
}

/// As SQL decides, with NULL for what is missing.
fn passes(predicate: &Predicate, row: &Known) -> Option<bool> {
    match predicate {
        Predicate::Known(holds) => *holds,
        Predicate::Compare { left, comparison, right } => {
            compare(*comparison, &operand(left, row)?, &operand(right, row)?)
        }
        Predicate::In { operand: item, values } => {
            assert!(!values.is_empty());
            let item = operand(item, row)?;
            Some(values.iter().any(|value| equal(&item, value) == Some(true)))
        }
        Predicate::Includes { list, value } => match operand(&Operand::Field(list.clone()), row)? {
            Value::Choices(list) => Some(list.iter().any(|item| Value::Choice(item.clone()) == *value)),
            other => panic!("no list: {other:?}"),
        },
        Predicate::Has(path) => Some(row.values.contains_key(&path.to_string())),
        Predicate::Text { operand: of, test, part } => match (operand(of, row)?, operand(part, row)?) {
            (Value::Text(of), Value::Text(part)) => Some(match test {
                TextTest::Contains => of.contains(&part),
                TextTest::StartsWith => of.starts_with(&part),
                TextTest::EndsWith => of.ends_with(&part),
            }),
            others => panic!("no texts: {others:?}"),
        },
        Predicate::Not(of) => passes(of, row).map(|holds| !holds),
        Predicate::And(parts) => fold(parts, row, true),
        Predicate::Or(parts) => fold(parts, row, false),
    }
}

fn fold(parts: &[Predicate], row: &Known, wanted: bool) -> Option<bool> {
    let parts: Vec<_> = parts.iter().map(|part| passes(part, row)).collect();
    let unknown = parts.contains(&None);
    if parts.contains(&Some(!wanted)) {
        Some(!wanted)
    } else if unknown {
        None
    } else {
        Some(wanted)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_pass_where_the_expression_holds(source in random::readable(), rows in prop::collection::vec(random::facts(), 4)) {
        let expression = compile(&source, &Type::Bool, Place::Read, &vocabulary()).unwrap_or_else(|faults| panic!("{source}: {faults:?}"));
        for row in rows {
            // Nothing of the row is asked while the caller is bound.
            let caller = row.values.iter().filter(|(name, _)| name.starts_with("user.")).map(|(n, v)| (n.clone(), v.clone()));
            let caller = Known { values: caller.collect(), now: row.now };
            let predicate = expression.predicate(&caller, &calendar()).unwrap();
            prop_assert_eq!(passes(&predicate, &row), expression.holds(&row, &calendar()), "{} {:?}", source, predicate);
        }
    }
}

#[test]
fn a_predicate_names_fields_and_bound_values_only() {
    let words = vocabulary();
    let predicate = |source: &str| {
        let expression = compile(source, &Type::Bool, Place::Read, &words).unwrap();
        format!("{:?}", expression.predicate(&known(), &calendar()).unwrap())
    };
    insta::assert_snapshot!([
        "customer.branch == user.branch && deal.created_at < add_days(now, -30)",
        "deal.stage == \"standard/intent\" || !deal.suitable",
        "\"manager\" in user.roles",
        "user.level > 1 || deal.grade in [\"A\", \"B\"]",
        "user.id in [deal.owner, deal.creator]",
        "\"vip\" in customer.tags && has(customer.phone)",
        "deal.list_price.orValue(money(5)) > money(1)",
    ].map(predicate).join("\n"), @r#"
And([Compare { left: Field(Path { entity: Customer, name: `branch` }), comparison: Equal, right: Value(Choice(`north`)) }, Compare { left: Field(Path { entity: Deal, name: `created_at` }), comparison: Less, right: Value(Time(2026-01-31T02:00:00.000000Z)) }])
Or([And([Compare { left: Field(Path { entity: Deal, name: `funnel` }), comparison: Equal, right: Value(Choice(`standard`)) }, Compare { left: Field(Path { entity: Deal, name: `stage` }), comparison: Equal, right: Value(Choice(`intent`)) }]), Not(Compare { left: Field(Path { entity: Deal, name: `suitable` }), comparison: Equal, right: Value(Bool(true)) })])
Known(Some(false))
Or([Known(None), In { operand: Field(Path { entity: Deal, name: `grade` }), values: [Choice(`A`), Choice(`B`)] }])
Or([Compare { left: Value(User(UserId(00000000-0000-0000-0000-000000000001))), comparison: Equal, right: Field(Path { entity: Deal, name: `owner` }) }, Compare { left: Value(User(UserId(00000000-0000-0000-0000-000000000001))), comparison: Equal, right: Field(Path { entity: Deal, name: `creator` }) }])
And([Includes { list: Path { entity: Customer, name: `tags` }, value: Choice(`vip`) }, Has(Path { entity: Customer, name: `phone` })])
Compare { left: FieldOr(Path { entity: Deal, name: `list_price` }, Money(Money { amount_minor: 500, currency: CNY })), comparison: Greater, right: Value(Money(Money { amount_minor: 100, currency: CNY })) }
"#);
}
