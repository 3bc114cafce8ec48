"""What is read as a table: names, types and rows of columns, wherever they are from, and how they get into SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rookery_plugins.data.inside.process import Failed
from rookery_plugins.data.inside.schema import quoted

TABLE = "data"
COLUMNS = 2_000
"""More than that SQLite cannot have."""
NAME_CHARS = 200


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table that was looked through once."""

    columns: Sequence[str]
    types: Sequence[str]
    """INTEGER, REAL, TEXT, or BOOLEAN for 1 and 0 that were true and false; "" where values are of several kinds."""
    rows: Callable[[], Iterator[Sequence[object]]]
    notes: Sequence[str]
    """What whoever reads a result has to know."""
    decimal: str = "."
    """What stands before decimals in the file's numbers; "" where they do not tell."""


def load(connection: sqlite3.Connection, sheet: Sheet) -> None:
    """Make the table `data` of it."""
    columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in zip(sheet.columns, sheet.types, strict=True))
    marks = ", ".join("?" * len(sheet.columns))
    connection.execute("PRAGMA journal_mode=OFF")
    connection.execute(f"CREATE TABLE {TABLE} ({columns})")
    connection.execute("BEGIN")
    connection.executemany(f"INSERT INTO {TABLE} VALUES ({marks})", sheet.rows())
    connection.execute("COMMIT")


def names(found: Sequence[str], file: str) -> list[str]:
    """Names of columns that SQLite can use: none empty, none twice. Raises Failed where they are too many."""
    if len(found) > COLUMNS:
        raise Failed(f"{file} has more than {COLUMNS} columns, and a table cannot")
    made: dict[str, str] = {}
    for n, name in enumerate(found, 1):
        name = name.replace("\0", "").strip()[:NAME_CHARS] or f"column_{n}"
        unique, again = name, 1
        while unique.casefold() in made:
            again += 1
            unique = f"{name}_{again}"
        made[unique.casefold()] = unique
    return list(made.values())
