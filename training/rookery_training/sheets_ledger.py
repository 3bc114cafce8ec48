"""Tables of an item, an amount and a day, read from ledgers/*.toml, asked for sums, counts and the like."""

from __future__ import annotations

import random
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rookery_training.pools import POOLS
from rookery_training.sheet import Query, Sheet, as_number, few, styled
from rookery_training.values import draw
from rookery_training.workspace_files import number

FOLDER = Path(__file__).resolve().parents[1] / "ledgers"
ABSENT = 0.06
"""How often what is asked about is not in the table."""
BESIDE = {
    "note": "word", "no": "integer 1 900", "ref": "code", "remark": "color", "account": "integer 100 990",
}  # fmt: skip
"""Columns that nobody asks about, and their kinds."""
LEDGER_KINDS = {
    "total": 0.32, "count": 0.12, "average": 0.12, "most": 0.12, "per": 0.08, "top": 0.1, "last": 0.06, "over": 0.08,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the rows of a table are about, and questions to it."""

    stems: str
    tables: tuple[str, ...]
    item: tuple[str, ...]
    of: str
    amount: tuple[str, ...]
    bounds: str
    day: tuple[str, ...]
    of_item: str
    asks: dict[str, tuple[str, ...]]


def load_ledgers(folder: Path = FOLDER) -> tuple[Ledger, ...]:
    """All of them."""
    written = [
        entry
        for path in sorted(folder.glob("*.toml"))
        for entry in tomllib.loads(path.read_text(encoding="utf-8"))["ledger"]
    ]
    return tuple(
        Ledger(
            stems=made["stems"],
            tables=tuple(made["tables"]),
            item=tuple(made["item"]),
            of=made["of"],
            amount=tuple(made["amount"]),
            bounds=made["bounds"],
            day=tuple(made["day"]),
            of_item=made["for"],
            asks={kind: tuple(made[kind]) for kind in LEDGER_KINDS},
        )
        for made in written
    )


def of_ledger(ledger: Ledger, rng: random.Random) -> Sheet | None:
    item, amount, day = styled([rng.choice(ledger.item), rng.choice(ledger.amount), rng.choice(ledger.day)], rng)
    items = few(ledger.of, rng.randint(3, 5), rng)
    by_month = rng.random() < 0.12
    year = rng.randint(2021, 2026)
    months = sorted(rng.sample(range(1, 13), rng.randint(2, 4)))
    dates = sorted((rng.choice(months), rng.randint(1, 28)) for _ in range(rng.randint(5, 26)))
    rows: list[list[Any]] = []
    for month, n in dates:
        when = POOLS["month"][month - 1] if by_month else f"{year}-{month:02}-{n:02}"
        rows.append([when, rng.choice(items), as_number(number(ledger.bounds, rng))])
    whole = all(isinstance(row[2], int) for row in rows)
    columns = ["month" if by_month else day, item, amount]
    kinds = ["TEXT", "TEXT", "INTEGER" if whole else "REAL"]
    query = _asked(ledger, columns, rows, rng, by_month=by_month)
    if query is None or len({*map(str.lower, columns)}) < 3:
        return None
    beside = [name for name in rng.sample(list(BESIDE), rng.choice([0, 0, 1, 1, 2])) if name not in columns]
    for name in beside:
        columns.append(name)
        kinds.append("INTEGER" if BESIDE[name].startswith("integer") else "TEXT")
        rows = [[*row, draw(BESIDE[name], rng).argument] for row in rows]
    order = rng.sample(range(len(columns)), len(columns)) if rng.random() < 0.4 else list(range(len(columns)))
    others = {item: ledger.item, amount: ledger.amount, day: ledger.day}
    return Sheet(
        ledger.stems, ledger.tables, [columns[n] for n in order], [kinds[n] for n in order],
        [[row[n] for n in order] for row in rows], query, item, others,
    )  # fmt: skip


def _asked(
    ledger: Ledger, columns: list[str], rows: list[list[Any]], rng: random.Random, *, by_month: bool
) -> Query | None:
    """A question to a ledger; None where it would not have one answer."""
    day, item, amount = columns
    kind = rng.choices(list(LEDGER_KINDS), list(LEDGER_KINDS.values()))[0]
    if kind == "last" and by_month:
        return None
    ask = rng.choice(ledger.asks[kind])
    some = rng.choice(rows)
    slots: dict[str, str] = {}
    where: list[str] = []
    chosen = rows
    of = "{of}" in ask and rng.random() < 0.62
    if of:
        seen = {row[1] for row in rows}
        lacking = [name for name in few(ledger.of, 3, rng) if not any(name in had or had in name for had in seen)]
        name = rng.choice(lacking) if lacking and rng.random() < ABSENT else some[1]
        slots["item"] = name
        where.append(f"[{item}] = '{name}'")
        chosen = [row for row in chosen if row[1] == name]
    when = ""
    if "{when}" in ask and rng.random() < 0.6:
        when, clause, chosen = _when(kind, day, some[0], chosen, slots, rng)
        where.append(clause)
    what, tail, words = {
        "total": (f"sum([{amount}])", "", "one"),
        "count": ("count(*)", "", "count"),
        "average": (f"round(avg([{amount}]), 2)", "", "one"),
        "most": (
            (f"max([{amount}])", "", "one")
            if of
            else (f"[{item}], [{amount}]", f" ORDER BY [{amount}] DESC LIMIT 1", "row")
        ),
        "per": (f"[{item}], sum([{amount}])", f" GROUP BY [{item}]", "rows"),
        "top": (f"[{item}], sum([{amount}])", f" GROUP BY [{item}] ORDER BY sum([{amount}]) DESC LIMIT 1", "row"),
        "last": (f"max([{day}])", "", "one"),
        "over": (f"[{item}], [{amount}]", "", "rows"),
    }[kind]
    if kind == "over":
        top = sorted({row[2] for row in rows}, reverse=True)[: rng.randint(2, 5)]
        limit = int(top[-1])
        slots["n"] = str(limit)
        where.append(f"[{amount}] > {limit}")
        chosen = [row for row in rows if row[2] > limit]
        if not 1 <= len(chosen) <= 5:
            return None
    if not chosen and kind in ("most", "per", "top"):
        return None
    if kind == "most" and sum(row[2] == max(row[2] for row in chosen) for row in chosen) > 1 and not of:
        return None
    ask = ask.replace("{of}", ledger.of_item if of else "").replace("{when}", when)
    return Query(ask, kind, what, where, tail, slots, words)


def _when(
    asked: str, day: str, some: str, rows: list[list[Any]], slots: dict[str, str], rng: random.Random
) -> tuple[str, str, list[list[Any]]]:
    """A span of time as it is said, the condition, and the rows within."""
    if "-" not in some:
        slots["month"] = some
        return " in {month}", f"[{day}] = '{some}'", [row for row in rows if row[0] == some]
    year, month, n = some.split("-")
    name = POOLS["month"][int(month) - 1]
    kind = rng.choice(["month", "month", "month year", "month year", "since", "before"])
    kind = "day" if asked in ("total", "count") and rng.random() < 0.15 else kind
    said = rng.choice([f"{int(n)} {name} {year}", f"{name} {int(n)}, {year}", some])
    match kind:
        case "since":
            slots["since"] = said
            return " since {since}", f"[{day}] >= '{some}'", [row for row in rows if row[0] >= some]
        case "before":
            slots["before"] = said
            return " before {before}", f"[{day}] < '{some}'", [row for row in rows if row[0] < some]
        case "day":
            slots["on"] = said
            return " on {on}", f"[{day}] = '{some}'", [row for row in rows if row[0] == some]
    slots["month"] = name if kind == "month" else f"{name} {year}"
    within = f"{year}-{month}"
    return " in {month}", f"[{day}] LIKE '{within}%'", [row for row in rows if row[0].startswith(within)]
