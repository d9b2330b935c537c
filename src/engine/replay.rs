//! Replay: a kept decision run through other rules, from the facts that were kept with it.
//!
//! What the other rules ask and the record does not say is named, never guessed: such a criterion is undecided, and so
//! is the decision, unless another criterion refuses it anyway. Facts are as they were at the decision, so its instant
//! is also the day on which `enforce_from` counts. What does not come from the rules (a note that was missing, cooling
//! that ran, who had the deal already) stands as it was. Which rows a role reaches is not in the record, only its roles:
//! what was allowed stays so if the action and the move are granted to them at all; what was refused because the row was
//! out of reach is decided if the other rules grant the action on every row or not at all, and is undecided between.
// INVARIANT: the same rules give the same outcome; `tests/replay.rs` holds every decision of random worlds to it.

use super::deals::implicit_creation;
use super::decision::{FactsRead, Severity};
pub use super::grounds::{Ground, GroundKind};
use super::moves::Path;
use super::permission::reach;
use crate::rules::expression::{Entity, Expression, Facts, Read};
use crate::rules::model::{
    Action, Criterion, CriterionKind, Figure, Funnel, Grant, MoveFrom, MoveTo, Rules, Scope, Stage, StageKind,
};
use crate::rules::renames::name_before_it_went;
use crate::values::{Date, Key, Time, Value};
use std::borrow::Cow;

/// A decision as it was kept, as far as replaying it goes.
#[derive(Clone, Copy, Debug)]
pub struct Kept<'a> {
    pub action: Action,
    pub at: Time,
    pub roles: &'a [Key],
    pub allowed: bool,
    /// What refused it: criteria, or what `Ground::before_criteria` says.
    pub grounds: &'a [Ground],
    pub facts: &'a FactsRead,
}

/// What the other rules say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Allowed,
    Refused(Vec<Ground>),
    /// The record lacks these facts.
    Undecided(Vec<String>),
}

/// The actions whose decisions can be replayed.
#[must_use]
pub fn is_replayed(action: Action) -> bool {
    matches!(action, Action::DealsMove | Action::DealsCreate | Action::DealsAssign | Action::PoolDealOut)
}

/// What `rules` say of a kept decision; `None`: its action is not one that is replayed.
#[must_use]
pub fn replay(rules: &Rules, kept: &Kept<'_>) -> Option<Verdict> {
    if !is_replayed(kept.action) {
        return None;
    }
    let mut said = Said::default();
    let case = Record { rules, facts: kept.facts, at: kept.at };
    let power = case.power(kept);
    if !power.somewhere && !kept.roles.is_empty() {
        if !lost_a_role(kept) {
            said.grounds.push(Ground::new(GroundKind::Permission, power.action.word()));
            return Some(said.verdict());
        }
        said.lacks("user.roles".to_owned());
    }
    if !power.everywhere && kept.grounds.iter().any(|ground| ground.kind == GroundKind::Permission) {
        said.lacks(format!("{}.scope", power.action.word()));
    }
    match kept.action {
        Action::DealsMove => case.movement(kept, &mut said),
        Action::DealsCreate => {
            case.movement(kept, &mut said);
            case.cap("move.to", &mut said);
        }
        _ => case.cap("deal.stage", &mut said),
    }
    said.grounds.extend(kept.grounds.iter().filter(|ground| ground.kind == GroundKind::Other).cloned());
    Some(said.verdict())
}

/// Whether any of `roles` is granted the action on every row, whatever stands in it.
fn reaches_all(rules: &Rules, roles: &[Key], action: Action) -> bool {
    let mut held = roles.iter().filter_map(|role| rules.roles.get(role));
    let barred = held.clone().any(|role| role.never.iter().any(|never| never.actions.contains(&action)));
    let every = |grant: &Grant| grant.actions.contains(&action) && grant.scope == Scope::All && grant.when.is_none();
    !barred && held.any(|role| role.may.iter().any(every))
}

/// Whether who acted had a role that is gone and became nothing: what he would have now, is not known.
fn lost_a_role(kept: &Kept<'_>) -> bool {
    kept.roles.iter().any(|role| name_before_it_went(role).is_some())
}

/// What the other rules grant to the roles of a decision.
#[derive(Clone, Copy, Debug)]
struct Power {
    action: Action,
    /// On some rows, under some conditions.
    somewhere: bool,
    everywhere: bool,
}

/// What was found so far.
#[derive(Debug, Default)]
struct Said {
    grounds: Vec<Ground>,
    lacking: Vec<String>,
}

impl Said {
    fn lacks(&mut self, name: String) {
        if !self.lacking.contains(&name) {
            self.lacking.push(name);
        }
    }

    fn verdict(self) -> Verdict {
        match (self.grounds.is_empty(), self.lacking.is_empty()) {
            (false, _) => Verdict::Refused(self.grounds),
            (true, false) => Verdict::Undecided(self.lacking),
            (true, true) => Verdict::Allowed,
        }
    }
}

/// The facts of a kept decision, as expressions of other rules ask them.
#[derive(Clone, Copy)]
struct Record<'a> {
    rules: &'a Rules,
    facts: &'a FactsRead,
    at: Time,
}

