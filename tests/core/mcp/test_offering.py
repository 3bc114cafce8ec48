"""`rookery mcp serve`, driven by the protocol's own client and by ourselves: the same checks, the same approvals."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import anyio
import pytest
from mcp.client import Client, ClientRequestContext
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp_types import ElicitRequestParams, ElicitResult

from rookery_core.compose import archive
from rookery_core.events import ToolStatus
from rookery_core.mcp.settings import ServerSettings
from rookery_core.paths import Paths
from rookery_core.store.audit import audited
from tests.core.hosting.kit import Site, empty_site, tool_source
from tests.core.mcp.kit import Yard, one
from tests.trusted import trusted

pytestmark = pytest.mark.timeout(400)  # each server is a process that imports the library

RUN = "import sys; from rookery_tui.cli import main; sys.exit(main(['mcp', 'serve', *sys.argv[1:]]))"
Mode = Literal["auto", "legacy"]
COMPUTING = {
    "ask_user", "calculator", "clock", "convert_time", "convert_units", "date_difference", "find_date",
}  # fmt: skip


class Person:
    """Whoever sits at the other assistant."""

    def __init__(self) -> None:
        self.answers: list[str | None] = []
        self.asked: list[tuple[str, list[str]]] = []

    async def __call__(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        asked = params.model_dump()
        field = asked["requested_schema"]["properties"]["answer"]
        self.asked.append((asked["message"], field.get("enum", [])))
        answer = self.answers.pop(0) if self.answers else None
        return (
            ElicitResult(action="decline")
            if answer is None
            else ElicitResult(action="accept", content={"answer": answer})
        )


@pytest.fixture
def person() -> Person:
    return Person()


def environment(home: Path) -> dict[str, str]:
    wanted = {"ROOKERY_HOME": str(home), "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    return {name: value for name, value in wanted.items() if value}


@asynccontextmanager
async def assistant(
    home: Path, person: Person | None, *options: str, mode: Mode = "auto", trust: bool = True
) -> AsyncIterator[Client]:
    """Another assistant that uses our tools, in the folder `work` of that home, which is trusted or not."""
    (home / "work").mkdir(exist_ok=True)
    if trust:
        trusted(home, home / "work")
    arguments = ["-c", RUN, "--workspace", str(home / "work"), *options]
    program = StdioServerParameters(command=sys.executable, args=arguments, env=environment(home))
    with (home / "serve.log").open("a") as log:
        async with Client(stdio_client(program, errlog=log), elicitation_callback=person, mode=mode) as client:
            yield client


async def called(client: Client, name: str, **arguments: Any) -> tuple[bool, str]:
    result = await client.call_tool(name, arguments)
    (text,) = result.content
    return result.is_error, getattr(text, "text", "")


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_tools_are_offered_checked_and_asked_about(tmp_path: Path, person: Person, mode: Mode) -> None:
    async with assistant(tmp_path, person, "--tools", "calculator,files", mode=mode) as client:
        offered = {tool.name: tool for tool in (await client.list_tools()).tools}
        changing = {"delete_file", "edit_file", "move_file", "write_file"}
        assert {*offered} == {"calculator", "find_files", "list_files", "read_file", "search_files", *changing}
        assert "expression" in offered["calculator"].input_schema["properties"]
        hints = {name: tool.annotations.read_only_hint for name, tool in offered.items() if tool.annotations}
        assert hints == {name: name not in changing for name in offered}
        assert await called(client, "calculator", expression="17 * 23") == (False, "391")
        failed, said = await called(client, "calculator", sum="1")
        assert (failed, "The arguments do not fit" in said) == (True, True)
        assert (await called(client, "shell", command="true"))[0]
        assert (await called(client, "read_file", path="../secret"))[0]

        person.answers = ["allow once", "do not allow", None]
        given = {"path": "a.txt", "content": "one"}
        assert not (await called(client, "write_file", **given))[0]
        assert (tmp_path / "work" / "a.txt").read_text() == "one"
        for _ in range(2):
            failed, said = await called(client, "write_file", path="b.txt", content="two")
            assert (failed, "The person did not allow this call." in said) == (True, True)
        assert not (tmp_path / "work" / "b.txt").exists()
        shown, ways = person.asked[0]
        may = "may        write, level R2: a change in the workspace\n"
        assert shown.startswith(f"tool       files.write_file\nfrom       plugin files (rookery)\n{may}")
        assert "a.txt" in shown
        assert ways == ["allow once", "allow for this session", "do not allow"]

        person.answers = ["allow for this session"]
        for text in ("three", "three"):
            assert not (await called(client, "write_file", path="c.txt", content=text))[0]
        assert len(person.asked) == 4


async def test_in_a_folder_that_is_not_trusted_only_tools_that_compute_are_offered(
    tmp_path: Path, person: Person
) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "secret.txt").write_text("hidden")
    person.answers = ["allow once"] * 9
    async with assistant(tmp_path, person, "--allow", "read", "--allow", "files.write_file", trust=False) as client:
        assert {tool.name for tool in (await client.list_tools()).tools} == COMPUTING
        assert await called(client, "calculator", expression="17 * 23") == (False, "391")
        refused = (
            ("read_file", {"path": "secret.txt"}), ("files.read_file", {"path": "secret.txt"}),
            ("write_file", {"path": "a.txt", "content": "one"}), ("shell", {"command": "cat secret.txt"}),
        )  # fmt: skip
        for name, given in refused:
            failed, said = await called(client, name, **given)
            assert (failed, "hidden" in said) == (True, False)
    assert person.asked == []
    assert not (tmp_path / "work" / "a.txt").exists()
    told = (tmp_path / "serve.log").read_text()
    assert "is not trusted" in told
    async with assistant(tmp_path, person, "--trust", "--tools", "files", trust=False) as client:
        assert (await called(client, "read_file", path="secret.txt")) == (False, "hidden")


async def test_where_nobody_can_be_asked_what_would_ask_is_denied_unless_it_was_allowed(tmp_path: Path) -> None:
    async with assistant(tmp_path, None) as client:
        failed, said = await called(client, "write_file", path="a.txt", content="one")
        assert (failed, "nobody is there to be asked" in said) == (True, True)
    async with assistant(tmp_path, None, "--allow", "files.write_file", "--tools", "files") as client:
        assert not (await called(client, "write_file", path="a.txt", content="one"))[0]


async def test_calls_of_another_assistant_are_in_the_audit_and_in_one_session(tmp_path: Path, person: Person) -> None:
    person.answers = ["do not allow"]
    async with assistant(tmp_path, person) as client:
        await called(client, "calculator", expression="1 + 1")
        await called(client, "write_file", path="a.txt", content="one")
    stored = archive(Paths.find({"ROOKERY_HOME": str(tmp_path)}))
    assert stored.sessions.recent() == []
    (session,) = stored.sessions.recent(every=True)
    calls = [*audited(session.id, stored.sessions.events(session.id))]
    stored.store.close()
    assert session.id.startswith("mcp-")
    assert session.workspace == str(tmp_path / "work")
    assert [(call.tool, call.status, call.decisions) for call in calls] == [
        ("calculator.calculator", "ok", []),
        ("files.write_file", "denied", ["deny by person"]),
    ]


async def test_the_web_is_offered_where_that_is_said(tmp_path: Path) -> None:
    async with assistant(tmp_path, None, "--online") as client:
        assert "fetch_page" in {tool.name for tool in (await client.list_tools()).tools}


LOUD = """
    import os, subprocess, sys
    print("loud")
    os.write(1, b"louder\\n")
    subprocess.run(["echo", "loudest"])
    ctx.progress("half")
    import time; time.sleep(0.3)
    return [sys.stdin.read(), ctx.person.ask("Which?", ["a", "b"]), "x" * 200_000][:2]
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    return empty_site(tmp_path, monkeypatch)


