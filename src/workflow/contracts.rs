//! Contracts of a deal and the payments on them.

use super::Workflow;
use super::answer::ContractAnswer;
use super::call::Call;
use super::conclude::{About, Taken};
use super::customers::forbidden;
use super::failure::{Failure, Outcome, Written};
use super::scene::Scene;
use crate::engine::Row;
use crate::engine::contracts::{ContractWrite, NewPayment, cancel_payment, change, create, pay};
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
            Ok(of(&record, id).map(|contract| with_payments(&record, contract)).ok_or(Failure::NotFound))
        })
        .await
    }

    /// Adds a contract to a deal.
    pub async fn create_contract(&self, call: &Call, deal: DealId, write: ContractWrite) -> Written<ContractAnswer> {
        let id = ContractId::new();
        self.on_deal(call, deal, move |scene, tx, record, about| {
            let decision = create(scene.rules(), record, id, write.clone(), scene.now());
            conclude_contract(scene, tx, record, about, decision)
        })
        .await
    }

    /// Changes a contract: dates of signature, delivery and acceptance, amount, cancellation.
    pub async fn change_contract(
        &self,
        call: &Call,
        deal: DealId,
        id: ContractId,
        write: ContractWrite,
    ) -> Written<ContractAnswer> {
        self.on_deal(call, deal, move |scene, tx, record, about| {
            let Some(contract) = of(record, id) else { return Ok(Err(Failure::NotFound)) };
            if let Some(failure) = scene.call.version_fault(contract.version) {
                return Ok(Err(failure));
            }
            let decision = change(scene.rules(), record, contract, write.clone(), scene.now());
            conclude_contract(scene, tx, record, about, decision)
        })
        .await
    }

    /// Records a payment on a contract.
    pub async fn record_payment(
        &self,
        call: &Call,
        deal: DealId,
        id: ContractId,
        payment: NewPayment,
    ) -> Written<ContractAnswer> {
        self.on_deal(call, deal, move |scene, tx, record, about| {
            let Some(contract) = of(record, id) else { return Ok(Err(Failure::NotFound)) };
            let decision = pay(scene.rules(), record, contract, payment.clone(), scene.now());
            conclude_payment(scene, tx, record, contract, about, decision)
        })
        .await
    }

    /// Cancels a payment.
    pub async fn cancel_payment(
        &self,
        call: &Call,
        deal: DealId,
        id: ContractId,
        payment: PaymentId,
    ) -> Written<ContractAnswer> {
        self.on_deal(call, deal, move |scene, tx, record, about| {
            let known = record.payments.iter().find(|known| known.id == payment && known.contract == id);
            let (Some(contract), Some(payment)) = (of(record, id), known) else { return Ok(Err(Failure::NotFound)) };
            let decision = cancel_payment(scene.rules(), record, payment, scene.now());
            conclude_payment(scene, tx, record, contract, about, decision)
        })
        .await
    }

    /// A write to a contract of a deal that the caller sees and may write.
    async fn on_deal<F>(&self, call: &Call, deal: DealId, work: F) -> Written<ContractAnswer>
    where
        F: Fn(&Scene, &mut Tx<'_>, &DealFacts, About) -> Result<Written<ContractAnswer>, StoreError>
            + Send
            + Sync
            + 'static,
    {
        self.writing(call, Action::DealsWrite, move |scene, tx| {
            let (record, sight) = match scene.take_deal(tx, deal, |answer: &ContractAnswer| answer.contract.deal)? {
                Taken::Deal(record, sight) => (record, sight),
                Taken::Ended(answer) => return Ok(answer),
            };
            let about = About::deal(&record, sight);
            if !scene.permit.holds(&Row::from(&record), scene.now()) {
                return scene.refuse(tx, about, forbidden(Action::DealsWrite));
            }
            work(scene, tx, &record, about)
        })
        .await
    }
}

fn of(record: &DealFacts, id: ContractId) -> Option<&Contract> {
    record.contracts.iter().find(|contract| contract.id == id)
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
