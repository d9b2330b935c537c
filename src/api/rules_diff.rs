//! What differs between two versions of the rules, or a version and a draft, in words.

use super::ApiError;
use super::access::Caller;
use super::asked::House;
use super::context::Context;
use super::extract::Query;
use super::problem::Fault;
use super::reply::{Answer, Reply};
use crate::rules::diff::{Change, ChangeKind};
use crate::texts::Message;
use crate::values::{DraftId, Language};
use crate::workflow::replays::Tried;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

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

impl RulesChangeView {
    fn of(change: Change, languages: &[Language]) -> Self {
        Self {
            kind: match change.kind {
                ChangeKind::Added => "added",
                ChangeKind::Removed => "removed",
                ChangeKind::Changed => "changed",
            },
            code: change.message.code.to_string(),
            message: change.message.render(languages),
            place: change.place,
        }
    }
}

/// What differs between two rules
///
/// In words, for people who did not write them: stages, figures, criteria, moves, fields, and for each role what it may do
/// more or less.
#[utoipa::path(get, path = "/v1/rules/diff", tag = "rules", params(DiffQuery), responses(
    (status = 200, description = "What differs.", body = RulesDiffView)))]
pub async fn get_rules_diff(
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
    let changes = found.changes.into_iter().map(|change| RulesChangeView::of(change, &context.languages)).collect();
    Ok(Reply::ok(RulesDiffView { from: found.from, to, draft, changes }))
}
