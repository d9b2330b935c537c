//! Signing in: refresh tokens, counted attempts, the one-time set-up token. Only digests of secrets come in here.

use super::tx::face;
use crate::values::{SessionId, Time, UserId};

/// SHA-256 of a token.
pub type TokenHash = [u8; 32];

/// A refresh token that is given out.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// The sign-in it belongs to.
    pub session: SessionId,
    pub user: UserId,
    pub token_hash: TokenHash,
    pub issued_at: Time,
    pub expires_at: Time,
}

/// A refresh token that is handed in, and the one that is to follow it.
#[derive(Clone, Debug)]
pub struct Rotating {
    pub token_hash: TokenHash,
    pub now: Time,
    /// Derived from the token itself, so that handing it in twice within the grace gives the same one.
    pub successor_hash: TokenHash,
    pub successor_expires_at: Time,
    /// How long after its use a token may come again: two requests of one client that crossed.
    pub grace_micros: i64,
}

/// What came of handing in a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// The successor is good; the first time or within the grace.
    Rotated { session: SessionId, user: UserId },
    /// It was used before: somebody has a copy. The whole sign-in was revoked.
    Reused { session: SessionId, user: UserId },
    /// Unknown, expired or revoked.
    Refused,
}

face! { sessions:
    /// Keeps a first token of a sign-in.
    fn begin_session(token: &NewToken) -> ();
    /// Exchanges a token. Also writes when it answers `Reused`: keep the transaction.
    fn rotate_token(rotating: &Rotating) -> Rotation;
    /// Ends one sign-in, found by any of its tokens; whose it was.
    fn revoke_session_of(token_hash: &TokenHash, at: Time) -> Option<(SessionId, UserId)>;
    /// Deletes tokens that expired before; how many.
    fn forget_sessions(before: Time) -> usize;

    /// Counts a failed attempt under a key (a login, an address), forgetting older ones if the last was before
    /// `forget_before`; how many there are now.
    fn count_attempt(key: &str, at: Time, forget_before: Time) -> i64;
    /// Refuses attempts under the key until then.
    fn block_attempts(key: &str, until: Time) -> ();
    /// Until when attempts under any of the keys are refused.
    fn attempts_blocked_until(keys: &[String]) -> Option<Time>;
    /// Forgets the attempts under a key (after success).
    fn clear_attempts(key: &str) -> ();
    /// Deletes keys whose last attempt was before; how many.
    fn forget_attempts(before: Time) -> usize;

    /// Makes this the one set-up token.
    fn put_setup_token(token_hash: &TokenHash, expires_at: Time) -> ();
    /// Spends the set-up token if this is it and there is no user yet. Of callers at the same time one gets `true`.
    fn spend_setup_token(token_hash: &TokenHash, now: Time) -> bool;
}
