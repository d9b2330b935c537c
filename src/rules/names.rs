//! The names of everything that data can refer to, as people and problems say them: `funnels.standard.stages.lead`,
//! `fields.deal.size`. Two versions of the rules are compared by them.

use super::model::{Field, FieldKind, Rules};
use crate::values::Key;
use indexmap::IndexMap;
use std::collections::BTreeSet;

/// Every name of these rules that a record, a user or the log may carry.
#[must_use]
pub fn names(rules: &Rules) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for funnel in rules.funnels.values() {
        names.insert(format!("funnels.{}", funnel.id));
        for stage in &funnel.stages {
            names.insert(of_stage(&funnel.id, &stage.id));
            names.extend(stage.reasons.keys().map(|reason| of_reason(&funnel.id, &stage.id, reason)));
        }
    }
    names.extend(rules.roles.keys().map(|id| format!("roles.{id}")));
    names.extend(rules.grades.iter().map(|grade| format!("grades.{}", grade.id)));
    names.extend(rules.products.keys().map(|id| format!("products.{id}")));
    names.extend(rules.methods.keys().map(|id| format!("methods.{id}")));
    for kind in rules.activities.values() {
        names.insert(format!("activities.{}", kind.id));
        names.extend(kind.outcomes.keys().map(|outcome| of_outcome(&kind.id, outcome)));
    }
    for (entity, fields) in records(rules) {
        for field in fields.values() {
            names.insert(of_field(entity, &field.id));
            names.extend(choices(field).map(|choice| of_choice(entity, &field.id, choice)));
        }
    }
    names
}

/// The fields of each kind of record, by its word.
#[must_use]
pub fn records(rules: &Rules) -> [(&'static str, &IndexMap<Key, Field>); 3] {
    [("customer", &rules.fields.customer), ("deal", &rules.fields.deal), ("user", &rules.fields.user)]
}

/// What a field lets choose from; of other fields nothing.
pub fn choices(field: &Field) -> impl Iterator<Item = &Key> {
    let of = match &field.kind {
        FieldKind::Choice { of } | FieldKind::Choices { of } => Some(of),
        _ => None,
    };
    of.into_iter().flat_map(IndexMap::keys)
}

#[must_use]
pub fn of_stage(funnel: &str, stage: &str) -> String {
    format!("funnels.{funnel}.stages.{stage}")
}

#[must_use]
pub fn of_reason(funnel: &str, stage: &str, reason: &str) -> String {
    format!("funnels.{funnel}.stages.{stage}.reasons.{reason}")
}

#[must_use]
pub fn of_outcome(kind: &str, outcome: &str) -> String {
    format!("activities.{kind}.outcomes.{outcome}")
}

#[must_use]
pub fn of_field(entity: &str, field: &str) -> String {
    format!("fields.{entity}.{field}")
}

#[must_use]
pub fn of_choice(entity: &str, field: &str, choice: &str) -> String {
    format!("fields.{entity}.{field}.of.{choice}")
}
