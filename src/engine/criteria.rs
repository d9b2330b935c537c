//! Criteria: what must be so before a deal enters a stage or makes a move, each with its outcome and its reasons.
//!
//! An unknown result never passes: it is told as missing, and refuses. A criterion whose own `when` is unknown applies.

use super::case::Case;
use super::decision::{CheckOutcome, Checked, CheckedKind, FactsRead, Progress, Severity};
use super::facts::Activity;
use crate::rules::expression::{Entity, Expression, Facts, Outcome, Path, Read};
use crate::rules::model::{ActivityKind, ContractState, Criterion, CriterionKind, Different, Rules, Span};
use crate::texts::{Arg, Message};
use crate::values::{Key, Localized, Time, Value};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Checks one criterion. `stage`: the stage whose entry demands it; `None` = the move itself.
pub(super) fn check(criterion: &Criterion, stage: Option<&Key>, case: &Case<'_>, facts: &mut FactsRead) -> Checked {
    let id = criterion.id.clone();
    let mut checked = Checked::new(id, kind(&criterion.kind), CheckOutcome::Met, Message::new("criterion_met"));
    checked.stage = stage.cloned();
    checked.label = criterion.message.clone();
    checked.severity = Severity::on(criterion.mode, criterion.enforce_from, || case.today());
    checked.enforce_from = criterion.enforce_from.filter(|from| case.today() < *from);
    if let Some(when) = &criterion.when {
        note(when, case, &mut checked, facts);
        if case.holds(when) == Some(false) {
            checked.outcome = CheckOutcome::NotApplicable;
            checked.message = Message::new("criterion_not_applicable");
            return checked;
        }
    }
    match &criterion.kind {
        CriterionKind::Has(paths) => has(paths, &criterion.names, case, &mut checked, facts),
        CriterionKind::Require(expression) => require(expression, case, &mut checked, facts),
        CriterionKind::Activity { kind, outcome, at_least, within, different } => {
            let wanted =
                Wanted { kind, outcome: outcome.as_ref(), at_least: *at_least, within: *within, different: *different };
            activity(&wanted, &criterion.names, case, &mut checked, facts);
        }
        CriterionKind::Dwelt { stage, at_least } => {
            dwelt(stage, *at_least, &criterion.names, case, &mut checked, facts);
        }
        CriterionKind::Contract(state) => contract(*state, &criterion.names, case, &mut checked, facts),
    }
    checked
}

fn kind(kind: &CriterionKind) -> CheckedKind {
    match kind {
        CriterionKind::Has(_) => CheckedKind::Has,
        CriterionKind::Require(_) => CheckedKind::Require,
        CriterionKind::Activity { .. } => CheckedKind::Activity,
        CriterionKind::Dwelt { .. } => CheckedKind::Dwelt,
        CriterionKind::Contract(_) => CheckedKind::Contract,
    }
}

fn has(paths: &[Path], names: &[Key], case: &Case<'_>, checked: &mut Checked, facts: &mut FactsRead) {
    checked.values.reserve(paths.len());
    for (path, name) in paths.iter().zip(names) {
        let value = case.field(path).map(Cow::into_owned);
        if value.is_none() {
            checked.fields.push(name.to_string());
        }
        keep(name, value, is_personal(case.rules, path), checked, facts);
    }
    if !checked.fields.is_empty() {
        checked.outcome = CheckOutcome::Missing;
        checked.message = Message::new("has_missing").with("fields", checked.fields.join(", "));
    }
}

/// Keeps a value that was read, for the one who is answered and for the log.
fn keep(name: &Key, value: Option<Value>, personal: bool, checked: &mut Checked, facts: &mut FactsRead) {
    facts.note(name.clone(), value.clone(), personal);
    checked.values.insert(name.clone(), value);
}

/// Checks that an expression holds, and says which fields would change that.
pub(super) fn require(expression: &Expression, case: &Case<'_>, checked: &mut Checked, facts: &mut FactsRead) {
    note(expression, case, checked, facts);
    match expression.holds(case, &case.rules.calendar) {
        Some(true) => {}
        Some(false) => {
            checked.outcome = CheckOutcome::Unmet;
            checked.message = Message::new("require_unmet").with("rule", expression.source());
            checked.fields = expression.reads().iter().filter_map(satisfying).map(Path::to_string).collect();
        }
        None => {
            checked.outcome = CheckOutcome::Missing;
            let missing = match expression.evaluate(case, &case.rules.calendar) {
                Outcome::Unknown { missing } => missing,
                Outcome::Known(_) => Vec::new(),
            };
            checked.fields = missing.iter().filter_map(satisfying).map(Path::to_string).collect();
            let names: Vec<String> = missing.iter().map(Read::to_string).collect();
            checked.message = if names.is_empty() {
                Message::new("require_unknown").with("rule", expression.source())
            } else {
                Message::new("require_missing").with("fields", names.join(", "))
            };
        }
    }
}

