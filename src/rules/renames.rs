//! What stages were called before: each change of rules that made one stage of another, in the order of the versions.
//!
//! What was recorded under a version of the rules names stages as they were called then. A name counts for whatever its
//! stage has become since; a stage that gets an old name later has no part in what was recorded before it. A stage that
//! was removed and became nothing is called as no other can be: `lead@5`, the `lead` that went with version 5.

use super::migrate::{Mapping, Migration, What};
use super::names::of_stage;
use crate::values::Key;
use serde::{Deserialize, Serialize};

/// One stage that became another by a version of the rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageRename {
    pub funnel: Key,
    /// The version by which it became so.
    pub rules_version: i64,
    pub from: Key,
    pub to: Key,
    /// Others became the same, or it was there before.
    pub merged: bool,
}

/// All of them, the earliest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StageRenames(Vec<StageRename>);

impl StageRenames {
    #[must_use]
    pub fn new(mut renames: Vec<StageRename>) -> Self {
        // Within a version their order does not matter: what one becomes is there, so it becomes nothing else.
        renames.sort_by_key(|one| one.rules_version);
        Self(renames)
    }

    /// Those that a migration makes, by this version. `is_new`: whether a name is not there before it.
    pub fn of<'a>(
        migration: &'a Migration,
        rules_version: i64,
        is_new: impl Fn(&str) -> bool + 'a,
    ) -> impl Iterator<Item = StageRename> + 'a {
        let stages = || migration.mappings.iter().filter(|mapping| mapping.what == What::Stage);
        stages().filter_map(move |mapping| {
            let [funnel, from] = mapping.from.as_slice() else { return None };
            let same = |other: &&Mapping| other.to == mapping.to && other.from.first() == Some(funnel);
            let merged = stages().filter(same).count() > 1 || !is_new(&migration.target_name(mapping));
            Some(StageRename {
                funnel: funnel.clone(),
                rules_version,
                from: from.clone(),
                to: mapping.to.clone(),
                merged,
            })
        })
    }

    /// Those that go with a version which no longer has the stages `removed` (funnel, stage) and has the stages
    /// `declared` that were not there before. `is_again`: its text has ruled before, so what it declares is what it was,
    /// and no namesake.
    #[must_use]
    pub fn by_version(
        &self,
        migration: &Migration,
        rules_version: i64,
        (removed, declared): (&[(Key, Key)], &[(Key, Key)]),
        is_again: bool,
    ) -> Vec<StageRename> {
        let is_new = |name: &str| declared.iter().any(|(funnel, stage)| of_stage(funnel, stage) == *name);
        let went = |funnel: &Key, stage: &Key| removed.iter().any(|(f, s)| f == funnel && s == stage);
        let mut found: Vec<StageRename> = Self::of(migration, rules_version, is_new)
            // A file says for years what became of what: said once, it is enough.
            .filter(|one| {
                let known = self.0.iter().any(|known| known.funnel == one.funnel && known.from == one.from);
                !known || went(&one.funnel, &one.from)
            })
            .collect();
        let becomes = |funnel: &Key, from: Key, to: Key| StageRename {
            funnel: funnel.clone(),
            rules_version,
            from,
            to,
            merged: false,
        };
        for (funnel, stage) in removed {
            if migration.target(What::Stage, &[funnel.as_str(), stage.as_str()]).is_none() {
                let before = Some(()).filter(|()| is_again).and_then(|()| self.origin(funnel, stage, declared));
                found.push(becomes(funnel, stage.clone(), before.unwrap_or_else(|| gone(stage, rules_version))));
            }
        }
        for (funnel, stage) in declared.iter().filter(|_| is_again) {
            let last = self.0.iter().rev().find(|one| one.funnel == *funnel && one.from == *stage);
            if let Some(last) = last.filter(|last| last.to == gone(stage, last.rules_version)) {
                found.push(becomes(funnel, last.to.clone(), stage.clone()));
            }
        }
        found
    }

    /// The stage that was given this name, was it alone, and is there again.
    fn origin(&self, funnel: &Key, stage: &Key, declared: &[(Key, Key)]) -> Option<Key> {
        let mut known = self.0.iter().rev().filter(|one| one.funnel == *funnel && one.to == *stage);
        let last = known.next().filter(|last| !last.merged)?;
        declared.iter().any(|(f, s)| f == funnel && *s == last.from).then(|| last.from.clone())
    }

    /// These, and others that come after them.
    #[must_use]
    pub fn and(self, later: impl IntoIterator<Item = StageRename>) -> Self {
        Self::new(self.0.into_iter().chain(later).collect())
    }

    /// Those up to a version.
    #[must_use]
    pub fn until(mut self, version: i64) -> Self {
        self.0.retain(|one| one.rules_version <= version);
        self
    }

    pub fn iter(&self) -> impl Iterator<Item = &StageRename> {
        self.0.iter()
    }

    /// What a stage is called that was called so under a version of the rules; whether it has become one with others.
    #[must_use]
    pub fn follow<'a>(&'a self, funnel: &Key, stage: &'a Key, made_under: i64) -> (&'a Key, bool) {
        let (mut name, mut merged) = (stage, false);
        for one in &self.0 {
            if one.rules_version > made_under && one.from == *name && one.funnel == *funnel {
                (name, merged) = (&one.to, merged || one.merged);
            }
        }
        (name, merged)
    }

    /// Whether something recorded under a version may have other names by now.
    #[must_use]
    pub fn concern(&self, made_under: i64) -> bool {
        self.0.last().is_some_and(|last| last.rules_version > made_under)
    }
}

