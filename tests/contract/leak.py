"""A proxy that lets one person in as another wherever a path names a thing by its id, as a server does that forgets to
ask whose it is; lists stay honest. With it in between, a search for leaks must find one; without it, none. Nothing of the
kind is built into the product.

Usage: python leak.py PORT ORIGIN AUTH.json (whose first two people are the two)
"""

import json
import re
import sys
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

port, origin, auth = sys.argv[1:]
upstream = urlsplit(origin)
with open(auth, encoding="utf-8") as file:
    alice, bob = (person["fixedHeaders"][0]["value"] for person in json.load(file)["auth"][:2])
NAMES_A_THING = re.compile("/[0-9a-f]{8}-[0-9a-f]{4}-")
# Each side speaks of its own connection.
OWN = {"connection", "keep-alive", "transfer-encoding", "host"}


class Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in OWN}
        if headers.get("Authorization") == bob and NAMES_A_THING.search(self.path):
            headers["Authorization"] = alice
        connection = HTTPConnection(upstream.hostname or "", upstream.port, timeout=60)
        connection.request(self.command, self.path, body or None, headers)
        answer = connection.getresponse()
        content = answer.read()
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in OWN | {"content-length"}:
                self.send_header(name, value)
        if answer.status != 204:
            self.send_header("content-length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
        connection.close()

    def log_message(self, *_: object) -> None:
        """Says nothing: the server keeps the log."""

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = forward


ThreadingHTTPServer(("127.0.0.1", int(port)), Proxy).serve_forever()
