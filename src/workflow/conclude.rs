//! The end of every write: the decision goes into the log with its effect, in one transaction, allowed or refused.

use super::answer::{Answer, Kept, Recorded};
use super::call::Idempotency;
use super::failure::{Failure, Refused, Written};
use super::scene::Scene;
use crate::engine::decision::{Allowed, Checked, CheckedKind, Decision, FactsRead, Readings, Refusal, RefusalKind};
use crate::engine::facts::{Customer, DealFacts};
use crate::engine::sight::Sight;
use crate::store::{
    CustomerGuard, DealGuard, Effect, Entry, Guards, IdempotencyKey, Outcome, Remembered, StoreError, Subject, Tx,
};
use crate::values::{CustomerId, DealId, DecisionId};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a decision is about, and the versions it rests on.
#[derive(Clone, Debug)]
pub struct About {
    pub subject: Subject,
    pub deal: Option<DealId>,
    pub customer: Option<CustomerId>,
    pub deal_guard: Option<DealGuard>,
    pub customer_guard: Option<CustomerGuard>,
    /// What the caller may see of it.
    pub sight: Sight,
}

impl About {
    /// A deal and its customer, guarded as they were read.
    #[must_use]
    pub fn deal(record: &DealFacts, sight: Sight) -> Self {
        let deal = &record.deal;
        Self {
            subject: subject("deal", deal.id),
            deal: Some(deal.id),
            customer: Some(deal.customer),
            deal_guard: Some(DealGuard { deal: deal.id, version: deal.version, facts_version: deal.facts_version }),
            customer_guard: Some(guard(&record.customer)),
            sight,
        }
    }

    /// A customer, guarded as it was read.
    #[must_use]
    pub fn customer(customer: &Customer, sight: Sight) -> Self {
        Self {
            subject: subject("customer", customer.id),
            deal: None,
            customer: Some(customer.id),
            deal_guard: None,
            customer_guard: Some(guard(customer)),
            sight,
        }
    }

    /// Something that is not a customer's: a user, a team, the rules, a customer that is being made.
    #[must_use]
    pub fn other(subject: Subject, sight: Sight) -> Self {
        Self { subject, deal: None, customer: None, deal_guard: None, customer_guard: None, sight }
    }
}

fn guard(customer: &Customer) -> CustomerGuard {
    CustomerGuard { customer: customer.id, facts_version: customer.facts_version }
}

/// What a decision is about, in the log's words.
#[must_use]
pub fn subject(kind: &str, id: impl std::fmt::Display) -> Subject {
    Subject { kind: kind.to_owned(), id: Some(id.to_string()) }
}

/// What a write to a deal begins with.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "it is taken apart where it is made")]
pub enum Taken<A> {
    /// The deal with all that decisions about it rest on, and what the caller sees of it.
    Deal(DealFacts, Sight),
    /// There is nothing left to do.
    Ended(Written<A>),
}

/// What needs no decision: a user's own business, and what a permit alone allows.
#[must_use]
pub fn own_business<E>(effect: E) -> Decision<E> {
    Decision::Allowed(Allowed { effect, criteria: Vec::new(), facts: FactsRead::default() })
}

