"""Files that somebody could have: lists of numbers, settings, addresses, orders, plain sentences, in many formats."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Collection
from dataclasses import dataclass

from rookery_training.pools import POOLS
from rookery_training.values import draw, pseudo_word


@dataclass(frozen=True, slots=True)
class Theme:
    """What a file is about, and its words: what an entry is, what is told of it, and that of all."""

    stems: str
    items: str
    thing: str
    one: str
    many: str
    values: str


NUMBERS = (
    Theme("receipt bill groceries shopping market", "ingredient", "item", "price", "prices", "0.5 30 2"),
    Theme("expenses costs spending outgoings", "month", "month", "amount", "amounts", "20 900 0"),
    Theme("stock inventory shelf warehouse", "product", "product", "stock", "numbers", "1 250 0"),
    Theme("hours timesheet shifts work", "first_name", "person", "time", "hours", "1 40 1"),
    Theme("runs distances rides training", "weekday", "day", "distance", "distances", "2 60 1"),
    Theme("scores points results quiz", "first_name", "player", "score", "scores", "1 120 0"),
    Theme("league table season", "team", "team", "score", "points", "3 90 0"),
    Theme("votes ballot poll", "person", "candidate", "number of votes", "votes", "12 900 0"),
    Theme("weights harvest crops", "ingredient", "crop", "weight", "weights", "2 300 1"),
    Theme("temperatures weather readings", "city", "city", "temperature", "temperatures", "1 38 1"),
    Theme("visitors guests museum", "weekday", "day", "number of visitors", "numbers", "15 950 0"),
    Theme("rooms areas floor", "room", "room", "size", "sizes", "6 45 1"),
    Theme("sales turnover shop", "product", "product", "number sold", "sales", "1 400 0"),
    Theme("donations fund collection", "person", "donor", "donation", "donations", "5 500 0"),
    Theme("pages reading books", "book", "book", "page count", "page counts", "80 700 0"),
    Theme("lengths cables materials", "material", "material", "length", "lengths", "1 90 1"),
    Theme("salaries payroll wages", "job", "job", "wage", "wages", "1200 6400 0"),
    Theme("bookings seats courses", "subject", "course", "number of seats", "seats", "4 60 0"),
)
TEXTS = (
    Theme("phones contacts numbers", "person", "person", "phone number", "phone numbers", "phone"),
    Theme("emails contacts team", "person", "person", "email address", "addresses", "email"),
    Theme("birthdays family dates", "first_name", "person", "birthday", "birthdays", "date"),
    Theme("suppliers partners clients", "company", "company", "contact person", "contacts", "person"),
    Theme("rooms meetings plan", "team", "team", "room", "rooms", "room"),
    Theme("chores cleaning duties", "weekday", "day", "helper", "helpers", "first_name"),
    Theme("opening times shops", "company", "shop", "opening time", "opening times", "time"),
    Theme("servers hosts machines", "word", "machine", "address", "addresses", "ip"),
    Theme("orders parcels tracking", "company", "company", "order number", "order numbers", "code"),
    Theme("paint colours walls", "room", "room", "colour", "colours", "color"),
    Theme("versions packages deps", "package", "package", "version", "versions", "version"),
    Theme("menu meals dinner", "weekday", "day", "meal", "meals", "food"),
)
FACTS = {
    "door code": "integer 1000 9999",
    "wifi password": "word",
    "customer number": "code",
    "phone number": "phone",
    "contact person": "person",
    "deadline": "date",
    "meeting room": "room",
    "start date": "date",
    "departure time": "time",
    "check-in time": "time",
    "landlord": "person",
    "seat number": "integer 1 60",
    "locker number": "integer 10 400",
    "support email": "email",
    "backup folder": "folder",
    "server address": "hostname",
    "port": "integer 1024 9999",
    "timeout": "integer 5 600",
    "hotel": "company",
    "booking code": "code",
    "invoice number": "code",
    "account manager": "person",
    "monthly rent": "integer 400 1900",
    "deposit": "integer 100 2500",
    "budget": "integer 500 9000",
    "flight time": "time",
    "language": "language",
    "time zone": "timezone",
    "licence plate": "code",
    "parking spot": "integer 1 200",
    "gate": "integer 1 90",
    "theme colour": "color",
    "currency": "currency",
    "membership id": "id",
    "speaker": "person",
    "venue": "station",
    "doctor": "person",
    "retry limit": "integer 1 12",
    "release": "version",
    "warranty end": "date",
}
FOLDERS = (
    *POOLS["folder_name"],
    "garden",
    "car",
    "flat",
    "office",
    "club",
    "bike",
    "kitchen",
    "study",
    "events",
    "misc",
)


@dataclass(frozen=True, slots=True)
class Document:
    """A file's text and what is in it."""

    stem: str
    extension: str
    text: str
    entries: tuple[tuple[str, str], ...] = ()
    theme: Theme | None = None
    title: str = ""

    @property
    def name(self) -> str:
        return f"{self.stem}.{self.extension}" if self.extension else self.stem


