//! Replays: kept decisions run through a draft or another version of the rules.

use super::ApiError;
use super::access::Caller;
use super::asked::House;
use super::context::Context;
use super::extract::{Json, Path};
use super::migrate::MigrateBody;
use super::page::{PageRequest, cursor};
use super::reply::{Answer, Reply};
use super::trials::{self, Shown};
use super::write::Write;
use crate::engine::actor::Who;
use crate::engine::replay::GroundKind;
use crate::engine::tally::{By, Change, Group};
use crate::store::{Outcome, Replay, ReplayState};
use crate::texts::Message;
use crate::values::{CustomerId, DealId, DecisionId, DraftId, ReplayId, Time, UserId};
use crate::workflow::failure::Failure;
use crate::workflow::replays::{FoundDecision, NewReplay, Tried};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ReplayPath {
    /// The replay's id.
    #[param(value_type = uuid::Uuid)]
    id: ReplayId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ReplayGroupPath {
    /// The replay's id.
    #[param(value_type = uuid::Uuid)]
    id: ReplayId,
    /// The group's number.
    group: u32,
}

/// Replay decisions under other rules.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayBody {
    /// The draft to try, as it is now. Either this or `version`.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    draft: Option<DraftId>,
    /// The version to try.
    #[serde(default)]
    #[schema(minimum = 1)]
    version: Option<i64>,
    /// Decisions from then on,
    #[schema(value_type = String, format = DateTime)]
    since: Time,
    /// and before then. Left out: until now.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    before: Option<Time>,
    #[serde(default)]
    migrate: MigrateBody,
}

/// A replay: how far it has come, and what it found so far.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RulesReplay)]
pub struct ReplayView {
    #[schema(value_type = uuid::Uuid)]
    id: ReplayId,
    /// `running`, `done`, `cancelled`, or `failed` (the rules can no longer be used, or it was tried five times and never came
    /// to its end).
    #[schema(max_length = 100)]
    state: &'static str,
    /// The draft that is tried, as it was when the replay began.
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
    since: Time,
    #[schema(value_type = String, format = DateTime)]
    before: Time,
    /// Entries of the log that are behind it,
    done: i64,
    /// of so many.
    total: i64,
    /// Decisions that were decided anew: moves, deals made, deals given to somebody.
    replayed: u64,
    /// Whether you are told counts in tens (rounded down), because you may not read every deal and customer with all the fields
    /// that the rules look at. Groups of fewer than ten are then left out, as is whoever you may not know.
    in_tens: bool,
    /// They would come out the same.
    same: u64,
    /// Were allowed and would be refused.
    refused: u64,
    /// Were refused and would be allowed.
    allowed: u64,
    /// Nobody can say: the record lacks facts.
    undecided: u64,
    /// By what they would come out otherwise. A decision with several reasons is in the group of each.
    #[schema(max_items = 100_000)]
    groups: Vec<ReplayGroupView>,
    #[schema(value_type = String, format = DateTime)]
    begun_at: Time,
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Time>,
}

/// Decisions that would come out otherwise by the same thing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RulesReplayGroup)]
pub struct ReplayGroupView {
    /// Its number, under which its decisions are listed.
    number: i64,
    /// `refused`, `allowed` or `undecided`: how they would come out.
    #[schema(max_length = 100)]
    change: &'static str,
    /// By what: `permission` (no role is granted the action), `no_move` (there is no such move), `not_for` (it is for
    /// other roles), `criterion`, `cap`, `state` (it was refused before criteria were asked), `other` (what does not come
    /// from the rules that are tried), or `fact` (the record lacks it).
    #[schema(max_length = 100)]
    by: &'static str,
    /// The stage whose entry demands it.
    #[schema(max_length = 1000)]
    stage: Option<String>,
    /// The criterion's id, the action, the move, or the name of the fact.
    #[schema(max_length = 1000)]
    name: Option<String>,
    count: u64,
}

