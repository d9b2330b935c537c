//! What differs between two versions of the rules, or a version and a draft: in words, as permissions, as text, and for the
//! contract of each role.

use super::access::Caller;
use super::asked::House;
use super::context::Context;
use super::extract::{Path, Query};
use super::live::{ContractChange, Reader, build, compare};
use super::previews::PreviewPath;
use super::problem::Fault;
use super::reply::{Answer, Reply};
use super::{ApiError, App};
use crate::rules::diff::{Change, ChangeKind, FieldAccess, PermissionChange};
use crate::rules::model::Scope;
use crate::texts::Message;
use crate::values::{DraftId, Key, Language};
use crate::workflow::rules_diff::RulesDiff;
use crate::workflow::trials::Tried;
use actix_web::web;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Most lines of one kind that are told: who reads more of them reads the text.
const LINES_AT_MOST: usize = 10_000;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DiffQuery {
    /// The version that is compared with: left out, the active one.
    #[param(minimum = 1, nullable = false)]
    from: Option<i64>,
    /// The version that is compared. Either this or `draft`.
    #[param(minimum = 1, nullable = false)]
    to: Option<i64>,
    /// The draft that is compared.
    #[param(value_type = Option<uuid::Uuid>, nullable = false)]
    draft: Option<DraftId>,
}

/// What differs between two rules.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RulesDiff)]
pub struct RulesDiffView {
    /// The version that is compared with.
    from: i64,
    /// The version that is compared.
    to: Option<i64>,
    /// The draft that is compared.
    #[schema(value_type = Option<uuid::Uuid>)]
    draft: Option<DraftId>,
    /// In the order of the file. How it is written does not matter, only what it means.
    #[schema(max_items = 100_000)]
    changes: Vec<RulesChangeView>,
    /// What each role may do or see, and could not before, or the other way round.
    #[schema(max_items = 10_000)]
    permissions: Vec<PermissionChangeView>,
    /// The texts as they were written, as `diff -u` compares them; empty if they are the same.
    #[schema(max_length = 2_000_000)]
    text: String,
    /// What becomes otherwise for clients of the live document: of every role where something does, for those who may draft
    /// rules; else of your own roles together.
    #[schema(max_items = 200)]
    contracts: Vec<RoleContractView>,
    /// Lines of permissions and contracts that are not told, beyond ten thousand of a kind.
    left_out: i64,
}

/// Something that differs: a stage, a figure, a criterion, a move, a field, what a role may do more or less.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RulesChange)]
pub struct RulesChangeView {
    /// Where in the file: `funnels.standard.stages.lead`.
    #[schema(max_length = 4000)]
    place: String,
    /// `added`, `removed` or `changed`.
    #[schema(max_length = 100)]
    kind: &'static str,
    #[schema(max_length = 100)]
    code: String,
    #[schema(max_length = 100_000)]
    message: String,
}

/// Something that a role may do, or see of a field, and could not before; or the other way round.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PermissionChange)]
pub struct PermissionChangeView {
    #[schema(value_type = String, max_length = 100)]
    role: Key,
    /// `gained` or `lost`.
    #[schema(max_length = 100)]
    change: &'static str,
    /// Such as `deals.move`.
    #[schema(max_length = 100)]
    action: &'static str,
    /// On which rows: `own`, `team` or `all`; null for what is denied, which is all rows where `when` holds.
    #[schema(max_length = 100)]
    scope: Option<&'static str>,
    /// The scope before, where only that is another.
    #[schema(max_length = 100)]
    scope_before: Option<&'static str>,
    /// The condition on the rows.
    #[schema(max_length = 10_000)]
    when: Option<String>,
    /// Whether a `never` comes (`lost`) or goes (`gained`).
    never: bool,
    /// The field that it is about, such as `customer.phone`; null: the action itself.
    #[schema(max_length = 200)]
    field: Option<String>,
    /// How much of the field is seen: `open`, `read_only`, `masked` or `hidden`.
    #[schema(max_length = 100)]
    sees: Option<&'static str>,
    /// The same before; null where the action was not granted on these rows.
    #[schema(max_length = 100)]
    sees_before: Option<&'static str>,
}

/// What becomes otherwise for clients that were made for a role.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RoleContract)]
pub struct RoleContractView {
    #[schema(value_type = Vec<String>, max_items = 100)]
    roles: Vec<Key>,
    /// Whether any of it breaks such a client.
    breaking: bool,
    #[schema(max_items = 10_000)]
    changes: Vec<ContractChangeView>,
}

/// Something that becomes otherwise in a live document.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ContractChange)]
pub struct ContractChangeView {
    /// An operation such as `POST /v1/deals/{id}/moves`, or a place in a schema such as `CustomerFields.size`.
    #[schema(max_length = 1000)]
    place: String,
    /// `added`, `removed` or `changed`.
    #[schema(max_length = 100)]
    kind: &'static str,
    /// Whether a client that was made before may fail.
    breaking: bool,
    #[schema(max_length = 100)]
    code: String,
    #[schema(max_length = 100_000)]
    message: String,
}

fn kind_word(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => "added",
        ChangeKind::Removed => "removed",
        ChangeKind::Changed => "changed",
    }
}

