//! What a program does not start with, or does not go on with, and how it says why.

use crate::company::{Company, On, RUNTIME};
use crate::instance::Instance;
use crate::on_both;
use loudou::cli::house::DEFAULT_RULES;
use loudou::engine::actor::Who;
use loudou::engine::decision::FactsRead;
use loudou::store::{Activation, Effect, Entry, Guards, Outcome, RulesSource, Subject};
use loudou::values::DecisionId;
use loudou::workflow::secrets::Secrets;
use serde_json::json;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What `serve` says when it ends by itself, which it must.
fn refused(url: &str, variables: &[(&str, &str)]) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_loudou"))
        .arg("serve")
        .env_clear()
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("DATABASE_URL", url)
        .envs([("LOUDOU_LISTEN", "127.0.0.1:0"), ("LOUDOU_METRICS_LISTEN", "off")])
        .envs(variables.iter().copied())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            panic!("it serves: {}", String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap());
        }
        std::thread::yield_now();
    }
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    said
}

fn file(folder: &tempfile::TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_master_key_that_is_none_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite:{}/loudou.db", folder.path().display());
    let postgres = "postgres://nobody@127.0.0.1:1/loudou";
    let said = refused(postgres, &[]);
    assert!(said.contains("the master key must be given: LOUDOU_SECRET_FILE"), "{said}");
    let rows = [
        ("short", "ab".repeat(31), "shorter than 32 bytes"),
        ("words", "correct horse battery staple".to_owned(), "not hexadecimal"),
        ("empty", String::new(), "holds no key"),
        ("three", format!("{0}\n{0}\n{0}", "ab".repeat(32)), "more than two keys"),
    ];
    for (name, text, why) in rows {
        let secret = file(&folder, name, &text);
        for url in [&sqlite, postgres] {
            let said = refused(url, &[("LOUDOU_SECRET_FILE", &secret)]);
            assert!(said.contains(why) && said.contains(&secret), "{name}: {said}");
        }
    }
    let said = refused(&sqlite, &[("LOUDOU_SECRET_FILE", "/nowhere/secret")]);
    assert!(said.contains("cannot read the secret file /nowhere/secret"), "{said}");
    // Nothing was made on the way.
    assert!(!folder.path().join("loudou.db").exists());
}

/// Only one that serves may say who sets the company up: the newest token is the one that counts.
#[test]
fn a_program_that_finds_no_place_to_listen_leaves_the_set_up_to_the_one_that_did() {
    let folder = tempfile::tempdir().unwrap();
    let Some(url) = crate::postgres::fresh_database() else { return };
    let secret = file(&folder, "secret", &Secrets::fresh_text());
    let first = Instance::start(&url, secret.as_ref(), &[]).unwrap();
    let said = refused(&url, &[("LOUDOU_SECRET_FILE", &secret), ("LOUDOU_LISTEN", &first.address)]);
    assert!(said.contains(&format!("listening on {}: ", first.address)), "{said}");
    let body =
        json!({"token": first.setup_token(), "login": "ada", "name": "Ada", "password": "correct horse battery"});
    let (status, answer) = first.ask("", "POST", "/v1/setup", None, &body).unwrap();
    assert_eq!(status, 201, "{answer}");
}

#[test]
fn rules_that_are_none_stop_the_first_start_with_every_problem() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/loudou.db", folder.path().display());
    let wrong = DEFAULT_RULES.replace("kind: won", "kind: one").replace("workdays:", "workday:");
    let rules = file(&folder, "rules.yaml", &wrong);
    let said = refused(&url, &[("LOUDOU_RULES_FILE", &rules)]);
    assert!(said.contains("kind: one") && said.contains("workday:") && said.contains(&rules), "{said}");
    let said = refused(&url, &[("LOUDOU_RULES_FILE", "/nowhere/rules.yaml")]);
    assert!(said.contains("cannot read the rules file /nowhere/rules.yaml"), "{said}");
    let failing = DEFAULT_RULES.replace("id: reached, activity: call, outcome: reached", "id: reached, activity: call");
    assert_ne!(failing, DEFAULT_RULES);
    let rules = file(&folder, "rules.yaml", &failing.replace("refused: [reached]", "refused: [nothing_else]"));
    let said = refused(&url, &[("LOUDOU_RULES_FILE", &rules)]);
    assert!(said.contains("the rules have problems"), "{said}");
}

