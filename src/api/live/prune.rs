//! Takes out what the roles can never do, and what nothing refers to any more.

use super::scaffold::Making;
use crate::api::access::Access;
use crate::api::operations::{Operation, documented};
use crate::api::schemas::object_at;
use crate::rules::model::Action;
use serde_json::{Map, Value as Json};
use std::collections::BTreeSet;

/// Takes out the operations that the roles can never perform.
pub fn operations<'a>(making: &mut Making<'_>, table: impl Iterator<Item = &'a Operation>) {
    for operation in table {
        let possible = match operation.access {
            Access::Public | Access::Probe | Access::SignedIn => true,
            Access::May(action) => making.outlook.may(action) && can_be_asked(making, action),
        };
        if !possible {
            remove_operation(making, &operation.path, &operation.method.as_str().to_ascii_lowercase());
        }
    }
}

/// Takes out one operation.
pub fn remove_operation(making: &mut Making<'_>, path: &str, method: &str) {
    let Some(paths) = object_at(&mut making.document, "/paths") else { return };
    let Some(Json::Object(item)) = paths.get_mut(path) else { return };
    item.shift_remove(method);
    if item.is_empty() {
        paths.shift_remove(path);
    }
}

/// Whether there is anything in the rules that the action could be done with.
fn can_be_asked(making: &Making<'_>, action: Action) -> bool {
    let rules = making.rules();
    match action {
        Action::DealsMove => super::moves::is_any(making),
        Action::DealsLog => rules.activities.values().any(|kind| !kind.retired),
        Action::DealsGrade => !rules.grades.is_empty(),
        _ => true,
    }
}

/// Takes out every component and tag that nothing leads to.
pub fn unused(document: &mut Json) {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut waiting = Vec::new();
    if let Some(paths) = document.get("paths") {
        collect(paths, &mut waiting);
    }
    while let Some(pointer) = waiting.pop() {
        if seen.insert(pointer.clone())
            && let Some(component) = document.pointer(&pointer)
        {
            collect(component, &mut waiting);
        }
    }
    for part in ["schemas", "responses", "parameters", "headers"] {
        if let Some(components) = object_at(document, &format!("/components/{part}")) {
            components.retain(|name, _| seen.contains(&format!("/components/{part}/{name}")));
        }
    }
    let tags: BTreeSet<String> = documented(document)
        .flat_map(|(_, _, operation)| operation.get("tags").and_then(Json::as_array).into_iter().flatten())
        .filter_map(|tag| tag.as_str().map(str::to_owned))
        .collect();
    if let Some(Json::Array(all)) = document.get_mut("tags") {
        let name = |tag: &Json| tag.get("name").and_then(Json::as_str).map(str::to_owned);
        all.retain(|tag| name(tag).is_some_and(|name| tags.contains(&name)));
    }
}

/// What a value refers to, as pointers.
pub fn collect(value: &Json, found: &mut Vec<String>) {
    match value {
        Json::Object(map) => references(map, found),
        Json::Array(list) => list.iter().for_each(|inner| collect(inner, found)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

fn references(map: &Map<String, Json>, found: &mut Vec<String>) {
    for (key, inner) in map {
        match (key.as_str(), inner) {
            ("$ref", Json::String(target)) => found.extend(target.strip_prefix('#').map(str::to_owned)),
            ("mapping", Json::Object(mapping)) => {
                let targets = mapping.values().filter_map(Json::as_str);
                found.extend(targets.filter_map(|target| target.strip_prefix('#')).map(str::to_owned));
            }
            _ => collect(inner, found),
        }
    }
}
