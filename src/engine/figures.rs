//! Figures of the rules as they are for one case: dwell, rates, holdings. The first case whose condition holds; what is
//! unknown falls through, and what it lacked stands in the facts read.

use super::case::Case;
use super::criteria::note_facts;
use super::decision::{CheckOutcome, Checked, CheckedKind, FactsRead, Progress, Severity};
use super::facts::Person;
use crate::rules::expression::{Entity, Read};
use crate::rules::model::{Figure, Funnel, Stage};
use crate::texts::Message;
use crate::values::{Decimal, Key, Value};

/// The value of a figure; `None`: none of its cases is known to hold.
pub(super) fn figure<'f, T>(figure: &'f Figure<T>, case: &Case<'_>, facts: &mut FactsRead) -> Option<&'f T> {
    figure.cases.iter().find_map(|one| {
        let holds = one.when.as_ref().is_none_or(|when| {
            note_facts(when, case, facts);
            case.holds(when) == Some(true)
        });
        holds.then_some(&one.is)
    })
}

/// Whether the deal comes to its owner, or its owner moves it: a cap binds only those who receive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Receiving,
    OwnMove,
}

/// How a holding came out: what to tell, and the cap that the store holds the new number against when it is received.
#[derive(Debug, Default)]
pub(super) struct Capacity {
    pub checked: Option<Checked>,
    pub cap: Option<u32>,
}

/// Holds the number of deals that `person` would have in `stage` with one more against ideal, warning and cap.
/// `entity`: how expressions name that person here.
pub(super) fn capacity(
    case: &Case<'_>,
    (funnel, stage): (&Funnel, &Stage),
    (person, entity): (&Person, Entity),
    way: Way,
    facts: &mut FactsRead,
) -> Capacity {
    let holding = &stage.holding;
    let ideal = holding.ideal.as_ref().and_then(|ideal| figure(ideal, case, facts)).copied();
    let warn = holding.warn.as_ref().and_then(|warn| figure(warn, case, facts)).copied();
    let cap = holding.at_most.as_ref().and_then(|cap| figure(cap, case, facts)).copied();
    if ideal.is_none() && warn.is_none() && cap.is_none() {
        return Capacity::default();
    }
    let held = person.holding(&funnel.id, &stage.id);
    let then = held.saturating_add(1);
    let read = Key::from(Read::Holding { entity, funnel: funnel.id.clone(), stage: stage.id.clone() }.to_string());
    facts.note(read.clone(), Some(Value::Int(i64::from(held))), false);

    let over = |limit: Option<u32>| limit.filter(|limit| then > *limit);
    let (code, limit, severity) = match (over(cap), over(warn), way) {
        (Some(cap), _, Way::Receiving) => ("holding_full", Some(cap), Severity::Refuse),
        (Some(cap), _, Way::OwnMove) => ("holding_above_cap", Some(cap), Severity::Warn),
        (None, Some(warn), _) => ("holding_above_warning", Some(warn), Severity::Warn),
        (None, None, _) => ("holding_within", None, Severity::Warn),
    };
    let mut message = Message::new(code).with("stage", stage.label.clone()).with("then", i64::from(then));
    if let Some(limit) = limit {
        message = message.with("limit", i64::from(limit));
    }
    let outcome = if limit.is_some() { CheckOutcome::Unmet } else { CheckOutcome::Met };
    let mut checked = Checked::new(Key::new("holding"), CheckedKind::Holding, outcome, message);
    checked.severity = severity;
    checked.stage = Some(stage.id.clone());
    checked.progress =
        limit.or(cap).or(warn).map(|limit| Progress { there: i64::from(then), needed: i64::from(limit) });
    checked.values.insert(read, Some(Value::Int(i64::from(held))));
    let mut tell = |name: &str, number: Option<Value>| {
        if number.is_some() {
            checked.values.insert(Key::new(name), number);
        }
    };
    tell("ideal", ideal.map(Value::Number));
    tell("warn", warn.map(|limit| Value::Number(Decimal::from(limit))));
    tell("at_most", cap.map(|limit| Value::Number(Decimal::from(limit))));
    Capacity { checked: Some(checked), cap }
}
