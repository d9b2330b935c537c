//! Operations that exist in tests only: one of each kind, and what no operation of the product does on purpose (panic,
//! never answer).

use super::App;
use super::access::Caller;
use super::extract::{Json, Path, Query, Text};
use super::page::{self, PageRequest};
use super::reply::{Answer, Reply};
use super::write::Write;
use crate::values::DealId;
use actix_web::web;
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use utoipa::{IntoParams, ToSchema};

thread_local! {
    /// How often a handler was reached: what is refused before must not reach one.
    pub static REACHED: Cell<u32> = const { Cell::new(0) };
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct SamplePath {
    /// The sample's id.
    id: DealId,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SampleBody {
    /// Its name.
    #[schema(min_length = 1, max_length = 10)]
    name: String,
    #[schema(minimum = 0, maximum = 9)]
    rank: Option<i64>,
    colour: Option<Colour>,
    /// Of what.
    material: Option<Material>,
    /// When.
    made: Option<crate::values::Time>,
}

#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Colour {
    Red,
    Green,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
#[schema(discriminator(property_name = "kind", mapping(("wood" = "#/components/schemas/Wood"), ("metal" = "#/components/schemas/Metal"))))]
pub enum Material {
    Wood(Wood),
    Metal(Metal),
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct Wood {
    kind: WoodKind,
    tree: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WoodKind {
    Wood,
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct Metal {
    kind: MetalKind,
    melts_at: i64,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MetalKind {
    Metal,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Sample)]
pub struct SampleView {
    name: String,
    rank: Option<i64>,
    dry_run: bool,
    version: Option<i64>,
    key: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SampleFilter {
    /// Only these.
    #[param(inline)]
    colour: Option<Colour>,
    /// Only these.
    #[param(max_items = 3)]
    stage: Option<Vec<String>>,
}

crate::page!(SamplePage, SampleView);

fn view(name: String, write: &Write) -> SampleView {
    REACHED.set(REACHED.get() + 1);
    SampleView {
        name,
        rank: None,
        dry_run: write.dry_run,
        version: write.if_match,
        key: write.idempotency.as_ref().map(|idempotency| idempotency.key.clone()),
    }
}

/// List samples
///
/// All of them.
#[utoipa::path(get, path = "/samples", tag = "deals", params(SampleFilter), responses(
    (status = 200, description = "A page.", body = SamplePage)))]
pub async fn list_samples(_: Caller, page: PageRequest, filter: Query<SampleFilter>) -> Answer<SamplePage> {
    let at: u32 = page.after()?.unwrap_or(0);
    let data = (at..at + u32::from(page.limit)).map(|rank| SampleView {
        name: format!("{:?} {:?}", filter.0.colour, filter.0.stage),
        rank: Some(rank.into()),
        dry_run: false,
        version: None,
        key: None,
    });
    Ok(Reply::ok(SamplePage::new(data.collect(), Some(page::cursor(&(at + u32::from(page.limit)))))))
}

/// Make a sample
///
/// A new one.
#[utoipa::path(post, path = "/samples", tag = "deals", request_body = SampleBody, responses(
    (status = 201, description = "Made.", body = SampleView)))]
pub async fn create_sample(_: Caller, write: Write, body: Json<SampleBody>) -> Answer<SampleView> {
    let _ = (&body.0.rank, &body.0.colour, &body.0.made);
    match body.0.material {
        Some(Material::Wood(wood)) => {
            let _ = (wood.kind, wood.tree);
        }
        Some(Material::Metal(metal)) => {
            let _ = (metal.kind, metal.melts_at);
        }
        None => {}
    }
    Ok(Reply::created(view(body.0.name, &write), "/samples/1".into()).version(1))
}

/// Read a sample
///
/// One.
#[utoipa::path(get, path = "/samples/{id}", tag = "deals", params(SamplePath), responses(
    (status = 200, description = "It.", body = SampleView)))]
pub async fn get_sample(_: Caller, path: Path<SamplePath>) -> Answer<SampleView> {
    let write = Write { if_match: None, idempotency: None, dry_run: false };
    Ok(Reply::ok(view(path.0.id.to_string(), &write)).version(3))
}

/// Change a sample
///
/// What is given.
#[utoipa::path(patch, path = "/samples/{id}", tag = "deals", params(SamplePath), request_body = SampleBody, responses(
    (status = 200, description = "Changed.", body = SampleView)))]
pub async fn change_sample(_: Caller, write: Write, _: Path<SamplePath>, body: Json<SampleBody>) -> Answer<SampleView> {
    Ok(Reply::ok(view(body.0.name, &write)))
}

/// Send text
///
/// Of at most 20 bytes.
#[utoipa::path(post, path = "/texts", tag = "deals", request_body(content = LongText, content_type = "application/yaml"),
    responses((status = 204, description = "Read.")))]
pub async fn send_text(text: Text) -> Answer<()> {
    assert!(text.0.len() <= 20);
    Ok(Reply::no_content())
}

#[derive(ToSchema)]
#[schema(max_length = 20)]
#[allow(dead_code, reason = "only described")]
pub struct LongText(String);

/// Panic
///
/// Always.
#[utoipa::path(get, path = "/panic", tag = "deals", responses((status = 204, description = "Never.")))]
pub async fn panic_always() -> Answer<()> {
    panic!("postgres://anna:geheim@db at /home/anna/src")
}

/// Dawdle
///
/// For ever.
#[utoipa::path(get, path = "/dawdle", tag = "deals", responses((status = 204, description = "Never.")))]
pub async fn dawdle() -> Answer<()> {
    std::future::pending().await
}

/// Fail
///
/// With a chain of causes.
#[utoipa::path(get, path = "/fail", tag = "deals", responses((status = 204, description = "Never.")))]
pub async fn fail(app: web::Data<App>) -> Answer<()> {
    Err(super::ApiError::Internal { cause: format!("SELECT secret FROM users: {:?}", app.now()) })
}
