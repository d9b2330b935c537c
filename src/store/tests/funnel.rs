//! Customers and deals to put in, as the engine would decide them.

use super::people::entry;
use super::world::{World, at};
use crate::engine::effects::{CustomerCreation, DealCreation, HistoryKind, HistoryLine, HoldingChange, Made, Move};
use crate::engine::facts::{Customer, Deal, DealState, FieldValues, Origin};
use crate::rules::model::Direction;
use crate::store::{CustomerGuard, DealGuard, Effect, Entry, Guards, Outcome, StoreError, Tx};
use crate::values::{CustomerId, DealId, DecisionId, Key, UserId, Value};

pub const MADE: Made = Made::in_a_test();

pub fn customer() -> Customer {
    Customer {
        id: CustomerId::new(),
        creator: None,
        fields: FieldValues::new(),
        contacts: vec![],
        version: 1,
        facts_version: 1,
        created_at: at(0),
        updated_at: at(0),
    }
}

pub fn deal(customer: &Customer, owner: Option<UserId>) -> Deal {
    Deal {
        id: DealId::new(),
        customer: customer.id,
        funnel: "standard".into(),
        stage: "resource".into(),
        state: DealState::Open,
        owner,
        team: None,
        creator: None,
        discoverer: None,
        origin: Origin::Supplied,
        product: None,
        grade: None,
        graded_by: None,
        graded_at: None,
        reason: None,
        cooling_until: None,
        lost_from: None,
        fields: FieldValues::new(),
        version: 1,
        facts_version: 1,
        entered_at: at(0),
        created_at: at(0),
        updated_at: at(0),
        closed_at: None,
    }
}

pub fn creation(customer: &Customer) -> CustomerCreation {
    CustomerCreation { customer: customer.clone(), keys: vec![], made: MADE }
}

/// The deal is made where it stands.
pub fn beginning(deal: &Deal) -> DealCreation {
    DealCreation {
        deal: deal.clone(),
        holdings: holdings(deal, None, Some(&deal.stage), None),
        history: line(deal, HistoryKind::Created, None, &deal.stage),
        made: MADE,
    }
}

pub fn holdings(deal: &Deal, from: Option<&Key>, to: Option<&Key>, cap: Option<u32>) -> Vec<HoldingChange> {
    let Some(owner) = deal.owner else { return vec![] };
    let change =
        |stage: &Key, step, cap| HoldingChange { owner, funnel: deal.funnel.clone(), stage: stage.clone(), step, cap };
    from.map(|from| change(from, -1, None)).into_iter().chain(to.map(|to| change(to, 1, cap))).collect()
}

pub fn line(deal: &Deal, kind: HistoryKind, from: Option<&Key>, to: &Key) -> HistoryLine {
    HistoryLine {
        kind,
        at: deal.entered_at,
        funnel: deal.funnel.clone(),
        from: from.cloned(),
        to: to.clone(),
        owner: deal.owner,
        team: deal.team,
        new_owner: deal.owner,
        new_team: deal.team,
        grade: deal.grade.clone(),
        product: deal.product.clone(),
        reason: None,
        entered_at: None,
        dwell_micros: None,
        target_micros: Some(5),
    }
}

/// A step to another stage, `seconds` after the beginning.
pub fn step(deal: &Deal, to: &str, seconds: i64) -> Move {
    let to = Key::new(to);
    let state = match to.as_str() {
        "implemented" => DealState::Won,
        "abandoned" => DealState::Lost,
        _ => DealState::Open,
    };
    let kind = match state {
        DealState::Lost => HistoryKind::Lost,
        _ if deal.state != DealState::Open => HistoryKind::Reopened,
        _ => HistoryKind::Forward,
    };
    let history = HistoryLine {
        at: at(seconds),
        entered_at: Some(deal.entered_at),
        dwell_micros: Some(at(seconds).since(deal.entered_at)),
        ..line(deal, kind, Some(&deal.stage), &to)
    };
    Move {
        deal: deal.id,
        customer: deal.customer,
        from: deal.stage.clone(),
        direction: Direction::Forward,
        move_id: "forward".into(),
        state,
        reason: None,
        note: None,
        cooling_until: None,
        lost_from: None,
        entered_at: at(seconds),
        closed_at: (state != DealState::Open).then(|| at(seconds)),
        holdings: holdings(deal, Some(&deal.stage), Some(&to), None),
        history,
        to,
        made: MADE,
    }
}

pub fn deal_guard(deal: &Deal) -> DealGuard {
    DealGuard { deal: deal.id, version: deal.version, facts_version: deal.facts_version }
}

pub fn customer_guard(customer: &Customer) -> CustomerGuard {
    CustomerGuard { customer: customer.id, facts_version: customer.facts_version }
}

/// An entry about the deal, guarded by its versions as they were read.
pub fn about(deal: &Deal) -> Entry {
    Entry {
        deal: Some(deal.id),
        customer: Some(deal.customer),
        guards: Guards { deal: Some(deal_guard(deal)), ..Guards::default() },
        ..entry("deals.write")
    }
}

/// A customer with a deal.
pub async fn begin(world: &World, customer: &Customer, deal: &Deal) {
    let (made, begun) = (creation(customer), beginning(deal));
    let entry = Entry { id: DecisionId::new(), ..entry("deals.create") };
    world
        .store
        .write(move |tx| tx.record(&entry, &[Effect::CustomerCreation(&made), Effect::DealCreation(&begun)]))
        .await
        .unwrap();
}

/// Reads the deal, and moves it if it stands in `from`; whether it did.
pub fn move_on(tx: &mut Tx<'_>, id: DealId, from: &str, to: &str) -> Result<bool, StoreError> {
    let facts = tx.deal_facts(id)?.unwrap();
    let mut entry = about(&facts.deal);
    entry.guards.customer = Some(customer_guard(&facts.customer));
    if facts.deal.stage != *from {
        entry.outcome = Outcome::Refused;
        tx.record(&entry, &[])?;
        return Ok(false);
    }
    tx.record(&entry, &[Effect::Move(&step(&facts.deal, to, 10))])?;
    Ok(true)
}

pub fn text(text: &str) -> Value {
    Value::Text(text.into())
}
