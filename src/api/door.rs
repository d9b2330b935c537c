//! `door`: the outermost layer, which every request passes once in each direction. On the way in it makes the `Context` and
//! turns away what no operation should see (endless addresses and headers, control characters). On the way out it writes
//! every error as a problem in its reader's language, adds the headers that all replies have, counts, and logs.

use super::context::{Context, REQUEST_ID};
use super::error::ApiError;
use super::limits::Left;
use super::problem::{Code, Problem};
use super::{App, crowd, measures, patience};
use crate::texts;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, web};
use futures_util::StreamExt;
use percent_encoding::percent_decode_str;
use std::time::{Duration, Instant};
use tracing::{Instrument, Span};

/// Longest path and query together, in bytes.
pub const LONGEST_URL: usize = 8 * 1024;
/// Headers together, in bytes.
pub const LARGEST_HEADERS: usize = 64 * 1024;
/// Most that is read of a body that nobody wants, in bytes.
const READ_AWAY: usize = 64 * 1024;
/// Longest that is waited for it.
const READ_AWAY_FOR: Duration = Duration::from_secs(1);

/// Lets one request in and its answer out.
///
/// # Errors
/// What actix itself could not do.
pub async fn door<B: MessageBody + 'static>(
    app: web::Data<App>,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let context = Context::of(&request, &app);
    request.extensions_mut().insert(context.clone());
    let line = request.conn_data::<patience::Line>().cloned();
    let refusal = turn_away(&app, &request);
    // Who is one of a crowd is counted, and has no line in the log: it would be full of them, and each takes time from
    // who is served.
    let is_crowd = matches!(refusal, Some(ApiError::Busy));
    let span = if is_crowd { Span::none() } else { tracing::info_span!("request", id = %context.request_id) };
    let response = match refusal {
        Some(refusal) => {
            // As fast as it comes; who lets it wait is not waited for.
            let _ = tokio::time::timeout(READ_AWAY_FOR, read_away(&mut request)).await;
            request.error_response(refusal)
        }
        None => next.call(request).instrument(span.clone()).await?.map_into_boxed_body(),
    };
    let _entered = span.enter();
    let mut response = tell(response, &context);
    add_headers(&mut response, &app, &context);
    if app.readiness.is_draining() {
        // Who comes again comes over another connection, and to another process.
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    if is_crowd {
        measures::turned_away();
    } else {
        record(&response, &context, started);
    }
    let longest = Duration::from_secs(app.settings.request_deadline_seconds);
    Ok(response.map_body(|_, body| patience::in_pieces(body, line.as_ref(), longest)))
}

fn turn_away(app: &App, request: &ServiceRequest) -> Option<ApiError> {
    // Before any work is done for it: who cannot be served must not take time from who can.
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if request.path().starts_with("/v1/") {
        let is_let_in = crowd::lets_in();
        if !is_let_in || app.workflow.as_ref().is_some_and(|workflow| !workflow.has_room(is_read)) {
            return Some(ApiError::Busy);
        }
    }
    let url = request.uri().path_and_query().map_or("", |whole| whole.as_str());
    if url.len() > LONGEST_URL {
        return Some(ApiError::UrlTooLong { at_most: LONGEST_URL });
    }
    let headers: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if headers > LARGEST_HEADERS {
        return Some(ApiError::HeadersTooLarge { at_most: LARGEST_HEADERS });
    }
    let is_text = percent_decode_str(url).decode_utf8().is_ok_and(|text| !text.chars().any(char::is_control));
    (!is_text).then_some(ApiError::MalformedUrl)
}

/// What was sent along is read, up to a size: whoever is still writing would not see the answer, and would have to
/// connect anew.
async fn read_away(request: &mut ServiceRequest) {
    let mut body = request.take_payload();
    let mut read = 0;
    while let Some(Ok(part)) = body.next().await {
        read += part.len();
        if read > READ_AWAY {
            return;
        }
    }
}

/// Every error as a problem; other responses as they are.
fn tell(response: ServiceResponse<BoxBody>, context: &Context) -> ServiceResponse<BoxBody> {
    let Some(error) = response.response().error() else { return response };
    let problem = match error.as_error::<ApiError>() {
        Some(error) => {
            if let Some(line) = error.log_line() {
                tracing::error!(cause = line, code = error.problem().code.name(), "a request failed");
            }
            error.problem()
        }
        None => {
            tracing::debug!(%error, "refused below the operations");
            below(response.status())
        }
    };
    let view = problem.view(&context.request_id, &context.languages);
    let text = serde_json::to_vec(&view).unwrap_or_default();
    let mut told = HttpResponse::build(problem.status());
    told.content_type("application/problem+json");
    told.insert_header((header::CONTENT_LANGUAGE, texts::spoken(&context.languages)));
    for (name, value) in problem.headers {
        told.insert_header((name, value));
    }
    let mut told = told.body(text);
    keep(response.headers(), told.headers_mut());
    if response.response().head().connection_type() == ConnectionType::Close {
        told.head_mut().set_connection_type(ConnectionType::Close);
    }
    response.into_response(told)
}

/// What inner layers (CORS) had added to the response that a problem replaces.
fn keep(before: &HeaderMap, after: &mut HeaderMap) {
    for (name, value) in before {
        if ![header::CONTENT_TYPE, header::CONTENT_LENGTH].contains(name) && !after.contains_key(name) {
            after.append(name.clone(), value.clone());
        }
    }
}

/// The problem of an error that is not ours: of actix or of its CORS layer.
fn below(status: StatusCode) -> Problem {
    let code = Code::ALL.iter().copied().find(|code| code.status() == status.as_u16());
    Problem::new(code.unwrap_or(if status.is_client_error() { Code::MalformedHeader } else { Code::Internal }))
}

fn add_headers(response: &mut ServiceResponse<BoxBody>, app: &App, context: &Context) {
    let left = response.request().extensions().get::<Left>().copied();
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&context.request_id) {
        headers.insert(REQUEST_ID, id);
    }
    let mut usually = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    usually(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    usually(header::CACHE_CONTROL, "no-store");
    usually(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    usually(header::REFERRER_POLICY, "no-referrer");
    if app.settings.behind_tls {
        usually(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    headers.append(header::VARY, HeaderValue::from_static("Accept-Language"));
    if let Some(left) = left {
        let policy = format!("\"{}\";q={};w=60", left.name, left.quota);
        let state = format!("\"{}\";r={};t={}", left.name, left.left, left.seconds);
        for (name, value) in [("ratelimit-policy", policy), ("ratelimit", state)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
}

fn record(response: &ServiceResponse<BoxBody>, context: &Context, started: Instant) {
    let request = response.request();
    let route = request.match_pattern().unwrap_or_else(|| "none".to_owned());
    let status = response.status().as_u16();
    let elapsed = started.elapsed();
    measures::answered(known_method(request.method()), &route, status, elapsed);
    tracing::info!(
        target: "access",
        method = request.method().as_str(),
        route,
        status,
        micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
        peer = %context.peer,
    );
}

/// The method as a label of metrics: whatever else a client makes up is one label.
fn known_method(method: &Method) -> &'static str {
    const KNOWN: [Method; 7] =
        [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
    match KNOWN.iter().position(|known| known == method) {
        Some(0) => "GET",
        Some(1) => "HEAD",
        Some(2) => "POST",
        Some(3) => "PUT",
        Some(4) => "PATCH",
        Some(5) => "DELETE",
        Some(6) => "OPTIONS",
        _ => "other",
    }
}
