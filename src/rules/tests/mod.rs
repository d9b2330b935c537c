//! The checker, text in and text out: a file as a company writes it, the report as it reads it.

use super::*;
use crate::values::{Date, Language};

mod shipped;

/// A Monday: the day these tests take place.
fn monday() -> Option<Date> {
    Date::from_ymd_opt(2026, 3, 2)
}

/// The report in English.
fn report(text: &str) -> String {
    let checked = check(text, monday());
    render::text(&checked.problems, "rules.yaml", &[Language::new("en")])
}
