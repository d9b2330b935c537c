//! The directory: who is who, as one snapshot of users and teams.

use crate::engine::actor::{Actor, Who};
use crate::engine::facts::FieldValues;
use crate::values::{Key, SessionId, TeamId, UserId};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// Everybody and every team at one moment.
#[derive(Debug, Default)]
pub struct Directory {
    users: HashMap<UserId, DirectoryUser>,
    teams: BTreeMap<TeamId, DirectoryTeam>,
    ended_sessions: HashSet<SessionId>,
}

#[derive(Clone, Debug)]
pub struct DirectoryUser {
    pub actor: Arc<Actor>,
    pub login: String,
    pub name: String,
}

#[derive(Clone, Debug)]
pub struct DirectoryTeam {
    pub name: String,
    pub parent: Option<TeamId>,
}

/// A user as the store knows them.
#[derive(Clone, Debug)]
pub struct Entry {
    pub id: UserId,
    pub login: String,
    pub name: String,
    pub roles: Vec<Key>,
    pub team: Option<TeamId>,
    pub active: bool,
    pub fields: FieldValues,
}

impl Directory {
    #[must_use]
    pub fn new(
        entries: Vec<Entry>,
        teams: BTreeMap<TeamId, DirectoryTeam>,
        ended_sessions: HashSet<SessionId>,
    ) -> Self {
        let reach = reach(&teams);
        let users = entries
            .into_iter()
            .map(|entry| {
                let teams = entry.team.and_then(|team| reach.get(&team)).cloned().unwrap_or_default();
                let actor = Actor {
                    who: Who::User(entry.id),
                    roles: entry.roles,
                    team: entry.team,
                    teams,
                    active: entry.active,
                    fields: entry.fields,
                };
                let user = DirectoryUser { actor: Arc::new(actor), login: entry.login, name: entry.name };
                (entry.id, user)
            })
            .collect();
        Self { users, teams, ended_sessions }
    }

    #[must_use]
    pub fn user(&self, id: UserId) -> Option<&DirectoryUser> {
        self.users.get(&id)
    }

    pub fn users(&self) -> impl Iterator<Item = (&UserId, &DirectoryUser)> {
        self.users.iter()
    }

    #[must_use]
    pub fn team(&self, id: TeamId) -> Option<&DirectoryTeam> {
        self.teams.get(&id)
    }

    /// The team and all below it.
    #[must_use]
    pub fn reach_of(&self, team: TeamId) -> BTreeSet<TeamId> {
        reach(&self.teams).remove(&team).unwrap_or_default()
    }

    /// The actor behind a token, if the user is active and the token has not been ended.
    #[must_use]
    pub fn actor(&self, user: UserId, session: SessionId) -> Option<Arc<Actor>> {
        let known = self.users.get(&user)?;
        let valid = known.actor.active && !self.ended_sessions.contains(&session);
        valid.then(|| Arc::clone(&known.actor))
    }
}

/// For each team, the team and all below it. A loop (which the store refuses) ends where it began.
fn reach(teams: &BTreeMap<TeamId, DirectoryTeam>) -> BTreeMap<TeamId, BTreeSet<TeamId>> {
    let mut reach: BTreeMap<TeamId, BTreeSet<TeamId>> = BTreeMap::new();
    for &team in teams.keys() {
        let mut above = Some(team);
        let mut seen = BTreeSet::new();
        while let Some(one) = above.filter(|one| seen.insert(*one)) {
            reach.entry(one).or_default().insert(team);
            above = teams.get(&one).and_then(|known| known.parent);
        }
    }
    reach
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: UserId, team: TeamId) -> Entry {
        Entry {
            id,
            login: "li".into(),
            name: "Li".into(),
            roles: vec![Key::new("seller")],
            team: Some(team),
            active: true,
            fields: FieldValues::new(),
        }
    }

    #[test]
    fn a_team_reaches_itself_and_all_below() {
        let (root, south, shenzhen, north) = (TeamId::new(), TeamId::new(), TeamId::new(), TeamId::new());
        let team = |parent| DirectoryTeam { name: "t".into(), parent };
        let teams = BTreeMap::from([
            (root, team(None)),
            (south, team(Some(root))),
            (shenzhen, team(Some(south))),
            (north, team(Some(root))),
        ]);
        let user = UserId::new();
        let directory = Directory::new(vec![entry(user, south)], teams, HashSet::new());
        let actor = directory.user(user).unwrap().actor.clone();
        assert_eq!(actor.teams, BTreeSet::from([south, shenzhen]));
        assert_eq!(directory.reach_of(root).len(), 4);
    }

    #[test]
    fn a_token_ends_with_its_user_and_its_session() {
        let (user, team, session) = (UserId::new(), TeamId::new(), SessionId::new());
        let directory = Directory::new(vec![entry(user, team)], BTreeMap::new(), HashSet::new());
        assert!(directory.actor(user, session).is_some());
        assert!(directory.actor(UserId::new(), session).is_none());
        let ended = Directory::new(vec![entry(user, team)], BTreeMap::new(), HashSet::from([session]));
        assert!(ended.actor(user, session).is_none());
        let inactive = Entry { active: false, ..entry(user, team) };
        let directory = Directory::new(vec![inactive], BTreeMap::new(), HashSet::new());
        assert!(directory.actor(user, session).is_none());
    }
}
