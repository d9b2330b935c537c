//! Every problem that the checker can tell: the smallest change of the small file that makes it, and what is told.

use super::*;
use std::fmt::Write as _;

/// What is said in the small file, and what is said instead.
const CHANGES: &[(&str, &str)] = &[
    // The file and its YAML
    ("format: 1", "--- \nformat: 1\n---\na: 1"),
    ("[{id: A, when: 'deal.fits'}", "[&a {id: A, when: 'deal.fits'}, *a"),
    ("'deal.fits'", "!deal.fits"),
    ("'deal.fits'", "! deal.fits"),
    ("'deal.fits'", "!!str deal.fits"),
    ("{id: C}", "{<<: {id: C}}"),
    ("{id: fresh, kind: start}", "{id: fresh, kind: start, kind: open}"),
    ("products: [website]", "? [a]\n: 1"),
    ("    stages:", "\tstages:"),
    ("[website]", "[website"),
    ("[website]", "'website"),
    ("[website]", "'web' site"),
    ("  standard:", "   x: 1\n  standard:"),
    ("[website]", "website: a: b"),
    ("[website]", "@website"),
    ("format: 1", "%YAML 1.2\n---\nformat: 1"),
    ("products: [website]", "products"),
    ("[website]", "[website]]"),
    ("[website]", "[website, -]"),
    ("'deal.fits'", "[deal.fits]"),
    ("'deal.fits'", "{deal.fits ? 1: 2}"),
    ("{id: fresh, kind: start}", "{id: fresh, kind: start, label: {en: , zh: ~}}"),
    // Newcomers' slips
    ("{id: fresh, kind: start}", "{id: fresh，kind: start}"),
    ("currency: CNY", "currency：CNY"),
    ("{id: fresh, kind: start}", "{id: fresh, kind: start, label: {zh：新}}"),
    ("'deal.fits'", "“deal.fits”"),
    ("deal.fits'", "deal.target ＞ money(1)'"),
    ("[website]", "[website，seo]"),
    ("{id: fresh, kind: start}", "{id: fresh, kind: start, label: {en: Fresh, new ones}}"),
    ("{id: fresh, kind: start}", "{id: fresh, kind: start, state: Fresh, new ones}"),
    ("      - {id: fresh, kind: start}", "      - id: fresh\n        kind: start\n        label: Group #1"),
    ("      - {id: fresh, kind: start}", "      - id: fresh\n        kind: start\n        label: Group #1 of 2"),
    ("{id: fresh, kind: start}", "{id: fresh, kind: start, label: Group #1}"),
    (
        "{id: ahead, require: 'deal.visit_on >= today'}",
        "\n  id: ahead\n  require: deal.visit_on >= today # && deal.fits\n",
    ),
    (
        "[{id: ahead, require: 'deal.visit_on >= today'}]",
        "\n  - id: ahead\n    require: deal.visit_on >= today # && deal.fits",
    ),
    ("[{id: ahead, require: 'deal.visit_on >= today'}]", "\n  - id: ahead\n    require: deal.fits ? true: false"),
    ("outcomes: [reached]", "outcomes: [yes, no]"),
    ("{type: bool}", "{type: bool, required: yes}"),
    ("'deal.fits'", "'deal.target > 100000'"),
    // Keys and values
    ("{id: fresh, kind: start}", "{id: fresh, knd: start}"),
    ("format: 1", "colour: red\nformat: 1"),
    ("currency: CNY\n", ""),
    ("products: [website]", "products:"),
    ("products: [website]", "limits: []"),
    ("    moves:", "    deadlines: []\n    pool: {}\n    moves:"),
    ("languages: [en, zh]", "languages: en"),
    ("calendar: {time_zone: Asia/Shanghai}", "calendar: [Asia/Shanghai]"),
    ("stages:\n", "stages: {}\n    other:\n"),
    ("format: 1", "format: '1'"),
    ("format: 1", "format: 2"),
    ("format: 1", "format: one"),
    ("languages: [en, zh]", "languages: []"),
    ("languages: [en, zh]", "languages: [en, en, Chinese]"),
    ("currency: CNY", "currency: cny"),
    ("currency: CNY", "country: china\ncurrency: CNY"),
    ("products: [website]", "products: [website, website]"),
    ("products: [website]", "products: [Web site, 网站, 1a, A]"),
    ("products: [website]", "products: [for, origin]"),
    ("id: reached, activity", "id: holding, activity"),
    ("fits: {type: bool}", "fits: {type: bool}, stage: {type: bool}"),
    ("customer: {name: {type: text}", "customer: {contacts: {type: text}, name: {type: text}"),
    ("type: bool", "type: boolean"),
    ("{id: fresh, kind: start}", "{id: fresh, kind: start, retired: maybe}"),
    ("{id: fresh, kind: start}", "{id: fresh, kind: start, label: {de: Neu}}"),
    ("{id: fresh, kind: start}", "{id: fresh, kind: start, label: ' '}"),
    ("{id: fresh, kind: start}", "{id: fresh, kind: start, label: \"a\\u0007b\"}"),
    ("{id: fresh, kind: start}", "{id: fresh, kind: start, label: \"a\\u202Eb\"}"),
    ("rate: 50%", "rate: 0.5"),
    ("rate: 50%", "rate: 150%"),
    ("rate: 50%", "rate: half"),
    ("dwell: 5wd", "dwell: 0wd"),
    ("dwell: 5wd", "dwell: 5d"),
    ("dwell: 5wd", "dwell: 5"),
    ("ideal: 5", "ideal: .inf"),
    ("ideal: 5", "ideal: .nan"),
    ("ideal: 5", "ideal: -1"),
    ("ideal: 5", "at_most: 0"),
    // Head
    ("Asia/Shanghai}", "Asia/Shangai}"),
    ("Asia/Shanghai}", "Asia/Shanghai, hours: 9-18}"),
    ("Asia/Shanghai}", "Asia/Shanghai, workdays: [mon, mon, tues]}"),
    ("Asia/Shanghai}", "Asia/Shanghai, workdays: []}"),
    ("Asia/Shanghai}", "Asia/Shanghai, holidays: [2026-13-01, 2026-10-07..2026-10-01]}"),
    ("Asia/Shanghai}", "Asia/Shanghai, holidays: [2025-10-01]}"),
    // Fields and lists
    ("{type: bool}", "{type: bool, of: [a]}"),
    ("{type: choice, of: [large, small]}", "{type: choice}"),
    ("{type: choice, of: [large, small]}", "{type: choice, of: []}"),
    ("{target: {type: money}", "{target: {type: money, value: true}, other: {type: money, value: true}"),
    ("customer: {name: {type: text}", "customer: {worth: {type: money, value: true}, name: {type: text}"),
    ("{type: bool}", "{type: bool, required: true, retired: true}"),
    ("{type: text}", "{type: text, pattern: '(['}"),
    ("{type: text}", "{type: text, max: 0}"),
    ("[[customer.name]]", "[[customer.nam], [deal.fits], [customer.name, customer.name], []]"),
    // Criteria and conditions
    ("{id: reached, activity: call}", "{id: reached}"),
    ("{id: reached, activity: call}", "{id: reached, approval: boss}"),
    ("{id: reached, activity: call}", "{activity: call, contract: paid}"),
    ("[{id: reached, activity: call}]", "[{activity: call}, {activity: call, at_least: 2}]"),
    ("{id: reached, activity: call}", "{id: reached, contract: paid, within: 5wd}"),
    ("{id: reached, activity: call}", "{id: reached, activity: call, different: people}"),
    ("{id: reached, activity: call}", "{id: reached, activity: cal}"),
    ("{id: reached, activity: call}", "{id: reached, activity: mail, outcome: reached}"),
    ("{id: reached, activity: call}", "{id: reached, activity: call, outcome: reachd}"),
    ("{id: reached, activity: call}", "{id: reached, activity: call, at_least: 0}"),
    ("{id: reached, activity: call}", "{id: reached, dwelt: fresh}"),
    ("{id: reached, activity: call}", "{id: reached, contract: payed}"),
    ("{id: reached, activity: call}", "{id: reached, has: [deal.stage, deal.fits, deal.fits]}"),
    ("{id: reached, activity: call}", "{id: reached, has: [phone, deal.fit]}"),
    ("{id: reached, activity: call}", "{id: reached, require: 'deal.grade == \"A\" && deal.grade == \"C\"'}"),
    ("{id: reached, activity: call}", "{id: reached, require: 'true'}"),
    ("{id: reached, activity: call}", "{id: reached, require: 'deal.grade == \"B\"'}"),
    ("{id: reached, activity: call}", "{id: reached, activity: call, when: 'false'}"),
    ("{id: reached, activity: call}", "{id: reached, activity: call, when: '1 == 1'}"),
    ("{id: reached, activity: call}", "{id: reached, activity: call, mode: warn, enforce_from: 2027-03-01}"),
    ("{id: reached, activity: call}", "{id: reached, activity: call, enforce_from: 1.3.2027}"),
    ("{id: reached, activity: call}", "reachd"),
    ("format: 1", "criteria: {spare: {contract: paid}}\nformat: 1"),
    ("require: 'deal.visit_on >= today'", "require: 'user.active'"),
    ("{id: ahead, require", "{id: ahead, require: 'deal.fits'}, {id: ahead, require"),
    ("{id: A, when: 'deal.fits'}, {id: C}", "{id: C}, {id: A, when: 'deal.fits'}"),
    ("{id: A, when: 'deal.fits'}, {id: C}", "{id: A, when: 'deal.fits'}, {id: B, when: 'deal.fits'}, {id: C}"),
    ("{id: A, when: 'deal.fits'}, {id: C}", "{id: A, when: 'deal.fits'}"),
    ("dwell: 5wd", "dwell: [{when: 'deal.fits', is: 8wd}, {when: '!deal.fits', is: 5wd}]"),
    ("dwell: 5wd", "dwell: [{is: 8wd}, {is: 5wd}]"),
    // Funnels, stages, moves
    ("      - {id: fresh, kind: start}\n", ""),
    ("id: called, dwell", "id: called, kind: start, dwell"),
    ("      - {id: sold, kind: won}\n", ""),
    ("{id: fresh, kind: start}", "{id: fresh, kind: start, retired: true}"),
    ("{id: fresh, kind: start}", "{id: fresh, kind: start, enter: [{contract: paid}]}"),
    ("      - {id: fresh, kind: start}\n", "      - {id: soon}\n      - {id: fresh, kind: start}\n"),
    ("{id: sold, kind: won}", "{id: sold, kind: won, dwell: 5wd}"),
    ("{id: sold, kind: won}", "{id: sold, kind: won, reasons: [{id: x}]}"),
    (", reasons: [{id: no_need}]", ""),
    ("    stages:", "    intake: {per_workday: 0}\n    stages:"),
    ("holding: {ideal: 5}", "holding: {ideal: 5, warn: 4}"),
    ("rate: 50%", "methods: [drect], rate: 50%"),
    ("{from: any_open, to: gone}", "{from: any_open, to: gone}, {from: any_open, to: gone}"),
    ("{from: any_open, to: gone}", "{from: any_open, to: gone}, {from: called, to: called}"),
    ("{from: any_open, to: gone}", "{from: any_open, to: gone}, {from: fresh, to: earlier}"),
    ("{from: any_open, to: gone}", "{from: any_open, to: gone}, {from: called, to: origin}"),
    ("{from: any_open, to: gone}", "{from: any_open, to: gone}, {from: creation, to: gone}"),
    ("{from: any_open, to: gone}", "{from: any_open, to: gone}, {from: gone, to: sold}"),
    ("{from: any_open, to: gone}", "{from: any_open, to: gone}, {from: called, to: solt, by: [bos]}"),
    ("{from: any_open, to: gone}", "{from: any_open, to: gone}, forwards"),
    ("moves: [forward, {from: any_open, to: gone}]", "moves: [forward]"),
    (
        "moves: [forward, {from: any_open, to: gone}]",
        "moves: [{from: fresh, to: called}, {from: fresh, to: sold}, {from: fresh, to: gone}]",
    ),
    // Roles
    ("reports.read", "reports.red, pool.claim, approvals.*"),
    ("roles:\n", "roles:\n  seller: {may: [{do: [pool.read], scope: own}]}\n"),
    ("roles:\n", "roles:\n  seller: {may: [{do: [people.read], scope: all, when: 'deal.fits'}]}\n"),
    ("roles:\n", "roles:\n  seller: {may: [{do: [deals.read], scope: all, hide: [deal.stage, deal.fit]}]}\n"),
    (
        "roles:\n",
        "roles:\n  seller: {may: [{do: [deals.read], scope: all, mask: {deal.fits: year, customer.name: {keep_first: 1, keep_last: 2}}}]}\n",
    ),
    ("roles:\n", "roles:\n  seller: {may: [{do: [deals.read], scope: everywhere}]}\n"),
    ("roles:\n", "roles:\n  seller: {may: [{do: [deals.read], scope: all, when: 'count(\"call\") > 1'}]}\n"),
    ("people.*, ", ""),
    (", rules.activate", ""),
    ("first_administrator: [boss]", "first_administrator: [bos]"),
    // Scenarios
    ("do: {move: called, by: boss}, expect: {refused: [reached]}", "people: {}"),
    ("do: {move: called, by: boss}, expect: {refused: [reached]}", "do: {move: called, by: boss}, steps: []"),
    ("do: {move: called, by: boss}, expect: {refused: [reached]}", "steps: [{do: {move: called, by: boss}}]"),
    ("do: {move: called, by: boss}", "do: {by: boss}"),
    ("do: {move: called, by: boss}", "do: {move: cald, by: bos, outcome: reached}"),
    ("do: {move: called, by: boss}", "do: {claim: d1, by: boss}"),
    (
        "do: {move: called, by: boss}",
        "do: {write: {fits: true, deal.fit: true, deal.fits: 1, deal.target: 1.005}, by: boss}",
    ),
    ("given: {stage: fresh}", "now: today, given: {stage: fresh, reason: no_need, customer: {size: huge}, ago: 1x}"),
    ("given: {stage: fresh}", "given: [{deal: refused, stage: fresh}]"),
    ("given: {stage: fresh}", "given: [{deal: a, stage: fresh}, {deal: a, stage: fresh}, {deal: b, stage: fresh}]"),
    ("expect: {refused: [reached]}", "expect: {refused: [reachd]}"),
    (
        "expect: {refused: [reached]}",
        "expect: {refused: [reached], d2: {stage: fresh}, d1: {stage: called, owner: none}}",
    ),
    ("expect: {refused: [reached]}", "expect: refused"),
    // Oddities
    (
        "    stages:\n      - {id: fresh, kind: start}",
        "    intake: {per_workday: 3}\n    stages:\n      - {id: fresh, kind: start, rate: 100%}",
    ),
    ("[deals.*, ", "[deals.read, "),
    (
        "scenarios:\n  - {name: refused, given: {stage: fresh}, do: {move: called, by: boss}, expect: {refused: [reached]}}\n",
        "",
    ),
    ("{id: reached, activity: call}", "{id: reached, require: 'deal.target > money(5) && deal.target < money(3)'}"),
    (
        "{id: reached, activity: call}",
        "{id: reached, activity: call, when: 'deal.target > money(5) && !has(deal.target)'}",
    ),
    (
        "{id: reached, activity: call}",
        "{id: reached, activity: call}, {id: uncalled, require: 'count(\"call\") == 0'}, {id: fits, require: 'deal.fits'}",
    ),
    ("[forward, ", "[forward, {from: creation, to: called}, "),
    ("[{id: reached, activity: call}]", "[{id: reached, activity: call}, {id: waited, dwelt: sold, at_least: 1wd}]"),
    ("scope: all}", "scope: all, hide: [customer.email]}"),
];

