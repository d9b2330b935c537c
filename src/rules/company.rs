//! The head of the file: languages, currency, country, calendar.

use super::calendar::{Calendar, Hours, dates, time_zone, weekday};
use super::keys::table;
use super::node::Node;
use super::problem::quoted;
use super::reader::{Reader, Section};
use crate::texts::Message;
use crate::values::{Date, Language};
use chrono::{Datelike, Weekday};

/// Languages of one file; a label in more is a catalogue, not a label.
const LANGUAGES_AT_MOST: usize = 20;
/// Ranges of days in one list: a century of holidays, as the calendar itself counts them.
const RANGES_AT_MOST: usize = 2_000;

impl<'a> Reader<'a> {
    /// The languages, before anything else: labels are read by them.
    pub(in crate::rules) fn read_languages(&self, file: Section<'a>) -> Vec<Language> {
        let mut languages: Vec<Language> = Vec::new();
        let Some(node) = file.get("languages") else { return languages };
        let items = self.some_items(node).unwrap_or_default();
        self.at_most(node, items.len(), LANGUAGES_AT_MOST);
        for item in items.iter().take(LANGUAGES_AT_MOST) {
            let Some(scalar) = self.scalar(item, "a_language") else { continue };
            let language = Language::new(&scalar.text);
            if !is_language(&scalar.text) {
                self.error(item, Message::new("not_a_language").with("text", quoted(&scalar.text)));
            } else if languages.contains(&language) {
                self.error(item, Message::new("said_twice").with("text", quoted(&scalar.text)));
            } else {
                languages.push(language);
            }
        }
        languages
    }

    pub(in crate::rules) fn read_country(&self, file: Section<'a>) -> Option<String> {
        let node = file.get("country")?;
        let text = &self.scalar(node, "a_country")?.text;
        if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Some(text.clone());
        }
        let upper = text.to_uppercase();
        let meant = (upper.len() == 2 && upper.bytes().all(|byte| byte.is_ascii_uppercase())).then_some(upper);
        self.error_with(node, Message::new("not_a_country").with("text", quoted(text)), meant);
        None
    }

    /// Who may make a change of the rules active: whether it must be another than who wrote it.
    pub(in crate::rules) fn read_activation(&self, file: Section<'a>) -> bool {
        let section = file.get("activation").and_then(|node| self.section(node, &table::ACTIVATION));
        section.is_some_and(|section| self.flag(section, "by_another"))
    }

    pub(in crate::rules) fn read_calendar(&self, file: Section<'a>) -> Option<Calendar> {
        let section = self.section(file.get("calendar")?, &table::CALENDAR)?;
        let before = self.problems.count();
        let zone = section.get("time_zone").and_then(|node| {
            let text = &self.scalar(node, "a_time_zone")?.text;
            time_zone(text).map_err(|(message, nearest)| self.error_with(node, message, nearest)).ok()
        });
        let hours = section.get("hours").map_or(Some(Hours::WHOLE_DAY), |node| {
            let text = &self.scalar(node, "hours")?.text;
            Hours::parse(text).map_err(|message| self.error(node, message)).ok()
        });
        let workdays = self.read_workdays(section);
        let holidays = self.read_days(section, "holidays");
        let extra: Vec<Date> = self
            .read_days(section, "extra_workdays")
            .into_iter()
            .flat_map(|(first, last)| first.iter_days().take_while(move |day| *day <= last).take(RANGES_AT_MOST))
            .collect();
        self.warn_of_next_year(section, &holidays);
        if self.problems.count() != before && (zone.is_none() || hours.is_none()) {
            return None;
        }
        Calendar::new(zone?, &workdays, hours?, &holidays, &extra)
            .map_err(|message| self.error(section.node, message))
            .ok()
    }

    fn read_workdays(&self, section: Section<'a>) -> Vec<Weekday> {
        let Some(node) = section.get("workdays") else {
            return vec![Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
        };
        let mut days = Vec::new();
        for item in self.list(node).unwrap_or_default() {
            let Some(day) = self.word(item, &table::WEEKDAYS).and_then(weekday) else { continue };
            if days.contains(&day) {
                let text = item.scalar().map_or("", |scalar| &scalar.text);
                self.error(item, Message::new("said_twice").with("text", text));
            } else {
                days.push(day);
            }
        }
        days
    }

    fn read_days(&self, section: Section<'a>, key: &str) -> Vec<(Date, Date)> {
        let Some(node) = section.get(key) else { return Vec::new() };
        let items = self.list(node).unwrap_or_default();
        self.at_most(node, items.len(), RANGES_AT_MOST);
        let range = |item: &'a Node| {
            let text = &self.scalar(item, "a_date_range")?.text;
            dates(text).map_err(|message| self.error(item, message)).ok()
        };
        items.iter().take(RANGES_AT_MOST).filter_map(range).collect()
    }

    /// Dwell past New Year would be counted through holidays that nobody entered. Said in the last three months, when
    /// it can be known and still be mended; a calendar without holidays means none.
    fn warn_of_next_year(&self, section: Section<'a>, holidays: &[(Date, Date)]) {
        let (Some(today), Some(node)) = (self.today, section.get("holidays")) else { return };
        let next = today.year() + i32::from(today.month() >= 10);
        if !holidays.is_empty() && !holidays.iter().any(|(_, last)| last.year() >= next) {
            self.warn(node, Message::new("no_holidays_in_year").with("year", next.to_string()));
        }
    }
}

/// `zh`, `en`, `zh-Hant`, `pt-BR`: a language tag as far as labels need one.
fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or("");
    (2..=3).contains(&first.len())
        && first.bytes().all(|byte| byte.is_ascii_lowercase())
        && parts.all(|part| (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}
