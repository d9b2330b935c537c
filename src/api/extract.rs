//! What handlers take from a request that `gate` has read and checked: `Json` (the body), `Query`, `Path`, `Text` (a
//! body that is not JSON).
//!
//! The checks of the document come first, so what fails here is what a schema cannot say.

use super::ApiError;
use super::problem::{Fault, Part};
use crate::texts::Message;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::future::{Ready, ready};

/// The body, as `gate` left it for the handler.
#[derive(Debug)]
pub(super) enum Body {
    Json(Value),
    Text(String),
}

/// The checked query, as `gate` left it for the handler.
#[derive(Debug)]
pub(super) struct CheckedQuery(pub Value);

/// A JSON body.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Json<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let body = request.extensions_mut().remove::<Body>();
        ready(match body {
            Some(Body::Json(value)) => read(value, Part::Body).map(Self).map_err(|fault| ApiError::Fields(vec![fault])),
            Some(Body::Text(_)) | None => Err(undescribed("a JSON body")),
        })
    }
}

/// A body of text that is not JSON: a rules file.
#[derive(Debug)]
pub struct Text(pub String);

impl FromRequest for Text {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let body = request.extensions_mut().remove::<Body>();
        ready(match body {
            Some(Body::Text(text)) => Ok(Self(text)),
            Some(Body::Json(_)) | None => Err(undescribed("a text body")),
        })
    }
}

/// Query parameters. Takes those that `T` names; several may be taken side by side.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(query(request).map(Self))
    }
}

/// The query parameters that `T` names.
pub(super) fn query<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, ApiError> {
    let extensions = request.extensions();
    let Some(CheckedQuery(values)) = extensions.get::<CheckedQuery>() else {
        return Err(undescribed("a query"));
    };
    read(values.clone(), Part::Query).map_err(|fault| ApiError::Parameters(vec![fault]))
}

/// The parameters of the path. What does not read as an id is not the id of anything.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Path<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let path = web::Path::<T>::from_request(request, payload).into_inner();
        ready(path.map(|path| Self(path.into_inner())).map_err(|_| ApiError::NotFound))
    }
}

fn read<T: DeserializeOwned>(value: Value, part: Part) -> Result<T, Fault> {
    serde_path_to_error::deserialize(value).map_err(|fault| {
        tracing::debug!(%fault, "a request passed the document and not its type");
        let mut pointer = String::new();
        for segment in fault.path() {
            let segment = segment.to_string();
            if segment != "?" {
                pointer.push('/');
                pointer.push_str(&super::json::escape(segment.trim_matches(['[', ']'])));
            }
        }
        Fault { part, pointer, message: Message::new("wrong_form") }
    })
}

fn undescribed(what: &str) -> ApiError {
    ApiError::Internal { cause: format!("a handler takes {what}, but the document of its operation has none") }
}
