//! The company's own fields, as types: as they are shown, with what may be hidden or masked, and as they may be written.

use super::scaffold::{Making, pascal, reference, require};
use crate::engine::outlook::FieldOutlook;
use crate::rules::expression::{Entity, Path};
use crate::rules::model::{Action, Choice, Field, FieldKind};
use crate::texts::Message;
use crate::values::money::LARGEST_EXACT;
use crate::values::{Key, Language};
use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

/// Longest text that is shown, in characters: rules may allow shorter ones only since what is there was written.
const LONGEST_SHOWN: u32 = 10_100;

/// What stands in the place of a value that is hidden.
pub const HIDDEN: &str = "HiddenValue";

/// Where fields are shown: schema, property, whose, the name of the type.
const SHOWN: [(&str, &str, Entity, &str); 4] = [
    ("Customer", "fields", Entity::Customer, "CustomerFields"),
    ("Deal", "customer_fields", Entity::Customer, "DealCustomerFields"),
    ("Deal", "fields", Entity::Deal, "DealFields"),
    ("User", "fields", Entity::User, "UserFields"),
];

/// Where fields are written: schema, whose, by which action, whether the record is new, the name of the type.
const WRITTEN: [(&str, Entity, Action, bool, &str); 6] = [
    ("NewCustomerBody", Entity::Customer, Action::CustomersWrite, true, "NewCustomerFields"),
    ("CustomerPatchBody", Entity::Customer, Action::CustomersWrite, false, "CustomerPatchFields"),
    ("NewDealBody", Entity::Deal, Action::DealsCreate, true, "NewDealFields"),
    ("DealPatchBody", Entity::Deal, Action::DealsWrite, false, "DealPatchFields"),
    ("NewUserBody", Entity::User, Action::PeopleWrite, true, "NewUserFields"),
    ("UserPatchBody", Entity::User, Action::PeopleWrite, false, "UserPatchFields"),
];

/// Types the fields wherever they are shown or written.
pub fn type_all(making: &mut Making<'_>) {
    let about = making.say(&Message::new("document_hidden"));
    let hidden = json!({"type": "boolean", "enum": [true]});
    let hidden = json!({"type": "object", "description": about, "required": ["hidden"],
        "properties": {"hidden": hidden}, "additionalProperties": false});
    making.put(HIDDEN, hidden);
    for (schema, property, entity, name) in SHOWN {
        let shown = shown(making, schema, entity);
        making.put(name, shown);
        for own in own_of(making, schema) {
            if let Some(place) = making.property_mut(&own, property) {
                ["type", "additionalProperties"].iter().for_each(|key| drop(place.shift_remove(*key)));
                place.insert("$ref".into(), json!(super::scaffold::target(name)));
            }
        }
    }
    for (schema, entity, action, is_new, name) in WRITTEN {
        let written = written(making, entity, action, is_new);
        let demanded = written.get("required").is_some();
        let empty = written.get("properties").and_then(Json::as_object).is_none_or(Map::is_empty);
        making.put(name, written);
        for own in own_of(making, schema) {
            if empty {
                making.remove_property(&own, "fields");
            } else if let Some(schema) = making.schema_mut(&own) {
                if let Some(Json::Object(properties)) = schema.get_mut("properties") {
                    properties.insert("fields".into(), reference(name));
                }
                if demanded {
                    require(schema, "fields");
                }
            }
        }
    }
    contacts(making);
}

/// The schemas that stand for one: itself, or those of a union that it became.
fn own_of(making: &Making<'_>, schema: &str) -> Vec<String> {
    let branches = making.schema(schema).and_then(|schema| schema.get("oneOf")).and_then(Json::as_array);
    let Some(branches) = branches else { return vec![schema.to_owned()] };
    let targets = branches.iter().filter_map(|one| one.get("$ref").and_then(Json::as_str));
    targets.filter_map(|target| target.rsplit('/').next()).map(str::to_owned).collect()
}

/// The people at a customer, which grants may close as they close fields.
fn contacts(making: &mut Making<'_>) {
    let path = Path { entity: Entity::Customer, name: Key::new("contacts") };
    if !making.outlook.of_customer(&path).open {
        making.remove_property("Customer", "contacts");
    }
    if !making.outlook.writes(Action::CustomersWrite, &path) {
        ["NewCustomerBody", "CustomerPatchBody"].iter().for_each(|body| making.remove_property(body, "contacts"));
    }
}

