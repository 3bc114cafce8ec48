"""Which keys answer a question: those that stand alone. What else is typed or pasted was meant for something else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Any

from textual import events
from textual.screen import Screen
from textual.timer import Timer

ALONE_S = 0.3
"""How long an answer waits for a key behind it, which would make it part of a word."""


class Grace:
    """The silence of so many seconds that is wanted before a key, and right behind it; with 0 every key counts at once.

    It goes by when a key was pressed, which may be long before a busy program looks at it.
    """

    def __init__(self, screen: Screen[Any], seconds: float, changed: Callable[[], object]) -> None:
        """`changed` is called when `armed` may be another."""
        self.armed = False
        """Whether a key would count now."""
        self.acting = False
        """Whether an answer is carried out just now."""
        self._screen = screen
        self._seconds = seconds
        self._changed = changed
        self._timer: Timer | None = None
        self._touched = events.Event().time
        """When the last key came, on the clock of Textual's messages; before the first, when this was made."""

    def alone(self, event: events.Event) -> bool:
        """Whether there was silence before it."""
        return event.time - self._touched >= self._seconds

    def touch(self, event: events.Event) -> None:
        """Begin to wait for silence; an answer that waits to be seen alone is none."""
        self._touched = max(self._touched, event.time)
        self.armed = self._seconds <= 0
        if self._timer is not None:
            self._timer.stop()
        if not self.armed:
            self._timer = self._screen.set_timer(self._seconds, self._arm)
        self._changed()

    async def act(self, action: str) -> None:
        """Carry out an answer's action. There is no other way to one: `allows` keeps key bindings out.

        A key that was typed before the screen opened is looked up in the bindings of whatever is open by then.
        """
        self.acting = True
        try:
            await self._screen.run_action(action)
        finally:
            self.acting = False

    def allows(self, action: str, answers: Collection[str]) -> bool:
        """Whether an action may be carried out now; `answers` are those of keys that answer, with their parameters."""
        return self.acting or not any(answer.partition("(")[0] == action for answer in answers)

    async def unless_followed(self, act: Callable[[], Awaitable[object]]) -> None:
        """Act on the key that was touched last, if no other comes right behind it."""
        touched = self._touched

        async def if_alone() -> None:
            if touched == self._touched and self._screen.is_current:
                await act()

        if self._seconds <= 0:
            await if_alone()
        else:
            self._screen.set_timer(min(self._seconds, ALONE_S), if_alone)

    def _arm(self) -> None:
        self.armed = True
        self._changed()
