//! Nobody cheats: what is hidden is hidden everywhere, a child is reached through its own parent only, rights end at the
//! next request on every process, signing in tells strangers nothing, and nobody raises himself.

use crate::client::{Seen, Server};
use crate::company::{Company, MONDAY, PASSWORD};
use crate::on_both;
use actix_web::http::Method;
use loudou::api::operations::all;
use loudou::cli::house::DEFAULT_RULES;
use serde_json::{Value as Json, json};

/// The shipped rules with these parts replaced; without their scenarios, which would notice.
fn rules(changes: &[(&str, &str)]) -> String {
    let text = DEFAULT_RULES.split("\nscenarios:").next().unwrap().to_owned() + "\n";
    changes.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "no `{from}` in the rules");
        text.replace(from, to)
    })
}

fn id(seen: &Seen) -> String {
    assert!(seen.status < 300, "{}", seen.text);
    seen.body["id"].as_str().unwrap().to_owned()
}

fn ids(seen: &Seen) -> Vec<&str> {
    assert_eq!(seen.status, 200, "{}", seen.text);
    seen.body["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect()
}

/// Rules under which colleagues read each other's deals, but not all of them.
fn hiding_rules() -> String {
    rules(&[
        (
            "scope: team, hide: [customer.phone, customer.contacts]}",
            "scope: team, hide: [customer.phone, customer.size, customer.contacts, deal.question, deal.grade],
         mask: {customer.understood: {keep_first: 2}}}
      - {do: [deals.move], scope: team}",
        ),
        (
            "        enter:\n          - id: graded_by_hand",
            "        enter:
          - {id: telling, require: 'customer.size == \"ordinary\" && deal.question == \"x\" && customer.phone == \"x\" && customer.understood == \"x\"'}
          - id: graded_by_hand",
        ),
    ])
}

#[test]
fn what_is_hidden_is_hidden_everywhere_on_sqlite() {
    hidden(&mut Company::with_rules(crate::company::On::Sqlite, &hiding_rules()).unwrap());
}

#[test]
fn what_is_hidden_is_hidden_everywhere_on_postgres() {
    if let Some(mut company) = Company::with_rules(crate::company::On::Postgres, &hiding_rules()) {
        hidden(&mut company);
    }
}

/// Parts of values that only the owner sees; long enough for none to stand in an id by chance.
const SECRETS: [&str; 6] = ["88887777", "Zitronenhandel", "geheimfrage", "Rosalinde", "\"large\"", "\"grade\":\"A\""];

fn hidden(company: &mut Company) {
    company.person("li", &["seller"], Some("south"));
    company.person("wang", &["seller"], Some("south"));
    let fields = json!({"name": "华新门业", "phone": "0755 8888 7777", "size": "large", "verified": true,
        "understood": "Zitronenhandel"});
    let body = json!({"fields": fields, "contacts": [{"name": "Rosalinde"}]});
    let customer = id(&company.post("li", "/v1/customers", &body));
    let deal = id(&company.post("li", "/v1/deals", &json!({"customer": customer})));
    let path = format!("/v1/deals/{deal}");
    // Before there is a grade, what it would be is not told either.
    assert_eq!(company.get("li", &path).body["grade_now"], "B");
    assert_eq!(company.get("wang", &path).body["grade_now"], Json::Null);
    assert_eq!(company.get("wang", &format!("{path}/grade")).body["computed"], Json::Null);
    let known = json!({"fields": {"question": "geheimfrage", "suitable": true}});
    assert_eq!(company.patch("li", &path, &known).status, 200);
    let activity = json!({"kind": "call", "outcome": "reached", "contact": "Rosalinde", "note": "about Rosalinde"});
    assert_eq!(company.post("li", &format!("{path}/activities"), &activity).status, 201);
    assert_eq!(company.post("li", &format!("{path}/grade"), &json!({})).body["grade"], "A");
    let refused = company.post("li", &format!("{path}/moves"), &json!({"to": "graded"}));
    assert_eq!(refused.unmet(), ["telling", "graded_by_hand"]);
    assert!(refused.text.contains("geheimfrage") && refused.text.contains("88887777"), "{}", refused.text);

    let parts = ["", "/moves", "/grade", "/activities", "/history", "/decisions?limit=100", "/contracts"];
    let mut reads: Vec<String> = parts.iter().map(|part| format!("{path}{part}")).collect();
    reads.extend([format!("/v1/customers/{customer}"), "/v1/customers".to_owned(), "/v1/deals".to_owned()]);
    let decisions = company.get("li", &format!("{path}/decisions?limit=100"));
    reads.extend(ids(&decisions).iter().map(|decision| format!("{path}/decisions/{decision}")));
    let mut told = String::new();
    for read in &reads {
        told += &company.get("li", read).text;
        silent(&company.get("wang", read));
    }
    for secret in SECRETS {
        assert!(told.contains(secret), "not even the owner is told `{secret}`");
    }
    let seen = company.get("wang", &format!("/v1/customers/{customer}"));
    let hidden = json!({"hidden": true});
    let fields = &seen.body["fields"];
    assert_eq!((&fields["phone"], &fields["size"], &fields["understood"]), (&hidden, &hidden, &json!("Zi***")));
    assert_eq!(seen.body["contacts"], Json::Null);

    // What a write answers: refused, tried, done.
    let refused = company.post("wang", &format!("{path}/moves"), &json!({"to": "graded"}));
    assert_eq!(refused.unmet(), ["telling", "graded_by_hand"]);
    let values = &refused.body["unmet"][0]["values"];
    assert_eq!((&values["customer.size"], &values["deal.question"]), (&hidden, &hidden));
    assert_eq!((&values["customer.phone"], &values["customer.understood"]), (&hidden, &json!("Zi***")));
    silent(&refused);
    let lost = json!({"to": "abandoned", "reason": "unsuitable"});
    silent(&company.post("wang", &format!("{path}/moves?dry_run=true"), &lost));
    let replayed = || {
        let call = company.server.post(&format!("{path}/moves"), &lost).token(&company.token("wang"));
        call.header("idempotency-key", "once").expect(201)
    };
    silent(&replayed());
    silent(&replayed());

    filters(company, &customer);
}

