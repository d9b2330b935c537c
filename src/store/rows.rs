//! Rows of deals and what hangs on them, between the tables and the engine's facts. Private to the store.

use super::columns::{Day, Json};
use super::schema::contracts;
use super::stored_fields::StoredFields;
use crate::engine::facts::{Activity, Contact, Contract, Customer, Deal, DealState, Origin, Payment};
use crate::values::{
    ActivityId, ContractId, Currency, CustomerId, DealId, Key, Money, PaymentId, TeamId, Time, UserId,
};
use diesel::prelude::{AsChangeset, Insertable, Queryable};

#[derive(Queryable)]
pub(super) struct DealRow {
    id: DealId,
    customer: CustomerId,
    funnel: Key,
    stage: Key,
    state: DealState,
    owner: Option<UserId>,
    team: Option<TeamId>,
    creator: Option<UserId>,
    discoverer: Option<UserId>,
    origin: Origin,
    product: Option<Key>,
    grade: Option<Key>,
    graded_by: Option<UserId>,
    graded_at: Option<Time>,
    reason: Option<Key>,
    cooling_until: Option<Time>,
    lost_from: Option<Key>,
    fields: Json<StoredFields>,
    version: i64,
    facts_version: i64,
    entered_at: Time,
    created_at: Time,
    updated_at: Time,
    closed_at: Option<Time>,
}

impl From<DealRow> for Deal {
    fn from(row: DealRow) -> Self {
        Self {
            id: row.id,
            customer: row.customer,
            funnel: row.funnel,
            stage: row.stage,
            state: row.state,
            owner: row.owner,
            team: row.team,
            creator: row.creator,
            discoverer: row.discoverer,
            origin: row.origin,
            product: row.product,
            grade: row.grade,
            graded_by: row.graded_by,
            graded_at: row.graded_at,
            reason: row.reason,
            cooling_until: row.cooling_until,
            lost_from: row.lost_from,
            fields: row.fields.0.0,
            version: row.version,
            facts_version: row.facts_version,
            entered_at: row.entered_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
            closed_at: row.closed_at,
        }
    }
}

#[derive(Queryable)]
pub(super) struct CustomerRow {
    id: CustomerId,
    creator: Option<UserId>,
    fields: Json<StoredFields>,
    contacts: Json<Vec<Contact>>,
    version: i64,
    facts_version: i64,
    created_at: Time,
    updated_at: Time,
}

impl From<CustomerRow> for Customer {
    fn from(row: CustomerRow) -> Self {
        Self {
            id: row.id,
            creator: row.creator,
            fields: row.fields.0.0,
            contacts: row.contacts.0,
            version: row.version,
            facts_version: row.facts_version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

#[derive(Queryable)]
pub(super) struct ActivityRow {
    id: ActivityId,
    deal: DealId,
    _customer: CustomerId,
    kind: Key,
    outcome: Option<Key>,
    method: Option<Key>,
    contact: Option<String>,
    note: Option<String>,
    actor: Option<UserId>,
    at: Time,
    logged_at: Time,
}

impl From<ActivityRow> for Activity {
    fn from(row: ActivityRow) -> Self {
        Self {
            id: row.id,
            deal: row.deal,
            kind: row.kind,
            outcome: row.outcome,
            method: row.method,
            contact: row.contact,
            note: row.note,
            actor: row.actor,
            at: row.at,
            logged_at: row.logged_at,
        }
    }
}

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = contracts, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(super) struct ContractRow {
    id: ContractId,
    deal: DealId,
    customer: CustomerId,
    number: Option<String>,
    amount_minor: i64,
    currency: String,
    signed_on: Option<Day>,
    delivered_on: Option<Day>,
    accepted_on: Option<Day>,
    cancelled_on: Option<Day>,
    version: i64,
    created_at: Time,
    updated_at: Time,
}

impl ContractRow {
    pub fn new(contract: &Contract, customer: CustomerId) -> Self {
        Self {
            id: contract.id,
            deal: contract.deal,
            customer,
            number: contract.number.clone(),
            amount_minor: contract.amount.amount_minor,
            currency: contract.amount.currency.to_string(),
            signed_on: contract.signed_on.map(Day),
            delivered_on: contract.delivered_on.map(Day),
            accepted_on: contract.accepted_on.map(Day),
            cancelled_on: contract.cancelled_on.map(Day),
            version: contract.version,
            created_at: contract.created_at,
            updated_at: contract.updated_at,
        }
    }

    pub fn into_contract(self) -> Option<Contract> {
        Some(Contract {
            id: self.id,
            deal: self.deal,
            number: self.number,
            amount: money(self.amount_minor, &self.currency)?,
            signed_on: self.signed_on.map(|day| day.0),
            delivered_on: self.delivered_on.map(|day| day.0),
            accepted_on: self.accepted_on.map(|day| day.0),
            cancelled_on: self.cancelled_on.map(|day| day.0),
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

#[derive(Queryable)]
pub(super) struct PaymentRow {
    id: PaymentId,
    contract: ContractId,
    _deal: DealId,
    amount_minor: i64,
    currency: String,
    paid_on: Day,
    cancelled_on: Option<Day>,
    _recorded_at: Time,
}

impl PaymentRow {
    pub fn into_payment(self) -> Option<Payment> {
        Some(Payment {
            id: self.id,
            contract: self.contract,
            amount: money(self.amount_minor, &self.currency)?,
            paid_on: self.paid_on.0,
            cancelled_on: self.cancelled_on.map(|day| day.0),
        })
    }
}

/// Nothing if somebody wrote to the table what is no amount.
pub(super) fn money(amount_minor: i64, currency: &str) -> Option<Money> {
    Money::new(amount_minor, Currency::new(currency)?)
}
