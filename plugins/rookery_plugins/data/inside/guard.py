"""What a statement may do to a database: SQLite asks before it compiles each part of one.

Whoever wrote the statement is not trusted, and neither is the database, whose views and triggers are statements too.
"""

from __future__ import annotations

import sqlite3

from rookery_plugins.data.inside.process import Retry

_READING = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE})
_CHANGING_ROWS = frozenset({sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE})
_CHANGING = _CHANGING_ROWS | {
    sqlite3.SQLITE_ALTER_TABLE,
    sqlite3.SQLITE_ANALYZE,
    sqlite3.SQLITE_CREATE_INDEX,
    sqlite3.SQLITE_CREATE_TABLE,
    sqlite3.SQLITE_CREATE_TRIGGER,
    sqlite3.SQLITE_CREATE_VIEW,
    sqlite3.SQLITE_CREATE_VTABLE,
    sqlite3.SQLITE_DROP_INDEX,
    sqlite3.SQLITE_DROP_TABLE,
    sqlite3.SQLITE_DROP_TRIGGER,
    sqlite3.SQLITE_DROP_VIEW,
    sqlite3.SQLITE_DROP_VTABLE,
    sqlite3.SQLITE_REINDEX,
}
_TRANSACTION = frozenset({sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_SAVEPOINT})
_OTHER_FILES = frozenset({sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH})

_SCHEMA = "sqlite_master"
"""Seems to be updated when a virtual table is opened; SQLite itself lets no statement do so."""
_TELLING = frozenset(
    {
        "application_id",
        "data_version",
        "encoding",
        "freelist_count",
        "journal_mode",
        "page_count",
        "page_size",
        "user_version",
    }
)
"""Pragmas that tell something, as long as they are given nothing to set."""
_DESCRIBING = frozenset(
    {
        "foreign_key_check",
        "foreign_key_list",
        "index_info",
        "index_list",
        "index_xinfo",
        "integrity_check",
        "quick_check",
        "table_info",
        "table_list",
        "table_xinfo",
    }
)
"""Pragmas that tell something about what they are given."""
_NOT_CALLED = frozenset({"load_extension", "fts3_tokenizer"})
_MODULES = frozenset({"fts3", "fts4", "fts5", "rtree", "geopoly"})
"""What a virtual table may be made with: what keeps its data in the database itself."""


class Guard:
    """Says of each part of a statement whether it may be; remembers what it refused, and which tables are changed."""

    def __init__(self, *, changes: bool, instead: str = "") -> None:
        """`instead` is what to do where `changes` are not possible, as a message goes on."""
        self._changes = changes
        self._instead = instead
        self._refusal = ""
        self.changed: dict[str, None] = {}
        """The tables whose rows are changed, in the order in which that was seen."""

    def on(self, connection: sqlite3.Connection) -> None:
        """Watch over a connection from now on."""
        connection.set_authorizer(self._rule)

    def refused(self) -> Retry | None:
        """What to say where the statement was refused."""
        return Retry(self._refusal) if self._refusal else None

    def _rule(self, action: int, first: str | None, second: str | None, database: str | None, _: str | None) -> int:
        refusal = self._refuses(action, first or "", second, database)
        if not refusal:
            return sqlite3.SQLITE_OK
        self._refusal = self._refusal or refusal
        return sqlite3.SQLITE_DENY

    def _refuses(self, action: int, first: str, second: str | None, database: str | None) -> str:
        """Why not; "" for what may be."""
        if action in _READING or (action == sqlite3.SQLITE_UPDATE and first == _SCHEMA):
            return ""
        if action == sqlite3.SQLITE_FUNCTION:
            return f"the function {second} cannot be used here" if str(second).lower() in _NOT_CALLED else ""
        if action == sqlite3.SQLITE_PRAGMA:
            fine = first.lower() in _DESCRIBING or (first.lower() in _TELLING and second is None)
            known = ", ".join(sorted(_TELLING | _DESCRIBING))
            return "" if fine else f"PRAGMA {first} cannot be used here; these can, without setting anything: {known}"
        if action in _OTHER_FILES:
            return "a statement works on this one file; ATTACH, DETACH and VACUUM cannot be used"
        if action in _TRANSACTION:
            return "leave out BEGIN, COMMIT, ROLLBACK and SAVEPOINT: the call is one transaction by itself"
        if action not in _CHANGING:
            return "temporary tables, views and triggers cannot be used; WITH name AS (SELECT ...) can"
        if not self._changes:
            return f"this statement would change the data, and here it is only read{self._instead}"
        if action == sqlite3.SQLITE_CREATE_VTABLE and str(second).lower() not in _MODULES:
            return f"a virtual table cannot be made with {second} here; it can with {', '.join(sorted(_MODULES))}"
        if action in _CHANGING_ROWS and database == "main" and not first.startswith("sqlite_"):
            self.changed[first] = None
        return ""
