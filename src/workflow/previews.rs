//! Previews: what a draft or another version would mean for the deals that there are. Begun and read by who may draft
//! rules, run by whichever process is free.
//!
//! It looks at the whole company as it is at one moment, some deals at a time: memory stays the same whatever their
//! number. What is found is kept as it goes on. Nobody learns which deals are meant unless he may read them and everything
//! that the tried rules look at.

use super::Workflow;
use super::activation::Against;
use super::active::Active;
use super::answer::PreviewAnswer;
use super::call::Call;
use super::failure::{Failure, Outcome, Written};
use super::rules::permitted;
use super::rules_in_use::against_trying;
use super::scene::MOST_RESTARTS;
use super::trials::{Trial, Tried, TriedRules, as_told, in_tens, lease, page_of, rules_of, sees_all};
use crate::engine::preview::{Sums, former_names, preview, told_of_deals};
use crate::rules::expression::Path;
use crate::rules::hash;
use crate::rules::migrate::Migration;
use crate::rules::model::{Action, Rules};
use crate::store::{Effect, Lease, Preview, PreviewChange, PreviewStep, ReplayState, StoreError, Tx};
use crate::values::{DealId, PreviewId, RunnerId, Time};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::mpsc;

/// What to look at, under what.
#[derive(Clone, Debug)]
pub struct NewPreview {
    pub tried: Tried,
    /// The instant that deadlines and dates are looked at from; `None` = now.
    pub as_of: Option<Time>,
    /// What becomes of things in use, besides what the text and the draft's schedule say.
    pub migrate: Migration,
}

/// A page of deals of a group: `None` = its reader may not know which one it is.
#[derive(Debug)]
pub struct PreviewedPage {
    pub items: Vec<Option<DealId>>,
    /// The deal to go on from.
    pub next: Option<DealId>,
}

/// The rules that are compared.
struct Compared {
    old: Arc<Rules>,
    /// The number of the old ones.
    against: i64,
    new: Arc<Rules>,
    migration: Migration,
    as_of: Time,
    /// The fields that the outcome tells of.
    told: BTreeSet<String>,
}

impl Compared {
    fn new(active: &Active, new: &Arc<Rules>, preview: &Preview) -> Self {
        let migration = new.migrate.joined(&preview.migrate);
        Self {
            old: Arc::clone(&active.rules),
            against: active.epochs.rules_version,
            new: Arc::clone(new),
            told: told(&active.rules, new, &migration),
            migration,
            as_of: preview.as_of,
        }
    }
}

/// The fields that comparing these rules tells of.
fn told(old: &Rules, new: &Rules, migration: &Migration) -> BTreeSet<String> {
    let mut told: BTreeSet<String> = [told_of_deals(new), told_of_deals(old)].into_iter().flatten().collect();
    former_names(&mut told, migration);
    told
}

impl Workflow {
    /// Begins a preview; a job runs it.
    pub async fn begin_preview(&self, call: &Call, new: NewPreview) -> Written<PreviewAnswer> {
        let TriedRules { draft, number, text, rules, migrate } = self.tried(call, new.tried).await?;
        let (id, migrate) = (PreviewId::new(), migrate.joined(&new.migrate));
        self.begin_trial(call, id, move |scene, tx| {
            if let Some(refusal) = against_trying(scene, tx, &rules, &migrate)? {
                return Ok(Err(Against::refusal(refusal)));
            }
            let now = scene.now();
            let told = told(scene.rules(), &rules, &rules.migrate.joined(&migrate));
            Ok(Ok(Preview {
                id,
                draft,
                tried: number,
                text: text.clone(),
                hash: hash(&text),
                author: scene.actor.user(),
                as_of: new.as_of.unwrap_or(now),
                migrate: migrate.clone(),
                state: ReplayState::Running,
                total: 0,
                done: 0,
                told,
                sums: Sums { against: scene.active.epochs.rules_version, ..Sums::default() },
                begun_at: now,
                ended_at: None,
                attempts: 0,
                in_tens: false,
            }))
        })
        .await
    }

