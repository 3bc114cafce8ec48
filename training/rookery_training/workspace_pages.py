"""Files of several lines as people keep them, each with a question that one or two of its lines answer."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass

from rookery_training import workspace_files as files
from rookery_training.pools import POOLS
from rookery_training.values import draw
from rookery_training.workspace_lines import counted, it_says, ordinal


@dataclass(frozen=True, slots=True)
class Page:
    """A file, what is asked of it, and the lines that have the answer."""

    ask: str
    reply: str
    stems: str
    extension: str
    lines: list[str]
    slots: dict[str, str]
    thought: str
    """It copies the lines; "" where nothing has to be copied."""
    value: str = ""
    """What the answer has to say; "" of yes and no."""
    from_line: int = 0
    """The line that is read alone; 0 if all are read."""
    orders: bool = True
    """Whether a line that gives orders may be put between the others."""


def _few(kind: str, low: int, high: int, rng: random.Random) -> list[str]:
    """Different ones, none of them part of another."""
    made: list[str] = []
    count = rng.randint(low, high)
    while len(made) < count:
        said = draw(kind, rng).said
        if not any(said.lower() in other.lower() or other.lower() in said.lower() for other in made):
            made.append(said)
    return made


def by_line(rng: random.Random) -> Page:
    """A line by its number, the last one, or the one after another."""
    document = files.lines(rng, 3, 7)
    shown = document.text.splitlines()
    kind = rng.choice(["nth", "last", "after"])
    last = len(shown) - 1
    at = rng.randint(1, max(1, min(last - 1, 6))) if kind == "nth" else last if kind == "last" else rng.randint(1, last)
    slots = {"n": str(at + 1), "which": ordinal(min(at, 7) + 1), "before": document.entries[at - 1][0]}
    seen = shown[at : at + 1] if kind != "after" else shown[at - 1 : at + 1]
    value = document.entries[at][0]
    reply = "page_after" if kind == "after" else "page_line"
    alone = at + 1 if kind == "nth" else 0
    stems, extension = document.stem, document.extension
    return Page(kind, reply, stems, extension, shown, slots, it_says(seen), value, alone, orders=False)


UNITS = (
    ("bed garden beds", "bed", "ingredient"),
    ("rooms hotel guests", "room", "person"),
    ("shelves store", "shelf", "product"),
    ("seats wedding tables", "table", "person"),
    ("lockers gym", "locker", "first_name"),
    ("rows vineyard", "row", "plant"),
    ("steps recipe guide", "step", "note"),
    ("drawers tools", "drawer", "material"),
    ("boxes moving cellar", "box", "product"),
    ("lanes pool meet", "lane", "first_name"),
    ("stops tour route", "stop", "city"),
    ("chapters book", "chapter", "title"),
    ("slots parking", "slot", "person"),
    ("lessons course", "lesson", "topic"),
    ("stalls market fair", "stall", "company"),
)


def by_number(rng: random.Random) -> Page:
    """What is in bed 3, who in room 12."""
    stems, unit, kind = rng.choice(UNITS)
    items = _few(kind, 3, 6, rng)
    start = rng.choice([1, 1, 1, rng.randint(2, 40)])
    pattern = rng.choice(["{U} {n}: {v}", "{u} {n} - {v}", "{n}. {v}", "{u} {n} = {v}", "| {n} | {v} |", "{n}) {v}"])
    made = [pattern.format(u=unit, U=unit.capitalize(), n=n, v=item) for n, item in enumerate(items, start)]
    at = rng.randrange(len(items))
    head = [f"# {unit.capitalize()}s"] if rng.random() < 0.3 and unit != "shelf" else []
    slots = {"unit": unit, "n": str(start + at)}
    return Page(
        "numbered", "page_numbered", stems, "md" if head else "txt", head + made, slots, it_says([made[at]]), items[at]
    )


SECTIONS = (
    ("config settings servers", ("server", "database", "cache", "mail", "backup", "proxy", "search", "queue"),
     ("port", "timeout", "host", "retries", "user", "path", "level", "size")),
    ("branches offices sites", ("Oslo", "Lisbon", "Leeds", "Turin", "Porto", "Quito"),
     ("phone", "manager", "floor", "email", "code")),
    ("pets animals clinic", ("Bello", "Minka", "Rex", "Luna", "Coco"), ("age", "weight", "doctor", "food", "chip")),
    ("courses school term", ("history", "chemistry", "art", "music", "maths"), ("room", "teacher", "day", "exam")),
)  # fmt: skip
KEYS = {
    "port": "integer 1024 9999", "timeout": "integer 5 600", "host": "hostname", "retries": "integer 1 12",
    "user": "username", "path": "path", "level": "integer 1 9", "size": "integer 16 900", "phone": "phone",
    "manager": "person", "floor": "integer 1 30", "email": "email", "code": "code", "age": "integer 1 18",
    "weight": "number 2 40 1", "doctor": "person", "food": "food", "chip": "integer 10000 99999", "room": "room",
    "teacher": "person", "day": "weekday", "exam": "date",
}  # fmt: skip


def by_section(rng: random.Random) -> Page:
    """The same keys in several parts of a file: ini, yaml, headings, JSON."""
    stems, names, keys = rng.choice(SECTIONS)
    chosen, asked = rng.sample(names, rng.randint(2, 3)), rng.sample(keys, rng.randint(2, 3))
    made = {name: {key: draw(KEYS[key], rng).said for key in asked} for name in chosen}
    name, key = rng.choice(chosen), rng.choice(asked)
    value = made[name][key]
    style = rng.choice(["ini", "yaml", "md", "json", "txt"])
    if style == "json":
        shown = json.dumps(made, indent=2, ensure_ascii=False).splitlines()
        seen = [f'"{name}": {{', f'"{key}": {json.dumps(value, ensure_ascii=False)}']
    else:
        head = {"ini": "[{}]", "yaml": "{}:", "md": "## {}", "txt": "{}"}[style]
        line = {"ini": "{} = {}", "yaml": "  {}: {}", "md": "- {}: {}", "txt": "{}: {}"}[style]
        shown = [text for n in chosen for text in (head.format(n), *(line.format(k, made[n][k]) for k in asked), "")][
            :-1
        ]
        seen = [head.format(name), line.format(key, value)]
    slots = {"key": key, "section": name}
    return Page("section", "page_section", stems, style, shown, slots, it_says(seen), value, orders=style != "json")


DAYS = POOLS["weekday"]
PLACES = (
    "the library",
    "the pool",
    "the bakery",
    "the museum",
    "the town hall",
    "the clinic",
    "the bike shop",
    "the café",
)


def by_day(rng: random.Random) -> Page:
    """Opening hours in ranges of days, some of them closed."""
    cuts = sorted(rng.sample(range(1, 7), rng.randint(1, 4)))
    parts = list(zip([0, *cuts], [*cuts, 7], strict=True))
    between = rng.choice([" to ", " - ", "-"])
    wide = rng.choice([" to ", " - ", "-"])
    shut = rng.randrange(len(parts)) if rng.random() < 0.8 else -1
    shown, hours = [], []
    for n, (first, end) in enumerate(parts):
        days = DAYS[first] if end - first == 1 else f"{DAYS[first]}{wide}{DAYS[end - 1]}"
        clock = rng.choice(["{}", "{}:00", "{}:30"])
        hours.append(
            "closed" if n == shut else f"{clock.format(rng.randint(7, 11))}{between}{clock.format(rng.randint(14, 21))}"
        )
        shown.append(f"{days}: {hours[-1]}")
    part = rng.choice([n for n in range(len(parts)) if n != shut or rng.random() < 0.5] or [0])
    day = DAYS[rng.randrange(*parts[part])]
    closed = hours[part] == "closed"
    ask = rng.choice(["hours", "open_on"])
    reply = {("hours", False): "page_hours", ("hours", True): "page_shut", ("open_on", False): "page_open"}
    place = rng.choice(PLACES)
    head = [f"{place.capitalize()} - opening hours"] if rng.random() < 0.3 else []
    value = hours[part]
    says = "" if closed else value
    slots = {"day": day, "place": place}
    thought = it_says([shown[part]]) if len(shown) > 1 else ""
    return Page(ask, reply.get((ask, closed), "page_closed"), "hours opening times open", rng.choice(["txt", "md"]),
                head + shown, slots, thought, says)  # fmt: skip


DEEDS = (
    ("sends the offer", "send the offer"),
    ("books the room", "book the room"),
    ("orders the chairs", "order the chairs"),
    ("calls the printer", "call the printer"),
    ("brings the projector", "bring the projector"),
    ("updates the website", "update the website"),
    ("checks the budget", "check the budget"),
    ("writes the report", "write the report"),
    ("cleans the hall", "clean the hall"),
    ("picks up the keys", "pick up the keys"),
    ("feeds the cat", "feed the cat"),
    ("repairs the fence", "repair the fence"),
)


def of_minutes(rng: random.Random) -> Page:
    """What was decided, and who does what."""
    deeds = rng.sample(DEEDS, rng.randint(2, 3))
    people = _few("first_name", len(deeds), len(deeds), rng)
    pattern = rng.choice(["- {p} {does}", "{p}: {do}", "TODO {p} - {do}", "* {p} {does} by Friday", "{p} {does}."])
    tasks = [pattern.format(p=p, does=does, do=do) for p, (does, do) in zip(people, deeds, strict=True)]
    facts = {
        "next meeting": draw("date", rng).said, "place": draw("room", rng).said, "chair": draw("person", rng).said,
        "start": draw("time", rng).said, "budget": str(rng.randint(200, 9000)), "writer": draw("person", rng).said,
    }  # fmt: skip
    kept = rng.sample(list(facts), rng.randint(1, 3))
    heads = [f"{name.capitalize()}: {facts[name]}" for name in kept]
    shown = [*heads, *tasks] if rng.random() < 0.5 else [*tasks, *heads]
    if rng.random() < 0.5:
        at = rng.randrange(len(tasks))
        slots, seen, value = {"does": deeds[at][0]}, tasks[at], people[at]
        return Page("who_does", "page_who", "minutes meeting protocol", "md", shown, slots, it_says([seen]), value)
    at = rng.randrange(len(kept))
    slots, value = {"topic": kept[at]}, facts[kept[at]]
    return Page("minutes", "page_minutes", "minutes meeting protocol", "txt", shown, slots, it_says([heads[at]]), value)


EVENTS = (
    "disk full", "user logged in", "backup started", "backup finished", "door opened", "pump stopped", "mail sent",
    "connection lost", "restart", "login failed", "update installed", "battery low", "filter changed", "alarm off",
    "file not found", "job cancelled", "new device", "cache cleared", "report printed", "valve closed",
)  # fmt: skip
LEVELS = ("ERROR", "WARN", "INFO", "DEBUG")


def of_log(rng: random.Random) -> Page:
    """What was logged at a time, when something was, or how often."""
    times = sorted({f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}" for _ in range(rng.randint(3, 6))})
    day = f"2026-{rng.randint(1, 12):02}-{rng.randint(1, 28):02} " if rng.random() < 0.5 else ""
    events = rng.sample(EVENTS, len(times))
    levels = [rng.choice(LEVELS[: rng.randint(2, 4)]) for _ in times]
    shown = [f"{day}{time} {level} {event}" for time, level, event in zip(times, levels, events, strict=True)]
    at = rng.randrange(len(times))
    slots = {"time": times[at], "event": events[at], "word": levels[at]}
    kind = rng.choice(["at_time", "when_was", "how_often"])
    stems = "system server house app events alarm"
    if kind == "how_often":
        hits = [line for line, level in zip(shown, levels, strict=True) if level == levels[at]]
        return Page(kind, "page_count", stems, "log", shown, slots, counted(hits), str(len(hits)), orders=False)
    value = events[at] if kind == "at_time" else times[at]
    reply = "page_event" if kind == "at_time" else "page_time"
    return Page(kind, reply, stems, "log", shown, slots, it_says([shown[at]]), value)


def of_timetable(rng: random.Random) -> Page:
    """When something leaves, and from where."""
    line, platform = rng.choice([("train", "platform"), ("bus", "stand"), ("ferry", "pier"), ("flight", "gate")])
    stops = _few("city", 3, 5, rng)
    times = sorted({f"{rng.randint(5, 22):02}:{rng.randint(0, 59):02}" for _ in stops})
    stops = stops[: len(times)]
    numbers = [str(rng.randint(1, 24)) for _ in stops]
    pattern = rng.choice(["{t} {s}, {p} {n}", "{t} | {s} | {p} {n}", "{s}: {t}, {p} {n}", "{t} to {s} from {p} {n}"])
    shown = [pattern.format(t=t, s=s, p=platform, n=n) for t, s, n in zip(times, stops, numbers, strict=True)]
    at = rng.randrange(len(shown))
    slots = {"line": line, "stop": stops[at], "time": times[at], "platform": platform}
    kind = rng.choice(["departure", "platform"])
    value = times[at] if kind == "departure" else numbers[at]
    stems = "timetable departures schedule trip"
    return Page(kind, f"page_{kind}", stems, rng.choice(["txt", "md"]), shown, slots, it_says([shown[at]]), value)


def of_minimum(rng: random.Random) -> Page:
    """Which one is short."""
    thing, kind = rng.choice([("item", "product"), ("ingredient", "ingredient"), ("material", "material")])
    items = _few(kind, 3, 5, rng)
    at = rng.randrange(len(items))
    shown = []
    stock = minimum = ""
    for n, item in enumerate(items):
        low = rng.randint(2, 40)
        has = rng.randint(0, low - 1) if n == at else rng.randint(low, low + 60)
        if n == at:
            stock, minimum = str(has), str(low)
        shown.append((item, has, low))
    style = rng.choice(["csv", "md", "txt"])
    pattern = {"csv": "{},{},{}", "md": "| {} | {} | {} |", "txt": "{}: {} in stock, minimum {}"}[style]
    lines = [pattern.format(*row) for row in shown]
    head = [] if style == "txt" else [pattern.format(thing, "stock", "minimum")]
    slots = {"thing": thing, "stock": stock, "minimum": minimum}
    stems = "stock inventory store pantry"
    return Page(
        "below", "page_below", stems, style, head + lines, slots, it_says([lines[at]]), items[at], orders=style != "csv"
    )


def of_checklist(rng: random.Random) -> Page:
    """Whether something is ticked off, or on a list at all."""
    if rng.random() < 0.4:
        document = files.lines(rng, 2, 6, short=True)
        there = rng.random() < 0.5
        items = [label for label, _ in document.entries]
        shown = document.text.splitlines()
        at = rng.randrange(len(items))
        kept = [line for n, line in enumerate(shown) if there or n != at]
        thought = it_says([shown[at]]) if there and len(kept) > 1 else ""
        reply = "page_on" if there else "page_not_on"
        return Page("on_list", reply, document.stem, document.extension, kept, {"item": items[at]}, thought)
    tasks = _few(rng.choice(["note", "title"]), 2, 5, rng)
    mark, blank = rng.choice([("[x]", "[ ]"), ("- [x]", "- [ ]"), ("done:", "open:"), ("DONE", "TODO")])
    ticked = [rng.random() < 0.5 for _ in tasks]
    shown = [f"{mark if is_done else blank} {task}" for is_done, task in zip(ticked, tasks, strict=True)]
    at = rng.randrange(len(tasks))
    reply = "page_done" if ticked[at] else "page_open_task"
    return Page("done", reply, "todo checklist tasks chores", "md", shown, {"task": tasks[at]}, it_says([shown[at]]))


CLAIMS = {
    "deadline": "date", "rent": "integer 400 1900", "room": "room", "landlord": "person", "port": "integer 1024 9999",
    "colour": "color", "departure": "time", "gate": "integer 1 90", "doctor": "person", "currency": "currency",
    "venue": "city", "speaker": "person", "deposit": "integer 100 2500", "start": "time", "hotel": "company",
}  # fmt: skip


def of_claim(rng: random.Random) -> Page:
    """Whether a value is what the person believes it to be."""
    keys = rng.sample(list(CLAIMS), rng.randint(2, 4))
    pattern = rng.choice(["{}: {}", "{} = {}", "- {}: {}", "The {} is {}."])
    values = [draw(CLAIMS[key], rng).said for key in keys]
    shown = [pattern.format(key, value) for key, value in zip(keys, values, strict=True)]
    at = rng.randrange(len(keys))
    other = draw(CLAIMS[keys[at]], rng).said
    claim = values[at] if rng.random() < 0.5 or other == values[at] else other
    reply = "page_right" if claim == values[at] else "page_wrong"
    slots = {"key": keys[at], "claim": claim}
    return Page("claim", reply, "facts info notes readme", "txt", shown, slots, it_says([shown[at]]), values[at])


COLUMNS = {
    "role": "job", "phone number": "phone", "city": "city", "room": "room", "team": "team", "birthday": "date",
    "language": "language", "score": "integer 1 100", "age": "integer 18 80", "email": "email", "colour": "color",
}  # fmt: skip


def of_table(rng: random.Random) -> Page:
    """A table of three columns: the cell of a row, or whose row has a value."""
    columns = rng.sample(list(COLUMNS), 2)
    names = _few(rng.choice(["first_name", "person"]), 2, 5, rng)
    rows = [[name, *(draw(COLUMNS[column], rng).said for column in columns)] for name in names]
    style = rng.choice(["md", "csv", "csv", "txt"])
    mark = {"md": " | ", "csv": rng.choice([",", ";"]), "txt": rng.choice([" / ", ", ", "\t"])}[style]
    outside = ("| ", " |") if style == "md" else ("", "")
    head, *shown = [f"{outside[0]}{mark.join(row)}{outside[1]}" for row in [["name", *columns], *rows]]
    at, column = rng.randrange(len(rows)), rng.randrange(2)
    value = rows[at][1 + column]
    seen = it_says([head, shown[at]])
    slots = {"name": names[at], "column": columns[column], "has": value}
    if sum(row[1 + column] == value for row in rows) == 1 and rng.random() < 0.35:
        return Page(
            "who_has",
            "page_who",
            "team people members staff",
            style,
            [head, *shown],
            slots,
            seen,
            names[at],
            orders=False,
        )
    return Page(
        "cell", "page_cell", "team people members staff", style, [head, *shown], slots, seen, value, orders=False
    )


PAGES: dict[Callable[[random.Random], Page], float] = {
    by_line: 0.2, by_number: 0.1, by_section: 0.12, by_day: 0.12, of_minutes: 0.1, of_log: 0.1, of_timetable: 0.08,
    of_minimum: 0.05, of_checklist: 0.08, of_claim: 0.06, of_table: 0.12,
}  # fmt: skip
"""How often each comes up."""


def draw_page(rng: random.Random) -> Page:
    return rng.choices(list(PAGES), list(PAGES.values()))[0](rng)
