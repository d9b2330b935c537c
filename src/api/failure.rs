//! How each end of a use case is told: from `workflow::Failure` to `ApiError`, one exhaustive match.

use super::ApiError;
use super::error::chain;
use super::problem::Fault;
use crate::store::StoreError;
use crate::texts::Message;
use crate::workflow::failure::Failure;

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unauthenticated => Self::Unauthenticated,
            Failure::SignInRefused => Self::SignInRefused,
            Failure::Throttled(seconds) => {
                Self::TooManyRequests { retry_after_seconds: u64::try_from(seconds).unwrap_or(1).max(1) }
            }
            Failure::Forbidden(action) => Self::NotPermitted(Message::new("no_grant").with("action", action)),
            Failure::NotFound => Self::NotFound,
            Failure::VersionMismatch { .. } => Self::VersionChanged,
            Failure::Refused(refused) => Self::Refused(refused),
            Failure::Conflict(message) => Self::Conflict(message),
            Failure::CustomerExists { .. } => Self::Conflict(Message::new("customer_exists")),
            Failure::Invalid(faults) => {
                Self::Fields(faults.into_iter().map(|(pointer, message)| Fault::body(pointer, message)).collect())
            }
            Failure::RulesInvalid(faults) => Self::RulesInvalid(faults),
            Failure::KeyMismatch => Self::IdempotencyKeyReused,
            Failure::DryRunWithKey => Self::DryRunWithKey,
            Failure::NotReady => Self::Unavailable { cause: "this process cannot use the active rules".into() },
            Failure::Unavailable(StoreError::Busy) => Self::Busy,
            Failure::Unavailable(fault) => Self::Unavailable { cause: chain(&fault) },
            Failure::Internal { doing, source } => {
                Self::Internal { cause: format!("{doing}: {}", chain(source.as_ref())) }
            }
        }
    }
}
