//! A lane: one thread that owns one connection and does one job after another. What a job is, and how often it is
//! tried; how a transaction begins and ends is said by `sqlite` and `postgres`.
//!
//! INVARIANT: a caller hears of success only after the commit that holds its work.

use super::error::StoreError;
use super::tx::{Manner, Tx};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio::sync::oneshot;

/// How often a use case is run on facts that others may change under it, before it is run with their rows locked.
const HOPEFUL: u32 = 2;

/// How often it is then run, before its caller is told to come back later. Not even a second time is needed but where
/// something stood in its way that had no row to lock yet, or after a deadlock.
const PATIENT: u32 = 3;

/// Work of one caller. `attempt` may be called again after a rollback, and has written all when it is through; `settle`
/// is called once, after the commit.
pub(super) trait Work: Send {
    fn attempt(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError>;
    fn settle(self: Box<Self>, fate: Result<(), StoreError>);
}

/// Work and whether it may write.
pub(super) struct Job {
    pub work: Box<dyn Work>,
    pub kind: JobKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum JobKind {
    /// Reads by one statement.
    Glance,
    Read,
    Write,
    /// A write that may take long and that all others wait for: in a transaction of its own.
    Alone,
}

impl JobKind {
    pub fn writes(self) -> bool {
        match self {
            Self::Glance | Self::Read => false,
            Self::Write | Self::Alone => true,
        }
    }
}

/// A use case on its way: the closure, its answer, and who waits for it.
struct UseCase<F, T> {
    run: F,
    answer: Option<T>,
    caller: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, T> Work for UseCase<F, T>
where
    F: Fn(&mut Tx<'_>) -> Result<T, StoreError> + Send,
    T: Send,
{
    fn attempt(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        if self.caller.is_closed() {
            // Whoever has gone has been told that it took too long: nothing is begun in their name.
            return Err(StoreError::Busy);
        }
        self.answer = None;
        // A use case that panics must not take the lane with it; its transaction is rolled back like any other failure.
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.run)(tx)));
        self.answer = Some(outcome.unwrap_or_else(|_| Err(StoreError::failed("a use case", "it panicked")))?);
        tx.finish()
    }

    fn settle(self: Box<Self>, fate: Result<(), StoreError>) {
        let Self { answer, caller, .. } = *self;
        // A caller that went away does not want its answer; the work stands all the same.
        let _ = caller.send(fate.and_then(|()| answer.ok_or(StoreError::Busy)));
    }
}

impl Job {
    /// A job for this use case, and where its answer will come.
    pub fn new<F, T>(kind: JobKind, run: F) -> (Self, oneshot::Receiver<Result<T, StoreError>>)
    where
        F: Fn(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        (Self { work: Box::new(UseCase { run, answer: None, caller }), kind }, answer)
    }
}

/// Tries until it comes out otherwise than by facts that changed meanwhile: hopefully first, then patiently.
pub(super) fn persist(
    kind: JobKind,
    mut attempt: impl FnMut(Manner) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    for number in 0..HOPEFUL + PATIENT {
        let manner = match kind {
            JobKind::Glance => Manner::Glance,
            JobKind::Read => Manner::Snapshot,
            JobKind::Write if number < HOPEFUL => Manner::Write,
            JobKind::Write => Manner::PatientWrite,
            // It keeps everybody out before it rests on anything. With the epochs locked as a decision locks them, two of
            // them would wait for each other.
            JobKind::Alone => Manner::Write,
        };
        match attempt(manner) {
            Err(error) if error.is_passing() => tracing::debug!(%error, "facts changed under a use case: again"),
            outcome => return outcome,
        }
    }
    Err(StoreError::Busy)
}
