"""The models' process: reads requests as lines of JSON from standard input and writes what comes of them to its output.

Ends when its input ends, and with its parent. Standard output is taken away from everyone else at the start, so that
nothing a library prints can get between the lines.
"""

from __future__ import annotations

import base64
import json
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

from rookery_core.errors import ModelError, ModelUnreadable, RookeryError
from rookery_core.model.base import LoadOptions, Message, Sampling
from rookery_core.process import die_with_parent

if TYPE_CHECKING:
    from rookery_core.model.embedder import EmbeddingModel, Vectors
    from rookery_core.model.engine import Engine
    from rookery_core.usage import Usage

    Served = TypeVar("Served", Engine, EmbeddingModel)

Request = dict[str, Any]
Send = Callable[[dict[str, Any]], None]


class Inbox:
    """What the parent asks for, in order; a cancellation overtakes."""

    def __init__(self, source: IO[bytes]) -> None:
        self.ended = False
        self.changed: Callable[[], object] = lambda: None
        """Called from another thread when a request was cancelled, or the input has ended."""
        self._waiting: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        self._cancelled: set[int] = set()
        threading.Thread(target=self._read, args=(source,), daemon=True).start()

    def arrived(self, *, wait: bool) -> Iterator[Request]:
        """Requests that are there; with `wait`, at least one. Ends early when the input has ended."""
        while not self.ended:
            try:
                request = self._waiting.get(block=wait)
            except queue.Empty:
                return
            if request is not None:
                yield request
            wait = False

    def is_cancelled(self, number: int) -> bool:
        return number in self._cancelled

    def forget(self, number: int) -> None:
        """The request is over."""
        self._cancelled.discard(number)

    def _read(self, source: IO[bytes]) -> None:
        try:
            for line in source:
                request = json.loads(line)
                if request["op"] == "cancel":
                    self._cancelled.add(request["id"])
                    self.changed()
                else:
                    self._waiting.put(request)
        finally:
            self.ended = True
            self._waiting.put(None)
            self.changed()


class Answers:
    """Tells the parent what comes of one request."""

    def __init__(self, number: int, send: Send, inbox: Inbox) -> None:
        self._number = number
        self._send = send
        self._inbox = inbox

    def loading(self, fraction: float) -> None:
        self._send({"id": self._number, "loading": fraction})

    def reading(self, done: int, total: int) -> None:
        self._send({"id": self._number, "read": done, "of": total})

    def said(self, text: str) -> None:
        self._send({"id": self._number, "delta": text})

    def ended(self, stop: str, usage: Usage) -> None:
        self.last(stop=stop, usage=asdict(usage))

    def embedded(self, vectors: Vectors) -> None:
        self._send({"id": self._number, "vectors": base64.b64encode(vectors.tobytes()).decode()})

    def done(self) -> None:
        self.last()

    def failed(self, error: Exception) -> None:
        self.last(failed=type(error).__name__, message=str(error), **getattr(error, "__dict__", {}))

    def last(self, **values: Any) -> None:
        """The answer that nothing follows."""
        self._inbox.forget(self._number)
        self._send({"id": self._number, "end": True, **values})

    def stopped(self) -> bool:
        """Whether nobody waits for it any more."""
        return self._inbox.is_cancelled(self._number)


