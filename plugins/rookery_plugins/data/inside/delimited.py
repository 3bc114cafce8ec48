"""Tables as text: what separates the cells, where the rows begin, of what type the columns are.

A number is one as people write it there: with a comma for the decimals where a semicolon separates the cells, else with
commas between the thousands. One with leading zeros, a plus or more digits than a number can have is a text. What
people write where there is no number, such as n/a, does not make a text of a column.

Where a semicolon separates the cells, 18.400 may be both 18400 and 18.4. A column that has no other numbers is read as
the rest of the file is: where another column has a decimal comma, points stand between thousands, and where another has
a decimal point, as in 12.5, so is this. Where no number tells, it is read as 18.4, and that is said.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import islice

from rookery_plugins.data.inside.process import Failed, Source
from rookery_plugins.data.inside.sheets import Sheet, names
from rookery_plugins.data.inside.tables import label, rows_text
from rookery_plugins.data.inside.text import encoding_of, open_text

DELIMITERS = ",;\t|"
SAMPLE_CHARS = 100_000
SAMPLE_ROWS = 100
CELL_CHARS = 4_000_000
NAMED = 5
"""Columns that a note names."""

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17}) *")
_REAL = re.compile(r"-?(?:0|[1-9][0-9]{0,14}|(?:0|[1-9][0-9]*)?\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})? *")
_THOUSANDS = re.compile(r"-?(?:(?:0|[1-9][0-9]{0,14}|[1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.[0-9]+)?|\.[0-9]+) *")
_COMMA = re.compile(r"-?(?:0|[1-9][0-9]{0,14}|[1-9][0-9]{0,2}(?:\.[0-9]{3})+)(?:,[0-9]+)? *")
_EITHER = re.compile(r"-?(?:0|[1-9][0-9]{0,14}|[1-9][0-9]{0,2}\.[0-9]{3}) *")
_YEAR = re.compile(r"(?:1[89]|20|21)[0-9]{2}")
_DATE = re.compile(r"[0-9]{1,4}([-./])[0-9]{1,2}\1[0-9]{1,4}(?:[T ].*)?")
NOTHING = frozenset({"NA", "N/A", "n/a", "na", "NULL", "null", "None", "none", "NaN", "nan", "-", "--", "–", "?"})


class _Kind(Enum):
    INTEGER = "INTEGER"
    EITHER = "with a point before thousands or decimals"
    REAL = "REAL"
    STYLED = "as people write it"
    TEXT = "TEXT"


_WIDER = {
    _Kind.INTEGER: (_Kind.REAL, _Kind.STYLED),
    _Kind.REAL: (_Kind.STYLED,),
}
"""What a column may be, where a cell is not of the kind that all before it were."""
_WIDER_WITH_COMMA = {
    _Kind.INTEGER: (_Kind.EITHER, _Kind.REAL, _Kind.STYLED),
    _Kind.EITHER: (_Kind.REAL, _Kind.STYLED),
}
"""The same where a comma stands before decimals: 1.5 and 1,5 in one column make it a text."""


@dataclass(frozen=True, slots=True)
class _Form:
    """How a file is to be read."""

    encoding: str
    delimiter: str
    skipped: int
    """Lines above the rows."""
    header: bool
    columns: Sequence[str]

    @property
    def comma(self) -> bool:
        """Whether a comma stands before decimals."""
        return self.delimiter == ";"


def delimited(source: Source) -> Sheet:
    """The file as a table. Raises Failed where it is none."""
    csv.field_size_limit(CELL_CHARS)
    try:
        form = _form(source)
        scan = _Scan(form)
        for first, row in _rows(source, form):
            scan.add(first, row)
    except csv.Error as exc:
        raise Failed(f"{source.name} is no table: {exc}") from exc
    doubt, n_columns, types = scan.settle(), len(form.columns), scan.types()
    styled = [n for n, kind in enumerate(scan.kinds) if kind is _Kind.STYLED]
    blank = [n for n in sorted(scan.blank) if types[n] != "TEXT"]

    def rows() -> Iterator[Sequence[object]]:
        for _, row in _rows(source, form):
            cells: list[str | None] = [cell or None for cell in row]
            if len(cells) != n_columns:
                cells = (cells + [None] * n_columns)[:n_columns]
            for n in blank:
                if cells[n] in NOTHING:
                    cells[n] = None
            for n in styled:
                if (cell := cells[n]) is not None:
                    cells[n] = cell.replace(".", "").replace(",", ".") if form.comma else cell.replace(",", "")
            yield cells

    notes = [*scan.notes(source), *doubt]
    if blank:
        notes.append("n/a, - and the like are NULL in columns of numbers")
    return Sheet(form.columns, types, rows, notes, scan.decimal)


def _rows(source: Source, form: _Form) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line that it begins on; empty lines are none."""
    with open_text(source, form.encoding) as text:
        reader = csv.reader(text, delimiter=form.delimiter, skipinitialspace=True)
        above = form.skipped + form.header
        last = 0
        for row in reader:
            first, last = last + 1, reader.line_num
            if not row:
                continue
            if above:
                above -= 1
            else:
                yield first, row


