//! Signing in and out.
//!
//! An unknown name, a wrong password and a deactivated user are answered alike, after the same work. Tries are counted
//! in the database, by account and by address; who is over the limit waits longer each time, and nobody is locked out
//! for good by strangers.

use super::Workflow;
use super::active::Active;
use super::answer::{Recorded, SessionAnswer};
use super::call::{Call, Caller};
use super::conclude::{About, own_business, subject};
use super::failure::{Failure, Outcome, Written};
use super::passwords::{LONGEST, SHORTEST};
use super::scene::SignedIn;
use super::secrets::{fresh_token, token_hash};
use crate::engine::sight::Sight;
use crate::store::{Effect, NewToken, PeopleChange, Rotating, Rotation, StoreError, Tx, User};
use crate::texts::Message;
use crate::values::{SessionId, Time, UserId};
use std::net::IpAddr;
use std::sync::Arc;

/// How long a refresh token is good for if it is not used: 30 days.
const REFRESH_MICROS: i64 = 30 * 86_400_000_000;
/// Two requests of one client may cross: the same token twice within this gets the same successor. 10 seconds.
const GRACE_MICROS: i64 = 10_000_000;
/// Failed tries of one account before it has to wait, and of one address (behind which an office may sit).
const FREE_TRIES_ACCOUNT: i64 = 5;
const FREE_TRIES_ADDRESS: i64 = 50;
/// The first wait; each further failure doubles it up to the longest. 1 second, 15 minutes.
const FIRST_WAIT_MICROS: i64 = 1_000_000;
const LONGEST_WAIT_MICROS: i64 = 900_000_000;
/// Tries older than this are forgotten: one hour.
const FORGET_MICROS: i64 = 3_600_000_000;

/// A sign-in.
#[derive(Debug)]
pub struct Tokens {
    pub user: UserId,
    pub session: SessionId,
    /// Opaque; to be handed in for the next ones.
    pub refresh_token: String,
    pub refresh_expires_at: Time,
}

/// A login as it is stored and compared.
#[must_use]
pub fn normal_login(login: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    login.nfkc().collect::<String>().trim().to_lowercase()
}

impl Workflow {
    /// Signs in by password.
    pub async fn sign_in(&self, login: &str, password: String, address: IpAddr, now: Time) -> Outcome<Tokens> {
        let login: String = normal_login(login).chars().take(200).collect();
        let keys = [format!("account {login}"), format!("address {address}")];
        let (blocked, known) = {
            let (login, keys) = (login.clone(), keys.to_vec());
            self.store.read(move |tx| Ok((tx.attempts_blocked_until(&keys)?, tx.credentials(&login)?))).await?
        };
        if let Some(until) = blocked.filter(|until| *until > now) {
            return Err(Failure::Throttled(until.since(now).div_euclid(1_000_000) + 1));
        }
        let hash = known.as_ref().filter(|known| known.active).and_then(|known| known.password_hash.clone());
        let password = if password.chars().count() > LONGEST { String::new() } else { password };
        let right = self
            .passwords
            .verify(password, hash)
            .await
            .map_err(|fault| Failure::internal("checking a password", fault))?;
        let Some(user) = known.filter(|_| right).map(|known| known.user) else {
            self.store.write(move |tx| count_failure(tx, &keys, now)).await?;
            return Err(Failure::SignInRefused);
        };
        let [account, _] = keys;
        let (tokens, first) = self.first_token(user, now);
        self.store
            .write(move |tx| {
                tx.clear_attempts(&account)?;
                tx.begin_session(&first)
            })
            .await?;
        Ok(tokens)
    }

    pub(super) fn first_token(&self, user: UserId, now: Time) -> (Tokens, NewToken) {
        let session = SessionId::new();
        let refresh_token = fresh_token();
        let expires_at = now.plus_micros(REFRESH_MICROS);
        let first = NewToken { session, user, token_hash: token_hash(&refresh_token), issued_at: now, expires_at };
        (Tokens { user, session, refresh_token, refresh_expires_at: expires_at }, first)
    }

    /// Exchanges a refresh token. One that was used before ends the whole sign-in: somebody has a copy.
    pub async fn refresh(&self, token: &str, now: Time) -> Outcome<Tokens> {
        let successor = self.secrets.successor(token);
        let expires_at = now.plus_micros(REFRESH_MICROS);
        let rotating = Rotating {
            token_hash: token_hash(token),
            now,
            successor_hash: token_hash(&successor),
            successor_expires_at: expires_at,
            grace_micros: GRACE_MICROS,
        };
        let rotation = self
            .store
            .write(move |tx| {
                let rotation = tx.rotate_token(&rotating)?;
                let active = match rotation {
                    Rotation::Rotated { user, .. } => tx.credentials_of(user)?.is_some_and(|known| known.active),
                    Rotation::Reused { .. } | Rotation::Refused => false,
                };
                if matches!(rotation, Rotation::Reused { .. }) {
                    tx.raise_people_epoch()?;
                }
                Ok((rotation, active))
            })
            .await?;
        match rotation {
            (Rotation::Rotated { session, user }, true) => {
                Ok(Tokens { user, session, refresh_token: successor, refresh_expires_at: expires_at })
            }
            (Rotation::Rotated { .. } | Rotation::Reused { .. } | Rotation::Refused, _) => {
                Err(Failure::Unauthenticated)
            }
        }
    }

