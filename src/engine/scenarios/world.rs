//! The world of one scenario: its people, its deals, its clock. Changed by effects alone, as the database is.

use super::deeds::given;
use crate::engine::actor::{Actor, Who};
use crate::engine::effects::{Assignment, DealChange, Grading, Move};
use crate::engine::facts::{
    Activity, Contact, Contract, Customer, Deal, DealFacts, DealState, FieldValues, Origin, Payment, Person, Visit,
};
use crate::engine::fields::Declared;
use crate::engine::moves::state_in;
use crate::engine::{customers, deals};
use crate::rules::model::{Rules, Span};
use crate::rules::scenarios::{Given, GivenContract, Scenario};
use crate::values::{ActivityId, ContractId, CustomerId, DealId, Key, Money, PaymentId, TeamId, Time, UserId};
use chrono::{NaiveDateTime, TimeZone};
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct World<'a> {
    pub rules: &'a Arc<Rules>,
    pub now: Time,
    scenario: &'a Scenario,
    teams: IndexMap<Key, TeamId>,
    deals: IndexMap<Key, DealFacts>,
    /// The last id that was given: ids of a scenario are counted, so that it comes out the same each time.
    last: u128,
}

impl<'a> World<'a> {
    pub fn new(rules: &'a Arc<Rules>, scenario: &'a Scenario) -> Self {
        let now = instant(rules, scenario.now);
        let mut world = Self { rules, now, scenario, teams: IndexMap::new(), deals: IndexMap::new(), last: 0 };
        let of_people = scenario.people.values().filter_map(|person| person.team.as_ref());
        let of_pools = scenario.given.iter().filter_map(|given| given.team.as_ref());
        for team in of_people.chain(of_pools) {
            let id = TeamId(world.next());
            world.teams.entry(team.clone()).or_insert(id);
        }
        for given in &scenario.given {
            let record = world.record(given);
            world.deals.insert(given.deal.clone(), record);
        }
        world
    }

    pub fn next(&mut self) -> uuid::Uuid {
        self.last += 1;
        uuid::Uuid::from_u128(self.last)
    }

    pub fn pass(&mut self, span: Span) {
        self.now = self.rules.calendar.add_span(self.now, span);
    }

    pub fn deal(&self, name: &Key) -> Option<&Deal> {
        self.deals.get(name).map(|record| &record.deal)
    }

    pub fn name_of(&self, user: UserId) -> Key {
        let found = self.scenario.people.values().find(|person| person.user == user);
        found.map_or_else(|| Key::new("?"), |person| person.id.clone())
    }

    pub fn actor(&self, name: &Key) -> Option<Arc<Actor>> {
        let person = self.scenario.people.get(name)?;
        let team = self.team(person.team.as_ref());
        Some(Arc::new(Actor {
            who: Who::User(person.user),
            roles: person.roles.clone(),
            team,
            teams: team.into_iter().collect::<BTreeSet<_>>(),
            active: person.active,
            fields: person.fields.clone(),
        }))
    }

    /// Somebody with what they hold now.
    pub fn person(&self, name: &Key) -> Option<Person> {
        let person = self.scenario.people.get(name)?;
        let mut holdings = BTreeMap::new();
        let held = self.deals.values().filter(|record| record.deal.owner == Some(person.user));
        for record in held {
            *holdings.entry((record.deal.funnel.clone(), record.deal.stage.clone())).or_insert(0) += 1;
        }
        Some(Person {
            id: person.user,
            roles: person.roles.clone(),
            team: self.team(person.team.as_ref()),
            active: person.active,
            fields: person.fields.clone(),
            holdings,
        })
    }

    /// A deal with all that a decision about it reads.
    pub fn facts(&self, name: &Key) -> Option<DealFacts> {
        let record = self.deals.get(name)?;
        let owner = record.deal.owner.and_then(|owner| self.person(&self.name_of(owner)));
        Some(DealFacts { owner, ..record.clone() })
    }

