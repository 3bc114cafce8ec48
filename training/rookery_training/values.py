"""Made-up values for the slots of the catalogue: how a person says them, and what they are as an argument.

Copying is what a small model has to learn, so the pools are wide and partly random: names, codes and paths that it has
never met.
"""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rookery_training.commands import PROJECT, READING
from rookery_training.days import day, hour
from rookery_training.errands import ERRANDS, FIELDS
from rookery_training.measures import measure
from rookery_training.pools import POOLS, SAID_UNITS


@dataclass(frozen=True, slots=True)
class Value:
    """One value in its two forms."""

    said: str
    argument: Any


Kind = str | dict[str, list[str]]
"""As docs of the catalogue say: a name with numbers, or an enum as a table of its values and ways to say them."""

_JSON_TYPES = {"integer": "integer", "number": "number", "percent": "number", "boolean": "boolean", "list": "array"}
MONTHS = POOLS["month"]
_SYLLABLES = """
ba be bo bra cla da do dri fe fla go gri ha he jo ka ki lo lu ma mi mo na ne ni or pa pe pli qua ra re ro sa se sho
sta su ta te ti to tra tu ul ur va ve vi wo xa ya yo za ze zu
"""


def is_boolean(kind: Kind) -> bool:
    return isinstance(kind, dict) and set(kind) <= {"true", "false"}


def schema(kind: Kind) -> dict[str, Any]:
    """The JSON Schema of an argument of this kind."""
    if isinstance(kind, dict):
        return {"type": "boolean"} if is_boolean(kind) else {"type": "string", "enum": list(kind)}
    word, _, rest = kind.partition(" ")
    if word == "one" and rest.startswith("of:"):
        return {"type": "string", "enum": _choices(rest.removeprefix("of:"), ",")}
    if word == "list":
        return {"type": "array", "items": schema(_item(rest)[0])}
    return {"type": _JSON_TYPES.get(word, "string")}


def draw_other(kind: Kind, others: Sequence[Value], rng: random.Random) -> Value:
    """A value of this kind; of names and the like another one than the others: nobody travels from Rome to Rome."""
    if kind == "unit":
        return _same(measure(rng, [str(other.argument) for other in others]))
    value = draw(kind, rng)
    if isinstance(kind, str) and kind.split()[0] in ("integer", "number", "percent", "one", "list"):
        return value
    for _ in range(20):
        if all(value.argument != other.argument for other in others):
            break
        value = draw(kind, rng)
    return value


def renew(scene: dict[str, Value], kinds: Mapping[str, Kind], rng: random.Random) -> bool:
    """Draw these values anew; whether there is another one for any of them."""
    before = {name: scene[name].argument for name in kinds}
    for _ in range(20):
        scene.update({name: draw(kind, rng) for name, kind in kinds.items()})
        if any(scene[name].argument != before[name] for name in kinds):
            return True
    return False


def in_order(scene: dict[str, Value], kinds: Mapping[str, Kind]) -> None:
    """Put the dates of a scene in order, and its times of day: what begins is named before what ends."""
    for kind in ("date", "time"):
        names = [name for name, of in kinds.items() if of == kind and name in scene]
        values = sorted((scene[name] for name in names), key=lambda value: str(value.argument))
        scene.update(zip(names, values, strict=True))


def draw(kind: Kind, rng: random.Random) -> Value:
    """A value of this kind; KeyError for a kind that there is not."""
    if isinstance(kind, dict):
        argument = rng.choice(list(kind))
        said = rng.choice(kind[argument])
        return Value(said, argument == "true" if is_boolean(kind) else argument)
    word, _, rest = kind.partition(" ")
    if word == "one" and rest.startswith("of:"):
        return _same(rng.choice(_choices(rest.removeprefix("of:"), ",")))
    if word == "pool:":
        return _same(rng.choice(_choices(rest, "|")))
    if word == "list":
        return _list(rest, rng)
    if word in _MAKERS:
        return _MAKERS[word](rest.split(), rng)
    return _same(rng.choice(POOLS[word]))


def _choices(text: str, mark: str) -> list[str]:
    return [choice.strip() for choice in text.split(mark) if choice.strip()]


def _item(rest: str) -> tuple[str, int, int]:
    """What a list holds, and how many at least and at most."""
    words = rest.split()
    numbers: list[int] = []
    while words and words[-1].isdigit() and words[0] not in ("integer", "number"):
        numbers.insert(0, int(words.pop()))
    low, high = (*numbers, 2, 4)[:2] if len(numbers) == 2 else (2, 4)
    return " ".join(words), low, high


