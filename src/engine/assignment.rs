//! Who holds a deal: giving it to somebody, and letting it go to the pool.
//!
//! Every way of receiving is held to the cap; only people who are active and may move deals receive.

use super::actor::{Actor, Who};
use super::case::Case;
use super::decision::{Checked, CheckedKind, Decision, FactsRead};
use super::effects::{Assignment, HistoryKind, HistoryLine, HoldingChange, Made};
use super::facts::{DealFacts, DealState, Person};
use super::figures::{Way, capacity};
use super::moves::{closed, forbidden, visit_line};
use super::permission::{Permit, Row, reach};
use super::sight::Sight;
use super::wishes::note_in_words;
use crate::rules::expression::Entity;
use crate::rules::model::{Action, Funnel, Rules, Scope, Stage};
use crate::texts::Message;
use crate::values::{Key, TeamId, Time, UserId, Value};

/// What giving this deal is: one that somebody owns is assigned, one that nobody owns dealt out of its pool. A permit
/// for `deals.assign` holds for both, by the grants of either.
#[must_use]
pub fn giving(record: &DealFacts) -> Action {
    if record.deal.owner.is_some() { Action::DealsAssign } else { Action::PoolDealOut }
}

/// Gives a deal to somebody.
#[must_use]
pub fn assign(
    permit: &Permit,
    record: &DealFacts,
    receiver: &Person,
    note: Option<&str>,
    now: Time,
) -> Decision<Assignment> {
    let sight = permit.sight(&Row::from(record), now).filter(|_| permit.action() == Action::DealsAssign);
    let Some(sight) = sight else {
        return Decision::forbidden(forbidden(giving(record))).on(asked(record, receiver));
    };
    if !may_receive(permit.actor(), &sight, receiver) {
        return Decision::forbidden(Message::new("receiver_outside_scope")).on(asked(record, receiver));
    }
    if record.deal.state != DealState::Open {
        return Decision::out_of_state(closed(&record.deal)).on(asked(record, receiver));
    }
    if record.deal.owner == Some(receiver.id) {
        return Decision::out_of_state(Message::new("already_owner")).on(asked(record, receiver));
    }
    let rules = permit.rules();
    let Some(place) = place(rules, record) else {
        return Decision::out_of_state(out_of_rules(record)).on(asked(record, receiver));
    };
    let at = now.max(record.deal.entered_at);
    let case = Case { receiver: Some(receiver), ..Case::of(rules, permit.actor(), at, record) };
    let mut facts = asked(record, receiver);
    permit.note(&case, &mut facts);
    let mut criteria: Vec<Checked> = receiver_faults(rules, receiver).into_iter().collect();
    let held = capacity(&case, place, (receiver, Entity::Receiver), Way::Receiving, &mut facts);
    criteria.extend(held.checked);
    let (note, fault) = note_in_words(note, "/note");
    criteria.extend(fault);
    Decision::conclude(criteria, facts, || {
        let to = Holder { owner: Some(receiver.id), team: receiver.team };
        change_hands(&case, record, to, held.cap, note, place.1)
    })
}

/// Lets a deal go to the pool of its owner's team.
#[must_use]
pub fn release(permit: &Permit, record: &DealFacts, note: Option<&str>, now: Time) -> Decision<Assignment> {
    if permit.action() != Action::DealsRelease || !permit.holds(&Row::from(record), now) {
        return Decision::forbidden(forbidden(Action::DealsRelease));
    }
    if record.deal.state != DealState::Open {
        return Decision::out_of_state(closed(&record.deal));
    }
    if record.deal.owner.is_none() {
        return Decision::out_of_state(Message::new("already_in_pool"));
    }
    let rules = permit.rules();
    let Some((_, stage)) = place(rules, record) else { return Decision::out_of_state(out_of_rules(record)) };
    let case = Case::of(rules, permit.actor(), now.max(record.deal.entered_at), record);
    let mut facts = read_of(record);
    permit.note(&case, &mut facts);
    let (note, fault) = note_in_words(note, "/note");
    let team = record.owner.as_ref().map_or(record.deal.team, |owner| owner.team);
    Decision::conclude(fault.into_iter().collect(), facts, || {
        change_hands(&case, record, Holder { owner: None, team }, None, note, stage)
    })
}

