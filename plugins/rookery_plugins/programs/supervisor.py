"""Runs one program and sees to it that nothing of it is left: a process of its own, which knows only this folder.

    Rookery -- supervisor -- keeper -- the program -- whatever it starts

On Linux the supervisor adopts whoever loses its parent (a child subreaper), so that all the program ever started stays
below it, and it goes on ending that until it has no child left. Where the order has a box, or says `apart`, the keeper
is the first process of a process namespace as well, and the kernel ends with it everything in there. Elsewhere what is
left is found by parent and group, as `ps` has them.

In: the order on file 0, its length in eight bytes before it; then `q` to end the program politely, or the end of the
file to end it at once. Out: the report on file 1, a word and a number a line. The program prints to file 2. Keeper and
program die with the supervisor, and when its parent dies it ends what it runs.

It imports little: half the time of a short call is the start of this interpreter.
"""

from __future__ import annotations

import marshal
import os
import select
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from typing import Any
else:
    import _signal as signal  # the module `signal` imports enum, which takes as long as all of the above

if TYPE_CHECKING or __package__:
    from rookery_plugins.programs import keeper, listing
else:  # as it is run: it knows only its folder
    import keeper
    import listing

LOOK_S = 0.02
"""How often what was asked to end is looked for."""
_PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    """Read the order from file 0 and carry it out."""
    size = int.from_bytes(_read(0, 8), "big")
    order = _read(0, size)
    if order and len(order) == size:
        report = _Supervisor(marshal.loads(order)).run()
        os.write(1, b"".join(b"%s %d\n" % (name.encode(), value) for name, value in report.items()))


