//! Shadows: a draft that decides beside the active rules, without effect.

use super::access::Caller;
use super::asked::House;
use super::context::Context;
use super::extract::{Json, Path};
use super::page::{PageRequest, cursor};
use super::replays::{ReplayDecisionPage, ReplayDecisionView, by_words, change_word};
use super::reply::{Answer, Reply};
use super::trials::{self, Shown};
use super::write::Write;
use crate::engine::shadow::{ShadowGroup, ShadowLine};
use crate::store::Shadow;
use crate::values::{DraftId, Key, ShadowId, Time, UserId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ShadowPath {
    /// The shadow's id.
    #[param(value_type = uuid::Uuid)]
    id: ShadowId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ShadowGroupPath {
    /// The shadow's id.
    #[param(value_type = uuid::Uuid)]
    id: ShadowId,
    /// The group's number.
    group: u32,
}

/// Put a draft into shadow.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShadowBody {
    /// The draft, as it is now.
    #[schema(value_type = uuid::Uuid)]
    draft: DraftId,
}

/// A draft in shadow, and what was found so far.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RulesShadow)]
pub struct ShadowView {
    #[schema(value_type = uuid::Uuid)]
    id: ShadowId,
    /// Grows with what is found, and with the end.
    version: i64,
    /// `running`, `stopped`, or why it ended by itself: the draft was `changed`, `activated` or `removed`.
    #[schema(max_length = 100)]
    state: &'static str,
    /// The draft, as it was when the shadow began.
    #[schema(value_type = uuid::Uuid)]
    draft: DraftId,
    /// SHA-256 of its text, in hexadecimal.
    #[schema(max_length = 64)]
    hash: String,
    #[schema(value_type = Option<uuid::Uuid>)]
    author: Option<UserId>,
    /// Whether you are told counts in tens (rounded down), because you may not read every deal and customer with all the fields
    /// that the rules look at. Groups of fewer than ten are then left out, as is whoever you may not know.
    in_tens: bool,
    /// Decisions that came out the same.
    agreed: u64,
    /// Were allowed, and would be refused.
    refused: u64,
    /// Were refused, and would be allowed.
    allowed: u64,
    /// Nobody can say: the draft asks for facts on which the decision was not made.
    undecided: u64,
    /// Were not looked at: more came at once than could wait.
    skipped: u64,
    /// The same by operation, and by move.
    #[schema(max_items = 100_000)]
    lines: Vec<ShadowLineView>,
    /// By what they came out otherwise. A decision with several reasons is in the group of each.
    #[schema(max_items = 100_000)]
    groups: Vec<ShadowGroupView>,
    #[schema(value_type = String, format = DateTime)]
    begun_at: Time,
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Time>,
}

/// Decisions of one kind.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RulesShadowLine)]
pub struct ShadowLineView {
    /// `deals.move`, `customers.write`, ...; contracts and payments are written by `deals.write`.
    #[schema(max_length = 100)]
    action: String,
    /// Of a move, or of a deal that was made.
    #[schema(value_type = Option<String>, max_length = 100)]
    funnel: Option<Key>,
    /// The stage that it led from; null for a deal that was made.
    #[schema(value_type = Option<String>, max_length = 100)]
    from: Option<Key>,
    /// The stage that it led to; null for a deal that was made where its funnel starts.
    #[schema(value_type = Option<String>, max_length = 100)]
    to: Option<Key>,
    agreed: u64,
    refused: u64,
    allowed: u64,
    undecided: u64,
    skipped: u64,
}

/// Decisions that came out otherwise by the same thing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RulesShadowGroup)]
pub struct ShadowGroupView {
    /// Its number, under which the first of its decisions are listed.
    number: i64,
    #[schema(max_length = 100)]
    action: String,
    /// `refused`, `allowed` or `undecided`: how they would come out.
    #[schema(max_length = 100)]
    change: &'static str,
    /// By what, in the words of replays: `permission`, `no_move`, `not_for`, `criterion`, `cap`, `other` (a state that stands
    /// against it, a field), or `fact` (the decision was made without it).
    #[schema(max_length = 100)]
    by: &'static str,
    /// The stage whose entry demands it.
    #[schema(max_length = 1000)]
    stage: Option<String>,
    /// The criterion's id, the action, the move, the field that is wrong (`customer.phone`), or the name of the fact:
    /// `unique.phone` = whether another customer has the same.
    #[schema(max_length = 1000)]
    name: Option<String>,
    count: u64,
    /// How many of them are listed.
    listed: u64,
}

crate::page!(
    /// A page of shadows, the newest first.
    ShadowPage,
    ShadowView
);

impl From<Shadow> for ShadowView {
    fn from(shadow: Shadow) -> Self {
        let total = shadow.tally.total();
        Self {
            version: shadow.version(),
            id: shadow.id,
            state: shadow.state.word(),
            draft: shadow.draft,
            hash: shadow.hash,
            author: shadow.author,
            agreed: total.agreed,
            refused: total.refused,
            allowed: total.allowed,
            undecided: total.undecided,
            skipped: total.skipped,
            lines: shadow.tally.lines.into_iter().map(ShadowLineView::from).collect(),
            groups: (0..).zip(shadow.tally.groups).map(|(number, group)| ShadowGroupView::of(number, group)).collect(),
            begun_at: shadow.begun_at,
            ended_at: shadow.ended_at,
            in_tens: shadow.in_tens,
        }
    }
}

impl From<ShadowLine> for ShadowLineView {
    fn from(line: ShadowLine) -> Self {
        let (funnel, from, to) =
            line.place.map_or((None, None, None), |place| (Some(place.funnel), place.from, place.to));
        Self {
            action: line.action,
            funnel,
            from,
            to,
            agreed: line.counts.agreed,
            refused: line.counts.refused,
            allowed: line.counts.allowed,
            undecided: line.counts.undecided,
            skipped: line.counts.skipped,
        }
    }
}

impl ShadowGroupView {
    fn of(number: i64, group: ShadowGroup) -> Self {
        let (by, stage, name) = by_words(group.by);
        Self {
            number,
            action: group.action,
            change: change_word(group.change),
            by,
            stage,
            name,
            count: group.count,
            listed: group.sampled,
        }
    }
}

impl Shown for Shadow {
    type View = ShadowView;

    const PATH: &'static str = "/v1/rules/shadows";

    fn version(&self) -> i64 {
        let total = i64::try_from(self.tally.total().total()).unwrap_or(i64::MAX);
        total.saturating_add(1 + i64::from(self.ended_at.is_some()))
    }
}

/// Put a draft into shadow
///
/// From now on, within a second on every process, the draft is asked about what is decided under the active rules: customers
/// made and changed, moves, deals made, changed, graded, given and released, what is logged, contracts and payments. It
/// changes nothing, and nobody waits for it: each decision is looked at after its answer. One draft at a time. It ends when
/// it is stopped, and by itself when the draft is written anew, activated or removed; what was found is kept for seven days.
///
/// Only what stands in the log is looked at: not dry runs, answers given again, requests that are wrong in their own fields
/// and nothing else, and what no role of the caller is granted at all. Decisions on people, teams and the rules themselves
/// are not looked at.
#[utoipa::path(post, path = "/v1/rules/shadows", tag = "rules", request_body = ShadowBody,
    responses((status = 201, description = "Begun.", body = ShadowView)))]
