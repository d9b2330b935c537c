//! Which pages may call the API from a browser: none, until origins are named; then exactly those.

use crate::client::Server;

#[test]
fn no_origin_is_let_in_unless_named() {
    let server = Server::with(&[]);
    let seen = server.get("/livez").header("origin", "https://crm.example.com").expect(200);
    assert_eq!(seen.header("access-control-allow-origin"), "");
    server.call("OPTIONS", "/livez").header("origin", "https://crm.example.com").refused(405, "method_not_allowed");
}

#[test]
fn only_the_named_origins_are_let_in_and_none_that_looks_like_one() {
    let server = Server::with(&["--cors-origins", "https://crm.example.com,http://localhost:3000"]);
    for origin in ["https://crm.example.com", "http://localhost:3000"] {
        let seen = server.get("/problems/not_found").header("origin", origin).expect(200);
        assert_eq!(seen.header("access-control-allow-origin"), origin);
        assert_eq!(seen.header("access-control-allow-credentials"), "");
        for header in ["etag", "x-request-id", "retry-after", "ratelimit"] {
            assert!(seen.header("access-control-expose-headers").contains(header), "{header}");
        }
        // Refusals too: a page must be able to read why.
        let seen = server.get("/nowhere").header("origin", origin).refused(404, "not_found");
        assert_eq!(seen.header("access-control-allow-origin"), origin);
        let asked = server.call("OPTIONS", "/problems/not_found").header("origin", origin);
        let asked = asked.header("access-control-request-method", "PATCH");
        let seen = asked.header("access-control-request-headers", "authorization,if-match").expect(200);
        assert_eq!(seen.header("access-control-allow-origin"), origin);
        assert_eq!(seen.header("access-control-max-age"), "3600");
    }
    let strangers = [
        "https://crm.example.com.evil.com",
        "https://evilcrm.example.com",
        "http://crm.example.com",
        "https://crm.example.com:8443",
        "https://example.com",
        "http://localhost:3001",
        "null",
        "*",
    ];
    for origin in strangers {
        let seen = server.get("/livez").header("origin", origin).send();
        assert_eq!(seen.header("access-control-allow-origin"), "", "{origin}");
        let asked = server.call("OPTIONS", "/livez").header("origin", origin);
        let seen = asked.header("access-control-request-method", "GET").send();
        assert_eq!(seen.header("access-control-allow-origin"), "", "{origin}");
    }
}
