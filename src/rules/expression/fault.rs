//! What is wrong with an expression, and where; and the limits that keep every expression small.

use crate::texts::{Arg, Message};
use std::ops::Range;

/// Bytes of source. A criterion fits in a tenth of it.
pub const MOST_BYTES: usize = 4096;
/// Levels of the tree and of nesting while reading it. Reading, checking and evaluating recurse this deep at most,
/// which fits a 512 KiB stack in a debug build.
pub const MOST_DEPTH: usize = 32;
/// Operators of one chain (`a && b && c`). Chains are kept flat, so this bounds work and not the stack.
pub const MOST_CHAIN: usize = 64;
/// Members of one path (`a.b.c`), calls included.
pub const MOST_PATH: usize = 16;
/// Parts of the tree: names, values, operators, calls.
pub const MOST_NODES: usize = 400;
/// Bytes of a compiled pattern (`matches`).
pub const MOST_PATTERN_BYTES: usize = 256 * 1024;
/// Contacts of a customer, at most: what a list test multiplies by.
pub const LONGEST_LIST: u64 = 100;
/// Units of work (about one comparison, tens of nanoseconds) of one evaluation: a few milliseconds at worst.
pub const MOST_COST: u64 = 200_000;
/// Faults told about one expression. After these the reader has enough to do.
pub const MOST_FAULTS: usize = 20;

/// One mistake. Offsets and lengths are bytes of the expression's source.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    pub offset: usize,
    pub length: usize,
    pub message: Message,
    /// What to write instead of the faulty part.
    pub suggestion: Option<String>,
}

impl Fault {
    pub(super) fn new(at: &Range<usize>, code: &'static str) -> Self {
        let message = Message::new(code);
        Self { offset: at.start, length: at.end.saturating_sub(at.start), message, suggestion: None }
    }

    pub(super) fn from_message(at: &Range<usize>, message: Message) -> Self {
        Self { message, ..Self::new(at, "") }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<Arg>) -> Self {
        self.message = self.message.with(name, value);
        self
    }

    pub(super) fn suggest(mut self, suggestion: impl Into<Option<String>>) -> Self {
        self.suggestion = suggestion.into();
        self
    }
}

/// A limit as an argument of a message.
pub(super) fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}
