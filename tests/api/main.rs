//! The API as its clients meet it: a server of the real composition on a port of its own, spoken to over HTTP. Every
//! response is held against the OpenAPI document: by `client`, and by `instance` where the program itself is started.
//! What is sent byte by byte over a connection (`door`, `slow`, `order`), from a browser or a shell, is held by who sends it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    missing_debug_implementations,
    reason = "a test that meets what it does not expect ends there"
)]

#[path = "../support/books.rs"]
mod books;
#[path = "../support/instance.rs"]
mod instance;
#[path = "../support/postgres.rs"]
mod postgres;
#[path = "../support/proxy.rs"]
mod proxy;
#[path = "../support/traffic.rs"]
mod traffic;
#[path = "../support/activations.rs"]
mod trial_of_activations;

mod access;
mod activations;
mod bounds;
mod canary;
mod client;
mod closed_rules;
mod commands;
mod company;
mod cookbook;
mod cors;
mod crowd;
mod docs;
mod document;
mod door;
mod drafts;
mod explain;
mod faults;
mod guides;
mod identities;
mod lists;
mod live_document;
mod live_rules;
mod long_changes;
mod markdown;
mod matrix;
mod migrate;
mod order;
mod overload;
mod previews;
mod process;
mod races;
mod readme;
mod recovery;
mod renames;
mod replays;
mod replays_of_names;
mod reports;
mod restarts;
mod retry;
mod rules;
mod rules_file;
mod secrets;
mod shadows;
mod shadows_of_customers;
mod slow;
mod slow_database;
mod start;
mod steps;
mod timeline;
mod walk;
