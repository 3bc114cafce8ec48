"""What our child processes have in common: they end with their parent, and find nothing where it was started."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Mapping

NOWHERE = os.path.abspath(os.sep)
"""The folder they work in: none that a project's files could be found from."""


def surroundings(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment, but that no module and no program is looked for where one happens to be."""
    made = {**environ, "PATH": search_path(environ)}
    if folders := _absolute(made.pop("PYTHONPATH", "")):
        made["PYTHONPATH"] = folders
    return made


def search_path(environ: Mapping[str, str]) -> str:
    """PATH without `.` and other folders that depend on where one is."""
    return _absolute(environ.get("PATH", "")) or os.defpath


def _absolute(folders: str) -> str:
    return os.pathsep.join(folder for folder in folders.split(os.pathsep) if os.path.isabs(folder))


def die_with_parent() -> None:
    """Ask Linux to end this process with its parent; elsewhere the end of the input does it."""
    if sys.platform == "linux":
        parent = os.getppid()
        pr_set_pdeathsig = 1
        ctypes.CDLL(None, use_errno=True).prctl(pr_set_pdeathsig, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(0)


def how_it_ended(code: int) -> str:
    """The end of a process in words, by its exit code as Python has it."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
