//! The rules that are shipped.

use super::*;

pub(super) const SHIPPED: &str = include_str!("../../../config/rules.yaml");

#[test]
fn the_shipped_rules_have_no_problem_and_no_warning() {
    assert_eq!(report(SHIPPED), "");
    assert!(check(SHIPPED, monday()).rules.is_some());
}
