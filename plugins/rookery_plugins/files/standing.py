"""What stands at a path before something is done to it."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path

from rookery_core.plugin import Folder, ToolContext, ToolFailed, ToolRetry
from rookery_plugins.files.walking import Patience, TooMuch, walk

WHOLE_BYTES = 10_000_000
"""Files up to this size are compared by what is in them, and can be edited; others by size and time."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A file, folder or link, or nothing."""

    info: os.stat_result | None = None
    data: bytes = b""
    """Of a file: what is in it, as far as WHOLE_BYTES."""

    @property
    def whole(self) -> bool:
        """Whether `data` is all that is in it."""
        return len(self.data) <= WHOLE_BYTES

    @property
    def state(self) -> object:
        """Equal for two looks between which nothing changed."""
        if self.info is None:
            return None
        if stat.S_ISREG(self.info.st_mode) and self.whole:
            return hashlib.sha256(self.data).hexdigest()
        return identity(self.info)


def look(folder: Folder, name: str) -> Standing:
    """What stands there; of a file, with what is in it. Raises OSError."""
    try:
        info = folder.stat(name)
        if not stat.S_ISREG(info.st_mode):
            return Standing(info)
        with folder.read(name) as file:
            return Standing(os.fstat(file.fileno()), file.read(WHOLE_BYTES + 1))
    except FileNotFoundError:
        return Standing()


def identity(info: os.stat_result) -> tuple[int, ...]:
    """What is different once a file was changed or became another."""
    return info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns


def file_at(folder: Folder, name: str, shown: str) -> Standing:
    """A file, or nothing; ToolRetry or ToolFailed for anything else. `shown` is what it is called."""
    found = look(folder, name)
    if found.info is None or stat.S_ISREG(found.info.st_mode):
        return found
    if stat.S_ISDIR(found.info.st_mode):
        raise ToolRetry(f"{shown} is a folder; give the path of a file in it")
    if stat.S_ISLNK(found.info.st_mode):
        raise ToolFailed(f"{shown} became a symbolic link just now; nothing was done")
    raise ToolFailed(f"{shown} is a pipe or a device, not a file; choose another path")


def in_words(ctx: ToolContext, path: Path, info: os.stat_result) -> str:
    """What it is, for the person who decides about it."""
    if stat.S_ISLNK(info.st_mode):
        return "a symbolic link; what it leads to stays"
    if not stat.S_ISDIR(info.st_mode):
        changed = time.strftime("%Y-%m-%d %H:%M", time.localtime(info.st_mtime))
        return f"{info.st_size:,} bytes, last changed {changed}"
    n_files = n_folders = 0
    try:
        for met in walk(ctx, path, Patience(ctx, seconds=2.0), ignored_too=True):
            n_folders += met.is_folder
            n_files += not met.is_folder
    except (OSError, TooMuch):
        return f"a folder with more than {_counted(n_files, 'file')}"
    return f"a folder with {_counted(n_files, 'file')} and {_counted(n_folders, 'folder')}"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
