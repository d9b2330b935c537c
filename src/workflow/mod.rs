//! What a person can do: one use case a file. Every write of the product goes through here.
//!
//! A use case authenticates its caller against the present directory, takes the permit that its action needs, reads the
//! facts, lets the engine decide and records the decision, allowed or refused, in the transaction of its effect. It names
//! neither HTTP nor SQL.

pub mod call;
pub mod directory;
pub mod passwords;
pub mod secrets;
