//! What a schema finds wrong, in the product's own words: each fault with its pointer and a message of the catalogue,
//! never the validator's text.

use super::json::escape;
use super::problem::{Fault, Part};
use crate::texts::Message;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

/// More faults than this are not told: the first ones will do.
const AT_MOST: usize = 100;

/// Longest piece of the client's own text within a message, in characters.
const QUOTED: usize = 100;

/// A schema of a document, compiled.
#[derive(Debug)]
pub struct Schema {
    validator: Validator,
    /// The document, for what a fault's message needs to know besides.
    document: Arc<Json>,
}

impl Schema {
    /// `schema`, which may refer to the components of `document`.
    ///
    /// # Errors
    /// What does not compile.
    pub fn of(schema: &Json, document: &Arc<Json>) -> Result<Self, String> {
        let whole = json!({"allOf": [schema], "components": {"schemas": referred(schema, document)}});
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .build(&whole)
            .map_err(|fault| format!("a schema of the document does not compile: {fault}"))?;
        Ok(Self { validator, document: Arc::clone(document) })
    }
}

/// The schemas that `schema` refers to, directly or through others. A validator keeps a copy of all that it is given,
/// and there is one for every parameter: with the whole document in each, they would hold most of the memory.
fn referred(schema: &Json, document: &Json) -> Map<String, Json> {
    let mut found = Map::new();
    let mut waiting = vec![schema];
    while let Some(json) = waiting.pop() {
        match json {
            Json::Object(members) => {
                let name = members.get("$ref").and_then(Json::as_str);
                let name = name.and_then(|path| path.strip_prefix("#/components/schemas/"));
                if let Some(name) = name.filter(|name| !found.contains_key(*name))
                    && let Some(component) = document.pointer(&format!("/components/schemas/{name}"))
                {
                    found.insert(name.to_owned(), component.clone());
                    waiting.push(component);
                }
                waiting.extend(members.values());
            }
            Json::Array(items) => waiting.extend(items),
            _ => {}
        }
    }
    found
}

/// What `schema` finds wrong with `value`, which stands at `root` of `part`.
#[must_use]
pub fn faults(schema: &Schema, value: &Json, part: Part, root: &str) -> Vec<Fault> {
    let mut found = Vec::new();
    for error in schema.validator.iter_errors(value).take(AT_MOST) {
        tell(&error, &schema.document, &mut found);
    }
    // One request, one order of its faults.
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    let root = if root.is_empty() { String::new() } else { format!("/{}", escape(root)) };
    found
        .into_iter()
        .take(AT_MOST)
        .map(|(pointer, message)| Fault { part, pointer: format!("{root}{pointer}"), message })
        .collect()
}

/// `message` about `wrong`, with the one of `known` that was perhaps meant.
#[must_use]
pub fn suggest(message: Message, wrong: &str, known: &[&str]) -> Message {
    let wrong: String = wrong.chars().take(QUOTED).collect();
    let near = known
        .iter()
        .map(|one| (strsim::jaro_winkler(&wrong, one), *one))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    let message = message.with("name", wrong.as_str());
    match near {
        Some((_, one)) => message.with("near", one).with("known", "yes"),
        None => message.with("known", "no"),
    }
}

fn tell(error: &ValidationError<'_>, document: &Json, found: &mut Vec<(String, Message)>) {
    use ValidationErrorKind as Kind;
    let at = error.instance_path().as_str().to_owned();
    let number =
        |code: &'static str, limit: u64| Message::new(code).with("limit", i64::try_from(limit).unwrap_or(i64::MAX));
    let message =
        match error.kind() {
            Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
                let known = known_properties(error, document);
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                found.extend(unexpected.iter().take(AT_MOST).map(|name| {
                    (format!("{at}/{}", escape(name)), suggest(Message::new("field_unknown"), name, &known))
                }));
                return;
            }
            Kind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                found.push((format!("{at}/{}", escape(name)), Message::new("required")));
                return;
            }
            Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
                tell_branches(&at, context, document, found);
                return;
            }
            Kind::Type { kind } => Message::new(wanted_type(kind)),
            Kind::Enum { options } => not_one_of(error, options),
            Kind::Constant { expected_value } => not_one_of(error, expected_value),
            Kind::MaxLength { limit } => number("too_long", *limit),
            Kind::MinLength { limit } => number("too_short", *limit),
            Kind::MaxItems { limit } => number("too_many", *limit),
            Kind::MinItems { limit } => number("too_few", *limit),
            Kind::MaxProperties { limit } => number("too_many", *limit),
            Kind::MinProperties { limit } => number("too_few", *limit),
            Kind::Maximum { limit } | Kind::ExclusiveMaximum { limit } => {
                Message::new("too_large").with("limit", limit.to_string())
            }
            Kind::Minimum { limit } | Kind::ExclusiveMinimum { limit } => {
                Message::new("too_small").with("limit", limit.to_string())
            }
            Kind::Format { format } => Message::new(wanted_format(format)),
            Kind::UniqueItems => Message::new("given_twice"),
            Kind::AdditionalItems { .. }
            | Kind::BacktrackLimitExceeded { .. }
            | Kind::RegexEngineFailure { .. }
            | Kind::Contains
            | Kind::ContentEncoding { .. }
            | Kind::ContentMediaType { .. }
            | Kind::Custom { .. }
            | Kind::FalseSchema
            | Kind::FromUtf8 { .. }
            | Kind::MultipleOf { .. }
            | Kind::Not { .. }
            | Kind::OneOfMultipleValid { .. }
            | Kind::Pattern { .. }
            | Kind::PropertyNames { .. }
            | Kind::UnevaluatedItems { .. }
            | Kind::Referencing(_) => Message::new("wrong_form"),
        };
    found.push((at, message));
}

