//! The checker, text in and text out: a file as a company writes it, the report as it reads it.

use super::*;
use crate::values::{Date, Language};

mod contradictions;
mod hostile;
mod little;
mod meaning;
mod problems;
mod shipped;
mod table;

/// A small company: every mistake of these tests is a change of this file.
const SMALL: &str = "\
format: 1
languages: [en, zh]
currency: CNY
calendar: {time_zone: Asia/Shanghai}
fields:
  customer: {name: {type: text}, email: {type: email}, size: {type: choice, of: [large, small]}}
  deal: {target: {type: money}, fits: {type: bool}, visit_on: {type: date}}
unique: [[customer.name]]
validations: [{id: ahead, require: 'deal.visit_on >= today'}]
products: [website]
activities: {call: {outcomes: [reached]}, mail: {}}
methods: {direct: {steps: [Ring them]}}
grades: [{id: A, when: 'deal.fits'}, {id: C}]
funnels:
  standard:
    stages:
      - {id: fresh, kind: start}
      - {id: called, dwell: 5wd, rate: 50%, holding: {ideal: 5}, enter: [{id: reached, activity: call}]}
      - {id: sold, kind: won}
      - {id: gone, kind: lost, reasons: [{id: no_need}]}
    moves: [forward, {from: any_open, to: gone}]
first_administrator: [boss]
roles:
  boss: {may: [{do: [deals.*, customers.*, pool.*, reports.read, people.*, rules.*, rules.activate], scope: all}]}
scenarios:
  - {name: refused, given: {stage: fresh}, do: {move: called, by: boss}, expect: {refused: [reached]}}
";

/// A Monday: the day these tests take place.
fn monday() -> Option<Date> {
    Date::from_ymd_opt(2026, 3, 2)
}

fn english() -> [Language; 1] {
    [Language::new("en")]
}

/// The report in English.
fn report(text: &str) -> String {
    render::text(&check(text, monday()).problems, "rules.yaml", &english())
}

/// The codes of all problems, in the order of the file.
fn codes(text: &str) -> Vec<String> {
    check(text, monday()).problems.iter().map(|problem| problem.code().to_owned()).collect()
}

/// `SMALL` with one thing said otherwise.
fn small(with: &str, instead: &str) -> String {
    assert!(SMALL.contains(with), "`{with}` is not in the small file");
    SMALL.replacen(with, instead, 1)
}
