"""The chat pane: what the person and the assistant said, the answer while it is being written."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from rookery_core.events import Event, StepFailed, TokenDelta, ToolRequested, TurnEnded, TurnStarted
from rookery_tui.presenter import Tone
from rookery_tui.speech import Said, said
from rookery_tui.widgets.markdown import SafeMarkdown
from rookery_tui.widgets.text import capped, plain

TURNS_SHOWN = 40
"""Turns that are on the screen at first, and as many more with each step back."""


class Earlier(Static):
    """The line above the oldest turn shown; it brings the ones before."""

    class Wanted(Message):
        """The person wants to see earlier turns."""

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.post_message(self.Wanted())


class Welcome(Static):
    """What stands in an empty session until its first message."""


class PlainText(Static):
    """A message of the person, or a notice."""

    def __init__(self, text: str, turn: int, classes: str) -> None:
        super().__init__(plain(capped(text)), markup=False, classes=classes)
        self.turn = turn


class Answer(SafeMarkdown):
    """An answer, whole or still being written."""

    def __init__(self, text: str, turn: int, classes: str = "") -> None:
        super().__init__(text, classes=f"answer {classes}")
        self.turn = turn


class ChatPane(VerticalScroll):
    """The conversation of a session, the newest at the bottom."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._stored: Sequence[Event] = ()
        self._first_turn = 1
        """The oldest turn on the screen."""
        self._live: Answer | None = None
        self.welcome = ""
        """What an empty session shows."""

    async def load(self, stored: Sequence[Event]) -> None:
        """Show a session from its events, in place of what is shown; the list may grow afterwards."""
        self._stored, self._live = stored, None
        turns = max((event.turn for event in stored), default=0)
        self._first_turn = max(1, turns - TURNS_SHOWN + 1)
        await self.remove_children()
        await self.mount_all(self._history(self._first_turn, turns))
        await self._mark_earlier()
        if not turns and self.welcome:
            await self.mount(Welcome(plain(self.welcome), markup=False))
        self.anchor()

    async def load_earlier(self) -> None:
        """Show as many turns more, above those that are shown."""
        if self._first_turn == 1:
            return
        last, self._first_turn = self._first_turn - 1, max(1, self._first_turn - TURNS_SHOWN)
        added = self._history(self._first_turn, last)
        top = next((child for child in self.children if not isinstance(child, Earlier)), None)
        await self.mount_all(added, before=top)
        await self._mark_earlier()
        if added:
            added[-1].scroll_visible(animate=False)

    async def show(self, event: Event) -> None:
        """Take in the next event."""
        if isinstance(event, TokenDelta):
            if event.channel == "answer":
                await self._write(event.text, event.turn)
            return
        if isinstance(event, TurnStarted):
            await self.remove_children(Welcome)
            await self._forget_oldest(event.turn)
        entry = said(event)
        if entry is not None and entry.role in ("answer", "partial") and self._live is not None:
            live, self._live = self._live, None
            live.set_class(entry.role == "partial", "-partial")
            await live.settle(entry.text)
        elif entry is not None:
            await self._add(entry, event.turn)
        if isinstance(event, ToolRequested | StepFailed | TurnEnded) and self._live is not None:
            live, self._live = self._live, None
            await live.stop()
            await live.remove()

    async def notice(self, text: str, tone: Tone = "quiet") -> None:
        """Say something that is not part of the session."""
        await self._add(Said("notice", text, tone))
        self.anchor()

    def _history(self, first: int, last: int) -> list[Widget]:
        return [
            _widget(entry, event.turn)
            for event in self._stored
            if first <= event.turn <= last and (entry := said(event)) is not None
        ]

    async def _write(self, piece: str, turn: int) -> None:
        if self._live is None:
            self._live = Answer("", turn)
            await self.mount(self._live)
        await self._live.write(piece)

    async def _add(self, entry: Said, turn: int = 0) -> None:
        await self.mount(_widget(entry, turn))
        if entry.role == "person":
            self.anchor()

    async def _forget_oldest(self, turn: int) -> None:
        """Take turns off the screen once there are twice as many as are shown at first."""
        if turn - self._first_turn < 2 * TURNS_SHOWN:
            return
        self._first_turn = turn - TURNS_SHOWN
        shown = [child for child in self.children if isinstance(child, PlainText | Answer)]
        gone = [child for child in shown if 0 < child.turn < self._first_turn]
        await self.remove_children(gone)
        await self._mark_earlier()

    async def _mark_earlier(self) -> None:
        await self.remove_children(Earlier)
        if self._first_turn > 1:
            text = f"▲ {self._first_turn - 1} earlier turns (Ctrl+Up or a click shows more)"
            await self.mount(Earlier(plain(text), markup=False), before=0 if self.children else None)


def _widget(entry: Said, turn: int) -> Widget:
    match entry.role:
        case "answer":
            return Answer(entry.text, turn)
        case "partial":
            return Answer(entry.text, turn, "-partial")
        case "person":
            return PlainText(entry.text, turn, "person")
        case "notice":
            return PlainText(entry.text, turn, f"notice tone-{entry.tone}")
