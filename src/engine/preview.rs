//! What other rules would mean for a deal as it is: whether it still has a place, could have come where it is, is too
//! late, is one too many, and what grade it would get. Compares; decides nothing and expels nobody.

use super::actor::Actor;
use super::case::{Case, Movement};
use super::criteria::check;
use super::decision::FactsRead;
use super::dwell::dwell;
use super::facts::{DealFacts, DealState};
use super::figures::figure;
use super::grade::compute;
use super::renamed::migrated;
use super::tally::{fields, told_fields};
use crate::rules::migrate::{Migration, What};
use crate::rules::model::{Rules, Stage, StageKind};
use crate::values::{Key, TeamId, Time, UserId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What would be otherwise with a deal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// Its stage is gone, and becomes nothing else.
    StageGone { funnel: Key, stage: Key },
    /// Its stage would be open, won or lost, and the deal is not.
    StageKind { funnel: Key, stage: Key },
    /// It could not enter its stage: by a criterion that does not stand against it now.
    Entry { funnel: Key, stage: Key, criterion: Key },
    /// Its owner holds more in its stage than the cap allows, and does not now.
    OverCap { funnel: Key, stage: Key },
    /// It would be overdue, and is not now.
    Overdue { funnel: Key, stage: Key },
    /// It is overdue now, and would not be.
    InTime { funnel: Key, stage: Key },
    /// The grade that would be computed differs from the one that would be now.
    Grade { from: Option<Key>, to: Option<Key> },
}

/// The sums of a preview.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    /// The version whose rules the others are compared with; 0 = it is not known yet.
    #[serde(default)]
    pub against: i64,
    /// Deals that were looked at.
    pub deals: u64,
    /// Those with whom something would be otherwise.
    pub touched: u64,
    pub groups: Vec<FindingGroup>,
    /// Who holds them, and in which teams they are.
    pub owners: BTreeSet<UserId>,
    pub teams: BTreeSet<TeamId>,
}

/// Deals of which the same was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingGroup {
    pub finding: Finding,
    pub count: u64,
}

impl Sums {
    /// Adds a deal; the numbers of the groups that it belongs to.
    pub fn add(&mut self, record: &DealFacts, findings: Vec<Finding>) -> Vec<usize> {
        self.deals += 1;
        if findings.is_empty() {
            return Vec::new();
        }
        self.touched += 1;
        self.owners.extend(record.deal.owner);
        self.teams.extend(record.owner.as_ref().map_or(record.deal.team, |owner| owner.team));
        findings.into_iter().map(|finding| self.count(finding)).collect()
    }

    fn count(&mut self, finding: Finding) -> usize {
        let known = self.groups.iter().position(|group| group.finding == finding);
        let number = known.unwrap_or_else(|| {
            self.groups.push(FindingGroup { finding, count: 0 });
            self.groups.len() - 1
        });
        if let Some(group) = self.groups.get_mut(number) {
            group.count += 1;
        }
        number
    }
}

/// Compares `new` rules, with what goes along, and the present ones on a deal.
#[must_use]
pub fn preview(old: &Rules, new: &Rules, migration: &Migration, record: &DealFacts, now: Time) -> Vec<Finding> {
    let mut found = Vec::new();
    let (funnel, stage) = (record.deal.funnel.clone(), record.deal.stage.clone());
    let then = migrated(record, migration);
    let grade = |rules: &Rules, record: &DealFacts| compute(rules, record, now).map(|graded| graded.grade);
    let (from, to) = (grade(old, record), grade(new, &then));
    let renamed = from.as_ref().map(|grade| migration.target(What::Grade, &[grade.as_str()]).unwrap_or(grade));
    if renamed != to.as_ref() && (!old.grades.is_empty() || !new.grades.is_empty()) {
        found.push(Finding::Grade { from, to });
    }
    let Some(place) = stage_of(new, &then) else {
        found.push(Finding::StageGone { funnel, stage });
        return found;
    };
    if state_of(place) != record.deal.state {
        found.push(Finding::StageKind { funnel, stage });
        return found;
    }
    if record.deal.state != DealState::Open {
        return found;
    }
    let now_against = stage_of(old, record).map(|stage| against(old, stage, record, now)).unwrap_or_default();
    for criterion in against(new, place, &then, now).difference(&now_against) {
        let (funnel, stage) = (funnel.clone(), stage.clone());
        found.push(Finding::Entry { funnel, stage, criterion: criterion.clone() });
    }
    if is_over_cap(new, &then, now) && !is_over_cap(old, record, now) {
        found.push(Finding::OverCap { funnel: funnel.clone(), stage: stage.clone() });
    }
    let late = |rules: &Rules, record: &DealFacts| {
        dwell(rules, &record.deal, &record.customer, record.owner.as_ref(), now).overdue_since.is_some()
    };
    match (late(old, record), late(new, &then)) {
        (false, true) => found.push(Finding::Overdue { funnel, stage }),
        (true, false) => found.push(Finding::InTime { funnel, stage }),
        (true, true) | (false, false) => {}
    }
    found
}

