"""The job that adds up, averages, counts or compares the rows of a table, chosen by words that they have.

Made for models that write no SQL: words are matched as people mean them, and the column is found where only one can be.
What somebody who sees the table would notice is said in a line of its own: rows that were left out, and other rows that
have the words within a longer text. A row of totals is left out unless the words ask for it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field

from rookery_plugins.data.inside.columns import column as meant
from rookery_plugins.data.inside.columns import numbers
from rookery_plugins.data.inside.database import memory
from rookery_plugins.data.inside.matching import Choice, Table, choose, is_total
from rookery_plugins.data.inside.nearest import nothing
from rookery_plugins.data.inside.process import Source
from rookery_plugins.data.inside.rows import Row, Rows, number
from rookery_plugins.data.inside.table import fill, sheet_of
from rookery_plugins.data.inside.tables import escaped, grid, label, rows_text

SHOWN = 3
"""Rows that are shown of those with the largest or smallest number, and texts of those that were not taken."""
TEXT_CHARS = 60
"""Of such a text."""


@dataclass(slots=True)
class _Found:
    """What was found while the rows went by."""

    n_all: int = 0
    n: int = 0
    """Rows that are meant."""
    values: list[int | float] = field(default_factory=list)
    best: list[tuple[int | float, Row]] = field(default_factory=list)
    """The first rows with the best number so far."""
    totals: list[str] = field(default_factory=list)
    """What the rows are called that were left out as totals."""
    n_longer: int = 0
    """Other rows that have the words within longer texts."""
    longer: dict[str, None] = field(default_factory=dict)
    """The first of these texts."""


def run(source: Source, what: str, rows: str, column: str) -> str:
    """The figure, with the number of rows that it is of."""
    sheet = sheet_of(source)
    with closing(memory()) as connection:
        fill(connection, source, sheet)
        every = Rows(source, connection)
        found = numbers(sheet, every)
        at = None if what == "count" and not column.strip() else meant(sheet, found, column)
        table = Table(sheet, every, found, at)
        return "\n".join([*_said(table, what, rows), *sheet.notes])


def _said(table: Table, what: str, rows: str) -> list[str]:
    choice = choose(table, rows)
    found = _found(table, choice, what)
    if not found.n:
        return [nothing(table, choice, found.n_all, rows), *_left_out(found)]
    words = escaped(" ".join(rows.split())) if choice.terms else ""
    if what == "count" or table.at is None:
        return [_rows_told(found.n, found, words), *_left_out(found), *_further(found)]
    name, n_numbers = label(table.sheet.columns[table.at]), len(found.values)
    if not n_numbers:
        return [f"{_rows_told(found.n, found, words)}, and none of them has a number as {name}", *_left_out(found)]
    none = f" ({found.n - n_numbers} more without a number)" if found.n > n_numbers else ""
    told = [f"{what} of {name}, {_rows_told(n_numbers, found, words)}{none}: {_figure(what, found.values)}"]
    if found.best:
        told.append(grid([label(each) for each in table.sheet.columns], [row for _, row in found.best]))
    amounts = table.numbers.amounts.get(table.at)
    if amounts and amounts.doubt:
        told.append(f"{escaped(amounts.doubt)} is read as {number(amounts.value(amounts.doubt) or 0)}")
    return [*told, *_left_out(found), *_further(found)]


def _found(table: Table, choice: Choice, what: str) -> _Found:
    found = _Found()
    for row in table.rows:
        total = "" if choice.totals else is_total(row)
        found.n_all += not total
        if not choice.has(row):
            if not total and (longer := choice.nearly(row)):
                found.n_longer += 1
                if len(found.longer) < SHOWN:
                    found.longer[longer.strip()] = None
        elif total:
            found.totals.append(total)
        else:
            found.n += 1
            if (value := _value(table, row)) is not None:
                found.values.append(value)
                if what in ("largest", "smallest"):
                    found.best = _kept(found.best, value, row, largest=what == "largest")
    return found


def _value(table: Table, row: Row) -> int | float | None:
    if table.at is None:
        return None
    cell = row[table.at]
    if amounts := table.numbers.amounts.get(table.at):
        return amounts.value(cell)
    return cell if isinstance(cell, int | float) else None


def _figure(what: str, values: Sequence[int | float]) -> str:
    match what:
        case "largest":
            return number(max(values))
        case "smallest":
            return number(min(values))
    total = sum(values) if all(isinstance(value, int) for value in values) else math.fsum(values)
    return number(_rounded(total / len(values)) if what == "average" else total)


def _rounded(mean: float) -> float:
    """To four digits behind the point, or as many as a small number has."""
    return round(mean, 4 if abs(mean) >= 1 else 4 - math.floor(math.log10(abs(mean))) - 1 if mean else 4)


def _kept(
    best: list[tuple[int | float, Row]], value: int | float, row: Row, *, largest: bool
) -> list[tuple[int | float, Row]]:
    """The first rows with the best number so far."""
    if not best or (value > best[0][0] if largest else value < best[0][0]):
        return [(value, row)]
    return [*best, (value, row)] if value == best[0][0] and len(best) < SHOWN else best


def _rows_told(n: int, found: _Found, words: str) -> str:
    """Which rows it is of, in words."""
    if words:
        return f"{rows_text(n)} with {words}"
    return f"all {rows_text(n)}" if n == found.n_all and n > 1 else rows_text(n)


def _left_out(found: _Found) -> list[str]:
    if not (n := len(found.totals)):
        return []
    called = ", ".join(map(_short, dict.fromkeys(found.totals[:SHOWN])))
    return [f"{rows_text(n)} called {called} {'is' if n == 1 else 'are'} left out"]


def _further(found: _Found) -> list[str]:
    if not (n := found.n_longer):
        return []
    more = "1 more row has" if n == 1 else f"{n} more rows have"
    return [f"{more} the words within a longer text: {', '.join(map(_short, found.longer))}"]


def _short(text: str) -> str:
    return escaped(text if len(text) <= TEXT_CHARS else f"{text[: TEXT_CHARS - 1]}…")
