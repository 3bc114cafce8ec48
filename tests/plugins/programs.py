"""What tests of tools that start programs have in common: where a process is, and whether it is gone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


class Unconfined:
    """The sandbox where there is none, and the person allowed that."""

    @contextmanager
    def box(self, *, reads: Sequence[Path] = (), writes: bool = True, harmless: bool = False) -> Iterator[None]:
        yield None

    def refused(self, result: str) -> str:
        return result


UNCONFINED = Unconfined()


def gone(pid_file: Path) -> bool:
    """Whether the process that wrote its id there ends; a dead one that nobody asked for counts as ended."""
    wait_for(pid_file)
    for _ in range(500):
        state = subprocess.run(["ps", "-o", "stat=", "-p", pid_file.read_text()], capture_output=True, text=True).stdout
        if not state.strip() or state.startswith("Z"):
            return True
        time.sleep(0.02)
    return False


def wait_for(file: Path) -> None:
    """Wait until a line has been written to it."""
    while not file.exists() or not file.read_text().endswith("\n"):
        time.sleep(0.02)


def run_python(program: str, folder: Path) -> str:
    """What a Python program prints that runs in a process of its own and imports what we do."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env=environment, check=True, capture_output=True, text=True
    ).stdout


def working_in(folder: Path) -> list[str]:
    """The processes whose working folder it is."""
    if sys.platform == "linux":
        links = [Path("/proc", name, "cwd") for name in os.listdir("/proc") if name.isdecimal()]
        return [link.parent.name for link in links if _target(link) == str(folder)]
    listed = subprocess.run(["lsof", "-a", "-d", "cwd", "-t", str(folder)], capture_output=True, text=True, check=False)
    return listed.stdout.split()


def left_in(folder: Path) -> list[str]:
    """Those of them that do not end."""
    for _ in range(500):
        if not (left := working_in(folder)):
            return []
        time.sleep(0.02)
    return left


def _target(link: Path) -> str:
    try:
        return os.readlink(link)
    except OSError:
        return ""