def _form(source: Source) -> _Form:
    encoding = encoding_of(source)
    with open_text(source, encoding) as text:
        sample = text.read(SAMPLE_CHARS)
        if "\n" not in sample:
            sample += text.readline(CELL_CHARS)
    if not sample.strip():
        raise Failed(f"{source.name} is empty")
    if len(sample) >= SAMPLE_CHARS and "\n" in sample:
        sample = sample[: sample.rindex("\n") + 1]
    delimiter, rows, width = max(
        (_split(sample, one) for one in DELIMITERS), key=lambda split: _fit(split[1], split[2])
    )
    skipped = next(n for n, row in enumerate(rows) if len(row) == width)
    first = rows[skipped]
    header = _is_header(first, delimiter)
    if not header and skipped and len(above := rows[skipped - 1]) > 1 and _is_header(above, delimiter):
        missing = [""] * (width - len(above))  # of the names, where each row ends in a delimiter or begins with its own
        first = [*missing, *above] if any(row[-1] for row in rows[skipped:]) else [*above, *missing]
        header, skipped = True, skipped - 1
    columns = names(first[:width] if header else [""] * width, source.name)
    return _Form(encoding, delimiter, skipped, header, columns)


def _split(sample: str, delimiter: str) -> tuple[str, list[list[str]], int]:
    """The first rows as a delimiter would make them, and how many cells most of them have."""
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter, skipinitialspace=True)
    rows = list(islice((row for row in reader if row), SAMPLE_ROWS))
    return delimiter, rows, Counter(map(len, rows)).most_common(1)[0][0]


def _fit(rows: Sequence[Sequence[str]], width: int) -> tuple[float, int]:
    """How well a delimiter separates: the share of rows that have so many cells, and how many cells that are."""
    return (sum(len(row) == width for row in rows) / len(rows) if width > 1 else 0.0, width)


def _is_header(first: Sequence[str], delimiter: str) -> bool:
    """Whether a row names the columns: no cell is a date, nor a number that is no year."""
    cells = [cell.strip() for cell in first]
    number = _COMMA if delimiter == ";" else _REAL
    values = [c for c in cells if _DATE.fullmatch(c) or (number.fullmatch(c) and not _YEAR.fullmatch(c))]
    return not values and any(cells)


