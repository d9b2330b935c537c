//! Grading: the first grade whose condition holds, explained; or another one, with a reason.
//!
//! A grade is stored. Later facts never change it silently: `compute` says what it would be now.

use super::actor::Actor;
use super::case::Case;
use super::criteria::note_facts;
use super::decision::{CheckOutcome, Checked, CheckedKind, Decision, FactsRead};
use super::effects::{Grading, Made};
use super::facts::{Deal, DealFacts, DealState};
use super::moves::{closed, forbidden};
use super::permission::{Permit, Row};
use super::wishes::note_in_words;
use crate::rules::expression::{Outcome, Path, Read};
use crate::rules::model::{Action, Rules};
use crate::texts::Message;
use crate::values::{Key, Time};

/// A grade as the rules compute it, with how each condition came out, in their order, up to the one that held.
#[derive(Clone, Debug, PartialEq)]
pub struct Graded {
    pub grade: Key,
    pub steps: Vec<GradeStep>,
    pub facts: FactsRead,
}

/// How the condition of one grade came out.
#[derive(Clone, Debug, PartialEq)]
pub struct GradeStep {
    pub grade: Key,
    pub outcome: CheckOutcome,
    /// What it would have needed to be known.
    pub missing: Vec<String>,
}

/// What the rules make of a deal as it is, for which `Extent::Deal` is enough; `None`: they know no grades.
#[must_use]
pub fn compute(rules: &Rules, facts: &DealFacts, now: Time) -> Option<Graded> {
    let nobody = Actor::system();
    computed(&Case::of(rules, &nobody, now, facts))
}

fn computed(case: &Case<'_>) -> Option<Graded> {
    let mut steps = Vec::new();
    let mut facts = FactsRead::default();
    for grade in &case.rules.grades {
        let (outcome, missing) = match &grade.when {
            None => (CheckOutcome::Met, Vec::new()),
            Some(when) => {
                note_facts(when, case, &mut facts);
                match (case.holds(when), when.evaluate(case, &case.rules.calendar)) {
                    (Some(true), _) => (CheckOutcome::Met, Vec::new()),
                    (None, Outcome::Unknown { missing }) => {
                        (CheckOutcome::Missing, missing.iter().map(Read::to_string).collect())
                    }
                    (Some(false) | None, _) => (CheckOutcome::Unmet, Vec::new()),
                }
            }
        };
        steps.push(GradeStep { grade: grade.id.clone(), outcome, missing });
        if outcome == CheckOutcome::Met {
            return Some(Graded { grade: grade.id.clone(), steps, facts });
        }
    }
    None
}

/// What is asked: a grade of the caller's own with its reason, or the computed one.
#[derive(Clone, Debug, Default)]
pub struct GradeRequest {
    pub grade: Option<Key>,
    /// Why it differs from what the rules compute.
    pub reason: Option<String>,
}

/// Grades a deal.
#[must_use]
pub fn decide(permit: &Permit, facts: &DealFacts, request: &GradeRequest, now: Time) -> Decision<Grading> {
    let rules = permit.rules();
    if permit.action() != Action::DealsGrade || !permit.holds(&Row::from(facts), now) {
        return Decision::forbidden(forbidden(Action::DealsGrade));
    }
    if facts.deal.state != DealState::Open {
        return Decision::out_of_state(closed(&facts.deal));
    }
    let case = Case::of(rules, permit.actor(), now, facts);
    let Some(graded) = computed(&case) else {
        return Decision::out_of_state(Message::new("no_grades"));
    };
    let mut criteria: Vec<Checked> = graded.steps.iter().map(told).collect();
    let grade = request.grade.clone().unwrap_or_else(|| graded.grade.clone());
    let (reason, fault) = note_in_words(request.reason.as_deref(), "/reason");
    criteria.extend(fault);
    if !rules.grades.iter().any(|known| known.id == grade) {
        let known: Vec<&str> = rules.grades.iter().map(|grade| grade.id.as_str()).collect();
        let message = Message::new("grade_unknown").with("grade", grade.as_str()).with("grades", known.join(", "));
        criteria.push(Checked::fault("grade", CheckedKind::Grade, "/grade", message));
    } else if grade != graded.grade && reason.is_none() {
        let message = Message::new("grade_reason").with("computed", graded.grade.as_str());
        criteria.push(Checked::fault("grade", CheckedKind::Grade, "/reason", message));
    }
    let after = Deal { grade: Some(grade.clone()), ..facts.deal.clone() };
    let case = Case { deal: Some(&after), ..case };
    let path = Path { entity: crate::rules::expression::Entity::Deal, name: Key::new("grade") };
    let mut read = graded.facts;
    permit.note(&Case { deal: Some(&facts.deal), ..case }, &mut read);
    criteria.extend(super::validations::validate(std::slice::from_ref(&path), &case, &mut read));
    let is_override = grade != graded.grade;
    Decision::conclude(criteria, read, || Grading {
        deal: facts.deal.id,
        customer: facts.customer.id,
        grade,
        computed: graded.grade,
        reason: reason.filter(|_| is_override),
        by: permit.actor().user(),
        at: now.max(facts.deal.updated_at),
        made: Made::new(),
    })
}

/// How a condition came out, for the record: it explains, and never refuses.
fn told(step: &GradeStep) -> Checked {
    let message = match step.outcome {
        CheckOutcome::Met => Message::new("grade_met").with("grade", step.grade.as_str()),
        CheckOutcome::Missing => Message::new("grade_missing")
            .with("grade", step.grade.as_str())
            .with("fields", if step.missing.is_empty() { "-".to_owned() } else { step.missing.join(", ") }),
        CheckOutcome::Unmet | CheckOutcome::NotApplicable => {
            Message::new("grade_unmet").with("grade", step.grade.as_str())
        }
    };
    let mut checked = Checked::new(step.grade.clone(), CheckedKind::Grade, step.outcome, message);
    checked.severity = super::decision::Severity::Audit;
    checked.fields = step.missing.clone();
    checked
}
