//! What a move demands, explained: over the API and by `loudou explain` on the host, each seeing what the asker may see.

use crate::client::Seen;
use crate::company::{Company, On};
use serde_json::{Value as Json, json};
use std::process::{Command, Output};

const COMPANY: &str = "format: 1
languages: [en, zh]
currency: CNY
calendar: {time_zone: Asia/Shanghai}
fields:
  customer: {name: {type: text, required: true}, worth: {type: number}, since: {type: date}, code: {type: text}}
  deal: {fits: {type: bool}}
  user: {level: {type: number}}
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
  analyst:
    may:
      - {do: [rules.read, rules.draft, deals.read, customers.read], scope: all, hide: [customer.code]}
      - {do: [deals.move], scope: all}
  stranger: {may: [{do: [deals.read], scope: own}]}
first_administrator: [admin]
";

fn run(on: On, test: impl FnOnce(&mut Company, &str)) {
    let Some(mut company) = Company::with_rules(on, COMPANY) else { return };
    company.person("sel", &["seller"], None);
    company.person("ann", &["analyst"], None);
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

/// The draft of the company's rules with these changes.
fn changed(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(COMPANY.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    })
}

fn under(company: &Company, by: &str, text: &str, deal: &str) -> Seen {
    let draft = company.draft("ann", text);
    company.get(by, &format!("/v1/rules/drafts/{}/deals/{deal}/moves", draft.as_str().unwrap()))
}

/// Whatever of a draft the answer rests on: who may not see what it reads is told nothing.
fn a_draft_asks_for_nothing_that_is_hidden(company: &mut Company, deal: &str) {
    let asked = "customer.code.startsWith(\"13\")";
    let figure = |name: &str| {
        format!("{{id: lead, holding: {{{name}: [{{when: '{asked}', is: 5}}, {{is: 9}}]}}}}\n      - id: talk")
    };
    let lost = "{from: any_open, to: lost}";
    let move_all = "{do: [deals.move], scope: all}";
    let kinds = [
        ("grant", vec![(move_all, format!("{{do: [deals.move], scope: all, when: '{asked}'}}"))]),
        ("never", vec![(move_all, format!("{move_all}\n    never: [{{do: [deals.move], when: '{asked}'}}]"))]),
        ("ideal", vec![("id: lead", figure("ideal"))]),
        ("warn", vec![("id: lead", figure("warn"))]),
        ("cap", vec![("id: lead", figure("at_most"))]),
        ("move", vec![(lost, format!("{{from: any_open, to: lost, when: '{asked}'}}"))]),
        (
            "criterion of a move",
            vec![(lost, format!("{{from: any_open, to: lost, enter: [{{id: asked, require: '{asked}'}}]}}"))],
        ),
        ("criterion", vec![("has: [customer.worth]", format!("require: '{asked}'"))]),
        (
            "condition of a criterion",
            vec![("has: [customer.worth]", format!("when: '{asked}', has: [customer.worth]"))],
        ),
        ("presence", vec![("has: [customer.worth]", "has: [customer.code]".to_owned())]),
        (
            "presence under another name",
            vec![
                ("has: [customer.worth]", "has: [customer.sign]".to_owned()),
                ("code: {type: text}", "sign: {type: text}".to_owned()),
                ("hide: [customer.code]", "hide: [customer.sign]".to_owned()),
                ("first_adm", "migrate: {fields: {customer: {code: sign}}}\nfirst_adm".to_owned()),
            ],
        ),
    ];
    for (kind, changes) in kinds {
        let changes: Vec<(&str, &str)> = changes.iter().map(|(from, to)| (*from, to.as_str())).collect();
        let text = changed(&changes);
        assert_eq!(under(company, "ann", &text, deal).code(), "not_permitted", "{kind}");
        assert_eq!(under(company, "ada", &text, deal).status, 200, "{kind}");
    }
    // What the answer does not rest on keeps nobody from it.
    let beside = format!("{{do: [deals.write], scope: all, when: '{asked}'}}, {{do: [deals.move], scope: all}}");
    let graded = format!("grades: [{{id: A, when: '{asked}'}}, {{id: B}}]\nfunnels:\n");
    let text = changed(&[
        ("- {do: [deals.move], scope: all}", &beside.replace("}, {", "}\n      - {").replacen('{', "- {", 1)),
        ("funnels:\n", &graded),
    ]);
    let seen = under(company, "ann", &text, deal);
    assert_eq!(seen.status, 200, "{}", seen.text);
    assert_eq!(seen.body["moves"][0]["permitted"], true);
}

