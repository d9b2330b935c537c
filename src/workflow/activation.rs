//! Making rules active: a whole text, an earlier version, a draft.
//!
//! A change that does not pass the checker, whose scenarios fail, or that lacks what is in use and says not what becomes
//! of it, changes nothing. One that passes is active for every process before the call answers: each transaction compares
//! the epochs. Where the active rules demand it, only drafts become active, and never by one who wrote in them.

use super::Workflow;
use super::answer::RulesAnswer;
use super::call::Call;
use super::conclude::{About, own_business, subject};
use super::failure::{Failure, Outcome, Written};
use super::people::own_sight;
use super::rules::{check_aside, permitted};
use super::rules_identities::renew;
use super::rules_in_use::{Standing, stands_against};
use super::scene::Scene;
use crate::engine::decision::{FactsRead, Refusal, RefusalKind};
use crate::engine::permission::Row;
use crate::engine::sight::Sight;
use crate::rules::hash;
use crate::rules::migrate::Migration;
use crate::rules::model::{Action, Rules};
use crate::store::{
    ActivatedDraft, Activation, DraftChange, DraftState, Effect, RulesDraft, RulesSource, ScheduleRefusal, StoreError,
    Tx,
};
use crate::texts::Message;
use crate::values::{DraftId, UserId};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Rules to be made active.
#[derive(Clone, Debug)]
pub struct NewRules {
    pub text: String,
    pub comment: Option<String>,
    pub source: RulesSource,
    /// What becomes of things in use, besides what the text says.
    pub migrate: Migration,
    /// If they come from the file: the hash by which it is known from now on.
    pub file_hash: Option<String>,
}

/// What is said with the activation of a draft.
#[derive(Clone, Debug, Default)]
pub struct DraftActivation {
    /// Instead of the draft's own.
    pub comment: Option<String>,
    /// The version that it is meant to replace; `None` = the one it was made from. Another one rules: refused.
    pub replaces: Option<i64>,
    /// What becomes of things in use, besides what the text says.
    pub migrate: Migration,
}

/// A change of rules that passed the checks which need nothing but its text.
pub(super) struct Change {
    pub text: String,
    pub rules: Arc<Rules>,
    pub hash: String,
    pub comment: Option<String>,
    pub source: RulesSource,
    pub migrate: Migration,
    pub file_hash: Option<String>,
    /// Who wrote it; `None` = who calls.
    pub author: Option<UserId>,
    pub draft: Option<ActivatedDraft>,
    /// The version that it must replace, and the one it was made from.
    pub replaces: Option<(i64, i64)>,
}

impl Workflow {
    /// Makes the text of an earlier version the active rules again, under a new number and with the same checks.
    pub async fn reactivate_rules(
        &self,
        call: &Call,
        number: i64,
        comment: Option<String>,
        migrate: Migration,
    ) -> Written<RulesAnswer> {
        let text = self.version_for(call, Action::RulesActivate, Some(number)).await?.text;
        let new = NewRules { text, comment, source: RulesSource::Api, migrate, file_hash: None };
        self.activate_rules(call, new).await
    }

    /// Makes these rules the active ones, for every process, before it answers.
    pub async fn activate_rules(&self, call: &Call, new: NewRules) -> Written<RulesAnswer> {
        drop(self.admit(call, Action::RulesActivate).await?);
        self.not_from_file(new.source)?;
        let checked = check_aside(new.text.clone(), call.now).await?;
        let rules = checked.accepted().map_err(|faults| Failure::RulesInvalid(Box::new(faults)))?;
        let change = Change {
            hash: hash(&new.text),
            text: new.text,
            rules,
            comment: new.comment,
            source: new.source,
            migrate: new.migrate,
            file_hash: new.file_hash,
            author: None,
            draft: None,
            replaces: None,
        };
        let done = self
            .writing_alone(call, Action::RulesActivate, move |scene, tx| {
                if let Some(replayed) = scene.replay(tx, own_sight)? {
                    return Ok(replayed);
                }
                let number = tx.newest_rules_version()? + 1;
                match closed(scene).or_else(|| needs_draft(scene)) {
                    Some(refusal) => scene.refuse(tx, about(number), refusal),
                    None => match decide(scene, tx, &change, true)? {
                        Ok(standing) => conclude(scene, tx, &change, number, standing),
                        Err(Against::Refusal(refusal)) => scene.refuse(tx, about(number), *refusal),
                        Err(Against::Failure(failure)) => Ok(Err(failure)),
                    },
                }
            })
            .await?;
        self.follow(call, done.replayed).await?;
        Ok(done)
    }

    /// Makes a draft the active rules.
    pub async fn activate_draft(&self, call: &Call, id: DraftId, said: DraftActivation) -> Written<RulesAnswer> {
        self.become_active(call, id, said, None).await
    }

