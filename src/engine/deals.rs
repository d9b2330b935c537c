//! Deals: making one, and changing its fields and product.
//!
//! Making a deal is a move too: into the stage where it begins, past the criteria of all stages before. Whoever gets it
//! receives it, and is held to the cap.

use super::actor::Actor;
use super::assignment::{may_receive, receiver_faults};
use super::case::{Case, Movement};
use super::decision::{Checked, CheckedKind, Decision, FactsRead, Refusal, RefusalKind};
use super::effects::{DealChange, DealCreation, HistoryKind, HistoryLine, HoldingChange, Made};
use super::facts::{Customer, Deal, DealFacts, DealState, FieldValues, Origin, Person};
use super::fields::{Declared, Written};
use super::figures::{Way, capacity};
use super::moves::{Path as MovePath, forbidden, not_for, state_in, visit_line};
use super::permission::{Permit, Row};
use super::sight::Sight;
use super::validations::{changes_read, emptied, sticky, validate};
use super::wishes::cooling;
use crate::rules::expression::{Entity, Path};
use crate::rules::model::{Action, Direction, Funnel, Move, MoveFrom, MoveTo, Rules, Stage, StageKind};
use crate::texts::Message;
use crate::values::{DealId, Key, Time, UserId, Value};
use std::collections::BTreeMap;

/// The deal fields as the rules declare them.
#[must_use]
pub fn declared(rules: &Rules) -> Declared<'_> {
    Declared { entity: Entity::Deal, fields: &rules.fields.deal, country: rules.country.as_deref() }
}

/// What a deal is to be made of.
#[derive(Clone, Debug)]
pub struct NewDeal<'a> {
    pub id: DealId,
    pub customer: &'a Customer,
    /// What the customer has in all funnels.
    pub customer_open_deals: u32,
    pub customer_won_deals: u32,
    /// Whether the customer has an open deal in this funnel.
    pub has_open_deal: bool,
    /// Until when the customer's last lost deal of this funnel cools off.
    pub cooling_until: Option<Time>,
    pub funnel: Key,
    /// `None` = where the funnel starts.
    pub stage: Option<Key>,
    pub product: Option<Key>,
    pub origin: Origin,
    /// Who gets it, with their holdings; `None` = the pool of the caller's team.
    pub owner: Option<&'a Person>,
    pub written: Written,
    /// What reading the body found.
    pub faults: Vec<Checked>,
}

/// Makes a deal. `assign`: the caller's permit to give deals to others, needed when somebody else gets it.
#[must_use]
pub fn create(permit: &Permit, assign: Option<&Permit>, new: NewDeal<'_>, now: Time) -> Decision<DealCreation> {
    let (rules, actor) = (permit.rules(), permit.actor());
    let asked = asked(rules, &new);
    let begun = begin(actor, &new, now);
    // What somebody makes is theirs until it is given away: the grant must hold for a deal of their own.
    let Some(sight) = own_sight(permit, actor, &begun) else {
        return Decision::forbidden(forbidden(Action::DealsCreate)).on(asked);
    };
    if let Some(receiver) = new.owner.filter(|owner| Some(owner.id) != actor.user()) {
        let giving = assign.and_then(|assign| own_sight(assign, actor, &begun));
        if giving.is_none_or(|sight| !may_receive(actor, &sight, receiver)) {
            return Decision::forbidden(forbidden(Action::DealsAssign)).on(asked);
        }
    }
    let Some(funnel) = rules.funnels.get(&new.funnel) else {
        let known: Vec<&str> = rules.funnels.keys().map(Key::as_str).collect();
        let message =
            Message::new("funnel_unknown").with("funnel", shown(&new.funnel)).with("funnels", known.join(", "));
        return unmet(new.faults, Checked::fault("field", CheckedKind::Field, "/funnel", message));
    };
    let wanted = new.stage.clone();
    let stage = match &wanted {
        Some(id) => funnel.stage(id).filter(|stage| !stage.retired),
        None => funnel.stages.iter().find(|stage| stage.kind == StageKind::Start),
    };
    let Some(stage) = stage else {
        let known: Vec<&str> = funnel.stages.iter().map(|stage| stage.id.as_str()).collect();
        let id = wanted.as_deref().map(shown).unwrap_or_default();
        let message = Message::new("stage_unknown").with("stage", id).with("stages", known.join(", "));
        return unmet(new.faults, Checked::fault("field", CheckedKind::Field, "/stage", message));
    };
    let implicit = implicit_creation(stage);
    let path = match way_in(funnel, stage, &implicit, actor) {
        Ok(path) => path,
        Err(kind) => return Decision::refused(kind).on(asked),
    };
    if new.has_open_deal {
        return Decision::out_of_state(Message::new("open_deal_exists").with("funnel", funnel.label.clone())).on(asked);
    }
    make(permit, &sight, &path, begun, new)
}

