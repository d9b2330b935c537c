//! Deals: made, read, changed, listed.

use super::Workflow;
use super::answer::DealAnswer;
use super::call::Call;
use super::conclude::{About, Taken, subject};
use super::customers::Page;
use super::failure::{Failure, Outcome, Written};
use super::scene::Scene;
use crate::engine::Row;
use crate::engine::deals::{DealWrite, NewDeal, change, create, declared};
use crate::engine::decision::Decision;
use crate::engine::dwell::{Dwell, dwell, stage_deadlines};
use crate::engine::facts::{Customer, Deal, DealState, Origin, Person};
use crate::engine::grade::compute;
use crate::engine::shadow::{AskedDeal, Place};
use crate::engine::sight::Sight;
use crate::rules::expression::Predicate;
use crate::rules::model::Action;
use crate::store::{Cursor, DealQuery, Effect, Order, StoreError, Tx};
use crate::values::{CustomerId, DealId, Key, TeamId, Time, UserId};
use serde_json::{Map, Value as Json};

/// A deal to be made.
#[derive(Clone, Debug)]
pub struct DealBody {
    pub customer: CustomerId,
    pub funnel: Option<Key>,
    pub stage: Option<Key>,
    pub product: Option<Key>,
    pub origin: Origin,
    pub owner: NewOwner,
    pub fields: Map<String, Json>,
}

/// Who is to get a new deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewOwner {
    /// Whoever makes it.
    Maker,
    /// Nobody: it goes to the pool.
    Nobody,
    Somebody(UserId),
}

/// A change of a deal.
#[derive(Clone, Debug, Default)]
pub struct DealPatch {
    pub fields: Map<String, Json>,
    pub product: Option<Option<Key>>,
}

/// Which deals.
#[derive(Clone, Debug)]
pub struct DealList {
    pub conditions: Vec<Predicate>,
    pub customer: Option<CustomerId>,
    pub team: Option<TeamId>,
    pub overdue: bool,
    pub updated_since: Option<Time>,
    pub order: Order,
    pub after: Option<Cursor>,
    pub limit: u16,
}

/// A deal and what the caller sees of it.
#[derive(Clone, Debug)]
pub struct SeenDeal {
    pub deal: Deal,
    pub customer: Customer,
    pub dwell: Dwell,
    /// What the rules would grade it now; only where one deal is read.
    pub grade_now: Option<Key>,
    pub sight: Sight,
}

impl Workflow {
    pub async fn deal(&self, call: &Call, id: DealId) -> Outcome<SeenDeal> {
        self.glancing(call, Action::DealsRead, move |scene, tx| {
            let Some((record, sight)) = scene.see_deal_alone(tx, id)? else { return Ok(Err(Failure::NotFound)) };
            let rules = scene.rules();
            let dwell = dwell(rules, &record.deal, &record.customer, record.owner.as_ref(), scene.now());
            let grade_now = compute(rules, &record, scene.now()).map(|graded| graded.grade);
            Ok(Ok(SeenDeal { deal: record.deal, customer: record.customer, dwell, grade_now, sight }))
        })
        .await
    }

    pub async fn deals(&self, call: &Call, list: DealList) -> Outcome<Page<SeenDeal>> {
        self.glancing(call, Action::DealsRead, move |scene, tx| {
            let query = DealQuery {
                filter: scene.permit.filter(scene.now()),
                conditions: list.conditions.clone(),
                customer: list.customer,
                team: list.team,
                overdue: list.overdue.then(|| stage_deadlines(scene.rules(), scene.now())),
                updated_since: list.updated_since,
                order: list.order.clone(),
                after: list.after.clone(),
                limit: i64::from(list.limit) + 1,
            };
            let rows = tx.list_deals(&query)?;
            Ok(Ok(Page::of(rows, list.limit, |row| {
                let (item, cursor) = (row.item, row.cursor);
                (seen(scene, item.deal, item.customer, item.owner.as_ref()), cursor)
            })))
        })
        .await
    }

