//! What people of a scenario do, decided by the functions that decide calls.

use super::world::{World, assigned, graded, moved, written};
use super::{Answer, Coverage};
use crate::engine::activities::{self, NewActivity};
use crate::engine::actor::Actor;
use crate::engine::assignment;
use crate::engine::customers::{self, CustomerWrite, NewCustomer};
use crate::engine::deals::{self, DealWrite, NewDeal};
use crate::engine::decision::{CheckOutcome, CheckedKind, Decision};
use crate::engine::facts::{Customer, Deal, DealFacts, Origin, Visit};
use crate::engine::fields::Written;
use crate::engine::grade::{self, GradeRequest};
use crate::engine::identity::identities;
use crate::engine::moves::{self, MoveRequest};
use crate::engine::permission::{HeldDeal, Permit, Row, permit};
use crate::rules::model::{self, Action, MoveFrom, MoveTo, Rules};
use crate::rules::scenarios::{Act, Deed};
use crate::values::{ActivityId, CustomerId, DealId, Key, Time, Value};
use indexmap::IndexMap;
use std::collections::BTreeSet;
use std::sync::Arc;

impl World<'_> {
    /// Decides on an act and, if it is allowed, does it.
    pub(super) fn perform(&mut self, act: &Act, covered: &mut Coverage) -> Answer {
        let Some(actor) = self.actor(&act.by) else { return Answer::permission() };
        if matches!(act.deed, Deed::Create { .. }) {
            return self.create(&actor, act, covered);
        }
        let visible = |record: &DealFacts| {
            let reading = permit(self.rules, &actor, Action::DealsRead);
            reading.is_some_and(|permit| permit.holds(&Row::from(record), self.now))
        };
        // What is not visible is not found, and nothing else is told about it.
        let Some(record) = self.facts(&act.deal).filter(visible) else { return Answer::permission() };
        self.act_on(&actor, act, &record, covered).unwrap_or_else(Answer::permission)
    }

    /// `None`: nothing grants it.
    fn act_on(&mut self, actor: &Arc<Actor>, act: &Act, record: &DealFacts, covered: &mut Coverage) -> Option<Answer> {
        let rules = Arc::clone(self.rules);
        let now = self.now;
        let may = |action| permit(&rules, actor, action);
        match &act.deed {
            Deed::Move { to, reason, note } => {
                let request = MoveRequest { from: None, to: to.clone(), reason: reason.clone(), note: note.clone() };
                let decision = moves::decide(&may(Action::DealsMove)?, record, &request, now);
                cover(&decision, &record.deal.funnel, covered);
                if let Decision::Allowed(allowed) = &decision {
                    covered.moves.insert((record.deal.funnel.clone(), allowed.effect.move_id.clone()));
                }
                Some(self.done(&act.deal, decision, moved))
            }
            Deed::Grade { to, note } => {
                let request = GradeRequest { grade: to.clone(), reason: note.clone() };
                let decision = grade::decide(&may(Action::DealsGrade)?, record, &request, now);
                cover_validations(&decision, covered);
                Some(self.done(&act.deal, decision, graded))
            }
            Deed::Assign { to, note } => {
                let receiver = self.person(to)?;
                let decision = assignment::assign(&may(Action::DealsAssign)?, record, &receiver, note.as_deref(), now);
                Some(self.done(&act.deal, decision, |record, effect| assigned(record, &effect)))
            }
            Deed::Release { note } => {
                let decision = assignment::release(&may(Action::DealsRelease)?, record, note.as_deref(), now);
                Some(self.done(&act.deal, decision, |record, effect| assigned(record, &effect)))
            }
            Deed::Log { kind, outcome, method, contact } => {
                let holds = |permit: &Permit| permit.holds(&Row::from(record), now);
                may(Action::DealsLog).filter(holds)?;
                let new = NewActivity {
                    id: ActivityId(self.next()),
                    kind: kind.clone(),
                    outcome: outcome.clone(),
                    method: method.clone(),
                    contact: contact.clone(),
                    note: None,
                    at: None,
                };
                let decision = activities::log(&rules, actor, record, new, now);
                Some(self.done(&act.deal, decision, |record, effect| record.activities.push(effect.activity)))
            }
            Deed::Write { customer, fields, product } => {
                self.write(actor, &act.deal, record, (customer, fields, product.as_ref()), covered)
            }
            Deed::Create { .. } => None,
        }
    }

    fn done<T>(&mut self, deal: &Key, decision: Decision<T>, apply: impl FnOnce(&mut DealFacts, T)) -> Answer {
        let answer = Answer::of(&decision);
        if let Decision::Allowed(allowed) = decision {
            self.change(deal, |record| apply(record, allowed.effect));
        }
        answer
    }

    /// Fields of the deal, of its customer, or of both: all or nothing.
    fn write(
        &mut self,
        actor: &Arc<Actor>,
        name: &Key,
        record: &DealFacts,
        (of_customer, of_deal, product): (&IndexMap<Key, Option<Value>>, &IndexMap<Key, Option<Value>>, Option<&Key>),
        covered: &mut Coverage,
    ) -> Option<Answer> {
        let rules = Arc::clone(self.rules);
        let mut answer = Answer::default();
        let mut after = record.clone();
        if !of_customer.is_empty() {
            let permit = permit(&rules, actor, Action::CustomersWrite)?;
            let held = [HeldDeal { deal: &record.deal, owner: record.owner.as_ref() }];
            let row = Row::Customer { customer: &record.customer, deals: &held };
            let sight = permit.sight(&row, self.now)?;
            let (written, faults) = customers::declared(&rules).read_texts(of_customer);
            let write = CustomerWrite { written, contacts: None, faults };
            let stages = [(record.deal.funnel.clone(), record.deal.stage.clone())];
            let decision = customers::change(&rules, actor, &sight, &record.customer, &stages, write, self.now);
            answer = both(answer, Answer::of(&decision));
            cover_validations(&decision, covered);
            if let Decision::Allowed(allowed) = decision {
                if self.is_taken(name, &allowed.effect.keys) {
                    answer = both(answer, unique());
                }
                after.customer.fields = allowed.effect.fields;
            }
        }
        if !of_deal.is_empty() || product.is_some() {
            let permit = permit(&rules, actor, Action::DealsWrite)?;
            let product = product.map(|product| Some(product.clone()));
            let (texts, faults) = deals::declared(&rules).read_texts(of_deal);
            let write = DealWrite { written: texts, product, faults };
            let decision = deals::change(&permit, record, write, self.now);
            answer = both(answer, Answer::of(&decision));
            cover_validations(&decision, covered);
            if let Decision::Allowed(allowed) = decision {
                written(&mut after, allowed.effect);
            }
        }
        if answer.refused.is_none() {
            self.change(name, |record| *record = after);
        }
        Some(answer)
    }

    /// A customer, and a deal of his.
    fn create(&mut self, actor: &Arc<Actor>, act: &Act, covered: &mut Coverage) -> Answer {
        let Deed::Create { funnel, stage, customer, fields, product, owner } = &act.deed else {
            return Answer::permission();
        };
        let rules = Arc::clone(self.rules);
        let now = self.now;
        let (blank, id) = (customers::blank(CustomerId(self.next()), actor.user(), now), DealId(self.next()));
        let row = Row::Customer { customer: &blank, deals: &[] };
        let sight = permit(&rules, actor, Action::CustomersWrite).and_then(|permit| permit.sight(&row, now));
        let (Some(sight), Some(creating)) = (sight, permit(&rules, actor, Action::DealsCreate)) else {
            return Answer::permission();
        };
        let (written, faults) = customers::declared(&rules).read_texts(&given(customer));
        let new = NewCustomer { id: blank.id, written, contacts: Vec::new(), faults };
        let decision = customers::create(&rules, actor, &sight, new, now);
        let mut answer = Answer::of(&decision);
        cover_validations(&decision, covered);
        let mut made: Customer = blank;
        if let Decision::Allowed(allowed) = decision {
            if self.is_taken(&act.deal, &allowed.effect.keys) {
                answer = both(answer, unique());
            }
            made = allowed.effect.customer;
        }
        let owner = owner.as_ref().and_then(|owner| self.person(owner));
        let (written, faults) = deals::declared(&rules).read_texts(&given(fields));
        let new = NewDeal {
            id,
            customer: &made,
            customer_open_deals: 0,
            customer_won_deals: 0,
            has_open_deal: false,
            cooling_until: None,
            funnel: funnel.clone(),
            stage: Some(stage.clone()),
            product: product.clone(),
            origin: Origin::Supplied,
            owner: owner.as_ref(),
            written,
            faults,
        };
        let assigning = permit(&rules, actor, Action::DealsAssign);
        let decision = deals::create(&creating, assigning.as_ref(), new, now);
        answer = both(answer, Answer::of(&decision));
        cover(&decision, funnel, covered);
        cover_validations(&decision, covered);
        if let (None, Decision::Allowed(allowed)) = (&answer.refused, decision) {
            covered.moves.extend(made_by(&rules, funnel, stage).map(|id| (funnel.clone(), id)));
            self.add(act.deal.clone(), first_record(allowed.effect.deal, made, now));
        }
        answer
    }

    fn is_taken(&self, deal: &Key, keys: &[(Key, String)]) -> bool {
        let others = self.other_customers(deal);
        let mut identities = others.flat_map(|other| identities(self.rules, &other.fields));
        identities.any(|identity| keys.contains(&identity))
    }
}

