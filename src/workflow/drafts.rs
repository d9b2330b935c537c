//! Drafts of the rules: begun, written by several, read with everything that stands against them, thrown away.

use super::Workflow;
use super::activation::{Change, DraftActivation, closed, needs_another, outdated};
use super::answer::DraftAnswer;
use super::call::Call;
use super::conclude::{About, own_business, subject};
use super::failure::{Failure, Outcome, Written};
use super::people::own_sight;
use super::rules::{CheckedRules, advise_aside, permitted};
use super::rules_in_use::stands_against;
use super::scene::Scene;
use crate::engine::decision::Refusal;
use crate::engine::sight::Sight;
use crate::rules::hash;
use crate::rules::model::Action;
use crate::store::{DraftChange, DraftState, Effect, RulesDraft, StoreError, Tx};
use crate::texts::Message;
use crate::values::DraftId;
use std::sync::Arc;

/// What is written into a draft.
#[derive(Clone, Debug)]
pub struct DraftText {
    pub text: String,
    pub comment: Option<String>,
    /// The version that it rests on from now on; `None` = as it was, and for a new one the active version.
    pub parent: Option<i64>,
}

/// A draft and everything that stands against it now.
#[derive(Debug)]
pub struct DraftReading {
    pub draft: RulesDraft,
    pub checked: CheckedRules,
    /// What of the company stands against it, as far as its file is in order.
    pub obstacles: Vec<Refusal>,
    /// The version that rules now.
    pub active: i64,
}

impl Workflow {
    /// Drafts, the newest first, before `before`; without their texts.
    pub async fn drafts(&self, call: &Call, before: Option<DraftId>, limit: u16) -> Outcome<Vec<RulesDraft>> {
        self.reading(call, Action::RulesRead, move |scene, tx| {
            let drafts = tx.rules_drafts(before, i64::from(limit))?;
            Ok(permitted(scene).map(|()| drafts))
        })
        .await
    }

    /// One draft with its text, its problems, its scenarios, and what of the company stands against it.
    pub async fn draft(&self, call: &Call, id: DraftId) -> Outcome<DraftReading> {
        let draft = self.draft_for(call, Action::RulesRead, id).await?;
        let checked = advise_aside(draft.text.clone(), call.now).await?;
        let passes = checked.scenarios.iter().all(|result| result.passed());
        let rules = checked.rules.as_ref().filter(|_| passes && draft.state != DraftState::Activated).map(Arc::clone);
        let seen = draft.clone();
        let (obstacles, active) = self
            .reading(call, Action::RulesRead, move |scene, tx| {
                let active = scene.active.epochs.rules_version;
                if seen.state == DraftState::Activated {
                    return Ok(Ok((Vec::new(), active)));
                }
                let replaces = seen.schedule.as_ref().map_or(seen.parent, |schedule| schedule.replaces);
                let against = [needs_another(scene, &seen), outdated(scene, (replaces, seen.parent))];
                let mut against: Vec<_> = against.into_iter().flatten().collect();
                if let Some(rules) = &rules {
                    let migrate = seen.schedule.as_ref().map(|schedule| schedule.migrate.clone()).unwrap_or_default();
                    let change = Change::of(&seen, rules, &DraftActivation { migrate, ..DraftActivation::default() });
                    against.extend(stands_against(scene, tx, &change)?.err().unwrap_or_default());
                }
                Ok(Ok((against, active)))
            })
            .await?;
        Ok(DraftReading { draft, checked, obstacles, active })
    }

    /// Begins a draft. It need not be rules yet.
    pub async fn create_draft(&self, call: &Call, new: DraftText) -> Written<DraftAnswer> {
        let id = DraftId::new();
        let text_hash = self.draft_text(&new)?;
        self.writing(call, Action::RulesDraft, move |scene, tx| {
            if let Some(replayed) = scene.replay(tx, own_sight)? {
                return Ok(replayed);
            }
            if let Some(refusal) = closed(scene) {
                return scene.refuse(tx, about(id), refusal);
            }
            let parent = new.parent.unwrap_or(scene.active.epochs.rules_version);
            if tx.rules_version(parent)?.is_none() {
                return Ok(Err(unknown_parent()));
            }
            let now = scene.now();
            let draft = RulesDraft {
                id,
                text: new.text.clone(),
                hash: text_hash.clone(),
                author: scene.actor.user(),
                editors: scene.actor.user().into_iter().collect(),
                comment: new.comment.clone(),
                parent,
                state: DraftState::Draft,
                schedule: None,
                refusal: None,
                activated_as: None,
                version: 1,
                created_at: now,
                updated_at: now,
            };
            let answer = draft.clone();
            conclude(scene, tx, DraftChange::Made(draft), answer)
        })
        .await
    }

