//! What breaks: the process is killed while it writes, the database goes away under load, or the way to it does. What was
//! answered is there, once; what was not can be asked again under its key; nothing is half made. The long form of these
//! is `benches/soak`.

use crate::books::Books;
use crate::company::{Company, On, fresh};
use crate::instance::{Instance, until};
use crate::postgres;
use crate::proxy::Proxy;
use crate::traffic::Traffic;
use loudou::cli::house::DEFAULT_RULES;
use loudou::texts::Message;
use loudou::values::Language;
use loudou::workflow::secrets::Secrets;
use serde_json::json;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

fn killed_again_and_again(on: On) {
    let Some((url, folder)) = fresh(on) else { return };
    let secret = folder.path().join("secret");
    std::fs::write(&secret, Secrets::fresh_text()).unwrap();
    let mut instance = Instance::start(&url, &secret, &[]).unwrap();
    let traffic = Traffic::begin(&instance, 3);
    let go_on = AtomicBool::new(false);
    for round in 0..5 {
        let enough = traffic.answered.load(Ordering::SeqCst) + 10 + 13 * round;
        std::thread::scope(|scope| {
            for worker in 0..traffic.workers() {
                let (traffic, go_on, address) = (&traffic, &go_on, instance.address.clone());
                scope.spawn(move || traffic.work(&address, worker, go_on, true));
            }
            until("working", 60, || traffic.answered.load(Ordering::SeqCst) >= enough);
            instance.kill();
        });
        let books = Books::of(&url);
        assert_eq!(books.faults(), Vec::<String>::new(), "round {round}");
        assert_eq!(traffic.faults(&books, false), Vec::<String>::new(), "round {round}");
        instance = Instance::start(&url, &secret, &[]).unwrap();
    }
    // What was not answered is asked once more; then everything is over, and was done once.
    for worker in 0..traffic.workers() {
        traffic.work(&instance.address, worker, &go_on, false);
    }
    let books = Books::of(&url);
    assert_eq!(books.faults(), Vec::<String>::new());
    assert_eq!(traffic.faults(&books, true), Vec::<String>::new());
}

#[test]
fn killed_while_it_writes_on_sqlite() {
    killed_again_and_again(On::Sqlite);
}

#[test]
fn killed_while_it_writes_on_postgres() {
    killed_again_and_again(On::Postgres);
}

