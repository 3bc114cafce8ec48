"""A terminal of its own for a program, with a small shell above it: what was written to it, and how it was left.

python benchmarks/security/pseudo_terminal.py --shell COMMAND... is that shell: it starts one job in the foreground,
takes the terminal back when the job stops or ends, and goes on with it when it is told.
"""

from __future__ import annotations

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

PATIENCE_S = 60.0
NORMAL = {7: True, 25: True}
"""Private modes that a terminal has at first; all others are off."""
_MODE = re.compile(rb"\x1b\[\?([\d;]+)([hl])")
_KEYBOARD = re.compile(rb"\x1b\[([<>])\d*u")


class Terminal:
    """A program in a terminal. Its output is read whenever something is waited for."""

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str], cwd: Path, *, lines: int = 36, columns: int = 120
    ) -> None:
        self.master, slave = os.openpty()
        self.resize(lines, columns)
        self.before = termios.tcgetattr(slave)
        self.output = b""
        self.reports: list[str] = []
        orders, self._orders = os.pipe()
        self._reports, reports = os.pipe()
        self._slave = slave
        """Held open, so that the settings can be asked for when everyone has gone."""
        self._shell = subprocess.Popen(
            [sys.executable, "-S", "-E", __file__, "--shell", str(orders), str(reports), *command],
            stdin=slave, stdout=slave, stderr=slave, env={**env, "TERM": "xterm-256color"}, cwd=cwd,
            pass_fds=(orders, reports), start_new_session=True,
        )  # fmt: skip
        os.close(orders)
        os.close(reports)
        for number in (self.master, self._reports):
            os.set_blocking(number, False)

    def resize(self, lines: int, columns: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def type(self, text: bytes) -> None:
        os.write(self.master, text)

    def hang_up(self) -> None:
        """Close the terminal, as a window is closed: the shell is told, and ends, and so is its job."""
        os.close(self.master)
        self.master = -1

    def order(self, word: str) -> None:
        """Tell the shell to go on with its job."""
        os.write(self._orders, f"{word}\n".encode())

    def read(self, seconds: float = 0.05) -> None:
        """Take in what comes within that time."""
        there = [number for number in (self.master, self._reports) if number >= 0]
        ready, _, _ = select.select(there, [], [], seconds)
        for number in ready:
            try:
                piece = os.read(number, 1 << 16)
            except OSError:  # nobody is there any more
                continue
            if number == self.master:
                self.output += piece
            else:
                self.reports += piece.decode().split("\n")[:-1]

    def rest(self, seconds: float) -> None:
        """Take in all that comes until that time is over."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.read(left)

    def wait(self, what: Callable[[], Any], patience_s: float = PATIENCE_S) -> None:
        """Until something holds."""
        until = time.monotonic() + patience_s
        while not what():
            if time.monotonic() > until:
                raise TimeoutError(f"it never came about; reports {self.reports}, output ends {self.output[-2000:]!r}")
            self.read()

    def wait_for(self, text: str) -> None:
        """Until the program wrote that."""
        self.wait(lambda: text.encode() in self.output)

    @property
    def job(self) -> int:
        """The process that the shell started."""
        self.wait(lambda: self.reports)
        return int(self.reports[0])

    def ended(self) -> str:
        """How the job ended or stopped: `exit N`, `signal N`, `stopped`."""
        self.wait(lambda: len(self.reports) > 1)
        self.read(0.2)
        return self.reports[-1]

    def not_restored(self) -> list[str]:
        """What is not as it was before the job."""
        self.read(0.1)
        found = [] if termios.tcgetattr(self._slave) == self.before else ["settings"]
        modes: dict[int, bool] = {}
        for numbers, letter in _MODE.findall(self.output):
            modes.update({int(number): letter == b"h" for number in numbers.split(b";")})
        found += [f"mode {number}" for number, on in modes.items() if on != NORMAL.get(number, False)]
        depth = 0
        for sign in _KEYBOARD.findall(self.output):
            depth = max(0, depth + (1 if sign == b">" else -1))
        return found + (["keyboard"] if depth else [])

    def close(self) -> None:
        """End everything, and wait for it."""
        for number in (self.master, self._orders, self._reports, self._slave):
            if number >= 0:
                os.close(number)
        self._shell.kill()
        self._shell.wait()


Lives = dict[int, str]
"""Processes by their number, and when each began: numbers are given again."""


def _stat(pid: int) -> list[str]:
    """State, parent and the rest of what the system says; all empty for one that is gone."""
    try:
        return Path("/proc", str(pid), "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return [""] * 50


def below(pid: int) -> Lives:
    """The process, its children, theirs, and so on."""
    parents = {int(name): _stat(int(name))[1] for name in filter(str.isdecimal, os.listdir("/proc"))}
    found, more = {pid}, True
    while more:
        new = {each for each, parent in parents.items() if parent.isdecimal() and int(parent) in found} - found
        found, more = found | new, bool(new)
    return {each: _stat(each)[19] for each in found}


def alive(lives: Lives) -> list[int]:
    """Those that are still there."""
    return [pid for pid, began in lives.items() if (stat := _stat(pid))[19] == began and stat[0] not in "ZX"]


def shell(orders: int, reports: int, command: Sequence[str]) -> None:
    """Start the job, and do what a shell does for it."""

    def report(text: str) -> None:
        os.write(reports, f"{text}\n".encode())

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    settings = termios.tcgetattr(0)
    job = os.fork()
    if not job:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpid())
        for number in (signal.SIGTTOU, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):  # also under `nohup`
            signal.signal(number, signal.SIG_DFL)
        os.execvp(command[0], command)
    report(str(job))
    while True:
        _, status = os.waitpid(job, os.WUNTRACED)
        os.tcsetpgrp(0, os.getpgrp())
        if os.WIFEXITED(status):
            report(f"exit {os.WEXITSTATUS(status)}")
        elif os.WIFSIGNALED(status):
            report(f"signal {os.WTERMSIG(status)}")
        else:
            report("stopped")
            if not os.read(orders, 100):
                return
            os.tcsetpgrp(0, job)
            termios.tcsetattr(0, termios.TCSANOW, settings)
            os.killpg(job, signal.SIGCONT)
            continue
        os.read(orders, 1)  # the terminal is there until the end
        return


if __name__ == "__main__" and sys.argv[1:2] == ["--shell"]:
    shell(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
