"""Runs a program from its start to the end of everything it started, and takes in what it prints.

The one place where the tools here start a process: what confines it is lent by the host, said in its order (`_order`),
and put on where the supervisor's child turns into the program (`keeper.become`). One thread does it all, looking at
output, report and clock in turn. A supervisor that was killed cannot clean up any more; then whatever has the run's
mark in its environment is ended from here.
"""

from __future__ import annotations

import errno
import marshal
import os
import re
import secrets
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

from rookery_core.plugin import Box, Sandbox, ToolFailed, ToolRetry
from rookery_plugins.programs.output import Output
from rookery_plugins.programs.surroundings import for_python

MARK = "ROOKERY_RUN"
"""The variable that tells the processes of one run from all others."""
GRACE_S = 0.5
"""Between the request to end and the end by force."""
PATIENCE_S = 5.0
"""What the end by force may take; a process that the system itself holds up is left to the supervisor then."""
LOOK_S = 0.05
"""How long to wait for output before looking whether the call was cancelled."""
CHUNK_BYTES = 65_536
NO_NETWORK = (
    "unreachable",
    "failure in name resolution",
    "could not resolve",
    "unable to resolve",
    "temporary failure resolving",
    "eai_again",
)
"""What programs say that reach nobody, in small letters."""
NOT_PERMITTED = ("operation not permitted",)
READ_ONLY = ("read-only file system",)
TAKEN = ("is a directory", "file exists", "cannot overwrite", "resource busy")
"""What programs say where something was to be made and there is a folder already."""
PIPE_BYTES = 1_048_576
"""The most that Linux lets a pipe hold."""

_NO_NAME = re.compile(r"[^\w.-]+")
_FOLDER = Path(__file__).parent
_BOOT = "import sys; sys.path.append(sys.argv.pop()); import supervisor; supervisor.main()"


@dataclass(frozen=True, slots=True)
class Program:
    """What is to be run."""

    path: str
    """The file itself; nothing is searched for."""
    argv: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    input: str = ""
    limits: Mapping[str, int] = field(default_factory=dict)
    """By their names in the module `resource`."""
    reads: tuple[Path, ...] = ()
    """What it has to see, beside the workspace and what all programs see."""
    writes: bool = True
    """Whether it changes the workspace."""
    harmless: bool = False
    """Whether nobody has to be asked where nothing confines it."""
    apart: bool = False
    """Whether it is to see no processes but its own, and signal none, where the system can do that. To the program of
    an ordinary user root's files are nobody's then, which some (ssh, sudo) do not accept."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended."""

    code: int | None
    """The exit code, or a signal's number negated; None: it was stopped, its time being up or the call cancelled."""
    left: bool = False
    """Whether something that it had started was still running, and was stopped."""
    confined: bool = field(default=False, compare=False)
    """Whether it ran in a sandbox."""
    watched: bool = field(default=False, compare=False)
    """Whether that was one that changes nothing, and is told of what was to be changed."""
    wanted: int = field(default=0, compare=False)
    """How often that was."""
    beyond: int = field(default=0, compare=False)
    """How often it was something that is kept as it is in every sandbox."""
    perhaps: int = field(default=0, compare=False)
    """How often it may have been; whether it was, the exit code tells."""
    unmade: tuple[str, ...] = field(default=(), compare=False)
    """Names where an empty folder stood, so that nothing is made there."""

    @property
    def may_have_lacked(self) -> bool:
        """Whether it went on without, or failed and kept to itself why, where nothing may be changed."""
        return self.watched and (bool(self.beyond) or self.code not in (None, 0, 1))

    def lacks(self, said: str) -> Literal["", "writing", "outside"]:
        """What it seems to have lacked of what the sandbox refuses: as it is known, and else as programs say it that
        fail. What could not be changed in a sandbox where that is known is never read from what was said."""
        if self.beyond and self.code:
            return "outside"
        if self.wanted or (self.code and self.perhaps):
            return "writing"
        if not self.confined or not self.code:
            return ""
        low = said.lower()
        if any(sign in low for sign in NO_NETWORK):
            return "outside"
        refused = (*NOT_PERMITTED, *(() if self.watched else READ_ONLY))
        return "writing" if any(sign in low for sign in refused) or self._met_a_folder(low) else ""

    def _met_a_folder(self, low: str) -> bool:
        """Whether it says, in small letters, that it was kept from making one of the names."""
        several = (line for line in low.splitlines() if any(sign in line for sign in TAKEN))
        return any(not {*self.unmade}.isdisjoint(_NO_NAME.split(line)) for line in several)

    def __str__(self) -> str:
        code = self.code or 0
        how = f"exit code {code}" if code >= 0 else f"ended by signal {-code}, {signal.strsignal(-code)}"
        return f"{how}; what it left running was stopped" if self.left else how


