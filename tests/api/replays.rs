//! Replays of kept decisions under a draft or another version: what would come out otherwise, and who may know of which.

use crate::client::Seen;
use crate::company::{Company, On, RUNTIME, called_and_moved};
use crate::instance::until;
use crate::{postgres, slow_database};
use loudou::jobs::rules_replays;
use loudou::store::Lease;
use loudou::values::{RunnerId, Time};
use serde_json::{Value as Json, json};
use std::sync::atomic::{AtomicU32, Ordering};

const YAML: &str = "application/yaml";
const REPLAYS: &str = "/v1/rules/replays";

const COMPANY: &str = "format: 1
languages: [en, zh]
currency: CNY
calendar: {time_zone: Asia/Shanghai}
fields: {customer: {name: {type: text}, phone: {type: text}}, deal: {size: {type: number}}}
activities: {call: {outcomes: [reached, silence]}}
funnels:
  standard:
    stages:
      - {id: resource, kind: start}
      - {id: lead, enter: [{id: reached, activity: call, outcome: reached}]}
      - {id: won, kind: won}
roles:
  admin: {may: [{do: [people.*, rules.*, rules.activate, deals.*, customers.*], scope: all}]}
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

fn since(company: &Company) -> String {
    Time::from_micros(company.now().micros() - 3_600_000_000).to_string()
}

fn begin(company: &Company, draft: &Json) -> String {
    let seen =
        company.post("dan", REPLAYS, &json!({"draft": draft, "since": since(company), "before": later(company)}));
    assert_eq!((seen.status, &seen.body["state"]), (201, &json!("running")), "{}", seen.text);
    format!("{REPLAYS}/{}", seen.body["id"].as_str().unwrap())
}

/// The clock of tests stands still: now is no more before now.
fn later(company: &Company) -> String {
    Time::from_micros(company.now().micros() + 1).to_string()
}

fn clock(company: &Company) -> impl Fn() -> Time + Send + Sync + 'static {
    let now = company.now();
    move || now
}

fn look(company: &Company) -> usize {
    RUNTIME.block_on(rules_replays::look(&company.workflow, &clock(company)))
}

/// What a replay found: replayed, same, refused, allowed, undecided.
fn sums(body: &Json) -> [i64; 5] {
    ["replayed", "same", "refused", "allowed", "undecided"].map(|name| body[name].as_i64().unwrap())
}

/// `refused criterion lead.reached 1`
fn groups(body: &Json) -> Vec<String> {
    let text = |one: &Json| one.as_str().unwrap_or("-").to_owned();
    let line = |one: &Json| {
        let place = format!("{}.{}", text(&one["stage"]), text(&one["name"]));
        format!("{} {} {place} {}", text(&one["change"]), text(&one["by"]), one["count"])
    };
    body["groups"].as_array().unwrap().iter().map(line).collect()
}

fn done(company: &Company, text: &str) -> (String, Json) {
    let path = begin(company, &company.draft("dan", text));
    assert_eq!(look(company), 1);
    let body = company.get("ada", &path).body;
    assert_eq!(body["state"], "done", "{body}");
    assert_eq!(body["done"], body["total"]);
    (path, body)
}

fn listed(company: &Company, by: &str, path: &str, rest: &str) -> Seen {
    let seen = company.get(by, &format!("{path}/groups/0/decisions{rest}"));
    assert_eq!(seen.status, 200, "{}", seen.text);
    seen
}

