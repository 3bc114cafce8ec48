"""Tables of records by their schemas, asked for one value, the largest, all that are so, and the like."""

from __future__ import annotations

import random
import re
from typing import Any

from rookery_training.records_schema import Column, Schema
from rookery_training.sheet import Query, Sheet, as_number, few, literal, styled
from rookery_training.values import draw

TRIES = 5
RECORD_KINDS = {
    "one": 0.2, "back": 0.1, "most": 0.16, "least": 0.12, "which": 0.08, "mean": 0.1, "above": 0.09, "both": 0.08,
    "each": 0.07, "part": 0.06,
}  # fmt: skip


def fits(schema: Schema) -> bool:
    return 1 < len(schema.columns) < 5 and not schema.single


def of_schema(schema: Schema, rng: random.Random) -> Sheet | None:
    columns = [schema.key, *schema.columns]
    names = styled([_label(column, rng) for column in columns], rng)
    keys = few(schema.key.kind, rng.randint(4, 16), rng)
    rows = [[as_number(key), *(_cell(column, rng) for column in columns[1:])] for key in keys]
    if len({*map(str.lower, names)}) < len(names) or any("'" in str(cell) for row in rows for cell in row):
        return None
    query = next((made for _ in range(TRIES) if (made := _about(schema, names, rows, rng)) is not None), None)
    kinds = [_kind([row[n] for row in rows]) for n in range(len(columns))]
    if query is None:
        return None
    others: dict[str, tuple[str, ...]] = {
        name: (column.label, column.said.replace(" ", "_")) for name, column in zip(names, columns, strict=True)
    }
    stems = re.sub(r"\W+", "_", schema.items)
    return Sheet(stems, (stems, f"all_{stems}"), names, kinds, rows, query, "", others)


def _about(schema: Schema, names: list[str], rows: list[list[Any]], rng: random.Random) -> Query | None:
    """A question to the records; None where it would not have one answer, or a short one."""
    kind = rng.choices(list(RECORD_KINDS), list(RECORD_KINDS.values()))[0]
    at = rng.randrange(1, len(names))
    column, name, key = schema.columns[at - 1], names[at], names[0]
    values = [row[at] for row in rows]
    some = rng.choice(rows)
    numeric = column.nature == "number"
    slots = {"item": schema.item, "items": schema.items, "said": column.said}
    match kind:
        case "one":
            slots["key"] = str(some[0])
            ask = rng.choice(column.ask)
            return Query(ask, kind, f"[{name}]", [f"[{key}] = {literal(some[0])}"], "", slots, "one")
        case "back" if column.back and values.count(some[at]) == 1:
            slots["value"] = str(some[at])
            ask = rng.choice(column.back)
            return Query(ask, kind, f"[{key}]", [f"[{name}] = {literal(some[at])}"], "", slots, "one")
        case "most" | "least" if getattr(column, kind):
            bound = max(values) if kind == "most" else min(values)
            down = " DESC" if kind == "most" else ""
            ask = rng.choice(getattr(column, kind))
            tail = f" ORDER BY [{name}]{down} LIMIT 1"
            made = Query(ask, kind, f"[{key}], [{name}]", [], tail, slots, "row")
            return made if values.count(bound) == 1 else None
        case "which" | "both" if column.values:
            value = str(some[at])
            held = [row for row in rows if row[at] == value]
            where = [f"[{name}] = '{value}'"]
            asks = column.which.get(value) or (("which {items} are {value}",) if column.adjective else ())
            slots["value"] = value
            if kind == "which":
                ask = rng.choice([*asks, "which {items} have {value} as their {said}"])
                return Query(ask, kind, f"[{key}]", where, "", slots) if len(held) < 7 else None
            return _both(schema, names, held, where, slots, rng, plain=column.adjective)
        case "mean" if numeric and column.unit:
            ask = rng.choice(["what is the {said} on average", "the average {said} of the {items}, what is it"])
            return Query(ask, kind, f"round(avg([{name}]), 2)", [], "", slots, "one")
        case "above" if numeric:
            return _above(column, key, name, rows, at, slots, rng)
        case "each" if column.values:
            ask = rng.choice(["how many {items} are there for each {said}", "count the {items} by {said}"])
            return Query(ask, kind, f"[{name}], count(*)", [], f" GROUP BY [{name}]", slots)
        case "part" if schema.key.kind in ("person", "company") and " " in str(some[0]):
            part = str(some[0]).rpartition(" ")[2] if schema.key.kind == "person" else str(some[0]).partition(" ")[0]
            slots["key"] = part
            held = [row for row in rows if part.lower() in str(row[0]).lower()]
            ask = rng.choice(column.ask)
            made = Query(ask, kind, f"[{key}], [{name}]", [f"[{key}] LIKE '%{part}%'"], "", slots, "row")
            return made if len(held) == 1 and len(part) > 3 else None
    return None


