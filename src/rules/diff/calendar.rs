//! What differs between two calendars: by what they do, day for day. How a file says it does not matter.

use super::{Change, ChangeKind};
use crate::rules::calendar::Calendar;
use crate::texts::{Arg, Message};
use crate::values::Date;

/// The years in which single days are compared: further ones nobody has written down.
const YEARS: (i32, i32) = (2000, 2100);
/// Most ranges of days that are named.
const MOST_RANGES: usize = 20;

pub(super) fn compare(before: &Calendar, after: &Calendar, changes: &mut Vec<Change>) {
    let mut changed = |place: &str, kind, message| changes.push(Change { place: place.to_owned(), kind, message });
    let say = |word: &'static str, old: Arg, new: Arg| {
        Message::new("diff_calendar").with("property", Arg::Word(word.into())).with("before", old).with("after", new)
    };
    let zones = (before.time_zone().name(), after.time_zone().name());
    if zones.0 != zones.1 {
        let message = say("diff_time_zone", zones.0.into(), zones.1.into());
        changed("calendar.time_zone", ChangeKind::Changed, message);
    }
    let hours = (before.hours().to_string(), after.hours().to_string());
    if hours.0 != hours.1 {
        changed("calendar.hours", ChangeKind::Changed, say("diff_hours", hours.0.into(), hours.1.into()));
    }
    let weeks = (week(before), week(after));
    if weeks.0 != weeks.1 {
        let message = say("diff_workdays", weeks.0.clone().into(), weeks.1.clone().into());
        changed("calendar.workdays", ChangeKind::Changed, message);
        // Every week differs: naming days would only repeat it.
        return;
    }
    for (place, code, worked) in
        [("calendar.holidays", "diff_days_free", false), ("calendar.extra_workdays", "diff_days_worked", true)]
    {
        let days = days().filter(|day| before.is_workday(*day) != worked && after.is_workday(*day) == worked);
        let ranges = ranges(days);
        if !ranges.is_empty() {
            changed(place, ChangeKind::Changed, Message::new(code).with("days", named(&ranges)));
        }
    }
}

fn days() -> impl Iterator<Item = Date> {
    let first = Date::from_ymd_opt(YEARS.0, 1, 1).unwrap_or_default();
    let last = Date::from_ymd_opt(YEARS.1, 1, 1).unwrap_or_default();
    first.iter_days().take_while(move |day| *day < last)
}

/// The workdays of a usual week: of one so long ago that no exception is written down for it.
fn week(calendar: &Calendar) -> String {
    let monday = Date::from_ymd_opt(1900, 1, 1).unwrap_or_default();
    let days = monday.iter_days().take(7).filter(|day| calendar.is_workday(*day));
    days.map(|day| day.format("%a").to_string().to_lowercase()).collect::<Vec<_>>().join(", ")
}

/// Days that follow one another, as ranges.
fn ranges(days: impl Iterator<Item = Date>) -> Vec<(Date, Date)> {
    let mut ranges: Vec<(Date, Date)> = Vec::new();
    for day in days {
        match ranges.last_mut() {
            Some((_, last)) if last.succ_opt() == Some(day) => *last = day,
            _ => ranges.push((day, day)),
        }
    }
    ranges
}

/// As the file would say them.
fn named(ranges: &[(Date, Date)]) -> String {
    let one = |(first, last): &(Date, Date)| if first == last { first.to_string() } else { format!("{first}..{last}") };
    let mut names: Vec<String> = ranges.iter().take(MOST_RANGES).map(one).collect();
    if ranges.len() > MOST_RANGES {
        names.push(format!("... (+{})", ranges.len() - MOST_RANGES));
    }
    names.join(", ")
}
