//! Hostile and broken input: answered with a problem, quickly, never by a panic; and everything wrong at once.

use super::shipped::SHIPPED;
use super::*;
use proptest::prelude::*;

/// What is told about bytes, each problem as `line:column code`.
fn told(bytes: &[u8]) -> Vec<String> {
    let place = |problem: &Problem| format!("{}:{} {}", problem.place.line, problem.place.column, problem.code());
    check_bytes(bytes, monday()).problems.iter().map(place).collect()
}

/// The rows of rules-engine.md section 3 and security.md B3 that are about syntax, with what each must be told as.
#[test]
fn every_known_trick_is_answered() {
    let aliases = format!("a: &a [x]\nb: [{}]\n", vec!["*a"; 5_000].join(", "));
    let bomb = (1..9).fold("a0: &a0 [x, x]\n".to_owned(), |text, n| {
        let before = n - 1;
        format!("{text}a{n}: &a{n} [*a{before}, *a{before}, *a{before}, *a{before}, *a{before}]\n")
    });
    let rows: Vec<(&str, Vec<u8>, &str)> = vec![
        ("nothing", b"".to_vec(), "1:1 file_empty"),
        ("only a comment", b"# later\n".to_vec(), "1:1 file_empty"),
        ("a text", b"hello".to_vec(), "1:1 wrong_text"),
        ("a list", b"- a".to_vec(), "1:1 wrong_list"),
        ("not UTF-8", b"format: 1\ncountry: \xff".to_vec(), "2:10 not_utf8"),
        ("NUL", b"format: 1\ncountry: \0".to_vec(), "2:10 yaml_character"),
        ("a control character", b"format: \x07".to_vec(), "1:9 yaml_character"),
        ("too many bytes", vec![b'#'; document::AT_MOST_BYTES + 1], "1:1 file_too_large"),
        (
            "too many nodes",
            "a: [".bytes().chain("x, ".repeat(20_001).bytes()).chain(*b"]").collect(),
            "1:59996 too_many_nodes",
        ),
        ("many aliases of one", aliases.into_bytes(), "1:4 anchor"),
        ("an alias bomb", bomb.into_bytes(), "1:5 anchor"),
        ("[ x 100k", vec![b'['; 100_000], "1:33 too_deep"),
        ("[ x 100k, closed", [vec![b'['; 100_000], vec![b']'; 100_000]].concat(), "1:33 too_deep"),
        ("{ x 100k", vec![b'{'; 100_000], "1:33 too_deep"),
        ("{ x 100k, closed", [vec![b'{'; 100_000], vec![b'}'; 100_000]].concat(), "1:33 too_deep"),
        ("- x 50k", b"- ".repeat(50_000), "1:65 too_deep"),
        (
            "a map 100 deep",
            (0..100).map(|n| format!("{}a:\n", " ".repeat(n))).collect::<String>().into_bytes(),
            "32:32 too_deep",
        ),
        ("two documents", b"a: 1\n---\nb: 1\n".to_vec(), "2:1 several_documents"),
        ("a duplicate key", b"format: 1\nformat: 1\n".to_vec(), "2:1 duplicate_key"),
        (
            "a duplicate key of the company",
            b"fields: {customer: {a: {type: bool}, a: {type: bool}}}".to_vec(),
            "1:38 duplicate_key",
        ),
        ("a merge key", b"fields: {<<: {a: 1}}".to_vec(), "1:10 merge_key"),
        ("a tag", b"format: !!int 1".to_vec(), "1:9 tag"),
        ("a tag nobody knows", b"format: !secret 1".to_vec(), "1:9 tag"),
        ("a list as key", b"? [a, b]\n: 1".to_vec(), "1:3 key_not_text"),
        ("not a number", b"format: .nan".to_vec(), "1:9 wrong_text"),
        ("without end", b"format: .inf".to_vec(), "1:9 wrong_text"),
        ("a number too long", b"format: 99999999999999999999".to_vec(), "1:9 number_out_of_range"),
    ];
    for (what, bytes, expected) in rows {
        // That it is quick follows from where it stops: each of these is answered at the place of its limit.
        let found = told(&bytes);
        assert!(found.iter().any(|one| one == expected), "{what}: {found:?}");
    }
}

#[test]
fn a_byte_order_mark_is_an_editors_and_shifts_nothing() {
    assert_eq!(told(format!("\u{FEFF}{SMALL}").as_bytes()), Vec::<String>::new());
    assert_eq!(told("\u{FEFF}formt: 1".as_bytes()).first().map(String::as_str), Some("1:1 missing_key"));
    assert!(told("\u{FEFF}formt: 1".as_bytes()).contains(&"1:1 unknown_key".to_owned()));
    assert!(report("\u{FEFF}formt: 1").contains("  1 | formt: 1\n    | ^^^^^\n"));
}

#[test]
fn lines_may_end_as_on_windows() {
    assert_eq!(told(SMALL.replace('\n', "\r\n").as_bytes()), Vec::<String>::new());
}

