"""Tells days, and how far apart they are, in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from dateutil.relativedelta import relativedelta

from rookery_plugins.dates.spans import WEEK, Span, working_days_between

LONG_DAYS = 60
"""From here on days are told in months and years too, before in weeks."""
GREGORIAN = date(1582, 10, 15)


def told(span: Span, today: date, notes: Sequence[str]) -> str:
    """The days, how far they are from today, and what is to be known of them."""
    if span.is_day:
        text = f"{named(span.first)}, {_from_today(span.first, today)}"
    else:
        n_days = (span.last - span.first).days + 1
        text = f"{named(span.first)} to {named(span.last)} ({_many(n_days, 'day')}), {_span_from_today(span, today)}"
    return text + noted([*notes, *calendar_notes(span.first)])


def compared(start: date, end: date, notes: Sequence[str]) -> str:
    """How far apart two days are."""
    days = abs((end - start).days)
    parts = [_many(days, "day")]
    if days >= WEEK:
        parts.append(_weeks(days))
    if days >= LONG_DAYS // 2:
        parts.append(_calendar(start, end))
    working = abs(working_days_between(start, end))
    apart = " = ".join(dict.fromkeys(parts))
    back = " back" if end < start else ""
    counted = f"{_many(working, 'working day')} (Monday to Friday)"
    earlier = calendar_notes(min(start, end))
    return f"from {named(start)} to {named(end)}: {apart}{back}; {counted}{noted([*notes, *earlier])}"


def named(day: date) -> str:
    return f"{day:%A} {day.isoformat()}"


def noted(notes: Sequence[str]) -> str:
    """The notes as a sentence behind a text."""
    text = "; ".join(notes)
    return f". {text[0].upper()}{text[1:]}" if text else ""


def calendar_notes(day: date) -> list[str]:
    return [] if day >= GREGORIAN else ["counted in the Gregorian calendar, which began in 1582"]


def _from_today(day: date, today: date) -> str:
    days = (day - today).days
    if abs(days) <= 1:
        return ("yesterday", "today", "tomorrow")[days + 1]
    text = f"in {days} days" if days > 0 else f"{-days} days ago"
    if abs(days) >= LONG_DAYS:
        return f"{text} ({_calendar(day, today)})"
    return f"{text} ({_weeks(abs(days))})" if abs(days) >= 2 * WEEK else text


def _span_from_today(span: Span, today: date) -> str:
    if today > span.last:
        return f"ended {_from_today(span.last, today)}"
    return f"begins {_from_today(span.first, today)}" if today < span.first else "today is in it"


def _weeks(days: int) -> str:
    weeks, left = divmod(days, WEEK)
    return _joined([(weeks, "week"), (left, "day")])


def _calendar(one: date, other: date) -> str:
    apart = relativedelta(max(one, other), min(one, other))
    return _joined([(apart.years, "year"), (apart.months, "month"), (apart.days, "day")])


def _joined(parts: Sequence[tuple[int, str]]) -> str:
    return " ".join(_many(n, what) for n, what in parts if n) or "0 days"


def _many(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"
