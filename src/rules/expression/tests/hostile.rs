//! Input made to hurt: refused, or evaluated within the limits, always on a small stack and in a debug build.

use super::*;
use crate::rules::expression::evaluate;
use crate::rules::expression::fault::{LONGEST_LIST, MOST_CHAIN, MOST_COST, MOST_DEPTH, MOST_NODES, MOST_PATH};
use proptest::prelude::*;
use std::thread;

/// Runs on the smallest stack that the product promises to be content with.
fn on_a_small_stack<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    thread::Builder::new().stack_size(512 * 1024).spawn(run).unwrap().join().unwrap()
}

/// Codes of the faults; `ok` for what compiles, which is then evaluated, traced and translated too.
fn codes(source: String) -> String {
    on_a_small_stack(move || {
        let words = in_funnel();
        match compile(&source, &Type::Bool, Place::Decision, &words) {
            Ok(expression) => {
                let _ = expression.evaluate(&known(), &calendar());
                let nothing = Known { values: BTreeMap::new(), now: known().now };
                let _ = expression.evaluate(&nothing, &calendar());
                let _ = expression.predicate(&known(), &calendar());
                "ok".to_owned()
            }
            Err(faults) => faults.iter().map(|fault| fault.message.code.to_string()).collect::<Vec<_>>().join(" "),
        }
    })
}

#[test]
fn giants_are_refused_by_their_length_alone() {
    let n = 100_000;
    let cases = [
        format!("{}1{}", "(".repeat(n), ")".repeat(n)),
        "(".repeat(n),
        "[".repeat(n),
        "{".repeat(n),
        format!("1{} > 0", "+1".repeat(n)),
        format!("deal{}", ".a".repeat(n)),
        format!("\"a\"{}", ".lower()".repeat(n)),
        format!("{}true", "!".repeat(n)),
        format!("true{}", " && true".repeat(n)),
        format!("1 in [{}1]", "1,".repeat(200_000)),
        format!("\"{}", "a".repeat(1_000_000)),
    ];
    for case in cases {
        assert_eq!(codes(case), "expression_too_long");
    }
}

#[test]
fn what_fits_the_length_meets_the_other_limits() {
    let n = 4000;
    let cases = [
        (format!("{}1{}", "(".repeat(n / 2), ")".repeat(n / 2)), "expression_too_deep"),
        ("(".repeat(n), "expression_too_deep"),
        ("[".repeat(n), "expression_too_deep"),
        (format!("{}[", "has(".repeat(n / 4)), "expression_too_deep"),
        (format!("{}true", "!".repeat(n)), "expression_too_deep"),
        (format!("{}1", "-".repeat(n)), "expression_too_deep"),
        (format!("1{} > 0", "+1".repeat(n / 2)), "expression_chain_too_long"),
        (format!("true{}", "&&true".repeat(n / 6)), "expression_chain_too_long"),
        (format!("true{}", "==true".repeat(n / 6)), "expression_chain_too_long"),
        (format!("{}true", "true?true:".repeat(n / 10)), "expression_too_deep"),
        (format!("deal{}", ".a".repeat(n / 2)), "expression_path_too_long"),
        (format!("\"a\"{}", ".lower()".repeat(n / 8)), "expression_path_too_long"),
        (format!("1 in [{}1]", "1,".repeat(n / 2)), "expression_too_large"),
        (format!("has({}1)", "1,".repeat(n / 2)), "expression_too_large"),
        (format!("\"{}", "a".repeat(n)), "expression_text_unclosed"),
        (format!("deal.score > {}", "9".repeat(n)), "expression_number_too_large"),
    ];
    for (case, code) in cases {
        assert_eq!(codes(case.clone()), code, "{:.40}", case);
    }
    let many = codes("＞".repeat(MOST_BYTES / 3));
    assert_eq!(many.split(' ').count(), super::super::fault::MOST_FAULTS);
}

