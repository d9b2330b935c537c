//! Problems: how everything that went wrong, or was refused, is told to a client (RFC 9457).
//!
//! `codes!` is the one list of codes: name, status. A code is a published name and never changes its meaning. Each has,
//! in every language of `texts`, a title (`title_<code>`) and a sentence (`<code>`); a test demands both. Sentences are
//! for people, codes for programs: clients decide by `code`, never by `title` or `detail`.

use super::unmet::UnmetView;
use crate::texts::Message;
use crate::values::Language;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use serde::Serialize;
use utoipa::ToSchema;

macro_rules! codes {
    ($($status:literal { $($(#[$doc:meta])* $variant:ident = $name:literal,)* })*) => {
        /// What a problem is, for programs.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $($($(#[$doc])* $variant,)*)*
        }

        impl Code {
            pub const ALL: &[Self] = &[$($(Self::$variant,)*)*];

            /// The published name.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $($(Self::$variant => $name,)*)* }
            }

            /// The HTTP status it comes with.
            #[must_use]
            pub fn status(self) -> u16 {
                match self { $($(Self::$variant => $status,)*)* }
            }

            /// The name of its title in the catalogue.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $($(Self::$variant => concat!("title_", $name),)*)* }
            }
        }
    };
}

codes! {
    400 {
        /// The path or the query is not text, or holds control characters.
        MalformedUrl = "malformed_url",
        MalformedHeader = "malformed_header",
        /// Not JSON, a key given twice, or the connection broke off.
        MalformedBody = "malformed_body",
        /// Query parameters: unknown, repeated, of a wrong kind, out of bounds.
        InvalidParameters = "invalid_parameters",
        /// A dry run writes nothing: there is nothing that a retry could repeat.
        DryRunWithKey = "dry_run_with_key",
    }
    401 {
        Unauthenticated = "unauthenticated",
        /// Name or password wrong, or the set-up token: not told apart.
        SignInRefused = "sign_in_refused",
    }
    403 {
        NotPermitted = "not_permitted",
        /// The rules demand two for a change of them, and the caller wrote this one.
        RulesByAnother = "rules_by_another",
        /// The rules demand two for a change of them: it must be a draft.
        RulesByDraftOnly = "rules_by_draft_only",
        /// The rules demand two for a change of them: what becomes of things in use must stand in the draft.
        RulesMigrateByDraftOnly = "rules_migrate_by_draft_only",
    }
    404 {
        NotFound = "not_found",
    }
    405 {
        MethodNotAllowed = "method_not_allowed",
    }
    408 {
        RequestTooSlow = "request_too_slow",
    }
    409 {
        /// Something else happened in between, or the thing is not in a state for it.
        Conflict = "conflict",
        /// The deal is not in the stage that the client saw it in.
        DealMoved = "deal_moved",
        /// The deal is won or lost.
        DealClosed = "deal_closed",
        AlreadyThere = "already_there",
        NoSuchMove = "no_such_move",
        /// The customer has an open deal in this funnel.
        OpenDealExists = "open_deal_exists",
        /// A customer with the same identity exists.
        CustomerExists = "customer_exists",
        /// The new rules lack what is in use: `errors` says what, and how often.
        RulesInUse = "rules_in_use",
        /// What is said to become of something in use cannot be: `errors` says what, and why.
        RulesMigrationImpossible = "rules_migration_impossible",
        /// Nobody who is active could change people, or the rules, under the new rules.
        NobodyCould = "nobody_could",
        /// The new rules demand two for a change of them, and there would be no two who could.
        NobodyCouldByAnother = "nobody_could_by_another",
        /// By the new rules, customers would be the same as others: `errors` says by which combination, and how many.
        RulesCustomersAlike = "rules_customers_alike",
        /// New things have names that something had which was removed: `errors` says which. `migrate.again` confirms it.
        RulesNamesUsedBefore = "rules_names_used_before",
        /// The draft was made from another version than the one that rules.
        RulesDraftOutdated = "rules_draft_outdated",
        RulesDraftScheduled = "rules_draft_scheduled",
        RulesDraftNotScheduled = "rules_draft_not_scheduled",
        RulesDraftActivated = "rules_draft_activated",
        RulesReplayEnded = "rules_replay_ended",
        RulesPreviewEnded = "rules_preview_ended",
        RulesShadowRuns = "rules_shadow_runs",
        RulesShadowEnded = "rules_shadow_ended",
        RulesUnchanged = "rules_unchanged",
        /// The rules come from the file: they are changed there.
        RulesFromFile = "rules_from_file",
        IdempotencyInProgress = "idempotency_in_progress",
    }
    412 {
        VersionChanged = "version_changed",
    }
    413 {
        BodyTooLarge = "body_too_large",
    }
    414 {
        UrlTooLong = "url_too_long",
    }
    415 {
        UnsupportedMediaType = "unsupported_media_type",
    }
    422 {
        /// Fields of the body: missing, unknown, of a wrong kind, out of bounds.
        InvalidFields = "invalid_fields",
        /// The rules refuse: every reason is in `unmet`.
        Unmet = "unmet",
        IdempotencyKeyReused = "idempotency_key_reused",
        /// Rules that do not pass the checker or their scenarios: `errors` has every problem at its `line:column`.
        RulesInvalid = "rules_invalid",
    }
    428 {
        VersionRequired = "version_required",
    }
    429 {
        TooManyRequests = "too_many_requests",
    }
    431 {
        HeadersTooLarge = "headers_too_large",
    }
    500 {
        Internal = "internal",
    }
    503 {
        Unavailable = "unavailable",
    }
}

impl Code {
    /// The code with this published name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }
}

/// Where in the request a fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    Body,
    Query,
    Path,
    Header,
}

