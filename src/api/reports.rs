//! Reports: the funnel over a period, each line with the parameters that list the deals behind it.

use super::ApiError;
use super::access::Caller;
use super::asked::House;
use super::context::Context;
use super::extract::Query;
use super::listing::not_one_of;
use super::problem::Fault;
use super::reply::{Answer, Reply};
use crate::insight::funnel::{Exits, Group, GroupBy};
use crate::rules::model::{Funnel, StageKind};
use crate::texts::Message;
use crate::values::{Date, Decimal, Key, Language, TeamId, Time, UserId};
use crate::workflow::active::Active;
use crate::workflow::reports::{FunnelAsked, FunnelReport, GroupReport, StageReport};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// By what a report is split.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SplitWord {
    Nothing,
    Team,
    Seller,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FunnelParameters {
    /// Left out: the first funnel of the rules.
    #[param(value_type = Option<String>, max_length = 100, nullable = false)]
    funnel: Option<Key>,
    /// The first day of the period, in the time zone of the rules. Left out: the first of the month in which it ends.
    #[param(value_type = Option<String>, format = Date, nullable = false)]
    from: Option<Date>,
    /// The day after the last. Left out: the first of next month.
    #[param(value_type = Option<String>, format = Date, nullable = false)]
    to: Option<Date>,
    /// One group for each team or seller; left out or `nothing`: one for all.
    #[param(inline, nullable = false)]
    group_by: Option<SplitWord>,
    /// Only what those who are in this team now hold, and its pool.
    #[param(value_type = Option<uuid::Uuid>, nullable = false)]
    team: Option<TeamId>,
    /// Only what this user holds.
    #[param(value_type = Option<uuid::Uuid>, nullable = false)]
    owner: Option<UserId>,
    /// Only deals that have this product now.
    #[param(value_type = Option<String>, max_length = 100, nullable = false)]
    product: Option<Key>,
    /// Only deals that have this grade now.
    #[param(value_type = Option<String>, max_length = 100, nullable = false)]
    grade: Option<Key>,
}

/// A funnel over a period.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FunnelReport)]
pub struct FunnelReportView {
    #[schema(value_type = String, max_length = 100)]
    funnel: Key,
    #[schema(max_length = 1000)]
    label: String,
    /// The first day.
    from: Date,
    /// The day after the last.
    to: Date,
    /// In which the days begin and end.
    #[schema(max_length = 100)]
    time_zone: String,
    /// What is called "now" in it.
    #[schema(value_type = String, format = DateTime)]
    as_of: Time,
    #[schema(max_items = 100_000)]
    groups: Vec<FunnelGroupView>,
}

/// The lines of everybody, a team or a seller.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FunnelGroup)]
pub struct FunnelGroupView {
    /// Null where it is not split by teams, and of holders without a team.
    #[schema(value_type = Option<uuid::Uuid>)]
    team: Option<TeamId>,
    /// Null where it is not split by sellers, and of what nobody holds.
    #[schema(value_type = Option<uuid::Uuid>)]
    seller: Option<UserId>,
    /// The team's or seller's name; null where you may not read it.
    #[schema(max_length = 200)]
    name: Option<String>,
    /// In the order of the funnel.
    #[schema(max_items = 1000)]
    stages: Vec<FunnelLineView>,
}

/// A stage's figures. `stock_end = stock_start + entered + received - left - handed_over`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FunnelLine)]
pub struct FunnelLineView {
    #[schema(value_type = String, max_length = 100)]
    stage: Key,
    #[schema(max_length = 1000)]
    label: String,
    /// `start`, `open`, `won`, `lost`; null if the rules have no such stage any more.
    #[schema(max_length = 100)]
    kind: Option<&'static str>,
    /// Deals in the stage when the period began.
    stock_start: i64,
    /// Came into the stage in the period; who comes twice counts twice.
    entered: i64,
    /// Left the stage in the period.
    left: ExitsView,
    /// Came from another holder without leaving the stage.
    received: i64,
    /// Went to another holder without leaving the stage.
    handed_over: i64,
    /// Deals in the stage when the period ended.
    stock_end: i64,
    /// Of those that came in the period, how they left by its end.
    cohort: CohortView,
    holding: HoldingView,
    /// Share that is to go on to the next stage, 0 to 1, as a decimal.
    #[schema(max_length = 100)]
    target_rate: Option<String>,
    /// How long a deal is to stay: `5wd` are working days, `3d` and `12h` elapsed time.
    #[schema(max_length = 100)]
    target_dwell: Option<String>,
    /// Parameters of `GET /v1/deals` that list what stands there now; null where no parameters say it.
    deals: Option<DealsBehindView>,
}

