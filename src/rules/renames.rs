//! What things were called before: each change of rules that made one thing of another (a stage, a role, a product, a
//! field, ...), in the order of the versions.
//!
//! What was recorded under a version of the rules names things as they were called then. A name counts for whatever its
//! thing has become since; a thing that gets an old name later has no part in what was recorded before it. A thing that
//! was removed and became nothing is called as no other can be: `lead@5`, the `lead` that went with version 5.

use super::migrate::{Mapping, Migration, What};
use crate::values::Key;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// One thing that became another by a version of the rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rename {
    pub what: What,
    /// The ids that led to it, without its own, as they were before that version.
    pub above: Vec<Key>,
    /// The version by which it became so.
    pub rules_version: i64,
    pub from: Key,
    pub to: Key,
    /// Others became the same, or it was there before: what a record says of one of them says not all of it.
    pub merged: bool,
}

/// What is called how by now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed<'a> {
    /// The ids that lead to it, its own last.
    pub path: Path<'a>,
    /// Whether it has become one with others.
    pub merged: bool,
}

type Path<'a> = SmallVec<[&'a str; 3]>;

/// All of them, the earliest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Renames {
    all: Vec<Rename>,
    /// Their places, by what they were, and by what they became.
    by_from: Vec<usize>,
    by_to: Vec<usize>,
    /// All that some thing was called before, or that became one with others is called.
    ids: HashSet<Key>,
    /// What was recorded up to this version is called as it was called then.
    until: Option<i64>,
}

impl Renames {
    #[must_use]
    pub fn new(mut all: Vec<Rename>) -> Self {
        // Within a version their order does not matter: what one becomes is there, so it becomes nothing else.
        all.sort_by_key(|one| one.rules_version);
        let by = |end: fn(&Rename) -> &Key| {
            let mut places: Vec<usize> = (0..all.len()).collect();
            places.sort_by_key(|place| all.get(*place).map(|one| (one.what, end(one), *place)));
            places
        };
        let (by_from, by_to) = (by(|one| &one.from), by(|one| &one.to));
        let merged = all.iter().filter(|one| one.merged).map(|one| &one.to);
        let ids = all.iter().map(|one| &one.from).chain(merged).cloned().collect();
        Self { all, by_from, by_to, ids, until: None }
    }

    /// Those that go with a version that has the names `after` in the place of those `before`. `is_again`: its text has
    /// ruled before, so what it declares is what it was, and no namesake.
    #[must_use]
    pub fn by_version(
        &self,
        migration: &Migration,
        rules_version: i64,
        (before, after): (&BTreeSet<String>, &BTreeSet<String>),
        is_again: bool,
    ) -> Vec<Rename> {
        let mut change = Change { known: self, rules_version, after, found: Vec::new() };
        change.mapped(migration, before);
        let removed: Vec<Mapping> = before.difference(after).filter_map(|name| thing(name)).collect();
        // What others belong to comes first: what becomes of them rests on it.
        for depth in 1..=2 {
            for gone in removed.iter().filter(|one| one.what.levels().len() == depth) {
                if migration.target(gone.what, &ids(&gone.from)).is_none() {
                    change.went(gone, before, is_again);
                }
            }
        }
        if is_again {
            after.difference(before).filter_map(|name| thing(name)).for_each(|one| change.came_back(&one));
        }
        change.found
    }

    /// These, and others that come after them.
    #[must_use]
    pub fn and(self, later: Vec<Rename>) -> Self {
        Self { until: self.until, ..Self::new(self.all.into_iter().chain(later).collect()) }
    }

    /// Those up to a version.
    #[must_use]
    pub fn up_to(self, version: i64) -> Self {
        Self::new(self.all.into_iter().filter(|one| one.rules_version <= version).collect())
    }

