//! Drafts of the rules: written, checked with every read, scheduled, activated.

use super::access::Caller;
use super::asked::House;
use super::context::Context;
use super::extract::{Json, Path, Query, Text};
use super::migrate::MigrateBody;
use super::page::PageRequest;
use super::reply::{Answer, Reply};
use super::rules::{RulesCheckView, RulesVersionView, made};
use super::write::Write;
use crate::engine::decision::{Checked, Refusal, RefusalKind};
use crate::store::{DraftState, RulesDraft};
use crate::texts::Message;
use crate::values::{DraftId, Language, Time, UserId};
use crate::workflow::activation::DraftActivation;
use crate::workflow::answer::{DraftAnswer, Recorded};
use crate::workflow::drafts::DraftText;
use crate::workflow::rules::advise_aside;
use actix_web::http::header;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct DraftPath {
    /// The draft's id.
    #[param(value_type = uuid::Uuid)]
    pub(super) id: DraftId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DraftQuery {
    /// What it is for. Left out: as it was.
    #[param(max_length = 1000, nullable = false)]
    comment: Option<String>,
    /// The version that it rests on: left out, the active one for a new draft, and for another the one it rested on.
    #[param(minimum = 1, nullable = false)]
    parent: Option<i64>,
}

/// A draft of the rules.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RulesDraft)]
pub struct RulesDraftView {
    #[schema(value_type = uuid::Uuid)]
    id: DraftId,
    version: i64,
    /// `draft`, `scheduled`, `refused` (when its time came; it can be written again) or `activated`.
    #[schema(max_length = 100)]
    state: &'static str,
    /// SHA-256 of the text, in hexadecimal.
    #[schema(max_length = 64)]
    hash: String,
    /// Who began it.
    #[schema(value_type = Option<uuid::Uuid>)]
    author: Option<UserId>,
    /// Everybody who wrote in it. Where the rules demand two (`activation.by_another`), none of them activates it.
    #[schema(value_type = Vec<uuid::Uuid>, max_items = 100_000)]
    editors: Vec<UserId>,
    #[schema(max_length = 1000)]
    comment: Option<String>,
    /// The version that it was made from: the one that it replaces, unless something else is said.
    parent: i64,
    schedule: Option<ScheduleView>,
    refusal: Option<ObstacleView>,
    /// The number of the version that it became.
    activated_as: Option<i64>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
    /// The YAML as it was written; null in lists and after writes.
    #[schema(max_length = 262_144)]
    text: Option<String>,
    /// What the checker says of it now; null in lists.
    check: Option<RulesCheckView>,
    /// What stands against it now: another version rules than the one it was made from, whoever reads it wrote in it and two
    /// are demanded, and, as far as its file is in order, what of the company does; null in lists and after writes.
    #[schema(max_items = 100)]
    obstacles: Option<Vec<ObstacleView>>,
}

crate::page!(
    /// A page of drafts, the newest first.
    RulesDraftPage,
    RulesDraftView
);

/// When a draft becomes active.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RulesSchedule)]
pub struct ScheduleView {
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    /// On whose behalf: whether they may is asked again when the time comes.
    #[schema(value_type = Option<uuid::Uuid>)]
    by: Option<UserId>,
    /// The version that must be active then.
    replaces: i64,
    #[schema(max_length = 1000)]
    comment: Option<String>,
    /// What becomes of things in use, besides what the text says.
    migrate: MigrateBody,
}

/// What stands against a draft.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RulesObstacle)]
pub struct ObstacleView {
    /// As the code of the problem that the activation would answer with.
    #[schema(max_length = 100)]
    code: String,
    #[schema(max_length = 4000)]
    message: String,
    #[schema(max_items = 10_000)]
    parts: Vec<ObstaclePartView>,
}

/// A part of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RulesObstaclePart)]
pub struct ObstaclePartView {
    /// Its name in the file: `funnels.standard.stages.lead`.
    #[schema(max_length = 1000)]
    name: String,
    #[schema(max_length = 4000)]
    message: String,
}

impl ObstacleView {
    fn new(message: &Message, criteria: &[Checked], languages: &[Language]) -> Self {
        let part =
            |one: &Checked| ObstaclePartView { name: one.id.to_string(), message: one.message.render(languages) };
        Self {
            code: message.code.to_string(),
            message: message.render(languages),
            parts: criteria.iter().map(part).collect(),
        }
    }

    fn of(refusal: &Refusal, languages: &[Language]) -> Self {
        match &refusal.kind {
            RefusalKind::Permission(message) | RefusalKind::State(message) => {
                Self::new(message, &refusal.criteria, languages)
            }
            RefusalKind::Unmet => Self::new(&Message::new("unmet"), &refusal.criteria, languages),
        }
    }
}

impl RulesDraftView {
    fn of(draft: RulesDraft, languages: &[Language]) -> Self {
        let schedule = draft.schedule.map(|schedule| ScheduleView {
            at: schedule.at,
            by: schedule.by,
            replaces: schedule.replaces,
            comment: schedule.comment,
            migrate: schedule.migrate.into(),
        });
        let refusal = draft.refusal.map(|refusal| ObstacleView::new(&refusal.message, &refusal.criteria, languages));
        Self {
            id: draft.id,
            version: draft.version,
            state: match draft.state {
                DraftState::Draft => "draft",
                DraftState::Scheduled => "scheduled",
                DraftState::Refused => "refused",
                DraftState::Activated => "activated",
            },
            hash: draft.hash,
            author: draft.author,
            editors: draft.editors,
            comment: draft.comment,
            parent: draft.parent,
            schedule,
            refusal,
            activated_as: draft.activated_as,
            created_at: draft.created_at,
            updated_at: draft.updated_at,
            text: None,
            check: None,
            obstacles: None,
        }
    }
}

/// Activate a draft, and how.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftActivationBody {
    /// Why, for those who read the versions. Left out: the draft's own.
    #[serde(default)]
    #[schema(max_length = 1000)]
    comment: Option<String>,
    /// The version that it is to replace. Left out: the one it was made from. Is another one active, it is refused, so
    /// that nobody undoes what he has not seen.
    #[serde(default)]
    #[schema(minimum = 1)]
    replaces: Option<i64>,
    #[serde(default)]
    migrate: MigrateBody,
}

