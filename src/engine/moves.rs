//! Moves: which there are for a deal, what each demands, and the decision on one.
//!
//! Only the graph of the rules gives a path. Passing over a stage checks its criteria too; a step back only the move's
//! own; creation and reopening those of the target and of all before it. The order of answers: permission, state, then
//! everything unmet together.

use super::actor::{Actor, Who};
use super::case::{Case, Movement};
use super::criteria;
use super::decision::{CheckOutcome, Checked, CheckedKind, Decision, FactsRead, RefusalKind};
use super::dwell;
use super::effects::{HistoryKind, HistoryLine, HoldingChange, Made, Move};
use super::facts::{Deal, DealFacts, DealState};
use super::figures::{Way, capacity};
use super::permission::{Permit, Row, permit};
use super::wishes::{note_in_words, reason_given};
use crate::rules::expression::Entity;
use crate::rules::model::{self, Action, Criterion, Direction, Funnel, MoveFrom, MoveTo, Rules, Stage, StageKind};
use crate::texts::Message;
use crate::values::{Key, Time, Value};
use std::sync::{Arc, LazyLock};

/// Room for what a move reads, so that the list of it seldom grows.
const EXPECTED_READS: usize = 24;

/// The names under which is kept what is asked of what: made once.
static ASKED: LazyLock<[Key; 6]> = LazyLock::new(|| {
    ["deal.funnel", "deal.stage", "move.to", "move.reason", "move.from", "deal.lost_from"].map(Key::new)
});

/// What is asked.
#[derive(Clone, Debug)]
pub struct MoveRequest {
    /// The stage the caller saw the deal in.
    pub from: Option<Key>,
    pub to: Key,
    /// One of the reasons of a `lost` stage.
    pub reason: Option<Key>,
    /// What the caller says about it; moves may demand it.
    pub note: Option<String>,
}

/// One of the moves that the rules know for a deal as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct MoveOption {
    pub id: Key,
    pub to: Key,
    pub direction: Direction,
    /// The reasons of which one must be given.
    pub reasons: Vec<Key>,
    /// Whether a note must be given.
    pub note_required: bool,
    /// Why this caller may not make it, whatever is met.
    pub forbidden: Option<Message>,
    /// Everything it demands, as it comes out now.
    pub criteria: Vec<Checked>,
    pub facts: FactsRead,
}

impl MoveOption {
    /// Whether the caller could make it now, giving the reason or note that it demands.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.forbidden.is_none() && !self.criteria.iter().any(Checked::refuses)
    }
}

/// Every move from where the deal stands, for this caller.
#[must_use]
pub fn options(rules: &Arc<Rules>, actor: &Arc<Actor>, facts: &DealFacts, now: Time) -> Vec<MoveOption> {
    let Some(funnel) = rules.funnels.get(&facts.deal.funnel) else { return Vec::new() };
    let may = permit(rules, actor, Action::DealsMove).is_some_and(|permit| permit.holds(&Row::from(facts), now));
    let case = Case::of(rules, actor, now, facts);
    let paths = funnel.moves.iter().filter_map(|one| Path::from(funnel, one, &facts.deal));
    let options = paths.map(|path| {
        let mut read = FactsRead::default();
        let mut criteria = path.check(&case, None, &mut read);
        super::waiting::add(&mut criteria, |checked| path.criterion(checked), &case);
        let note_required = path.rule.reason_required;
        let forbidden = match (may, path.is_for(actor)) {
            (false, _) => Some(forbidden(Action::DealsMove)),
            (true, false) => Some(not_for(path.rule)),
            (true, true) => None,
        };
        let reasons = path.target.reasons.values().filter(|reason| !reason.retired).map(|reason| reason.id.clone());
        MoveOption {
            id: path.rule.id.clone(),
            to: path.target.id.clone(),
            direction: path.rule.direction,
            reasons: reasons.collect(),
            note_required,
            forbidden,
            criteria,
            facts: read,
        }
    });
    options.collect()
}

