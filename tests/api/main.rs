//! The API as its clients meet it: a server of the real composition on a port of its own, spoken to over HTTP. All tests
//! go through `client`, which holds every response against the OpenAPI document.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    missing_debug_implementations,
    reason = "a test that meets what it does not expect ends there"
)]

#[path = "../support/postgres.rs"]
mod postgres;

mod access;
mod bounds;
mod client;
mod company;
mod cors;
mod docs;
mod door;
mod drafts;
mod faults;
mod lists;
mod live_rules;
mod matrix;
mod migrate;
mod order;
mod process;
mod races;
mod reports;
mod retry;
mod rules;
mod rules_file;
mod walk;