impl<P: Clone + Send + Sync + 'static> Scene<P> {
    /// The answer of an earlier call with the same key, or that the key was used for another one. Who may have it is
    /// asked again: `sight` looks at the thing as it is now.
    pub fn replay<A: Answer + DeserializeOwned>(
        &self,
        tx: &mut Tx<'_>,
        sight: impl FnOnce(&mut Tx<'_>, &A) -> Result<Option<Sight>, StoreError>,
    ) -> Result<Option<Written<A>>, StoreError> {
        let Some(wanted) = &self.call.idempotency else { return Ok(None) };
        let Some(known) = tx.remembered(self.actor.who, &wanted.key)? else { return Ok(None) };
        self.again(tx, wanted, known, sight).map(Some)
    }

    /// The deal that a write is about, or what ends the use case before it: the answer of an earlier call with the same
    /// key (an answer about the deal `of` it), or that there is nothing that the caller may see. One statement.
    pub fn take_deal<A: Answer + DeserializeOwned>(
        &self,
        tx: &mut Tx<'_>,
        id: DealId,
        of: impl FnOnce(&A) -> DealId,
    ) -> Result<Taken<A>, StoreError> {
        let wanted = self.call.idempotency.as_ref();
        let read = tx.read_deal(id, wanted.map(|wanted| (self.actor.who, wanted.key.as_str())))?;
        if let (Some(wanted), Some(known)) = (wanted, read.remembered) {
            return Ok(Taken::Ended(self.again(tx, wanted, known, |tx, answer| self.deal_sight(tx, of(answer)))?));
        }
        let seen = read.facts.and_then(|record| self.look_at(record));
        Ok(seen.map_or_else(|| Taken::Ended(Err(Failure::NotFound)), |(record, sight)| Taken::Deal(record, sight)))
    }

    /// What was answered under the key.
    fn again<A: Answer + DeserializeOwned>(
        &self,
        tx: &mut Tx<'_>,
        wanted: &Idempotency,
        known: Remembered,
        sight: impl FnOnce(&mut Tx<'_>, &A) -> Result<Option<Sight>, StoreError>,
    ) -> Result<Written<A>, StoreError> {
        if known.fingerprint != wanted.fingerprint {
            return Ok(Err(Failure::KeyMismatch));
        }
        let mut kept: Kept<A> = match serde_json::from_value(known.entry.answer) {
            Ok(kept) => kept,
            Err(fault) => return Ok(Err(Failure::internal("reading a kept answer", fault))),
        };
        let mut personal = known.entry.facts.personal;
        kept.answer.rejoin(&mut personal);
        let Some(sight) = sight(tx, &kept.answer)? else { return Ok(Err(Failure::NotFound)) };
        Ok(Ok(Recorded {
            decision: Some(known.entry.id),
            answer: kept.answer,
            warnings: kept.warnings,
            sight,
            replayed: true,
        }))
    }

    /// Records the decision with its effects, unless this is a dry run.
    pub fn conclude<E, A: Answer + Serialize>(
        &self,
        tx: &mut Tx<'_>,
        about: About,
        decision: Decision<E>,
        effects: impl Fn(&E) -> Vec<Effect<'_>>,
        answer: impl Fn(&E) -> A,
    ) -> Result<Written<A>, StoreError> {
        match decision {
            Decision::Allowed(allowed) => self.allow(tx, about, &allowed, effects, answer),
            Decision::Refused(refusal) => self.refuse(tx, about, refusal),
        }
    }

    fn allow<E, A: Answer + Serialize>(
        &self,
        tx: &mut Tx<'_>,
        about: About,
        allowed: &Allowed<E>,
        effects: impl Fn(&E) -> Vec<Effect<'_>>,
        answer: impl Fn(&E) -> A,
    ) -> Result<Written<A>, StoreError> {
        let warnings: Vec<Checked> = allowed.criteria.iter().filter(|checked| checked.warns()).cloned().collect();
        let answer = answer(&allowed.effect);
        let sight = about.sight.clone();
        let recorded = |decision| Recorded {
            decision,
            answer: answer.clone(),
            warnings: warnings.clone(),
            sight,
            replayed: false,
        };
        if self.call.dry_run {
            return Ok(Ok(recorded(None)));
        }
        let mut facts = allowed.facts.clone();
        let mut kept = Kept { answer: answer.clone(), warnings: warnings.iter().map(without_values).collect() };
        kept.answer.part(self.rules(), &mut facts.personal);
        let kept = match serde_json::to_value(&kept) {
            Ok(json) => json,
            Err(fault) => return Ok(Err(Failure::internal("writing an answer", fault))),
        };
        let id = DecisionId::new();
        let entry = self.entry(id, about, Outcome::Allowed, &allowed.criteria, facts, kept);
        tx.record(&entry, &effects(&allowed.effect))?;
        Ok(Ok(recorded(Some(id))))
    }

    /// Records a refusal and answers with it. What is wrong only with the body is no attempt, and not recorded.
    pub fn refuse<A>(&self, tx: &mut Tx<'_>, about: About, refusal: Refusal) -> Result<Written<A>, StoreError> {
        self.refuse_with(tx, about, refusal, &[])
    }

    /// The same where the refusal itself is to be noted somewhere, in the transaction that records it.
    pub fn refuse_with<A>(
        &self,
        tx: &mut Tx<'_>,
        about: About,
        refusal: Refusal,
        effects: &[Effect<'_>],
    ) -> Result<Written<A>, StoreError> {
        let sight = about.sight.clone();
        let decision = if self.call.dry_run || is_only_fields(&refusal) {
            None
        } else {
            let id = DecisionId::new();
            let kept = serde_json::json!({ "refused": refusal_word(&refusal.kind) });
            let mut entry = self.entry(id, about, Outcome::Refused, &refusal.criteria, refusal.facts.clone(), kept);
            // A refusal is not kept under the key: the next try is decided anew.
            entry.idempotency = None;
            tx.record(&entry, effects)?;
            Some(id)
        };
        Ok(Err(Failure::Refused(Box::new(Refused { refusal, sight, decision }))))
    }

    fn entry(
        &self,
        id: DecisionId,
        about: About,
        outcome: Outcome,
        criteria: &[Checked],
        facts: FactsRead,
        answer: serde_json::Value,
    ) -> Entry {
        Entry {
            id,
            at: self.now(),
            actor: self.actor.who,
            roles: self.actor.roles.clone(),
            action: self.word.to_owned(),
            subject: about.subject,
            deal: about.deal,
            customer: about.customer,
            rules_version: self.active.epochs.rules_version,
            outcome,
            criteria: criteria.to_vec(),
            facts,
            answer,
            request_id: Some(self.call.request_id.clone()),
            idempotency: self
                .call
                .idempotency
                .as_ref()
                .map(|wanted| IdempotencyKey { key: wanted.key.clone(), fingerprint: wanted.fingerprint }),
            guards: Guards { epochs: Some(self.active.epochs), deal: about.deal_guard, customer: about.customer_guard },
        }
    }
}

/// A warning as it is kept with an answer: the values that decided lie with the decision's own criteria.
fn without_values(checked: &Checked) -> Checked {
    Checked { values: Readings::default(), ..checked.clone() }
}

fn is_only_fields(refusal: &Refusal) -> bool {
    let mut refusing = refusal.criteria.iter().filter(|checked| checked.refuses());
    matches!(refusal.kind, RefusalKind::Unmet) && refusing.all(|checked| checked.kind == CheckedKind::Field)
}

/// What was refused, in one word for the log.
fn refusal_word(kind: &RefusalKind) -> &str {
    match kind {
        RefusalKind::Permission(message) | RefusalKind::State(message) => &message.code,
        RefusalKind::Unmet => "unmet",
    }
}