/// A decision that would come out otherwise.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RulesReplayDecision)]
pub struct ReplayDecisionView {
    /// Whether you may not know which one it is: its deal or customer, or a field that the tried rules decide by, is hidden from you.
    /// Everything else is null then.
    hidden: bool,
    #[schema(value_type = Option<uuid::Uuid>)]
    id: Option<DecisionId>,
    #[schema(value_type = Option<uuid::Uuid>)]
    deal: Option<DealId>,
    /// Whose deal it is, or who was made or changed himself.
    #[schema(value_type = Option<uuid::Uuid>)]
    customer: Option<CustomerId>,
    #[schema(value_type = Option<uuid::Uuid>)]
    actor: Option<UserId>,
    /// `deals.move`, `deals.create`, ...
    #[schema(max_length = 100)]
    action: Option<String>,
    /// How it came out then: `allowed` or `refused`.
    #[schema(max_length = 100)]
    outcome: Option<&'static str>,
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Time>,
}

crate::page!(
    /// A page of replays, the newest first.
    ReplayPage,
    ReplayView
);

crate::page!(
    /// A page of decisions, the oldest first.
    ReplayDecisionPage,
    ReplayDecisionView
);

impl From<Replay> for ReplayView {
    fn from(replay: Replay) -> Self {
        Self {
            id: replay.id,
            state: state_word(replay.state),
            draft: replay.draft,
            version: replay.tried,
            hash: replay.hash,
            author: replay.author,
            since: replay.since,
            before: replay.before,
            done: replay.beyond.saturating_sub(replay.first).max(0),
            total: replay.until.saturating_sub(replay.first).max(0),
            replayed: replay.tally.replayed,
            same: replay.tally.same,
            refused: replay.tally.refused,
            allowed: replay.tally.allowed,
            undecided: replay.tally.undecided,
            groups: (0..).zip(replay.tally.groups).map(|(number, group)| ReplayGroupView::of(number, group)).collect(),
            begun_at: replay.begun_at,
            ended_at: replay.ended_at,
            in_tens: replay.in_tens,
        }
    }
}

pub(super) fn state_word(state: ReplayState) -> &'static str {
    match state {
        ReplayState::Running => "running",
        ReplayState::Done => "done",
        ReplayState::Cancelled => "cancelled",
        ReplayState::Failed => "failed",
    }
}

/// Either a draft or a version.
pub(super) fn tried(draft: Option<DraftId>, version: Option<i64>) -> Result<Tried, ApiError> {
    match (draft, version) {
        (Some(draft), None) => Ok(Tried::Draft(draft)),
        (None, Some(version)) => Ok(Tried::Version(version)),
        (Some(_), Some(_)) | (None, None) => {
            let failure = Failure::invalid("/draft", Message::new("draft_or_version"));
            Err(ApiError::from(failure))
        }
    }
}

impl Shown for Replay {
    type View = ReplayView;

    const PATH: &'static str = "/v1/rules/replays";

    fn version(&self) -> i64 {
        self.beyond.saturating_sub(self.first).saturating_add(1 + i64::from(self.ended_at.is_some()))
    }
}

impl ReplayGroupView {
    fn of(number: i64, group: Group) -> Self {
        let (by, stage, name) = by_words(group.by);
        Self { number, change: change_word(group.change), by, stage, name, count: group.count }
    }
}

/// By what, the stage whose entry demands it, its name.
pub(super) fn by_words(by: By) -> (&'static str, Option<String>, Option<String>) {
    match by {
        By::Ground(ground) => {
            (kind_word(ground.kind), ground.stage.map(|stage| stage.to_string()), Some(ground.id.to_string()))
        }
        By::State => ("state", None, None),
        By::Lacking(fact) => ("fact", None, Some(fact)),
    }
}

pub(super) fn change_word(change: Change) -> &'static str {
    match change {
        Change::Refused => "refused",
        Change::Allowed => "allowed",
        Change::Undecided => "undecided",
    }
}

fn kind_word(kind: GroundKind) -> &'static str {
    match kind {
        GroundKind::Permission => "permission",
        GroundKind::NoMove => "no_move",
        GroundKind::NotFor => "not_for",
        GroundKind::Criterion => "criterion",
        GroundKind::Cap => "cap",
        GroundKind::Other => "other",
    }
}

