//! Rules change under load on six processes: by the API and by the file at once, while one process stands still, one is
//! cut off from the database, and another is killed as it activates. What was recorded is then held against what is promised, by the database's own order
//! of commits: no decision was committed under rules that had been replaced, no version is lost or numbered twice, and
//! nobody who asked a living process that reaches its database was told anything but an answer.

use crate::books::Books;
use crate::instance::{Instance, ask, until};
use crate::postgres::{Server, strings};
use crate::proxy::Proxy;
use crate::traffic::{PASSWORD, Traffic, said};
use loudou::workflow::secrets::Secrets;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What a trial did and saw.
#[derive(Debug)]
pub struct Seen {
    pub versions: usize,
    /// Acknowledged over the API, taken from the file.
    pub acknowledged: usize,
    pub from_file: usize,
    /// Asked of a process that was killed meanwhile: became active all the same, or did not.
    pub killed: (usize, usize),
    pub decisions: usize,
    /// Pairs of a decision and the version that replaced its own, compared by their commits.
    pub compared: usize,
    pub answered: usize,
    /// Of the killed process.
    pub unanswered: usize,
    /// On the process that is cut off: acknowledged, and told that the database is away.
    pub cut_off: (usize, usize),
    /// From the answer of an activation to an idle process's knowing.
    pub known_after: Vec<Duration>,
    /// How long activations took.
    pub took: Vec<Duration>,
}

const DEFAULT: &str = include_str!("../../config/rules.yaml");

/// Rules that nobody has written before.
fn text(by: &str, number: u32) -> String {
    let cap = 3000 + number;
    format!("{}\n# {by} {number}\n", DEFAULT.replace("at_most: 30", &format!("at_most: {cap}")))
}

fn activate(address: &str, token: &str, text: &str) -> crate::instance::Answer {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let request = agent.post(format!("http://{address}/v1/rules/versions")).header("content-type", "application/yaml");
    let request = request.header("authorization", format!("Bearer {token}"));
    let mut answer = request.send(text).map_err(|fault| fault.to_string())?;
    let status = answer.status().as_u16();
    let body = answer.body_mut().read_to_string().map_err(|fault| fault.to_string())?;
    #[cfg(test)]
    crate::client::hold("POST", "/v1/rules/versions", answer.headers(), status, &body);
    Ok((status, serde_json::from_str(&body).unwrap_or_default()))
}

/// The version that a process says it decides by.
fn version_of(metrics: &str) -> i64 {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let Ok(mut answer) = agent.get(format!("http://{metrics}/metrics")).call() else { return 0 };
    let text = answer.body_mut().read_to_string().unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("loudou_rules_version "));
    line.and_then(|number| number.trim().parse::<f64>().ok()).map_or(0, |number| number as i64)
}

/// The processes, by what is done to them.
const FILE: usize = 0;
const API: usize = 1;
const PAUSED: usize = 2;
const KILLED: usize = 3;

/// What the processes say of requests that failed.
fn failures(instances: &[Instance]) -> Vec<String> {
    let is_failure = |line: &&str| line.contains("a request failed") || line.contains("status=503");
    instances
        .iter()
        .flat_map(|one| one.log().lines().filter(is_failure).map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

/// The end of a round, by whatever way.
struct End<'a> {
    stop: &'a AtomicBool,
    paused: &'a Instance,
    way: &'a Proxy,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        self.paused.signal("CONT");
        self.way.mend();
    }
}

