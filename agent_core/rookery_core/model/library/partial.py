"""A file on its way into the models folder: beside its final name until it is whole, and kept when it is not."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from rookery_core.errors import ModelError
from rookery_core.text import size_text

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
SPARE = 64 << 20
"""Bytes that stay free on the disk."""

ENDINGS = (".part", ".part.json", ".wheels")
"""What a file that is not whole has beside it: what came, what it is, and what it is taken out of."""

Free = Callable[[Path], int]
"""Bytes that are free where a folder is."""


def free_bytes(folder: Path) -> int:
    """What the file system says is free for this person."""
    return shutil.disk_usage(folder).free


def partial_names(folder: Path) -> set[str]:
    """The final names of what is in a folder in part, or was left there by a program that was killed."""
    left = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    return {name.removesuffix(ending) for ending in ENDINGS for name in left if name.endswith(ending)}


class Partial:
    """NAME.gguf.part and what is noted about it; one program at a time has it."""

    def __init__(self, final: Path) -> None:
        self.final = final
        self.file, self._notes, self.scratch = (final.with_name(f"{final.name}{ending}") for ending in ENDINGS)

    @contextlib.contextmanager
    def held(self, identity: str) -> Iterator[None]:
        """Have the file, as far as it came of what is named `identity`. Raises ModelError for trouble with the disk.

        What came of anything else is thrown away. On the way out what came is kept, unless it was installed.
        """
        with self.alone():
            self._begin(identity)
            try:
                yield
            finally:
                shutil.rmtree(self.scratch, ignore_errors=True)
                if not self.n_bytes:
                    self.discard()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Inside, no other Rookery changes it. Raises ModelError where one does, and for trouble with the disk."""
        lock = FileLock(self.final.with_name(f"{self.final.name}.lock"))
        with self.disk(), contextlib.ExitStack() as stack:
            try:
                stack.enter_context(lock.acquire(timeout=0))
            except Timeout as exc:
                raise ModelError(f"another Rookery is fetching {self.final.name} at this moment") from exc
            stack.callback(Path(lock.lock_file).unlink, missing_ok=True)
            yield

    @contextlib.contextmanager
    def disk(self) -> Iterator[None]:
        """Say what is wrong with the disk or the folder as a ModelError."""
        try:
            yield
        except OSError as exc:
            if exc.errno in FULL:
                kept = f"{size_text(self.n_bytes)} of {self.final.name} are kept" if self.n_bytes else "Nothing is kept"
                goes_on = "goes on there" if self.n_bytes else "tries again"
                raise ModelError(
                    f"the disk is full: {self.final.parent} can take no more. "
                    f"{kept}; make room, and the same command {goes_on}."
                ) from exc
            raise ModelError(f"{exc.filename or self.final.parent} cannot be written: {exc.strerror or exc}") from exc

    @property
    def n_bytes(self) -> int:
        """How much of it is there."""
        try:
            return self.file.stat().st_size
        except OSError:
            return 0

    def open(self, arrived: Callable[[int], None] = lambda n_bytes: None) -> Arriving:
        """Go on writing at its end; `arrived` is told how much of it is there."""
        return Arriving(self.file, arrived)

    def cut(self, n_bytes: int) -> None:
        """Drop what is there beyond so many bytes. Raises OSError."""
        if self.n_bytes > n_bytes:
            os.truncate(self.file, n_bytes)

    def require(self, n_bytes: int, free: Free) -> None:
        """Raise ModelError where the disk has no room for so many bytes more."""
        if n_bytes + SPARE > (has := free(self.final.parent)):
            raise ModelError(
                f"there is no room for {self.final.name}: {size_text(n_bytes + SPARE)} are needed in "
                f"{self.final.parent}, and {size_text(has)} are free"
            )

    def install(self) -> None:
        """Give the file its final name, now that it is whole and on disk. Raises OSError."""
        with contextlib.suppress(PermissionError), self.file.open("rb+") as stream:  # a second name of a file that may
            os.fsync(stream.fileno())  # not be written has nothing to be written out
        os.replace(self.file, self.final)
        with contextlib.suppress(OSError, AttributeError):  # where a folder can be written out, it is
            folder = os.open(self.final.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        self.discard()

    def discard(self) -> bool:
        """Delete what is there; returns whether there was anything."""
        there = any(path.exists() for path in (self.file, self._notes, self.scratch))
        for path in (self.file, self._notes):
            path.unlink(missing_ok=True)
        shutil.rmtree(self.scratch, ignore_errors=True)
        return there

    def _begin(self, identity: str) -> None:
        try:
            same = json.loads(self._notes.read_text(encoding="utf-8")) == {"identity": identity}
        except (OSError, ValueError):
            same = False
        if not same:
            self.discard()
        self._notes.write_text(json.dumps({"identity": identity}), encoding="utf-8")


class Arriving(io.FileIO):
    """A file that is written at its end and tells how long it is."""

    def __init__(self, path: Path, arrived: Callable[[int], None]) -> None:
        super().__init__(path, "r+" if path.exists() else "x+")
        self.seek(0, os.SEEK_END)
        self._arrived = arrived

    def write(self, data: Any) -> int:
        """Write all of it, also where the system takes it piece by piece."""
        rest = memoryview(data)
        n_bytes = len(rest)
        while rest:
            rest = rest[super().write(rest) :]
        self._arrived(self.tell())
        return n_bytes