impl From<FoundDecision> for ReplayDecisionView {
    fn from(found: FoundDecision) -> Self {
        let Some(entry) = found.entry else {
            return Self {
                hidden: true,
                id: None,
                deal: None,
                customer: None,
                actor: None,
                action: None,
                outcome: None,
                at: None,
            };
        };
        Self {
            hidden: false,
            id: Some(entry.id),
            deal: entry.deal,
            customer: entry.customer,
            actor: match entry.actor {
                Who::User(user) => Some(user),
                Who::System => None,
            },
            action: Some(entry.action),
            outcome: Some(match entry.outcome {
                Outcome::Allowed => "allowed",
                Outcome::Refused => "refused",
            }),
            at: Some(entry.at),
        }
    }
}

/// Replay decisions under other rules
///
/// Decides the kept moves, deals made and deals given of a period anew, under a draft or another version, from the facts
/// that were kept with each. Changes nothing. It runs beside everything else: ask for it until it is `done`. What it found
/// is kept for seven days.
#[utoipa::path(post, path = "/v1/rules/replays", tag = "rules", request_body = ReplayBody,
    responses((status = 201, description = "Begun.", body = ReplayView)))]
pub async fn begin_replay(
    house: House,
    context: Context,
    caller: Caller,
    write: Write,
    body: Json<ReplayBody>,
) -> Answer<ReplayView> {
    let ReplayBody { draft, version: number, since, before, migrate } = body.0;
    let new = NewReplay { tried: tried(draft, number)?, since, before, migrate: migrate.into() };
    let done = house.0.begin_replay(&caller.writes(&context, &write)?, new).await?;
    Ok(trials::begun::<Replay>(done))
}

/// Replays
///
/// The newest first.
#[utoipa::path(get, path = "/v1/rules/replays", tag = "rules", responses(
    (status = 200, description = "A page.", body = ReplayPage)))]
pub async fn list_replays(house: House, context: Context, caller: Caller, page: PageRequest) -> Answer<ReplayPage> {
    let (found, next) = trials::list::<Replay>(&house, &context, &caller, &page).await?;
    Ok(Reply::ok(ReplayPage::new(found, next)))
}

/// One replay
///
/// How far it has come, and what would come out otherwise, by what, as far as it has come.
#[utoipa::path(get, path = "/v1/rules/replays/{id}", tag = "rules", params(ReplayPath), responses(
    (status = 200, description = "The replay.", body = ReplayView),
    (status = 304, description = "It is still as you named it in `If-None-Match`.")))]
pub async fn get_replay(house: House, context: Context, caller: Caller, path: Path<ReplayPath>) -> Answer<ReplayView> {
    trials::get::<Replay>(&house, &context, &caller, path.0.id).await
}

/// Decisions of a group
///
/// Those that would come out otherwise by the same thing, the oldest first. One whose deal you may not read, or of whose
/// deal you may not see all that the tried rules decide by, is not named; where you are told counts in tens (`in_tens`) it
/// is left out.
#[utoipa::path(get, path = "/v1/rules/replays/{id}/groups/{group}/decisions", tag = "rules", params(ReplayGroupPath),
    responses((status = 200, description = "A page.", body = ReplayDecisionPage)))]
pub async fn list_replayed_decisions(
    house: House,
    context: Context,
    caller: Caller,
    path: Path<ReplayGroupPath>,
    page: PageRequest,
) -> Answer<ReplayDecisionPage> {
    let after = page.after::<i64>()?;
    let call = caller.reads(&context)?;
    let found = house.0.replayed_decisions(&call, path.0.id, path.0.group, after, page.limit).await?;
    let next = found.next.map(|next| cursor(&next));
    Ok(Reply::ok(ReplayDecisionPage::new(found.items.into_iter().map(ReplayDecisionView::from).collect(), next)))
}

/// Cancel a replay
///
/// It ends after the step that it is in; what it found so far stays.
#[utoipa::path(post, path = "/v1/rules/replays/{id}/cancel", tag = "rules", params(ReplayPath),
    responses((status = 200, description = "Cancelled.", body = ReplayView)))]
pub async fn cancel_replay(
    house: House,
    context: Context,
    caller: Caller,
    write: Write,
    path: Path<ReplayPath>,
) -> Answer<ReplayView> {
    trials::end::<Replay>(&house, &context, &caller, &write, path.0.id).await
}
