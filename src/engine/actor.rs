//! Who acts.

use crate::values::{Key, TeamId, UserId, Value};
use indexmap::IndexMap;
use std::collections::BTreeSet;

/// Who acts, as the directory knows them at this moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Actor {
    pub who: Who,
    pub roles: Vec<Key>,
    pub team: Option<TeamId>,
    /// The actor's team and all below it: what scope `team` reaches.
    pub teams: BTreeSet<TeamId>,
    pub active: bool,
    pub fields: IndexMap<Key, Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    User(UserId),
    /// The product itself: jobs, and commands on the host.
    System,
}

impl Actor {
    /// The product itself. It may do what its jobs do; criteria, validations and limits bind it like anybody.
    #[must_use]
    pub fn system() -> Self {
        Self {
            who: Who::System,
            roles: Vec::new(),
            team: None,
            teams: BTreeSet::new(),
            active: true,
            fields: IndexMap::new(),
        }
    }

    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        match self.who {
            Who::User(id) => Some(id),
            Who::System => None,
        }
    }
}
