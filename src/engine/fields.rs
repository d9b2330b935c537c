//! Written field values: read from JSON by their declared type, held against the field's own rules, applied.
//!
//! Nothing is changed here: `apply` answers with the values as they would be, what changed, and every fault at once.

use super::decision::{CheckOutcome, Checked, CheckedKind, Readings, Severity};
use super::facts::FieldValues;
use super::sight::Sight;
use crate::rules::expression::{Entity, Path};
use crate::rules::model::{Field, FieldKind};
use crate::texts::Message;
use crate::values::money::LARGEST_EXACT;
use crate::values::text::{self, TextFault};
use crate::values::{Currency, Date, Decimal, Key, Money, Time, Value};
use indexmap::IndexMap;
use std::str::FromStr;

/// Most decimals of a number: what both databases and JSON clients keep exactly.
const MOST_DECIMALS: u32 = 6;
/// Longest e-mail address (RFC 5321) and URL, in characters.
const LONGEST_EMAIL: usize = 254;
const LONGEST_URL: usize = 2048;

/// What somebody wants to write; `None` empties a field.
pub type Written = IndexMap<Key, Option<Value>>;

/// The values as they would be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Applied {
    pub values: FieldValues,
    pub changed: Vec<Path>,
    pub faults: Vec<Checked>,
}

/// Fields of one kind of record, as the rules declare them.
#[derive(Clone, Copy, Debug)]
pub struct Declared<'a> {
    pub entity: Entity,
    pub fields: &'a IndexMap<Key, Field>,
    /// ISO 3166 code of the country of phone numbers without a country code.
    pub country: Option<&'a str>,
}

impl Declared<'_> {
    /// Reads what a client wrote. Faults name the place in the body (`/fields/phone`).
    #[must_use]
    pub fn read(&self, body: &serde_json::Map<String, serde_json::Value>) -> (Written, Vec<Checked>) {
        let mut written = Written::new();
        let mut faults = Vec::new();
        for (name, json) in body {
            let Some(field) = self.fields.get(name.as_str()) else {
                faults.push(self.unknown(name));
                continue;
            };
            if json.is_null() {
                written.insert(field.id.clone(), None);
                continue;
            }
            match read_value(field, json, self.country) {
                // Blank text and empty lists are missing: writing them empties the field.
                Ok(value) => drop(written.insert(field.id.clone(), Some(value).filter(Value::is_present))),
                Err(message) => faults.push(self.fault(&field.id, message)),
            }
        }
        (written, faults)
    }

    /// What somebody writes in a scenario: texts take the form that a client's would, or are at fault.
    #[must_use]
    pub fn read_texts(&self, values: &Written) -> (Written, Vec<Checked>) {
        let (mut written, mut faults) = (values.clone(), Vec::new());
        for (name, value) in values {
            let (Some(field), Some(Value::Text(text))) = (self.fields.get(name), value) else { continue };
            match read_value(field, &serde_json::Value::String(text.clone()), self.country) {
                Ok(value) => drop(written.insert(name.clone(), Some(value).filter(Value::is_present))),
                Err(message) => faults.push(self.fault(name, message)),
            }
        }
        (written, faults)
    }

    /// The values after the write, and what stands against it. `sight` says what the writer may touch; without one
    /// (the product's own writes) everything. `is_new`: required fields must be among the values.
    #[must_use]
    pub fn apply(&self, before: &FieldValues, written: Written, sight: Option<&Sight>, is_new: bool) -> Applied {
        let mut applied = Applied { values: before.clone(), ..Applied::default() };
        for (name, value) in written {
            let Some(field) = self.fields.get(&name) else { continue };
            if before.get(&name) == value.as_ref() {
                continue;
            }
            let path = self.path(&name);
            if sight.is_some_and(|sight| !sight.writable(&path)) {
                applied
                    .faults
                    .push(self.fault(&name, Message::new("field_not_writable").with("field", path.to_string())));
                continue;
            }
            let fault = match &value {
                None if field.required => Some(Message::new("field_required").with("field", path.to_string())),
                None => None,
                Some(value) => newly_chosen(field, before.get(&name), value),
            };
            if let Some(message) = fault {
                applied.faults.push(self.fault(&name, message));
                continue;
            }
            match value {
                Some(value) => drop(applied.values.insert(name.clone(), value)),
                None => drop(applied.values.shift_remove(&name)),
            }
            applied.changed.push(path);
        }
        if is_new {
            let missing =
                self.fields.values().filter(|field| field.required && !applied.values.contains_key(&field.id));
            let told: Vec<Key> = applied.faults.iter().map(|fault| fault.id.clone()).collect();
            let faults: Vec<Checked> = missing
                .filter(|field| !told.contains(&field.id))
                .map(|field| {
                    let name = self.path(&field.id).to_string();
                    self.fault(&field.id, Message::new("field_required").with("field", name))
                })
                .collect();
            applied.faults.extend(faults);
        }
        applied
    }

    fn path(&self, name: &Key) -> Path {
        Path { entity: self.entity, name: name.clone() }
    }

    fn unknown(&self, name: &str) -> Checked {
        let near = self.fields.keys().map(|key| (strsim::damerau_levenshtein(key, name), key)).min();
        let shown: String = name.chars().take(60).collect();
        let message = match near.filter(|(distance, key)| *distance <= key.len() / 3 + 1) {
            Some((_, key)) => {
                Message::new("field_unknown_near").with("field", shown.as_str()).with("near", key.as_str())
            }
            None => Message::new("field_unknown").with("name", shown.as_str()).with("known", "no"),
        };
        self.fault(&Key::new(&shown), message)
    }

    fn fault(&self, name: &Key, message: Message) -> Checked {
        let pointer = format!("/fields/{}", name.replace('~', "~0").replace('/', "~1"));
        field_fault(&pointer, name, message, vec![format!("{}.{name}", self.entity.word())])
    }
}

