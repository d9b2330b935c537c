//! What the document promises of requests is enforced, operation by operation: the calls are made from the document
//! itself, so a new operation is tried without a line here.

use crate::client::{Call, Seen};
use crate::company::{Company, On};
use loudou::api::operations::documented;
use serde_json::{Map, Value as Json, json};

/// Somebody who has every role: what is refused here is refused for what the request is, not for who sends it.
fn company() -> (Company, String) {
    let mut company = Company::new(On::Sqlite).unwrap();
    let roles = ["people_admin", "rules_admin", "director", "trainer", "manager", "seller", "supporter"];
    let token = company.person("all", &roles, Some("south")).token;
    (company, token)
}

struct Operation {
    method: String,
    path: String,
    described: Json,
}

impl Operation {
    fn is_public(&self) -> bool {
        self.described["security"] == json!([{}])
    }

    fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// A path of it that leads to nothing.
    fn nowhere(&self) -> String {
        let parts = self
            .path
            .split('/')
            .map(|part| if part.starts_with('{') { "01890a5d-ac96-774b-bcce-b302099a8057" } else { part });
        parts.collect::<Vec<_>>().join("/")
    }

    /// A call with a body of the kind that it takes, if it takes one.
    fn call_with_body<'a>(&self, company: &'a Company, query: &str) -> Call<'a> {
        let call = self.call(company, query);
        let content = self.described.pointer("/requestBody/content").and_then(Json::as_object);
        match content.and_then(|content| content.keys().next()) {
            None => call,
            Some(media) if media.ends_with("json") => call.json(&json!({"no_such_field": 1})),
            Some(media) => call.text(media, "x"),
        }
    }

    fn call<'a>(&self, company: &'a Company, query: &str) -> Call<'a> {
        company.server.call(&self.method, &format!("{}{query}", self.nowhere()))
    }
}

fn operations(document: &Json) -> Vec<Operation> {
    documented(document)
        .map(|(method, path, described)| Operation {
            method: method.to_ascii_uppercase(),
            path: path.into(),
            described: described.clone(),
        })
        .collect()
}

