//! JSON, strictly read: no key twice, no control characters, and every fault with its pointer; and a field's value as
//! JSON.

use crate::texts::Message;
use crate::values::Value;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value as Json, json};
use std::fmt;

/// JSON of which no object has a key twice.
struct Strict(Json);

/// `bytes` as JSON; else what is wrong with them.
///
/// # Errors
/// What is wrong, with line and column.
pub fn read(bytes: &[u8]) -> Result<Json, Message> {
    if bytes.trim_ascii().is_empty() {
        return Err(Message::new("json_missing"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let fault = |fault: serde_json::Error| {
        let text = fault.to_string();
        let message = match text.strip_prefix(TWICE).and_then(|rest| rest.split_once('`')) {
            Some((key, _)) => Message::new("json_key_twice").with("key", key),
            None if text.starts_with(TOO_DEEP) => Message::new("json_too_deep"),
            None => Message::new("json_malformed"),
        };
        let place = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        message.with("line", place(fault.line())).with("column", place(fault.column()))
    };
    let strict = Strict::deserialize(&mut deserializer).map_err(fault)?;
    deserializer.end().map_err(fault)?;
    Ok(strict.0)
}

const TWICE: &str = "key twice: `";
/// How the library says that something lies in too much else.
const TOO_DEEP: &str = "recursion limit exceeded";

/// Pointers to the texts within `value` (keys too) that hold control characters other than tab and line break.
#[must_use]
pub fn control_characters(value: &Json) -> Vec<String> {
    fn walk(value: &Json, pointer: &str, found: &mut Vec<String>) {
        match value {
            Json::String(text) => {
                if text.chars().any(is_forbidden) {
                    found.push(pointer.to_owned());
                }
            }
            Json::Array(list) => {
                for (index, item) in list.iter().enumerate() {
                    walk(item, &format!("{pointer}/{index}"), found);
                }
            }
            Json::Object(map) => {
                for (key, item) in map {
                    if key.chars().any(char::is_control) {
                        found.push(pointer.to_owned());
                    } else {
                        walk(item, &format!("{pointer}/{}", escape(key)), found);
                    }
                }
            }
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }
    let mut found = Vec::new();
    walk(value, "", &mut found);
    found
}

fn is_forbidden(letter: char) -> bool {
    letter.is_control() && !matches!(letter, '\t' | '\n' | '\r')
}

/// A key as a segment of a JSON pointer (RFC 6901).
#[must_use]
pub fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// A field's value as JSON.
#[must_use]
pub fn of_value(value: &Value) -> Json {
    match value {
        Value::Bool(yes) => json!(yes),
        Value::Int(number) | Value::Duration(number) => json!(number),
        Value::Number(number) => json!(number),
        Value::Text(text) => json!(text),
        Value::Choice(key) => json!(key),
        Value::Choices(keys) => json!(keys),
        Value::Money(money) => json!(money),
        Value::Date(date) => json!(date),
        Value::Time(at) => json!(at),
        Value::User(id) => json!(id),
        Value::Team(id) => json!(id),
        Value::Records(records) => records
            .iter()
            .map(|record| record.iter().map(|(key, value)| (key.to_string(), of_value(value))).collect::<Map<_, _>>())
            .map(Json::Object)
            .collect(),
    }
}

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, yes: bool) -> Result<Json, E> {
        Ok(Json::Bool(yes))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(json!(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(json!(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json, E> {
        Ok(json!(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Json, E> {
        Ok(Json::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(serde::de::Error::custom(format!("{TWICE}{key}`")));
            }
            let Strict(value) = entries.next_value()?;
            map.insert(key, value);
        }
        Ok(Json::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Language;

    fn told(text: &[u8]) -> String {
        read(text).unwrap_err().render(&[Language::new("en")])
    }

    #[test]
    fn json_is_read_with_its_order_kept() {
        let text = r#"{"b":[1,-2,3.5,null,true],"a":{"漏斗":"x"}}"#;
        assert_eq!(serde_json::to_string(&read(text.as_bytes()).unwrap()).unwrap(), text);
    }

    #[test]
    fn what_is_not_plain_json_is_refused_with_its_place() {
        insta::assert_snapshot!(told(br#"{"a": 1, "a": 2}"#), @"`a` is given twice: line 1, column 12");
        insta::assert_snapshot!(told(b"{\"a\": 1,\n}"), @"the body is not JSON: line 2, column 1");
        insta::assert_snapshot!(told(b" \n"), @"a body of JSON is needed, at least `{}`");
        let deep = ["[".repeat(200), "]".repeat(200)].concat();
        insta::assert_snapshot!(told(deep.as_bytes()), @"the body is nested too deeply: line 1, column 128");
        for text in [&br#"{"a": "\ud800"}"#[..], b"{} {}", b"", b"\xff", br#"{"a": NaN}"#, &[b'['; 200]] {
            assert!(read(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn control_characters_are_found_wherever_they_hide() {
        let value = read(br#"{"a": ["x", "a\u0000b"], "n/o": "\u0085", "k\u0001": 1, "note": "a\n\tb"}"#).unwrap();
        assert_eq!(control_characters(&value), ["/a/1", "/n~1o", ""]);
    }
}
