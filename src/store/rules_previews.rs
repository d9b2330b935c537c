//! Previews: what a draft or another version would mean for the deals that there are, how far it has come, what was found.

use super::tx::face;
use crate::engine::facts::DealFacts;
use crate::engine::preview::Sums;
use crate::rules::migrate::Migration;
use crate::store::rules_replays::{Lease, ReplayState};
use crate::values::{DealId, DraftId, PreviewId, Time, UserId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A preview.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preview {
    pub id: PreviewId,
    /// What is tried: a draft as it was when the preview began, or a version.
    pub draft: Option<DraftId>,
    pub tried: Option<i64>,
    /// Left out of the log and of lists.
    #[serde(skip)]
    pub text: String,
    /// SHA-256 of the text, in hexadecimal.
    pub hash: String,
    pub author: Option<UserId>,
    /// The instant that deadlines and dates are looked at from.
    pub as_of: Time,
    /// What becomes of things in use, besides what the text says.
    pub migrate: Migration,
    pub state: ReplayState,
    /// Deals that there are, and that are behind it.
    pub total: i64,
    pub done: i64,
    /// Fields that the outcome tells of.
    pub told: BTreeSet<String>,
    pub sums: Sums,
    pub begun_at: Time,
    pub ended_at: Option<Time>,
    /// How often it was begun.
    #[serde(default)]
    pub attempts: i64,
    /// Whether its counts are in tens, for who may not read everything that they tell of. Never kept.
    #[serde(skip)]
    pub in_tens: bool,
}

/// A change of previews by people. Its own effect in the log.
#[derive(Clone, Debug)]
pub enum PreviewChange {
    /// Begun; those that ended before are thrown away.
    Begun {
        preview: Box<Preview>,
        forget_before: Time,
    },
    Cancelled {
        preview: PreviewId,
        at: Time,
    },
}

/// What one step of a preview found.
#[derive(Clone, Debug)]
pub struct PreviewStep {
    pub preview: PreviewId,
    pub total: i64,
    pub done: i64,
    /// Fields that the outcome tells of.
    pub told: BTreeSet<String>,
    pub sums: Sums,
    /// (group, a deal in it)
    pub found: Vec<(i64, DealId)>,
    /// How it ended, if it did.
    pub ended: Option<ReplayState>,
}

impl PreviewStep {
    /// That nothing has been found yet.
    #[must_use]
    pub fn nothing(preview: &Preview) -> Self {
        Self {
            preview: preview.id,
            total: 0,
            done: 0,
            told: preview.told.clone(),
            sums: Sums::default(),
            found: Vec::new(),
            ended: None,
        }
    }
}

face! { rules_previews:
    /// One preview, with the text that is tried.
    fn rules_preview(id: PreviewId) -> Option<Preview>;
    /// The preview of a draft, or of a version, that was begun last, with the text that is tried.
    fn newest_rules_preview(draft: Option<DraftId>, version: Option<i64>) -> Option<Preview>;
    /// Previews from the newest, before `before`, at most `limit`; without their texts.
    fn rules_previews(before: Option<PreviewId>, limit: i64) -> Vec<Preview>;
    /// Takes a preview that nobody works on, from its beginning; `None`: there is none.
    fn claim_rules_preview(lease: Lease) -> Option<Preview>;
    /// Keeps what a step found and the lease; false: it was cancelled, or somebody else works on it.
    fn advance_rules_preview(step: &PreviewStep, lease: Lease) -> bool;
    /// Deals of a group, after `after`, at most `limit`.
    fn rules_preview_items(preview: PreviewId, group: i64, after: Option<DealId>, limit: i64) -> Vec<DealId>;
}

face! { many:
    /// How many deals there are.
    fn count_deals() -> i64;
    /// Deals with all that decisions about them rest on, by their ids, after `after`, at most `limit`.
    fn many_deal_facts(after: Option<DealId>, limit: i64) -> Vec<DealFacts>;
}
