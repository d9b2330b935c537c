//! What is allowed: (rules, facts, actor, now) to a decision with its reasons.
//!
//! Pure: no database, network, clock, environment or file is named here, nothing fails and nothing panics. A refusal is
//! an answer. What may be written is an effect (`effects`), and only this module can make one: what was not decided
//! cannot be stored.

pub mod actor;
pub mod decision;
pub mod effects;
pub mod facts;