Entries = tuple[tuple[str, str], ...]
Format = Callable[[str, Entries, Theme, random.Random], str]
"""Writes a title and entries as a file's text."""


def _each(pattern: str) -> Format:
    def rows(title: str, entries: Entries, theme: Theme, rng: random.Random) -> str:
        made = [pattern.replace("LABEL", label).replace("VALUE", value) for label, value in entries]
        return "\n".join([title, *made] if title else made) + "\n"

    return rows


def _markdown(title: str, entries: Entries, theme: Theme, rng: random.Random) -> str:
    mark = rng.choice(["- ", "* ", "- [x] "])
    head = f"# {title or theme.many.capitalize()}\n\n"
    return head + "".join(f"{mark}{label}: {value}\n" for label, value in entries)


def _csv(title: str, entries: Entries, theme: Theme, rng: random.Random) -> str:
    mark = rng.choice([",", ";", ","])
    head = [f"# {title}"] if title else []
    return "\n".join([*head, f"{theme.thing}{mark}{theme.one}", *(f"{a}{mark}{b}" for a, b in entries)]) + "\n"


def _json(title: str, entries: Entries, theme: Theme, rng: random.Random) -> str:
    made: dict[str, object] = {"title": title} if title else {}
    for label, value in entries:
        numeric = value.replace(".", "", 1).isdigit() and not value.startswith("0")
        made[label] = json.loads(value) if numeric and str(json.loads(value)) == value else value
    return json.dumps(made, indent=rng.choice([None, 2, 2]), ensure_ascii=False) + "\n"


def _log(title: str, entries: Entries, theme: Theme, rng: random.Random) -> str:
    day = f"2026-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    times = sorted(f"{rng.randint(8, 19):02}:{rng.randint(0, 59):02}" for _ in entries)
    made = [f"{day} {time} {label} {value}" for time, (label, value) in zip(times, entries, strict=True)]
    return "\n".join([title, *made] if title else made) + "\n"


def _prose(title: str, entries: Entries, theme: Theme, rng: random.Random) -> str:
    pattern = rng.choice(["The ONE for LABEL is VALUE.", "For LABEL the ONE is VALUE.", "LABEL: the ONE is VALUE."])
    made = [pattern.replace("ONE", theme.one).replace("LABEL", a).replace("VALUE", b) for a, b in entries]
    return "\n".join([f"About: {title}", *made] if title else made) + "\n"


FORMATS: tuple[tuple[str, Format], ...] = (
    ("txt", _each("LABEL VALUE")),
    ("txt", _each("LABEL: VALUE")),
    ("txt", _each("LABEL - VALUE")),
    ("txt", _each("VALUE LABEL")),
    ("txt", _each("LABEL = VALUE")),
    ("md", _each("| LABEL | VALUE |")),
    ("md", _markdown),
    ("md", _markdown),
    ("csv", _csv),
    ("csv", _csv),
    ("json", _json),
    ("json", _json),
    ("log", _log),
    ("txt", _prose),
    ("", _each("LABEL: VALUE")),
)
LISTED = {"txt", "md", "log", ""}
"""Extensions of formats that may have a line more."""


