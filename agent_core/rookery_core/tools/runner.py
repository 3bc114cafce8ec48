"""What carries out tool calls, and on whose behalf; how one goes, from request to observation, is in `calling`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rookery_core.approval.answers import Answers
from rookery_core.approval.exposure import CLEAN, Exposure
from rookery_core.approval.judging import Judged, judge
from rookery_core.approval.places import Places
from rookery_core.approval.policy import Allowed, Grants, Reply
from rookery_core.approval.rulebook import Rulebook
from rookery_core.approval.subject import subject_of
from rookery_core.approval.taint import OWN, Label
from rookery_core.events import ApprovalRequested, Event, QuestionAsked, ToolFinished, ToolRequested
from rookery_core.perception.relevance import Relevance
from rookery_core.reasoning.quarantine import Reader
from rookery_core.reasoning.step import ToolCall
from rookery_core.sandbox.level import Reach
from rookery_core.sandbox.sandbox import Confinement
from rookery_core.tools.calling import Calling
from rookery_core.tools.extending import RiskRule
from rookery_core.tools.lending import Completer, Lender
from rookery_core.tools.registry import OfferedTool, Registry
from rookery_core.tools.rulings import Rulings
from rookery_core.tools.running import Fitted
from rookery_core.workspace import Workspace

Emit = Callable[[Event], Any]


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf a call is made."""

    session: str
    emit: Emit
    approve: Callable[[ApprovalRequested], Awaitable[Reply]]
    answer: Callable[[QuestionAsked], Awaitable[str | None]]
    complete: Completer
    max_output: int
    """Characters of the result that the model may see, unless the tool says less."""
    request: str = ""
    """What the person wants; of a longer result the model sees what matters for it."""
    claimed: str = ""
    """What the model thought before the call."""
    answers: Answers = field(default_factory=Answers)
    """What the person said of the other calls of this turn."""
    exposure: Callable[[], Exposure] = Exposure
    """What has been before whoever calls, at any moment."""
    label: Label = OWN
    """Of the words of whoever calls, where that is not the person's own assistant."""
    reader: Reader | None = None
    """Reads results of others in place of the model that called."""
    spotlight: bool = False
    """Whether results of others are marked."""


def _not_confined(_: OfferedTool, __: Reach) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class ToolRunner:
    """Everything a call needs that outlives it."""

    registry: Registry
    workspace: Workspace
    lender: Lender
    allowed: Allowed
    grants: Grants
    clock: Callable[[], float]
    """Seconds, monotonic."""
    rules: tuple[RiskRule, ...] = ()
    rulebook: Rulebook = field(default_factory=Rulebook)
    places: Places = field(default_factory=Places)
    rulings: Rulings = field(default_factory=Rulings)
    relevance: Relevance = field(default_factory=Relevance)
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Rookery's own environment, as it is at any moment."""
    confinement: Confinement = field(default_factory=Confinement)
    confined: Callable[[OfferedTool, Reach], str] = _not_confined
    """How the programs that a tool starts are set apart, in words; "" where they are not at all."""

    def judge(
        self,
        offered: OfferedTool,
        fitted: Fitted,
        exposure: Exposure = CLEAN,
        *,
        least: Reach = Reach.READS,
        also: bool = False,
    ) -> Judged:
        """What becomes of a checked call whose programs are to get as far as `least`, after the model has read what
        `exposure` says; `also`: a plugin allows it."""
        return judge(
            subject_of(offered, fitted, self.workspace.root, self.places),
            self.rules,
            self.rulebook,
            self.grants,
            self.allowed,
            self.places,
            exposure,
            kept=self.confinement.keeps(offered),
            least=least,
            also=also,
        )

    def lending(self, **instead: Any) -> ToolRunner:
        """The same, but for these parts of what is lent."""
        return replace(self, lender=replace(self.lender, **instead))

    async def call(self, call: ToolCall, call_id: str, caller: Caller) -> ToolFinished:
        """Carry out one call. Every outcome is emitted as `ToolFinished`, and returned; TurnPaused is raised too."""
        caller.emit(ToolRequested(call_id=call_id, tool=call.tool, arguments=call.arguments))
        return await Calling(self, call, call_id, caller).carry_out()
