//! The scene of a call: who acts, by which permit, under which rules, when. Every use case is played in one.

use super::Workflow;
use super::active::Active;
use super::call::{Call, Caller};
use super::failure::{Failure, Outcome};
use super::shadowing::Slot;
use crate::engine::actor::Actor;
use crate::engine::{Permit, permit};
use crate::rules::model::{Action, Rules};
use crate::store::{StoreError, Tx};
use crate::values::Time;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How often a call is begun again because rules or directory changed under it. Each time somebody else's change went
/// through, so all together go on; that so many go through within one call means something is wrong.
pub(super) const MOST_RESTARTS: usize = 64;

/// What a use case demands of its caller before anything is read.
pub trait Demand: Copy + Send + Sync + 'static {
    /// What the caller holds once the demand is met.
    type Permit: Clone + Send + Sync + 'static;

    /// The action's word in the log and in refusals.
    fn word(self) -> &'static str;
    /// `None`: nothing grants it, on any row.
    fn permit(self, rules: &Arc<Rules>, actor: &Arc<Actor>) -> Option<Self::Permit>;
}

impl Demand for Action {
    type Permit = Permit;

    fn word(self) -> &'static str {
        Action::word(self)
    }

    fn permit(self, rules: &Arc<Rules>, actor: &Arc<Actor>) -> Option<Permit> {
        permit(rules, actor, self)
    }
}

/// A user's own business: nothing has to be granted. The word is the log's.
#[derive(Clone, Copy, Debug)]
pub struct SignedIn(pub &'static str);

impl Demand for SignedIn {
    type Permit = ();

    fn word(self) -> &'static str {
        self.0
    }

    fn permit(self, _: &Arc<Rules>, _: &Arc<Actor>) -> Option<()> {
        Some(())
    }
}

#[derive(Clone, Debug)]
pub struct Scene<P = Permit> {
    pub active: Arc<Active>,
    pub actor: Arc<Actor>,
    pub permit: P,
    pub word: &'static str,
    pub call: Call,
    /// Where a decision is left to be looked at under a draft; `None`: there is none.
    pub(super) slot: Option<Arc<Slot>>,
}

impl<P: Clone + Send + Sync + 'static> Scene<P> {
    fn new<D: Demand<Permit = P>>(active: &Arc<Active>, call: &Call, demand: D) -> Outcome<Self> {
        let actor = actor(active, call)?;
        let permit = demand.permit(&active.rules, &actor).ok_or(Failure::Forbidden(demand.word()))?;
        Ok(Self { active: Arc::clone(active), actor, permit, word: demand.word(), call: call.clone(), slot: None })
    }

    /// The same with the directory that the transaction sees; nothing if it is this one, or the rules are others.
    fn renewed<D: Demand<Permit = P>>(&self, tx: &mut Tx<'_>, demand: D) -> Result<Outcome<Option<Self>>, StoreError> {
        let Some(active) = self.active.renewed(tx)? else { return Ok(Ok(None)) };
        let renewed = Self::new(&Arc::new(active), &self.call, demand);
        Ok(renewed.map(|scene| Some(Self { slot: self.slot.clone(), ..scene })))
    }

    #[must_use]
    pub fn rules(&self) -> &Arc<Rules> {
        &self.active.rules
    }

    #[must_use]
    pub fn now(&self) -> Time {
        self.call.now
    }

    /// The caller's permit for another action, if there is one.
    #[must_use]
    pub fn permit_for(&self, action: Action) -> Option<Permit> {
        permit(&self.active.rules, &self.actor, action)
    }
}

/// Who calls, as the directory knows them.
fn actor(active: &Active, call: &Call) -> Outcome<Arc<Actor>> {
    match call.caller {
        Caller::System => Ok(Arc::new(Actor::system())),
        Caller::Behalf(user) => active.directory.acting(user).ok_or(Failure::Unauthenticated),
        Caller::User { user, session } => active.directory.actor(user, session).ok_or(Failure::Unauthenticated),
    }
}

/// Whether a transaction may change anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    /// Reads by one statement: a deal, a page of deals.
    Glance,
    Read,
    Write,
    /// A write that all others wait for.
    Alone,
}

impl Workflow {
    /// Whether the caller may try the action at all, as far as this process knows: asked before a body is read. The use
    /// case itself compares the epochs (`play`); an operation that would not read anything must do so too.
    pub async fn admit<D: Demand>(&self, call: &Call, demand: D) -> Outcome<Scene<D::Permit>> {
        for _ in 0..MOST_RESTARTS {
            let active = self.active().await?;
            match Scene::new(&active, call, demand) {
                Ok(scene) => return Ok(scene),
                // The directory at hand may be behind: a refusal must rest on the present one.
                Err(failure) if self.is_current(&active).await? => return Err(failure),
                Err(_) => self.renew(active.epochs).await?,
            };
        }
        Err(Failure::Unavailable(StoreError::Busy))
    }

