//! Rules in use, by HTTP: read, checked, replaced; what stands against a change changes nothing.

use crate::client::Seen;
use crate::company::Company;
use crate::on_both;
use loudou::cli::house::DEFAULT_RULES;
use serde_json::json;

const YAML: &str = "application/yaml";

fn post(company: &Company, path: &str, text: &str) -> Seen {
    company.server.call("POST", path).token(&company.token("ada")).text(YAML, text).send()
}

/// The shipped rules without their scenarios, which would notice the changes tried here.
fn unproved() -> String {
    DEFAULT_RULES.split("\nscenarios:").next().unwrap().to_owned() + "\n"
}

fn active(company: &Company) -> i64 {
    company.get("ada", "/v1/rules").body["number"].as_i64().unwrap()
}

on_both!(a_change_that_stands_against_something_changes_nothing, |company| {
    assert_eq!(active(company), 1);
    // Not rules, with the place.
    let wrong = DEFAULT_RULES.replace("kind: won", "kind: one");
    let seen = post(company, "/v1/rules/versions", &wrong);
    assert_eq!((seen.status, seen.code()), (422, "rules_invalid"), "{}", seen.text);
    assert!(!seen.faults().is_empty());
    let seen = post(company, "/v1/rules/versions", "a: [b");
    assert_eq!((seen.status, seen.code()), (422, "rules_invalid"), "{}", seen.text);
    // The same ones.
    let seen = post(company, "/v1/rules/versions", DEFAULT_RULES);
    assert_eq!((seen.status, seen.code()), (409, "rules_unchanged"));
    // A scenario that fails: nobody is contacted who was not reached, but now he is.
    let failing = DEFAULT_RULES
        .replace("id: reached, activity: call, outcome: reached", "id: reached, activity: call, outcome: interested");
    assert_ne!(failing, DEFAULT_RULES);
    let seen = post(company, "/v1/rules/versions", &failing);
    assert_eq!((seen.status, seen.code()), (422, "rules_invalid"), "{}", seen.text);
    assert_eq!(active(company), 1);
    let decisions = company.get("ada", "/v1/rules/versions");
    assert_eq!(decisions.body["data"].as_array().unwrap().len(), 1);
});

on_both!(what_is_in_use_cannot_be_left_out, |company| {
    company.person("li", &["seller"], Some("south"));
    company.person("tea", &["trainer"], None);
    company.deal("li", "华新门业");
    // The trainer's role, which somebody has.
    let block = regex::Regex::new(r"(?m)^  trainer:\n(?:    .*\n)+").unwrap();
    let without = block.replace(&unproved(), "").into_owned();
    assert_ne!(without, unproved());
    let seen = post(company, "/v1/rules/versions", &without);
    assert_eq!((seen.status, seen.code()), (409, "rules_in_use"), "{}", seen.text);
    assert_eq!(seen.faults(), ["/roles/trainer in_use"]);
    assert_eq!(active(company), 1);
});

on_both!(a_valid_change_rules_every_process_before_the_call_answers, |company| {
    company.person("li", &["seller"], Some("south"));
    let deal = company.deal("li", "华新门业");
    let other = company.another_process(&[]);
    let moves = format!("/v1/deals/{deal}/moves");
    other.get(&moves).token(&company.token("li")).expect(200);
    // Abandoning now wants nothing but a reason; let it want a phone call first.
    let stricter = unproved()
        .replace("        kind: lost\n", "        kind: lost\n        enter: [{id: tried, activity: call}]\n");
    assert_ne!(stricter, unproved());
    let seen = post(company, "/v1/rules/versions?comment=try%20first", &stricter);
    assert_eq!(seen.status, 201, "{}", seen.text);
    assert_eq!((seen.body["number"].as_i64(), seen.body["comment"].as_str()), (Some(2), Some("try first")));
    // Who, when and why is told of each version later, too.
    for path in ["/v1/rules", "/v1/rules/versions/2"] {
        let kept = company.get("ada", path).body;
        assert_eq!((&kept["author"], &kept["comment"]), (&json!(company.id("ada")), &json!("try first")), "{path}");
        let now = json!(company.now().to_string());
        assert_eq!((&kept["created_at"], &kept["activated_at"]), (&now, &now), "{path}");
    }
    let lost = json!({"to": "abandoned", "reason": "refused"});
    let refused = other.post(&moves, &lost).token(&company.token("li")).refused(422, "unmet");
    assert_eq!(refused.unmet(), ["tried"]);
    let decisions = company.get("li", &format!("/v1/deals/{deal}/decisions"));
    assert_eq!(decisions.body["data"][0]["rules_version"], 2);
    // Back to the first, under a new number; old versions read back.
    let back =
        company.server.post("/v1/rules/versions/1/activate", &json!({})).token(&company.token("ada")).expect(201);
    assert_eq!(back.body["number"], 3);
    let first = company.get("ada", "/v1/rules/versions/1");
    assert_eq!(first.body["text"].as_str(), Some(DEFAULT_RULES));
    other.post(&moves, &lost).token(&company.token("li")).expect(201);
});

