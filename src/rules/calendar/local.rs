//! Wall clocks: local dates and their instants. Where clocks jump forward, a wall time that never was means the
//! instant of the jump; where they go back, the first of the two.

use super::{Calendar, days};
use crate::values::{Date, Time};
use chrono::{DateTime, Duration, MappedLocalTime, NaiveDateTime, NaiveTime, TimeZone};

/// No zone was ever further from UTC (Manila and Alaska came to 15 h 14 m before 1900).
const FURTHEST_SECONDS: i64 = 16 * 3600;

impl Calendar {
    /// The date on the wall at that instant.
    #[must_use]
    pub fn local_date(&self, at: Time) -> Date {
        at.utc().with_timezone(&self.zone).date_naive()
    }

    /// Local midnight with which a date begins.
    #[must_use]
    pub fn start_of_day(&self, date: Date) -> Time {
        self.instant(date.and_time(NaiveTime::MIN))
    }

    /// The instant that is so many minutes after midnight on the wall of that day; 1,440 is the next midnight.
    pub(super) fn wall(&self, day: i64, minutes: u32) -> Time {
        let midnight = days::date(day).and_time(NaiveTime::MIN);
        self.instant(midnight.checked_add_signed(Duration::minutes(i64::from(minutes))).unwrap_or(midnight))
    }

    /// The first instant at which the wall clock shows `local` or later.
    fn instant(&self, local: NaiveDateTime) -> Time {
        match self.zone.from_local_datetime(&local) {
            MappedLocalTime::Single(at) | MappedLocalTime::Ambiguous(at, _) => Time::from(at.to_utc()),
            MappedLocalTime::None => self.end_of_gap(local),
        }
    }

    fn end_of_gap(&self, local: NaiveDateTime) -> Time {
        let seconds = local.and_utc().timestamp();
        // Clocks jump at whole seconds.
        let (mut before, mut after) = (seconds - FURTHEST_SECONDS, seconds + FURTHEST_SECONDS);
        while after - before > 1 {
            let middle = before + (after - before) / 2;
            let shown = DateTime::from_timestamp(middle, 0).map(|at| at.with_timezone(&self.zone).naive_local());
            if shown.is_some_and(|shown| shown < local) { before = middle } else { after = middle }
        }
        Time::from_micros(after.saturating_mul(1_000_000))
    }

    /// The working day an instant belongs to. Unlike the date on the wall it never goes back, even where clocks are
    /// set back over midnight.
    pub(super) fn day(&self, at: Time) -> i64 {
        let day = days::index(self.local_date(at));
        if day < days::LAST && self.wall(day + 1, 0) <= at { day + 1 } else { day }
    }
}
