//! Rules that are being written: drafts, until they are activated or thrown away.

use super::tx::face;
use crate::engine::decision::Checked;
use crate::rules::migrate::Migration;
use crate::texts::Message;
use crate::values::{DraftId, Time, UserId};
use serde::{Deserialize, Serialize};

/// Where a draft stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DraftState {
    /// Can be written.
    Draft,
    /// Is to be activated at an instant; not to be written until it is taken back.
    Scheduled,
    /// Was to be activated and was refused when its time came. Can be written.
    Refused,
    /// Was activated: never changed again.
    Activated,
}

/// A draft of the rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RulesDraft {
    pub id: DraftId,
    /// Left out of the log and of lists.
    #[serde(skip)]
    pub text: String,
    /// SHA-256 of the text, in hexadecimal.
    pub hash: String,
    /// Who began it.
    pub author: Option<UserId>,
    /// Everybody who wrote in it.
    pub editors: Vec<UserId>,
    pub comment: Option<String>,
    /// The version that it was made from.
    pub parent: i64,
    pub state: DraftState,
    pub schedule: Option<Schedule>,
    pub refusal: Option<ScheduleRefusal>,
    /// The number of the version that it became.
    pub activated_as: Option<i64>,
    pub version: i64,
    pub created_at: Time,
    pub updated_at: Time,
}

/// When a draft is to be activated, and everything that was said about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    pub at: Time,
    /// On whose behalf: whether they may is asked again when the time comes.
    pub by: Option<UserId>,
    /// The version that it is to replace: another one then, and it is refused.
    pub replaces: i64,
    pub comment: Option<String>,
    #[serde(default)]
    pub migrate: Migration,
}

impl RulesDraft {
    /// What its schedule says becomes of things in use, besides what the text says.
    #[must_use]
    pub fn scheduled_migration(&self) -> Migration {
        self.schedule.as_ref().map(|schedule| schedule.migrate.clone()).unwrap_or_default()
    }
}

/// Why a draft was not activated when its time came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScheduleRefusal {
    pub at: Time,
    pub message: Message,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub criteria: Vec<Checked>,
}

/// A change of drafts. Its own effect in the log.
#[derive(Clone, Debug)]
pub enum DraftChange {
    Made(RulesDraft),
    /// All of it after the change, but the version that was seen.
    Changed(RulesDraft),
    Removed {
        draft: DraftId,
        version: i64,
    },
}

face! { rules_drafts:
    /// One draft with its text.
    fn rules_draft(id: DraftId) -> Option<RulesDraft>;
    /// Drafts from the newest, before `before`, at most `limit`; without their texts.
    fn rules_drafts(before: Option<DraftId>, limit: i64) -> Vec<RulesDraft>;
    /// Drafts whose time has come, the earliest first; without their texts.
    fn rules_drafts_due(now: Time) -> Vec<RulesDraft>;
    /// How many were refused when their time came, and nobody has looked at since.
    fn rules_drafts_refused() -> i64;
}
