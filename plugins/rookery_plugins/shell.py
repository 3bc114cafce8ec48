"""Runs a command in the workspace, and everything it started ends with it.

The command gets no terminal, no input, and of the environment only what programs need to find their way: keys and
tokens of the person stay here. It leads a process group of its own; when it ends, is stopped or takes too long, what is
left of that group is ended too. A program that leaves the group on purpose (setsid) is not caught.

One thread does it all, looking at pipe, process and clock in turn: it ends only when its processes have, and a
grandchild that holds the pipe cannot keep it waiting.
"""

from __future__ import annotations

import atexit
import codecs
import functools
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from rookery_core.plugin import Example, Risk, Tool, ToolContext, ToolFailed, ToolRetry, hookimpl, tool

rookery_contract = 1

LIMIT_S = 110.0
HOST_LIMIT_S = 10.0
"""The host's own limit comes this much later, so that the output of a command that takes too long is not lost."""
GRACE_S = 0.5
"""Between the request to end and the end by force."""
LOOK_S = 0.05
"""How long to wait for output before looking whether the command ended or was cancelled."""
PROGRESS_S = 0.1
WATCH_S = 0.01
CHUNK_BYTES = 65_536
PIPE_BYTES = 1_048_576
"""The most that Linux lets a pipe hold."""
LINE_BYTES = 200
HEAD_BYTES, TAIL_BYTES = 4_500, 2_500
"""Together with the notes less than a tool's usual `max_output`, so that the host cuts nothing more."""

_CONTINUATION = bytes(range(0x80, 0xC0))
_PASSED = frozenset({"PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR"})


def _environment() -> dict[str, str]:
    passed = {name: value for name, value in os.environ.items() if name in _PASSED or name.startswith("LC_")}
    return passed | {"TERM": "dumb", "PAGER": "cat", "GIT_PAGER": "cat"}


def _command_line(command: str) -> str:
    return f"$ {command}"


def _exact_command(arguments: dict[str, Any]) -> list[str]:
    return [arguments["command"]]


def shell_tool(limit_s: float = LIMIT_S) -> Tool:
    """The tool, with the seconds a command may take."""

    @tool(
        risk=Risk.EXECUTE,
        scope=_exact_command,
        preview=_command_line,
        timeout_s=limit_s + HOST_LIMIT_S,
        examples=[
            Example(
                asked="Run the command pwd",
                arguments={"command": "pwd"},
                result="/home/me\n[exit code 0]",
                answer="The folder is /home/me.",
            )
        ],
        phrases=["run this command", "start the program", "execute the script in a terminal", "install a package"],
    )
    def shell(ctx: ToolContext, command: str) -> str:
        """Runs a shell command and gives its output."""
        if not command.strip():
            raise ToolRetry("the command is empty; give one like ls -l")
        output = _Output(ctx.progress)
        process, pipe = _start(command, ctx.workspace.root)
        at_exit = functools.partial(_end_group, process, grace_s=0.0)
        atexit.register(at_exit)  # this thread dies with the program, and the command must not outlive it
        try:
            ended = _follow(process, pipe, output, time.monotonic() + limit_s, ctx.cancelled.is_set)
        finally:
            left_behind = _end_group(process)
            atexit.unregister(at_exit)
            pipe.close()  # not before: who is asked to end may have something to print, and must not die of it
        if not ended:
            raise ToolFailed(f"{output.text()}\n[stopped: it took longer than {limit_s:g} seconds]")
        remark = "; what it left running was stopped" if left_behind else ""
        return f"{output.text()}\n[{_ending(process.returncode)}{remark}]"

    return shell


shell = shell_tool()


@hookimpl
def rookery_tools() -> list[Tool]:
    return [shell] if os.name == "posix" else []


class _Output:
    """What a command printed: its first and its last bytes, in bounded memory, and its newest line for the person."""

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
        """The output, with the number of bytes that are missing where some are."""
        if self._n_bytes <= len(self._head) + len(self._tail):
            return (self._head + self._tail).decode(errors="replace").rstrip() or "(no output)"
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        head = decoder.decode(bytes(self._head))  # without the character that the cut went through
        n_head = len(self._head) - len(decoder.getstate()[0])
        tail = self._tail.lstrip(_CONTINUATION)
        dropped = self._n_bytes - n_head - len(tail)
        return f"{head}\n[... {dropped} bytes left out ...]\n{tail.decode(errors='replace').rstrip()}"


def _start(command: str, folder: Path) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
    """The command's process, and the pipe it prints to, which is not waited for when it is read."""
    try:
        process = subprocess.Popen(
            ["/bin/sh", "-c", "--", command],
            bufsize=0,
            cwd=folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except ValueError:
        raise ToolRetry("the command holds a NUL or half a character; leave it out") from None
    except OSError as exc:
        raise ToolFailed(f"the command cannot be started: {exc.strerror}") from exc
    assert process.stdout is not None
    os.set_blocking(process.stdout.fileno(), False)
    return process, process.stdout


def _follow(
    process: subprocess.Popen[bytes],
    pipe: IO[bytes],
    output: _Output,
    deadline: float,
    cancelled: Callable[[], bool],
) -> bool:
    """Collect the output until the command ends; False when its time was up or the call was cancelled before."""
    with selectors.DefaultSelector() as ready:
        ready.register(pipe, selectors.EVENT_READ)
        more = True
        while process.poll() is None:
            if cancelled() or time.monotonic() > deadline:
                return False
            if not more:
                time.sleep(WATCH_S)  # the command closed its output and goes on
            elif ready.select(LOOK_S):
                more = _read(pipe, output)
            output.show_newest()
        # What it printed is in the pipe by now; a process that it left behind may go on printing for ever.
        for _ in range(PIPE_BYTES // CHUNK_BYTES):
            if not (more and ready.select(0)):
                break
            more = _read(pipe, output)
    return True


def _read(pipe: IO[bytes], output: _Output) -> bool:
    """Take in what is there; False at the end of the pipe."""
    chunk = os.read(pipe.fileno(), CHUNK_BYTES)
    output.feed(chunk)
    return bool(chunk)


def _end_group(process: subprocess.Popen[bytes], grace_s: float = GRACE_S) -> bool:
    """End what is left of the process group, politely and then by force; whether anything was left."""
    left = _signal(process, signal.SIGTERM)
    until = time.monotonic() + grace_s
    while time.monotonic() < until and _signal(process, 0):
        process.poll()  # one that has ended counts until it is asked for
        time.sleep(WATCH_S)
    _signal(process, signal.SIGKILL)
    process.wait()
    return left


def _signal(process: subprocess.Popen[bytes], number: int) -> bool:
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):  # macOS denies it for a group that has ended
        return False
    return True


def _ending(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"ended by signal {-code}, {signal.strsignal(-code)}"
