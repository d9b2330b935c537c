//! SQLite: one lane that writes, grouping what waits into one commit, and one lane a core that reads.
//!
//! Write-ahead log and `synchronous = FULL`: an acknowledged commit survives the loss of power. One fsync serves all
//! that waited meanwhile, each in its own savepoint, so one that fails is rolled back alone.

use super::StoreSettings;
use super::error::StoreError;
use super::lane::{Job, JobKind, persist};
use super::queue::Queue;
use super::tx::{Manner, Tx};
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::sql_types::{Integer, Text};
use diesel::{Connection, RunQueryDsl, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use std::sync::Arc;
use std::thread::JoinHandle;

/// The connection and back end for which `ops` is compiled here.
pub type Conn = SqliteConnection;
pub(super) type Db = diesel::sqlite::Sqlite;

#[path = "ops/mod.rs"]
pub(super) mod ops;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// How many jobs share a commit at most: bounds how long the first of them waits for the last.
const GROUP: usize = 64;

/// `PRAGMA synchronous` as SQLite tells it: 2 is FULL.
const SYNCHRONOUS_FULL: i32 = 2;

/// What the two databases say differently.
pub(super) mod dialect {
    /// Compares text by code point.
    pub const BY_CODE_POINT: &str = " COLLATE BINARY";
    /// Row locks: one writer needs none.
    pub const FOR_UPDATE: &str = "";
    pub const FOR_KEY_SHARE: &str = "";
    /// Opens and closes a cast of an id to 32 hexadecimal digits; `hex` of nothing would be empty.
    pub const ID_TEXT: (&str, &str) = ("nullif(lower(hex(", ")), '')");
    /// Opens and closes the keys of a JSON object as a table with the column `key`.
    pub const OBJECT_KEYS: (&str, &str) = ("json_each(", ") AS keys");
    /// Opens and closes the elements of a JSON array as a table with the column `value`.
    pub const ELEMENTS: (&str, &str) = ("json_each(", ") AS elements");
    /// Opens, parts and closes the position of a text in another, 0 if it is not in it.
    pub const POSITION: (&str, &str, &str) = ("instr(", ", ", ")");
    /// Opens a JSON array of what stands in one row, and one of what stands in all.
    pub const JSON_ARRAY: &str = "json_array(";
    pub const JSON_LIST: &str = "json_group_array(";
    /// Opens and closes an id inside JSON.
    pub const JSON_ID: (&str, &str) = ("nullif(hex(", "), '')");
    /// Every choice in the field document of a table: `f.key` is the field, `c.value` the choice.
    pub const CHOICES: &str = ", json_each(fields) AS f, json_each( \
        CASE f.value->>0 WHEN 'choice' THEN json_array(f.value->>1) WHEN 'choices' THEN f.value->1 \
        ELSE '[]' END) AS c";
    /// One writes at a time: nobody changes what a write has read.
    pub const WRITES_TOGETHER: bool = false;
    /// Said before statements that read and write a whole company: nothing cuts them off here.
    pub const PATIENTLY: &str = "";
    /// The advisory lock of a change of rules: one writes at a time.
    pub const RULES_LOCK: i64 = 0;
    /// Opens statements that write many rows and whose failure ends the transaction: to take back one statement alone,
    /// SQLite would keep a copy of every page that it writes.
    pub const INSERT: &str = "INSERT OR FAIL";
    pub const UPDATE: &str = "UPDATE OR FAIL";
    /// Opens and closes a bound id in a SELECT; and none.
    pub const AS_ID: (&str, &str) = ("", "");
    pub const NO_ID: &str = "NULL";
    /// A stored choice, and stored choices, around their ids.
    pub const CHOICE_OF: (&str, &str) = ("json_array('choice', ", ")");
    pub const CHOICES_OF: (&str, &str) = ("json_array('choices', json(", "))");
    /// The document without some fields and with others: opens, parts and closes; around the name of one that is left
    /// out; around the name and the value of one that is put in (nothing = not put in).
    pub const REWRITTEN: (&str, &str, &str) = ("json_patch(json_remove(fields", "), json_object(", "))");
    pub const LEFT_OUT: (&str, &str) = (", '$.' || ", "");
    pub const PUT_IN: (&str, &str, &str) = ("", ", json(", ")");
    /// A list made of the column `value` of a table, in the order of its column `first`.
    pub const LIST_OF: (&str, &str) = ("(SELECT json_group_array(value) FROM (", "))");
    /// The number of an element, and the elements of a list with their numbers, around the list.
    pub const NUMBERED: (&str, &str, &str) = ("key", "json_each(", ")");
}

/// The running lanes.
pub(super) struct Lanes {
    pub writer: Arc<Queue<Job>>,
    pub readers: Arc<Queue<Job>>,
    pub threads: Vec<JoinHandle<()>>,
}

/// Opens the file, brings its schema up to date and starts the lanes.
pub(super) fn open(path: &str, settings: &StoreSettings) -> Result<Lanes, StoreError> {
    let mut writing = connect(path, settings)?;
    migrate(&mut writing)?;
    // One lane writes: while it is at one thing, all others wait anyway.
    let writer = Arc::new(Queue::new(settings.queue, |_| false));
    let readers = Arc::new(Queue::new(settings.queue, |_| false));
    let mut threads = Vec::new();
    for number in 0..settings.reader_lanes() {
        let mut reading = connect(path, settings)?;
        reading.batch_execute("PRAGMA query_only = ON").map_err(unavailable)?;
        let queue = Arc::clone(&readers);
        threads.push(super::spawn(format!("sqlite-read-{number}"), move || read_lane(&mut reading, &queue))?);
    }
    let queue = Arc::clone(&writer);
    threads.push(super::spawn("sqlite-write".to_owned(), move || write_lane(&mut writing, &queue))?);
    Ok(Lanes { writer, readers, threads })
}

fn connect(path: &str, settings: &StoreSettings) -> Result<Conn, StoreError> {
    let mut conn = Conn::establish(path).map_err(unavailable)?;
    // First of all: two connections that set the journal mode at once would answer "locked" without it.
    let patience = format!("PRAGMA busy_timeout = {}", settings.lock_timeout.as_millis());
    conn.batch_execute(&patience).map_err(unavailable)?;
    // 4000 pages: fewer checkpoints, which are what slow commits wait for. 64 MiB: so much of the log is kept at most, once
    // a change of everything has made it longer. 16 MiB of page cache: there is a connection for each core and one that
    // writes, and what they do not hold the system does.
    conn.batch_execute(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
         PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -16384; \
         PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF",
    )
    .map_err(unavailable)?;
    keeps_what_it_acknowledges(&mut conn)?;
    Ok(conn)
}

/// SQLite answers a pragma that it cannot follow with what it does instead (no write-ahead log on a network share), and
/// leaves it at that; an acknowledged write must survive the loss of power all the same.
fn keeps_what_it_acknowledges(conn: &mut Conn) -> Result<(), StoreError> {
    let journal: String = sql::<Text>("PRAGMA journal_mode").get_result(conn)?;
    let synchronous: i32 = sql::<Integer>("PRAGMA synchronous").get_result(conn)?;
    if journal == "wal" && synchronous == SYNCHRONOUS_FULL {
        return Ok(());
    }
    Err(StoreError::Settings(format!(
        "SQLite would not keep acknowledged writes there: journal_mode is {journal}, synchronous is {synchronous}; use a \
         local disk"
    )))
}

fn unavailable(error: impl Into<super::error::Cause>) -> StoreError {
    StoreError::Unavailable(error.into())
}

/// Under the write lock, so that two processes that start together do not both do it.
fn migrate(conn: &mut Conn) -> Result<(), StoreError> {
    conn.immediate_transaction(|conn| super::migrate(conn, MIGRATIONS, ops::rules_recalled::recall_renames))
}

/// Reads see one snapshot each.
fn read_lane(conn: &mut Conn, queue: &Queue<Job>) {
    while let Some(Job { mut work, kind }) = queue.take() {
        let fate = persist(kind, |manner| {
            // One statement is its own snapshot.
            if kind == JobKind::Glance {
                return work.attempt(&mut Tx::sqlite(conn, manner));
            }
            conn.batch_execute("BEGIN")?;
            let outcome = work.attempt(&mut Tx::sqlite(conn, manner));
            conn.batch_execute("ROLLBACK")?;
            outcome
        });
        work.settle(fate);
    }
}

fn write_lane(conn: &mut Conn, queue: &Queue<Job>) {
    while let Some(first) = queue.take() {
        match first.kind {
            JobKind::Alone => alone(conn, first, queue),
            JobKind::Glance | JobKind::Read | JobKind::Write => commit_group(conn, first, queue),
        }
    }
    // The last one out folds the log into the file, so that it can be copied as one.
    if let Err(error) = conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)") {
        tracing::warn!(%error, "the write-ahead log was not folded into the file");
    }
}

