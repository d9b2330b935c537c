//! What is odd: the file is accepted, and somebody should look. Every warning can be made to go away by saying what was
//! meant; the shipped rules have none.

use super::contradictions::rule_node;
use super::expression::{Expression, Path, Read};
use super::funnels::Outline;
use super::model::{Action, Criterion, CriterionKind, Funnel, MoveTo, Role, Rules};
use super::node::Node;
use super::powers::{somebody_may, writes};
use super::reader::{Reader, Section};
use super::roles::may;
use crate::texts::Message;
use crate::values::Key;
use indexmap::IndexMap;

impl<'a> Reader<'a> {
    /// All warnings that need the whole file, of a file without errors.
    pub(in crate::rules) fn tell_oddities(&self, file: Section<'a>, rules: &Rules, outlines: &[Outline<'a>]) {
        for outline in outlines {
            let Some(funnel) = rules.funnels.get(&outline.id) else { continue };
            self.tell_little(outline, funnel);
            self.tell_closed_stages(outline, funnel, &rules.roles);
            self.tell_unwritable(outline, funnel, &rules.roles);
        }
        self.tell_idle_actions(file, &rules.roles);
        self.tell_powers(file, rules);
        self.tell_contradictions(rules, outlines);
        self.tell_impossible_validations(file, rules);
        self.tell_no_scenarios(file, rules);
    }

    fn tell_closed_stages(&self, outline: &Outline<'a>, funnel: &Funnel, roles: &IndexMap<Key, Role>) {
        let mut closed = Vec::new();
        for stage in funnel.stages.iter().filter(|stage| !stage.retired) {
            let mut into = funnel.moves.iter().filter(|one| one.to == MoveTo::Stage(stage.id.clone())).peekable();
            if let (true, false, Some(node)) =
                (into.peek().is_some(), into.any(|one| somebody_may(one, roles)), stage_node(outline, &stage.id))
            {
                self.warn(node, Message::new("nobody_may_enter").with("stage", stage.id.as_str()));
                closed.push(&stage.id);
            }
        }
        self.tell_closed_moves(outline, funnel, roles, &closed);
    }

    fn tell_idle_actions(&self, file: Section<'a>, roles: &IndexMap<Key, Role>) {
        let Some(node) = file.get("roles") else { return };
        let idle: Vec<String> = Action::ALL
            .into_iter()
            .filter(|action| !may(roles.values(), *action))
            .map(|action| format!("`{}`", action.word()))
            .collect();
        if !idle.is_empty() {
            self.warn(node, Message::new("nobody_may").with("actions", idle.join(", ")));
        }
    }

    /// Criteria that rest on what nobody may write can be met by nobody.
    fn tell_unwritable(&self, outline: &Outline<'a>, funnel: &Funnel, roles: &IndexMap<Key, Role>) {
        let of_stages = funnel
            .stages
            .iter()
            .flat_map(|stage| stage.enter.iter().map(move |one| (stage_node(outline, &stage.id), &stage.id, one)));
        let of_moves = funnel
            .moves
            .iter()
            .flat_map(|one| one.enter.iter().map(move |own| (rule_node(outline, one), &one.id, own)));
        for (node, of, criterion) in of_stages.chain(of_moves) {
            let closed: Vec<String> = needed(criterion)
                .into_iter()
                .filter(|path| !roles.values().any(|role| writes(role, path)))
                .map(|path| format!("`{path}`"))
                .collect();
            let missing_action = match criterion.kind {
                CriterionKind::Activity { .. } if !may(roles.values(), Action::DealsLog) => Some(Action::DealsLog),
                CriterionKind::Contract(_) if !may(roles.values(), Action::DealsWrite) => Some(Action::DealsWrite),
                _ => None,
            };
            let Some(node) = node else { continue };
            let told = |code: &'static str| {
                Message::new(code).with("criterion", criterion.id.as_str()).with("stage", of.as_str())
            };
            if !closed.is_empty() {
                self.warn(node, told("nobody_may_write").with("fields", closed.join(", ")));
            }
            if let Some(action) = missing_action {
                self.warn(node, told("nobody_may_meet").with("action", action.word()));
            }
        }
    }

    fn tell_no_scenarios(&self, file: Section<'a>, rules: &Rules) {
        if rules.scenarios.is_empty() {
            self.warn(file.get("scenarios").unwrap_or(file.node), Message::new("no_scenarios"));
        }
    }
}

pub(in crate::rules) fn stage_node<'o>(outline: &'o Outline<'_>, id: &Key) -> Option<&'o Node> {
    outline.stages.iter().find(|stage| stage.id == *id).map(|stage| stage.section.node)
}

/// The company's own fields that a criterion needs to be there.
fn needed(criterion: &Criterion) -> Vec<Path> {
    let of = |expression: &Expression| {
        let field = |read: &Read| match read {
            Read::Field(path) => Some(path.clone()),
            _ => None,
        };
        expression.reads().iter().filter_map(field).collect()
    };
    match &criterion.kind {
        CriterionKind::Has(paths) => paths.clone(),
        CriterionKind::Require(expression) => of(expression),
        CriterionKind::Activity { .. } | CriterionKind::Dwelt { .. } | CriterionKind::Contract(_) => Vec::new(),
    }
}