fn make(
    permit: &Permit,
    sight: &Sight,
    path: &MovePath<'_>,
    begun: DealFacts,
    new: NewDeal<'_>,
) -> Decision<DealCreation> {
    let (rules, actor, at) = (permit.rules(), permit.actor(), begun.deal.created_at);
    let mut criteria = new.faults;
    let applied = declared(rules).apply(&FieldValues::new(), new.written, Some(sight), true);
    criteria.extend(applied.faults);
    let mut changed = applied.changed;
    if let Some(product) = &new.product {
        criteria.extend(product_fault(rules, sight, Some(product)));
        changed.push(path_of("product"));
    }
    let mut record = begun;
    record.deal = Deal {
        stage: path.target.id.clone(),
        state: state_in(path.target),
        closed_at: (state_in(path.target) != DealState::Open).then_some(at),
        fields: applied.values,
        ..record.deal
    };
    let mut facts = changes_read(&rules.fields, &changed, &FieldValues::new(), &record.deal.fields);
    let movement = Movement { from: None, to: &path.target.id, reason: None, id: &path.rule.id };
    let case = Case { receiver: new.owner, movement: Some(movement), ..Case::of(rules, actor, at, &record) };
    permit.note(&case, &mut facts);
    facts.note(Key::new("deal.funnel"), Some(Value::Choice(path.funnel.id.clone())), false);
    facts.note(Key::new("move.to"), Some(Value::Choice(path.target.id.clone())), false);
    facts.note(Key::new("receiver.id"), new.owner.map(|owner| Value::User(owner.id)), false);
    criteria.extend(validate(&changed, &case, &mut facts));
    criteria.extend(path.demands(&case, &mut facts));
    criteria.extend(new.cooling_until.map(|until| cooling(until, at)));
    let mut holdings = Vec::new();
    if let Some(owner) = new.owner {
        criteria.extend(receiver_faults(rules, owner));
        let held = capacity(&case, (path.funnel, path.target), (owner, Entity::Receiver), Way::Receiving, &mut facts);
        criteria.extend(held.checked);
        let (funnel, stage) = (path.funnel.id.clone(), path.target.id.clone());
        holdings.push(HoldingChange { owner: owner.id, funnel, stage, step: 1, cap: held.cap });
    }
    let history = HistoryLine {
        kind: HistoryKind::Created,
        owner: None,
        team: None,
        entered_at: None,
        dwell_micros: None,
        ..visit_line(&case, &record.deal, path.target, at)
    };
    Decision::conclude(criteria, facts, || DealCreation { deal: record.deal, holdings, history, made: Made::new() })
}

/// What is asked for: kept with every decision, so that it can be replayed. Only what the rules know: what was written is
/// anybody's text.
fn asked(rules: &Rules, new: &NewDeal<'_>) -> FactsRead {
    let mut facts = FactsRead::default();
    let Some(funnel) = rules.funnels.get(&new.funnel) else { return facts };
    let stage = match &new.stage {
        Some(id) => funnel.stage(id),
        None => funnel.stages.iter().find(|stage| stage.kind == StageKind::Start),
    };
    let Some(stage) = stage else { return facts };
    facts.note(Key::new("deal.funnel"), Some(Value::Choice(funnel.id.clone())), false);
    facts.note(Key::new("move.to"), Some(Value::Choice(stage.id.clone())), false);
    facts.note(Key::new("receiver.id"), new.owner.map(|owner| Value::User(owner.id)), false);
    facts
}

/// The deal before anything was checked, in nobody's stage yet.
fn begin(actor: &Actor, new: &NewDeal<'_>, now: Time) -> DealFacts {
    let deal = Deal {
        id: new.id,
        customer: new.customer.id,
        funnel: new.funnel.clone(),
        stage: new.stage.clone().unwrap_or_else(|| Key::new("")),
        state: DealState::Open,
        owner: new.owner.map(|owner| owner.id),
        team: new.owner.map_or(actor.team, |owner| owner.team),
        creator: actor.user(),
        discoverer: actor.user().filter(|_| new.origin == Origin::Discovered),
        origin: new.origin,
        product: new.product.clone(),
        grade: None,
        graded_by: None,
        graded_at: None,
        reason: None,
        cooling_until: None,
        lost_from: None,
        fields: FieldValues::new(),
        version: 1,
        facts_version: 1,
        entered_at: now,
        created_at: now,
        updated_at: now,
        closed_at: None,
    };
    DealFacts {
        deal,
        customer: new.customer.clone(),
        activities: Vec::new(),
        contracts: Vec::new(),
        payments: Vec::new(),
        visits: Vec::new(),
        owner: new.owner.cloned(),
        customer_open_deals: new.customer_open_deals,
        customer_won_deals: new.customer_won_deals,
    }
}

/// What the permit says of the deal as long as it is its maker's.
fn own_sight(permit: &Permit, actor: &Actor, begun: &DealFacts) -> Option<Sight> {
    if !matches!(permit.action(), Action::DealsCreate | Action::DealsAssign) {
        return None;
    }
    let own = actor.user().map(|id| as_person(actor, id));
    let deal = Deal { owner: actor.user(), team: actor.team, ..begun.deal.clone() };
    let row = Row::Deal { deal: &deal, customer: &begun.customer, owner: own.as_ref(), record: Some(begun) };
    permit.sight(&row, begun.deal.created_at)
}

