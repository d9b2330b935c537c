//! Changes of the shipped rules, each with what is said of it.

use super::{ChangeKind, diff, text, views};
use crate::rules::Rules;
use crate::values::Language;

const SHIPPED: &str = include_str!("../../../config/rules.yaml");

fn rules(text: &str) -> Rules {
    let checked = crate::rules::check(text, None);
    checked.rules.unwrap_or_else(|| panic!("{}", crate::rules::render::text(&checked.problems, "test", &[])))
}

/// The shipped rules with texts in the places of others.
fn changed(changes: &[(&str, &str)]) -> Rules {
    let mut text = SHIPPED.to_owned();
    for (of, with) in changes {
        assert!(text.contains(of), "{of}");
        text = text.replacen(of, with, 1);
    }
    rules(&text)
}

fn told(changes: &[(&str, &str)], language: &str) -> String {
    text(&diff(&rules(SHIPPED), &changed(changes)), &[Language::new(language)])
}

#[test]
fn the_same_rules_do_not_differ() {
    let (one, other) = (rules(SHIPPED), rules(SHIPPED));
    assert_eq!(diff(&one, &other), []);
    assert_eq!(text(&[], &[Language::new("en")]), "nothing differs\n");
}

#[test]
fn every_change_is_told_in_words() {
    let cases: &[(&str, &[(&str, &str)], &str)] = &[
        (
            "dwell",
            &[("dwell: 5wd", "dwell: [{when: 'deal.grade == \"A\"', is: 8wd}, {is: 5wd}]")],
            "~ stage `contacted`: target dwell 8wd (deal.grade == \"A\"), 5wd, was 5wd\n",
        ),
        (
            "two for a change",
            &[("\nfirst_administrator:", "\nactivation: {by_another: true}\nfirst_administrator:")],
            "~ the rules `rules`: two for a change of the rules yes, was no\n",
        ),
        ("rate", &[("rate: 30%", "rate: 35.5%")], "~ stage `lead`: target rate 35.5%, was 30%\n"),
        (
            "holding",
            &[("{ideal: 7, warn: 9, at_most: 12}", "{ideal: 8, at_most: 12}")],
            "~ stage `lead`: ideal holding 8, was 7\n~ stage `lead`: holding that warns gone, was 9\n",
        ),
        (
            "renamed",
            &[("{zh: 有线索客户, en: Lead}", "{zh: 线索, en: Lead}")],
            "~ stage `lead`: called “Lead / 线索”, was “Lead / 有线索客户”\n",
        ),
        (
            "criterion",
            &[(
                "{id: interested, activity: call, outcome: interested,",
                "{id: interested, activity: call, at_least: 2, within: 20wd,",
            )],
            "~ criterion `interested`: demands activity: call, at_least: 2, within: 20wd, was activity: call, outcome: interested, at_least: 1\n",
        ),
        (
            "mode",
            &[("{activity: material, mode: warn,", "{activity: material, enforce_from: 2027-03-01,")],
            "~ criterion `material`: mode enforce, was warn\n~ criterion `material`: enforced from 2027-03-01, there was none\n",
        ),
        (
            "move",
            &[(
                "from: intent, to: lead, by: [manager, director], reason: required",
                "from: intent, to: lead, by: [director], reason: required",
            )],
            "~ move `intent → lead`: only by director, was manager, director\n",
        ),
        (
            "field",
            &[(
                "understood: {type: text,",
                "budget: {type: money, label: {zh: 预算, en: Budget}}\n    understood: {type: text, max: 50,",
            )],
            "+ field of customers `budget` (Budget): new\n~ field of customers `understood`: longest 50, was 2000\n",
        ),
        (
            "choice",
            &[
                ("        newspaper: {zh: 报纸, en: Newspaper}\n", ""),
                ("trial: {zh: 试用, en: Trial}", "trial: {label: {zh: 试用, en: Trial}, retired: true}"),
            ],
            "~ choice `trial`: retired yes, was no\n- choice `newspaper` (Newspaper): gone\n",
        ),
        ("reason", &[("cooling: 40wd", "cooling: 60d")], "~ reason `unreachable`: cooling 60d, was 40wd\n"),
        (
            "unique",
            &[("[[customer.phone], [customer.name]]", "[[customer.phone]]")],
            "- identity of customers `name` (name): gone\n",
        ),
        (
            "grades",
            &[("when: 'customer.size in [\"large\", \"ordinary\"]'", "when: 'customer.size == \"ordinary\"'")],
            "~ grade `B`: applies if customer.size == \"ordinary\", was customer.size in [\"large\", \"ordinary\"]\n",
        ),
        (
            "calendar",
            &[("hours: 09:00-18:00", "hours: 08:30-17:30"), ("2026-10-01..2026-10-07", "2026-10-01..2026-10-08")],
            "~ calendar: hours 08:30-17:30, was 09:00-18:00\n~ calendar: free now, no longer worked: 2026-10-08\n",
        ),
        (
            "week",
            &[("[mon, tue, wed, thu, fri]", "[mon, tue, wed, thu]")],
            "~ calendar: workdays mon, tue, wed, thu, was mon, tue, wed, thu, fri\n",
        ),
    ];
    for (name, changes, expected) in cases {
        assert_eq!(told(changes, "en"), *expected, "{name}");
    }
}

