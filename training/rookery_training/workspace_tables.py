"""Scenarios in which a table or a database is looked at first, then asked with SQL, and a wrong statement is mended.

The request speaks as people do: it names no column, or calls it otherwise than the table does.
"""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from typing import Any

from rookery_training import workspace_files as files
from rookery_training.fixed_words import HAS_RESULT, NOT_THERE
from rookery_training.sheet import Query, Sheet
from rookery_training.stage_data import cells
from rookery_training.values import Value
from rookery_training.workspace_play import Kinds, Play

COLUMNS = "I need its columns first."
TABLES = "I need its tables first."
UNLOOKED, MISTAKEN = 0.17, 0.1
"""How often there is a wrong statement before the table was looked at, or after."""
FOLDER = 0.12
"""How often only the folder of the file is known."""
JOINED, BESIDE = 0.3, 0.5
"""How often the names are in a table of their own, or else another table is beside it."""
NO_NOUNS = ("who", "whose", "what", "against", "child", "staff")
FIGURES = {
    "total": "sum", "count": "count", "average": "average", "mean": "average", "most": "largest", "least": "smallest",
}  # fmt: skip
"""What aggregate_table is to work out for a kind of question."""
CONDITIONS = {True: {"item", "month", "on"}, False: {"value"}}
"""Slots of a question that say which rows it is about, where the rows are of items, and where they are records."""
MANY = 6
"""Rows that an answer names one by one."""


