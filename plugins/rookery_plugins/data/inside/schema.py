"""What a database holds, told so that a statement about it can be written: tables, columns, types, first rows."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from rookery_plugins.data.inside.tables import CHARS, COLUMNS, Value, escaped, grid, label, rows_text

SAMPLE_ROWS = 3
WHOLE_ROWS = 6
"""A table of at most so many rows is told whole: its values are what a statement has to spell."""
SAMPLED_TABLES = 8
COUNTED = 1_000_000
TABLES = 200
"""Of which columns are told; of more, the names."""

_HIDDEN = 1
"""Of a virtual table: a column that is an argument."""


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    text: str
    """With its type and what it refers to."""


def tables_of(connection: sqlite3.Connection) -> list[str]:
    """The names of tables and views; not those in which an index of words keeps its data."""
    rows = connection.execute(
        "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        " ORDER BY type, name COLLATE NOCASE"
    )
    names = [str(name) for (name,) in rows]
    try:
        listed = connection.execute("SELECT name FROM pragma_table_list WHERE type = 'shadow'").fetchall()
    except sqlite3.Error:  # SQLite before 3.37
        listed = []
    inner = {name for (name,) in listed}
    return [name for name in names if name not in inner]


def columns_of(connection: sqlite3.Connection, table: str) -> list[str]:
    """The names of a table's columns."""
    return [column.name for column in _columns(connection, table)]


def described(connection: sqlite3.Connection, name: str) -> str:
    """All tables of the database called `name`, each with its columns, the number of its rows and the first ones."""
    tables = tables_of(connection)
    if not tables:
        return f"{name} is a database without tables"
    views = {view for (view,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'view'")}
    sampled, chars = len(tables) <= SAMPLED_TABLES, CHARS // min(len(tables), SAMPLED_TABLES)
    made: list[str] = []
    size = 0
    for n, table in enumerate(tables):
        block = _table(connection, table, sampled=sampled, view=table in views, chars=chars)
        size += len(block)
        if n and (size > CHARS or n >= TABLES):
            left = ", ".join(escaped(left) for left in tables[n:])
            made.append(f"{len(tables) - n} more: {left[: CHARS // 4]}{'…' if len(left) > CHARS // 4 else ''}")
            break
        made.append(block)
    return ("\n\n" if sampled else "\n").join(made)


def count(connection: sqlite3.Connection, table: str) -> str:
    """How many rows a table has, in words."""
    wanted = f"SELECT count(*) FROM (SELECT 1 FROM {quoted(table)} LIMIT {COUNTED + 1})"
    (n_rows,) = connection.execute(wanted).fetchone()
    return f"more than {COUNTED} rows" if n_rows > COUNTED else rows_text(n_rows)


def quoted(name: str) -> str:
    """A name as it is written in a statement."""
    return '"' + name.replace('"', '""') + '"'


def as_written(name: str) -> str:
    """A name as it is best written in a statement: in quotes only where it needs them."""
    plain = name.isascii() and name.isidentifier() and name.upper() not in _WORDS
    return name if plain else quoted(name)


def _table(connection: sqlite3.Connection, table: str, *, sampled: bool, view: bool, chars: int) -> str:
    head = f"{'view' if view else 'table'} {label(as_written(table))}"
    try:
        columns = _columns(connection, table)
        rows = "" if view else f", {count(connection, table)}"
        samples: list[list[Value]] = []
        if sampled and not view:
            read = connection.execute(f"SELECT * FROM {quoted(table)} LIMIT {WHOLE_ROWS + 1}")
            samples = [list(row[:COLUMNS]) for row in read]
    except sqlite3.Error as exc:
        return f"{head}: cannot be read, SQLite says: {exc}"
    texts = [label(column.text) for column in columns[:COLUMNS]]
    if len(columns) > COLUMNS:
        head += f" (the first {COLUMNS} of {len(columns)} columns)"
    if not samples:
        return f"{head}{rows}: {', '.join(texts)}"
    told = grid(texts, samples if len(samples) <= WHOLE_ROWS else samples[:SAMPLE_ROWS], chars)
    n_told = told.count("\n") - 1
    part = f", the first {n_told} shown" if n_told < len(samples) else ""
    return f"{head}{rows}{part}\n{told}"


def _columns(connection: sqlite3.Connection, table: str) -> list[_Column]:
    refers = {
        str(row[3]): f" -> {as_written(str(row[2]))}" + (f".{as_written(str(row[4]))}" if row[4] else "")
        for row in connection.execute(f"PRAGMA foreign_key_list({quoted(table)})")
    }
    made: list[_Column] = []
    for _, name, declared, _, _, key, hidden in connection.execute(f"PRAGMA table_xinfo({quoted(table)})"):
        if hidden != _HIDDEN:
            text = " ".join(filter(None, [as_written(name), str(declared), "key" if key else ""]))
            made.append(_Column(name, text + refers.get(name, "")))
    return made


_WORDS = frozenset(
    [
        "ADD", "ALL", "ALTER", "AND", "AS", "AUTOINCREMENT", "BETWEEN", "CASE", "CHECK", "COLLATE", "COMMIT",
        "CONSTRAINT", "CREATE", "CROSS", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "DEFAULT",
        "DEFERRABLE", "DELETE", "DISTINCT", "DROP", "ELSE", "ESCAPE", "EXISTS", "FOREIGN", "FROM", "FULL", "GROUP",
        "HAVING", "IN", "INDEX", "INNER", "INSERT", "INTERSECT", "INTO", "IS", "ISNULL", "JOIN", "LEFT", "LIMIT",
        "NATURAL", "NOT", "NOTHING", "NOTNULL", "NULL", "ON", "OR", "ORDER", "OUTER", "PRIMARY", "REFERENCES",
        "RETURNING", "RIGHT", "SELECT", "SET", "TABLE", "THEN", "TO", "TRANSACTION", "UNION", "UNIQUE", "UPDATE",
        "USING", "VALUES", "WHEN", "WHERE",
    ]
)  # fmt: skip
"""Words that SQLite takes for no name, unless in quotes."""
