//! What happened: the only place that names diesel. SQLite and PostgreSQL behind one face.
//!
//! `Store` hands use cases to lanes (`lane`, `queue`): threads that own connections. A use case gets a `Tx`, whose
//! methods are the queries in `ops`, written once and compiled for each database (`sqlite::ops`, `postgres::ops`).
//! Row types stay inside; what comes out are the engine's facts and the types of the files named after a table.
//! May name `engine`, `rules`, `values`, `texts`. It calls no decision: what it writes, the engine has made.

// `ops` is compiled twice on purpose: plain functions for each connection, no generic bounds.
#![allow(clippy::duplicate_mod)]

use diesel::Connection;
use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

mod columns;
mod deals;
mod directory;
mod entry;
mod error;
mod identities;
mod lane;
mod lists;
mod postgres;
mod queue;
mod reports;
mod rows;
mod rules_drafts;
mod rules_previews;
mod rules_replays;
mod rules_shadows;
mod rules_versions;
mod schema;
mod sessions;
mod sqlite;
mod stored_fields;
#[cfg(test)]
pub(crate) mod tests;
mod timeline;
mod tx;

pub use deals::{ActivityQuery, HistoryEntry, Then};
pub use directory::{Credentials, Directory, Epochs, PeopleChange, Team, User};
pub use entry::{
    CustomerGuard, DealGuard, Effect, Entry, Guards, IdempotencyKey, LogEntry, LogQuery, Outcome, Remembered, Subject,
};
pub use error::StoreError;
pub use lists::{Cursor, CursorKey, CustomerItem, CustomerQuery, DealItem, DealQuery, Listed, Order, SortBy};
pub use reports::FunnelQuery;
pub use rules_drafts::{DraftChange, DraftState, RulesDraft, Schedule, ScheduleRefusal};
pub use rules_previews::{Preview, PreviewChange, PreviewStep};
pub use rules_replays::{KeptQuery, Lease, Replay, ReplayChange, ReplayState, ReplayStep};
pub use rules_shadows::{Shadow, ShadowChange, ShadowState, ShadowStep};
pub use rules_versions::{ActivatedDraft, Activation, Countable, InUse, Migrated, RulesSource, RulesVersion};
pub use sessions::{NewToken, Rotating, Rotation, TokenHash};
pub use timeline::{Entries, Lines, Slice, Start};
pub use tx::{DealRead, Tx};

use lane::{Job, JobKind};
use queue::Queue;

/// How the database is reached and used.
#[derive(Clone, Debug)]
pub struct StoreSettings {
    /// `sqlite:FILE`, or `postgres://...`.
    pub url: String,
    /// Jobs that may wait; more are refused (`Busy`).
    pub queue: usize,
    /// Lanes over SQLite that read; `None` = one a core.
    pub sqlite_readers: Option<usize>,
    /// Connections to PostgreSQL. 2 to 4 a core of the database server.
    pub postgres_lanes: usize,
    /// A statement that runs longer is cancelled (PostgreSQL).
    pub statement_timeout: Duration,
    /// How long a lock is waited for.
    pub lock_timeout: Duration,
}

impl StoreSettings {
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            queue: 1024,
            sqlite_readers: None,
            postgres_lanes: 8,
            statement_timeout: Duration::from_secs(10),
            lock_timeout: Duration::from_secs(5),
        }
    }

    fn reader_lanes(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.sqlite_readers.unwrap_or_else(cores).max(1)
    }
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    writes: Arc<Queue<Job>>,
    reads: Arc<Queue<Job>>,
    threads: std::sync::Mutex<Vec<JoinHandle<()>>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

impl Store {
    /// Opens the database, brings its schema up to date and starts the lanes. Refuses a schema newer than its own.
    pub async fn open(settings: &StoreSettings) -> Result<Self, StoreError> {
        let settings = settings.clone();
        tokio::task::spawn_blocking(move || Self::start(&settings))
            .await
            .map_err(|error| StoreError::failed("opening the database", error))?
    }

    fn start(settings: &StoreSettings) -> Result<Self, StoreError> {
        let inner = match settings.url.split_once(':') {
            Some(("sqlite", path)) => {
                let sqlite::Lanes { writer, readers, threads } = sqlite::open(path.trim_start_matches("//"), settings)?;
                Inner { writes: writer, reads: readers, threads: threads.into() }
            }
            Some(("postgres" | "postgresql", _)) => {
                let postgres::Lanes { queue, threads } = postgres::open(&settings.url, settings)?;
                Inner { writes: Arc::clone(&queue), reads: queue, threads: threads.into() }
            }
            _ => return Err(StoreError::Settings("the database is `sqlite:FILE` or `postgres://...`".to_owned())),
        };
        Ok(Self(Arc::new(inner)))
    }

