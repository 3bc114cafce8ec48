"""Which system calls mean to change a file: where nothing may be changed, somebody is told of them. Pure.

They are told of before they are made, and made all the same: that they fail is the business of what is mounted.
"""

from __future__ import annotations

import os
import platform
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LOAD, _EQUAL, _ANY_OF, _RETURN = 0x20, 0x15, 0x45, 0x06
_TELL, _ALLOW = 0x7FC00000, 0x7FFF0000
_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_NUMBER, _MACHINE, _ARGUMENTS = 0, 4, 16
_CHANGING = 0o1 | 0o2 | 0o100 | 0o1000
"""Flags of open: to write, to read and write, to make, to empty."""
_W_OK = 2

HERE = -1
"""In place of an argument that is a folder: the one that the process is in."""
MAKES, CHANGES, OPENS, ASKS = "makes", "changes", "opens", "asks"
"""A call makes a file that is not there, changes one that is, opens it, or asks whether it might."""


@dataclass(frozen=True, slots=True)
class _Call:
    """One call by its numbers on x86-64 and on ARM64."""

    x86_64: int
    aarch64: int
    """-1: there it is not."""
    does: str
    paths: tuple[tuple[int, int], ...]
    """Which arguments are its paths, and before each that of the folder where it begins."""
    flags: int = HERE
    """Which argument says whether it changes anything; HERE: it does."""

    def on(self, machine: str) -> int:
        return self.x86_64 if machine == "x86_64" else self.aarch64


_CALLS = (
    _Call(2, -1, OPENS, ((HERE, 0),), 1),  # open, openat, creat
    _Call(257, 56, OPENS, ((0, 1),), 2),
    _Call(85, -1, OPENS, ((HERE, 0),)),
    _Call(83, -1, MAKES, ((HERE, 0),)),  # mkdir, mkdirat
    _Call(258, 34, MAKES, ((0, 1),)),
    _Call(133, -1, MAKES, ((HERE, 0),)),  # mknod, mknodat
    _Call(259, 33, MAKES, ((0, 1),)),
    _Call(86, -1, MAKES, ((HERE, 1),)),  # link, linkat
    _Call(265, 37, MAKES, ((2, 3),)),
    _Call(88, -1, MAKES, ((HERE, 1),)),  # symlink, symlinkat
    _Call(266, 36, MAKES, ((1, 2),)),
    _Call(87, -1, CHANGES, ((HERE, 0),)),  # unlink, unlinkat, rmdir
    _Call(263, 35, CHANGES, ((0, 1),)),
    _Call(84, -1, CHANGES, ((HERE, 0),)),
    _Call(82, -1, CHANGES, ((HERE, 0), (HERE, 1))),  # rename, renameat, renameat2
    _Call(264, 38, CHANGES, ((0, 1), (2, 3))),
    _Call(316, 276, CHANGES, ((0, 1), (2, 3))),
    _Call(76, 45, CHANGES, ((HERE, 0),)),  # truncate
    _Call(90, -1, CHANGES, ((HERE, 0),)),  # chmod, fchmodat, fchmodat2
    _Call(268, 53, CHANGES, ((0, 1),)),
    _Call(452, 452, CHANGES, ((0, 1),)),
    _Call(92, -1, CHANGES, ((HERE, 0),)),  # chown, lchown, fchownat
    _Call(94, -1, CHANGES, ((HERE, 0),)),
    _Call(260, 54, CHANGES, ((0, 1),)),
    _Call(280, 88, CHANGES, ((0, 1),)),  # utimensat
    _Call(21, -1, ASKS, ((HERE, 0),), 1),  # access, faccessat, faccessat2
    _Call(269, 48, ASKS, ((0, 1),), 2),
    _Call(439, 439, ASKS, ((0, 1),), 2),
)


def order_for(root: Path, kept: Iterable[Path]) -> dict[str, Any]:
    """What `inside.watching` is told: the filter, what the calls are by their numbers, the folder that counts, and what
    of it is `kept` as it is in every sandbox."""
    machine = platform.machine()
    calls = {number: (each.does, each.paths, each.flags) for each in _CALLS if (number := each.on(machine)) >= 0}
    return {"filter": filter_for(machine), "calls": calls, "root": os.fsencode(root), "kept": [*map(os.fsencode, kept)]}


def filter_for(machine: str) -> bytes:
    """The filter, to be put on beside the one that forbids."""
    made = [(_LOAD, 0, 0, _MACHINE), (_EQUAL, 1, 0, _AUDIT[machine]), (_RETURN, 0, 0, _ALLOW), (_LOAD, 0, 0, _NUMBER)]
    for each in _CALLS:
        if (number := each.on(machine)) < 0:
            continue
        if each.flags == HERE:
            made += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _TELL)]
        else:
            counts = _W_OK if each.does == ASKS else _CHANGING
            made += [(_EQUAL, 0, 4, number), (_LOAD, 0, 0, _ARGUMENTS + 8 * each.flags), (_ANY_OF, 0, 1, counts)]
            made += [(_RETURN, 0, 0, _TELL), (_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("=HBBI", *each) for each in [*made, (_RETURN, 0, 0, _ALLOW)])
