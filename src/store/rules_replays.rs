//! Replays: which decisions are run through which rules, how far they have come, and what was found.

use super::StoreError;
use super::entry::LogEntry;
use super::lists::{CustomerItem, DealItem};
use super::tx::face;
use crate::engine::tally::Tally;
use crate::rules::renames::Rename;
use crate::values::{CustomerId, DealId, DraftId, ReplayId, RunnerId, Time, UserId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Where a replay or a preview stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplayState {
    Running,
    Done,
    Cancelled,
    /// The rules could no longer be compiled, or it was tried often enough and never came to its end.
    Failed,
}

impl ReplayState {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }

    pub(super) fn read(word: &str) -> Result<Self, StoreError> {
        let all = [Self::Running, Self::Done, Self::Cancelled, Self::Failed];
        let known = all.into_iter().find(|state| state.word() == word);
        known.ok_or_else(|| StoreError::failed("reading a state", format!("an unknown one: {word}")))
    }
}

/// A replay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Replay {
    pub id: ReplayId,
    /// What is tried: a draft as it was when the replay began, or a version.
    pub draft: Option<DraftId>,
    pub tried: Option<i64>,
    /// Left out of the log and of lists.
    #[serde(skip)]
    pub text: String,
    /// SHA-256 of the text, in hexadecimal.
    pub hash: String,
    pub author: Option<UserId>,
    /// Decisions from then on,
    pub since: Time,
    /// and before then,
    pub before: Time,
    /// whose `seq` is beyond `first`, at most `until`. All up to `beyond` are done.
    pub first: i64,
    pub beyond: i64,
    pub until: i64,
    pub state: ReplayState,
    /// Fields that the outcome tells of.
    pub told: BTreeSet<String>,
    pub tally: Tally,
    pub begun_at: Time,
    pub ended_at: Option<Time>,
    /// How often it was gone on with since it last came further.
    #[serde(default)]
    pub attempts: i64,
    /// Whether its counts are in tens, for who may not read everything that they tell of. Never kept.
    #[serde(skip)]
    pub in_tens: bool,
    /// The version that was active as it began; 0 = it is not known. What was called how is known up to it,
    #[serde(default)]
    pub against: i64,
    /// and what would have other names under the tried rules.
    #[serde(default)]
    pub renames: Vec<Rename>,
}

/// A change of replays by people. Its own effect in the log.
#[derive(Clone, Debug)]
pub enum ReplayChange {
    /// Begun; those that ended before are thrown away.
    Begun {
        replay: Box<Replay>,
        forget_before: Time,
    },
    Cancelled {
        replay: ReplayId,
        at: Time,
    },
}

/// Who works on a replay, until when nobody else does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    pub runner: RunnerId,
    pub now: Time,
    pub until: Time,
}

/// What one step of a replay found.
#[derive(Clone, Debug)]
pub struct ReplayStep {
    pub replay: ReplayId,
    pub beyond: i64,
    pub tally: Tally,
    /// (group, `seq` of a decision in it)
    pub found: Vec<(i64, i64)>,
    /// How it ended, if it did.
    pub ended: Option<ReplayState>,
}

/// Which kept decisions.
#[derive(Clone, Debug)]
pub struct KeptQuery {
    pub actions: Vec<&'static str>,
    pub since: Time,
    pub before: Time,
    pub beyond: i64,
    pub until: i64,
    pub limit: i64,
}

face! { rules_replays:
    /// One replay, with the text that is tried.
    fn rules_replay(id: ReplayId) -> Option<Replay>;
    /// Replays from the newest, before `before`, at most `limit`; without their texts.
    fn rules_replays(before: Option<ReplayId>, limit: i64) -> Vec<Replay>;
    /// Takes a replay that nobody works on; `None`: there is none.
    fn claim_rules_replay(lease: Lease) -> Option<Replay>;
    /// Keeps what a step found and the lease; false: it was cancelled, or somebody else works on it.
    fn advance_rules_replay(step: &ReplayStep, lease: Lease) -> bool;
    /// The `seq` of decisions in a group, after `after`, at most `limit`.
    fn rules_replay_items(replay: ReplayId, group: i64, after: i64, limit: i64) -> Vec<i64>;
    /// The `seq` below which every decision was made before `at`, as far as the clocks of all processes agree to within
    /// `slack` microseconds.
    fn decisions_made_by(at: Time, slack: i64) -> i64;
    /// Kept decisions in the order of their making.
    fn kept_decisions(query: &KeptQuery) -> Vec<LogEntry>;
    /// Decisions by their `seq`, in its order.
    fn decisions_of(seqs: &[i64]) -> Vec<LogEntry>;
    /// Deals with what their reader's view of them depends on.
    fn deals_by_id(ids: &[DealId]) -> BTreeMap<DealId, DealItem>;
    /// The same of customers.
    fn customers_by_id(ids: &[CustomerId]) -> BTreeMap<CustomerId, CustomerItem>;
}
