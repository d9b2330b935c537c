//! PostgreSQL: equal lanes, each with its own connection and its own small runtime that drives it.
//!
//! A lane connects when it first has work and again whenever its connection is gone; while the server cannot be
//! reached all lanes say so at once instead of each waiting for its own attempt. TLS is by rustls, certificates are
//! always verified.

use super::StoreSettings;
use super::error::StoreError;
use super::lane::{Job, JobKind, Work, persist};
use super::queue::Queue;
use super::tx::{Manner, Tx};
use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::sql_types::{BigInt, Bool};
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::{AsyncConnectionWrapper, BlockOn};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

mod connect;
mod once;
pub(super) use connect::Connector;
use connect::warn_if_forgetful;
pub(super) use once::Once;

/// The connection and back end for which `ops` is compiled here.
pub type Conn = AsyncConnectionWrapper<AsyncPgConnection, LaneRuntime>;
pub(super) type Db = diesel::pg::Pg;

#[path = "ops/mod.rs"]
pub(super) mod ops;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Any number that no other program on the same database takes for an advisory lock: "loudou" in ASCII.
const MIGRATION_LOCK: i64 = 0x6c6f_7564_6f75;

/// How long after a failed attempt to connect the next one waits; until then work is refused at once.
const RETRY_AFTER: Duration = Duration::from_millis(250);

/// A use case that took longer asks whether it still has its transaction before it commits.
const LONG: Duration = Duration::from_secs(1);

/// What the two databases say differently.
pub(super) mod dialect {
    /// Compares text by code point.
    pub const BY_CODE_POINT: &str = " COLLATE \"C\"";
    pub const FOR_UPDATE: &str = " FOR UPDATE";
    pub const FOR_KEY_SHARE: &str = " FOR KEY SHARE";
    /// Opens and closes a cast of an id to 32 hexadecimal digits.
    pub const ID_TEXT: (&str, &str) = ("replace((", ")::text, '-', '')");
    /// Opens and closes the keys of a JSON object as a table with the column `key`.
    pub const OBJECT_KEYS: (&str, &str) = ("jsonb_object_keys(", ") AS keys (key)");
    /// Opens and closes the elements of a JSON array as a table with the column `value`.
    pub const ELEMENTS: (&str, &str) = ("jsonb_array_elements_text(", ") AS elements (value)");
    /// Opens, parts and closes the position of a text in another, 0 if it is not in it.
    pub const POSITION: (&str, &str, &str) = ("strpos(", ", ", ")");
    /// Opens a JSON array of what stands in one row, and one of what stands in all.
    pub const JSON_ARRAY: &str = "json_build_array(";
    pub const JSON_LIST: &str = "json_agg(";
    /// Opens and closes an id inside JSON.
    pub const JSON_ID: (&str, &str) = ("", "");
    /// Every choice in the field document of a table: `f.key` is the field, `c.value` the choice.
    pub const CHOICES: &str = ", jsonb_each(fields) AS f (key, value), LATERAL jsonb_array_elements_text( \
        CASE f.value->>0 WHEN 'choice' THEN jsonb_build_array(f.value->1) WHEN 'choices' THEN f.value->1 \
        ELSE '[]'::jsonb END) AS c (value)";
    /// Others write at the same time: what a write has read may change until it locks it.
    pub const WRITES_TOGETHER: bool = true;
    /// Said before statements that read and write a whole company.
    pub const PATIENTLY: &str = "SET LOCAL statement_timeout = '30min'";
    /// The advisory lock that a change of rules holds until it is committed: tells who waits what he waits for. "rules"
    /// in ASCII, as `MIGRATION_LOCK`.
    pub const RULES_LOCK: i64 = 0x72_756c_6573;
    /// Opens statements that write many rows.
    pub const INSERT: &str = "INSERT";
    pub const UPDATE: &str = "UPDATE";
    /// Opens and closes a bound id in a SELECT; and none.
    pub const AS_ID: (&str, &str) = ("CAST(", " AS uuid)");
    pub const NO_ID: &str = "CAST(NULL AS uuid)";
    /// A stored choice, and stored choices, around their ids.
    pub const CHOICE_OF: (&str, &str) = ("jsonb_build_array('choice', CAST(", " AS text))");
    pub const CHOICES_OF: (&str, &str) = ("jsonb_build_array('choices', ", ")");
    /// The document without some fields and with others: opens, parts and closes; around the name of one that is left
    /// out; around the name and the value of one that is put in (nothing = not put in).
    pub const REWRITTEN: (&str, &str, &str) = ("(fields", ") || jsonb_strip_nulls(jsonb_build_object(", "))");
    pub const LEFT_OUT: (&str, &str) = (" - CAST(", " AS text)");
    pub const PUT_IN: (&str, &str, &str) = ("CAST(", " AS text), ", "");
    /// A list made of the column `value` of a table, in the order of its column `first`.
    pub const LIST_OF: (&str, &str) = ("(SELECT jsonb_agg(value ORDER BY first) FROM (", ") AS listed)");
    /// The number of an element, and the elements of a list with their numbers, around the list.
    pub const NUMBERED: (&str, &str, &str) = ("n", "jsonb_array_elements_text(", ") WITH ORDINALITY AS e (value, n)");
}

