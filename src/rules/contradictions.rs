//! Criteria that cannot be met: alone, together, or because no way of a deal leads past what they ask for. Told as
//! warnings: stages and moves stay what they are.

use super::demand::{Demand, Effort, Known, Solved, solve};
use super::expression::{Entity, Expression, Path, Read};
use super::funnels::Outline;
use super::model::{Criterion, CriterionKind, Field, Fields, Funnel, Mode, Move, MoveFrom, Rules, Stage};
use super::node::{Content, Node};
use super::oddities::stage_node;
use super::reader::{Reader, Section};
use crate::texts::Message;
use crate::values::Key;
use std::collections::{BTreeMap, BTreeSet};

/// Units of trying for one file: some tenths of a second at the very most.
const EFFORT: u64 = 4_000_000;

/// A criterion with the stage that demands it (`None` = the move itself).
type Asked<'f> = (Option<&'f Key>, &'f Criterion);

impl<'a> Reader<'a> {
    /// Conditions and criteria that no values satisfy.
    pub(in crate::rules) fn tell_contradictions(&self, rules: &Rules, outlines: &[Outline<'a>]) {
        let mut effort = Effort(EFFORT);
        for (outline, funnel) in outlines.iter().filter_map(|one| Some((one, rules.funnels.get(&one.id)?))) {
            let mut told = BTreeSet::new();
            for stage in funnel.stages.iter().filter(|stage| !stage.retired) {
                self.tell_stage(outline, stage, rules, &mut told, &mut effort);
            }
            for one in &funnel.moves {
                self.tell_move(outline, funnel, one, rules, &mut told, &mut effort);
            }
            self.tell_unvisited(outline, funnel);
            self.tell_retired(outline, funnel, rules);
        }
    }

    /// Validations that no values satisfy: nothing could be written into the fields that they name.
    pub(in crate::rules) fn tell_impossible_validations(&self, file: Section<'a>, rules: &Rules) {
        let Some(Content::List { items }) = file.get("validations").map(|node| &node.content) else { return };
        let mut effort = Effort(EFFORT);
        // In a file without errors every one that is written was compiled.
        for (node, one) in items.iter().zip(&rules.validations) {
            for expression in one.when.iter().chain([&one.require]) {
                let known = Known::default();
                let solved = solve(rules, &[Demand::Holds(expression)], &known, &mut effort);
                if matches!(solved, Solved::Impossible(_)) {
                    self.warn(node, cannot_hold(expression));
                }
            }
        }
    }

    fn tell_stage(
        &self,
        outline: &Outline<'a>,
        stage: &Stage,
        rules: &Rules,
        told: &mut BTreeSet<u32>,
        effort: &mut Effort,
    ) {
        for (index, criterion) in stage.enter.iter().enumerate() {
            if let Some(node) = criterion_node(outline, &stage.id, index) {
                self.tell_alone(node, criterion, rules, told, effort);
            }
        }
        let asked: Vec<Asked<'_>> = enforced(&stage.enter, told).map(|one| (Some(&stage.id), one)).collect();
        let known = Known::default();
        let demands: Vec<Demand<'_>> = asked.iter().map(|(_, one)| known.met(one)).collect();
        if let (Solved::Impossible(places), Some(node)) =
            (solve(rules, &demands, &known, effort), stage_node(outline, &stage.id))
        {
            let core: Vec<Asked<'_>> = places.iter().filter_map(|place| asked.get(*place).copied()).collect();
            told.extend(core.iter().map(|(_, one)| one.line));
            let message = Message::new("criteria_contradict").with("stage", stage.id.as_str());
            self.warn(node, message.with("criteria", named(&core)));
        }
    }

    /// A condition that nothing satisfies, whatever stands beside it.
    fn tell_alone(
        &self,
        node: &Node,
        criterion: &Criterion,
        rules: &Rules,
        told: &mut BTreeSet<u32>,
        effort: &mut Effort,
    ) {
        let mut impossible = |of: &Expression| {
            matches!(solve(rules, &[Demand::Holds(of)], &Known::default(), effort), Solved::Impossible(_))
        };
        if let Some(when) = criterion.when.as_ref().filter(|when| impossible(when)) {
            self.warn(node, cannot_hold(when));
        }
        if let CriterionKind::Require(require) = &criterion.kind
            && impossible(require)
        {
            told.insert(criterion.line);
            self.warn(node, cannot_hold(require));
        }
    }

    /// All that one move demands, of the stages that it passes over too.
    fn tell_move(
        &self,
        outline: &Outline<'a>,
        funnel: &Funnel,
        one: &Move,
        rules: &Rules,
        told: &mut BTreeSet<u32>,
        effort: &mut Effort,
    ) {
        let Some(node) = rule_node(outline, one) else { return };
        let stages = funnel.entered_by(one);
        if !effort.spend(u64::try_from(funnel.stages.len()).unwrap_or(u64::MAX)) {
            return;
        }
        for criterion in &one.enter {
            self.tell_alone(node, criterion, rules, told, effort);
        }
        let gathered: usize = stages.iter().map(|stage| stage.enter.len()).sum();
        if !effort.spend(u64::try_from(gathered).unwrap_or(u64::MAX).saturating_mul(20)) {
            return;
        }
        let mut asked: Vec<Asked<'_>> = enforced(&one.enter, told).map(|own| (None, own)).collect();
        for stage in stages {
            asked.extend(enforced(&stage.enter, told).map(|of_stage| (Some(&stage.id), of_stage)));
        }
        let known = Known::of(one, None);
        let mut demands: Vec<Demand<'_>> = asked.iter().map(|(_, one)| known.met(one)).collect();
        if let Some(when) = &one.when {
            demands.push(Demand::Holds(when));
        }
        let Solved::Impossible(places) = solve(rules, &demands, &known, effort) else { return };
        let core: Vec<Asked<'_>> = places.iter().filter_map(|place| asked.get(*place).copied()).collect();
        let mut names = named(&core);
        if places.contains(&asked.len()) {
            names = if names.is_empty() { "`when`".to_owned() } else { format!("`when`, {names}") };
        }
        let code = if places.len() > 1 { "move_contradicts" } else { "move_cannot_meet" };
        let message = Message::new(code).with("move", one.id.as_str());
        self.warn(node, message.with("to", super::moves::to_word(&one.to)).with("criteria", names));
    }

    /// A dwell is asked for in a stage in which no deal can have been before.
    fn tell_unvisited(&self, outline: &Outline<'a>, funnel: &Funnel) {
        let mut after: BTreeMap<&Key, BTreeSet<Key>> = BTreeMap::new();
        let checks: Vec<(&Move, BTreeSet<&Key>)> = funnel
            .moves
            .iter()
            .map(|one| (one, funnel.entered_by(one).into_iter().map(|stage| &stage.id).collect()))
            .collect();
        let mut possible = |dwelt: &'_ Key, from: &MoveFrom| {
            let Some(dwelt) = funnel.stage(dwelt).map(|stage| &stage.id) else { return true };
            let after = after.entry(dwelt).or_insert_with(|| funnel.after(dwelt));
            matches!(from, MoveFrom::Stage(from) if after.contains(from))
        };
        for stage in &funnel.stages {
            for (index, criterion) in stage.enter.iter().enumerate() {
                let CriterionKind::Dwelt { stage: dwelt, .. } = &criterion.kind else { continue };
                let mut checking = checks.iter().filter(|(_, stages)| stages.contains(&stage.id)).peekable();
                let checked = checking.peek().is_some();
                if checked
                    && !checking.any(|(one, _)| possible(dwelt, &one.from))
                    && let Some(node) = criterion_node(outline, &stage.id, index)
                {
                    let message = Message::new("dwelt_unvisited").with("criterion", criterion.id.as_str());
                    self.warn(node, message.with("stage", stage.id.as_str()).with("dwelt", dwelt.as_str()));
                }
            }
        }
        for one in &funnel.moves {
            for criterion in &one.enter {
                if let CriterionKind::Dwelt { stage: dwelt, .. } = &criterion.kind
                    && !possible(dwelt, &one.from)
                    && let Some(node) = rule_node(outline, one)
                {
                    let message = Message::new("dwelt_unvisited_of_move").with("criterion", criterion.id.as_str());
                    self.warn(node, message.with("move", one.id.as_str()).with("dwelt", dwelt.as_str()));
                }
            }
        }
    }

