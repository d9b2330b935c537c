//! The typed tree that is evaluated: every name resolved, every literal converted, every chain flat.

use super::predicate::{Comparison, TextTest};
use super::read::{Entity, Read};
use crate::values::{Key, Value};
use regex::Regex;

#[derive(Clone, Debug)]
pub(super) enum Node {
    Constant(Value),
    /// By its place in the list of reads.
    Read(usize),
    /// A member of the contact that a list test looks at.
    Member(Key),
    Not(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
    Compare(Comparison, Box<[Node; 2]>),
    /// The first is one of the others.
    In(Box<Node>, Vec<Node>),
    /// The list, which is the second, holds the first.
    Includes(Box<[Node; 2]>),
    Has(Box<Node>),
    OrValue(Box<[Node; 2]>),
    If(Box<[Node; 3]>),
    Arithmetic(Box<Node>, Vec<(Operator, Node)>),
    Negate(Box<Node>),
    /// A whole number as a number.
    Widen(Box<Node>),
    Text(TextTest, Box<[Node; 2]>),
    ContainsIgnoreCase(Box<[Node; 2]>),
    Matches(Box<Node>, Box<Regex>),
    Lower(Box<Node>),
    Size(Box<Node>),
    /// The test holds for one of the contacts.
    Exists(Box<[Node; 2]>),
    /// The test holds for all of the contacts.
    All(Box<[Node; 2]>),
    Calendar(CalendarFunction, Vec<Node>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CalendarFunction {
    Days,
    Workdays,
    AddDays,
    AddWorkdays,
    StartOf(Period),
    EndOf(Period),
    /// The date on the wall at a time.
    LocalDate,
    /// The time with which a date begins.
    Midnight,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Period {
    Day,
    /// From Monday.
    Week,
    Month,
    Quarter,
    Year,
}

/// Work of one node in units of about one comparison, besides its parts: text is searched or copied, patterns cost
/// most, calendar functions look up zones.
mod units {
    pub const PLAIN: u64 = 1;
    pub const TEXT: u64 = 10;
    pub const PATTERN: u64 = 50;
    pub const CALENDAR: u64 = 20;
}

impl Node {
    pub(super) fn children(&self) -> Vec<&Self> {
        match self {
            Self::Constant(_) | Self::Read(_) | Self::Member(_) => Vec::new(),
            Self::Not(of)
            | Self::Has(of)
            | Self::Negate(of)
            | Self::Widen(of)
            | Self::Matches(of, _)
            | Self::Lower(of)
            | Self::Size(of) => vec![of],
            Self::And(parts) | Self::Or(parts) | Self::Calendar(_, parts) => parts.iter().collect(),
            Self::Compare(_, sides)
            | Self::Includes(sides)
            | Self::OrValue(sides)
            | Self::Text(_, sides)
            | Self::ContainsIgnoreCase(sides)
            | Self::Exists(sides)
            | Self::All(sides) => sides.iter().collect(),
            Self::In(item, among) => std::iter::once(&**item).chain(among).collect(),
            Self::If(parts) => parts.iter().collect(),
            Self::Arithmetic(first, rest) => std::iter::once(&**first).chain(rest.iter().map(|(_, n)| n)).collect(),
        }
    }

    /// The most one evaluation can cost.
    pub(super) fn cost(&self) -> u64 {
        let parts: u64 = self.children().into_iter().map(Self::cost).sum();
        match self {
            Self::Exists(_) | Self::All(_) => units::PLAIN + parts * super::fault::LONGEST_LIST,
            Self::Text(..) | Self::Lower(_) | Self::Size(_) => units::TEXT + parts,
            Self::ContainsIgnoreCase(_) => 3 * units::TEXT + parts,
            Self::Matches(..) => units::PATTERN + parts,
            Self::Calendar(..) => units::CALENDAR + parts,
            _ => units::PLAIN + parts,
        }
    }

    /// Known without any row: literals, the clock, and what is known of the caller.
    pub(super) fn is_constant<'r>(&self, read: &dyn Fn(usize) -> Option<&'r Read>) -> bool {
        match self {
            Self::Read(place) => read(*place).is_some_and(|read| match read {
                Read::Now | Read::Today => true,
                Read::Field(path) => path.entity == Entity::User,
                Read::Count { .. } | Read::Last { .. } | Read::Entered { .. } | Read::Holding { .. } => false,
            }),
            Self::Member(_) => false,
            _ => self.children().into_iter().all(|part| part.is_constant(read)),
        }
    }

    /// A text as it was written in the source.
    pub(super) fn literal_text(&self) -> Option<&str> {
        match self {
            Self::Constant(Value::Text(text)) => Some(text),
            _ => None,
        }
    }
}