pub async fn begin_shadow(
    house: House,
    context: Context,
    caller: Caller,
    write: Write,
    body: Json<ShadowBody>,
) -> Answer<ShadowView> {
    let done = house.0.begin_shadow(&caller.writes(&context, &write)?, body.0.draft).await?;
    Ok(trials::begun::<Shadow>(done))
}

/// Shadows
///
/// The newest first.
#[utoipa::path(get, path = "/v1/rules/shadows", tag = "rules", responses(
    (status = 200, description = "A page.", body = ShadowPage)))]
pub async fn list_shadows(house: House, context: Context, caller: Caller, page: PageRequest) -> Answer<ShadowPage> {
    let (found, next) = trials::list::<Shadow>(&house, &context, &caller, &page).await?;
    Ok(Reply::ok(ShadowPage::new(found, next)))
}

/// One shadow
///
/// What came out otherwise so far, and by what. Each process adds what it found within a second; one that is killed takes
/// the counts of its last moment along.
#[utoipa::path(get, path = "/v1/rules/shadows/{id}", tag = "rules", params(ShadowPath), responses(
    (status = 200, description = "The shadow.", body = ShadowView),
    (status = 304, description = "It is still as you named it in `If-None-Match`.")))]
pub async fn get_shadow(house: House, context: Context, caller: Caller, path: Path<ShadowPath>) -> Answer<ShadowView> {
    trials::get::<Shadow>(&house, &context, &caller, path.0.id).await
}

/// Decisions of a group of a shadow
///
/// The first hundred that came out otherwise by the same thing, the oldest first. One whose deal you may not read, or of
/// whose deal you may not see all that the draft decides by, is not named; nor is one on a customer unless that holds of
/// the customer and of all of his deals. Who was refused has not become a customer, and is nobody's to read. Where you are
/// told counts in tens (`in_tens`), what is not named is left out.
#[utoipa::path(get, path = "/v1/rules/shadows/{id}/groups/{group}/decisions", tag = "rules", params(ShadowGroupPath),
    responses((status = 200, description = "A page.", body = ReplayDecisionPage)))]
pub async fn list_shadowed_decisions(
    house: House,
    context: Context,
    caller: Caller,
    path: Path<ShadowGroupPath>,
    page: PageRequest,
) -> Answer<ReplayDecisionPage> {
    let after = page.after::<i64>()?;
    let call = caller.reads(&context)?;
    let found = house.0.shadowed_decisions(&call, path.0.id, path.0.group, after, page.limit).await?;
    let next = found.next.map(|next| cursor(&next));
    Ok(Reply::ok(ReplayDecisionPage::new(found.items.into_iter().map(ReplayDecisionView::from).collect(), next)))
}

/// Stop a shadow
///
/// What it found so far stays.
#[utoipa::path(post, path = "/v1/rules/shadows/{id}/stop", tag = "rules", params(ShadowPath),
    responses((status = 200, description = "Stopped.", body = ShadowView)))]
pub async fn stop_shadow(
    house: House,
    context: Context,
    caller: Caller,
    write: Write,
    path: Path<ShadowPath>,
) -> Answer<ShadowView> {
    trials::end::<Shadow>(&house, &context, &caller, &write, path.0.id).await
}