/// The database goes away and comes back while people work, so many times, by `away` and `back`.
fn away_under_load(company: &mut Company, rounds: usize, mut away: impl FnMut(), mut back: impl FnMut()) {
    company.person("li", &["seller"], Some("south"));
    let deal = company.deal("li", "甲");
    let path = format!("/v1/deals/{deal}");
    let (activities, note) = (format!("{path}/activities"), json!({"kind": "call", "outcome": "reached"}));
    let token = company.token("li");
    let company = &*company;
    let (done, is_away, told) = (AtomicBool::new(false), AtomicBool::new(false), AtomicUsize::new(0));
    // What was acknowledged, under which key.
    let acknowledged: Mutex<Vec<(String, String)>> = Mutex::default();
    let slowest = Mutex::new(Duration::ZERO);
    std::thread::scope(|scope| {
        for worker in 0..6 {
            let (token, note, path, activities) = (&token, &note, &path, &activities);
            let (done, is_away, told, acknowledged, slowest) = (&done, &is_away, &told, &acknowledged, &slowest);
            scope.spawn(move || {
                for number in 0.. {
                    if done.load(Ordering::SeqCst) {
                        return;
                    }
                    let key = format!("{worker}-{number}");
                    let begun = Instant::now();
                    let seen = match worker % 3 {
                        0 => company.server.get(path).token(token).send(),
                        _ => {
                            let call = company.server.post(activities, note).token(token);
                            call.header("idempotency-key", &key).send()
                        }
                    };
                    let lasted = begun.elapsed();
                    match seen.status {
                        200 => {}
                        201 => {
                            acknowledged.lock().unwrap().push((key, seen.body["id"].as_str().unwrap().to_owned()));
                        }
                        503 => {
                            assert!(!seen.header("retry-after").is_empty());
                            // Nothing of what is away, or why.
                            let sentence = Message::new("unavailable").render(&[Language::new("zh")]);
                            assert_eq!(seen.body["detail"], sentence);
                            let mut slowest = slowest.lock().unwrap();
                            *slowest = lasted.max(*slowest);
                            if is_away.load(Ordering::SeqCst) {
                                told.fetch_add(1, Ordering::SeqCst);
                            }
                        }
                        _ => panic!("{} {}", seen.status, seen.text),
                    }
                }
            });
        }
        let worked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for round in 0..rounds {
                let enough = acknowledged.lock().unwrap().len() + 20;
                until("working", 30, || acknowledged.lock().unwrap().len() >= enough);
                away();
                is_away.store(true, Ordering::SeqCst);
                let enough = told.load(Ordering::SeqCst) + 12;
                until("being told", 10, || told.load(Ordering::SeqCst) >= enough);
                company.server.get("/livez").expect(200);
                until("not being ready", 3, || company.server.get("/readyz").send().status == 503);
                is_away.store(false, Ordering::SeqCst);
                back();
                let enough = acknowledged.lock().unwrap().len() + 1;
                until("writing again", 5, || acknowledged.lock().unwrap().len() >= enough);
                until("being ready again", 5, || company.server.get("/readyz").send().status == 200);
                println!("round {round}: slowest 503 after {:?}", slowest.lock().unwrap());
            }
        }));
        done.store(true, Ordering::SeqCst);
        worked.unwrap();
    });
    // Nobody waited for the end of a time limit of a statement (10 s); how much less it is, the soak measures.
    assert!(*slowest.lock().unwrap() < Duration::from_secs(8), "{:?}", slowest.lock().unwrap());
    let acknowledged = acknowledged.into_inner().unwrap();
    for (key, id) in acknowledged.iter().rev().take(50) {
        let again = company.server.post(&activities, &note).token(&token).header("idempotency-key", key).expect(201);
        assert_eq!((again.body["id"].as_str(), again.header("idempotency-replayed")), (Some(id.as_str()), "true"));
    }
}

/// Connections of the product to its database, as the server counts them.
fn connections(url: &str) -> usize {
    let name = url.rsplit_once('/').unwrap().1;
    let rows = postgres::strings(
        url,
        &format!("SELECT pid::text FROM pg_stat_activity WHERE datname = '{name}' AND application_name = 'loudou'"),
    );
    rows.len()
}

#[test]
fn while_the_database_is_away_it_says_so_and_goes_on_after() {
    let Some(database) = postgres::Server::own() else { return };
    let url = database.fresh_database();
    let mut company = Company::at(url.clone(), DEFAULT_RULES, tempfile::tempdir().unwrap());
    let database = std::cell::RefCell::new(database);
    away_under_load(&mut company, 2, || database.borrow_mut().stop(), || database.borrow_mut().start_again());
    assert!(connections(&url) <= 8);
    assert_eq!(Books::of(&url).faults(), Vec::<String>::new());
}

#[test]
fn while_the_way_to_the_database_is_cut_it_says_so_and_goes_on_after() {
    let Some(database) = postgres::Server::own() else { return };
    let real = database.fresh_database();
    let proxy = Proxy::to_socket(database.socket());
    let url = format!("postgres://postgres@{}/{}", proxy.address, real.rsplit_once('/').unwrap().1);
    let mut company = Company::at(url, DEFAULT_RULES, tempfile::tempdir().unwrap());
    away_under_load(&mut company, 2, || proxy.cut(), || proxy.mend());
    until("the server's noticing", 10, || connections(&real) <= 8);
    assert_eq!(Books::of(&real).faults(), Vec::<String>::new());
}
