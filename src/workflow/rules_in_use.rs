//! What of the company stands against new rules: what they lack, is in use and becomes nothing else; what is said to
//! become of it and cannot; that nobody could change them back; names that something else had before.
//!
//! Pure but for the counts of what is in use. Each is a refusal, and recorded like any other.

use super::activation::Change;
use super::directory::Directory;
use super::rules_identities::alike;
use super::rules_lacking::{doubtful, lacking};
use super::scene::Scene;
use crate::engine::actor::Actor;
use crate::engine::decision::{Checked, CheckedKind, FactsRead, Refusal, RefusalKind};
use crate::engine::identity::NewIdentities;
use crate::engine::permission::{Row, permit, reach};
use crate::engine::shadow::renamed_actor;
use crate::rules::migrate::{Migration, What};
use crate::rules::model::{Action, Rules, Scope};
use crate::rules::names::{self, names};
use crate::rules::renames::Rename;
use crate::store::{Migrated, StoreError, Tx};
use crate::texts::Message;
use crate::values::{Key, Time};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What goes with rules against which nothing stands.
#[derive(Debug)]
pub(super) struct Standing {
    pub migration: Migration,
    /// What is in use and becomes something else, and how much of it.
    pub migrated: Migrated,
    /// What tells customers apart, where it changes.
    pub identities: Option<NewIdentities>,
    /// What it makes of what was recorded before.
    pub renames: Vec<Rename>,
    /// Names that go.
    pub removed: Vec<String>,
    /// Names that come.
    pub declared: Vec<String>,
}

/// What goes with these rules, or everything that stands against them.
pub(super) fn stands_against(
    scene: &Scene,
    tx: &mut Tx<'_>,
    change: &Change,
) -> Result<Result<Standing, Vec<Refusal>>, StoreError> {
    let (old, new) = (&scene.active.rules, &change.rules);
    let migration = new.migrate.joined(&change.migrate);
    let (before, after) = (names(old), names(new));
    let mut against = Vec::new();

    let impossible = impossible(tx, old, new, &migration)?;
    let is_possible = impossible.is_none();
    against.extend(impossible);

    let found = lacking(
        old,
        new,
        &tx.rules_in_use(&doubtful(scene.active.epochs.rules_version, old, new, &migration))?,
        &migration,
    );
    let told = |(name, count): (&String, &i64)| {
        (name.clone(), Message::new("in_use").with("name", name.as_str()).with("count", *count))
    };
    add(&mut against, "rules_in_use", found.lacking.iter().map(told).collect());

    let identities = NewIdentities::of(old, new, &migration).filter(|_| is_possible);
    if let Some(identities) = &identities {
        add(&mut against, "rules_customers_alike", alike(tx, identities)?);
    }

    let directory = &scene.active.directory;
    let nobody = match nobody_could(directory, new, &migration, scene.now()) {
        Some(action) => Some(Message::new("nobody_could").with("action", action.word())),
        None => lacks_another(directory, new, &migration, scene.now()).then(|| Message::new("nobody_could_by_another")),
    };
    against.extend(nobody.map(|message| refusal(message, Vec::new())));

    let declared: Vec<String> = after.difference(&before).cloned().collect();
    let is_again = tx.rules_version_of(&change.hash)?.is_some();
    if !is_again {
        let used = tx.names_removed(&declared)?;
        let used = used.into_iter().filter(|(name, _)| !migration.again.contains(name));
        let told = used.map(|(name, number)| {
            let message = Message::new("name_used_before").with("name", name.as_str()).with("number", number);
            (name, message)
        });
        add(&mut against, "rules_names_used_before", told.collect());
    }
    if !against.is_empty() {
        return Ok(Err(against));
    }
    let number = scene.active.epochs.rules_version + 1;
    Ok(Ok(Standing {
        identities,
        renames: tx.renames()?.by_version(&migration, number, (&before, &after), is_again),
        migrated: found.migrated.into_iter().collect(),
        migration,
        removed: before.difference(&after).cloned().collect(),
        declared,
    }))
}

/// What is said to become what, and cannot.
fn impossible(tx: &mut Tx<'_>, old: &Rules, new: &Rules, migration: &Migration) -> Result<Option<Refusal>, StoreError> {
    let mut told: BTreeMap<String, Message> = migration.faults(&names(new)).into_iter().collect();
    told.extend(of_another_kind(old, new, migration));
    told.extend(both_filled(tx, migration)?);
    let mut against = Vec::new();
    add(&mut against, "rules_migration_impossible", told);
    Ok(against.pop())
}