/// A field whose writing could satisfy a condition.
fn satisfying(read: &Read) -> Option<&Path> {
    match read {
        Read::Field(path) if matches!(path.entity, Entity::Deal | Entity::Customer | Entity::Contract) => Some(path),
        Read::Field(_)
        | Read::Count { .. }
        | Read::Last { .. }
        | Read::Entered { .. }
        | Read::Holding { .. }
        | Read::Now
        | Read::Today => None,
    }
}

struct Wanted<'a> {
    kind: &'a Key,
    outcome: Option<&'a Key>,
    at_least: u32,
    within: Option<Span>,
    different: Option<Different>,
}

fn activity(wanted: &Wanted<'_>, names: &[Key], case: &Case<'_>, checked: &mut Checked, facts: &mut FactsRead) {
    let there = count(wanted, case);
    for name in names {
        keep(name, Some(Value::Int(there)), false, checked, facts);
    }
    let needed = i64::from(wanted.at_least);
    checked.progress = Some(Progress { there, needed });
    if there >= needed {
        return;
    }
    let declared = case.rules.activities.get(wanted.kind);
    let outcome = wanted.outcome.map(|outcome| outcome_label(declared, outcome, case.rules));
    let code = if outcome.is_some() { "activity_outcome_unmet" } else { "activity_unmet" };
    let mut message = Message::new(code)
        .with("activity", declared.map_or_else(|| in_words(case.rules, wanted.kind), |kind| kind.label.clone()))
        .with("there", there)
        .with("needed", needed)
        .with("within", wanted.within.map_or_else(|| "ever".to_owned(), |span| span.to_string()))
        .with("different", different_word(wanted.different));
    if let Some(outcome) = outcome {
        message = message.with("outcome", outcome);
    }
    checked.outcome = CheckOutcome::Unmet;
    checked.message = message;
}

fn different_word(different: Option<Different>) -> Arg {
    Arg::from(match different {
        None => "no",
        Some(Different::People) => "people",
        Some(Different::Days) => "days",
    })
}

fn outcome_label(kind: Option<&ActivityKind>, outcome: &Key, rules: &Rules) -> Localized {
    let declared = kind.and_then(|kind| kind.outcomes.get(outcome));
    declared.map_or_else(|| in_words(rules, outcome), |choice| choice.label.clone())
}

/// An id in words, where there is no label for it.
pub(super) fn in_words(rules: &Rules, id: &Key) -> Localized {
    rules.languages.first().map_or_else(
        || Localized::from_id(&crate::values::Language::new("en"), id),
        |language| Localized::from_id(language, id),
    )
}