def _both(
    schema: Schema,
    names: list[str],
    held: list[list[Any]],
    where: list[str],
    slots: dict[str, str],
    rng: random.Random,
    *,
    plain: bool,
) -> Query | None:
    """How many have this value, or which of them have more than so much as well."""
    if rng.random() < 0.4:
        ask = "how many {items} are {value}" if plain else "how many {items} have {value} as their {said}"
        return Query(ask, "both", "count(*)", where, "", slots, "count")
    able = [n for n, column in enumerate(schema.columns, 1) if column.nature == "number"]
    if not able or len(held) < 2:
        return None
    at = rng.choice(able)
    limit = int(sorted(row[at] for row in held)[-2])
    kept = [row for row in held if row[at] > limit]
    slots |= {"said2": schema.columns[at - 1].said, "n": str(limit)}
    ask = "which {items} have {value} as their {said} and a {said2} above {n}"
    where = [*where, f"[{names[at]}] > {limit}"]
    return Query(ask, "both", f"[{names[0]}]", where, "", slots) if 0 < len(kept) < 6 else None


def _above(
    column: Column, key: str, name: str, rows: list[list[Any]], at: int, slots: dict[str, str], rng: random.Random
) -> Query | None:
    ordered = sorted(row[at] for row in rows)
    over = rng.random() < 0.6
    limit = int(ordered[-rng.randint(2, 4)]) if over else int(ordered[rng.randint(1, 3)]) + 1
    sign, word = (">", "above") if over else ("<", "below")
    kept = [row for row in rows if (row[at] > limit if over else row[at] < limit)]
    slots["n"] = f"{limit}{f' {column.unit}' if column.unit else ''}"
    counted = rng.random() < 0.35
    ask = rng.choice(["{w} {items} have a {said} {b} {n}", "{w} {items} are {b} {n} with their {said}"])
    ask = ask.replace("{w}", "how many" if counted else "which").replace("{b}", word)
    where = [f"[{name}] {sign} {limit}"]
    if counted:
        return Query(ask, "above", "count(*)", where, "", slots, "count")
    return Query(ask, "above", f"[{key}], [{name}]", where, "", slots) if 0 < len(kept) < 6 else None


def _label(column: Column, rng: random.Random) -> str:
    """What the column is called in the table; not always as it is said."""
    label = re.sub(r"\W+", "_", column.label)
    unit = column.unit if column.unit.isascii() and column.unit.isalpha() else ""
    made = rng.choice([label, label, f"{label}_{unit.lower()}" if unit else label, column.said.replace(" ", "_")])
    return re.sub(r"\W+", "_", made)


def _cell(column: Column, rng: random.Random) -> Any:
    return as_number(re.sub(r"[\",;\t]", "", str(draw(column.kind, rng).argument)))


def _kind(values: list[Any]) -> str:
    """As what a database keeps them."""
    if all(isinstance(value, int) for value in values):
        return "INTEGER"
    return "TEXT" if any(isinstance(value, str) for value in values) else "REAL"
