//! Lengths of time as the rules say them: `5wd`, `1.5wd`, `3d`, `12h`. Text in, exact whole units out.

use super::model::Span;
use crate::texts::Message;
use crate::values::time::{DAY_MICROS, HOUR_MICROS};
use std::fmt;

/// The longest length: a hundred years of days. Longer ones are slips, and would only run out of the calendar.
const LONGEST_DAYS: i64 = 36_525;

impl Span {
    /// A length from its text; `expression_span_*` messages say what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Message> {
        let split = text.find(|letter: char| !(letter.is_ascii_digit() || letter == '.')).unwrap_or(text.len());
        let (number, unit) = text.split_at(split);
        let say = |code: &'static str| Message::new(code).with("text", text);
        let Some(milli) = milli(number) else { return Err(say("expression_span_form")) };
        let units = |micros: i64| micros / 1000 * milli;
        let longest = match unit {
            "wd" | "d" => LONGEST_DAYS * 1000,
            "h" => LONGEST_DAYS * 24 * 1000,
            "" => return Err(say("expression_span_unit_missing")),
            _ => return Err(say("expression_span_form")),
        };
        if milli > longest {
            return Err(say("expression_span_too_long").with("days", LONGEST_DAYS));
        }
        Ok(match unit {
            "wd" => Self::WorkdaysMilli(milli),
            "d" => Self::ElapsedMicros(units(DAY_MICROS)),
            _ => Self::ElapsedMicros(units(HOUR_MICROS)),
        })
    }
}

/// Thousandths of a plain decimal with at most three places: all that fits a whole number of units.
fn milli(number: &str) -> Option<i64> {
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) || whole.len() > 9 || part.len() > 3 {
        return None;
    }
    let part: i64 = format!("{part:0<3}").parse().ok()?;
    Some(whole.parse::<i64>().ok()? * 1000 + part)
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (milli, unit) = match *self {
            Self::WorkdaysMilli(milli) => (milli, "wd"),
            Self::ElapsedMicros(micros) if micros % (DAY_MICROS / 1000) == 0 => (micros / (DAY_MICROS / 1000), "d"),
            Self::ElapsedMicros(micros) => (micros / (HOUR_MICROS / 1000), "h"),
        };
        let number = rust_decimal::Decimal::new(milli, 3).normalize();
        write!(f, "{number}{unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_read_exactly_and_written_back() {
        let cases = [
            ("5wd", Span::WorkdaysMilli(5000), "5wd"),
            ("1.5wd", Span::WorkdaysMilli(1500), "1.5wd"),
            ("0wd", Span::WorkdaysMilli(0), "0wd"),
            ("3d", Span::ElapsedMicros(3 * DAY_MICROS), "3d"),
            ("12h", Span::ElapsedMicros(12 * HOUR_MICROS), "0.5d"),
            ("1h", Span::ElapsedMicros(HOUR_MICROS), "1h"),
            ("0.125d", Span::ElapsedMicros(3 * HOUR_MICROS), "0.125d"),
            ("36525d", Span::ElapsedMicros(36_525 * DAY_MICROS), "36525d"),
        ];
        for (text, span, written) in cases {
            assert_eq!(Span::parse(text), Ok(span), "{text}");
            assert_eq!(span.to_string(), written);
            assert_eq!(Span::parse(written), Ok(span));
        }
    }

    #[test]
    fn what_is_no_length_says_why() {
        let cases = [
            ("5", "expression_span_unit_missing"),
            ("", "expression_span_form"),
            ("wd", "expression_span_form"),
            ("5 wd", "expression_span_form"),
            ("5w", "expression_span_form"),
            ("-5d", "expression_span_form"),
            ("1.2345wd", "expression_span_form"),
            ("1.wd", "expression_span_form"),
            ("９d", "expression_span_form"),
            ("99999999999999999999d", "expression_span_form"),
            ("36526wd", "expression_span_too_long"),
        ];
        for (text, code) in cases {
            assert_eq!(Span::parse(text).map_err(|message| message.code.into_owned()), Err(code.to_owned()), "{text}");
        }
    }
}
