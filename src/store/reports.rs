//! Counts for the funnel report: what came into each stage and left it, from history; what stands there now.
//!
//! Counted over the deals that the caller's filter lets through, and no others, by holder: reports add them up
//! (`insight::funnel`).

use super::tx::face;
use crate::engine::dwell::StageDeadline;
use crate::engine::filter::RowFilter;
use crate::insight::funnel::Count;
use crate::rules::expression::Predicate;
use crate::values::{Key, Time};

/// Which period of which funnel, over which deals.
#[derive(Clone, Debug)]
pub struct FunnelQuery {
    pub filter: RowFilter,
    pub funnel: Key,
    /// All of these must hold of a deal as it is now. A field that the caller does not see counts as missing.
    pub conditions: Vec<Predicate>,
    /// From this instant on, to before that.
    pub from: Time,
    pub to: Time,
    /// Since when a deal in a stage is overdue; stages without a target have nothing overdue.
    pub overdue: Vec<StageDeadline>,
}

face! { reports:
    /// What came and went, and what stands there now, by stage and holder.
    fn funnel_counts(query: &FunnelQuery) -> Vec<Count>;
}