    /// The same for one whose time has come, as it was seen: what stands against it is noted with it, in the
    /// transaction that records the refusal, so that of several processes one does either.
    pub(super) async fn become_active(
        &self,
        call: &Call,
        id: DraftId,
        said: DraftActivation,
        due: Option<i64>,
    ) -> Written<RulesAnswer> {
        drop(self.admit(call, Action::RulesActivate).await?);
        self.not_from_file(RulesSource::Api)?;
        let draft = self.draft_for(call, Action::RulesActivate, id).await?;
        let checked = check_aside(draft.text.clone(), call.now).await?;
        let rules = checked.accepted().map_err(|faults| Failure::RulesInvalid(Box::new(faults)))?;
        let done = self
            .writing_alone(call, Action::RulesActivate, move |scene, tx| {
                if let Some(replayed) = scene.replay(tx, own_sight)? {
                    return Ok(replayed);
                }
                let Some(now) = tx.rules_draft(id)? else { return Ok(Err(Failure::NotFound)) };
                if now.hash != draft.hash || due.is_some_and(|seen| seen != now.version) {
                    return Ok(Err(Failure::VersionMismatch { present: now.version }));
                }
                let number = tx.newest_rules_version()? + 1;
                let change = Change::of(&now, &rules, &said);
                let against = match draft_closed(scene, &now) {
                    Some(against) => Err(against),
                    None => decide(scene, tx, &change, true)?,
                };
                match against {
                    Ok(standing) => conclude(scene, tx, &change, number, standing),
                    Err(Against::Failure(failure)) => Ok(Err(failure)),
                    Err(Against::Refusal(refusal)) if due.is_some() => {
                        let refused = refused(&now, &refusal, scene);
                        scene.refuse_with(tx, about(number), *refusal, &[Effect::Draft(&refused)])
                    }
                    Err(Against::Refusal(refusal)) => scene.refuse(tx, about(number), *refusal),
                }
            })
            .await?;
        self.follow(call, done.replayed).await?;
        Ok(done)
    }

    /// While the file rules, nobody else changes the rules.
    pub(super) fn not_from_file(&self, source: RulesSource) -> Outcome<()> {
        if self.rules_from_file.load(Ordering::SeqCst) && source != RulesSource::File {
            return Err(Failure::Conflict(Message::new("rules_from_file")));
        }
        Ok(())
    }

    /// After an activation: this process goes over to the new rules before it answers.
    async fn follow(&self, call: &Call, replayed: bool) -> Outcome<()> {
        if !call.dry_run && !replayed {
            self.reload().await?;
        }
        Ok(())
    }

    /// A draft with its text, for somebody who may do this with the rules.
    pub(super) async fn draft_for(&self, call: &Call, action: Action, id: DraftId) -> Outcome<RulesDraft> {
        self.reading(call, action, move |scene, tx| {
            if let Err(failure) = permitted(scene) {
                return Ok(Err(failure));
            }
            Ok(tx.rules_draft(id)?.ok_or(Failure::NotFound))
        })
        .await
    }
}

impl Change {
    pub(super) fn of(draft: &RulesDraft, rules: &Arc<Rules>, said: &DraftActivation) -> Self {
        Self {
            text: draft.text.clone(),
            rules: Arc::clone(rules),
            hash: draft.hash.clone(),
            comment: said.comment.clone().or_else(|| draft.comment.clone()),
            source: RulesSource::Api,
            migrate: said.migrate.clone(),
            file_hash: None,
            author: draft.author,
            draft: Some(ActivatedDraft { id: draft.id, version: draft.version }),
            replaces: Some((said.replaces.unwrap_or(draft.parent), draft.parent)),
        }
    }
}

/// What stands against a change: an answer that is recorded, or one that is not.
pub(super) enum Against {
    Refusal(Box<Refusal>),
    Failure(Failure),
}

