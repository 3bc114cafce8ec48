"""A turn told in plain lines as it happens: trace lines, and the answer as it is written."""

from __future__ import annotations

from typing import TextIO

from rookery_core.events import Answered, Event, Generated, ThoughtFormed, TokenDelta, TurnEnded
from rookery_tui.out import Piecewise, say
from rookery_tui.presenter import Row, ending, row

LABEL_WIDTH = 12


def trace_line(row: Row) -> str:
    """A trace entry as one plain line."""
    return f"{row.label:<{LABEL_WIDTH}}{row.title}"


class Teller:
    """Tells one turn after another. `trace`: with thoughts, actions and observations, or the answers alone."""

    def __init__(self, out: TextIO, *, trace: bool = True) -> None:
        self.trace = trace
        self._out = out
        self._channel = ""
        self._streamed: dict[str, str] = {}
        self._stream = Piecewise(self._out)

    def show(self, event: Event) -> None:
        """Write what there is to see of an event."""
        match event:
            case TokenDelta(channel=channel, text=text):
                self._piece(channel, text)
            case Generated():
                self._break()
            case ThoughtFormed(text=text) if self._was_streamed("thought", text):
                pass
            case Answered(text=text):
                self._answer(text)
            case TurnEnded():
                self._streamed.clear()
                if text := ending(event):
                    self._line(text)
            case _:
                if (entry := row(event)) is not None and (self.trace or entry.tone == "bad"):
                    self._line(trace_line(entry))

    def _piece(self, channel: str, text: str) -> None:
        if channel == "action" or (channel == "thought" and not self.trace):
            return
        if channel != self._channel:
            self._break()
            self._channel = channel
            self._streamed[channel] = ""
            if channel == "thought":
                say(f"{channel:<{LABEL_WIDTH}}", self._out, end="")
        self._streamed[channel] += text
        self._stream.say(text)

    def _break(self) -> None:
        if self._channel:
            self._stream.end()
        self._channel = ""
        self._stream = Piecewise(self._out)

    def _was_streamed(self, channel: str, text: str) -> bool:
        return self._streamed.pop(channel, "").strip() == text.strip()

    def _answer(self, text: str) -> None:
        if not self._was_streamed("answer", text):
            self._line(text)

    def _line(self, text: str) -> None:
        self._break()
        say(text, self._out)
