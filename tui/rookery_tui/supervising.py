"""The process above a program at a terminal: it owns the terminal's settings, and puts them back however that ends.

    the shell -- supervisor -- the program -- models, plugins, tools

It is made by a fork before anything much is imported, draws nothing and reads no key. What the program or a library in
it prints by itself comes here and goes to a log. On Linux it adopts whoever loses its parent, and ends what is left.
Program and supervisor are one process group: the shell stops them and goes on with them as with one.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rookery_tui.out import say

if TYPE_CHECKING:
    from rookery_core.logs import VisibleLog

PATIENCE_S = 12.0
"""How long the program may take to end once it was asked to; its model's process alone has 5."""
STOPS_S = 0.3
"""How long it may take to stop by itself when the whole group was told to."""
REST_S = 5.0
"""How long what is left may take to be gone."""
PIECE = 65_536

MODES = (
    "\x1b\\"  # ends whatever sequence was cut off
    "\x1b[?2026l"  # output that is held back until it is whole
    "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1016l"  # the mouse
    "\x1b[?1004l\x1b[?2004l\x1b[?2048l"  # focus, bracketed paste, size reports
    "\x1b]22;default\x1b\\"  # the pointer's shape
    "\x1b[<u\x1b[?7h\x1b[0m\x1b(B\x0f"  # the keyboard's protocol, wrapping, colours, characters
    "\x1b[?25h\x1b[0 q"  # the cursor
)
SCREEN, PROMPT, NOTHING = b"+", b">", b"-"
"""What the terminal is used for: as a whole, for a line that is edited, or for nothing that outlasts the program."""
RESTORE = {
    SCREEN: f"{MODES}\x1b[?1049l",  # the alternate screen
    PROMPT: f"\r\n{MODES}\x1b[J",  # what is below the line
    NOTHING: "",
}
_ENDING = frozenset({"SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"})
_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True, slots=True)
class Below:
    """The program's side: what it tells the supervisor, and what it has from it."""

    told: int
    """Descriptor that takes what the terminal is used for from now on."""
    alive: int
    """Descriptor that ends with the supervisor."""
    stray: int
    """Descriptor for whatever is printed past the program."""

    def tell(self, use: bytes) -> None:
        """Say what the terminal is used for, and so how it has to be put back."""
        with contextlib.suppress(OSError):
            os.write(self.told, use)

    @contextmanager
    def terminal_apart(self) -> Iterator[tuple[int, int]]:
        """Inside, nothing has the terminal but two new descriptors, to read and to write on.

        Standard input is empty; standard output and, where it is the terminal, standard error go to the supervisor.
        """
        kept = [os.dup(number) for number in (0, 1, 2)]
        nowhere = os.open(os.devnull, os.O_RDWR)
        try:
            os.dup2(nowhere, 0)
            os.dup2(self.stray, 1)
            if os.isatty(2):
                os.dup2(self.stray, 2)
            yield kept[0], kept[1]
        finally:
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            for number, before in enumerate(kept):
                os.dup2(before, number)
                os.close(before)
            os.close(nowhere)


def supervised(work: Callable[[Below | None], int], log: Callable[[], VisibleLog]) -> int:
    """Do the work in a process below this one, and return its exit code; 128 + N where signal N ended it.

    `log` opens the log of what is printed past it, where something is. Returns in both processes. Where there is no
    such thing as a fork, the work is done in this one.
    """
    if sys.platform == "win32":
        return work(None)
    sys.stdout.flush()
    sys.stderr.flush()
    (told, tell), (alive, living), (strays, stray) = os.pipe(), os.pipe(), os.pipe()
    supervisor = _Supervisor(told, strays, log)
    pid = os.fork()
    if not pid:
        for number in (told, living, strays):
            os.close(number)
        return work(Below(tell, alive, stray))
    for number in (tell, alive, stray):
        os.close(number)
    return supervisor.watch(pid)


