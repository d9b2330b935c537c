//! `crowd`: more requests at once than the thread that reads them answers soon.
//!
//! What is too much for the database waits in its queue, and is turned away there (`Store::has_room`). Where the database
//! is quicker than HTTP, it waits unread in the connections instead, where nobody counts it. So each thread that serves
//! requests counts them by laps: all that were ready when the first of a lap came. Laps are long where many wait. Where
//! they stay long, only a few of each are let in, which are served soon, and the others told to come back later, which
//! costs little; until laps have been short for as long.

use actix_web::rt;
use std::cell::RefCell;
use std::time::{Duration, Instant};

/// Requests of a lap that are no crowd yet: as many as may wait for the database.
const CROWD: usize = 128;
/// Requests of a lap that are let in while it is one.
const LET_IN: usize = 32;
/// A crowd of so long is no passing one; nor is it over before there has been none for so long.
const LONG: Duration = Duration::from_secs(1);

thread_local! {
    static LAPS: RefCell<Laps> = const { RefCell::new(Laps::new()) };
}

/// Whether a request that has come to this thread is let in.
pub fn lets_in() -> bool {
    let (is_first, is_let_in) = LAPS.with_borrow_mut(|laps| (laps.count == 0, laps.lets_in()));
    if is_first {
        // Has its turn after all that are ready by now.
        let lap = Lap;
        rt::spawn(async move { drop(lap) });
    }
    is_let_in
}

/// Ends when it is dropped: by its turn, or with the thread's runtime.
struct Lap;

impl Drop for Lap {
    fn drop(&mut self) {
        // The thread itself may be at its end.
        let _ = LAPS.try_with(|laps| laps.borrow_mut().end(Instant::now()));
    }
}

struct Laps {
    /// Requests of this lap so far.
    count: usize,
    /// Whether laps have been long for long.
    is_crowded: bool,
    /// Since when they have been the contrary.
    otherwise_since: Option<Instant>,
}

impl Laps {
    const fn new() -> Self {
        Self { count: 0, is_crowded: false, otherwise_since: None }
    }

    fn lets_in(&mut self) -> bool {
        self.count += 1;
        !self.is_crowded || self.count <= LET_IN
    }

    fn end(&mut self, now: Instant) {
        let many = std::mem::take(&mut self.count);
        let is_otherwise = if self.is_crowded { many <= LET_IN } else { many > CROWD };
        if !is_otherwise {
            self.otherwise_since = None;
            return;
        }
        let since = *self.otherwise_since.get_or_insert(now);
        if now.saturating_duration_since(since) >= LONG {
            self.is_crowded = !self.is_crowded;
            self.otherwise_since = None;
            if self.is_crowded {
                tracing::warn!("more is asked than can be answered: most are told to come back later");
            } else {
                tracing::warn!("no more is asked than can be answered");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

    /// A lap of so many requests; how many of them are let in.
    fn lap(laps: &mut Laps, many: usize, now: Instant) -> usize {
        let let_in = (0..many).filter(|_| laps.lets_in()).count();
        laps.end(now);
        let_in
    }

    #[test]
    fn a_crowd_that_lasts_is_turned_away_but_for_a_few_until_there_has_been_none_for_as_long() {
        let (mut laps, begun) = (Laps::new(), Instant::now());
        let at = |millis: u64| begun + Duration::from_millis(millis);
        // As many as may wait are none, however long.
        assert!((0..30).all(|n| lap(&mut laps, CROWD, at(n * 100)) == CROWD));
        // Nor is one that passes.
        for n in 30..60 {
            let many = if n % 10 == 9 { 1 } else { 1_000 };
            assert_eq!(lap(&mut laps, many, at(n * 100)), many);
        }
        // One that lasts is.
        assert!((60..71).all(|n| lap(&mut laps, CROWD + 1, at(n * 100)) == CROWD + 1));
        assert_eq!(lap(&mut laps, 1_000, at(7_100)), LET_IN);
        assert_eq!(lap(&mut laps, LET_IN + 1, at(7_200)), LET_IN);
        // It is not over for a moment in which there is none.
        assert!((73..80).all(|n| lap(&mut laps, 10, at(n * 100)) == 10));
        assert_eq!(lap(&mut laps, 1_000, at(8_000)), LET_IN);
        assert!((81..92).all(|n| lap(&mut laps, LET_IN, at(n * 100)) == LET_IN));
        assert_eq!(lap(&mut laps, CROWD, at(9_200)), CROWD);
    }

    /// How many requests a lap has, is how many wait.
    #[actix_web::test]
    async fn a_lap_has_all_that_wait() {
        let longest = Rc::new(RefCell::new(0));
        let requests = (0..300).map(|_| {
            let longest = Rc::clone(&longest);
            rt::spawn(async move {
                assert!(lets_in());
                let count = LAPS.with_borrow(|laps| laps.count);
                longest.replace_with(|longest| (*longest).max(count));
            })
        });
        for request in requests.collect::<Vec<_>>() {
            request.await.unwrap();
        }
        assert_eq!(*longest.borrow(), 300);
        // One after the other, each is a lap.
        for _ in 0..3 {
            rt::spawn(async { assert!(lets_in()) }).await.unwrap();
            rt::spawn(async {}).await.unwrap();
            assert_eq!(LAPS.with_borrow(|laps| laps.count), 0);
        }
    }
}
