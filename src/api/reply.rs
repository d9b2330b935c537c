//! `Reply`: a successful answer: its body, the version as `ETag`, where a new thing is.

use super::ApiError;
use actix_web::body::BoxBody;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::Serialize;

/// Longest `If-None-Match`, in bytes: some thirty versions.
pub const LONGEST_KNOWN_VERSIONS: usize = 1000;

/// What a handler answers.
pub type Answer<T> = Result<Reply<T>, ApiError>;

/// A successful answer with a JSON body.
#[derive(Debug)]
pub struct Reply<T> {
    status: StatusCode,
    body: Option<T>,
    /// JSON already: made once, for every answer.
    written: Option<Bytes>,
    etag: Option<String>,
    headers: Vec<(HeaderName, String)>,
}

impl<T> Reply<T> {
    /// 200.
    #[must_use]
    pub fn ok(body: T) -> Self {
        Self { status: StatusCode::OK, body: Some(body), written: None, etag: None, headers: Vec::new() }
    }

    /// 201, and where the new thing is: a path of this server.
    #[must_use]
    pub fn created(body: T, location: String) -> Self {
        Self { status: StatusCode::CREATED, ..Self::ok(body) }.with_header(header::LOCATION, location)
    }

    /// With the version of what is answered, as a strong `ETag`.
    #[must_use]
    pub fn version(self, version: i64) -> Self {
        self.etag(format!("\"v{version}\""))
    }

    /// With an `ETag`, quotes included.
    #[must_use]
    pub fn etag(mut self, etag: String) -> Self {
        self.etag = Some(etag);
        self
    }

    /// Answered before: the same request came with the same key.
    #[must_use]
    pub fn replayed(self, replayed: bool) -> Self {
        if replayed { self.with_header(HeaderName::from_static("idempotency-replayed"), "true".into()) } else { self }
    }

    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl Reply<()> {
    /// 204.
    #[must_use]
    pub fn no_content() -> Self {
        Self { status: StatusCode::NO_CONTENT, body: None, written: None, etag: None, headers: Vec::new() }
    }

    /// 200, with a body that is JSON already.
    #[must_use]
    pub fn written(json: Bytes) -> Self {
        Self { status: StatusCode::OK, written: Some(json), ..Self::no_content() }
    }
}

impl<T: Serialize> Responder for Reply<T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.insert_header((name, value));
            }
        }
        if let Some(etag) = self.etag {
            let unchanged = is_read(request) && is_known(request, &etag);
            response.insert_header((header::ETAG, etag));
            if unchanged {
                return response.status(StatusCode::NOT_MODIFIED).finish();
            }
        }
        match (self.written, self.body) {
            (Some(json), _) => response.content_type("application/json").body(json),
            (None, None) => response.finish(),
            (None, Some(body)) => match serde_json::to_vec(&body) {
                Ok(bytes) => response.content_type("application/json").body(bytes),
                Err(fault) => HttpResponse::from_error(ApiError::internal(&fault)),
            },
        }
    }
}

fn is_read(request: &HttpRequest) -> bool {
    [Method::GET, Method::HEAD].contains(request.method())
}

/// Whether the client has this version already (`If-None-Match`).
fn is_known(request: &HttpRequest, etag: &str) -> bool {
    request
        .headers()
        .get_all(header::IF_NONE_MATCH)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|known| known.trim() == "*" || known.trim().trim_start_matches("W/") == etag)
}
