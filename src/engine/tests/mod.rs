//! Text in, text out: the deck's company, a deal of it, and what the engine makes of calls.

mod advice;
mod allocations;
mod assignment;
mod company;
mod criteria;
mod deals;
mod dwell;
mod grade;
mod laws;
mod moves;
mod people;
mod permission;
mod renamed;
mod replay;
mod scenarios;

use crate::engine::decision::{CheckOutcome, Checked, Decision, RefusalKind, Severity};
use crate::values::Language;

pub use company::*;

/// How a decision came out: `allowed`, or every reason to refuse; warnings behind.
pub fn outcome<T>(decision: &Decision<T>) -> String {
    let english = [Language::new("en")];
    let ids = |severity: Severity| -> Vec<String> {
        let unmet = decision.criteria().iter().filter(|checked| checked.is_unmet() && checked.severity == severity);
        unmet.map(named).collect()
    };
    for checked in decision.criteria() {
        assert!(crate::texts::is_known(&checked.message.code), "no text for {}", checked.message.code);
    }
    let said = match decision {
        Decision::Allowed(_) => "allowed".to_owned(),
        Decision::Refused(refusal) => match &refusal.kind {
            RefusalKind::Permission(message) => format!("permission: {}", message.render(&english)),
            RefusalKind::State(message) => format!("state {}: {}", message.code, message.render(&english)),
            RefusalKind::Unmet => format!("refused: {}", ids(Severity::Refuse).join(", ")),
        },
    };
    let told = [("warned", Severity::Warn), ("recorded", Severity::Audit)];
    let told = told.into_iter().map(|(word, severity)| (word, ids(severity))).filter(|(_, ids)| !ids.is_empty());
    told.fold(said, |said, (word, ids)| format!("{said}; {word}: {}", ids.join(", ")))
}

fn named(checked: &Checked) -> String {
    let place = checked.stage.as_ref().map(|stage| format!("{stage}.")).unwrap_or_default();
    let missing = if checked.outcome == CheckOutcome::Missing { "?" } else { "" };
    format!("{place}{}{missing}", checked.id)
}

/// Everything that was checked, one a line: `id outcome: sentence [fields]`.
pub fn told(criteria: &[Checked]) -> String {
    let english = [Language::new("en")];
    let line = |checked: &Checked| {
        let mut line = format!("{} {:?}: {}", named(checked), checked.outcome, checked.message.render(&english));
        if !checked.fields.is_empty() {
            line += &format!(" [{}]", checked.fields.join(" "));
        }
        if let Some(progress) = checked.progress {
            line += &format!(" ({}/{})", progress.there, progress.needed);
        }
        if let Some(at) = checked.possible_from {
            line += &format!(" from {at}");
        }
        if let Some(day) = checked.enforce_from {
            line += &format!(" enforced {day}");
        }
        line
    };
    criteria.iter().map(line).collect::<Vec<_>>().join("\n")
}