    /// The preview of a draft, or of a version, that was begun last.
    pub async fn newest_preview(&self, call: &Call, tried: Tried) -> Outcome<Preview> {
        let (draft, version) = match tried {
            Tried::Draft(id) => (Some(id), None),
            Tried::Version(number) => (None, Some(number)),
        };
        self.reading(call, Action::RulesDraft, move |scene, tx| {
            if let Err(failure) = permitted(scene) {
                return Ok(Err(failure));
            }
            let newest = tx.newest_rules_preview(draft, version)?;
            Ok(newest.map(|preview| as_told(scene, preview)).ok_or(Failure::NotFound))
        })
        .await
    }

    /// Deals of a group.
    pub async fn previewed_deals(
        &self,
        call: &Call,
        id: PreviewId,
        group: u32,
        after: Option<DealId>,
        limit: u16,
    ) -> Outcome<PreviewedPage> {
        self.trial_group(call, id, group, move |scene, tx, preview: &Preview, (group, how)| {
            let group = i64::try_from(group).unwrap_or(i64::MAX);
            let reading = scene.permit_for(Action::DealsRead);
            let told: Vec<Path> = preview.told.iter().filter_map(|name| Path::parse(name)).collect();
            let read = |tx: &mut Tx<'_>, after, limit| tx.rules_preview_items(id, group, after, limit);
            let open = |tx: &mut Tx<'_>, deals: &[DealId]| {
                let known = tx.deals_by_id(deals)?;
                let is_open = |deal: &DealId| {
                    let item = known.get(deal).zip(reading.as_ref());
                    item.is_some_and(|(item, permit)| sees_all(permit, item, &told, scene.now()))
                };
                Ok(deals.iter().map(|deal| Some(*deal).filter(is_open)).collect())
            };
            let (items, next) = page_of(tx, (after, limit, how), read, open)?;
            Ok(PreviewedPage { items: items.into_iter().map(|(_, deal)| deal).collect(), next })
        })
        .await
    }

    /// Works on a preview that nobody works on, `step` deals at a time, until it ends; which one, if there was one.
    pub async fn run_preview(&self, clock: &(dyn Fn() -> Time + Send + Sync), step: i64) -> Outcome<Option<PreviewId>> {
        let runner = RunnerId::new();
        let lease = move |now: Time| lease(runner, now);
        let first = lease(clock());
        let Some(claimed) = self.store.write(move |tx| tx.claim_rules_preview(first)).await? else { return Ok(None) };
        let id = claimed.id;
        let Some(new) = rules_of(claimed.text.clone(), claimed.attempts).await? else {
            let ended = Some(ReplayState::Failed);
            let failed = PreviewStep { ended, ..PreviewStep::nothing(&claimed) };
            let now = lease(clock());
            self.store.write(move |tx| tx.advance_rules_preview(&failed, now)).await?;
            return Ok(Some(id));
        };
        let mut active = self.active().await?;
        for _ in 0..MOST_RESTARTS {
            let compared = Compared::new(&active, &new, &claimed);
            match self.compare(compared, id, step, &|| lease(clock())).await {
                Err(StoreError::RulesChanged) => active = self.reload().await?,
                Err(error) => return Err(error.into()),
                Ok(()) => return Ok(Some(id)),
            }
        }
        Err(Failure::Unavailable(StoreError::Busy))
    }

    /// Compares rules on every deal and keeps what is found, step by step.
    async fn compare(
        &self,
        compared: Compared,
        id: PreviewId,
        step: i64,
        lease: &(dyn Fn() -> Lease + Send + Sync),
    ) -> Result<(), StoreError> {
        // One step ahead of what is kept: a slow writer holds the reader back, and one that ends ends it.
        let (found, mut steps) = mpsc::channel(1);
        let looking = self.store.read(move |tx| look(tx, &compared, id, step, &found));
        let keeping = async {
            while let Some(step) = steps.recv().await {
                let now = lease();
                if !self.store.write(move |tx| tx.advance_rules_preview(&step, now)).await? {
                    break;
                }
            }
            drop(steps);
            Ok::<(), StoreError>(())
        };
        let (looked, kept) = tokio::join!(looking, keeping);
        kept?;
        looked
    }
}

