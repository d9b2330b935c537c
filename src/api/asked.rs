//! `Asked`: what a handler hands to `workflow`: the use cases, and the call as they know it.

use super::access::Caller;
use super::context::Context;
use super::write::Write;
use super::{ApiError, App};
use crate::rules::model::Rules;
use crate::workflow::Workflow;
use crate::workflow::call::{self, Call, Idempotency};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use std::future::{Ready, ready};
use std::sync::Arc;

/// The use cases, as a handler reaches them.
#[derive(Clone, Debug)]
pub struct House(pub Arc<Workflow>);

impl FromRequest for House {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let workflow = request.app_data::<web::Data<App>>().and_then(|app| app.workflow.clone());
        ready(workflow.map(Self).ok_or_else(|| ApiError::Internal { cause: "a door without a house".into() }))
    }
}

impl House {
    /// The rules by which a reply names things. The decision itself was made by those that were active then.
    pub async fn rules(&self) -> Result<Arc<Rules>, ApiError> {
        Ok(Arc::clone(&self.0.active().await?.rules))
    }
}

impl Caller {
    /// The caller as use cases know them.
    #[must_use]
    pub fn as_user(&self) -> Option<call::Caller> {
        Some(call::Caller::User { user: self.actor.user()?, session: self.session? })
    }

    /// A call that only reads.
    pub fn reads(&self, context: &Context) -> Result<Call, ApiError> {
        Ok(Call {
            caller: self.as_user().ok_or(ApiError::Unauthenticated)?,
            now: context.now,
            request_id: context.request_id.to_string(),
            dry_run: false,
            idempotency: None,
            if_match: None,
        })
    }

    /// A call that writes.
    pub fn writes(&self, context: &Context, write: &Write) -> Result<Call, ApiError> {
        Ok(Call {
            dry_run: write.dry_run,
            if_match: write.if_match,
            idempotency: write
                .idempotency
                .as_ref()
                .map(|wanted| Idempotency { key: wanted.key.clone(), fingerprint: wanted.fingerprint }),
            ..self.reads(context)?
        })
    }
}
