//! What differs between two rules, in words: a list of changes, each with its place in the file, a coded message and,
//! for programs, the values before and after. Pure; rendered in the reader's language only when it is read.
//!
//! Both rules are described as trees of things that have a name (`describe`), which are then compared alike, whatever they
//! are. What roles may do is compared by its meaning instead (`permissions`): a grant has no name.

mod calendar;
mod describe;
mod gains;
mod permissions;
#[cfg(test)]
mod tests;

pub use gains::{FieldAccess, PermissionChange, gains};

use super::migrate::Migration;
use super::model::Rules;
use crate::texts::{Arg, Message};
use crate::values::{Language, Localized};
use serde::Serialize;
use std::collections::BTreeSet;

/// Something that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Where in the file: names with dots between, such as `funnels.standard.stages.lead`.
    pub place: String,
    pub kind: ChangeKind,
    pub message: Message,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    Added,
    Removed,
    Changed,
}

/// What differs between two rules, in the order of the file.
#[must_use]
pub fn diff(before: &Rules, after: &Rules) -> Vec<Change> {
    let mut changes = Vec::new();
    compare("", &describe::whole(before), &describe::whole(after), &mut changes);
    calendar::compare(&before.calendar, &after.calendar, &mut changes);
    permissions::compare(before, after, &mut changes);
    changes.extend(becomes(&before.migrate, &after.migrate));
    changes
}

/// What the other rules say becomes of things in use, and these do not say.
fn becomes<'a>(before: &'a Migration, after: &'a Migration) -> impl Iterator<Item = Change> {
    let change = |place: String, message| Change { place, kind: ChangeKind::Added, message };
    let mapped = after.mappings.iter().filter(|one| !before.mappings.contains(one)).map(move |one| {
        let (name, target) = (Migration::name(one), after.target_name(one));
        let message = Message::new("diff_becomes").with("name", name.as_str()).with("target", target);
        change(format!("migrate.{name}"), message)
    });
    let again = after.again.difference(&before.again).map(move |name| {
        change(format!("migrate.again.{name}"), Message::new("diff_again").with("name", name.as_str()))
    });
    mapped.chain(again)
}

/// The changes as lines of text.
#[must_use]
pub fn text(changes: &[Change], wanted: &[Language]) -> String {
    if changes.is_empty() {
        return format!("{}\n", Message::new("diff_nothing").render(wanted));
    }
    let sign = |change: &Change| match change.kind {
        ChangeKind::Added => '+',
        ChangeKind::Removed => '-',
        ChangeKind::Changed => '~',
    };
    changes.iter().map(|change| format!("{} {}\n", sign(change), change.message.render(wanted))).collect()
}

/// A change as JSON tells it.
#[derive(Clone, Debug, Serialize)]
pub struct ChangeView<'a> {
    #[serde(flatten)]
    change: &'a Change,
    /// The message in words.
    text: String,
}

/// The changes for JSON, their sentences in the first of `wanted` that is spoken.
#[must_use]
pub fn views<'a>(changes: &'a [Change], wanted: &[Language]) -> Vec<ChangeView<'a>> {
    changes.iter().map(|change| ChangeView { change, text: change.message.render(wanted) }).collect()
}

/// Something in the rules that has a name: a stage, a field, a role.
struct Thing {
    /// The code of the word for it: `diff_stage`.
    what: &'static str,
    /// Its name among its like.
    id: String,
    label: Option<Localized>,
    /// What is said of it, by the codes of the words for that.
    says: Vec<(&'static str, Option<Arg>)>,
    parts: Vec<Parts>,
}

/// What a thing is made of.
struct Parts {
    /// The key in the file; empty where they stand right under the thing.
    key: &'static str,
    /// Whether their order means something; the code of the word for all of them.
    order: Option<&'static str>,
    things: Vec<Thing>,
}

impl Thing {
    fn new(what: &'static str, id: &str) -> Self {
        Self { what, id: id.to_owned(), label: None, says: Vec::new(), parts: Vec::new() }
    }

    fn labelled(mut self, label: &Localized) -> Self {
        self.label = Some(label.clone());
        self
    }

    fn says(mut self, word: &'static str, value: impl Into<Arg>) -> Self {
        self.says.push((word, Some(value.into())));
        self
    }

