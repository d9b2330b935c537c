//! The rules in use: read, checked, replaced.

use super::ApiError;
use super::access::Caller;
use super::advice::RulesAdviceView;
use super::asked::House;
use super::context::Context;
use super::extract::{Json, Path, Query, Text};
use super::figures::RulesFiguresView;
use super::migrate::MigrateBody;
use super::page::PageRequest;
use super::reply::{Answer, Reply};
use super::write::Write;
use crate::engine::scenarios::ScenarioResult;
use crate::rules::migrate::Migration;
use crate::rules::render::{self, ProblemView};
use crate::rules::schema;
use crate::store::{Migrated, RulesSource, RulesVersion};
use crate::values::{DraftId, Language, Time, UserId};
use crate::workflow::activation::NewRules;
use crate::workflow::answer::{Recorded, RulesAnswer};
use crate::workflow::rules::CheckedRules;
use actix_web::HttpResponse;
use actix_web::http::header;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct RulesPath {
    /// The version's number.
    #[param(minimum = 1)]
    pub(super) number: i64,
}

/// A version of the rules.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RulesVersion)]
pub struct RulesVersionView {
    number: i64,
    /// SHA-256 of the text, in hexadecimal.
    #[schema(max_length = 64)]
    hash: String,
    /// Who made it; null = it came from the file.
    #[schema(value_type = Option<uuid::Uuid>)]
    author: Option<UserId>,
    #[schema(max_length = 1000)]
    comment: Option<String>,
    /// The version that it replaced.
    parent: Option<i64>,
    /// `api` or `file`.
    #[schema(max_length = 100)]
    source: &'static str,
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    #[schema(value_type = Option<String>, format = DateTime)]
    activated_at: Option<Time>,
    /// `active` or `superseded`.
    #[schema(max_length = 100)]
    state: &'static str,
    /// Who made it active; null = it came from the file.
    #[schema(value_type = Option<uuid::Uuid>)]
    activated_by: Option<UserId>,
    /// When another took its place.
    #[schema(value_type = Option<String>, format = DateTime)]
    superseded_at: Option<Time>,
    /// The draft that it was.
    #[schema(value_type = Option<uuid::Uuid>)]
    draft: Option<DraftId>,
    /// What became something else with it, and how much of it; null where it is not known.
    #[schema(max_items = 10_000)]
    migrated: Option<Vec<MigratedView>>,
    /// What was said to become of things in use, in its text and with its activation; null where it is not known.
    migrate: Option<MigrateBody>,
    /// The YAML as it was written; null in lists and after activation.
    #[schema(max_length = 262_144)]
    text: Option<String>,
}

crate::page!(
    /// A page of versions, the newest first.
    RulesVersionPage,
    RulesVersionView
);

impl From<RulesVersion> for RulesVersionView {
    fn from(version: RulesVersion) -> Self {
        Self {
            number: version.number,
            hash: version.hash,
            author: version.author,
            comment: version.comment,
            parent: version.parent,
            source: source_word(version.source),
            created_at: version.created_at,
            activated_at: version.activated_at,
            state: if version.superseded_at.is_some() { "superseded" } else { "active" },
            activated_by: version.activated_by,
            superseded_at: version.superseded_at,
            draft: version.draft,
            migrated: version.migrated.map(migrated),
            migrate: version.migration.map(MigrateBody::from),
            text: Some(version.text).filter(|text| !text.is_empty()),
        }
    }
}

impl From<RulesAnswer> for RulesVersionView {
    fn from(made: RulesAnswer) -> Self {
        Self {
            number: made.number,
            hash: made.hash,
            author: made.author,
            comment: made.comment,
            parent: Some(made.parent).filter(|parent| *parent > 0),
            source: source_word(made.source),
            created_at: made.at,
            activated_at: Some(made.at),
            state: "active",
            activated_by: made.activated_by,
            superseded_at: None,
            draft: made.draft,
            migrated: Some(migrated(made.migrated)),
            migrate: Some(made.migration.into()),
            text: None,
        }
    }
}

fn migrated(of: Migrated) -> Vec<MigratedView> {
    of.into_iter().map(|(name, count)| MigratedView { name, count }).collect()
}

fn source_word(source: RulesSource) -> &'static str {
    match source {
        RulesSource::File => "file",
        RulesSource::Api => "api",
    }
}

