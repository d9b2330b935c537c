//! The usual work for long, a minute a round: memory does not grow with what was done, but for the caches until they are
//! full, and nobody is turned away.

use crate::instance::Instance;
use crate::traffic::Traffic;
use crate::{Database, Options, postgres};
use loudou::workflow::secrets::Secrets;
use serde_json::Value as Json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const SELLERS: usize = 6;
const ROUND: Duration = Duration::from_secs(60);
/// Writes of a round.
const WRITES: usize = 3_000;
/// Pages of 50 deals that each seller reads in a round.
const PAGES: usize = 20;
/// Growth in the second half of the rounds that is none, in KiB.
const STEADY_KIB: u64 = 8 * 1024;

pub fn run(options: Options) {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, Secrets::fresh_text()).unwrap();
    let server = (options.database == Database::Postgres)
        .then(|| postgres::Server::durable().expect("the programs of a PostgreSQL server"));
    let url = match &server {
        Some(server) => server.fresh_database(),
        None => format!("sqlite:{}/loudou.db", folder.path().display()),
    };
    let instance = Instance::start(&url, &secret, &[]).unwrap();
    let traffic = Traffic::begin(&instance, SELLERS);
    let (mut seen, mut read) = (vec![memory_kib(&instance)], 0);
    println!("idle: {} MiB", seen[0] / 1024);
    for round in 1..=options.rounds {
        let begun = Instant::now();
        write(&instance, &traffic);
        read += (0..SELLERS).map(|seller| pages(&instance, &traffic, seller)).sum::<usize>();
        std::thread::sleep(ROUND.saturating_sub(begun.elapsed()));
        seen.push(memory_kib(&instance));
        if round % 5 == 0 || round == options.rounds {
            println!(
                "after {round} minutes: {} writes, {read} pages, {} MiB",
                traffic.acknowledged(),
                seen[seen.len() - 1] / 1024
            );
        }
    }
    assert_eq!(traffic.turned_away.load(Ordering::SeqCst), 0, "turned away, though nobody asked for much");
    let (middle, last) = (seen[seen.len() / 2], seen[seen.len() - 1]);
    println!("in the second half: {} KiB more", last.saturating_sub(middle));
    assert!(last <= middle + STEADY_KIB, "memory grew from {middle} to {last} KiB in the second half");
}

fn write(instance: &Instance, traffic: &Traffic) {
    let (stop, enough) = (AtomicBool::new(false), traffic.answered.load(Ordering::SeqCst) + WRITES);
    std::thread::scope(|scope| {
        for seller in 0..SELLERS {
            let stop = &stop;
            scope.spawn(move || traffic.work(&instance.address, seller, stop, true));
        }
        while traffic.answered.load(Ordering::SeqCst) < enough {
            std::thread::park_timeout(Duration::from_millis(5));
        }
        stop.store(true, Ordering::SeqCst);
    });
}

/// Reads a seller's deals, page by page; how many pages.
fn pages(instance: &Instance, traffic: &Traffic, seller: usize) -> usize {
    let token = traffic.sign_in(&instance.address, seller).unwrap();
    let mut path = "/v1/deals?limit=50".to_owned();
    for page in 1..=PAGES {
        let (status, seen) = instance.ask(&token, "GET", &path, None, &Json::Null).unwrap();
        assert_eq!(status, 200, "{seen}");
        match seen["next_cursor"].as_str() {
            Some(next) => path = format!("/v1/deals?limit=50&cursor={next}"),
            None => return page,
        }
    }
    PAGES
}

/// Its own, and its share of what it shares.
fn memory_kib(instance: &Instance) -> u64 {
    let rollup = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", instance.id())).unwrap();
    let line = rollup.lines().find(|line| line.starts_with("Pss:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
