//! Newcomers' slips, told in their own words: full-width signs, a comma or ` #` that cuts a text, missing quotes.
//!
//! YAML's own messages name indicators and productions; people who write a rules file have typed `：` for `:`.

use super::document::AT_MOST_DEPTH;
use super::node::{Node, Scalar, Style};
use super::problem::{Place, Problems, Severity, quoted};
use crate::texts::Message;

/// Signs that a Chinese keyboard writes where YAML and expressions want ASCII.
const FULL_WIDTH: [(char, char); 16] = [
    ('：', ':'),
    ('，', ','),
    ('“', '"'),
    ('”', '"'),
    ('‘', '\''),
    ('’', '\''),
    ('＞', '>'),
    ('＜', '<'),
    ('＝', '='),
    ('（', '('),
    ('）', ')'),
    ('【', '['),
    ('】', ']'),
    ('｛', '{'),
    ('｝', '}'),
    ('！', '!'),
];

fn ascii(letter: char) -> Option<char> {
    FULL_WIDTH.iter().find(|(wide, _)| *wide == letter).map(|(_, narrow)| *narrow)
}

/// The same text with ASCII signs, if it has full-width ones.
pub(in crate::rules) fn with_ascii_signs(text: &str) -> Option<String> {
    text.chars().any(|letter| ascii(letter).is_some()).then(|| {
        let mut plain = String::with_capacity(text.len());
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            match ascii(letter) {
                // YAML wants a blank after these; a full-width sign brings its own.
                Some(sign @ (':' | ',')) => {
                    plain.push(sign);
                    if letters.peek().is_some_and(|next| *next != ' ') {
                        plain.push(' ');
                    }
                }
                Some(sign) => plain.push(sign),
                None => plain.push(letter),
            }
        }
        plain
    })
}

/// Tells about full-width signs in `text` where none make sense; `true` if it did.
pub(in crate::rules) fn report_full_width(text: &str, place: Place, path: &str, problems: &Problems) -> bool {
    let Some(sign) = text.chars().find(|letter| ascii(*letter).is_some()) else { return false };
    let message = Message::new("full_width").with("sign", sign.to_string());
    problems.report(Severity::Error, place, path, message, with_ascii_signs(text).map(|text| quoted(&text)));
    true
}

/// A syntax error as the parser sees it.
#[derive(Clone, Copy, Debug)]
pub(in crate::rules) struct Slip {
    pub code: &'static str,
    /// Where the parser noticed.
    pub place: Place,
    /// Line on which the last thing began that could be read.
    pub begun: u32,
    /// The innermost open bracket.
    pub bracket: Option<Place>,
}

/// Tells about a syntax error, as the slip it probably is. The parser often notices late: the slip is where the last
/// thing began.
pub(in crate::rules) fn report_syntax(slip: &Slip, path: &str, problems: &Problems) {
    let report = |place, message, suggestion| problems.report(Severity::Error, place, path, message, suggestion);
    for number in [slip.place.line, slip.begun] {
        let line = problems.line(number);
        if let Some((column, sign)) = full_width_outside_quotes(line) {
            let message = Message::new("full_width").with("sign", sign.to_string());
            let suggestion = with_ascii_signs(line.trim()).map(|text| quoted(&text));
            return report(Place { line: number, column, length: 1 }, message, suggestion);
        }
    }
    let first = slip.bracket.map_or(slip.begun, |bracket| bracket.line);
    for number in first..=slip.place.line {
        if let Some(column) = cutting_comment(problems.line(number)) {
            let message = Message::new("comment_cuts_brackets");
            return report(Place { line: number, column, length: 1 }, message, None);
        }
    }
    if let Some(bracket) = slip.bracket
        && slip.place.line > bracket.line
        && slip.code != "yaml_quotes"
    {
        return report(Place { length: 1, ..bracket }, Message::new("yaml_bracket_open"), None);
    }
    if slip.code == "yaml_quotes"
        && let Some(place) = (slip.begun..slip.place.line).find_map(|line| odd_quote(line, problems.line(line)))
    {
        return report(place, Message::new("yaml_quotes"), None);
    }
    let most = i64::try_from(AT_MOST_DEPTH).unwrap_or(i64::MAX);
    let message = Message::new(slip.code);
    report(slip.place, if slip.code == "too_deep" { message.with("at_most", most) } else { message }, None);
}

