//! The layers before the handlers, tried with the operations of `sample`: who is turned away with which answer, in which
//! order, and that no handler was reached.

use super::access::{Access, Answering, Authenticator, Caller};
use super::context::Context;
use super::document::Document;
use super::health::Readiness;
use super::operations::operations;
use super::{ApiError, App, Parts, app, sample};
use crate::engine::actor::{Actor, Who};
use crate::rules::model::Action;
use crate::settings::{Http, Settings};
use crate::texts::Message;
use crate::values::{Language, Time, UserId};
use actix_web::body::MessageBody;
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::Method;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::web;
use clap::{Args, FromArgMatches};
use futures_util::{Stream, stream};
use serde_json::{Value as Json, json};
use std::future::ready;
use std::sync::Arc;

operations! {
    sample::list_samples => Access::May(Action::DealsRead),
    sample::create_sample => Access::SignedIn,
    sample::get_sample => Access::May(Action::DealsRead),
    sample::change_sample => Access::SignedIn,
    sample::send_text => Access::Public,
    sample::panic_always => Access::Public,
    sample::dawdle => Access::Public,
    sample::fail => Access::Public,
}

/// The token is the name, and the same however many dots end it; `anna` may read deals, `ben` nothing.
struct TwoPeople;

impl Authenticator for TwoPeople {
    fn authenticate<'a>(&'a self, token: &'a str, _: &'a Context) -> Answering<'a, Result<Caller, ApiError>> {
        let token = token.trim_end_matches('.');
        let known = ["anna", "ben"].contains(&token);
        let roles = vec![token.into()];
        let user = UserId("01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap());
        let actor = Arc::new(Actor { who: Who::User(user), roles, ..Actor::system() });
        let caller = Caller { actor, session: None };
        Box::pin(ready(if known { Ok(caller) } else { Err(ApiError::Unauthenticated) }))
    }

    fn permit<'a>(&'a self, caller: &'a Caller, _: Action, _: &'a Context) -> Answering<'a, Result<(), ApiError>> {
        let granted = caller.actor.roles.iter().any(|role| *role == "anna");
        Box::pin(ready(if granted { Ok(()) } else { Err(ApiError::NotPermitted(Message::new("not_permitted"))) }))
    }
}

/// A server of the sample operations, with these settings besides the usual ones.
fn state(settings: &[&str]) -> web::Data<App> {
    state_with(settings, |_| {})
}

fn state_with(settings: &[&str], change: impl Fn(&mut Http)) -> web::Data<App> {
    web::Data::new(App::with_operations(parts(settings, change), all()).unwrap())
}

fn parts(settings: &[&str], change: impl Fn(&mut Http)) -> Parts {
    let command = Settings::augment_args(clap::Command::new("test")).no_binary_name(true);
    let mut settings = Settings::from_arg_matches(&command.get_matches_from(settings)).unwrap();
    change(&mut settings.http);
    Parts {
        settings: settings.http,
        clock: Arc::new(|| Time::from_micros(0)),
        fallback_language: Arc::new(|| Language::new("en")),
        readiness: Readiness::new(Box::new(|| Box::pin(ready(Ok(()))))),
        authenticator: Arc::new(TwoPeople),
        workflow: None,
    }
}

#[test]
fn a_table_that_the_document_disagrees_with_stops_the_start() {
    let mut table = all();
    let twice = table[0].clone();
    table.push(twice);
    let faults = App::with_operations(parts(&[], |_| {}), table).unwrap_err();
    assert!(faults.iter().any(|fault| fault.contains("twice")), "{faults:?}");
}

/// What came back: status, headers (names in small letters), body.
struct Seen {
    status: u16,
    headers: Vec<(String, String)>,
    body: Json,
    text: String,
}

