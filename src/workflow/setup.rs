//! The first administrator: made once, with a one-time token that only whoever started the server has seen.

use super::Workflow;
use super::auth::{Tokens, normal_login, password_fault};
use super::call::Call;
use super::conclude::subject;
use super::failure::{Failure, Outcome};
use super::people::{login_fault, name};
use super::secrets::{fresh_token, token_hash};
use crate::engine::actor::Who;
use crate::engine::decision::FactsRead;
use crate::engine::facts::FieldValues;
use crate::store::{Effect, Entry, Guards, Outcome as Decided, PeopleChange, User};
use crate::values::{DecisionId, Key, Time, UserId};

/// How long a set-up token is good for: 15 minutes.
pub const SETUP_MICROS: i64 = 900_000_000;

/// Who the first administrator is to be.
#[derive(Clone, Debug)]
pub struct FirstAdministrator {
    pub token: String,
    pub login: String,
    pub name: String,
    pub password: String,
}

impl Workflow {
    /// Whether there is nobody yet.
    pub async fn is_empty(&self) -> Outcome<bool> {
        Ok(!self.store.read(|tx| tx.any_user()).await?)
    }

    /// A new one-time token, which replaces any before it.
    pub async fn new_setup_token(&self, now: Time) -> Outcome<String> {
        let token = fresh_token();
        let hash = token_hash(&token);
        self.store.write(move |tx| tx.put_setup_token(&hash, now.plus_micros(SETUP_MICROS))).await?;
        Ok(token)
    }

    /// Makes the first administrator and signs in. Once there is anybody, there is nothing here.
    pub async fn set_up(&self, call: &Call, first: FirstAdministrator) -> Outcome<Tokens> {
        if !self.is_empty().await? {
            return Err(Failure::NotFound);
        }
        let login = normal_login(&first.login);
        let name = name(&first.name);
        let faults = [
            ("/login", login_fault(&login)),
            ("/name", name.as_ref().err().cloned()),
            ("/password", password_fault(&first.password)),
        ];
        let faults: Vec<_> = faults.into_iter().filter_map(|(pointer, fault)| Some((pointer, fault?))).collect();
        if !faults.is_empty() {
            return Err(Failure::Invalid(faults));
        }
        let name = name.unwrap_or_default();
        let active = self.active().await?;
        let roles = active.rules.first_administrator.clone();
        let hash = self
            .passwords
            .hash(first.password)
            .await
            .map_err(|fault| Failure::internal("hashing a password", fault))?;
        let user = new_user(login, name, roles, call.now);
        let (tokens, session) = self.first_token(user.id, call.now);
        let token = token_hash(&first.token);
        let entry = entry(&user, active.epochs.rules_version, call);
        let change = PeopleChange::UserCreated { user, password_hash: Some(hash) };
        let done = self
            .store
            .write(move |tx| {
                if !tx.spend_setup_token(&token, entry.at)? {
                    return Ok(false);
                }
                tx.record(&entry, &[Effect::People(&change)])?;
                tx.begin_session(&session)?;
                Ok(true)
            })
            .await?;
        // A wrong token and a second set-up are told alike: nothing here.
        if done { Ok(tokens) } else { Err(Failure::SignInRefused) }
    }
}

fn new_user(login: String, name: String, roles: Vec<Key>, now: Time) -> User {
    User {
        id: UserId::new(),
        login,
        name,
        email: None,
        roles,
        team: None,
        active: true,
        fields: FieldValues::new(),
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

/// What the product itself does before there is anybody.
pub(super) fn first_entry(kind: &str, now: Time) -> Entry {
    Entry {
        id: DecisionId::new(),
        at: now,
        actor: Who::System,
        roles: Vec::new(),
        action: "setup".to_owned(),
        subject: subject(kind, 1),
        deal: None,
        customer: None,
        rules_version: 0,
        outcome: Decided::Allowed,
        criteria: Vec::new(),
        facts: FactsRead::default(),
        answer: serde_json::json!({}),
        request_id: None,
        idempotency: None,
        guards: Guards::default(),
    }
}

fn entry(user: &User, rules_version: i64, call: &Call) -> Entry {
    Entry {
        id: DecisionId::new(),
        at: call.now,
        actor: Who::User(user.id),
        roles: user.roles.clone(),
        action: "setup".to_owned(),
        subject: subject("user", user.id),
        deal: None,
        customer: None,
        rules_version,
        outcome: Decided::Allowed,
        criteria: Vec::new(),
        facts: FactsRead::default(),
        answer: serde_json::json!({ "user": user.id }),
        request_id: Some(call.request_id.clone()),
        idempotency: None,
        guards: Guards::default(),
    }
}