fn resolve<'a>(document: &'a Json, schema: &'a Json) -> &'a Json {
    match schema["$ref"].as_str() {
        Some(target) => document.pointer(target.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}

/// The fields of its JSON body, each with what the document says of it.
fn fields(document: &Json, operation: &Operation) -> Option<Map<String, Json>> {
    let schema = operation.described.pointer("/requestBody/content/application~1json/schema")?;
    resolve(document, schema)["properties"].as_object().cloned()
}

/// Values just past what a schema allows, each with the fault that it makes.
fn past(document: &Json, schema: &Json) -> Vec<(Json, &'static str)> {
    let schema = resolve(document, schema);
    let number = |name: &str| schema[name].as_i64();
    let mut wrong = Vec::new();
    if let Some(most) = number("maxLength").filter(|_| schema["format"].is_null() && schema["pattern"].is_null()) {
        wrong.push((json!("漏".repeat(usize::try_from(most).unwrap() + 1)), "too_long"));
    }
    if let Some(least) = number("minLength").filter(|least| *least > 0 && schema["format"].is_null()) {
        wrong.push((json!("x".repeat(usize::try_from(least).unwrap() - 1)), "too_short"));
    }
    if let Some(most) = number("maximum") {
        wrong.push((json!(most + 1), "too_large"));
    }
    if let Some(least) = number("minimum") {
        wrong.push((json!(least - 1), "too_small"));
    }
    if let Some(most) = number("maxItems") {
        wrong.push((json!(vec!["x"; usize::try_from(most).unwrap() + 1]), "too_many"));
    }
    match schema["format"].as_str() {
        Some("uuid") => wrong.push((json!("1"), "not_an_id")),
        Some("date") => wrong.push((json!("2026-02-30"), "not_a_date")),
        Some("date-time") => wrong.push((json!("2026-03-02 10:00"), "not_a_time")),
        _ => {}
    }
    wrong
}

#[track_caller]
fn has_fault(seen: &Seen, status: u16, fault: &str, line: &str) {
    assert_eq!(seen.status, status, "{line}: {}", seen.text);
    assert!(seen.faults().iter().any(|one| one == fault), "{line}: no `{fault}` in {:?}", seen.faults());
}

#[test]
fn who_is_not_signed_in_learns_nothing() {
    let (company, _) = company();
    for operation in operations(&company.server.app.document.json).iter().filter(|operation| !operation.is_public()) {
        for token in ["", "x", "eyJhbGciOiJub25lIn0.e30."] {
            let seen = operation.call_with_body(&company, "?no_such_parameter=1").token(token).send();
            assert_eq!((seen.status, seen.code()), (401, "unauthenticated"), "{}", operation.line());
        }
    }
}

#[test]
fn a_body_has_no_other_fields_than_those_named_and_none_that_the_server_keeps() {
    let (company, token) = company();
    let document = &company.server.app.document.json;
    let kept =
        ["id", "version", "owner", "team", "stage", "state", "created_at", "entered_at", "updated_at", "no_such"];
    let mut tried = 0;
    for operation in operations(document) {
        let Some(fields) = fields(document, &operation) else { continue };
        for name in kept.iter().filter(|name| !fields.contains_key(**name)) {
            let seen = operation.call(&company, "").token(&token).json(&json!({*name: "x"})).send();
            has_fault(&seen, 422, &format!("/{name} field_unknown"), &operation.line());
            tried += 1;
        }
    }
    assert!(tried > 100, "{tried}");
}

#[test]
fn a_field_is_held_to_its_bounds() {
    let (company, token) = company();
    let document = &company.server.app.document.json;
    let mut tried = 0;
    for operation in operations(document) {
        for (name, schema) in fields(document, &operation).into_iter().flatten() {
            for (value, fault) in past(document, &schema) {
                let seen = operation.call(&company, "").token(&token).json(&json!({&name: value})).send();
                has_fault(&seen, 422, &format!("/{name} {fault}"), &operation.line());
                tried += 1;
            }
            if resolve(document, &schema)["type"] != json!("boolean") {
                let seen = operation.call(&company, "").token(&token).json(&json!({&name: "a\u{0}b"})).send();
                has_fault(&seen, 422, &format!("/{name} control_character"), &operation.line());
            }
        }
    }
    assert!(tried > 30, "{tried}");
}

#[test]
fn a_query_has_no_other_parameters_than_those_named_and_each_within_its_bounds() {
    let (company, token) = company();
    let document = &company.server.app.document.json;
    for operation in operations(document) {
        let seen = operation.call_with_body(&company, "?no_such=1").token(&token).send();
        has_fault(&seen, 400, "/no_such parameter_unknown", &operation.line());
        for parameter in operation.described["parameters"].as_array().into_iter().flatten() {
            let parameter = resolve(document, parameter);
            if parameter["in"] != "query" {
                continue;
            }
            let name = parameter["name"].as_str().unwrap();
            for (value, fault) in past(document, &parameter["schema"]) {
                let text = match &value {
                    Json::String(text) => text.clone(),
                    Json::Array(items) => vec!["x"; items.len()].join(","),
                    other => other.to_string(),
                };
                // Longer than an address may be is another answer.
                if text.len() > 2000 {
                    continue;
                }
                let text = percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC);
                let seen = operation.call_with_body(&company, &format!("?{name}={text}")).token(&token).send();
                has_fault(&seen, 400, &format!("/{name} {fault}"), &operation.line());
            }
        }
    }
}

#[test]
fn a_body_of_another_kind_or_size_is_refused_before_anything_else() {
    let (company, _) = company();
    let document = &company.server.app.document.json;
    for operation in operations(document) {
        if fields(document, &operation).is_none() {
            continue;
        }
        let seen = operation.call(&company, "").text("text/plain", "x").send();
        assert_eq!(seen.code(), "unsupported_media_type", "{}", operation.line());
        let header = if operation.method == "PATCH" { "accept-patch" } else { "accept-post" };
        assert!(seen.header(header).starts_with("application/json"), "{}", operation.line());
        let large = "x".repeat(1024 * 1024 + 1);
        let seen = operation.call(&company, "").text("application/json", &large).send();
        assert_eq!(seen.code(), "body_too_large", "{}", operation.line());
    }
}
