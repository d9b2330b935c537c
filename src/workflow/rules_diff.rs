//! What differs between two versions of the rules, or a version and a draft.

use super::Workflow;
use super::call::Call;
use super::failure::{Failure, Outcome};
use super::replays::Tried;
use super::rules::CheckedRules;
use crate::rules::diff::{Change, diff};
use crate::rules::model::Action;

/// Two rules and what differs.
#[derive(Debug)]
pub struct RulesDiff {
    /// The version that is compared with.
    pub from: i64,
    pub changes: Vec<Change>,
}

impl Workflow {
    /// What differs, in the order of the file; `from`: `None` = the active version.
    pub async fn rules_diff(&self, call: &Call, from: Option<i64>, to: Tried) -> Outcome<RulesDiff> {
        let before = self.version_for(call, Action::RulesRead, from).await?;
        let after = match to {
            Tried::Draft(id) => self.draft_for(call, Action::RulesRead, id).await?.text,
            Tried::Version(number) => self.version_for(call, Action::RulesRead, Some(number)).await?.text,
        };
        let text = before.text;
        let compared = tokio::task::spawn_blocking(move || {
            let read = |text: &str| {
                // What a scenario says does not matter to what rules mean.
                let mut checked = CheckedRules::of(text, None);
                checked.scenarios.clear();
                checked.accepted()
            };
            let (before, after) = (read(&text)?, read(&after)?);
            Ok(diff(&before, &after))
        });
        let compared = compared.await.map_err(|fault| Failure::internal("comparing rules", fault))?;
        let changes = compared.map_err(|faults| Failure::RulesInvalid(Box::new(faults)))?;
        Ok(RulesDiff { from: before.number, changes })
    }
}
