//! `gate`: what every request of an operation passes before its handler, in one order for all: the limit by address, who
//! calls and whether any role of his is granted the action, the limit by user, the query, the body. A panic behind it
//! becomes a problem, and the whole has a deadline, however slowly a body comes.
//!
//! The order is what decides which answer a request with several faults gets (413 and 415 first, then 429, 401, 403, 429,
//! 400 and 422): a stranger learns nothing about a body's faults.

use super::access::{self, Access};
use super::context::Context;
use super::contract::{BodyContract, Contract, is_json};
use super::extract::{Body, CheckedQuery};
use super::home::at_home;
use super::limits::Left;
use super::reply::LONGEST_KNOWN_VERSIONS;
use super::write::Fingerprint;
use super::{ApiError, App, measures};
use crate::texts::Message;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};
use futures_util::{FutureExt, StreamExt};
use sha2::{Digest, Sha256};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::Duration;

/// Passes one request of the operation of `contract` on to its handler, or answers it.
///
/// # Errors
/// None of its own: every refusal is an answer.
pub async fn gate<B: MessageBody + 'static>(
    app: &App,
    contract: &Contract,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    // What answers when the work is cut off or lost: the work has the request itself.
    let spare = request.request().clone();
    let seconds = app.settings.request_deadline_seconds;
    let mut work = pin!(AssertUnwindSafe(at_home(pass(app, contract, request, next))).catch_unwind());
    let refusal = loop {
        match tokio::time::timeout(Duration::from_secs(seconds), &mut work).await {
            Ok(Ok(answered)) => return answered,
            Ok(Err(panic)) => {
                measures::panicked();
                break ApiError::Internal { cause: format!("a panic: {}", panic_text(panic.as_ref())) };
            }
            // It will be decided under the rules that become active meanwhile: nobody's request fails because of them.
            Err(_) if is_for_rules(app, contract, seconds) => {}
            Err(_) => break ApiError::TooSlow { seconds },
        }
    };
    let mut response = ServiceResponse::new(spare, actix_web::HttpResponse::from_error(refusal));
    // The rest of the request may still be on its way: nothing else can come over this connection.
    response.response_mut().head_mut().set_connection_type(actix_web::http::ConnectionType::Close);
    Ok(response)
}

/// Whether a write took so long because the rules change for a whole company.
fn is_for_rules(app: &App, contract: &Contract, seconds: u64) -> bool {
    let is_write = contract.operation.method != Method::GET;
    is_write && app.workflow.as_ref().is_some_and(|workflow| workflow.waited_within(Duration::from_secs(seconds)))
}

async fn pass<B: MessageBody + 'static>(
    app: &App,
    contract: &Contract,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let mut left = None;
    match admit(app, contract, &mut request, &mut left).await {
        Ok(()) => {}
        Err(refusal) => {
            remember(&request, left);
            return Ok(request.error_response(refusal));
        }
    }
    remember(&request, left);
    next.call(request).await.map(ServiceResponse::map_into_boxed_body)
}

/// Leaves what is left of the limit for the reply's headers.
fn remember(request: &ServiceRequest, left: Option<Left>) {
    if let Some(left) = left {
        request.extensions_mut().insert(left);
    }
}

async fn admit(
    app: &App,
    contract: &Contract,
    request: &mut ServiceRequest,
    left: &mut Option<Left>,
) -> Result<(), ApiError> {
    let context = request.extensions().get::<Context>().cloned();
    let context = context.ok_or_else(|| ApiError::Internal { cause: "a request came in without `door`".into() })?;
    let body = match &contract.body {
        Some(body) => Some(frame(app, contract, body, request)?),
        None => None,
    };
    if contract.operation.access != Access::Probe {
        count(app.limits.address(context.peer), left)?;
    }
    identify(app, contract, request, &context, left).await?;
    let query = contract.check_query(request.query_string())?;
    request.extensions_mut().insert(CheckedQuery(query));
    bound_known_versions(request)?;
    let bytes = match &body {
        Some((_, at_most)) => read(request.take_payload(), *at_most).await?,
        None => Vec::new(),
    };
    let fingerprint = fingerprint(request, &bytes);
    request.extensions_mut().insert(Fingerprint(fingerprint));
    if let (Some(described), Some((media, _))) = (&contract.body, body) {
        let body = if is_json(&media) {
            Body::Json(described.check_json(&bytes)?)
        } else {
            Body::Text(String::from_utf8(bytes).map_err(|_| malformed("body_not_utf8"))?)
        };
        request.extensions_mut().insert(body);
    }
    Ok(())
}