/// Runs so many rounds on a server whose commits carry their instants.
pub fn trial(server: &Server, rounds: u32, seed: u64) -> Seen {
    let mut random = StdRng::seed_from_u64(seed);
    let folder = tempfile::tempdir().unwrap();
    let (secret, file) = (folder.path().join("secret"), folder.path().join("rules.yaml"));
    std::fs::write(&secret, Secrets::fresh_text()).unwrap();
    std::fs::write(&file, DEFAULT).unwrap();
    let url = server.fresh_database();
    let start = |number: usize| start(&url, &secret, &file, number);
    let mut instances = vec![start(FILE)];
    let traffic = Traffic::begin(&instances[FILE], 4);
    instances.extend((1..4).map(start));
    let way = Proxy::to_socket(server.socket());
    let behind = format!("postgres://postgres@{}/{}", way.address, url.rsplit_once('/').expect("a URL").1);
    let cut_off = Instance::start(&behind, &secret, &[]).unwrap();
    let idle = Instance::start(&url, &secret, &[("LOUDOU_METRICS_LISTEN", "127.0.0.1:0")]).unwrap();
    let metrics = idle.metrics.clone().expect("metrics are served");
    let body = json!({"login": "rita", "name": "Rita", "roles": ["rules_admin", "seller"], "password": PASSWORD});
    let ada = json!({"login": "ada", "password": PASSWORD});
    let ada = said(instances[FILE].ask("", "POST", "/v1/auth/login", None, &ada), 200)["access_token"].clone();
    said(instances[FILE].ask(ada.as_str().unwrap(), "POST", "/v1/users", None, &body), 201);
    let shaky = Traffic::of(&instances[FILE], ada.as_str().unwrap(), "shaky", 2);
    let rita = json!({"login": "rita", "password": PASSWORD});
    let rita = said(instances[FILE].ask("", "POST", "/v1/auth/login", None, &rita), 200)["access_token"].clone();
    let rita = rita.as_str().unwrap().to_owned();

    let mut seen = Seen {
        versions: 0,
        acknowledged: 0,
        from_file: 0,
        killed: (0, 0),
        decisions: 0,
        compared: 0,
        answered: 0,
        unanswered: 0,
        cut_off: (0, 0),
        known_after: Vec::new(),
        took: Vec::new(),
    };
    // The number that was answered, by the text.
    let mut promised: BTreeMap<i64, String> = BTreeMap::new();
    // What was begun after an activation's answer: the customer, and the version it must not be older than.
    let mut after: Vec<(String, i64)> = Vec::new();
    let mut perhaps: Vec<String> = Vec::new();
    for round in 1..=rounds {
        let stop = AtomicBool::new(false);
        let unanswered = traffic.unanswered.load(Ordering::SeqCst);
        let addresses: Vec<String> = instances.iter().map(|one| one.address.clone()).collect();
        let victim = instances.pop().expect("four processes");
        let told: Mutex<Vec<(i64, String)>> = Mutex::default();
        std::thread::scope(|scope| {
            for (worker, address) in addresses.iter().cloned().enumerate() {
                let (traffic, stop) = (&traffic, &stop);
                scope.spawn(move || traffic.work(&address, worker, stop, true));
            }
            for worker in 0..shaky.workers() {
                let (shaky, stop, address) = (&shaky, &stop, &cut_off.address);
                scope.spawn(move || shaky.work(address, worker, stop, true));
            }
            // Whatever does not come as expected: who works is told to stop, or the trial would wait for them forever.
            let _end = End { stop: &stop, paused: &instances[PAUSED], way: &way };
            let more = |many: usize| {
                let enough = traffic.answered.load(Ordering::SeqCst) + many;
                until("answers under load", 60, || traffic.answered.load(Ordering::SeqCst) >= enough);
            };
            more(10);
            let enough = shaky.answered.load(Ordering::SeqCst) + 5;
            until("answers behind the proxy", 60, || shaky.answered.load(Ordering::SeqCst) >= enough);
            // All at once: the file changes, the API is asked twice, one process stands still, one is cut off, one is
            // killed.
            std::fs::write(&file, text("file", round)).unwrap();
            instances[PAUSED].signal("STOP");
            way.cut();
            let (rita, told) = (&rita, &told);
            let api = addresses[API].clone();
            let asked = scope.spawn(move || {
                let began = Instant::now();
                let new = text("api", round);
                let answer = said(activate(&api, rita, &new), 201);
                told.lock().unwrap().push((answer["number"].as_i64().unwrap(), new));
                began.elapsed()
            });
            let (dying, new) = (victim.address.clone(), text("killed", round));
            let sent = new.clone();
            let half = scope.spawn(move || activate(&dying, rita, &sent));
            std::thread::park_timeout(Duration::from_micros(random.random_range(0..700_000)));
            victim.kill();
            match half.join().unwrap() {
                Ok((201, answer)) => told.lock().unwrap().push((answer["number"].as_i64().unwrap(), new)),
                Ok((status, answer)) => panic!("an activation on a process that is killed: {status} {answer}"),
                Err(_) => perhaps.push(new),
            }
            seen.took.push(asked.join().unwrap());
            let number = told.lock().unwrap().iter().map(|(number, _)| *number).max().unwrap_or(0);
            // One that idles knows by itself.
            let answered = Instant::now();
            until("an idle process's knowing", 20, || version_of(&metrics) >= number);
            seen.known_after.push(answered.elapsed());
            more(5);
            instances[PAUSED].signal("CONT");
            way.mend();
            // Whoever begins now, wherever, is decided under it, or under a later one.
            for one in [FILE, API, PAUSED] {
                let name = format!("after-{round}-{one}");
                let body = json!({"fields": {"name": name}});
                let made = said(ask(&instances[one].address, rita, "POST", "/v1/customers", None, &body), 201);
                after.push((made["id"].as_str().unwrap().to_owned(), number));
            }
            // Also where the way to the database has just come back.
            let body = json!({"fields": {"name": format!("after-{round}-cut")}});
            until("writing again behind the proxy", 30, || {
                let (status, made) = ask(&cut_off.address, rita, "POST", "/v1/customers", None, &body).unwrap();
                assert!(matches!(status, 201 | 503), "{status}: {made}");
                after.extend((status == 201).then(|| (made["id"].as_str().unwrap().to_owned(), number)));
                status == 201
            });
            let taken = || strings(&url, &format!("SELECT 1 FROM rules_versions WHERE text LIKE '%# file {round}\n'"));
            until("the file's being taken", 30, || !taken().is_empty());
            more(10);
        });
        promised.extend(told.into_inner().unwrap());
        assert_eq!(shaky.unanswered.load(Ordering::SeqCst), 0, "who is cut off says so");
        let lost = traffic.unanswered.load(Ordering::SeqCst) - unanswered;
        assert!(lost <= 1, "{lost} requests without an answer: only one was on its way to the killed process");
        instances.push(start(KILLED));
    }
    let turned_away = traffic.turned_away.load(Ordering::SeqCst);
    assert_eq!(turned_away, 0, "somebody was told: not now; {:?}", failures(&instances));
    // What was on its way to the killed one is asked again, and done once.
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for worker in 0..traffic.workers() {
            let (traffic, stop, address) = (&traffic, &stop, &instances[API].address);
            scope.spawn(move || traffic.work(address, worker, stop, false));
        }
        for worker in 0..shaky.workers() {
            let (shaky, stop, address) = (&shaky, &stop, &instances[API].address);
            scope.spawn(move || shaky.work(address, worker, stop, false));
        }
    });
    let books = Books::of(&url);
    let mut faults = books.faults();
    faults.extend(traffic.faults(&books, true));
    faults.extend(shaky.faults(&books, true));
    seen.acknowledged = promised.len();
    check(&url, &promised, &perhaps, &after, &mut seen, &mut faults);
    assert!(faults.is_empty(), "seed {seed}:\n{}", faults.join("\n"));
    seen.answered = traffic.answered.load(Ordering::SeqCst);
    seen.unanswered = traffic.unanswered.load(Ordering::SeqCst);
    seen.cut_off = (shaky.answered.load(Ordering::SeqCst), shaky.turned_away.load(Ordering::SeqCst));
    seen
}

