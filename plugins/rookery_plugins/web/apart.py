"""Has a page read by a process of its own, which ends when it takes too long or too much."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress

from rookery_core.plugin import ToolFailed
from rookery_plugins.web.reading import Read
from rookery_plugins.web.requesting import Answer

SECONDS = 15.0
LOOK_S = 0.1
"""How often it is looked whether anybody waits for it any more."""
PASSED = ("PATH", "PYTHONPATH", "PYTHONHOME", "SYSTEMROOT", "LD_LIBRARY_PATH")
"""All that the process may see of the environment."""


def readable(answer: Answer, stopped: Callable[[], bool], seconds: float = SECONDS) -> Read:
    """What an answer's body says. Raises ToolFailed."""
    with tempfile.TemporaryFile() as sent:
        sent.write(json.dumps([answer.content_type, str(answer.target)]).encode() + b"\n" + answer.body)
        sent.seek(0)
        with subprocess.Popen(
            (sys.executable, "-P", "-m", "rookery_plugins.web.reading"),
            stdin=sent,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in PASSED if name in os.environ},
        ) as process:
            try:
                said = _said(process, stopped, time.monotonic() + seconds)
            finally:
                process.kill()
    if said is None:
        raise ToolFailed(f"reading {answer.target} took too long and was given up")
    try:
        return Read(**json.loads(said))
    except (ValueError, TypeError) as exc:
        raise ToolFailed(f"{answer.target} came, and cannot be read: it is made too intricately") from exc


def _said(process: subprocess.Popen[bytes], stopped: Callable[[], bool], until: float) -> bytes | None:
    """What the process says; None where that took too long, or nobody waits for it any more."""
    while not stopped() and time.monotonic() < until:
        with suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=LOOK_S)[0]
    return None
