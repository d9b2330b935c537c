//! Secrets stay secret: a real process that says everything it can (TRACE) is led through signing in, errors, refusals
//! and the loss of its database, and nothing that it wrote or answered holds a password, a token, a key or the password
//! within the database's address.

use crate::company::{Company, On, PASSWORD as EVERYBODYS};
use crate::instance::{Instance, until};
use crate::postgres;
use crate::proxy::Proxy;
use crate::retry::every_write;
use crate::traffic::said;
use serde_json::{Value as Json, json};
use std::cell::RefCell;
use std::collections::HashMap;

const PASSWORD: &str = "canary-Passwort-Zaunkoenig";
const OTHER: &str = "canary-neues-Passwort-Star";
const MASTER: &str = "c0ffee11c0ffee22c0ffee33c0ffee44c0ffee55c0ffee66c0ffee77c0ffee88";
const DATABASE: &str = "canary-Datenbank-Amsel";

struct Told {
    /// Everything that must show nowhere, with its name.
    secrets: Vec<(&'static str, String)>,
    /// Everything that was answered other than to who had just signed in.
    answers: Vec<String>,
}

impl Told {
    fn ask(&mut self, instance: &Instance, token: &str, method: &str, path: &str, body: &Json) -> u16 {
        let (status, answer) = instance.ask(token, method, path, Some("canary-key"), body).unwrap();
        self.answers.push(answer.to_string());
        status
    }

    /// Signs in; what is answered to that may be told to nobody else.
    fn tokens(&mut self, answer: &Json) -> String {
        for name in ["access_token", "refresh_token"] {
            self.secrets.push((name, answer[name].as_str().unwrap().to_owned()));
        }
        answer["access_token"].as_str().unwrap().to_owned()
    }
}

fn led_through_everything(url: &str, mut lose_the_database: impl FnMut(&Instance, &mut Told, &str)) {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, MASTER).unwrap();
    let variables = [
        ("LOUDOU_LOG", "trace"),
        ("LOUDOU_METRICS_LISTEN", "127.0.0.1:0"),
        ("LOUDOU_DRAIN_DELAY_SECONDS", "0"),
        ("LOUDOU_REQUEST_DEADLINE_SECONDS", "5"),
    ];
    let instance = Instance::start(url, &secret, &variables).unwrap();
    let setup = instance.setup_token();
    let mut told = Told { secrets: Vec::new(), answers: Vec::new() };
    for (name, value) in
        [("password", PASSWORD), ("new password", OTHER), ("master key", MASTER), ("database", DATABASE)]
    {
        told.secrets.push((name, value.to_owned()));
    }
    let body = json!({"token": setup, "login": "ada", "name": "Ada", "password": PASSWORD});
    let ada = said(instance.ask("", "POST", "/v1/setup", None, &body), 201);
    let ada = told.tokens(&ada);
    // Once more, wrong, malformed, misplaced: whatever is refused is told without what was handed in.
    assert!(told.ask(&instance, "", "POST", "/v1/setup", &body) >= 400);
    for body in [
        json!({"login": "ada", "password": OTHER}),
        json!({"login": PASSWORD, "password": 7}),
        json!({"login": "ada", "password": PASSWORD, "role": OTHER}),
        json!({"login": "ada", "password": [PASSWORD]}),
        json!(format!("{{\"password\": \"{PASSWORD}\"")),
    ] {
        assert!((400..500).contains(&told.ask(&instance, "", "POST", "/v1/auth/login", &body)));
    }
    let signed =
        said(instance.ask("", "POST", "/v1/auth/login", None, &json!({"login": "ada", "password": PASSWORD})), 200);
    let refresh = signed["refresh_token"].as_str().unwrap().to_owned();
    told.tokens(&signed);
    let renewed = said(instance.ask("", "POST", "/v1/auth/refresh", None, &json!({"refresh_token": refresh})), 200);
    told.tokens(&renewed);
    // A token that is none, and one in the wrong place.
    assert_eq!(told.ask(&instance, &format!("{ada}x"), "GET", "/v1/me", &Json::Null), 401);
    assert!(told.ask(&instance, &ada, "GET", &format!("/v1/deals?cursor={MASTER}"), &Json::Null) >= 400);
    let li = json!({"login": "li", "name": "Li", "roles": ["seller"], "password": OTHER});
    assert_eq!(told.ask(&instance, &ada, "POST", "/v1/users", &li), 201);
    // The key was used for something else.
    assert_eq!(told.ask(&instance, &ada, "POST", "/v1/teams", &json!({"name": "south"})), 422);
    let again = json!({"login": "li", "name": "Li", "roles": ["seller"], "password": "short"});
    assert!((400..500).contains(&told.ask(&instance, &ada, "POST", "/v1/users", &again)));
    let li = said(instance.ask("", "POST", "/v1/auth/login", None, &json!({"login": "li", "password": OTHER})), 200);
    let li = told.tokens(&li);
    assert_eq!(told.ask(&instance, &li, "GET", "/v1/users", &Json::Null), 403);
    let (_, deals) = instance.ask(&li, "GET", "/v1/deals", None, &Json::Null).unwrap();
    told.answers.push(deals.to_string());
    let change = json!({"present_password": OTHER, "new_password": PASSWORD});
    let (status, answer) = instance.ask(&li, "POST", "/v1/me/password", None, &change).unwrap();
    assert!((200..300).contains(&status), "{answer}");
    for name in ["access_token", "refresh_token"] {
        if let Some(token) = answer[name].as_str() {
            told.secrets.push((name, token.to_owned()));
        }
    }
    lose_the_database(&instance, &mut told, &ada);
    assert_eq!(told.ask(&instance, "", "GET", "/openapi.json", &Json::Null), 200);
    let metrics = instance.metrics.clone().unwrap();
    let agent: ureq::Agent = ureq::Agent::config_builder().build().into();
    let text = agent.get(format!("http://{metrics}/metrics")).call().unwrap().body_mut().read_to_string().unwrap();
    assert!(text.contains("http_requests_total"), "{text}");
    told.answers.push(text);
    assert!(!instance.log().contains(&setup), "the set-up token is in the log");
    instance.signal("TERM");
    let (status, written) = instance.ended();
    assert!(status.success());
    assert!(written.contains("TRACE") && written.contains("DEBUG"), "it did not say everything");
    told.show_nothing(&written);
}

