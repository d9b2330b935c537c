//! Trials of rules: what replays, previews and shadows share. How one is begun, read and ended by who may draft rules, which
//! rules are tried, how long a process that works on one may be silent, how long what was found is kept, who may know which
//! deals it was about.

use super::Workflow;
use super::activation::{Against, closed};
use super::answer::Answer;
use super::call::Call;
use super::conclude::{About, own_business, subject};
use super::failure::{Failure, Outcome, Written};
use super::people::own_sight;
use super::rules::{check_aside, permitted};
use super::scene::Scene;
use crate::engine::customers::with_row;
use crate::engine::permission::{Permit, Row};
use crate::engine::sight::{FieldSight, Sight};
use crate::rules::check;
use crate::rules::expression::{Entity, Path};
use crate::rules::model::{Action, Rules};
use crate::store::{CustomerItem, DealItem, Effect, Lease, StoreError, Tx};
use crate::texts::Message;
use crate::values::{DraftId, RunnerId, Time};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::{Debug, Display};
use std::sync::Arc;

/// How long a process may be silent about a trial before another takes it: many steps of the slowest database.
const LEASE_MICROS: i64 = 60 * 1_000_000;

/// How long what was found is kept after the end.
const KEPT_MICROS: i64 = 7 * 24 * 3600 * 1_000_000;

/// The rules that are tried.
#[derive(Clone, Copy, Debug)]
pub enum Tried {
    Draft(DraftId),
    Version(i64),
}

/// A draft or a version, its text, and the rules that it says.
pub(super) type TriedRules = (Option<DraftId>, Option<i64>, String, Arc<Rules>);

