//! The commands that a company tries on its rules file before anybody is held to it.

use serde_json::Value as Json;
use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loudou"));
    command.env_clear().current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

const RULES: &str = "config/rules.yaml";

/// The shipped rules with something else in them, as a file.
fn changed(folder: &tempfile::TempDir, of: &str, with: &str) -> String {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config/rules.yaml")).unwrap();
    assert!(text.contains(of), "{of}");
    let path = folder.path().join("rules.yaml");
    std::fs::write(&path, text.replace(of, with)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn check_tells_every_problem_at_its_place_as_text_and_as_json() {
    let folder = tempfile::tempdir().unwrap();
    let good = run(&["check", RULES]);
    assert!(good.status.success(), "{}", said(&good));
    let file = changed(&folder, "kind: won", "kind: one");
    let text = run(&["check", "--lang", "en", &file]);
    assert_eq!(text.status.code(), Some(1));
    let line = std::fs::read_to_string(&file).unwrap().lines().position(|line| line.contains("kind: one")).unwrap() + 1;
    assert!(said(&text).contains(&format!("{file}:{line}:")), "{}", said(&text));
    assert!(said(&text).contains("kind: one\n"), "{}", said(&text));
    let json = run(&["check", "--lang", "zh", "--json", &file]);
    assert_eq!(json.status.code(), Some(1));
    let problems: Json = serde_json::from_str(&said(&json)).unwrap();
    let problems = problems.as_array().unwrap();
    assert!(problems.len() >= 2, "{problems:?}");
    let word = problems.iter().find(|one| one["code"] == "unknown_word").unwrap();
    assert_eq!((&word["severity"], &word["line"]), (&Json::from("error"), &Json::from(line)));
    assert!(word["message"].as_str().unwrap().contains("这里不认识"), "{word}");
    let missing = run(&["check", "/nowhere.yaml"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8(missing.stderr).unwrap().starts_with("cannot read /nowhere.yaml: "));
}

#[test]
fn the_scenarios_of_a_file_run_and_one_that_fails_is_told_with_its_line() {
    let good = run(&["test", "--lang", "en", RULES]);
    assert!(good.status.success() && said(&good).contains(" 0 failed"), "{}", said(&good));
    let folder = tempfile::tempdir().unwrap();
    let file = changed(
        &folder,
        "id: reached, activity: call, outcome: reached",
        "id: reached, activity: call, outcome: interested",
    );
    let failing = run(&["test", "--lang", "en", &file]);
    assert_eq!(failing.status.code(), Some(1));
    assert!(said(&failing).contains("FAILED") && !said(&failing).contains(" 0 failed"), "{}", said(&failing));
    let broken = run(&["test", "--lang", "en", &changed(&folder, "kind: won", "kind: one")]);
    assert!(broken.status.code() == Some(1) && said(&broken).contains("kind: one"), "{}", said(&broken));
}

#[test]
fn a_file_that_is_no_text_and_a_reader_who_has_gone_are_no_accidents() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rules.yaml");
    std::fs::write(&path, b"format: 1\ncountry: \xff").unwrap();
    for command in ["check", "test"] {
        let output = run(&[command, "--lang", "en", path.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1));
        assert!(said(&output).contains("rules.yaml:2:10: error [not_utf8]"), "{}", said(&output));
    }
    // Nobody reads what is said.
    for arguments in [&["keys"][..], &["schema"], &["openapi"], &["check", "--json", RULES], &["test", RULES]] {
        let (reading, writing) = std::io::pipe().unwrap();
        drop(reading);
        let mut command = Command::new(env!("CARGO_BIN_EXE_loudou"));
        command.env_clear().current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).stdout(writing);
        let ended = command.output().unwrap();
        let told = String::from_utf8(ended.stderr).unwrap();
        assert!(ended.status.code().is_some() && !told.contains("panicked"), "{arguments:?}: {told}");
    }
}

#[test]
fn the_schema_and_the_meaning_of_keys_are_printed() {
    let schema = run(&["schema"]);
    assert!(schema.status.success() && said(&schema) == include_str!("../../openapi/rules.schema.json"));
    for (language, word) in [("en", "ideal"), ("zh", "持有")] {
        let keys = run(&["keys", "--lang", language, "stages.holding"]);
        assert!(keys.status.success() && said(&keys).contains(word), "{}", said(&keys));
    }
    assert!(said(&run(&["keys"])).lines().count() > 100);
    let nothing = run(&["keys", "no_such_key"]);
    assert_eq!(nothing.status.code(), Some(1));
    assert_eq!(String::from_utf8(nothing.stderr).unwrap(), "there is no key `no_such_key`\n");
}

#[test]
fn diff_tells_what_a_change_means_and_ends_as_diff_does() {
    let folder = tempfile::tempdir().unwrap();
    let after = changed(&folder, "rate: 30%", "rate: 35%");
    let same = run(&["diff", "--lang", "en", RULES, RULES]);
    assert_eq!((same.status.code(), said(&same).as_str()), (Some(0), "nothing differs\n"));
    let differs = run(&["diff", "--lang", "en", RULES, &after]);
    assert_eq!(differs.status.code(), Some(1));
    assert_eq!(said(&differs), "~ stage `lead`: target rate 35%, was 30%\n");
    let json: Json = serde_json::from_str(&said(&run(&["diff", "--json", "--lang", "zh", RULES, &after]))).unwrap();
    assert_eq!(json[0]["place"], "funnels.standard.stages.lead");
    assert_eq!(json[0]["text"], "阶段 `lead`：目标转化率现为 35%，原为 30%");
    let faulty = changed(&folder, "rate: 30%", "rate: 3");
    let refused = run(&["diff", "--lang", "en", RULES, &faulty]);
    assert_eq!((refused.status.code(), said(&refused).as_str()), (Some(2), ""));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("[not_a_share]"));
}

