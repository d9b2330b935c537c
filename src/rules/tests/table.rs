//! The table of keys: one source for the checker, the schema and the reference.

use super::shipped::SHIPPED;
use super::*;
use crate::rules::node::{Content, Node, Style};
use crate::rules::problem::Problems;
use serde_json::{Map, Value, json};

/// The tree as editors see it: unquoted numbers and truth values are such.
fn as_json(node: &Node) -> Value {
    match &node.content {
        Content::Scalar(scalar) if scalar.style != Style::Plain => json!(scalar.text),
        Content::Scalar(scalar) => match scalar.text.as_str() {
            "true" => json!(true),
            "false" => json!(false),
            "" | "~" | "null" => Value::Null,
            text => text
                .parse::<i64>()
                .map(Value::from)
                .or_else(|_| text.parse::<f64>().map(Value::from))
                .unwrap_or(json!(text)),
        },
        Content::List { items } => items.iter().map(as_json).collect(),
        Content::Map { entries, .. } => {
            let pairs = entries.iter().map(|entry| (entry.key.clone(), as_json(&entry.value)));
            Value::Object(pairs.collect::<Map<String, Value>>())
        }
    }
}

fn tree(text: &str) -> Value {
    let problems = Problems::new(text);
    as_json(&document::read(text, &problems).unwrap())
}

#[test]
fn the_schema_is_committed() {
    let committed = include_str!("../../../openapi/rules.schema.json");
    assert!(committed == schema::text(), "run `cargo run -- schema > openapi/rules.schema.json` and commit it");
}

#[test]
fn what_is_accepted_is_valid_against_the_schema() {
    let validator = validator(&schema::schema());
    let mut files = vec![("small".to_owned(), SMALL.to_owned()), ("config/rules.yaml".to_owned(), SHIPPED.to_owned())];
    files.extend(examples());
    for (name, text) in files {
        let faults: Vec<String> =
            validator.iter_errors(&tree(&text)).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
        assert!(faults.is_empty(), "{name}: {faults:#?}");
        assert!(check(&text, monday()).rules.is_some(), "{name}: the checker refuses it");
        if name != "small" {
            assert!(text.starts_with("# yaml-language-server: $schema="), "{name} does not name its schema to editors");
        }
    }
}

fn validator(schema: &Value) -> jsonschema::Validator {
    jsonschema::draft202012::new(schema).unwrap()
}

/// The examples for other trades, as far as there are any.
fn examples() -> Vec<(String, String)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/examples");
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .map(|path| (path.display().to_string(), std::fs::read_to_string(&path).unwrap()))
        .collect()
}

/// Whatever the key: what cannot be meant is refused, at every place of the schema.
#[test]
fn every_place_of_the_schema_refuses_what_is_of_another_form() {
    let schema = schema::schema();
    let of = |part: &Value| {
        let mut one = part.as_object().unwrap().clone();
        one.insert("$defs".to_owned(), schema["$defs"].clone());
        validator(&Value::Object(one))
    };
    for keys::Found { path, shape, key } in keys::all() {
        let holder = if shape.name == "file" { &schema } else { &schema["$defs"][shape.name] };
        if !matches!(key.kind, keys::Kind::Value) {
            let part = of(&holder["properties"][key.name]);
            // No key of the format takes lists within lists within lists, and none nothing.
            for wrong in [json!([[[[]]]]), Value::Null] {
                assert!(!part.is_valid(&wrong), "{path}: {wrong}");
            }
        }
        let whole = of(holder);
        let required: Vec<&str> = shape.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
        assert_eq!(
            whole.is_valid(&json!({})),
            required.is_empty() && shape.name != "criterion",
            "{path}: nothing in it"
        );
        if shape.rest.is_none() {
            assert!(!whole.is_valid(&json!({"no_such_key": 1})), "{path}: an unknown key beside it");
        }
    }
}

