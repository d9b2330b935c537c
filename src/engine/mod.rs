//! What is allowed: (rules, facts, actor, now) to a decision with its reasons.
//!
//! Pure: no database, network, clock, environment or file is named here, nothing fails and nothing panics. A refusal is
//! an answer. What may be written is an effect (`effects`), and only this module can make one: what was not decided
//! cannot be stored.

pub mod activities;
pub mod actor;
mod case;
pub mod contracts;
pub mod customers;
pub mod decision;
pub mod effects;
pub mod facts;
pub mod fields;
pub mod filter;
pub mod people;
pub mod permission;
pub mod sight;
pub mod validations;

pub use case::{Case, Movement};
pub use filter::{Alternative, OpenWhere, RowFilter, ScopeFilter};
pub use permission::{HeldDeal, Permit, Row, permit, reach};
pub use sight::{FieldSight, Shown, Sight};
