//! A client that trusts nothing: every response must be one that the OpenAPI document declares (operation, status, media
//! type, headers, body), must carry what all replies carry, and must not tell what the server is made of.

#![allow(dead_code, reason = "each test uses its part")]

use actix_web::web;
use clap::{Args, FromArgMatches};
use jsonschema::Validator;
use loudou::api::access::Nobody;
use loudou::api::document::Document;
use loudou::api::health::Readiness;
use loudou::api::operations::{all, documented};
use loudou::api::{App, Parts, server};
use loudou::cli::house;
use loudou::settings::Settings;
use loudou::values::Language;
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex};
use std::thread::JoinHandle;

/// A server of this process, until it is dropped.
pub struct Server {
    pub address: SocketAddr,
    pub app: web::Data<App>,
    contract: Arc<Contract>,
    /// What else the answers to these tokens are held against: the live documents of whom they stand for.
    live: Mutex<HashMap<String, Arc<Contract>>>,
    agent: ureq::Agent,
    handle: actix_web::dev::ServerHandle,
    thread: Option<JoinHandle<()>>,
}

/// The settings that a server of tests has, changed by these flags.
pub fn settings(flags: &[&str]) -> Settings {
    let command = Settings::augment_args(clap::Command::new("test")).no_binary_name(true);
    let usual = ["--listen", "127.0.0.1:0", "--metrics-listen", "off", "--workers", "1"];
    // Later flags win: a test may say otherwise.
    let command = command.args_override_self(true);
    let matches = command.get_matches_from(usual.iter().chain(flags));
    Settings::from_arg_matches(&matches).unwrap()
}

/// What a door needs that has no house behind it.
pub fn parts(settings: Settings) -> Parts {
    Parts {
        settings: settings.http,
        clock: Arc::new(house::clock),
        fallback_language: Arc::new(|| Language::new("en")),
        readiness: Readiness::new(Box::new(|| Box::pin(std::future::ready(Ok(()))))),
        authenticator: Arc::new(Nobody),
        workflow: None,
    }
}

impl Server {
    /// A door without a house, with these flags.
    pub fn with(flags: &[&str]) -> Self {
        Self::of(parts(settings(flags)))
    }

    /// The server of these parts.
    pub fn of(parts: Parts) -> Self {
        Self::serving(App::new(parts).unwrap())
    }

    /// The server of this application.
    pub fn serving(app: App) -> Self {
        let app = web::Data::new(app);
        let (tell, told) = std::sync::mpsc::channel();
        let served = app.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let (server, addresses) = server::listen(served).unwrap();
                tell.send((addresses[0], server.handle())).unwrap();
                server.await.unwrap();
            });
        });
        let (address, handle) = told.recv().unwrap();
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .allow_non_standard_methods(true)
            .build()
            .into();
        let contract = Contract::of_server(&app.document);
        Self { address, app, contract, live: Mutex::default(), agent, handle, thread: Some(thread) }
    }

    /// From now on what is answered to this token must be what its live document says, too.
    pub fn hold_to_live_document(&self, token: &str) {
        let seen = self.get("/v1/rules/openapi.json").token(token).expect(200);
        let contract = Arc::new(Contract::of(Arc::new(seen.body)));
        self.live.lock().unwrap().insert(format!("Bearer {token}"), contract);
    }

    pub fn get(&self, path: &str) -> Call<'_> {
        self.call("GET", path)
    }

    pub fn post(&self, path: &str, body: &Json) -> Call<'_> {
        self.call("POST", path).json(body)
    }

    pub fn patch(&self, path: &str, body: &Json) -> Call<'_> {
        self.call("PATCH", path).json(body)
    }

    pub fn put(&self, path: &str, body: &Json) -> Call<'_> {
        self.call("PUT", path).json(body)
    }

    pub fn delete(&self, path: &str) -> Call<'_> {
        self.call("DELETE", path)
    }

    /// Any call.
    pub fn call(&self, method: &str, path: &str) -> Call<'_> {
        Call { server: self, method: method.into(), path: path.into(), headers: Vec::new(), body: None }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Told to stop; the thread ends by itself.
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !std::thread::panicking()
        {
            panic!("the server's thread panicked");
        }
    }
}

