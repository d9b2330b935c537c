//! Validations that no scenario shows at work: a write that each refuses, and one that it lets through.
//!
//! What is written is made up like the facts of a move: a value of a field that the validation names, on a deal whose other
//! fields are as it asks, tried out as a role that may write it; where nobody may write it later, as the deal is made.

use super::Adviser;
use super::Paste;
use super::facts;
use super::paste::{Aim, Attempt, MOVES_AT_MOST, ROLES_AT_MOST, TRIAL_UNITS, begins, clock, create, is_hard};
use crate::rules::demand::{Demand, Known, Solved, solve};
use crate::rules::expression::{Clock, Entity, Expression, Path, Read};
use crate::rules::model::{Field, Funnel, Mode, Role, Rules, Stage, StageKind, Validation};
use crate::rules::powers::writes;
use crate::rules::scenarios::{Deed, Given};
use crate::rules::worth_trying::sample;
use crate::texts::Message;
use crate::values::{Key, Value};
use indexmap::IndexMap;

/// One way to write one field.
#[derive(Clone, Copy)]
struct Way<'r> {
    one: &'r Validation,
    path: &'r Path,
    role: &'r Role,
    funnel: &'r Funnel,
    stage: &'r Stage,
}

impl<'r> Adviser<'r> {
    pub(super) fn of_validations(&mut self) {
        let rules: &'r Rules = self.rules;
        for one in &rules.validations {
            // What is only recorded shows itself in no expectation; what is never written, in no scenario.
            if one.mode == Mode::Audit || written(rules, one).is_empty() {
                continue;
            }
            let told = |code| Message::new(code).with("validation", one.id.as_str());
            if !self.covered.validations_refused.contains(&one.id) {
                let aim = Aim::Refused(one.id.clone());
                self.add(told("refusal_uncovered_of_validation"), one.line, |adviser| adviser.write(one, &aim));
            }
            if !self.covered.validations_met.contains(&one.id) {
                let aim = Aim::Passed(one.id.clone());
                self.add(told("pass_uncovered_of_validation"), one.line, |adviser| adviser.write(one, &aim));
            }
        }
    }

    fn write(&mut self, one: &'r Validation, aim: &Aim) -> Option<Paste> {
        let rules: &'r Rules = self.rules;
        let hard = is_hard(one.mode, one.enforce_from);
        let clock = clock(rules)?;
        let checked = u64::try_from(rules.validations.len()).unwrap_or(u64::MAX).saturating_mul(TRIAL_UNITS);
        let mut first = None;
        for (funnel, stage) in places(rules, one).into_iter().take(MOVES_AT_MOST) {
            for path in written(rules, one) {
                for role in rules.roles.values().filter(|role| writes(role, path)).take(ROLES_AT_MOST) {
                    let way = Way { one, path, role, funnel, stage };
                    if first.is_none() {
                        first = way.sample(rules);
                    }
                    for others in [true, false] {
                        // To gather what stands against the same write is work too.
                        if !self.effort.spend(checked) {
                            break;
                        }
                        for deed in way.solved(rules, aim, clock, others, self).into_iter().flatten() {
                            if !self.effort.spend(checked) {
                                break;
                            }
                            if let Some(paste) = way.attempt(rules, deed).try_out(self.rules, aim, hard) {
                                return Some(paste);
                            }
                        }
                    }
                }
            }
        }
        first?.to_complete(aim, hard)
    }
}

