//! Users and teams.

use super::ApiError;
use super::access::Caller;
use super::asked::House;
use super::context::Context;
use super::extract::{Json, Path};
use super::json::of_value;
use super::reply::{Answer, Reply};
use super::write::Write;
use crate::store;
use crate::values::{Key, TeamId, Time, UserId};
use crate::workflow::people::{NewUser, UserPatch};
use crate::workflow::teams::TeamPatch;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

/// A property that may be left out (`None`), null (`Some(None)`) or given.
pub fn maybe<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct UserPath {
    /// The user.
    #[param(value_type = uuid::Uuid)]
    id: UserId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct TeamPath {
    /// The team.
    #[param(value_type = uuid::Uuid)]
    id: TeamId,
}

/// Somebody who signs in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub struct UserView {
    #[schema(value_type = uuid::Uuid)]
    id: UserId,
    #[schema(max_length = 100)]
    login: String,
    #[schema(max_length = 200)]
    name: String,
    #[schema(max_length = 254)]
    email: Option<String>,
    /// Roles of the rules.
    #[schema(value_type = Vec<String>, max_items = 10)]
    roles: Vec<Key>,
    #[schema(value_type = Option<uuid::Uuid>)]
    team: Option<TeamId>,
    /// Whether this user may sign in and receive deals.
    active: bool,
    /// The company's own fields.
    #[schema(value_type = Object, additional_properties)]
    fields: Map<String, Value>,
    version: i64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
}

impl From<store::User> for UserView {
    fn from(user: store::User) -> Self {
        Self {
            id: user.id,
            login: user.login,
            name: user.name,
            email: user.email,
            roles: user.roles,
            team: user.team,
            active: user.active,
            fields: user.fields.iter().map(|(name, value)| (name.to_string(), of_value(value))).collect(),
            version: user.version,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

/// Users.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserList {
    #[schema(max_items = 100_000)]
    data: Vec<UserView>,
}

/// A user to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUserBody {
    /// Letters, digits and `. _ @ + -`; upper and lower case are the same.
    #[schema(min_length = 2, max_length = 100)]
    login: String,
    #[schema(max_length = 200)]
    name: String,
    #[serde(default)]
    #[schema(max_length = 254)]
    email: Option<String>,
    #[schema(value_type = Vec<String>, max_items = 10)]
    roles: Vec<Key>,
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    team: Option<TeamId>,
    #[serde(default)]
    #[schema(value_type = Object, additional_properties)]
    fields: Map<String, Value>,
    /// At least 10 characters. Without one the user cannot sign in until one is set.
    #[serde(default)]
    #[schema(max_length = 200, format = Password)]
    password: Option<String>,
}

/// A change of a user. What is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserPatchBody {
    #[serde(default)]
    #[schema(max_length = 200, nullable = false)]
    name: Option<String>,
    #[serde(default, deserialize_with = "maybe")]
    #[schema(value_type = Option<String>, max_length = 254)]
    email: Option<Option<String>>,
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 10, nullable = false)]
    roles: Option<Vec<Key>>,
    #[serde(default, deserialize_with = "maybe")]
    #[schema(value_type = Option<uuid::Uuid>)]
    team: Option<Option<TeamId>>,
    #[serde(default)]
    #[schema(nullable = false)]
    active: Option<bool>,
    #[serde(default)]
    #[schema(value_type = Object, additional_properties)]
    fields: Map<String, Value>,
}

/// A password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordBody {
    /// At least 10 characters.
    #[schema(max_length = 200, format = Password)]
    password: String,
}

/// All users I may see
///
/// By login.
#[utoipa::path(get, path = "/v1/users", tag = "people", responses(
    (status = 200, description = "Users.", body = UserList)))]
pub async fn list_users(house: House, context: Context, caller: Caller) -> Answer<UserList> {
    let users = house.0.users(&caller.reads(&context)?).await?;
    Ok(Reply::ok(UserList { data: users.into_iter().map(UserView::from).collect() }))
}

/// One user
///
/// With roles, team and the company's own fields.
#[utoipa::path(get, path = "/v1/users/{id}", tag = "people", params(UserPath), responses(
    (status = 200, description = "The user.", body = UserView)))]
pub async fn get_user(house: House, context: Context, caller: Caller, path: Path<UserPath>) -> Answer<UserView> {
    let user = house.0.user(&caller.reads(&context)?, path.0.id).await?;
    let version = user.version;
    Ok(Reply::ok(UserView::from(user)).version(version))
}

/// Make a user
///
/// Nobody can give a role that may change people or rules in ways that he may not himself.
#[utoipa::path(post, path = "/v1/users", tag = "people", request_body = NewUserBody, responses(
    (status = 201, description = "Made.", body = UserView)))]
pub async fn create_user(
    house: House,
    context: Context,
    caller: Caller,
    write: Write,
    body: Json<NewUserBody>,
) -> Answer<UserView> {
    let body = body.0;
    let new = NewUser {
        login: body.login,
        name: body.name,
        email: body.email,
        roles: body.roles,
        team: body.team,
        fields: body.fields,
        password: body.password,
    };
    let done = house.0.create_user(&caller.writes(&context, &write)?, new).await?;
    let user = done.answer.user;
    let version = user.version;
    let location = format!("/v1/users/{}", user.id);
    Ok(Reply::created(UserView::from(user), location).version(version).replayed(done.replayed))
}

/// Change a user
///
/// Name, roles, team, whether he may sign in. Takes effect at his next request, on every process. Nobody changes his own
/// roles, team or activity, nor somebody above him; somebody who can change people, and somebody who can change rules,
/// is always left.
#[utoipa::path(patch, path = "/v1/users/{id}", tag = "people", params(UserPath), request_body = UserPatchBody,
    responses((status = 200, description = "Changed.", body = UserView)))]
