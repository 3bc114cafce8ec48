"""Days and times of day in words that the tools for them understand: an argument copies what was said."""

from __future__ import annotations

import random

from rookery_training.pools import POOLS

FEASTS = (
    "Christmas", "Easter", "New Year's Eve", "Halloween", "Valentine's Day", "Good Friday", "Pentecost",
    "Thanksgiving", "Christmas Eve", "Easter Monday",
)  # fmt: skip
ORDINALS = ("first", "second", "third", "fourth", "last", "1st", "2nd", "3rd", "4th")
LENGTHS = ("days", "days", "days", "weeks", "weeks", "months", "years")


def _ending(number: int) -> str:
    return "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def fixed(rng: random.Random) -> str:
    """A day of the calendar, with its year or without."""
    year, month, number = rng.randint(1950, 2035), rng.randint(1, 12), rng.randint(1, 28)
    year = year if rng.random() < 0.3 else rng.randint(2023, 2029)
    name = POOLS["month"][month - 1]
    forms = [f"{year}-{month:02}-{number:02}"] * 3
    forms += [f"{number} {name} {year}", f"{name} {number}, {year}", f"{name} {number}{_ending(number)}, {year}"]
    forms += [f"{number} {name[:3]} {year}", f"{name} {number} {year}", f"{number} {name}", f"{name} {number}"]
    forms += [f"the {number}{_ending(number)} of {name} {year}", f"{number}{_ending(number)} {name} {year}"]
    return rng.choice(forms)


def feast(rng: random.Random) -> str:
    """A day that has a name."""
    name = rng.choice(FEASTS)
    return name if rng.random() < 0.5 else f"{name} {rng.randint(2026, 2035)}"


def moving(rng: random.Random) -> str:
    """A day that words lead to, from today or from another day."""
    weekday, month = rng.choice(POOLS["weekday"]), rng.choice(POOLS["month"])
    n, year, length = (
        rng.choice([rng.randint(2, 12), rng.randint(2, 200)]),
        rng.randint(2026, 2033),
        rng.choice(LENGTHS),
    )
    n = n if length == "days" else n % 11 + 2
    nth = rng.choice(ORDINALS)
    forms = [
        f"next {weekday}", f"last {weekday}", f"next {weekday}", "tomorrow", "yesterday", "the day after tomorrow",
        "the day before yesterday", f"in {n} {length}", f"in {n} {length}", f"{n} {length} from today",
        f"{n} {length} from now", f"{n} {length} ago", f"{n} {length} ago", f"the {nth} {weekday} of {month} {year}",
        f"the {nth} {weekday} of {month} {year}", f"the {nth} {weekday} in {month}", f"a week from {weekday}",
        f"the {nth} {weekday} of next month", f"{n} {length} after {fixed(rng)}", f"{n} {length} before {fixed(rng)}",
        f"{n} {length} before {feast(rng)}", "the end of this month", f"the last day of {month} {year}",
        "Friday the 13th", f"week {rng.randint(2, 51)} of {year}", "in a fortnight", f"{n} {length} from {fixed(rng)}",
    ]  # fmt: skip
    return rng.choice(forms)


def _dated(year: int, rng: random.Random) -> str:
    name, number = rng.choice(POOLS["month"]), rng.randint(1, 28)
    month = POOLS["month"].index(name) + 1
    forms = [f"{year}-{month:02}-{number:02}"] * 2 + [f"{number} {name} {year}", f"{name} {number}, {year}"]
    return rng.choice([*forms, f"{name} {number}{_ending(number)}, {year}", f"{number} {name[:3]} {year}"])


def day(which: str, rng: random.Random) -> str:
    """A day: `fixed` in the calendar, `moving` with today, `coming`, `gone`, or of any sort."""
    match which:
        case "coming":
            short = f"{rng.randint(1, 28)} {rng.choice(POOLS['month'])}"
            return rng.choice([feast(rng), feast(rng), short, f"next {rng.choice(POOLS['weekday'])}"] + [
                _dated(rng.randint(2027, 2034), rng) for _ in range(3)
            ])  # fmt: skip
        case "gone":
            return _dated(rng.choice([rng.randint(1940, 2023), rng.randint(2019, 2026)]), rng)
        case "fixed" | "moving":
            return (fixed if which == "fixed" else moving)(rng)
        case _:
            return rng.choices([fixed, feast, moving], [5, 2, 3])[0](rng)


def hour(rng: random.Random) -> str:
    """A time of day."""
    of, minute = rng.randint(0, 23), rng.choice([0, 0, 15, 30, 30, 45, rng.randint(0, 59)])
    half, short = ("am" if of < 12 else "pm"), (of % 12 or 12)
    clock = f"{short}:{minute:02}" if minute else str(short)
    forms = [f"{of:02}:{minute:02}"] * 3 + [f"{clock} {half}"] * 2 + [f"{clock}{half}"] * 2
    return rng.choice([*forms, rng.choice(["noon", "midnight"])] if rng.random() < 0.25 else forms)
