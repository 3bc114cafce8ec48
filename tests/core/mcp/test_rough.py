"""Servers that do what the protocol's own library would not: nothing of it stops the program."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from rookery_core.errors import ToolFailed
from rookery_core.events import ToolStatus
from rookery_core.logs import PIECE, last_line
from rookery_core.mcp import program
from rookery_core.mcp import server as server_module
from rookery_core.paths import LOG_LIMIT
from rookery_core.testing import ListMemory
from rookery_core.tools.context import ToolContext
from rookery_core.workspace import Workspace
from tests.core.mcp.kit import Yard, one, rough

pytestmark = pytest.mark.timeout(120)


async def test_a_regular_expression_of_a_server_is_not_tried_here(yard: Yard, tmp_path: Path) -> None:
    runner = yard.runner(await yard.ready(yard=rough(tmp_path)))
    text = "a" * 60 + "!"  # more steps than anybody waits for
    for tool in ("strict", "promising"):
        done = await yard.call(runner, tool, text=text)
        assert (done.status, done.output) == (ToolStatus.OK, text)
    done = await yard.call(runner, "strict", text=5)
    assert (done.status, "is not of type 'string'" in done.output) == (ToolStatus.INVALID, True)


async def test_a_server_that_says_all_the_time_that_it_changed_is_listed_once_for_each_call(
    yard: Yard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "CALM_SECONDS", 3_600.0)
    runner = yard.runner(await yard.ready(yard=rough(tmp_path, "restless")))
    for n in range(5):
        assert (await yard.call(runner, "echo", text=str(n))).output == str(n)
    assert int((tmp_path / "lists").read_text()) <= 2 + 5  # as it is started, the first time that it changed


async def test_a_server_that_was_ended_is_not_started_by_a_call_that_comes_late(yard: Yard, tmp_path: Path) -> None:
    servers = await yard.ready(yard=rough(tmp_path))
    runner = yard.runner(servers)
    await servers.close()
    done = await yard.call(runner, "echo", text="x")
    assert (done.status, "the MCP server yard was ended" in done.output) == (ToolStatus.FAILED, True)
    assert one(servers).state == "off"


async def test_a_command_is_looked_for_where_a_path_with_a_reference_says(yard: Yard, tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "rough-server").symlink_to(sys.executable)
    settings = rough(tmp_path, env={"PATH": f"{folder}:${{PATH}}"}).model_copy(update={"command": "rough-server"})
    assert one(await yard.ready(yard=settings)).state == "ready"


async def test_a_server_that_ended_says_so_to_whoever_asks_it_at_that_moment(yard: Yard, tmp_path: Path) -> None:
    server = one(await yard.ready(yard=rough(tmp_path)))
    connection = server._connection
    assert connection is not None
    await connection.close()
    with pytest.raises(ToolFailed, match="it does not say what it offers"):
        await connection.listed()
    context = ToolContext("1", Workspace.at(tmp_path), threading.Event(), lambda _: None, ListMemory())
    with pytest.raises(ToolFailed, match="its MCP server ended during the call"):
        await connection.call("echo", {"text": "x"}, context)


async def test_of_what_a_server_prints_without_end_the_newest_is_kept(yard: Yard, tmp_path: Path) -> None:
    servers = await yard.ready(yard=rough(tmp_path, "loud"))
    await yard.until(lambda: yard.log("yard").endswith("the last of it\n"))
    assert (tmp_path / "yard.log").stat().st_size <= LOG_LIMIT + PIECE
    assert (await yard.call(servers, "echo", text="x")).output == "x"


def test_the_last_line_of_a_log_is_found_also_where_it_was_begun_anew(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("before\n" + "x" * 10_000 + "\nlast words\n")
    assert last_line(log, 7) == last_line(log, 1_000_000) == "last words"
    assert last_line(log, log.stat().st_size) == ""
    assert last_line(tmp_path / "none", 0) == ""


async def test_what_a_server_prints_is_logged_and_told_without_secrets(yard: Yard, tmp_path: Path) -> None:
    yard.environ = {**yard.environ, "ANY": "correct horse battery staple"}
    server = one(await yard.ready(yard=rough(tmp_path, "telling", env={"A_KEY": "${ANY}", "MY_TOKEN": "plainly"})))
    assert server.problem == "it could not be started: its last words were: my keys are [secret] and [secret]"
    assert yard.log("yard").removesuffix("\n").endswith("my keys are [secret] and [secret]")
    assert "horse" not in yard.log("yard")


async def test_a_line_without_end_ends_the_connection_and_the_server(
    yard: Yard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "LINE_BYTES", 1 << 20)
    server = one(await yard.ready(yard=rough(tmp_path, "endless")))
    assert server.problem == "it could not be started: it said more than 1 MB on one line, which is no message"
    servers = await yard.ready(yard=rough(tmp_path))
    runner = yard.runner(servers)
    done = await yard.call(runner, "echo", text="without end")
    reason = "its MCP server ended during the call: it said more than 1 MB on one line, which is no message"
    assert (done.status, done.output) == (ToolStatus.FAILED, reason)
    assert (await yard.call(runner, "echo", text="x")).output == "x"  # by another process
    long = "y" * (1 << 19)
    assert len((await yard.call(runner, "echo", text=long)).output) > 4_000
