//! Rules as a tree of named things. What is left out of the file says nothing here either.

use super::Thing;
use crate::rules::expression::{Expression, Path};
use crate::rules::model::{
    ActivityKind, Choice, ContractState, Criterion, CriterionKind, Different, Field, FieldKind, Figure, Funnel, Method,
    Mode, Move, MoveFrom, MoveTo, Reason, Rules, Span, Stage, StageKind,
};
use crate::texts::Arg;
use crate::values::{Date, Decimal, Key, Localized};
use indexmap::IndexMap;
use std::fmt::Display;

/// Everything but the calendar and what roles may do.
pub(super) fn whole(rules: &Rules) -> Thing {
    let fields = [("customer", &rules.fields.customer), ("deal", &rules.fields.deal), ("user", &rules.fields.user)];
    let of = |(entity, fields): (&'static str, &IndexMap<Key, Field>)| {
        Thing::new("diff_record", entity).with("", None, fields.values().map(|one| field(entity, one)).collect())
    };
    let fields = Thing::new("diff_fields", "fields").with("fields", None, fields.into_iter().map(of).collect());
    Thing { parts: fields.parts, ..Thing::new("diff_file", "rules") }
        .says("diff_languages", listed(&rules.languages))
        .says("diff_currency", rules.currency.code())
        .may_say("diff_country", rules.country.clone())
        .marked("diff_activation_by_another", rules.activation_by_another)
        .says("diff_first_administrator", listed(&rules.first_administrator))
        .with("unique", None, rules.unique.iter().map(|one| Thing::new("diff_combination", &one.id)).collect())
        .with("validations", None, rules.validations.iter().map(validation).collect())
        .with("products", None, rules.products.values().map(|one| choice("diff_product", one)).collect())
        .with("activities", None, rules.activities.values().map(activity).collect())
        .with("methods", None, rules.methods.values().map(method).collect())
        .with("grades", Some("diff_grades"), rules.grades.iter().map(grade).collect())
        .with("funnels", None, rules.funnels.values().map(funnel).collect())
        .with(
            "roles",
            None,
            rules.roles.values().map(|one| Thing::new("diff_role", &one.id).labelled(&one.label)).collect(),
        )
        .with(
            "scenarios",
            None,
            rules.scenarios.iter().map(|one| Thing::new("diff_scenario", one.name.get(&[]))).collect(),
        )
}

fn field(entity: &str, field: &Field) -> Thing {
    let kind = match &field.kind {
        FieldKind::Text { .. } => "text",
        FieldKind::Choice { .. } => "choice",
        FieldKind::Choices { .. } => "choices",
        FieldKind::Number => "number",
        FieldKind::Money { .. } => "money",
        FieldKind::Date => "date",
        FieldKind::Time => "time",
        FieldKind::Bool => "bool",
        FieldKind::Phone => "phone",
        FieldKind::Email => "email",
        FieldKind::Url => "url",
        FieldKind::User => "user",
    };
    let (pattern, max) = match &field.kind {
        FieldKind::Text { pattern, max } => (pattern.as_ref().map(ToString::to_string), Some(i64::from(*max))),
        _ => (None, None),
    };
    let currency = match &field.kind {
        FieldKind::Money { currency } => Some(currency.code()),
        _ => None,
    };
    let choices = match &field.kind {
        FieldKind::Choice { of } | FieldKind::Choices { of } => {
            of.values().map(|one| choice("diff_choice", one)).collect()
        }
        _ => Vec::new(),
    };
    let mut thing = Thing::new("diff_field", &field.id).labelled(&field.label);
    thing.what = match entity {
        "customer" => "diff_field_of_customer",
        "deal" => "diff_field_of_deal",
        _ => "diff_field_of_user",
    };
    thing
        .says("diff_type", kind)
        .may_say("diff_pattern", pattern)
        .may_say("diff_max", max)
        .may_say("diff_currency", currency)
        .marked("diff_required", field.required)
        .marked("diff_personal", field.personal)
        .marked("diff_index", field.index)
        .marked("diff_value", field.value)
        .marked("diff_retired", field.retired)
        .with("of", None, choices)
}

fn choice(what: &'static str, choice: &Choice) -> Thing {
    Thing::new(what, &choice.id).labelled(&choice.label).marked("diff_retired", choice.retired)
}

fn activity(kind: &ActivityKind) -> Thing {
    let outcomes = kind.outcomes.values().map(|one| choice("diff_outcome", one)).collect();
    Thing::new("diff_activity", &kind.id)
        .labelled(&kind.label)
        .marked("diff_retired", kind.retired)
        .with("outcomes", None, outcomes)
}

fn method(method: &Method) -> Thing {
    Thing::new("diff_method", &method.id)
        .labelled(&method.label)
        .marked("diff_retired", method.retired)
        .may_say("diff_steps", texts(&method.steps))
}

fn grade(grade: &crate::rules::model::Grade) -> Thing {
    Thing::new("diff_grade", &grade.id).labelled(&grade.label).may_say("diff_when", source(grade.when.as_ref()))
}

fn validation(validation: &crate::rules::model::Validation) -> Thing {
    Thing::new("diff_validation", &validation.id)
        .may_say("diff_when", source(validation.when.as_ref()))
        .says("diff_require", validation.require.source())
        .says("diff_mode", mode(validation.mode))
        .may_say("diff_enforce_from", validation.enforce_from.map(date))
        .may_say("diff_message", validation.message.as_ref().map(super::told))
}

