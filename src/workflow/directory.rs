//! The directory: who is who, as one snapshot of users and teams.

use crate::engine::actor::{Actor, Who};
use crate::engine::facts::Person;
use crate::store::{Team, User};
use crate::values::{SessionId, TeamId, UserId};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// Everybody and every team at one moment.
#[derive(Debug, Default)]
pub struct Directory {
    users: HashMap<UserId, Known>,
    teams: BTreeMap<TeamId, Team>,
    ended_sessions: HashSet<SessionId>,
}

/// Somebody, and who they are when they act.
#[derive(Clone, Debug)]
pub struct Known {
    pub user: User,
    pub actor: Arc<Actor>,
}

impl Known {
    /// As expressions and decisions see them; what they hold is not in the directory.
    #[must_use]
    pub fn person(&self) -> Person {
        person_of(&self.user)
    }
}

/// A user as expressions and decisions see them; what they hold is not in the directory.
#[must_use]
pub fn person_of(user: &User) -> Person {
    Person {
        id: user.id,
        roles: user.roles.clone(),
        team: user.team,
        active: user.active,
        fields: user.fields.clone(),
        holdings: BTreeMap::new(),
    }
}

impl Directory {
    #[must_use]
    pub fn new(users: Vec<User>, teams: Vec<Team>, ended_sessions: HashSet<SessionId>) -> Self {
        let teams: BTreeMap<TeamId, Team> = teams.into_iter().map(|team| (team.id, team)).collect();
        let reach = reach(&teams);
        let users = users
            .into_iter()
            .map(|user| {
                let teams = user.team.and_then(|team| reach.get(&team)).cloned().unwrap_or_default();
                let actor = Actor {
                    who: Who::User(user.id),
                    roles: user.roles.clone(),
                    team: user.team,
                    teams,
                    active: user.active,
                    fields: user.fields.clone(),
                };
                (user.id, Known { user, actor: Arc::new(actor) })
            })
            .collect();
        Self { users, teams, ended_sessions }
    }

    #[must_use]
    pub fn user(&self, id: UserId) -> Option<&Known> {
        self.users.get(&id)
    }

    pub fn users(&self) -> impl Iterator<Item = &Known> {
        self.users.values()
    }

    #[must_use]
    pub fn team(&self, id: TeamId) -> Option<&Team> {
        self.teams.get(&id)
    }

    pub fn teams(&self) -> impl Iterator<Item = &Team> {
        self.teams.values()
    }

    /// The team and all below it.
    #[must_use]
    pub fn reach_of(&self, team: TeamId) -> BTreeSet<TeamId> {
        reach(&self.teams).remove(&team).unwrap_or_default()
    }

    /// Somebody on whose behalf something is done while they are not there: as they are now, if they are active.
    #[must_use]
    pub fn acting(&self, user: UserId) -> Option<Arc<Actor>> {
        let known = self.users.get(&user)?;
        known.actor.active.then(|| Arc::clone(&known.actor))
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
fn reach(teams: &BTreeMap<TeamId, Team>) -> BTreeMap<TeamId, BTreeSet<TeamId>> {
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

    fn user(id: UserId, team: TeamId) -> User {
        let at = "2026-03-02T10:00:00Z".parse().unwrap();
        User {
            id,
            login: "li".into(),
            name: "Li".into(),
            email: None,
            roles: vec!["seller".into()],
            team: Some(team),
            active: true,
            fields: crate::engine::facts::FieldValues::new(),
            version: 1,
            created_at: at,
            updated_at: at,
        }
    }

    fn team(id: TeamId, parent: Option<TeamId>) -> Team {
        let at = "2026-03-02T10:00:00Z".parse().unwrap();
        Team { id, name: "t".into(), parent, version: 1, created_at: at, updated_at: at }
    }

    #[test]
    fn a_team_reaches_itself_and_all_below() {
        let (root, south, shenzhen, north) = (TeamId::new(), TeamId::new(), TeamId::new(), TeamId::new());
        let teams =
            vec![team(root, None), team(south, Some(root)), team(shenzhen, Some(south)), team(north, Some(root))];
        let li = UserId::new();
        let directory = Directory::new(vec![user(li, south)], teams, HashSet::new());
        let actor = directory.user(li).unwrap().actor.clone();
        assert_eq!(actor.teams, BTreeSet::from([south, shenzhen]));
        assert_eq!(directory.reach_of(root).len(), 4);
    }

    #[test]
    fn a_token_ends_with_its_user_and_its_session() {
        let (li, south, session) = (UserId::new(), TeamId::new(), SessionId::new());
        let directory = |user: User, ended| Directory::new(vec![user], Vec::new(), ended);
        let known = directory(user(li, south), HashSet::new());
        assert!(known.actor(li, session).is_some());
        assert!(known.actor(UserId::new(), session).is_none());
        assert!(directory(user(li, south), HashSet::from([session])).actor(li, session).is_none());
        let inactive = User { active: false, ..user(li, south) };
        assert!(directory(inactive, HashSet::new()).actor(li, session).is_none());
    }
}
