//! One of two processes is restarted under load, behind a proxy that asks them whether they want work: nobody notices.

use crate::books::Books;
use crate::instance::{Instance, ask, ask_by, until};
use crate::postgres;
use crate::proxy::{Proxy, Stream};
use crate::traffic::{PASSWORD, said};
use loudou::workflow::secrets::Secrets;
use serde_json::{Value as Json, json};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A process that the proxy knows of, and whether it wants work.
#[derive(Clone)]
struct Place {
    address: String,
    is_ready: bool,
}

/// What the proxy chooses from.
type Places = Arc<Mutex<Vec<Place>>>;

/// In turn among those that are ready.
fn choose(places: &Places, turn: &AtomicUsize) -> Option<Stream> {
    let ready: Vec<String> =
        places.lock().unwrap().iter().filter(|place| place.is_ready).map(|place| place.address.clone()).collect();
    let first = turn.fetch_add(1, Ordering::SeqCst);
    (0..ready.len()).find_map(|next| Stream::tcp(&ready[(first + next) % ready.len()]))
}

/// Asks each, again and again, as a proxy does.
fn probe(places: &Places, done: &AtomicBool) {
    while !done.load(Ordering::SeqCst) {
        let known = places.lock().unwrap().clone();
        for place in known {
            let is_ready = matches!(ask(&place.address, "", "GET", "/readyz", None, &Json::Null), Ok((200, _)));
            if let Some(own) = places.lock().unwrap().iter_mut().find(|one| one.address == place.address) {
                own.is_ready = is_ready;
            }
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

#[test]
fn a_restart_of_one_of_two_loses_no_request() {
    let Some(url) = postgres::fresh_database() else { return };
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, Secrets::fresh_text()).unwrap();
    let start = || Instance::start(&url, &secret, &[("LOUDOU_DRAIN_DELAY_SECONDS", "2")]).unwrap();
    let mut instances = vec![start()];
    let body = json!({"token": instances[0].setup_token(), "login": "ada", "name": "Ada", "password": PASSWORD});
    let ada = said(instances[0].ask("", "POST", "/v1/setup", None, &body), 201);
    let ada = ada["access_token"].as_str().unwrap().to_owned();
    let body = json!({"login": "li", "name": "Li", "roles": ["seller"], "password": PASSWORD});
    said(instances[0].ask(&ada, "POST", "/v1/users", None, &body), 201);
    let body = json!({"login": "li", "password": PASSWORD});
    let li = said(instances[0].ask("", "POST", "/v1/auth/login", None, &body), 200);
    let li = li["access_token"].as_str().unwrap().to_owned();
    // The second when there is somebody: each that starts before would make a set-up token of its own.
    instances.push(start());

    let places: Places = Arc::default();
    let listed = |instances: &[Instance]| {
        let list = instances.iter().map(|one| Place { address: one.address.clone(), is_ready: true });
        *places.lock().unwrap() = list.collect();
    };
    listed(&instances);
    let (chosen, turn) = (Arc::clone(&places), AtomicUsize::new(0));
    let proxy = Proxy::to(move || choose(&chosen, &turn));
    let (address, done, answered) = (proxy.address.to_string(), AtomicBool::new(false), AtomicUsize::new(0));
    let lost: Mutex<Vec<String>> = Mutex::default();
    std::thread::scope(|scope| {
        scope.spawn(|| probe(&places, &done));
        for worker in 0..4 {
            let (address, li, done, answered, lost) = (&address, &li, &done, &answered, &lost);
            scope.spawn(move || {
                // Two keep their connection as long as they may, two take another each time.
                let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
                for number in 0.. {
                    if done.load(Ordering::SeqCst) {
                        return;
                    }
                    let body = json!({"fields": {"name": format!("customer {worker} {number}")}});
                    let (method, path) = if number % 2 == 0 { ("POST", "/v1/customers") } else { ("GET", "/v1/me") };
                    let answer = match worker % 2 {
                        0 => ask_by(&agent, address, li, method, path, None, &body),
                        _ => ask(address, li, method, path, None, &body),
                    };
                    match answer {
                        Ok((200 | 201, _)) => answered.fetch_add(1, Ordering::SeqCst),
                        other => {
                            lost.lock().unwrap().push(format!("{worker} {number}: {other:?}"));
                            return;
                        }
                    };
                }
            });
        }
        let enough = |more: usize| {
            let enough = answered.load(Ordering::SeqCst) + more;
            until("answers", 60, || answered.load(Ordering::SeqCst) >= enough || !lost.lock().unwrap().is_empty());
        };
        let restarted = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for _ in 0..2 {
                enough(40);
                let stopping = instances.remove(0);
                stopping.signal("TERM");
                let (status, log) = stopping.ended();
                assert!(status.success(), "{status}: {log}");
                enough(20);
                instances.push(start());
                listed(&instances);
                enough(40);
            }
        }));
        done.store(true, Ordering::SeqCst);
        restarted.unwrap();
    });
    assert_eq!(lost.into_inner().unwrap(), Vec::<String>::new());
    assert_eq!(Books::of(&url).faults(), Vec::<String>::new());
}
