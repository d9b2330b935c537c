//! What breaks: the process is killed while it writes, the database goes away. What was answered is there, once; what
//! was not can be asked again under its key; nothing is half made.

use crate::company::{Company, On, PASSWORD, RUNTIME};
use crate::postgres;
use loudou::cli::house::DEFAULT_RULES;
use loudou::store::{Store, StoreSettings};
use loudou::workflow::secrets::Secrets;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The program over a database that outlives it.
struct Process {
    child: Child,
    address: String,
    /// Printed where there is nobody yet.
    setup_token: Option<String>,
}

impl Process {
    fn start(url: &str, folder: &tempfile::TempDir, is_new: bool) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_loudou"))
            .arg("serve")
            .env_clear()
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("DATABASE_URL", url)
            .env("LOUDOU_SECRET_FILE", folder.path().join("secret"))
            .envs([("LOUDOU_LISTEN", "127.0.0.1:0"), ("LOUDOU_METRICS_LISTEN", "off"), ("LOUDOU_WORKERS", "2")])
            .envs([("LOUDOU_LIMIT_ADDRESS_PER_MINUTE", "0"), ("LOUDOU_LIMIT_USER_PER_MINUTE", "0")])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut read = String::new();
        let address = loop {
            let line = log.next().unwrap_or_else(|| panic!("it ended: {read}")).unwrap();
            if let Some((_, rest)) = line.split_once("listening on http://") {
                break rest.split(';').next().unwrap().to_owned();
            }
            read.push_str(&line);
        };
        // Somebody has to read what else it says.
        std::thread::spawn(move || log.for_each(drop));
        let mut process = Self { child, address, setup_token: None };
        if is_new {
            process.setup_token =
                BufReader::new(process.child.stdout.take().unwrap()).lines().nth(1).map(Result::unwrap);
        }
        process
    }

    /// The answer, if there is one.
    fn ask(
        &self,
        token: &str,
        method: &str,
        path: &str,
        key: Option<&str>,
        body: &Json,
    ) -> Result<(u16, Json), String> {
        ask(&self.address, token, method, path, key, body)
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ask(
    address: &str,
    token: &str,
    method: &str,
    path: &str,
    key: Option<&str>,
    body: &Json,
) -> Result<(u16, Json), String> {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut request = ureq::http::Request::builder().method(method).uri(format!("http://{address}{path}"));
    request = request.header("content-type", "application/json").header("authorization", format!("Bearer {token}"));
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    let body = if method == "GET" { String::new() } else { body.to_string() };
    let mut answer = agent.run(request.body(body).unwrap()).map_err(|fault| fault.to_string())?;
    let status = answer.status().as_u16();
    let text = answer.body_mut().read_to_string().map_err(|fault| fault.to_string())?;
    Ok((status, serde_json::from_str(&text).unwrap_or_default()))
}

/// One customer's way, as far as it was answered: made, his deal made, given up.
#[derive(Clone, Debug, Default)]
struct Way {
    customer: Option<String>,
    deal: Option<String>,
    lost: bool,
}

impl Way {
    fn is_over(&self) -> bool {
        self.lost
    }

    /// Goes one step, under the step's own key; whether it was answered.
    fn step(&mut self, address: &str, token: &str, name: &str) -> bool {
        let (path, step, body) = match (&self.customer, &self.deal) {
            (None, _) => ("/v1/customers".to_owned(), "customer", json!({"fields": {"name": name}})),
            (Some(customer), None) => ("/v1/deals".to_owned(), "deal", json!({"customer": customer})),
            (Some(_), Some(deal)) => {
                let body = json!({"from": "resource", "to": "abandoned", "reason": "refused"});
                (format!("/v1/deals/{deal}/moves"), "move", body)
            }
        };
        let Ok((status, answer)) = ask(address, token, "POST", &path, Some(&format!("{name}-{step}")), &body) else {
            return false;
        };
        assert_eq!(status, 201, "{path}: {answer}");
        let id = answer["id"].as_str().unwrap().to_owned();
        match step {
            "customer" => self.customer = Some(id),
            "deal" => self.deal = Some(id),
            _ => self.lost = true,
        }
        true
    }
}

fn killed_again_and_again(on: On) {
    let folder = tempfile::tempdir().unwrap();
    let url = match on {
        On::Sqlite => format!("sqlite:{}/loudou.db", folder.path().display()),
        On::Postgres => match postgres::fresh_database() {
            Some(url) => url,
            None => return,
        },
    };
    std::fs::write(folder.path().join("secret"), Secrets::fresh_text()).unwrap();
    let mut process = Process::start(&url, &folder, true);
    let said = |answer: Result<(u16, Json), String>, status: u16| {
        let (seen, body) = answer.unwrap();
        assert_eq!(seen, status, "{body}");
        body
    };
    let body = json!({"token": process.setup_token, "login": "ada", "name": "Ada", "password": PASSWORD});
    let ada = said(process.ask("", "POST", "/v1/setup", None, &body), 201);
    let ada = ada["access_token"].as_str().unwrap().to_owned();
    let body = json!({"login": "li", "name": "Li", "roles": ["seller"], "password": PASSWORD});
    said(process.ask(&ada, "POST", "/v1/users", None, &body), 201);
    let li = said(process.ask("", "POST", "/v1/auth/login", None, &json!({"login": "li", "password": PASSWORD})), 200);
    let li = li["access_token"].as_str().unwrap().to_owned();
    let ways: Mutex<BTreeMap<String, Way>> = Mutex::default();
    for round in 0..5_usize {
        let (answered, address) = (AtomicUsize::new(0), process.address.clone());
        std::thread::scope(|scope| {
            for worker in 0..3 {
                let (ways, answered, address, li) = (&ways, &answered, &address, &li);
                scope.spawn(move || {
                    // First what was begun before the last kill and is not over, then new ones, until nobody answers.
                    let mut begun: Vec<String> = {
                        let ways = ways.lock().unwrap();
                        let open =
                            ways.iter().filter(|(name, way)| !way.is_over() && name.ends_with(&format!("-{worker}")));
                        open.map(|(name, _)| name.clone()).collect()
                    };
                    for number in 0.. {
                        let name = begun.pop().unwrap_or_else(|| format!("customer-{round}-{number}-{worker}"));
                        let mut way = ways.lock().unwrap().entry(name.clone()).or_default().clone();
                        while !way.is_over() {
                            let went = way.step(address, li, &name);
                            ways.lock().unwrap().insert(name.clone(), way.clone());
                            if !went {
                                return;
                            }
                            answered.fetch_add(1, Ordering::SeqCst);
                        }
                    }
                });
            }
            let deadline = Instant::now() + Duration::from_secs(60);
            while answered.load(Ordering::SeqCst) < 10 + 13 * round && Instant::now() < deadline {
                std::thread::yield_now();
            }
            process.kill();
        });
        assert!(answered.load(Ordering::SeqCst) >= 10 + 13 * round, "too slow");
        let store = RUNTIME.block_on(Store::open(&StoreSettings::new(&url))).unwrap();
        assert_eq!(RUNTIME.block_on(store.read(|tx| tx.holdings_amiss())).unwrap(), [], "round {round}");
        RUNTIME.block_on(store.close()).unwrap();
        process = Process::start(&url, &folder, false);
        whole(&process, &li, &ways.lock().unwrap());
    }
    // What was not answered is asked once more; then everything is over, and was done once.
    let mut ways = ways.into_inner().unwrap();
    for (name, way) in &mut ways {
        while !way.is_over() {
            assert!(way.step(&process.address, &li, name));
        }
    }
    whole(&process, &li, &ways);
    let (_, left) = process.ask(&li, "GET", "/v1/deals?state=open", None, &Json::Null).unwrap();
    assert_eq!(left["data"], json!([]));
}

/// Every answered step is there once, and what is there is whole.
fn whole(process: &Process, token: &str, ways: &BTreeMap<String, Way>) {
    let all = |path: &str| {
        let (mut rows, mut cursor) = (Vec::new(), String::new());
        loop {
            let (status, page) = process.ask(token, "GET", &format!("{path}{cursor}"), None, &Json::Null).unwrap();
            assert_eq!(status, 200, "{page}");
            rows.extend(page["data"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return rows,
            }
        }
    };
    let (customers, deals) = (all("/v1/customers?limit=100"), all("/v1/deals?limit=100"));
    for (name, way) in ways {
        let made: Vec<&Json> = customers.iter().filter(|row| row["fields"]["name"] == name.as_str()).collect();
        assert!(made.len() <= 1, "{name}: {made:?}");
        let theirs: Vec<&Json> = deals.iter().filter(|row| row["customer_fields"]["name"] == name.as_str()).collect();
        assert!(theirs.len() <= 1, "{name}: {theirs:?}");
        if let Some(customer) = &way.customer {
            assert_eq!(made[0]["id"], customer.as_str(), "{name}");
        }
        if let Some(deal) = &way.deal {
            assert_eq!(theirs[0]["id"], deal.as_str(), "{name}");
        }
        assert!(!way.lost || theirs[0]["state"] == "lost", "{name}");
    }
    for deal in deals {
        let path = format!("/v1/deals/{}", deal["id"].as_str().unwrap());
        let stages = if deal["state"] == "lost" { &["resource", "abandoned"][..] } else { &["resource"] };
        let history = all(&format!("{path}/history?limit=100"));
        let visited: Vec<&str> = history.iter().map(|line| line["to"].as_str().unwrap()).collect();
        assert_eq!(visited, stages, "{deal}");
        let decisions = all(&format!("{path}/decisions?limit=100"));
        assert_eq!(decisions.iter().filter(|one| one["outcome"] == "allowed").count(), stages.len(), "{deal}");
        assert_eq!(deal["version"], stages.len(), "{deal}");
    }
}

#[test]
fn killed_while_it_writes_on_sqlite() {
    killed_again_and_again(On::Sqlite);
}

#[test]
fn killed_while_it_writes_on_postgres() {
    killed_again_and_again(On::Postgres);
}

#[test]
fn while_the_database_is_away_it_says_so_and_goes_on_after() {
    let Some(mut database) = postgres::Server::own() else { return };
    let mut company = Company::at(database.fresh_database(), DEFAULT_RULES, tempfile::tempdir().unwrap());
    company.person("li", &["seller"], Some("south"));
    let deal = company.deal("li", "甲");
    let path = format!("/v1/deals/{deal}");
    let until = |what: &str, within: u64, holds: &dyn Fn() -> bool| {
        let deadline = Instant::now() + Duration::from_secs(within);
        while !holds() {
            assert!(Instant::now() < deadline, "{what} took longer than {within} s");
        }
    };
    let quick = |what: &str, call: crate::client::Call<'_>| {
        let begun = Instant::now();
        let seen = call.refused(503, "unavailable");
        assert!(begun.elapsed() < Duration::from_secs(2), "{what}: {:?}", begun.elapsed());
        assert!(!seen.header("retry-after").is_empty(), "{what}");
    };
    let note = json!({"kind": "call", "outcome": "reached"});
    let activities = format!("{path}/activities");
    for round in 0..3 {
        let token = company.token("li");
        database.stop();
        let key = format!("round-{round}");
        for _ in 0..3 {
            quick("reading", company.server.get(&path).token(&token));
            let write = company.server.post(&activities, &note).token(&token).header("idempotency-key", &key);
            quick("writing", write);
            let login = json!({"login": "li", "password": PASSWORD});
            quick("signing in", company.server.post("/v1/auth/login", &login));
        }
        company.server.get("/livez").expect(200);
        until("not being ready", 3, &|| company.server.get("/readyz").send().status == 503);
        database.start_again();
        until("reading again", 5, &|| company.server.get(&path).token(&token).send().status == 200);
        until("being ready again", 5, &|| company.server.get("/readyz").send().status == 200);
        let write =
            || company.server.post(&activities, &note).token(&token).header("idempotency-key", &key).expect(201);
        assert_eq!(write().text, write().text);
        let there = company.get("li", &activities).body["data"].as_array().unwrap().len();
        assert_eq!(there, round + 1);
    }
    assert_eq!(company.holdings_amiss(), 0);
}
