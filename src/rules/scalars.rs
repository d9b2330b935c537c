//! Ids, texts, shares, lengths of time, dates, amounts: single values as the format writes them.

use super::expression::{Expression, Fault, Path, Place as Where, Type, Vocabulary, compile};
use super::keys::table;
use super::model::{Mode, Span};
use super::node::{Content, Node, Style};
use super::problem::{Place, Severity, quoted};
use super::reader::{ID_AT_MOST, Reader, Section};
use super::slips;
use crate::texts::{Arg, Message};
use crate::values::text::{TextFault, clean};
use crate::values::{Currency, Date, Decimal, Key, Language, Localized, Money};

/// Characters of a label, message or other text that people read.
const TEXT_AT_MOST: usize = 500;

/// Words that are no ids: other readers of YAML take them for values, expressions for their own, the format for its own.
const RESERVED: [(&str, &[&str]); 3] = [
    ("reserved_by_yaml", &["true", "false", "yes", "no", "on", "off", "null", "y", "n", "nan", "inf"]),
    (
        "reserved_by_expressions",
        &[
            "in",
            "as",
            "break",
            "const",
            "continue",
            "else",
            "for",
            "function",
            "if",
            "import",
            "let",
            "loop",
            "package",
            "namespace",
            "return",
            "var",
            "void",
            "while",
        ],
    ),
    (
        "reserved_by_format",
        &["creation", "any_open", "next", "later", "earlier", "origin", "forward", "none", "allowed", "computed"],
    ),
];

/// A decimal as a person writes it: digits, at most one point. No sign, exponent, underscore, infinity.
pub(in crate::rules) fn decimal(text: &str) -> Option<Decimal> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (digits(whole) && digits(part) && text.len() <= 20).then(|| text.parse().ok()).flatten()
}

/// Which capitals an id may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rules) enum Letters {
    Small,
    /// Grades: `A`.
    Any,
}

impl<'a> Reader<'a> {
    /// An id that the company gives to something.
    pub(in crate::rules) fn id(&self, node: &'a Node, letters: Letters) -> Option<Key> {
        let text = &self.scalar(node, "an_id")?.text;
        self.id_text(text, node.place, &node.path, letters)
    }

    /// The same, of a key of a mapping.
    pub(in crate::rules) fn id_text(&self, text: &str, place: Place, path: &str, letters: Letters) -> Option<Key> {
        let small = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
        let any = |letter: char| small(letter) || letters == Letters::Any && letter.is_ascii_uppercase();
        let good = text.starts_with(|letter: char| any(letter) && letter.is_ascii_alphabetic())
            && text.chars().all(any)
            && text.len() <= ID_AT_MOST;
        if good {
            let lower = text.to_lowercase();
            let reserved = RESERVED.iter().find(|(_, words)| words.contains(&lower.as_str()));
            let Some((code, _)) = reserved else { return Some(Key::new(text)) };
            self.error_at(place, path, Message::new(code).with("id", text));
            return None;
        }
        if slips::report_full_width(text, place, path, self.problems) {
            return None;
        }
        let lower = text.to_lowercase();
        if lower != text && RESERVED.iter().any(|(_, words)| words.contains(&lower.as_str())) {
            self.error_at(place, path, Message::new("reserved_by_yaml").with("id", quoted(text)));
            return None;
        }
        let made: String =
            text.to_lowercase().chars().map(|letter| if any(letter) { letter } else { '_' }).take(ID_AT_MOST).collect();
        let usable = made.starts_with(|letter: char| letter.is_ascii_lowercase()) && text.is_ascii();
        let message = Message::new("id_form").with("text", quoted(text));
        self.problems.report(Severity::Error, place, path, message, usable.then_some(made));
        None
    }

    /// A text that people read, in the normal form; a comment that cuts it is told.
    pub(in crate::rules) fn text(&self, node: &'a Node) -> Option<String> {
        let scalar = self.scalar(node, "a_text")?;
        slips::report_cut_text(node, scalar, self.problems);
        match clean(&scalar.text, TEXT_AT_MOST, scalar.style == Style::Block) {
            Ok(text) if !text.is_empty() => Some(text),
            Ok(_) => {
                self.error(node, Message::new("blank_text"));
                None
            }
            Err(fault) => {
                self.error(
                    node,
                    match fault {
                        TextFault::Control => Message::new("label_control"),
                        TextFault::Direction => Message::new("label_direction"),
                        TextFault::TooLong { at_most } => {
                            Message::new("label_too_long").with("at_most", i64::try_from(at_most).unwrap_or(i64::MAX))
                        }
                    },
                );
                None
            }
        }
    }

    fn first_language(&self) -> Language {
        self.languages.first().cloned().unwrap_or_else(|| Language::new("en"))
    }

