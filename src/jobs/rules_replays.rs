//! Replays of decisions and previews that were begun: every process looks, and one at a time works on each.

use crate::values::Time;
use crate::workflow::Workflow;
use std::sync::Arc;
use std::time::Duration;

/// How often it is looked whether there is one.
const EVERY: Duration = Duration::from_secs(1);

/// Decisions in one step: enough that a step's own cost is small, few enough for memory (each comes with its facts) and
/// for cancelling at once.
const STEP: i64 = 500;

/// Deals in one step: they come with all that hangs on them.
const DEALS: i64 = 500;

/// Works on what there is, one after another, until there is nothing left; how many.
pub async fn look(workflow: &Workflow, clock: &(dyn Fn() -> Time + Send + Sync)) -> usize {
    let mut worked = 0;
    loop {
        match workflow.run_preview(clock, DEALS).await {
            Ok(Some(preview)) => {
                tracing::info!(%preview, "a preview of rules ended");
                worked += 1;
                continue;
            }
            Ok(None) => {}
            Err(failure) => tracing::warn!(why = failure.told(), "a preview of rules must wait"),
        }
        match workflow.run_replay(clock, STEP).await {
            Ok(Some(replay)) => {
                tracing::info!(%replay, "a replay of decisions ended");
                worked += 1;
            }
            Ok(None) => return worked,
            Err(failure) => {
                tracing::warn!(why = failure.told(), "a replay of decisions must wait");
                return worked;
            }
        }
    }
}

/// Looks every second, for as long as the process runs.
pub async fn watch(workflow: Arc<Workflow>, clock: Arc<dyn Fn() -> Time + Send + Sync>) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        look(&workflow, clock.as_ref()).await;
    }
}
