"""What tests of questions about confined programs have in common: a person, and a call of a tool that starts one."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rookery_core.approval.exposure import CLEAN, Exposure
from rookery_core.approval.policy import Allowed, Grants, Reply, no_answer
from rookery_core.approval.rulebook import Rulebook
from rookery_core.events import ApprovalRequested, Decision, Event, ToolFinished
from rookery_core.reasoning.step import ToolCall
from rookery_core.sandbox.level import Level
from rookery_core.sandbox.sandbox import Confinement
from rookery_core.testing import DictData, ListArtifacts, ListMemory
from rookery_core.tools.contract import Tool
from rookery_core.tools.lending import EnvironmentSecrets, Lender
from rookery_core.tools.loader import OWN_DISTRIBUTION
from rookery_core.tools.registry import OfferedTool, Registry
from rookery_core.tools.runner import Caller, ToolRunner
from rookery_core.workspace import Workspace
from tests.core.sandbox.kit import fixed


@dataclass
class Person:
    """Says what is written down, and keeps what they were asked."""

    says: list[Decision]
    asked: list[ApprovalRequested] = field(default_factory=list)

    async def approve(self, request: ApprovalRequested) -> Reply:
        self.asked.append(request)
        return Reply(self.says.pop(0), "rather not" if self.says == [] else "")

    @property
    def told(self) -> list[str]:
        """What each question said of the sandbox."""
        return [fact.text for request in self.asked for fact in request.facts if fact.label == "confined"]


async def call(
    tool: Tool,
    argument: str,
    folder: Path,
    person: Person,
    confinement: Confinement | None = None,
    *,
    distribution: str = OWN_DISTRIBUTION,
    grants: Grants | None = None,
    allowed: Allowed | None = None,
    rules: Path | None = None,
    events: list[Event] | None = None,
    exposure: Exposure | Callable[[], Exposure] = CLEAN,
) -> ToolFinished:
    """A call of `shell` or `python` as the model makes it. `events` receives all that happened."""
    offered = OfferedTool(tool, tool.name, distribution, tool.name)
    here = confinement or fixed(Level.L3)

    async def no_model(*_: object) -> str:
        raise AssertionError

    data, artifacts = DictData(), ListArtifacts()
    runner = ToolRunner(
        registry=Registry([offered]),
        workspace=Workspace.at(folder),
        lender=Lender(
            lambda *_: ListMemory(), lambda *_: data, lambda *_: artifacts, lambda name: EnvironmentSecrets(name, {})
        ),
        allowed=allowed or Allowed(),
        grants=Grants() if grants is None else grants,
        rulebook=Rulebook(rules),
        clock=time.monotonic,
        confinement=here,
        confined=lambda each, reach: here.fact(each, folder, reach)[1],
    )
    sink: list[Event] = [] if events is None else events
    caller = Caller(
        "s",
        sink.append,
        person.approve,
        no_answer,
        no_model,
        10_000,
        exposure=exposure if callable(exposure) else lambda: exposure,
    )
    (name,) = tool.schema["properties"]
    return await runner.call(ToolCall(tool.name, {name: argument}), "1.1", caller)
