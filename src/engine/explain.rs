//! What comes next for a deal under other rules: everything is called as they call it, and what the answer tells of is
//! named, so that whoever may not see it can be told nothing.

use super::actor::Actor;
use super::facts::{Deal, DealFacts};
use super::moves::{MoveOption, options};
use super::preview::former_names;
use super::renamed::migrated;
use super::shadow::renamed_actor;
use super::tally::{fields, told_by_roles, told_fields};
use crate::rules::expression::Expression;
use crate::rules::migrate::Migration;
use crate::rules::model::{Action, Figure, Rules};
use crate::values::Time;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The deal as it would be after the change of rules, and every move from there for who asks.
#[must_use]
pub fn moves_under(
    (rules, migration): (&Arc<Rules>, &Migration),
    actor: &Arc<Actor>,
    record: &DealFacts,
    now: Time,
) -> (Deal, Vec<MoveOption>) {
    let record = migrated(record, migration);
    let options = options(rules, &renamed_actor(actor, migration), &record, now);
    (record.into_owned().deal, options)
}

/// The fields that such an answer may tell of, under the names that they have now and would have: what these rules read
/// to say what a move demands, how much anybody should hold, and who may move what.
#[must_use]
pub fn told_of_moves(rules: &Rules, migration: &Migration) -> BTreeSet<String> {
    let mut told = told_fields(rules);
    for stage in rules.funnels.values().flat_map(|funnel| &funnel.stages) {
        conditions(stage.holding.ideal.as_ref()).for_each(|when| fields(when, &mut told));
        conditions(stage.holding.warn.as_ref()).for_each(|when| fields(when, &mut told));
    }
    told_by_roles(rules, |action| action == Action::DealsMove, &mut told);
    former_names(&mut told, migration);
    told
}

fn conditions<T>(figure: Option<&Figure<T>>) -> impl Iterator<Item = &Expression> {
    figure.into_iter().flat_map(|figure| &figure.cases).filter_map(|case| case.when.as_ref())
}
