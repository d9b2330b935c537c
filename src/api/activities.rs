//! Activities of a deal, and the decisions about it.

use super::access::Caller;
use super::asked::House;
use super::context::Context;
use super::deals::DealPath;
use super::extract::{Json, Path};
use super::moves::checked;
use super::page::{PageRequest, cursor};
use super::reply::{Answer, Reply};
use super::shown;
use super::unmet::CheckedView;
use super::write::Write;
use crate::engine::activities::NewActivity;
use crate::engine::actor::Who;
use crate::engine::facts::Activity;
use crate::engine::sight::{FieldSight, Sight};
use crate::rules::expression::{Entity, Path as Name};
use crate::store::{LogEntry, Outcome};
use crate::values::{ActivityId, DealId, DecisionId, Key, Language, Time, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

/// A call, mailing, visit, as it was logged.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Activity)]
pub struct ActivityView {
    #[schema(value_type = uuid::Uuid)]
    id: ActivityId,
    #[schema(value_type = uuid::Uuid)]
    deal: DealId,
    #[schema(value_type = String, max_length = 100)]
    kind: Key,
    #[schema(value_type = Option<String>, max_length = 100)]
    outcome: Option<Key>,
    #[schema(value_type = Option<String>, max_length = 100)]
    method: Option<Key>,
    /// Name of the customer's person it was with; null where the contacts are not for you to see.
    #[schema(max_length = 200)]
    contact: Option<String>,
    /// What was said; null where the contacts are not for you to see.
    #[schema(max_length = 4000)]
    note: Option<String>,
    /// Who did it.
    #[schema(value_type = Option<uuid::Uuid>)]
    actor: Option<UserId>,
    /// When it took place.
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    #[schema(value_type = String, format = DateTime)]
    logged_at: Time,
}

impl ActivityView {
    /// An activity as its reader sees it.
    #[must_use]
    pub fn of(activity: Activity, sight: &Sight) -> Self {
        let contacts = Name { entity: Entity::Customer, name: Key::new("contacts") };
        let open = sight.of(&contacts) == FieldSight::Open;
        Self {
            id: activity.id,
            deal: activity.deal,
            kind: activity.kind,
            outcome: activity.outcome,
            method: activity.method,
            contact: activity.contact.filter(|_| open),
            note: activity.note.filter(|_| open),
            actor: activity.actor,
            at: activity.at,
            logged_at: activity.logged_at,
        }
    }
}

crate::page!(
    /// A page of activities, the newest first.
    ActivityPage,
    ActivityView
);

/// An activity to be logged.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActivityBody {
    #[schema(value_type = String, max_length = 100)]
    kind: Key,
    /// Needed where the kind has outcomes.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 100)]
    outcome: Option<Key>,
    /// The selling method that was used.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 100)]
    method: Option<Key>,
    /// Name of the customer's person it was with.
    #[serde(default)]
    #[schema(max_length = 200)]
    contact: Option<String>,
    #[serde(default)]
    #[schema(max_length = 4000)]
    note: Option<String>,
    /// When it took place. Left out: now.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Time>,
}

/// Activities of a deal
///
/// The newest first.
#[utoipa::path(get, path = "/v1/deals/{id}/activities", tag = "deals", params(DealPath), responses(
    (status = 200, description = "A page.", body = ActivityPage)))]
pub async fn list_activities(
    house: House,
    context: Context,
    caller: Caller,
    page: PageRequest,
    path: Path<DealPath>,
) -> Answer<ActivityPage> {
    let before = page.after::<(Time, ActivityId)>()?;
    let found = house.0.activities(&caller.reads(&context)?, path.0.id, before, page.limit).await?;
    let next = found.next.map(|next| cursor(&next));
    let views = found.items.into_iter().map(|activity| ActivityView::of(activity, &found.sight)).collect();
    Ok(Reply::ok(ActivityPage::new(views, next)))
}

/// Log an activity
///
/// A call, mailing or visit, with its outcome. Criteria count them.
#[utoipa::path(post, path = "/v1/deals/{id}/activities", tag = "deals", params(DealPath), request_body = ActivityBody,
    responses((status = 201, description = "Logged.", body = ActivityView)))]