/// A tilde, `null` and nothing are no texts.
#[test]
fn nothing_is_no_text() {
    for nothing in ["~", "null", ""] {
        let text = small("kind: start}", &format!("kind: start, label: {nothing}}}"));
        assert_eq!(codes(&text), ["nothing_under_key"], "{nothing}");
    }
    assert_eq!(codes(&small("kind: start}", "kind: start, label: 'null'}")), Vec::<String>::new());
}

#[test]
fn lists_longer_than_makes_sense_are_refused() {
    let many = |count: usize, one: &dyn Fn(usize) -> String| (0..count).map(one).collect::<Vec<_>>().join(", ");
    let cases = [
        small("[website]", &format!("[{}]", many(501, &|n| format!("p{n}")))),
        small("type: bool}", &format!("type: bool}}, {}", many(200, &|n| format!("f{n}: {{type: bool}}")))),
        small(
            "      - {id: called",
            &format!("{}      - {{id: called", (0..50).map(|n| format!("      - {{id: s{n}}}\n")).collect::<String>()),
        ),
        small("[{id: A", &format!("[{}, {{id: A", many(50, &|n| format!("{{id: g{n}, when: 'deal.fits'}}")))),
        small("outcomes: [reached]", &format!("outcomes: [reached, {}]", many(500, &|n| format!("o{n}")))),
    ];
    for text in cases {
        assert!(codes(&text).contains(&"too_many_things".to_owned()), "{:?}", codes(&text));
    }
    let long = small("kind: start}", &format!("kind: start, label: {}}}", "漏".repeat(501)));
    assert_eq!(codes(&long), ["label_too_long"]);
}

#[test]
fn a_file_full_of_mistakes_is_told_up_to_a_limit() {
    let text: String = (0..2_000).map(|n| format!("k{n}: 1\n")).collect();
    assert_eq!(check(&text, None).problems.len(), problem::AT_MOST_PROBLEMS);
}

/// A newcomer's first file, everything in it told at once.
#[test]
fn many_mistakes_are_told_at_once() {
    let text = "\
format: 1
languages: [zh, en]
currency: rmb
calendar: {time_zone: Asia/Peking, hours: 9-18}
fields:
  customer:
    name: {type: string}
    phone: {type: phone, personl: true}
  deal:
    stage: {type: text}
grades: [{id: A, when: customer.size == large}, {id: A}]
funnels:
  standard:
    stages:
      - {id: resource, kind: start, dwell: 1 day, label: {zh: 资源, en: Fresh, new}}
      - {id: contacted, rate: 0.5, enter: [{activity: call}, {has: [customer.phon]}]}
      - {id: implemented, kind: won}
    moves: [forward, {from: contactd, to: resource}]
first_administrator: [admin]
roles:
  seller: {may: [{do: [deals.raed], scope: mine}]}
scenarios:
  - name: test
    given: {stage: resource}
    do: {move: contacted, by: saller}
    expect: {refused: [reached]}
";
    let found = told(text.as_bytes());
    assert!(found.len() >= 18, "{found:#?}");
    insta::assert_snapshot!(report(text));
}

/// A tree of the greatest depth is read on a small stack: nothing recurses on what it was given.
#[test]
fn the_deepest_file_is_read_on_a_small_stack() {
    let deep = format!("{}a{}", "[".repeat(document::AT_MOST_DEPTH), "]".repeat(document::AT_MOST_DEPTH));
    let small_stack = std::thread::Builder::new().stack_size(512 * 1024);
    let problems = small_stack.spawn(move || check(&deep, None).problems.len()).unwrap().join().unwrap();
    assert!(problems > 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Whatever an editor or a broken disk does to a file, it is answered; and what is accepted was meant as a file.
    #[test]
    fn a_mutated_file_is_answered(
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0..4_usize, "[ -~\n：，“”#\\[\\]{}'\"&*!|>%@\t]{0,3}"), 1..6),
        lines in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..3),
    ) {
        let mut rows: Vec<&str> = SHIPPED.lines().collect();
        for (one, other) in &lines {
            let (one, other) = (one.index(rows.len()), other.index(rows.len()));
            rows.swap(one, other);
        }
        let mut letters: Vec<char> = rows.join("\n").chars().collect();
        for (at, gone, with) in &cuts {
            let at = at.index(letters.len());
            let end = (at + gone).min(letters.len());
            letters.splice(at..end, with.chars());
        }
        let text: String = letters.into_iter().collect();
        let checked = check(&text, monday());
        let errors = checked.problems.iter().any(|problem| problem.severity == Severity::Error);
        prop_assert_eq!(checked.rules.is_none(), errors);
        for language in ["en", "zh"] {
            let shown = render::text(&checked.problems, "f", &[Language::new(language)]);
            prop_assert_eq!(shown.is_empty(), checked.problems.is_empty());
        }
    }
}
