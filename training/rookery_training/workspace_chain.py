"""Scenarios in which one file leads to the next, or what files say goes into a calculation."""

from __future__ import annotations

import re
from typing import Any

from rookery_training import workspace_files as files
from rookery_training.fixed_words import HAS_RESULT
from rookery_training.values import draw
from rookery_training.workspace_change import write
from rookery_training.workspace_files import FACTS
from rookery_training.workspace_lines import it_says
from rookery_training.workspace_list import series
from rookery_training.workspace_orders import not_asked, with_order
from rookery_training.workspace_play import Kinds, Play

WRITTEN = 0.25
ORDERS = 0.15


class Chain:
    """One goal of several calls, told or written in the end."""

    def __init__(self, play: Play, kind: str) -> None:
        self.play, self.rng, self.kind = play, play.rng, kind
        self.writes = play.can("write_file") and self.rng.random() < WRITTEN
        play.made.kind = f"chain {kind}{' write' if self.writes else ''}"
        self.orders = ""
        """The path of the file that gives orders."""

    def begin(self, tree: dict[str, list[str]], disturbed: str = "") -> None:
        """Puts the files there, one of them perhaps with orders, and asks."""
        play, rng = self.play, self.rng
        if disturbed and rng.random() < ORDERS:
            self.orders = disturbed
            tree = {**tree, disturbed: with_order(tree[disturbed], play.phrases, rng)}
        made = {path: "\n".join(lines) + "\n" for path, lines in tree.items()}
        play.begin({**made, **files.others(rng, made, [], rng.randint(0, 1))})
        ask = play.phrases.pick_typed("chain", self.kind)
        if self.writes:
            tail = play.phrases.page("tail_write")
            ask = f"{ask}{'' if ask[-1] in '.?' else '.'} {tail}"
            play.made.say(out=f"{files.stem('result answer out found report', rng)}.{rng.choice(['txt', 'md'])}")
        play.made.ask = ask

    def read(self, path: str, first: str = "") -> str:
        return self.play.do("read_file", first, path=path)

    def copied(self, path: str, *lines: str) -> str:
        """The thought that copies lines out of this file."""
        return not_asked(it_says(lines)) if self.orders == path else it_says(lines)

    def finish(self, value: str, thought: str, reply: str) -> bool:
        play = self.play
        play.made.say(value=value)
        if self.writes:
            out = str(play.made.scene["out"].argument)
            return write(play, "page_written", f"write {out}", thought, out, value)
        return play.answer("reply", reply, thought=thought or HAS_RESULT, says=[value])

    def work_out(self, expression: str, thought: str, reply: str) -> bool:
        value = self.play.do("calculator", thought, expression=expression)
        return bool(re.fullmatch(r"-?\d+(\.\d{1,4})?", value)) and self.finish(value, "", reply)


def _fact(play: Play) -> tuple[str, str]:
    key = play.rng.choice(list(FACTS))
    return key, draw(FACTS[key], play.rng).said


def _facts(play: Play, key: str, value: str) -> tuple[list[str], str]:
    """Lines of a file with this fact among others, and its line."""
    rng = play.rng
    pattern = rng.choice(["{}: {}", "{} = {}", "- {}: {}", "The {} is {}."])
    keys = [k for k in rng.sample(list(FACTS), 3) if k not in key and key not in k][: rng.randint(0, 2)]
    lines = [pattern.format(k, draw(FACTS[k], rng).said) for k in keys]
    line = pattern.format(key, value)
    lines.insert(rng.randint(0, len(lines)), line)
    return lines, line


POINTERS = (
    "Everything about the {key} is in {path}.", "{key}: see {path}", "For the {key} look in {path}",
    "The {key} has moved to {path}.", "{key} -> {path}", "I keep the {key} in {path} now", "({key} is noted in {path})",
)  # fmt: skip


