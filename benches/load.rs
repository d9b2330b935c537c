//! The load harness: the product and the raw limit of the same work in turn, in one run, on SQLite and on PostgreSQL, at
//! several sizes of the database. Prints one table and writes it to `target/load.md`.
//!
//! ```text
//! cargo bench --bench load                                        # 10,000 deals, a few minutes
//! cargo bench --bench load -- --deals 10k,100k,1m --callers 1,16,64 --seconds 3
//! cargo bench --bench load -- --databases sqlite --only move,refusal
//! cargo bench --bench load -- --product /tmp/before/loudou        # the program before a change
//! cargo bench --bench load -- --change --deals 100k --callers 16  # the rules change while everybody works
//! cargo bench --bench load -- --smoke                             # does it still work?
//! ```
//!
//! The product is the binary of this package, a process of its own that is asked over HTTP by closed-loop callers
//! (`drive`), with tokens of a hundred sellers, over a company from a fixed seed (`data`) that was put into the real
//! schema in bulk (`fill`). A figure means nothing by itself, since machines differ and are shared: what counts is the
//! ratio to the raw limit (`raw`, `postgres`, `bare`), measured before it in the same round. An answer of another status
//! than the expected one ends the run. The data lies in the system's temporary folder: `TMPDIR` says on which disk.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_debug_implementations,
    reason = "a harness that meets what it does not expect ends there"
)]

#[path = "load/bare.rs"]
mod bare;
#[path = "load/change.rs"]
mod change;
#[path = "load/data.rs"]
mod data;
#[path = "load/drive.rs"]
mod drive;
#[path = "load/fill.rs"]
mod fill;
#[path = "load/http.rs"]
mod http;
#[path = "load/memory.rs"]
mod memory;
#[path = "load/postgres.rs"]
mod postgres;
#[path = "load/product.rs"]
mod product;
#[path = "load/raw.rs"]
mod raw;
#[path = "load/rounds.rs"]
mod rounds;
#[path = "load/table.rs"]
mod table;
#[path = "load/works.rs"]
mod works;

use clap::{Parser, ValueEnum};
use postgres::server::Server;
use product::Place;
use rounds::Rounds;
use std::path::PathBuf;
use std::time::Instant;
use works::Kind;

/// Measures the product against the raw limits of the same work.
#[derive(Parser)]
struct Options {
    /// Sizes of the database: `10k,100k,1m`.
    #[arg(long, value_delimiter = ',', default_value = "10k", value_parser = size)]
    deals: Vec<u64>,
    #[arg(long, value_delimiter = ',', value_enum, default_value = "sqlite,postgres")]
    databases: Vec<Database>,
    /// How long each measurement lasts.
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    #[arg(long, value_delimiter = ',', default_value = "1,16")]
    callers: Vec<usize>,
    /// How often raw and ours take their turn.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Only these works: start, disk, read, list, deep, funnel, move, refusal, create, activity.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Instead of works: the rules are changed and changed back while the callers work (`change`).
    #[arg(long)]
    change: bool,
    /// Tiny data, a moment each: whether everything still works.
    #[arg(long)]
    smoke: bool,
    /// Another program than this package's: the one before a change.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_loudou"))]
    product: PathBuf,
    /// `cargo bench` says so.
    #[arg(long, hide = true)]
    bench: bool,
    /// This program as the server of bare reads: URL and secret file.
    #[arg(long, hide = true, num_args = 2)]
    serve_bare: Vec<String>,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    Postgres,
}

