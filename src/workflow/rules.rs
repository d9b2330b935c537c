//! The rules in use: read, checked, replaced.
//!
//! A change that does not pass the checker, whose scenarios fail, or that lacks what is in use changes nothing. One that
//! passes is active for every process before the call answers: each transaction compares the epochs.

use super::Workflow;
use super::answer::RulesAnswer;
use super::call::Call;
use super::conclude::{About, own_business, subject};
use super::failure::{Failure, Outcome, Written};
use super::people::own_sight;
use super::scene::Scene;
use crate::engine::permission::reach;
use crate::engine::scenarios::{ScenarioResult, run};
use crate::engine::sight::Sight;
use crate::rules::model::{Action, Rules, Scope};
use crate::rules::{Checked, Problem, check, hash};
use crate::store::{Activation, Effect, InUse, RulesSource, RulesVersion, StoreError, Tx};
use crate::texts::Message;
use crate::values::{Date, Time};
use std::collections::BTreeMap;
use std::sync::Arc;

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
}

impl CheckedRules {
    /// Checks a file and runs its scenarios. Takes milliseconds of a core: not for a thread that answers requests.
    #[must_use]
    pub fn of(text: &str, today: Option<Date>) -> Self {
        let Checked { rules, problems } = check(text, today);
        let rules = rules.map(Arc::new);
        let scenarios = rules.as_ref().map(run).unwrap_or_default();
        Self { rules, problems, scenarios }
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

/// Rules to be made active.
#[derive(Clone, Debug)]
pub struct NewRules {
    pub text: String,
    pub comment: Option<String>,
    pub source: RulesSource,
    /// If they come from the file: the hash by which it is known from now on.
    pub file_hash: Option<String>,
}

/// Checks on a thread of its own.
pub async fn check_aside(text: String, now: Time) -> Outcome<CheckedRules> {
    tokio::task::spawn_blocking(move || CheckedRules::of(&text, Some(now.utc().date_naive())))
        .await
        .map_err(|fault| Failure::internal("checking rules", fault))
}

impl Workflow {
    /// Checks a rules file and changes nothing.
    pub async fn check_rules(&self, call: &Call, text: String) -> Outcome<CheckedRules> {
        self.reading(call, Action::RulesDraft, |_, _| Ok(Ok(()))).await?;
        check_aside(text, call.now).await
    }

    /// Versions, the newest first, below `before`; without their texts.
    pub async fn rules_versions(&self, call: &Call, before: Option<i64>, limit: u16) -> Outcome<Vec<RulesVersion>> {
        self.reading(call, Action::RulesRead, move |_, tx| Ok(Ok(tx.rules_versions(before, i64::from(limit))?))).await
    }

    /// One version with its text; `None` = the active one.
    pub async fn rules_version(&self, call: &Call, number: Option<i64>) -> Outcome<RulesVersion> {
        self.reading(call, Action::RulesRead, move |scene, tx| {
            let number = number.unwrap_or(scene.active.epochs.rules_version);
            Ok(tx.rules_version(number)?.ok_or(Failure::NotFound))
        })
        .await
    }

    /// Makes these rules the active ones, for every process, before it answers.
    pub async fn activate_rules(&self, call: &Call, new: NewRules) -> Written<RulesAnswer> {
        drop(self.admit(call, Action::RulesActivate).await?);
        let from_file = self.rules_from_file.load(std::sync::atomic::Ordering::SeqCst);
        if from_file && new.source != RulesSource::File {
            return Err(Failure::Conflict(Message::new("rules_from_file")));
        }
        let checked = check_aside(new.text.clone(), call.now).await?;
        let rules = checked.accepted().map_err(|faults| Failure::RulesInvalid(Box::new(faults)))?;
        let rules_hash = hash(&new.text);
        let done = self
            .writing(call, Action::RulesActivate, move |scene, tx| {
                if let Some(replayed) = scene.replay(tx, own_sight)? {
                    return Ok(replayed);
                }
                let replaces = scene.active.epochs.rules_version;
                if let Some(failure) = scene.call.version_fault(replaces) {
                    return Ok(Err(failure));
                }
                if let Some(failure) = stands_against(scene, tx, &rules, &rules_hash)? {
                    return Ok(Err(failure));
                }
                let number = tx.newest_rules_version()? + 1;
                let activation = Activation {
                    number,
                    hash: rules_hash.clone(),
                    text: new.text.clone(),
                    author: scene.actor.user(),
                    comment: new.comment.clone(),
                    replaces,
                    source: new.source,
                    at: scene.now(),
                    file_hash: new.file_hash.clone(),
                };
                let about = About::other(subject("rules", number), Sight::nothing());
                let answer = |activation: &Activation| RulesAnswer { number: activation.number };
                scene.conclude(tx, about, own_business(activation), |one| vec![Effect::Rules(one)], answer)
            })
            .await?;
        if !call.dry_run && !done.replayed {
            self.reload().await?;
        }
        Ok(done)
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
        self.rules_from_file.store(true, std::sync::atomic::Ordering::SeqCst);
    }

    /// Whether a file with this hash was taken before: `Some(true)` = it was the last one.
    pub async fn knows_rules_file(&self, file_hash: &str) -> Outcome<Option<bool>> {
        let file_hash = file_hash.to_owned();
        let known = self.store.read(move |tx| {
            if tx.rules_file_hash()?.as_ref() == Some(&file_hash) {
                return Ok(Some(true));
            }
            let versions = tx.rules_versions(None, i64::MAX)?;
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

/// What of the company stands against these rules: that they rule already, what they lack, that nobody could change
/// them back.
fn stands_against(
    scene: &Scene,
    tx: &mut Tx<'_>,
    rules: &Rules,
    rules_hash: &str,
) -> Result<Option<Failure>, StoreError> {
    if scene.active.rules_hash == rules_hash {
        return Ok(Some(Failure::Conflict(Message::new("rules_unchanged"))));
    }
    let lacking = lacking(&scene.active.rules, rules, &tx.rules_in_use()?);
    if !lacking.is_empty() {
        return Ok(Some(Failure::RulesInUse(lacking)));
    }
    let somebody = |action: Action| {
        let active = scene.active.directory.users().filter(|known| known.user.active);
        active.map(|known| &known.user.roles).any(|roles| reach(rules, roles, action) == Some(Scope::All))
    };
    let is_empty = scene.active.directory.users().next().is_none();
    let missing =
        [Action::PeopleWrite, Action::RulesActivate].into_iter().find(|action| !is_empty && !somebody(*action));
    Ok(missing.map(|action| Failure::Conflict(Message::new("nobody_could").with("action", action.word()))))
}

/// What is in use and not, or not as it was, in the new rules: its name in the file, and how often it is used.
fn lacking(old: &Rules, new: &Rules, used: &InUse) -> BTreeMap<String, i64> {
    let mut lacking = BTreeMap::new();
    let mut note = |name: String, count: i64, is_kept: bool| {
        if count > 0 && !is_kept {
            lacking.insert(name, count);
        }
    };
    for stage in &used.stages {
        let of = |rules: &Rules| {
            rules.funnels.get(&stage.funnel).and_then(|funnel| funnel.stage(&stage.stage)).map(|stage| stage.kind)
        };
        let kept = of(new).is_some_and(|kind| of(old).is_none_or(|before| before == kind));
        note(format!("funnels.{}.stages.{}", stage.funnel, stage.stage), stage.all, kept);
    }
    for (funnel, stage, reason, count) in &used.reasons {
        let known = new.funnels.get(funnel).and_then(|funnel| funnel.stage(stage));
        let kept = known.is_some_and(|stage| stage.reasons.contains_key(reason));
        note(format!("funnels.{funnel}.stages.{stage}.reasons.{reason}"), *count, kept);
    }
    for (name, count) in &used.roles {
        note(format!("roles.{name}"), *count, new.roles.contains_key(name));
    }
    for (name, count) in &used.grades {
        note(format!("grades.{name}"), *count, new.grades.iter().any(|grade| grade.id == *name));
    }
    for (name, count) in &used.products {
        note(format!("products.{name}"), *count, new.products.contains_key(name));
    }
    for (name, count) in &used.activities {
        note(format!("activities.{name}"), *count, new.activities.contains_key(name));
    }
    for (name, count) in &used.methods {
        note(format!("methods.{name}"), *count, new.methods.contains_key(name));
    }
    let fields = [
        ("customer", &used.customer_fields, &old.fields.customer, &new.fields.customer),
        ("deal", &used.deal_fields, &old.fields.deal, &new.fields.deal),
        ("user", &used.user_fields, &old.fields.user, &new.fields.user),
    ];
    for (of, used, old, new) in fields {
        for (name, count) in used {
            let kind = |fields: &indexmap::IndexMap<_, crate::rules::model::Field>| {
                fields.get(name).map(|field| std::mem::discriminant(&field.kind))
            };
            let kept = kind(new).is_some_and(|kind_now| kind(old).is_none_or(|before| before == kind_now));
            note(format!("fields.{of}.{name}"), *count, kept);
        }
    }
    lacking
}
