"""MCP servers and turns: nothing waits for a slow one, what is said of them, and what goes to the model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from rookery_core.approval.policy import Reply
from rookery_core.assistant import Assistant
from rookery_core.compose import build
from rookery_core.config import Config, PluginSettings
from rookery_core.equipment import Options
from rookery_core.errors import ConfigError, PluginError
from rookery_core.events import ApprovalRequested, Decision, Event, PluginFailed, ToolFinished, ToolStatus, TurnStarted
from rookery_core.mcp.servers import STARTING
from rookery_core.mcp.settings import McpSettings, ServerSettings
from rookery_core.paths import Paths
from rookery_core.testing import ScriptedModel
from tests.core.conftest import act, answer, play
from tests.core.mcp.kit import rough, sample

pytestmark = pytest.mark.timeout(400)  # each server is a process that imports the library

Make = Callable[..., Assistant]
SUM = act("get_sum", '{"a": 2, "b": 3}')


class Person:
    """Allows everything for the session, and remembers what was asked."""

    def __init__(self) -> None:
        self.asked: list[ApprovalRequested] = []

    async def __call__(self, request: ApprovalRequested) -> Reply:
        self.asked.append(request)
        return Reply(Decision.SESSION)


@pytest.fixture
def person() -> Person:
    return Person()


@pytest.fixture
async def make(tmp_path: Path, person: Person) -> AsyncIterator[Make]:
    made: list[Assistant] = []

    def assistant(
        script: list[str], servers: Mapping[str, ServerSettings], config: Config | None = None, **options: Any
    ) -> Assistant:
        settings = (config or Config()).model_copy(update={"mcp": McpSettings(servers=dict(servers))})
        paths = Paths.find({"ROOKERY_HOME": str(tmp_path / "home")})
        wanted = Options(tmp_path, allow_root=True, **options)
        made.append(build(settings, paths, wanted, approver=person, model=ScriptedModel(script)))
        return made[-1]

    yield assistant
    for each in made:
        await each.close()


async def started(assistant: Assistant) -> list[Event]:
    async with aclosing(assistant.start(assistant.new_session())) as events:
        return [event async for event in events]


def failures(events: list[Event]) -> list[tuple[str, str]]:
    return [(event.plugin, event.reason) for event in events if isinstance(event, PluginFailed)]


def finished(events: list[Event]) -> list[ToolFinished]:
    return [event for event in events if isinstance(event, ToolFinished)]


async def test_a_turn_waits_for_no_server_and_says_whose_tools_it_goes_without(
    make: Make, tmp_path: Path, person: Person
) -> None:
    good, late = sample(tmp_path, "legacy"), sample(tmp_path, "late")
    bad = ServerSettings(command="no-such-command")
    moody = [act("moody", '{"n": 1}'), act("moody", '{"n": 2}')]
    script = [answer("no tool"), SUM, *moody, answer("done"), SUM, answer("done")]
    assistant = make(script, {"good": good, "late": late, "bad": bad})
    session = assistant.new_session()
    assert failures(await started(assistant)) == [
        ("bad", "it could not be started: there is no command no-such-command")
    ]
    first = await play(assistant, session, "hello")
    assert failures(first) == [("good", STARTING), ("late", STARTING)]
    assert "get_sum" not in next(event.tools for event in first if isinstance(event, TurnStarted))

    (server,) = [server for server in assistant.servers if server.name == "good"]
    await server.settled()
    second = await play(assistant, session, "add two numbers, 2 and 3")
    assert "get_sum" in next(event.tools for event in second if isinstance(event, TurnStarted))
    assert {plugin for plugin, _ in failures(second)} == {"good"}  # for tools of it; of the late one it was said
    assert [(each.status, each.output) for each in finished(second)[:2]] == [
        (ToolStatus.OK, "5"), (ToolStatus.OK, "changed"),
    ]  # fmt: skip
    assert "is not what it was, and is offered anew in the next turn" in finished(second)[2].output
    assert [(asked.tool, asked.distribution, asked.risk) for asked in person.asked] == [
        (f"good.{tool}", "MCP server python sample.py", "execute") for tool in ("get_sum", "moody", "moody")
    ]
    third = await play(assistant, session, "again")
    assert failures(third) == []
    assert [each.output for each in finished(third)] == ["5"]
    assert len(person.asked) == 4  # "for the session" does not hold any more: what a server returned is not trusted
    assert person.asked[-1].untrusted[0].startswith("moody of the MCP server good, read ")
    assert (person.asked[0].untrusted, person.asked[-1].remembers) == ((), ())


async def test_the_next_session_offers_at_once_what_was_offered_before(make: Make, tmp_path: Path) -> None:
    settings = {"good": sample(tmp_path)}
    before = make([answer("hi")], settings)
    await before.servers.known()
    await before.servers.settled()
    offered = before.tools.registry.names
    after = make([SUM, answer("done")], settings)
    assert [plugin for plugin, _ in failures(await started(after))] == ["good"]  # a tool of it that cannot be used
    assert after.tools.registry.names == offered
    events = await play(after, after.new_session(), "what is 2 and 3?")
    assert [each.output for each in finished(events)] == ["5"]


async def test_names_of_servers_and_their_tools_may_be_used_before_they_are_there(make: Make, tmp_path: Path) -> None:
    assistant = make([SUM, answer("done")], {"good": sample(tmp_path)}, tools=["good.get_sum"], allow=["good"])
    await assistant.servers.known()
    assert assistant.tools.registry.names == ("get_sum",)
    events = await play(assistant, assistant.new_session(), "2 and 3")
    assert [each.output for each in finished(events)] == ["5"]
    assert not any(isinstance(event, ApprovalRequested) for event in events)
    with pytest.raises(ConfigError, match="there is no tool or plugin named goood"):
        make([], {"good": sample(tmp_path)}, tools=["goood.get_sum"])


async def test_servers_are_chosen_and_kept_out_like_plugins(make: Make, tmp_path: Path) -> None:
    both = {"one": sample(tmp_path), "two": sample(tmp_path).model_copy(update={"enabled": False})}
    assert [server.name for server in make([], both).servers] == ["one"]
    assert [server.name for server in make([], both, plugins=["two"]).servers] == ["two"]
    assert [server.name for server in make([], both, plugins=[]).servers] == []
    disabled = Config(plugins=PluginSettings(disabled=("one",)))
    assert [server.name for server in make([], both, disabled).servers] == []
    with pytest.raises(ConfigError, match="no installed plugin named three"):
        make([], both, plugins=["three"])


async def test_where_that_is_strict_a_server_that_cannot_be_used_ends_the_start(make: Make, tmp_path: Path) -> None:
    assistant = make([], {"bad": sample(tmp_path, "crash")}, strict=True)
    with pytest.raises(PluginError, match=r"strict: bad: it could not be started: .*something is missing"):
        await started(assistant)


async def test_reloading_reads_the_settings_anew(make: Make, tmp_path: Path) -> None:
    assistant = make([answer("a"), SUM, answer("done")], {"bad": ServerSettings(command="no-such-command")})
    await assistant.servers.known()
    assert [problem.plugin for problem in assistant.servers.failed()] == ["bad"]
    home = tmp_path / "home"
    file = home / "config.toml"
    good = sample(tmp_path)
    file.write_text(f"[mcp.servers.good]\ncommand = {good.command!r}\nargs = {[*good.args]!r}\nstart_s = 200\n")
    await assistant.reload_plugins()
    assert [server.name for server in assistant.servers] == ["good"]
    await assistant.servers.settled()
    events = await play(assistant, assistant.new_session(), "2 and 3")
    assert "get_sum" in next(event.tools for event in events if isinstance(event, TurnStarted))
    file.write_text("[mcp.servers.good]\n")
    with pytest.raises(ConfigError, match="needs a command or a url"):
        await assistant.reload_plugins()
    assert "get_sum" in assistant.tools.registry.names


async def test_plugins_are_looked_at_anew_by_one_at_a_time_until_servers_are_exchanged_too(make: Make) -> None:
    assistant = make([], {})
    before = assistant._parts.gear
    first = asyncio.create_task(assistant.reload_plugins())
    while assistant._parts.gear is before:  # noqa: ASYNC110
        await asyncio.sleep(0)
    with pytest.raises(PluginError, match="looked at already"):
        await assistant.reload_plugins()
    await first
    await assistant.reload_plugins()


async def test_a_named_tool_that_a_server_does_not_offer_is_told_once_that_is_known(make: Make, tmp_path: Path) -> None:
    assistant = make([answer("a"), answer("b")], {"good": rough(tmp_path)}, tools=["good.ecko", "clock"])
    await assistant.servers.settled()
    events = await play(assistant, assistant.new_session(), "say it")
    assert failures(events) == [
        ("good", "it has no tool ecko, which --tools or --allow names; its tools are: "
         "echo, strict, promising"),
    ]  # fmt: skip
    assert failures(await play(assistant, assistant.new_session(), "say it")) == []
