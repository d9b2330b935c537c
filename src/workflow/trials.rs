//! Trials of rules: what replays, previews and whatever else tries rules that are not active share. Which rules are tried, how
//! long a process that works on one may be silent, how long what was found is kept, who may know which deals it was about.

use super::Workflow;
use super::call::Call;
use super::failure::{Failure, Outcome};
use super::rules::check_aside;
use crate::engine::customers::with_row;
use crate::engine::permission::{Permit, Row};
use crate::engine::sight::{FieldSight, Sight};
use crate::rules::check;
use crate::rules::expression::{Entity, Path};
use crate::rules::model::{Action, Rules};
use crate::store::{CustomerItem, DealItem, Lease};
use crate::values::{DraftId, RunnerId, Time};
use std::sync::Arc;

/// How long a process may be silent about a trial before another takes it: many steps of the slowest database.
const LEASE_MICROS: i64 = 60 * 1_000_000;

/// How long what was found is kept after the end.
const KEPT_MICROS: i64 = 7 * 24 * 3600 * 1_000_000;

/// The rules that are tried.
#[derive(Clone, Copy, Debug)]
pub enum Tried {
    Draft(DraftId),
    Version(i64),
}

/// A draft or a version, its text, and the rules that it says.
pub(super) type TriedRules = (Option<DraftId>, Option<i64>, String, Arc<Rules>);

impl Workflow {
    /// What is tried, for who may draft rules.
    pub(super) async fn tried(&self, call: &Call, tried: Tried) -> Outcome<TriedRules> {
        let (draft, number, text) = match tried {
            Tried::Draft(id) => (Some(id), None, self.draft_for(call, Action::RulesDraft, id).await?.text),
            Tried::Version(number) => {
                let version = self.version_for(call, Action::RulesDraft, Some(number)).await?;
                (None, Some(number), version.text)
            }
        };
        // Scenarios that fail do not keep anybody from seeing what the rules would do.
        let mut checked = check_aside(text.clone(), call.now).await?;
        checked.scenarios.clear();
        let rules = checked.accepted().map_err(|faults| Failure::RulesInvalid(Box::new(faults)))?;
        Ok((draft, number, text, rules))
    }
}

/// The rules of a trial that a process goes on with. `None`: a later program may not take what an earlier one took.
pub(super) async fn rules_of(text: String) -> Outcome<Option<Arc<Rules>>> {
    let rules = tokio::task::spawn_blocking(move || check(&text, None).rules.map(Arc::new)).await;
    rules.map_err(|fault| Failure::internal("checking rules", fault))
}

/// That this runner works on a trial from now on, for a while.
pub(super) fn lease(runner: RunnerId, now: Time) -> Lease {
    Lease { runner, now, until: Time::from_micros(now.micros().saturating_add(LEASE_MICROS)) }
}

/// What ended before then is forgotten.
pub(super) fn forget_before(now: Time) -> Time {
    Time::from_micros(now.micros().saturating_sub(KEPT_MICROS))
}

/// Whether the deal may be read, with all that the outcome tells of.
pub(super) fn sees_all(permit: &Permit, item: &DealItem, told: &[Path], now: Time) -> bool {
    let row = Row::Deal { deal: &item.deal, customer: &item.customer, owner: item.owner.as_ref(), record: None };
    is_open(permit.sight(&row, now), told.iter())
}

/// Whether the customer may be read, with all that the outcome tells of; and all of his deals, since what may be done to
/// him rests on them.
pub(super) fn sees_all_of(
    permit: &Permit,
    deals: Option<&Permit>,
    item: &CustomerItem,
    told: &[Path],
    now: Time,
) -> bool {
    let own = told.iter().filter(|path| !matches!(path.entity, Entity::Deal | Entity::Contract));
    let CustomerItem { customer, deals: held } = item;
    is_open(with_row(customer, held, |row| permit.sight(row, now)), own)
        && held.iter().all(|(deal, owner)| {
            let row = Row::Deal { deal, customer, owner: owner.as_ref(), record: None };
            is_open(deals.and_then(|permit| permit.sight(&row, now)), told.iter())
        })
}

fn is_open<'a>(sight: Option<Sight>, mut told: impl Iterator<Item = &'a Path>) -> bool {
    sight.is_some_and(|sight| told.all(|path| sight.of(path) == FieldSight::Open))
}
