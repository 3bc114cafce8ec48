"""What a peer works with in one case: the conversation and tools as it is told them, and Rookery's tools when it calls.

Runs in the driver, so that every peer's calls are carried out, refused and recorded by the same code as Rookery's own.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from rookery_core.approval.policy import Allowed, Grants, no_answer, nobody
from rookery_core.config import Config
from rookery_core.equipment import built_in
from rookery_core.errors import ArgumentsInvalid, ModelError
from rookery_core.evals.cases import Case, DecisionCase, TaskCase
from rookery_core.evals.conversation import Call, Observation
from rookery_core.evals.outcome import Made
from rookery_core.evals.play import put, texts
from rookery_core.events import Event, ToolStarted, ToolStatus
from rookery_core.memory.notes import CallNotes, Notes
from rookery_core.reasoning.step import ToolCall
from rookery_core.run import observation_limit
from rookery_core.store.db import Store
from rookery_core.testing import DictData, ListArtifacts
from rookery_core.tools.contract import Tool
from rookery_core.tools.lending import EnvironmentSecrets, Lender
from rookery_core.tools.registry import Registry, register
from rookery_core.tools.runner import Caller, ToolRunner
from rookery_core.workspace import Workspace

Reply = dict[str, Any]
"""What the worker reads: `text` and `status`, or `stop`."""


class Scene(Protocol):
    """One case being played."""

    told: dict[str, Any]
    """The case as the worker gets it: `messages` and `tools` in the form of the OpenAI interface."""
    calls: list[Made]

    async def call(self, tool: str, arguments: dict[str, Any]) -> Reply:
        """Carry out a call, and note it."""

    def files(self) -> dict[str, str | None]:
        """The folder in the end."""


@asynccontextmanager
async def scene(case: Case, n_ctx: int) -> AsyncIterator[Scene]:
    """The scene of a case, with a folder of its own that is gone after."""
    match case:
        case DecisionCase():
            yield Decision(case)
        case TaskCase():
            with TemporaryDirectory(prefix="rookery-peers-", ignore_cleanup_errors=True) as folder:
                workspace = put(Path(folder, "work"), case.files)
                store = Store(Path(folder, "notes.db"))
                try:
                    yield Task(case, workspace, store, observation_limit(n_ctx))
                finally:
                    store.close()
        case _:
            raise TypeError(f"{type(case).__name__} is for no peer")


@dataclass
class Decision:
    """Over at the first call that would run: of an offered tool, with arguments that fit."""

    case: DecisionCase
    calls: list[Made] = field(default_factory=list)

    def __post_init__(self) -> None:
        tools = [function(spec.tool) for spec in self.case.tools]
        self.told = {"suite": "decisions", "messages": messages(self.case), "tools": tools}

    async def call(self, tool: str, arguments: dict[str, Any]) -> Reply:
        """Stops the case, unless the call does not fit."""
        spec = self.case.tool(tool)
        problem = f"there is no tool named {tool}"
        if spec is not None:
            try:
                spec.tool.validate(arguments, Workspace.at(Path("/")))
            except ArgumentsInvalid as exc:
                problem = f"The arguments do not fit: {exc}"
            else:
                self.calls.append(Made(tool=tool, arguments=arguments, ran=True))
                return {"stop": True}
        status = ToolStatus.INVALID if spec else ToolStatus.UNKNOWN
        self.calls.append(Made(tool=tool, arguments=arguments, status=status))
        return {"text": problem, "status": status}

    def files(self) -> dict[str, str | None]:
        """None: there is no folder."""
        return {}


class Task:
    """Worked on with the built-in tools; what is not allowed is denied in the words that Rookery has for it."""

    def __init__(self, case: TaskCase, workspace: Path, store: Store, max_output: int) -> None:
        registry, _ = register(built_in(Config()).plugins)
        self.told = {
            "suite": "tasks",
            "messages": [{"role": "user", "content": case.goal}],
            "tools": [function(offered.tool) for offered in registry],
        }
        self.calls: list[Made] = []
        self._root = workspace
        self._case = case
        self._max_output = max_output
        self._runner = _runner(registry, workspace, store, case)

    async def call(self, tool: str, arguments: dict[str, Any]) -> Reply:
        """What the tool says, or why it did not run."""
        events: list[Event] = []
        caller = Caller("", events.append, nobody, no_answer, _not_here, self._max_output)
        finished = await self._runner.call(ToolCall(tool, arguments), f"call-{len(self.calls)}", caller)
        ran = any(isinstance(event, ToolStarted) for event in events)
        self.calls.append(Made(tool=tool, arguments=arguments, status=finished.status, ran=ran))
        return {"text": finished.output, "status": finished.status}

    def files(self) -> dict[str, str | None]:
        """Its text files."""
        return texts(self._root, self._case.expect.files)


def _runner(registry: Registry, workspace: Path, store: Store, case: TaskCase) -> ToolRunner:
    clock: Callable[[], float] = time.monotonic
    return ToolRunner(
        registry=registry,
        workspace=Workspace.at(workspace),
        lender=Lender(
            lambda session, ledger: CallNotes(Notes(store, time.time), ledger, session),
            lambda *_: DictData(),
            lambda *_: ListArtifacts(),
            _no_secrets,
        ),
        allowed=Allowed.parse(case.allow, registry),
        grants=Grants(),
        clock=clock,
    )


def _no_secrets(plugin: str) -> EnvironmentSecrets:
    return EnvironmentSecrets(plugin, {})


async def _not_here(prompt: str, max_tokens: int) -> str:
    raise ModelError("no built-in tool has the model write")


def function(tool: Tool) -> dict[str, Any]:
    """A tool in the form of the OpenAI interface."""
    described = {"name": tool.name, "description": " ".join(tool.description.split()), "parameters": dict(tool.schema)}
    return {"type": "function", "function": described}


def messages(case: DecisionCase) -> list[dict[str, Any]]:
    """A conversation in the form of the OpenAI interface."""
    made: list[dict[str, Any]] = []
    for n, message in enumerate(case.messages):
        match message:
            case Call(tool=tool, arguments=arguments):
                written = {"name": tool, "arguments": json.dumps(arguments, ensure_ascii=False)}
                call = {"id": f"call_{n}", "type": "function", "function": written}
                made.append({"role": "assistant", "tool_calls": [call]})
            case Observation(content=content):
                made.append({"role": "tool", "tool_call_id": made[-1]["tool_calls"][0]["id"], "content": content})
            case _:
                made.append({"role": message.role, "content": message.content})
    return made
