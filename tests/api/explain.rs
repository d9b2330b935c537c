//! What a move demands, explained: over the API and by `loudou explain` on the host, each seeing what the asker may see.

use crate::company::{Company, On};
use serde_json::{Value as Json, json};
use std::process::{Command, Output};

const COMPANY: &str = "format: 1
languages: [en, zh]
currency: CNY
calendar: {time_zone: Asia/Shanghai}
fields:
  customer: {name: {type: text, required: true}, worth: {type: number}, since: {type: date}}
  deal: {fits: {type: bool}}
activities: {call: {outcomes: [reached]}}
funnels:
  standard:
    stages:
      - {id: resource, kind: start}
      - id: lead
        enter:
          - {id: reached, activity: call, outcome: reached, at_least: 2, within: 20wd}
          - {id: fits, when: 'customer.worth > 5', require: 'deal.fits'}
          - {id: rested, require: 'days(deal.created_at, now) >= 3'}
          - {id: known_long, require: 'add_days(customer.since, 10) <= today'}
          - {id: stayed, dwelt: resource, at_least: 5000wd}
          - {id: said, has: [customer.worth], mode: warn}
      - {id: won, kind: won}
      - {id: lost, kind: lost, reasons: [{id: silent}]}
    moves: [forward, {from: any_open, to: lost}]
roles:
  admin: {may: [{do: [people.*, rules.*, rules.activate, deals.*, customers.*], scope: all}]}
  seller:
    may:
      - {do: [deals.read, deals.create, deals.move, deals.log, deals.write], scope: own}
      - {do: [customers.read, customers.write], scope: own, hide: [customer.since]}
  stranger: {may: [{do: [deals.read], scope: own}]}
first_administrator: [admin]
";

fn run(on: On, test: impl FnOnce(&mut Company, &str)) {
    let Some(mut company) = Company::with_rules(on, COMPANY) else { return };
    company.person("sel", &["seller"], None);
    company.person("strange", &["stranger"], None);
    let fields = json!({"name": "Acme", "worth": 9, "since": company.now().utc().date_naive().to_string()});
    let customer = company.post("ada", "/v1/customers", &json!({"fields": fields})).body["id"].clone();
    let deal = json!({"customer": customer, "owner": company.id("sel").to_string(), "fields": {"fits": false}});
    let seen = company.post("ada", "/v1/deals", &deal);
    assert_eq!(seen.status, 201, "{}", seen.text);
    let deal = seen.body["id"].as_str().unwrap().to_owned();
    test(&mut company, &deal);
}

fn explain(company: &Company, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loudou"));
    command.env_clear().env("DATABASE_URL", &company.url).arg("explain").args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap() + &String::from_utf8(output.stderr.clone()).unwrap()
}

fn criterion<'j>(moves: &'j Json, id: &str) -> &'j Json {
    let lead = moves["moves"].as_array().unwrap().iter().find(|one| one["to"] == "lead").unwrap();
    lead["criteria"].as_array().unwrap().iter().find(|one| one["id"] == id).unwrap_or_else(|| panic!("{id}: {lead}"))
}

fn each_criterion_says_its_rule_its_values_and_when(company: &mut Company, deal: &str) {
    let moves = company.get("ada", &format!("/v1/deals/{deal}/moves")).body;
    let reached = criterion(&moves, "reached");
    assert_eq!(reached["rule"], "activity: call, outcome: reached, at_least: 2, within: 20wd");
    assert_eq!((&reached["when"], &reached["progress"]["needed"]), (&Json::Null, &json!(2)));
    let fits = criterion(&moves, "fits");
    assert_eq!((&fits["rule"], &fits["when"]), (&json!("deal.fits"), &json!("customer.worth > 5")));
    assert_eq!((&fits["values"]["deal.fits"], &fits["fields"]), (&json!(false), &json!(["deal.fits"])));
    assert_eq!(fits["possible_from"], Json::Null);
    // By the clock alone: three days after it was made, to the minute.
    let created = company.get("ada", &format!("/v1/deals/{deal}")).body["created_at"].as_str().unwrap().to_owned();
    let at = |time: &Json| time.as_str().unwrap().parse::<loudou::values::Time>().unwrap();
    let waited = at(&criterion(&moves, "rested")["possible_from"]).since(at(&json!(created)));
    let days = 3 * 24 * 3_600_000_000_i64;
    assert!((days..days + 61_000_000).contains(&waited), "{waited}");
    assert!(criterion(&moves, "known_long")["possible_from"].is_string());
    // What rests on what the asker may not see says neither its value nor when.
    let moves = company.get("sel", &format!("/v1/deals/{deal}/moves")).body;
    let long = criterion(&moves, "known_long");
    assert_eq!(long["values"]["customer.since"], json!({"hidden": true}));
    assert_eq!((&long["outcome"], &long["possible_from"]), (&json!("unmet"), &Json::Null));
    assert!(criterion(&moves, "rested")["possible_from"].is_string());
}