/// Whether the caller's grants let this person have the deal: within their scope of people, or the caller.
pub(super) fn may_receive(actor: &Actor, sight: &Sight, receiver: &Person) -> bool {
    sight.scope() == Scope::All
        || actor.who == Who::User(receiver.id)
        || receiver.team.is_some_and(|team| actor.teams.contains(&team))
}

/// Why somebody cannot hold deals.
pub(super) fn receiver_faults(rules: &Rules, receiver: &Person) -> Option<Checked> {
    let message = if !receiver.active {
        Message::new("receiver_inactive")
    } else if reach(rules, &receiver.roles, Action::DealsMove).is_none() {
        Message::new("receiver_cannot_hold").with("action", Action::DealsMove.word())
    } else {
        return None;
    };
    Some(Checked::fault("owner", CheckedKind::Field, "/owner", message))
}

/// Where the deal stands in the rules.
fn place<'a>(rules: &'a Rules, record: &DealFacts) -> Option<(&'a Funnel, &'a Stage)> {
    let funnel = rules.funnels.get(&record.deal.funnel)?;
    Some((funnel, funnel.stage(&record.deal.stage)?))
}

/// No version that orphans a stage in use becomes active; if one did, nothing is decided about what it orphaned.
fn out_of_rules(record: &DealFacts) -> Message {
    Message::new("stage_out_of_rules").with("stage", record.deal.stage.as_str())
}

/// What is asked of what: kept with every decision, so that it can be replayed.
fn asked(record: &DealFacts, receiver: &Person) -> FactsRead {
    let mut facts = read_of(record);
    facts.note(Key::new("receiver.id"), Some(Value::User(receiver.id)), false);
    facts.note(Key::new("receiver.active"), Some(Value::Bool(receiver.active)), false);
    facts.note(Key::new("receiver.roles"), Some(Value::Choices(receiver.roles.clone())), false);
    facts
}

/// Which deal it is about, of whom, where.
#[must_use]
pub fn read_of(record: &DealFacts) -> FactsRead {
    let mut facts = FactsRead::default();
    facts.note(Key::new("deal.owner"), record.deal.owner.map(Value::User), false);
    facts.note(Key::new("deal.funnel"), Some(Value::Choice(record.deal.funnel.clone())), false);
    facts.note(Key::new("deal.stage"), Some(Value::Choice(record.deal.stage.clone())), false);
    facts
}

#[derive(Clone, Copy, Debug)]
struct Holder {
    owner: Option<UserId>,
    team: Option<TeamId>,
}

fn change_hands(
    case: &Case<'_>,
    record: &DealFacts,
    to: Holder,
    cap: Option<u32>,
    note: Option<String>,
    stage: &Stage,
) -> Assignment {
    let (deal, at) = (&record.deal, case.now);
    let change =
        |owner, step, cap| HoldingChange { owner, funnel: deal.funnel.clone(), stage: deal.stage.clone(), step, cap };
    let leaving = deal.owner.map(|owner| change(owner, -1, None));
    let entering = to.owner.map(|owner| change(owner, 1, cap));
    let mut holdings: Vec<HoldingChange> = leaving.into_iter().chain(entering).collect();
    holdings.sort();
    let line = HistoryLine {
        kind: HistoryKind::Owner,
        from: Some(deal.stage.clone()),
        new_owner: to.owner,
        new_team: to.team,
        ..visit_line(case, deal, stage, at)
    };
    Assignment {
        deal: deal.id,
        customer: deal.customer,
        owner: to.owner,
        team: to.team,
        note,
        at,
        holdings,
        history: line,
        made: Made::new(),
    }
}
