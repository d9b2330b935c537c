//! The passes that bring the document into its form. They add what is the same for all operations of a kind, so that
//! nobody has to remember it, and repair what the generator leaves vague (bounds, nullable properties).

use super::access::Access;
use super::document::TAGS;
use super::operations::Operation;
use super::shared;
use super::words::IN_PLACE;
use crate::values::money::LARGEST_EXACT;
use actix_web::http::Method;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;

/// Largest body that is not JSON where an operation says nothing else, in bytes: that of a rules file.
const LARGEST_FILE: u32 = 256 * 1024;

/// Brings the generated document of `table` into its published form.
pub fn bring_into_form(document: &mut Json, table: &[Operation]) {
    introduce(document);
    for operation in table {
        let pointer = format!(
            "/paths/{}/{}",
            super::json::escape(&operation.path),
            operation.method.as_str().to_ascii_lowercase()
        );
        if let Some(Json::Object(described)) = document.pointer_mut(&pointer) {
            complete(described, operation);
        }
    }
    if let Some(components) = object_at(document, "/components") {
        components.insert("headers".into(), shared::headers());
        components.insert("responses".into(), shared::responses());
        components.insert("parameters".into(), shared::parameters());
        components.insert("securitySchemes".into(), shared::security_schemes());
    }
    put_in_place(document);
    each_schema(document, &mut bound);
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

fn object_at<'a>(document: &'a mut Json, pointer: &str) -> Option<&'a mut Map<String, Json>> {
    document.pointer_mut(pointer).and_then(Json::as_object_mut)
}

fn introduce(document: &mut Json) {
    let paths = document.get_mut("paths").map(Json::take).unwrap_or_default();
    let components = document.get_mut("components").map(Json::take).unwrap_or_else(|| json!({"schemas": {}}));
    let tags: Vec<Json> = TAGS.iter().map(|(name, text)| json!({"name": name, "description": text})).collect();
    *document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Loudou",
            "summary": "A sales funnel that enforces its own rules.",
            "description": shared::INTRODUCTION,
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "servers": [{"url": "/", "description": "This server."}],
        "security": [{"bearer": []}],
        "tags": tags,
        "paths": paths,
        "components": components,
    });
}

/// What neither takes a key nor can be tried: the first answers with new tokens, as a sign-in does; the second writes
/// nothing.
const KEYLESS: [&str; 2] = ["changeMyPassword", "checkRules"];

/// Adds to one operation what its kind implies.
fn complete(described: &mut Map<String, Json>, operation: &Operation) {
    say_access(described, operation.access);
    let has_body = described.contains_key("requestBody");
    let in_path = operation.path.contains('{');
    let mut parameters = Vec::new();
    let is_write = operation.method != Method::GET;
    let takes_key = is_write && operation.access.needs_sign_in() && !KEYLESS.contains(&operation.id.as_str());
    let needs_version = takes_key && operation.method != Method::POST;
    // What is not in the path may have a version too: the operation says so by naming the header.
    let versioned = names_version(described) || in_path;
    if takes_key {
        parameters.extend(["IdempotencyKey", "DryRun"]);
        if needs_version {
            parameters.push("IfMatch");
        } else if versioned {
            parameters.push("IfMatchOptional");
        }
    }
    if answers_page(described) {
        parameters.extend(["Limit", "Cursor"]);
    }
    if !parameters.is_empty() {
        let list = described.entry("parameters").or_insert_with(|| json!([]));
        if let Json::Array(list) = list {
            list.extend(parameters.iter().map(|name| json!({"$ref": format!("#/components/parameters/{name}")})));
        }
    }
    if operation.method == Method::PATCH {
        accept_merge_patch(described);
    }
    bound_texts(described);
    let mut statuses: BTreeSet<&str> = ["400", "408", "414", "429", "431", "500", "503"].into();
    if operation.access.needs_sign_in() {
        statuses.extend(["401", "403"]);
    } else if is_write {
        // What strangers may write to is a way to sign in.
        statuses.insert("401");
    }
    // What a body names, or the time, can put an operation beyond reach as its path can; and what is repeated under its
    // key is answered only to who may see the thing still.
    if in_path || takes_key || operation.id == "setUp" {
        statuses.insert("404");
    }
    if is_write {
        statuses.extend(["409", "422"]);
    }
    if has_body {
        statuses.extend(["413", "415"]);
    }
    if takes_key && (needs_version || versioned) {
        statuses.insert("412");
    }
    if needs_version {
        statuses.insert("428");
    }
    let single = operation.method == Method::GET && operation.path.ends_with('}') && operation.access.needs_sign_in();
    let Some(Json::Object(responses)) = described.get_mut("responses") else { return };
    // What is not in the path may have a version too: the operation says so by answering 304.
    let single = single || responses.contains_key("304");
    for (status, response) in responses.iter_mut() {
        if let Json::Object(response) = response {
            shared::add_headers(response, status, single);
        }
    }
    if single {
        statuses.insert("304");
    }
    for status in statuses {
        if let Some(name) = shared::response_name(status) {
            responses.entry(status).or_insert_with(|| json!({"$ref": format!("#/components/responses/{name}")}));
        }
    }
    responses.sort_keys();
}

fn say_access(described: &mut Map<String, Json>, access: Access) {
    let sentence = match access {
        Access::Public | Access::Probe => {
            described.insert("security".into(), json!([]));
            "Needs no sign-in.".to_owned()
        }
        Access::SignedIn => "For everybody who is signed in.".to_owned(),
        Access::May(action) => format!("Needs a grant of `{}`.", action.word()),
    };
    let description = described.get("description").and_then(Json::as_str).unwrap_or_default();
    let description = format!("{description}\n\n{sentence}").trim().to_owned();
    described.insert("description".into(), json!(description));
}

/// Whether the operation names `If-Match` itself; the shared parameter takes its place.
fn names_version(described: &mut Map<String, Json>) -> bool {
    let Some(Json::Array(parameters)) = described.get_mut("parameters") else { return false };
    let all = parameters.len();
    parameters.retain(|one| one.get("name") != Some(&json!("If-Match")));
    parameters.len() < all
}

fn answers_page(described: &Map<String, Json>) -> bool {
    let schema = described
        .get("responses")
        .and_then(|responses| responses.pointer("/200/content/application~1json/schema/$ref"))
        .and_then(Json::as_str);
    schema.is_some_and(|name| name.ends_with("Page"))
}

fn accept_merge_patch(described: &mut Map<String, Json>) {
    let content = described.get_mut("requestBody").and_then(|body| body.get_mut("content"));
    if let Some(Json::Object(content)) = content
        && let Some(plain) = content.get("application/json").cloned()
    {
        content.insert("application/merge-patch+json".into(), plain);
    }
}

/// A body that is not JSON is a file: larger than the texts within JSON, and still bounded.
fn bound_texts(described: &mut Map<String, Json>) {
    let content = described.get_mut("requestBody").and_then(|body| body.get_mut("content"));
    for (media, one) in content.and_then(Json::as_object_mut).into_iter().flatten() {
        if let Some(Json::Object(schema)) = one.get_mut("schema")
            && !super::contract::is_json(media)
            && has_type(schema, "string")
        {
            schema.entry("maxLength").or_insert(json!(LARGEST_FILE));
        }
    }
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

fn has_type(schema: &Map<String, Json>, name: &str) -> bool {
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