thread_local! {
    static LANE: RefCell<Option<Arc<Runtime>>> = const { RefCell::new(None) };
}

/// The runtime of the lane on whose thread it is made: it drives the connection while a statement is waited for.
pub struct LaneRuntime(Option<Arc<Runtime>>);

impl std::fmt::Debug for LaneRuntime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LaneRuntime")
    }
}

impl BlockOn for LaneRuntime {
    fn block_on<F: Future>(&self, f: F) -> F::Output {
        match &self.0 {
            Some(runtime) => runtime.block_on(f),
            // Only if a connection is made off a lane, which nothing here does.
            None => poll_until_ready(f),
        }
    }

    fn get_runtime() -> Self {
        Self(LANE.with_borrow(Clone::clone))
    }
}

fn poll_until_ready<F: Future>(f: F) -> F::Output {
    let mut f = std::pin::pin!(f);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(output) = f.as_mut().poll(&mut context) {
            return output;
        }
        std::thread::yield_now();
    }
}

/// The running lanes.
pub(super) struct Lanes {
    pub queue: Arc<Queue<Job>>,
    pub threads: Vec<JoinHandle<()>>,
}

/// Starts the lanes. The first connects and brings the schema up to date before it works, and before the others begin.
pub(super) fn open(url: &str, settings: &StoreSettings) -> Result<Lanes, StoreError> {
    let connector = Arc::new(Connector::new(url, settings)?);
    let outage = Arc::new(Outage::default());
    let queue = Arc::new(Queue::new(settings.queue, |job: &Job| job.kind.writes()));
    let (told, migrated) = mpsc::channel();
    let mut told = Some(told);
    let mut threads = Vec::new();
    for number in 0..settings.postgres_lanes.max(1) {
        let lane = Lane { connector: Arc::clone(&connector), outage: Arc::clone(&outage), conn: None };
        let (queue, told) = (Arc::clone(&queue), told.take());
        let is_first = told.is_some();
        threads.push(super::spawn(format!("postgres-{number}"), move || {
            let _ = lane.run(|lane| {
                if let Some(told) = told {
                    let outcome = lane.migrate();
                    let failed = outcome.is_err();
                    if told.send(outcome).is_err() || failed {
                        return Ok(());
                    }
                }
                while let Some(job) = queue.take() {
                    lane.work(job, &queue);
                }
                Ok(())
            });
        })?);
        if is_first {
            migrated.recv().map_err(|_| StoreError::failed("migrating", "it panicked"))??;
        }
    }
    Ok(Lanes { queue, threads })
}

/// When the server was last found out of reach.
#[derive(Default)]
struct Outage(Mutex<Option<Instant>>);

impl Outage {
    fn lasts(&self) -> bool {
        self.get().is_some_and(|seen| seen.elapsed() < RETRY_AFTER)
    }

    fn set(&self, seen: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    }

