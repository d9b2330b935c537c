//! What of the company stands against new rules: what they lack and is in use, and that nobody could change them back.
//!
//! Pure but for one count of what is in use. Either is a refusal, and recorded like any other.

use super::directory::Directory;
use super::scene::Scene;
use crate::engine::decision::{Checked, CheckedKind, FactsRead, Refusal, RefusalKind};
use crate::engine::permission::{Row, permit, reach};
use crate::rules::model::{Action, Rules, Scope};
use crate::store::{InUse, StoreError, Tx};
use crate::texts::Message;
use crate::values::Time;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What stands against these rules; `None`: nothing.
pub(super) fn stands_against(
    scene: &Scene,
    tx: &mut Tx<'_>,
    rules: &Arc<Rules>,
) -> Result<Option<Refusal>, StoreError> {
    let lacking = lacking(&scene.active.rules, rules, &tx.rules_in_use()?);
    if !lacking.is_empty() {
        return Ok(Some(refusal(Message::new("rules_in_use"), lacking.iter().map(in_use).collect())));
    }
    let nobody = nobody_could(&scene.active.directory, rules, scene.now());
    Ok(nobody.map(|action| refusal(Message::new("nobody_could").with("action", action.word()), Vec::new())))
}

fn refusal(message: Message, criteria: Vec<Checked>) -> Refusal {
    Refusal { kind: RefusalKind::State(message), criteria, facts: FactsRead::default() }
}

fn in_use((name, count): (&String, &i64)) -> Checked {
    let message = Message::new("in_use").with("name", name.as_str()).with("count", *count);
    Checked::fault(name, CheckedKind::Field, &format!("/{}", name.replace('.', "/")), message)
}

/// What no active user could do under these rules, though the company cannot be left without: change people, and change
/// the rules. Before there is anybody, the first administrator is promised both by the checker.
pub(super) fn nobody_could(directory: &Directory, rules: &Arc<Rules>, now: Time) -> Option<Action> {
    directory.users().next()?;
    let could = |action: Action| {
        directory.users().any(|known| {
            let permitted = permit(rules, &known.actor, action).is_some_and(|held| held.holds(&Row::Company, now));
            // Whoever changes people of their own team only cannot mend the rest.
            let far = action == Action::RulesActivate || reach(rules, &known.user.roles, action) == Some(Scope::All);
            permitted && far
        })
    };
    [Action::PeopleWrite, Action::RulesActivate].into_iter().find(|action| !could(*action))
}

/// What is in use and not, or not as it was, in the new rules: its name in the file, and how often it is used.
fn lacking(old: &Rules, new: &Rules, used: &InUse) -> BTreeMap<String, i64> {
    let mut lacking = BTreeMap::new();
    let mut note = |name: String, count: i64, is_kept: bool| {
        if count > 0 && !is_kept {
            lacking.insert(name, count);
        }
    };
    for stage in &used.stages {
        let of = |rules: &Rules| {
            rules.funnels.get(&stage.funnel).and_then(|funnel| funnel.stage(&stage.stage)).map(|stage| stage.kind)
        };
        let kept = of(new).is_some_and(|kind| of(old).is_none_or(|before| before == kind));
        note(format!("funnels.{}.stages.{}", stage.funnel, stage.stage), stage.all, kept);
    }
    for (funnel, stage, count) in &used.origins {
        let kept = new.funnels.get(funnel).is_some_and(|funnel| funnel.stage(stage).is_some());
        let name = format!("funnels.{funnel}.stages.{stage}");
        let there = used.stages.iter().find(|one| one.funnel == *funnel && one.stage == *stage);
        note(name, count + there.map_or(0, |one| one.all), kept);
    }
    for (funnel, stage, reason, count) in &used.reasons {
        let known = new.funnels.get(funnel).and_then(|funnel| funnel.stage(stage));
        let kept = known.is_some_and(|stage| stage.reasons.contains_key(reason));
        note(format!("funnels.{funnel}.stages.{stage}.reasons.{reason}"), *count, kept);
    }
    for (name, count) in &used.roles {
        note(format!("roles.{name}"), *count, new.roles.contains_key(name));
    }
    for (name, count) in &used.grades {
        note(format!("grades.{name}"), *count, new.grades.iter().any(|grade| grade.id == *name));
    }
    for (name, count) in &used.products {
        note(format!("products.{name}"), *count, new.products.contains_key(name));
    }
    for (name, count) in &used.activities {
        note(format!("activities.{name}"), *count, new.activities.contains_key(name));
    }
    for (name, count) in &used.methods {
        note(format!("methods.{name}"), *count, new.methods.contains_key(name));
    }
    let fields = [
        ("customer", &used.customer_fields, &old.fields.customer, &new.fields.customer),
        ("deal", &used.deal_fields, &old.fields.deal, &new.fields.deal),
        ("user", &used.user_fields, &old.fields.user, &new.fields.user),
    ];
    for (of, used, old, new) in fields {
        for (name, count) in used {
            let kind = |fields: &indexmap::IndexMap<_, crate::rules::model::Field>| {
                fields.get(name).map(|field| std::mem::discriminant(&field.kind))
            };
            let kept = kind(new).is_some_and(|kind_now| kind(old).is_none_or(|before| before == kind_now));
            note(format!("fields.{of}.{name}"), *count, kept);
        }
    }
    lacking
}
