//! Who a token stands for: read here, looked up in the directory by `workflow`.

use super::ApiError;
use super::access::{Answering, Authenticator, Caller};
use super::context::Context;
use super::token;
use crate::rules::model::Action;
use crate::workflow::Workflow;
use crate::workflow::call::{self, Call};
use crate::workflow::scene::SignedIn;
use std::sync::Arc;

/// Finds callers in the directory.
#[derive(Debug)]
pub struct SignIn(pub Arc<Workflow>);

/// A call that is about to begin.
fn call(context: &Context, caller: call::Caller) -> Call {
    Call {
        caller,
        now: context.now,
        request_id: context.request_id.to_string(),
        dry_run: false,
        idempotency: None,
        if_match: None,
    }
}

impl Authenticator for SignIn {
    fn authenticate<'a>(&'a self, token: &'a str, context: &'a Context) -> Answering<'a, Result<Caller, ApiError>> {
        Box::pin(async move {
            let known = token::read(&self.0.secrets().token_keys, token, context.now);
            let known = known.ok_or(ApiError::Unauthenticated)?;
            let call::Caller::User { session, .. } = known else { return Err(ApiError::Unauthenticated) };
            let scene = self.0.admit(&call(context, known), SignedIn("sign_in")).await?;
            Ok(Caller { actor: scene.actor, session: Some(session) })
        })
    }

    fn permit<'a>(
        &'a self,
        caller: &'a Caller,
        action: Action,
        context: &'a Context,
    ) -> Answering<'a, Result<(), ApiError>> {
        Box::pin(async move {
            let known = caller.as_user().ok_or(ApiError::Unauthenticated)?;
            self.0.admit(&call(context, known), action).await?;
            Ok(())
        })
    }
}
