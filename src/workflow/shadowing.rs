//! Where live decisions are looked at again under the draft that is in shadow.
//!
//! A use case that has decided hands on what it decided on, once its answer is committed; a job asks the draft later. What
//! does not fit into the queue is counted and let go: nobody waits for a shadow, and nothing that goes wrong in one reaches
//! a request. Sums go to the database together, some at a time.
// INVARIANT: without a shadow, a write does nothing more than look whether there is one.

use super::Workflow;
use super::answer::Recorded;
use super::failure::{Failure, Outcome, Written};
use super::scene::Scene;
use crate::engine::actor::Actor;
use crate::engine::replay::Ground;
use crate::engine::shadow::{Lens, Live, Place, Said, ShadowTally, grounds, renamed_actor};
use crate::rules::check;
use crate::rules::model::Rules;
use crate::store::ShadowStep;
use crate::values::{DecisionId, ShadowId, Time};
use arc_swap::ArcSwapOption;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

/// Decisions that wait to be looked at. At most so many records are kept in memory (some kilobytes each).
const WAITING_AT_MOST: usize = 2_048;

/// Decisions of one pass that are named as examples: the database keeps fewer.
const EXAMPLES_AT_MOST: usize = 500;

/// What asks the draft.
type Ask = Box<dyn FnOnce(&Lens<'_>) -> Said + Send>;

/// The draft that is in shadow, as this process knows it.
#[derive(Debug)]
pub(super) struct Watched {
    id: ShadowId,
    /// `None`: this program cannot use them.
    rules: Option<Arc<Rules>>,
    /// Decisions that found no place, by their action.
    skipped: Mutex<BTreeMap<&'static str, u64>>,
}

/// A decision that is to be looked at again.
pub(super) struct Offer {
    watched: Arc<Watched>,
    action: &'static str,
    place: Option<Place>,
    live: Result<(), Vec<Ground>>,
    decision: DecisionId,
    actor: Arc<Actor>,
    now: Time,
    ask: Ask,
}

impl std::fmt::Debug for Offer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Offer").field("action", &self.action).field("decision", &self.decision).finish_non_exhaustive()
    }
}

/// What one call hands on, if it comes to its end.
#[derive(Debug)]
pub struct Slot {
    watched: Arc<Watched>,
    offer: Mutex<Option<Offer>>,
}

/// Everything about shadows that use cases share in one process.
#[derive(Debug)]
pub(super) struct Shadowing {
    watched: ArcSwapOption<Watched>,
    queue: mpsc::Sender<Offer>,
    /// Held by the job while it works.
    waiting: tokio::sync::Mutex<mpsc::Receiver<Offer>>,
}

