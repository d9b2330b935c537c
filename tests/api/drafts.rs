//! Drafts of the rules: written by several, checked with every read, activated by who may, at once or when their time
//! comes, on whichever process looks first.

use crate::client::{Seen, Server};
use crate::company::{Company, On, RUNTIME};
use loudou::jobs::rules_schedule;
use loudou::store::{LogEntry, LogQuery, Outcome};
use loudou::workflow::schedule::Came;
use serde_json::{Value as Json, json};

const YAML: &str = "application/yaml";
const DRAFTS: &str = "/v1/rules/drafts";

/// A company with one role for each thing that can be done with drafts.
const COMPANY: &str = "format: 1
languages: [en, zh]
currency: CNY
calendar: {time_zone: Asia/Shanghai}
fields: {customer: {name: {type: text}}}
funnels:
  standard:
    stages: [{id: resource, kind: start}, {id: lead}, {id: won, kind: won}]
roles:
  admin: {may: [{do: [people.*, rules.*, rules.activate, deals.*, customers.*], scope: all}]}
  drafter: {may: [{do: [rules.read, rules.draft], scope: all}]}
  activator: {may: [{do: [rules.read, rules.activate], scope: all}]}
  seller: {may: [{do: [deals.read], scope: own}]}
first_administrator: [admin]
";

/// The same where nobody changes the rules alone.
fn by_another() -> String {
    format!("{COMPANY}activation: {{by_another: true}}\n")
}

/// The same rules, said otherwise.
fn said(again: usize) -> String {
    format!("{COMPANY}# {again}\n")
}

struct Act<'a> {
    company: &'a Company,
    server: &'a Server,
}

impl Act<'_> {
    fn write(&self, method: &str, by: &str, path: &str, text: &str) -> Seen {
        let call = self.server.call(method, path).token(&self.company.token(by)).text(YAML, text);
        if method == "PUT" { call.header("if-match", "*").send() } else { call.send() }
    }

    fn draft(&self, by: &str, text: &str) -> String {
        let seen = self.write("POST", by, DRAFTS, text);
        assert_eq!(seen.status, 201, "{}", seen.text);
        format!("{DRAFTS}/{}", seen.body["id"].as_str().unwrap())
    }

    fn post(&self, by: &str, path: &str, body: &Json) -> Seen {
        self.server.post(path, body).token(&self.company.token(by)).send()
    }

    fn get(&self, path: &str) -> Json {
        self.server.get(path).token(&self.company.token("ada")).expect(200).body
    }

    fn active(&self) -> i64 {
        self.get("/v1/rules")["number"].as_i64().unwrap()
    }
}

fn last(company: &Company) -> LogEntry {
    let query = LogQuery { deal: None, beyond: None, newest_first: true, limit: 1 };
    RUNTIME.block_on(company.workflow.store().read(move |tx| tx.decisions(&query))).unwrap().pop().unwrap()
}

fn look(company: &Company) -> Vec<Came> {
    RUNTIME.block_on(rules_schedule::look(&company.workflow, company.now()))
}

fn run(on: On, rules: &str, test: impl FnOnce(&mut Company)) {
    if let Some(mut company) = Company::with_rules(on, rules) {
        company.person("dan", &["drafter"], None);
        company.person("dee", &["drafter"], None);
        company.person("acton", &["activator"], None);
        company.person("sel", &["seller"], None);
        test(&mut company);
    }
}

macro_rules! on_both {
    ($(fn $name:ident($company:ident) under $rules:expr; $body:block)*) => {$(
        mod $name {
            use super::*;

            fn test($company: &mut Company) $body

            #[test]
            fn on_sqlite() {
                run(On::Sqlite, &$rules, test);
            }

            #[test]
            fn on_postgres() {
                run(On::Postgres, &$rules, test);
            }
        }
    )*};
}

macro_rules! act {
    ($company:expr) => {
        Act { company: $company, server: &$company.server }
    };
}

