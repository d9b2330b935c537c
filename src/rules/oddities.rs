//! What is odd: the file is accepted, and somebody should look. Every warning can be made to go away by saying what was
//! meant; the shipped rules have none.

use super::expression::{Entity, Expression, Path, Read};
use super::funnels::{Outline, single};
use super::model::{
    Action, Criterion, CriterionKind, Direction, Funnel, Mode, Move, MoveFrom, MoveTo, Role, Rules, Span, Stage,
    StageKind,
};
use super::node::Node;
use super::reader::{Reader, Section};
use super::roles::may;
use super::scenarios::Deed;
use crate::texts::Message;
use crate::values::{Decimal, Key};
use indexmap::IndexMap;

/// How far figures may lie from what Little's law says before they contradict each other, in tenths: 1.5 times.
const FACTOR_TENTHS: i64 = 15;

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
        self.tell_uncovered(file, rules, outlines);
    }

    /// Little's law: held = arrivals a day x days of dwell. The start stage is left out: what it holds is dealt out in
    /// batches, it does not arrive.
    fn tell_little(&self, outline: &Outline<'a>, funnel: &Funnel) {
        let Some(mut arrivals) = funnel.intake_per_workday else { return };
        for stage in funnel.stages.iter().filter(|stage| !matches!(stage.kind, StageKind::Won | StageKind::Lost)) {
            let dwell = single(stage.dwell.as_ref()).and_then(|span| match span {
                Span::WorkdaysMilli(milli) => Some(Decimal::new(milli, 3)),
                Span::ElapsedMicros(_) => None,
            });
            if let (Some(dwell), true) = (dwell, stage.kind == StageKind::Open)
                && let Some(held) = arrivals.checked_mul(dwell)
            {
                self.compare_holding(outline, stage, arrivals, dwell, held);
            }
            let next = single(stage.rate.as_ref()).and_then(|rate| arrivals.checked_mul(rate));
            let Some(next) = next else { return };
            arrivals = next;
        }
    }

    fn compare_holding(&self, outline: &Outline<'a>, stage: &Stage, arrivals: Decimal, dwell: Decimal, held: Decimal) {
        let factor = Decimal::new(FACTOR_TENTHS, 1);
        let Some(node) = stage_node(outline, &stage.id) else { return };
        let told = |code: &'static str, said: Decimal| {
            Message::new(code)
                .with("stage", stage.id.as_str())
                .with("said", said.normalize().to_string())
                .with("arrivals", arrivals.round_dp(2).normalize().to_string())
                .with("dwell", dwell.normalize().to_string())
                .with("held", held.round_dp(2).normalize().to_string())
        };
        if let Some(ideal) = single(stage.holding.ideal.as_ref())
            && (ideal > held * factor || ideal * factor < held)
        {
            self.warn(node, told("little_ideal", ideal));
        }
        if let Some(cap) = single(stage.holding.at_most.as_ref()).map(Decimal::from)
            && cap < held
        {
            self.warn(node, told("little_cap", cap));
        }
    }

    fn tell_closed_stages(&self, outline: &Outline<'a>, funnel: &Funnel, roles: &IndexMap<Key, Role>) {
        for stage in funnel.stages.iter().filter(|stage| !stage.retired) {
            let into: Vec<&Move> =
                funnel.moves.iter().filter(|one| one.to == MoveTo::Stage(stage.id.clone())).collect();
            if into.is_empty() || into.iter().any(|one| somebody_may(one, roles)) {
                continue;
            }
            if let Some(node) = stage_node(outline, &stage.id) {
                self.warn(node, Message::new("nobody_may_enter").with("stage", stage.id.as_str()));
            }
        }
        let moves = outline.section.get("moves");
        for one in &funnel.moves {
            for role in one.by.iter().filter_map(|id| roles.get(id)) {
                if let (false, Some(node)) = (may(std::iter::once(role), action_of(one)), moves) {
                    let message = Message::new("named_but_not_granted").with("role", role.id.as_str());
                    self.warn(node, message.with("move", one.id.as_str()).with("action", action_of(one).word()));
                }
            }
        }
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
        for stage in &funnel.stages {
            for criterion in &stage.enter {
                let closed: Vec<String> = needed(criterion)
                    .into_iter()
                    .filter(|path| !somebody_writes(path, roles))
                    .map(|path| format!("`{path}`"))
                    .collect();
                let missing_action = match criterion.kind {
                    CriterionKind::Activity { .. } if !may(roles.values(), Action::DealsLog) => Some(Action::DealsLog),
                    CriterionKind::Contract(_) if !may(roles.values(), Action::DealsWrite) => Some(Action::DealsWrite),
                    _ => None,
                };
                let Some(node) = stage_node(outline, &stage.id) else { continue };
                let told = |code: &'static str| {
                    Message::new(code).with("criterion", criterion.id.as_str()).with("stage", stage.id.as_str())
                };
                if !closed.is_empty() {
                    self.warn(node, told("nobody_may_write").with("fields", closed.join(", ")));
                }
                if let Some(action) = missing_action {
                    self.warn(node, told("nobody_may_meet").with("action", action.word()));
                }
            }
        }
    }

    /// A criterion that no scenario sees refusing may refuse nobody, or everybody.
    fn tell_uncovered(&self, file: Section<'a>, rules: &Rules, outlines: &[Outline<'a>]) {
        if rules.scenarios.is_empty() {
            let node = file.get("scenarios").unwrap_or(file.node);
            self.warn(node, Message::new("no_scenarios"));
            return;
        }
        for (outline, funnel) in outlines.iter().filter_map(|one| Some((one, rules.funnels.get(&one.id)?))) {
            for (at, stage) in funnel.stages.iter().enumerate() {
                for criterion in stage.enter.iter().filter(|criterion| criterion.mode == Mode::Enforce) {
                    if !covered(rules, funnel, Some(at), &criterion.id)
                        && let Some(node) = stage_node(outline, &stage.id)
                    {
                        let message = Message::new("refusal_uncovered").with("criterion", criterion.id.as_str());
                        self.warn(node, message.with("stage", stage.id.as_str()));
                    }
                }
            }
            for criterion in funnel.moves.iter().flat_map(|one| &one.enter).filter(|one| one.mode == Mode::Enforce) {
                if !covered(rules, funnel, None, &criterion.id)
                    && let Some(node) = outline.section.get("moves")
                {
                    self.warn(node, Message::new("refusal_uncovered_of_move").with("criterion", criterion.id.as_str()));
                }
            }
        }
    }
}

