//! People: who may change whom. Nobody raises themselves, nobody edits somebody above them, and there is always
//! somebody left who can change people and rules.

use super::actor::Actor;
use super::customers::decided;
use super::decision::{Checked, Decision, FactsRead, Refusal, RefusalKind};
use super::effects::Made;
use super::facts::Person;
use super::fields::field_fault;
use super::permission::reach;
use crate::rules::model::{Action, Rules, Scope};
use crate::texts::Message;
use crate::values::{Key, TeamId, Value};

/// What raises somebody above others: changing people and changing rules.
const POWERS: [Action; 3] = [Action::PeopleWrite, Action::RulesDraft, Action::RulesActivate];

/// Most roles of a user.
pub const MOST_ROLES: usize = 10;

/// Somebody as they are to be.
#[derive(Clone, Debug)]
pub struct PersonWrite<'a> {
    /// As they are; `None` = new.
    pub before: Option<&'a Person>,
    pub roles: &'a [Key],
    pub team: Option<TeamId>,
    pub active: bool,
    /// What else is wrong with the body.
    pub faults: Vec<Checked>,
}

/// What else a decision about people rests on.
#[derive(Clone, Copy, Debug)]
pub struct Others<'a> {
    /// Widest scope in which the actor may write people.
    pub scope: Scope,
    /// Whether the team exists.
    pub team_exists: bool,
    /// Roles of every other active user.
    pub roles: &'a [Vec<Key>],
}

/// That a change of somebody is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PersonChange {
    pub made: Made,
}

/// Makes or changes somebody.
#[must_use]
pub fn write(rules: &Rules, actor: &Actor, write: PersonWrite<'_>, others: Others<'_>) -> Decision<PersonChange> {
    let facts = facts_of(&write);
    let refused = |message: Message| {
        Decision::Refused(Refusal {
            kind: RefusalKind::Permission(message),
            criteria: Vec::new(),
            facts: facts.clone(),
        })
    };
    if let Some(message) = not_permitted(rules, actor, &write, others) {
        return refused(message);
    }
    let mut criteria = write.faults.clone();
    let mut told = |pointer: &str, id: &str, message: Message| {
        criteria.push(field_fault(pointer, &Key::new(id), message, vec![id.to_owned()]));
    };
    if write.roles.is_empty() {
        told("/roles", "roles", Message::new("roles_required"));
    } else if write.roles.len() > MOST_ROLES {
        told("/roles", "roles", Message::new("roles_too_many").with("most", i64::try_from(MOST_ROLES).unwrap_or(0)));
    }
    for role in write.roles {
        if !rules.roles.contains_key(role) {
            let all: Vec<&str> = rules.roles.keys().map(Key::as_str).collect();
            let shown: String = role.chars().take(60).collect();
            told("/roles", "roles", Message::new("role_unknown").with("role", shown).with("choices", all.join(", ")));
        }
    }
    if write.team.is_some() && !others.team_exists {
        told("/team", "team", Message::new("team_unknown"));
    }
    if let Some(message) = nobody_left(rules, &write, others) {
        return Decision::Refused(Refusal { kind: RefusalKind::State(message), criteria, facts });
    }
    decided(criteria, facts, PersonChange { made: Made::new() })
}

fn not_permitted(rules: &Rules, actor: &Actor, write: &PersonWrite<'_>, others: Others<'_>) -> Option<Message> {
    let outside =
        |team: Option<TeamId>| others.scope != Scope::All && !team.is_some_and(|team| actor.teams.contains(&team));
    if let Some(before) = write.before {
        let touches = before.roles != write.roles || before.team != write.team || before.active != write.active;
        if touches && actor.user() == Some(before.id) {
            return Some(Message::new("not_yourself"));
        }
        if outside(before.team) && actor.user() != Some(before.id) {
            return Some(Message::new("person_outside_scope"));
        }
        if above(rules, &before.roles, actor) {
            return Some(Message::new("person_above_you"));
        }
    }
    let moved = write.before.is_none_or(|before| before.team != write.team);
    if moved && outside(write.team) {
        return Some(Message::new("team_outside_scope"));
    }
    above(rules, write.roles, actor).then(|| Message::new("role_above_you"))
}

/// Whether these roles can do something to people or rules, or to more of them, that the actor cannot.
fn above(rules: &Rules, roles: &[Key], actor: &Actor) -> bool {
    actor.user().is_some()
        && POWERS.iter().any(|power| reach(rules, roles, *power) > reach(rules, &actor.roles, *power))
}

/// Whether after the change no active user could change people, or the rules.
fn nobody_left(rules: &Rules, write: &PersonWrite<'_>, others: Others<'_>) -> Option<Message> {
    let can = |roles: &[Key], power: Action| reach(rules, roles, power) == Some(Scope::All);
    let before = write.before.filter(|before| before.active)?;
    let missing = POWERS.iter().find(|power| {
        let keeps = write.active && can(write.roles, **power);
        can(&before.roles, **power) && !keeps && !others.roles.iter().any(|roles| can(roles, **power))
    })?;
    Some(Message::new("last_administrator").with("action", missing.word()))
}

fn facts_of(write: &PersonWrite<'_>) -> FactsRead {
    let mut facts = FactsRead::default();
    facts.values.insert(Key::new("user.roles"), Some(Value::Choices(write.roles.to_vec())));
    facts.values.insert(Key::new("user.active"), Some(Value::Bool(write.active)));
    if let Some(before) = write.before {
        facts.values.insert(Key::new("user.roles before"), Some(Value::Choices(before.roles.clone())));
        facts.values.insert(Key::new("user.active before"), Some(Value::Bool(before.active)));
    }
    facts
}
