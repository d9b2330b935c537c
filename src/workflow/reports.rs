//! The funnel report: counted over the deals that the caller's reports may rest on, held against the rules' targets.

use super::Workflow;
use super::call::Call;
use super::failure::{Failure, Outcome};
use super::scene::Scene;
use crate::engine::Row;
use crate::engine::dwell::stage_deadlines;
use crate::engine::targets::{Targets, targets};
use crate::insight::funnel::{Group, GroupBy, GroupLines, Line, Split, groups};
use crate::rules::expression::{Comparison, Entity, Operand, Path, Predicate};
use crate::rules::model::{Action, Funnel, Rules, Stage};
use crate::rules::renames::name_before_it_went;
use crate::store::FunnelQuery;
use crate::values::{Date, Decimal, Key, TeamId, Time, UserId, Value};
use chrono::{Datelike, Months};

/// What a funnel report is to be about.
#[derive(Clone, Debug)]
pub struct FunnelAsked {
    /// `None` = the first of the rules.
    pub funnel: Option<Key>,
    /// In the time zone of the rules; from the beginning of this day...
    pub from: Option<Date>,
    /// ... to before the beginning of that.
    pub to: Option<Date>,
    pub by: GroupBy,
    pub team: Option<TeamId>,
    pub owner: Option<UserId>,
    pub product: Option<Key>,
    pub grade: Option<Key>,
}

/// A funnel over a period.
#[derive(Clone, Debug)]
pub struct FunnelReport {
    pub funnel: Key,
    pub from: Date,
    pub to: Date,
    /// What is "now" in it, and beyond what nothing is counted.
    pub as_of: Time,
    pub groups: Vec<GroupReport>,
}

#[derive(Clone, Debug)]
pub struct GroupReport {
    pub group: Group,
    /// The team's or seller's name, if the caller may read it.
    pub name: Option<String>,
    pub stages: Vec<StageReport>,
}

#[derive(Clone, Debug)]
pub struct StageReport {
    pub stage: Key,
    pub line: Line,
    /// Of one seller his own; otherwise holdings are added up over all who hold something.
    pub targets: Targets,
}

impl FunnelAsked {
    /// What is left out: from the beginning of the month in which the period ends, to the end of the current month.
    #[must_use]
    pub fn period(&self, rules: &Rules, now: Time) -> (Date, Date) {
        let first_of_month = |date: Date| date.with_day(1).unwrap_or(date);
        let next_month = |date: Date| first_of_month(date).checked_add_months(Months::new(1)).unwrap_or(date);
        let to = self.to.unwrap_or_else(|| next_month(rules.calendar.local_date(now)));
        (self.from.unwrap_or_else(|| first_of_month(to.pred_opt().unwrap_or(to))), to)
    }

    /// Conditions on the deals, as they are now.
    fn conditions(&self) -> Vec<Predicate> {
        let is = |name: &str, key: &Option<Key>| {
            let left = Operand::Field(Path { entity: Entity::Deal, name: Key::new(name) });
            let right = Operand::Value(Value::Choice(key.clone()?));
            Some(Predicate::Compare { left, comparison: Comparison::Equal, right })
        };
        [is("product", &self.product), is("grade", &self.grade)].into_iter().flatten().collect()
    }
}

