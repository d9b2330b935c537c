//! What this process decides by, kept up without requests: a process that nobody asks anything knows of a change within a
//! second too. No decision rests on it: each compares by itself.

use crate::workflow::Workflow;
use std::sync::Arc;
use std::time::Duration;

/// How often it is looked whether rules or people have changed.
const EVERY: Duration = Duration::from_millis(500);

/// Looks for as long as the process runs.
pub async fn watch(workflow: Arc<Workflow>) {
    metrics::describe_gauge!("loudou_rules_version", "Number of the rules that this process decides by.");
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        // A database that is away, and rules that cannot be used, are told by the process's readiness.
        if let Ok(active) = workflow.current().await {
            #[allow(clippy::cast_precision_loss, reason = "versions of rules are few")]
            metrics::gauge!("loudou_rules_version").set(active.epochs.rules_version as f64);
        }
    }
}
