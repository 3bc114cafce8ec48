"""Plugins' processes in the sandbox: each gets what its tools say that they need, and as root there is no other way."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rookery_core.events import ToolStatus
from rookery_core.hosting.boxing import Boxes, confined_environment
from rookery_core.plugin import Risk, Tool
from rookery_core.sandbox import seccomp
from rookery_core.sandbox.guests import Guests, Needs, needs_of
from rookery_core.sandbox.level import Level
from rookery_core.sandbox.making import machine_of_its_own
from rookery_core.sandbox.settings import SandboxSettings
from rookery_core.testing import this_machine
from rookery_core.tools.loader import Loaded
from tests.core.hosting.kit import HEAD, Bench, Site, boxes, tool_source
from tests.core.sandbox.kit import fixed, linux, whole
from tests.core.sandbox.test_filter import ALLOW, run

pytestmark = [linux, pytest.mark.timeout(120)]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="it is about root")

Make = Callable[[Loaded], Bench]
TRY = f"""{HEAD}
import os, socket, subprocess, sys, time

def tried(what, path):
    if what == "read":
        return open(path).read()
    if what == "list":
        return " ".join(sorted(os.listdir(path)))
    if what == "write":
        return str(open(path, "w").write("made"))
    if what == "connect":
        return str(socket.create_connection(("127.0.0.1", int(path)), 2).recv(9))
    if what == "environment":
        return str(os.environ.get(path))
    if what == "leave":
        subprocess.Popen([sys.executable, "-c", "import os, time; os.setsid(); time.sleep(600)", path])
        return str(os.getpid())
    if what == "hang":
        time.sleep(600)
    os.kill(os.getpid(), 11)

@tool(risk=Risk.KIND, timeout_s=20)
def go(what: str, path: str) -> str:
    '''Tries something.'''
    return tried(what, bytes.fromhex(path).decode())

@hookimpl
def rookery_tools():
    return [go]
"""


@whole
@pytest.mark.parametrize(("version", "reaches"), [(5, False), (6, True)])
def test_with_a_network_no_unix_socket_is_made_where_nothing_keeps_it_from_those_of_others(
    version: int, reaches: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Abstract names are everybody's where the network is shared: those of a desktop and of containers among them."""
    monkeypatch.setattr("rookery_core.sandbox.inside.landlock.version", lambda: version)
    room = fixed(Level.L3, settings=SandboxSettings(network=True)).room_at(tmp_path)
    with machine_of_its_own(room, (), writes=True) as box:
        program = box.order["seccomp"]
    number = {"x86_64": 41, "aarch64": 198}[platform.machine()]
    assert (run(program, platform.machine(), number, seccomp.UNIX) == ALLOW) is reaches
    assert run(program, platform.machine(), number, seccomp.INET) == ALLOW


def boxed(site: Site, bench: Make, work: Path, kind: str, **more: bool) -> Bench:
    site.install("trier", TRY.replace("KIND", kind))
    return bench(site.load(only=["trier"], boxes=boxes(work, own=site.home, **more)))


def told(path: str) -> str:
    """In a form in which a call that names what is Rookery's own is not refused before."""
    return path.encode().hex()


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """The folder that benches work in."""
    return Path(os.path.realpath(tmp_path)) / "work"


# -- what each kind gets ------------------------------------------------------------------------------------------


def needing(risk: Risk, *, online: bool = False, paths: tuple[str, ...] = ()) -> Needs:
    return needs_of([Tool("t", "Does.", {"type": "object"}, lambda: "", risk=risk, paths=paths)], online=online)


def test_each_kind_needs_what_it_says_and_no_more() -> None:
    assert needing(Risk.PURE) == Needs()
    assert needing(Risk.PURE, paths=("path",)) == Needs(workspace=True)
    assert needing(Risk.READ) == Needs(workspace=True)
    assert needing(Risk.WRITE) == needing(Risk.EXECUTE) == Needs(workspace=True, writes=True)
    assert needing(Risk.NETWORK) == Needs()
    assert needing(Risk.NETWORK, online=True) == Needs(network=True)
    assert needing(Risk.NETWORK, online=True, paths=("to",)) == Needs(workspace=True, writes=True, network=True)


