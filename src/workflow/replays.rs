//! Replays of kept decisions under a draft or another version of the rules: begun and read by who may draft rules, run in
//! steps by whichever process is free.
//!
//! A step reads some decisions, decides them anew and keeps the sums and where it came to in one transaction: memory stays
//! the same whatever the number, and a process that dies leaves a replay that another goes on with. Nobody learns from it
//! which decision came out how unless he may read its deal and everything that the tried rules decide by.

use super::Workflow;
use super::activation::Against;
use super::answer::ReplayAnswer;
use super::call::Call;
use super::failure::{Failure, Outcome, Written};
use super::rules_in_use::against_trying;
use super::scene::Scene;
pub use super::trials::Tried;
use super::trials::{Told, Trial, TriedRules, in_tens, lease, page_of, rules_of, sees_all, sees_all_of};
use crate::engine::preview::former_name;
use crate::engine::renamed::{renamed, renamed_ground};
use crate::engine::replay::{Ground, Kept, is_replayed, replay};
use crate::engine::tally::{Tally, told_in_replay};
use crate::rules::expression::Path;
use crate::rules::hash;
use crate::rules::migrate::{Migration, What};
use crate::rules::model::{Action, Rules};
use crate::rules::names::names;
use crate::rules::renames::{Rename, Renames};
use crate::store::{self, Effect, KeptQuery, LogEntry, Replay, ReplayChange, ReplayState, ReplayStep, StoreError, Tx};
use crate::texts::Message;
use crate::values::{ReplayId, RunnerId, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How far the clocks of processes may lie apart without a decision being missed.
const SLACK_MICROS: i64 = 3600 * 1_000_000;

/// What to replay, under what.
#[derive(Clone, Debug)]
pub struct NewReplay {
    pub tried: Tried,
    /// Decisions from then on,
    pub since: Time,
    /// and before then; `None` = until now.
    pub before: Option<Time>,
    /// What becomes of things in use, besides what the text and the draft's schedule say.
    pub migrate: Migration,
}

/// A decision that would come out otherwise.
#[derive(Debug)]
pub struct FoundDecision {
    pub seq: i64,
    /// `None`: its reader may not know which one it is.
    pub entry: Option<LogEntry>,
}

/// A page of them.
#[derive(Debug)]
pub struct FoundPage {
    pub items: Vec<FoundDecision>,
    /// The `seq` to go on from.
    pub next: Option<i64>,
}

impl Workflow {
    /// Begins a replay; a job runs it.
    pub async fn begin_replay(&self, call: &Call, new: NewReplay) -> Written<ReplayAnswer> {
        let TriedRules { draft, number, text, rules, migrate } = self.tried(call, new.tried).await?;
        let before = new.before.unwrap_or(call.now);
        if before <= new.since {
            let message =
                Message::new("replay_backwards").with("from", new.since.to_string()).with("to", before.to_string());
            return Err(Failure::invalid("/before", message));
        }
        let (id, after) = (ReplayId::new(), names(&rules));
        let migrate = migrate.joined(&new.migrate);
        self.begin_trial(call, id, move |scene, tx| {
            if let Some(refusal) = against_trying(scene, tx, &rules, &migrate)? {
                return Ok(Err(Against::refusal(refusal)));
            }
            let against = scene.active.epochs.rules_version;
            let is_again = tx.rules_version_of(&hash(&text))?.is_some();
            let renames = tx.renames()?.by_version(
                &rules.migrate.joined(&migrate),
                against + 1,
                (&names(scene.rules()), &after),
                is_again,
            );
            // What is being written was decided before, and its number may be lower than the newest one that is seen.
            if !scene.call.dry_run {
                tx.hold_epochs()?;
            }
            let first = tx.decisions_made_by(new.since, -SLACK_MICROS)?;
            Ok(Ok(Replay {
                id,
                draft,
                tried: number,
                text: text.clone(),
                hash: hash(&text),
                author: scene.actor.user(),
                since: new.since,
                before,
                first,
                beyond: first,
                until: tx.decisions_made_by(before, SLACK_MICROS)?,
                state: ReplayState::Running,
                told: told(&rules, &renames),
                tally: Tally::default(),
                begun_at: scene.now(),
                ended_at: None,
                attempts: 0,
                in_tens: false,
                against,
                renames,
            }))
        })
        .await
    }

    /// Decisions of a group, in the order of their making.
    pub async fn replayed_decisions(
        &self,
        call: &Call,
        id: ReplayId,
        group: u32,
        after: Option<i64>,
        limit: u16,
    ) -> Outcome<FoundPage> {
        self.trial_group(call, id, group, move |scene, tx, replay: &Replay, (group, how)| {
            let group = i64::try_from(group).unwrap_or(i64::MAX);
            let read = |tx: &mut Tx<'_>, after: Option<i64>, limit| {
                tx.rules_replay_items(id, group, after.unwrap_or(0), limit)
            };
            found(scene, tx, &replay.told, (after, limit, how), read)
        })
        .await
    }

    /// Works on a replay that nobody works on, `step` decisions at a time, until it ends; which one, if there was one.
    pub async fn run_replay(&self, clock: &(dyn Fn() -> Time + Send + Sync), step: i64) -> Outcome<Option<ReplayId>> {
        let runner = RunnerId::new();
        let lease = move |now: Time| lease(runner, now);
        let first = lease(clock());
        let Some(claimed) = self.store.write(move |tx| tx.claim_rules_replay(first)).await? else { return Ok(None) };
        let id = claimed.id;
        let rules = rules_of(claimed.text.clone(), claimed.attempts).await?;
        let known = self.store.read(|tx| tx.renames()).await?;
        let renames = Arc::new(names_of(known, &claimed));
        let (mut beyond, mut tally) = (claimed.beyond, claimed.tally);
        loop {
            let found = match &rules {
                Some(rules) => {
                    let query = KeptQuery {
                        actions: replayed_actions(),
                        since: claimed.since,
                        before: claimed.before,
                        beyond,
                        until: claimed.until,
                        limit: step,
                    };
                    let kept = self.store.read(move |tx| tx.kept_decisions(&query)).await?;
                    let (rules, until, so_far) = (Arc::clone(rules), claimed.until, tally.clone());
                    let renames = Arc::clone(&renames);
                    let anew = move || decide((&rules, &renames), id, &kept, (until, step), so_far);
                    let found = tokio::task::spawn_blocking(anew).await;
                    found.map_err(|fault| Failure::internal("replaying decisions", fault))?
                }
                // A later program may not take what an earlier one took.
                None => {
                    let ended = Some(ReplayState::Failed);
                    ReplayStep { replay: id, beyond, tally: tally.clone(), found: Vec::new(), ended }
                }
            };
            let (now, kept) = (lease(clock()), found.clone());
            let is_ours = self.store.write(move |tx| tx.advance_rules_replay(&kept, now)).await?;
            if !is_ours || found.ended.is_some() {
                return Ok(Some(id));
            }
            (beyond, tally) = (found.beyond, found.tally);
        }
    }
}

