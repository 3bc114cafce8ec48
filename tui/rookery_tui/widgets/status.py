"""The status line: the model, how full its window is, how fast it writes, the mode, and what is going on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.style import Style
from textual.widgets import Static

from rookery_core.events import Event, Mode, ModelReady, SandboxFound, TurnEnded
from rookery_core.text import one_line
from rookery_tui.meter import Meter
from rookery_tui.speech import activity
from rookery_tui.widgets.text import plain

PLANNED = "plan mode: Shift+Tab leaves it"
FLASH_S = 2.0
"""How long a passing remark stays."""
NEARLY_FULL = 0.85
"""Share of the window from which the line warns."""
LONGEST = 200
ACTIVITY_SHARE = 32
"""Percent of the line for what is going on, where what must not be missing leaves so much."""


class StatusLine(Horizontal):
    """One line of fixed size: what changes in it moves nothing else."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"status--alarm"}

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.meter = Meter()
        self._lasting: dict[str, Event] = {}
        """What holds for every session, by its kind."""
        self._activity = self._flash = ""

    def compose(self) -> ComposeResult:
        yield Static(id="meter", markup=False)
        yield Static(id="activity", markup=False)

    def on_mount(self) -> None:
        self._draw()

    def load(self, stored: Iterable[Event]) -> None:
        """Begin a session: its own numbers, the model that is loaded now."""
        self.meter = Meter(surroundings=self.meter.surroundings)
        for event in stored:
            self.meter = self.meter.after(event)
        for event in self._lasting.values():
            self.meter = self.meter.after(event)
        self._draw()

    def surround(self, words: tuple[str, ...]) -> None:
        """Show what holds as long as the program runs."""
        self.meter = replace(self.meter, surroundings=words)
        self._draw()

    def show(self, event: Event) -> None:
        """Take in the next event."""
        if isinstance(event, ModelReady | SandboxFound):
            self._lasting[event.kind] = event
        self.meter = self.meter.after(event)
        planned = isinstance(event, TurnEnded) and self.meter.mode is Mode.PLAN
        self.say(PLANNED if planned else activity(event))

    def say(self, text: str | None, *, bad: bool = False) -> None:
        """Say what is going on; None leaves it as it is."""
        if text is not None:
            self._activity = text
            self.query_one("#activity").set_class(bad, "tone-bad")
        self._draw()

    def flash(self, text: str) -> None:
        """Say something in passing."""
        self._flash = text
        self._draw()
        self.set_timer(FLASH_S, self._unflash)

    def _unflash(self) -> None:
        self._flash = ""
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        meter, width = self.meter, self.size.width
        beside = max(0, min(width * ACTIVITY_SHARE // 100, width - meter.lasting - 1))
        self.query_one("#activity").styles.width = beside
        alarm = self.get_visual_style("status--alarm")
        shown: list[str | tuple[str, Style]] = []
        for part in meter.parts(width - beside - 1 if beside else width):
            shown += [part.before, (part.text, alarm) if part.alarming else part.text]
        self.query_one("#meter", Static).update(plain(*shown), layout=False)
        self.query_one("#activity", Static).update(
            plain(one_line(self._flash or self._activity, LONGEST)), layout=False
        )
        self.set_class(bool(meter.n_ctx) and meter.n_tokens > NEARLY_FULL * meter.n_ctx, "-nearly-full")
