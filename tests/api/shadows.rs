//! A draft in shadow: it is asked about what is decided, changes nothing of it, and tells nobody more than he may read.

use crate::company::{Company, On, RUNTIME, called_and_moved};
use loudou::jobs::rules_shadow;
use loudou::workflow::Workflow;
use serde_json::{Value as Json, json};

const YAML: &str = "application/yaml";
pub const SHADOWS: &str = "/v1/rules/shadows";

const COMPANY: &str = "format: 1
languages: [en, zh]
currency: CNY
calendar: {time_zone: Asia/Shanghai}
fields: {customer: {name: {type: text}, phone: {type: text}}, deal: {size: {type: number}}}
activities: {call: {outcomes: [reached, silence]}}
grades: [{id: A}]
funnels:
  standard:
    stages:
      - {id: resource, kind: start}
      - {id: lead, enter: [{id: reached, activity: call, outcome: reached}]}
      - {id: won, kind: won}
roles:
  admin: {may: [{do: [people.*, rules.*, rules.activate, deals.*, customers.*, pool.*], scope: all}]}
  drafter: {may: [{do: [rules.read, rules.draft], scope: all}]}
  analyst: {may: [{do: [rules.read, rules.draft, deals.read, customers.read], scope: all, hide: [customer.phone]}]}
  seller: {may: [{do: [deals.*, customers.*], scope: own}]}
first_administrator: [admin]
";

const ONE: &str = "outcome: reached}";
const TWICE: &str = "outcome: reached, at_least: 2}";

fn found(on: On) -> Option<Company> {
    Company::of(on, COMPANY, &[("dan", "drafter"), ("ann", "analyst"), ("sel", "seller")])
}

pub fn look(workflow: &Workflow) -> usize {
    RUNTIME.block_on(rules_shadow::look(workflow))
}

/// Puts the text into shadow, and lets this process know.
pub fn begin(company: &Company, text: &str) -> String {
    let seen = company.post("dan", SHADOWS, &json!({"draft": company.draft("dan", text)}));
    assert_eq!((seen.status, &seen.body["state"]), (201, &json!("running")), "{}", seen.text);
    assert_eq!(look(&company.workflow), 0);
    format!("{SHADOWS}/{}", seen.body["id"].as_str().unwrap())
}

pub fn stop(company: &Company, path: &str) {
    let seen = company.post("dan", &format!("{path}/stop"), &json!({}));
    assert_eq!((seen.status, &seen.body["state"]), (200, &json!("stopped")), "{}", seen.text);
    assert_eq!(look(&company.workflow), 0);
}

/// agreed, refused, allowed, undecided, skipped
pub fn sums(body: &Json) -> [i64; 5] {
    ["agreed", "refused", "allowed", "undecided", "skipped"].map(|name| body[name].as_i64().unwrap())
}

/// `deals.move refused criterion lead.reached 1`
pub fn groups(body: &Json) -> Vec<String> {
    let text = |one: &Json| one.as_str().unwrap_or("-").to_owned();
    let line = |one: &Json| {
        let words = ["action", "change", "by"].map(|name| text(&one[name])).join(" ");
        format!("{words} {}.{} {}", text(&one["stage"]), text(&one["name"]), one["count"])
    };
    body["groups"].as_array().unwrap().iter().map(line).collect()
}

