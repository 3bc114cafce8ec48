"""A small internet for the page of tools: runs a command in a network with one site and a search service.

unshare --map-root-user --net --mount python docs/web_site.py COMMAND...
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

NAME = "harbour.example"
ADDRESS = "93.184.215.14"
"""Any public one: in this network nobody else has it."""
PAGE = """<!doctype html><title>Boats for sale</title>
<nav><a href="/">Home</a> <a href="/keys">Keys</a> <a href="/login">Log in</a></nav>
<main><h1>Boats for sale</h1><p>Come and see them on the <a href="/berths">berths</a> A1 to A3, or call Ann.</p>
<table><tr><th>Boat<th>Length<th>Built</tr><tr><td>Nordlys<td>12.5 m<td>1987</tr>
<tr><td>Skarv<td>7.8 m<td>1999</tr></table></main>
<footer>We use cookies. <button>Fine</button></footer>"""
FOUND = {
    "results": [
        {"title": "Boats for sale", "url": f"http://{NAME}/", "content": "Nordlys and Skarv, on the berths A1 to A3."},
        {"title": "Buying a boat", "url": "https://advice.example/boats", "content": "What to look at before you pay."},
    ]
}


class Site(BaseHTTPRequestHandler):
    """The site, and at another port the search."""

    def do_GET(self) -> None:
        """Answer with the page, or with what is found."""
        searched = self.path.startswith("/search")
        body = (json.dumps(FOUND) if searched else PAGE).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json" if searched else "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


def main(command: list[str]) -> int:
    """Make the network and run the command in it."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["ip", "address", "add", f"{ADDRESS}/32", "dev", "lo"], check=True)
    with tempfile.NamedTemporaryFile("w") as hosts:
        hosts.write(f"127.0.0.1 localhost\n{ADDRESS} {NAME}\n")
        hosts.flush()
        Path(hosts.name).chmod(0o644)
        subprocess.run(["mount", "--bind", hosts.name, "/etc/hosts"], check=True)
        for place in ((ADDRESS, 80), ("127.0.0.1", 8888)):
            Thread(target=ThreadingHTTPServer(place, Site).serve_forever, daemon=True).start()
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
