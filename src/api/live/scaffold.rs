//! What the passes over a live document share: its schemas by name, names for new ones, references.

use crate::rules::model::Rules;
use crate::texts::Message;
use crate::values::{Key, Language, Localized};
use crate::{api::schemas::object_at, engine::outlook::Outlook};
use serde_json::{Map, Value as Json, json};

/// A document being made, for whom, by what.
pub struct Making<'a> {
    pub document: Json,
    pub outlook: Outlook<'a>,
    pub languages: &'a [Language],
}

impl<'a> Making<'a> {
    pub fn rules(&self) -> &'a Rules {
        self.outlook.rules()
    }

    /// A sentence of the product's own.
    pub fn say(&self, message: &Message) -> String {
        message.render(self.languages)
    }

    pub fn label(&self, label: &Localized) -> String {
        label.get(self.languages).to_owned()
    }

    pub fn schema(&self, name: &str) -> Option<&Json> {
        self.document.pointer(&format!("/components/schemas/{name}"))
    }

    pub fn schema_mut(&mut self, name: &str) -> Option<&mut Map<String, Json>> {
        object_at(&mut self.document, &format!("/components/schemas/{name}"))
    }

    pub fn operation_mut(&mut self, path: &str, method: &str) -> Option<&mut Map<String, Json>> {
        object_at(&mut self.document, &format!("/paths/{}/{method}", crate::api::json::escape(path)))
    }

    pub fn has(&self, path: &str, method: &str) -> bool {
        self.document.pointer(&format!("/paths/{}/{method}", crate::api::json::escape(path))).is_some()
    }

    /// Puts a schema in under its name, or in the place of the one of that name.
    pub fn put(&mut self, name: &str, schema: Json) {
        if let Some(schemas) = object_at(&mut self.document, "/components/schemas") {
            schemas.insert(name.to_owned(), schema);
        }
    }

    /// Puts a schema in under a name that none has yet, which it answers with: ids that differ may be alike as names.
    pub fn add(&mut self, name: &str, schema: Json) -> String {
        let taken = |name: &str| self.schema(name).is_some();
        let mut free = name.to_owned();
        let mut number = 2;
        while taken(&free) {
            free = format!("{name}{number}");
            number += 1;
        }
        self.put(&free, schema);
        free
    }

    /// A property of a schema.
    pub fn property_mut(&mut self, schema: &str, property: &str) -> Option<&mut Map<String, Json>> {
        self.schema_mut(schema)?.get_mut("properties")?.get_mut(property)?.as_object_mut()
    }

    /// Takes a property out of a schema.
    pub fn remove_property(&mut self, schema: &str, property: &str) {
        let Some(schema) = self.schema_mut(schema) else { return };
        remove(schema, property);
    }
}

/// Takes a property out of a schema.
pub fn remove(schema: &mut Map<String, Json>, property: &str) {
    if let Some(Json::Object(properties)) = schema.get_mut("properties") {
        properties.shift_remove(property);
    }
    if let Some(Json::Array(required)) = schema.get_mut("required") {
        required.retain(|one| one != property);
    }
}

/// Demands a property of a schema.
pub fn require(schema: &mut Map<String, Json>, property: &str) {
    if let Json::Array(required) = schema.entry("required").or_insert_with(|| json!([])) {
        let name = json!(property);
        if !required.contains(&name) {
            required.push(name);
        }
    }
}

/// Where a schema of this name is.
pub fn target(name: &str) -> String {
    format!("#/components/schemas/{name}")
}

pub fn reference(name: &str) -> Json {
    json!({"$ref": target(name)})
}

/// `step_back` as `StepBack`.
pub fn pascal(id: &str) -> String {
    let words = id.split('_');
    words.fold(String::new(), |mut name, word| {
        let mut letters = word.chars();
        name.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        name.push_str(letters.as_str());
        name
    })
}

/// A type that is one of these ids, with what they are called.
pub fn one_of<'k>(about: &str, ids: impl Iterator<Item = (&'k Key, String)>) -> Option<Json> {
    let mut said = about.to_owned();
    let mut all: Vec<&Key> = Vec::new();
    for (id, label) in ids {
        if all.contains(&id) {
            continue;
        }
        let start = if all.is_empty() { "\n\n" } else { "\n" };
        said.push_str(&format!("{start}- `{id}`: {label}"));
        all.push(id);
    }
    (!all.is_empty()).then(|| json!({"type": "string", "description": said, "enum": all}))
}

/// Makes a property that was a text a reference to the type of this name; null stays what it was. `name`: `None`: there is
/// no such thing.
pub fn refer(property: &mut Map<String, Json>, name: Option<&str>) {
    let nullable = crate::api::schemas::has_type(property, "null");
    for key in ["type", "maxLength", "oneOf", "$ref"] {
        property.shift_remove(key);
    }
    match (name, nullable) {
        (None, _) => drop(property.insert("type".into(), json!("null"))),
        (Some(name), true) => {
            drop(property.insert("oneOf".into(), json!([{"type": "null"}, reference(name)])));
        }
        (Some(name), false) => drop(property.insert("$ref".into(), json!(target(name)))),
    }
}

/// A union that is told apart by a property: values of it with the schema that each means.
pub fn union(property: &str, about: &Json, kinds: &[(&Key, String)]) -> Json {
    let mut names: Vec<&String> = Vec::new();
    for (_, name) in kinds {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let branches: Vec<Json> = names.iter().map(|name| reference(name)).collect();
    let mapping: Map<String, Json> =
        kinds.iter().map(|(value, name)| (value.to_string(), json!(target(name)))).collect();
    json!({
        "type": "object", "description": about, "oneOf": branches,
        "discriminator": {"propertyName": property, "mapping": mapping},
    })
}
