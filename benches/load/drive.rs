//! Closed-loop callers: each waits for its answer before it asks again, over a connection of its own, all on one thread.

use super::http::Connection;
use super::product::Process;
use futures_util::future::join_all;
use std::time::{Duration, Instant};

/// What one run of a work came to.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// Works a second.
    pub rate: f64,
    pub p50_micros: f64,
    pub p99_micros: f64,
    /// Processor time for each work, of the server and of the database beside it.
    pub cpu_micros: [f64; 2],
}

/// Something that a caller does again and again; a work may be several requests. Says what was wrong with an answer.
pub trait Work {
    async fn once(&self, caller: usize, callers: usize, connection: &mut Connection) -> Result<(), String>;
}

/// So many callers for so long, after a tenth as much that does not count.
pub fn drive(server: &Process, work: &impl Work, callers: usize, seconds: f64) -> Result<Run, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    runtime.block_on(async {
        let warm = Instant::now() + Duration::from_secs_f64(seconds / 10.0);
        let end = warm + Duration::from_secs_f64(seconds);
        let cpu = async {
            tokio::time::sleep_until(warm.into()).await;
            server.cpu_micros()
        };
        let all = join_all((0..callers).map(|caller| one(&server.address, work, caller, callers, (warm, end))));
        let (cpu_before, all) = tokio::join!(cpu, all);
        let took = warm.elapsed().as_secs_f64();
        let mut latencies = Vec::new();
        for caller in all {
            latencies.extend(caller?);
        }
        latencies.sort_unstable_by(f64::total_cmp);
        let count = latencies.len() as f64;
        let at = |part: f64| latencies[((count * part) as usize).min(latencies.len() - 1)];
        let cpu = server.cpu_micros();
        let cpu_micros = [0, 1].map(|whose| (cpu[whose] - cpu_before[whose]) / count);
        Ok(Run { rate: count / took, p50_micros: at(0.5), p99_micros: at(0.99), cpu_micros })
    })
}

/// Latencies of one caller, in microseconds: at least one, however long it takes.
async fn one(
    address: &str,
    work: &impl Work,
    caller: usize,
    callers: usize,
    (warm, end): (Instant, Instant),
) -> Result<Vec<f64>, String> {
    let mut connection = Connection::open(address).await.map_err(|fault| fault.to_string())?;
    let mut latencies = Vec::new();
    let mut begun = Instant::now();
    while begun < end || latencies.is_empty() {
        work.once(caller, callers, &mut connection).await?;
        let done = Instant::now();
        if begun >= warm {
            latencies.push((done - begun).as_secs_f64() * 1e6);
        }
        begun = done;
    }
    Ok(latencies)
}
