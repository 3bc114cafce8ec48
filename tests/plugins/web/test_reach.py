"""Nothing that is not public is reached, however it is written and whatever leads there; and no answer is too much."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv4Address
from itertools import cycle

import pytest

from rookery_core.events import ToolStatus
from rookery_core.testing import run_tool
from rookery_plugins.web.connecting import Reach
from rookery_plugins.web.fetch import fetch_page_tool
from tests.plugins.web.kit import PUBLIC, Names, Site, reach, speaking

pytestmark = pytest.mark.timeout(110)

PRIVATE = (
    "127.0.0.1",
    "127.8.7.6",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.100.100.200",
    "168.63.129.16",
)
ORNATE = str.maketrans("0123456789", "⓪①②③④⑤⑥⑦⑧⑨")
WIDE = str.maketrans("0123456789.", "０１２３４５６７８９．")
SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def spellings(text: str) -> Iterator[str]:
    """An IPv4 address in the ways that resolvers, browsers and tunnels know."""
    number = int(IPv4Address(text))
    a, b, c, d = text.split(".")
    high, low = f"{number >> 16:x}", f"{number & 0xFFFF:x}"
    teredo = number ^ 0xFFFF_FFFF
    yield text
    yield f"{text}."
    yield str(number)
    yield hex(number)
    yield hex(number).upper().replace("X", "x")
    yield f"0X{number:08X}"
    yield f"0{number:o}"
    yield f"{number}."
    yield ".".join(hex(int(part)) for part in (a, b, c, d))
    yield ".".join(f"0{int(part):o}" for part in (a, b, c, d))
    yield ".".join(f"{int(part):04d}" for part in (a, b, c, d))
    yield f"{a}.{number & 0xFFFFFF}"
    yield f"{a}.{b}.{number & 0xFFFF}"
    yield f"{hex(int(a))}.{number & 0xFFFFFF}"
    yield f"{a}.{b}.{c}.0x{int(d):x}"
    yield f"{number + (1 << 32)}"
    yield text.translate(ORNATE)
    yield text.translate(WIDE)
    yield text.translate(SUPERSCRIPT)
    yield text.replace(".", "。")
    yield text.replace(".", "%2e")
    yield f"[::ffff:{text}]"
    yield f"[::ffff:{high}:{low}]"
    yield f"[0:0:0:0:0:ffff:{high}:{low}]"
    yield f"[::{text}]"
    yield f"[::ffff:0:{text}]"
    yield f"[64:ff9b::{text}]"
    yield f"[64:ff9b:1::{text}]"
    yield f"[2002:{high}:{low}::1]"
    yield f"[2001:0:{high}:{low}::1]"
    yield f"[2001::{teredo >> 16:x}:{teredo & 0xFFFF:x}]"
    yield f"[2a00:1450::5efe:{text}]"
    yield f"[2a00:1450::200:5efe:{text}]"
    yield f"[fe80::5efe:{text}]"
    yield f"page.test@{text}"
    yield f"page.test:80@{text}"
    yield f"{text}\\@page.test"
    yield f"{text} .page.test"


HOSTS = [spelled for text in PRIVATE for spelled in spellings(text)]
HOSTS += [
    "localhost",
    "LOCALHOST",
    "localhost.",
    "a.localhost",
    "localhost.localdomain",
    "ip6-localhost",
    "loopback",
    "broadcasthost",
    "local",
    "printer.local",
    "metadata",
    "metadata.google.internal",
    "instance-data.ec2.internal",
    "kubernetes.default.svc.cluster.local",
    "router.home.arpa",
    "fritz.lan",
    "server.corp",
    "intranet",
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::1%25lo]",
    "[::1%lo]",
    "[::0001]",
    "[fd00:ec2::254]",
    "[fd00::1]",
    "[fc00::1]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[fec0::1]",
    "[feff::1]",
    "[ff02::1]",
    "[ff0e::1]",
    "[100::1]",
    "[2001:db8::1]",
    "[3fff::1]",
    "[5f00::1]",
]

NAMED = {
    "loop.test": ["127.0.0.1"],
    "loop6.test": ["::1"],
    "mapped.test": ["::ffff:127.0.0.1"],
    "nat64.test": ["64:ff9b::7f00:1"],
    "scoped.test": ["fe80::1%eth0"],
    "127.0.0.1.nip.test": ["127.0.0.1"],
    "xn--bcher-kva.test": ["127.0.0.1"],
    "metadata.test": ["169.254.169.254"],
    "metadata6.test": ["fd00:ec2::254"],
    "azure.test": ["168.63.129.16"],
    "alibaba.test": ["100.100.100.200"],
    "lan.test": ["192.168.1.1"],
    "any.test": ["0.0.0.0"],
    "both.test": [PUBLIC, "127.0.0.1"],
    "both6.test": [PUBLIC, "::1"],
    "last.test": [PUBLIC] * 9 + ["10.0.0.1"],
}
NAMES = [
    *(name for name in NAMED if "xn--" not in name),
    "bücher.test",
    "BÜCHER.test",
    "loop。test",
    "ｌｏｏｐ.test",
    "loop.test.",
]

SCHEMES = [
    "file:///etc/passwd",
    "file://localhost/etc/passwd",
    "file:/etc/passwd",
    "gopher://{h}/_GET",
    "ftp://{h}/x",
    "ftps://{h}/",
    "sftp://{h}/",
    "tftp://{h}/",
    "ldap://{h}/",
    "ldaps://{h}/",
    "dict://{h}/info",
    "smb://{h}/x",
    "jar:http://{h}!/",
    "netdoc:///etc/passwd",
    "ws://{h}/",
    "wss://{h}/",
    "telnet://{h}",
    "ssh://{h}",
    "imap://{h}",
    "redis://{h}",
    "unix:/run/docker.sock",
    "data:text/html,hi",
    "data:text/plain;base64,aGk=",
    "javascript:alert(1)",
    "about:blank",
    "blob:http://{h}/x",
    "view-source:http://{h}/",
    "chrome://settings",
    "php://filter",
    "phar://x.phar",
    "HTTP:{h}",
    "http:/{h}",
    "http:{h}",
    "http:\\\\{h}",
    "\\\\{h}\\x",
    "http:///{h}",
    "http://?{h}",
    "http://#{h}",
    "http://:{p}/",
]


def everything(port: int) -> list[str]:
    """All that must lead nowhere."""
    here = f"127.0.0.1:{port}"
    urls = [f"http://{host}:{port}/latest/meta-data/" for host in (*HOSTS, *NAMES)]
    urls += [f"https://{host}:{port}/" for host in (*PRIVATE, *NAMES)]
    urls += [f"{host}:{port}" for host in PRIVATE]
    return list(dict.fromkeys(urls + [scheme.format(h=here, p=port) for scheme in SCHEMES]))


class Listener:
    """Counts who comes, on both loopbacks."""

    def __init__(self) -> None:
        self._sockets = [socket.create_server(("127.0.0.1", 0))]
        self.port = self._sockets[0].getsockname()[1]
        with suppress(OSError):
            self._sockets.append(socket.create_server(("::1", self.port), family=socket.AF_INET6))
        for each in self._sockets:
            each.setblocking(False)

    @property
    def hits(self) -> int:
        n = 0
        for each in self._sockets:
            with suppress(BlockingIOError):
                while True:
                    each.accept()[0].close()
                    n += 1
        return n

    def close(self) -> None:
        for each in self._sockets:
            each.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    try:
        yield made
    finally:
        made.close()


class Real(Names):
    """The names of the test; beyond them, what the system takes for an address, however odd."""

    def __call__(self, host: str, port: int) -> list[str]:
        if host in self.names:
            return list(super().__call__(host, port))
        self.asked.append(host)
        if "localhost" in host:
            return ["127.0.0.1", "::1"]
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        return [str(address[0]) for *_, address in found]


async def test_nothing_that_is_not_public_is_connected_to(listener: Listener, connections: list[str]) -> None:
    urls = everything(listener.port)
    assert len(urls) >= 450
    tool = fetch_page_tool(Reach(resolve=Real(NAMED)))
    let_through = [url for url in urls if (await run_tool(tool, {"url": url})).status is not ToolStatus.FAILED]
    assert (let_through, connections, listener.hits) == ([], [], 0)


def test_the_listener_counts_and_the_resolver_takes_what_is_odd(listener: Listener, connections: list[str]) -> None:
    for host in ("2130706433", "0x7f000001", "127.1", "0177.0.0.1"):
        (address,) = set(Real({})(host, listener.port))
        socket.create_connection((address, listener.port)).close()
    assert (listener.hits, connections) == (4, ["127.0.0.1"] * 4)


async def test_no_redirect_leads_there(site: Site, listener: Listener, connections: list[str]) -> None:
    urls = [url for url in everything(listener.port) if "://" in url and url.isascii()]
    urls += [f"//{host}:{listener.port}/" for host in PRIVATE]
    tool = fetch_page_tool(Reach(resolve=Names(NAMED), allowed=lambda address: str(address) == "127.0.0.1"))
    statuses = set()
    for url, status in zip(urls, cycle((301, 302, 303, 307, 308)), strict=False):
        site.leads("/", url, status)
        statuses.add((await run_tool(tool, {"url": f"http://loop.test:{site.port}/"})).status)
    hosts = {handler.headers["Host"] for handler in site.asked}
    assert (statuses, hosts, listener.hits) == ({ToolStatus.FAILED}, {f"loop.test:{site.port}"}, 0)
    assert len(connections) == len(site.asked) >= len(urls) >= 400


async def test_a_name_that_changes_its_address_is_looked_up_once(listener: Listener, connections: list[str]) -> None:
    names = Names({"rebind.test": [[PUBLIC], ["127.0.0.1"]]})
    finished = await run_tool(fetch_page_tool(Reach(resolve=names)), {"url": f"http://rebind.test:{listener.port}/"})
    assert "stopped by the test" in finished.output
    assert (names.asked, connections, listener.hits) == (["rebind.test"], [PUBLIC], 0)


# -- too much -----------------------------------------------------------------------------------------------------


async def failure_of(port: int, within: Reach) -> str:
    began = time.monotonic()
    finished = await run_tool(fetch_page_tool(within), {"url": f"http://page.test:{port}/"})
    assert finished.status is ToolStatus.FAILED, finished.output
    assert time.monotonic() - began < within.seconds + 20
    return finished.output


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_bomb_of_a_gibibyte_costs_little_memory_and_is_refused(coding: str) -> None:
    # A process of its own: what the other tests used at most would hide the difference.
    program = (
        "import asyncio, resource, zlib\n"
        "from rookery_core.testing import run_tool\n"
        "from rookery_plugins.web.fetch import fetch_page_tool\n"
        "from tests.plugins.web.kit import reach, serving\n"
        f"begin, pack = zlib.compressobj(9, wbits={31 if coding == 'gzip' else 15}), zlib.compressobj(9, wbits=-15)\n"
        "piece = pack.compress(bytes(1 << 20)) + pack.flush(zlib.Z_FULL_FLUSH)\n"
        "bomb = begin.compress(b'x') + begin.flush(zlib.Z_FULL_FLUSH) + piece * (1 << 10)\n"
        "used = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "with serving() as site:\n"
        "    def get(path):\n"
        "        url = f'http://page.test:{site.port}{path}'\n"
        "        return asyncio.run(run_tool(fetch_page_tool(reach()), {'url': url})).output\n"
        "    site.has('/small', 'x', 'text/plain')\n"
        f"    site.has('/', bomb, 'text/html', Content_Encoding={coding!r})\n"
        "    get('/small')\n"
        "    before = used()\n"
        "    print(get('/'))\n"
        "    print(used() - before)\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True)
    said, grown = done.stdout.splitlines()
    assert said == "the page is larger than 10.5 MB, which is the most that is read"
    assert int(grown) * (1 if sys.platform == "darwin" else 1024) < 64_000_000


async def test_a_body_that_does_not_end_is_refused_at_the_limit() -> None:
    def flood(line: socket.socket) -> None:
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
        while True:
            line.sendall(b"x" * 65_536)

    with speaking(flood) as port:
        assert "is larger than 10.5 MB" in await failure_of(port, reach())


async def test_ten_gigabytes_are_refused_before_they_come() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10000000000\r\n\r\n"
    with speaking(lambda line: (line.sendall(head), time.sleep(0.5))) as port:  # type: ignore[arg-type, return-value]
        assert "is larger than 10.5 MB" in await failure_of(port, reach())


DRIPS = {
    "status line": b"HTTP/1.1 200 OK and so on and on and on",
    "headers": b"HTTP/1.1 200 OK\r\nX-Name: and so on and on and on and on",
    "body": b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nand so on and on and on and on and on",
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n1\r\nc\r\n1\r\nd\r\n1\r\ne\r\n",
}


@pytest.mark.parametrize("part", DRIPS)
async def test_a_server_that_drips_is_given_up_in_time(part: str) -> None:
    def drip(line: socket.socket) -> None:
        quick = DRIPS[part].find(b"\r\n") + 2 if part != "status line" else 0
        line.sendall(DRIPS[part][:quick])
        for byte in DRIPS[part][quick:] * 20:
            line.sendall(bytes([byte]))
            time.sleep(0.05)

    with speaking(drip) as port:
        said = await failure_of(port, reach(seconds=1.0))
    assert "took longer than 1 seconds and was given up" in said or "does not speak HTTP" in said


async def test_a_server_that_says_nothing_is_given_up_in_time() -> None:
    with speaking(lambda line: time.sleep(3)) as port:
        assert "took longer than 0.5 seconds" in await failure_of(port, reach(seconds=0.5))


@pytest.mark.parametrize(
    "head",
    [b"X: " + b"y" * 200_000, b"".join(b"X-%d: y\r\n" % n for n in range(20_000)), b"X: y\r\n" * 50_000],
    ids=["one long", "many", "many of one name"],
)
async def test_headers_beyond_measure_are_refused(head: bytes) -> None:
    with speaking(lambda line: line.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n")) as port:
        assert "does not speak HTTP" in await failure_of(port, reach())


async def test_answers_before_the_answer_do_not_go_on_for_ever() -> None:
    def early(line: socket.socket) -> None:
        while True:
            line.sendall(b"HTTP/1.1 102 Processing\r\n\r\n" * 100)

    with speaking(early) as port:
        assert "took longer than 1 seconds" in await failure_of(port, reach(seconds=1.0))


async def test_stopping_the_call_ends_the_connection() -> None:
    def drip(line: socket.socket) -> None:
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
        with suppress(OSError):
            while True:
                line.sendall(b"x")
                time.sleep(0.02)
        ended.append(time.monotonic())

    ended: list[float] = []
    with speaking(drip) as port:
        hasty = dataclasses.replace(fetch_page_tool(reach(seconds=60.0)), timeout_s=1.0)
        finished = await run_tool(hasty, {"url": f"http://page.test:{port}/"})
        assert finished.status is ToolStatus.TIMEOUT
        for _ in range(500):
            if ended:
                break
            await asyncio.sleep(0.02)
    assert ended
