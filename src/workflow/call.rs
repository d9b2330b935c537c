//! One call of a use case: who calls, when, and how it is to be answered.

use super::failure::Failure;
use crate::values::{SessionId, Time, UserId};

/// What every use case is told about the call, whatever it is about.
#[derive(Clone, Debug)]
pub struct Call {
    pub caller: Caller,
    /// The instant of the call: read once, before anything else.
    pub now: Time,
    pub request_id: String,
    /// Decide, and write nothing.
    pub dry_run: bool,
    /// Makes the call safe to repeat.
    pub idempotency: Option<Idempotency>,
    /// The version the caller has seen, if said.
    pub if_match: Option<i64>,
}

/// Who calls. What they may do is looked up for every call: nothing of it is believed from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    User {
        user: UserId,
        session: SessionId,
    },
    /// A job, on behalf of somebody who arranged for it.
    Behalf(UserId),
    /// Jobs, and commands on the host.
    System,
}

/// A key under which the same call is done once, and what the call was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    pub key: String,
    /// SHA-256 of method, path and body.
    pub fingerprint: [u8; 32],
}

impl Call {
    /// What is wrong if the caller named another version than the present one.
    #[must_use]
    pub fn version_fault(&self, present: i64) -> Option<Failure> {
        self.if_match.is_some_and(|seen| seen != present).then_some(Failure::VersionMismatch { present })
    }

    /// A call by the product itself.
    #[must_use]
    pub fn system(now: Time, request_id: &str) -> Self {
        Self {
            caller: Caller::System,
            now,
            request_id: request_id.to_owned(),
            dry_run: false,
            idempotency: None,
            if_match: None,
        }
    }
}
