"""The rows of a question about a call: however many there are, and which of them have been on the screen.

Draws only what is to be seen, so that a long call costs no more than a short one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.dom import NoScreen
from textual.errors import NoWidget
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.style import Style

from rookery_tui.call_view import Line, Row, rows
from rookery_tui.exact import MARK
from rookery_tui.widgets.text import plain

NARROWEST = 20
"""Columns below which nothing counts as seen: what is there cannot be read."""


class CallRows(ScrollView):
    """Lines to be read from the first to the last; `unseen` counts the rows that have not been on the screen yet."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"call--{name}"
        for name in ("grave", "careful", "name", "quiet", "claim", "added", "removed", "head", "mark", "blank", "found")
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)"),
        Binding("down", "move(1)"),
        Binding("pageup", "page(-1)"),
        Binding("pagedown", "page(1)"),
        Binding("home", "go(0)"),
        Binding("end", "go(1)"),
        Binding("space", "go_on"),
    ]

    class Looked(Message):
        """`unseen` may be another."""

    def __init__(self, lines: Iterable[Line], odd: re.Pattern[str] | None = None, *, id: str | None = None) -> None:
        """`odd` finds what is to be marked in the texts, besides the escapes."""
        super().__init__(id=id)
        self._lines = tuple(lines)
        self._marked = odd
        self._rows: list[Row] = []
        self._width = 0
        self._seen_lines: set[int] = set()
        self._seen: set[int] = set()
        """Rows of this width that were on the screen."""
        self._found: re.Pattern[str] | None = None
        self.placed = False
        """Whether it has the place that it is to be read in; before that, nothing counts as seen."""

    @property
    def unseen(self) -> int:
        """Rows that have not been on the screen; before the first look, all of them."""
        return len(self._rows) - len(self._seen) if self._rows else len(self._lines)

    @property
    def rows(self) -> tuple[Row, ...]:
        """As they are laid out now."""
        return tuple(self._rows)

    # -- reading ------------------------------------------------------------------------------------------------

    def action_move(self, rows: int) -> None:
        self.scroll_to(y=self.scroll_offset.y + rows, animate=False)

    def action_page(self, pages: int) -> None:
        self.action_move(pages * max(1, self.size.height - 1))

    def action_go(self, to: int) -> None:
        self.scroll_to(y=to * self.max_scroll_y, animate=False)

    def action_go_on(self) -> None:
        """Show the first row that was not seen, or the next page where all were."""
        first = next((n for n in range(len(self._rows)) if n not in self._seen), None)
        if first is not None:
            self.scroll_to(y=first, animate=False)
        else:
            self.action_page(1)

    def find(self, text: str) -> bool:
        """Show the next row with that text, whatever its case, and mark all; whether there is one. "" marks none."""
        self._found = re.compile(re.escape(text), re.IGNORECASE) if text else None
        self.refresh()
        if self._found is None:
            return False
        top, n = self.scroll_offset.y, len(self._rows)
        for at in (*range(top + 1, n), *range(min(top + 1, n))):
            if self._found.search(self._rows[at].text):
                self.scroll_to(y=at, animate=False)
                return True
        return False

    # -- drawing ------------------------------------------------------------------------------------------------

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        self._lay_out(width - self.styles.scrollbar_size_vertical)
        return len(self._rows)

    def render_line(self, y: int) -> Strip:
        at = self.scroll_offset.y + y
        width = self.scrollable_content_region.width
        if at >= len(self._rows):
            return Strip.blank(width, self.rich_style)
        drawn = plain(*self._parts(self._rows[at])).render_segments(self.visual_style)
        return Strip(drawn).adjust_cell_length(width, self.rich_style)

    def on_mount(self) -> None:
        self.watch(self, "scroll_y", self._soon, init=False)

    def on_resize(self, event: events.Resize) -> None:
        self._lay_out(self.scrollable_content_region.width)
        self._soon()

    def look(self) -> None:
        """Take what is on the screen now as seen, once it is drawn."""
        self._soon()

    def _lay_out(self, width: int) -> None:
        """Cut the lines anew where the width is another. A line of which all was seen stays so."""
        if width == self._width or width < 1:
            return
        if self._rows:
            partly = {row.line for n, row in enumerate(self._rows) if n not in self._seen}
            self._seen_lines = {row.line for row in self._rows} - partly
        self._width = width
        self._rows = rows(self._lines, width)
        self._seen = {n for n, row in enumerate(self._rows) if row.line in self._seen_lines}
        self.virtual_size = Size(width, len(self._rows))

    def _soon(self) -> None:
        self.call_after_refresh(self._look)

    def _look(self) -> None:
        whole, drawn = self.scrollable_content_region, self._drawn()
        if self.placed and self.is_attached and self.screen.is_current and drawn.width == whole.width >= NARROWEST:
            top = self.scroll_offset.y + drawn.y - whole.y
            self._seen |= {*range(top, min(top + drawn.height, len(self._rows)))}
        self.post_message(self.Looked())

    def _drawn(self) -> Region:
        """What of it is on the screen, and not cut off by what is around it."""
        try:
            return self.screen.find_widget(self).visible_region.intersection(self.scrollable_content_region)
        except (NoScreen, NoWidget):  # it may be gone by now
            return Region()

    def _parts(self, row: Row) -> Iterator[tuple[str, Style]]:
        """The row in pieces, each with its style."""
        base = self._style(row.tone)
        yield row.head, self._style("claim" if row.tone == "claim" else "head")
        text, at = row.text, 0
        for start, end, name in self._marks(text):
            yield text[at:start], base
            yield text[start:end], self._style(name)
            at = end
        yield text[at:], base
        yield row.tail, base

    def _marks(self, text: str) -> list[tuple[int, int, str]]:
        """What is to be marked in a text, in its order, none inside another."""
        found = [(*each.span(), "mark" if each[1] else "blank") for each in MARK.finditer(text)]
        for pattern, name in ((self._marked, "mark"), (self._found, "found")):
            if pattern is not None:
                new = [(*each.span(), name) for each in pattern.finditer(text) if each[0]]
                apart = [old for old in found if not any(start < old[1] and old[0] < end for start, end, _ in new)]
                found = sorted(apart + new)
        return found

    def _style(self, name: str) -> Style:
        if name == "plain":
            return Style.null()
        return self.get_visual_style(f"call--{name}")
