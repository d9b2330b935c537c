//! Signing in and out, the first administrator, the caller himself.

use super::access::Caller;
use super::asked::House;
use super::context::Context;
use super::extract::Json;
use super::people::UserView;
use super::reply::{Answer, Reply};
use super::write::Write;
use super::{ApiError, token};
use crate::engine::permission::reach;
use crate::rules::model::{Action, Scope};
use crate::values::{SessionId, Time, UserId};
use crate::workflow::auth::Tokens;
use crate::workflow::setup::FirstAdministrator;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Name and password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginBody {
    #[schema(max_length = 200)]
    pub login: String,
    #[schema(max_length = 200, format = Password)]
    pub password: String,
}

/// A refresh token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshBody {
    #[schema(max_length = 100)]
    pub refresh_token: String,
}

/// Who the first administrator is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetupBody {
    /// The one-time token that the server printed when it started.
    #[schema(max_length = 100)]
    pub token: String,
    #[schema(max_length = 100)]
    pub login: String,
    #[schema(max_length = 200)]
    pub name: String,
    /// At least 10 characters.
    #[schema(max_length = 200, format = Password)]
    pub password: String,
}

/// The present password and the new one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChangeBody {
    #[schema(max_length = 200, format = Password)]
    pub present_password: String,
    /// At least 10 characters.
    #[schema(max_length = 200, format = Password)]
    pub new_password: String,
}

/// What a sign-in gives.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tokens)]
pub struct TokensView {
    /// To be sent as `Authorization: Bearer ...`.
    #[schema(max_length = 2000)]
    access_token: String,
    /// When the access token ends.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Time,
    /// To be exchanged for the next ones, once.
    #[schema(max_length = 100)]
    refresh_token: String,
    #[schema(value_type = String, format = DateTime)]
    refresh_expires_at: Time,
    #[schema(value_type = uuid::Uuid)]
    user: UserId,
    /// The sign-in that these tokens belong to.
    #[schema(value_type = uuid::Uuid)]
    session: SessionId,
}

/// The caller.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Me)]
pub struct MeView {
    user: UserView,
    /// What any of the caller's roles grants, and how far.
    #[schema(max_items = 100)]
    permissions: Vec<PermissionView>,
}

/// One action that is granted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Permission)]
pub struct PermissionView {
    /// Such as `deals.move`.
    #[schema(max_length = 100)]
    action: &'static str,
    /// The widest scope in which it is granted: `own`, `team`, `all`.
    #[schema(max_length = 100)]
    scope: &'static str,
}

fn view(house: &House, tokens: Tokens, context: &Context) -> Result<TokensView, ApiError> {
    let keys = &house.0.secrets().token_keys;
    let (access_token, expires_at) =
        token::sign(keys, tokens.user, tokens.session, context.now).map_err(|fault| ApiError::internal(&fault))?;
    Ok(TokensView {
        access_token,
        expires_at,
        refresh_token: tokens.refresh_token,
        refresh_expires_at: tokens.refresh_expires_at,
        user: tokens.user,
        session: tokens.session,
    })
}

/// Make the first administrator
///
/// Once, with the one-time token that the server prints when it starts on an empty database. Once there is any user,
/// there is nothing here.
#[utoipa::path(post, path = "/v1/setup", tag = "access", request_body = SetupBody, responses(
    (status = 201, description = "Made, and signed in.", body = TokensView)))]
pub async fn set_up(house: House, context: Context, body: Json<SetupBody>) -> Answer<TokensView> {
    let SetupBody { token, login, name, password } = body.0;
    let call = crate::workflow::call::Call::system(context.now, &context.request_id);
    let tokens = house.0.set_up(&call, FirstAdministrator { token, login, name, password }).await?;
    let user = tokens.user;
    Ok(Reply::created(view(&house, tokens, &context)?, format!("/v1/users/{user}")))
}

/// Sign in
///
/// By login and password. A wrong name, a wrong password and a deactivated user are answered alike; after several
/// failures the next try has to wait.
#[utoipa::path(post, path = "/v1/auth/login", tag = "access", request_body = LoginBody, responses(
    (status = 200, description = "Signed in.", body = TokensView)))]
pub async fn login(house: House, context: Context, body: Json<LoginBody>) -> Answer<TokensView> {
    let tokens = house.0.sign_in(&body.0.login, body.0.password, context.peer, context.now).await?;
    Ok(Reply::ok(view(&house, tokens, &context)?))
}

/// Exchange a refresh token
///
/// Each is good once; using one again ends the whole sign-in, since somebody must have a copy. Two requests that cross
/// within ten seconds get the same successor.
#[utoipa::path(post, path = "/v1/auth/refresh", tag = "access", request_body = RefreshBody, responses(
    (status = 200, description = "New tokens.", body = TokensView)))]
pub async fn refresh_tokens(house: House, context: Context, body: Json<RefreshBody>) -> Answer<TokensView> {
    let tokens = house.0.refresh(&body.0.refresh_token, context.now).await?;
    Ok(Reply::ok(view(&house, tokens, &context)?))
}

/// Sign out
///
/// Ends this sign-in with all its tokens, at the next request, on every process.
#[utoipa::path(post, path = "/v1/auth/logout", tag = "access", responses((status = 204, description = "Signed out.")))]
pub async fn logout(house: House, context: Context, caller: Caller, write: Write) -> Answer<()> {
    let call = caller.writes(&context, &write)?;
    house.0.sign_out(&call).await?;
    Ok(Reply::no_content())
}

/// Sign out everywhere
///
/// Ends all of the caller's sign-ins.
#[utoipa::path(post, path = "/v1/auth/logout_everywhere", tag = "access",
    responses((status = 204, description = "Signed out everywhere.")))]
pub async fn logout_everywhere(house: House, context: Context, caller: Caller, write: Write) -> Answer<()> {
    let call = caller.writes(&context, &write)?;
    house.0.sign_out_everywhere(&call).await?;
    Ok(Reply::no_content())
}

/// The caller
///
/// Who I am, and what my roles grant.
#[utoipa::path(get, path = "/v1/me", tag = "access", responses(
    (status = 200, description = "The caller.", body = MeView)))]
pub async fn get_me(house: House, context: Context, caller: Caller) -> Answer<MeView> {
    let (user, active) = house.0.me(&caller.reads(&context)?).await?;
    let granted = |action: Action| {
        let scope = reach(&active.rules, &user.roles, action)?;
        Some(PermissionView { action: action.word(), scope: scope_word(scope) })
    };
    let permissions = Action::ALL.into_iter().filter_map(granted).collect();
    Ok(Reply::ok(MeView { user: UserView::from(user), permissions }))
}

fn scope_word(scope: Scope) -> &'static str {
    match scope {
        Scope::Own => "own",
        Scope::Team => "team",
        Scope::All => "all",
    }
}

/// Change my password
///
/// All sign-ins end; the answer holds the tokens of a new one.
#[utoipa::path(post, path = "/v1/me/password", tag = "access", request_body = PasswordChangeBody, responses(
    (status = 200, description = "Changed, and signed in anew.", body = TokensView)))]
pub async fn change_my_password(
    house: House,
    context: Context,
    caller: Caller,
    body: Json<PasswordChangeBody>,
) -> Answer<TokensView> {
    let call = caller.reads(&context)?;
    let tokens = house.0.change_password(&call, body.0.present_password, body.0.new_password).await?;
    Ok(Reply::ok(view(&house, tokens, &context)?))
}
