//! A bounded queue between callers and lanes: in turn, until more wait than can be served soon. Then the newest go first,
//! since served in turn all would wait as long as the queue is, which serves nobody; and when it is full, who has waited
//! longest is told to come back later.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Jobs that wait for a lane.
pub(super) struct Queue<J> {
    waiting: Mutex<Waiting<J>>,
    arrived: Condvar,
    capacity: usize,
}

/// Part of the capacity that is served in turn.
const IN_TURN: usize = 4;

struct Waiting<J> {
    jobs: VecDeque<J>,
    closed: bool,
}

impl<J> Queue<J> {
    pub fn new(capacity: usize) -> Self {
        let waiting = Mutex::new(Waiting { jobs: VecDeque::new(), closed: false });
        Self { waiting, arrived: Condvar::new(), capacity }
    }

    /// Hands the job in; back comes the one for which there is no room: the oldest, or after the closing this one.
    pub fn push(&self, job: J) -> Option<J> {
        let mut waiting = self.lock();
        if waiting.closed {
            return Some(job);
        }
        waiting.jobs.push_back(job);
        let no_room = if waiting.jobs.len() > self.capacity { waiting.jobs.pop_front() } else { None };
        drop(waiting);
        self.arrived.notify_one();
        no_room
    }

    /// The next job; waits for one. Nothing once the queue is closed and empty.
    pub fn take(&self) -> Option<J> {
        let mut waiting = self.lock();
        loop {
            if let Some(job) = self.next(&mut waiting) {
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
        self.next(&mut self.lock())
    }

    fn next(&self, waiting: &mut Waiting<J>) -> Option<J> {
        if waiting.jobs.len() > self.capacity / IN_TURN { waiting.jobs.pop_back() } else { waiting.jobs.pop_front() }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_turn_until_more_wait_than_can_be_served_soon() {
        let queue = Queue::new(8);
        assert!((0..8).all(|number| queue.push(number).is_none()));
        // Eight wait, of which two are in turn: the newest first, then in turn.
        let served: Vec<u32> = std::iter::from_fn(|| queue.try_take()).collect();
        assert_eq!(served, [7, 6, 5, 4, 3, 2, 0, 1]);
    }

    #[test]
    fn for_the_oldest_there_is_no_room() {
        let queue = Queue::new(2);
        assert_eq!([1, 2, 3, 4].map(|number| queue.push(number)), [None, None, Some(1), Some(2)]);
        queue.close();
        assert_eq!(queue.push(5), Some(5));
        assert_eq!([queue.take(), queue.take(), queue.take()], [Some(4), Some(3), None]);
    }
}