pub async fn update_user(
    house: House,
    context: Context,
    caller: Caller,
    write: Write,
    path: Path<UserPath>,
    body: Json<UserPatchBody>,
) -> Answer<UserView> {
    let body = body.0;
    let patch = UserPatch {
        name: body.name,
        email: body.email,
        roles: body.roles,
        team: body.team,
        active: body.active,
        fields: body.fields,
    };
    let done = house.0.change_user(&caller.writes(&context, &write)?, path.0.id, patch).await?;
    let user = done.answer.user;
    let version = user.version;
    Ok(Reply::ok(UserView::from(user)).version(version).replayed(done.replayed))
}

/// Set a user's password
///
/// All his sign-ins end.
#[utoipa::path(post, path = "/v1/users/{id}/password", tag = "people", params(UserPath), request_body = PasswordBody,
    responses((status = 204, description = "Set.")))]
pub async fn set_user_password(
    house: House,
    context: Context,
    caller: Caller,
    write: Write,
    path: Path<UserPath>,
    body: Json<PasswordBody>,
) -> Answer<()> {
    let call = caller.writes(&context, &write)?;
    let done = house.0.set_password(&call, path.0.id, body.0.password).await?;
    Ok(Reply::no_content().replayed(done.replayed))
}

/// A node of the tree of teams.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Team)]
pub struct TeamView {
    #[schema(value_type = uuid::Uuid)]
    id: TeamId,
    #[schema(max_length = 200)]
    name: String,
    /// The team above; null = at the top.
    #[schema(value_type = Option<uuid::Uuid>)]
    parent: Option<TeamId>,
    version: i64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
}

impl From<store::Team> for TeamView {
    fn from(team: store::Team) -> Self {
        Self {
            id: team.id,
            name: team.name,
            parent: team.parent,
            version: team.version,
            created_at: team.created_at,
            updated_at: team.updated_at,
        }
    }
}

/// Teams.
#[derive(Debug, Serialize, ToSchema)]
pub struct TeamList {
    #[schema(max_items = 100_000)]
    data: Vec<TeamView>,
}

/// A team to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTeamBody {
    #[schema(max_length = 200)]
    name: String,
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    parent: Option<TeamId>,
}

/// A change of a team. What is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamPatchBody {
    #[serde(default)]
    #[schema(max_length = 200, nullable = false)]
    name: Option<String>,
    #[serde(default, deserialize_with = "maybe")]
    #[schema(value_type = Option<uuid::Uuid>)]
    parent: Option<Option<TeamId>>,
}

/// All teams
///
/// By name. Who is in which is said with the users.
#[utoipa::path(get, path = "/v1/teams", tag = "people", responses((status = 200, description = "Teams.", body = TeamList)))]
pub async fn list_teams(house: House, context: Context, caller: Caller) -> Answer<TeamList> {
    let teams = house.0.teams(&caller.reads(&context)?).await?;
    Ok(Reply::ok(TeamList { data: teams.into_iter().map(TeamView::from).collect() }))
}

/// One team
///
/// With the team above it.
#[utoipa::path(get, path = "/v1/teams/{id}", tag = "people", params(TeamPath), responses(
    (status = 200, description = "The team.", body = TeamView)))]
pub async fn get_team(house: House, context: Context, caller: Caller, path: Path<TeamPath>) -> Answer<TeamView> {
    let team = house.0.team(&caller.reads(&context)?, path.0.id).await?;
    let version = team.version;
    Ok(Reply::ok(TeamView::from(team)).version(version))
}

/// Make a team
///
/// Below another, or at the top.
#[utoipa::path(post, path = "/v1/teams", tag = "people", request_body = NewTeamBody, responses(
    (status = 201, description = "Made.", body = TeamView)))]
pub async fn create_team(
    house: House,
    context: Context,
    caller: Caller,
    write: Write,
    body: Json<NewTeamBody>,
) -> Answer<TeamView> {
    let call = caller.writes(&context, &write)?;
    let done = house.0.create_team(&call, body.0.name, body.0.parent).await?;
    let team = done.answer.team;
    let (version, location) = (team.version, format!("/v1/teams/{}", team.id));
    Ok(Reply::created(TeamView::from(team), location).version(version).replayed(done.replayed))
}

/// Change a team
///
/// Its name, or the team above it: never one below itself.
#[utoipa::path(patch, path = "/v1/teams/{id}", tag = "people", params(TeamPath), request_body = TeamPatchBody,
    responses((status = 200, description = "Changed.", body = TeamView)))]
pub async fn update_team(
    house: House,
    context: Context,
    caller: Caller,
    write: Write,
    path: Path<TeamPath>,
    body: Json<TeamPatchBody>,
) -> Answer<TeamView> {
    let patch = TeamPatch { name: body.0.name, parent: body.0.parent };
    let done = house.0.change_team(&caller.writes(&context, &write)?, path.0.id, patch).await?;
    let team = done.answer.team;
    let version = team.version;
    Ok(Reply::ok(TeamView::from(team)).version(version).replayed(done.replayed))
}

/// Remove a team
///
/// Only one without people, teams below it, and deals in its pool.
#[utoipa::path(delete, path = "/v1/teams/{id}", tag = "people", params(TeamPath),
    responses((status = 204, description = "Removed.")))]
pub async fn delete_team(
    house: House,
    context: Context,
    caller: Caller,
    write: Write,
    path: Path<TeamPath>,
) -> Result<Reply<()>, ApiError> {
    let done = house.0.remove_team(&caller.writes(&context, &write)?, path.0.id).await?;
    Ok(Reply::no_content().replayed(done.replayed))
}
