//! The pages under `docs/cookbook`: each is gone through as it stands, from the rules before to the way back, on both
//! databases; every answer is as the page says.

use crate::company::{Company, On, RUNTIME};
use crate::guides::{file, parsed, put};
use crate::markdown::{Block, blocks, read};
use loudou::jobs::rules_replays;
use loudou::values::Time;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// The company of the cookbook, as a whole file.
fn company_of_the_page() -> String {
    let all = blocks(&read("docs/cookbook.md"));
    let mut whole = all.iter().filter(|block| block.info == "yaml" && block.text.starts_with("format:"));
    whole.rfind(|block| block.note.is_empty()).unwrap().text.clone()
}

/// The whole file with a part put into it; a list that is replaced goes first.
fn with(part: &Block, whole: &str) -> String {
    let mut json = parsed(whole);
    for pointer in part.note.strip_prefix("replaces: ").into_iter().flat_map(|list| list.split(", ")) {
        *json.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = json!([]);
    }
    put(parsed(&part.text), &mut json, "");
    file(json.as_object().unwrap())
}

/// A call of a page and the answer to it.
#[derive(Debug)]
struct Call {
    line: usize,
    method: String,
    path: String,
    by: String,
    body: String,
    status: u16,
    answer: Json,
}

/// The calls of a block, with an empty line between two.
fn calls(block: &Block) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut line = block.line + 1;
    for text in block.text.split("\n\n") {
        let lines: Vec<&str> = text.trim_end().lines().collect();
        let (first, rest) = lines.split_first().unwrap();
        let (last, body) = rest.split_last().unwrap();
        let words: Vec<&str> = first.split(' ').collect();
        let (status, answer) = last.split_once(' ').unwrap();
        calls.push(Call {
            line,
            method: words[0].to_owned(),
            path: words[1].to_owned(),
            by: words.get(3).map_or("ada", |by| by).to_owned(),
            body: body.join("\n"),
            status: status.parse().unwrap(),
            answer: serde_json::from_str(answer).unwrap_or_else(|fault| panic!("{answer}: {fault}")),
        });
        line += lines.len() + 1;
    }
    calls
}

/// Names for ids, put in where they stand as `$name`: the longest first.
struct Names(BTreeMap<String, String>);

impl Names {
    fn put_into(&self, text: &str) -> String {
        let mut names: Vec<_> = self.0.iter().collect();
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        names.into_iter().fold(text.to_owned(), |text, (name, id)| text.replace(&format!("${name}"), id))
    }

    /// What differs; a name that is not known yet takes what stands there.
    fn compare(&mut self, said: &Json, seen: &Json, at: &str) -> Vec<String> {
        match (said, seen) {
            (Json::String(text), Json::String(there)) if text.starts_with('$') => {
                self.0.entry(text[1..].to_owned()).or_insert_with(|| there.clone());
                Vec::new()
            }
            (Json::Object(said), Json::Object(seen)) => {
                let blank = Json::Null;
                let each = said.iter().map(|(key, value)| (key, value, seen.get(key).unwrap_or(&blank)));
                each.flat_map(|(key, said, seen)| self.compare(said, seen, &format!("{at}/{key}"))).collect()
            }
            (Json::Array(said), Json::Array(seen)) if !said.is_empty() && said.len() <= seen.len() => {
                let each = said.iter().zip(seen).enumerate();
                each.flat_map(|(index, (said, seen))| self.compare(said, seen, &format!("{at}/{index}"))).collect()
            }
            (said, seen) if said == seen => Vec::new(),
            (said, seen) => vec![format!("{at}: {said} is said, {seen} is so")],
        }
    }
}

