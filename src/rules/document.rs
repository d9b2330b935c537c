//! The YAML as written: a tree of nodes, each with its place, path and style. The only file that names the YAML crate.
//!
//! It reads events instead of deserializing: so the reader sees what serde hides (duplicate keys, tags, anchors, a
//! comment that cuts a text, quotes), never recurses on hostile depth, and tells everything but the first syntax error
//! at once. What a scalar means (number, boolean, date) is decided by who asks for it, not by YAML.

use super::node::{Content, Entry, Node, Scalar, Style};
use super::problem::{Place, Problems, Severity, quoted};
use super::slips;
use crate::texts::Message;
use serde_yaml::granit_parser::{ErrorKind, Event, Options, Parser, ScalarStyle, Span, StructureStyle};
use std::collections::HashSet;

/// A rules file of a large company has some 40 KB; past this it is not a rules file (security.md S20).
pub const AT_MOST_BYTES: usize = 256 * 1024;
/// Nodes (texts, lists, mappings, keys): bounds time and memory whatever the bytes are spent on.
pub const AT_MOST_NODES: usize = 20_000;
/// Nesting: the format itself needs twelve levels.
pub const AT_MOST_DEPTH: usize = 32;

/// The file as a tree; `None` if its syntax or its limits do not let it be one. Problems go to `problems`.
pub(in crate::rules) fn read(text: &str, problems: &Problems) -> Option<Node> {
    // A mark of byte order at the beginning is an editor's, not the company's.
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    if text.len() > AT_MOST_BYTES {
        let message = Message::new("file_too_large").with("at_most", number(AT_MOST_BYTES / 1024));
        problems.report(Severity::Error, Place { line: 1, column: 1, length: 1 }, "", message, None);
        return None;
    }
    let mut reading =
        Reading { problems, open: Vec::new(), root: None, nodes: 0, documents: 0, begun: 1, last_plain: None };
    for event in Parser::new_from_str_with_options(text, options()) {
        match event {
            Ok((event, span)) => {
                if !reading.take(event, span) {
                    return None;
                }
            }
            Err(error) => {
                let marker = error.marker();
                let place =
                    Place { line: count(marker.line()), column: count(marker.col()).saturating_add(1), length: 1 };
                let slip = slips::Slip {
                    code: syntax_code(error.kind()),
                    place,
                    begun: reading.begun,
                    bracket: reading.bracket(),
                };
                slips::report_syntax(&slip, &reading.path(), problems);
                return None;
            }
        }
    }
    if reading.root.is_none() {
        let message = Message::new("file_empty");
        problems.report(Severity::Error, Place { line: 1, column: 1, length: 1 }, "", message, None);
    }
    reading.root
}

fn options() -> Options {
    serde_yaml::granit_parser::options! {
        emit_anchor_events: true,
        emit_unresolved_aliases: true,
        disallow_directives: true,
        flow_nesting_limit: AT_MOST_DEPTH,
        block_nesting_limit: AT_MOST_DEPTH + 1,
        // Comments before an entry wait until it is known what the entry is: pages of them are honest.
        max_buffered_comment_events: 4096,
    }
}

struct Reading<'a, 't> {
    problems: &'a Problems<'t>,
    open: Vec<Open>,
    root: Option<Node>,
    nodes: usize,
    documents: usize,
    /// Line on which the last thing began.
    begun: u32,
    /// Line of the last unquoted text: a comment on the same line cuts it.
    last_plain: Option<u32>,
}

/// A list or mapping whose end has not been read yet.
struct Open {
    node: Node,
    /// The key whose value comes next; a list has none.
    key: Option<(String, Place)>,
    /// The keys so far.
    seen: HashSet<String>,
    /// Written in brackets.
    flow: bool,
}

