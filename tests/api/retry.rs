//! Safe to retry: a request that is sent again under its key is answered with the first answer and not done twice,
//! however often, however many at once, whoever asks; and a dry run writes nothing.

use crate::client::{Call, Seen, hold};
use crate::company::{Company, PASSWORD, RUNTIME};
use crate::on_both;
use crate::races::at_once;
use loudou::api::operations::documented;
use loudou::cli::house::DEFAULT_RULES;
use loudou::store::LogQuery;
use serde_json::{Value as Json, json};

/// One write of somebody's.
pub struct Write<'a> {
    by: &'a str,
    pub method: &'a str,
    pub path: String,
    /// Null for none; a text for a body that is not JSON.
    body: Json,
}

impl<'a> Write<'a> {
    fn post(by: &'a str, path: impl Into<String>, body: Json) -> Self {
        Self { by, method: "POST", path: path.into(), body }
    }

    fn patch(by: &'a str, path: impl Into<String>, body: Json) -> Self {
        Self { by, method: "PATCH", path: path.into(), body }
    }

    fn call<'c>(&self, company: &'c Company, query: &str) -> Call<'c> {
        let call = company.server.call(self.method, &format!("{}{query}", self.path)).token(&company.token(self.by));
        let call = if self.method == "POST" { call } else { call.header("if-match", "*") };
        match &self.body {
            Json::Null => call,
            Json::String(text) => call.text("application/yaml", text),
            body => call.json(body),
        }
    }

    /// Asks another process for it, as whoever has this token.
    pub fn through(&self, address: &str, token: impl Fn(&str) -> String) -> Seen {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let media = match (&self.body, self.method) {
            (Json::String(_), _) => "application/yaml",
            (_, "PATCH") => "application/merge-patch+json",
            _ => "application/json",
        };
        let body = match &self.body {
            Json::Null => String::new(),
            Json::String(text) => text.clone(),
            body => body.to_string(),
        };
        let request = ureq::http::Request::builder().method(self.method).uri(format!("http://{address}{}", self.path));
        let request = request.header("authorization", format!("Bearer {}", token(self.by)));
        let request = if body.is_empty() { request } else { request.header("content-type", media) };
        let request = if self.method == "POST" { request } else { request.header("if-match", "*") };
        let mut answer = match body.as_str() {
            "" => agent.run(request.body(()).unwrap()),
            body => agent.run(request.body(body).unwrap()),
        }
        .unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        hold(self.method, &self.path, answer.headers(), answer.status().as_u16(), &text)
    }

    pub fn under(&self, company: &Company, key: &str) -> Seen {
        self.call(company, "").header("idempotency-key", key).send()
    }
}

fn people(company: &mut Company) {
    company.person("mei", &["manager"], Some("south"));
    company.person("li", &["seller"], Some("south"));
    company.person("wang", &["seller"], Some("south"));
    company.person("dora", &["director"], None);
}

/// How long the log is.
pub fn logged(company: &Company) -> usize {
    let all = LogQuery { deal: None, beyond: None, newest_first: false, limit: 100_000 };
    RUNTIME.block_on(company.workflow.store().read(move |tx| tx.decisions(&all))).unwrap().len()
}

/// Everything that can be seen, and the length of the log.
fn state(company: &Company) -> Vec<String> {
    let deals = company.get("dora", "/v1/deals?limit=100");
    let mut all = vec![logged(company).to_string(), deals.text];
    for deal in deals.body["data"].as_array().unwrap() {
        for part in ["contracts", "activities", "history", "decisions", "grade"] {
            all.push(company.get("dora", &format!("/v1/deals/{}/{part}", deal["id"].as_str().unwrap())).text);
        }
    }
    all.push(company.get("dora", "/v1/customers?limit=100").text);
    for path in ["/v1/users", "/v1/teams", "/v1/rules/versions"] {
        all.push(company.get("ada", path).text);
    }
    all.extend(["li", "wang"].map(|login| company.get(login, "/v1/me").status.to_string()));
    all
}

fn id(seen: &Seen) -> String {
    seen.body["id"].as_str().unwrap_or_else(|| panic!("{}", seen.text)).to_owned()
}

