//! The answer of a write: data, rendered by `api` for its reader, and kept in the log so that a repeated call gets it
//! again.

use crate::engine::decision::Checked;
use crate::values::DecisionId;
use serde::{Deserialize, Serialize};

/// A write that was done (or, in a dry run, would have been).
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded<T> {
    /// `None` in a dry run.
    pub decision: Option<DecisionId>,
    pub answer: T,
    /// Criteria that only warn and are not met.
    pub warnings: Vec<Checked>,
    /// Whether this is the answer of an earlier call with the same key.
    pub replayed: bool,
}

/// What the log keeps of an answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Kept<T> {
    pub answer: T,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Checked>,
}
