"""The date and the time, here or elsewhere, and what a time elsewhere is here.

Declared PURE although it reads the clock: it looks at nothing of the person's.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timezone, tzinfo

from rookery_core.plugin import Example, Risk, Tool, ToolRetry, hookimpl, tool
from rookery_plugins.clock.times import day_of, moments, time_of_day
from rookery_plugins.clock.zones import find

rookery_contract = 1


def clock_tools(now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> tuple[Tool, Tool]:
    """The tools, with what says when it is."""

    @tool(
        risk=Risk.PURE,
        examples=[
            Example(
                asked="What time is it in Lima?",
                arguments={"zone": "Lima"},
                result="Sunday 2024-03-10 14:05:33, America/Lima (UTC-05:00)",
                answer="In Lima it is 14:05 on Sunday.",
            )
        ],
        phrases=[
            "what time is it",
            "what day is it today",
            "the date of today",
            "which year is this",
            "is it morning or evening there",
        ],
    )
    def clock(zone: str = "") -> str:
        """Tells the current date and time, here or in a city or time zone."""
        place = find(zone)
        there = now().astimezone(place)
        name = ", local time" if place is None else "" if isinstance(place, timezone) else f", {place}"
        return f"{there:%A %Y-%m-%d %H:%M:%S}{name} ({_offset(there)})"

    @tool(
        risk=Risk.PURE,
        examples=[
            Example(
                asked="When it is 15:00 in Tokyo, what time is it in Berlin?",
                arguments={"time": "15:00", "zone": "Tokyo", "to": "Berlin", "date": "2024-03-10"},
                result="Sunday 2024-03-10 15:00 in Asia/Tokyo (JST, UTC+09:00) is "
                "Sunday 2024-03-10 07:00 in Europe/Berlin (CET, UTC+01:00)",
                answer="In Berlin it is 07:00 then.",
            )
        ],
        phrases=[
            "what time is that in Tokyo",
            "when does the call begin over there",
            "the meeting is at three in London, so here",
        ],
    )
    def convert_time(time: str, zone: str, to: str = "", date: str = "") -> str:
        """Converts a time of day in one city or time zone to the time in another."""
        source, target = find(zone), find(to)
        there = now().astimezone(source)
        try:
            wall = datetime.combine(day_of(date, there.date()), time_of_day(time, there))
            found = moments(wall, source)
            told = [_there(moment, target) for moment in found]
        except OverflowError:
            raise ToolRetry("that lies outside the years 1 to 9999") from None
        if not found:
            raise ToolRetry(
                f"{wall:%H:%M} does not exist {_in(source)} on {wall.date()}: the clocks go forward over it"
            )
        said = [_there(moment, source) for moment in found]
        both = "; ".join(f"{one} is {other}" for one, other in zip(said, told, strict=True))
        twice = f"{wall:%H:%M} comes twice on {wall.date()}, since the clocks go back: " if len(found) > 1 else ""
        return twice + both

    return clock, convert_time


clock, convert_time = clock_tools()


@hookimpl
def rookery_tools() -> list[Tool]:
    return [clock, convert_time]


def _there(moment: datetime, zone: tzinfo | None) -> str:
    there = moment.astimezone(zone)
    seconds = f"{there:%S}" if there.second else ""
    return f"{there:%A %Y-%m-%d %H:%M}{seconds and ':' + seconds} {_in(zone)} ({_offset(there)})"


def _in(zone: tzinfo | None) -> str:
    return "in local time" if zone is None else f"in {zone}"


def _offset(there: datetime) -> str:
    shift = f"UTC{there:%z}"
    shift = f"{shift[:6]}:{shift[6:8]}"
    name = there.tzname() or ""
    return f"{name}, {shift}" if name.isalpha() and name != "UTC" else shift
