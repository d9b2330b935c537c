//! Deals: made, read, changed, listed; who holds them.

use super::access::Caller;
use super::asked::House;
use super::context::Context;
use super::customers::warned;
use super::deal_filter::DealFilter;
use super::extract::{Json, Path, Query};
use super::listing::{self, Cursor, FieldFilters};
use super::page::PageRequest;
use super::people::maybe;
use super::reply::{Answer, Reply};
use super::unmet::UnmetView;
use super::write::Write;
use super::{ApiError, shown};
use crate::engine::dwell::{Dwell, dwell};
use crate::engine::facts::{Customer, Deal, DealState, Origin};
use crate::engine::sight::{FieldSight, Sight};
use crate::rules::expression::{Entity, Path as Name};
use crate::rules::model::Rules;
use crate::values::{CustomerId, DealId, Key, TeamId, Time, UserId};
use crate::workflow::answer::{DealAnswer, Recorded};
use crate::workflow::deals::{DealBody, DealList, DealPatch, NewOwner};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as JsonValue};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct DealPath {
    /// The deal.
    #[param(value_type = uuid::Uuid)]
    pub id: DealId,
}

/// A customer's passage through one funnel.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Deal)]
pub struct DealView {
    #[schema(value_type = uuid::Uuid)]
    id: DealId,
    #[schema(value_type = uuid::Uuid)]
    customer: CustomerId,
    /// The customer's fields that the caller may see.
    #[schema(value_type = Object, additional_properties)]
    customer_fields: Map<String, JsonValue>,
    #[schema(value_type = String, max_length = 100)]
    funnel: Key,
    #[schema(value_type = String, max_length = 100)]
    stage: Key,
    /// `open`, `won` or `lost`.
    #[schema(max_length = 100)]
    state: &'static str,
    /// Who holds it; null = it lies in the pool of `team`, or of the company.
    #[schema(value_type = Option<uuid::Uuid>)]
    owner: Option<UserId>,
    #[schema(value_type = Option<uuid::Uuid>)]
    team: Option<TeamId>,
    #[schema(value_type = Option<uuid::Uuid>)]
    creator: Option<UserId>,
    #[schema(value_type = Option<uuid::Uuid>)]
    discoverer: Option<UserId>,
    /// `supplied` or `discovered`.
    #[schema(max_length = 100)]
    origin: &'static str,
    #[schema(value_type = Option<String>, max_length = 100)]
    product: Option<Key>,
    /// The stored grade; null until graded.
    #[schema(value_type = Option<String>, max_length = 100)]
    grade: Option<Key>,
    /// What the rules would grade it now; null in lists and after writes.
    #[schema(value_type = Option<String>, max_length = 100)]
    grade_now: Option<Key>,
    /// Why it was lost.
    #[schema(value_type = Option<String>, max_length = 100)]
    reason: Option<Key>,
    /// Not to be taken up again before.
    #[schema(value_type = Option<String>, format = DateTime)]
    cooling_until: Option<Time>,
    /// The company's own fields; `{"hidden": true}` = not for you to see.
    #[schema(value_type = Object, additional_properties)]
    fields: Map<String, JsonValue>,
    /// When it came into its stage.
    #[schema(value_type = String, format = DateTime)]
    entered_at: Time,
    /// When it reaches the stage's target; null = there is none.
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Time>,
    overdue: bool,
    version: i64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
    #[schema(value_type = Option<String>, format = DateTime)]
    closed_at: Option<Time>,
    /// What warned when this was written; empty where it is only read.
    #[schema(max_items = 1000)]
    warnings: Vec<UnmetView>,
}

crate::page!(
    /// A page of deals.
    DealPage,
    DealView
);

impl DealView {
    /// A deal as its reader sees it.
    #[must_use]
    pub fn of(rules: &Rules, deal: &Deal, customer: &Customer, dwell: &Dwell, sight: &Sight) -> Self {
        let built_in = |name: &str, value: &Option<Key>| {
            let path = Name { entity: Entity::Deal, name: Key::new(name) };
            value.clone().filter(|_| sight.of(&path) == FieldSight::Open)
        };
        Self {
            id: deal.id,
            customer: deal.customer,
            customer_fields: shown::fields(sight, Entity::Customer, rules.fields.customer.keys(), &customer.fields),
            funnel: deal.funnel.clone(),
            stage: deal.stage.clone(),
            state: state_word(deal.state),
            owner: deal.owner,
            team: deal.team,
            creator: deal.creator,
            discoverer: deal.discoverer,
            origin: match deal.origin {
                Origin::Supplied => "supplied",
                Origin::Discovered => "discovered",
            },
            product: built_in("product", &deal.product),
            grade: built_in("grade", &deal.grade),
            grade_now: None,
            reason: deal.reason.clone(),
            cooling_until: deal.cooling_until,
            fields: shown::fields(sight, Entity::Deal, rules.fields.deal.keys(), &deal.fields),
            entered_at: deal.entered_at,
            due_at: dwell.due_at,
            overdue: dwell.overdue_since.is_some(),
            version: deal.version,
            created_at: deal.created_at,
            updated_at: deal.updated_at,
            closed_at: deal.closed_at,
            warnings: Vec::new(),
        }
    }
}

