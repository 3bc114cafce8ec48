"""What was done in a case: a fold over the events of its turn. Nothing is judged here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict

from rookery_core.events import (
    Answered,
    Event,
    ModelLost,
    ToolFinished,
    ToolRequested,
    ToolStarted,
    ToolStatus,
    TurnEnded,
    TurnStarted,
    TurnStatus,
)
from rookery_core.usage import Usage

GIVEN = "given."
"""The ids of calls that the case brings along begin so; they are none of the model's."""

DECIDED = "decided"
"""How a turn ended that was stopped at its first call."""


class Made(BaseModel):
    """A call that the model made."""

    model_config = ConfigDict(frozen=True)

    tool: str
    arguments: dict[str, Any]
    status: ToolStatus | None = None
    """None while it is not over."""
    ran: bool = False
    """Whether the harness let it through."""


class Outcome(BaseModel):
    """What was done in one case."""

    model_config = ConfigDict(frozen=True)

    ended: str
    """A TurnStatus, or `decided` where the turn was stopped at its first call."""
    reason: str = ""
    """Why, where it was not answered."""
    calls: tuple[Made, ...] = ()
    answer: str | None = None
    files: dict[str, str | None] = {}
    """The folder's text files in the end; None for one that is no text or too large."""
    offered: tuple[str, ...] = ()
    """Tools that were put before the model."""
    left_out: tuple[str, ...] = ()
    """Tools of the case that could not be offered."""
    steps: int = 0
    seconds: float = 0.0
    """Of the whole turn."""
    decision_s: float | None = None
    """From the request until a call would begin or the answer was written; None where cases ran beside each other."""
    usage: Usage = Usage()
    lost: bool = False
    """Whether the model's process ended by itself meanwhile."""

    @property
    def answered(self) -> bool:
        """Whether the turn came to an answer of its own."""
        return self.ended == TurnStatus.ANSWERED

    @property
    def call(self) -> Made | None:
        """The first call that the harness let through; where the turn came to nothing, the last that was tried."""
        through = next((call for call in self.calls if call.ran), None)
        if through is None and not self.answered and self.calls:
            return self.calls[-1]
        return through


class Recorder:
    """Takes in the events of one turn."""

    def __init__(self, clock: Callable[[], float], given_steps: int = 0) -> None:
        self._clock = clock
        self._began = clock()
        self._given_steps = given_steps
        self._calls: dict[str, Made] = {}
        self._answer: str | None = None
        self._decision_s: float | None = None
        self._lost = False
        self._offered: tuple[str, ...] = ()
        self._ended: TurnEnded | None = None

    def take(self, event: Event) -> None:
        """Note what of an event belongs to the outcome."""
        match event:
            case TurnStarted(tools=tools):
                self._offered = tools
            case ToolRequested(call_id=call_id, tool=tool, arguments=arguments) if not call_id.startswith(GIVEN):
                self._calls[call_id] = Made(tool=tool, arguments=arguments)
            case ToolStarted(call_id=call_id, arguments=arguments):
                self._calls[call_id] = self._calls[call_id].model_copy(update={"ran": True, "arguments": arguments})
                self._decided()
            case ToolFinished(call_id=call_id, status=status) if call_id in self._calls:
                self._calls[call_id] = self._calls[call_id].model_copy(update={"status": status})
            case Answered(text=text):
                self._answer = text
                self._decided()
            case ModelLost():
                self._lost = True
            case TurnEnded():
                self._ended = event

    def outcome(self, *, stopped: bool, timed: bool) -> Outcome:
        """What was done, once the turn is over. `stopped`: it was, at its first call."""
        ended = self._ended
        assert ended is not None
        return Outcome(
            ended=DECIDED if stopped else ended.status,
            reason="" if stopped else ended.reason,
            calls=tuple(self._calls.values()),
            answer=self._answer,
            offered=self._offered,
            steps=ended.steps - self._given_steps,
            seconds=ended.seconds,
            decision_s=self._decision_s if timed else None,
            usage=ended.usage,
            lost=self._lost,
        )

    def _decided(self) -> None:
        if self._decision_s is None:
            self._decision_s = self._clock() - self._began
