//! The API as its clients meet it: a server of the real composition on a port of its own, spoken to over HTTP. All tests
//! go through `client`, which holds every response against the OpenAPI document.

#[path = "../support/postgres.rs"]
mod postgres;

mod client;
mod company;
mod cors;
mod docs;
mod door;
mod process;
mod walk;