    fn get(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Lane {
    connector: Arc<Connector>,
    outage: Arc<Outage>,
    conn: Option<Conn>,
}

impl Lane {
    /// Gives this thread the runtime that its connection lives in, then runs.
    fn run<T>(mut self, run: impl FnOnce(&mut Self) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| StoreError::failed("starting a lane", error))?;
        LANE.set(Some(Arc::new(runtime)));
        let outcome = run(&mut self);
        // The connection first: it is driven by the runtime.
        self.conn = None;
        LANE.set(None);
        outcome
    }

    /// The connection; makes one if there is none.
    fn connected(&mut self) -> Result<&mut Conn, StoreError> {
        if self.conn.is_none() {
            if self.outage.lasts() {
                return Err(StoreError::Unavailable("it was out of reach a moment ago".into()));
            }
            match self.connector.connect() {
                Ok(conn) => self.conn = Some(conn),
                Err(error) => {
                    self.outage.set(Some(Instant::now()));
                    return Err(error);
                }
            }
        }
        self.conn.as_mut().ok_or_else(|| StoreError::Unavailable("not connected".into()))
    }

    /// Brings the schema up to date. Others that start at the same time wait for the lock.
    fn migrate(&mut self) -> Result<(), StoreError> {
        let as_always = self.connector.setup();
        let conn = self.connected()?;
        conn.batch_execute(&format!(
            "SET lock_timeout = 0; SET statement_timeout = 0; SELECT pg_advisory_lock({MIGRATION_LOCK})"
        ))?;
        super::migrate(conn, MIGRATIONS, ops::rules_recalled::recall_renames)?;
        warn_if_forgetful(conn)?;
        conn.batch_execute("SELECT pg_advisory_unlock_all()")?;
        Ok(conn.batch_execute(&as_always)?)
    }

    fn work(&mut self, Job { mut work, kind }: Job, queue: &Queue<Job>) {
        let long = (kind == JobKind::Alone).then(|| queue.long_job());
        let mut must_wait = false;
        let fate = persist(kind, |manner| match self.transact(manner, work.as_mut()) {
            Err(StoreError::Locked) if kind.writes() && self.rules_are_changing() => {
                must_wait = true;
                Err(StoreError::Busy)
            }
            outcome => outcome,
        });
        drop(long);
        if must_wait { self.wait_for_rules(Job { work, kind }, queue) } else { work.settle(fate) }
    }

    /// Whether any process is at a change of the rules.
    fn rules_are_changing(&mut self) -> bool {
        let Ok(conn) = self.connected() else { return false };
        let free =
            sql::<Bool>("SELECT pg_try_advisory_xact_lock_shared(").bind::<BigInt, _>(dialect::RULES_LOCK).sql(")");
        !free.get_result(conn).unwrap_or(true)
    }

    /// One lane waits until the rules have changed, for all that writes here: longer than a lock may be waited for, and
    /// without taking the other lanes from those who read.
    fn wait_for_rules(&mut self, job: Job, queue: &Queue<Job>) {
        let hold = queue.hold();
        queue.put_back(job);
        if hold.is_none() {
            return;
        }
        let waited = self.connected().and_then(|conn| {
            conn.batch_execute("BEGIN; SET LOCAL lock_timeout = 0")?;
            conn.batch_execute(dialect::PATIENTLY)?;
            let wait = diesel::sql_query("SELECT pg_advisory_xact_lock_shared($1)");
            wait.bind::<BigInt, _>(dialect::RULES_LOCK).execute(conn)?;
            Ok(conn.batch_execute("COMMIT")?)
        });
        if let Err(error) = waited {
            tracing::debug!(%error, "waiting for a change of rules ended early");
            self.conn = None;
        }
    }

    /// Runs a use case once. If the connection turns out to be gone before anything could be committed, and was there
    /// before, it was closed while it was idle: it is made anew, once.
    fn transact(&mut self, manner: Manner, work: &mut dyn Work) -> Result<(), StoreError> {
        let was_connected = self.conn.is_some();
        match self.attempt(manner, work) {
            (Err(StoreError::Unavailable(_)), true) if was_connected => self.attempt(manner, work).0,
            (outcome, _) => outcome,
        }
    }

    /// How it came out, and whether it is certain that nothing of it is kept if it failed.
    fn attempt(&mut self, manner: Manner, work: &mut dyn Work) -> (Result<(), StoreError>, bool) {
        let conn = match self.connected() {
            Ok(conn) => conn,
            Err(error) => return (Err(error), false),
        };
        let begun = Instant::now();
        let mut tx = Tx::postgres(conn, manner);
        let mut outcome = tx.start().and_then(|()| work.attempt(&mut tx));
        if outcome.is_ok() && begun.elapsed() > LONG {
            // It may have stood still, and the server have taken it back: found out by a commit, nobody would know whether
            // that was kept.
            outcome = tx.is_still_there();
        }
        let ended = match &outcome {
            Ok(()) => tx.commit(),
            Err(error) => tx.take_back(error),
        };
        let left_nothing = tx.left_nothing();
        match (outcome, ended) {
            // A connection on which a transaction could not end is never used again: what it still holds is unknown.
            (_, Err(error)) => {
                self.conn = None;
                let error = if error.is_passing() { error } else { StoreError::Unavailable(Box::new(error)) };
                (Err(error), left_nothing)
            }
            (outcome, Ok(())) => {
                if matches!(outcome, Err(StoreError::Unavailable(_))) {
                    self.conn = None;
                }
                (outcome, left_nothing)
            }
        }
    }
}