fn scope_word(scope: Scope) -> &'static str {
    match scope {
        Scope::Own => "own",
        Scope::Team => "team",
        Scope::All => "all",
    }
}

fn access_word(access: FieldAccess) -> &'static str {
    match access {
        FieldAccess::Open => "open",
        FieldAccess::ReadOnly => "read_only",
        FieldAccess::Masked => "masked",
        FieldAccess::Hidden => "hidden",
    }
}

impl RulesChangeView {
    fn of(change: Change, languages: &[Language]) -> Self {
        Self {
            kind: kind_word(change.kind),
            code: change.message.code.to_string(),
            message: change.message.render(languages),
            place: change.place,
        }
    }
}

impl From<PermissionChange> for PermissionChangeView {
    fn from(change: PermissionChange) -> Self {
        Self {
            role: change.role,
            change: if change.gained { "gained" } else { "lost" },
            action: change.action.word(),
            scope: change.scope.map(scope_word),
            scope_before: change.scope_before.map(scope_word),
            when: change.when,
            never: change.never,
            field: change.field.map(|field| field.to_string()),
            sees: change.sees.map(access_word),
            sees_before: change.sees_before.map(access_word),
        }
    }
}

impl ContractChangeView {
    fn of(change: ContractChange, languages: &[Language]) -> Self {
        Self {
            kind: kind_word(change.kind),
            breaking: change.breaking,
            code: change.message.code.to_string(),
            message: change.message.render(languages),
            place: change.place,
        }
    }
}

/// What differs between two rules
///
/// In words, for people who did not write them: stages, figures, criteria, moves, fields, and for each role what it may do
/// more or less. As a list of permissions, as text, and as what clients of the live document must expect, breaking or not.
#[utoipa::path(get, path = "/v1/rules/diff", tag = "rules", params(DiffQuery), responses(
    (status = 200, description = "What differs.", body = RulesDiffView)))]
pub async fn get_rules_diff(
    app: web::Data<App>,
    house: House,
    context: Context,
    caller: Caller,
    query: Query<DiffQuery>,
) -> Answer<RulesDiffView> {
    let DiffQuery { from, to, draft } = query.0;
    let tried = match (draft, to) {
        (Some(draft), None) => Tried::Draft(draft),
        (None, Some(number)) => Tried::Version(number),
        (Some(_), Some(_)) | (None, None) => {
            return Err(ApiError::Parameters(vec![Fault::query("to", Message::new("draft_or_to"))]));
        }
    };
    let found = house.0.rules_diff(&caller.reads(&context)?, from, tried).await?;
    Ok(Reply::ok(RulesDiffView { draft, ..view(app, found, &context).await? }))
}

/// What differs in the rules of a preview
///
/// Between the rules that it compares, whatever is active by now: in words, what each role gains and loses, as text, and as
/// what clients must expect. There is no data in it.
#[utoipa::path(get, path = "/v1/rules/previews/{id}/rules", tag = "rules", params(PreviewPath), responses(
    (status = 200, description = "What differs.", body = RulesDiffView)))]
pub async fn get_previewed_rules(
    app: web::Data<App>,
    house: House,
    context: Context,
    caller: Caller,
    path: Path<PreviewPath>,
) -> Answer<RulesDiffView> {
    let (draft, found) = house.0.previewed_rules(&caller.reads(&context)?, path.0.id).await?;
    Ok(Reply::ok(RulesDiffView { draft, ..view(app, found, &context).await? }))
}

/// Documents are made and compared on a thread of its own.
async fn view(app: web::Data<App>, found: RulesDiff, context: &Context) -> Result<RulesDiffView, ApiError> {
    let languages = std::sync::Arc::clone(&context.languages);
    let made = tokio::task::spawn_blocking(move || seen(&app, found, &languages));
    made.await.map_err(|fault| ApiError::internal(&fault))
}

fn seen(app: &App, found: RulesDiff, languages: &[Language]) -> RulesDiffView {
    let mut left_out = found.permissions.len().saturating_sub(LINES_AT_MOST);
    let permissions = found.permissions.into_iter().take(LINES_AT_MOST).map(PermissionChangeView::from).collect();
    let mut room = LINES_AT_MOST;
    let mut contracts = Vec::new();
    for roles in found.of {
        let of = |rules| {
            let reader = Reader { roles: &roles, number: None, languages };
            build(&app.document.json, app.operations(), rules, reader)
        };
        let changes = compare(&of(&found.before), &of(&found.after));
        if changes.is_empty() {
            continue;
        }
        left_out += changes.len().saturating_sub(room);
        let breaking = changes.iter().any(|change| change.breaking);
        let changes: Vec<_> =
            changes.into_iter().take(room).map(|change| ContractChangeView::of(change, languages)).collect();
        room -= changes.len();
        contracts.push(RoleContractView { roles, breaking, changes });
    }
    RulesDiffView {
        from: found.from,
        to: found.to,
        draft: None,
        changes: found.changes.into_iter().map(|change| RulesChangeView::of(change, languages)).collect(),
        permissions,
        text: found.text,
        contracts,
        left_out: i64::try_from(left_out).unwrap_or(i64::MAX),
    }
}