async def test_more_of_a_long_result_can_be_read(site: Site) -> None:
    site.install("long", tool_source("return '\\n'.join(f'day {n}' for n in range(1, 5_001))"))
    site.enable("long")
    async with assistant(site.home, None, "--tools", "long,results") as client:
        failed, said = await called(client, "go")
        assert (failed, said.endswith("\n[kept whole as result 1]")) == (False, True)
        failed, said = await called(client, "read_result", result="1", find="day 3000")
        assert (failed, said) == (False, "3000: day 3000")
        failed, said = await called(client, "read_result", result="2")
        assert (failed, "there is no result 2, or it is not kept any more" in said) == (True, True)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_what_a_tool_prints_is_no_part_of_the_protocol_and_what_it_asks_is(
    site: Site, person: Person, mode: Mode
) -> None:
    site.install("loud", tool_source(LOUD, parameters="ctx: ToolContext"))
    site.enable("loud")
    heard: list[str | None] = []

    async def progress(progress: float, total: float | None, message: str | None) -> None:
        heard.append(message)

    async with assistant(site.home, person, "--tools", "loud", mode=mode) as client:
        person.answers = ["b"]
        result = await client.call_tool("go", {}, progress_callback=progress)
        assert json.loads(result.content[0].text) == ["", "b"]  # type: ignore[union-attr]
        assert person.asked == [("tool       loud.go\nasks\n  Which?", ["a", "b"])]
        assert heard == ["half"]
        failed, said = await called(client, "go")
        assert (failed, "nobody answered the question" in said) == (True, True)


