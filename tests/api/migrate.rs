//! A change of rules that says what becomes of what is in use: mapped in the transaction that makes it active, with
//! history, and back again.

use crate::client::{Seen, Server};
use crate::company::{Company, On, RUNTIME, execute};
use loudou::store::{LogEntry, LogQuery};
use serde_json::{Value as Json, json};

const YAML: &str = "application/yaml";

const BEFORE: &str = "format: 1
languages: [en, zh]
currency: CNY
calendar: {time_zone: Asia/Shanghai}
fields:
  customer:
    name: {type: text, required: true}
    kind: {type: choice, of: [huge, large, small]}
    phone: {type: text}
  deal:
    size: {type: number}
    length: {type: number}
    wishes: {type: choices, of: [fast, cheap, green]}
unique: [[customer.name, customer.phone]]
products: {website: {}, hosting: {}}
activities:
  call: {outcomes: [reached, silence]}
  mail: {}
methods: {direct: {}, viral: {}}
grades: [{id: A, when: 'deal.product == \"website\"'}, {id: B}]
funnels:
  standard:
    stages:
      - {id: resource, kind: start}
      - {id: lead, holding: {at_most: 2}}
      - {id: sure, enter: [{id: waited, dwelt: lead, at_least: 2h}]}
      - {id: won, kind: won}
      - {id: lost, kind: lost, reasons: [{id: refused}, {id: silent}]}
      - {id: dropped, kind: lost, reasons: [{id: refused}]}
roles:
  admin: {may: [{do: [people.*, rules.*, rules.activate, deals.*, customers.*, reports.*], scope: all}]}
  trainee: {may: [{do: [deals.read], scope: own}]}
  guest: {may: [{do: [deals.read, customers.read], scope: all, hide: [deal.grade]}]}
first_administrator: [admin]
";

/// Everything in it under other names; two stages, two reasons, two choices become one.
fn after() -> String {
    let names = [
        ("  admin: ", "  chief: "),
        ("[admin]", "[chief]"),
        ("trainee", "seller"),
        ("id: lead", "id: prospect"),
        ("dwelt: lead", "dwelt: prospect"),
        ("[huge, large, small]", "[large, small]"),
        ("phone: {type: text}", "telephone: {type: text}"),
        ("[customer.name, customer.phone]", "[customer.name, customer.telephone]"),
        ("    size: {type: number}\n", "    volume: {type: number}\n"),
        ("[fast, cheap, green]", "[fast, thrifty, green]"),
        ("website", "site"),
        ("reached", "talked"),
        ("mail", "letter"),
        ("direct", "straight"),
        ("id: A,", "id: X,"),
        ("      - {id: dropped, kind: lost, reasons: [{id: refused}]}\n", ""),
        ("[{id: refused}, {id: silent}]", "[{id: no_answer}, {id: refused}]"),
        ("holding: {at_most: 2}", "holding: {at_most: 1}"),
    ];
    names.iter().fold(BEFORE.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    })
}

const MIGRATE: &str = "migrate:
  stages: {standard: {lead: prospect, dropped: lost}}
  reasons: {standard: {lost: {silent: no_answer}}}
  roles: {admin: chief, trainee: seller}
  grades: {A: X}
  products: {website: site}
  fields: {customer: {phone: telephone}, deal: {size: volume}}
  choices: {customer: {kind: {huge: large}}, deal: {wishes: {cheap: thrifty}}}
  activities: {mail: letter}
  outcomes: {call: {reached: talked}}
  methods: {direct: straight}
";

fn activate(server: &Server, token: &str, text: &str) -> Seen {
    server.call("POST", "/v1/rules/versions").token(token).text(YAML, text).send()
}

fn last(company: &Company) -> LogEntry {
    let query = LogQuery { deal: None, beyond: None, newest_first: true, limit: 1 };
    RUNTIME.block_on(company.workflow.store().read(move |tx| tx.decisions(&query))).unwrap().pop().unwrap()
}

fn done(seen: Seen) -> Json {
    assert!((200..300).contains(&seen.status), "{}", seen.text);
    seen.body
}

