//! Versions of the rules: what was written, by whom, which one rules.

use super::tx::face;
use crate::rules::migrate::Migration;
use crate::rules::renames::{Rename, Renames};
use crate::values::{DraftId, Key, Time, UserId};
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
    /// When it was made the active one.
    pub activated_at: Option<Time>,
    /// Who made it the active one; `None` = nobody who signs in, or it was not said then.
    pub activated_by: Option<UserId>,
    /// The draft that it was.
    pub draft: Option<DraftId>,
    /// When another took its place; `None` = it rules.
    pub superseded_at: Option<Time>,
    /// What became of things in use with it: what its text and its activation said together. `None` = it is not known.
    pub migration: Option<Migration>,
    /// What was in use and became something else.
    pub migrated: Option<Migrated>,
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
    pub activated_by: Option<UserId>,
    /// The draft that becomes this version, as it was seen.
    pub draft: Option<ActivatedDraft>,
    /// What becomes of things in use that it no longer has: applied in the same transaction.
    pub migration: Migration,
    /// What is in use and becomes something else.
    pub migrated: Migrated,
    /// What becomes something else by it, or nothing: counts for all that was recorded before.
    pub renames: Vec<Rename>,
    /// Names that go with the version it replaces: remembered, so that nothing new gets them unnoticed.
    pub removed: Vec<String>,
    /// Names that are used from now on, and are forgotten as removed.
    pub declared: Vec<String>,
    /// If it came from the file: the hash by which the file is known from now on.
    pub file_hash: Option<String>,
}

/// A draft that becomes a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActivatedDraft {
    pub id: DraftId,
    /// Changed meanwhile: `Stale`.
    pub version: i64,
}

/// How much a migration maps: (name of the thing, records that carry it).
pub type Migrated = Vec<(String, i64)>;

/// How often what the rules name is used by the data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InUse {
    /// (funnel, stage, deals)
    pub stages: Vec<(Key, Key, i64)>,
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
    /// (kind of record, field, records with a value)
    pub fields: Vec<(Key, Key, i64)>,
    /// (kind of record, field, choice, records with it)
    pub choices: Vec<(Key, Key, Key, i64)>,
    /// (activity kind, activities)
    pub activities: Vec<(Key, i64)>,
    /// (activity kind, outcome, activities)
    pub outcomes: Vec<(Key, Key, i64)>,
    /// (method, activities)
    pub methods: Vec<(Key, i64)>,
}

/// What can be counted, each by a list of `InUse`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Countable {
    Stages,
    Roles,
    Origins,
    Grades,
    Reasons,
    Products,
    /// Of a kind of record: `customer`, `deal`, `user`.
    Fields(&'static str),
    Choices(&'static str),
    Activities,
    Outcomes,
    Methods,
}

impl Countable {
    pub const ALL: [Self; 15] = [
        Self::Stages,
        Self::Roles,
        Self::Origins,
        Self::Grades,
        Self::Reasons,
        Self::Products,
        Self::Fields("customer"),
        Self::Fields("deal"),
        Self::Fields("user"),
        Self::Choices("customer"),
        Self::Choices("deal"),
        Self::Choices("user"),
        Self::Activities,
        Self::Outcomes,
        Self::Methods,
    ];
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
    /// Counts what is in use, of these. Reads every record of a kind: for a change of rules, not for a page.
    fn rules_in_use(of: &[Countable]) -> InUse;
    /// How many records of a kind (`customer`, `deal`, `user`) have values in both fields.
    fn records_with_both(entity: &str, field: &Key, other: &Key) -> i64;
    /// Of these names, those that something had which was removed, each with the version by which it went.
    fn names_removed(names: &[String]) -> Vec<(String, i64)>;
    /// Holds the rules and the people as they are until the end of the transaction; whether others could change
    /// anything in between, since it began.
    fn hold_epochs() -> bool;
    /// What things were called before.
    fn renames() -> Renames;
    /// The earliest version with this text.
    fn rules_version_of(hash: &str) -> Option<i64>;
}