#[test]
fn the_largest_that_is_allowed_runs_on_a_small_stack() {
    let nested =
        |open: &str, inner: &str, close: &str, n: usize| format!("{}{inner}{}", open.repeat(n), close.repeat(n));
    let cases = [
        nested("(", "true", ")", MOST_DEPTH - 1),
        nested("!(", "true", ")", MOST_DEPTH - 1),
        format!("{}true", "!".repeat(MOST_DEPTH - 1)),
        nested("(true ? ", "true", " : false)", MOST_DEPTH / 2 - 1),
        nested("true ? false : ", "true", "", MOST_DEPTH - 1),
        nested("(deal.score + ", "1", ")", MOST_DEPTH - 3) + " > 1",
        nested("true && (false || (", "true", "))", MOST_DEPTH / 2 - 1),
        format!("deal.score{} > 0", "+1".repeat(MOST_CHAIN)),
        format!("true{}", "&&true".repeat(MOST_CHAIN)),
        format!("customer.name{} == \"x\"", ".lower()".repeat(MOST_PATH - 2)),
        format!("deal.score in [{}1]", "1,".repeat(MOST_NODES - 6)),
    ];
    for case in cases {
        assert_eq!(codes(case.clone()), "ok", "{case}");
    }
}

#[test]
fn one_more_is_refused() {
    let chain = |n: usize| format!("true{}", "&&true".repeat(n));
    assert_eq!(
        (codes(chain(MOST_CHAIN)), codes(chain(MOST_CHAIN + 1))),
        ("ok".into(), "expression_chain_too_long".into())
    );
    let deep = |n: usize| format!("{}true", "!".repeat(n));
    assert_eq!((codes(deep(MOST_DEPTH - 1)), codes(deep(MOST_DEPTH))), ("ok".into(), "expression_too_deep".into()));
    let large = |n: usize| format!("1 in [{}1]", "1,".repeat(n));
    let parts = (0..MOST_NODES).find(|n| codes(large(*n)) != "ok").unwrap();
    assert_eq!(codes(large(parts)), "expression_too_large");
    assert!(parts > MOST_NODES - 6);
}

#[test]
fn patterns_are_bounded_when_they_are_compiled() {
    let pattern = |text: &str| codes(format!("customer.name.matches(\"{text}\")"));
    assert_eq!(pattern("(a+)+$"), "ok");
    for giant in ["a{1000}{1000}", "(\\\\pL{50}){50}", "((a{30}){30}){30}"] {
        assert_eq!(pattern(giant), "expression_pattern_too_large", "{giant}");
    }
    assert_eq!(pattern(&"(".repeat(200)), "expression_pattern");
    assert_eq!(pattern(&format!("{}a{}", "(".repeat(200), ")".repeat(200))), "expression_pattern");
}

#[test]
fn the_work_of_one_evaluation_is_bounded() {
    let test = "c.name.matches(\"a\")";
    let tests = |n: usize| format!("customer.contacts.exists(c, {}{test})", format!("{test} || ").repeat(n));
    assert_eq!(codes(tests(20)), "ok");
    assert_eq!(codes(tests(60)), "expression_too_costly");
    let expression = compile(&tests(20), &Type::Bool, Place::Decision, &in_funnel()).unwrap();
    assert!(expression.cost() > 100_000 && expression.cost() <= MOST_COST);
}

/// How many nodes one evaluation enters.
fn steps(expression: &Expression, facts: &Known) -> u64 {
    evaluate::steps::of(|| {
        let _ = expression.holds(facts, &calendar());
    })
}

/// The most that a node is entered: as a value, and as the truth that it is.
const TWICE: u64 = 2;

/// A customer with as many contacts as there may be, none of which decides a test early.
fn crowded() -> Known {
    let mut facts = known();
    let contact = vec![(Key::new("name"), Value::Text("z".repeat(200)))];
    facts
        .values
        .insert("customer.contacts".into(), Value::Records(vec![contact; usize::try_from(LONGEST_LIST).unwrap()]));
    facts
}

