"""Puts a whole new file in a place, so that a crash leaves the old one or the new one and never half of either."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from typing import IO

from rookery_core.plugin import Folder, ToolRetry
from rookery_plugins.files.standing import identity

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL
_KEPT_ATTRIBUTES = ("user.", "system.posix_acl")


def put(
    folder: Folder, name: str, write: Callable[[IO[bytes]], object], over: os.stat_result | None, shown: str
) -> None:
    """Have a new file written beside `name`, then let it take its place; with the rights of the file that was there.

    `over` is what was there when it was looked at, None for nothing. ToolRetry where it is another by now; `shown` is
    what it is called. Raises OSError.
    """
    fresh = f".rookery-{secrets.token_hex(8)}"
    try:
        with open(folder.open(fresh, _CREATE), "wb") as file:
            write(file)
            if over is not None:
                with folder.read(name) as old:
                    keep_rights(file, old)
            file.flush()
            os.fsync(file.fileno())
        _take_place(folder, fresh, name, over, shown)
    except BaseException:
        with suppress(OSError):
            folder.remove(fresh)
        raise


def keep_rights(new: IO[bytes], old: IO[bytes]) -> None:
    """Give a new file the owner, the mode and the access list of an old one, as far as this person may."""
    if not hasattr(os, "fchown"):
        return
    info = os.fstat(old.fileno())
    with suppress(PermissionError):  # someone else's file becomes ours, as with any editor that saves this way
        os.fchown(new.fileno(), info.st_uid, info.st_gid)
    os.fchmod(new.fileno(), stat.S_IMODE(info.st_mode) & ~(stat.S_ISUID | stat.S_ISGID))
    if hasattr(os, "listxattr"):
        with suppress(OSError):  # not every file system has them
            for name in os.listxattr(old.fileno()):
                if name.startswith(_KEPT_ATTRIBUTES):
                    os.setxattr(new.fileno(), name, os.getxattr(old.fileno(), name))


def _take_place(folder: Folder, fresh: str, name: str, over: os.stat_result | None, shown: str) -> None:
    if over is None:
        try:
            folder.rename(fresh, folder, name)
        except FileExistsError:
            raise ToolRetry(f"another program made {shown} just now; read it first") from None
    elif identity(folder.stat(name)) != identity(over):
        raise ToolRetry(f"another program changed {shown} just now; read it again")
    else:
        folder.rename(fresh, folder, name, replace=True)
