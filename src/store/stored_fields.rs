//! How the company's own fields lie in a document: `{"city": ["text", "上海"], "size": ["number", "1000..12.5", "12.5"]}`.
//!
//! First what kind of value it is, then a key by which values of the kind compare (text by code point, or a whole
//! number), then what the key does not say. So conditions compare exactly alike in both databases and in memory, and a
//! value never passes for one of another kind after a field's type was changed.

use crate::engine::facts::FieldValues;
use crate::values::{Currency, Decimal, Key, Money, Time, Value};
use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;
use serde_json::json;
use std::fmt;
use std::str::FromStr;

/// Fields as they lie in the column.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct StoredFields(pub FieldValues);

/// The kinds of values, as the first element says them.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "bool",
        // A whole number is a number: fields know no difference.
        Value::Int(_) | Value::Number(_) => "number",
        Value::Text(_) => "text",
        Value::Choice(_) => "choice",
        Value::Choices(_) => "choices",
        Value::Money(_) => "money",
        Value::Date(_) => "date",
        Value::Time(_) => "time",
        Value::Duration(_) => "duration",
        Value::User(_) => "user",
        Value::Team(_) => "team",
        Value::Records(_) => "records",
    }
}

/// What values of a kind compare by.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum OrderKey {
    Text(String),
    Int(i64),
}

/// The key of a value; lists have none.
pub(super) fn order_key(value: &Value) -> Option<OrderKey> {
    Some(match value {
        Value::Bool(flag) => OrderKey::Int(i64::from(*flag)),
        Value::Int(number) => OrderKey::Text(sortable(Decimal::from(*number))),
        Value::Number(number) => OrderKey::Text(sortable(*number)),
        Value::Text(text) => OrderKey::Text(text.clone()),
        Value::Choice(key) => OrderKey::Text(key.to_string()),
        Value::Money(money) => OrderKey::Int(money.amount_minor),
        Value::Date(date) => OrderKey::Text(date.format("%Y-%m-%d").to_string()),
        Value::Time(at) => OrderKey::Int(at.micros()),
        Value::Duration(micros) => OrderKey::Int(*micros),
        Value::User(id) => OrderKey::Text(id.0.simple().to_string()),
        Value::Team(id) => OrderKey::Text(id.0.simple().to_string()),
        Value::Choices(_) | Value::Records(_) => return None,
    })
}

/// A text that sorts by code point as the number does: a sign, 29 digits (the most a decimal has), the fraction. Of
/// negative numbers every digit is turned round, and a closing `~` sorts the shorter fraction last.
pub(super) fn sortable(number: Decimal) -> String {
    let number = number.normalize();
    let text = number.abs().to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let digits = format!("{whole:0>29}.{fraction}");
    if number.is_sign_negative() && !number.is_zero() {
        let turned: String = digits.chars().map(|c| c.to_digit(10).map_or(c, |d| char::from(b'9' - d as u8))).collect();
        format!("0{turned}~")
    } else {
        format!("1{digits}")
    }
}

impl Serialize for StoredFields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Blank is missing: conditions need not ask which of the two.
        let present = self.0.iter().filter(|(_, value)| value.is_present());
        serializer.collect_map(present.map(|(key, value)| (key, write(value))))
    }
}

fn write(value: &Value) -> Json {
    let kind = kind(value);
    match value {
        Value::Int(number) => json!([kind, sortable(Decimal::from(*number)), number.to_string()]),
        Value::Number(number) => json!([kind, sortable(*number), number.normalize().to_string()]),
        Value::Money(money) => json!([kind, money.amount_minor, money.currency.code()]),
        Value::Choices(keys) => json!([kind, keys]),
        Value::Records(records) => json!([kind, records]),
        _ => match order_key(value) {
            Some(OrderKey::Int(number)) => json!([kind, number]),
            Some(OrderKey::Text(text)) => json!([kind, text]),
            None => json!([kind]),
        },
    }
}

impl<'de> Deserialize<'de> for StoredFields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = StoredFields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stored fields by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<StoredFields, A::Error> {
        let mut fields: Vec<(Key, Value)> = Vec::new();
        while let Some(key) = map.next_key::<Key>()? {
            let read = map.next_value::<StoredValue>();
            let told = |fault| A::Error::custom(format!("the stored field `{key}` is not readable: {fault}"));
            let StoredValue(value) = read.map_err(told)?;
            fields.push((key, value));
        }
        // PostgreSQL orders the keys of a document by their length: the same order on both.
        fields.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(StoredFields(fields.into_iter().collect()))
    }
}

/// One value as it lies in a document; made without a tree of JSON between, since every row of every page has some.
struct StoredValue(Value);