impl<'r> Way<'r> {
    fn attempt(self, rules: &'r Rules, (given, deed): (Given, Deed)) -> Attempt<'r> {
        let Self { role, funnel, .. } = self;
        Attempt { rules, funnel, role, given, deed, ends: None }
    }

    /// Deals and writes of the field under which the validation comes out as it is to. `others`: what else stands against
    /// a write of the field lets it through.
    fn solved(
        self,
        rules: &'r Rules,
        aim: &Aim,
        clock: Clock,
        others: bool,
        adviser: &mut Adviser<'_>,
    ) -> Option<Vec<(Given, Deed)>> {
        let field = Read::Field(self.path.clone());
        let mut demands = vec![Demand::Present(field.clone())];
        demands.extend(self.one.when.as_ref().map(Demand::Holds));
        let require = &self.one.require;
        demands.push(match aim.is_met() {
            true => Demand::Holds(require),
            false => Demand::Any(vec![Demand::Fails(require), Demand::NotHolds(require)]),
        });
        if others {
            let beside = rules.validations.iter().filter(|other| {
                other.id != self.one.id && other.mode == Mode::Enforce && reads(other).any(|read| *read == field)
            });
            demands.extend(beside.map(|other| match &other.when {
                None => Demand::Holds(&other.require),
                Some(when) => Demand::Any(vec![Demand::Holds(&other.require), Demand::Fails(when)]),
            }));
        }
        let known = Known { clock: Some(clock), values: self.known(), is_new: false };
        let Solved::Possible(values) = solve(rules, &demands, &known, &mut adviser.effort) else { return None };
        let value = values.get(&field)?.clone();
        let given = facts::standing(rules, self.funnel, self.stage, &values, Some(&field));
        let mut deeds = vec![(given, self.written(value))];
        if self.stage.kind == StageKind::Start {
            let all = facts::standing(rules, self.funnel, self.stage, &values, None);
            deeds.push((all.clone(), create(rules, self.funnel, self.stage, self.role, &all)));
        }
        Some(deeds)
    }

    /// Where the deal stands and who writes.
    fn known(self) -> Vec<(Read, Value)> {
        let read = |entity, name: &str| Read::Field(Path { entity, name: Key::new(name) });
        let state = match self.stage.kind {
            StageKind::Start | StageKind::Open => "open",
            StageKind::Won => "won",
            StageKind::Lost => "lost",
        };
        vec![
            (read(Entity::Deal, "funnel"), Value::Choice(self.funnel.id.clone())),
            (read(Entity::Deal, "stage"), Value::Choice(self.stage.id.clone())),
            (read(Entity::Deal, "state"), Value::Choice(Key::new(state))),
            (read(Entity::User, "roles"), Value::Choices(vec![self.role.id.clone()])),
        ]
    }

    fn written(self, value: Value) -> Deed {
        let (mut customer, mut fields, mut product) = (IndexMap::new(), IndexMap::new(), None);
        match (self.path.entity, self.path.name.as_str(), value) {
            (Entity::Deal, "grade", Value::Choice(grade)) => {
                return Deed::Grade { to: Some(grade), note: Some("why".to_owned()) };
            }
            (Entity::Deal, "product", Value::Choice(one)) => product = Some(one),
            (Entity::Customer, _, value) => drop(customer.insert(self.path.name.clone(), Some(value))),
            (_, _, value) => drop(fields.insert(self.path.name.clone(), Some(value))),
        }
        Deed::Write { customer, fields, product }
    }

    /// Some value of the field, on a deal of which nothing is known.
    fn sample(self, rules: &'r Rules) -> Option<Attempt<'r>> {
        let value = match (self.path.entity, self.path.name.as_str()) {
            (Entity::Deal, "grade") => Value::Choice(rules.grades.first()?.id.clone()),
            (Entity::Deal, "product") => Value::Choice(rules.products.keys().next()?.clone()),
            _ => sample(&field(rules, self.path)?.kind, begins().date())?,
        };
        Some(self.attempt(rules, (facts::blank(self.funnel, self.stage), self.written(value))))
    }
}

fn reads(one: &Validation) -> impl Iterator<Item = &Read> {
    std::iter::once(&one.require).chain(&one.when).flat_map(Expression::reads)
}

fn field<'r>(rules: &'r Rules, path: &Path) -> Option<&'r Field> {
    match path.entity {
        Entity::Customer => rules.fields.customer.get(&path.name),
        Entity::Deal => rules.fields.deal.get(&path.name),
        _ => None,
    }
}

/// What it names that somebody writes: it is asked then.
fn written<'r>(rules: &Rules, one: &'r Validation) -> Vec<&'r Path> {
    let mut paths: Vec<&Path> = Vec::new();
    for read in reads(one) {
        let Read::Field(path) = read else { continue };
        let grown = path.entity == Entity::Deal && matches!(path.name.as_str(), "grade" | "product");
        let is_written = grown || field(rules, path).is_some_and(|field| !field.retired);
        if is_written && !paths.contains(&path) {
            paths.push(path);
        }
    }
    paths
}

/// Where a deal may stand for it: the first stage, unless it asks where.
fn places<'r>(rules: &'r Rules, one: &Validation) -> Vec<(&'r Funnel, &'r Stage)> {
    let asks = reads(one).any(|read| match read {
        Read::Field(path) => path.entity == Entity::Deal && matches!(path.name.as_str(), "funnel" | "stage" | "state"),
        _ => false,
    });
    let all = rules.funnels.values().flat_map(|funnel| {
        let there = funnel.stages.iter().filter(|stage| !stage.retired);
        there.map(move |stage| (funnel, stage))
    });
    let mut places: Vec<(&Funnel, &Stage)> = all.collect();
    if asks {
        // Those that it names first.
        let expressions = std::iter::once(&one.require).chain(&one.when);
        let constants: Vec<Value> = expressions.flat_map(Expression::constants).collect();
        let named = |key: &Key| {
            let is_it = |value: &Value| match value {
                Value::Choice(named) => named == key,
                Value::Text(named) => *named == **key,
                _ => false,
            };
            constants.iter().any(is_it)
        };
        places.sort_by_cached_key(|(funnel, stage)| !(named(&stage.id) || named(&funnel.id)));
    } else {
        places.retain(|(_, stage)| stage.kind == StageKind::Start);
        places.truncate(1);
    }
    places
}
