"""The pipe between a peer's worker and the driver: JSON lines, one case at a time. Knows no peer.

The driver sends `{"case": {...}}`. For every tool that the peer runs, the worker sends `{"call": ...}` and reads
`{"text": ..., "status": ...}`, or `{"stop": true}` where the call was all that counts. `{"done": ...}` ends the case.
The standard library is enough, since each peer has an environment of its own.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

INVALID = "invalid"
"""The status of a call whose arguments do not fit: what a framework's own check would have said."""


class Decided(BaseException):
    """The case is over with this call; no peer's `except Exception` may catch it."""


@dataclass
class Done:
    """What came of a case, beside its calls."""

    ended: str
    """answered, limit (of steps), or failed: the peer gave up."""
    answer: str | None = None
    reason: str = ""


class Wire:
    """The worker's end."""

    def __init__(self, config: dict[str, Any], packages: Iterable[str]) -> None:
        self.config = config
        self._in = sys.stdin
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)  # whatever a library prints is no line of ours
        self.transcript: list[Any] = []
        """What the peer's model read and wrote, for people to look at."""
        self._send({"hello": {name: importlib.metadata.version(name) for name in packages}})

    def call(self, tool: str, arguments: dict[str, Any]) -> tuple[str, str]:
        """Have a tool run by the driver: what came of it, and its status. Raises Decided where the case is over."""
        self._send({"call": {"tool": tool, "arguments": arguments}})
        reply = json.loads(self._in.readline())
        if reply.get("stop"):
            raise Decided
        return reply["text"], reply["status"]

    def serve(self, play: Callable[[dict[str, Any], Wire], Done]) -> None:
        """Play one case after another, until there are no more."""
        for line in iter(self._in.readline, ""):
            self.transcript = []
            try:
                done = play(json.loads(line)["case"], self)
            except Decided:
                done = Done("decided")
            except Exception:  # not of the kinds that the adapter knows as the peer's own: a bug, which counts nothing
                done = Done("crashed", reason=traceback.format_exc()[-4000:])
            self._send({"done": asdict(done), "transcript": self.transcript})

    def _send(self, message: dict[str, Any]) -> None:
        print(json.dumps(message, ensure_ascii=False, default=str), file=self._out, flush=True)


def connect(*packages: str) -> Wire:
    """The pipe, with the settings that are the worker's only argument, and the versions of what is measured."""
    return Wire(json.loads(sys.argv[1]), packages)
