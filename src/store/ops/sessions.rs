//! Refresh tokens, sign-in attempts, the set-up token.

use super::Conn;
use super::directory::any_user;
use super::people::lock_epochs;
use crate::store::StoreError;
use crate::store::schema::{login_attempts, sessions, setup};
use crate::store::sessions::{NewToken, Rotating, Rotation, TokenHash};
use crate::values::{SessionId, Time, UserId};
use diesel::prelude::*;

#[derive(Insertable)]
#[diesel(table_name = sessions, treat_none_as_default_value = false)]
struct NewTokenRow<'a> {
    token_hash: &'a [u8],
    family: SessionId,
    user_id: UserId,
    issued_at: Time,
    expires_at: Time,
}

#[derive(Queryable)]
struct TokenRow {
    _token_hash: Vec<u8>,
    family: SessionId,
    user_id: UserId,
    _issued_at: Time,
    expires_at: Time,
    used_at: Option<Time>,
    successor_hash: Option<Vec<u8>>,
    revoked_at: Option<Time>,
}

pub fn begin_session(conn: &mut Conn, token: &NewToken) -> Result<(), StoreError> {
    let row = NewTokenRow {
        token_hash: &token.token_hash,
        family: token.session,
        user_id: token.user,
        issued_at: token.issued_at,
        expires_at: token.expires_at,
    };
    diesel::insert_into(sessions::table).values(&row).execute(conn)?;
    Ok(())
}

pub fn rotate_token(conn: &mut Conn, rotating: &Rotating) -> Result<Rotation, StoreError> {
    // The update decides which of two callers was first; whoever was not reads what the other left.
    let won = diesel::update(sessions::table.find(rotating.token_hash.as_slice()))
        .filter(sessions::used_at.is_null())
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::expires_at.gt(rotating.now))
        .set((sessions::used_at.eq(rotating.now), sessions::successor_hash.eq(rotating.successor_hash.as_slice())))
        .execute(conn)?;
    let token: Option<TokenRow> = sessions::table.find(rotating.token_hash.as_slice()).first(conn).optional()?;
    let Some(token) = token else { return Ok(Rotation::Refused) };
    let (session, user) = (token.family, token.user_id);
    if won == 1 {
        let successor = NewToken {
            session,
            user,
            token_hash: rotating.successor_hash,
            issued_at: rotating.now,
            expires_at: rotating.successor_expires_at,
        };
        begin_session(conn, &successor)?;
        return Ok(Rotation::Rotated { session, user });
    }
    let Some(used_at) = token.used_at else { return Ok(Rotation::Refused) };
    if token.revoked_at.is_some() || token.expires_at <= rotating.now {
        return Ok(Rotation::Refused);
    }
    let same_successor = token.successor_hash.as_deref() == Some(rotating.successor_hash.as_slice());
    if same_successor && rotating.now.since(used_at) <= rotating.grace_micros {
        return Ok(Rotation::Rotated { session, user });
    }
    diesel::update(sessions::table.filter(sessions::family.eq(session)).filter(sessions::revoked_at.is_null()))
        .set(sessions::revoked_at.eq(rotating.now))
        .execute(conn)?;
    Ok(Rotation::Reused { session, user })
}

pub fn revoke_session_of(
    conn: &mut Conn,
    token_hash: &TokenHash,
    at: Time,
) -> Result<Option<(SessionId, UserId)>, StoreError> {
    let found: Option<(SessionId, UserId)> = sessions::table
        .find(token_hash.as_slice())
        .select((sessions::family, sessions::user_id))
        .first(conn)
        .optional()?;
    if let Some((family, _)) = found {
        revoke_session(conn, family, at)?;
    }
    Ok(found)
}

pub(super) fn revoke_session(conn: &mut Conn, family: SessionId, at: Time) -> Result<(), StoreError> {
    diesel::update(sessions::table.filter(sessions::family.eq(family)).filter(sessions::revoked_at.is_null()))
        .set(sessions::revoked_at.eq(at))
        .execute(conn)?;
    Ok(())
}

pub(super) fn revoke_sessions_of_user(conn: &mut Conn, user: UserId, at: Time) -> Result<(), StoreError> {
    diesel::update(sessions::table.filter(sessions::user_id.eq(user)).filter(sessions::revoked_at.is_null()))
        .set(sessions::revoked_at.eq(at))
        .execute(conn)?;
    Ok(())
}

pub fn forget_sessions(conn: &mut Conn, before: Time) -> Result<usize, StoreError> {
    Ok(diesel::delete(sessions::table.filter(sessions::expires_at.lt(before))).execute(conn)?)
}

pub fn count_attempt(conn: &mut Conn, key: &str, at: Time, forget_before: Time) -> Result<i64, StoreError> {
    use diesel::dsl::case_when;
    let again = case_when(login_attempts::last_at.lt(forget_before), 1_i64.into_sql::<diesel::sql_types::BigInt>())
        .otherwise(login_attempts::count + 1_i64);
    Ok(diesel::insert_into(login_attempts::table)
        .values((login_attempts::key.eq(key), login_attempts::count.eq(1_i64), login_attempts::last_at.eq(at)))
        .on_conflict(login_attempts::key)
        .do_update()
        .set((login_attempts::count.eq(again), login_attempts::last_at.eq(at)))
        .returning(login_attempts::count)
        .get_result(conn)?)
}

pub fn block_attempts(conn: &mut Conn, key: &str, until: Time) -> Result<(), StoreError> {
    diesel::update(login_attempts::table.find(key)).set(login_attempts::blocked_until.eq(until)).execute(conn)?;
    Ok(())
}

pub fn attempts_blocked_until(conn: &mut Conn, keys: &[String]) -> Result<Option<Time>, StoreError> {
    Ok(login_attempts::table
        .filter(login_attempts::key.eq_any(keys))
        .filter(login_attempts::blocked_until.is_not_null())
        .order(login_attempts::blocked_until.desc())
        .select(login_attempts::blocked_until.assume_not_null())
        .first(conn)
        .optional()?)
}

pub fn clear_attempts(conn: &mut Conn, key: &str) -> Result<(), StoreError> {
    diesel::delete(login_attempts::table.find(key)).execute(conn)?;
    Ok(())
}

pub fn forget_attempts(conn: &mut Conn, before: Time) -> Result<usize, StoreError> {
    Ok(diesel::delete(login_attempts::table.filter(login_attempts::last_at.lt(before))).execute(conn)?)
}

pub fn put_setup_token(conn: &mut Conn, token_hash: &TokenHash, expires_at: Time) -> Result<(), StoreError> {
    let values = (
        setup::token_hash.eq(token_hash.as_slice()),
        setup::expires_at.eq(expires_at),
        setup::used_at.eq(None::<Time>),
    );
    diesel::insert_into(setup::table)
        .values((setup::id.eq(1), values))
        .on_conflict(setup::id)
        .do_update()
        .set(values)
        .execute(conn)?;
    Ok(())
}

pub fn spend_setup_token(conn: &mut Conn, token_hash: &TokenHash, now: Time) -> Result<bool, StoreError> {
    // The first user is made under this lock too, so of two set-ups the second one sees the first one's user.
    lock_epochs(conn)?;
    if any_user(conn)? {
        return Ok(false);
    }
    let spent = diesel::update(setup::table)
        .filter(setup::token_hash.eq(token_hash.as_slice()))
        .filter(setup::used_at.is_null())
        .filter(setup::expires_at.gt(now))
        .set(setup::used_at.eq(now))
        .execute(conn)?;
    Ok(spent == 1)
}