/// The same of problems that need several changes.
const SEVERAL: &[&[(&str, &str)]] = &[
    &[
        ("    stages:", "    intake: {per_workday: 3}\n    stages:"),
        ("kind: start", "kind: start, rate: 100%"),
        ("ideal: 5", "at_most: 5"),
    ],
    &[
        ("roles:\n", "roles:\n  clerk: {may: [{do: [reports.read], scope: all}]}\n"),
        ("[forward, ", "[forward, {id: ring, from: fresh, to: called, by: [clerk]}, "),
    ],
    &[
        ("scope: all}", "scope: all, read_only: [customer.name]}"),
        ("{id: reached, activity: call}", "{id: reached, has: [customer.name]}"),
    ],
    &[
        ("[deals.*, ", "[deals.create, deals.move, deals.log, deals.grade, deals.assign, deals.release, deals.read, "),
        ("activity: call}", "contract: paid}"),
    ],
    &[
        ("    stages:", "    intake: {per_workday: 3}\n    stages:"),
        ("kind: start", "kind: start, rate: 100%"),
        ("ideal: 5", "warn: 6"),
    ],
    &[
        ("kind: start", "kind: start, rate: 50%"),
        ("      - {id: sold", "      - {id: tried, dwell: 5wd, holding: {ideal: 20}}\n      - {id: sold"),
    ],
    &[
        (
            "      - {id: sold",
            "      - {id: tried, enter: [{id: large, require: 'deal.target > money(9)'}]}\n      - {id: sold",
        ),
        ("{id: reached, activity: call}", "{id: small, require: 'deal.target < money(9)'}"),
        ("[forward, ", "[forward, {from: fresh, to: tried}, "),
        ("expect: {refused: [reached]}", "expect: {refused: [small]}"),
    ],
    &[(
        "[forward, ",
        "[forward, {id: back, from: called, to: fresh, enter: [{id: sold, dwelt: sold, at_least: 1wd}]}, ",
    )],
    &[
        ("email: {type: email}", "email: {type: email, retired: true}"),
        ("{id: reached, activity: call}", "{id: reached, has: [customer.email]}"),
    ],
    &[
        ("roles:\n", "roles:\n  clerk: {may: [{do: [deals.move], scope: team}, {do: [deals.read], scope: own}]}\n"),
        ("[forward, ", "[forward, {id: again, from: called, to: fresh, by: [auditor]}, "),
        ("  clerk:", "  auditor: {may: [{do: [deals.read], scope: all}]}\n  clerk:"),
    ],
    &[
        ("first_administrator: [boss]", "first_administrator: [other]"),
        ("people.*, ", ""),
        ("roles:\n", "roles:\n  other: {}\n"),
    ],
];

#[test]
fn every_problem_reads_like_this() {
    let (mut all, mut silent) = (String::new(), Vec::new());
    for changes in CHANGES.iter().map(std::slice::from_ref).chain(SEVERAL.iter().copied()) {
        let mut text = SMALL.to_owned();
        for (with, instead) in changes {
            assert!(text.contains(with), "`{with}` is not in the small file");
            text = text.replacen(with, instead, 1);
            let _ = writeln!(all, "======== {}\n     --> {}\n", with.trim_end(), instead.trim_end());
        }
        let told = report(&text);
        silent.extend(told.is_empty().then_some(changes));
        all.push_str(&told);
    }
    insta::assert_snapshot!(all);
    assert!(silent.is_empty(), "nothing is told about {silent:?}");
}
