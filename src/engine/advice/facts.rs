//! Facts made up for a scenario: a deal under which all that a move demands is met, or all but one.

use crate::rules::demand::{Demand, Effort, Known, Solved, shown, solve, unmet};
use crate::rules::expression::{Clock, Entity, Path, Read};
use crate::rules::model::{
    ContractState, Criterion, CriterionKind, Different, Funnel, Move, Rules, Span, Stage, StageKind,
};
use crate::rules::scenarios::{Given, GivenActivity, GivenContract};
use crate::values::{Decimal, Key, Money, Value};
use indexmap::IndexMap;
use std::collections::BTreeMap;

/// What is to come of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish<'r> {
    pub criterion: Option<&'r Criterion>,
    pub met: bool,
}

/// Activities made up of one kind.
const ACTIVITIES_AT_MOST: i64 = 50;

/// A deal in `from` (a new one has no stage before: the start stands for it), as the move wishes it.
pub(super) fn given<'r>(
    rules: &'r Rules,
    funnel: &'r Funnel,
    one: &'r Move,
    from: &Stage,
    wish: Wish<'r>,
    clock: Clock,
    effort: &mut Effort,
) -> Option<Given> {
    let of_stages = funnel.entered_by(one).into_iter().flat_map(|stage| &stage.enter);
    let criteria: Vec<&Criterion> = one.enter.iter().chain(of_stages).collect();
    let is_wished = |criterion: &Criterion| wish.criterion.is_some_and(|wished| std::ptr::eq(wished, criterion));
    let known = Known::of(one, Some(clock));
    let mut demands: Vec<Demand<'_>> = criteria
        .iter()
        .map(|criterion| match (is_wished(criterion), wish.met) {
            (false, _) => known.met(criterion),
            (true, true) => shown(criterion),
            (true, false) => unmet(criterion),
        })
        .collect();
    demands.extend(one.when.as_ref().map(Demand::Holds));
    let Solved::Possible(values) = solve(rules, &demands, &known, effort) else { return None };
    let mut given = standing(rules, funnel, from, &values, None);
    let to_meet = criteria.iter().filter(|criterion| wish.met || !is_wished(criterion));
    for criterion in to_meet {
        arrange(rules, &mut given, &criterion.kind);
    }
    Some(given)
}

/// A deal in a stage for which these values are so, but for what is only going to be written.
pub(super) fn standing(
    rules: &Rules,
    funnel: &Funnel,
    stage: &Stage,
    values: &BTreeMap<Read, Value>,
    but: Option<&Read>,
) -> Given {
    let mut given = blank(funnel, stage);
    for (read, value) in values.iter().filter(|(read, _)| Some(*read) != but) {
        put(rules, &mut given, values, read, value);
    }
    given
}

pub(super) fn blank(funnel: &Funnel, from: &Stage) -> Given {
    let reason = from.reasons.values().find(|reason| !reason.retired);
    Given {
        deal: Key::new("d1"),
        funnel: funnel.id.clone(),
        stage: from.id.clone(),
        owner: None,
        team: None,
        customer: IndexMap::new(),
        contacts: Vec::new(),
        fields: IndexMap::new(),
        grade: None,
        product: None,
        discovered: false,
        reason: reason.filter(|_| from.kind == StageKind::Lost).map(|reason| reason.id.clone()),
        lost_from: None,
        // It is taken up again when cooling is over.
        entered_ago: reason.and_then(|reason| reason.cooling),
        dwelt: Vec::new(),
        activities: Vec::new(),
        contracts: Vec::new(),
        line: 0,
    }
}

