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

/// A small company with these fields and validations, in which `boss` may do everything and `seller` writes what is theirs.
fn validating(fields: &str, validations: &str) -> String {
    format!(
        "format: 1\nlanguages: [en]\ncurrency: CNY\ncalendar: {{time_zone: Asia/Shanghai}}\nfields:\n{fields}\nproducts: {{website: \
         {{label: Website}}, shop: {{label: Shop}}}}\ngrades: [{{id: A, when: 'customer.size == \"large\"'}}, {{id: B}}]\n\
         validations:\n{validations}\nfunnels:\n  standard:\n    stages:\n      - {{id: fresh, kind: start}}\n      - {{id: \
         lead}}\n      - {{id: sold, kind: won}}\n      - {{id: gone, kind: lost, reasons: [{{id: no_need}}]}}\n    moves: [forward, {{from: any_open, to: gone}}]\n\
         first_administrator: [boss]\nroles:\n  seller: {{may: [{{do: [deals.*, customers.*], scope: own}}]}}\n  boss: {{may: [{{do: \
         [deals.*, customers.*, pool.*, reports.read, people.*, rules.*, rules.activate], scope: all}}]}}\n"
    )
}

const FIELDS: &str = "  customer:\n    size: {type: choice, of: [small, large]}\n    phone: {type: phone}\n  deal:\n    amount: {type: money}\n    \
     seats: {type: number}\n    visit_on: {type: date}\n    word: {type: text, max: 20}";

/// Each way a validation can be asked: a field of the deal, of its customer, both together, the product, the grade, in one
/// stage only, only for some, with others that stand against the same write, only warning, and enforced from a later day.
const VALIDATIONS: [&str; 9] = [
    "{id: ahead, require: 'deal.visit_on >= today'}",
    "{id: known, require: 'customer.size == \"large\" || has(customer.phone)'}",
    "{id: worth_it, when: 'customer.size == \"large\"', require: 'deal.amount >= money(5000)'}",
    "{id: no_shop, when: 'deal.stage == \"standard/lead\"', require: 'deal.product != \"shop\"'}",
    "{id: graded_well, require: 'deal.grade == \"A\"'}",
    "{id: few, require: 'deal.seats <= 10 || \"boss\" in user.roles'}",
    "{id: some, require: 'deal.seats >= 2'}",
    "{id: short, require: 'deal.word != \"long\"', mode: warn}",
    "{id: not_late, require: 'deal.word != \"late\"', enforce_from: 2099-04-01}",
];

#[test]
fn every_validation_gets_a_write_that_it_refuses_and_one_that_it_lets_through() {
    let lines: String = VALIDATIONS.iter().map(|one| format!("  - {one}\n")).collect();
    let text = validating(FIELDS, lines.trim_end());
    let advice = advised(&text);
    let of_validations: Vec<&Advice> =
        advice.iter().filter(|one| one.message.code.ends_with("_uncovered_of_validation")).collect();
    assert_eq!(of_validations.len(), 2 * VALIDATIONS.len(), "{:#?}", told(&advice));
    for one in &of_validations {
        let scenario = one.scenario.as_ref().unwrap();
        assert!(scenario.passes, "{}", scenario.text(&english()));
        // Each by itself makes its own gap go away, and no other comes.
        let with = format!("{text}scenarios:\n{}", scenario.text(&english()));
        let left = told(&advised(&with));
        let same = |line: &String| line.contains(&one.message.render(&english()));
        assert!(!left.iter().any(same), "{with}\n{left:#?}");
    }
    let items: String = advice.iter().filter_map(|one| Some(one.scenario.as_ref()?.text(&english()))).collect();
    assert_eq!(told(&advised(&format!("{text}scenarios:\n{items}"))), Vec::<String>::new());
}

#[test]
fn a_validation_that_no_write_can_show_still_reads_as_a_scenario() {
    let text = validating(FIELDS, "  - {id: odd, require: 'deal.word.size() == 17'}");
    let advice = advised(&text);
    let odd = advice.iter().find(|one| one.message.code == "pass_uncovered_of_validation").unwrap();
    let scenario = odd.scenario.clone().unwrap();
    assert!(!scenario.passes);
    let checked = check(&format!("{text}scenarios:\n{}", scenario.text(&english())), None);
    assert!(checked.rules.is_some(), "{}", render::text(&checked.problems, "", &english()));
}

/// What is only recorded, and what nobody ever writes, is no gap.
#[test]
fn what_no_scenario_can_expect_of_a_validation_is_not_advised() {
    let validations =
        "  - {id: noted, require: 'deal.seats >= 2', mode: audit}\n  - {id: begun, require: 'deal.created_at <= now'}";
    let told = told(&advised(&validating(FIELDS, validations)));
    assert!(!told.iter().any(|line| line.contains("_of_validation")), "{told:#?}");
}

/// A criterion that is enforced from a later day only warns on the day of the scenarios: it is shown to warn.
#[test]
fn what_only_warns_is_shown_to_warn() {
    let text = bare(SHIPPED).replace(
        "- {id: interested, activity: call, outcome: interested,",
        "- {id: interested, activity: call, outcome: interested, enforce_from: 2099-04-01,",
    );
    assert_ne!(text, bare(SHIPPED));
    let advice = advised(&text);
    let one = advice
        .iter()
        .find(|one| one.message.code == "refusal_uncovered" && one.message.render(&english()).contains("`interested`"));
    let scenario = one.unwrap().scenario.clone().unwrap();
    assert!(
        scenario.passes && scenario.text(&english()).contains("warned: [interested]"),
        "{}",
        scenario.text(&english())
    );
}

/// As many validations as fit, each over many fields: bounded in pieces and in trying.
#[test]
fn advice_on_many_validations_is_bounded() {
    let fields: String = (0..190).map(|n| format!("    f{n}: {{type: number}}\n")).collect();
    let one = |n: usize| {
        let parts: Vec<String> = (0..12).map(|m| format!("deal.f{} > {m}", (n * 7 + m * 13) % 190)).collect();
        format!("  - {{id: v{n}, when: 'deal.state == \"lost\"', require: '{}'}}\n", parts.join(" && "))
    };
    let mut validations = String::new();
    let mut n = 0;
    while fields.len() + validations.len() < 180 * 1024 && n < 200 {
        validations.push_str(&one(n));
        n += 1;
    }
    let text = validating(
        &format!("  customer:\n    size: {{type: choice, of: [small, large]}}\n  deal:\n{fields}"),
        validations.trim_end(),
    );
    let checked = check(&text, Date::from_ymd_opt(2026, 3, 2));
    let said = render::text(&checked.problems, "rules.yaml", &english());
    let rules = Arc::new(checked.rules.unwrap_or_else(|| panic!("{said}")));
    let advice = advise(&rules, &run(&rules));
    assert!(advice.len() <= crate::engine::advice::AT_MOST + 1, "{}", advice.len());
}
