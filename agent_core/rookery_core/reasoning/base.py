"""What a way of thinking is: a plain coroutine from a task and a run to an outcome."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rookery_core.events import TurnStatus

if TYPE_CHECKING:
    from rookery_core.run import Run


@dataclass(frozen=True, slots=True)
class Task:
    """What the person wants in this turn."""

    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a strategy ended."""

    status: TurnStatus
    text: str
    reason: str = ""
    """Why it gave up."""

    @classmethod
    def answered(cls, text: str) -> Outcome:
        return cls(TurnStatus.ANSWERED, text)

    @classmethod
    def gave_up(cls, text: str, reason: str) -> Outcome:
        return cls(TurnStatus.GAVE_UP, text, reason)


Strategy = Callable[[Task, "Run"], Awaitable[Outcome]]