impl Reading<'_, '_> {
    /// Takes one event; `false` = nothing sensible can follow.
    fn take(&mut self, event: Event<'_>, span: Span) -> bool {
        let place = place(&span);
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.error(place, "several_documents", None);
                    return false;
                }
            }
            Event::Scalar(text, style, _, tag) => {
                self.begun = count(span.start.line());
                let style = match style {
                    _ if tag.is_some() => Style::Told,
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
                    ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
                };
                if tag.is_some() {
                    self.refuse_tag(&span);
                }
                self.last_plain = (style == Style::Plain).then_some(count(span.end.line()));
                let content = Content::Scalar(Scalar { text: text.into_owned(), style, comment: None });
                return self.node(place, content);
            }
            Event::SequenceStart(style, _, tag) => {
                if tag.is_some() {
                    self.refuse_tag(&span);
                }
                return self.begin(place, Content::List { items: Vec::new() }, style == StructureStyle::Flow);
            }
            Event::MappingStart(style, _, tag) => {
                if tag.is_some() {
                    self.refuse_tag(&span);
                }
                let flow = style == StructureStyle::Flow;
                return self.begin(place, Content::Map { entries: Vec::new(), flow }, flow);
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(done) = self.open.pop() {
                    self.put(done.node);
                }
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.error(place, "alias", None);
                let told = Scalar { text: String::new(), style: Style::Told, comment: None };
                return self.node(place, Content::Scalar(told));
            }
            Event::Anchor(..) => self.error(place, "anchor", None),
            Event::Comment(text, _) => self.comment(&text, place),
            // The beginning and end of the stream and of the document; the list is open to what a later parser may tell.
            _ => {}
        }
        true
    }

    fn error(&self, place: Place, code: &'static str, suggestion: Option<String>) {
        let path = self.open.last().map_or("", |open| open.node.path.as_str());
        self.problems.report(Severity::Error, place, path, Message::new(code), suggestion);
    }

    /// Tags would change what a text means; an expression that begins with `!` is one.
    fn refuse_tag(&self, span: &Span) {
        let mark = span.tag_start().unwrap_or(span.start);
        let place = Place { line: count(mark.line()), column: count(mark.col()).saturating_add(1), length: 1 };
        let tag_end = span.tag_span().map_or(mark, |tag| tag.end);
        let end = if span.end.line() == mark.line() { span.end.col().max(tag_end.col()) } else { tag_end.col() };
        let length = end.saturating_sub(mark.col());
        let whole: String = self.problems.line(place.line).chars().skip(mark.col()).take(length).collect();
        let whole = whole.trim_end();
        let suggestion = (!whole.starts_with("!!")).then(|| format!("'{}'", whole.replace('\'', "''")));
        let place = Place { length: count(length).max(1), ..place };
        self.error(place, "tag", suggestion.map(|text| quoted(&text)));
    }

    /// Room for one more node, and its path.
    fn admit(&mut self, place: Place) -> bool {
        self.nodes += 1;
        if self.nodes > AT_MOST_NODES || self.open.len() >= AT_MOST_DEPTH {
            let (code, most) = if self.nodes > AT_MOST_NODES {
                ("too_many_nodes", AT_MOST_NODES)
            } else {
                ("too_deep", AT_MOST_DEPTH)
            };
            let message = Message::new(code).with("at_most", number(most));
            self.problems.report(Severity::Error, place, "", message, None);
            return false;
        }
        true
    }

    fn path(&self) -> String {
        let Some(open) = self.open.last() else { return String::new() };
        match (&open.node.content, &open.key) {
            (Content::List { items }, _) => format!("{}[{}]", open.node.path, items.len()),
            (_, Some((key, _))) if open.node.path.is_empty() => quoted(key),
            (_, Some((key, _))) => format!("{}.{}", open.node.path, quoted(key)),
            (_, None) => open.node.path.clone(),
        }
    }

    fn begin(&mut self, place: Place, content: Content, flow: bool) -> bool {
        self.begun = place.line;
        if !self.admit(place) {
            return false;
        }
        let path = self.path();
        self.open.push(Open { node: Node { place, path, content }, key: None, seen: HashSet::new(), flow });
        true
    }

    fn node(&mut self, place: Place, content: Content) -> bool {
        if !self.admit(place) {
            return false;
        }
        let path = self.path();
        self.put(Node { place, path, content });
        true
    }

    /// Puts a finished node where it belongs: into the list, as the next key, as a key's value, or as the whole.
    fn put(&mut self, node: Node) {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        match &mut open.node.content {
            Content::List { items } => items.push(node),
            Content::Map { entries, .. } => match open.key.take() {
                Some((key, key_place)) => entries.push(Entry { key, key_place, value: node }),
                None => {
                    let place = node.place;
                    let (key, fault) = match node.content {
                        Content::Scalar(scalar) => (scalar.text, None),
                        Content::List { .. } | Content::Map { .. } => (String::new(), Some("key_not_text")),
                    };
                    let again = !open.seen.insert(key.clone());
                    open.key = Some((key.clone(), place));
                    if let Some(code) = fault {
                        self.error(place, code, None);
                    } else if key == "<<" {
                        self.error(place, "merge_key", None);
                    } else if again {
                        let path = self.open.last().map_or("", |open| open.node.path.as_str());
                        let message = Message::new("duplicate_key").with("key", quoted(&key));
                        self.problems.report(Severity::Error, place, path, message, None);
                    }
                }
            },
            Content::Scalar(_) => {}
        }
    }

    /// Where the innermost bracket was opened, if one is open.
    fn bracket(&self) -> Option<Place> {
        self.open.last().filter(|open| open.flow).map(|open| open.node.place)
    }

    /// Notes a comment on the text that it cuts.
    fn comment(&mut self, text: &str, place: Place) {
        if self.last_plain != Some(place.line) {
            return;
        }
        let Some(open) = self.open.last_mut() else { return };
        let last = match &mut open.node.content {
            Content::List { items } => items.last_mut(),
            Content::Map { entries, .. } => entries.last_mut().map(|entry| &mut entry.value),
            Content::Scalar(_) => None,
        };
        if let Some(Node { place: at, content: Content::Scalar(scalar), .. }) = last
            && at.line <= place.line
            && scalar.style == Style::Plain
        {
            scalar.comment = Some(text.to_owned());
        }
    }
}

