//! What tells customers apart: the combinations of fields of the rules, and what becomes of them as the rules change.

use super::facts::FieldValues;
use super::renamed::fields as renamed;
use crate::rules::migrate::{Mapping, Migration, What};
use crate::rules::model::{Combination, Rules};
use crate::rules::names::names;
use crate::values::{Key, Value};
use std::collections::BTreeSet;
use std::sync::Arc;
use unicode_normalization::UnicodeNormalization;

/// Between the parts of an identity: no text holds it.
const BETWEEN: &str = "\u{1f}";

/// The identities that these values give: a combination counts only when all of its fields are there.
#[must_use]
pub fn identities(rules: &Rules, values: &FieldValues) -> Vec<(Key, String)> {
    rules.unique.iter().filter_map(|combination| identity(combination, values)).collect()
}

fn identity(combination: &Combination, values: &FieldValues) -> Option<(Key, String)> {
    let parts: Option<Vec<String>> = combination.fields.iter().map(|field| values.get(field).map(alike)).collect();
    Some((combination.id.clone(), parts?.join(BETWEEN)))
}

/// A value as it counts for identity: compatibility forms, case and blanks do not tell two customers apart.
fn alike(value: &Value) -> String {
    let text = match value {
        Value::Text(text) => text.clone(),
        Value::Choice(key) => key.to_string(),
        Value::Choices(keys) => keys.iter().map(Key::as_str).collect::<Vec<_>>().join(","),
        Value::Bool(flag) => flag.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Number(number) => number.normalize().to_string(),
        Value::Money(money) => money.to_string(),
        Value::Date(date) => date.to_string(),
        Value::Time(at) => at.to_string(),
        Value::Duration(micros) => micros.to_string(),
        other => format!("{other:?}"),
    };
    text.nfkc().collect::<String>().to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Combinations that other rules do not take over as they are: new ones, and those of which a value becomes another.
#[derive(Clone, Debug)]
pub struct NewIdentities {
    rules: Arc<Rules>,
    migration: Migration,
    new: BTreeSet<Key>,
}

impl NewIdentities {
    /// `None`: everybody is told apart as before.
    #[must_use]
    pub fn of(old: &Rules, rules: &Arc<Rules>, migration: &Migration) -> Option<Self> {
        // A file says for years what became of what: only what goes now becomes anything.
        let there = names(old);
        let goes = |mapping: &&Mapping| there.contains(&Migration::name(mapping));
        let stays = |one: &Combination| {
            old.unique.iter().any(|other| other.id == one.id && other.fields == one.fields)
                && !migration.mappings.iter().filter(goes).any(|mapping| {
                    match (mapping.what, mapping.from.as_slice()) {
                        (What::Field, [record, _]) => **record == *"customer" && one.fields.contains(&mapping.to),
                        (What::Choice, [record, field, _]) => **record == *"customer" && one.fields.contains(field),
                        _ => false,
                    }
                })
        };
        let new: BTreeSet<Key> = rules.unique.iter().filter(|one| !stays(one)).map(|one| one.id.clone()).collect();
        let gone = old.unique.iter().any(|one| rules.unique.iter().all(|other| other.id != one.id));
        let changed = gone || !new.is_empty();
        changed.then(|| Self { rules: Arc::clone(rules), migration: migration.clone(), new })
    }

    /// Whether there are some to be found.
    #[must_use]
    pub fn adds(&self) -> bool {
        !self.new.is_empty()
    }

    /// Combinations whose identities stay as they are.
    #[must_use]
    pub fn kept(&self) -> Vec<Key> {
        self.rules.unique.iter().filter(|one| !self.new.contains(&one.id)).map(|one| one.id.clone()).collect()
    }

    /// The new identities of a customer whose fields are not mapped yet.
    #[must_use]
    pub fn before(&self, mut values: FieldValues) -> Vec<(Key, String)> {
        renamed(&mut values, "customer", &self.migration);
        self.after(&values)
    }

    /// The new identities of a customer whose fields are as these rules have them.
    #[must_use]
    pub fn after(&self, values: &FieldValues) -> Vec<(Key, String)> {
        let new = self.rules.unique.iter().filter(|one| self.new.contains(&one.id));
        new.filter_map(|one| identity(one, values)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = "format: 1
languages: [en]
currency: CNY
calendar: {time_zone: Asia/Shanghai}
fields: {customer: {name: {type: text}, mobile: {type: text}}}
unique: [[customer.mobile]]
funnels:
  standard: {stages: [{id: resource, kind: start}, {id: won, kind: won}]}
roles:
  admin: {may: [{do: [people.*, rules.*, rules.activate], scope: all}]}
first_administrator: [admin]
";

    #[test]
    fn what_became_of_fields_long_ago_makes_nobody_another() {
        let rules = |text: &str| {
            let checked = crate::rules::check(text, None);
            checked.rules.map(Arc::new).unwrap_or_else(|| panic!("{:?}", checked.problems))
        };
        let renamed = format!("{RULES}migrate: {{fields: {{customer: {{mobile: phone}}}}}}\n");
        let renamed =
            renamed.replace("mobile: {type", "phone: {type").replace("[[customer.mobile]]", "[[customer.phone]]");
        let (before, after) = (rules(RULES), rules(&renamed));
        assert!(NewIdentities::of(&before, &after, &after.migrate).is_some());
        let later = rules(&renamed.replace("stages: [", "label: {en: Sales}, stages: ["));
        assert!(NewIdentities::of(&after, &later, &later.migrate).is_none());
    }
}
