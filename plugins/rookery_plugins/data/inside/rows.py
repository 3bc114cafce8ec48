"""The rows and values of a table that is loaded, as often as they are wanted, and how a cell reads."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rookery_plugins.data.inside.process import Source
from rookery_plugins.data.inside.schema import quoted
from rookery_plugins.data.inside.sheets import TABLE
from rookery_plugins.data.inside.table import too_slow
from rookery_plugins.data.inside.tables import Value

EVERY = 5_000
"""Rows between two looks at the clock."""

Row = Sequence[Value]


@dataclass(frozen=True, slots=True)
class Rows:
    """All rows of the table, in the order of the file. Raises Failed where they are too many for the time."""

    source: Source
    connection: sqlite3.Connection

    def __iter__(self) -> Iterator[Row]:
        return self._asked(f"SELECT * FROM {TABLE}")

    def values(self, column: str) -> Iterator[Value]:
        """The different values of a column."""
        return (value for (value,) in self._asked(f"SELECT DISTINCT {quoted(column)} FROM {TABLE}"))

    def counted(self, column: str, most: int) -> Iterator[tuple[Value, int]]:
        """The first different values of a column, and how often each is there."""
        name = quoted(column)
        filled = f"FROM {TABLE} WHERE {name} IS NOT NULL"
        asked = f"SELECT {name}, count(*) {filled} GROUP BY {name} ORDER BY min(rowid) LIMIT {most}"
        return ((value, n) for value, n in self._asked(asked) if isinstance(n, int))

    def _asked(self, sql: str) -> Iterator[Row]:
        try:
            for n, row in enumerate(self.connection.execute(sql)):
                if n % EVERY == 0 and self.source.left_s < 0:
                    raise too_slow(self.source)
                yield row
        except sqlite3.OperationalError as exc:
            if exc.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            raise too_slow(self.source) from exc


def plain(cell: Value) -> str:
    """A cell without case, and a number as people write it; "" where there is nothing."""
    return "" if cell is None else number(cell) if isinstance(cell, int | float) else str(cell).strip().casefold()


def number(value: int | float) -> str:
    """A number, short and exact."""
    return str(value) if isinstance(value, int) else format(value, ".12g")
