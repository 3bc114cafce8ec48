"""A model that says what it was told to: deterministic, instant, and part of the public test kit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from rookery_core.errors import ModelDied, RookeryError
from rookery_core.model.base import Chunk, Completion, Delta, Message, ModelInfo, Sampling
from rookery_core.usage import Usage


@dataclass
class ScriptedModel:
    """Answers each request with the next line of its script.

    A line is the text of a step, or an exception to raise in its place. Tokens are words. Every request's messages are
    kept in `seen`, so that a test can say what the model was shown.
    """

    script: Iterable[str | Exception]
    n_ctx: int = 8192
    delay_s: float = 0.0
    """Pause before each delta; gives a test time to stop the turn."""
    open_error: RookeryError | None = None
    """Raised by `open` in place of loading."""
    seen: list[list[Message]] = field(default_factory=list)
    grammars: list[str | None] = field(default_factory=list)
    samplings: list[Sampling] = field(default_factory=list)
    info: ModelInfo | None = None
    name: str = "scripted"
    path: str = ""
    """The file that it is said to be."""
    native: bool = False
    """Whether its chat template has a form of its own for calls."""

    def __post_init__(self) -> None:
        self._lines = iter(self.script)
        self._loss: ModelDied | None = None

    async def open(self, progress: Callable[[float], None] | None = None) -> ModelInfo:
        if self.open_error is not None:
            raise self.open_error
        if progress is not None:
            progress(1.0)
        self.info = ModelInfo(self.name, self.path, self.n_ctx, self.n_ctx, "scripted", 0.0, native=self.native)
        return self.info

    def take_loss(self) -> ModelDied | None:
        loss, self._loss = self._loss, None
        return loss

    async def count(self, messages: Sequence[Message]) -> int:
        return sum(len(message.content.split()) + 4 for message in messages)

    async def stream(
        self, messages: Sequence[Message], sampling: Sampling, grammar: str | None = None
    ) -> AsyncGenerator[Chunk, None]:
        self.seen.append(list(messages))
        self.grammars.append(grammar)
        self.samplings.append(sampling)
        line = next(self._lines, None)
        if line is None:
            raise AssertionError(f"the script has ended, and a {len(self.seen)}th step was asked for")
        if isinstance(line, Exception):
            if isinstance(line, ModelDied):
                self.info, self._loss = None, line
            raise line
        words = line.split(" ")
        pieces = [word if n == 0 else " " + word for n, word in enumerate(words)]
        kept = pieces[: sampling.max_tokens]
        for piece in kept:
            await asyncio.sleep(self.delay_s)
            yield Delta(piece)
        yield Completion(
            "".join(kept),
            "end" if len(kept) == len(pieces) else "length",
            Usage(prompt_tokens=await self.count(messages), completion_tokens=len(kept)),
        )

    async def close(self) -> None:
        self.info = None
