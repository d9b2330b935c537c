//! What can go wrong in the store, in words of what its callers can do about it. No message of a database leaves it
//! except in the chain of sources, for the log.

use crate::values::{CustomerId, Key};
use thiserror::Error;

/// Why the store gave no answer. Everything was rolled back, with one exception: after `Unavailable` a write may have
/// been committed whose acknowledgement was lost (its idempotency key tells).
#[derive(Debug, Error)]
pub enum StoreError {
    /// Too many callers wait, or facts changed under a use case again and again. Try later.
    #[error("the store is busy")]
    Busy,
    /// The database cannot be reached. Try later; the store reconnects by itself.
    #[error("the database cannot be reached")]
    Unavailable(#[source] Cause),
    /// A fact changed since it was read. The store runs the use case again by itself.
    #[error("a fact changed since it was read")]
    Stale,
    /// Somebody holds for long what is needed. The store runs the use case again by itself.
    #[error("what is needed is locked for long")]
    Locked,
    /// The rules or the people changed since the caller took them. Take the new ones and begin again.
    #[error("the rules or the people changed")]
    RulesChanged,
    /// An owner holds as many deals as the cap allows. The store runs the use case again by itself.
    #[error("the owner holds as many deals as allowed")]
    HoldingCap,
    /// Another request took the idempotency key in this moment. The store runs the use case again by itself.
    #[error("the idempotency key was taken")]
    KeyTaken,
    /// There is a customer with the same identity.
    #[error("a customer with this identity exists")]
    CustomerExists { customer: CustomerId, combination: Key },
    /// Another user has this login.
    #[error("the login is taken")]
    LoginTaken,
    /// The team would be below itself.
    #[error("a team cannot be below itself")]
    TeamCycle,
    /// The team still has people, teams or deals.
    #[error("the team is in use")]
    TeamInUse,
    /// The team that is named does not exist.
    #[error("no such team")]
    NoSuchTeam,
    /// The database was migrated by a newer version of this product.
    #[error("the database has the schema `{found}`, this version knows up to `{known}`: start the newer version")]
    Newer { found: String, known: String },
    /// The settings do not say a usable database.
    #[error("{0}")]
    Settings(String),
    /// Anything else: a fault of the database or of ours.
    #[error("{doing} failed")]
    Failed {
        doing: &'static str,
        #[source]
        source: Cause,
    },
}

/// The error behind, for the log.
pub type Cause = Box<dyn std::error::Error + Send + Sync + 'static>;

impl StoreError {
    pub(super) fn failed(doing: &'static str, source: impl Into<Cause>) -> Self {
        Self::Failed { doing, source: source.into() }
    }

    /// Whether the same use case may come out otherwise when it is run again on fresh facts.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Stale | Self::Locked | Self::HoldingCap | Self::KeyTaken => true,
            Self::Busy
            | Self::Unavailable(_)
            | Self::RulesChanged
            | Self::CustomerExists { .. }
            | Self::LoginTaken
            | Self::TeamCycle
            | Self::TeamInUse
            | Self::NoSuchTeam
            | Self::Newer { .. }
            | Self::Settings(_)
            | Self::Failed { .. } => false,
        }
    }
}

impl From<diesel::result::Error> for StoreError {
    fn from(error: diesel::result::Error) -> Self {
        use diesel::result::DatabaseErrorKind as Kind;
        use diesel::result::Error;
        let Error::DatabaseError(kind, info) = &error else { return Self::failed("a statement", error) };
        // SQLite names the constraint (or its columns) only in the message, PostgreSQL in a field of its own.
        let names = |name: &str| info.constraint_name().unwrap_or(info.message()).contains(name);
        match kind {
            Kind::SerializationFailure => Self::Stale,
            Kind::UnableToSendCommand | Kind::ClosedConnection => Self::Unavailable(Box::new(error)),
            Kind::CheckViolation if names("holding_cap") => Self::HoldingCap,
            Kind::UniqueViolation if names("deals_one_open") || names("deals.customer, deals.funnel") => Self::Stale,
            Kind::UniqueViolation if names("idempotency_key") || names("idempotency.actor") => Self::KeyTaken,
            // The identity of a customer that was taken in this moment: the next run finds whose it is.
            Kind::UniqueViolation if names("customer_keys_key") => Self::Stale,
            Kind::UniqueViolation if names("users_login_key") || names("users.login") => Self::LoginTaken,
            Kind::ForeignKeyViolation if names("users_team_fk") || names("teams_parent_fk") => Self::NoSuchTeam,
            Kind::Unknown if info.message().contains("lock timeout") => Self::Locked,
            Kind::Unknown if locked(info.message()) => Self::Busy,
            Kind::Unknown if info.message().contains("deadlock detected") => Self::Stale,
            _ => Self::failed("a statement", error),
        }
    }
}

/// Whether a statement gave up: it ran too long, or another program holds the file. PostgreSQL may say it in another
/// language than English; then the error is a failure (500) instead of a busy store (503), and no more than that.
fn locked(message: &str) -> bool {
    ["statement timeout", "database is locked"].iter().any(|known| message.contains(known))
}
