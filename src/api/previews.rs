//! Previews: what a draft or another version of the rules would mean for the deals that there are.

use super::access::Caller;
use super::asked::House;
use super::context::Context;
use super::drafts::DraftPath;
use super::extract::{Json, Path};
use super::migrate::MigrateBody;
use super::page::{PageRequest, cursor};
use super::replays::{state_word, tried};
use super::reply::{Answer, Reply};
use super::rules::RulesPath;
use super::trials::{self, Shown};
use super::write::Write;
use crate::engine::preview::{Finding, FindingGroup};
use crate::store::Preview;
use crate::values::{DealId, DraftId, Key, PreviewId, TeamId, Time, UserId};
use crate::workflow::previews::NewPreview;
use crate::workflow::trials::Tried;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct PreviewPath {
    /// The preview's id.
    #[param(value_type = uuid::Uuid)]
    pub(super) id: PreviewId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct PreviewGroupPath {
    /// The preview's id.
    #[param(value_type = uuid::Uuid)]
    id: PreviewId,
    /// The group's number.
    group: u32,
}

/// Preview other rules on the deals that there are.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewBody {
    /// The draft to try, as it is now. Either this or `version`.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    draft: Option<DraftId>,
    /// The version to try.
    #[serde(default)]
    #[schema(minimum = 1)]
    version: Option<i64>,
    /// The instant that deadlines and dates are looked at from. Left out: now.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    as_of: Option<Time>,
    #[serde(default)]
    migrate: MigrateBody,
}

/// A preview: how far it has come, and what it found so far.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RulesPreview)]
pub struct PreviewView {
    #[schema(value_type = uuid::Uuid)]
    id: PreviewId,
    /// `running`, `done`, `cancelled`, or `failed` (the rules can no longer be used, or it was tried five times and never came
    /// to its end).
    #[schema(max_length = 100)]
    state: &'static str,
    /// The draft that is tried, as it was when the preview began.
    #[schema(value_type = Option<uuid::Uuid>)]
    draft: Option<DraftId>,
    /// The version that is tried.
    version: Option<i64>,
    /// SHA-256 of the text that is tried, in hexadecimal.
    #[schema(max_length = 64)]
    hash: String,
    #[schema(value_type = Option<uuid::Uuid>)]
    author: Option<UserId>,
    #[schema(value_type = String, format = DateTime)]
    as_of: Time,
    /// Deals that are behind it,
    done: i64,
    /// of so many.
    total: i64,
    /// Whether you are told counts in tens (rounded down), because you may not read every deal and customer with all the fields
    /// that the rules look at. Groups of fewer than ten are then left out, as is whoever you may not know.
    in_tens: bool,
    /// Deals with which something would be otherwise.
    touched: u64,
    /// What. A deal can be in several.
    #[schema(max_items = 100_000)]
    groups: Vec<PreviewGroupView>,
    /// Who holds such deals; nobody where counts are in tens.
    #[schema(value_type = Vec<uuid::Uuid>, max_items = 100_000)]
    owners: Vec<UserId>,
    /// The teams that those are in.
    #[schema(value_type = Vec<uuid::Uuid>, max_items = 100_000)]
    teams: Vec<TeamId>,
    #[schema(value_type = String, format = DateTime)]
    begun_at: Time,
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Time>,
}

/// Deals with which the same would be otherwise.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RulesPreviewGroup)]
pub struct PreviewGroupView {
    /// Its number, under which its deals are listed.
    number: i64,
    /// `stage_gone` (and becomes nothing else), `stage_kind` (it would be open, won or lost, and the deal is not), `entry`
    /// (it could not enter its stage by `criterion`, which does not stand against it now), `over_cap` (its owner would hold
    /// too many), `overdue`, `in_time` (it is overdue now and would not be), or `grade` (another one would be computed).
    #[schema(max_length = 100)]
    finding: &'static str,
    #[schema(max_length = 1000)]
    funnel: Option<String>,
    /// The stage that the deals are in now.
    #[schema(max_length = 1000)]
    stage: Option<String>,
    #[schema(max_length = 1000)]
    criterion: Option<String>,
    /// The grade that the present rules compute.
    #[schema(max_length = 1000)]
    from: Option<String>,
    /// The grade that would be computed.
    #[schema(max_length = 1000)]
    to: Option<String>,
    count: u64,
}

