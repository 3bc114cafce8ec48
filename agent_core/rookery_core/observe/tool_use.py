"""How often each tool was called, and how often in vain: a fold over events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from rookery_core.events import Event, ToolFinished, ToolStatus

IN_VAIN = frozenset({ToolStatus.FAILED, ToolStatus.INVALID, ToolStatus.TIMEOUT})
"""Not a person's no, nor a stop."""


@dataclass(frozen=True, slots=True)
class ToolUse:
    """The calls of one tool."""

    calls: int = 0
    failures: int = 0


def tool_use(events: Iterable[Event]) -> dict[str, ToolUse]:
    """By the name that the model called it."""
    counted: dict[str, ToolUse] = {}
    for event in events:
        if isinstance(event, ToolFinished) and event.status is not ToolStatus.UNKNOWN:
            before = counted.get(event.tool, ToolUse())
            failed = event.status in IN_VAIN
            counted[event.tool] = replace(before, calls=before.calls + 1, failures=before.failures + failed)
    return counted
