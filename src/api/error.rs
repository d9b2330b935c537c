//! Everything that can go wrong on the way of a request, and how each is told: one exhaustive match.
//!
//! Two texts for each: what the client is told (a `Problem`, in his language), and what the log keeps (`log_line`). A
//! fault of ours tells the client nothing but the request's id.

use super::problem::{Code, Fault, Problem};
use crate::engine::decision::{self, Checked, CheckedKind, RefusalKind};
use crate::rules::Severity;
use crate::texts::Message;
use crate::workflow::failure::Refused;
use crate::workflow::rules::RulesFaults;
use actix_web::http::header::{self, HeaderName};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, ResponseError};
use std::fmt;

/// Why a request does not get what it asked for.
#[derive(Debug)]
pub enum ApiError {
    MalformedUrl,
    UrlTooLong {
        at_most: usize,
    },
    HeadersTooLarge {
        at_most: usize,
    },
    MalformedHeader {
        name: &'static str,
        message: Message,
    },
    MalformedBody(Message),
    BodyTooLarge {
        at_most: usize,
    },
    /// The body's media type is none of `accepted`.
    UnsupportedMediaType {
        method: Method,
        accepted: Vec<String>,
    },
    TooSlow {
        seconds: u64,
    },
    Parameters(Vec<Fault>),
    Fields(Vec<Fault>),
    DryRunWithKey,
    Unauthenticated,
    /// Name or password wrong, or the set-up token: not told apart.
    SignInRefused,
    NotPermitted(Message),
    NotFound,
    MethodNotAllowed {
        allowed: Vec<Method>,
    },
    /// The engine's answer is no.
    Refused(Box<Refused>),
    /// Not in a state for it; the message's code is the problem's, where it is one of the list.
    Conflict(Message),
    /// Rules that do not pass the checker or their scenarios.
    RulesInvalid(Box<RulesFaults>),
    IdempotencyInProgress,
    IdempotencyKeyReused,
    VersionRequired,
    VersionChanged,
    TooManyRequests {
        retry_after_seconds: u64,
    },
    /// Not now: more is asked than can be done. The log has it once, not for each (`store::queue`).
    Busy,
    /// Not now: the database is away. `cause` is for the log.
    Unavailable {
        cause: String,
    },
    /// A fault of ours. `cause` is for the log.
    Internal {
        cause: String,
    },
}

