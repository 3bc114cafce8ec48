"""The test kit, for plugin authors and for ourselves: run one tool as the agent would, and script a model."""

from __future__ import annotations

import itertools
import time
from pathlib import Path
from typing import Any

from rookery_core.approval.policy import Allowed, Grants, nobody
from rookery_core.events import Event, ToolFinished
from rookery_core.model.scripted import ScriptedModel
from rookery_core.reasoning.step import ToolCall
from rookery_core.tools.contract import Risk, Tool
from rookery_core.tools.registry import OfferedTool, Registry
from rookery_core.tools.runner import ToolRunner
from rookery_core.workspace import Workspace

__all__ = ["ListMemory", "ScriptedModel", "run_tool"]


class ListMemory:
    """Notes in a list; search finds those that share a word with the query."""

    def __init__(self) -> None:
        self.notes: dict[str, str] = {}
        self._ids = itertools.count(1)

    def add(self, text: str) -> str:
        ref = str(next(self._ids))
        self.notes[ref] = text
        return ref

    def search(self, query: str, limit: int = 5) -> list[tuple[str, str]]:
        words = set(query.lower().split())
        found = [(ref, text) for ref, text in self.notes.items() if not words or words & set(text.lower().split())]
        return found[::-1][:limit]

    def forget(self, ref: str) -> bool:
        return self.notes.pop(ref, None) is not None


async def run_tool(
    tool: Tool,
    arguments: dict[str, Any],
    *,
    workspace: Path | None = None,
    memory: ListMemory | None = None,
    allow: bool = True,
    events: list[Event] | None = None,
) -> ToolFinished:
    """Call a tool the way the agent does: validated, timed, its output cut. `events` receives all that happened.

    With `allow=False`, a risky tool is denied as it is where nobody can be asked.
    """
    registry = Registry([OfferedTool(tool, "test", "test", tool.name)])
    runner = ToolRunner(
        registry=registry,
        workspace=Workspace.at(workspace or Path.cwd()),
        memory=memory or ListMemory(),
        allowed=Allowed(kinds=frozenset(Risk) if allow else frozenset()),
        grants=Grants(),
        clock=time.monotonic,
    )
    sink: list[Event] = [] if events is None else events
    return await runner.call(
        ToolCall(tool.name, arguments), "call-1", emit=sink.append, ask=nobody, max_output=tool.max_output
    )
