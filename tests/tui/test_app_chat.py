"""The conversation and the trace, driven by a scripted model."""

from __future__ import annotations

from pathlib import Path

from rookery_core.errors import ModelDied
from rookery_tui.widgets.markdown import SafeMarkdown
from tests.tui.app_kit import (
    HOLD,
    Desk,
    answers,
    chat_text,
    idle,
    kinds,
    ready,
    said_and_done,
    say,
    shown,
    the_app,
    thinks,
    trace_text,
    until,
)

SUM = [thinks("I should add.", "adder", '{"a": 1, "b": 2}'), answers("It is **3**.", "now I know")]


async def test_a_turn_shows_question_and_answer_in_the_chat_and_its_steps_in_the_trace(tmp_path: Path) -> None:
    async with Desk(tmp_path, SUM).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await said_and_done(pilot, "what is 1 + 2?")
        assert "what is 1 + 2?" in chat_text(pilot)
        assert "It is 3." in chat_text(pilot)
        assert [row.shown.label for row in the_app(pilot).main.trace.rows] == [
            "model",
            "thought",
            "action",
            "observation",
            "thought",
        ]
        assert "I should add." in trace_text(pilot)
        assert "adder(a=1, b=2)" in trace_text(pilot)


async def test_an_answer_is_shown_while_it_is_written(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [answers(f"first half{HOLD}second half")])
    async with desk.app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await say(pilot, "write")
        await until(pilot, lambda: "first half" in chat_text(pilot))
        assert "answering" in shown(the_app(pilot).main.query_one("#activity"))
        assert "Answered" not in kinds(pilot)
        desk.model.go_on.set()
        await idle(pilot)
        assert "first half second half" in chat_text(pilot)


async def test_a_code_fence_is_whole_after_streaming(tmp_path: Path) -> None:
    answer = "Look:\n\n```python\nx = 1\ny = 2\n```\n\nThat is all."
    async with Desk(tmp_path, [answers(answer)]).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await said_and_done(pilot, "code")
        assert the_app(pilot).main.query_one(SafeMarkdown).source == answer
        assert all(line in chat_text(pilot) for line in ("x = 1", "y = 2", "That is all."))


async def test_a_thought_is_shown_while_it_is_written(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [answers("yes", f"first I look{HOLD}then I act")])
    async with desk.app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await say(pilot, "think")
        await until(pilot, lambda: "first I look" in trace_text(pilot))
        assert "ThoughtFormed" not in kinds(pilot)
        desk.model.go_on.set()
        await idle(pilot)
        assert trace_text(pilot).count("first I look then I act") == 1
        assert len(the_app(pilot).main.trace.rows) == 2


async def test_rows_open_and_close_with_the_keyboard(tmp_path: Path) -> None:
    async with Desk(tmp_path, SUM).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await said_and_done(pilot, "sum")
        trace = the_app(pilot).main.trace
        trace.focus()
        await pilot.press("up", "up")
        action = trace.rows[2]
        assert action.collapsed
        await pilot.press("enter")
        await pilot.pause()
        assert not action.collapsed
        assert "a: 1\n" in shown(action)
        await pilot.press("enter")
        assert action.collapsed


async def test_a_click_opens_a_row(tmp_path: Path) -> None:
    async with Desk(tmp_path, SUM).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await said_and_done(pilot, "sum")
        action = the_app(pilot).main.trace.rows[2]
        await pilot.click(action)
        assert not action.collapsed


async def test_ctrl_o_opens_and_closes_all_tool_output_and_what_comes_later(tmp_path: Path) -> None:
    async with Desk(tmp_path, SUM + SUM).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await said_and_done(pilot, "sum")
        await pilot.press("ctrl+o")
        await said_and_done(pilot, "again")
        rows = [row for row in the_app(pilot).main.trace.rows if row.shown.label in ("action", "observation")]
        assert [row.collapsed for row in rows] == [False] * 4
        await pilot.press("ctrl+o")
        assert [row.collapsed for row in rows] == [True] * 4


async def test_ctrl_t_hides_and_shows_the_trace(tmp_path: Path) -> None:
    async with Desk(tmp_path).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        trace = the_app(pilot).main.trace
        assert trace.display
        await pilot.press("ctrl+t")
        assert not trace.display
        await pilot.press("ctrl+t")
        assert trace.display


async def test_a_narrow_terminal_begins_without_the_trace(tmp_path: Path) -> None:
    async with Desk(tmp_path).app().run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        main = the_app(pilot).main
        assert not main.trace.display
        await pilot.press("ctrl+t")
        await pilot.pause()
        assert main.trace.region.width == 80
        assert main.chat.region.height >= 8


async def test_the_status_line_has_model_window_speed_and_mode(tmp_path: Path) -> None:
    async with Desk(tmp_path, SUM).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await said_and_done(pilot, "sum")
        line = shown(the_app(pilot).main.query_one("#meter"))
        assert line.startswith("scripted · ")
        assert "/8192 tokens" in line
        assert "tok/s" in line
        assert " · ask · " in line


async def test_a_step_that_cannot_be_used_leaves_no_half_answer_in_the_chat(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ["Thought: hm\nAnswer: ", answers("better")])
    async with desk.app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await said_and_done(pilot, "go")
        assert len(the_app(pilot).main.query(SafeMarkdown)) == 1
        assert "better" in chat_text(pilot)
        assert "StepFailed" in kinds(pilot)


async def test_a_lost_model_is_told_and_the_next_turn_works(tmp_path: Path) -> None:
    died = [ModelDied("the process ended")] * 3
    async with Desk(tmp_path, [*died, answers("back again")]).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await said_and_done(pilot, "one")
        assert "failed: the process ended" in chat_text(pilot)
        assert "ModelLost" in kinds(pilot)
        await said_and_done(pilot, "two")
        assert "back again" in chat_text(pilot)


async def test_a_bug_is_shown_and_the_program_lives(tmp_path: Path) -> None:
    async with Desk(tmp_path, [KeyError("oops"), answers("fine")]).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await said_and_done(pilot, "one")
        assert "unexpected error: KeyError: 'oops'" in chat_text(pilot)
        assert kinds(pilot)[-1] == "TurnEnded"
        await said_and_done(pilot, "two")
        assert "fine" in chat_text(pilot)


async def test_a_turn_that_gives_up_says_why(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [SUM[0], answers("so far: 3")])
    desk.max_steps = 1
    async with desk.app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await said_and_done(pilot, "go")
        assert "so far: 3" in chat_text(pilot)
        assert "stopped before there was an answer" in chat_text(pilot)