impl Workflow {
    /// The funnel over a period; nothing where there is no such funnel.
    pub async fn funnel_report(&self, call: &Call, asked: FunnelAsked) -> Outcome<FunnelReport> {
        self.reading(call, Action::ReportsRead, move |scene, tx| {
            let rules = scene.rules();
            let funnel = match &asked.funnel {
                Some(id) => rules.funnels.get(id),
                None => rules.funnels.values().next(),
            };
            let Some(funnel) = funnel else { return Ok(Err(Failure::NotFound)) };
            let (from, to) = asked.period(rules, scene.now());
            let mut counts = tx.funnel_counts(&FunnelQuery {
                filter: scene.permit.filter(scene.now()),
                funnel: funnel.id.clone(),
                conditions: asked.conditions(),
                from: rules.calendar.start_of_day(from),
                to: rules.calendar.start_of_day(to),
                overdue: stage_deadlines(rules, scene.now())
                    .into_iter()
                    .filter(|deadline| deadline.funnel == funnel.id)
                    .collect(),
            })?;
            for count in &mut counts {
                // A stage that went, and whose name no other has got, is known by it.
                let before = name_before_it_went(&count.stage).filter(|name| funnel.stage(name).is_none());
                count.stage = before.unwrap_or_else(|| count.stage.clone());
            }
            let stages: Vec<Key> = funnel.stages.iter().map(|stage| stage.id.clone()).collect();
            let split = Split { by: asked.by, team: asked.team, owner: asked.owner };
            let team_of = |owner| scene.active.directory.user(owner).and_then(|known| known.user.team);
            let found = groups(&stages, &counts, &split, team_of);
            let mut groups: Vec<GroupReport> =
                found.into_iter().map(|lines| scene.held_against(funnel, lines)).collect();
            groups.sort_by(|one, other| (one.name.is_none(), &one.name).cmp(&(other.name.is_none(), &other.name)));
            Ok(Ok(FunnelReport { funnel: funnel.id.clone(), from, to, as_of: scene.now(), groups }))
        })
        .await
    }
}

impl Scene {
    /// A group's lines with the targets of the rules.
    fn held_against(&self, funnel: &Funnel, lines: GroupLines) -> GroupReport {
        let owners: Vec<UserId> = lines.owners.into_iter().collect();
        let report = |(stage, line): (Key, Line)| {
            let targets = funnel.stage(&stage).map(|stage| self.targets(stage, lines.group, &owners));
            StageReport { targets: targets.unwrap_or_default(), stage, line }
        };
        GroupReport {
            group: lines.group,
            name: self.name_of(lines.group),
            stages: lines.stages.into_iter().map(report).collect(),
        }
    }

    fn targets(&self, stage: &Stage, group: Group, owners: &[UserId]) -> Targets {
        let of = |owner: UserId| {
            let person = self.active.directory.user(owner).map(|known| known.person());
            targets(self.rules(), stage, person.as_ref(), self.now())
        };
        if let (Group::Seller(Some(_)), [seller]) = (group, owners) {
            return of(*seller);
        }
        // Who has left holds nothing and is to hold nothing.
        let active = |owner: &UserId| self.active.directory.user(*owner).is_some_and(|known| known.user.active);
        let each: Vec<Targets> = owners.iter().copied().filter(active).map(of).collect();
        Targets {
            ideal: sum(each.iter().map(|one| one.ideal), |a: Decimal, b| a.saturating_add(b)),
            warn: sum(each.iter().map(|one| one.warn), u32::saturating_add),
            at_most: sum(each.iter().map(|one| one.at_most), u32::saturating_add),
            ..targets(self.rules(), stage, None, self.now())
        }
    }

    fn name_of(&self, group: Group) -> Option<String> {
        let permit = self.permit_for(Action::PeopleRead)?;
        let directory = &self.active.directory;
        match group {
            Group::All | Group::Team(None) | Group::Seller(None) => None,
            Group::Team(Some(team)) => directory.team(team).map(|team| team.name.clone()),
            Group::Seller(Some(seller)) => {
                let known = directory.user(seller)?;
                permit.holds(&Row::Person(&known.person()), self.now()).then(|| known.user.name.clone())
            }
        }
    }
}

/// The sum, where everyone has such a figure: what is without limit for one is so for all together.
fn sum<T>(mut figures: impl Iterator<Item = Option<T>>, add: impl Fn(T, T) -> T) -> Option<T> {
    let first = figures.next()??;
    figures.try_fold(first, |sum, one| one.map(|one| add(sum, one)))
}