impl Seen {
    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(one, _)| one == name).map_or("", |(_, value)| value)
    }

    /// Status and code, and each fault: what a row of a test expects.
    fn summary(&self) -> String {
        let errors = self.body["errors"].as_array().into_iter().flatten();
        let faults: String = errors
            .map(|one| format!("; {} {}", one["pointer"].as_str().unwrap(), one["code"].as_str().unwrap()))
            .collect();
        format!("{} {}{faults}", self.status, self.body["code"].as_str().unwrap_or_default())
    }
}

async fn ask(state: &web::Data<App>, request: TestRequest) -> Seen {
    ask_sending(state, request, None).await
}

/// Sends a body that comes as it comes.
async fn ask_sending(state: &web::Data<App>, request: TestRequest, body: Option<Payload>) -> Seen {
    let mut request = request.to_request();
    if let Some(body) = body {
        *request.payload() = body;
    }
    let service = init_service(app(state.clone())).await;
    let response = call_service(&service, request).await;
    let status = response.status().as_u16();
    let headers = response.headers().iter();
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    let bytes = response.into_body().try_into_bytes().unwrap_or_default();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    Seen { status, headers, body: serde_json::from_str(&text).unwrap_or_default(), text }
}

/// A body that comes in pieces.
fn streamed(pieces: impl Stream<Item = Result<web::Bytes, PayloadError>> + 'static) -> Option<Payload> {
    Some(Payload::Stream { payload: Box::pin(pieces) })
}

fn as_anna(method: Method, url: &str) -> TestRequest {
    TestRequest::default().method(method).uri(url).insert_header(("authorization", "Bearer anna"))
}

fn with_body(request: TestRequest, text: &str) -> TestRequest {
    request.insert_header(("content-type", "application/json")).set_payload(text.to_owned())
}

