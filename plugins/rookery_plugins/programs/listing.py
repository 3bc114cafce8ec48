"""The processes of the system, as /proc or `ps` lists them."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class Process:
    """A process as the system lists it."""

    __slots__ = ("ended", "group", "parent", "pid")

    def __init__(self, pid: int, parent: int, group: int, ended: bool) -> None:
        self.pid = pid
        self.parent = parent
        self.group = group
        self.ended = ended
        """Dead, and not asked for yet."""


def listed() -> Iterator[Process]:
    """All processes of the system."""
    return _listed_in_proc() if os.path.exists("/proc/self/stat") else listed_by_ps()


def _listed_in_proc() -> Iterator[Process]:
    for name in os.listdir("/proc"):
        if name.isdecimal():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    state, parent, group = file.read().rpartition(b")")[2].split()[:3]
            except OSError:  # it ended meanwhile
                continue
            yield Process(int(name), int(parent), int(group), state in (b"Z", b"X"))


def listed_by_ps() -> Iterator[Process]:
    """The same where there is no /proc."""
    source, printed = os.pipe()
    actions = [(os.POSIX_SPAWN_DUP2, printed, 1)]
    columns = ["ps", "-axo", "pid=,ppid=,pgid=,stat="]
    ps = os.posix_spawnp("ps", columns, {"PATH": "/usr/bin:/bin"}, file_actions=actions)
    os.close(printed)
    with open(source, "rb") as file:
        lines = file.read().splitlines()
    os.waitpid(ps, 0)
    for line in lines:
        pid, parent, group, state = line.split()[:4]
        if int(pid) != ps:
            yield Process(int(pid), int(parent), int(group), state.startswith(b"Z"))
