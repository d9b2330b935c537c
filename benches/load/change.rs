//! A change of the rules while everybody works: the cookbook's split of a stage, with a stricter criterion that is previewed,
//! replayed and put into shadow and then left out, activated and taken back under load. Every request of the callers must be answered as if nothing happened, every deal
//! of the stage must be where the rules say, and none else; what a move takes meanwhile stands beside what it takes
//! otherwise, measured in turn.

use super::data::{self, ADMINISTRATOR, PATTERN};
use super::drive::Work;
use super::http::{Connection, typed};
use super::product::{Place, Process};
use super::rounds::recount;
use super::works::{Asked, Company, Kind};
use futures_util::future::join_all;
use serde_json::{Value as Json, json};
use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

/// The stage that is split: where deals are made, and a quarter of all lie.
const BEFORE: &str = "- {id: resource, kind: start, dwell: 1wd,";
const AFTER: &str = "- {id: fresh, kind: start, dwell: 1wd,";
const SECOND: &str = "      - {id: looked_at, dwell: 2wd, enter: [{has: [customer.industry]}]}\n      - {id: graded,";
/// What the first draft demands besides, and the one that becomes active does not: a good half of the moves to this stage
/// would be refused, and of the deals that lie there.
const LENIENT: &str = "- {id: scored, require: 'deal.score > 10 && deal.suitable'}";
const STRICT: &str = "- {id: scored, require: 'deal.score > 60 && deal.suitable'}";
const MIGRATE: &str = "migrate: {stages: {standard: {resource: fresh}}}\n";
/// What each caller does, again and again.
const DAY: [Kind; 6] = [Kind::Move, Kind::Read, Kind::Activity, Kind::Move, Kind::List, Kind::Create];
/// How often it is looked whether a preview or a replay is done.
const LOOK: Duration = Duration::from_millis(50);

/// One work of a caller.
struct Done {
    begun: Instant,
    micros: f64,
    kind: Kind,
    fault: Option<String>,
}

struct Load<'a> {
    company: &'a Company,
    done: RefCell<Vec<Done>>,
    over: Cell<bool>,
}

impl Load<'_> {
    async fn caller(&self, address: &str, caller: usize, callers: usize) {
        let mut connection = Connection::open(address).await.unwrap();
        for kind in DAY.into_iter().cycle().skip(caller) {
            if self.over.get() {
                return;
            }
            let begun = Instant::now();
            let asked = Asked { kind, company: self.company, bare: false };
            let fault = asked.once(caller, callers, &mut connection).await.err();
            if fault.is_some() {
                connection = Connection::open(address).await.unwrap();
            }
            let micros = begun.elapsed().as_secs_f64() * 1e6;
            self.done.borrow_mut().push(Done { begun, micros, kind, fault });
        }
    }
}

/// What moves took in a phase, and what was refused of all that was asked.
#[derive(Clone, Copy)]
struct Meanwhile {
    moves: f64,
    p50: f64,
    p99: f64,
    longest: f64,
    asked: usize,
    failed: usize,
}

/// A phase: what it was, how long the thing itself took, what came of it, and what everybody met meanwhile and before.
struct Phase {
    what: &'static str,
    took: Duration,
    came: String,
    meanwhile: Meanwhile,
    before: Meanwhile,
    peak_mib: f64,
}

pub struct Trial<'a> {
    pub name: &'static str,
    pub deals: u64,
    pub place: &'a Place,
    pub callers: usize,
    pub seconds: f64,
}

