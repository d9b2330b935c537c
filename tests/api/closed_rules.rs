//! Who may not change the rules learns nothing of what is tried, and begins nothing: where another of his roles denies
//! it, where he no longer has the role when his time comes, and in words that are another role's.

use crate::client::Seen;
use crate::company::{Company, On, RUNTIME};
use loudou::jobs::{rules_replays, rules_schedule};
use loudou::values::Time;
use loudou::workflow::schedule::Came;
use serde_json::{Value as Json, json};

const YAML: &str = "application/yaml";
const DRAFTS: &str = "/v1/rules/drafts";

/// Keepers keep the rules unless they are barred from it; an auditor may read deals anywhere and assign his own.
const COMPANY: &str = "format: 1
languages: [en]
currency: CNY
calendar: {time_zone: Asia/Shanghai}
fields: {customer: {name: {type: text}, phone: {type: text}}}
funnels:
  standard:
    stages: [{id: resource, kind: start}, {id: lead}, {id: won, kind: won}]
roles:
  admin: {may: [{do: [people.*, rules.*, rules.activate, deals.*, customers.*, pool.*], scope: all}]}
  keeper: {may: [{do: [rules.read, rules.draft, rules.activate, deals.read, customers.read], scope: all}]}
  barred: {may: [{do: [deals.read], scope: own}], never: [{do: [rules.read, rules.draft, rules.activate]}]}
  analyst: {may: [{do: [rules.read, rules.draft, deals.read, customers.read], scope: all, hide: [customer.phone]}]}
  half: {may: [{do: [rules.read, rules.draft], scope: all}, {do: [deals.*, customers.*], scope: own}]}
  drafter: {may: [{do: [rules.read, rules.draft], scope: all}]}
  activator: {may: [{do: [rules.read, rules.activate], scope: all}]}
  auditor: {may: [{do: [deals.read, customers.read], scope: all}, {do: [deals.assign, deals.move], scope: own}]}
  seller: {may: [{do: [deals.*, customers.*], scope: own}]}
first_administrator: [admin]
";

fn said(again: usize) -> String {
    format!("{COMPANY}# {again}\n")
}

fn run(on: On, test: impl FnOnce(&mut Company)) {
    let Some(mut company) = Company::with_rules(on, COMPANY) else { return };
    company.person("kim", &["keeper"], None);
    company.person("dan", &["drafter"], None);
    company.person("hal", &["half"], None);
    company.person("ann", &["analyst"], None);
    company.person("acton", &["activator"], None);
    company.person("audra", &["auditor"], None);
    company.person("sel", &["seller"], None);
    test(&mut company);
}

