//! Replays of what was kept under other names: whatever a draft, an activation or a call says has become something else, is
//! that in every kept decision made before. What went and became nothing, or has a namesake, is not known.

use crate::client::Seen;
use crate::company::{Company, On, RUNTIME};
use loudou::jobs::rules_replays;
use loudou::values::Time;
use serde_json::{Value as Json, json};

const YAML: &str = "application/yaml";
const REPLAYS: &str = "/v1/rules/replays";

const RULES: &str = "format: 1
languages: [en, zh]
currency: CNY
calendar: {time_zone: Asia/Shanghai}
fields:
  customer: {name: {type: text}, kind: {type: choice, of: [huge, small]}}
  deal: {size: {type: number}, wishes: {type: choices, of: [fast, cheap]}}
products: {website: {}, hosting: {}}
activities: {call: {outcomes: [reached, silence]}, mail: {}}
grades: [{id: A, when: 'deal.size > 2'}, {id: B}]
funnels:
  standard:
    stages:
      - {id: resource, kind: start}
      - id: lead
        enter:
          - {id: right_product, require: 'deal.product == \"website\"'}
          - {id: right_grade, require: 'deal.grade == \"A\"'}
          - {id: kind, require: 'customer.kind == \"huge\"'}
          - {id: wishes, require: '\"fast\" in deal.wishes'}
          - {id: size, require: 'deal.size > 2'}
          - {id: right_owner, require: '\"seller\" in owner.roles'}
          - {id: called, activity: call, outcome: reached}
          - {id: mailed, require: 'count(\"mail\") < 3'}
      - {id: sure, enter: [{id: waited, require: 'entered(\"lead\") <= now'}, {id: dwelt, dwelt: lead, at_least: 1h}]}
      - {id: won, kind: won}
      - {id: lost, kind: lost, reasons: [{id: silent}, {id: price}], enter: [{id: why, require: 'move.reason == \"silent\"'}]}
    moves: [forward, {from: any_open, to: lost}]
roles:
  admin: {may: [{do: [people.*, rules.*, rules.activate, deals.*, customers.*], scope: all}]}
  seller: {may: [{do: [deals.*, customers.*], scope: own}]}
  trainee: {may: [{do: [deals.*, customers.*], scope: own}]}
first_administrator: [admin]
";

/// What is called how from now on, its mapping, the fact that is not known without it, in how many decisions.
const CASES: [(&str, &[(&str, &str)], &str, &[&str]); 11] = [
    (
        "role",
        &[("  seller:", "  consultant:"), ("\"seller\"", "\"consultant\"")],
        "roles: {seller: consultant}",
        &["undecided fact user.roles 4", "undecided fact owner.roles 1"],
    ),
    ("product", &[("website", "site")], "products: {website: site}", &["undecided fact deal.product 1"]),
    ("grade", &[("id: A", "id: X"), ("\"A\"", "\"X\"")], "grades: {A: X}", &["undecided fact deal.grade 1"]),
    ("choice", &[("huge", "large")], "choices: {customer: {kind: {huge: large}}}", &["undecided fact customer.kind 1"]),
    ("choices", &[("fast", "quick")], "choices: {deal: {wishes: {fast: quick}}}", &["undecided fact deal.wishes 1"]),
    (
        "reason",
        &[("silent", "no_answer")],
        "reasons: {standard: {lost: {silent: no_answer}}}",
        &["undecided fact move.reason 1"],
    ),
    ("field", &[("size", "volume")], "fields: {deal: {size: volume}}", &["undecided fact deal.volume 1"]),
    (
        "field with its choices",
        &[("kind: {type: choice", "sort: {type: choice"), ("customer.kind", "customer.sort")],
        "fields: {customer: {kind: sort}}",
        &["undecided fact customer.sort 1"],
    ),
    ("activity", &[("mail", "letter")], "activities: {mail: letter}", &["undecided fact count(\"letter\") 1"]),
    (
        "outcome",
        &[("reached", "talked")],
        "outcomes: {call: {reached: talked}}",
        &["undecided fact count(\"call\", \"talked\") 1"],
    ),
    (
        "stage",
        &[("id: lead", "id: prospect"), ("\"lead\"", "\"prospect\""), ("dwelt: lead", "dwelt: prospect")],
        "stages: {standard: {lead: prospect}}",
        &["refused no_move no_such_move 1", "refused no_move no_such_move 1"],
    ),
];