/// Activate a draft at an instant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleBody {
    /// When; in the future.
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    /// Why, for those who read the versions. Left out: the draft's own.
    #[serde(default)]
    #[schema(max_length = 1000)]
    comment: Option<String>,
    /// The version that it is to replace. Left out: the one it was made from. Is another one active then, it is refused.
    #[serde(default)]
    #[schema(minimum = 1)]
    replaces: Option<i64>,
    #[serde(default)]
    migrate: MigrateBody,
}

/// Drafts of the rules
///
/// The newest first, without their texts.
#[utoipa::path(get, path = "/v1/rules/drafts", tag = "rules", responses(
    (status = 200, description = "A page.", body = RulesDraftPage)))]
pub async fn list_rules_drafts(
    house: House,
    context: Context,
    caller: Caller,
    page: PageRequest,
) -> Answer<RulesDraftPage> {
    let before = page.after::<DraftId>()?;
    let found = house.0.drafts(&caller.reads(&context)?, before, page.wanted()).await?;
    let (drafts, next) = page.cut(found, |last| last.id);
    let views = drafts.into_iter().map(|draft| RulesDraftView::of(draft, &context.languages)).collect();
    Ok(Reply::ok(RulesDraftPage::new(views, next)))
}

/// One draft of the rules
///
/// With its text, every problem, every scenario, and what of the company stands against it now: what it lacks and is in
/// use, with counts.
#[utoipa::path(get, path = "/v1/rules/drafts/{id}", tag = "rules", params(DraftPath), responses(
    (status = 200, description = "The draft.", body = RulesDraftView)))]
pub async fn get_rules_draft(
    house: House,
    context: Context,
    caller: Caller,
    path: Path<DraftPath>,
) -> Answer<RulesDraftView> {
    let reading = house.0.draft(&caller.reads(&context)?, path.0.id).await?;
    let languages = &context.languages;
    let (version, text) = (reading.draft.version, reading.draft.text.clone());
    let obstacles = reading.obstacles.iter().map(|refusal| ObstacleView::of(refusal, languages)).collect();
    let reply = Reply::ok(RulesDraftView {
        text: Some(text),
        check: Some(RulesCheckView::of(&reading.checked, languages)),
        obstacles: Some(obstacles),
        ..RulesDraftView::of(reading.draft, languages)
    });
    // What stands against it changes without it: no `.version`, which would answer "not modified".
    Ok(reply.with_header(header::ETAG, format!("\"v{version}\"")))
}

/// Begin a draft of the rules
///
/// The text need not be rules yet: what the checker says of it comes with the answer.
#[utoipa::path(post, path = "/v1/rules/drafts", tag = "rules", params(DraftQuery),
    request_body(content = String, content_type = "application/yaml"),
    responses((status = 201, description = "Begun.", body = RulesDraftView)))]
pub async fn create_rules_draft(
    house: House,
    context: Context,
    caller: Caller,
    write: Write,
    query: Query<DraftQuery>,
    body: Text,
) -> Answer<RulesDraftView> {
    let new = DraftText { text: body.0.clone(), comment: query.0.comment, parent: query.0.parent };
    let done = house.0.create_draft(&caller.writes(&context, &write)?, new).await?;
    let location = format!("/v1/rules/drafts/{}", done.answer.draft.id);
    let (version, replayed) = (done.answer.draft.version, done.replayed);
    let view = written(done, body.0, &context).await?;
    Ok(Reply::created(view, location).version(version).replayed(replayed))
}