impl Told {
    #[track_caller]
    fn show_nothing(&self, written: &str) {
        for (name, secret) in &self.secrets {
            for (output, text) in [("what it wrote", written), ("what it answered", &self.answers.join("\n"))] {
                if let Some(place) = text.find(secret.as_str()) {
                    let line = text[..place].rfind('\n').map_or(0, |end| end + 1);
                    let line = text[line..].lines().next().unwrap_or_default();
                    panic!("the {name} is in {output}: {}", line.replace(secret.as_str(), "***"));
                }
            }
        }
    }
}

/// Every write that the product knows, asked of a process that says everything.
fn every_write_is_led_through(on: On) {
    let Some(mut company) = Company::new(on) else { return };
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, MASTER).unwrap();
    let variables = [("LOUDOU_LOG", "trace"), ("LOUDOU_DRAIN_DELAY_SECONDS", "0")];
    let instance = Instance::start(&company.url, &secret, &variables).unwrap();
    let told =
        Told { secrets: vec![("master key", MASTER.into()), ("password", EVERYBODYS.into())], answers: Vec::new() };
    let told = RefCell::new(told);
    told.borrow_mut().secrets.push(("new password", "another fine password".into()));
    let tokens: RefCell<HashMap<String, String>> = RefCell::default();
    let token = |login: &str| {
        tokens
            .borrow_mut()
            .entry(login.to_owned())
            .or_insert_with(|| {
                let body = json!({"login": login, "password": EVERYBODYS});
                told.borrow_mut().tokens(&said(instance.ask("", "POST", "/v1/auth/login", None, &body), 200))
            })
            .clone()
    };
    every_write(&mut company, |_, write| {
        let seen = write.through(&instance.address, token);
        assert!((200..300).contains(&seen.status), "{} {}: {}", write.method, write.path, seen.text);
        told.borrow_mut().answers.push(seen.text.clone());
        seen
    });
    instance.signal("TERM");
    let (status, written) = instance.ended();
    assert!(status.success());
    assert!(written.contains("TRACE") && written.len() > 100_000, "{} bytes", written.len());
    told.into_inner().show_nothing(&written);
}

#[test]
fn no_write_shows_a_secret_on_sqlite() {
    every_write_is_led_through(On::Sqlite);
}

#[test]
fn no_write_shows_a_secret_on_postgres() {
    every_write_is_led_through(On::Postgres);
}

#[test]
fn no_secret_shows_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/loudou.db", folder.path().display());
    led_through_everything(&url, |_, _, _| {});
}

#[test]
fn no_secret_shows_on_postgres_nor_when_it_is_lost() {
    let Some(database) = postgres::Server::own() else { return };
    let real = database.fresh_database();
    let proxy = Proxy::to_socket(database.socket());
    let name = real.rsplit_once('/').unwrap().1;
    let url = format!("postgres://postgres:{DATABASE}@{}/{name}?password={DATABASE}", proxy.address);
    led_through_everything(&url, |instance, told, ada| {
        proxy.cut();
        until("losing the database", 5, || {
            told.ask(instance, "", "POST", "/v1/auth/login", &json!({"login": "ada", "password": PASSWORD})) == 503
        });
        assert_eq!(told.ask(instance, ada, "GET", "/v1/deals", &Json::Null), 503);
        told.ask(instance, "", "GET", "/readyz", &Json::Null);
        proxy.mend();
        until("finding it again", 5, || told.ask(instance, ada, "GET", "/v1/users", &Json::Null) == 200);
    });
}

#[test]
fn an_address_that_cannot_be_used_is_told_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, MASTER).unwrap();
    for url in [
        format!("postgres://anna:{DATABASE}@127.0.0.1:1/none"),
        format!("postgres://anna:{DATABASE}@127.0.0.1:port/none"),
        format!("postgres://127.0.0.1:1/none?user=anna&password={DATABASE}&nonsense=1"),
    ] {
        let refused = Instance::start(&url, &secret, &[("LOUDOU_LOG", "trace")]).err().unwrap();
        assert!(!refused.contains(DATABASE) && !refused.contains(MASTER), "{}", refused.replace(DATABASE, "***"));
    }
    // A key that is none is not repeated either.
    std::fs::write(&secret, &MASTER[..40]).unwrap();
    let url = format!("sqlite:{}/loudou.db", folder.path().display());
    let refused = Instance::start(&url, &secret, &[("LOUDOU_LOG", "trace")]).err().unwrap();
    assert!(!refused.contains(&MASTER[..40]), "{refused}");
}
