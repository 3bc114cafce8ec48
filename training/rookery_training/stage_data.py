"""Calls to the tools for tables, JSON and databases, and what is said of their results."""

from __future__ import annotations

import json
import random
import re
import sqlite3
from contextlib import closing
from typing import Any

from rookery_training.errands import FIELDS
from rookery_training.stage import Play, Stage, called, misnamed
from rookery_training.values import draw

OTHERWISE = 0.25
"""How often a column, a key or a table is called a little otherwise than the request says."""
KINDS = {
    "name": "person", "city": "city", "country": "country", "product": "product", "color": "color", "team": "team",
    "author": "person", "owner": "person", "supplier": "company", "brand": "company", "language": "language",
    "material": "material", "room": "room", "title": "book", "customer": "person", "host": "hostname",
    "email": "email", "phone": "phone", "address": "street", "currency": "currency", "version": "version",
}  # fmt: skip
MANY = 7
"""Rows that an answer still names one by one."""


def text_of(label: str, rng: random.Random) -> str:
    """A value for a column of words."""
    return str(draw(KINDS.get(label, "word"), rng).argument).replace("'", "").replace(",", "")


def _number(rng: random.Random, near: str) -> float | int:
    low, high = (1, 2 * int(near)) if near.isdigit() else (2, 900)
    return rng.choice([rng.randint(low, high), rng.randint(low, high), round(rng.uniform(low, high), 1)])


def _rows(stage: Stage, text: str, *, low: int = 2, high: int = 6) -> list[list[Any]]:
    """Rows of a text and a number; the text that was asked for is mostly among them."""
    rng, v = stage.rng, stage.said("v")
    texts = list(dict.fromkeys(text_of(text, rng) for _ in range(rng.randint(low, high))))
    if v and rng.random() < 0.8:
        texts[rng.randrange(len(texts))] = v
    return [[each, _number(rng, stage.said("k"))] for each in texts]


def _renamed(label: str, rng: random.Random) -> str:
    return rng.choice([f"{label}_eur", f"total_{label}", f"{label}_2026", f"{label}s", f"unit_{label}", f"net_{label}"])


def cells(table: str) -> list[list[str]]:
    """The rows of a table as the tools write it, without its head."""
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def told(stage: Stage, said: str, where: str) -> bool:
    """What a person is told of rows."""
    rows = cells(said)
    sql = str(stage.arguments.get("sql", "")).upper()
    if said.startswith(("no rows", "SQLite says")) or not rows:
        return said.startswith("no rows") and stage.is_missing(f"Nothing in {where} fits that.")
    if len(rows) == 1 and len(rows[0]) == 1:
        value = rows[0][0]
        if "COUNT(" in sql:
            return stage.tell(f"There are {value}.", f"{where} has {value}.", value)
        return stage.tell(f"It is {value}.", value, f"That is {value}.", f"{where} says {value}.")
    if len(rows) == 1:
        return stage.tell(f"It is {rows[0][0]}: {', '.join(rows[0][1:])}.", f"{', '.join(rows[0])}.")
    if len(rows) > MANY:
        return stage.tell(f"There are {len(rows)} rows; the first one is {', '.join(rows[0])}.")
    listed = "\n".join(f"- {', '.join(row)}" for row in rows)
    if len(rows[0]) == 1:
        return stage.tell(", ".join(row[0] for row in rows), listed)
    return stage.tell(listed, f"There are {len(rows)}:\n\n{listed}")


def query_table(stage: Stage) -> bool:
    rng, path, sql = stage.rng, stage.arguments["path"], stage.arguments.get("sql", "")
    text = stage.said("t") or rng.choice(FIELDS["text"])
    number = stage.said("n") or rng.choice(FIELDS["number"])
    if "{" in sql or (sql and not set(re.findall(r"[a-z_]+", re.sub(r"'[^']*'", "", sql))) <= {
        text, number, "data", "count", "sum", "avg", "max", "min",
    }):  # fmt: skip
        return False
    other = rng.random() < OTHERWISE and bool(stage.said("n"))
    real = _renamed(number, rng) if other else number
    mark = "\t" if path.endswith(".tsv") else rng.choice([",", ",", ";"])
    rows = _rows(stage, text)
    lines = [mark.join(map(str, row)) for row in [[text, real], *rows]]
    name = misnamed(stage, path)
    stage.set({name: "\n".join(lines) + "\n"})
    said = called(stage, name)
    if "no such column" in said:
        fixed = re.sub(rf"\b{number}\b", real, sql)
        stage.arguments = {**stage.arguments, "sql": fixed}
        said = stage.call(first=f"The column is called {real}.")
    if not sql:
        return stage.tell(
            f"{name} has {len(rows)} rows with the columns {text} and {real}.",
            f"Its columns are {text} and {real}; there are {len(rows)} rows.",
        )
    return told(stage, said, name)


