//! Lists: a walk over all pages skips and repeats nothing, a cursor leads only where it came from, every filter and
//! every order means what it says.

use crate::company::Company;
use crate::on_both;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

fn people(company: &mut Company) {
    company.person("mei", &["manager"], Some("south"));
    company.person("li", &["seller"], Some("south"));
    company.person("wang", &["seller"], Some("north"));
    company.person("dora", &["director"], None);
}

fn data(company: &Company, path: &str) -> Vec<Json> {
    let seen = company.get("dora", path);
    assert_eq!(seen.status, 200, "{path}: {}", seen.text);
    seen.body["data"].as_array().unwrap().clone()
}

fn ids(rows: &[Json]) -> Vec<String> {
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

/// Every page, one after the other.
fn walk(company: &Company, path: &str) -> Vec<Json> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let seen = company.get("dora", &format!("{path}{cursor}"));
        assert_eq!(seen.status, 200, "{path}{cursor}: {}", seen.text);
        all.extend(seen.body["data"].as_array().unwrap().iter().cloned());
        assert_eq!(seen.body["has_more"], seen.body["next_cursor"].is_string());
        match seen.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

on_both!(pages_skip_and_repeat_nothing_while_others_write, |company| {
    people(company);
    let there: BTreeSet<String> =
        (0..40).map(|number| company.customer("dora", &format!("customer {number}"))).collect();
    let deals: BTreeSet<String> = there
        .iter()
        .map(|customer| {
            let made = company.post("dora", "/v1/deals", &json!({"customer": customer, "owner": null}));
            made.body["id"].as_str().unwrap().to_owned()
        })
        .collect();
    let over = AtomicBool::new(false);
    let company = &*company;
    std::thread::scope(|scope| {
        let others = scope.spawn(|| {
            let mut number = 0;
            while !over.load(Ordering::SeqCst) {
                let new = company.customer("dora", &format!("another {number}"));
                company.post("dora", "/v1/deals", &json!({"customer": new, "owner": null}));
                for (kind, id) in [("customers", there.iter().nth(number % 40)), ("deals", deals.iter().nth(number % 40))]
                {
                    let body = json!({"fields": if kind == "deals" { json!({"question": "?"}) } else { json!({"verified": true}) }});
                    assert_eq!(company.patch("dora", &format!("/v1/{kind}/{}", id.unwrap()), &body).status, 200);
                }
                number += 1;
            }
            number
        });
        for (kind, there, sorts) in [
            ("customers", &there, ["created_at", "-created_at", "fields.size"]),
            ("deals", &deals, ["entered_at", "-entered_at", "fields.visit_on"]),
        ] {
            for sort in sorts {
                let seen = ids(&walk(company, &format!("/v1/{kind}?limit=7&sort={sort}")));
                let distinct: BTreeSet<String> = seen.iter().cloned().collect();
                assert_eq!(distinct.len(), seen.len(), "{kind} by {sort} repeated some");
                assert!(distinct.is_superset(there), "{kind} by {sort} skipped some");
            }
        }
        over.store(true, Ordering::SeqCst);
        assert!(others.join().unwrap() > 0);
    });
});

on_both!(a_cursor_leads_only_on_from_where_it_came, |company| {
    people(company);
    for number in 0..3 {
        company.deal("dora", &format!("customer {number}"));
    }
    let cursor = |path: &str| company.get("dora", path).body["next_cursor"].as_str().unwrap().to_owned();
    let customers = cursor("/v1/customers?limit=1");
    let deals = cursor("/v1/deals?limit=1");
    let sorted = cursor("/v1/deals?limit=1&sort=created_at");
    let mut turned = deals.clone().into_bytes();
    turned[5] = if turned[5] == b'A' { b'B' } else { b'A' };
    let stranger = Company::new(if company.url.starts_with("sqlite") {
        crate::company::On::Sqlite
    } else {
        crate::company::On::Postgres
    });
    let mut stranger = stranger.unwrap();
    people(&mut stranger);
    for number in 0..2 {
        stranger.deal("dora", &format!("customer {number}"));
    }
    let strange = stranger.get("dora", "/v1/deals?limit=1").body["next_cursor"].as_str().unwrap().to_owned();
    let refused = |path: &str| {
        company.server.get(path).token(&company.token("dora")).refused(400, "invalid_parameters");
    };
    for cursor in
        ["x", "", "AAAA", "W10", &String::from_utf8(turned).unwrap(), &customers, &sorted, &strange, &"A".repeat(513)]
    {
        refused(&format!("/v1/deals?limit=1&cursor={cursor}"));
    }
    refused(&format!("/v1/deals?sort=-updated_at&cursor={deals}"));
    assert_eq!(data(company, &format!("/v1/deals?limit=1&cursor={deals}")).len(), 1);
    for limit in ["0", "101", "-1", "x", "1.5", "", "99999999999999999999"] {
        refused(&format!("/v1/deals?limit={limit}"));
    }
    assert_eq!(data(company, "/v1/deals?limit=100").len(), 3);
    // The log's cursors.
    let deal = data(company, "/v1/deals")[0]["id"].as_str().unwrap().to_owned();
    for part in ["activities", "history", "decisions"] {
        for cursor in ["x", "AAAA", "eyJhIjoxfQ"] {
            refused(&format!("/v1/deals/{deal}/{part}?cursor={cursor}"));
        }
    }
});

/// Deals and customers of many kinds, over some hours.
fn many(company: &mut Company) {
    people(company);
    let (sizes, sources) = (["large", "ordinary", "unknown"], ["web", "trial"]);
    for number in 0..24_usize {
        if number % 8 == 7 {
            company.pass_hours(2);
        }
        let mut fields = json!({"name": format!("customer {number}")});
        if number % 4 != 3 {
            fields["size"] = json!(sizes[number % 3]);
        }
        if number % 5 != 0 {
            fields["source"] = json!(sources[number % 2]);
        }
        let by = ["li", "wang", "dora"][number % 3];
        let customer = company.post(by, "/v1/customers", &json!({"fields": fields})).body["id"].clone();
        let mut body = json!({"customer": customer, "discovered": number % 2 == 0});
        if number % 3 == 2 {
            body["owner"] = Json::Null;
        }
        if number % 4 != 0 {
            body["product"] = json!(["website", "promotion"][number % 2]);
        }
        if number % 3 != 0 {
            body["fields"] = json!({"visit_on": format!("2026-04-{:02}", 1 + number % 4)});
        }
        let made = company.post(by, "/v1/deals", &body);
        assert_eq!(made.status, 201, "{}", made.text);
        let path = format!("/v1/deals/{}", made.body["id"].as_str().unwrap());
        if number % 5 == 1 {
            assert_eq!(company.post("dora", &format!("{path}/grade"), &json!({})).status, 201);
        }
        if number % 6 == 1 {
            let lost = json!({"to": "abandoned", "reason": "refused"});
            let moved = company.post("dora", &format!("{path}/moves"), &lost);
            assert_eq!(moved.status, 201, "{}", moved.text);
        }
    }
}

on_both!(each_filter_and_each_order_means_what_it_says, |company| {
    many(company);
    let mut compared = 0;
    for (kind, names, sorts) in [
        (
            "deals",
            &["customer", "funnel", "stage", "state", "owner", "product", "grade", "origin"][..],
            &["created_at", "updated_at", "entered_at", "fields.visit_on"][..],
        ),
        ("customers", &[], &["created_at", "updated_at", "fields.size", "fields.source"]),
    ] {
        let all = data(company, &format!("/v1/{kind}?limit=100"));
        assert_eq!(all.len(), 24);
        let mut check = |filter: &str, holds: &dyn Fn(&Json) -> bool| {
            let wanted: BTreeSet<String> =
                ids(&all.iter().filter(|row| holds(row)).cloned().collect::<Vec<_>>()).into_iter().collect();
            let found: BTreeSet<String> =
                ids(&data(company, &format!("/v1/{kind}?limit=100&{filter}"))).into_iter().collect();
            assert_eq!(found, wanted, "{kind}?{filter}");
            compared += 1;
        };
        for name in names {
            let values: BTreeSet<&str> = all.iter().filter_map(|row| row[*name].as_str()).collect();
            assert!(!values.is_empty(), "{name}");
            for value in values {
                check(&format!("{name}={value}"), &|row| row[*name] == value);
            }
        }
        for name in ["visit_on", "size", "source"] {
            let values: BTreeSet<&str> = all.iter().filter_map(|row| row["fields"][name].as_str()).collect();
            for value in values {
                check(&format!("fields={name}:{value}"), &|row| row["fields"][name] == value);
            }
        }
        let moments: BTreeSet<&str> = all.iter().map(|row| row["updated_at"].as_str().unwrap()).collect();
        for moment in moments {
            check(&format!("updated_since={moment}"), &|row| row["updated_at"].as_str().unwrap() >= moment);
        }
        if kind == "deals" {
            check("overdue=true", &|row| row["overdue"] == true);
            check("overdue=false", &|_| true);
            let lost = "state=lost&origin=supplied&fields=visit_on:2026-04-04";
            check(lost, &|row| {
                row["state"] == "lost" && row["origin"] == "supplied" && row["fields"]["visit_on"] == "2026-04-04"
            });
        }
        for sort in sorts {
            for (descending, sign) in [(false, ""), (true, "-")] {
                let path = format!("/v1/{kind}?limit=5&sort={sign}{sort}");
                let rows = walk(company, &path);
                let distinct: BTreeSet<String> = ids(&rows).into_iter().collect();
                assert_eq!((rows.len(), distinct.len()), (24, 24), "{path}");
                let key = |row: &Json| match sort.strip_prefix("fields.") {
                    Some(field) => row["fields"][field].as_str().map(str::to_owned),
                    None => row[*sort].as_str().map(str::to_owned),
                };
                let keys: Vec<Option<String>> = rows.iter().map(key).collect();
                let present: Vec<&String> = keys.iter().flatten().collect();
                assert!(keys.iter().take(present.len()).all(Option::is_some), "{path}: what is missing comes last");
                let ordered =
                    present.windows(2).all(|two| if descending { two[0] >= two[1] } else { two[0] <= two[1] });
                assert!(ordered, "{path}: {keys:?}");
            }
        }
        for query in [
            "sort=nope",
            "sort=--created_at",
            "sort=id",
            "sort=fields.name",
            "sort=fields.nope",
            "sort=",
            "nope=1",
            "fields=name:x",
            "fields=nope:x",
            "fields=size",
            "fields=size:huge",
            "fields=visit_on:soon",
            "updated_since=yesterday",
            "sort=created_at&sort=updated_at",
            "fields=size:large'--",
            "stage=nowhere",
            "state=closed",
            "funnel=nowhere",
            "product=boat",
            "grade=Z",
            "origin=lost",
        ] {
            let call = company.server.get(&format!("/v1/{kind}?{query}")).token(&company.token("dora"));
            call.refused(400, "invalid_parameters");
        }
    }
    assert!(compared > 30, "{compared}");
});

/// Long names that begin alike, and letters of four bytes: a cursor still fits, and leads through all of them.
#[test]
fn long_texts_are_walked_by_short_cursors() {
    let from = "name:     {type: text, required: true";
    let with = "name:     {type: text, required: true, index: true";
    let rules = loudou::cli::house::DEFAULT_RULES.replace(from, with);
    assert_ne!(rules, loudou::cli::house::DEFAULT_RULES);
    for on in [crate::company::On::Sqlite, crate::company::On::Postgres] {
        let Some(mut company) = Company::with_rules(on, &rules) else { continue };
        people(&mut company);
        let mut made = BTreeSet::new();
        for (letter, many) in [("🦀", 4), ("\"", 3), ("漏", 3)] {
            for number in 0..many {
                made.insert(company.customer("dora", &format!("{}{number}", letter.repeat(250))));
            }
        }
        for sort in ["fields.name", "-fields.name"] {
            let rows = walk(&company, &format!("/v1/customers?limit=1&sort={sort}"));
            assert_eq!(rows.len(), made.len(), "{sort}");
            assert_eq!(ids(&rows).into_iter().collect::<BTreeSet<_>>(), made, "{sort}");
            let mut letters: Vec<char> =
                rows.iter().map(|row| row["fields"]["name"].as_str().unwrap().chars().next().unwrap()).collect();
            letters.dedup();
            assert_eq!(letters.len(), 3, "{sort}: {letters:?}");
        }
    }
}

on_both!(no_text_is_taken_for_anything_else, |company| {
    people(company);
    let deal = company.deal("li", "甲");
    let nasty = [
        "' OR '1'='1",
        "'; DROP TABLE deals; --",
        "\" OR \"\"=\"",
        "%' --",
        "1) UNION SELECT 1--",
        "\\",
        "\\'",
        "$1",
        "?1",
        "{{7*7}}",
        "${jndi:ldap://x}",
        "../../etc/passwd",
        "<script>alert(1)</script>",
        "%s%n",
        "\u{202e}",
        "'||(SELECT 1)||'",
        "0x27",
        "_",
        "%",
        "*",
        "🦀",
        "null",
        "undefined",
        "-1",
        "true",
    ];
    for text in nasty {
        let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for name in ["funnel", "stage", "state", "product", "grade", "origin", "fields", "sort", "cursor", "customer"] {
            let seen = company.get("li", &format!("/v1/deals?{name}={encoded}"));
            assert!([200, 400].contains(&seen.status), "{name}={text}: {}", seen.text);
            assert!(seen.status == 400 || seen.body["data"] == json!([]), "{name}={text}: {}", seen.text);
        }
        for filter in ["size", "source"] {
            let seen = company.get("li", &format!("/v1/customers?fields={filter}:{encoded}"));
            assert_eq!(seen.status, 400, "{filter}:{text}: {}", seen.text);
        }
        let seen = company.get("li", &format!("/v1/deals/{encoded}"));
        assert!([400, 404].contains(&seen.status), "{text}: {}", seen.text);
        // In a body it is a text like any other, and comes back as it was.
        let made = company.post("li", "/v1/customers", &json!({"fields": {"name": format!("a {text} b")}}));
        if made.status == 201 {
            assert_eq!(made.body["fields"]["name"], format!("a {text} b"));
        } else {
            assert!([409, 422].contains(&made.status), "{text}: {}", made.text);
        }
        let login = company.server.post("/v1/auth/login", &json!({"login": text, "password": text})).send();
        assert!([401, 422, 429].contains(&login.status), "{text}: {}", login.text);
        for body in
            [json!({"to": text}), json!({"from": text, "to": "graded"}), json!({"to": "abandoned", "reason": text})]
        {
            let moved = company.post("li", &format!("/v1/deals/{deal}/moves"), &body);
            assert!([409, 422].contains(&moved.status), "{body}: {}", moved.text);
        }
    }
    for body in [
        json!({"fields": {"name": "a\u{0}b"}}),
        json!({"fields": {"name": "a", "understood": "\u{0}"}}),
        json!({"fields": {"name": "a"}, "contacts": [{"name": "\u{0}"}]}),
    ] {
        let seen = company.post("li", "/v1/customers", &body);
        assert_eq!(seen.status, 422, "{body}: {}", seen.text);
    }
    let noted = json!({"kind": "call", "outcome": "reached", "note": "a\u{0}b"});
    assert_eq!(company.post("li", &format!("/v1/deals/{deal}/activities"), &noted).status, 422);
    assert_eq!(company.get("li", "/v1/deals?stage=%00").status, 400);
    assert_eq!(data(company, "/v1/deals").len(), 1);
});
