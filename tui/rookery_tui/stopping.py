"""Stopping what is under way, whether a signal, a key or another part of the program asks for it."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, TextIO, TypeVar

from rookery_core.assistant import BY_A_SIGNAL, BY_THE_PERSON
from rookery_tui.exits import Exit
from rookery_tui.out import say
from rookery_tui.presenter import told_to_the_person

T = TypeVar("T")

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def or_hung_up() -> Sequence[int]:
    """SIGNALS, and the one of a terminal that is gone, unless this process was told not to mind (`nohup`)."""
    if sys.platform == "win32" or signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        return SIGNALS
    return (*SIGNALS, signal.SIGHUP)


def reason_of(number: int) -> str:
    """What a turn was stopped by that a signal ended: Ctrl+C is the person, everything else is not."""
    return BY_THE_PERSON if number == signal.SIGINT else BY_A_SIGNAL


class Stop:
    """A wish to stop, and whom to tell."""

    def __init__(self) -> None:
        self.signal = 0
        """The signal that asked first; 0 while nothing did."""
        self._tell: Callable[[], object] | None = None

    def request(self, number: int = signal.SIGINT) -> None:
        """Ask whatever is under way to stop; a wish that comes before anything is under way is kept."""
        self.signal = self.signal or number
        if self._tell is not None:
            self._tell()

    @contextmanager
    def tells(self, tell: Callable[[], object]) -> Iterator[None]:
        """Inside, a wish to stop calls `tell`, in the event loop's thread."""
        before, self._tell = self._tell, tell
        try:
            if self.signal:
                tell()
            yield
        finally:
            self._tell = before


@contextmanager
def on_signals(stop: Callable[[int], object], *, insist: bool, signals: Sequence[int] = SIGNALS) -> Iterator[None]:
    """Inside, Ctrl+C and SIGTERM, or other `signals`, call `stop` with their number.

    With `insist`, the first alone does, and a second of those two ends the process at once. One of a terminal that is
    gone does not: a shell and the system both send it.

    To be entered in the event loop, in the main thread. `signal.signal` and not the loop's own handlers, which Windows
    lacks.
    """
    loop = asyncio.get_running_loop()
    asked = False

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if insist:
            if asked:
                return
            asked = True
            for each in SIGNALS:
                signal.signal(each, signal.SIG_DFL)
        loop.call_soon_threadsafe(stop, number)

    before = {number: signal.signal(number, handle) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def stoppable(work: Coroutine[Any, Any, T], stop: Stop) -> T | None:
    """What comes of the work, and None where a signal stopped it; it is cancelled then, and so ends in order."""
    with on_signals(stop.request, insist=True, signals=or_hung_up()):
        task = asyncio.create_task(work)
        with stop.tells(task.cancel):
            await asyncio.wait([task])
    return None if task.cancelled() else task.result()


def stopped(stop: Stop, err: TextIO) -> Exit:
    """Say what stopped a command, and return the exit code that tells it."""
    say(f"rookery: {told_to_the_person(reason_of(stop.signal))}", err)
    return Exit(128 + stop.signal)
