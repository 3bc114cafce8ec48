"""Opens a SQLite database: for reading without a trace, or for a change.

SQLite opens a file by its path, so it is looked at afterwards whether that was the file that was checked. The files
beside it (`-wal`, `-journal`, `-shm`) it opens only where they are no links.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from rookery_plugins.data.inside.guard import Guard
from rookery_plugins.data.inside.process import Failed, Source
from rookery_plugins.data.inside.statements import bounded, explained

T = TypeVar("T")

BUSY_S = 3.0
ATTEMPTS = 3
COPY_BYTES = 200_000_000
"""A database that a program was stopped in the middle of writing is put in order, as a copy, up to this size."""
GROWTH_BYTES = 256 << 20
"""By which one change may make a database larger."""

_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100
_READ_VERSION = 19
"""Where the header says how the file is to be read: 2 is with a -wal."""
_CHECKED = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def reading(source: Source, guard: Guard, sql: str, work: Callable[[sqlite3.Connection], T]) -> T:
    """What `work` makes of the database, of which nothing changes, nor beside it.

    Where that means reading without locks and another program writes meanwhile, it is done again.
    """
    for _ in range(ATTEMPTS):
        before = _state(source)
        connection, locks = _for_reading(source)
        with closing(connection):
            try:
                with explained(connection, guard, source.name, sql):
                    bounded(connection, lambda: source.left_s < 0)
                    guard.on(connection)
                    made = work(connection)
            except Exception:
                if locks or _state(source) == before:
                    raise
                continue
        if locks or _state(source) == before:
            return made
    raise Failed(f"{source.name} is being written by another program; try again once it is done")


def writing(source: Source, guard: Guard, sql: str, work: Callable[[sqlite3.Connection], T]) -> T:
    """What `work` makes of the database, as one transaction: all of it is kept, or none."""
    asked_to_end = False

    def end(*_: object) -> None:
        nonlocal asked_to_end
        asked_to_end = True

    signal.signal(signal.SIGTERM, end)  # so that no half transaction is left beside the file
    if source.size:
        _header(source)
    with closing(_connect(source, "mode=rw")) as connection, explained(connection, guard, source.name, sql):
        bounded(connection, lambda: asked_to_end or source.left_s < 0)
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("BEGIN IMMEDIATE")
        (page_size,) = connection.execute("PRAGMA page_size").fetchone()
        (n_pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={n_pages + GROWTH_BYTES // page_size}")
        guard.on(connection)
        made = work(connection)
        connection.set_authorizer(None)
        connection.execute("COMMIT")
        return made


def memory() -> sqlite3.Connection:
    """An empty database in memory."""
    return sqlite3.connect(":memory:", isolation_level=None)


def _for_reading(source: Source) -> tuple[sqlite3.Connection, bool]:
    """A connection, and whether locks keep what it reads as it is."""
    if not source.size:
        return memory(), True
    wal = _header(source)[_READ_VERSION] == 2
    if wal and not _size(f"{source.path}-wal"):  # even a reader would make the files that a -wal needs
        return _connect(source, "mode=ro&immutable=1"), False
    if not wal or os.path.lexists(f"{source.path}-shm"):
        connection = _connect(source, "mode=ro")
        if _is_in_order(connection):
            return connection, True
        connection.close()
    return _copied(source), False


def _header(source: Source) -> bytes:
    with source.open() as file:
        head = file.read(_HEADER_BYTES)
    if not head.startswith(_MAGIC) or len(head) < _HEADER_BYTES:
        text = b"\0" not in head
        raise Failed(
            f"{source.name} is no SQLite database, or it is encrypted"
            + ("; query_table reads tables in CSV and JSON" if text else "")
        )
    return head


def _connect(source: Source, how: str) -> sqlite3.Connection:
    """Open the file, and look whether it is the one that was checked."""
    before = _open_files()
    path = quote(os.fsencode(source.path))
    try:
        connection = sqlite3.connect(f"file:{path}?{how}", uri=True, isolation_level=None, timeout=BUSY_S)
    except sqlite3.OperationalError as exc:
        raise Failed(f"{source.name} cannot be opened: SQLite says: {exc}") from exc
    checked = _identity(os.fstat(0))
    opened = _open_files()
    found = {opened[n] for n in opened.keys() - before.keys()} if opened else {_identity(os.stat(source.path))}
    if found != {checked}:
        connection.close()
        raise Failed(f"{source.name} was replaced while it was opened; try again")
    return connection


def _open_files() -> dict[int, tuple[int, int]]:
    """All that this process has open, where the system tells."""
    found: dict[int, tuple[int, int]] = {}
    try:
        numbers = [int(number) for number in os.listdir("/dev/fd")]
    except (OSError, ValueError):
        return found
    for number in numbers:
        try:
            found[number] = _identity(os.fstat(number))
        except OSError:  # the listing's own
            continue
    return found


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _is_in_order(connection: sqlite3.Connection) -> bool:
    """Whether it can be read as it is, or a program was stopped while it wrote and the file has to be mended first."""
    try:
        connection.execute("PRAGMA schema_version")
    except sqlite3.OperationalError as exc:
        return exc.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
    except sqlite3.Error:
        pass  # is met again, and explained
    return True


def _copied(source: Source) -> sqlite3.Connection:
    """A connection to a copy, which SQLite puts in order."""
    beside = [suffix for suffix in ("-wal", "-journal") if _size(source.path + suffix)]
    size = source.size + sum(_size(source.path + suffix) for suffix in beside)
    if size > COPY_BYTES:
        raise Failed(
            f"a program was stopped while it wrote {source.name}, which is too large to be put in order as a copy; "
            "open it once with that program"
        )
    copy = Path("copy.db")  # in this process's own folder
    with source.open() as file, copy.open("wb") as to:
        shutil.copyfileobj(file, to)
    for suffix in beside:
        try:
            fd = os.open(source.path + suffix, _CHECKED)
        except OSError as exc:
            raise Failed(f"{source.name}{suffix} cannot be read: {exc.strerror}") from exc
        with open(fd, "rb") as file, open(f"copy.db{suffix}", "wb") as to:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise Failed(f"{source.name}{suffix} is not a file")
            shutil.copyfileobj(file, to)
    return sqlite3.connect(copy, isolation_level=None)


def _state(source: Source) -> tuple[int, int, int]:
    """What another program changes when it writes."""
    status = os.fstat(0)
    return status.st_size, status.st_mtime_ns, _size(f"{source.path}-wal")


def _size(path: str) -> int:
    """Bytes; 0 where there is no such file."""
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0
