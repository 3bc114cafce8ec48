"""`rookery stats`: how often the person was asked, what they said, and how many calls ran without a question."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from rookery_core.approval.policy import Reply
from rookery_core.compose import archive
from rookery_core.errors import SessionUnknown
from rookery_core.events import (
    ApprovalRequested,
    ApprovalResolved,
    Decision,
    Event,
    ToolRequested,
    ToolStarted,
    TurnStarted,
)
from rookery_core.observe.questions import questions
from rookery_core.store.calls import CallRecord
from rookery_core.store.sessions import Kind
from rookery_tui.arguments import parse
from rookery_tui.console import Console
from rookery_tui.exits import Exit
from rookery_tui.subcommands import stats
from tests.core.conftest import act, answer
from tests.tui.test_cli_sessions import Archive

WRITE, OTHER = act("save", '{"path": "a.txt", "text": "x"}'), act("save", '{"path": "b.txt", "text": "x"}')
ADD = act("add", '{"a": 1, "b": 2}')


def run(home: Archive, *argv: str) -> tuple[Exit, str]:
    out = io.StringIO()
    code = stats.main(parse(["stats", *argv]), home.paths, Console(io.StringIO(), out, home.err))
    return code, out.getvalue()


def says(*decisions: Decision) -> object:
    left = iter(decisions)

    async def approve(request: ApprovalRequested) -> Reply:
        return Reply(next(left))

    return approve


async def test_questions_are_counted_by_session_level_and_answer(tmp_path: Path) -> None:
    home = Archive(tmp_path)
    await home.session([ADD, WRITE, OTHER, answer("done")], "one", approver=says(Decision.ONCE, Decision.DENY))
    await home.session([WRITE, answer("done")], "two", approver=says(Decision.ALWAYS))
    await home.session([OTHER, answer("done")], "three")
    code, text = run(home)
    lines = text.splitlines()
    assert code is Exit.OK
    assert lines[0].split() == [
        "session",
        "turns",
        "calls",
        "unasked",
        "questions",
        "again",
        "median/turn",
        "most/turn",
    ]
    assert [line.split()[1:] for line in lines[1:5]] == [
        ["1", "1", "0", "1", "0", "1", "1"],
        ["1", "1", "0", "1", "0", "1", "1"],
        ["1", "3", "1", "2", "0", "2", "2"],
        ["3", "5", "1", "4", "0", "1", "2"],
    ]
    assert lines[4].split()[0] == "all"
    assert lines[6].split() == ["level", "questions", "once", "session", "always", "edited", "denied", "nobody", "open"]
    assert [line.split() for line in lines[7:]] == [
        ["R2", "4", "1", "0", "1", "0", "1", "1", "0"],
        ["all", "4", "1", "0", "1", "0", "1", "1", "0"],
    ]
    assert len(run(home, "--last", "1")[1].splitlines()) == 6
    told = json.loads(run(home, "--json")[1])
    assert [each["questions"] for each in told["sessions"]] == [1, 1, 2]
    assert told["all"]["by_level"] == {"R2": told["all"]["outcomes"]}
    assert told["all"]["in_a_turn"] == {"median": 1, "most": 2}
    one = told["sessions"][0]["session"]
    assert json.loads(run(home, "--session", one, "--json")[1])["sessions"] == told["sessions"][:1]
    with pytest.raises(SessionUnknown):
        run(home, "--session", "nothing")


async def test_calls_by_hand_are_counted_too(tmp_path: Path) -> None:
    home = Archive(tmp_path)
    stored = archive(home.paths)
    record = CallRecord(stored.sessions, Kind.HAND, tmp_path)
    record.keep(ToolRequested(call_id="1", tool="save", arguments={}))
    record.keep(ToolStarted(call_id="1", tool="kit.save", risk="write", arguments={}))
    record.close()
    stored.store.close()
    told = json.loads(run(home, "--json")[1])
    assert [each["session"][:5] for each in told["sessions"]] == ["hand-"]
    assert (told["all"]["turns"], told["all"]["calls"], told["all"]["without_a_question"]) == (0, 1, 1)
    assert run(home, "--session", "hand-")[1].splitlines()[1].startswith("hand-")


def test_without_any_session_that_is_said(tmp_path: Path) -> None:
    assert run(Archive(tmp_path)) == (Exit.OK, "No session is stored.\n")


def test_a_question_that_comes_again_and_one_that_was_never_answered_are_told() -> None:
    def asked(call_id: str, text: str, level: str = "R3") -> ApprovalRequested:
        return ApprovalRequested(
            call_id=call_id, turn=1, tool="kit.save", plugin="kit", distribution="kit", risk="write", level=level,
            arguments={"text": text}, workspace="/w",
        )  # fmt: skip

    events: list[Event] = [
        TurnStarted(turn=1, text="go", strategy="react", workspace="/w"),
        *(ToolRequested(call_id=each, tool="save", arguments={}) for each in "abc"),
        asked("a", "x"),
        ApprovalResolved(call_id="a", decision=Decision.ONCE, by="person"),
        ToolStarted(call_id="a", tool="kit.save", arguments={}),
        asked("a", "x"),
        ApprovalResolved(call_id="a", decision=Decision.SESSION, by="person"),
        ToolStarted(call_id="b", tool="kit.save", arguments={}),
        asked("c", "y", level=""),
        TurnStarted(turn=2, text="and", strategy="react", workspace="/w"),
    ]
    told = questions(events).told()
    assert (told["calls"], told["without_a_question"], told["questions"], told["asked_again"]) == (3, 1, 3, 1)
    assert told["in_a_turn"] == {"median": 1.5, "most": 3}
    assert told["by_level"]["-"]["open"] == 1
    assert (told["by_level"]["R3"]["once"], told["by_level"]["R3"]["session"]) == (1, 1)
