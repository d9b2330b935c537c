//! The rules of the house that a program can check: who may name whom, what stays pure, how large a file grows, what a
//! thing may be called. Reads the sources; a rule that is not run here, or by the compiler or clippy, is not a rule.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_debug_implementations,
    reason = "a test that meets what it does not expect ends there"
)]

mod licences;

use regex::Regex;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// Files larger than the house allows, with the size that each may not grow past. The list may only shrink.
const TOO_LARGE: &[(&str, usize)] = &[];

/// Lines of a file before its tests.
const LARGEST_FILE: usize = 400;

/// Rooms that compute and nothing else: no clock, no environment, no files, no network, no threads.
const PURE: [&str; 5] = ["values", "texts", "rules", "engine", "insight"];

/// Crates that only one room names, and why the others have its own words for what they do.
const NAMED_ONLY_BY: &[(&str, &[&str])] = &[
    ("diesel", &["store"]),
    ("diesel_async", &["store"]),
    ("diesel_migrations", &["store"]),
    ("tokio_postgres", &["store"]),
    ("actix_web", &["api"]),
    ("actix_cors", &["api"]),
    ("utoipa", &["api"]),
    ("utoipa_swagger_ui", &["api"]),
    ("jsonwebtoken", &["api"]),
    ("argon2", &["workflow/passwords.rs"]),
    ("clap", &["settings", "cli"]),
    ("tracing_subscriber", &["cli"]),
    ("serde_yaml", &["rules/document.rs"]),
];

/// A source file.
struct Source {
    /// From `src`: `api/door.rs`.
    path: String,
    /// As written.
    text: String,
    /// Without comments, texts and what only tests see.
    code: String,
}

impl Source {
    fn room(&self) -> &str {
        self.path.split('/').next().unwrap().trim_end_matches(".rs")
    }

    /// Compiled into tests only.
    fn is_test(&self) -> bool {
        let parts: Vec<&str> = self.path.split(['/', '.']).collect();
        parts.contains(&"tests") || self.path == "api/sample.rs"
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
}

/// The sources of the product, read once.
fn sources() -> &'static [Source] {
    static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(read);
    &SOURCES
}

fn read() -> Vec<Source> {
    let mut found = Vec::new();
    files(&root().join("src"), &mut found);
    let comment_or_text = Regex::new(r##"(?s)//[^\n]*|r#".*?"#|"(?:[^"\\]|\\.)*"|'(?:\\.|[^'\\])'"##).unwrap();
    found
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let path = path.strip_prefix(root().join("src")).unwrap().to_str().unwrap().to_owned();
            let code = before_tests(&text);
            let code = comment_or_text.replace_all(&code, "\"\"").into_owned();
            Source { path, text, code }
        })
        .collect()
}

/// What stands before the tests at the end of a file.
fn before_tests(text: &str) -> String {
    let end = text.find("\n#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    text[..end].to_owned()
}

/// The rooms in the order of the map in `lib.rs`.
fn map() -> Vec<String> {
    let text = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let row = Regex::new(r"(?m)^//! \| `([a-z_]+)` \|").unwrap();
    row.captures_iter(&text).map(|found| found[1].to_owned()).collect()
}

#[track_caller]
fn none(rule: &str, faults: &[String]) {
    assert!(faults.is_empty(), "{rule}:\n  {}", faults.join("\n  "));
}

#[test]
fn the_map_names_every_room_and_no_other() {
    let text = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let declared = Regex::new(r"(?m)^(?:pub )?mod ([a-z_]+);").unwrap();
    let mut declared: Vec<String> = declared.captures_iter(&text).map(|found| found[1].to_owned()).collect();
    let mut mapped = map();
    declared.sort();
    mapped.sort();
    assert_eq!(mapped, declared, "the map in `lib.rs` and its modules differ");
    let rooms: std::collections::BTreeSet<String> = sources().iter().map(|source| source.room().to_owned()).collect();
    let rooms: Vec<String> = rooms.into_iter().filter(|room| room != "lib" && room != "main").collect();
    assert_eq!(mapped, rooms, "the map in `lib.rs` and the folders of `src` differ");
}

#[test]
fn a_room_names_only_what_stands_before_it() {
    let map = map();
    let place = |room: &str| map.iter().position(|one| one == room);
    let named = Regex::new(r"\bcrate::(?:\{([^;]*)\}|([a-z_]+))").unwrap();
    let word = Regex::new(r"(?:^|[{,]\s*)([a-z_]+)(?:::|\s*[,}]|$)").unwrap();
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| !["lib.rs", "main.rs"].contains(&source.path.as_str())) {
        let own = place(source.room()).unwrap_or_else(|| panic!("{} is in no room of the map", source.path));
        for found in named.captures_iter(&source.code) {
            let names: Vec<String> = match (found.get(1), found.get(2)) {
                (Some(list), _) => word.captures_iter(list.as_str()).map(|name| name[1].to_owned()).collect(),
                (None, Some(one)) => vec![one.as_str().to_owned()],
                (None, None) => Vec::new(),
            };
            for name in names {
                let is_jobs_naming_api = source.room() == "jobs" && name == "api";
                if place(&name).is_some_and(|other| other > own) || is_jobs_naming_api {
                    faults.push(format!("{} names `{name}`", source.path));
                }
            }
        }
    }
    none("a room names only what stands before it in the map", &faults);
}

