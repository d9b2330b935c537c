//! Contracts of a deal and the payments on them.

use super::access::Caller;
use super::asked::House;
use super::context::Context;
use super::customers::warned;
use super::deals::DealPath;
use super::extract::{Json, Path};
use super::people::maybe;
use super::reply::{Answer, Reply};
use super::unmet::UnmetView;
use super::write::Write;
use crate::engine::contracts::{ContractWrite, NewPayment};
use crate::engine::facts::Payment;
use crate::values::{ContractId, Currency, Date, DealId, Money, PaymentId, Time};
use crate::workflow::answer::{ContractAnswer, Recorded};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ContractPath {
    /// The deal.
    #[param(value_type = uuid::Uuid)]
    id: DealId,
    /// The contract.
    #[param(value_type = uuid::Uuid)]
    contract: ContractId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct PaymentPath {
    /// The deal.
    #[param(value_type = uuid::Uuid)]
    id: DealId,
    /// The contract.
    #[param(value_type = uuid::Uuid)]
    contract: ContractId,
    /// The payment.
    #[param(value_type = uuid::Uuid)]
    payment: PaymentId,
}

/// An amount: whole minor units (fen, cents) and an ISO 4217 currency.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Money)]
pub struct MoneyView {
    amount_minor: i64,
    #[schema(value_type = String, min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$")]
    currency: Currency,
}

impl From<Money> for MoneyView {
    fn from(money: Money) -> Self {
        Self { amount_minor: money.amount_minor, currency: money.currency }
    }
}

impl From<MoneyView> for Money {
    fn from(view: MoneyView) -> Self {
        Self { amount_minor: view.amount_minor, currency: view.currency }
    }
}

/// A contract of a deal.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Contract)]
pub struct ContractView {
    #[schema(value_type = uuid::Uuid)]
    id: ContractId,
    #[schema(value_type = uuid::Uuid)]
    deal: DealId,
    /// The company's own number for it.
    #[schema(max_length = 100)]
    number: Option<String>,
    amount: MoneyView,
    /// What was paid so far.
    paid: MoneyView,
    #[schema(value_type = Option<String>, format = Date)]
    signed_on: Option<Date>,
    #[schema(value_type = Option<String>, format = Date)]
    delivered_on: Option<Date>,
    #[schema(value_type = Option<String>, format = Date)]
    accepted_on: Option<Date>,
    #[schema(value_type = Option<String>, format = Date)]
    cancelled_on: Option<Date>,
    #[schema(max_items = 200)]
    payments: Vec<PaymentView>,
    version: i64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
    /// What warned when this was written; empty where it is only read.
    #[schema(max_items = 1000)]
    warnings: Vec<UnmetView>,
}

/// A payment on a contract.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Payment)]
pub struct PaymentView {
    #[schema(value_type = uuid::Uuid)]
    id: PaymentId,
    amount: MoneyView,
    #[schema(value_type = String, format = Date)]
    paid_on: Date,
    #[schema(value_type = Option<String>, format = Date)]
    cancelled_on: Option<Date>,
}

/// Contracts of a deal.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContractList {
    #[schema(max_items = 50)]
    data: Vec<ContractView>,
}

impl From<&ContractAnswer> for ContractView {
    fn from(answer: &ContractAnswer) -> Self {
        let contract = &answer.contract;
        let live = answer.payments.iter().filter(|payment| payment.cancelled_on.is_none());
        let paid = live.fold(0_i64, |sum, payment| sum.saturating_add(payment.amount.amount_minor));
        let payment = |payment: &Payment| PaymentView {
            id: payment.id,
            amount: payment.amount.into(),
            paid_on: payment.paid_on,
            cancelled_on: payment.cancelled_on,
        };
        Self {
            id: contract.id,
            deal: contract.deal,
            number: contract.number.clone(),
            amount: contract.amount.into(),
            paid: MoneyView { amount_minor: paid, currency: contract.amount.currency },
            signed_on: contract.signed_on,
            delivered_on: contract.delivered_on,
            accepted_on: contract.accepted_on,
            cancelled_on: contract.cancelled_on,
            payments: answer.payments.iter().map(payment).collect(),
            version: contract.version,
            created_at: contract.created_at,
            updated_at: contract.updated_at,
            warnings: Vec::new(),
        }
    }
}

/// A contract to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewContractBody {
    amount: MoneyView,
    #[serde(default)]
    #[schema(max_length = 100)]
    number: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    signed_on: Option<Date>,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    delivered_on: Option<Date>,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    accepted_on: Option<Date>,
}

/// A change of a contract. What is left out stays; null takes a date away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContractPatchBody {
    #[serde(default)]
    #[schema(nullable = false)]
    amount: Option<MoneyView>,
    #[serde(default, deserialize_with = "maybe")]
    #[schema(value_type = Option<String>, max_length = 100)]
    number: Option<Option<String>>,
    #[serde(default, deserialize_with = "maybe")]
    #[schema(value_type = Option<String>, format = Date)]
    signed_on: Option<Option<Date>>,
    #[serde(default, deserialize_with = "maybe")]
    #[schema(value_type = Option<String>, format = Date)]
    delivered_on: Option<Option<Date>>,
    #[serde(default, deserialize_with = "maybe")]
    #[schema(value_type = Option<String>, format = Date)]
    accepted_on: Option<Option<Date>>,
    #[serde(default, deserialize_with = "maybe")]
    #[schema(value_type = Option<String>, format = Date)]
    cancelled_on: Option<Option<Date>>,
}