pub fn state_word(state: DealState) -> &'static str {
    match state {
        DealState::Open => "open",
        DealState::Won => "won",
        DealState::Lost => "lost",
    }
}

/// What a write to a deal answers.
pub async fn written(house: &House, context: &Context, done: &Recorded<DealAnswer>) -> Result<DealView, ApiError> {
    let active = house.0.active().await?;
    let DealAnswer { deal, customer } = &done.answer;
    let owner = deal.owner.and_then(|owner| active.directory.user(owner)).map(|known| known.person());
    let dwell = dwell(&active.rules, deal, customer, owner.as_ref(), context.now);
    let view = DealView::of(&active.rules, deal, customer, &dwell, &done.sight);
    Ok(DealView { warnings: warned(&done.warnings, &done.sight, &context.languages), ..view })
}

/// The answer of a write that changed a deal: where the decision is, and the deal.
pub async fn decided(house: &House, context: &Context, done: &Recorded<DealAnswer>) -> Answer<DealView> {
    let view = written(house, context, done).await?;
    let deal = &done.answer.deal;
    let location = match done.decision {
        Some(decision) => format!("/v1/deals/{}/decisions/{decision}", deal.id),
        None => format!("/v1/deals/{}", deal.id),
    };
    Ok(Reply::created(view, location).version(deal.version).replayed(done.replayed))
}

/// A deal to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDealBody {
    #[schema(value_type = uuid::Uuid)]
    customer: CustomerId,
    /// Left out: the first funnel of the rules.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 100)]
    funnel: Option<Key>,
    /// Left out: where the funnel starts.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 100)]
    stage: Option<Key>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 100)]
    product: Option<Key>,
    /// Found by yourself outside of the regular supply.
    #[serde(default)]
    discovered: bool,
    /// Left out: yourself. Null: nobody, it goes to the pool.
    #[serde(default, deserialize_with = "maybe")]
    #[schema(value_type = Option<uuid::Uuid>)]
    owner: Option<Option<UserId>>,
    #[serde(default)]
    #[schema(value_type = Object, additional_properties)]
    fields: Map<String, JsonValue>,
}

/// A change of a deal. What is left out stays; null empties a field.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DealPatchBody {
    #[serde(default, deserialize_with = "maybe")]
    #[schema(value_type = Option<String>, max_length = 100)]
    product: Option<Option<Key>>,
    #[serde(default)]
    #[schema(value_type = Object, additional_properties)]
    fields: Map<String, JsonValue>,
}

/// Deals I may see
///
/// By typed filters, in a stable order, page by page.
#[utoipa::path(get, path = "/v1/deals", tag = "deals", params(DealFilter), responses(
    (status = 200, description = "A page.", body = DealPage)))]
pub async fn list_deals(
    house: House,
    context: Context,
    caller: Caller,
    page: PageRequest,
    filter: Query<DealFilter>,
) -> Answer<DealPage> {
    let rules = house.rules().await?;
    let filter = filter.0;
    let declared = listing::Declared { rules: &rules, entity: Entity::Deal };
    let mut conditions = filter.conditions(&rules)?;
    conditions.extend(FieldFilters::read(&declared, filter.fields.as_deref())?.conditions());
    let sort = filter.sort.as_deref();
    let order = listing::order(&declared, sort, &["created_at", "updated_at", "entered_at"])?;
    let list = DealList {
        conditions,
        customer: filter.customer,
        team: filter.team,
        overdue: filter.overdue.unwrap_or(false),
        updated_since: filter.updated_since,
        after: Cursor::after(&house, &page, &order, "deals", sort)?,
        order,
        limit: page.limit,
    };
    let found = house.0.deals(&caller.reads(&context)?, list).await?;
    let next = Cursor::next(&house, found.next.as_ref(), "deals", sort);
    let view =
        found.items.iter().map(|seen| DealView::of(&rules, &seen.deal, &seen.customer, &seen.dwell, &seen.sight));
    Ok(Reply::ok(DealPage::new(view.collect(), next)))
}

