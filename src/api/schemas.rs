//! The passes over the document's schemas: bounds for what has none, words in their place, objects of requests closed,
//! nullable properties of answers always there.

use super::words::IN_PLACE;
use crate::values::money::LARGEST_EXACT;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;

/// Brings every schema of the document into its form.
pub fn bring_into_form(document: &mut Json) {
    put_in_place(document);
    each_schema(document, &mut bound);
    each_schema(document, &mut say_object);
    let asked = reachable(document, "requestBody");
    let answered = reachable(document, "responses");
    if let Some(schemas) = object_at(document, "/components/schemas") {
        for (name, schema) in schemas.iter_mut() {
            if asked.contains(name) {
                close(schema);
            } else if answered.contains(name) || name == "Problem" {
                require_nullable(schema);
            }
        }
        schemas.sort_keys();
    }
}

/// A union of objects is an object: said, so that null fits no branch of it.
fn say_object(schema: &mut Map<String, Json>) {
    if schema.contains_key("discriminator") {
        schema.insert("type".to_owned(), json!("object"));
    }
}

/// The object that `pointer` names.
pub fn object_at<'a>(document: &'a mut Json, pointer: &str) -> Option<&'a mut Map<String, Json>> {
    document.pointer_mut(pointer).and_then(Json::as_object_mut)
}

