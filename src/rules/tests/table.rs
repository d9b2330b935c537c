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
    let validator = jsonschema::draft202012::new(&schema::schema()).unwrap();
    for text in [SHIPPED, SMALL] {
        let faults: Vec<String> =
            validator.iter_errors(&tree(text)).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
        assert!(faults.is_empty(), "{faults:#?}");
    }
}

#[test]
fn what_the_schema_says_of_keys_the_checker_says_too() {
    let validator = jsonschema::draft202012::new(&schema::schema()).unwrap();
    let wrong = [
        ("kind: start}", "kind: start, knd: open}"),
        ("kind: start}", "kind: begin}"),
        ("rate: 50%", "rate: half"),
        ("dwell: 5wd", "dwell: 5d"),
        ("currency: CNY\n", ""),
        ("[forward, ", "[forwards, "),
        ("scope: all", "scope: mine"),
        ("[deals.*, ", "[dealz.*, "),
        ("outcomes: [reached]", "outcomes: reached"),
        ("expect: {refused: [reached]}", "expect: {d1: {stag: fresh}}"),
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
        let validator = jsonschema::draft202012::new(&Value::Object(one)).unwrap();
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
