"""The built-in tools that work in a process of their own, carried out in this one: thousands of calls are made here.

What they do is the same, and so is what they say; the limits of memory and time are for files of other people.
"""

from __future__ import annotations

import importlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from rookery_core.errors import ToolFailed, ToolRetry
from rookery_plugins.data import documents, sqlite, tables
from rookery_plugins.data.apart import Limits
from rookery_plugins.data.inside.process import Failed, Retry, Source

_LOOKING: tuple[Any, ...] = (documents, sqlite, tables)


@contextmanager
def _as_input(file: IO[bytes] | None) -> Iterator[None]:
    """Within it the file is the standard input, as it is for a process of its own."""
    before, handler = os.dup(0), signal.getsignal(signal.SIGTERM)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing if file is None else file.fileno(), 0)
    try:
        yield
    finally:
        os.dup2(before, 0)
        os.close(before)
        os.close(nothing)
        signal.signal(signal.SIGTERM, handler)  # a change of a database takes it


def _here(
    job: str,
    file: IO[bytes] | None,
    path: Path,
    name: str,
    limits: Limits,
    cancelled: Callable[[], bool] = lambda: False,
    **arguments: str,
) -> str:
    source = Source(str(path), name, time.monotonic() + limits.seconds)
    run = importlib.import_module(f"rookery_plugins.data.inside.{job}").run
    try:
        with _as_input(file):
            return str(run(source, **arguments))
    except Retry as exc:
        raise ToolRetry(str(exc)) from None
    except Failed as exc:
        raise ToolFailed(str(exc)) from None


@contextmanager
def at_hand() -> Iterator[None]:
    """Within it, tables, databases and documents are read in this process."""
    before = [module.apart for module in _LOOKING]
    for module in _LOOKING:
        module.apart = _here
    try:
        yield
    finally:
        for module, apart in zip(_LOOKING, before, strict=True):
            module.apart = apart