fn renamed(text: &str, names: &[(&str, &str)]) -> String {
    names.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    })
}

fn done(seen: Seen) -> Json {
    assert!((200..300).contains(&seen.status), "{}", seen.text);
    seen.body
}

fn activate(company: &Company, text: &str) -> Json {
    done(company.server.call("POST", "/v1/rules/versions").token(&company.token("ada")).text(YAML, text).send())
}

fn begin(company: &Company, text: &str, migrate: &Json) -> Seen {
    let since = Time::from_micros(company.now().micros() - 1_000 * 3_600_000_000).to_string();
    let before = Time::from_micros(company.now().micros() + 1).to_string();
    let body = json!({"draft": company.draft("ada", text), "since": since, "before": before, "migrate": migrate});
    company.post("ada", REPLAYS, &body)
}

fn outcome(company: &Company, begun: Seen) -> Vec<String> {
    let id = done(begun)["id"].as_str().unwrap().to_owned();
    let now = company.now();
    RUNTIME.block_on(rules_replays::look(&company.workflow, &move || now));
    let body = company.get("ada", &format!("{REPLAYS}/{id}")).body;
    assert_eq!((&body["state"], body["replayed"].as_i64() > Some(0)), (&json!("done"), true), "{body}");
    let line = |one: &Json| {
        format!(
            "{} {} {} {}",
            one["change"].as_str().unwrap(),
            one["by"].as_str().unwrap(),
            one["name"].as_str().unwrap_or("-"),
            one["count"]
        )
    };
    body["groups"].as_array().unwrap().iter().map(line).collect()
}

/// What would come out otherwise.
fn replayed(company: &Company, text: &str) -> Vec<String> {
    let begun = begin(company, text, &json!({}));
    outcome(company, begun)
}

/// A deal that is made, moves on twice and is lost, on every fact that the rules ask for; in whose hands it stays.
fn world(on: On) -> Option<Company> {
    let mut company = Company::of(on, RULES, &[("sel", "seller")])?;
    let fields = json!({"name": "Acme", "kind": "huge"});
    let customer = done(company.post("sel", "/v1/customers", &json!({"fields": fields})))["id"].clone();
    let fields = json!({"size": 3, "wishes": ["fast"]});
    let body = json!({"customer": customer, "product": "website", "fields": fields});
    let deal = done(company.post("sel", "/v1/deals", &body))["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/deals/{deal}");
    done(company.post("sel", &format!("{path}/grade"), &json!({})));
    done(company.post("sel", &format!("{path}/activities"), &json!({"kind": "call", "outcome": "reached"})));
    done(company.post("sel", &format!("{path}/activities"), &json!({"kind": "mail"})));
    done(company.post("sel", &format!("{path}/moves"), &json!({"to": "lead"})));
    company.pass_hours(2);
    done(company.post("sel", &format!("{path}/moves"), &json!({"to": "sure"})));
    done(company.post("sel", &format!("{path}/moves"), &json!({"to": "lost", "reason": "silent"})));
    Some(company)
}

