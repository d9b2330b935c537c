//! The calendar in which dwell is counted: time zone, workdays, hours, holidays, extra workdays.
//!
//! Working time is a measure: `worked(t)`, microseconds of working time from the year 1 until `t`, never falls. All
//! that is asked here follows from it: `add_working(t, x)` is the first instant by which `x` more was worked,
//! `subtract_working(now, x)` the last instant since which `x` was worked, and so
//! `entered <= subtract(now, x)` exactly when `add(entered, x) <= now`, whatever clocks do at night: a list in SQL
//! and a single read cannot disagree on what is overdue.
//!
//! Nothing walks day by day: workdays are counted by weeks and corrected by the list of exceptions. Total for every
//! input; results are held within the years 0001 to 9999.

mod days;
mod local;
mod spelling;
#[cfg(test)]
mod tests;
mod working;

pub use spelling::{Hours, date, dates, time_zone, weekday};

use crate::texts::Message;
use crate::values::Date;
use chrono::Weekday;
use chrono_tz::Tz;
use days::Days;

/// A company's working time.
#[derive(Clone, Debug)]
pub struct Calendar {
    zone: Tz,
    hours: Hours,
    days: Days,
}

impl Calendar {
    /// A calendar with at least one workday a week. `holidays` are ranges, both ends included; a date that is also an
    /// extra workday is worked.
    pub fn new(
        zone: Tz,
        workdays: &[Weekday],
        hours: Hours,
        holidays: &[(Date, Date)],
        extra_workdays: &[Date],
    ) -> Result<Self, Message> {
        Ok(Self { zone, hours, days: Days::new(workdays, holidays, extra_workdays)? })
    }

    #[must_use]
    pub fn time_zone(&self) -> Tz {
        self.zone
    }

    #[must_use]
    pub fn hours(&self) -> Hours {
        self.hours
    }

    /// Microseconds of working time in one working day.
    #[must_use]
    pub fn workday_micros(&self) -> i64 {
        self.hours.length_micros()
    }

    #[must_use]
    pub fn is_workday(&self, date: Date) -> bool {
        self.days.is_workday(days::index(date))
    }

    /// Workdays from `from` on until before `to`; negative if `to` is earlier.
    #[must_use]
    pub fn workdays_between_dates(&self, from: Date, to: Date) -> i64 {
        self.days.before(days::index(to)) - self.days.before(days::index(from))
    }

    /// The `n`-th workday after `date`, or before it for a negative `n`; `date` itself for 0.
    #[must_use]
    pub fn add_workdays(&self, date: Date, n: i64) -> Date {
        let at = days::index(date);
        let nth = match n {
            0 => return date,
            1.. => self.days.before(at + 1).saturating_add(n - 1),
            _ => self.days.before(at).saturating_add(n),
        };
        days::date(self.days.nth(nth))
    }
}
