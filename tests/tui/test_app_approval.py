"""The question about a tool call: what it shows, which keys answer it, and what becomes of it when the turn is stopped."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from rookery_core.plugin import Risk, tool
from rookery_tui.screens.approval import ApprovalScreen
from rookery_tui.widgets.call import CallRows
from tests.tui.app_kit import (
    Desk,
    answers,
    chat_text,
    events_of,
    idle,
    kinds,
    ready,
    said_and_done,
    say,
    screen_text,
    the_app,
    thinks,
    trace_text,
    type_at_once,
    until,
)

WRITE = thinks("I write it.", "writer", '{"text": "hello"}')
LONG = thinks("I write it.", "writer", '{"text": "' + "\\n".join(f"line {n}" for n in range(100)) + '"}')


def question(pilot: Pilot[None]) -> ApprovalScreen | None:
    screen = pilot.app.screen
    return screen if isinstance(screen, ApprovalScreen) else None


def is_asked(pilot: Pilot[None]) -> bool:
    """Whether the question is on the screen."""
    opened = question(pilot)
    return opened is not None and opened.unseen is not None


@asynccontextmanager
async def asked(desk: Desk, **settings: Any) -> AsyncIterator[Pilot[None]]:
    """An app whose model has just asked to write."""
    async with desk.app(**settings).run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await say(pilot, "write hello")
        await until(pilot, lambda: is_asked(pilot))
        yield pilot


def decision(pilot: Pilot[None]) -> dict[str, Any]:
    found = [event.model_dump() for event in events_of(pilot) if type(event).__name__ == "ApprovalResolved"]
    return found[-1]


def told(desk: Desk) -> str:
    """What the model read last."""
    return desk.model.seen[-1][-1].content


async def test_the_question_shows_the_call_exactly(tmp_path: Path) -> None:
    async with asked(Desk(tmp_path, [WRITE, answers("ok")])) as pilot:
        text = screen_text(pilot.app.screen)
        for part in (
            "kit.writer",
            "plugin kit (kit-dist)",
            "write",
            str(tmp_path),
            "text     │ hello",
            's allows   kit.writer: {"text": "hello"}',
            "5 characters",
        ):
            assert part in text


async def test_y_allows_once_and_the_next_call_asks_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [WRITE, answers("done"), WRITE, answers("done again")])
    async with asked(desk) as pilot:
        await pilot.press("y")
        await idle(pilot)
        assert question(pilot) is None
        assert decision(pilot)["decision"] == "once"
        assert "wrote hello" in told(desk)
        await say(pilot, "again")
        await until(pilot, lambda: is_asked(pilot))
        await pilot.press("n")
        await idle(pilot)


async def test_s_allows_the_same_until_the_program_ends(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [WRITE, answers("done"), WRITE, answers("done again")])
    desk.distribution = "rookery"
    async with asked(desk) as pilot:
        await pilot.press("s")
        await idle(pilot)
        await said_and_done(pilot, "again")
        assert "done again" in chat_text(pilot)
        assert kinds(pilot).count("ApprovalRequested") == 1


async def test_after_words_of_others_s_is_not_offered_and_their_source_is_shown(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [WRITE, answers("done"), WRITE, answers("done again")])
    async with asked(desk) as pilot:
        assert "s allows" in screen_text(pilot.app.screen)
        await pilot.press("s")
        await idle(pilot)
        assert "untrusted: plugin" in [part.text for part in the_app(pilot).main.status.meter.parts()]
        await say(pilot, "again")
        await until(pilot, lambda: is_asked(pilot))
        text = screen_text(pilot.app.screen)
        assert "untrusted  writer of the plugin kit, read 2 steps ago" in text
        assert "private    things of yours are before the model as well" in text
        assert "s allows" not in text
        await pilot.press("s")
        assert is_asked(pilot)
        await pilot.press("n")
        await idle(pilot)


async def test_n_denies_and_the_model_is_told(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [WRITE, answers("then not")])
    async with asked(desk) as pilot:
        await pilot.press("n")
        await idle(pilot)
        assert "The person did not allow this call." in told(desk)
        assert "ToolStarted" not in kinds(pilot)
        assert "then not" in chat_text(pilot)


async def test_escape_denies_and_the_turn_goes_on(tmp_path: Path) -> None:
    async with asked(Desk(tmp_path, [WRITE, answers("then not")])) as pilot:
        await pilot.press("escape")
        await idle(pilot)
        assert decision(pilot)["decision"] == "deny"
        assert "then not" in chat_text(pilot)


async def test_f_denies_with_a_reason_that_reaches_the_model(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [WRITE, answers("I see")])
    async with asked(desk) as pilot:
        await pilot.press("f", *"not yet", "enter")
        await idle(pilot)
        assert "They said: not yet" in told(desk)
        assert decision(pilot)["reason"] == "not yet"


async def test_escape_leaves_the_reason_and_then_denies(tmp_path: Path) -> None:
    async with asked(Desk(tmp_path, [WRITE, answers("ok")])) as pilot:
        await pilot.press("f", *"yes", "escape")
        assert question(pilot) is not None
        await pilot.press("y")
        await idle(pilot)
        assert decision(pilot)["decision"] == "once"


async def test_enter_and_clicks_decide_nothing(tmp_path: Path) -> None:
    async with asked(Desk(tmp_path, [WRITE, answers("ok")])) as pilot:
        await pilot.press("enter", "space", "tab", "enter")
        for offset in ((30, 10), (30, 20), (60, 24)):
            await pilot.click(offset=offset)
        assert question(pilot) is not None
        await pilot.press("n")
        await idle(pilot)


async def test_keys_do_not_count_in_the_grace_period(tmp_path: Path) -> None:
    async with asked(Desk(tmp_path, [WRITE, answers("ok")]), grace_s=3600) as pilot:
        opened = question(pilot)
        assert opened is not None
        await pilot.press("y", "s", "n", "f", "escape", "y")
        assert question(pilot) is opened
        assert not opened.grace.armed
        await pilot.press("ctrl+c")
        await idle(pilot)


async def test_the_grace_period_ends_when_no_key_is_pressed(tmp_path: Path) -> None:
    async with asked(Desk(tmp_path, [WRITE, answers("ok")]), grace_s=0.05) as pilot:
        await until(pilot, lambda: (opened := question(pilot)) is not None and opened.grace.armed)
        await pilot.press("y")
        await idle(pilot)
        assert decision(pilot)["decision"] == "once"


async def armed(pilot: Pilot[None]) -> None:
    await until(pilot, lambda: (opened := question(pilot)) is not None and opened.grace.armed)


@pytest.mark.parametrize("typed", ["hey", "yes", "why", "say", "s", "you say", "no", "fy", "yy"])
async def test_a_key_among_others_is_no_answer(tmp_path: Path, typed: str) -> None:
    async with asked(Desk(tmp_path, [WRITE, answers("ok")]), grace_s=0.2) as pilot:
        opened = question(pilot)
        await armed(pilot)
        type_at_once(pilot, f"x{typed}")
        await pilot.pause(0.3)
        assert question(pilot) is opened
        await armed(pilot)
        type_at_once(pilot, f"{typed}x")
        await pilot.pause(0.3)
        assert question(pilot) is opened
        assert "ApprovalResolved" not in kinds(pilot)
        await pilot.press("n")
        await idle(pilot)
        assert decision(pilot)["decision"] == "deny"


async def test_what_is_pasted_is_no_answer_and_nothing_is_right_after_it(tmp_path: Path) -> None:
    async with asked(Desk(tmp_path, [WRITE, answers("ok")]), grace_s=0.2) as pilot:
        opened = question(pilot)
        await armed(pilot)
        pilot.app.post_message(events.Paste("y"))
        await pilot.pause()
        await pilot.press("y")
        await pilot.pause(0.3)
        assert question(pilot) is opened
        await pilot.press("ctrl+c")
        await idle(pilot)


async def test_scrolling_goes_on_while_answers_wait(tmp_path: Path) -> None:
    async with asked(Desk(tmp_path, [LONG, answers("ok")]), grace_s=3600) as pilot:
        opened = question(pilot)
        assert opened is not None
        before = opened.query_one("#call", CallRows).scroll_y
        await pilot.press("pagedown", "down")
        await until(pilot, lambda: opened.query_one("#call", CallRows).scroll_y > before)
        await pilot.press("ctrl+c")
        await idle(pilot)


async def test_a_long_call_is_allowed_only_after_all_of_it_was_on_the_screen(tmp_path: Path) -> None:
    async with asked(Desk(tmp_path, [LONG, answers("ok")])) as pilot:
        opened = question(pilot)
        assert opened is not None
        await until(pilot, lambda: opened.unseen > 50)
        assert f"unseen lines: {opened.unseen}" in screen_text(opened)
        await pilot.press("y", "s", "a")
        assert question(pilot) is opened
        await pilot.press("end")
        await until(pilot, lambda: opened.unseen < 70)
        left = opened.unseen
        assert left > 20, "what was skipped was not seen"
        await pilot.press("y")
        assert question(pilot) is opened
        for _ in range(10):
            await pilot.press("space")
            await pilot.pause()
        assert opened.unseen == 0
        assert "all seen" in screen_text(opened)
        await pilot.press("y")
        await idle(pilot)
        assert decision(pilot)["decision"] == "once"


async def test_stopping_the_turn_takes_the_question_away_and_the_next_turn_works(tmp_path: Path) -> None:
    async with asked(Desk(tmp_path, [WRITE, answers("hello again")])) as pilot:
        await pilot.press("ctrl+c")
        await idle(pilot)
        assert question(pilot) is None
        assert pilot.app.screen is the_app(pilot).main
        assert events_of(pilot)[-1].model_dump()["status"] == "interrupted"
        await said_and_done(pilot, "hi")
        assert "hello again" in chat_text(pilot)


async def test_a_question_that_is_withdrawn_leaves_no_screen_behind(tmp_path: Path) -> None:
    async with asked(Desk(tmp_path, [WRITE, answers("ok")])) as pilot:
        conversation = the_app(pilot).conversation
        assert conversation is not None
        conversation.assistant.cancel()
        await idle(pilot)
        assert len(pilot.app.screen_stack) == 1
        assert kinds(pilot)[-1] == "TurnEnded"


async def test_the_question_opens_above_another_screen(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [f'Thought: I{" <hold> "}write.\nAction: writer\nInput: {{"text": "hello"}}', answers("ok")])
    async with desk.app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await say(pilot, "write")
        await desk.model.held.wait()
        await pilot.press("f1")
        desk.model.go_on.set()
        await until(pilot, lambda: is_asked(pilot))
        await pilot.press("y")
        await idle(pilot)
        assert type(pilot.app.screen).__name__ == "HelpScreen"
        await pilot.press("escape")
        assert pilot.app.screen is the_app(pilot).main


async def test_other_keys_open_nothing_above_the_question(tmp_path: Path) -> None:
    async with asked(Desk(tmp_path, [WRITE, answers("ok")])) as pilot:
        await pilot.press("ctrl+r", "ctrl+n", "ctrl+p", "f1", "ctrl+y")
        assert question(pilot) is not None
        await pilot.press("n")
        await idle(pilot)


async def test_quitting_while_it_asks_records_the_end_of_the_turn(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [WRITE])
    async with asked(desk) as pilot:
        await pilot.press("ctrl+q")
        await until(pilot, lambda: not pilot.app.is_running or pilot.app._exit)
    again = desk.app(continue_last=True)
    async with again.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        assert "TurnEnded" in kinds(pilot)
        assert "stopped by you" in chat_text(pilot)


async def test_a_tool_that_names_nothing_to_remember_is_not_offered_for_the_session(tmp_path: Path) -> None:
    @tool(risk=Risk.WRITE, scope=lambda arguments: [])
    def once_only(text: str) -> str:
        """Write once."""
        return text

    desk = Desk(tmp_path, [thinks("go", "once_only", '{"text": "x"}'), answers("ok")])
    desk.tools = (once_only,)
    async with desk.app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await say(pilot, "go")
        await until(pilot, lambda: is_asked(pilot))
        await pilot.pause()
        assert "session" not in screen_text(pilot.app.screen)
        await pilot.press("s")
        assert question(pilot) is not None
        await pilot.press("n")
        await idle(pilot)


async def test_a_mistake_in_the_rules_is_shown_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text("[[rule]]\ndo = 'nothing'\n")
    async with Desk(tmp_path).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        assert "! rules" in trace_text(pilot)