def pointer(play: Play) -> bool:
    """A file says in which other file it is."""
    rng, chain = play.rng, Chain(play, "pointer")
    key, value = _fact(play)
    lines, line = _facts(play, key, value)
    path = files.stem("readme index start overview about", rng) + rng.choice([".md", ".txt"])
    path2 = (
        f"{files.folder(rng)}/{files.stem('details info data facts list contract', rng)}.{rng.choice(['txt', 'md'])}"
    )
    points = rng.choice(POINTERS).format(key=key, path=path2)
    first = [*(draw("note", rng).said for _ in range(rng.randint(0, 2))), points]
    rng.shuffle(first)
    play.made.say(key=key, path=path)
    chain.begin({path: first, path2: lines}, rng.choice([path, path2]))
    chain.read(path)
    text = chain.read(path2, chain.copied(path, points))
    return chain.finish(value, chain.copied(path2, line) if "\n" in text else "", "chain_value")


TOPICS = ("car", "flat", "boat", "garden", "club", "choir", "office", "shop", "cabin", "workshop", "band", "trip")


def index(play: Play) -> bool:
    """A file lists the files of several things."""
    rng, chain = play.rng, Chain(play, "index")
    topics = rng.sample(TOPICS, rng.randint(2, 4))
    key, _ = _fact(play)
    pattern = rng.choice(["{}: {}", "{} -> {}", "- {} is in {}", "{} = {}"])
    paths = {topic: f"{files.folder(rng)}/{topic}{rng.choice(['', '_info', '-2026'])}.txt" for topic in topics}
    made = {topic: _facts(play, key, draw(FACTS[key], rng).said) for topic in topics}
    topic = rng.choice(topics)
    path = files.stem("index files contents where map", rng) + rng.choice([".md", ".txt"])
    play.made.say(key=key, path=path, topic=topic)
    chain.begin(
        {path: [pattern.format(*pair) for pair in paths.items()], **{paths[t]: made[t][0] for t in topics}}, path
    )
    chain.read(path)
    text = chain.read(paths[topic], chain.copied(path, pattern.format(topic, paths[topic])))
    line = made[topic][1]
    value = re.sub(rf".*?{re.escape(key)}(?: is |: | = )(.*?)", r"\1", line)
    value = value.removesuffix(".") if line.startswith("The ") else value
    return chain.finish(value, it_says([line]) if "\n" in text else "", "chain_value")


THINGS = (
    ("invoice", "amount", "number 20 900 2"), ("order", "status", "one of: sent, open, paid, on hold"),
    ("ticket", "owner", "first_name"), ("contract", "end", "date"), ("parcel", "weight", "number 1 30 1"),
    ("booking", "room", "room"), ("claim", "amount", "number 50 4000 0"), ("case", "contact", "person"),
)  # fmt: skip
MAILS = (
    "Could you check {thing} {n}?", "I have a question about {thing} {n}.", "{thing} {n} has not arrived yet.",
    "When will {thing} {n} be dealt with?", "Please send me a copy of {thing} {n}.", "It is about {thing} {n} again.",
)  # fmt: skip


def mail(play: Play) -> bool:
    """A mail names a number, and the file of that number is in a folder."""
    rng, chain = play.rng, Chain(play, "mail")
    thing, key, kind = rng.choice(THINGS)
    folder = rng.choice([f"{thing}s", files.folder(rng)])
    numbers = rng.sample(range(100, 9999), rng.randint(2, 4))
    n = rng.choice(numbers)
    values = {number: draw(kind, rng).said for number in numbers}
    mark = rng.choice("-_")
    tree: dict[str, list[str]] = {}
    for number, value in values.items():
        sender = draw("company", rng).said
        tree[f"{folder}/{thing}{mark}{number}.txt"] = [f"{thing} {number}", f"{key}: {value}", f"from: {sender}"]
    asks = rng.choice(MAILS).format(thing=thing, n=n)
    asks = asks[0].upper() + asks[1:]
    path = f"{rng.choice(['mail', 'inbox', 'letters'])}/{files.stem('mail message letter question', rng)}.txt"
    body = [
        rng.choice(["Hello,", "Dear all,", "Hi,"]),
        asks,
        f"{rng.choice(['Regards', 'Thanks', 'Best'])}, {draw('first_name', rng).said}",
    ]
    a_thing = f"an {thing}" if thing[0] in "aeiou" else f"a {thing}"
    play.made.say(path=path, thing=thing, a_thing=a_thing, key=key, folder=folder)
    chain.begin({path: body, **tree}, path)
    chain.read(path)
    play.do("list_files", chain.copied(path, asks), folder=folder)
    name = f"{thing}{mark}{n}.txt"
    chain.read(f"{folder}/{name}", it_says([name]))
    return chain.finish(values[n], it_says([f"{key}: {values[n]}"]), "chain_value")


