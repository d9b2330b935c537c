//! A company to try things on: a server over a fresh database, with people, teams and a clock that the test turns.

#![allow(dead_code, reason = "each test uses its part")]

use crate::client::{Seen, Server, settings};
use crate::postgres;
use diesel::Connection;
use diesel::connection::SimpleConnection;
use loudou::cli::house;
use loudou::store::{Store, StoreError, StoreSettings};
use loudou::values::Time;
use loudou::workflow::Workflow;
use loudou::workflow::passwords::Passwords;
use loudou::workflow::secrets::Secrets;
use serde_json::{Value as Json, json};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

/// What drives the store's answers in tests.
pub static RUNTIME: LazyLock<tokio::runtime::Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());

pub const PASSWORD: &str = "correct horse battery";

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    Sqlite,
    Postgres,
}

/// A fresh, empty database; nothing where there is no PostgreSQL.
pub fn fresh(on: On) -> Option<(String, tempfile::TempDir)> {
    let folder = tempfile::tempdir().unwrap();
    let url = match on {
        On::Sqlite => format!("sqlite:{}/loudou.db", folder.path().display()),
        On::Postgres => postgres::fresh_database()?,
    };
    Some((url, folder))
}

/// Runs statements on a connection of its own.
pub fn execute(url: &str, statements: &str) {
    match url.strip_prefix("sqlite:") {
        Some(path) => {
            let mut conn = diesel::SqliteConnection::establish(path).unwrap();
            conn.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
            conn.batch_execute(statements).unwrap();
        }
        None => postgres::execute(url, statements),
    }
}

