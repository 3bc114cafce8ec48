"""The trace pane: thoughts, actions and observations as they happen, each on one line until it is opened."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static

from rookery_core.events import Event, Generated, StepFailed, TokenDelta, ToolFinished, ToolProgress, TurnEnded
from rookery_core.text import VisibleStream
from rookery_tui.presenter import Row, row, unfinished
from rookery_tui.widgets.text import MOST_CHARS, TICK_S, capped, plain

MAX_ROWS = 300
"""Rows that are kept; what is older stays in the session."""
LIVE_PAUSE_S = 0.08
"""Streamed pieces are drawn together, once in this time."""

LIVE_LINES = 100
"""Lines that are kept of a row while it is being written."""

OPEN_AT_FIRST = frozenset({"thought", "notice"})
TOOL_OUTPUT = frozenset({"action", "observation"})
_MARKS = {
    "thought": "◇",
    "action": "▶",
    "observation": "◀",
    "approval": "?",
    "question": "?",
    "memory": "◦",
    "input": "◦",
    "model": "◦",
    "mode": "◦",
    "plugin": "!",
    "rules": "!",
    "notice": "!",
    "running": "…",
}


class TraceRow(Static):
    """One entry: its title on one line, or everything."""

    class Toggled(Message):
        """The person wants the row opened or closed."""

        def __init__(self, row: TraceRow) -> None:
            super().__init__()
            self.row = row

    def __init__(self, shown: Row, *, live: bool = False) -> None:
        super().__init__(markup=False)
        self.shown = shown
        self._stream = VisibleStream()
        self._pieces: list[str] = []
        self._n_gone = 0
        """Characters of a live row that are not kept."""
        self._drawing: Timer | None = None
        self.collapsed = not live and shown.label not in OPEN_AT_FIRST
        self._draw()

    def add(self, piece: str) -> None:
        """Go on with a row that is still being written."""
        self._pieces.append(self._stream.feed(piece))
        if self._drawing is None:
            self._drawing = self.set_timer(LIVE_PAUSE_S, self._draw_pieces)

    def settle(self, shown: Row, *, collapsed: bool) -> None:
        """Show what came of it in the end."""
        self._pieces.clear()
        self.shown = shown
        self.collapsed = collapsed
        self._draw()

    def toggle(self, collapsed: bool | None = None) -> None:
        """Open or close the row; without an argument, the other of the two."""
        self.collapsed = not self.collapsed if collapsed is None else collapsed
        self._draw()

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.post_message(self.Toggled(self))

    def _draw_pieces(self) -> None:
        self._drawing = None
        if not self._pieces:
            return
        written = "".join(self._pieces)
        kept = written[-MOST_CHARS:]
        kept = "\n".join(kept.split("\n")[-LIVE_LINES:])
        self._n_gone += len(written) - len(kept)
        self._pieces = [kept]
        before = f"[... {self._n_gone} characters before this]\n" if self._n_gone else ""
        self.shown = Row(self.shown.label, "", before + kept, self.shown.tone)
        self._draw()

    def _draw(self) -> None:
        shown = self.shown
        self.set_classes(f"-{shown.label} tone-{shown.tone}")
        self.set_class(self.collapsed, "-collapsed")
        label = f"{_MARKS[shown.label]} {shown.label}"
        text = shown.title if self.collapsed else shown.body or shown.title
        gap = "  " if self.collapsed else "\n"
        self.update(plain((label, "bold"), gap, capped(text)))


class LeftOut(Static):
    """The line above the oldest row shown: how many there were before it, and where they are."""

    def __init__(self, n: int, session: str) -> None:
        text = f"▲ {n} earlier rows are not shown here; the whole record: rookery sessions export {session}"
        super().__init__(plain(text), markup=False)


class TracePane(VerticalScroll):
    """The rows of a session, the newest at the bottom."""

    BINDING_GROUP_TITLE = "Trace"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Row above", show=False),
        Binding("down", "move(1)", "Row below", show=False),
        Binding("enter,space", "open_or_close", "Open or close the row"),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._live: dict[str, TraceRow] = {}
        self._at: TraceRow | None = None
        self._wide_open = False
        self._n_left_out = 0

    @property
    def rows(self) -> list[TraceRow]:
        """The rows that are shown, oldest first."""
        return [child for child in self.children if isinstance(child, TraceRow)]

    async def load(self, stored: Sequence[Event]) -> None:
        """Show a session from its events, in place of what is shown."""
        self._live.clear()
        self._at = None
        await self.remove_children()
        shown = [entry for event in stored if (entry := _entry(event)) is not None]
        await self.mount_all([TraceRow(entry) for entry in shown[-MAX_ROWS:]])
        self._n_left_out = max(len(shown) - MAX_ROWS, 0)
        await self._mark_left_out(stored[-1].session if stored else "")
        self.anchor()

    async def show(self, event: Event) -> None:
        """Take in the next event."""
        match event:
            case TokenDelta(channel="thought" | "action" as channel, text=text):
                await self._write(channel, text, event.session)
            case ToolProgress(text=text):
                await self._write("running", f"{text}\n", event.session)
        entry = _entry(event)
        if entry is not None:
            live = self._live.pop(entry.label, None)
            if live is None:
                await self._add(TraceRow(entry), event.session)
            else:
                live.settle(entry, collapsed=not self._opens(entry))
        match event:
            case ToolFinished() | StepFailed() | TurnEnded() | Generated(stop="interrupted" | "failed"):
                await self._drop_live()

    def toggle_tool_output(self) -> None:
        """Open all actions and observations, or close them again, the newest first."""
        self._wide_open = not self._wide_open
        self.run_worker(self._toggle_tool_output(), group="toggle", exclusive=True)

    def action_move(self, step: int) -> None:
        rows = self.rows
        if not rows:
            return
        last = len(rows) - 1
        at = rows.index(self._at) + step if self._at in rows else last
        self._select(rows[min(max(at, 0), last)])

    def action_open_or_close(self) -> None:
        if self._at is not None:
            self._at.toggle()

    def on_focus(self) -> None:
        if self._at is None and self.rows:
            self._select(self.rows[-1])

    def on_trace_row_toggled(self, message: TraceRow.Toggled) -> None:
        message.stop()
        self._select(message.row)
        message.row.toggle()

    async def _toggle_tool_output(self) -> None:
        n_chars = 0
        for child in reversed(self.rows):
            if child.shown.label in TOOL_OUTPUT:
                child.toggle(not self._wide_open)
                n_chars += len(child.shown.body)
            if n_chars > MOST_CHARS:
                n_chars = 0
                await asyncio.sleep(TICK_S)

    def _select(self, chosen: TraceRow) -> None:
        for child in self.rows:
            child.set_class(child is chosen, "-cursor")
        self._at = chosen
        self.scroll_to_widget(chosen, animate=False)

    async def _write(self, label: str, text: str, session: str) -> None:
        live = self._live.get(label)
        if live is None:
            live = self._live[label] = TraceRow(Row(label, ""), live=True)
            await self._add(live, session)
        live.add(text)

    async def _add(self, added: TraceRow, session: str) -> None:
        if self._opens(added.shown):
            added.toggle(False)
        await self.mount(added)
        if old := self.rows[:-MAX_ROWS]:
            await self.remove_children(old)
            self._n_left_out += len(old)
            await self._mark_left_out(session)

    async def _mark_left_out(self, session: str) -> None:
        await self.remove_children(LeftOut)
        if self._n_left_out:
            await self.mount(LeftOut(self._n_left_out, session), before=0)

    def _opens(self, entry: Row) -> bool:
        return entry.label in OPEN_AT_FIRST or (self._wide_open and entry.label in TOOL_OUTPUT)

    async def _drop_live(self) -> None:
        for live in self._live.values():
            await live.remove()
        self._live.clear()


def _entry(event: Event) -> Row | None:
    return unfinished(event) if isinstance(event, Generated) else row(event)
