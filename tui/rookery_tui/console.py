"""The streams a command was started with, and what can be done with them."""

from __future__ import annotations

import errno
import io
import json
import os
import stat
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TextIO

from rookery_tui.out import say_json
from rookery_tui.width import width_of

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


@dataclass(frozen=True, slots=True)
class Console:
    """Standard input, output and error; `term` is the terminal's type as the environment names it."""

    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    term: str = ""

    @classmethod
    def of_process(cls, term: str) -> Console:
        """This process's own; a stream that is closed is one to nowhere. What an encoding lacks is written escaped."""
        for stream in (sys.stdin, sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        return cls(sys.stdin or _nowhere("r"), sys.stdout or _nowhere("w"), sys.stderr or _nowhere("w"), term)

    @property
    def capable(self) -> bool:
        """Whether the terminal can place the cursor."""
        return self.term not in ("dumb", "unknown")

    @property
    def full_screen(self) -> bool:
        """Whether a person sits at a terminal that can be drawn on."""
        return self.capable and self.stdin.isatty() and self.stdout.isatty()

    @property
    def can_ask(self) -> bool:
        """Whether a person can be asked while standard output is for the answer alone."""
        return self.stdin.isatty() and self.stderr.isatty()

    @property
    def width(self) -> int | None:
        """Columns that a line of standard output may have; None where it goes to no terminal."""
        return width_of(self.stdout)

    def write_utf8(self) -> None:
        """Write UTF-8 from now on, as JSON must be, whatever the terminal's encoding is."""
        if isinstance(self.stdout, io.TextIOWrapper):
            self.stdout.reconfigure(encoding="utf-8", errors="strict")

    def print_json(self, value: Any) -> None:
        """Print a value as JSON on standard output."""
        self.write_utf8()
        say_json(json.dumps(value, ensure_ascii=False), self.stdout)

    def read_all(self) -> str:
        """All of standard input; bytes that are not UTF-8 are kept as escapes."""
        if isinstance(self.stdin, io.TextIOWrapper):
            raw: bytes = self.stdin.buffer.read()
            return raw.decode("utf-8-sig", "backslashreplace")
        return self.stdin.read()

    def holds_input(self) -> bool:
        """Whether a pipe on standard input has something in it at this moment; never waits for it."""
        try:
            fd = self.stdin.fileno()
            if stat.S_ISFIFO(os.fstat(fd).st_mode) and sys.platform != "win32":
                import fcntl
                import termios

                n_waiting = bytearray(4)
                fcntl.ioctl(fd, termios.FIONREAD, n_waiting)
                return any(n_waiting)
        except (OSError, ValueError):
            pass
        return False

    def outliving(self) -> Console:
        """The same, for a program that has things to put in order when its terminal is gone."""
        return replace(self, stdout=_outliving(self.stdout), stderr=_outliving(self.stderr))

    def forget_stdout(self) -> None:
        """Let what is still to be written go nowhere, so that leaving does not complain about it again."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.stdout.fileno())
        os.close(nowhere)


class _Outliving(io.FileIO):
    """A terminal. What is written to one that is gone goes nowhere."""

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except OSError as exc:
            if exc.errno != errno.EIO:
                raise
            return memoryview(data).nbytes


def _outliving(stream: TextIO) -> TextIO:
    if not isinstance(stream, io.TextIOWrapper) or not stream.isatty():
        return stream
    raw = _Outliving(stream.fileno(), "w", closefd=False)
    return io.TextIOWrapper(io.BufferedWriter(raw), stream.encoding, stream.errors, line_buffering=True)


def _nowhere(mode: Literal["r", "w"]) -> TextIO:
    return os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8")
