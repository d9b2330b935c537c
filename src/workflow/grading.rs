//! Grading a deal: computed by the rules, explained, and overridden with a reason.

use super::Workflow;
use super::answer::DealAnswer;
use super::call::Call;
use super::conclude::{About, Taken};
use super::failure::{Failure, Outcome, Written};
use crate::engine::facts::Deal;
use crate::engine::grade::{GradeRequest, Graded, compute, decide};
use crate::engine::sight::Sight;
use crate::rules::model::Action;
use crate::store::Effect;
use crate::values::DealId;

/// What the rules make of a deal, and what is stored.
#[derive(Debug)]
pub struct GradeExplained {
    pub deal: Deal,
    pub graded: Option<Graded>,
    pub sight: Sight,
}

impl Workflow {
    /// The stored grade, what the rules would say now, and why.
    pub async fn explain_grade(&self, call: &Call, id: DealId) -> Outcome<GradeExplained> {
        self.glancing(call, Action::DealsRead, move |scene, tx| {
            let Some((record, sight)) = scene.see_deal(tx, id)? else { return Ok(Err(Failure::NotFound)) };
            let graded = compute(scene.rules(), &record, scene.now());
            Ok(Ok(GradeExplained { deal: record.deal, graded, sight }))
        })
        .await
    }

    /// Computes and stores the grade, or the one that is wanted instead.
    pub async fn grade_deal(&self, call: &Call, id: DealId, request: GradeRequest) -> Written<DealAnswer> {
        self.writing(call, Action::DealsGrade, move |scene, tx| {
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
                |effect| vec![Effect::Grading(effect)],
                |effect| DealAnswer {
                    deal: Deal {
                        grade: Some(effect.grade.clone()),
                        graded_by: effect.by,
                        graded_at: Some(effect.at),
                        updated_at: effect.at,
                        version: record.deal.version + 1,
                        facts_version: record.deal.facts_version + 1,
                        ..record.deal.clone()
                    },
                    customer: record.customer.clone(),
                },
            )?;
            if scene.is_watched() {
                let request = request.clone();
                scene.watch(&written, None, move |lens| lens.grading(record, request));
            }
            Ok(written)
        })
        .await
    }
}
