//! What expressions mean: unknown, money, text, time, lists.

use super::*;

fn all(cases: &[(&str, &str)]) {
    for (source, expected) in cases {
        assert_eq!(value(source), *expected, "{source}");
    }
}

#[test]
fn what_the_deck_asks() {
    all(&[
        ("customer.source in [\"trial\", \"inbound_call\"] || customer.size == \"large\" && deal.suitable", "true"),
        ("deal.sales_target > money(100000)", "false"),
        ("deal.sales_target >= money(100000)", "true"),
        ("deal.visit_on >= today", "true"),
        ("deal.grade != \"A\"", "false"),
        ("deal.state == 'won'", "false"),
        ("count(\"call\", \"reached\", \"20wd\") >= 3", "true"),
        ("customer.branch == user.branch", "true"),
        ("owner.holding(\"intent\") < 6", "true"),
        ("entered(\"contacted\") < add_workdays(now, -2)", "true"),
        ("customer.contacts.exists(c, c.role == \"decision_maker\" && has(c.phone))", "true"),
        ("move.to == \"intent\" && move.from != \"creation\"", "true"),
    ]);
}

#[test]
fn unknown_travels_through_every_operator() {
    let list = "customer.source deal.list_price deal.discoverer deal.demo_at";
    assert!(list.split(' ').all(|name| !known().values.contains_key(name)));
    all(&[
        ("customer.source == \"web\"", "missing customer.source"),
        ("customer.source != \"web\"", "missing customer.source"),
        ("!(customer.source == \"web\")", "missing customer.source"),
        ("customer.source in [\"web\"]", "missing customer.source"),
        ("deal.list_price > money(1)", "missing deal.list_price"),
        ("-deal.list_price > money(1)", "missing deal.list_price"),
        ("deal.list_price * 2 + deal.sales_target > money(1)", "missing deal.list_price"),
        ("deal.list_price > deal.sales_target * 0 || deal.demo_at > now", "missing deal.list_price, deal.demo_at"),
        ("deal.discoverer == user.id ? true : false", "missing deal.discoverer"),
        ("deal.suitable ? customer.source == \"web\" : true", "missing customer.source"),
        ("days(deal.demo_at, now) > 1", "missing deal.demo_at"),
        ("customer.email.contains(\"x\")", "missing customer.email"),
        ("customer.email.lower() == \"x\"", "missing customer.email"),
        ("customer.email.size() == 0", "missing customer.email"),
        ("last(\"visit\") < now", "missing last(\"visit\")"),
        ("entered(\"signed\") < now", "missing entered(\"standard/signed\")"),
        ("has(entered(\"signed\"))", "false"),
    ]);
}

#[test]
fn what_decides_alone_decides_beside_the_unknown() {
    let unknown = "customer.source == \"web\"";
    for (known, and, or) in [("true", "missing customer.source", "true"), ("false", "false", "missing customer.source")]
    {
        assert_eq!(value(&format!("{known} && {unknown}")), and);
        assert_eq!(value(&format!("{unknown} && {known}")), and);
        assert_eq!(value(&format!("{known} || {unknown}")), or);
        assert_eq!(value(&format!("{unknown} || {known}")), or);
    }
    all(&[
        ("deal.grade in [\"A\"] || customer.source in [\"web\"]", "true"),
        ("user.id in [deal.discoverer, deal.owner]", "true"),
        ("user.id in [deal.discoverer, deal.creator]", "missing deal.discoverer"),
    ]);
}

#[test]
fn present_and_missing() {
    all(&[
        ("has(customer.phone)", "true"),
        ("has(customer.email)", "false"),
        ("has(customer.source)", "false"),
        ("has(customer.verified)", "true"),
        ("!customer.verified", "true"),
        ("customer.source.orValue(\"web\") == \"web\"", "true"),
        ("customer.size.orValue(\"unknown\") == \"large\"", "true"),
        ("deal.list_price.orValue(deal.sales_target) == money(100000)", "true"),
        ("deal.list_price.orValue(money(0)) == money(0)", "true"),
        ("deal.demo_at.orValue(last(\"visit\")) < now", "missing deal.demo_at, last(\"visit\")"),
        ("has(last(\"call\"))", "true"),
        ("has(last(\"visit\"))", "false"),
    ]);
}