def _ends_in_quote(source: Source, encoding: str) -> bool:
    with source.open() as file:
        file.seek(max(source.size - 64, 0) // 2 * 2)
        return file.read().decode(encoding, "replace").rstrip().endswith('"')


class _Scan:
    """What is learned of a table while its rows go by."""

    def __init__(self, form: _Form) -> None:
        self._form = form
        width = len(form.columns)
        patterns = {
            _Kind.INTEGER: _INTEGER,
            _Kind.EITHER: _EITHER,
            _Kind.REAL: _REAL,
            _Kind.STYLED: _COMMA if form.comma else _THOUSANDS,
        }
        self._patterns = {kind: pattern.fullmatch for kind, pattern in patterns.items()}
        self._wider = _WIDER_WITH_COMMA if form.comma else _WIDER
        self.kinds = [_Kind.INTEGER] * width
        self._fits = [self._patterns[_Kind.INTEGER]] * width
        self._numeric = list(range(width))
        self._empty = set(range(width))
        self.blank: set[int] = set()
        """Columns in which something says that there is no number."""
        self._either: dict[int, str] = {}
        """The first cell of a column that may have a point before thousands or decimals."""
        self._first = 0
        self._last_cell = ""
        self._n_ragged = 0
        self._first_ragged = 0

    def add(self, first: int, row: list[str]) -> None:
        """Take in a row that begins on that line."""
        self._first, self._last_cell = first, row[-1]
        if len(row) != len(self.kinds):
            self._n_ragged += 1
            self._first_ragged = self._first_ragged or first
            row = row + [""] * (len(self.kinds) - len(row))
        if self._empty:
            self._empty -= {n for n in self._empty if row[n] and row[n] not in NOTHING}
        for n in self._numeric:
            if (cell := row[n]) and not self._fits[n](cell):
                self._widen(n, cell)

    @property
    def decimal(self) -> str:
        """What stands before decimals; "" where the file's numbers do not tell."""
        if not self._form.comma:
            return "."
        seen = {_Kind.REAL: ".", _Kind.STYLED: ","}
        found = {seen[kind] for kind in self.kinds if kind in seen}
        return found.pop() if len(found) == 1 else ""

    def settle(self) -> list[str]:
        """Once all rows are in: decide what a point is where it may be two things, and say so where that is a guess."""
        open_ones = [n for n, kind in enumerate(self.kinds) if kind is _Kind.EITHER]
        decimal = self.decimal
        for n in open_ones:
            self.kinds[n] = _Kind.STYLED if decimal == "," else _Kind.REAL
        if decimal or not open_ones:
            return []
        cell = self._either[open_ones[0]].strip()
        told = ", ".join(label(self._form.columns[n]) for n in open_ones[:NAMED])
        return [f"in {told} a number such as {cell} is read as {float(cell):g}, not {cell.replace('.', '')}"]

    def types(self) -> list[str]:
        """The types of the columns, as SQLite has them."""
        real = (_Kind.REAL, _Kind.STYLED)
        return [
            "TEXT" if n in self._empty else "REAL" if kind in real else kind.value for n, kind in enumerate(self.kinds)
        ]

    def notes(self, source: Source) -> list[str]:
        """What whoever reads a result has to know."""
        form = self._form
        made = []
        if form.encoding == "cp1252":
            made.append("the file is not UTF-8 and was read as Windows-1252")
        if form.skipped:
            made.append(f"what stands above the names of the columns is left out: {rows_text(form.skipped)}")
        if not form.header:
            made.append("the file does not name its columns")
        if "\n" in self._last_cell and not _ends_in_quote(source, form.encoding):
            made.append(f"a quote in line {self._first} is not closed: all that follows was taken for one cell")
        if self._n_ragged:
            made.append(
                f"{rows_text(self._n_ragged)} with more or fewer than {len(self.kinds)} cells, the first on line "
                f"{self._first_ragged}: further cells are left out, missing ones are NULL"
            )
        return made

    def _widen(self, n: int, cell: str) -> None:
        if cell in NOTHING:
            self.blank.add(n)
            return
        before = self.kinds[n]
        kind = next((kind for kind in self._wider.get(before, ()) if self._patterns[kind](cell)), _Kind.TEXT)
        self.kinds[n] = kind
        if kind is _Kind.EITHER:
            self._either[n] = cell
        if kind is _Kind.TEXT:
            self._numeric = [other for other in self._numeric if other != n]
        else:
            self._fits[n] = self._patterns[kind]
