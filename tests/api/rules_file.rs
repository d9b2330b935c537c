//! Rules that come from the file: a changed one is taken, a bad one keeps the last good rules, an older one is left.

use crate::company::{Company, RUNTIME};
use crate::on_both;
use loudou::cli::house::DEFAULT_RULES;
use loudou::jobs::rules_file::{Look, RulesFile};
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
    write(&second);
    assert_eq!(look(&mut process(company, &path), company), Look::Unchanged);
    // Nobody else changes them.
    let call = company.server.call("POST", "/v1/rules/versions").token(&company.token("ada"));
    call.text("application/yaml", DEFAULT_RULES).refused(409, "rules_from_file");
});
