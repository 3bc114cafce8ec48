"""The clock: the right time in the zone that was meant, and a hint where none was."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from rookery_core.events import ToolStatus
from rookery_core.testing import run_tool
from rookery_plugins.clock import clock

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