/// A deal in `lead` that uses one of everything, one lost as silent, one dropped.
fn use_everything(company: &mut Company) -> [String; 3] {
    company.person("tess", &["trainee"], None);
    let fields = json!({"name": "Acme", "kind": "huge", "phone": "1"});
    let customer = done(company.post("ada", "/v1/customers", &json!({"fields": fields})))["id"].clone();
    let wishes = json!({"size": 3, "wishes": ["fast", "cheap"]});
    let body = json!({"customer": customer, "product": "website", "fields": wishes});
    let deal = done(company.post("ada", "/v1/deals", &body))["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/deals/{deal}");
    done(company.post("ada", &format!("{path}/grade"), &json!({})));
    let call = json!({"kind": "call", "outcome": "reached", "method": "direct"});
    done(company.post("ada", &format!("{path}/activities"), &call));
    done(company.post("ada", &format!("{path}/activities"), &json!({"kind": "mail"})));
    done(company.post("ada", &format!("{path}/moves"), &json!({"to": "lead"})));
    let lost = |name: &str, body: Json| {
        let deal = company.deal("ada", name);
        let path = format!("/v1/deals/{deal}/moves");
        done(company.post("ada", &path, &json!({"to": "lead"})));
        done(company.post("ada", &path, &body));
        deal
    };
    let silent = lost("Silent", json!({"to": "lost", "reason": "silent"}));
    let dropped = lost("Dropped", json!({"to": "dropped", "reason": "refused"}));
    [deal, silent, dropped]
}

fn before(on: On) -> Option<Company> {
    Company::with_rules(on, BEFORE)
}

