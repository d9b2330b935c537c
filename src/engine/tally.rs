//! What replaying many decisions found: how many would come out otherwise, and by what. Adds up; holds no decision.

use super::preview::former_names;
use super::replay::{Ground, Kept, Verdict, is_replayed};
use crate::rules::expression::{Expression, Path, Read};
use crate::rules::model::{Action, Criterion, CriterionKind, Rules};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The sums so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub replayed: u64,
    /// Allowed both times, or refused both times (perhaps for other reasons).
    pub same: u64,
    pub refused: u64,
    pub allowed: u64,
    pub undecided: u64,
    /// By what, in the order of finding. A decision with several reasons is in the group of each.
    pub groups: Vec<Group>,
}

/// Decisions that would come out otherwise by the same thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    pub change: Change,
    pub by: By,
    pub count: u64,
}

/// How they would come out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Was allowed.
    Refused,
    /// Was refused.
    Allowed,
    /// The record lacks facts.
    Undecided,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// What refuses it, now or then.
    Ground(Ground),
    /// It was refused then before any criterion was asked.
    State,
    /// The fact that the record lacks.
    Lacking(String),
}

impl Tally {
    /// Adds a decision; the numbers of the groups that it belongs to, none if it would come out the same.
    pub fn add(&mut self, kept: &Kept<'_>, verdict: &Verdict) -> Vec<usize> {
        self.replayed += 1;
        let (change, by): (Change, Vec<By>) = match (kept.allowed, verdict) {
            (true, Verdict::Allowed) | (false, Verdict::Refused(_)) => {
                self.same += 1;
                return Vec::new();
            }
            (true, Verdict::Refused(grounds)) => {
                self.refused += 1;
                (Change::Refused, grounds.iter().cloned().map(By::Ground).collect())
            }
            (false, Verdict::Allowed) => {
                self.allowed += 1;
                let grounds: Vec<By> = kept.grounds.iter().cloned().map(By::Ground).collect();
                (Change::Allowed, if grounds.is_empty() { vec![By::State] } else { grounds })
            }
            (_, Verdict::Undecided(lacking)) => {
                self.undecided += 1;
                (Change::Undecided, lacking.iter().cloned().map(By::Lacking).collect())
            }
        };
        let mut numbers: Vec<usize> = by.into_iter().map(|by| self.group(change, by)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        for number in &numbers {
            if let Some(group) = self.groups.get_mut(*number) {
                group.count += 1;
            }
        }
        numbers
    }

    fn group(&mut self, change: Change, by: By) -> usize {
        if let Some(number) = self.groups.iter().position(|group| group.change == change && group.by == by) {
            return number;
        }
        self.groups.push(Group { change, by, count: 0 });
        self.groups.len() - 1
    }
}

/// The fields that the outcome of a replay may tell of: what these rules read to decide moves and caps. Who may not see
/// one of them on a deal is not told which decision came out how.
#[must_use]
pub fn told_fields(rules: &Rules) -> BTreeSet<String> {
    let mut told = BTreeSet::new();
    for funnel in rules.funnels.values() {
        for stage in &funnel.stages {
            stage.enter.iter().for_each(|criterion| criterion_fields(criterion, &mut told));
            let cases = stage.holding.at_most.iter().flat_map(|figure| &figure.cases);
            cases.filter_map(|case| case.when.as_ref()).for_each(|when| fields(when, &mut told));
        }
        for one in &funnel.moves {
            one.enter.iter().for_each(|criterion| criterion_fields(criterion, &mut told));
            one.when.iter().for_each(|when| fields(when, &mut told));
        }
    }
    told
}

/// The fields that a replay may tell of, under the names of these rules and those before: it asks who may do it, besides.
#[must_use]
pub fn told_in_replay(rules: &Rules) -> BTreeSet<String> {
    let mut told = told_fields(rules);
    told_by_roles(rules, is_replayed, &mut told);
    former_names(&mut told, &rules.migrate);
    told
}

/// What says who may do any of these.
pub(super) fn told_by_roles(rules: &Rules, is_one: impl Fn(Action) -> bool, told: &mut BTreeSet<String>) {
    for role in rules.roles.values() {
        let may = role.may.iter().filter(|grant| grant.actions.iter().any(|action| is_one(*action)));
        let never = role.never.iter().filter(|never| never.actions.iter().any(|action| is_one(*action)));
        may.filter_map(|grant| grant.when.as_ref())
            .chain(never.filter_map(|never| never.when.as_ref()))
            .for_each(|when| fields(when, told));
    }
}

fn criterion_fields(criterion: &Criterion, told: &mut BTreeSet<String>) {
    criterion.when.iter().for_each(|when| fields(when, told));
    match &criterion.kind {
        CriterionKind::Has(paths) => told.extend(paths.iter().map(Path::to_string)),
        CriterionKind::Require(expression) => fields(expression, told),
        CriterionKind::Activity { .. } | CriterionKind::Dwelt { .. } | CriterionKind::Contract(_) => {}
    }
}

pub(super) fn fields(expression: &Expression, told: &mut BTreeSet<String>) {
    told.extend(expression.reads().iter().filter_map(|read| match read {
        Read::Field(path) => Some(path.to_string()),
        _ => None,
    }));
}
