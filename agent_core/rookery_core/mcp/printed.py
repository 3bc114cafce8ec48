"""What a server prints on its standard error, in its log: the newest of it, however much it is."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import TextIO

from rookery_core.paths import LOG_LIMIT
from rookery_core.text import one_line

PIECE_BYTES = 1 << 16
PAUSE_SECONDS = 0.005
"""After each piece that came whole: whoever prints without end waits, and takes no processor from the others."""
TAIL_BYTES = 4_000
END_SECONDS = 0.5
"""What the last words get to arrive; a program that goes on printing is left to it."""


@contextmanager
def printed_to(log: TextIO) -> Iterator[TextIO]:
    """A stream for a process to print on; what it printed is in the log when this is left. Raises OSError."""
    reading, writing = os.pipe()
    copying = Thread(target=_copy, args=(reading, os.dup(log.fileno())), name=f"log {log.name}", daemon=True)
    copying.start()
    try:
        with os.fdopen(writing, "w") as stream:
            yield stream
    finally:
        copying.join(END_SECONDS)


def trim(log: int) -> None:
    """Begin a log anew that became too long. Raises OSError."""
    if os.fstat(log).st_size > LOG_LIMIT:
        os.ftruncate(log, 0)
        os.lseek(log, 0, os.SEEK_SET)


def last_line(log: Path, began: int) -> str:
    """The last thing in a log, of what came after so many bytes or since it was begun anew; "" for nothing."""
    with suppress(OSError), log.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(began if began <= size else 0, size - TAIL_BYTES))
        return one_line(file.read().decode("utf-8", "replace").strip().rpartition("\n")[2], 300)
    return ""


def _copy(reading: int, log: int) -> None:
    with suppress(OSError):
        while piece := os.read(reading, PIECE_BYTES):
            with suppress(OSError):  # a disk that is full
                trim(log)
                os.write(log, piece)
            if len(piece) == PIECE_BYTES:
                time.sleep(PAUSE_SECONDS)
    os.close(reading)
    os.close(log)
