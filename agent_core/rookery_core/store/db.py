"""The one SQLite file that sessions and memory live in: opened, migrated, and shared by threads behind a lock.

Knows no tables; those are in `migrations`, and what is done with them in `sessions` and `memory`.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from sqlite_utils import Database

from rookery_core.errors import StoreBroken, StoreError, StoreLocked, StoreNewer
from rookery_core.paths import PRIVATE_FILE, private_file, private_folder
from rookery_core.store.migrations import migrations

BUSY_TIMEOUT_S = 5.0


def _as_it_is(text: str) -> str:
    return text


class Store:
    """An open database. Every use goes through `reading` or `writing`, from any thread."""

    def __init__(
        self, path: Path, *, redact: Callable[[str], str] = _as_it_is, busy_timeout_s: float = BUSY_TIMEOUT_S
    ) -> None:
        """Open or create the file at `path`; `redact` takes secrets out of what is to be stored.

        Raises StoreLocked, StoreNewer or StoreBroken; a file that is refused is left as it is.
        """
        self.path = path
        self.redact = redact
        self._lock = threading.RLock()
        try:
            private_folder(path.parent)
        except OSError as exc:
            raise StoreBroken(f"the folder {path.parent} cannot be made: {exc.strerror}") from exc
        with _translated(path):
            private_file(path)
            connection = sqlite3.connect(path, timeout=busy_timeout_s, check_same_thread=False)
            try:
                self._db = _prepare(connection, path)
            except BaseException:
                connection.close()
                raise

    @contextmanager
    def reading(self) -> Iterator[Database]:
        """The database, for looking only."""
        with self._lock, _translated(self.path):
            yield self._db

    @contextmanager
    def writing(self, *, durable: bool = False) -> Iterator[Database]:
        """The database inside one transaction; `durable` survives a power failure, not only a crash."""
        with self._lock, _translated(self.path):
            self._db.conn.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._db.conn.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.conn.commit()
            except BaseException:
                self._db.conn.rollback()
                raise

    def close(self) -> None:
        """Close the file; further use is an error."""
        with self._lock:
            self._db.conn.close()


def _prepare(connection: sqlite3.Connection, path: Path) -> Database:
    try:
        with FileLock(f"{path}.lock", timeout=BUSY_TIMEOUT_S, mode=PRIVATE_FILE):
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA foreign_keys = ON")
            db = Database(connection, execute_plugins=False)
            unknown = {applied.name for applied in migrations.applied(db)} - set(_known())
            if unknown:
                raise StoreNewer(
                    f"{path} was written by a newer Rookery (it has {', '.join(sorted(unknown))}). Upgrade with "
                    "`pip install -U rookery`, or set ROOKERY_HOME to another folder to start afresh."
                )
            waiting = migrations.pending(db)
            if waiting and migrations.applied(db):
                _keep_as_it_is(connection, path, waiting[0].name)
            migrations.apply(db)
    except Timeout as exc:
        raise _locked(path) from exc
    return db


def _keep_as_it_is(connection: sqlite3.Connection, path: Path, step: str) -> None:
    """Copy the database before its tables are changed; copies from before earlier steps go."""
    kept, partial = path.with_name(f"{path.name}.before-{step}"), path.with_name(f"{path.name}.copying")
    try:
        private_file(partial)
        with closing(sqlite3.connect(partial)) as copy:
            connection.backup(copy)
        partial.replace(kept)
    finally:
        partial.unlink(missing_ok=True)
    for earlier in path.parent.glob(f"{path.name}.before-*"):
        if earlier != kept:
            earlier.unlink(missing_ok=True)


def _known() -> list[str]:
    return [migration.name for migration in migrations.pending(Database(memory=True))]


def _locked(path: Path) -> StoreLocked:
    return StoreLocked(
        f"{path} is held by another program for more than {BUSY_TIMEOUT_S:g} seconds. Close the other Rookery or the "
        "tool that has the file open, and try again; what was stored before is safe."
    )


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Say what SQLite's errors mean for the person."""
    try:
        yield
    except StoreError:
        raise
    except sqlite3.OperationalError as exc:
        code = getattr(exc, "sqlite_errorcode", None)
        if code is not None and code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise _locked(path) from exc
        raise StoreBroken(f"{path} cannot be used: {exc}. Check the disk's space and the file's permissions.") from exc
    except sqlite3.DatabaseError as exc:
        if isinstance(exc, sqlite3.IntegrityError | sqlite3.ProgrammingError):
            raise
        raise StoreBroken(
            f"{path} is not a usable database: {exc}. Move it away to start with an empty one; nothing was changed."
        ) from exc
    except OSError as exc:
        raise StoreBroken(f"{path} cannot be used: {exc.strerror}") from exc