impl Trial<'_> {
    /// The lines of the table.
    pub fn run(&self) -> String {
        let mut product = Process::product(self.place);
        let company = Company::new(self.deals, self.place);
        company.sign_in();
        let load = Load { company: &company, done: RefCell::default(), over: Cell::new(false) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let phases = runtime.block_on(async {
            let callers = (0..self.callers).map(|caller| load.caller(&product.address, caller, self.callers));
            let (_, phases) = tokio::join!(join_all(callers), self.script(&load, &product));
            phases
        });
        product.stop();
        recount(self.place);
        phases.iter().map(|phase| self.line(phase)).collect()
    }

    async fn script(&self, load: &Load<'_>, product: &Process) -> Vec<Phase> {
        let mut admin = Admin { connection: Connection::open(&product.address).await.unwrap(), company: load.company };
        let rules = include_str!("rules.yaml");
        let split = rules.replacen(BEFORE, AFTER, 1).replacen("      - {id: graded,", SECOND, 1) + MIGRATE;
        assert!(split.contains(AFTER) && split.contains("looked_at"));
        let since = loudou::values::Time::from_micros(0);
        let old = i64::try_from(self.deals / PATTERN * 5).unwrap();
        let mut phases = Vec::new();

        let strict = split.replacen(LENIENT, STRICT, 1);
        assert!(strict.contains(STRICT));
        let mut draft = async |text: &str| {
            let draft = admin.ask("POST", "/v1/rules/drafts?comment=split", "application/yaml", text, 201).await;
            assert!(draft["check"]["accepted"] == json!(true), "{}", draft["check"]);
            draft["id"].as_str().unwrap().to_owned()
        };
        let (tried, draft) = (draft(&strict).await, draft(&split).await);
        let body = json!({"draft": tried});
        let phase = self.phase("preview", load, product, async || {
            let preview = admin.job("/v1/rules/previews", &body).await;
            format!("{} deals looked at, {} touched", preview["total"], preview["touched"])
        });
        phases.push(phase.await);

        let body = json!({"draft": tried, "since": since.to_string()});
        let phase = self.phase("replay", load, product, async || {
            let replay = admin.job("/v1/rules/replays", &body).await;
            format!(
                "{} entries, {} decided anew, {} otherwise, {} undecided",
                replay["total"],
                replay["replayed"],
                replay["refused"].as_u64().unwrap() + replay["allowed"].as_u64().unwrap(),
                replay["undecided"]
            )
        });
        phases.push(phase.await);

        let body = json!({"draft": tried});
        let phase = self.phase("shadow", load, product, async || {
            let shadow = admin.post("/v1/rules/shadows", &body, 201).await;
            tokio::time::sleep(Duration::from_secs_f64(self.seconds)).await;
            let path = format!("/v1/rules/shadows/{}", shadow["id"].as_str().unwrap());
            admin.post(&format!("{path}/stop"), &json!({}), 200).await;
            let shadow = admin.get(&path).await;
            let differ = |name: &str| shadow[name].as_u64().unwrap();
            format!(
                "{} agreed, {} differ, {} undecided, {} skipped",
                differ("agreed"),
                differ("refused") + differ("allowed"),
                differ("undecided"),
                differ("skipped")
            )
        });
        phases.push(phase.await);

        let phase = self.phase("activation", load, product, async || {
            let version = admin.post(&format!("/v1/rules/drafts/{draft}/activate"), &json!({}), 201).await;
            format!("version {}", version["number"])
        });
        let mut phase = phase.await;
        phase.came += &self.moved("fresh", "resource", old).await;
        phases.push(phase);

        let back = json!({"migrate": {"stages": {"standard": {"fresh": "resource", "looked_at": "resource"}}}});
        let phase = self.phase("rolled back", load, product, async || {
            let version = admin.post("/v1/rules/versions/1/activate", &back, 201).await;
            format!("version {}", version["number"])
        });
        let mut phase = phase.await;
        load.over.set(true);
        phase.came += &self.moved("resource", "fresh", old).await;
        phases.push(phase);
        phases
    }

    /// What is done, after a while in which nothing is, and what everybody met meanwhile.
    async fn phase(
        &self,
        what: &'static str,
        load: &Load<'_>,
        product: &Process,
        act: impl AsyncFnOnce() -> String,
    ) -> Phase {
        load.company.sign_in();
        let quiet = Instant::now();
        tokio::time::sleep(Duration::from_secs_f64(self.seconds)).await;
        product.forget_peak();
        let begun = Instant::now();
        let came = act().await;
        let ended = Instant::now();
        let peak_mib = product.peak_mib();
        // Whoever was asked meanwhile has his answer.
        tokio::time::sleep(Duration::from_secs_f64(self.seconds / 5.0)).await;
        let done = load.done.borrow();
        let (before, meanwhile) = (met(&done, quiet, begun), met(&done, begun, ended));
        eprintln!("{}, {} deals, {what}: {:.2} s, {came}", self.name, self.deals, (ended - begun).as_secs_f64());
        if let Some(fault) = done.iter().find_map(|done| done.fault.as_ref()) {
            eprintln!("{fault}");
        }
        Phase { what, took: ended - begun, came, meanwhile, before, peak_mib }
    }

    /// Deals of the stage that was split, where they are: all, each with a line in its history, and no other. Deals that
    /// the callers make come in all the time, so that those of the beginning are counted.
    async fn moved(&self, to: &'static str, from: &'static str, old: i64) -> String {
        let (first, last) = (data::deal(0), data::deal(self.deals - 1));
        let place = self.place.clone();
        let counted = tokio::task::spawn_blocking(move || {
            let number = |sql: &str| place.number(sql).unwrap();
            let id = |id: uuid::Uuid| match place.is_sqlite() {
                true => format!("X'{}'", id.simple()),
                false => format!("'{id}'"),
            };
            let of_the_beginning = format!("BETWEEN {} AND {}", id(first), id(last));
            assert_eq!(number(&format!("SELECT COUNT(*) FROM deals WHERE stage = '{from}'")), 0, "left in {from}");
            let there = format!("SELECT COUNT(*) FROM deals WHERE stage = '{to}' AND id {of_the_beginning}");
            assert_eq!(number(&there), old, "in {to}");
            let lines = format!("FROM history WHERE kind = 'migrated' AND from_stage = '{from}' AND to_stage = '{to}'");
            let told = format!("SELECT COUNT(DISTINCT deal) {lines} AND deal {of_the_beginning}");
            assert_eq!(number(&told), old, "with a line in their history");
            number(&format!("SELECT COUNT(*) {lines}"))
        });
        format!(", {} deals mapped", counted.await.unwrap())
    }

    fn line(&self, phase: &Phase) -> String {
        let Phase { what, took, came, meanwhile, before, peak_mib } = phase;
        format!(
            "| {what} | {} | {} | {:.2} | {came} | {:.0} | {:.0} | {:.1} | {:.1} | {:.1} | {:.1} | {:.2} | {:.0} | {} | {} | \
             {peak_mib:.0} |\n",
            self.name,
            self.deals,
            took.as_secs_f64(),
            before.moves,
            meanwhile.moves,
            before.p50,
            meanwhile.p50,
            before.p99,
            meanwhile.p99,
            meanwhile.p99 / before.p99,
            meanwhile.longest,
            before.asked + meanwhile.asked,
            before.failed + meanwhile.failed,
        )
    }
}