fn stage_of<'r>(rules: &'r Rules, record: &DealFacts) -> Option<&'r Stage> {
    rules.funnels.get(&record.deal.funnel)?.stage(&record.deal.stage)
}

fn state_of(stage: &Stage) -> DealState {
    match stage.kind {
        StageKind::Start | StageKind::Open => DealState::Open,
        StageKind::Won => DealState::Won,
        StageKind::Lost => DealState::Lost,
    }
}

/// The criteria of a stage that stand against the deal's being in it.
fn against(rules: &Rules, stage: &Stage, record: &DealFacts, now: Time) -> BTreeSet<Key> {
    let nobody = Actor::system();
    let id = Key::new("preview");
    let movement = Movement { from: None, to: &stage.id, reason: None, id: &id };
    let case = Case { movement: Some(movement), ..Case::of(rules, &nobody, now, record) };
    let checked = stage.enter.iter().map(|one| check(one, Some(&stage.id), &case, &mut FactsRead::default()));
    checked.filter(|checked| checked.refuses()).map(|checked| checked.id).collect()
}

fn is_over_cap(rules: &Rules, record: &DealFacts, now: Time) -> bool {
    let Some((owner, stage)) = record.owner.as_ref().zip(stage_of(rules, record)) else { return false };
    let nobody = Actor::system();
    let case = Case::of(rules, &nobody, now, record);
    let cap = stage.holding.at_most.as_ref().and_then(|cap| figure(cap, &case, &mut FactsRead::default()));
    cap.is_some_and(|cap| owner.holding(&record.deal.funnel, &stage.id) > *cap)
}

/// Adds the names that fields have now to those that they would have: who may not see one, may not be told of it either way.
pub fn former_names(told: &mut BTreeSet<String>, migration: &Migration) {
    for mapping in migration.mappings.iter().filter(|mapping| mapping.what == What::Field) {
        if let [record, from] = mapping.from.as_slice() {
            former_name(told, record, from, &mapping.to);
        }
    }
}

/// The same for one field of a kind of record.
pub fn former_name(told: &mut BTreeSet<String>, record: &str, from: &str, to: &str) {
    let entities: &[&str] = if record == "user" { &["user", "owner", "receiver"] } else { &[record] };
    let named: Vec<&&str> = entities.iter().filter(|entity| told.contains(&format!("{entity}.{to}"))).collect();
    told.extend(named.into_iter().map(|entity| format!("{entity}.{from}")));
}

/// The fields that the outcome of a preview may tell of.
#[must_use]
pub fn told_of_deals(rules: &Rules) -> BTreeSet<String> {
    let mut told = told_fields(rules);
    rules.grades.iter().filter_map(|grade| grade.when.as_ref()).for_each(|when| fields(when, &mut told));
    for stage in rules.funnels.values().flat_map(|funnel| &funnel.stages) {
        let cases = stage.dwell.iter().flat_map(|figure| &figure.cases);
        cases.filter_map(|case| case.when.as_ref()).for_each(|when| fields(when, &mut told));
    }
    told
}