    /// The same for who knows nothing of what came after a version, for what was recorded up to it.
    #[must_use]
    pub fn until(self, version: i64) -> Self {
        Self { until: Some(version), ..self }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Rename> {
        self.all.iter()
    }

    /// What a thing is called that was called so under a version of the rules.
    #[must_use]
    pub fn follow<'a>(&'a self, what: What, path: &[&'a str], made_under: i64) -> Followed<'a> {
        let (mut path, mut merged, mut at) = (Path::from_slice(path), false, made_under);
        // Most were never called otherwise.
        if !path.iter().any(|id| self.ids.contains(*id)) {
            return Followed { path, merged };
        }
        let until = self.known_from(made_under);
        let levels = what.levels();
        loop {
            let is_next = |one: &&Rename| one.rules_version > at && one.rules_version <= until;
            let next = levels.iter().filter_map(|(what, place)| {
                let (above, id) = (path.get(..*place)?, path.get(*place)?);
                let left = self.called(*what, id).find(|one| is_next(one) && one.is_under(above));
                let joined = self.becoming(*what, id).find(|one| one.merged && is_next(one) && one.is_under(above));
                left.into_iter().chain(joined).map(|one| one.rules_version).min()
            });
            let Some(version) = next.min() else { return Followed { path, merged } };
            let before = path.clone();
            for (what, place) in levels {
                let (Some(above), Some(id), Some(now)) =
                    (before.get(..*place), before.get(*place), path.get_mut(*place))
                else {
                    continue;
                };
                let by = |one: &&Rename| one.rules_version == version && one.is_under(above);
                *now = self.called(*what, id).find(by).map_or(*id, |one| &one.to);
                merged |= self.becoming(*what, now).filter(by).any(|one| one.merged);
            }
            at = version;
        }
    }

    /// What a stage is called that was called so under a version of the rules.
    #[must_use]
    pub fn stage_now(&self, funnel: &Key, stage: &Key, made_under: i64) -> Key {
        let now = self.follow(What::Stage, &[funnel, stage], made_under).path;
        now.last().filter(|now| ***now != **stage).map_or_else(|| stage.clone(), |now| Key::new(now))
    }

    /// Whether something recorded under a version may have other names by now.
    #[must_use]
    pub fn concern(&self, made_under: i64) -> bool {
        let next = self.all.partition_point(|one| one.rules_version <= made_under);
        self.all.get(next).is_some_and(|one| one.rules_version <= self.known_from(made_under))
    }

    /// The last version that counts for what was recorded under this one.
    fn known_from(&self, made_under: i64) -> i64 {
        self.until.filter(|until| made_under <= *until).unwrap_or(i64::MAX)
    }

    fn called<'a>(&'a self, what: What, id: &'a str) -> impl DoubleEndedIterator<Item = &'a Rename> {
        self.by(&self.by_from, |one| &one.from, what, id)
    }

    fn becoming<'a>(&'a self, what: What, id: &'a str) -> impl DoubleEndedIterator<Item = &'a Rename> {
        self.by(&self.by_to, |one| &one.to, what, id)
    }

    /// The earliest first.
    fn by<'a>(
        &'a self,
        places: &'a [usize],
        end: fn(&Rename) -> &Key,
        what: What,
        id: &str,
    ) -> impl DoubleEndedIterator<Item = &'a Rename> {
        let order = |place: &usize| self.all.get(*place).map(|one| (one.what, end(one).as_str()));
        let first = places.partition_point(|place| order(place) < Some((what, id)));
        let rest = places.get(first..).unwrap_or_default();
        let count = rest.partition_point(|place| order(place) == Some((what, id)));
        rest.iter().take(count).filter_map(|place| self.all.get(*place))
    }
}

impl Rename {
    fn is_under(&self, above: &[&str]) -> bool {
        self.above.iter().map(Key::as_str).eq(above.iter().copied())
    }
}

/// A change of rules: what it makes of what.
struct Change<'a> {
    known: &'a Renames,
    rules_version: i64,
    after: &'a BTreeSet<String>,
    found: Vec<Rename>,
}

