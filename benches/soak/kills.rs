//! Killed again and again: every acknowledged write is there once, every visit of a deal is a path of the rules that it
//! cites, nothing is half made.

use crate::books::Books;
use crate::instance::Instance;
use crate::place::Place;
use crate::postgres::Server;
use crate::traffic::Traffic;
use crate::{Database, Options};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Victim {
    Program,
    /// The database server; the program goes on and must find it again.
    Server,
    Both,
}

pub fn run(options: Options) {
    let seed = options.seed();
    println!("kills: {:?}, {} of the program, seed {seed}", options.database, options.rounds);
    let mut random = StdRng::seed_from_u64(seed);
    let mut place = Place::fresh(options.database);
    let (secret, url) = (place.secret.clone(), place.url.clone());
    let began = Instant::now();
    let mut instance = Instance::start(&url, &secret, &[]).unwrap();
    let traffic = Traffic::begin(&instance, 6);
    let (mut programs, mut servers, mut starts, mut audits) = (0, 0, 0, 0);
    let mut slowest_return = Duration::ZERO;
    while programs < options.rounds {
        let victim = match (&place.server, random.random_range(0..4)) {
            (None, _) | (_, 0 | 1) => Victim::Program,
            (_, 2) => Victim::Server,
            (_, _) => Victim::Both,
        };
        let enough = traffic.answered.load(Ordering::SeqCst) + random.random_range(5..120);
        let pause = Duration::from_micros(random.random_range(0..4000));
        let stop = AtomicBool::new(false);
        let survivor = std::thread::scope(|scope| {
            for worker in 0..traffic.workers() {
                let (traffic, stop, address) = (&traffic, &stop, instance.address.clone());
                scope.spawn(move || traffic.work(&address, worker, stop, true));
            }
            wait_for(&traffic, enough);
            std::thread::sleep(pause);
            let survivor = kill(victim, instance, place.server.as_mut(), &mut random);
            if let Some(survivor) = &survivor {
                // It finds the database again by itself, and goes on.
                let (back, enough) = (Instant::now(), traffic.answered.load(Ordering::SeqCst) + 1);
                wait_for(&traffic, enough);
                slowest_return = slowest_return.max(back.elapsed());
                assert!(survivor.log().len() < 10_000_000);
            }
            stop.store(true, Ordering::SeqCst);
            survivor
        });
        programs += u32::from(victim != Victim::Server);
        servers += u32::from(victim != Victim::Program);
        audit(&url, &traffic, false, &format!("after {programs} + {servers} kills, seed {seed}"));
        audits += 1;
        instance = match survivor {
            Some(survivor) => survivor,
            None => start(&url, &secret, &mut random, &mut starts),
        };
        if programs % 10 == 0 && victim != Victim::Server {
            println!("  {programs} kills of the program, {} writes acknowledged", traffic.acknowledged());
        }
    }
    // What was not answered is asked once more; then everything is over, and was done once.
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for worker in 0..traffic.workers() {
            let (traffic, stop, address) = (&traffic, &stop, &instance.address);
            scope.spawn(move || traffic.work(address, worker, stop, false));
        }
    });
    let books = audit(&url, &traffic, true, &format!("at the end, seed {seed}"));
    let (allowed, refused) = books.logged();
    println!("{:?}: {} s", options.database, began.elapsed().as_secs());
    println!(
        "  killed: the program {programs} times, while starting {starts} times, the database server {servers} times"
    );
    println!("  writes acknowledged: {}, each in the log once", traffic.acknowledged());
    println!("  turned away (503, asked again): {}", traffic.turned_away.load(Ordering::SeqCst));
    println!("  without an answer (asked again under the same key): {}", traffic.unanswered.load(Ordering::SeqCst));
    println!("  log: {allowed} allowed, {refused} refused; {} deals, {} visits", books.deals(), books.visits());
    println!("  audits of the books: {}, without a fault", audits + 1);
    if options.database == Database::Postgres {
        println!("  longest from the server's return to the next acknowledged write: {slowest_return:.2?}");
    }
}

fn wait_for(traffic: &Traffic, answered: usize) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while traffic.answered.load(Ordering::SeqCst) < answered {
        assert!(Instant::now() < deadline, "nothing was acknowledged for two minutes");
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Kills; the program, where it lives on.
fn kill(victim: Victim, instance: Instance, server: Option<&mut Server>, random: &mut StdRng) -> Option<Instance> {
    let survivor = match victim {
        Victim::Program => {
            instance.kill();
            return None;
        }
        Victim::Both if random.random_bool(0.5) => {
            instance.kill();
            None
        }
        Victim::Server | Victim::Both => Some(instance),
    };
    let server = server.expect("a server to kill");
    server.stop();
    let survivor = match (victim, survivor) {
        (Victim::Server, survivor) => survivor,
        (_, Some(instance)) => {
            instance.kill();
            None
        }
        (_, None) => None,
    };
    server.start_again();
    survivor
}

/// Starts the program; now and then it is killed while it starts.
fn start(url: &str, secret: &Path, random: &mut StdRng, killed: &mut u32) -> Instance {
    while random.random_bool(0.25) {
        let starting = Instance::begin(url, secret, &[]);
        std::thread::sleep(Duration::from_millis(random.random_range(1..400)));
        starting.kill();
        *killed += 1;
    }
    Instance::start(url, secret, &[]).unwrap()
}

fn audit(url: &str, traffic: &Traffic, settled: bool, when: &str) -> Books {
    let books = Books::of(url);
    let mut faults = books.faults();
    faults.extend(traffic.faults(&books, settled));
    assert!(faults.is_empty(), "{when}:\n{}", faults.join("\n"));
    books
}
