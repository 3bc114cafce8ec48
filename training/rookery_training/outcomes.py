"""What the tools that only reckon return: they are called, on a day that is drawn."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from rookery_core.errors import ToolFailed, ToolRetry
from rookery_core.tools.contract import Tool
from rookery_core.tools.registry import Registry
from rookery_plugins.clock import clock_tools
from rookery_plugins.dates import dates_tools
from rookery_training.workspace_room import Room

CALLED = frozenset(("convert_units", "convert_time", "find_date", "date_difference"))
SLOTS = frozenset(("result", "day", "distance", "days", "lengths", "then", "on", "there"))
"""What answers say of what these tools return."""
FIRST_DAY, DAYS = date(2024, 1, 1), 2_200


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call returned, and what of it an answer says."""

    text: str
    failed: bool
    said: dict[str, str]


class Outcomes:
    """Calls the tools."""

    def __init__(self, builtin: Registry, rng: random.Random) -> None:
        self._room = Room(builtin, {}, {})
        self._rng = rng

    def of(self, name: str, arguments: dict[str, Any]) -> Outcome | None:
        """What this call returns; None for a tool that is not called here."""
        if name not in CALLED:
            return None
        if name == "convert_units":
            text = self._room.call(name, arguments)
            value = re.search(r" = ([^(]+)", text)
            return Outcome(text, value is None, {"result": value[1].strip() if value else ""})
        day = FIRST_DAY + timedelta(days=self._rng.randrange(DAYS))
        try:
            text = str(self._on(day)[name].run(**arguments))
        except (ToolRetry, ToolFailed) as exc:
            return Outcome(str(exc), True, {})
        return Outcome(text, False, _said(name, text))

    def _on(self, day: date) -> dict[str, Tool]:
        at = datetime(day.year, day.month, day.day, self._rng.randrange(24), self._rng.randrange(60), tzinfo=UTC)
        return {tool.name: tool for tool in (*dates_tools(lambda: day), clock_tools(lambda: at)[1])}


def _said(name: str, text: str) -> dict[str, str]:
    match name:
        case "find_date":
            told = text.partition(". ")[0]
            day, _, distance = told.partition(", ")
            return {"day": day, "distance": distance.partition(" (")[0]}
        case "date_difference":
            told = text.partition(": ")[2].partition(";")[0]
            return {"days": told.partition(" = ")[0], "lengths": told}
        case _:
            there = text.rpartition(" is ")[2]
            found = re.match(r"(\w+) (\S+) (\d\d:\d\d)(?: in (.+?))? \(", there)
            weekday, day, time, place = found.groups("") if found else ("", "", there, "")
            here = "" if place == "local time" else place.rpartition("/")[2].replace("_", " ")
            return {"then": time, "on": f"{weekday} {day}", "there": f"In {here}" if here else "Here"}
