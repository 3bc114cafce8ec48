"""Days, spans of days, and lengths of time in days, months, years and working days."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from rookery_core.plugin import ToolRetry

WEEK = 7
WORKING = 5
"""Working days are Monday to Friday; which of them are holidays differs from place to place."""


@dataclass(frozen=True, slots=True)
class Span:
    """From one day to another, both included; or one day."""

    first: date
    last: date

    @classmethod
    def day(cls, at: date) -> Span:
        return cls(at, at)

    @property
    def is_day(self) -> bool:
        """Whether it is one day."""
        return self.first == self.last


@dataclass(frozen=True, slots=True)
class Length:
    """A length of time."""

    days: int = 0
    months: int = 0
    working_days: int = 0

    def plus(self, other: Length) -> Length:
        """Both together."""
        return Length(self.days + other.days, self.months + other.months, self.working_days + other.working_days)

    def times(self, n: int) -> Length:
        """So many of it."""
        return Length(self.days * n, self.months * n, self.working_days * n)

    def after(self, start: date, times: int = 1) -> date:
        """The day that is so much later; earlier with -1. Months first, then days, then working days.

        Where the month has no such day it is its last.
        """
        moved = start + relativedelta(months=self.months * times) + timedelta(days=self.days * times)
        return add_working_days(moved, self.working_days * times) if self.working_days else moved

    def is_cut(self, start: date, times: int = 1) -> bool:
        """Whether the month that it leads to has no such day."""
        return bool(self.months) and (start + relativedelta(months=self.months * times)).day != start.day


def add_working_days(start: date, n: int) -> date:
    """The n-th working day after a day, or before it."""
    weekday = start.weekday()
    if weekday >= WORKING:  # count from the working day that one comes from
        start -= timedelta(days=weekday - WORKING + 1 if n > 0 else weekday - WEEK)
        weekday = start.weekday()
    weeks, days = divmod(weekday + n, WORKING)
    return start + timedelta(days=weeks * WEEK + days - weekday)


def working_days_between(start: date, end: date) -> int:
    """How many working days there are after the first day, up to the second; negative where it is the earlier one."""
    if end < start:
        return -working_days_between(end, start)
    return _working_days_until(end) - _working_days_until(start)


def _working_days_until(day: date) -> int:
    weeks, days = divmod(day.toordinal() - 1, WEEK)  # day 1 was a Monday
    return weeks * WORKING + min(days + 1, WORKING)


def month(year: int, number: int) -> Span:
    """A month, by its number in the year."""
    first = date(year, number, 1)
    return Span(first, first + relativedelta(day=31))


def quarter(year: int, number: int) -> Span:
    """Three months, by their number in the year."""
    return Span(date(year, 3 * number - 2, 1), month(year, 3 * number).last)


def year_of(year: int) -> Span:
    return Span(date(year, 1, 1), date(year, 12, 31))


def week_of(day: date) -> Span:
    """From Monday to Sunday."""
    monday = day - timedelta(days=day.weekday())
    return Span(monday, monday + timedelta(days=WEEK - 1))


def iso_week(year: int, number: int) -> Span:
    """A week by its number. Raises ToolRetry where the year has no such week."""
    try:
        monday = date.fromisocalendar(year, number, 1)
    except ValueError:
        raise ToolRetry(f"{year} has no week {number}; weeks are counted from 1 to 52 or 53") from None
    return week_of(monday)


def exact(year: int, number: int, day: int) -> date:
    """A day of the calendar. Raises ToolRetry, which says why there is none."""
    if not 1 <= number <= 12:
        raise ToolRetry(f"there is no month {number}; write dates as year-month-day, like 2027-03-28")
    if not date.min.year <= year <= date.max.year:
        raise ToolRetry(f"the year {year} is out of range; it is counted from {date.min.year} to {date.max.year}")
    whole = month(year, number)
    if not 1 <= day <= whole.last.day:
        raise ToolRetry(f"{whole.first:%B} {year} has {whole.last.day} days, and no day {day}")
    return date(year, number, day)


def nearest(weekday: int, day: date, step: int) -> date:
    """The first such day of the week after a day, or with -1 the last one before it."""
    apart = (weekday - day.weekday()) * step % WEEK or WEEK
    return day + timedelta(days=apart * step)


def coming(today: date, in_year: Callable[[int], date]) -> date:
    """The next of what comes once a year, today included."""
    this = in_year(today.year)
    return this if this >= today else in_year(today.year + 1)
