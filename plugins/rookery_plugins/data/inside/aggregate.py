"""The job that adds up, averages, counts or compares the rows of a table, chosen by words that they have.

Made for models that write no SQL: words are matched as people mean them, and the column is found where only one can be.
"""

from __future__ import annotations

import calendar
import math
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from rookery_plugins.data.inside.database import memory
from rookery_plugins.data.inside.process import Retry, Source
from rookery_plugins.data.inside.sheets import TABLE, Sheet
from rookery_plugins.data.inside.table import fill, sheet_of, too_slow
from rookery_plugins.data.inside.tables import Value, escaped, grid, label, rows_text

EVERY = 5_000
"""Rows between two looks at the clock."""
SHOWN = 3
"""Rows that are shown of those with the largest or smallest number."""
NAMED = 30
"""Columns that a message names."""

Row = Sequence[Value]
Test = Callable[[Row], bool]

_WORD = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_ISO = re.compile(r"\d{4}-\d\d(?:-\d\d)?(?![\d])")
_SPAN = re.compile(r"\d{4}(?:-\d\d)?")
_LABEL_NAMES = "id no nr num number ref code key index year month day zip phone account"
_LABELS = frozenset(_LABEL_NAMES.split())
"""Words of a name whose numbers tell things apart: nobody adds them up."""
_MONTHS = {
    name.lower(): n for names in (calendar.month_name, calendar.month_abbr) for n, name in enumerate(names) if name
}


def run(source: Source, what: str, rows: str, column: str) -> str:
    """The figure, with the number of rows that it is of."""
    sheet = sheet_of(source)
    at = None if what == "count" and not column.strip() else _column(sheet, column)
    with closing(memory()) as connection:
        fill(connection, source, sheet)
        return "\n".join([_said(_Rows(source, connection), sheet, at, what, rows), *sheet.notes])


