//! Working time on real clocks: examples a person can check, and the laws for any instant.

use super::*;
use crate::rules::model::Span;
use crate::values::{Decimal, Time};
use chrono::{NaiveTime, TimeZone};
use proptest::prelude::*;

const WEEK: [Weekday; 5] = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
const ALL_WEEK: [Weekday; 7] =
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

fn calendar(zone: Tz, week: &[Weekday], hours: &str, holidays: &[&str], extra: &[&str]) -> Calendar {
    let hours = if hours.is_empty() { Hours::WHOLE_DAY } else { Hours::parse(hours).unwrap() };
    let holidays: Vec<_> = holidays.iter().map(|text| dates(text).unwrap()).collect();
    let extra: Vec<_> = extra.iter().map(|text| date(text).unwrap()).collect();
    Calendar::new(zone, week, hours, &holidays, &extra).unwrap()
}

fn shanghai() -> Calendar {
    calendar(chrono_tz::Asia::Shanghai, &WEEK, "09:00-18:00", &["2026-10-01..2026-10-07"], &["2026-10-10"])
}

/// `2026-03-02 10:00` on the wall.
fn at(calendar: &Calendar, text: &str) -> Time {
    let local = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
    Time::from(calendar.zone.from_local_datetime(&local).earliest().unwrap().to_utc())
}

fn wall(calendar: &Calendar, at: Time) -> String {
    at.utc().with_timezone(&calendar.zone).format("%Y-%m-%d %H:%M:%S%.f").to_string()
}

#[track_caller]
fn adds(calendar: &Calendar, from: &str, span: &str, expected: &str) {
    let to = calendar.add_span(at(calendar, from), Span::parse(span).unwrap());
    assert_eq!(wall(calendar, to), expected, "{from} + {span}");
}

#[test]
fn working_days_begin_at_the_next_opening() {
    let calendar = shanghai();
    adds(&calendar, "2026-02-27 15:00", "1wd", "2026-03-02 15:00:00"); // Friday to Monday
    adds(&calendar, "2026-02-28 12:00", "1wd", "2026-03-02 18:00:00"); // Saturday: all of Monday
    adds(&calendar, "2026-03-02 07:00", "1wd", "2026-03-02 18:00:00");
    adds(&calendar, "2026-03-02 09:00", "1wd", "2026-03-02 18:00:00");
    adds(&calendar, "2026-03-02 20:00", "1wd", "2026-03-03 18:00:00");
    adds(&calendar, "2026-03-02 16:00", "0.5wd", "2026-03-03 11:30:00");
    adds(&calendar, "2026-03-02 10:00", "5wd", "2026-03-09 10:00:00");
    adds(&calendar, "2026-03-02 10:00", "0wd", "2026-03-02 10:00:00");
    adds(&calendar, "2026-02-28 12:00", "0wd", "2026-02-28 12:00:00");
    adds(&calendar, "2026-09-30 15:00", "1wd", "2026-10-08 15:00:00"); // over the holidays
    adds(&calendar, "2026-10-09 15:00", "1wd", "2026-10-10 15:00:00"); // a Saturday that is worked
    adds(&calendar, "2026-10-10 15:00", "1wd", "2026-10-12 15:00:00");
    adds(&calendar, "2026-03-02 10:00", "12h", "2026-03-02 22:00:00");
    adds(&calendar, "2026-02-27 15:00", "3d", "2026-03-02 15:00:00");
    let whole = calendar_of_whole_days();
    adds(&whole, "2026-02-27 15:00", "1wd", "2026-03-02 15:00:00");
    adds(&whole, "2026-02-27 00:00", "1wd", "2026-02-28 00:00:00");
}

fn calendar_of_whole_days() -> Calendar {
    calendar(chrono_tz::Asia::Shanghai, &WEEK, "", &[], &[])
}

