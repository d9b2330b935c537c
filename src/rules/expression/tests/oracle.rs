//! Another reader of the same language: the `cel` crate must come to the same answer on the part that both know.
//!
//! Left out, with reasons: numbers with a point (theirs are binary), choices compared by `<`, `orValue` (theirs is
//! about optionals), lists with missing items (theirs make no list at all), contacts with missing members (their
//! list tests differ between versions on errors). Their errors are our unknown.

use super::*;
use cel::objects::{Key as CelKey, Map};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use std::collections::HashMap;
use std::sync::Arc;

/// Expressions tried in one run. Their reader takes about a millisecond each in a debug build.
const EXPRESSIONS: usize = 3000;

fn theirs(value: &Value) -> cel::Value {
    let texts = |list: &[Key]| list.iter().map(|key| cel::Value::from(key.to_string())).collect::<Vec<_>>();
    match value {
        Value::Bool(holds) => cel::Value::Bool(*holds),
        // Never through JSON: that makes positive numbers unsigned, which do not mix with others.
        Value::Int(n) => cel::Value::Int(*n),
        Value::Text(text) => cel::Value::from(text.clone()),
        Value::Choice(key) => cel::Value::from(key.to_string()),
        Value::Choices(list) => cel::Value::List(Arc::new(texts(list))),
        Value::Time(at) => cel::Value::Timestamp(at.utc().fixed_offset()),
        Value::Records(list) => cel::Value::List(Arc::new(
            list.iter().map(|record| map(record.iter().map(|(key, value)| (key.to_string(), theirs(value))))).collect(),
        )),
        // Not in the common part.
        other => cel::Value::from(format!("{other:?}")),
    }
}

fn map(entries: impl Iterator<Item = (String, cel::Value)>) -> cel::Value {
    let map: HashMap<CelKey, cel::Value> = entries.map(|(key, value)| (CelKey::from(key), value)).collect();
    cel::Value::Map(Map { map: Arc::new(map) })
}

fn ask_them(source: &str, facts: &Known) -> Option<bool> {
    let program = cel::Program::compile(source).unwrap_or_else(|error| panic!("{source}: {error:?}"));
    let mut context = cel::Context::default();
    for entity in ["deal", "customer", "user"] {
        let prefix = format!("{entity}.");
        let entries = facts
            .values
            .iter()
            .filter_map(|(name, value)| Some((name.strip_prefix(&prefix)?.to_owned(), theirs(value))));
        context.add_variable_from_value(entity, map(entries));
    }
    context.add_variable_from_value("now", theirs(&Value::Time(facts.now)));
    match program.execute(&context) {
        Ok(cel::Value::Bool(holds)) => Some(holds),
        Ok(other) => panic!("{source}: {other:?}"),
        Err(_) => None,
    }
}

#[test]
fn cel_comes_to_the_same_answer() {
    // Their evaluation recurses deeply in a debug build.
    let run = std::thread::Builder::new().stack_size(64 * 1024 * 1024).spawn(|| {
        let mut runner = TestRunner::deterministic();
        let (words, calendar) = (in_funnel(), calendar());
        let (sources, facts) = (random::common(), random::facts());
        let mut answers = [0; 3];
        let mut different = Vec::new();
        for _ in 0..EXPRESSIONS {
            let source = sources.new_tree(&mut runner).unwrap().current();
            let facts = facts.new_tree(&mut runner).unwrap().current();
            let expression = match compile(&source, &Type::Bool, Place::Decision, &words) {
                Ok(expression) => expression,
                Err(faults) => panic!("{source}: {faults:?}"),
            };
            let (ours, theirs) = (expression.holds(&facts, &calendar), ask_them(&source, &facts));
            answers[ours.map_or(2, usize::from)] += 1;
            if ours != theirs {
                different.push(format!("{source}\n  ours {ours:?} theirs {theirs:?}"));
            }
        }
        assert!(
            different.is_empty(),
            "{} of {EXPRESSIONS}:\n{}",
            different.len(),
            different[..different.len().min(8)].join("\n")
        );
        assert!(answers.iter().all(|n| n * 10 > EXPRESSIONS), "every answer is tried: {answers:?}");
    });
    run.unwrap().join().unwrap();
}
