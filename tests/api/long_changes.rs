//! A change of rules that takes longer than a request may: whoever writes meanwhile waits for it and is decided under the
//! new rules, whoever reads is answered, and nobody is told to come back later.

use crate::client::Server;
use crate::company::{Company, On, fresh};
use crate::instance::until;
use crate::{postgres, slow_database};
use loudou::store::StoreSettings;
use serde_json::json;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const RULES: &str = "format: 1
languages: [en]
currency: CNY
calendar: {time_zone: Asia/Shanghai}
fields:
  customer:
    name: {type: text, required: true}
funnels:
  standard:
    stages:
      - {id: resource, kind: start}
      - {id: won, kind: won}
roles:
  admin: {may: [{do: [people.*, rules.*, rules.activate, deals.*, customers.*], scope: all}]}
first_administrator: [admin]
";
const WRITERS: usize = 6;
/// One for the change, one that waits for its end, one for those who read.
const LANES: usize = 3;
/// Longer than the deadline of a request, and than all that PostgreSQL waits for a lock.
const MAPPING_MILLIS: u32 = 9_000;
const DEADLINE: Duration = Duration::from_secs(4);

fn nobody_fails(on: On) {
    let Some((url, folder)) = fresh(on) else { return };
    let lock_timeout = Duration::from_millis(if on == On::Postgres { 100 } else { 5_000 });
    let settings = StoreSettings { postgres_lanes: LANES, lock_timeout, ..StoreSettings::new(&url) };
    let company = Company::with_store(&settings, RULES, folder);
    let customer = company.customer("ada", "the first");
    assert_eq!(company.post("ada", "/v1/deals", &json!({"customer": customer})).status, 201);
    slow_database::insert(&url, "history", "NEW.kind = 'migrated'", MAPPING_MILLIS);

    let flags = ["--request-deadline-seconds", "4"];
    let first = company.another_process_of(&company.workflow, &flags);
    // One process writes to an SQLite file.
    let second = (on == On::Postgres).then(|| company.another_process(&flags));
    let token = company.token("ada");
    let written = |server: &Server, name: String| {
        server.post("/v1/customers", &json!({"fields": {"name": name}})).token(&token).expect(201);
    };
    if let Some(second) = &second {
        // Connected, and with everything loaded.
        written(second, "the second".to_owned());
    }
    let (active, read, longest) = (AtomicBool::new(false), AtomicUsize::new(0), Mutex::new(Duration::ZERO));
    std::thread::scope(|scope| {
        let activation = scope.spawn(|| {
            let text = RULES.replace("id: resource", "id: prospect");
            let text = format!("{text}migrate: {{stages: {{standard: {{resource: prospect}}}}}}\n");
            let seen = first.call("POST", "/v1/rules/versions").token(&token).text("application/yaml", &text).send();
            active.store(true, Ordering::SeqCst);
            assert_eq!(seen.status, 201, "{}", seen.text);
        });
        until("changing the rules", 30, || is_changing(&url, &company));
        for number in 0..WRITERS {
            let server = second.as_ref().filter(|_| number % 2 == 1).unwrap_or(&first);
            let (written, longest) = (&written, &longest);
            scope.spawn(move || {
                let begun = Instant::now();
                written(server, format!("{number}"));
                let mut longest = longest.lock().unwrap();
                *longest = longest.max(begun.elapsed());
            });
        }
        for server in std::iter::once(&first).chain(&second) {
            let (active, read, token) = (&active, &read, &token);
            scope.spawn(move || {
                while !active.load(Ordering::SeqCst) {
                    server.call("GET", "/v1/customers?limit=1").token(token).expect(200);
                    if !active.load(Ordering::SeqCst) {
                        read.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
        activation.join().unwrap();
    });
    let longest = longest.into_inner().unwrap();
    assert!(longest > DEADLINE, "nobody waited: {longest:?}");
    // Many more than there are lanes for: nobody waits for one.
    let read = read.into_inner();
    assert!(read > 2 * LANES, "{read} read");
    let stage = company.get("ada", "/v1/deals").body["data"][0]["stage"].clone();
    assert_eq!(stage, "prospect");
    let names = company.get("ada", "/v1/customers?limit=50").body["data"].as_array().unwrap().len();
    assert_eq!(names, WRITERS + 1 + second.iter().count());
}

/// Whether nobody can write any more.
fn is_changing(url: &str, company: &Company) -> bool {
    let held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = \
                (SELECT oid FROM pg_database WHERE datname = current_database())";
    company.workflow.waited_within(Duration::ZERO)
        && (url.starts_with("sqlite") || postgres::strings(url, held) == ["1"])
}

#[test]
fn nobody_fails_on_sqlite() {
    nobody_fails(On::Sqlite);
}

#[test]
fn nobody_fails_on_postgres() {
    nobody_fails(On::Postgres);
}
