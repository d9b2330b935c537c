//! How often a decision asks for memory: counted, since a time means nothing from one machine to the next.

use super::*;
use crate::engine::decision::Decision;
use crate::engine::moves::{MoveRequest, decide};
use crate::engine::permission::permit;
use crate::rules::model::{Action, Criterion, CriterionKind, Span};
use crate::values::Value;
use std::sync::Arc;

/// How many allocations Li's move from `resource` takes with these demanded, all of which hold.
fn allocations(criteria: Vec<Criterion>) -> u64 {
    let mut rules = company();
    stage_of(&mut rules, "graded").enter = criteria;
    let permit = permit(&Arc::new(rules), &actor(LI, "seller"), Action::DealsMove).unwrap();
    let request = MoveRequest { from: None, to: key("graded"), reason: None, note: None };
    let facts = deal_in("resource").with("deal.suitable", Value::Bool(true));
    let mut decision = None;
    let counted = allocation_counter::measure(|| decision = Some(decide(&permit, &facts, &request, now())));
    let decision = decision.unwrap();
    assert!(matches!(decision, Decision::Allowed(_)), "{}", outcome(&decision));
    counted.count_total
}

#[test]
fn a_criterion_that_holds_asks_for_no_memory() {
    let many = |made: &dyn Fn(&str) -> Criterion| {
        let of = |count: usize| (0..count).map(|n| made(&format!("c{n}"))).collect();
        // Names that are made once for the process.
        let _ = allocations(Vec::new());
        (allocations(of(2)), allocations(of(8)))
    };
    let at_least = Span::ElapsedMicros(1);
    let kinds: [(&str, &dyn Fn(&str) -> Criterion); 4] = [
        ("two fields compared", &|id| require(id, "customer.size == \"large\" && deal.suitable")),
        ("fields that are there", &|id| has(id, "customer.size deal.grade")),
        ("a count", &|id| require(id, "count(\"call\") == 0")),
        ("a time in a stage", &|id| criterion(id, CriterionKind::Dwelt { stage: key("resource"), at_least })),
    ];
    for (what, made) in kinds {
        let (few, more) = many(made);
        assert_eq!(more, few, "{what}: 8 criteria ask more often than 2");
    }
}

#[test]
fn a_move_asks_for_memory_so_often_and_no_oftener() {
    // Made once for the process.
    let _ = allocations(Vec::new());
    // The lists of what was checked, of what was read and of the holdings that change.
    assert_eq!(allocations(Vec::new()), 3);
}