async def test_a_call_that_the_other_assistant_gives_up_is_stopped(site: Site) -> None:
    stopped = site.home / "work" / "stopped"
    body = f"while not ctx.cancelled.wait(0.05): ctx.progress('on')\nopen({str(stopped)!r}, 'w').close()"
    site.install("slow", tool_source(body, parameters="ctx: ToolContext"))
    site.enable("slow")
    (site.home / "config.toml").write_text('[plugins]\nopen = ["slow"]\n')
    async with assistant(site.home, None, "--allow-root") as client:
        with anyio.move_on_after(5):
            await client.call_tool("go", {})
        with anyio.fail_after(100):
            while not stopped.exists():  # noqa: ASYNC110
                await anyio.sleep(0.05)
        assert await called(client, "calculator", expression="1 + 1") == (False, "2")


async def test_rookery_inside_rookery(yard: Yard, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    inner = ServerSettings(
        command=sys.executable,
        args=("-c", RUN, "--workspace", str(trusted(tmp_path, tmp_path / "work")), "--tools", "calculator,write_file"),
        env=environment(tmp_path),
        start_s=200.0,
    )
    servers = await yard.ready(inner=inner)
    assert one(servers).problem == ""
    assert one(servers).about.startswith("rookery ")
    runner = yard.runner(servers)
    assert runner.registry.names == ("calculator", "write_file")
    assert (await yard.call(runner, "inner.calculator", expression="6 * 7")).output == "42"
    yard.answers = ["allow once"]
    done = await yard.call(runner, "write_file", path="a.txt", content="one")
    assert done.status is ToolStatus.OK, done.output
    assert (tmp_path / "work" / "a.txt").read_text() == "one"
    done = await yard.call(runner, "write_file", path="b.txt", content="one")
    assert (done.status, "did not allow" in done.output) == (ToolStatus.FAILED, True)


def said_by(*arguments: str, home: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", RUN, *arguments],
        input=stdin, capture_output=True, text=True, timeout=200, check=False,
        env={**os.environ, "ROOKERY_HOME": str(home)},
    )  # fmt: skip


def test_it_ends_with_its_input_and_wrong_options_are_said_at_once(tmp_path: Path) -> None:
    done = said_by(home=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    done = said_by("--tools", "nosuch", home=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no tool or plugin named nosuch" in done.stderr


def lines(*messages: dict[str, Any]) -> Sequence[str]:
    return [json.dumps({"jsonrpc": "2.0", **message}) for message in messages]


def test_rubbish_on_its_input_ends_nothing_and_only_messages_are_on_its_output(tmp_path: Path) -> None:
    begin = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    text = "\n".join(
        ["rubbish", *lines({"id": 1, "method": "initialize", "params": begin}, {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {"name": "calculator", "arguments": {"expression": "1 + 2"}}})]
    )  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-c", RUN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "ROOKERY_HOME": str(tmp_path)},
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(text + "\n")
    process.stdin.flush()
    answers = [json.loads(process.stdout.readline()) for _ in range(2)]
    process.stdin.close()
    assert (process.stdout.read(), process.wait(200)) == ("", 0)
    process.stdout.close()
    assert [answer["id"] for answer in answers] == [1, 2]
    assert answers[1]["result"]["content"][0]["text"] == "3"
