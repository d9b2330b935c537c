//! `loudou explain`: why a deal may enter a stage, or may not, for somebody. On the host, from the database itself; it
//! shows what that person may see and no more.

use super::rules::Spoken;
use super::{house, say};
use crate::api::moves::view;
use crate::rules::migrate::Migration;
use crate::settings::Place;
use crate::texts::Message;
use crate::values::{DealId, DraftId};
use crate::workflow::Workflow;
use crate::workflow::call::{Call, Caller};
use crate::workflow::explain::ExplainedMoves;
use crate::workflow::failure::Failure;
use clap::Args;
use std::process::ExitCode;
use std::sync::Arc;

/// Say why a deal may enter a stage, or may not: each criterion with what the rules say, the values that decided, how it
/// came out, what would satisfy it and when it becomes possible.
///
/// 0: the move could be made now. 1: it could not, and why was said. 2: there is no answer: no such person, deal, draft or
/// database, or nothing of it is for this person to see.
#[derive(Args, Debug)]
pub struct Explain {
    /// The deal's id.
    #[arg(value_name = "DEAL")]
    deal: DealId,
    /// The stage that it would enter; one that the draft renames can be named either way. Left out: every stage that it
    /// could enter next.
    #[arg(value_name = "STAGE")]
    stage: Option<String>,
    /// Who asks: a login, as in signing in. What they may not see is not shown, and only what they may do is possible.
    #[arg(long = "as", value_name = "LOGIN")]
    login: String,
    /// Under the rules of this draft instead of the active ones; for who may draft rules.
    #[arg(long, value_name = "DRAFT")]
    draft: Option<DraftId>,
    /// Print it as JSON, as `GET /v1/deals/{id}/moves` answers.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    spoken: Spoken,
    #[command(flatten)]
    place: Place,
}

impl Explain {
    #[must_use]
    pub fn run(self) -> ExitCode {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(fault) => return failed(&fault.to_string()),
        };
        let done = runtime.block_on(async {
            let workflow = house::open_present(&self.place).await?;
            let done = self.explained(&workflow).await;
            let closed = workflow.store().close().await.map_err(|fault| crate::api::error::chain(&fault));
            closed.and(done)
        });
        match done {
            Ok((text, possible)) => {
                say::text(&text);
                if possible { ExitCode::SUCCESS } else { ExitCode::FAILURE }
            }
            Err(fault) => failed(&fault),
        }
    }

    /// What is said, and whether a move that was asked for could be made.
    async fn explained(&self, workflow: &Arc<Workflow>) -> Result<(String, bool), String> {
        let told = |failure: Failure| crate::api::error::chain(&failure);
        let users = workflow.everybody().await.map_err(told)?;
        let user = users.iter().find(|user| user.login == self.login);
        let Some(user) = user else {
            return Err(format!(
                "there is nobody with the login `{}`; `loudou user list` shows who there is",
                self.login
            ));
        };
        let call = Call { caller: Caller::Behalf(user.id), ..Call::system(house::clock(), "host") };
        let under = self.moves(workflow, &call).await.map_err(|failure| match failure {
            Failure::NotFound => format!("there is no such deal or draft for `{}` to see", self.login),
            other => told(other),
        })?;
        let wanted = self.spoken.languages();
        let asked = self.stage.as_ref().map(|stage| {
            let no_such = || format!("the funnel `{}` has no stage `{stage}`", under.moves.deal.funnel);
            under.stage(stage).cloned().ok_or_else(no_such)
        });
        let asked = asked.transpose()?;
        let ExplainedMoves { mut moves, rules, .. } = under;
        if let Some(stage) = &asked {
            moves.options.retain(|option| option.to == *stage);
        }
        let possible = moves.options.iter().any(crate::engine::moves::MoveOption::is_open);
        let shown = view(&moves, &rules, &wanted);
        let text = match asked {
            _ if self.json => format!("{}\n", serde_json::to_string_pretty(&shown).unwrap_or_default()),
            Some(stage) if shown.is_empty() => {
                let from = moves.deal.stage.as_str();
                let message = Message::new("explain_no_move").with("from", from).with("to", stage.as_str());
                format!("{}\n", message.render(&wanted))
            }
            _ => shown.words(&wanted),
        };
        Ok((text, possible))
    }

    async fn moves(&self, workflow: &Arc<Workflow>, call: &Call) -> Result<ExplainedMoves, Failure> {
        match self.draft {
            Some(draft) => workflow.moves_under_draft(call, draft, self.deal).await,
            None => {
                let moves = workflow.moves(call, self.deal).await?;
                let rules = Arc::clone(&workflow.active().await?.rules);
                Ok(ExplainedMoves { moves, rules, migration: Migration::default() })
            }
        }
    }
}

fn failed(fault: &str) -> ExitCode {
    eprintln!("{fault}");
    ExitCode::from(2)
}
