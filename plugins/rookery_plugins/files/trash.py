"""The trash: things are moved there, never deleted, and where they went is said.

On Linux and its like this is the trash of the freedesktop.org specification, so that file managers and `trash-restore`
know it; things are moved by open folders, which the packages for it do not do. Elsewhere Send2Trash asks the system.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path, PurePath

from rookery_core.plugin import Folder, ToolFailed

HAS_SPECIFICATION = sys.platform not in ("win32", "darwin")
NAME_BYTES = 240
"""The longest name in the trash: the name of its record has ten more."""
TRIES = 10_000
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL


@dataclass(frozen=True, slots=True)
class Place:
    """A folder for things that were deleted, with `files` and `info` in it."""

    parent: Path
    name: str
    top: Path | None
    """From where the paths of what is in it begin; None for the root of all."""


class Trash:
    """Where things go that are deleted."""

    def __init__(self, home: Path | None = None) -> None:
        """`home` is the person's trash, where it is not the usual one."""
        self._home = home

    def put(self, folder: Folder, name: str, path: Path, root: Path) -> Path | None:
        """Move something there and say where it is now; None where only the system knows.

        `path` is where it was, `root` the workspace. ToolFailed where there is no trash for it.
        """
        if not HAS_SPECIFICATION:
            _by_the_system(path)
            return None
        why = ""
        for place in self._places(path, root):
            try:
                return _moved(folder, name, path, place)
            except OSError as exc:
                why = str(exc.strerror)
        raise ToolFailed(f"{path} cannot be moved to a trash, and nothing is deleted for good: {why}")

    def _places(self, path: Path, root: Path) -> Iterator[Place]:
        """The person's own trash, then that of the disk, then one in the workspace."""
        user = os.geteuid()
        home = self._home or _home()
        if home is not None:
            with suppress(OSError):
                home.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            yield Place(home.parent, home.name, None)
        top = _top(path)
        if _is_shared(top / ".Trash"):
            yield Place(top / ".Trash", str(user), top)
        yield Place(top, f".Trash-{user}", top)
        yield Place(root, f".Trash-{user}", root)


def _moved(folder: Folder, name: str, path: Path, place: Place) -> Path:
    """Move it to one place, with a record of where it was and when."""
    from urllib.parse import quote

    with ExitStack() as stack:
        parent = stack.enter_context(Folder.at(place.parent))
        trash = stack.enter_context(parent.folder(place.name, make=True))
        if parent.stat(place.name).st_uid != os.geteuid():
            raise PermissionError(errno.EACCES, "the trash belongs to someone else")
        files = stack.enter_context(trash.folder("files", make=True))
        info = stack.enter_context(trash.folder("info", make=True))
        was = path if place.top is None else path.relative_to(place.top)
        record = f"[Trash Info]\nPath={quote(os.fsencode(was))}\nDeletionDate={time.strftime('%Y-%m-%dT%H:%M:%S')}\n"
        for called in _names(name):
            recorded = f"{called}.trashinfo"
            try:
                with open(info.open(recorded, _CREATE, 0o600), "wb") as file:
                    file.write(record.encode())
            except FileExistsError:
                continue
            try:
                folder.rename(name, files, called)
            except BaseException as exc:
                info.remove(recorded)
                if isinstance(exc, FileExistsError):
                    continue
                raise
            return place.parent / place.name / "files" / called
    raise OSError(errno.EEXIST, f"the trash has {TRIES} things of that name")


def _names(name: str) -> Iterator[str]:
    """The name, and then with numbers; each short enough."""
    pure = PurePath(name)
    for n in range(1, TRIES + 1):
        number = "" if n == 1 else f" {n}"
        room = NAME_BYTES - len(os.fsencode(pure.suffix[:50])) - len(number)
        stem = os.fsdecode(os.fsencode(pure.stem)[: max(room, 1)])
        yield f"{stem}{number}{pure.suffix[:50]}"


def _home() -> Path | None:
    """The usual trash of this person; None where there is no home of theirs to have it in."""
    try:
        data = Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser()
        if not data.is_absolute():
            return None
        nearest = next(folder for folder in (data, *data.parents) if folder.exists())
        if nearest.stat().st_uid != os.geteuid():  # a program run as root with the home of someone else
            return None
        return Path(os.path.realpath(data / "Trash"))
    except (OSError, RuntimeError):
        return None


def _is_shared(trash: Path) -> bool:
    """Whether it is what the specification asks of a trash that everyone has a part of."""
    try:
        info = os.lstat(trash)
    except OSError:
        return False
    return stat.S_ISDIR(info.st_mode) and bool(info.st_mode & stat.S_ISVTX)


def _top(path: Path) -> Path:
    """The folder at which the disk of a path begins."""
    device = os.lstat(path.parent).st_dev
    top = path.parent
    while top != top.parent and os.lstat(top.parent).st_dev == device:
        top = top.parent
    return top


def _by_the_system(path: Path) -> None:
    from send2trash import send2trash

    try:
        send2trash(os.fspath(path))
    except OSError as exc:
        raise ToolFailed(f"{path} cannot be moved to the trash: {exc}") from exc
