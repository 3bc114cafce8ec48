"""The clock: the right time in the zone that was meant, and a hint where none was."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from rookery_core.events import ToolStatus
from rookery_core.testing import run_tool
from rookery_plugins.clock import clock, clock_tools

SHOWN = re.compile(r"(\w+day) (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d), (.+) \((?:([A-Z]+), )?UTC([+-]\d\d:\d\d)\)")


@pytest.mark.parametrize(
    ("said", "zone"),
    [
        ("Asia/Tokyo", "Asia/Tokyo"),
        ("asia/tokyo", "Asia/Tokyo"),
        ("Tokyo", "Asia/Tokyo"),
        (" tokyo ", "Asia/Tokyo"),
        ("Tokyo, Japan", "Asia/Tokyo"),
        ("New York", "America/New_York"),
        ("new_york", "America/New_York"),
        ("America/New_York", "America/New_York"),
        ("Buenos Aires", "America/Buenos_Aires"),
        ("Beijing", "Asia/Shanghai"),
        ("San Francisco", "America/Los_Angeles"),
        ("Washington, D.C.", "America/New_York"),
        ("Japan", "Japan"),
        ("Eastern", "US/Eastern"),
        ("UTC", "UTC"),
        ("CET", "CET"),
    ],
)
async def test_a_zone_is_found_by_its_name_or_its_city(said: str, zone: str) -> None:
    finished = await run_tool(clock, {"zone": said})
    shown = SHOWN.fullmatch(finished.output)
    assert shown is not None, finished.output
    assert shown[3] == zone


@pytest.mark.parametrize("arguments", [{}, {"zone": ""}, {"zone": "local"}])
async def test_without_a_zone_the_local_time_is_told(arguments: dict[str, str]) -> None:
    before = datetime.now().replace(microsecond=0)
    finished = await run_tool(clock, arguments)
    shown = SHOWN.fullmatch(finished.output)
    assert shown is not None, finished.output
    assert shown[3] == "local time"
    assert before <= datetime.fromisoformat(shown[2]) <= datetime.now()


@pytest.mark.parametrize(
    ("said", "hours"),
    [("UTC+2", 2), ("utc-5", -5), ("GMT+05:30", 5.5), ("+9", 9), ("UTC −3", -3), ("Asia/Kathmandu", 5.75), ("UTC", 0)],
)
async def test_the_time_is_that_of_the_zone(said: str, hours: float) -> None:
    before = datetime.now(UTC).replace(microsecond=0, tzinfo=None)
    finished = await run_tool(clock, {"zone": said})
    after = datetime.now(UTC).replace(tzinfo=None)
    shown = re.match(r"(\w+day) (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)", finished.output)
    assert shown is not None, finished.output
    told = datetime.fromisoformat(shown[2])
    assert before <= told - timedelta(hours=hours) <= after
    assert shown[1] == f"{told:%A}"


@pytest.mark.parametrize(
    ("said", "hint"),
    [("Tokio", "Asia/Tokyo"), ("Europe/Pariss", "Europe/Paris"), ("Los Angelos", "America/Los_Angeles")],
)
async def test_a_misspelt_zone_is_answered_with_the_ones_like_it(said: str, hint: str) -> None:
    finished = await run_tool(clock, {"zone": said})
    assert finished.status is ToolStatus.FAILED
    assert hint in finished.output


@pytest.mark.parametrize("said", ["Atlantis", "../../etc/passwd", "UTC+30", "\0", "America", "x" * 100_000])
async def test_no_zone_at_all_is_a_short_failure_that_shows_the_form(said: str) -> None:
    finished = await run_tool(clock, {"zone": said})
    assert finished.status is ToolStatus.FAILED
    assert "Europe/Paris or UTC+2" in finished.output
    assert len(finished.output) < 300


async def test_zones_with_the_sign_turned_round_are_not_proposed() -> None:
    finished = await run_tool(clock, {"zone": "GMT+30"})
    assert "Etc/GMT" not in finished.output


NOW = datetime(2026, 11, 28, 10, 30, 15, tzinfo=UTC)
"""A Saturday; in Tokyo it is 19:30."""


async def converted(**arguments: str) -> tuple[ToolStatus, str]:
    _, convert_time = clock_tools(lambda: NOW)
    finished = await run_tool(convert_time, dict(arguments), allow=False)
    return finished.status, finished.output


CONVERTED = [
    (
        {"time": "15:00", "zone": "Tokyo", "to": "Berlin"},
        "Saturday 2026-11-28 15:00 in Asia/Tokyo (JST, UTC+09:00) is "
        "Saturday 2026-11-28 07:00 in Europe/Berlin (CET, UTC+01:00)",
    ),
    (
        {"time": "3 pm", "zone": "New York", "to": "London", "date": "2026-07-01"},
        "Wednesday 2026-07-01 15:00 in America/New_York (EDT, UTC-04:00) is "
        "Wednesday 2026-07-01 20:00 in Europe/London (BST, UTC+01:00)",
    ),
    (
        {"time": "3 pm", "zone": "New York", "to": "London", "date": "2026-03-16"},  # clocks changed in one of the two
        "Monday 2026-03-16 15:00 in America/New_York (EDT, UTC-04:00) is "
        "Monday 2026-03-16 19:00 in Europe/London (GMT, UTC+00:00)",
    ),
    (
        {"time": "23:30", "zone": "Los Angeles", "to": "Sydney", "date": "2026-12-31"},
        "Thursday 2026-12-31 23:30 in America/Los_Angeles (PST, UTC-08:00) is "
        "Friday 2027-01-01 18:30 in Australia/Sydney (AEDT, UTC+11:00)",
    ),
    (
        {"time": "now", "zone": "Tokyo", "to": "UTC+5:45"},
        "Saturday 2026-11-28 19:30 in Asia/Tokyo (JST, UTC+09:00) is Saturday 2026-11-28 16:15 in UTC+05:45 (UTC+05:45)",
    ),
    (
        {"time": "noon", "zone": "UTC", "to": "CET", "date": "tomorrow"},
        "Sunday 2026-11-29 12:00 in UTC (UTC+00:00) is Sunday 2026-11-29 13:00 in CET (CET, UTC+01:00)",
    ),
]


@pytest.mark.parametrize(("arguments", "told"), CONVERTED)
async def test_a_time_somewhere_is_told_in_the_time_elsewhere(arguments: dict[str, str], told: str) -> None:
    assert await converted(**arguments) == (ToolStatus.OK, told)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("15:00", "15:00"),
        ("15.00", "15:00"),
        ("15:00:30", "15:00:30"),
        ("15h", "15:00"),
        ("15h30", "15:30"),
        ("1500", "15:00"),
        ("15", "15:00"),
        ("3pm", "15:00"),
        ("3 p.m.", "15:00"),
        ("3:30 PM", "15:30"),
        ("12 am", "00:00"),
        ("12 pm", "12:00"),
        ("noon", "12:00"),
        ("midnight", "00:00"),
        ("03:00", "03:00"),
    ],
)
async def test_a_time_is_known_however_people_write_it(said: str, shown: str) -> None:
    _, told = await converted(time=said, zone="UTC", to="UTC")
    assert told == f"Saturday 2026-11-28 {shown} in UTC (UTC+00:00) is Saturday 2026-11-28 {shown} in UTC (UTC+00:00)"


async def test_the_day_is_that_of_the_place_that_the_time_is_in() -> None:
    _, told = await converted(time="01:00", zone="Pacific/Kiritimati", to="UTC")  # where it is Sunday already
    assert told.startswith("Sunday 2026-11-29 01:00")


async def test_without_a_place_it_is_the_time_here() -> None:
    _, told = await converted(time="12:00", zone="UTC")
    here = datetime(2026, 11, 28, 12, tzinfo=UTC).astimezone()
    assert f"is {here:%A %Y-%m-%d %H:%M} in local time" in told
    _, back = await converted(time=f"{here:%H:%M}", zone="here", to="UTC", date=f"{here:%Y-%m-%d}")
    assert "12:00 in UTC" in back


async def test_a_time_that_comes_twice_is_told_twice() -> None:
    _, told = await converted(time="02:30", zone="Berlin", to="UTC", date="2026-10-25")
    assert told.startswith("02:30 comes twice on 2026-10-25, since the clocks go back: ")
    assert "00:30 in UTC" in told
    assert "01:30 in UTC" in told


NOT_CONVERTED = [
    (
        {"time": "02:30", "zone": "Berlin", "to": "UTC", "date": "2027-03-28"},
        "02:30 does not exist in Europe/Berlin on",
    ),
    ({"time": "3", "zone": "UTC", "to": "CET"}, "3 can be 3 am or 3 pm"),
    ({"time": "13 pm", "zone": "UTC", "to": "CET"}, "there are 1 to 12"),
    ({"time": "25:00", "zone": "UTC", "to": "CET"}, "from 00:00 to 23:59"),
    ({"time": "15:60", "zone": "UTC", "to": "CET"}, "from 00:00 to 23:59"),
    ({"time": "٣:00", "zone": "UTC", "to": "CET"}, "no time of day"),
    ({"time": "x" * 100_000, "zone": "UTC", "to": "CET"}, "no time of day"),
    ({"time": "15:00", "zone": "Atlantis", "to": "CET"}, "no time zone or city 'Atlantis'"),
    ({"time": "15:00", "zone": "UTC", "to": "Tokio"}, "Asia/Tokyo"),
    ({"time": "15:00", "zone": "UTC", "to": "CET", "date": "03/04/2025"}, "write it as year-month-day"),
    ({"time": "15:00", "zone": "UTC", "to": "CET", "date": "2025-02-29"}, "write it as year-month-day"),
    ({"time": "00:30", "zone": "Tokyo", "to": "UTC", "date": "0001-01-01"}, "outside the years"),
    ({"time": "23:30", "zone": "UTC", "to": "Tokyo", "date": "9999-12-31"}, "outside the years"),
    ({"zone": "UTC", "to": "CET"}, "time is missing"),
]


@pytest.mark.parametrize(("arguments", "says"), NOT_CONVERTED)
async def test_what_is_no_time_or_may_be_two_is_asked_back(arguments: dict[str, str], says: str) -> None:
    status, output = await converted(**arguments)
    assert status in (ToolStatus.FAILED, ToolStatus.INVALID)
    assert "Error" not in output
    assert says in output
    assert len(output) < 300


async def test_the_worked_example_of_the_conversion_is_true() -> None:
    _, convert_time = clock_tools(lambda: NOW)
    (example,) = convert_time.examples
    finished = await run_tool(convert_time, dict(example.arguments))
    assert finished.output == example.result
