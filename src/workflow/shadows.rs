//! Shadows: a draft put beside the active rules, begun, read and stopped by who may draft rules. What is found there is
//! told as replays tell it: nobody learns which decision came out how unless he may read its deal and everything that the
//! draft decides by.

use super::Workflow;
use super::activation::closed;
use super::answer::ShadowAnswer;
use super::call::Call;
use super::conclude::{About, own_business, subject};
use super::failure::{Failure, Outcome, Written};
use super::pages::{cut, wanted};
use super::people::own_sight;
use super::replays::{FoundPage, found};
use super::rules::permitted;
use super::scene::Scene;
use super::trials::{Tried, forget_before};
use crate::engine::shadow::{ShadowTally, told_in_shadow};
use crate::engine::sight::Sight;
use crate::engine::tally::By;
use crate::rules::hash;
use crate::rules::model::Action;
use crate::store::{Effect, Shadow, ShadowChange, ShadowState, StoreError, Tx};
use crate::texts::Message;
use crate::values::{DraftId, ShadowId};

impl Workflow {
    /// Puts a draft into shadow: every process asks it about what is decided from now on.
    pub async fn begin_shadow(&self, call: &Call, draft: DraftId) -> Written<ShadowAnswer> {
        let (_, _, text, rules) = self.tried(call, Tried::Draft(draft)).await?;
        let id = ShadowId::new();
        let text_hash = hash(&text);
        self.writing(call, Action::RulesDraft, move |scene, tx| {
            if let Some(replayed) = scene.replay(tx, own_sight)? {
                return Ok(replayed);
            }
            if let Some(refusal) = closed(scene) {
                return scene.refuse(tx, about(id), refusal);
            }
            // As it was read: a draft that is written anew ends its shadow.
            let Some(known) = tx.rules_draft(draft)? else { return Ok(Err(Failure::NotFound)) };
            if known.hash != text_hash {
                return Ok(Err(Failure::VersionMismatch { present: known.version }));
            }
            if let Some(number) = known.activated_as {
                let message = Message::new("rules_draft_activated").with("number", number);
                return Ok(Err(Failure::Conflict(message)));
            }
            if tx.running_rules_shadow()?.is_some() {
                return Ok(Err(Failure::Conflict(Message::new("rules_shadow_runs"))));
            }
            let now = scene.now();
            let shadow = Shadow {
                id,
                draft,
                text: text.clone(),
                hash: text_hash.clone(),
                author: scene.actor.user(),
                state: ShadowState::Running,
                told: told_in_shadow(&rules),
                tally: ShadowTally::default(),
                begun_at: now,
                ended_at: None,
            };
            let answer = ShadowAnswer { shadow: shadow.clone() };
            let forget_before = forget_before(now);
            conclude(scene, tx, ShadowChange::Begun { shadow: Box::new(shadow), forget_before }, answer)
        })
        .await
    }

    /// Ends a shadow that still runs. What it found stays.
    pub async fn stop_shadow(&self, call: &Call, id: ShadowId) -> Written<ShadowAnswer> {
        self.writing(call, Action::RulesDraft, move |scene, tx| {
            if let Some(replayed) = scene.replay(tx, own_sight)? {
                return Ok(replayed);
            }
            if let Some(refusal) = closed(scene) {
                return scene.refuse(tx, about(id), refusal);
            }
            let Some(shadow) = tx.rules_shadow(id)? else { return Ok(Err(Failure::NotFound)) };
            if shadow.state != ShadowState::Running {
                return Ok(Err(Failure::Conflict(Message::new("rules_shadow_ended"))));
            }
            let at = scene.now();
            let answer = ShadowAnswer { shadow: Shadow { state: ShadowState::Stopped, ended_at: Some(at), ..shadow } };
            conclude(scene, tx, ShadowChange::Stopped { shadow: id, at }, answer)
        })
        .await
    }

    /// Shadows, the newest first, before `before`.
    pub async fn shadows(&self, call: &Call, before: Option<ShadowId>, limit: u16) -> Outcome<Vec<Shadow>> {
        self.reading(call, Action::RulesDraft, move |scene, tx| {
            let shadows = tx.rules_shadows(before, i64::from(limit))?;
            Ok(permitted(scene).map(|()| shadows))
        })
        .await
    }

    /// One shadow, with what was found so far.
    pub async fn shadow(&self, call: &Call, id: ShadowId) -> Outcome<Shadow> {
        self.reading(call, Action::RulesDraft, move |scene, tx| {
            if let Err(failure) = permitted(scene) {
                return Ok(Err(failure));
            }
            Ok(tx.rules_shadow(id)?.ok_or(Failure::NotFound))
        })
        .await
    }

    /// The listed decisions of a group, in the order of their making.
    pub async fn shadowed_decisions(
        &self,
        call: &Call,
        id: ShadowId,
        group: u32,
        after: Option<i64>,
        limit: u16,
    ) -> Outcome<FoundPage> {
        self.reading(call, Action::RulesDraft, move |scene, tx| {
            if let Err(failure) = permitted(scene) {
                return Ok(Err(failure));
            }
            let Some(shadow) = tx.rules_shadow(id)? else { return Ok(Err(Failure::NotFound)) };
            let Some(known) = usize::try_from(group).ok().and_then(|group| shadow.tally.groups.get(group)) else {
                return Ok(Err(Failure::NotFound));
            };
            // What is wrong with a field tells of that field, whatever else the draft decides by.
            let mut told = shadow.told.clone();
            if let By::Ground(ground) = &known.by {
                told.insert(ground.id.to_string());
            }
            let seqs = tx.rules_shadow_items(id, i64::from(group), after.unwrap_or(0), wanted(limit))?;
            let (seqs, next) = cut(seqs, limit, |last| *last);
            Ok(Ok(FoundPage { items: found(scene, tx, &told, &seqs)?, next }))
        })
        .await
    }
}

fn about(id: ShadowId) -> About {
    About::other(subject("rules_shadow", id), Sight::nothing())
}

fn conclude(
    scene: &Scene,
    tx: &mut Tx<'_>,
    change: ShadowChange,
    answer: ShadowAnswer,
) -> Result<Written<ShadowAnswer>, StoreError> {
    let id = answer.shadow.id;
    scene.conclude(tx, about(id), own_business(change), |change| vec![Effect::Shadow(change)], |_| answer.clone())
}
