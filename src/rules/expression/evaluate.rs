//! The value of a typed tree. Total: every path ends, what has no value is `None` (unknown) and travels through every
//! operator, but `false && unknown` is false and `true || unknown` is true. Nothing is allocated for plain comparisons.

use super::arithmetic::{calculate, equal, negate, order, widen};
use super::predicate::{Comparison, TextTest};
use super::read::{Facts, Read};
use super::tree::{CalendarFunction, Node, Period};
use crate::rules::calendar::Calendar;
use crate::values::{Date, Decimal, Key, Time, Value, time::DAY_MICROS};
use chrono::{Datelike, Duration, Months};
use rust_decimal::prelude::ToPrimitive;
use std::borrow::Cow;
use std::cmp::Ordering;

#[derive(Clone, Copy)]
pub(super) struct Evaluation<'a> {
    pub facts: &'a dyn Facts,
    pub calendar: &'a Calendar,
    pub reads: &'a [Read],
    /// The contact that a list test looks at.
    pub contact: Option<&'a [(Key, Value)]>,
}

impl<'a> Evaluation<'a> {
    pub(super) fn truth(&self, node: &'a Node) -> Option<bool> {
        #[cfg(test)]
        steps::enter();
        match node {
            Node::Not(of) => self.truth(of).map(|holds| !holds),
            Node::And(parts) => self.every(parts, true),
            Node::Or(parts) => self.every(parts, false),
            Node::Compare(comparison, sides) => self.compare(*comparison, sides),
            Node::In(item, among) => self.among(item, among),
            Node::Includes(sides) => self.includes(sides),
            Node::Has(of) => Some(self.value(of).is_some()),
            Node::Text(test, sides) => self.text_test(*test, sides),
            Node::ContainsIgnoreCase(sides) => self.contains_ignore_case(sides),
            Node::Matches(of, pattern) => Some(pattern.is_match(text(&*self.value(of)?)?)),
            Node::Exists(parts) => self.list_test(parts, false),
            Node::All(parts) => self.list_test(parts, true),
            _ => match *self.value(node)? {
                Value::Bool(holds) => Some(holds),
                _ => None,
            },
        }
    }

    pub(super) fn value(&self, node: &'a Node) -> Option<Cow<'a, Value>> {
        #[cfg(test)]
        steps::enter();
        match node {
            Node::Constant(value) => Some(Cow::Borrowed(value)),
            Node::Read(place) => self.read(self.reads.get(*place)?),
            Node::Member(name) => {
                let (_, value) = self.contact?.iter().find(|(key, _)| key == name)?;
                value.is_present().then_some(Cow::Borrowed(value))
            }
            Node::OrValue(sides) => {
                let [of, other] = &**sides;
                self.value(of).or_else(|| self.value(other))
            }
            Node::If(parts) => {
                let [condition, yes, no] = &**parts;
                self.value(if self.truth(condition)? { yes } else { no })
            }
            Node::Arithmetic(first, rest) => self.arithmetic(first, rest),
            Node::Negate(of) => negate(&*self.value(of)?).map(Cow::Owned),
            Node::Widen(of) => Some(Cow::Owned(widen(&*self.value(of)?)?)),
            Node::Lower(of) => Some(Cow::Owned(Value::Text(text(&*self.value(of)?)?.to_lowercase()))),
            Node::Size(of) => size(&*self.value(of)?).map(Cow::Owned),
            Node::Calendar(function, arguments) => self.calendar(*function, arguments).map(Cow::Owned),
            Node::Not(_)
            | Node::And(_)
            | Node::Or(_)
            | Node::Compare(..)
            | Node::In(..)
            | Node::Includes(_)
            | Node::Has(_)
            | Node::Text(..)
            | Node::ContainsIgnoreCase(_)
            | Node::Matches(..)
            | Node::Exists(_)
            | Node::All(_) => self.truth(node).map(|holds| Cow::Owned(Value::Bool(holds))),
        }
    }

    fn read(&self, read: &Read) -> Option<Cow<'a, Value>> {
        match read {
            Read::Now => Some(Cow::Owned(Value::Time(self.facts.now()))),
            Read::Today => Some(Cow::Owned(Value::Date(self.facts.today()))),
            _ => self.facts.read(read).filter(|value| value.is_present()),
        }
    }