fn as_person(actor: &Actor, id: UserId) -> Person {
    Person {
        id,
        roles: actor.roles.clone(),
        team: actor.team,
        active: actor.active,
        fields: actor.fields.clone(),
        holdings: BTreeMap::new(),
    }
}

/// Deals begin where the funnel starts, whether or not the rules say so.
pub(super) fn implicit_creation(stage: &Stage) -> Move {
    Move {
        id: Key::new("create"),
        from: MoveFrom::Creation,
        to: MoveTo::Stage(stage.id.clone()),
        direction: Direction::Creation,
        by: Vec::new(),
        reason_required: false,
        when: None,
        enter: Vec::new(),
        message: None,
        line: 0,
    }
}

fn way_in<'a>(
    funnel: &'a Funnel,
    stage: &'a Stage,
    implicit: &'a Move,
    actor: &Actor,
) -> Result<MovePath<'a>, RefusalKind> {
    let leads_here = |rule: &&Move| rule.from == MoveFrom::Creation && rule.to == MoveTo::Stage(stage.id.clone());
    let given = funnel.moves.iter().find(leads_here);
    let Some(rule) = given.or((stage.kind == StageKind::Start).then_some(implicit)) else {
        let message = Message::new("no_such_creation").with("stage", stage.label.clone());
        return Err(RefusalKind::State(message));
    };
    let path = MovePath { funnel, rule, target: stage };
    if path.is_for(actor) { Ok(path) } else { Err(RefusalKind::Permission(not_for(rule))) }
}

/// What a deal is to become.
#[derive(Clone, Debug, Default)]
pub struct DealWrite {
    pub written: Written,
    /// `Some(None)` takes the product away.
    pub product: Option<Option<Key>>,
    pub faults: Vec<Checked>,
}

/// Changes fields and product of a deal.
#[must_use]
pub fn change(permit: &Permit, record: &DealFacts, write: DealWrite, now: Time) -> Decision<DealChange> {
    let (rules, deal) = (permit.rules(), &record.deal);
    let sight = permit.sight(&Row::from(record), now).filter(|_| permit.action() == Action::DealsWrite);
    let Some(sight) = sight else { return Decision::forbidden(forbidden(Action::DealsWrite)) };
    let mut criteria = write.faults;
    let applied = declared(rules).apply(&deal.fields, write.written, Some(&sight), false);
    criteria.extend(applied.faults);
    let mut changed = applied.changed;
    let mut emptied = emptied(&changed, &applied.values);
    let product = write.product.unwrap_or_else(|| deal.product.clone());
    let mut facts = changes_read(&rules.fields, &changed, &deal.fields, &applied.values);
    if product != deal.product {
        criteria.extend(product_fault(rules, &sight, product.as_ref()));
        facts.note(Key::new("deal.product"), product.clone().map(Value::Choice), false);
        facts.note(Key::new("deal.product before"), deal.product.clone().map(Value::Choice), false);
        changed.push(path_of("product"));
        emptied.extend(product.is_none().then(|| path_of("product")));
    }
    let after = Deal { fields: applied.values, product, ..deal.clone() };
    let case = Case { deal: Some(&after), ..Case::of(rules, permit.actor(), now, record) };
    permit.note(&Case { deal: Some(deal), ..case }, &mut facts);
    criteria.extend(validate(&changed, &case, &mut facts));
    criteria.extend(sticky(rules, &deal.funnel, &deal.stage, &emptied, &case));
    Decision::conclude(criteria, facts, || DealChange {
        deal: after.id,
        customer: after.customer,
        fields: after.fields.clone(),
        product: after.product.clone(),
        at: now.max(deal.updated_at),
        made: Made::new(),
    })
}

fn path_of(name: &str) -> Path {
    Path { entity: Entity::Deal, name: Key::new(name) }
}

fn product_fault(rules: &Rules, sight: &Sight, product: Option<&Key>) -> Option<Checked> {
    let message = match product {
        _ if !sight.writable(&path_of("product")) => Message::new("field_not_writable").with("field", "deal.product"),
        None => return None,
        Some(product) => match rules.products.get(product) {
            Some(known) if !known.retired => return None,
            Some(known) => Message::new("product_retired").with("product", known.label.clone()),
            None => {
                let known: Vec<&str> =
                    rules.products.values().filter(|one| !one.retired).map(|one| one.id.as_str()).collect();
                Message::new("product_unknown").with("product", shown(product)).with("products", known.join(", "))
            }
        },
    };
    Some(Checked::fault("product", CheckedKind::Field, "/product", message))
}

/// A word of the caller's, short enough to be shown back.
fn shown(word: &str) -> String {
    word.chars().take(60).collect()
}

fn unmet(mut faults: Vec<Checked>, fault: Checked) -> Decision<DealCreation> {
    faults.push(fault);
    Decision::Refused(Refusal { kind: RefusalKind::Unmet, criteria: faults, facts: FactsRead::default() })
}
