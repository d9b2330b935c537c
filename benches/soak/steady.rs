//! The usual work for long, a minute a round: memory does not grow with what was done, but for the caches until they are
//! full, and nobody is turned away.

use crate::Options;
use crate::instance::Instance;
use crate::memory::Memory;
use crate::place::Place;
use crate::traffic::Traffic;
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
    let place = Place::fresh(options.database);
    let instance = Instance::start(&place.url, &place.secret, &[]).unwrap();
    let traffic = Traffic::begin(&instance, SELLERS);
    let (mut seen, mut read) = (vec![Memory::of(instance.id())], 0);
    println!("idle: {}", told(seen[0]));
    for round in 1..=options.rounds {
        let begun = Instant::now();
        write(&instance, &traffic);
        read += (0..SELLERS).map(|seller| pages(&instance, &traffic, seller)).sum::<usize>();
        std::thread::sleep(ROUND.saturating_sub(begun.elapsed()));
        seen.push(Memory::of(instance.id()));
        if round % 5 == 0 || round == options.rounds {
            println!(
                "after {round} minutes: {} writes, {read} pages, {}",
                traffic.acknowledged(),
                told(seen[seen.len() - 1])
            );
        }
    }
    assert_eq!(traffic.turned_away.load(Ordering::SeqCst), 0, "turned away, though nobody asked for much");
    let (middle, last) = (seen[seen.len() / 2].own, seen[seen.len() - 1].own);
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

fn told(memory: Memory) -> String {
    format!("{} MiB of its own, {} MiB in all", memory.own / 1024, memory.in_all / 1024)
}