    fn may_say<T: Into<Arg>>(mut self, word: &'static str, value: Option<T>) -> Self {
        self.says.push((word, value.map(Into::into)));
        self
    }

    fn marked(self, word: &'static str, is: bool) -> Self {
        self.says(word, Arg::Word(if is { "diff_yes" } else { "diff_no" }.into()))
    }

    fn with(mut self, key: &'static str, order: Option<&'static str>, things: Vec<Thing>) -> Self {
        self.parts.push(Parts { key, order, things });
        self
    }

    fn label(&self) -> Arg {
        self.label.clone().map_or_else(|| Arg::Text(self.id.clone()), Arg::Label)
    }

    fn message(&self, code: &'static str) -> Message {
        let message = Message::new(code).with("what", Arg::Word(self.what.into())).with("name", self.id.as_str());
        message.with("label", self.label())
    }
}

/// Two of the same name.
fn compare(place: &str, before: &Thing, after: &Thing, changes: &mut Vec<Change>) {
    let mut changed = |message| changes.push(Change { place: place.to_owned(), kind: ChangeKind::Changed, message });
    // Ids in words are no label: an id that only got its words in another language did not change.
    if let (Some(old), Some(new)) = (&before.label, &after.label)
        && old.texts() != new.texts()
    {
        changed(after.message("diff_label").with("before", told(old)).with("after", told(new)));
    }
    let words: Vec<&'static str> = after.says.iter().chain(&before.says).map(|(word, _)| *word).collect();
    let mut seen = BTreeSet::new();
    for word in words.into_iter().filter(|word| seen.insert(*word)) {
        let of = |thing: &Thing| thing.says.iter().find(|(said, _)| *said == word).and_then(|(_, value)| value.clone());
        let message = |code| after.message(code).with("property", Arg::Word(word.into()));
        match (of(before), of(after)) {
            (old, new) if old == new => {}
            (Some(old), Some(new)) => changed(message("diff_changed").with("before", old).with("after", new)),
            (None, Some(new)) => changed(message("diff_set").with("after", new)),
            (Some(old), None) => changed(message("diff_unset").with("before", old)),
            (None, None) => {}
        }
    }
    for parts in &after.parts {
        let Some(old) = before.parts.iter().find(|old| old.key == parts.key) else { continue };
        let place = match (place, parts.key) {
            (place, "") => place.to_owned(),
            ("", key) => key.to_owned(),
            (place, key) => format!("{place}.{key}"),
        };
        compare_parts(&place, after, old, parts, changes);
    }
}

fn compare_parts(place: &str, of: &Thing, before: &Parts, after: &Parts, changes: &mut Vec<Change>) {
    let find = |parts: &'_ Parts, id: &str| parts.things.iter().position(|thing| thing.id == id);
    for thing in &after.things {
        let place = format!("{place}.{}", thing.id);
        match find(before, &thing.id).and_then(|at| before.things.get(at)) {
            Some(old) => compare(&place, old, thing, changes),
            None => changes.push(Change { place, kind: ChangeKind::Added, message: thing.message("diff_added") }),
        }
    }
    for thing in before.things.iter().filter(|thing| find(after, &thing.id).is_none()) {
        let place = format!("{place}.{}", thing.id);
        changes.push(Change { place, kind: ChangeKind::Removed, message: thing.message("diff_removed") });
    }
    let Some(word) = after.order else { return };
    let both = |parts: &Parts, other: &Parts| -> Vec<String> {
        parts.things.iter().map(|thing| thing.id.clone()).filter(|id| find(other, id).is_some()).collect()
    };
    let (old, new) = (both(before, after), both(after, before));
    if old != new {
        let message = of.message("diff_order").with("property", Arg::Word(word.into()));
        let message = message.with("before", old.join(", ")).with("after", new.join(", "));
        changes.push(Change { place: place.to_owned(), kind: ChangeKind::Changed, message });
    }
}

/// A label in all its languages: a change of one of them must show to readers of another.
fn told(label: &Localized) -> String {
    let mut texts: Vec<&str> = label.texts().values().map(String::as_str).collect();
    texts.dedup();
    texts.join(" / ")
}
