//! `Contract`: what the document says a request of an operation must be, compiled for checking. One source for what is
//! promised and what is enforced: a bound in a schema is a bound, with no second check to forget.

use super::ApiError;
use super::json;
use super::operations::Operation;
use super::problem::{Fault, Part};
use super::validation::{self, Schema};
use crate::texts::Message;
use indexmap::IndexMap;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

/// An operation with its checks.
#[derive(Debug)]
pub struct Contract {
    pub operation: Operation,
    /// Its query parameters.
    query: IndexMap<String, Parameter>,
    pub body: Option<BodyContract>,
}

/// What a body must be.
#[derive(Debug)]
pub struct BodyContract {
    required: bool,
    /// Media types that are taken.
    pub media: Vec<String>,
    /// Largest body, in bytes, where the document says one; else the server's limit counts.
    pub at_most: Option<usize>,
    /// For JSON.
    schema: Option<Schema>,
}

#[derive(Debug)]
struct Parameter {
    required: bool,
    kind: ParameterKind,
    schema: Schema,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ParameterKind {
    Text,
    Integer,
    Bool,
    /// Repeated, or with commas between.
    List,
}

impl Contract {
    /// The contract of `operation` in `document`.
    ///
    /// # Errors
    /// What in the document cannot be compiled.
    pub fn of(operation: Operation, document: &Arc<Json>) -> Result<Self, String> {
        let described = document
            .get("paths")
            .and_then(|paths| paths.get(&operation.path))
            .and_then(|item| item.get(operation.method.as_str().to_ascii_lowercase()))
            .ok_or_else(|| format!("{operation:?} is not in the document"))?;
        let mut query = IndexMap::new();
        for parameter in described.get("parameters").and_then(Json::as_array).into_iter().flatten() {
            let parameter = resolve(parameter, document);
            if parameter.get("in") == Some(&json!("query"))
                && let Some(name) = parameter.get("name").and_then(Json::as_str)
            {
                query.insert(name.to_owned(), Parameter::of(parameter, document)?);
            }
        }
        let body = described.get("requestBody").map(|body| BodyContract::of(body, document)).transpose()?;
        Ok(Self { operation, query, body })
    }

    /// The query's parameters with their types, checked: an object.
    ///
    /// # Errors
    /// Every fault.
    pub fn check_query(&self, query: &str) -> Result<Json, ApiError> {
        let mut values = Map::new();
        let mut faults = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, text) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, text) = (decode(name), decode(text));
            let Some(parameter) = self.query.get(&name) else {
                faults.push(self.unknown_parameter(&name));
                continue;
            };
            match parameter.read(&text) {
                Err(message) => faults.push(Fault::query(&name, message)),
                Ok(Json::Array(mut items)) => {
                    if let Json::Array(list) = values.entry(name).or_insert_with(|| json!([])) {
                        list.append(&mut items);
                    }
                }
                Ok(value) => {
                    if values.insert(name.clone(), value).is_some() {
                        faults.push(Fault::query(&name, Message::new("parameter_repeated")));
                    }
                }
            }
        }
        for (name, parameter) in &self.query {
            match values.get(name) {
                None if parameter.required => faults.push(Fault::query(name, Message::new("required"))),
                None => {}
                Some(value) => faults.extend(validation::faults(&parameter.schema, value, Part::Query, name)),
            }
        }
        if faults.is_empty() { Ok(Json::Object(values)) } else { Err(ApiError::Parameters(faults)) }
    }

    fn unknown_parameter(&self, name: &str) -> Fault {
        let known: Vec<&str> = self.query.keys().map(String::as_str).collect();
        let message = validation::suggest(Message::new("parameter_unknown"), name, &known);
        Fault::query(&json::escape(&name.chars().take(100).collect::<String>()), message)
    }
}

impl Parameter {
    fn of(parameter: &Json, document: &Arc<Json>) -> Result<Self, String> {
        let schema = resolve(parameter.get("schema").unwrap_or(&Json::Null), document);
        let is = |name: &str| match schema.get("type") {
            Some(Json::String(one)) => one == name,
            Some(Json::Array(several)) => several.iter().any(|one| one == name),
            _ => false,
        };
        let kind = if is("integer") {
            ParameterKind::Integer
        } else if is("boolean") {
            ParameterKind::Bool
        } else if is("array") {
            ParameterKind::List
        } else {
            ParameterKind::Text
        };
        Ok(Self {
            required: parameter.get("required") == Some(&json!(true)),
            kind,
            schema: Schema::of(schema, document)?,
        })
    }

    fn read(&self, text: &str) -> Result<Json, Message> {
        match self.kind {
            ParameterKind::Text => Ok(json!(text)),
            ParameterKind::Integer => {
                text.parse::<i64>().map(|number| json!(number)).map_err(|_| Message::new("not_an_integer"))
            }
            ParameterKind::Bool => match text {
                "true" => Ok(json!(true)),
                "false" => Ok(json!(false)),
                _ => Err(Message::new("not_a_boolean")),
            },
            ParameterKind::List => Ok(text.split(',').map(|item| json!(item)).collect()),
        }
    }
}

impl BodyContract {
    fn of(body: &Json, document: &Arc<Json>) -> Result<Self, String> {
        let content = body.get("content").and_then(Json::as_object);
        let media: Vec<String> = content.into_iter().flatten().map(|(media, _)| media.clone()).collect();
        let schema = |media: &str| content.and_then(|content| content.get(media)).and_then(|one| one.get("schema"));
        let plain = media
            .iter()
            .filter(|one| !is_json(one))
            .find_map(|one| resolve(schema(one)?, document).get("maxLength")?.as_u64());
        Ok(Self {
            required: body.get("required") == Some(&json!(true)),
            at_most: plain.and_then(|bytes| usize::try_from(bytes).ok()),
            schema: schema("application/json").map(|schema| Schema::of(schema, document)).transpose()?,
            media,
        })
    }

    /// Which of the media types taken here the header `Content-Type` names.
    #[must_use]
    pub fn media_of(&self, content_type: Option<&str>) -> Option<&str> {
        let given = content_type?.split(';').next()?.trim();
        self.media.iter().map(String::as_str).find(|media| media.eq_ignore_ascii_case(given))
    }

    /// A JSON body, read and checked. An empty one is an empty object where a body may be left out.
    ///
    /// # Errors
    /// `MalformedBody`, or every fault of the fields.
    pub fn check_json(&self, bytes: &[u8]) -> Result<Json, ApiError> {
        let value = if bytes.is_empty() && !self.required {
            json!({})
        } else {
            json::read(bytes).map_err(ApiError::MalformedBody)?
        };
        let mut faults: Vec<Fault> = json::control_characters(&value)
            .into_iter()
            .map(|pointer| Fault::body(pointer, Message::new("control_character")))
            .collect();
        if let Some(schema) = &self.schema {
            faults.extend(validation::faults(schema, &value, Part::Body, ""));
        }
        if faults.is_empty() { Ok(value) } else { Err(ApiError::Fields(faults)) }
    }
}

/// Whether a media type is JSON.
#[must_use]
pub fn is_json(media: &str) -> bool {
    media == "application/json" || media.ends_with("+json")
}

fn resolve<'a>(value: &'a Json, document: &'a Json) -> &'a Json {
    let target = value.get("$ref").and_then(Json::as_str).and_then(|target| target.strip_prefix('#'));
    target.and_then(|target| document.pointer(target)).unwrap_or(value)
}

/// A name or value of a query. That it is text was checked at the door.
fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}
