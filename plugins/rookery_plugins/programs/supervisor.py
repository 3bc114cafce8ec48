"""Runs one program and sees to it that nothing of it is left: a process of its own, which knows only this file.

    Rookery -- supervisor -- keeper -- the program -- whatever it starts

On Linux the supervisor adopts whoever loses its parent (a child subreaper), so that all the program ever started stays
below it, and it goes on ending that until it has no child left. Where the order says `apart`, the keeper is the first
process of a process namespace as well, and the kernel ends with it everything in there. Elsewhere what is left is found
by parent and group, as `ps` has them.

In: the order on file 0, its length in eight bytes before it; then `q` to end the program politely, or the end of the
file to end it at once. Out: the report on file 1, a word and a number a line. The program prints to file 2. Keeper and
program die with the supervisor, and when its parent dies it ends what it runs.

It imports little: half the time of a short call is the start of this interpreter.
"""

from __future__ import annotations

import ctypes
import marshal
import os
import resource
import select
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Iterator
    from typing import Any, NoReturn
else:
    import _signal as signal  # the module `signal` imports enum, which takes as long as all of the above

LOOK_S = 0.02
"""How often what was asked to end is looked for."""
NOT_APART = 77
"""The exit code of a keeper that got no namespace."""

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_CLONE_NEWNS, _CLONE_NEWUSER, _CLONE_NEWPID = 0x20000, 0x10000000, 0x20000000
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REC, _MS_PRIVATE = 0x2, 0x4, 0x8, 0x4000, 0x40000
_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main() -> None:
    """Read the order from file 0 and carry it out."""
    size = int.from_bytes(_read(0, 8), "big")
    order = _read(0, size)
    if order and len(order) == size:
        report = _Supervisor(marshal.loads(order)).run()
        os.write(1, b"".join(b"%s %d\n" % (name.encode(), value) for name, value in report.items()))


class Process:
    """A process as the system lists it."""

    __slots__ = ("ended", "group", "parent", "pid")

    def __init__(self, pid: int, parent: int, group: int, ended: bool) -> None:
        self.pid = pid
        self.parent = parent
        self.group = group
        self.ended = ended
        """Dead, and not asked for yet."""


class _Supervisor:
    """One program's life."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._order = order
        self._keeper = 0
        self._keeper_status: int | None = None
        self._keepers: set[int] = set()
        self._group = 0
        """The program's process group; 0: it never ran, or has a namespace of its own."""
        self._wake, wake = os.pipe()
        for end in (self._wake, wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, *_ENDING):
            signal.signal(number, lambda *_: None)  # so that it wakes us
        if sys.platform == "linux":
            _prctl(_PR_SET_CHILD_SUBREAPER, 1)
            die_with_parent(signal.SIGTERM)

    def run(self) -> dict[str, int]:
        """`status`, how the program ended, as wait has it; `failed`, why it did not start, an error number; neither
        where it was ended. `left`: whether something that it had started was still running."""
        apart = bool(self._order["apart"])
        told, end = self._follow(apart)
        if "program" not in told and not end and self._refused():
            apart = False
            told, end = self._follow(apart)
        left = self._end(0.0 if end == "now" else self._order["grace_s"])
        return {name: told[name] for name in ("status", "failed") if name in told} | {"left": left, "apart": apart}

    def _follow(self, apart: bool) -> tuple[dict[str, int], str]:
        """What the keeper told until the program ended, and whether it is to end `now` or `soon`; "": it has ended."""
        source, told = os.pipe()
        self._keeper = _child(lambda: keep(self._order, told, apart))
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
            if heard.keys() & {"status", "failed"} or (source in ready and not chunk):
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
        return bool(numbers & set(_ENDING))

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
        return os.waitstatus_to_exitcode(self._keeper_status or 0) == NOT_APART

    def _end(self, grace_s: float) -> bool:
        """End what is left, politely and then by force; whether anything was left."""
        asked: set[int] | None = None
        until = time.monotonic() + grace_s
        while left := [each for each in self._below() if each.pid not in self._keepers and not each.ended]:
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

    def _below(self) -> list[Process]:
        """Every process that descends from this one; where it adopts no orphans, also the program's group."""
        children: dict[int, list[Process]] = {}
        grouped: list[Process] = []
        for each in listed():
            children.setdefault(each.parent, []).append(each)
            if sys.platform != "linux" and self._group and each.group == self._group:
                grouped.append(each)
        found: dict[int, Process] = {}
        new = children.get(os.getpid(), []) + grouped
        while new:
            each = new.pop()
            if each.pid not in found:
                found[each.pid] = each
                new += children.get(each.pid, [])
        return list(found.values())