impl Trial for Replay {
    type Id = ReplayId;
    type Answer = ReplayAnswer;
    type Change = ReplayChange;

    const KIND: &'static str = "rules_replay";
    const ENDED: &'static str = "rules_replay_ended";

    fn id(&self) -> ReplayId {
        self.id
    }

    fn told(&self) -> BTreeSet<String> {
        self.told.clone()
    }

    fn counts(&self) -> Vec<u64> {
        self.tally.groups.iter().map(|group| group.count).collect()
    }

    fn rounded(mut self) -> Self {
        let tally = &mut self.tally;
        for count in [&mut tally.same, &mut tally.refused, &mut tally.allowed, &mut tally.undecided] {
            *count = in_tens(*count);
        }
        tally.groups.iter_mut().for_each(|group| group.count = in_tens(group.count));
        tally.groups.retain(|group| group.count > 0);
        Self { in_tens: true, ..self }
    }

    fn beginning(&self, forget_before: Time) -> ReplayChange {
        ReplayChange::Begun { replay: Box::new(self.clone()), forget_before }
    }

    fn ending(self, at: Time) -> Option<(Self, ReplayChange)> {
        let change = ReplayChange::Cancelled { replay: self.id, at };
        let ended = Self { state: ReplayState::Cancelled, ended_at: Some(at), ..self };
        (self.state == ReplayState::Running).then_some((ended, change))
    }

    fn effect(change: &ReplayChange) -> Effect<'_> {
        Effect::Replay(change)
    }

    fn one(tx: &mut Tx<'_>, id: ReplayId) -> Result<Option<Self>, StoreError> {
        tx.rules_replay(id)
    }

    fn many(tx: &mut Tx<'_>, before: Option<ReplayId>, limit: i64) -> Result<Vec<Self>, StoreError> {
        tx.rules_replays(before, limit)
    }
}

impl From<Replay> for ReplayAnswer {
    fn from(replay: Replay) -> Self {
        Self { replay }
    }
}

impl From<ReplayAnswer> for Replay {
    fn from(answer: ReplayAnswer) -> Self {
        answer.replay
    }
}

/// The words of the actions whose decisions can be replayed.
fn replayed_actions() -> Vec<&'static str> {
    Action::ALL.into_iter().filter(|action| is_replayed(*action)).map(Action::word).collect()
}

/// What was called how, as it was known when a replay began. What the tried rules themselves rename comes last; an earlier
/// version knows of nothing that came after it.
fn names_of(known: Renames, replay: &Replay) -> Renames {
    let known = known.up_to(if replay.against == 0 { i64::MAX } else { replay.against }).and(replay.renames.clone());
    match replay.tried {
        Some(version) => known.until(version),
        None => known,
    }
}