pub async fn log_activity(
    house: House,
    context: Context,
    caller: Caller,
    write: Write,
    path: Path<DealPath>,
    body: Json<ActivityBody>,
) -> Answer<ActivityView> {
    let body = body.0;
    let new = NewActivity {
        id: ActivityId::new(),
        kind: body.kind,
        outcome: body.outcome,
        method: body.method,
        contact: body.contact,
        note: body.note,
        at: body.at,
    };
    let done = house.0.log_activity(&caller.writes(&context, &write)?, path.0.id, new).await?;
    let location = format!("/v1/deals/{}/activities", path.0.id);
    Ok(Reply::created(ActivityView::of(done.answer.activity, &done.sight), location).replayed(done.replayed))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct DecisionPath {
    /// The deal.
    #[param(value_type = uuid::Uuid)]
    id: DealId,
    /// The decision.
    #[param(value_type = uuid::Uuid)]
    decision: DecisionId,
}

/// A decision: what was asked by whom, what was checked on which facts, and how it came out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Decision)]
pub struct DecisionView {
    #[schema(value_type = uuid::Uuid)]
    id: DecisionId,
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    /// Who asked; null = the product itself.
    #[schema(value_type = Option<uuid::Uuid>)]
    actor: Option<UserId>,
    /// The roles that counted.
    #[schema(value_type = Vec<String>, max_items = 100)]
    roles: Vec<Key>,
    /// Such as `deals.move`.
    #[schema(max_length = 100)]
    action: String,
    /// `allowed` or `refused`.
    #[schema(max_length = 100)]
    outcome: &'static str,
    /// Number of the rules that decided.
    rules_version: i64,
    #[schema(max_items = 1000)]
    criteria: Vec<CheckedView>,
    /// What the decision rested on, by name; null = missing, `{"hidden": true}` = not for you to see.
    #[schema(value_type = Object, additional_properties)]
    facts: Map<String, Value>,
    /// The request it came with.
    #[schema(max_length = 64)]
    request_id: Option<String>,
}

crate::page!(
    /// A page of decisions, the newest first.
    DecisionPage,
    DecisionView
);

impl DecisionView {
    fn of(entry: LogEntry, sight: &Sight, languages: &[Language]) -> Self {
        Self {
            id: entry.id,
            at: entry.at,
            actor: match entry.actor {
                Who::User(user) => Some(user),
                Who::System => None,
            },
            roles: entry.roles,
            action: entry.action,
            outcome: match entry.outcome {
                Outcome::Allowed => "allowed",
                Outcome::Refused => "refused",
            },
            rules_version: entry.rules_version,
            criteria: checked(&entry.criteria, sight, languages),
            facts: shown::facts(sight, &entry.facts),
            request_id: entry.request_id,
        }
    }
}

/// Decisions about a deal
///
/// Allowed and refused, the newest first: by whom, under which rules, on which facts, with every criterion.
#[utoipa::path(get, path = "/v1/deals/{id}/decisions", tag = "deals", params(DealPath), responses(
    (status = 200, description = "A page.", body = DecisionPage)))]
pub async fn list_decisions(
    house: House,
    context: Context,
    caller: Caller,
    page: PageRequest,
    path: Path<DealPath>,
) -> Answer<DecisionPage> {
    let beyond = page.after::<i64>()?;
    let found = house.0.decisions(&caller.reads(&context)?, path.0.id, beyond, page.limit).await?;
    let view = |entry| DecisionView::of(entry, &found.sight, &context.languages);
    let views = found.items.into_iter().map(view).collect();
    Ok(Reply::ok(DecisionPage::new(views, found.next.map(|seq| cursor(&seq)))))
}

/// One decision about a deal
///
/// As it was kept.
#[utoipa::path(get, path = "/v1/deals/{id}/decisions/{decision}", tag = "deals", params(DecisionPath), responses(
    (status = 200, description = "The decision.", body = DecisionView)))]
pub async fn get_decision(
    house: House,
    context: Context,
    caller: Caller,
    path: Path<DecisionPath>,
) -> Answer<DecisionView> {
    let (entry, sight) = house.0.decision(&caller.reads(&context)?, path.0.id, path.0.decision).await?;
    // Kept as it was: there is never another version.
    Ok(Reply::ok(DecisionView::of(entry, &sight, &context.languages)).version(1))
}
