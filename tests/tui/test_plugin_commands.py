"""Plugins' slash commands: what they may do, what they cost when they fail, and where they are listed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from rookery_core.events import Event, TurnStarted
from rookery_core.plugin import Command, CommandContext, Send
from rookery_core.testing import ScriptedModel
from rookery_tui.plugin_commands import carry_out, known
from rookery_tui.typed import COMMANDS
from tests.core.conftest import answer
from tests.tui.app_kit import Desk as Screen
from tests.tui.app_kit import (
    answers,
    chat_text,
    events_of,
    help_text,
    idle,
    ready,
    said_and_done,
    say,
    screen_text,
    the_app,
    until,
)
from tests.tui.test_repl import Desk, piped


def count(ctx: CommandContext, rest: str) -> str:
    """What it was given."""
    return f"{len(ctx.events)} events in {ctx.workspace.name}, {rest!r}"


async def later(ctx: CommandContext, rest: str) -> str | Send:
    """The same, in its own time."""
    await asyncio.sleep(0)
    return Send(f"say {rest}") if rest else "nothing to say"


def fails(exc: BaseException) -> Callable[[CommandContext, str], str]:
    def run(ctx: CommandContext, rest: str) -> str:
        raise exc

    return run


def fails_later(exc: BaseException) -> Callable[[CommandContext, str], Any]:
    async def run(ctx: CommandContext, rest: str) -> str:
        raise exc

    return run


COUNT = Command("count", "count the\x1b events", count)
LATER = Command("later", "say it", later)


async def result(run: Callable[[CommandContext, str], Any], **options: Any) -> str | Send:
    return await carry_out(Command("x", "", run), Path("/work"), [], "", **options)


# -- one command --------------------------------------------------------------------------------------------------


async def test_a_command_gives_a_text_or_a_message_sync_or_async() -> None:
    events: list[Event] = [TurnStarted(text="hi", strategy="react", workspace="")]
    assert await carry_out(COUNT, Path("/work"), events, "a b") == "1 events in work, 'a b'"
    assert await carry_out(LATER, Path("/work"), events, "it") == Send("say it")
    assert await result(lambda ctx, rest: " ") == "done"


@pytest.mark.parametrize("how", [fails, fails_later])
@pytest.mark.parametrize(
    "exc",
    [TypeError("no"), SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError("x"), StopIteration(), ExceptionGroup("g", [OSError()])],
)  # fmt: skip
async def test_whatever_a_command_raises_costs_the_command(how: Callable[[BaseException], Any], exc: Any) -> None:
    said = await result(how(exc))
    assert isinstance(said, str)
    assert said.startswith("the command /x of a plugin failed: ")
    if isinstance(exc, TypeError):
        assert said.endswith("failed: TypeError: no")


@pytest.mark.parametrize("made", [None, 3, b"x", Send(""), Send(3)])  # type: ignore[arg-type]
async def test_a_result_of_another_kind_is_said(made: object) -> None:
    said = await result(lambda ctx, rest: made)
    assert isinstance(said, str)
    assert said.startswith("the command /x of a plugin failed: TypeError: it returned ")


async def test_a_command_that_takes_too_long_is_given_up() -> None:
    over = threading.Event()
    said = await result(lambda ctx, rest: str(over.wait(20)), seconds=0.05)
    assert said == "the command /x of a plugin took longer than 0.05 seconds and was given up"
    over.set()

    async def stubborn(ctx: CommandContext, rest: str) -> str:
        try:
            await asyncio.sleep(20)
        except asyncio.CancelledError:
            await asyncio.sleep(0.2)
        return "late"

    assert "was given up" in str(await result(stubborn, seconds=0.05))


async def test_a_cancelled_command_is_left_behind() -> None:
    stopped = asyncio.Event()

    async def waits(ctx: CommandContext, rest: str) -> str:
        try:
            await asyncio.sleep(20)
        finally:
            stopped.set()
        return ""

    running = asyncio.create_task(result(waits))
    await asyncio.sleep(0.05)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await asyncio.wait_for(stopped.wait(), 5)


async def test_a_very_long_text_is_cut() -> None:
    said = await result(lambda ctx, rest: "x" * 100_000)
    assert len(str(said)) < 21_000


def test_no_plugin_takes_the_programs_own_names() -> None:
    listed = known({"new": "begin"}, {"new": Command("new", "other", count), "count": COUNT})
    assert listed == {"new": "begin", "count": "count the\\u{1b} events"}


# -- at the prompt ------------------------------------------------------------------------------------------------


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    made.commands = (COUNT, LATER, Command("bad", "fails", fails(TypeError("\x1bno"))))
    return made


async def test_the_prompt_shows_what_a_command_says(desk: Desk) -> None:
    told = await desk.pipe("/count a  b\n/bad\n/later\n", trace=False)
    assert told == (
        "1 events in work, 'a  b'\n"
        "the command /bad of a plugin failed: TypeError: \\u{1b}no\n"
        "nothing to say\n"
    )  # fmt: skip


async def test_what_a_command_sends_is_a_message(desk: Desk) -> None:
    model = ScriptedModel([answer("I said it."), answer("again")])
    told = await desk.run(piped("/later it\nhi\n"), model, trace=False)
    assert told == "I said it.\nagain\n"
    assert [seen[-1].content for seen in model.seen] == ["say it", "hi"]


async def test_help_lists_commands_and_an_unknown_one_names_the_nearest(desk: Desk) -> None:
    told = await desk.pipe("/help\n/cound\n", trace=False)
    assert "  /quit       leave\n" in told
    assert "  /count      count the\\u{1b} events\n" in told
    assert "/cound is not a command; did you mean /count?" in told


# -- at the full screen -------------------------------------------------------------------------------------------


def screen(home: Path, *commands: Command, script: tuple[str, ...] = ()) -> Screen:
    made = Screen(home, script)
    made.commands = commands
    return made


def asked_for(pilot: Pilot[None]) -> list[str]:
    return [event.text for event in events_of(pilot) if isinstance(event, TurnStarted)]


async def test_the_screen_shows_what_a_command_says(tmp_path: Path) -> None:
    bad = Command("bad", "fails", fails(TypeError("[bold]no[/bold]\x1b")))
    async with screen(tmp_path, COUNT, bad).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await say(pilot, "/count a")
        await until(pilot, lambda: f"1 events in {tmp_path.name}, 'a'" in chat_text(pilot))
        await say(pilot, "/bad")
        await until(pilot, lambda: "/bad of a plugin failed: TypeError: [bold]no[/bold]\\u{1b}" in chat_text(pilot))
        assert asked_for(pilot) == []
        await pilot.press("up")
        assert the_app(pilot).main.prompt.text == "/bad"


async def test_the_screen_sends_what_a_command_sends(tmp_path: Path) -> None:
    async with screen(tmp_path, LATER, script=(answers("I said it."),)).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await say(pilot, "/later it")
        await until(pilot, lambda: "I said it." in chat_text(pilot))
        await idle(pilot)
        assert asked_for(pilot) == ["say it"]


async def test_a_slow_command_does_not_hold_the_screen_up(tmp_path: Path) -> None:
    over = threading.Event()
    slow = Command("slow", "waits", lambda ctx, rest: f"waited {over.wait(20)}")
    async with screen(tmp_path, slow, script=(answers("meanwhile"),)).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await say(pilot, "/slow")
        await until(pilot, lambda: "running /slow" in screen_text(pilot.app.screen))
        await said_and_done(pilot, "hi")
        assert "meanwhile" in chat_text(pilot)
        assert "waited" not in chat_text(pilot)
        over.set()
        await until(pilot, lambda: "waited True" in chat_text(pilot))


async def test_what_is_sent_after_the_session_was_left_goes_into_the_input(tmp_path: Path) -> None:
    over = threading.Event()

    def send(ctx: CommandContext, rest: str) -> Send:
        over.wait(20)
        return Send("for the other session")

    desk = screen(tmp_path, Command("slow", "sends", send), script=(answers("one"),))
    async with desk.app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await said_and_done(pilot, "hi")
        await say(pilot, "/slow")
        await pilot.press("ctrl+n")
        await until(pilot, lambda: not events_of(pilot))
        over.set()
        await until(pilot, lambda: the_app(pilot).main.prompt.text == "for the other session")
        assert asked_for(pilot) == []


async def test_the_screen_leaves_while_a_command_runs(tmp_path: Path) -> None:
    slow = Command("slow", "waits", lambda ctx, rest: str(threading.Event().wait(60)))
    async with screen(tmp_path, slow).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await say(pilot, "/slow")
        await until(pilot, lambda: "running /slow" in screen_text(pilot.app.screen))
        await pilot.press("ctrl+q")
        await until(pilot, lambda: not pilot.app.is_running or pilot.app._exit)


async def test_the_help_lists_commands_and_an_unknown_one_is_not_sent(tmp_path: Path) -> None:
    async with screen(tmp_path, COUNT).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await say(pilot, "/cound")
        await until(pilot, lambda: "did you mean /count?" in chat_text(pilot))
        the_app(pilot).main.prompt.clear_text()
        await pilot.press("f1")
        await pilot.pause()
        text = await help_text(pilot)
        assert "/count" in text
        assert "count the\\u{1b} events" in text
        for name in COMMANDS:
            assert f"/{name}" in text
