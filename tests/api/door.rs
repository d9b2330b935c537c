//! What every request meets, whatever it asks for.

use crate::client::{Server, parts, settings};
use loudou::api::health::Readiness;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

#[test]
fn a_process_lives_and_is_ready() {
    let server = Server::with(&[]);
    for path in ["/livez", "/readyz"] {
        assert_eq!(server.get(path).expect(200).text, r#"{"status":"ok","warnings":[]}"#);
        assert_eq!(server.call("HEAD", path).expect(200).text, "");
    }
}

#[test]
fn a_process_that_is_about_to_stop_wants_no_work() {
    let server = Server::with(&[]);
    server.app.readiness.drain();
    server.get("/readyz").refused(503, "unavailable");
    server.get("/livez").expect(200);
}

#[test]
fn what_a_process_lacks_is_not_told_and_asked_at_most_once_a_second() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let mut parts = parts(settings(&["--limit-address-per-minute", "1"]));
    parts.readiness = Readiness::new(Box::new(move || {
        count.fetch_add(1, Ordering::SeqCst);
        Box::pin(std::future::ready(Err("postgres://anna:geheim@db does not answer".into())))
    }));
    let server = Server::of(parts);
    let started = std::time::Instant::now();
    for _ in 0..200 {
        // Probes count against no limit: 200 of them pass a limit of one.
        server.get("/readyz").refused(503, "unavailable");
    }
    let seconds = usize::try_from(started.elapsed().as_secs()).unwrap();
    assert!(asked.load(Ordering::SeqCst) <= seconds + 1, "asked {asked:?} times in {seconds} s");
}

#[test]
fn a_request_has_an_id() {
    let server = Server::with(&[]);
    assert_eq!(server.get("/livez").header("x-request-id", "my-1").expect(200).header("x-request-id"), "my-1");
    for wrong in ["a b", &"x".repeat(65), "ä"] {
        let seen = server.get("/livez").header("x-request-id", wrong).expect(200);
        assert_eq!(seen.header("x-request-id").len(), 36, "{wrong}");
    }
}

#[test]
fn an_address_that_is_none_and_a_method_that_is_not_taken() {
    let server = Server::with(&[]);
    for path in ["/", "/nowhere", "/livez/", "/problems", "/problems/a/b", "/docs/none.js", "/problems/..%2F..%2Fetc"] {
        server.get(path).refused(404, "not_found");
    }
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
        let seen = server.call(method, "/problems/not_found").refused(405, "method_not_allowed");
        assert_eq!(seen.header("allow"), "GET, HEAD", "{method}");
    }
}

#[test]
fn what_no_operation_should_see_is_turned_away() {
    let server = Server::with(&[]);
    for path in ["/problems/a%00b", "/problems/a%0Ab", "/problems/%C2%85", "/livez?a=%07", "/livez?%FF=1", "/%C3%28"] {
        server.get(path).refused(400, "malformed_url");
    }
    let path = |length: usize| format!("/{}", "x".repeat(length - 1));
    server.get(&path(8 * 1024)).refused(404, "not_found");
    server.get(&path(8 * 1024 + 1)).refused(414, "url_too_long");
    let with_headers = |bytes: usize| {
        let call = server.get("/livez");
        (0..bytes / 8192).fold(call, |call, n| call.header(&format!("x-{n}"), &"h".repeat(8192)))
    };
    with_headers(48 * 1024).expect(200);
    with_headers(72 * 1024).refused(431, "headers_too_large");
    server.get("/livez?verbose=1").refused(400, "invalid_parameters");
}

