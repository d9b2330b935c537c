//! The value of a field, a fact or a part of an expression.

use super::{Date, Decimal, Key, Money, TeamId, Time, UserId};
use serde::{Deserialize, Serialize};

/// A value that is there. What is missing is the absence of a `Value`; there is no null in here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    Bool(bool),
    /// A whole number: counts, holdings.
    Int(i64),
    Number(Decimal),
    /// Free text, phone, e-mail, URL: normalised.
    Text(String),
    /// One of the choices the rules list: a stage, grade, product, custom choice.
    Choice(Key),
    Choices(Vec<Key>),
    Money(Money),
    Date(Date),
    Time(Time),
    /// Elapsed time, in microseconds.
    Duration(i64),
    User(UserId),
    Team(TeamId),
    /// A list of records (the customer's contacts): each a list of named values.
    Records(Vec<Vec<(Key, Value)>>),
}

impl Value {
    /// Present: blank text and empty lists are missing; `false` and 0 are present.
    #[must_use]
    pub fn is_present(&self) -> bool {
        match self {
            Self::Text(text) => !text.trim().is_empty(),
            Self::Choices(list) => !list.is_empty(),
            Self::Records(list) => !list.is_empty(),
            Self::Bool(_)
            | Self::Int(_)
            | Self::Number(_)
            | Self::Choice(_)
            | Self::Money(_)
            | Self::Date(_)
            | Self::Time(_)
            | Self::Duration(_)
            | Self::User(_)
            | Self::Team(_) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_text_and_empty_lists_are_missing_and_no_and_nought_are_not() {
        for missing in [Value::Text(" \u{3000}".into()), Value::Choices(Vec::new()), Value::Records(Vec::new())] {
            assert!(!missing.is_present(), "{missing:?}");
        }
        let there = [Value::Bool(false), Value::Int(0), Value::Number(Decimal::ZERO), Value::Duration(0)];
        assert!(there.iter().all(Value::is_present));
    }
}
