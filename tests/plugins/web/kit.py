"""Servers on loopback that stand for the web, and a reach in which names of the test lead to them."""

from __future__ import annotations

import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any

import trustme

from rookery_plugins.web.addresses import Address, is_public
from rookery_plugins.web.connecting import Reach

PUBLIC = "93.184.216.34"
"""An address of the internet; nothing here ever connects to it."""
Reply = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers with what the site has at a path."""

    protocol_version = "HTTP/1.1"
    site: Site
    sent = b""

    def do_GET(self) -> None:
        self.site.asked.append(self)
        reply = self.site.replies.get(self.path) or self.site.replies.get("*")
        if reply is None:
            self.send_error(404)
        else:
            reply(self)

    def do_POST(self) -> None:
        self.sent = self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass

    def say(self, body: bytes, kind: str = "text/html; charset=utf-8", **headers: str) -> None:
        """A whole answer."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(body)

    def lead(self, location: str, status: int = 302) -> None:
        self.send_response(status)
        self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()


@dataclass
class Site:
    """One server, and who asked for what."""

    port: int = 0
    replies: dict[str, Reply] = field(default_factory=dict)
    asked: list[Handler] = field(default_factory=list)

    def has(self, path: str, body: str | bytes, kind: str = "text/html; charset=utf-8", **headers: str) -> None:
        raw = body.encode() if isinstance(body, str) else body
        self.replies[path] = lambda handler: handler.say(raw, kind, **headers)

    def leads(self, path: str, location: str, status: int = 302) -> None:
        self.replies[path] = lambda handler: handler.lead(location, status)

    @property
    def paths(self) -> list[str]:
        return [handler.path for handler in self.asked]


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Site]:
    """A site on a port of its own."""
    site = Site()
    handler = type("OneHandler", (Handler,), {"site": site})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    site.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def speaking(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port of a server that says what it likes once it was asked."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                line, _ = listener.accept()
                with line, suppress(OSError):
                    line.recv(65_536)
                    talk(line)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


class Names:
    """A resolver of the test's own: what it was asked, and what it says, one answer after another."""

    def __init__(self, names: Mapping[str, Sequence[str] | Sequence[Sequence[str]]] | None = None) -> None:
        self.names = dict(names or {})
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        said = self.names.get(host, ["127.0.0.1"])
        if said and not isinstance(said[0], str):
            times = self.asked.count(host) - 1
            said = said[min(times, len(said) - 1)]
        return [each for each in said if isinstance(each, str)]


def loopback_too(address: Address) -> bool:
    """What is public in a test: the internet, and 127.0.0.1 that stands for it."""
    return is_public(address) or address == ip_address("127.0.0.1")


def reach(resolve: Names | None = None, **changed: object) -> Reach:
    """A reach in which every name leads to the servers of the test, unless it says otherwise."""
    return Reach(**{"resolve": resolve or Names(), "allowed": loopback_too, "seconds": 20.0, **changed})  # type: ignore[arg-type]


@dataclass(frozen=True)
class Certificates:
    """An authority that only the test knows, and what it signed."""

    authority: trustme.CA = field(default_factory=trustme.CA)

    def server(self, *names: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(*names).configure_cert(context)
        return context

    def client(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context


class Connections:
    """Every connection that this process tries to make while it is looked at; those to other machines are stopped."""

    def __init__(self) -> None:
        self.tried: list[str] = []
        self._looking = False
        sys.addaudithook(self._hear)

    @contextmanager
    def looked_at(self) -> Iterator[list[str]]:
        self.tried.clear()
        self._looking = True
        try:
            yield self.tried
        finally:
            self._looking = False

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._looking and event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
            host = str(arguments[1][0])
            self.tried.append(host)
            if not ip_address(host.partition("%")[0]).is_loopback:
                raise ConnectionRefusedError(111, "stopped by the test")


CONNECTIONS = Connections()
"""One for all: what listens to a process cannot be taken away again."""
