//! The program itself, started over a database that outlives it, spoken to over HTTP, and killed.

#![allow(dead_code, reason = "each program uses its part")]

use serde_json::Value as Json;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// `loudou serve`, once it listens.
pub struct Instance {
    child: Child,
    pub address: String,
    /// Where the metrics are, if they are served.
    pub metrics: Option<String>,
    /// Everything that it wrote: standard output, standard error.
    written: [Arc<Mutex<String>>; 2],
    readers: Vec<JoinHandle<()>>,
}

impl Instance {
    /// Starts it and waits until it listens; what it said where it ended before.
    pub fn start(url: &str, secret: &Path, variables: &[(&str, &str)]) -> Result<Self, String> {
        Self::begin(url, secret, variables).listening()
    }

    /// Starts it; it does not listen yet.
    pub fn begin(url: &str, secret: &Path, variables: &[(&str, &str)]) -> Starting {
        let mut child = Command::new(env!("CARGO_BIN_EXE_loudou"))
            .arg("serve")
            .env_clear()
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("DATABASE_URL", url)
            .env("LOUDOU_SECRET_FILE", secret)
            .envs([("LOUDOU_LISTEN", "127.0.0.1:0"), ("LOUDOU_METRICS_LISTEN", "off"), ("LOUDOU_WORKERS", "2")])
            .envs([("LOUDOU_LIMIT_ADDRESS_PER_MINUTE", "0"), ("LOUDOU_LIMIT_USER_PER_MINUTE", "0")])
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let written: [Arc<Mutex<String>>; 2] = Default::default();
        let stdout = read(child.stdout.take().unwrap(), &written[0]);
        let stderr = child.stderr.take().unwrap();
        Starting { child, stderr: BufReader::new(stderr), written, stdout }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Ends it as `kill -9` does.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// How it ended, once it has, and everything it wrote.
    pub fn ended(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        let text = self.written.iter().map(|text| text.lock().unwrap().clone()).collect::<Vec<_>>().join("\n");
        (status, text)
    }

    /// What it has written to standard error so far.
    pub fn log(&self) -> String {
        self.written[1].lock().unwrap().clone()
    }

    /// The token for the first administrator, which it prints where there is nobody yet.
    pub fn setup_token(&self) -> String {
        let mut token = None;
        until("the set-up token", 10, || {
            let output = self.output();
            token = output.lines().nth(1).filter(|_| output.lines().count() > 1).map(str::to_owned);
            token.is_some() && output.ends_with('\n')
        });
        token.unwrap()
    }

    /// What it has written to standard output so far.
    pub fn output(&self) -> String {
        self.written[0].lock().unwrap().clone()
    }

    pub fn ask(&self, token: &str, method: &str, path: &str, key: Option<&str>, body: &Json) -> Answer {
        ask(&self.address, token, method, path, key, body)
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for what happens within so many seconds.
#[track_caller]
pub fn until(what: &str, seconds: u64, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    while !holds() {
        assert!(Instant::now() < deadline, "{what} took longer than {seconds} s");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// A program that has been started and does not listen yet.
pub struct Starting {
    child: Child,
    stderr: BufReader<std::process::ChildStderr>,
    written: [Arc<Mutex<String>>; 2],
    stdout: JoinHandle<()>,
}

impl Starting {
    /// Waits until it listens; what it said where it ended before.
    pub fn listening(mut self) -> Result<Instance, String> {
        let mut metrics = None;
        let address = loop {
            let mut line = String::new();
            if self.stderr.read_line(&mut line).unwrap() == 0 {
                let _ = self.child.wait();
                return Err(format!("it ended: {}", self.written[1].lock().unwrap()));
            }
            self.written[1].lock().unwrap().push_str(&line);
            if let Some((_, rest)) = line.split_once("metrics on http://") {
                metrics = Some(rest.trim().trim_end_matches("/metrics").to_owned());
            }
            if let Some((_, rest)) = line.split_once("listening on http://") {
                break rest.split(';').next().unwrap().to_owned();
            }
        };
        let stderr = read(self.stderr.into_inner(), &self.written[1]);
        Ok(Instance { child: self.child, address, metrics, written: self.written, readers: vec![self.stdout, stderr] })
    }

    /// Ends it as `kill -9` does, wherever it is.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads what is written until its end: somebody has to, or the writer would stop when the pipe is full.
fn read(mut from: impl Read + Send + 'static, into: &Arc<Mutex<String>>) -> JoinHandle<()> {
    let into = Arc::clone(into);
    std::thread::spawn(move || {
        let mut bytes = [0; 16 * 1024];
        while let Ok(many @ 1..) = from.read(&mut bytes) {
            into.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..many]));
        }
    })
}

/// The status and the body; or that there was no answer.
pub type Answer = Result<(u16, Json), String>;

/// Asks on a connection of its own.
pub fn ask(address: &str, token: &str, method: &str, path: &str, key: Option<&str>, body: &Json) -> Answer {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    ask_by(&agent, address, token, method, path, key, body)
}

/// Asks on the connections of this agent.
pub fn ask_by(
    agent: &ureq::Agent,
    address: &str,
    token: &str,
    method: &str,
    path: &str,
    key: Option<&str>,
    body: &Json,
) -> Answer {
    let media = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
    let mut request = ureq::http::Request::builder().method(method).uri(format!("http://{address}{path}"));
    request = request.header("content-type", media);
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    if method == "PATCH" {
        request = request.header("if-match", "*");
    }
    let mut answer = if method == "GET" {
        agent.run(request.body(()).unwrap())
    } else {
        agent.run(request.body(body.to_string()).unwrap())
    }
    .map_err(|fault| fault.to_string())?;
    let status = answer.status().as_u16();
    let text = answer.body_mut().read_to_string().map_err(|fault| fault.to_string())?;
    // Of the programs that use this, only the tests have the document.
    #[cfg(test)]
    crate::client::hold(method, path, answer.headers(), status, &text);
    Ok((status, serde_json::from_str(&text).unwrap_or_default()))
}
