//! The funnel report: per stage what was there, what came, what left and how, over a period.
//!
//! The raw material is the visit: one stay of a deal in a stage. A visit may change hands; then it goes on under its new
//! owner. Definitions:
//!
//! - `stock_start`, `stock_end`: visits open at the beginning and the end of the period.
//! - `entered`: visits begun in the period. `left`: visits ended in it, by how they ended.
//! - `received`, `handed_over`: visits that changed owner in the period; they cancel out over all owners.
//! - `cohort`: of the visits begun in the period, how each had ended by the end of the period, or that it had not.
// INVARIANT: stock_end = stock_start + entered + received - left - handed_over, in every line.

use crate::values::{Key, TeamId, UserId};
use std::collections::BTreeMap;

/// Whom a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Everything the reader may see.
    All,
    Team(Option<TeamId>),
    Seller(Option<UserId>),
}

/// By what a report is split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupBy {
    Nothing,
    Team,
    Seller,
}

/// A counted kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// Begun less ended before the period.
    Before,
    Entered,
    Left(Exit),
    Received,
    HandedOver,
    /// Begun in the period and by its end ended so, or not.
    Fate(Fate),
}

/// How a visit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Exit {
    Forward,
    Back,
    Lost,
    /// Left a lost stage again.
    Reopened,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    Ended(Exit),
    Open,
}

/// So many events of a kind in a stage, for somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    pub stage: Key,
    pub group: Group,
    pub event: Event,
    pub count: i64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exits {
    pub forward: i64,
    pub back: i64,
    pub lost: i64,
    pub reopened: i64,
}

impl Exits {
    #[must_use]
    pub fn total(&self) -> i64 {
        self.forward + self.back + self.lost + self.reopened
    }

    fn add(&mut self, exit: Exit, count: i64) {
        match exit {
            Exit::Forward => self.forward += count,
            Exit::Back => self.back += count,
            Exit::Lost => self.lost += count,
            Exit::Reopened => self.reopened += count,
        }
    }
}

/// A stage's figures for somebody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pub stock_start: i64,
    pub entered: i64,
    pub left: Exits,
    pub received: i64,
    pub handed_over: i64,
    pub cohort: Exits,
    pub cohort_open: i64,
}

impl Line {
    /// By the law of stock.
    #[must_use]
    pub fn stock_end(&self) -> i64 {
        self.stock_start + self.entered + self.received - self.left.total() - self.handed_over
    }
}

/// Lines by group and stage.
pub type Lines = BTreeMap<Group, BTreeMap<Key, Line>>;

/// The lines that the counts make.
#[must_use]
pub fn lines(counts: &[Count]) -> Lines {
    let mut lines = Lines::new();
    for one in counts {
        let line = lines.entry(one.group).or_default().entry(one.stage.clone()).or_default();
        match one.event {
            Event::Before => line.stock_start += one.count,
            Event::Entered => line.entered += one.count,
            Event::Left(exit) => line.left.add(exit, one.count),
            Event::Received => line.received += one.count,
            Event::HandedOver => line.handed_over += one.count,
            Event::Fate(Fate::Ended(exit)) => line.cohort.add(exit, one.count),
            Event::Fate(Fate::Open) => line.cohort_open += one.count,
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(stage: &str, event: Event, count: i64) -> Count {
        Count { stage: stage.into(), group: Group::All, event, count }
    }

    #[test]
    fn stock_follows_from_what_came_and_left() {
        let lines = lines(&[
            count("lead", Event::Before, 4),
            count("lead", Event::Entered, 3),
            count("lead", Event::Left(Exit::Forward), 2),
            count("lead", Event::Left(Exit::Lost), 1),
            count("lead", Event::HandedOver, 1),
            count("lead", Event::Received, 2),
            count("lead", Event::Fate(Fate::Ended(Exit::Forward)), 1),
            count("lead", Event::Fate(Fate::Open), 2),
        ]);
        let line = lines[&Group::All]["lead"];
        assert_eq!(line.stock_end(), 4 + 3 - 2 - 1 - 1 + 2);
        assert_eq!(line.cohort.total() + line.cohort_open, line.entered);
    }
}