crate::on_both! {
    found;

    fn decisions_are_decided_anew_from_what_was_kept_with_them(company) {
        let [one, ..] = called_and_moved(company);
        // The same rules say the same of all: three deals made, three moves.
        let (_, body) = done(company, &format!("{COMPANY}# again\n"));
        assert_eq!(sums(&body), [6, 6, 0, 0, 0]);
        assert_eq!(groups(&body), Vec::<String>::new());
        // A stricter criterion.
        let (path, body) = done(company, &COMPANY.replace(ONE, TWICE));
        assert_eq!(sums(&body), [6, 5, 1, 0, 0]);
        assert_eq!(groups(&body), ["refused criterion lead.reached 1"]);
        let data = listed(company, "ada", &path, "").body["data"].clone();
        assert_eq!(data.as_array().unwrap().len(), 1);
        assert_eq!((&data[0]["deal"], &data[0]["action"]), (&json!(one), &json!("deals.move")));
        assert_eq!((&data[0]["outcome"], &data[0]["actor"]), (&json!("allowed"), &json!(company.id("sel"))));
        let kept = company.get("ada", &format!("/v1/deals/{one}/decisions/{}", data[0]["id"].as_str().unwrap()));
        assert_eq!(kept.status, 200, "{}", kept.text);
        // None at all.
        let (_, body) = done(company, &COMPANY.replace(", enter: [{id: reached, activity: call, outcome: reached}]", ""));
        assert_eq!((sums(&body), groups(&body)), ([6, 5, 0, 1, 0], vec!["allowed criterion lead.reached 1".to_owned()]));
        // Nobody may move any more.
        let (_, body) = done(company, &COMPANY.replace("do: [deals.*, customers.*], scope: own",
            "do: [deals.read, deals.create, deals.log, customers.*], scope: own"));
        assert_eq!(groups(&body), ["refused permission -.deals.move 2"]);
        // What the record lacks is named.
        let (_, body) = done(company, &COMPANY.replace(", outcome: reached}]", "}, {id: big, require: 'deal.size > 2'}]"));
        assert_eq!(sums(&body), [6, 3, 0, 0, 3]);
        let lacking = groups(&body);
        assert!(lacking.contains(&"undecided fact -.deal.size 3".to_owned()), "{lacking:?}");
        // A version is tried like a draft.
        let seen = company.post("dan", REPLAYS, &json!({"version": 1, "since": since(company), "before": later(company)}));
        assert_eq!((seen.status, &seen.body["version"]), (201, &json!(1)), "{}", seen.text);
        assert_eq!(look(company), 1);
        assert_eq!(company.get("ada", REPLAYS).body["data"][0]["same"], 6);
    }

    /// Whoever reads less than everything is told counts in tens, and of decisions those that he may know of.
    fn nobody_learns_more_than_he_may_read(company) {
        let made = |number: usize| {
            let deal = company.deal("sel", &format!("deal {number}"));
            let path = format!("/v1/deals/{deal}");
            let call = json!({"kind": "call", "outcome": "reached"});
            assert_eq!(company.post("sel", &format!("{path}/activities"), &call).status, 201);
            assert_eq!(company.post("sel", &format!("{path}/moves"), &json!({"to": "lead"})).status, 201);
        };
        (0..11).for_each(made);
        let told = |path: &str| {
            ["ada", "ann", "dan"].map(|by| {
                let body = company.get(by, path).body;
                let data = listed(company, by, path, "").body["data"].clone();
                assert!(data.as_array().unwrap().iter().all(|one| one["hidden"] == false && one["deal"].is_string()));
                (sums(&body), body["groups"][0]["count"].as_u64().unwrap(), data.as_array().unwrap().len())
            })
        };
        // It tells of calls: whoever reads the deal reads those.
        let (path, _) = done(company, &COMPANY.replace(ONE, TWICE));
        let (all, tens) = (([22, 11, 11, 0, 0], 11, 11), ([22, 10, 10, 0, 0], 10, 0));
        assert_eq!(told(&path), [all, all, tens]);
        // It tells of a field that the analyst does not see.
        let by_phone = "outcome: reached}, {id: phone, has: [customer.phone]}";
        let (path, body) = done(company, &COMPANY.replace(ONE, by_phone));
        let (all, tens) = (([22, 11, 0, 0, 11], 11, 11), ([22, 10, 0, 0, 10], 10, 0));
        assert_eq!(told(&path), [all, tens, tens], "{body}");
        // Nor under another name that it would have.
        let anew = COMPANY.replace(ONE, by_phone).replace("phone: {type: text}", "mobile: {type: text}");
        let anew = anew.replace("customer.phone]", "customer.mobile]");
        let (path, body) = done(company, &format!("{anew}migrate: {{fields: {{customer: {{phone: mobile}}}}}}
"));
        assert_eq!(told(&path), [all, tens, tens], "{body}");
        // Who may not write drafts sees none of it.
        assert_eq!(company.get("sel", &path).code(), "not_permitted");
        assert_eq!(company.get("dan", &format!("{path}/groups/1/decisions")).status, 404);
        // By who may move what: what a grant asks for is told of as well.
        let narrow = COMPANY.replace("scope: own}", "scope: own, when: 'customer.phone == \"1\"'}");
        let (path, body) = done(company, &narrow);
        let told = ["ada", "ann"].map(|by| company.get(by, &path).body["in_tens"] == true);
        assert_eq!(told, [false, true], "{body}");
    }

    fn a_period_and_pages(company) {
        called_and_moved(company);
        let early = company.now();
        company.pass_hours(48);
        let two = company.deal("sel", "late");
        assert_eq!(company.post("sel", &format!("/v1/deals/{two}/moves"), &json!({"to": "lead"})).status, 422);
        let stricter = company.draft("dan", &COMPANY.replace("scope: own}", "scope: own, when: 'deal.size > 3'}")
            .replace("- {id: lead, enter: [{id: reached, activity: call, outcome: reached}]}", "- {id: lead}"));
        let count = |since: Time, before: Time| {
            let body = json!({"draft": stricter, "since": since, "before": before});
            let path = format!("{REPLAYS}/{}", company.post("dan", REPLAYS, &body).body["id"].as_str().unwrap());
            assert_eq!(look(company), 1);
            (company.get("ada", &path).body["replayed"].as_i64().unwrap(), path)
        };
        let after = |at: Time, hours: i64| Time::from_micros(at.micros() + hours * 3_600_000_000);
        assert_eq!(count(after(early, -1), after(early, 1)).0, 6);
        assert_eq!(count(after(early, 1), after(early, 49)).0, 2);
        assert_eq!(count(after(early, 1), after(early, 2)).0, 0);
        let (all, path) = count(after(early, -1), after(early, 49));
        assert_eq!(all, 8);
        // The two refused moves would be allowed, by the same criterion: two pages of one.
        let first = listed(company, "ada", &path, "?limit=1").body;
        assert_eq!((first["data"].as_array().unwrap().len(), &first["has_more"]), (1, &json!(true)));
        let next = format!("?limit=1&cursor={}", first["next_cursor"].as_str().unwrap());
        let second = listed(company, "ada", &path, &next).body;
        assert_eq!((&second["data"][0]["deal"], &second["has_more"]), (&json!(two), &json!(false)));
        assert!(first["data"][0]["at"].as_str() < second["data"][0]["at"].as_str());
    }

    fn it_runs_in_steps_goes_over_to_another_process_and_is_cancelled(company) {
        called_and_moved(company);
        let stricter = company.draft("dan", &COMPANY.replace(ONE, TWICE));
        // A process that died with it: others wait for its lease to end.
        let path = begin(company, &stricter);
        let now = company.now();
        let dead = Lease { runner: RunnerId::new(), now, until: Time::from_micros(now.micros() + 60_000_000) };
        let claimed = RUNTIME.block_on(company.workflow.store().write(move |tx| tx.claim_rules_replay(dead))).unwrap();
        assert!(claimed.is_some());
        assert_eq!(look(company), 0);
        company.pass_seconds(61);
        // In steps of one decision it finds the same.
        let other = company.another_workflow();
        let worked = RUNTIME.block_on(other.run_replay(&clock(company), 1)).unwrap();
        assert!(worked.is_some());
        let body = company.get("ada", &path).body;
        assert_eq!((&body["state"], sums(&body)), (&json!("done"), [6, 5, 1, 0, 0]));
        assert_eq!(groups(&body), ["refused criterion lead.reached 1"]);

        // Cancelled between its second step and its third.
        let path = begin(company, &stricter);
        let (looks, now) = (AtomicU32::new(0), company.now());
        let cancelling = || {
            if looks.fetch_add(1, Ordering::SeqCst) == 3 {
                let seen = company.post("dan", &format!("{path}/cancel"), &json!({}));
                assert_eq!((seen.status, &seen.body["state"]), (200, &json!("cancelled")), "{}", seen.text);
            }
            now
        };
        assert!(RUNTIME.block_on(company.workflow.run_replay(&cancelling, 1)).unwrap().is_some());
        let body = company.get("ada", &path).body;
        assert_eq!((&body["state"], &body["replayed"]), (&json!("cancelled"), &json!(2)));
        assert_eq!(look(company), 0);
        let again = company.post("dan", &format!("{path}/cancel"), &json!({}));
        assert_eq!((again.status, again.code()), (409, "rules_replay_ended"));
    }

    /// Processes that die with it one after another, before they have come further: it is not tried for ever.
    fn a_replay_that_cannot_come_further_ends(company) {
        called_and_moved(company);
        let path = begin(company, &company.draft("dan", &COMPANY.replace(ONE, TWICE)));
        let die = || {
            let now = company.now();
            let dead = Lease { runner: RunnerId::new(), now, until: Time::from_micros(now.micros() + 60_000_000) };
            let claimed = RUNTIME.block_on(company.workflow.store().write(move |tx| tx.claim_rules_replay(dead)));
            company.pass_seconds(61);
            claimed.unwrap()
        };
        assert_eq!((1..=5).map(|_| die().unwrap().attempts).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        assert_eq!(look(company), 1);
        let body = company.get("ada", &path).body;
        assert_eq!((&body["state"], &body["replayed"]), (&json!("failed"), &json!(0)), "{body}");
        // One that comes further has its attempts before it again.
        let path = begin(company, &company.draft("dan", &COMPANY.replace(ONE, TWICE)));
        for _ in 0..4 {
            die();
        }
        assert_eq!(look(company), 1);
        assert_eq!(company.get("ada", &path).body["state"], "done");
    }

    fn what_cannot_be_replayed_is_refused(company) {
        let ask = |body: &Json| company.post("dan", REPLAYS, body);
        let draft = company.draft("dan", &format!("{COMPANY}# again\n"));
        let (now, early) = (company.now().to_string(), since(company));
        let both = ask(&json!({"draft": draft, "version": 1, "since": early}));
        assert_eq!(both.faults(), ["/draft draft_or_version"]);
        assert_eq!(ask(&json!({"since": early})).faults(), ["/draft draft_or_version"]);
        let backwards = ask(&json!({"draft": draft, "since": now, "before": early}));
        assert_eq!(backwards.faults(), ["/before replay_backwards"]);
        assert_eq!(ask(&json!({"version": 7, "since": early})).status, 404);
        let call = company.server.call("POST", "/v1/rules/drafts").token(&company.token("dan"));
        let broken = call.text(YAML, "format: 1").expect(201).body["id"].clone();
        assert_eq!(ask(&json!({"draft": broken, "since": early})).code(), "rules_invalid");
        assert_eq!(company.get("dan", REPLAYS).body["data"], json!([]));
    }
}

/// What was being written when a replay began, belongs to it: it was decided before.
#[test]
fn what_is_under_way_is_waited_for() {
    let Some(company) = found(On::Postgres) else { return };
    let customer = company.customer("sel", "one");
    let draft = company.draft("dan", &format!("{COMPANY}# again\n"));
    slow_database::insert(&company.url, "decisions", "NEW.action = 'deals.create'", 1_000);
    let sleeping =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
    let path = std::thread::scope(|scope| {
        let slow = scope.spawn(|| company.post("sel", "/v1/deals", &json!({"customer": customer})).status);
        until("writing a decision", 30, || postgres::strings(&company.url, sleeping) == ["1"]);
        // Written later, and there at once.
        company.customer("sel", "two");
        let path = begin(&company, &draft);
        assert_eq!((look(&company), slow.join().unwrap()), (1, 201));
        path
    });
    assert_eq!(company.get("ada", &path).body["replayed"], 1);
}
