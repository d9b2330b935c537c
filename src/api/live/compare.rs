//! What differs between two documents for those who build on them: each change with its place, whether it breaks a client of
//! the first, and a coded message.
//!
//! By the published promise (`Growing`): values and properties that are new in answers break nobody, since clients pass over
//! what they do not know. Whatever may no longer be asked, must now be asked, is no longer answered or may now be null or
//! hidden, does. Words for people do not count.

use super::fields::HIDDEN;
use crate::api::operations::documented;
use crate::rules::diff::ChangeKind;
use crate::texts::{Arg, Message};
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, BTreeSet};

/// Something that differs for clients.
#[derive(Clone, Debug, PartialEq)]
pub struct ContractChange {
    /// `POST /v1/deals/{id}/moves`, or `CustomerFields.size` of a schema.
    pub place: String,
    pub kind: ChangeKind,
    /// Whether a client of the document before may fail with the one after.
    pub breaking: bool,
    pub message: Message,
}

/// Whether something is sent by clients, answered to them, or both.
#[derive(Clone, Copy, Debug, Default)]
struct Way {
    asked: bool,
    answered: bool,
}

/// Limits that bind more when they are lower, and those that bind more when they are higher.
const UPPER: [&str; 3] = ["maxLength", "maximum", "maxItems"];
const LOWER: [&str; 3] = ["minLength", "minimum", "minItems"];
/// What a value must be like.
const FORMS: [&str; 2] = ["pattern", "format"];

/// What differs, operations first, then schemas by name.
#[must_use]
pub fn compare(before: &Json, after: &Json) -> Vec<ContractChange> {
    let mut changes = Vec::new();
    operations(before, after, &mut changes);
    let (old, new) = (ways(before), ways(after));
    for (name, way) in &old {
        let of = |document: &Json| document.pointer(&format!("/components/schemas/{name}")).cloned();
        let (Some(one), Some(other)) = (of(before), of(after)) else { continue };
        let now = new.get(name).copied().unwrap_or_default();
        let way = Way { asked: way.asked && now.asked, answered: way.answered && now.answered };
        schema(name, &one, &other, way, &mut changes);
    }
    changes
}

fn push(changes: &mut Vec<ContractChange>, place: &str, kind: ChangeKind, breaking: bool, message: Message) {
    let message = message.with("place", place);
    changes.push(ContractChange { place: place.to_owned(), kind, breaking, message });
}

fn operations(before: &Json, after: &Json, changes: &mut Vec<ContractChange>) {
    let of = |document: &'_ Json| -> BTreeMap<String, Json> {
        let all = documented(document);
        all.map(|(method, path, one)| (format!("{} {path}", method.to_ascii_uppercase()), one.clone())).collect()
    };
    let (old, new) = (of(before), of(after));
    for line in new.keys().filter(|line| !old.contains_key(*line)) {
        push(changes, line, ChangeKind::Added, false, Message::new("contract_operation_added"));
    }
    for (line, one) in &old {
        match new.get(line) {
            Some(other) => parameters(line, one, other, changes),
            None => push(changes, line, ChangeKind::Removed, true, Message::new("contract_operation_removed")),
        }
    }
}

fn parameters(line: &str, before: &Json, after: &Json, changes: &mut Vec<ContractChange>) {
    let of = |operation: &'_ Json| -> BTreeMap<String, Json> {
        let all = operation.get("parameters").and_then(Json::as_array).into_iter().flatten();
        all.filter_map(|one| Some((one.get("name")?.as_str()?.to_owned(), one.clone()))).collect()
    };
    let (old, new) = (of(before), of(after));
    for (name, other) in &new {
        let place = format!("{line} {name}");
        match old.get(name) {
            Some(one) => {
                let of = |parameter: &Json| parameter.get("schema").cloned().unwrap_or_default();
                schema(&place, &of(one), &of(other), Way { asked: true, answered: false }, changes);
            }
            None => {
                let demanded = other.get("required") == Some(&Json::Bool(true));
                push(changes, &place, ChangeKind::Added, demanded, Message::new("contract_parameter_added"));
            }
        }
    }
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        let place = format!("{line} {name}");
        push(changes, &place, ChangeKind::Removed, true, Message::new("contract_parameter_removed"));
    }
}