    /// Makes a deal of a customer.
    pub async fn create_deal(&self, call: &Call, body: DealBody) -> Written<DealAnswer> {
        let id = DealId::new();
        self.writing(call, Action::DealsCreate, move |scene, tx| {
            let replay = scene.replay(tx, |tx, answer: &DealAnswer| scene.new_deal_sight(tx, &answer.deal))?;
            if let Some(replayed) = replay {
                return Ok(replayed);
            }
            let Some((item, sight)) = scene.see_customer(tx, body.customer)? else {
                return Ok(Err(Failure::NotFound));
            };
            let customer = item.customer;
            let funnel = body.funnel.clone().or_else(|| scene.rules().funnels.keys().next().cloned());
            let funnel = funnel.unwrap_or_else(|| Key::new(""));
            let owner = match body.owner {
                NewOwner::Maker => scene.actor.user(),
                NewOwner::Nobody => None,
                NewOwner::Somebody(user) => Some(user),
            };
            let receiver = match owner {
                Some(user) => match scene.person(tx, user)? {
                    Some(person) => Some(person),
                    None => return Ok(Err(unknown_user("/owner"))),
                },
                None => None,
            };
            let (written, faults) = declared(scene.rules()).read(&body.fields);
            let in_state = |state| item.deals.iter().filter(move |(deal, _)| deal.state == state);
            let count = |state| u32::try_from(in_state(state).count()).unwrap_or(u32::MAX);
            let cooling_until = in_state(DealState::Lost).filter(|(deal, _)| deal.funnel == funnel);
            let (open, won) = (count(DealState::Open), count(DealState::Won));
            let has_open_deal = in_state(DealState::Open).any(|(deal, _)| deal.funnel == funnel);
            let cooling_until = cooling_until.filter_map(|(deal, _)| deal.cooling_until).max();
            let asked = scene.is_watched().then(|| AskedDeal {
                id,
                customer_open_deals: open,
                customer_won_deals: won,
                has_open_deal,
                cooling_until,
                funnel: funnel.clone(),
                stage: body.stage.clone(),
                product: body.product.clone(),
                origin: body.origin,
                fields: body.fields.clone(),
            });
            let new = NewDeal {
                id,
                customer: &customer,
                customer_open_deals: open,
                customer_won_deals: won,
                has_open_deal,
                cooling_until,
                funnel,
                stage: body.stage.clone(),
                product: body.product.clone(),
                origin: body.origin,
                owner: receiver.as_ref(),
                written,
                faults,
            };
            let assign = scene.permit_for(Action::DealsAssign);
            let decision = create(&scene.permit, assign.as_ref(), new, scene.now());
            // Answered as reading it would be, not as its customer alone.
            let own = match &decision {
                Decision::Allowed(allowed) => scene.sight_of(&allowed.effect.deal, &customer, receiver.as_ref()),
                Decision::Refused(_) => None,
            };
            let sight = own.unwrap_or(sight);
            let about = About { subject: subject("deal", id), deal: Some(id), ..About::customer(&customer, sight) };
            let written = scene.conclude(
                tx,
                about,
                decision,
                |effect| vec![Effect::DealCreation(effect)],
                |effect| DealAnswer { deal: effect.deal.clone(), customer: customer.clone() },
            )?;
            if let Some(asked) = asked {
                let place = Place { funnel: asked.funnel.clone(), from: None, to: asked.stage.clone() };
                scene.watch(&written, Some(place), move |lens| lens.creation(asked, customer, receiver));
            }
            Ok(written)
        })
        .await
    }

    /// Changes fields and product of a deal.
    pub async fn change_deal(&self, call: &Call, id: DealId, patch: DealPatch) -> Written<DealAnswer> {
        self.writing(call, Action::DealsWrite, move |scene, tx| {
            let (record, sight) = match scene.take_deal(tx, id, |answer: &DealAnswer| answer.deal.id)? {
                Taken::Deal(record, sight) => (record, sight),
                Taken::Ended(answer) => return Ok(answer),
            };
            if let Some(failure) = scene.version_after_permission(&record) {
                return Ok(Err(failure));
            }
            let (written, faults) = declared(scene.rules()).read(&patch.fields);
            let write = DealWrite { written, product: patch.product.clone(), faults };
            let decision = change(&scene.permit, &record, write, scene.now());
            let written = scene.conclude(
                tx,
                About::deal(&record, sight),
                decision,
                |effect| vec![Effect::DealChange(effect)],
                |effect| DealAnswer {
                    deal: Deal {
                        fields: effect.fields.clone(),
                        product: effect.product.clone(),
                        version: record.deal.version + 1,
                        facts_version: record.deal.facts_version + 1,
                        updated_at: effect.at,
                        ..record.deal.clone()
                    },
                    customer: record.customer.clone(),
                },
            )?;
            if scene.is_watched() {
                let (fields, product) = (patch.fields.clone(), patch.product.clone());
                scene.watch(&written, None, move |lens| lens.change(record, fields, product));
            }
            Ok(written)
        })
        .await
    }
}

impl Scene {
    /// The fault of a named version, where the action is permitted on the row at all: who may not do it is told that
    /// first (403 before 412).
    pub(super) fn version_after_permission(&self, record: &crate::engine::facts::DealFacts) -> Option<Failure> {
        let permitted = self.permit.holds(&Row::from(record), self.now());
        self.call.version_fault(record.deal.version).filter(|_| permitted)
    }

    /// What the caller sees of a deal that he made. Who is granted to make deals and to read none is told again that it
    /// is made, and of its customer only what he may see now.
    fn new_deal_sight(&self, tx: &mut Tx<'_>, deal: &Deal) -> Result<Option<Sight>, StoreError> {
        match self.permit_for(Action::DealsRead) {
            Some(_) => self.deal_sight(tx, deal.id),
            None => Ok(Some(self.customer_sight(tx, deal.customer)?.unwrap_or_else(Sight::nothing))),
        }
    }

    /// What the caller reads of this deal.
    fn sight_of(&self, deal: &Deal, customer: &Customer, owner: Option<&Person>) -> Option<Sight> {
        let row = Row::Deal { deal, customer, owner, record: None };
        self.permit_for(Action::DealsRead).and_then(|permit| permit.sight(&row, self.now()))
    }
}

/// A deal as the caller sees it in a list.
pub(super) fn seen(scene: &Scene, deal: Deal, customer: Customer, owner: Option<&Person>) -> SeenDeal {
    let sight = scene.sight_of(&deal, &customer, owner);
    let dwell = dwell(scene.rules(), &deal, &customer, owner, scene.now());
    SeenDeal { deal, customer, dwell, grade_now: None, sight: sight.unwrap_or_else(Sight::nothing) }
}

pub(super) fn unknown_user(pointer: &'static str) -> Failure {
    Failure::invalid(pointer, crate::texts::Message::new("user_unknown"))
}
