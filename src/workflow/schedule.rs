//! Drafts that are to become active at an instant.
//!
//! What is scheduled passes every check at that moment, and again when its time comes: then it is decided on behalf of
//! who scheduled it, as they are then. What no longer passes stays inactive, and says why.

use super::Workflow;
use super::activation::{Against, Change, DraftActivation, decide, draft_closed, with_refusal};
use super::answer::{DraftAnswer, RulesAnswer};
use super::call::{Call, Caller};
use super::drafts::{about, conclude};
use super::failure::{Failure, Outcome, Written};
use super::people::own_sight;
use super::rules::check_aside;
use crate::engine::decision::{FactsRead, Refusal, RefusalKind};
use crate::rules::model::Action;
use crate::store::{DraftChange, DraftState, Effect, RulesDraft, RulesSource, Schedule};
use crate::texts::Message;
use crate::values::{DraftId, Time};
use std::sync::atomic::Ordering;

/// How a draft whose time had come came out.
#[derive(Debug)]
pub enum Came {
    Activated {
        draft: DraftId,
        number: i64,
    },
    Refused {
        draft: DraftId,
        why: String,
    },
    /// The database is away, or this process cannot use the rules: tried again.
    Later {
        draft: DraftId,
        why: String,
    },
}

impl Workflow {
    /// Says when a draft becomes active, under everything that is demanded of an activation now.
    pub async fn schedule_draft(
        &self,
        call: &Call,
        id: DraftId,
        at: Time,
        said: DraftActivation,
    ) -> Written<DraftAnswer> {
        drop(self.admit(call, Action::RulesActivate).await?);
        self.not_from_file(RulesSource::Api)?;
        let draft = self.draft_for(call, Action::RulesActivate, id).await?;
        let checked = check_aside(draft.text.clone(), call.now).await?;
        let rules = checked.accepted().map_err(|faults| Failure::RulesInvalid(Box::new(faults)))?;
        self.writing(call, Action::RulesActivate, move |scene, tx| {
            if let Some(replayed) = scene.replay(tx, own_sight)? {
                return Ok(replayed);
            }
            if at <= scene.now() {
                let message = Message::new("schedule_in_the_past");
                return Ok(Err(Failure::invalid("/at", message)));
            }
            let Some(now) = tx.rules_draft(id)? else { return Ok(Err(Failure::NotFound)) };
            if now.hash != draft.hash {
                return Ok(Err(Failure::VersionMismatch { present: now.version }));
            }
            let against = match draft_closed(scene, &now) {
                Some(against) => Err(against),
                None => decide(scene, tx, &Change::of(&now, &rules, &said), false)?,
            };
            match against {
                Ok(_) => {}
                Err(Against::Failure(failure)) => return Ok(Err(failure)),
                Err(Against::Refusal(refusal)) => return scene.refuse(tx, about(id), *refusal),
            }
            let schedule = Schedule {
                at,
                by: scene.actor.user(),
                replaces: said.replaces.unwrap_or(now.parent),
                comment: said.comment.clone(),
                migrate: said.migrate.clone(),
            };
            let after = RulesDraft {
                state: DraftState::Scheduled,
                schedule: Some(schedule),
                refusal: None,
                updated_at: scene.now().max(now.updated_at),
                ..now
            };
            let answer = RulesDraft { version: after.version + 1, ..after.clone() };
            conclude(scene, tx, DraftChange::Changed(after), answer)
        })
        .await
    }

    /// Takes a draft back from its schedule: it can be written again. One that was refused when its time came is no longer
    /// told of.
    pub async fn unschedule_draft(&self, call: &Call, id: DraftId) -> Written<DraftAnswer> {
        self.writing(call, Action::RulesActivate, move |scene, tx| {
            if let Some(replayed) = scene.replay(tx, own_sight)? {
                return Ok(replayed);
            }
            if let Some(refusal) = super::activation::closed(scene) {
                return scene.refuse(tx, about(id), refusal);
            }
            let Some(now) = tx.rules_draft(id)? else { return Ok(Err(Failure::NotFound)) };
            if let Some(failure) = scene.call.version_fault(now.version) {
                return Ok(Err(failure));
            }
            if !matches!(now.state, DraftState::Scheduled | DraftState::Refused) {
                return Ok(Err(Failure::Conflict(Message::new("rules_draft_not_scheduled"))));
            }
            let updated_at = scene.now().max(now.updated_at);
            let after = RulesDraft { state: DraftState::Draft, schedule: None, refusal: None, updated_at, ..now };
            let answer = RulesDraft { version: after.version + 1, ..after.clone() };
            conclude(scene, tx, DraftChange::Changed(after), answer)
        })
        .await
    }