#[track_caller]
fn silent(seen: &Seen) {
    assert!(seen.status < 500, "{}", seen.text);
    for secret in SECRETS {
        assert!(!seen.text.contains(secret), "tells `{secret}`: {}", seen.text);
    }
}

/// Lists take what the reader may not see as missing.
fn filters(company: &Company, customer: &str) {
    let found = |by: &str, path: &str| ids(&company.get(by, path)).len();
    for path in ["/v1/customers?fields=size:large", "/v1/deals?grade=A"] {
        assert_eq!((found("li", path), found("wang", path)), (1, 0), "{path}");
    }
    let other = company.customer("li", "another");
    assert_eq!(company.post("li", "/v1/deals", &json!({"customer": other})).status, 201);
    let order = |by: &str| {
        ["fields.size", "-fields.size"].map(|sort| {
            let seen = company.get(by, &format!("/v1/customers?sort={sort}"));
            ids(&seen).into_iter().map(str::to_owned).collect::<Vec<_>>()
        })
    };
    let mut orders = Vec::new();
    for (one, two) in [("large", "unknown"), ("unknown", "large")] {
        for (customer, size) in [(customer, one), (other.as_str(), two)] {
            let path = format!("/v1/customers/{customer}");
            assert_eq!(company.patch("ada", &path, &json!({})).status, 403);
            assert_eq!(company.patch("li", &path, &json!({"fields": {"size": size}})).status, 200);
        }
        orders.push((order("li"), order("wang")));
    }
    assert_ne!(orders[0].0, orders[1].0);
    assert_eq!(orders[0].1, orders[1].1, "the order tells what is hidden");
}

on_both!(
    /// Contacts carry numbers and addresses of their own, and what was said to them may hold another.
    by_the_shipped_rules_colleagues_see_no_number_of_a_customer_nor_of_his_people,
    |company| {
        company.person("li", &["seller"], Some("south"));
        company.person("wang", &["seller"], Some("south"));
        let contact = json!({"name": "Rosalinde", "phone": "0755 8888 6666", "email": "rosa@example.com"});
        let body = json!({"fields": {"name": "华新门业", "phone": "0755 8888 7777"}, "contacts": [contact]});
        let customer = format!("/v1/customers/{}", id(&company.post("li", "/v1/customers", &body)));
        let owner = company.get("li", &customer);
        let deal = id(&company.post("li", "/v1/deals", &json!({"customer": owner.body["id"]})));
        let deal = format!("/v1/deals/{deal}");
        let said = json!({"kind": "call", "outcome": "reached", "contact": "Rosalinde", "note": "or +8675588885555"});
        assert_eq!(company.post("li", &format!("{deal}/activities"), &said).status, 201);
        let reads = [
            customer.clone(),
            "/v1/customers".to_owned(),
            format!("{customer}/timeline"),
            deal.clone(),
            format!("{deal}/activities"),
            format!("{deal}/decisions"),
        ];
        let secrets = ["88887777", "88886666", "88885555", "Rosalinde", "rosa@"];
        let told: String = reads.iter().map(|path| company.get("li", path).text).collect();
        assert!(secrets.iter().all(|secret| told.contains(secret)), "{told}");
        let look = |company: &Company| {
            for path in &reads {
                let seen = company.get("wang", path);
                assert_eq!(seen.status, 200, "{path}: {}", seen.text);
                let secret = secrets.iter().find(|secret| seen.text.contains(**secret));
                assert!(secret.is_none(), "{path} tells {secret:?}: {}", seen.text);
            }
        };
        look(company);
        // In the pool the end of the customer's own number shows, and nothing of his people.
        assert_eq!(company.post("li", &format!("{deal}/release"), &json!({})).status, 201);
        look(company);
        assert_eq!(company.get("wang", &customer).body["fields"]["phone"], "***777");
    }
);

