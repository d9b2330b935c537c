//! The store on both databases. Every test here runs on SQLite, and on PostgreSQL where there is one.

#[path = "../../../tests/support/postgres.rs"]
mod postgres;
pub(crate) mod world;

pub(crate) mod counter;

mod deals;
mod funnel;
mod lists;
mod people;
mod plans;
mod races;
mod reports;
mod rules;
mod rules_recalled;
mod sessions;
mod transactions;
