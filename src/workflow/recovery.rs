//! What an operator does on the host when nobody can do it over HTTP: gives roles to somebody there is.
//!
//! It goes the way of every change of people: decided by the engine (as the product itself), recorded, and seen by every
//! running process at its next request, because it raises the people epoch. Only whoever reaches the database can.

use super::Workflow;
use super::answer::UserAnswer;
use super::auth::normal_login;
use super::call::Call;
use super::conclude::{About, subject};
use super::failure::{Failure, Outcome};
use super::people::{others, roles_of_others};
use super::rules_in_use::nobody_could;
use super::secrets::fresh_token;
use crate::engine::people::{PersonWrite, write};
use crate::engine::permission::reach;
use crate::engine::sight::Sight;
use crate::rules::migrate::Migration;
use crate::rules::model::{Action, Scope};
use crate::rules::spelling::nearest;
use crate::store::{Effect, PeopleChange, User};
use crate::values::{DecisionId, Key};

/// Letters of a fresh password: 6 random bits each.
const PASSWORD_LETTERS: usize = 20;

/// Roles to give to somebody.
#[derive(Clone, Debug)]
pub struct RoleGrant {
    pub login: String,
    /// Added to those that the user has.
    pub roles: Vec<Key>,
    /// Lets a deactivated user act again.
    pub activate: bool,
    /// Sets a fresh password; all sign-ins of the user end.
    pub new_password: bool,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Granted {
    pub user: User,
    /// `None`: it was so already, and nothing was written.
    pub decision: Option<DecisionId>,
    /// The fresh password. It is kept nowhere.
    pub password: Option<String>,
    /// What no active user can do even now, and the roles that could.
    pub still_missing: Option<(&'static str, Vec<Key>)>,
}

/// Why nothing was granted: what was said, and what may have been meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrantFault {
    #[error("there is no user `{login}`")]
    UnknownLogin { login: String, near: Option<String> },
    #[error("there is no role `{role}`")]
    UnknownRole { role: String, near: Option<String>, known: Vec<Key> },
    #[error("`{0}` is deactivated")]
    Deactivated(String),
}

impl Workflow {
    /// Gives roles to a user, on the host.
    pub async fn grant_roles(&self, call: &Call, grant: RoleGrant) -> Outcome<Result<Granted, GrantFault>> {
        let password = grant.new_password.then(|| fresh_token().chars().take(PASSWORD_LETTERS).collect::<String>());
        let hash = match &password {
            Some(password) => {
                let hashed = self.passwords.hash(password.clone()).await;
                Some(hashed.map_err(|fault| Failure::internal("hashing a password", fault))?)
            }
            None => None,
        };
        let done = self
            .writing(call, Action::PeopleWrite, move |scene, tx| {
                let login = normal_login(&grant.login);
                let Some(known) = scene.active.directory.users().find(|known| known.user.login == login) else {
                    let logins = scene.active.directory.users().map(|known| known.user.login.as_str());
                    let near = nearest(&login, logins).map(str::to_owned);
                    return Ok(Ok(Err(GrantFault::UnknownLogin { login, near })));
                };
                let declared = &scene.rules().roles;
                if let Some(role) = grant.roles.iter().find(|role| !declared.contains_key(*role)) {
                    let near = nearest(role, declared.keys().map(Key::as_str)).map(str::to_owned);
                    let known = declared.keys().cloned().collect();
                    return Ok(Ok(Err(GrantFault::UnknownRole { role: role.to_string(), near, known })));
                }
                if !known.user.active && !grant.activate {
                    return Ok(Ok(Err(GrantFault::Deactivated(login))));
                }
                let mut after = User { active: true, ..known.user.clone() };
                for role in &grant.roles {
                    if !after.roles.contains(role) {
                        after.roles.push(role.clone());
                    }
                }
                if after == known.user && hash.is_none() {
                    return Ok(Ok(Ok((after, None))));
                }
                after.updated_at = scene.now().max(after.updated_at);
                let before = known.person();
                let person = PersonWrite {
                    before: Some(&before),
                    roles: &after.roles,
                    team: after.team,
                    active: after.active,
                    faults: Vec::new(),
                };
                let roles = roles_of_others(scene, after.id);
                let decision = write(scene.rules(), &scene.actor, person, others(scene, after.team, &roles));
                let mut changes = vec![PeopleChange::UserChanged { user: after.clone() }];
                if let Some(hash) = &hash {
                    let (user, at) = (after.id, after.updated_at);
                    changes.push(PeopleChange::PasswordSet { user, password_hash: hash.clone(), at });
                    // Whoever tried in vain before need not wait with the new one.
                    tx.clear_attempts(&format!("account {}", after.login))?;
                }
                let version = known.user.version + i64::try_from(changes.len()).unwrap_or(1);
                let user = User { version, ..after };
                let done = scene.conclude(
                    tx,
                    About::other(subject("user", user.id), Sight::nothing()),
                    decision.map(|_| changes.clone()),
                    |changes| changes.iter().map(Effect::People).collect(),
                    |_| UserAnswer { user: user.clone() },
                )?;
                Ok(done.map(|recorded| Ok((recorded.answer.user, recorded.decision))))
            })
            .await?;
        let (user, decision) = match done {
            Ok(done) => done,
            Err(fault) => return Ok(Err(fault)),
        };
        let password = password.filter(|_| decision.is_some());
        let active = self.reload().await?;
        let missing = nobody_could(&active.directory, &active.rules, &Migration::default(), call.now);
        let still_missing = missing.map(|action| {
            let can = |role: &&Key| reach(&active.rules, std::slice::from_ref(*role), action) == Some(Scope::All);
            (action.word(), active.rules.roles.keys().filter(can).cloned().collect())
        });
        Ok(Ok(Granted { user, decision, password, still_missing }))
    }

    /// Everybody, by login: for the host.
    pub async fn everybody(&self) -> Outcome<Vec<User>> {
        let active = self.reload().await?;
        let mut users: Vec<User> = active.directory.users().map(|known| known.user.clone()).collect();
        users.sort_by(|one, other| one.login.cmp(&other.login));
        Ok(users)
    }
}