/// Li's three deals, and ids by the names that the pages use.
fn at_work(company: &mut Company) -> Names {
    company.person("li", &["seller"], Some("north"));
    company.person("chen", &["manager"], Some("north"));
    let mut names = BTreeMap::new();
    for (at, stage) in ["enquiry", "called", "offered"].into_iter().enumerate() {
        let customer = company.customer("li", &format!("Café {stage}"));
        let seen = company.post("li", "/v1/deals", &json!({"customer": customer}));
        let deal = seen.body["id"].as_str().unwrap_or_else(|| panic!("{}", seen.text)).to_owned();
        let path = format!("/v1/deals/{deal}");
        let done = |path: String, body: Json| {
            let seen = company.post("li", &path, &body);
            assert_eq!(seen.status, 201, "{}", seen.text);
        };
        if at > 0 {
            done(format!("{path}/activities"), json!({"kind": "call", "outcome": "reached"}));
            done(format!("{path}/moves"), json!({"to": "called"}));
        }
        if at > 1 {
            let fields =
                json!({"product": "large_machine", "fields": {"rent": {"amount_minor": 8000, "currency": "EUR"}}});
            let seen = company.patch("li", &path, &fields);
            assert_eq!(seen.status, 200, "{}", seen.text);
            done(format!("{path}/moves"), json!({"to": "offered"}));
        }
        names.insert("customer".to_owned(), customer);
        names.insert(stage.to_owned(), deal);
    }
    for login in ["li", "chen"] {
        names.insert(login.to_owned(), company.id(login));
    }
    let ahead = Time::from_micros(company.now().micros() + 30 * 86_400_000_000);
    names.insert("in_30_days".to_owned(), ahead.to_string());
    Names(names)
}

fn go_through(company: &mut Company, page: &str) {
    let all = blocks(&read(page));
    let one = |info: &str| all.iter().find(|block| block.info == info).unwrap_or_else(|| panic!("{page}: no `{info}`"));
    let before = company_of_the_page();
    // What is shown as it was before is so.
    assert_eq!(parsed(&with(one("yaml before"), &before)), parsed(&before), "{page}: the rules before");
    let after = with(one("yaml after"), &before);
    let mut names = at_work(company);
    let mut steps = 0;
    for call in all.iter().filter(|block| block.info == "http").flat_map(calls) {
        // Previews run beside the calls; the page waits for them.
        let now = company.now();
        RUNTIME.block_on(rules_replays::look(&company.workflow, &move || now));
        let path = names.put_into(&call.path);
        let sent = company.server.call(&call.method, &path).token(&company.token(&call.by));
        let sent = if call.method == "PATCH" { sent.header("if-match", "*") } else { sent };
        let seen = match call.body.as_str() {
            "" => sent.send(),
            "< after" => sent.text("application/yaml", &after).send(),
            "< before" => sent.text("application/yaml", &before).send(),
            body => sent.json(&serde_json::from_str(&names.put_into(body)).unwrap()).send(),
        };
        let place = format!("{page}:{}: {} {path}", call.line, call.method);
        assert_eq!(seen.status, call.status, "{place}: {}", seen.text);
        let said: Json = serde_json::from_str(&names.put_into(&call.answer.to_string())).unwrap();
        let differs = names.compare(&said, &seen.body, "");
        assert!(differs.is_empty(), "{place}: {differs:#?}\n{}", seen.text);
        steps += 1;
    }
    assert!(steps >= 3, "{page}: {steps} calls");
    assert_eq!(company.holdings_amiss(), 0, "{page}");
}

macro_rules! pages {
    ($($name:ident: $page:literal;)*) => {
        const PAGES: &[&str] = &[$($page),*];

        $(mod $name {
            use super::*;

            fn run(on: On) {
                if let Some(mut company) = Company::with_rules(on, &company_of_the_page()) {
                    go_through(&mut company, concat!("docs/cookbook/", $page, ".md"));
                }
            }

            #[test]
            fn on_sqlite() {
                run(On::Sqlite);
            }

            #[test]
            fn on_postgres() {
                run(On::Postgres);
            }
        })*
    };
}

pages! {
    a_stage_is_added: "add-a-stage";
    a_stage_is_added_before_the_first: "add-a-first-stage";
    a_stage_is_split: "split-a-stage";
    stages_are_merged: "merge-stages";
    a_stage_is_renamed: "rename-a-stage";
    a_dwell_is_changed: "change-a-dwell";
    there_is_a_new_role: "new-role";
    there_is_a_new_product_line: "new-product-line";
    a_criterion_is_stricter: "stricter-criterion";
    there_is_a_second_funnel: "second-funnel";
}

/// Every page is listed and run, and none is listed that is not there.
#[test]
fn every_page_of_the_folder_is_listed_and_run() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cookbook");
    let mut found: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .filter(|name| name != "README")
        .collect();
    found.sort();
    let mut run: Vec<String> = PAGES.iter().map(|page| (*page).to_owned()).collect();
    run.sort();
    assert_eq!(found, run);
    let list = read("docs/cookbook/README.md");
    for page in PAGES {
        assert!(list.contains(&format!("]({page}.md)")), "{page} is not in the list");
    }
}
