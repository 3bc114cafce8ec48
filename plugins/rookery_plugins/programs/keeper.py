"""Starts the program and is the parent of whoever loses his: a child of the supervisor, or the sandbox's first process.

    keeper -- the program                                   as it is, or confined without a sandbox to be made
    keeper -- first of a process namespace -- the program   apart
    keeper -- bubblewrap -- the same once more, as the sandbox's first process -- the program

What confines the program is put on right before it runs. Where that fails it is told, and nothing runs.
"""

from __future__ import annotations

import ctypes
import marshal
import os
import resource
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable
    from typing import Any, NoReturn
else:
    import _signal as signal  # the module `signal` imports enum, which takes as long as all of the above

NOT_APART = 77
"""The exit code of a keeper that got no namespace."""
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_BOOT = "import sys; sys.path.append(sys.argv[1]); import keeper; keeper.inside()"

_PR_SET_PDEATHSIG = 1
_CLONE_NEWNS, _CLONE_NEWUSER, _CLONE_NEWPID = 0x20000, 0x10000000, 0x20000000
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REC, _MS_PRIVATE = 0x2, 0x4, 0x8, 0x4000, 0x40000


def keep(order: dict[str, Any], told: int, apart: bool) -> None:
    """Start the program, say how it ended, and be a parent to whoever loses his."""
    die_with_parent(signal.SIGKILL)
    signal.set_wakeup_fd(-1)
    _stay()
    if order["box"] and order["box"]["entrance"]:
        _keep_box(order, told)
        return
    if apart:
        if not _unshare():
            os._exit(NOT_APART)
        first = child(lambda: _keep_apart(order, told))
        os.write(told, b"first %d\n" % first)
        _, status = os.waitpid(first, 0)
        os._exit(max(os.waitstatus_to_exitcode(status), 0))
    _keep(order, told)


def _stay() -> None:
    """Be ended by nothing but force: a program may not do it by mistake."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)


def _keep_apart(order: dict[str, Any], told: int) -> None:
    die_with_parent(signal.SIGKILL)
    if not _mount_proc():
        os._exit(NOT_APART)
    _keep(order, told)


def _keep(order: dict[str, Any], told: int) -> None:
    watch = _watch(order["box"])
    program = child(lambda: become(order, told, watch))
    if watch:
        watch.begin()
    os.write(told, b"program %d\n" % (0 if os.getpid() == 1 else program))
    while True:
        try:
            pid, status = os.wait()
        except ChildProcessError:
            return
        if pid == program:
            if watch and watch.is_told:
                os.write(told, b"wanted %d\nbeyond %d\nperhaps %d\n" % (watch.wanted, watch.beyond, watch.perhaps))
            os.write(told, b"status %d\n" % status)


# -- the sandbox ----------------------------------------------------------------------------------------------------


def _keep_box(order: dict[str, Any], told: int) -> None:
    box = child(lambda: _enter(order, told))
    try:
        os.write(told, b"box %d\n" % box)
        _, status = os.waitpid(box, 0)
        os.write(told, b"boxed %d\n" % status)
    except BrokenPipeError:  # all that there is to know is known
        return


def _enter(order: dict[str, Any], told: int) -> None:
    """Turn into what makes the sandbox, and in it goes on with `inside`."""
    try:
        die_with_parent(signal.SIGKILL)
        os.setsid()
        for number in (*ENDING, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        source = os.memfd_create("order")
        entrance = order["box"]["entrance"]
        _write(source, marshal.dumps({**order, "box": {**order["box"], "entrance": []}}))
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        for number in (source, told, *([] if order["input"] is None else [order["input"]])):
            os.set_inheritable(number, True)
        within = [sys.executable, "-I", "-S", "-X", "utf8", "-c", _BOOT, os.path.dirname(__file__)]
        os.execve(entrance[0], [*entrance, *within, str(source), str(told)], {})
    except OSError as exc:
        os.write(told, b"unconfined %d\n" % (exc.errno or 0))
    os._exit(127)


def inside() -> None:
    """As the sandbox's first process: keep the program, as the order on that file says."""
    source, told = map(int, sys.argv[2:])
    _stay()
    with open(source, "rb") as file:
        file.seek(0)
        order = marshal.loads(file.read())
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2:
            try:
                os.set_inheritable(int(name), False)
            except OSError:  # the listing's own
                continue
    _inside(order["box"], "confining").hide_from_own_kind()
    _keep(order, told)


def _watch(box: dict[str, Any] | None) -> Any:
    """What is told of what the program means to change; None where nobody wants to know."""
    return _inside(box, "watching").Watch(box["order"]["watched"]) if box and "watched" in box["order"] else None


def _inside(box: dict[str, Any], name: str) -> Any:
    """A module of what confines a process."""
    if box["inside"] not in sys.path:
        sys.path.append(box["inside"])
    return __import__(name)


# -- the program ----------------------------------------------------------------------------------------------------


def become(order: dict[str, Any], told: int, watch: Any = None) -> NoReturn:
    """Turn into the program. What confines it is put on here, right before it runs."""
    step = b"failed"
    try:
        if sys.platform == "linux":
            die_with_parent(signal.SIGKILL)
        os.setsid()
        for number in (*ENDING, signal.SIGPIPE, signal.SIGXFSZ):
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
        if order["box"]:
            step = b"unconfined"
            _inside(order["box"], "confining").restrict(order["box"]["order"])
            if watch:
                watch.be_told()
            step = b"failed"
        os.execve(order["path"], order["argv"], order["environment"])
    except OSError as exc:
        os.write(told, b"%s %d\n" % (step, exc.errno or 0))
    except BaseException:
        os.write(told, b"%s 0\n" % step)
    os._exit(127)


def die_with_parent(number: int) -> None:
    """Have this process get a signal when the one that started it ends; Linux only."""
    if sys.platform == "linux":
        parent = os.getppid()
        prctl(_PR_SET_PDEATHSIG, number)
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


def prctl(option: int, value: int) -> None:
    """Set something of this process; where it cannot be, it stays as it was."""
    ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), 0, 0, 0)


def _limit(which: int, most: int) -> None:
    _, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    try:
        resource.setrlimit(which, (most, most))
    except (OSError, ValueError):  # macOS knows some of them by name only
        return


def child(doing: Callable[[], None]) -> int:
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


def _write(file: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(file, left) :]