on_both!(checking_tells_everything_and_changes_nothing, |company| {
    let wrong = DEFAULT_RULES.replace("kind: won", "kind: one").replace("workdays:", "workday:");
    let seen = post(company, "/v1/rules/check", &wrong);
    assert_eq!((seen.status, seen.body["accepted"].as_bool()), (200, Some(false)), "{}", seen.text);
    assert!(seen.body["problems"].as_array().unwrap().len() >= 2, "{}", seen.text);
    let seen = post(company, "/v1/rules/check", DEFAULT_RULES);
    assert_eq!(seen.body["accepted"], true, "{}", seen.text);
    assert_eq!(active(company), 1);
});

on_both!(who_may_not_read_or_change_rules_does_not, |company| {
    company.person("li", &["seller"], Some("south"));
    assert_eq!(company.get("li", "/v1/rules").status, 403);
    let seen = company.server.call("POST", "/v1/rules/versions").token(&company.token("li")).text(YAML, "x").send();
    assert_eq!((seen.status, seen.code()), (403, "not_permitted"));
    let words = company.get("li", "/v1/funnels");
    assert_eq!(words.body["funnels"][0]["stages"].as_array().unwrap().len(), 8);
});

on_both!(advice_comes_with_a_scenario_that_makes_it_go_away, |company| {
    let advice = |text: &str, language: &str| {
        let call = company.server.call("POST", "/v1/rules/drafts").token(&company.token("ada"));
        let seen = call.header("accept-language", language).text(YAML, text).expect(201);
        assert_eq!(seen.body["check"]["accepted"], true, "{}", seen.text);
        // Read again, the same.
        let path = format!("/v1/rules/drafts/{}", seen.body["id"].as_str().unwrap());
        let call = company.server.get(&path).token(&company.token("ada")).header("accept-language", language);
        let advice = seen.body["check"]["advice"].clone();
        assert_eq!(call.expect(200).body["check"]["advice"], advice);
        advice.as_array().unwrap().clone()
    };
    assert!(advice(DEFAULT_RULES, "en").is_empty());
    let from = DEFAULT_RULES.find("  - name: {zh: 表示兴趣即成线索").unwrap();
    let without = format!("{}\n", DEFAULT_RULES[..from].trim_end());
    let told = advice(&without, "en");
    let codes: Vec<&str> = told.iter().map(|one| one["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["pass_uncovered", "pass_uncovered"]);
    let line = DEFAULT_RULES.lines().position(|line| line.contains("id: interested, activity")).unwrap() + 1;
    assert_eq!((&told[0]["severity"], &told[0]["line"]), (&json!("advice"), &json!(line)));
    assert_eq!(told[0]["message"], "no scenario sees the criterion `interested` of `lead` met");
    assert_eq!(told[0]["scenario_passes"], true);
    assert!(advice(&without, "zh")[0]["message"].as_str().unwrap().contains("没有场景验证"));
    let pasted: String = told.iter().map(|one| one["scenario"].as_str().unwrap()).collect();
    assert!(advice(&format!("{without}{pasted}"), "en").is_empty());
    // It stands against nothing, and changes nothing.
    assert_eq!(active(company), 1);
});
