//! What makes the document good for other people's generators, as rules that a program can check: no type without a
//! name, nothing vague, every bound written down. Bounds that hold at the door are tried in `bounds`; methods, media types
//! and framing in `door` and here.

use crate::client::Server;
use crate::live_document::{SEVERAL, of};
use crate::on_both;
use loudou::api::document::Document;
use loudou::api::operations::{all, documented};
use loudou::cli::house::DEFAULT_RULES;
use serde_json::{Map, Value as Json};
use std::io::{Read, Write};

fn document() -> Json {
    (*Document::of(&all()).json).clone()
}

/// The published document (`true`), and live ones of several rules and roles.
fn documents() -> Vec<(bool, Json)> {
    let live = [
        (DEFAULT_RULES, &["seller"][..], "zh"),
        (DEFAULT_RULES, &["manager"], "en"),
        (DEFAULT_RULES, &["rules_admin", "people_admin", "director"], "en"),
        (DEFAULT_RULES, &[], "en"),
        (SEVERAL, &["seller"], "en"),
        (SEVERAL, &["boss"], "zh"),
        (SEVERAL, &["admin", "boss"], "en"),
    ];
    let live = live.into_iter().map(|(rules, roles, language)| (false, of(rules, roles, language)));
    std::iter::once((true, document())).chain(live).collect()
}

