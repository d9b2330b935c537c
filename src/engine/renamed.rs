//! Kept facts under the names that stages have by now: what a decision read is kept by the names of its own rules.

use super::decision::FactsRead;
use crate::rules::renames::StageRenames;
use crate::values::{Key, Value};

/// The facts that were kept under a version of the rules, with stages called as they are by now; `None`: they are. What
/// was kept of a stage that has become one with others is not all that there is to say of that: it is left out.
#[must_use]
pub fn renamed(facts: &FactsRead, renames: &StageRenames, made_under: i64) -> Option<FactsRead> {
    let Some(Some(Value::Choice(funnel))) = facts.values.get("deal.funnel") else { return None };
    if !renames.concern(made_under) {
        return None;
    }
    let now = |name: &Key| {
        let of = |before: &str, funnel: &Key, stage: &str, after: &str| {
            let stage = Key::new(stage);
            let (to, merged) = renames.follow(funnel, &stage, made_under);
            (!merged).then(|| if *to == stage { name.clone() } else { Key::from(format!("{before}{to}{after}")) })
        };
        if let Some((stage, after)) = name.strip_prefix("dwelt(").and_then(|rest| rest.split_once(')')) {
            return of("dwelt(", funnel, stage, &format!("){after}"));
        }
        let read =
            ["entered(\"", "owner.holding(\"", "receiver.holding(\""].into_iter().find(|read| name.starts_with(read));
        let place = read.and_then(|read| Some((read, name.strip_prefix(read)?.strip_suffix("\")")?.split_once('/')?)));
        match place {
            Some((read, (funnel, stage))) => of(&format!("{read}{funnel}/"), &Key::new(funnel), stage, "\")"),
            None => Some(name.clone()),
        }
    };
    let values = facts.values.iter().filter_map(|(name, value)| {
        let value = match value {
            Some(Value::Choice(stage)) if STAGES.contains(&name.as_str()) => {
                Some(Value::Choice(renames.follow(funnel, stage, made_under).0.clone()))
            }
            other => other.cloned(),
        };
        Some((now(name)?, value))
    });
    Some(FactsRead { values: values.collect(), personal: facts.personal.clone() })
}

/// Facts whose values are stages of the deal's funnel.
const STAGES: [&str; 4] = ["deal.stage", "move.from", "move.to", "deal.lost_from"];
