//! The rules in use: read and checked; where they come from. How they are replaced: `activation`.

use super::Workflow;
use super::call::Call;
use super::failure::{Failure, Outcome};
use super::scene::Scene;
use crate::engine::advice::{Advice, advise};
use crate::engine::permission::Row;
use crate::engine::scenarios::{ScenarioResult, run};
use crate::rules::little::{FigureTable, table};
use crate::rules::migrate::Migration;
use crate::rules::model::{Action, Rules};
use crate::rules::{Checked, Problem, check, hash};
use crate::store::{Activation, Effect, RulesSource, RulesVersion};
use crate::values::{Date, Time};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Everything that stands against a rules file by itself.
#[derive(Debug)]
pub struct RulesFaults {
    pub problems: Vec<Problem>,
    /// Scenarios that failed.
    pub scenarios: Vec<ScenarioResult>,
}

/// A checked rules file.
#[derive(Debug)]
pub struct CheckedRules {
    pub rules: Option<Arc<Rules>>,
    pub problems: Vec<Problem>,
    pub scenarios: Vec<ScenarioResult>,
    /// What would make them better; only of a file that was checked to be told about (`advised`).
    pub advice: Vec<Advice>,
    /// Its figures beside Little's law, told with the advice.
    pub figures: FigureTable,
}

impl CheckedRules {
    /// Checks a file and runs its scenarios. Takes milliseconds of a core: not for a thread that answers requests.
    #[must_use]
    pub fn of(text: &str, today: Option<Date>) -> Self {
        let Checked { rules, problems } = check(text, today);
        let rules = rules.map(Arc::new);
        let scenarios = rules.as_ref().map(run).unwrap_or_default();
        Self { rules, problems, scenarios, advice: Vec::new(), figures: FigureTable::default() }
    }

    /// The same, with advice for whoever writes the file. Takes some tenths of a second at the very most.
    #[must_use]
    pub fn advised(text: &str, today: Option<Date>) -> Self {
        let checked = Self::of(text, today);
        let advice = checked.rules.as_ref().map(|rules| advise(rules, &checked.scenarios)).unwrap_or_default();
        let figures = checked.rules.as_ref().map(|rules| table(rules)).unwrap_or_default();
        Self { advice, figures, ..checked }
    }

    /// The rules, if nothing stands against them.
    pub fn accepted(self) -> Result<Arc<Rules>, RulesFaults> {
        let failed: Vec<ScenarioResult> = self.scenarios.into_iter().filter(|result| !result.passed()).collect();
        match self.rules {
            Some(rules) if failed.is_empty() => Ok(rules),
            _ => Err(RulesFaults { problems: self.problems, scenarios: failed }),
        }
    }
}

/// Checks on a thread of its own.
pub async fn check_aside(text: String, now: Time) -> Outcome<CheckedRules> {
    tokio::task::spawn_blocking(move || CheckedRules::of(&text, Some(now.utc().date_naive())))
        .await
        .map_err(|fault| Failure::internal("checking rules", fault))
}

/// The same with advice.
pub async fn advise_aside(text: String, now: Time) -> Outcome<CheckedRules> {
    tokio::task::spawn_blocking(move || CheckedRules::advised(&text, Some(now.utc().date_naive())))
        .await
        .map_err(|fault| Failure::internal("checking rules", fault))
}

impl Workflow {
    /// Checks a rules file and changes nothing.
    pub async fn check_rules(&self, call: &Call, text: String) -> Outcome<CheckedRules> {
        self.reading(call, Action::RulesDraft, |scene, _| Ok(permitted(scene))).await?;
        advise_aside(text, call.now).await
    }

    /// Versions, the newest first, below `before`; without their texts.
    pub async fn rules_versions(&self, call: &Call, before: Option<i64>, limit: u16) -> Outcome<Vec<RulesVersion>> {
        self.reading(call, Action::RulesRead, move |scene, tx| {
            let versions = tx.rules_versions(before, i64::from(limit))?;
            Ok(permitted(scene).map(|()| versions))
        })
        .await
    }