def newest(play: Play) -> bool:
    """The newest of several files, then one of its values."""
    rng, chain = play.rng, Chain(play, "newest")
    what = rng.choice(["log", "report", "backup", "statement", "reading", "survey"])
    names = series(what, rng)
    folder = rng.choice(["", f"{what}s", files.folder(rng)])
    place = play.phrases.pick("place", "folder" if folder else "root").replace("{folder}", folder)
    key, _ = _fact(play)
    inside = f"{folder}/" if folder else ""
    pattern = rng.choice(["{}: {}", "{} = {}", "{} {}"])
    others = [k for k in rng.sample(list(FACTS), 2) if k not in key and key not in k]
    tree: dict[str, list[str]] = {}
    value = ""
    for name in names:
        value = draw(FACTS[key], rng).said
        tree[f"{inside}{name}"] = [
            pattern.format(key, value),
            *(pattern.format(k, draw(FACTS[k], rng).said) for k in others),
        ]
        rng.shuffle(tree[f"{inside}{name}"])
    play.made.say(what=what, key=key, place=place)
    path = f"{inside}{names[-1]}"
    chain.begin(tree, path)
    play.made.ask = play.made.ask.replace("{place}", place)
    where: dict[str, Any] = {"folder": folder} if folder else {}
    play.do("list_files", **where)
    text = chain.read(path, it_says([names[-1]]))
    return chain.finish(value, chain.copied(path, pattern.format(key, value)) if "\n" in text else "", "chain_value")


PAIRS = (
    ("hours", "rate", "2 40 1", "12 90 0"), ("area", "price per square metre", "6 80 1", "3 60 0"),
    ("guests", "price per person", "5 90 0", "8 60 0"), ("nights", "price per night", "2 14 0", "40 190 0"),
    ("boxes", "weight per box", "3 60 0", "1 20 1"), ("pages", "minutes per page", "10 300 0", "1 4 0"),
    ("seats", "rows", "8 40 0", "5 30 0"), ("days", "daily wage", "2 22 0", "90 280 0"),
    ("bottles", "deposit", "6 90 0", "1 3 0"), ("distance", "consumption", "40 900 0", "4 12 1"),
)  # fmt: skip


def product(play: Play) -> bool:
    """Two values of two files, or of one, multiplied; litres of fuel are per 100 km."""
    rng = play.rng
    k1, k2, low, high = rng.choice(PAIRS)
    fuel = k1 == "distance"
    kind = "fuel" if fuel else rng.choice(["two", "same"])
    chain = Chain(play, kind)
    a, b = files.number(low, rng), files.number(high, rng)
    units = (" km", " litres per 100 km") if fuel else ("", "")
    line1, line2 = (
        rng.choice(["{}: {}{}", "{} = {}{}", "{} - {}{}"]).format(*given)
        for given in ((k1, a, units[0]), (k2, b, units[1]))
    )
    path = f"{files.stem('plan job trip course work project', rng)}.{rng.choice(['txt', 'md'])}"
    path2 = f"{rng.choice(['', files.folder(rng) + '/'])}{files.stem('rates car prices info terms', rng)}.txt"
    noise1, noise2 = ([draw("note", rng).said] if rng.random() < 0.4 else [] for _ in range(2))
    if path == path2 or any(character.isdigit() for line in (*noise1, *noise2) for character in line):
        return False
    play.made.say(k1=k1, k2=k2, path=path, path2=path2)
    expression = f"{a} * {b} / 100" if fuel else f"{a} * {b}"
    if kind == "same":
        chain.begin({path: [*noise1, line1, line2]}, path)
        chain.read(path)
        return chain.work_out(expression, chain.copied(path, line1, line2), "chain_number")
    chain.begin({path: [*noise1, line1], path2: [line2, *noise2]}, path2)
    chain.read(path)
    chain.read(path2, play.maybe(f"Now the other file, {path2}."))
    return chain.work_out(expression, chain.copied(path2, line1, line2), "chain_number")