    /// `and`: `wanted` is true and one false decides; `or` the other way round.
    fn every(&self, parts: &'a [Node], wanted: bool) -> Option<bool> {
        let mut known = true;
        for part in parts {
            match self.truth(part) {
                Some(holds) if holds != wanted => return Some(holds),
                Some(_) => {}
                None => known = false,
            }
        }
        known.then_some(wanted)
    }

    fn compare(&self, comparison: Comparison, sides: &'a [Node; 2]) -> Option<bool> {
        let [left, right] = sides;
        let (left, right) = (self.value(left)?, self.value(right)?);
        match comparison {
            Comparison::Equal => equal(&left, &right),
            Comparison::NotEqual => equal(&left, &right).map(|equal| !equal),
            Comparison::Less => order(&left, &right).map(Ordering::is_lt),
            Comparison::LessOrEqual => order(&left, &right).map(Ordering::is_le),
            Comparison::Greater => order(&left, &right).map(Ordering::is_gt),
            Comparison::GreaterOrEqual => order(&left, &right).map(Ordering::is_ge),
        }
    }

    fn among(&self, item: &'a Node, among: &'a [Node]) -> Option<bool> {
        let item = self.value(item)?;
        let mut known = true;
        for value in among {
            match self.value(value).and_then(|value| equal(&item, &value)) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => known = false,
            }
        }
        known.then_some(false)
    }

    fn includes(&self, sides: &'a [Node; 2]) -> Option<bool> {
        let [item, list] = sides;
        match (&*self.value(item)?, &*self.value(list)?) {
            (Value::Choice(item), Value::Choices(list)) => Some(list.contains(item)),
            _ => None,
        }
    }

    fn text_test(&self, test: TextTest, sides: &'a [Node; 2]) -> Option<bool> {
        let [of, part] = sides;
        let (of, part) = (self.value(of)?, self.value(part)?);
        let (of, part) = (text(&of)?, text(&part)?);
        Some(match test {
            TextTest::Contains => of.contains(part),
            TextTest::StartsWith => of.starts_with(part),
            TextTest::EndsWith => of.ends_with(part),
        })
    }

    fn contains_ignore_case(&self, sides: &'a [Node; 2]) -> Option<bool> {
        let [of, part] = sides;
        let (of, part) = (self.value(of)?, self.value(part)?);
        Some(text(&of)?.to_lowercase().contains(&text(&part)?.to_lowercase()))
    }

    /// `wanted`: whether the test must hold for all contacts; else for one.
    fn list_test(&self, parts: &'a [Node; 2], wanted: bool) -> Option<bool> {
        let [list, test] = parts;
        let list = self.value(list)?;
        let Value::Records(contacts) = &*list else { return None };
        let mut known = true;
        for contact in contacts {
            let each = Evaluation { contact: Some(contact), ..*self };
            match each.truth(test) {
                Some(holds) if holds != wanted => return Some(holds),
                Some(_) => {}
                None => known = false,
            }
        }
        known.then_some(wanted)
    }

    fn arithmetic(&self, first: &'a Node, rest: &'a [(super::tree::Operator, Node)]) -> Option<Cow<'a, Value>> {
        let mut value = self.value(first)?;
        for (operator, part) in rest {
            let part = self.value(part)?;
            value = Cow::Owned(calculate(*operator, &value, &part)?);
        }
        Some(value)
    }

    fn calendar(&self, function: CalendarFunction, arguments: &'a [Node]) -> Option<Value> {
        let first = self.value(arguments.first()?)?;
        let second = match arguments.get(1) {
            Some(second) => Some(self.value(second)?),
            None => None,
        };
        match (function, &*first, second.as_deref()) {
            (CalendarFunction::Days, Value::Date(from), Some(Value::Date(to))) => {
                Some(Value::Int(to.signed_duration_since(*from).num_days()))
            }
            (CalendarFunction::Days, Value::Time(from), Some(Value::Time(to))) => {
                Decimal::from(to.since(*from)).checked_div(Decimal::from(DAY_MICROS)).map(Value::Number)
            }
            (CalendarFunction::Workdays, Value::Date(from), Some(Value::Date(to))) => {
                Some(Value::Int(self.calendar.workdays_between_dates(*from, *to)))
            }
            (CalendarFunction::Workdays, Value::Time(from), Some(Value::Time(to))) => {
                Some(Value::Number(self.calendar.workdays_between(*from, *to)))
            }
            (CalendarFunction::AddDays, Value::Date(date), Some(Value::Int(n))) => {
                held(date.checked_add_signed(Duration::try_days(*n)?)?).map(Value::Date)
            }
            (CalendarFunction::AddDays, Value::Time(at), Some(n)) => {
                let micros = decimal(n)?.checked_mul(Decimal::from(DAY_MICROS))?.round().to_i64()?;
                plus(*at, micros).map(Value::Time)
            }
            (CalendarFunction::AddWorkdays, Value::Date(date), Some(Value::Int(n))) => {
                Some(Value::Date(self.calendar.add_workdays(*date, *n)))
            }
            (CalendarFunction::AddWorkdays, Value::Time(at), Some(n)) => {
                let milli = decimal(n)?.checked_mul(Decimal::ONE_THOUSAND)?.round().to_i64()?;
                Some(Value::Time(self.calendar.add_working(*at, milli)))
            }
            (CalendarFunction::StartOf(period), Value::Date(date), None) => start_of(period, *date).map(Value::Date),
            (CalendarFunction::EndOf(period), Value::Date(date), None) => end_of(period, *date).map(Value::Date),
            (CalendarFunction::LocalDate, Value::Time(at), None) => Some(Value::Date(self.calendar.local_date(*at))),
            (CalendarFunction::Midnight, Value::Date(date), None) => {
                Some(Value::Time(self.calendar.start_of_day(*date)))
            }
            _ => None,
        }
    }

    /// Adds what `node`, which is unknown, lacked.
    pub(super) fn missing(&self, node: &'a Node, into: &mut Vec<Read>) {
        match node {
            Node::Read(place) => self.lacks(*place, into),
            Node::If(parts) => {
                let [condition, yes, no] = &**parts;
                self.missing(
                    match self.truth(condition) {
                        None => condition,
                        Some(true) => yes,
                        Some(false) => no,
                    },
                    into,
                );
            }
            Node::Exists(parts) | Node::All(parts) => {
                if let [Node::Read(list), _] = &**parts {
                    self.lacks(*list, into);
                }
            }
            _ => {
                for part in node.children() {
                    if self.value(part).is_none() {
                        self.missing(part, into);
                    }
                }
            }
        }
    }

    fn lacks(&self, place: usize, into: &mut Vec<Read>) {
        if let Some(read) = self.reads.get(place).filter(|read| !into.contains(read)) {
            into.push(read.clone());
        }
    }
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

