"""Landlock by its system calls: which files a process, and all that it starts, may touch from now on.

The kernel is asked by calling it; whether `/sys/kernel/security` is mounted says nothing.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_VERSION = 1
_PATH_BENEATH = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REMOVE_DIR, REMOVE_FILE = 1 << 4, 1 << 5
MAKE_CHAR, MAKE_DIR, MAKE_REG, MAKE_SOCK, MAKE_FIFO, MAKE_BLOCK, MAKE_SYM = (1 << n for n in range(6, 13))
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_SINCE = {REFER: 2, TRUNCATE: 3, IOCTL_DEV: 5}
"""Rights that older kernels do not know, by the version that has them."""
_TCP = 0b11
_SCOPES, SCOPES_SINCE = 0b11, 6
"""Abstract unix sockets and signals, and the version that has them."""

READ = EXECUTE | READ_FILE | READ_DIR
USE = READ_FILE | WRITE_FILE | TRUNCATE | IOCTL_DEV
"""A device."""
WRITE = (
    READ
    | WRITE_FILE
    | REMOVE_DIR
    | REMOVE_FILE
    | MAKE_DIR
    | MAKE_REG
    | MAKE_SOCK
    | MAKE_FIFO
    | MAKE_SYM
    | REFER
    | TRUNCATE
)
_ALL = WRITE | MAKE_CHAR | MAKE_BLOCK | IOCTL_DEV
_OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV


def version() -> int:
    """What this kernel has of it; 0: nothing."""
    return max(_call(_CREATE, None, 0, _VERSION), 0)


def restrict(rules: list[tuple[bytes, int]], *, network: bool) -> int:
    """Allow nothing but these rights below these paths, and no TCP without `network`; the kernel's version of it, 0
    where it has none. A path that is not there is left out. Raises OSError."""
    known = version()
    if known == 0:
        return 0
    handled = _ALL & ~sum(right for right, since in _SINCE.items() if known < since)
    tcp = _TCP if known >= 4 and not network else 0
    attributes = struct.pack("=QQQ", handled, tcp, _SCOPES if known >= SCOPES_SINCE else 0)
    size = 8 if known < 4 else 16 if known < 6 else 24
    rules_fd = _checked(_call(_CREATE, attributes[:size], size, 0))
    for path, rights in rules:
        try:
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        rights &= handled
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= _OF_FILES
        _checked(_call(_ADD, rules_fd, _PATH_BENEATH, struct.pack("=Qi", rights, place), 0))
        os.close(place)
    _checked(_call(_RESTRICT, rules_fd, 0))
    os.close(rules_fd)
    return known


def _call(number: int, *arguments: bytes | int | None) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    given = [ctypes.c_long(each) if isinstance(each, int) else ctypes.c_char_p(each) for each in arguments]
    return int(library.syscall(ctypes.c_long(number), *given))


def _checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), f"landlock: {os.strerror(ctypes.get_errno())}")
    return result
