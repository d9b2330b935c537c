//! `Tx`: what a use case gets into its hand. Its methods hand on to the queries compiled for the database (`face!`).
//!
//! On PostgreSQL each round trip counts, so nothing is begun before it must be. What a use case reads first is compared
//! by the versions that its write rests on (`unbegun` in `face!`), and the write, if it is one statement, waits for the
//! end of the use case and is its commit. Whatever else is asked begins a transaction, into which the waiting write
//! goes first.
//!
//! INVARIANT: all that a use case writes is committed together, or nothing of it.

use super::directory::Epochs;
use super::entry::{Effect, Entry, Remembered};
use super::error::StoreError;
use super::lists::{DealItem, DealQuery, Listed};
use super::{postgres, sqlite};
use crate::engine::actor::Who;
use crate::engine::facts::{DealFacts, Extent};
use crate::values::DealId;
use diesel::connection::SimpleConnection;

/// One transaction, on whichever database.
pub struct Tx<'a> {
    pub(super) link: Link<'a>,
    manner: Manner,
    /// Whether a transaction was begun: on SQLite always, by the lane.
    begun: bool,
    /// A whole write that waits to be the commit.
    waiting: Option<postgres::Once>,
    /// What the use case decides by, until it was compared.
    expected: Option<Epochs>,
    /// Whether something was sent that may be committed although its answer is lost.
    committing: bool,
    /// Whether the caller's key was read in one moment with the facts.
    key_read: bool,
}

/// The connection.
pub(super) enum Link<'a> {
    Sqlite(&'a mut sqlite::Conn),
    Postgres(&'a mut postgres::Conn),
}

/// How a use case is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// Reads by one statement.
    Glance,
    /// Reads from one snapshot.
    Snapshot,
    /// Reads, and writes what is guarded by the versions it read.
    Write,
    /// The same, with the rows locked before they are read: they do not change under it.
    PatientWrite,
}

/// What a decision about a deal rests on, read in one moment.
#[derive(Debug)]
pub struct DealRead {
    /// Nothing if there is no such deal.
    pub facts: Option<DealFacts>,
    /// What the caller's key stands for.
    pub remembered: Option<Remembered>,
}

impl std::fmt::Debug for Tx<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.link {
            Link::Sqlite(_) => "Tx::Sqlite",
            Link::Postgres(_) => "Tx::Postgres",
        })
    }
}

/// Calls the function of that name in a file of `ops`, as it is compiled for the connection.
macro_rules! on_link {
    ($tx:ident, $area:ident::$name:ident($($arg:expr),*)) => {
        match &mut $tx.link {
            $crate::store::tx::Link::Sqlite(conn) => $crate::store::sqlite::ops::$area::$name(conn, $($arg),*),
            $crate::store::tx::Link::Postgres(conn) => $crate::store::postgres::ops::$area::$name(conn, $($arg),*),
        }
    };
}
pub(super) use on_link;

