"""What kernels can do and Python has no function for: open beneath a folder, rename without replacing.

Each raises OSError with ENOSYS where this kernel cannot, so that it is asked by calling it.
"""

from __future__ import annotations

import errno
import os
import struct
import sys
from functools import lru_cache
from typing import Any

OPENAT2 = 437
"""Its number on every Linux but those of `_OTHER_NUMBERS`."""
_OTHER_NUMBERS = ("alpha", "ia64", "mips")
RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS, RESOLVE_BENEATH = 0x02, 0x04, 0x08
RENAME_NOREPLACE = 0x1
RENAME_EXCL = 0x4


def open_beneath(root: int, path: str, flags: int) -> int:
    """A descriptor of what lies at `path` below the open folder `root`, by openat2(2) of Linux 5.6.

    A symbolic link anywhere on the way is ELOOP, a way out EXDEV. Raises OSError.
    """
    if sys.platform != "linux" or os.uname().machine.startswith(_OTHER_NUMBERS):
        raise _no_such_call(path)
    library = _library()
    if library is None:
        raise _no_such_call(path)
    from ctypes import c_int, c_long, c_size_t

    how = struct.pack("=QQQ", flags | os.O_CLOEXEC, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)
    return _checked(library.syscall(c_long(OPENAT2), c_int(root), _encoded(path), how, c_size_t(len(how))), path)


def rename_to_new(source: str, source_folder: int, target: str, target_folder: int) -> None:
    """Rename, but never over something: that is FileExistsError. Raises OSError: EINVAL where the disk has no such."""
    name, flag = ("renameatx_np", RENAME_EXCL) if sys.platform == "darwin" else ("renameat2", RENAME_NOREPLACE)
    call = getattr(_library(), name, None)
    if call is None:
        raise _no_such_call(target)
    _checked(call(source_folder, _encoded(source), target_folder, _encoded(target), flag), target)


@lru_cache(maxsize=1)
def _library() -> Any:
    """The C library; None for a Python that was built without ctypes."""
    try:
        import ctypes  # only where a tool opens something
    except ImportError:
        return None
    return ctypes.CDLL(None, use_errno=True)


def _encoded(path: str) -> bytes:
    if "\0" in path:
        raise ValueError("embedded null byte")  # C would take what is before it
    return os.fsencode(path)


def _checked(result: int, path: str) -> int:
    if result < 0:
        import ctypes

        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), path)
    return result


def _no_such_call(path: str) -> OSError:
    return OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), path)
