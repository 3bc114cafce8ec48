"""What the person was shown before they allowed a call, so that nothing else is done with their yes."""

from __future__ import annotations

import threading
from pathlib import Path

from rookery_core.plugin import NeedsApproval, ToolContext

CALLS_MAX = 100


class Shown:
    """The state of things at the time of a call's preview, for the last calls that were asked about."""

    def __init__(self) -> None:
        self._states: dict[tuple[str, Path], object] = {}
        self._lock = threading.Lock()

    def keep(self, ctx: ToolContext, path: Path, state: object) -> None:
        """This is what the person is about to see of what is at the path."""
        with self._lock:
            self._states[ctx.call_id, path] = state
            while len(self._states) > CALLS_MAX:
                del self._states[next(iter(self._states))]

    def check(self, ctx: ToolContext, path: Path, state: object, name: str) -> None:
        """Raises NeedsApproval where it is another state by now; the person is asked again and sees the new one.

        Calls of several sessions have the same numbers, so that of one that was denied is kept by its path.
        """
        with self._lock:
            if self._states.pop((ctx.call_id, path), state) != state:
                raise NeedsApproval(f"{name} has changed since this call was shown")
