//! Instants and dates. An instant is microseconds since 1970 in UTC: the finest unit that both databases keep, so
//! what a client is told equals what it reads later.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A calendar date, without a time zone.
pub type Date = chrono::NaiveDate;

/// An instant, in microseconds since 1970-01-01T00:00:00Z. RFC 3339 with six decimals outside.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

/// One hour, in microseconds.
pub const HOUR_MICROS: i64 = 3_600_000_000;
/// Twenty-four hours, in microseconds.
pub const DAY_MICROS: i64 = 24 * HOUR_MICROS;

impl Time {
    /// Years 0001 to 9999: what RFC 3339 can say. Outside it the nearest end is taken.
    const MIN: i64 = -62_135_596_800_000_000;
    const MAX: i64 = 253_402_300_799_999_999;

    /// The instant that many microseconds after 1970, held within the years 0001 to 9999.
    #[must_use]
    pub fn from_micros(micros: i64) -> Self {
        Self(micros.clamp(Self::MIN, Self::MAX))
    }

    #[must_use]
    pub fn micros(self) -> i64 {
        self.0
    }

    #[must_use]
    pub fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or(DateTime::UNIX_EPOCH)
    }

    /// This instant moved by `micros`, held within the years 0001 to 9999.
    #[must_use]
    pub fn plus_micros(self, micros: i64) -> Self {
        Self::from_micros(self.0.saturating_add(micros))
    }

    /// Microseconds from `earlier` to this instant; negative if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }
}

impl From<DateTime<Utc>> for Time {
    fn from(at: DateTime<Utc>) -> Self {
        Self::from_micros(at.timestamp_micros())
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.utc().to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Time {
    type Err = chrono::ParseError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        DateTime::parse_from_rfc3339(text).map(|at| Self::from(at.to_utc()))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|_| serde::de::Error::custom("an RFC 3339 time such as 2026-03-02T10:00:00Z is needed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_with_microseconds_and_read_back() {
        let at: Time = "2026-03-02T10:00:00.123456789+08:00".parse().unwrap();
        assert_eq!(at.to_string(), "2026-03-02T02:00:00.123456Z");
        assert_eq!(at.to_string().parse::<Time>().unwrap(), at);
    }

    #[test]
    fn a_time_never_leaves_the_years_that_can_be_written() {
        let end = Time::from_micros(i64::MAX).plus_micros(i64::MAX);
        assert_eq!(end.to_string(), "9999-12-31T23:59:59.999999Z");
        assert_eq!(Time::from_micros(i64::MIN).to_string(), "0001-01-01T00:00:00.000000Z");
    }
}