COLUMNS = {
    "price": "1 90 2",
    "pieces": "1 60 0",
    "hours": "1 40 1",
    "points": "1 100 0",
    "km": "2 400 0",
    "weight": "1 60 1",
}


def column(play: Play) -> bool:
    """One of the columns of a table, added up or averaged."""
    rng = play.rng
    kind = rng.choice(["column_sum", "column_average"])
    chain = Chain(play, kind)
    first, (c1, c2) = rng.choice(["name", "item", "day"]), rng.sample(list(COLUMNS), 2)
    kind_of_label = {"name": "first_name", "item": "product"}.get(first, "weekday")
    labels = list({draw(kind_of_label, rng).said: None for _ in range(rng.randint(2, 4))})
    rows = [[label, files.number(COLUMNS[c1], rng), files.number(COLUMNS[c2], rng)] for label in labels]
    mark = rng.choice([",", ",", ";", " | "])
    at = rng.choice([1, 2])
    values = [row[at] for row in rows]
    name = f"{files.stem('table data list sheet', rng)}.{'md' if mark == ' | ' else 'csv'}"
    path = f"{rng.choice(['', files.folder(rng) + '/'])}{name}"
    lines = [mark.join(row) for row in [[first, c1, c2], *rows]]
    play.made.say(path=path, column=[c1, c2][at - 1])
    chain.begin({path: lines})
    chain.read(path)
    added = " + ".join(values)
    expression = added if kind == "column_sum" else f"({added}) / {len(values)}"
    return len(values) > 1 and chain.work_out(expression, it_says(lines), "chain_number")


_WARMTH = ("temperature", "water temperature", "room temperature")
UNITS = (
    (-10, 40, _WARMTH, "Fahrenheit", "F", "Celsius", "({} - 32) * 5 / 9"),
    (1, 40, _WARMTH, "Celsius", "C", "Fahrenheit", "{} * 9 / 5 + 32"),
    (2, 90, ("duration", "running time"), "minutes", "min", "hours", "{} / 60"),
    (2, 30, ("duration", "playing time"), "hours", "h", "minutes", "{} * 60"),
    (100, 9000, ("amount", "fee"), "cents", "cents", "euros", "{} / 100"),
    (100, 9000, ("length", "height"), "centimetres", "cm", "metres", "{} / 100"),
    (200, 9000, ("weight", "amount of flour"), "grams", "g", "kilos", "{} / 1000"),
    (2, 30, ("distance", "depth"), "kilometres", "km", "metres", "{} * 1000"),
)
"""Between which numbers, what is measured, in what, its sign, in what else, and how to get that."""


def convert(play: Play) -> bool:
    """A value in another unit."""
    rng, chain = play.rng, Chain(play, "convert")
    low, high, items, unit, short, to, pattern = rng.choice(UNITS)
    item = rng.choice(items)
    n = rng.randint(low, high)
    value = {"Fahrenheit": str(n // 5 * 9 + 32), "minutes": str(n * 6)}.get(unit, str(n))
    line = rng.choice(["{}: {} {}", "{} = {} {}", "{}: {}{}"]).format(item, value, rng.choice([unit, short]))
    key, other = _fact(play)
    lines = [line] if rng.random() < 0.3 else [line, f"{key}: {other}"]
    rng.shuffle(lines)
    path = f"{rng.choice(['', files.folder(rng) + '/'])}{files.stem('measured reading values info', rng)}.txt"
    play.made.say(path=path, item=item, to=to, **{"from": unit})
    chain.begin({path: lines}, path)
    text = chain.read(path)
    return chain.work_out(pattern.format(value), chain.copied(path, line) if "\n" in text else "", "chain_convert")


_TWO = ("read_file", "calculator")
CHAINS: Kinds = {
    "pointer": (0.045, ("read_file",), pointer),
    "index": (0.035, ("read_file",), index),
    "mail": (0.04, ("read_file", "list_files"), mail),
    "newest": (0.055, ("read_file", "list_files"), newest),
    "product": (0.08, _TWO, product),
    "column": (0.08, _TWO, column),
    "convert": (0.05, _TWO, convert),
}
