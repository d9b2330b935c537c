//! A bounded queue between callers and lanes. Full means no, at once: waiting callers would only hide the overload.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Jobs that wait for a lane.
pub(super) struct Queue<J> {
    waiting: Mutex<Waiting<J>>,
    arrived: Condvar,
    capacity: usize,
}

struct Waiting<J> {
    jobs: VecDeque<J>,
    closed: bool,
}

impl<J> Queue<J> {
    pub fn new(capacity: usize) -> Self {
        let waiting = Mutex::new(Waiting { jobs: VecDeque::new(), closed: false });
        Self { waiting, arrived: Condvar::new(), capacity }
    }

    /// Hands the job in, or back when the queue is full or closed.
    pub fn push(&self, job: J) -> Result<(), J> {
        let mut waiting = self.lock();
        if waiting.closed || waiting.jobs.len() >= self.capacity {
            return Err(job);
        }
        waiting.jobs.push_back(job);
        drop(waiting);
        self.arrived.notify_one();
        Ok(())
    }

    /// The next job; waits for one. Nothing once the queue is closed and empty.
    pub fn take(&self) -> Option<J> {
        let mut waiting = self.lock();
        loop {
            if let Some(job) = waiting.jobs.pop_front() {
                return Some(job);
            }
            if waiting.closed {
                return None;
            }
            waiting = self.arrived.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The next job if one is there.
    pub fn try_take(&self) -> Option<J> {
        self.lock().jobs.pop_front()
    }

    /// What is in it is still done; nothing new comes in.
    pub fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
    }

    /// No code that can panic runs under the lock, so what a poisoned one guards is whole.
    fn lock(&self) -> MutexGuard<'_, Waiting<J>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