#[test]
fn going_back_finds_where_the_time_began() {
    let calendar = shanghai();
    let back = |from: &str, span: &str| {
        wall(&calendar, calendar.subtract_span(at(&calendar, from), Span::parse(span).unwrap()))
    };
    assert_eq!(back("2026-03-02 15:00", "1wd"), "2026-02-27 15:00:00");
    assert_eq!(back("2026-03-03 09:00", "1wd"), "2026-03-02 09:00:00");
    // Whoever entered on Friday evening or at the weekend has had all of Monday.
    assert_eq!(back("2026-03-02 18:00", "1wd"), "2026-03-02 09:00:00");
    assert_eq!(back("2026-03-02 20:00", "1wd"), "2026-03-02 09:00:00");
    assert_eq!(back("2026-03-02 10:00", "12h"), "2026-03-01 22:00:00");
}

#[test]
fn working_time_is_counted() {
    let calendar = shanghai();
    let hours = |from: &str, to: &str| calendar.working_between(at(&calendar, from), at(&calendar, to)) / 3_600_000_000;
    assert_eq!(hours("2026-02-27 15:00", "2026-03-02 10:00"), 4);
    assert_eq!(hours("2026-03-02 10:00", "2026-02-27 15:00"), -4);
    assert_eq!(hours("2026-02-28 00:00", "2026-03-01 23:00"), 0);
    assert_eq!(hours("2026-09-30 00:00", "2026-10-12 00:00"), 4 * 9);
    let days = calendar.workdays_between(at(&calendar, "2026-02-27 15:00"), at(&calendar, "2026-03-02 15:00"));
    assert_eq!(days, Decimal::ONE);
}

#[test]
fn workdays_of_dates() {
    let calendar = shanghai();
    let day = |text: &str| date(text).unwrap();
    assert!(calendar.is_workday(day("2026-10-10")) && !calendar.is_workday(day("2026-10-07")));
    assert!(!calendar.is_workday(day("2026-03-01")) && calendar.is_workday(day("2026-03-02")));
    let cases = [("2026-02-27", 1, "2026-03-02"), ("2026-02-28", 1, "2026-03-02"), ("2026-03-02", -1, "2026-02-27")];
    for (from, n, to) in cases.into_iter().chain([("2026-03-01", -1, "2026-02-27"), ("2026-09-30", 3, "2026-10-10")]) {
        assert_eq!(calendar.add_workdays(day(from), n), day(to), "{from} {n}");
    }
    assert_eq!(calendar.add_workdays(day("2026-03-01"), 0), day("2026-03-01"));
    assert_eq!(calendar.add_workdays(day("2026-03-01"), i64::MAX), day("9999-12-31"));
    assert_eq!(calendar.add_workdays(day("2026-03-01"), i64::MIN), day("0001-01-01"));
}

#[test]
fn clocks_that_change_neither_lose_nor_repeat_a_working_day() {
    let berlin = calendar(chrono_tz::Europe::Berlin, &ALL_WEEK, "", &[], &[]);
    // 29 March 2026 has 23 hours, 25 October has 25.
    adds(&berlin, "2026-03-28 15:00", "1wd", "2026-03-29 16:00:00");
    adds(&berlin, "2026-03-29 00:00", "1wd", "2026-03-30 00:00:00");
    adds(&berlin, "2026-10-25 00:00", "1wd", "2026-10-25 23:00:00");
    adds(&berlin, "2026-10-25 00:00", "2wd", "2026-10-27 00:00:00");
    let night = calendar(chrono_tz::Europe::Berlin, &ALL_WEEK, "02:30-10:00", &[], &[]);
    // 02:30 never was on 29 March: the day opens at 03:00.
    adds(&night, "2026-03-29 00:00", "1wd", "2026-03-29 10:00:00");
    adds(&night, "2026-03-29 00:00", "0.1wd", "2026-03-29 03:45:00");
}