crate::on_both! {
    before;

    fn what_is_in_use_becomes_what_is_said_and_nothing_is_lost(company) {
        let [deal, silent, dropped] = use_everything(company);
        let path = format!("/v1/deals/{deal}");
        company.pass_hours(3);
        let before = company.get("ada", &path).body;
        // Without it, everything is told that would be lost.
        let seen = activate(&company.server, &company.token("ada"), &after());
        assert_eq!((seen.status, seen.code()), (409, "rules_in_use"), "{}", seen.text);
        let lost = [
            "activities/call/outcomes/reached",
            "activities/mail",
            "fields/customer/kind/of/huge",
            "fields/customer/phone",
            "fields/deal/size",
            "fields/deal/wishes/of/cheap",
            "funnels/standard/stages/dropped",
            "funnels/standard/stages/dropped/reasons/refused",
            "funnels/standard/stages/lead",
            "funnels/standard/stages/lost/reasons/silent",
            "grades/A",
            "methods/direct",
            "products/website",
            "roles/admin",
            "roles/trainee",
        ];
        assert_eq!(seen.faults(), lost.map(|name| format!("/{name} in_use")));

        let body = done(activate(&company.server, &company.token("ada"), &format!("{}{MIGRATE}", after())));
        let counted = |name: &str| {
            let all = body["migrated"].as_array().unwrap();
            all.iter().find(|one| one["name"] == name).map(|one| one["count"].as_i64().unwrap())
        };
        // One in it, two that were lost from it.
        assert_eq!(counted("funnels.standard.stages.lead"), Some(3));
        assert_eq!(counted("roles.admin"), Some(1));
        let kept = last(company);
        assert_eq!(kept.action, "rules.activate");
        assert_eq!(kept.answer["answer"]["migrated"].as_array().unwrap().len(), 14);

        let now = company.get("ada", &path).body;
        assert_eq!((&now["stage"], &now["grade"], &now["product"]), (&json!("prospect"), &json!("X"), &json!("site")));
        assert_eq!(now["fields"], json!({"volume": "3", "length": null, "wishes": ["fast", "thrifty"]}));
        assert_eq!((&now["entered_at"], &now["owner"]), (&before["entered_at"], &before["owner"]));
        assert!(now["version"].as_i64() > before["version"].as_i64());
        let customer = company.get("ada", &format!("/v1/customers/{}", now["customer"].as_str().unwrap())).body;
        assert_eq!(customer["fields"], json!({"name": "Acme", "kind": "large", "telephone": "1"}));
        let activities = company.get("ada", &format!("{path}/activities")).body;
        let kinds: Vec<[&Json; 3]> = activities["data"].as_array().unwrap().iter()
            .map(|one| [&one["kind"], &one["outcome"], &one["method"]])
            .collect();
        assert!(kinds.contains(&[&json!("call"), &json!("talked"), &json!("straight")]), "{kinds:?}");
        assert!(kinds.iter().any(|one| one[0] == "letter"), "{kinds:?}");
        let state = |deal: &str| {
            let deal = company.get("ada", &format!("/v1/deals/{deal}")).body;
            [deal["stage"].clone(), deal["state"].clone(), deal["reason"].clone()]
        };
        assert_eq!(state(&silent), [json!("lost"), json!("lost"), json!("no_answer")]);
        assert_eq!(state(&dropped), [json!("lost"), json!("lost"), json!("refused")]);
        let tess = company.get("ada", &format!("/v1/users/{}", company.id("tess"))).body;
        assert_eq!(tess["roles"], json!(["seller"]));
        assert_eq!(company.holdings_amiss(), 0);
        // Its history says it.
        let history = company.get("ada", &format!("{path}/history")).body;
        let line = history["data"].as_array().unwrap().iter().find(|line| line["kind"] == "migrated").unwrap().clone();
        assert_eq!((&line["from"], &line["to"]), (&json!("lead"), &json!("prospect")));
        // The clock ran on: what was waited for in `lead` was waited for in `prospect`.
        done(company.post("ada", &format!("{path}/moves"), &json!({"to": "sure"})));
        // Who the customer is goes by the same values, under the new name of the field.
        let customer = json!({"fields": {"name": "Acme", "telephone": "1"}});
        assert_eq!(company.post("ada", "/v1/customers", &customer).code(), "customer_exists");
    }

    fn a_line_of_history_says_what_it_was_and_what_it_is_from_then_on(company) {
        let [deal, silent, dropped] = use_everything(company);
        company.person("gus", &["guest"], None);
        let customer = company.get("ada", &format!("/v1/deals/{deal}")).body["customer"].as_str().unwrap().to_owned();
        done(activate(&company.server, &company.token("ada"), &format!("{}{MIGRATE}", after())));
        let parts = ["grade", "new_grade", "product", "new_product", "reason", "new_reason", "unknown"];
        let had = |line: &Json| parts.map(|part| line[part].clone());
        let lines = |by: &str, deal: &str| {
            let history = company.get(by, &format!("/v1/deals/{deal}/history"));
            let (migrated, others): (Vec<Json>, Vec<Json>) = history.body["data"].as_array().unwrap().iter().cloned()
                .partition(|line| line["kind"] == "migrated");
            // What is done to a deal leaves it as it is, and nothing of that is unknown.
            assert!(others.len() > 1, "{}", history.text);
            for line in others {
                assert_eq!([&line["grade"], &line["product"], &line["reason"], &json!([])],
                    [&line["new_grade"], &line["new_product"], &line["new_reason"], &line["unknown"]], "{line}");
            }
            migrated
        };
        let none = Json::Null;
        let [line] = lines("ada", &deal).try_into().unwrap();
        assert_eq!([&line["from"], &line["to"]], ["lead", "prospect"]);
        let all = [json!("A"), json!("X"), json!("website"), json!("site"), none.clone(), none.clone(), json!([])];
        assert_eq!(had(&line), all);
        // What is hidden of a deal is hidden of its past.
        let [line] = lines("gus", &deal).try_into().unwrap();
        let open = [none.clone(), none.clone(), json!("website"), json!("site"), none.clone(), none.clone(), json!([])];
        assert_eq!(had(&line), open);
        let [line] = lines("ada", &silent).try_into().unwrap();
        assert_eq!([&line["from"], &line["to"], &line["reason"], &line["new_reason"]],
            ["lost", "lost", "silent", "no_answer"]);
        // What another mapping of its stage left alone is what it was.
        let [line] = lines("ada", &dropped).try_into().unwrap();
        assert_eq!([&line["from"], &line["to"], &line["reason"], &line["new_reason"]],
            ["dropped", "lost", "refused", "refused"]);
        let told = |by: &str| {
            let seen = company.get(by, &format!("/v1/customers/{customer}/timeline?kind=move"));
            let events = seen.body["data"].as_array().unwrap().clone();
            events.into_iter().filter(|event| event["direction"] == "migrated").collect::<Vec<_>>()
        };
        let [event] = told("ada").try_into().unwrap();
        assert_eq!([&event["from"], &event["to"]], ["lead", "prospect"]);
        assert_eq!(had(&event), all);
        let [event] = told("gus").try_into().unwrap();
        assert_eq!(had(&event), open);

        // Lines of an earlier version of the server say what it was, and of what it is from then on the stage alone.
        let columns = "deal, customer, kind, at, funnel, from_stage, to_stage, owner, team, new_owner, new_team, grade, \
                       product, reason, entered_at, dwell_micros, target_micros, actor, rules_version, decision";
        execute(&company.url, &format!(
            "INSERT INTO history ({columns}) SELECT {columns} FROM history WHERE kind = 'migrated'"
        ));
        let [_, line] = lines("ada", &deal).try_into().unwrap();
        let unknown = json!(["new_grade", "new_product"]);
        assert_eq!(had(&line),
            [json!("A"), none.clone(), json!("website"), none.clone(), none.clone(), none.clone(), unknown.clone()]);
        assert!(told("ada").iter().any(|event| event["unknown"] == unknown));
        let [_, line] = lines("ada", &silent).try_into().unwrap();
        assert_eq!([&line["reason"], &line["new_reason"], &line["unknown"]], [&json!("silent"), &none, &json!(["new_reason"])]);
        // That it had a grade at all is hidden too.
        let [_, line] = lines("gus", &deal).try_into().unwrap();
        assert_eq!([&line["grade"], &line["new_grade"], &line["unknown"]], [&none, &none, &json!(["new_product"])]);
    }

    /// One decision has made a line for each.
    fn pages_of_a_timeline_lose_none_of_several_deals_that_one_change_mapped(company) {
        let lost = company.deal("ada", "Acme");
        let customer = company.get("ada", &format!("/v1/deals/{lost}")).body["customer"].as_str().unwrap().to_owned();
        let moved = |deal: &str, body: Json| done(company.post("ada", &format!("/v1/deals/{deal}/moves"), &body));
        moved(&lost, json!({"to": "lost", "reason": "silent"}));
        let mut deals = vec![lost];
        for _ in 0..2 {
            let made = done(company.post("ada", "/v1/deals", &json!({"customer": customer, "product": "website"})));
            let deal = made["id"].as_str().unwrap().to_owned();
            moved(&deal, json!({"to": "lost", "reason": "refused"}));
            deals.push(deal);
        }
        done(activate(&company.server, &company.token("ada"), &format!("{}{MIGRATE}", after())));
        let path = format!("/v1/customers/{customer}/timeline?kind=move");
        let whole = company.get("ada", &format!("{path}&limit=100")).body["data"].as_array().unwrap().clone();
        let mapped = whole.iter().filter(|event| event["direction"] == "migrated").count();
        assert_eq!((mapped, whole.len()), (deals.len(), 3 * deals.len()));
        for limit in [1, 2] {
            let (mut joined, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = company.get("ada", &format!("{path}&limit={limit}{cursor}")).body;
                joined.extend(page["data"].as_array().unwrap().iter().cloned());
                let Some(next) = page["next_cursor"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            assert_eq!(joined, whole, "{limit}");
        }
    }

    fn the_way_back_is_the_same(company) {
        let [deal, ..] = use_everything(company);
        done(activate(&company.server, &company.token("ada"), &format!("{}{MIGRATE}", after())));
        let back = "/v1/rules/versions/1/activate";
        let seen = company.post("ada", back, &json!({}));
        assert_eq!((seen.status, seen.code()), (409, "rules_in_use"), "{}", seen.text);
        let migrate = json!({
            "stages": {"standard": {"prospect": "lead"}},
            "reasons": {"standard": {"lost": {"no_answer": "silent"}}},
            "roles": {"chief": "admin", "seller": "trainee"},
            "grades": {"X": "A"},
            "products": {"site": "website"},
            "fields": {"customer": {"telephone": "phone"}, "deal": {"volume": "size"}},
            "choices": {"deal": {"wishes": {"thrifty": "cheap"}}},
            "activities": {"letter": "mail"},
            "outcomes": {"call": {"talked": "reached"}},
            "methods": {"straight": "direct"},
        });
        let body = done(company.post("ada", back, &json!({"migrate": migrate})));
        assert_eq!(body["number"], 3);
        let now = company.get("ada", &format!("/v1/deals/{deal}")).body;
        assert_eq!((&now["stage"], &now["grade"], &now["product"]), (&json!("lead"), &json!("A"), &json!("website")));
        assert_eq!(now["fields"], json!({"size": "3", "length": null, "wishes": ["fast", "cheap"]}));
        assert_eq!(company.holdings_amiss(), 0);
    }

    fn it_may_come_with_the_activation(company) {
        company.person("tess", &["trainee"], None);
        let text = BEFORE.replace("trainee", "seller");
        let draft = company.server.call("POST", "/v1/rules/drafts").token(&company.token("ada")).text(YAML, &text);
        let draft = format!("/v1/rules/drafts/{}", draft.expect(201).body["id"].as_str().unwrap());
        // The draft tells beforehand what it lacks.
        let obstacle = &company.get("ada", &draft).body["obstacles"][0];
        assert_eq!((&obstacle["code"], &obstacle["parts"][0]["name"]), (&json!("rules_in_use"), &json!("roles.trainee")));
        let activate = |to: &str| {
            let migrate = json!({"migrate": {"roles": {"trainee": to}}});
            company.post("ada", &format!("{draft}/activate"), &migrate)
        };
        let seen = activate("buyer");
        assert_eq!((seen.status, seen.code()), (409, "rules_migration_impossible"), "{}", seen.text);
        assert_eq!(seen.faults(), ["/roles/trainee migrate_to_nothing"]);
        let made = done(activate("seller"));
        // What became of it is kept with the version.
        let kept = company.get("ada", &format!("/v1/rules/versions/{}", made["number"])).body["migrate"].clone();
        assert_eq!((&kept["roles"], &made["migrate"]), (&json!({"trainee": "seller"}), &kept));
        let migrated = company.get("ada", &format!("/v1/rules/versions/{}", made["number"])).body["migrated"].clone();
        assert_eq!((&migrated, &made["migrated"]), (&json!([{"name": "roles.trainee", "count": 1}]), &migrated));
        let tess = company.get("ada", &format!("/v1/users/{}", company.id("tess"))).body;
        assert_eq!(tess["roles"], json!(["seller"]));
    }

    fn what_cannot_be_is_refused(company) {
        let [deal, ..] = use_everything(company);
        let path = format!("/v1/deals/{deal}");
        let filled = json!({"fields": {"length": 5}});
        assert_eq!(company.patch("ada", &path, &filled).status, 200);
        let cases = [
            // What is open would be lost.
            (BEFORE.replace("id: lead,", "id: prospect,").replace("dwelt: lead", "dwelt: prospect"),
                "migrate: {stages: {standard: {lead: dropped}}}\n",
                "/funnels/standard/stages/lead migrate_of_another_kind"),
            // A number would be a text.
            (BEFORE.replace("    size: {type: number}\n", "    note: {type: text}\n"),
                "migrate: {fields: {deal: {size: note}}}\n", "/fields/deal/size migrate_of_another_kind"),
            // Which of two is meant?
            (BEFORE.replace("    size: {type: number}\n", ""),
                "migrate: {fields: {deal: {size: length}}}\n", "/fields/deal/size migrate_both_filled"),
        ];
        for (text, migrate, fault) in cases {
            let seen = activate(&company.server, &company.token("ada"), &format!("{text}{migrate}"));
            assert_eq!((seen.status, seen.code()), (409, "rules_migration_impossible"), "{}", seen.text);
            assert_eq!(seen.faults(), [fault]);
        }
        // What the file itself can know, the checker tells, with its place.
        let wrong = [
            ("migrate: {stages: {standard: {lead: sure}}}\n", "migrate_still_there"),
            ("migrate: {products: {web: websit}}\n", "migrate_to_nothing"),
            ("migrate: {again: [roles.nobody]}\n", "migrate_again_nothing"),
            ("migrate: {stages: {lead: sure}}\n", "wrong_text"),
        ];
        for (migrate, code) in wrong {
            let seen = activate(&company.server, &company.token("ada"), &format!("{BEFORE}{migrate}"));
            assert_eq!((seen.status, seen.code()), (422, "rules_invalid"), "{}", seen.text);
            assert!(seen.faults().iter().any(|fault| fault.ends_with(code)), "{migrate}: {:?}", seen.faults());
        }
        assert_eq!(company.get("ada", &path).body["stage"], "lead");
    }
}