impl ApiError {
    /// A fault of ours, with all its sources.
    #[must_use]
    pub fn internal(fault: &(dyn std::error::Error + 'static)) -> Self {
        Self::Internal { cause: chain(fault) }
    }

    /// Not now, because of `fault`.
    #[must_use]
    pub fn unavailable(fault: &(dyn std::error::Error + 'static)) -> Self {
        Self::Unavailable { cause: chain(fault) }
    }

    /// What the client is told.
    #[must_use]
    pub fn problem(&self) -> Problem {
        match self {
            Self::MalformedUrl => Problem::new(Code::MalformedUrl),
            Self::UrlTooLong { at_most } => limited(Code::UrlTooLong, *at_most),
            Self::HeadersTooLarge { at_most } => limited(Code::HeadersTooLarge, *at_most),
            Self::MalformedHeader { name, message } => {
                let fault =
                    Fault { part: super::problem::Part::Header, pointer: format!("/{name}"), message: message.clone() };
                Problem::told(Code::MalformedHeader, message.clone()).with_errors(vec![fault])
            }
            Self::MalformedBody(message) => Problem::told(Code::MalformedBody, message.clone()),
            Self::BodyTooLarge { at_most } => limited(Code::BodyTooLarge, *at_most),
            Self::UnsupportedMediaType { method, accepted } => unsupported(method, &accepted.join(", ")),
            Self::TooSlow { seconds } => Problem::told(
                Code::RequestTooSlow,
                Message::new(Code::RequestTooSlow.name()).with("seconds", i64::try_from(*seconds).unwrap_or(i64::MAX)),
            ),
            Self::Parameters(faults) => Problem::new(Code::InvalidParameters).with_errors(faults.clone()),
            Self::Fields(faults) => Problem::new(Code::InvalidFields).with_errors(faults.clone()),
            Self::DryRunWithKey => Problem::new(Code::DryRunWithKey),
            Self::Unauthenticated => {
                Problem::new(Code::Unauthenticated).with_header(header::WWW_AUTHENTICATE, "Bearer realm=\"loudou\"")
            }
            Self::SignInRefused => {
                Problem::new(Code::SignInRefused).with_header(header::WWW_AUTHENTICATE, "Bearer realm=\"loudou\"")
            }
            Self::NotPermitted(message) => Problem::told(Code::NotPermitted, message.clone()),
            Self::NotFound => Problem::new(Code::NotFound),
            Self::MethodNotAllowed { allowed } => {
                let allowed: Vec<&str> = allowed.iter().map(Method::as_str).collect();
                Problem::new(Code::MethodNotAllowed).with_header(header::ALLOW, &allowed.join(", "))
            }
            Self::Refused(refused) => told(refused),
            Self::RulesInvalid(faults) => rules_invalid(faults),
            Self::Conflict(message) => conflict(message),
            Self::IdempotencyInProgress => {
                Problem::new(Code::IdempotencyInProgress).with_header(header::RETRY_AFTER, "1")
            }
            Self::IdempotencyKeyReused => Problem::new(Code::IdempotencyKeyReused),
            Self::VersionRequired => Problem::new(Code::VersionRequired),
            Self::VersionChanged => Problem::new(Code::VersionChanged),
            Self::TooManyRequests { retry_after_seconds } => {
                Problem::new(Code::TooManyRequests).with_header(header::RETRY_AFTER, &retry_after_seconds.to_string())
            }
            Self::Busy | Self::Unavailable { .. } => {
                Problem::new(Code::Unavailable).with_header(header::RETRY_AFTER, "2")
            }
            Self::Internal { .. } => Problem::new(Code::Internal),
        }
    }

    /// What the log keeps of it, for what an operator should look at.
    #[must_use]
    pub fn log_line(&self) -> Option<&str> {
        match self {
            Self::Internal { cause } | Self::Unavailable { cause } => Some(cause),
            Self::MalformedUrl
            | Self::UrlTooLong { .. }
            | Self::HeadersTooLarge { .. }
            | Self::MalformedHeader { .. }
            | Self::MalformedBody(_)
            | Self::BodyTooLarge { .. }
            | Self::UnsupportedMediaType { .. }
            | Self::TooSlow { .. }
            | Self::Busy
            | Self::Parameters(_)
            | Self::Fields(_)
            | Self::DryRunWithKey
            | Self::Unauthenticated
            | Self::SignInRefused
            | Self::RulesInvalid(_)
            | Self::NotPermitted(_)
            | Self::NotFound
            | Self::MethodNotAllowed { .. }
            | Self::Refused(_)
            | Self::Conflict(_)
            | Self::IdempotencyInProgress
            | Self::IdempotencyKeyReused
            | Self::VersionRequired
            | Self::VersionChanged
            | Self::TooManyRequests { .. } => None,
        }
    }
}

fn limited(code: Code, at_most: usize) -> Problem {
    Problem::told(code, Message::new(code.name()).with("bytes", i64::try_from(at_most).unwrap_or(i64::MAX)))
}

fn unsupported(method: &Method, accepted: &str) -> Problem {
    let message = Message::new(Code::UnsupportedMediaType.name()).with("accepted", accepted);
    let name = if *method == Method::PATCH {
        HeaderName::from_static("accept-patch")
    } else {
        HeaderName::from_static("accept-post")
    };
    Problem::told(Code::UnsupportedMediaType, message).with_header(name, accepted)
}

fn told(refused: &Refused) -> Problem {
    let refusal = &refused.refusal;
    let unmet = || refusal.criteria.iter().filter(|checked| checked.is_unmet());
    let field = |checked: &&Checked| checked.kind == CheckedKind::Field;
    let mut problem = match &refusal.kind {
        RefusalKind::Permission(message) => named(message, Code::NotPermitted),
        RefusalKind::State(message) => conflict(message),
        RefusalKind::Unmet if unmet().filter(|checked| checked.refuses()).all(|checked| field(&checked)) => {
            Problem::new(Code::InvalidFields)
        }
        RefusalKind::Unmet => Problem::new(Code::Unmet),
    };
    problem.errors = unmet().filter(field).map(fault).collect();
    // What is only recorded is for those who read the record.
    let told = |checked: &&Checked| !field(checked) && checked.severity != decision::Severity::Audit;
    problem.unmet = unmet().filter(told).cloned().collect();
    problem.sight = Some(Box::new(refused.sight.clone()));
    if let Some(decision) = refused.decision {
        problem = problem.with_header(HeaderName::from_static("x-decision-id"), &decision.to_string());
    }
    problem
}

fn fault(checked: &Checked) -> Fault {
    Fault::body(checked.pointer.clone().unwrap_or_default(), checked.message.clone())
}

fn rules_invalid(faults: &RulesFaults) -> Problem {
    let problems = faults.problems.iter().filter(|problem| problem.severity == Severity::Error).map(|problem| {
        let place = format!("/{}:{}", problem.place.line, problem.place.column);
        Fault::body(place, problem.message.clone())
    });
    let scenarios = faults
        .scenarios
        .iter()
        .flat_map(|result| &result.failures)
        .map(|failure| Fault::body(format!("/{}:1", failure.line), failure.message.clone()));
    Problem::new(Code::RulesInvalid).with_errors(problems.chain(scenarios).collect())
}

fn conflict(message: &Message) -> Problem {
    named(message, Code::Conflict)
}

/// The problem that a message's code names, if it is one of the same status.
fn named(message: &Message, usual: Code) -> Problem {
    let code = Code::named(&message.code).filter(|code| code.status() == usual.status());
    Problem::told(code.unwrap_or(usual), message.clone())
}

/// A fault and all its sources, in one line.
#[must_use]
pub fn chain(fault: &(dyn std::error::Error + 'static)) -> String {
    let mut line = fault.to_string();
    let mut source = fault.source();
    while let Some(fault) = source {
        line.push_str(": ");
        line.push_str(&fault.to_string());
        source = fault.source();
    }
    line
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.problem().code.name())
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.problem().status()
    }

    /// Only the status: `door` writes the body, since only it knows the request's id and languages.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}
