//! `Write`: what every write comes with besides its body: the version it rests on, the key that makes it safe to repeat,
//! whether it is only tried.
//!
//! A handler of a write takes a `Write`; the parameters appear in the document by themselves.

use super::ApiError;
use super::extract;
use crate::texts::Message;
use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use serde::Deserialize;
use std::future::{Ready, ready};

/// Longest idempotency key, in characters.
pub const LONGEST_KEY: usize = 255;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// What a write comes with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// The version that the client saw; `None` = whatever there is. Always there on PATCH, PUT and DELETE unless the
    /// client said `*`.
    pub if_match: Option<i64>,
    pub idempotency: Option<Idempotency>,
    /// Decide and answer, but write nothing.
    pub dry_run: bool,
}

/// What makes a write safe to repeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// The client's name for the request: 1 to 255 visible ASCII characters.
    pub key: String,
    /// SHA-256 of method, path, query and body: another request under the same key is refused.
    pub fingerprint: [u8; 32],
}

/// The fingerprint of the request, as `gate` left it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fingerprint(pub [u8; 32]);

#[derive(Deserialize)]
struct Asked {
    dry_run: Option<bool>,
}

impl Write {
    fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        let dry_run = extract::query::<Asked>(request)?.dry_run.unwrap_or(false);
        let idempotency = idempotency(request)?;
        if dry_run && idempotency.is_some() {
            return Err(ApiError::DryRunWithKey);
        }
        Ok(Self { if_match: if_match(request)?, idempotency, dry_run })
    }
}

impl FromRequest for Write {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

fn if_match(request: &HttpRequest) -> Result<Option<i64>, ApiError> {
    let Some(value) = one(request, &header::IF_MATCH, "If-Match")? else {
        let needed = [Method::PATCH, Method::PUT, Method::DELETE].contains(request.method());
        return if needed { Err(ApiError::VersionRequired) } else { Ok(None) };
    };
    if value == "*" {
        return Ok(None);
    }
    let digits = value.strip_prefix("\"v").and_then(|rest| rest.strip_suffix('"'));
    let digits = digits.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let version = digits.and_then(|text| text.parse().ok());
    version.map(Some).ok_or(ApiError::MalformedHeader { name: "If-Match", message: Message::new("if_match_malformed") })
}

fn idempotency(request: &HttpRequest) -> Result<Option<Idempotency>, ApiError> {
    let Some(key) = one(request, &IDEMPOTENCY_KEY, "Idempotency-Key")? else { return Ok(None) };
    if !(1..=LONGEST_KEY).contains(&key.len()) || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        let message = Message::new("idempotency_key_malformed");
        return Err(ApiError::MalformedHeader { name: "Idempotency-Key", message });
    }
    let fingerprint = request.extensions().get::<Fingerprint>().map(|fingerprint| fingerprint.0).unwrap_or_default();
    Ok(Some(Idempotency { key: key.to_owned(), fingerprint }))
}

/// The one value of a header; two are as wrong as one that is not text.
fn one<'a>(request: &'a HttpRequest, header: &HeaderName, name: &'static str) -> Result<Option<&'a str>, ApiError> {
    let wrong = || ApiError::MalformedHeader { name, message: Message::new("header_malformed").with("name", name) };
    let mut values = request.headers().get_all(header);
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(wrong());
    }
    value.to_str().map(Some).map_err(|_| wrong())
}