/// A request being made.
pub struct Call<'a> {
    server: &'a Server,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Call<'_> {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// As whoever has this token.
    pub fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn json(self, body: &Json) -> Self {
        let media = if self.method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
        self.text(media, &body.to_string())
    }

    pub fn text(mut self, media: &str, body: &str) -> Self {
        self.body = Some(body.into());
        self.header("content-type", media)
    }

    /// The answer, held against the document.
    #[track_caller]
    pub fn send(self) -> Seen {
        let url = format!("http://{}{}", self.server.address, self.path);
        let mut request = ureq::http::Request::builder().method(self.method.as_str()).uri(url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let sent = match self.body {
            Some(body) => self.server.agent.run(request.body(body).unwrap()),
            None => self.server.agent.run(request.body(()).unwrap()),
        };
        let mut response = sent.unwrap();
        let headers = listed(response.headers());
        let status = response.status().as_u16();
        let text = response.body_mut().with_config().limit(50_000_000).read_to_vec().unwrap();
        let text = String::from_utf8_lossy(&text).into_owned();
        let seen = Seen { status, headers, body: serde_json::from_str(&text).unwrap_or_default(), text };
        self.server.contract.hold(&self.method, &self.path, &seen);
        let token = self.headers.iter().find(|(name, _)| name == "authorization").map(|(_, value)| value.as_str());
        let live = token.and_then(|token| self.server.live.lock().unwrap().get(token).cloned());
        if let Some(live) = live {
            live.hold_by_role(&self.method, &self.path, &seen);
        }
        seen
    }

    /// The answer, which must have this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Seen {
        let line = format!("{} {}", self.method, self.path);
        let seen = self.send();
        assert_eq!(seen.status, status, "{line}: {}", seen.text);
        seen
    }

    /// The problem, which must be this one.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Seen {
        let line = format!("{} {}", self.method, self.path);
        let seen = self.send();
        assert_eq!((seen.status, seen.code()), (status, code), "{line}: {}", seen.text);
        seen
    }
}

/// What came back.
#[derive(Debug)]
pub struct Seen {
    pub status: u16,
    /// Names in small letters.
    pub headers: Vec<(String, String)>,
    /// Null where it is not JSON.
    pub body: Json,
    pub text: String,
}

impl Seen {
    /// A header; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(one, _)| one == name).map_or("", |(_, value)| value)
    }

    /// The code of a problem; empty if it is none.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// Each fault as `pointer code`.
    pub fn faults(&self) -> Vec<String> {
        let errors = self.body["errors"].as_array().into_iter().flatten();
        errors.map(|one| format!("{} {}", one["pointer"].as_str().unwrap(), one["code"].as_str().unwrap())).collect()
    }

    /// The ids of the unmet criteria.
    pub fn unmet(&self) -> Vec<&str> {
        self.body["unmet"].as_array().into_iter().flatten().map(|one| one["id"].as_str().unwrap()).collect()
    }
}

