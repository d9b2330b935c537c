//! Many at once: nobody's change is lost, a deal goes one way, a cap holds exactly.

use crate::client::Server;
use crate::company::Company;
use crate::on_both;
use serde_json::{Value as Json, json};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Runs `run` as often as said, all beginning at the same moment.
pub fn at_once<T: Send>(many: usize, run: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(many);
    std::thread::scope(|scope| {
        let begin = |number| {
            let (barrier, run) = (&barrier, &run);
            scope.spawn(move || {
                barrier.wait();
                run(number)
            })
        };
        let running: Vec<_> = (0..many).map(begin).collect();
        running.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

fn people(company: &mut Company) {
    company.person("mei", &["manager"], Some("south"));
    company.person("li", &["seller"], Some("south"));
    company.person("dora", &["director"], None);
}

/// Two processes where the database is for several, else one.
fn two<'a>(company: &'a Company, other: &'a Option<Server>) -> [&'a Server; 2] {
    [&company.server, other.as_ref().unwrap_or(&company.server)]
}

fn another(company: &Company) -> Option<Server> {
    company.url.starts_with("postgres").then(|| company.another_process(&[]))
}

on_both!(
    /// Where others write to the same deal as fast as they can, a call takes its turn: nobody is told to come back.
    nobody_starves_on_a_busy_deal,
    |company| {
        people(company);
        let deal = company.deal("li", "甲");
        let other = another(company);
        let (servers, token) = (two(company, &other), company.token("li"));
        let path = format!("/v1/deals/{deal}");
        let left = AtomicUsize::new(25);
        let logged = at_once(5, |number| {
            let server = servers[number % 2];
            let mut logged = 0;
            while number > 0 && left.load(Ordering::SeqCst) > 0 {
                let call = json!({"kind": "call", "outcome": "reached"});
                server.post(&format!("{path}/activities"), &call).token(&token).expect(201);
                logged += 1;
            }
            while number == 0 && left.load(Ordering::SeqCst) > 0 {
                let moved = server.post(&format!("{path}/moves"), &json!({"to": "graded"})).token(&token).send();
                let change = json!({"fields": {"question": "why?"}});
                let changed = server.patch(&path, &change).token(&token).header("if-match", "*").send();
                // The others end whatever comes of it.
                let good = (moved.status, changed.status) == (422, 200);
                left.store(if good { left.load(Ordering::SeqCst) - 1 } else { 0 }, Ordering::SeqCst);
                assert!(good, "{}\n{}", moved.text, changed.text);
            }
            logged
        });
        assert!(logged.iter().sum::<usize>() >= 4, "{logged:?}");
    }
);

on_both!(a_change_names_the_version_that_it_changes, |company| {
    people(company);
    let deal = company.deal("li", "甲");
    let customer = company.get("li", &format!("/v1/deals/{deal}")).body["customer"].as_str().unwrap().to_owned();
    let money = json!({"amount_minor": 5, "currency": "CNY"});
    let contract = company.post("li", &format!("/v1/deals/{deal}/contracts"), &json!({"amount": money}));
    let contract = contract.body["id"].as_str().unwrap().to_owned();
    let team = company.team("east", None);
    let changes = [
        ("li", "PATCH", format!("/v1/deals/{deal}"), json!({"product": "website"})),
        ("li", "PATCH", format!("/v1/customers/{customer}"), json!({"fields": {"size": "large"}})),
        ("li", "PATCH", format!("/v1/deals/{deal}/contracts/{contract}"), json!({"number": "7"})),
        ("ada", "PATCH", format!("/v1/users/{}", company.id("li")), json!({"name": "Li"})),
        ("ada", "PATCH", format!("/v1/teams/{team}"), json!({"name": "far east"})),
        ("ada", "DELETE", format!("/v1/teams/{team}"), Json::Null),
    ];
    for (by, method, path, body) in changes {
        let call = |version: Option<&str>| {
            let call = company.server.call(method, &path).token(&company.token(by));
            let call = if body.is_null() { call } else { call.json(&body) };
            match version {
                Some(version) => call.header("if-match", version),
                None => call,
            }
        };
        call(None).refused(428, "version_required");
        for malformed in ["v1", "W/\"v1\"", "\"v1\", \"v2\"", "\"1\"", ""] {
            call(Some(malformed)).refused(400, "malformed_header");
        }
        call(Some("\"v99\"")).refused(412, "version_changed");
        let seen = company.get(by, &path).header("etag").to_owned();
        let done = call(Some(&seen)).send();
        assert!([200, 204].contains(&done.status), "{method} {path}: {}", done.text);
        if method == "PATCH" {
            assert_ne!(done.header("etag"), seen);
            assert_eq!(company.get(by, &path).header("etag"), done.header("etag"));
            call(Some(&seen)).refused(412, "version_changed");
            call(Some("*")).expect(200);
        }
    }
    // Optional where an action is posted, and honoured.
    let lost = json!({"to": "abandoned", "reason": "refused"});
    let path = format!("/v1/deals/{deal}/moves");
    let call =
        |version: &str| company.server.post(&path, &lost).token(&company.token("li")).header("if-match", version);
    call("\"v1\"").refused(412, "version_changed");
    let seen = company.get("li", &format!("/v1/deals/{deal}")).header("etag").to_owned();
    call(&seen).expect(201);
});

on_both!(of_two_changes_of_one_version_one_is_refused, |company| {
    people(company);
    let deal = format!("/v1/deals/{}", company.deal("li", "甲"));
    let other = another(company);
    let servers = two(company, &other);
    let token = company.token("li");
    let mut version = company.get("li", &deal).header("etag").to_owned();
    for round in 0..100 {
        let mut seen = at_once(2, |number| {
            let body = json!({"fields": {"question": format!("{round} {number}")}});
            (number, servers[number].patch(&deal, &body).token(&token).header("if-match", &version).send())
        });
        seen.sort_by_key(|(_, seen)| seen.status);
        assert_eq!((seen[0].1.status, seen[1].1.status), (200, 412), "{round}: {seen:?}");
        let now = company.get("li", &deal);
        assert_eq!(now.body["fields"]["question"], format!("{round} {}", seen[0].0));
        assert_eq!(now.header("etag"), seen[0].1.header("etag"));
        version = now.header("etag").to_owned();
    }
    assert_eq!(version, "\"v101\"");
});

on_both!(of_two_moves_from_one_stage_one_is_told_where_it_stands_now, |company| {
    people(company);
    let other = another(company);
    let servers = two(company, &other);
    for round in 0..20 {
        let deal = company.deal("li", &format!("customer {round}"));
        let path = format!("/v1/deals/{deal}");
        let customer = company.get("li", &path).body["customer"].as_str().unwrap().to_owned();
        let known = json!({"fields": {"size": "large", "verified": true, "understood": "makes doors"}});
        assert_eq!(company.patch("li", &format!("/v1/customers/{customer}"), &known).status, 200);
        let target = json!({"product": "website", "fields": {"sales_target": {"amount_minor": 1, "currency": "CNY"}}});
        assert_eq!(company.patch("li", &path, &target).status, 200);
        assert_eq!(company.post("li", &format!("{path}/grade"), &json!({})).status, 201);
        let moves = [
            json!({"from": "resource", "to": "graded"}),
            // Every other time the other way: out of the funnel.
            match round % 2 {
                0 => json!({"from": "resource", "to": "graded"}),
                _ => json!({"from": "resource", "to": "abandoned", "reason": "refused"}),
            },
        ];
        let token = company.token("li");
        let mut seen =
            at_once(2, |number| servers[number].post(&format!("{path}/moves"), &moves[number]).token(&token).send());
        seen.sort_by_key(|seen| seen.status);
        assert_eq!((seen[0].status, seen[1].status), (201, 409), "{round}: {seen:?}");
        let closed = seen[0].body["state"] == "lost";
        assert_eq!(seen[1].code(), "deal_moved", "{round}: {}", seen[1].text);
        let history = company.get("li", &format!("{path}/history"));
        assert_eq!(history.body["data"].as_array().unwrap().len(), 2, "{}", history.text);
        // Room for the next: a seller may hold only so many graded ones.
        if !closed {
            company.post("li", &format!("{path}/moves"), &json!({"to": "abandoned", "reason": "refused"}));
        }
    }
    assert_eq!(company.holdings_amiss(), 0);
});

on_both!(a_cap_holds_exactly_however_many_give_at_once, |company| {
    people(company);
    company.person("wang", &["seller"], Some("south"));
    let deals: Vec<String> = (0..64)
        .map(|number| {
            let customer = company.customer("dora", &format!("customer {number}"));
            let made = company.post("dora", "/v1/deals", &json!({"customer": customer, "owner": null}));
            assert_eq!(made.status, 201, "{}", made.text);
            made.body["id"].as_str().unwrap().to_owned()
        })
        .collect();
    let other = another(company);
    let servers = two(company, &other);
    let (token, body) = (company.token("dora"), json!({"owner": company.id("wang")}));
    let seen = at_once(64, |number| {
        servers[number % 2].post(&format!("/v1/deals/{}/assign", deals[number]), &body).token(&token).send()
    });
    let given = seen.iter().filter(|seen| seen.status == 201).count();
    for refused in seen.iter().filter(|seen| seen.status != 201) {
        assert_eq!((refused.status, refused.unmet()), (422, vec!["holding"]), "{}", refused.text);
    }
    assert_eq!(given, 30);
    let held = company.get("dora", &format!("/v1/deals?limit=100&owner={}", company.id("wang")));
    assert_eq!(held.body["data"].as_array().unwrap().len(), 30);
    assert_eq!(company.holdings_amiss(), 0);
});

on_both!(of_many_who_give_one_deal_away_each_finds_the_hands_it_is_in, |company| {
    people(company);
    let deal = company.deal("li", "甲");
    let sellers: Vec<String> =
        (0..8).map(|number| company.person(&format!("seller{number}"), &["seller"], Some("south")).id).collect();
    let token = company.token("dora");
    let version = company.get("dora", &format!("/v1/deals/{deal}")).header("etag").to_owned();
    let seen = at_once(8, |number| {
        let call = company.server.post(&format!("/v1/deals/{deal}/assign"), &json!({"owner": sellers[number]}));
        call.token(&token).header("if-match", &version).send()
    });
    let mut statuses: Vec<u16> = seen.iter().map(|seen| seen.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 412, 412, 412, 412, 412, 412, 412]);
    let given = seen.iter().position(|seen| seen.status == 201).unwrap();
    assert_eq!(company.get("dora", &format!("/v1/deals/{deal}")).body["owner"], sellers[given]);
    assert_eq!(company.holdings_amiss(), 0);
});
