//! Shadows: the draft that decides beside the active rules, and what was found so far.

use super::StoreError;
use super::tx::face;
use crate::engine::shadow::ShadowTally;
use crate::values::{DecisionId, DraftId, ShadowId, Time, UserId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Decisions that are listed of each group: the first.
pub const SAMPLES_AT_MOST: u64 = 100;

/// Where a shadow stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShadowState {
    Running,
    Stopped,
    /// The draft was written anew.
    Changed,
    /// The draft was made the active rules.
    Activated,
    /// The draft was thrown away.
    Removed,
}

impl ShadowState {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Changed => "changed",
            Self::Activated => "activated",
            Self::Removed => "removed",
        }
    }

    pub(super) fn read(word: &str) -> Result<Self, StoreError> {
        let all = [Self::Running, Self::Stopped, Self::Changed, Self::Activated, Self::Removed];
        let known = all.into_iter().find(|state| state.word() == word);
        known.ok_or_else(|| StoreError::failed("reading a state", format!("an unknown one: {word}")))
    }
}

/// A shadow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shadow {
    pub id: ShadowId,
    /// The draft as it was when the shadow began; it ends when its text is another.
    pub draft: DraftId,
    /// Left out of the log and of lists.
    #[serde(skip)]
    pub text: String,
    /// SHA-256 of the text, in hexadecimal.
    pub hash: String,
    pub author: Option<UserId>,
    pub state: ShadowState,
    /// Fields that a difference tells of.
    pub told: BTreeSet<String>,
    pub tally: ShadowTally,
    pub begun_at: Time,
    pub ended_at: Option<Time>,
    /// Whether its counts are in tens, for who may not read everything that they tell of. Never kept.
    #[serde(skip)]
    pub in_tens: bool,
}

/// A change of shadows by people. Its own effect in the log.
#[derive(Clone, Debug)]
pub enum ShadowChange {
    /// Begun; those that ended before are thrown away.
    Begun {
        shadow: Box<Shadow>,
        forget_before: Time,
    },
    Stopped {
        shadow: ShadowId,
        at: Time,
    },
}

/// What one process found since it last said.
#[derive(Clone, Debug)]
pub struct ShadowStep {
    pub shadow: ShadowId,
    pub tally: ShadowTally,
    /// (group of `tally`, a decision in it)
    pub found: Vec<(usize, DecisionId)>,
}

face! { rules_shadows:
    /// One shadow, with the text that is tried.
    fn rules_shadow(id: ShadowId) -> Option<Shadow>;
    /// Shadows from the newest, before `before`, at most `limit`; without their texts.
    fn rules_shadows(before: Option<ShadowId>, limit: i64) -> Vec<Shadow>;
    /// The one that runs, and the hash of its text.
    fn running_rules_shadow() -> Option<(ShadowId, String)>;
    /// Adds to the sums; false: it has ended.
    fn advance_rules_shadow(step: &ShadowStep) -> bool;
    /// The `seq` of decisions in a group, after `after`, at most `limit`.
    fn rules_shadow_items(shadow: ShadowId, group: i64, after: i64, limit: i64) -> Vec<i64>;
}
