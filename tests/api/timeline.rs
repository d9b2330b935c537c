//! What happened with a customer: all of it, in order, page by page, and nothing that its reader may not see.

use crate::company::{Company, On};
use crate::on_both;
use loudou::cli::house::DEFAULT_RULES;
use serde_json::{Value as Json, json};

fn people(company: &mut Company) {
    company.person("dora", &["director"], None);
    company.person("mei", &["manager"], Some("south"));
    company.person("li", &["seller"], Some("south"));
    company.person("wang", &["seller"], Some("south"));
    company.person("far", &["seller"], Some("north"));
}

fn timeline(company: &Company, by: &str, customer: &str, query: &str) -> Vec<Json> {
    let seen = company.get(by, &format!("/v1/customers/{customer}/timeline?limit=100&{query}"));
    assert_eq!(seen.status, 200, "{}", seen.text);
    assert_eq!(seen.body["has_more"], false);
    seen.body["data"].as_array().unwrap().clone()
}

/// The events in short: `kind what`.
fn told(events: &[Json]) -> Vec<String> {
    let text = |event: &Json, name: &str| event[name].as_str().unwrap_or("-").to_owned();
    events
        .iter()
        .map(|event| {
            let what = match event["kind"].as_str().unwrap() {
                "move" => format!("{} {}", text(event, "direction"), text(event, "to")),
                "activity" => text(&event["activity"], "kind"),
                "grade" => text(event, "grade"),
                "contract" | "payment" => event["amount"]["amount_minor"].to_string(),
                "refusal" => format!("{} {}", text(event, "action"), event["unmet"].as_array().unwrap().len()),
                _ => String::new(),
            };
            format!("{} {what}", text(event, "kind")).trim().to_owned()
        })
        .collect()
}

/// A deal of li's with one event of each kind, each a minute after the other. (The customer, the deal)
fn story(company: &Company) -> (String, String) {
    let deal = company.deal("li", "Acme");
    let customer = company.get("li", &format!("/v1/deals/{deal}")).body["customer"].as_str().unwrap().to_owned();
    let step = |by: &str, path: &str, body: Json, status: u16| {
        company.pass_seconds(30);
        let seen = company.post(by, &format!("/v1/deals/{deal}/{path}"), &body);
        assert_eq!(seen.status, status, "{path}: {}", seen.text);
        seen.body["id"].as_str().map(str::to_owned)
    };
    let call = json!({"kind": "call", "outcome": "reached", "contact": "Canary Chen", "note": "canary's own words"});
    step("li", "moves", json!({"to": "graded"}), 422);
    step("li", "activities", call, 201);
    step("li", "grade", json!({}), 201);
    let contract = step("li", "contracts", json!({"amount": {"amount_minor": 7_000, "currency": "CNY"}}), 201).unwrap();
    let payment = json!({"amount": {"amount_minor": 3_000, "currency": "CNY"}, "paid_on": "2026-03-02"});
    step("li", &format!("contracts/{contract}/payments"), payment, 201);
    let wang = company.id("wang");
    let step = |by: &str, path: &str, body: Json| {
        company.pass_seconds(30);
        let seen = company.post(by, &format!("/v1/deals/{deal}/{path}"), &body);
        assert_eq!(seen.status, 201, "{path}: {}", seen.text);
    };
    step("mei", "assign", json!({"owner": wang}));
    step("wang", "moves", json!({"to": "abandoned", "reason": "unreachable"}));
    (customer, deal)
}

const STORY: [&str; 8] = [
    "move lost abandoned",
    "assignment",
    "payment 3000",
    "contract 7000",
    "grade C",
    "activity call",
    "refusal deals.move 1",
    "move created resource",
];

on_both!(everything_is_told_in_its_order, |company| {
    people(company);
    let (customer, deal) = story(company);
    let all = timeline(company, "mei", &customer, "");
    assert_eq!(told(&all), STORY);
    assert!(all.iter().all(|event| event["deal"] == deal.as_str()));
    assert_eq!(all[0]["reason"], "unreachable");
    assert_eq!(all[1]["new_owner"], company.id("wang"));
    assert_eq!(all[1]["owner"], company.id("li"));
    assert_eq!(all[6]["unmet"][0]["id"], "graded_by_hand");
    // Each decision that is named can be read.
    for event in all.iter().filter(|event| event.get("decision").is_some()) {
        let path = format!("/v1/deals/{deal}/decisions/{}", event["decision"].as_str().unwrap());
        assert_eq!(company.get("mei", &path).status, 200);
    }
    // An activity stands where it took place, not where it was logged.
    let late = json!({"kind": "material", "at": "2026-03-02T02:30:00Z"});
    let path = format!("/v1/deals/{}/activities", company.deal("wang", "Acme two"));
    assert_eq!(company.post("wang", &path, &late).status, 422, "before the deal began");
});