/// A test on both databases: `on_both!(name, |company| { ... })`. Several in a company that `found` makes:
/// `on_both! { found; fn name(company) { ... } ... }`.
#[macro_export]
macro_rules! on_both {
    ($found:path; $($(#[$doc:meta])* fn $name:ident($company:ident) $body:block)*) => {$(
        $(#[$doc])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            fn run(on: $crate::company::On) {
                let found: Option<$crate::company::Company> = $found(on);
                if let Some(mut company) = found {
                    test(&mut company);
                }
            }

            fn test($company: &mut $crate::company::Company) $body

            #[test]
            fn on_sqlite() {
                run($crate::company::On::Sqlite);
            }

            #[test]
            fn on_postgres() {
                run($crate::company::On::Postgres);
            }
        }
    )*};
    ($(#[$doc:meta])* $name:ident, |$company:ident| $body:block) => {
        $(#[$doc])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            fn run($company: &mut $crate::company::Company) $body

            #[test]
            fn on_sqlite() {
                run(&mut $crate::company::Company::new($crate::company::On::Sqlite).unwrap());
            }

            #[test]
            fn on_postgres() {
                if let Some(mut company) = $crate::company::Company::new($crate::company::On::Postgres) {
                    run(&mut company);
                }
            }
        }
    };
}

pub struct Company {
    pub server: Server,
    pub workflow: Arc<Workflow>,
    pub url: String,
    settings: StoreSettings,
    clock: Arc<AtomicI64>,
    secrets: String,
    /// Tokens and ids by login.
    people: HashMap<String, Person>,
    teams: HashMap<String, String>,
    /// Whose answers are held against their live documents.
    held: HashSet<String>,
    _folder: tempfile::TempDir,
}

#[derive(Clone, Debug)]
pub struct Person {
    pub id: String,
    pub token: String,
    pub refresh_token: String,
}

/// The moment at which a company's day begins: a Monday, 10:00 in Shanghai.
pub const MONDAY: &str = "2026-03-02T02:00:00Z";

impl Company {
    /// The founding deck's company on a fresh database: an administrator `ada`; nothing where there is no PostgreSQL.
    pub fn new(on: On) -> Option<Self> {
        Self::with_rules(on, house::DEFAULT_RULES)
    }

    pub fn with_rules(on: On, rules: &str) -> Option<Self> {
        Some(Self::with_first_administrator(Self::empty(on, rules)?))
    }

    /// A company with people: each a login and a role.
    pub fn of(on: On, rules: &str, people: &[(&str, &str)]) -> Option<Self> {
        let mut company = Self::with_rules(on, rules)?;
        for (login, role) in people {
            company.person(login, &[role], None);
        }
        Some(company)
    }

    /// A company on this empty database.
    pub fn at(url: String, rules: &str, folder: tempfile::TempDir) -> Self {
        Self::with_first_administrator(Self::empty_at(url, rules, folder))
    }

    fn with_first_administrator((mut company, token): (Self, String)) -> Self {
        let body = json!({"token": token, "login": "ada", "name": "Ada", "password": PASSWORD});
        let seen = company.server.post("/v1/setup", &body).expect(201);
        company.remember("ada", &seen);
        company
    }

    /// A company without anybody, and the token that makes its first administrator.
    pub fn empty(on: On, rules: &str) -> Option<(Self, String)> {
        let (url, folder) = fresh(on)?;
        Some(Self::empty_at(url, rules, folder))
    }

    fn empty_at(url: String, rules: &str, folder: tempfile::TempDir) -> (Self, String) {
        Self::empty_with(&StoreSettings::new(&url), rules, folder)
    }

    /// A company on this empty database, used as these settings say.
    pub fn with_store(settings: &StoreSettings, rules: &str, folder: tempfile::TempDir) -> Self {
        Self::with_first_administrator(Self::empty_with(settings, rules, folder))
    }

    fn empty_with(settings: &StoreSettings, rules: &str, folder: tempfile::TempDir) -> (Self, String) {
        let url = settings.url.clone();
        let clock = Arc::new(AtomicI64::new(MONDAY.parse::<Time>().unwrap().micros()));
        let secrets = Secrets::fresh_text();
        let workflow = open(settings, &secrets);
        let now = Time::from_micros(clock.load(Ordering::SeqCst));
        RUNTIME.block_on(workflow.seed_rules(rules.to_owned(), Some(loudou::rules::hash(rules)), now)).unwrap();
        let token = RUNTIME.block_on(workflow.new_setup_token(now)).unwrap();
        let server = serve(&workflow, &clock, &[]);
        let company = Self {
            server,
            workflow,
            url,
            settings: settings.clone(),
            clock,
            secrets,
            people: HashMap::new(),
            teams: HashMap::new(),
            held: HashSet::new(),
            _folder: folder,
        };
        (company, token)
    }

    /// Another process over the same database, with its own idea of the rules and people.
    pub fn another_process(&self, flags: &[&str]) -> Server {
        serve(&open(&self.settings, &self.secrets), &self.clock, flags)
    }

    /// A server of its own before the use cases of another process.
    pub fn another_process_of(&self, workflow: &Arc<Workflow>, flags: &[&str]) -> Server {
        serve(workflow, &self.clock, flags)
    }

    /// The use cases of another process over the same database.
    pub fn another_workflow(&self) -> Arc<Workflow> {
        open(&self.settings, &self.secrets)
    }

    fn remember(&mut self, login: &str, seen: &Seen) -> Person {
        let text = |name: &str| seen.body[name].as_str().unwrap().to_owned();
        let person = Person { id: text("user"), token: text("access_token"), refresh_token: text("refresh_token") };
        self.people.insert(login.into(), person.clone());
        if self.held.contains(login) {
            self.server.hold_to_live_document(&person.token);
        }
        person
    }

    /// From now on what is answered to somebody must be what his live document says, too.
    pub fn hold_to_live_document(&mut self, login: &str) {
        self.held.insert(login.to_owned());
        self.server.hold_to_live_document(&self.token(login));
    }

    pub fn now(&self) -> Time {
        Time::from_micros(self.clock.load(Ordering::SeqCst))
    }

    /// Turns the clock on; everybody signs in again, since tokens are short.
    pub fn pass_hours(&mut self, hours: i64) {
        self.sign_in_all_but("", hours);
    }

    /// The same where somebody can no longer sign in.
    pub fn sign_in_all_but(&mut self, gone: &str, hours: i64) {
        self.clock.fetch_add(hours * 3_600_000_000, Ordering::SeqCst);
        for login in self.people.keys().filter(|login| *login != gone).cloned().collect::<Vec<_>>() {
            self.sign_in(&login);
        }
    }

    /// Turns the clock on a little: tokens last.
    pub fn pass_seconds(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    /// Makes a team, or names the one there is.
    pub fn team(&mut self, name: &str, parent: Option<&str>) -> String {
        if let Some(team) = self.teams.get(name) {
            return team.clone();
        }
        let parent = parent.map(|parent| self.team(parent, None));
        let body = json!({"name": name, "parent": parent});
        let seen = self.server.post("/v1/teams", &body).token(&self.token("ada")).expect(201);
        let id = seen.body["id"].as_str().unwrap().to_owned();
        self.teams.insert(name.into(), id.clone());
        id
    }

    /// Makes somebody and signs him in.
    pub fn person(&mut self, login: &str, roles: &[&str], team: Option<&str>) -> Person {
        let team = team.map(|team| self.team(team, None));
        let body = json!({"login": login, "name": login, "roles": roles, "team": team, "password": PASSWORD});
        self.server.post("/v1/users", &body).token(&self.token("ada")).expect(201);
        self.sign_in(login)
    }

    pub fn sign_in(&mut self, login: &str) -> Person {
        let seen = self.server.post("/v1/auth/login", &json!({"login": login, "password": PASSWORD})).expect(200);
        self.remember(login, &seen)
    }

    pub fn token(&self, login: &str) -> String {
        self.people[login].token.clone()
    }

    pub fn refresh_token(&self, login: &str) -> String {
        self.people[login].refresh_token.clone()
    }

    pub fn id(&self, login: &str) -> String {
        self.people[login].id.clone()
    }

    /// A customer with this name, made by somebody; his id.
    pub fn customer(&self, by: &str, name: &str) -> String {
        let body = json!({"fields": {"name": name}});
        let seen = self.server.post("/v1/customers", &body).token(&self.token(by)).expect(201);
        seen.body["id"].as_str().unwrap().to_owned()
    }

    /// A customer and his deal, made and owned by somebody; the deal's id.
    pub fn deal(&self, by: &str, name: &str) -> String {
        let body = json!({"customer": self.customer(by, name)});
        let seen = self.server.post("/v1/deals", &body).token(&self.token(by)).expect(201);
        seen.body["id"].as_str().unwrap().to_owned()
    }

    pub fn get(&self, by: &str, path: &str) -> Seen {
        self.server.get(path).token(&self.token(by)).send()
    }

    pub fn post(&self, by: &str, path: &str, body: &Json) -> Seen {
        self.server.post(path, body).token(&self.token(by)).send()
    }

    /// A change of whatever version there is.
    pub fn patch(&self, by: &str, path: &str, body: &Json) -> Seen {
        self.server.patch(path, body).token(&self.token(by)).header("if-match", "*").send()
    }

    /// A draft of these rules, accepted as they are; its id.
    pub fn draft(&self, by: &str, rules: &str) -> Json {
        let call = self.server.call("POST", "/v1/rules/drafts").token(&self.token(by));
        let body = call.text("application/yaml", rules).expect(201).body;
        assert_eq!(body["check"]["accepted"], true, "{body}");
        body["id"].clone()
    }

    /// Everything that the store keeps twice agrees.
    pub fn holdings_amiss(&self) -> usize {
        RUNTIME.block_on(self.workflow.store().read(|tx| tx.holdings_amiss())).unwrap().len()
    }
}

/// Three deals of the seller `sel`: called once and moved, called twice and moved, and one whose move is refused.
pub fn called_and_moved(company: &Company) -> [String; 3] {
    let deal = |name: &str, calls: u32| {
        let deal = company.deal("sel", name);
        let path = format!("/v1/deals/{deal}");
        for _ in 0..calls {
            let call = json!({"kind": "call", "outcome": "reached"});
            assert_eq!(company.post("sel", &format!("{path}/activities"), &call).status, 201);
        }
        let seen = company.post("sel", &format!("{path}/moves"), &json!({"to": "lead"}));
        assert_eq!(seen.status, if calls > 0 { 201 } else { 422 }, "{}", seen.text);
        deal
    };
    [deal("one", 1), deal("two", 2), deal("none", 0)]
}

/// Longest that a database is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

fn open(settings: &StoreSettings, secrets: &str) -> Arc<Workflow> {
    let begun = Instant::now();
    let store = loop {
        // On a busy machine PostgreSQL may be late; a program that is started tries again as well.
        match RUNTIME.block_on(Store::open(settings)) {
            Err(StoreError::Unavailable(_)) if begun.elapsed() < PATIENCE => {}
            opened => break opened.unwrap(),
        }
    };
    Workflow::hashing(store, Secrets::from_text(secrets).unwrap(), Passwords::for_tests())
}

fn serve(workflow: &Arc<Workflow>, clock: &Arc<AtomicI64>, flags: &[&str]) -> Server {
    let clock = Arc::clone(clock);
    let now = Arc::new(move || Time::from_micros(clock.load(Ordering::SeqCst)));
    let usual = ["--limit-address-per-minute", "0", "--limit-user-per-minute", "0"];
    let flags: Vec<&str> = usual.iter().chain(flags).copied().collect();
    Server::serving(house::app(settings(&flags).http, workflow, now).unwrap())
}