/// The move by which deals are made in a stage.
fn made_by(rules: &Rules, funnel: &Key, stage: &Key) -> Option<Key> {
    let here = |one: &&model::Move| one.from == MoveFrom::Creation && one.to == MoveTo::Stage(stage.clone());
    rules.funnels.get(funnel)?.moves.iter().find(here).map(|one| one.id.clone())
}

fn first_record(deal: Deal, customer: Customer, now: Time) -> DealFacts {
    let visit = Visit { stage: deal.stage.clone(), entered_at: now, left_at: None };
    DealFacts {
        deal,
        customer,
        activities: Vec::new(),
        contracts: Vec::new(),
        payments: Vec::new(),
        visits: vec![visit],
        owner: None,
        customer_open_deals: 1,
        customer_won_deals: 0,
    }
}

pub(super) fn given(values: &IndexMap<Key, Value>) -> Written {
    values.iter().map(|(name, value)| (name.clone(), Some(value.clone()))).collect()
}

fn unique() -> Answer {
    Answer { refused: Some(BTreeSet::from([Key::new("unique")])), warned: BTreeSet::new() }
}

fn both(one: Answer, other: Answer) -> Answer {
    let refused = match (one.refused, other.refused) {
        (None, refused) | (refused, None) => refused,
        (Some(one), Some(other)) => Some(one.into_iter().chain(other).collect()),
    };
    Answer { refused, warned: one.warned.into_iter().chain(other.warned).collect() }
}