on_both!(pages_join_without_a_gap_or_a_repetition, |company| {
    people(company);
    let (customer, deal) = story(company);
    // Several at one instant, of one kind and of several.
    for kind in ["material", "meeting", "material"] {
        company.post("mei", &format!("/v1/deals/{deal}/activities"), &json!({"kind": kind}));
    }
    let all = timeline(company, "mei", &customer, "");
    for limit in [1, 2, 3, 7] {
        let mut joined = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/v1/customers/{customer}/timeline?limit={limit}{cursor}");
            let seen = company.get("mei", &path);
            let page = seen.body["data"].as_array().unwrap();
            assert!(page.len() <= limit);
            joined.extend(page.iter().cloned());
            match seen.body["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(joined, all, "{limit}");
    }
    let seen = company.get("mei", &format!("/v1/customers/{customer}/timeline?cursor=bm9uc2Vuc2U"));
    assert_eq!((seen.status, seen.faults()), (400, vec!["/cursor cursor_unknown".to_owned()]), "{}", seen.text);
});

on_both!(filters_narrow_it, |company| {
    people(company);
    let (customer, deal) = story(company);
    let all = timeline(company, "mei", &customer, "");
    let some = timeline(company, "mei", &customer, "kind=move,grade");
    assert_eq!(told(&some), ["move lost abandoned", "grade C", "move created resource"]);
    // `since` takes its instant in, `until` leaves it out.
    let (newer, older) = (all[2]["at"].as_str().unwrap(), all[5]["at"].as_str().unwrap());
    let some = timeline(company, "mei", &customer, &format!("since={older}&until={newer}"));
    assert_eq!(some, all[3..=5]);
    assert_eq!(timeline(company, "mei", &customer, &format!("deal={deal}")).len(), all.len());
    let other = company.deal("wang", "Other");
    assert_eq!(timeline(company, "mei", &customer, &format!("deal={other}")), Vec::<Json>::new());
    let seen = company.get("mei", &format!("/v1/customers/{customer}/timeline?kind=rumour"));
    assert_eq!(seen.status, 400, "{}", seen.text);
});

on_both!(what_hangs_on_a_deal_that_is_not_seen_is_not_there, |company| {
    people(company);
    let (customer, hidden) = story(company);
    let path = format!("/v1/customers/{customer}/timeline");
    // Nobody of the other team sees the customer; a colleague's team sees all of it.
    assert_eq!(company.get("far", &path).status, 404);
    assert_eq!(company.get("li", &path).status, 200);
    // Then, when the customer has cooled, there is a deal of the other team with him.
    company.pass_hours(24 * 80);
    let body = json!({"customer": customer, "owner": company.id("far")});
    let seen = company.post("dora", "/v1/deals", &body);
    assert_eq!(seen.status, 201, "{}", seen.text);
    let own = seen.body["id"].as_str().unwrap();
    company.post("far", &format!("/v1/deals/{own}/activities"), &json!({"kind": "meeting"}));
    let seen = company.get("far", &path);
    assert_eq!(told(seen.body["data"].as_array().unwrap()), ["move created resource", "activity meeting"]);
    assert!(!seen.text.contains(&hidden) && !seen.text.contains("Canary"), "{}", seen.text);
    let all = told(&timeline(company, "far", &customer, &format!("deal={hidden}")));
    assert_eq!(all, Vec::<String>::new());
    // Who sees both gets both.
    assert_eq!(timeline(company, "dora", &customer, "").len(), STORY.len() + 2);
});

/// The trainer reads the team's deals without contacts, grades and what is known of the size.
fn with_a_trainer(on: On) -> Option<Company> {
    let trainer = "may: [{do: [deals.read, reports.read], scope: team}]";
    let closed = "may: [{do: [deals.read, customers.read], scope: team, \
                  hide: [customer.contacts, customer.size, deal.grade]}]";
    let demand = "{id: big, require: 'customer.size == \"large\"'}";
    let entry = "enter:\n          - id: graded_by_hand";
    assert!(DEFAULT_RULES.contains(trainer) && DEFAULT_RULES.contains(entry));
    let rules = DEFAULT_RULES.replace(trainer, closed);
    let rules = rules.replace(entry, &entry.replace("enter:", &format!("enter:\n          - {demand}")));
    let mut company = Company::with_rules(on, &rules)?;
    people(&mut company);
    company.person("tea", &["trainer"], Some("south"));
    Some(company)
}

mod what_is_hidden_stays_hidden {
    use super::*;

    fn run(company: &mut Company) {
        let deal = company.deal("li", "Acme");
        let customer = company.get("li", &format!("/v1/deals/{deal}")).body["customer"].as_str().unwrap().to_owned();
        let known = json!({"fields": {"size": "ordinary"}});
        assert_eq!(company.patch("li", &format!("/v1/customers/{customer}"), &known).status, 200);
        assert_eq!(company.post("li", &format!("/v1/deals/{deal}/moves"), &json!({"to": "graded"})).status, 422);
        assert_eq!(company.post("li", &format!("/v1/deals/{deal}/grade"), &json!({})).status, 201);
        let call =
            json!({"kind": "call", "outcome": "reached", "contact": "Canary Chen", "note": "canary's own words"});
        assert_eq!(company.post("li", &format!("/v1/deals/{deal}/activities"), &call).status, 201);
        let find = |by: &str, kind: &str| timeline(company, by, &customer, &format!("kind={kind}")).remove(0);
        let size = |event: &Json| {
            let unmet = event["unmet"].as_array().unwrap();
            unmet.iter().find(|one| one["id"] == "big").unwrap()["values"]["customer.size"].clone()
        };
        assert_eq!(size(&find("li", "refusal")), "ordinary");
        assert_eq!(find("li", "grade")["grade"], "B");
        assert_eq!(find("li", "activity")["activity"]["contact"], "Canary Chen");
        assert_eq!(size(&find("tea", "refusal")), json!({"hidden": true}));
        assert_eq!(find("tea", "grade")["grade"], Json::Null);
        assert_eq!(find("tea", "activity")["activity"]["contact"], Json::Null);
        let seen = company.get("tea", &format!("/v1/customers/{customer}/timeline"));
        for secret in ["Canary", "canary", "ordinary"] {
            assert!(!seen.text.contains(secret), "{secret}: {}", seen.text);
        }
    }

    #[test]
    fn on_sqlite() {
        run(&mut with_a_trainer(On::Sqlite).unwrap());
    }

    #[test]
    fn on_postgres() {
        if let Some(mut company) = with_a_trainer(On::Postgres) {
            run(&mut company);
        }
    }
}