/// What the checker says about a rules file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RulesCheck)]
pub struct RulesCheckView {
    /// Whether it could be activated, as far as the file itself goes.
    accepted: bool,
    #[schema(max_items = 1000)]
    problems: Vec<RulesProblemView>,
    #[schema(max_items = 1000)]
    scenarios: Vec<ScenarioView>,
    /// What would make rules better that are right as they are. Stands against nothing.
    #[schema(max_items = 201)]
    advice: Vec<RulesAdviceView>,
    /// Figures of the funnels beside what Little's law makes of them, whether or not they agree.
    figures: RulesFiguresView,
}

impl RulesCheckView {
    pub(super) fn of(checked: &CheckedRules, languages: &[Language]) -> Self {
        let problems = render::views(&checked.problems, languages).into_iter().map(RulesProblemView::from).collect();
        let scenarios: Vec<ScenarioView> =
            checked.scenarios.iter().map(|result| ScenarioView::of(result, languages)).collect();
        let accepted = checked.rules.is_some() && scenarios.iter().all(|scenario| scenario.passed);
        let advice = checked.advice.iter().map(|one| RulesAdviceView::of(one, languages)).collect();
        let figures = RulesFiguresView::of(&checked.figures);
        Self { accepted, problems, scenarios, advice, figures }
    }
}

/// One problem of a rules file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RulesProblem)]
pub struct RulesProblemView {
    /// `error` or `warning`.
    #[schema(max_length = 100)]
    severity: &'static str,
    #[schema(max_length = 100)]
    code: String,
    #[schema(max_length = 4000)]
    message: String,
    /// From 1.
    line: u32,
    /// From 1, in characters.
    column: u32,
    /// Where in the file: `funnels.standard.stages[2].enter[0]`.
    #[schema(max_length = 1000)]
    path: String,
    /// The line, or the part of it around the place.
    #[schema(max_length = 1000)]
    snippet: String,
    /// What to write instead.
    #[schema(max_length = 1000)]
    suggestion: Option<String>,
}

impl From<ProblemView> for RulesProblemView {
    fn from(view: ProblemView) -> Self {
        Self {
            severity: view.severity,
            code: view.code,
            message: view.message,
            line: view.line,
            column: view.column,
            path: view.path,
            snippet: view.snippet,
            suggestion: view.suggestion,
        }
    }
}

/// How one scenario of the file came out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Scenario)]
pub struct ScenarioView {
    #[schema(max_length = 4000)]
    name: String,
    line: u32,
    passed: bool,
    /// What came out otherwise than expected.
    #[schema(max_items = 1000)]
    failures: Vec<String>,
}

impl ScenarioView {
    fn of(result: &ScenarioResult, languages: &[Language]) -> Self {
        Self {
            name: result.name.get(languages).to_owned(),
            line: result.line,
            passed: result.passed(),
            failures: result.failures.iter().map(|failure| failure.message.render(languages)).collect(),
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ActivationQuery {
    /// Why, for those who read the versions.
    #[param(max_length = 1000, nullable = false)]
    comment: Option<String>,
}

/// Go back to an earlier version, and how.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnBody {
    #[serde(default)]
    migrate: MigrateBody,
}

/// What was in use and became something else with a version.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RulesMigrated)]
pub struct MigratedView {
    /// Its name before: `funnels.standard.stages.lead`.
    #[schema(max_length = 1000)]
    name: String,
    /// Records that carried it.
    count: i64,
}

/// The rules in use
///
/// Their number, hash, author and text.
#[utoipa::path(get, path = "/v1/rules", tag = "rules", responses(
    (status = 200, description = "The active version.", body = RulesVersionView),
    (status = 304, description = "It is still the one that you named in `If-None-Match`.")))]
pub async fn get_rules(house: House, context: Context, caller: Caller) -> Answer<RulesVersionView> {
    let version = house.0.rules_version(&caller.reads(&context)?, None).await?;
    let number = version.number;
    Ok(Reply::ok(version.into()).version(number))
}

/// Versions of the rules
///
/// The newest first, without their texts.
#[utoipa::path(get, path = "/v1/rules/versions", tag = "rules", responses(
    (status = 200, description = "A page.", body = RulesVersionPage)))]
pub async fn list_rules_versions(
    house: House,
    context: Context,
    caller: Caller,
    page: PageRequest,
) -> Answer<RulesVersionPage> {
    let before = page.after::<i64>()?;
    let found = house.0.rules_versions(&caller.reads(&context)?, before, page.wanted()).await?;
    let (versions, next) = page.cut(found, |last| last.number);
    Ok(Reply::ok(RulesVersionPage::new(versions.into_iter().map(RulesVersionView::from).collect(), next)))
}

