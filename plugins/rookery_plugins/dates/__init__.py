"""Days: which one is meant by words such as next Friday, and how far one is from another.

Declared PURE although it looks at what day it is: it looks at nothing of the person's.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated

from pydantic import Field

from rookery_core.plugin import Example, Risk, Tool, ToolRetry, hookimpl, tool

rookery_contract = 1

MAX_CHARS = 200

Day = Annotated[str, Field(min_length=1, max_length=MAX_CHARS)]


def dates_tools(today: Callable[[], date] = date.today) -> list[Tool]:
    """The tools, with what says which day it is."""

    @tool(
        risk=Risk.PURE,
        examples=[
            Example(
                asked="When is the last Sunday of March 2027?",
                arguments={"when": "the last Sunday of March 2027"},
                result="Sunday 2027-03-28, in 120 days (4 months)",
                answer="It is 28 March 2027.",
            )
        ],
        phrases=[
            "which date is next Friday",
            "what day was the first of May",
            "in three weeks from now",
            "when is Easter",
        ],
    )
    def find_date(when: Day) -> str:
        """Finds the date and the weekday that words such as next Friday, Easter 2027 or 3 weeks from today mean."""
        from rookery_plugins.dates.phrase import read
        from rookery_plugins.dates.telling import told

        now = today()
        found = read(when, now)
        return told(found.span, now, found.notes)

    @tool(
        risk=Risk.PURE,
        examples=[
            Example(
                asked="How many days are there from 1 May to 5 June 2026?",
                arguments={"start": "2026-05-01", "end": "2026-06-05"},
                result="from Friday 2026-05-01 to Friday 2026-06-05: 35 days = 5 weeks = 1 month 4 days; "
                "25 working days (Monday to Friday)",
                answer="There are 35 days.",
            )
        ],
        phrases=[
            "how many days until Christmas",
            "how long ago was that",
            "weeks between two dates",
            "how old is somebody born in 1990",
        ],
    )
    def date_difference(start: Day = "today", end: Day = "today") -> str:
        """Counts the days between two dates, and the weeks, months and years."""
        from rookery_plugins.dates.phrase import read
        from rookery_plugins.dates.telling import compared

        now = today()
        one, other = read(start, now), read(end, now)
        for phrase, found in ((start, one), (end, other)):
            if not found.span.is_day:
                raise ToolRetry(f"{phrase.strip()!r} is {found.span.first} to {found.span.last}; say which day of it")
        return compared(one.span.first, other.span.first, list(dict.fromkeys([*one.notes, *other.notes])))

    return [find_date, date_difference]


@hookimpl
def rookery_tools() -> list[Tool]:
    return dates_tools()
