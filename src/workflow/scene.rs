//! The scene of a call: who acts, by which permit, under which rules, when. Every use case is played in one.

use super::Workflow;
use super::active::Active;
use super::call::{Call, Caller};
use super::failure::{Failure, Outcome};
use crate::engine::actor::Actor;
use crate::engine::permission::{Permit, permit};
use crate::rules::model::{Action, Rules};
use crate::store::{StoreError, Tx};
use crate::values::Time;
use std::sync::Arc;

/// How often a call is begun again because rules or directory changed under it. Each change is an administrator's
/// act, so more than a few within one call means something is wrong.
const MOST_RESTARTS: usize = 8;

#[derive(Clone, Debug)]
pub struct Scene {
    pub active: Arc<Active>,
    pub actor: Arc<Actor>,
    pub permit: Permit,
    pub action: Action,
    pub call: Call,
}

impl Scene {
    fn new(active: &Arc<Active>, call: &Call, action: Action) -> Outcome<Self> {
        let actor = actor(active, call)?;
        let permit = permit(&active.rules, &actor, action).ok_or(Failure::Forbidden(action.word()))?;
        Ok(Self { active: Arc::clone(active), actor, permit, action, call: call.clone() })
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
        Caller::User { user, session } => {
            active.directory.actor(user, session).ok_or(Failure::Unauthenticated)
        }
    }
}

/// Whether a transaction may change anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

impl Workflow {
    /// Whether the caller may try the action at all: asked before a body is read.
    pub async fn admit(&self, call: &Call, action: Option<Action>) -> Outcome<Arc<Actor>> {
        for _ in 0..MOST_RESTARTS {
            let active = self.active().await?;
            let tried = match action {
                Some(action) => Scene::new(&active, call, action).map(|scene| scene.actor),
                None => actor(&active, call),
            };
            match tried {
                Ok(actor) => return Ok(actor),
                // The directory at hand may be behind: a refusal must rest on the present one.
                Err(failure) if self.is_current(&active).await? => return Err(failure),
                Err(_) => self.reload().await?,
            };
        }
        Err(Failure::Unavailable(StoreError::Busy))
    }

    /// Plays a use case that only reads.
    pub(super) async fn reading<T, F>(&self, call: &Call, action: Action, work: F) -> Outcome<T>
    where
        T: Send + 'static,
        F: Fn(&Scene, &mut Tx<'_>) -> Result<Outcome<T>, StoreError> + Send + Sync + 'static,
    {
        self.play(call, action, Access::Read, work).await
    }

    /// Plays a use case that writes: one transaction, begun again when what it rests on changed meanwhile. A dry run
    /// only reads.
    pub(super) async fn writing<T, F>(&self, call: &Call, action: Action, work: F) -> Outcome<T>
    where
        T: Send + 'static,
        F: Fn(&Scene, &mut Tx<'_>) -> Result<Outcome<T>, StoreError> + Send + Sync + 'static,
    {
        if call.dry_run && call.idempotency.is_some() {
            return Err(Failure::DryRunWithKey);
        }
        let access = if call.dry_run { Access::Read } else { Access::Write };
        self.play(call, action, access, work).await
    }

    async fn play<T, F>(&self, call: &Call, action: Action, access: Access, work: F) -> Outcome<T>
    where
        T: Send + 'static,
        F: Fn(&Scene, &mut Tx<'_>) -> Result<Outcome<T>, StoreError> + Send + Sync + 'static,
    {
        let work = Arc::new(work);
        for _ in 0..MOST_RESTARTS {
            let active = self.active().await?;
            let scene = match Scene::new(&active, call, action) {
                Ok(scene) => scene,
                Err(failure) if self.is_current(&active).await? => return Err(failure),
                Err(_) => {
                    self.reload().await?;
                    continue;
                }
            };
            let work = Arc::clone(&work);
            let job = move |tx: &mut Tx<'_>| {
                tx.expect_epochs(scene.active.epochs)?;
                work(&scene, tx)
            };
            let done = match access {
                Access::Read => self.store.read(job).await,
                Access::Write => self.store.write(job).await,
            };
            match done {
                Ok(outcome) => return outcome,
                Err(StoreError::EpochsChanged) => self.reload().await?,
                Err(error) => return Err(error.into()),
            };
        }
        Err(Failure::Unavailable(StoreError::Busy))
    }
}