/// One of each write that the product knows, one after the other.
pub fn every_write(company: &mut Company, done: impl Fn(&Company, &Write<'_>) -> Seen) {
    people(company);
    let company = &*company;
    let visited = std::cell::RefCell::new(Vec::new());
    let done = |write: Write<'_>| {
        visited.borrow_mut().push((write.method.to_ascii_lowercase(), write.path.clone()));
        done(company, &write)
    };
    let team = id(&done(Write::post("ada", "/v1/teams", json!({"name": "east"}))));
    let team = format!("/v1/teams/{team}");
    done(Write::patch("ada", &team, json!({"name": "far east"})));
    let zhou = json!({"login": "zhou", "name": "Zhou", "roles": ["seller"], "password": PASSWORD});
    let user = format!("/v1/users/{}", id(&done(Write::post("ada", "/v1/users", zhou))));
    done(Write::patch("ada", &user, json!({"name": "Zhou Wei"})));
    done(Write::post("ada", format!("{user}/password"), json!({"password": "another fine password"})));
    done(Write { by: "ada", method: "DELETE", path: team, body: Json::Null });
    let made = json!({"fields": {"name": "华新门业", "phone": "0755 8888 1234"}, "contacts": [{"name": "陈"}]});
    let customer = id(&done(Write::post("li", "/v1/customers", made)));
    let known = json!({"fields": {"size": "large", "verified": true, "understood": "makes doors"}});
    done(Write::patch("li", format!("/v1/customers/{customer}"), known));
    let deal = format!("/v1/deals/{}", id(&done(Write::post("li", "/v1/deals", json!({"customer": customer})))));
    let money = |minor: i64| json!({"amount_minor": minor, "currency": "CNY"});
    let target = json!({"product": "website", "fields": {"suitable": true, "sales_target": money(5_000_000)}});
    done(Write::patch("li", &deal, target));
    done(Write::post("li", format!("{deal}/grade"), json!({})));
    done(Write::post("li", format!("{deal}/moves"), json!({"from": "resource", "to": "graded"})));
    let called = json!({"kind": "call", "outcome": "reached", "contact": "陈", "note": "asked for material"});
    done(Write::post("li", format!("{deal}/activities"), called));
    let signed = json!({"amount": money(5_000_000), "signed_on": "2026-03-02"});
    let contract = id(&done(Write::post("li", format!("{deal}/contracts"), signed)));
    let contract = format!("{deal}/contracts/{contract}");
    done(Write::patch("li", &contract, json!({"delivered_on": "2026-03-02"})));
    let half = json!({"amount": money(2_500_000), "paid_on": "2026-03-02"});
    let paid = done(Write::post("li", format!("{contract}/payments"), half));
    let payment = paid.body["payments"][0]["id"].as_str().unwrap().to_owned();
    done(Write::post("li", format!("{contract}/payments/{payment}/cancel"), Json::Null));
    done(Write::post("mei", format!("{deal}/assign"), json!({"owner": company.id("wang")})));
    done(Write::post("mei", format!("{deal}/release"), json!({})));
    let again = format!("{DEFAULT_RULES}\n# Said again.\n");
    done(Write::post("ada", "/v1/rules/versions", json!(again)));
    done(Write::post("ada", "/v1/rules/versions/1/activate", json!({})));
    let text = |number: i64| json!(format!("{DEFAULT_RULES}\n# Draft {number}.\n"));
    let drafts = "/v1/rules/drafts";
    let gone = id(&done(Write::post("ada", drafts, text(1))));
    done(Write { by: "ada", method: "DELETE", path: format!("{drafts}/{gone}"), body: Json::Null });
    let draft = format!("{drafts}/{}", id(&done(Write::post("ada", drafts, text(2)))));
    done(Write { by: "ada", method: "PUT", path: draft.clone(), body: text(3) });
    let tried = draft.rsplit('/').next().unwrap();
    for (trials, of) in [
        ("/v1/rules/previews", json!({"draft": tried})),
        ("/v1/rules/replays", json!({"draft": tried, "since": "2026-03-01T00:00:00Z"})),
    ] {
        let trial = id(&done(Write::post("ada", trials, of)));
        done(Write::post("ada", format!("{trials}/{trial}/cancel"), Json::Null));
    }
    let shadow = id(&done(Write::post("ada", "/v1/rules/shadows", json!({"draft": tried}))));
    done(Write::post("ada", format!("/v1/rules/shadows/{shadow}/stop"), Json::Null));
    done(Write::post("ada", format!("{draft}/schedule"), json!({"at": "2099-03-03T00:00:00Z"})));
    done(Write::post("ada", format!("{draft}/unschedule"), Json::Null));
    done(Write::post("ada", format!("{draft}/activate"), json!({})));
    done(Write::post("li", "/v1/auth/logout", Json::Null));
    done(Write::post("wang", "/v1/auth/logout_everywhere", Json::Null));
    let visited = visited.into_inner();
    for (method, path, operation) in documented(&company.server.app.document.json) {
        let takes_key = operation["parameters"].to_string().contains("IdempotencyKey");
        let tried = visited.iter().any(|(by, to)| by == method && fits(path, to));
        assert!(tried || !takes_key, "{method} {path} takes a key, and no test repeats it");
    }
}

