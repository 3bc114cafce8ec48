"""The job that answers a statement from a file with a table in it."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from rookery_plugins.data.inside.database import memory
from rookery_plugins.data.inside.delimited import delimited
from rookery_plugins.data.inside.guard import Guard
from rookery_plugins.data.inside.process import Failed, Source
from rookery_plugins.data.inside.query import answer
from rookery_plugins.data.inside.records import records
from rookery_plugins.data.inside.schema import described
from rookery_plugins.data.inside.sheets import Sheet, load
from rookery_plugins.data.inside.statements import bounded, explained, one
from rookery_plugins.data.inside.text import encoding_of, open_text

BYTES = 50_000_000
OTHERWISE = "split it, or put it into a SQLite database"


def run(source: Source, sql: str) -> str:
    """The rows of a statement, or without one the columns and the first rows."""
    statement = one(sql) if sql.strip() else ""
    sheet = sheet_of(source)
    guard = Guard(changes=False, instead="; the file itself is not changed by SQL")
    with closing(memory()) as connection, explained(connection, guard, source.name, sql):
        fill(connection, source, sheet)
        guard.on(connection)
        said = answer(connection, statement) if statement else described(connection, source.name)
    return "\n".join([said, *sheet.notes])


def sheet_of(source: Source) -> Sheet:
    """The file's table, looked through once. Raises Failed."""
    if source.size > BYTES:
        size, most = (f"{n / 1e6:.0f} MB" for n in (source.size, BYTES))
        raise Failed(f"{source.name} has {size}, and a table up to {most} can be read; {OTHERWISE}")
    return records(source) if _is_json(source) else delimited(source)


def fill(connection: sqlite3.Connection, source: Source, sheet: Sheet) -> None:
    """Put the table into the connection, which is held to the limits from then on. Raises Failed."""
    bounded(connection, lambda: source.left_s < 0)
    try:
        load(connection, sheet)
    except sqlite3.OperationalError as exc:
        if exc.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        raise too_slow(source) from exc


def too_slow(source: Source) -> Failed:
    """What is said where there was not enough time for all rows."""
    return Failed(f"{source.name} has {source.size / 1e6:.0f} MB, too many to be read in time; {OTHERWISE}")


def _is_json(source: Source) -> bool:
    with open_text(source, encoding_of(source)) as text:
        return text.read(1_000).lstrip()[:1] in ("[", "{")
