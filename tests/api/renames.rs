//! Visits made before a stage got another name count for the stage, wherever the deal stands by now; a stage that gets an
//! old name later has no part in them. Moves, what comes next, reports, previews and replays agree.

use crate::client::Seen;
use crate::company::{Company, On};
use loudou::jobs::rules_replays;
use loudou::values::Time;
use serde_json::{Value as Json, json};

const YAML: &str = "application/yaml";

/// Rules with these stages between the first and the last; `dwelt` for two hours lets a deal into `done`.
fn rules(stages: &str, dwelt: &str, migrate: &str) -> String {
    let between: String = stages.split_whitespace().map(|stage| format!("      - {{id: {stage}}}\n")).collect();
    format!(
        "format: 1
languages: [en, zh]
currency: CNY
calendar: {{time_zone: Asia/Shanghai}}
fields: {{customer: {{name: {{type: text}}}}}}
activities: {{call: {{}}}}
{migrate}
funnels:
  standard:
    stages:
      - {{id: resource, kind: start}}
{between}      - {{id: last}}
      - {{id: done, enter: [{{id: waited, dwelt: {dwelt}, at_least: 2h}}]}}
      - {{id: won, kind: won}}
    moves: [{{id: onward, from: any_open, to: later}}]
roles:
  admin: {{may: [{{do: [people.*, rules.*, rules.activate, deals.*, customers.*, reports.*], scope: all}}]}}
first_administrator: [admin]
"
    )
}

fn renaming(pairs: &str) -> String {
    format!("migrate: {{stages: {{standard: {{{pairs}}}}}}}")
}

#[track_caller]
fn activate(company: &Company, text: &str) {
    let seen = company.server.call("POST", "/v1/rules/versions").token(&company.token("ada")).text(YAML, text).send();
    assert_eq!(seen.status, 201, "{}", seen.text);
}

#[track_caller]
fn go(company: &Company, deal: &str, to: &str) -> Seen {
    company.post("ada", &format!("/v1/deals/{deal}/moves"), &json!({"to": to}))
}

/// A deal that was in each of these for so many hours, and stands in `last`.
fn moved_on(company: &mut Company, name: &str, through: &[(&str, i64)]) -> String {
    let deal = company.deal("ada", name);
    for (stage, hours) in through {
        assert_eq!(go(company, &deal, stage).status, 201);
        company.pass_hours(*hours);
    }
    assert_eq!(go(company, &deal, "last").status, 201);
    deal
}

/// Whether it may go on, as what comes next says and the move itself.
#[track_caller]
fn may_go_on(company: &Company, deal: &str) -> bool {
    let moves = company.get("ada", &format!("/v1/deals/{deal}/moves")).body;
    let next = moves["moves"].as_array().unwrap().iter().find(|one| one["to"] == "done").unwrap().clone();
    let seen = company.post("ada", &format!("/v1/deals/{deal}/moves?dry_run=true"), &json!({"to": "done"}));
    let open = next["possible"] == true;
    assert_eq!(open, seen.status < 300, "{next} {}", seen.text);
    open
}

fn entered(company: &Company) -> Vec<(String, i64)> {
    let report = company.get("ada", "/v1/reports/funnel").body;
    let stages = report["groups"][0]["stages"].as_array().unwrap();
    let figures = |stage: &Json| (stage["stage"].as_str().unwrap().to_owned(), stage["entered"].as_i64().unwrap());
    for stage in stages {
        assert!(stage["stock_start"].as_i64() >= Some(0), "{report}");
    }
    stages.iter().map(figures).collect()
}

fn previewed(company: &Company, text: &str) -> Json {
    let begun = company.post("ada", "/v1/rules/previews", &json!({"draft": company.draft("ada", text)})).body;
    let now = company.now();
    crate::company::RUNTIME.block_on(rules_replays::look(&company.workflow, &move || now));
    company.get("ada", &format!("/v1/rules/previews/{}", begun["id"].as_str().unwrap())).body
}

