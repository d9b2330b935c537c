//! What is wrong with an expression, and where.

use crate::texts::Message;

/// One mistake. Offsets and lengths are bytes of the expression's source.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    pub offset: usize,
    pub length: usize,
    pub message: Message,
    /// What to write instead: replaces the faulty part.
    pub suggestion: Option<String>,
}
