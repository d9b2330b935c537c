//! `loudou user`: an operator on the host recovers a company in which nobody can change people or rules, while it is
//! served by a process with its own idea of who is who.

use crate::company::{Company, PASSWORD, RUNTIME};
use crate::on_both;
use loudou::engine::actor::Who;
use loudou::store::{LogEntry, LogQuery, Outcome};
use loudou::values::Value;
use serde_json::json;
use std::process::{Command, Output};

/// `loudou user` on the host, on this company's database.
fn host(company: &Company, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loudou"));
    command.env_clear().env("DATABASE_URL", &company.url).arg("user").args(arguments).output().unwrap()
}

fn told(company: &Company, arguments: &[&str]) -> String {
    let output = host(company, arguments);
    let (out, fault) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{out}{fault}");
    assert!(!out.contains("postgres://") && fault.is_empty(), "{out}{fault}");
    out
}

fn refused(company: &Company, arguments: &[&str]) -> String {
    let output = host(company, arguments);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

fn log(company: &Company) -> Vec<LogEntry> {
    let query = LogQuery { deal: None, beyond: None, newest_first: false, limit: 1_000 };
    RUNTIME.block_on(company.workflow.store().read(move |tx| tx.decisions(&query))).unwrap()
}

on_both!(who_is_given_a_role_has_it_at_the_next_request_and_it_is_recorded, |company| {
    company.person("li", &["seller"], Some("South"));
    assert_eq!(company.get("li", "/v1/users").status, 403);
    let other = company.another_process(&[]);
    let seen = other.get("/v1/users").token(&company.token("li")).send();
    assert_eq!(seen.status, 403);
    let text = told(company, &["grant", "Li", "people_admin", "rules_admin"]);
    assert!(text.contains("`li` has the roles `seller`, `people_admin`, `rules_admin`"), "{text}");
    // The same token, on both processes, with nothing restarted.
    assert_eq!(company.get("li", "/v1/users").status, 200);
    let seen = other.get("/v1/users").token(&company.token("li")).send();
    assert_eq!(seen.status, 200);
    let kept = log(company).pop().unwrap();
    assert!(text.contains(&kept.id.to_string()), "{text}");
    assert_eq!((kept.action.as_str(), kept.actor, kept.outcome), ("people.write", Who::System, Outcome::Allowed));
    assert_eq!((kept.subject.kind.as_str(), kept.subject.id), ("user", Some(company.id("li"))));
    assert_eq!(kept.request_id.as_deref(), Some("host"));
    assert_eq!(kept.facts.values.get("user.roles before"), Some(Some(&Value::Choices(vec!["seller".into()]))));
    // What is so already is said, and not written again.
    let before = log(company).len();
    assert!(told(company, &["grant", "li", "rules_admin"]).contains("nothing was changed"));
    assert_eq!(log(company).len(), before);
});

on_both!(who_is_deactivated_and_has_forgotten_the_password_is_let_in_again, |company| {
    company.person("li", &["seller"], None);
    let user = format!("/v1/users/{}", company.id("li"));
    assert_eq!(company.patch("ada", &user, &json!({"active": false})).status, 200);
    // Strangers have tried, and the account has to wait.
    for _ in 0..8 {
        company.server.post("/v1/auth/login", &json!({"login": "li", "password": "not the right one"})).send();
    }
    let fault = refused(company, &["grant", "li", "people_admin", "--new-password"]);
    assert_eq!(fault, "`li` is deactivated: say --activate to let them act again\n");
    let text = told(company, &["grant", "li", "people_admin", "--activate", "--new-password"]);
    let password = text.lines().nth(2).unwrap();
    assert_eq!(password.len(), 20, "{text}");
    let old = company.server.post("/v1/auth/login", &json!({"login": "li", "password": PASSWORD})).send();
    assert_eq!(old.status, 401, "{}", old.text);
    let seen = company.server.post("/v1/auth/login", &json!({"login": "li", "password": password})).expect(200);
    let token = seen.body["access_token"].as_str().unwrap().to_owned();
    assert_eq!(company.server.get("/v1/users").token(&token).send().status, 200);
    // The user's version goes on: a change by who read it before is refused.
    let seen = company.server.get(&user).token(&company.token("ada")).expect(200);
    assert_eq!(seen.body["version"], 4, "{}", seen.text);
    // Nowhere but in that one line.
    assert!(log(company).iter().all(|entry| !format!("{entry:?}").contains(password)));
});

on_both!(a_slip_grants_nothing_and_names_what_was_meant, |company| {
    company.person("wang", &["seller"], None);
    let before = log(company).len();
    assert_eq!(refused(company, &["grant", "wnag", "seller"]), "there is no user `wnag`; did you mean `wang`?\n");
    let fault = refused(company, &["grant", "somebody", "seller"]);
    assert_eq!(fault, "there is no user `somebody`; `loudou user list` shows who there is\n");
    let fault = refused(company, &["grant", "wang", "manager", "peple_admin"]);
    assert!(fault.starts_with("there is no role `peple_admin`; did you mean `people_admin`?"), "{fault}");
    assert!(fault.contains("`rules_admin`"), "{fault}");
    assert_eq!(log(company).len(), before);
    assert_eq!(host(company, &["grant", "wang"]).status.code(), Some(2));
    let list = told(company, &["list"]);
    assert_eq!(list, "ada   active       `rules_admin`, `people_admin`  (Ada)\nwang  active       `seller`  (wang)\n");
});

on_both!(a_grant_that_does_not_recover_the_company_says_which_role_does, |company| {
    company.person("li", &["seller"], None);
    // As a mistake in the database itself would leave it.
    let ada = company.id("ada").parse().unwrap();
    let active = RUNTIME.block_on(company.workflow.active()).unwrap();
    let mut user = active.directory.user(ada).unwrap().user.clone();
    user.active = false;
    let entry = loudou::store::Entry {
        id: loudou::values::DecisionId::new(),
        at: company.now(),
        actor: Who::System,
        roles: Vec::new(),
        action: "people.write".into(),
        subject: loudou::store::Subject { kind: "user".into(), id: Some(ada.to_string()) },
        deal: None,
        customer: None,
        rules_version: 1,
        outcome: Outcome::Allowed,
        criteria: Vec::new(),
        facts: loudou::engine::decision::FactsRead::default(),
        answer: json!({}),
        request_id: None,
        idempotency: None,
        guards: loudou::store::Guards::default(),
    };
    let gone = loudou::store::PeopleChange::UserChanged { user };
    let store = company.workflow.store();
    RUNTIME.block_on(store.write(move |tx| tx.record(&entry, &[loudou::store::Effect::People(&gone)]))).unwrap();
    let text = told(company, &["grant", "li", "manager"]);
    assert!(text.contains("Still nobody who is active may `people.write`; a role that may: `people_admin`"), "{text}");
    let text = told(company, &["grant", "li", "people_admin"]);
    assert!(text.contains("Still nobody who is active may `rules.activate`; a role that may: `rules_admin`"), "{text}");
    assert!(!told(company, &["grant", "li", "rules_admin"]).contains("Still"));
});

#[test]
fn an_address_where_nothing_is_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("typo.db");
    let url = format!("sqlite:{}", file.display());
    let mut command = Command::new(env!("CARGO_BIN_EXE_loudou"));
    let output = command.env_clear().env("DATABASE_URL", url).args(["user", "list"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("there is no database"));
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none());
}
