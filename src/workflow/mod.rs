//! What a person can do: one use case a file. Every write of the product goes through here.
//!
//! A use case finds its caller in the present directory, takes the permit that its action needs, reads the facts, lets
//! the engine decide and records the decision, allowed or refused, in the transaction of its effect (`scene`,
//! `conclude`). It names neither HTTP nor SQL. A closure that is played may be played again: it holds no state.

pub mod activation;
pub mod active;
pub mod activities;
pub mod answer;
pub mod assignment;
pub mod auth;
pub mod call;
pub mod conclude;
pub mod contracts;
pub mod customers;
pub mod deals;
pub mod directory;
pub mod drafts;
pub mod explain;
pub mod failure;
pub mod grading;
pub mod log;
pub mod moves;
pub mod pages;
pub mod passwords;
pub mod people;
pub mod previews;
pub mod recovery;
pub mod replays;
pub mod reports;
pub mod rules;
pub mod rules_diff;
pub mod rules_document;
mod rules_identities;
mod rules_in_use;
mod rules_lacking;
pub mod scene;
pub mod schedule;
pub mod secrets;
pub mod seeing;
pub mod setup;
pub mod shadowing;
pub mod shadows;
pub mod teams;
#[cfg(test)]
mod tests;
pub mod timeline;
pub mod trials;

use active::Active;
use arc_swap::ArcSwapOption;
use passwords::Passwords;
use secrets::Secrets;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::store::Store;

/// Everything that use cases share in one process.
#[derive(Debug)]
pub struct Workflow {
    store: Store,
    active: ArcSwapOption<Active>,
    /// Held while rules and directory are loaded, so that many callers cause one load.
    loading: tokio::sync::Mutex<()>,
    shadowing: shadowing::Shadowing,
    passwords: Passwords,
    secrets: Secrets,
    /// Whether the rules come from the file.
    rules_from_file: AtomicBool,
    /// Whether the file is one that cannot be taken, and older rules stay.
    rules_file_refused: AtomicBool,
    /// Whether a draft was refused when its time came, and nobody has looked after it since.
    rules_drafts_refused: AtomicBool,
}

impl Workflow {
    #[must_use]
    pub fn new(store: Store, secrets: Secrets) -> Arc<Self> {
        Self::hashing(store, secrets, Passwords::new())
    }

    /// With passwords hashed like this.
    #[must_use]
    pub fn hashing(store: Store, secrets: Secrets, passwords: Passwords) -> Arc<Self> {
        Arc::new(Self {
            store,
            active: ArcSwapOption::empty(),
            loading: tokio::sync::Mutex::new(()),
            shadowing: shadowing::Shadowing::new(),
            passwords,
            secrets,
            rules_from_file: AtomicBool::new(false),
            rules_file_refused: AtomicBool::new(false),
            rules_drafts_refused: AtomicBool::new(false),
        })
    }

    /// Whether a call that comes now can be served: one that only reads, or one that writes.
    #[must_use]
    pub fn has_room(&self, only_reads: bool) -> bool {
        self.store.has_room(only_reads)
    }

    /// Whether writes wait for a change of rules, or waited for one not longer ago than this.
    #[must_use]
    pub fn waited_within(&self, time: Duration) -> bool {
        self.store.waited_within(time)
    }

    #[must_use]
    pub fn passwords(&self) -> &Passwords {
        &self.passwords
    }

    #[must_use]
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }
}
