//! HTTP (being built).
pub mod token;
