//! Conditions that can never hold, or never fail: a rule that says nothing, or forbids everything, is not what was meant.
//!
//! Decided by trying, where all that an expression reads has few values (choices, truth values): every combination,
//! missing ones included. What reads numbers, texts or dates is not judged.

use super::calendar::Calendar;
use super::expression::{Expression, Facts, Place, Read, Type, Vocabulary, path};
use crate::values::{Date, Time, Value};
use std::borrow::Cow;

/// Combinations to try: some 12 truth values. Beyond it nothing is said.
const COMBINATIONS_AT_MOST: usize = 4_096;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rules) enum Constancy {
    /// Holds whatever is so, even when everything is missing.
    Always,
    /// Holds for no combination of values.
    Never,
}

/// Whether the condition is one of these, as far as it can be tried.
pub(in crate::rules) fn constancy(
    expression: &Expression,
    place: Place,
    vocabulary: &Vocabulary,
    calendar: &Calendar,
) -> Option<Constancy> {
    let domains: Vec<(Read, Vec<Option<Value>>)> = expression
        .reads()
        .iter()
        .map(|read| Some((read.clone(), domain(read, place, vocabulary)?)))
        .collect::<Option<_>>()?;
    let combinations = domains.iter().try_fold(1_usize, |product, (_, values)| {
        product.checked_mul(values.len()).filter(|product| *product <= COMBINATIONS_AT_MOST)
    })?;
    let (mut holds, mut fails, mut known) = (false, false, false);
    for number in 0..combinations {
        let outcome = expression.holds(&Trial { domains: &domains, number }, calendar);
        holds |= outcome == Some(true);
        fails |= outcome != Some(true);
        known |= outcome.is_some();
    }
    match (holds, fails) {
        (true, false) => Some(Constancy::Always),
        (false, true) if known => Some(Constancy::Never),
        _ => None,
    }
}

/// All values a fact can have, missing among them.
fn domain(read: &Read, place: Place, vocabulary: &Vocabulary) -> Option<Vec<Option<Value>>> {
    let Read::Field(field) = read else { return None };
    let (_, of) = path(&field.to_string(), place, vocabulary).ok()?;
    let mut values = match of {
        Type::Bool => vec![Some(Value::Bool(true)), Some(Value::Bool(false))],
        Type::Choice(keys) => keys.iter().map(|key| Some(Value::Choice(key.clone()))).collect(),
        _ => return None,
    };
    values.push(None);
    Some(values)
}

/// One combination: `number` counts through them, the first fact turning fastest.
struct Trial<'a> {
    domains: &'a [(Read, Vec<Option<Value>>)],
    number: usize,
}

impl Facts for Trial<'_> {
    fn read(&self, read: &Read) -> Option<Cow<'_, Value>> {
        let mut rest = self.number;
        for (known, values) in self.domains {
            let of = values.len().max(1);
            if known == read {
                return values.get(rest % of)?.as_ref().map(Cow::Borrowed);
            }
            rest /= of;
        }
        None
    }

    fn now(&self) -> Time {
        Time::from_micros(0)
    }

    fn today(&self) -> Date {
        Date::default()
    }
}
