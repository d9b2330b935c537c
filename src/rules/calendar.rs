//! The calendar in which dwell is counted: time zone, workdays, hours, holidays, extra workdays.

/// A company's working time.
#[derive(Debug)]
pub struct Calendar {}
