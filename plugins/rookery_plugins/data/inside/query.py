"""The job that answers a statement from a database."""

from __future__ import annotations

import sqlite3

from rookery_plugins.data.inside.database import reading
from rookery_plugins.data.inside.guard import Guard
from rookery_plugins.data.inside.literals import elsewhere, no_name
from rookery_plugins.data.inside.process import Retry, Source
from rookery_plugins.data.inside.schema import described
from rookery_plugins.data.inside.statements import columns, instead, one
from rookery_plugins.data.inside.statements import run as carry_out
from rookery_plugins.data.inside.tables import markdown


def run(source: Source, sql: str) -> str:
    """The rows of a statement, or without one what there is."""
    guard = Guard(changes=False, instead="; change_database changes it")
    if not sql.strip():
        return reading(source, guard, sql, lambda connection: described(connection, source.name))
    statement = one(sql)
    return reading(source, guard, sql, lambda connection: answer(connection, statement))


def answer(connection: sqlite3.Connection, statement: str) -> str:
    """The rows of a statement, as a table."""
    if name := no_name(connection, statement):
        there = instead(connection, "column", name, statement)
        raise Retry(f"there is no column {name}{there}; a text is written in single quotes")
    table = carry_out(connection, statement)
    if table is None:
        raise Retry("this statement gives no rows; begin one with SELECT")
    if not table.n_rows and _asks(statement):
        return f"no rows{columns(connection, statement)}{elsewhere(connection, statement)}"
    return markdown(table)


def _asks(statement: str) -> bool:
    return statement.lstrip().upper().startswith(("SELECT", "WITH"))
