//! The pages under `docs`: every example of a rules file is checked and its scenarios are run, every list that a page
//! gives is compared with what the product has.

use crate::markdown::{Block, blocks, first_cells, read};
use loudou::api::problem::Code;
use loudou::engine::scenarios;
use loudou::rules::expression::environment;
use loudou::rules::keys::{Kind, Shape, table};
use loudou::rules::model::{Action, Mode};
use loudou::rules::{check, render};
use loudou::values::{Date, Language};
use regex::Regex;
use serde_json::{Map, Value as Json};
use std::collections::BTreeSet;
use std::process::Command;
use std::sync::{Arc, LazyLock};

/// A Monday: the day on which the examples are checked.
fn monday() -> Option<Date> {
    Date::from_ymd_opt(2026, 3, 2)
}

fn english() -> [Language; 1] {
    [Language::new("en")]
}

/// A part of a rules file put into a whole one: keys that it does not name stay, a list is replaced, but stages are found
/// by their id (a new one comes after the one before it in the part) and scenarios by their name.
pub fn put(part: Json, into: &mut Json, key: &str) {
    match (part, into) {
        (Json::Object(part), Json::Object(into)) => {
            for (key, value) in part {
                match into.get_mut(&key) {
                    Some(there) => put(value, there, &key),
                    None => drop(into.insert(key, value)),
                }
            }
        }
        (Json::Array(part), Json::Array(into)) if key == "stages" => {
            let mut next = into.len();
            for stage in part {
                match into.iter().position(|there| there["id"] == stage["id"]) {
                    Some(at) => {
                        put(stage, &mut into[at], "");
                        next = at + 1;
                    }
                    None => {
                        into.insert(next, stage);
                        next += 1;
                    }
                }
            }
        }
        (Json::Array(part), Json::Array(into)) if key == "scenarios" => {
            into.retain(|there| part.iter().all(|one| one["name"] != there["name"]));
            into.extend(part);
        }
        (part, into) => *into = part,
    }
}

pub fn parsed(text: &str) -> Json {
    serde_yaml::from_str(text).unwrap_or_else(|fault| panic!("{fault}\n{text}"))
}

/// What needs no quotes.
static PLAIN: LazyLock<Regex> = LazyLock::new(|| {
    let forms = [r"[A-Za-z0-9_][A-Za-z0-9_./%+-]*", r"\d\d:\d\d-\d\d:\d\d", r"\d{4}-\d\d-\d\d \d\d:\d\d"];
    Regex::new(&format!("^({})$", forms.join("|"))).unwrap()
});

