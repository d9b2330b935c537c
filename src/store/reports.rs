//! Counts for the funnel report: what came into each stage and left it, from history; what stands there now.
//!
//! Counted over the deals that the caller's filter lets through, and no others.

use super::tx::face;
use crate::engine::dwell::StageDeadline;
use crate::engine::filter::RowFilter;
use crate::values::{Key, TeamId, Time, UserId};

/// Which period of which funnel, told apart by what.
#[derive(Clone, Debug)]
pub struct FlowQuery {
    pub filter: RowFilter,
    pub funnel: Key,
    /// From this instant on, to before that.
    pub from: Time,
    pub to: Time,
    pub by: CountBy,
}

/// What counts are told apart by, besides the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountBy {
    Stage,
    Team,
    Owner,
}

/// One stage's flow. `stock_to = stock_from + entered + handed_in - (forward + back + lost + reopened + handed_out)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    pub stage: Key,
    /// Owner or team, as `by` asked; at entry for what came in, at exit for what left.
    pub owner: Option<UserId>,
    pub team: Option<TeamId>,
    /// Deals in the stage at `from`, at `to`.
    pub stock_from: i64,
    pub stock_to: i64,
    pub entered: i64,
    pub forward: i64,
    pub back: i64,
    pub lost: i64,
    /// Left a lost or won stage by being opened again.
    pub reopened: i64,
    /// Came from, went to, another owner without leaving the stage.
    pub handed_in: i64,
    pub handed_out: i64,
}

/// What stands in the funnel now.
#[derive(Clone, Debug)]
pub struct StandingQuery {
    pub filter: RowFilter,
    pub funnel: Key,
    /// Since when a deal in a stage is overdue; stages without a target are left out.
    pub overdue: Vec<StageDeadline>,
    pub by: CountBy,
}

/// Deals in a stage now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub stage: Key,
    pub owner: Option<UserId>,
    /// The owner's team now; of ownerless deals their pool.
    pub team: Option<TeamId>,
    pub deals: i64,
    pub overdue: i64,
}

face! { reports:
    /// What came and went, by stage.
    fn report_flows(query: &FlowQuery) -> Vec<Flow>;
    /// What stands there now, by stage.
    fn report_standing(query: &StandingQuery) -> Vec<Standing>;
}
