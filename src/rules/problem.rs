//! What is wrong with a rules file: each problem with its code, sentence, place, snippet and, where one is at hand, what
//! to write instead. Names `texts` only; how problems are shown is in `render`.
//!
//! INVARIANT: nothing that the checker finds stops it from finding the rest (syntax errors of YAML excepted).

use crate::texts::Message;
use std::cell::RefCell;

/// Enough to mend a file by; a file with more is not read by anybody to the end.
pub const AT_MOST_PROBLEMS: usize = 500;

/// Characters of a line that a snippet shows around the place.
const SNIPPET_WIDTH: usize = 160;

/// Characters of the company's own words quoted in a sentence.
const QUOTED_AT_MOST: usize = 80;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The file is not accepted.
    Error,
    /// The file is accepted; somebody should look at it.
    Warning,
}

/// Where in the file: line and column from 1, in characters, as editors count them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    pub line: u32,
    pub column: u32,
    pub length: u32,
}

/// One thing that is wrong or odd.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    pub severity: Severity,
    /// Its code is the problem's: stable, a published name.
    pub message: Message,
    pub place: Place,
    /// `funnels.standard.stages[2].enter[0]`; empty for the file as a whole.
    pub path: String,
    pub snippet: Snippet,
    /// What to write instead of what the place covers.
    pub suggestion: Option<String>,
}

/// The line of the file, or the part of a long one around the place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snippet {
    pub text: String,
    /// Column of the first character of `text`, from 1.
    pub first_column: u32,
}

impl Problem {
    /// The stable code of what is wrong.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.message.code
    }
}

/// Collects problems while the file is read. Shared by all readers of sections.
#[derive(Debug)]
pub(in crate::rules) struct Problems<'a> {
    lines: Vec<&'a str>,
    found: RefCell<Vec<Problem>>,
}

impl<'a> Problems<'a> {
    pub(in crate::rules) fn new(text: &'a str) -> Self {
        Self { lines: text.lines().collect(), found: RefCell::default() }
    }

    pub(in crate::rules) fn add(&self, problem: Problem) {
        let mut found = self.found.borrow_mut();
        // A list of things that are wrong alike (an unknown stage in each of 200 moves) is cut; the same thing found
        // twice by two checks is told once.
        let again = |other: &Problem| other.place == problem.place && other.message == problem.message;
        if found.len() < AT_MOST_PROBLEMS && !found.iter().any(again) {
            found.push(problem);
        }
    }

    pub(in crate::rules) fn report(
        &self,
        severity: Severity,
        place: Place,
        path: &str,
        message: Message,
        suggestion: Option<String>,
    ) {
        let snippet = self.snippet(place);
        self.add(Problem { severity, message, place, path: path.to_owned(), snippet, suggestion });
    }

    /// Whether anything was found so far that keeps the file from being accepted.
    pub(in crate::rules) fn has_errors(&self) -> bool {
        self.found.borrow().iter().any(|problem| problem.severity == Severity::Error)
    }

    /// How many were found so far: to see whether a part of the file was read without any.
    pub(in crate::rules) fn count(&self) -> usize {
        self.found.borrow().len()
    }

    pub(in crate::rules) fn line(&self, number: u32) -> &'a str {
        let index = usize::try_from(number).unwrap_or(usize::MAX).wrapping_sub(1);
        self.lines.get(index).copied().unwrap_or("")
    }

    fn snippet(&self, place: Place) -> Snippet {
        let line = self.line(place.line);
        let column = usize::try_from(place.column).unwrap_or(1).max(1);
        let skipped = if line.chars().count() <= SNIPPET_WIDTH { 0 } else { column.saturating_sub(SNIPPET_WIDTH / 2) };
        let text =
            line.chars().skip(skipped).take(SNIPPET_WIDTH).map(|letter| if letter.is_control() { ' ' } else { letter });
        Snippet { text: text.collect(), first_column: u32::try_from(skipped).unwrap_or(0) + 1 }
    }

    /// All of them, in the order of the file.
    pub(in crate::rules) fn into_sorted(self) -> Vec<Problem> {
        let mut found = self.found.into_inner();
        found.sort_by(|one, other| {
            (one.place, one.severity, one.code()).cmp(&(other.place, other.severity, other.code()))
        });
        found
    }
}

/// The company's words as a sentence quotes them: on one line, and not longer than a reader wants.
pub(in crate::rules) fn quoted(text: &str) -> String {
    let mut short: String = text
        .chars()
        .take(QUOTED_AT_MOST)
        .map(|letter| if letter.is_control() || crate::rules::render::turns_direction(letter) { ' ' } else { letter })
        .collect();
    if text.chars().nth(QUOTED_AT_MOST).is_some() {
        short.push('…');
    }
    short
}

/// The one of `known` that was probably meant. Names have at most 64 characters; comparing longer texts would spend time
/// that a hostile file asks for.
pub(in crate::rules) fn did_you_mean<'k>(wrong: &str, known: impl IntoIterator<Item = &'k str>) -> Option<String> {
    if wrong.len() > 100 {
        return None;
    }
    super::spelling::nearest(wrong, known).map(str::to_owned)
}