impl Change<'_> {
    fn becomes(&mut self, what: What, above: &[Key], from: &Key, to: Key) {
        let (above, from) = (above.to_vec(), from.clone());
        let rules_version = self.rules_version;
        self.found.push(Rename { what, above, rules_version, from, to, merged: false });
    }

    /// What is said to become of what. A file says for years what became of what: only what goes now becomes anything.
    fn mapped(&mut self, migration: &Migration, before: &BTreeSet<String>) {
        let goes = |mapping: &&Mapping| before.contains(&Migration::name(mapping));
        let mappings: Vec<&Mapping> = migration.mappings.iter().filter(goes).collect();
        let mut targets: BTreeMap<String, usize> = BTreeMap::new();
        for mapping in &mappings {
            *targets.entry(migration.target_name(mapping)).or_default() += 1;
        }
        for mapping in mappings {
            let Some((from, above)) = mapping.from.split_last() else { continue };
            let (target, beside) = (migration.target_name(mapping), named(mapping.what, above, &mapping.to));
            let was_there = before.contains(&target) || before.contains(&beside);
            let merged = was_there || targets.get(&target).is_some_and(|others| *others > 1);
            self.becomes(mapping.what, above, from, mapping.to.clone());
            self.found.iter_mut().rev().take(1).for_each(|one| one.merged = merged);
        }
    }

    /// Of what goes and is not mapped: it goes along with what it belongs to, becomes again what it was before, or nothing.
    fn went(&mut self, gone: &Mapping, before: &BTreeSet<String>, is_again: bool) {
        let Some((id, above)) = gone.from.split_last() else { return };
        let above_then = self.now(gone.what, above);
        if name_before_it_went(above_then.last().unwrap_or(id)).is_some() {
            return;
        }
        if above_then != above && self.after.contains(&named(gone.what, &above_then, id)) {
            return;
        }
        let origin = is_again.then(|| self.origin(gone, above, before)).flatten();
        self.becomes(gone.what, above, id, origin.unwrap_or_else(|| went_with(id, self.rules_version)));
    }

    /// What leads to a thing, as it is called from now on.
    fn now(&self, what: What, above: &[Key]) -> Vec<Key> {
        let (Some((id, rest)), Some((parent, _))) = (above.split_last(), what.levels().first()) else {
            return above.to_vec();
        };
        let of = |one: &&Rename| one.what == *parent && one.from == *id && one.above == rest;
        let to = self.found.iter().find(of).filter(|_| *parent != what).map_or(id, |one| &one.to);
        rest.iter().chain([to]).cloned().collect()
    }

    /// The thing that was given this name, was it alone, and is there again.
    fn origin(&self, gone: &Mapping, above: &[Key], before: &BTreeSet<String>) -> Option<Key> {
        let id = gone.from.last()?;
        let last = self.known.becoming(gone.what, id).rev().find(|one| one.above == above)?;
        let name = named(gone.what, above, &last.from);
        (!last.merged && self.after.contains(&name) && !before.contains(&name)).then(|| last.from.clone())
    }

    /// Something that went before, and is there again with the text that had it.
    fn came_back(&mut self, one: &Mapping) {
        let Some((id, above)) = one.from.split_last() else { return };
        let last = self.known.called(one.what, id).rev().find(|known| known.above == above);
        let Some(last) = last.filter(|last| last.to == went_with(id, last.rules_version)) else { return };
        let path: Vec<&str> = last.above.iter().chain([&last.from]).map(Key::as_str).collect();
        let followed = self.known.follow(one.what, &path, last.rules_version - 1).path;
        let Some((gone, above)) = followed.split_last().filter(|(gone, _)| last.to == **gone) else { return };
        let (above, gone): (Vec<Key>, Key) = (above.iter().map(|id| Key::new(id)).collect(), Key::new(gone));
        self.becomes(one.what, &above, &gone, id.clone());
    }
}

fn ids(path: &[Key]) -> Path<'_> {
    path.iter().map(Key::as_str).collect()
}

fn named(what: What, above: &[Key], id: &Key) -> String {
    let from = above.iter().chain([id]).cloned().collect();
    Migration::name(&Mapping { what, from, to: id.clone() })
}

