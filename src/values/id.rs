//! Ids: UUIDv7, one type for each thing so that a deal's id cannot be handed over as a customer's.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id. Its order follows the instant of its making.
            #[must_use]
            #[allow(clippy::new_without_default, reason = "an id that appears by default is an accident")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )*};
}

ids! {
    /// A company or person who may buy.
    CustomerId,
    /// A customer's passage through one funnel.
    DealId,
    /// Somebody who signs in.
    UserId,
    /// A node of the tree of teams.
    TeamId,
    /// A call, mailing, visit, as logged.
    ActivityId,
    /// A contract of a deal.
    ContractId,
    /// A payment against a contract.
    PaymentId,
    /// A row of the decision log.
    DecisionId,
    /// Rules that are being written.
    DraftId,
    /// A replay of decisions under other rules.
    ReplayId,
    /// A preview of other rules on the deals that there are.
    PreviewId,
    /// A process that works on a replay or a preview.
    RunnerId,
    /// A draft that is watched beside live decisions.
    ShadowId,
    /// A sign-in and all tokens refreshed from it.
    SessionId,
}
