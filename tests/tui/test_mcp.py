"""MCP servers at the command line, in one task, at the plain prompt and on the screen."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rookery_core.approval.policy import Answerer, Approver, no_answer, nobody
from rookery_core.assistant import Assistant
from rookery_core.compose import build
from rookery_core.config_file import load_config
from rookery_core.equipment import Options
from rookery_core.mcp.servers import STARTING
from rookery_core.paths import Paths
from rookery_core.testing import ScriptedModel
from rookery_tui.app import RookeryApp
from rookery_tui.exits import Exit
from rookery_tui.headless import Job, run
from rookery_tui.lines import PlainLines
from rookery_tui.repl import repl
from rookery_tui.starting import Resume
from rookery_tui.stopping import Stop
from tests.core.conftest import act, answer
from tests.core.mcp.kit import sample
from tests.trusted import trusted
from tests.tui.app_kit import chat_text, idle, ready, said_and_done, say, the_app, trace_text, until

pytestmark = pytest.mark.timeout(400)  # each server is a process that imports the library

SUM = act("get_sum", '{"a": 2, "b": 3}')
MAIN = "import sys; from rookery_tui.cli import main; sys.exit(main(sys.argv[1:]))"
WITHOUT = "import sys; sys.modules['mcp'] = None; from rookery_tui.cli import main; sys.exit(main(sys.argv[1:]))"


def configure(home: Path, *moods: str, name: str = "yard", **settings: str) -> None:
    """Write a config file with the sample server in it."""
    server = sample(home, *moods)
    lines = [f"[mcp.servers.{name}]", f"command = {server.command!r}", f"args = {[*server.args]!r}", "start_s = 200"]
    lines += [f"{key} = {value}" for key, value in settings.items()]
    with (home / "config.toml").open("a") as file:
        file.write("\n".join(lines) + "\n")


STARTS_SERVERS = {("mcp", "list"), ("mcp", "check"), ("tools", "list"), ("tools", "call")}


def rookery(home: Path, *arguments: str, code: str = MAIN) -> subprocess.CompletedProcess[str]:
    """As root, servers are not confined: they are the tests' own, and lie elsewhere."""
    trusted(home, home)
    if arguments[:2] in STARTS_SERVERS:
        arguments = (*arguments, "--allow-root")
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=300, check=False, cwd=home,
        stdin=subprocess.DEVNULL, env={**os.environ, "ROOKERY_HOME": str(home)},
    )  # fmt: skip


class Desk:
    """Makes assistants over a home folder with its config file."""

    def __init__(self, home: Path, *script: str) -> None:
        self.home = home
        self.model = ScriptedModel(script)

    def __call__(self, approver: Approver = nobody, answerer: Answerer = no_answer) -> Assistant:
        paths = Paths.find({"ROOKERY_HOME": str(self.home)})
        options = Options(self.home, allow=["execute"], allow_root=True)
        return build(load_config(paths).config, paths, options, approver=approver, answerer=answerer, model=self.model)


# -- the command line ---------------------------------------------------------------------------------------------


def test_servers_are_listed(tmp_path: Path) -> None:
    configure(tmp_path)
    configure(tmp_path, "crash", name="broken")
    configure(tmp_path, name="unused", enabled="false")
    done = rookery(tmp_path, "mcp", "list")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "yard    ready   python sample.py  8 tools: get_sum, show, slow, block, die, ask, moody, surroundings",
        "broken  failed  python sample.py  it could not be started: its last words were: something is missing",
        "unused  off     python sample.py",
    ]


def test_a_server_is_checked(tmp_path: Path) -> None:
    configure(tmp_path, risk="{ get-Sum = 'read' }", enabled="false")
    checked = rookery(tmp_path, "mcp", "check", "yard")
    assert checked.returncode == 0, checked.stderr
    said = checked.stdout.splitlines()
    assert said[0] == "server   yard (ready)"
    assert said[2] == f"log      {tmp_path / 'logs' / 'mcp-yard.log'}"
    assert said[3].startswith("says     sample 1, protocol 20")
    assert said[4] == "tool     get_sum, there get-Sum (read): Adds two numbers."
    assert any(line.startswith("remark   tool elsewhere is left out: ") for line in said)


