"""The limited process: does one job within its limits, and answers with one line of JSON."""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

SPARE_S = 5.0
"""The process ends this long after its time, should the program be gone that would have ended it."""


class Retry(Exception):
    """The call should be made again, differently; the text says how."""


class Failed(Exception):
    """What was asked cannot be done; the text says why."""


@dataclass(frozen=True, slots=True)
class Source:
    """The file that a job is about: open as standard input, where it was checked by whoever opened it."""

    path: str
    name: str
    """How the file is spoken of."""
    deadline: float
    """When the job has to be done, on the monotonic clock."""

    @property
    def size(self) -> int:
        """Bytes; 0 also where there is no file yet."""
        return os.fstat(0).st_size

    def open(self) -> BinaryIO:
        """The file, from its beginning."""
        file = open(0, "rb", closefd=False)  # noqa: SIM115  (it is for whoever asked)
        if self.size:
            file.seek(0)
        return file

    @property
    def left_s(self) -> float:
        """Seconds until the job has to be done."""
        return self.deadline - time.monotonic()


@contextmanager
def blaming(source: Source, kind: str) -> Iterator[None]:
    """Blame the file for whatever a library raises that reads it."""
    try:
        yield
    except (Retry, Failed, MemoryError, RecursionError):
        raise
    except Exception as exc:
        why = " ".join(str(exc).split())[:200] or type(exc).__name__
        raise Failed(f"{source.name} is damaged and cannot be read as {kind}: {why}") from exc


def main() -> None:
    """Do the job that the environment names."""
    request = json.loads(os.environ.pop("ROOKERY_JOB"))
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a library prints is no answer
    _limit(request["seconds"], request["memory_mb"])
    source = Source(request["path"], request["name"], time.monotonic() + request["seconds"])
    kind, text = _done(request["job"], source, request["arguments"])
    json.dump({"kind": kind, "text": text}, answers)
    answers.flush()
    os._exit(0)  # what the job made need not be taken apart


def _done(job: str, source: Source, arguments: dict[str, str]) -> tuple[str, str]:
    try:
        return "done", importlib.import_module(f"{__package__}.{job}").run(source, **arguments)
    except Retry as exc:
        return "retry", str(exc)
    except Failed as exc:
        return "failed", str(exc)
    except MemoryError:
        return "failed", f"{source.name}: this needs more memory than is given to it; ask for less at a time"
    except RecursionError:
        return "failed", f"{source.name} is nested too deeply to be read"
    except Exception as exc:
        return "bug", f"{job}: {type(exc).__name__}: {exc}"


def _limit(seconds: float, memory_mb: int) -> None:
    if sys.platform == "win32":
        return
    import resource

    signal.setitimer(signal.ITIMER_REAL, seconds + SPARE_S)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # macOS counts what is shared, too
        resource.setrlimit(resource.RLIMIT_AS, (memory_mb << 20, memory_mb << 20))
