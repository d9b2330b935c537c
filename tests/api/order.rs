//! Which answer a request gets that is wrong in several ways; and what is too much.

use crate::client::Call;
use crate::on_both;
use serde_json::json;

const NOWHERE: &str = "/v1/deals/01890a5d-ac96-774b-bcce-b302099a8057";

on_both!(of_several_faults_the_first_is_told, |company| {
    company.person("mei", &["manager"], Some("south"));
    company.person("li", &["seller"], Some("south"));
    company.person("wang", &["seller"], Some("south"));
    company.person("far", &["seller"], Some("north"));
    company.person("tom", &["trainer"], Some("south"));
    company.person("paul", &["people_admin"], None);
    let deal = format!("/v1/deals/{}", company.deal("li", "甲"));
    let colleague = format!("/v1/deals/{}", company.deal("wang", "乙"));
    let hidden = format!("/v1/deals/{}", company.deal("far", "丙"));
    let lost = format!("/v1/deals/{}", company.deal("li", "丁"));
    let abandon = json!({"to": "abandoned", "reason": "refused"});
    assert_eq!(company.post("li", &format!("{lost}/moves"), &abandon).status, 201);
    let large = format!("{{\"fields\": {{\"question\": \"{}\"}}}}", "x".repeat(2_000_000));
    let (li, tom) = (company.token("li"), company.token("tom"));
    let patch = |path: &str| company.server.call("PATCH", path);
    let json_text = |call: Call<'_>, text: &str| call.text("application/json", text).send();
    let told = |seen: crate::client::Seen| format!("{} {}", seen.status, seen.code());

    // Size and kind of the body before who asks.
    assert_eq!(told(json_text(patch(&deal), &large)), "413 body_too_large");
    assert_eq!(told(patch(&deal).text("text/plain", "x").send()), "415 unsupported_media_type");
    // Who asks before what.
    assert_eq!(told(json_text(patch(&deal), "{")), "401 unauthenticated");
    assert_eq!(told(json_text(patch(&deal).token("nonsense"), "{}")), "401 unauthenticated");
    // Whether he may at all before what exactly.
    assert_eq!(told(json_text(patch(&deal).token(&tom), "{")), "403 not_permitted");
    assert_eq!(told(json_text(patch(NOWHERE).token(&tom), "{}")), "403 not_permitted");
    // The query and the body before the version.
    assert_eq!(told(json_text(patch(&format!("{deal}?nope=1")).token(&li), "{")), "400 invalid_parameters");
    assert_eq!(told(json_text(patch(&deal).token(&li), "{")), "400 malformed_body");
    assert_eq!(told(json_text(patch(&deal).token(&li), "{\"nope\": 1}")), "422 invalid_fields");
    assert_eq!(told(json_text(patch(&deal).token(&li), "{}")), "428 version_required");
    // All of that before whether there is anything.
    assert_eq!(told(json_text(patch(NOWHERE).token(&li), "{\"nope\": 1}")), "422 invalid_fields");
    assert_eq!(told(json_text(patch(NOWHERE).token(&li), "{}")), "428 version_required");
    // What the key stands for before whether there is anything.
    let customer = json!({"fields": {"name": "戊"}});
    company.server.post("/v1/customers", &customer).token(&li).header("idempotency-key", "k").expect(201);
    let moves = format!("{NOWHERE}/moves");
    let reused = company.server.post(&moves, &abandon).token(&li).header("idempotency-key", "k");
    assert_eq!(told(reused.send()), "422 idempotency_key_reused");
    // Whether it is there (for him) before whether he may, before the version.
    let at = |path: &str| json_text(patch(path).token(&li).header("if-match", "\"v99\""), "{\"product\": \"website\"}");
    assert_eq!(told(at(NOWHERE)), "404 not_found");
    assert_eq!(told(at(&hidden)), "404 not_found");
    assert_eq!(told(at(&colleague)), "403 not_permitted");
    assert_eq!(told(at(&deal)), "412 version_changed");
    let moving = |path: &str, version: &str, body: &serde_json::Value| {
        let call = company.server.post(&format!("{path}/moves"), body).token(&li).header("if-match", version);
        told(call.send())
    };
    let graded = json!({"from": "contacted", "to": "graded"});
    assert_eq!(moving(&hidden, "\"v99\"", &graded), "404 not_found");
    assert_eq!(moving(&colleague, "\"v99\"", &graded), "403 not_permitted");
    // The version before the state, the state before what is missing.
    assert_eq!(moving(&lost, "\"v99\"", &graded), "412 version_changed");
    assert_eq!(moving(&lost, "*", &graded), "409 deal_moved");
    assert_eq!(moving(&lost, "*", &json!({"to": "graded"})), "409 deal_closed");
    assert_eq!(moving(&deal, "*", &graded), "409 deal_moved");
    assert_eq!(moving(&deal, "*", &json!({"from": "resource", "to": "resource"})), "409 already_there");
    assert_eq!(moving(&deal, "*", &json!({"to": "graded"})), "422 unmet");
    // Giving: the version after the permission, too.
    let give = |path: &str, by: &str| {
        let call = company.server.post(&format!("{path}/assign"), &json!({"owner": company.id("wang")}));
        told(call.token(&company.token(by)).header("if-match", "\"v99\"").send())
    };
    assert_eq!(give(&deal, "li"), "403 not_permitted");
    assert_eq!(give(&hidden, "mei"), "404 not_found");
    assert_eq!(give(&deal, "mei"), "412 version_changed");
    // People and teams: whether they may be changed before what version they have.
    let stale = |path: &str| {
        let call = company.server.patch(path, &json!({"name": "x"})).token(&company.token("paul"));
        told(call.header("if-match", "\"v99\"").send())
    };
    assert_eq!(stale(&format!("/v1/users/{}", company.id("ada"))), "403 not_permitted");
    assert_eq!(stale(&format!("/v1/users/{}", company.id("li"))), "412 version_changed");
    for malformed in ["\"v-1\"", "\"v+1\"", "\"v\"", "v1", "W/\"v1\"", "\"v1\", \"v2\""] {
        let call = patch(&deal).token(&li).header("if-match", malformed);
        assert_eq!(told(json_text(call, "{}")), "400 malformed_header", "{malformed}");
    }
});