impl Trial for Preview {
    type Id = PreviewId;
    type Answer = PreviewAnswer;
    type Change = PreviewChange;

    const KIND: &'static str = "rules_preview";
    const ENDED: &'static str = "rules_preview_ended";

    fn id(&self) -> PreviewId {
        self.id
    }

    fn told(&self) -> BTreeSet<String> {
        self.told.clone()
    }

    fn counts(&self) -> Vec<u64> {
        self.sums.groups.iter().map(|group| group.count).collect()
    }

    fn rounded(mut self) -> Self {
        let sums = &mut self.sums;
        sums.touched = in_tens(sums.touched);
        sums.groups.iter_mut().for_each(|group| group.count = in_tens(group.count));
        sums.groups.retain(|group| group.count > 0);
        sums.owners.clear();
        sums.teams.clear();
        Self { in_tens: true, ..self }
    }

    fn beginning(&self, forget_before: Time) -> PreviewChange {
        PreviewChange::Begun { preview: Box::new(self.clone()), forget_before }
    }

    fn ending(self, at: Time) -> Option<(Self, PreviewChange)> {
        let change = PreviewChange::Cancelled { preview: self.id, at };
        let ended = Self { state: ReplayState::Cancelled, ended_at: Some(at), ..self };
        (self.state == ReplayState::Running).then_some((ended, change))
    }

    fn effect(change: &PreviewChange) -> Effect<'_> {
        Effect::Preview(change)
    }

    fn one(tx: &mut Tx<'_>, id: PreviewId) -> Result<Option<Self>, StoreError> {
        tx.rules_preview(id)
    }

    fn many(tx: &mut Tx<'_>, before: Option<PreviewId>, limit: i64) -> Result<Vec<Self>, StoreError> {
        tx.rules_previews(before, limit)
    }
}

impl From<Preview> for PreviewAnswer {
    fn from(preview: Preview) -> Self {
        Self { preview }
    }
}

impl From<PreviewAnswer> for Preview {
    fn from(answer: PreviewAnswer) -> Self {
        answer.preview
    }
}

/// Looks at every deal of one snapshot and hands on what it found, step by step, as long as somebody takes it. Refused where
/// other rules are active in that snapshot than the ones to compare with.
fn look(
    tx: &mut Tx<'_>,
    compared: &Compared,
    id: PreviewId,
    step: i64,
    found: &mpsc::Sender<PreviewStep>,
) -> Result<(), StoreError> {
    if tx.epochs()?.rules_version != compared.against {
        return Err(StoreError::RulesChanged);
    }
    let total = tx.count_deals()?;
    let (mut after, mut done) = (None, 0);
    let mut sums = Sums { against: compared.against, ..Sums::default() };
    loop {
        let records = tx.many_deal_facts(after, step)?;
        let mut parts = Vec::new();
        for record in &records {
            let findings = preview(&compared.old, &compared.new, &compared.migration, record, compared.as_of);
            let groups = sums.add(record, findings).into_iter();
            parts.extend(groups.map(|group| (i64::try_from(group).unwrap_or(i64::MAX), record.deal.id)));
        }
        let count = i64::try_from(records.len()).unwrap_or(i64::MAX);
        let is_last = count < step;
        (after, done) = (records.last().map(|record| record.deal.id), done + count);
        let ended = is_last.then_some(ReplayState::Done);
        let told = compared.told.clone();
        let step = PreviewStep { preview: id, total, done, told, sums: sums.clone(), found: parts, ended };
        // Nobody takes it any more: it was cancelled.
        if found.blocking_send(step).is_err() || is_last {
            return Ok(());
        }
    }
}