/// How deals left a stage.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Exits)]
pub struct ExitsView {
    total: i64,
    forward: i64,
    back: i64,
    lost: i64,
    /// Left a won or lost stage again.
    reopened: i64,
}

/// What became of those that came in the period, by its end.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Cohort)]
pub struct CohortView {
    forward: i64,
    back: i64,
    lost: i64,
    reopened: i64,
    /// Still there.
    open: i64,
}

/// What is held now, against the rules: a seller's own figures, of groups the sums over all active sellers who held
/// something in the period or hold something now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HeldNow)]
pub struct HoldingView {
    now: i64,
    /// Of these, past the stage's target by the calendar.
    overdue: i64,
    /// As a decimal.
    #[schema(max_length = 100)]
    ideal: Option<String>,
    /// Above it moves warn.
    warn: Option<u32>,
    /// More are not handed out.
    at_most: Option<u32>,
}

/// Parameters of `GET /v1/deals`; pass on those that are not null.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DealsBehind)]
pub struct DealsBehindView {
    #[schema(value_type = String, max_length = 100)]
    funnel: Key,
    #[schema(value_type = String, max_length = 100)]
    stage: Key,
    #[schema(value_type = Option<uuid::Uuid>)]
    team: Option<TeamId>,
    #[schema(value_type = Option<uuid::Uuid>)]
    owner: Option<UserId>,
    #[schema(value_type = Option<String>, max_length = 100)]
    product: Option<Key>,
    #[schema(value_type = Option<String>, max_length = 100)]
    grade: Option<Key>,
}

/// The funnel over a period
///
/// For each stage what was there, what came, what left and how, counted over the deals that you may see reports of, as
/// they are now; what stands there now, against the rules' targets.
#[utoipa::path(get, path = "/v1/reports/funnel", tag = "reports", params(FunnelParameters), responses(
    (status = 200, description = "The report.", body = FunnelReportView)))]
pub async fn get_funnel_report(
    house: House,
    context: Context,
    caller: Caller,
    parameters: Query<FunnelParameters>,
) -> Answer<FunnelReportView> {
    let active = house.0.active().await?;
    let asked = FunnelAsked::from(parameters.0);
    let faults = faults(&asked, &active, context.now);
    if !faults.is_empty() {
        return Err(ApiError::Parameters(faults));
    }
    let report = house.0.funnel_report(&caller.reads(&context)?, asked.clone()).await?;
    Ok(Reply::ok(FunnelReportView::of(report, &asked, &active, &context.languages)))
}

impl From<FunnelParameters> for FunnelAsked {
    fn from(given: FunnelParameters) -> Self {
        let by = match given.group_by {
            None | Some(SplitWord::Nothing) => GroupBy::Nothing,
            Some(SplitWord::Team) => GroupBy::Team,
            Some(SplitWord::Seller) => GroupBy::Seller,
        };
        let FunnelParameters { funnel, from, to, team, owner, product, grade, .. } = given;
        Self { funnel, from, to, by, team, owner, product, grade }
    }
}

/// What a schema cannot say: every parameter that names nothing there is, and a period that ends before it begins.
fn faults(asked: &FunnelAsked, active: &Active, now: Time) -> Vec<Fault> {
    let rules = &active.rules;
    let mut faults = Vec::new();
    let mut known = |parameter, key: &Option<Key>, all: Vec<&Key>| {
        let all: Vec<&str> = all.into_iter().map(Key::as_str).collect();
        faults.extend(key.as_ref().and_then(|key| not_one_of(parameter, key, &all)));
    };
    known("funnel", &asked.funnel, rules.funnels.keys().collect());
    known("product", &asked.product, rules.products.keys().collect());
    known("grade", &asked.grade, rules.grades.iter().map(|grade| &grade.id).collect());
    if asked.team.is_some_and(|team| active.directory.team(team).is_none()) {
        faults.push(Fault::query("team", Message::new("team_unknown")));
    }
    if asked.owner.is_some_and(|owner| active.directory.user(owner).is_none()) {
        faults.push(Fault::query("owner", Message::new("user_unknown")));
    }
    let (from, to) = asked.period(rules, now);
    if to <= from {
        let parameter = if asked.to.is_some() { "to" } else { "from" };
        let told = Message::new("period_backwards").with("from", from.to_string()).with("to", to.to_string());
        faults.push(Fault::query(parameter, told));
    }
    faults
}