/// Write a draft of the rules
///
/// The whole text anew. Not while it is scheduled, and not once it was activated.
#[utoipa::path(put, path = "/v1/rules/drafts/{id}", tag = "rules", params(DraftPath, DraftQuery),
    request_body(content = String, content_type = "application/yaml"),
    responses((status = 200, description = "Written.", body = RulesDraftView)))]
pub async fn replace_rules_draft(
    house: House,
    context: Context,
    caller: Caller,
    write: Write,
    path: Path<DraftPath>,
    query: Query<DraftQuery>,
    body: Text,
) -> Answer<RulesDraftView> {
    let new = DraftText { text: body.0.clone(), comment: query.0.comment, parent: query.0.parent };
    let done = house.0.change_draft(&caller.writes(&context, &write)?, path.0.id, new).await?;
    let (version, replayed) = (done.answer.draft.version, done.replayed);
    let view = written(done, body.0, &context).await?;
    Ok(Reply::ok(view).version(version).replayed(replayed))
}

/// Throw a draft of the rules away
///
/// Not while it is scheduled, and not once it was activated.
#[utoipa::path(delete, path = "/v1/rules/drafts/{id}", tag = "rules", params(DraftPath),
    responses((status = 204, description = "Gone.")))]
pub async fn delete_rules_draft(
    house: House,
    context: Context,
    caller: Caller,
    write: Write,
    path: Path<DraftPath>,
) -> Answer<()> {
    let done = house.0.remove_draft(&caller.writes(&context, &write)?, path.0.id).await?;
    Ok(Reply::no_content().replayed(done.replayed))
}

/// Activate a draft
///
/// Checked, its scenarios run, held against what is in use; then active for every process before this answers. Anything
/// that stands against it changes nothing. Refused too if another version rules than the one it was made from, unless
/// `replaces` names that one; and, where the rules demand two, to everybody who wrote in it.
#[utoipa::path(post, path = "/v1/rules/drafts/{id}/activate", tag = "rules", params(DraftPath),
    request_body = DraftActivationBody,
    responses((status = 201, description = "Active.", body = RulesVersionView)))]
pub async fn activate_rules_draft(
    house: House,
    context: Context,
    caller: Caller,
    write: Write,
    path: Path<DraftPath>,
    body: Json<DraftActivationBody>,
) -> Answer<RulesVersionView> {
    let said = DraftActivation { comment: body.0.comment, replaces: body.0.replaces, migrate: body.0.migrate.into() };
    Ok(made(house.0.activate_draft(&caller.writes(&context, &write)?, path.0.id, said).await?))
}

/// Schedule a draft
///
/// It must pass now, under everything that is demanded of an activation, and again when its time comes. It cannot be
/// written until then. One that no longer passes stays inactive, and says why.
#[utoipa::path(post, path = "/v1/rules/drafts/{id}/schedule", tag = "rules", params(DraftPath),
    request_body = ScheduleBody, responses((status = 200, description = "Scheduled.", body = RulesDraftView)))]
pub async fn schedule_rules_draft(
    house: House,
    context: Context,
    caller: Caller,
    write: Write,
    path: Path<DraftPath>,
    body: Json<ScheduleBody>,
) -> Answer<RulesDraftView> {
    let ScheduleBody { at, comment, replaces, migrate } = body.0;
    let said = DraftActivation { comment, replaces, migrate: migrate.into() };
    let call = caller.writes(&context, &write)?;
    Ok(reply(house.0.schedule_draft(&call, path.0.id, at, said).await?, &context))
}

/// Take a draft back from its schedule
///
/// It can be written again.
#[utoipa::path(post, path = "/v1/rules/drafts/{id}/unschedule", tag = "rules", params(DraftPath),
    responses((status = 200, description = "Taken back.", body = RulesDraftView)))]
pub async fn unschedule_rules_draft(
    house: House,
    context: Context,
    caller: Caller,
    write: Write,
    path: Path<DraftPath>,
) -> Answer<RulesDraftView> {
    Ok(reply(house.0.unschedule_draft(&caller.writes(&context, &write)?, path.0.id).await?, &context))
}

fn reply(done: Recorded<DraftAnswer>, context: &Context) -> Reply<RulesDraftView> {
    let (version, replayed) = (done.answer.draft.version, done.replayed);
    Reply::ok(RulesDraftView::of(done.answer.draft, &context.languages)).version(version).replayed(replayed)
}

/// A draft as it was written, with what the checker says of it.
async fn written(
    done: Recorded<DraftAnswer>,
    text: String,
    context: &Context,
) -> Result<RulesDraftView, super::ApiError> {
    let checked = advise_aside(text, context.now).await?;
    let check = Some(RulesCheckView::of(&checked, &context.languages));
    Ok(RulesDraftView { check, ..RulesDraftView::of(done.answer.draft, &context.languages) })
}