fn fits(template: &str, path: &str) -> bool {
    let (own, asked): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    own.len() == asked.len() && own.iter().zip(asked).all(|(own, asked)| own.starts_with('{') || *own == asked)
}

on_both!(every_write_is_done_once_under_its_key, |company| {
    every_write(company, |company, write| {
        let before = logged(company);
        let key = format!("key-{before}");
        let first = write.under(company, &key);
        assert!((200..300).contains(&first.status), "{} {}: {}", write.method, write.path, first.text);
        assert_eq!(first.header("idempotency-replayed"), "");
        assert_eq!(logged(company), before + 1, "{} {}", write.method, write.path);
        // Who has signed out cannot ask again.
        let repeats = if write.path.starts_with("/v1/auth/") { 0 } else { 2 };
        for _ in 0..repeats {
            let again = write.under(company, &key);
            let line = format!("{} {}: {}", write.method, write.path, again.text);
            assert_eq!((again.status, &again.text), (first.status, &first.text), "{line}");
            assert_eq!(again.header("idempotency-replayed"), "true", "{line}");
            for name in ["location", "etag"] {
                assert_eq!(again.header(name), first.header(name), "{line}");
            }
            assert_eq!(logged(company), before + 1, "{line}");
        }
        first
    });
    assert_eq!(company.holdings_amiss(), 0);
});

/// What somebody reads of what a write has answered, at the place that it names. An activity is in a list; what was done
/// with a deal names its decision, and is read of the deal.
fn read_again(company: &Company, write: &Write<'_>, answered: &Seen) -> Json {
    let location = answered.header("location");
    let read = company.server.get(location).token(&company.token(write.by)).expect(200).body;
    if let Some(list) = read["data"].as_array() {
        return list.iter().find(|one| one["id"] == answered.body["id"]).unwrap().clone();
    }
    match location.split_once("/decisions/") {
        Some((deal, _)) => company.server.get(deal).token(&company.token(write.by)).expect(200).body,
        None => read,
    }
}

on_both!(what_is_answered_to_a_write_is_what_is_read_afterwards, |company| {
    let compared = std::cell::Cell::new(0);
    every_write(company, |company, write| {
        let seen = write.call(company, "").send();
        if seen.status == 201 && !seen.header("location").is_empty() {
            let (mut written, mut read) = (seen.body.clone(), read_again(company, write, &seen));
            for body in [&mut written, &mut read] {
                // Of these the document says that they are told by the one only: by a write, by a single read.
                for name in ["warnings", "migrated", "grade_now", "text", "obstacles"] {
                    body.as_object_mut().unwrap().remove(name);
                }
            }
            // To the last digit of an instant.
            assert_eq!(written, read, "{} {}", write.method, write.path);
            compared.set(compared.get() + 1);
        }
        seen
    });
    assert!(compared.get() >= 15, "{}", compared.get());
});

on_both!(a_dry_run_answers_as_the_write_does_and_writes_nothing, |company| {
    every_write(company, |company, write| {
        let before = state(company);
        let dry = write.call(company, "?dry_run=true").send();
        assert_eq!(state(company), before, "{} {}", write.method, write.path);
        let keyed = write.call(company, "?dry_run=true").header("idempotency-key", "k");
        keyed.refused(400, "dry_run_with_key");
        let done = write.call(company, "").send();
        assert!((200..300).contains(&done.status), "{} {}: {}", write.method, write.path, done.text);
        assert_eq!(dry.status, done.status, "{} {}: {}", write.method, write.path, dry.text);
        assert_ne!(state(company), before, "{} {}", write.method, write.path);
        done
    });
});

on_both!(a_password_is_changed_only_in_earnest, |company| {
    company.person("li", &["seller"], Some("south"));
    let body = json!({"present_password": PASSWORD, "new_password": "another fine password"});
    let tried = company.server.post("/v1/me/password?dry_run=true", &body).token(&company.token("li"));
    tried.refused(400, "invalid_parameters");
    company.sign_in("li");
});