/// Notes which criteria of the rules came out how.
fn cover<T>(decision: &Decision<T>, funnel: &Key, covered: &mut Coverage) {
    let of_rules = decision.criteria().iter().filter(|checked| {
        matches!(
            checked.kind,
            CheckedKind::Has
                | CheckedKind::Require
                | CheckedKind::Activity
                | CheckedKind::Dwelt
                | CheckedKind::Contract
        )
    });
    for checked in of_rules {
        let place = (funnel.clone(), checked.stage.clone(), checked.id.clone());
        match checked.outcome {
            CheckOutcome::Met => drop(covered.passes.insert(place)),
            CheckOutcome::Unmet | CheckOutcome::Missing => drop(covered.refusals.insert(place)),
            CheckOutcome::NotApplicable => {}
        }
    }
}

/// The same of validations, which belong to no funnel.
fn cover_validations<T>(decision: &Decision<T>, covered: &mut Coverage) {
    for checked in decision.criteria().iter().filter(|checked| checked.kind == CheckedKind::Validation) {
        let id = checked.id.clone();
        match checked.outcome {
            CheckOutcome::Met => drop(covered.validations_met.insert(id)),
            CheckOutcome::Unmet | CheckOutcome::Missing => drop(covered.validations_refused.insert(id)),
            CheckOutcome::NotApplicable => {}
        }
    }
}
