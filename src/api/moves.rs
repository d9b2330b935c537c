//! Moves and grades: what comes next for a deal, what is missing, and doing it.

use super::access::Caller;
use super::asked::House;
use super::context::Context;
use super::deals::{DealPath, DealView, decided};
use super::extract::{Json, Path};
use super::reply::{Answer, Reply};
use super::unmet::CheckedView;
use super::write::Write;
use crate::engine::decision::Checked;
use crate::engine::grade::{GradeRequest, GradeStep};
use crate::engine::moves::{MoveOption, MoveRequest};
use crate::engine::sight::Sight;
use crate::rules::model::{Direction, Funnel, Move, MoveFrom, MoveTo, Rules};
use crate::values::{DealId, DraftId, Key, Language};
use crate::workflow::moves::Moves;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Every move from where a deal stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Moves)]
pub struct MovesView {
    #[schema(value_type = String, max_length = 100)]
    pub(super) stage: Key,
    /// The deal's version: to be sent as `If-Match`, if wanted.
    version: i64,
    #[schema(max_items = 200)]
    pub(super) moves: Vec<MoveOptionView>,
}

/// One possible move.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MoveOption)]
pub struct MoveOptionView {
    /// The move's id in the rules.
    #[schema(value_type = String, max_length = 100)]
    pub(super) id: Key,
    #[schema(value_type = String, max_length = 100)]
    pub(super) to: Key,
    /// The stage's label.
    #[schema(max_length = 4000)]
    pub(super) label: String,
    /// `forward`, `back`, `lost` or `reopen`.
    #[schema(max_length = 100)]
    direction: &'static str,
    /// Whether it would be allowed now.
    pub(super) possible: bool,
    /// Whether your roles permit it, whatever is met.
    permitted: bool,
    /// Why not, in words.
    #[schema(max_length = 4000)]
    pub(super) not_permitted: Option<String>,
    /// The reasons of which one must be given.
    #[schema(max_items = 100)]
    pub(super) reasons: Vec<ChoiceView>,
    /// Whether a note must be given.
    pub(super) note_required: bool,
    /// Everything it demands, met and unmet.
    #[schema(max_items = 1000)]
    pub(super) criteria: Vec<CheckedView>,
}

/// An id of the rules and its label.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Choice)]
pub struct ChoiceView {
    #[schema(value_type = String, max_length = 100)]
    pub(super) id: Key,
    #[schema(max_length = 4000)]
    label: String,
}

/// A move to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveBody {
    /// The stage that you saw the deal in: if it is not there any more, the answer is `deal_moved`.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 100)]
    from: Option<Key>,
    #[schema(value_type = String, max_length = 100)]
    to: Key,
    /// One of the stage's reasons, where there are any.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 100)]
    reason: Option<Key>,
    /// What you say about it; some moves demand it.
    #[serde(default)]
    #[schema(max_length = 4000)]
    note: Option<String>,
}

/// What may come next
///
/// Every move from where the deal stands, each criterion met or unmet and why, for the caller.
#[utoipa::path(get, path = "/v1/deals/{id}/moves", tag = "deals", params(DealPath), responses(
    (status = 200, description = "The moves.", body = MovesView)))]
pub async fn list_moves(house: House, context: Context, caller: Caller, path: Path<DealPath>) -> Answer<MovesView> {
    let moves = house.0.moves(&caller.reads(&context)?, path.0.id).await?;
    let rules = house.rules().await?;
    Ok(Reply::ok(moves_view(&moves, &rules, &context)))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct DraftDealPath {
    /// The draft's id.
    #[param(value_type = uuid::Uuid)]
    id: DraftId,
    /// The deal's id.
    #[param(value_type = uuid::Uuid)]
    deal: DealId,
}

/// What would come next under a draft
///
/// Every move from where the deal stands by the rules of a draft, each criterion met or unmet and why, for the caller.
/// What the draft renames (its `migrate`, and that of its schedule) is called as it would be: the stage that the deal
/// stands in, its fields, the caller's roles. Refused to whoever may not see everything on this deal that those rules
/// decide moves by: what a move demands, how many anybody should hold, who may move what; under its present name and the
/// new one.
#[utoipa::path(get, path = "/v1/rules/drafts/{id}/deals/{deal}/moves", tag = "rules", params(DraftDealPath), responses(
    (status = 200, description = "The moves.", body = MovesView)))]
pub async fn list_draft_moves(
    house: House,
    context: Context,
    caller: Caller,
    path: Path<DraftDealPath>,
) -> Answer<MovesView> {
    let under = house.0.moves_under_draft(&caller.reads(&context)?, path.0.id, path.0.deal).await?;
    Ok(Reply::ok(moves_view(&under.moves, &under.rules, &context)))
}

fn moves_view(moves: &Moves, rules: &Rules, context: &Context) -> MovesView {
    view(moves, rules, &context.languages)
}

/// What may come next, as its reader sees it.
#[must_use]
pub fn view(moves: &Moves, rules: &Rules, languages: &[Language]) -> MovesView {
    let funnel = rules.funnels.get(&moves.deal.funnel);
    let option = |option: &MoveOption| option_view(option, moves, funnel, languages);
    MovesView {
        stage: moves.deal.stage.clone(),
        version: moves.deal.version,
        moves: moves.options.iter().map(option).collect(),
    }
}