/// The criterion of the rules that was checked for a move; `None` = something of the product's own, or the move's `when`.
#[must_use]
pub fn criterion_of<'a>(funnel: &'a Funnel, rule: &'a model::Move, checked: &Checked) -> Option<&'a Criterion> {
    let criteria = match &checked.stage {
        Some(stage) => &funnel.stage(stage)?.enter,
        None => &rule.enter,
    };
    criteria.iter().find(|criterion| criterion.id == checked.id)
}

/// Decides on one move.
#[must_use]
pub fn decide(permit: &Permit, facts: &DealFacts, request: &MoveRequest, now: Time) -> Decision<Move> {
    let (rules, actor, deal) = (permit.rules(), permit.actor(), &facts.deal);
    if permit.action() != Action::DealsMove || !permit.holds(&Row::from(facts), now) {
        return Decision::forbidden(forbidden(Action::DealsMove)).on(asked(deal, request));
    }
    let path = match find(rules, actor, deal, request) {
        Ok(path) => path,
        Err(kind) => return Decision::refused(kind).on(asked(deal, request)),
    };
    let at = now.max(deal.entered_at);
    let case = Case::of(rules, actor, at, facts);
    let mut read = asked(deal, request);
    let mut criteria = path.check(&case, request.reason.as_ref(), &mut read);
    permit.note(&case, &mut read);
    criteria.extend(reason_given(path.target, request.reason.as_ref()));
    let (note, fault) = note_in_words(request.note.as_deref(), "/note");
    criteria.extend(fault);
    if path.rule.reason_required && note.is_none() {
        criteria.push(super::wishes::note_required("/note"));
    }
    Decision::conclude(criteria, read, || path.perform(&case, facts, request.reason.as_ref(), note))
}

/// What is asked of what: kept with every decision, so that it can be replayed.
fn asked(deal: &Deal, request: &MoveRequest) -> FactsRead {
    let mut facts = FactsRead::default();
    facts.values.reserve(EXPECTED_READS);
    let [funnel, stage, to, reason, from, lost_from] = &*ASKED;
    let mut note = |name: &Key, id: Option<&Key>| facts.note(name.clone(), id.cloned().map(Value::Choice), false);
    note(funnel, Some(&deal.funnel));
    note(stage, Some(&deal.stage));
    note(to, Some(&request.to));
    note(reason, request.reason.as_ref());
    if request.from.is_some() {
        note(from, request.from.as_ref());
    }
    if deal.lost_from.is_some() {
        note(lost_from, deal.lost_from.as_ref());
    }
    facts
}

/// The path that is asked for, or why there is none.
fn find<'a>(rules: &'a Rules, actor: &Actor, deal: &Deal, request: &MoveRequest) -> Result<Path<'a>, RefusalKind> {
    let state = |message: Message| Err(RefusalKind::State(message));
    let stage_label = |id: &Key| {
        let stage = rules.funnels.get(&deal.funnel).and_then(|funnel| funnel.stage(id));
        stage.map_or_else(|| criteria::in_words(rules, id), |stage| stage.label.clone())
    };
    if request.from.as_ref().is_some_and(|from| *from != deal.stage) {
        return state(
            Message::new("deal_moved").with("stage", deal.stage.as_str()).with("label", stage_label(&deal.stage)),
        );
    }
    if request.to == deal.stage {
        return state(Message::new("already_there").with("stage", stage_label(&deal.stage)));
    }
    let funnel = rules.funnels.get(&deal.funnel);
    let paths =
        funnel.into_iter().flat_map(|funnel| funnel.moves.iter().filter_map(move |one| Path::from(funnel, one, deal)));
    let mut paths = paths.filter(|path| path.target.id == request.to).peekable();
    let Some(first) = paths.peek().copied() else {
        if deal.state != DealState::Open {
            return state(closed(deal));
        }
        let message = Message::new("no_such_move");
        return state(message.with("from", stage_label(&deal.stage)).with("to", stage_label(&request.to)));
    };
    paths.find(|path| path.is_for(actor)).ok_or_else(|| RefusalKind::Permission(not_for(first.rule)))
}