class _Supervisor:
    """Watches one process, with the terminal as it was when this was made."""

    def __init__(self, told: int, strays: int, log: Callable[[], VisibleLog]) -> None:
        import termios

        self._termios: Any = termios
        self._settings = termios.tcgetattr(0)
        self._told, self._strays = told, strays
        self._open = log
        self._log: VisibleLog | None = None
        self._pid = 0
        self._use = NOTHING
        self._end_at: float | None = None
        """When it is ended for good."""
        self._stop_at: float | None = None
        """When it is told to stop."""
        self._killed = False
        """Whether it did not end when it was asked to."""

    def watch(self, pid: int) -> int:
        """Until the process has ended: its exit code."""
        self._pid = pid
        wake, waking = os.pipe()
        for number in (wake, waking, self._told, self._strays):
            os.set_blocking(number, False)
        signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
        for number in (*map(_number, _ENDING), signal.SIGCHLD, signal.SIGTSTP):
            signal.signal(number, lambda *_: None)
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # the terminal is put back from wherever it is
        adopts = adopt_orphans()
        while (status := self._ended()) is None:
            due = [at for at in (self._end_at, self._stop_at) if at is not None]
            pause = max(0.0, min(due) - time.monotonic()) if due else None
            ready, _, _ = select.select([wake, self._told, self._strays], [], [], pause)
            if wake in ready:
                for number in os.read(wake, PIECE):
                    self._heard(number)
            self._listen()
            self._act_when_due()
        self._listen()
        if adopts:
            end_the_rest()
        self._put_back()
        self._close_log()
        if os.WIFSIGNALED(status):
            self._tell_end(os.WTERMSIG(status))
            return 128 + os.WTERMSIG(status)
        return os.WEXITSTATUS(status)

    def _ended(self) -> int | None:
        """How the program ended; None while it lives. Whoever else has died is let go."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
            except ChildProcessError:
                return 0
            if not pid:
                return None
            if pid == self._pid and os.WIFSTOPPED(status):
                self._stop_too()
            elif pid == self._pid:
                return status

    def _heard(self, number: int) -> None:
        """A signal came: the program gets it, who may have it already where the whole group was meant."""
        name = signal.Signals(number).name
        if name == "SIGINT" and self._use == PROMPT:
            return  # Ctrl+C, which the program has too, and which stops a turn there
        if name in _ENDING:
            self._end_at = self._end_at or time.monotonic() + PATIENCE_S
            self._send(number)
        elif name == "SIGTSTP":
            self._stop_at = time.monotonic() + STOPS_S

    def _act_when_due(self) -> None:
        now = time.monotonic()
        if self._end_at is not None and now >= self._end_at:
            self._killed = True
            self._send(signal.SIGKILL)
        if self._stop_at is not None and now >= self._stop_at:
            self._stop_at = None
            self._send(signal.SIGTSTP)

    def _stop_too(self) -> None:
        """The program stopped: give the terminal back, stop, and go on with it."""
        self._stop_at = None
        self._listen()
        self._put_back()
        os.kill(os.getpid(), signal.SIGSTOP)
        pid, _ = os.waitpid(self._pid, os.WNOHANG | os.WCONTINUED)
        if not pid:  # this one alone was told to go on
            self._send(signal.SIGCONT)

    def _send(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, number)

    def _listen(self) -> None:
        """Take in what the program told, and what was printed past it."""
        if said := _read(self._told):
            self._use = said[-1:]
        while printed := _read(self._strays):
            with contextlib.suppress(OSError):  # a log that cannot be written is no reason to stop
                if self._log is None:
                    self._log = self._open()
                self._log.write(printed)

    def _close_log(self) -> None:
        if self._log is not None:
            with contextlib.suppress(OSError):
                self._log.close()

    def _put_back(self) -> None:
        """Make the terminal what it was; where it was being drawn on, its screen as well."""
        termios = self._termios
        with contextlib.suppress(termios.error, OSError):
            if self._use != SCREEN and os.tcgetpgrp(0) != os.getpgrp():
                return  # it is somebody else's by now
            if restore := RESTORE[self._use]:
                os.write(1, restore.encode())
                termios.tcflush(0, termios.TCIFLUSH)
            if self._use == SCREEN:
                self._use = NOTHING  # until it is drawn on again
            termios.tcsetattr(0, termios.TCSANOW, self._settings)

    def _tell_end(self, number: int) -> None:
        try:
            how = f"was ended by {signal.Signals(number).name}"
        except ValueError:
            how = f"was ended by signal {number}"
        if self._killed:
            how = f"did not end in {PATIENCE_S:g} s and was killed"
        printed = f" What it printed is in {self._log.path}." if self._log is not None else ""
        with contextlib.suppress(OSError):
            say(f"rookery: the program {how}. `rookery --continue` goes on where it was stored.{printed}", sys.stderr)


def _number(name: str) -> int:
    return signal.Signals[name].value


def _read(number: int) -> bytes:
    """What can be read now."""
    try:
        return os.read(number, PIECE)
    except (BlockingIOError, InterruptedError):
        return b""


def adopt_orphans() -> bool:
    """Become the parent of whatever below loses its own; False where that is not to be had."""
    if sys.platform != "linux":
        return False
    try:
        import ctypes
    except ImportError:
        return False
    return bool(ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)


def end_the_rest() -> None:
    """End all processes that are left below this one; what they leave behind is adopted, and its turn comes."""
    until = time.monotonic() + REST_S
    while time.monotonic() < until:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        for pid in _children():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


def _children() -> Iterator[int]:
    own = str(os.getpid())
    for name in filter(str.isdecimal, os.listdir("/proc")):
        with contextlib.suppress(OSError, IndexError):
            stat = Path("/proc", name, "stat").read_text(encoding="utf-8", errors="replace")
            if stat.rpartition(")")[2].split()[1] == own:
                yield int(name)
