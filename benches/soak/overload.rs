//! Twice as much as it can do, for a while: what does not fit is turned away with when to come back, what is admitted does
//! not take much longer than at other times, and memory stays where it was.
//!
//! Server and database have half of the processors, the callers the other half: who asks from another machine takes no
//! processor away either, however much he asks.

use crate::Options;
use crate::http::{Connection, request};
use crate::instance::Instance;
use crate::memory::Memory;
use crate::place::Place;
use crate::processors::Halves;
use crate::traffic::Traffic;
use futures_util::future::join_all;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Callers who wait for their answers: as many as are let in before it counts as too many (an eighth of the queue).
const BUSY: usize = 128;
/// Connections of those who do not wait: eight times as many, as many as the queue of the store holds.
const CONNECTIONS: usize = 1024;
const ROUND: Duration = Duration::from_secs(10);
/// How long it may take until it is found that more is asked than can be done, and what waits by then is gone.
const FINDING: Duration = Duration::from_secs(2);

/// What the callers of a round met, by status.
#[derive(Default)]
struct Round {
    /// Within `FINDING`.
    at_first: Vec<f64>,
    admitted: Vec<f64>,
    turned_away: Vec<f64>,
    /// Until the last was answered.
    seconds: f64,
}

pub fn run(options: Options) {
    let halves = Halves::of_all();
    let workers = halves.as_ref().map_or(1, Halves::begin_on_first).to_string();
    let place = Place::fresh(options.database);
    let instance = Instance::start(&place.url, &place.secret, &[("LOUDOU_WORKERS", &workers)]).unwrap();
    match &halves {
        Some(halves) => halves.go_on_second(),
        None => println!("server, database and callers share all processors"),
    }
    let traffic = Traffic::begin(&instance, 1);
    let token = traffic.sign_in(&instance.address, 0).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let round = |callers, rate| runtime.block_on(one_round(&instance.address, &token, callers, rate));
    // A round that does not count: connected, and with everything loaded.
    round(BUSY, None);
    let normal = round(BUSY, None);
    let capacity = normal.admitted.len() as f64 / normal.seconds;
    let (normal_p99, before) = (at(&normal.admitted, 0.99), Memory::of(instance.id()).in_all);
    println!("{BUSY} callers who wait: {capacity:.0} writes/s, p99 {normal_p99:.1} ms, memory {} MiB", before / 1024);
    assert!(normal.turned_away.is_empty(), "turned away though each waited for its answer");
    for number in 0..options.rounds {
        let over = round(CONNECTIONS, Some(2.0 * capacity));
        let admitted = over.at_first.len() + over.admitted.len();
        let asked = admitted + over.turned_away.len();
        let (p99, after) = (at(&over.admitted, 0.99), Memory::of(instance.id()).in_all);
        println!(
            "round {number}: {:.0} asked/s, {:.0} admitted/s, p99 {p99:.1} ms ({:.1} of the normal; {:.1} ms in the first \
             two seconds); turned away {}, p99 {:.1} ms; memory {} MiB",
            asked as f64 / over.seconds,
            admitted as f64 / over.seconds,
            p99 / normal_p99,
            at(&over.at_first, 0.99),
            over.turned_away.len(),
            at(&over.turned_away, 0.99),
            after / 1024,
        );
        assert!(!over.admitted.is_empty());
    }
}

/// Callers for a round: each when it has its answer, or all together so many a second whatever becomes of them.
async fn one_round(address: &str, token: &str, callers: usize, rate: Option<f64>) -> Round {
    let (begun, next) = (Instant::now(), AtomicU64::new(0));
    let caller = async || {
        let mut connection = None;
        let mut round = Round::default();
        loop {
            let turn = next.fetch_add(1, Ordering::Relaxed);
            let due = match rate {
                Some(rate) => begun + Duration::from_secs_f64(turn as f64 / rate),
                None => Instant::now(),
            };
            if due >= begun + ROUND {
                return round;
            }
            tokio::time::sleep_until(due.into()).await;
            // Opened when it is needed: one on which nothing is asked for seconds would be cut.
            let connection = match &mut connection {
                Some(open) => open,
                closed => closed.insert(Connection::open(address).await.unwrap()),
            };
            let name = uuid::Uuid::now_v7();
            let body = format!(r#"{{"fields": {{"name": "{name}", "source": "web"}}, "contacts": []}}"#);
            let asked = Instant::now();
            let seen = connection.call(&request("POST", "/v1/customers", token, None, &body)).await.unwrap();
            let took = asked.elapsed().as_secs_f64() * 1e3;
            match seen.status {
                201 if rate.is_some() && asked < begun + FINDING => round.at_first.push(took),
                201 => round.admitted.push(took),
                503 | 429 => round.turned_away.push(took),
                status => panic!("{status}: {}", String::from_utf8_lossy(seen.body)),
            }
        }
    };
    let rounds = join_all((0..callers).map(|_| caller())).await;
    let mut all = Round { seconds: begun.elapsed().as_secs_f64(), ..Round::default() };
    for round in rounds {
        all.at_first.extend(round.at_first);
        all.admitted.extend(round.admitted);
        all.turned_away.extend(round.turned_away);
    }
    for times in [&mut all.at_first, &mut all.admitted, &mut all.turned_away] {
        times.sort_unstable_by(f64::total_cmp);
    }
    all
}

fn at(sorted: &[f64], part: f64) -> f64 {
    sorted.get((sorted.len() as f64 * part) as usize).copied().unwrap_or_default()
}