fn put(rules: &Rules, given: &mut Given, all: &BTreeMap<Read, Value>, read: &Read, value: &Value) {
    match (read, value) {
        (Read::Field(path), value) => put_field(rules, given, path, value),
        (Read::Count { kind, outcome, .. }, Value::Int(n)) => {
            // Those of an outcome count for the kind too.
            let counted = |other: &Read| match other {
                Read::Count { kind: same, outcome: Some(_), .. } if same == kind && outcome.is_none() => all.get(other),
                _ => None,
            };
            let there: i64 =
                all.keys().filter_map(counted).map(|value| if let Value::Int(n) = value { *n } else { 0 }).sum();
            let same = |one: &&GivenActivity| one.kind == *kind && one.outcome == *outcome;
            let put = i64::try_from(given.activities.iter().filter(same).count()).unwrap_or(0);
            for _ in 0..(n - there - put).clamp(0, ACTIVITIES_AT_MOST) {
                given.activities.push(activity(kind, outcome.as_ref()));
            }
        }
        _ => {}
    }
}

fn activity(kind: &Key, outcome: Option<&Key>) -> GivenActivity {
    GivenActivity { kind: kind.clone(), outcome: outcome.cloned(), method: None, ago: None, contact: None, by: None }
}

fn put_field(rules: &Rules, given: &mut Given, path: &Path, value: &Value) {
    match (path.entity, path.name.as_str(), value) {
        (Entity::Customer, "contacts", _) => given.contacts = vec!["Li".to_owned()],
        (Entity::Customer, _, _) if rules.fields.customer.contains_key(&path.name) => {
            given.customer.insert(path.name.clone(), value.clone());
        }
        (Entity::Deal, "grade", Value::Choice(grade)) => given.grade = Some(grade.clone()),
        (Entity::Deal, "product", Value::Choice(product)) => given.product = Some(product.clone()),
        (Entity::Deal, "origin", Value::Choice(origin)) => given.discovered = *origin == "discovered",
        (Entity::Deal, _, _) if rules.fields.deal.contains_key(&path.name) => {
            given.fields.insert(path.name.clone(), value.clone());
        }
        (Entity::Contract, name, Value::Bool(true)) => {
            if let Some(contract) = contract(rules, given) {
                match name {
                    "signed" => contract.signed = true,
                    "delivered" => contract.delivered = true,
                    "accepted" => contract.accepted = true,
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

fn contract<'g>(rules: &Rules, given: &'g mut Given) -> Option<&'g mut GivenContract> {
    if given.contracts.is_empty() {
        let amount = Money::from_major(Decimal::ONE_THOUSAND, rules.currency)?;
        given.contracts.push(GivenContract { amount, signed: false, delivered: false, accepted: false, paid: None });
    }
    given.contracts.first_mut()
}

/// What values alone do not say: with whom, on which days, how long, and what was paid.
fn arrange(rules: &Rules, given: &mut Given, kind: &CriterionKind) {
    match kind {
        CriterionKind::Activity { kind, outcome, different: Some(different), .. } => {
            let counts = |one: &&mut GivenActivity| {
                one.kind == *kind && outcome.as_ref().is_none_or(|outcome| one.outcome.as_ref() == Some(outcome))
            };
            for (number, one) in (0_i64..).zip(given.activities.iter_mut().filter(counts)) {
                match different {
                    Different::People => one.contact = Some(format!("Li {}", number + 1)),
                    Different::Days => {
                        one.ago = (number > 0).then(|| Span::WorkdaysMilli(number * 1000));
                    }
                }
            }
        }
        CriterionKind::Dwelt { stage, at_least } if *stage == given.stage => {
            given.entered_ago = given.entered_ago.max(Some(*at_least));
        }
        CriterionKind::Dwelt { stage, at_least } => match given.dwelt.iter_mut().find(|(known, _)| known == stage) {
            Some((_, span)) => *span = (*span).max(*at_least),
            None => given.dwelt.push((stage.clone(), *at_least)),
        },
        CriterionKind::Contract(state) => {
            if let Some(contract) = contract(rules, given) {
                match state {
                    ContractState::Signed => contract.signed = true,
                    ContractState::Delivered => contract.delivered = true,
                    ContractState::Accepted => contract.accepted = true,
                    ContractState::Paid => contract.paid = Some(contract.amount),
                }
            }
        }
        CriterionKind::Activity { .. } | CriterionKind::Has(_) | CriterionKind::Require(_) => {}
    }
}