on_both! {
    fn a_draft_is_written_checked_and_becomes_a_version(company) under COMPANY; {
        let act = act!(company);
        // It need not be rules.
        let seen = act.write("POST", "dan", &format!("{DRAFTS}?comment=more"), "funnels: [");
        assert_eq!(seen.status, 201, "{}", seen.text);
        assert_eq!((seen.body["check"]["accepted"].as_bool(), seen.header("etag")), (Some(false), "\"v1\""));
        let path = format!("{DRAFTS}/{}", seen.body["id"].as_str().unwrap());
        let read = act.get(&path);
        assert_eq!(read["text"], "funnels: [");
        assert_eq!((&read["state"], &read["parent"], &read["comment"]), (&json!("draft"), &json!(1), &json!("more")));
        assert!(!read["check"]["problems"].as_array().unwrap().is_empty());
        let seen = act.post("acton", &format!("{path}/activate"), &json!({}));
        assert_eq!((seen.status, seen.code()), (422, "rules_invalid"), "{}", seen.text);
        // Two write it: the second must have seen what the first wrote.
        let put = |by: &str, text: &str, seen: &str| {
            let call = act.server.call("PUT", &path).token(&company.token(by)).text(YAML, text);
            call.header("if-match", seen).send()
        };
        assert_eq!(put("dee", &said(1), "\"v1\"").status, 200);
        assert_eq!(put("dan", &said(2), "\"v1\"").code(), "version_changed");
        let none = act.server.call("PUT", &path).token(&company.token("dan")).text(YAML, "x");
        none.refused(428, "version_required");
        let read = act.get(&path);
        assert_eq!(read["editors"], json!([company.id("dan"), company.id("dee")]));
        assert_eq!((&read["check"]["accepted"], &read["obstacles"]), (&json!(true), &json!([])));
        let seen = act.post("acton", &format!("{path}/activate"), &json!({"comment": "why"}));
        assert_eq!(seen.status, 201, "{}", seen.text);
        assert_eq!((seen.header("location"), act.active()), ("/v1/rules/versions/2", 2));
        let version = act.get("/v1/rules/versions/2");
        assert_eq!((&version["text"], &version["state"]), (&json!(said(1)), &json!("active")));
        assert_eq!(version["author"].as_str(), Some(company.id("dan").as_str()));
        assert_eq!(version["activated_by"].as_str(), Some(company.id("acton").as_str()));
        assert_eq!((&version["parent"], &version["comment"]), (&json!(1), &json!("why")));
        let before = act.get("/v1/rules/versions/1");
        assert_eq!((&before["state"], &before["superseded_at"]), (&json!("superseded"), &version["activated_at"]));
        // From now on it stays as it is.
        let read = act.get(&path);
        assert_eq!((&read["state"], &read["activated_as"]), (&json!("activated"), &json!(2)));
        assert_eq!(act.write("PUT", "dan", &path, "x").code(), "rules_draft_activated");
        let gone = act.server.delete(&path).token(&company.token("dan")).header("if-match", "*").send();
        assert_eq!((gone.status, gone.code()), (409, "rules_draft_activated"));
        assert_eq!(act.post("acton", &format!("{path}/activate"), &json!({})).code(), "rules_draft_activated");
    }

    fn drafts_are_listed_and_thrown_away(company) under COMPANY; {
        let act = act!(company);
        let drafts: Vec<String> = (0..3).map(|number| act.draft("dan", &said(number))).collect();
        let page = act.get(&format!("{DRAFTS}?limit=2"));
        let ids = |page: &Json| -> Vec<String> {
            let data = page["data"].as_array().unwrap();
            data.iter().map(|one| format!("{DRAFTS}/{}", one["id"].as_str().unwrap())).collect()
        };
        assert_eq!(ids(&page), [drafts[2].clone(), drafts[1].clone()]);
        assert_eq!((&page["data"][0]["text"], &page["data"][0]["check"]), (&Json::Null, &Json::Null));
        let rest = act.get(&format!("{DRAFTS}?limit=2&cursor={}", page["next_cursor"].as_str().unwrap()));
        assert_eq!(ids(&rest), [drafts[0].clone()]);
        let gone = || act.server.delete(&drafts[1]).token(&company.token("dee")).header("if-match", "\"v1\"").send();
        assert_eq!((gone().status, gone().status), (204, 404));
        let kept = last(company);
        assert_eq!((kept.action.as_str(), kept.subject.kind.as_str()), ("rules.draft", "rules_draft"));
        assert_eq!(ids(&act.get(DRAFTS)).len(), 2);
    }

    fn who_may_write_may_not_activate_and_the_other_way_round(company) under COMPANY; {
        let act = act!(company);
        let draft = act.draft("dan", &said(1));
        for path in ["activate", "unschedule"] {
            assert_eq!(act.post("dan", &format!("{draft}/{path}"), &json!({})).status, 403, "{path}");
        }
        let at = json!({"at": "2026-03-09T00:00:00Z"});
        assert_eq!(act.post("dan", &format!("{draft}/schedule"), &at).status, 403);
        assert_eq!(act.write("POST", "acton", DRAFTS, "x").status, 403);
        assert_eq!(act.write("PUT", "acton", &draft, "x").status, 403);
        for path in [DRAFTS, draft.as_str()] {
            assert_eq!(company.get("acton", path).status, 200);
            assert_eq!(company.get("sel", path).status, 403);
        }
        assert_eq!(act.active(), 1);
    }

    fn nobody_undoes_what_he_has_not_seen(company) under COMPANY; {
        let act = act!(company);
        let draft = act.draft("dan", &said(1));
        assert_eq!(act.write("POST", "ada", "/v1/rules/versions", &said(2)).status, 201);
        let activate = |body: Json| act.post("acton", &format!("{draft}/activate"), &body);
        let seen = activate(json!({}));
        assert_eq!((seen.status, seen.code()), (409, "rules_draft_outdated"), "{}", seen.text);
        let told = seen.body["detail"].as_str().unwrap();
        assert!(told.contains("version 1") && told.contains("2 is active"), "{told}");
        let kept = last(company);
        assert_eq!((kept.action.as_str(), kept.outcome), ("rules.activate", Outcome::Refused));
        // Said for another version than the one that rules, it does not count.
        assert_eq!(activate(json!({"replaces": 1})).code(), "rules_draft_outdated");
        assert_eq!(activate(json!({"replaces": 2})).status, 201);
        // Or the draft is brought up to date.
        let draft = act.draft("dan", &said(3));
        assert_eq!(act.write("POST", "ada", "/v1/rules/versions", &said(4)).status, 201);
        assert_eq!(act.post("acton", &format!("{draft}/activate"), &json!({})).code(), "rules_draft_outdated");
        assert_eq!(act.write("PUT", "dan", &format!("{draft}?parent=9"), &said(5)).status, 422);
        assert_eq!(act.write("PUT", "dan", &format!("{draft}?parent=4"), &said(5)).status, 200);
        assert_eq!(act.post("acton", &format!("{draft}/activate"), &json!({})).status, 201);
        assert_eq!(act.active(), 5);
    }

    fn where_the_rules_demand_two_nobody_changes_them_alone(company) under by_another(); {
        let act = act!(company);
        let direct = act.write("POST", "ada", "/v1/rules/versions", COMPANY);
        assert_eq!((direct.status, direct.code()), (403, "rules_by_draft_only"), "{}", direct.text);
        let kept = last(company);
        assert_eq!((kept.action.as_str(), kept.outcome), ("rules.activate", Outcome::Refused));
        // Whoever wrote in it, first, last or in between, does not activate it: not even to drop the rule.
        let draft = act.draft("ada", COMPANY);
        assert_eq!(act.write("PUT", "dan", &draft, COMPANY).status, 200);
        let at = json!({"at": "2026-03-09T00:00:00Z"});
        // Who wrote in it reads that another must; who did not, nothing.
        let obstacles = |by: &str| -> Vec<Json> {
            let read = company.server.get(&draft).token(&company.token(by)).expect(200);
            read.body["obstacles"].as_array().unwrap().iter().map(|one| one["code"].clone()).collect()
        };
        assert_eq!((obstacles("ada"), obstacles("acton")), (vec![json!("rules_by_another")], vec![]));
        for (path, body) in [("activate", json!({})), ("schedule", at)] {
            let seen = act.post("ada", &format!("{draft}/{path}"), &body);
            assert_eq!((seen.status, seen.code()), (403, "rules_by_another"), "{path}: {}", seen.text);
        }
        // Nor does who activates it say alone what becomes of people: nobody else has seen that.
        let unseen = json!({"roles": {"seller": "chief"}});
        let at = json!({"at": "2026-03-09T00:00:00Z", "migrate": unseen});
        for (path, body) in [("activate", json!({"migrate": unseen})), ("schedule", at)] {
            let seen = act.post("acton", &format!("{draft}/{path}"), &body);
            assert_eq!((seen.status, seen.code()), (403, "rules_migrate_by_draft_only"), "{path}: {}", seen.text);
        }
        assert_eq!(act.active(), 1);
        assert_eq!(act.post("acton", &format!("{draft}/activate"), &json!({})).status, 201);
        // Now one can again; but he who goes back to the stricter rules cannot come from there alone.
        assert_eq!(act.write("POST", "ada", "/v1/rules/versions", &said(2)).status, 201);
        assert_eq!(act.post("ada", "/v1/rules/versions/1/activate", &json!({})).status, 201);
        assert_eq!(act.post("ada", "/v1/rules/versions/2/activate", &json!({})).code(), "rules_by_draft_only");
        assert_eq!(act.active(), 4);
    }

    fn where_two_are_demanded_two_must_be_left(company) under COMPANY; {
        let act = act!(company);
        for login in ["acton", "dan", "dee"] {
            let user = format!("/v1/users/{}", company.id(login));
            assert_eq!(company.patch("ada", &user, &json!({"active": false})).status, 200);
        }
        let seen = act.write("POST", "ada", "/v1/rules/versions", &by_another());
        assert_eq!((seen.status, seen.code()), (409, "nobody_could_by_another"), "{}", seen.text);
        assert_eq!(last(company).answer["refused"], "nobody_could_by_another");
        let user = format!("/v1/users/{}", company.id("dan"));
        assert_eq!(company.patch("ada", &user, &json!({"active": true})).status, 200);
        assert_eq!(act.write("POST", "ada", "/v1/rules/versions", &by_another()).status, 201);
    }

    fn a_scheduled_draft_becomes_active_when_its_time_comes_once(company) under COMPANY; {
        let draft = act!(company).draft("dan", &said(1));
        let schedule = |company: &Company, at: &str| {
            act!(company).post("acton", &format!("{draft}/schedule"), &json!({"at": at, "comment": "from Tuesday on"}))
        };
        assert_eq!(schedule(company, "2026-03-02T01:00:00Z").faults(), ["/at schedule_in_the_past"]);
        let seen = schedule(company, "2026-03-02T04:00:00Z");
        assert_eq!((seen.status, &seen.body["state"]), (200, &json!("scheduled")), "{}", seen.text);
        // What was agreed to stays as it is.
        assert_eq!(act!(company).write("PUT", "dan", &draft, "x").code(), "rules_draft_scheduled");
        assert!(look(company).is_empty());
        company.pass_hours(2);
        // Every process looks; the other one is another program over the same database.
        let other = (company.url.starts_with("postgres")).then(|| company.another_workflow());
        let came: Vec<Came> = std::thread::scope(|scope| {
            let company = &*company;
            let mut looks = vec![scope.spawn(|| look(company))];
            if let Some(other) = &other {
                looks.push(scope.spawn(|| RUNTIME.block_on(rules_schedule::look(other, company.now()))));
            }
            looks.into_iter().flat_map(|look| look.join().unwrap()).collect()
        });
        assert_eq!(came.len(), 1, "{came:?}");
        assert!(matches!(came[0], Came::Activated { number: 2, .. }), "{came:?}");
        let act = act!(company);
        let version = act.get("/v1/rules");
        assert_eq!((&version["number"], &version["comment"]), (&json!(2), &json!("from Tuesday on")));
        assert_eq!(version["activated_by"].as_str(), Some(company.id("acton").as_str()));
        assert!(look(company).is_empty());
        assert_eq!(act.get("/v1/rules/versions")["data"].as_array().unwrap().len(), 2);
    }

    fn what_is_left_out_of_a_write_stays(company) under COMPANY; {
        let act = act!(company);
        let seen = act.write("POST", "dan", &format!("{DRAFTS}?comment=more"), &said(1));
        let draft = format!("{DRAFTS}/{}", seen.body["id"].as_str().unwrap());
        assert_eq!(act.write("PUT", "dan", &draft, &said(2)).body["comment"], "more");
        assert_eq!(act.write("PUT", "dan", &format!("{draft}?comment=less"), &said(3)).body["comment"], "less");
        // A text that was forgotten is none.
        for text in ["", " \n"] {
            for (method, path) in [("PUT", draft.as_str()), ("POST", DRAFTS)] {
                let seen = act.write(method, "dan", path, text);
                assert_eq!((seen.status, seen.faults()), (422, vec![" file_empty".to_owned()]), "{}", seen.text);
            }
        }
        assert_eq!(act.get(&draft)["text"], said(3));
    }

    fn a_schedule_is_taken_back(company) under COMPANY; {
        let act = act!(company);
        let draft = act.draft("dan", &said(1));
        let unschedule = || act.post("acton", &format!("{draft}/unschedule"), &json!({}));
        assert_eq!(act.server.post(&format!("{draft}/unschedule"), &json!({})).token(&company.token("acton")).send().status, 409);
        let at = json!({"at": "2026-03-02T04:00:00Z"});
        assert_eq!(act.post("acton", &format!("{draft}/schedule"), &at).status, 200);
        let seen = unschedule();
        assert_eq!((seen.status, &seen.body["state"], &seen.body["schedule"]), (200, &json!("draft"), &Json::Null));
        assert_eq!(act.write("PUT", "dan", &draft, &said(2)).status, 200);
        company.pass_hours(3);
        assert!(look(company).is_empty());
        assert_eq!(act!(company).active(), 1);
    }

    fn what_no_longer_passes_stays_inactive_and_says_why(company) under COMPANY; {
        let without_lead = COMPANY.replace(", {id: lead}", "");
        let warnings = |company: &Company| company.server.get("/readyz").expect(200).body["warnings"].clone();
        // One whose stage is in use by then, one that rests on other rules by then, one whose owner has gone by then.
        let at = json!({"at": "2026-03-02T04:00:00Z"});
        let draft = act!(company).draft("dan", &without_lead);
        assert_eq!(act!(company).post("acton", &format!("{draft}/schedule"), &at).status, 200);
        let deal = company.deal("ada", "Acme");
        let moved = company.post("ada", &format!("/v1/deals/{deal}/moves"), &json!({"to": "lead"}));
        assert_eq!(moved.status, 201, "{}", moved.text);
        company.pass_hours(2);
        let came = look(company);
        assert!(matches!(&came[..], [Came::Refused { .. }]), "{came:?}");
        let read = act!(company).get(&draft);
        assert_eq!((&read["state"], &read["refusal"]["code"]), (&json!("refused"), &json!("rules_in_use")));
        assert_eq!(read["refusal"]["parts"][0]["name"], "funnels.standard.stages.lead");
        let kept = last(company);
        assert_eq!((kept.action.as_str(), kept.outcome), ("rules.activate", Outcome::Refused));
        assert_eq!((warnings(company), act!(company).active()), (json!(["rules_schedule_refused"]), 1));
        // Once somebody looks after it, nothing is told any more.
        assert_eq!(act!(company).write("PUT", "dan", &draft, &said(1)).status, 200);
        assert!(look(company).is_empty());
        assert_eq!(warnings(company), json!([]));

        let at = json!({"at": "2026-03-02T06:00:00Z"});
        let other = act!(company).draft("dan", &said(2));
        let third = act!(company).draft("dan", &said(3));
        for draft in [&draft, &other, &third] {
            let by = if *draft == third { "ada" } else { "acton" };
            assert_eq!(act!(company).post(by, &format!("{draft}/schedule"), &at).status, 200);
        }
        let user = format!("/v1/users/{}", company.id("acton"));
        assert_eq!(company.patch("ada", &user, &json!({"active": false})).status, 200);
        assert_eq!(act!(company).write("POST", "ada", "/v1/rules/versions", &said(4)).status, 201);
        company.sign_in_all_but("acton", 3);
        let came = look(company);
        assert_eq!(came.len(), 3, "{came:?}");
        let code = |draft: &str| act!(company).get(draft)["refusal"]["code"].clone();
        assert_eq!((code(&draft), code(&other)), (json!("schedule_without_owner"), json!("schedule_without_owner")));
        assert_eq!(code(&third), "rules_draft_outdated");
        assert_eq!(act!(company).get(&third)["obstacles"][0]["code"], "rules_draft_outdated");
        // Once it is taken back, nothing is told of it any more.
        for draft in [&draft, &other, &third] {
            let taken = act!(company).post("ada", &format!("{draft}/unschedule"), &json!({}));
            assert_eq!((taken.status, &taken.body["state"]), (200, &json!("draft")), "{}", taken.text);
            assert_eq!(taken.body["refusal"], Json::Null);
        }
        assert!(look(company).is_empty());
        assert_eq!(warnings(company), json!([]));
        assert_eq!(act!(company).active(), 2);
    }

    fn where_the_file_rules_drafts_are_written_and_not_activated(company) under COMPANY; {
        company.workflow.take_rules_from_file();
        let act = act!(company);
        let draft = act.draft("dan", &said(1));
        assert_eq!(act.get(&draft)["check"]["accepted"], true);
        for (path, body) in [("activate", json!({})), ("schedule", json!({"at": "2026-03-09T00:00:00Z"}))] {
            assert_eq!(act.post("acton", &format!("{draft}/{path}"), &body).code(), "rules_from_file");
        }
    }
}
