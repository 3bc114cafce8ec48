"""Dates written in digits: 2027-03-28, 28.03.2027, 2027-W12. What could be two days is asked back."""

from __future__ import annotations

import re
from datetime import date

from rookery_core.plugin import ToolRetry
from rookery_plugins.dates.spans import Span, exact, iso_week

_WEEK = re.compile(r"(\d{4})-w(\d{1,2})(?:-(\d))?")
_PARTS = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})")


def numeric(word: str, notes: list[str]) -> Span | None:
    """The day or the week that digits stand for; None where they are a plain number. How they were read is noted.

    Raises ToolRetry for what is no day, and for what is two.
    """
    if week := _WEEK.fullmatch(word):
        span = iso_week(int(week[1]), int(week[2]))
        return Span.day(date.fromisocalendar(int(week[1]), int(week[2]), _weekday(week[3]))) if week[3] else span
    if word.isdigit() and len(word) == len("20270328"):
        return Span.day(exact(int(word[:4]), int(word[4:6]), int(word[6:])))
    parts = _PARTS.fullmatch(word)
    if parts is None:
        return None
    a, b, c = int(parts[1]), int(parts[3]), int(parts[4])
    if len(parts[1]) == 4:
        return Span.day(exact(a, b, c))
    if len(parts[4]) != 4:
        raise ToolRetry(f"{word} has no year of four digits; write dates as year-month-day, like 2027-03-28")
    if parts[2] == ".":
        if a != b:
            notes.append("read as day.month.year")
        return Span.day(exact(c, b, a))
    if a <= 12 and b <= 12 and a != b:
        one, other = exact(c, a, b), exact(c, b, a)
        raise ToolRetry(f"{word} can be {one:%B} {one.day} or {other:%B} {other.day}; write {one} or {other}")
    return Span.day(exact(c, a, b) if b > 12 else exact(c, b, a))


def _weekday(digit: str) -> int:
    if not 1 <= int(digit) <= 7:
        raise ToolRetry("the days of a week are counted from 1, Monday, to 7")
    return int(digit)