    /// Writes a draft anew. Not while it is scheduled: what was agreed to must be what becomes active.
    pub async fn change_draft(&self, call: &Call, id: DraftId, new: DraftText) -> Written<DraftAnswer> {
        let text_hash = self.draft_text(&new)?;
        self.writing(call, Action::RulesDraft, move |scene, tx| {
            let draft = match open(scene, tx, id)? {
                Open::Draft(draft) => *draft,
                Open::Done(done) => return Ok(*done),
            };
            if let Some(parent) = new.parent
                && tx.rules_version(parent)?.is_none()
            {
                return Ok(Err(unknown_parent()));
            }
            let mut editors = draft.editors.clone();
            editors.extend(scene.actor.user().filter(|user| !draft.editors.contains(user)));
            let after = RulesDraft {
                text: new.text.clone(),
                hash: text_hash.clone(),
                editors,
                comment: new.comment.clone().or_else(|| draft.comment.clone()),
                parent: new.parent.unwrap_or(draft.parent),
                state: DraftState::Draft,
                schedule: None,
                refusal: None,
                updated_at: scene.now().max(draft.updated_at),
                ..draft
            };
            let answer = RulesDraft { version: after.version + 1, ..after.clone() };
            conclude(scene, tx, DraftChange::Changed(after), answer)
        })
        .await
    }

    /// Throws a draft away.
    pub async fn remove_draft(&self, call: &Call, id: DraftId) -> Written<DraftAnswer> {
        self.writing(call, Action::RulesDraft, move |scene, tx| {
            let draft = match open(scene, tx, id)? {
                Open::Draft(draft) => *draft,
                Open::Done(done) => return Ok(*done),
            };
            let change = DraftChange::Removed { draft: id, version: draft.version };
            conclude(scene, tx, change, draft)
        })
        .await
    }

    /// A text that the database can keep; its hash.
    fn draft_text(&self, new: &DraftText) -> Outcome<String> {
        // A body that was forgotten would take the place of a draft that is there.
        if new.text.trim().is_empty() {
            return Err(Failure::invalid("", Message::new("file_empty")));
        }
        if new.text.contains('\0') {
            return Err(Failure::invalid("", Message::new("control_character")));
        }
        Ok(hash(&new.text))
    }
}

fn unknown_parent() -> Failure {
    Failure::invalid("/parent", Message::new("rules_version_unknown"))
}

pub(super) fn about(id: DraftId) -> About {
    About::other(subject("rules_draft", id), Sight::nothing())
}

pub(super) fn conclude(
    scene: &Scene,
    tx: &mut Tx<'_>,
    change: DraftChange,
    answer: RulesDraft,
) -> Result<Written<DraftAnswer>, StoreError> {
    let id = answer.id;
    scene.conclude(
        tx,
        about(id),
        own_business(change),
        |change| vec![Effect::Draft(change)],
        |_| DraftAnswer { draft: answer.clone() },
    )
}

/// A draft that can be written, or the answer instead.
#[allow(clippy::large_enum_variant, reason = "it is taken apart where it is made")]
pub(super) enum Open {
    Draft(Box<RulesDraft>),
    Done(Box<Written<DraftAnswer>>),
}

pub(super) fn open(scene: &Scene, tx: &mut Tx<'_>, id: DraftId) -> Result<Open, StoreError> {
    let done = |answer| Ok(Open::Done(Box::new(answer)));
    if let Some(replayed) = scene.replay(tx, own_sight)? {
        return done(replayed);
    }
    if let Some(refusal) = closed(scene) {
        return done(scene.refuse(tx, about(id), refusal)?);
    }
    let Some(draft) = tx.rules_draft(id)? else { return done(Err(Failure::NotFound)) };
    if let Some(failure) = scene.call.version_fault(draft.version) {
        return done(Err(failure));
    }
    let message = match draft.state {
        DraftState::Draft | DraftState::Refused => return Ok(Open::Draft(Box::new(draft))),
        DraftState::Scheduled => Message::new("rules_draft_scheduled"),
        DraftState::Activated => {
            Message::new("rules_draft_activated").with("number", draft.activated_as.unwrap_or_default())
        }
    };
    done(Err(Failure::Conflict(message)))
}