/// One version of the rules
///
/// With its text, as it was written.
#[utoipa::path(get, path = "/v1/rules/versions/{number}", tag = "rules", params(RulesPath), responses(
    (status = 200, description = "The version.", body = RulesVersionView)))]
pub async fn get_rules_version(
    house: House,
    context: Context,
    caller: Caller,
    path: Path<RulesPath>,
) -> Answer<RulesVersionView> {
    let version = house.0.rules_version(&caller.reads(&context)?, Some(path.0.number)).await?;
    let number = version.number;
    Ok(Reply::ok(version.into()).version(number))
}

/// The text of one version
///
/// The YAML as it was written, byte for byte.
#[utoipa::path(get, path = "/v1/rules/versions/{number}/text", tag = "rules", params(RulesPath), responses(
    (status = 200, description = "The text.", body = String, content_type = "application/yaml")))]
pub async fn get_rules_text(
    house: House,
    context: Context,
    caller: Caller,
    path: Path<RulesPath>,
) -> Result<HttpResponse, ApiError> {
    let version = house.0.rules_version(&caller.reads(&context)?, Some(path.0.number)).await?;
    let etag = format!("\"v{}\"", version.number);
    Ok(HttpResponse::Ok().content_type("application/yaml").insert_header((header::ETAG, etag)).body(version.text))
}

/// The form of a rules file
///
/// A JSON Schema for editors: every key, what may stand there and what it means. What a schema cannot say, the checker
/// says.
#[utoipa::path(get, path = "/v1/rules/schema", tag = "rules", responses(
    (status = 200, description = "The schema.", body = Object, content_type = "application/json")))]
pub async fn get_rules_schema() -> Answer<serde_json::Value> {
    Ok(Reply::ok(schema::schema()))
}

/// Check a rules file
///
/// Every problem at once, with its place, and every scenario. Changes nothing.
#[utoipa::path(post, path = "/v1/rules/check", tag = "rules",
    request_body(content = String, content_type = "application/yaml"),
    responses((status = 200, description = "What the checker says.", body = RulesCheckView)))]
pub async fn check_rules(house: House, context: Context, caller: Caller, body: Text) -> Answer<RulesCheckView> {
    let checked = house.0.check_rules(&caller.reads(&context)?, body.0).await?;
    Ok(Reply::ok(RulesCheckView::of(&checked, &context.languages)))
}

/// Replace the rules
///
/// Checked, its scenarios run, held against what is in use; then active for every process before this answers. Anything
/// that stands against it changes nothing. `If-Match` may name the version that it is to replace.
#[utoipa::path(post, path = "/v1/rules/versions", tag = "rules", params(ActivationQuery, ("If-Match" = String, Header)),
    request_body(content = String, content_type = "application/yaml"),
    responses((status = 201, description = "Active.", body = RulesVersionView)))]
pub async fn activate_rules(
    house: House,
    context: Context,
    caller: Caller,
    write: Write,
    query: Query<ActivationQuery>,
    body: Text,
) -> Answer<RulesVersionView> {
    let new = NewRules {
        text: body.0,
        comment: query.0.comment,
        source: RulesSource::Api,
        migrate: Migration::default(),
        file_hash: None,
    };
    Ok(made(house.0.activate_rules(&caller.writes(&context, &write)?, new).await?))
}

/// Go back to an earlier version
///
/// Activates its text again, under a new number and with the same checks. `migrate` says what becomes of things in use
/// that it does not have.
#[utoipa::path(post, path = "/v1/rules/versions/{number}/activate", tag = "rules", params(RulesPath, ActivationQuery),
    request_body = ReturnBody, responses((status = 201, description = "Active.", body = RulesVersionView)))]
pub async fn reactivate_rules(
    house: House,
    context: Context,
    caller: Caller,
    write: Write,
    path: Path<RulesPath>,
    query: Query<ActivationQuery>,
    body: Json<ReturnBody>,
) -> Answer<RulesVersionView> {
    let call = caller.writes(&context, &write)?;
    Ok(made(house.0.reactivate_rules(&call, path.0.number, query.0.comment, body.0.migrate.into()).await?))
}

pub(super) fn made(done: Recorded<RulesAnswer>) -> Reply<RulesVersionView> {
    let number = done.answer.number;
    let location = format!("/v1/rules/versions/{number}");
    Reply::created(done.answer.into(), location).version(number).replayed(done.replayed)
}
