//! How the company's own fields lie in a document: `{"city": ["text", "上海"], "size": ["number", "1000..12.5", "12.5"]}`.
//!
//! First what kind of value it is, then a key by which values of the kind compare (text by code point, or a whole
//! number), then what the key does not say. So conditions compare exactly alike in both databases and in memory, and a
//! value never passes for one of another kind after a field's type was changed.

use crate::engine::facts::FieldValues;
use crate::values::{Currency, Date, Decimal, Key, Money, TeamId, Time, UserId, Value};
use indexmap::IndexMap;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;
use serde_json::json;

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
        let stored: IndexMap<Key, Vec<Json>> = IndexMap::deserialize(deserializer)?;
        let mut fields = FieldValues::with_capacity(stored.len());
        for (key, parts) in stored {
            let value =
                read(&parts).ok_or_else(|| D::Error::custom(format!("the stored field `{key}` is not readable")))?;
            fields.insert(key, value);
        }
        // PostgreSQL orders the keys of a document by their length: the same order on both.
        fields.sort_unstable_keys();
        Ok(Self(fields))
    }
}

fn read(parts: &[Json]) -> Option<Value> {
    let kind = parts.first()?.as_str()?;
    let key = parts.get(1)?;
    let extra = || parts.get(2)?.as_str();
    Some(match kind {
        "bool" => Value::Bool(key.as_i64()? != 0),
        "number" => Value::Number(extra()?.parse().ok()?),
        "text" => Value::Text(key.as_str()?.to_owned()),
        "choice" => Value::Choice(key.as_str()?.into()),
        "choices" => Value::Choices(Vec::deserialize(key).ok()?),
        "money" => Value::Money(Money::new(key.as_i64()?, Currency::new(extra()?)?)?),
        "date" => Value::Date(key.as_str()?.parse::<Date>().ok()?),
        "time" => Value::Time(Time::from_micros(key.as_i64()?)),
        "duration" => Value::Duration(key.as_i64()?),
        "user" => Value::User(key.as_str()?.parse::<UserId>().ok()?),
        "team" => Value::Team(key.as_str()?.parse::<TeamId>().ok()?),
        "records" => Value::Records(Vec::deserialize(key).ok()?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
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
        let fields: FieldValues =
            values.into_iter().enumerate().map(|(n, value)| (Key::new(&format!("f{n:02}")), value)).collect();
        let text = serde_json::to_string(&StoredFields(fields.clone())).unwrap();
        assert_eq!(serde_json::from_str::<StoredFields>(&text).unwrap().0, fields);
    }

    #[test]
    fn equal_numbers_of_different_scale_have_one_key() {
        let key = |text: &str| sortable(text.parse().unwrap());
        assert_eq!(key("1.50"), key("1.5"));
        assert_eq!(key("-0"), key("0"));
        assert!(key("-1.25") < key("-1.2"));
    }
}
