//! The map of the house, enforced: who may name whom, who may name which crate, what is pure, how large a file may be;
//! and the licences of everything that is built in. A rule about this code is run here, or it is not written down.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    missing_debug_implementations,
    reason = "a test that meets what it does not expect ends there"
)]

mod licences;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Modules in the order of the map; a module names only what stands before it.
const ORDER: [&str; 8] = ["values", "texts", "rules", "engine", "insight", "store", "workflow", "api"];
/// What stands outside of the order, and what it may name of the house.
const BESIDES: [(&str, &[&str]); 3] = [
    ("settings", &["values"]),
    ("jobs", &["values", "texts", "rules", "engine", "insight", "store", "workflow", "settings"]),
    ("cli", &["values", "texts", "rules", "engine", "insight", "store", "workflow", "api", "jobs", "settings"]),
];
/// What `api` may name besides the order: how the process runs.
const API_BESIDES: [&str; 1] = ["settings"];

/// Crates that only one place may name.
const ROOMS: [(&str, &[&str]); 10] = [
    ("diesel", &["store/"]),
    ("diesel_async", &["store/"]),
    ("diesel_migrations", &["store/"]),
    ("tokio_postgres", &["store/"]),
    ("actix_web", &["api/"]),
    ("actix_cors", &["api/"]),
    ("utoipa", &["api/"]),
    ("jsonwebtoken", &["api/"]),
    ("argon2", &["workflow/passwords.rs"]),
    ("serde_yaml", &["rules/document.rs"]),
];

/// What a pure module never names.
const IMPURE: [&str; 9] = [
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "SystemTime",
    "std::time::Instant",
    "tokio::",
    "Utc::now",
];
const PURE: [&str; 5] = ["values", "texts", "rules", "engine", "insight"];

/// Most lines of a file before its tests: what one can hold in mind.
const MOST_LINES: usize = 520;

/// Names that say nothing.
const EMPTY_NAMES: [&str; 7] = ["utils", "util", "common", "helpers", "helper", "manager", "misc"];

struct Source {
    /// Below `src/`, with slashes.
    path: String,
    /// Before the first test module, without comments.
    code: String,
    lines: usize,
    opens_with_words: bool,
}

impl Source {
    fn module(&self) -> &str {
        self.path.split(['/', '.']).next().unwrap_or_default()
    }

    fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("tests.rs")
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let before_tests = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
                let code: Vec<&str> =
                    before_tests.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
                found.push(Source {
                    path: path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/"),
                    lines: before_tests.lines().count(),
                    opens_with_words: text.starts_with("//!"),
                    code: code.join("\n"),
                });
            }
        }
    }
    assert!(found.len() > 50, "where have the sources gone?");
    found
}

fn may_name(module: &str) -> Vec<&'static str> {
    if let Some((_, named)) = BESIDES.iter().find(|(name, _)| *name == module) {
        return named.to_vec();
    }
    let own = ORDER.iter().position(|name| *name == module);
    let mut named: Vec<&str> = ORDER.iter().take(own.unwrap_or(0)).copied().collect();
    if module == "api" {
        named.extend(API_BESIDES);
    }
    named
}

/// The modules of the house that a source names.
fn named(code: &str) -> Vec<String> {
    let mut found: Vec<String> = code
        .match_indices("crate::")
        .map(|(at, word)| {
            let rest = &code[at + word.len()..];
            rest.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect()
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

#[test]
fn a_module_names_only_what_stands_before_it() {
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| !["main.rs", "lib.rs"].contains(&source.path.as_str())) {
        let allowed = may_name(source.module());
        for name in named(&source.code) {
            let known = ORDER.contains(&name.as_str()) || BESIDES.iter().any(|(besides, _)| *besides == name);
            if known && name != source.module() && !allowed.contains(&name.as_str()) && !source.is_test() {
                faults.push(format!("{} names `{name}`", source.path));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn the_map_lists_every_module() {
    let map = include_str!("../../src/lib.rs");
    let mut modules: Vec<&str> =
        map.lines().filter_map(|line| line.strip_prefix("pub mod ").and_then(|rest| rest.strip_suffix(';'))).collect();
    modules.sort_unstable();
    let mut known: Vec<&str> = ORDER.iter().copied().chain(BESIDES.iter().map(|(name, _)| *name)).collect();
    known.retain(|name| *name != "jobs" || modules.contains(name));
    known.sort_unstable();
    assert_eq!(modules, known);
    for module in modules {
        assert!(map.contains(&format!("| `{module}` |")), "the map does not say what `{module}` is for");
    }
}

#[test]
fn a_crate_is_named_only_in_its_room() {
    let mut faults = Vec::new();
    for source in sources() {
        for (name, rooms) in ROOMS {
            let names = [format!("use {name}::"), format!(" {name}::"), format!("({name}::"), format!("<{name}::")];
            let is_named = names.iter().any(|words| source.code.contains(words.as_str()));
            if is_named && !rooms.iter().any(|room| source.path.starts_with(room)) {
                faults.push(format!("{} names `{name}`", source.path));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn the_pure_modules_touch_nothing_outside() {
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| PURE.contains(&source.module()) && !source.is_test()) {
        for word in IMPURE {
            if source.code.contains(word) {
                faults.push(format!("{} names `{word}`", source.path));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn statements_are_not_made_of_strings() {
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| source.path.starts_with("store/") && !source.is_test()) {
        for words in
            ["sql_query(format!", "sql_query(&format!", "batch_execute(&format!(\"SELECT", "(sql::<", " sql::<"]
        {
            if source.code.contains(words) {
                faults.push(format!("{} has `{words}`", source.path));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_file_says_what_it_is_and_is_about_one_thing() {
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| !source.is_test()) {
        if !source.opens_with_words {
            faults.push(format!("{} does not open with what it is (`//!`)", source.path));
        }
        if source.lines > MOST_LINES {
            faults.push(format!("{} has {} lines before its tests", source.path, source.lines));
        }
        let stem = source.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs");
        if EMPTY_NAMES.contains(&stem) || stem.starts_with("handle_") {
            faults.push(format!("{} has a name that says nothing", source.path));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// The required top level: whoever opens the repository finds each thing where the map says.
#[test]
fn the_top_level_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let wanted: BTreeMap<&str, bool> = [
        "Cargo.toml",
        "Cargo.lock",
        "src",
        "config",
        "migrations",
        "openapi",
        "tests",
        "README.md",
        "CHANGELOG.md",
        "LICENSE",
    ]
    .into_iter()
    .map(|name| (name, root.join(name).exists()))
    .collect();
    assert!(wanted.values().all(|there| *there), "{wanted:#?}");
}
