"""What a running tool asks at the full screen: how it is answered, and when keys are no answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.containers import VerticalScroll
from textual.pilot import Pilot
from textual.widgets import OptionList

from rookery_core.plugin import Risk, Tool, ToolContext, tool
from rookery_tui.screens.question import Choices, QuestionScreen
from rookery_tui.widgets.line import Line
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
    until,
)

CITIES = [f"city {n}" for n in range(30)]
LONG = "\n".join(f"line {n}" for n in range(60))


def asking(*choices: str, question: str = "Which one?") -> Tool:
    """A tool that asks, and returns the answer."""

    @tool(risk=Risk.PURE)
    def pick(ctx: ToolContext) -> str:
        """Asks."""
        return f"picked {ctx.person.ask(question, choices)}"

    return pick


@tool(risk=Risk.PURE, name="pick")
def confirms(ctx: ToolContext) -> str:
    """Asks for a yes."""
    return f"confirmed {ctx.person.confirm('Go on?')}"


def question(pilot: Pilot[None]) -> QuestionScreen | None:
    screen = pilot.app.screen
    return screen if isinstance(screen, QuestionScreen) else None


@asynccontextmanager
async def asked(
    home: Path, made: Tool, size: tuple[int, int] = (120, 36), **settings: Any
) -> AsyncIterator[Pilot[None]]:
    """An app in which a tool has just asked."""
    desk = Desk(home, [thinks("I ask.", "pick", "{}"), answers("ready"), answers("hello again")])
    desk.tools = (made,)
    async with desk.app(**settings).run_test(size=size) as pilot:
        await ready(pilot)
        await say(pilot, "go")
        await until(pilot, lambda: question(pilot) is not None and pilot.app.screen.focused is not None)
        await pilot.pause()
        yield pilot


async def armed(pilot: Pilot[None]) -> None:
    await until(pilot, lambda: (opened := question(pilot)) is not None and opened.grace.armed)


def answer(pilot: Pilot[None]) -> str | None:
    """What the tool was answered."""
    (found,) = [event for event in events_of(pilot) if type(event).__name__ == "QuestionAnswered"]
    given: str | None = found.model_dump()["answer"]
    return given


def result(pilot: Pilot[None]) -> str:
    """What the tool made of it."""
    (found,) = [event for event in events_of(pilot) if type(event).__name__ == "ToolFinished"]
    return str(found.model_dump()["output"])


# -- answering ----------------------------------------------------------------------------------------------------


async def test_the_question_says_who_asks_and_what(tmp_path: Path) -> None:
    async with asked(tmp_path, asking("red", "blue", question="Which colour?\nIt is for\x1b[2J print.")) as pilot:
        text = screen_text(pilot.app.screen)
        for line in (
            "A tool asks you",
            "tool       kit.pick",
            "  Which colour?",
            "  It is for\\u{1b}[2J print.",
            "1  red",
            "2  blue",
            "1 or 2, or ↑ ↓ and Enter · Esc gives no answer",
        ):
            assert line in text
        assert "waiting for you: kit.pick" in text
        await pilot.press("escape")
        await idle(pilot)


@pytest.mark.parametrize(
    ("keys", "given"),
    [(["2"], "b"), (["down", "enter"], "a"), (["down", "down", "enter"], "b"), (["up", "enter"], "c")],
)
async def test_a_number_or_the_arrows_and_enter_choose(tmp_path: Path, keys: list[str], given: str) -> None:
    async with asked(tmp_path, asking("a", "b", "c")) as pilot:
        await pilot.press(*keys)
        await idle(pilot)
        assert answer(pilot) == given
        assert result(pilot) == f"picked {given}"
        assert f"question  answered: {given}" in trace_text(pilot)
        assert "ready" in chat_text(pilot)


@pytest.mark.parametrize(("key", "given"), [("y", "yes"), ("n", "no")])
async def test_y_and_n_answer_yes_and_no(tmp_path: Path, key: str, given: str) -> None:
    async with asked(tmp_path, confirms) as pilot:
        await pilot.press("1", key)
        await idle(pilot)
        assert answer(pilot) == given
        assert result(pilot) == f"confirmed {given == 'yes'}"


async def test_escape_is_no_answer_and_the_turn_goes_on(tmp_path: Path) -> None:
    async with asked(tmp_path, asking("a", "b")) as pilot:
        await pilot.press("escape")
        await idle(pilot)
        assert answer(pilot) is None
        assert "nobody answered the question" in result(pilot)
        assert "ready" in chat_text(pilot)


async def test_of_many_choices_the_arrows_lead_to_each(tmp_path: Path) -> None:
    async with asked(tmp_path, asking(*CITIES), size=(80, 24)) as pilot:
        assert "Esc gives no answer" in screen_text(pilot.app.screen)
        await pilot.press("1", "2", "y")
        assert question(pilot) is not None
        await pilot.press("end", "up", "enter")
        await idle(pilot)
        assert answer(pilot) == "city 28"


async def test_choices_that_are_numbers_themselves_have_no_keys(tmp_path: Path) -> None:
    async with asked(tmp_path, asking("2", "1")) as pilot:
        await pilot.press("1", "2")
        assert question(pilot) is not None
        await pilot.press("down", "enter")
        await idle(pilot)
        assert answer(pilot) == "2"


async def test_a_text_is_written_and_sent_with_enter(tmp_path: Path) -> None:
    async with asked(tmp_path, asking(question="What is it called?")) as pilot:
        await pilot.press("enter")
        assert question(pilot) is not None
        await pilot.press(*" a y1", "enter")
        await idle(pilot)
        assert answer(pilot) == "a y1"


async def test_what_is_pasted_goes_on_the_line_and_hides_nothing(tmp_path: Path) -> None:
    async with asked(tmp_path, asking()) as pilot:
        pilot.app.post_message(events.Paste("one\r\ntwo\u202e"))
        await pilot.pause()
        await pilot.press("enter")
        await idle(pilot)
        assert answer(pilot) == "one two\\u{202e}"


async def test_escape_leaves_a_text_unsaid(tmp_path: Path) -> None:
    async with asked(tmp_path, asking()) as pilot:
        await pilot.press(*"secret", "escape")
        await idle(pilot)
        assert answer(pilot) is None


async def test_a_long_question_is_scrolled_and_the_choices_stay(tmp_path: Path) -> None:
    async with asked(tmp_path, asking(*CITIES[:8], question=LONG), size=(100, 24)) as pilot:
        await until(pilot, lambda: "more: PgDn" in screen_text(pilot.app.screen))
        text = screen_text(pilot.app.screen)
        assert "1  city 0" in text
        assert "1 to 8, or ↑ ↓ and Enter" in text
        assert "line 59" not in text
        await pilot.press(*["pagedown"] * 15)
        await until(pilot, lambda: "line 59" in screen_text(pilot.app.screen))
        assert "▲ PgUp" in screen_text(pilot.app.screen)
        scrolled = pilot.app.screen.query_one("#asked", VerticalScroll).scroll_y
        await pilot.press("pageup")
        await until(pilot, lambda: pilot.app.screen.query_one("#asked", VerticalScroll).scroll_y < scrolled)
        assert pilot.app.screen.query_one(Choices).highlighted is None
        await pilot.press("escape")
        await idle(pilot)


# -- what is no answer --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("made", [asking("a", "b"), asking()], ids=["choices", "text"])
async def test_nothing_is_answered_by_default_or_with_the_mouse(tmp_path: Path, made: Tool) -> None:
    async with asked(tmp_path, made) as pilot:
        await pilot.press("enter", "tab", "enter")
        for y in range(36):
            await pilot.click(offset=(30, y))
        await pilot.press("enter")
        assert question(pilot) is not None
        await pilot.press("escape")
        await idle(pilot)
        assert answer(pilot) is None


@pytest.mark.parametrize("made", [asking("a", "b"), confirms, asking()], ids=["choices", "confirm", "text"])
async def test_keys_typed_ahead_answer_nothing(tmp_path: Path, made: Tool) -> None:
    async with asked(tmp_path, made, grace_s=3600) as pilot:
        opened = question(pilot)
        assert opened is not None
        await pilot.press("1", "y", "n", "down", "enter", "escape", *"more text", "enter")
        pilot.app.post_message(events.Paste("pasted"))
        await pilot.pause()
        await pilot.press("enter")
        assert question(pilot) is opened
        assert not opened.grace.armed
        for line in opened.query(Line):
            assert line.value == ""
        await pilot.press("ctrl+c")
        await idle(pilot)


@pytest.mark.parametrize("typed", ["route 1", "11", "1 more", "12"])
async def test_a_key_among_others_is_no_answer(tmp_path: Path, typed: str) -> None:
    async with asked(tmp_path, asking("a", "b"), grace_s=0.8) as pilot:
        opened = question(pilot)
        await armed(pilot)
        await pilot.press(*typed, "x")
        await pilot.pause(1)
        assert question(pilot) is opened
        await pilot.press("2")
        await idle(pilot)
        assert answer(pilot) == "b"


async def test_enter_behind_the_arrows_need_not_wait(tmp_path: Path) -> None:
    async with asked(tmp_path, asking("a", "b", "c"), grace_s=0.4) as pilot:
        await armed(pilot)
        await pilot.press("down", "down", "enter")
        await idle(pilot)
        assert answer(pilot) == "b"


async def test_arrows_that_were_typed_ahead_lead_to_no_answer(tmp_path: Path) -> None:
    async with asked(tmp_path, asking("a", "b"), grace_s=0.4) as pilot:
        opened = question(pilot)
        await pilot.press("up", "enter")
        await pilot.pause(0.5)
        assert question(pilot) is opened
        await armed(pilot)
        await pilot.press("1")
        await idle(pilot)


async def test_a_line_takes_everything_once_there_was_silence(tmp_path: Path) -> None:
    async with asked(tmp_path, asking(), grace_s=1) as pilot:
        await pilot.press(*"ahead", "enter")
        await armed(pilot)
        await pilot.press(*"quick", "enter")
        await idle(pilot)
        assert answer(pilot) == "quick"


# -- coming and going ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("made", [asking("a", "b"), asking()], ids=["choices", "text"])
async def test_stopping_the_turn_takes_the_question_away_and_the_next_turn_works(tmp_path: Path, made: Tool) -> None:
    async with asked(tmp_path, made) as pilot:
        await pilot.press("ctrl+c")
        await idle(pilot)
        assert pilot.app.screen is the_app(pilot).main
        assert answer(pilot) is None
        assert kinds(pilot)[-1] == "TurnEnded"
        assert events_of(pilot)[-1].model_dump()["status"] == "interrupted"
        await said_and_done(pilot, "hi")
        assert "ready" in chat_text(pilot)


async def test_a_key_pressed_twice_closes_one_screen(tmp_path: Path) -> None:
    async with asked(tmp_path, asking()) as pilot:
        opened = question(pilot)
        assert opened is not None
        opened.query_one(Line).value = "x"
        for _ in range(2):
            opened.query_one(Line).post_message(events.Key("enter", "\r"))
        await idle(pilot)
        assert pilot.app.is_running
        assert answer(pilot) == "x"


async def test_questions_asked_at_once_come_one_after_the_other(tmp_path: Path) -> None:
    @tool(risk=Risk.PURE)
    async def pick(ctx: ToolContext) -> str:
        """Asks two things."""
        both = (asyncio.to_thread(ctx.person.ask, f"{name}?", ["a", "b"]) for name in ("first", "second"))
        return " ".join(await asyncio.gather(*both))

    async with asked(tmp_path, pick) as pilot:
        first = question(pilot)
        assert len(pilot.app.screen_stack) == 2
        await pilot.press("1")
        await until(pilot, lambda: (opened := question(pilot)) is not None and opened is not first)
        await until(pilot, lambda: pilot.app.screen.focused is not None)
        await pilot.press("2")
        await idle(pilot)
        assert sorted(result(pilot).split()) == ["a", "b"]


async def test_keys_of_the_program_open_nothing_above_the_question(tmp_path: Path) -> None:
    async with asked(tmp_path, asking("a", "b")) as pilot:
        await pilot.press("ctrl+r", "ctrl+n", "ctrl+p", "f1", "ctrl+y")
        assert question(pilot) is not None
        await pilot.press("1")
        await idle(pilot)


@pytest.mark.parametrize("attack", ["\x1b[2J", "[bold]x[/bold] [@click=app.quit]y[/]", "a\nb"])
async def test_no_choice_acts_on_the_screen(tmp_path: Path, attack: str) -> None:
    async with asked(tmp_path, asking("safe", attack, question=attack)) as pilot:
        text = screen_text(pilot.app.screen)
        assert "\x1b" not in text
        assert f"2  {attack}".replace("\n", "\\u{a}").replace("\x1b", "\\u{1b}") in text
        assert len(pilot.app.screen.query_one(OptionList).options) == 2
        await pilot.press("2")
        await idle(pilot)
        assert answer(pilot) == attack
