//! Clients that are slow on purpose are cut, and others do not wait for them; probes do not make the database work.

use crate::client::{Server, settings};
use crate::company::{Company, On};
use crate::instance::until;
use crate::races::at_once;
use loudou::api::access::Nobody;
use loudou::api::health::Readiness;
use loudou::api::{App, Parts};
use loudou::cli::house;
use loudou::values::Language;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The deadline that the server of these tests has, in seconds.
const DEADLINE: u64 = 2;

fn company() -> Company {
    let mut company = Company::new(On::Sqlite).unwrap();
    company.server = company.another_process(&["--request-deadline-seconds", &DEADLINE.to_string()]);
    company
}

/// Waits until the server has given the connection up: what it said last. Others are served all the time.
fn cut(company: &Company, stream: &mut TcpStream, mut nudge: impl FnMut(&mut TcpStream)) -> String {
    stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let mut said = Vec::new();
    until("cutting a slow client", 30, || {
        company.server.get("/v1/me").token(&company.token("ada")).expect(200);
        nudge(stream);
        let mut bytes = [0; 4096];
        match stream.read(&mut bytes) {
            Ok(0) => true,
            Ok(many) => {
                said.extend_from_slice(&bytes[..many]);
                false
            }
            Err(fault) => !matches!(fault.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut),
        }
    });
    String::from_utf8_lossy(&said).into_owned()
}

#[test]
fn a_slow_header_is_cut() {
    let company = company();
    let mut stream = TcpStream::connect(company.server.address).unwrap();
    stream.write_all(b"GET /v1/me HTTP/1.1\r\nhost: x\r\n").unwrap();
    let said = cut(&company, &mut stream, |stream| {
        let _ = stream.write_all(b"x");
    });
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 408"), "{said}");
}

#[test]
fn a_slow_body_is_cut() {
    let company = company();
    let mut stream = TcpStream::connect(company.server.address).unwrap();
    let head =
        "POST /v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{";
    stream.write_all(head.as_bytes()).unwrap();
    let said = cut(&company, &mut stream, |stream| {
        let _ = stream.write_all(b" ");
    });
    assert!(said.starts_with("HTTP/1.1 408") && said.contains("request_too_slow"), "{said}");
}

/// Asks for so much that neither the system nor the server can hold it, and takes none of it.
fn asks_for_much(company: &Company) -> TcpStream {
    let stream = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    stream.set_recv_buffer_size(4096).unwrap();
    stream.connect(&company.server.address.into()).unwrap();
    let mut stream: TcpStream = stream.into();
    let request = "GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nhost: x\r\n\r\n".repeat(12);
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

/// Whether the server has given the connection up, found out without reading: what is sent on it is refused.
fn is_given_up(stream: &mut TcpStream) -> bool {
    stream.take_error().unwrap().is_some() || stream.write_all(b"\r\n").is_err()
}

#[test]
fn a_client_that_reads_nothing_is_cut() {
    let company = company();
    let mut slow: Vec<TcpStream> = (0..3).map(|_| asks_for_much(&company)).collect();
    until("cutting who reads nothing", 30, || {
        company.server.get("/v1/me").token(&company.token("ada")).expect(200);
        slow.retain_mut(|stream| !is_given_up(stream));
        slow.is_empty()
    });
}

#[test]
fn a_client_that_reads_a_little_now_and_then_is_cut() {
    let company = company();
    let mut slow = asks_for_much(&company);
    cut(&company, &mut slow, |_| {});
}

#[test]
fn probes_ask_the_database_once_a_second_at_most() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let parts = Parts {
        settings: settings(&["--limit-address-per-minute", "0"]).http,
        clock: Arc::new(house::clock),
        fallback_language: Arc::new(|| Language::new("en")),
        readiness: Readiness::new(Box::new(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            Box::pin(std::future::ready(Ok(())))
        })),
        authenticator: Arc::new(Nobody),
        workflow: None,
    };
    let server = Server::serving(App::new(parts).unwrap());
    let begun = Instant::now();
    at_once(10, |_| {
        for _ in 0..50 {
            server.get("/readyz").expect(200);
        }
    });
    let allowed = usize::try_from(begun.elapsed().as_secs()).unwrap() + 1;
    let asked = asked.load(Ordering::SeqCst);
    assert!((1..=allowed).contains(&asked), "{asked} questions in {:?}", begun.elapsed());
}
