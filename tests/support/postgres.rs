//! A PostgreSQL server for tests: the one that `TEST_POSTGRES_URL` names, or one started from the server's programs in
//! a temporary folder, once for a test binary; one fresh database for each test. Without either the tests over
//! PostgreSQL pass with the words `PostgreSQL: not run`, or fail when `REQUIRE_POSTGRES=1`.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::LazyLock;

/// The server of this test binary, if there can be one.
pub static SERVER: LazyLock<Option<Server>> = LazyLock::new(|| {
    let server = match std::env::var("TEST_POSTGRES_URL") {
        Ok(url) if !url.is_empty() => Some(Server { url, program: None }),
        _ => Program::start(FOR_TESTS).map(|program| Server { url: program.url(), program: Some(program) }),
    };
    if server.is_none() {
        assert_ne!(std::env::var("REQUIRE_POSTGRES").as_deref(), Ok("1"), "PostgreSQL is required and not there");
        println!("PostgreSQL: not run");
    }
    server
});

const ON_LOOPBACK: &str = "listen_addresses=127.0.0.1";
/// Reached through a socket in its folder; nothing that a test writes has to survive.
const FOR_TESTS: &[&str] = &["listen_addresses=", "fsync=off", "max_connections=300", "shared_buffers=64MB"];
/// Reached as from another machine, and what it says is committed stays; memory and log as a small company's would be.
pub const DURABLE: &[&str] = &[
    ON_LOOPBACK,
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    "shared_buffers=1GB",
    "max_wal_size=8GB",
    "max_connections=200",
];

/// What is committed stays, and carries the instant of its commit: an order that the product has no hand in.
const TIMED: &[&str] = &[ON_LOOPBACK, "fsync=on", "max_connections=200", "track_commit_timestamp=on"];

/// URL of a fresh, empty database; nothing where there is no PostgreSQL.
pub fn fresh_database() -> Option<String> {
    SERVER.as_ref().map(Server::fresh_database)
}

pub struct Server {
    /// With a database in it that can be connected to.
    url: String,
    program: Option<Program>,
}

impl Server {
    /// A server of one's own, to be stopped and started again.
    pub fn own() -> Option<Self> {
        SERVER.as_ref()?.program.as_ref()?;
        Program::start(FOR_TESTS).map(|program| Self { url: program.url(), program: Some(program) })
    }

    /// A server that keeps what it says it keeps, on a port of its own, to be measured; nothing without its programs.
    pub fn durable() -> Option<Self> {
        Program::start(DURABLE).map(|program| Self { url: program.url(), program: Some(program) })
    }

    /// A server whose commits carry their instants; nothing without its programs.
    pub fn timed() -> Option<Self> {
        Program::start(TIMED).map(|program| Self { url: program.url(), program: Some(program) })
    }

    /// The socket that it listens on.
    pub fn socket(&self) -> PathBuf {
        let program = self.program.as_ref().expect("a server of one's own");
        program.folder.path().join(format!(".s.PGSQL.{}", program.port.unwrap_or(5432)))
    }

    pub fn fresh_database(&self) -> String {
        let name = format!("t{}", uuid::Uuid::now_v7().simple());
        self.execute(&format!("CREATE DATABASE {name}"));
        match self.url.split_once('?') {
            Some((base, query)) => format!("{}/{name}?{query}", base.rsplit_once('/').unwrap().0),
            None => format!("{}/{name}", self.url.rsplit_once('/').unwrap().0),
        }
    }

    /// Runs a statement in the server's own database.
    pub fn execute(&self, statement: &str) {
        execute(&self.url, statement);
    }

    /// Stops a server of one's own at once, as a crash does.
    pub fn stop(&mut self) {
        self.program.as_mut().expect("a server of one's own").stop();
    }

    pub fn start_again(&mut self) {
        self.program.as_mut().expect("a server of one's own").run();
    }
}

/// Runs statements on a connection of their own.
pub fn execute(url: &str, statement: &str) {
    strings(url, statement);
}

/// Runs statements on a connection of their own; the first column of what they answer.
pub fn strings(url: &str, statement: &str) -> Vec<String> {
    let (url, statement) = (url.to_owned(), statement.to_owned());
    let run = async move {
        let config: tokio_postgres::Config = url.parse().unwrap();
        let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
        let driven = tokio::spawn(connection);
        let answer = client.simple_query(&statement).await.map_err(|error| format!("{statement}: {error:?}")).unwrap();
        drop(client);
        driven.await.unwrap().unwrap();
        let rows = answer.iter().filter_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        });
        rows.collect()
    };
    // A test may itself run inside a runtime, in which no other can be waited for.
    std::thread::spawn(|| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run))
        .join()
        .unwrap()
}

