"""Scenarios in which something has to be worked out of what a file says, whatever it is called in the request.

The numbers are read, the thought copies their lines, and the calculator has the rest; nothing is added up in the head.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from rookery_training import workspace_files as files
from rookery_training.values import draw
from rookery_training.workspace_chain import Chain
from rookery_training.workspace_play import Kinds, Play

TRIES = 60


@dataclass(slots=True)
class Sum:
    """Lines of a file, those that have the numbers, and what is to be worked out of them."""

    stems: str
    lines: list[str]
    expression: str
    slots: dict[str, str] = field(default_factory=dict)
    reply: str = "chain_number"


def _line(key: str, value: object, rng: random.Random, unit: str = "") -> str:
    return rng.choice(["{}: {}{}", "{} = {}{}", "- {}: {}{}", "{} {}{}"]).format(key, value, unit)


def _money(rng: random.Random, low: float, high: float) -> str:
    return files.number(f"{low} {high} 2", rng)


def _neat(value: float, places: int = 2) -> bool:
    scaled = value * 10.0**places
    return abs(scaled - round(scaled)) < 1e-6


def _share(rng: random.Random) -> Sum | None:
    n = rng.randint(2, 9)
    total = round(n * round(rng.uniform(3, 70), 2), 2)
    shown = f"{total:g}"
    stems = "bill dinner cottage taxi restaurant pizza"
    key = rng.choice(["total", "sum", "to pay", "amount due"])
    return Sum(stems, [_line(key, shown, rng)], f"{shown} / {n}", {"n": str(n)}, "reckon_each")


def _labelled(rng: random.Random, low: int, high: int) -> tuple[files.Document, list[str]] | None:
    document = files.table(rng, numeric=True, low=low, high=high)
    if document.theme is None:
        return None
    pattern = rng.choice(["{}: {}", "{} - {}", "{} {}", "- {}: {}", "{} = {}"])
    return document, [pattern.format(*entry) for entry in document.entries]


def _share_all(rng: random.Random) -> Sum | None:
    n = rng.randint(2, 6)
    items = list({draw(rng.choice(["product", "ingredient"]), rng).said: None for _ in range(rng.randint(2, 4))})
    prices = [_money(rng, 2, 60) for _ in items]
    if len(items) < 2 or not _neat(sum(map(float, prices)) / n):
        return None
    lines = [f"{item}: {price}" for item, price in zip(items, prices, strict=True)]
    slots = {"n": str(n), "many": "prices"}
    return Sum("groceries party shopping picnic", lines, f"({' + '.join(prices)}) / {n}", slots, "reckon_each")


def _part(rng: random.Random) -> Sum | None:
    made = _labelled(rng, 2, 4)
    if made is None:
        return None
    document, lines = made
    label, value = rng.choice(document.entries)
    values = [value for _, value in document.entries]
    if not _neat(float(value) / sum(map(float, values)) * 100):
        return None
    many = document.theme.many if document.theme else ""
    expression = f"{value} / ({' + '.join(values)}) * 100"
    return Sum(document.stem, lines, expression, {"item": label, "many": many}, "reckon_percent")


GROWING = ("rent", "turnover", "membership", "water price", "number of guests", "output", "wage", "fee", "population")


def _growth(rng: random.Random) -> Sum | None:
    thing, year = rng.choice(GROWING), rng.randint(2015, 2025)
    old = rng.choice([20, 25, 40, 50, 80, 125, 200, 250, 400, 500, 640, 800, 1250, 1600, 2000]) * rng.choice([1, 1, 3])
    new = old * (100 + rng.randint(2, 60)) / 100
    if new != int(new):
        return None
    lines = [_line(f"{thing} {year}", old, rng), _line(f"{thing} {year + rng.randint(1, 4)}", int(new), rng)]
    return Sum(
        "years compare report figures", lines, f"({int(new)} - {old}) / {old} * 100", {"thing": thing}, "reckon_percent"
    )


def _deal(rng: random.Random) -> Sum | None:
    thing, price, percent = (
        draw("product", rng).said,
        _money(rng, 10, 400),
        rng.choice([5, 8, 10, 12, 15, 20, 25, 30, 40]),
    )
    if not _neat(float(price) * (100 - percent) / 100):
        return None
    lines = [_line(thing, price, rng), _line(rng.choice(["discount", "rebate", "reduction"]), percent, rng, "%")]
    return Sum("offer deal voucher quote", lines, f"{price} - {percent}%", {"thing": thing})


def _each(rng: random.Random) -> Sum | None:
    things, count = draw("product", rng).said + "s", rng.randint(3, 40)
    total = f"{round(count * round(rng.uniform(1, 40), 1), 2):g}"
    lines = [_line(things, count, rng), _line(rng.choice(["together", "total", "price of all"]), total, rng)]
    return Sum("order delivery box invoice", lines, f"{total} / {count}", {"things": things}, "chain_number")


PAIRS = (
    ("the planned costs", "the actual costs"), ("this month's bill", "last month's bill"), ("the ticket", "the hotel"),
    ("the rent", "the heating"), ("the frame", "the lens"), ("the flight", "the train"), ("the fee", "the deposit"),
    ("the main hall", "the side room"), ("the north field", "the south field"), ("our offer", "their offer"),
    ("the first draft", "the second draft"), ("the materials", "the labour"), ("the engine", "the gearbox"),
    ("the morning shift", "the evening shift"), ("the old meter", "the new meter"), ("the lessons", "the exam"),
)  # fmt: skip


def _two(rng: random.Random, sign: str) -> Sum | None:
    keys = list(rng.choice(PAIRS))
    rng.shuffle(keys)
    values = sorted((float(_money(rng, 12, 990)) for _ in keys), reverse=True)
    a, b = (f"{value:g}" for value in values)
    lines = [_line(key.removeprefix("the "), value, rng) for key, value in zip(keys, (a, b), strict=True)]
    rng.shuffle(lines)
    return (
        Sum("costs figures numbers plan", lines, f"{a} {sign} {b}", {"k1": keys[0], "k2": keys[1]}) if a != b else None
    )


MONTHLY = (
    "rent",
    "phone bill",
    "internet",
    "gym fee",
    "insurance",
    "parking fee",
    "subscription",
    "cleaning",
    "daycare",
)


def _year(rng: random.Random) -> Sum | None:
    thing, amount = rng.choice(MONTHLY), _money(rng, 5, 900)
    line = _line(thing, amount, rng, rng.choice([" a month", " per month", " monthly"]))
    return Sum("contract fixed monthly costs", [line], f"{amount} * 12", {"thing": thing})


def _rest(rng: random.Random) -> Sum | None:
    goal, done = rng.randint(20, 90) * rng.choice([10, 100]), rng.randint(30, 190)
    unit = rng.choice(["", "", " EUR", " km", " pages", " kg"])
    keys = rng.choice([("goal", "so far"), ("target", "reached"), ("goal", "collected"), ("needed", "there already")])
    lines = [_line(key, value, rng, unit) for key, value in zip(keys, (goal, done), strict=True)]
    return Sum("goal fund challenge progress", lines, f"{goal} - {done}")


def _trip(rng: random.Random) -> Sum | None:
    unit, whole = rng.choice(["km", "miles"]), rng.randint(80, 2400)
    n = rng.randint(12, whole - 10)
    line = _line(rng.choice(["distance", "whole way", "route"]), whole, rng, f" {unit}")
    return Sum("route tour hike drive", [line], f"{whole} - {n}", {"n": f"{n} {unit}", "unit": unit})


SUMS: dict[str, tuple[float, Callable[[random.Random], Sum | None]]] = {
    "share": (0.12, _share),
    "share_all": (0.13, _share_all),
    "part": (0.12, _part),
    "growth": (0.1, _growth),
    "deal": (0.1, _deal),
    "each": (0.1, _each),
    "gap": (0.12, lambda rng: _two(rng, "-")),
    "plus": (0.12, lambda rng: _two(rng, "+")),
    "year": (0.08, _year),
    "rest": (0.08, _rest),
    "trip": (0.06, _trip),
}


def reckon(play: Play) -> bool:
    """One of them, told or written."""
    rng = play.rng
    kind = rng.choices(list(SUMS), [weight for weight, _ in SUMS.values()])[0]
    drawn = next((made for _ in range(TRIES) if (made := SUMS[kind][1](rng)) is not None), None)
    if drawn is None:
        return False
    chain = Chain(play, kind)
    noise = [draw("note", rng).said for _ in range(rng.choice([0, 0, 1, 2]))]
    if any(character.isdigit() for line in noise for character in line):
        return False
    path = (
        f"{rng.choice(['', files.folder(rng) + '/'])}{files.stem(drawn.stems, rng)}.{rng.choice(['txt', 'txt', 'md'])}"
    )
    play.made.say(path=path, **drawn.slots)
    chain.begin({path: [*noise[:1], *drawn.lines, *noise[1:]]}, path)
    text = chain.read(path, play.maybe(f"The numbers are in {path}.", 0.5))
    copied = chain.copied(path, *drawn.lines) if "\n" in text else ""
    return chain.work_out(drawn.expression, copied, drawn.reply)


RECKONED: Kinds = {"reckon": (0.42, ("read_file", "calculator"), reckon)}
