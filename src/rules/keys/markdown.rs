//! The reference as a page: `docs/rules-keys.md`, made by `loudou keys --markdown`, committed and compared by a test.
//! Everything on it comes from the tables that the checker itself uses.

use super::{Found, Kind, Shape, all, table};
use crate::rules::expression::environment;
use crate::rules::model::Action;
use crate::texts::of_the_checker;
use crate::values::Language;
use indexmap::IndexMap;
use std::fmt::Write as _;

/// The page. English only: so are the keys.
#[must_use]
pub fn markdown() -> String {
    let mut out = String::from(
        "# Keys, actions, names and problems of the rules file\n\n\
         Made by `loudou keys --markdown`; what they mean together is in [rules-reference.md](rules-reference.md). \
         `loudou keys stages.holding` says the same of one key.\n\n## Keys\n",
    );
    let mut places: IndexMap<&str, (&Shape, Vec<String>)> = IndexMap::new();
    for Found { path, shape, .. } in all() {
        let above = path.rsplit_once('.').map_or("", |(above, _)| above).trim_end_matches("[]").to_owned();
        let (_, places) = places.entry(shape.name).or_insert_with(|| (shape, Vec::new()));
        if !places.contains(&above) {
            places.push(above);
        }
    }
    for (shape, places) in places.values() {
        let places: Vec<String> = places.iter().map(|place| format!("`{place}`")).collect();
        let (first, others) = places.split_first().map_or(("", &[][..]), |(first, others)| (first, others));
        keys_of(shape, if first == "``" { "The file" } else { first }, &mut out);
        if !others.is_empty() {
            let _ = writeln!(out, "\nThe same under {}.", others.join(", "));
        }
    }
    keys_of(&table::CASE, "A case of a figure", &mut out);
    out.push_str("\n## Actions\n\n| action | in `group.*` |\n|---|---|\n");
    for action in Action::ALL {
        let named = if action.by_name_only() { "no: by its name only" } else { "yes" };
        let _ = writeln!(out, "| `{}` | {named} |", action.word());
    }
    out.push_str(
        "\n## Names and functions of expressions\n\n\
         **R** conditions of grants that read · **M** moves, criteria, validations, grants that write, `never` · \
         **G** grades · **F** cases of figures\n\n| | places |\n|---|---|\n",
    );
    for (usage, places) in environment() {
        let _ = writeln!(out, "| `{}` | {places} |", cell(&usage));
    }
    out.push_str("\n## Problems of the checker\n\n| code | what it says |\n|---|---|\n");
    for (code, sentence) in of_the_checker() {
        let _ = writeln!(out, "| `{code}` | {} |", cell(&sentence));
    }
    out
}

fn keys_of(shape: &Shape, title: &str, out: &mut String) {
    let _ = writeln!(out, "\n### {title}\n\n| key | what stands there | meaning | example |\n|---|---|---|---|");
    let english = [Language::new("en")];
    for key in shape.keys.iter().filter(|key| key.is_known()) {
        let needed = if key.required { " (required)" } else { "" };
        let meaning = shape.meaning(key).render(&english);
        let kind = cell(&key.kind.sentence(&english));
        let _ = writeln!(out, "| `{}`{needed} | {kind} | {} | `{}` |", key.name, cell(&meaning), cell(key.example));
    }
    // A deal of a scenario, by the name it has there.
    if let Some(kind) = shape.rest {
        let what = if matches!(kind, Kind::Shape(_)) { "the name of a deal" } else { "a name of your own" };
        let _ = writeln!(out, "| {what} | {} | | |", cell(&kind.sentence(&english)));
    }
}

/// Text within a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
