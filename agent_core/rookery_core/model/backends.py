"""Models in the process of a `Worker`, as the rest of the program sees them: each a `ModelBackend` or an `Embedder`."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from rookery_core.errors import ModelDied, ModelError, ModelUnreadable
from rookery_core.model.base import (
    Chunk,
    Completion,
    Delta,
    EmbedderInfo,
    LoadOptions,
    Message,
    ModelInfo,
    Reading,
    Sampling,
)
from rookery_core.model.worker import Answer, Worker
from rookery_core.usage import Usage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Info = TypeVar("Info")


class Place(Generic[Info]):
    """A GGUF file's place in the process: loaded once, however many ask; what it is, and how it ended."""

    def __init__(
        self,
        kind: Literal["chat", "embedder"],
        name: str,
        options: LoadOptions,
        worker: Worker,
        describe: Callable[[Answer], Info],
    ) -> None:
        """`describe` makes what is known of the loaded model from what the process says of it."""
        self.name = name
        self.info: Info | None = None
        self.worker = worker
        self._kind = kind
        self._options = options
        self._describe = describe
        self._opening = asyncio.Lock()
        self._loss: ModelDied | None = None

    async def open(self, progress: Callable[[float], None] | None) -> Info:
        """Load it unless it is. Raises ModelUnreadable, ModelDied."""
        async with self._opening:
            if self.info is not None:
                return self.info
            began = time.monotonic()
            await self.worker.start()
            self.worker.enter(self)
            try:
                ready = await self._load(progress)
            except ModelDied as exc:
                self._loss = None  # it is told right here
                adapter = f" with the adapter {self._options.adapter}" if self._options.adapter else ""
                raise ModelUnreadable(
                    f"{self._options.path} cannot be loaded{adapter}: {exc}. A file may be damaged, or too large for "
                    "this machine's memory."
                ) from exc
            except BaseException:
                await self.worker.leave(self)
                raise
            info = self._describe(
                {"name": self.name, "path": self._options.path, "load_s": time.monotonic() - began, **ready}
            )
            if self.worker.holds(self):  # another that came right behind it may have taken its place
                self.info = info
            return info

    def ask(self, op: str, **values: Any) -> AsyncGenerator[Answer, None]:
        """Make a request of the loaded model (`Worker.ask`)."""
        return self.worker.ask(op, self.name, **values)

    def gone(self, loss: ModelDied | None) -> None:
        self.info, self._loss = None, loss

    def take_loss(self) -> ModelDied | None:
        """How its process ended by itself, told once."""
        loss, self._loss = self._loss, None
        return loss

    async def close(self) -> None:
        """Leave the process."""
        self.info = None
        with contextlib.suppress(ModelError):
            await self.worker.leave(self)

    async def _load(self, progress: Callable[[float], None] | None) -> Answer:
        request = self.ask("load", kind=self._kind, options=asdict(self._options), budget=self.worker.memory_bytes)
        ready: Answer = {}
        async with aclosing(request) as answers:
            async for answer in answers:
                if "loading" in answer and progress is not None:
                    progress(answer["loading"])
                elif "ready" in answer:
                    ready = answer["ready"]
        return ready


class WorkerModel:
    """A chat model in the process."""

    def __init__(self, name: str, options: LoadOptions, worker: Worker) -> None:
        self.name = name
        self._worker = worker
        self._place = Place(
            "chat",
            name,
            options,
            worker,
            lambda said: ModelInfo(**{**said, "notes": tuple(said["notes"])}, prompt=options.prompt),
        )

    @property
    def info(self) -> ModelInfo | None:
        return self._place.info

    async def open(self, progress: Callable[[float], None] | None = None) -> ModelInfo:
        return await self._place.open(progress)

    def take_loss(self) -> ModelDied | None:
        return self._place.take_loss()

    async def count(self, messages: Sequence[Message]) -> int:
        async with aclosing(self._place.ask("count", messages=_plain(messages))) as answers:
            return int([answer async for answer in answers][-1]["count"])

    async def stream(
        self, messages: Sequence[Message], sampling: Sampling, grammar: str | None = None
    ) -> AsyncGenerator[Chunk, None]:
        request = self._place.ask("stream", messages=_plain(messages), sampling=asdict(sampling), grammar=grammar)
        written: list[str] = []
        async with aclosing(request) as answers:
            async for answer in answers:
                if "delta" in answer:
                    written.append(answer["delta"])
                    yield Delta(answer["delta"])
                elif "read" in answer:
                    yield Reading(answer["read"], answer["of"])
                else:
                    yield Completion("".join(written), answer["stop"], Usage(**answer["usage"]))

    async def close(self) -> None:
        await self._place.close()


class WorkerEmbedder:
    """An embedding model in the process."""

    def __init__(self, name: str, options: LoadOptions, worker: Worker) -> None:
        self.name = name
        self._place = Place("embedder", name, options, worker, lambda said: EmbedderInfo(**said))

    @property
    def info(self) -> EmbedderInfo | None:
        return self._place.info

    async def open(self, progress: Callable[[float], None] | None = None) -> EmbedderInfo:
        return await self._place.open(progress)

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        import numpy as np  # no part of what a program without an embedder loads

        n_dims = self.info.n_dims if self.info is not None else 0
        raw = bytearray()
        async with aclosing(self._place.ask("embed", texts=list(texts))) as answers:
            async for answer in answers:
                raw += base64.b64decode(answer.get("vectors", ""))
        return np.frombuffer(raw, np.float32).reshape(len(texts), n_dims)

    async def close(self) -> None:
        await self._place.close()


def _plain(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [asdict(message) for message in messages]