fn funnel(funnel: &Funnel) -> Thing {
    Thing::new("diff_funnel", &funnel.id)
        .labelled(&funnel.label)
        .may_say("diff_intake", funnel.intake_per_workday.map(|intake| intake.to_string()))
        .with("stages", Some("diff_stages"), funnel.stages.iter().map(stage).collect())
        .with("moves", None, funnel.moves.iter().map(step).collect())
}

fn stage(stage: &Stage) -> Thing {
    let kind = match stage.kind {
        StageKind::Start => "start",
        StageKind::Open => "open",
        StageKind::Won => "won",
        StageKind::Lost => "lost",
    };
    let holding = &stage.holding;
    Thing::new("diff_stage", &stage.id)
        .labelled(&stage.label)
        .says("diff_kind", kind)
        .may_say("diff_state", stage.state.as_ref().map(super::told))
        .may_say("diff_standards", texts(&stage.standards))
        .may_say("diff_dwell", figure(stage.dwell.as_ref(), Span::to_string))
        .may_say(
            "diff_rate",
            figure(stage.rate.as_ref(), |rate| format!("{}%", (rate * Decimal::ONE_HUNDRED).normalize())),
        )
        .may_say("diff_ideal", figure(holding.ideal.as_ref(), ToString::to_string))
        .may_say("diff_warn", figure(holding.warn.as_ref(), ToString::to_string))
        .may_say("diff_at_most", figure(holding.at_most.as_ref(), ToString::to_string))
        .may_say("diff_methods", some(listed(&stage.methods)))
        .marked("diff_retired", stage.retired)
        .with("enter", None, stage.enter.iter().map(criterion).collect())
        .with("reasons", None, stage.reasons.values().map(reason).collect())
}

fn reason(reason: &Reason) -> Thing {
    Thing::new("diff_reason", &reason.id)
        .labelled(&reason.label)
        .may_say("diff_cooling", reason.cooling.map(|span| span.to_string()))
        .marked("diff_retired", reason.retired)
}

fn criterion(criterion: &Criterion) -> Thing {
    Thing::new("diff_criterion", &criterion.id)
        .says("diff_demand", demand(&criterion.kind))
        .may_say("diff_when", source(criterion.when.as_ref()))
        .says("diff_mode", mode(criterion.mode))
        .may_say("diff_enforce_from", criterion.enforce_from.map(date))
        .may_say("diff_message", criterion.message.as_ref().map(super::told))
}

/// What a criterion asks for, as the file would say it.
fn demand(kind: &CriterionKind) -> String {
    match kind {
        CriterionKind::Has(paths) => format!("has: {}", listed_paths(paths)),
        CriterionKind::Require(expression) => format!("require: {}", expression.source()),
        CriterionKind::Activity { kind, outcome, at_least, within, different } => {
            let mut text = format!("activity: {kind}");
            if let Some(outcome) = outcome {
                text.push_str(&format!(", outcome: {outcome}"));
            }
            text.push_str(&format!(", at_least: {at_least}"));
            if let Some(within) = within {
                text.push_str(&format!(", within: {within}"));
            }
            match different {
                Some(Different::People) => text.push_str(", different: people"),
                Some(Different::Days) => text.push_str(", different: days"),
                None => {}
            }
            text
        }
        CriterionKind::Dwelt { stage, at_least } => format!("dwelt: {stage}, at_least: {at_least}"),
        CriterionKind::Contract(state) => {
            let state = match state {
                ContractState::Signed => "signed",
                ContractState::Delivered => "delivered",
                ContractState::Paid => "paid",
                ContractState::Accepted => "accepted",
            };
            format!("contract: {state}")
        }
    }
}

/// A move has no name of its own: several pairs may share an id. It is called by its pair.
fn step(step: &Move) -> Thing {
    let from = match &step.from {
        MoveFrom::Creation => "creation",
        MoveFrom::Stage(stage) => stage.as_str(),
    };
    let to = match &step.to {
        MoveTo::Origin => "origin",
        MoveTo::Stage(stage) => stage.as_str(),
    };
    Thing::new("diff_move", &format!("{from} → {to}"))
        .says("diff_id", step.id.as_str())
        .may_say("diff_by", some(listed(&step.by)))
        .marked("diff_reason_required", step.reason_required)
        .may_say("diff_when", source(step.when.as_ref()))
        .may_say("diff_message", step.message.as_ref().map(super::told))
        .with("enter", None, step.enter.iter().map(criterion).collect())
}

fn mode(mode: Mode) -> Arg {
    Arg::Word(
        match mode {
            Mode::Enforce => "diff_mode_enforce",
            Mode::Warn => "diff_mode_warn",
            Mode::Audit => "diff_mode_audit",
        }
        .into(),
    )
}

fn source(expression: Option<&Expression>) -> Option<String> {
    expression.map(|expression| expression.source().to_owned())
}

/// `8wd (deal.grade == "A"), 5wd`.
fn figure<T>(figure: Option<&Figure<T>>, told: impl Fn(&T) -> String) -> Option<String> {
    let case = |case: &crate::rules::model::Case<T>| match &case.when {
        Some(when) => format!("{} ({})", told(&case.is), when.source()),
        None => told(&case.is),
    };
    figure.map(|figure| figure.cases.iter().map(case).collect::<Vec<_>>().join(", "))
}

fn date(date: Date) -> String {
    date.to_string()
}

fn listed<T: Display>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn listed_paths(paths: &[Path]) -> String {
    listed(paths)
}

fn texts(texts: &[Localized]) -> Option<String> {
    some(texts.iter().map(super::told).collect::<Vec<_>>().join("; "))
}

fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}
