//! One unmet criterion, as a client sees it.
//!
//! Values pass the reader's field rules (`shown`) on the way; without a sight none is shown.

use crate::engine::decision;
use crate::engine::decision::{CheckedKind, Severity};
use crate::engine::sight::Sight;
use crate::values::{Language, Time};
use chrono::NaiveDate;
use serde::Serialize;
use serde_json::{Map, Value as Json};
use utoipa::ToSchema;

/// A criterion that is not met, and what would meet it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Unmet)]
pub struct UnmetView {
    /// The criterion's id in the rules, or the product's own: `holding`, `cooling`, `reason_required`, `unique`.
    #[schema(max_length = 200)]
    id: String,
    /// What kind of criterion it is.
    #[schema(max_length = 100)]
    kind: String,
    /// The stage whose entry demands it; null = the move itself, a validation, a field.
    #[schema(max_length = 100)]
    stage: Option<String>,
    /// `refuse`: it stands in the way. `warn`: it does not, but should be looked at.
    #[schema(max_length = 100)]
    severity: String,
    /// Why it is not met, for programs.
    #[schema(max_length = 100)]
    code: String,
    /// Why it is not met, in words: the company's own where it wrote some.
    #[schema(max_length = 4000)]
    message: String,
    /// The values that decided, by name; null = missing, `{"hidden": true}` = not for you to see.
    #[schema(value_type = Object, additional_properties)]
    values: Map<String, Json>,
    /// The fields that would satisfy it.
    #[schema(max_items = 100)]
    fields: Vec<String>,
    /// How many there are and are needed, for what is counted.
    progress: Option<ProgressView>,
    /// When it becomes possible by itself.
    possible_from: Option<Time>,
    /// Warns until then, refuses from then on.
    enforce_from: Option<NaiveDate>,
}

/// How many there are of what is counted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Progress)]
pub struct ProgressView {
    /// So many there are.
    there: i64,
    /// So many are needed.
    needed: i64,
}

impl UnmetView {
    /// What was checked, in its reader's words.
    #[must_use]
    pub fn of(checked: &decision::Checked, sight: Option<&Sight>, languages: &[Language]) -> Self {
        Self {
            id: checked.id.to_string(),
            kind: kind_word(checked.kind).to_owned(),
            stage: checked.stage.as_ref().map(ToString::to_string),
            severity: severity_word(checked.severity).to_owned(),
            code: checked.message.code.to_string(),
            message: match &checked.label {
                Some(label) => label.get(languages).to_owned(),
                None => checked.message.render(languages),
            },
            values: sight.map(|sight| super::shown::reads(sight, &checked.values)).unwrap_or_default(),
            fields: checked.fields.clone(),
            progress: checked.progress.map(|progress| ProgressView { there: progress.there, needed: progress.needed }),
            possible_from: checked.possible_from,
            enforce_from: checked.enforce_from,
        }
    }
}

fn kind_word(kind: CheckedKind) -> &'static str {
    match kind {
        CheckedKind::Has => "has",
        CheckedKind::Require => "require",
        CheckedKind::Activity => "activity",
        CheckedKind::Dwelt => "dwelt",
        CheckedKind::Contract => "contract",
        CheckedKind::Validation => "validation",
        CheckedKind::Field => "field",
        CheckedKind::Holding => "holding",
        CheckedKind::Cooling => "cooling",
        CheckedKind::Reason => "reason",
        CheckedKind::Unique => "unique",
        CheckedKind::Grade => "grade",
    }
}

fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Refuse => "refuse",
        Severity::Warn => "warn",
        Severity::Audit => "audit",
    }
}

/// A criterion, met or unmet.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Checked)]
pub struct CheckedView {
    /// The criterion's id in the rules, or the product's own.
    #[schema(max_length = 200)]
    id: String,
    /// What kind of criterion it is.
    #[schema(max_length = 100)]
    kind: String,
    /// The stage whose entry demands it; null = the move itself, a validation, a field.
    #[schema(max_length = 100)]
    stage: Option<String>,
    /// `met`, `unmet`, `missing` (a value it needs is not there) or `not_applicable`.
    #[schema(max_length = 100)]
    outcome: String,
    /// `refuse`, `warn` or `audit`.
    #[schema(max_length = 100)]
    severity: String,
    /// What it demands, in words: the company's own where it wrote some.
    #[schema(max_length = 4000)]
    message: String,
    /// The values that decided, by name; null = missing, `{"hidden": true}` = not for you to see.
    #[schema(value_type = Object, additional_properties)]
    values: Map<String, Json>,
    /// The fields that would satisfy it.
    #[schema(max_items = 100)]
    fields: Vec<String>,
    progress: Option<ProgressView>,
    /// When it becomes possible by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    possible_from: Option<Time>,
    /// Warns until then, refuses from then on.
    #[schema(value_type = Option<String>, format = Date)]
    enforce_from: Option<NaiveDate>,
}

impl CheckedView {
    /// What was checked, in its reader's words.
    #[must_use]
    pub fn of(checked: &decision::Checked, sight: &Sight, languages: &[Language]) -> Self {
        let unmet = UnmetView::of(checked, Some(sight), languages);
        Self {
            id: unmet.id,
            kind: unmet.kind,
            stage: unmet.stage,
            outcome: outcome_word(checked.outcome).to_owned(),
            severity: unmet.severity,
            message: unmet.message,
            values: unmet.values,
            fields: unmet.fields,
            progress: unmet.progress,
            possible_from: unmet.possible_from,
            enforce_from: unmet.enforce_from,
        }
    }
}

/// How a check came out, in a word.
#[must_use]
pub fn outcome_word(outcome: decision::CheckOutcome) -> &'static str {
    match outcome {
        decision::CheckOutcome::Met => "met",
        decision::CheckOutcome::Unmet => "unmet",
        decision::CheckOutcome::Missing => "missing",
        decision::CheckOutcome::NotApplicable => "not_applicable",
    }
}