#[test]
fn what_roles_may_do_is_compared_by_its_meaning() {
    let cases: &[(&str, &[(&str, &str)], &str)] = &[
        (
            "scope",
            &[("[{do: [deals.read, reports.read], scope: team}]", "[{do: [deals.read, reports.read], scope: all}]")],
            "~ role `trainer` (Trainer) may deals.read, reports.read on everybody's, was their team's\n",
        ),
        (
            "gained and lost",
            &[
                (
                    "{do: [people.read, people.write], scope: all}",
                    "{do: [people.read, people.write, reports.read], scope: all}",
                ),
                (
                    "{do: [deals.create, customers.read, customers.write], scope: team}",
                    "{do: [customers.read, customers.write], scope: team}",
                ),
            ],
            "- role `supporter` (Supporter) may no longer deals.create on their team's\n\
          + role `people_admin` (People administrator) may now reports.read on everybody's\n",
        ),
        (
            "fields",
            &[(
                "{do: [deals.read, customers.read], scope: team, hide: [customer.phone, customer.contacts]}",
                "{do: [deals.read, customers.read], scope: team, hide: [customer.contacts], mask: {customer.phone: {keep_last: 4}}}",
            )],
            "~ role `seller` (Seller), deals.read, customers.read on their team's: `customer.phone` is masked (keep_last: 4), was hidden\n",
        ),
        (
            "said in another way",
            &[(
                "{do: [deals.read, reports.read], scope: team}",
                "{do: [deals.read], scope: team}, {do: [reports.read], scope: team}",
            )],
            "nothing differs\n",
        ),
        (
            "never",
            &[(
                "- {do: [deals.write], when: 'deal.state == \"won\"'}",
                "- {do: [deals.write], when: 'deal.state != \"open\"'}",
            )],
            "- role `seller` (Seller) may now never deals.write where deal.state != \"open\"\n\
          + role `seller` (Seller): it is no longer said that it may never deals.write where deal.state == \"won\"\n",
        ),
    ];
    for (name, changes, expected) in cases {
        assert_eq!(told(changes, "en"), *expected, "{name}");
    }
}

#[test]
fn a_stage_comes_with_its_moves_and_goes_with_them() {
    let stage = "      - {id: proposal, label: {zh: 报价, en: Proposal}, dwell: 3wd}\n      - id: signed\n";
    let changes = [("      - id: signed\n", stage)];
    let there = text(&diff(&rules(SHIPPED), &changed(&changes)), &[Language::new("en")]);
    insta::assert_snapshot!(there);
    let back = diff(&changed(&changes), &rules(SHIPPED));
    assert!(back.iter().all(|change| change.kind == ChangeKind::Removed || change.kind == ChangeKind::Added));
    assert!(back.iter().any(|change| change.place == "funnels.standard.stages.proposal"));
}

#[test]
fn every_sentence_comes_in_both_languages() {
    let changes = [("rate: 30%", "rate: 35%"), ("{zh: 网站, en: Website}", "{zh: 建站, en: Website}")];
    assert_eq!(
        told(&changes, "zh"),
        "~ 产品 `website`：现称“Website / 建站”，原称“Website / 网站”\n~ 阶段 `lead`：目标转化率现为 35%，原为 30%\n"
    );
    let before = rules(SHIPPED);
    let after = changed(&changes);
    for change in diff(&before, &after) {
        for language in ["en", "zh"] {
            let text = change.message.render(&[Language::new(language)]);
            assert!(!text.contains("diff_") && !text.contains("{$"), "{text}");
        }
    }
}

#[test]
fn programs_get_place_code_and_values() {
    let changes = diff(&rules(SHIPPED), &changed(&[("rate: 30%", "rate: 35%")]));
    let json = serde_json::to_value(views(&changes, &[Language::new("en")])).unwrap();
    assert_eq!(
        json,
        serde_json::json!([{
            "place": "funnels.standard.stages.lead",
            "kind": "changed",
            "message": {"code": "diff_changed", "args": {
                "what": {"word": "diff_stage"}, "name": {"text": "lead"}, "property": {"word": "diff_rate"},
                "label": {"label": {"first": "zh", "texts": {"en": "Lead", "zh": "有线索客户"}}},
                "before": {"text": "30%"}, "after": {"text": "35%"}
            }},
            "text": "stage `lead`: target rate 35%, was 30%"
        }])
    );
}
