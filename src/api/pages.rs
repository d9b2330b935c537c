//! What the server says about itself: the OpenAPI document, the kinds of problems, the documentation in a browser.
//! Nothing of it is loaded from anywhere else.

use super::context::Context;
use super::extract::Path;
use super::problem::Code;
use super::reply::{Answer, Reply};
use super::{ApiError, App};
use crate::texts::{self, Message};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, LazyLock};
use utoipa::{IntoParams, ToSchema};

/// The OpenAPI document
///
/// This document, as JSON. It changes only with the version of the server.
#[utoipa::path(get, path = "/openapi.json", tag = "operation", responses(
    (status = 200, description = "The document.", body = Object, content_type = "application/json"),
    (status = 304, description = "It is still the one that you named in `If-None-Match`.")))]
pub async fn get_document(app: web::Data<App>) -> Answer<()> {
    let reply = Reply::written(app.document.served.clone()).etag(app.document.etag.clone());
    Ok(reply.with_header(header::CACHE_CONTROL, "no-cache".into()))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ProblemKindPath {
    /// The `code` of a problem.
    #[param(max_length = 100)]
    code: String,
}

/// A kind of problem.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemKindView {
    /// For programs.
    #[schema(max_length = 100)]
    code: &'static str,
    /// The status that it comes with.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// In words.
    #[schema(max_length = 200)]
    title: String,
}

/// A kind of problem, explained
///
/// What the `type` of a problem points to, in the language of `Accept-Language`; as text for people if `Accept` names
/// `text/plain` before JSON.
#[utoipa::path(get, path = "/problems/{code}", tag = "operation", params(ProblemKindPath), responses(
    (status = 200, description = "The kind of problem.",
        headers(("Content-Language" = String, description = "The language of what is written for people.")),
        content((ProblemKindView = "application/json"), (String = "text/plain")))))]
pub async fn get_problem_kind(
    request: HttpRequest,
    context: Context,
    path: Path<ProblemKindPath>,
) -> Result<HttpResponse, ApiError> {
    let code = Code::named(&path.0.code).ok_or(ApiError::NotFound)?;
    let title = Message::new(code.title()).render(&context.languages);
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CONTENT_LANGUAGE, texts::spoken(&context.languages)));
    response.insert_header((header::VARY, "Accept"));
    if reads_text_first(&request) {
        let text = format!("{title} ({}, {})\n", code.name(), code.status());
        return Ok(response.content_type("text/plain; charset=utf-8").body(text));
    }
    Ok(response.json(ProblemKindView { code: code.name(), status: code.status(), title }))
}

/// Whether `Accept` names text before JSON. Nobody who names neither, as most programs do, gets text.
fn reads_text_first(request: &HttpRequest) -> bool {
    let accepted = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let known = accepted.split(',').map(|range| range.split(';').next().unwrap_or_default().trim());
    known.into_iter().find(|range| ["text/plain", "application/json", "*/*"].contains(range)) == Some("text/plain")
}

static DOCS: LazyLock<Arc<utoipa_swagger_ui::Config<'static>>> = LazyLock::new(|| {
    let config = utoipa_swagger_ui::Config::from("/openapi.json");
    // `none`: the badge of an outside validator would send every reader's document there.
    Arc::new(config.validator_url("none").display_request_duration(true).persist_authorization(false))
});

/// What the browser may load for the documentation: only what this server itself serves. (The styles are written into
/// the page by its script.)
const ONLY_FROM_HERE: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'";

/// The documentation in a browser: `/docs/` and the files it is made of. Not an operation of the API.
pub async fn docs(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let Some(file) = request.path().strip_prefix("/docs/") else {
        return Ok(HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "/docs/")).finish());
    };
    let found = utoipa_swagger_ui::serve(file, Arc::clone(&DOCS))
        .map_err(|fault| ApiError::Internal { cause: fault.to_string() })?
        .ok_or(ApiError::NotFound)?;
    let mut response = HttpResponse::Ok();
    if found.gzpipped {
        response.insert_header((header::CONTENT_ENCODING, "gzip"));
    }
    Ok(response
        .content_type(found.content_type)
        .insert_header((header::CONTENT_SECURITY_POLICY, ONLY_FROM_HERE))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(found.bytes.into_owned()))
}