def _list(rest: str, rng: random.Random) -> Value:
    kind, low, high = _item(rest)
    items: list[Value] = []
    for _ in range(rng.randint(low, high) * 3):
        value = draw(kind, rng)
        if value.argument not in [item.argument for item in items]:
            items.append(value)
    items = items[: rng.randint(low, high)]
    said = [item.said for item in items]
    if len(said) < 2 or rng.random() < 0.3:
        return Value(", ".join(said), [item.argument for item in items])
    last = rng.choice([" and ", " and ", ", and "])
    return Value(", ".join(said[:-1]) + last + said[-1], [item.argument for item in items])


def _same(text: str) -> Value:
    return Value(text, text)


def _integer(bounds: list[str], rng: random.Random) -> Value:
    low, high = (int(bounds[0]), int(bounds[1])) if len(bounds) >= 2 else (1, 100)
    number = rng.randint(low, high)
    if number in SAID_UNITS and rng.random() < 0.15:
        return Value(SAID_UNITS[number], number)
    return Value(f"{number:,}" if number >= 10_000 and rng.random() < 0.25 else str(number), number)


def _number(bounds: list[str], rng: random.Random) -> Value:
    low, high = (float(bounds[0]), float(bounds[1])) if len(bounds) >= 2 else (0.0, 100.0)
    places = int(bounds[2]) if len(bounds) > 2 else 2
    if rng.random() < 0.45:
        whole = rng.randint(int(low) if low == int(low) else int(low) + 1, max(int(high), int(low) + 1))
        return Value(str(whole), whole)
    number = round(rng.uniform(low, high), rng.randint(1, max(places, 1)))
    number = int(number) if number == int(number) else number
    return Value(str(number), number)


def _percent(_: list[str], rng: random.Random) -> Value:
    number: int | float = rng.choice([rng.randint(1, 99), rng.randint(1, 40), rng.choice([2.5, 7.5, 12.5, 0.5, 19.9])])
    return Value(rng.choice([f"{number}%", f"{number}%", f"{number} %", f"{number} percent"]), number)


def _date(_: list[str], rng: random.Random) -> Value:
    year, month, day = rng.randint(2019, 2031), rng.randint(1, 12), rng.randint(1, 28)
    iso = f"{year}-{month:02}-{day:02}"
    name = MONTHS[month - 1]
    ending = "th" if 10 <= day % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    forms = [iso, iso, iso, f"{day} {name} {year}", f"{name} {day}, {year}", f"{name} {day}{ending}, {year}"]
    forms += [f"{day} {name[:3]} {year}", f"the {day}{ending} of {name} {year}"]
    return Value(rng.choice(forms), iso)


def _time(_: list[str], rng: random.Random) -> Value:
    hour, minute = rng.randint(0, 23), rng.choice([0, 0, 15, 30, 30, 45, rng.randint(0, 59)])
    iso = f"{hour:02}:{minute:02}"
    if rng.random() < 0.55:
        return Value(iso, iso)
    half, short = ("am" if hour < 12 else "pm"), (hour % 12 or 12)
    clock = f"{short}:{minute:02}" if minute or rng.random() < 0.3 else str(short)
    return Value(f"{clock}{rng.choice(['', ' '])}{half}", iso)


def _duration(_: list[str], rng: random.Random) -> Value:
    number = rng.choice([rng.randint(1, 12), rng.choice([5, 10, 15, 20, 25, 30, 40, 45, 60, 90, 120])])
    unit = rng.choice(["minutes", "minutes", "minutes", "hours", "seconds", "days", "weeks"])
    text = f"{number} {unit if number != 1 else unit[:-1]}"
    return _same(text)


def _letters(rng: random.Random, n: int, alphabet: str = string.ascii_lowercase) -> str:
    return "".join(rng.choice(alphabet) for _ in range(n))


def _word(_: list[str], rng: random.Random) -> Value:
    return _same(rng.choice(POOLS["word"]) if rng.random() < 0.85 else pseudo_word(rng))


def pseudo_word(rng: random.Random) -> str:
    """A word that could be one."""
    made = "".join(rng.choice(_SYLLABLES.split()) for _ in range(rng.randint(2, 4)))
    return made + rng.choice(["", "", "n", "r", "s", "l"])


