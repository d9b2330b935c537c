//! What every operation of a kind shares in the document: parameters, responses, headers, the introduction.

use serde_json::{Map, Value as Json, json};

/// Opens the document.
pub const INTRODUCTION: &str = "\
One YAML file says what a company's sales funnel is; this server enforces it on every call. Stages, roles, fields, \
reasons and the like are the company's own words: here they are strings, `GET /v1/funnels` lists them;
in the document at `GET /v1/rules/openapi.json` they are types.

**Problems.** Every refusal is `application/problem+json` (RFC 9457) with a stable `code`; `errors` holds every fault of \
the request with a JSON pointer, `unmet` every criterion of the rules that is not met and what would meet it. \
`Accept-Language` chooses the language of what is written for people. Only answers given below this server's own code \
(bad framing, headers that never end) have no body.

**Writing safely.** Every object has a version, its strong `ETag`. `PATCH`, `PUT` and `DELETE` need it as `If-Match`. \
Writes take an `Idempotency-Key`: sent again with the same key, a request is answered with the first answer and not done \
twice. `?dry_run=true` decides and writes nothing.

**Lists** are pages: `{data, has_more, next_cursor}`; pass `next_cursor` as `cursor`.

**Growing.** Within `/v1` things are only added. Ignore properties and values that you do not know.";

/// The responses that come from rooms all operations pass through: status, name, description.
const PROBLEMS: &[(&str, &str, &str)] = &[
    ("400", "BadRequest", "The request cannot be read, or its parameters are wrong: `errors` says which."),
    ("401", "Unauthenticated", "No valid token came with it."),
    ("403", "NotPermitted", "You may see it, but not do this with it."),
    ("404", "NotFound", "Nothing here that you may see."),
    ("408", "TooSlow", "The request did not arrive within the time for a whole request."),
    ("409", "Conflict", "It is not in a state for this, or something else happened meanwhile."),
    ("412", "VersionChanged", "It has changed since the version that you named in `If-Match`."),
    ("413", "BodyTooLarge", "The body is larger than allowed."),
    ("414", "UrlTooLong", "Path and query together are longer than 8 KiB."),
    ("415", "UnsupportedMediaType", "The body's `Content-Type` is not one that is taken here."),
    ("422", "Unprocessable", "Fields are wrong (`errors`), or the rules demand what is not there (`unmet`)."),
    ("428", "VersionRequired", "Name the version that you saw, in `If-Match`."),
    ("429", "TooManyRequests", "Too many requests: wait as long as `Retry-After` says."),
    ("431", "HeadersTooLarge", "The headers together are longer than 64 KiB."),
    ("500", "Internal", "A fault of this server: name the request's id when you report it."),
    ("503", "Unavailable", "Not now: try again after `Retry-After`."),
];

/// The name of the shared response of a status.
#[must_use]
pub fn response_name(status: &str) -> Option<&'static str> {
    if status == "304" {
        return Some("NotModified");
    }
    PROBLEMS.iter().find(|(one, _, _)| *one == status).map(|(_, name, _)| *name)
}

/// `components.responses`.
#[must_use]
pub fn responses() -> Json {
    let mut all = Map::new();
    for (status, name, description) in PROBLEMS {
        let mut response = Map::new();
        response.insert("description".into(), json!(description));
        add_headers(&mut response, status, false);
        let schema = json!({"$ref": "#/components/schemas/Problem"});
        response.insert("content".into(), json!({"application/problem+json": {"schema": schema}}));
        all.insert((*name).into(), Json::Object(response));
    }
    let mut unchanged = Map::new();
    unchanged.insert("description".into(), json!("It is still the version that you named in `If-None-Match`."));
    add_headers(&mut unchanged, "304", true);
    all.insert("NotModified".into(), Json::Object(unchanged));
    Json::Object(all)
}

/// The headers that every response of this status comes with, or may come with.
pub fn add_headers(response: &mut Map<String, Json>, status: &str, versioned: bool) {
    let mut names = vec!["X-Request-Id", "RateLimit", "RateLimit-Policy"];
    match status {
        "201" => names.push("Location"),
        "401" => names.push("WWW-Authenticate"),
        "415" => names.extend(["Accept-Post", "Accept-Patch"]),
        "409" => names.extend(["Retry-After", "X-Decision-Id"]),
        "403" | "422" => names.push("X-Decision-Id"),
        "429" | "503" => names.push("Retry-After"),
        _ => {}
    }
    if status.starts_with(['4', '5']) {
        names.push("Content-Language");
    }
    if versioned && (status == "200" || status == "304") {
        names.push("ETag");
    }
    refer_to_headers(response, &names);
}