/// Methods of `Tx` that are functions of the same name in a file of `ops`. `unbegun`: reads that need no transaction
/// before a write, because what they read is compared when it is written. `locking`: what a patient write locks first.
macro_rules! face {
    (unbegun $area:ident: $($rest:tt)*) => {
        $crate::store::tx::face! { @ $area go_on $($rest)* }
    };
    ($area:ident: $($rest:tt)*) => {
        $crate::store::tx::face! { @ $area begin $($rest)* }
    };
    (@ $area:ident $before:ident $(
        $(#[$doc:meta])*
        fn $name:ident($($arg:ident: $type:ty),* $(,)?) -> $answer:ty $(, locking $lock:ident($locked:expr))?;
    )*) => {
        impl $crate::store::tx::Tx<'_> {
            $(
                $(#[$doc])*
                pub fn $name(&mut self, $($arg: $type),*) -> Result<$answer, $crate::store::StoreError> {
                    self.$before()?;
                    $(
                        if self.is_patient() {
                            $crate::store::tx::on_link!(self, locks::$lock($locked))?;
                        }
                    )?
                    $crate::store::tx::on_link!(self, $area::$name($($arg),*))
                }
            )*
        }
    };
}
pub(super) use face;

impl<'a> Tx<'a> {
    /// Inside the transaction or savepoint that the lane has begun.
    pub(super) fn sqlite(conn: &'a mut sqlite::Conn, manner: Manner) -> Self {
        Self::new(Link::Sqlite(conn), manner, true)
    }

    /// Nothing is begun yet.
    pub(super) fn postgres(conn: &'a mut postgres::Conn, manner: Manner) -> Self {
        Self::new(Link::Postgres(conn), manner, false)
    }

    fn new(link: Link<'a>, manner: Manner, begun: bool) -> Self {
        Self { link, manner, begun, waiting: None, expected: None, committing: false, key_read: false }
    }

    /// Says by which rules and directory the use case decides. They are compared with the database's own before it
    /// ends: with the first facts, by the write's own guard, or at last (both only grow, so what is found equal then
    /// was so before).
    pub fn expect(&mut self, epochs: Epochs) -> Result<(), StoreError> {
        if self.is_patient() {
            let present = on_link!(self, locks::epochs())?;
            return same(epochs, present);
        }
        self.expected = Some(epochs);
        Ok(())
    }

    /// All that a decision about the deal rests on.
    pub fn deal_facts(&mut self, id: DealId) -> Result<Option<DealFacts>, StoreError> {
        Ok(self.read(id, None, Extent::Decision)?.facts)
    }

    /// A deal with its customer and its owner alone: the rest is left empty.
    pub fn deal_alone(&mut self, id: DealId) -> Result<Option<DealFacts>, StoreError> {
        Ok(self.read(id, None, Extent::Deal)?.facts)
    }

    /// The same as for a decision, with what the actor's key stands for at that moment.
    pub fn read_deal(&mut self, id: DealId, key: Option<(Who, &str)>) -> Result<DealRead, StoreError> {
        self.read(id, key, Extent::Decision)
    }

    fn read(&mut self, id: DealId, key: Option<(Who, &str)>, extent: Extent) -> Result<DealRead, StoreError> {
        self.go_on()?;
        if self.is_patient() {
            on_link!(self, locks::deal(id))?;
        }
        let read = on_link!(self, facts::read(id, key, extent))?;
        self.key_read |= key.is_some();
        if let Some(expected) = self.expected.take() {
            same(expected, read.epochs)?;
        }
        let remembered = match read.key {
            Some((fingerprint, decision)) => {
                let entry = on_link!(self, log::entry_of(decision))?;
                entry.map(|entry| Remembered { fingerprint, entry })
            }
            None => None,
        };
        Ok(DealRead { facts: read.facts, remembered })
    }

    /// A page of the deals that the filter lets through.
    pub fn list_deals(&mut self, query: &DealQuery) -> Result<Vec<Listed<DealItem>>, StoreError> {
        self.go_on()?;
        let page = on_link!(self, lists::list_deals(query))?;
        if let Some(expected) = self.expected.take() {
            same(expected, page.epochs)?;
        }
        Ok(page.rows)
    }

    /// Whether what the caller's key stands for was read in one moment with the facts.
    #[must_use]
    pub fn has_read_the_key(&self) -> bool {
        self.key_read
    }

    /// Writes effects, holdings, history and the entry itself in one go, guarded by the versions it rests on. The guard
    /// of each deal and customer that the effects touch must be given, except of those they make. On PostgreSQL what
    /// stands against it may come out only when the use case ends.
    pub fn record(&mut self, entry: &Entry, effects: &[Effect<'_>]) -> Result<(), StoreError> {
        if self.manner == Manner::Glance {
            return Err(StoreError::failed("a glance", "it writes"));
        }
        self.go_on()?;
        if entry.guards.epochs.is_some() {
            self.expected = None;
        }
        if matches!(self.link, Link::Postgres(_))
            && let Some(once) = postgres::Once::of(entry, effects)?
        {
            if self.begun { self.write(once) } else { self.wait(once) }
        } else {
            self.begin()?;
            on_link!(self, record::record(entry, effects))
        }
    }

    fn wait(&mut self, once: postgres::Once) -> Result<(), StoreError> {
        self.waiting = Some(once);
        Ok(())
    }

    fn write(&mut self, once: postgres::Once) -> Result<(), StoreError> {
        match &mut self.link {
            Link::Postgres(conn) => once.write(conn),
            Link::Sqlite(_) => Err(StoreError::failed("writing", "it is for another database")),
        }
    }

    /// Whether rows are locked before they are read.
    pub(super) fn is_patient(&self) -> bool {
        self.manner == Manner::PatientWrite
    }

    /// Before a read that needs no transaction: only a write that waits must be visible to it.
    pub(super) fn go_on(&mut self) -> Result<(), StoreError> {
        if self.waiting.is_some() { self.begin() } else { Ok(()) }
    }

    /// Begins a transaction, unless one is; what waits goes into it.
    pub(super) fn begin(&mut self) -> Result<(), StoreError> {
        if !self.begun {
            let statement = match self.manner {
                Manner::Glance => return Err(StoreError::failed("a glance", "it reads by more than one statement")),
                Manner::Snapshot => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                Manner::Write | Manner::PatientWrite => "BEGIN ISOLATION LEVEL READ COMMITTED",
            };
            self.execute(statement)?;
            self.begun = true;
        }
        match self.waiting.take() {
            Some(once) => self.write(once),
            None => Ok(()),
        }
    }

    /// What has to be there before the use case is run.
    pub(super) fn start(&mut self) -> Result<(), StoreError> {
        match self.manner {
            Manner::Glance | Manner::Write => Ok(()),
            Manner::Snapshot | Manner::PatientWrite => self.begin(),
        }
    }

    /// Ends a use case that came to an answer: compares what was not compared yet, and writes what waits.
    pub(super) fn finish(&mut self) -> Result<(), StoreError> {
        if let Some(expected) = self.expected.take() {
            let present = on_link!(self, directory::epochs())?;
            same(expected, present)?;
        }
        match self.waiting.take() {
            Some(once) => {
                self.committing = true;
                self.write(once)
            }
            None => Ok(()),
        }
    }

    /// Whether the transaction that was begun, if one was, is there to be committed.
    pub(super) fn is_still_there(&mut self) -> Result<(), StoreError> {
        if self.begun { self.execute("SELECT") } else { Ok(()) }
    }

    /// Commits the transaction that was begun, if one was.
    pub(super) fn commit(&mut self) -> Result<(), StoreError> {
        if !self.begun {
            return Ok(());
        }
        self.committing = true;
        self.execute("COMMIT")
    }

    /// Takes everything back. Where nothing was begun there is nothing to take back; but a failure may be the
    /// connection's, which is then found out.
    pub(super) fn take_back(&mut self, why: &StoreError) -> Result<(), StoreError> {
        match why {
            StoreError::Failed { .. } if !self.begun => self.execute("SELECT"),
            // It is gone, and with it what was begun.
            StoreError::Unavailable(_) => Ok(()),
            _ if self.begun => self.execute("ROLLBACK"),
            _ => Ok(()),
        }
    }

    /// Whether nothing was sent that could be committed.
    pub(super) fn left_nothing(&self) -> bool {
        !self.committing
    }

    fn execute(&mut self, statement: &str) -> Result<(), StoreError> {
        match &mut self.link {
            Link::Sqlite(conn) => Ok(conn.batch_execute(statement)?),
            Link::Postgres(conn) => Ok(conn.batch_execute(statement)?),
        }
    }
}

fn same(expected: Epochs, present: Epochs) -> Result<(), StoreError> {
    if expected == present { Ok(()) } else { Err(StoreError::RulesChanged) }
}