    /// Customers of other deals: of whom nobody new may be the same.
    pub fn other_customers<'w>(&'w self, of: &'w Key) -> impl Iterator<Item = &'w Customer> {
        self.deals.iter().filter(move |(name, _)| *name != of).map(|(_, record)| &record.customer)
    }

    pub fn add(&mut self, name: Key, record: DealFacts) {
        self.deals.insert(name, record);
    }

    pub fn change(&mut self, name: &Key, change: impl FnOnce(&mut DealFacts)) {
        if let Some(record) = self.deals.get_mut(name) {
            change(record);
        }
    }

    fn team(&self, name: Option<&Key>) -> Option<TeamId> {
        name.and_then(|name| self.teams.get(name)).copied()
    }

    fn record(&mut self, given: &Given) -> DealFacts {
        let owner = given.owner.as_ref().and_then(|owner| self.person(owner));
        let customer = self.customer(given);
        let visits = self.visits(given);
        let deal = self.given_deal(given, &customer, owner.as_ref(), &visits);
        let activities = given.activities.iter().map(|activity| Activity {
            id: ActivityId(self.next()),
            deal: deal.id,
            kind: activity.kind.clone(),
            outcome: activity.outcome.clone(),
            method: activity.method.clone(),
            contact: activity.contact.clone(),
            note: None,
            actor: activity.by.as_ref().or(given.owner.as_ref()).and_then(|by| Some(self.person(by)?.id)),
            at: self.ago(activity.ago),
            logged_at: self.ago(activity.ago),
        });
        let activities = activities.collect();
        let (mut contracts, mut payments) = (Vec::new(), Vec::new());
        for contract in &given.contracts {
            let (contract, paid) = self.contract(contract, deal.id);
            contracts.push(contract);
            payments.extend(paid);
        }
        DealFacts {
            customer_open_deals: u32::from(deal.state == DealState::Open),
            customer_won_deals: u32::from(deal.state == DealState::Won),
            deal,
            customer,
            activities,
            contracts,
            payments,
            visits,
            owner,
        }
    }

    fn ago(&self, span: Option<Span>) -> Time {
        span.map_or(self.now, |span| self.rules.calendar.subtract_span(self.now, span))
    }

    fn customer(&mut self, given: &Given) -> Customer {
        let contact = |name: &String| Contact { name: name.clone(), role: None, phone: None, email: None };
        Customer {
            id: CustomerId(self.next()),
            creator: None,
            fields: stands(customers::declared(self.rules), &given.customer),
            contacts: given.contacts.iter().map(contact).collect(),
            version: 1,
            facts_version: 1,
            created_at: self.now,
            updated_at: self.now,
        }
    }

    /// The present visit and those before it, each of which ends where the next begins.
    fn visits(&self, given: &Given) -> Vec<Visit> {
        let mut begins = self.ago(given.entered_ago);
        let mut visits = vec![Visit { stage: given.stage.clone(), entered_at: begins, left_at: None }];
        for (stage, span) in given.dwelt.iter().rev() {
            let left = begins;
            begins = self.rules.calendar.subtract_span(left, *span);
            visits.insert(0, Visit { stage: stage.clone(), entered_at: begins, left_at: Some(left) });
        }
        visits
    }

