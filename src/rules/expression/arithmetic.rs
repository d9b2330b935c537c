//! What operators make of two values. Exact or nothing: overflow, division by zero and two currencies have no result.

use super::evaluate::plus;
use super::tree::Operator;
use crate::values::{Decimal, Money, Value};
use rust_decimal::RoundingStrategy;
use rust_decimal::prelude::ToPrimitive;
use std::cmp::Ordering;

/// Whether two values of one type are the same; nothing for two currencies.
pub(super) fn equal(left: &Value, right: &Value) -> Option<bool> {
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => Some(left == right),
        (Value::Text(left), Value::Text(right)) => Some(left == right),
        (Value::Choice(left), Value::Choice(right)) => Some(left == right),
        (Value::User(left), Value::User(right)) => Some(left == right),
        (Value::Team(left), Value::Team(right)) => Some(left == right),
        _ => order(left, right).map(Ordering::is_eq),
    }
}

/// The order of two values of one ordered type; nothing for two currencies.
pub(super) fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => Some(left.cmp(right)),
        (Value::Number(left), Value::Number(right)) => Some(left.cmp(right)),
        (Value::Int(left), Value::Number(right)) => Some(Decimal::from(*left).cmp(right)),
        (Value::Number(left), Value::Int(right)) => Some(left.cmp(&Decimal::from(*right))),
        (Value::Money(left), Value::Money(right)) => {
            (left.currency == right.currency).then(|| left.amount_minor.cmp(&right.amount_minor))
        }
        (Value::Date(left), Value::Date(right)) => Some(left.cmp(right)),
        (Value::Time(left), Value::Time(right)) => Some(left.cmp(right)),
        (Value::Duration(left), Value::Duration(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

/// A whole number as a number.
pub(super) fn widen(value: &Value) -> Option<Value> {
    match value {
        Value::Int(n) => Some(Value::Number(Decimal::from(*n))),
        Value::Number(n) => Some(Value::Number(*n)),
        _ => None,
    }
}

pub(super) fn negate(value: &Value) -> Option<Value> {
    match value {
        Value::Int(n) => n.checked_neg().map(Value::Int),
        Value::Number(n) => Some(Value::Number(-n)),
        Value::Money(money) => Money::new(money.amount_minor.checked_neg()?, money.currency).map(Value::Money),
        Value::Duration(micros) => micros.checked_neg().map(Value::Duration),
        _ => None,
    }
}

pub(super) fn calculate(operator: Operator, left: &Value, right: &Value) -> Option<Value> {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => whole(operator, *left, *right).map(Value::Int),
        (Value::Number(left), Value::Number(right)) => decimal(operator, *left, *right).map(Value::Number),
        (Value::Int(left), Value::Number(right)) => decimal(operator, (*left).into(), *right).map(Value::Number),
        (Value::Number(left), Value::Int(right)) => decimal(operator, *left, (*right).into()).map(Value::Number),
        (Value::Money(left), Value::Money(right)) => monies(operator, *left, *right),
        (Value::Money(money), Value::Int(factor)) => scale(operator, *money, (*factor).into()),
        (Value::Money(money), Value::Number(factor)) => scale(operator, *money, *factor),
        (Value::Int(factor), Value::Money(money)) => scale(operator, *money, (*factor).into()),
        (Value::Number(factor), Value::Money(money)) => scale(operator, *money, *factor),
        (Value::Time(at), Value::Duration(micros)) => plus(*at, signed(operator, *micros)?).map(Value::Time),
        (Value::Duration(micros), Value::Time(at)) => plus(*at, *micros).map(Value::Time),
        (Value::Time(left), Value::Time(right)) => Some(Value::Duration(left.since(*right))),
        (Value::Duration(left), Value::Duration(right)) => {
            left.checked_add(signed(operator, *right)?).map(Value::Duration)
        }
        _ => None,
    }
}

/// Division of whole numbers drops what is left over, as in CEL.
fn whole(operator: Operator, left: i64, right: i64) -> Option<i64> {
    match operator {
        Operator::Add => left.checked_add(right),
        Operator::Subtract => left.checked_sub(right),
        Operator::Multiply => left.checked_mul(right),
        Operator::Divide => left.checked_div(right),
        Operator::Remainder => left.checked_rem(right),
    }
}

fn decimal(operator: Operator, left: Decimal, right: Decimal) -> Option<Decimal> {
    match operator {
        Operator::Add => left.checked_add(right),
        Operator::Subtract => left.checked_sub(right),
        Operator::Multiply => left.checked_mul(right),
        Operator::Divide => left.checked_div(right),
        Operator::Remainder => left.checked_rem(right),
    }
}

fn monies(operator: Operator, left: Money, right: Money) -> Option<Value> {
    if left.currency != right.currency {
        return None;
    }
    if operator == Operator::Divide {
        return decimal(operator, left.amount_minor.into(), right.amount_minor.into()).map(Value::Number);
    }
    let minor = whole(operator, left.amount_minor, right.amount_minor)?;
    Money::new(minor, left.currency).map(Value::Money)
}

/// Money times or by a number, rounded half to even at the minor unit.
fn scale(operator: Operator, money: Money, factor: Decimal) -> Option<Value> {
    let minor = decimal(operator, money.amount_minor.into(), factor)?;
    let minor = minor.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven);
    Money::new(minor.to_i64()?, money.currency).map(Value::Money)
}

fn signed(operator: Operator, micros: i64) -> Option<i64> {
    if operator == Operator::Subtract { micros.checked_neg() } else { Some(micros) }
}
