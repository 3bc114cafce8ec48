"""Plugins' functions that hear what happens: each in a thread of its own, so that a slow one holds nobody up.

They get stored events only, in order; what one of them does to itself is its own affair.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence

from rookery_core.events import Event, PluginFailed
from rookery_core.tools.rulings import Hook

MOST_WAITING = 10_000
"""Events that may wait for a sink; one that is further behind is heard no more."""
CLOSE_SECONDS = 2.0
"""What all sinks together get for what still waits when the program ends."""


class Sinks:
    """All sinks of one assistant."""

    def __init__(self, hooks: Sequence[Hook]) -> None:
        self._hearing = [_Hearing(hook) for hook in hooks]

    def hear(self, event: Event) -> None:
        """Pass an event on; one that is not stored is not."""
        if not event.ephemeral:
            for hearing in self._hearing:
                hearing.hear(event)

    def failures(self) -> list[PluginFailed]:
        """What went wrong since this was asked last, each sink once."""
        return [failed for hearing in self._hearing if (failed := hearing.take_failure()) is not None]

    def close(self) -> None:
        """Let them hear what waits, for a moment."""
        for hearing in self._hearing:
            hearing.end()
        for hearing in self._hearing:
            hearing.wait(CLOSE_SECONDS / len(self._hearing))


class _Hearing:
    """One sink; its thread begins with the first event."""

    def __init__(self, hook: Hook) -> None:
        self._hook = hook
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._broken = False
        self._failure: PluginFailed | None = None

    def hear(self, event: Event) -> None:
        if self._broken:
            return
        if self._events.qsize() >= MOST_WAITING:
            self._break(f"it is {MOST_WAITING} events behind")
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=f"sink {self._hook.plugin}", daemon=True)
            self._thread.start()
        self._events.put(event)

    def take_failure(self) -> PluginFailed | None:
        failure, self._failure = self._failure, None
        return failure

    def end(self) -> None:
        self._events.put(None)

    def wait(self, seconds: float) -> None:
        if self._thread is not None:
            self._thread.join(seconds)

    def _work(self) -> None:
        while (event := self._events.get()) is not None and not self._broken:
            try:
                self._hook.function(event)
            except BaseException as exc:  # whatever it raises, in its own thread
                self._break(f"{type(exc).__name__}: {exc}")

    def _break(self, why: str) -> None:
        self._broken = True
        reason = f"its event sink hears no more: {why}"
        self._failure = PluginFailed(plugin=self._hook.plugin, distribution=self._hook.distribution, reason=reason)
