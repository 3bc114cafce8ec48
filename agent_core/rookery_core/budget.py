"""What a turn may spend: steps, generated tokens, seconds. Time in which a person is thinking does not count."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, Field


class Limits(BaseModel):
    """The most that one turn may spend."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    max_steps: int = Field(default=8, ge=1, le=1000)
    """Steps (thought and action) before the turn ends with what was found."""
    max_tokens: int = Field(default=8192, ge=1)
    """Tokens the model may write in one turn, over all steps."""
    max_seconds: float = Field(default=600.0, gt=0)
    """Seconds for one turn; time spent waiting for an approval is not counted."""


@dataclass(slots=True)
class Budget:
    """What is left of the limits in this turn."""

    limits: Limits
    clock: Callable[[], float]
    """Seconds, monotonic."""
    steps: int = 0
    tokens: int = 0
    _started: float = field(init=False)
    _paused_s: float = 0.0

    def __post_init__(self) -> None:
        self._started = self.clock()

    def steps_left(self) -> Iterator[int]:
        """The numbers of the steps that may still be taken, from 1; ends when anything is spent."""
        while self.spent() is None:
            self.steps += 1
            yield self.steps

    def spent(self) -> str | None:
        """Which limit is reached, in words; None while there is something left."""
        if self.steps >= self.limits.max_steps:
            return f"the limit of {self.limits.max_steps} steps"
        if self.tokens >= self.limits.max_tokens:
            return f"the limit of {self.limits.max_tokens} tokens"
        if self.seconds_left <= 0:
            return f"the limit of {self.limits.max_seconds:g} seconds"
        return None

    @property
    def tokens_left(self) -> int:
        return max(self.limits.max_tokens - self.tokens, 0)

    @property
    def seconds_left(self) -> float:
        return self.limits.max_seconds - (self.clock() - self._started - self._paused_s)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Time spent inside does not count."""
        since = self.clock()
        try:
            yield
        finally:
            self._paused_s += self.clock() - since
