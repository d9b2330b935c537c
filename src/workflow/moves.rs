//! Moves: what comes next for a deal and what is missing; and making one.

use super::Workflow;
use super::answer::DealAnswer;
use super::call::Call;
use super::conclude::{About, Taken};
use super::failure::{Failure, Outcome, Written};
use crate::engine::facts::{Deal, DealFacts};
use crate::engine::moves::{MoveOption, MoveRequest, decide, options};
use crate::engine::shadow::Place;
use crate::engine::sight::Sight;
use crate::rules::model::Action;
use crate::store::Effect;
use crate::values::DealId;

/// Every possible next move of a deal.
#[derive(Debug)]
pub struct Moves {
    pub deal: Deal,
    pub options: Vec<MoveOption>,
    pub sight: Sight,
}

impl Workflow {
    /// Every move from where the deal stands, each criterion met or unmet and why, for this caller.
    pub async fn moves(&self, call: &Call, id: DealId) -> Outcome<Moves> {
        self.glancing(call, Action::DealsRead, move |scene, tx| {
            let Some((record, sight)) = scene.see_deal(tx, id)? else { return Ok(Err(Failure::NotFound)) };
            let options = options(scene.rules(), &scene.actor, &record, scene.now());
            Ok(Ok(Moves { deal: record.deal, options, sight }))
        })
        .await
    }

    /// Moves a deal to another stage.
    pub async fn move_deal(&self, call: &Call, id: DealId, request: MoveRequest) -> Written<DealAnswer> {
        self.writing(call, Action::DealsMove, move |scene, tx| {
            let (record, sight) = match scene.take_deal(tx, id, |answer: &DealAnswer| answer.deal.id)? {
                Taken::Deal(record, sight) => (record, sight),
                Taken::Ended(answer) => return Ok(answer),
            };
            if let Some(failure) = scene.version_after_permission(&record) {
                return Ok(Err(failure));
            }
            let decision = decide(&scene.permit, &record, &request, scene.now());
            let written = scene.conclude(
                tx,
                About::deal(&record, sight),
                decision,
                |effect| vec![Effect::Move(effect)],
                |effect| DealAnswer { deal: after(&record, effect), customer: record.customer.clone() },
            )?;
            if scene.is_watched() {
                let place = Place {
                    funnel: record.deal.funnel.clone(),
                    from: Some(record.deal.stage.clone()),
                    to: Some(request.to.clone()),
                };
                let request = request.clone();
                scene.watch(&written, Some(place), move |lens| lens.movement(record, request));
            }
            Ok(written)
        })
        .await
    }
}

/// The deal as it is after the move.
fn after(record: &DealFacts, moved: &crate::engine::effects::Move) -> Deal {
    Deal {
        stage: moved.to.clone(),
        state: moved.state,
        reason: moved.reason.clone(),
        cooling_until: moved.cooling_until,
        lost_from: moved.lost_from.clone(),
        entered_at: moved.entered_at,
        updated_at: moved.entered_at,
        closed_at: moved.closed_at,
        version: record.deal.version + 1,
        ..record.deal.clone()
    }
}
