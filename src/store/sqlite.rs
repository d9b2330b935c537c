//! SQLite: one lane that writes, grouping what waits into one commit, and one lane a core that reads.
//!
//! Write-ahead log and `synchronous = FULL`: an acknowledged commit survives the loss of power. One fsync serves all
//! that waited meanwhile, each in its own savepoint, so one that fails is rolled back alone.

use super::StoreSettings;
use super::error::StoreError;
use super::lane::{Job, persist};
use super::queue::Queue;
use super::tx::Tx;
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
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
    /// Every choice in the field document of a table: `f.key` is the field, `c.value` the choice.
    pub const CHOICES: &str = ", json_each(fields) AS f, json_each( \
        CASE f.value->>0 WHEN 'choice' THEN json_array(f.value->>1) WHEN 'choices' THEN f.value->1 \
        ELSE '[]' END) AS c";
    /// Said before statements that read and write a whole company: nothing cuts them off here.
    pub const PATIENTLY: &str = "";
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
    let writer = Arc::new(Queue::new(settings.queue));
    let readers = Arc::new(Queue::new(settings.queue));
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
    // 4000 pages: fewer checkpoints, which are what slow commits wait for. 64 MiB of page cache.
    conn.batch_execute(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
         PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; \
         PRAGMA trusted_schema = OFF",
    )
    .map_err(unavailable)?;
    Ok(conn)
}

fn unavailable(error: impl Into<super::error::Cause>) -> StoreError {
    StoreError::Unavailable(error.into())
}

/// Under the write lock, so that two processes that start together do not both do it.
fn migrate(conn: &mut Conn) -> Result<(), StoreError> {
    conn.immediate_transaction(|conn| super::migrate(conn, MIGRATIONS))
}

/// Reads see one snapshot each.
fn read_lane(conn: &mut Conn, queue: &Queue<Job>) {
    while let Some(Job { mut work, .. }) = queue.take() {
        let fate = persist(|| {
            conn.batch_execute("BEGIN")?;
            let outcome = work.attempt(&mut Tx::Sqlite(conn));
            conn.batch_execute("ROLLBACK")?;
            outcome
        });
        work.settle(fate);
    }
}

fn write_lane(conn: &mut Conn, queue: &Queue<Job>) {
    while let Some(first) = queue.take() {
        commit_group(conn, first, queue);
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
    while let Some(Job { mut work, .. }) = next {
        // Refusals wait for the commit too: what they rest on is what the group wrote before them. Told earlier that the
        // rules changed, a caller would look for them where they are not yet, and find the old ones.
        let fate = persist(|| in_savepoint(conn, |tx| work.attempt(tx)));
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

fn in_savepoint(conn: &mut Conn, run: impl FnOnce(&mut Tx<'_>) -> Result<(), StoreError>) -> Result<(), StoreError> {
    conn.batch_execute("SAVEPOINT job")?;
    let outcome = run(&mut Tx::Sqlite(conn));
    let end = if outcome.is_ok() { "RELEASE job" } else { "ROLLBACK TO job; RELEASE job" };
    conn.batch_execute(end)?;
    outcome
}
