//! Advice: what no scenario shows, with a scenario that does; pasted, it passes.

use crate::engine::advice::{Advice, advise};
use crate::engine::scenarios::run;
use crate::rules::{check, render};
use crate::values::{Date, Language};
use std::sync::Arc;

const SHIPPED: &str = include_str!("../../../config/rules.yaml");
const SCHOOL: &str = include_str!("../../../config/examples/language_school.yaml");
const SUBSCRIPTION: &str = include_str!("../../../config/examples/software_subscription.yaml");

fn english() -> [Language; 1] {
    [Language::new("en")]
}

fn advised(text: &str) -> Vec<Advice> {
    let checked = check(text, Date::from_ymd_opt(2026, 3, 2));
    let said = render::text(&checked.problems, "rules.yaml", &english());
    let rules = Arc::new(checked.rules.unwrap_or_else(|| panic!("{said}")));
    let results = run(&rules);
    assert!(results.iter().all(|result| result.passed()), "{results:?}");
    advise(&rules, &results)
}

fn told(advice: &[Advice]) -> Vec<String> {
    let line = |one: &Advice| format!("{} {}: {}", one.line, one.message.code, one.message.render(&english()));
    advice.iter().map(line).collect()
}

/// Without its scenarios.
fn bare(text: &str) -> String {
    text[..text.find("\nscenarios:").unwrap() + 1].to_owned()
}

#[test]
fn the_shipped_files_leave_nothing_to_advise() {
    for text in [SHIPPED, SCHOOL, SUBSCRIPTION] {
        assert_eq!(told(&advised(text)), Vec::<String>::new());
    }
}

#[test]
fn every_scenario_that_is_proposed_can_be_pasted_and_passes() {
    for text in [SHIPPED, SCHOOL, SUBSCRIPTION] {
        let bare = bare(text);
        let advice = advised(&bare);
        assert!(advice.len() > 20, "{:?}", told(&advice));
        let pasted: Vec<&Advice> = advice.iter().filter(|one| one.scenario.is_some()).collect();
        let incomplete: Vec<&&Advice> =
            pasted.iter().filter(|one| one.scenario.as_ref().is_some_and(|scenario| !scenario.passes)).collect();
        assert!(incomplete.is_empty(), "{incomplete:#?}");
        for language in ["en", "zh"] {
            let wanted = [Language::new(language)];
            let items: String = pasted.iter().map(|one| one.scenario.as_ref().unwrap().text(&wanted)).collect();
            // All pasted together, nothing is left to show.
            assert_eq!(told(&advised(&format!("{bare}scenarios:\n{items}"))), Vec::<String>::new());
        }
    }
}

#[test]
fn what_cannot_be_made_up_still_reads_as_a_scenario() {
    let text = bare(SHIPPED).replace(
        "- {id: interested, activity: call, outcome: interested,",
        "- {id: odd, require: 'customer.name.size() == 37'}\n          - {id: interested, activity: call, outcome: interested,",
    );
    let advice = advised(&text);
    let odd = advice
        .iter()
        .find(|one| one.message.code == "pass_uncovered" && one.message.render(&english()).contains("odd"));
    let scenario = odd.and_then(|one| one.scenario.clone()).unwrap();
    assert!(!scenario.passes);
    let checked = check(&format!("{text}scenarios:\n{}", scenario.text(&english())), None);
    assert!(checked.rules.is_some(), "{}", render::text(&checked.problems, "", &english()));
}

#[test]
fn who_moves_without_seeing_or_writing_is_told() {
    let text = SHIPPED.replace(
        "      - {do: [customers.read, customers.write], scope: own}\n      - {do: [deals.read, customers.read], scope: team, hide: [customer.phone, customer.contacts]}",
        "      - {do: [customers.read, customers.write], scope: own, hide: [customer.verified], read_only: [customer.size]}",
    );
    assert_ne!(text, SHIPPED);
    let told = told(&advised(&text));
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told[0].contains("mover_cannot_read") && told[0].contains("`customer.verified`"), "{told:#?}");
    assert!(told[1].contains("mover_cannot_write") && told[1].contains("`customer.size`"), "{told:#?}");
}

/// A file as large as may be, with as much to try as fits: bounded in pieces and in trying.
#[test]
fn advice_on_a_large_file_is_bounded() {
    let mut fields = String::new();
    let mut stages = String::new();
    for n in 0..45 {
        fields.push_str(&format!("    f{n}: {{type: number}}\n"));
        stages.push_str(&format!("      - id: s{n}\n        enter:\n"));
        for m in 0..20 {
            stages.push_str(&format!(
                "          - {{id: c{m}, require: 'deal.f{n} > {m} || deal.f{} < {m} && deal.f{} != {m}'}}\n",
                (n + 1) % 45,
                (n + m) % 45
            ));
        }
    }
    let text = format!(
        "format: 1\nlanguages: [en]\ncurrency: CNY\ncalendar: {{time_zone: Asia/Shanghai}}\nfields:\n  deal:\n{fields}\
         funnels:\n  standard:\n    stages:\n      - {{id: fresh, kind: start}}\n{stages}      - {{id: sold, kind: won}}\n\
         \x20     - {{id: gone, kind: lost, reasons: [{{id: no_need}}]}}\n    moves:\n      - {{from: any_open, to: later}}\n      - {{from: \
         any_open, to: gone}}\n\
         first_administrator: [boss]\nroles: {{boss: {{may: [{{do: [deals.*, customers.*, people.*, rules.*, rules.activate], scope: all}}]}}}}\n"
    );
    assert!(text.len() < 256 * 1024, "{}", text.len());
    let advice = advised(&text);
    assert_eq!(advice.len(), crate::engine::advice::AT_MOST + 1);
    assert_eq!(advice.last().unwrap().message.code, "advice_more");
}
