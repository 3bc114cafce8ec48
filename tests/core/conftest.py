"""Assistants made of a scripted model, a real database, and a few small tools."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from rookery_core.approval.policy import Answerer, Approver, no_answer, nobody
from rookery_core.assistant import Assistant
from rookery_core.compose import build
from rookery_core.config import Config
from rookery_core.equipment import Options
from rookery_core.events import Event
from rookery_core.paths import Paths
from rookery_core.plugin import Risk, Tool, ToolFailed, WorkspacePath, tool
from rookery_core.store.sessions import SessionLog
from rookery_core.testing import ScriptedModel
from rookery_core.tools.loader import Loaded, LoadedPlugin


@tool(risk=Risk.PURE)
def add(a: int, b: int) -> int:
    """Adds two whole numbers."""
    return a + b


@tool(risk=Risk.READ)
def look(path: WorkspacePath) -> str:
    """Shows a file."""
    if not path.exists():
        raise ToolFailed("there is no such file")
    return path.read_text()


@tool(risk=Risk.WRITE, scope=lambda arguments: [str(arguments["path"])])
def save(path: WorkspacePath, text: str) -> str:
    """Writes a file."""
    path.write_text(text)
    return "saved"


@tool(risk=Risk.PURE)
def crash() -> str:
    """Raises."""
    raise ZeroDivisionError("boom")


TOOLS = (add, look, save, crash)


class Lab:
    """Builds assistants over one folder and closes them in the end."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.workspace = home / "work"
        self.workspace.mkdir()
        self._open: list[Assistant] = []

    def assistant(
        self,
        model: ScriptedModel | Sequence[ScriptedModel],
        *,
        approver: Approver = nobody,
        answerer: Answerer = no_answer,
        tools: tuple[Tool, ...] = TOOLS,
        plugins: Sequence[LoadedPlugin] = (),
        config: Config | None = None,
        distribution: str = "kit-dist",
        **options: Any,
    ) -> Assistant:
        made = build(
            config or Config(),
            Paths.find({"ROOKERY_HOME": str(self.home)}),
            Options(workspace=self.workspace, **options),
            approver=approver,
            answerer=answerer,
            model=model,
            plugins=Loaded((LoadedPlugin.of_tools("kit", distribution, tools), *plugins), ()),
        )
        self._open.append(made)
        return made

    async def close(self) -> None:
        for assistant in self._open:
            await assistant.close()


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    made = Lab(tmp_path)
    yield made
    await made.close()


async def play(
    assistant: Assistant, session: SessionLog, text: str, each: Callable[[Event], None] | None = None
) -> list[Event]:
    """All events of one turn."""
    seen: list[Event] = []
    async with aclosing(assistant.turn(session, text)) as events:
        async for event in events:
            seen.append(event)
            if each is not None:
                each(event)
    return seen


def kinds(events: list[Event]) -> list[str]:
    """The kinds of the stored events, in order."""
    return [event.kind for event in events if not event.ephemeral]


def act(tool_name: str, arguments: str, thought: str = "I use a tool.") -> str:
    return f"Thought: {thought}\nAction: {tool_name}\nInput: {arguments}"


def answer(text: str, thought: str = "I know it.") -> str:
    return f"Thought: {thought}\nAnswer: {text}"
