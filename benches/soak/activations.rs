//! Rules change, again and again, on processes that work, stand still, lose their database and die.

use crate::activations::trial;
use crate::postgres::Server;
use crate::{Database, Options};
use std::time::{Duration, Instant};

pub fn run(options: Options) {
    let seed = options.seed();
    assert_eq!(options.database, Database::Postgres, "several processes need PostgreSQL: --database postgres");
    println!("activations: {} rounds, seed {seed}", options.rounds);
    let server = Server::timed().expect("the programs of a PostgreSQL server");
    let began = Instant::now();
    let seen = trial(&server, options.rounds, seed);
    let least = |times: &[Duration]| times.iter().min().copied().unwrap_or_default();
    let most = |times: &[Duration]| times.iter().max().copied().unwrap_or_default();
    println!("{} s", began.elapsed().as_secs());
    println!(
        "  versions: {}, dense; {} answered over the API, {} from the file",
        seen.versions, seen.acknowledged, seen.from_file
    );
    println!(
        "  asked of a process that was killed meanwhile: {} became active, {} did not",
        seen.killed.0, seen.killed.1
    );
    println!(
        "  decisions: {}; compared by their commits with the end of their version: {}; late: none",
        seen.decisions, seen.compared
    );
    println!(
        "  writes acknowledged: {}; without an answer, all of the killed process: {}; refused or turned away: none",
        seen.answered, seen.unanswered
    );
    println!(
        "  on the process that is cut off: {} writes acknowledged, {} told that the database is away",
        seen.cut_off.0, seen.cut_off.1
    );
    println!("  an activation over the API: {:.0?} to {:.0?}", least(&seen.took), most(&seen.took));
    println!("  known to an idle process after {:.0?} to {:.0?}", least(&seen.known_after), most(&seen.known_after));
    assert!(most(&seen.known_after) < Duration::from_secs(1), "an idle process knew too late");
}
