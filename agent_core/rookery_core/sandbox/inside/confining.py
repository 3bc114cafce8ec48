"""Takes from this process, and all that it starts, what the order does not leave it. There is no way back.

    landlock   pairs of a path and the rights below it; [] leaves files alone
    needed     whether it is an error when the kernel has no Landlock
    network    whether TCP is left
    seccomp    the filter of system calls, as the kernel takes it
    same       triples of a path, a device and an inode: what has to lie there still

The process has one thread.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING or __package__:
    from rookery_core.sandbox.inside import landlock
else:  # as it is run: it knows only its folder
    import landlock

_PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 4, 22, 24, 38, 47
_SECCOMP_MODE_FILTER = 2
_CAP_AMBIENT_CLEAR_ALL = 4
_CAPABILITY_VERSION = 0x20080522


def restrict(order: dict[str, Any]) -> None:
    """Put it all on. Raises OSError; then nothing may be run here."""
    for path, device, inode in order["same"]:
        found = os.stat(path)
        if (found.st_dev, found.st_ino) != (device, inode):
            raise OSError(errno.ESTALE, "what lies there was exchanged", os.fsdecode(path))
    drop_rights()
    if order["landlock"] and not landlock.restrict(order["landlock"], network=order["network"]) and order["needed"]:
        raise OSError(errno.ENOSYS, "this kernel has no Landlock")
    _filter(order["seccomp"])


def drop_rights() -> None:
    """Give up what root may do, and gain nothing by a program that is set to. Raises OSError."""
    _checked(_prctl(_PR_SET_NO_NEW_PRIVS, 1))
    for right in range(64):
        _prctl(_PR_CAPBSET_DROP, right)  # without the right to, there is none to lose
    _prctl(_PR_CAP_AMBIENT, _CAP_AMBIENT_CLEAR_ALL)
    header, none = struct.pack("=Ii", _CAPABILITY_VERSION, 0), bytes(24)
    _checked(ctypes.CDLL(None, use_errno=True).capset(header, none))


def hide_from_own_kind() -> None:
    """Let no process of the same person look into this one."""
    _prctl(_PR_SET_DUMPABLE, 0)


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def _filter(instructions: bytes) -> None:
    held = ctypes.create_string_buffer(instructions, len(instructions))
    program = _Program(len(instructions) // 8, ctypes.addressof(held))
    _checked(
        ctypes.CDLL(None, use_errno=True).prctl(
            _PR_SET_SECCOMP, ctypes.c_ulong(_SECCOMP_MODE_FILTER), ctypes.byref(program), 0, 0
        )
    )


def _prctl(option: int, value: int) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    return int(library.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)))


def _checked(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
