//! Rules that change while people work: what stands against a change, what is recorded of it, and that every decision is
//! made by the rules that are active at that moment, on every process.

use crate::client::{Seen, Server};
use crate::company::{Company, On, RUNTIME};
use loudou::store::{LogEntry, LogQuery, Outcome};
use serde_json::{Value as Json, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;

const YAML: &str = "application/yaml";

/// A small company, of which each line can be taken away.
const SMALL: &str = "format: 1
languages: [en, zh]
currency: CNY
calendar: {time_zone: Asia/Shanghai}
fields:
  customer:
    name: {type: text, required: true}
    city: {type: text}
    kind: {type: choice, of: [big, small]}
  deal:
    size: {type: number}
    wishes: {type: choices, of: [fast, cheap, green]}
products:
  website: {label: {en: Website, zh: 网站}}
  hosting: {}
activities:
  call: {outcomes: [reached, silence]}
  mail: {}
methods:
  direct: {}
  viral: {}
grades:
  - {id: A, when: 'deal.product == \"website\"'}
  - {id: B, when: 'deal.product == \"hosting\"'}
  - {id: C}
funnels:
  standard:
    stages:
      - {id: resource, kind: start}
      - {id: trial}
      - {id: lead}
      - {id: sure}
      - {id: won, kind: won}
      - id: lost
        kind: lost
        reasons:
          - {id: refused}
          - {id: silent}
    moves:
      - {from: any_open, to: later}
      - {from: any_open, to: lost}
      - {from: lost, to: origin}
roles:
  admin: {may: [{do: [people.*, rules.*, rules.activate, deals.*, customers.*, pool.*], scope: all}]}
  boss: {may: [{do: [people.*, rules.*, rules.activate], scope: all}]}
  tester: {may: [{do: [deals.read], scope: own}]}
  clerk: {may: [{do: [rules.activate], scope: all}]}
  barred: {never: [{do: [rules.read, rules.activate]}]}
first_administrator: [admin]
";

/// `SMALL` with a text in the place of another.
fn small(of: &str, with: &str) -> String {
    assert!(SMALL.contains(of), "{of}");
    SMALL.replacen(of, with, 1)
}

fn activate(server: &Server, token: &str, text: &str) -> Seen {
    server.call("POST", "/v1/rules/versions").token(token).text(YAML, text).send()
}

fn active(company: &Company) -> i64 {
    company.get("ada", "/v1/rules").body["number"].as_i64().unwrap()
}

/// The whole log, the oldest first.
fn log(company: &Company) -> Vec<LogEntry> {
    let query = LogQuery { deal: None, beyond: None, newest_first: false, limit: 1_000_000 };
    RUNTIME.block_on(company.workflow.store().read(move |tx| tx.decisions(&query))).unwrap()
}

mod small_company {
    use super::*;

    fn found(on: On) -> Option<Company> {
        Company::with_rules(on, SMALL)
    }

    /// A deal that uses one of everything, and one that was lost from `trial`.
    fn use_everything(company: &mut Company) {
        company.person("tess", &["tester"], None);
        let customer = json!({"fields": {"name": "Acme", "city": "上海", "kind": "big"}});
        let customer = company.post("ada", "/v1/customers", &customer).body["id"].clone();
        let body =
            json!({"customer": customer, "product": "website", "fields": {"size": 3, "wishes": ["fast", "cheap"]}});
        let deal = company.post("ada", "/v1/deals", &body).body["id"].as_str().unwrap().to_owned();
        let done = |seen: Seen| assert_eq!(seen.status, 201, "{}", seen.text);
        done(company.post("ada", &format!("/v1/deals/{deal}/grade"), &json!({})));
        let call = json!({"kind": "call", "outcome": "reached", "method": "direct"});
        done(company.post("ada", &format!("/v1/deals/{deal}/activities"), &call));
        done(company.post("ada", &format!("/v1/deals/{deal}/moves"), &json!({"to": "lead"})));
        let lost = company.deal("ada", "Lost");
        done(company.post("ada", &format!("/v1/deals/{lost}/moves"), &json!({"to": "trial"})));
        done(company.post("ada", &format!("/v1/deals/{lost}/moves"), &json!({"to": "lost", "reason": "refused"})));
    }

    crate::on_both! {
        found;

        fn what_is_in_use_stays_and_the_refusal_counts_it_and_is_recorded(company) {
            use_everything(company);
            let without = [
                ("      - {id: lead}\n", "", "/funnels/standard/stages/lead", "1"),
                (
                    "      - {id: lead}\n      - {id: sure}\n      - {id: won, kind: won}\n",
                    "      - {id: sure}\n      - {id: lead, kind: won}\n      - {id: won, kind: won}\n",
                    "/funnels/standard/stages/lead",
                    "1",
                ),
                ("      - {id: trial}\n", "", "/funnels/standard/stages/trial", "1"),
                ("          - {id: refused}\n", "", "/funnels/standard/stages/lost/reasons/refused", "1"),
                ("  - {id: A, when: 'deal.product == \"website\"'}\n", "", "/grades/A", "1"),
                ("    size: {type: number}\n", "    length: {type: number}\n", "/fields/deal/size", "1"),
                ("    size: {type: number}\n", "    size: {type: text}\n", "/fields/deal/size", "1"),
                ("    city: {type: text}\n", "", "/fields/customer/city", "1"),
                ("[big, small]}", "[small]}", "/fields/customer/kind/of/big", "1"),
                ("[fast, cheap, green]}", "[fast, green]}", "/fields/deal/wishes/of/cheap", "1"),
                ("outcomes: [reached, silence]", "outcomes: [silence]", "/activities/call/outcomes/reached", "1"),
                ("  call: {outcomes: [reached, silence]}\n", "", "/activities/call", "1"),
                ("  direct: {}\n", "", "/methods/direct", "1"),
                ("  tester: {may: [{do: [deals.read], scope: own}]}\n", "", "/roles/tester", "1"),
            ];
            for (of, with, pointer, count) in without {
                let seen = activate(&company.server, &company.token("ada"), &small(of, with));
                assert_eq!((seen.status, seen.code()), (409, "rules_in_use"), "{of}: {}", seen.text);
                assert_eq!(seen.faults(), [format!("{pointer} in_use")], "{of}");
                assert!(seen.body["errors"][0]["detail"].as_str().unwrap().contains(count), "{}", seen.text);
                let kept = log(company).pop().unwrap();
                assert_eq!((kept.action.as_str(), kept.outcome), ("rules.activate", Outcome::Refused), "{of}");
                assert_eq!(kept.criteria.len(), 1, "{of}");
                assert_eq!(seen.header("x-decision-id"), kept.id.to_string());
            }
            // A product that is in use, with the grade that asks for it; both are told at once.
            let both = small("  website: {label: {en: Website, zh: 网站}}\n", "")
                .replace("  - {id: A, when: 'deal.product == \"website\"'}\n", "");
            let seen = activate(&company.server, &company.token("ada"), &both);
            assert_eq!(seen.faults(), ["/grades/A in_use", "/products/website in_use"]);
            assert_eq!(active(company), 1);
            // What nobody uses goes.
            let mut text = SMALL.to_owned();
            for of in ["      - {id: sure}\n", "          - {id: silent}\n", "  mail: {}\n"] {
                text = text.replacen(of, "", 1);
                let seen = activate(&company.server, &company.token("ada"), &text);
                assert_eq!(seen.status, 201, "{of}: {}", seen.text);
            }
        }

        fn a_dry_run_refuses_alike_and_records_nothing(company) {
            company.person("tess", &["tester"], None);
            let before = log(company).len();
            let call = |text: &str| {
                let call = company.server.call("POST", "/v1/rules/versions?dry_run=true");
                call.token(&company.token("ada")).text(YAML, text).send()
            };
            let refused = call(&small("  tester: {may: [{do: [deals.read], scope: own}]}\n", ""));
            assert_eq!((refused.status, refused.code()), (409, "rules_in_use"), "{}", refused.text);
            let allowed = call(&small("  mail: {}\n", ""));
            assert_eq!((allowed.status, allowed.body["number"].as_i64()), (201, Some(2)), "{}", allowed.text);
            assert_eq!((active(company), log(company).len()), (1, before));
        }

        fn a_namesake_inherits_nothing(company) {
            let tess = company.person("tess", &["tester"], None);
            let deal = company.deal("ada", "Acme");
            let path = format!("/v1/deals/{deal}");
            let patch = |body: Json| company.patch("ada", &path, &body).status;
            assert_eq!(patch(json!({"fields": {"size": 7}})), 200);
            let user = format!("/v1/users/{}", tess.id);
            // Nobody has the role, no deal the field: both go.
            assert_eq!(company.patch("ada", &user, &json!({"roles": ["clerk"]})).status, 200);
            assert_eq!(patch(json!({"fields": {"size": null}})), 200);
            let gone = small("  tester: {may: [{do: [deals.read], scope: own}]}\n", "")
                .replace("    size: {type: number}\n", "    length: {type: number}\n");
            assert_eq!(activate(&company.server, &company.token("ada"), &gone).status, 201);
            // Others of their names come.
            let tester = "  tester: {may: [{do: [deals.read, customers.read, people.read], scope: all}]}\n";
            let back = small("  tester: {may: [{do: [deals.read], scope: own}]}\n", tester)
                .replace("    size: {type: number}\n", "    size: {type: text}\n");
            let seen = activate(&company.server, &company.token("ada"), &back);
            assert_eq!((seen.status, seen.code()), (409, "rules_names_used_before"), "{}", seen.text);
            assert_eq!(seen.faults(), ["/fields/deal/size name_used_before", "/roles/tester name_used_before"]);
            // Unless it is said that they are meant.
            let meant = format!("{back}migrate: {{again: [roles.tester, fields.deal.size]}}\n");
            let seen = activate(&company.server, &company.token("ada"), &meant);
            assert_eq!(seen.status, 201, "{}", seen.text);
            company.sign_in("tess");
            assert_eq!(company.get("tess", &path).status, 403);
            assert_eq!(company.get("ada", &user).body["roles"], json!(["clerk"]));
            assert_eq!(company.get("ada", &path).body["fields"]["size"], Json::Null);
        }

        fn somebody_must_be_left_who_can_change_people_and_rules(company) {
            let bosses = |text: String| text.replace("first_administrator: [admin]", "first_administrator: [boss]");
            // Nobody has the role that could; or somebody has, and another of his roles denies it.
            let denied = [
                bosses(small("rules.*, rules.activate, deals.*", "rules.*, deals.*")),
                bosses(small("[people.*, rules.*, rules.activate, deals.*", "[rules.*, rules.activate, deals.*")),
                bosses(small("pool.*], scope: all}]}", "pool.*], scope: all}], never: [{do: [people.write]}]}")),
            ];
            for text in denied {
                let seen = activate(&company.server, &company.token("ada"), &text);
                assert_eq!((seen.status, seen.code()), (409, "nobody_could"), "{text}\n{}", seen.text);
                let kept = log(company).pop().unwrap();
                assert_eq!((kept.action.as_str(), kept.outcome), ("rules.activate", Outcome::Refused));
                assert_eq!(kept.answer["refused"], "nobody_could");
            }
            assert_eq!(active(company), 1);
            company.person("bo", &["boss"], None);
            let text = bosses(small("rules.*, rules.activate, deals.*", "rules.*, deals.*"));
            assert_eq!(activate(&company.server, &company.token("ada"), &text).status, 201);
        }

        fn never_wins_over_what_is_granted(company) {
            company.person("bea", &["boss", "barred"], None);
            assert_eq!(company.get("bea", "/v1/rules").status, 403);
            let seen = activate(&company.server, &company.token("bea"), &small("  mail: {}\n", ""));
            assert_eq!((seen.status, seen.code()), (403, "not_permitted"), "{}", seen.text);
            let kept = log(company).pop().unwrap();
            assert_eq!((kept.action.as_str(), kept.outcome), ("rules.activate", Outcome::Refused));
            let call = company.server.post("/v1/rules/versions/1/activate", &json!({})).token(&company.token("bea"));
            call.refused(403, "not_permitted");
            assert_eq!(active(company), 1);
        }

        fn who_may_only_activate_is_answered_too(company) {
            company.person("cleo", &["clerk"], None);
            let seen = activate(&company.server, &company.token("cleo"), &small("  mail: {}\n", ""));
            assert_eq!((seen.status, seen.body["number"].as_i64()), (201, Some(2)), "{}", seen.text);
            assert_eq!(seen.header("location"), "/v1/rules/versions/2");
            assert_eq!(seen.body["author"].as_str(), Some(company.id("cleo").as_str()));
            assert_eq!(company.get("cleo", "/v1/rules").status, 403);
            let back = company.server.post("/v1/rules/versions/1/activate", &json!({})).token(&company.token("cleo"));
            assert_eq!(back.expect(201).body["number"], 3);
            company.server.post("/v1/rules/versions/9/activate", &json!({})).token(&company.token("cleo")).expect(404);
        }

        fn a_change_names_what_it_replaces_and_is_safe_to_repeat(company) {
            let path = "/v1/rules/versions";
            let second = small("  mail: {}\n", "");
            let call = |text: &str| company.server.call("POST", path).token(&company.token("ada")).text(YAML, text);
            let read = company.server.get("/v1/rules").token(&company.token("ada")).expect(200);
            assert_eq!(read.header("etag"), "\"v1\"");
            call(&second).header("if-match", "\"v7\"").refused(412, "version_changed");
            let first = call(&second).header("if-match", "\"v1\"").header("idempotency-key", "k1").expect(201);
            let again = call(&second).header("if-match", "\"v1\"").header("idempotency-key", "k1").expect(201);
            assert_eq!((&again.body, again.header("idempotency-replayed")), (&first.body, "true"));
            call(SMALL).header("idempotency-key", "k1").refused(422, "idempotency_key_reused");
            // Of two who saw the same version, one is told that it is another now.
            call(SMALL).header("if-match", "\"v1\"").refused(412, "version_changed");
            assert_eq!(active(company), 2);
        }

        fn the_words_of_the_rules_come_in_the_readers_language(company) {
            let path = "/v1/funnels";
            let token = company.token("ada");
            let seen = company.server.get(path).token(&token).header("accept-language", "zh").expect(200);
            assert_eq!(seen.body["products"][0], json!({"id": "website", "label": "网站", "retired": false}));
            let known = seen.header("etag").to_owned();
            let again = |language: &str| {
                let call = company.server.get(path).token(&token).header("accept-language", language);
                call.header("if-none-match", &known).send().status
            };
            assert_eq!((again("zh"), again("en")), (304, 200));
            let funnel = &seen.body["funnels"][0];
            assert_eq!(funnel["stages"][5]["reasons"][1]["id"], "silent");
            let moves = funnel["moves"].as_array().unwrap();
            let reopen = moves.iter().find(|one| one["direction"] == "reopen").unwrap();
            assert_eq!((&reopen["from"], &reopen["to"]), (&json!("lost"), &Json::Null));
            assert!(moves.iter().any(|one| one["from"].is_null() && one["direction"] == "creation"), "{moves:?}");
            // Retired words are there, and marked.
            let retired = small("  hosting: {}\n", "  hosting: {retired: true}\n");
            assert_eq!(activate(&company.server, &token, &retired).status, 201);
            let seen = company.get("ada", path);
            assert_eq!(seen.body["products"][1], json!({"id": "hosting", "label": "hosting", "retired": true}));
            assert_eq!((again("zh"), seen.body["rules_version"].as_i64()), (200, Some(2)));
        }

        fn a_version_reads_back_as_it_was_written(company) {
            let seen = company.get("ada", "/v1/rules/versions/1/text");
            assert_eq!((seen.status, seen.text.as_str()), (200, SMALL));
            assert_eq!(seen.header("etag"), "\"v1\"");
            assert_eq!(company.get("ada", "/v1/rules/versions/1").body["text"], SMALL);
            assert_eq!(company.get("ada", "/v1/rules/versions/2/text").status, 404);
        }

        fn good_and_bad_reloads_under_load_leave_every_decision_with_its_rules(company) {
            let rng = &mut 0x5eed_u64;
            let deals: Vec<String> = (0..2).map(|one| company.deal("ada", &format!("customer {one}"))).collect();
            let token = company.token("ada");
            assert_eq!(activate(&company.server, &token, &numbered(0)).status, 201);
            // Over SQLite there is one process.
            let other = company.url.starts_with("postgres").then(|| company.another_process(&[]));
            let other = other.as_ref().unwrap_or(&company.server);
            let done = AtomicBool::new(false);
            let (company, done, token) = (&*company, &done, token.as_str());
            std::thread::scope(|scope| {
                let mut progress = Vec::new();
                for (deal, server) in deals.iter().zip([&company.server, other]) {
                    let (tell, told) = std::sync::mpsc::channel();
                    progress.push(told);
                    scope.spawn(move || {
                        while !done.load(Ordering::SeqCst) {
                            let call = json!({"kind": "call", "outcome": "silence"});
                            server.post(&format!("/v1/deals/{deal}/activities"), &call).token(token).expect(201);
                            let path = format!("/v1/deals/{deal}/moves");
                            server.post(&path, &json!({"to": "sure"})).token(token).refused(422, "unmet");
                            let _ = tell.send(());
                        }
                    });
                }
                let deal = &deals[0];
                let ended = scope.spawn(move || reload(company, other, rng, deal, &progress)).join();
                done.store(true, Ordering::SeqCst);
                ended.unwrap();
            });
            hold(company);
        }
    }

    /// Rules by which nobody becomes `sure`; the criterion carries the number of the try.
    fn numbered(number: usize) -> String {
        small("      - {id: sure}\n", &format!("      - {{id: sure, enter: [{{id: c{number}, has: [deal.size]}}]}}\n"))
    }

    /// Two hundred files, good and bad in any order; after each, another process decides by what rules now.
    /// Work goes on meanwhile: between two changes everybody gets at least one thing done.
    fn reload(company: &Company, other: &Server, rng: &mut u64, deal: &str, progress: &[Receiver<()>]) {
        let token = company.token("ada");
        let (mut rules, mut version) = (0, 2);
        for number in 1..=200 {
            *rng = rng.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let good = numbered(number);
            let (text, expected) = match (*rng >> 33) % 6 {
                0 => ("format: [".to_owned(), 422),
                1 => (good.replace("kind: won", "kind: one"), 422),
                2 => (good.replace("  call: {outcomes: [reached, silence]}\n", ""), 409),
                _ => (good, 201),
            };
            let server = if number % 2 == 0 { &company.server } else { other };
            let seen = activate(server, &token, &text);
            assert_eq!(seen.status, expected, "{number}: {}", seen.text);
            if seen.status == 201 {
                (rules, version) = (number, version + 1);
                assert_eq!(seen.body["number"], version);
            }
            let third = if number % 2 == 0 { other } else { &company.server };
            let tried = third.post(&format!("/v1/deals/{deal}/moves"), &json!({"to": "sure"})).token(&token).send();
            assert_eq!(tried.unmet(), [format!("c{rules}")], "{number}: {}", tried.text);
            for told in progress {
                while told.try_recv().is_ok() {}
                told.recv().unwrap();
            }
        }
        assert!(version > 50, "{version}");
    }

    /// Every decision was made by the rules that it says, and after none that were newer.
    fn hold(company: &Company) {
        let entries = log(company);
        let mut texts = std::collections::HashMap::new();
        let (mut latest, mut refusals) = (0, 0);
        for entry in &entries {
            let number = entry.rules_version;
            assert!(number >= latest, "seq {}: decided by {number} after {latest} was active", entry.seq);
            latest = number;
            if entry.action == "rules.activate" && entry.outcome == Outcome::Allowed {
                latest = number + 1;
            }
            for checked in entry.criteria.iter().filter(|checked| checked.id.starts_with('c')) {
                let read = || RUNTIME.block_on(company.workflow.store().read(move |tx| tx.rules_version(number)));
                let text = texts.entry(number).or_insert_with(|| read().unwrap().unwrap().text);
                assert!(text.contains(&format!("{{id: {},", checked.id)), "{} under {number}", checked.id);
                refusals += 1;
            }
        }
        assert!(refusals > 200, "{refusals}");
    }
}

#[test]
fn the_form_of_rules_files_is_told_to_everybody() {
    let seen = Server::with(&[]).get("/v1/rules/schema").expect(200);
    let committed: Json = serde_json::from_str(include_str!("../../openapi/rules.schema.json")).unwrap();
    assert_eq!(seen.body, committed);
}