/// Size and media type, as far as the headers say: 413 and 415 come before everything else.
fn frame(
    app: &App,
    contract: &Contract,
    body: &BodyContract,
    request: &ServiceRequest,
) -> Result<(String, usize), ApiError> {
    let at_most = body.at_most.unwrap_or(app.settings.body_limit_kib * 1024);
    let text = |name| request.headers().get(name).and_then(|value: &header::HeaderValue| value.to_str().ok());
    let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    if length.is_some_and(|length| length > at_most) {
        return Err(ApiError::BodyTooLarge { at_most });
    }
    let is_empty = length.unwrap_or(0) == 0 && !request.headers().contains_key(header::TRANSFER_ENCODING);
    let media = match body.media_of(text(header::CONTENT_TYPE)) {
        Some(media) => media.to_owned(),
        None if is_empty && text(header::CONTENT_TYPE).is_none() => "application/json".to_owned(),
        None => {
            let method = contract.operation.method.clone();
            return Err(ApiError::UnsupportedMediaType { method, accepted: body.media.clone() });
        }
    };
    Ok((media, at_most))
}

/// Who calls, if the operation demands it, and whether he may call it at all.
async fn identify(
    app: &App,
    contract: &Contract,
    request: &ServiceRequest,
    context: &Context,
    left: &mut Option<Left>,
) -> Result<(), ApiError> {
    let access = contract.operation.access;
    if !access.needs_sign_in() {
        return Ok(());
    }
    let token = access::bearer(request.request()).ok_or(ApiError::Unauthenticated)?;
    let caller = app.authenticator.authenticate(token, context).await?;
    match access {
        Access::May(action) => app.authenticator.permit(&caller, action, context).await?,
        Access::Public | Access::Probe | Access::SignedIn => {}
    }
    if let Some(user) = caller.actor.user() {
        count(app.limits.user(user), left)?;
    }
    request.extensions_mut().insert(caller);
    Ok(())
}

pub(super) fn count(counted: Option<Result<Left, Left>>, left: &mut Option<Left>) -> Result<(), ApiError> {
    match counted {
        None => Ok(()),
        Some(Ok(now)) => {
            *left = Some(now);
            Ok(())
        }
        Some(Err(now)) => {
            *left = Some(now);
            Err(ApiError::TooManyRequests { retry_after_seconds: now.seconds })
        }
    }
}

async fn read(mut payload: Payload, at_most: usize) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| malformed("body_broken_off"))?;
        if bytes.len() + chunk.len() > at_most {
            return Err(ApiError::BodyTooLarge { at_most });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn malformed(code: &'static str) -> ApiError {
    ApiError::MalformedBody(Message::new(code))
}

/// Versions that a client has already: as much as the document says, and no more.
fn bound_known_versions(request: &ServiceRequest) -> Result<(), ApiError> {
    let length: usize = request.headers().get_all(header::IF_NONE_MATCH).map(header::HeaderValue::len).sum();
    if length <= LONGEST_KNOWN_VERSIONS {
        return Ok(());
    }
    Err(ApiError::MalformedHeader { name: "If-None-Match", message: Message::new("if_none_match_too_long") })
}

fn fingerprint(request: &ServiceRequest, body: &[u8]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in [request.method().as_str(), request.path(), request.query_string()] {
        digest.update(part);
        digest.update([0]);
    }
    digest.update(body);
    digest.finalize().into()
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("?")
}