/// The quote of a line that has no other end.
fn odd_quote(number: u32, line: &str) -> Option<Place> {
    let mut open: Option<(usize, char)> = None;
    let mut before = ' ';
    for (index, letter) in line.chars().enumerate() {
        match open {
            Some((_, quote)) if letter == quote => open = None,
            Some(_) => {}
            None if letter == '#' && before == ' ' => return None,
            None if matches!(letter, '"' | '\'') && !before.is_alphanumeric() => open = Some((index, letter)),
            None => {}
        }
        before = letter;
    }
    let (index, _) = open?;
    Some(Place { line: number, column: u32::try_from(index).ok()?.saturating_add(1), length: 1 })
}

/// Column of the first full-width sign of structure that stands outside quotes.
fn full_width_outside_quotes(line: &str) -> Option<(u32, char)> {
    let mut quote = None;
    let mut before = ' ';
    for (index, letter) in line.chars().enumerate() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (Some(_), _) => {}
            (None, '#') if before == ' ' => return None,
            (None, '"' | '\'') if !before.is_alphanumeric() => quote = Some(letter),
            (None, '：' | '，' | '“' | '”' | '【' | '】' | '｛' | '｝') => {
                return Some((u32::try_from(index).ok()?.saturating_add(1), letter));
            }
            (None, _) => {}
        }
        before = letter;
    }
    None
}

/// Column of a ` #` that cuts a text behind an opened bracket of the same line; after a comma a comment is honest.
fn cutting_comment(line: &str) -> Option<u32> {
    let mut depth = 0_i32;
    let mut quote = None;
    let mut before = ' ';
    let mut last = ' ';
    for (index, letter) in line.chars().enumerate() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') if !before.is_alphanumeric() => quote = Some(letter),
            (None, '{' | '[') => depth += 1,
            (None, '}' | ']') => depth -= 1,
            (None, '#') if before == ' ' => {
                let cuts = depth > 0 && !matches!(last, ',' | '{' | '[');
                return cuts.then(|| u32::try_from(index).unwrap_or(0).saturating_add(1));
            }
            (None, _) => {}
        }
        before = letter;
        if letter != ' ' {
            last = letter;
        }
    }
    None
}

/// Tells about a text that a comment cuts: `label: Group #1`. A comment proper begins with a blank after its `#`.
pub(in crate::rules) fn report_cut_text(node: &Node, scalar: &Scalar, problems: &Problems) {
    let Some(comment) = &scalar.comment else { return };
    if scalar.style == Style::Plain && !comment.is_empty() && !comment.starts_with([' ', '#', '!']) {
        let whole = format!("{} #{}", scalar.text, comment.trim_end());
        let message = Message::new("comment_cuts_text").with("text", quoted(&whole));
        let suggestion = format!("'{}'", whole.replace('\'', "''"));
        problems.report(Severity::Error, node.place, &node.path, message, Some(quoted(&suggestion)));
    }
}

/// Tells about an unquoted expression that a comment cuts; `true` if it did.
pub(in crate::rules) fn report_cut_expression(node: &Node, scalar: &Scalar, problems: &Problems) -> bool {
    let Some(comment) = &scalar.comment else { return false };
    if scalar.style != Style::Plain {
        return false;
    }
    let whole = format!("{} #{}", scalar.text, comment.trim_end());
    let message = Message::new("comment_cuts_expression").with("text", quoted(&whole));
    let suggestion = format!("'{}'", scalar.text.replace('\'', "''"));
    problems.report(Severity::Error, node.place, &node.path, message, Some(quoted(&suggestion)));
    true
}