/// A move of the rules with the stage it leads to for one deal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Path<'a> {
    pub funnel: &'a Funnel,
    pub rule: &'a model::Move,
    pub target: &'a Stage,
}

impl<'a> Path<'a> {
    /// `None`: it does not start where the deal is, or leads nowhere else.
    fn from(funnel: &'a Funnel, rule: &'a model::Move, deal: &Deal) -> Option<Self> {
        let MoveFrom::Stage(from) = &rule.from else { return None };
        let target = match &rule.to {
            MoveTo::Stage(to) => funnel.stage(to)?,
            MoveTo::Origin => {
                let origin = deal.lost_from.as_ref().and_then(|origin| funnel.stage(origin));
                let origin = origin.filter(|origin| !origin.retired);
                origin.or_else(|| funnel.stages.iter().find(|stage| stage.kind == StageKind::Start))?
            }
        };
        (*from == deal.stage && target.id != deal.stage && !target.retired).then_some(Self { funnel, rule, target })
    }

    /// Whether `by` lets this caller make it. `by` only narrows: the permit comes first.
    pub(super) fn is_for(&self, actor: &Actor) -> bool {
        let by = &self.rule.by;
        by.is_empty() || actor.who == Who::System || by.iter().any(|role| actor.roles.contains(role))
    }

    /// What it demands besides reason and note: its own condition and criteria, those of the stages, cooling, holding.
    fn check(&self, case: &Case<'_>, reason: Option<&Key>, read: &mut FactsRead) -> Vec<Checked> {
        let from = case.deal.map(|deal| &deal.stage);
        let movement = Movement { from, to: &self.target.id, reason, id: &self.rule.id };
        let case = Case { movement: Some(movement), ..*case };
        let mut criteria = self.demands(&case, read);
        criteria.extend(self.cooling(&case));
        let owner = case.owner.filter(|_| matches!(self.target.kind, StageKind::Start | StageKind::Open));
        if let Some(owner) = owner {
            let held = (owner, Entity::Owner);
            criteria.extend(capacity(&case, (self.funnel, self.target), held, Way::OwnMove, read).checked);
        }
        criteria
    }

    /// Its own condition and criteria, and those of the stages that it enters and passes.
    pub(super) fn demands(&self, case: &Case<'_>, read: &mut FactsRead) -> Vec<Checked> {
        let stages = self.entered(case.deal.map(|deal| &deal.stage));
        let mut criteria = Vec::with_capacity(self.rule.enter.len() + 8);
        criteria.extend(self.condition(case, read));
        criteria.extend(self.rule.enter.iter().map(|one| criteria::check(one, None, case, read)));
        for stage in stages {
            let of_stage = stage.enter.iter().map(|one: &Criterion| criteria::check(one, Some(&stage.id), case, read));
            criteria.extend(of_stage);
        }
        criteria
    }

    /// The stages whose criteria count, in order.
    pub(super) fn entered(&self, from: Option<&Key>) -> impl Iterator<Item = &'a Stage> + use<'a> {
        self.funnel.entered(self.rule.direction, from, &self.target.id)
    }