/// What kind of slip a syntax error is.
fn syntax_code(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar => "yaml_tab",
        ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping
        | ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::ExpectedFlowSequenceSeparator
        | ErrorKind::MisplacedFlowCollectionEnd
        | ErrorKind::MismatchedFlowCollectionEnd { .. }
        | ErrorKind::UnclosedFlowCollection { .. } => "yaml_brackets",
        ErrorKind::UnclosedQuotedScalar
        | ErrorKind::InvalidTrailingSingleQuotedScalar
        | ErrorKind::InvalidTrailingDoubleQuotedScalar
        | ErrorKind::UnknownQuotedScalarEscape
        | ErrorKind::InvalidQuotedScalarHexEscape
        | ErrorKind::InvalidQuotedScalarIndent
        | ErrorKind::DocumentIndicatorInQuotedScalar => "yaml_quotes",
        ErrorKind::InvalidIndentation
        | ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::BlockSequenceEntryNotAllowed
        | ErrorKind::MappingKeyNotAllowed => "yaml_indentation",
        ErrorKind::MappingValueNotAllowed
        | ErrorKind::InvalidColonPlacement
        | ErrorKind::InvalidMappingValueWhitespace => "yaml_colon",
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => "yaml_key_alone",
        ErrorKind::UnexpectedCharacter { .. } | ErrorKind::BomInsideDocument => "yaml_character",
        ErrorKind::RecursionLimitExceeded => "too_deep",
        ErrorKind::DirectiveDisallowed => "yaml_directive",
        ErrorKind::MissingAnchorOrAliasName => "alias",
        ErrorKind::UndeclaredTagHandle
        | ErrorKind::InvalidTagTerminator
        | ErrorKind::UnclosedVerbatimTag
        | ErrorKind::MissingTagUri => "tag",
        _ => "yaml_syntax",
    }
}

fn place(span: &Span) -> Place {
    let one_line = span.start.line() == span.end.line();
    let length = if one_line { span.end.col().saturating_sub(span.start.col()) } else { 1 };
    Place {
        line: count(span.start.line()),
        column: count(span.start.col()).saturating_add(1),
        length: count(length).max(1),
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn number(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