/// Which schemas are asked, and which are answered.
fn ways(document: &Json) -> BTreeMap<String, Way> {
    let mut ways: BTreeMap<String, Way> = BTreeMap::new();
    for asked in [true, false] {
        let mut waiting = Vec::new();
        for (_, _, operation) in documented(document) {
            let keys: &[&str] = if asked { &["requestBody", "parameters"] } else { &["responses"] };
            keys.iter()
                .filter_map(|key| operation.get(*key))
                .for_each(|part| super::prune::collect(part, &mut waiting));
        }
        let mut seen = BTreeSet::new();
        while let Some(pointer) = waiting.pop() {
            if !seen.insert(pointer.clone()) {
                continue;
            }
            if let Some(component) = document.pointer(&pointer) {
                super::prune::collect(component, &mut waiting);
            }
            if let Some(name) = pointer.strip_prefix("/components/schemas/") {
                let way = ways.entry(name.to_owned()).or_default();
                *(if asked { &mut way.asked } else { &mut way.answered }) = true;
            }
        }
    }
    ways
}

/// What a schema takes: the types of JSON and the named schemas, and of the former which values.
#[derive(Debug, Default)]
struct Takes {
    kinds: BTreeSet<String>,
    values: Option<BTreeSet<String>>,
    limits: BTreeMap<&'static str, Json>,
}

fn takes(schema: &Json) -> Takes {
    let mut found = Takes::default();
    add(schema, &mut found);
    found
}

fn add(schema: &Json, found: &mut Takes) {
    let Some(map) = schema.as_object() else { return };
    if let Some(target) = map.get("$ref").and_then(Json::as_str) {
        found.kinds.extend(target.rsplit('/').next().map(str::to_owned));
        return;
    }
    if let Some(Json::Array(branches)) = map.get("oneOf") {
        branches.iter().for_each(|branch| add(branch, found));
        return;
    }
    match map.get("type") {
        Some(Json::String(one)) => drop(found.kinds.insert(one.clone())),
        Some(Json::Array(several)) => found.kinds.extend(several.iter().filter_map(Json::as_str).map(str::to_owned)),
        _ => {}
    }
    if let Some(Json::Array(all)) = map.get("enum") {
        let values = all
            .iter()
            .filter(|one| !one.is_null())
            .map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned));
        found.values.get_or_insert_default().extend(values);
    }
    for name in UPPER.iter().chain(&LOWER).chain(&FORMS) {
        if let Some(limit) = map.get(*name) {
            found.limits.insert(name, limit.clone());
        }
    }
}

fn schema(place: &str, before: &Json, after: &Json, way: Way, changes: &mut Vec<ContractChange>) {
    let (old, new) = (takes(before), takes(after));
    let listed = |all: &[&String]| all.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", ");
    let gone: Vec<&String> = old.kinds.difference(&new.kinds).collect();
    let come: Vec<&String> = new.kinds.difference(&old.kinds).collect();
    if !gone.is_empty() {
        let message = Message::new("contract_kind_removed").with("kinds", listed(&gone));
        push(changes, place, ChangeKind::Changed, way.asked, message);
    }
    if !come.is_empty() {
        // Another member of a union is a value that clients pass over; null or a hidden value they do not expect.
        let is_union = after.get("discriminator").is_some();
        let unexpected = come.iter().any(|kind| !is_union || ["null", HIDDEN].contains(&kind.as_str()));
        let message = Message::new("contract_kind_added").with("kinds", listed(&come));
        push(changes, place, ChangeKind::Changed, way.answered && unexpected, message);
    }
    if !(gone.is_empty() && come.is_empty()) && old.kinds.is_disjoint(&new.kinds) {
        return;
    }
    values(place, &old, &new, way, changes);
    limits(place, &old, &new, way, changes);
    if let (Some(one), Some(other)) = (before.get("items"), after.get("items")) {
        schema(&format!("{place}[]"), one, other, way, changes);
    }
    properties(place, before, after, way, changes);
}

