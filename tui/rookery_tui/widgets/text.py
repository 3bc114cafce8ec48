"""The one way for text into a widget: harmless, never markup, and no more of it than can be drawn without delay.

Widgets are given what `plain` makes, and nothing else in the front ends makes such a thing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from textual.app import ComposeResult
from textual.containers import VerticalGroup
from textual.content import Content
from textual.message import Message
from textual.style import Style
from textual.widgets import Static

from rookery_core.text import visible

MOST_LINES = 200
"""Lines that a widget is given at once."""
MOST_CHARS = 20_000
"""Characters that it is given at once."""
LONGEST_LINE = 10_000
"""Characters of a line that are shown where the middle may be left out."""
TICK_S = 0.02
"""Pause between two pieces of a long text, in which keys are taken and the screen is drawn."""


def plain(*parts: str | tuple[str, str | Style]) -> Content:
    """The parts behind each other, each a text or a text with a style of the program's own."""
    return Content.assemble(
        *(visible(part) if isinstance(part, str) else (visible(part[0]), part[1]) for part in parts)
    )


def capped(text: str) -> str:
    """The text with its middle left out where it has too many lines or characters; marks say how many went."""
    lines = text.split("\n")
    if len(lines) > MOST_LINES:
        head, tail = MOST_LINES - MOST_LINES // 4, MOST_LINES // 4
        gone = len(lines) - head - tail
        lines = [*lines[:head], f"[... {gone} lines are not shown here; an export has them ...]", *lines[-tail:]]
    return _cut("\n".join(_cut(line, LONGEST_LINE) for line in lines), MOST_CHARS)


def too_long(text: str) -> bool:
    """Whether it is more than a widget is given at once."""
    return len(text) > MOST_CHARS or text.count("\n") >= MOST_LINES


def pieces(text: str) -> Iterator[str]:
    """The text in pieces that are small enough; one ends with a line, or in a line that is too long."""
    lines: list[str] = []
    n_chars = 0
    for line in text.split("\n"):
        for start in range(0, max(len(line), 1), MOST_CHARS):
            part = line[start : start + MOST_CHARS]
            if lines and (len(lines) == MOST_LINES or n_chars + len(part) > MOST_CHARS):
                yield "\n".join(lines)
                lines, n_chars = [], 0
            lines.append(part)
            n_chars += len(part)
    yield "\n".join(lines)


class LongText(VerticalGroup):
    """All of a text, however long: its first piece at once, the others one after the other."""

    class Whole(Message):
        """All of the text is there."""

    def __init__(self, text: str, *, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self._rest = pieces(visible(text))
        self._first = next(self._rest)
        self.whole = False
        """Whether all of it is there."""

    def compose(self) -> ComposeResult:
        yield Static(plain(self._first), markup=False)

    async def on_mount(self) -> None:
        second = next(self._rest, None)
        if second is None:
            self.whole = True
        else:
            self.run_worker(self._go_on(second))

    async def _go_on(self, piece: str | None) -> None:
        while piece is not None:
            await self.mount(Static(plain(piece), markup=False))
            await asyncio.sleep(TICK_S)
            piece = next(self._rest, None)
        self.whole = True
        self.post_message(self.Whole())


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    head, tail = limit - limit // 4, limit // 4
    return f"{text[:head]}[... {len(text) - head - tail} characters are not shown here ...]{text[-tail:]}"
