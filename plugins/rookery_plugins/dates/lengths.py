"""Reads lengths of time: 3 weeks, a year and 2 months, ten business days."""

from __future__ import annotations

from rookery_core.plugin import ToolRetry
from rookery_plugins.dates.spans import Length
from rookery_plugins.dates.words import NUMBERS, Words

MAX_NUMBER = 9_999_999
"""From the year 1 to the year 9999 there are 3,652,058 days."""

_UNITS = {
    "day": Length(days=1),
    "week": Length(days=7),
    "fortnight": Length(days=14),
    "month": Length(months=1),
    "quarter": Length(months=3),
    "year": Length(months=12),
    "decade": Length(months=120),
    "century": Length(months=1200),
    "workday": Length(working_days=1),
    "weekday": Length(working_days=1),
}
_SIDES = ("after", "before", "from")
"""Before these a unit needs no number: the day after tomorrow."""
_TOO_FINE = ("hour", "hr", "minute", "min", "sec")
_TENS = 10


def length_at(words: Words) -> Length | None:
    """The length that is there, left behind; None where none is. Raises ToolRetry for hours, and for long numbers."""
    total = Length(months=6) if words.took("half a year") else None
    while True:
        place = words.place
        words.took("and") if total else words.took("the")
        n = _number(words)
        if (
            n is None
            and total is None
            and _singular(words.next) in _UNITS
            and words.ahead(1) in ("after", "before", "from")
        ):
            n = 1  # the day after tomorrow
        unit = None if n is None else _unit(words)
        if n is None or unit is None:
            words.back_to(place)
            return total
        if n > MAX_NUMBER:
            raise ToolRetry(f"{str(n)[:20]} is too large a number for a length of time")
        total = (total or Length()).plus(unit.times(n))


def _number(words: Words) -> int | None:
    word = words.next
    if word.isdigit():
        return int(words.take())
    if word not in NUMBERS:
        return None
    n = NUMBERS[words.take()]
    if n >= 2 * _TENS and n % _TENS == 0:
        place = words.place
        words.took("-")
        ones = NUMBERS.get(words.next, 0)
        if 1 <= ones < _TENS and words.next not in ("a", "an"):
            words.take()
            n += ones
        else:
            words.back_to(place)
    return n * (100 if words.took("hundred") else 1000 if words.took("thousand") else 1)


def _unit(words: Words) -> Length | None:
    if words.next in ("working", "business", "work") and _singular(words.ahead(1)) == "day":
        words.take()
        words.take()
        return _UNITS["workday"]
    word = _singular(words.next)
    if word in _TOO_FINE:
        raise ToolRetry("hours and minutes are no part of a date; give days, weeks, months or years")
    if word in _UNITS:
        words.take()
    return _UNITS.get(word)


def _singular(word: str) -> str:
    return "century" if word == "centuries" else word.removesuffix("'s").removesuffix("s")