/// What the draft renames is called as it would be, whoever explains it; a stage answers to both of its names.
fn what_a_draft_renames_is_explained_under_its_new_name(company: &mut Company, deal: &str) {
    let ada = format!("/v1/users/{}", company.id("ada"));
    assert_eq!(company.patch("ada", &ada, &json!({"fields": {"level": 3}})).status, 200);
    let text = changed(&[
        ("id: resource", "id: source"),
        ("dwelt: resource", "dwelt: source"),
        ("id: lead", "id: contacted"),
        ("worth: {", "value: {"),
        ("customer.worth", "customer.value"),
        ("deal: {fits: {", "deal: {suits: {"),
        ("'deal.fits'", "'deal.suits'"),
        ("level: {", "rank: {"),
        (
            "  admin: {may: [{do: [people.*, rules.*, rules.activate, deals.*, customers.*], scope: all}]}",
            "  chief: {may: [{do: [people.*, rules.*, rules.activate, deals.read, customers.*], scope: all},
      {do: [deals.move], scope: all, when: 'user.rank == 3'}]}",
        ),
        ("first_administrator: [admin]", "first_administrator: [chief]"),
    ]);
    let stages = "stages: {standard: {resource: source, lead: contacted}}";
    let rest = "fields: {customer: {worth: value}, deal: {fits: suits}, user: {level: rank}}, roles: {admin: chief}";
    let renaming = format!("{text}migrate: {{{stages}, {rest}}}\n");
    let now = company.get("ada", &format!("/v1/deals/{deal}/moves")).body;
    let told = |body: &Json, to: &str| -> (bool, Vec<(String, String)>) {
        let one =
            body["moves"].as_array().unwrap().iter().find(|one| one["to"] == to).unwrap_or_else(|| panic!("{body}"));
        let text = |one: &Json, name: &str| one[name].as_str().unwrap().to_owned();
        let criteria = one["criteria"].as_array().unwrap().iter();
        (one["permitted"] == true, criteria.map(|one| (text(one, "id"), text(one, "outcome"))).collect())
    };
    let seen = under(company, "ada", &renaming, deal);
    assert_eq!((seen.status, &seen.body["stage"]), (200, &json!("source")), "{}", seen.text);
    assert_eq!(told(&seen.body, "contacted"), told(&now, "lead"));
    assert!(told(&seen.body, "contacted").0, "{}", seen.text);
    let contacted = seen.body["moves"].as_array().unwrap().iter().find(|one| one["to"] == "contacted").unwrap();
    let fits = contacted["criteria"].as_array().unwrap().iter().find(|one| one["id"] == "fits").unwrap();
    assert_eq!((&fits["values"]["deal.suits"], &fits["rule"]), (&json!(false), &json!("deal.suits")));
    assert_eq!(fits["values"]["customer.value"], "9");

    let draft = company.draft("ada", &renaming);
    for stage in ["contacted", "lead"] {
        let arguments = [deal, stage, "--as", "ada", "--draft", draft.as_str().unwrap(), "--lang", "en"];
        let output = explain(company, &arguments);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains("source -> contacted (contacted), move `forward`"), "{}", said(&output));
        assert!(said(&output).contains("      applies if: customer.value > 5"), "{}", said(&output));
    }
    let output = explain(company, &[deal, "source", "--as", "ada", "--draft", draft.as_str().unwrap(), "--lang", "en"]);
    assert!(said(&output).contains("no move from `source` to `source`"), "{}", said(&output));

    // Brought with the schedule of the draft: the same.
    let without = format!("{text}migrate: {{{rest}}}\n");
    let draft = company.draft("ada", &without);
    let path = format!("/v1/rules/drafts/{}", draft.as_str().unwrap());
    let of_draft = || company.get("ada", &format!("{path}/deals/{deal}/moves")).body;
    assert_eq!(of_draft()["moves"], json!([]));
    let migrate = json!({"stages": {"standard": {"resource": "source", "lead": "contacted"}}});
    let seen =
        company.post("ada", &format!("{path}/schedule"), &json!({"at": "2026-03-09T00:00:00Z", "migrate": migrate}));
    assert_eq!(seen.status, 200, "{}", seen.text);
    assert_eq!(told(&of_draft(), "contacted"), told(&now, "lead"));
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
    a_draft_asks_for_nothing_that_is_hidden
    what_a_draft_renames_is_explained_under_its_new_name
}
