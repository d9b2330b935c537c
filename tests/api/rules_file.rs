//! Rules that come from the file: a changed one is taken, a bad one keeps the last good rules, an older one is left.

use crate::company::{Company, RUNTIME};
use crate::instance::until;
use crate::on_both;
use loudou::cli::house::DEFAULT_RULES;
use loudou::engine::actor::Who;
use loudou::engine::decision::FactsRead;
use loudou::jobs::rules_file::{Look, RulesFile};
use loudou::rules::migrate::Migration;
use loudou::store::{Activation, Effect, Entry, Guards, Outcome, RulesSource, Subject, Tx};
use loudou::values::DecisionId;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

fn look(file: &mut RulesFile, company: &Company) -> Look {
    RUNTIME.block_on(file.look(company.now()))
}

fn process(company: &Company, path: &Path) -> RulesFile {
    RulesFile::new(Arc::clone(&company.workflow), path.to_owned())
}

on_both!(a_changed_file_is_taken_and_a_bad_one_changes_nothing, |company| {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rules.yaml");
    let write = |text: &str| std::fs::write(&path, text).unwrap();
    company.workflow.take_rules_from_file();
    write(DEFAULT_RULES);
    let mut file = process(company, &path);
    assert_eq!(look(&mut file, company), Look::Unchanged);
    let second = DEFAULT_RULES.replace("label: {zh: 标准漏斗, en: Standard funnel}", "label: {zh: 漏斗, en: Funnel}");
    assert_ne!(second, DEFAULT_RULES);
    write(&second);
    assert_eq!(look(&mut file, company), Look::Taken(2));
    assert_eq!(look(&mut file, company), Look::Unchanged);
    // A broken file, a deleted one: the last good rules stay, and are there after a restart.
    write("funnels: [");
    assert!(matches!(look(&mut file, company), Look::Refused(_)));
    assert_eq!(look(&mut file, company), Look::Unchanged);
    // The process works on, and says that somebody should look at it.
    let warnings = || company.server.get("/readyz").expect(200).body["warnings"].clone();
    assert_eq!(warnings(), json!(["rules_file_refused"]));
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(look(&mut file, company), Look::Refused(_)));
    assert_eq!(company.get("ada", "/v1/rules").body["number"], 2);
    let restarted = company.another_process(&[]);
    let seen = restarted.get("/v1/rules").token(&company.token("ada")).expect(200);
    assert_eq!(seen.body["number"], 2);
    write(&second);
    assert!(!matches!(look(&mut file, company), Look::Refused(_)));
    assert_eq!(warnings(), json!([]));
    // A process that restarts with the file of yesterday does not bring it back.
    write(DEFAULT_RULES);
    let mut old = process(company, &path);
    assert_eq!(look(&mut old, company), Look::Older);
    // Whoever put it there is told that it does not rule.
    assert_eq!(warnings(), json!(["rules_file_refused"]));
    write(&second);
    assert_eq!(look(&mut process(company, &path), company), Look::Unchanged);
    assert_eq!(warnings(), json!([]));
    // Nobody else changes them.
    let call = company.server.call("POST", "/v1/rules/versions").token(&company.token("ada"));
    call.text("application/yaml", DEFAULT_RULES).refused(409, "rules_from_file");
});

