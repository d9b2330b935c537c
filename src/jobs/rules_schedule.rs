//! Drafts of the rules whose time has come. Every process looks; the database lets one of them do it.

use crate::values::Time;
use crate::workflow::Workflow;
use crate::workflow::schedule::Came;
use std::sync::Arc;
use std::time::Duration;

/// How often it is looked whether something is due.
const EVERY: Duration = Duration::from_secs(1);

/// Looks once, and says what came of it.
pub async fn look(workflow: &Workflow, now: Time) -> Vec<Came> {
    let came = match workflow.run_rules_schedule(now).await {
        Ok(came) => came,
        Err(failure) => {
            tracing::warn!(why = failure.told(), "cannot look for scheduled rules");
            return Vec::new();
        }
    };
    for one in &came {
        match one {
            Came::Activated { draft, number } => tracing::info!(%draft, number, "scheduled rules are active"),
            Came::Refused { draft, why } => tracing::error!(%draft, why, "scheduled rules were refused"),
            Came::Later { draft, why } => tracing::warn!(%draft, why, "scheduled rules are due, and must wait"),
        }
    }
    let refused = workflow.a_rules_draft_was_refused();
    metrics::gauge!("loudou_rules_schedule_refused").set(f64::from(u8::from(refused)));
    came
}

/// Looks every second, for as long as the process runs.
pub async fn watch(workflow: Arc<Workflow>, clock: Arc<dyn Fn() -> Time + Send + Sync>) {
    metrics::describe_gauge!(
        "loudou_rules_schedule_refused",
        "1 while there is a draft of the rules that was refused when its time came."
    );
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        look(&workflow, clock()).await;
    }
}
