"""MCP servers that others wrote, installed with pip and npm, and used by the assistant."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest

from rookery_core.approval.policy import Reply
from rookery_core.assistant import Assistant
from rookery_core.compose import build
from rookery_core.config import Config
from rookery_core.equipment import Options
from rookery_core.events import (
    ApprovalRequested,
    Decision,
    Event,
    QuestionAsked,
    ToolFinished,
    ToolProgress,
    ToolStatus,
)
from rookery_core.mcp.settings import McpSettings, ServerSettings
from rookery_core.paths import Paths
from rookery_core.plugin import Risk
from rookery_core.testing import ScriptedModel
from tests.core.conftest import act, answer, play
from tests.trusted import trusted

pytestmark = [pytest.mark.packaging, pytest.mark.timeout(600)]

OK = ToolStatus.OK
MAIN = "import sys; from rookery_tui.cli import main; sys.exit(main())"
Make = Callable[..., Assistant]


def installed(folder: Path, *requirements: str) -> Path:
    """A folder to import from with these packages, and what they need, in it."""
    command = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run(
        [*command, "--no-compile", "--target", str(folder), *requirements], check=True, capture_output=True, timeout=500
    )
    return folder


@pytest.fixture(scope="module")
def with_pip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Servers made with the protocol's library as it is now."""
    return installed(tmp_path_factory.mktemp("pip"), "mcp-server-time", "mcp-server-git")


@pytest.fixture(scope="module")
def with_an_older_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed(tmp_path_factory.mktemp("older"), "mcp-server-sqlite", "mcp<2")


@pytest.fixture(scope="module")
def with_npm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the reference servers that are written in TypeScript."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node and npm are not installed")
    folder = tmp_path_factory.mktemp("npm")
    names = ["@modelcontextprotocol/server-everything", "@modelcontextprotocol/server-filesystem"]
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), *names]
    subprocess.run(command, check=True, capture_output=True, timeout=500)
    return folder / "node_modules" / "@modelcontextprotocol"


def python_server(folder: Path, module: str, *arguments: str, **settings: object) -> ServerSettings:
    given = {"args": ("-m", module, *arguments), "env": {"PYTHONPATH": str(folder)}, "start_s": 120.0, **settings}
    return ServerSettings.model_validate({"command": sys.executable, **given})


def node_server(folder: Path, name: str, *arguments: str, **settings: object) -> ServerSettings:
    given = {"args": (str(folder / name / "dist" / "index.js"), *arguments), "start_s": 120.0, **settings}
    return ServerSettings.model_validate({"command": "node", **given})


async def allowed(request: ApprovalRequested) -> Reply:
    return Reply(Decision.ONCE)


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    made: list[Assistant] = []

    async def no_answer_but_yes(asked: QuestionAsked) -> str | None:
        return "yes" if "yes" in asked.choices else "Rook" if not asked.choices else asked.choices[0]

    def assistant(script: list[str], servers: Mapping[str, ServerSettings]) -> Assistant:
        made.append(
            build(
                Config(mcp=McpSettings(servers=dict(servers))),
                Paths.find({"ROOKERY_HOME": str(tmp_path / "home")}),
                Options(tmp_path, max_steps=20, allow_root=True),
                approver=allowed,
                answerer=no_answer_but_yes,
                model=ScriptedModel(script),
            )
        )
        return made[-1]

    yield assistant
    for each in made:
        await each.close()


async def played(assistant: Assistant) -> list[Event]:
    """One turn, once all servers are ready."""
    await assistant.servers.settled()
    assert assistant.servers.failed() == []
    return await play(assistant, assistant.new_session(), "do it")


def done(events: list[Event]) -> list[tuple[ToolStatus, str]]:
    return [(event.status, event.output) for event in events if isinstance(event, ToolFinished)]


