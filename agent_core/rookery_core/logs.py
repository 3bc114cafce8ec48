"""Logs of what other processes print: bounded, readable by the person alone, without secrets that are known here, and
harmless when they are printed."""

from __future__ import annotations

import codecs
import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from rookery_core.paths import LOG_LIMIT, opened_log
from rookery_core.text import VisibleStream, one_line

if TYPE_CHECKING:
    from rookery_core.redact import RedactedStream, Redactor

PIECE = 65_536
PAUSE_S = 0.005
"""After each piece that came whole: whoever prints without end waits, and takes no processor from the others."""
TAIL = 4_000


def patterns_alone() -> Redactor:
    """What knows no secret, but what one looks like."""
    from rookery_core.redact import Redactor  # only where something was printed

    return Redactor()


class VisibleLog:
    """A log that bytes are written to as they come; begun anew where it grows beyond `LOG_LIMIT`."""

    def __init__(self, path: Path, redactor: Callable[[], Redactor] = patterns_alone) -> None:
        """`redactor` makes what takes secrets out; it is made when there is something to write. Raises OSError."""
        self.path = path
        self._redactor = redactor
        self._redacted: RedactedStream | None = None
        self._file = opened_log(path)
        self._decode = codecs.getincrementaldecoder("utf-8")("backslashreplace").decode
        self._pieces = VisibleStream()
        self._n_chars = 0

    def write(self, piece: bytes) -> None:
        """Write what can be shown by now. Raises OSError."""
        if self._redacted is None:
            from rookery_core.redact import RedactedStream

            self._redacted = RedactedStream(self._redactor())
        self._write(self._pieces.feed(self._redacted.feed(self._decode(piece))))

    def close(self) -> None:
        """Write the rest. Raises OSError."""
        with self._file:
            if self._redacted is not None:
                rest = self._redacted.feed(self._decode(b"", True)) + self._redacted.end()
                self._write(self._pieces.feed(rest) + self._pieces.end())

    def _write(self, text: str) -> None:
        self._n_chars += len(text)
        if self._n_chars > LOG_LIMIT:
            self._file.seek(0)
            self._file.truncate()
            self._n_chars = len(text)
        self._file.write(text)
        self._file.flush()


@contextmanager
def piped(path: Path, redactor: Callable[[], Redactor] = patterns_alone, *, wait_s: float = 0.0) -> Iterator[TextIO]:
    """A file for a process to print to, and a thread that writes it to the log until nobody has it open.

    It is closed here in the end; the process has its own. In the end the log is waited for that long. Raises OSError.
    """
    log = VisibleLog(path, redactor)
    source, sink = os.pipe()
    copying = threading.Thread(target=_copy, args=(source, log), name=f"log {path.name}", daemon=True)
    copying.start()
    try:
        with os.fdopen(sink, "w", encoding="utf-8", errors="backslashreplace") as file:
            yield file
    finally:
        copying.join(wait_s)


def last_line(log: Path, began: int) -> str:
    """The last thing in a log, of what came after so many bytes or since it was begun anew; "" for nothing."""
    with contextlib.suppress(OSError), log.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(began if began <= size else 0, size - TAIL))
        return one_line(file.read().decode("utf-8", "replace").strip().rpartition("\n")[2], 300)
    return ""


def _copy(source: int, log: VisibleLog) -> None:
    try:
        while piece := os.read(source, PIECE):
            with contextlib.suppress(OSError):  # a full disk is no reason to let the process wait
                log.write(piece)
            if len(piece) == PIECE:
                time.sleep(PAUSE_S)
    finally:
        os.close(source)
        with contextlib.suppress(OSError):
            log.close()