#[test]
fn days_begin_where_the_wall_says_so_or_when_the_gap_ends() {
    let start = |zone: Tz, text: &str| {
        let calendar = calendar(zone, &WEEK, "", &[], &[]);
        wall(&calendar, calendar.start_of_day(date(text).unwrap()))
    };
    assert_eq!(start(chrono_tz::Asia::Shanghai, "2026-03-02"), "2026-03-02 00:00:00");
    // Midnight never was: clocks jumped from 24:00 to 01:00.
    assert_eq!(start(chrono_tz::America::Sao_Paulo, "2018-11-04"), "2018-11-04 01:00:00");
    assert_eq!(start(chrono_tz::Africa::Cairo, "2023-04-28"), "2023-04-28 01:00:00");
    // The whole 30 December never was.
    assert_eq!(start(chrono_tz::Pacific::Apia, "2011-12-30"), "2011-12-31 00:00:00");
    // Midnight was twice; the first one counts.
    let havana = calendar(chrono_tz::America::Havana, &WEEK, "", &[], &[]);
    let first = havana.start_of_day(date("2026-11-01").unwrap());
    assert_eq!(wall(&havana, first.plus_micros(3_600_000_000)), "2026-11-01 00:00:00");
}

#[test]
fn what_no_calendar_can_be_is_refused() {
    let zone = chrono_tz::Asia::Shanghai;
    let code = |week: &[Weekday], holidays: &[(Date, Date)]| {
        Calendar::new(zone, week, Hours::WHOLE_DAY, holidays, &[]).unwrap_err().code.into_owned()
    };
    let day = |text: &str| date(text).unwrap();
    assert_eq!(code(&[], &[]), "calendar_no_workdays");
    assert_eq!(code(&WEEK, &[(day("2026-01-02"), day("2026-01-01"))]), "calendar_range_backwards");
    assert_eq!(code(&WEEK, &[(day("0001-01-01"), day("9999-12-31"))]), "calendar_too_many_days");
    let many: Vec<_> = (0..30).map(|n| (day("2026-01-01") + chrono::Days::new(n * 400), 399)).collect();
    let many: Vec<_> = many.into_iter().map(|(first, n)| (first, first + chrono::Days::new(n))).collect();
    assert_eq!(code(&WEEK, &many), "calendar_too_many_days");
    for text in ["9:00-18:00", "09:00", "09:00-25:00", "09:60-10:00", "", "-", "０9:00-18:00"] {
        assert_eq!(Hours::parse(text).unwrap_err().code, "calendar_hours", "{text}");
    }
    for text in ["18:00-09:00", "09:00-09:00"] {
        assert_eq!(Hours::parse(text).unwrap_err().code, "calendar_hours_order", "{text}");
    }
    assert_eq!(Hours::parse("00:00-24:00").unwrap(), Hours::WHOLE_DAY);
    for text in ["2026-1-1", "2026-02-30", "2026-01-01..", "+026-01-01", "2026-01-01..x", ""] {
        assert_eq!(dates(text).unwrap_err().code, "calendar_date", "{text}");
    }
    assert_eq!(dates("2026-01-02..2026-01-01").unwrap_err().code, "calendar_range_backwards");
    let (message, meant) = time_zone("Asia/Shanghia").unwrap_err();
    assert_eq!((&*message.code, meant.as_deref()), ("calendar_time_zone", Some("Asia/Shanghai")));
    assert_eq!(time_zone("Mars/X").unwrap_err().1, None);
    assert_eq!(weekday("mon"), Some(Weekday::Mon));
    assert_eq!(weekday("Mon"), None);
}

#[test]
fn centuries_cost_no_more_than_days() {
    let calendar = shanghai();
    let began = std::time::Instant::now();
    for n in 0..1000 {
        let _ = calendar.add_working(at(&calendar, "2026-03-02 10:00"), 1_000_000 * n);
    }
    assert!(began.elapsed().as_millis() < 500, "a walk day by day");
}

fn zones() -> impl Strategy<Value = Tz> {
    prop::sample::select(vec![
        chrono_tz::Europe::Berlin,
        chrono_tz::America::New_York,
        chrono_tz::Asia::Kolkata,
        chrono_tz::Asia::Shanghai,
        // Clocks that jump at midnight, go back over midnight, skip a day, change by half an hour.
        chrono_tz::America::Sao_Paulo,
        chrono_tz::America::St_Johns,
        chrono_tz::America::Havana,
        chrono_tz::Pacific::Apia,
        chrono_tz::Australia::Lord_Howe,
    ])
}

