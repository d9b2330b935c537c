//! Reads nodes as what a section wants there: mappings with known keys, ids, numbers, dates. Every reader answers with
//! the value, or tells the problem and answers `None`; so sections go on and everything is told at once.

use super::keys::{Kind, Shape};
use super::node::{Content, Entry, Node, Scalar, Style};
use super::problem::{Place, Problems, Severity, did_you_mean, quoted};
use super::scalars::word;
use super::slips;
use crate::texts::Message;
use crate::values::{Currency, Date, Key, Language};

/// Characters of an id: fits a column of a list, and of the database.
pub(in crate::rules) const ID_AT_MOST: usize = 64;

/// What all readers share.
#[derive(Debug)]
pub(in crate::rules) struct Reader<'a> {
    pub problems: &'a Problems<'a>,
    /// The file's languages; the first is that of plain texts.
    pub languages: Vec<Language>,
    pub currency: Currency,
    pub today: Option<Date>,
}

/// A mapping whose keys were compared with what is allowed there.
#[derive(Clone, Copy, Debug)]
pub(in crate::rules) struct Section<'a> {
    pub node: &'a Node,
    shape: &'static Shape,
    entries: &'a [Entry],
}

impl<'a> Section<'a> {
    /// The value under a known key; nothing if it is not there or empty (which was told).
    pub(in crate::rules) fn get(&self, key: &str) -> Option<&'a Node> {
        debug_assert!(self.shape.key(key).is_some_and(super::keys::Key::is_known), "`{key}` is not in the table");
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value).filter(|node| !node.is_nothing())
    }

    /// Place of a key, to tell something about its being there.
    pub(in crate::rules) fn key_place(&self, key: &str) -> Place {
        self.entries.iter().find(|entry| entry.key == key).map_or(self.node.place, |entry| entry.key_place)
    }

    pub(in crate::rules) fn is_of(&self, shape: &'static Shape) -> bool {
        std::ptr::eq(self.shape, shape)
    }

    pub(in crate::rules) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|entry| entry.key == key)
    }

    /// Entries under keys that the company named.
    pub(in crate::rules) fn rest(&self) -> impl Iterator<Item = &'a Entry> {
        let shape = self.shape;
        self.entries.iter().filter(move |entry| shape.key(&entry.key).is_none())
    }
}

impl<'a> Reader<'a> {
    pub(in crate::rules) fn error(&self, node: &Node, message: Message) {
        self.problems.report(Severity::Error, node.place, &node.path, message, None);
    }

    pub(in crate::rules) fn error_with(&self, node: &Node, message: Message, suggestion: Option<String>) {
        self.problems.report(Severity::Error, node.place, &node.path, message, suggestion);
    }

    pub(in crate::rules) fn error_at(&self, place: Place, path: &str, message: Message) {
        self.problems.report(Severity::Error, place, path, message, None);
    }

    pub(in crate::rules) fn warn(&self, node: &Node, message: Message) {
        self.problems.report(Severity::Warning, node.place, &node.path, message, None);
    }

    /// A text, list or mapping stands where something else is wanted.
    fn wrong(&self, node: &Node, wanted: &'static str) {
        if node.is_told() {
            return;
        }
        if let Some(scalar) = node.scalar()
            && scalar.style == Style::Plain
            && slips::report_full_width(&scalar.text, node.place, &node.path, self.problems)
        {
            return;
        }
        let message = match &node.content {
            Content::Scalar(scalar) if scalar.is_nothing() => Message::new("nothing_written"),
            Content::Scalar(scalar) => Message::new("wrong_text").with("text", quoted(&scalar.text)),
            Content::List { .. } => Message::new("wrong_list"),
            Content::Map { .. } => Message::new("wrong_mapping"),
        };
        self.error(node, message.with("wanted", word(wanted)));
    }