/// Makes this text the active rules, as a later version of the program may have.
fn activate_unchecked(company: &Company, text: &str) {
    let (text, at) = (text.to_owned(), company.now());
    let written = company.workflow.store().write(move |tx| {
        let number = tx.newest_rules_version()? + 1;
        let activation = Activation {
            number,
            hash: loudou::rules::hash(&text),
            text: text.clone(),
            author: None,
            comment: None,
            replaces: number - 1,
            source: RulesSource::Api,
            at,
            activated_by: None,
            draft: None,
            migration: Default::default(),
            migrated: Vec::new(),
            renames: Vec::new(),
            removed: Vec::new(),
            declared: Vec::new(),
            file_hash: None,
        };
        let entry = Entry {
            id: DecisionId::new(),
            at,
            actor: Who::System,
            roles: Vec::new(),
            action: "rules.activate".into(),
            subject: Subject { kind: "rules".into(), id: Some(number.to_string()) },
            deal: None,
            customer: None,
            rules_version: number - 1,
            outcome: Outcome::Allowed,
            criteria: Vec::new(),
            facts: FactsRead::default(),
            answer: serde_json::json!({}),
            request_id: None,
            idempotency: None,
            guards: Guards::default(),
        };
        tx.record(&entry, &[Effect::Rules(&activation)])
    });
    RUNTIME.block_on(written).unwrap();
}

on_both!(rules_that_this_program_cannot_use_are_not_worked_by, |company| {
    company.person("li", &["seller"], Some("south"));
    let (li, deal) = (company.token("li"), format!("/v1/deals/{}", company.deal("li", "甲")));
    let running = company.another_process(&[]);
    running.get(&deal).token(&li).expect(200);
    activate_unchecked(company, &format!("{DEFAULT_RULES}approvals: [of a later format]\n"));
    let beginning = company.another_process(&[]);
    for server in [&running, &beginning] {
        server.get("/readyz").refused(503, "unavailable");
        server.get("/livez").expect(200);
        let answers = [
            server.get(&deal).token(&li),
            server
                .post(&format!("{deal}/moves"), &serde_json::json!({"to": "abandoned", "reason": "refused"}))
                .token(&li),
            server.get("/v1/me").token(&li),
        ];
        for call in answers {
            assert!(!call.refused(503, "unavailable").header("retry-after").is_empty());
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let secret = file(&folder, "secret", &Secrets::fresh_text());
    let said = refused(&company.url, &[("LOUDOU_SECRET_FILE", &secret)]);
    assert!(said.contains("this program cannot use the active rules"), "{said}");
    assert!(said.contains("rules version 2") && said.contains("approvals"), "{said}");
    // Rules that it knows again, and it goes on by itself.
    activate_unchecked(company, &format!("{DEFAULT_RULES}# again\n"));
    for server in [&running, &beginning] {
        assert_eq!(server.get(&deal).token(&li).expect(200).body["stage"], "resource");
    }
});

#[test]
fn the_first_administrator_is_what_the_rules_promise() {
    let from = "first_administrator: [rules_admin, people_admin]";
    let rules = DEFAULT_RULES.replace(from, "first_administrator: [people_admin, rules_admin, director]");
    assert_ne!(rules, DEFAULT_RULES);
    for on in [On::Sqlite, On::Postgres] {
        let Some(company) = Company::with_rules(on, &rules) else { continue };
        let me = company.get("ada", "/v1/me");
        assert_eq!(me.body["user"]["roles"], serde_json::json!(["people_admin", "rules_admin", "director"]));
    }
}
