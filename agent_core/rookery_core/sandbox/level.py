"""How well programs are confined on a machine, and how far those of one call get in it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """A rung of the ladder."""

    L1 = 1
    """Nothing confines a program."""
    L2 = 2
    """Its files, its sockets and its system calls are limited; other processes and the machine are visible."""
    L3 = 3
    """It is in a machine of its own: its own files, processes and network, and the workspace."""

    def __str__(self) -> str:
        return self.name


class Reach(IntEnum):
    """How far the programs of one call get."""

    READS = 1
    """They change nothing and reach nobody: the workspace is only read."""
    WRITES = 2
    """They write in the workspace, and get as far as the machine's sandbox lets them."""
    OUTSIDE = 3
    """Nothing confines them."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found when it was tried."""

    level: Level
    why_not_higher: tuple[str, ...] = ()
    """What is missing, or failed, for each higher level, and what would help; () at the highest."""
    landlock: int = 0
    """The kernel's version of it."""


UNCONFINED = "NO SANDBOX: it has all your rights"


def told(level: Level, *, reach: Reach = Reach.WRITES, network: bool = False, workspace: str = "the workspace") -> str:
    """What a program at a level may do, in short, for whoever decides about it."""
    reaches = "the network" if network else "no network"
    match level:
        case Level.L3 if reach is Reach.READS:
            return f"{reaches}, only reads in {workspace}"
        case Level.L3:
            return f"{reaches}, writes only in {workspace}"
        case Level.L2:
            return f"{reaches}, reads your files and writes only in {workspace}"
        case Level.L1:
            return UNCONFINED


CANNOT: dict[Level, tuple[str, ...]] = {
    Level.L3: (),
    Level.L2: (
        "a program sees that files outside are there, and may change the mode, times and attributes of yours",
        "without process namespaces it sees the names and arguments of other processes; it signals and reads none",
        "the machine is visible: its name, its mounts, its network addresses in /proc and /sys",
        "in the workspace .git and Rookery's own names are not protected: a program may write hooks and configuration",
        "/tmp is not the program's own: it gets another folder, and one that insists on /tmp fails",
        "message queues, semaphores and shared memory of System V are shared with your other programs",
        "the number of processes is counted together with your other ones",
    ),
    Level.L1: ("a program has all your rights: files, network, other processes",),
}  # fmt: skip
"""What a level does not do that the one above does."""
