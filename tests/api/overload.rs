//! More than it can do: what does not fit is turned away at once, with when to come back; what was taken is done.

use crate::company::{Company, On, fresh};
use crate::instance::{Instance, until};
use crate::races::at_once;
use crate::slow_database;
use diesel::Connection;
use diesel::connection::SimpleConnection;
use loudou::cli::house;
use loudou::store::StoreSettings;
use loudou::workflow::secrets::Secrets;
use serde_json::json;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

const WAITING: usize = 8;
const LANES: usize = 2;
const ASKED: usize = 60;
const CALLERS: usize = 120;

fn overloaded(on: On) {
    let Some((url, folder)) = fresh(on) else { return };
    let (statement_timeout, lock_timeout) = (Duration::from_secs(60), Duration::from_secs(60));
    let settings = StoreSettings {
        queue: WAITING,
        postgres_lanes: LANES,
        statement_timeout,
        lock_timeout,
        ..StoreSettings::new(&url)
    };
    let company = Company::with_store(&settings, house::DEFAULT_RULES, folder);
    // Connected, and with everything loaded.
    company.post("ada", "/v1/teams", &json!({"name": "south"}));
    let token = company.token("ada");
    let held = Held::of(&url);
    let (turned_away, done, amiss) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for number in 0..ASKED {
            let (company, token, turned_away, done, amiss) = (&company, &token, &turned_away, &done, &amiss);
            scope.spawn(move || {
                let call = company.server.post("/v1/teams", &json!({"name": format!("team {number}")}));
                let seen = call.token(token).send();
                match (seen.status, seen.header("retry-after").is_empty()) {
                    (201, _) => done.fetch_add(1, Ordering::SeqCst),
                    (503, false) => turned_away.fetch_add(1, Ordering::SeqCst),
                    _ => {
                        amiss.lock().unwrap().push(seen.text);
                        0
                    }
                };
            });
        }
        // Those that do not fit are told while the others still wait.
        let room = WAITING + LANES.max(1);
        until("turning away", 30, || turned_away.load(Ordering::SeqCst) >= ASKED - room);
        assert_eq!(done.load(Ordering::SeqCst), 0);
        company.server.get("/livez").expect(200);
        drop(held);
    });
    assert_eq!(amiss.into_inner().unwrap(), Vec::<String>::new());
    let (turned_away, done) = (turned_away.into_inner(), done.into_inner());
    assert_eq!(turned_away + done, ASKED);
    // How many found a place depends on who came first; that all who did were served, is what counts.
    assert!(done > 0 && done <= WAITING + LANES.max(1), "{done} of {ASKED} were done");
    let teams = company.get("ada", "/v1/teams").body["data"].as_array().unwrap().len();
    assert_eq!(teams, done + 1);
}

/// True once it is left.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// More than one commit holds (64 on SQLite), who ask again as soon as they are answered, where sixteen may wait.
fn asked_too_much_for_long(on: On) {
    let Some((url, folder)) = fresh(on) else { return };
    let settings = StoreSettings { queue: 128, postgres_lanes: LANES, ..StoreSettings::new(&url) };
    let mut company = Company::with_store(&settings, house::DEFAULT_RULES, folder);
    company.person("li", &["seller"], Some("north"));
    let token = company.token("li");
    slow_database::insert(&url, "customers", "1 = 1", if on == On::Sqlite { 3 } else { 20 });
    let (turned_away, done, over) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        // However this ends, the callers do.
        let _over = Over(&over);
        for caller in 0..CALLERS {
            let (company, token, turned_away, done, over) = (&company, &token, &turned_away, &done, &over);
            scope.spawn(move || {
                for number in 0.. {
                    if over.load(Ordering::SeqCst) {
                        return;
                    }
                    let fields = json!({"name": format!("company {caller} {number}")});
                    let call = company.server.post("/v1/customers", &json!({"fields": fields}));
                    let seen = call.token(token).send();
                    match (seen.status, seen.header("retry-after").is_empty()) {
                        (201, _) => done.fetch_add(1, Ordering::SeqCst),
                        (503, false) => turned_away.fetch_add(1, Ordering::SeqCst),
                        _ => panic!("{}: {}", seen.status, seen.text),
                    };
                }
            });
        }
        until("turning away", 60, || turned_away.load(Ordering::SeqCst) > 0);
        // Some are served all the time, and whether it lives can be asked.
        let before = done.load(Ordering::SeqCst);
        until("serving", 60, || done.load(Ordering::SeqCst) > before + 10);
        company.server.get("/livez").expect(200);
    });
    // As soon as fewer ask, everybody is served.
    company.customer("li", "the last one");
}

/// Keeps every write waiting as long as it lives.
enum Held {
    Sqlite(diesel::SqliteConnection),
    Postgres(#[allow(dead_code)] tokio_postgres::Client, #[allow(dead_code)] tokio::runtime::Runtime),
}

impl Held {
    fn of(url: &str) -> Self {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let mut conn = diesel::SqliteConnection::establish(path).unwrap();
            conn.batch_execute("BEGIN IMMEDIATE").unwrap();
            return Self::Sqlite(conn);
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let client = runtime.block_on(async {
            let config: tokio_postgres::Config = url.parse().unwrap();
            let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            client.batch_execute("BEGIN; LOCK TABLE epochs IN ACCESS EXCLUSIVE MODE").await.unwrap();
            client
        });
        Self::Postgres(client, runtime)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Self::Sqlite(conn) = self {
            conn.batch_execute("ROLLBACK").unwrap();
        }
    }
}

#[test]
fn what_does_not_fit_is_turned_away_at_once_on_sqlite() {
    overloaded(On::Sqlite);
}

#[test]
fn what_does_not_fit_is_turned_away_at_once_on_postgres() {
    overloaded(On::Postgres);
}

#[test]
fn what_asks_too_much_for_long_is_let_in_by_a_few_on_sqlite() {
    asked_too_much_for_long(On::Sqlite);
}

#[test]
fn what_asks_too_much_for_long_is_let_in_by_a_few_on_postgres() {
    asked_too_much_for_long(On::Postgres);
}

/// Each sign-in is checked in 19 MiB, which go back to the system.
#[test]
fn many_who_sign_in_leave_no_memory_behind() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, Secrets::fresh_text()).unwrap();
    let url = format!("sqlite:{}/loudou.db", folder.path().display());
    let instance = Instance::start(&url, &secret, &[]).unwrap();
    let sign_in = |number: usize| {
        let body = json!({"login": format!("nobody{number}"), "password": "nobody's own"});
        assert_eq!(instance.ask("", "POST", "/v1/auth/login", None, &body).unwrap().0, 401);
    };
    let memory_kib = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", instance.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
    };
    let before = memory_kib();
    at_once(8, |person| (0..3).for_each(|time| sign_in(3 * person + time)));
    let after = memory_kib();
    assert!(after < before + 19 * 1024, "from {before} to {after} KiB");
}