on_both!(bad_files_of_every_kind_leave_the_last_good_rules, |company| {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rules.yaml");
    std::fs::write(&path, DEFAULT_RULES).unwrap();
    company.workflow.take_rules_from_file();
    let mut file = process(company, &path);
    assert_eq!(look(&mut file, company), Look::Unchanged);
    let failing = DEFAULT_RULES
        .replace("id: reached, activity: call, outcome: reached", "id: reached, activity: call, outcome: interested");
    let bomb = (1..40).fold("a0: &a0 x\n".to_owned(), |text, n| {
        let before = n - 1;
        text + &format!("a{n}: &a{n} [*a{before}, *a{before}, *a{before}, *a{before}]\n")
    });
    let bad: [(&str, Vec<u8>); 6] = [
        ("a scenario that fails", failing.into_bytes()),
        ("aliases of aliases", bomb.into_bytes()),
        ("brackets without end", b"[".repeat(100_000)),
        ("not text", vec![0xff, 0xfe, 0]),
        ("larger than any rules", vec![b'#'; 2 * 1024 * 1024]),
        ("nothing", Vec::new()),
    ];
    let good = |company: &Company| {
        assert_eq!(company.get("ada", "/v1/rules").body["number"], 1);
        assert_eq!(company.server.get("/readyz").expect(200).body["warnings"], json!(["rules_file_refused"]));
        assert_eq!(company.another_process(&[]).get("/readyz").send().status, 200);
    };
    for (what, bytes) in bad {
        std::fs::write(&path, bytes).unwrap();
        let seen = look(&mut file, company);
        assert!(matches!(seen, Look::Refused(_)), "{what}: {seen:?}");
        good(company);
        assert!(matches!(look(&mut process(company, &path), company), Look::Refused(_)), "{what}");
    }
    // Something that is no file stands in its place.
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert!(matches!(look(&mut file, company), Look::Refused(_)));
    good(company);
    std::fs::remove_dir(&path).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    assert!(matches!(look(&mut file, company), Look::Refused(_)));
    good(company);
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, DEFAULT_RULES).unwrap();
    assert_eq!(look(&mut file, company), Look::Unchanged);
    assert_eq!(company.server.get("/readyz").expect(200).body["warnings"], json!([]));
});

on_both!(the_text_that_rules_already_is_no_older_one, |company| {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rules.yaml");
    std::fs::write(&path, DEFAULT_RULES).unwrap();
    // As where the rules were made in the database, and are taken from the file from now on.
    crate::company::execute(&company.url, "DELETE FROM rules_file");
    company.workflow.take_rules_from_file();
    assert_eq!(look(&mut process(company, &path), company), Look::Unchanged);
    assert_eq!(company.server.get("/readyz").expect(200).body["warnings"], json!([]));
});

/// A version as another program made it.
fn made_elsewhere(company: &Company, number: i64, text: &str) {
    let activation = Activation {
        number,
        hash: loudou::rules::hash(text),
        text: text.into(),
        author: None,
        comment: None,
        replaces: number - 1,
        source: RulesSource::Api,
        at: company.now(),
        activated_by: None,
        draft: None,
        migration: Migration::default(),
        migrated: Vec::new(),
        renames: Vec::new(),
        removed: Vec::new(),
        declared: Vec::new(),
        file_hash: None,
    };
    let entry = Entry {
        id: DecisionId::new(),
        at: company.now(),
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
        answer: json!({}),
        request_id: None,
        idempotency: None,
        guards: Guards::default(),
    };
    let record = move |tx: &mut Tx<'_>| tx.record(&entry, &[Effect::Rules(&activation)]);
    RUNTIME.block_on(company.workflow.store().write(record)).unwrap();
}

on_both!(rules_that_this_program_cannot_read_stop_it_and_are_not_passed_over, |company| {
    company.person("li", &["seller"], Some("south"));
    let deal = company.deal("li", "Acme");
    let before = company.get("li", &format!("/v1/deals/{deal}")).body;
    made_elsewhere(company, 2, &DEFAULT_RULES.replace("format: 1", "format: 2"));
    let moves = format!("/v1/deals/{deal}/moves");
    let lost = json!({"to": "abandoned", "reason": "refused"});
    assert_eq!(company.post("li", &moves, &lost).code(), "unavailable");
    assert_eq!(company.get("li", &format!("/v1/deals/{deal}")).status, 503);
    // It wants no work, and says why; it lives, so that nobody starts it again and again.
    let ready = |company: &Company| company.server.get("/readyz").send();
    until("not being ready", 10, || ready(company).status == 503);
    assert_eq!(company.server.get("/livez").send().status, 200);
    // As soon as there are some that it can read, it goes on where it was.
    made_elsewhere(company, 3, &format!("{DEFAULT_RULES}\n# again\n"));
    assert_eq!(company.get("li", &format!("/v1/deals/{deal}")).body, before);
    until("being ready again", 10, || ready(company).status == 200);
    assert_eq!(company.post("li", &moves, &lost).status, 201);
    let decisions = company.get("li", &format!("/v1/deals/{deal}/decisions"));
    assert_eq!(decisions.body["data"][0]["rules_version"], 3);
});
