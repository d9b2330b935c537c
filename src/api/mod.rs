//! HTTP: the only place that names actix, utoipa and jsonwebtoken. Handlers turn requests into calls of `workflow` and its
//! answers into views; no rule of the business lives here.
//!
//! # The way of a request
//! `door` (id, languages, address; every error becomes a problem) → the route → `gate` (limits, who calls, query, body:
//! checked against the very document that is published) → the handler, about 20 lines → `Reply` or `ApiError`.
//!
//! # To add an operation
//! 1. A handler in the file of its subject, its views and bodies beside it. Its first line of documentation is the
//!    summary, the paragraph after it the description; the path attribute says method, path, tag, its body and its own
//!    answers (what all operations share is added by `normal`):
//!    ```text
//!    /// Log an activity
//!    ///
//!    /// A call, mailing or visit, with its outcome.
//!    #[utoipa::path(post, path = "/v1/deals/{id}/activities", tag = "deals", params(DealPath),
//!        request_body = ActivityBody, responses((status = 201, description = "Logged.", body = ActivityView)))]
//!    pub async fn log_activity(
//!        app: web::Data<App>, context: Context, caller: Caller, write: Write, path: Path<DealPath>, body: Json<ActivityBody>,
//!    ) -> Answer<ActivityView> { ... }
//!    ```
//! 2. A line in the table of `operations`: `deals::log_activity => Access::May(Action::DealsLog)`. Its id is `logActivity`.
//! 3. `cargo run -- openapi > openapi/openapi.json`.
//! 4. A row in `tests/api`, and a line in the changelog.
//!
//! Conventions: bodies end in `Body`, views in `View` (`#[schema(as = Deal)]` names a view without it); a view writes
//! null, it never leaves a property out; lists answer with a type made by `page!` and take a `PageRequest`; writes take a
//! `Write`; a union's variants are structs of their own with a one-value `kind`. Bounds (`max_length`, `minimum`, ...)
//! are written as schema attributes: from there they are enforced.

pub mod access;
pub mod activities;
pub mod advice;
pub mod asked;
pub mod auth;
pub mod context;
pub mod contract;
pub mod contracts;
mod crowd;
pub mod customers;
pub mod deal_filter;
pub mod deals;
pub mod document;
pub mod door;
pub mod drafts;
pub mod error;
pub mod events;
mod explain;
pub mod extract;
pub mod failure;
pub mod figures;
pub mod funnels;
pub mod gate;
pub mod health;
pub mod history;
mod home;
pub mod json;
pub mod limits;
pub mod listing;
pub mod live;
pub mod measures;
pub mod migrate;
pub mod moves;
pub mod normal;
pub mod operations;
pub mod page;
pub mod pages;
pub mod patience;
pub mod people;
pub mod previews;
pub mod problem;
pub mod replays;
pub mod reply;
pub mod reports;
pub mod rules;
pub mod rules_diff;
pub mod schemas;
pub mod server;
pub mod shadows;
pub mod shared;
pub mod shown;
pub mod sign_in;
pub mod timeline;
pub mod token;
mod trials;
pub mod unmet;
pub mod validation;
pub mod words;
pub mod write;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

pub use error::ApiError;

use crate::settings::Http;
use crate::values::{Language, Time};
use access::Authenticator;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::{Condition, from_fn};
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse, guard, web};
use contract::Contract;
use document::Document;
use indexmap::IndexMap;
use operations::Operation;
use std::sync::Arc;

/// What the door needs from the rest of the house; made in one place, for the server and for tests.
pub struct Parts {
    pub settings: Http,
    /// The one real clock.
    pub clock: Arc<dyn Fn() -> Time + Send + Sync>,
    /// The language of a reader who names none that is spoken: the first of the rules.
    pub fallback_language: Arc<dyn Fn() -> Language + Send + Sync>,
    pub readiness: health::Readiness,
    pub authenticator: Arc<dyn Authenticator>,
    /// The use cases; `None` = a door alone (tests of the door).
    pub workflow: Option<Arc<crate::workflow::Workflow>>,
}

/// What every handler can reach.
pub struct App {
    pub settings: Http,
    pub readiness: health::Readiness,
    pub authenticator: Arc<dyn Authenticator>,
    pub workflow: Option<Arc<crate::workflow::Workflow>>,
    pub limits: limits::Limits,
    pub document: Document,
    pub live: live::LiveDocuments,
    clock: Arc<dyn Fn() -> Time + Send + Sync>,
    fallback_language: Arc<dyn Fn() -> Language + Send + Sync>,
    contracts: Vec<Arc<Contract>>,
}

impl App {
    /// The application with all its operations.
    ///
    /// # Errors
    /// What the table of operations and the document disagree about: such a server must not start.
    pub fn new(parts: Parts) -> Result<Self, Vec<String>> {
        Self::with_operations(parts, operations::all())
    }