/// A fault of a place in a body.
#[must_use]
pub fn field_fault(pointer: &str, id: &Key, message: Message, fields: Vec<String>) -> Checked {
    Checked {
        id: id.clone(),
        kind: CheckedKind::Field,
        stage: None,
        outcome: CheckOutcome::Unmet,
        severity: Severity::Refuse,
        message,
        label: None,
        pointer: Some(pointer.to_owned()),
        values: Readings::default(),
        fields,
        progress: None,
        possible_from: None,
        enforce_from: None,
    }
}

/// Retired choices stay where they are and cannot be newly chosen.
fn newly_chosen(field: &Field, before: Option<&Value>, value: &Value) -> Option<Message> {
    let (FieldKind::Choice { of } | FieldKind::Choices { of }) = &field.kind else { return None };
    let had = |key: &Key| match before {
        Some(Value::Choice(old)) => old == key,
        Some(Value::Choices(old)) => old.contains(key),
        _ => false,
    };
    let chosen: &[Key] = match value {
        Value::Choice(key) => std::slice::from_ref(key),
        Value::Choices(keys) => keys,
        _ => &[],
    };
    let retired = chosen.iter().find(|key| !had(key) && of.get(*key).is_some_and(|choice| choice.retired));
    retired.map(|key| Message::new("choice_retired").with("choice", key.as_str()))
}

fn read_value(field: &Field, json: &serde_json::Value, country: Option<&str>) -> Result<Value, Message> {
    let text = || json.as_str().ok_or_else(|| Message::new("value_text"));
    match &field.kind {
        FieldKind::Text { pattern, max } => {
            let text = clean(text()?, *max as usize, true)?;
            let whole = pattern.as_ref().is_none_or(|pattern| text.is_empty() || matches_whole(pattern, &text));
            if whole { Ok(Value::Text(text)) } else { Err(Message::new("value_pattern")) }
        }
        FieldKind::Choice { of } => {
            let chosen = text()?;
            of.get_key_value(chosen)
                .map(|(key, _)| Value::Choice(key.clone()))
                .ok_or_else(|| not_a_choice(of.keys(), chosen))
        }
        FieldKind::Choices { of } => {
            let list = json.as_array().ok_or_else(|| Message::new("value_list"))?;
            let mut chosen: Vec<Key> = Vec::new();
            for one in list.iter().take(of.len() + 1) {
                let one = one.as_str().ok_or_else(|| Message::new("value_list"))?;
                let (key, _) = of.get_key_value(one).ok_or_else(|| not_a_choice(of.keys(), one))?;
                if chosen.contains(key) {
                    return Err(Message::new("value_twice").with("value", one));
                }
                chosen.push(key.clone());
            }
            Ok(Value::Choices(chosen))
        }
        FieldKind::Number => number(json).map(Value::Number),
        FieldKind::Money { currency } => read_money(json, *currency).map(Value::Money),
        FieldKind::Date => Date::from_str(text()?).map(Value::Date).map_err(|_| Message::new("value_date")),
        FieldKind::Time => Time::from_str(text()?).map(Value::Time).map_err(|_| Message::new("value_time")),
        FieldKind::Bool => json.as_bool().map(Value::Bool).ok_or_else(|| Message::new("value_bool")),
        FieldKind::Phone => read_phone(text()?, country).map(Value::Text),
        FieldKind::Email => read_email(text()?).map(Value::Text),
        FieldKind::Url => read_url(text()?).map(Value::Text),
        FieldKind::User => text()?.parse().map(Value::User).map_err(|_| Message::new("value_user")),
    }
}