def number(bounds: str, rng: random.Random) -> str:
    """A number as it is written in a file."""
    low, high, places = bounds.split()
    value = round(rng.uniform(float(low), float(high)), rng.choice([0, int(places), int(places)]))
    return str(int(value)) if value == int(value) else str(value)


def stem(stems: str, rng: random.Random) -> str:
    """A file's name without its extension."""
    word = rng.choice(stems.split())
    more = rng.choice([str(rng.randint(1, 30)), str(rng.randint(2019, 2031)), rng.choice(POOLS["word"]).lower(), "new"])
    word = word if rng.random() < 0.5 else f"{word}{rng.choice('_-')}{more}"
    return word.capitalize() if rng.random() < 0.07 else word


def _labels(kind: str, count: int, rng: random.Random) -> list[str]:
    """Different ones, of which none is part of another."""
    made: list[str] = []
    while len(made) < count:
        label = draw(kind, rng).said
        if not any(label.lower() in other.lower() or other.lower() in label.lower() for other in made):
            made.append(label)
    return made


def table(rng: random.Random, *, numeric: bool, low: int = 2, high: int = 5, titled: bool = False) -> Document:
    """A list of names with a number each, or another value."""
    theme = rng.choice(NUMBERS if numeric else TEXTS)
    labels = _labels(theme.items, rng.randint(low, high), rng)
    values: list[str] = []
    while len(values) < len(labels):
        value = number(theme.values, rng) if numeric else draw(theme.values, rng).said
        if value not in values and value not in labels:
            values.append(value)
    return document(theme, tuple(zip(labels, values, strict=True)), rng, titled=titled)


def document(theme: Theme, entries: Entries, rng: random.Random, *, titled: bool = False) -> Document:
    """These entries as a file."""
    extension, write = rng.choice(FORMATS)
    title = topic(rng) if titled else ""
    return Document(stem(theme.stems, rng), extension, write(title, entries, theme, rng), entries, theme, title)


def plain_numbers(rng: random.Random) -> Document:
    """Nothing but numbers, one a line."""
    theme = rng.choice(NUMBERS)
    values = tuple(("", number(theme.values, rng)) for _ in range(rng.randint(2, 5)))
    return Document(stem(theme.stems, rng), "txt", "".join(f"{value}\n" for _, value in values), values, theme)


def facts(rng: random.Random, *, titled: bool = False) -> Document:
    """A few settings or facts; their names stand in the file as they are said."""
    names = _labels("pool: " + " | ".join(FACTS), rng.randint(1, 4), rng)
    entries = tuple((name, draw(FACTS[name], rng).said) for name in names)
    style = rng.choice(["upper", "lower", "equals", "title", "prose", "bullet", "json"])
    title = topic(rng) if titled else ""
    name = stem(
        rng.choice(("info notes memo readme", "settings config options", "trip travel booking", "flat club")), rng
    )
    if style == "json":
        return Document(name, "json", _json(title, entries, NUMBERS[0], rng), entries, None, title)
    made = [f"# {title}" if style == "bullet" else title] if title else []
    if style == "prose" and rng.random() < 0.6:
        made.append(draw("sentence", rng).said)
    for label, value in entries:
        prose = rng.choice(
            [f"The {label} is {value}.", f"As {label} we have {value}.", f"By the way, the {label} is {value}."]
        )
        made.append(
            {
                "upper": f"{label.upper()}: {value}",
                "lower": f"{label}: {value}",
                "equals": f"{label} = {value}",
                "title": f"{label[0].upper()}{label[1:]}: {value}",
                "bullet": f"- {label}: {value}",
                "prose": prose,
            }[style]
        )
    extension = {"equals": "ini", "bullet": "md", "prose": "txt"}.get(style) or rng.choice(["txt", "md", "cfg", "txt"])
    return Document(name, extension, "\n".join(made) + "\n", entries, None, title)