    /// The application with these operations.
    ///
    /// # Errors
    /// As `new`.
    pub fn with_operations(parts: Parts, table: Vec<Operation>) -> Result<Self, Vec<String>> {
        let document = Document::of(&table);
        let faults = operations::check(&table, &document.json);
        if !faults.is_empty() {
            return Err(faults);
        }
        let contracts = table.into_iter().map(|operation| Contract::of(operation, &document.json).map(Arc::new));
        Ok(Self {
            limits: limits::Limits::of(&parts.settings),
            settings: parts.settings,
            readiness: parts.readiness,
            authenticator: parts.authenticator,
            workflow: parts.workflow,
            clock: parts.clock,
            fallback_language: parts.fallback_language,
            contracts: contracts.collect::<Result<_, _>>().map_err(|fault| vec![fault])?,
            document,
            live: live::LiveDocuments::default(),
        })
    }

    /// The operations, in the order of the document.
    pub fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.contracts.iter().map(|contract| &contract.operation)
    }

    /// The instant, by the one real clock. A request has read it already: `Context::now`.
    #[must_use]
    pub fn now(&self) -> Time {
        (self.clock)()
    }

    /// The language of a reader who names none that is spoken.
    #[must_use]
    pub fn fallback_language(&self) -> Language {
        (self.fallback_language)()
    }
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("operations", &self.contracts.len()).finish_non_exhaustive()
    }
}

/// The application as actix serves it: the one composition for the server and for tests.
pub fn app(
    state: web::Data<App>,
) -> actix_web::App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody + use<>>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    let mut app = actix_web::App::new().app_data(state.clone());
    let mut paths: IndexMap<&str, Vec<&Arc<Contract>>> = IndexMap::new();
    for contract in &state.contracts {
        paths.entry(&contract.operation.path).or_default().push(contract);
    }
    for (path, contracts) in paths {
        app = app.service(resource(&state, path, &contracts));
    }
    app.service(web::resource(["/docs", "/docs/{file}*"]).guard(guard::Get()).to(pages::docs))
        .default_service(web::to(nothing_here))
        .wrap(Condition::new(!state.settings.cors_origins.is_empty(), cors(&state.settings)))
        .wrap(from_fn(door::door))
}

/// All operations of one path; any other method is told which there are.
fn resource(state: &web::Data<App>, path: &str, contracts: &[&Arc<Contract>]) -> actix_web::Resource {
    let mut resource = web::resource(path);
    let mut allowed = Vec::new();
    for contract in contracts {
        let method = contract.operation.method.clone();
        let route = (contract.operation.route)();
        let route = if method == Method::GET {
            allowed.extend([Method::GET, Method::HEAD]);
            route.guard(guard::Any(guard::Get()).or(guard::Head()))
        } else {
            allowed.push(method.clone());
            route.method(method)
        };
        let (state, contract) = (state.clone(), Arc::clone(contract));
        let gate = from_fn(move |request: ServiceRequest, next: actix_web::middleware::Next<BoxBody>| {
            let (state, contract) = (state.clone(), Arc::clone(&contract));
            async move { gate::gate(&state, &contract, request, next).await }
        });
        resource = resource.route(route.wrap(gate));
    }
    resource.default_service(web::to(move |request: HttpRequest| {
        let allowed = allowed.clone();
        async move { Err::<HttpResponse, _>(astray(&request, ApiError::MethodNotAllowed { allowed })) }
    }))
}

async fn nothing_here(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    Err(astray(&request, ApiError::NotFound))
}

/// Requests that lead to no operation count against the limit by address too.
fn astray(request: &HttpRequest, refusal: ApiError) -> ApiError {
    let peer = request.extensions().get::<context::Context>().map(|context| context.peer);
    let limits = request.app_data::<web::Data<App>>().map(|app| &app.limits);
    let (Some(peer), Some(limits)) = (peer, limits) else { return refusal };
    let mut left = None;
    let counted = gate::count(limits.address(peer), &mut left);
    if let Some(left) = left {
        request.extensions_mut().insert(left);
    }
    counted.err().unwrap_or(refusal)
}

fn cors(settings: &Http) -> actix_cors::Cors {
    let mut cors = actix_cors::Cors::default()
        .allowed_methods(["GET", "POST", "PUT", "PATCH", "DELETE"])
        .allowed_headers([
            "authorization",
            "content-type",
            "accept-language",
            "if-match",
            "if-none-match",
            "idempotency-key",
            "x-request-id",
        ])
        // Browsers hide every other header from the page.
        .expose_headers([
            "etag",
            "location",
            "link",
            "retry-after",
            "ratelimit",
            "ratelimit-policy",
            "content-language",
            "idempotency-replayed",
            "x-request-id",
        ])
        .max_age(3600);
    for origin in &settings.cors_origins {
        cors = cors.allowed_origin(&origin.0);
    }
    cors
}