/// Text in normal form, or why not.
pub fn clean(text: &str, at_most: usize, lines: bool) -> Result<String, Message> {
    text::clean(text, at_most, lines).map_err(|fault| match fault {
        TextFault::Control => Message::new("text_control"),
        TextFault::Direction => Message::new("text_direction"),
        TextFault::TooLong { at_most } => {
            Message::new("text_too_long").with("most", i64::try_from(at_most).unwrap_or(i64::MAX))
        }
    })
}

fn matches_whole(pattern: &regex::Regex, text: &str) -> bool {
    pattern.find(text).is_some_and(|found| found.start() == 0 && found.end() == text.len())
}

fn not_a_choice<'a>(of: impl Iterator<Item = &'a Key>, chosen: &str) -> Message {
    let shown: String = chosen.chars().take(60).collect();
    let all: Vec<&str> = of.map(Key::as_str).collect();
    Message::new("value_choice").with("value", shown).with("choices", all.join(", "))
}

fn number(json: &serde_json::Value) -> Result<Decimal, Message> {
    let fault = || Message::new("value_number").with("decimals", i64::from(MOST_DECIMALS));
    let text = json.as_number().ok_or_else(fault)?.to_string();
    let number = Decimal::from_str(&text).or_else(|_| Decimal::from_scientific(&text)).map_err(|_| fault())?;
    let number = number.normalize();
    if number.scale() > MOST_DECIMALS || number.abs() > Decimal::from(LARGEST_EXACT) {
        return Err(fault());
    }
    Ok(number)
}

/// An amount of a given currency, as `{amount_minor, currency}`.
pub fn read_money(json: &serde_json::Value, currency: Currency) -> Result<Money, Message> {
    let money: Money = serde_json::from_value(json.clone()).map_err(|_| Message::new("value_money"))?;
    let extra = json.as_object().is_some_and(|object| object.len() != 2);
    let money = Money::new(money.amount_minor, money.currency).filter(|_| !extra);
    let money = money.ok_or_else(|| Message::new("value_money"))?;
    if money.currency == currency {
        Ok(money)
    } else {
        Err(Message::new("value_currency").with("currency", currency.code()))
    }
}

/// A phone number in E.164 (`+8675512345678`); without a country code it is read as one of `country`.
pub fn read_phone(text: &str, country: Option<&str>) -> Result<String, Message> {
    let text = clean(text, 40, false)?;
    if text.is_empty() {
        return Ok(text);
    }
    // Full-width digits are common in Chinese address books.
    let plain: String = text
        .chars()
        .map(|letter| match letter {
            '０'..='９' => char::from_u32(letter as u32 - 0xFEE0).unwrap_or(letter),
            '＋' => '+',
            '－' => '-',
            '（' => '(',
            '）' => ')',
            other => other,
        })
        .collect();
    let country = country.and_then(|code| code.parse::<phonenumber::country::Id>().ok());
    let number = phonenumber::parse(country, &plain).map_err(|_| Message::new("value_phone"))?;
    if !phonenumber::is_valid(&number) {
        return Err(Message::new("value_phone"));
    }
    Ok(number.format().mode(phonenumber::Mode::E164).to_string())
}

/// An e-mail address; its domain in lower case.
pub fn read_email(text: &str) -> Result<String, Message> {
    let text = clean(text, LONGEST_EMAIL, false)?;
    if text.is_empty() {
        return Ok(text);
    }
    let options = email_address::Options::default().with_required_tld().without_display_text().without_domain_literal();
    let address =
        email_address::EmailAddress::parse_with_options(&text, options).map_err(|_| Message::new("value_email"))?;
    Ok(format!("{}@{}", address.local_part(), address.domain().to_lowercase()))
}

fn read_url(text: &str) -> Result<String, Message> {
    let text = clean(text, LONGEST_URL, false)?;
    if text.is_empty() {
        return Ok(text);
    }
    let url = url::Url::parse(&text).map_err(|_| Message::new("value_url"))?;
    let plain = matches!(url.scheme(), "http" | "https") && url.has_host() && url.password().is_none();
    if plain && url.username().is_empty() { Ok(url.into()) } else { Err(Message::new("value_url")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However the pattern was put together.
    #[test]
    fn a_pattern_is_for_the_whole_text() {
        for (pattern, text, whole) in [
            ("[0-9]{5}", "10115", true),
            ("[0-9]{5}", "101155", false),
            ("^(?:a)|(b)$", "xb", false),
            ("b|bc", "abc", false),
        ] {
            assert_eq!(matches_whole(&regex::Regex::new(pattern).unwrap(), text), whole, "{pattern} {text}");
        }
    }
}
