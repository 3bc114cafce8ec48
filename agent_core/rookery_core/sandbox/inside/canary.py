"""Tries from inside what the sandbox is to refuse, and says what it did not.

In: what to try, from `canaries`, on file 0. Out: a line of names on file 1, `held` first. With `stay` a process in a
session of its own holds file 1 open then, until it is killed with the sandbox.
"""

from __future__ import annotations

import ctypes
import marshal
import os
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

_CLONE_NEWUSER = 0x10000000


def main() -> None:
    """Confine this process and try."""
    import confining  # type: ignore[import-not-found,unused-ignore]

    wanted = marshal.loads(sys.stdin.buffer.read())
    try:
        confining.restrict(wanted["order"])
    except OSError as exc:
        _say("refused", str(exc))
        return
    _say("held", *_done(wanted))
    if wanted["stay"]:
        _stay()


def _say(*words: str) -> None:
    os.write(1, " ".join(words).encode() + b"\n")


def _done(wanted: dict[str, Any]) -> list[str]:
    """What could be done and should not, and what could not and should."""
    tries: dict[str, Callable[[], object]] = {
        "reads-outside": lambda: os.listdir(wanted["outside"]),
        "writes-outside": lambda: os.mkdir(os.path.join(wanted["outside"], b"made")),
        "internet-socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        "user-namespace": lambda: _call(ctypes.CDLL(None, use_errno=True).unshare, _CLONE_NEWUSER),
    }
    if wanted["network"]:
        del tries["internet-socket"]
    if wanted["alone"]:
        for path in wanted["own"]:
            tries["sees-own-home"] = lambda path=path: os.listdir(path)  # type: ignore[misc]
        if os.getpid() != 1:
            tries["sees-processes"] = lambda: os.stat("/proc/1")
    done = [name for name, doing in tries.items() if _works(doing)]
    if not _works(lambda: os.mkdir(os.path.join(wanted["workspace"], b"made"))):
        done.append("workspace-not-written")
    return done


def _works(doing: Callable[[], object]) -> bool:
    try:
        doing()
    except OSError:
        return False
    return True


def _call(function: Callable[..., int], *arguments: int) -> None:
    if function(*arguments) != 0:
        raise OSError(ctypes.get_errno(), "refused")


def _stay() -> None:
    if os.fork():
        time.sleep(60)
    else:
        os.setsid()
        time.sleep(60)
    os._exit(0)


if __name__ == "__main__":
    main()