/// A deal with which something would be otherwise.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RulesPreviewDeal)]
pub struct PreviewDealView {
    /// Whether you may not know which one it is: it, or a field that the rules look at, is hidden from you.
    hidden: bool,
    #[schema(value_type = Option<uuid::Uuid>)]
    deal: Option<DealId>,
}

crate::page!(
    /// A page of previews, the newest first.
    PreviewPage,
    PreviewView
);

crate::page!(
    /// A page of deals.
    PreviewDealPage,
    PreviewDealView
);

impl From<Preview> for PreviewView {
    fn from(preview: Preview) -> Self {
        let groups = (0..).zip(preview.sums.groups);
        Self {
            id: preview.id,
            state: state_word(preview.state),
            draft: preview.draft,
            version: preview.tried,
            hash: preview.hash,
            author: preview.author,
            as_of: preview.as_of,
            done: preview.done,
            total: preview.total,
            touched: preview.sums.touched,
            groups: groups.map(|(number, group)| PreviewGroupView::of(number, group)).collect(),
            owners: preview.sums.owners.into_iter().collect(),
            teams: preview.sums.teams.into_iter().collect(),
            begun_at: preview.begun_at,
            ended_at: preview.ended_at,
            in_tens: preview.in_tens,
        }
    }
}

impl PreviewGroupView {
    fn of(number: i64, group: FindingGroup) -> Self {
        let text = |id: Key| Some(id.to_string());
        let (finding, place, criterion, grades) = match group.finding {
            Finding::StageGone { funnel, stage } => ("stage_gone", Some((funnel, stage)), None, (None, None)),
            Finding::StageKind { funnel, stage } => ("stage_kind", Some((funnel, stage)), None, (None, None)),
            Finding::Entry { funnel, stage, criterion } => {
                ("entry", Some((funnel, stage)), text(criterion), (None, None))
            }
            Finding::OverCap { funnel, stage } => ("over_cap", Some((funnel, stage)), None, (None, None)),
            Finding::Overdue { funnel, stage } => ("overdue", Some((funnel, stage)), None, (None, None)),
            Finding::InTime { funnel, stage } => ("in_time", Some((funnel, stage)), None, (None, None)),
            Finding::Grade { from, to } => ("grade", None, None, (from, to)),
        };
        let (funnel, stage) = place.unzip();
        Self {
            number,
            finding,
            funnel: funnel.and_then(text),
            stage: stage.and_then(text),
            criterion,
            from: grades.0.and_then(text),
            to: grades.1.and_then(text),
            count: group.count,
        }
    }
}

impl Shown for Preview {
    type View = PreviewView;

    const PATH: &'static str = "/v1/rules/previews";

    fn version(&self) -> i64 {
        self.done.saturating_add(1 + i64::from(self.ended_at.is_some()))
    }
}

/// Preview other rules
///
/// Looks at every deal as it is at one moment, under a draft or another version: which are in a stage that goes or becomes
/// of another kind, which could not enter the stage that they are in, whose owner would hold too many, which would be
/// overdue or no longer are, whose grade would be another. Changes nothing. It runs beside everything else: ask for it
/// until it is `done`. What it found is kept for seven days.
///
/// Exact counts are for who reads every deal and customer, with all the fields that the rules before and after look at: rules
/// that differ by one deal would tell of that deal. Everybody else is told counts in tens (`in_tens`), rounded down: of a
/// group of fewer than ten nothing, and of nobody who holds them.
#[utoipa::path(post, path = "/v1/rules/previews", tag = "rules", request_body = PreviewBody,
    responses((status = 201, description = "Begun.", body = PreviewView)))]
pub async fn begin_preview(
    house: House,
    context: Context,
    caller: Caller,
    write: Write,
    body: Json<PreviewBody>,
) -> Answer<PreviewView> {
    let PreviewBody { draft, version: number, as_of, migrate } = body.0;
    let new = NewPreview { tried: tried(draft, number)?, as_of, migrate: migrate.into() };
    let done = house.0.begin_preview(&caller.writes(&context, &write)?, new).await?;
    Ok(trials::begun::<Preview>(done))
}