/// A replay, a preview, a shadow.
pub trait Trial: Clone + Send + Sync + 'static {
    type Id: Copy + Display + Send + Sync + 'static;
    /// As the log keeps it.
    type Answer: Answer + Serialize + DeserializeOwned + From<Self> + Into<Self> + Send + Sync + 'static;
    type Change: Debug;

    /// The log's word for it.
    const KIND: &'static str;
    /// What is said to who ends one that has ended.
    const ENDED: &'static str;

    fn id(&self) -> Self::Id;

    /// How many groups there are of what was found.
    fn groups(&self) -> usize;

    /// That it is begun, and those that ended before are forgotten.
    fn beginning(&self, forget_before: Time) -> Self::Change;

    /// The same, ended by somebody; `None`: it has ended.
    fn ending(self, at: Time) -> Option<(Self, Self::Change)>;

    fn effect(change: &Self::Change) -> Effect<'_>;

    fn one(tx: &mut Tx<'_>, id: Self::Id) -> Result<Option<Self>, StoreError>;

    /// From the newest, before `before`.
    fn many(tx: &mut Tx<'_>, before: Option<Self::Id>, limit: i64) -> Result<Vec<Self>, StoreError>;
}

impl Workflow {
    /// Begins a trial: `made` makes it, or says why there can be none.
    pub(super) async fn begin_trial<T: Trial>(
        &self,
        call: &Call,
        id: T::Id,
        made: impl Fn(&Scene, &mut Tx<'_>) -> Result<Result<T, Against>, StoreError> + Send + Sync + 'static,
    ) -> Written<T::Answer> {
        self.writing(call, Action::RulesDraft, move |scene, tx| {
            if let Some(replayed) = scene.replay(tx, own_sight)? {
                return Ok(replayed);
            }
            if let Some(refusal) = closed(scene) {
                return scene.refuse(tx, about::<T>(id), refusal);
            }
            match made(scene, tx)? {
                Ok(trial) => {
                    let change = trial.beginning(forget_before(scene.now()));
                    conclude(scene, tx, trial, change)
                }
                Err(Against::Refusal(refusal)) => scene.refuse(tx, about::<T>(id), *refusal),
                Err(Against::Failure(failure)) => Ok(Err(failure)),
            }
        })
        .await
    }

    /// Ends a trial that still runs. What it found so far stays.
    pub async fn end_trial<T: Trial>(&self, call: &Call, id: T::Id) -> Written<T::Answer> {
        self.writing(call, Action::RulesDraft, move |scene, tx| {
            if let Some(replayed) = scene.replay(tx, own_sight)? {
                return Ok(replayed);
            }
            if let Some(refusal) = closed(scene) {
                return scene.refuse(tx, about::<T>(id), refusal);
            }
            let Some(trial) = T::one(tx, id)? else { return Ok(Err(Failure::NotFound)) };
            match trial.ending(scene.now()) {
                Some((trial, change)) => conclude(scene, tx, trial, change),
                None => Ok(Err(Failure::Conflict(Message::new(T::ENDED)))),
            }
        })
        .await
    }

    /// Trials of a kind, the newest first, before `before`.
    pub async fn trials<T: Trial>(&self, call: &Call, before: Option<T::Id>, limit: u16) -> Outcome<Vec<T>> {
        self.reading(call, Action::RulesDraft, move |scene, tx| {
            let trials = T::many(tx, before, i64::from(limit))?;
            Ok(permitted(scene).map(|()| trials))
        })
        .await
    }

    /// One trial, with what was found so far.
    pub async fn trial<T: Trial>(&self, call: &Call, id: T::Id) -> Outcome<T> {
        self.reading(call, Action::RulesDraft, move |scene, tx| {
            if let Err(failure) = permitted(scene) {
                return Ok(Err(failure));
            }
            Ok(T::one(tx, id)?.ok_or(Failure::NotFound))
        })
        .await
    }

    /// Reads on in one group of what a trial found.
    pub(super) async fn trial_group<T: Trial, P: Send + 'static>(
        &self,
        call: &Call,
        id: T::Id,
        group: u32,
        read: impl Fn(&Scene, &mut Tx<'_>, &T) -> Result<P, StoreError> + Send + Sync + 'static,
    ) -> Outcome<P> {
        self.reading(call, Action::RulesDraft, move |scene, tx| {
            if let Err(failure) = permitted(scene) {
                return Ok(Err(failure));
            }
            let Some(trial) = T::one(tx, id)? else { return Ok(Err(Failure::NotFound)) };
            if usize::try_from(group).map_or(true, |group| group >= trial.groups()) {
                return Ok(Err(Failure::NotFound));
            }
            read(scene, tx, &trial).map(Ok)
        })
        .await
    }

    /// What is tried, for who may draft rules.
    pub(super) async fn tried(&self, call: &Call, tried: Tried) -> Outcome<TriedRules> {
        let (draft, number, text) = match tried {
            Tried::Draft(id) => (Some(id), None, self.draft_for(call, Action::RulesDraft, id).await?.text),
            Tried::Version(number) => {
                let version = self.version_for(call, Action::RulesDraft, Some(number)).await?;
                (None, Some(number), version.text)
            }
        };
        // Scenarios that fail do not keep anybody from seeing what the rules would do.
        let mut checked = check_aside(text.clone(), call.now).await?;
        checked.scenarios.clear();
        let rules = checked.accepted().map_err(|faults| Failure::RulesInvalid(Box::new(faults)))?;
        Ok((draft, number, text, rules))
    }
}

fn about<T: Trial>(id: T::Id) -> About {
    About::other(subject(T::KIND, id), Sight::nothing())
}

fn conclude<T: Trial>(
    scene: &Scene,
    tx: &mut Tx<'_>,
    trial: T,
    change: T::Change,
) -> Result<Written<T::Answer>, StoreError> {
    let about = about::<T>(trial.id());
    let answer = T::Answer::from(trial);
    scene.conclude(tx, about, own_business(change), |change| vec![T::effect(change)], |_| answer.clone())
}

/// The rules of a trial that a process goes on with. `None`: a later program may not take what an earlier one took.
pub(super) async fn rules_of(text: String) -> Outcome<Option<Arc<Rules>>> {
    let rules = tokio::task::spawn_blocking(move || check(&text, None).rules.map(Arc::new)).await;
    rules.map_err(|fault| Failure::internal("checking rules", fault))
}

/// That this runner works on a trial from now on, for a while.
pub(super) fn lease(runner: RunnerId, now: Time) -> Lease {
    Lease { runner, now, until: Time::from_micros(now.micros().saturating_add(LEASE_MICROS)) }
}

/// What ended before then is forgotten.
fn forget_before(now: Time) -> Time {
    Time::from_micros(now.micros().saturating_sub(KEPT_MICROS))
}

/// Whether the deal may be read, with all that the outcome tells of.
pub(super) fn sees_all(permit: &Permit, item: &DealItem, told: &[Path], now: Time) -> bool {
    let row = Row::Deal { deal: &item.deal, customer: &item.customer, owner: item.owner.as_ref(), record: None };
    is_open(permit.sight(&row, now), told.iter())
}

/// Whether the customer may be read, with all that the outcome tells of; and all of his deals, since what may be done to
/// him rests on them.
pub(super) fn sees_all_of(
    permit: &Permit,
    deals: Option<&Permit>,
    item: &CustomerItem,
    told: &[Path],
    now: Time,
) -> bool {
    let own = told.iter().filter(|path| !matches!(path.entity, Entity::Deal | Entity::Contract));
    let CustomerItem { customer, deals: held } = item;
    is_open(with_row(customer, held, |row| permit.sight(row, now)), own)
        && held.iter().all(|(deal, owner)| {
            let row = Row::Deal { deal, customer, owner: owner.as_ref(), record: None };
            is_open(deals.and_then(|permit| permit.sight(&row, now)), told.iter())
        })
}

fn is_open<'a>(sight: Option<Sight>, mut told: impl Iterator<Item = &'a Path>) -> bool {
    sight.is_some_and(|sight| told.all(|path| sight.of(path) == FieldSight::Open))
}
