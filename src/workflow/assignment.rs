//! Who holds a deal: given to somebody, or let go to the pool.

use super::Workflow;
use super::answer::DealAnswer;
use super::call::Call;
use super::conclude::{About, Taken};
use super::customers::forbidden;
use super::deals::unknown_user;
use super::failure::Written;
use crate::engine::Row;
use crate::engine::assignment::{assign, giving, read_of, release};
use crate::engine::decision::Refusal;
use crate::engine::effects::Assignment;
use crate::engine::facts::{Deal, DealFacts};
use crate::rules::model::Action;
use crate::store::Effect;
use crate::values::{DealId, UserId};

impl Workflow {
    /// Gives a deal to somebody: one that somebody owns by `deals.assign`, one in the pool by `pool.deal_out`.
    pub async fn assign_deal(&self, call: &Call, id: DealId, to: UserId, note: Option<String>) -> Written<DealAnswer> {
        self.writing(call, Action::DealsAssign, move |scene, tx| {
            let (record, sight) = match scene.take_deal(tx, id, |answer: &DealAnswer| answer.deal.id)? {
                Taken::Deal(record, sight) => (record, sight),
                Taken::Ended(answer) => return Ok(answer),
            };
            let about = About::deal(&record, sight);
            if !scene.permit.holds(&Row::from(&record), scene.now()) {
                let refusal = Refusal { facts: read_of(&record), ..forbidden(giving(&record)) };
                let written = scene.refuse(tx, about, refusal)?;
                scene.watch(&written, None, move |lens| lens.assignment(record, None, None));
                return Ok(written);
            }
            if let Some(failure) = scene.call.version_fault(record.deal.version) {
                return Ok(Err(failure));
            }
            let Some(receiver) = scene.person(tx, to)? else { return Ok(Err(unknown_user("/owner"))) };
            let decision = assign(&scene.permit, &record, &receiver, note.as_deref(), scene.now());
            let written = scene.conclude(tx, about, decision, effects, |effect| answer(&record, effect))?;
            if scene.is_watched() {
                let note = note.clone();
                scene.watch(&written, None, move |lens| lens.assignment(record, Some(receiver), note.as_deref()));
            }
            Ok(written)
        })
        .await
    }

    /// Lets a deal go to the pool.
    pub async fn release_deal(&self, call: &Call, id: DealId, note: Option<String>) -> Written<DealAnswer> {
        self.writing(call, Action::DealsRelease, move |scene, tx| {
            let (record, sight) = match scene.take_deal(tx, id, |answer: &DealAnswer| answer.deal.id)? {
                Taken::Deal(record, sight) => (record, sight),
                Taken::Ended(answer) => return Ok(answer),
            };
            if let Some(failure) = scene.version_after_permission(&record) {
                return Ok(Err(failure));
            }
            let decision = release(&scene.permit, &record, note.as_deref(), scene.now());
            let about = About::deal(&record, sight);
            let written = scene.conclude(tx, about, decision, effects, |effect| answer(&record, effect))?;
            if scene.is_watched() {
                let note = note.clone();
                scene.watch(&written, None, move |lens| lens.release(record, note.as_deref()));
            }
            Ok(written)
        })
        .await
    }
}

fn effects(effect: &Assignment) -> Vec<Effect<'_>> {
    vec![Effect::Assignment(effect)]
}

/// The deal in its new hands.
fn answer(record: &DealFacts, effect: &Assignment) -> DealAnswer {
    DealAnswer {
        deal: Deal {
            owner: effect.owner,
            team: effect.team,
            updated_at: effect.at,
            version: record.deal.version + 1,
            facts_version: record.deal.facts_version + 1,
            ..record.deal.clone()
        },
        customer: record.customer.clone(),
    }
}