impl FunnelReportView {
    fn of(report: FunnelReport, asked: &FunnelAsked, active: &Active, languages: &[Language]) -> Self {
        let funnel = active.rules.funnels.get(&report.funnel);
        let label = funnel.map_or(report.funnel.as_str(), |funnel| funnel.label.get(languages)).to_owned();
        let about = About { funnel: &report.funnel, rules: funnel, asked, languages };
        let groups = report.groups.into_iter().map(|group| about.group(group)).collect();
        let (from, to, as_of) = (report.from, report.to, report.as_of);
        let time_zone = active.rules.calendar.time_zone().name().to_owned();
        Self { funnel: report.funnel.clone(), label, from, to, time_zone, as_of, groups }
    }
}

/// What all lines of a report share.
struct About<'a> {
    funnel: &'a Key,
    /// `None`: the rules have changed meanwhile.
    rules: Option<&'a Funnel>,
    asked: &'a FunnelAsked,
    languages: &'a [Language],
}

impl About<'_> {
    fn group(&self, report: GroupReport) -> FunnelGroupView {
        let (team, seller) = match report.group {
            Group::All => (None, None),
            Group::Team(team) => (team, None),
            Group::Seller(seller) => (None, seller),
        };
        let stages = report.stages.into_iter().map(|line| self.line(report.group, line)).collect();
        FunnelGroupView { team, seller, name: report.name, stages }
    }

    fn line(&self, group: Group, report: StageReport) -> FunnelLineView {
        let stage = self.rules.and_then(|funnel| funnel.stage(&report.stage));
        let label = stage.map_or(report.stage.as_str(), |stage| stage.label.get(self.languages)).to_owned();
        let (line, targets) = (&report.line, &report.targets);
        let number = |decimal: Option<Decimal>| decimal.map(|decimal| decimal.normalize().to_string());
        let cohort = &line.cohort;
        FunnelLineView {
            label,
            kind: stage.map(|stage| kind_word(stage.kind)),
            stock_start: line.stock_start,
            entered: line.entered,
            left: (&line.left).into(),
            received: line.received,
            handed_over: line.handed_over,
            stock_end: line.stock_end(),
            cohort: CohortView {
                forward: cohort.forward,
                back: cohort.back,
                lost: cohort.lost,
                reopened: cohort.reopened,
                open: line.cohort_open,
            },
            holding: HoldingView {
                now: line.standing,
                overdue: line.overdue,
                ideal: number(targets.ideal),
                warn: targets.warn,
                at_most: targets.at_most,
            },
            target_rate: number(targets.rate),
            target_dwell: targets.dwell.map(|dwell| dwell.to_string()),
            deals: self.deals(group, &report.stage),
            stage: report.stage,
        }
    }

    /// Lists of deals cannot be asked for what nobody holds, nor for what is in no team.
    fn deals(&self, group: Group, stage: &Key) -> Option<DealsBehindView> {
        let (team, owner) = match group {
            Group::All => (self.asked.team, self.asked.owner),
            Group::Team(team) => (Some(team?), self.asked.owner),
            Group::Seller(seller) => (self.asked.team, Some(seller?)),
        };
        Some(DealsBehindView {
            funnel: self.funnel.clone(),
            stage: stage.clone(),
            team,
            owner,
            product: self.asked.product.clone(),
            grade: self.asked.grade.clone(),
        })
    }
}

impl From<&Exits> for ExitsView {
    fn from(exits: &Exits) -> Self {
        let Exits { forward, back, lost, reopened } = *exits;
        Self { total: exits.total(), forward, back, lost, reopened }
    }
}

fn kind_word(kind: StageKind) -> &'static str {
    match kind {
        StageKind::Start => "start",
        StageKind::Open => "open",
        StageKind::Won => "won",
        StageKind::Lost => "lost",
    }
}