def test_a_server_with_the_name_of_a_plugin_is_left_out_and_said_to_be(tmp_path: Path) -> None:
    configure(tmp_path, name="git")
    why = "the name git is built into Rookery; give the server another one"
    assert rookery(tmp_path, "mcp", "list").stdout == f"git  failed  python sample.py  {why}\n"
    checked = rookery(tmp_path, "mcp", "check", "git")
    assert (checked.returncode, checked.stdout.splitlines()[-1]) == (1, f"problem  {why}")
    with (tmp_path / "config.toml").open("a") as file:
        file.write('[plugins]\ndisabled = ["git"]\n')
    assert rookery(tmp_path, "mcp", "check", "git").returncode == 0


def test_a_server_that_cannot_be_used_fails_its_check(tmp_path: Path) -> None:
    configure(tmp_path, "crash", name="broken")
    bad = rookery(tmp_path, "mcp", "check", "broken", "--json")
    assert (bad.returncode, json.loads(bad.stdout)["state"]) == (1, "failed")
    none = rookery(tmp_path, "mcp", "check", "nosuch")
    assert (none.returncode, none.stderr) == (2, "rookery: there is no MCP server named nosuch; there are: broken\n")


def test_where_there_is_no_server_it_is_said_how_to_have_one(tmp_path: Path) -> None:
    done = rookery(tmp_path, "mcp", "list")
    assert done.stdout == (
        f"No MCP server is configured: a table [mcp.servers.NAME] in {tmp_path / 'config.toml'} makes one.\n"
    )
    assert json.loads(rookery(tmp_path, "mcp", "list", "--json").stdout) == []


def test_without_the_protocols_library_a_server_is_a_problem_with_its_remedy(tmp_path: Path) -> None:
    configure(tmp_path)
    remedy = "pip install 'rookery[mcp]'"
    done = rookery(tmp_path, "mcp", "check", "yard", code=WITHOUT)
    assert (done.returncode, remedy in done.stdout) == (1, True)
    done = rookery(tmp_path, "tools", "list", code=WITHOUT)
    assert (done.returncode, remedy in done.stderr, "calculator" in done.stdout) == (0, True, True)
    done = rookery(tmp_path, "mcp", "serve", code=WITHOUT)
    assert (done.returncode, done.stdout, remedy in done.stderr) == (1, "", True)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal there")
def test_tools_are_offered_until_the_terminal_is_closed(tmp_path: Path) -> None:
    hello = {"protocolVersion": "2025-03-26", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    trusted(tmp_path, tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", MAIN, "mcp", "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tmp_path,
        env={**os.environ, "ROOKERY_HOME": str(tmp_path)},
    ) as serving:  # fmt: skip
        try:
            assert serving.stdin is not None
            assert serving.stdout is not None
            asked = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}
            serving.stdin.write(json.dumps(asked).encode() + b"\n")
            serving.stdin.flush()
            assert json.loads(serving.stdout.readline())["id"] == 1
            for _ in range(2):  # a shell and the system
                serving.send_signal(signal.SIGHUP)
            assert serving.wait(60) == Exit.HUNG_UP
        finally:
            serving.kill()


def test_tools_of_servers_are_shown_and_called_by_hand(tmp_path: Path) -> None:
    configure(tmp_path, tools="['get-Sum']")
    listed = rookery(tmp_path, "tools", "list")
    line = next(line for line in listed.stdout.splitlines() if line.startswith("get_sum "))
    assert line.split() == [
        "get_sum",
        "execute",
        "yard",
        "(MCP",
        "server",
        "python",
        "sample.py)",
        "Adds",
        "two",
        "numbers.",
    ]
    called = rookery(tmp_path, "tools", "call", "yard.get_sum", '{"a": 2, "b": 3}', "--allow", "yard")
    assert (called.returncode, called.stdout) == (0, "5\n")
    without = rookery(tmp_path, "tools", "list", "--no-plugins")
    assert "get_sum" not in without.stdout
    own = rookery(tmp_path, "tools", "call", "calculator", '{"expression": "1 + 1"}', code=WITHOUT)
    assert (own.returncode, own.stdout, own.stderr) == (0, "2\n", "")  # no server is started for it


