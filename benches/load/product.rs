//! A process under measurement: the product as its own program, or the bare reads (`bare`), with what the system says of
//! its memory and processor time.

use super::memory::{self, Memory};
use super::postgres::Client;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A tick of `/proc/PID/stat`, in microseconds: 100 a second on every Linux that this is run on.
const TICK_MICROS: f64 = 10_000.0;
const LONGEST_START: Duration = Duration::from_secs(60);

pub struct Process {
    child: Child,
    pub address: String,
    /// From its start to its first good answer.
    pub start: Duration,
    /// The database's first process, where it has processes of its own.
    pub postmaster: Option<u32>,
}

/// What `/proc/PID/stat` says.
pub struct Stat {
    pub parent: u32,
    micros: f64,
}

impl Stat {
    pub fn of(process: u32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The name, in brackets, may hold anything; the 4th, 14th and 15th field are 1, 11 and 12 behind it.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |field: usize| fields.get(field)?.parse::<f64>().ok();
        Some(Self { parent: fields.get(1)?.parse().ok()?, micros: (ticks(11)? + ticks(12)?) * TICK_MICROS })
    }
}

/// Where the product keeps its data.
#[derive(Clone, Debug)]
pub struct Place {
    pub url: String,
    pub secret_file: PathBuf,
    /// The product's program.
    pub product: PathBuf,
}

impl Place {
    pub fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite:")
    }

    /// The file, of SQLite.
    pub fn path(&self) -> &str {
        self.url.trim_start_matches("sqlite:")
    }

    /// What a query says: one number, if it is there.
    pub fn number(&self, query: &str) -> Option<i64> {
        if self.is_sqlite() {
            let file = rusqlite::Connection::open(self.path()).unwrap();
            file.query_row(query, [], |row| row.get(0)).unwrap()
        } else {
            Client::connect(&self.url).number(query)
        }
    }
}

impl Process {
    /// The product, as it runs by default, but for the limits on how much one may ask and wait.
    pub fn product(place: &Place) -> Self {
        let mut command = Command::new(&place.product);
        command.arg("serve").env("DATABASE_URL", &place.url).env("LOUDOU_SECRET_FILE", &place.secret_file);
        command.env("LOUDOU_RULES_FILE", Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/load/rules.yaml"));
        command.env("LOUDOU_METRICS_LISTEN", "off").env("LOUDOU_DRAIN_DELAY_SECONDS", "0");
        command.env("LOUDOU_LIMIT_ADDRESS_PER_MINUTE", "0").env("LOUDOU_LIMIT_USER_PER_MINUTE", "0");
        // What is slow is to be measured as slow.
        command.env("LOUDOU_REQUEST_DEADLINE_SECONDS", "600");
        Self::start(command, "LOUDOU_LISTEN", "/readyz")
    }

    /// This program, as the server of bare reads.
    pub fn bare(place: &Place) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("--serve-bare").arg(&place.url).arg(&place.secret_file);
        Self::start(command, "BARE_LISTEN", "/")
    }

    fn start(mut command: Command, listen: &str, ready: &str) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        // What it logs is written, as in real life, but not kept: the disk is the database's.
        command.env(listen, &address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let begun = Instant::now();
        let child = command.spawn().unwrap();
        let mut process = Self { child, address, start: Duration::ZERO, postmaster: None };
        while !process.answers(ready) {
            let ended = process.child.try_wait().unwrap();
            assert!(ended.is_none() && begun.elapsed() < LONGEST_START, "not ready: {ended:?}, {command:?}");
            std::thread::sleep(Duration::from_millis(1));
        }
        process.start = begun.elapsed();
        process
    }

    fn answers(&self, path: &str) -> bool {
        use std::io::{Read, Write};
        let Ok(mut stream) = TcpStream::connect(&self.address) else { return false };
        let mut read = [0; 15];
        let asked = write!(stream, "GET {path} HTTP/1.1\r\nhost: load\r\nconnection: close\r\n\r\n");
        asked.is_ok() && stream.read_exact(&mut read).is_ok() && read.starts_with(b"HTTP/1.1 200")
    }

    /// Processor time so far, in microseconds: its own, and that of the database's processes.
    pub fn cpu_micros(&self) -> [f64; 2] {
        let own = Stat::of(self.child.id()).map_or(0.0, |stat| stat.micros);
        let all = std::fs::read_dir("/proc").unwrap().flatten();
        let ids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let children =
            |postmaster| ids.filter_map(Stat::of).filter(|stat| stat.parent == postmaster).map(|s| s.micros).sum();
        [own, self.postmaster.map_or(0.0, children)]
    }

    /// Memory that is its own, and its share of what it shares, in MiB.
    pub fn pss_mib(&self) -> f64 {
        Memory::of(self.child.id()).in_all as f64 / 1024.0
    }

    /// The most memory that it had since `forget_peak`, with all that it shares, in MiB.
    pub fn peak_mib(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        memory::kib(&status, "VmHWM:") as f64 / 1024.0
    }

    pub fn forget_peak(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").unwrap();
    }

    /// Stops as a signal of the system does, and waits for it.
    pub fn stop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
