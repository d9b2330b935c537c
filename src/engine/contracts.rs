//! Contracts of a deal and the payments on them: signed, delivered, paid, accepted.

use super::customers::decided;
use super::decision::{
    Allowed, CheckOutcome, Checked, CheckedKind, Decision, FactsRead, Readings, Refusal, RefusalKind, Severity,
};
use super::effects::{ContractChange, Made, PaymentChange};
use super::facts::{Contract, DealFacts, Payment};
use super::fields::{clean, field_fault};
use crate::rules::model::Rules;
use crate::texts::Message;
use crate::values::{ContractId, Date, Key, Money, PaymentId, Time, Value};

/// Most contracts of a deal, and payments on a contract: each is read with every decision about the deal.
pub const MOST_CONTRACTS: usize = 50;
pub const MOST_PAYMENTS: usize = 200;
const LONGEST_NUMBER: usize = 100;

/// A contract as somebody wants it. `None` = as it is; `Some(None)` = emptied.
#[derive(Clone, Debug, Default)]
pub struct ContractWrite {
    pub number: Option<Option<String>>,
    pub amount: Option<Money>,
    pub signed_on: Option<Option<Date>>,
    pub delivered_on: Option<Option<Date>>,
    pub accepted_on: Option<Option<Date>>,
    pub cancelled_on: Option<Option<Date>>,
}

/// Something that is to be done about a contract of a deal.
#[derive(Clone, Debug)]
pub enum ContractDeed {
    Create(ContractId, ContractWrite),
    Change(ContractId, ContractWrite),
    Pay(ContractId, NewPayment),
    CancelPayment(ContractId, PaymentId),
}

impl DealFacts {
    #[must_use]
    pub fn find_contract(&self, id: ContractId) -> Option<&Contract> {
        self.contracts.iter().find(|contract| contract.id == id)
    }

    /// A payment on a contract.
    #[must_use]
    pub fn find_payment(&self, contract: ContractId, id: PaymentId) -> Option<&Payment> {
        self.payments.iter().find(|payment| payment.id == id && payment.contract == contract)
    }
}

