//! What lists share: filters by the company's own fields, the order, the cursor.
//!
//! Only fields that the rules mark `index` can be filtered and sorted by. Whether the caller sees them is decided row by
//! row in the query: where he does not, they count as missing. A cursor is sealed: it says where a page ended, and only
//! for the list and order it came from.

use super::ApiError;
use super::asked::House;
use super::page::PageRequest;
use super::problem::Fault;
use crate::engine::fields::Declared as DeclaredFields;
use crate::rules::expression::{Comparison, Entity, Operand, Path, Predicate};
use crate::rules::model::{Field, FieldKind, Rules};
use crate::store::{Cursor as Place, CursorKey, Order, SortBy};
use crate::texts::Message;
use crate::values::{Key, Value};
use crate::workflow::secrets::SEAL_BYTES;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

/// The fields of a kind of record.
#[derive(Clone, Copy, Debug)]
pub struct Declared<'a> {
    pub rules: &'a Rules,
    pub entity: Entity,
}

impl Declared<'_> {
    fn fields(&self) -> &IndexMap<Key, Field> {
        if self.entity == Entity::Customer { &self.rules.fields.customer } else { &self.rules.fields.deal }
    }

    /// A field that lists may be filtered and sorted by.
    fn indexed(&self, name: &str, parameter: &str) -> Result<&Field, ApiError> {
        let known = self.fields().get(name).filter(|field| field.index);
        known.ok_or_else(|| {
            let all: Vec<&str> =
                self.fields().values().filter(|field| field.index).map(|field| field.id.as_str()).collect();
            let shown: String = name.chars().take(60).collect();
            let message = Message::new("field_not_indexed").with("field", shown).with("fields", all.join(", "));
            ApiError::Parameters(vec![Fault::query(parameter, message)])
        })
    }

    fn path(&self, name: &Key) -> Path {
        Path { entity: self.entity, name: name.clone() }
    }
}

/// Filters by the company's own fields.
#[derive(Debug, Default)]
pub struct FieldFilters(Vec<(Path, Value)>);

impl FieldFilters {
    /// Reads `size:large,city:上海`.
    pub fn read(declared: &Declared<'_>, text: Option<&str>) -> Result<Self, ApiError> {
        let mut filters = Vec::new();
        for part in text.unwrap_or_default().split(',').filter(|part| !part.is_empty()) {
            let wrong = |message| ApiError::Parameters(vec![Fault::query("fields", message)]);
            let (name, value) = part.split_once(':').ok_or_else(|| wrong(Message::new("filter_form")))?;
            let field = declared.indexed(name, "fields")?;
            let json = match field.kind {
                FieldKind::Bool => json!(value == "true"),
                FieldKind::Number => value.parse::<f64>().map_or(json!(value), |number| json!(number)),
                FieldKind::Choices { .. } => json!([value]),
                _ => json!(value),
            };
            let fields = DeclaredFields {
                entity: declared.entity,
                fields: declared.fields(),
                country: declared.rules.country.as_deref(),
            };
            let (read, faults) = fields.read(&Map::from_iter([(name.to_owned(), json)]));
            if let Some(fault) = faults.into_iter().next() {
                return Err(wrong(fault.message));
            }
            for (name, value) in read {
                if let Some(value) = value {
                    filters.push((declared.path(&name), value));
                }
            }
        }
        Ok(Self(filters))
    }

    /// As conditions of a query.
    #[must_use]
    pub fn conditions(self) -> Vec<Predicate> {
        self.0
            .into_iter()
            .map(|(path, value)| match value {
                Value::Choices(keys) => match keys.into_iter().next() {
                    Some(key) => Predicate::Includes { list: path, value: Value::Choice(key) },
                    None => Predicate::Known(Some(true)),
                },
                value => equals(path, value),
            })
            .collect()
    }
}

/// That a field has a value.
#[must_use]
pub fn equals(path: Path, value: Value) -> Predicate {
    Predicate::Compare { left: Operand::Field(path), comparison: Comparison::Equal, right: Operand::Value(value) }
}