/// One commit for everything that waits, at most `GROUP` jobs.
fn commit_group(conn: &mut Conn, first: Job, queue: &Queue<Job>) {
    if let Err(error) = conn.batch_execute("BEGIN IMMEDIATE") {
        return first.work.settle(Err(error.into()));
    }
    let mut group = Vec::new();
    let mut next = Some(first);
    while let Some(Job { mut work, kind }) = next {
        if kind == JobKind::Alone {
            queue.put_back(Job { work, kind });
            break;
        }
        // Refusals wait for the commit too: what they rest on is what the group wrote before them. Told earlier that the
        // rules changed, a caller would look for them where they are not yet, and find the old ones.
        let fate = persist(kind, |manner| in_savepoint(conn, manner, |tx| work.attempt(tx)));
        group.push((work, fate));
        next = if group.len() < GROUP { queue.try_take() } else { None };
    }
    let fate = conn.batch_execute("COMMIT");
    if fate.is_err() {
        // Fails when SQLite rolled back by itself (disk full): then there is nothing to roll back.
        let _ = conn.batch_execute("ROLLBACK");
    }
    for (work, own) in group {
        work.settle(match &fate {
            Ok(()) => own,
            Err(error) => Err(StoreError::Unavailable(error.to_string().into())),
        });
    }
}

/// In a transaction of its own, and without a savepoint: to take one back, SQLite would keep a copy of every page that is
/// written, which is most of the file where a change of rules maps a whole company.
fn alone(conn: &mut Conn, Job { mut work, kind }: Job, queue: &Queue<Job>) {
    let _long = queue.long_job();
    let fate = persist(kind, |manner| {
        conn.batch_execute("BEGIN IMMEDIATE")?;
        let outcome = work.attempt(&mut Tx::sqlite(conn, manner));
        let outcome = outcome.and_then(|()| conn.batch_execute("COMMIT").map_err(unavailable));
        if outcome.is_err() {
            // Fails when SQLite rolled back by itself (disk full): then there is nothing to roll back.
            let _ = conn.batch_execute("ROLLBACK");
        }
        outcome
    });
    work.settle(fate);
}

fn in_savepoint(
    conn: &mut Conn,
    manner: Manner,
    run: impl FnOnce(&mut Tx<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    conn.batch_execute("SAVEPOINT job")?;
    let outcome = run(&mut Tx::sqlite(conn, manner));
    let end = if outcome.is_ok() { "RELEASE job" } else { "ROLLBACK TO job; RELEASE job" };
    conn.batch_execute(end)?;
    outcome
}