impl<'a> Record<'a> {
    /// What was kept under a name; the outer `None`: nothing was.
    fn kept(&self, name: &str) -> Option<Option<&'a Value>> {
        self.facts.values.get(name).or_else(|| self.facts.personal.get(name))
    }

    fn power(&self, kept: &Kept<'_>) -> Power {
        let widest = |action| reach(self.rules, kept.roles, action);
        let of = |action: Action| Power {
            action,
            somewhere: widest(action).is_some(),
            everywhere: reaches_all(self.rules, kept.roles, action),
        };
        let (assigning, dealing) = (of(Action::DealsAssign), of(Action::PoolDealOut));
        match (kept.action, self.kept("deal.owner")) {
            (Action::DealsAssign, Some(Some(_))) => assigning,
            // Whose it was is not known: whoever may assign all deals may give those that nobody owns too.
            (Action::DealsAssign, None) => Power { somewhere: assigning.somewhere || dealing.somewhere, ..assigning },
            (Action::DealsAssign | Action::PoolDealOut, _) => Power {
                somewhere: dealing.somewhere || widest(Action::DealsAssign) == Some(Scope::All),
                everywhere: dealing.everywhere || assigning.everywhere,
                ..dealing
            },
            (Action::DealsCreate, _) => {
                let creating = of(Action::DealsCreate);
                // Made for somebody: who makes it for others gives it too.
                let for_nobody = self.kept("receiver.id") == Some(None);
                Power { everywhere: creating.everywhere && (for_nobody || assigning.everywhere), ..creating }
            }
            (action, _) => of(action),
        }
    }

    fn id(&self, name: &str, said: &mut Said) -> Option<&'a Key> {
        match self.kept(name) {
            Some(Some(Value::Choice(id))) => Some(id),
            Some(_) => None,
            None => {
                said.lacks(name.to_owned());
                None
            }
        }
    }

    fn place(&self, stage: &str, said: &mut Said) -> Option<(&'a Funnel, &'a Key)> {
        let (funnel, stage) = (self.id("deal.funnel", said)?, self.id(stage, said)?);
        match self.rules.funnels.get(funnel) {
            Some(funnel) => Some((funnel, stage)),
            None => {
                said.grounds.push(Ground::new(GroundKind::NoMove, funnel));
                None
            }
        }
    }

    /// The move that was asked for: its own criteria, and those of the stages it enters.
    fn movement(&self, kept: &Kept<'_>, said: &mut Said) {
        let Some((funnel, to)) = self.place("move.to", said) else { return };
        let from = match kept.action {
            Action::DealsCreate => None,
            _ => match self.id("deal.stage", said) {
                None => return,
                from => from,
            },
        };
        // Who saw the deal elsewhere, or asked for where it was, asked for no move.
        let seen = self.kept("move.from").flatten();
        if from.is_some_and(|from| from == to || seen.is_some_and(|seen| *seen != Value::Choice(from.clone()))) {
            return said.grounds.push(Ground::new(GroundKind::Other, "deal_moved").at(to));
        }
        let mut found = None;
        for rule in &funnel.moves {
            let starts = match (&rule.from, from) {
                (MoveFrom::Creation, None) => true,
                (MoveFrom::Stage(stage), Some(from)) => stage == from,
                _ => false,
            };
            let leads = match &rule.to {
                MoveTo::Stage(stage) => stage == to,
                MoveTo::Origin => self.origin(funnel) == Some(to),
            };
            if starts && leads {
                let is_for =
                    rule.by.is_empty() || kept.roles.is_empty() || rule.by.iter().any(|by| kept.roles.contains(by));
                found = Some((rule, is_for));
                if is_for {
                    break;
                }
            }
        }
        let target = funnel.stage(to).filter(|stage| !stage.retired);
        let implicit = target.filter(|stage| from.is_none() && stage.kind == StageKind::Start).map(implicit_creation);
        let found = found.or(implicit.as_ref().map(|rule| (rule, true)));
        let (Some(target), Some((rule, is_for))) = (target, found) else {
            return said.grounds.push(Ground::new(GroundKind::NoMove, "no_such_move").at(to));
        };
        if !is_for {
            if !lost_a_role(kept) {
                return said.grounds.push(Ground::new(GroundKind::NotFor, &rule.id).at(to));
            }
            said.lacks("user.roles".to_owned());
        }
        let path = Path { funnel, rule, target };
        // The move's own `when`: unlike a criterion's, what is unknown does not open a path.
        if let Some(when) = &rule.when
            && self.holds(when, said).is_some_and(|holds| holds != Some(true))
        {
            said.grounds.push(Ground::new(GroundKind::Criterion, &rule.id));
        }
        for criterion in &rule.enter {
            self.criterion(criterion, None, said);
        }
        for stage in path.entered(from) {
            for criterion in &stage.enter {
                self.criterion(criterion, Some(stage), said);
            }
        }
    }

    /// The stage that a lost deal goes back to.
    fn origin(&self, funnel: &'a Funnel) -> Option<&'a Key> {
        let origin = match self.kept("deal.lost_from") {
            Some(Some(Value::Choice(origin))) => funnel.stage(origin).filter(|stage| !stage.retired),
            _ => None,
        };
        origin.or_else(|| funnel.stages.iter().find(|stage| stage.kind == StageKind::Start)).map(|stage| &stage.id)
    }

    /// What the record lacks of what an expression reads.
    fn lacking(&self, expression: &Expression) -> Vec<String> {
        let asked = expression.named_reads().filter(|(_, read)| !matches!(read, Read::Now | Read::Today));
        asked.filter(|(name, _)| self.kept(name).is_none()).map(|(name, _)| name.to_string()).collect()
    }

    /// How an expression comes out; the outer `None`: the record lacks what it reads, which is noted.
    fn holds(&self, expression: &Expression, said: &mut Said) -> Option<Option<bool>> {
        let lacking = self.lacking(expression);
        if lacking.is_empty() {
            return Some(expression.holds(self, &self.rules.calendar));
        }
        lacking.into_iter().for_each(|name| said.lacks(name));
        None
    }

    fn criterion(&self, criterion: &Criterion, stage: Option<&Stage>, said: &mut Said) {
        if Severity::on(criterion.mode, criterion.enforce_from, || self.today()) != Severity::Refuse {
            return;
        }
        // A condition that is not known for want of a fact leaves open whether the criterion applies.
        let applies = match &criterion.when {
            None => Some(true),
            Some(when) => self.holds(when, said).map(|holds| holds != Some(false)),
        };
        if applies == Some(false) {
            return;
        }
        if self.is_met(criterion, said) == Some(false) && applies == Some(true) {
            let stage = stage.map(|stage| stage.id.clone());
            said.grounds.push(Ground { kind: GroundKind::Criterion, stage, id: criterion.id.clone() });
        }
    }

    /// Whether it is met; `None`: the record lacks what it asks, which is noted.
    fn is_met(&self, criterion: &Criterion, said: &mut Said) -> Option<bool> {
        match &criterion.kind {
            CriterionKind::Has(_) => {
                let (mut all, mut known) = (true, true);
                for name in &criterion.names {
                    match self.kept(name) {
                        Some(value) => all &= value.is_some(),
                        None => {
                            known = false;
                            said.lacks(name.to_string());
                        }
                    }
                }
                // One that is known to be missing decides it.
                if !all { Some(false) } else { known.then_some(true) }
            }
            CriterionKind::Require(expression) => self.holds(expression, said).map(|holds| holds == Some(true)),
            CriterionKind::Activity { at_least, .. } => {
                self.number(criterion.names.last()?, said).map(|there| there >= i64::from(*at_least))
            }
            CriterionKind::Dwelt { at_least, .. } => self
                .number(criterion.names.last()?, said)
                .map(|there| there >= super::dwell::micros(self.rules, *at_least)),
            CriterionKind::Contract(_) => {
                let name = criterion.names.last()?;
                match self.kept(name) {
                    Some(value) => Some(value == Some(&Value::Bool(true))),
                    None => {
                        said.lacks(name.to_string());
                        None
                    }
                }
            }
        }
    }

    fn number(&self, name: &str, said: &mut Said) -> Option<i64> {
        match self.kept(name) {
            Some(Some(Value::Int(number) | Value::Duration(number))) => Some(*number),
            Some(_) | None => {
                said.lacks(name.to_owned());
                None
            }
        }
    }

    /// Whether who got the deal could hold it.
    fn cap(&self, stage: &str, said: &mut Said) {
        let Some((funnel, stage)) = self.place(stage, said) else { return };
        let Some(stage) = funnel.stage(stage) else {
            return said.grounds.push(Ground::new(GroundKind::NoMove, "no_such_stage").at(stage));
        };
        let Some(at_most) = &stage.holding.at_most else { return };
        // Made for nobody: into the pool.
        if self.kept("receiver.id") == Some(None) {
            return;
        }
        let Some(cap) = self.figure(at_most, said) else { return };
        let held = Read::Holding { entity: Entity::Receiver, funnel: funnel.id.clone(), stage: stage.id.clone() };
        if let Some(held) = self.number(&held.to_string(), said)
            && held >= i64::from(cap)
        {
            said.grounds.push(Ground::new(GroundKind::Cap, "holding").at(&stage.id));
        }
    }

    /// `None`: there is none, or the record lacks what its cases read, which is noted.
    fn figure(&self, figure: &Figure<u32>, said: &mut Said) -> Option<u32> {
        for one in &figure.cases {
            match &one.when {
                None => return Some(one.is),
                Some(when) => match self.holds(when, said) {
                    Some(Some(true)) => return Some(one.is),
                    Some(_) => {}
                    None => return None,
                },
            }
        }
        None
    }
}

impl Facts for Record<'_> {
    fn read(&self, read: &Read) -> Option<Cow<'_, Value>> {
        self.kept(&read.to_string()).flatten().map(Cow::Borrowed)
    }

    fn now(&self) -> Time {
        self.at
    }

    fn today(&self) -> Date {
        self.rules.calendar.local_date(self.at)
    }
}