class _Supervisor:
    """One program's life."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._order = order
        self._keeper = 0
        self._keeper_status: int | None = None
        self._keepers: set[int] = set()
        self._box = 0
        """What makes the sandbox; it and its child, the sandbox's first process, are keepers too."""
        self._held = _group(order["box"])
        self._group = 0
        """The program's process group; 0: it never ran, or has a namespace of its own."""
        self._wake, wake = os.pipe()
        for end in (self._wake, wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, *keeper.ENDING):
            signal.signal(number, lambda *_: None)  # so that it wakes us
        if sys.platform == "linux":
            keeper.prctl(_PR_SET_CHILD_SUBREAPER, 1)
            keeper.die_with_parent(signal.SIGTERM)

    def run(self) -> dict[str, int]:
        """`status`, how the program ended, as wait has it; `failed`, why it did not start, an error number, or
        `unconfined`, why it was not confined and so not started; none of them where it was ended. `left`: whether
        something that it had started was still running; `begun`: whether the program was. `wanted`, `beyond`,
        `perhaps`: how often something was to be changed where nothing may be (`inside.watching`)."""
        apart = bool(self._order["apart"])
        told, end = self._follow(apart)
        if "program" not in told and not end and self._refused():
            apart = False
            told, end = self._follow(apart)
        left = self._end(0.0 if end == "now" else self._order["grace_s"])
        self._held.remove()
        known = {
            name: told[name]
            for name in ("status", "failed", "unconfined", "wanted", "beyond", "perhaps")
            if name in told
        }
        return known | {"left": left, "apart": apart, "begun": "program" in told}

    def _follow(self, apart: bool) -> tuple[dict[str, int], str]:
        """What the keeper told until the program ended, and whether it is to end `now` or `soon`; "": it has ended."""
        source, told = os.pipe()

        def keep() -> None:
            self._held.enter()
            keeper.keep(self._order, told, apart)

        self._keeper = keeper.child(keep)
        self._keeper_status = None
        self._keepers = {self._keeper}
        os.close(told)
        lines = b""
        while True:
            ready, _, _ = select.select([0, self._wake, source], [], [])
            chunk = os.read(source, 4096) if source in ready else b""
            lines += chunk
            heard = {word: int(number) for word, number in (line.split() for line in lines.decode().splitlines())}
            self._keepers |= {heard["first"]} if "first" in heard else set()
            self._group = heard.get("program", 0)
            self._box = heard.get("box", 0)
            if heard.keys() & {"status", "failed", "unconfined"} or (source in ready and not chunk):
                os.close(source)
                return heard, ""
            if self._wake in ready and self._told_to_end():
                return heard, "now"
            if 0 in ready:
                return heard, "soon" if os.read(0, 64) else "now"

    def _told_to_end(self) -> bool:
        """Whether one of the signals since the last look was to end everything; the others were for the dead."""
        numbers = set(os.read(self._wake, 4096))
        self._reap()
        return bool(numbers & set(keeper.ENDING))

    def _reap(self) -> bool:
        """Ask for all children that have ended; whether there are others."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self._keeper:
                self._keeper_status = status

    def _refused(self) -> bool:
        """Whether the keeper ended because it got no namespace."""
        while self._keeper_status is None and self._reap():
            time.sleep(0.001)
        return os.waitstatus_to_exitcode(self._keeper_status or 0) == keeper.NOT_APART

    def _end(self, grace_s: float) -> bool:
        """End what is left, politely and then by force; whether anything was left."""
        asked: set[int] | None = None
        until = time.monotonic() + grace_s
        while left := [each for each in self._below() if not each.ended and not self._keeps(each)]:
            if asked is None:
                asked = {each.pid for each in left}  # and not whom they start to put things in order
                if grace_s > 0:
                    _signal_all(asked, signal.SIGTERM)
                    _signal_all(asked, signal.SIGCONT)  # who was halted hears nothing
            if time.monotonic() >= until:
                break
            ready, _, _ = select.select([self._wake, *([0] if grace_s > 0 else [])], [], [], LOOK_S)
            if 0 in ready and not os.read(0, 64):
                until = 0.0
            if self._wake in ready and self._told_to_end():
                until = 0.0
        self._end_by_force()
        return asked is not None

    def _keeps(self, process: listing.Process) -> bool:
        """Whether it is one of ours."""
        return process.pid in (*self._keepers, self._box) or (self._box != 0 and process.parent == self._box)

    def _end_by_force(self) -> None:
        """Kill until nobody is left. Whole groups first: who is in one cannot fork out of it meanwhile."""
        pause = 0.001
        own = os.getpgid(0)
        while True:
            below = self._below()
            for group in {each.group for each in below} - {own}:
                _signal_all({-group}, signal.SIGKILL)
            _signal_all({each.pid for each in below}, signal.SIGKILL)
            if not self._reap() and not (below and sys.platform != "linux"):
                return
            time.sleep(pause)
            pause = min(1.05 * pause, 1.0)

    def _below(self) -> list[listing.Process]:
        """Every process that descends from this one; where it adopts no orphans, also the program's group."""
        children: dict[int, list[listing.Process]] = {}
        grouped: list[listing.Process] = []
        for each in listing.listed():
            children.setdefault(each.parent, []).append(each)
            if sys.platform != "linux" and self._group and each.group == self._group:
                grouped.append(each)
        found: dict[int, listing.Process] = {}
        new = children.get(os.getpid(), []) + grouped
        while new:
            each = new.pop()
            if each.pid not in found:
                found[each.pid] = each
                new += children.get(each.pid, [])
        return list(found.values())


class _NoGroup:
    def enter(self) -> None:
        """There is none."""

    def remove(self) -> None:
        """There is none."""


def _group(box: dict[str, Any] | None) -> Any:
    """The control group of a run that is confined."""
    if not box or not box["groups"]:
        return _NoGroup()
    sys.path.append(box["inside"])
    return __import__("control_group").Group(box["groups"])


def _signal_all(pids: set[int], number: int) -> None:
    """Send a signal to processes, and to groups by their negative ids."""
    for pid in sorted(pids):  # whoever is above first, who else would tell what became of the others
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            continue


def _read(file: int, size: int) -> bytes:
    """So many bytes, or fewer where the file ends before."""
    data = b""
    while len(data) < size:
        chunk = os.read(file, size - len(data))
        if not chunk:
            break
        data += chunk
    return data
