//! The document and its page in a browser.

use crate::client::Server;

#[test]
fn the_document_is_the_committed_one_and_is_sent_once() {
    let server = Server::with(&[]);
    let seen = server.get("/openapi.json").expect(200);
    let committed: serde_json::Value = serde_json::from_str(include_str!("../../openapi/openapi.json")).unwrap();
    assert_eq!(seen.body, committed);
    assert_eq!(seen.body["openapi"], "3.1.0");
    let again = server.get("/openapi.json").header("if-none-match", seen.header("etag")).expect(304);
    assert_eq!(again.header("etag"), seen.header("etag"));
    server.get("/openapi.json").header("if-none-match", "\"other\"").expect(200);
    let longest = format!("\"{}\"", "x".repeat(998));
    server.get("/openapi.json").header("if-none-match", &longest).expect(200);
    let longer = server.get("/openapi.json").header("if-none-match", &format!("{longest}x")).send();
    assert_eq!((longer.status, longer.faults()), (400, vec!["/If-None-Match if_none_match_too_long".to_owned()]));
}

/// Everything that the page refers to comes from this server, and the browser is told to load from nowhere else.
#[test]
fn the_documentation_loads_nothing_from_outside() {
    let server = Server::with(&[]);
    let page = server.get("/docs/").expect(200);
    let reference = regex::Regex::new(r#"(?:src|href)="([^"]+)""#).unwrap();
    let files: Vec<String> = reference.captures_iter(&page.text).map(|found| found[1].to_owned()).collect();
    assert!(files.len() >= 5, "{files:?}");
    let policy = page.header("content-security-policy");
    for part in ["default-src 'self';", "img-src 'self' data:;", "style-src 'self' 'unsafe-inline'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("http"), "{policy}");
    let outside = regex::Regex::new(r#"(?:@import|url\()\s*['"]?(?:https?:)?//"#).unwrap();
    for file in files {
        assert!(!file.contains("//"), "{file}");
        let seen = server.get(&format!("/docs/{}", file.trim_start_matches("./"))).expect(200);
        assert_eq!(seen.header("content-security-policy"), policy, "{file}");
        if file.ends_with(".css") {
            assert!(!outside.is_match(&seen.text), "{file}");
        }
        if file.ends_with("initializer.js") {
            assert!(seen.text.contains("\"/openapi.json\""), "{}", seen.text);
            assert!(seen.text.contains(r#""validatorUrl": "none""#), "{}", seen.text);
            assert!(!seen.text.contains("http"), "{}", seen.text);
        }
    }
}

/// It would say what the program can be attacked with.
#[test]
fn no_stranger_is_told_which_version_of_the_program_answers() {
    let server = Server::with(&[]);
    for path in ["/openapi.json", "/docs/", "/livez", "/readyz", "/problems/not_found", "/v1/rules/schema", "/nowhere"]
    {
        let seen = server.get(path).send();
        let mut told = seen.headers.iter().map(|(_, value)| value.as_str()).chain([seen.text.as_str()]);
        assert!(!told.any(|text| text.contains(env!("CARGO_PKG_VERSION"))), "{path}");
    }
}