def order(rng: random.Random, *, titled: bool = False) -> Document:
    """Something bought several times, with the price of one."""
    item, count, price = draw("product", rng).said, str(rng.randint(2, 40)), number("2 90 2", rng)
    title = topic(rng) if titled else ""
    extension, rows = rng.choice(
        [
            ("txt", [f"item: {item}", f"quantity: {count}", f"price: {price}"]),
            ("txt", [f"{count} x {item} at {price} each"]),
            ("csv", ["item,quantity,price", f"{item},{count},{price}"]),
            ("md", ["# Order", "", f"- {item}", f"- pieces: {count}", f"- price per piece: {price}"]),
            ("ini", [f"item = {item}", f"quantity = {count}", f"unit_price = {price}"]),
            ("txt", [f"We ordered {count} pieces of {item}.", f"One costs {price}."]),
        ]
    )
    text = "\n".join([title, *rows] if title else rows) + "\n"
    return Document(stem("order purchase invoice cart", rng), extension, text, (("", count), ("", price)), None, title)


SENTENCES = (
    ("sentence", "letter draft story text", ("",)),
    ("note", "notes diary memo ideas", ("",)),
    ("note", "todo tasks plan", ("- ", "[ ] ", "* ", "")),
    ("message", "messages drafts chat", ("",)),
)
ITEMS = (
    ("ingredient", "shopping list pantry", ("- ", "* ", "")),
    ("person", "guests names members", ("", "- ")),
    ("book", "wishlist reading library", ("",)),
    ("city", "cities route travel", ("", "- ")),
    ("tag", "tags labels topics", ("",)),
    ("product", "presents buy wanted", ("- ", "[ ] ", "")),
)


def lines(rng: random.Random, low: int = 1, high: int = 5, *, short: bool = False) -> Document:
    """Sentences, things to do, or words; `short` leaves out sentences."""
    kind, stems, marks = rng.choice(ITEMS if short else SENTENCES + ITEMS)
    mark = rng.choice(marks)
    made = _labels(kind, rng.randint(low, high), rng)
    text = "".join(f"{mark}{line}\n" for line in made)
    return Document(stem(stems, rng), rng.choice(["txt", "txt", "md", "log"]), text, tuple((m, m) for m in made))


def topic(rng: random.Random) -> str:
    """A title that a search finds."""
    return rng.choice(
        [
            draw("title", rng).said,
            f"{rng.choice(POOLS['city'])} {rng.randint(2020, 2031)}",
            draw("company", rng).said,
            f"Project {pseudo_word(rng).capitalize()}",
        ]
    )


def folder(rng: random.Random) -> str:
    parts = rng.sample(FOLDERS, rng.choice([1, 1, 1, 2]))
    return "/".join(parts)


def any_document(rng: random.Random) -> Document:
    """Lines, facts or a table."""
    made: list[Callable[[], Document]] = [
        lambda: lines(rng),
        lambda: facts(rng),
        lambda: table(rng, numeric=True),
    ]
    return rng.choice(made)()


def others(rng: random.Random, taken: Collection[str], words: Collection[str], n: int) -> dict[str, str]:
    """Files that have nothing to do with it, none of which has one of the words."""
    made: dict[str, str] = {}
    for _ in range(n * 3):
        document = any_document(rng)
        path = document.name if rng.random() < 0.5 else f"{folder(rng)}/{document.name}"
        parts = path.split("/")
        heads = {"/".join(parts[:n]) for n in range(1, len(parts) + 1)}
        everything = {*taken, *made}
        inside = any(other == path or other in heads or other.startswith(f"{path}/") for other in everything)
        said = f"{path}\n{document.text}".lower()
        if not inside and not any(word.lower() in said for word in words if word) and len(made) < n:
            made[path] = document.text
    return made
