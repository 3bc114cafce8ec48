"""A control group for one run: how many processes and how much memory it may have, where such a group can be made.

Where it cannot, nothing is said: it is a bonus, and never the only guard.
"""

from __future__ import annotations

import contextlib
import os

PREFIX = b"rookery-"


class Group:
    """The folders of one group, one for each hierarchy."""

    def __init__(self, wanted: list[tuple[bytes, dict[str, int]]]) -> None:
        """`wanted`: below which folder, and what is to be written to which of its files."""
        self._folders: list[bytes] = []
        for above, limits in wanted:
            sweep(above)
            folder = os.path.join(above, PREFIX + str(os.getpid()).encode())
            with contextlib.suppress(OSError):
                os.mkdir(folder)
                self._folders.append(folder)
                for name, most in limits.items():
                    _write(os.path.join(folder, name.encode()), most)

    def enter(self) -> None:
        """Have this process, and all that it starts, be in it."""
        for folder in self._folders:
            with contextlib.suppress(OSError):
                _write(os.path.join(folder, b"cgroup.procs"), os.getpid())

    def remove(self) -> None:
        """Once everything in it has ended."""
        for folder in self._folders:
            with contextlib.suppress(OSError):
                os.rmdir(folder)


def sweep(above: bytes) -> None:
    """Take away groups that nobody is in: whoever made them was killed."""
    with contextlib.suppress(OSError):
        for name in os.listdir(above):
            if name.startswith(PREFIX) and not os.path.exists(b"/proc/" + name.removeprefix(PREFIX)):
                with contextlib.suppress(OSError):
                    os.rmdir(os.path.join(above, name))


def _write(path: bytes, number: int) -> None:
    file = os.open(path, os.O_WRONLY)
    try:
        os.write(file, str(number).encode())
    finally:
        os.close(file)
