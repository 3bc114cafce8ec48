"""The one way for text to a stream that a person may see: everything goes through `visible` here, whoever wrote it.

Nothing else in the front ends prints or writes to standard output or error.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import IO

from rookery_core.text import VisibleStream, visible

_NOT_IN_JSON = re.compile("[^\n -~]")


def say(text: object, out: IO[str], *, end: str = "\n") -> None:
    """Write a text, whatever is in it, and let it be seen at once."""
    out.write(visible(str(text)) + end)
    out.flush()


def say_json(text: str, out: IO[str]) -> None:
    """Write a line of JSON."""
    out.write(harmless_json(text) + "\n")
    out.flush()


def harmless_json(text: str) -> str:
    """The same JSON, with its own escapes in place of what could control a terminal or hide."""
    return _NOT_IN_JSON.sub(_escaped_in_json, text)


def redraw(line: str, out: IO[str], *, over: int = 0) -> None:
    """Write one line in place of the one the cursor is on, which has `over` columns."""
    out.write(f"\r{visible(line).replace(chr(10), ' '):<{over}}")
    out.flush()


def erase(columns: int, out: IO[str]) -> None:
    """Take away a line of so many columns."""
    out.write("\r" + " " * columns + "\r")
    out.flush()


class Piecewise:
    """Writes a text that comes in pieces, with the same result as when it is whole."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out
        self._pieces = VisibleStream()

    def say(self, piece: str) -> None:
        """Write what can be shown by now."""
        self._out.write(self._pieces.feed(piece))
        self._out.flush()

    def end(self) -> None:
        """Write the rest, and end the line."""
        self._out.write(self._pieces.end() + "\n")
        self._out.flush()


class Harmless(io.TextIOBase):
    """A stream for whoever prints by itself: a tool, a plugin, a library."""

    def __init__(self, out: IO[str]) -> None:
        super().__init__()
        self._out = out

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return self._out.fileno()

    def write(self, text: str) -> int:
        self._out.write(visible(text))
        return len(text)

    def flush(self) -> None:
        self._out.flush()


@contextmanager
def prints_go_to(out: IO[str]) -> Iterator[None]:
    """Inside, whatever is printed by itself, on either stream, is no part of the output and goes there."""
    harmless = Harmless(out)
    with redirect_stdout(harmless), redirect_stderr(harmless):
        yield


def _escaped_in_json(found: re.Match[str]) -> str:
    char = found[0]
    if char == visible(char):
        return char
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[n : n + 4]}" for n in range(0, len(units), 4))
