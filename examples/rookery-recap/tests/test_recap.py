"""A command is a function of a context and the rest of the line; the events are made by running real tools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rookery_recap import rookery_commands

from rookery_core.events import Answered, ApprovalResolved, CallRuled, ToolRequested, TurnEnded, TurnStarted, TurnStatus
from rookery_core.plugin import Event, Risk, Send, Tool, ToolFinished, ToolRetry, ToolStatus, Usage, WorkspacePath, tool
from rookery_core.testing import run_tool

COMMANDS = {command.name: command.run for command in rookery_commands()}


@dataclass(frozen=True)
class Session:
    """All that a command gets: a `CommandContext`."""

    workspace: Path
    events: tuple[Event, ...] = ()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path.resolve()


@tool(risk=Risk.WRITE)
def save(path: WorkspacePath, content: str) -> str:
    """Saves a file."""
    return "saved"


@tool(risk=Risk.PURE)
def add(a: int, b: int) -> int:
    """Adds."""
    if a == 0:
        raise ToolRetry("a must not\nbe 0")
    return a + b


def turn(text: str, during: Sequence[Event], answer: str = "Done.") -> tuple[Event, ...]:
    started = TurnStarted(text=text, strategy="react", workspace="/")
    ended = TurnEnded(status=TurnStatus.ANSWERED, steps=1, usage=Usage(), seconds=1.6)
    return (started, *during, Answered(text=answer), ended)


async def happened(workspace: Path) -> tuple[Event, ...]:
    """Two turns of five calls. Each run of a tool numbers its calls anew, and a session does not."""
    events: list[Event] = []
    calls: list[tuple[Tool, dict[str, Any], bool]] = [
        (save, {"path": "notes/a.txt", "content": "/etc/hosts\n"}, True),
        (save, {"path": "b.txt", "content": "one"}, False),
        (add, {"a": 1, "b": 2}, True),
        (add, {"a": 1, "b": 2}, True),
        (add, {"a": 0, "b": 2}, True),
    ]
    for n, (what, arguments, allow) in enumerate(calls):
        made: list[Event] = []
        await run_tool(what, arguments, workspace=workspace, allow=allow, events=made)
        events += [event.model_copy(update={"call_id": f"1.{n}"}) for event in made]
    return (*turn("Save my notes", events[:-4]), *turn("And add", events[-4:]))


async def test_a_recap_says_what_was_called_written_and_denied(workspace: Path) -> None:
    events = await happened(workspace)
    (denied,) = [event.reason for event in events if isinstance(event, ApprovalResolved)]
    assert COMMANDS["recap"](Session(workspace, events), "") == (
        "2 turns, 2 answers, 5 calls, 3 s\n"
        "\n"
        "Called\n"
        "  save  notes/a.txt\n"
        "  save  b.txt\n"
        "  add   1            2 times\n"
        "  add   0\n"
        "\n"
        "Written\n"
        "  notes/a.txt\n"
        "\n"
        "Came to nothing\n"
        f"  save  denied  {denied}\n"
        "  add   failed  a must not be 0"
    )


def test_a_plugin_s_reason_is_said_where_it_denied_a_call(workspace: Path) -> None:
    events = (
        ToolRequested(call_id="1.1", tool="save", arguments={"path": "a.pem"}),
        CallRuled(call_id="1.1", plugin="guard", ruling="deny", reason="keys stay"),
        ToolFinished(call_id="1.1", tool="save", status=ToolStatus.DENIED, output="Not allowed: keys stay."),
    )
    said = COMMANDS["recap"](Session(workspace, turn("Save", events)), "")
    assert isinstance(said, str)
    assert said.endswith("\n\nCalled\n  save  a.pem\n\nCame to nothing\n  save  denied  keys stay")


def test_a_turn_without_calls_has_one_line(tmp_path: Path) -> None:
    assert COMMANDS["recap"](Session(tmp_path, turn("Hello", ())), "") == "1 turn, 1 answer, 0 calls, 2 s"


def test_again_sends_the_last_message_and_what_is_added_to_it(tmp_path: Path) -> None:
    session = Session(tmp_path, (*turn("One", ()), *turn("Two", ())))
    assert COMMANDS["again"](session, "") == Send("Two")
    assert COMMANDS["again"](session, "in French") == Send("Two\n\nin French")


def test_a_handoff_is_written_for_whom_it_names(tmp_path: Path) -> None:
    session = Session(tmp_path, turn("One", ()))
    for rest, reader in (("", "a colleague"), ("Ann", "Ann")):
        sent = COMMANDS["handoff"](session, rest)
        assert isinstance(sent, Send)
        assert sent.text.startswith(f"Sum up this session for {reader} who takes over")


@pytest.mark.parametrize("name", list(COMMANDS))
def test_before_anything_was_said_there_is_nothing_to_send(name: str, tmp_path: Path) -> None:
    assert isinstance(COMMANDS[name](Session(tmp_path), ""), str)