#[test]
fn numbers_are_exact_and_what_overflows_is_unknown() {
    all(&[
        ("0.1 + 0.2 == 0.3", "true"),
        ("deal.score == 7.5", "true"),
        ("deal.score * 2 == 15", "true"),
        ("7 / 2", "3"),
        ("-7 / 2", "-3"),
        ("-7 % 2", "-1"),
        ("7.0 / 2", "3.5"),
        ("count(\"call\") > 3.5", "true"),
        ("1 / 0", "unknown"),
        ("1 % 0 == 1", "unknown"),
        ("1.5 / 0.0 == 1.5", "unknown"),
        ("9223372036854775807 + 1 > 0", "unknown"),
        ("-9223372036854775807 - 1 < 0", "true"),
        ("(-9223372036854775807 - 1) / -1 > 0", "unknown"),
        ("9223372036854775807 * 2 != 0", "unknown"),
        ("7922816251426433759354395033.5 * 10 + 1 > 0", "unknown"),
        ("1 + 2 * 3 - 4 % 3 == 6", "true"),
        ("count(\"call\") > 3 ? 1 : 2.5", "1"),
    ]);
}

#[test]
fn money_rounds_half_to_even_and_never_mixes() {
    all(&[
        ("money(0.05) * 0.5", "0.02 CNY"),
        ("money(0.15) * 0.5", "0.08 CNY"),
        ("0.5 * money(0.05)", "0.02 CNY"),
        ("money(1) / 3", "0.33 CNY"),
        ("deal.sales_target / money(30000)", "3.3333333333333333333333333333"),
        ("deal.sales_target - money(1)", "99999.00 CNY"),
        ("-deal.sales_target", "-100000.00 CNY"),
        ("contract.amount + deal.sales_target > money(1)", "unknown"),
        ("contract.amount / deal.sales_target > 0", "unknown"),
        ("contract.amount == deal.sales_target", "unknown"),
        ("contract.amount != deal.sales_target", "unknown"),
        ("contract.amount == money(5, \"USD\")", "true"),
        ("deal.usd > money(0.5, \"USD\")", "true"),
        ("money(90071992547409) * 2 > money(0)", "unknown"),
        ("money(1) / 0 > money(0)", "unknown"),
        ("money(1) / money(0) > 0", "unknown"),
    ]);
}

#[test]
fn text_is_composed_and_case_sensitive() {
    all(&[
        ("customer.industry == \"制造业\"", "true"),
        ("customer.industry.size()", "3"),
        ("customer.name.contains(\"漏斗\")", "true"),
        ("customer.name.contains(\"ltd\")", "false"),
        ("customer.name.containsIgnoreCase(\"lTD\")", "true"),
        ("customer.name.lower().endsWith(\"ltd\")", "true"),
        ("customer.phone.startsWith(\"+86\")", "true"),
        ("customer.phone.matches(\"^[+]86[0-9]{11}$\")", "true"),
        ("customer.phone.matches(\"38\")", "true"),
        ("\"Cafe\u{301}\" == \"Café\"", "true"),
        ("'a\"b' == \"a\\\"b\"", "true"),
        ("\"\\u6f0f\" == \"漏\"", "true"),
    ]);
}

#[test]
fn lists() {
    all(&[
        ("customer.contacts.size()", "2"),
        ("customer.contacts.all(c, has(c.phone))", "false"),
        ("customer.contacts.all(c, c.phone.startsWith(\"+\"))", "missing customer.contacts"),
        ("customer.contacts.exists(c, c.phone == \"+861\")", "true"),
        ("customer.contacts.exists(c, c.email == \"x\")", "missing customer.contacts"),
        ("customer.contacts.exists(each, each.name == \"Li\" && count(\"call\") == 4)", "true"),
        ("\"vip\" in customer.tags", "true"),
        ("\"partner\" in customer.tags", "false"),
        ("customer.tags.size()", "2"),
        ("\"manager\" in user.roles", "false"),
        ("customer.branch in [user.branch, \"south\"]", "true"),
        ("count(\"call\") in [1, 2.0, 4]", "true"),
    ]);
}