fn size(value: &Value) -> Option<Value> {
    let size = match value {
        Value::Text(text) => text.chars().count(),
        Value::Choices(list) => list.len(),
        Value::Records(list) => list.len(),
        _ => return None,
    };
    i64::try_from(size).ok().map(Value::Int)
}

fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Int(n) => Some(Decimal::from(*n)),
        Value::Number(n) => Some(*n),
        _ => None,
    }
}

/// A date within the years that can be written.
fn held(date: Date) -> Option<Date> {
    (1..=9999).contains(&date.year()).then_some(date)
}

/// A time within the years that can be written.
pub(super) fn plus(at: Time, micros: i64) -> Option<Time> {
    let micros = at.micros().checked_add(micros)?;
    let moved = Time::from_micros(micros);
    (moved.micros() == micros).then_some(moved)
}

fn start_of(period: Period, date: Date) -> Option<Date> {
    held(match period {
        Period::Day => date,
        Period::Week => date.checked_sub_signed(Duration::days(i64::from(date.weekday().num_days_from_monday())))?,
        Period::Month => date.with_day(1)?,
        Period::Quarter => date.with_day(1)?.with_month(date.month0() / 3 * 3 + 1)?,
        Period::Year => Date::from_ymd_opt(date.year(), 1, 1)?,
    })
}

fn end_of(period: Period, date: Date) -> Option<Date> {
    let start = start_of(period, date)?;
    let next = match period {
        Period::Day => return Some(date),
        Period::Week => return held(start.checked_add_signed(Duration::days(6))?),
        Period::Month => start.checked_add_months(Months::new(1))?,
        Period::Quarter => start.checked_add_months(Months::new(3))?,
        Period::Year => start.checked_add_months(Months::new(12))?,
    };
    next.pred_opt()
}

/// Counts the nodes that evaluations enter, so that tests hold them against the static cost.
#[cfg(test)]
pub(super) mod steps {
    use std::cell::Cell;

    thread_local!(static ENTERED: Cell<u64> = const { Cell::new(0) });

    pub fn enter() {
        ENTERED.set(ENTERED.get() + 1);
    }

    /// How many `run` enters.
    pub fn of(run: impl FnOnce()) -> u64 {
        let before = ENTERED.get();
        run();
        ENTERED.get() - before
    }
}
