"""One line on a terminal that tells how far something is, and is gone when it is done."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TextIO

from rookery_core.text import size_text, visible
from rookery_tui.out import erase, redraw, say
from rookery_tui.width import cut_to, width_of

EVERY_S = 0.2
SETTLED_S = 3.0
"""After so long the speed says something about the time that is left."""


class ProgressLine:
    """Tells bytes done, bytes in all, speed and the time left; nothing where `err` is no terminal."""

    def __init__(self, err: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._err = err
        self._clock = clock
        self._what = ""
        self._begun = (0.0, 0)
        self._shown_at = -math.inf
        self._width = 0

    def told(self, what: str, done: int, total: int) -> None:
        """So many bytes of `total` (0: not known) are done."""
        if not self._err.isatty():
            return
        now = self._clock()
        if what != self._what or done < self._begun[1]:
            self._what, self._begun, self._shown_at = what, (now, done), -math.inf
        if now - self._shown_at >= EVERY_S or done == total:
            self._shown_at = now
            self._show(self._line(what, done, total, now))

    def counted(self, what: str, done: int, total: int) -> None:
        """So many of `total` are done."""
        if self._err.isatty():
            self._show(f"{what}  {done} of {total}")

    def say(self, text: str) -> None:
        """Print a line of text above it."""
        self.clear()
        say(text, self._err)

    def clear(self) -> None:
        """Take the line away."""
        if self._width:
            erase(self._width, self._err)
            self._width = 0

    def _line(self, what: str, done: int, total: int, now: float) -> str:
        seconds, n_bytes = now - self._begun[0], done - self._begun[1]
        speed = n_bytes / seconds if seconds > 0 else 0.0
        line = f"{what}  {size_text(done)}"
        if total:
            line = f"{what}  {100 * done // total:>3} %  {size_text(done)} of {size_text(total)}"
        if speed and seconds >= SETTLED_S:
            line += f"  {speed / 1e6:.1f} MB/s"
            line += f"  {_duration((total - done) / speed)} left" if total > done else ""
        return line

    def _show(self, line: str) -> None:
        line = cut_to(visible(line), (width_of(self._err) or 80) - 1)
        redraw(line, self._err, over=self._width)
        self._width = len(line)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
