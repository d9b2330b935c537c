//! Trials of rules: what replays, previews and shadows share. How one is begun, read and ended by who may draft rules, which
//! rules are tried, how long a process that works on one may be silent, how long what was found is kept, who may know which
//! deals it was about.

use super::Workflow;
use super::activation::{Against, closed};
use super::answer::{Answer, Recorded};
use super::call::Call;
use super::conclude::{About, own_business, subject};
use super::failure::{Failure, Outcome, Written};
use super::pages::wanted;
use super::people::own_sight;
use super::rules::{check_aside, permitted};
use super::scene::Scene;
use crate::engine::customers::with_row;
use crate::engine::outlook::Outlook;
use crate::engine::permission::{Permit, Row};
use crate::engine::sight::{FieldSight, Sight};
use crate::rules::check;
use crate::rules::expression::{Entity, Path};
use crate::rules::migrate::Migration;
use crate::rules::model::{Action, Rules};
use crate::store::{CustomerItem, DealItem, Effect, Lease, StoreError, Tx};
use crate::texts::Message;
use crate::values::{DraftId, RunnerId, Time};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::fmt::{Debug, Display};
use std::sync::Arc;

/// How long a process may be silent about a trial before another takes it: many steps of the slowest database.
const LEASE_MICROS: i64 = 60 * 1_000_000;

/// How often one is tried that fails each time: then it ends, and says so.
const ATTEMPTS_AT_MOST: i64 = 5;

/// How long what was found is kept after the end.
const KEPT_MICROS: i64 = 7 * 24 * 3600 * 1_000_000;

/// The rules that are tried.
#[derive(Clone, Copy, Debug)]
pub enum Tried {
    Draft(DraftId),
    Version(i64),
}

/// What is tried.
pub(super) struct TriedRules {
    pub draft: Option<DraftId>,
    /// The number of a version.
    pub number: Option<i64>,
    pub text: String,
    pub rules: Arc<Rules>,
    /// What becomes of things in use besides what the text says, as it is kept with the schedule of a draft.
    pub migrate: Migration,
}

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

    /// The fields that its outcome tells of.
    fn told(&self) -> BTreeSet<String>;

    /// How many there are in each group of what was found.
    fn counts(&self) -> Vec<u64>;

    /// The same with its counts in tens (`in_tens`), and nothing that names anybody.
    fn rounded(self) -> Self;

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
                return Ok(answered::<T>(scene, replayed));
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
                return Ok(answered::<T>(scene, replayed));
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
            Ok(permitted(scene).map(|()| trials.into_iter().map(|trial| as_told(scene, trial)).collect()))
        })
        .await
    }

    /// One trial, with what was found so far.
    pub async fn trial<T: Trial>(&self, call: &Call, id: T::Id) -> Outcome<T> {
        self.reading(call, Action::RulesDraft, move |scene, tx| {
            if let Err(failure) = permitted(scene) {
                return Ok(Err(failure));
            }
            Ok(T::one(tx, id)?.map(|trial| as_told(scene, trial)).ok_or(Failure::NotFound))
        })
        .await
    }

    /// Reads on in one group of what a trial found: by its number there, and how much may be told of it.
    pub(super) async fn trial_group<T: Trial, P: Send + 'static>(
        &self,
        call: &Call,
        id: T::Id,
        group: u32,
        read: impl Fn(&Scene, &mut Tx<'_>, &T, (usize, Told)) -> Result<P, StoreError> + Send + Sync + 'static,
    ) -> Outcome<P> {
        self.reading(call, Action::RulesDraft, move |scene, tx| {
            if let Err(failure) = permitted(scene) {
                return Ok(Err(failure));
            }
            let Some(trial) = T::one(tx, id)? else { return Ok(Err(Failure::NotFound)) };
            let told = how_told(scene, &trial);
            let counts = trial.counts().into_iter().enumerate();
            let mut shown = counts.filter(|(_, count)| told == Told::Whole || in_tens(*count) > 0);
            let group = usize::try_from(group).ok().and_then(|group| shown.nth(group));
            let Some((group, _)) = group else { return Ok(Err(Failure::NotFound)) };
            read(scene, tx, &trial, (group, told)).map(Ok)
        })
        .await
    }

    /// What is tried, for who may draft rules.
    pub(super) async fn tried(&self, call: &Call, tried: Tried) -> Outcome<TriedRules> {
        let (draft, number, text, migrate) = match tried {
            Tried::Draft(id) => {
                let draft = self.draft_for(call, Action::RulesDraft, id).await?;
                let migrate = draft.scheduled_migration();
                (Some(id), None, draft.text, migrate)
            }
            Tried::Version(number) => {
                let version = self.version_for(call, Action::RulesDraft, Some(number)).await?;
                (None, Some(number), version.text, Migration::default())
            }
        };
        let rules = tried_rules(text.clone(), call.now).await?;
        Ok(TriedRules { draft, number, text, rules, migrate })
    }
}

