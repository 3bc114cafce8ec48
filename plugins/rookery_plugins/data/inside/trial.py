"""The job that tells what a change would do to a database, by making it in copies in memory."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from rookery_plugins.data.inside.changes import carry_out
from rookery_plugins.data.inside.database import memory, reading
from rookery_plugins.data.inside.guard import Guard
from rookery_plugins.data.inside.process import Failed, Source
from rookery_plugins.data.inside.schema import columns_of, count, quoted, tables_of
from rookery_plugins.data.inside.statements import bounded, explained
from rookery_plugins.data.inside.tables import COLUMNS, Value, grid, label

COPIED_BYTES = 100_000_000
"""Up to which a database is copied into memory."""
COMPARED_ROWS = 100_000
SHOWN_ROWS = 5
SHOWN_TABLES = 4
SHOWN_CHARS = 4_000

Row = tuple[Value, ...]


def run(source: Source, sql: str) -> str:
    """What would change: how many rows, in which tables, and the first of them before and after."""
    if source.size > COPIED_BYTES:
        size = f"{source.size / 1e6:.0f} MB"
        return f"{source.name} has {size}, too many to try this on a copy: what it changes is not known"
    return reading(source, Guard(changes=False), sql, lambda connection: _tried(connection, source, sql))


def _tried(before: sqlite3.Connection, source: Source, sql: str) -> str:
    guard = Guard(changes=True)
    with closing(memory()) as after:
        before.backup(after)
        bounded(after, lambda: source.left_s < 0)
        after.execute("PRAGMA foreign_keys=ON")
        guard.on(after)
        try:
            with explained(after, guard, source.name, sql):
                changes = carry_out(after, guard, sql)
                if not changes.text:
                    return "nothing would change"
                told = [_told(before, after, table) for table in changes.tables[:SHOWN_TABLES]]
        except Failed:
            if source.left_s > 0:
                raise
            return "this takes too long to be tried: what it would change is not known"
    more = len(changes.tables) - SHOWN_TABLES
    return "\n\n".join([f"this would be: {changes.text}", *told, *([f"and {more} more tables"] if more > 0 else [])])


def _told(before: sqlite3.Connection, after: sqlite3.Connection, table: str) -> str:
    """How a table would change."""
    was, now = (count(side, table) if table in tables_of(side) else "not there" for side in (before, after))
    head = f"{label(table)}: {was} before, {now} after"
    if "not there" in (was, now) or columns_of(before, table) != columns_of(after, table):
        return head
    old, new = (_rows(side, table) for side in (before, after))
    if old is None or new is None:
        return head
    lines = [("-", *row) for row in _without(old, new)] + [("+", *row) for row in _without(new, old)]
    names = ["", *map(label, columns_of(before, table)[: COLUMNS - 1])]
    return f"{head}\n{grid(names, [line[:COLUMNS] for line in lines], SHOWN_CHARS)}" if lines else head


def _rows(side: sqlite3.Connection, table: str) -> list[Row] | None:
    """All rows; None where they are too many to be compared."""
    rows = side.execute(f"SELECT * FROM {quoted(table)} LIMIT {COMPARED_ROWS + 1}").fetchall()
    return rows if len(rows) <= COMPARED_ROWS else None


def _without(rows: list[Row], others: list[Row]) -> list[Row]:
    """The first rows that are not among the others."""
    known = set(others)
    return [row for row in rows if row not in known][:SHOWN_ROWS]
