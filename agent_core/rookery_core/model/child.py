"""The model's process: reads requests as lines of JSON from standard input and writes what comes of them to its output.

Ends when its input ends, and with its parent. Standard output is taken away from everyone else at the start, so that
nothing a library prints can get between the lines.
"""

from __future__ import annotations

import ctypes
import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from typing import IO, Any

from rookery_core.errors import RookeryError
from rookery_core.model.base import LoadOptions, Message, Sampling

Send = Callable[[dict[str, Any]], None]


class Requests:
    """What the parent asks for, in order; a cancellation overtakes."""

    def __init__(self, source: IO[bytes]) -> None:
        self.waiting: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._cancelled: set[int] = set()
        self._current: int | None = None
        self._ended = False
        threading.Thread(target=self._read, args=(source,), daemon=True).start()

    def begin(self, number: int) -> None:
        self._current = number

    def stopped(self) -> bool:
        """Whether the current request is to be given up."""
        return self._ended or self._current in self._cancelled

    def _read(self, source: IO[bytes]) -> None:
        for line in source:
            request = json.loads(line)
            if request["op"] == "cancel":
                self._cancelled.add(request["id"])
            else:
                self.waiting.put(request)
        self._ended = True
        self.waiting.put(None)


def main() -> None:
    """Load the model named in the first line, then serve until the input ends."""
    _die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")  # OpenMP's idle workers must not eat a neighbour's core
    send = _take_output()
    requests = Requests(sys.stdin.buffer)
    options = requests.waiting.get()
    if options is None:
        return
    from rookery_core.model.engine import Engine

    options.pop("op")
    try:
        engine = Engine(
            LoadOptions(**options),
            progress=lambda fraction: send({"loading": fraction}),
            stopped=requests.stopped,
        )
    except RookeryError as exc:
        send({"failed": type(exc).__name__, "message": str(exc)})
        return
    send({"ready": {"n_ctx": engine.n_ctx, "n_ctx_train": engine.n_ctx_train, "template": engine.template_origin}})
    while (request := requests.waiting.get()) is not None:
        requests.begin(request["id"])
        _serve(engine, request, send)


def _serve(engine: Any, request: dict[str, Any], send: Send) -> None:
    from rookery_core.model.engine import Stopped

    number = request["id"]
    try:
        prompt = engine.tokens([Message(**m) for m in request["messages"]])
        if request["op"] == "count":
            send({"id": number, "count": len(prompt)})
            return
        stop, usage = engine.generate(
            prompt,
            Sampling(**request["sampling"]),
            request["grammar"],
            lambda text: send({"id": number, "delta": text}),
        )
        send({"id": number, "stop": stop, "usage": usage.model_dump()})
    except Stopped:
        send({"id": number, "failed": "Stopped", "message": ""})
    except RookeryError as exc:
        send({"id": number, "failed": type(exc).__name__, "message": str(exc), **getattr(exc, "__dict__", {})})


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


def _die_with_parent() -> None:
    """Ask Linux to end this process with its parent; elsewhere the end of the input does it."""
    if sys.platform == "linux":
        parent = os.getppid()
        pr_set_pdeathsig = 1
        ctypes.CDLL(None, use_errno=True).prctl(pr_set_pdeathsig, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(0)


if __name__ == "__main__":
    main()
