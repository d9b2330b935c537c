//! `loudou user`: people, from the host. Recovers a company in which nobody can sign in who may change people or rules.
//!
//! It works on the database itself, also while processes serve it: over PostgreSQL like any process, over SQLite by
//! waiting for the server's write lock (5 seconds at most) between two of its commits.

use super::{house, say};
use crate::settings::Place;
use crate::values::Key;
use crate::workflow::Workflow;
use crate::workflow::call::Call;
use crate::workflow::recovery::{GrantFault, Granted, RoleGrant};
use clap::{Args, Subcommand};
use std::process::ExitCode;
use std::sync::Arc;

/// People, from the host.
#[derive(Args, Debug)]
pub struct User {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Subcommand, Debug)]
enum Deed {
    /// Give roles to somebody there is. The way out when nobody can change people or rules any more.
    ///
    /// Adds the roles to those that the user has; `loudou user list` shows who there is. Recorded in the decision log as
    /// done by the product itself; every running process takes it at its next request, nothing need be restarted.
    Grant(Grant),
    /// Say who there is: login, whether active, roles, name.
    List(List),
}

#[derive(Args, Debug)]
struct Grant {
    /// Who: as in signing in.
    #[arg(value_name = "LOGIN")]
    login: String,
    /// Roles of the active rules.
    #[arg(required = true, value_name = "ROLE")]
    roles: Vec<String>,
    /// Let them act again if they are deactivated; without it, that refuses the grant.
    #[arg(long)]
    activate: bool,
    /// Set a fresh password and print it, once: for who cannot sign in any more. All their sign-ins end.
    #[arg(long)]
    new_password: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct List {
    #[command(flatten)]
    place: Place,
}

impl User {
    #[must_use]
    pub fn run(self) -> ExitCode {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(fault) => return failed(&fault.to_string()),
        };
        let done = runtime.block_on(async {
            match self.deed {
                Deed::Grant(grant) => {
                    let workflow = house::open_present(&grant.place).await?;
                    let done = grant.run(&workflow).await;
                    close(&workflow).await.and(done)
                }
                Deed::List(list) => {
                    let workflow = house::open_present(&list.place).await?;
                    let done = listed(&workflow).await;
                    close(&workflow).await.and(done)
                }
            }
        });
        match done {
            Ok(text) => {
                say::text(&text);
                ExitCode::SUCCESS
            }
            Err(fault) => failed(&fault),
        }
    }
}

impl Grant {
    async fn run(self, workflow: &Arc<Workflow>) -> Result<String, String> {
        let grant = RoleGrant {
            login: self.login,
            roles: self.roles.iter().map(|role| Key::new(role)).collect(),
            activate: self.activate,
            new_password: self.new_password,
        };
        let call = Call::system(house::clock(), "host");
        match workflow.grant_roles(&call, grant).await {
            Ok(Ok(granted)) => Ok(told(&granted)),
            Ok(Err(fault)) => Err(refused(&fault)),
            Err(failure) => Err(crate::api::error::chain(&failure)),
        }
    }
}

fn told(granted: &Granted) -> String {
    let user = &granted.user;
    let mut text = match granted.decision {
        Some(decision) => format!(
            "`{}` has the roles {}. Recorded as decision {decision}; running processes take it at their next request.\n",
            user.login,
            words(&user.roles)
        ),
        None => format!("`{}` has the roles {} already: nothing was changed.\n", user.login, words(&user.roles)),
    };
    if let Some(password) = &granted.password {
        text.push_str(&format!(
            "New password, shown this once (change it after signing in: POST /v1/me/password):\n{password}\n"
        ));
    }
    if let Some((action, roles)) = &granted.still_missing {
        text.push_str(&format!("Still nobody who is active may `{action}`; a role that may: {}\n", words(roles)));
    }
    text
}

fn refused(fault: &GrantFault) -> String {
    let meant =
        |near: &Option<String>| near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    match fault {
        GrantFault::UnknownLogin { near: None, .. } => format!("{fault}; `loudou user list` shows who there is"),
        GrantFault::UnknownLogin { near, .. } => format!("{fault}{}", meant(near)),
        GrantFault::UnknownRole { near, known, .. } => {
            format!(
                "{fault}{} The active rules know {}",
                if near.is_some() { meant(near) } else { ".".into() },
                words(known)
            )
        }
        GrantFault::Deactivated(_) => format!("{fault}: say --activate to let them act again"),
    }
}

async fn listed(workflow: &Workflow) -> Result<String, String> {
    let users = workflow.everybody().await.map_err(|failure| crate::api::error::chain(&failure))?;
    let width = users.iter().map(|user| user.login.chars().count()).max().unwrap_or(0);
    let line = |user: &crate::store::User| {
        let state = if user.active { "active" } else { "deactivated" };
        format!("{:<width$}  {state:<11}  {}  ({})\n", user.login, words(&user.roles), user.name)
    };
    Ok(users.iter().map(line).collect())
}

async fn close(workflow: &Workflow) -> Result<String, String> {
    let closed = workflow.store().close().await.map_err(|fault| crate::api::error::chain(&fault));
    closed.map(|()| String::new())
}

fn words(keys: &[Key]) -> String {
    keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
}

fn failed(fault: &str) -> ExitCode {
    eprintln!("{fault}");
    ExitCode::FAILURE
}