on_both!(a_child_is_reached_through_its_own_parent_only, |company| {
    company.person("li", &["seller"], Some("south"));
    let amount = json!({"amount_minor": 100, "currency": "CNY"});
    let mut made = ["one", "other"].map(|name| {
        let deal = format!("/v1/deals/{}", company.deal("li", name));
        let contract = id(&company.post("li", &format!("{deal}/contracts"), &json!({"amount": amount})));
        let paid = json!({"amount": amount, "paid_on": "2026-03-02"});
        let paid = company.post("li", &format!("{deal}/contracts/{contract}/payments"), &paid);
        let payment = paid.body["payments"][0]["id"].as_str().unwrap().to_owned();
        let decision = ids(&company.get("li", &format!("{deal}/decisions")))[0].to_owned();
        (deal, contract, payment, decision)
    });
    for _ in 0..2 {
        let [(deal, own, ..), (_, contract, payment, decision)] = &made;
        let looked = company.get("li", &format!("{deal}/contracts")).text;
        let foreign = format!("{deal}/contracts/{contract}");
        let pay = json!({"amount": amount, "paid_on": "2026-03-02"});
        let answers = [
            company.get("li", &foreign),
            company.patch("li", &foreign, &json!({"number": "7"})),
            company.post("li", &format!("{foreign}/payments"), &pay),
            company.post("li", &format!("{foreign}/payments/{payment}/cancel"), &Json::Null),
            company.post("li", &format!("{deal}/contracts/{own}/payments/{payment}/cancel"), &Json::Null),
            company.get("li", &format!("{deal}/decisions/{decision}")),
        ];
        for (number, seen) in answers.iter().enumerate() {
            assert_eq!((seen.status, seen.code()), (404, "not_found"), "{number}: {}", seen.text);
        }
        assert_eq!(looked, company.get("li", &format!("{deal}/contracts")).text);
        // Through another contract of the same deal neither.
        let second = id(&company.post("li", &format!("{deal}/contracts"), &json!({"amount": amount})));
        let astray = format!("{deal}/contracts/{second}/payments/{}/cancel", made[0].2);
        assert_eq!(company.post("li", &astray, &Json::Null).status, 404);
        made.reverse();
    }
});

on_both!(ids_in_bodies_are_held_to_what_ids_in_paths_are, |company| {
    company.person("li", &["seller"], Some("south"));
    company.person("mei", &["manager"], Some("south"));
    company.person("wang", &["seller"], Some("south"));
    company.person("far", &["seller"], Some("north"));
    let foreign = company.customer("far", "theirs");
    let (own, mine) = (company.customer("li", "ours"), company.customer("mei", "hers"));
    let looked = |company: &Company| company.get("mei", "/v1/deals").text + &company.get("far", "/v1/deals").text;
    let before = looked(company);
    let made = |by: &str, body: Json| {
        let seen = company.post(by, "/v1/deals", &body);
        (seen.status, seen.code().to_owned())
    };
    let (not_found, forbidden) = ((404, "not_found".to_owned()), (403, "not_permitted".to_owned()));
    // A customer whom he does not see; hands that he may not give to, or not so far.
    assert_eq!(made("li", json!({"customer": foreign})), not_found);
    assert_eq!(made("li", json!({"customer": own, "owner": company.id("wang")})), forbidden);
    assert_eq!(made("mei", json!({"customer": foreign, "owner": company.id("li")})), not_found);
    assert_eq!(made("mei", json!({"customer": mine, "owner": company.id("far")})), forbidden);
    assert_eq!(looked(company), before);
    assert_eq!(made("mei", json!({"customer": mine, "owner": company.id("li")})).0, 201);
});

/// The statuses of a read on both processes.
fn both(company: &Company, other: &Server, token: &str, path: &str) -> (u16, u16) {
    // The other one first: it has heard of nothing.
    let there = other.get(path).token(token).send().status;
    (company.server.get(path).token(token).send().status, there)
}

