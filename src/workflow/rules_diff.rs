//! What differs between two versions of the rules, a version and a draft, or those that a preview compares: in words, as
//! permissions, as text. What it means for the contract of each role, `api` finds out from the two rules.

use super::Workflow;
use super::call::Call;
use super::failure::{Failure, Outcome};
use super::rules::CheckedRules;
use super::trials::Tried;
use crate::rules::diff::{Change, PermissionChange, diff, gains};
use crate::rules::model::{Action, Rules};
use crate::store::Preview;
use crate::values::{DraftId, Key, PreviewId};
use similar::TextDiff;
use std::sync::Arc;
use std::time::Duration;

/// How long is looked for the shortest difference of two texts; after that, for any.
const LOOKING: Duration = Duration::from_secs(1);

/// Two rules and what differs.
#[derive(Debug)]
pub struct RulesDiff {
    /// The version that is compared with.
    pub from: i64,
    /// The version that is compared.
    pub to: Option<i64>,
    pub changes: Vec<Change>,
    pub permissions: Vec<PermissionChange>,
    /// Of the texts as they were written, in the unified form.
    pub text: String,
    pub before: Arc<Rules>,
    pub after: Arc<Rules>,
    /// Whose contracts are compared: every role by itself for those who draft rules, else those of the caller, together.
    pub of: Vec<Vec<Key>>,
}

impl Workflow {
    /// What differs, in the order of the file; `from`: `None` = the active version.
    pub async fn rules_diff(&self, call: &Call, from: Option<i64>, to: Tried) -> Outcome<RulesDiff> {
        let before = self.version_for(call, Action::RulesRead, from).await?;
        let (number, after) = match to {
            Tried::Draft(id) => (None, self.draft_for(call, Action::RulesRead, id).await?.text),
            Tried::Version(number) => {
                (Some(number), self.version_for(call, Action::RulesRead, Some(number)).await?.text)
            }
        };
        self.compared(call, (before.number, before.text), (number, after)).await
    }

    /// What differs between the rules that a preview compares.
    pub async fn previewed_rules(&self, call: &Call, id: PreviewId) -> Outcome<(Option<DraftId>, RulesDiff)> {
        let preview = self.trial::<Preview>(call, id).await?;
        let against = Some(preview.sums.against).filter(|number| *number > 0);
        let before = self.version_for(call, Action::RulesDraft, against).await?;
        let draft = preview.draft;
        Ok((draft, self.compared(call, (before.number, before.text), (preview.tried, preview.text)).await?))
    }

    async fn compared(
        &self,
        call: &Call,
        (from, before): (i64, String),
        (to, after): (Option<i64>, String),
    ) -> Outcome<RulesDiff> {
        let (own, drafts) = self
            .reading(call, super::scene::SignedIn("rules.diff"), |scene, _| {
                Ok(Ok((scene.actor.roles.clone(), scene.permit_for(Action::RulesDraft).is_some())))
            })
            .await?;
        let compared = tokio::task::spawn_blocking(move || {
            let read = |text: &str| {
                // What a scenario says does not matter to what rules mean.
                let mut checked = CheckedRules::of(text, None);
                checked.scenarios.clear();
                checked.accepted()
            };
            let text = unified(&before, &after, from, to);
            let (before, after) = (read(&before)?, read(&after)?);
            let of = if drafts { every_role(&before, &after) } else { vec![own] };
            let (changes, permissions) = (diff(&before, &after), gains(&before, &after));
            Ok(RulesDiff { from, to, changes, permissions, text, before, after, of })
        });
        let compared = compared.await.map_err(|fault| Failure::internal("comparing rules", fault))?;
        compared.map_err(|faults| Failure::RulesInvalid(Box::new(faults)))
    }
}

fn every_role(before: &Rules, after: &Rules) -> Vec<Vec<Key>> {
    let gone = before.roles.keys().filter(|role| !after.roles.contains_key(*role));
    after.roles.keys().chain(gone).map(|role| vec![role.clone()]).collect()
}

/// As `diff -u` tells it; empty if the texts are the same.
fn unified(before: &str, after: &str, from: i64, to: Option<i64>) -> String {
    let to = to.map_or_else(|| "draft".to_owned(), |number| format!("version {number}"));
    let lines = TextDiff::configure().timeout(LOOKING).diff_lines(before, after);
    lines.unified_diff().context_radius(3).header(&format!("version {from}"), &to).to_string()
}
