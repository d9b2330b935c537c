//! `home`: answers of the database come back to the thread of their request all at once.
//!
//! A thread that serves requests looks for what other threads have woken only now and then, one at a time, as long as it
//! has anything else to do (one in 31 steps, tokio's `LocalSet`). In a crowd it always has: answers would wait behind
//! refusals, and those who are served the longest of all. So each of these threads has a mailbox, which is the only thing
//! that other threads wake; all that lies in it is woken at home, where everything comes in turn.

use actix_web::rt;
use futures_util::task::AtomicWaker;
use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, ThreadId};

thread_local! {
    static MAILBOX: RefCell<Option<Arc<Mailbox>>> = const { RefCell::new(None) };
}

/// Work on a thread that serves requests, woken by others through its mailbox.
pub async fn at_home<F: Future>(work: F) -> F::Output {
    let mut work = pin!(work);
    let errand = Arc::new(Errand { home: thread::current().id(), mailbox: mailbox(), waker: Mutex::new(None) });
    let waker = Waker::from(Arc::clone(&errand));
    poll_fn(move |context| {
        errand.wakes(context.waker());
        work.as_mut().poll(&mut Context::from_waker(&waker))
    })
    .await
}

/// What is woken when something that it waits for is there.
struct Errand {
    home: ThreadId,
    mailbox: Arc<Mailbox>,
    waker: Mutex<Option<Waker>>,
}

impl Errand {
    fn wakes(&self, waker: &Waker) {
        let mut known = self.waker.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *known = Some(waker.clone());
        }
    }

    fn go_on(&self) {
        let waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Wake for Errand {
    fn wake(self: Arc<Self>) {
        if thread::current().id() == self.home { self.go_on() } else { Arc::clone(&self.mailbox).put(self) }
    }
}

struct Mailbox {
    letters: Mutex<Vec<Arc<Errand>>>,
    carrier: AtomicWaker,
    /// Whether somebody empties it.
    is_open: AtomicBool,
}

impl Mailbox {
    fn put(&self, errand: Arc<Errand>) {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner).push(errand);
        self.carrier.wake();
    }

    fn empty(&self) {
        let letters = std::mem::take(&mut *self.letters.lock().unwrap_or_else(PoisonError::into_inner));
        letters.iter().for_each(|errand| errand.go_on());
    }
}

/// Closes the mailbox when nobody empties it any more: the thread's runtime has ended, and another may begin.
struct Carrier(Arc<Mailbox>);

impl Drop for Carrier {
    fn drop(&mut self) {
        self.0.is_open.store(false, Ordering::Release);
    }
}

/// This thread's mailbox.
fn mailbox() -> Arc<Mailbox> {
    MAILBOX.with_borrow_mut(|known| {
        if let Some(open) = known.as_ref().filter(|mailbox| mailbox.is_open.load(Ordering::Acquire)) {
            return Arc::clone(open);
        }
        let mailbox = Arc::new(Mailbox {
            letters: Mutex::default(),
            carrier: AtomicWaker::new(),
            is_open: AtomicBool::new(true),
        });
        let carrier = Carrier(Arc::clone(&mailbox));
        rt::spawn(poll_fn::<(), _>(move |context| {
            carrier.0.carrier.register(context.waker());
            carrier.0.empty();
            Poll::Pending
        }));
        *known = Some(Arc::clone(&mailbox));
        mailbox
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::sync::oneshot;

    /// Lets the others of this thread have their turn, and comes again after them.
    async fn step() {
        let mut is_over = false;
        poll_fn(|context| {
            if std::mem::replace(&mut is_over, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    /// Answers from another thread, while this one always has something else to do.
    async fn steps_until_answered(many: usize, home: bool) -> usize {
        let busy = std::rc::Rc::new(std::cell::Cell::new((true, 0)));
        for _ in 0..8 {
            let busy = std::rc::Rc::clone(&busy);
            rt::spawn(async move {
                while busy.get().0 {
                    busy.set((true, busy.get().1 + 1));
                    step().await;
                }
            });
        }
        let (askers, answers): (Vec<_>, Vec<_>) = (0..many).map(|_| oneshot::channel::<()>()).unzip();
        let waiting = answers.into_iter().map(|answer| {
            rt::spawn(async move { if home { at_home(answer).await.unwrap() } else { answer.await.unwrap() } })
        });
        let waiting: Vec<_> = waiting.collect();
        // All of them wait before the first is answered.
        for _ in 0..many {
            step().await;
        }
        thread::spawn(move || askers.into_iter().for_each(|asker| asker.send(()).unwrap())).join().unwrap();
        let before = busy.get().1;
        for one in waiting {
            one.await.unwrap();
        }
        let steps = busy.get().1 - before;
        busy.set((false, 0));
        steps
    }

    #[actix_web::test]
    async fn answers_come_home_together_however_busy_the_thread_is() {
        let (together, one_by_one) = (steps_until_answered(200, true).await, steps_until_answered(200, false).await);
        assert!(together * 4 < one_by_one, "{together} steps at home, {one_by_one} without");
    }

    #[test]
    fn a_thread_whose_runtime_ended_gets_another_mailbox() {
        for _ in 0..2 {
            rt::System::new().block_on(async {
                let (asker, answer) = oneshot::channel();
                let asking = thread::spawn(move || {
                    thread::park_timeout(Duration::from_millis(5));
                    asker.send(7).unwrap();
                });
                assert_eq!(at_home(answer).await, Ok(7));
                asking.join().unwrap();
            });
        }
    }
}
