"""Reads phrases that name a day, or a span of days, and says how it read what could be read in two ways.

A grammar of our own: the libraries for this (dateparser, parsedatetime, recurrent) pass over what they do not
understand and answer all the same, and take 03/04/2025 for one of its two days without a word. Here what is left over
is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from rookery_core.plugin import ToolRetry
from rookery_plugins.dates.feasts import NAMES, feast
from rookery_plugins.dates.lengths import length_at
from rookery_plugins.dates.numeric import numeric
from rookery_plugins.dates.spans import (
    Length,
    Span,
    add_working_days,
    coming,
    exact,
    iso_week,
    month,
    nearest,
    quarter,
    week_of,
    year_of,
)
from rookery_plugins.dates.words import DAY_NAMES, MONTHS, ORDINALS, WEEKDAYS, Words

HOLIDAYS = "working days are Monday to Friday, without holidays"
MAX_NTH = 366

_STEPS = {"last": -1, "previous": -1, "past": -1, "this": 0, "next": 1, "coming": 1}
_UNITS = ("week", "month", "quarter", "year")
_WORKING_DAY = ("working day", "business day", "work day", "workday")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a phrase was understood as."""

    span: Span
    notes: tuple[str, ...] = ()


def read(phrase: str, today: date) -> Reading:
    """The day or span that a phrase names. Raises ToolRetry for what is not understood, or is two days in one."""
    words = Words(phrase)
    reader = _Reader(words, today)
    try:
        span = reader.whole()
    except (OverflowError, ValueError):
        raise ToolRetry(f"that lies outside the years {date.min.year} to {date.max.year}") from None
    if words.rest:
        raise words.not_understood()
    return Reading(span, tuple(dict.fromkeys(reader.notes)))


