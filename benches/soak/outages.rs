//! The database goes away under load and comes back, or only the way to it does: meanwhile everybody is told so within two
//! seconds, afterwards work goes on within five, and no connection is left over.

use crate::books::Books;
use crate::instance::{Instance, until};
use crate::place::Place;
use crate::postgres;
use crate::proxy::Proxy;
use crate::traffic::Traffic;
use crate::{Database, Options};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value as Json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The longest of each kind of wait.
#[derive(Default)]
struct Waits {
    told: Duration,
    unready: Duration,
    writing: Duration,
    ready: Duration,
}

pub fn run(options: Options) {
    assert!(options.database == Database::Postgres, "SQLite has no server to lose: say --database postgres");
    let seed = options.seed();
    println!("outages: {} rounds, seed {seed}", options.rounds);
    let mut random = StdRng::seed_from_u64(seed);
    let mut place = Place::fresh(options.database);
    let (real, server) = (place.url.clone(), place.server.as_mut().unwrap());
    let proxy = Proxy::to_socket(server.socket());
    let url = format!("postgres://postgres@{}/{}", proxy.address, real.rsplit_once('/').unwrap().1);
    let instance = Instance::start(&url, &place.secret, &[]).unwrap();
    let traffic = Traffic::begin(&instance, 6);
    let (mut waits, mut most_connections, mut most_files) = (Waits::default(), 0, 0);
    let (mut stops, mut cuts) = (0, 0);
    for round in 0..options.rounds {
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for worker in 0..traffic.workers() {
                let (traffic, stop, address) = (&traffic, &stop, &instance.address);
                scope.spawn(move || traffic.work(address, worker, stop, true));
            }
            let enough = traffic.answered.load(Ordering::SeqCst) + random.random_range(30..150);
            until("working", 60, || traffic.answered.load(Ordering::SeqCst) >= enough);
            let is_stop = random.random_bool(0.5);
            if is_stop {
                server.stop();
                stops += 1;
            } else {
                proxy.cut();
                cuts += 1;
            }
            while_away(&instance, &mut waits);
            if is_stop {
                server.start_again();
            } else {
                proxy.mend();
            }
            let (back, enough) = (Instant::now(), traffic.answered.load(Ordering::SeqCst) + 1);
            until("writing again", 5, || traffic.answered.load(Ordering::SeqCst) >= enough);
            waits.writing = waits.writing.max(back.elapsed());
            until("being ready again", 5, || status(&instance, "/readyz") == 200);
            waits.ready = waits.ready.max(back.elapsed());
            stop.store(true, Ordering::SeqCst);
        });
        let books = Books::of(&real);
        let mut faults = books.faults();
        faults.extend(traffic.faults(&books, false));
        assert!(faults.is_empty(), "round {round}, seed {seed}:\n{}", faults.join("\n"));
        most_connections = most_connections.max(connections(&real));
        most_files = most_files.max(open_files(&instance));
    }
    let stop = AtomicBool::new(false);
    for worker in 0..traffic.workers() {
        traffic.work(&instance.address, worker, &stop, false);
    }
    let faults = traffic.faults(&Books::of(&real), true);
    assert!(faults.is_empty(), "at the end, seed {seed}:\n{}", faults.join("\n"));
    println!("  the server stopped {stops} times, the way to it cut {cuts} times, the program never restarted");
    println!("  writes acknowledged: {}, each in the log once", traffic.acknowledged());
    println!("  turned away (503, asked again): {}", traffic.turned_away.load(Ordering::SeqCst));
    println!(
        "  longest wait for a 503: {:.2?} (promised: 2 s); until /readyz failed: {:.2?}",
        waits.told, waits.unready
    );
    println!("  longest until writing again: {:.2?}, until ready: {:.2?} (promised: 5 s)", waits.writing, waits.ready);
    println!("  most connections to the database: {most_connections} of 8; most files open: {most_files}");
    assert!(most_connections <= 8 && waits.told < Duration::from_secs(2));
}

fn status(instance: &Instance, path: &str) -> u16 {
    instance.ask("", "GET", path, None, &Json::Null).unwrap().0
}

/// Asks what needs the database until it was refused ten times.
fn while_away(instance: &Instance, waits: &mut Waits) {
    let begun = Instant::now();
    let body = serde_json::json!({"login": "nobody", "password": "nobody's own"});
    let mut refused = 0;
    while refused < 10 {
        let asked = Instant::now();
        if instance.ask("", "POST", "/v1/auth/login", None, &body).unwrap().0 == 503 {
            waits.told = waits.told.max(asked.elapsed());
            refused += 1;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "the database is away and nobody says so");
    }
    assert_eq!(status(instance, "/livez"), 200);
    until("not being ready", 5, || status(instance, "/readyz") == 503);
    waits.unready = waits.unready.max(begun.elapsed());
}

/// Connections of the program, as the server counts them; those of a way that was cut take a moment to be noticed.
fn connections(url: &str) -> usize {
    let count = "SELECT pid::text FROM pg_stat_activity WHERE application_name = 'loudou'";
    until("the server's noticing", 10, || postgres::strings(url, count).len() <= 8);
    postgres::strings(url, count).len()
}

fn open_files(instance: &Instance) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", instance.id())).map_or(0, |files| files.count())
}