on_both!(a_key_stands_for_one_request_of_one_user, |company| {
    people(company);
    let customer = |by, name: &str| Write::post(by, "/v1/customers", json!({"fields": {"name": name}}));
    let mine = customer("li", "甲").under(company, "k");
    assert_eq!(mine.status, 201);
    // Another body, another query, another path.
    let other = customer("li", "乙").under(company, "k");
    assert_eq!((other.status, other.code()), (422, "idempotency_key_reused"));
    let path = Write::post("li", "/v1/deals", json!({"customer": id(&mine)})).under(company, "k");
    assert_eq!((path.status, path.code()), (422, "idempotency_key_reused"));
    assert_eq!(company.get("dora", "/v1/customers").body["data"].as_array().unwrap().len(), 1);
    // Somebody else's key of the same name is another key.
    let theirs = customer("wang", "丙").under(company, "k");
    assert_eq!((theirs.status, theirs.header("idempotency-replayed")), (201, ""));
    assert_ne!(id(&theirs), id(&mine));
    // A key that cannot be one.
    for key in ["", " ", "a b", "é", &"k".repeat(256)] {
        let call = company.server.post("/v1/customers", &json!({"fields": {"name": "丁"}}));
        call.token(&company.token("li")).header("idempotency-key", key).refused(400, "malformed_header");
    }
    assert_eq!(customer("li", "丁").under(company, &"k".repeat(255)).status, 201);
});

on_both!(a_refusal_is_decided_anew_under_the_same_key, |company| {
    people(company);
    let deal = company.deal("li", "甲");
    let lost = |reason: Option<&str>| json!({"to": "abandoned", "reason": reason});
    let path = format!("/v1/deals/{deal}/moves");
    let graded = Write::post("li", &path, json!({"to": "graded"}));
    assert_eq!(graded.under(company, "k").status, 422);
    let customer = company.get("li", &format!("/v1/deals/{deal}")).body["customer"].as_str().unwrap().to_owned();
    let known = json!({"fields": {"size": "large", "verified": true, "understood": "makes doors"}});
    assert_eq!(company.patch("li", &format!("/v1/customers/{customer}"), &known).status, 200);
    let target = json!({"product": "website", "fields": {"sales_target": {"amount_minor": 1, "currency": "CNY"}}});
    assert_eq!(company.patch("li", &format!("/v1/deals/{deal}"), &target).status, 200);
    assert_eq!(company.post("li", &format!("/v1/deals/{deal}/grade"), &json!({})).status, 201);
    let now = graded.under(company, "k");
    assert_eq!((now.status, now.header("idempotency-replayed")), (201, ""), "{}", now.text);
    // Replayed even when the deal has gone on: the first answer is the answer.
    assert_eq!(Write::post("li", &path, lost(Some("refused"))).under(company, "l").status, 201);
    let late = graded.under(company, "k");
    assert_eq!((late.status, late.body["stage"].as_str()), (201, Some("graded")));
    // Replayed before the version is compared: it named the one it changed.
    let other = company.deal("li", "乙");
    let patch = || {
        let call = company.server.patch(&format!("/v1/deals/{other}"), &json!({"product": "website"}));
        call.token(&company.token("li")).header("if-match", "\"v1\"").header("idempotency-key", "p")
    };
    assert_eq!(patch().expect(200).header("etag"), "\"v2\"");
    assert_eq!(patch().expect(200).header("idempotency-replayed"), "true");
});

on_both!(who_may_not_see_it_any_more_is_not_told_it_again, |company| {
    people(company);
    company.person("far", &["seller"], Some("north"));
    let known = json!({"fields": {"name": "甲", "phone": "0755 8888 1234"}});
    let customer = Write::post("li", "/v1/customers", known);
    let made = customer.under(company, "c");
    assert_eq!(made.body["fields"]["phone"], "+8675588881234", "{}", made.text);
    let deal = Write::post("li", "/v1/deals", json!({"customer": id(&made)}));
    let begun = deal.under(company, "d");
    // A colleague's from now on: the phone number is hidden in the repeated answer too.
    let give = |by: &str, to: &str| {
        let body = json!({"owner": company.id(to)});
        let given = company.post(by, &format!("/v1/deals/{}/assign", id(&begun)), &body);
        assert_eq!(given.status, 201, "{}", given.text);
    };
    give("mei", "wang");
    let again = customer.under(company, "c");
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, "true"));
    assert_eq!(again.body["fields"]["phone"], json!({"hidden": true}), "{}", again.text);
    // Another team's: there is nothing.
    give("dora", "far");
    assert_eq!(deal.under(company, "d").status, 404);
    assert_eq!(customer.under(company, "c").status, 404);
    // Without the grant there is not even the question.
    let li = format!("/v1/users/{}", company.id("li"));
    assert_eq!(company.patch("ada", &li, &json!({"roles": ["trainer"]})).status, 200);
    assert_eq!(deal.under(company, "d").status, 403);
});

