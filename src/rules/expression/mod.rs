//! Expressions: a typed, pure, bounded subset of CEL.
//!
//! `compile` checks a text against the vocabulary of its place and answers with an `Expression` or every problem;
//! `Expression::evaluate` is total: it ends within its static cost and never fails, what is missing is `Unknown`.

mod arithmetic;
mod calls;
mod check;
mod compare;
mod compared;
mod evaluate;
mod facts;
mod fault;
mod lexer;
mod names;
mod parser;
mod predicate;
mod read;
#[cfg(test)]
mod tests;
mod tree;
mod vocabulary;

pub(crate) use compared::{Clock, Used};
pub use fault::{Fault, MOST_BYTES};
pub use names::{built_in, environment};
pub use predicate::{Comparison, Operand, Predicate, TextTest};
pub use read::{Entity, Facts, Path, Read};
pub use vocabulary::{Domain, Place, Type, Vocabulary};

use super::calendar::Calendar;
use crate::values::{Key, Value};
use check::Checker;
use evaluate::Evaluation;
use fault::MOST_FAULTS;
use parser::Ast;
use predicate::Translation;
use std::borrow::Cow;
use tree::Node;

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
    tree: Node,
    reads: Vec<Read>,
    /// The same as texts, made once: decisions keep what they read under them.
    names: Vec<Key>,
    cost: u64,
}

impl Expression {
    /// The text as the company wrote it.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Everything it can ask for, each once, in the order of the text. Empty: its value never changes.
    #[must_use]
    pub fn reads(&self) -> &[Read] {
        &self.reads
    }

    /// Everything it can ask for, with the names under which decisions keep it.
    pub fn named_reads(&self) -> impl Iterator<Item = (&Key, &Read)> {
        self.names.iter().zip(&self.reads)
    }

    /// Upper bound of its work, in units of about one comparison.
    #[must_use]
    pub fn cost(&self) -> u64 {
        self.cost
    }

    /// Its value, or what was missing.
    #[must_use]
    pub fn evaluate(&self, facts: &dyn Facts, calendar: &Calendar) -> Outcome {
        let evaluation = self.evaluation(facts, calendar);
        evaluation.value(&self.tree).map(Cow::into_owned).map_or_else(
            || {
                let mut missing = Vec::new();
                evaluation.missing(&self.tree, &mut missing);
                Outcome::Unknown { missing }
            },
            Outcome::Known,
        )
    }

    /// Whether it holds, for expressions compiled as `Type::Bool`; `None` = unknown. Like `evaluate`, without the
    /// list of what was missing.
    #[must_use]
    pub fn holds(&self, facts: &dyn Facts, calendar: &Calendar) -> Option<bool> {
        self.evaluation(facts, calendar).truth(&self.tree)
    }

    /// The condition on rows it means for this actor at this moment: `user.*`, `now` and `today` are taken from
    /// `actor`, which is asked for nothing else. `None` if it does not translate; what was compiled for
    /// `Place::Read` always does.
    #[must_use]
    pub fn predicate(&self, actor: &dyn Facts, calendar: &Calendar) -> Option<Predicate> {
        Translation { evaluation: self.evaluation(actor, calendar) }.predicate(&self.tree)
    }

    fn evaluation<'a>(&'a self, facts: &'a dyn Facts, calendar: &'a Calendar) -> Evaluation<'a> {
        Evaluation { facts, calendar, reads: &self.reads, contact: None }
    }
}

/// Checks and compiles a text. All faults at once where that makes sense; an empty list of faults means that only
/// something declared with a mistake (`Type::Faulty`) stands in the way.
pub fn compile(source: &str, wanted: &Type, place: Place, vocabulary: &Vocabulary) -> Result<Expression, Vec<Fault>> {
    let (tree, faults) = read(source)?;
    let mut checker = Checker::new(source, place, vocabulary, faults);
    let (tree, cost) = checker.whole(&tree, wanted);
    if checker.faulty || !checker.faults.is_empty() {
        return Err(sorted(checker.faults));
    }
    let reads: Vec<Read> = checker.reads.into_iter().collect();
    let names = reads.iter().map(|read| Key::from(read.to_string())).collect();
    Ok(Expression { source: source.to_owned(), tree, reads, names, cost })
}

/// Checks one qualified name (as in `has: [customer.phone]`, `hide:`, `unique:`): what it is and its type.
pub fn path(source: &str, place: Place, vocabulary: &Vocabulary) -> Result<(Path, Type), Fault> {
    let at = 0..source.len();
    let form = || Fault::new(&at, "expression_path").with("found", source.chars().take(100).collect::<String>());
    let word =
        |text: &str| !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    match source.split_once('.') {
        Some((entity, name)) if source.len() <= 256 && word(entity) && word(name) => {
            names::qualified((entity, name), &at, place, vocabulary)
        }
        None if source.len() <= 256 && word(source) => Err(names::bare(source, &at, place, vocabulary)),
        _ => Err(form()),
    }
}

/// Source to tree, with the slips that were read past.
fn read(source: &str) -> Result<(Ast<'_>, Vec<Fault>), Vec<Fault>> {
    let whole = 0..source.len();
    if source.len() > MOST_BYTES {
        return Err(vec![Fault::new(&whole, "expression_too_long").with("most", fault::limit(MOST_BYTES))]);
    }
    if source.trim().is_empty() {
        return Err(vec![Fault::new(&whole, "expression_empty")]);
    }
    let mut faults = Vec::new();
    let spots = lexer::tokens(source, &mut faults);
    if faults.iter().any(|fault| fault.message.code == "expression_text_unclosed") {
        return Err(sorted(faults));
    }
    let slips = faults.len();
    match parser::parse(source, &spots, &mut faults) {
        Some(tree) => Ok((tree, faults)),
        None => {
            // Where a slip was found, what cannot be read is most likely its consequence.
            if slips > 0 {
                faults.truncate(slips);
            }
            Err(sorted(faults))
        }
    }
}

fn sorted(mut faults: Vec<Fault>) -> Vec<Fault> {
    faults.sort_by_key(|fault| fault.offset);
    faults.dedup();
    faults.truncate(MOST_FAULTS);
    faults
}