    /// Makes active what is due; what of it came out, and why not.
    pub async fn run_rules_schedule(&self, now: Time) -> Outcome<Vec<Came>> {
        let due = self.store.read(move |tx| tx.rules_drafts_due(now)).await?;
        let mut came = Vec::new();
        for draft in due {
            // What fails with one keeps no other from its time.
            let failed = |failure: Failure| Some(Came::Later { draft: draft.id, why: failure.told() });
            came.extend(self.come_due(&draft, now).await.unwrap_or_else(failed));
        }
        let refused = self.store.read(|tx| tx.rules_drafts_refused()).await?;
        let is_late = came.iter().any(|came| matches!(came, Came::Later { .. }));
        self.rules_drafts_refused.store(refused > 0 || is_late, Ordering::SeqCst);
        Ok(came)
    }

    /// Whether a draft was refused when its time came, and nobody has written or removed it since; or could not be tried
    /// yet.
    #[must_use]
    pub fn a_rules_draft_was_refused(&self) -> bool {
        self.rules_drafts_refused.load(Ordering::SeqCst)
    }

    async fn come_due(&self, draft: &RulesDraft, now: Time) -> Outcome<Option<Came>> {
        let Some(schedule) = &draft.schedule else { return Ok(None) };
        let caller = schedule.by.map_or(Caller::System, Caller::Behalf);
        let call = Call { caller, ..Call::system(now, "rules-schedule") };
        let said = DraftActivation {
            comment: schedule.comment.clone(),
            replaces: Some(schedule.replaces),
            migrate: schedule.migrate.clone(),
        };
        let id = draft.id;
        let done: Written<RulesAnswer> = self.become_active(&call, id, said, Some(draft.version)).await;
        let failure = match done {
            Ok(done) => return Ok(Some(Came::Activated { draft: id, number: done.answer.number })),
            Err(failure) => failure,
        };
        let why = failure.told();
        let message = match failure {
            // Noted with it already.
            Failure::Refused(_) => return Ok(Some(Came::Refused { draft: id, why })),
            // Another process was quicker, or somebody took it back.
            Failure::NotFound | Failure::VersionMismatch { .. } => return Ok(None),
            Failure::Conflict(message) if message.code == "rules_draft_activated" => return Ok(None),
            Failure::Unavailable(_) | Failure::NotReady | Failure::Internal { .. } => {
                return Ok(Some(Came::Later { draft: id, why }));
            }
            Failure::Conflict(message) => message,
            Failure::RulesInvalid(_) => Message::new("rules_invalid"),
            Failure::Forbidden(action) => Message::new("no_grant").with("action", action),
            _ => Message::new("schedule_without_owner"),
        };
        let noted = self.note_refusal(draft, message, now).await?;
        Ok(noted.then_some(Came::Refused { draft: id, why }))
    }

    /// Records that a due draft was refused before anything of the company was asked; whether it was this process.
    async fn note_refusal(&self, draft: &RulesDraft, message: Message, now: Time) -> Outcome<bool> {
        let (id, version) = (draft.id, draft.version);
        let call = Call::system(now, "rules-schedule");
        let done: Written<DraftAnswer> = self
            .writing(&call, Action::RulesActivate, move |scene, tx| {
                let Some(present) = tx.rules_draft(id)?.filter(|present| present.version == version) else {
                    return Ok(Err(Failure::NotFound));
                };
                let change = DraftChange::Changed(with_refusal(&present, message.clone(), Vec::new(), now));
                let (criteria, facts) = (Vec::new(), FactsRead::default());
                let refusal = Refusal { kind: RefusalKind::State(message.clone()), criteria, facts };
                scene.refuse_with(tx, about(id), refusal, &[Effect::Draft(&change)])
            })
            .await;
        match done {
            Err(Failure::Refused(_)) => Ok(true),
            Err(Failure::NotFound) | Ok(_) => Ok(false),
            Err(other) => Err(other),
        }
    }
}