on_both!(all_that_is_wrong_with_somebody_new_is_told_at_once, |company| {
    let body = json!({"login": "a b", "name": " ", "email": "none", "roles": ["boss"], "password": "short",
        "team": "01890a5d-ac96-774b-bcce-b302099a8057", "fields": {"shoe": 7}});
    let seen = company.server.post("/v1/users", &body).token(&company.token("ada")).refused(422, "invalid_fields");
    let mut faults = seen.faults();
    faults.sort();
    let expected = [
        "/email value_email",
        "/fields/shoe field_unknown",
        "/login login_form",
        "/name name_required",
        "/password password_short",
        "/roles role_unknown",
        "/team team_unknown",
    ];
    assert_eq!(faults, expected);
    // Who may not make him is not told what is wrong with him.
    company.person("paul", &["people_admin"], None);
    let body = json!({"login": "eve", "name": "Eve", "roles": ["rules_admin"], "password": "short"});
    company.server.post("/v1/users", &body).token(&company.token("paul")).refused(403, "not_permitted");
});

#[test]
fn all_that_is_wrong_with_the_first_administrator_is_told_at_once() {
    use crate::company::{Company, On};
    for on in [On::Sqlite, On::Postgres] {
        let Some((company, token)) = Company::empty(on, loudou::cli::house::DEFAULT_RULES) else { continue };
        let body = json!({"token": token, "login": "x", "name": "", "password": "short"});
        let seen = company.server.post("/v1/setup", &body).refused(422, "invalid_fields");
        assert_eq!(seen.faults(), ["/login login_required", "/name name_required", "/password password_short"]);
    }
}

/// How many decisions there are.
fn recorded(company: &crate::company::Company) -> usize {
    let all = loudou::store::LogQuery { deal: None, beyond: None, newest_first: false, limit: 100_000 };
    crate::company::RUNTIME.block_on(company.workflow.store().read(move |tx| tx.decisions(&all))).unwrap().len()
}