/// The document, as what every response is held against.
struct Contract {
    document: Arc<Json>,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

/// Headers of how an answer travels, is kept and is shown, which no document lists.
const CARRYING: [&str; 13] = [
    "cache-control",
    "connection",
    "content-length",
    "content-security-policy",
    "content-type",
    "date",
    "referrer-policy",
    "strict-transport-security",
    "transfer-encoding",
    "vary",
    "x-content-type-options",
    "x-frame-options",
    "x-robots-tag",
];

/// What a response never tells: SQL, paths, what the server is made of.
static SECRETS: LazyLock<regex::Regex> = LazyLock::new(|| {
    let words = r"(?i)\bselect\b.+\bfrom\b|\binsert into\b|diesel|actix|tokio|rustls|serde|panicked|sqlite|postgres|\.rs\b|/root/|/home/|/tmp/";
    regex::Regex::new(words).unwrap()
});

/// Holds what any process of the program answered against the document that is published.
#[track_caller]
pub fn hold(method: &str, path: &str, headers: &ureq::http::HeaderMap, status: u16, text: &str) -> Seen {
    let body = serde_json::from_str(text).unwrap_or_default();
    let seen = Seen { status, headers: listed(headers), body, text: text.to_owned() };
    PUBLISHED.hold(method, path, &seen);
    seen
}

fn listed(headers: &ureq::http::HeaderMap) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect()
}

/// Of the document that is published: nearly every server's, so that a validator is made once for all tests.
static PUBLISHED: LazyLock<Arc<Contract>> = LazyLock::new(|| Arc::new(Contract::of(Document::of(&all()).json)));

impl Contract {
    fn of_server(document: &Document) -> Arc<Self> {
        if document.json == PUBLISHED.document {
            return Arc::clone(&PUBLISHED);
        }
        Arc::new(Self::of(Arc::clone(&document.json)))
    }

    fn of(document: Arc<Json>) -> Self {
        Self { document, validators: Mutex::default() }
    }

    #[track_caller]
    fn hold(&self, method: &str, path: &str, seen: &Seen) {
        let line = format!("{method} {path} answered {}", seen.status);
        assert!(!seen.header("x-request-id").is_empty(), "{line}: no x-request-id");
        assert_eq!(seen.header("x-content-type-options"), "nosniff", "{line}");
        let media = seen.header("content-type").split(';').next().unwrap_or_default().to_owned();
        if seen.status >= 400 && method != "HEAD" {
            self.hold_problem(&line, &media, seen);
        }
        let path = path.split('?').next().unwrap_or_default();
        match self.operation(method, path) {
            Some(operation) => self.hold_operation(&line, operation, &media, seen),
            None => {
                let known = [301, 304, 308, 400, 404, 405, 414, 429, 431, 503].contains(&seen.status);
                let is_docs = path.starts_with("/docs");
                let is_preflight = method == "OPTIONS";
                assert!(known || is_docs || is_preflight, "{line}, and is not in the document");
            }
        }
    }

    /// Of a live document: what it leaves out is never done.
    #[track_caller]
    fn hold_by_role(&self, method: &str, path: &str, seen: &Seen) {
        let line = format!("{method} {path} answered {} to whoever reads a document of his own", seen.status);
        match self.operation(method, path.split('?').next().unwrap_or_default()) {
            Some(operation) => {
                let media = seen.header("content-type").split(';').next().unwrap_or_default().to_owned();
                self.hold_operation(&line, operation, &media, seen);
            }
            None => assert!(!(200..400).contains(&seen.status), "{line}, and is not in it: {}", seen.text),
        }
    }

    #[track_caller]
    fn hold_problem(&self, line: &str, media: &str, seen: &Seen) {
        assert_eq!(media, "application/problem+json", "{line}: {}", seen.text);
        assert!(!seen.header("content-language").is_empty(), "{line}: no content-language");
        self.validate(line, "problem", &json!({"$ref": "#/components/schemas/Problem"}), &seen.body);
        assert_eq!(seen.body["status"], seen.status, "{line}");
        assert_eq!(seen.body["instance"], seen.header("x-request-id"), "{line}");
        assert_eq!(seen.body["type"], format!("/problems/{}", seen.code()), "{line}");
        let known = loudou::api::problem::Code::named(seen.code());
        assert!(known.is_some_and(|code| code.status() == seen.status), "{line}: `{}` is not in the list", seen.code());
        assert!(!SECRETS.is_match(&seen.text), "{line} and tells too much: {}", seen.text);
    }