fn the_command_answers_as_somebody(company: &mut Company, deal: &str) {
    let output = explain(company, &[deal, "lead", "--as", "ada", "--lang", "en"]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    for line in [
        "resource -> lead (lead), move `forward`: not possible now",
        "  unmet  lead: reached",
        "      the rules say: activity: call, outcome: reached, at_least: 2, within: 20wd",
        "      there are of those needed: 0 / 2",
        "      applies if: customer.worth > 5",
        "      customer.worth = 9",
        "      would be satisfied by: deal.fits",
        "      possible by itself from 20",
        "  met (only warns)  lead: said",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let chinese = said(&explain(company, &[deal, "lead", "--as", "ada", "--lang", "zh"]));
    assert!(chinese.contains("现在不可以") && chinese.contains("适用条件：customer.worth > 5"), "{chinese}");
    // As somebody who sees less.
    let text = said(&explain(company, &[deal, "lead", "--as", "sel", "--lang", "en"]));
    assert!(text.contains("customer.since = (not for you to see)"), "{text}");
    // The same as the API answers, and possible where it is.
    let json = explain(company, &[deal, "--as", "sel", "--json", "--lang", "en"]);
    let answered: Json = serde_json::from_str(&String::from_utf8(json.stdout.clone()).unwrap()).unwrap();
    let mut seen = company.get("sel", &format!("/v1/deals/{deal}/moves")).body;
    // It was asked a moment later.
    for moves in [&mut seen, &mut answered.clone()] {
        moves.as_object_mut().unwrap().remove("moves");
    }
    assert_eq!(answered["stage"], seen["stage"]);
    assert_eq!(answered["moves"].as_array().unwrap().len(), 2);
    assert_eq!(json.status.code(), Some(0), "it can be lost now");
    assert_eq!(explain(company, &[deal, "lost", "--as", "sel"]).status.code(), Some(0));
    let none = explain(company, &[deal, "won", "--as", "sel", "--lang", "en"]);
    assert_eq!(none.status.code(), Some(1));
    assert!(said(&none).contains("no move from `resource` to `won`"), "{}", said(&none));
}

fn the_command_refuses_whom_it_does_not_know_and_what_is_not_seen(company: &mut Company, deal: &str) {
    let refused = |arguments: &[&str], why: &str| {
        let output = explain(company, arguments);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(output.stdout.is_empty() && said(&output).contains(why), "{}", said(&output));
    };
    refused(&[deal, "lead", "--as", "nobody"], "nobody with the login `nobody`");
    refused(&[deal, "lead", "--as", "strange"], "no such deal or draft for `strange` to see");
    refused(&[deal, "leed", "--as", "ada"], "no stage `leed`");
    refused(&["01890000-0000-7000-8000-000000000000", "--as", "ada"], "no such deal");
    let sel = format!("/v1/users/{}", company.id("sel"));
    assert_eq!(company.patch("ada", &sel, &json!({"active": false})).status, 200);
    let output = explain(company, &[deal, "lead", "--as", "sel"]);
    assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(2), true), "{}", said(&output));
}

fn the_command_answers_under_a_draft(company: &mut Company, deal: &str) {
    let draft = COMPANY.replace("at_least: 2, within: 20wd", "at_least: 7");
    let seen = company.server.call("POST", "/v1/rules/drafts").token(&company.token("ada"));
    let seen = seen.text("application/yaml", &draft).send();
    assert_eq!(seen.status, 201, "{}", seen.text);
    let id = seen.body["id"].as_str().unwrap();
    let text = said(&explain(company, &[deal, "lead", "--as", "ada", "--draft", id, "--lang", "en"]));
    assert!(text.contains("the rules say: activity: call, outcome: reached, at_least: 7"), "{text}");
    assert!(text.contains("0 / 7"), "{text}");
    // Who may not draft is told nothing.
    let output = explain(company, &[deal, "lead", "--as", "sel", "--draft", id]);
    assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(2), true), "{}", said(&output));
}

macro_rules! on_both {
    ($($name:ident)*) => {
        mod on_sqlite { use super::*; $(#[test] fn $name() { run(On::Sqlite, super::$name); })* }
        mod on_postgres { use super::*; $(#[test] fn $name() { run(On::Postgres, super::$name); })* }
    };
}

on_both! {
    each_criterion_says_its_rule_its_values_and_when
    the_command_answers_as_somebody
    the_command_refuses_whom_it_does_not_know_and_what_is_not_seen
    the_command_answers_under_a_draft
}