/// YAML in one line, with quotes only where they are needed: the checker tells `5wd` from `'5wd'`.
fn written(value: &Json) -> String {
    match value {
        Json::String(text) if PLAIN.is_match(text) => text.clone(),
        Json::String(text) => format!("'{}'", text.replace('\'', "''")),
        Json::Array(list) => format!("[{}]", list.iter().map(written).collect::<Vec<_>>().join(", ")),
        Json::Object(map) => {
            let entries = map.iter().map(|(key, value)| format!("{key}: {}", written(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// A whole file: one key of the top a line.
pub fn file(whole: &Map<String, Json>) -> String {
    whole.iter().map(|(key, value)| format!("{key}: {}\n", written(value))).collect()
}

/// What `loudou check` says of it, and which scenarios fail.
fn report(text: &str) -> String {
    let checked = check(text, monday());
    let mut said = render::text(&checked.problems, "rules.yaml", &english());
    for result in checked.rules.map(Arc::new).iter().flat_map(scenarios::run) {
        for failure in result.failures {
            said += &format!("{}: {}\n", result.name.get(&english()), failure.message.render(&english()));
        }
    }
    said
}

/// Every example of a rules file holds: a whole file as it stands, a part in the last whole file before it. A comment
/// before it (`<!-- problems: code, code -->`) says what is wrong with it, if something is meant to be.
fn examples(page: &str) {
    let all = blocks(&read(page));
    let yaml: Vec<&Block> = all.iter().filter(|block| block.info == "yaml").collect();
    let mut frame = "";
    for block in &yaml {
        let text = if block.text.starts_with("format:") {
            if block.note.is_empty() {
                frame = &block.text;
            }
            block.text.clone()
        } else {
            let mut whole = parsed(frame);
            put(parsed(&block.text), &mut whole, "");
            file(whole.as_object().unwrap())
        };
        let place = format!("{page}:{}", block.line);
        match block.note.strip_prefix("problems: ") {
            None => assert_eq!(report(&text), "", "{place}"),
            Some(codes) => {
                let found: Vec<String> =
                    check(&text, monday()).problems.iter().map(|problem| problem.code().to_owned()).collect();
                assert_eq!(found.join(", "), codes, "{place}\n{}", report(&text));
            }
        }
        let next = all.iter().find(|other| other.line > block.line);
        if let Some(next) = next.filter(|next| next.info == "text" && block.text.starts_with("format:")) {
            assert_eq!(next.text.trim_end(), report(&block.text).trim_end(), "{page}:{}", next.line);
        }
    }
    assert!(yaml.len() > 3, "{page}");
}

#[test]
fn the_examples_of_the_cookbook_hold() {
    examples("docs/cookbook.md");
}

#[test]
fn the_examples_of_the_reference_hold() {
    examples("docs/rules-reference.md");
}

/// The files that come with the product are without a warning, today as on the day they were written, and each refusal
/// of theirs is shown by a scenario.
#[test]
fn the_example_files_hold() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/examples");
    let mut found = 0;
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(report(&text), "", "{}", path.display());
        let december = Date::from_ymd_opt(2026, 12, 1);
        assert!(check(&text, december).problems.is_empty(), "{} lacks next year's holidays", path.display());
        let rules = Arc::new(check(&text, monday()).rules.unwrap());
        let results = scenarios::run(&rules);
        let mut left = scenarios::uncovered(&rules, &results);
        // What only warns need not be shown refusing.
        left.retain(|left| {
            let Some((funnel, Some(stage))) = &left.place else { return true };
            let stage = rules.funnels[funnel].stage(stage);
            let one = stage.and_then(|stage| stage.enter.iter().find(|one| one.id == left.id));
            one.is_none_or(|one| one.mode == Mode::Enforce)
        });
        assert!(left.is_empty(), "{}: {left:?}", path.display());
        found += 1;
    }
    assert!(found >= 2);
}

#[track_caller]
fn none(what: &str, faults: &BTreeSet<String>) {
    assert!(faults.is_empty(), "{what}: {faults:?}");
}

/// Every action, and every name and function of expressions, has its meaning in the reference.
#[test]
fn the_reference_names_everything() {
    let cells: BTreeSet<String> = first_cells(&read("docs/rules-reference.md")).into_iter().collect();
    let actions = Action::ALL.iter().map(|action| action.word().to_owned());
    let names: BTreeSet<String> = environment().into_iter().map(|(usage, _)| usage).chain(actions).collect();
    none("without a meaning", &names.difference(&cells).cloned().collect());
    let like =
        Regex::new(r"^(deal|customer|contract|user|owner|receiver|move|pool|people|rules|reports)\S*\.|\(").unwrap();
    let stale = cells.difference(&names).filter(|cell| like.is_match(cell)).cloned().collect();
    none("no longer there", &stale);
}

/// Keys of a later version, wherever they may stand.
fn later(shape: &'static Shape, above: &mut BTreeSet<&'static str>, found: &mut BTreeSet<String>) {
    if !above.insert(shape.name) {
        return;
    }
    for key in shape.keys {
        if !key.is_known() {
            found.insert(key.name.to_owned());
        }
        later_in(&key.kind, above, found);
    }
    if let Some(kind) = shape.rest {
        later_in(kind, above, found);
    }
}

fn later_in(kind: &'static Kind, above: &mut BTreeSet<&'static str>, found: &mut BTreeSet<String>) {
    match kind {
        Kind::Shape(shape) => later(shape, above, found),
        Kind::ListOf(kind) | Kind::MapOf(kind) | Kind::Figure(kind) => later_in(kind, above, found),
        Kind::Either(kinds) => kinds.iter().for_each(|kind| later_in(kind, above, found)),
        _ => {}
    }
}

/// Every section of a file is spoken of; what is said to come later is what this version refuses as not yet known.
#[test]
fn the_reference_knows_every_section_and_what_comes_later() {
    let page = read("docs/rules-reference.md");
    let unnamed = table::FILE.keys.iter().map(|key| key.name.to_owned());
    none("sections", &unnamed.filter(|name| !page.contains(&format!("`{name}`"))).collect());
    let said = page.split("Sections of later versions (").nth(1).and_then(|rest| rest.split(')').next()).unwrap();
    let said: BTreeSet<String> = said.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    let mut real = BTreeSet::new();
    later(&table::FILE, &mut BTreeSet::new(), &mut real);
    assert_eq!(said, real);
}

/// The names of the commands that `loudou ARGUMENTS --help` lists.
fn listed(arguments: &[&str]) -> Vec<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_loudou")).args(arguments).arg("--help").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let list = text.split("Commands:\n").nth(1).into_iter().flat_map(str::lines).take_while(|line| !line.is_empty());
    // A longer explanation is further in than a name.
    let names = list.filter(|line| line.starts_with("  ") && !line.starts_with("   ")).map(str::trim);
    names.filter_map(|line| line.split(' ').next()).filter(|name| *name != "help").map(str::to_owned).collect()
}

/// Every command, and none that there is not.
#[test]
fn operations_names_every_command() {
    let mut real = BTreeSet::new();
    for command in listed(&[]) {
        let below = listed(&[&command]);
        match below.is_empty() {
            true => drop(real.insert(command)),
            false => real.extend(below.iter().map(|deed| format!("{command} {deed}"))),
        }
    }
    assert!(real.len() > 10, "{real:?}");
    let page = read("docs/operations.md");
    let part = page.split("\n## Commands\n").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
    let small = |word: &&str| word.bytes().all(|byte| byte.is_ascii_lowercase());
    let named: BTreeSet<String> =
        first_cells(part).iter().map(|cell| cell.split(' ').take_while(small).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(named, real);
}

/// What a container is told are settings that there are; the compose file is YAML, and a service names only secrets and
/// volumes that are declared.
#[test]
fn containers_are_told_settings_that_there_are() {
    let page = read("docs/operations.md");
    let known: BTreeSet<String> = first_cells(&page).into_iter().collect();
    let variable = Regex::new(r"\bLOUDOU_[A-Z_]+\b").unwrap();
    for file in ["Dockerfile", "docker-compose.yml"] {
        let text = read(file);
        let named: BTreeSet<String> = variable.find_iter(&text).map(|found| found.as_str().to_owned()).collect();
        assert!(named.len() >= 4, "{file}: {named:?}");
        none(file, &named.difference(&known).cloned().collect());
    }
    let compose = parsed(&read("docker-compose.yml"));
    let services = compose["services"].as_object().unwrap();
    assert_eq!(
        services.keys().collect::<BTreeSet<_>>(),
        BTreeSet::from([&"postgres".to_owned(), &"server".to_owned()])
    );
    for (name, service) in services {
        for secret in service["secrets"].as_array().unwrap() {
            assert!(compose["secrets"][secret.as_str().unwrap()].is_object(), "{name}: {secret}");
        }
        for volume in service["volumes"].as_array().into_iter().flatten() {
            let own = volume.as_str().unwrap().split(':').next().unwrap();
            assert!(compose["volumes"].as_object().unwrap().contains_key(own), "{name}: {volume}");
        }
        for other in service["depends_on"].as_object().into_iter().flat_map(Map::keys) {
            assert!(services.contains_key(other) && services[other]["healthcheck"].is_object(), "{name}: {other}");
        }
    }
    let variables = services["server"]["environment"].as_object().unwrap().keys();
    none("server", &variables.filter(|name| !known.contains(*name)).cloned().collect());
}

/// Every setting with its variable and default.
#[test]
fn operations_names_every_setting() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loudou"));
    let output = command.env_clear().args(["serve", "--print-settings"]).output().unwrap();
    let settings = String::from_utf8(output.stdout).unwrap();
    let page = read("docs/operations.md");
    let mut known = BTreeSet::new();
    for line in settings.lines() {
        let (setting, _) = line.split_once(" # ").unwrap();
        let (variable, default) = setting.trim().split_once('=').unwrap();
        let row = page.lines().find(|line| line.starts_with(&format!("| `{variable}` |")));
        let row = row.unwrap_or_else(|| panic!("docs/operations.md does not have `{variable}`"));
        let cell = if default.is_empty() { "| - |".to_owned() } else { format!("| `{default}` |") };
        assert!(row.contains(&cell), "docs/operations.md: the default of `{variable}` is {cell}");
        known.insert(variable.to_owned());
    }
    let variable = Regex::new(r"^(LOUDOU_|DATABASE_)[A-Z_]+$").unwrap();
    let cells = first_cells(&page).into_iter().filter(|cell| variable.is_match(cell));
    none("no longer settings", &cells.filter(|cell| !known.contains(cell)).collect());
}

/// Every metric that the sources count.
#[test]
fn operations_names_every_metric() {
    let mut files = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let counted = Regex::new(r#"\b(?:counter|gauge|histogram)!\(\s*"([a-z_]+)""#).unwrap();
    let mut metrics = BTreeSet::new();
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = std::fs::read_to_string(path).unwrap();
            metrics.extend(counted.captures_iter(&text).map(|found| found[1].to_owned()));
        }
    }
    assert!(metrics.len() >= 4, "{metrics:?}");
    let metric = Regex::new(r"^(http|loudou)_[a-z_]+$").unwrap();
    let cells = first_cells(&read("docs/operations.md")).into_iter().filter(|cell| metric.is_match(cell));
    let cells: BTreeSet<String> = cells.collect();
    assert_eq!(cells, metrics);
}

/// `.ci/contract` compiles that file, and holds the compiler to refusing others.
#[test]
fn what_the_front_end_guide_shows_of_a_client_compiles() {
    let (page, file) = (read("docs/front-end.md"), read("tests/contract/live.ts"));
    let blocks = page.split("```typescript\n").skip(1).map(|block| block.split("```").next().unwrap());
    let mut shown = 0;
    for line in blocks.flat_map(str::lines) {
        assert!(file.lines().any(|own| own == line), "tests/contract/live.ts does not have: {line}");
        shown += 1;
    }
    assert!(shown > 10, "{shown}");
}

/// Every code of a problem, with its status.
#[test]
fn the_front_end_guide_names_every_problem() {
    let page = read("docs/front-end.md");
    for code in Code::ALL {
        let row = format!("| `{}` | {} |", code.name(), code.status());
        assert!(page.lines().any(|line| line.starts_with(&row)), "docs/front-end.md does not have {row}");
    }
}
