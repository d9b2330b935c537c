//! What is told about expressions that cannot be meant: place, sentence, suggestion.

use super::*;
use insta::assert_snapshot;

fn decision(sources: &[&str]) -> String {
    told(sources, Place::Decision, &in_funnel())
}

fn told(sources: &[&str], place: Place, words: &Vocabulary) -> String {
    let one = |source: &&str| format!("{source}\n{}", faults(source, place, words));
    sources.iter().map(one).collect::<Vec<_>>().join("\n\n")
}

#[test]
fn slips_of_newcomers() {
    assert_snapshot!(decision(&[
        "deal.suitable and not customer.verified OR true",
        "deal.grade = \"A\"",
        "deal.grade === 'A' & true | false",
        "deal.grade <> \"A\"",
        "deal.score ＞＝ 5 ＆＆ deal.grade in ［“A”， ‘B’］",
        "deal.score ≥ １２",
        "deal.grade not in [\"A\"]",
        "deal.sales_target > 100000",
        "100000.5 < deal.usd",
        "deal.grade == A",
        "deal.grade in [A, \"B\"]",
        "grade == \"A\" && phone == \"1\"",
        "deal.grade == null",
        "customer.phone != \"\"",
        "deal.suitable == \"true\"",
        "deal.suitable == yes",
        "deal.score > \"7\"",
        "deal.visit_on > \"2026-10-01\"",
        "deal.created_at >= today",
        "deal.created_at >= \"2026-10-01T00:00:00Z\"",
        "now - deal.created_at > \"12h\"",
        "deal.owner == \"li\"",
        "customer.tags == \"vip\"",
        "customer.name < \"x\"",
        "1 < deal.score < 5",
        "count(call) > 1",
        "count(\"call\", 20wd) > 1",
        "size(customer.contacts) > 1",
        "customer.contacts.len() > 1",
        "customer.contacts[0].name == \"x\"",
        "deal.score > 1e5 || deal.score > 100_000",
    ]), @r#"
deal.suitable and not customer.verified OR true
14+3 `and` is not an operator; use `&&` -> &&
18+3 `not` is not an operator; use `!` -> !
40+2 `OR` is not an operator; use `||` -> ||

deal.grade = "A"
11+1 a single `=` is not an operator; use `==` to compare -> ==

deal.grade === 'A' & true | false
11+3 `===` is not an operator; use `==` -> ==
19+1 `&` is not an operator; use `&&` -> &&
26+1 `|` is not an operator; use `||` -> ||

deal.grade <> "A"
11+2 `<>` is not an operator; use `!=` -> !=

deal.score ＞＝ 5 ＆＆ deal.grade in ［“A”， ‘B’］
11+6 `＞＝` is not an ASCII character; write `>=` -> >=
20+6 `＆＆` is not an ASCII character; write `&&` -> &&
41+3 `［` is not an ASCII character; write `[` -> [
44+7 `“A”` is not an ASCII character; write `"A"` -> "A"
51+3 `，` is not an ASCII character; write `,` -> ,
55+7 `‘B’` is not an ASCII character; write `"B"` -> "B"
62+3 `］` is not an ASCII character; write `]` -> ]

deal.score ≥ １２
11+3 `≥` is not an operator; use `>=` -> >=
15+6 `１２` is not an ASCII character; write `12` -> 12

deal.grade not in ["A"]
11+6 `not in` is not an operator; write `!(x in [...])`

deal.sales_target > 100000
20+6 the bare number `100000` cannot be compared with an amount of money; write `money(100000)` -> money(100000)

100000.5 < deal.usd
0+8 the bare number `100000.5` cannot be compared with an amount of money; write `money(100000.5)` -> money(100000.5, "USD")

deal.grade == A
14+1 `A` is a value and must stand in quotes -> "A"

deal.grade in [A, "B"]
15+1 `A` is a value and must stand in quotes -> "A"

grade == "A" && phone == "1"
0+5 `grade` is not known without saying whose it is -> deal.grade
16+5 `phone` is not known without saying whose it is -> customer.phone

deal.grade == null
14+4 `null` is not known; ask with `has(customer.phone)` whether something is there

customer.phone != ""
18+2 a blank text counts as missing, so nothing can equal it; write `!has(customer.phone)`

deal.suitable == "true"
17+6 `"true"` is not written like what it is compared with -> true

deal.suitable == yes
17+3 `yes` is not known; a yes or no is written `true` or `false` -> true

deal.score > "7"
13+3 `"7"` is not written like what it is compared with -> 7

deal.visit_on > "2026-10-01"
16+12 `"2026-10-01"` is not written like what it is compared with -> date("2026-10-01")

deal.created_at >= today
0+15 `deal.created_at` is not written like what it is compared with -> date(deal.created_at)

deal.created_at >= "2026-10-01T00:00:00Z"
19+22 `"2026-10-01T00:00:00Z"` is not written like what it is compared with -> timestamp("2026-10-01T00:00:00Z")

now - deal.created_at > "12h"
24+5 `"12h"` is not written like what it is compared with -> duration("12h")

deal.owner == "li"
14+4 a person is not named by the text `"li"`; compare with `user.id`, `deal.creator` or another person

customer.tags == "vip"
17+5 a list of choices is not compared with one value; write `"vip" in` and the list

customer.name < "x"
0+19 a text cannot be compared in this way

1 < deal.score < 5
0+18 comparisons cannot be chained; write `a < b && b < c`

count(call) > 1
6+4 what stands here must be written out in quotes, as in `count("call", "reached", "20wd")`

count("call", 20wd) > 1
14+4 `20wd` is not a number; write digits only, such as `100000` or `0.5`, and lengths of time in quotes -> "20wd"
14+4 what stands here must be written out in quotes, as in `count("call", "reached", "20wd")`

size(customer.contacts) > 1
0+4 `size` is used like this: `customer.contacts.size()`

customer.contacts.len() > 1
18+3 there is no function `len` -> size

customer.contacts[0].name == "x"
17+1 items of a list have no numbers here; use `in`, `exists` or `all`

deal.score > 1e5 || deal.score > 100_000
13+3 `1e5` is not a number; write digits only, such as `100000` or `0.5`, and lengths of time in quotes
33+7 `100_000` is not a number; write digits only, such as `100000` or `0.5`, and lengths of time in quotes
"#);
}

#[test]
fn names_and_values() {
    assert_snapshot!(decision(&[
        "customer.company_siz > 1",
        "custmer.size == \"large\"",
        "customer.grade == \"A\"",
        "deal.grade in [\"A\", \"X\"]",
        "deal.grade == \"a\"",
        "count(\"cal\") > 1",
        "count(\"call\", \"reachd\") > 1",
        "count(\"call\", \"5\") > 1",
        "count(\"call\", \"reached\", \"5wk\") > 1",
        "deal.stage == \"intnt\"",
        "deal.stage == \"standard/intent\"",
        "has(entered(\"nowhere\"))",
        "customer.size == deal.product",
        "deal",
        "deal.owner.name == \"x\"",
        "deal.sales_target > deal.usd",
        "hass(customer.phone)",
        "has(1)",
        "has(customer.phone, customer.name)",
        "contains(customer.name, \"x\")",
        "customer.phone.has()",
        "customer.contacts.exists(c, c.nme == \"x\")",
        "customer.contacts.exists(now, true)",
        "customer.contacts.exists(c, customer.contacts.all(d, true))",
        "customer.contacts.exists(c, c == \"x\")",
        "customer.name.matches(\"(\")",
        "customer.name.matches(customer.phone)",
        "start_of(\"quater\", today) == today",
        "date(\"2026-13-01\") == today",
        "date(\"2026-2-1\") == today",
        "timestamp(\"2026-02-01\") < now",
        "duration(\"5wd\") > duration(\"1d\")",
        "deal.score in []",
        "[1, 2] == 1",
        "deal.score in 5",
        "deal.score + deal.suitable > 1",
        "!deal.grade == \"A\"",
        "deal.score",
        "deal.score && true",
        "-customer.name == 1",
        "customer.name + \"x\" == \"y\"",
        "customer.name == \"a\\nb\"",
    ]), @r#"
customer.company_siz > 1
0+20 `customer.company_siz` is not known -> customer.company_size

custmer.size == "large"
0+12 `custmer.size` is not known -> customer.size

customer.grade == "A"
0+14 `customer.grade` is not known -> deal.grade

deal.grade in ["A", "X"]
20+3 `X` can never match; the value is one of: A, B, C

deal.grade == "a"
14+3 `a` can never match; the value is one of: A, B, C -> "A"

count("cal") > 1
6+5 there is no kind of activity `cal`; there are: call, visit, email -> "call"

count("call", "reachd") > 1
14+8 there is no outcome `reachd` of this activity; there are: reached, no_answer -> "reached"

count("call", "5") > 1
14+3 `5` has no unit; write `5wd` for working days, `5d` for days of 24 hours or `5h` for hours

count("call", "reached", "5wk") > 1
25+5 `5wk` is not a length of time; write `5wd` (working days), `3d` (days of 24 hours) or `12h` (hours)

deal.stage == "intnt"
14+7 `intnt` can never match; the value is one of: resource, contacted, lead, intent, signed, abandoned -> "intent"

deal.stage == "standard/intent"
14+17 `standard/intent` can never match; the value is one of: resource, contacted, lead, intent, signed, abandoned -> "intent"

has(entered("nowhere"))
12+9 `nowhere` can never match; the value is one of: resource, contacted, lead, intent, signed, abandoned

customer.size == deal.product
0+29 the two choices have no value in common; they can never be equal

deal
0+4 `deal` alone is not a value; a name such as `deal.stage` is needed -> deal.funnel

deal.owner.name == "x"
0+15 `deal.owner.name` has no parts that could be named

deal.sales_target > deal.usd
0+28 amounts in CNY and USD cannot be compared

hass(customer.phone)
0+4 there is no function `hass` -> has

has(1)
0+6 `has` is used like this: `has(customer.phone)`

has(customer.phone, customer.name)
0+34 `has` is used like this: `has(customer.phone)`

contains(customer.name, "x")
0+8 `contains` is used like this: `customer.name.contains("Ltd")`

customer.phone.has()
15+3 `has` is used like this: `has(customer.phone)`

customer.contacts.exists(c, c.nme == "x")
28+5 a contact has `name`, `phone`, `email` and `role`, not `nme` -> c.name

customer.contacts.exists(now, true)
25+3 the first part names each contact by a word of your own, as in `customer.contacts.exists(c, c.role == "decision_maker")`

customer.contacts.exists(c, customer.contacts.all(d, true))
28+30 a list test may not stand inside another

customer.contacts.exists(c, c == "x")
28+1 a contact has `name`, `phone`, `email` and `role`, not `c`

customer.name.matches("(")
22+3 `(` is not a regular expression

customer.name.matches(customer.phone)
22+14 what stands here must be written out in quotes, as in `customer.name.matches("[0-9]+")`

start_of("quater", today) == today
9+8 `quater` is not a period; there are: day, week, month, quarter, year -> "quarter"

date("2026-13-01") == today
5+12 `2026-13-01` is not a date; write `date("2026-10-01")`

date("2026-2-1") == today
5+10 `2026-2-1` is not a date; write `date("2026-10-01")`

timestamp("2026-02-01") < now
10+12 `2026-02-01` is not a time; write `timestamp("2026-10-01T09:00:00+08:00")`

duration("5wd") > duration("1d")
9+5 `duration` counts elapsed time; for working days use `workdays(...)` or `add_workdays(...)`

deal.score in []
14+2 nothing is in an empty list

[1, 2] == 1
0+6 a list may only stand after `in`

deal.score in 5
14+1 after `in` a list is needed, such as `["a", "b"]`; this is a whole number

deal.score + deal.suitable > 1
11+1 `+` does not work on a number and a yes or no

!deal.grade == "A"
0+18 a yes or no cannot be compared with a text
1+10 a condition is needed here, which is a yes or no; this is a choice

deal.score
0+10 a yes or no is needed; the expression gives a number

deal.score && true
0+10 a condition is needed here, which is a yes or no; this is a number

-customer.name == 1
0+14 `-` does not work on a text

customer.name + "x" == "y"
14+1 `+` does not work on a text and a text

customer.name == "a\nb"
19+2 `\n` is not known inside a text; after `\` only a quote, `\` or `uXXXX` may follow
"#);
}

#[test]
fn a_text_does_not_trick_the_eye() {
    for text in ["a\u{202E}b", "a\u{0}b", "a\tb", "a\nb"] {
        let told = faults(&format!("customer.name == \"{text}\""), Place::Decision, &in_funnel());
        assert!(told.contains("control character"), "{told}");
    }
}

#[test]
fn what_cannot_be_read() {
    assert_snapshot!(decision(&[
        " ",
        "deal.score >",
        "(deal.score > 1",
        "deal.score > 1)",
        "deal.score 5",
        "deal. > 1",
        "\"open",
        "deal.score > 1 ? true",
        "deal.score > 99999999999999999999",
        "deal.score > 5; true",
        "{\"a\": 1}",
        "deal.score > 1.2.3",
        "(1).x",
        "not",
    ]), @r#"
 
0+1 the expression is empty

deal.score >
12+0 the expression ends where something more is needed

(deal.score > 1
0+15 a bracket is opened here and not closed; `)` is missing

deal.score > 1)
14+1 `)` is not expected here

deal.score 5
11+1 `5` is not expected here

deal. > 1
6+1 `>` is not expected here

"open
0+5 the text that begins here is not closed with a quote

deal.score > 1 ? true
21+0 the expression ends where something more is needed

deal.score > 99999999999999999999
13+20 the number `99999999999999999999` is too large or too long

deal.score > 5; true
14+1 `;` means nothing in an expression

{"a": 1}
0+1 `{` means nothing in an expression
7+1 `}` means nothing in an expression

deal.score > 1.2.3
17+1 `3` is not expected here

(1).x
4+1 `x` has no parts that could be named

not
0+3 `not` is not an operator; use `!` -> !
"#);
}

#[test]
fn several_faults_are_told_at_once_and_a_faulty_declaration_not_again() {
    let words = in_funnel();
    assert_snapshot!(decision(&[
        "deal.grad == \"A\" && customer.siz == \"large\" and deal.sales_target > 5 || deal.stage = \"x\"",
        "customer.wrong == \"x\" && deal.grad == 1",
    ]), @r#"
deal.grad == "A" && customer.siz == "large" and deal.sales_target > 5 || deal.stage = "x"
0+9 `deal.grad` is not known -> deal.grade
20+12 `customer.siz` is not known -> customer.size
44+3 `and` is not an operator; use `&&` -> &&
68+1 the bare number `5` cannot be compared with an amount of money; write `money(5)` -> money(5)
84+1 a single `=` is not an operator; use `==` to compare -> ==
86+3 `x` can never match; the value is one of: resource, contacted, lead, intent, signed, abandoned

customer.wrong == "x" && deal.grad == 1
25+9 `deal.grad` is not known -> deal.grade
"#);
    assert_eq!(compile("customer.wrong == \"x\"", &Type::Bool, Place::Decision, &words).unwrap_err(), []);
}

#[test]
fn each_place_has_its_words() {
    let words = vocabulary();
    let sources = [
        "deal.grade == \"A\"",
        "deal.owner == user.id",
        "deal.dwell > 5",
        "contract.signed",
        "owner.active",
        "receiver.active",
        "owner.holding(\"standard/intent\") > 1",
        "customer.contacts.size() > 1",
        "customer.open_deals > 1",
        "move.id == \"reopen\"",
        "deal.visit_on > today",
        "count(\"call\") > 1",
        "deal.score + 1 > 2",
        "deal.suitable ? true : false",
        "customer.name.contains(\"x\")",
        "customer.name.lower() == \"x\"",
        "days(deal.visit_on, date(\"2026-10-01\")) > 1",
        "deal.sales_target > money(5)",
    ];
    let row = |source: &&str| {
        let places = [Place::Read, Place::Decision, Place::Grade, Place::Figure];
        let allowed =
            places.map(|place| if faults(source, place, &words) == "ok" { format!("{place:?}") } else { "-".into() });
        format!("{source:50} {}", allowed.join(" "))
    };
    assert_snapshot!(sources.iter().map(row).collect::<Vec<_>>().join("\n"), @r#"
deal.grade == "A"                                  Read Decision - Figure
deal.owner == user.id                              Read Decision - -
deal.dwell > 5                                     - Decision - -
contract.signed                                    - Decision - -
owner.active                                       Read Decision - Figure
receiver.active                                    - Decision - Figure
owner.holding("standard/intent") > 1               - Decision - Figure
customer.contacts.size() > 1                       - Decision Grade -
customer.open_deals > 1                            - Decision - -
move.id == "reopen"                                - Decision - -
deal.visit_on > today                              Read Decision - -
count("call") > 1                                  - Decision - -
deal.score + 1 > 2                                 - Decision Grade Figure
deal.suitable ? true : false                       - Decision Grade Figure
customer.name.contains("x")                        Read Decision Grade Figure
customer.name.lower() == "x"                       - Decision Grade -
days(deal.visit_on, date("2026-10-01")) > 1        - Decision - Figure
deal.sales_target > money(5)                       Read Decision Grade Figure
"#);
}

#[test]
fn what_does_not_translate_is_refused_in_read() {
    assert_snapshot!(told(&[
        "deal.score + 1 > 2",
        "deal.dwell > 5",
        "customer.name.lower() == \"x\"",
        "days(deal.created_at, now) > 5",
        "deal.created_at < add_days(now, -30)",
        "(deal.score > 1) == deal.suitable",
        "deal.list_price.orValue(deal.sales_target) > money(5)",
        "deal.list_price.orValue(money(0)) > money(5)",
        "customer.branch in customer.tags",
        "deal.stage == \"intent\"",
        "deal.stage == \"standard/intnt\"",
    ], Place::Read, &vocabulary()), @r#"
deal.score + 1 > 2
0+14 `+` cannot be used in what may be read (it must translate to a search of the database)

deal.dwell > 5
0+10 `deal.dwell` cannot be used in what may be read (it must translate to a search of the database)

customer.name.lower() == "x"
14+5 `lower` cannot be used in what may be read (it must translate to a search of the database)

days(deal.created_at, now) > 5
0+26 where something may be read, functions of the calendar work only on what is known without the deal: `now`, `today`, `user.*` and constants; move them to the other side of the comparison

deal.created_at < add_days(now, -30)
ok

(deal.score > 1) == deal.suitable
0+16 where something may be read, only a field stands on a side of a comparison, or a field with `.orValue(...)` of a constant, or a constant

deal.list_price.orValue(deal.sales_target) > money(5)
24+17 where something may be read, only a field stands on a side of a comparison, or a field with `.orValue(...)` of a constant, or a constant

deal.list_price.orValue(money(0)) > money(5)
ok

customer.branch in customer.tags
0+15 the two choices have no value in common; they can never be equal

deal.stage == "intent"
14+8 `intent` can never match; the value is one of: standard/resource, standard/contacted, standard/lead, standard/intent, standard/signed, standard/abandoned, partners/start, partners/intent, partners/done -> "standard/intent"

deal.stage == "standard/intnt"
14+16 `standard/intnt` can never match; the value is one of: standard/resource, standard/contacted, standard/lead, standard/intent, standard/signed, standard/abandoned, partners/start, partners/intent, partners/done -> "standard/intent"
"#);
}

#[test]
fn a_single_name_is_checked_like_in_an_expression() {
    let words = in_funnel();
    let (found, kind) = path("customer.size", Place::Decision, &words).unwrap();
    assert_eq!((found.to_string(), kind), ("customer.size".to_owned(), Type::choice(&keys("large ordinary unknown"))));
    let told = |text: &str| {
        let fault = path(text, Place::Decision, &words).unwrap_err();
        format!("{text}: {} -> {:?}", fault.message.render(&[]), fault.suggestion)
    };
    assert_snapshot!(["phone", "customer.phon", "deal", "customer.phone.x", "客户.phone", ""].map(told).join("\n"), @r#"
phone: `phone` is not known without saying whose it is -> Some("customer.phone")
customer.phon: `customer.phon` is not known -> Some("customer.phone")
deal: `deal` alone is not a value; a name such as `deal.stage` is needed -> Some("deal.funnel")
customer.phone.x: `customer.phone.x` is not a name; write one such as `customer.phone` -> None
客户.phone: `客户.phone` is not a name; write one such as `customer.phone` -> None
: `` is not a name; write one such as `customer.phone` -> None
"#);
}
