"""The permission mode at the full screen: the key, the command, the status line, the hint."""

from __future__ import annotations

from pathlib import Path

from rookery_core.approval.modes import mode_of
from rookery_core.events import Mode
from tests.tui.app_kit import (
    HOLD,
    Desk,
    answers,
    chat_text,
    events_of,
    idle,
    ready,
    said_and_done,
    say,
    shown,
    the_app,
    thinks,
    trace_text,
    until,
)

WRITES = thinks("I write.", "writer", '{"text": "x"}')


def status(pilot: object) -> str:
    return shown(the_app(pilot).main.query_one("#meter"))  # type: ignore[arg-type]


async def test_shift_tab_goes_round_the_modes_and_the_status_line_says_which(tmp_path: Path) -> None:
    async with Desk(tmp_path).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        seen = [status(pilot).split(" · ")[1]]
        for _ in Mode:
            await pilot.press("shift+tab")
            seen.append(status(pilot).split(" · ")[1])
        assert seen == ["ask", "accept-edits", "plan", "ask"]
        assert the_app(pilot).main.prompt.has_focus


async def test_the_command_names_a_mode_lists_them_and_says_what_is_none(tmp_path: Path) -> None:
    async with Desk(tmp_path).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await said_and_done(pilot, "/mode plan")
        assert " · plan · " in status(pilot)
        await said_and_done(pilot, "/mode")
        assert "* plan" in chat_text(pilot)
        await said_and_done(pilot, "/mode nothing")
        assert "nothing is no permission mode." in chat_text(pilot)
        assert " · plan · " in status(pilot)


async def test_after_an_answer_in_plan_mode_the_way_out_is_shown(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [WRITES, answers("I would write x.")])
    async with desk.app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("shift+tab", "shift+tab")
        assert " · plan · " in status(pilot)
        await said_and_done(pilot, "write x")
        assert "Shift+Tab" in shown(the_app(pilot).main.query_one("#activity"))
        assert "denied: This call is not" in trace_text(pilot)


async def test_the_mode_changes_while_a_turn_runs_and_no_question_is_shown_then(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [f'Thought: I{HOLD}write.\nAction: writer\nInput: {{"text": "x"}}', answers("I would.")])
    async with desk.app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await say(pilot, "write x")
        await until(pilot, desk.model.held.is_set)
        await pilot.press("shift+tab", "shift+tab")
        desk.model.go_on.set()
        await idle(pilot)
        assert "I would." in chat_text(pilot)
        assert mode_of(events_of(pilot)) is Mode.PLAN


async def test_a_question_keeps_the_key_to_itself(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [WRITES, answers("done")])
    async with desk.app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await say(pilot, "write x")
        await until(pilot, lambda: pilot.app.screen is not the_app(pilot).main)
        await pilot.press("shift+tab", "shift+tab")
        assert mode_of(events_of(pilot)) is Mode.ASK
        await pilot.press("n")
        await idle(pilot)


async def test_a_session_that_is_opened_again_shows_its_mode_and_a_new_one_its_own(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [answers("yes"), answers("yes")])
    async with desk.app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await said_and_done(pilot, "/mode plan")
        await said_and_done(pilot, "hello")
    async with desk.app(continue_last=True).run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        assert " · plan" in status(pilot)
        await pilot.press("ctrl+n")
        await until(pilot, lambda: " · ask" in status(pilot))
    async with desk.app(continue_last=True, mode=Mode.ACCEPT_EDITS).run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        assert " · accept-edits" in status(pilot)
