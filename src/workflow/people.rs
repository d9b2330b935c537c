//! Users: who there is, who they are to be, whether they may act.

use super::Workflow;
use super::answer::UserAnswer;
use super::auth::{normal_login, password_fault};
use super::call::Call;
use super::conclude::{About, subject};
use super::customers::forbidden;
use super::directory::{Known, person_of};
use super::failure::{Failure, Outcome, Written};
use super::scene::Scene;
use crate::engine::Row;
use crate::engine::decision::{Checked, Decision};
use crate::engine::facts::FieldValues;
use crate::engine::fields::{Declared, clean, field_fault, read_email};
use crate::engine::people::{Others, PersonWrite, write};
use crate::engine::permission::reach;
use crate::engine::sight::Sight;
use crate::rules::expression::Entity;
use crate::rules::model::{Action, Scope};
use crate::store::{Effect, PeopleChange, StoreError, Tx, User};
use crate::texts::Message;
use crate::values::{Key, TeamId, UserId};
use serde_json::{Map, Value as Json};

/// Shortest and longest login, in characters.
const SHORTEST_LOGIN: usize = 2;
const LONGEST_LOGIN: usize = 100;
const LONGEST_NAME: usize = 200;

/// Somebody new.
#[derive(Clone, Debug)]
pub struct NewUser {
    pub login: String,
    pub name: String,
    pub email: Option<String>,
    pub roles: Vec<Key>,
    pub team: Option<TeamId>,
    pub fields: Map<String, Json>,
    /// Without one the user cannot sign in until one is set.
    pub password: Option<String>,
}

/// A change of somebody. `None` = as it is.
#[derive(Clone, Debug, Default)]
pub struct UserPatch {
    pub name: Option<String>,
    pub email: Option<Option<String>>,
    pub roles: Option<Vec<Key>>,
    pub team: Option<Option<TeamId>>,
    pub active: Option<bool>,
    pub fields: Map<String, Json>,
}

/// What is wrong with a login as a login.
#[must_use]
pub fn login_fault(login: &str) -> Option<Message> {
    if login.chars().count() < SHORTEST_LOGIN {
        return Some(Message::new("login_required").with("least", i64::try_from(SHORTEST_LOGIN).unwrap_or(0)));
    }
    let plain = |letter: char| letter.is_alphanumeric() || ".+-_@".contains(letter);
    (login.chars().count() > LONGEST_LOGIN || !login.chars().all(plain)).then(|| Message::new("login_form"))
}

impl Workflow {
    /// Everybody the caller may see, by login.
    pub async fn users(&self, call: &Call) -> Outcome<Vec<User>> {
        self.reading(call, Action::PeopleRead, |scene, _| {
            let mut users: Vec<User> = scene
                .active
                .directory
                .users()
                .filter(|known| sees(scene, known))
                .map(|known| known.user.clone())
                .collect();
            users.sort_by(|one, other| one.login.cmp(&other.login));
            Ok(Ok(users))
        })
        .await
    }

    /// One user.
    pub async fn user(&self, call: &Call, id: UserId) -> Outcome<User> {
        self.reading(call, Action::PeopleRead, move |scene, _| {
            let known = scene.active.directory.user(id).filter(|known| sees(scene, known));
            Ok(known.map(|known| known.user.clone()).ok_or(Failure::NotFound))
        })
        .await
    }