def _said(table: _Rows, sheet: Sheet, at: int | None, what: str, rows: str) -> str:
    tests, lacking = _tests(table, _terms(rows))
    n_all = n = 0
    values: list[int | float] = []
    best: list[tuple[int | float, Row]] = []
    for row in table:
        n_all += 1
        if lacking or not all(test(row) for test in tests):
            continue
        n += 1
        value = None if at is None else row[at]
        if isinstance(value, int | float):
            values.append(value)
            if what in ("largest", "smallest"):
                best = _kept(best, value, row, largest=what == "largest")
    chosen = _told(n, n_all, rows, lacking)
    if not n:
        return f"{chosen}; the columns are {_listed(sheet, range(len(sheet.columns)))}"
    if what == "count":
        return chosen
    assert at is not None
    name = label(sheet.columns[at])
    if not values:
        return f"{chosen}, and none of them has a number as {name}"
    told = f"{what} of {name}, {chosen}: {_figure(what, values)}"
    if best:
        told += f"\n{grid([label(each) for each in sheet.columns], [row for _, row in best])}"
    return told


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of the table, as often as they are wanted."""

    source: Source
    connection: sqlite3.Connection

    def __iter__(self) -> Iterator[Row]:
        for n, row in enumerate(self.connection.execute(f"SELECT * FROM {TABLE}")):
            if n % EVERY == 0 and self.source.left_s < 0:
                raise too_slow(self.source)
            yield row


def _figure(what: str, values: Sequence[int | float]) -> str:
    match what:
        case "largest":
            return _number(max(values))
        case "smallest":
            return _number(min(values))
    total = sum(values) if all(isinstance(value, int) for value in values) else math.fsum(values)
    return _number(_rounded(total / len(values)) if what == "average" else total)


def _rounded(mean: float) -> float:
    """To four digits behind the point, or as many as a small number has."""
    return round(mean, 4 if abs(mean) >= 1 else 4 - math.floor(math.log10(abs(mean))) - 1 if mean else 4)


def _number(value: int | float) -> str:
    return str(value) if isinstance(value, int) else format(value, ".12g")


def _kept(
    best: list[tuple[int | float, Row]], value: int | float, row: Row, *, largest: bool
) -> list[tuple[int | float, Row]]:
    """The first rows with the best number so far."""
    if not best or (value > best[0][0] if largest else value < best[0][0]):
        return [(value, row)]
    return [*best, (value, row)] if value == best[0][0] and len(best) < SHOWN else best


def _told(n: int, n_all: int, rows: str, lacking: Sequence[str]) -> str:
    """Which rows it is of, in words."""
    if lacking:
        return f"no row has {' or '.join(map(escaped, lacking))} (of {rows_text(n_all)})"
    words = escaped(" ".join(rows.split()))
    return f"{rows_text(n)} with {words}" if words else f"all {rows_text(n)}" if n > 1 else rows_text(n)


# -- which rows -----------------------------------------------------------------------------------------------------


def _terms(rows: str) -> list[str]:
    return [term.strip().casefold() for term in re.split(r"[,;]| and ", rows) if term.strip()]


def _tests(table: _Rows, terms: Sequence[str]) -> tuple[list[Test], list[str]]:
    """What a row has to meet for each term, and the terms that no row meets.

    A term is a whole cell, else a month or year of a date, else words of a cell; the first of these that any row meets.
    """
    ways = {term: [*_ways(term)] for term in terms}
    met = {term: len(each) for term, each in ways.items()}
    if terms:
        for row in table:
            for term, each in ways.items():
                met[term] = next((n for n, test in enumerate(each[: met[term]]) if test(row)), met[term])
    found = [each[met[term]] for term, each in ways.items() if met[term] < len(each)]
    return found, [term for term, each in ways.items() if met[term] == len(each)]


def _ways(term: str) -> Iterator[Test]:
    singular = term.removesuffix("s")
    yield lambda row: any(_text(cell) == term for cell in row)
    if begins := _begins(term):
        yield lambda row: any(isinstance(cell, str) and begins(cell) for cell in row)
    yield lambda row: any(_text(cell) == singular for cell in row)
    within = re.compile(rf"(?<![^\W_]){re.escape(singular)}(?![^\W_])|(?<![^\W_]){re.escape(term)}(?![^\W_])")
    yield lambda row: any(isinstance(cell, str) and within.search(cell.casefold()) is not None for cell in row)


def _begins(term: str) -> Callable[[str], bool] | None:
    """Whether a date is in the month or year that the term names; None where it names none."""
    if _SPAN.fullmatch(term):
        return lambda cell: _ISO.match(cell) is not None and cell.startswith(term)
    words = _WORD.findall(term)
    month = next((_MONTHS[word] for word in words if word in _MONTHS), 0)
    year = next((word for word in words if re.fullmatch(r"\d{4}", word)), "")
    if not month or len(words) != 1 + bool(year):
        return None
    return lambda cell: (
        _ISO.match(cell) is not None and cell[5:7] == f"{month:02}" and (not year or cell.startswith(year))
    )


def _text(cell: Value) -> str:
    return "" if cell is None else _number(cell) if isinstance(cell, int | float) else str(cell).strip().casefold()


# -- which column ---------------------------------------------------------------------------------------------------


def _column(sheet: Sheet, wanted: str) -> int:
    """The place of the column that is meant. Raises Retry where it cannot be told."""
    numbers = [n for n, kind in enumerate(sheet.types) if kind in ("INTEGER", "REAL")]
    if wanted.strip():
        return _named(sheet, wanted, numbers)
    meant = [n for n in numbers if not _words(sheet.columns[n]) & _LABELS] or numbers
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise Retry(f"say which column: the numbers are in {_listed(sheet, meant)}")
    raise Retry(f"no column has numbers alone; the columns are {_listed(sheet, range(len(sheet.columns)))}")


def _named(sheet: Sheet, wanted: str, numbers: Sequence[int]) -> int:
    plain = ["".join(_WORD.findall(name)).casefold() for name in sheet.columns]
    sought = "".join(_WORD.findall(wanted)).casefold()
    for among in (range(len(plain)), numbers):
        if (same := [n for n in among if plain[n] == sought]) and len(same) == 1:
            return same[0]
    alike = [n for n in numbers if _words(sheet.columns[n]) & _words(wanted)]
    if len(alike) == 1:
        return alike[0]
    told = _listed(sheet, numbers or range(len(sheet.columns)))
    raise Retry(
        f"no column is called {escaped(wanted.strip())}; the {'numbers are in' if numbers else 'columns are'} {told}"
    )


def _words(name: str) -> set[str]:
    return {word.casefold() for word in _WORD.findall(_HUMP.sub(" ", name))}


def _listed(sheet: Sheet, places: Sequence[int]) -> str:
    return ", ".join(label(sheet.columns[n]) for n in places[:NAMED])
