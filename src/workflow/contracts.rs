//! Contracts of a deal and the payments on them.

use super::Workflow;
use super::answer::ContractAnswer;
use super::call::Call;
use super::conclude::{About, Taken};
use super::customers::forbidden;
use super::failure::{Failure, Outcome, Written};
use super::scene::Scene;
use crate::engine::Row;
use crate::engine::contracts::{ContractDeed, ContractWrite, NewPayment, cancel_payment, change, create, pay};
use crate::engine::decision::Decision;
use crate::engine::effects::{ContractChange, PaymentChange};
use crate::engine::facts::{Contract, DealFacts, Payment};
use crate::rules::model::Action;
use crate::store::{Effect, StoreError, Tx};
use crate::values::{ContractId, DealId, PaymentId};

impl Workflow {
    /// Contracts of a deal with their payments, the oldest first.
    pub async fn contracts(&self, call: &Call, deal: DealId) -> Outcome<Vec<ContractAnswer>> {
        self.glancing(call, Action::DealsRead, move |scene, tx| {
            let Some((record, _)) = scene.see_deal(tx, deal)? else { return Ok(Err(Failure::NotFound)) };
            Ok(Ok(record.contracts.iter().map(|contract| with_payments(&record, contract)).collect()))
        })
        .await
    }

    pub async fn contract(&self, call: &Call, deal: DealId, id: ContractId) -> Outcome<ContractAnswer> {
        self.glancing(call, Action::DealsRead, move |scene, tx| {
            let Some((record, _)) = scene.see_deal(tx, deal)? else { return Ok(Err(Failure::NotFound)) };
            Ok(record.find_contract(id).map(|contract| with_payments(&record, contract)).ok_or(Failure::NotFound))
        })
        .await
    }

    /// Adds a contract to a deal.
    pub async fn create_contract(&self, call: &Call, deal: DealId, write: ContractWrite) -> Written<ContractAnswer> {
        self.on_contract(call, deal, ContractDeed::Create(ContractId::new(), write)).await
    }

    /// Changes a contract: dates of signature, delivery and acceptance, amount, cancellation.
    pub async fn change_contract(
        &self,
        call: &Call,
        deal: DealId,
        id: ContractId,
        write: ContractWrite,
    ) -> Written<ContractAnswer> {
        self.on_contract(call, deal, ContractDeed::Change(id, write)).await
    }

    /// Records a payment on a contract.
    pub async fn record_payment(
        &self,
        call: &Call,
        deal: DealId,
        id: ContractId,
        payment: NewPayment,
    ) -> Written<ContractAnswer> {
        self.on_contract(call, deal, ContractDeed::Pay(id, payment)).await
    }

    /// Cancels a payment.
    pub async fn cancel_payment(
        &self,
        call: &Call,
        deal: DealId,
        id: ContractId,
        payment: PaymentId,
    ) -> Written<ContractAnswer> {
        self.on_contract(call, deal, ContractDeed::CancelPayment(id, payment)).await
    }

    /// A write to a contract of a deal that the caller sees and may write.
    async fn on_contract(&self, call: &Call, deal: DealId, deed: ContractDeed) -> Written<ContractAnswer> {
        self.writing(call, Action::DealsWrite, move |scene, tx| {
            let (record, sight) = match scene.take_deal(tx, deal, |answer: &ContractAnswer| answer.contract.deal)? {
                Taken::Deal(record, sight) => (record, sight),
                Taken::Ended(answer) => return Ok(answer),
            };
            let about = About::deal(&record, sight);
            let written = if scene.permit.holds(&Row::from(&record), scene.now()) {
                done(scene, tx, &record, about, &deed)?
            } else {
                scene.refuse(tx, about, forbidden(Action::DealsWrite))?
            };
            if scene.is_watched() {
                let deed = deed.clone();
                scene.watch(&written, None, move |lens| lens.contracting(record, deed));
            }
            Ok(written)
        })
        .await
    }
}

/// What becomes of it where the deal may be written.
fn done(
    scene: &Scene,
    tx: &mut Tx<'_>,
    record: &DealFacts,
    about: About,
    deed: &ContractDeed,
) -> Result<Written<ContractAnswer>, StoreError> {
    let (rules, now) = (scene.rules(), scene.now());
    match deed {
        ContractDeed::Create(id, write) => {
            conclude_contract(scene, tx, record, about, create(rules, record, *id, write.clone(), now))
        }
        ContractDeed::Change(id, write) => {
            let Some(contract) = record.find_contract(*id) else { return Ok(Err(Failure::NotFound)) };
            if let Some(failure) = scene.call.version_fault(contract.version) {
                return Ok(Err(failure));
            }
            conclude_contract(scene, tx, record, about, change(rules, record, contract, write.clone(), now))
        }
        ContractDeed::Pay(id, payment) => {
            let Some(contract) = record.find_contract(*id) else { return Ok(Err(Failure::NotFound)) };
            conclude_payment(scene, tx, record, contract, about, pay(rules, record, contract, payment.clone(), now))
        }
        ContractDeed::CancelPayment(id, payment) => {
            let known = record.find_payment(*id, *payment);
            let Some((contract, payment)) = record.find_contract(*id).zip(known) else {
                return Ok(Err(Failure::NotFound));
            };
            conclude_payment(scene, tx, record, contract, about, cancel_payment(rules, record, payment, now))
        }
    }
}

fn with_payments(record: &DealFacts, contract: &Contract) -> ContractAnswer {
    let payments = record.payments.iter().filter(|payment| payment.contract == contract.id).cloned().collect();
    ContractAnswer { contract: contract.clone(), payments }
}

fn conclude_contract(
    scene: &Scene,
    tx: &mut Tx<'_>,
    record: &DealFacts,
    about: About,
    decision: Decision<ContractChange>,
) -> Result<Written<ContractAnswer>, StoreError> {
    scene.conclude(
        tx,
        about,
        decision,
        |effect| vec![Effect::ContractChange(effect)],
        |effect| with_payments(record, &effect.contract),
    )
}

fn conclude_payment(
    scene: &Scene,
    tx: &mut Tx<'_>,
    record: &DealFacts,
    contract: &Contract,
    about: About,
    decision: Decision<PaymentChange>,
) -> Result<Written<ContractAnswer>, StoreError> {
    scene.conclude(
        tx,
        about,
        decision,
        |effect| vec![Effect::PaymentChange(effect)],
        |effect| {
            let mut answer = with_payments(record, contract);
            answer.payments.retain(|payment: &Payment| payment.id != effect.payment.id);
            answer.payments.push(effect.payment.clone());
            answer
        },
    )
}