fn option_view(option: &MoveOption, moves: &Moves, funnel: Option<&Funnel>, languages: &[Language]) -> MoveOptionView {
    let from = MoveFrom::Stage(moves.deal.stage.clone());
    let rule = funnel.and_then(|funnel| {
        let is_it = |one: &&Move| {
            let leads = match &one.to {
                MoveTo::Stage(to) => *to == option.to,
                MoveTo::Origin => true,
            };
            one.id == option.id && one.from == from && leads
        };
        Some((funnel, funnel.moves.iter().find(is_it)?))
    });
    let criteria = |checked: &Checked| match rule {
        Some(rule) => CheckedView::explained(checked, rule, &moves.sight, languages),
        None => CheckedView::of(checked, &moves.sight, languages),
    };
    let stage = funnel.and_then(|funnel| funnel.stage(&option.to));
    let reason = |id: &Key| ChoiceView {
        id: id.clone(),
        label: stage
            .and_then(|stage| stage.reasons.get(id))
            .map_or_else(|| id.to_string(), |reason| reason.label.get(languages).to_owned()),
    };
    MoveOptionView {
        id: option.id.clone(),
        to: option.to.clone(),
        label: stage.map_or_else(|| option.to.to_string(), |stage| stage.label.get(languages).to_owned()),
        direction: direction_word(option.direction),
        possible: option.is_open(),
        permitted: option.forbidden.is_none(),
        not_permitted: option.forbidden.as_ref().map(|message| message.render(languages)),
        reasons: option.reasons.iter().map(reason).collect(),
        note_required: option.note_required,
        criteria: option.criteria.iter().map(criteria).collect(),
    }
}

/// What was checked, as its reader sees it.
#[must_use]
pub fn checked(criteria: &[Checked], sight: &Sight, languages: &[Language]) -> Vec<CheckedView> {
    criteria.iter().map(|checked| CheckedView::of(checked, sight, languages)).collect()
}

/// The word of a direction.
#[must_use]
pub fn direction_word(direction: Direction) -> &'static str {
    match direction {
        Direction::Creation => "creation",
        Direction::Forward => "forward",
        Direction::Back => "back",
        Direction::Lost => "lost",
        Direction::Reopen => "reopen",
    }
}

/// Move a deal
///
/// To another stage. Refused with every unmet criterion at once; of two racing moves one gets 201, the other 409.
#[utoipa::path(post, path = "/v1/deals/{id}/moves", tag = "deals", params(DealPath), request_body = MoveBody,
    responses((status = 201, description = "Moved.", body = DealView)))]
pub async fn move_deal(
    house: House,
    context: Context,
    caller: Caller,
    write: Write,
    path: Path<DealPath>,
    body: Json<MoveBody>,
) -> Answer<DealView> {
    let request = MoveRequest { from: body.0.from, to: body.0.to, reason: body.0.reason, note: body.0.note };
    let done = house.0.move_deal(&caller.writes(&context, &write)?, path.0.id, request).await?;
    decided(&house, &context, &done).await
}

/// A grade, explained.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Grade)]
pub struct GradeView {
    /// The stored grade; null until graded.
    #[schema(value_type = Option<String>, max_length = 100)]
    grade: Option<Key>,
    /// What the rules compute now; null where they know no grades.
    #[schema(value_type = Option<String>, max_length = 100)]
    computed: Option<Key>,
    /// The grades in order, up to the one that holds.
    #[schema(max_items = 100)]
    steps: Vec<GradeStepView>,
}

/// How the condition of one grade came out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GradeStep)]
pub struct GradeStepView {
    #[schema(value_type = String, max_length = 100)]
    grade: Key,
    /// `met`, `unmet` or `missing`.
    #[schema(max_length = 100)]
    outcome: &'static str,
    /// What it would have needed to be known.
    #[schema(max_items = 400)]
    missing: Vec<String>,
}

/// A grade to be given.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GradeBody {
    /// Left out: as the rules compute it.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 100)]
    grade: Option<Key>,
    /// Why it differs from what the rules compute.
    #[serde(default)]
    #[schema(max_length = 4000)]
    reason: Option<String>,
}

/// A deal's grade, explained
///
/// The stored one, the one that the rules compute now, and how each condition came out.
#[utoipa::path(get, path = "/v1/deals/{id}/grade", tag = "deals", params(DealPath), responses(
    (status = 200, description = "The grade.", body = GradeView)))]
pub async fn get_grade(house: House, context: Context, caller: Caller, path: Path<DealPath>) -> Answer<GradeView> {
    let explained = house.0.explain_grade(&caller.reads(&context)?, path.0.id).await?;
    let step = |step: &GradeStep| GradeStepView {
        grade: step.grade.clone(),
        outcome: super::unmet::outcome_word(step.outcome),
        missing: step.missing.clone(),
    };
    let grade_path =
        crate::rules::expression::Path { entity: crate::rules::expression::Entity::Deal, name: Key::new("grade") };
    let open = explained.sight.of(&grade_path) == crate::engine::sight::FieldSight::Open;
    let graded = explained.graded.filter(|_| open);
    Ok(Reply::ok(GradeView {
        grade: explained.deal.grade.filter(|_| open),
        computed: graded.as_ref().map(|graded| graded.grade.clone()),
        steps: graded.iter().flat_map(|graded| &graded.steps).map(step).collect(),
    }))
}

/// Grade a deal
///
/// As the rules compute it, or another with a reason, which is recorded.
#[utoipa::path(post, path = "/v1/deals/{id}/grade", tag = "deals", params(DealPath), request_body = GradeBody,
    responses((status = 201, description = "Graded.", body = DealView)))]
pub async fn grade_deal(
    house: House,
    context: Context,
    caller: Caller,
    write: Write,
    path: Path<DealPath>,
    body: Json<GradeBody>,
) -> Answer<DealView> {
    let request = GradeRequest { grade: body.0.grade, reason: body.0.reason };
    let done = house.0.grade_deal(&caller.writes(&context, &write)?, path.0.id, request).await?;
    decided(&house, &context, &done).await
}