def _code(_: list[str], rng: random.Random) -> Value:
    digits = _letters(rng, rng.randint(2, 6), string.digits)
    letters = _letters(rng, rng.randint(1, 4), string.ascii_uppercase)
    forms = [f"{letters}-{digits}", f"{letters}{digits}", f"{digits}-{letters}", f"#{digits}", digits]
    forms += [f"{letters}-{digits}-{_letters(rng, 2, string.ascii_uppercase)}", f"{letters.lower()}_{digits}"]
    return _same(rng.choice(forms))


def _like(patterns: list[str], rng: random.Random) -> Value:
    """Like the pattern: # is a digit, no zero as the first of several, and @ a capital letter."""
    made = re.sub("@", lambda _: rng.choice(string.ascii_uppercase), " ".join(patterns))
    made = re.sub("#+", lambda run: str(rng.randint(10 ** (len(run[0]) - 1), 10 ** len(run[0]) - 1)), made)
    return _same(made)


def _id(_: list[str], rng: random.Random) -> Value:
    alphabet = rng.choice([string.hexdigits[:16], string.ascii_lowercase + string.digits, string.digits])
    text = _letters(rng, rng.randint(6, 12), alphabet)
    return _same(rng.choice([text, text, f"{rng.choice(['usr', 'tx', 'obj', 'id', 'req', 'run'])}_{text}"]))


def _person(_: list[str], rng: random.Random) -> Value:
    return _same(f"{rng.choice(POOLS['first_name'])} {rng.choice(POOLS['last_name'])}")


def _username(_: list[str], rng: random.Random) -> Value:
    first, last = rng.choice(POOLS["first_name"]).lower(), rng.choice(POOLS["last_name"]).lower()
    return _same(
        rng.choice([f"{first}{rng.randint(1, 99)}", f"{first}.{last}", f"{first[0]}{last}", f"{first}_{last}"])
    )


def _host(_: list[str], rng: random.Random) -> Value:
    name = rng.choice([pseudo_word(rng), rng.choice(POOLS["word"]).lower().replace(" ", "")])
    ending = rng.choice(["com", "org", "net", "io", "dev", "eu", "co.uk", "example"])
    sub = rng.choice(["", "", "www.", "api.", "db1.", "mail.", "staging.", "shop."])
    return _same(f"{sub}{name}.{ending}")


def _email(_: list[str], rng: random.Random) -> Value:
    host = _host([], rng).said.removeprefix("www.")
    return _same(f"{_username([], rng).said}@{host}")


def _url(_: list[str], rng: random.Random) -> Value:
    tail = "/".join(rng.choice(POOLS["word"]).lower().replace(" ", "-") for _ in range(rng.randint(0, 3)))
    query = rng.choice(["", "", "", f"?id={rng.randint(1, 9999)}", f"?q={pseudo_word(rng)}", ".html"]) if tail else ""
    return _same(f"{rng.choice(['https', 'https', 'http'])}://{_host([], rng).said}/{tail}{query}".rstrip("/"))


def _phone(_: list[str], rng: random.Random) -> Value:
    groups = [_letters(rng, n, string.digits) for n in rng.choice([(3, 3, 4), (3, 4), (2, 3, 3), (4, 6)])]
    return _same(rng.choice(["", f"+{rng.randint(1, 98)} "]) + rng.choice([" ", "-"]).join(groups))


def _stem(rng: random.Random) -> str:
    words = [rng.choice(POOLS["file_stem"]) for _ in range(rng.choice([1, 1, 1, 2]))]
    stem = rng.choice(["_", "-", ""]).join(words)
    return stem + rng.choice(["", "", "", "", f"_{rng.randint(1, 30)}", f"-{rng.randint(2019, 2031)}", "_final", "_v2"])


def _filename(_: list[str], rng: random.Random) -> Value:
    if rng.random() < 0.08:
        return _same(rng.choice(["Makefile", "Dockerfile", "LICENSE", ".env", ".gitignore", "README", "CHANGELOG"]))
    stem = _stem(rng) if rng.random() < 0.85 else pseudo_word(rng)
    return _same(f"{rng.choice([stem, stem, stem, stem.title(), stem.upper()])}.{rng.choice(POOLS['extension'])}")


def _folder(_: list[str], rng: random.Random) -> Value:
    depth = rng.choice([1, 1, 1, 2, 2, 3])
    parts = [rng.choice(POOLS["folder_name"]) if rng.random() < 0.85 else pseudo_word(rng) for _ in range(depth)]
    return _same("/".join(parts))


