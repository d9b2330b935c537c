//! Users, teams and epochs: reading. Writing is in `people`.

use super::Conn;
use crate::store::StoreError;
use crate::store::columns::Json;
use crate::store::directory::{Credentials, Directory, Epochs, Team, User};
use crate::store::schema::{epochs as epochs_table, sessions, teams, users};
use crate::store::stored_fields::StoredFields;
use crate::values::{Key, TeamId, Time, UserId};
use diesel::dsl::{exists, select};
use diesel::prelude::*;

#[derive(Queryable)]
pub(super) struct UserRow {
    id: UserId,
    login: String,
    name: String,
    email: Option<String>,
    _password_hash: Option<String>,
    roles: Json<Vec<Key>>,
    team: Option<TeamId>,
    active: bool,
    fields: Json<StoredFields>,
    version: i64,
    created_at: Time,
    updated_at: Time,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            id: row.id,
            login: row.login,
            name: row.name,
            email: row.email,
            roles: row.roles.0,
            team: row.team,
            active: row.active,
            fields: row.fields.0.0,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

#[derive(Queryable)]
pub(super) struct TeamRow {
    id: TeamId,
    name: String,
    parent: Option<TeamId>,
    version: i64,
    created_at: Time,
    updated_at: Time,
}

impl From<TeamRow> for Team {
    fn from(row: TeamRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            parent: row.parent,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

pub fn epochs(conn: &mut Conn) -> Result<Epochs, StoreError> {
    let (rules_version, people_epoch) =
        epochs_table::table.select((epochs_table::rules_version, epochs_table::people_epoch)).first(conn)?;
    Ok(Epochs { rules_version, people_epoch })
}

pub fn directory(conn: &mut Conn) -> Result<Directory, StoreError> {
    let epochs = epochs(conn)?;
    let users: Vec<UserRow> = users::table.order(users::login).load(conn)?;
    let teams: Vec<TeamRow> = teams::table.order((teams::name, teams::id)).load(conn)?;
    Ok(Directory {
        epochs,
        users: users.into_iter().map(User::from).collect(),
        teams: teams.into_iter().map(Team::from).collect(),
        ended_sessions: sessions::table
            .filter(sessions::revoked_at.is_not_null())
            .select(sessions::family)
            .distinct()
            .load(conn)?,
    })
}

pub fn user(conn: &mut Conn, id: UserId) -> Result<Option<User>, StoreError> {
    let row: Option<UserRow> = users::table.find(id).first(conn).optional()?;
    Ok(row.map(User::from))
}

pub fn team(conn: &mut Conn, id: TeamId) -> Result<Option<Team>, StoreError> {
    let row: Option<TeamRow> = teams::table.find(id).first(conn).optional()?;
    Ok(row.map(Team::from))
}

pub fn credentials(conn: &mut Conn, login: &str) -> Result<Option<Credentials>, StoreError> {
    let row: Option<(UserId, bool, Option<String>)> = users::table
        .filter(users::login.eq(login))
        .select((users::id, users::active, users::password_hash))
        .first(conn)
        .optional()?;
    Ok(row.map(|(user, active, password_hash)| Credentials { user, active, password_hash }))
}

pub fn credentials_of(conn: &mut Conn, user: UserId) -> Result<Option<Credentials>, StoreError> {
    let row: Option<(bool, Option<String>)> =
        users::table.find(user).select((users::active, users::password_hash)).first(conn).optional()?;
    Ok(row.map(|(active, password_hash)| Credentials { user, active, password_hash }))
}

pub fn any_user(conn: &mut Conn) -> Result<bool, StoreError> {
    Ok(select(exists(users::table.select(users::id))).get_result(conn)?)
}