    /// A mapping of the given shape: unknown, later and missing keys are told.
    pub(in crate::rules) fn section(&self, node: &'a Node, shape: &'static Shape) -> Option<Section<'a>> {
        let Content::Map { entries, flow } = &node.content else {
            self.wrong(node, "a_mapping");
            return None;
        };
        for (index, entry) in entries.iter().enumerate() {
            match shape.key(&entry.key) {
                Some(key) if !key.is_known() => self.not_yet_known(entry),
                Some(_) if entry.value.is_told() => {}
                Some(_) if entry.value.is_nothing() => {
                    let message = Message::new("nothing_under_key").with("key", quoted(&entry.key));
                    self.error_at(entry.key_place, &entry.value.path, message);
                }
                Some(_) => {}
                None if shape.rest.is_some() => {}
                None => {
                    let before = index.checked_sub(1).and_then(|index| entries.get(index));
                    self.unknown_key(entry, before.filter(|_| *flow), shape, entries);
                }
            }
        }
        for key in shape.keys.iter().filter(|key| key.required) {
            if !entries.iter().any(|entry| entry.key == key.name) {
                let message = Message::new("missing_key").with("key", key.name).with("example", key.example);
                self.error(node, message);
            }
        }
        Some(Section { node, shape, entries })
    }

    fn not_yet_known(&self, entry: &Entry) {
        let message = Message::new("not_yet_known").with("what", quoted(&entry.key));
        self.error_at(entry.key_place, &entry.value.path, message);
    }

    fn unknown_key(&self, entry: &Entry, before: Option<&Entry>, shape: &Shape, entries: &[Entry]) {
        let path = &entry.value.path;
        if entry.key == "<<" || entry.key.is_empty() || self.comma_cut(entry, before) {
            return;
        }
        if slips::report_full_width(&entry.key, entry.key_place, path, self.problems) {
            return;
        }
        let free = |name: &&str| !entries.iter().any(|entry| entry.key == **name);
        let known = shape.keys.iter().filter(|key| key.is_known()).map(|key| key.name);
        let suggestion = did_you_mean(&entry.key, known.clone().filter(free));
        let names: Vec<String> = known.map(|name| format!("`{name}`")).collect();
        let message = Message::new("unknown_key").with("key", quoted(&entry.key)).with("known", names.join(", "));
        self.problems.report(Severity::Error, entry.key_place, path, message, suggestion);
    }

    /// `{en: a, b}`: YAML takes `b` for a key. Tells it and answers `true` if that is what happened.
    pub(in crate::rules) fn comma_cut(&self, entry: &Entry, before: Option<&Entry>) -> bool {
        let Some(Entry { value: Node { content: Content::Scalar(text), .. }, .. }) = before else { return false };
        if !entry.value.is_nothing() || text.style != Style::Plain {
            return false;
        }
        let whole = format!("{}, {}", text.text, entry.key);
        let message = Message::new("comma_cuts_text").with("text", quoted(&whole));
        let suggestion = format!("'{}'", quoted(&whole).replace('\'', "''"));
        self.problems.report(Severity::Error, entry.key_place, &entry.value.path, message, Some(suggestion));
        true
    }

    /// The items of a list.
    pub(in crate::rules) fn list(&self, node: &'a Node) -> Option<&'a [Node]> {
        match &node.content {
            Content::List { items } => Some(items),
            Content::Scalar(_) | Content::Map { .. } => {
                self.wrong(node, "a_list");
                None
            }
        }
    }

    /// The items of a list that must have some; `None` if it has none or is none, which is told.
    pub(in crate::rules) fn some_items(&self, node: &'a Node) -> Option<&'a [Node]> {
        let items = self.list(node)?;
        if items.is_empty() {
            self.error(node, Message::new("empty_list"));
            return None;
        }
        Some(items)
    }

    /// The entries of a mapping under names that the company gives.
    pub(in crate::rules) fn mapping(&self, node: &'a Node) -> Option<&'a [Entry]> {
        match &node.content {
            Content::Map { entries, .. } => Some(entries),
            Content::Scalar(_) | Content::List { .. } => {
                self.wrong(node, "a_mapping");
                None
            }
        }
    }

    /// Refuses more things than a limit; a list with more is read as far as the limit goes.
    pub(in crate::rules) fn at_most(&self, node: &Node, count: usize, most: usize) {
        if count > most {
            let message = Message::new("too_many_things")
                .with("count", i64::try_from(count).unwrap_or(i64::MAX))
                .with("at_most", i64::try_from(most).unwrap_or(i64::MAX));
            self.error(node, message);
        }
    }

    /// The text of a scalar, as written.
    pub(in crate::rules) fn scalar(&self, node: &'a Node, wanted: &'static str) -> Option<&'a Scalar> {
        match node.scalar() {
            Some(scalar) if !scalar.is_nothing() => Some(scalar),
            _ => {
                self.wrong(node, wanted);
                None
            }
        }
    }

    /// An unquoted scalar: numbers and truth values.
    fn bare(&self, node: &'a Node, wanted: &'static str) -> Option<&'a str> {
        let scalar = self.scalar(node, wanted)?;
        if scalar.style == Style::Plain {
            return Some(&scalar.text);
        }
        let message = Message::new("quoted_value").with("text", quoted(&scalar.text));
        self.error_with(node, message.with("wanted", word(wanted)), Some(quoted(&scalar.text)));
        None
    }

    pub(in crate::rules) fn boolean(&self, node: &'a Node) -> Option<bool> {
        match self.bare(node, "a_bool")? {
            "true" => Some(true),
            "false" => Some(false),
            text => {
                let meant = match text.to_lowercase().as_str() {
                    "yes" | "y" | "on" | "true" | "1" | "是" => Some("true".to_owned()),
                    "no" | "n" | "off" | "false" | "0" | "否" => Some("false".to_owned()),
                    _ => None,
                };
                self.error_with(node, Message::new("not_a_bool").with("text", quoted(text)), meant);
                None
            }
        }
    }

    /// A whole number within the bounds that the table gives this key.
    pub(in crate::rules) fn whole(&self, node: &'a Node, kind: &Kind) -> Option<u32> {
        let Kind::Whole { from, to } = kind else { return None };
        self.whole_between(node, *from, *to)
    }

    pub(in crate::rules) fn whole_between(&self, node: &'a Node, from: u32, to: u32) -> Option<u32> {
        let text = self.bare(node, "a_whole_number")?;
        match text.parse::<u32>() {
            Ok(number) if (from..=to).contains(&number) && !text.starts_with('+') => Some(number),
            _ if text.bytes().all(|byte| byte.is_ascii_digit()) || text.parse::<i64>().is_ok() => {
                let message = Message::new("number_out_of_range").with("text", quoted(text));
                self.error(node, message.with("from", i64::from(from)).with("to", i64::from(to)));
                None
            }
            _ => {
                self.wrong(node, "a_whole_number");
                None
            }
        }
    }

    /// A decimal number, not negative.
    pub(in crate::rules) fn number(&self, node: &'a Node) -> Option<crate::values::Decimal> {
        let text = self.bare(node, "a_number")?;
        let number = super::scalars::decimal(text);
        if number.is_none() {
            self.wrong(node, "a_number");
        }
        number
    }

    /// One of a closed list of words.
    pub(in crate::rules) fn word(&self, node: &'a Node, words: &[&'static str]) -> Option<&'static str> {
        let text = &self.scalar(node, "a_word")?.text;
        let found = words.iter().find(|word| **word == *text).copied();
        if found.is_none() && !slips::report_full_width(text, node.place, &node.path, self.problems) {
            let known: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            let message = Message::new("unknown_word").with("text", quoted(text)).with("known", known.join(", "));
            self.error_with(node, message, did_you_mean(text, words.iter().copied()));
        }
        found
    }

    /// A reference to something declared in the file. `what` is the code of the word for it.
    pub(in crate::rules) fn reference<'k>(
        &self,
        node: &'a Node,
        what: &'static str,
        known: impl IntoIterator<Item = &'k Key> + Clone,
    ) -> Option<Key> {
        let text = &self.scalar(node, what)?.text;
        let found = known.clone().into_iter().find(|key| **key == **text).cloned();
        if found.is_none() {
            self.unknown(node, text, what, known.into_iter().map(Key::as_str));
        }
        found
    }

    /// Tells that a name was declared nowhere.
    pub(in crate::rules) fn unknown<'k>(
        &self,
        node: &Node,
        text: &str,
        what: &'static str,
        known: impl Iterator<Item = &'k str>,
    ) {
        let undeclared = what == "stage" && known.size_hint() == (0, Some(0));
        if !undeclared && !slips::report_full_width(text, node.place, &node.path, self.problems) {
            let message = Message::new("unknown_name").with("text", quoted(text)).with("what", word(what));
            self.error_with(node, message, did_you_mean(text, known));
        }
    }
}
