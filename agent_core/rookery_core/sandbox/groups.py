"""Where control groups can be made on this machine, of the first and the second version. Looks, and changes nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

WANTED = {"pids": {1: "pids.max", 2: "pids.max"}, "memory": {1: "memory.limit_in_bytes", 2: "memory.max"}}
Group = tuple[bytes, dict[str, int]]


def groups(processes: int, memory_bytes: int = 0, *, root: Path = Path("/")) -> list[Group]:
    """Below which folders a group is to be made, with what limits; 0 is none."""
    limits = {"pids": processes} | ({"memory": memory_bytes} if memory_bytes else {})
    found: dict[Path, dict[str, int]] = {}
    for controller, most in limits.items():
        for folder, version in _places(controller, root):
            found.setdefault(folder, {})[WANTED[controller][version]] = most
            break
    return [(os.fsencode(folder), wanted) for folder, wanted in found.items()]


def _places(controller: str, root: Path) -> Iterator[tuple[Path, int]]:
    """The folders in which a group of this controller can be made, with the version it is of."""
    mounts = root / "sys/fs/cgroup"
    for line in _lines(root / "proc/self/cgroup"):
        number, _, rest = line.partition(":")
        controllers, _, own = rest.partition(":")
        own = own.lstrip("/")
        if controller in controllers.split(","):
            for folder in (mounts / controllers / own, mounts / controller / own):
                if os.access(folder, os.W_OK):
                    yield folder, 1
        if (number, controllers) == ("0", ""):
            for mount in (mounts, mounts / "unified"):
                folder = (mount / own).parent if own else mount  # beside its own: a group with processes has none below
                offered = " ".join(_lines(folder / "cgroup.subtree_control")).split()
                if controller in offered and all(
                    os.access(path, os.W_OK) for path in (folder, folder / "cgroup.procs")
                ):
                    yield folder, 2


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