@whole
@pytest.mark.parametrize(
    ("kind", "reads", "writes"), [("PURE", 0, 0), ("READ", 1, 0), ("WRITE", 1, 1), ("EXECUTE", 1, 1)]
)
async def test_a_plugin_sees_of_the_files_what_its_kind_says(
    site: Site, bench: Make, work: Path, kind: str, reads: bool, writes: bool
) -> None:
    there = boxed(site, bench, work, kind)
    (work / "in").write_text("inside")
    secret = site.home / "plugins.json"
    secret.write_text("{}")
    outside = site.home.parent / "outside"
    outside.write_text("outside")
    read = await there.call("go", what="read", path=told(str(work / "in")))
    assert (read.status is ToolStatus.OK, read.output == "inside") == (reads, reads), read
    wrote = await there.call("go", what="write", path=told(str(work / "made")))
    assert (wrote.status is ToolStatus.OK, (work / "made").exists()) == (writes, writes), wrote
    for path in (secret, outside, Path("/etc/shadow"), Path.home() / ".bashrc"):
        assert (await there.call("go", what="read", path=told(str(path)))).status is ToolStatus.FAILED
        await there.call("go", what="write", path=told(str(path)))
    assert (secret.read_text(), outside.read_text()) == ("{}", "outside")
    await there.loaded.close()
    assert {path.name for path in work.iterdir()} == {"in", *(["made"] if writes else [])}


@whole
@pytest.mark.parametrize("online", [False, True])
async def test_the_network_is_there_for_its_kind_and_online_alone(
    site: Site, bench: Make, work: Path, listener: int, online: bool
) -> None:
    there = boxed(site, bench, work, "NETWORK", online=online)
    done = await there.call("go", what="connect", path=told(str(listener)))
    assert (done.status is ToolStatus.OK, "hello" in done.output) == (online, online)
    assert online or "nothing may go online" in done.output
    there = boxed(site, bench, work, "WRITE", online=True)
    done = await there.call("go", what="connect", path=told(str(listener)))
    assert "Network is unreachable" in done.output
    assert "rookery plugins enable trier --open" in done.output


@pytest.fixture
def listener() -> object:
    """The port of somebody who says hello."""
    import socket
    import threading

    server = socket.create_server(("127.0.0.1", 0))

    def greet() -> None:
        while True:
            try:
                with server.accept()[0] as line:
                    line.sendall(b"hello")
            except OSError:
                return

    threading.Thread(target=greet, daemon=True).start()
    yield server.getsockname()[1]
    server.close()


