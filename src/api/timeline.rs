//! What happened with a customer, as one list.

use super::access::Caller;
use super::asked::House;
use super::context::Context;
use super::customers::CustomerPath;
use super::events::EventView;
use super::extract::{Path, Query};
use super::page::{PageRequest, cursor};
use super::reply::{Answer, Reply};
use crate::values::{DealId, Time};
use crate::workflow::timeline::{EventKind, TimelineQuery};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

crate::page!(
    /// A page of what happened with a customer, the newest first.
    TimelinePage,
    EventView
);

/// What may stand in a timeline.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WantedKind {
    Move,
    Assignment,
    Activity,
    Grade,
    Contract,
    Payment,
    Refusal,
}

impl From<WantedKind> for EventKind {
    fn from(kind: WantedKind) -> Self {
        match kind {
            WantedKind::Move => Self::Move,
            WantedKind::Assignment => Self::Assignment,
            WantedKind::Activity => Self::Activity,
            WantedKind::Grade => Self::Grade,
            WantedKind::Contract => Self::Contract,
            WantedKind::Payment => Self::Payment,
            WantedKind::Refusal => Self::Refusal,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TimelineFilter {
    /// Only these kinds, with commas between; left out: all.
    #[param(max_items = 7, inline, nullable = false)]
    kind: Option<Vec<WantedKind>>,
    /// Only what happened with this deal.
    #[param(value_type = Option<uuid::Uuid>, nullable = false)]
    deal: Option<DealId>,
    /// Only what happened at this instant or after it.
    #[param(value_type = Option<String>, format = DateTime, nullable = false)]
    since: Option<Time>,
    /// Only what happened before this instant.
    #[param(value_type = Option<String>, format = DateTime, nullable = false)]
    until: Option<Time>,
}

/// What happened with a customer
///
/// Moves, changes of hands, activities, grades, contracts, payments and refusals, the newest first, of all his deals that
/// you may see.
#[utoipa::path(get, path = "/v1/customers/{id}/timeline", tag = "customers", params(CustomerPath, TimelineFilter),
    responses((status = 200, description = "A page.", body = TimelinePage)))]
pub async fn get_timeline(
    house: House,
    context: Context,
    caller: Caller,
    page: PageRequest,
    path: Path<CustomerPath>,
    filter: Query<TimelineFilter>,
) -> Answer<TimelinePage> {
    let filter = filter.0;
    let kinds = match filter.kind {
        Some(kinds) => kinds.into_iter().map(EventKind::from).collect(),
        None => EventKind::ALL.into(),
    };
    let (after, limit) = (page.after()?, page.limit);
    let query = TimelineQuery { kinds, deal: filter.deal, since: filter.since, until: filter.until, after, limit };
    let found = house.0.timeline(&caller.reads(&context)?, path.0.id, query).await?;
    let next = found.next.map(|next| cursor(&next));
    let views = found.events.into_iter().map(|event| EventView::of(event, &context.languages)).collect();
    Ok(Reply::ok(TimelinePage::new(views, next)))
}