    /// Makes a user.
    pub async fn create_user(&self, call: &Call, new: NewUser) -> Written<UserAnswer> {
        let scene = self.admit(call, Action::PeopleWrite).await?;
        drop(scene);
        // A weak one is told with what else is wrong, and not hashed.
        let weak = new.password.as_deref().and_then(password_fault);
        let hash = match &new.password {
            Some(password) if weak.is_none() => {
                let hashed = self.passwords.hash(password.clone()).await;
                Some(hashed.map_err(|fault| Failure::internal("hashing a password", fault))?)
            }
            Some(_) | None => None,
        };
        let id = UserId::new();
        self.writing(call, Action::PeopleWrite, move |scene, tx| {
            if let Some(replayed) = scene.replay(tx, |_, answer| Ok(sight(scene, answer)))? {
                return Ok(replayed);
            }
            let login = normal_login(&new.login);
            let mut faults: Vec<Checked> =
                login_fault(&login).map(|message| fault("login", message)).into_iter().collect();
            let name = text(&new.name, "name", &mut faults);
            let email = new.email.as_deref().and_then(|email| address(email, &mut faults));
            let fields = user_fields(scene, &FieldValues::new(), &new.fields, true, &mut faults);
            faults.extend(weak.clone().map(|message| fault("password", message)));
            let person = PersonWrite { before: None, roles: &new.roles, team: new.team, active: true, faults };
            let decision = write(scene.rules(), &scene.actor, person, others(scene, new.team, &[]));
            let now = scene.now();
            let user = User {
                id,
                login,
                name,
                email,
                roles: new.roles.clone(),
                team: new.team,
                active: true,
                fields,
                version: 1,
                created_at: now,
                updated_at: now,
            };
            let decision = permitted_on(scene, &user, decision);
            let change = PeopleChange::UserCreated { user: user.clone(), password_hash: hash.clone() };
            let about = About::other(subject("user", id), Sight::nothing());
            scene.conclude(
                tx,
                about,
                decision.map(|_| change.clone()),
                |change| vec![Effect::People(change)],
                |_| UserAnswer { user: user.clone() },
            )
        })
        .await
    }

    /// Changes a user: name, roles, team, whether they may act.
    pub async fn change_user(&self, call: &Call, id: UserId, patch: UserPatch) -> Written<UserAnswer> {
        self.writing(call, Action::PeopleWrite, move |scene, tx| {
            if let Some(replayed) = scene.replay(tx, |_, answer| Ok(sight(scene, answer)))? {
                return Ok(replayed);
            }
            let Some(known) = scene.active.directory.user(id).filter(|known| may_see(scene, known)) else {
                return Ok(Err(Failure::NotFound));
            };
            let mut faults = Vec::new();
            let mut after = known.user.clone();
            if let Some(name) = &patch.name {
                after.name = text(name, "name", &mut faults);
            }
            if let Some(email) = &patch.email {
                after.email = email.as_deref().and_then(|email| address(email, &mut faults));
            }
            after.roles = patch.roles.clone().unwrap_or(after.roles);
            after.team = patch.team.unwrap_or(after.team);
            after.active = patch.active.unwrap_or(after.active);
            after.fields = user_fields(scene, &known.user.fields, &patch.fields, false, &mut faults);
            after.updated_at = scene.now().max(after.updated_at);
            let before = known.person();
            let person = PersonWrite {
                before: Some(&before),
                roles: &after.roles,
                team: after.team,
                active: after.active,
                faults,
            };
            let roles = roles_of_others(scene, id);
            let decision = write(scene.rules(), &scene.actor, person, others(scene, after.team, &roles));
            let decision = permitted_on(scene, &known.user, decision);
            if let Some(failure) = scene.call.version_fault(known.user.version).filter(|_| !decision.is_forbidden()) {
                return Ok(Err(failure));
            }
            let user = User { version: known.user.version + 1, ..after.clone() };
            let change = PeopleChange::UserChanged { user: after };
            let about = About::other(subject("user", id), Sight::nothing());
            scene.conclude(
                tx,
                about,
                decision.map(|_| change.clone()),
                |change| vec![Effect::People(change)],
                |_| UserAnswer { user: user.clone() },
            )
        })
        .await
    }

    /// Sets somebody's password; all their sign-ins end.
    pub async fn set_password(&self, call: &Call, id: UserId, password: String) -> Written<UserAnswer> {
        drop(self.admit(call, Action::PeopleWrite).await?);
        if let Some(message) = password_fault(&password) {
            return Err(Failure::invalid("/password", message));
        }
        let hashed = self.passwords.hash(password).await;
        let password_hash = hashed.map_err(|fault| Failure::internal("hashing a password", fault))?;
        self.writing(call, Action::PeopleWrite, move |scene, tx| {
            if let Some(replayed) = scene.replay(tx, |_, answer| Ok(sight(scene, answer)))? {
                return Ok(replayed);
            }
            let Some(known) = scene.active.directory.user(id).filter(|known| may_see(scene, known)) else {
                return Ok(Err(Failure::NotFound));
            };
            let before = known.person();
            let person = PersonWrite {
                before: Some(&before),
                roles: &before.roles,
                team: before.team,
                active: before.active,
                faults: Vec::new(),
            };
            let roles = roles_of_others(scene, id);
            let decision = write(scene.rules(), &scene.actor, person, others(scene, before.team, &roles));
            let decision = permitted_on(scene, &known.user, decision);
            let user = User { version: known.user.version + 1, updated_at: scene.now(), ..known.user.clone() };
            let change = PeopleChange::PasswordSet { user: id, password_hash: password_hash.clone(), at: scene.now() };
            let about = About::other(subject("user", id), Sight::nothing());
            scene.conclude(
                tx,
                about,
                decision.map(|_| change.clone()),
                |change| vec![Effect::People(change)],
                |_| UserAnswer { user: user.clone() },
            )
        })
        .await
    }
}

