//! What comes next for a deal under a draft of the rules, explained as under the active ones.
//!
//! A draft can ask about any field: who may not see everything on this deal that it decides by is told nothing, or what is
//! hidden could be found out question by question.

use super::Workflow;
use super::call::Call;
use super::failure::{Failure, Outcome};
use super::moves::Moves;
use super::replays::Tried;
use super::rules::permitted;
use crate::engine::moves::options;
use crate::engine::sight::FieldSight;
use crate::engine::tally::told_fields;
use crate::rules::expression::Path;
use crate::rules::model::{Action, Rules};
use crate::values::{DealId, DraftId};
use std::sync::Arc;

impl Workflow {
    /// Every move from where the deal stands by the draft's rules, for this caller; and those rules.
    pub async fn moves_under_draft(&self, call: &Call, draft: DraftId, deal: DealId) -> Outcome<(Moves, Arc<Rules>)> {
        let (_, _, _, rules) = self.tried(call, Tried::Draft(draft)).await?;
        let told: Vec<Path> = told_fields(&rules).iter().filter_map(|name| Path::parse(name)).collect();
        let by = Arc::clone(&rules);
        let moves = self
            .reading(call, Action::RulesDraft, move |scene, tx| {
                if let Err(failure) = permitted(scene) {
                    return Ok(Err(failure));
                }
                let Some((record, sight)) = scene.see_deal(tx, deal)? else { return Ok(Err(Failure::NotFound)) };
                if told.iter().any(|path| sight.of(path) != FieldSight::Open) {
                    return Ok(Err(Failure::Forbidden(Action::DealsRead.word())));
                }
                let options = options(&by, &scene.actor, &record, scene.now());
                Ok(Ok(Moves { deal: record.deal, options, sight }))
            })
            .await?;
        Ok((moves, rules))
    }
}
