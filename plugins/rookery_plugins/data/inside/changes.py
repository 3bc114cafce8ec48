"""What statements do to a database: carried out, and told in words."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from rookery_plugins.data.inside.guard import Guard
from rookery_plugins.data.inside.process import Retry
from rookery_plugins.data.inside.schema import tables_of
from rookery_plugins.data.inside.statements import parts, run
from rookery_plugins.data.inside.tables import escaped, markdown, rows_text

_Objects = dict[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class Changes:
    """What was done."""

    n_rows: int
    """Inserted, updated or deleted, by the statements or by what they set off."""
    tables: Sequence[str]
    """Those whose rows are changed."""
    objects: Sequence[str]
    """What became of tables, views, indexes and triggers, in words."""
    results: Sequence[str]
    """The rows that statements gave, as tables."""

    @property
    def text(self) -> str:
        """All of it, on one line; "" where nothing is other than before."""
        rows = [f"{rows_text(self.n_rows)} changed"] if self.n_rows else []
        return ", ".join([*rows, *self.objects])


def carry_out(connection: sqlite3.Connection, guard: Guard, sql: str) -> Changes:
    """Do what the statements say. Raises Retry where there is none, and sqlite3.Error."""
    statements = parts(sql)
    if not statements:
        raise Retry("there is no statement in sql")
    before, named = _objects(connection), tables_of(connection)
    results = []
    n_direct, n_before = 0, connection.total_changes
    for statement in statements:
        n_until = connection.total_changes
        if (table := run(connection, statement)) is not None:
            results.append(markdown(table))
        if connection.total_changes > n_until:
            n_direct += connection.execute("SELECT changes()").fetchone()[0]
    named += tables_of(connection)
    inner = [table for table in guard.changed if table not in named]  # where an index of words keeps its data
    return Changes(
        n_rows=n_direct if inner else connection.total_changes - n_before,
        tables=[table for table in guard.changed if table in named],
        objects=_differences(before, _objects(connection)),
        results=results,
    )


def _objects(connection: sqlite3.Connection) -> _Objects:
    found = connection.execute("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")
    return {(kind, name): str(sql) for kind, name, sql in found}


def _differences(before: _Objects, after: _Objects) -> list[str]:
    def said(found: set[tuple[str, str]], what: str) -> list[str]:
        return [f"{kind} {escaped(name)} {what}" for kind, name in sorted(found)]

    kept = before.keys() & after.keys()
    return [
        *said(before.keys() - after.keys(), "dropped"),
        *said(after.keys() - before.keys(), "created"),
        *said({key for key in kept if before[key] != after[key]}, "altered"),
    ]
