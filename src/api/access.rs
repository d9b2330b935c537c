//! Who may call an operation, and who calls.
//!
//! Every operation of the table (`operations`) names its `Access`; `gate` asks the `Authenticator` before a handler
//! runs. A handler that takes a `Caller` gets the one that was found; it cannot be called without.

use super::ApiError;
use super::context::Context;
use crate::engine::actor::Actor;
use crate::rules::model::Action;
use crate::values::SessionId;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::sync::Arc;

/// What an operation demands of its caller before anything else is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing: whoever can reach the server.
    Public,
    /// Nothing, and not even the limit of requests by address: probes of the platform the process runs on.
    Probe,
    /// A user who may sign in; nothing granted.
    SignedIn,
    /// A user of whom some role is granted the action, on whatever rows. Which rows is decided row by row later.
    May(Action),
}

impl Access {
    /// Whether a caller must prove who he is.
    #[must_use]
    pub fn needs_sign_in(self) -> bool {
        match self {
            Self::Public | Self::Probe => false,
            Self::SignedIn | Self::May(_) => true,
        }
    }
}

/// Who calls: as the directory knows him at this moment, under the rules active at this moment.
#[derive(Clone, Debug)]
pub struct Caller {
    pub actor: Arc<Actor>,
    /// The sign-in that the token came from; none for an API key.
    pub session: Option<SessionId>,
}

/// A future as a trait can return it.
pub type Answering<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Finds out who calls.
pub trait Authenticator: Send + Sync {
    /// The caller whom this token stands for. Wrong, expired and revoked tokens are all the same `Unauthenticated`.
    ///
    /// # Errors
    /// `Unauthenticated`, or `Unavailable` when it cannot be found out now.
    fn authenticate<'a>(&'a self, token: &'a str, call: &'a Context) -> Answering<'a, Result<Caller, ApiError>>;

    /// Whether any role of the caller is granted `action` on any row.
    ///
    /// # Errors
    /// `NotPermitted` when none is.
    fn permit<'a>(
        &'a self,
        caller: &'a Caller,
        action: Action,
        context: &'a Context,
    ) -> Answering<'a, Result<(), ApiError>>;
}

/// Knows nobody: for a server without people (tests of the door, the printing of the document).
#[derive(Debug)]
pub struct Nobody;

impl Authenticator for Nobody {
    fn authenticate<'a>(&'a self, _: &'a str, _: &'a Context) -> Answering<'a, Result<Caller, ApiError>> {
        Box::pin(ready(Err(ApiError::Unauthenticated)))
    }

    fn permit<'a>(&'a self, _: &'a Caller, _: Action, _: &'a Context) -> Answering<'a, Result<(), ApiError>> {
        Box::pin(ready(Err(ApiError::Unauthenticated)))
    }
}

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.extensions().get::<Self>().cloned().ok_or(ApiError::Unauthenticated))
    }
}

/// The bearer token of a request, if it has one of a believable size.
#[must_use]
pub fn bearer(request: &HttpRequest) -> Option<&str> {
    /// Longest token that is looked at, in bytes.
    const LONGEST: usize = 8 * 1024;
    let value = request.headers().get(actix_web::http::header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.len() <= LONGEST).then_some(token)
}