class Host:
    """The loaded models, and who is served next."""

    def __init__(self, inbox: Inbox, send: Send) -> None:
        self._inbox = inbox
        self._send = send
        self._models: dict[str, Engine | EmbeddingModel] = {}
        """By name, the one that was used last at the end."""
        inbox.changed = self._look

    def _look(self) -> None:
        for model in list(self._models.values()):
            model.look()

    def serve(self) -> None:
        """Until the input ends; then what was read is saved."""
        while not self._inbox.ended:
            for request in self._inbox.arrived(wait=not any(model.busy for model in self._models.values())):
                answers = Answers(request["id"], self._send, self._inbox)
                try:
                    self._take(request, answers)
                except RookeryError as exc:
                    answers.failed(exc)
                except Exception as exc:
                    answers.failed(_unexpected(exc))
            for name, model in list(self._models.items()):
                try:
                    model.step()
                except Exception as exc:  # a mistake of ours costs one model its requests, and nobody else
                    model.fail(_unexpected(exc))
                    self._unload(name)
                    self._send({"unloaded": name})
        for model in self._models.values():
            model.save()

    def _take(self, request: Request, answers: Answers) -> None:
        from rookery_core.model.embedder import EmbeddingModel
        from rookery_core.model.engine import Engine

        name = request["model"]
        match request["op"]:
            case "load":
                kind = EmbeddingModel if request["kind"] == "embedder" else Engine
                options = LoadOptions(**request["options"])
                answers.last(ready=self._load(name, kind, options, request["budget"], answers))
            case "unload":
                self._unload(name)
                answers.last()
            case "count":
                answers.last(count=len(self._used(name, Engine).tokens(_messages(request))))
            case "embed":
                self._used(name, EmbeddingModel).submit(request["texts"], answers, answers.stopped)
            case _:
                engine = self._used(name, Engine)
                prompt = engine.tokens(_messages(request))
                sampling = Sampling(**request["sampling"])
                engine.submit(prompt, sampling, request["grammar"], answers, answers.stopped)

    def _used(self, name: str, kind: type[Served]) -> Served:
        """The loaded model, which is the last one used from now on."""
        model = self._models.get(name)
        if not isinstance(model, kind):
            raise ModelError(f"the model {name} is not loaded")
        self._models[name] = self._models.pop(name)
        return model

    def _load(
        self,
        name: str,
        kind: type[Engine] | type[EmbeddingModel],
        options: LoadOptions,
        budget: int,
        answers: Answers,
    ) -> dict[str, Any]:
        """Load a model, and what there is to know of it."""
        self._unload(name)
        self._make_room(options, budget)
        model = kind(options, progress=answers.loading, ended=lambda: self._inbox.ended or answers.stopped())
        self._models[name] = model
        return model.facts

    def _make_room(self, options: LoadOptions, budget: int) -> None:
        """Unload models that nobody uses, the least recently used first, until the file fits into the budget."""
        size = Path(options.path).stat().st_size if Path(options.path).is_file() else 0
        if not budget or not size:
            return
        if size > budget:
            raise ModelUnreadable(
                f"{options.path} needs {size >> 20} MB and model.memory_mb allows {budget >> 20}; raise it, or choose "
                "a smaller model"
            )
        for name, model in list(self._models.items()):
            if size + sum(model.n_bytes for model in self._models.values()) <= budget:
                return
            if not model.wanted:
                self._unload(name)
                self._send({"unloaded": name})
        if size + sum(model.n_bytes for model in self._models.values()) > budget:
            raise ModelUnreadable(
                f"{options.path} does not fit beside the models that are in use; raise model.memory_mb"
            )

    def _unload(self, name: str) -> None:
        model = self._models.pop(name, None)
        if model is not None:
            model.fail(ModelError(f"the model {name} was unloaded"))
            model.save()
            model.close()


def _unexpected(error: Exception) -> ModelError:
    """What nobody expected, in a line; the whole of it is in the log."""
    traceback.print_exception(error)
    return ModelError(f"an unexpected error in the model's process: {type(error).__name__}: {error}")


def main() -> None:
    """Serve until the input ends."""
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")  # OpenMP's idle workers must not eat a neighbour's core
    send = _take_output()
    inbox = Inbox(sys.stdin.buffer)
    import rookery_core.model.engine  # noqa: F401  0.2 s, while the first request is being made

    Host(inbox, send).serve()


def _messages(request: Request) -> list[Message]:
    return [Message(**message) for message in request["messages"]]


def _take_output() -> Send:
    """The real standard output for our lines alone; everyone else's goes to the log."""
    stream = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    lock = threading.Lock()

    def send(message: dict[str, Any]) -> None:
        line = json.dumps(message).encode() + b"\n"
        with lock:
            try:
                stream.write(line)
                stream.flush()
            except BrokenPipeError:
                os._exit(0)  # the parent is gone; there is nobody to tell

    return send


if __name__ == "__main__":
    main()