prop_compose! {
    fn calendars()(
        zone in zones(),
        mask in 1_u8..128,
        open in 0_u32..1440,
        length in 1_u32..1440,
        whole in any::<bool>(),
        holidays in prop::collection::vec((0_i64..20_000, 0_i64..20), 0..8),
        extra in prop::collection::vec(0_i64..20_000, 0..8),
    ) -> Calendar {
        let week: Vec<Weekday> = ALL_WEEK.into_iter().enumerate().filter(|(n, _)| mask & (1 << n) != 0).map(|(_, day)| day).collect();
        let close = (open + length).min(1440);
        let clock = |minutes: u32| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        let hours = if whole { Hours::WHOLE_DAY } else { Hours::parse(&format!("{}-{}", clock(open), clock(close))).unwrap() };
        // Days since 1970.
        let day = |n: i64| days::date(719_162 + n);
        let holidays: Vec<_> = holidays.into_iter().map(|(first, n)| (day(first), day(first + n))).collect();
        let extra: Vec<_> = extra.into_iter().map(day).collect();
        Calendar::new(zone, &week, hours, &holidays, &extra).unwrap()
    }
}

/// 1970 to 2037, on whole hours half of the time: where things open, close and jump.
fn instants() -> impl Strategy<Value = Time> {
    let seconds = 0_i64..2_140_000_000;
    (seconds, any::<bool>(), -1_i64..2).prop_map(|(seconds, even, micros)| {
        let seconds = if even { seconds / 1800 * 1800 } else { seconds };
        Time::from_micros(seconds * 1_000_000 + micros)
    })
}

/// Instants around the hours in which Berlin, New York, St. John's and Apia change their clocks.
fn changes() -> impl Strategy<Value = Time> {
    let around =
        [1_774_746_000_i64, 1_792_890_000, 1_772_953_200, 1_793_512_800, 1_162_092_660, 1_325_239_200, 1_541_300_400];
    (prop::sample::select(around.to_vec()), -200_000_i64..200_000, -1_i64..2)
        .prop_map(|(second, by, micros)| Time::from_micros((second + by / 600 * 600) * 1_000_000 + micros))
}

