"""An open folder: what is done through it is done in that very folder, whatever its path has come to mean by then.

On the way to it no symbolic link is followed. Linux goes there in one call where its kernel has openat2; elsewhere each
step is opened from the one before. Windows has no such steps: there the path is compared with where it really leads.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from rookery_core import syscalls

STEPS = os.open in os.supports_dir_fd
PATH_BYTES = 4_096
"""The longest path. Steps could go further, to where no other program finds it."""
NO_FILE = "it is a pipe or a device, not a file"
A_LINK = "a symbolic link is in its place or on the way to it"

_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
_STEP = _FOLDER | getattr(os, "O_PATH", 0)
_HERE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOCTTY", 0)
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)
_CLOSED = -1
"""No descriptor, so that a folder that is used after its end is an error and not a path."""
_NO_OPENAT2 = frozenset({errno.ENOSYS, errno.EPERM, errno.EINVAL, errno.E2BIG, errno.EAGAIN})
"""An old kernel, or a sandbox that knows nothing of the call; or the kernel says to try again."""
_NO_EXCLUSIVE_RENAME = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP})
_NO_HARD_LINK = frozenset({errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EISDIR})


class Folder:
    """A folder that is open until the `with` ends. Names are of what is directly in it; links are never followed.

    All methods raise OSError, with ELOOP for a symbolic link.
    """

    def __init__(self, path: Path, fd: int | None) -> None:
        """Takes over the descriptor; None where there are no steps."""
        self.path = path
        """How it was reached; only for messages."""
        self._fd = fd

    @classmethod
    def at(cls, path: Path) -> Folder:
        """The folder at a path that nobody else can change."""
        if not STEPS:
            return cls._compared(path)
        return cls(path, os.open(path, _STEP | _HERE))

    @classmethod
    def beneath(cls, root: Path, path: Path, *, make: bool = False) -> Folder:
        """The folder `path`, which is `root` or lies below it; `make` makes those that are missing."""
        inside = os.fspath(path.relative_to(root))
        if len(os.fsencode(path)) >= PATH_BYTES:
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), os.fspath(path))
        if not STEPS:
            if make:
                os.makedirs(path, exist_ok=True)
            return cls._compared(path)
        top = os.open(root, _STEP | _HERE)
        try:
            return cls(path, _reached(top, inside, make))
        finally:
            os.close(top)

    @classmethod
    def _compared(cls, path: Path) -> Folder:
        if os.path.realpath(path) != os.fspath(path):
            raise _link(os.fspath(path))
        if not stat.S_ISDIR(os.stat(path).st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), os.fspath(path))
        return cls(path, None)

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *_: object) -> None:
        if self._fd is not None and self._fd != _CLOSED:
            os.close(self._fd)
            self._fd = _CLOSED

    def folder(self, name: str, *, make: bool = False) -> Folder:
        """The folder `name` in it; `make` makes one that is this person's alone where there is none."""
        if make:
            with suppress(FileExistsError):
                os.mkdir(self._at(name), 0o700, dir_fd=self._fd)
        if self._fd is None:
            return self._compared(self.path / name)
        return Folder(self.path / name, _step(self._fd, self._at(name), make=False))

    def stat(self, name: str) -> os.stat_result:
        """What `name` is; of a symbolic link, the link itself."""
        return os.stat(self._at(name), dir_fd=self._fd, follow_symlinks=False)

    def scan(self) -> Iterator[os.DirEntry[str]]:
        """What is in it. An entry answers only until the next one is asked for."""
        if self._fd is None:
            with os.scandir(self.path) as entries:
                yield from entries
            return
        fd = os.open(".", _FOLDER, dir_fd=self._fd)
        try:
            with os.scandir(fd) as entries:
                yield from entries
        finally:
            os.close(fd)

    def open(self, name: str, flags: int, mode: int = 0o666) -> int:
        """A descriptor of the file `name`, as of os.open."""
        if self._fd is None and os.path.islink(self._at(name)):
            raise _link(name)
        try:
            return os.open(self._at(name), flags | _HERE, mode, dir_fd=self._fd)
        except OSError as exc:
            if exc.errno == errno.ELOOP:
                raise _link(name) from None
            raise

    def read(self, name: str) -> IO[bytes]:
        """The file `name`, open for reading. Never waits: a pipe or a device is an error, and is not even opened."""
        _check(self.stat(name), name)
        fd = self.open(name, _READ)
        try:
            _check(os.fstat(fd), name)
            return open(fd, "rb")
        except BaseException:
            os.close(fd)
            raise

    def rename(self, name: str, to: Folder, new: str, *, replace: bool = False) -> None:
        """Move `name` to the folder `to` as `new`; FileExistsError where that is there, unless it is to be replaced."""
        source, target = self._at(name), to._at(new)
        if replace:
            os.replace(source, target, src_dir_fd=self._fd, dst_dir_fd=to._fd)
        elif self._fd is None or to._fd is None:
            os.rename(source, target)  # Windows never replaces
        else:
            try:
                syscalls.rename_to_new(source, self._fd, target, to._fd)
            except OSError as exc:
                if exc.errno not in _NO_EXCLUSIVE_RENAME:
                    raise
                self._rename_by_linking(name, to, new)

    def _rename_by_linking(self, name: str, to: Folder, new: str) -> None:
        """For file systems without such a rename: a second name is never put over something; folders have no second."""
        try:
            os.link(name, new, src_dir_fd=self._fd, dst_dir_fd=to._fd, follow_symlinks=False)
        except (OSError, NotImplementedError) as exc:
            if isinstance(exc, OSError) and exc.errno not in _NO_HARD_LINK:
                raise
            with suppress(FileNotFoundError):
                to.stat(new)
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), new) from None
            os.rename(name, new, src_dir_fd=self._fd, dst_dir_fd=to._fd)
        else:
            self.remove(name)

    def remove(self, name: str) -> None:
        """Take away the name of a file, for good."""
        os.unlink(self._at(name), dir_fd=self._fd)

    def _at(self, name: str) -> str:
        """The name as the calls of `os` take it: next to the descriptor, or whole where there is none."""
        if name in ("", os.curdir, os.pardir) or "/" in name or os.sep in name:
            raise ValueError(f"{name!r} is not the name of something in a folder")
        return name if self._fd is not None else os.path.join(self.path, name)