/// The thing that has a name, as it is; `None`: it is none that becomes another.
fn thing(name: &str) -> Option<Mapping> {
    let parts: Path<'_> = name.split('.').collect();
    let (what, from): (What, &[&str]) = match parts.as_slice() {
        ["funnels", funnel, "stages", stage] => (What::Stage, &[funnel, stage]),
        ["funnels", funnel, "stages", stage, "reasons", reason] => (What::Reason, &[funnel, stage, reason]),
        ["roles", role] => (What::Role, &[role]),
        ["grades", grade] => (What::Grade, &[grade]),
        ["products", product] => (What::Product, &[product]),
        ["fields", record, field] => (What::Field, &[record, field]),
        ["fields", record, field, "of", choice] => (What::Choice, &[record, field, choice]),
        ["activities", kind] => (What::Activity, &[kind]),
        ["activities", kind, "outcomes", outcome] => (What::Outcome, &[kind, outcome]),
        ["methods", method] => (What::Method, &[method]),
        _ => return None,
    };
    let from: Vec<Key> = from.iter().map(|id| Key::new(id)).collect();
    let to = from.last()?.clone();
    Some(Mapping { what, from, to })
}

/// The name of a thing that went with a version and became nothing.
fn went_with(id: &Key, rules_version: i64) -> Key {
    Key::from(format!("{id}@{rules_version}"))
}