impl Database {
    fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

fn size(text: &str) -> Result<u64, String> {
    let text = text.to_lowercase();
    let (digits, times) = match (text.strip_suffix('k'), text.strip_suffix('m')) {
        (Some(digits), _) => (digits, 1_000),
        (_, Some(digits)) => (digits, 1_000_000),
        _ => (text.as_str(), 1),
    };
    let deals = digits.parse::<u64>().map_err(|fault| fault.to_string())? * times;
    if deals < 4_000 {
        Err("at least 4000, so that each seller has deals of each kind and lists have pages".into())
    } else {
        Ok(deals)
    }
}

fn main() {
    let mut options = Options::parse();
    if let [url, secret_file] = options.serve_bare.as_slice() {
        return bare::serve(url.clone(), secret_file.as_ref());
    }
    if options.smoke {
        options = Options { deals: vec![4_000], callers: vec![4], seconds: 0.2, rounds: 1, ..options };
    }
    let server = if options.databases.contains(&Database::Postgres) { Server::durable() } else { None };
    let mut lines = Vec::new();
    let mut changes = String::new();
    let mut about_postgres = None;
    for database in &options.databases {
        for deals in &options.deals {
            let folder = tempfile::Builder::new().prefix("loudou-load").tempdir().unwrap();
            let url = match (database, &server) {
                (Database::Sqlite, _) => format!("sqlite:{}/loudou.db", folder.path().display()),
                (Database::Postgres, Some(server)) => server.fresh_database(),
                (Database::Postgres, None) => {
                    eprintln!("PostgreSQL: not run, its programs are not installed");
                    continue;
                }
            };
            let place =
                Place { url, secret_file: folder.path().join("loudou.secret"), product: options.product.clone() };
            std::fs::write(&place.secret_file, loudou::workflow::secrets::Secrets::fresh_text()).unwrap();
            fill(*database, *deals, &place);
            if *database == Database::Postgres {
                about_postgres = Some(settings(&place.url));
            }
            if options.change {
                // Deals go on from where they were made: one run on each base.
                let callers = options.callers.iter().copied().max().unwrap_or(1);
                let (name, deals, seconds) = (database.name(), *deals, options.seconds);
                changes.push_str(&change::Trial { name, deals, place: &place, callers, seconds }.run());
                continue;
            }
            let measured = measure(&options, *database, *deals, &place, folder.path());
            lines.extend(measured);
        }
    }
    let (table, file, how) = if options.change {
        (change::HEAD.to_owned() + &changes, "change.md", change::how(options.seconds))
    } else {
        (table::markdown(&lines), "load.md", table::how(options.rounds, options.seconds))
    };
    let text = format!("{table}\n{} {how}\n", table::conditions(about_postgres.as_deref()));
    println!("{text}");
    if !options.smoke {
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
        std::fs::create_dir_all(&target).unwrap();
        std::fs::write(target.join(file), text).unwrap();
    }
}

/// The schema and the rules by the product itself, the rest in bulk.
fn fill(database: Database, deals: u64, place: &Place) {
    product::Process::product(place).stop();
    let (begun, now) = (Instant::now(), chrono::Utc::now().timestamp_micros());
    match database {
        Database::Sqlite => fill::sqlite(place.path(), deals, now),
        Database::Postgres => fill::postgres(&place.url, deals, now),
    }
    eprintln!("{}: {deals} deals made in {:.1} s", database.name(), begun.elapsed().as_secs_f64());
}

fn settings(url: &str) -> String {
    let client = postgres::Client::connect(url);
    let show = |setting: &str| client.text(&format!("SELECT current_setting('{setting}')"));
    format!(
        "{}, fsync={}, synchronous_commit={}, shared_buffers={}, max_wal_size={}",
        show("server_version").split(' ').next().unwrap_or_default(),
        show("fsync"),
        show("synchronous_commit"),
        show("shared_buffers"),
        show("max_wal_size")
    )
}

fn measure(
    options: &Options,
    database: Database,
    deals: u64,
    place: &Place,
    folder: &std::path::Path,
) -> Vec<table::Line> {
    let wanted = |word: &str| options.only.is_empty() || options.only.iter().any(|one| one == word);
    let mut rounds = Rounds::new(database, deals, place, folder, (options.rounds, options.seconds));
    if wanted("disk") {
        rounds.disk();
    }
    if wanted("start") {
        rounds.start();
    }
    for kind in Kind::ALL.into_iter().filter(|kind| wanted(kind.word())) {
        // A report is asked for by few.
        let most = if kind == Kind::Funnel { 1 } else { options.callers.len() };
        for callers in options.callers.iter().take(most) {
            rounds.work(kind, *callers);
        }
    }
    rounds.end()
}
