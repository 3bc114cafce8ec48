"""What a statement has in quotation marks: names that are none, which SQLite takes for texts, and texts no row has."""

from __future__ import annotations

import difflib
import re
import sqlite3
import time
from collections.abc import Iterator
from itertools import islice

from rookery_plugins.data.inside.schema import columns_of, quoted, tables_of
from rookery_plugins.data.inside.tables import escaped

ROWS = 20_000
"""Of a larger table it is not known what it has."""
VALUES, VALUE_CHARS = 2_000, 200
"""Different ones of a column, and the longest, that are looked at."""
COLUMNS = 20
TEXTS, NEAR = 2, 3
"""Of a statement's texts and of what is like each, as many are told."""
ALIKE = 0.7
SHOWN_CHARS = 60
HINT_S = 1.0

_PIECES = re.compile(
    r"""'(?P<text>(?:[^']|'')*)'|"(?P<name>(?:[^"]|"")*)"|--[^\n]*|/\*.*?\*/|(?P<word>[^\W\d]\w*)|(?P<sign>[^\s\w])""",
    re.DOTALL,
)
_BEFORE_A_NAME = frozenset(["SELECT", "DISTINCT", "WHERE", "AND", "OR", "BY", "ON", "HAVING", "WHEN", "CASE"])
"""What a column follows; behind a comma it does so outside of parentheses, and within those of these functions:"""
_OF_COLUMNS = frozenset(["SUM", "AVG", "MIN", "MAX", "TOTAL", "COUNT"])
_COMPARED = frozenset(["=", "IS", "IN", "LIKE"])


def no_name(connection: sqlite3.Connection, statement: str) -> str:
    """A name in double quotes where a column belongs, and there is none that is called so; "" where there is none.

    SQLite takes such a name for a text and compares that. In backticks it does not, so it is asked about those.
    """
    for name, start, end in _names(statement):
        asked = f"EXPLAIN {statement[:start]}`{name.replace('`', '``')}`{statement[end:]}"
        try:
            connection.execute(asked).close()
        except sqlite3.Error as exc:
            if str(exc) == f"no such column: {name}":
                return name
    return ""


def elsewhere(connection: sqlite3.Connection, statement: str) -> str:
    """How a message goes on that says that there are no rows: with texts that are like those that were compared."""
    try:
        return "".join(f"; {said}" for said in islice(_like(connection, statement), TEXTS))
    except sqlite3.Error:
        return ""


def _names(statement: str) -> Iterator[tuple[str, int, int]]:
    """What stands in double quotes where a column belongs, and from where to where."""
    opened: list[str] = []
    before, between = "", False
    for piece in _pieces(statement):
        here = (piece["word"] or piece["sign"] or piece[0][0]).upper()
        first = before == "(" and opened[-1] in _OF_COLUMNS
        if piece["name"] and (before in _BEFORE_A_NAME or first or (before == "," and not opened)):
            yield piece["name"].replace('""', '"'), piece.start(), piece.end()
        if here == "(":
            opened.append(before)
        elif here == ")" and opened:
            opened.pop()
        elif here == "BETWEEN":
            between = True
        elif here == "AND" and between:
            between, here = False, "BETWEEN"
        before = here


def _compared(statement: str) -> Iterator[tuple[str, str]]:
    """The texts that something is compared with, and how."""
    before, within = "", ""
    for piece in _pieces(statement):
        if piece["text"] is not None and (before in _COMPARED or within):
            yield piece["text"].replace("''", "'"), "LIKE" if before == "LIKE" else "="
        here = (piece["word"] or piece["sign"] or piece[0][0]).upper()
        if here == "(" and before == "IN":
            within = here
        elif here in ("SELECT", ")"):
            within = ""
        before = here


def _pieces(statement: str) -> Iterator[re.Match[str]]:
    return (piece for piece in _PIECES.finditer(statement) if piece[0][:2] not in ("--", "/*"))


def _like(connection: sqlite3.Connection, statement: str) -> Iterator[str]:
    until = time.monotonic() + HINT_S
    columns = list(islice(_columns(connection, statement), COLUMNS))
    names = [column for _, column in columns]
    for text, operator in islice(dict.fromkeys(_compared(statement)), 2 * TEXTS):
        wanted = text.strip("%") if operator == "LIKE" else text
        if not wanted.strip() or len(wanted) > VALUE_CHARS or _is_there(connection, columns, operator, text):
            continue
        for table, column in columns:
            if time.monotonic() > until:
                return
            if near := _near(wanted, _values(connection, table, column)):
                named = column if names.count(column) == 1 else f"{table}.{column}"
                yield f"{escaped(named)} has no {_shown(wanted)}, but {', '.join(map(_shown, near))}"
                break


def _is_there(connection: sqlite3.Connection, columns: list[tuple[str, str]], operator: str, text: str) -> bool:
    return any(
        connection.execute(
            f"SELECT 1 FROM {quoted(table)} WHERE {quoted(name)} {operator} ? LIMIT 1", [text]
        ).fetchone()
        for table, name in columns
    )


def _near(wanted: str, values: list[str]) -> list[str]:
    """Values that are only written otherwise, or else like it, or else have it in them."""
    folded = {value.casefold(): value for value in values}
    wanted = wanted.casefold()
    near = [wanted] if wanted in folded else difflib.get_close_matches(wanted, folded, n=NEAR, cutoff=ALIKE)
    return [folded[each] for each in near or [value for value in folded if wanted in value][:NEAR]]


def _columns(connection: sqlite3.Connection, statement: str) -> Iterator[tuple[str, str]]:
    """The columns of the tables that a statement names, those first that it names too; of small tables alone."""
    words = {(piece["word"] or piece["name"] or "").casefold() for piece in _pieces(statement)}
    found = []
    for table in tables_of(connection):
        if table.casefold() not in words:
            continue
        try:
            large = connection.execute(f"SELECT 1 FROM {quoted(table)} LIMIT 1 OFFSET {ROWS}").fetchone()
            found += [] if large else [(table, column) for column in columns_of(connection, table)]
        except sqlite3.Error:  # a view of what is no longer there
            continue
    return iter(sorted(found, key=lambda each: each[1].casefold() not in words))


def _values(connection: sqlite3.Connection, table: str, column: str) -> list[str]:
    name = quoted(column)
    rows = connection.execute(
        f"SELECT DISTINCT {name} FROM {quoted(table)} WHERE typeof({name}) = 'text' AND length({name}) <= {VALUE_CHARS}"
        f" LIMIT {VALUES}"
    )
    return [str(value) for (value,) in rows]


def _shown(text: str) -> str:
    return "'" + escaped(text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]}…").replace("'", "''") + "'"