async def test_the_time_and_git_from_pip(make: Make, with_pip: Path, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    repository.mkdir()
    for command in (["init", "-q"], ["config", "user.email", "a@x.test"], ["config", "user.name", "A"]):
        subprocess.run(["git", *command], cwd=repository, check=True)
    (repository / "a.txt").write_text("one\n")
    here = f'"repo_path": "{repository}"'
    script = [
        act(
            "time.convert_time",
            '{"source_timezone": "Europe/London", "time": "14:30", "target_timezone": "Asia/Tokyo"}',
        ),
        act(
            "time.convert_time",
            '{"source_timezone": "Nowhere/At_All", "time": "14:30", "target_timezone": "Asia/Tokyo"}',
        ),
        act("git_status", f"{{{here}}}"),
        act("git_add", f'{{{here}, "files": ["a.txt"]}}'),
        act("git_commit", f'{{{here}, "message": "the first"}}'),
        act("git_log", f"{{{here}}}"),
        answer("done"),
    ]
    servers = {
        "time": python_server(with_pip, "mcp_server_time", risk={"convert_time": Risk.PURE}),
        "repository": python_server(
            with_pip, "mcp_server_git", "--repository", str(repository), risk={"git_commit": Risk.READ}
        ),
    }
    events = await played(make(script, servers))
    (time, wrong, status, add, commit, log) = done(events)
    assert time[0] is OK
    assert "+9.0h" in time[1]
    assert (wrong[0], "Nowhere/At_All" in wrong[1]) == (ToolStatus.FAILED, True)
    assert (status[0], "a.txt" in status[1]) == (OK, True)
    assert (add[0], commit[0], log[0]) == (OK, OK, OK)
    assert "the first" in log[1]
    asked = {event.tool: event.risk for event in events if isinstance(event, ApprovalRequested)}
    assert asked == {
        "repository.git_status": "execute", "repository.git_add": "execute", "repository.git_log": "execute",
        "repository.git_commit": "write",  # which it says of itself
    }  # fmt: skip


async def test_a_database_from_pip_with_an_older_protocol(
    make: Make, with_an_older_library: Path, tmp_path: Path
) -> None:
    script = [
        act("create_table", '{"query": "create table birds (name text, n integer)"}'),
        act("write_query", '{"query": "insert into birds values (\'rook\', 12)"}'),
        act("read_query", '{"query": "select name, n from birds"}'),
        act("read_query", '{"query": "drop table birds"}'),
        answer("done"),
    ]
    file = tmp_path / "birds.db"
    run = "import mcp_server_sqlite; mcp_server_sqlite.main()"  # the module itself is no program
    server = python_server(with_an_older_library, "", args=("-c", run, "--db-path", str(file)))
    assistant = make(script, {"birds": server})
    (created, written, read, dropped) = done(await played(assistant))
    assert (created[0], written[0], read) == (OK, OK, (OK, "[{'name': 'rook', 'n': 12}]"))
    assert "Only SELECT queries are allowed" in dropped[1]
    (ready,) = assistant.servers
    assert ready.about == "sqlite 0.1.0, protocol 2025-11-25"


async def test_files_and_everything_from_npm(make: Make, with_npm: Path, tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    script = [
        act("filesystem.write_file", f'{{"path": "{files}/a.txt", "content": "one\\ntwo\\n"}}'),
        act("read_text_file", f'{{"path": "{files}/a.txt", "head": 1}}'),
        act("read_text_file", '{"path": "/etc/passwd"}'),
        act("get_sum", '{"a": 2, "b": 3}'),
        act("get_tiny_image", "{}"),
        act("get_resource_links", '{"count": 2}'),
        act("get_structured_content", '{"location": "New York"}'),
        act("trigger_long_running_operation", '{"duration": 1, "steps": 4}'),
        act("trigger_elicitation_request", "{}"),
        answer("done"),
    ]
    servers = {
        "filesystem": node_server(with_npm, "server-filesystem", str(files)),
        "everything": node_server(with_npm, "server-everything"),
    }
    assistant = make(script, servers)
    events = await played(assistant)
    (written, read, outside, total, image, links, structured, slow, asked) = done(events)
    assert written[0] is OK
    assert (files / "a.txt").read_text() == "one\ntwo\n"
    assert read == (OK, "one")
    assert (outside[0], "outside allowed directories" in outside[1]) == (ToolStatus.FAILED, True)
    assert total == (OK, "The sum of 2 and 3 is 5.")
    assert re.search(r"\[image \(image/png\), [\d.]+ kB: cannot be shown\]", image[1])
    assert links[1].count("[link to ") == 2
    assert "temperature" in structured[1]
    assert slow[0] is OK
    assert any(isinstance(event, ToolProgress) for event in events)
    assert (asked[0], any(isinstance(event, QuestionAsked) for event in events)) == (OK, True), asked
    assert "filesystem.read_file" in assistant.tools.registry.names  # the built-in one keeps the short name
    assert "read_file" in assistant.tools.registry.names


@pytest.mark.model
def test_the_default_model_uses_a_server_from_pip(with_pip: Path, tmp_path: Path) -> None:
    server = python_server(with_pip, "mcp_server_time")
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    (home / "config.toml").write_text(
        '[plugins]\ndisabled = ["clock"]\n'  # whose tool has the name of one of the server's
        f"[mcp.servers.time]\ncommand = {server.command!r}\nargs = {[*server.args]!r}\nstart_s = 120\n"
        f"env = {{ PYTHONPATH = {str(with_pip)!r} }}\nrisk = {{ get_current_time = 'read', convert_time = 'read' }}\n"
    )
    trusted(home, work)
    done = subprocess.run(
        [sys.executable, "-c", MAIN, "run", "What is the current time in Asia/Tokyo?", "--tools", "time", "--allow-root"],
        capture_output=True, text=True, timeout=500, check=False, cwd=work, stdin=subprocess.DEVNULL,
        env={**os.environ, "ROOKERY_HOME": str(home)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert 'action      get_current_time(timezone="Asia/Tokyo")' in done.stderr, done.stderr
    observed = done.stderr.partition("observation")[2]
    assert "Asia/Tokyo" in observed, done.stderr
    assert "denied" not in observed
    assert done.stdout.strip()
