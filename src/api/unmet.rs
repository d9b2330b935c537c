//! One unmet criterion, as a client sees it.
//!
//! Values pass the reader's field rules (`shown`) on the way; without a sight none is shown.

use crate::engine::decision;
use crate::engine::decision::{CheckedKind, Severity};
use crate::engine::moves::criterion_of;
use crate::engine::sight::{FieldSight, Sight};
use crate::rules::expression::Path;
use crate::rules::model::{Criterion, Funnel, Move};
use crate::values::{Key, Language, Time};
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
    pub(super) there: i64,
    /// So many are needed.
    pub(super) needed: i64,
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
    pub(super) id: String,
    /// What kind of criterion it is.
    #[schema(max_length = 100)]
    pub(super) kind: String,
    /// The stage whose entry demands it; null = the move itself, a validation, a field.
    #[schema(max_length = 100)]
    pub(super) stage: Option<String>,
    /// `met`, `unmet`, `missing` (a value it needs is not there) or `not_applicable`.
    #[schema(max_length = 100)]
    pub(super) outcome: String,
    /// `refuse`, `warn` or `audit`.
    #[schema(max_length = 100)]
    pub(super) severity: String,
    /// What it demands, as the rules say it: an expression, or `activity: call, outcome: reached`. Null for what is the
    /// product's own, and in records of the past.
    #[schema(max_length = 20_000)]
    pub(super) rule: Option<String>,
    /// Its condition: it applies only if this holds.
    #[schema(max_length = 4000)]
    pub(super) when: Option<String>,
    /// What it demands, in words: the company's own where it wrote some.
    #[schema(max_length = 4000)]
    pub(super) message: String,
    /// The values that decided, by name; null = missing, `{"hidden": true}` = not for you to see.
    #[schema(value_type = Object, additional_properties)]
    pub(super) values: Map<String, Json>,
    /// The fields that would satisfy it.
    #[schema(max_items = 100)]
    pub(super) fields: Vec<String>,
    pub(super) progress: Option<ProgressView>,
    /// When it becomes possible by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) possible_from: Option<Time>,
    /// Warns until then, refuses from then on.
    #[schema(value_type = Option<String>, format = Date)]
    pub(super) enforce_from: Option<NaiveDate>,
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
            rule: None,
            when: None,
            message: unmet.message,
            values: unmet.values,
            fields: unmet.fields,
            progress: unmet.progress,
            possible_from: unmet.possible_from,
            enforce_from: unmet.enforce_from,
        }
    }

    /// The same with what the rules say, for who asks what comes next.
    #[must_use]
    pub fn explained(
        checked: &decision::Checked,
        (funnel, rule): (&Funnel, &Move),
        sight: &Sight,
        languages: &[Language],
    ) -> Self {
        let criterion = criterion_of(funnel, rule, checked);
        let own = || rule.when.as_ref().filter(|_| checked.kind == CheckedKind::Require && checked.id == rule.id);
        let rule = criterion.map(Criterion::rule).or_else(|| own().map(|when| when.source().to_owned()));
        let when = criterion.and_then(|criterion| criterion.when.as_ref()).map(|when| when.source().to_owned());
        // When a condition comes to hold tells of what it reads.
        let open = |name: &Key| Path::parse(name).is_none_or(|path| sight.of(&path) == FieldSight::Open);
        let told = checked.kind != CheckedKind::Require || checked.values.keys().all(open);
        let view = Self::of(checked, sight, languages);
        Self { rule, when, possible_from: view.possible_from.filter(|_| told), ..view }
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