/// What such a thing was called; `None`: it is none.
#[must_use]
pub fn name_before_it_went(id: &str) -> Option<Key> {
    id.split_once('@').map(|(name, _)| Key::new(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(path: &str) -> Vec<Key> {
        path.split_whitespace().map(Key::new).collect()
    }

    fn one(what: What, rules_version: i64, path: &str, to: &str) -> Rename {
        let (above, from) = path.rsplit_once(' ').unwrap_or(("", path));
        Rename { what, above: keys(above), rules_version, from: Key::new(from), to: Key::new(to), merged: false }
    }

    fn renames(all: &[(i64, &str, &str)]) -> Renames {
        let of = |(version, from, to): &(i64, &str, &str)| one(What::Stage, *version, &format!("standard {from}"), to);
        Renames::new(all.iter().map(of).collect())
    }

    /// What a thing is called, `merged` if it is one with others.
    fn now(renames: &Renames, what: What, path: &str, made_under: i64) -> String {
        let path: Vec<&str> = path.split_whitespace().collect();
        let Followed { path, merged } = renames.follow(what, &path, made_under);
        format!("{}{}", path.join(" "), if merged { ", merged" } else { "" })
    }

    fn stage(renames: &Renames, name: &str, made_under: i64) -> String {
        renames.stage_now(&Key::new("standard"), &Key::new(name), made_under).to_string()
    }

    fn named(names: &str) -> BTreeSet<String> {
        names.split_whitespace().map(str::to_owned).collect()
    }

    /// What a version makes of what.
    fn change(
        known: &Renames,
        mappings: &[(What, &str, &str)],
        version: i64,
        names: [&str; 2],
        again: bool,
    ) -> Renames {
        let mapping =
            |(what, from, to): &(What, &str, &str)| Mapping { what: *what, from: keys(from), to: Key::new(to) };
        let migration = Migration { mappings: mappings.iter().map(mapping).collect(), again: BTreeSet::new() };
        let [before, after] = names.map(named);
        known.clone().and(known.by_version(&migration, version, (&before, &after), again))
    }

    #[test]
    fn a_name_counts_for_what_its_stage_became_since() {
        // `x` becomes `y`, another `x` comes in 7 and becomes `z` in 9, `y` becomes `z` too.
        let all = renames(&[(9, "x", "z"), (5, "x", "y"), (8, "y", "z")]);
        let told = [("x", 4), ("x", 7), ("x", 9), ("y", 5), ("y", 8), ("a", 1)].map(|(name, at)| stage(&all, name, at));
        assert_eq!(told, ["z", "z", "x", "z", "y", "a"]);
        // Who knows nothing of what came after 5 takes what was recorded up to then as it was called then.
        let early = all.clone().until(5);
        assert_eq!([("x", 4), ("y", 5), ("y", 6)].map(|(name, at)| stage(&early, name, at)), ["y", "y", "z"]);
        assert_eq!(stage(&all.clone().up_to(5), "x", 4), "y");
        assert_eq!(now(&all, What::Stage, "other x", 1), "other x");
        assert_eq!([4, 8, 9].map(|version| all.concern(version)), [true, true, false]);
        assert_eq!([4, 5, 8].map(|version| early.concern(version)), [true, false, true]);
        assert_eq!(name_before_it_went("x@2"), Some(Key::new("x")));
    }

    #[test]
    fn what_belongs_to_a_thing_goes_along_with_it() {
        let all = Renames::new(vec![
            one(What::Field, 3, "deal size", "volume"),
            one(What::Choice, 3, "deal size big", "huge"),
            one(What::Choice, 5, "deal volume huge", "vast"),
            one(What::Activity, 4, "call", "phone"),
            one(What::Outcome, 6, "phone reached", "talked"),
        ]);
        let choice = |choice: &str, version| now(&all, What::Choice, &format!("deal size {choice}"), version);
        assert_eq!([choice("big", 2), choice("small", 2)], ["deal volume vast", "deal volume small"]);
        assert_eq!(now(&all, What::Choice, "deal volume huge", 4), "deal volume vast");
        assert_eq!(now(&all, What::Choice, "customer size big", 2), "customer size big");
        assert_eq!(
            ["reached", "silence"].map(|outcome| now(&all, What::Outcome, &format!("call {outcome}"), 1)),
            ["phone talked", "phone silence"]
        );
    }

    #[test]
    fn a_version_says_what_becomes_of_what_and_what_went() {
        let before = "roles.seller products.web products.hosting fields.deal.size fields.deal.size.of.big \
            fields.deal.size.of.small activities.call activities.mail activities.mail.outcomes.sent";
        let after = "roles.consultant products.hosting fields.deal.volume fields.deal.volume.of.big activities.call";
        let mappings = [
            (What::Role, "seller", "consultant"),
            (What::Field, "deal size", "volume"),
            (What::Activity, "mail", "call"),
            // It went long ago: what became of it was said then.
            (What::Product, "leaflets", "hosting"),
        ];
        let all = change(&Renames::default(), &mappings, 2, [before, after], false);
        let told = [
            (What::Role, "seller"),
            (What::Product, "web"),
            (What::Product, "leaflets"),
            (What::Choice, "deal size big"),
            (What::Choice, "deal size small"),
            (What::Activity, "mail"),
            (What::Activity, "call"),
            (What::Outcome, "mail sent"),
        ];
        assert_eq!(
            told.map(|(what, path)| now(&all, what, path, 1)),
            [
                "consultant",
                "web@2",
                "leaflets",
                "deal volume big",
                "deal volume small@2",
                "call, merged",
                "call, merged",
                "call sent@2, merged",
            ]
        );
        // What comes under an old name later has no part in it, unless with a text that ruled before.
        let namesake = change(&all, &[], 3, [after, &format!("{after} products.web")], false);
        assert_eq!([1, 3].map(|version| now(&namesake, What::Product, "web", version)), ["web@2", "web"]);
        let back = change(&all, &[], 3, [after, before], true);
        let told = [
            (What::Role, "seller"),
            (What::Product, "web"),
            (What::Choice, "deal size small"),
            (What::Field, "deal size"),
        ];
        assert_eq!(
            told.map(|(what, path)| now(&back, what, path, 1)),
            ["seller", "web", "deal size small", "deal size"]
        );
        // It is not known which of the calls were mails.
        assert_eq!(now(&back, What::Activity, "mail", 1), "call, merged");
    }

    #[test]
    fn stages_that_went_come_back_with_the_text_that_had_them() {
        let at = |stage: &str| format!("funnels.standard.stages.{stage}");
        let (x, y) = (at("x"), at("y"));
        let went = change(&Renames::default(), &[], 2, [&x, ""], false);
        assert_eq!(stage(&went, "x", 1), "x@2");
        assert_eq!(change(&went, &[], 3, ["", &x], false), went);
        assert_eq!(stage(&change(&went, &[], 3, ["", &x], true), "x", 1), "x");
        // So does what had another name, if it had it alone.
        let early = renames(&[(5, "x", "y")]);
        let back = change(&early, &[], 6, [&y, &x], true);
        assert_eq!(["x", "y"].map(|name| stage(&back, name, 4)), ["x", "x"]);
    }
}
