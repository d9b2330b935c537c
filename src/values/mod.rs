//! The words everything shares: ids, instants, money, text, the value of a field.
//!
//! Names nothing else of ours. Everything here is a plain value: no clock is read (ids excepted: a UUIDv7 carries
//! the instant of its making), nothing is looked up, nothing fails later that could have been refused when it was made.

pub mod field;
pub mod id;
pub mod key;
pub mod money;
pub mod text;
pub mod time;

pub use field::Value;
pub use id::*;
pub use key::Key;
pub use money::{Currency, Money};
pub use rust_decimal::Decimal;
pub use text::{Language, Localized};
pub use time::{Date, Time};