/// A payment to be recorded.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaymentBody {
    amount: MoneyView,
    #[schema(value_type = String, format = Date)]
    paid_on: Date,
}

fn view(context: &Context, done: &Recorded<ContractAnswer>) -> ContractView {
    let warnings = warned(&done.warnings, &done.sight, &context.languages);
    ContractView { warnings, ..ContractView::from(&done.answer) }
}

fn location(done: &Recorded<ContractAnswer>) -> String {
    let contract = &done.answer.contract;
    format!("/v1/deals/{}/contracts/{}", contract.deal, contract.id)
}

/// Contracts of a deal
///
/// With their payments, the oldest first.
#[utoipa::path(get, path = "/v1/deals/{id}/contracts", tag = "deals", params(DealPath), responses(
    (status = 200, description = "The contracts.", body = ContractList)))]
pub async fn list_contracts(
    house: House,
    context: Context,
    caller: Caller,
    path: Path<DealPath>,
) -> Answer<ContractList> {
    let contracts = house.0.contracts(&caller.reads(&context)?, path.0.id).await?;
    Ok(Reply::ok(ContractList { data: contracts.iter().map(ContractView::from).collect() }))
}

/// One contract
///
/// With its payments.
#[utoipa::path(get, path = "/v1/deals/{id}/contracts/{contract}", tag = "deals", params(ContractPath), responses(
    (status = 200, description = "The contract.", body = ContractView)))]
pub async fn get_contract(
    house: House,
    context: Context,
    caller: Caller,
    path: Path<ContractPath>,
) -> Answer<ContractView> {
    let found = house.0.contract(&caller.reads(&context)?, path.0.id, path.0.contract).await?;
    Ok(Reply::ok(ContractView::from(&found)).version(found.contract.version))
}

/// Add a contract
///
/// Signed, delivered and accepted are dates; criteria ask for them.
#[utoipa::path(post, path = "/v1/deals/{id}/contracts", tag = "deals", params(DealPath),
    request_body = NewContractBody, responses((status = 201, description = "Added.", body = ContractView)))]
pub async fn create_contract(
    house: House,
    context: Context,
    caller: Caller,
    write: Write,
    path: Path<DealPath>,
    body: Json<NewContractBody>,
) -> Answer<ContractView> {
    let body = body.0;
    let new = ContractWrite {
        number: Some(body.number),
        amount: Some(body.amount.into()),
        signed_on: Some(body.signed_on),
        delivered_on: Some(body.delivered_on),
        accepted_on: Some(body.accepted_on),
        cancelled_on: None,
    };
    let done = house.0.create_contract(&caller.writes(&context, &write)?, path.0.id, new).await?;
    let version = done.answer.contract.version;
    Ok(Reply::created(view(&context, &done), location(&done)).version(version).replayed(done.replayed))
}

/// Change a contract
///
/// Dates of signature, delivery and acceptance, the amount, its cancellation.
#[utoipa::path(patch, path = "/v1/deals/{id}/contracts/{contract}", tag = "deals", params(ContractPath),
    request_body = ContractPatchBody, responses((status = 200, description = "Changed.", body = ContractView)))]
pub async fn update_contract(
    house: House,
    context: Context,
    caller: Caller,
    write: Write,
    path: Path<ContractPath>,
    body: Json<ContractPatchBody>,
) -> Answer<ContractView> {
    let body = body.0;
    let patch = ContractWrite {
        number: body.number,
        amount: body.amount.map(Money::from),
        signed_on: body.signed_on,
        delivered_on: body.delivered_on,
        accepted_on: body.accepted_on,
        cancelled_on: body.cancelled_on,
    };
    let call = caller.writes(&context, &write)?;
    let done = house.0.change_contract(&call, path.0.id, path.0.contract, patch).await?;
    let version = done.answer.contract.version;
    Ok(Reply::ok(view(&context, &done)).version(version).replayed(done.replayed))
}

/// Record a payment
///
/// Paying more than is due is warned about, not refused.
#[utoipa::path(post, path = "/v1/deals/{id}/contracts/{contract}/payments", tag = "deals", params(ContractPath),
    request_body = PaymentBody, responses((status = 201, description = "Recorded.", body = ContractView)))]
pub async fn record_payment(
    house: House,
    context: Context,
    caller: Caller,
    write: Write,
    path: Path<ContractPath>,
    body: Json<PaymentBody>,
) -> Answer<ContractView> {
    let payment = NewPayment { id: PaymentId::new(), amount: body.0.amount.into(), paid_on: body.0.paid_on };
    let call = caller.writes(&context, &write)?;
    let done = house.0.record_payment(&call, path.0.id, path.0.contract, payment).await?;
    let version = done.answer.contract.version;
    Ok(Reply::created(view(&context, &done), location(&done)).version(version).replayed(done.replayed))
}

/// Cancel a payment
///
/// One that was recorded by mistake, or went back.
#[utoipa::path(post, path = "/v1/deals/{id}/contracts/{contract}/payments/{payment}/cancel", tag = "deals",
    params(PaymentPath), responses((status = 201, description = "Cancelled.", body = ContractView)))]
pub async fn cancel_payment(
    house: House,
    context: Context,
    caller: Caller,
    write: Write,
    path: Path<PaymentPath>,
) -> Answer<ContractView> {
    let call = caller.writes(&context, &write)?;
    let done = house.0.cancel_payment(&call, path.0.id, path.0.contract, path.0.payment).await?;
    let version = done.answer.contract.version;
    Ok(Reply::created(view(&context, &done), location(&done)).version(version).replayed(done.replayed))
}