impl From<Failure> for Against {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl Against {
    pub(super) fn refusal(refusal: Refusal) -> Self {
        Self::Refusal(Box::new(refusal))
    }
}

pub(super) fn about(number: i64) -> About {
    About::other(subject("rules", number), Sight::nothing())
}

fn refusal(kind: RefusalKind) -> Refusal {
    Refusal { kind, criteria: Vec::new(), facts: FactsRead::default() }
}

/// A condition or a `never` of the caller's roles closes the rules to him.
pub(super) fn closed(scene: &Scene) -> Option<Refusal> {
    let message = || Message::new("not_permitted_here").with("action", scene.word);
    (!scene.permit.holds(&Row::Company, scene.now())).then(|| refusal(RefusalKind::Permission(message())))
}

/// Where two are demanded, a text that nobody else has seen does not become active. Who sits at the host, and the file,
/// are not held to it: they could change everything anyway, and a file has reviewers of its own.
fn needs_draft(scene: &Scene) -> Option<Refusal> {
    let held = scene.rules().activation_by_another && scene.actor.user().is_some();
    held.then(|| refusal(RefusalKind::Permission(Message::new("rules_by_draft_only"))))
}

/// Nor does what becomes of people and things, where it comes with the activation and nobody else has seen it.
fn needs_mapping_in_draft(scene: &Scene, change: &Change) -> Option<Refusal> {
    let held = scene.rules().activation_by_another && scene.actor.user().is_some() && !change.migrate.is_empty();
    held.then(|| refusal(RefusalKind::Permission(Message::new("rules_migrate_by_draft_only"))))
}

/// What stands against the activation of a draft before anything is counted.
pub(super) fn draft_closed(scene: &Scene, draft: &RulesDraft) -> Option<Against> {
    if let Some(refusal) = closed(scene) {
        return Some(Against::refusal(refusal));
    }
    if draft.state == DraftState::Activated {
        let number = draft.activated_as.unwrap_or_default();
        let message = Message::new("rules_draft_activated").with("number", number);
        return Some(Against::Failure(Failure::Conflict(message)));
    }
    if let Some(failure) = scene.call.version_fault(draft.version) {
        return Some(Against::Failure(failure));
    }
    needs_another(scene, draft).map(Against::refusal)
}

/// Where two are demanded, whoever wrote in a draft does not activate it.
pub(super) fn needs_another(scene: &Scene, draft: &RulesDraft) -> Option<Refusal> {
    let wrote = scene.actor.user().is_some_and(|user| draft.editors.contains(&user));
    let held = scene.rules().activation_by_another && wrote;
    held.then(|| refusal(RefusalKind::Permission(Message::new("rules_by_another"))))
}

/// Another version rules than the one that a draft is to replace.
pub(super) fn outdated(scene: &Scene, (replaces, parent): (i64, i64)) -> Option<Refusal> {
    let active = scene.active.epochs.rules_version;
    let message = || Message::new("rules_draft_outdated").with("parent", parent).with("meant", replaces);
    (replaces != active).then(|| refusal(RefusalKind::State(message().with("active", active))))
}

/// Everything else that stands against a change; `None`: nothing, and what goes with it. With `hold`, nothing that was
/// counted changes until the end of the transaction.
pub(super) fn decide(
    scene: &Scene,
    tx: &mut Tx<'_>,
    change: &Change,
    hold: bool,
) -> Result<Result<Standing, Against>, StoreError> {
    if let Some(refusal) = needs_mapping_in_draft(scene, change) {
        return Ok(Err(Against::refusal(refusal)));
    }
    let active = scene.active.epochs.rules_version;
    if change.draft.is_none()
        && let Some(failure) = scene.call.version_fault(active)
    {
        return Ok(Err(Against::Failure(failure)));
    }
    if let Some(refusal) = change.replaces.and_then(|replaces| outdated(scene, replaces)) {
        return Ok(Err(Against::refusal(refusal)));
    }
    if scene.active.rules_hash == change.hash {
        return Ok(Err(Against::Failure(Failure::Conflict(Message::new("rules_unchanged")))));
    }
    let first = |found: Result<Standing, Vec<Refusal>>| {
        found.map_err(|refusals| {
            let none = || refusal(RefusalKind::State(Message::new("rules_in_use")));
            Against::refusal(refusals.into_iter().next().unwrap_or_else(none))
        })
    };
    let found = stands_against(scene, tx, change)?;
    if found.is_err() || !hold || scene.call.dry_run {
        return Ok(first(found));
    }
    // Counted again with everybody kept out, where somebody may have begun to use what goes in between.
    let others_wrote = tx.hold_epochs()?;
    Ok(first(if others_wrote { stands_against(scene, tx, change)? } else { found }))
}

fn conclude(
    scene: &Scene,
    tx: &mut Tx<'_>,
    change: &Change,
    number: i64,
    standing: Standing,
) -> Result<Written<RulesAnswer>, StoreError> {
    let activation = Activation {
        number,
        hash: change.hash.clone(),
        text: change.text.clone(),
        author: change.author.or(scene.actor.user()),
        comment: change.comment.clone(),
        replaces: scene.active.epochs.rules_version,
        source: change.source,
        at: scene.now(),
        activated_by: scene.actor.user(),
        draft: change.draft,
        migration: standing.migration,
        migrated: standing.migrated,
        renames: standing.renames,
        removed: standing.removed,
        declared: standing.declared,
        file_hash: change.file_hash.clone(),
    };
    let written =
        scene.conclude(tx, about(number), own_business(activation), |one| vec![Effect::Rules(one)], RulesAnswer::of)?;
    if let Some(identities) = standing.identities.filter(|_| !scene.call.dry_run) {
        renew(tx, &identities)?;
    }
    Ok(written)
}

/// The draft as it stands after it was refused when its time came.
fn refused(draft: &RulesDraft, refusal: &Refusal, scene: &Scene) -> DraftChange {
    let message = match &refusal.kind {
        RefusalKind::Permission(message) | RefusalKind::State(message) => message.clone(),
        RefusalKind::Unmet => Message::new("unmet"),
    };
    DraftChange::Changed(with_refusal(draft, message, refusal.criteria.clone(), scene.now()))
}

/// A draft that was refused: it can be written again.
pub(super) fn with_refusal(
    draft: &RulesDraft,
    message: Message,
    criteria: Vec<crate::engine::decision::Checked>,
    at: crate::values::Time,
) -> RulesDraft {
    RulesDraft {
        state: DraftState::Refused,
        refusal: Some(ScheduleRefusal { at, message, criteria }),
        updated_at: at.max(draft.updated_at),
        ..draft.clone()
    }
}