#[test]
fn a_crate_is_named_only_by_its_room() {
    let mut faults = Vec::new();
    for (name, rooms) in NAMED_ONLY_BY {
        let named = Regex::new(&format!(r"\b{name}(?:::|;| as )")).unwrap();
        let allowed = |source: &Source| rooms.contains(&source.room()) || rooms.contains(&source.path.as_str());
        for source in sources().iter().filter(|source| !source.is_test() && !allowed(source)) {
            if named.is_match(&source.code) {
                faults.push(format!("{} names `{name}`, which is for {}", source.path, rooms.join(", ")));
            }
        }
    }
    none("a crate is named only by its room", &faults);
}

#[test]
fn what_computes_does_nothing_else() {
    let world = r"\bSystemTime\b|\bInstant\b|\bstd::(?:env|fs|net|process|thread|io)\b|\btokio\b|\b(?:Utc|Local)::now\b|\be?println!";
    let world = Regex::new(world).unwrap();
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| PURE.contains(&source.room()) && !source.is_test()) {
        faults.extend(world.find_iter(&source.code).map(|found| format!("{}: `{}`", source.path, found.as_str())));
        // The one exception, stated there: an id carries the instant of its making.
        if source.code.contains("now_v7") && source.path != "values/id.rs" {
            faults.push(format!("{}: `now_v7`", source.path));
        }
    }
    none("these rooms are pure", &faults);
}

#[test]
fn there_is_one_clock() {
    let clock = Regex::new(r"\b(?:Utc|Local|SystemTime)::now\b").unwrap();
    let others = sources().iter().filter(|source| source.room() != "cli" && clock.is_match(&source.code));
    let faults: Vec<String> = others.map(|source| format!("{} reads a clock of its own", source.path)).collect();
    none("`now` is handed in; only `cli` reads the clock", &faults);
}

#[test]
fn files_stay_small() {
    let allowed: BTreeMap<&str, usize> = TOO_LARGE.iter().copied().collect();
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| !source.is_test()) {
        let lines = before_tests(&source.text).lines().count();
        match allowed.get(source.path.as_str()) {
            None if lines > LARGEST_FILE => {
                faults.push(format!("{} has {lines} lines before its tests: split it", source.path));
            }
            Some(most) if lines > *most => {
                faults.push(format!("{} has grown from {most} to {lines} lines", source.path))
            }
            Some(most) if lines < *most => {
                faults.push(format!("{} has shrunk from {most} to {lines} lines: say so in the list", source.path));
            }
            None | Some(_) => {}
        }
    }
    none("files stay small", &faults);
}

#[test]
fn every_file_says_what_lives_in_it() {
    let silent = sources().iter().filter(|source| !source.is_test() && !source.text.starts_with("//! "));
    let faults: Vec<String> = silent.map(|source| source.path.clone()).collect();
    none("every file opens with a `//!` paragraph", &faults);
}

