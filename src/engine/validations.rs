//! What must stay true when fields are written: the company's validations, and what the stages a deal has passed
//! demanded (`has` is sticky).

use super::case::Case;
use super::criteria::{note, require};
use super::decision::{CheckOutcome, Checked, CheckedKind, FactsRead, Severity};
use crate::rules::expression::{Entity, Expression, Facts, Path, Read};
use crate::rules::model::{Criterion, CriterionKind, Fields, Mode, Rules, StageKind, Validation};
use crate::texts::Message;
use crate::values::{Date, Key};

impl Severity {
    /// How hard a criterion is on a day: before `enforce_from` it only warns.
    #[must_use]
    pub fn on(mode: Mode, enforce_from: Option<Date>, today: impl FnOnce() -> Date) -> Self {
        match mode {
            Mode::Enforce if enforce_from.is_some_and(|from| today() < from) => Self::Warn,
            Mode::Enforce => Self::Refuse,
            Mode::Warn => Self::Warn,
            Mode::Audit => Self::Audit,
        }
    }
}

/// Every validation that names a changed field, as it comes out on the case as it is after the write. What it reads is
/// kept with the facts of the decision.
#[must_use]
pub fn validate(changed: &[Path], case: &Case<'_>, read: &mut FactsRead) -> Vec<Checked> {
    let named = case.rules.validations.iter().filter(|validation| is_asked(validation, changed, case));
    named.map(|validation| check(validation, changed, case, read)).collect()
}

fn reads(validation: &Validation) -> impl Iterator<Item = &Read> {
    std::iter::once(&validation.require).chain(&validation.when).flat_map(Expression::reads)
}

fn names(validation: &Validation, path: &Path) -> bool {
    reads(validation).any(|read| matches!(read, Read::Field(named) if named == path))
}

fn is_asked(validation: &Validation, changed: &[Path], case: &Case<'_>) -> bool {
    // A customer may have many deals: what compares his fields with a deal's is asked when the deal is written.
    let of_a_deal = |read: &Read| match read {
        Read::Field(path) => matches!(path.entity, Entity::Deal | Entity::Contract | Entity::Owner),
        Read::Count { .. } | Read::Last { .. } | Read::Entered { .. } | Read::Holding { .. } => true,
        Read::Now | Read::Today => false,
    };
    changed.iter().any(|path| names(validation, path)) && (case.deal.is_some() || !reads(validation).any(of_a_deal))
}

fn check(validation: &Validation, changed: &[Path], case: &Case<'_>, read: &mut FactsRead) -> Checked {
    let id = validation.id.clone();
    let mut checked = Checked::new(id, CheckedKind::Validation, CheckOutcome::Met, Message::new("criterion_met"));
    checked.label = validation.message.clone();
    checked.severity = Severity::on(validation.mode, validation.enforce_from, || case.today());
    checked.enforce_from = validation.enforce_from.filter(|from| case.today() < *from);
    if let Some(when) = &validation.when {
        note(when, case, &mut checked, read);
        if case.holds(when) == Some(false) {
            checked.outcome = CheckOutcome::NotApplicable;
            checked.message = Message::new("criterion_not_applicable");
            return checked;
        }
    }
    require(&validation.require, case, &mut checked, read);
    // Who only empties fields says nothing that could be wrong; `required` and `has` ask for presence. Everything else
    // that is unknown refuses, as a criterion does.
    let mut written = changed.iter().filter(|path| names(validation, path));
    if checked.outcome == CheckOutcome::Missing && written.all(|path| !case.has(path)) {
        checked.outcome = CheckOutcome::NotApplicable;
        checked.message = Message::new("criterion_not_applicable");
    }
    checked
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
    Severity::on(criterion.mode, criterion.enforce_from, || facts.today()) == Severity::Refuse
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
        into.insert(Key::from(path.to_string()), after.get(&path.name).cloned());
        into.insert(Key::from(format!("{path} before")), before.get(&path.name).cloned());
    }
    read
}