/// One deal
///
/// With what the rules would grade it now.
#[utoipa::path(get, path = "/v1/deals/{id}", tag = "deals", params(DealPath), responses(
    (status = 200, description = "The deal.", body = DealView)))]
pub async fn get_deal(house: House, context: Context, caller: Caller, path: Path<DealPath>) -> Answer<DealView> {
    let seen = house.0.deal(&caller.reads(&context)?, path.0.id).await?;
    let rules = house.rules().await?;
    let view = DealView::of(&rules, &seen.deal, &seen.customer, &seen.dwell, &seen.sight);
    let grade = Name { entity: Entity::Deal, name: Key::new("grade") };
    let grade_now = seen.grade_now.filter(|_| seen.sight.of(&grade) == FieldSight::Open);
    Ok(Reply::ok(DealView { grade_now, ..view }).version(seen.deal.version))
}

/// Make a deal
///
/// At most one open deal of a customer in a funnel. Beginning at another stage than the start is a move too.
#[utoipa::path(post, path = "/v1/deals", tag = "deals", request_body = NewDealBody, responses(
    (status = 201, description = "Made.", body = DealView)))]
pub async fn create_deal(
    house: House,
    context: Context,
    caller: Caller,
    write: Write,
    body: Json<NewDealBody>,
) -> Answer<DealView> {
    let body = body.0;
    let new = DealBody {
        customer: body.customer,
        funnel: body.funnel,
        stage: body.stage,
        product: body.product,
        origin: if body.discovered { Origin::Discovered } else { Origin::Supplied },
        owner: match body.owner {
            None => NewOwner::Maker,
            Some(None) => NewOwner::Nobody,
            Some(Some(user)) => NewOwner::Somebody(user),
        },
        fields: body.fields,
    };
    let done = house.0.create_deal(&caller.writes(&context, &write)?, new).await?;
    let view = written(&house, &context, &done).await?;
    let location = format!("/v1/deals/{}", done.answer.deal.id);
    Ok(Reply::created(view, location).version(done.answer.deal.version).replayed(done.replayed))
}

/// Change a deal
///
/// Its product and the company's own fields. What a passed stage demanded cannot be emptied. The stage changes by
/// moves, the owner by assigning.
#[utoipa::path(patch, path = "/v1/deals/{id}", tag = "deals", params(DealPath), request_body = DealPatchBody,
    responses((status = 200, description = "Changed.", body = DealView)))]
pub async fn update_deal(
    house: House,
    context: Context,
    caller: Caller,
    write: Write,
    path: Path<DealPath>,
    body: Json<DealPatchBody>,
) -> Answer<DealView> {
    let patch = DealPatch { fields: body.0.fields, product: body.0.product };
    let done = house.0.change_deal(&caller.writes(&context, &write)?, path.0.id, patch).await?;
    let view = written(&house, &context, &done).await?;
    Ok(Reply::ok(view).version(done.answer.deal.version).replayed(done.replayed))
}

/// Who is to get a deal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignBody {
    #[schema(value_type = uuid::Uuid)]
    owner: UserId,
    #[serde(default)]
    #[schema(max_length = 4000)]
    note: Option<String>,
}

/// What the caller says about it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteBody {
    #[serde(default)]
    #[schema(max_length = 4000)]
    note: Option<String>,
}

/// Give a deal to somebody
///
/// A deal that somebody owns needs `deals.assign`, one in the pool `pool.deal_out`. The receiver is held to the cap of
/// the stage.
#[utoipa::path(post, path = "/v1/deals/{id}/assign", tag = "deals", params(DealPath), request_body = AssignBody,
    responses((status = 201, description = "Given.", body = DealView)))]
pub async fn assign_deal(
    house: House,
    context: Context,
    caller: Caller,
    write: Write,
    path: Path<DealPath>,
    body: Json<AssignBody>,
) -> Answer<DealView> {
    let call = caller.writes(&context, &write)?;
    let done = house.0.assign_deal(&call, path.0.id, body.0.owner, body.0.note).await?;
    decided(&house, &context, &done).await
}

/// Let a deal go
///
/// It goes to the pool of its owner's team.
#[utoipa::path(post, path = "/v1/deals/{id}/release", tag = "deals", params(DealPath), request_body = NoteBody,
    responses((status = 201, description = "In the pool.", body = DealView)))]
pub async fn release_deal(
    house: House,
    context: Context,
    caller: Caller,
    write: Write,
    path: Path<DealPath>,
    body: Json<NoteBody>,
) -> Answer<DealView> {
    let done = house.0.release_deal(&caller.writes(&context, &write)?, path.0.id, body.0.note).await?;
    decided(&house, &context, &done).await
}