on_both!(rights_end_at_the_next_request_on_every_process, |company| {
    let other = company.another_process(&[]);
    company.person("li", &["seller"], Some("south"));
    company.person("mei", &["manager"], Some("south"));
    let deal = format!("/v1/deals/{}", company.deal("li", "华新门业"));
    let mei = company.token("mei");
    let path = format!("/v1/users/{}", company.id("mei"));
    let change = |company: &Company, body: &Json| assert_eq!(company.patch("ada", &path, body).status, 200);
    assert_eq!(both(company, &other, &mei, &deal), (200, 200));
    // The team, and back; the role, and back.
    let (north, south) = (company.team("north", None), company.team("south", None));
    change(company, &json!({"team": north}));
    assert_eq!(both(company, &other, &mei, &deal), (404, 404));
    change(company, &json!({"team": south}));
    assert_eq!(both(company, &other, &mei, &deal), (200, 200));
    change(company, &json!({"roles": ["supporter"]}));
    assert_eq!(both(company, &other, &mei, &deal), (403, 403));
    change(company, &json!({"roles": ["manager"]}));
    assert_eq!(both(company, &other, &mei, &deal), (200, 200));
    // Writes on the process that has heard of nothing.
    change(company, &json!({"roles": ["trainer"]}));
    let seen = other.post(&format!("{deal}/release"), &json!({})).token(&mei).send();
    assert_eq!((seen.status, seen.code()), (403, "not_permitted"));
    change(company, &json!({"active": false}));
    assert_eq!(both(company, &other, &mei, &deal), (401, 401));
    other
        .post("/v1/auth/refresh", &json!({"refresh_token": company.refresh_token("mei")}))
        .refused(401, "unauthenticated");
    // What was signed in then stays signed out when he comes back.
    change(company, &json!({"active": true}));
    assert_eq!(both(company, &other, &mei, "/v1/me"), (401, 401));
});

on_both!(sign_ins_end_at_the_next_request_on_every_process, |company| {
    let other = company.another_process(&[]);
    company.person("li", &["seller"], Some("south"));
    let warm = |company: &mut Company| {
        let tokens = [company.sign_in("li"), company.sign_in("li")];
        for person in &tokens {
            assert_eq!(both(company, &other, &person.token, "/v1/me"), (200, 200));
        }
        tokens
    };
    let dead = |company: &Company, person: &crate::company::Person| {
        assert_eq!(both(company, &other, &person.token, "/v1/me"), (401, 401));
        let refresh = json!({"refresh_token": person.refresh_token});
        other.post("/v1/auth/refresh", &refresh).refused(401, "unauthenticated");
    };
    // One of two.
    let [one, two] = warm(company);
    company.server.call("POST", "/v1/auth/logout").token(&one.token).expect(204);
    dead(company, &one);
    assert_eq!(both(company, &other, &two.token, "/v1/me"), (200, 200));
    // All.
    let [one, two] = warm(company);
    company.server.call("POST", "/v1/auth/logout_everywhere").token(&one.token).expect(204);
    dead(company, &one);
    dead(company, &two);
    // With a new password there is one new sign-in and no other.
    let [one, two] = warm(company);
    let body = json!({"present_password": PASSWORD, "new_password": PASSWORD});
    let seen = company.server.post("/v1/me/password", &body).token(&one.token).expect(200);
    dead(company, &one);
    dead(company, &two);
    assert_eq!(both(company, &other, seen.body["access_token"].as_str().unwrap(), "/v1/me"), (200, 200));
    // Set by an administrator.
    let [one, two] = warm(company);
    let path = format!("/v1/users/{}/password", company.id("li"));
    assert_eq!(company.post("ada", &path, &json!({"password": PASSWORD})).status, 204);
    dead(company, &one);
    dead(company, &two);
});

on_both!(no_read_answers_a_deactivated_user_on_a_process_that_has_not_heard_of_it, |company| {
    let other = company.another_process(&[]);
    let roles = ["director", "rules_admin", "people_admin"];
    let reads = all().into_iter().filter(|one| one.method == Method::GET && !one.path.contains('{'));
    let mut tried = 0;
    for operation in reads.filter(|one| one.access.needs_sign_in()) {
        let login = format!("user{tried}");
        let person = company.person(&login, &roles, None);
        // Of what is asked, something must be named.
        let query = if operation.id == "getRulesDiff" { "?from=1&to=1" } else { "" };
        let read = format!("{}{query}", operation.path);
        assert_eq!(both(company, &other, &person.token, &read), (200, 200), "{}", operation.id);
        let path = format!("/v1/users/{}", person.id);
        assert_eq!(company.patch("ada", &path, &json!({"active": false})).status, 200);
        assert_eq!(both(company, &other, &person.token, &read), (401, 401), "{}", operation.id);
        tried += 1;
    }
    assert!(tried > 6, "{tried}");
});

