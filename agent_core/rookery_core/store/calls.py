"""The record of calls that no conversation makes: those by hand, and those of other assistants.

Each start of the program that makes such calls has a session of its own, which is not among the conversations.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from rookery_core.approval.exposure import CLEAN, Exposure
from rookery_core.events import Event
from rookery_core.store.sessions import Kind, Sessions


class CallRecord:
    """What is told of the calls of one start, stored from the first of them on; one that may change something before it
    begins, as in a conversation."""

    def __init__(self, sessions: Sessions, kind: Kind, workspace: Path, clock: Callable[[], float] = time.time) -> None:
        self._log = sessions.create(workspace, kind)
        self._now = clock
        self._exposure = CLEAN

    @property
    def session(self) -> str:
        """The session's id."""
        return self._log.id

    @property
    def exposure(self) -> Exposure:
        """What has come of these calls, and so is before whoever makes them."""
        return self._exposure

    def keep(self, event: Event) -> None:
        """Store the event, unless it is only to be shown. Raises StoreError."""
        if not event.ephemeral:
            self._exposure = self._exposure.after(self._log.append(event.model_copy(update={"at": self._now()})))

    def close(self) -> None:
        """There are no more calls."""
        self._log.close()
