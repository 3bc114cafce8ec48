"""Runs SQL that a model wrote, within limits, and explains what is wrong with it."""

from __future__ import annotations

import difflib
import re
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from rookery_plugins.data.inside.guard import Guard
from rookery_plugins.data.inside.process import Failed, Retry
from rookery_plugins.data.inside.schema import as_written, columns_of, tables_of
from rookery_plugins.data.inside.tables import Table, collect, label

VALUE_BYTES = 64 << 20
HEAP_BYTES = 512 << 20
COUNTED = 1_000_000
"""Rows up to which a result is counted."""
COUNTING_S = 5.0
LOOKS_EVERY = 20_000
"""Of SQLite's instructions; some milliseconds."""
NAMES, TABLES = 30, 5
"""Of those that there are, as many are told where one is wrong."""
NEAR = 2
"""Names that are told as near."""
ALIKE = 0.75
"""How much alike two names are that one can be a slip for the other: prise and price, not rating and listing."""
SAID_CHARS = 300

_NOTHING = re.compile(r"(?:\s|;|--[^\n]*(?:\n|$)|/\*.*?\*/)*", re.DOTALL)
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: VALUE_BYTES,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1_000,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 100,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
_MISSING = re.compile(r"no such (table|column): (.+)")


def bounded(connection: sqlite3.Connection, stop: Callable[[], bool]) -> None:
    """Limit what statements of a connection may use, and interrupt them once `stop` is true."""
    for limit, value in _LIMITS.items():
        connection.setlimit(limit, value)
    if sys.version_info >= (3, 12):
        connection.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    connection.set_progress_handler(stop, LOOKS_EVERY)
    for pragma in ("trusted_schema=OFF", "cell_size_check=ON", "temp_store=MEMORY", f"hard_heap_limit={HEAP_BYTES}"):
        connection.execute(f"PRAGMA {pragma}")


def parts(sql: str) -> list[str]:
    """The statements of a text; comments alone are none."""
    if "\0" in sql:
        raise Retry("sql holds a NUL character; leave it out")
    made: list[str] = []
    text = ""
    for piece in re.split(r"(?<=;)", sql):
        text += piece
        if sqlite3.complete_statement(text):
            made.append(text)
            text = ""
    return [part for part in (*made, text) if not _NOTHING.fullmatch(part)]


def one(sql: str) -> str:
    """The statement of a text. Raises Retry where it is not exactly one."""
    found = parts(sql)
    if len(found) != 1:
        raise Retry("there is no statement in sql" if not found else "give one statement at a time")
    return found[0]


def run(connection: sqlite3.Connection, statement: str) -> Table | None:
    """Carry out a statement; the rows that it gives, where it is one that gives rows."""
    cursor = connection.execute(statement)
    if cursor.description is None:
        return None
    until = time.monotonic() + COUNTING_S
    return collect([column[0] for column in cursor.description], cursor, COUNTED, lambda: time.monotonic() > until)


@contextmanager
def explained(connection: sqlite3.Connection, guard: Guard, name: str, sql: str) -> Iterator[None]:
    """Turn what SQLite says is wrong into what can be done about it."""
    try:
        yield
    except (sqlite3.Error, sqlite3.Warning) as exc:
        if refused := guard.refused():
            raise refused from exc
        raise _explained(connection, exc, name, sql) from exc


def _explained(connection: sqlite3.Connection, error: Exception, name: str, sql: str) -> Exception:
    said = str(error)[:SAID_CHARS]
    match getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF:
        case sqlite3.SQLITE_INTERRUPT:
            return Failed(f"{name}: the statement took too long and was stopped; {NARROWER}")
        case sqlite3.SQLITE_TOOBIG:
            return Failed(f"{name}: a value is larger than {VALUE_BYTES >> 20} MB; take part of it with substr")
        case sqlite3.SQLITE_FULL:
            return Failed(f"{name} would grow by too much, or the disk is full; nothing was changed")
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return Failed(f"{name} is being written by another program; try again once it is done")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_IOERR:
            return Failed(f"{name} cannot be used for that: SQLite says: {said}")
        case sqlite3.SQLITE_NOTADB:
            return Failed(f"{name} is no SQLite database, or it is encrypted")
        case sqlite3.SQLITE_CORRUPT:
            return Failed(f"{name} is damaged: SQLite says: {said}")
    missing = _MISSING.fullmatch(said)
    return Retry(f"SQLite says: {said}{instead(connection, missing[1], missing[2], sql) if missing else ''}")


NARROWER = "make it do less, with WHERE or LIMIT"


def instead(connection: sqlite3.Connection, what: str, name: str, sql: str) -> str:
    """How a message goes on that says that there is no such table or column: with what there is."""
    try:
        if what == "table":
            return _choice("tables", name, tables_of(connection))
        of_tables = _columns(connection, sql)
    except sqlite3.Error:
        return ""
    if len(of_tables) == 1:
        return _choice("columns", name, *of_tables.values())
    return _all(of_tables)


def columns(connection: sqlite3.Connection, sql: str) -> str:
    """How a message goes on that tells of the columns of the tables that a statement names."""
    try:
        of_tables = _columns(connection, sql)
    except sqlite3.Error:
        return ""
    return _choice("columns", "", *of_tables.values()) if len(of_tables) == 1 else _all(of_tables)


def _columns(connection: sqlite3.Connection, sql: str) -> dict[str, list[str]]:
    tables = tables_of(connection)
    named = [table for table in tables if re.search(rf"(?<!\w){re.escape(table)}(?!\w)", sql, re.IGNORECASE)]
    made = {}
    for table in (named or tables)[:TABLES]:
        with suppress(sqlite3.Error):  # a view of what is no longer there
            made[table] = columns_of(connection, table)
    return made


def _all(of_tables: dict[str, list[str]]) -> str:
    return "".join(f"; the columns of {_list([table])} are {_list(names)}" for table, names in of_tables.items())


def _choice(what: str, wanted: str, names: list[str]) -> str:
    if not names:
        return "; there are none"
    near = _near(wanted.rpartition(".")[2], names)
    if near:
        return f"; did you mean {' or '.join(_list([name]) for name in near)}? The {what} are {_list(names)}"
    return f"; the {what} are {_list(names)}"


def _near(wanted: str, names: list[str]) -> list[str]:
    """Names that may have been meant: those with one of its words, else those that are spelt almost like it."""
    words = _words(wanted)
    if sharing := [name for name in names if words & _words(name)]:
        return sharing[:NEAR]
    alike = {name.casefold(): name for name in names}
    return [alike[name] for name in difflib.get_close_matches(wanted.casefold(), alike, n=NEAR, cutoff=ALIKE)]


def _words(name: str) -> set[str]:
    return {*re.findall(r"[^\W_]{3,}", name.casefold())}


def _list(names: list[str]) -> str:
    return ", ".join(label(as_written(name)) for name in names[:NAMES])