on_both!(a_refresh_token_is_good_once, |company| {
    company.person("li", &["seller"], Some("south"));
    let refresh = |company: &Company, token: &str| {
        company.server.post("/v1/auth/refresh", &json!({"refresh_token": token})).send()
    };
    let text = |seen: &Seen, name: &str| {
        assert_eq!(seen.status, 200, "{}", seen.text);
        seen.body[name].as_str().unwrap().to_owned()
    };
    let first = company.refresh_token("li");
    // Two requests that cross get the same.
    let second = text(&refresh(company, &first), "refresh_token");
    assert_eq!(text(&refresh(company, &first), "refresh_token"), second);
    assert_ne!(first, second);
    company.pass_hours(1);
    let apart = company.token("li");
    let seen = refresh(company, &second);
    let (third, access) = (text(&seen, "refresh_token"), text(&seen, "access_token"));
    company.server.get("/v1/me").token(&access).expect(200);
    // An old one again: somebody has a copy. The whole sign-in ends, and no other.
    assert_eq!(refresh(company, &first).status, 401);
    company.server.get("/v1/me").token(&access).refused(401, "unauthenticated");
    assert_eq!(refresh(company, &third).status, 401);
    company.server.get("/v1/me").token(&apart).expect(200);
    // Not for ever.
    let unused = company.sign_in("li").refresh_token;
    company.pass_hours(24 * 30 + 1);
    assert_eq!(refresh(company, &unused).status, 401);
});

on_both!(no_refresh_token_lies_in_the_database, |company| {
    // Whoever reads the database has no token in his hands.
    let token = company.person("li", &["seller"], Some("south")).refresh_token;
    let begins = &token.as_bytes()[..20];
    match company.url.strip_prefix("sqlite:") {
        Some(path) => {
            let read = |name: String| std::fs::read(name).unwrap_or_default();
            let all = [read(path.to_owned()), read(format!("{path}-wal"))].concat();
            let holds = |part: &[u8]| all.windows(part.len()).any(|window| window == part);
            assert!(holds(b"seller") && !holds(begins));
        }
        None => {
            let digits: String = begins.iter().map(|byte| format!("{byte:02x}")).collect();
            let found = format!("SELECT FROM sessions WHERE position(decode('{digits}', 'hex') IN token_hash) > 0");
            let raise = format!("DO $$ BEGIN IF EXISTS ({found}) THEN RAISE EXCEPTION 'a token'; END IF; END $$");
            crate::postgres::execute(&company.url, &raise);
        }
    }
});

fn login(server: &Server, login: &str, password: &str, from: &str) -> Seen {
    let body = json!({"login": login, "password": password});
    server.post("/v1/auth/login", &body).header("x-forwarded-for", from).send()
}

