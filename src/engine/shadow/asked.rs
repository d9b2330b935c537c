//! What was asked under the active rules, asked of the others: one function for each kind of decision.

use super::{Lens, Said};
use crate::engine::activities::{NewActivity, log};
use crate::engine::assignment::{assign, release};
use crate::engine::contracts::{self, ContractDeed};
use crate::engine::deals::{DealWrite, NewDeal, change, create, declared};
use crate::engine::decision::Decision;
use crate::engine::facts::{Customer, DealFacts, Origin, Person};
use crate::engine::grade::{GradeRequest, decide as decide_grade};
use crate::engine::moves::{MoveRequest, decide, forbidden};
use crate::engine::permission::Row;
use crate::rules::model::Action;
use crate::values::{DealId, Key, Time};
use serde_json::{Map, Value as Json};

/// A deal that was to be made, besides whose it is and who gets it.
#[derive(Clone, Debug)]
pub struct AskedDeal {
    pub id: DealId,
    pub customer_open_deals: u32,
    pub customer_won_deals: u32,
    pub has_open_deal: bool,
    pub cooling_until: Option<Time>,
    pub funnel: Key,
    pub stage: Option<Key>,
    pub product: Option<Key>,
    pub origin: Origin,
    pub fields: Map<String, Json>,
}

impl Lens<'_> {
    #[must_use]
    pub fn movement(&self, record: DealFacts, request: MoveRequest) -> Said {
        let permit = match self.permit(Action::DealsMove) {
            Ok(permit) => permit,
            Err(said) => return said,
        };
        let funnel = &record.deal.funnel;
        let request = MoveRequest {
            from: request.from.map(|from| self.stage(funnel, from)),
            reason: request.reason.map(|reason| self.reason(funnel, &request.to, reason)),
            to: self.stage(funnel, request.to),
            note: request.note,
        };
        let record = self.record(record);
        decide(&permit, &record, &request, self.now).into()
    }

    #[must_use]
    pub fn creation(&self, asked: AskedDeal, customer: Customer, owner: Option<Person>) -> Said {
        let permit = match self.permit(Action::DealsCreate) {
            Ok(permit) => permit,
            Err(said) => return said,
        };
        let (customer, owner) = (self.customer(customer), owner.map(|owner| self.person(owner)));
        let fields = self.fields("deal", asked.fields);
        let (written, faults) = declared(self.rules).read(&fields);
        let new = NewDeal {
            id: asked.id,
            customer: &customer,
            customer_open_deals: asked.customer_open_deals,
            customer_won_deals: asked.customer_won_deals,
            has_open_deal: asked.has_open_deal,
            cooling_until: asked.cooling_until,
            stage: asked.stage.map(|stage| self.stage(&asked.funnel, stage)),
            funnel: asked.funnel,
            product: asked.product.map(|product| self.product(product)),
            origin: asked.origin,
            owner: owner.as_ref(),
            written,
            faults,
        };
        create(&permit, self.permit(Action::DealsAssign).ok().as_ref(), new, self.now).into()
    }

    #[must_use]
    pub fn change(&self, record: DealFacts, fields: Map<String, Json>, product: Option<Option<Key>>) -> Said {
        let permit = match self.permit(Action::DealsWrite) {
            Ok(permit) => permit,
            Err(said) => return said,
        };
        let (written, faults) = declared(self.rules).read(&self.fields("deal", fields));
        let product = product.map(|product| product.map(|product| self.product(product)));
        change(&permit, &self.record(record), DealWrite { written, product, faults }, self.now).into()
    }

    /// `receiver`: `None` = it was refused before he was looked at.
    #[must_use]
    pub fn assignment(&self, record: DealFacts, receiver: Option<Person>, note: Option<&str>) -> Said {
        let permit = match self.permit(Action::DealsAssign) {
            Ok(permit) => permit,
            Err(said) => return said,
        };
        let record = self.record(record);
        match receiver.map(|receiver| self.person(receiver)) {
            Some(receiver) => assign(&permit, &record, &receiver, note, self.now).into(),
            None if permit.holds(&Row::from(&record), self.now) => Said::Lacking(vec!["receiver.id".to_owned()]),
            None => Decision::<()>::forbidden(forbidden(Action::DealsAssign)).into(),
        }
    }

    #[must_use]
    pub fn release(&self, record: DealFacts, note: Option<&str>) -> Said {
        match self.permit(Action::DealsRelease) {
            Ok(permit) => release(&permit, &self.record(record), note, self.now).into(),
            Err(said) => said,
        }
    }

    #[must_use]
    pub fn grading(&self, record: DealFacts, request: GradeRequest) -> Said {
        let grade = request.grade.map(|grade| self.grade(grade));
        match self.permit(Action::DealsGrade) {
            Ok(permit) => {
                let request = GradeRequest { grade, ..request };
                decide_grade(&permit, &self.record(record), &request, self.now).into()
            }
            Err(said) => said,
        }
    }

    #[must_use]
    pub fn logging(&self, record: DealFacts, mut new: NewActivity) -> Said {
        let permit = match self.permit(Action::DealsLog) {
            Ok(permit) => permit,
            Err(said) => return said,
        };
        let record = self.record(record);
        if !permit.holds(&Row::from(&record), self.now) {
            return Decision::<()>::forbidden(forbidden(Action::DealsLog)).into();
        }
        self.activity(&mut new.kind, new.outcome.as_mut(), new.method.as_mut());
        log(self.rules, self.actor, &record, new, self.now).into()
    }

    #[must_use]
    pub fn contracting(&self, record: DealFacts, deed: ContractDeed) -> Said {
        let permit = match self.permit(Action::DealsWrite) {
            Ok(permit) => permit,
            Err(said) => return said,
        };
        let record = self.record(record);
        if !permit.holds(&Row::from(&record), self.now) {
            return Decision::<()>::forbidden(forbidden(Action::DealsWrite)).into();
        }
        let (rules, now) = (self.rules, self.now);
        // Who was refused before it was looked for, may have named one that there is not.
        let (said, named) = match deed {
            ContractDeed::Create(id, write) => {
                return contracts::create(rules, &record, id, write, now).into();
            }
            ContractDeed::Change(id, write) => {
                let contract = record.find_contract(id);
                (contract.map(|contract| contracts::change(rules, &record, contract, write, now).into()), "contract.id")
            }
            ContractDeed::Pay(id, new) => {
                let contract = record.find_contract(id);
                (contract.map(|contract| contracts::pay(rules, &record, contract, new, now).into()), "contract.id")
            }
            ContractDeed::CancelPayment(contract, id) => {
                let payment = record.find_payment(contract, id);
                (payment.map(|payment| contracts::cancel_payment(rules, &record, payment, now).into()), "payment.id")
            }
        };
        said.unwrap_or_else(|| Said::Lacking(vec![named.to_owned()]))
    }
}
