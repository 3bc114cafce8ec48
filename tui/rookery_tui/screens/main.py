"""The main screen: conversation, trace, input and status line. It is the view of a `Conversation`."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Static

from rookery_core.events import Event, PluginFailed, RulesBroken, TurnStarted
from rookery_core.text import one_line
from rookery_tui.presenter import rules_text
from rookery_tui.widgets.chat import ChatPane
from rookery_tui.widgets.prompt import Prompt
from rookery_tui.widgets.status import StatusLine
from rookery_tui.widgets.text import plain
from rookery_tui.widgets.trace import TracePane

WIDE = 100
"""Columns from which the trace has a place beside the conversation."""
QUEUE_SHOWN = 3


class MainScreen(Screen[None]):
    """Hands every event to each pane, and each shows its part of it."""

    AUTO_FOCUS = "#prompt"

    def __init__(self, *, show_trace: bool) -> None:
        super().__init__()
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]
        self._trace_when = {"wide": show_trace, "narrow": False}

    def compose(self) -> ComposeResult:
        with Horizontal(id="panes"):
            yield ChatPane(id="chat")
            yield TracePane(id="trace")
        yield Static(id="queue", markup=False)
        yield Prompt(id="prompt")
        yield StatusLine(id="status")

    @property
    def chat(self) -> ChatPane:
        return self.query_one(ChatPane)

    @property
    def trace(self) -> TracePane:
        return self.query_one(TracePane)

    @property
    def prompt(self) -> Prompt:
        return self.query_one(Prompt)

    @property
    def status(self) -> StatusLine:
        return self.query_one(StatusLine)

    def on_resize(self) -> None:
        self._place_trace()

    def on_key(self, event: events.Key) -> None:
        """What is typed goes into the input, wherever the focus is."""
        if event.is_printable and event.character and not event.character.isspace() and self.focused is not self.prompt:
            event.stop()
            self.prompt.focus()
            self.prompt.insert(event.character)

    def toggle_trace(self) -> None:
        """Show the trace, or hide it; remembered for wide and for narrow terminals."""
        self._trace_when[self._width] = not self._trace_when[self._width]
        self._place_trace()

    async def load(self, stored: list[Event]) -> None:
        """Show a session from its events; the list grows afterwards."""
        with self.app.batch_update():
            await self.chat.load(stored)
            await self.trace.load(stored)
        self.status.load(stored)
        self.prompt.remember(event.text for event in stored if isinstance(event, TurnStarted))

    async def show(self, event: Event) -> None:
        """Show the next event."""
        self.status.show(event)
        await self.trace.show(event)
        await self.chat.show(event)
        if isinstance(event, PluginFailed):
            left_out = f"plugin {event.plugin} is left out: {event.reason}"
            self.notify(one_line(left_out, 200), severity="warning", markup=False)
        if isinstance(event, RulesBroken):
            self.notify(one_line(rules_text(event), 300), severity="warning", markup=False)

    async def fail(self, text: str, brief: str) -> None:
        """Say what went wrong outside any turn, at length and in a few words."""
        await self.chat.notice(text, "bad")
        self.status.say(brief, bad=True)

    def remark(self, text: str) -> None:
        """Say something in passing."""
        self.status.flash(text)

    def give_back(self, text: str, *, only_if_empty: bool = False) -> None:
        """Put a text that was not carried out back into the input."""
        if not (only_if_empty and self.prompt.text.strip()):
            self.prompt.put(text)

    def show_queue(self, texts: list[str]) -> None:
        """Show the messages that wait for the turn to end."""
        lines = [f"waiting  {one_line(text, 200)}" for text in texts[:QUEUE_SHOWN]]
        if len(texts) > QUEUE_SHOWN:
            lines.append(f"and {len(texts) - QUEUE_SHOWN} more")
        queue = self.query_one("#queue", Static)
        queue.update(plain("\n".join(lines)))
        queue.display = bool(lines)

    @property
    def _width(self) -> str:
        return "wide" if self.size.width >= WIDE else "narrow"

    def _place_trace(self) -> None:
        self.trace.display = self._trace_when[self._width]
