//! The case before the engine: who acts, when, on what. Answers what expressions and criteria ask, out of the facts as
//! they were read, without copying them. What is not part of the case is missing, never guessed.

use super::actor::{Actor, Who};
use super::facts::{Contract, Customer, Deal, DealFacts, DealState, Origin, Person};
use crate::rules::expression::{Entity, Expression, Facts, Path, Read};
use crate::rules::model::{ContractState, Rules, Span};
use crate::values::{Date, Key, Money, Time, UserId, Value};
use std::borrow::Cow;

/// Who acts, when, on what.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    pub rules: &'a Rules,
    pub actor: &'a Actor,
    pub now: Time,
    pub deal: Option<&'a Deal>,
    pub customer: Option<&'a Customer>,
    pub owner: Option<&'a Person>,
    /// Activities, contracts, visits: where a decision about a deal is made. `deal` and `customer` above may be newer
    /// (as they would be after the write).
    pub record: Option<&'a DealFacts>,
    /// Who would get the deal.
    pub receiver: Option<&'a Person>,
    pub movement: Option<Movement<'a>>,
}

/// The move that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Movement<'a> {
    /// `None`: the deal is being made.
    pub from: Option<&'a Key>,
    pub to: &'a Key,
    pub reason: Option<&'a Key>,
    pub id: &'a Key,
}

impl<'a> Case<'a> {
    /// Nothing but who acts and when.
    #[must_use]
    pub fn new(rules: &'a Rules, actor: &'a Actor, now: Time) -> Self {
        Self {
            rules,
            actor,
            now,
            deal: None,
            customer: None,
            owner: None,
            record: None,
            receiver: None,
            movement: None,
        }
    }

    /// About a deal with all that was read of it.
    #[must_use]
    pub fn of(rules: &'a Rules, actor: &'a Actor, now: Time, record: &'a DealFacts) -> Self {
        Self {
            deal: Some(&record.deal),
            customer: Some(&record.customer),
            owner: record.owner.as_ref(),
            record: Some(record),
            ..Self::new(rules, actor, now)
        }
    }

    /// Whether `expression` holds; `None` = unknown.
    #[must_use]
    pub fn holds(&self, expression: &Expression) -> Option<bool> {
        expression.holds(self, &self.rules.calendar)
    }

    /// Whether something is there.
    #[must_use]
    pub fn has(&self, path: &Path) -> bool {
        self.field(path).is_some()
    }