    /// A text, or one for each language of the file.
    pub(in crate::rules) fn label(&self, node: &'a Node) -> Option<Localized> {
        let first = self.first_language();
        let Content::Map { entries, .. } = &node.content else {
            return self.text(node).map(|text| Localized::one(&first, &text));
        };
        let mut texts = std::collections::BTreeMap::new();
        for (index, entry) in entries.iter().enumerate() {
            let before = index.checked_sub(1).and_then(|index| entries.get(index));
            let language = Language::new(&entry.key);
            let known = self.languages.is_empty() || self.languages.contains(&language);
            if !known && !self.comma_cut(entry, before) {
                let known = self.languages.iter().map(Language::as_str);
                let suggestion = super::problem::did_you_mean(&entry.key, known);
                let path = &entry.value.path;
                if !slips::report_full_width(&entry.key, entry.key_place, path, self.problems) {
                    let message = Message::new("unknown_language").with("text", quoted(&entry.key));
                    self.problems.report(Severity::Error, entry.key_place, path, message, suggestion);
                }
            }
            if known && let Some(text) = self.text(&entry.value) {
                texts.insert(language, text);
            }
        }
        (!texts.is_empty()).then(|| Localized::new(first, texts))
    }

    /// The label of something, by default its id in words.
    pub(in crate::rules) fn label_or_id(&self, section: Option<Section<'a>>, id: &str) -> Localized {
        section
            .and_then(|section| section.get("label"))
            .and_then(|node| self.label(node))
            .unwrap_or_else(|| Localized::from_id(&self.first_language(), id))
    }

    /// `true` or `false` under a key, by default `false`.
    pub(in crate::rules) fn flag(&self, section: Section<'a>, key: &str) -> bool {
        section.get(key).and_then(|node| self.boolean(node)).unwrap_or(false)
    }

    /// `30%`, as a share from 0 to 1.
    pub(in crate::rules) fn share(&self, node: &'a Node) -> Option<Decimal> {
        let text = &self.scalar(node, "a_share")?.text;
        let Some(number) = text.strip_suffix('%').map(str::trim_end).and_then(decimal) else {
            let meant = decimal(text).map(|number| {
                let hundred = if number <= Decimal::ONE { number * Decimal::ONE_HUNDRED } else { number };
                format!("{}%", hundred.normalize())
            });
            self.error_with(node, Message::new("not_a_share").with("text", quoted(text)), meant);
            return None;
        };
        if number > Decimal::ONE_HUNDRED {
            self.error(node, Message::new("share_out_of_range").with("text", quoted(text)));
            return None;
        }
        Some(number / Decimal::ONE_HUNDRED)
    }

    /// `5wd`, `3d`, `12h`; longer than nothing.
    pub(in crate::rules) fn span(&self, node: &'a Node) -> Option<Span> {
        let text = &self.scalar(node, "a_span")?.text;
        match Span::parse(text) {
            Ok(Span::WorkdaysMilli(0) | Span::ElapsedMicros(0)) => {
                self.error(node, Message::new("span_of_nothing").with("text", quoted(text)));
                None
            }
            Ok(span) => Some(span),
            Err(message) => {
                if !slips::report_full_width(text, node.place, &node.path, self.problems) {
                    self.error(node, message);
                }
                None
            }
        }
    }

    /// `5wd`: dwell targets are working time.
    pub(in crate::rules) fn workdays(&self, node: &'a Node) -> Option<Span> {
        let span = self.span(node)?;
        if let Span::ElapsedMicros(_) = span {
            let text = node.scalar().map_or("", |scalar| &scalar.text);
            self.error(node, Message::new("not_workdays").with("text", quoted(text)));
            return None;
        }
        Some(span)
    }

    /// `2026-10-01`
    pub(in crate::rules) fn date(&self, node: &'a Node) -> Option<Date> {
        let text = &self.scalar(node, "a_date")?.text;
        let date = (text.len() == 10).then(|| text.parse().ok()).flatten();
        if date.is_none() {
            self.error(node, Message::new("date_form").with("text", quoted(text)));
        }
        date
    }

    /// An amount in major units: `50000` or `50000.50`.
    pub(in crate::rules) fn money(&self, node: &'a Node, currency: Currency) -> Option<Money> {
        let number = self.number(node)?;
        let money = Money::from_major(number, currency).filter(|money| money.major() == number);
        if money.is_none() {
            let message = Message::new("not_money").with("text", number.to_string()).with("currency", currency.code());
            self.error(node, message);
        }
        money
    }

    pub(in crate::rules) fn currency(&self, node: &'a Node) -> Option<Currency> {
        let text = &self.scalar(node, "a_currency")?.text;
        let currency = Currency::new(text);
        if currency.is_none() {
            // What people in China write is not what ISO 4217 calls it.
            let upper = if text.eq_ignore_ascii_case("rmb") { "CNY".to_owned() } else { text.to_uppercase() };
            let meant = Currency::new(&upper).map(|currency| currency.code().to_owned());
            self.error_with(node, Message::new("not_a_currency").with("text", quoted(text)), meant);
        }
        currency
    }