def run(program: Program, output: Output, *, sandbox: Sandbox, limit_s: float, cancelled: Callable[[], bool]) -> Ending:
    """Run it, as far as the sandbox says confined, until it has ended and nothing that it started is left.

    Raises ToolRetry for what no program can be given, ToolFailed where it cannot be started, confined or kept watch
    over, and NeedsApproval where it is not to run unconfined without being asked about.
    """
    reads = (_FOLDER, *program.reads)
    with sandbox.box(reads=reads, writes=program.writes, harmless=program.harmless) as box:
        return _run(program, output, box, limit_s, cancelled)


def _run(program: Program, output: Output, box: Box | None, limit_s: float, cancelled: Callable[[], bool]) -> Ending:
    mark = secrets.token_hex(8)
    with _supervised(program, box, mark) as supervisor:
        stopped, report = _follow(supervisor, output, time.monotonic() + limit_s, cancelled)
    if not report:
        _end_marked(mark)
    if stopped:
        return Ending(None)
    if "failed" in report:
        raise ToolFailed(f"{program.argv[0]} cannot be started: {_why(report['failed'], program, box)}")
    if "unconfined" in report or (box and "status" not in report and not report.get("begun")):
        why = os.strerror(report["unconfined"]) if report.get("unconfined") else output.text() or "it does not say why"
        raise ToolFailed(f"the sandbox cannot be made, so nothing was run: {why}\n(`rookery sandbox` tries it)")
    if "status" not in report:
        raise ToolFailed(f"{output.text()}\n[it ended the process that watched over it, and was stopped]".lstrip())
    code, left = os.waitstatus_to_exitcode(report["status"]), bool(report["left"])
    wanted, beyond, perhaps = (report.get(name, 0) for name in ("wanted", "beyond", "perhaps"))
    unmade = box.unmade if box else ()
    return Ending(code, left, box is not None, "wanted" in report, wanted, beyond, perhaps, unmade)


def _why(number: int, program: Program, box: Box | None) -> str:
    """Why a program did not start."""
    real = os.path.realpath(program.path)
    if number == errno.ENOENT and box and os.path.exists(real) and not box.shows(real):
        folder = os.path.dirname(real)
        return f"it lies in {folder}, which the sandbox does not show; the person can add that to sandbox.read"
    return os.strerror(number)


