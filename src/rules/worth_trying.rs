//! Which values of a read are worth trying: one between every two that it is compared with, each of them, and nothing.
//! Where an expression does more than compare, a few likely ones, which decide nothing for good.

use super::expression::{Entity, Read, Used};
use super::model::{Field, FieldKind, Rules};
use crate::values::{Date, Decimal, Key, Money, Time, Value};
use indexmap::IndexMap;
use rust_decimal::prelude::ToPrimitive;

/// A minute: scenarios say times to the minute.
const MINUTE_MICROS: i64 = 60_000_000;

/// The values to try of one read, those likeliest to be written first.
#[derive(Clone, Debug)]
pub(in crate::rules) struct Candidates {
    pub values: Vec<Option<Value>>,
    /// Whether they stand for all values there are.
    pub all: bool,
}

/// What a read can be.
enum Kind<'a> {
    Bool,
    Whole,
    Number,
    Money(crate::values::Currency),
    Date,
    Time,
    Text(&'a FieldKind),
    Choice(Vec<Key>),
    Choices(Vec<Key>),
    Contacts,
    /// Not to be tried.
    Other,
}

/// Values of a read that is used so.
pub(in crate::rules) fn candidates(rules: &Rules, used: &Used, likely: &[Value]) -> Candidates {
    let kind = kind(rules, &used.read);
    let with = || used.with.iter();
    let found: Option<Vec<Value>> = match &kind {
        Kind::Bool => Some(vec![Value::Bool(true), Value::Bool(false)]),
        Kind::Choice(of) => Some(of.iter().cloned().map(Value::Choice).collect()),
        Kind::Whole => Some(whole(&used.read, with())),
        Kind::Number => numbers(with()),
        Kind::Money(currency) => Some(amounts(*currency, with())),
        Kind::Date => Some(dates(with())),
        Kind::Time => Some(times(with())),
        Kind::Text(kind) => Some(texts(kind, with())),
        Kind::Choices(of) => Some(of.iter().map(|key| Value::Choices(vec![key.clone()])).collect()),
        Kind::Contacts => Some(vec![Value::Records(vec![vec![(Key::new("name"), Value::Text("Li".into()))]])]),
        Kind::Other => None,
    };
    // Truth values and choices are few: trying all decides, whatever an expression does with them.
    let few = matches!(kind, Kind::Bool | Kind::Choice(_));
    let partly = matches!(kind, Kind::Choices(_) | Kind::Other);
    let all = found.is_some() && !partly && (few || used.only_compared);
    let mut values: Vec<Value> = found.unwrap_or_default();
    if !all {
        values.extend(likely.iter().filter(|value| is_of(&kind, value)).cloned());
    }
    let mut seen: Vec<Option<Value>> = Vec::new();
    for value in values.into_iter().map(Some) {
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    if !matches!(used.read, Read::Count { .. } | Read::Holding { .. }) {
        seen.push(None);
    }
    Candidates { values: seen, all }
}

fn is_of(kind: &Kind<'_>, value: &Value) -> bool {
    matches!(
        (kind, value),
        (Kind::Whole, Value::Int(_))
            | (Kind::Number, Value::Number(_))
            | (Kind::Money(_), Value::Money(_))
            | (Kind::Date, Value::Date(_))
            | (Kind::Time, Value::Time(_))
            | (Kind::Text(_), Value::Text(_))
    )
}

fn kind<'a>(rules: &'a Rules, read: &Read) -> Kind<'a> {
    match read {
        Read::Count { .. } | Read::Holding { .. } => Kind::Whole,
        Read::Last { .. } | Read::Entered { .. } => Kind::Time,
        Read::Now | Read::Today => Kind::Other,
        Read::Field(path) => {
            let declared = |fields: &'a IndexMap<Key, Field>| fields.get(&path.name).map(|field| of_field(&field.kind));
            match path.entity {
                Entity::Customer => match path.name.as_str() {
                    "open_deals" | "won_deals" => Kind::Whole,
                    "contacts" => Kind::Contacts,
                    _ => declared(&rules.fields.customer).unwrap_or(Kind::Other),
                },
                Entity::Deal => match path.name.as_str() {
                    "grade" => Kind::Choice(rules.grades.iter().map(|grade| grade.id.clone()).collect()),
                    "product" => Kind::Choice(rules.products.keys().cloned().collect()),
                    "origin" => Kind::Choice(["supplied", "discovered"].map(Key::new).to_vec()),
                    "state" => Kind::Choice(["open", "won", "lost"].map(Key::new).to_vec()),
                    "dwell" => Kind::Number,
                    "created_at" | "entered_at" => Kind::Time,
                    "locked" => Kind::Bool,
                    _ => declared(&rules.fields.deal).unwrap_or(Kind::Other),
                },
                Entity::Contract if matches!(path.name.as_str(), "signed" | "delivered" | "accepted") => Kind::Bool,
                Entity::Contract | Entity::User | Entity::Owner | Entity::Receiver | Entity::Move => Kind::Other,
            }
        }
    }
}

fn of_field(kind: &FieldKind) -> Kind<'_> {
    match kind {
        FieldKind::Bool => Kind::Bool,
        FieldKind::Choice { of } => Kind::Choice(of.keys().cloned().collect()),
        FieldKind::Choices { of } => Kind::Choices(of.keys().cloned().collect()),
        FieldKind::Number => Kind::Number,
        FieldKind::Money { currency } => Kind::Money(*currency),
        FieldKind::Date => Kind::Date,
        FieldKind::Time => Kind::Time,
        FieldKind::Text { .. } | FieldKind::Phone | FieldKind::Email | FieldKind::Url => Kind::Text(kind),
        FieldKind::User => Kind::Other,
    }
}

