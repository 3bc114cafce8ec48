"""What a statement has in quotation marks: names that are none, which SQLite takes for texts, and texts no row has."""

from __future__ import annotations

import difflib
import re
import sqlite3
from collections.abc import Iterator

from rookery_plugins.data.inside.schema import columns_of, quoted, tables_of
from rookery_plugins.data.inside.tables import escaped

VALUES = 2_000
"""Of a column, so many different ones are looked at."""
COLUMNS = 20
TEXTS, NEAR = 2, 3
"""Of a statement's texts and of what is like each, as many are told."""
ALIKE = 0.7
SHOWN_CHARS = 60

_PIECES = re.compile(
    r"""'(?P<text>(?:[^']|'')*)'|"(?P<name>(?:[^"]|"")*)"|--[^\n]*|/\*.*?\*/|(?P<word>[^\W\d]\w*)|(?P<sign>[^\s\w])""",
    re.DOTALL,
)
_BEFORE_A_NAME = frozenset(["SELECT", "DISTINCT", "WHERE", "AND", "OR", "BY", "ON", "HAVING", "WHEN", "CASE", "("])
"""What a column follows; behind a comma it does so outside of parentheses."""


def no_name(connection: sqlite3.Connection, statement: str) -> str:
    """A name in double quotes where a column belongs that is nothing in the database or the statement; "" for none.

    SQLite takes such a name for a text and compares that. Where a text may be meant, as behind =, it is left as it is.
    """
    names, given = _names(statement)
    if all(name.casefold() in given for name in names):
        return ""
    tables = tables_of(connection)
    known = {"rowid", "oid", "_rowid_", *given, *(table.casefold() for table in tables)}
    known |= {column.casefold() for table in tables for column in columns_of(connection, table)}
    return next((name for name in names if name.casefold() not in known), "")


def _names(statement: str) -> tuple[list[str], set[str]]:
    """What stands in double quotes where a column belongs, and the names that the statement gives itself."""
    names: list[str] = []
    given: set[str] = set()
    opened: list[str] = []
    before, between = "", False
    for piece in _PIECES.finditer(statement):
        if piece[0][:2] in ("--", "/*"):
            continue
        here = (piece["word"] or piece["sign"] or piece[0][0]).upper()
        name = (piece["name"] or "").replace('""', '"')
        if name and "IN" not in opened and (before in _BEFORE_A_NAME or (before == "," and not opened)):
            names.append(name)
        elif before in ("AS", ")", '"') or (name and before.isidentifier()):
            given.add((name or piece["word"] or "").casefold())
        if here == "(":
            opened.append(before)
        elif here == ")" and opened:
            opened.pop()
        elif here == "BETWEEN":
            between = True
        elif here == "AND" and between:
            between, here = False, "BETWEEN"
        before = here
    return names, given


def elsewhere(connection: sqlite3.Connection, statement: str) -> str:
    """How a message goes on that says that there are no rows: with texts that are like those of the statement."""
    texts = [piece["text"].replace("''", "'").strip("%") for piece in _PIECES.finditer(statement) if piece["text"]]
    held = dict(_values(connection, statement)) if texts else {}
    said = []
    for text in dict.fromkeys(texts):
        folded = _folded(text)
        if not folded or any(text in values for values in held.values()):
            continue
        for column, values in held.items():
            like = {_folded(value): value for value in values}
            same = [folded] if folded in like else difflib.get_close_matches(folded, like, n=NEAR, cutoff=ALIKE)
            if near := [like[each] for each in same or like if same or folded in each]:
                said.append(f"{escaped(column)} has no {_shown(text)}, but {', '.join(map(_shown, near[:NEAR]))}")
                break
    return "".join(f"; {text}" for text in said[:TEXTS])


def _values(connection: sqlite3.Connection, statement: str) -> Iterator[tuple[str, list[str]]]:
    """The texts of each column of the tables that a statement names."""
    words = {(piece["word"] or piece["name"] or "").casefold() for piece in _PIECES.finditer(statement)}
    tables = [table for table in tables_of(connection) if table.casefold() in words]
    columns = [(table, column) for table in tables for column in columns_of(connection, table)]
    columns.sort(key=lambda each: each[1].casefold() not in words)
    for table, column in columns[:COLUMNS]:
        name = quoted(column)
        rows = connection.execute(
            f"SELECT DISTINCT {name} FROM {quoted(table)} WHERE typeof({name}) = 'text' LIMIT {VALUES}"
        )
        yield column, [str(value) for (value,) in rows]


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _shown(text: str) -> str:
    return "'" + escaped(text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]}…").replace("'", "''") + "'"
