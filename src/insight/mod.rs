//! What the numbers mean: the arithmetic of reports. Pure: counts in, figures out.
//!
//! Each figure has one definition, stated where it is made, and opens into the deals behind it.

pub mod funnel;