on_both!(a_sign_in_that_fails_tells_nothing_and_has_to_wait, |company| {
    for name in ["li", "gone"] {
        company.person(name, &["seller"], Some("south"));
    }
    let gone = format!("/v1/users/{}", company.id("gone"));
    assert_eq!(company.patch("ada", &gone, &json!({"active": false})).status, 200);
    let mut answers = Vec::new();
    let workflow = std::sync::Arc::clone(&company.workflow);
    let work = || workflow.passwords().checked();
    for (name, password) in [("nobody", "wrong"), ("li", "wrong"), ("gone", PASSWORD), ("gone", "wrong")] {
        let before = work();
        let mut seen = login(&company.server, name, password, "192.0.2.1");
        assert_eq!((seen.status, work()), (401, before + 1), "{name} {password}: not the same work");
        seen.body["instance"] = Json::Null;
        answers.push(seen.body);
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    // Known or not, by whatever address and process: the same number of tries, and then a wait.
    let other = company.another_process(&[]);
    let statuses = |name: &str| {
        let tries = 0..8;
        tries
            .map(|n| {
                let server = if n % 2 == 0 { &company.server } else { &other };
                login(server, name, "wrong", &format!("192.0.2.{n}")).status
            })
            .collect::<Vec<u16>>()
    };
    let known = statuses("li");
    assert_eq!(known, statuses("nobody"));
    assert_eq!((known[0], known[7]), (401, 429), "{known:?}");
    let seen = login(&other, "LI", PASSWORD, "192.0.2.99");
    assert_eq!((seen.status, seen.code()), (429, "too_many_requests"));
    assert!(!seen.header("retry-after").is_empty());
    // Nobody is locked out for good: an hour later everybody signs in.
    assert_eq!(company.patch("ada", &gone, &json!({"active": true})).status, 200);
    company.pass_hours(1);
    let before = work();
    assert_eq!(login(&company.server, "li", PASSWORD, "192.0.2.1").status, 200);
    assert_eq!(work(), before + 1);
});

on_both!(one_address_tries_no_thousand_names, |company| {
    company.person("li", &["seller"], Some("south"));
    let proxied = company.another_process(&["--trusted-proxies", "127.0.0.0/8"]);
    let tries: Vec<u16> = (0..60)
        .map(|n| login(&proxied, &format!("name{n}"), "wrong", &format!("10.0.0.{n}, 192.0.2.7")).status)
        .collect();
    assert_eq!((tries[0], tries[59]), (401, 429), "{tries:?}");
    let waits = tries.iter().position(|status| *status == 429).unwrap();
    assert!(tries[waits..].iter().all(|status| *status == 429) && waits > 20, "{tries:?}");
    // Others do not wait for it.
    assert_eq!(login(&proxied, "li", PASSWORD, "192.0.2.8").status, 200);
});

on_both!(who_has_a_token_cannot_guess_the_password_with_it, |company| {
    let token = company.person("li", &["seller"], Some("south")).token;
    let guess = |present: &str| {
        let body = json!({"present_password": present, "new_password": "another fine password"});
        company.server.post("/v1/me/password", &body).token(&token).send().status
    };
    let tries: Vec<u16> = (0..8).map(|n| guess(&format!("guess {n}"))).collect();
    assert_eq!((tries[0], tries[7]), (422, 429), "{tries:?}");
    assert_eq!(guess(PASSWORD), 429);
});

fn set_up(server: &Server, token: &str, login: &str) -> Seen {
    server.post("/v1/setup", &json!({"token": token, "login": login, "name": login, "password": PASSWORD})).send()
}

#[test]
fn twenty_set_ups_at_once_make_one_administrator() {
    for on in [crate::company::On::Sqlite, crate::company::On::Postgres] {
        let Some((mut company, token)) = Company::empty(on, DEFAULT_RULES) else { continue };
        let server = &company.server;
        for (name, password) in [("admin", "admin"), ("ada", PASSWORD), ("root", ""), ("loudou", "loudou")] {
            assert_eq!(login(server, name, password, "192.0.2.1").status, 401, "{name}");
        }
        assert_eq!(set_up(server, "", "eve").status, 401);
        assert_eq!(set_up(server, "wrong", "eve").status, 401);
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..20)
                .map(|n| (n, &token))
                .map(|(n, token)| scope.spawn(move || set_up(server, token, &format!("admin{n}"))))
                .collect();
            tries.into_iter().map(|one| one.join().unwrap().status).collect()
        });
        assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| [201, 401, 404].contains(status)), "{statuses:?}");
        assert_eq!(set_up(server, &token, "eve").status, 404);
        let winner = statuses.iter().position(|status| *status == 201).unwrap();
        let winner = format!("admin{winner}");
        let token = company.sign_in(&winner).token;
        let users = company.server.get("/v1/users").token(&token).expect(200);
        assert_eq!(users.body["data"].as_array().unwrap().len(), 1);
    }
}

#[test]
fn a_set_up_token_is_good_for_a_quarter_of_an_hour() {
    let (mut company, token) = Company::empty(crate::company::On::Sqlite, DEFAULT_RULES).unwrap();
    company.pass_hours(1);
    assert_eq!(set_up(&company.server, &token, "ada").status, 401);
    assert!(company.now() > MONDAY.parse().unwrap());
}

on_both!(nobody_raises_himself_or_touches_those_above, |company| {
    company.person("paul", &["people_admin"], None);
    company.person("li", &["seller"], Some("south"));
    let north = company.team("north", None);
    let path = |name: &str| format!("/v1/users/{}", company.id(name));
    let (ada, paul, li) = (path("ada"), path("paul"), path("li"));
    let look = || company.get("ada", "/v1/users").text;
    let before = look();
    let refused = [
        (&paul, json!({"roles": ["people_admin", "rules_admin"]})),
        (&paul, json!({"roles": ["people_admin", "director"]})),
        (&paul, json!({"roles": ["seller"]})),
        (&paul, json!({"active": false})),
        (&ada, json!({"name": "Eve"})),
        (&ada, json!({"active": false})),
        (&ada, json!({"roles": ["seller"]})),
        (&li, json!({"roles": ["rules_admin"]})),
        (&li, json!({"roles": ["seller", "rules_admin"]})),
    ];
    for (path, body) in &refused {
        let seen = company.patch("paul", path, body);
        assert_eq!((seen.status, seen.code()), (403, "not_permitted"), "{body}: {}", seen.text);
    }
    assert_eq!(company.patch("paul", &paul, &json!({"team": north})).status, 403);
    let seen = company.post("paul", &format!("{ada}/password"), &json!({"password": "another password"}));
    assert_eq!(seen.status, 403);
    let new = json!({"login": "eve", "name": "Eve", "roles": ["rules_admin"], "password": PASSWORD});
    assert_eq!(company.post("paul", "/v1/users", &new).status, 403);
    assert_eq!(look(), before);
    // What he may.
    assert_eq!(company.patch("paul", &paul, &json!({"name": "Paul"})).status, 200);
    assert_eq!(company.patch("paul", &li, &json!({"roles": ["manager"]})).status, 200);
    assert_eq!(company.patch("paul", &li, &json!({"roles": ["people_admin"]})).status, 200);
    assert_eq!(company.patch("ada", &li, &json!({"roles": ["rules_admin"]})).status, 200);
});

