//! The program as it is started and stopped.

use crate::instance::{ask, until};
use serde_json::Value as Json;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Output, Stdio};

/// `loudou serve` with these variables, once it listens.
struct Process {
    child: Child,
    address: String,
    log: BufReader<std::process::ChildStderr>,
    _folder: tempfile::TempDir,
}

fn command(variables: &[(&str, &str)]) -> (Command, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_loudou"));
    command.env_clear().current_dir(env!("CARGO_MANIFEST_DIR"));
    command.env("DATABASE_URL", format!("sqlite:{}/loudou.db", folder.path().display()));
    command.env("LOUDOU_LISTEN", "127.0.0.1:0").env("LOUDOU_METRICS_LISTEN", "off");
    command.envs(variables.iter().copied());
    (command, folder)
}

fn output(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    command(variables).0.args(arguments).output().unwrap()
}

impl Process {
    fn start(variables: &[(&str, &str)]) -> Self {
        let (mut command, folder) = command(variables);
        let mut child = command.arg("serve").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut read = String::new();
        let address = loop {
            let mut line = String::new();
            assert_ne!(log.read_line(&mut line).unwrap(), 0, "it ended: {read}");
            read.push_str(&line);
            if let Some((_, rest)) = line.split_once("listening on http://") {
                break rest.split(';').next().unwrap().to_owned();
            }
        };
        Self { child, address, log, _folder: folder }
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    fn status(&self, path: &str) -> u16 {
        ask(&self.address, "", "GET", path, None, &Json::Null).unwrap().0
    }

    /// Waits for a line of the log that holds `words`.
    fn wait_for(&mut self, words: &str) {
        let mut line = String::new();
        while !line.contains(words) {
            line.clear();
            assert_ne!(self.log.read_line(&mut line).unwrap(), 0, "it ended without `{words}`");
        }
    }

    fn end(&mut self) -> (ExitStatus, String) {
        let mut rest = String::new();
        self.log.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap(), rest)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_stop_is_told_first_and_ends_well() {
    let mut process = Process::start(&[("LOUDOU_DRAIN_DELAY_SECONDS", "1")]);
    assert_eq!(process.status("/readyz"), 200);
    process.signal("TERM");
    process.wait_for("not ready from now on");
    assert_eq!(process.status("/readyz"), 503);
    assert_eq!(process.status("/livez"), 200);
    let (status, _) = process.end();
    assert!(status.success(), "{status}");
}

/// The body of the request that `begun` makes.
const BODY: &str = r#"{"login": "nobody", "password": "nobody's own"}"#;

/// A request that is being worked on and waits for its body, and what is answered to it.
fn begun(process: &Process) -> (TcpStream, BufReader<TcpStream>) {
    let mut connection = TcpStream::connect(&process.address).unwrap();
    let head = "POST /v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nexpect: 100-continue";
    write!(connection, "{head}\r\ncontent-length: {}\r\n\r\n", BODY.len()).unwrap();
    // `100 Continue` says that the request is being worked on.
    let mut answer = BufReader::new(connection.try_clone().unwrap());
    let mut line = String::new();
    answer.read_line(&mut line).unwrap();
    assert!(line.starts_with("HTTP/1.1 100"), "{line}");
    (connection, answer)
}

#[test]
fn a_request_under_way_is_finished_before_the_end() {
    let mut process = Process::start(&[("LOUDOU_DRAIN_DELAY_SECONDS", "0")]);
    let (mut connection, mut answer) = begun(&process);
    process.signal("TERM");
    process.wait_for("letting what is under way finish");
    connection.write_all(BODY.as_bytes()).unwrap();
    let mut rest = String::new();
    answer.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("HTTP/1.1 401"), "{rest}");
    assert!(process.end().0.success());
}

/// A minute is a bound for the machine; what it would wait for otherwise takes ten.
#[test]
fn a_request_that_does_not_end_holds_up_no_stop_beyond_its_deadline() {
    let mut process = Process::start(&[
        ("LOUDOU_DRAIN_DELAY_SECONDS", "0"),
        ("LOUDOU_STOP_DEADLINE_SECONDS", "1"),
        ("LOUDOU_REQUEST_DEADLINE_SECONDS", "600"),
    ]);
    let (_connection, mut answer) = begun(&process);
    process.signal("TERM");
    process.wait_for("letting what is under way finish");
    until("the end", 60, || process.child.try_wait().unwrap().is_some());
    let (status, log) = process.end();
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("stopped at once, with work under way"), "{log}");
    // The client sees that nothing was answered.
    let mut rest = String::new();
    let _ = answer.read_to_string(&mut rest);
    assert!(!rest.contains("HTTP/1.1"), "{rest}");
}

#[test]
fn somebody_at_the_keyboard_need_not_wait() {
    let mut process = Process::start(&[("LOUDOU_DRAIN_DELAY_SECONDS", "600")]);
    process.signal("INT");
    assert!(process.end().0.success());
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut process = Process::start(&[("LOUDOU_DRAIN_DELAY_SECONDS", "600")]);
    process.signal("TERM");
    process.wait_for("not ready from now on");
    process.signal("TERM");
    let (status, log) = process.end();
    assert_eq!(status.code(), Some(1), "{log}");
}

