"""Which rows of a table are meant by words that people say of them.

Words are separated by commas, and a row has to meet each. What counts is the first of these that any cell meets:

1. the words are the whole cell;
2. they are the name of its column and the cell, as in `bay 3`;
3. they are a date or a part of one, such as a month, and the cell is a date that has it, however it is written;
4. they are the whole cell in another form, such as `batteries` for battery;
5. they are part of its text;
6. they are a number, and it is in one column of numbers only.

So a cell that is exactly what was said is preferred, and rows that have it within a longer text are only counted and
said: `food` is not `food for the cat`. Numbers that are added up are no names of rows: `3` is the row no. 3 and not one
of 3 euros, unless nothing else has it (6).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rookery_plugins.data.inside.columns import Numbers, listed
from rookery_plugins.data.inside.dates import date, day_first
from rookery_plugins.data.inside.process import Retry
from rookery_plugins.data.inside.rows import Row, Rows, plain
from rookery_plugins.data.inside.sheets import Sheet
from rookery_plugins.data.inside.tables import Value, escaped
from rookery_plugins.data.inside.words import forms, words

_TOTAL = re.compile(r"(?:(?:grand |sub-? ?)?totals?|sum|summe|gesamt(?:summe)?)(?: \d{4})?[ :.]*")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_TRUE = {"": "true", "yes": "true", "no": "false"}


@dataclass(frozen=True, slots=True)
class Table:
    """What has to be known of a table to find rows of it."""

    sheet: Sheet
    rows: Rows
    numbers: Numbers
    at: int | None
    """The column of the figure."""

    @property
    def named(self) -> list[int]:
        """Columns in which words stand for rows: all but those of amounts."""
        return [n for n in range(len(self.sheet.columns)) if n not in self.numbers.meant]

    def text(self, n: int, cell: Value) -> str:
        """A cell as words are compared with it."""
        if self.sheet.types[n] == "BOOLEAN" and cell is not None:
            return "true" if cell else "false"
        return plain(cell)


@dataclass(frozen=True, slots=True)
class Term:
    """Words that a row has to have."""

    typed: str
    is_date: bool
    held: Mapping[int, Mapping[Value, int]]
    """For each column, the cells that meet it, and how: the number above."""

    best: int
    """How it is met; 0 where no cell meets it."""

    def meets(self, row: Row) -> bool:
        """Whether a row has it."""
        return any(cells.get(row[n]) == self.best for n, cells in self.held.items())

    def longer(self, row: Row) -> str:
        """A text of a row that meets it less well; "" where there is none."""
        return next((str(row[n]) for n, cells in self.held.items() if cells.get(row[n], 0) > self.best), "")


@dataclass(frozen=True, slots=True)
class Choice:
    """Which rows are meant."""

    terms: Sequence[Term]
    lacking: Sequence[Term]
    """Those that no row meets."""
    orders: Mapping[int, bool | None]
    """Where a date was asked for: of each column whether dates such as 3/4/2024 have the day first, None if unclear."""
    totals: bool
    """Whether rows of totals are rows as others are."""

    def has(self, row: Row, n_terms: int | None = None) -> bool:
        """Whether a row is meant, by all terms or by the first ones."""
        return not self.lacking and all(term.meets(row) for term in self.terms[:n_terms])

    def nearly(self, row: Row) -> str:
        """Of a row that is not meant but has the words within longer texts: such a text; "" of others."""
        if self.lacking:
            return ""
        texts = [term.longer(row) for term in self.terms if not term.meets(row)]
        return texts[0] if texts and all(texts) else ""


_WHOLE, _NAMED, _DATE, _FORM, _WITHIN, _AMOUNT = range(1, 7)


def choose(table: Table, typed: str) -> Choice:
    """Looks which rows are meant. Raises Retry where a number is in several columns."""
    said = [part.strip() for part in re.split(r"[,;]| and ", typed) if part.strip()]
    orders: dict[int, bool | None] = {}
    if any(date(plain(part), day_first=True) for part in said):
        texts = [n for n in table.named if table.sheet.types[n] in ("TEXT", "")]
        orders = {n: day_first(map(plain, table.rows.values(table.sheet.columns[n]))) for n in texts}
    terms = [_term(table, part, orders) for part in said]
    lacking = [term for term in terms if not term.best]
    asked = any(_TOTAL.fullmatch(plain(part)) for part in said)
    totals = asked or all(is_total(row) for row in table.rows)
    return Choice(terms, lacking, orders, totals)


def is_total(row: Row) -> str:
    """The text that says of a row that it adds up others; "" where it does not."""
    first = next((cell for cell in row if isinstance(cell, str) and cell.strip()), "")
    return first.strip() if _TOTAL.fullmatch(plain(first)) else ""


def _term(table: Table, typed: str, orders: Mapping[int, bool | None]) -> Term:
    term = plain(typed)
    within = re.compile("|".join(map(_within, forms(term))))
    held: dict[int, dict[Value, int]] = {}
    for n in table.named:
        named = _cell_of(table, n, term)
        if table.sheet.types[n] in ("INTEGER", "REAL") and not (_NUMBER.fullmatch(term) or named):
            continue
        way_of = _way(table, n, term, named, orders.get(n), within)
        met = {cell: way for cell in table.rows.values(table.sheet.columns[n]) if (way := way_of(cell))}
        if met:
            held[n] = met
    is_date = date(term, day_first=True) is not None
    held = held or _amounts(table, typed)
    best = min((way for cells in held.values() for way in cells.values()), default=0)
    return Term(typed, is_date, held, best)


def _way(
    table: Table, n: int, term: str, named: str | None, first: bool | None, within: re.Pattern[str]
) -> Callable[[Value], int | None]:
    """How a cell of a column meets a term, where it does."""
    others, wanted = forms(term)[1:], date(term, first)

    def way(cell: Value) -> int | None:
        text = table.text(n, cell)
        if text == term:
            return _WHOLE
        if text == named:
            return _NAMED
        if not isinstance(cell, str):
            return _FORM if text in others else None
        if wanted and (found := date(text, first)) and found.has(wanted):
            return _DATE
        return _FORM if text in others else _WITHIN if within.search(text) else None

    return way


def _cell_of(table: Table, n: int, term: str) -> str | None:
    """What the cell should be, where a term is the name of a column and a cell: of `bay 3` the 3."""
    pattern = r"[\W_]*".join(map(re.escape, words(table.sheet.columns[n])))
    found = re.fullmatch(rf"{pattern}(?:[ =:]+(.+))?", term) if pattern else None
    if found is None:
        return None
    said = found[1] or ""
    return _TRUE.get(said, said) if table.sheet.types[n] == "BOOLEAN" else said or None


def _amounts(table: Table, typed: str) -> dict[int, dict[Value, int]]:
    """A number or a cell of a named column, in amounts. Raises Retry where several columns have the number."""
    term, columns = plain(typed), table.sheet.columns
    held: dict[int, dict[Value, int]] = {}
    for n in table.numbers.meant:
        value = _cell_of(table, n, term) or (term if n != table.at and _NUMBER.fullmatch(term) else None)
        if value and (met := {cell: _AMOUNT for cell in table.rows.values(columns[n]) if plain(cell) == value}):
            held[n] = met
    if len(held) > 1:
        told, first = listed(table.sheet, [*held]), listed(table.sheet, [*held][:1])
        raise Retry(f"{escaped(typed)} is in {told}; say which column in rows, such as {first} {escaped(typed)}")
    return held


def _within(term: str) -> str:
    """A pattern for words in a text; a number is no part of a longer number or of a date."""
    before = r"(?<![^\W_])" + (r"(?<!\d[.,:/-])" if term[:1].isdecimal() else "")
    after = r"(?![^\W_])" + (r"(?![.,:/-]\d)" if term[-1:].isdecimal() else "")
    return f"{before}{re.escape(term)}{after}"
