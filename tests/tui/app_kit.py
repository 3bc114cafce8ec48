"""What the tests of the full-screen program share: an assistant with a scripted model, and waiting without a clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

from textual import events
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget

from rookery_core.approval.policy import Answerer, Approver, no_answer
from rookery_core.assistant import Assistant
from rookery_core.compose import build
from rookery_core.config import Config
from rookery_core.equipment import Options
from rookery_core.events import Event
from rookery_core.model.base import Completion, Delta, Message, Sampling
from rookery_core.model.scripted import ScriptedModel
from rookery_core.paths import Paths
from rookery_core.plugin import Command, Risk, Tool, tool
from rookery_core.tools.gathering import Offers
from rookery_core.tools.loader import Loaded, LoadedPlugin, Problem
from rookery_tui.app import RookeryApp

ROUNDS = 400
"""How often something is looked for before it is missed."""


@tool(risk=Risk.PURE)
def adder(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@tool(risk=Risk.WRITE)
def writer(text: str) -> str:
    """Write a text."""
    return f"wrote {text}"


def thinks(thought: str, tool_name: str, arguments: str) -> str:
    """A step that calls a tool."""
    return f"Thought: {thought}\nAction: {tool_name}\nInput: {arguments}"


def answers(text: str, thought: str = "done") -> str:
    """A step that answers."""
    return f"Thought: {thought}\nAnswer: {text}"


HOLD = " <hold> "


class HeldModel(ScriptedModel):
    """A scripted model that waits at each `HOLD` in its script until it is let go on."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.held = asyncio.Event()
        """Set while it waits."""
        self.go_on = asyncio.Event()

    async def stream(
        self, messages: Sequence[Message], sampling: Sampling, grammar: str | None = None
    ) -> AsyncGenerator[Delta | Completion, None]:
        async with aclosing(super().stream(messages, sampling, grammar)) as chunks:
            async for chunk in chunks:
                if isinstance(chunk, Delta) and chunk.text.strip() == HOLD.strip():
                    self.held.set()
                    await self.go_on.wait()
                    self.held.clear()
                elif isinstance(chunk, Completion):
                    yield replace(chunk, text=chunk.text.replace(HOLD.rstrip(), "").removeprefix(HOLD.lstrip()))
                else:
                    yield chunk


class Desk:
    """A home folder with a model: makes apps over the same database, one after the other."""

    def __init__(self, home: Path, script: Iterable[str | Exception] = (), **model: Any) -> None:
        self.home = self.workspace = home
        self.model = HeldModel(script, **model)
        self.others: list[ScriptedModel] = []
        """Models that may be chosen in place of the first."""
        self.max_steps: int | None = None
        self.problems: tuple[Problem, ...] = ()
        self.tools: tuple[Tool, ...] = (adder, writer)
        self.commands: tuple[Command, ...] = ()
        self.distribution = "kit-dist"

    def assistant(self, approver: Approver, answerer: Answerer = no_answer) -> Assistant:
        return build(
            Config(),
            Paths.find({"ROOKERY_HOME": str(self.home)}),
            Options(workspace=self.workspace, max_steps=self.max_steps),
            approver=approver,
            answerer=answerer,
            model=[self.model, *self.others],
            plugins=Loaded(
                (LoadedPlugin("kit", self.distribution, Offers(tools=self.tools, commands=self.commands)),),
                self.problems,
            ),
        )

    def app(self, **settings: Any) -> RookeryApp:
        return RookeryApp(self.assistant, **{"grace_s": 0.0, **settings})


async def until(pilot: Pilot[None], what: Callable[[], object]) -> None:
    """Let the program go on until something holds."""
    for _ in range(ROUNDS):
        if what():
            return
        await pilot.pause(0.01)
    raise AssertionError(f"it never came about; the screen shows:\n{screen_text(pilot.app.screen)}")


def type_at_once(pilot: Pilot[None], text: str) -> None:
    """Keys that come right behind each other, as from a keyboard or another program."""
    for char in text:
        pilot.app.post_message(events.Key("enter", "\r") if char == "\n" else events.Key(char, char))


async def ready(pilot: Pilot[None]) -> None:
    """Until the model is loaded."""
    app = the_app(pilot)
    await until(pilot, lambda: app.conversation is not None and app.conversation.assistant is not None)
    await idle(pilot)


async def idle(pilot: Pilot[None]) -> None:
    """Until no turn runs and none waits."""
    app = the_app(pilot)
    await until(
        pilot, lambda: app.conversation is not None and not app.conversation.busy and not app.conversation.waiting
    )
    await pilot.pause()


async def say(pilot: Pilot[None], text: str) -> None:
    """Write a message and send it."""
    the_app(pilot).main.prompt.insert(text)
    await pilot.press("enter")


async def said_and_done(pilot: Pilot[None], text: str) -> None:
    """A whole turn."""
    await say(pilot, text)
    await idle(pilot)


def the_app(pilot: Pilot[None]) -> RookeryApp:
    assert isinstance(pilot.app, RookeryApp)
    return pilot.app


def events_of(pilot: Pilot[None]) -> list[Event]:
    conversation = the_app(pilot).conversation
    assert conversation is not None
    return conversation.session.events


def kinds(pilot: Pilot[None]) -> list[str]:
    return [type(event).__name__ for event in events_of(pilot)]


def shown(widget: Widget) -> str:
    """What a widget draws, line by line, without its children."""
    return "\n".join(strip.text.rstrip() for strip in widget.render_lines(widget.outer_size.region))


def screen_text(screen: Screen[Any]) -> str:
    """What is on the screen, line by line."""
    lines = screen._compositor.render_strips(screen.size)
    return "\n".join(strip.text.rstrip() for strip in lines)


async def help_text(pilot: Pilot[None]) -> str:
    """All of the help that is open, read as a person reads it who turns its pages with a key."""
    box = pilot.app.screen.query_one("#help")
    pages = [screen_text(pilot.app.screen)]
    while (top := box.scroll_y) < box.max_scroll_y:
        await pilot.press("pagedown")
        await until(pilot, lambda top=top: top < box.scroll_y == box.scroll_target_y)  # type: ignore[misc]
        await pilot.pause()
        pages.append(screen_text(pilot.app.screen))
    return "\n".join(pages)


def chat_text(pilot: Pilot[None]) -> str:
    """All of the conversation that is mounted, also what is scrolled away."""
    return "\n".join(shown(child) for child in the_app(pilot).main.chat.walk_children(Widget) if not child.children)


def trace_text(pilot: Pilot[None]) -> str:
    """All rows of the trace."""
    return "\n".join(shown(row) for row in the_app(pilot).main.trace.rows)
