"""The default model with the adapter that comes for it, on requests of every day."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from rookery_core.assistant import Assistant
from rookery_core.compose import build
from rookery_core.config import Config, MemorySettings
from rookery_core.equipment import Options
from rookery_core.events import Answered, ToolFinished, ToolRequested, ToolStatus
from rookery_core.paths import Paths
from tests.core.conftest import play

pytestmark = [pytest.mark.model, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def assistant(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Assistant]:
    home = tmp_path_factory.mktemp("home")
    workspace = home / "work"
    workspace.mkdir()
    (workspace / "shopping.txt").write_text("eggs\nflour\n")
    made = build(
        Config(memory=MemorySettings(recall=0)),
        Paths(home, home, home / "logs"),
        Options(workspace=workspace, allow=["write"]),
    )
    yield made
    await made.close()


CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("What is 17 * 23?", "calculator", {"expression": "17 * 23"}),
    ("read shopping.txt", "read_file", {"path": "shopping.txt"}),
    ("Which files are here?", "list_files", {}),
    ("remember that my bike is green", "remember", {"text": "my bike is green"}),
    ("what time is it in Tokyo?", "clock", {"zone": "Tokyo"}),
]


@pytest.mark.parametrize(("asked", "tool", "arguments"), CALLS)
async def test_it_picks_the_tool_and_fills_it_in(
    assistant: Assistant, asked: str, tool: str, arguments: dict[str, Any]
) -> None:
    """All built-in tools are offered."""
    events = await play(assistant, assistant.new_session(), asked)
    first = next(event for event in events if isinstance(event, ToolRequested))
    assert (first.tool, first.arguments) == (tool, arguments)


async def test_it_says_what_came_of_it(assistant: Assistant) -> None:
    events = await play(assistant, assistant.new_session(), "What is 17 * 23?")
    assert [event.output for event in events if isinstance(event, ToolFinished)] == ["391"]
    assert "391" in next(event.text for event in events if isinstance(event, Answered))


async def test_a_file_is_written_as_it_was_asked_for(assistant: Assistant) -> None:
    events = await play(assistant, assistant.new_session(), 'Write "hello there" to greeting.txt')
    assert [event.status for event in events if isinstance(event, ToolFinished)][:1] == [ToolStatus.OK]
    assert (Path(assistant.tools.workspace.root) / "greeting.txt").read_text().strip() == "hello there"