/// Starts one of the four; the first takes its rules from the file.
fn start(url: &str, secret: &Path, file: &Path, number: usize) -> Instance {
    let file = file.to_str().unwrap();
    let all = [("LOUDOU_RULES_FILE", file), ("LOUDOU_RULES_SOURCE", "file")];
    Instance::start(url, secret, if number == FILE { &all } else { &all[..1] }).unwrap()
}

/// Holds what was recorded against what is promised.
fn check(
    url: &str,
    promised: &BTreeMap<i64, String>,
    perhaps: &[String],
    after: &[(String, i64)],
    seen: &mut Seen,
    faults: &mut Vec<String>,
) {
    let rows = |statement: &str| -> Vec<Json> {
        let lines = strings(url, statement);
        lines.into_iter().map(|line| serde_json::from_str(&line).unwrap()).collect()
    };
    let versions = rows("SELECT json_build_array(number, text, source, parent) FROM rules_versions ORDER BY number");
    let of = |row: &Json, at: usize| row[at].as_i64().unwrap_or(0);
    for (at, row) in versions.iter().enumerate() {
        let number = i64::try_from(at).unwrap() + 1;
        if of(row, 0) != number || of(row, 3) != number - 1 {
            faults.push(format!("version {} stands at {number} and replaced {}", row[0], row[3]));
        }
    }
    let text_of: BTreeMap<i64, &str> = versions.iter().map(|row| (of(row, 0), row[1].as_str().unwrap())).collect();
    let distinct: BTreeSet<&str> = text_of.values().copied().collect();
    if distinct.len() != versions.len() {
        faults.push("a text became active twice".into());
    }
    for (number, text) in promised {
        if text_of.get(number) != Some(&text.as_str()) {
            faults.push(format!("version {number} was answered and is another, or none"));
        }
    }
    let there = perhaps.iter().filter(|text| distinct.contains(text.as_str())).count();
    seen.killed = (there, perhaps.len() - there);
    seen.versions = versions.len();
    seen.from_file = versions.iter().filter(|row| row[2] == "file").count();
    if seen.versions != 1 + promised.len() + there + seen.from_file - 1 {
        faults.push(format!("{} versions out of {} promised: {seen:?}", seen.versions, promised.len()));
    }

    // In the order of commits, by the database's own instants. An activation cites the version that it replaces.
    let decisions = rows(
        "SELECT json_build_array(rules_version, extract(epoch FROM pg_xact_commit_timestamp(xid::xid)) * 1000000, \
         action = 'rules.activate' AND outcome = 'allowed', subject) FROM decisions ORDER BY seq",
    );
    seen.decisions = decisions.len();
    let at = |row: &Json| row[1].as_f64().expect("commits carry their instants");
    let replaced: BTreeMap<i64, f64> = decisions
        .iter()
        .filter(|row| row[2] == true)
        // The version that was made, and when the one before it ended.
        .map(|row| (row[3].as_str().unwrap().parse::<i64>().unwrap() - 1, at(row)))
        .collect();
    for row in &decisions {
        let Some(end) = replaced.get(&of(row, 0)) else { continue };
        seen.compared += 1;
        if at(row) > *end {
            faults.push(format!(
                "a decision under version {} was committed {} us after its end",
                row[0],
                at(row) - end
            ));
        }
        // Nor was one committed under a version that was not active yet.
        if replaced.get(&(of(row, 0) - 1)).is_some_and(|begin| at(row) < *begin) {
            faults.push(format!("a decision under version {} was committed before it was active", row[0]));
        }
    }
    if replaced.len() + 1 != versions.len() && replaced.len() != versions.len() {
        faults.push(format!("{} activations in the log, {} versions", replaced.len(), versions.len()));
    }
    let made: BTreeMap<&str, i64> = decisions.iter().filter_map(|row| Some((row[3].as_str()?, of(row, 0)))).collect();
    for (customer, number) in after {
        match made.get(customer.as_str()) {
            Some(version) if version >= number => {}
            other => faults.push(format!("asked after the answer of version {number}, decided under {other:?}")),
        }
    }
}