/// Whether a scenario expects this criterion of this stage to refuse: on the way to it or past it.
fn covered(rules: &Rules, funnel: &Funnel, at: Option<usize>, id: &Key) -> bool {
    rules.scenarios.iter().any(|scenario| {
        scenario.steps.iter().any(|step| {
            let Some(act) = &step.act else { return false };
            let to = match &act.deed {
                Deed::Move { to, .. } => to,
                Deed::Create { stage, .. } => stage,
                Deed::Grade { .. }
                | Deed::Assign { .. }
                | Deed::Release { .. }
                | Deed::Log { .. }
                | Deed::Write { .. } => {
                    return false;
                }
            };
            let reaches = match (funnel.position(to), at) {
                (Some(to), Some(at)) => to >= at,
                (Some(_), None) => true,
                (None, _) => false,
            };
            reaches && step.expect.refused.as_ref().is_some_and(|refused| refused.contains(id))
        })
    })
}

fn stage_node<'o>(outline: &'o Outline<'_>, id: &Key) -> Option<&'o Node> {
    outline.stages.iter().find(|stage| stage.id == *id).map(|stage| stage.section.node)
}

fn action_of(one: &Move) -> Action {
    match (&one.from, one.direction) {
        (MoveFrom::Creation, _) | (_, Direction::Creation) => Action::DealsCreate,
        _ => Action::DealsMove,
    }
}

fn somebody_may(one: &Move, roles: &IndexMap<Key, Role>) -> bool {
    let named = |role: &&Role| one.by.is_empty() || one.by.contains(&role.id);
    may(roles.values().filter(named), action_of(one))
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

/// Whether any role may write it: granted the action, and the field not closed by that grant.
fn somebody_writes(path: &Path, roles: &IndexMap<Key, Role>) -> bool {
    let actions: &[Action] = match (path.entity, path.name.as_str()) {
        (Entity::Deal, "grade") => &[Action::DealsGrade],
        (Entity::Deal, "owner") => &[Action::DealsAssign, Action::PoolDealOut, Action::DealsCreate],
        (Entity::Deal, _) => &[Action::DealsWrite, Action::DealsCreate],
        (Entity::Customer, "open_deals" | "won_deals") => return true,
        (Entity::Customer, _) => &[Action::CustomersWrite],
        (Entity::Contract | Entity::User | Entity::Owner | Entity::Receiver | Entity::Move, _) => return true,
    };
    let is_fixed = matches!(path.entity, Entity::Deal)
        && matches!(
            path.name.as_str(),
            "funnel"
                | "stage"
                | "origin"
                | "state"
                | "creator"
                | "discoverer"
                | "graded_by"
                | "created_at"
                | "entered_at"
                | "locked"
                | "dwell"
        );
    is_fixed
        || roles.values().any(|role| {
            role.may.iter().any(|grant| {
                let closed = grant.hide.contains(path)
                    || grant.read_only.contains(path)
                    || grant.mask.iter().any(|(masked, _)| masked == path);
                !closed && actions.iter().any(|action| grant.actions.contains(action))
            })
        })
}
