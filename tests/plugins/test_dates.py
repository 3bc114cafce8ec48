"""Dates: the day that was meant, how else it could have been meant, and never a guess."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rookery_core.events import ToolStatus
from rookery_core.plugin import Tool
from rookery_core.testing import run_tool
from rookery_plugins.dates import dates_tools
from rookery_plugins.dates.spans import add_working_days, working_days_between

TODAY = date(2026, 11, 25)
"""A Wednesday."""


def tools(today: date = TODAY) -> tuple[Tool, Tool]:
    find_date, date_difference = dates_tools(lambda: today)
    return find_date, date_difference


async def found(when: str, today: date = TODAY) -> str:
    finished = await run_tool(tools(today)[0], {"when": when}, allow=False)
    assert finished.status is ToolStatus.OK, finished.output
    return finished.output


async def refused(when: str) -> str:
    finished = await run_tool(tools()[0], {"when": when})
    assert finished.status in (ToolStatus.FAILED, ToolStatus.INVALID), finished.output
    assert "Error" not in finished.output
    return finished.output


DAYS = [
    ("today", "Wednesday 2026-11-25, today"),
    ("now", "Wednesday 2026-11-25, today"),
    ("tomorrow", "Thursday 2026-11-26, tomorrow"),
    ("yesterday", "Tuesday 2026-11-24, yesterday"),
    ("the day after tomorrow", "Friday 2026-11-27, in 2 days"),
    ("day before yesterday", "Monday 2026-11-23, 2 days ago"),
    # weekdays
    ("Friday", "Friday 2026-11-27, in 2 days"),
    ("on friday", "Friday 2026-11-27, in 2 days"),
    ("this Friday", "Friday 2026-11-27, in 2 days"),
    ("this Wednesday", "Wednesday 2026-11-25, today"),
    ("the coming Friday", "Friday 2026-11-27, in 2 days"),
    ("next Monday", "Monday 2026-11-30, in 5 days"),
    ("last Friday", "Friday 2026-11-20, 5 days ago"),
    ("Friday of next week", "Friday 2026-12-04, in 9 days"),
    ("Tuesday next week", "Tuesday 2026-12-01, in 6 days"),
    ("Tuesday of this week", "Tuesday 2026-11-24, yesterday"),
    ("Tuesday last week", "Tuesday 2026-11-17, 8 days ago"),
    ("the Monday after 2027-03-28", "Monday 2027-03-29, in 124 days (4 months 4 days)"),
    ("Tuesday before 2026-12-25", "Tuesday 2026-12-22, in 27 days (3 weeks 6 days)"),
    ("first Monday after 2027-03-01", "Monday 2027-03-08, in 103 days (3 months 11 days)"),
    # the nth of something
    ("the last Sunday of March 2027", "Sunday 2027-03-28, in 123 days (4 months 3 days)"),
    ("first Monday of next month", "Monday 2026-12-07, in 12 days"),
    ("third Thursday in November 2027", "Thursday 2027-11-18, in 358 days (11 months 24 days)"),
    ("2nd Tuesday of December 2026", "Tuesday 2026-12-08, in 13 days"),
    ("last day of February 2028", "Tuesday 2028-02-29, in 461 days (1 year 3 months 4 days)"),
    ("100th day of 2027", "Saturday 2027-04-10, in 136 days (4 months 16 days)"),
    ("first Monday of 2027", "Monday 2027-01-04, in 40 days (5 weeks 5 days)"),
    ("end of the month", "Monday 2026-11-30, in 5 days"),
    ("end of next month", "Thursday 2026-12-31, in 36 days (5 weeks 1 day)"),
    ("the start of next year", "Friday 2027-01-01, in 37 days (5 weeks 2 days)"),
    ("end of Q1 2027", "Wednesday 2027-03-31, in 126 days (4 months 6 days)"),
    ("last day of the first quarter of 2027", "Wednesday 2027-03-31, in 126 days (4 months 6 days)"),
    # so long from something
    ("3 weeks from today", "Wednesday 2026-12-16, in 21 days (3 weeks)"),
    ("3 weeks from now", "Wednesday 2026-12-16, in 21 days (3 weeks)"),
    ("in three weeks", "Wednesday 2026-12-16, in 21 days (3 weeks)"),
    ("in 3 weeks' time", "Wednesday 2026-12-16, in 21 days (3 weeks)"),
    ("in a fortnight", "Wednesday 2026-12-09, in 14 days (2 weeks)"),
    ("in half a year", "Tuesday 2027-05-25, in 181 days (6 months)"),
    ("twenty-one days from today", "Wednesday 2026-12-16, in 21 days (3 weeks)"),
    ("a hundred days ago", "Monday 2026-08-17, 100 days ago (3 months 8 days)"),
    ("one year ago", "Tuesday 2025-11-25, 365 days ago (1 year)"),
    ("10 days later", "Saturday 2026-12-05, in 10 days"),
    ("a week from Friday", "Friday 2026-12-04, in 9 days"),
    ("2 weeks after next Monday", "Monday 2026-12-14, in 19 days (2 weeks 5 days)"),
    ("2024-02-29 + 90 days", "Wednesday 2024-05-29, 910 days ago (2 years 5 months 27 days)"),
    ("2024-02-29+90 days - 1 week", "Wednesday 2024-05-22, 917 days ago (2 years 6 months 3 days)"),
    ("today plus 1 month minus 1 day", "Thursday 2026-12-24, in 29 days (4 weeks 1 day)"),
    ("1 year, 2 months and 3 days after 2026-01-28", "Wednesday 2027-03-31, in 126 days (4 months 6 days)"),
    ("3 days after the last Sunday of March 2027", "Wednesday 2027-03-31, in 126 days (4 months 6 days)"),
    # dates
    ("2027-03-28", "Sunday 2027-03-28, in 123 days (4 months 3 days)"),
    ("20270328", "Sunday 2027-03-28, in 123 days (4 months 3 days)"),
    ("2027/03/28", "Sunday 2027-03-28, in 123 days (4 months 3 days)"),
    ("28/03/2027", "Sunday 2027-03-28, in 123 days (4 months 3 days)"),
    ("03/28/2027", "Sunday 2027-03-28, in 123 days (4 months 3 days)"),
    ("04/04/2027", "Sunday 2027-04-04, in 130 days (4 months 10 days)"),
    ("March 28, 2027", "Sunday 2027-03-28, in 123 days (4 months 3 days)"),
    ("28 March 2027", "Sunday 2027-03-28, in 123 days (4 months 3 days)"),
    ("the 28th of March 2027", "Sunday 2027-03-28, in 123 days (4 months 3 days)"),
    ("Sunday, 28th March 2027", "Sunday 2027-03-28, in 123 days (4 months 3 days)"),
    ("28 Mar. 2027", "Sunday 2027-03-28, in 123 days (4 months 3 days)"),
    ("15th of next month", "Tuesday 2026-12-15, in 20 days (2 weeks 6 days)"),
    ("2027-W12-3", "Wednesday 2027-03-24, in 119 days (3 months 27 days)"),
    ("1969-07-20", "Sunday 1969-07-20, 20947 days ago (57 years 4 months 5 days)"),
    # feasts
    ("Christmas 2027", "Saturday 2027-12-25, in 395 days (1 year 1 month)"),
    ("next Christmas", "Friday 2026-12-25, in 30 days (4 weeks 2 days)"),
    ("last Christmas", "Thursday 2025-12-25, 335 days ago (11 months)"),
    ("Easter 2027", "Sunday 2027-03-28, in 123 days (4 months 3 days)"),
    ("Good Friday 2027", "Friday 2027-03-26, in 121 days (4 months 1 day)"),
    ("last Easter", "Sunday 2026-04-05, 234 days ago (7 months 20 days)"),
    ("Thanksgiving 2027", "Thursday 2027-11-25, in 365 days (1 year)"),
    ("New Year's Eve 2026", "Thursday 2026-12-31, in 36 days (5 weeks 1 day)"),
    ("2 days before Christmas 2026", "Wednesday 2026-12-23, in 28 days (4 weeks)"),
    # spans
    ("next week", "Monday 2026-11-30 to Sunday 2026-12-06 (7 days), begins in 5 days"),
    ("this month", "Sunday 2026-11-01 to Monday 2026-11-30 (30 days), today is in it"),
    ("last year", "Wednesday 2025-01-01 to Wednesday 2025-12-31 (365 days), ended 329 days ago (10 months 25 days)"),
    ("week 12 of 2027", "Monday 2027-03-22 to Sunday 2027-03-28 (7 days), begins in 117 days (3 months 25 days)"),
    ("2027-W12", "Monday 2027-03-22 to Sunday 2027-03-28 (7 days), begins in 117 days (3 months 25 days)"),
    (
        "February 2028",
        "Tuesday 2028-02-01 to Tuesday 2028-02-29 (29 days), begins in 433 days (1 year 2 months 7 days)",
    ),
    ("2027", "Friday 2027-01-01 to Friday 2027-12-31 (365 days), begins in 37 days (5 weeks 2 days)"),
]


@pytest.mark.parametrize(("when", "told"), DAYS)
async def test_words_for_a_day_are_told_with_its_weekday_and_how_far_it_is(when: str, told: str) -> None:
    assert await found(when) == told


READ_AS = [
    ("next Friday", "2026-11-27", "Read as the first one after today; Friday of next week is 2026-12-04"),
    ("this Monday", "2026-11-30", "Read as the first one after today; Monday of this week is 2026-11-23"),
    ("last Monday", "2026-11-23", "Read as the last one before today; Monday of last week is 2026-11-16"),
    ("Wednesday", "2026-12-02", "Read as the first one after today, which is a Wednesday too"),
    ("March 5", "2027-03-05", "Read as the coming one"),
    ("29 February", "2028-02-29", "Read as the coming one"),
    ("the 15th", "2026-12-15", "Read as the coming one"),
    ("Friday the 13th", "2027-08-13", "Read as the coming one"),
    ("Christmas", "2026-12-25", "Read as that of 2026"),
    ("last Sunday of March", "2027-03-28", "Read as the one of 2027"),
    ("next March", "2027-03-01", "Read as the one of 2027"),
    ("last March", "2026-03-01", "Read as the one of 2026"),
    ("week 12", "2026-03-16", "Read as the one of 2026"),
    ("03.04.2025", "2025-04-03", "Read as day.month.year"),
    ("90 days", "2027-02-23", "Counted from today"),
    ("2023-01-31 + 1 month", "2023-02-28", "The month that this leads to has no day 31, so its last one was taken"),
    ("in 10 business days", "2026-12-09", "Working days are Monday to Friday, without holidays"),
    ("first working day of 2028", "2028-01-03", "Working days are Monday to Friday, without holidays"),
    ("1066-10-14", "1066-10-14", "Counted in the Gregorian calendar, which began in 1582"),
]


@pytest.mark.parametrize(("when", "day", "note"), READ_AS)
async def test_what_could_be_another_day_says_how_it_was_read(when: str, day: str, note: str) -> None:
    told = await found(when)
    assert day in told
    assert told.endswith(f". {note}")


NOT_GUESSED = [
    ("03/04/2025", "can be March 4 or April 3; write 2025-03-04 or 2025-04-03"),
    ("3-4-2025", "can be March 4 or April 3"),
    ("03/25/25", "no year of four digits"),
    ("2 weeks Friday", "'friday' in '2 weeks Friday' is not understood"),
    ("second Friday", "say of which month or year"),
    ("next year + 1 day", "more than one day"),
    ("2 days after March 2027", "more than one day"),
    ("31 February 2025", "February 2025 has 28 days, and no day 31"),
    ("2027-02-29", "February 2027 has 28 days"),
    ("Friday the 32nd", "no month has a day 32"),
    ("the 32nd", "no month has a day 32"),
    ("the 0th", "not understood"),
    ("2027-13-01", "there is no month 13"),
    ("fifth Monday of February 2027", "fewer than 5 Mondays"),
    ("400th day of 2027", "fewer than 400 days"),
    ("week 60 of 2027", "2027 has no week 60"),
    ("2027-W12-9", "from 1, Monday, to 7"),
    ("Monday, March 28, 2027", "2027-03-28 is a Sunday"),
    ("fifth quarter of 2027", "4 quarters"),
    ("Easter 1500", "from 1583"),
    ("0000-01-01", "out of range"),
    ("9999-12-31 + 1 day", "outside the years"),
    ("3000 years ago", "outside the years"),
    ("in 9999999 days", "outside the years"),
    ("in 99999999 days", "too large"),
    ("in " + "9" * 190 + " days", "too large"),
    ("in 2 hours", "hours and minutes are no part of a date"),
    ("tomorrow at 5pm", "belongs to no date"),
    ("15:00", "belongs to no date"),
    ("blah Friday", "not understood"),
    ("Friday blah", "'blah' in 'Friday blah' is not understood"),
    ("Monday week", "not understood"),
    ("every Friday", "not understood"),
    ("2.5 weeks from today", "not understood"),
    ("the last week of March", "not understood"),
    ("today +", "not understood"),
    ("today + Friday", "not understood"),
    ("next", "not understood"),
    ("the", "not understood"),
    ("?", "not understood"),
    ("", "at least 1 character"),
    ("+" * 201, "at most 200 characters"),
    ("２０２７-03-28", "belongs to no date"),
    ("2027-03-28\0", "belongs to no date"),
    ("__import__('os')", "belongs to no date"),
]


@pytest.mark.parametrize(("when", "says"), NOT_GUESSED)
async def test_what_is_two_days_or_none_is_asked_back(when: str, says: str) -> None:
    output = await refused(when)
    assert re.search(says, output), output
    assert len(output) < 400


async def test_on_a_saturday_next_friday_is_the_one_of_next_week_and_needs_no_words() -> None:
    assert await found("next Friday", date(2026, 11, 28)) == "Friday 2026-12-04, in 6 days"


@pytest.mark.parametrize(
    ("today", "when", "day"),
    [
        (date(2026, 11, 28), "in 1 business day", "2026-11-30"),
        (date(2026, 11, 29), "in 1 business day", "2026-11-30"),
        (date(2026, 11, 28), "1 business day ago", "2026-11-27"),
        (date(2026, 11, 27), "in 1 business day", "2026-11-30"),
        (date(2026, 11, 30), "1 business day ago", "2026-11-27"),
        (date(2026, 11, 27), "in 6 business days", "2026-12-07"),
    ],
)
async def test_working_days_skip_the_weekend_wherever_one_begins(today: date, when: str, day: str) -> None:
    assert day in await found(when, today)


DATES = st.dates(date(1990, 1, 1), date(2040, 1, 1))


@settings(deadline=None)
@given(DATES, st.integers(-2000, 2000).filter(bool))
def test_so_many_working_days_later_is_as_many_working_days_apart(start: date, n: int) -> None:
    end = add_working_days(start, n)
    assert end.weekday() < 5
    step = 1 if n > 0 else -1
    between = [start + timedelta(days=k * step) for k in range(1, abs((end - start).days) + 1)]
    assert sum(day.weekday() < 5 for day in between) == abs(n)


@settings(deadline=None)
@given(DATES, DATES)
def test_working_days_are_counted_as_one_by_one(start: date, end: date) -> None:
    first, last = min(start, end), max(start, end)
    counted = sum((first + timedelta(days=n)).weekday() < 5 for n in range(1, (last - first).days + 1))
    assert abs(working_days_between(start, end)) == counted


@settings(deadline=None, max_examples=25)
@given(DATES, DATES)
async def test_a_date_is_found_as_it_is_written(today: date, day: date) -> None:
    written = (
        day.isoformat(),
        f"{day:%B} {day.day}, {day.year}",
        f"{day.day} {day:%b} {day.year}",
        f"{day:%A} {day:%Y/%m/%d}",
    )
    for when in written:
        assert (await found(when, today)).startswith(f"{day:%A} {day}")


APART = [
    ("2026-05-01", "2026-06-05", "from Friday 2026-05-01 to Friday 2026-06-05: 35 days = 5 weeks = 1 month 4 days; "
     "25 working days (Monday to Friday)"),
    ("today", "Christmas 2026", "from Wednesday 2026-11-25 to Friday 2026-12-25: 30 days = 4 weeks 2 days = 1 month; "
     "22 working days (Monday to Friday)"),
    ("1990-05-03", "today", "from Thursday 1990-05-03 to Wednesday 2026-11-25: 13355 days = 1907 weeks 6 days = "
     "36 years 6 months 22 days; 9539 working days (Monday to Friday)"),
    ("today", "today", "from Wednesday 2026-11-25 to Wednesday 2026-11-25: 0 days; 0 working days (Monday to Friday)"),
    ("2026-11-27", "2026-11-30", "from Friday 2026-11-27 to Monday 2026-11-30: 3 days; 1 working day (Monday to Friday)"),
    ("tomorrow", "today", "from Thursday 2026-11-26 to Wednesday 2026-11-25: 1 day back; "
     "1 working day (Monday to Friday)"),
    ("2024-02-29", "2028-02-29", "from Thursday 2024-02-29 to Tuesday 2028-02-29: 1461 days = 208 weeks 5 days = "
     "4 years; 1043 working days (Monday to Friday)"),
    ("next Friday", "next Monday", "from Friday 2026-11-27 to Monday 2026-11-30: 3 days; 1 working day (Monday to "
     "Friday). Read as the first one after today; Friday of next week is 2026-12-04"),
]  # fmt: skip


@pytest.mark.parametrize(("start", "end", "told"), APART)
async def test_how_far_two_days_are_apart_is_told_in_every_way_people_count(start: str, end: str, told: str) -> None:
    finished = await run_tool(tools()[1], {"start": start, "end": end}, allow=False)
    assert (finished.status, finished.output) == (ToolStatus.OK, told)


async def test_what_is_not_said_is_today() -> None:
    for arguments, days in (({"end": "2026-12-25"}, "30 days = "), ({"start": "2026-10-26"}, "30 days = ")):
        finished = await run_tool(tools()[1], arguments)
        assert f": {days}" in finished.output


@pytest.mark.parametrize(
    ("start", "end", "says"),
    [
        ("March 2027", "today", "'March 2027' is 2027-03-01 to 2027-03-31; say which day of it"),
        ("today", "03/04/2025", "can be March 4 or April 3"),
        ("today", "blah", "not understood"),
        ("", "today", "at least 1 character"),
    ],
)
async def test_days_that_are_not_clear_are_not_compared(start: str, end: str, says: str) -> None:
    finished = await run_tool(tools()[1], {"start": start, "end": end})
    assert finished.status in (ToolStatus.FAILED, ToolStatus.INVALID)
    assert says in finished.output


async def test_the_worked_examples_are_true() -> None:
    for tool in tools(date(2026, 11, 28)):
        for example in tool.examples:
            finished = await run_tool(tool, dict(example.arguments))
            assert finished.output == example.result