/// One fault of the request.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    pub part: Part,
    /// JSON pointer into that part: `/fields/phone`, `/limit`.
    pub pointer: String,
    /// Its code is the fault's code.
    pub message: Message,
}

impl Fault {
    #[must_use]
    pub fn body(pointer: impl Into<String>, message: Message) -> Self {
        Self { part: Part::Body, pointer: pointer.into(), message }
    }

    #[must_use]
    pub fn query(name: &str, message: Message) -> Self {
        Self { part: Part::Query, pointer: format!("/{name}"), message }
    }
}

/// A problem, before anybody reads it.
#[derive(Debug)]
pub struct Problem {
    pub code: Code,
    pub detail: Message,
    pub errors: Vec<Fault>,
    pub unmet: Vec<crate::engine::decision::Checked>,
    /// What the reader may see of the values in `unmet`; `None` = they hold none.
    pub sight: Option<Box<crate::engine::sight::Sight>>,
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// The problem of this code, told with the code's own sentence.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self::told(code, Message::new(code.name()))
    }

    /// The problem of this code, told with a more specific sentence.
    #[must_use]
    pub fn told(code: Code, detail: Message) -> Self {
        Self { code, detail, errors: Vec::new(), unmet: Vec::new(), sight: None, headers: Vec::new() }
    }

    #[must_use]
    pub fn with_errors(mut self, errors: Vec<Fault>) -> Self {
        self.errors = errors;
        self
    }

    /// With a header; one whose value cannot be a header's is left out.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The problem in its reader's words.
    #[must_use]
    pub fn view(&self, request_id: &str, languages: &[Language]) -> ProblemView {
        ProblemView {
            r#type: format!("/problems/{}", self.code.name()),
            title: Message::new(self.code.title()).render(languages),
            status: self.code.status(),
            detail: self.detail.render(languages),
            instance: request_id.to_owned(),
            code: self.code.name().to_owned(),
            errors: self.errors.iter().map(|fault| FaultView::of(fault, languages)).collect(),
            unmet: self.unmet.iter().map(|checked| UnmetView::of(checked, self.sight.as_deref(), languages)).collect(),
        }
    }
}

/// A problem (RFC 9457).
///
/// Programs decide by `code`; `title` and `detail` are sentences for people, in the language of `Accept-Language`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemView {
    /// Where the kind of problem is explained: `/problems/{code}`.
    #[schema(format = "uri-reference", max_length = 200)]
    r#type: String,
    /// The kind of problem, in words.
    #[schema(max_length = 200)]
    title: String,
    /// The status of the response.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// This problem, in words.
    #[schema(max_length = 4000)]
    detail: String,
    /// The request's id, as in the header `X-Request-Id`: name it when you ask for help.
    #[schema(max_length = 64)]
    instance: String,
    /// The kind of problem, for programs. New ones may come: treat one you do not know by its status.
    #[schema(max_length = 100)]
    code: String,
    /// The faults of the request, one by one.
    #[schema(max_items = 1000)]
    errors: Vec<FaultView>,
    /// What the rules demand and is not there: every reason, not only the first.
    #[schema(max_items = 1000)]
    unmet: Vec<UnmetView>,
}

/// One fault of a request.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Fault)]
pub struct FaultView {
    /// The part of the request that it is in.
    r#in: Part,
    /// JSON pointer (RFC 6901) into that part.
    #[schema(max_length = 1000)]
    pointer: String,
    /// What is wrong, for programs.
    #[schema(max_length = 100)]
    code: String,
    /// What is wrong, in words.
    #[schema(max_length = 4000)]
    detail: String,
}

impl FaultView {
    fn of(fault: &Fault, languages: &[Language]) -> Self {
        Self {
            r#in: fault.part,
            pointer: fault.pointer.clone(),
            code: fault.message.code.to_string(),
            detail: fault.message.render(languages),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts;

    #[test]
    fn every_code_has_its_title_and_its_sentence_in_every_language() {
        for code in Code::ALL {
            assert!(texts::is_known(code.name()), "no sentence for `{}`", code.name());
            assert!(texts::is_known(code.title()), "no title for `{}`", code.name());
        }
    }

    #[test]
    fn a_code_is_found_by_its_published_name() {
        for code in Code::ALL {
            assert_eq!(Code::named(code.name()), Some(*code));
        }
        assert_eq!(Code::named("no_such"), None);
    }
}