    /// One version with its text; `None` = the active one.
    pub async fn rules_version(&self, call: &Call, number: Option<i64>) -> Outcome<RulesVersion> {
        self.version_for(call, Action::RulesRead, number).await
    }

    pub(super) async fn version_for(&self, call: &Call, action: Action, number: Option<i64>) -> Outcome<RulesVersion> {
        self.reading(call, action, move |scene, tx| {
            if let Err(failure) = permitted(scene) {
                return Ok(Err(failure));
            }
            let number = number.unwrap_or(scene.active.epochs.rules_version);
            Ok(tx.rules_version(number)?.ok_or(Failure::NotFound))
        })
        .await
    }

    /// Makes the first version, in a database that has none.
    pub async fn seed_rules(&self, text: String, file_hash: Option<String>, now: Time) -> Outcome<()> {
        let rules_hash = hash(&text);
        check_aside(text.clone(), now).await?.accepted().map_err(|faults| Failure::RulesInvalid(Box::new(faults)))?;
        self.store
            .write(move |tx| {
                if tx.epochs()?.rules_version > 0 {
                    return Ok(());
                }
                let activation = Activation {
                    number: 1,
                    hash: rules_hash.clone(),
                    text: text.clone(),
                    author: None,
                    comment: None,
                    replaces: 0,
                    source: RulesSource::File,
                    at: now,
                    activated_by: None,
                    draft: None,
                    migration: Migration::default(),
                    migrated: Vec::new(),
                    renames: Vec::new(),
                    removed: Vec::new(),
                    declared: Vec::new(),
                    file_hash: file_hash.clone(),
                };
                tx.record(&super::setup::first_entry("rules", now), &[Effect::Rules(&activation)]).map(drop)
            })
            .await?;
        self.reload().await.map(drop)
    }

    /// Whether the database has rules yet.
    pub async fn has_rules(&self) -> Outcome<bool> {
        Ok(self.store.read(|tx| tx.epochs()).await?.rules_version > 0)
    }

    /// From now on the rules come from the file, and nobody else changes them.
    pub fn take_rules_from_file(&self) {
        self.rules_from_file.store(true, Ordering::SeqCst);
    }

    /// How the file stands: refused, so that older rules stay, or not.
    pub fn note_rules_file(&self, refused: bool) {
        self.rules_file_refused.store(refused, Ordering::SeqCst);
    }

    /// Whether older rules stay because the file is refused.
    #[must_use]
    pub fn rules_file_is_refused(&self) -> bool {
        self.rules_file_refused.load(Ordering::SeqCst)
    }

    /// Whether a file with this hash was taken before: `Some(true)` = it was the last one.
    pub async fn knows_rules_file(&self, file_hash: &str) -> Outcome<Option<bool>> {
        let file_hash = file_hash.to_owned();
        let known = self.store.read(move |tx| {
            if tx.rules_file_hash()?.as_ref() == Some(&file_hash) {
                return Ok(Some(true));
            }
            let versions = tx.rules_versions(None, i64::MAX)?;
            // The text that rules, whoever wrote it.
            if versions.first().is_some_and(|active| active.hash == file_hash) {
                return Ok(Some(true));
            }
            let taken = versions.iter().any(|one| one.hash == file_hash && one.source == RulesSource::File);
            Ok(taken.then_some(false))
        });
        Ok(known.await?)
    }

    /// The hash of the rules file as it was last taken.
    pub async fn rules_file_hash(&self) -> Outcome<Option<String>> {
        Ok(self.store.read(|tx| tx.rules_file_hash()).await?)
    }
}

/// What is nobody's row (the rules, teams) is one row, which a condition or a `never` of the caller's roles may close.
pub(super) fn permitted(scene: &Scene) -> Outcome<()> {
    if scene.permit.holds(&Row::Company, scene.now()) { Ok(()) } else { Err(Failure::Forbidden(scene.word)) }
}