    /// Runs a use case that reads by one statement: the cheapest there is.
    pub async fn glance<T: Send + 'static>(
        &self,
        run: impl Fn(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        submit(&self.0.reads, JobKind::Glance, run).await
    }

    /// Runs a use case that only reads, on one snapshot of the database.
    pub async fn read<T: Send + 'static>(
        &self,
        run: impl Fn(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        submit(&self.0.reads, JobKind::Read, run).await
    }

    /// Runs a use case in one transaction and answers after its commit. It is run again, from its beginning, when
    /// facts changed under it: it must do nothing but read and write through `Tx`.
    pub async fn write<T: Send + 'static>(
        &self,
        run: impl Fn(&mut Tx<'_>) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        submit(&self.0.writes, JobKind::Write, run).await
    }

    /// The same for one that may take long and that all other writes wait for: a change of rules.
    pub async fn write_alone<T: Send + 'static>(
        &self,
        run: impl Fn(&mut Tx<'_>) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        submit(&self.0.writes, JobKind::Alone, run).await
    }

    /// Whether writes wait for one that is done alone, or waited for one not longer ago than this; as far as this
    /// process knows.
    #[must_use]
    pub fn waited_within(&self, time: Duration) -> bool {
        self.0.writes.waited_within(time)
    }

    /// Whether work that comes now would be let in, of that which only reads or of that which writes.
    #[must_use]
    pub fn has_room(&self, only_reads: bool) -> bool {
        if only_reads { self.0.reads.has_room() } else { self.0.writes.has_room() }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.glance(|tx| tx.epochs().map(drop)).await
    }

    /// Finishes what waits, takes nothing new, and waits for the lanes to end.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.0.stop();
        let threads = std::mem::take(&mut *self.0.threads.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        tokio::task::spawn_blocking(move || threads.into_iter().for_each(|thread| drop(thread.join())))
            .await
            .map_err(|error| StoreError::failed("closing the database", error))
    }
}

impl Inner {
    fn stop(&self) {
        self.writes.close();
        self.reads.close();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn submit<T: Send + 'static>(
    queue: &Queue<Job>,
    kind: JobKind,
    run: impl Fn(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let (job, answer) = Job::new(kind, run);
    if let Some(no_room) = queue.push(job) {
        no_room.work.settle(Err(StoreError::Busy));
    }
    answer.await.unwrap_or(Err(StoreError::Busy))
}

fn spawn<T: Send + 'static>(
    name: String,
    run: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, StoreError> {
    std::thread::Builder::new().name(name).spawn(run).map_err(|error| StoreError::failed("starting a lane", error))
}

/// The migration after which names are recalled that had others before.
const RENAMES: &str = "20261128000000";

/// Applies what is missing, each migration in a transaction of its own. The caller holds a lock. `recall`: what
/// `RENAMES` does besides its statements.
fn migrate<C, DB>(
    conn: &mut C,
    known: EmbeddedMigrations,
    recall: fn(&mut C) -> Result<(), StoreError>,
) -> Result<(), StoreError>
where
    DB: diesel::backend::Backend,
    C: MigrationHarness<DB> + Connection,
{
    let failed = |source| StoreError::Failed { doing: "migrating the database", source };
    let migrations: Vec<Box<dyn Migration<DB>>> = known.migrations().map_err(failed)?;
    let applied = conn.applied_migrations().map_err(failed)?;
    let newest = migrations.iter().map(|migration| migration.name().version()).max();
    if let (Some(found), Some(newest)) = (applied.iter().max(), newest)
        && *found > newest
    {
        return Err(StoreError::Newer { found: found.to_string(), known: newest.to_string() });
    }
    let is_new = |version: &MigrationVersion<'_>| !applied.iter().any(|done| done == version);
    for migration in migrations.iter().filter(|migration| is_new(&migration.name().version())) {
        if migration.name().version() == MigrationVersion::from(RENAMES) {
            conn.transaction(|conn| {
                conn.run_migration(migration.as_ref()).map_err(failed)?;
                recall(conn)
            })?;
        } else {
            conn.run_migration(migration.as_ref()).map_err(failed)?;
        }
    }
    Ok(())
}