#[test]
fn listening_to_other_machines_without_tls_is_warned_about() {
    let begin = |variables: &[(&str, &str)]| {
        let (mut command, folder) = command(variables);
        let mut child = command.arg("serve").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut read = String::new();
        while !read.contains("listening on http://") {
            assert_ne!(log.read_line(&mut read).unwrap(), 0, "it ended: {read}");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        drop(folder);
        read.contains("without TLS")
    };
    assert!(begin(&[("LOUDOU_LISTEN", "0.0.0.0:0")]));
    assert!(!begin(&[("LOUDOU_LISTEN", "0.0.0.0:0"), ("LOUDOU_BEHIND_TLS", "true")]));
    assert!(!begin(&[]));
}

#[test]
fn a_mistyped_variable_refuses_the_start() {
    let output = output(&["serve"], &[("LOUDOU_LISTN", "127.0.0.1:1")]);
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text, "`LOUDOU_LISTN` is not a setting; did you mean `LOUDOU_LISTEN`?\n");
}

#[test]
fn a_setting_that_cannot_be_names_itself() {
    for (name, value) in [
        ("LOUDOU_LISTEN", "here"),
        ("LOUDOU_CORS_ORIGINS", "*"),
        ("LOUDOU_TRUSTED_PROXIES", "10.0.0.0/99"),
        ("LOUDOU_REQUEST_DEADLINE_SECONDS", "0"),
        ("LOUDOU_LOG_FORMAT", "xml"),
        ("DATABASE_URL", "mysql://db"),
    ] {
        let output = output(&["serve"], &[(name, value)]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        let flag = name.trim_start_matches("LOUDOU_").to_lowercase().replace('_', "-");
        assert!(String::from_utf8(output.stderr).unwrap().contains(&flag), "{name}");
    }
}

#[test]
fn the_settings_print_without_a_password() {
    let url = "postgres://anna:geheim@db.example/loudou?password=geheim";
    let output = output(&["serve", "--print-settings", "--workers", "3"], &[("DATABASE_URL", url)]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && !text.contains("geheim"), "{text}");
    for line in [
        "DATABASE_URL=postgres://anna:***@db.example/loudou?password=*** # environment",
        "LOUDOU_WORKERS=3                                     # flag",
        "LOUDOU_BODY_LIMIT_KIB=1024                           # default",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[test]
fn the_printed_document_is_the_committed_one() {
    let output = output(&["openapi"], &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text == include_str!("../../openapi/openapi.json"), "run `cargo run -- openapi > openapi/openapi.json`");
}

/// What programs need of the demo: everybody who is in it can sign in, and the seller sees the deal.
#[test]
fn the_demo_tells_programs_who_is_in_it() {
    let (mut command, folder) = command(&[]);
    command.args(["demo", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let log = BufReader::new(child.stderr.take().unwrap());
    let mut process = Process { child, address: String::new(), log, _folder: folder };
    let mut read = String::new();
    while !read.contains("listening on http://") {
        read.clear();
        assert_ne!(process.log.read_line(&mut read).unwrap(), 0, "it ended");
    }
    let address = read.split("listening on http://").nth(1).unwrap().split(';').next().unwrap().to_owned();
    let company: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert!(company["url"].as_str().unwrap().starts_with("http://127.0.0.1:"), "{line}");
    let people = company["people"].as_array().unwrap();
    assert!(people.len() >= 6, "{line}");
    let mut roles = std::collections::BTreeSet::new();
    for person in people {
        let body = serde_json::json!({"login": person["login"], "password": company["password"]});
        let (_, tokens) = ask(&address, "", "POST", "/v1/auth/login", None, &body).unwrap();
        assert_eq!(tokens["user"], person["id"]);
        roles.extend(person["roles"].as_array().unwrap().iter().map(|role| role.as_str().unwrap().to_owned()));
        if person["login"] == "li" {
            let path = format!("/v1/deals/{}", company["deal"].as_str().unwrap());
            let token = tokens["access_token"].as_str().unwrap();
            let (_, seen) = ask(&address, token, "GET", &path, None, &Json::Null).unwrap();
            assert_eq!(seen["customer"], company["customer"]);
        }
    }
    assert_eq!(Vec::from_iter(roles), ["director", "manager", "people_admin", "rules_admin", "seller"]);
}

#[test]
fn whether_it_is_ready_can_be_asked_with_the_program_itself() {
    let mut process = Process::start(&[("LOUDOU_DRAIN_DELAY_SECONDS", "600")]);
    let address = process.address.clone();
    let asked = |variables: &[(&str, &str)]| output(&["health"], variables);
    let ready = asked(&[("LOUDOU_LISTEN", &address)]);
    let said = String::from_utf8(ready.stdout).unwrap();
    assert!(ready.status.success() && said.starts_with("200 "), "{said}");
    // A container listens everywhere, and is asked from within.
    let everywhere = format!("0.0.0.0:{}", address.rsplit(':').next().unwrap());
    assert!(asked(&[("LOUDOU_LISTEN", &everywhere)]).status.success());
    process.signal("TERM");
    process.wait_for("not ready from now on");
    let draining = asked(&[("LOUDOU_LISTEN", &address)]);
    assert_eq!(draining.status.code(), Some(1));
    assert!(String::from_utf8(draining.stdout).unwrap().starts_with("503 "));
    process.signal("TERM");
    process.end();
    assert_eq!(asked(&[("LOUDOU_LISTEN", &address)]).status.code(), Some(1));
}

#[test]
fn a_password_file_that_does_not_fit_refuses_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, "geheim\n").unwrap();
    let file = file.to_str().unwrap();
    let said = |url: &str, file: &str| {
        let output = output(&["serve"], &[("DATABASE_URL", url), ("LOUDOU_DATABASE_PASSWORD_FILE", file)]);
        assert!(!output.status.success());
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(!text.contains("geheim"), "{text}");
        text
    };
    assert!(said("sqlite:x.db", file).contains("SQLite takes no password"));
    assert!(said("postgres://anna:b@db/loudou", file).contains("leave one out"));
    assert!(said("postgres://anna@db/loudou", "/nowhere").contains("cannot read the password file /nowhere"));
}