fn declared<'a>(making: &Making<'a>, entity: Entity) -> &'a IndexMap<Key, Field> {
    let fields = &making.rules().fields;
    match entity {
        Entity::Customer => &fields.customer,
        Entity::User => &fields.user,
        _ => &fields.deal,
    }
}

/// The fields of a record as they are shown: all that are ever seen, each of them always there.
fn shown(making: &mut Making<'_>, schema: &str, entity: Entity) -> Json {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, field) in declared(making, entity) {
        let path = Path { entity, name: name.clone() };
        let outlook = match (entity, schema) {
            (Entity::User, _) => FieldOutlook { open: true, ..FieldOutlook::default() },
            (_, "Customer") => making.outlook.of_customer(&path),
            _ => making.outlook.of_deal(&path),
        };
        if !outlook.is_seen() {
            continue;
        }
        let mut property = as_shown(field, outlook, entity != Entity::User);
        say(&mut property, field, making.languages);
        if !is_ever_written(making, &path) {
            property.insert("readOnly".into(), json!(true));
        }
        properties.insert(name.to_string(), Json::Object(property));
        // Of a user, only what he has is there.
        if entity != Entity::User {
            required.push(name);
        }
    }
    let about = making.say(&Message::new("document_fields_shown"));
    let mut schema = json!({"type": "object", "description": about});
    if let Json::Object(schema) = &mut schema {
        if properties.is_empty() {
            schema.insert("additionalProperties".into(), json!(true));
        } else {
            schema.insert("required".into(), json!(required));
            schema.insert("properties".into(), Json::Object(properties));
        }
    }
    schema
}

fn is_ever_written(making: &Making<'_>, path: &Path) -> bool {
    WRITTEN
        .iter()
        .filter(|(_, entity, ..)| *entity == path.entity)
        .any(|(_, _, action, ..)| may_write(making, *action, path))
}

fn may_write(making: &Making<'_>, action: Action, path: &Path) -> bool {
    making.outlook.may(action) && (path.entity == Entity::User || making.outlook.writes(action, path))
}

/// The fields of a record as they may be written.
fn written(making: &mut Making<'_>, entity: Entity, action: Action, is_new: bool) -> Json {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, field) in declared(making, entity) {
        if !may_write(making, action, &Path { entity, name: name.clone() }) {
            continue;
        }
        let mut property = value(making, field, is_new);
        if !field.required {
            property = nullable(property);
        } else if is_new {
            required.push(name);
        }
        say(&mut property, field, making.languages);
        properties.insert(name.to_string(), Json::Object(property));
    }
    let about = making.say(&Message::new(if is_new { "document_fields_new" } else { "document_fields_patch" }));
    let mut schema = json!({"type": "object", "description": about, "additionalProperties": false});
    if let Json::Object(schema) = &mut schema {
        schema.insert("properties".into(), Json::Object(properties));
        if !required.is_empty() {
            schema.insert("required".into(), json!(required));
        }
    }
    schema
}

/// A field's words for people, and what else it is.
fn say(property: &mut Map<String, Json>, field: &Field, languages: &[Language]) {
    property.insert("title".into(), json!(field.label.get(languages)));
    if let FieldKind::Choice { of } | FieldKind::Choices { of } = &field.kind {
        let line = |one: &Choice| format!("- `{}`: {}", one.id, one.label.get(languages));
        let lines: Vec<String> = of.values().map(line).collect();
        property.insert("description".into(), json!(format!("{}\n\n{}", field.label.get(languages), lines.join("\n"))));
    }
    if field.retired {
        property.insert("deprecated".into(), json!(true));
    }
}