/// A server started from its programs, in a folder of its own.
struct Program {
    folder: tempfile::TempDir,
    programs: PathBuf,
    as_other: bool,
    settings: &'static [&'static str],
    /// Where it listens on the loopback; nothing: on a socket in its folder.
    port: Option<u16>,
    running: Option<(Child, ChildStdin)>,
}

impl Program {
    fn start(settings: &'static [&'static str]) -> Option<Self> {
        let port = settings.contains(&ON_LOOPBACK).then(free_port);
        let programs = programs()?;
        let folder = tempfile::Builder::new().prefix("loudou-pg").tempdir().unwrap();
        // `initdb` and the server refuse to run as root.
        let as_other = String::from_utf8_lossy(&Command::new("id").arg("-u").output().ok()?.stdout).trim() == "0";
        if as_other {
            std::os::unix::fs::chown(folder.path(), Some(65534), Some(65534)).unwrap();
        }
        let mut program = Self { folder, programs, as_other, settings, port, running: None };
        let made = program
            .command("initdb")
            .args(["--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8"])
            .arg("-D")
            .arg(program.folder.path().join("data"))
            .output()
            .unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        program.run();
        Some(program)
    }

    fn command(&self, name: &str) -> Command {
        let path = self.programs.join(name);
        let mut command = if self.as_other {
            let mut dropped = Command::new("setpriv");
            dropped.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(path);
            dropped
        } else {
            Command::new(path)
        };
        command.current_dir("/");
        command
    }

    fn url(&self) -> String {
        if let Some(port) = self.port {
            return format!("postgres://postgres@127.0.0.1:{port}/postgres");
        }
        let folder = self.folder.path().to_str().unwrap().replace('/', "%2F");
        format!("postgres://postgres@{folder}/postgres")
    }

    /// Starts the server under a shell that outlives this process (`WATCH`).
    fn run(&mut self) {
        let server = self.command("postgres");
        let mut words: Vec<String> = vec![server.get_program().to_str().unwrap().to_owned()];
        words.extend(server.get_args().map(|word| word.to_str().unwrap().to_owned()));
        let data = self.folder.path().join("data");
        let mut shell = Command::new("sh")
            .args(["-c", WATCH, "sh"])
            .arg(self.folder.path())
            .args(words)
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(self.folder.path())
            .args(self.settings.iter().flat_map(|setting| ["-c", setting]))
            .args(["-c", "log_min_messages=log", "-c", "lc_messages=C"])
            .args(self.port.iter().flat_map(|port| ["-p".to_owned(), port.to_string()]))
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(shell.stderr.take().unwrap()).lines();
        let mut log = String::new();
        loop {
            let line = said.next().unwrap_or_else(|| panic!("the server did not start:\n{log}")).unwrap();
            if line.contains("ready to accept connections") {
                break;
            }
            log.push_str(&line);
            log.push('\n');
        }
        // Somebody has to read what else it says, or it would stop when the pipe is full.
        std::thread::spawn(move || said.for_each(drop));
        let stdin = shell.stdin.take().unwrap();
        self.running = Some((shell, stdin));
    }

    fn stop(&mut self) {
        if let Some((mut shell, mut stdin)) = self.running.take() {
            let _ = stdin.write_all(b"stop\n");
            drop(stdin);
            let _ = shell.wait();
        }
    }
}

/// Runs a server until it is told to stop it, and stops and clears it away when this process is gone, however it ended:
/// then the pipe that is read from is closed.
const WATCH: &str = r#"folder=$1; shift; "$@" </dev/null & pid=$!
read -r _ || gone=1
kill -QUIT $pid; wait $pid
if [ -n "$gone" ]; then rm -rf "$folder"; fi"#;

impl Drop for Program {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A port that nobody listens on.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Where the server's programs are.
pub fn programs() -> Option<PathBuf> {
    let on_path =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>()).unwrap_or_default();
    let mut installed: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.flatten().map(|version| version.path().join("bin")).collect())
        .unwrap_or_default();
    installed.sort();
    installed.into_iter().rev().chain(on_path).find(|folder| has(folder, "initdb") && has(folder, "postgres"))
}

fn has(folder: &Path, name: &str) -> bool {
    folder.join(name).is_file()
}
