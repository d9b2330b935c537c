//! The live document: the published document as the rules and the caller's roles make it. Stages, grades, reasons and
//! products as types, the company's own fields, a request for each move, and nothing that the caller could never do or see.
//!
//! `build` makes it from the published one and nothing else, so what is promised there holds here too, more closely. It is
//! made once for each (rules, roles, languages) on a thread of its own, and kept.

mod build;
mod compare;
mod fields;
mod moves;
mod prune;
mod scaffold;
mod words;

use super::access::Caller;
use super::asked::House;
use super::context::Context;
use super::extract::Query;
use super::operations::Operation;
use super::problem::Fault;
use super::reply::{Answer, Reply};
use super::{ApiError, App};
use crate::rules::model::Rules;
use crate::texts::Message;
use crate::values::{DraftId, Key, Language};
use crate::workflow::trials::Tried;
use actix_web::http::header;
use actix_web::web::{self, Bytes};
pub use build::{Reader, build};
pub use compare::{ContractChange, compare};
use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;
use utoipa::IntoParams;

/// Documents that are kept: each is some hundred KB.
const KEPT: usize = 32;

/// What a document depends on besides the program.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Of {
    rules_hash: String,
    number: Option<i64>,
    roles: Vec<Key>,
    languages: Vec<Language>,
}

/// A live document as it is served.
#[derive(Clone, Debug)]
struct Served {
    json: Bytes,
    etag: String,
}

type Kept = IndexMap<Of, Arc<OnceCell<Served>>>;

/// The documents that were asked for lately.
#[derive(Debug, Default)]
pub struct LiveDocuments(Mutex<Kept>);

impl LiveDocuments {
    /// The place of a document: many who ask at once wait for one making of it.
    fn place(&self, of: &Of) -> Arc<OnceCell<Served>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The one that was asked for last stands last.
        let place = kept.shift_remove(of).unwrap_or_default();
        while kept.len() >= KEPT {
            kept.shift_remove_index(0);
        }
        kept.insert(of.clone(), Arc::clone(&place));
        place
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LiveQuery {
    /// The version of the rules: left out, the active one.
    #[param(minimum = 1, nullable = false)]
    version: Option<i64>,
    /// A draft, as it is now; for those who may read it.
    #[param(value_type = Option<uuid::Uuid>, nullable = false)]
    draft: Option<DraftId>,
}

/// This document, by the rules and for you
///
/// The OpenAPI document with the words of the rules as types: stages, grades, reasons, products, roles, the company's own
/// fields with their labels in your language, and a request for each move. What your roles can never do or see is not in
/// it. Make a client of it, and a stage that is not there does not compile. A move is asked for with the stage that you
/// saw the deal in, so that each is a type of its own.
#[utoipa::path(get, path = "/v1/rules/openapi.json", tag = "rules", params(LiveQuery), responses(
    (status = 200, description = "The document.", body = Object, content_type = "application/json"),
    (status = 304, description = "It is still the one that you named in `If-None-Match`.")))]
pub async fn get_rules_document(
    app: web::Data<App>,
    house: House,
    context: Context,
    caller: Caller,
    query: Query<LiveQuery>,
) -> Answer<()> {
    let call = caller.reads(&context)?;
    let tried = match (query.0.draft, query.0.version) {
        (Some(_), Some(_)) => {
            return Err(ApiError::Parameters(vec![Fault::query("version", Message::new("draft_or_version"))]));
        }
        (Some(draft), None) => Some(Tried::Draft(draft)),
        (None, Some(version)) => Some(Tried::Version(version)),
        (None, None) => None,
    };
    let asked = house.0.rules_for_document(&call, tried).await?;
    let languages = asked.languages(&context.languages);
    let of = Of { rules_hash: asked.hash.clone(), number: asked.number, roles: asked.roles.clone(), languages };
    let place = app.live.place(&of);
    let making = || async {
        let rules = asked.rules().await?;
        let (app, of) = (app.clone(), of.clone());
        let made = tokio::task::spawn_blocking(move || served(&app.document.json, app.operations(), &rules, &of));
        made.await.map_err(|fault| ApiError::internal(&fault))
    };
    let served = place.get_or_try_init(making).await?;
    let reply = Reply::written(served.json.clone()).etag(served.etag.clone());
    Ok(reply.with_header(header::CACHE_CONTROL, "no-cache".into()))
}

fn served<'a>(published: &Json, table: impl Iterator<Item = &'a Operation>, rules: &Rules, of: &Of) -> Served {
    let reader = Reader { roles: &of.roles, number: of.number, languages: &of.languages };
    let json = build(published, table, rules, reader);
    let json = Bytes::from(serde_json::to_vec(&json).unwrap_or_default());
    // For whom and in which language is part of what is hashed, as it is of what is written.
    let digest = hex::encode(Sha256::digest(&json));
    Served { etag: format!("\"{}\"", digest.get(..32).unwrap_or(&digest)), json }
}
