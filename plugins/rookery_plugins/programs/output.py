"""What a program prints: its first and its last bytes, in bounded memory, and its newest line for the person."""

from __future__ import annotations

import codecs
import time
from collections.abc import Callable

HEAD_BYTES, TAIL_BYTES = 4_500, 2_500
"""Together with the notes less than a tool's usual `max_output`, so that the host cuts nothing more."""
LINE_BYTES = 200
PROGRESS_S = 0.1

_CONTINUATION = bytes(range(0x80, 0xC0))


class Output:
    """Takes in what a program prints, piece by piece."""

    def __init__(self, progress: Callable[[str], None]) -> None:
        self._progress = progress
        self._head = bytearray()
        self._tail = bytearray()
        self._n_bytes = 0
        self._newest = b""
        self._unfinished = b""
        self._quiet_until = 0.0

    def feed(self, chunk: bytes) -> None:
        self._n_bytes += len(chunk)
        room = HEAD_BYTES - len(self._head)
        self._head += chunk[:room]
        self._tail += chunk[room:]
        del self._tail[:-TAIL_BYTES]
        *lines, unfinished = (self._unfinished + chunk).rsplit(b"\n", 2)
        self._unfinished = unfinished[-LINE_BYTES:]
        if lines and lines[-1].strip():
            self._newest = lines[-1]

    def show_newest(self) -> None:
        """Show the newest line, unless one was shown just now; then a later call does."""
        now = time.monotonic()
        if self._newest and now >= self._quiet_until:
            self._progress(self._newest.rpartition(b"\r")[2][:LINE_BYTES].decode(errors="replace"))
            self._newest = b""
            self._quiet_until = now + PROGRESS_S

    def text(self) -> str:
        """All of it, or its ends with the number of bytes between them. What is not UTF-8 is replaced."""
        if self._n_bytes <= len(self._head) + len(self._tail):
            return (self._head + self._tail).decode(errors="replace").rstrip()
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        head = decoder.decode(bytes(self._head))  # without the character that the cut went through
        n_head = len(self._head) - len(decoder.getstate()[0])
        tail = self._tail.lstrip(_CONTINUATION)
        dropped = self._n_bytes - n_head - len(tail)
        return f"{head}\n[... {dropped} bytes left out ...]\n{tail.decode(errors='replace').rstrip()}"
