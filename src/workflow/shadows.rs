//! Shadows: a draft put beside the active rules, begun, read and stopped by who may draft rules. What is found there is
//! told as replays tell it: nobody learns which decision came out how unless he may read its deal and everything that the
//! draft decides by.

use super::Workflow;
use super::answer::ShadowAnswer;
use super::call::Call;
use super::failure::{Failure, Outcome, Written};
use super::replays::{FoundPage, found};
use super::trials::{Trial, Tried, TriedRules, in_tens};
use crate::engine::shadow::{ShadowCounts, ShadowGroup, ShadowTally, told_in_shadow};
use crate::engine::tally::By;
use crate::rules::hash;
use crate::store::{Effect, Shadow, ShadowChange, ShadowState, StoreError, Tx};
use crate::texts::Message;
use crate::values::{DraftId, ShadowId, Time};
use std::collections::BTreeSet;

impl Workflow {
    /// Puts a draft into shadow: every process asks it about what is decided from now on.
    pub async fn begin_shadow(&self, call: &Call, draft: DraftId) -> Written<ShadowAnswer> {
        let TriedRules { text, rules, .. } = self.tried(call, Tried::Draft(draft)).await?;
        let id = ShadowId::new();
        let text_hash = hash(&text);
        self.begin_trial(call, id, move |scene, tx| {
            // As it was read: a draft that is written anew ends its shadow.
            let Some(known) = tx.rules_draft(draft)? else { return Ok(Err(Failure::NotFound.into())) };
            if known.hash != text_hash {
                return Ok(Err(Failure::VersionMismatch { present: known.version }.into()));
            }
            if let Some(number) = known.activated_as {
                let message = Message::new("rules_draft_activated").with("number", number);
                return Ok(Err(Failure::Conflict(message).into()));
            }
            if tx.running_rules_shadow()?.is_some() {
                return Ok(Err(Failure::Conflict(Message::new("rules_shadow_runs")).into()));
            }
            Ok(Ok(Shadow {
                id,
                draft,
                text: text.clone(),
                hash: text_hash.clone(),
                author: scene.actor.user(),
                state: ShadowState::Running,
                told: told_in_shadow(&rules),
                tally: ShadowTally::default(),
                begun_at: scene.now(),
                ended_at: None,
                in_tens: false,
            }))
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
        self.trial_group(call, id, group, move |scene, tx, shadow: &Shadow, (group, how)| {
            let mut told = shadow.told.clone();
            told.extend(shadow.tally.groups.get(group).and_then(of_its_own));
            let group = i64::try_from(group).unwrap_or(i64::MAX);
            let read = |tx: &mut Tx<'_>, after: Option<i64>, limit| {
                tx.rules_shadow_items(id, group, after.unwrap_or(0), limit)
            };
            found(scene, tx, &told, (after, limit, how), read)
        })
        .await
    }
}

/// What is wrong with a field tells of that field, whatever else the draft decides by.
fn of_its_own(group: &ShadowGroup) -> Option<String> {
    match &group.by {
        By::Ground(ground) => Some(ground.id.to_string()),
        By::State | By::Lacking(_) => None,
    }
}

impl Trial for Shadow {
    type Id = ShadowId;
    type Answer = ShadowAnswer;
    type Change = ShadowChange;

    const KIND: &'static str = "rules_shadow";
    const ENDED: &'static str = "rules_shadow_ended";

    fn id(&self) -> ShadowId {
        self.id
    }

    fn told(&self) -> BTreeSet<String> {
        self.told.iter().cloned().chain(self.tally.groups.iter().filter_map(of_its_own)).collect()
    }

    fn counts(&self) -> Vec<u64> {
        self.tally.groups.iter().map(|group| group.count).collect()
    }

    fn rounded(mut self) -> Self {
        for line in &mut self.tally.lines {
            let ShadowCounts { agreed, refused, allowed, undecided, skipped: _ } = &mut line.counts;
            for count in [agreed, refused, allowed, undecided] {
                *count = in_tens(*count);
            }
        }
        for group in &mut self.tally.groups {
            (group.count, group.sampled) = (in_tens(group.count), in_tens(group.sampled));
        }
        self.tally.groups.retain(|group| group.count > 0);
        Self { in_tens: true, ..self }
    }

    fn beginning(&self, forget_before: Time) -> ShadowChange {
        ShadowChange::Begun { shadow: Box::new(self.clone()), forget_before }
    }

    fn ending(self, at: Time) -> Option<(Self, ShadowChange)> {
        let change = ShadowChange::Stopped { shadow: self.id, at };
        let ended = Self { state: ShadowState::Stopped, ended_at: Some(at), ..self };
        (self.state == ShadowState::Running).then_some((ended, change))
    }

    fn effect(change: &ShadowChange) -> Effect<'_> {
        Effect::Shadow(change)
    }

    fn one(tx: &mut Tx<'_>, id: ShadowId) -> Result<Option<Self>, StoreError> {
        tx.rules_shadow(id)
    }

    fn many(tx: &mut Tx<'_>, before: Option<ShadowId>, limit: i64) -> Result<Vec<Self>, StoreError> {
        tx.rules_shadows(before, limit)
    }
}

impl From<Shadow> for ShadowAnswer {
    fn from(shadow: Shadow) -> Self {
        Self { shadow }
    }
}

impl From<ShadowAnswer> for Shadow {
    fn from(answer: ShadowAnswer) -> Self {
        answer.shadow
    }
}