def keep(order: dict[str, Any], told: int, apart: bool) -> None:
    """Start the program, say how it ended, and be a parent to whoever loses his."""
    die_with_parent(signal.SIGKILL)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)  # a program may not end it by mistake
    if apart:
        if not _unshare():
            os._exit(NOT_APART)
        first = _child(lambda: _keep_apart(order, told))
        os.write(told, b"first %d\n" % first)
        _, status = os.waitpid(first, 0)
        os._exit(max(os.waitstatus_to_exitcode(status), 0))
    _keep(order, told)


def _keep_apart(order: dict[str, Any], told: int) -> None:
    die_with_parent(signal.SIGKILL)
    if not _mount_proc():
        os._exit(NOT_APART)
    _keep(order, told)


def _keep(order: dict[str, Any], told: int) -> None:
    program = _child(lambda: become(order, told))
    os.write(told, b"program %d\n" % (0 if os.getpid() == 1 else program))
    while True:
        try:
            pid, status = os.wait()
        except ChildProcessError:
            return
        if pid == program:
            os.write(told, b"status %d\n" % status)


def become(order: dict[str, Any], told: int) -> NoReturn:
    """Turn into the program. What confines a program is put on here, right before it runs."""
    try:
        if sys.platform == "linux":
            die_with_parent(signal.SIGKILL)
        os.setsid()
        for number in (*_ENDING, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        source = order["input"] if order["input"] is not None else os.open(os.devnull, os.O_RDONLY)
        os.dup2(source, 0)
        os.dup2(2, 1)
        if source > 2:
            os.close(source)
        os.chdir(order["folder"])
        for name, most in order["limits"].items():
            _limit(getattr(resource, name), most)
        os.execve(order["path"], order["argv"], order["environment"])
    except OSError as exc:
        os.write(told, b"failed %d\n" % (exc.errno or 0))
    os._exit(127)


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


def die_with_parent(number: int) -> None:
    """Have this process get a signal when the one that started it ends; Linux only."""
    if sys.platform == "linux":
        parent = os.getppid()
        _prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:
            os._exit(0)


def _unshare() -> bool:
    """Have the next child be the first process of a namespace: as root, or as who is root in a user namespace."""
    if sys.platform != "linux":
        return False
    libc, user, group = ctypes.CDLL(None), os.geteuid(), os.getegid()
    if libc.unshare(_CLONE_NEWPID | _CLONE_NEWNS) == 0:
        return True
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWPID | _CLONE_NEWNS) != 0:
        return False
    try:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    except OSError:
        return False
    die_with_parent(signal.SIGKILL)  # becoming someone else has cleared it
    return True


def _mount_proc() -> bool:
    """Show the namespace's own processes in /proc, to those in it alone."""
    mount = ctypes.CDLL(None).mount
    private = mount(b"none", b"/", None, ctypes.c_ulong(_MS_REC | _MS_PRIVATE), None) == 0
    flags = ctypes.c_ulong(_MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
    return private and bool(mount(b"proc", b"/proc", b"proc", flags, None) == 0)


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), 0, 0, 0)


def _limit(which: int, most: int) -> None:
    _, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    try:
        resource.setrlimit(which, (most, most))
    except (OSError, ValueError):  # macOS knows some of them by name only
        return


def _child(doing: Callable[[], None]) -> int:
    """The id of a process that does it and ends."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            doing()
            code = 0
        finally:
            os._exit(code)
    return pid


def _signal_all(pids: set[int], number: int) -> None:
    """Send a signal to processes, and to groups by their negative ids."""
    for pid in pids:
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