    /// The criterion of the rules that was checked.
    fn criterion(&self, checked: &Checked) -> Option<&'a Criterion> {
        criterion_of(self.funnel, self.rule, checked)
    }

    /// The move's own `when`: unlike a criterion's, what is unknown does not open a path.
    fn condition(&self, case: &Case<'_>, read: &mut FactsRead) -> Option<Checked> {
        let when = self.rule.when.as_ref()?;
        let message = Message::new("criterion_met");
        let mut checked = Checked::new(self.rule.id.clone(), CheckedKind::Require, CheckOutcome::Met, message);
        checked.label = self.rule.message.clone();
        criteria::require(when, case, &mut checked, read);
        Some(checked)
    }

    fn cooling(&self, case: &Case<'_>) -> Option<Checked> {
        let until = case.deal?.cooling_until.filter(|_| self.rule.direction == Direction::Reopen)?;
        Some(super::wishes::cooling(until, case.now))
    }

    fn perform(&self, case: &Case<'_>, facts: &DealFacts, reason: Option<&Key>, note: Option<String>) -> Move {
        let (deal, at) = (&facts.deal, case.now);
        let state = state_in(self.target);
        let reason = reason.filter(|_| self.target.kind == StageKind::Lost).cloned();
        let cooling = reason.as_ref().and_then(|reason| self.target.reasons.get(reason)?.cooling);
        let history = HistoryLine {
            kind: match self.rule.direction {
                Direction::Creation => HistoryKind::Created,
                Direction::Forward => HistoryKind::Forward,
                Direction::Back => HistoryKind::Back,
                Direction::Lost => HistoryKind::Lost,
                Direction::Reopen => HistoryKind::Reopened,
            },
            from: Some(deal.stage.clone()),
            reason: reason.clone(),
            ..visit_line(case, deal, self.target, at)
        };
        let mut holdings: Vec<HoldingChange> = deal
            .owner
            .into_iter()
            .flat_map(|owner| {
                let change = |stage: &Key, step| HoldingChange {
                    owner,
                    funnel: deal.funnel.clone(),
                    stage: stage.clone(),
                    step,
                    cap: None,
                };
                [change(&deal.stage, -1), change(&self.target.id, 1)]
            })
            .collect();
        holdings.sort();
        Move {
            deal: deal.id,
            customer: deal.customer,
            from: deal.stage.clone(),
            to: self.target.id.clone(),
            direction: self.rule.direction,
            move_id: self.rule.id.clone(),
            state,
            cooling_until: cooling.map(|span| case.rules.calendar.add_span(at, span)),
            lost_from: (self.target.kind == StageKind::Lost).then(|| deal.stage.clone()),
            reason,
            note,
            entered_at: at,
            closed_at: (state != DealState::Open).then_some(at),
            holdings,
            history,
            made: Made::new(),
        }
    }
}

/// The line of history for a deal that comes into `stage`, its owner unchanged.
pub(super) fn visit_line(case: &Case<'_>, deal: &Deal, stage: &Stage, at: Time) -> HistoryLine {
    let target = dwell::target(stage, case, &mut FactsRead::default());
    HistoryLine {
        kind: HistoryKind::Forward,
        at,
        funnel: deal.funnel.clone(),
        from: None,
        to: stage.id.clone(),
        owner: deal.owner,
        team: deal.team,
        new_owner: deal.owner,
        new_team: deal.team,
        grade: deal.grade.clone(),
        product: deal.product.clone(),
        reason: None,
        entered_at: Some(deal.entered_at),
        dwell_micros: Some(case.rules.calendar.working_between(deal.entered_at, at).max(0)),
        target_micros: target.map(|target| dwell::micros(case.rules, target)),
    }
}

/// The state of a deal in a stage.
pub(super) fn state_in(stage: &Stage) -> DealState {
    match stage.kind {
        StageKind::Start | StageKind::Open => DealState::Open,
        StageKind::Won => DealState::Won,
        StageKind::Lost => DealState::Lost,
    }
}

/// The action is not granted on this row.
pub(super) fn forbidden(action: Action) -> Message {
    Message::new("permission").with("action", action.word())
}

/// The move is there, for others.
pub(super) fn not_for(rule: &model::Move) -> Message {
    let by: Vec<&str> = rule.by.iter().map(Key::as_str).collect();
    Message::new("move_not_permitted").with("move", rule.id.as_str()).with("roles", by.join(", "))
}

/// The deal is at an end.
pub(super) fn closed(deal: &Deal) -> Message {
    let state = match deal.state {
        DealState::Open => "open",
        DealState::Won => "won",
        DealState::Lost => "lost",
    };
    Message::new("deal_closed").with("state", state)
}