def test_settings_of_servers_are_shown_without_secrets(tmp_path: Path) -> None:
    configure(tmp_path, env="{ TOKEN = 's3cret', OTHER = '${HOME}' }")
    done = rookery(tmp_path, "config", "show")
    assert "[mcp.servers.yard]" in done.stdout
    assert f'env = {{TOKEN = "***", OTHER = "${{HOME}}"}}  # {tmp_path / "config.toml"}' in done.stdout
    assert "s3cret" not in done.stdout
    assert "timeout_s" not in done.stdout
    assert rookery(tmp_path, "config", "get", "mcp.servers.yard.timeout_s").stdout == "60.0\n"
    assert rookery(tmp_path, "config", "check").returncode == 0
    done = rookery(tmp_path, "config", "set", "mcp.servers.yard.command", "x")
    assert (done.returncode, "MCP servers are tables in config.toml" in done.stderr) == (2, True)


# -- one task, and the plain prompt -------------------------------------------------------------------------------


async def test_one_task_waits_until_it_is_known_what_servers_offer(tmp_path: Path) -> None:
    configure(tmp_path)
    configure(tmp_path, "crash", name="broken")
    out, err = io.StringIO(), io.StringIO()
    desk = Desk(tmp_path, SUM, answer("It is 5."))
    assert await run(desk, Job("2 and 3?"), out, err, Stop()) is Exit.OK
    assert out.getvalue() == "It is 5.\n"
    assert "observation 5\n" in err.getvalue()
    assert "plugin      broken: it could not be started: its last words were: something is missing" in err.getvalue()
    assert STARTING not in err.getvalue()
    assert "rookery: waiting for MCP servers: " in err.getvalue()


async def test_messages_from_a_pipe_wait_as_well_and_tools_says_what_is_missing(tmp_path: Path) -> None:
    configure(tmp_path)
    configure(tmp_path, "crash", name="broken")
    read, write = os.pipe()
    os.write(write, b"2 and 3?\n/tools\n/plugins\n")
    os.close(write)
    out = io.StringIO()
    desk = Desk(tmp_path, SUM, answer("It is 5."))
    assert await repl(desk, PlainLines(read, None), out, io.StringIO(), Resume()) is Exit.OK
    assert "observation 5\nthought     I know it.\nIt is 5.\n" in out.getvalue()
    listed = out.getvalue().partition("It is 5.")[2]
    assert "execute · yard (MCP server python sample.py)" in listed
    assert "1 called" in listed
    assert "broken: it could not be started: its last words were: something is missing" in listed
    assert "yard        ready      MCP server python sample.py\n" in listed
    assert "web: it is not used, since nothing may go online: `--online` allows it for one start" in listed


# -- the screen ---------------------------------------------------------------------------------------------------


async def test_the_screen_is_there_at_once_and_says_whose_tools_a_turn_goes_without(tmp_path: Path) -> None:
    configure(tmp_path)
    configure(tmp_path, "late", name="late")
    app = RookeryApp(Desk(tmp_path, answer("hello"), SUM, answer("It is 5.")), grace_s=0.0)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await said_and_done(pilot, "hi")
        assert "hello" in chat_text(pilot)
        assert "plugin  yard: it is still being starte" in trace_text(pilot)
        conversation = the_app(pilot).conversation
        assert conversation is not None
        yard = next(server for server in conversation.assistant.servers if server.name == "yard")
        await yard.settled()
        await said_and_done(pilot, "2 and 3?")
        await until(pilot, lambda: "It is 5." in chat_text(pilot))
        await say(pilot, "/tools")
        await until(pilot, lambda: "yard (MCP server python sample.py)" in chat_text(pilot))
        assert f"late: {STARTING}" in " ".join(chat_text(pilot).split())
        await idle(pilot)


@pytest.mark.parametrize("argv", [["--help"], ["mcp", "--help"], ["config", "show"], ["plugins", "list"]])
def test_nothing_is_started_where_no_tool_is_needed(tmp_path: Path, argv: list[str]) -> None:
    configure(tmp_path)
    done = rookery(tmp_path, *argv, code=WITHOUT)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "logs").exists()