macro_rules! on_both {
    ($($(#[$doc:meta])* fn $name:ident($company:ident) $body:block)*) => {$(
        $(#[$doc])*
        mod $name {
            use super::*;

            fn test($company: &mut Company) $body

            #[test]
            fn on_sqlite() {
                run(On::Sqlite, test);
            }

            #[test]
            fn on_postgres() {
                run(On::Postgres, test);
            }
        }
    )*};
}

/// What one role grants, another denies.
fn bar(company: &Company, login: &str) {
    let user = format!("/v1/users/{}", company.id(login));
    let seen = company.patch("ada", &user, &json!({"roles": ["keeper", "barred"]}));
    assert_eq!(seen.status, 200, "{}", seen.text);
}

fn write(company: &Company, method: &str, by: &str, path: &str, text: &str) -> Seen {
    let call = company.server.call(method, path).token(&company.token(by)).text(YAML, text);
    if method == "PUT" { call.header("if-match", "*").send() } else { call.send() }
}

fn draft(company: &Company, by: &str, text: &str) -> String {
    let seen = write(company, "POST", by, DRAFTS, text);
    assert_eq!(seen.status, 201, "{}", seen.text);
    seen.body["id"].as_str().unwrap().to_owned()
}

fn begun(company: &Company, path: &str, body: &Json) -> String {
    let seen = company.post("kim", path, body);
    assert_eq!(seen.status, 201, "{path}: {}", seen.text);
    format!("{path}/{}", seen.body["id"].as_str().unwrap())
}

fn look(company: &Company) -> usize {
    let now = company.now();
    RUNTIME.block_on(rules_replays::look(&company.workflow, &move || now))
}

fn due(company: &Company) -> Vec<Came> {
    RUNTIME.block_on(rules_schedule::look(&company.workflow, company.now()))
}

fn period(company: &Company) -> (String, String) {
    let at = |micros: i64| Time::from_micros(company.now().micros() + micros).to_string();
    (at(-3_600_000_000), at(1))
}

on_both! {
    fn what_another_role_denies_closes_every_door_to_the_rules(company) {
        let deal = company.deal("sel", "Acme");
        let moved = company.post("sel", &format!("/v1/deals/{deal}/moves"), &json!({"to": "lead"}));
        assert_eq!(moved.status, 201, "{}", moved.text);
        // A stage that vanishes: a group of a preview, and a move that the replay refuses.
        let text = COMPANY.replace(", {id: lead}", "");
        let id = draft(company, "kim", &text);
        let (since, before) = period(company);
        let preview = begun(company, "/v1/rules/previews", &json!({"draft": id}));
        let replay = begun(company, "/v1/rules/replays", &json!({"draft": id, "since": since, "before": before}));
        assert_eq!(look(company), 2);
        let other = draft(company, "kim", &said(1));
        let shadow = begun(company, "/v1/rules/shadows", &json!({"draft": other}));
        let scheduled = draft(company, "kim", &said(2));
        let at = json!({"at": "2026-03-09T00:00:00Z"});
        let seen = company.post("kim", &format!("{DRAFTS}/{scheduled}/schedule"), &at);
        assert_eq!(seen.status, 200, "{}", seen.text);
        let open = [begun(company, "/v1/rules/previews", &json!({"draft": id})),
            begun(company, "/v1/rules/replays", &json!({"draft": id, "since": since, "before": before}))];

        let reads = [
            "/v1/rules".to_owned(),
            "/v1/rules/versions".to_owned(),
            "/v1/rules/versions/1".to_owned(),
            "/v1/rules/versions/1/text".to_owned(),
            DRAFTS.to_owned(),
            format!("{DRAFTS}/{id}"),
            format!("{DRAFTS}/{id}/deals/{deal}/moves"),
            "/v1/rules/diff?from=1&to=1".to_owned(),
            format!("/v1/rules/diff?draft={id}"),
            format!("/v1/rules/openapi.json?draft={id}"),
            "/v1/rules/previews".to_owned(),
            preview.clone(),
            format!("{preview}/groups/0/deals"),
            format!("{preview}/rules"),
            format!("{DRAFTS}/{id}/preview"),
            "/v1/rules/replays".to_owned(),
            replay.clone(),
            format!("{replay}/groups/0/decisions"),
            "/v1/rules/shadows".to_owned(),
            shadow.clone(),
        ];
        for path in &reads {
            let seen = company.get("kim", path);
            assert_eq!(seen.status, 200, "{path}: {}", seen.text);
        }
        bar(company, "kim");
        for path in &reads {
            let seen = company.get("kim", path);
            assert_eq!(seen.status, 403, "{path}: {}", seen.text);
        }
        let text_asked = [
            ("POST", "/v1/rules/check".to_owned()),
            ("POST", DRAFTS.to_owned()),
            ("PUT", format!("{DRAFTS}/{id}")),
            ("POST", "/v1/rules/versions".to_owned()),
        ];
        for (method, path) in &text_asked {
            assert_eq!(write(company, method, "kim", path, &said(3)).status, 403, "{method} {path}");
        }
        let asked = [
            (format!("{DRAFTS}/{other}/activate"), json!({})),
            (format!("{DRAFTS}/{other}/schedule"), at.clone()),
            (format!("{DRAFTS}/{scheduled}/unschedule"), json!({})),
            ("/v1/rules/versions/1/activate".to_owned(), json!({})),
            ("/v1/rules/previews".to_owned(), json!({"version": 1})),
            (format!("{}/cancel", open[0]), json!({})),
            ("/v1/rules/replays".to_owned(), json!({"version": 1, "since": since, "before": before})),
            (format!("{}/cancel", open[1]), json!({})),
            ("/v1/rules/shadows".to_owned(), json!({"draft": id})),
            (format!("{shadow}/stop"), json!({})),
        ];
        for (path, body) in &asked {
            let seen = company.post("kim", path, body);
            assert_eq!(seen.status, 403, "{path}: {}", seen.text);
        }
        let gone = company.server.delete(&format!("{DRAFTS}/{id}")).token(&company.token("kim")).header("if-match", "*");
        assert_eq!(gone.send().status, 403);
        // None of it had an effect.
        assert_eq!(company.get("ada", "/v1/rules").body["number"], 1);
        assert_eq!(company.get("ada", DRAFTS).body["data"].as_array().unwrap().len(), 3);
        assert_eq!(company.get("ada", &format!("{DRAFTS}/{scheduled}")).body["state"], "scheduled");
        assert_eq!(company.get("ada", &shadow).body["state"], "running");
        assert_eq!(company.get("ada", &open[0]).body["state"], "running");
        assert_eq!(company.get("ada", &open[1]).body["state"], "running");
    }

    fn he_whose_role_was_taken_away_activates_nothing_when_the_time_comes(company) {
        let at = json!({"at": "2026-03-02T04:00:00Z"});
        let by = |company: &Company, login: &str, again: usize| {
            let id = draft(company, "dan", &said(again));
            let path = format!("{DRAFTS}/{id}");
            let seen = company.post(login, &format!("{path}/schedule"), &at);
            assert_eq!(seen.status, 200, "{}", seen.text);
            path
        };
        let (gone, moved) = (by(company, "acton", 1), by(company, "kim", 2));
        let user = format!("/v1/users/{}", company.id("acton"));
        assert_eq!(company.patch("ada", &user, &json!({"roles": ["drafter"]})).status, 200);
        bar(company, "kim");
        company.pass_hours(3);
        let came = due(company);
        assert_eq!(came.len(), 2, "{came:?}");
        assert!(came.iter().all(|one| matches!(one, Came::Refused { .. })), "{came:?}");
        let read = |path: &str| company.get("ada", path).body;
        assert_eq!(read("/v1/rules")["number"], 1);
        assert_eq!((&read(&gone)["state"], &read(&gone)["refusal"]["code"]), (&json!("refused"), &json!("no_grant")));
        let refusal = read(&moved)["refusal"]["code"].clone();
        assert_eq!((&read(&moved)["state"], refusal), (&json!("refused"), json!("no_grant")));
    }

    /// What a draft or a version says is told to nobody by his role alone: the live document of a draft is for who may read
    /// rules, and in that of a version nothing is that the reader's roles did not see under it.
    fn a_live_document_has_the_words_of_its_readers_roles_and_of_no_others(company) {
        let closed = COMPANY
            .replace("phone: {type: text}}", "phone: {type: text}, margin: {type: number}}")
            .replace("seller: {may: [{do: [deals.*, customers.*], scope: own}]}",
                "seller: {may: [{do: [deals.read, deals.move, customers.read], scope: own, hide: [customer.margin]}]}")
            .replace("{id: won, kind: won}]", "{id: won, kind: won}, {id: lost, kind: lost, reasons: [{id: dear}]}]
    moves: [forward, {id: drop, from: any_open, to: lost, by: [admin]}]");
        assert_eq!(write(company, "POST", "ada", "/v1/rules/versions", &closed).status, 201);
        let open = closed.replace(", hide: [customer.margin]", "").replace(", by: [admin]", "");
        let id = draft(company, "dan", &open);
        let document = |by: &str, query: &str| company.get(by, &format!("/v1/rules/openapi.json{query}"));
        let (own, all) = (document("sel", ""), document("ada", ""));
        assert_eq!((own.status, all.status), (200, 200));
        for word in ["margin", "MoveDropToLost", "NewDealBody", "NewUserBody"] {
            assert!(all.text.contains(word) && !own.text.contains(word), "{word}");
        }
        assert!(own.text.contains("MoveForwardToLead"));
        // By the draft he would see it: the draft is not his to read, nor is a document that was made for another kept for him.
        assert!(document("ada", &format!("?draft={id}")).text.contains("margin"));
        assert_eq!(document("sel", &format!("?draft={id}")).code(), "not_permitted");
        assert_eq!(document("sel", "?version=2").text, own.text);
        assert!(!document("sel", "?version=1").text.contains("margin"));
    }

    /// Whoever reads some deals is told of those and of no others, by a preview as by a replay.
    fn he_who_reads_his_own_deals_learns_of_his_own_alone(company) {
        let mut own: Vec<String> = Vec::new();
        for (number, login) in ["hal", "sel"].into_iter().cycle().take(11).enumerate() {
            let deal = company.deal(login, &format!("Acme {number} of {login}"));
            let moved = company.post(login, &format!("/v1/deals/{deal}/moves"), &json!({"to": "lead"}));
            assert_eq!(moved.status, 201, "{}", moved.text);
            own.push(deal);
        }
        let id = draft(company, "ada", &COMPANY.replace(", {id: lead}", ""));
        let (since, before) = period(company);
        let begin = |path: &str, body: &Json| {
            let seen = company.post("ada", path, body);
            assert_eq!(seen.status, 201, "{path}: {}", seen.text);
            format!("{path}/{}", seen.body["id"].as_str().unwrap())
        };
        let preview = begin("/v1/rules/previews", &json!({"draft": id}));
        let replay = begin("/v1/rules/replays", &json!({"draft": id, "since": since, "before": before}));
        assert_eq!(look(company), 2);
        for path in [format!("{preview}/groups/0/deals"), format!("{replay}/groups/0/decisions")] {
            let told = |by: &str, page: &str| -> (Vec<String>, Json) {
                let body = company.get(by, &format!("{path}?{page}")).body;
                let data = body["data"].as_array().unwrap().clone();
                (data.iter().map(|one| one["deal"].as_str().unwrap().to_owned()).collect(), body["next_cursor"].clone())
            };
            let his: Vec<String> = own.iter().step_by(2).cloned().collect();
            assert_eq!(told("ada", "limit=100"), (own.clone(), Json::Null), "{path}");
            assert_eq!(told("hal", "limit=100"), (his.clone(), Json::Null), "{path}");
            // His pages are of his own: what lies between does not show.
            let (first, next) = told("hal", "limit=4");
            let (rest, end) = told("hal", &format!("limit=4&cursor={}", next.as_str().unwrap()));
            assert_eq!((first.len(), [first, rest].concat(), end), (4, his, Json::Null), "{path}");
        }
    }

    /// Which deals change tells of every field that either rules look at: by a grade or a dwell, and by the rules that are
    /// left as by those that come.
    fn a_preview_hides_what_the_rules_before_and_after_look_at(company) {
        let graded = |when: &str| COMPANY.replace("funnels:\n", &format!("grades: [{{id: A, when: '{when}'}}, {{id: B}}]\nfunnels:\n"));
        let (by_phone, by_name) = (graded("customer.phone == \"1\""), graded("customer.name == \"Else\""));
        let dwelling = |is: &str| by_name.replace("{id: lead}", &format!("{{id: lead, dwell: {is}}}"));
        let deal = company.deal("sel", "Acme");
        let customer = company.get("sel", &format!("/v1/deals/{deal}")).body["customer"].as_str().unwrap().to_owned();
        let phone = json!({"fields": {"phone": "1"}});
        assert_eq!(company.patch("sel", &format!("/v1/customers/{customer}"), &phone).status, 200);
        let moved = company.post("sel", &format!("/v1/deals/{deal}/moves"), &json!({"to": "lead"}));
        assert_eq!(moved.status, 201, "{}", moved.text);
        let told = |text: &str, as_of: i64| {
            let at = Time::from_micros(company.now().micros() + as_of * 86_400_000_000);
            let seen = company.post("ada", "/v1/rules/previews", &json!({"draft": draft(company, "ada", text), "as_of": at}));
            assert_eq!(seen.status, 201, "{}", seen.text);
            assert_eq!(look(company), 1);
            let path = format!("/v1/rules/previews/{}", seen.body["id"].as_str().unwrap());
            let groups = company.get("ada", &path).body["groups"].clone();
            assert_eq!(groups.as_array().unwrap().len(), 1, "{groups}");
            ["ada", "ann"].map(|by| {
                let seen = company.get(by, &format!("{path}/groups/0/deals"));
                assert_eq!(seen.status == 404, seen.body["data"][0]["deal"].is_null(), "{}", seen.text);
                seen.status == 404
            })
        };
        // From B to A by what the analyst does not see; and, from there, back.
        assert_eq!(write(company, "POST", "ada", "/v1/rules/versions", &by_name).status, 201);
        assert_eq!(told(&by_phone, 0), [false, true]);
        // Late or not by it.
        let cases = "[{when: 'customer.phone == \"1\"', is: 1wd}, {is: 90wd}]";
        assert_eq!(told(&dwelling(cases), 9), [false, true]);
        assert_eq!(told(&dwelling("1wd"), 9), [false, false]);
        assert_eq!(write(company, "POST", "ada", "/v1/rules/versions", &by_phone).status, 201);
        assert_eq!(told(&by_name, 0), [false, true]);
    }

    /// Whoever schedules, takes back or activates a draft must have seen it as it is, and it must pass already.
    fn what_was_not_seen_or_does_not_pass_is_not_scheduled(company) {
        let deal = company.deal("sel", "Acme");
        let moved = company.post("sel", &format!("/v1/deals/{deal}/moves"), &json!({"to": "lead"}));
        assert_eq!(moved.status, 201, "{}", moved.text);
        let at = json!({"at": "2026-03-09T00:00:00Z"});
        let id = draft(company, "dan", &COMPANY.replace(", {id: lead}", ""));
        let seen = company.post("acton", &format!("{DRAFTS}/{id}/schedule"), &at);
        assert_eq!((seen.status, seen.code()), (409, "rules_in_use"), "{}", seen.text);
        assert_eq!(company.get("ada", &format!("{DRAFTS}/{id}")).body["state"], "draft");

        let path = format!("{DRAFTS}/{}", draft(company, "dan", &said(1)));
        assert_eq!(write(company, "PUT", "dan", &path, &said(2)).status, 200);
        let ask = |deed: &str, seen: &str, body: &Json| {
            let call = company.server.post(&format!("{path}/{deed}"), body).token(&company.token("acton"));
            call.header("if-match", seen).send()
        };
        for (deed, body) in [("activate", json!({})), ("schedule", at.clone())] {
            assert_eq!(ask(deed, "\"v1\"", &body).code(), "version_changed", "{deed}");
        }
        assert_eq!(ask("schedule", "\"v2\"", &at).status, 200);
        assert_eq!(ask("unschedule", "\"v2\"", &json!({})).code(), "version_changed");
        assert_eq!(company.get("ada", &path).body["state"], "scheduled");
        assert_eq!(ask("unschedule", "\"v3\"", &json!({})).status, 200);
        assert_eq!(ask("activate", "\"v4\"", &json!({})).status, 201);
    }

    /// A refusal by reach says nothing of the rows of other rules; what the record holds decides.
    fn refusals_of_giving_are_replayed(company) {
        let deal = company.deal("sel", "Acme");
        let give = |by: &str, to: &str| {
            company.post(by, &format!("/v1/deals/{deal}/assign"), &json!({"owner": company.id(to)}))
        };
        assert_eq!(give("audra", "audra").status, 403);
        assert_eq!(give("ada", "sel").status, 409);
        let step = company.post("audra", &format!("/v1/deals/{deal}/moves"), &json!({"to": "lead"}));
        assert_eq!(step.status, 403, "{}", step.text);
        let replayed = |text: &str| {
            let (since, before) = period(company);
            let id = draft(company, "ada", text);
            let asked = json!({"draft": id, "since": since, "before": before});
            let seen = company.post("ada", "/v1/rules/replays", &asked);
            assert_eq!(seen.status, 201, "{}", seen.text);
            assert_eq!(look(company), 1);
            let body = company.get("ada", &format!("/v1/rules/replays/{}", seen.body["id"].as_str().unwrap())).body;
            let sums = ["replayed", "same", "refused", "allowed", "undecided"].map(|name| body[name].as_i64().unwrap());
            let line = |one: &Json| {
                let text = |name: &str| one[name].as_str().unwrap_or("-").to_owned();
                format!("{} {} {} {}", text("change"), text("by"), text("name"), one["count"])
            };
            (sums, body["groups"].as_array().unwrap().iter().map(line).collect::<Vec<_>>())
        };
        // The deal made, two refusals of giving and one of a move.
        let (sums, groups) = replayed(&said(1));
        assert_eq!(sums, [4, 2, 0, 0, 2]);
        assert_eq!(groups, ["undecided fact deals.assign.scope 1", "undecided fact deals.move.scope 1"]);
        // Whoever reaches every row reached this one; whoever may not at all, not this one either.
        let (sums, groups) = replayed(&COMPANY.replace("{do: [deals.assign, deals.move], scope: own}", "{do: [deals.assign, deals.move], scope: all}"));
        assert_eq!(sums, [4, 2, 0, 2, 0]);
        assert_eq!(groups, ["allowed permission deals.assign 1", "allowed permission deals.move 1"]);
        let (sums, _) = replayed(&COMPANY.replace(", {do: [deals.assign, deals.move], scope: own}", ""));
        assert_eq!(sums, [4, 4, 0, 0, 0]);
    }

    /// What stands beside Little's law is told whether or not it disagrees, with the scenario that every gap asks for.
    fn figures_and_gaps_of_validations_are_told(company) {
        let figures = "    stages: [{id: resource, kind: start, rate: 80%}, {id: lead, dwell: 5wd, rate: 50%, holding: {ideal: 12, warn: 15, at_most: 20}},
      {id: talk, dwell: [{when: 'deal.product == \"web\"', is: 2wd}, {is: 4wd}], holding: {ideal: 3}}, {id: won, kind: won}]
    intake: {per_workday: 3}
products: {web: {}}
validations: [{id: named, require: 'customer.name != \"none\"'}]
";
        let text = COMPANY.replace("    stages: [{id: resource, kind: start}, {id: lead}, {id: won, kind: won}]\n", figures);
        let check = |text: &str| write(company, "POST", "dan", "/v1/rules/check", text).body;
        let body = check(&text);
        assert_eq!(body["accepted"], true, "{body}");
        let told = &body["figures"];
        assert_eq!((&told["formula"], &told["left_out"]), (&json!("L = λ × W"), &json!(0)));
        assert_eq!(told["source"], "https://doi.org/10.1287/opre.9.3.383");
        let funnel = &told["funnels"][0];
        assert_eq!((&funnel["funnel"], &funnel["intake_per_workday"]), (&json!("standard"), &json!("3")));
        let line = text.lines().position(|line| line.contains("{id: lead, dwell")).unwrap() + 1;
        assert_eq!(funnel["stages"][1], json!({"stage": "lead", "line": line, "arrivals_per_workday": "2.4", "rate": "0.5",
            "dwell_workdays": "5", "holding": "12", "ideal": "12", "warn": 15, "at_most": 20,
            "fitting_intake_per_workday": "3", "agrees": true, "lacking": []}));
        let words = |index: usize| (funnel["stages"][index]["holding"].clone(), funnel["stages"][index]["lacking"].clone());
        assert_eq!(words(0), (Json::Null, json!(["steadiness"])));
        assert_eq!(words(2), (Json::Null, json!(["dwell"])));
        // A company without figures is told of none; a file with errors neither.
        assert_eq!(check(COMPANY)["figures"]["funnels"], json!([]));
        assert_eq!(check("format: 1\n")["figures"]["funnels"], json!([]));
        // Each gap has a scenario; pasted, it is gone.
        let of = |body: &Json| -> Vec<Json> {
            let all = body["advice"].as_array().unwrap().iter();
            all.filter(|one| one["code"].as_str().unwrap().ends_with("_uncovered_of_validation")).cloned().collect()
        };
        let gaps = of(&body);
        assert_eq!(gaps.len(), 2, "{body}");
        assert!(gaps.iter().all(|one| one["scenario_passes"] == true), "{gaps:?}");
        let pasted: String = gaps.iter().map(|one| one["scenario"].as_str().unwrap()).collect();
        let after = check(&format!("{text}scenarios:\n{pasted}"));
        assert_eq!((&after["accepted"], of(&after).len()), (&json!(true), 0), "{after}");
    }
}
