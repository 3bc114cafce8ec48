"""Times of day, as people write them, and what becomes of one when the clocks are changed."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from rookery_core.plugin import ToolRetry

_NAMED = {"noon": time(12), "midday": time(12), "midnight": time(0)}
_CLOCK = re.compile(r"([0-9]{1,2})(?:[:.h]([0-9]{2}))?(?:[:.]([0-9]{2}))?h?(am|pm)?|([0-9]{2})([0-9]{2})h?(?:ours|rs)?")


def time_of_day(text: str, now: datetime) -> time:
    """A time as it is written; `now` is what "now" means. Raises ToolRetry for one that is none, or that may be two."""
    plain = re.sub(r"\s|\.(?=m)|(?<=m)\.", "", text.lower())  # 3 p.m. is 3pm
    if plain == "now":
        return now.time().replace(second=0, microsecond=0)
    if plain in _NAMED:
        return _NAMED[plain]
    found = _CLOCK.fullmatch(plain)
    if found is None:
        raise ToolRetry(f"{text[:40]!r} is no time of day; write it like 15:00, 3:30 pm or noon")
    hour, minute, second, half = found[1] or found[5], found[2] or found[6], found[3], found[4]
    hours = int(hour)
    if half is not None:
        if not 1 <= hours <= 12:
            raise ToolRetry(f"{text[:40]!r} is no time of day; before am and pm there are 1 to 12")
        hours = hours % 12 + (12 if half == "pm" else 0)
    elif minute is None and hours <= 12 and "h" not in plain:
        raise ToolRetry(
            f"{hours} can be {hours} am or {hours} pm; write which, or {hours:02}:00 on a clock of 24 hours"
        )
    try:
        return time(hours, int(minute or 0), int(second or 0))
    except ValueError:
        raise ToolRetry(f"{text[:40]!r} is no time of day; it goes from 00:00 to 23:59") from None


def day_of(text: str, today: date) -> date:
    """A day as year-month-day, or yesterday, today or tomorrow; today where nothing is said. Raises ToolRetry."""
    plain = text.strip().lower()
    near = {"": 0, "today": 0, "tomorrow": 1, "yesterday": -1}
    if plain in near:
        return today + timedelta(days=near[plain])
    try:
        return date.fromisoformat(plain)
    except ValueError:
        raise ToolRetry(f"{text[:40]!r} is no date; write it as year-month-day, like {today}") from None


def moments(wall: datetime, zone: tzinfo | None) -> list[datetime]:
    """When the clocks of a zone, of this machine for None, show a time: once; never or twice when they are changed."""
    first, second = (_moment(wall.replace(fold=fold), zone) for fold in (0, 1))
    if first.astimezone(zone).replace(tzinfo=None, fold=0) != wall:
        return []
    return [first] if first == second else [first, second]


def _moment(wall: datetime, zone: tzinfo | None) -> datetime:
    return (wall if zone is None else wall.replace(tzinfo=zone)).astimezone(UTC)