/// Previews
///
/// The newest first.
#[utoipa::path(get, path = "/v1/rules/previews", tag = "rules", responses(
    (status = 200, description = "A page.", body = PreviewPage)))]
pub async fn list_previews(house: House, context: Context, caller: Caller, page: PageRequest) -> Answer<PreviewPage> {
    let (found, next) = trials::list::<Preview>(&house, &context, &caller, &page).await?;
    Ok(Reply::ok(PreviewPage::new(found, next)))
}

/// One preview
///
/// How far it has come, and what would be otherwise with how many deals, as far as it has come.
#[utoipa::path(get, path = "/v1/rules/previews/{id}", tag = "rules", params(PreviewPath), responses(
    (status = 200, description = "The preview.", body = PreviewView),
    (status = 304, description = "It is still as you named it in `If-None-Match`.")))]
pub async fn get_preview(
    house: House,
    context: Context,
    caller: Caller,
    path: Path<PreviewPath>,
) -> Answer<PreviewView> {
    trials::get::<Preview>(&house, &context, &caller, path.0.id).await
}

/// The last preview of a draft
///
/// The one that was begun last. Its `hash` says of which text: the draft may have been written since. There is none before
/// somebody begins one (`POST /v1/rules/previews`).
#[utoipa::path(get, path = "/v1/rules/drafts/{id}/preview", tag = "rules", params(DraftPath), responses(
    (status = 200, description = "The preview.", body = PreviewView),
    (status = 304, description = "It is still as you named it in `If-None-Match`.")))]
pub async fn get_draft_preview(
    house: House,
    context: Context,
    caller: Caller,
    path: Path<DraftPath>,
) -> Answer<PreviewView> {
    newest(&house, &context, &caller, Tried::Draft(path.0.id)).await
}

/// The last preview of a version
///
/// The one that was begun last, to see what going back to the version would mean. There is none before somebody begins one
/// (`POST /v1/rules/previews`).
#[utoipa::path(get, path = "/v1/rules/versions/{number}/preview", tag = "rules", params(RulesPath), responses(
    (status = 200, description = "The preview.", body = PreviewView),
    (status = 304, description = "It is still as you named it in `If-None-Match`.")))]
pub async fn get_version_preview(
    house: House,
    context: Context,
    caller: Caller,
    path: Path<RulesPath>,
) -> Answer<PreviewView> {
    newest(&house, &context, &caller, Tried::Version(path.0.number)).await
}

async fn newest(house: &House, context: &Context, caller: &Caller, tried: Tried) -> Answer<PreviewView> {
    Ok(trials::found(house.0.newest_preview(&caller.reads(context)?, tried).await?))
}

/// Deals of a group
///
/// Those with which the same would be otherwise. One that you may not read, or of which you may not see all that the rules
/// look at, is not named; where you are told counts in tens (`in_tens`) it is left out.
#[utoipa::path(get, path = "/v1/rules/previews/{id}/groups/{group}/deals", tag = "rules", params(PreviewGroupPath),
    responses((status = 200, description = "A page.", body = PreviewDealPage)))]
pub async fn list_previewed_deals(
    house: House,
    context: Context,
    caller: Caller,
    path: Path<PreviewGroupPath>,
    page: PageRequest,
) -> Answer<PreviewDealPage> {
    let after = page.after::<DealId>()?;
    let call = caller.reads(&context)?;
    let found = house.0.previewed_deals(&call, path.0.id, path.0.group, after, page.limit).await?;
    let next = found.next.map(|next| cursor(&next));
    let views = found.items.into_iter().map(|deal| PreviewDealView { hidden: deal.is_none(), deal });
    Ok(Reply::ok(PreviewDealPage::new(views.collect(), next)))
}

/// Cancel a preview
///
/// It ends after the step that it is in; what it found so far stays.
#[utoipa::path(post, path = "/v1/rules/previews/{id}/cancel", tag = "rules", params(PreviewPath),
    responses((status = 200, description = "Cancelled.", body = PreviewView)))]
pub async fn cancel_preview(
    house: House,
    context: Context,
    caller: Caller,
    write: Write,
    path: Path<PreviewPath>,
) -> Answer<PreviewView> {
    trials::end::<Preview>(&house, &context, &caller, &write, path.0.id).await
}
