"""Moves a file or folder from one open folder to another, and never over anything."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import IO

from rookery_core.plugin import ArgumentsInvalid, Folder, ToolContext, ToolFailed, ToolRetry
from rookery_plugins.files.replacing import keep_rights, put
from rookery_plugins.files.standing import identity

COPIED_BYTES = 1 << 20


def target_of(ctx: ToolContext, source: Path, destination: Path) -> Path:
    """Where it will be: at the destination, or in it where that is a folder; ToolRetry where something is there."""
    folder = _folder_at(ctx, destination)
    target = destination if folder is None else folder / source.name
    there = ctx.workspace.relative(target)
    if source == target:
        raise ToolRetry(f"{there} is where it is already; give another destination")
    if source in target.parents:
        raise ToolRetry(f"{ctx.workspace.relative(source)} cannot be moved into itself; give another destination")
    try:
        with ctx.workspace.folder(target.parent) as below:
            below.stat(target.name)
            if source.parent != target.parent or not _is_one(below, source.name, target.name):
                raise ToolRetry(f"{there} is there already; choose another name")
    except FileNotFoundError:
        return target
    except OSError as exc:
        raise ToolFailed(f"nothing can be moved to {there}: {exc.strerror}") from exc
    return target


def move(ctx: ToolContext, above: Folder, name: str, below: Folder, new: str) -> None:
    """Move it. Raises OSError, FileExistsError where something has that name; ToolFailed for what cannot be copied."""
    try:
        above.rename(name, below, new)
    except FileExistsError:
        if above.path != below.path or not _is_one(above, name, new):
            raise
        above.rename(name, below, new, replace=True)
    except OSError as exc:
        if exc.errno != errno.EXDEV:
            raise
        _carry(ctx, above, name, below, new)


def _folder_at(ctx: ToolContext, path: Path) -> Path | None:
    """The folder that is there, or that a link leads to inside the workspace; None where there is none."""
    try:
        real = ctx.workspace.resolve(path)
        with ctx.workspace.folder(real):
            return real
    except (OSError, ArgumentsInvalid):
        return None


def _is_one(folder: Folder, name: str, other: str) -> bool:
    """Whether two names are one file, on a disk that takes small and capital letters for the same."""
    if name.casefold() != other.casefold():
        return False
    return len({name, other} & {entry.name for entry in folder.scan()}) == 1


def _carry(ctx: ToolContext, above: Folder, name: str, below: Folder, new: str) -> None:
    """Copy a file to another disk, and take it away here once it is there."""
    if not stat.S_ISREG(above.stat(name).st_mode):
        raise ToolFailed(f"{new} would be on another disk, and only files can be moved there; move them one by one")
    with above.read(name) as old:
        before = os.fstat(old.fileno())

        def copy(file: IO[bytes]) -> None:
            while piece := old.read(COPIED_BYTES):
                if ctx.cancelled.is_set():
                    raise ToolFailed(f"{new} was not moved: the call is over")
                file.write(piece)
            keep_rights(file, old)
            if os.utime in os.supports_fd:
                os.utime(file.fileno(), ns=(before.st_atime_ns, before.st_mtime_ns))

        put(below, new, copy, None, new)
        if identity(above.stat(name)) != identity(before):
            raise ToolFailed(f"another program changed {name} just now; it is now both there and at {new}")
    above.remove(name)