#[test]
fn time() {
    all(&[
        ("today", "2026-03-02"),
        ("now - deal.entered_at > duration(\"12h\")", "true"),
        ("deal.entered_at + duration(\"1d\")", "2026-02-28T07:00:00.000000Z"),
        ("days(deal.created_at, now)", "10"),
        ("days(today, deal.visit_on)", "3"),
        ("workdays(deal.entered_at, now) > 0.44 && workdays(deal.entered_at, now) < 0.45", "true"),
        ("workdays(today, deal.visit_on)", "3"),
        ("workdays(date(\"2026-09-30\"), date(\"2026-10-11\"))", "4"),
        ("add_days(today, 30)", "2026-04-01"),
        ("add_workdays(today, 5)", "2026-03-09"),
        ("add_workdays(today, -1)", "2026-02-27"),
        ("add_workdays(now, 0.5)", "2026-03-02T06:30:00.000000Z"),
        ("add_workdays(timestamp(\"2026-02-27T15:00:00+08:00\"), 1)", "2026-03-02T07:00:00.000000Z"),
        ("start_of(\"quarter\", today)", "2026-01-01"),
        ("end_of(\"quarter\", today)", "2026-03-31"),
        ("start_of(\"week\", date(\"2026-03-01\"))", "2026-02-23"),
        ("end_of(\"month\", date(\"2028-02-10\"))", "2028-02-29"),
        ("end_of(\"year\", now)", "2026-12-31"),
        ("date(timestamp(\"2026-03-01T17:00:00Z\"))", "2026-03-02"),
        ("timestamp(today)", "2026-03-01T16:00:00.000000Z"),
        ("add_days(date(\"9999-12-31\"), 1) > today", "unknown"),
        ("add_days(today, 9223372036854775807) > today", "unknown"),
        ("timestamp(\"9999-12-31T00:00:00Z\") + duration(\"36525d\") > now", "unknown"),
        ("end_of(\"month\", date(\"9999-12-31\"))", "9999-12-31"),
        ("add_workdays(now, 99999999999999.0) > now", "true"),
        ("add_workdays(now, 99999999999999999.0) > now", "unknown"),
    ]);
}

#[test]
fn a_stage_is_named_with_its_funnel_outside_of_it() {
    let holds = |source: &str, words: &Vocabulary| {
        compile(source, &Type::Bool, Place::Decision, words).unwrap().holds(&known(), &calendar())
    };
    let (outside, inside) = (vocabulary(), in_funnel());
    assert_eq!(holds("deal.stage == \"standard/intent\"", &outside), Some(true));
    assert_eq!(holds("deal.stage == \"partners/intent\"", &outside), Some(false));
    assert_eq!(holds("deal.stage != \"partners/intent\"", &outside), Some(true));
    assert_eq!(holds("deal.stage in [\"partners/intent\", \"standard/intent\"]", &outside), Some(true));
    assert_eq!(holds("deal.stage == \"intent\"", &inside), Some(true));
    assert_eq!(holds("deal.stage in [\"lead\", \"signed\"]", &inside), Some(false));
    assert_eq!(holds("has(entered(\"standard/contacted\"))", &outside), Some(true));
    assert_eq!(holds("move.from == deal.stage", &inside), Some(false));
}

#[test]
fn an_expression_tells_what_it_reads_each_once() {
    let words = in_funnel();
    let source = "count(\"call\") > 1 && deal.grade == \"A\" && (has(deal.grade) || deal.stage == \"lead\") && now > last(\"call\")";
    let expression = compile(source, &Type::Bool, Place::Decision, &words).unwrap();
    let reads: Vec<String> = expression.reads().iter().map(Read::to_string).collect();
    assert_eq!(reads, ["count(\"call\")", "deal.grade", "deal.stage", "now", "last(\"call\")"]);
    assert_eq!(expression.source(), source);
}