    /// Plays a use case that reads by one statement: a deal, a page of deals.
    pub(super) async fn glancing<D, T, F>(&self, call: &Call, demand: D, work: F) -> Outcome<T>
    where
        D: Demand,
        T: Send + 'static,
        F: Fn(&Scene<D::Permit>, &mut Tx<'_>) -> Result<Outcome<T>, StoreError> + Send + Sync + 'static,
    {
        self.play(call, demand, Access::Glance, work).await
    }

    /// Plays a use case that only reads.
    pub(super) async fn reading<D, T, F>(&self, call: &Call, demand: D, work: F) -> Outcome<T>
    where
        D: Demand,
        T: Send + 'static,
        F: Fn(&Scene<D::Permit>, &mut Tx<'_>) -> Result<Outcome<T>, StoreError> + Send + Sync + 'static,
    {
        self.play(call, demand, Access::Read, work).await
    }

    /// Plays a use case that writes: one transaction, begun again when what it rests on changed meanwhile. A dry run
    /// only reads.
    pub(super) async fn writing<D, T, F>(&self, call: &Call, demand: D, work: F) -> Outcome<T>
    where
        D: Demand,
        T: Send + 'static,
        F: Fn(&Scene<D::Permit>, &mut Tx<'_>) -> Result<Outcome<T>, StoreError> + Send + Sync + 'static,
    {
        self.play(call, demand, Access::Write, work).await
    }

    /// The same for a use case that may write a whole company, and that all others wait for: a change of rules.
    pub(super) async fn writing_alone<D, T, F>(&self, call: &Call, demand: D, work: F) -> Outcome<T>
    where
        D: Demand,
        T: Send + 'static,
        F: Fn(&Scene<D::Permit>, &mut Tx<'_>) -> Result<Outcome<T>, StoreError> + Send + Sync + 'static,
    {
        self.play(call, demand, Access::Alone, work).await
    }

    async fn play<D, T, F>(&self, call: &Call, demand: D, access: Access, work: F) -> Outcome<T>
    where
        D: Demand,
        T: Send + 'static,
        F: Fn(&Scene<D::Permit>, &mut Tx<'_>) -> Result<Outcome<T>, StoreError> + Send + Sync + 'static,
    {
        let writes = matches!(access, Access::Write | Access::Alone);
        if writes && call.dry_run && call.idempotency.is_some() {
            return Err(Failure::DryRunWithKey);
        }
        let access = if writes && call.dry_run { Access::Read } else { access };
        let work = Arc::new(work);
        for restart in 0..MOST_RESTARTS {
            let active = self.active().await?;
            let slot = if access == Access::Write { self.shadowing.slot() } else { None };
            let scene = match Scene::new(&active, call, demand) {
                Ok(scene) => Scene { slot: slot.clone(), ..scene },
                Err(failure) if self.is_current(&active).await? => return Err(failure),
                Err(_) => {
                    self.renew(active.epochs).await?;
                    continue;
                }
            };
            let work = Arc::clone(&work);
            let looked_again = AtomicBool::new(false);
            let job = move |tx: &mut Tx<'_>| -> Result<Outcome<T>, StoreError> {
                scene.slot.iter().for_each(|slot| slot.clear());
                // Once is chance. Whoever changes one person after the other would keep it from ever being done.
                let renewed = match if restart > 0 { scene.renewed(tx, demand)? } else { Ok(None) } {
                    Ok(renewed) => renewed,
                    Err(failure) => return Ok(Err(failure)),
                };
                let scene = renewed.as_ref().unwrap_or(&scene);
                tx.expect(scene.active.epochs)?;
                let outcome = work(scene, tx)?;
                // The same request may have been done after its key was looked for and before its facts were read, which
                // then refuse it: the next run finds its answer. Not if both were read in one moment.
                if let (Err(_), Some(wanted)) = (&outcome, &scene.call.idempotency)
                    && !tx.has_read_the_key()
                    && !looked_again.swap(true, Ordering::Relaxed)
                    && tx.remembered(scene.actor.who, &wanted.key)?.is_some()
                {
                    return Err(StoreError::KeyTaken);
                }
                Ok(outcome)
            };
            let done = match access {
                Access::Glance => self.store.glance(job).await,
                Access::Read => self.store.read(job).await,
                Access::Write => self.store.write(job).await,
                Access::Alone => self.store.write_alone(job).await,
            };
            match done {
                Ok(outcome) => {
                    slot.iter().for_each(|slot| self.shadowing.take(slot));
                    return outcome;
                }
                Err(StoreError::RulesChanged) => self.renew(active.epochs).await?,
                Err(error) => return Err(error.into()),
            };
        }
        Err(Failure::Unavailable(StoreError::Busy))
    }
}