#[test]
fn what_the_schema_says_of_keys_the_checker_says_too() {
    let validator = validator(&schema::schema());
    let wrong = [
        // Keys: unknown, of a later version, missing, of the wrong section.
        ("kind: start}", "kind: start, knd: open}"),
        ("format: 1", "colour: red\nformat: 1"),
        ("products: [website]", "limits: []"),
        ("currency: CNY\n", ""),
        ("{id: fresh, kind: start}", "{kind: start}"),
        ("{id: ahead, require: 'deal.visit_on >= today'}", "{id: ahead}"),
        ("scope: all", "scop: all"),
        ("{id: reached, activity: call}", "{id: reached}"),
        ("activity: call}", "activity: call, contract: paid}"),
        ("{from: any_open, to: gone}", "{from: any_open}"),
        ("expect: {refused: [reached]}", "expect: {d1: {stag: fresh}}"),
        // Values of another form.
        ("format: 1", "format: '1'"),
        ("format: 1", "format: 2"),
        ("languages: [en, zh]", "languages: en"),
        ("languages: [en, zh]", "languages: [en, Chinese]"),
        ("calendar: {time_zone: Asia/Shanghai}", "calendar: [Asia/Shanghai]"),
        ("currency: CNY", "currency: cny"),
        ("currency: CNY", "country: china\ncurrency: CNY"),
        ("stages:\n", "stages: {}\n    other:\n"),
        ("outcomes: [reached]", "outcomes: reached"),
        ("products: [website]", "products:"),
        // Ids.
        ("id: fresh", "id: 1a"),
        ("id: fresh", "id: 新"),
        ("products: [website]", "products: [Web site]"),
        ("products: [website]", "products: {web site: {}}"),
        ("  standard:", "  网:"),
        ("  boss: {may", "  the boss: {may"),
        ("fits: {type: bool}", "does fit: {type: bool}"),
        // Lengths of time, shares, dates, hours, numbers, truth values.
        ("dwell: 5wd", "dwell: 5d"),
        ("dwell: 5wd", "dwell: 5"),
        ("dwell: 5wd", "dwell: 5 wd"),
        ("dwell: 5wd", "dwell: five days"),
        ("rate: 50%", "rate: half"),
        ("rate: 50%", "rate: 0.5"),
        ("activity: call}", "activity: call, within: 20}"),
        ("activity: call}", "activity: call, at_least: 0}"),
        ("activity: call}", "activity: call, enforce_from: 1.3.2027}"),
        ("Asia/Shanghai}", "Asia/Shanghai, holidays: [2026-10-1]}"),
        ("Asia/Shanghai}", "Asia/Shanghai, hours: 9-18}"),
        ("Asia/Shanghai}", "Asia/Shanghai, workdays: [monday]}"),
        ("ideal: 5", "ideal: -1"),
        ("ideal: 5", "at_most: 0"),
        ("{type: bool}", "{type: bool, required: yes}"),
        ("{type: text}", "{type: text, max: 0}"),
        // Words.
        ("kind: start}", "kind: begin}"),
        ("type: bool", "type: boolean"),
        ("[forward, ", "[forwards, "),
        ("scope: all", "scope: mine"),
        ("[deals.*, ", "[dealz.*, "),
        ("activity: call}", "activity: call, mode: hard}"),
        ("activity: call}", "activity: call, different: persons}"),
        ("{id: reached, activity: call}", "{contract: agreed}"),
        // Labels and names.
        ("kind: start}", "kind: start, label: {English: Fresh}}"),
        ("kind: start}", "kind: start, label: [Fresh]}"),
        ("{id: reached, activity: call}", "{has: [phone]}"),
    ];
    for (with, instead) in wrong {
        let text = small(with, instead);
        assert!(!validator.is_valid(&tree(&text)), "the schema accepts `{instead}`");
        assert!(check(&text, monday()).rules.is_none(), "the checker accepts `{instead}`");
    }
}

/// Every key has a meaning in every language and an example that is YAML and says that key.
#[test]
fn every_key_has_a_meaning_and_an_example() {
    for keys::Found { path, shape, key } in keys::all() {
        let code = shape.meaning(key).code;
        assert!(crate::texts::is_known(&code), "{path}: no text `{code}`");
        let example = tree(key.example);
        assert!(example.get(key.name).is_some_and(|value| !value.is_null()), "{path}: {}", key.example);
    }
}

/// Examples are read by the same reader as files: none is told about its own form.
#[test]
fn examples_are_valid_against_the_schema() {
    let schema = schema::schema();
    for keys::Found { path, shape, key } in keys::all() {
        let of = match shape.name {
            "file" => schema["properties"][key.name].clone(),
            name => schema["$defs"][name]["properties"][key.name].clone(),
        };
        let mut one = of.as_object().unwrap().clone();
        one.insert("$defs".to_owned(), schema["$defs"].clone());
        let validator = validator(&Value::Object(one));
        let value = tree(key.example)[key.name].clone();
        let faults: Vec<String> = validator.iter_errors(&value).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{path}: {faults:?}");
    }
}

#[test]
fn a_key_is_found_by_the_end_of_its_path() {
    let paths = |asked: &str| keys::find(asked).into_iter().map(|found| found.path).collect::<Vec<_>>();
    assert_eq!(paths("stages.holding"), ["funnels.<id>.stages[].holding"]);
    assert_eq!(paths("funnels.standard.stages.holding.ideal"), ["funnels.<id>.stages[].holding.ideal"]);
    assert_eq!(paths("cooling"), ["funnels.<id>.stages[].reasons[].cooling"]);
    assert_eq!(paths("format"), ["format"]);
    assert_eq!(paths("nothing"), Vec::<String>::new());
}

#[test]
fn the_reference_reads_like_this() {
    let english = keys::reference(&keys::find("stages.holding"), &english());
    let chinese = keys::reference(&keys::find("stages.dwell"), &[Language::new("zh")]);
    insta::assert_snapshot!(format!("{english}{chinese}"));
}

#[test]
fn the_page_of_keys_is_committed() {
    let committed = include_str!("../../../docs/rules-keys.md");
    assert!(committed == keys::markdown(), "run `cargo run -- keys --markdown > docs/rules-keys.md` and commit it");
    for keys::Found { path, key, .. } in keys::all() {
        assert!(committed.contains(&format!("| `{}`", key.name)), "{path}");
    }
}
