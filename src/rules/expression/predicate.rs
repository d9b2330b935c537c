//! An expression as a condition on rows, for the store to translate: every value of the caller and of the clock is
//! bound already, what is left names fields of the row. No SQL in here.
//!
//! Meaning is three-valued as in `evaluate`, which is also what SQL does with NULL; rows pass only where it is true.

use super::Path;
use crate::values::Value;

/// A condition on a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Predicate {
    /// Decided without the row; `None` = unknown (SQL NULL).
    Known(Option<bool>),
    Compare {
        left: Operand,
        comparison: Comparison,
        right: Operand,
    },
    /// One of these values. Never an empty list.
    In {
        operand: Operand,
        values: Vec<Value>,
    },
    /// A `choices` field holds this value; unknown where the field is missing.
    Includes {
        list: Path,
        value: Value,
    },
    /// The field is present: not NULL, not blank, not an empty list. Never unknown.
    Has(Path),
    /// A test on text, case-sensitive, no wildcards.
    Text {
        operand: Operand,
        test: TextTest,
        part: Operand,
    },
    Not(Box<Predicate>),
    And(Vec<Predicate>),
    Or(Vec<Predicate>),
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    Field(Path),
    /// The field, or this value where it is missing.
    FieldOr(Path, Value),
    Value(Value),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextTest {
    Contains,
    StartsWith,
    EndsWith,
}