#[test]
fn who_may_not_see_somebody_any_more_is_not_told_of_him_again() {
    let mark = "roles:                                       # what is not granted is refused; `never` wins";
    let with = format!("{mark}\n  local: {{label: L, may: [{{do: [people.read, people.write], scope: team}}]}}");
    let rules = DEFAULT_RULES.replace(mark, &with);
    assert_ne!(rules, DEFAULT_RULES);
    for on in [crate::company::On::Sqlite, crate::company::On::Postgres] {
        let Some(mut company) = Company::with_rules(on, &rules) else { continue };
        company.person("lola", &["local"], Some("south"));
        company.person("li", &["seller"], Some("south"));
        let (li, north) = (format!("/v1/users/{}", company.id("li")), company.team("north", None));
        let named = Write::patch("lola", &li, json!({"name": "Li"}));
        assert_eq!(named.under(&company, "k").status, 200);
        assert_eq!(named.under(&company, "k").header("idempotency-replayed"), "true");
        assert_eq!(company.patch("ada", &li, &json!({"team": north})).status, 200);
        assert_eq!(named.under(&company, "k").status, 404);
    }
}

on_both!(who_makes_deals_and_reads_none_may_repeat_it_too, |company| {
    people(company);
    company.person("sun", &["supporter"], Some("south"));
    let customer = Write::post("sun", "/v1/customers", json!({"fields": {"name": "甲"}})).under(company, "c");
    let body = json!({"customer": id(&customer), "owner": null});
    let deal = Write::post("sun", "/v1/deals", body);
    let first = deal.under(company, "d");
    assert_eq!(first.status, 201, "{}", first.text);
    assert_eq!(company.get("sun", &format!("/v1/deals/{}", id(&first))).status, 403);
    let again = deal.under(company, "d");
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, "true"), "{}", again.text);
    assert_eq!(id(&again), id(&first));
    assert_eq!(again.body["customer_fields"]["name"], json!({"hidden": true}), "{}", again.text);
    // The seller sees the fields of the deal that he makes.
    let own = company.post("li", "/v1/deals", &json!({"customer": company.customer("li", "乙")}));
    assert_eq!(own.body["fields"]["question"], Json::Null, "{}", own.text);
});

on_both!(fifty_at_once_under_one_key_have_one_effect, |company| {
    people(company);
    let known = json!({"fields": {"name": "甲", "phone": "0755 8888 1234"}});
    let customer = Write::post("li", "/v1/customers", known);
    let customer = once(company, &customer);
    let deal = once(company, &Write::post("li", "/v1/deals", json!({"customer": id(&customer)})));
    let path = format!("/v1/deals/{}", id(&deal));
    once(company, &Write::post("li", format!("{path}/activities"), json!({"kind": "call", "outcome": "reached"})));
    once(company, &Write::patch("li", &path, json!({"product": "website"})));
    once(company, &Write::post("mei", format!("{path}/assign"), json!({"owner": company.id("wang")})));
    once(company, &Write::post("wang", format!("{path}/moves"), json!({"to": "abandoned", "reason": "refused"})));
    once(company, &Write::post("ada", "/v1/users", json!({"login": "zhou", "name": "Zhou", "roles": ["seller"]})));
    once(company, &Write::post("ada", "/v1/teams", json!({"name": "east"})));
    let history = company.get("dora", &format!("{path}/history"));
    assert_eq!(history.body["data"].as_array().unwrap().len(), 3, "{}", history.text);
    assert_eq!(company.holdings_amiss(), 0);
});

fn once(company: &Company, write: &Write<'_>) -> Seen {
    let before = logged(company);
    let mut seen = at_once(50, |_| write.under(company, &write.path.replace('/', "-")));
    let (first, line) = (seen.pop().unwrap(), format!("{} {}", write.method, write.path));
    assert!((200..300).contains(&first.status), "{line}: {}", first.text);
    for other in &seen {
        assert_eq!((other.status, &other.text), (first.status, &first.text), "{line}");
    }
    let fresh = seen.iter().chain([&first]).filter(|seen| seen.header("idempotency-replayed").is_empty());
    assert_eq!(fresh.count(), 1, "{line}");
    assert_eq!(logged(company), before + 1, "{line}");
    first
}
