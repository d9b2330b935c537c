//! The JSON Schema (2020-12) of the rules file, for editors: made from the table of keys, committed as
//! `openapi/rules.schema.json`. It says what may stand where; what names refer to and what expressions mean is checked
//! by `check` only. Everything that `check` accepts is valid against it.

use super::keys::{Found, Key, Kind, Shape, all, table};
use super::model::Action;
use super::roles::GROUPS;
use crate::texts::Message;
use crate::values::Language;
use serde_json::{Map, Value, json};

const ID: &str = "^[A-Za-z][A-Za-z0-9_]{0,63}$";
const LANGUAGE: &str = "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$";
/// The keys of which a criterion has one.
const CRITERION_KINDS: [&str; 5] = ["has", "require", "activity", "dwelt", "contract"];

/// The schema as it is committed: pretty, one line break at the end.
#[must_use]
pub fn text() -> String {
    let mut text = serde_json::to_string_pretty(&schema()).unwrap_or_default();
    text.push('\n');
    text
}

/// The schema.
#[must_use]
pub fn schema() -> Value {
    let mut definitions: Map<String, Value> = Map::new();
    for Found { shape, .. } in all() {
        if shape.name != table::FILE.name && !definitions.contains_key(shape.name) {
            definitions.insert(shape.name.to_owned(), mapping(shape));
        }
    }
    let case = &table::CASE;
    definitions.insert(case.name.to_owned(), mapping(case));
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Rules file of Loudou, format 1",
    });
    if let (Some(schema), Value::Object(file)) = (schema.as_object_mut(), mapping(&table::FILE)) {
        schema.extend(file);
        schema.insert("$defs".to_owned(), Value::Object(definitions));
    }
    schema
}

fn mapping(shape: &'static Shape) -> Value {
    let mut properties = Map::new();
    for key in shape.keys.iter().filter(|key| key.is_known()) {
        properties.insert(key.name.to_owned(), described(shape, key));
    }
    let required: Vec<&str> = shape.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    let others = shape.rest.map_or(Value::Bool(false), of);
    let mut mapping = json!({"type": "object", "properties": properties, "additionalProperties": others});
    if let (Some(mapping), false) = (mapping.as_object_mut(), required.is_empty()) {
        mapping.insert("required".to_owned(), json!(required));
    }
    if let (Some(mapping), true) = (mapping.as_object_mut(), shape.name == table::CRITERION.name) {
        // One kind of demand each: which, the checker says better than "one of these schemas".
        let kinds: Vec<Value> = CRITERION_KINDS.iter().map(|kind| json!({"required": [kind]})).collect();
        mapping.insert("oneOf".to_owned(), json!(kinds));
    }
    mapping
}

/// What may stand under a key, with its meaning and an example as editors show them.
fn described(shape: &Shape, key: &'static Key) -> Value {
    let english = [Language::new("en")];
    let meaning = shape.meaning(key).render(&english);
    let example = Message::new("key_example").with("example", key.example).render(&english);
    let mut described = json!({"description": format!("{meaning}\n{example}")});
    if let (Some(described), Value::Object(of)) = (described.as_object_mut(), of(&key.kind)) {
        described.extend(of);
    }
    described
}

fn of(kind: &'static Kind) -> Value {
    let pattern = |pattern: &str| json!({"type": "string", "pattern": pattern});
    match kind {
        Kind::Text | Kind::Ref(_) | Kind::Expression | Kind::Pattern | Kind::TimeZone => json!({"type": "string"}),
        Kind::Label => json!({"anyOf": [
            {"type": "string"},
            {"type": "object", "propertyNames": {"pattern": LANGUAGE},
             "additionalProperties": {"type": "string"}},
        ]}),
        Kind::Id => pattern(ID),
        Kind::Name => pattern(r"^[a-z]+\.[a-z][a-z0-9_]*$"),
        Kind::Bool => json!({"type": "boolean"}),
        Kind::Whole { from, to } => json!({"type": "integer", "minimum": from, "maximum": to}),
        Kind::Number | Kind::Money => json!({"type": "number", "minimum": 0}),
        Kind::Share => pattern(r"^[0-9]+(\.[0-9]+)?\s*%$"),
        Kind::Span => pattern(r"^[0-9]+(\.[0-9]{1,3})?(wd|d|h)$"),
        Kind::Workdays => pattern(r"^[0-9]+(\.[0-9]{1,3})?wd$"),
        Kind::Date => pattern(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
        Kind::DateRange => pattern(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(\.\.[0-9]{4}-[0-9]{2}-[0-9]{2})?$"),
        Kind::LocalTime => pattern(r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}$"),
        Kind::Hours => pattern("^[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}$"),
        Kind::Currency => pattern("^[A-Z]{3}$"),
        Kind::Language => pattern(LANGUAGE),
        Kind::Country => pattern("^[A-Z]{2}$"),
        Kind::Action => {
            let words: Vec<String> = GROUPS
                .iter()
                .map(|group| format!("{group}.*"))
                .chain(Action::ALL.iter().map(|action| action.word().to_owned()))
                .collect();
            json!({"enum": words})
        }
        Kind::Word(words) => json!({"enum": words}),
        Kind::Shape(shape) => json!({"$ref": format!("#/$defs/{}", shape.name)}),
        Kind::ListOf(kind) => json!({"type": "array", "items": of(kind)}),
        Kind::MapOf(kind) => json!({
            "type": "object",
            "propertyNames": {"pattern": if names_fields(kind) { r"^[a-z]+\.[a-z][a-z0-9_]*$|^[a-z][a-z0-9_]*$" } else { ID }},
            "additionalProperties": of(kind),
        }),
        Kind::Either(kinds) => json!({"anyOf": kinds.iter().map(of).collect::<Vec<_>>()}),
        Kind::Figure(kind) => json!({"anyOf": [of(kind), {"type": "array", "items": {"$ref": "#/$defs/case"}}]}),
        // Of the type of a field, or of a later version (which is in no mapping).
        Kind::Value | Kind::Later => json!({}),
    }
}

/// Whether the keys of a mapping are names of fields, qualified or within one record: values and masks are given so.
fn names_fields(kind: &Kind) -> bool {
    match kind {
        Kind::Value => true,
        Kind::Either(kinds) => {
            kinds.iter().any(|kind| matches!(kind, Kind::Shape(shape) if shape.name == table::MASK.name))
        }
        _ => false,
    }
}