crate::on_both! {
    world;

    fn what_a_draft_names_anew_is_that_in_every_kept_decision(company) {
        for (kind, names, mapping, lacking) in CASES {
            let text = renamed(RULES, names);
            // It is not known what became of it, and nobody guesses.
            assert_eq!(replayed(company, &text), lacking, "{kind}, not said");
            assert_eq!(replayed(company, &format!("{text}migrate: {{{mapping}}}\n")), [""; 0], "{kind}");
        }
    }

    fn what_an_activation_named_anew_is_that_ever_after(company) {
        let names: Vec<(&str, &str)> = CASES.iter().flat_map(|(_, names, ..)| names.iter().copied()).collect();
        let mappings = CASES.iter().filter(|(kind, ..)| *kind != "choices" && *kind != "choice" && !kind.starts_with("field"))
            .map(|(_, _, mapping, _)| *mapping);
        let both = "fields: {deal: {size: volume}, customer: {kind: sort}}";
        let choices = "choices: {deal: {wishes: {fast: quick}}, customer: {kind: {huge: large}}}";
        let all: Vec<&str> = mappings.chain([both, choices]).collect();
        let text = names.iter().fold(RULES.to_owned(), |text, (from, to)| text.replace(from, to));
        activate(company, &format!("{text}migrate: {{{}}}\n", all.join(", ")));
        assert_eq!(replayed(company, &format!("{text}# Later.\n")), [""; 0]);
        // Once more: names upon names.
        let (names, again) = ([("site", "page"), ("  consultant:", "  adviser:"), ("\"consultant\"", "\"adviser\"")],
            "migrate: {products: {site: page}, roles: {consultant: adviser}}\n");
        activate(company, &format!("{}{again}", renamed(&text, &names)));
        assert_eq!(replayed(company, &format!("{}# Later.\n", renamed(&text, &names))), [""; 0]);
        // The first version, as it was then, says of its own decisions what it said.
        let since = Time::from_micros(company.now().micros() - 1_000 * 3_600_000_000).to_string();
        let first = company.post("ada", REPLAYS, &json!({"version": 1, "since": since,
            "before": Time::from_micros(company.now().micros() + 1).to_string()}));
        assert_eq!(outcome(company, first), [""; 0]);
    }

    fn it_may_come_with_the_call(company) {
        let text = renamed(RULES, CASES[0].1);
        let begun = begin(company, &text, &json!({"roles": {"seller": "consultant"}}));
        assert_eq!(outcome(company, begun), [""; 0]);
        // Besides what the text says.
        let both = format!("{}migrate: {{products: {{website: site}}}}\n", renamed(&text, CASES[1].1));
        let begun = begin(company, &both, &json!({"roles": {"seller": "consultant"}}));
        assert_eq!(outcome(company, begun), [""; 0]);
        // What cannot be is refused as with an activation, with its place.
        for path in [REPLAYS, "/v1/rules/previews"] {
            let since = (path == REPLAYS).then(|| Time::from_micros(company.now().micros() - 1).to_string());
            for (migrate, fault) in [
                (json!({"roles": {"seller": "buyer"}}), "/roles/seller migrate_to_nothing"),
                (json!({"roles": {"admin": "consultant"}}), "/roles/admin migrate_still_there"),
            ] {
                let mut body = json!({"draft": company.draft("ada", &text), "migrate": migrate});
                since.iter().for_each(|since| body["since"] = json!(since));
                let seen = company.post("ada", path, &body);
                assert_eq!((seen.status, seen.code()), (409, "rules_migration_impossible"), "{}", seen.text);
                assert_eq!(seen.faults(), [fault]);
            }
        }
        let unknown = begin(company, &text, &json!({"teams": {"a": "b"}}));
        assert_eq!(unknown.status, 422, "{}", unknown.text);
    }

    fn a_namesake_inherits_nothing(company) {
        // Everything changes its name, and something new gets the old one.
        let cases = CASES.iter().filter(|(kind, ..)| ["role", "product", "choice", "field", "activity"].contains(kind));
        let mut text = RULES.to_owned();
        let mut mappings = Vec::new();
        for (_, names, mapping, _) in cases {
            text = renamed(&text, names);
            mappings.push(*mapping);
        }
        activate(company, &format!("{text}migrate: {{{}}}\n", mappings.join(", ")));
        let namesakes = renamed(&text, &[
            ("  trainee:", "  seller: {may: [{do: [deals.*, customers.*], scope: own}]}\n  trainee:"),
            ("site: {}", "site: {}, website: {}"),
            ("of: [large,", "of: [large, huge,"),
            ("volume: {type", "size: {type: number}, volume: {type"),
            ("letter: {}", "letter: {}, mail: {}"),
        ]);
        let again = "migrate: {again: [roles.seller, products.website, fields.customer.kind.of.huge, fields.deal.size, \
                     activities.mail]}\n";
        activate(company, &format!("{namesakes}{again}"));
        assert_eq!(replayed(company, &format!("{namesakes}# Later.\n")), [""; 0]);
        // What was a website is a site: it is known that it is no website of today.
        let asks = [
            ("deal.product == \"site\"", "deal.product == \"website\"", "refused criterion right_product 1"),
            ("\"consultant\" in owner.roles", "\"seller\" in owner.roles", "refused criterion right_owner 1"),
            ("customer.kind == \"large\"", "customer.kind == \"huge\"", "refused criterion kind 1"),
            ("id: volume, require: 'deal.volume", "id: volume, require: 'deal.size", "undecided fact deal.size 1"),
            ("count(\"letter\")", "count(\"mail\")", "undecided fact count(\"mail\") 1"),
        ];
        for (before, after, told) in asks {
            assert_eq!(replayed(company, &renamed(&namesakes, &[(before, after)])), [told], "{after}");
        }
    }

    fn what_went_and_has_a_namesake_is_not_known(company) {
        // Nobody and nothing uses them any more: they go, and become nothing.
        let deal = done(company.get("ada", "/v1/deals"))["data"][0].clone();
        let deal = format!("/v1/deals/{}", deal["id"].as_str().unwrap());
        let customer = format!("/v1/customers/{}", company.get("ada", &deal).body["customer"].as_str().unwrap());
        done(company.patch("ada", &deal, &json!({"product": "hosting"})));
        done(company.patch("ada", &customer, &json!({"fields": {"kind": "small"}})));
        let user = format!("/v1/users/{}", company.id("sel"));
        done(company.patch("ada", &user, &json!({"roles": ["trainee"]})));
        let less = renamed(RULES, &[
            ("website: {}, ", ""), ("\"website\"", "\"hosting\""), ("[huge, small]", "[small]"), ("\"huge\"", "\"small\""),
            ("  seller: {may: [{do: [deals.*, customers.*], scope: own}]}\n", ""), ("\"seller\"", "\"trainee\""),
        ]);
        activate(company, &less);
        let again = "migrate: {again: [roles.seller, products.website, fields.customer.kind.of.huge]}\n";
        activate(company, &format!("{RULES}{again}"));
        let mut told = replayed(company, &format!("{RULES}# Later.\n"));
        told.sort();
        assert_eq!(told, [
            "undecided fact customer.kind 1", "undecided fact deal.product 1", "undecided fact owner.roles 1",
            "undecided fact user.roles 4",
        ]);
    }

    /// What was agreed to with the instant of the activation, the draft is tried with.
    fn what_a_schedule_says_counts_when_its_draft_is_tried(company) {
        let text = CASES.iter().filter(|(kind, ..)| ["role", "stage", "grade"].contains(kind))
            .fold(RULES.to_owned(), |text, (_, names, ..)| renamed(&text, names));
        // Another one that stands in `lead`, and whose move on is refused.
        let customer = done(company.post("sel", "/v1/customers", &json!({"fields": {"name": "Beta", "kind": "huge"}})))["id"].clone();
        let body = json!({"customer": customer, "product": "website", "fields": {"size": 3, "wishes": ["fast"]}});
        let path = format!("/v1/deals/{}", done(company.post("sel", "/v1/deals", &body))["id"].as_str().unwrap());
        done(company.post("sel", &format!("{path}/grade"), &json!({})));
        done(company.post("sel", &format!("{path}/activities"), &json!({"kind": "call", "outcome": "reached"})));
        done(company.post("sel", &format!("{path}/moves"), &json!({"to": "lead"})));

        let draft = company.draft("ada", &text);
        let tried = |company: &Company, path: &str, since: Option<&str>, rest: &Json| {
            let mut body = json!({"draft": draft, "migrate": rest});
            since.iter().for_each(|since| {
                body["since"] = json!(since);
                body["before"] = json!(Time::from_micros(company.now().micros() + 1).to_string());
            });
            let id = done(company.post("ada", path, &body))["id"].as_str().unwrap().to_owned();
            let now = company.now();
            RUNTIME.block_on(rules_replays::look(&company.workflow, &move || now));
            let seen = company.get("ada", &format!("{path}/{id}")).body;
            assert_eq!(seen["state"], "done", "{seen}");
            let groups = seen["groups"].as_array().unwrap().iter();
            groups.map(|one| one["finding"].as_str().or(one["change"].as_str()).unwrap().to_owned()).collect::<Vec<_>>()
        };
        let since = Time::from_micros(company.now().micros() - 1_000 * 3_600_000_000).to_string();
        let replays = |company: &Company, rest: &Json| tried(company, REPLAYS, Some(&since), rest);
        let previews = |company: &Company, rest: &Json| tried(company, "/v1/rules/previews", None, rest);
        let nothing = json!({});
        assert!(previews(company, &nothing).contains(&"stage_gone".to_owned()));
        assert!(replays(company, &nothing).contains(&"refused".to_owned()));

        let at = Time::from_micros(company.now().micros() + 24 * 3_600_000_000).to_string();
        let migrate = json!({"roles": {"seller": "consultant"}, "stages": {"standard": {"lead": "prospect"}}, "grades": {"A": "X"}});
        let path = format!("/v1/rules/drafts/{}", draft.as_str().unwrap());
        done(company.server.post(&format!("{path}/schedule"), &json!({"at": at, "migrate": migrate})).token(&company.token("ada"))
            .header("if-match", "*").send());
        assert_eq!((previews(company, &nothing), replays(company, &nothing)), (Vec::new(), Vec::new()));
        // What comes with the call counts besides, and first.
        let sure = json!({"stages": {"standard": {"lead": "sure"}}});
        assert!(previews(company, &sure).contains(&"entry".to_owned()));
        // Taken back, it says nothing any more.
        done(company.server.post(&format!("{path}/unschedule"), &nothing).token(&company.token("ada")).header("if-match", "*").send());
        assert!(previews(company, &nothing).contains(&"stage_gone".to_owned()));
    }

    fn what_refused_at_a_stage_is_told_at_the_stage_as_it_is_called_now(company) {
        let customer = done(company.post("sel", "/v1/customers", &json!({"fields": {"name": "Beta", "kind": "small"}})))["id"].clone();
        let body = json!({"customer": customer, "product": "website", "fields": {"size": 3, "wishes": ["fast"]}});
        let path = format!("/v1/deals/{}", done(company.post("sel", "/v1/deals", &body))["id"].as_str().unwrap());
        done(company.post("sel", &format!("{path}/grade"), &json!({})));
        done(company.post("sel", &format!("{path}/activities"), &json!({"kind": "call", "outcome": "reached"})));
        let refused = company.post("sel", &format!("{path}/moves"), &json!({"to": "lead"}));
        assert_eq!((refused.status, refused.code()), (422, "unmet"), "{}", refused.text);
        let laxer = [("          - {id: kind, require: 'customer.kind == \"huge\"'}\n", "")];
        let stages = |company: &Company, text: &str| {
            let id = done(begin(company, text, &json!({})))["id"].as_str().unwrap().to_owned();
            let now = company.now();
            RUNTIME.block_on(rules_replays::look(&company.workflow, &move || now));
            let seen = company.get("ada", &format!("{REPLAYS}/{id}")).body;
            let line = |one: &Json| format!("{} {} {} {}", one["change"], one["stage"], one["name"], one["count"]).replace('"', "");
            seen["groups"].as_array().unwrap().iter().map(line).collect::<Vec<_>>()
        };
        let (_, names, mapping, _) = CASES[10];
        assert_eq!(stages(company, &renamed(RULES, &laxer)), ["allowed lead kind 1"]);
        let text = renamed(&renamed(RULES, names), &laxer);
        assert_eq!(stages(company, &format!("{text}migrate: {{{mapping}}}\n")), ["allowed prospect kind 1"]);
    }
}