@contextmanager
def _supervised(program: Program, box: Box | None, mark: str) -> Iterator[subprocess.Popen[bytes]]:
    """The supervisor, once it has its order. Leaving it behind has it end everything at once."""
    with _source(program.input) as source:
        order = _order(program, box, mark, source)
        try:
            supervisor = subprocess.Popen(
                [sys.executable, "-I", "-S", "-X", "utf8", "-c", _BOOT, str(_FOLDER)],
                bufsize=0,
                env=for_python(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=[] if source is None else [source],
                start_new_session=True,
            )
        except OSError as exc:
            raise ToolFailed(f"{program.argv[0]} cannot be started: {exc.strerror}") from exc
    try:
        with suppress(BrokenPipeError):  # it ended before it began; the report is missing then
            _write_all(_pipe(supervisor.stdin), order)
        yield supervisor
    finally:
        _pipe(supervisor.stdin).close()
        with suppress(subprocess.TimeoutExpired):
            supervisor.wait(PATIENCE_S)
        for pipe in (
            supervisor.stdout,
            supervisor.stderr,
        ):  # not before: who is asked to end may have something to print
            _pipe(pipe).close()


@contextmanager
def _source(text: str) -> Iterator[int | None]:
    """An open file without a name that the program reads as its input; None: there is no input."""
    if not text:
        yield None
        return
    try:
        with tempfile.TemporaryFile() as file:
            file.write(text.encode("utf-8", "surrogateescape"))
            file.seek(0)
            yield file.fileno()
    except OSError as exc:
        raise ToolFailed(f"there is no room for what the program is to read: {exc.strerror}") from exc


def _order(program: Program, box: Box | None, mark: str, source: int | None) -> bytes:
    """What the supervisor is told (its module docstring)."""
    environment = {**program.environment, **(box.environment if box else {}), MARK: mark}
    order = marshal.dumps(
        {
            "path": _encoded(program.path),
            "argv": [_encoded(argument) for argument in program.argv],
            "folder": _encoded(str(program.folder)),
            "environment": {_encoded(name): _encoded(value) for name, value in environment.items()},
            "input": source,
            "limits": {"RLIMIT_CORE": 0, **(box.limits if box else {}), **program.limits},
            "apart": program.apart or box is not None,
            "box": _boxed(box) if box else None,
            "grace_s": GRACE_S,
        }
    )
    return len(order).to_bytes(8, "big") + order


def _boxed(box: Box) -> dict[str, Any]:
    entrance = [os.fsencode(word) for word in box.entrance]
    order = {**box.order}
    return {"entrance": entrance, "inside": box.inside, "groups": order.pop("groups"), "order": order}


def _encoded(text: str) -> bytes:
    if "\0" in text:
        raise ToolRetry("a program cannot be given a NUL character; leave it out")
    try:
        return os.fsencode(text)
    except UnicodeEncodeError:
        raise ToolRetry("a program cannot be given half a character (a lone surrogate); write the character") from None


def _follow(
    supervisor: subprocess.Popen[bytes], output: Output, deadline: float, cancelled: Callable[[], bool]
) -> tuple[bool, dict[str, int]]:
    """Collect the output until the supervisor ends: whether the run was stopped, and the report, {} without one."""
    report = b""
    stopped_at: float | None = None
    printed, reports = _pipe(supervisor.stderr), _pipe(supervisor.stdout)
    os.set_blocking(printed.fileno(), False)
    with selectors.DefaultSelector() as ready:
        ready.register(printed, selectors.EVENT_READ)
        ready.register(reports, selectors.EVENT_READ)
        over = False
        while not over:
            for key, _ in ready.select(LOOK_S):
                if key.fileobj is reports:
                    chunk = os.read(reports.fileno(), CHUNK_BYTES)
                    report += chunk
                    over = not chunk
                elif not _read(printed, output):
                    ready.unregister(printed)  # there is nobody left who could print
            output.show_newest()
            now = time.monotonic()
            if stopped_at is None and (cancelled() or now > deadline):
                stopped_at = now
                with suppress(BrokenPipeError):
                    _write_all(_pipe(supervisor.stdin), b"q")
            elif stopped_at is not None and now > stopped_at + GRACE_S + PATIENCE_S:
                return True, {}
    for _ in range(
        PIPE_BYTES // CHUNK_BYTES
    ):  # what is in the pipe; nobody who could print is left, but for one unknown
        if not _read(printed, output):
            break
    lines = (line.split() for line in report.decode().splitlines())
    return stopped_at is not None, {word: int(number) for word, number in lines}


def _read(pipe: IO[bytes], output: Output) -> bool:
    """Take in what is there; False when it is nothing."""
    try:
        chunk = os.read(pipe.fileno(), CHUNK_BYTES)
    except BlockingIOError:
        return False
    output.feed(chunk)
    return bool(chunk)


def _write_all(pipe: IO[bytes], data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(pipe.fileno(), left) :]


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


def _end_marked(mark: str) -> None:
    """End the processes that have the mark in their environment, where the system shows that."""
    wanted = f"{MARK}={mark}".encode()
    until = time.monotonic() + PATIENCE_S
    while (marked := list(_marked(wanted))) and time.monotonic() < until:
        for pid in marked:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


def _marked(wanted: bytes) -> Iterator[int]:
    with suppress(FileNotFoundError):
        for name in filter(str.isdecimal, os.listdir("/proc")):
            with suppress(OSError), open(f"/proc/{name}/environ", "rb") as file:
                if wanted in file.read().split(b"\0"):
                    yield int(name)