#[test]
fn picture_draws_a_funnel_of_the_file() {
    let svg = run(&["picture", RULES]);
    assert!(svg.status.success() && said(&svg).starts_with("<svg "), "{}", said(&svg));
    // In the first language of the file, unless another is wanted.
    assert!(said(&svg).contains("<title id=\"title\">标准漏斗</title>"));
    let mermaid = run(&["picture", RULES, "--funnel", "standard", "--format", "mermaid", "--language", "en"]);
    assert!(said(&mermaid).starts_with("flowchart TD\n  accTitle: Standard funnel\n"), "{}", said(&mermaid));
    let none = run(&["picture", RULES, "--funnel", "other"]);
    assert_eq!(none.status.code(), Some(1));
    let fault = String::from_utf8(none.stderr).unwrap();
    assert_eq!(fault, "there is no funnel `other` in config/rules.yaml; there are `standard`\n");
}

#[test]
fn check_advises_without_refusing() {
    let folder = tempfile::tempdir().unwrap();
    let file = changed(
        &folder,
        "id: interested, activity: call, outcome: interested",
        "id: keen, activity: call, outcome: interested",
    );
    // The scenarios speak of it by its id.
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text.split("\nscenarios:").next().unwrap().to_owned() + "\n";
    std::fs::write(&file, &text).unwrap();
    let output = run(&["check", "--lang", "en", &file]);
    assert!(output.status.success());
    let told = said(&output);
    let line = text.lines().position(|line| line.contains("id: keen")).unwrap() + 1;
    assert!(
        told.contains(&format!("{file}:{line}: advice [refusal_uncovered]: no scenario sees the criterion `keen`"))
    );
    assert!(told.contains("    do: {move: lead, by: seller}\n    expect: {refused: [keen]}\n"), "{told}");
    let json = run(&["check", "--json", "--lang", "zh", &file]);
    let all: Json = serde_json::from_str(&said(&json)).unwrap();
    let keen =
        all.as_array().unwrap().iter().find(|one| one["code"] == "refusal_uncovered" && one["line"] == line).unwrap();
    assert_eq!((&keen["severity"], &keen["scenario_passes"]), (&Json::from("advice"), &Json::from(true)));
    // Little's law, with what would make the figures agree.
    let file = changed(&folder, "holding: {ideal: 7, warn: 9, at_most: 12}", "holding: {ideal: 70}");
    let told = said(&run(&["check", "--lang", "en", &file]));
    assert!(told.contains("1.35 a day x 5 days = 6.75: 10.4 times apart"), "{told}");
    assert!(told.contains("an ideal of 6.75, a dwell of 51.85wd"), "{told}");
}

#[test]
fn check_tells_what_figures_mean_together() {
    // Who only asks what is wrong is not told them.
    assert!(!said(&run(&["check", "--lang", "en", RULES])).contains("Little"));
    let told = said(&run(&["check", "--figures", "--lang", "en", RULES]));
    assert!(
        told.contains(&format!("{RULES}: figures: `standard`: Little's law, L = λ × W (https://doi.org/")),
        "{told}"
    );
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config/rules.yaml")).unwrap();
    let line = text.lines().position(|line| line.contains("- id: contacted")).unwrap() + 1;
    let contacted = "`contacted`: 2.7 a working day × 5 working days = 13.5 held; ideal 13, warning above 16, at most 20; 50 % go on";
    assert!(told.contains(&format!("{RULES}:{line}: figures: {contacted}\n")), "{told}");
    let json = run(&["check", "--json", "--lang", "zh", RULES]);
    let all: Json = serde_json::from_str(&said(&json)).unwrap();
    let one = all.as_array().unwrap().iter().find(|one| one["stage"] == "contacted").unwrap();
    assert_eq!(
        (&one["severity"], &one["code"], &one["line"]),
        (&"figures".into(), &"figures_stage".into(), &line.into())
    );
    assert_eq!((&one["holding"], &one["ideal"], &one["agrees"]), (&"13.5".into(), &"13".into(), &true.into()));
    assert!(one["message"].as_str().unwrap().contains("持有 13.5 个"), "{one}");
}