    fn given_deal(&mut self, given: &Given, customer: &Customer, owner: Option<&Person>, visits: &[Visit]) -> Deal {
        let stage = self.rules.funnels.get(&given.funnel).and_then(|funnel| funnel.stage(&given.stage));
        let state = stage.map_or(DealState::Open, state_in);
        let entered_at = visits.last().map_or(self.now, |visit| visit.entered_at);
        let created_at = visits.first().map_or(self.now, |visit| visit.entered_at);
        let reason = given.reason.as_ref().and_then(|reason| stage?.reasons.get(reason));
        let cooling = reason.and_then(|reason| reason.cooling);
        Deal {
            id: DealId(self.next()),
            customer: customer.id,
            funnel: given.funnel.clone(),
            stage: given.stage.clone(),
            state,
            owner: owner.map(|owner| owner.id),
            team: owner.map_or_else(|| self.team(given.team.as_ref()), |owner| owner.team),
            creator: owner.map(|owner| owner.id),
            discoverer: owner.map(|owner| owner.id).filter(|_| given.discovered),
            origin: if given.discovered { Origin::Discovered } else { Origin::Supplied },
            product: given.product.clone(),
            grade: given.grade.clone(),
            graded_by: None,
            graded_at: given.grade.as_ref().map(|_| entered_at),
            reason: given.reason.clone(),
            cooling_until: cooling.map(|span| self.rules.calendar.add_span(entered_at, span)),
            lost_from: given.lost_from.clone(),
            fields: stands(deals::declared(self.rules), &given.fields),
            version: 1,
            facts_version: 1,
            entered_at,
            created_at,
            updated_at: entered_at,
            closed_at: (state != DealState::Open).then_some(entered_at),
        }
    }

    fn contract(&mut self, given: &GivenContract, deal: DealId) -> (Contract, Option<Payment>) {
        let today = self.rules.calendar.local_date(self.now);
        let id = ContractId(self.next());
        let contract = Contract {
            id,
            deal,
            number: None,
            amount: given.amount,
            signed_on: given.signed.then_some(today),
            delivered_on: given.delivered.then_some(today),
            accepted_on: given.accepted.then_some(today),
            cancelled_on: None,
            version: 1,
            created_at: self.now,
            updated_at: self.now,
        };
        let payment = |amount: Money, payment: PaymentId| Payment {
            id: payment,
            contract: id,
            amount,
            paid_on: today,
            cancelled_on: None,
        };
        let paid = given.paid.map(|amount| payment(amount, PaymentId(self.next())));
        (contract, paid)
    }
}

/// An instant from the wall clock of the rules' zone; where clocks go back, the first of the two.
fn instant(rules: &Rules, local: NaiveDateTime) -> Time {
    let zone = rules.calendar.time_zone();
    let at = zone.from_local_datetime(&local).earliest();
    at.map_or_else(|| rules.calendar.start_of_day(local.date()), |at| Time::from(at.to_utc()))
}

pub(super) fn moved(record: &mut DealFacts, effect: Move) {
    let deal = &mut record.deal;
    deal.stage = effect.to.clone();
    deal.state = effect.state;
    deal.reason = effect.reason;
    deal.cooling_until = effect.cooling_until;
    deal.lost_from = effect.lost_from;
    deal.entered_at = effect.entered_at;
    deal.closed_at = effect.closed_at;
    if let Some(left) = record.visits.last_mut() {
        left.left_at = Some(effect.entered_at);
    }
    record.visits.push(Visit { stage: effect.to, entered_at: effect.entered_at, left_at: None });
    record.customer_open_deals = u32::from(effect.state == DealState::Open);
    record.customer_won_deals = u32::from(effect.state == DealState::Won);
}

pub(super) fn graded(record: &mut DealFacts, effect: Grading) {
    record.deal.grade = Some(effect.grade);
    record.deal.graded_by = effect.by;
    record.deal.graded_at = Some(effect.at);
}

pub(super) fn assigned(record: &mut DealFacts, effect: &Assignment) {
    record.deal.owner = effect.owner;
    record.deal.team = effect.team;
}

pub(super) fn written(record: &mut DealFacts, effect: DealChange) {
    record.deal.fields = effect.fields;
    record.deal.product = effect.product;
}

/// Given values in the form they would have been stored in: a phone number is compared with others.
fn stands(declared: Declared<'_>, values: &FieldValues) -> FieldValues {
    let (written, _) = declared.read_texts(&given(values));
    written.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}