def _database(tables: dict[str, tuple[list[str], list[list[Any]]]], first_id: int) -> bytes:
    """A database with these tables; the numbers of the rows begin with this one."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for table, (columns, rows) in tables.items():
            kinds = ["TEXT", "REAL"]
            made = ", ".join(f"{name} {kind}" for name, kind in zip(columns, kinds, strict=True))
            connection.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, {made})")
            numbered = [[first_id + n, *row] for n, row in enumerate(rows)]
            connection.executemany(f"INSERT INTO {table} VALUES (?, ?, ?)", numbered)
        connection.commit()
        return connection.serialize()


def _tables(stage: Stage, table: str, text: str, number: str) -> dict[str, tuple[list[str], list[list[Any]]]]:
    made = {table: ([text, number], _rows(stage, text))}
    if stage.rng.random() < 0.5:
        beside = stage.rng.choice([name for name in FIELDS["table"] if name not in (table, stage.said("t"))])
        made[beside] = (["name", "count"], [[text_of("name", stage.rng), stage.rng.randint(1, 99)]])
    return made


def _opened(stage: Stage) -> str | None:
    """Makes the database and calls; what it returned at last, None where it does not go together."""
    rng, path, sql = stage.rng, stage.arguments["path"], stage.arguments.get("sql", "")
    table = stage.said("t")
    if sql and not table:
        return None
    table = table or rng.choice(FIELDS["table"])
    text, number = stage.said("c") or rng.choice(FIELDS["text"]), stage.said("n") or rng.choice(FIELDS["number"])
    if text == number or "id" in (text, number):
        return None
    new = sql.startswith("CREATE")
    other = bool(sql) and not new and rng.random() < OTHERWISE
    real = rng.choice([f"all_{table}", f"{table}_2026", f"my_{table}", f"{table}_new"]) if other else table
    tables = _tables(stage, real, text, number)
    if "ADD COLUMN" in sql:
        tables[real] = ([f"old_{text}", number], tables[real][1])
    if new:
        tables = {"settings": (["name", "count"], [["size", 4]])}
    name = misnamed(stage, path)
    meant = re.search(r"WHERE id = (\d+)", sql)
    first_id = max(int(meant[1]) - rng.randint(0, 1), 1) if meant and rng.random() < 0.8 else 1
    stage.set({name: _database(tables, first_id)})
    said = called(stage, name)
    if "no such table" in said:
        stage.arguments = {**stage.arguments, "sql": re.sub(rf"\b{table}\b", real, sql)}
        said = stage.call(first=f"The table is called {real}.")
    return said


def query_database(stage: Stage) -> bool:
    said = _opened(stage)
    if said is None:
        return False
    path = stage.arguments["path"]
    if stage.arguments.get("sql"):
        return told(stage, said, path)
    tables = re.findall(r"^table (\w+), (\d+) row", said, re.MULTILINE)
    if not tables:
        return False
    each = " and ".join(f"{table} with {n} {'row' if n == '1' else 'rows'}" for table, n in tables)
    return stage.tell(f"{path} has the table{'s' * (len(tables) > 1)} {each}.", f"There is {each}.")


def change_database(stage: Stage) -> bool:
    said = _opened(stage)
    if said is None or said.startswith("SQLite says"):
        return False
    first = said.splitlines()[0]
    if first.startswith("nothing would change"):
        return stage.is_missing("No row fits that, so nothing was changed.")
    return stage.tell(f"Done: {first}.", f"{first}.", f"I did it: {first}.")


def query_json(stage: Stage) -> bool:
    rng, expression = stage.rng, str(stage.arguments.get("expression", ""))
    o, k, many, n = (stage.said(slot) for slot in "okln")
    if expression and not (k or many):
        return False
    keys = [key for key in rng.sample(FIELDS["json"], 3) if key != k][:2]

    def item() -> dict[str, Any]:
        named = k or rng.choice(["name", "title"])
        made: dict[str, Any] = {named: text_of(named, rng)}
        if n and n != named:
            made[n] = _number(rng, stage.said("v"))
        return made

    tree: dict[str, Any] = {key: text_of(key, rng) for key in keys}
    nested = bool(k) and expression == k and rng.random() < OTHERWISE
    inside = o or (rng.choice(FIELDS["object"]) if nested else "")
    if many:
        tree[many] = [item() for _ in range(rng.randint(2, 4))]
    elif inside and k:
        tree[inside] = {k: rng.choice([text_of(k, rng), rng.randint(1, 9000)])}
    elif k:
        tree[k] = rng.choice([text_of(k, rng), rng.randint(1, 9000)])
    name = misnamed(stage, stage.arguments["path"])
    stage.set({name: json.dumps(tree, indent=rng.choice([None, 2]), ensure_ascii=False) + "\n"})
    said = called(stage, name)
    if not expression:
        return stage.tell(f"{name} has the keys {', '.join(tree)}.", f"Its keys are {', '.join(tree)}.")
    if said.startswith("null") and nested:
        stage.call(first="I look where it is.", path=name)
        stage.arguments = {"path": name, "expression": f"{inside}.{k}"}
        said = stage.call(first=f"It is in {inside}.")
    if said.startswith(("null", "[]", "(0")) or not said.strip():
        return stage.is_missing(f"There is no such thing in {name}.")
    values = [line.strip().strip('"') for line in said.splitlines() if not re.fullmatch(r"\(\d+ items?\)", line)]
    if said.startswith("{"):
        return stage.tell(f"It is this one:\n\n{said}")
    if len(values) == 1:
        return stage.tell(f"It is {values[0]}.", values[0], f"{name} says {values[0]}.")
    return stage.tell(", ".join(values), "\n".join(f"- {value}" for value in values))


DATA: dict[str, Play] = {
    "query_table": query_table,
    "query_json": query_json,
    "query_database": query_database,
    "change_database": change_database,
}
