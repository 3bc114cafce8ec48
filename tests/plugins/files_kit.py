"""How the tests of the files plugin call its tools, and see what a person would."""

from __future__ import annotations

import itertools
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rookery_core.approval.policy import Allowed, Grants, Reply
from rookery_core.events import ApprovalRequested, Decision, Event, QuestionAsked, ToolFinished, ToolStarted, ToolStatus
from rookery_core.plugin import ArgumentsInvalid, Tool, ToolContext, ToolFailed, ToolRetry
from rookery_core.reasoning.step import ToolCall
from rookery_core.testing import DictData, ListArtifacts, ListMemory, run_tool
from rookery_core.tools.lending import EnvironmentSecrets, Lender
from rookery_core.tools.registry import OfferedTool, Registry
from rookery_core.tools.runner import Caller, ToolRunner
from rookery_core.workspace import Workspace


async def ok(tool: Tool, workspace: Path, **arguments: object) -> str:
    finished = await run_tool(tool, arguments, workspace=workspace)
    assert finished.status is ToolStatus.OK, finished.output
    return finished.output


async def failure(tool: Tool, workspace: Path, **arguments: object) -> str:
    finished = await run_tool(tool, arguments, workspace=workspace)
    assert finished.status is ToolStatus.FAILED, finished.output
    assert "Error" not in finished.output
    return finished.output


async def preview_of(tool: Tool, workspace: Path, **arguments: object) -> str:
    """What the person is shown before they decide about a call."""
    events: list[Event] = []
    finished = await run_tool(tool, arguments, workspace=workspace, allow=False, events=events)
    assert finished.status is ToolStatus.DENIED, finished.output
    return next(event.preview for event in events if isinstance(event, ApprovalRequested))


@contextmanager
def quick_folder(otherwise: Path) -> Iterator[Path]:
    """A folder in memory where there is such, for tests that make very many files."""
    parent = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else otherwise
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        yield Path(os.path.realpath(folder))


class Calls:
    """Calls tools as often as wanted: as the assistant does, but in this thread and without events."""

    def __init__(self, workspace: Path) -> None:
        self.workspace = Workspace.at(workspace)
        self.outcomes: dict[str, int] = {}
        self._ids = itertools.count()

    def fit(self, tool: Tool, **arguments: Any) -> dict[str, Any] | None:
        """The arguments as the tool takes them; None where they are refused."""
        try:
            return tool.validate(arguments, self.workspace)
        except ArgumentsInvalid:
            self._count("refused before it ran")
            return None

    def run(self, tool: Tool, values: dict[str, Any]) -> str:
        """What the tool says."""
        context = ToolContext(str(next(self._ids)), self.workspace, threading.Event(), lambda _: None, ListMemory())
        try:
            said = str(tool.run(ctx=context, **values))
        except (ToolRetry, ToolFailed) as exc:
            self._count("refused by the tool")
            return str(exc)
        self._count("done")
        return said

    def _count(self, outcome: str) -> None:
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1


@dataclass(slots=True)
class Person:
    """Says the same to everything, and something happens while they read."""

    meanwhile: list[Callable[[], object]]
    """What happens before each yes, one after the other."""
    at_the_start: list[Callable[[], object]] = field(default_factory=list)
    """What happens as the call begins to run, one thing each time."""
    asked: list[ApprovalRequested] = field(default_factory=list)
    says: Decision = Decision.ONCE
    allowed: Allowed = field(default_factory=Allowed)
    """What they need not be asked about."""

    async def call(self, tool: Tool, workspace: Path, **arguments: object) -> ToolFinished:
        """Call a tool, and be asked about it."""

        async def approve(request: ApprovalRequested) -> Reply:
            self.asked.append(request)
            if self.meanwhile:
                self.meanwhile.pop(0)()
            return Reply(self.says)

        async def answer(_: QuestionAsked) -> str | None:
            return None

        async def complete(prompt: str, max_tokens: int) -> str:
            return ""

        lender = Lender(
            memory=lambda *_: ListMemory(),
            data=lambda *_: DictData(),
            artifacts=lambda *_: ListArtifacts(),
            secrets=lambda plugin: EnvironmentSecrets(plugin, {}),
        )
        registry = Registry([OfferedTool(tool, "files", "rookery", tool.name)])
        runner = ToolRunner(registry, Workspace.at(workspace), lender, self.allowed, Grants(), time.monotonic)

        def tell(event: Event) -> None:
            if isinstance(event, ToolStarted) and self.at_the_start:
                self.at_the_start.pop(0)()

        caller = Caller("session", tell, approve, answer, complete, tool.max_output)
        return await runner.call(ToolCall(tool.name, dict(arguments)), "1.1", caller)
