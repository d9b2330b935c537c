//! Figures beside Little's law, where they agree and where they do not; and what no write could satisfy.

use super::*;
use crate::rules::little::{FigureTable, Lacking, STAGES_AT_MOST, table};

fn figures(text: &str) -> FigureTable {
    let checked = check(text, monday());
    table(&checked.rules.unwrap_or_else(|| panic!("{}", render::text(&checked.problems, "rules.yaml", &english()))))
}

/// One line a funnel and one a stage, as they are told.
fn told(text: &str) -> Vec<String> {
    let all = figures(text);
    let lines = all.funnels.iter().flat_map(|funnel| {
        let stages = funnel.stages.iter().map(|stage| stage.message(&english()).render(&english()));
        std::iter::once(funnel.message().render(&english())).chain(stages)
    });
    lines.collect()
}

/// The shipped rules agree with the law, and say so with numbers that anybody can multiply.
#[test]
fn the_shipped_figures_stand_beside_the_law() {
    let expected = [
        "`standard`: Little's law, L = λ × W (https://doi.org/10.1287/opre.9.3.383): a seller holds what arrives each working day \
         × the working days it stays; intake each working day: 3",
        "`resource`: 3 a working day, 1 working days; ideal 10, warning above –, at most 30; 100 % go on; what is held is not \
         said: the start is dealt out in batches",
        "`graded`: 3 a working day × 1 working days = 3 held; ideal –, warning above –, at most –; 90 % go on",
        "`contacted`: 2.7 a working day × 5 working days = 13.5 held; ideal 13, warning above 16, at most 20; 50 % go on",
        "`lead`: 1.35 a working day × 5 working days = 6.75 held; ideal 7, warning above 9, at most 12; 30 % go on",
        "`intent`: 0.405 a working day × 5 working days = 2.025 held; ideal 2, warning above 4, at most 6; 10 % go on",
    ];
    let told = told(include_str!("../../../config/rules.yaml"));
    assert_eq!(told[..expected.len().min(told.len())], expected);
    let all = figures(include_str!("../../../config/rules.yaml"));
    assert!(all.funnels[0].stages.iter().all(|stage| stage.agrees != Some(false)));
}

#[test]
fn what_is_not_plain_is_named_and_not_reckoned_with() {
    // `SMALL` declares no intake: what it would have to be is told.
    let called =
        |text: &str| figures(text).funnels[0].stages.iter().find(|one| one.stage == *"called").unwrap().clone();
    let one = called(&small("{id: fresh, kind: start}", "{id: fresh, kind: start, rate: 50%}"));
    assert_eq!((one.held, one.agrees, one.lacking), (None, None, vec![Lacking::Intake]));
    assert_eq!(one.fitting_intake.map(|intake| intake.to_string()), Some("2".to_owned()));
    // No rate before it: nobody knows what arrives.
    let intake = "standard:\n    intake: {per_workday: 3}\n";
    let one = called(&small("standard:\n", intake));
    assert_eq!((one.arrivals, one.lacking), (None, vec![Lacking::Rate]));
    // Cases that differ are no figure.
    let text = small("standard:\n", intake).replace("kind: start}", "kind: start, rate: 100%}");
    let cases = text.replace("dwell: 5wd,", "dwell: [{when: 'deal.fits', is: 2wd}, {is: 5wd}],");
    assert_eq!(called(&cases).lacking, [Lacking::Dwell]);
    // 3 a day x 5 days = 15, and an ideal of 5: three times apart.
    let one = called(&text);
    assert_eq!((one.held.map(|held| held.normalize().to_string()), one.agrees), (Some("15".to_owned()), Some(false)));
    // A funnel without figures is not told of.
    let none = small(", dwell: 5wd, rate: 50%, holding: {ideal: 5}", "");
    assert_eq!(figures(&none), FigureTable::default());
}

/// Figures as large as they may be written, in as many stages as fit: nothing overflows, and the table stays short.
#[test]
fn the_table_is_bounded() {
    let mut funnels = String::new();
    for funnel in 0..50 {
        funnels.push_str(&format!("  f{funnel}:\n    intake: {{per_workday: 999999999}}\n    stages:\n"));
        funnels.push_str("      - {id: fresh, kind: start, rate: 0.0001%}\n");
        for stage in 0..20 {
            funnels.push_str(&format!(
                "      - {{id: s{stage}, dwell: 9999wd, rate: 0.0001%, holding: {{ideal: 999999}}}}\n"
            ));
        }
        funnels.push_str("      - {id: sold, kind: won}\n");
    }
    let from = SMALL.find("funnels:").unwrap();
    let until = SMALL.find("first_administrator").unwrap();
    let text = format!("{}funnels:\n{funnels}{}", &SMALL[..from], &SMALL[until..SMALL.find("scenarios:").unwrap()]);
    assert!(text.len() < 256 * 1024, "{}", text.len());
    let all = figures(&text);
    let stages: usize = all.funnels.iter().map(|funnel| funnel.stages.len()).sum();
    assert_eq!((stages, all.more), (STAGES_AT_MOST, 50 * 21 - STAGES_AT_MOST));
    let longest = told(&text).iter().map(String::len).max().unwrap();
    assert!(longest < 500, "{longest}");
}

#[test]
fn a_validation_that_no_values_satisfy_is_told() {
    let ahead = "{id: ahead, require: 'deal.visit_on >= today'}";
    let told = report(&small(ahead, "{id: odd, require: 'deal.target > money(5) && deal.target < money(3)'}"));
    assert!(told.contains("warning [cannot_hold]") && told.contains("at validations[0]"), "{told}");
    let never = "{id: odd, when: 'deal.target > money(5) && deal.target < money(3)', require: 'deal.fits'}";
    assert!(codes(&small(ahead, never)).contains(&"cannot_hold".to_owned()));
    assert!(!codes(SMALL).contains(&"cannot_hold".to_owned()));
}
