"""The test kit, for plugin authors and for ourselves: run one tool as the agent would, and script a model."""

from __future__ import annotations

import itertools
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from rookery_core.approval.places import Places
from rookery_core.approval.policy import Allowed, Grants, Reply, nobody
from rookery_core.errors import ToolFailed
from rookery_core.events import ApprovalRequested, Decision, Event, QuestionAsked, ToolFinished
from rookery_core.model.scripted import ScriptedModel
from rookery_core.reasoning.step import ToolCall
from rookery_core.sandbox.level import UNCONFINED
from rookery_core.sandbox.sandbox import Confinement
from rookery_core.sandbox.settings import SandboxSettings
from rookery_core.tools.context import Artifacts, Data, Memory
from rookery_core.tools.contract import Risk, Tool
from rookery_core.tools.lending import EnvironmentSecrets, Lender, secret_variable
from rookery_core.tools.registry import OfferedTool, Registry
from rookery_core.tools.runner import Caller, ToolRunner
from rookery_core.workspace import Workspace

__all__ = ["DictData", "ListArtifacts", "ListMemory", "ScriptedModel", "run_tool", "this_machine"]


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


class DictData(dict[str, Any]):
    """What a plugin keeps for itself, in a dictionary; values go through JSON as they would in a store."""

    def set(self, key: str, value: Any) -> None:
        self[key] = json.loads(json.dumps(value))

    def delete(self, key: str) -> bool:
        return self.pop(key, None) is not None

    def keys(self, prefix: str = "") -> list[str]:  # type: ignore[override]
        return sorted(key for key in self if key.startswith(prefix))


class ListArtifacts:
    """Long texts in a list."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def add(self, text: str, name: str = "") -> str:
        self.texts.append(text)
        return str(len(self.texts))

    def get(self, ref: str) -> str:
        try:
            return self.texts[int(ref) - 1]
        except (ValueError, IndexError):
            raise ToolFailed(f"there is no text {ref}") from None


@cache
def this_machine() -> Confinement:
    """The sandbox of this machine, tried once."""
    return Confinement.of(SandboxSettings(), Places(), Path.home(), os.environ)


async def run_tool(
    tool: Tool,
    arguments: dict[str, Any],
    *,
    workspace: Path | None = None,
    memory: Memory | None = None,
    data: Data | None = None,
    artifacts: Artifacts | None = None,
    secrets: Mapping[str, str] | None = None,
    answers: Sequence[str | None] = (),
    writes: Callable[[str], str] | None = None,
    allow: bool = True,
    events: list[Event] | None = None,
    confinement: Confinement | None = None,
) -> ToolFinished:
    """Call a tool the way the agent does: validated, timed, its output cut. `events` receives all that happened.

    `secrets` are by their names. `answers` are what the person says to the tool's questions, in order; then nobody
    answers. `writes` stands for the model. With `allow=False`, what would be asked is denied, as where nobody is there.
    `confinement` is for the programs that the tool starts; None: as this machine can. Raises TurnPaused as the tool
    does.
    """
    registry = Registry([OfferedTool(tool, "test", "test", tool.name)])
    lent_artifacts = artifacts or ListArtifacts()
    lent_memory = memory or ListMemory()
    lent_data = DictData() if data is None else data
    runner = ToolRunner(
        registry=registry,
        workspace=Workspace.at(workspace or Path.cwd()),
        lender=Lender(
            memory=lambda *_: lent_memory,
            data=lambda *_: lent_data,
            artifacts=lambda *_: lent_artifacts,
            secrets=lambda plugin: EnvironmentSecrets(
                plugin, {secret_variable(plugin, name): value for name, value in (secrets or {}).items()}
            ),
        ),
        allowed=Allowed(kinds=frozenset(Risk) if allow else frozenset()),
        grants=Grants(),
        clock=time.monotonic,
        confinement=confinement or this_machine(),
    )
    sink: list[Event] = [] if events is None else events
    said = iter(answers)

    async def approve(request: ApprovalRequested) -> Reply:
        leaves = any(fact.text == UNCONFINED for fact in request.facts)  # where there is a sandbox, it stays in it
        return Reply(Decision.ONCE) if allow and not leaves else await nobody(request)

    async def answer(_: QuestionAsked) -> str | None:
        return next(said, None)

    async def complete(prompt: str, _: int) -> str:
        if writes is None:
            raise ToolFailed("no model is lent to this call")
        return writes(prompt)

    caller = Caller("session", sink.append, approve, answer, complete, tool.max_output)
    return await runner.call(ToolCall(tool.name, arguments), "call-1", caller)