    /// What is asked for can only be there from before.
    fn tell_retired(&self, outline: &Outline<'a>, funnel: &Funnel, rules: &Rules) {
        for stage in funnel.stages.iter().filter(|stage| !stage.retired) {
            for (index, criterion) in stage.enter.iter().enumerate().filter(|(_, one)| one.mode == Mode::Enforce) {
                let gone = retired(criterion, rules);
                if let (Some(node), false) = (criterion_node(outline, &stage.id, index), gone.is_empty()) {
                    let message = Message::new("needs_retired").with("criterion", criterion.id.as_str());
                    self.warn(node, message.with("stage", stage.id.as_str()).with("names", gone.join(", ")));
                }
            }
        }
    }
}

fn cannot_hold(expression: &Expression) -> Message {
    let names: Vec<String> = expression.reads().iter().map(|read| format!("`{read}`")).collect();
    let message = Message::new("cannot_hold").with("rule", super::problem::quoted(expression.source()));
    message.with("names", names.join(", "))
}

fn enforced<'f>(criteria: &'f [Criterion], told: &BTreeSet<u32>) -> impl Iterator<Item = &'f Criterion> {
    criteria.iter().filter(|one| one.mode == Mode::Enforce && !told.contains(&one.line))
}

fn named(core: &[Asked<'_>]) -> String {
    let name = |(stage, one): &Asked<'_>| match stage {
        Some(stage) => format!("`{stage}.{}`", one.id),
        None => format!("`{}`", one.id),
    };
    core.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn retired(criterion: &Criterion, rules: &Rules) -> Vec<String> {
    match &criterion.kind {
        CriterionKind::Has(paths) => paths
            .iter()
            .filter(|path| field(path, &rules.fields).is_some_and(|field| field.retired))
            .map(|path| format!("`{path}`"))
            .collect(),
        CriterionKind::Activity { kind, outcome, .. } => {
            let declared = rules.activities.get(kind);
            let outcome = outcome.as_ref().and_then(|outcome| declared?.outcomes.get(outcome));
            let kind = declared.filter(|kind| kind.retired).map(|kind| format!("`{}`", kind.id));
            kind.into_iter()
                .chain(outcome.filter(|outcome| outcome.retired).map(|outcome| format!("`{}`", outcome.id)))
                .collect()
        }
        CriterionKind::Require(expression) => expression
            .reads()
            .iter()
            .filter_map(|read| match read {
                Read::Field(path) => {
                    field(path, &rules.fields).filter(|field| field.retired).map(|_| format!("`{path}`"))
                }
                _ => None,
            })
            .collect(),
        CriterionKind::Dwelt { .. } | CriterionKind::Contract(_) => Vec::new(),
    }
}

fn field<'r>(path: &Path, fields: &'r Fields) -> Option<&'r Field> {
    match path.entity {
        Entity::Customer => fields.customer.get(&path.name),
        Entity::Deal => fields.deal.get(&path.name),
        _ => None,
    }
}

/// Where a criterion of a stage stands; in a file without errors every one that is written was compiled.
pub(in crate::rules) fn criterion_node<'o>(outline: &'o Outline<'_>, stage: &Key, index: usize) -> Option<&'o Node> {
    let section = outline.stages.iter().find(|one| one.id == *stage)?.section;
    match &section.get("enter")?.content {
        Content::List { items } => items.get(index),
        _ => None,
    }
}

/// Where the rule of a move stands.
pub(in crate::rules) fn rule_node<'o>(outline: &'o Outline<'_>, one: &Move) -> Option<&'o Node> {
    let Some(node) = outline.section.get("moves") else { return Some(outline.section.node) };
    match &node.content {
        Content::List { items } => {
            let mut there = items.iter().filter(|item| item.place.line == one.line);
            // Of several in one line it is not known which it is.
            there.next().filter(|_| there.next().is_none()).or(Some(node))
        }
        _ => Some(node),
    }
}