fn count(wanted: &Wanted<'_>, case: &Case<'_>) -> i64 {
    let all = case.activities(wanted.kind, wanted.outcome, wanted.within);
    let count = match wanted.different {
        None => all.count(),
        // An activity that names nobody is not known to be with somebody else.
        Some(Different::People) => all.filter_map(person).collect::<BTreeSet<_>>().len(),
        Some(Different::Days) => {
            all.map(|activity| case.rules.calendar.local_date(activity.at)).collect::<BTreeSet<_>>().len()
        }
    };
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The person talked to; case and blanks do not make another of them.
fn person(activity: &Activity) -> Option<String> {
    let name = activity.contact.as_ref()?;
    let words: Vec<&str> = name.split_whitespace().collect();
    Some(words.join(" ").to_lowercase()).filter(|name| !name.is_empty())
}

fn dwelt(stage: &Key, at_least: Span, names: &[Key], case: &Case<'_>, checked: &mut Checked, facts: &mut FactsRead) {
    let visits = || case.record.into_iter().flat_map(|record| &record.visits).filter(|visit| visit.stage == *stage);
    let calendar = &case.rules.calendar;
    let length = |from: Time, to: Time| match at_least {
        Span::WorkdaysMilli(_) => calendar.working_between(from, to),
        Span::ElapsedMicros(_) => to.since(from),
    };
    let past: i64 =
        visits().filter_map(|visit| Some(length(visit.entered_at, visit.left_at?).max(0))).fold(0, i64::saturating_add);
    let present = visits().find(|visit| visit.left_at.is_none()).map(|visit| visit.entered_at);
    let there = past.saturating_add(present.map_or(0, |entered| length(entered, case.now).max(0)));
    let needed = match at_least {
        Span::WorkdaysMilli(milli) => milli.saturating_mul(calendar.workday_micros() / 1000),
        Span::ElapsedMicros(micros) => micros,
    };
    for name in names {
        keep(name, Some(Value::Duration(there)), false, checked, facts);
    }
    if there >= needed {
        return;
    }
    checked.outcome = CheckOutcome::Unmet;
    // While the deal stays there, time alone meets it.
    checked.possible_from = present.map(|entered| match at_least {
        Span::WorkdaysMilli(milli) if past == 0 => calendar.add_working(entered, milli),
        // After earlier visits to the next thousandth of a working day, never too early.
        Span::WorkdaysMilli(_) => {
            let left = i128::from(needed - there) * 1000;
            let length = i128::from(calendar.workday_micros().max(1));
            let milli = (left + length - 1).div_euclid(length);
            calendar.add_working(case.now, i64::try_from(milli).unwrap_or(i64::MAX))
        }
        Span::ElapsedMicros(_) => case.now.plus_micros(needed - there),
    });
    let label = case.deal.and_then(|deal| case.rules.funnels.get(&deal.funnel)).and_then(|funnel| funnel.stage(stage));
    let label = label.map_or_else(|| in_words(case.rules, stage), |stage| stage.label.clone());
    checked.message = Message::new("dwelt_unmet").with("stage", label).with("at_least", at_least.to_string());
}

fn contract(state: ContractState, names: &[Key], case: &Case<'_>, checked: &mut Checked, facts: &mut FactsRead) {
    let (mut there, mut needed) = (0_i64, 0_i64);
    for contract in case.contracts() {
        needed += 1;
        there += i64::from(case.contract_is(contract, state));
    }
    // The last of the names says whether it is met.
    let (outcome, fields) = names.split_last().map_or((None, names), |(last, fields)| (Some(last), fields));
    for name in fields {
        let value = name.strip_prefix("contract.").and_then(|name| case.of_contracts(name)).map(Cow::into_owned);
        keep(name, value, false, checked, facts);
    }
    checked.progress = Some(Progress { there, needed: needed.max(1) });
    let is_met = needed > 0 && there == needed;
    if let Some(name) = outcome {
        facts.note(name.clone(), Some(Value::Bool(is_met)), false);
    }
    if is_met {
        return;
    }
    checked.outcome = if needed == 0 { CheckOutcome::Missing } else { CheckOutcome::Unmet };
    let (code, field) = match state {
        ContractState::Signed => ("contract_unsigned", "contract.signed_on"),
        ContractState::Delivered => ("contract_undelivered", "contract.delivered_on"),
        ContractState::Accepted => ("contract_unaccepted", "contract.accepted_on"),
        ContractState::Paid => ("contract_unpaid", "contract.payments"),
    };
    checked.fields.push(field.to_owned());
    checked.message = Message::new(if needed == 0 { "contract_none" } else { code });
}

/// Keeps what an expression reads, for the one who is answered and for the log.
pub(super) fn note(expression: &Expression, case: &Case<'_>, checked: &mut Checked, facts: &mut FactsRead) {
    checked.values.reserve(expression.reads().len());
    for (name, read) in expression.named_reads() {
        keep(name, read_value(read, case), reads_personal(case.rules, read), checked, facts);
    }
}

/// Keeps what an expression reads, for the log alone.
pub(super) fn note_facts(expression: &Expression, case: &Case<'_>, facts: &mut FactsRead) {
    for (name, read) in expression.named_reads() {
        facts.note(name.clone(), read_value(read, case), reads_personal(case.rules, read));
    }
}

fn read_value(read: &Read, case: &Case<'_>) -> Option<Value> {
    match read {
        Read::Now => Some(Value::Time(case.now)),
        Read::Today => Some(Value::Date(case.today())),
        read => case.read(read).map(Cow::into_owned),
    }
}

fn reads_personal(rules: &Rules, read: &Read) -> bool {
    matches!(read, Read::Field(path) if is_personal(rules, path))
}

/// Whether a value is about a person, and kept apart in the log.
pub(super) fn is_personal(rules: &Rules, path: &Path) -> bool {
    let declared = match path.entity {
        // Contacts are personal as a whole.
        Entity::Customer if path.name == "contacts" => return true,
        Entity::Customer => rules.fields.customer.get(&path.name),
        Entity::Deal => rules.fields.deal.get(&path.name),
        Entity::User | Entity::Owner | Entity::Receiver => rules.fields.user.get(&path.name),
        Entity::Contract | Entity::Move => None,
    };
    declared.is_some_and(|field| field.personal)
}
