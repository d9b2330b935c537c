//! A bounded queue between callers and lanes: in turn, until more wait than can be served soon. Then the newest go first,
//! since served in turn all would wait as long as the queue is, which serves nobody; and when it is full, who has waited
//! longest is told to come back later.
//!
//! That is for a moment, and for a lane that stands still (a change of rules, a slow disk): all that wait are served soon
//! after. Where lanes work and yet a crowd waits for long, more is asked than can be done: then only a few are let in,
//! until lanes have found no crowd for as long.
//!
//! While the rules change for everybody (`hold`), the jobs that have to wait for it stay in the queue instead of keeping
//! lanes from the others.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Jobs that wait for a lane.
pub(super) struct Queue<J> {
    waiting: Mutex<Waiting<J>>,
    arrived: Condvar,
    capacity: usize,
    /// Whether a job stays while the queue is held.
    stays: fn(&J) -> bool,
}

/// Part of the capacity that is served in turn.
const IN_TURN: usize = 4;
/// Part of the capacity that is no crowd yet.
const CROWD: usize = 8;
/// Part of a crowd that is let in while more is asked than can be done: keeps the lanes busy, and is served soon.
const LET_IN: usize = 2;
/// A crowd that lanes find for so long is no passing one; nor is it over before they have found none for so long.
const LONG: Duration = Duration::from_secs(1);

struct Waiting<J> {
    jobs: VecDeque<J>,
    closed: bool,
    /// Whether lanes have found a crowd for long.
    is_overloaded: bool,
    /// Since when they have found the contrary.
    otherwise_since: Option<Instant>,
    /// Whether some jobs have to stay.
    is_held: bool,
    /// How many jobs are done of those that others wait for.
    long_jobs: usize,
    /// When one of both was last over.
    over: Option<Instant>,
}

/// Until it is dropped, some jobs stay in the queue.
pub(super) struct Hold<'a, J>(&'a Queue<J>);

impl<J> Drop for Hold<'_, J> {
    fn drop(&mut self) {
        let mut waiting = self.0.lock();
        waiting.is_held = false;
        waiting.over = Some(Instant::now());
        drop(waiting);
        self.0.arrived.notify_all();
    }
}

/// Until it is dropped, a job is done that others wait for.
pub(super) struct LongJob<'a, J>(&'a Queue<J>);

impl<J> Drop for LongJob<'_, J> {
    fn drop(&mut self) {
        let mut waiting = self.0.lock();
        waiting.long_jobs -= 1;
        waiting.over = Some(Instant::now());
    }
}

impl<J> Waiting<J> {
    /// Looks at the crowd as a lane comes for more; who is not let in any more, since it lasts.
    fn look(&mut self, crowd: usize, now: Instant) -> Vec<J> {
        if self.is_held {
            // They wait for something else than for a lane.
            self.otherwise_since = None;
            return Vec::new();
        }
        let (waiting, let_in) = (self.jobs.len(), crowd / LET_IN);
        let (holds_still, is_otherwise) = if self.is_overloaded {
            (waiting > let_in / 2, waiting <= let_in / 2)
        } else {
            (waiting <= crowd / 2, waiting > crowd)
        };
        if holds_still {
            self.otherwise_since = None;
        } else if is_otherwise {
            let since = *self.otherwise_since.get_or_insert(now);
            if now.saturating_duration_since(since) >= LONG {
                self.is_overloaded = !self.is_overloaded;
                self.otherwise_since = None;
            }
        }
        let too_many = if self.is_overloaded { waiting.saturating_sub(let_in) } else { 0 };
        self.jobs.drain(..too_many).collect()
    }
}

impl<J> Queue<J> {
    /// With room for so many jobs, of which these stay while it is held.
    pub fn new(capacity: usize, stays: fn(&J) -> bool) -> Self {
        let waiting = Waiting {
            jobs: VecDeque::new(),
            closed: false,
            is_overloaded: false,
            otherwise_since: None,
            is_held: false,
            long_jobs: 0,
            over: None,
        };
        Self { waiting: Mutex::new(waiting), arrived: Condvar::new(), capacity, stays }
    }

