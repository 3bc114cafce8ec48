"""Has a job of `inside` done in a process of its own, with so much memory and time, and ends it when it is not needed.

The file comes to that process open, as its standard input, and was checked before. Its working and temporary folder is
one that is gone afterwards.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from rookery_core.plugin import ToolFailed, ToolRetry

SPARE_S = 2.0
"""A job that looks at the clock itself ends this much earlier, and can say more."""
LOOK_S = 0.05
"""How long to wait for the answer before looking whether the call was cancelled."""
GRACE_S = 1.0
"""Between the request to end and the end by force."""

_START = "import sys; sys.path += sys.argv[1:]; from rookery_plugins.data.inside.process import main; main()"
"""What Python finds by itself comes first, then what the program was told of."""
_PASSED = frozenset({"PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TZ", "LANG"})


@dataclass(frozen=True, slots=True)
class Limits:
    """What a job may use."""

    seconds: float
    memory_mb: int = 768
    advice: str = ""
    """What to do where the time was not enough, as a message goes on."""


def apart(
    job: str,
    file: IO[bytes] | None,
    path: Path,
    name: str,
    limits: Limits,
    cancelled: Callable[[], bool] = lambda: False,
    **arguments: str,
) -> str:
    """What the module `job` of `inside` makes of a file. Raises ToolRetry and ToolFailed.

    `name` is how the file is spoken of; without a `file`, there is none yet.
    """
    request = {
        "job": job,
        "path": os.fspath(path),
        "name": name,
        "seconds": limits.seconds,
        "memory_mb": limits.memory_mb,
        "arguments": arguments,
    }
    with tempfile.TemporaryDirectory(prefix="rookery-") as scratch:
        environment = {key: value for key, value in os.environ.items() if key in _PASSED}
        environment |= {"TMPDIR": scratch, "ROOKERY_JOB": json.dumps(request, ensure_ascii=False)}
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", "-c", _START, *filter(None, sys.path)],
                stdin=subprocess.DEVNULL if file is None else file,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=scratch,
                env=environment,
                start_new_session=True,  # Ctrl+C in the terminal is for the program, which ends this one
            )
        except OSError as exc:
            raise ToolFailed(f"{name} cannot be read: the process for it does not start: {exc.strerror}") from exc
        with _ended(process):
            answer = _answer(process, time.monotonic() + limits.seconds + SPARE_S, cancelled)
            if answer is None:
                raise ToolFailed(f"{name}: it took longer than {limits.seconds:g} seconds{limits.advice}")
    return _text(answer, process.returncode, name)


def _answer(process: subprocess.Popen[bytes], deadline: float, cancelled: Callable[[], bool]) -> bytes | None:
    """What it printed; None where its time was up or it was cancelled."""
    while not cancelled() and time.monotonic() < deadline:
        try:
            return process.communicate(timeout=LOOK_S)[0]
        except subprocess.TimeoutExpired:
            continue
    return None


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    atexit.register(process.terminate)  # this thread dies with the program
    try:
        yield
    finally:
        atexit.unregister(process.terminate)
        process.terminate()  # a database is put in order first
        try:
            process.communicate(timeout=GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def _text(answer: bytes, code: int, name: str) -> str:
    try:
        said = json.loads(answer)
        kind, text = str(said["kind"]), str(said["text"])
    except (ValueError, TypeError, KeyError):
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        raise ToolFailed(f"{name} made the process that read it end with {how}; it may be damaged") from None
    match kind:
        case "done":
            return text
        case "retry":
            raise ToolRetry(text)
        case "failed":
            raise ToolFailed(text)
        case _:
            raise RuntimeError(text)
