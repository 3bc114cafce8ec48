"""What is done about each kind of expected trouble: one table, no other place decides.

Trouble inside a tool is not here: it is an observation that the model reads (`tools.runner`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rookery_core.errors import ModelDied, RookeryError, StepDoubted, StepError


class Failure(StrEnum):
    """Classes of trouble, by what helps against them."""

    RETRIABLE = "retriable"
    """The same again may work: the model's process is started anew."""
    FIXABLE = "fixable"
    """The model can mend it when it is told what was wrong."""
    DOUBTFUL = "doubtful"
    """It may be right: the model is asked once, and is free to say the same again."""
    TERMINAL = "terminal"
    """Nothing the program can do will help; the person is told."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to do, and how often in a row before giving up."""

    failure: Failure
    attempts: int
    backoff_s: float = 0.0
    """Pause before the first attempt; doubled for each one after."""

    def pause_s(self, attempt: int) -> float:
        return self.backoff_s * 2.0 ** (attempt - 1)


_TABLE: tuple[tuple[type[RookeryError], Remedy], ...] = (
    (ModelDied, Remedy(Failure.RETRIABLE, attempts=2, backoff_s=0.2)),
    (StepDoubted, Remedy(Failure.DOUBTFUL, attempts=1)),
    (StepError, Remedy(Failure.FIXABLE, attempts=2)),
    (RookeryError, Remedy(Failure.TERMINAL, attempts=0)),
)


def remedy(error: RookeryError) -> Remedy:
    """The first row of the table that fits."""
    return next(remedy for kind, remedy in _TABLE if isinstance(error, kind))