/// Conditions on what a deal is by its rules, or that one of them names nothing there is: a list that is empty for a
/// slip of the keyboard would be taken for an answer.
pub fn named(rules: &Rules, given: &[(&'static str, &Option<String>)]) -> Result<Vec<Predicate>, ApiError> {
    let known = |name| -> Vec<&str> {
        match name {
            "funnel" => rules.funnels.keys().map(Key::as_str).collect(),
            "stage" => rules.funnels.values().flat_map(|funnel| &funnel.stages).map(|one| one.id.as_str()).collect(),
            "state" => vec!["open", "won", "lost"],
            "product" => rules.products.keys().map(Key::as_str).collect(),
            "grade" => rules.grades.iter().map(|grade| grade.id.as_str()).collect(),
            "origin" => vec!["supplied", "discovered"],
            _ => Vec::new(),
        }
    };
    let (mut conditions, mut faults) = (Vec::new(), Vec::new());
    for (name, value) in given {
        let Some(value) = value else { continue };
        faults.extend(not_one_of(name, value, &known(name)));
        let path = Path { entity: Entity::Deal, name: Key::new(name) };
        conditions.push(equals(path, Value::Choice(Key::new(value))));
    }
    if faults.is_empty() { Ok(conditions) } else { Err(ApiError::Parameters(faults)) }
}

/// That a parameter names nothing there is, with what there is.
pub fn not_one_of(parameter: &str, given: &str, known: &[&str]) -> Option<Fault> {
    if known.contains(&given) {
        return None;
    }
    let listed = known.iter().take(20).map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", ");
    let message = super::validation::suggest(Message::new("not_one_of").with("options", listed), given, known);
    Some(Fault::query(parameter, message))
}

/// The order that `sort` says; without it the newest first.
pub fn order(declared: &Declared<'_>, sort: Option<&str>, built_in: &[&str]) -> Result<Order, ApiError> {
    let sort = sort.unwrap_or("-created_at");
    let (descending, name) = sort.strip_prefix('-').map_or((false, sort), |name| (true, name));
    let by = match name {
        "created_at" => SortBy::CreatedAt,
        "updated_at" => SortBy::UpdatedAt,
        "entered_at" if built_in.contains(&"entered_at") => SortBy::EnteredAt,
        name => {
            let wrong = || {
                let shown: String = name.chars().take(60).collect();
                let message = Message::new("sort_unknown").with("sort", shown).with("sorts", built_in.join(", "));
                ApiError::Parameters(vec![Fault::query("sort", message)])
            };
            let field = declared.indexed(name.strip_prefix("fields.").ok_or_else(wrong)?, "sort")?;
            SortBy::Field(declared.path(&field.id), field.kind.clone())
        }
    };
    Ok(Order { by, descending })
}

/// Cursors, sealed.
#[derive(Debug)]
pub struct Cursor;

impl Cursor {
    /// Where the page begins.
    pub fn after(
        house: &House,
        page: &PageRequest,
        order: &Order,
        list: &str,
        sort: Option<&str>,
    ) -> Result<Option<Place>, ApiError> {
        let _ = order;
        let Some(text) = &page.cursor else { return Ok(None) };
        let unknown = || ApiError::Parameters(vec![Fault::query("cursor", Message::new("cursor_unknown"))]);
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| unknown())?;
        let (seal, said) = bytes.split_at_checked(SEAL_BYTES).ok_or_else(unknown)?;
        if !house.0.secrets().is_cursor_seal(&sealed(list, sort, said), seal) {
            return Err(unknown());
        }
        place(said).map(Some).ok_or_else(unknown)
    }

    /// The cursor of the next page.
    #[must_use]
    pub fn next(house: &House, place: Option<&Place>, list: &str, sort: Option<&str>) -> Option<String> {
        let place = place?;
        let key = match &place.key {
            CursorKey::Missing => Json::Null,
            CursorKey::Int(number) => json!(number),
            CursorKey::Text(text) => json!(text),
        };
        let said = serde_json::to_vec(&json!([key, place.id])).ok()?;
        let mut bytes = house.0.secrets().seal_cursor(&sealed(list, sort, &said));
        bytes.extend(said);
        Some(URL_SAFE_NO_PAD.encode(bytes))
    }
}

fn sealed(list: &str, sort: Option<&str>, said: &[u8]) -> Vec<u8> {
    [list.as_bytes(), b"\0", sort.unwrap_or_default().as_bytes(), b"\0", said].concat()
}

fn place(said: &[u8]) -> Option<Place> {
    let (key, id): (Json, Uuid) = serde_json::from_slice(said).ok()?;
    let key = match key {
        Json::Null => CursorKey::Missing,
        Json::Number(number) => CursorKey::Int(number.as_i64()?),
        Json::String(text) => CursorKey::Text(text),
        _ => return None,
    };
    Some(Place { key, id })
}