/// How much of what a trial found its reader is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Each count, and that there is one in a group who is not named.
    Whole,
    /// Counts in tens, and of the rest what he may read by himself.
    InTens,
}

/// Whoever may not read every deal and customer, with all that the outcome tells of, could find out by one count after
/// another what he may not see: rules that differ by one deal would tell of that deal.
fn how_told<T: Trial>(scene: &Scene, trial: &T) -> Told {
    let told: Vec<Path> = trial.told().iter().filter_map(|name| Path::parse(name)).collect();
    let reads_all = Outlook::new(scene.rules(), &scene.actor.roles).reads_all(told.iter());
    if reads_all { Told::Whole } else { Told::InTens }
}

/// A trial as its reader is told of it.
pub(super) fn as_told<T: Trial>(scene: &Scene, trial: T) -> T {
    match how_told(scene, &trial) {
        Told::Whole => trial,
        Told::InTens => trial.rounded(),
    }
}

/// Down to whole tens: fewer than ten are not told from none.
pub(super) fn in_tens(count: u64) -> u64 {
    count - count % 10
}

/// What was written, as its reader is told of it.
fn answered<T: Trial>(scene: &Scene, written: Written<T::Answer>) -> Written<T::Answer> {
    written.map(|done| Recorded { answer: as_told::<T>(scene, done.answer.into()).into(), ..done })
}

/// Groups whose members are looked through at once, and how often for one page: a reader who sees few of a large group
/// is told to go on from there.
const LOOKED_AT: i64 = 500;
const LOOKS_AT_MOST: usize = 20;

/// A page of a group, each with its place, and the place to go on from. `open`: which of these may be known; others are
/// told of as unknown, or not at all.
pub(super) fn page_of<K: Copy, I>(
    tx: &mut Tx<'_>,
    (mut after, limit, told): (Option<K>, u16, Told),
    read: impl Fn(&mut Tx<'_>, Option<K>, i64) -> Result<Vec<K>, StoreError>,
    open: impl Fn(&mut Tx<'_>, &[K]) -> Result<Vec<Option<I>>, StoreError>,
) -> Result<(Vec<(K, Option<I>)>, Option<K>), StoreError> {
    let at_once = if told == Told::Whole { wanted(limit) } else { LOOKED_AT };
    let limit = usize::from(limit);
    let mut page = Vec::new();
    for _ in 0..LOOKS_AT_MOST {
        let places = read(tx, after, at_once)?;
        for (place, item) in places.iter().copied().zip(open(tx, &places)?) {
            if item.is_none() && told == Told::InTens {
                continue;
            }
            if page.len() == limit {
                let last = page.last().map(|(place, _)| *place);
                return Ok((page, last));
            }
            page.push((place, item));
        }
        if i64::try_from(places.len()).unwrap_or(i64::MAX) < at_once {
            return Ok((page, None));
        }
        after = places.last().copied();
    }
    Ok((page, after))
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
    let written =
        scene.conclude(tx, about, own_business(change), |change| vec![T::effect(change)], |_| answer.clone())?;
    Ok(answered::<T>(scene, written))
}

/// The rules that a text says. Scenarios that fail do not keep anybody from seeing what they would do.
pub(super) async fn tried_rules(text: String, now: Time) -> Outcome<Arc<Rules>> {
    let mut checked = check_aside(text, now).await?;
    checked.scenarios.clear();
    checked.accepted().map_err(|faults| Failure::RulesInvalid(Box::new(faults)))
}

/// The rules of a trial that a process goes on with. `None`: a later program may not take what an earlier one took; or it
/// failed so often that another attempt would fail as well.
pub(super) async fn rules_of(text: String, attempts: i64) -> Outcome<Option<Arc<Rules>>> {
    if attempts > ATTEMPTS_AT_MOST {
        return Ok(None);
    }
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
