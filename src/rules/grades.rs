//! Grades: a list of which the first that holds is a deal's grade.

use super::constancy::{Constancy, constancy};
use super::criteria::Words;
use super::expression::Place;
use super::keys::table;
use super::model::Grade;
use super::node::Node;
use super::reader::{Reader, Section};
use super::scalars::Letters;
use crate::texts::Message;
use crate::values::Key;

/// Grades of a company: people tell three apart, some five.
const GRADES_AT_MOST: usize = 50;

impl<'a> Reader<'a> {
    /// The ids, for expressions elsewhere.
    pub(in crate::rules) fn grade_ids(&self, file: Section<'a>) -> Vec<Key> {
        let Some(node) = file.get("grades") else { return Vec::new() };
        let items = self.list(node).unwrap_or_default();
        self.at_most(node, items.len(), GRADES_AT_MOST);
        let id = |item: &'a Node| {
            let section = self.section(item, &table::GRADE)?;
            self.id(section.get("id")?, Letters::Any)
        };
        items.iter().take(GRADES_AT_MOST).filter_map(id).collect()
    }

    pub(in crate::rules) fn read_grades(&self, file: Section<'a>, words: &Words<'a>) -> Vec<Grade> {
        let mut grades: Vec<Grade> = Vec::new();
        let Some(node) = file.get("grades") else { return grades };
        let items = self.some_items(node).unwrap_or_default();
        let mut taken: Option<&'a Node> = None;
        for item in items.iter().take(GRADES_AT_MOST) {
            let Some(section) = self.section(item, &table::GRADE) else { continue };
            let Some(id) = section.get("id").and_then(|node| self.id(node, Letters::Any)) else { continue };
            if grades.iter().any(|grade| grade.id == id) {
                self.error(item, Message::new("said_twice").with("text", id.as_str()));
                continue;
            }
            if let Some(all) = taken {
                let message = Message::new("grade_shadowed").with("id", id.as_str());
                self.warn(item, message.with("line", i64::from(all.place.line)));
            }
            let when = section.get("when").and_then(|node| self.condition(node, Place::Grade, &words.vocabulary));
            let found = when
                .as_ref()
                .zip(words.calendar.as_ref())
                .and_then(|(when, calendar)| constancy(when, Place::Grade, &words.vocabulary, calendar));
            match found {
                Some(Constancy::Never) => self.error(item, Message::new("when_never")),
                Some(Constancy::Always) => taken = taken.or(Some(item)),
                None => {}
            }
            if !section.has("when") {
                taken = taken.or(Some(item));
            }
            let same = grades.iter().find(
                |grade| matches!((&grade.when, &when), (Some(one), Some(other)) if one.source() == other.source()),
            );
            if let Some(same) = same {
                let message = Message::new("grade_same_condition").with("id", id.as_str());
                self.warn(item, message.with("other", same.id.as_str()));
            }
            grades.push(Grade { label: self.label_or_id(Some(section), &id), id, when });
        }
        if taken.is_none() && grades.len() == items.len() && !items.is_empty() {
            self.warn(node, Message::new("grades_without_rest"));
        }
        grades
    }
}
