//! Values in scenarios: each of the type of its field.

use super::calendar::Calendar;
use super::cast::{Known, at_key};
use super::model::{Field, FieldKind};
use super::node::Node;
use super::problem::quoted;
use super::reader::{Reader, Section};
use super::scenarios::Person;
use crate::texts::Message;
use crate::values::{Decimal, Key, Time, Value};
use chrono::{NaiveDateTime, TimeZone};
use indexmap::IndexMap;

impl<'a> Reader<'a> {
    pub(in crate::rules) fn values_under(
        &self,
        section: Section<'a>,
        key: &str,
        fields: &IndexMap<Key, Field>,
        people: &IndexMap<Key, Person>,
        on: &Known<'_, 'a>,
    ) -> IndexMap<Key, Value> {
        section.get(key).map(|node| self.values(node, fields, people, on)).unwrap_or_default()
    }

    /// Values of fields, by the fields' ids.
    pub(in crate::rules) fn values(
        &self,
        node: &'a Node,
        fields: &IndexMap<Key, Field>,
        people: &IndexMap<Key, Person>,
        on: &Known<'_, 'a>,
    ) -> IndexMap<Key, Value> {
        let mut values = IndexMap::new();
        for entry in self.mapping(node).unwrap_or_default() {
            let Some(field) = fields.get(entry.key.as_str()) else {
                self.unknown(
                    &at_key(&entry.value, entry.key_place),
                    &entry.key,
                    "field",
                    fields.keys().map(Key::as_str),
                );
                continue;
            };
            if let Some(value) = self.value(&entry.value, &field.kind, people, on.words.calendar.as_ref()) {
                values.insert(field.id.clone(), value);
            }
        }
        values
    }

    /// A value of the type of a field.
    pub(in crate::rules) fn value(
        &self,
        node: &'a Node,
        kind: &FieldKind,
        people: &IndexMap<Key, Person>,
        calendar: Option<&Calendar>,
    ) -> Option<Value> {
        match kind {
            FieldKind::Text { .. } | FieldKind::Phone | FieldKind::Email | FieldKind::Url => {
                self.text(node).map(Value::Text)
            }
            FieldKind::Choice { of } => self.reference(node, "choice", of.keys()).map(Value::Choice),
            FieldKind::Choices { of } => {
                let items = self.list(node)?;
                Some(Value::Choices(
                    items.iter().filter_map(|item| self.reference(item, "choice", of.keys())).collect(),
                ))
            }
            FieldKind::Number => self.signed(node).map(Value::Number),
            FieldKind::Money { currency } => self.money(node, *currency).map(Value::Money),
            FieldKind::Date => self.date(node).map(Value::Date),
            FieldKind::Time => {
                let local = self.local_time(node)?;
                let zone = calendar?.time_zone();
                let at = zone.from_local_datetime(&local).earliest()?;
                Some(Value::Time(Time::from(at.to_utc())))
            }
            FieldKind::Bool => self.boolean(node).map(Value::Bool),
            FieldKind::User => {
                let id = self.reference(node, "person", people.keys())?;
                people.get(&id).map(|person| Value::User(person.user))
            }
        }
    }

    fn signed(&self, node: &'a Node) -> Option<Decimal> {
        let text = &self.scalar(node, "a_number")?.text;
        let number = super::scalars::decimal(text.strip_prefix('-').unwrap_or(text));
        match number {
            Some(number) => Some(if text.starts_with('-') { -number } else { number }),
            None => self.number(node),
        }
    }

    /// `2026-03-02 10:00`, in the rules' time zone.
    pub(in crate::rules) fn local_time(&self, node: &'a Node) -> Option<NaiveDateTime> {
        let text = &self.scalar(node, "a_local_time")?.text;
        let time = (text.len() == 16).then(|| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").ok()).flatten();
        if time.is_none() {
            self.error(node, Message::new("not_a_local_time").with("text", quoted(text)));
        }
        time
    }
}