#[test]
fn no_statement_is_put_together_from_text() {
    let made = Regex::new(r#"(?is)(?:format|write|writeln)!\(\s*(?:\w+,\s*)?"[^"]*\b(?:select|insert into|update|delete from|where|order by)\b[^"]*\{"#)
        .unwrap();
    let query = Regex::new(r"sql_query\(\s*&?format!").unwrap();
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| source.room() == "store" && !source.is_test()) {
        let text = before_tests(&source.text);
        // A number of ours, which cannot be bound where it stands.
        let found = made.find_iter(&text).filter(|found| !found.as_str().contains("pg_advisory_lock"));
        faults.extend(found.map(|found| format!("{}: {}", source.path, found.as_str())));
        if query.is_match(&text) {
            faults.push(format!("{}: `sql_query(format!`", source.path));
        }
    }
    none("values reach SQL as bound parameters only", &faults);
}

#[test]
fn names_say_what_a_thing_is() {
    let empty = ["utils", "util", "common", "helper", "helpers", "manager", "service", "process", "misc", "stuff"];
    let named = Regex::new(r"\b(?:fn|mod|struct|enum|trait|type)\s+([A-Za-z_][A-Za-z0-9_]*)").unwrap();
    let words = Regex::new(r"[A-Z]?[a-z0-9]+|[A-Z]+").unwrap();
    let mut faults = Vec::new();
    for source in sources() {
        let stem = source.path.trim_end_matches(".rs").replace('/', " ");
        faults.extend(
            empty.iter().filter(|word| stem.split(' ').any(|part| part == **word)).map(|_| source.path.clone()),
        );
        if source.is_test() {
            continue;
        }
        for found in named.captures_iter(&source.code) {
            let parts: Vec<String> = words.find_iter(&found[1]).map(|part| part.as_str().to_lowercase()).collect();
            let begins = parts.first().map_or("", String::as_str);
            if empty.iter().any(|word| parts.iter().any(|part| part == word)) || begins == "handle" {
                faults.push(format!("{}: `{}`", source.path, &found[1]));
            }
        }
    }
    none("a name says what a thing is, and these words say nothing", &faults);
}

#[test]
fn an_error_gets_its_status_by_its_name() {
    for path in ["api/error.rs", "api/failure.rs"] {
        let source = sources().iter().find(|source| source.path == path).unwrap();
        assert!(!source.code.contains("_ =>"), "{path}: a new error must not get its status by accident");
    }
}

#[test]
fn tests_neither_sleep_nor_are_left_out() {
    let mut found = Vec::new();
    files(&root().join("src"), &mut found);
    files(&root().join("tests"), &mut found);
    let sleeps = Regex::new(r"\b(?:thread|time)::sleep\b|#\[ignore").unwrap();
    let mut faults = Vec::new();
    for path in &found {
        let text = std::fs::read_to_string(path).unwrap();
        let tested = match path.strip_prefix(root().join("src")) {
            Ok(path) if path.to_str().unwrap().split(['/', '.']).any(|part| part == "tests") => text.as_str(),
            Ok(_) => &text[before_tests(&text).len()..],
            Err(_) => text.as_str(),
        };
        if sleeps.is_match(tested) {
            faults.push(path.display().to_string());
        }
    }
    none("a test waits for something that happens, and every test runs", &faults);
}

#[test]
fn there_are_at_most_three_test_programs() {
    let entries = std::fs::read_dir(root().join("tests")).unwrap().map(|entry| entry.unwrap().path());
    let programs: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs") || path.join("main.rs").exists())
        .collect();
    assert!(programs.len() <= 3, "each is linked by itself, which takes long: {programs:?}");
}

#[test]
fn the_top_level_holds_what_the_house_says() {
    let known = [
        "Cargo.toml",
        "Cargo.lock",
        "Dockerfile",
        "LICENSE",
        "README.md",
        "README.zh-CN.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "docker-compose.yml",
        "clippy.toml",
        "rustfmt.toml",
        "src",
        "config",
        "migrations",
        "openapi",
        "tests",
        "benches",
        "docs",
        "fuzz",
    ];
    let listed = std::process::Command::new("git").args(["ls-files"]).current_dir(root()).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let top: std::collections::BTreeSet<&str> = listed.lines().filter_map(|line| line.split('/').next()).collect();
    let strangers = top.into_iter().filter(|name| !name.starts_with('.') && !known.contains(name));
    none("a new room at the top level is a decision", &strangers.map(str::to_owned).collect::<Vec<_>>());
}
