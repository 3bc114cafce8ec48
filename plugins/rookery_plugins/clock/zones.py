"""Time zones, by their names, by cities and by offsets, however people spell them."""

from __future__ import annotations

import difflib
import re
from datetime import timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, available_timezones

from rookery_core.plugin import ToolRetry

MAX_CHARS = 64

_CITIES = {
    "abu dhabi": "Asia/Dubai",
    "bangalore": "Asia/Kolkata",
    "barcelona": "Europe/Madrid",
    "beijing": "Asia/Shanghai",
    "bengaluru": "Asia/Kolkata",
    "boston": "America/New_York",
    "cape town": "Africa/Johannesburg",
    "dallas": "America/Chicago",
    "delhi": "Asia/Kolkata",
    "frankfurt": "Europe/Berlin",
    "geneva": "Europe/Zurich",
    "hamburg": "Europe/Berlin",
    "hanoi": "Asia/Ho_Chi_Minh",
    "houston": "America/Chicago",
    "kyoto": "Asia/Tokyo",
    "las vegas": "America/Los_Angeles",
    "miami": "America/New_York",
    "milan": "Europe/Rome",
    "mumbai": "Asia/Kolkata",
    "munich": "Europe/Berlin",
    "new delhi": "Asia/Kolkata",
    "new york city": "America/New_York",
    "nyc": "America/New_York",
    "osaka": "Asia/Tokyo",
    "philadelphia": "America/New_York",
    "rio de janeiro": "America/Sao_Paulo",
    "san francisco": "America/Los_Angeles",
    "seattle": "America/Los_Angeles",
    "st petersburg": "Europe/Moscow",
    "washington": "America/New_York",
    "washington dc": "America/New_York",
}
"""Cities that people ask for and the zone database has no name for."""

_OFFSET = re.compile(r"(?:utc|gmt)? ?([+-])([0-9]{1,2})(?::?([0-9]{2}))?")


def find(wanted: str) -> tzinfo | None:
    """The zone of that name in any spelling; None for this machine's own. ToolRetry names those that look like it."""
    wanted = wanted.strip()
    if not wanted or wanted.casefold() in ("local", "here"):
        return None
    name = wanted.casefold().replace("_", " ")
    offset = _OFFSET.fullmatch(name.replace("−", "-"))
    if offset is not None:
        shift = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
        if shift < timedelta(hours=24):
            return timezone(shift if offset[1] == "+" else -shift)
    zones = sorted(available_timezones(), key=len, reverse=True)
    # Of the zones that share a city the one with the shortest name comes last and wins; a full name beats them all.
    by_name = {_plain(key.rpartition("/")[2]): key for key in zones} | _CITIES | {_plain(key): key for key in zones}
    for spelling in (name, name.partition(",")[0].strip()):
        if spelling in by_name:
            return ZoneInfo(by_name[spelling])
    # Etc/GMT+5 means UTC-5, which is nothing to propose.
    near = difflib.get_close_matches(name[:MAX_CHARS], [key for key in by_name if "gmt" not in key], n=4)
    hint = f"; did you mean {', '.join(dict.fromkeys(by_name[key] for key in near))}?" if near else "."
    raise ToolRetry(f"there is no time zone or city {wanted[:MAX_CHARS]!r}{hint} Give one like Europe/Paris or UTC+2")


def _plain(key: str) -> str:
    return key.casefold().replace("_", " ")
