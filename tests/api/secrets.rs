//! What nobody may read in a log: passwords, tokens, keys, whatever the level of the log.

use crate::company::On;
use crate::postgres;
use loudou::workflow::secrets::Secrets;
use serde_json::{Value as Json, json};
use std::fs::File;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// The program, whose words go to files.
struct Process {
    child: Child,
    folder: tempfile::TempDir,
    address: String,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    fn start(url: &str, folder: tempfile::TempDir) -> Self {
        let out = |name: &str| File::create(folder.path().join(name)).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_loudou"))
            .arg("serve")
            .env_clear()
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("DATABASE_URL", url)
            .env("LOUDOU_SECRET_FILE", folder.path().join("secret"))
            .envs([("LOUDOU_LISTEN", "127.0.0.1:0"), ("LOUDOU_METRICS_LISTEN", "off"), ("LOUDOU_LOG", "trace")])
            .stdout(out("stdout"))
            .stderr(out("stderr"))
            .spawn()
            .unwrap();
        let mut process = Self { child, folder, address: String::new() };
        let deadline = Instant::now() + Duration::from_secs(60);
        while process.address.is_empty() {
            let log = process.said("stderr");
            assert!(Instant::now() < deadline && process.child.try_wait().unwrap().is_none(), "it ended: {log}");
            if let Some((_, rest)) = log.split_once("listening on http://") {
                process.address = rest.split(';').next().unwrap().to_owned();
            }
            std::thread::yield_now();
        }
        process
    }

    fn said(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    fn post(&self, path: &str, token: &str, body: &Json, status: u16) -> Json {
        let (seen, answer) = crate::instance::ask(&self.address, token, "POST", path, None, body).unwrap();
        assert_eq!(seen, status, "{path}: {answer}");
        answer
    }
}

fn nothing_secret_is_logged(on: On) {
    let folder = tempfile::tempdir().unwrap();
    let url = match on {
        On::Sqlite => format!("sqlite:{}/loudou.db", folder.path().display()),
        On::Postgres => match postgres::fresh_database() {
            // The server of these tests asks for no password; it is told one all the same.
            Some(url) => match url.split_once('@') {
                Some((user, rest)) if user.matches(':').count() == 1 => format!("{user}:canary-of-the-database@{rest}"),
                _ => url,
            },
            None => return,
        },
    };
    let key = Secrets::fresh_text();
    std::fs::write(folder.path().join("secret"), &key).unwrap();
    let process = Process::start(&url, folder);
    let token = process.said("stdout").lines().nth(1).unwrap().to_owned();
    let text = |body: &Json, name: &str| body[name].as_str().unwrap().to_owned();
    let mut secrets = vec![
        token.clone(),
        key.lines().find(|line| !line.starts_with('#')).unwrap().to_owned(),
        "canary-of-the-database".to_owned(),
        "canary-of-ada".to_owned(),
        "canary-that-is-wrong".to_owned(),
        "canary-of-li".to_owned(),
        "canary-that-is-new".to_owned(),
    ];
    let mut signed_in = |body: &Json| {
        secrets.extend([text(body, "access_token"), text(body, "refresh_token")]);
        text(body, "access_token")
    };
    let setup = json!({"token": token, "login": "ada", "name": "Ada", "password": "canary-of-ada"});
    let first = process.post("/v1/setup", "", &setup, 201);
    let ada = signed_in(&first);
    let login = |password: &str, status| {
        process.post("/v1/auth/login", "", &json!({"login": "ada", "password": password}), status)
    };
    login("canary-that-is-wrong", 401);
    signed_in(&login("canary-of-ada", 200));
    let again = json!({"refresh_token": text(&first, "refresh_token")});
    signed_in(&process.post("/v1/auth/refresh", "", &again, 200));
    let li = json!({"login": "li", "name": "Li", "roles": ["seller"], "password": "canary-of-li"});
    let li = process.post("/v1/users", &ada, &li, 201);
    let short = json!({"login": "wang", "name": "Wang", "roles": ["seller"], "password": "canary-of-li", "x": "canary-that-is-wrong"});
    process.post("/v1/users", &ada, &short, 422);
    let path = format!("/v1/users/{}/password", text(&li, "id"));
    process.post(&path, &ada, &json!({"password": "canary-that-is-new"}), 204);
    let change = json!({"present_password": "canary-of-ada", "new_password": "canary-that-is-new"});
    signed_in(&process.post("/v1/me/password", &ada, &change, 200));
    process.post("/v1/deals", "canary-that-is-wrong", &json!({}), 401);
    let log = process.said("stderr");
    assert!(log.contains("TRACE") && log.len() > 10_000, "{} bytes", log.len());
    for secret in &secrets {
        let line = log.lines().find(|line| line.contains(secret.as_str()));
        assert!(line.is_none(), "`{secret}` is in the log: {line:?}");
    }
    // Said once, to whoever started it, and nothing else is.
    let said = process.said("stdout");
    assert_eq!(secrets.iter().filter(|secret| said.contains(secret.as_str())).count(), 1, "{said}");
}

#[test]
fn nothing_secret_is_logged_at_any_level_on_sqlite() {
    nothing_secret_is_logged(On::Sqlite);
}

#[test]
fn nothing_secret_is_logged_at_any_level_on_postgres() {
    nothing_secret_is_logged(On::Postgres);
}