impl<'de> Deserialize<'de> for StoredValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = StoredValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a kind, a key and what the key does not say")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<StoredValue, A::Error> {
        let Kind(kind) = next(&mut parts)?;
        let value = match kind {
            "bool" => Value::Bool(next::<i64, A>(&mut parts)? != 0),
            "number" => {
                let _key: IgnoredAny = next(&mut parts)?;
                Value::Number(parsed(&next::<String, A>(&mut parts)?)?)
            }
            "text" => Value::Text(next(&mut parts)?),
            "choice" => Value::Choice(next(&mut parts)?),
            "choices" => Value::Choices(next(&mut parts)?),
            "money" => {
                let minor = next(&mut parts)?;
                let currency = Currency::new(&next::<String, A>(&mut parts)?);
                let money = currency.and_then(|currency| Money::new(minor, currency));
                Value::Money(money.ok_or_else(|| A::Error::custom("an amount that is impossible"))?)
            }
            "date" => Value::Date(parsed(&next::<String, A>(&mut parts)?)?),
            "time" => Value::Time(Time::from_micros(next(&mut parts)?)),
            "duration" => Value::Duration(next(&mut parts)?),
            "user" => Value::User(parsed(&next::<String, A>(&mut parts)?)?),
            "team" => Value::Team(parsed(&next::<String, A>(&mut parts)?)?),
            _ => Value::Records(next(&mut parts)?),
        };
        while parts.next_element::<IgnoredAny>()?.is_some() {}
        Ok(StoredValue(value))
    }
}

fn next<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(parts: &mut A) -> Result<T, A::Error> {
    parts.next_element()?.ok_or_else(|| A::Error::custom("it ends too early"))
}

fn parsed<T: FromStr<Err: fmt::Display>, E: Error>(text: &str) -> Result<T, E> {
    text.parse().map_err(E::custom)
}

/// One of the words of `kind`.
struct Kind(&'static str);

const KINDS: [&str; 12] =
    ["bool", "number", "text", "choice", "choices", "money", "date", "time", "duration", "user", "team", "records"];

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KindVisitor)
    }
}

struct KindVisitor;

impl Visitor<'_> for KindVisitor {
    type Value = Kind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a kind of values")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<Kind, E> {
        let known = KINDS.into_iter().find(|kind| *kind == word);
        known.map(Kind).ok_or_else(|| E::unknown_variant(word, &KINDS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::{TeamId, UserId};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_key_of_a_number_sorts_as_the_number(
            a in any::<i128>(), b in any::<i128>(), scale_a in 0_u32..28, scale_b in 0_u32..28, near in any::<bool>(),
        ) {
            let decimal = |mantissa: i128, scale| Decimal::from_i128_with_scale(mantissa % (1_i128 << 96), scale);
            let a = decimal(a, scale_a);
            let b = if near { a + Decimal::new(i64::from(scale_b), 3) } else { decimal(b, scale_b) };
            prop_assert_eq!(sortable(a).cmp(&sortable(b)), a.cmp(&b), "{} {}", a, b);
        }
    }

    #[test]
    fn every_kind_of_value_is_read_back_as_it_was_written() {
        let cny = Currency::new("CNY").unwrap();
        let values = [
            Value::Bool(true),
            Value::Number("-12.5".parse().unwrap()),
            Value::Text("上海 '\"\\ %_".into()),
            Value::Choice("large".into()),
            Value::Choices(vec!["a".into(), "b".into()]),
            Value::Money(Money::new(-100, cny).unwrap()),
            Value::Date("2026-03-02".parse().unwrap()),
            Value::Time("2026-03-02T10:00:00.000001Z".parse().unwrap()),
            Value::Duration(5),
            Value::User(UserId::new()),
            Value::Team(TeamId::new()),
            Value::Records(vec![vec![("name".into(), Value::Text("Li".into()))]]),
        ];
        assert_eq!(values.each_ref().map(kind), KINDS);
        let fields: FieldValues =
            values.into_iter().enumerate().map(|(n, value)| (Key::new(&format!("f{n:02}")), value)).collect();
        let text = serde_json::to_string(&StoredFields(fields.clone())).unwrap();
        assert_eq!(serde_json::from_str::<StoredFields>(&text).unwrap().0, fields);
    }

    #[test]
    fn what_is_not_readable_is_named() {
        for (text, told) in [
            (r#"{"size": ["colour", "red"]}"#, "`size`"),
            (r#"{"size": ["number", "x"]}"#, "`size`"),
            (r#"{"size": ["number", "x", "y"]}"#, "`size`"),
            (r#"{"size": ["money", 1, "money"]}"#, "`size`"),
            (r#"{"size": []}"#, "`size`"),
            (r#"{"size": 5}"#, "`size`"),
            (r#"[1]"#, "stored fields by name"),
        ] {
            let fault = serde_json::from_str::<StoredFields>(text).unwrap_err().to_string();
            assert!(fault.contains(told), "{text}: {fault}");
        }
        // Of a later version: what it adds behind is passed over.
        let more = serde_json::from_str::<StoredFields>(r#"{"size": ["choice", "large", {"x": [1]}, 2]}"#).unwrap();
        assert_eq!(more.0.get("size"), Some(&Value::Choice("large".into())));
    }

    #[test]
    fn equal_numbers_of_different_scale_have_one_key() {
        let key = |text: &str| sortable(text.parse().unwrap());
        assert_eq!(key("1.50"), key("1.5"));
        assert_eq!(key("-0"), key("0"));
        assert!(key("-1.25") < key("-1.2"));
    }
}
