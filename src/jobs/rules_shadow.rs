//! The draft that is in shadow: every process looks which it is, and asks it about what was decided meanwhile.

use crate::workflow::Workflow;
use std::sync::Arc;
use std::time::Duration;

/// How often it is looked. A draft is in shadow on every process at the latest after this, and what is decided in
/// between waits in memory.
const EVERY: Duration = Duration::from_millis(250);

/// Looks once; how many decisions.
pub async fn look(workflow: &Workflow) -> usize {
    let looked_at = workflow.run_shadow().await.unwrap_or_else(|failure| {
        tracing::warn!(why = failure.told(), "the shadow of a draft must wait");
        0
    });
    metrics::gauge!("loudou_rules_shadow").set(f64::from(u8::from(workflow.is_in_shadow())));
    looked_at
}

/// Looks for as long as the process runs.
pub async fn watch(workflow: Arc<Workflow>) {
    metrics::describe_gauge!("loudou_rules_shadow", "1 while this process asks a draft about live decisions.");
    metrics::describe_counter!(
        "loudou_rules_shadow_decisions_total",
        "Decisions that were asked of a draft in shadow, by how they came out there."
    );
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        look(&workflow).await;
    }
}
