//! Versions of the rules: what was written, by whom, which one rules.

use super::tx::face;
use crate::values::{Key, Time, UserId};
use serde::{Deserialize, Serialize};

/// Where a version came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RulesSource {
    File,
    Api,
}

/// One version of the rules. Never changed once made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesVersion {
    pub number: i64,
    /// SHA-256 of the text, in hexadecimal.
    pub hash: String,
    pub text: String,
    pub author: Option<UserId>,
    pub comment: Option<String>,
    /// The version it was made from.
    pub parent: Option<i64>,
    pub source: RulesSource,
    pub created_at: Time,
    /// When it was last made the active one.
    pub activated_at: Option<Time>,
}

/// A version to be made and activated. Written by `Tx::record`, under the lock of the epochs, which it raises.
#[derive(Clone, Debug)]
pub struct Activation {
    /// The number that the version gets: one more than the newest. Someone else's version meanwhile: `RulesChanged`.
    pub number: i64,
    pub hash: String,
    pub text: String,
    pub author: Option<UserId>,
    pub comment: Option<String>,
    /// The active version it replaces; 0 = there was none.
    pub replaces: i64,
    pub source: RulesSource,
    pub at: Time,
    /// If it came from the file: the hash by which the file is known from now on.
    pub file_hash: Option<String>,
}

/// How often what the rules name is used by the data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InUse {
    pub stages: Vec<StageUse>,
    /// (role, active and inactive users who have it)
    pub roles: Vec<(Key, i64)>,
    /// (funnel, stage, deals that were lost from it and go back there when they are reopened)
    pub origins: Vec<(Key, Key, i64)>,
    /// (grade, deals)
    pub grades: Vec<(Key, i64)>,
    /// (funnel, stage, reason, deals lost for it)
    pub reasons: Vec<(Key, Key, Key, i64)>,
    /// (product, deals)
    pub products: Vec<(Key, i64)>,
    /// (field, customers with a value)
    pub customer_fields: Vec<(Key, i64)>,
    pub deal_fields: Vec<(Key, i64)>,
    pub user_fields: Vec<(Key, i64)>,
    /// (activity kind, activities)
    pub activities: Vec<(Key, i64)>,
    /// (method, activities)
    pub methods: Vec<(Key, i64)>,
}

/// Deals in a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageUse {
    pub funnel: Key,
    pub stage: Key,
    pub open: i64,
    pub all: i64,
}

face! { rules_versions:
    /// One version.
    fn rules_version(number: i64) -> Option<RulesVersion>;
    /// Versions from the newest, below `before`, at most `limit`; without their texts.
    fn rules_versions(before: Option<i64>, limit: i64) -> Vec<RulesVersion>;
    /// Number of the newest version; 0 = none.
    fn newest_rules_version() -> i64;
    /// The hash of the rules file as it was last taken.
    fn rules_file_hash() -> Option<String>;
    /// Keeps the hash of a file that was taken or refused, so that it is not looked at again until it changes.
    fn put_rules_file_hash(hash: &str) -> ();
    /// Counts what is in use. Reads every deal: for a change of rules, not for a page.
    fn rules_in_use() -> InUse;
}
