//! What comes next for a deal under a draft of the rules, explained as under the active ones: everything is called as it
//! would be once the draft is activated.
//!
//! A draft can ask about any field: who may not see everything on this deal that the answer rests on is told nothing, or
//! what is hidden could be found out question by question.

use super::Workflow;
use super::call::Call;
use super::failure::{Failure, Outcome};
use super::moves::Moves;
use super::rules::permitted;
use super::trials::tried_rules;
use crate::engine::explain::{moves_under, told_of_moves};
use crate::engine::sight::FieldSight;
use crate::rules::expression::Path;
use crate::rules::migrate::{Migration, What};
use crate::rules::model::{Action, Rules};
use crate::values::{DealId, DraftId, Key};
use std::sync::Arc;

/// Moves, and the rules by which they are.
#[derive(Debug)]
pub struct ExplainedMoves {
    pub moves: Moves,
    pub rules: Arc<Rules>,
    /// What the rules rename.
    pub migration: Migration,
}

impl ExplainedMoves {
    /// A stage of the deal's funnel by its name, or by the one that it has now: what is renamed is not there any more, so
    /// that no name means two.
    #[must_use]
    pub fn stage(&self, name: &str) -> Option<&Key> {
        let funnel = self.rules.funnels.get(&self.moves.deal.funnel)?;
        let renamed = || self.migration.target(What::Stage, &[funnel.id.as_str(), name]);
        let stage = funnel.stage(name).or_else(|| funnel.stage(renamed()?));
        stage.map(|stage| &stage.id)
    }
}

impl Workflow {
    /// Every move from where the deal stands by the draft's rules, for this caller.
    pub async fn moves_under_draft(&self, call: &Call, draft: DraftId, deal: DealId) -> Outcome<ExplainedMoves> {
        let draft = self.draft_for(call, Action::RulesDraft, draft).await?;
        let scheduled = draft.scheduled_migration();
        let rules = tried_rules(draft.text, call.now).await?;
        let migration = rules.migrate.joined(&scheduled);
        let told: Vec<Path> = told_of_moves(&rules, &migration).iter().filter_map(|name| Path::parse(name)).collect();
        let by = (Arc::clone(&rules), migration.clone());
        let moves = self
            .reading(call, Action::RulesDraft, move |scene, tx| {
                if let Err(failure) = permitted(scene) {
                    return Ok(Err(failure));
                }
                let Some((record, sight)) = scene.see_deal(tx, deal)? else { return Ok(Err(Failure::NotFound)) };
                if told.iter().any(|path| sight.of(path) != FieldSight::Open) {
                    return Ok(Err(Failure::Forbidden(Action::DealsRead.word())));
                }
                let (deal, options) = moves_under((&by.0, &by.1), &scene.actor, &record, scene.now());
                Ok(Ok(Moves { deal, options, sight }))
            })
            .await?;
        Ok(ExplainedMoves { moves, rules, migration })
    }
}
