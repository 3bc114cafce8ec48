"""The program's side of the calculator's process: starts it, asks it, and ends it when it takes too long.

One that has answered is kept for the next call. Two calls at a time have a process each.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rookery_core.plugin import ToolFailed, ToolRetry

LIMIT_S = 20.0
"""For one request, the start of the process included; usually it takes a twentieth of a second, and one with pint."""
IDLE_S = 600
"""After which a process that is not asked ends by itself."""
LOOK_S = 0.05
"""How often to look whether the call was cancelled."""

_FOLDER = Path(__file__).resolve().parents[2]
_CODE = """
import sys
sys.path.append(sys.argv[1])
from rookery_plugins.calculator.child import main
main(int(sys.argv[2]))
"""
_PASSED = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
"""Of the environment, what an interpreter may need to start."""
_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)


def command(idle_s: int = IDLE_S) -> Sequence[str]:
    """How the process is started: isolated from variables, folders and packages that are not the program's own."""
    return sys.executable, "-I", "-c", _CODE, str(_FOLDER), str(idle_s)


class Reckoner:
    """Has expressions worked out. Its processes end with it, and with the program."""

    def __init__(self, start: Sequence[str] | None = None, limit_s: float = LIMIT_S) -> None:
        """`start` is another command line for the process, `limit_s` what one request may take."""
        self._command = tuple(start or command())
        self._limit_s = limit_s
        self._idle: list[_Process] = []
        self._lock = threading.Lock()
        self._running: set[_Process] = set()
        weakref.finalize(self, _end_all, self._running)

    def ask(self, request: Mapping[str, str], cancelled: Callable[[], bool]) -> str:
        """What comes of a request. Raises ToolRetry for one that must be written differently, ToolFailed otherwise."""
        process = self._take()
        try:
            kind, text = self._answer(process, request, cancelled)
        except BaseException:
            self._end(process)
            raise
        self._keep(process)
        match kind:
            case "result":
                return text
            case "misread":
                raise ToolRetry(text)
            case "no_value":
                raise ToolFailed(text)
            case _:
                raise RuntimeError(text)

    def _answer(self, process: _Process, request: Mapping[str, str], cancelled: Callable[[], bool]) -> tuple[str, str]:
        line = json.dumps(dict(request)).encode() + b"\n"
        said: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=lambda: said.put(process.exchange(line)), name="calculator", daemon=True).start()
        until = time.monotonic() + self._limit_s
        while True:
            with contextlib.suppress(queue.Empty):
                reply = said.get(timeout=LOOK_S)
                break
            if cancelled():
                raise ToolFailed("it was stopped")
            if time.monotonic() > until:
                raise ToolFailed(f"it took longer than {self._limit_s:g} seconds; use smaller numbers")
        try:
            ((kind, text),) = json.loads(reply).items()
        except (ValueError, AttributeError):
            why = f"the calculator's process {process.how_it_ended()}; the next call starts another"
            raise ToolFailed(why) from None
        return kind, str(text)

    def _take(self) -> _Process:
        with self._lock:
            while self._idle:
                if (process := self._idle.pop()).is_alive():
                    return process
                self._running.discard(process)
                process.end()
        process = _Process(self._command)
        self._running.add(process)
        return process

    def _keep(self, process: _Process) -> None:
        """Keep it for the next call, unless there is one already."""
        with self._lock:
            if not self._idle:
                self._idle.append(process)
                return
        self._end(process)

    def _end(self, process: _Process) -> None:
        self._running.discard(process)
        process.end()


class _Process:
    """One process, from its start to its end."""

    def __init__(self, start: Sequence[str]) -> None:
        """Raises ToolFailed where it cannot be started."""
        try:
            self._popen = subprocess.Popen(
                start,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={name: os.environ[name] for name in _PASSED if name in os.environ},
                start_new_session=True,
                creationflags=_NO_WINDOW,
            )
        except OSError as exc:
            raise ToolFailed(f"the calculator's process cannot be started: {exc.strerror}") from exc

    def is_alive(self) -> bool:
        return self._popen.poll() is None

    def exchange(self, line: bytes) -> bytes:
        """Send a line and wait for the one that comes back; less than a line where the process ended."""
        assert self._popen.stdin is not None
        assert self._popen.stdout is not None
        try:
            self._popen.stdin.write(line)
            self._popen.stdin.flush()
            return self._popen.stdout.readline()
        except (OSError, ValueError):
            return b""

    def how_it_ended(self) -> str:
        """In words, once it has said its last."""
        try:
            code = self._popen.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return "said what cannot be understood"
        if code >= 0:
            return f"ended with exit code {code}"
        name = {int(number): number.name for number in signal.Signals}.get(-code, f"signal {-code}")
        return f"{'computed for too long and ' if name == 'SIGXCPU' else ''}was ended by {name}"

    def end(self) -> None:
        """End it by force."""
        self._popen.kill()
        self._popen.wait()
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # a request that it never read
                    pipe.close()


def _end_all(running: set[_Process]) -> None:
    for process in list(running):
        process.end()
