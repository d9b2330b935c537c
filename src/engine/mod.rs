//! What is allowed: (rules, facts, actor, now) to a decision with its reasons.
//!
//! Pure: no database, network, clock, environment or file is named here, nothing fails and nothing panics. A refusal is
//! an answer. What may be written is an effect (`effects`), and only this module can make one: what was not decided
//! cannot be stored.

pub mod activities;
pub mod actor;
pub mod advice;
pub mod assignment;
mod case;
pub mod contracts;
mod criteria;
pub mod customers;
pub mod deals;
pub mod decision;
pub mod dwell;
pub mod effects;
pub mod explain;
pub mod facts;
pub mod fields;
mod figures;
pub mod filter;
pub mod grade;
mod grounds;
pub mod identity;
pub mod moves;
pub mod outlook;
pub mod people;
pub mod permission;
pub mod preview;
pub mod readings;
pub mod renamed;
pub mod replay;
pub mod scenarios;
pub mod shadow;
pub mod sight;
pub mod tally;
pub mod targets;
#[cfg(test)]
mod tests;
pub mod validations;
mod waiting;
mod wishes;

pub use case::{Case, Movement};
pub use permission::{Permit, Row, permit};
