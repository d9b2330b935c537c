//! The README: its tour is pasted into a shell against a demo on each database, and what it prints is what the README says.

use crate::company::On;
use crate::instance;
use crate::markdown::{Block, blocks, headings, read};
use crate::postgres;
use serde_json::{Value as Json, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

/// The first and the last heading of the tour.
const TOUR: [&str; 3] = ["Five minutes", "The whole walk", "Your own rules"];

/// `loudou demo` as somebody starts it who has read the README.
struct Demo {
    child: Child,
    printed: String,
    folder: tempfile::TempDir,
}

impl Demo {
    fn start(on: On) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_loudou"));
        command.env_clear().current_dir(env!("CARGO_MANIFEST_DIR")).env("TMPDIR", folder.path());
        command.args(["demo", "--listen", &free_address(), "--metrics-listen", "off"]);
        if on == On::Postgres {
            let secret = folder.path().join("loudou.secret");
            std::fs::write(&secret, "5a".repeat(32)).unwrap();
            command.env("DATABASE_URL", postgres::fresh_database()?).env("LOUDOU_SECRET_FILE", secret);
        }
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        while !said.contains("listening on http://") {
            assert_ne!(log.read_line(&mut said).unwrap(), 0, "it ended: {said}");
        }
        // Somebody has to read what else it says, or it would stop when the pipe is full.
        std::thread::spawn(move || log.lines().for_each(drop));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut printed = String::new();
        while !printed.ends_with("and the same move is allowed\n") {
            printed += &lines.next().expect("it printed less than it should").unwrap();
            printed.push('\n');
        }
        printed += &lines.next().unwrap().unwrap();
        Some(Self { child, printed, folder })
    }

    /// The lines to paste: where it is and what is in it.
    fn values(&self) -> String {
        let lines = self.printed.lines().filter(|line| line.starts_with("URL=") || line.starts_with("DEAL="));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The calls that it prints.
    fn calls(&self) -> &str {
        &self.printed[self.printed.find("sign_in()").unwrap()..]
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that was free a moment ago: what the demo prints names it before it listens.
fn free_address() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// Runs a script as somebody pastes it; what it wrote to standard output. `cargo run -- ...` runs this very program.
fn run(script: &str) -> String {
    let program = env!("CARGO_BIN_EXE_loudou");
    let cargo = format!("cargo() {{ while [ \"$1\" != -- ]; do shift; done; shift; '{program}' \"$@\"; }}\n");
    let mut command = Command::new("bash");
    command.args(["-c", &format!("{cargo}{script}")]).current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = command.output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Answers as `call` writes them: the body, and its status in the line below.
fn answers(printed: &str) -> Vec<(u16, Json)> {
    let lines: Vec<&str> = printed.lines().collect();
    lines.chunks(2).map(|pair| (pair[1].parse().unwrap(), serde_json::from_str(pair[0]).unwrap())).collect()
}

/// Answers as the README shows them: `// status`, and the body in the lines below.
fn shown(block: &Block) -> Vec<(u16, Json)> {
    let parts = block.text.split("// ").filter(|part| !part.trim().is_empty());
    let parse = |part: &str| {
        let (status, body) = part.split_once('\n').unwrap();
        let body = serde_json::from_str(body).unwrap_or_else(|fault| panic!("line {}: {fault}", block.line));
        (status.parse().unwrap(), body)
    };
    parts.map(parse).collect()
}

/// What is another each time: ids, instants and days.
static VOLATILE: LazyLock<[regex::Regex; 3]> = LazyLock::new(|| {
    let forms = [
        r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
        r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$",
        r"^\d{4}-\d\d-\d\d$",
    ];
    forms.map(|form| regex::Regex::new(form).unwrap())
});

/// Whether both are of one of those kinds.
fn alike(one: &str, other: &str) -> bool {
    VOLATILE.iter().any(|form| form.is_match(one) && form.is_match(other))
}

/// Where what was answered differs from what is shown; with `"…"` in an object only what is shown is compared.
fn differences(path: &str, shown: &Json, answered: &Json, found: &mut Vec<String>) {
    match (shown, answered) {
        (Json::Object(some), Json::Object(all)) => {
            let left_out = some.contains_key("…");
            for (key, value) in some.iter().filter(|(key, _)| *key != "…") {
                differences(&format!("{path}/{key}"), value, all.get(key).unwrap_or(&Json::String("-".into())), found);
            }
            let further = all.keys().filter(|key| !some.contains_key(*key) && !left_out);
            found.extend(further.map(|key| format!("{path}/{key} is not shown")));
        }
        (Json::Array(some), Json::Array(all)) if some.len() == all.len() => {
            for (at, (one, other)) in some.iter().zip(all).enumerate() {
                differences(&format!("{path}/{at}"), one, other, found);
            }
        }
        _ if shown == answered => {}
        (Json::String(_), Json::String(_)) if path.ends_with("/next_cursor") => {}
        (Json::String(one), Json::String(other)) if alike(one, other) => {}
        _ => found.push(format!("{path}: shown {shown}, answered {answered}")),
    }
}

fn tour(on: On) {
    let Some(demo) = Demo::start(on) else { return };
    let all: Vec<Block> =
        blocks(&read("README.md")).into_iter().filter(|block| TOUR.contains(&block.heading.as_str())).collect();
    let scripts: Vec<&Block> = all.iter().filter(|block| block.info == "sh").collect();
    let script: String = scripts.iter().map(|block| format!("{}\necho '=== block'\n", block.text)).collect();
    let printed = run(&format!("{}\n{script}", demo.values()));
    let printed: Vec<&str> = printed.split("=== block\n").collect();
    let mut compared = 0;
    for (script, printed) in scripts.iter().zip(&printed) {
        let next = all.iter().find(|block| block.line > script.line).filter(|block| block.info != "sh");
        match next {
            Some(block) if block.info == "jsonc" => {
                let (shown, answered) = (shown(block), answers(printed));
                assert_eq!(shown.len(), answered.len(), "README.md:{}: {printed}", block.line);
                for (shown, answered) in shown.iter().zip(&answered) {
                    assert_eq!(shown.0, answered.0, "README.md:{}: {}", block.line, answered.1);
                    let mut found = Vec::new();
                    differences("", &shown.1, &answered.1, &mut found);
                    assert!(found.is_empty(), "README.md:{}:\n{}", block.line, found.join("\n"));
                    compared += 1;
                }
            }
            Some(block) => assert_eq!(block.text, *printed, "README.md:{}", block.line),
            None => assert_eq!(*printed, "", "README.md:{} prints something that is not shown", script.line),
        }
    }
    assert!(compared > 20, "{compared}");
}

#[test]
fn the_tour_goes_as_it_says_on_sqlite() {
    tour(On::Sqlite);
}

#[test]
fn the_tour_goes_as_it_says_on_postgres() {
    tour(On::Postgres);
}

/// What the demo prints is the beginning of the tour, and goes from a refused move to a successful one.
#[test]
fn the_calls_of_the_demo_go_as_they_stand() {
    let demo = Demo::start(On::Sqlite).unwrap();
    let readme = read("README.md");
    for line in demo.calls().lines().filter(|line| !line.starts_with('#')) {
        assert!(readme.contains(line), "the README does not have {line}");
    }
    let statuses: Vec<u16> =
        answers(&run(&format!("{}\n{}", demo.values(), demo.calls()))).into_iter().map(|(status, _)| status).collect();
    assert_eq!(statuses, [200, 422, 200, 200, 201, 201]);
}

/// A draft can be tried in the demo too; and what was made for it goes with it.
#[test]
fn what_goes_on_beside_the_calls_goes_on_in_the_demo_and_nothing_of_it_stays() {
    let mut demo = Demo::start(On::Sqlite).unwrap();
    let values = demo.values();
    let value = |name: &str| values.split_whitespace().find_map(|word| word.strip_prefix(name)).unwrap().to_owned();
    let address = value("URL=http://");
    let ask = |token: &str, method: &str, path: &str, body: Json| {
        let (status, answer) = instance::ask(&address, token, method, path, None, &body).unwrap();
        assert!((200..300).contains(&status), "{method} {path}: {answer}");
        answer
    };
    let ada = ask("", "POST", "/v1/auth/login", json!({"login": "ada", "password": value("PASSWORD=")}));
    let token = ada["access_token"].as_str().unwrap();
    let preview = ask(token, "POST", "/v1/rules/previews", json!({"version": 1}));
    let path = format!("/v1/rules/previews/{}", preview["id"].as_str().unwrap());
    instance::until("a preview in the demo", 30, || ask(token, "GET", &path, json!({}))["state"] == "done");
    let folder = demo.folder.path().to_owned();
    let made = || std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(made(), 1);
    assert!(Command::new("kill").args(["-TERM", &demo.child.id().to_string()]).status().unwrap().success());
    assert!(demo.child.wait().unwrap().success());
    assert_eq!(made(), 0);
}

#[test]
fn both_languages_have_the_same_sections_and_the_same_calls() {
    let (english, chinese) = (read("README.md"), read("README.zh-CN.md"));
    assert_eq!(headings(&chinese), headings(&english), "headings");
    let texts = |text: &str| blocks(text).into_iter().map(|block| (block.info, block.text)).collect::<Vec<_>>();
    for (other, one) in texts(&chinese).into_iter().zip(texts(&english)) {
        assert_eq!(other, one);
    }
    assert_eq!(texts(&chinese).len(), texts(&english).len());
    let rows = |text: &str| text.lines().filter(|line| line.starts_with('|')).count();
    assert_eq!(rows(&chinese), rows(&english), "rows of tables");
}

/// What a heading is called in a link to it.
fn anchors(text: &str) -> Vec<String> {
    let mut fenced = false;
    let headings = text.lines().filter(|line| {
        fenced ^= line.starts_with("```");
        !fenced && line.starts_with('#')
    });
    let kept = |letter: &char| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_');
    let name = |line: &str| line.trim_start_matches('#').trim().to_lowercase().chars().filter(kept).collect::<String>();
    headings.map(|line| name(line).replace(' ', "-")).collect()
}

/// A page that is linked to is there, and so is the heading in it.
#[test]
fn links_lead_somewhere() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let within = |folder: &str| std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let pages = ["README.md", "README.zh-CN.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|name| root.join(name));
    let link = regex::Regex::new(r"\]\(([^)#:]*)(?:#([^)]*))?\)").unwrap();
    let (mut linked, mut anchored) = (0, 0);
    for page in within("docs").chain(within("docs/cookbook")).chain(pages) {
        if page.extension().is_none_or(|end| end != "md") {
            continue;
        }
        let text = std::fs::read_to_string(&page).unwrap();
        for found in link.captures_iter(&text) {
            let target = if found[1].is_empty() { page.clone() } else { page.parent().unwrap().join(&found[1]) };
            assert!(target.exists(), "{}: {}", page.display(), &found[0]);
            linked += 1;
            if let Some(anchor) = found.get(2) {
                let there = anchors(&std::fs::read_to_string(&target).unwrap());
                assert!(there.iter().any(|one| one == anchor.as_str()), "{}: {}", page.display(), &found[0]);
                anchored += 1;
            }
        }
    }
    assert!(linked > 40 && anchored > 5, "{linked}, {anchored}");
}
