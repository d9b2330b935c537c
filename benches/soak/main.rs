//! Long trials that anybody can start: `cargo bench --bench soak -- kills --database sqlite --rounds 100`. Each prints
//! what it did and ends with an error as soon as something is not as promised. `--help` lists them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    missing_debug_implementations,
    reason = "a trial that meets what it does not expect ends there"
)]

#[path = "../../tests/support/activations.rs"]
mod activations;
#[path = "activations.rs"]
mod activations_trial;
#[path = "../../tests/support/books.rs"]
mod books;
#[path = "../load/http.rs"]
mod http;
#[path = "../../tests/support/instance.rs"]
mod instance;
mod kills;
#[path = "../load/memory.rs"]
mod memory;
mod outages;
mod overload;
mod place;
#[path = "../../tests/support/postgres.rs"]
mod postgres;
mod processors;
#[path = "../../tests/support/proxy.rs"]
mod proxy;
mod steady;
#[path = "../../tests/support/traffic.rs"]
mod traffic;

/// The test suite holds what a program answers against the document; these trials ask for too much and for too long to.
mod client {
    pub fn hold(_: &str, _: &str, _: &ureq::http::HeaderMap, _: u16, _: &str) {}
}

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Long trials of what must not break.
#[derive(Parser)]
#[command(name = "soak")]
struct Line {
    #[command(subcommand)]
    trial: Trial,
    /// What cargo passes to every bench.
    #[arg(long, hide = true, global = true)]
    bench: bool,
}

#[derive(Subcommand)]
enum Trial {
    /// The program is killed (`kill -9`) while it writes, again and again; over PostgreSQL its database too
    /// (`pg_ctl stop -m immediate`). After each kill the books are audited.
    Kills(Options),
    /// PostgreSQL is stopped and started under load, or the way to it is cut and mended.
    Outages(Options),
    /// Rules become active under load, by API and file at once, while one process stands still and one is killed
    /// (`--database postgres`). No decision is committed under rules that were replaced.
    Activations(Options),
    /// Twice as much as it can do is asked of it.
    Overload(Options),
    /// The usual work for long, a minute a round: memory stays where it is.
    Steady(Options),
}

/// What all trials are told.
#[derive(Args, Clone, Copy)]
struct Options {
    #[arg(long, value_enum, default_value_t = Database::Sqlite)]
    database: Database,
    /// How often.
    #[arg(long, default_value_t = 100)]
    rounds: u32,
    /// What the random choices begin with; the present time where none is given.
    #[arg(long)]
    seed: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Database {
    Sqlite,
    Postgres,
}

impl Options {
    fn seed(&self) -> u64 {
        let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        self.seed.unwrap_or(clock.as_secs())
    }
}

fn main() {
    match Line::parse().trial {
        Trial::Kills(options) => kills::run(options),
        Trial::Activations(options) => activations_trial::run(options),
        Trial::Outages(options) => outages::run(options),
        Trial::Overload(options) => overload::run(options),
        Trial::Steady(options) => steady::run(options),
    }
}