class _Reader:
    def __init__(self, words: Words, today: date) -> None:
        self._words = words
        self._today = today
        self.notes: list[str] = []

    def whole(self) -> Span:
        """A day or a span, and what is added to it or taken off."""
        words = self._words
        words.skip("on", "by", "until", "till")
        span = self._moved() or self._span()
        while sign := words.took("+", "plus", "-", "minus"):
            length = length_at(words)
            if length is None:
                raise words.not_understood()
            span = self._apart(length, _one_day(span), 1 if sign in ("+", "plus") else -1)
        return span

    # -- so long before or after something ----------------------------------------------------------------------------

    def _moved(self) -> Span | None:
        words, place = self._words, self._words.place
        within = words.took("in")
        length = length_at(words)
        if length is None:
            words.back_to(place)
            return None
        if within:
            words.took("time", "from now", "from today")
            return self._apart(length, self._today, 1)
        if words.took("ago"):
            return self._apart(length, self._today, -1)
        if words.took("later", "hence"):
            return self._apart(length, self._today, 1)
        side = words.took("from", "after", "before", "since", "on", "past", "prior to")
        if not side:
            self.notes.append("counted from today")
            return self._apart(length, self._today, 1)
        return self._apart(length, _one_day(self.whole()), -1 if side in ("before", "prior to") else 1)

    def _apart(self, length: Length, start: date, times: int) -> Span:
        if length.working_days:
            self.notes.append(HOLIDAYS)
        if length.is_cut(start, times):
            self.notes.append(f"the month that this leads to has no day {start.day}, so its last one was taken")
        return Span.day(length.after(start, times))

    # -- by name ------------------------------------------------------------------------------------------------------

    def _span(self) -> Span:
        words = self._words
        words.skip("the", "in")
        for name, days in (("today", 0), ("now", 0), ("tomorrow", 1), ("yesterday", -1)):
            if words.took(name):
                return Span.day(self._today + timedelta(days=days))
        if (found := numeric(words.next, self.notes)) is not None:
            words.take()
            return found
        if words.took("end of"):
            return Span.day(self._span().last)
        if words.took("start of", "beginning of"):
            return Span.day(self._span().first)
        if word := words.took(*_STEPS):
            return self._relative(word)
        if words.next in WEEKDAYS:
            return self._on_weekday(WEEKDAYS[words.take()])
        if words.next in ORDINALS:
            return self._nth(ORDINALS[words.take()])
        if name := words.took(*NAMES):
            return self._feast(name)
        if name := words.took("q1", "q2", "q3", "q4"):
            return self._quarter(int(name[1]))
        if words.next in MONTHS:
            return self._month(MONTHS[words.take()])
        if words.next[:1].isdigit():
            return self._by_number()
        return self._unit(0)

    def _relative(self, word: str) -> Span:
        """What is this one, the next or the last one."""
        words, steps = self._words, _STEPS[word]
        if words.next in WEEKDAYS:
            weekday = WEEKDAYS[words.take()]
            if word == "last" and self._of_follows():
                return self._nth_weekday(-1, weekday)
            return self._near(weekday, None if word == "coming" else steps)
        if words.next in MONTHS:
            return self._near_month(MONTHS[words.take()], steps)
        if name := words.took(*NAMES):
            return Span.day(self._near_feast(name, steps))
        if word == "last" and words.next not in _UNITS:
            return self._nth(-1)
        return self._unit(steps)

    def _unit(self, steps: int) -> Span:
        """This week, month, quarter or year, or one that is so many further on."""
        words, today = self._words, self._today
        match words.took(*_UNITS):
            case "week" if steps == 0 and words.next.isdigit():
                number, year = int(words.take()), self._year()
                if not year:
                    year = today.isocalendar().year
                    self.notes.append(f"read as the one of {year}")
                return iso_week(year, number)
            case "week":
                return week_of(today + timedelta(weeks=steps))
            case "month":
                first = today + relativedelta(months=steps)
                return month(first.year, first.month)
            case "quarter":
                first = today + relativedelta(months=3 * steps)
                return quarter(first.year, (first.month + 2) // 3)
            case "year":
                return year_of(today.year + steps)
            case _:
                raise words.not_understood()

    def _quarter(self, number: int) -> Span:
        if number > 4:
            raise ToolRetry("a year has 4 quarters")
        return quarter(self._year() or self._today.year, number)

    def _feast(self, name: str) -> Span:
        if year := self._year():
            return Span.day(feast(name, year))
        found = coming(self._today, lambda year: feast(name, year))
        self.notes.append(f"read as that of {found.year}")
        return Span.day(found)

    def _near_feast(self, name: str, steps: int) -> date:
        today, this = self._today, feast(name, self._today.year)
        if steps > 0:
            return coming(today + timedelta(days=1), lambda year: feast(name, year))
        return feast(name, today.year - 1) if steps < 0 and this >= today else this

    def _year(self) -> int:
        """The year that is there, left behind; 0 where none is."""
        words, place = self._words, self._words.place
        words.skip("of", "in", "the", "year")
        for word, steps in (("next year", 1), ("this year", 0), ("last year", -1)):
            if words.took(word):
                return self._today.year + steps
        if words.next.isdigit() and len(words.next) == 4:
            return int(words.take())
        words.back_to(place)
        return 0

    # -- days of the week ---------------------------------------------------------------------------------------------

    def _on_weekday(self, weekday: int) -> Span:
        """The coming one, or the one that what follows says."""
        words = self._words
        if side := words.took("after", "before"):
            return Span.day(nearest(weekday, _one_day(self.whole()), 1 if side == "after" else -1))
        place = words.place
        words.skip("of", "in")
        if word := words.took("next week", "this week", "last week"):
            monday = week_of(self._today).first + timedelta(weeks=_STEPS[word.split()[0]])
            return Span.day(monday + timedelta(days=weekday))
        words.back_to(place)
        if not words.next or words.next in ("+", "-", "plus", "minus"):
            return self._near(weekday, None)
        words.skip("the")
        if (day := _ordinal(words.next)) is not None and not words.ahead(1):
            words.take()
            return self._coming_with(day, lambda found: found.weekday() == weekday)  # Friday the 13th
        if not words.next[:1].isdigit() and words.next not in MONTHS:
            raise words.not_understood()
        found = _one_day(self._span())
        if found.weekday() != weekday:
            raise ToolRetry(f"{found} is a {found:%A}; leave the day of the week out, or check the date")
        return Span.day(found)

    def _near(self, weekday: int, steps: int | None) -> Span:
        """The one before or after today; it is said where that of another week may be meant."""
        today, week = self._today, week_of(self._today)
        name = DAY_NAMES[weekday]
        found = nearest(weekday, today, -1 if steps == -1 else 1)
        of_week = week.first + timedelta(days=weekday, weeks=steps or 0)
        if steps is None:
            if today.weekday() == weekday:
                self.notes.append(f"read as the first one after today, which is a {name} too")
        elif steps == 0 and of_week == today:
            return Span.day(today)
        elif of_week != found:
            which = "last one before" if steps < 0 else "first one after"
            where = {-1: "last", 0: "this", 1: "next"}[steps]
            self.notes.append(f"read as the {which} today; {name} of {where} week is {of_week}")
        return Span.day(found)

    # -- the nth of something -----------------------------------------------------------------------------------------

    def _of_follows(self) -> bool:
        words = self._words
        return words.next in ("of", "in") and words.ahead(2) != "week"

    def _nth(self, n: int) -> Span:
        """The nth weekday, working day, day or quarter of a span; the last one for -1."""
        words = self._words
        if words.next in WEEKDAYS:
            return self._nth_weekday(n, WEEKDAYS[words.take()])
        if words.took(*_WORKING_DAY):
            self.notes.append(HOLIDAYS)
            return self._of_span(n, add_working_days, "working days")
        if words.took("day"):
            return self._of_span(n, lambda day, step: day + timedelta(days=step), "days")
        if n > 0 and words.took("quarter"):
            return self._quarter(n)
        if n > 0:
            return self._day_of(n)
        raise words.not_understood()

    def _nth_weekday(self, n: int, weekday: int) -> Span:
        words = self._words
        if n > 0 and words.took("after"):
            return Span.day(nearest(weekday, _one_day(self.whole()), 1) + timedelta(weeks=n - 1))
        return self._of_span(n, lambda day, step: nearest(weekday, day, step), f"{DAY_NAMES[weekday]}s")

    def _of_span(self, n: int, step: Callable[[date, int], date], what: str) -> Span:
        words = self._words
        if not words.took("of", "in"):
            raise ToolRetry(f"say of which month or year, as in the last Sunday of March 2027, not {words.phrase!r}")
        span = self._span()
        if n < 0:
            return Span.day(step(span.last + timedelta(days=1), -1))
        found = span.first - timedelta(days=1)
        for _ in range(min(n, MAX_NTH)):
            found = step(found, 1)
        if n > MAX_NTH or found > span.last:
            raise ToolRetry(f"{span.first} to {span.last} has fewer than {n} {what}")
        return Span.day(found)

    # -- days of a month ----------------------------------------------------------------------------------------------

    def _by_number(self) -> Span:
        """The 15th, 15 March, the 100th day of a year, or a year."""
        words = self._words
        if year := self._year():
            return year_of(year)
        day = _ordinal(words.next)
        if day is None:
            return self._day_of(int(words.take()))
        words.take()
        return self._nth(day)

    def _day_of(self, day: int) -> Span:
        """The day of that number of the month that follows, or of the coming one."""
        words = self._words
        words.took("of")
        words.skip("the")
        if words.next in MONTHS:
            number = MONTHS[words.take()]
            return self._in_month(number, day, self._year())
        if word := words.took("next month", "this month", "last month", "month"):
            there = self._today + relativedelta(months=_STEPS.get(word.split()[0], 0))
            return Span.day(exact(there.year, there.month, day))
        if words.rest:
            raise words.not_understood()
        return self._coming_with(day, lambda _: True)

    def _coming_with(self, day: int, fits: Callable[[date], bool]) -> Span:
        """The coming day of that number in its month."""
        if not 1 <= day <= 31:
            raise ToolRetry(f"no month has a day {day}")
        found = self._today
        while found.day != day or not fits(found):
            found += timedelta(days=1)
        self.notes.append("read as the coming one")
        return Span.day(found)

    def _month(self, number: int) -> Span:
        """A month, or a day of it."""
        words = self._words
        words.skip("the")
        day = _ordinal(words.next) or (int(words.next) if words.next.isdigit() and len(words.next) <= 2 else None)
        if day is not None:
            words.take()
            return self._in_month(number, day, self._year())
        if year := self._year():
            return month(exact(year, number, 1).year, number)
        return self._near_month(number, None)

    def _in_month(self, number: int, day: int, year: int) -> Span:
        if year:
            return Span.day(exact(year, number, day))
        this = self._today.year
        if (number, day) != (2, 29):
            exact(this, number, day)
        years = (year for year in range(this, this + 9) if day <= month(year, number).last.day)
        found = next(at for year in years if (at := date(year, number, day)) >= self._today)
        self.notes.append("read as the coming one")
        return Span.day(found)

    def _near_month(self, number: int, steps: int | None) -> Span:
        today = self._today
        year = today.year
        if steps == 1 or steps is None:
            year += number < today.month or (steps == 1 and number == today.month)
        elif steps == -1:
            year -= number >= today.month
        self.notes.append(f"read as the one of {year}")
        return month(year, number)


def _one_day(span: Span) -> date:
    if not span.is_day:
        raise ToolRetry(f"{span.first} to {span.last} is more than one day; say which of them is meant")
    return span.first


def _ordinal(word: str) -> int | None:
    """The number of the 3rd or the third."""
    return int(word[:-2]) if word[:1].isdigit() and word[-2:].isalpha() else ORDINALS.get(word)