/// What stands against trying rules with what is said to become of things besides what their text says.
pub(super) fn against_trying(
    scene: &Scene,
    tx: &mut Tx<'_>,
    tried: &Rules,
    said: &Migration,
) -> Result<Option<Refusal>, StoreError> {
    if said.is_empty() {
        return Ok(None);
    }
    impossible(tx, scene.rules(), tried, &tried.migrate.joined(said))
}

fn add(against: &mut Vec<Refusal>, code: &'static str, told: BTreeMap<String, Message>) {
    if !told.is_empty() {
        let criteria = told.into_iter().map(|(name, message)| {
            Checked::fault(&name, CheckedKind::Field, &format!("/{}", name.replace('.', "/")), message)
        });
        against.push(refusal(Message::new(code), criteria.collect()));
    }
}

fn refusal(message: Message, criteria: Vec<Checked>) -> Refusal {
    Refusal { kind: RefusalKind::State(message), criteria, facts: FactsRead::default() }
}

/// What no active user could do under these rules, though the company cannot be left without: change people, and change
/// the rules. Before there is anybody, the first administrator is promised both by the checker.
pub(super) fn nobody_could(
    directory: &Directory,
    rules: &Arc<Rules>,
    migration: &Migration,
    now: Time,
) -> Option<Action> {
    directory.users().next()?;
    let people = people(directory, migration);
    let mut needed = [Action::PeopleWrite, Action::RulesActivate].into_iter();
    needed.find(|action| !people.iter().any(|actor| could(rules, actor, *action, now)))
}

/// Whether the rules demand another person for activating than for writing, and there are no two who could.
fn lacks_another(directory: &Directory, rules: &Arc<Rules>, migration: &Migration, now: Time) -> bool {
    if !rules.activation_by_another || directory.users().next().is_none() {
        return false;
    }
    let people = people(directory, migration);
    !people.iter().any(|one| {
        could(rules, one, Action::RulesActivate, now)
            && people.iter().any(|other| other.who != one.who && could(rules, other, Action::RulesDraft, now))
    })
}

fn people(directory: &Directory, migration: &Migration) -> Vec<Arc<Actor>> {
    directory.users().map(|known| renamed_actor(&known.actor, migration)).collect()
}

fn could(rules: &Arc<Rules>, actor: &Arc<Actor>, action: Action, now: Time) -> bool {
    let permitted = permit(rules, actor, action).is_some_and(|held| held.holds(&Row::Company, now));
    // Whoever changes people of their own team only cannot mend the rest.
    let far = action != Action::PeopleWrite || reach(rules, &actor.roles, action) == Some(Scope::All);
    permitted && far
}

/// Stages whose deals would be open, won or lost otherwise than they are, and fields that hold something else.
fn of_another_kind(old: &Rules, new: &Rules, migration: &Migration) -> BTreeMap<String, Message> {
    let mut told = BTreeMap::new();
    for mapping in &migration.mappings {
        let id = |index: usize| mapping.from.get(index).map_or("", Key::as_str);
        let differs = match mapping.what {
            What::Stage => {
                let state = |rules: &Rules, stage: &str| {
                    let there = rules.funnels.get(id(0)).and_then(|funnel| funnel.stage(stage));
                    there.map(|stage| stage.kind.of_its_deals())
                };
                let (from, to) = (state(old, id(1)), state(new, &mapping.to));
                from.is_some() && to.is_some() && from != to
            }
            What::Field => {
                let kind = |rules: &Rules, field: &str| {
                    let of = names::records(rules).into_iter().find(|(record, _)| *record == id(0));
                    of.and_then(|(_, fields)| fields.get(field)).map(|field| std::mem::discriminant(&field.kind))
                };
                let (from, to) = (kind(old, id(1)), kind(new, &mapping.to));
                from.is_some() && to.is_some() && from != to
            }
            _ => false,
        };
        if differs {
            let (name, target) = (Migration::name(mapping), migration.target_name(mapping));
            let message = Message::new("migrate_of_another_kind").with("name", name.as_str()).with("target", target);
            told.insert(name, message);
        }
    }
    told
}

/// Records that have a value in a field and in the one it would become: which of them is meant, nobody can say.
fn both_filled(tx: &mut Tx<'_>, migration: &Migration) -> Result<BTreeMap<String, Message>, StoreError> {
    let mut told = BTreeMap::new();
    for mapping in migration.mappings.iter().filter(|mapping| mapping.what == What::Field) {
        let [record, field] = mapping.from.as_slice() else { continue };
        let count = tx.records_with_both(record, field, &mapping.to)?;
        if count > 0 {
            let (name, target) = (Migration::name(mapping), migration.target_name(mapping));
            let message = Message::new("migrate_both_filled").with("name", name.as_str()).with("target", target);
            told.insert(name, message.with("count", count));
        }
    }
    Ok(told)
}