/// The fields that the outcome of a replay may tell of, under the names that they have now and would have.
fn told(rules: &Rules, renames: &[Rename]) -> BTreeSet<String> {
    let mut told = told_in_replay(rules);
    for one in renames.iter().filter(|one| one.what == What::Field) {
        if let [record] = one.above.as_slice() {
            former_name(&mut told, record, &one.from, &one.to);
        }
    }
    told
}

/// Decides these anew. Fewer than a step holds: they were the last.
fn decide(
    (rules, renames): (&Rules, &Renames),
    id: ReplayId,
    kept: &[LogEntry],
    (until, step): (i64, i64),
    mut tally: Tally,
) -> ReplayStep {
    let mut found = Vec::new();
    for entry in kept {
        let Some(action) = Action::ALL.into_iter().find(|action| action.word() == entry.action) else { continue };
        let called = |one| renamed_ground(one, &entry.facts, renames, entry.rules_version);
        let grounds: Vec<Ground> = grounds(action, entry).into_iter().map(called).collect();
        let now = renamed(&entry.facts, &entry.roles, renames, entry.rules_version);
        let (facts, roles) = now.as_ref().map_or((&entry.facts, &entry.roles), |now| (&now.facts, &now.roles));
        let decision = Kept {
            action,
            at: entry.at,
            roles,
            allowed: entry.outcome == store::Outcome::Allowed,
            grounds: &grounds,
            facts,
        };
        if let Some(verdict) = replay(rules, &decision) {
            let groups = tally.add(&decision, &verdict).into_iter();
            found.extend(groups.map(|group| (i64::try_from(group).unwrap_or(i64::MAX), entry.seq)));
        }
    }
    let is_last = i64::try_from(kept.len()).unwrap_or(i64::MAX) < step;
    let beyond = kept.last().filter(|_| !is_last).map_or(until, |entry| entry.seq);
    ReplayStep { replay: id, beyond, tally, found, ended: is_last.then_some(ReplayState::Done) }
}

/// What refused a kept decision.
fn grounds(action: Action, entry: &LogEntry) -> Vec<Ground> {
    let refusing = entry.criteria.iter().filter(|checked| checked.refuses());
    let mut grounds: Vec<Ground> =
        refusing.map(|checked| Ground::of(checked.kind, checked.stage.as_ref(), &checked.id)).collect();
    if grounds.is_empty() && entry.outcome == store::Outcome::Refused {
        grounds.extend(
            entry
                .answer
                .get("refused")
                .and_then(|word| word.as_str())
                .and_then(|word| Ground::before_criteria(action, word)),
        );
    }
    grounds
}

/// The page of these decisions, with what their reader may know of them. `told`: the fields that their outcome tells of.
pub(super) fn found(
    scene: &Scene,
    tx: &mut Tx<'_>,
    told: &BTreeSet<String>,
    page: (Option<i64>, u16, Told),
    read: impl Fn(&mut Tx<'_>, Option<i64>, i64) -> Result<Vec<i64>, StoreError>,
) -> Result<FoundPage, StoreError> {
    let (items, next) = page_of(tx, page, read, |tx, seqs| known(scene, tx, told, seqs))?;
    Ok(FoundPage { items: items.into_iter().map(|(seq, entry)| FoundDecision { seq, entry }).collect(), next })
}

/// Of these decisions, those that their reader may know.
fn known(
    scene: &Scene,
    tx: &mut Tx<'_>,
    told: &BTreeSet<String>,
    seqs: &[i64],
) -> Result<Vec<Option<LogEntry>>, StoreError> {
    let entries = tx.decisions_of(seqs)?;
    let deals: BTreeSet<_> = entries.iter().filter_map(|entry| entry.deal).collect();
    let deals = tx.deals_by_id(&deals.into_iter().collect::<Vec<_>>())?;
    let alone = entries.iter().filter(|entry| entry.deal.is_none());
    let customers: BTreeSet<_> = alone.filter_map(|entry| entry.customer).collect();
    let customers = tx.customers_by_id(&customers.into_iter().collect::<Vec<_>>())?;
    let reading = scene.permit_for(Action::DealsRead);
    let reading_customers = scene.permit_for(Action::CustomersRead);
    let told: Vec<Path> = told.iter().filter_map(|name| Path::parse(name)).collect();
    let now = scene.now();
    let is_open = |entry: &LogEntry| match (entry.deal, entry.customer) {
        (Some(deal), _) => {
            deals.get(&deal).zip(reading.as_ref()).is_some_and(|(item, permit)| sees_all(permit, item, &told, now))
        }
        (None, Some(customer)) => {
            let item = customers.get(&customer).zip(reading_customers.as_ref());
            item.is_some_and(|(item, permit)| sees_all_of(permit, reading.as_ref(), item, &told, now))
        }
        (None, None) => false,
    };
    let mut known: BTreeMap<i64, LogEntry> =
        entries.into_iter().filter(|entry| is_open(entry)).map(|entry| (entry.seq, entry)).collect();
    Ok(seqs.iter().map(|seq| known.remove(seq)).collect())
}
