//! Values as their reader may see them: open, masked, or `{"hidden": true}`; and labels in his language.

use super::json::of_value;
use crate::engine::decision::{FactsRead, Readings};
use crate::engine::facts::FieldValues;
use crate::engine::sight::{FieldSight, Shown, Sight};
use crate::rules::expression::{Entity, Path};
use crate::values::{Key, Value};
use serde_json::{Map, Value as Json, json};

/// What stands in the place of a value that is not for the reader to see.
#[must_use]
pub fn hidden() -> Json {
    json!({ "hidden": true })
}

/// A value on a row.
#[must_use]
pub fn value(sight: &Sight, path: &Path, value: &Value) -> Json {
    match sight.show(path, value) {
        Shown::Open(value) | Shown::Masked(value) => of_value(&value),
        Shown::Hidden => hidden(),
    }
}

/// The company's fields of a row. A hidden one shows as hidden whether it is there or not.
#[must_use]
pub fn fields<'a>(
    sight: &Sight,
    entity: Entity,
    declared: impl Iterator<Item = &'a Key>,
    values: &FieldValues,
) -> Map<String, Json> {
    let mut shown = Map::new();
    for name in declared {
        let path = Path { entity, name: name.clone() };
        let json = match (sight.of(&path), values.get(name)) {
            (FieldSight::Hidden, _) => hidden(),
            (_, None) => Json::Null,
            (_, Some(known)) => value(sight, &path, known),
        };
        shown.insert(name.to_string(), json);
    }
    shown
}

/// Values by the names of what was read (`deal.grade`, `customer.phone before`, `count("call")`).
#[must_use]
pub fn reads<const ROOM: usize>(sight: &Sight, values: &Readings<ROOM>) -> Map<String, Json> {
    values.iter().map(|(name, known)| (name.to_string(), read(sight, name, known))).collect()
}

/// What a decision read, personal values among it.
#[must_use]
pub fn facts(sight: &Sight, facts: &FactsRead) -> Map<String, Json> {
    let mut shown = reads(sight, &facts.values);
    let personal = facts.personal.iter().filter(|(name, _)| !name.starts_with("answer "));
    shown.extend(personal.map(|(name, known)| (name.to_string(), read(sight, name, known))));
    shown
}

fn read(sight: &Sight, name: &str, known: Option<&Value>) -> Json {
    let plain = name.strip_suffix(" before").unwrap_or(name);
    match Path::parse(plain) {
        Some(path) if sight.of(&path) == FieldSight::Hidden => hidden(),
        Some(path) => known.map_or(Json::Null, |known| value(sight, &path, known)),
        // Counts and instants of activities: whoever reads the deal reads these.
        None => known.map_or(Json::Null, of_value),
    }
}
