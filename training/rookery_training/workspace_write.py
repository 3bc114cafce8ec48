"""Scenarios in which a file is written with what the person gave: a text as it stands, or a calculation's result."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable

from rookery_training import workspace_files as files
from rookery_training.pools import POOLS
from rookery_training.values import Value, draw
from rookery_training.workspace_play import Kinds, Play

REFUSED = 0.05
REPLACED = 0.12
"""How often the file is there already."""
SLIP_WORDS = 3
"""A shorter text that ends a request would run into what people put behind it ("thanks")."""
QUOTES = ('"{}"', '"{}"', "'{}'", "`{}`")
COLUMNS = (
    ("name", "first_name"), ("age", "integer 2 90"), ("city", "city"), ("price", "number 1 90 2"), ("day", "weekday"),
    ("item", "product"), ("count", "integer 1 60"), ("color", "color"), ("room", "room"), ("team", "team"),
    ("month", "month"), ("phone", "phone"), ("food", "food"), ("score", "integer 1 100"), ("language", "language"),
)  # fmt: skip


def _path(rng: random.Random, extension: str = "") -> str:
    """Where it goes; often a folder that is not there yet."""
    name = files.stem("note message hello memo letter status reminder greeting info list plan sign text reply", rng)
    inside = "" if rng.random() < 0.6 else f"{files.folder(rng)}/"
    return f"{inside}{name}.{extension or rng.choice(['txt', 'txt', 'txt', 'md', 'log'])}"


def text(rng: random.Random) -> str:
    """One line that somebody dictates."""
    kind = rng.choice(["sentence", "message", "note", "note", "title", "word", "code", "phone", "url", "command"])
    said = draw(kind, rng).said
    return said.rstrip(".") if kind == "sentence" and rng.random() < 0.7 else said


def _plain(play: Play) -> str | None:
    """A text in quotation marks or without."""
    rng = play.rng
    content = text(rng)
    if rng.random() < 0.1:
        content = content.upper()
    quoted = rng.choice(QUOTES).format(content) if rng.random() < 0.45 else content
    ask = play.phrases.whole("write_text")
    at_end = ask.endswith("{text}")
    if quoted == content and (
        (at_end and len(content.split()) < SLIP_WORDS)
        or (not at_end and (content[-1] in ".!?" or len(content.split()) > 9))
        or re.search(r"\b(in|to|into|as|under)\b", content if not at_end else "")
    ):
        return None
    if content.strip() != content or any(mark in content for mark in "\"'`" if quoted != content):
        return None
    if rng.random() < 0.12 and (quoted != content or not at_end):
        ask = f"{ask.rstrip('.?')}. {play.phrases.pick('whole', 'exact')}"
    play.made.scene["text"] = Value(quoted, quoted)
    play.made.ask = ask
    return content


def _below(play: Play) -> str | None:
    """Several lines, under the request."""
    rng = play.rng
    kinds = [[rng.choice(["sentence", "message", "note"])] * 4, ["title", "note", "note", "note"]]
    made = [draw(kind, rng).said for kind in rng.choice(kinds)[: rng.randint(2, 4)]]
    mark = rng.choice(["", "", "- ", "* "])
    document = files.facts(rng) if rng.random() < 0.5 else files.table(rng, numeric=True, high=4)
    lines = [f"{mark}{line}" for line in made] if rng.random() < 0.65 else document.text.splitlines()
    content = "\n".join(lines)
    if len(lines) < 2 or len(content) > 260:
        return None
    play.made.say(text=content)
    play.made.ask = play.phrases.whole("write_below")
    return content


def _json(play: Play) -> str | None:
    rng = play.rng
    names = rng.sample(COLUMNS, rng.randint(1, 3))
    made = {name: draw(kind, rng).argument for name, kind in names}
    if rng.random() < 0.3:
        made[rng.choice(["active", "done", "public"])] = rng.choice([True, False])
    content = json.dumps(made, ensure_ascii=False, separators=rng.choice([(", ", ": "), (",", ":")]))
    play.made.say(text=content)
    play.made.ask = play.phrases.whole("write_json")
    return None if play.made.ask.endswith("{text}") and len(content.split()) < SLIP_WORDS else content


def _csv(play: Play) -> str | None:
    """A table told in words."""
    rng = play.rng
    chosen = rng.sample(COLUMNS, rng.choice([2, 2, 3]))
    rows = [[draw(kind, rng).said for _, kind in chosen] for _ in range(rng.randint(2, 3))]
    if any("," in cell or " and " in cell for row in rows for cell in row):
        return None
    within, between = rng.choice([(" ", ", "), (" with ", " and "), (", ", "; "), (",", " and "), (" / ", ", ")])
    if within == " " and any(" " in cell for row in rows for cell in row):
        return None
    names = [name for name, _ in chosen]
    play.made.say(
        columns=rng.choice([" and ".join(names) if len(names) == 2 else ", ".join(names), ",".join(names)]),
        rows=between.join(within.join(row) for row in rows),
    )
    play.made.ask = play.phrases.whole("write_csv")
    return "\n".join(",".join(row) for row in [names, *rows])


def _word(play: Play) -> str | None:
    """One word in the place of all that a file has."""
    rng = play.rng
    content = rng.choice([rng.choice(POOLS["word"]), draw("code", rng).said, str(rng.randint(0, 9999)), "done", "OK"])
    shown = rng.choice(["{}", '"{}"', "the word {}"]).format(content)
    shown = content if content.isdigit() and '"' not in shown else shown
    play.made.scene["text"] = Value(shown, shown)
    play.made.ask = play.phrases.whole("write_word")
    return None if play.made.ask.endswith("{text}") and '"' not in shown else content


def _list(play: Play) -> str | None:
    rng = play.rng
    kind = rng.choice(["ingredient", "first_name", "city", "product", "color", "animal", "book", "tag"])
    items = list({draw(kind, rng).said: None for _ in range(rng.randint(2, 4))})
    if len(items) < 2 or any("," in item or " and " in item for item in items):
        return None
    play.made.say(list=f"{', '.join(items[:-1])} and {items[-1]}")
    play.made.ask = play.phrases.whole("write_list")
    return "\n".join(items)


GIVEN: dict[Callable[[Play], str | None], tuple[float, str]] = {
    _plain: (0.5, ""),
    _below: (0.2, ""),
    _json: (0.08, "json"),
    _csv: (0.08, "csv"),
    _word: (0.08, ""),
    _list: (0.08, ""),
}
"""How often each comes up, and the extension of its file."""


def given(play: Play) -> bool:
    """What the person gave is written as it stands, with one call and without looking first."""
    rng = play.rng
    make = rng.choices(list(GIVEN), [weight for weight, _ in GIVEN.values()])[0]
    content = make(play)
    if not content:
        return False
    path = _path(rng, GIVEN[make][1])
    replaces = make is _word or (make in (_plain, _below) and rng.random() < REPLACED)
    tree = {path: files.lines(rng).text} if replaces else {}
    play.made.say(path=path)
    play.begin({**tree, **files.others(rng, [path], [], rng.randint(0, 2))})
    if (path in play.made.files) != replaces:
        return False
    if rng.random() < REFUSED:
        play.denied("write_file", path=path, content=content)
        return play.refused(f"write {path}")
    said = play.do("write_file", path=path, content=content)
    return said.startswith(("created", "replaced")) and play.answer("reply", "given")


def worked_out(play: Play) -> bool:
    """A calculation of numbers that the person gave; the file gets the result alone."""
    rng = play.rng
    kind = rng.choice(["op_add", "op_add", "op_minus", "op_times", "op_percent"])
    high, places = rng.choice([(90, 0), (900, 0), (4000, 0), (300, 2), (90, 1)])
    a, b = (files.number(f"2 {high} {places}", rng) for _ in range(2))
    if kind == "op_percent":
        b = str(rng.choice([5, 10, 12, 15, 20, 25, 40, 60, 75]))
    if kind == "op_minus" and float(a) < float(b):
        a, b = b, a
    expression = {
        "op_add": f"{a} + {b}",
        "op_minus": f"{a} - {b}",
        "op_times": f"{a} * {b}",
        "op_percent": f"{b}% of {a}",
    }[kind]
    out = _path(rng)
    play.made.say(a=a, b=b, out=out, label=rng.choice(["Total", "Result", "value", "ANSWER", "It is", "sum"]))
    deliver = rng.choice(["write", "write", "write", "write_line"])
    play.made.ask = play.phrases.goal(kind, "", deliver)
    play.begin(files.others(rng, [out], [], rng.randint(0, 1)))
    value = play.do("calculator", expression=expression)
    if not re.fullmatch(r"-?\d+(\.\d{1,4})?", value):
        return False
    play.made.say(value=value)
    content = f"{play.made.scene['label'].said}: {value}" if deliver == "write_line" else value
    first = play.maybe(f"It is {value}, now I write it to {out}.")
    if rng.random() < REFUSED:
        play.denied("write_file", first, path=out, content=content)
        return play.refused(f"write it to {out}", play.fill(play.phrases.pick("answer", "op")))
    play.do("write_file", first, path=out, content=content)
    return play.answer("reply", "write", said=play.fill(play.phrases.pick("answer", "op")))


WRITES: Kinds = {
    "write": (0.19, ("write_file",), given),
    "work out and write": (0.1, ("calculator", "write_file"), worked_out),
}
