//! How the parts of a calendar are written in the rules file.

use crate::texts::Message;
use crate::values::Date;
use chrono::Weekday;
use chrono_tz::{TZ_VARIANTS, Tz};
use std::fmt;

const MINUTE_MICROS: i64 = 60_000_000;
const DAY_MINUTES: u32 = 24 * 60;

/// The hours of a working day, in minutes after midnight on the wall. Open before they close, on the same day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    open: u32,
    close: u32,
}

impl Hours {
    pub const WHOLE_DAY: Self = Self { open: 0, close: DAY_MINUTES };

    /// `09:00-18:00`; `24:00` may close.
    pub fn parse(text: &str) -> Result<Self, Message> {
        let say = || Message::new("calendar_hours").with("text", text);
        let (open, close) = text.split_once('-').ok_or_else(say)?;
        let (open, close) = (minutes(open).ok_or_else(say)?, minutes(close).ok_or_else(say)?);
        if open >= close {
            return Err(Message::new("calendar_hours_order").with("text", text));
        }
        Ok(Self { open, close })
    }

    #[must_use]
    pub fn open_minutes(self) -> u32 {
        self.open
    }

    #[must_use]
    pub fn close_minutes(self) -> u32 {
        self.close
    }

    #[must_use]
    pub fn length_micros(self) -> i64 {
        i64::from(self.close - self.open) * MINUTE_MICROS
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (open, close) = (self.open, self.close);
        write!(f, "{:02}:{:02}-{:02}:{:02}", open / 60, open % 60, close / 60, close % 60)
    }
}

fn minutes(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str| (text.len() == 2).then(|| text.parse::<u32>().ok()).flatten();
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let all = hours * 60 + minutes;
    (minutes < 60 && all <= DAY_MINUTES).then_some(all)
}

/// `2026-10-01`, and nothing looser.
#[must_use]
pub fn date(text: &str) -> Option<Date> {
    let strict = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    strict.then(|| text.parse::<Date>().ok()).flatten()
}

/// `2026-10-01` or `2026-10-01..2026-10-07`, both ends included.
pub fn dates(text: &str) -> Result<(Date, Date), Message> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let say = |code| Message::new(code).with("text", text);
    match (date(first), date(last)) {
        (Some(first), Some(last)) if first <= last => Ok((first, last)),
        (Some(_), Some(_)) => Err(say("calendar_range_backwards")),
        _ => Err(say("calendar_date")),
    }
}

/// `mon` to `sun`.
#[must_use]
pub fn weekday(text: &str) -> Option<Weekday> {
    Some(match text {
        "mon" => Weekday::Mon,
        "tue" => Weekday::Tue,
        "wed" => Weekday::Wed,
        "thu" => Weekday::Thu,
        "fri" => Weekday::Fri,
        "sat" => Weekday::Sat,
        "sun" => Weekday::Sun,
        _ => return None,
    })
}

/// An IANA time zone by its name; else what is wrong, and the name that may have been meant.
pub fn time_zone(name: &str) -> Result<Tz, (Message, Option<String>)> {
    name.parse::<Tz>().map_err(|_| {
        let known = TZ_VARIANTS.iter().map(|zone| zone.name());
        let nearest = crate::rules::spelling::nearest(name, known).map(str::to_owned);
        (Message::new("calendar_time_zone").with("name", name), nearest)
    })
}