def _path(_: list[str], rng: random.Random) -> Value:
    name = _filename([], rng).said
    return _same(name if rng.random() < 0.45 else f"{_folder([], rng).said}/{name}")


def _file(extensions: list[str], rng: random.Random) -> Value:
    """A path of a file of one of these kinds."""
    name = f"{_stem(rng)}.{rng.choice(extensions)}"
    return _same(name if rng.random() < 0.55 else f"{_folder([], rng).said}/{name}")


def _ip(_: list[str], rng: random.Random) -> Value:
    return _same(".".join(str(rng.randint(1, 254)) for _ in range(4)))


def _version(_: list[str], rng: random.Random) -> Value:
    text = f"{rng.randint(0, 12)}.{rng.randint(0, 30)}"
    return _same(rng.choice(["", "", "v"]) + text + rng.choice(["", f".{rng.randint(0, 20)}"]))


def _branch(_: list[str], rng: random.Random) -> Value:
    word = rng.choice(POOLS["file_stem"])
    forms = [
        "main",
        "develop",
        f"feature/{word}",
        f"fix/{word}-{rng.randint(1, 900)}",
        f"release/{_version([], rng).said}",
    ]
    return _same(rng.choice([*forms, word, f"{word}-{rng.choice(POOLS['file_stem'])}"]))


def _expression(_: list[str], rng: random.Random) -> Value:
    a, b, c = rng.randint(2, 999), rng.randint(2, 99), rng.randint(2, 20)
    forms = [f"{a} * {b}", f"{a} + {b} * {c}", f"({a} - {b}) / {c}", f"{a} / {b}", f"{c}**2 + {b}", f"{a} + {b} + {c}"]
    return _same(rng.choice([*forms, f"sqrt({a})", f"{a}*{b}", f"{a}.5 - {b}"]))


def _street(_: list[str], rng: random.Random) -> Value:
    name = f"{rng.choice(POOLS['last_name'])} {rng.choice(['Street', 'Road', 'Lane', 'Avenue', 'Square', 'Way'])}"
    return _same(rng.choice([f"{rng.randint(1, 220)} {name}", name]))


def _room(_: list[str], rng: random.Random) -> Value:
    return _same(
        rng.choice([*POOLS["room"], f"room {rng.randint(1, 420)}", f"{rng.choice('ABCD')}{rng.randint(1, 40)}"])
    )


def _sentence(_: list[str], rng: random.Random) -> Value:
    return _same(_spoken(rng, POOLS["sentence"]))


def _message(_: list[str], rng: random.Random) -> Value:
    return _same(_spoken(rng, POOLS["message"]))


def _note(_: list[str], rng: random.Random) -> Value:
    return _same(_spoken(rng, POOLS["note"]))


def _spoken(rng: random.Random, pool: tuple[str, ...]) -> str:
    """A text of the pool, with its <kind> places filled."""
    text = rng.choice(pool)
    while "<" in text:
        before, _, rest = text.partition("<")
        kind, _, after = rest.partition(">")
        text = before + draw(kind, rng).said + after
    return text


_MAKERS: dict[str, Callable[[list[str], random.Random], Value]] = {
    "integer": _integer,
    "number": _number,
    "percent": _percent,
    "date": _date,
    "time": _time,
    "duration": _duration,
    "word": _word,
    "code": _code,
    "like": _like,
    "id": _id,
    "person": _person,
    "username": _username,
    "hostname": _host,
    "email": _email,
    "url": _url,
    "phone": _phone,
    "filename": _filename,
    "folder": _folder,
    "path": _path,
    "file": _file,
    "day": lambda which, rng: _same(day(which[0] if which else "", rng)),
    "hour": lambda _, rng: _same(hour(rng)),
    "unit": lambda _, rng: _same(measure(rng)),
    "field": lambda which, rng: _same(rng.choice(FIELDS[which[0]])),
    "errand": lambda _, rng: _same(_spoken(rng, ERRANDS)),
    "command_line": lambda _, rng: _same(_spoken(rng, READING if rng.random() < 0.6 else PROJECT)),
    "ip": _ip,
    "version": _version,
    "branch": _branch,
    "expression": _expression,
    "street": _street,
    "room": _room,
    "sentence": _sentence,
    "message": _message,
    "note": _note,
}
