//! Expressions: a typed, pure, bounded subset of CEL.
//!
//! `compile` checks a text against the vocabulary of its place and answers with an `Expression` or every problem;
//! `Expression::evaluate` is total: it ends within its static cost and never fails, what is missing is `Unknown`.

use crate::values::{Date, Key, Time, Value};
use std::borrow::Cow;

/// What an expression reads: a qualified name such as `deal.grade` or `customer.size`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path {
    pub entity: Entity,
    pub name: Key,
}

/// Whose value a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entity {
    Deal,
    Customer,
    Contract,
    /// Who acts.
    User,
    /// Who holds the deal.
    Owner,
    /// Who would get the deal.
    Receiver,
    Move,
}

/// A fact that an expression asks for; its arguments are literals, so the reads of a decision are known beforehand.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Read {
    Field(Path),
    /// `count("call", "reached", "20wd")`
    Count {
        kind: Key,
        outcome: Option<Key>,
        within: Option<super::model::Span>,
    },
    /// `last("call", "reached")`
    Last {
        kind: Key,
        outcome: Option<Key>,
    },
    /// `entered("contacted")`
    Entered {
        stage: Key,
    },
    /// `owner.holding("intent")`
    Holding {
        entity: Entity,
        stage: Key,
    },
    Now,
    Today,
}

/// What is so at the moment of a decision. `None` = missing.
pub trait Facts {
    fn read(&self, read: &Read) -> Option<Cow<'_, Value>>;
    fn now(&self) -> Time;
    /// The date of `now` in the rules' time zone.
    fn today(&self) -> Date;
}

/// A checked, compiled expression.
#[derive(Debug)]
pub struct Expression {
    source: String,
}

impl Expression {
    /// The text as the company wrote it.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }
}
