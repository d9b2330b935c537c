//! The store on both databases. Every test here runs on SQLite, and on PostgreSQL where there is one.

#[path = "../support/postgres.rs"]
mod postgres;
mod world;

mod people;
mod rules;
mod sessions;
mod transactions;
