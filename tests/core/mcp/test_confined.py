"""MCP servers in the sandbox: where the settings say so, and as root in any case, unless the person says otherwise."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from rookery_core.events import ToolStatus
from rookery_core.mcp.settings import ServerSettings
from rookery_core.sandbox.guests import Guests
from rookery_core.sandbox.level import Level
from rookery_core.sandbox.settings import SandboxSettings
from tests.core.mcp.kit import ROUGH, Yard, one, rough, sample
from tests.core.sandbox.kit import fixed, linux, whole

pytestmark = [linux, pytest.mark.timeout(300)]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="it is about root")


def guests(folder: Path, level: Level = Level.L3, *, allow_root: bool = False) -> Guests:
    """What confines servers, which see the folder of the tests' own."""
    settings = SandboxSettings(read=(str(ROUGH.parent),))
    return Guests(fixed(level, allow_root=allow_root, settings=settings, own=folder / "own"), folder)


PROBE = """
import json, os, socket, subprocess, sys
outside, mark = sys.argv[1:]
subprocess.Popen([sys.executable, "-c", "import os, time; os.setsid(); time.sleep(600)", mark])
tried = {"cwd": os.getcwd(), "token": os.environ.get("OTHER_TOKEN"), "own": os.environ.get("OWN")}
for name, path, way in (("reads", outside, "r"), ("writes", outside, "a"), ("makes", "made", "w")):
    try:
        open(path, way)
        tried[name] = True
    except OSError:
        tried[name] = False
try:
    socket.socket()
    tried["socket"] = True
except OSError:
    tried["socket"] = False
sys.stderr.write("\\n" + json.dumps(tried) + "\\n")
sys.stderr.flush()
"""


def probe(yard: Yard, outside: Path, mark: str, **settings: object) -> ServerSettings:
    """The server by hand, which first tries what it may do and says so in its log."""
    (yard.folder / "probe.py").write_text(f"{PROBE}\nsys.argv = ['x', '/tmp']\nexec(open({str(ROUGH)!r}).read())")
    made = {"command": sys.executable, "args": ("probe.py", str(outside), mark), "env": {"OWN": "given"}, **settings}
    return ServerSettings.model_validate(made)


def tried(yard: Yard) -> dict[str, object]:
    said = [line for line in yard.log("yard").splitlines() if line.startswith('{"cwd"')]
    found: dict[str, object] = json.loads(said[-1])
    return found


def running(mark: str) -> bool:
    for name in filter(str.isdecimal, os.listdir("/proc")):
        try:
            if mark.encode() in Path("/proc", name, "cmdline").read_bytes().split(b"\0")[3:4]:
                return True
        except OSError:
            continue
    return False


@pytest.fixture
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("outside") / "file"
    file.write_text("mine")
    return file


@whole
async def test_a_confined_server_works_and_has_the_workspace_alone(yard: Yard, outside: Path) -> None:
    yard.guests = guests(yard.folder, allow_root=True)
    mark = f"orphan-{yard.folder.name}"
    servers = await yard.ready(yard=probe(yard, outside, mark, confined=True))
    assert one(servers).problem == ""
    assert (await yard.call(servers, "echo", text="hi")).output == "hi"
    assert tried(yard) == {
        "cwd": str(yard.folder), "token": None, "own": "given", "reads": False, "writes": False, "makes": True,
        "socket": False,
    }  # fmt: skip
    assert running(mark)
    await servers.close()
    await yard.until(lambda: not running(mark))
    assert {".git", ".rookery", ".vscode"}.isdisjoint(path.name for path in yard.folder.iterdir())


@whole
@pytest.mark.parametrize(("online", "kind"), [(True, "network"), (True, "read"), (False, "network")])
async def test_it_has_a_network_where_a_tool_of_it_needs_one_and_rookery_is_online(
    yard: Yard, outside: Path, online: bool, kind: str
) -> None:
    yard.guests, yard.online = guests(yard.folder, allow_root=True), online
    settings = probe(yard, outside, "x", confined=True, risk={"echo": kind}, tools=("echo",))
    servers = await yard.ready(yard=settings)
    assert one(servers).state == "ready"
    found = tried(yard)
    assert found["socket"] is (online and kind == "network")
    assert found["makes"] is False  # nothing of it writes


@as_root
@whole
async def test_as_root_every_server_is_confined(yard: Yard, outside: Path) -> None:
    yard.guests = guests(yard.folder)
    servers = await yard.ready(yard=probe(yard, outside, "x"))
    assert (one(servers).state, tried(yard)["reads"]) == ("ready", False)


@as_root
async def test_as_root_none_is_started_without_a_whole_sandbox(yard: Yard, outside: Path) -> None:
    yard.guests = guests(yard.folder, Level.L2)
    servers = await yard.ready(yard=probe(yard, outside, "x"))
    assert one(servers).state == "failed"
    for words in ("it is not started: Rookery runs as root", "there is no bubblewrap", "--allow-root"):
        assert words in one(servers).problem
    assert not (yard.folder / "yard.log").exists()


@as_root
async def test_as_root_one_is_started_where_the_person_allows_that(yard: Yard, outside: Path) -> None:
    yard.guests = guests(yard.folder, Level.L1, allow_root=True)
    servers = await yard.ready(yard=probe(yard, outside, "x"))
    assert (one(servers).state, tried(yard)["reads"]) == ("ready", True)


async def test_one_that_is_to_be_confined_and_cannot_be_is_not_started(yard: Yard) -> None:
    yard.guests = guests(yard.folder, Level.L1, allow_root=True)
    servers = await yard.ready(yard=rough(yard.folder, confined=True))
    assert (one(servers).state, "`rookery sandbox` says what is missing" in one(servers).problem) == ("failed", True)


@whole
async def test_what_the_sandbox_does_not_show_is_said(yard: Yard, outside: Path) -> None:
    yard.guests = guests(yard.folder, allow_root=True)
    program = outside.with_name("server")
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    servers = await yard.ready(yard=ServerSettings(command=str(program), confined=True))
    assert "No such file or directory in the sandbox; sandbox.read in the settings" in one(servers).problem


@whole
async def test_one_made_with_the_protocol_s_library_works_there_too(yard: Yard) -> None:
    yard.guests = guests(yard.folder, allow_root=True)
    servers = await yard.ready(yard=sample(yard.folder, confined=True))
    assert one(servers).problem == ""
    done = await yard.call(servers, "get_sum", a=2, b=3)
    assert (done.status, done.output) == (ToolStatus.OK, "5")


def test_only_a_command_is_confined() -> None:
    with pytest.raises(ValueError, match="confined is for a server with a command"):
        ServerSettings(url="http://localhost:1", confined=True)