/// Calls `change` on every schema of the document.
fn each_schema(value: &mut Json, change: &mut impl FnMut(&mut Map<String, Json>)) {
    match value {
        Json::Object(map) => {
            for (key, inner) in map.iter_mut() {
                match key.as_str() {
                    "schema" => in_schema(inner, change),
                    "schemas" => {
                        inner.as_object_mut().into_iter().flatten().for_each(|(_, one)| in_schema(one, change))
                    }
                    _ => each_schema(inner, change),
                }
            }
        }
        Json::Array(list) => list.iter_mut().for_each(|inner| each_schema(inner, change)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

fn in_schema(schema: &mut Json, change: &mut impl FnMut(&mut Map<String, Json>)) {
    let Json::Object(map) = schema else { return };
    change(map);
    for (key, inner) in map.iter_mut() {
        match (key.as_str(), inner) {
            ("properties", Json::Object(properties)) => {
                properties.iter_mut().for_each(|(_, one)| in_schema(one, change));
            }
            ("items" | "additionalProperties", inner) => in_schema(inner, change),
            ("oneOf" | "anyOf" | "allOf" | "prefixItems", Json::Array(list)) => {
                list.iter_mut().for_each(|one| in_schema(one, change));
            }
            _ => {}
        }
    }
}

/// Puts plain words (ids, instants) where they are used: `$ref` to one becomes the text that it is, and "null or one"
/// becomes a text that may be null.
fn put_in_place(document: &mut Json) {
    let Some(schemas) = object_at(document, "/components/schemas") else { return };
    let words: Map<String, Json> = IN_PLACE
        .iter()
        .filter_map(|name| Some((format!("#/components/schemas/{name}"), schemas.shift_remove(*name)?)))
        .collect();
    each_schema(document, &mut |schema| {
        let branches = schema.get("oneOf").and_then(Json::as_array);
        let (target, nullable) = match branches.map(Vec::as_slice) {
            Some([null, one]) if null.get("type") == Some(&json!("null")) => (one.get("$ref"), true),
            Some(_) => (None, false),
            None => (schema.get("$ref"), false),
        };
        let Some(Json::Object(word)) = target.and_then(Json::as_str).and_then(|target| words.get(target)) else {
            return;
        };
        let mut word = word.clone();
        if nullable {
            word.insert("type".into(), json!([word.get("type"), "null"]));
        }
        schema.shift_remove("oneOf");
        schema.shift_remove("$ref");
        for (key, value) in word {
            schema.entry(key).or_insert(value);
        }
    });
}

/// Whether a schema takes values of this type, perhaps among others.
pub fn has_type(schema: &Map<String, Json>, name: &str) -> bool {
    match schema.get("type") {
        Some(Json::String(one)) => one == name,
        Some(Json::Array(several)) => several.iter().any(|one| one == name),
        _ => false,
    }
}

/// Bounds for what has none, so that no client has to guess and nothing unbounded comes in.
fn bound(schema: &mut Map<String, Json>) {
    if has_type(schema, "string") && !["enum", "const", "maxLength"].iter().any(|key| schema.contains_key(*key)) {
        let longest = match schema.get("format").and_then(Json::as_str) {
            Some("uuid") => 36,
            Some("date") => 10,
            Some("date-time") => 64,
            Some("email") => 254,
            Some("uri") => 2048,
            _ => 1000,
        };
        schema.insert("maxLength".into(), json!(longest));
    }
    if has_type(schema, "integer") {
        // Beyond this, JavaScript reads another number than was written.
        schema.entry("minimum").or_insert(json!(-LARGEST_EXACT));
        schema.entry("maximum").or_insert(json!(LARGEST_EXACT));
    }
    if has_type(schema, "object") && !schema.contains_key("properties") {
        // What a company's rules name: without this, generators take it for an object that is always empty.
        schema.entry("additionalProperties").or_insert(json!(true));
    }
    if has_type(schema, "array") {
        schema.entry("maxItems").or_insert(json!(1000));
    }
    if let Some(example) = schema.remove("example") {
        schema.insert("examples".into(), json!([example]));
    }
}

/// The names of the schemas that the parts `key` of operations lead to.
fn reachable(document: &Json, key: &str) -> BTreeSet<String> {
    fn collect(value: &Json, found: &mut Vec<String>) {
        match value {
            Json::Object(map) => map.iter().for_each(|(key, inner)| match (key.as_str(), inner) {
                ("$ref", Json::String(target)) => {
                    found.extend(target.strip_prefix("#/components/schemas/").map(str::to_owned));
                }
                _ => collect(inner, found),
            }),
            Json::Array(list) => list.iter().for_each(|inner| collect(inner, found)),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
        }
    }
    let mut open = Vec::new();
    for (_, _, operation) in super::operations::documented(document) {
        if let Some(part) = operation.get(key) {
            collect(part, &mut open);
        }
    }
    let mut seen = BTreeSet::new();
    while let Some(name) = open.pop() {
        let schema = document.pointer(&format!("/components/schemas/{name}"));
        if seen.insert(name)
            && let Some(schema) = schema
        {
            collect(schema, &mut open);
        }
    }
    seen
}

/// Objects of requests have no other properties than those named: a mistyped field is an error, not nothing.
fn close(schema: &mut Json) {
    in_schema(schema, &mut |schema| {
        if schema.contains_key("properties") {
            schema.entry("additionalProperties").or_insert(json!(false));
        }
    });
}

/// Objects of responses always have their nullable properties too: what is missing is null.
fn require_nullable(schema: &mut Json) {
    in_schema(schema, &mut |schema| {
        let Some(Json::Object(properties)) = schema.get("properties") else { return };
        let nullable: Vec<Json> =
            properties.iter().filter(|(_, one)| is_nullable(one)).map(|(name, _)| json!(name)).collect();
        if let Json::Array(required) = schema.entry("required").or_insert_with(|| json!([])) {
            for name in nullable {
                if !required.contains(&name) {
                    required.push(name);
                }
            }
        }
    });
}

fn is_nullable(schema: &Json) -> bool {
    let Json::Object(schema) = schema else { return false };
    has_type(schema, "null")
        || ["oneOf", "anyOf"].iter().any(|key| {
            let branches = schema.get(*key).and_then(Json::as_array);
            branches.is_some_and(|branches| branches.iter().any(|branch| branch.get("type") == Some(&json!("null"))))
        })
}