/// What was met by requests that were under way between two instants.
fn met(done: &[Done], from: Instant, to: Instant) -> Meanwhile {
    let ended = |done: &Done| done.begun + Duration::from_secs_f64(done.micros / 1e6);
    let among: Vec<&Done> = done.iter().filter(|done| ended(done) >= from && done.begun < to).collect();
    let moves = among.iter().filter(|done| done.kind == Kind::Move);
    let mut moves: Vec<f64> = moves.map(|done| done.micros / 1e3).collect();
    moves.sort_unstable_by(f64::total_cmp);
    let at = |part: f64| moves.get((moves.len() as f64 * part) as usize).copied().unwrap_or_default();
    Meanwhile {
        moves: moves.len() as f64 / (to - from).as_secs_f64(),
        p50: at(0.5),
        p99: at(0.99),
        longest: among.iter().map(|done| done.micros / 1e3).fold(0.0, f64::max),
        asked: among.len(),
        failed: among.iter().filter(|done| done.fault.is_some()).count(),
    }
}

/// Who changes the rules.
struct Admin<'a> {
    connection: Connection,
    company: &'a Company,
}

impl Admin<'_> {
    async fn ask(&mut self, method: &str, path: &str, media: &str, body: &str, expected: u16) -> Json {
        let token = self.company.token(ADMINISTRATOR);
        let key = uuid::Uuid::now_v7().to_string();
        let sent = typed(method, path, &token, (method == "POST").then_some(key.as_str()), (media, body));
        let answer = self.connection.call(&sent).await.unwrap();
        let text = String::from_utf8_lossy(answer.body);
        assert_eq!(answer.status, expected, "{method} {path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    async fn post(&mut self, path: &str, body: &Json, expected: u16) -> Json {
        self.ask("POST", path, "application/json", &body.to_string(), expected).await
    }

    async fn get(&mut self, path: &str) -> Json {
        self.ask("GET", path, "", "", 200).await
    }

    /// Begins what runs beside the calls, and waits until it is done.
    async fn job(&mut self, path: &str, body: &Json) -> Json {
        let begun = self.post(path, body, 201).await;
        let path = format!("{path}/{}", begun["id"].as_str().unwrap());
        loop {
            let seen = self.get(&path).await;
            match seen["state"].as_str() {
                Some("running") => tokio::time::sleep(LOOK).await,
                Some("done") => return seen,
                _ => panic!("{seen}"),
            }
        }
    }
}

pub const HEAD: &str = "\
| step | database | deals | took s | what came of it | moves/s before | meanwhile | p50 ms before | meanwhile | p99 ms before | \
meanwhile | p99 ratio | longest ms | requests | failed | peak MiB |
|---|---|--:|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|
";

/// How it was measured.
pub fn how(seconds: f64) -> String {
    format!(
        "*Before*: {seconds} s in which the callers work and nothing else happens, just before the step. Of moves: how many a \
         second, and what they took. *Longest* and *failed*: of all requests that were under way in the step (moves, reads, \
         lists of 50, activities on the deals that are mapped, customers and deals made); failed is every other answer than \
         that it was done. *Peak*: the most memory that the process had in it, of its own and shared (`VmHWM`)."
    )
}
