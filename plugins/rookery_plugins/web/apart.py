"""Has a page read by a process of its own, which ends when it takes too long or too much."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable

from rookery_core.plugin import ToolFailed
from rookery_plugins.web.reading import Read
from rookery_plugins.web.requesting import Answer

SECONDS = 15.0
LOOK_S = 0.1
"""How often it is looked whether anybody waits for it any more."""
_PASSED = ("PATH", "PYTHONPATH", "PYTHONHOME", "SYSTEMROOT", "LD_LIBRARY_PATH")


def readable(answer: Answer, stopped: Callable[[], bool], seconds: float = SECONDS) -> Read:
    """What an answer's body says. Raises ToolFailed."""
    told = json.dumps([answer.content_type, str(answer.target)]).encode()
    with subprocess.Popen(
        (sys.executable, "-P", "-m", "rookery_plugins.web.reading"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={name: os.environ[name] for name in _PASSED if name in os.environ},
    ) as process:
        try:
            said = _talk(process, told + b"\n" + answer.body, stopped, time.monotonic() + seconds)
        finally:
            process.kill()
    if said is None:
        raise ToolFailed(f"reading {answer.target} took too long and was given up")
    try:
        return Read(**json.loads(said))
    except (ValueError, TypeError) as exc:
        raise ToolFailed(f"{answer.target} came, and cannot be read: it is made too intricately") from exc


def _talk(process: subprocess.Popen[bytes], sent: bytes, stopped: Callable[[], bool], until: float) -> bytes | None:
    """What the process says; None where that took too long, or nobody waits for it any more."""
    unsent: bytes | None = sent
    while not stopped() and time.monotonic() < until:
        try:
            return process.communicate(unsent, timeout=LOOK_S)[0]
        except subprocess.TimeoutExpired:
            unsent = None  # it goes on with what it was given
    return None
