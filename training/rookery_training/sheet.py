"""A table that somebody keeps, with a question to it and the SQL that answers it. Knows nothing of calls."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from typing import Any

from rookery_plugins.data.inside.schema import as_written
from rookery_training.values import draw


@dataclass(slots=True)
class Query:
    """A question with slots, and the parts of the statement that answers it; columns stand in brackets."""

    ask: str
    kind: str
    what: str
    where: list[str] = field(default_factory=list)
    tail: str = ""
    slots: dict[str, str] = field(default_factory=dict)
    words: str = "rows"
    """How the answer is put: a number of things, one value, one row, or rows."""

    @property
    def columns(self) -> list[str]:
        """Those that it needs."""
        return list(dict.fromkeys(re.findall(r"\[(\w+)\]", " ".join([self.what, *self.where, self.tail]))))


@dataclass(slots=True)
class Sheet:
    """A table with a question."""

    stems: str
    tables: tuple[str, ...]
    """What it may be called in a database."""
    columns: list[str]
    kinds: list[str]
    """TEXT, REAL or INTEGER for each column."""
    rows: list[list[Any]]
    query: Query
    item: str = ""
    """The column of names that may be a table of its own; "" where there is none."""
    others: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What a column could have been called as well."""

    def statement(self, table: str, named: dict[str, str] | None = None, joined: str = "") -> str:
        """The SQL; `named` says how columns are written, where that is not their name."""
        query = self.query
        where = f" WHERE {' AND '.join(query.where)}" if query.where else ""
        made = f"SELECT {query.what} FROM {table}{joined}{where}{query.tail}"
        return re.sub(r"\[(\w+)\]", lambda found: (named or {}).get(found[1], found[1]), made)


def styled(names: list[str], rng: random.Random) -> list[str]:
    """The names of columns in one style; none that would have to be put in quotes."""
    style = rng.choice(["", "", "", "", "title", "upper", "camel"])
    made = [name if as_written(name) == name else f"{name}_name" for name in names]
    match style:
        case "title":
            return [name[0].upper() + name[1:] for name in made]
        case "upper":
            return [name.upper() for name in made]
        case "camel":
            return [re.sub(r"_(\w)", lambda found: found[1].upper(), name) for name in made]
    return made


def few(kind: str, count: int, rng: random.Random) -> list[str]:
    """Different values, none of them part of another."""
    made: list[str] = []
    for _ in range(count * 8):
        value = str(draw(kind, rng).argument)
        near = any(value.lower() in had.lower() or had.lower() in value.lower() for had in made)
        if len(made) < count and not near and not re.search(r"['\",;\t]", value):
            made.append(value)
    return made


def as_number(text: str) -> Any:
    """The value as a number where it is one."""
    if re.fullmatch(r"0|[1-9]\d*", text):
        return int(text)
    return float(text) if re.fullmatch(r"\d+\.\d+", text) else text


def literal(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value)