on_both!(what_is_decided_is_recorded_and_what_is_turned_away_is_not, |company| {
    company.person("mei", &["manager"], Some("south"));
    company.person("li", &["seller"], Some("south"));
    company.person("wang", &["seller"], Some("south"));
    company.person("far", &["seller"], Some("north"));
    company.person("tom", &["trainer"], Some("south"));
    let deal = format!("/v1/deals/{}", company.deal("li", "甲"));
    let hidden = format!("/v1/deals/{}", company.deal("far", "丙"));
    for number in 0..30 {
        company.deal("wang", &format!("customer {number}"));
    }
    let moves = format!("{deal}/moves");
    let graded = json!({"to": "graded"});
    let post =
        |by: &str, path: &str, body: &serde_json::Value| company.server.post(path, body).token(&company.token(by));
    let told = |seen: crate::client::Seen| format!("{} {}", seen.status, seen.code());
    // By row permission, state, criteria, capacity, identity: a refusal is an answer.
    let decided = [
        (post("wang", &moves, &graded), "403 not_permitted"),
        (post("li", &moves, &json!({"from": "lead", "to": "graded"})), "409 deal_moved"),
        (post("li", &moves, &graded), "422 unmet"),
        (post("mei", &format!("{deal}/assign"), &json!({"owner": company.id("wang")})), "422 unmet"),
        (post("li", "/v1/customers", &json!({"fields": {"name": "甲"}})), "409 customer_exists"),
        (post("li", &format!("{deal}/activities"), &json!({"kind": "material"})), "201 "),
    ];
    for (call, expected) in decided {
        let before = recorded(company);
        assert_eq!(told(call.send()), expected);
        assert_eq!(recorded(company), before + 1, "{expected}");
    }
    let before = recorded(company);
    let large = format!("{{\"to\": \"{}\"}}", "x".repeat(2_000_000));
    let patch = |version: Option<&str>| {
        let call = company.server.patch(&deal, &json!({"product": "website"})).token(&company.token("li"));
        version.map_or(company.server.patch(&deal, &json!({})).token(&company.token("li")), |it| {
            call.header("if-match", it)
        })
    };
    let turned_away = [
        (company.server.call("POST", &moves).text("application/json", &large), "413 body_too_large"),
        (company.server.call("POST", &moves).text("text/plain", "x"), "415 unsupported_media_type"),
        (
            company.server.call("POST", &moves).token(&company.token("li")).text("application/json", "{"),
            "400 malformed_body",
        ),
        (company.server.post(&moves, &graded), "401 unauthenticated"),
        (post("tom", &moves, &graded), "403 not_permitted"),
        (post("li", &moves, &json!({"too": "graded"})), "422 invalid_fields"),
        (post("li", &format!("{hidden}/moves"), &graded), "404 not_found"),
        (post("li", "/v1/customers", &json!({"fields": {"name": ""}})), "422 invalid_fields"),
        (patch(Some("\"v99\"")), "412 version_changed"),
        (patch(None), "428 version_required"),
        (post("li", &format!("{moves}?dry_run=true"), &graded), "422 unmet"),
        (company.server.get(&moves).token(&company.token("li")), "200 "),
    ];
    for (call, expected) in turned_away {
        assert_eq!(told(call.send()), expected);
        assert_eq!(recorded(company), before, "{expected}");
    }
});

on_both!(who_asks_too_often_is_told_when_to_come_back, |company| {
    company.person("li", &["seller"], Some("south"));
    company.person("wang", &["seller"], Some("south"));
    let few = company.another_process(&["--limit-user-per-minute", "3"]);
    let ask = |login: &str| few.get("/v1/deals").token(&company.token(login));
    for left in ["r=2", "r=1", "r=0"] {
        let seen = ask("li").expect(200);
        assert!(seen.header("ratelimit").contains(left), "{}", seen.header("ratelimit"));
    }
    let refused = ask("li").refused(429, "too_many_requests");
    let seconds: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    // Before the body is looked at, after whether he may at all; nobody else waits for it.
    few.post("/v1/deals", &json!({"nope": 1})).token(&company.token("li")).refused(429, "too_many_requests");
    few.post("/v1/users", &json!({})).token(&company.token("li")).refused(403, "not_permitted");
    ask("wang").expect(200);

    let few = company.another_process(&["--limit-address-per-minute", "3"]);
    for _ in 0..3 {
        few.get("/v1/deals").refused(401, "unauthenticated");
    }
    let refused = few.get("/v1/deals").token(&company.token("li")).refused(429, "too_many_requests");
    assert!(!refused.header("retry-after").is_empty());
    few.post("/v1/auth/login", &json!({})).refused(429, "too_many_requests");
    few.call("POST", "/v1/deals").text("text/plain", "x").refused(415, "unsupported_media_type");
    few.get("/livez").expect(200);
    few.get("/readyz").expect(200);
});