/// People are rows of `people.read`: own, the team's, all.
fn sees(scene: &Scene, known: &Known) -> bool {
    scene.permit.holds(&Row::Person(&known.person()), scene.now())
}

/// The same where the action is another one: seen by whoever may read or write them.
fn may_see(scene: &Scene, known: &Known) -> bool {
    let person = known.person();
    let row = Row::Person(&person);
    let reads = scene.permit_for(Action::PeopleRead).is_some_and(|permit| permit.holds(&row, scene.now()));
    reads || scene.permit.holds(&row, scene.now())
}

/// What is told again of somebody: nothing is hidden of people, but who may not see them any more is told nothing.
fn sight(scene: &Scene, answer: &UserAnswer) -> Option<Sight> {
    scene.active.directory.user(answer.user.id).filter(|known| may_see(scene, known)).map(|_| Sight::nothing())
}

/// The decision, unless the grants do not hold on this person: a condition of theirs, or a `never` of any role.
fn permitted_on<T>(scene: &Scene, user: &User, decision: Decision<T>) -> Decision<T> {
    let holds = scene.permit.holds(&Row::Person(&person_of(user)), scene.now());
    if holds || decision.is_forbidden() { decision } else { Decision::Refused(forbidden(Action::PeopleWrite)) }
}

pub(super) fn own_sight<A>(_: &mut Tx<'_>, _: &A) -> Result<Option<Sight>, StoreError> {
    Ok(Some(Sight::nothing()))
}

pub(super) fn others<'a>(scene: &Scene, team: Option<TeamId>, roles: &'a [Vec<Key>]) -> Others<'a> {
    Others {
        scope: match scene.actor.user() {
            Some(_) => reach(scene.rules(), &scene.actor.roles, Action::PeopleWrite).unwrap_or(Scope::Own),
            None => Scope::All,
        },
        team_exists: team.is_none_or(|team| scene.active.directory.team(team).is_some()),
        roles,
    }
}

pub(super) fn roles_of_others(scene: &Scene, except: UserId) -> Vec<Vec<Key>> {
    let others = scene.active.directory.users().filter(|known| known.user.id != except && known.user.active);
    others.map(|known| known.user.roles.clone()).collect()
}

fn user_fields(
    scene: &Scene,
    before: &FieldValues,
    body: &Map<String, Json>,
    is_new: bool,
    faults: &mut Vec<Checked>,
) -> FieldValues {
    let rules = scene.rules();
    let declared = Declared { entity: Entity::User, fields: &rules.fields.user, country: rules.country.as_deref() };
    let (written, unread) = declared.read(body);
    let applied = declared.apply(before, written, None, is_new);
    faults.extend(unread);
    faults.extend(applied.faults);
    applied.values
}

pub(super) fn fault(part: &str, message: Message) -> Checked {
    field_fault(&format!("/{part}"), &Key::new(part), message, vec![part.to_owned()])
}

/// A name in normal form, or what is wrong with it.
pub(super) fn name(given: &str) -> Result<String, Message> {
    let read = clean(given, LONGEST_NAME, false)?;
    if read.is_empty() { Err(Message::new("name_required")) } else { Ok(read) }
}

/// A name that must be there.
pub(super) fn text(given: &str, part: &str, faults: &mut Vec<Checked>) -> String {
    name(given).unwrap_or_else(|message| {
        faults.push(fault(part, message));
        String::new()
    })
}

fn address(given: &str, faults: &mut Vec<Checked>) -> Option<String> {
    let read = read_email(given).unwrap_or_else(|message| {
        faults.push(fault("email", message));
        String::new()
    });
    Some(read).filter(|email| !email.is_empty())
}