#[actix_web::test]
async fn what_is_wrong_with_a_body_is_told_fault_by_fault() {
    let state = state(&[]);
    let rows = [
        (r#"{"name": "a", "rank": 3, "colour": "red"}"#, "201 "),
        (r#"{"name": "a", "rank": null}"#, "201 "),
        (r#"{"nam": "a"}"#, "422 invalid_fields; /nam field_unknown; /name required"),
        (r#"{"name": "", "rank": 10}"#, "422 invalid_fields; /name too_short; /rank too_large"),
        (r#"{"name": "12345678901", "rank": -1}"#, "422 invalid_fields; /name too_long; /rank too_small"),
        (r#"{"name": 7, "rank": "7"}"#, "422 invalid_fields; /name not_a_text; /rank not_an_integer"),
        (r#"{"name": "a", "rank": 1e400}"#, "400 malformed_body"),
        (r#"{"name": "a", "rank": 9007199254740993}"#, "422 invalid_fields; /rank too_large"),
        (r#"{"name": "a", "rank": 1.0}"#, "422 invalid_fields; /rank wrong_form"),
        (r#"{"name": "a", "colour": "rot"}"#, "422 invalid_fields; /colour not_one_of"),
        (r#"{"name": "a", "made": "yesterday"}"#, "422 invalid_fields; /made not_a_time"),
        (r#"{"name": "a\u0000b"}"#, "422 invalid_fields; /name control_character"),
        (r#"{"name": "a", "name": "b"}"#, "400 malformed_body"),
        (r#"{"name": "\ud800"}"#, "400 malformed_body"),
        (r#"{"name": "a""#, "400 malformed_body"),
        ("", "400 malformed_body"),
        (r#"{"name": "a", "material": null}"#, "201 "),
        (r#"{"name": "a", "material": {"tree": "oak"}}"#, "422 invalid_fields; /material/kind required"),
        ("[]", "422 invalid_fields;  not_an_object"),
        ("null", "422 invalid_fields;  not_an_object"),
        (r#"{"name": "a", "material": {"kind": "wood", "tree": "oak"}}"#, "201 "),
        (
            r#"{"name": "a", "material": {"kind": "metal", "melts_at": "hot"}}"#,
            "422 invalid_fields; /material/melts_at not_an_integer",
        ),
        (r#"{"name": "a", "material": {"kind": "glass"}}"#, "422 invalid_fields; /material/kind not_one_of"),
        (
            r#"{"name": "a", "material": {"kind": "wood", "melts_at": 3}}"#,
            "422 invalid_fields; /material/melts_at field_unknown; /material/tree required",
        ),
    ];
    for (body, expected) in rows {
        let before = sample::REACHED.get();
        let seen = ask(&state, with_body(as_anna(Method::POST, "/samples"), body)).await;
        assert_eq!(seen.summary(), expected, "{body}: {}", seen.text);
        if seen.status >= 400 && !seen.text.contains("wrong_form") {
            assert_eq!(sample::REACHED.get(), before, "{body}");
        }
    }
}

#[actix_web::test]
async fn a_mistyped_field_is_told_with_the_one_that_was_meant() {
    let state = state(&[]);
    let seen = ask(&state, with_body(as_anna(Method::POST, "/samples"), r#"{"name": "a", "colr": "gren"}"#)).await;
    assert_eq!(seen.body["errors"][0]["detail"], "there is no field `colr`; did you mean `colour`?");
    let request = as_anna(Method::GET, "/samples?colour=gren").insert_header(("accept-language", "zh-CN"));
    let seen = ask(&state, request).await;
    assert_eq!(seen.body["errors"][0]["detail"], "`gren` 不在 `red`, `green` 之中；是否指 `green`？");
    assert_eq!(seen.header("content-language"), "zh");
}

#[actix_web::test]
async fn what_is_wrong_with_a_query_is_told_parameter_by_parameter() {
    let state = state(&[]);
    let rows = [
        ("", "200 "),
        ("limit=100&colour=red&stage=a&stage=b,c", "200 "),
        ("limit=0", "400 invalid_parameters; /limit too_small"),
        ("limit=101", "400 invalid_parameters; /limit too_large"),
        ("limit=x", "400 invalid_parameters; /limit not_an_integer"),
        ("limit=1&limit=2", "400 invalid_parameters; /limit parameter_repeated"),
        ("limt=1", "400 invalid_parameters; /limt parameter_unknown"),
        ("dry_run=true", "400 invalid_parameters; /dry_run parameter_unknown"),
        ("colour=blue&limit=0", "400 invalid_parameters; /colour not_one_of; /limit too_small"),
        ("stage=a,b,c,d", "400 invalid_parameters; /stage too_many"),
        ("cursor=%21", "400 invalid_parameters; /cursor cursor_unknown"),
        ("cursor=", "400 invalid_parameters; /cursor too_short"),
    ];
    for (query, expected) in rows {
        let seen = ask(&state, as_anna(Method::GET, &format!("/samples?{query}"))).await;
        let mut found: Vec<String> = seen.summary().split("; ").map(str::to_owned).collect();
        found[1..].sort();
        assert_eq!(found.join("; "), expected, "{query}: {}", seen.text);
    }
}

#[actix_web::test]
async fn a_page_leads_to_the_next() {
    let state = state(&[]);
    let first = ask(&state, as_anna(Method::GET, "/samples?limit=2")).await;
    assert_eq!(first.body["data"].as_array().unwrap().len(), 2);
    let next = format!("/samples?limit=2&cursor={}", first.body["next_cursor"].as_str().unwrap());
    let second = ask(&state, as_anna(Method::GET, &next)).await;
    assert_eq!(second.body["data"][0]["rank"], 2);
    let usual = ask(&state, as_anna(Method::GET, "/samples")).await;
    assert_eq!(usual.body["data"].as_array().unwrap().len(), 25);
}

#[actix_web::test]
async fn who_is_turned_away_and_in_which_order() {
    let state = state(&["--body-limit-kib", "1"]);
    let big = "x".repeat(2000);
    let wrong = r#"{"nam": 1}"#;
    let bearer = |name: &str| ("authorization", format!("Bearer {name}"));
    let post = || TestRequest::post().uri("/samples");
    let one = "/samples/01890a5d-ac96-774b-bcce-b302099a8057";
    let rows: Vec<(&str, TestRequest, &str)> = vec![
        ("size before who", with_body(post(), &big), "413 body_too_large"),
        (
            "kind before who",
            post().insert_header(("content-type", "text/plain")).set_payload("x"),
            "415 unsupported_media_type",
        ),
        ("who before what", with_body(post(), wrong), "401 unauthenticated"),
        ("a wrong token", with_body(post().insert_header(bearer("eve")), wrong), "401 unauthenticated"),
        (
            "another scheme",
            with_body(post().insert_header(("authorization", "Basic anna")), wrong),
            "401 unauthenticated",
        ),
        (
            "a token too long",
            TestRequest::get().uri(one).insert_header(bearer(&format!("anna{}", ".".repeat(8192)))),
            "401 unauthenticated",
        ),
        (
            "granted nothing",
            TestRequest::get().uri("/samples?limit=0").insert_header(bearer("ben")),
            "403 not_permitted",
        ),
        (
            "signed in is enough",
            with_body(post().insert_header(bearer("ben")), wrong),
            "422 invalid_fields; /nam field_unknown; /name required",
        ),
        ("no such path", as_anna(Method::GET, "/sample"), "404 not_found"),
        ("no such id", as_anna(Method::GET, "/samples/abc"), "404 not_found"),
        ("no such method", as_anna(Method::DELETE, one), "405 method_not_allowed"),
        ("a made-up method", as_anna(Method::from_bytes(b"BREW").unwrap(), one), "405 method_not_allowed"),
    ];
    let longest = TestRequest::get().uri(one).insert_header(bearer(&format!("anna{}", ".".repeat(8188))));
    assert_eq!(ask(&state, longest).await.summary(), "200 ");
    for (case, request, expected) in rows {
        let seen = ask(&state, request).await;
        assert_eq!(seen.summary(), expected, "{case}: {}", seen.text);
        assert_eq!(seen.header("content-type"), "application/problem+json", "{case}");
        match seen.status {
            401 => assert_eq!(seen.header("www-authenticate"), "Bearer realm=\"loudou\"", "{case}"),
            405 => assert_eq!(seen.header("allow"), "GET, HEAD, PATCH", "{case}"),
            415 => assert_eq!(seen.header("accept-post"), "application/json", "{case}"),
            _ => {}
        }
    }
}

#[actix_web::test]
async fn a_write_comes_with_its_version_its_key_and_whether_it_is_only_tried() {
    let state = state(&[]);
    let one = "/samples/01890a5d-ac96-774b-bcce-b302099a8057";
    let long = "k".repeat(256);
    let too_long = [("if-match", "*"), ("idempotency-key", long.as_str())];
    let rows: Vec<(&str, &[(&str, &str)], &str)> = vec![
        ("", &[("if-match", "\"v7\"")], "200 "),
        ("", &[("if-match", "*")], "200 "),
        ("", &[], "428 version_required"),
        ("", &[("if-match", "v7")], "400 malformed_header; /If-Match if_match_malformed"),
        ("", &[("if-match", "W/\"v7\"")], "400 malformed_header; /If-Match if_match_malformed"),
        ("", &[("if-match", "\"v7\""), ("if-match", "\"v8\"")], "400 malformed_header; /If-Match header_malformed"),
        ("", &[("if-match", "*"), ("idempotency-key", "a-1")], "200 "),
        (
            "",
            &[("if-match", "*"), ("idempotency-key", "a b")],
            "400 malformed_header; /Idempotency-Key idempotency_key_malformed",
        ),
        (
            "",
            &[("if-match", "*"), ("idempotency-key", "")],
            "400 malformed_header; /Idempotency-Key idempotency_key_malformed",
        ),
        ("", &too_long, "400 malformed_header; /Idempotency-Key idempotency_key_malformed"),
        ("?dry_run=true", &[("if-match", "*")], "200 "),
        ("?dry_run=true", &[("if-match", "*"), ("idempotency-key", "a")], "400 dry_run_with_key"),
        ("?dry_run=yes", &[("if-match", "*")], "400 invalid_parameters; /dry_run not_a_boolean"),
    ];
    for (query, headers, expected) in rows {
        for media in ["application/json", "application/merge-patch+json; charset=utf-8"] {
            let mut request = as_anna(Method::PATCH, &format!("{one}{query}")).insert_header(("content-type", media));
            for header in headers {
                request = request.append_header(*header);
            }
            let seen = ask(&state, request.set_payload(r#"{"name": "a"}"#)).await;
            assert_eq!(seen.summary(), expected, "{query} {headers:?}: {}", seen.text);
            if seen.status == 200 {
                assert_eq!(seen.body["dry_run"], !query.is_empty());
                assert_eq!(seen.body["version"], if headers[0].1 == "*" { Json::Null } else { json!(7) });
            }
        }
    }
    let seen = ask(&state, as_anna(Method::PATCH, one).insert_header(("content-type", "text/json"))).await;
    assert_eq!(seen.header("accept-patch"), "application/json, application/merge-patch+json");
}

#[actix_web::test]
async fn what_has_not_changed_is_not_sent_again() {
    let state = state(&[]);
    let one = "/samples/01890a5d-ac96-774b-bcce-b302099a8057";
    for (known, status) in [("\"v3\"", 304), ("W/\"v3\"", 304), ("\"v2\", \"v3\"", 304), ("*", 304), ("\"v2\"", 200)] {
        let seen = ask(&state, as_anna(Method::GET, one).insert_header(("if-none-match", known))).await;
        assert_eq!((seen.status, seen.header("etag")), (status, "\"v3\""), "{known}");
    }
}

#[actix_web::test]
async fn a_body_is_read_only_as_far_as_is_allowed() {
    let state = state(&["--body-limit-kib", "1"]);
    let yaml = || TestRequest::post().uri("/texts").insert_header(("content-type", "application/yaml"));
    let chunks = |chunks: Vec<&'static str>| {
        let chunks = chunks.into_iter().map(|chunk| Ok(web::Bytes::from_static(chunk.as_bytes())));
        streamed(stream::iter(chunks.collect::<Vec<_>>()))
    };
    let cases = [
        (vec!["twenty bytes ", "exactly"], "204 "),
        (vec!["twenty bytes ", "exactly", "!"], "413 body_too_large"),
        (vec!["\u{feff}a"], "204 "),
    ];
    for (body, expected) in cases {
        let request = yaml().insert_header(("transfer-encoding", "chunked"));
        assert_eq!(ask_sending(&state, request, chunks(body)).await.summary(), expected);
    }
    assert_eq!(ask(&state, yaml().set_payload(&b"\xff"[..])).await.summary(), "400 malformed_body");
}

#[actix_web::test]
async fn a_panic_is_a_problem_that_tells_nothing_and_is_counted() {
    super::measures::begin();
    let counted = || {
        let text = super::measures::text();
        text.lines().find_map(|line| line.strip_prefix("http_panics_total ")?.parse::<u64>().ok()).unwrap()
    };
    let before = counted();
    let seen = ask(&state(&[]), TestRequest::get().uri("/panic").insert_header(("x-request-id", "abc"))).await;
    assert_eq!(seen.summary(), "500 internal");
    assert_eq!((seen.header("x-request-id"), &seen.body["instance"]), ("abc", &json!("abc")));
    for secret in ["geheim", "postgres", "/home", "panic", ".rs"] {
        assert!(!seen.text.contains(secret), "{}", seen.text);
    }
    assert_eq!(counted(), before + 1);
}

#[actix_web::test]
async fn a_fault_of_ours_tells_nothing() {
    let seen = ask(&state(&[]), TestRequest::get().uri("/fail")).await;
    assert_eq!(seen.summary(), "500 internal");
    for secret in ["SELECT", "secret", "1970"] {
        assert!(!seen.text.contains(secret), "{}", seen.text);
    }
}

#[actix_web::test]
async fn nothing_takes_longer_than_the_deadline() {
    // The shortest that can be set is a second: no time at all shows the same, and nobody waits.
    let state = state_with(&[], |settings| settings.request_deadline_seconds = 0);
    let seen = ask(&state, TestRequest::get().uri("/dawdle")).await;
    assert_eq!(seen.summary(), "408 request_too_slow");
    let request = TestRequest::post().uri("/texts").insert_header(("content-type", "application/yaml"));
    let request = request.insert_header(("transfer-encoding", "chunked"));
    let seen = ask_sending(&state, request, streamed(stream::pending())).await;
    assert_eq!(seen.summary(), "408 request_too_slow");
}

#[actix_web::test]
async fn an_address_and_a_user_have_their_limits() {
    let state = state(&["--limit-address-per-minute", "4", "--limit-user-per-minute", "2"]);
    let rows = [
        ("anna", "200 ", "\"user\";q=2;w=60", "\"user\";r=1;t=30"),
        ("anna", "200 ", "\"user\";q=2;w=60", "\"user\";r=0;t=60"),
        ("anna", "429 too_many_requests", "\"user\";q=2;w=60", "\"user\";r=0;t=30"),
        ("eve", "401 unauthenticated", "\"address\";q=4;w=60", "\"address\";r=0;t=60"),
        ("anna", "429 too_many_requests", "\"address\";q=4;w=60", "\"address\";r=0;t=15"),
    ];
    for (who, expected, policy, left) in rows {
        let request = TestRequest::get().uri("/samples").insert_header(("authorization", format!("Bearer {who}")));
        let seen = ask(&state, request).await;
        assert_eq!(seen.summary(), expected, "{}", seen.text);
        assert_eq!(seen.header("ratelimit-policy"), policy);
        assert_eq!(seen.header("ratelimit"), left);
        assert_eq!(seen.header("retry-after").is_empty(), seen.status != 429);
    }
    assert_eq!(ask(&state, TestRequest::get().uri("/nowhere")).await.summary(), "429 too_many_requests");
}

#[test]
fn the_document_of_a_kind_of_operation_has_what_the_kind_implies() {
    let document = Document::of(&all());
    let names = |pointer: &str| {
        let list = document.json.pointer(pointer).unwrap().as_array().unwrap().iter();
        list.map(|one| one["$ref"].as_str().or(one["name"].as_str()).unwrap().rsplit('/').next().unwrap().to_owned())
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(names("/paths/~1samples/get/parameters"), "colour stage Limit Cursor");
    assert_eq!(names("/paths/~1samples/post/parameters"), "IdempotencyKey DryRun");
    assert_eq!(names("/paths/~1samples~1{id}/patch/parameters"), "id IdempotencyKey DryRun IfMatch");
    let at = |pointer: &str| document.json.pointer(pointer).cloned().unwrap_or_default();
    assert_eq!(at("/components/schemas/SampleBody/additionalProperties"), false);
    assert_eq!(at("/components/schemas/Wood/additionalProperties"), false);
    assert_eq!(at("/components/schemas/Sample/required"), json!(["name", "dry_run", "key", "rank", "version"]));
    assert_eq!(at("/components/schemas/Sample/properties/rank/maximum"), 9_007_199_254_740_991_i64);
    assert_eq!(at("/components/schemas/SamplePage/properties/data/items/$ref"), "#/components/schemas/Sample");
    assert_eq!(at("/paths/~1samples~1{id}/patch/responses/428/$ref"), "#/components/responses/VersionRequired");
    assert_eq!(at("/paths/~1samples/get/description"), "All of them.\n\nNeeds a grant of `deals.read`.");
    // Said, and not only left out: no scheme is demanded.
    assert_eq!(at("/paths/~1texts/post/security"), json!([{}]));
}