    /// The caller, as the directory knows him at this moment, and by which rules.
    pub async fn me(&self, call: &Call) -> Outcome<(User, Arc<Active>)> {
        self.reading(call, SignedIn("me"), |scene, _| {
            let known = scene.actor.user().and_then(|user| scene.active.directory.user(user));
            Ok(known.map(|known| (known.user.clone(), Arc::clone(&scene.active))).ok_or(Failure::Unauthenticated))
        })
        .await
    }

    /// Ends the caller's sign-in: its access tokens too, at the next request, on every process.
    pub async fn sign_out(&self, call: &Call) -> Written<SessionAnswer> {
        let Caller::User { user, session } = call.caller else { return Err(Failure::Unauthenticated) };
        self.writing(call, SignedIn("auth.logout"), move |scene, tx| {
            let about = About::other(subject("user", user), Sight::nothing());
            let change = PeopleChange::SignedOut { session, at: scene.now() };
            let decision = own_business(change);
            scene.conclude(
                tx,
                about,
                decision,
                |change| vec![Effect::People(change)],
                |_| SessionAnswer { session: Some(session) },
            )
        })
        .await
    }

    /// Ends all of the caller's sign-ins.
    pub async fn sign_out_everywhere(&self, call: &Call) -> Written<SessionAnswer> {
        let Caller::User { user, .. } = call.caller else { return Err(Failure::Unauthenticated) };
        self.writing(call, SignedIn("auth.logout_everywhere"), move |scene, tx| {
            let about = About::other(subject("user", user), Sight::nothing());
            let change = PeopleChange::SignedOutEverywhere { user, at: scene.now() };
            let decision = own_business(change);
            scene.conclude(
                tx,
                about,
                decision,
                |change| vec![Effect::People(change)],
                |_| SessionAnswer { session: None },
            )
        })
        .await
    }

    /// Changes the caller's own password; all sign-ins end and a new one begins.
    pub async fn change_password(&self, call: &Call, present: String, new: String) -> Outcome<Tokens> {
        let Caller::User { user, .. } = call.caller else { return Err(Failure::Unauthenticated) };
        let scene = self.admit(call, SignedIn("auth.password")).await?;
        if let Some(message) = password_fault(&new) {
            return Err(Failure::invalid("/new_password", message));
        }
        let key = format!("password {user}");
        let (blocked, known) = {
            let keys = vec![key.clone()];
            self.store.read(move |tx| Ok((tx.attempts_blocked_until(&keys)?, tx.credentials_of(user)?))).await?
        };
        if let Some(until) = blocked.filter(|until| *until > call.now) {
            return Err(Failure::Throttled(until.since(call.now).div_euclid(1_000_000) + 1));
        }
        let hash = known.and_then(|known| known.password_hash);
        let internal = |fault| Failure::internal("checking a password", fault);
        if !self.passwords.verify(present, hash).await.map_err(internal)? {
            let now = call.now;
            self.store.write(move |tx| count_failure(tx, std::slice::from_ref(&key), now)).await?;
            return Err(Failure::invalid("/present_password", Message::new("password_wrong")));
        }
        let password_hash = self.passwords.hash(new).await.map_err(internal)?;
        let (tokens, first) = self.first_token(user, call.now);
        let done: Written<SessionAnswer> = self
            .writing(call, SignedIn(scene.word), move |scene, tx| {
                let about = About::other(subject("user", user), Sight::nothing());
                let change = PeopleChange::PasswordSet { user, password_hash: password_hash.clone(), at: scene.now() };
                let decision = own_business(change);
                let answer = |_: &PeopleChange| SessionAnswer { session: None };
                let done = scene.conclude(tx, about, decision, |change| vec![Effect::People(change)], answer)?;
                if !scene.call.dry_run && done.is_ok() {
                    tx.begin_session(&first)?;
                }
                Ok(done)
            })
            .await;
        done.map(|Recorded { .. }| tokens)
    }
}

/// What is wrong with a password as a password.
#[must_use]
pub fn password_fault(password: &str) -> Option<Message> {
    let length = password.chars().count();
    if length < SHORTEST {
        return Some(Message::new("password_short").with("least", i64::try_from(SHORTEST).unwrap_or(0)));
    }
    (length > LONGEST).then(|| Message::new("password_long").with("most", i64::try_from(LONGEST).unwrap_or(0)))
}

/// Counts a failed try and says how long the next one has to wait.
fn count_failure(tx: &mut Tx<'_>, keys: &[String], now: Time) -> Result<(), StoreError> {
    for key in keys {
        let tries = tx.count_attempt(key, now, now.plus_micros(-FORGET_MICROS))?;
        let free = if key.starts_with("address") { FREE_TRIES_ADDRESS } else { FREE_TRIES_ACCOUNT };
        if let Some(wait) = wait_micros(tries, free) {
            tx.block_attempts(key, now.plus_micros(wait))?;
        }
    }
    Ok(())
}

/// How long to wait after so many failures.
fn wait_micros(tries: i64, free: i64) -> Option<i64> {
    let over = u32::try_from(tries - free).ok()?;
    Some(FIRST_WAIT_MICROS.saturating_mul(2_i64.saturating_pow(over.min(20))).min(LONGEST_WAIT_MICROS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_grows_and_has_an_end() {
        let waits: Vec<Option<i64>> = (1..=8).map(|tries| wait_micros(tries, 5).map(|wait| wait / 1_000_000)).collect();
        assert_eq!(waits, [None, None, None, None, Some(1), Some(2), Some(4), Some(8)]);
        assert_eq!(wait_micros(10_000, 5), Some(LONGEST_WAIT_MICROS));
    }

    #[test]
    fn logins_that_look_alike_are_the_same() {
        assert_eq!(normal_login("  Ｌi@Example.com "), normal_login("li@example.COM"));
    }
}