/// Adds a contract to a deal.
#[must_use]
pub fn create(
    rules: &Rules,
    record: &DealFacts,
    id: ContractId,
    write: ContractWrite,
    now: Time,
) -> Decision<ContractChange> {
    let mut criteria = Vec::new();
    let Some(amount) = write.amount else {
        criteria.push(fault("amount", Message::new("field_required").with("field", "amount")));
        return Decision::Refused(Refusal { kind: RefusalKind::Unmet, criteria, facts: FactsRead::default() });
    };
    if record.contracts.len() >= MOST_CONTRACTS {
        return state(
            Message::new("contracts_too_many").with("most", i64::try_from(MOST_CONTRACTS).unwrap_or(i64::MAX)),
        );
    }
    let contract = Contract {
        id,
        deal: record.deal.id,
        number: None,
        amount,
        signed_on: None,
        delivered_on: None,
        accepted_on: None,
        cancelled_on: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    write_into(rules, record, contract, write, now, true)
}

/// Changes a contract of a deal.
#[must_use]
pub fn change(
    rules: &Rules,
    record: &DealFacts,
    contract: &Contract,
    write: ContractWrite,
    now: Time,
) -> Decision<ContractChange> {
    let updated_at = now.max(contract.updated_at);
    let contract = Contract { version: contract.version + 1, updated_at, ..contract.clone() };
    write_into(rules, record, contract, write, now, false)
}

fn write_into(
    rules: &Rules,
    record: &DealFacts,
    mut contract: Contract,
    write: ContractWrite,
    now: Time,
    is_new: bool,
) -> Decision<ContractChange> {
    let mut criteria = Vec::new();
    let before = contract.clone();
    if let Some(number) = write.number {
        let cleaned = number.map(|number| clean(&number, LONGEST_NUMBER, false)).transpose();
        contract.number = cleaned.unwrap_or_else(|message| {
            criteria.push(fault("number", message));
            None
        });
        contract.number = contract.number.filter(|number| !number.is_empty());
    }
    if let Some(amount) = write.amount {
        contract.amount = amount;
    }
    contract.signed_on = write.signed_on.unwrap_or(contract.signed_on);
    contract.delivered_on = write.delivered_on.unwrap_or(contract.delivered_on);
    contract.accepted_on = write.accepted_on.unwrap_or(contract.accepted_on);
    contract.cancelled_on = write.cancelled_on.unwrap_or(contract.cancelled_on);
    criteria.extend(amount_faults(rules, &contract.amount));
    criteria.extend(date_faults(rules, &contract, now));
    if !is_new && contract.amount.currency != before.amount.currency && paid_on(record, contract.id).next().is_some() {
        criteria.push(fault("amount", Message::new("contract_currency_paid")));
    }
    let mut facts = FactsRead::default();
    let mut note = |name: &str, value: Option<Value>, old: Option<Value>| {
        if is_new || value != old {
            facts.values.insert(Key::from(format!("contract.{name}")), value);
            if !is_new {
                facts.values.insert(Key::from(format!("contract.{name} before")), old);
            }
        }
    };
    note("amount", Some(Value::Money(contract.amount)), Some(Value::Money(before.amount)));
    note("signed_on", contract.signed_on.map(Value::Date), before.signed_on.map(Value::Date));
    note("delivered_on", contract.delivered_on.map(Value::Date), before.delivered_on.map(Value::Date));
    note("accepted_on", contract.accepted_on.map(Value::Date), before.accepted_on.map(Value::Date));
    note("cancelled_on", contract.cancelled_on.map(Value::Date), before.cancelled_on.map(Value::Date));
    decided(criteria, facts, ContractChange { customer: record.customer.id, contract, is_new, made: Made::new() })
}

fn amount_faults(rules: &Rules, amount: &Money) -> Option<Checked> {
    if amount.amount_minor <= 0 {
        return Some(fault("amount", Message::new("amount_not_positive")));
    }
    let wrong = amount.currency != rules.currency;
    wrong.then(|| fault("amount", Message::new("value_currency").with("currency", rules.currency.code())))
}

/// A contract is signed before it is delivered, and delivered before it is accepted; none of it tomorrow.
fn date_faults(rules: &Rules, contract: &Contract, now: Time) -> Vec<Checked> {
    let today = rules.calendar.local_date(now);
    let steps = [
        ("signed_on", contract.signed_on),
        ("delivered_on", contract.delivered_on),
        ("accepted_on", contract.accepted_on),
    ];
    let mut faults = Vec::new();
    let mut before: Option<(&str, Option<Date>)> = None;
    for (name, on) in steps {
        if let Some(on) = on {
            if on > today {
                faults.push(fault(name, Message::new("date_in_future").with("field", name)));
            }
            if let Some((earlier, earlier_on)) = before
                && earlier_on.is_none_or(|earlier_on| earlier_on > on)
            {
                faults.push(fault(name, Message::new("date_before").with("field", name).with("earlier", earlier)));
            }
        }
        before = Some((name, on));
    }
    if contract.cancelled_on.is_some_and(|on| on > today) {
        faults.push(fault("cancelled_on", Message::new("date_in_future").with("field", "cancelled_on")));
    }
    faults
}

/// A payment to record.
#[derive(Clone, Debug)]
pub struct NewPayment {
    pub id: PaymentId,
    pub amount: Money,
    pub paid_on: Date,
}

/// Records a payment on a contract. Paying more than is due is warned about, not refused: money that came has come.
#[must_use]
pub fn pay(
    rules: &Rules,
    record: &DealFacts,
    contract: &Contract,
    new: NewPayment,
    now: Time,
) -> Decision<PaymentChange> {
    if contract.cancelled_on.is_some() {
        return state(Message::new("contract_cancelled"));
    }
    if record.payments.iter().filter(|payment| payment.contract == contract.id).count() >= MOST_PAYMENTS {
        return state(Message::new("payments_too_many").with("most", i64::try_from(MOST_PAYMENTS).unwrap_or(i64::MAX)));
    }
    let mut criteria = Vec::new();
    if new.amount.amount_minor <= 0 {
        criteria.push(fault("amount", Message::new("amount_not_positive")));
    }
    if new.amount.currency != contract.amount.currency {
        let message = Message::new("value_currency").with("currency", contract.amount.currency.code());
        criteria.push(fault("amount", message));
    }
    if new.paid_on > rules.calendar.local_date(now) {
        criteria.push(fault("paid_on", Message::new("date_in_future").with("field", "paid_on")));
    }
    let paid = paid_on(record, contract.id)
        .fold(new.amount.amount_minor, |sum, payment| sum.saturating_add(payment.amount.amount_minor));
    if paid > contract.amount.amount_minor {
        criteria.push(overpaid(contract, paid));
    }
    let mut facts = FactsRead::default();
    facts.values.insert(Key::new("payment.amount"), Some(Value::Money(new.amount)));
    facts.values.insert(Key::new("payment.paid_on"), Some(Value::Date(new.paid_on)));
    let payment =
        Payment { id: new.id, contract: contract.id, amount: new.amount, paid_on: new.paid_on, cancelled_on: None };
    let effect = PaymentChange {
        deal: record.deal.id,
        customer: record.customer.id,
        payment,
        is_new: true,
        at: now,
        made: Made::new(),
    };
    decided(criteria, facts, effect)
}

/// Cancels a payment that was recorded by mistake or went back.
#[must_use]
pub fn cancel_payment(rules: &Rules, record: &DealFacts, payment: &Payment, now: Time) -> Decision<PaymentChange> {
    if payment.cancelled_on.is_some() {
        return state(Message::new("payment_cancelled"));
    }
    let cancelled_on = Some(rules.calendar.local_date(now));
    let mut facts = FactsRead::default();
    facts.values.insert(Key::new("payment.amount"), Some(Value::Money(payment.amount)));
    facts.values.insert(Key::new("payment.cancelled_on"), cancelled_on.map(Value::Date));
    let effect = PaymentChange {
        deal: record.deal.id,
        customer: record.customer.id,
        payment: Payment { cancelled_on, ..payment.clone() },
        is_new: false,
        at: now,
        made: Made::new(),
    };
    Decision::Allowed(Allowed { effect, criteria: Vec::new(), facts })
}

/// Payments on a contract that are not cancelled.
fn paid_on(record: &DealFacts, contract: ContractId) -> impl Iterator<Item = &Payment> {
    record.payments.iter().filter(move |payment| payment.contract == contract && payment.cancelled_on.is_none())
}

fn overpaid(contract: &Contract, paid: i64) -> Checked {
    let paid = Money { amount_minor: paid, currency: contract.amount.currency };
    let message = Message::new("overpaid").with("paid", paid.to_string()).with("amount", contract.amount.to_string());
    Checked {
        id: Key::new("overpaid"),
        kind: CheckedKind::Contract,
        stage: None,
        outcome: CheckOutcome::Unmet,
        severity: Severity::Warn,
        message,
        label: None,
        pointer: None,
        values: Readings::default(),
        fields: Vec::new(),
        progress: None,
        possible_from: None,
        enforce_from: None,
    }
}

fn fault(part: &str, message: Message) -> Checked {
    field_fault(&format!("/{part}"), &Key::new(part), message, vec![format!("contract.{part}")])
}

fn state<T>(message: Message) -> Decision<T> {
    Decision::Refused(Refusal { kind: RefusalKind::State(message), criteria: Vec::new(), facts: FactsRead::default() })
}
