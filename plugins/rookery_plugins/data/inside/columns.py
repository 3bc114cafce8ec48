"""Which column of a table has the numbers that are meant, and which only tell things apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rookery_plugins.data.inside.amounts import Amounts, amounts
from rookery_plugins.data.inside.process import Retry
from rookery_plugins.data.inside.rows import Rows
from rookery_plugins.data.inside.sheets import Sheet
from rookery_plugins.data.inside.tables import escaped, label
from rookery_plugins.data.inside.words import forms, words

NAMED = 30
"""Columns that a message names."""

_NUMBERS = frozenset(
    [
        "id", "no", "nr", "num", "number", "ref", "code", "key", "index", "zip", "postcode", "phone", "mobile", "tel",
        "fax", "account", "isbn", "ean", "sku",
    ]
)  # fmt: skip
"""Last words of a name whose numbers tell things apart: nobody adds them up."""
_THINGS = frozenset(
    [
        "year", "yr", "month", "day", "week", "wk", "quarter",
        "bag", "batch", "bay", "block", "box", "bus", "flat", "floor", "gate", "house", "jersey", "lane", "line",
        "locker", "lot", "page", "plate", "platform", "plot", "room", "round", "route", "row", "seat", "shelf", "shirt",
        "stall", "table", "tank", "team", "tent",
    ]
)  # fmt: skip
"""Words of a name that has no others: the numbers below it are names of things, as in a column `box`."""
_YEARS = frozenset(["year", "yr", "vintage", "since", "born", "built", "founded"])
"""Words of a name whose numbers are years, where they can be."""
_YEAR = range(1500, 2200)


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a table has of numbers."""

    amounts: Mapping[int, Amounts]
    """Columns of texts that are numbers to people, and how they are read."""
    columns: Sequence[int]
    """All columns of numbers."""
    meant: Sequence[int]
    """Those of them that somebody could add up."""


def numbers(sheet: Sheet, rows: Rows) -> Numbers:
    """Looks for the numbers of a table."""
    texts = [n for n, kind in enumerate(sheet.types) if kind in ("TEXT", "")]
    tried = {n: amounts(rows.values(sheet.columns[n]), sheet.decimal) for n in texts}
    read = {n: found for n, found in tried.items() if found}
    columns = [n for n, kind in enumerate(sheet.types) if kind in ("INTEGER", "REAL") or n in read]
    told = {n: words(sheet.columns[n]) for n in columns}
    meant = [n for n in columns if not _tells_apart(told[n])]
    years = {
        n
        for n in meant
        if _YEARS & {*told[n]} and all(year in (None, *_YEAR) for year in rows.values(sheet.columns[n]))
    }
    return Numbers(read, columns, [n for n in meant if n not in years])


def column(sheet: Sheet, found: Numbers, wanted: str) -> int:
    """The place of the column that is meant. Raises Retry where it cannot be told."""
    if wanted.strip():
        return _named(sheet, wanted, found.columns)
    meant = found.meant or found.columns
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise Retry(f"say which column: the numbers are in {listed(sheet, meant)}")
    raise Retry(f"no column has numbers alone; the columns are {listed(sheet)}")


def listed(sheet: Sheet, places: Sequence[int] | None = None) -> str:
    """The names of columns; of all, where it is not said of which."""
    names = sheet.columns if places is None else [sheet.columns[n] for n in places]
    return ", ".join(label(name) for name in names[:NAMED])


def _tells_apart(name: Sequence[str]) -> bool:
    if not name:
        return False
    return name[-1] in _NUMBERS or name[0] == "id" or {*name} <= _NUMBERS | _THINGS


def _named(sheet: Sheet, wanted: str, among: Sequence[int]) -> int:
    plain = ["".join(words(name)) for name in sheet.columns]
    sought = "".join(words(wanted))
    for places in (range(len(plain)), among):
        if len(same := [n for n in places if plain[n] == sought]) == 1:
            return same[0]
    alike = [n for n in among if _stems(sheet.columns[n]) & _stems(wanted)]
    if len(alike) == 1:
        return alike[0]
    told = f"numbers are in {listed(sheet, among)}" if among else f"columns are {listed(sheet)}"
    raise Retry(f"no column is called {escaped(wanted.strip())}; the {told}")


def _stems(name: str) -> set[str]:
    return {form for word in words(name) for form in forms(word)}