/// A value that a field of a kind can have, where one can be made up.
pub(crate) fn sample(kind: &FieldKind, today: Date) -> Option<Value> {
    Some(match kind {
        FieldKind::Bool => Value::Bool(true),
        FieldKind::Choice { of } => Value::Choice(of.values().find(|choice| !choice.retired)?.id.clone()),
        FieldKind::Choices { of } => Value::Choices(vec![of.values().find(|choice| !choice.retired)?.id.clone()]),
        FieldKind::Number => Value::Number(Decimal::ONE),
        FieldKind::Money { currency } => Value::Money(Money::from_major(Decimal::ONE_THOUSAND, *currency)?),
        FieldKind::Date => Value::Date(today),
        FieldKind::Text { .. } | FieldKind::Phone | FieldKind::Email | FieldKind::Url => Value::Text(text(kind)?),
        FieldKind::Time | FieldKind::User => return None,
    })
}

/// A text that its field takes.
fn text(kind: &FieldKind) -> Option<String> {
    let likely = ["given", "Given", "1", "12", "123", "1234", "123456", "A1", "AB-1234", "2026"];
    match kind {
        FieldKind::Text { pattern, max } => likely
            .into_iter()
            .find(|text| {
                let fits = pattern.as_ref().is_none_or(|pattern| pattern.is_match(text));
                fits && usize::try_from(*max).is_ok_and(|max| text.len() <= max)
            })
            .map(str::to_owned),
        FieldKind::Phone => Some("+442079460000".to_owned()),
        FieldKind::Email => Some("li@example.com".to_owned()),
        FieldKind::Url => Some("https://example.com".to_owned()),
        _ => None,
    }
}

fn texts<'v>(kind: &FieldKind, with: impl Iterator<Item = &'v Value>) -> Vec<Value> {
    let mut values: Vec<Value> = with.filter(|value| matches!(value, Value::Text(_))).cloned().collect();
    let other = text(kind).map(Value::Text).filter(|other| !values.contains(other));
    // None of the others, whatever they are: longer than all of them.
    let longest = values.iter().map(|value| if let Value::Text(text) = value { text.len() } else { 0 }).max();
    values.push(other.unwrap_or_else(|| Value::Text("x".repeat(longest.unwrap_or(0) + 1))));
    values
}

fn decimals<'v>(with: impl Iterator<Item = &'v Value>) -> Vec<Decimal> {
    let mut found: Vec<Decimal> = with
        .filter_map(|value| match value {
            Value::Int(number) => Some(Decimal::from(*number)),
            Value::Number(number) => Some(*number),
            _ => None,
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn whole<'v>(read: &Read, with: impl Iterator<Item = &'v Value>) -> Vec<Value> {
    let mut found: Vec<i64> = vec![1, 0];
    for cut in decimals(with) {
        for near in [cut.ceil(), cut.floor()].into_iter().filter_map(|near| near.to_i64()) {
            found.extend([near, near.saturating_add(1), near.saturating_sub(1)]);
        }
    }
    let counts = matches!(read, Read::Count { .. } | Read::Holding { .. } | Read::Field(_));
    found.into_iter().filter(|number| !counts || *number >= 0).map(Value::Int).collect()
}

/// `None`: a number between two of them, or beyond, cannot be told from them.
fn numbers<'v>(with: impl Iterator<Item = &'v Value>) -> Option<Vec<Value>> {
    let cuts = decimals(with);
    let (Some(first), Some(last)) = (cuts.first(), cuts.last()) else { return Some(vec![Value::Number(Decimal::ONE)]) };
    let mut found = cuts.clone();
    let beyond = [last.checked_add(Decimal::ONE)?, first.checked_sub(Decimal::ONE)?];
    if beyond.iter().any(|number| cuts.contains(number)) {
        return None;
    }
    found.extend(beyond);
    for (low, high) in cuts.iter().zip(cuts.iter().skip(1)) {
        let middle = low.checked_add(*high)?.checked_div(Decimal::TWO)?;
        if !(*low < middle && middle < *high) {
            return None;
        }
        found.push(middle);
    }
    Some(found.into_iter().map(Value::Number).collect())
}

fn amounts<'v>(currency: crate::values::Currency, with: impl Iterator<Item = &'v Value>) -> Vec<Value> {
    let mut minor: Vec<i64> = Vec::new();
    for value in with {
        if let Value::Money(money) = value {
            let near = money.amount_minor;
            minor.extend([near, near.saturating_add(1), near.saturating_sub(1)]);
        }
    }
    minor.extend(Money::from_major(Decimal::ONE_THOUSAND, currency).map(|money| money.amount_minor));
    minor.into_iter().filter_map(|amount| Money::new(amount, currency)).map(Value::Money).collect()
}

fn dates<'v>(with: impl Iterator<Item = &'v Value>) -> Vec<Value> {
    let mut found = Vec::new();
    for value in with {
        if let Value::Date(date) = value {
            found.extend([Some(*date), date.succ_opt(), date.pred_opt()].into_iter().flatten());
        }
    }
    found.extend(Date::from_ymd_opt(2026, 3, 2));
    found.into_iter().map(Value::Date).collect()
}

fn times<'v>(with: impl Iterator<Item = &'v Value>) -> Vec<Value> {
    let mut found = Vec::new();
    for value in with {
        if let Value::Time(time) = value {
            let near = |micros| time.plus_micros(micros);
            found.extend([*time, near(MINUTE_MICROS), near(-MINUTE_MICROS), near(1), near(-1)]);
        }
    }
    found.push(Time::from_micros(1_772_416_800_000_000));
    found.into_iter().map(Value::Time).collect()
}