/// A value as it is given. `chosen_newly`: what is retired is not offered.
fn value(making: &mut Making<'_>, field: &Field, chosen_newly: bool) -> Map<String, Json> {
    let ids = |of: &IndexMap<Key, Choice>| -> Vec<Key> {
        of.values().filter(|one| !chosen_newly || !one.retired).map(|one| one.id.clone()).collect()
    };
    let schema = match &field.kind {
        FieldKind::Text { pattern, max } => {
            let mut schema = json!({"type": "string", "maxLength": max});
            if let (Some(pattern), Json::Object(schema)) =
                (pattern.as_ref().and_then(|one| plain(one.as_str())), &mut schema)
            {
                schema.insert("pattern".into(), json!(pattern));
            }
            schema
        }
        FieldKind::Choice { of } => json!({"type": "string", "enum": ids(of)}),
        FieldKind::Choices { of } => listed(&ids(of)),
        FieldKind::Money { currency } => {
            let name = format!("{}Amount", pascal(&currency.code().to_ascii_lowercase()));
            if making.schema(&name).is_none() {
                let about = making.say(&Message::new("document_money").with("currency", currency.code()));
                let amount =
                    json!({"type": "integer", "format": "int64", "minimum": -LARGEST_EXACT, "maximum": LARGEST_EXACT});
                let schema = json!({"type": "object", "description": about, "required": ["amount_minor", "currency"],
                    "properties": {"amount_minor": amount, "currency": {"type": "string", "enum": [currency.code()]}},
                    "additionalProperties": false});
                making.put(&name, schema);
            }
            reference(&name)
        }
        FieldKind::Email => json!({"type": "string", "format": "email", "maxLength": 254}),
        FieldKind::Url => json!({"type": "string", "format": "uri", "maxLength": 2048}),
        FieldKind::Phone => json!({"type": "string", "maxLength": 40}),
        FieldKind::Number | FieldKind::Date | FieldKind::Time | FieldKind::Bool | FieldKind::User => {
            simple(&field.kind)
        }
    };
    into_map(schema)
}

/// A value as it is shown.
fn as_shown(field: &Field, outlook: FieldOutlook, may_be_null: bool) -> Map<String, Json> {
    let ids = |of: &IndexMap<Key, Choice>| -> Vec<Key> { of.keys().cloned().collect() };
    let schema = match &field.kind {
        _ if outlook.masked => json!({"type": "string", "maxLength": LONGEST_SHOWN}),
        FieldKind::Text { .. } | FieldKind::Phone | FieldKind::Email | FieldKind::Url => {
            json!({"type": "string", "maxLength": LONGEST_SHOWN})
        }
        // Exact in every client.
        FieldKind::Number => json!({"type": "string", "maxLength": 40, "pattern": "^-?[0-9]+([.][0-9]+)?$"}),
        FieldKind::Choice { of } => json!({"type": "string", "enum": ids(of)}),
        FieldKind::Choices { of } => listed(&ids(of)),
        FieldKind::Money { .. } => reference("Money"),
        FieldKind::Date | FieldKind::Time | FieldKind::Bool | FieldKind::User => simple(&field.kind),
    };
    let mut schema = into_map(schema);
    if may_be_null {
        schema = nullable(schema);
    }
    // What is left of an address without a domain is nothing.
    let left_with_nothing = outlook.masked && matches!(field.kind, FieldKind::Email | FieldKind::Url);
    if outlook.hidden || left_with_nothing {
        schema = match schema.shift_remove("oneOf") {
            Some(Json::Array(mut branches)) => {
                branches.push(reference(HIDDEN));
                into_map(json!({"oneOf": branches}))
            }
            _ => into_map(json!({"oneOf": [schema, reference(HIDDEN)]})),
        };
    }
    schema
}

fn simple(kind: &FieldKind) -> Json {
    match kind {
        FieldKind::Number => json!({"type": "number", "minimum": -LARGEST_EXACT, "maximum": LARGEST_EXACT}),
        FieldKind::Date => json!({"type": "string", "format": "date", "maxLength": 10}),
        FieldKind::Time => json!({"type": "string", "format": "date-time", "maxLength": 64}),
        FieldKind::Bool => json!({"type": "boolean"}),
        _ => json!({"type": "string", "format": "uuid", "maxLength": 36}),
    }
}

fn listed(ids: &[Key]) -> Json {
    json!({"type": "array", "items": {"type": "string", "enum": ids}, "maxItems": ids.len().max(1), "uniqueItems": true})
}

fn nullable(mut schema: Map<String, Json>) -> Map<String, Json> {
    if schema.contains_key("$ref") {
        return into_map(json!({"oneOf": [{"type": "null"}, schema]}));
    }
    let kind = schema.get("type").cloned().unwrap_or_default();
    schema.insert("type".into(), json!([kind, "null"]));
    if let Some(Json::Array(all)) = schema.get_mut("enum") {
        all.push(Json::Null);
    }
    schema
}

fn into_map(schema: Json) -> Map<String, Json> {
    match schema {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}

/// A pattern that means the same to every reader of schemas; others are left to the server.
fn plain(pattern: &str) -> Option<&str> {
    let special = ["(?", "\\p", "\\P", "\\x", "\\u", "\\A", "\\z", "\\b{", "[[", "&&", "--", "~~"];
    let without_groups = pattern.replace("(?:", "(");
    let is_plain = pattern.is_ascii() && !special.iter().any(|one| without_groups.contains(one));
    is_plain.then_some(pattern)
}