/// The name of a stage that went with a version and became nothing.
fn gone(stage: &Key, rules_version: i64) -> Key {
    Key::from(format!("{stage}@{rules_version}"))
}

/// What such a stage was called.
#[must_use]
pub fn name_before_it_went(stage: &Key) -> Option<Key> {
    stage.as_str().split_once('@').map(|(name, _)| Key::new(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renames(all: &[(i64, &str, &str)]) -> StageRenames {
        let one = |(rules_version, from, to): &(i64, &str, &str)| StageRename {
            funnel: Key::new("standard"),
            rules_version: *rules_version,
            from: Key::new(from),
            to: Key::new(to),
            merged: false,
        };
        StageRenames::new(all.iter().map(one).collect())
    }

    #[test]
    fn a_name_counts_for_what_its_stage_became_since() {
        // `x` becomes `y`, another `x` comes in 7 and becomes `z` in 9, `y` becomes `z` too.
        let all = renames(&[(9, "x", "z"), (5, "x", "y"), (8, "y", "z")]);
        let standard = Key::new("standard");
        let now = |name: &str, version| all.follow(&standard, &Key::new(name), version).0.to_string();
        let told = [("x", 4), ("x", 7), ("x", 9), ("y", 5), ("y", 8), ("a", 1)].map(|(name, at)| now(name, at));
        assert_eq!(told, ["z", "z", "x", "z", "y", "a"]);
        let early = all.clone().until(5);
        assert_eq!(early.follow(&standard, &Key::new("x"), 4).0, "y");
        assert_eq!(all.follow(&Key::new("other"), &Key::new("x"), 1).0, "x");
        let funnel = |name: &str| (standard.clone(), Key::new(name));
        let none = Migration::default();
        // What was removed is no namesake's, but comes again with a text that ruled before.
        let went = StageRenames::default().by_version(&none, 2, (&[funnel("x")], &[]), false);
        let went = StageRenames::new(went);
        assert_eq!(went.follow(&standard, &Key::new("x"), 1).0, "x@2");
        assert!(went.by_version(&none, 3, (&[], &[funnel("x")]), false).is_empty());
        let again = went.clone().and(went.by_version(&none, 3, (&[], &[funnel("x")]), true));
        assert_eq!(again.follow(&standard, &Key::new("x"), 1).0, "x");
        // So does what had another name, if it had it alone.
        let back = early.clone().and(early.by_version(&none, 6, (&[funnel("y")], &[funnel("x")]), true));
        assert_eq!(["x", "y"].map(|name| back.follow(&standard, &Key::new(name), 4).0.to_string()), ["x", "x"]);
        assert_eq!(name_before_it_went(&Key::new("x@2")), Some(Key::new("x")));
        assert_eq!([4, 8, 9].map(|version| all.concern(version)), [true, true, false]);
    }
}