/// The body of what is turned away at the door is not left on the line: the next request is understood.
#[test]
fn who_is_turned_away_goes_on_over_the_same_connection() {
    let server = Server::with(&[]);
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    for _ in 0..3 {
        // The body comes later than its header.
        write!(stream, "POST /a%00b HTTP/1.1\r\nhost: x\r\ncontent-length: 3000\r\n\r\n").unwrap();
        stream.write_all(&[b'x'; 3000]).unwrap();
        let said = one_answer(&mut stream);
        assert!(said.starts_with("HTTP/1.1 400"), "{said}");
    }
    write!(stream, "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let said = one_answer(&mut stream);
    assert!(said.starts_with("HTTP/1.1 200"), "{said}");
}

fn one_answer(stream: &mut TcpStream) -> String {
    let mut said = Vec::new();
    loop {
        let mut bytes = [0; 4096];
        let many = stream.read(&mut bytes).unwrap();
        assert!(many > 0, "closed after {}", String::from_utf8_lossy(&said));
        said.extend_from_slice(&bytes[..many]);
        let text = String::from_utf8_lossy(&said).to_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        if length.is_none_or(|length| body.len() >= length) {
            return String::from_utf8_lossy(&said).into_owned();
        }
    }
}

#[test]
fn a_problem_speaks_the_language_of_its_reader() {
    let server = Server::with(&[]);
    let rows = [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh", "这里没有内容"),
        ("en;q=0.5,zh;q=0.4", "en", "Nothing here"),
        ("fr", "en", "Nothing here"),
        ("fr,zh-Hant-TW;q=0.1", "zh", "这里没有内容"),
        ("", "en", "Nothing here"),
        (";;q=,,*;q=9", "en", "Nothing here"),
    ];
    for (accepted, spoken, title) in rows {
        let seen = server.get("/nowhere").header("accept-language", accepted).refused(404, "not_found");
        assert_eq!((seen.header("content-language"), &seen.body["title"]), (spoken, &title.into()), "{accepted}");
        assert!(seen.headers.iter().any(|(name, value)| name == "vary" && value.contains("Accept-Language")));
        let kind = server.get("/problems/not_found").header("accept-language", accepted).expect(200);
        assert_eq!((kind.header("content-language"), &kind.body["title"]), (spoken, &title.into()), "{accepted}");
    }
}

#[test]
fn every_kind_of_problem_is_explained() {
    let server = Server::with(&[]);
    for code in loudou::api::problem::Code::ALL {
        let seen = server.get(&format!("/problems/{}", code.name())).expect(200);
        assert_eq!(seen.body["status"], code.status());
        assert_ne!(seen.body["title"], code.title());
    }
    let text = server.get("/problems/not_found").header("accept", "text/plain;q=0.9, application/json").expect(200);
    assert_eq!(text.text, "Nothing here (not_found, 404)\n");
    for accept in ["*/*", "application/json, text/plain", "text/html"] {
        let seen = server.get("/problems/not_found").header("accept", accept).expect(200);
        assert_eq!(seen.body["code"], "not_found", "{accept}");
    }
}

#[test]
fn a_stranger_cannot_choose_the_address_that_he_is_counted_under() {
    let server = Server::with(&["--limit-address-per-minute", "1"]);
    server.get("/problems/not_found").header("x-forwarded-for", "192.0.2.1").expect(200);
    for (name, value) in [("x-forwarded-for", "192.0.2.2"), ("forwarded", "for=192.0.2.3"), ("x-real-ip", "192.0.2.4")]
    {
        let seen = server.get("/problems/not_found").header(name, value).refused(429, "too_many_requests");
        let wait: u64 = seen.header("retry-after").parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
    }
}

#[test]
fn a_trusted_proxy_says_who_calls() {
    let flags = ["--limit-address-per-minute", "1", "--trusted-proxies", "127.0.0.0/8"];
    let server = Server::with(&flags);
    let from = |address: &str| server.get("/problems/not_found").header("x-forwarded-for", address);
    from("192.0.2.1").expect(200);
    from("192.0.2.2").expect(200);
    from("192.0.2.1").refused(429, "too_many_requests");
    // What the client claims stands left of what the proxy saw.
    from("198.51.100.7, 192.0.2.2").refused(429, "too_many_requests");
}

#[test]
fn nothing_that_comes_back_follows_the_host_that_was_named() {
    let server = Server::with(&[]);
    let seen =
        server.get("/docs").header("host", "evil.example").header("x-forwarded-host", "evil.example").expect(308);
    assert_eq!(seen.header("location"), "/docs/");
}

#[test]
fn the_metrics_know_routes_and_no_addresses() {
    let server = Server::with(&[]);
    server.get("/problems/not_found").expect(200);
    server.get("/secret-path-4711").expect(404);
    let text = loudou::api::measures::text();
    assert!(text.contains(r#"http_requests_total{method="GET",route="/problems/{code}",status="2xx"}"#), "{text}");
    assert!(text.contains(r#"http_requests_total{method="GET",route="none",status="4xx"}"#), "{text}");
    assert!(!text.contains("secret-path") && !text.contains("127.0.0.1"), "{text}");
    // They are not to be had where the API listens.
    server.get("/metrics").refused(404, "not_found");
}

#[test]
fn browsers_are_told_to_insist_on_tls_only_where_there_is_some() {
    assert_eq!(Server::with(&[]).get("/livez").expect(200).header("strict-transport-security"), "");
    let behind = Server::with(&["--behind-tls", "true"]);
    assert_eq!(behind.get("/livez").expect(200).header("strict-transport-security"), "max-age=31536000");
}

/// A connection on which what is written is all there is: no client tidies it up.
fn raw(server: &Server, request: &str) -> String {
    use std::io::{Read, Write};
    let mut connection = std::net::TcpStream::connect(server.address).unwrap();
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // A connection that the server resets has been answered before, or not at all: what came is what counts.
    let _ = connection.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

#[test]
fn a_body_that_comes_too_slowly_is_cut_off() {
    let server = Server::with(&["--request-deadline-seconds", "1"]);
    let head =
        "POST /v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    let answer = raw(&server, head);
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("\"request_too_slow\"") && answer.to_lowercase().contains("connection: close"), "{answer}");
}

#[test]
fn two_answers_to_where_a_request_ends_are_refused() {
    let server = Server::with(&[]);
    let framings = [
        "content-length: 2\r\ntransfer-encoding: chunked",
        "content-length: 2\r\ncontent-length: 3",
        "content-length: -1",
        "transfer-encoding: chunked, identity",
    ];
    for framing in framings {
        let head = format!("POST /v1/auth/login HTTP/1.1\r\nhost: x\r\n{framing}\r\n\r\n{{}}");
        let answer = raw(&server, &head);
        assert!(answer.starts_with("HTTP/1.1 400 "), "{framing}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{framing}: {answer}");
    }
    server.get("/livez").expect(200);
}
