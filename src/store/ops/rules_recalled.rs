//! What versions of the rules made of names before that was remembered: brought to the table `renames` by the migration that
//! makes it, as the activations would have written it, had they known of it.
//!
//! All that it takes is in the versions: their texts, and what was said to become of things. What was said with an
//! activation before that was kept is not known but for the stages that became others; what it was said of went.

use super::Conn;
use super::rules_versions::{remember_renames, renames as kept_renames, rules_version_of};
use crate::rules::check;
use crate::rules::migrate::{Mapping, Migration, What};
use crate::rules::names::names;
use crate::rules::renames::{Rename, Renames, name_before_it_went};
use crate::store::StoreError;
use crate::store::columns::Json;
use crate::store::schema::{renames, rules_removed, rules_versions as versions};
use diesel::prelude::*;
use std::collections::BTreeSet;

/// A version: its hash, its text, what was said to become of things.
type Version = (String, String, Option<Json<Migration>>);

/// In the place of what stands there: the stages of which it was remembered.
pub fn recall_renames(conn: &mut Conn) -> Result<(), StoreError> {
    let kept = kept_renames(conn)?;
    let mut known = Renames::default();
    // The first version had nothing before it.
    let mut before = Some(BTreeSet::new());
    let numbers: Vec<i64> = versions::table.select(versions::number).order(versions::number).load(conn)?;
    for number in numbers {
        let row = versions::table.find(number).select((versions::hash, versions::text, versions::migration));
        let (hash, text, said): Version = row.first(conn)?;
        let rules = check(&text, None).rules;
        let after = rules.as_ref().map(names);
        let stages: Vec<Rename> = kept.iter().filter(|one| one.rules_version == number).cloned().collect();
        let found = match (&before, &after, rules) {
            (Some(before), Some(after), Some(rules)) => {
                let said = said.map_or_else(|| rules.migrate.joined(&mapped(&stages)), |json| json.0);
                let is_again = rules_version_of(conn, &hash)?.is_some_and(|earliest| earliest < number);
                known.by_version(&said, number, (before, after), is_again)
            }
            _ => only_removed(conn, &known, number, stages)?,
        };
        known = known.and(found);
        before = after;
    }
    diesel::delete(renames::table).execute(conn)?;
    remember_renames(conn, &known.iter().cloned().collect::<Vec<_>>())
}

/// The stages that became others.
fn mapped(stages: &[Rename]) -> Migration {
    let others = stages.iter().filter(|one| name_before_it_went(&one.to).is_none());
    let mapping = |one: &Rename| Mapping {
        what: What::Stage,
        from: one.above.iter().chain([&one.from]).cloned().collect(),
        to: one.to.clone(),
    };
    Migration { mappings: others.map(mapping).collect(), again: BTreeSet::new() }
}

/// Where this program cannot read the rules before or after: the names that went are known, if nothing got them again.
fn only_removed(conn: &mut Conn, known: &Renames, number: i64, stages: Vec<Rename>) -> Result<Vec<Rename>, StoreError> {
    let removed = rules_removed::table.filter(rules_removed::removed_in.eq(number)).select(rules_removed::name);
    let removed: Vec<String> = removed.load(conn)?;
    let went = (removed.into_iter().collect(), BTreeSet::new());
    let found = known.by_version(&mapped(&stages), number, (&went.0, &went.1), false);
    // Of the stages more is known than these names tell.
    let is_stage = |one: &Rename| stages.iter().any(|stage| stage.above == one.above && stage.from == one.from);
    let others = found.into_iter().filter(|one| one.what != What::Stage || !is_stage(one));
    Ok(stages.iter().cloned().chain(others).collect())
}