fn values(place: &str, old: &Takes, new: &Takes, way: Way, changes: &mut Vec<ContractChange>) {
    let listed = |all: Vec<&String>| all.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", ");
    let (Some(one), Some(other)) = (&old.values, &new.values) else {
        match (&old.values, &new.values) {
            (None, Some(_)) => {
                push(changes, place, ChangeKind::Changed, way.asked, Message::new("contract_values_listed"))
            }
            (Some(_), None) => push(changes, place, ChangeKind::Changed, false, Message::new("contract_values_free")),
            (None | Some(_), _) => {}
        }
        return;
    };
    let come: Vec<&String> = other.difference(one).collect();
    let gone: Vec<&String> = one.difference(other).collect();
    if !come.is_empty() {
        let message = Message::new("contract_value_added").with("values", listed(come));
        push(changes, place, ChangeKind::Added, false, message);
    }
    if !gone.is_empty() {
        let message = Message::new("contract_value_removed").with("values", listed(gone));
        push(changes, place, ChangeKind::Removed, way.asked, message);
    }
}

fn limits(place: &str, old: &Takes, new: &Takes, way: Way, changes: &mut Vec<ContractChange>) {
    for name in UPPER.iter().chain(&LOWER).chain(&FORMS) {
        let (one, other) = (old.limits.get(name), new.limits.get(name));
        if one == other {
            continue;
        }
        let narrower = match (one.and_then(Json::as_f64), other.and_then(Json::as_f64)) {
            (Some(one), Some(other)) if UPPER.contains(name) => other < one,
            (Some(one), Some(other)) if LOWER.contains(name) => other > one,
            // A bound or a form that comes binds, one that goes frees.
            _ => other.is_some(),
        };
        let told = |limit: Option<&Json>| match limit {
            None => Arg::Text("-".to_owned()),
            Some(Json::String(text)) => Arg::Text(text.clone()),
            Some(limit) => Arg::Text(limit.to_string()),
        };
        let message =
            Message::new("contract_limit").with("limit", *name).with("before", told(one)).with("after", told(other));
        push(changes, place, ChangeKind::Changed, way.asked && narrower, message);
    }
}

fn properties(place: &str, before: &Json, after: &Json, way: Way, changes: &mut Vec<ContractChange>) {
    let nothing = Map::new();
    let of = |schema: &'_ Json| {
        schema.get("properties").and_then(Json::as_object).cloned().unwrap_or_else(|| nothing.clone())
    };
    let required = |schema: &Json, name: &str| {
        let all = schema.get("required").and_then(Json::as_array);
        all.is_some_and(|all| all.iter().any(|one| one == name))
    };
    let (old, new) = (of(before), of(after));
    for (name, other) in &new {
        let place = format!("{place}.{name}");
        let (was, is) = (required(before, name), required(after, name));
        match old.get(name) {
            None => {
                let message = Message::new(if is && way.asked {
                    "contract_property_demanded"
                } else {
                    "contract_property_added"
                });
                push(changes, &place, ChangeKind::Added, way.asked && is, message);
            }
            Some(one) => {
                schema(&place, one, other, way, changes);
                if was != is {
                    let code = if is { "contract_property_required" } else { "contract_property_optional" };
                    let breaking = (is && way.asked) || (was && way.answered);
                    push(changes, &place, ChangeKind::Changed, breaking, Message::new(code));
                }
            }
        }
    }
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        let place = format!("{place}.{name}");
        push(
            changes,
            &place,
            ChangeKind::Removed,
            way.asked || way.answered,
            Message::new("contract_property_removed"),
        );
    }
}
