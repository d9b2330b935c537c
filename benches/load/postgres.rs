//! What the harness itself asks of PostgreSQL: statements one after another, bulk loads, and `pgbench`, whose rate is
//! the raw limit: the same work in two prepared statements, without a product around it.

use super::data::PATTERN;
use std::path::{Path, PathBuf};
use std::process::Command;
use tokio::runtime::{Builder, Runtime};

#[path = "../../tests/support/postgres.rs"]
pub mod server;

const MOVE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/load/move.pgbench.sql");
const REFUSAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/load/refusal.pgbench.sql");

/// A connection with what drives it.
pub struct Client {
    runtime: Runtime,
    client: tokio_postgres::Client,
}

impl Client {
    pub fn connect(url: &str) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let (client, connection) = runtime.block_on(tokio_postgres::connect(url, tokio_postgres::NoTls)).unwrap();
        runtime.spawn(connection);
        Self { runtime, client }
    }

    pub fn execute(&self, statements: &str) {
        self.runtime.block_on(self.client.batch_execute(statements)).unwrap();
    }

    /// The first column of the only row.
    pub fn text(&self, query: &str) -> String {
        let row = self.runtime.block_on(self.client.query_one(query, &[])).unwrap();
        row.get(0)
    }

    /// The only number, if it is there.
    pub fn number(&self, query: &str) -> Option<i64> {
        self.runtime.block_on(self.client.query_one(query, &[])).unwrap().get(0)
    }

    pub fn copy(&self, statement: &str, text: String) {
        use futures_util::SinkExt;
        self.runtime.block_on(async {
            let sink = self.client.copy_in(statement).await.unwrap();
            let mut sink = std::pin::pin!(sink);
            sink.send(std::io::Cursor::new(text.into_bytes())).await.unwrap();
            sink.close().await.unwrap();
        });
    }
}

/// Where `pgbench` is, if it is installed.
pub fn pgbench() -> Option<PathBuf> {
    server::programs().map(|folder| folder.join("pgbench")).filter(|program| program.is_file())
}

/// Transactions a second of so many clients.
pub fn bench(
    pgbench: &Path,
    url: &str,
    (refused, sample): (bool, i64),
    clients: usize,
    seconds: f64,
    deals: u64,
) -> f64 {
    let (patterns, seconds) = (deals / PATTERN, seconds.ceil() as u64);
    let run = Command::new(pgbench)
        .args(["--no-vacuum", "--protocol=prepared", "--file", if refused { REFUSAL } else { MOVE }])
        .args(["--client", &clients.to_string(), "--jobs", &clients.min(2).to_string()])
        .args(["--time", &seconds.to_string(), "--define", &format!("patterns={patterns}")])
        .args(["--define", &format!("sample={sample}")])
        .arg(url)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    let failed = said.contains("number of failed transactions: 0 ");
    assert!(run.status.success() && failed, "pgbench: {said}{}", String::from_utf8_lossy(&run.stderr));
    let tps = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    tps.unwrap_or_else(|| panic!("pgbench says no rate: {said}"))
}
