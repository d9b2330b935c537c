//! People: who there is, in which team, and the epochs by which every process sees a change at its next request.

use super::tx::face;
use crate::engine::facts::FieldValues;
use crate::values::{Key, SessionId, TeamId, Time, UserId};
use serde::{Deserialize, Serialize};

/// The two numbers that every decision compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Epochs {
    /// Number of the active rules; 0 = none yet.
    pub rules_version: i64,
    /// Raised by every change of people.
    pub people_epoch: i64,
}

/// Somebody who signs in. No password in here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct User {
    pub id: UserId,
    /// Normalised; unique.
    pub login: String,
    pub name: String,
    pub email: Option<String>,
    pub roles: Vec<Key>,
    pub team: Option<TeamId>,
    pub active: bool,
    pub fields: FieldValues,
    pub version: i64,
    pub created_at: Time,
    pub updated_at: Time,
}

/// A node of the tree of teams.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    pub id: TeamId,
    pub name: String,
    pub parent: Option<TeamId>,
    pub version: i64,
    pub created_at: Time,
    pub updated_at: Time,
}

/// Everybody, at one moment.
#[derive(Clone, Debug)]
pub struct Directory {
    pub epochs: Epochs,
    /// By login.
    pub users: Vec<User>,
    /// By name.
    pub teams: Vec<Team>,
    /// Sign-ins that were ended before their time and may still have access tokens out.
    pub ended_sessions: Vec<SessionId>,
}

/// What signing in needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    pub user: UserId,
    pub active: bool,
    /// `None` = this user cannot sign in by password.
    pub password_hash: Option<String>,
}

/// A change of people. Written by `Tx::record`, under the lock of the epochs, and raises `people_epoch`.
#[derive(Clone, Debug)]
pub enum PeopleChange {
    UserCreated {
        user: User,
        password_hash: Option<String>,
    },
    /// The user after the change; `user.version` is the one that was read. A deactivated user's sessions end.
    UserChanged {
        user: User,
    },
    /// All sessions of the user end.
    PasswordSet {
        user: UserId,
        password_hash: String,
        at: Time,
    },
    /// One session ends.
    SignedOut {
        session: SessionId,
        at: Time,
    },
    /// All sessions of the user end.
    SignedOutEverywhere {
        user: UserId,
        at: Time,
    },
    TeamCreated {
        team: Team,
    },
    /// The team after the change; `team.version` is the one that was read.
    TeamChanged {
        team: Team,
    },
    /// Only without people, teams below and deals.
    TeamRemoved {
        team: TeamId,
        version: i64,
    },
}

face! { unbegun directory:
    /// The present epochs.
    fn epochs() -> Epochs;
}

face! { directory:
    /// Everybody and the epochs, of one moment (inside a read).
    fn directory() -> Directory;
    /// One user.
    fn user(id: UserId) -> Option<User>;
    /// One team.
    fn team(id: TeamId) -> Option<Team>;
    /// What signing in needs to know of this (normalised) login.
    fn credentials(login: &str) -> Option<Credentials>;
    /// The same by the user's id.
    fn credentials_of(user: UserId) -> Option<Credentials>;
    /// Whether there is any user at all: without one the set-up is open.
    fn any_user() -> bool;
}

face! { people:
    /// Makes every process look at the directory again: for what ends without a decision of a person.
    fn raise_people_epoch() -> ();
}
