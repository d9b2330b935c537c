//! What is counted about requests (Prometheus). Labels are routes, methods and classes of status, never ids or addresses:
//! their number must not grow with the use.

use metrics::{counter, describe_counter, describe_histogram, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::sync::OnceLock;
use std::time::Duration;

static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Seconds: from a read in memory to the deadline of a request.
const SECONDS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Begins to count, once a process; later calls change nothing.
pub fn begin() {
    HANDLE.get_or_init(|| {
        let recorder = PrometheusBuilder::new().set_buckets(SECONDS).ok()?.build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).ok()?;
        describe_counter!("http_requests_total", "Requests answered.");
        describe_histogram!("http_request_duration_seconds", "From the first byte understood to the answer made.");
        describe_counter!("http_panics_total", "Requests whose work panicked: each is a fault to report.");
        counter!("http_panics_total").absolute(0);
        describe_counter!(
            "http_turned_away_total",
            "Requests turned away unseen, since more was asked than can be done."
        );
        counter!("http_turned_away_total").absolute(0);
        Some(handle)
    });
}

/// Everything counted, as Prometheus reads it.
#[must_use]
pub fn text() -> String {
    HANDLE.get().and_then(Option::as_ref).map(PrometheusHandle::render).unwrap_or_default()
}

/// Keeps what was counted small while nobody reads it.
pub fn tidy() {
    if let Some(handle) = HANDLE.get().and_then(Option::as_ref) {
        handle.run_upkeep();
    }
}

/// One request was answered.
pub fn answered(method: &'static str, route: &str, status: u16, elapsed: Duration) {
    let class = match status {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    };
    let route = route.to_owned();
    counter!("http_requests_total", "method" => method, "route" => route.clone(), "status" => class).increment(1);
    histogram!("http_request_duration_seconds", "method" => method, "route" => route).record(elapsed.as_secs_f64());
}

/// The work of a request panicked.
pub fn panicked() {
    counter!("http_panics_total").increment(1);
}

/// A request was turned away before anybody looked at it.
pub fn turned_away() {
    counter!("http_turned_away_total").increment(1);
}
