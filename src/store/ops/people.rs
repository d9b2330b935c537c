//! Changes of people. Each holds the lock of the epochs, so they follow one another, and raises `people_epoch`.

use super::sessions::{revoke_session, revoke_sessions_of_user};
use super::sql::Sql;
use super::{Conn, dialect};
use crate::store::StoreError;
use crate::store::columns::Json;
use crate::store::directory::{Epochs, PeopleChange, Team, User};
use crate::store::schema::{deals, epochs, teams, users};
use crate::store::stored_fields::StoredFields;
use crate::values::{Key, TeamId, Time, UserId};
use diesel::dsl::{exists, select};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use std::collections::BTreeSet;

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = users, treat_none_as_default_value = false, treat_none_as_null = true)]
struct UserRow {
    id: UserId,
    login: String,
    name: String,
    email: Option<String>,
    roles: Json<Vec<Key>>,
    team: Option<TeamId>,
    active: bool,
    fields: Json<StoredFields>,
    version: i64,
    created_at: Time,
    updated_at: Time,
}

impl UserRow {
    fn new(user: &User, version: i64) -> Self {
        Self {
            id: user.id,
            login: user.login.clone(),
            name: user.name.clone(),
            email: user.email.clone(),
            roles: Json(user.roles.clone()),
            team: user.team,
            active: user.active,
            fields: Json(StoredFields(user.fields.clone())),
            version,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

/// Takes the epochs for a change of them. Every writer of them comes through here: a plain UPDATE would let decisions
/// through that were made under the old ones (`FOR KEY SHARE` does not wait for it).
pub(super) fn lock_epochs(conn: &mut Conn) -> Result<Epochs, StoreError> {
    let mut sql = Sql::new("SELECT rules_version, people_epoch FROM epochs WHERE id = 1");
    sql.push(dialect::FOR_UPDATE);
    read_epochs(sql, conn)
}

/// Takes the epochs for a decision: they cannot change before it is committed.
pub(super) fn share_epochs(conn: &mut Conn) -> Result<Epochs, StoreError> {
    let mut sql = Sql::new("SELECT rules_version, people_epoch FROM epochs WHERE id = 1");
    sql.push(dialect::FOR_KEY_SHARE);
    read_epochs(sql, conn)
}

fn read_epochs(sql: Sql, conn: &mut Conn) -> Result<Epochs, StoreError> {
    let rows: Vec<(i64, i64)> = sql.load::<(BigInt, BigInt), _>(conn)?;
    match rows.first() {
        Some(&(rules_version, people_epoch)) => Ok(Epochs { rules_version, people_epoch }),
        None => Err(StoreError::failed("reading the epochs", "the row is missing")),
    }
}

/// Writes the change and raises the epoch. The caller holds the lock.
pub(super) fn apply(conn: &mut Conn, change: &PeopleChange) -> Result<(), StoreError> {
    match change {
        PeopleChange::UserCreated { user, password_hash } => {
            team_exists(conn, user.team)?;
            diesel::insert_into(users::table)
                .values((UserRow::new(user, 1), users::password_hash.eq(password_hash.as_deref())))
                .execute(conn)?;
        }
        PeopleChange::UserChanged { user } => change_user(conn, user)?,
        PeopleChange::PasswordSet { user, password_hash, at } => {
            let changed = diesel::update(users::table.find(*user))
                .set((
                    users::password_hash.eq(password_hash),
                    users::version.eq(users::version + 1),
                    users::updated_at.eq(*at),
                ))
                .execute(conn)?;
            one(changed)?;
            revoke_sessions_of_user(conn, *user, *at)?;
        }
        PeopleChange::SignedOut { session, at } => revoke_session(conn, *session, *at)?,
        PeopleChange::SignedOutEverywhere { user, at } => revoke_sessions_of_user(conn, *user, *at)?,
        PeopleChange::TeamCreated { team } => {
            team_exists(conn, team.parent)?;
            diesel::insert_into(teams::table)
                .values((
                    teams::id.eq(team.id),
                    teams::name.eq(&team.name),
                    teams::parent.eq(team.parent),
                    teams::version.eq(1_i64),
                    teams::created_at.eq(team.created_at),
                    teams::updated_at.eq(team.updated_at),
                ))
                .execute(conn)?;
        }
        PeopleChange::TeamChanged { team } => change_team(conn, team)?,
        PeopleChange::TeamRemoved { team, version } => remove_team(conn, *team, *version)?,
    }
    raise(conn)
}

pub fn raise_people_epoch(conn: &mut Conn) -> Result<(), StoreError> {
    lock_epochs(conn)?;
    raise(conn)
}

fn raise(conn: &mut Conn) -> Result<(), StoreError> {
    diesel::update(epochs::table).set(epochs::people_epoch.eq(epochs::people_epoch + 1)).execute(conn)?;
    Ok(())
}

fn change_user(conn: &mut Conn, user: &User) -> Result<(), StoreError> {
    team_exists(conn, user.team)?;
    let changed = diesel::update(users::table.find(user.id).filter(users::version.eq(user.version)))
        .set(UserRow::new(user, user.version + 1))
        .execute(conn)?;
    one(changed)?;
    if !user.active {
        revoke_sessions_of_user(conn, user.id, user.updated_at)?;
    }
    Ok(())
}

fn change_team(conn: &mut Conn, team: &Team) -> Result<(), StoreError> {
    team_exists(conn, team.parent)?;
    // Up from the new parent: the team itself must not be on the way.
    let mut above = team.parent;
    let mut seen = BTreeSet::new();
    while let Some(id) = above {
        if id == team.id || !seen.insert(id) {
            return Err(StoreError::TeamCycle);
        }
        above = teams::table.find(id).select(teams::parent).first(conn)?;
    }
    let changed = diesel::update(teams::table.find(team.id).filter(teams::version.eq(team.version)))
        .set((
            teams::name.eq(&team.name),
            teams::parent.eq(team.parent),
            teams::version.eq(team.version + 1),
            teams::updated_at.eq(team.updated_at),
        ))
        .execute(conn)?;
    one(changed)
}

fn remove_team(conn: &mut Conn, team: TeamId, version: i64) -> Result<(), StoreError> {
    let below: bool = select(exists(teams::table.filter(teams::parent.eq(team)))).get_result(conn)?;
    let people: bool = select(exists(users::table.filter(users::team.eq(team)))).get_result(conn)?;
    let held: bool = select(exists(deals::table.filter(deals::team.eq(team)))).get_result(conn)?;
    if below || people || held {
        return Err(StoreError::TeamInUse);
    }
    one(diesel::delete(teams::table.find(team).filter(teams::version.eq(version))).execute(conn)?)
}

/// Teams change only under the lock that is held, so what is there stays there.
fn team_exists(conn: &mut Conn, team: Option<TeamId>) -> Result<(), StoreError> {
    let Some(team) = team else { return Ok(()) };
    let there: bool = select(exists(teams::table.find(team))).get_result(conn)?;
    if there { Ok(()) } else { Err(StoreError::NoSuchTeam) }
}

/// A guarded change hit its row, or the row changed since it was read.
pub(super) fn one(changed: usize) -> Result<(), StoreError> {
    if changed == 1 { Ok(()) } else { Err(StoreError::Stale) }
}
