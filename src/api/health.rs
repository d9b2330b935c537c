//! Whether this process lives, and whether it wants work.

use super::reply::{Answer, Reply};
use super::{ApiError, App};
use actix_web::web;
use serde::Serialize;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use utoipa::ToSchema;

/// How long an answer about readiness is believed: probes, and strangers, cannot make the database work.
const BELIEVED: Duration = Duration::from_secs(1);

/// Asks what this process needs (database, rules) whether it is there; `Err` = why not, for the log.
pub type Probe = Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync>;

/// What somebody should look at though work goes on: codes.
pub type Warnings = Box<dyn Fn() -> Vec<&'static str> + Send + Sync>;

/// Whether this process wants work.
pub struct Readiness {
    probe: Probe,
    warnings: Option<Warnings>,
    draining: AtomicBool,
    last: Mutex<Option<(Instant, bool)>>,
}

impl Readiness {
    #[must_use]
    pub fn new(probe: Probe) -> Self {
        Self { probe, warnings: None, draining: AtomicBool::new(false), last: Mutex::new(None) }
    }

    /// With what is told beside it.
    #[must_use]
    pub fn with_warnings(self, warnings: Warnings) -> Self {
        Self { warnings: Some(warnings), ..self }
    }

    /// From now on: no more work, this process is about to stop.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }

    /// Whether it is about to stop.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    /// Whether this process wants work; asked at most once a second.
    pub async fn wants_work(&self) -> bool {
        if self.is_draining() {
            return false;
        }
        if let Some(known) = self.believed() {
            return known;
        }
        let ready = match (self.probe)().await {
            Ok(()) => true,
            Err(reason) => {
                tracing::warn!(reason, "not ready");
                false
            }
        };
        if let Ok(mut last) = self.last.lock() {
            *last = Some((Instant::now(), ready));
        }
        ready
    }

    /// The last answer while it is fresh. Who finds it stale renews its time first, so that only he asks.
    fn believed(&self) -> Option<bool> {
        let mut last = self.last.lock().ok()?;
        let (at, ready) = (*last)?;
        if at.elapsed() < BELIEVED {
            return Some(ready);
        }
        *last = Some((Instant::now(), ready));
        None
    }
}

impl std::fmt::Debug for Readiness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Readiness").field("draining", &self.draining).finish_non_exhaustive()
    }
}

/// How it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthView {
    /// `ok`.
    #[schema(max_length = 20)]
    status: &'static str,
    /// What somebody should look at though work goes on: `rules_file_refused` (the last good rules stay, or it is an older one than those),
    /// `rules_schedule_refused` (a draft was not activated when its time came).
    #[schema(value_type = Vec<String>, max_items = 20)]
    warnings: Vec<&'static str>,
}

const OK: HealthView = HealthView { status: "ok", warnings: Vec::new() };

/// Is the process alive?
///
/// Answers as long as the process can answer at all; asks nothing else. Restart it when it does not.
#[utoipa::path(get, path = "/livez", tag = "operation", responses((status = 200, description = "It lives.", body = HealthView)))]
pub async fn get_liveness() -> Answer<HealthView> {
    Ok(Reply::ok(OK))
}

/// Does the process want work?
///
/// Asks the database and the rules, at most once a second. Send it no requests while it answers 503: it is starting,
/// stopping, or lacks what it needs.
#[utoipa::path(get, path = "/readyz", tag = "operation", responses((status = 200, description = "Send work.", body = HealthView)))]
pub async fn get_readiness(app: web::Data<App>) -> Answer<HealthView> {
    if app.readiness.wants_work().await {
        let warnings = app.readiness.warnings.as_ref().map(|warnings| warnings()).unwrap_or_default();
        Ok(Reply::ok(HealthView { warnings, ..OK }))
    } else {
        Err(ApiError::Unavailable { cause: "asked whether it is ready, which it is not".into() })
    }
}
