//! Problems as people and programs read them: text with the line and a caret under the place, or JSON.

use super::problem::{Problem, Severity};
use crate::texts::Message;
use crate::values::Language;
use serde::Serialize;
use std::fmt::Write as _;

/// Control characters of direction: a snippet must not let a file turn its own report around.
pub(in crate::rules) fn turns_direction(letter: char) -> bool {
    matches!(letter, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{061C}')
}

/// The problems as text: `file:line:column`, severity, code, sentence, snippet with caret, what was probably meant.
#[must_use]
pub fn text(problems: &[Problem], file_name: &str, wanted: &[Language]) -> String {
    let mut out = String::new();
    for problem in problems {
        let word = Message::new(match problem.severity {
            Severity::Error => "severity_error",
            Severity::Warning => "severity_warning",
        });
        let place = problem.place;
        let _ = write!(out, "{file_name}:{}:{}: {}", place.line, place.column, word.render(wanted));
        let _ = writeln!(out, " [{}]: {}", problem.code(), problem.message.render(wanted));
        write_snippet(&mut out, problem);
        if !problem.path.is_empty() {
            let at = Message::new("problem_path").with("path", problem.path.clone());
            let _ = writeln!(out, "  {}", at.render(wanted));
        }
        if let Some(suggestion) = &problem.suggestion {
            let hint = Message::new("did_you_mean").with("suggestion", suggestion.clone());
            let _ = writeln!(out, "  {}", hint.render(wanted));
        }
        out.push('\n');
    }
    out
}

/// One line on how the check came out.
#[must_use]
pub fn summary(problems: &[Problem], wanted: &[Language]) -> String {
    let count = |severity| problems.iter().filter(|problem| problem.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    Message::new(if errors > 0 { "check_refused" } else { "check_accepted" })
        .with("errors", i64::try_from(errors).unwrap_or(i64::MAX))
        .with("warnings", i64::try_from(warnings).unwrap_or(i64::MAX))
        .render(wanted)
}

fn write_snippet(out: &mut String, problem: &Problem) {
    if problem.snippet.text.trim().is_empty() {
        return;
    }
    let number = problem.place.line.to_string();
    let text: String =
        problem.snippet.text.chars().map(|letter| if turns_direction(letter) { '\u{FFFD}' } else { letter }).collect();
    let before = usize::try_from(problem.place.column.saturating_sub(problem.snippet.first_column)).unwrap_or(0);
    let covered = usize::try_from(problem.place.length).unwrap_or(1).max(1);
    let blank: usize = text.chars().take(before).map(width).sum();
    let caret: usize = text.chars().skip(before).take(covered).map(width).sum();
    let _ = writeln!(out, "  {number} | {}", text.trim_end());
    let _ = writeln!(out, "  {} | {}{}", " ".repeat(number.len()), " ".repeat(blank), "^".repeat(caret.max(1)));
}

/// Columns of a terminal that a character takes: two for Chinese, Japanese, Korean and full-width signs.
fn width(letter: char) -> usize {
    match u32::from(letter) {
        0x0300..=0x036F | 0x200B..=0x200F | 0xFE00..=0xFE0F => 0,
        0x1100..=0x115F
        | 0x2E80..=0x303E
        | 0x3041..=0x33FF
        | 0x3400..=0x4DBF
        | 0x4E00..=0x9FFF
        | 0xA000..=0xA4CF
        | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF
        | 0xFE30..=0xFE6F
        | 0xFF00..=0xFF60
        | 0xFFE0..=0xFFE6
        | 0x1F300..=0x1F64F
        | 0x1F900..=0x1F9FF
        | 0x20000..=0x3FFFD => 2,
        _ => 1,
    }
}

/// A problem as JSON tells it.
#[derive(Clone, Debug, Serialize)]
pub struct ProblemView {
    pub severity: &'static str,
    pub code: String,
    pub message: String,
    pub line: u32,
    pub column: u32,
    pub length: u32,
    pub path: String,
    pub snippet: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
}

/// The problems for JSON, their sentences in the first of `wanted` that is spoken.
#[must_use]
pub fn views(problems: &[Problem], wanted: &[Language]) -> Vec<ProblemView> {
    let view = |problem: &Problem| ProblemView {
        severity: match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        code: problem.code().to_owned(),
        message: problem.message.render(wanted),
        line: problem.place.line,
        column: problem.place.column,
        length: problem.place.length,
        path: problem.path.clone(),
        snippet: problem.snippet.text.clone(),
        suggestion: problem.suggestion.clone(),
    };
    problems.iter().map(view).collect()
}