/// A lock that nothing panics under; if it did, what is in it is still good.
fn held<T>(lock: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shadowing {
    pub(super) fn new() -> Self {
        let (queue, waiting) = mpsc::channel(WAITING_AT_MOST);
        Self { watched: ArcSwapOption::empty(), queue, waiting: tokio::sync::Mutex::new(waiting) }
    }

    /// Where a call that writes may leave its decision.
    pub(super) fn slot(&self) -> Option<Arc<Slot>> {
        let watched = self.watched.load();
        let watched = watched.as_ref().filter(|watched| watched.rules.is_some())?;
        Some(Arc::new(Slot { watched: Arc::clone(watched), offer: Mutex::new(None) }))
    }

    /// Takes what the call has left, now that its answer stands.
    pub(super) fn take(&self, slot: &Slot) {
        let Some(offer) = held(&slot.offer).take() else { return };
        if let Err(full) = self.queue.try_send(offer) {
            let offer = full.into_inner();
            *held(&offer.watched.skipped).entry(offer.action).or_default() += 1;
        }
    }
}

impl Slot {
    /// Before a use case is played (again): what an earlier run left does not count.
    pub(super) fn clear(&self) {
        *held(&self.offer) = None;
    }
}

impl<P> Scene<P> {
    /// Whether decisions are looked at under a draft.
    #[must_use]
    pub(super) fn is_watched(&self) -> bool {
        self.slot.is_some()
    }

    /// Leaves a decision to be looked at again: one that is recorded, and was not answered from memory.
    pub(super) fn watch<A>(
        &self,
        written: &Written<A>,
        place: Option<Place>,
        ask: impl FnOnce(&Lens<'_>) -> Said + Send + 'static,
    ) {
        let Some(slot) = &self.slot else { return };
        let (live, decision) = match written {
            Ok(Recorded { decision: Some(decision), replayed: false, .. }) => (Ok(()), *decision),
            Err(Failure::Refused(refused)) => match refused.decision {
                Some(decision) => (Err(grounds(&refused.refusal)), decision),
                None => return,
            },
            Ok(_) | Err(_) => return,
        };
        *held(&slot.offer) = Some(Offer {
            watched: Arc::clone(&slot.watched),
            action: self.word,
            place,
            live,
            decision,
            actor: Arc::clone(&self.actor),
            now: self.call.now,
            ask: Box::new(ask),
        });
    }
}

impl Workflow {
    /// Whether this process looks at decisions under a draft.
    #[must_use]
    pub fn is_in_shadow(&self) -> bool {
        self.shadowing.watched.load().as_ref().is_some_and(|watched| watched.rules.is_some())
    }

    /// Looks which draft is in shadow, looks at what waits, and adds to the sums; how many decisions.
    pub async fn run_shadow(&self) -> Outcome<usize> {
        let mut waiting = self.shadowing.waiting.lock().await;
        let mut offers = Vec::new();
        while let Ok(offer) = waiting.try_recv() {
            offers.push(offer);
        }
        let found = self.find_shadow().await?;
        let Some(watched) = found else { return Ok(0) };
        // Those of an earlier one have nobody left to tell.
        offers.retain(|offer| offer.watched.id == watched.id);
        let skipped = std::mem::take(&mut *held(&watched.skipped));
        if offers.is_empty() && skipped.is_empty() {
            return Ok(0);
        }
        let looked_at = offers.len();
        let id = watched.id;
        let looking = tokio::task::spawn_blocking(move || look(id, offers, skipped));
        let step = looking.await.map_err(|fault| Failure::internal("looking under a draft", fault))?;
        told(&step.tally);
        if !self.store.write(move |tx| tx.advance_rules_shadow(&step)).await? {
            self.shadowing.watched.store(None);
        }
        Ok(looked_at)
    }

    /// The draft that is in shadow; another than before is compiled.
    async fn find_shadow(&self) -> Outcome<Option<Arc<Watched>>> {
        let running = self.store.read(|tx| tx.running_rules_shadow()).await?;
        let known = self.shadowing.watched.load_full();
        let Some((id, _)) = running else {
            self.shadowing.watched.store(None);
            return Ok(None);
        };
        if let Some(known) = known.filter(|known| known.id == id) {
            return Ok(Some(known));
        }
        let Some(shadow) = self.store.read(move |tx| tx.rules_shadow(id)).await? else { return Ok(None) };
        let compiling = tokio::task::spawn_blocking(move || check(&shadow.text, None).rules.map(Arc::new));
        let rules = compiling.await.map_err(|fault| Failure::internal("checking rules", fault))?;
        if rules.is_none() {
            tracing::warn!(shadow = %id, "this program cannot use the draft that is in shadow");
        }
        let watched = Arc::new(Watched { id, rules, skipped: Mutex::default() });
        self.shadowing.watched.store(Some(Arc::clone(&watched)));
        Ok(Some(watched))
    }
}

/// Asks the draft about each.
fn look(shadow: ShadowId, offers: Vec<Offer>, skipped: BTreeMap<&'static str, u64>) -> ShadowStep {
    let mut step = ShadowStep { shadow, tally: ShadowTally::default(), found: Vec::new() };
    for offer in offers {
        let Some(rules) = &offer.watched.rules else { continue };
        let actor = renamed_actor(&offer.actor, &rules.migrate);
        let (now, ask) = (offer.now, offer.ask);
        let lens = Lens { rules, actor: &actor, now };
        // A fault of ours ends one look, and is named among what lacks.
        let said = catch_unwind(AssertUnwindSafe(|| ask(&lens)));
        let said = said.unwrap_or_else(|_| Said::Lacking(vec!["the program failed".to_owned()]));
        let live = Live { action: offer.action, place: offer.place.as_ref(), outcome: &offer.live };
        for group in step.tally.add(&live, said) {
            if step.found.len() < EXAMPLES_AT_MOST {
                step.found.push((group, offer.decision));
            }
        }
    }
    for (action, count) in skipped {
        step.tally.skip(action, count);
    }
    step
}

fn told(tally: &ShadowTally) {
    let total = tally.total();
    let counts = [
        ("agreed", total.agreed),
        ("refused", total.refused),
        ("allowed", total.allowed),
        ("undecided", total.undecided),
        ("skipped", total.skipped),
    ];
    for (outcome, count) in counts {
        metrics::counter!("loudou_rules_shadow_decisions_total", "outcome" => outcome).increment(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Key;

    const RULES: &str = "format: 1
languages: [en]
currency: CNY
calendar: {time_zone: Asia/Shanghai}
funnels: {standard: {stages: [{id: resource, kind: start}, {id: won, kind: won}]}}
roles: {admin: {may: [{do: [people.*, rules.*, rules.activate, deals.*], scope: all}]}}
first_administrator: [admin]
";

    fn watched() -> Arc<Watched> {
        let rules = check(RULES, None).rules.map(Arc::new);
        Arc::new(Watched { id: ShadowId::new(), rules, skipped: Mutex::default() })
    }

    fn offer(watched: &Arc<Watched>, ask: impl FnOnce(&Lens<'_>) -> Said + Send + 'static) -> Offer {
        Offer {
            watched: Arc::clone(watched),
            action: "deals.move",
            place: None,
            live: Ok(()),
            decision: DecisionId::new(),
            actor: Arc::new(Actor::system()),
            now: Time::from_micros(0),
            ask: Box::new(ask),
        }
    }

    #[test]
    fn what_does_not_fit_is_counted_and_nobody_waits() {
        let shadowing = Shadowing::new();
        assert!(shadowing.slot().is_none());
        let watched = watched();
        shadowing.watched.store(Some(Arc::clone(&watched)));
        for _ in 0..WAITING_AT_MOST + 7 {
            let slot = shadowing.slot().unwrap();
            *held(&slot.offer) = Some(offer(&watched, |_| Said::Decided(Ok(()))));
            shadowing.take(&slot);
            // What was taken is gone, and what is played again begins anew.
            shadowing.take(&slot);
            slot.clear();
        }
        let skipped = std::mem::take(&mut *held(&watched.skipped));
        assert_eq!(skipped, BTreeMap::from([("deals.move", 7)]));
        let mut step = look(watched.id, Vec::new(), skipped);
        assert_eq!((step.tally.total().skipped, step.tally.lines.len()), (7, 1));
        step.tally.skip("deals.move", 1);
        assert_eq!(step.tally.lines.len(), 1);
    }

    #[test]
    fn a_fault_of_ours_ends_one_look_and_no_other() {
        let watched = watched();
        let refused = || {
            Said::Decided(Err(vec![Ground {
                kind: crate::engine::replay::GroundKind::Criterion,
                stage: None,
                id: Key::new("late"),
            }]))
        };
        let offers = vec![
            offer(&watched, |_| panic!("a fault of ours")),
            offer(&watched, move |_| refused()),
            offer(&watched, |_| Said::Decided(Ok(()))),
        ];
        let step = look(watched.id, offers, BTreeMap::new());
        let total = step.tally.total();
        assert_eq!((total.undecided, total.refused, total.agreed), (1, 1, 1));
        assert_eq!(step.found.len(), 2);
    }
}