/// Every object within the document, with its pointer.
fn each<'a>(value: &'a Json, pointer: &str, visit: &mut dyn FnMut(&str, &'a Map<String, Json>)) {
    match value {
        Json::Object(map) => {
            visit(pointer, map);
            map.iter().for_each(|(key, inner)| each(inner, &format!("{pointer}/{key}"), visit));
        }
        Json::Array(list) => {
            list.iter().enumerate().for_each(|(at, inner)| each(inner, &format!("{pointer}/{at}"), visit));
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

/// What breaks a rule.
fn faults(document: &Json, rule: impl Fn(&str, &Map<String, Json>) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    each(document, "", &mut |pointer, map| {
        if rule(pointer, map) {
            found.push(pointer.to_owned());
        }
    });
    found
}

fn is_type(schema: &Map<String, Json>, name: &str) -> bool {
    schema.get("type").is_some_and(|own| own == name || own.as_array().is_some_and(|all| all.contains(&name.into())))
}

fn branches(schema: &Map<String, Json>) -> Vec<&Json> {
    ["oneOf", "anyOf", "allOf"].iter().filter_map(|key| schema.get(*key)?.as_array()).flatten().collect()
}

#[test]
fn an_object_has_a_name_and_no_page_its_own_copy_of_what_is_in_it() {
    for (is_published, document) in documents() {
        let unnamed = faults(&document, |pointer, map| {
            let within = pointer.strip_prefix("/components/schemas/").is_some_and(|rest| rest.contains('/'));
            let is_schema_of_body = pointer.contains("/content/") && pointer.ends_with("/schema");
            (within || is_schema_of_body)
                && map.get("properties").is_some_and(|one| one.is_object())
                && map.contains_key("type")
        });
        assert_eq!(unnamed, Vec::<String>::new());
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let pages: Vec<&String> = schemas.keys().filter(|name| name.ends_with("Page")).collect();
        assert!(!is_published || pages.len() >= 5, "{pages:?}");
        for page in pages {
            assert!(schemas[page]["properties"]["data"]["items"]["$ref"].is_string(), "{page}");
        }
    }
}

#[test]
fn an_answer_leaves_nothing_out_that_may_be_null() {
    for (is_published, document) in documents() {
        let asked = faults(&document, |pointer, _| pointer.ends_with("/requestBody"));
        assert!(!asked.is_empty());
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let mut seen = 0;
        for (name, schema) in schemas.iter().filter(|(_, schema)| schema["additionalProperties"] != false) {
            for (property, described) in schema["properties"].as_object().into_iter().flatten() {
                let described = described.as_object().unwrap();
                let is_nullable =
                    is_type(described, "null") || branches(described).iter().any(|one| one["type"] == "null");
                let required = schema["required"].as_array().is_some_and(|all| all.contains(&property.as_str().into()));
                assert!(!is_nullable || required, "{name}.{property} is null or left out: which?");
                seen += usize::from(is_nullable);
            }
        }
        assert!(!is_published || seen > 30, "{seen}");
    }
}

/// A union says by which property it is told apart; each of its kinds is a type with a name; none of them is null in
/// disguise. What is "null or one" is exactly that.
#[test]
fn a_union_says_how_it_is_told_apart() {
    for (_, document) in documents() {
        let vague = faults(&document, |_, map| {
            let all = branches(map);
            // What is hidden is told by being nothing but that.
            let is_hidden = |one: &Json| one["$ref"] == "#/components/schemas/HiddenValue";
            let kinds: Vec<&&Json> = all.iter().filter(|one| one["type"] != "null" && !is_hidden(one)).collect();
            if kinds.len() < 2 {
                // "Null or one": the one is no union itself, or null would fit it twice.
                let target = kinds.first().and_then(|one| one["$ref"].as_str()).and_then(|one| one.strip_prefix('#'));
                let target = target.and_then(|target| document.pointer(target)).and_then(Json::as_object);
                return target.is_some_and(|target| !branches(target).is_empty());
            }
            let named = kinds.iter().all(|one| one["$ref"].is_string());
            let told = map.get("discriminator").is_some_and(|one| one["mapping"].is_object());
            !(named && told && map.get("type") == Some(&"object".into()))
        });
        assert_eq!(vague, Vec::<String>::new());
    }
}

#[test]
fn a_parameter_is_there_or_not_and_never_null() {
    for (is_published, document) in documents() {
        let nullable = faults(&document, |_, map| {
            let schema = map.get("in").and(map.get("schema")).and_then(Json::as_object);
            schema.is_some_and(|schema| is_type(schema, "null") || !branches(schema).is_empty())
        });
        assert_eq!(nullable, Vec::<String>::new());
        let parameters = faults(&document, |_, map| map.contains_key("in") && map.contains_key("schema"));
        assert!(!is_published || parameters.len() > 40, "{}", parameters.len());
        let undescribed = faults(&document, |_, map| {
            map.contains_key("in") && map.contains_key("schema") && !map.contains_key("description")
        });
        assert_eq!(undescribed, Vec::<String>::new());
    }
}

#[test]
fn examples_are_those_of_json_schema() {
    for (_, document) in documents() {
        let deprecated = faults(&document, |_, map| map.contains_key("example"));
        assert_eq!(deprecated, Vec::<String>::new());
    }
}

/// Past 2^53 - 1 JavaScript reads another number than was written.
#[test]
fn everything_has_a_bound() {
    const LARGEST: i64 = 9_007_199_254_740_991;
    for (_, document) in documents() {
        let unbounded = faults(&document, |_, map| {
            let bound = |name: &str| map.get(name).and_then(Json::as_i64);
            let is_schema = map.get("type").is_some_and(|one| one.is_string() || one.is_array());
            let integer = is_type(map, "integer")
                && !(bound("minimum").is_some_and(|least| least >= -LARGEST)
                    && bound("maximum").is_some_and(|most| most <= LARGEST));
            let text =
                is_type(map, "string") && !["maxLength", "enum", "const"].iter().any(|key| map.contains_key(*key));
            let list = is_type(map, "array") && !map.contains_key("maxItems");
            is_schema && (integer || text || list)
        });
        assert_eq!(unbounded, Vec::<String>::new());
        let open = faults(&document, |_, map| {
            // A union says it by its branches.
            let says = ["properties", "additionalProperties", "oneOf"].iter().any(|key| map.contains_key(*key));
            is_type(map, "object") && !says
        });
        assert_eq!(
            open,
            Vec::<String>::new(),
            "generators take an object that says nothing for one that is always empty"
        );
    }
}

/// Whatever can be read with its version says so, with the parameter that uses it.
#[test]
fn a_version_can_be_named_wherever_it_is_answered() {
    for (_, document) in documents() {
        for (method, path, operation) in documented(&document) {
            let line = format!("{method} {path}");
            let takes = |name: &str| {
                let parameters = operation["parameters"].as_array().into_iter().flatten();
                parameters.filter_map(|one| one["$ref"].as_str()).any(|one| one.ends_with(&format!("/{name}")))
            };
            assert_eq!(operation["responses"]["304"].is_object(), takes("IfNoneMatch"), "{line}");
            for (status, response) in operation["responses"].as_object().unwrap() {
                let has = |name: &str| response["headers"].get(name).is_some();
                assert_eq!(status == "201", has("Location"), "{line} {status}");
                let done = status.starts_with('2');
                assert_eq!(done && takes("IdempotencyKey"), has("Idempotency-Replayed"), "{line} {status}");
            }
        }
    }
}

on_both!(what_is_answered_to_a_write_is_what_is_read_later, |company| {
    company.person("li", &["seller"], Some("south"));
    let made: [(&str, Json); 2] = [
        ("/v1/customers", serde_json::json!({"fields": {"name": "华新门业"}})),
        ("/v1/deals", serde_json::json!({"customer": company.customer("li", "Other")})),
    ];
    let micros = regex::Regex::new(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z$").unwrap();
    for (path, body) in made {
        let written = company.post("li", path, &body);
        assert_eq!(written.status, 201, "{}", written.text);
        let read = company.get("li", &format!("{path}/{}", written.body["id"].as_str().unwrap()));
        let (mut written_body, mut read_body) = (written.body.clone(), read.body.clone());
        // Only the read asks what the rules would grade it now.
        for body in [&mut written_body, &mut read_body] {
            body.as_object_mut().unwrap().remove("grade_now");
        }
        assert_eq!(written_body, read_body);
        assert_eq!(written.header("etag"), read.header("etag"));
        assert!(micros.is_match(read.body["created_at"].as_str().unwrap()), "{}", read.text);
    }
});

on_both!(a_method_that_a_path_does_not_take_is_told_which_it_takes, |company| {
    let document = document();
    let token = company.token("ada");
    let variables = regex::Regex::new(r"\{[a-z]+\}").unwrap();
    let mut tried = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let concrete = variables.replace_all(path, "01890a5d-ac96-774b-bcce-b302099a8057").into_owned();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            if item.get(method.to_lowercase()).is_none() {
                let seen = company.server.call(method, &concrete).token(&token).refused(405, "method_not_allowed");
                let mut allowed: Vec<String> = seen.header("allow").split(", ").map(str::to_lowercase).collect();
                allowed.retain(|one| one != "head");
                let mut own: Vec<&String> = item.as_object().unwrap().keys().collect();
                allowed.sort();
                own.sort();
                assert_eq!(allowed.iter().collect::<Vec<_>>(), own, "{method} {path}");
                tried += 1;
            }
        }
    }
    assert!(tried > 100, "{tried}");
});

/// What the layer below answers has no body; the introduction says so.
#[test]
fn bad_framing_is_answered_without_a_body_as_the_introduction_says() {
    let introduction = document()["info"]["description"].as_str().unwrap().to_owned();
    assert!(introduction.contains("Only answers given below this server's own code"), "{introduction}");
    let server = Server::with(&[]);
    let mut stream = std::net::TcpStream::connect(server.address).unwrap();
    stream.write_all(b"GET /livez HTTP/1.1\r\nhost: a\r\nno colon here\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
}

/// What a description sends its reader to is in the document, or the server has it: `GET /v1/funnels`.
#[test]
fn every_operation_that_a_description_names_is_there() {
    let named = regex::Regex::new(r"\b(GET|POST|PATCH|PUT|DELETE) (/[A-Za-z0-9_{}/.]+)").unwrap();
    let pattern = |path: &str| {
        let parts = path.trim_end_matches('.').split('/');
        parts.map(|part| if part.starts_with('{') { "{}" } else { part }).collect::<Vec<_>>().join("/")
    };
    let whole = document();
    let known: Vec<String> =
        documented(&whole).map(|(method, path, _)| format!("{} {}", method.to_uppercase(), pattern(path))).collect();
    let mut seen = 0;
    each(&whole, "", &mut |pointer, map| {
        for text in ["description", "summary", "title"].iter().filter_map(|key| map.get(*key)?.as_str()) {
            for found in named.captures_iter(text) {
                let operation = format!("{} {}", &found[1], pattern(&found[2]));
                assert!(known.contains(&operation), "{pointer}: `{operation}` is not in the document");
                seen += 1;
            }
        }
    });
    assert!(seen >= 5, "{seen}");
    // The pages for people say the same; `/v1/rules/versions/3` stands for any number.
    let number = regex::Regex::new(r"/\d+(/|$)").unwrap();
    for page in ["docs/front-end.md", "docs/operations.md", "docs/rules-reference.md", "docs/cookbook.md"] {
        for found in named.captures_iter(&crate::markdown::read(page)) {
            let path = number.replace_all(&found[2], "/{number}$1").into_owned();
            let operation = format!("{} {}", &found[1], pattern(&path));
            assert!(known.contains(&operation), "{page}: `{operation}` is not in the document");
        }
    }
    // Which of them lists the company's words, the introduction says first.
    assert!(whole["info"]["description"].as_str().unwrap().contains("`GET /v1/funnels` lists them"));
}