    /// Lets the jobs that stay wait, as long as what comes back lives. Nothing if they do already.
    pub fn hold(&self) -> Option<Hold<'_, J>> {
        let mut waiting = self.lock();
        if waiting.is_held {
            return None;
        }
        waiting.is_held = true;
        Some(Hold(self))
    }

    /// Notes that a job is done that others wait for.
    pub fn long_job(&self) -> LongJob<'_, J> {
        self.lock().long_jobs += 1;
        LongJob(self)
    }

    /// Whether jobs have to stay or wait for a long one, or had to not longer ago than this.
    pub fn waited_within(&self, time: Duration) -> bool {
        let waiting = self.lock();
        waiting.is_held || waiting.long_jobs > 0 || waiting.over.is_some_and(|over| over.elapsed() < time)
    }

    /// A job that was taken and could not be done yet waits again, as the one that has waited longest.
    pub fn put_back(&self, job: J) {
        self.lock().jobs.push_front(job);
        self.arrived.notify_one();
    }

    /// Whether a job that comes now would be let in.
    pub fn has_room(&self) -> bool {
        let waiting = self.lock();
        !waiting.is_overloaded || waiting.jobs.len() < self.crowd() / LET_IN
    }

    fn crowd(&self) -> usize {
        (self.capacity / CROWD).max(1)
    }

    /// Hands the job in; back comes the one for which there is no room: the oldest, or this one after the closing and
    /// while more is asked than can be done.
    pub fn push(&self, job: J) -> Option<J> {
        let mut waiting = self.lock();
        if waiting.closed || (waiting.is_overloaded && waiting.jobs.len() >= self.crowd() / LET_IN) {
            return Some(job);
        }
        waiting.jobs.push_back(job);
        let no_room = if waiting.jobs.len() > self.capacity { waiting.jobs.pop_front() } else { None };
        drop(waiting);
        self.arrived.notify_one();
        no_room
    }

    /// The next job; waits for one. Nothing once the queue is closed and empty. Jobs that are not let in any more are
    /// dropped, which tells their callers.
    pub fn take(&self) -> Option<J> {
        let mut waiting = self.lock();
        loop {
            let was_overloaded = waiting.is_overloaded;
            let late = waiting.look(self.crowd(), Instant::now());
            let is_overloaded = waiting.is_overloaded;
            if let Some(job) = self.next(&mut waiting) {
                drop(waiting);
                drop(late);
                match (was_overloaded, is_overloaded) {
                    (false, true) => tracing::warn!("more is asked than can be done: most are told to come back later"),
                    (true, false) => tracing::warn!("no more is asked than can be done"),
                    (true, true) | (false, false) => {}
                }
                return Some(job);
            }
            if waiting.closed && waiting.jobs.is_empty() {
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
        let newest_first = waiting.jobs.len() > self.capacity / IN_TURN;
        if !waiting.is_held {
            return if newest_first { waiting.jobs.pop_back() } else { waiting.jobs.pop_front() };
        }
        let goes = |job: &J| !(self.stays)(job);
        let place = if newest_first { waiting.jobs.iter().rposition(goes) } else { waiting.jobs.iter().position(goes) };
        waiting.jobs.remove(place?)
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

    fn nothing(_: &u32) -> bool {
        false
    }

    #[test]
    fn what_stays_is_passed_by_until_it_may_go_on() {
        let queue = Queue::new(64, |job: &u32| job.is_multiple_of(2));
        assert!(!queue.waited_within(LONG));
        let long_job = queue.long_job();
        assert!(queue.waited_within(Duration::ZERO));
        drop(long_job);
        assert!(queue.waited_within(LONG * 60) && !queue.waited_within(Duration::ZERO));
        let hold = queue.hold();
        assert!(hold.is_some() && queue.hold().is_none() && queue.waited_within(Duration::ZERO));
        (0..40).for_each(|number| assert!(queue.push(number).is_none()));
        let begun = Instant::now();
        // The newest first, since there are so many; and as long as it lasts, it is no crowd.
        let look = |after: Duration| queue.lock().look(queue.crowd(), begun + after);
        assert_eq!((look(Duration::ZERO), look(LONG * 2)), (vec![], vec![]));
        assert_eq!([queue.take(), queue.try_take()], [Some(39), Some(37)]);
        while queue.try_take().is_some_and(|job| job != 1) {}
        assert_eq!(queue.try_take(), None);
        queue.close();
        // Closed, but not empty: whoever waits there is still served.
        std::thread::scope(|scope| {
            let taking = scope.spawn(|| queue.take());
            drop(hold);
            assert!(taking.join().unwrap().is_some());
        });
        assert!(queue.waited_within(LONG * 60) && !queue.waited_within(Duration::ZERO));
        while queue.lock().jobs.len() > 2 {
            queue.try_take();
        }
        queue.put_back(100);
        assert_eq!([queue.take(), queue.take(), queue.take()], [Some(100), Some(28), Some(30)]);
        assert_eq!(queue.take(), None);
    }

    #[test]
    fn in_turn_until_more_wait_than_can_be_served_soon() {
        let queue = Queue::new(8, nothing);
        assert!((0..8).all(|number| queue.push(number).is_none()));
        // Eight wait, of which two are in turn: the newest first, then in turn.
        let served: Vec<u32> = std::iter::from_fn(|| queue.try_take()).collect();
        assert_eq!(served, [7, 6, 5, 4, 3, 2, 0, 1]);
    }

    #[test]
    fn a_crowd_that_lasts_lets_only_a_few_in() {
        let queue = Queue::new(64, nothing);
        let crowd = queue.crowd();
        assert_eq!(crowd, 8);
        let begun = Instant::now();
        let look = |after: Duration| queue.lock().look(crowd, begun + after);
        (0..30).for_each(|number| assert!(queue.push(number).is_none()));
        // A crowd, but not for long: a lane may have stood still.
        assert_eq!((look(Duration::ZERO), look(LONG / 2)), (vec![], vec![]));
        assert!(queue.has_room());
        // For long: the newest few stay, and who comes then is told at once.
        assert_eq!(look(LONG), (0..26).collect::<Vec<_>>());
        assert!(!queue.has_room());
        assert_eq!(queue.push(30), Some(30));
        assert_eq!(queue.try_take(), Some(26));
        assert_eq!(queue.push(31), None);
        // Few, but not for long: it lasts. Few for long: it is over, and begins anew with the next crowd.
        assert_eq!([queue.try_take(), queue.try_take()], [Some(27), Some(28)]);
        let is_overloaded = || queue.lock().is_overloaded;
        assert_eq!((look(LONG * 2), look(LONG * 5 / 2), is_overloaded()), (vec![], vec![], true));
        // Once more than a few: the calm begins anew.
        assert_eq!(queue.push(32), None);
        assert_eq!((look(LONG * 11 / 4), look(LONG * 3), is_overloaded()), (vec![], vec![], true));
        assert_eq!(queue.try_take(), Some(29));
        assert_eq!(
            (look(LONG * 4), look(LONG * 5 - Duration::from_millis(1)), is_overloaded()),
            (vec![], vec![], true)
        );
        assert_eq!((look(LONG * 5), is_overloaded()), (vec![], false));
        (0..30).for_each(|number| assert!(queue.push(number).is_none()));
        assert_eq!((look(LONG * 6), look(LONG * 7 - Duration::from_millis(1))), (vec![], vec![]));
        assert!(queue.has_room());
    }

    #[test]
    fn for_the_oldest_there_is_no_room() {
        let queue = Queue::new(2, nothing);
        assert_eq!([1, 2, 3, 4].map(|number| queue.push(number)), [None, None, Some(1), Some(2)]);
        queue.close();
        assert_eq!(queue.push(5), Some(5));
        assert_eq!([queue.take(), queue.take(), queue.take()], [Some(4), Some(3), None]);
    }
}
