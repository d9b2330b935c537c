//! The passes that bring the document into its form. They add what is the same for all operations of a kind, so that
//! nobody has to remember it, and repair what the generator leaves vague (bounds, nullable properties).

use super::access::Access;
use super::document::TAGS;
use super::operations::Operation;
use super::schemas::{self, has_type, object_at};
use super::shared;
use actix_web::http::Method;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;

/// Largest body that is not JSON where an operation says nothing else, in bytes: that of a rules file.
const LARGEST_FILE: u32 = 256 * 1024;

/// The version of the interface, as `/v1` in its paths says it. Not that of the program, which would tell whoever asks
/// what it can be attacked with.
const API_VERSION: &str = "1.0";

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
    schemas::bring_into_form(document);
    declare_versions(document);
}

/// A write that takes a key answers with the version that the thing has now, where it has one.
fn declare_versions(document: &mut Json) {
    let versioned: BTreeSet<String> = object_at(document, "/components/schemas")
        .into_iter()
        .flatten()
        .filter(|(_, schema)| ["version", "number"].iter().any(|name| is_number(schema, name)))
        .map(|(name, _)| format!("#/components/schemas/{name}"))
        .collect();
    for (_, item) in object_at(document, "/paths").into_iter().flatten() {
        for (_, operation) in item.as_object_mut().into_iter().flatten() {
            for response in ["200", "201"] {
                if let Some(response) = object_at(operation, &format!("/responses/{response}"))
                    && response.get("headers").is_some_and(|headers| headers.get("Idempotency-Replayed").is_some())
                    && response.get("content").is_some_and(|content| {
                        let schema = content.pointer("/application~1json/schema/$ref").and_then(Json::as_str);
                        schema.is_some_and(|schema| versioned.contains(schema))
                    })
                {
                    shared::refer_to_headers(response, &["ETag"]);
                }
            }
        }
    }
}

fn is_number(schema: &Json, property: &str) -> bool {
    let property = schema.get("properties").and_then(|properties| properties.get(property));
    property.and_then(Json::as_object).is_some_and(|property| has_type(property, "integer"))
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
            "version": API_VERSION,
            "contact": {"name": "Whoever runs this server"},
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
    let single =
        operation.method == Method::GET && in_path && operation.path.ends_with('}') && operation.access.needs_sign_in();
    // What is not in the path may have a version too: the operation says so by answering 304.
    let single = single || described.get("responses").is_some_and(|responses| responses.get("304").is_some());
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
    if single {
        parameters.push("IfNoneMatch");
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
    // What a body or a query names, or the time, can put an operation beyond reach as its path can; and what is repeated
    // under its key is answered only to who may see the thing still.
    if in_path || takes_key || ["setUp", "getRulesDiff", "getRulesDocument"].contains(&operation.id.as_str()) {
        statuses.insert("404");
    }
    if is_write {
        statuses.extend(["409", "422"]);
    }
    // What a draft says need not be rules yet.
    if ["getRulesDiff", "getRulesDocument", "getPreviewedRules", "listDraftMoves"].contains(&operation.id.as_str()) {
        statuses.insert("422");
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
    let Some(Json::Object(responses)) = described.get_mut("responses") else { return };
    for (status, response) in responses.iter_mut() {
        if let Json::Object(response) = response {
            shared::add_headers(response, status, single);
            // Rules as text have a version too.
            if response.get("content").is_some_and(|content| content.get("application/yaml").is_some()) {
                shared::refer_to_headers(response, &["ETag"]);
            }
            if takes_key && status.starts_with('2') {
                shared::refer_to_headers(response, &["Idempotency-Replayed"]);
            }
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
            // An empty way in, not an empty list of ways: linters take the list for one that was forgotten.
            described.insert("security".into(), json!([{}]));
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

/// A body that is not JSON is a file, in requests and answers alike: larger than the texts within JSON, and still
/// bounded.
fn bound_texts(described: &mut Map<String, Json>) {
    let mut bodies: Vec<&mut Json> = Vec::new();
    for (key, part) in described.iter_mut() {
        match (key.as_str(), part) {
            ("requestBody", body) => bodies.push(body),
            ("responses", Json::Object(responses)) => bodies.extend(responses.values_mut()),
            _ => {}
        }
    }
    let contents = bodies.into_iter().filter_map(|body| body.get_mut("content").and_then(Json::as_object_mut));
    for (media, one) in contents.flatten() {
        if let Some(Json::Object(schema)) = one.get_mut("schema")
            && !super::contract::is_json(media)
            && has_type(schema, "string")
        {
            schema.entry("maxLength").or_insert(json!(LARGEST_FILE));
        }
    }
}