    /// How hard a criterion or validation is, and from when on.
    pub(in crate::rules) fn mode(&self, section: Section<'a>) -> (Mode, Option<Date>) {
        let word = section.get("mode").and_then(|node| self.word(node, &table::MODES));
        let from = section.get("enforce_from").and_then(|node| self.date(node));
        let mode = match word {
            Some("warn") => Mode::Warn,
            Some("audit") => Mode::Audit,
            _ => Mode::Enforce,
        };
        if let (Some(_), Some(word @ ("warn" | "audit"))) = (from, word) {
            let message = Message::new("enforce_from_without_enforce").with("mode", word);
            self.error_at(section.key_place("enforce_from"), &section.node.path, message);
        }
        (mode, from)
    }

    /// A condition, checked against the words of its place.
    pub(in crate::rules) fn condition(
        &self,
        node: &'a Node,
        place: Where,
        vocabulary: &Vocabulary,
    ) -> Option<Expression> {
        let scalar = match &node.content {
            Content::Scalar(scalar) if !scalar.is_nothing() => scalar,
            Content::Scalar(_) => return None,
            // A `: ` or a bracket in an unquoted expression makes YAML see a mapping or list.
            Content::List { .. } | Content::Map { .. } => {
                self.error(node, Message::new("expression_without_quotes"));
                return None;
            }
        };
        if slips::report_cut_expression(node, scalar, self.problems) {
            return None;
        }
        if scalar.style == Style::Plain && slips::report_full_width(&scalar.text, node.place, &node.path, self.problems)
        {
            return None;
        }
        match compile(&scalar.text, &Type::Bool, place, vocabulary) {
            Ok(expression) => Some(expression),
            Err(faults) => {
                for fault in faults {
                    let at = self.place_in(node, &fault);
                    self.problems.report(Severity::Error, at, &node.path, fault.message, fault.suggestion);
                }
                None
            }
        }
    }

    /// A qualified name: `customer.phone`.
    pub(in crate::rules) fn name(&self, node: &'a Node, place: Where, vocabulary: &Vocabulary) -> Option<(Path, Type)> {
        let text = &self.scalar(node, "a_name")?.text;
        if slips::report_full_width(text, node.place, &node.path, self.problems) {
            return None;
        }
        self.name_text(text, node, node.place, place, vocabulary)
    }

    /// The same, of a key of a mapping.
    pub(in crate::rules) fn name_text(
        &self,
        text: &str,
        node: &Node,
        at: Place,
        place: Where,
        vocabulary: &Vocabulary,
    ) -> Option<(Path, Type)> {
        match super::expression::path(text, place, vocabulary) {
            Ok(found) => Some(found),
            Err(fault) => {
                // A suggestion replaces a part of the name; the whole name reads better.
                let suggestion = fault.suggestion.map(|part| {
                    let before = text.get(..fault.offset).unwrap_or("");
                    let after = text.get(fault.offset.saturating_add(fault.length)..).unwrap_or("");
                    format!("{before}{part}{after}")
                });
                self.problems.report(Severity::Error, at, &node.path, fault.message, suggestion);
                None
            }
        }
    }

    /// Where in the file a fault of an expression is.
    fn place_in(&self, node: &Node, fault: &Fault) -> Place {
        let Some(scalar) = node.scalar() else { return node.place };
        let before = scalar.text.get(..fault.offset).unwrap_or("");
        let covered = scalar.text.get(fault.offset..fault.offset.saturating_add(fault.length)).unwrap_or("");
        let length = count(covered.chars().count()).max(1);
        let line = self.problems.line(node.place.line);
        let start = usize::try_from(node.place.column).unwrap_or(1).saturating_sub(1);
        let raw: String = line.chars().skip(start).collect();
        let skipped = match scalar.style {
            Style::Plain if raw.starts_with(scalar.text.as_str()) => before.chars().count(),
            Style::Quoted if !scalar.text.contains('\n') => 1 + before.chars().count() + escapes(&raw, before),
            Style::Block => return self.place_in_block(node, before, length),
            Style::Plain | Style::Quoted | Style::Told => return node.place,
        };
        Place { column: node.place.column.saturating_add(count(skipped)), length, ..node.place }
    }

    /// In a block the text begins on the line after its `|` or `>`.
    fn place_in_block(&self, node: &Node, before: &str, length: u32) -> Place {
        let header = self.problems.line(node.place.line);
        let offset = u32::from(header.trim_end().ends_with(['|', '>', '-', '+']));
        let line = node.place.line.saturating_add(offset).saturating_add(count(before.matches('\n').count()));
        let text = self.problems.line(line);
        let indent = text.chars().take_while(|letter| *letter == ' ').count();
        let column = indent + before.rsplit('\n').next().unwrap_or("").chars().count();
        Place { line, column: count(column).saturating_add(1), length }
    }
}

/// Characters that quotes need more for the part of a text that reads `before`: `''` and `\"`.
fn escapes(raw: &str, before: &str) -> usize {
    let doubled = match raw.chars().next() {
        Some('\'') => '\'',
        _ => '"',
    };
    before.chars().filter(|letter| *letter == doubled || doubled == '"' && *letter == '\\').count()
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A word of ours as an argument: rendered in the reader's language.
pub(in crate::rules) fn word(word: &str) -> Arg {
    Arg::Word(format!("word_{word}").into())
}
