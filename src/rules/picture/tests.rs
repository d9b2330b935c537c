//! Pictures of the shipped funnel and of odd ones.

use super::layout::{ems, fitting, wrapped};
use super::{mermaid, svg};
use crate::rules::Rules;
use crate::values::Language;

const SHIPPED: &str = include_str!("../../../config/rules.yaml");

fn rules(text: &str) -> Rules {
    let checked = crate::rules::check(text, None);
    checked.rules.unwrap_or_else(|| panic!("{}", crate::rules::render::text(&checked.problems, "test", &[])))
}

fn draw(
    text: &str,
    language: &str,
    as_what: fn(&Rules, &crate::rules::model::Funnel, &[Language]) -> String,
) -> String {
    let rules = rules(text);
    as_what(&rules, &rules.funnels[0], &[Language::new(language)])
}

#[test]
fn the_shipped_funnel_in_both_languages() {
    insta::assert_snapshot!("shipped_en_svg", draw(SHIPPED, "en", svg));
    insta::assert_snapshot!("shipped_zh_svg", draw(SHIPPED, "zh", svg));
    insta::assert_snapshot!("shipped_en_mermaid", draw(SHIPPED, "en", mermaid));
    insta::assert_snapshot!("shipped_zh_mermaid", draw(SHIPPED, "zh", mermaid));
}

const ODD: &str = "format: 1
languages: [en]
currency: EUR
calendar: {time_zone: Europe/Berlin}
funnels:
  odd:
    label: 'A <b>\"bold\"</b> & odd; funnel'
    stages:
      - {id: end, kind: start}
      - {id: a, label: 'A & B <script>alert(1)</script>', enter: [{require: 'deal.product == \"x\"'}]}
      - {id: b}
      - {id: c, kind: won}
      - {id: d, kind: lost, reasons: [{id: r}]}
      - {id: e, kind: lost, reasons: [{id: r}]}
    moves:
      - {id: onward, from: any_open, to: later}
      - {id: back, from: any_open, to: earlier, reason: required}
      - {id: out, from: any_open, to: d}
      - {id: gone, from: any_open, to: e}
products: {x: {}}
roles:
  boss: {may: [{do: [deals.*, people.*, rules.*, rules.activate], scope: all}]}
first_administrator: [boss]
";

#[test]
fn an_odd_funnel_is_drawn_and_its_text_stays_text() {
    let drawn = draw(ODD, "en", svg);
    for bad in ["<script", "<b>", "\"bold\"", " & "] {
        assert!(!drawn.contains(bad), "{bad}");
    }
    assert_eq!(drawn.matches("<svg").count(), 1);
    insta::assert_snapshot!("odd_svg", drawn);
    let drawn = draw(ODD, "en", mermaid);
    assert!(!drawn.contains("<script") && !drawn.contains("odd; funnel"), "{drawn}");
    assert!(drawn.lines().all(|line| !line.trim_start().starts_with("end ")), "{drawn}");
}

/// Each element that is opened is closed: what a browser would say of it.
#[test]
fn the_svg_is_well_formed() {
    let tag = regex::Regex::new(r#"<(/?)([a-z]+)((?:\s+[A-Za-z-]+="[^"<]*")*)\s*(/?)>"#).unwrap();
    for (text, language) in [(SHIPPED, "zh"), (SHIPPED, "en"), (ODD, "en")] {
        let drawn = draw(text, language, svg);
        let mut open: Vec<String> = Vec::new();
        for found in tag.captures_iter(&drawn) {
            match (&found[1], &found[4]) {
                ("/", _) => assert_eq!(open.pop().as_deref(), Some(&found[2])),
                (_, "/") => {}
                _ => open.push(found[2].to_owned()),
            }
        }
        assert_eq!(open, Vec::<String>::new());
        let rest = tag.replace_all(&drawn, "");
        assert!(!rest.contains(['<', '>']), "{rest}");
    }
}

#[test]
fn text_is_measured_and_broken_where_it_may_be() {
    assert!(ems("签约客户") > 3.9 && ems("签约客户") < 4.1);
    assert!(ems("Signed") < 4.0);
    assert_eq!(wrapped("one two three", 5.0), ["one two", "three"]);
    assert_eq!(wrapped("资料已核实、公司概况、公司规模", 8.0), ["资料已核实、", "公司概况、", "公司规模"]);
    assert_eq!(wrapped("一二三四五六七八九十", 4.0), ["一二三四", "五六七八", "九十"]);
    assert_eq!(wrapped("", 5.0), Vec::<String>::new());
    assert_eq!(fitting("意向客户（商机）", 5.0), "意向客户…");
    assert_eq!(fitting("short", 9.0), "short");
}