#[test]
fn the_worst_that_is_accepted_ends_within_its_cost() {
    let pattern = "c.name.matches(\"(a+)+$\")";
    let worst = [
        (pattern, " || ", "exists", 40),
        ("c.name.containsIgnoreCase(\"a\")", " || ", "exists", 60),
        ("c.name.contains(\"a\")", " || ", "exists", 64),
        ("c.name == \"a\"", " || ", "exists", 64),
        ("c.name != \"a\"", " && ", "all", 64),
        ("!c.name.lower().startsWith(\"a\")", " && ", "all", 64),
    ];
    for (test, sign, over, most) in worst {
        let of = |n: usize| format!("customer.contacts.{over}(c, {})", vec![test; n].join(sign));
        let accepted = |n: &usize| compile(&of(*n), &Type::Bool, Place::Decision, &in_funnel()).ok();
        let expression = (1..=most).rev().find_map(|n| accepted(&n)).unwrap();
        let (steps, cost) = (steps(&expression, &crowded()), expression.cost());
        assert!(cost <= MOST_COST && steps <= TWICE * cost, "{test}: {steps} steps, cost {cost}");
        assert!(steps > 1_000, "{test}: {steps} steps are not the worst");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Whatever is accepted ends within its static cost.
    #[test]
    fn an_evaluation_ends_within_its_static_cost(
        source in prop_oneof![random::common(), random::readable()],
        facts in random::facts(),
    ) {
        if let Ok(expression) = compile(&source, &Type::Bool, Place::Decision, &in_funnel()) {
            let (steps, cost) = (steps(&expression, &facts), expression.cost());
            prop_assert!(steps <= TWICE * cost, "{}: {} steps, cost {}", source, steps, cost);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    /// Random tokens: no panic, every fault within the text and with a sentence.
    #[test]
    fn token_soup_is_answered(soup in prop::collection::vec(prop::sample::select(SOUP), 1..40), glue in " ?") {
        let source = soup.join(&glue);
        for place in [Place::Read, Place::Decision, Place::Grade, Place::Figure] {
            for words in [vocabulary(), in_funnel()] {
                faults(&source, place, &words);
                if let Ok(expression) = compile(&source, &Type::Bool, place, &words) {
                    let _ = expression.evaluate(&known(), &calendar());
                    prop_assert!(place != Place::Read || expression.predicate(&known(), &calendar()).is_some());
                }
            }
        }
    }

    /// Random characters too.
    #[test]
    fn any_text_is_answered(source in "\\PC{0,60}") {
        faults(&source, Place::Decision, &in_funnel());
    }
}

const SOUP: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ".",
    "?",
    ":",
    "!",
    "-",
    "+",
    "*",
    "/",
    "%",
    "&&",
    "||",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "=",
    "&",
    "in",
    "and",
    "or",
    "not",
    "not in",
    "true",
    "false",
    "null",
    "1",
    "0",
    "1.5",
    "9223372036854775807",
    "\"A\"",
    "\"\"",
    "\"call\"",
    "\"20wd\"",
    "'x'",
    "\"standard/intent\"",
    "\"",
    "deal",
    "deal.grade",
    "deal.stage",
    "deal.sales_target",
    "deal.usd",
    "deal.suitable",
    "deal.visit_on",
    "deal.created_at",
    "deal.score",
    "deal.owner",
    "customer.name",
    "customer.tags",
    "customer.contacts",
    "customer.wrong",
    "user.id",
    "user.roles",
    "owner",
    "now",
    "today",
    "c",
    "c.name",
    "has(",
    "count(",
    "last(",
    "entered(",
    "money(",
    "date(",
    "duration(",
    "days(",
    "add_workdays(",
    "start_of(\"month\",",
    ".orValue(",
    ".contains(",
    ".matches(",
    ".lower()",
    ".size()",
    ".exists(c,",
    ".all(c,",
    ".holding(",
    "＞",
    "，",
    "“",
    "。",
    "漏斗",
    "\u{0}",
    "\u{202E}",
    "\\",
    "１",
    "5wd",
    "1e9",
];