crate::on_both! {
    found;

    fn a_draft_is_asked_about_what_is_decided(company) {
        let path = begin(company, &COMPANY.replace(ONE, TWICE));
        let [one, ..] = called_and_moved(company);
        // Three customers and deals made, three calls logged, three moves.
        assert_eq!(look(&company.workflow), 12);
        let body = company.get("ada", &path).body;
        assert_eq!((sums(&body), groups(&body)), ([11, 1, 0, 0, 0], vec!["deals.move refused criterion lead.reached 1".to_owned()]));
        let line = |action: &str| body["lines"].as_array().unwrap().iter().find(|one| one["action"] == action).unwrap().clone();
        let moves = line("deals.move");
        assert_eq!((&moves["from"], &moves["to"], &moves["agreed"]), (&json!("resource"), &json!("lead"), &json!(2)));
        assert_eq!((&line("deals.log")["agreed"], &line("deals.create")["funnel"]), (&json!(3), &json!("standard")));
        // The decision is the one that was made: allowed, and recorded under the active rules.
        let data = company.get("ada", &format!("{path}/groups/0/decisions")).body["data"].clone();
        assert_eq!((&data[0]["deal"], &data[0]["outcome"], &data[0]["actor"]), (&json!(one), &json!("allowed"), &json!(company.id("sel"))));
        assert_eq!(company.get("sel", &format!("/v1/deals/{one}")).body["stage"], "lead");
        // Dry runs, answers from memory and reads are nothing that was decided.
        let deal = company.deal("sel", "again");
        assert_eq!(look(&company.workflow), 2);
        let moves = format!("/v1/deals/{deal}/moves");
        assert_eq!(company.post("sel", &format!("{moves}?dry_run=true"), &json!({"to": "lead"})).status, 422);
        assert_eq!(company.get("sel", &moves).status, 200);
        assert_eq!(look(&company.workflow), 0);
        // Everything else that is decided on a deal: changed, graded, given, released.
        assert_eq!(company.patch("sel", &format!("/v1/deals/{deal}"), &json!({"fields": {"size": 3}})).status, 200);
        assert_eq!(company.post("sel", &format!("/v1/deals/{deal}/grade"), &json!({})).status, 201);
        let given = company.post("ada", &format!("/v1/deals/{deal}/assign"), &json!({"owner": company.id("ada")}));
        assert_eq!(given.status, 201, "{}", given.text);
        assert_eq!(company.post("ada", &format!("/v1/deals/{deal}/release"), &json!({})).status, 201);
        assert_eq!(look(&company.workflow), 4);
        assert_eq!(sums(&company.get("ada", &path).body), [17, 1, 0, 0, 0]);
    }

    fn it_tells_what_would_be_allowed_and_what_lacks(company) {
        // No criterion at all, and a rename of the stage on the way; nobody may make deals.
        let text = COMPANY
            .replace("- {id: lead, enter: [{id: reached, activity: call, outcome: reached}]}", "- {id: called}")
            .replace("do: [deals.*, customers.*], scope: own", "do: [deals.read, deals.log, deals.move, deals.assign, customers.*], scope: own")
            + "migrate: {stages: {standard: {lead: called}}}\n";
        let path = begin(company, &text);
        let [deal, ..] = called_and_moved(company);
        assert_eq!(look(&company.workflow), 12);
        let body = company.get("ada", &path).body;
        assert_eq!(sums(&body), [8, 3, 1, 0, 0]);
        let told = groups(&body);
        for group in ["deals.create refused permission -.deals.create 3", "deals.move allowed criterion lead.reached 1"] {
            assert!(told.contains(&group.to_owned()), "{told:?}");
        }
        stop(company, &path);
        // Who gives what he may not give, is refused before the receiver is looked at: a draft that lets him is not guessed.
        let narrow = COMPANY.replace("do: [deals.*, customers.*], scope: own",
            "do: [deals.read, deals.create, customers.*], scope: own}, {do: [deals.assign], scope: own, when: 'deal.size > 5'");
        company.server.call("POST", "/v1/rules/versions").token(&company.token("ada")).text(YAML, &narrow).expect(201);
        let path = begin(company, &(COMPANY.to_owned() + "# again\n"));
        let given = company.post("sel", &format!("/v1/deals/{deal}/assign"), &json!({"owner": company.id("ada")}));
        assert_eq!(given.status, 403, "{}", given.text);
        assert_eq!(look(&company.workflow), 1);
        assert_eq!(groups(&company.get("ada", &path).body), ["deals.assign undecided fact -.receiver.id 1"]);
    }

    fn nobody_learns_more_than_he_may_read(company) {
        let named = |by: &str, path: &str| {
            let seen = company.get(by, &format!("{path}/groups/0/decisions"));
            assert_eq!(seen.status, 200, "{}", seen.text);
            let data = seen.body["data"].as_array().unwrap().clone();
            let hidden = data.iter().filter(|one| one["hidden"] == true);
            assert!(hidden.clone().all(|one| one["deal"].is_null() && one["id"].is_null() && one["at"].is_null()));
            (hidden.count(), data.len())
        };
        // It tells of calls: whoever reads the deal reads those. Whoever does not is told counts in tens, and named none.
        let twenty = |path: &str| {
            for number in 0..11 {
                let deal = company.deal("sel", &format!("{path} {number}"));
                let call = json!({"kind": "call", "outcome": "reached"});
                assert_eq!(company.post("sel", &format!("/v1/deals/{deal}/activities"), &call).status, 201);
                assert_eq!(company.post("sel", &format!("/v1/deals/{deal}/moves"), &json!({"to": "lead"})).status, 201);
            }
            look(&company.workflow);
        };
        let path = begin(company, &COMPANY.replace(ONE, TWICE));
        twenty(&path);
        assert_eq!(["ada", "ann", "dan"].map(|by| named(by, &path)), [(0, 11), (0, 11), (0, 0)]);
        let body = company.get("dan", &path).body;
        assert_eq!((sums(&body), groups(&body)), ([30, 10, 0, 0, 0], vec!["deals.move refused criterion lead.reached 10".to_owned()]));
        assert_eq!((&body["in_tens"], &body["groups"][0]["listed"]), (&json!(true), &json!(10)));
        stop(company, &path);
        // It tells of a field that the analyst does not see: in a criterion, and in a validation.
        let phone = COMPANY.replace(ONE, "outcome: reached}, {id: phone, has: [customer.phone]}");
        let path = begin(company, &phone);
        twenty(&path);
        assert_eq!(groups(&company.get("ann", &path).body), ["deals.move refused criterion lead.phone 10"]);
        assert_eq!(["ada", "ann", "dan"].map(|by| named(by, &path)), [(0, 11), (0, 0), (0, 0)]);
        // In pages.
        let first = company.get("ada", &format!("{path}/groups/0/decisions?limit=6")).body;
        let next = format!("{path}/groups/0/decisions?limit=6&cursor={}", first["next_cursor"].as_str().unwrap());
        assert_eq!(company.get("ada", &next).body["has_more"], false);
        // Who may not write drafts sees none of it.
        assert_eq!(company.get("sel", &path).code(), "not_permitted");
        assert_eq!(company.post("sel", SHADOWS, &json!({"draft": company.id("sel")})).code(), "not_permitted");
        assert_eq!(company.get("dan", &format!("{path}/groups/7/decisions")).status, 404);
    }

    fn it_ends_when_it_is_stopped_and_with_its_draft(company) {
        let stricter = COMPANY.replace(ONE, TWICE);
        let path = begin(company, &stricter);
        let other = company.draft("dan", &stricter);
        let second = company.post("dan", SHADOWS, &json!({"draft": other}));
        assert_eq!((second.status, second.code()), (409, "rules_shadow_runs"), "{}", second.text);
        stop(company, &path);
        let again = company.post("dan", &format!("{path}/stop"), &json!({}));
        assert_eq!((again.status, again.code()), (409, "rules_shadow_ended"));
        // Nothing is counted any more.
        called_and_moved(company);
        assert_eq!(look(&company.workflow), 0);
        assert_eq!(sums(&company.get("ada", &path).body), [0; 5]);

        let running = |text: &str| {
            let path = begin(company, text);
            let draft = company.get("ada", &path).body["draft"].as_str().unwrap().to_owned();
            (path, format!("/v1/rules/drafts/{draft}"))
        };
        let state = |path: &str| {
            let body = company.get("dan", path).body;
            assert_eq!(body["state"] == "running", body["ended_at"].is_null(), "{body}");
            body["state"].clone()
        };
        // Written anew; with the same text it goes on.
        let (path, draft) = running(&stricter);
        let write = |text: &str| {
            let call = company.server.call("PUT", &draft).token(&company.token("dan")).header("if-match", "*");
            assert_eq!(call.text(YAML, text).send().status, 200);
        };
        write(&stricter);
        assert_eq!(state(&path), "running");
        // What was decided before its end, and is looked at after it, counts for nobody.
        company.deal("sel", "late");
        write(&(stricter.clone() + "# more\n"));
        assert_eq!(state(&path), "changed");
        look(&company.workflow);
        assert!(!company.workflow.is_in_shadow());
        assert_eq!(sums(&company.get("ada", &path).body), [0; 5]);
        let (path, draft) = running(&stricter);
        assert_eq!(company.post("ada", &format!("{draft}/activate"), &json!({})).status, 201);
        assert_eq!(state(&path), "activated");
        let gone = company.post("dan", SHADOWS, &json!({"draft": draft.rsplit('/').next().unwrap()}));
        assert_eq!((gone.status, gone.code()), (409, "rules_draft_activated"), "{}", gone.text);
        let (path, draft) = running(COMPANY);
        let call = company.server.call("DELETE", &draft).token(&company.token("dan")).header("if-match", "*");
        assert!(call.send().status < 300);
        assert_eq!(state(&path), "removed");
        let listed = company.get("dan", SHADOWS).body["data"].clone();
        let states: Vec<&Json> = listed.as_array().unwrap().iter().map(|one| &one["state"]).collect();
        assert_eq!(states, ["removed", "activated", "changed", "stopped"]);
        // What is no rules cannot be asked.
        let call = company.server.call("POST", "/v1/rules/drafts").token(&company.token("dan"));
        let broken = call.text(YAML, "format: 1").expect(201).body["id"].clone();
        assert_eq!(company.post("dan", SHADOWS, &json!({"draft": broken})).code(), "rules_invalid");
    }

    fn every_process_asks_and_adds_to_the_same_sums(company) {
        let path = begin(company, &COMPANY.replace(ONE, TWICE));
        let other = company.another_workflow();
        assert!(!other.is_in_shadow());
        look(&other);
        assert!(other.is_in_shadow());
        called_and_moved(company);
        let server = company.another_process_of(&other, &[]);
        let fields = json!({"fields": {"name": "elsewhere"}});
        let customer = server.post("/v1/customers", &fields).token(&company.token("sel")).expect(201).body["id"].clone();
        server.post("/v1/deals", &json!({"customer": customer})).token(&company.token("sel")).expect(201);
        assert_eq!((look(&other), look(&company.workflow)), (2, 12));
        let body = company.get("ada", &path).body;
        assert_eq!(sums(&body), [13, 1, 0, 0, 0]);
        stop(company, &path);
        look(&other);
        assert!(!other.is_in_shadow());
    }
}
