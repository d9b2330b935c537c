//! What must stay true when fields are written: the company's validations, and what the stages a deal has passed
//! demanded (`has` is sticky).

use super::decision::{CheckOutcome, Checked, CheckedKind, FactsRead, Severity};
use crate::rules::expression::{Entity, Expression, Facts, Outcome, Path, Read};
use crate::rules::model::{Criterion, CriterionKind, Fields, Mode, Rules, StageKind, Validation};
use crate::texts::Message;
use crate::values::{Date, Key, Value};
use indexmap::IndexMap;

impl Severity {
    /// How hard a criterion is on a day: before `enforce_from` it only warns.
    #[must_use]
    pub fn on(mode: Mode, enforce_from: Option<Date>, today: Date) -> Self {
        match mode {
            Mode::Enforce if enforce_from.is_some_and(|from| today < from) => Self::Warn,
            Mode::Enforce => Self::Refuse,
            Mode::Warn => Self::Warn,
            Mode::Audit => Self::Audit,
        }
    }
}

/// Every validation that names a changed field, as it comes out on `facts` (which read as after the write).
#[must_use]
pub fn validate(rules: &Rules, changed: &[Path], facts: &dyn Facts) -> Vec<Checked> {
    rules
        .validations
        .iter()
        .filter(|validation| names_any(validation, changed))
        .map(|validation| check(rules, validation, facts))
        .collect()
}

fn names_any(validation: &Validation, changed: &[Path]) -> bool {
    let expressions = std::iter::once(&validation.require).chain(&validation.when);
    expressions.flat_map(Expression::reads).any(|read| matches!(read, Read::Field(path) if changed.contains(path)))
}

fn check(rules: &Rules, validation: &Validation, facts: &dyn Facts) -> Checked {
    let applies = validation.when.as_ref().is_none_or(|when| when.holds(facts, &rules.calendar) != Some(false));
    let outcome = if !applies {
        CheckOutcome::NotApplicable
    } else {
        match validation.require.evaluate(facts, &rules.calendar) {
            Outcome::Known(Value::Bool(true)) => CheckOutcome::Met,
            Outcome::Known(_) => CheckOutcome::Unmet,
            // A field that was just emptied says nothing that could be wrong; `required` and `has` ask for presence.
            Outcome::Unknown { missing } if !missing.is_empty() => CheckOutcome::NotApplicable,
            Outcome::Unknown { .. } => CheckOutcome::Missing,
        }
    };
    let fields = validation.require.reads().iter().filter_map(|read| match read {
        Read::Field(path) if matches!(path.entity, Entity::Deal | Entity::Customer) => Some(path.to_string()),
        _ => None,
    });
    Checked {
        id: validation.id.clone(),
        kind: CheckedKind::Validation,
        stage: None,
        outcome,
        severity: Severity::on(validation.mode, validation.enforce_from, facts.today()),
        message: Message::new("validation_unmet").with("rule", validation.require.source()),
        label: validation.message.clone(),
        pointer: None,
        values: values_of(validation.require.reads(), facts),
        fields: fields.collect(),
        progress: None,
        possible_from: None,
        enforce_from: validation.enforce_from.filter(|from| facts.today() < *from),
    }
}

/// The values that an expression read, by their names.
#[must_use]
pub fn values_of(reads: &[Read], facts: &dyn Facts) -> IndexMap<String, Option<Value>> {
    reads.iter().map(|read| (read.to_string(), value_of(read, facts))).collect()
}

fn value_of(read: &Read, facts: &dyn Facts) -> Option<Value> {
    match read {
        Read::Now => Some(Value::Time(facts.now())),
        Read::Today => Some(Value::Date(facts.today())),
        read => facts.read(read).map(std::borrow::Cow::into_owned),
    }
}

/// Of the changed fields, those that have no value any more.
#[must_use]
pub fn emptied(changed: &[Path], after: &super::facts::FieldValues) -> Vec<Path> {
    changed.iter().filter(|path| !after.contains_key(&path.name)).cloned().collect()
}

/// Of the emptied fields, those that a stage the deal is in or has passed demands: one fault each.
#[must_use]
pub fn sticky(rules: &Rules, funnel: &Key, stage: &Key, emptied: &[Path], facts: &dyn Facts) -> Vec<Checked> {
    let Some(funnel) = rules.funnels.get(funnel) else { return Vec::new() };
    let Some(position) = funnel.position(stage) else { return Vec::new() };
    let mut faults = Vec::new();
    // A deal that was lost from `lead` never entered what stands between there and the end of the list.
    let is_lost = funnel.stages.get(position).is_some_and(|stage| stage.kind == StageKind::Lost);
    let passed = funnel.stages.iter().take(position + 1).filter(|passed| {
        passed.id == *stage || (!is_lost && matches!(passed.kind, StageKind::Start | StageKind::Open))
    });
    for passed in passed {
        for criterion in passed.enter.iter().filter(|criterion| demands(rules, criterion, facts)) {
            let CriterionKind::Has(paths) = &criterion.kind else { continue };
            for path in paths.iter().filter(|path| emptied.contains(path)) {
                let pointer = format!("/fields/{}", path.name);
                let message = Message::new("field_needed_by_stage")
                    .with("field", path.to_string())
                    .with("stage", passed.label.clone());
                let mut fault = super::fields::field_fault(&pointer, &criterion.id, message, vec![path.to_string()]);
                fault.stage = Some(passed.id.clone());
                faults.push(fault);
            }
        }
    }
    faults
}

/// Whether a criterion refuses today; an unknown `when` applies.
fn demands(rules: &Rules, criterion: &Criterion, facts: &dyn Facts) -> bool {
    Severity::on(criterion.mode, criterion.enforce_from, facts.today()) == Severity::Refuse
        && criterion.when.as_ref().is_none_or(|when| when.holds(facts, &rules.calendar) != Some(false))
}

/// What a write changed, for the log: each field as it became and as it was.
#[must_use]
pub fn changes_read(
    fields: &Fields,
    changed: &[Path],
    before: &super::facts::FieldValues,
    after: &super::facts::FieldValues,
) -> FactsRead {
    let mut read = FactsRead::default();
    for path in changed {
        let declared = match path.entity {
            Entity::Customer => fields.customer.get(&path.name),
            Entity::Deal => fields.deal.get(&path.name),
            Entity::User => fields.user.get(&path.name),
            Entity::Contract | Entity::Owner | Entity::Receiver | Entity::Move => None,
        };
        let into = if declared.is_some_and(|field| field.personal) { &mut read.personal } else { &mut read.values };
        into.insert(path.to_string(), after.get(&path.name).cloned());
        into.insert(format!("{path} before"), before.get(&path.name).cloned());
    }
    read
}
