//! Every way a use case can end without its answer. `api` maps each, exhaustively, to what the client is told.

use super::answer::Recorded;
use crate::engine::decision::{Refusal, RefusalKind};
use crate::engine::sight::Sight;
use crate::store::StoreError;
use crate::texts::Message;
use crate::values::{CustomerId, DecisionId, UserId};

#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Nobody known: no token, an ended one, a deactivated user.
    #[error("not signed in")]
    Unauthenticated,
    /// Name or password wrong, or the user is not active: not told apart.
    #[error("sign-in refused")]
    SignInRefused,
    /// Too many tries; seconds until the next.
    #[error("too many tries, next in {0} s")]
    Throttled(i64),
    /// No grant at all for the action.
    #[error("no grant for {0}")]
    Forbidden(&'static str),
    /// Nothing here that the caller may see.
    #[error("not found, or not visible")]
    NotFound,
    /// The version the caller named is not the present one.
    #[error("the present version is {present}")]
    VersionMismatch { present: i64 },
    /// Decided and refused; recorded unless only fields are at fault.
    #[error("refused")]
    Refused(Box<Refused>),
    /// A state that stands against it, outside of a deal's own: a taken login, a loop of teams.
    #[error("conflict: {}", .0.code)]
    Conflict(Message),
    /// A customer with the same identity exists; named only where visible.
    #[error("the customer exists")]
    CustomerExists { customer: Option<CustomerId>, owner: Option<UserId> },
    /// A body that is well formed but says what cannot be meant: each place with what is wrong there.
    #[error("invalid: {}", .0.iter().map(|(pointer, message)| format!("{} at {pointer}", message.code)).collect::<Vec<_>>().join(", "))]
    Invalid(Vec<(&'static str, Message)>),
    /// Rules that do not pass the checker, or whose scenarios fail.
    #[error("the rules have problems")]
    RulesInvalid(Box<super::rules::RulesFaults>),
    /// The key was used for another call.
    #[error("the idempotency key was used for another call")]
    KeyMismatch,
    /// A dry run with an idempotency key.
    #[error("a dry run takes no idempotency key")]
    DryRunWithKey,
    /// The active rules cannot be used by this process.
    #[error("this process cannot use the active rules")]
    NotReady,
    /// More work than places, or the database does not answer: later.
    #[error("unavailable")]
    Unavailable(#[source] StoreError),
    #[error("{doing}")]
    Internal { doing: &'static str, source: Box<dyn std::error::Error + Send + Sync> },
}

/// A refusal with what is needed to tell it.
#[derive(Debug)]
pub struct Refused {
    pub refusal: Refusal,
    /// What the caller may see of the values in it.
    pub sight: Sight,
    /// Where it was recorded; `None` for dry runs and for fields only.
    pub decision: Option<DecisionId>,
}

impl Failure {
    /// One thing in the body that cannot be meant.
    pub fn invalid(pointer: &'static str, message: Message) -> Self {
        Self::Invalid(vec![(pointer, message)])
    }

    /// Something that should not happen: the client is told nothing, the log all of it.
    pub fn internal(doing: &'static str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal { doing, source: source.into() }
    }

    /// Why a change of rules is refused, with its first problems: for the log.
    #[must_use]
    pub fn told(&self) -> String {
        match self {
            Self::RulesInvalid(faults) => {
                let problems = faults.problems.iter().take(5);
                let lines: Vec<String> = problems
                    .map(|problem| {
                        format!("{}:{} {}", problem.place.line, problem.place.column, problem.message.render(&[]))
                    })
                    .collect();
                let scenarios =
                    faults.scenarios.iter().take(5).map(|result| format!("scenario at line {} fails", result.line));
                lines.into_iter().chain(scenarios).collect::<Vec<_>>().join("; ")
            }
            Self::Refused(refused) => {
                let lacking = refused.refusal.criteria.iter().map(|checked| checked.message.render(&[]));
                match &refused.refusal.kind {
                    RefusalKind::Permission(message) | RefusalKind::State(message) => {
                        std::iter::once(message.render(&[])).chain(lacking).collect::<Vec<_>>().join("; ")
                    }
                    RefusalKind::Unmet => lacking.collect::<Vec<_>>().join("; "),
                }
            }
            other => other.to_string(),
        }
    }
}

/// What a use case ends with.
pub type Outcome<T> = Result<T, Failure>;

/// What a recorded write ends with.
pub type Written<T> = Outcome<Recorded<T>>;

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy | StoreError::Unavailable(_) | StoreError::Stale | StoreError::RulesChanged => {
                Self::Unavailable(error)
            }
            StoreError::Locked | StoreError::HoldingCap | StoreError::KeyTaken => Self::Unavailable(error),
            StoreError::CustomerExists { customer, .. } => {
                Self::CustomerExists { customer: Some(customer), owner: None }
            }
            StoreError::LoginTaken => Self::invalid("/login", Message::new("login_taken")),
            StoreError::TeamCycle => Self::invalid("/parent", Message::new("team_cycle")),
            StoreError::NoSuchTeam => Self::invalid("/team", Message::new("team_unknown")),
            StoreError::TeamInUse => Self::Conflict(Message::new("team_in_use")),
            StoreError::Newer { .. } | StoreError::Settings(_) | StoreError::Failed { .. } => {
                Self::internal("the store", error)
            }
        }
    }
}