/// Declares that a response comes with these headers of `headers`.
pub fn refer_to_headers(response: &mut Map<String, Json>, names: &[&str]) {
    if let Json::Object(headers) = response.entry("headers").or_insert_with(|| json!({})) {
        for name in names {
            headers.entry(*name).or_insert_with(|| json!({"$ref": format!("#/components/headers/{name}")}));
        }
    }
}

/// `components.headers`.
#[must_use]
pub fn headers() -> Json {
    let text = |description: &str| json!({"description": description, "schema": {"type": "string", "maxLength": 200}});
    let mut all = Map::new();
    let always = |description: &str| json!({"description": description, "required": true, "schema": {"type": "string", "maxLength": 200}});
    all.insert(
        "Location".into(),
        always("Where the new thing is, or the decision that is now in the log: a path of this server."),
    );
    all.insert(
        "Idempotency-Replayed".into(),
        json!({
            "description": "It was done before under the same `Idempotency-Key`, and not again.",
            "schema": {"type": "string", "enum": ["true"]},
        }),
    );
    all.insert("X-Decision-Id".into(), text("The decision that is now in the log, where a refusal is recorded."));
    all.insert("Accept-Post".into(), text("The media types that are taken here."));
    all.insert("Accept-Patch".into(), text("The media types that are taken here."));
    all.insert("X-Request-Id".into(), text("The request's id: the one it came with, or a new one."));
    all.insert(
        "RateLimit".into(),
        text("What is left of the limit: `\"user\";r=99;t=30`: 99 requests, whole again in 30 s (IETF draft)."),
    );
    all.insert(
        "RateLimit-Policy".into(),
        text("The limit: `\"user\";q=1200;w=60`: 1200 requests a minute (IETF draft)."),
    );
    all.insert("WWW-Authenticate".into(), always("How to prove who you are."));
    all.insert("Content-Language".into(), text("The language of what is written for people."));
    all.insert("ETag".into(), always("The version, for `If-Match` and `If-None-Match`: `\"v3\"`."));
    all.insert(
        "Retry-After".into(),
        json!({"description": "Seconds to wait.", "schema": {"type": "integer", "format": "int32", "minimum": 0, "maximum": 86_400}}),
    );
    Json::Object(all)
}

/// `components.parameters`.
#[must_use]
pub fn parameters() -> Json {
    let etag = json!({"type": "string", "maxLength": 30, "pattern": "^(\\*|\"v[0-9]{1,18}\")$"});
    json!({
        "IdempotencyKey": {
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "A name of your own for this request, such as a UUID: sent again with it, the request is \
                answered as before and not done twice. Kept for at least 24 hours.",
            "schema": {"type": "string", "minLength": 1, "maxLength": super::write::LONGEST_KEY, "pattern": "^[!-~]+$"},
        },
        "DryRun": {
            "name": "dry_run", "in": "query", "required": false,
            "description": "Decide and answer, but write nothing.",
            "schema": {"type": "boolean", "default": false},
        },
        "IfMatch": {
            "name": "If-Match", "in": "header", "required": true,
            "description": "The version that you saw: the `ETag` of your last read. `*` takes any.",
            "schema": etag,
        },
        "IfMatchOptional": {
            "name": "If-Match", "in": "header", "required": false,
            "description": "The version that you saw: refused if it has changed since.",
            "schema": etag,
        },
        "IfNoneMatch": {
            "name": "If-None-Match", "in": "header", "required": false,
            "description": "The version that you have already: answered with 304 and no body while it is the present one.",
            "schema": {"type": "string", "maxLength": super::reply::LONGEST_KNOWN_VERSIONS},
        },
        "Limit": {
            "name": "limit", "in": "query", "required": false,
            "description": "At most so many to a page.",
            "schema": {"type": "integer", "format": "int32", "minimum": 1, "maximum": super::page::LARGEST, "default": super::page::USUAL},
        },
        "Cursor": {
            "name": "cursor", "in": "query", "required": false,
            "description": "Where to go on: `next_cursor` of the page before, with the same filters and sorting.",
            "schema": {"type": "string", "minLength": 1, "maxLength": super::page::LONGEST_CURSOR},
        },
    })
}

/// `components.securitySchemes`.
#[must_use]
pub fn security_schemes() -> Json {
    json!({
        "bearer": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "A short-lived token from sign-in, made and checked as RFC8725 advises.",
        },
    })
}
