//! What the business wrote: the YAML text, checked and compiled into `Rules`, or every problem at once.
//!
//! No I/O, no clock. Names `values` and `texts` only.

pub mod calendar;
pub mod expression;
pub mod model;
pub mod scenarios;
pub mod span;
pub mod spelling;
