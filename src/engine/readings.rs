//! What a decision read: values by the text of the read, in the order in which they were read.
//!
//! A decision reads a few dozen values and keeps each twice: with what was checked, most often one or two, and for the
//! log. A list that is searched from its beginning, with room in itself for the few, does that without asking for memory,
//! or asking once; a map of hashes asks several times (`engine/tests/allocations.rs`).

use crate::values::{Key, Value};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smallvec::SmallVec;
use std::fmt;

/// Values by the text of what was read (`deal.grade`, `count("call", "reached")`); `None` = missing. Each name once.
/// `ROOM`: how many fit without asking for memory.
#[derive(Clone, Default)]
pub struct Readings<const ROOM: usize = 0>(SmallVec<[(Key, Option<Value>); ROOM]>);

impl<const ROOM: usize> Readings<ROOM> {
    /// Keeps a value; one that was kept under that name gives way, in its place.
    pub fn insert(&mut self, name: Key, value: Option<Value>) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, kept)) => *kept = value,
            None => self.0.push((name, value)),
        }
    }

    /// Room for so many more.
    pub fn reserve(&mut self, more: usize) {
        self.0.reserve(more);
    }

    /// `None`: it was not read; `Some(None)`: it is missing.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Option<&Value>> {
        self.0.iter().find(|(known, _)| *known == *name).map(|(_, value)| value.as_ref())
    }

    #[must_use]
    pub fn contains_key(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Takes a value out.
    pub fn remove(&mut self, name: &str) -> Option<Option<Value>> {
        let place = self.0.iter().position(|(known, _)| *known == *name)?;
        Some(self.0.remove(place).1)
    }

    /// Takes out what does not hold.
    pub fn retain(&mut self, mut holds: impl FnMut(&Key) -> bool) {
        self.0.retain(|(name, _)| holds(name));
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Key, Option<&Value>)> {
        self.0.iter().map(|(name, value)| (name, value.as_ref()))
    }

    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.0.iter().map(|(name, _)| name)
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The same values by the same names; their order is only for readers.
impl<const ROOM: usize> PartialEq for Readings<ROOM> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(name, value)| other.get(name) == Some(value))
    }
}

impl<const ROOM: usize> fmt::Debug for Readings<ROOM> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<const ROOM: usize> FromIterator<(Key, Option<Value>)> for Readings<ROOM> {
    fn from_iter<I: IntoIterator<Item = (Key, Option<Value>)>>(values: I) -> Self {
        let mut readings = Self::default();
        readings.extend(values);
        readings
    }
}

impl<const ROOM: usize> Extend<(Key, Option<Value>)> for Readings<ROOM> {
    fn extend<I: IntoIterator<Item = (Key, Option<Value>)>>(&mut self, values: I) {
        values.into_iter().for_each(|(name, value)| self.insert(name, value));
    }
}

impl<const ROOM: usize> IntoIterator for Readings<ROOM> {
    type Item = (Key, Option<Value>);
    type IntoIter = smallvec::IntoIter<[Self::Item; ROOM]>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// As a map.
impl<const ROOM: usize> Serialize for Readings<ROOM> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de, const ROOM: usize> Deserialize<'de> for Readings<ROOM> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map<const ROOM: usize>;
        impl<'de, const ROOM: usize> Visitor<'de> for Map<ROOM> {
            type Value = Readings<ROOM>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("values by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Readings<ROOM>, A::Error> {
                let mut readings = Readings::default();
                while let Some((name, value)) = map.next_entry()? {
                    readings.insert(name, value);
                }
                Ok(readings)
            }
        }
        deserializer.deserialize_map(Map::<ROOM>)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_kept_once_in_the_order_of_reading() {
        let mut readings: Readings<1> = [("b", Some(Value::Int(1))), ("a", None)]
            .map(|(name, value)| (Key::new(name), value))
            .into_iter()
            .collect();
        readings.insert(Key::new("b"), Some(Value::Int(2)));
        let json = serde_json::to_string(&readings).unwrap();
        assert_eq!(json, r#"{"b":{"int":2},"a":null}"#);
        assert_eq!(serde_json::from_str::<Readings<1>>(&json).unwrap(), readings);
        assert_eq!((readings.get("a"), readings.get("c")), (Some(None), None));
        assert_eq!(readings.remove("b"), Some(Some(Value::Int(2))));
        readings.retain(|name| *name != "a");
        assert!(readings.is_empty());
    }
}
