//! Which days are worked: a weekly pattern and its exceptions, counted without walking.
//!
//! A day is an index here: 0 is Monday, 1 January of the year 1.

use crate::texts::Message;
use crate::values::Date;
use chrono::{Datelike, Weekday};
use std::collections::BTreeMap;

/// 31 December 9999.
pub(super) const LAST: i64 = 3_652_058;
/// Days that differ from the pattern: 10,000 holds a century of the longest lists of holidays.
const MOST_EXCEPTIONS: usize = 10_000;

#[derive(Clone, Debug)]
pub(super) struct Days {
    pattern: [bool; 7],
    per_week: i64,
    /// Workdays of the pattern before each day of the week.
    before_in_week: [i64; 7],
    /// Days that differ from the pattern, in order, with the sum of differences up to and including each.
    exceptions: Vec<(i64, i64)>,
}

pub(super) fn index(date: Date) -> i64 {
    i64::from(date.num_days_from_ce()) - 1
}

/// The date of an index, held within the years 0001 to 9999.
pub(super) fn date(index: i64) -> Date {
    let days = i32::try_from(index.clamp(0, LAST) + 1).unwrap_or(1);
    Date::from_num_days_from_ce_opt(days).unwrap_or_default()
}

impl Days {
    pub(super) fn new(workdays: &[Weekday], holidays: &[(Date, Date)], extra: &[Date]) -> Result<Self, Message> {
        let pattern = PATTERN_ORDER.map(|day| workdays.contains(&day));
        if !pattern.contains(&true) {
            return Err(Message::new("calendar_no_workdays"));
        }
        let mut before_in_week = [0; 7];
        let mut per_week = 0;
        for (before, works) in before_in_week.iter_mut().zip(pattern) {
            *before = per_week;
            per_week += i64::from(works);
        }
        let mut days = Self { pattern, per_week, before_in_week, exceptions: Vec::new() };
        let mut worked = BTreeMap::new();
        for (first, last) in holidays {
            if last < first {
                return Err(Message::new("calendar_range_backwards").with("text", format!("{first}..{last}")));
            }
            if index(*last) - index(*first) > i64::try_from(MOST_EXCEPTIONS).unwrap_or(i64::MAX) {
                return Err(too_many());
            }
            worked.extend((index(*first)..=index(*last)).map(|day| (day, false)));
            if worked.len() > MOST_EXCEPTIONS {
                return Err(too_many());
            }
        }
        worked.extend(extra.iter().map(|day| (index(*day), true)));
        if worked.len() > MOST_EXCEPTIONS {
            return Err(too_many());
        }
        let mut sum = 0;
        for (day, works) in worked {
            let difference = i64::from(works) - i64::from(days.in_pattern(day));
            if difference != 0 {
                sum += difference;
                days.exceptions.push((day, sum));
            }
        }
        Ok(days)
    }

    fn in_pattern(&self, day: i64) -> bool {
        self.pattern.get(within_week(day)).copied().unwrap_or(false)
    }

    pub(super) fn is_workday(&self, day: i64) -> bool {
        let excepted = self.exceptions.binary_search_by_key(&day, |(day, _)| *day).is_ok();
        self.in_pattern(day) != excepted
    }

    /// Workdays before `day`, from day 0 on (negative before it).
    pub(super) fn before(&self, day: i64) -> i64 {
        let weeks = day.div_euclid(7) * self.per_week;
        let in_week = self.before_in_week.get(within_week(day)).copied().unwrap_or(0);
        let passed = self.exceptions.partition_point(|(excepted, _)| *excepted < day);
        let differences = passed.checked_sub(1).and_then(|last| self.exceptions.get(last)).map_or(0, |(_, sum)| *sum);
        weeks + in_week + differences
    }

    /// The workday that has `n` workdays before it; outside the horizon a day just outside of it.
    pub(super) fn nth(&self, n: i64) -> i64 {
        // INVARIANT: before(low) <= n < before(high).
        let (mut low, mut high) = (-1, LAST + 2);
        if n < self.before(low) {
            return low;
        }
        if n >= self.before(high) {
            return high;
        }
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if self.before(middle) <= n { low = middle } else { high = middle }
        }
        low
    }
}

const PATTERN_ORDER: [Weekday; 7] =
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

fn within_week(day: i64) -> usize {
    usize::try_from(day.rem_euclid(7)).unwrap_or(0)
}

fn too_many() -> Message {
    Message::new("calendar_too_many_days").with("most", i64::try_from(MOST_EXCEPTIONS).unwrap_or(i64::MAX))
}
