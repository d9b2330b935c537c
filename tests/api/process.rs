//! The program as it is started and stopped.

use std::io::{BufRead, BufReader, Read};
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
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        agent.get(format!("http://{}{path}", self.address)).call().unwrap().status().as_u16()
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

#[test]
fn a_request_under_way_is_finished_before_the_end() {
    use std::io::Write;
    let mut process = Process::start(&[("LOUDOU_DRAIN_DELAY_SECONDS", "0")]);
    let mut connection = std::net::TcpStream::connect(&process.address).unwrap();
    let body = r#"{"login": "nobody", "password": "nobody's own"}"#;
    let head = "POST /v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nexpect: 100-continue";
    write!(connection, "{head}\r\ncontent-length: {}\r\n\r\n", body.len()).unwrap();
    // `100 Continue` says that the request is being worked on.
    let mut answer = BufReader::new(connection.try_clone().unwrap());
    let mut line = String::new();
    answer.read_line(&mut line).unwrap();
    assert!(line.starts_with("HTTP/1.1 100"), "{line}");
    process.signal("TERM");
    process.wait_for("letting what is under way finish");
    connection.write_all(body.as_bytes()).unwrap();
    let mut rest = String::new();
    answer.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("HTTP/1.1 401"), "{rest}");
    assert!(process.end().0.success());
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
        let login = ureq::post(format!("http://{address}/v1/auth/login")).header("content-type", "application/json");
        let tokens = login.send(body.to_string()).unwrap().into_body().read_to_string().unwrap();
        let tokens: serde_json::Value = serde_json::from_str(&tokens).unwrap();
        assert_eq!(tokens["user"], person["id"]);
        roles.extend(person["roles"].as_array().unwrap().iter().map(|role| role.as_str().unwrap().to_owned()));
        if person["login"] == "li" {
            let deal = format!("http://{address}/v1/deals/{}", company["deal"].as_str().unwrap());
            let token = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
            let seen = ureq::get(deal).header("authorization", token).call().unwrap();
            let seen: serde_json::Value = serde_json::from_str(&seen.into_body().read_to_string().unwrap()).unwrap();
            assert_eq!(seen["customer"], company["customer"]);
        }
    }
    assert_eq!(Vec::from_iter(roles), ["director", "manager", "people_admin", "rules_admin", "seller"]);
}
