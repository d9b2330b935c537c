//! Expressions: a typed, pure, bounded subset of CEL.
//!
//! `compile` checks a text against the vocabulary of its place and answers with an `Expression` or every problem;
//! `Expression::evaluate` is total: it ends within its static cost and never fails, what is missing is `Unknown`.

mod fault;
mod predicate;
mod read;
mod vocabulary;

pub use fault::Fault;
pub use predicate::{Comparison, Operand, Predicate, TextTest};
pub use read::{Entity, Facts, Path, Read};
pub use vocabulary::{Domain, Place, Type, Vocabulary};

use super::calendar::Calendar;
use crate::values::Value;

/// What an expression came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Known(Value),
    /// It cannot be said. `missing` are the facts it would have needed; empty where a computation has no result
    /// (overflow, two currencies, division by zero).
    Unknown {
        missing: Vec<Read>,
    },
}

/// A checked, compiled expression.
#[derive(Clone, Debug)]
pub struct Expression {
    source: String,
    reads: Vec<Read>,
    cost: u32,
}

impl Expression {
    /// The text as the company wrote it.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Everything it can ask for, each once, in the order of the text.
    #[must_use]
    pub fn reads(&self) -> &[Read] {
        &self.reads
    }

    /// Upper bound of its work, in units of about one comparison.
    #[must_use]
    pub fn cost(&self) -> u32 {
        self.cost
    }

    /// Its value, or what was missing.
    #[must_use]
    pub fn evaluate(&self, facts: &dyn Facts, calendar: &Calendar) -> Outcome {
        let _ = (facts, calendar);
        Outcome::Unknown { missing: Vec::new() }
    }

    /// Whether it holds, for expressions compiled as `Type::Bool`; `None` = unknown. Like `evaluate`, without the
    /// list of what was missing.
    #[must_use]
    pub fn holds(&self, facts: &dyn Facts, calendar: &Calendar) -> Option<bool> {
        let _ = (facts, calendar);
        None
    }

    /// The condition on rows it means for this actor at this moment: `user.*`, `now` and `today` are taken from
    /// `actor`, which is asked for nothing else. `None` if it does not translate; what was compiled for
    /// `Place::Read` always does.
    #[must_use]
    pub fn predicate(&self, actor: &dyn Facts, calendar: &Calendar) -> Option<Predicate> {
        let _ = (actor, calendar);
        None
    }
}

/// Checks and compiles a text. All faults at once where that makes sense; an empty list of faults means that only
/// something declared with a mistake (`Type::Faulty`) stands in the way.
pub fn compile(source: &str, wanted: &Type, place: Place, vocabulary: &Vocabulary) -> Result<Expression, Vec<Fault>> {
    let _ = (wanted, place, vocabulary);
    Ok(Expression { source: source.to_owned(), reads: Vec::new(), cost: 0 })
}

/// Checks one qualified name (as in `has: [customer.phone]`, `hide:`, `unique:`): what it is and its type.
pub fn path(source: &str, place: Place, vocabulary: &Vocabulary) -> Result<(Path, Type), Fault> {
    let _ = (place, vocabulary);
    let (_, name) = source.split_once('.').unwrap_or_default();
    Ok((Path { entity: Entity::Deal, name: name.into() }, Type::Faulty))
}
