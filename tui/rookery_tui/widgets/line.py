"""One line for the person to write, with nothing invisible in it."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.widgets import Input

from rookery_core.text import visible


class Line(Input):
    """What is pasted goes on one line, and hidden characters in it appear as escapes."""

    def __init__(
        self, placeholder: str, *, id: str, takes: Callable[[events.Event], bool] = lambda event: True
    ) -> None:
        """`takes` says whether a key or a paste is meant for the line; others are left to the screen."""
        super().__init__(placeholder=placeholder, id=id)
        self._takes = takes

    async def _on_key(self, event: events.Key) -> None:
        if not self._takes(event):
            event.prevent_default()

    def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        if self._takes(event):
            event.stop()
            self.insert_text_at_cursor(visible(" ".join(event.text.split())))
