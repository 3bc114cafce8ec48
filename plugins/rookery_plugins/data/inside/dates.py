"""Dates as people write them: which parts of a date a text names, with the month as a number or by its English name."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable
from dataclasses import dataclass

CHARS = 40
"""Of a text that may be a date, with its time."""

_ISO = re.compile(r"(\d{4})([-/.])(\d{1,2})(?:\2(\d{1,2}))?")
_NUMBERS = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d\d)|(\d{1,2})(/)(\d{1,2})|(\d{1,2})(\.) ?(\d{1,2})\.")
_MONTH = re.compile(r"(\d{1,2})[-/.](\d{4})")
_TIME = re.compile(r"(?:t|,? +)\d{1,2}:\d\d.*")
_NAMED = re.compile(r"[\w\s.,/'’-]+")
_MONTH_OF_YEAR = re.compile(r"([a-z]+)\.? ?['’-](\d\d)")
_TOKEN = re.compile(r"[^\W\d_]+|\d+")
_BETWEEN = frozenset(["st", "nd", "rd", "th", "of"])
_MONTHS = {
    name.lower(): n for names in (calendar.month_name, calendar.month_abbr) for n, name in enumerate(names) if name
} | {"sept": 9}
_DAYS = {name.lower(): n for names in (calendar.day_name, calendar.day_abbr) for n, name in enumerate(names)} | {
    "tues": 1, "thur": 3, "thurs": 3,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Date:
    """A date, or a part of one: None stands for a part that is not named."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None

    def has(self, part: Date) -> bool:
        """Whether all that the other one names is the same here."""
        return (
            part.year in (None, self.year)
            and part.month in (None, self.month)
            and part.day in (None, self.day)
            and part.weekday in (None, self.weekday)
        )


def date(text: str, day_first: bool | None = None) -> Date | None:
    """The date that a text without case is; None where it is none, or 3/4/2024 and it is not known what is first."""
    if not text or len(text) > CHARS:
        return None
    text = _TIME.sub("", text)
    if found := _ISO.fullmatch(text):
        return _valid(Date(int(found[1]), int(found[3]), int(found[4]) if found[4] else None))
    if found := _MONTH.fullmatch(text):
        return _valid(Date(int(found[2]), int(found[1])))
    if found := _NUMBERS.fullmatch(text):
        if day_first is None:
            return None
        first, second, year = _numbers(found)
        day, month = (first, second) if day_first else (second, first)
        return _valid(Date(year, month, day))
    if text.isdecimal():
        return Date(int(text)) if len(text) == 4 else None
    return _valid(_named(text)) if _NAMED.fullmatch(text) else None


def day_first(cells: Iterable[str]) -> bool | None:
    """Whether the day is first in a column with dates such as 3/4/2024; None where that is not clear.

    A number over 12 tells. Where there is none, dates with points have the day first, and the others are not guessed.
    """
    seen: set[bool] = set()
    points: set[bool] = set()
    for cell in cells:
        if cell[:1].isdecimal() and (found := _NUMBERS.fullmatch(_TIME.sub("", cell[:CHARS]))):
            one, two, _ = _numbers(found)
            seen |= {one > two} if max(one, two) > 12 else set()
            seen |= {True, False} if min(one, two) > 12 else set()
            points.add("." in found[0])
    return next(iter(seen)) if len(seen) == 1 else True if not seen and points == {True} else None


def _numbers(found: re.Match[str]) -> tuple[int, int, int | None]:
    one, two, year = found[1] or found[5] or found[8], found[3] or found[7] or found[10], found[4]
    return int(one), int(two), _year(year) if year else None


def _year(digits: str) -> int:
    n = int(digits)
    return n if len(digits) == 4 else n + (2000 if n < 70 else 1900)


def _named(text: str) -> Date | None:
    """A date with the name of a month or a weekday in it, and nothing but the date."""
    if (found := _MONTH_OF_YEAR.fullmatch(text)) and found[1] in _MONTHS:
        return Date(_year(found[2]), _MONTHS[found[1]])
    year = month = day = weekday = None
    for token in _TOKEN.findall(text):
        if token in _MONTHS and month is None:
            month = _MONTHS[token]
        elif (name := token if token in _DAYS else token.removesuffix("s")) in _DAYS and weekday is None:
            weekday = _DAYS[name]
        elif token.isdecimal() and len(token) == 4 and year is None:
            year = int(token)
        elif token.isdecimal() and len(token) <= 2 and day is None:
            day = int(token)
        elif token.isdecimal() and len(token) == 2 and year is None:
            year = _year(token)
        elif token not in _BETWEEN:
            return None
    return None if month is None and weekday is None else Date(year, month, day, weekday)


def _valid(found: Date | None) -> Date | None:
    fits = found and found.month in (None, *range(1, 13)) and found.day in (None, *range(1, 32))
    return found if fits else None