/// `never` of any role wins where people are written, too, and where nothing but people may be read.
#[test]
fn what_is_never_to_be_done_to_people_is_not_done() {
    for on in [crate::company::On::Sqlite, crate::company::On::Postgres] {
        let local = "roles:                                       # what is not granted is refused; `never` wins";
        let with = format!(
            "{local}\n  barred: {{label: B, never: [{{do: [people.write]}}]}}\n  blind: {{label: B, never: [{{do: [people.read]}}]}}"
        );
        let Some(mut company) = Company::with_rules(on, &rules(&[(local, &with)])) else { continue };
        company.person("bea", &["people_admin", "barred"], Some("south"));
        company.person("ben", &["people_admin", "blind"], None);
        company.person("li", &["seller"], Some("south"));
        let (li, south) =
            (format!("/v1/users/{}", company.id("li")), format!("/v1/teams/{}", company.team("south", None)));
        let empty = format!("/v1/teams/{}", company.team("empty", None));
        let look = |company: &Company| company.get("ada", "/v1/users").text + &company.get("ada", "/v1/teams").text;
        let before = look(&company);
        let new = json!({"login": "eve", "name": "Eve", "roles": ["seller"], "team": company.team("south", None)});
        let delete = company.server.delete(&empty).token(&company.token("bea")).header("if-match", "*");
        let refused = [
            company.post("bea", "/v1/users", &new),
            company.patch("bea", &li, &json!({"name": "x"})),
            company.post("bea", &format!("{li}/password"), &json!({"password": PASSWORD})),
            company.post("bea", "/v1/teams", &json!({"name": "x"})),
            company.patch("bea", &south, &json!({"name": "x"})),
            delete.send(),
            company.get("ben", "/v1/teams"),
            company.get("ben", &south),
        ];
        for (number, seen) in refused.iter().enumerate() {
            assert_eq!((seen.status, seen.code()), (403, "not_permitted"), "{number}: {}", seen.text);
        }
        assert_eq!(ids(&company.get("ben", "/v1/users")), Vec::<&str>::new());
        assert_eq!(look(&company), before);
    }
}

/// Dealing out of the pool is an action of its own: it needs no other, and leads to nobody's deals only.
#[test]
fn who_may_only_deal_out_deals_out_what_nobody_owns() {
    for on in [crate::company::On::Sqlite, crate::company::On::Postgres] {
        let local = "roles:                                       # what is not granted is refused; `never` wins";
        let with = format!(
            "{local}\n  dealer: {{label: D, may: [{{do: [pool.read, pool.deal_out], scope: team}}, {{do: [deals.read], scope: team}}]}}"
        );
        let Some(mut company) = Company::with_rules(on, &rules(&[(local, &with)])) else { continue };
        company.person("dave", &["dealer"], Some("south"));
        company.person("dora", &["director"], None);
        company.person("li", &["seller"], Some("south"));
        company.person("far", &["seller"], Some("north"));
        let pooled = |company: &Company, by: &str, name: &str| {
            let deal = format!("/v1/deals/{}", company.deal(by, name));
            assert_eq!(company.post("dora", &format!("{deal}/release"), &json!({})).status, 201);
            deal
        };
        let (south, north) = (pooled(&company, "li", "one"), pooled(&company, "far", "two"));
        let owned = format!("/v1/deals/{}", company.deal("li", "three"));
        let give = |deal: &str, to: &str| {
            let seen = company.post("dave", &format!("{deal}/assign"), &json!({"owner": company.id(to)}));
            (seen.status, seen.code().to_owned())
        };
        assert_eq!(give(&owned, "li"), (403, "not_permitted".into()));
        assert_eq!(give(&north, "li"), (404, "not_found".into()));
        assert_eq!(give(&south, "far"), (403, "not_permitted".into()));
        assert_eq!(give(&south, "li"), (201, String::new()));
        // Now it is somebody's.
        assert_eq!(give(&south, "li"), (403, "not_permitted".into()));
    }
}

