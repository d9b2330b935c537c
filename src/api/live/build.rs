//! The passes that make a live document, in their order.

use super::scaffold::Making;
use super::{fields, moves, prune, words};
use crate::api::operations::Operation;
use crate::api::schemas::object_at;
use crate::engine::outlook::Outlook;
use crate::rules::model::Rules;
use crate::texts::Message;
use crate::values::{Key, Language};
use serde_json::{Value as Json, json};

/// Whom a document is for.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    pub roles: &'a [Key],
    /// The number of the rules; `None`: a draft.
    pub number: Option<i64>,
    pub languages: &'a [Language],
}

/// The published document as these rules and roles make it.
#[must_use]
pub fn build<'a>(
    published: &Json,
    table: impl Iterator<Item = &'a Operation>,
    rules: &Rules,
    reader: Reader<'_>,
) -> Json {
    let outlook = Outlook::new(rules, reader.roles);
    let mut making = Making { document: published.clone(), outlook, languages: reader.languages };
    introduce(&mut making, reader.number);
    prune::operations(&mut making, table);
    words::draft_apart(&mut making);
    words::name(&mut making);
    fields::type_all(&mut making);
    moves::type_all(&mut making);
    let mut document = making.document;
    prune::unused(&mut document);
    if let Some(schemas) = object_at(&mut document, "/components/schemas") {
        schemas.sort_keys();
    }
    document
}

fn introduce(making: &mut Making<'_>, number: Option<i64>) {
    let rules = making.rules();
    let roles = making.outlook.roles();
    let labels =
        roles.iter().map(|id| rules.roles.get(id).map_or_else(|| id.to_string(), |role| making.label(&role.label)));
    let labels = labels.collect::<Vec<_>>().join(", ");
    let version = number.map_or_else(|| "draft".to_owned(), |number| number.to_string());
    let title = making.say(&Message::new("document_title").with("roles", labels));
    let ids = roles.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ");
    let about = making.say(&Message::new("document_about").with("version", version).with("roles", ids));
    let language: Vec<&str> = making.languages.iter().map(Language::as_str).collect();
    let of = json!({"rules_version": number, "roles": roles, "languages": language});
    let Some(info) = object_at(&mut making.document, "/info") else { return };
    let description = info.get("description").and_then(Json::as_str).unwrap_or_default();
    let description = format!("{about}\n\n{description}");
    info.insert("title".into(), json!(title));
    info.insert("description".into(), json!(description));
    info.insert("x-made-for".into(), of);
}