def step_by_step(root: int, path: str, *, make: bool = False) -> int:
    """A descriptor of the folder `path` below the open folder `root`, each step opened from the one before."""
    fd = os.open(os.curdir, _STEP, dir_fd=root)
    try:
        for part in path.split("/"):
            if part == os.pardir:
                raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), path)
            below = _step(fd, part, make)
            os.close(fd)
            fd = below
    except BaseException:
        os.close(fd)
        raise
    return fd


def _reached(root: int, path: str, make: bool) -> int:
    try:
        return syscalls.open_beneath(root, path, _STEP)
    except FileNotFoundError:
        if not make:
            raise
    except OSError as exc:
        if exc.errno == errno.ELOOP:
            raise _link(path) from None
        if exc.errno not in _NO_OPENAT2:
            raise
    return step_by_step(root, path, make=make)


def _step(fd: int, part: str, make: bool) -> int:
    if make and part:
        with suppress(FileExistsError):
            os.mkdir(part, dir_fd=fd)
    try:
        return os.open(part, _STEP | _HERE, dir_fd=fd)
    except OSError as exc:
        if exc.errno == errno.ELOOP or (
            exc.errno == errno.ENOTDIR and stat.S_ISLNK(os.stat(part, dir_fd=fd, follow_symlinks=False).st_mode)
        ):
            raise _link(part) from None
        raise


def _check(info: os.stat_result, name: str) -> None:
    if stat.S_ISLNK(info.st_mode):
        raise _link(name)
    if stat.S_ISDIR(info.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
    if not stat.S_ISREG(info.st_mode):
        raise OSError(errno.ENODEV, NO_FILE, name)


def _link(path: str) -> OSError:
    return OSError(errno.ELOOP, A_LINK, path)
