//! The OpenAPI document: what the handlers say of themselves, brought into one form.
//!
//! `Document::of` takes the table of operations; the passes of `normal` then add what is the same everywhere (bounds,
//! shared parameters and responses, security), so that handlers say only what is theirs. The same document is served,
//! committed (`openapi/openapi.json`), and what requests are checked against (`contract`): what it promises is what is
//! enforced.

use super::normal;
use super::operations::Operation;
use actix_web::web::Bytes;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use utoipa::OpenApi;
use utoipa::openapi::path::{HttpMethod, PathsBuilder};
use utoipa::openapi::schema::ComponentsBuilder;
use utoipa::openapi::{OpenApiBuilder, PathItem};

/// What operations are grouped by, in the order of the alphabet; every operation has exactly one.
pub const TAGS: &[(&str, &str)] = &[
    ("access", "Who you are: signing in and out, your own profile and permissions."),
    ("customers", "Companies and persons who may buy, with their contacts and fields."),
    ("deals", "A customer's passage through a funnel: moves with their criteria, activities, contracts, decisions."),
    ("operation", "For those who run it and those who build on it: health, this document, the kinds of problems."),
    ("people", "Users and the tree of teams."),
    ("reports", "What the numbers are."),
    ("rules", "What the company wrote: the rules in use, their versions, checking and activating others."),
];

#[derive(OpenApi)]
#[openapi(components(schemas(super::problem::ProblemView)))]
struct Shared;

/// The document, as JSON and as it is served.
#[derive(Debug)]
pub struct Document {
    pub json: Arc<Json>,
    /// Indented, with a line break at the end.
    pub text: String,
    /// As it is served: made once, since anybody may ask for it as often as he likes.
    pub served: Bytes,
    /// Changes when the text does.
    pub etag: String,
}

impl Document {
    /// The document of these operations.
    #[must_use]
    pub fn of(table: &[Operation]) -> Self {
        let mut paths = PathsBuilder::new();
        let mut components = ComponentsBuilder::new();
        for operation in table {
            paths = paths.path(&operation.path, item(operation));
            let mut schemas = Vec::new();
            (operation.schemas)(&mut schemas);
            for (name, schema) in schemas {
                components = components.schema(name, schema);
            }
        }
        let mut document = Shared::openapi();
        document.merge(OpenApiBuilder::new().paths(paths).components(Some(components.build())).build());
        let mut json = serde_json::to_value(&document).unwrap_or_default();
        normal::bring_into_form(&mut json, table);
        let text = format!("{json:#}\n");
        let digest = hex::encode(Sha256::digest(text.as_bytes()));
        let etag = format!("\"{}\"", digest.get(..32).unwrap_or(&digest));
        let served = Bytes::from(serde_json::to_vec(&json).unwrap_or_default());
        Self { json: Arc::new(json), text, served, etag }
    }
}

fn item(operation: &Operation) -> PathItem {
    let method = match operation.method.as_str() {
        "POST" => HttpMethod::Post,
        "PUT" => HttpMethod::Put,
        "PATCH" => HttpMethod::Patch,
        "DELETE" => HttpMethod::Delete,
        _ => HttpMethod::Get,
    };
    let mut described = (operation.describe)();
    described.operation_id = Some(operation.id.clone());
    described.tags = Some((operation.tags)().into_iter().map(str::to_owned).collect());
    PathItem::new(method, described)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::operations::{all, documented};

    #[test]
    fn the_committed_document_is_the_one_of_the_code() {
        let committed = include_str!("../../openapi/openapi.json");
        let text = Document::of(&all()).text;
        assert!(committed == text, "run `cargo run -- openapi > openapi/openapi.json` and commit it");
    }

    #[test]
    fn every_operation_has_a_tag_that_is_described_and_says_what_it_does() {
        for (method, path, operation) in documented(&Document::of(&all()).json) {
            let tags = operation["tags"].as_array().unwrap();
            assert_eq!(tags.len(), 1, "{method} {path}");
            assert!(TAGS.iter().any(|(tag, _)| tags[0] == *tag), "{method} {path}: tag {}", tags[0]);
            for part in ["summary", "description"] {
                assert!(operation[part].as_str().is_some_and(|text| !text.is_empty()), "{method} {path}: no {part}");
            }
        }
    }
}