    /// Activities of a kind, with an outcome, since an instant; newest facts last or first, as they were read.
    pub fn activities<'c>(
        &'c self,
        kind: &'c Key,
        outcome: Option<&'c Key>,
        within: Option<Span>,
    ) -> impl Iterator<Item = &'a super::facts::Activity> + 'c {
        let since = within.map(|span| self.rules.calendar.subtract_span(self.now, span));
        self.record.into_iter().flat_map(|record| &record.activities).filter(move |activity| {
            activity.kind == *kind
                && outcome.is_none_or(|outcome| activity.outcome.as_ref() == Some(outcome))
                && since.is_none_or(|since| activity.at >= since)
        })
    }

    /// Contracts that are not cancelled.
    pub fn contracts(&self) -> impl Iterator<Item = &'a Contract> + use<'a> {
        self.record.into_iter().flat_map(|record| &record.contracts).filter(|contract| contract.cancelled_on.is_none())
    }

    /// What was paid on a contract: the sum of payments that are not cancelled, in its currency.
    #[must_use]
    pub fn paid(&self, contract: &Contract) -> Money {
        let payments = self.record.into_iter().flat_map(|record| &record.payments);
        let sum = payments
            .filter(|payment| payment.contract == contract.id && payment.cancelled_on.is_none())
            .filter(|payment| payment.amount.currency == contract.amount.currency)
            .fold(0_i64, |sum, payment| sum.saturating_add(payment.amount.amount_minor));
        Money { amount_minor: sum, currency: contract.amount.currency }
    }

    /// Whether a contract has come so far by today.
    #[must_use]
    pub fn contract_is(&self, contract: &Contract, state: ContractState) -> bool {
        let today = self.today();
        let by_today = |date: Option<Date>| date.is_some_and(|date| date <= today);
        match state {
            ContractState::Signed => by_today(contract.signed_on),
            ContractState::Delivered => by_today(contract.delivered_on),
            ContractState::Accepted => by_today(contract.accepted_on),
            ContractState::Paid => self.paid(contract).amount_minor >= contract.amount.amount_minor,
        }
    }

    /// A field that is there.
    pub(super) fn field(&self, path: &Path) -> Option<Cow<'a, Value>> {
        let found = match path.entity {
            Entity::Deal => self.of_deal(&path.name),
            Entity::Customer => self.of_customer(&path.name),
            Entity::Contract => self.of_contracts(&path.name),
            Entity::User => of_actor(self.actor, &path.name),
            Entity::Owner => self.owner.and_then(|person| of_person(person, &path.name)),
            Entity::Receiver => self.receiver.and_then(|person| of_person(person, &path.name)),
            Entity::Move => self.of_move(&path.name),
        };
        found.filter(|value| value.is_present())
    }

    fn of_deal(&self, name: &str) -> Option<Cow<'a, Value>> {
        let deal = self.deal?;
        // Built-in names and the company's never meet: within a `format` none is added.
        match name {
            "funnel" => choice(&deal.funnel),
            "stage" => choice(&deal.stage),
            "product" => deal.product.as_ref().and_then(choice),
            "grade" => deal.grade.as_ref().and_then(choice),
            "origin" => word(match deal.origin {
                Origin::Supplied => "supplied",
                Origin::Discovered => "discovered",
            }),
            "state" => word(match deal.state {
                DealState::Open => "open",
                DealState::Won => "won",
                DealState::Lost => "lost",
            }),
            "owner" => user(deal.owner),
            "creator" => user(deal.creator),
            "discoverer" => user(deal.discoverer),
            "graded_by" => user(deal.graded_by),
            "created_at" => owned(Value::Time(deal.created_at)),
            "entered_at" => owned(Value::Time(deal.entered_at)),
            "locked" => owned(Value::Bool(false)),
            "dwell" => owned(Value::Number(self.rules.calendar.workdays_between(deal.entered_at, self.now))),
            field => deal.fields.get(field).map(Cow::Borrowed),
        }
    }

    fn of_customer(&self, name: &str) -> Option<Cow<'a, Value>> {
        let customer = self.customer?;
        match name {
            "contacts" => contacts(customer),
            "open_deals" => owned(Value::Int(i64::from(self.record?.customer_open_deals))),
            "won_deals" => owned(Value::Int(i64::from(self.record?.customer_won_deals))),
            field => customer.fields.get(field).map(Cow::Borrowed),
        }
    }

    pub(super) fn of_contracts(&self, name: &str) -> Option<Cow<'a, Value>> {
        self.record?;
        let all = |state| {
            let mut some = false;
            let all = self.contracts().all(|contract| {
                some = true;
                self.contract_is(contract, state)
            });
            owned(Value::Bool(some && all))
        };
        match name {
            "amount" => money(self.contracts().map(|contract| contract.amount)),
            "paid" => money(self.contracts().map(|contract| self.paid(contract))),
            "signed" => all(ContractState::Signed),
            "delivered" => all(ContractState::Delivered),
            "accepted" => all(ContractState::Accepted),
            _ => None,
        }
    }

    fn of_move(&self, name: &str) -> Option<Cow<'a, Value>> {
        let movement = self.movement?;
        match name {
            "from" => movement.from.map_or_else(|| word("creation"), choice),
            "to" => choice(movement.to),
            "reason" => movement.reason.and_then(choice),
            "id" => choice(movement.id),
            _ => None,
        }
    }

    /// When the deal last came into a stage of its funnel.
    fn entered(&self, funnel: &Key, stage: &Key) -> Option<Time> {
        let record = self.record.filter(|record| record.deal.funnel == *funnel)?;
        record.visits.iter().rev().find(|visit| visit.stage == *stage).map(|visit| visit.entered_at)
    }
}