class _Asking:
    """The calls of one question, in one file."""

    def __init__(self, play: Play, tool: str, sheet: Sheet, path: str, table: str) -> None:
        self.play, self.rng, self.tool, self.sheet, self.path, self.table = play, play.rng, tool, sheet, path, table
        self.named: dict[str, str] = {}
        self.joined = ""

    def begin(self, content: str | bytes) -> None:
        """Puts the file there and asks."""
        play, rng, path = self.play, self.rng, self.path
        query = self.sheet.query
        folder = path.rpartition("/")[0]
        hidden = bool(folder) and play.can("list_files") and rng.random() < FOLDER
        others = {} if hidden else files.others(rng, [path], [], rng.randint(0, 1))
        slots = {"given" if name == "value" else name: said for name, said in query.slots.items()}
        play.made.say(**slots)  # the answer has a value of its own
        said = play.phrases.pick("table", "only").replace("{folder}", folder) if hidden else path
        play.made.scene["path"] = Value(said, path)
        play.begin({path: content, **others})
        frame = play.phrases.pick("table", "ask")
        play.made.ask = play.phrases.typed(frame.replace("{q}", query.ask.rstrip("?.").replace("{value}", "{given}")))
        play.made.kind = f"table {self.tool} {query.kind}"
        if hidden:
            play.do("list_files", play.maybe("I don't know the file's name yet."), folder=folder)

    def sql(self) -> str:
        return self.sheet.statement(self.table, self.named, self.joined)

    def look(self) -> str:
        return self.play.do(self.tool, COLUMNS if self.tool == "query_table" else TABLES, path=self.path)

    def ask(self, sql: str, first: str = "", *, learn: bool = True) -> str:
        return self.play.do(self.tool, first, learn=learn, path=self.path, sql=sql)

    def plan(self) -> str:
        """The thought that names the columns the statement is made of, as they are called."""
        written = [self.named.get(name, name) for name in self.sheet.query.columns]
        tables = f" of {self.table}" if self.tool == "query_database" and not self.joined else ""
        return f"I need {_listed(written)}{tables}." if written else f"I count the rows of {self.table}."

    def wrong(self, looked: bool) -> tuple[str, str] | None:
        """A statement that does not work, and the thought that mends it; None where none is to be had."""
        sheet, rng, sql = self.sheet, self.rng, self.sql()
        made: list[tuple[str, str]] = []
        if self.joined:
            return None
        taken = {name.lower() for name in sheet.columns}
        for column in sheet.query.columns:
            for other in sheet.others.get(column, ()):
                if other.lower() not in taken:
                    made.append((_renamed(sql, column, other), f"The column is called {column}."))
        if self.tool == "query_table" and not looked:
            stem = re.sub(r"\W+", "_", self.path.rpartition("/")[2].partition(".")[0])
            made.append((sql.replace("FROM data", f"FROM {stem}"), "The table is called data."))
        text = re.search(r" = '([A-Za-z]+)'", sql)
        if text:
            made.append((sql.replace(f"'{text[1]}'", text[1]), f"{text[1]} is a text, so it needs quotes."))
        return rng.choice(made) if made else None

    def figure(self) -> bool | None:
        """One call for the figure where that needs no SQL, else None; False where nothing comes of it."""
        play, query, slots = self.play, self.sheet.query, self.sheet.query.slots
        what = FIGURES.get(query.kind, "count" if query.kind == "both" and query.words == "count" else "")
        conditions = CONDITIONS[bool(self.sheet.item)] & {*slots}
        spoken = [name for name in re.findall(r"\{(\w+)\}", query.ask) if name in conditions]
        if (
            not what
            or {*slots} - {*spoken, "said", "items", "item"}
            or re.search(r"[,;]| and ", "".join(slots.values()))
        ):
            return None
        if {*spoken} != conditions or not re.fullmatch(r"\d{4}-\d\d-\d\d", slots.get("on", "2000-01-01")):
            return None
        named = slots["said"] if what != "count" and "{said}" in query.ask else ""
        rows = ", ".join(slots[name] for name in spoken)
        said_of_it = {"path": self.path, "what": what, "rows": rows, "column": named}
        arguments: dict[str, Any] = {name: value for name, value in said_of_it.items() if value}
        play.made.kind = f"table aggregate_table {query.kind}"
        said = play.do("aggregate_table", **arguments)
        if said.startswith(("say which column", "no column is called")):
            column = re.findall(r"\[(\w+)\]", query.what)[-1]
            said = play.do("aggregate_table", f"The numbers are in {column}.", **arguments | {"column": column})
        if said.startswith("no row has"):
            play.made.say(sought=(lacking := slots[spoken[0]]))
            return len(spoken) == 1 and play.answer("reply", "table_none", thought=NOT_THERE, says=[lacking])
        head = said.partition("\n")[0]
        if what == "count":
            n = re.findall(r"\d+", head)[0]
            play.made.say(value=n)
            return play.answer("reply", "table_single" if n == "1" else "table_count", says=[n])
        number = head.rpartition(": ")[2]
        if query.words == "row":
            (item,) = re.findall(r"\[(\w+)\]", query.what)[:1]
            held = cells(said)
            if len(held) != 1:
                return False
            value = _neat(held[0][self.sheet.columns.index(item)])
            play.made.say(value=value, number=number)
            return play.answer("reply", "table_row", says=[value, number])
        play.made.say(value=number)
        return bool(number[-1:].isdigit()) and play.answer("reply", "table_one", says=[number])

    def play_out(self) -> bool:
        """All calls, and the answer."""
        draw = self.rng.random()
        unlooked = self.wrong(looked=False) if draw < UNLOOKED else None
        database = self.tool == "query_database"
        if unlooked and database and self.rng.random() < 0.5:  # what tables there are has to be seen then
            other = next((name for name in self.sheet.tables if name != self.table), "")
            if not other or "no such table" not in self.ask(self.sheet.statement(other), learn=False):
                return False
            self.look()
            return self.end(self.ask(self.sql(), self.plan()))
        if unlooked:
            said = self.ask(unlooked[0], learn=False)
            return said.startswith("SQLite says: no such") and self.end(self.ask(self.sql(), unlooked[1]))
        self.look()
        mistaken = self.wrong(looked=True) if draw > 1 - MISTAKEN else None
        if mistaken and not self.ask(mistaken[0], self.plan(), learn=False).startswith("SQLite says: no such"):
            return False
        return self.end(self.ask(self.sql(), mistaken[1] if mistaken else self.plan()))

    def end(self, said: str) -> bool:
        """The answer to what the statement brought; False where it brought what nobody would want to read."""
        play, query = self.play, self.sheet.query
        if said.startswith("SQLite says"):
            return False
        rows = cells(said)
        name = _sought(query)
        if not rows or rows == [["NULL"]] or (rows == [["0"]] and name):
            play.made.say(sought=name)
            return bool(name) and play.answer("reply", "table_none", thought=NOT_THERE, says=[name])
        shown = [[_neat(cell) for cell in row] for row in rows]
        if len(rows) > MANY or any("…" in cell or cell == "NULL" for row in rows for cell in row):
            return False
        match query.words:
            case "count":
                play.made.say(value=shown[0][0])
                return play.answer("reply", "table_single" if shown[0][0] == "1" else "table_count", says=[shown[0][0]])
            case "one" if len(rows) == 1 and len(rows[0]) == 1:
                play.made.say(value=shown[0][0])
                return play.answer("reply", "table_one", says=[shown[0][0]])
            case "row" if len(rows) == 1 and len(rows[0]) == 2:
                play.made.say(value=shown[0][0], number=shown[0][1])
                return play.answer("reply", "table_row", says=shown[0])
            case "rows":
                lines = [": ".join(row) for row in shown]
                flat = ", ".join(lines) if len(shown[0]) == 1 else "\n".join(f"- {line}" for line in lines)
                play.made.thought, play.made.answer = HAS_RESULT, flat
                play.made.says = [row[0] for row in shown][:3]
                return True
        return False


