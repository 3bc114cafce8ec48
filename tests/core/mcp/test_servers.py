"""MCP servers over pipes: what they offer and return, and that whatever they do costs one call."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from rookery_core.approval.levels import Level
from rookery_core.approval.rules import remembered
from rookery_core.approval.subject import Subject
from rookery_core.events import QuestionAsked, ToolProgress, ToolStatus
from rookery_core.mcp import server as server_module
from rookery_core.mcp.server import RESTARTS, Server
from rookery_core.plugin import Risk
from rookery_core.tools.loader import Loaded, LoadedPlugin
from rookery_core.tools.registry import OfferedTool
from tests.core.mcp.kit import Yard, one, sample

pytestmark = pytest.mark.timeout(400)  # each server is a process that imports the library

SHOWN = {
    "plain": "plain",
    "structured": '{"a": [1, 2]}',
    "image": "[image (image/png), 12.3 kB: cannot be shown]\nthere",
    "audio": "[audio (audio/wav), 12.3 kB: cannot be shown]",
    "text resource": "[resource note://1]\nthe note",
    "resource": "[resource note://2 (application/zip), 12.3 kB: cannot be shown]",
    "link": "[link to note://3: it, a note]",
    "nothing": "done",
}

ELSEWHERE = "tool elsewhere is left out: its schema refers to something elsewhere: http://127.0.0.1:1/a"
TASK = "tool task_only is left out: it can only be run as what the protocol calls a task, which Rookery does not do"


@pytest.mark.parametrize("moods", [(), ("legacy",), ("legacy", "fussy")], ids=["new", "old", "old and fussy"])
async def test_tools_are_offered_called_and_their_results_are_text(
    yard: Yard, tmp_path: Path, moods: tuple[str]
) -> None:
    servers = await yard.ready(yard=sample(tmp_path, *moods))
    server = one(servers)
    assert (server.state, server.problem) == ("ready", "")
    assert ("2026" in server.about) == (not moods)
    runner = yard.runner(servers)
    offered = runner.registry.get("yard.get_sum")
    assert (offered.name, offered.distribution, offered.tool.risk) == (
        "get_sum",
        "MCP server python sample.py",
        Risk.EXECUTE,
    )
    said = [problem.reason for problem in server.problems()]
    assert said == [ELSEWHERE, TASK] if moods else [ELSEWHERE]  # the newer protocol has no tasks of its own
    done = await yard.call(runner, "get_sum", a=2, b=3)
    assert (done.status, done.output) == (ToolStatus.OK, "5")
    assert (await yard.call(runner, "get_sum", a="x")).status is ToolStatus.INVALID
    for what, said in SHOWN.items():
        done = await yard.call(runner, "show", what=what)
        assert (done.status, done.output) == (ToolStatus.OK, said)
    done = await yard.call(runner, "show", what="error")
    assert (done.status, done.output) == (ToolStatus.FAILED, "that went wrong")
    done = await yard.call(runner, "show", what="huge")
    assert (done.status, done.output[:6], len(done.output) < 5_100) == (ToolStatus.OK, "begin ", True)
    assert done.output.endswith("result 1]")
    assert len(yard.artifacts.texts[0]) > 1_900_000
    assert (await yard.call(runner, "die", how="fail")).status is ToolStatus.FAILED
    await yard.call(runner, "slow", seconds=1)
    progress = {event.text for event in yard.events if isinstance(event, ToolProgress)}
    assert progress
    assert progress <= {
        *(f"step {n}" for n in (1, 3, 5, 7, 9)),
        "0",
        "2 of 10",
        "4 of 10",
        "6 of 10",
        "8 of 10",
        "0 of 10",
    }


async def test_a_server_gets_a_small_environment_and_what_is_named(yard: Yard, tmp_path: Path) -> None:
    yard.environ = {"SECRET": "s3cret", "OTHER": "x", **os.environ}
    settings = sample(tmp_path, env={"TOKEN": "Bearer ${SECRET}"})
    folder, names, token = (await yard.call(await yard.ready(yard=settings), "surroundings")).output.split("\n")
    assert (folder, token) == (str(tmp_path), "Bearer s3cret")
    assert not {"SECRET", "OTHER", "PYTEST_CURRENT_TEST"} & {*names.split()}
    assert {"PATH", "TOKEN"} <= {*names.split()}
    assert "s3cret" not in repr(settings) + (tmp_path / "mcp.json").read_text()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"command": "no-such-command"}, "there is no command no-such-command"),
        ({"command": "/no/such/command"}, "there is no command /no/such/command"),
        ({"env": {"TOKEN": "${NO_SUCH_VARIABLE}"}}, "its setting env names the environment variable NO_SUCH_VARIABLE"),
        ({"mood": "crash"}, "its last words were: something is missing"),
        ({"mood": "late", "start_s": 0.5}, "no answer in 0.5 s; its log is "),
        ({"command": "true", "args": ()}, "it could not be started: it ended"),
        ({"command": "cat", "args": ()}, "it could not be started: "),
    ],
)
async def test_a_server_that_cannot_be_used_is_named_with_its_reason(
    yard: Yard, tmp_path: Path, settings: dict[str, object], said: str
) -> None:
    mood = [str(settings.pop("mood"))] if "mood" in settings else []
    servers = await yard.ready(bad=sample(tmp_path, *mood, **settings))
    (problem,) = one(servers).problems()
    assert (problem.plugin, problem.failed) == ("bad", True)
    assert said in problem.reason
    assert servers.failed() == [problem]
    assert servers.joined(Loaded((), ())).problems == (problem,)


async def test_a_server_that_ends_costs_one_call_and_is_started_again(yard: Yard, tmp_path: Path) -> None:
    servers = await yard.ready(yard=sample(tmp_path))
    runner = yard.runner(servers)
    done = await yard.call(runner, "die", how="exit")
    assert done.status is ToolStatus.FAILED
    assert done.output == "its MCP server ended during the call: its last words were: no more of this"
    assert (await yard.call(runner, "get_sum", a=1, b=1)).output == "2"
    done = await yard.call(runner, "die", how="rubbish")
    assert done.output == "and yet"
    await yard.until(lambda: "no message of the protocol" in yard.log("yard"))
    for _ in range(RESTARTS + 1):
        assert (await yard.call(runner, "die", how="kill")).output.startswith("its MCP server ended during the call")
    done = await yard.call(runner, "get_sum", a=1, b=1)
    assert (done.status, f"it ended {RESTARTS + 1} times in a row" in done.output) == (ToolStatus.FAILED, True)
    assert one(servers).state == "failed"
    assert "get_sum" not in yard.runner(servers).registry.names
    await servers.look_again()
    await servers.settled()
    assert (await yard.call(servers, "get_sum", a=1, b=1)).output == "2"


async def test_a_call_that_is_stopped_is_cancelled_there(yard: Yard, tmp_path: Path) -> None:
    servers = await yard.ready(yard=sample(tmp_path, timeout_s=20.0))
    runner = yard.runner(servers)
    calling = asyncio.create_task(yard.call(runner, "slow", seconds=60))
    await yard.until((tmp_path / "begun").exists)
    began = time.monotonic()
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert time.monotonic() - began < 10
    await yard.until((tmp_path / "cancelled").exists)
    done = await yard.call(runner, "get_sum", a=1, b=1)  # the same process goes on
    assert done.output == "2"
    assert one(servers)._restarts_left == RESTARTS


async def test_a_server_that_answers_no_more_is_given_up_and_started_again(
    yard: Yard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "STILL_THERE_SECONDS", 0.3)
    servers = await yard.ready(yard=sample(tmp_path, timeout_s=0.5))
    runner = yard.runner(servers)
    done = await yard.call(runner, "block", seconds=600)
    assert (done.status, done.output) == (ToolStatus.TIMEOUT, "block took longer than 0.5 seconds and was given up.")
    connection = await one(servers).connection(runner.registry.get("get_sum").tool)  # takes longer than a call may
    assert not connection.doubtful
    assert (await yard.call(runner, "get_sum", a=1, b=1)).output == "2"


@pytest.mark.parametrize("moods", [(), ("legacy",)], ids=["new", "old"])
async def test_a_changed_definition_is_offered_anew_and_loses_its_grants(
    yard: Yard, tmp_path: Path, moods: tuple[str]
) -> None:
    servers = await yard.ready(yard=sample(tmp_path, *moods))
    before = yard.runner(servers)
    old = before.registry.get("moody")
    (rule,) = remembered(Subject(old, {}, tmp_path, ("{}",)), Level.R3)
    assert rule.about(Subject(before.registry.get("moody"), {}, tmp_path, ("{}",)))
    edition = servers.edition
    assert (await yard.call(before, "moody")).output == "changed"
    await yard.until(lambda: servers.edition != edition)
    done = await yard.call(before, "moody")
    assert (done.status, "is not what it was" in done.output) == (ToolStatus.FAILED, True)
    after = yard.runner(servers)
    assert after.registry.get("moody").tool.description == "Does something else."
    assert "extra" in after.registry.names
    assert not rule.about(Subject(after.registry.get("moody"), {}, tmp_path, ("{}",)))
    assert (await yard.call(after, "extra")).output == "changed"
    await yard.until(lambda: "extra" not in yard.runner(servers).registry.names)
    done = await yard.call(after, "extra")
    assert "is not offered any more" in done.output


@pytest.mark.parametrize("moods", [(), ("legacy",)], ids=["new", "old"])
async def test_what_a_server_asks_is_put_to_the_person(yard: Yard, tmp_path: Path, moods: tuple[str]) -> None:
    runner = yard.runner(await yard.ready(yard=sample(tmp_path, *moods)))
    yard.answers = ["Rome", "12", "3", "leave it out", "second"]
    done = await yard.call(runner, "ask", kind="form")
    assert done.output == "accept {'city': 'Rome', 'seats': 3, 'class': 'b'}"
    asked = [event for event in yard.events if isinstance(event, QuestionAsked)]
    assert {event.tool for event in asked} == {"yard.ask"}
    assert [event.question for event in asked[:3]] == [
        "A ticket?\nCity: where to",
        "A ticket?\nseats (from 1 to 9)",
        "That does not fit: 12 is greater than the maximum of 9\nA ticket?\nseats (from 1 to 9)",
    ]
    assert [event.choices for event in asked[3:]] == [
        ("yes", "no", "leave it out"),
        ("first", "second", "leave it out"),
    ]
    for kind, answers, said in (
        ("form", ["Rome"], "cancel None"), ("form", [], "cancel None"), ("confirm", ["yes"], "accept {}"),
        ("confirm", [], "decline None"), ("url", ["yes"], "accept None"), ("url", ["no"], "decline None"),
    ):  # fmt: skip
        yard.answers = [*answers]
        assert (await yard.call(runner, "ask", kind=kind)).output == said


async def test_the_time_in_which_the_person_is_asked_is_not_the_servers(yard: Yard, tmp_path: Path) -> None:
    runner = yard.runner(await yard.ready(yard=sample(tmp_path, timeout_s=2.0)))

    class Slowly(list[str | None]):
        def pop(self, n: int = -1) -> str | None:
            time.sleep(2.5)
            return super().pop(n)

    yard.answers = Slowly(["yes"])
    assert (await yard.call(runner, "ask", kind="confirm")).output == "accept {}"


async def test_what_is_remembered_is_offered_at_once_and_called_when_it_is_ready(yard: Yard, tmp_path: Path) -> None:
    settings = sample(tmp_path)
    first = yard.servers(yard=settings)
    await first.start()
    assert [problem.plugin for problem in first.waiting()] == ["yard"]
    assert len(yard.runner(first).registry) == 0
    await first.settled()
    await first.close()
    again = yard.servers(yard=settings)
    await again.start()
    assert one(again).state == "starting"
    assert again.waiting() == []
    assert (await yard.call(again, "get_sum", a=1, b=1)).output == "2"
    await again.close()
    other = yard.servers(yard=sample(tmp_path, "legacy"))
    await other.start()
    assert [problem.plugin for problem in other.waiting()] == ["yard"]  # with other settings it is another server


async def test_what_is_remembered_and_is_not_so_any_more_is_not_called(yard: Yard, tmp_path: Path) -> None:
    settings = sample(tmp_path)
    await (await yard.ready(yard=settings)).close()
    again = yard.servers(yard=settings)
    await again.start()
    runner = yard.runner(again)
    (tmp_path / "changed").touch()
    done = await yard.call(runner, "moody")
    assert "is not what it was, and is offered anew in the next turn" in done.output


async def test_calls_at_the_same_time_start_a_server_once(yard: Yard, tmp_path: Path) -> None:
    servers = await yard.ready(yard=sample(tmp_path))
    runner = yard.runner(servers)
    await yard.call(runner, "die", how="kill")
    done = await asyncio.gather(*(yard.call(runner, "get_sum", a=n, b=0) for n in range(4)))
    assert [each.output for each in done] == ["0", "1", "2", "3"]
    assert one(servers)._restarts_left == RESTARTS


def plugin(name: str, distribution: str) -> LoadedPlugin:
    return LoadedPlugin.of_tools(name, distribution, ())


async def test_names_clash_as_those_of_plugins_do(yard: Yard, tmp_path: Path) -> None:
    servers = yard.servers(files=sample(tmp_path), todo=sample(tmp_path), other=sample(tmp_path))
    joined = servers.joined(Loaded((plugin("files", "rookery"), plugin("todo", "todo-dist")), ()))
    assert [(p.name, p.distribution) for p in joined.plugins] == [
        ("files", "rookery"), ("other", "MCP server python sample.py"),
    ]  # fmt: skip
    assert [(p.plugin, p.distribution, p.reason.partition(";")[0]) for p in joined.problems] == [
        ("files", "MCP server python sample.py", "the name files is built into Rookery"),
        ("todo", "MCP server python sample.py", "the name todo is that of an installed plugin and of an MCP server"),
        ("todo", "todo-dist", "the name todo is that of an installed plugin and of an MCP server"),
    ]


def offered(server: Server, name: str) -> OfferedTool:
    tool = server.offered.get(name)
    assert tool is not None
    return OfferedTool(tool, server.name, server.distribution, name)


async def test_settings_choose_tools_and_say_what_they_do(yard: Yard, tmp_path: Path) -> None:
    settings = sample(tmp_path, tools=("get-Sum", "moody", "nosuch"), risk={"get_sum": Risk.READ, "gone": Risk.READ})
    server = one(await yard.ready(yard=settings))
    assert {tool.name: tool.risk for tool in server.offered.tools} == {"get_sum": Risk.READ, "moody": Risk.EXECUTE}
    assert [remark.reason for remark in server.offered.remarks] == [
        "its setting tools names a tool nosuch, which it does not offer",
        "its setting risk names a tool gone, which it does not offer",
    ]
