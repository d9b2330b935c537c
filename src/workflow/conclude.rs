//! The end of every write: the decision goes into the log with its effect, in one transaction, allowed or refused.

use super::answer::{Kept, Recorded};
use super::failure::{Failure, Refused, Written};
use super::scene::Scene;
use crate::engine::decision::{Allowed, Checked, CheckedKind, Decision, FactsRead, Refusal, RefusalKind};
use crate::engine::permission::Sight;
use crate::store::{Effect, Entry, Guards, IdempotencyRow, StoreError, Subject, Tx};
use crate::values::{CustomerId, DealId, DecisionId};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a decision is about.
#[derive(Clone, Debug)]
pub struct About {
    pub subject: Subject,
    pub deal: Option<DealId>,
    pub customer: Option<CustomerId>,
    pub guards: Guards,
    /// What the caller may see of it.
    pub sight: Sight,
}

impl Scene {
    /// The answer of an earlier call with the same key: looked for before anything is read. A key used for another
    /// call is refused.
    pub fn replay<A: DeserializeOwned>(&self, tx: &mut Tx<'_>) -> Result<Option<Written<A>>, StoreError> {
        let (Some(wanted), Some(user)) = (&self.call.idempotency, self.actor.user()) else { return Ok(None) };
        let Some(stored) = tx.idempotent(user, &wanted.key)? else { return Ok(None) };
        if stored.fingerprint != wanted.fingerprint {
            return Ok(Some(Err(Failure::KeyMismatch)));
        }
        Ok(Some(match serde_json::from_value::<Kept<A>>(stored.answer) {
            Ok(kept) => Ok(Recorded {
                decision: Some(stored.decision),
                answer: kept.answer,
                warnings: kept.warnings,
                replayed: true,
            }),
            Err(fault) => Err(Failure::internal("reading a kept answer", fault)),
        }))
    }

    /// Records the decision with its effect, unless this is a dry run.
    pub fn conclude<E, A: Serialize>(
        &self,
        tx: &mut Tx<'_>,
        about: About,
        decision: Decision<E>,
        effect: impl Fn(&E) -> Effect<'_>,
        answer: impl Fn(&E) -> A,
    ) -> Result<Written<A>, StoreError> {
        match decision {
            Decision::Allowed(allowed) => self.allow(tx, about, &allowed, effect, answer),
            Decision::Refused(refusal) => self.refuse(tx, about, refusal),
        }
    }

    fn allow<E, A: Serialize>(
        &self,
        tx: &mut Tx<'_>,
        about: About,
        allowed: &Allowed<E>,
        effect: impl Fn(&E) -> Effect<'_>,
        answer: impl Fn(&E) -> A,
    ) -> Result<Written<A>, StoreError> {
        let warnings: Vec<Checked> = allowed.criteria.iter().filter(|checked| checked.warns()).cloned().collect();
        let answer = answer(&allowed.effect);
        if self.call.dry_run {
            return Ok(Ok(Recorded { decision: None, answer, warnings, replayed: false }));
        }
        let kept = Kept { answer, warnings };
        let kept_json = match serde_json::to_value(&kept) {
            Ok(json) => json,
            Err(fault) => return Ok(Err(Failure::internal("writing an answer", fault))),
        };
        let id = DecisionId::new();
        let entry = self.entry(id, about, "allowed", &allowed.criteria, &allowed.facts, kept_json);
        tx.record(&entry, Some(effect(&allowed.effect)))?;
        Ok(Ok(Recorded { decision: Some(id), answer: kept.answer, warnings: kept.warnings, replayed: false }))
    }

    /// Records a refusal and answers with it. What is wrong only with the body is not an attempt, and not recorded.
    pub fn refuse<A>(&self, tx: &mut Tx<'_>, about: About, refusal: Refusal) -> Result<Written<A>, StoreError> {
        let only_fields = matches!(refusal.kind, RefusalKind::Unmet)
            && refusal.criteria.iter().filter(|checked| checked.refuses()).all(|checked| checked.kind == CheckedKind::Field);
        let sight = about.sight.clone();
        let decision = if self.call.dry_run || only_fields {
            None
        } else {
            let id = DecisionId::new();
            let kept = serde_json::json!({ "refused": refusal_word(&refusal.kind) });
            let mut entry = self.entry(id, about, "refused", &refusal.criteria, &refusal.facts, kept);
            // A refusal changes nothing and is not kept under the key: the next try is decided anew.
            entry.idempotency = None;
            tx.record(&entry, None)?;
            Some(id)
        };
        Ok(Err(Failure::Refused(Box::new(Refused { refusal, sight, decision }))))
    }

    fn entry(
        &self,
        id: DecisionId,
        about: About,
        outcome: &'static str,
        criteria: &[Checked],
        facts: &FactsRead,
        answer: serde_json::Value,
    ) -> Entry {
        Entry {
            id,
            at: self.now(),
            actor: self.actor.user(),
            roles: self.actor.roles.clone(),
            action: self.action.word().to_owned(),
            subject: about.subject,
            deal: about.deal,
            customer: about.customer,
            rules_version: self.active.epochs.rules_version,
            outcome: outcome.to_owned(),
            criteria: serde_json::to_value(criteria).unwrap_or_default(),
            facts: serde_json::to_value(&facts.values).unwrap_or_default(),
            personal: (!facts.personal.is_empty()).then(|| serde_json::to_value(&facts.personal).unwrap_or_default()),
            answer,
            request_id: self.call.request_id.clone(),
            idempotency: self.call.idempotency.as_ref().map(|wanted| IdempotencyRow {
                key: wanted.key.clone(),
                fingerprint: wanted.fingerprint.clone(),
            }),
            guards: about.guards,
        }
    }
}

/// What was refused, in one word for the log.
fn refusal_word(kind: &RefusalKind) -> String {
    match kind {
        RefusalKind::Permission(message) | RefusalKind::State(message) => message.code.to_string(),
        RefusalKind::Unmet => "unmet".to_owned(),
    }
}