/// Calendars that work through the night in which clocks change, and instants around it.
fn nights() -> impl Strategy<Value = (Calendar, Time)> {
    let hours =
        prop::sample::select(vec!["", "00:00-06:00", "01:00-02:30", "02:30-04:00", "02:00-03:00", "23:00-24:00"]);
    // Berlin loses and repeats an hour after two, Sao Paulo lost midnight, St. John's repeated it, Apia skipped a day.
    let night = prop::sample::select(vec![
        (chrono_tz::Europe::Berlin, 1_774_746_000_i64),
        (chrono_tz::Europe::Berlin, 1_792_890_000),
        (chrono_tz::America::Sao_Paulo, 1_541_300_400),
        (chrono_tz::America::St_Johns, 1_162_092_660),
        (chrono_tz::Pacific::Apia, 1_325_239_200),
    ]);
    (hours, night, -200_i64..200, -1_i64..2).prop_map(|(hours, (zone, second), quarters, micros)| {
        let at = Time::from_micros((second + quarters * 900) * 1_000_000 + micros);
        (calendar(zone, &ALL_WEEK, hours, &[], &[]), at)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    /// What a list finds by `entered <= T` is what a single read finds by `add(entered) <= now`.
    #[test]
    fn overdue_is_one_thing(
        calendar in calendars(),
        entered in prop_oneof![instants(), changes()],
        near in prop_oneof![(-3_000_000_i64..3_000_000).prop_map(|seconds| seconds * 1_000_000), -2_i64..3],
        milli in prop_oneof![0_i64..5000, (0_i64..30).prop_map(|days| days * 1000)],
    ) {
        let due = calendar.add_working(entered, milli);
        for now in [entered.plus_micros(near), due.plus_micros(near), due, due.plus_micros(-1), due.plus_micros(1)] {
            let by_list = entered <= calendar.subtract_working(now, milli);
            let by_read = due <= now;
            prop_assert_eq!(by_list, by_read, "entered {} now {} due {}", entered, now, due);
        }
    }

    /// Also in the nights in which clocks change.
    #[test]
    fn overdue_is_one_thing_at_night((calendar, entered) in nights(), quarters in 0_i64..13, by in -110_i64..110) {
        let milli = quarters * 250;
        let due = calendar.add_working(entered, milli);
        let moved = due.plus_micros(by * 900_000_000);
        for now in [due, due.plus_micros(-1), due.plus_micros(1), moved, entered, entered.plus_micros(by * 900_000_000)] {
            let by_list = entered <= calendar.subtract_working(now, milli);
            prop_assert_eq!(by_list, due <= now, "entered {} now {} due {}", entered, now, due);
            let worked = now > entered && calendar.working_between(entered, now) >= calendar.workday_micros() / 1000 * milli;
            prop_assert!(milli == 0 || worked == (due <= now), "entered {} now {} due {}", entered, now, due);
        }
    }

    /// Working time never falls, and adds up.
    #[test]
    fn working_time_is_a_measure(calendar in calendars(), a in changes(), b in changes(), c in instants()) {
        let (first, last) = (a.min(b), a.max(b));
        prop_assert!(calendar.working_between(first, last) >= 0);
        let parts = calendar.working_between(a, b) + calendar.working_between(b, c);
        prop_assert_eq!(parts, calendar.working_between(a, c));
        prop_assert!(calendar.working_between(first, first.plus_micros(1)) >= 0);
    }

    /// Adding a length takes that much working time: all of it at the end, less a moment before.
    #[test]
    fn what_is_added_was_worked(calendar in calendars(), from in prop_oneof![instants(), changes()], milli in 1_i64..40_000) {
        let wanted = i64::try_from(i128::from(milli) * i128::from(calendar.workday_micros()) / 1000).unwrap();
        let to = calendar.add_working(from, milli);
        prop_assert!(calendar.working_between(from, to) >= wanted);
        prop_assert!(calendar.working_between(from, to.plus_micros(-1)) < wanted);
    }

    /// Counting by weeks is counting day by day.
    #[test]
    fn counting_by_weeks_is_counting(calendar in calendars(), from in 0_i64..20_000, n in 0_i64..60, k in -20_i64..20) {
        let day = |n: i64| days::date(719_162 + n);
        let walked = (from..from + n).filter(|at| calendar.is_workday(day(*at))).count();
        prop_assert_eq!(calendar.workdays_between_dates(day(from), day(from + n)), i64::try_from(walked).unwrap());
        let (mut left, mut at) = (k.abs(), from);
        while left > 0 {
            at += k.signum();
            left -= i64::from(calendar.is_workday(day(at)));
        }
        prop_assert_eq!(calendar.add_workdays(day(from), k), day(at));
    }

    /// A day begins at its midnight, or where there is none when the clocks have jumped past it.
    #[test]
    fn a_day_begins_once(zone in zones(), n in 0_i64..24_000) {
        let calendar = calendar(zone, &WEEK, "", &[], &[]);
        let day = days::date(719_162 + n);
        let start = calendar.start_of_day(day);
        prop_assert!(calendar.local_date(start) >= day);
        prop_assert!(calendar.local_date(start.plus_micros(-1)) < day);
        prop_assert!(start <= calendar.start_of_day(day + chrono::Days::new(1)));
    }

    /// Whatever comes, an answer comes.
    #[test]
    fn every_input_is_answered(calendar in calendars(), at in any::<i64>(), by in any::<i64>(), n in any::<i64>()) {
        let at = Time::from_micros(at);
        let _ = calendar.add_working(at, by);
        let _ = calendar.subtract_working(at, by);
        let _ = calendar.workdays_between(at, Time::from_micros(by));
        let _ = calendar.add_workdays(calendar.local_date(at), n);
        for date in [Date::MIN, Date::MAX] {
            let _ = calendar.start_of_day(date);
            let _ = calendar.is_workday(date);
            let _ = calendar.add_workdays(date, n);
        }
        let _ = calendar.start_of_day(Date::MAX).utc().with_timezone(&calendar.time_zone()).time() > NaiveTime::MIN;
    }
}