impl Facts for Case<'_> {
    fn read(&self, read: &Read) -> Option<Cow<'_, Value>> {
        match read {
            Read::Field(path) => self.field(path),
            Read::Count { kind, outcome, within } => {
                self.record?;
                let count = self.activities(kind, outcome.as_ref(), *within).count();
                owned(Value::Int(i64::try_from(count).unwrap_or(i64::MAX)))
            }
            Read::Last { kind, outcome } => {
                let last = self.activities(kind, outcome.as_ref(), None).map(|activity| activity.at).max()?;
                owned(Value::Time(last))
            }
            Read::Entered { funnel, stage } => owned(Value::Time(self.entered(funnel, stage)?)),
            Read::Holding { entity, funnel, stage } => {
                let person = match entity {
                    Entity::Owner => self.owner?,
                    Entity::Receiver => self.receiver?,
                    Entity::Deal | Entity::Customer | Entity::Contract | Entity::User | Entity::Move => return None,
                };
                owned(Value::Int(i64::from(person.holding(funnel, stage))))
            }
            Read::Now => owned(Value::Time(self.now)),
            Read::Today => owned(Value::Date(self.today())),
        }
    }

    fn now(&self) -> Time {
        self.now
    }

    fn today(&self) -> Date {
        self.rules.calendar.local_date(self.now)
    }
}

// The functions below answer `Option` so that the tables above read as tables.

#[allow(clippy::unnecessary_wraps, reason = "one arm of a table of optional values")]
fn owned<'a>(value: Value) -> Option<Cow<'a, Value>> {
    Some(Cow::Owned(value))
}

fn choice<'a>(key: &Key) -> Option<Cow<'a, Value>> {
    owned(Value::Choice(key.clone()))
}

fn word<'a>(word: &'static str) -> Option<Cow<'a, Value>> {
    owned(Value::Choice(Key::new(word)))
}

fn user<'a>(id: Option<UserId>) -> Option<Cow<'a, Value>> {
    owned(Value::User(id?))
}

/// Their sum; missing if there are none, if currencies differ, or past what is exact.
fn money<'a>(amounts: impl Iterator<Item = Money>) -> Option<Cow<'a, Value>> {
    let mut sum: Option<Money> = None;
    for amount in amounts {
        sum = Some(match sum {
            None => amount,
            Some(sum) if sum.currency == amount.currency => {
                Money::new(sum.amount_minor.checked_add(amount.amount_minor)?, sum.currency)?
            }
            Some(_) => return None,
        });
    }
    owned(Value::Money(sum?))
}

fn contacts<'a>(customer: &Customer) -> Option<Cow<'a, Value>> {
    let text = |name: &str, text: &Option<String>| Some((Key::new(name), Value::Text(text.clone()?)));
    let records = customer.contacts.iter().map(|contact| {
        let name = Some((Key::new("name"), Value::Text(contact.name.clone())));
        let parts = [name, text("phone", &contact.phone), text("email", &contact.email), text("role", &contact.role)];
        parts.into_iter().flatten().collect()
    });
    owned(Value::Records(records.collect()))
}

fn of_actor<'a>(actor: &'a Actor, name: &str) -> Option<Cow<'a, Value>> {
    match name {
        "id" => match actor.who {
            Who::User(id) => user(Some(id)),
            Who::System => None,
        },
        "roles" => owned(Value::Choices(actor.roles.clone())),
        "team" => owned(Value::Team(actor.team?)),
        "active" => owned(Value::Bool(actor.active)),
        field => actor.fields.get(field).map(Cow::Borrowed),
    }
}

fn of_person<'a>(person: &'a Person, name: &str) -> Option<Cow<'a, Value>> {
    match name {
        "id" => user(Some(person.id)),
        "roles" => owned(Value::Choices(person.roles.clone())),
        "team" => owned(Value::Team(person.team?)),
        "active" => owned(Value::Bool(person.active)),
        field => person.fields.get(field).map(Cow::Borrowed),
    }
}
