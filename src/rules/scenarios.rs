//! Scenarios: what the company says its rules must do, as data.

/// One scenario of the rules file.
#[derive(Debug)]
pub struct Scenario {}
