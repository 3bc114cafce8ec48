"""A model that several assistants use one after another or at once; none of them closes it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass

from rookery_core.errors import ModelDied
from rookery_core.model.base import Chunk, Message, ModelBackend, ModelInfo, Sampling


@dataclass(frozen=True, slots=True)
class LentModel:
    """The model of someone else, who closes it."""

    model: ModelBackend

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def info(self) -> ModelInfo | None:
        return self.model.info

    def take_loss(self) -> ModelDied | None:
        return self.model.take_loss()

    async def open(self, progress: Callable[[float], None] | None = None) -> ModelInfo:
        return await self.model.open(progress)

    async def count(self, messages: Sequence[Message]) -> int:
        return await self.model.count(messages)

    def stream(
        self, messages: Sequence[Message], sampling: Sampling, grammar: str | None = None
    ) -> AsyncGenerator[Chunk, None]:
        return self.model.stream(messages, sampling, grammar)

    async def close(self) -> None:
        """Leaves it open."""