/// The faults of the branch that was meant: the one whose `kind` fits, and not the one for null. If no `kind` fits, that
/// is the fault.
fn tell_branches(
    at: &str,
    branches: &[Vec<ValidationError<'static>>],
    document: &Json,
    found: &mut Vec<(String, Message)>,
) {
    let kind = format!("{at}/kind");
    let kinds: Vec<Vec<Json>> =
        branches.iter().map(|errors| errors.iter().flat_map(|e| kinds_of(e, &kind)).collect()).collect();
    let of_another_type = |errors: &[ValidationError<'static>]| {
        let is_root = |error: &ValidationError<'static>| error.instance_path().as_str() == at;
        errors.iter().any(|error| is_root(error) && matches!(error.kind(), ValidationErrorKind::Type { .. }))
    };
    let fitting: Vec<&Vec<ValidationError<'static>>> = branches
        .iter()
        .zip(&kinds)
        .filter(|(errors, kinds)| kinds.is_empty() && !of_another_type(errors))
        .map(|(errors, _)| errors)
        .collect();
    if let Some(errors) = fitting.into_iter().min_by_key(|errors| errors.len()) {
        errors.iter().for_each(|error| tell(error, document, found));
        return;
    }
    let known: Vec<Json> = kinds.into_iter().flatten().collect();
    let wrong = branches.iter().flatten().find(|error| error.instance_path().as_str() == kind);
    match wrong {
        Some(error) => found.push((kind, not_one_of(error, &Json::Array(known)))),
        None => match branches.iter().min_by_key(|errors| errors.len()) {
            Some(errors) if !errors.is_empty() => errors.iter().for_each(|error| tell(error, document, found)),
            _ => found.push((at.to_owned(), Message::new("wrong_form"))),
        },
    }
}

/// What `kind` would have to be for a branch, if the error is about it.
fn kinds_of(error: &ValidationError<'static>, kind: &str) -> Vec<Json> {
    if error.instance_path().as_str() != kind {
        return Vec::new();
    }
    match error.kind() {
        ValidationErrorKind::Enum { options } => options.as_array().cloned().unwrap_or_default(),
        ValidationErrorKind::Constant { expected_value } => vec![(**expected_value).clone()],
        _ => Vec::new(),
    }
}

/// The names that an object knows, read from the schema that refused one.
fn known_properties(error: &ValidationError<'_>, document: &Json) -> Vec<String> {
    let place = error.schema_path().as_str();
    let properties = place
        .strip_suffix("/additionalProperties")
        .and_then(|place| document.pointer(&format!("{place}/properties")))
        .and_then(Json::as_object);
    properties.into_iter().flatten().map(|(name, _)| name.clone()).collect()
}

fn not_one_of(error: &ValidationError<'_>, options: &Json) -> Message {
    let one = |option: &Json| option.as_str().map_or_else(|| option.to_string(), str::to_owned);
    let options: Vec<String> = match options {
        Json::Array(list) => list.iter().filter(|option| !option.is_null()).map(one).collect(),
        single => vec![one(single)],
    };
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let listed = options.iter().take(20).map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", ");
    let given = error.instance().as_str().map_or_else(|| error.instance().to_string(), str::to_owned);
    suggest(Message::new("not_one_of").with("options", listed), &given, &options)
}

fn wanted_type(kind: &TypeKind) -> &'static str {
    let name = |kind: &jsonschema::JsonType| kind.to_string();
    let wanted: Vec<String> = match kind {
        TypeKind::Single(kind) => vec![name(kind)],
        TypeKind::Multiple(kinds) => kinds.iter().map(|kind| name(&kind)).filter(|name| name != "null").collect(),
    };
    match wanted.first().map(String::as_str) {
        Some("string") => "not_a_text",
        Some("integer") => "not_an_integer",
        Some("number") => "not_a_number",
        Some("boolean") => "not_a_boolean",
        Some("array") => "not_a_list",
        Some("object") => "not_an_object",
        _ => "wrong_form",
    }
}

fn wanted_format(format: &str) -> &'static str {
    match format {
        "uuid" => "not_an_id",
        "date" => "not_a_date",
        "date-time" => "not_a_time",
        "email" => "not_an_email",
        "uri" => "not_a_url",
        _ => "wrong_form",
    }
}