def _renamed(sql: str, column: str, other: str) -> str:
    """The statement with another name for a column; what stands in quotes is left."""
    pieces = sql.split("'")
    pieces[::2] = [re.sub(rf"\b{re.escape(column)}\b", other, piece) for piece in pieces[::2]]
    return "'".join(pieces)


def _sought(query: Query) -> str:
    return query.slots.get("item", "") if query.kind in ("total", "count", "average", "most", "last") else ""


def _neat(cell: str) -> str:
    return cell.replace("\\|", "|")


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _path(play: Play, sheet: Sheet, ending: str) -> str:
    inside = play.rng.choice(["", f"{files.folder(play.rng)}/"])
    return f"{inside}{files.stem(sheet.stems, play.rng).replace('-', play.rng.choice('-_'))}.{ending}"


def table(play: Play) -> bool:
    """A question to a table in a file."""
    rng, sheet = play.rng, play.sheets.draw()
    if sheet is None:
        return False
    ending = rng.choices(["csv", "tsv", "json"], [0.85, 0.08, 0 if play.can("query_json") else 0.07])[0]
    mark = "\t" if ending == "tsv" else rng.choice([",", ",", ",", ";"])
    content = "\n".join(mark.join(map(str, row)) for row in [sheet.columns, *sheet.rows]) + "\n"
    if ending == "json":
        made = [dict(zip(sheet.columns, row, strict=True)) for row in sheet.rows]
        content = json.dumps(made, indent=rng.choice([None, 1])) + "\n"
    asking = _Asking(play, "query_table", sheet, _path(play, sheet, ending), "data")
    asking.begin(content)
    figure = asking.figure() if play.can("aggregate_table") else None
    return asking.play_out() if figure is None else figure


def database(play: Play) -> bool:
    """A question to a database, whose rows may be in two tables."""
    rng, sheet = play.rng, play.sheets.draw()
    beside = play.sheets.draw()
    if sheet is None or beside is None:
        return False
    name = rng.choice(sheet.tables)
    asking = _Asking(play, "query_database", sheet, _path(play, sheet, rng.choice(["db", "db", "sqlite"])), name)
    with closing(sqlite3.connect(":memory:")) as connection:
        if sheet.item and rng.random() < JOINED:
            _apart(connection, asking)
        else:
            _made(connection, name, sheet.columns, sheet.kinds, sheet.rows)
            if rng.random() < BESIDE and beside.tables[0] not in sheet.tables:
                _made(connection, beside.tables[0], beside.columns[:3], beside.kinds[:3], beside.rows[:4])
        connection.commit()
        content = connection.serialize()
    asking.begin(content)
    return asking.play_out()


def _made(
    connection: sqlite3.Connection, table: str, columns: list[str], kinds: list[str], rows: list[list[Any]]
) -> None:
    told = ", ".join(f"{name} {kind}" for name, kind in zip(columns, kinds, strict=False))
    connection.execute(f"CREATE TABLE {table} ({told})")
    marks = ", ".join("?" for _ in columns)
    connection.executemany(f"INSERT INTO {table} VALUES ({marks})", [row[: len(columns)] for row in rows])


def _apart(connection: sqlite3.Connection, asking: _Asking) -> None:
    """Puts the names into a table of their own, to which each row refers."""
    sheet, name = asking.sheet, asking.table
    at = sheet.columns.index(sheet.item)
    items = sorted({row[at] for row in sheet.rows})
    stem = sheet.item.lower()
    if "_" in stem or stem in NO_NOUNS or name.startswith(stem.removesuffix("y")):
        stem = "name"
    other, key = f"{re.sub('y$', 'ie', stem)}s", f"{stem}_id"
    connection.execute(f"CREATE TABLE {other} (id INTEGER PRIMARY KEY, name TEXT)")
    connection.executemany(f"INSERT INTO {other} (name) VALUES (?)", [(item,) for item in items])
    told = [f"{column} {kind}" for column, kind in zip(sheet.columns, sheet.kinds, strict=True)]
    told[at] = f"{key} INTEGER REFERENCES {other}(id)"
    connection.execute(f"CREATE TABLE {name} ({', '.join(told)})")
    rows = [[*row[:at], items.index(row[at]) + 1, *row[at + 1 :]] for row in sheet.rows]
    connection.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' for _ in told)})", rows)
    if sheet.item in sheet.query.columns:
        asking.joined = f" JOIN {other} ON {name}.{key} = {other}.id"
        asking.named = {column: f"{name}.{column}" for column in sheet.columns} | {sheet.item: f"{other}.name"}


TABLES_ASKED: Kinds = {
    "table": (0.6, ("query_table",), table),
    "database": (0.3, ("query_database",), database),
}