    #[track_caller]
    fn hold_operation(&self, line: &str, operation: &Json, media: &str, seen: &Seen) {
        let declared = self.resolve(&operation["responses"][seen.status.to_string()]);
        assert!(declared.is_object(), "{line}, which the document does not declare: {}", seen.text);
        self.hold_headers(line, declared, seen);
        let content = declared["content"].as_object().filter(|content| !content.is_empty());
        let Some(content) = content else {
            assert!(seen.text.is_empty(), "{line} with a body that is not declared: {}", seen.text);
            return;
        };
        if line.starts_with("HEAD ") {
            return;
        }
        let described = content.get(media);
        let described =
            described.unwrap_or_else(|| panic!("{line} as `{media}`, which is not declared: {}", seen.text));
        if media.ends_with("json") {
            let name = format!("{} {} {media}", operation["operationId"], seen.status);
            self.validate(line, &name, &described["schema"], &seen.body);
        } else {
            let name = format!("{} {} {media}", operation["operationId"], seen.status);
            self.validate(line, &name, &described["schema"], &json!(seen.text));
        }
    }

    /// Every header that says something of the answer is declared and as declared; those that always come are there.
    #[track_caller]
    fn hold_headers(&self, line: &str, declared: &Json, seen: &Seen) {
        let headers = declared["headers"].as_object().unwrap_or_else(|| panic!("{line}: no headers are declared"));
        for (name, described) in headers {
            let described = self.resolve(described);
            let value = seen.header(&name.to_lowercase());
            let waits = name == "Retry-After" && [429, 503].contains(&seen.status);
            assert!(!value.is_empty() || !waits && described["required"] != true, "{line} without `{name}`");
            if !value.is_empty() {
                let is_number = described["schema"]["type"] == "integer";
                let value = if is_number { serde_json::from_str(value).unwrap_or_default() } else { json!(value) };
                self.validate(line, &format!("header {name}"), &described["schema"], &value);
            }
        }
        for (name, value) in &seen.headers {
            let carries = CARRYING.contains(&name.as_str()) || name.starts_with("access-control-");
            let known = headers.keys().any(|own| own.eq_ignore_ascii_case(name));
            assert!(carries || known, "{line} with `{name}: {value}`, which is not declared");
        }
    }

    /// The operation that a request of this path is for.
    fn operation(&self, method: &str, path: &str) -> Option<&Json> {
        let method = if method == "HEAD" { "get".to_owned() } else { method.to_ascii_lowercase() };
        let matches = |template: &str| {
            let (mut asked, mut own) = (path.split('/'), template.split('/'));
            loop {
                match (asked.next(), own.next()) {
                    (None, None) => break true,
                    (Some(asked), Some(own)) if own.starts_with('{') && !asked.is_empty() || asked == own => {}
                    _ => break false,
                }
            }
        };
        let fitting = documented(&self.document).filter(|(own, template, _)| *own == method && matches(template));
        fitting.min_by_key(|(_, template, _)| template.matches('{').count()).map(|(_, _, operation)| operation)
    }

    fn resolve<'a>(&'a self, value: &'a Json) -> &'a Json {
        let target = value["$ref"].as_str().and_then(|target| target.strip_prefix('#'));
        target.map_or(value, |target| self.document.pointer(target).unwrap())
    }

    #[track_caller]
    fn validate(&self, line: &str, name: &str, schema: &Json, body: &Json) {
        let mut validators = self.validators.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let validator = Arc::clone(validators.entry(name.to_owned()).or_insert_with(|| {
            let whole = json!({"allOf": [schema], "components": self.document["components"]});
            Arc::new(jsonschema::options().should_validate_formats(true).build(&whole).unwrap())
        }));
        drop(validators);
        let faults: Vec<String> =
            validator.iter_errors(body).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
        assert!(faults.is_empty(), "{line} and breaks the document:\n{}\n{body:#}", faults.join("\n"));
    }
}