@whole
async def test_keys_in_the_environment_are_not_seen(
    site: Site, bench: Make, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_TOKEN", "t0ken")
    there = boxed(site, bench, work, "READ")
    assert (await there.call("go", what="environment", path=told("SOME_TOKEN"))).output == "None"
    assert (await there.call("go", what="environment", path=told("PYTHONPATH"))).output == os.environ["PYTHONPATH"]


def test_what_reaches_the_network_is_seen_where_there_is_one() -> None:
    environ = {"https_proxy": "http://proxy", "A_KEY": "x", "PYTHONPATH": "/a", "PATH": "/bin"}
    assert "https_proxy" not in confined_environment(environ, network=False)
    seen = confined_environment(environ, network=True)
    assert (seen["https_proxy"], seen["PYTHONPATH"], "A_KEY" in seen) == ("http://proxy", "/a", False)


# -- what goes wrong ----------------------------------------------------------------------------------------------


@whole
async def test_a_crash_is_told_as_outside_and_the_next_call_finds_a_new_process(
    site: Site, bench: Make, work: Path
) -> None:
    there = boxed(site, bench, work, "READ")
    assert "was ended by SIGSEGV during the call" in (await there.call("go", what="crash", path=told(""))).output
    assert (await there.call("go", what="list", path=told(str(work)))).status is ToolStatus.OK


@whole
@pytest.mark.parametrize("how", ["closed", "stopped"])
async def test_nothing_of_it_is_left_however_it_ends(site: Site, bench: Make, work: Path, how: str) -> None:
    there = boxed(site, bench, work, "EXECUTE")
    mark = f"orphan-{site.home.parent.name}-{how}"
    await there.call("go", what="leave", path=told(mark))
    await there_is(mark)
    if how == "closed":
        await there.loaded.close()
    else:
        site.install("trier", TRY.replace("KIND", "EXECUTE").replace("timeout_s=20", "timeout_s=1"))
        there = bench(site.load(only=["trier"], boxes=boxes(work)))
        await there.call("go", what="leave", path=told(mark))
        assert (await there.call("go", what="hang", path=told(""))).status is ToolStatus.TIMEOUT
        await there.loaded.close()
    await gone(mark, but=0 if how == "closed" else 1)


def running(mark: str) -> int:
    """How many processes have it among their arguments."""
    count = 0
    for name in filter(str.isdecimal, os.listdir("/proc")):
        try:
            count += mark.encode() in Path("/proc", name, "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
    return count


async def there_is(mark: str) -> None:
    """Wait until there is one."""
    until = time.monotonic() + 20
    while not running(mark) and time.monotonic() < until:
        time.sleep(0.05)  # noqa: ASYNC251
    assert running(mark)


async def gone(mark: str, *, but: int) -> None:
    """Wait until no more than so many are left."""
    until = time.monotonic() + 20
    while running(mark) > but and time.monotonic() < until:
        time.sleep(0.05)  # noqa: ASYNC251
    assert running(mark) <= but


# -- described ----------------------------------------------------------------------------------------------------


@whole
def test_a_plugin_that_is_only_looked_at_reads_and_writes_nothing(site: Site, work: Path) -> None:
    secret = site.home / "secret"
    secret.write_text("x")
    peek = f"import os\nassert not os.path.exists({str(secret)!r}), 'it sees'\n"
    write = f"\ntry:\n    open({str(work.parent / 'made')!r}, 'w')\nexcept OSError:\n    pass\n"
    site.install("nosy", peek + tool_source("return 'fine'") + write)
    loaded = site.load(only=["nosy"], boxes=boxes(work, own=site.home))
    assert [plugin.name for plugin in loaded.plugins] == ["nosy"], loaded.problems
    assert not (work.parent / "made").exists()


# -- open, and root -----------------------------------------------------------------------------------------------


async def test_one_that_the_person_opened_has_all_rights(site: Site, bench: Make, work: Path) -> None:
    there = boxed(site, bench, work, "READ")
    outside = site.home.parent / "outside"
    outside.write_text("outside")
    opened = boxes(work).with_open("trier", is_open=True)
    there = bench(site.load(only=["trier"], boxes=opened))
    assert (await there.call("go", what="read", path=told(str(outside)))).output == "outside"
    assert opened.told(["trier"], ()) == "with all of your rights"


@as_root
async def test_as_root_none_is_started_without_a_whole_sandbox_and_the_others_work(site: Site, bench: Make) -> None:
    count = f"open({str(site.home / 'imports')!r}, 'a').write('x')\n"
    site.install("good", count + tool_source("return 'fine'"))
    without = Boxes(Guests(fixed(Level.L2, allow_root=False)))
    loaded = site.load(only=["good"], boxes=without)
    assert not loaded.plugins
    (problem,) = loaded.problems
    assert problem.failed
    for words in ("it is not started: Rookery runs as root", "there is no bubblewrap", "--allow-root"):
        assert words in problem.reason
    assert not (site.home / "imports").exists()  # not even to say what it offers
    opened = Boxes(Guests(fixed(Level.L3, allow_root=False)), open=frozenset({"good"}))
    (problem,) = site.load(only=["good"], boxes=opened).problems
    assert "the settings say that it is open" in problem.reason
    there = bench(site.load(only=["good"], boxes=Boxes(Guests(fixed(Level.L1, allow_root=True)))))
    assert (await there.call("go")).output == "fine"


@pytest.mark.skipif(this_machine().level < Level.L2, reason="this machine has no Landlock")
async def test_at_the_middle_level_files_and_sockets_are_limited_too(site: Site, bench: Make, work: Path) -> None:
    site.install("trier", TRY.replace("KIND", "READ"))
    there = bench(site.load(only=["trier"], boxes=Boxes(Guests(fixed(Level.L2), work))))
    (work / "in").write_text("inside")
    outside = site.home.parent / "outside"
    outside.write_text("outside")
    assert (await there.call("go", what="read", path=told(str(work / "in")))).output == "inside"
    for what, path in (("read", outside), ("write", work / "made"), ("connect", "9")):
        assert (await there.call("go", what=what, path=told(str(path)))).status is ToolStatus.FAILED
    assert not (work / "made").exists()
