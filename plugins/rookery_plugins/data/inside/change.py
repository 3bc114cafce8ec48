"""The job that changes a database."""

from __future__ import annotations

import sqlite3

from rookery_plugins.data.inside.changes import carry_out
from rookery_plugins.data.inside.database import writing
from rookery_plugins.data.inside.guard import Guard
from rookery_plugins.data.inside.process import Retry, Source
from rookery_plugins.data.inside.schema import count, tables_of
from rookery_plugins.data.inside.tables import label


def run(source: Source, sql: str) -> str:
    """Make the change, and say what it was."""
    guard = Guard(changes=True)

    def work(connection: sqlite3.Connection) -> str:
        done = carry_out(connection, guard, sql)
        if not done.text:
            raise Retry(
                "nothing would change: no row fits. query_database shows what there is"
                if guard.changed
                else "this changes nothing; query_database reads, a change begins with INSERT, UPDATE, DELETE or CREATE"
            )
        left = [table for table in tables_of(connection) if table in done.tables]
        now = [f"{label(table)} has {count(connection, table)} now" for table in left]
        return "\n".join([*done.results, f"{done.text} in {source.name}", *now])

    return writing(source, guard, sql, work)
