"""Rows as a Markdown table that people and small models read: bounded, every cut said, nothing that breaks the form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

CHARS = 6_000
"""Of a table; less than a tool's usual `max_output`, so that the host cuts nothing more."""
ROWS = 100
COLUMNS = 50
CELL_CHARS = 200
NAME_CHARS = 80
SHORTEST = 10
"""To which a name or a cell is cut where there are very many columns."""

Value = int | float | str | bytes | None

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BREAK = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Table:
    """The first rows of a result, and how many there are in all."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Value]]
    n_rows: int
    whole: bool = True
    """Whether `n_rows` is all there are; otherwise there are more."""


def collect(columns: Sequence[str], rows: Iterable[Sequence[Value]], most: int, until: Callable[[], bool]) -> Table:
    """The first rows, short enough to be kept, and the number of all: counted up to `most`, and until that is true."""
    kept: list[list[Value]] = []
    n_rows = 0
    for row in rows:
        n_rows += 1
        if len(kept) < ROWS:
            kept.append([_short(value, CHARS if n_rows == 1 else CELL_CHARS + 1) for value in row[:COLUMNS]])
        elif n_rows > most or (n_rows % 1_000 == 0 and until()):
            return Table(columns, kept, n_rows - 1, whole=False)
    return Table(columns, kept, n_rows)


def markdown(table: Table, chars: int = CHARS) -> str:
    """The table, and below it how many rows there are and what of them is not shown."""
    names = [label(name) for name in table.columns[:COLUMNS]]
    if not table.n_rows:
        return f"no rows; the columns are {', '.join(names)}"
    lines, n_shown, cut = _lines(names, table.rows, chars, single=table.n_rows == 1)
    notes = [_count(table, n_shown)]
    if len(table.columns) > COLUMNS:
        notes.append(f"of {len(table.columns)} columns the first {COLUMNS} are shown; name the ones you want")
    if cut:
        notes.append("a cell that ends in … is cut")
    return "\n".join([*lines, "", *notes])


def grid(names: Sequence[str], rows: Sequence[Sequence[Value]], chars: int = CHARS) -> str:
    """Rows as a table, without a word about what does not fit."""
    return "\n".join(_lines(names, rows, chars, single=False)[0])


def line(cells: Sequence[str]) -> str:
    """A row of a table, of texts that stay in their cells."""
    return f"| {' | '.join(cells)} |"


def label(name: str) -> str:
    """The name of a column, short and on one line."""
    return _cut(escaped(name), NAME_CHARS)


def escaped(text: str) -> str:
    """A text that stays in its cell."""
    text = _BREAK.sub(r"\\n", text).replace("\t", "\\t").replace("|", "\\|")
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def shown(value: Value) -> str:
    """A value as it stands in a cell."""
    match value:
        case None:
            return "NULL"
        case bytes():
            return f"[{len(value)} bytes]"
        case float():
            return number(value)
        case _:
            return escaped(str(value))


def number(value: float) -> str:
    """A number with a decimal point as SQLite's own shell shows it: 15 digits, so that 0.1 + 0.2 is 0.3."""
    if value.is_integer() and abs(value) < 2**53:
        return f"{int(value)}.0"
    text = format(value, ".15g")
    return f"{text}.0" if text.lstrip("-").isdigit() else text


def rows_text(n: int) -> str:
    """So many rows, in words."""
    return "1 row" if n == 1 else f"{n} rows"


def _lines(
    names: Sequence[str], rows: Sequence[Sequence[Value]], chars: int, *, single: bool
) -> tuple[list[str], int, bool]:
    """The lines of a table, how many of the rows are in it, and whether a cell was cut."""
    width = max(len(names), 1)
    marks = ["---:" if _is_numeric(row[n] for row in rows) else "---" for n in range(len(names))]
    lines = [line([_cut(name, max(chars // 4 // width, SHORTEST)) for name in names]), line(marks)]
    size = sum(map(len, lines))
    room = max((chars - size) // width - 3, SHORTEST)
    most = room if single else min(CELL_CHARS, room)
    cut = False
    for n_row, row in enumerate(rows):
        texts = [shown(value) for value in row]
        made = line([_cut(text, most) for text in texts])
        size += len(made) + 1
        if n_row and size > chars:
            return lines, n_row, cut
        lines.append(made)
        cut = cut or any(len(text) > most for text in texts)
    return lines, len(rows), cut


def _count(table: Table, n_shown: int) -> str:
    said = rows_text(table.n_rows) if table.whole else f"more than {rows_text(table.n_rows)}"
    return said if table.whole and n_shown == table.n_rows else f"{said}, the first {n_shown} shown"


def _is_numeric(values: Iterable[Value]) -> bool:
    kinds = {type(value) for value in values} - {type(None)}
    return bool(kinds) and kinds <= {int, float}


def _short(value: Value, chars: int) -> Value:
    match value:
        case str() if len(value) > chars:
            return value[: chars + 1]
        case bytes():
            return shown(value)
        case _:
            return value


def _cut(text: str, chars: int) -> str:
    return text if len(text) <= chars else text[: max(chars - 1, 0)] + "…"
