//! Working time: the measure and its two inverses.

use super::{Calendar, days};
use crate::rules::model::Span;
use crate::values::{Decimal, Time};

/// More working time than the horizon has: lengths past it come to its end anyway.
const LONGEST_MICROS: i128 = 400_000_000_000_000_000;

impl Calendar {
    /// Microseconds of working time from the year 1 until `at`. Never falls. A day counts its hours in full once it
    /// has closed, also where the clocks made it shorter, and never more than them.
    fn worked(&self, at: Time) -> i64 {
        let day = self.day(at);
        let before = self.days.before(day) * self.workday_micros();
        if !self.days.is_workday(day) {
            return before;
        }
        let (open, close) = self.opening(day);
        let today = if at >= close { self.workday_micros() } else { at.since(open).clamp(0, self.workday_micros()) };
        before + today
    }

    fn opening(&self, day: i64) -> (Time, Time) {
        (self.wall(day, self.hours.open_minutes()), self.wall(day, self.hours.close_minutes()))
    }

    /// Microseconds of working time from `from` to `to`; negative if `to` is earlier.
    #[must_use]
    pub fn working_between(&self, from: Time, to: Time) -> i64 {
        self.worked(to) - self.worked(from)
    }

    /// Working days from `from` to `to`: working time by the length of a working day.
    #[must_use]
    pub fn workdays_between(&self, from: Time, to: Time) -> Decimal {
        let length = Decimal::from(self.workday_micros().max(1));
        Decimal::from(self.working_between(from, to)).checked_div(length).unwrap_or_default()
    }

    /// The first instant by which so many thousandths of a working day were worked since `at`: Friday 15:00 and one
    /// working day is Monday 15:00. `at` itself for 0; back in time for a negative length.
    #[must_use]
    pub fn add_working(&self, at: Time, milli_workdays: i64) -> Time {
        let wanted = match milli_workdays {
            0 => return at,
            1.. => self.worked(at) + self.micros(milli_workdays),
            _ => return self.subtract_working(at, milli_workdays.saturating_neg()),
        };
        let length = self.workday_micros();
        // The day in the course of which the measure comes to `wanted`: it reaches it at its end at the latest.
        let nth = (wanted - 1).div_euclid(length);
        let day = self.days.nth(nth);
        if !(0..=days::LAST).contains(&day) {
            return beyond(day);
        }
        let (open, close) = self.opening(day);
        open.plus_micros(wanted - nth * length).min(close)
    }

    /// The last instant since which so many thousandths of a working day were worked until `at`: the inverse of
    /// `add_working`, exactly (`e <= subtract_working(at, n)` when and only when `add_working(e, n) <= at`).
    #[must_use]
    pub fn subtract_working(&self, at: Time, milli_workdays: i64) -> Time {
        let wanted = match milli_workdays {
            0 => return at,
            1.. => self.worked(at) - self.micros(milli_workdays),
            _ => return self.add_working(at, milli_workdays.saturating_neg()),
        };
        let length = self.workday_micros();
        let nth = wanted.div_euclid(length);
        let day = self.days.nth(nth);
        if !(0..=days::LAST).contains(&day) {
            return beyond(day);
        }
        let (open, close) = self.opening(day);
        // At its close the day counts in full, which is more than `wanted`.
        open.plus_micros(wanted - nth * length).min(close.plus_micros(-1))
    }

    #[must_use]
    pub fn add_span(&self, at: Time, span: Span) -> Time {
        match span {
            Span::WorkdaysMilli(milli) => self.add_working(at, milli),
            Span::ElapsedMicros(micros) => at.plus_micros(micros),
        }
    }

    #[must_use]
    pub fn subtract_span(&self, at: Time, span: Span) -> Time {
        match span {
            Span::WorkdaysMilli(milli) => self.subtract_working(at, milli),
            Span::ElapsedMicros(micros) => at.plus_micros(micros.saturating_neg()),
        }
    }

    /// Exact: the hours of a day are whole minutes, so a thousandth of them is whole microseconds.
    fn micros(&self, milli_workdays: i64) -> i64 {
        let micros = i128::from(milli_workdays) * i128::from(self.workday_micros()) / 1000;
        i64::try_from(micros.clamp(-LONGEST_MICROS, LONGEST_MICROS)).unwrap_or(i64::MAX)
    }
}

fn beyond(day: i64) -> Time {
    Time::from_micros(if day < 0 { i64::MIN } else { i64::MAX })
}