#[test]
fn who_changes_the_people_of_a_team_changes_no_others() {
    let local = "roles:                                       # what is not granted is refused; `never` wins";
    let with = format!("{local}\n  local_admin: {{label: L, may: [{{do: [people.read, people.write], scope: team}}]}}");
    let rules = rules(&[(local, &with)]);
    let mut company = Company::with_rules(crate::company::On::Sqlite, &rules).unwrap();
    company.person("lola", &["local_admin"], Some("south"));
    company.person("li", &["seller"], Some("south"));
    company.person("far", &["seller"], Some("north"));
    let (south, north) = (company.team("south", None), company.team("north", None));
    let path = |name: &str| format!("/v1/users/{}", company.id(name));
    let changes = [
        ("far", json!({"name": "x"}), 404),
        ("ada", json!({"name": "x"}), 404),
        ("li", json!({"team": north}), 403),
        ("li", json!({"team": null}), 403),
        ("li", json!({"roles": ["people_admin"]}), 403),
        ("li", json!({"roles": ["rules_admin"]}), 403),
        ("lola", json!({"roles": ["people_admin"]}), 403),
        ("lola", json!({"team": north}), 403),
        ("li", json!({"roles": ["local_admin"]}), 200),
        ("li", json!({"name": "x"}), 200),
    ];
    for (who, body, status) in changes {
        let seen = company.patch("lola", &path(who), &body);
        assert_eq!(seen.status, status, "{who} {body}: {}", seen.text);
    }
    for (number, (team, role, status)) in [
        (json!(north), "seller", 403),
        (Json::Null, "seller", 403),
        (json!(south), "people_admin", 403),
        (json!(south), "seller", 201),
    ]
    .into_iter()
    .enumerate()
    {
        let body = json!({"login": format!("new{number}"), "name": "x", "roles": [role], "team": team});
        assert_eq!(company.post("lola", "/v1/users", &body).status, status, "{body}");
    }
    assert_eq!(company.post("lola", "/v1/teams", &json!({"name": "x"})).status, 403);
    assert_eq!(company.post("lola", "/v1/teams", &json!({"name": "x", "parent": north})).status, 403);
    assert_eq!(company.post("lola", "/v1/teams", &json!({"name": "x", "parent": south})).status, 201);
    assert_eq!(company.patch("lola", &format!("/v1/teams/{north}"), &json!({"name": "x"})).status, 403);
    let seen = company.get("lola", "/v1/users");
    let logins: Vec<&str> =
        seen.body["data"].as_array().unwrap().iter().map(|user| user["login"].as_str().unwrap()).collect();
    assert_eq!(logins, ["li", "lola", "new3"]);
}

on_both!(of_two_administrators_who_dismiss_each_other_one_is_left, |company| {
    for round in 0..5 {
        let [one, two] = [0, 1].map(|n| format!("admin{round}{n}"));
        for name in [&one, &two] {
            company.person(name, &["people_admin", "rules_admin"], None);
        }
        let server = &company.server;
        let dismissals = [(&one, &two), (&two, &one)]
            .map(|(by, whom)| (company.token(by), format!("/v1/users/{}", company.id(whom))));
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let tries = dismissals.map(|(token, path)| {
                scope.spawn(move || {
                    server.patch(&path, &json!({"active": false})).token(&token).header("if-match", "*").send().status
                })
            });
            tries.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert!(statuses.contains(&401), "{statuses:?}");
    }
});

/// What answers hold and bodies do not is refused on real things, and changes nothing.
#[test]
fn what_the_server_keeps_cannot_be_written() {
    let mut company = Company::new(crate::company::On::Sqlite).unwrap();
    let roles = ["people_admin", "rules_admin", "director"];
    company.person("all", &roles, Some("south"));
    let deal = company.deal("all", "华新门业");
    let amount = json!({"amount_minor": 100, "currency": "CNY"});
    let contract = id(&company.post("all", &format!("/v1/deals/{deal}/contracts"), &json!({"amount": amount})));
    let customer = company.get("all", &format!("/v1/deals/{deal}")).body["customer"].as_str().unwrap().to_owned();
    let team = company.team("south", None);
    let things = [
        (format!("/v1/deals/{deal}"), "DealPatchBody"),
        (format!("/v1/deals/{deal}/contracts/{contract}"), "ContractPatchBody"),
        (format!("/v1/customers/{customer}"), "CustomerPatchBody"),
        (format!("/v1/users/{}", company.id("all")), "UserPatchBody"),
        (format!("/v1/teams/{team}"), "TeamPatchBody"),
    ];
    let document = &company.server.app.document.json;
    for (path, body) in &things {
        let taken = document["components"]["schemas"][body]["properties"].as_object().unwrap();
        let before = company.get("all", path);
        let mut tried = 0;
        for (name, value) in before.body.as_object().unwrap().iter().filter(|(name, _)| !taken.contains_key(*name)) {
            let seen = company.patch("all", path, &json!({name: value}));
            assert_eq!((seen.status, seen.faults()), (422, vec![format!("/{name} field_unknown")]), "{path}");
            tried += 1;
        }
        assert!(tried >= 4, "{path}: {tried}");
        assert_eq!(company.get("all", path).text, before.text);
    }
}