fn replayed(company: &Company, text: &str) -> Json {
    let since = Time::from_micros(company.now().micros() - 100 * 3_600_000_000).to_string();
    let before = Time::from_micros(company.now().micros() + 1).to_string();
    let body = json!({"draft": company.draft("ada", text), "since": since, "before": before});
    let begun = company.post("ada", "/v1/rules/replays", &body).body;
    let now = company.now();
    crate::company::RUNTIME.block_on(rules_replays::look(&company.workflow, &move || now));
    company.get("ada", &format!("/v1/rules/replays/{}", begun["id"].as_str().unwrap())).body
}

fn two_stages(on: On) -> Option<Company> {
    Company::with_rules(on, &rules("a b", "a", ""))
}

crate::on_both! {
    two_stages;

    fn what_moved_on_was_where_it_was(company) {
        let long = moved_on(company, "Long", &[("a", 3)]);
        let short = moved_on(company, "Short", &[("a", 1)]);
        let standing = company.deal("ada", "Standing");
        assert_eq!(go(company, &standing, "a").status, 201);
        assert_eq!(go(company, &long, "done").status, 201);
        let other = moved_on(company, "Other", &[("a", 3)]);
        let text = rules("c b", "c", &renaming("a: c"));
        // Before: the preview of the change finds nobody out of place, the replay nothing else.
        assert_eq!(previewed(company, &text)["groups"], json!([]));
        let before = replayed(company, &text);
        assert_eq!((&before["refused"], &before["allowed"], &before["undecided"]), (&json!(0), &json!(0), &json!(0)), "{before}");
        activate(company, &text);
        assert!(may_go_on(company, &other) && !may_go_on(company, &short));
        // Every process reads it so.
        let process = company.another_process(&[]);
        let seen = process.call("GET", &format!("/v1/deals/{other}/moves")).token(&company.token("ada")).send();
        assert!(seen.body["moves"].as_array().unwrap().iter().any(|one| one["to"] == "done" && one["possible"] == true));
        let of = |stage: &str| entered(company).into_iter().find(|(known, _)| known == stage).map(|(_, n)| n);
        assert_eq!((of("a"), of("c")), (None, Some(4)), "{:?}", entered(company));
        // After: so do preview and replay of what comes next.
        let next = rules("c b", "c", "").replace("2h", "1h");
        assert_eq!(previewed(company, &next)["groups"], json!([]));
        let after = replayed(company, &next);
        assert_eq!((&after["refused"], &after["allowed"], &after["undecided"]), (&json!(0), &json!(0), &json!(0)), "{after}");
        assert_eq!(after["replayed"], before["replayed"]);
        let other_way = replayed(company, &rules("c b", "b", ""));
        assert_eq!(other_way["undecided"], 1, "{other_way}");
        // The history says what was said then.
        let history = company.get("ada", &format!("/v1/deals/{other}/history")).body;
        let names: Vec<&Json> = history["data"].as_array().unwrap().iter().map(|line| &line["to"]).collect();
        assert_eq!(names, ["resource", "a", "last"]);
    }

    fn one_name_after_another(company) {
        let deal = moved_on(company, "Acme", &[("a", 3)]);
        activate(company, &rules("c b", "c", &renaming("a: c")));
        activate(company, &rules("d b", "d", &renaming("a: d, c: d")));
        let late = moved_on(company, "Late", &[("d", 3)]);
        activate(company, &rules("e b", "e", &renaming("d: e")));
        assert!(may_go_on(company, &deal) && may_go_on(company, &late));
        let of_e = entered(company).into_iter().find(|(stage, _)| stage == "e").unwrap();
        assert_eq!(of_e.1, 2);
    }

    fn stages_that_become_one_are_one(company) {
        let deal = moved_on(company, "Acme", &[("a", 1), ("b", 1)]);
        let neither = moved_on(company, "Beta", &[("a", 1)]);
        let done = moved_on(company, "Done", &[("a", 2)]);
        assert_eq!(go(company, &done, "done").status, 201);
        activate(company, &rules("c", "c", &renaming("a: c, b: c")));
        assert!(may_go_on(company, &deal) && !may_go_on(company, &neither));
        // What was kept of one of them is not all that there is to say of both: not guessed. From one to the other, there
        // is no way any more.
        let seen = replayed(company, &rules("c", "c", "").replace("2h", "1h"));
        let groups: Vec<[&Json; 3]> =
            seen["groups"].as_array().unwrap().iter().map(|one| [&one["change"], &one["name"], &one["count"]]).collect();
        let told = [[json!("refused"), json!("deal_moved"), json!(1)], [json!("undecided"), json!("dwelt(c) elapsed"), json!(1)]];
        assert_eq!(groups, told.each_ref().map(|one| one.each_ref()), "{seen}");
    }

    fn a_namesake_has_no_part_in_it(company) {
        let deal = moved_on(company, "Acme", &[("a", 3)]);
        activate(company, &rules("c b", "c", &renaming("a: c")));
        let again = "migrate: {again: [funnels.standard.stages.a]}";
        activate(company, &rules("a c b", "a", again));
        assert!(!may_go_on(company, &deal));
        let young = moved_on(company, "Young", &[("a", 3)]);
        assert!(may_go_on(company, &young));
        let figures = entered(company);
        assert_eq!((figures[1].clone(), figures[2].clone()), (("a".into(), 1), ("c".into(), 1)), "{figures:?}");
        // It too may become something else, and takes only its own along.
        activate(company, &rules("m c b", "m", &renaming("a: m")));
        assert!(may_go_on(company, &young) && !may_go_on(company, &deal));
        activate(company, &rules("m c b", "c", ""));
        assert!(!may_go_on(company, &young) && may_go_on(company, &deal));
    }

    fn what_was_removed_is_no_namesakes(company) {
        let deal = moved_on(company, "Acme", &[("a", 3)]);
        activate(company, &rules("b", "b", ""));
        assert_eq!(entered(company).last().unwrap(), &("a".into(), 1));
        activate(company, &rules("a b", "a", "migrate: {again: [funnels.standard.stages.a]}"));
        assert!(!may_go_on(company, &deal));
        // But it is there again with the text that had it.
        activate(company, &rules("b", "b", ""));
        let back = company.post("ada", "/v1/rules/versions/1/activate", &json!({}));
        assert_eq!(back.status, 201, "{}", back.text);
    }

    fn the_way_back_brings_the_old_names(company) {
        let deal = moved_on(company, "Acme", &[("a", 3)]);
        activate(company, &rules("c b", "c", &renaming("a: c")));
        let late = moved_on(company, "Late", &[("c", 3)]);
        let back = || company.post("ada", "/v1/rules/versions/1/activate", &json!({}));
        // Nobody stands in it: what it was before, it is again.
        assert_eq!(back().status, 201);
        assert!(may_go_on(company, &deal) && may_go_on(company, &late));
        activate(company, &rules("b", "b", ""));
        assert!(!may_go_on(company, &deal));
        assert_eq!(back().status, 201);
        assert!(may_go_on(company, &deal) && may_go_on(company, &late));
        // Where somebody stands in it, it is said.
        let text = rules("d b", "d", &renaming("a: d"));
        let standing = company.deal("ada", "Standing");
        assert_eq!(go(company, &standing, "a").status, 201);
        activate(company, &text);
        assert_eq!((back().status, back().body["code"].clone()), (409, json!("rules_in_use")));
        let migrate = json!({"migrate": {"stages": {"standard": {"d": "a"}}}});
        assert_eq!(company.post("ada", "/v1/rules/versions/1/activate", &migrate).status, 201);
        assert!(may_go_on(company, &deal) && may_go_on(company, &late));
        assert_eq!(company.holdings_amiss(), 0);
    }
}
