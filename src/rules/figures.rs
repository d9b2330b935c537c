//! Figures: a value, or a list of cases of it of which the first that holds is taken.

use super::constancy::{Constancy, constancy};
use super::criteria::Words;
use super::expression::{Place, Vocabulary};
use super::keys::table;
use super::model::{Case, Figure};
use super::node::{Content, Node};
use super::reader::Reader;
use crate::texts::Message;

/// Cases of one figure.
const CASES_AT_MOST: usize = 20;

impl<'a> Reader<'a> {
    /// A figure whose single values are read by `value`.
    pub(in crate::rules) fn figure<T>(
        &self,
        node: &'a Node,
        words: &Words<'a>,
        vocabulary: &Vocabulary,
        value: impl Fn(&'a Node) -> Option<T>,
    ) -> Option<Figure<T>> {
        let Content::List { items } = &node.content else {
            return value(node).map(|is| Figure { cases: vec![Case { when: None, is }] });
        };
        self.some_items(node)?;
        self.at_most(node, items.len(), CASES_AT_MOST);
        let mut cases = Vec::new();
        let last = items.len().saturating_sub(1);
        for (index, item) in items.iter().enumerate().take(CASES_AT_MOST) {
            let Some(section) = self.section(item, &table::CASE) else { continue };
            if section.has("when") == (index == last) {
                let code = if index == last { "last_case_with_when" } else { "case_without_when" };
                self.error(item, Message::new(code));
            }
            let when = section.get("when").and_then(|node| self.condition(node, Place::Figure, vocabulary));
            if let (Some(when), Some(calendar)) = (&when, &words.calendar) {
                match constancy(when, Place::Figure, vocabulary, calendar) {
                    Some(Constancy::Never) => self.error(item, Message::new("when_never")),
                    Some(Constancy::Always) => self.error(item, Message::new("when_always")),
                    None => {}
                }
            }
            if let Some(is) = section.get("is").and_then(&value) {
                cases.push(Case { when, is });
            }
        }
        (!cases.is_empty()).then_some(Figure { cases })
    }
}
