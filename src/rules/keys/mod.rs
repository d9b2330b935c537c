//! Every key of the format: its name, what may stand there, an example. One table (`table`) from which the checker
//! knows what is allowed, the JSON Schema is generated, and `loudou keys` answers; so they cannot disagree.
//! What a key means is a text of the product (`key_<shape>_<name>`), in every language.

mod kinds;
mod markdown;
mod scenes;
pub mod table;

pub use kinds::Kind;
pub use markdown::markdown;

use crate::texts::Message;
use crate::values::Language;
use std::fmt::Write as _;

/// A mapping with known keys.
#[derive(Debug)]
pub struct Shape {
    /// One word: part of the codes of its keys' meanings.
    pub name: &'static str,
    pub keys: &'static [Key],
    /// What stands under keys that the company names itself, beside the known ones.
    pub rest: Option<&'static Kind>,
}

/// A key of the format.
#[derive(Debug)]
pub struct Key {
    pub name: &'static str,
    pub kind: Kind,
    pub required: bool,
    /// One line of a rules file.
    pub example: &'static str,
}

impl Key {
    const fn new(name: &'static str, kind: Kind, example: &'static str) -> Self {
        Self { name, kind, required: false, example }
    }

    const fn required(name: &'static str, kind: Kind, example: &'static str) -> Self {
        Self { name, kind, required: true, example }
    }

    /// Of a later version: refused until its behaviour exists.
    const fn later(name: &'static str) -> Self {
        Self { name, kind: Kind::Later, required: false, example: "" }
    }

    /// Whether this version knows it.
    #[must_use]
    pub fn is_known(&self) -> bool {
        !matches!(self.kind, Kind::Later)
    }
}

impl Shape {
    /// Key of this name, of this version or a later one.
    #[must_use]
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// What a key means.
    #[must_use]
    pub fn meaning(&self, key: &Key) -> Message {
        Message { code: format!("key_{}_{}", self.name, key.name).into(), args: std::collections::BTreeMap::new() }
    }
}

/// A key with the way to it: `funnels.<id>.stages[].holding`.
#[derive(Debug)]
pub struct Found {
    pub path: String,
    pub shape: &'static Shape,
    pub key: &'static Key,
}

/// Every key of this version, each with the way to it, in the order of the table.
#[must_use]
pub fn all() -> Vec<Found> {
    let mut found = Vec::new();
    walk(&table::FILE, "", &mut Vec::new(), &mut found);
    found
}

fn walk(shape: &'static Shape, path: &str, above: &mut Vec<&'static str>, found: &mut Vec<Found>) {
    if above.contains(&shape.name) {
        return;
    }
    above.push(shape.name);
    for key in shape.keys.iter().filter(|key| key.is_known()) {
        let path = if path.is_empty() { key.name.to_owned() } else { format!("{path}.{}", key.name) };
        found.push(Found { path: path.clone(), shape, key });
        below(&key.kind, &path, above, found);
    }
    if let Some(kind) = shape.rest {
        below(kind, &format!("{path}.<name>"), above, found);
    }
    above.pop();
}

fn below(kind: &'static Kind, path: &str, above: &mut Vec<&'static str>, found: &mut Vec<Found>) {
    match kind {
        Kind::Shape(shape) => walk(shape, path, above, found),
        Kind::ListOf(kind) => below(kind, &format!("{path}[]"), above, found),
        Kind::MapOf(kind) => below(kind, &format!("{path}.<id>"), above, found),
        Kind::Either(kinds) => kinds.iter().for_each(|kind| below(kind, path, above, found)),
        Kind::Figure(kind) => below(kind, path, above, found),
        _ => {}
    }
}

/// Keys that `asked` can mean: a whole path or its end, with or without the company's own ids
/// (`funnels.standard.stages.holding`, `stages.holding`, `holding`). Empty = nothing of that name.
#[must_use]
pub fn find(asked: &str) -> Vec<Found> {
    let asked: Vec<String> = words(asked).collect();
    let mut all = all();
    all.retain(|found| {
        let path: Vec<String> = words(&found.path).filter(|word| !word.starts_with('<')).collect();
        ends_with(&path, &asked)
    });
    all
}

fn words(path: &str) -> impl Iterator<Item = String> {
    path.split(['.', '[', ']', '/']).map(str::trim).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// Whether the last words of both are the same, where `asked` may have further words (ids, numbers) in between.
fn ends_with(path: &[String], asked: &[String]) -> bool {
    let (Some(last), Some(wanted)) = (path.last(), asked.last()) else { return false };
    if last != wanted {
        return false;
    }
    let known: Vec<&String> = asked.iter().filter(|word| path.contains(word)).collect();
    let start = path.len().saturating_sub(known.len());
    path.iter().skip(start).eq(known) || path.len() == asked.len() && path == asked
}

/// What the keys mean, as text for a terminal.
#[must_use]
pub fn reference(found: &[Found], wanted: &[Language]) -> String {
    let mut out = String::new();
    for Found { path, shape, key } in found {
        let _ = writeln!(out, "{path}");
        let _ = writeln!(out, "  {}", shape.meaning(key).render(wanted));
        let _ = writeln!(out, "  {}", key.kind.sentence(wanted));
        if key.required {
            let _ = writeln!(out, "  {}", Message::new("key_is_required").render(wanted));
        }
        let _ = writeln!(out, "  {}\n", Message::new("key_example").with("example", key.example).render(wanted));
    }
    out
}
