"""How often the person was asked about calls, what they said, and how many calls ran without: a fold over events."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from rookery_core.events import (
    ApprovalRequested,
    ApprovalResolved,
    Decision,
    Event,
    ToolRequested,
    ToolStarted,
    TurnStarted,
)

OUTCOMES = ("once", "session", "always", "edited", "denied", "nobody", "open")
"""What became of a question; `nobody`: no one was there; `open`: the program ended before there was an answer."""
_CALLED = {Decision.EDIT: "edited", Decision.DENY: "denied"}


@dataclass(frozen=True, slots=True)
class Questions:
    """The counts of one session, or of several together."""

    calls: int = 0
    """Calls that were asked for."""
    unasked: int = 0
    """Of them, those that ran without a question."""
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Questions by level and outcome."""
    again: int = 0
    """Questions about the same tool and arguments as an earlier one of the session."""
    by_turn: tuple[int, ...] = ()
    """Questions in each turn."""

    def __add__(self, other: Questions) -> Questions:
        """Both together."""
        return Questions(
            self.calls + other.calls,
            self.unasked + other.unasked,
            self.asked + other.asked,
            self.again + other.again,
            self.by_turn + other.by_turn,
        )

    @property
    def n(self) -> int:
        """All questions."""
        return self.asked.total()

    @property
    def levels(self) -> tuple[str, ...]:
        """Those that were asked about, in order."""
        return tuple(sorted({level for level, _ in self.asked}))

    def outcomes(self, level: str | None = None) -> dict[str, int]:
        """How often each outcome was, at one level or at all of them."""
        return {
            outcome: sum(n for (at, how), n in self.asked.items() if how == outcome and level in (None, at))
            for outcome in OUTCOMES
        }

    def told(self) -> dict[str, Any]:
        """All of it, as JSON can say it."""
        return {
            "turns": len(self.by_turn),
            "calls": self.calls,
            "without_a_question": self.unasked,
            "questions": self.n,
            "asked_again": self.again,
            "in_a_turn": {"median": statistics.median(self.by_turn or (0,)), "most": max(self.by_turn, default=0)},
            "by_level": {level: self.outcomes(level) for level in self.levels},
            "outcomes": self.outcomes(),
        }


def questions(events: Iterable[Event]) -> Questions:
    """Count the questions of one session."""
    open_: dict[str, str] = {}
    asked: Counter[tuple[str, str]] = Counter()
    by_turn: Counter[int] = Counter()
    turns: list[int] = []
    seen: set[str] = set()
    requested, started, asked_about = set[str](), set[str](), set[str]()
    again = 0
    for event in events:
        match event:
            case TurnStarted():
                turns.append(event.turn)
            case ToolRequested(call_id=call_id):
                requested.add(call_id)
            case ToolStarted(call_id=call_id):
                started.add(call_id)
            case ApprovalRequested(call_id=call_id, level=level, tool=tool, arguments=arguments):
                key = f"{tool} {json.dumps(arguments, sort_keys=True)}"
                again += key in seen
                seen.add(key)
                asked_about.add(call_id)
                by_turn[event.turn] += 1
                open_[call_id] = level or "-"
            case ApprovalResolved(call_id=call_id, decision=decision, by=by) if call_id in open_:
                asked[open_.pop(call_id), "nobody" if by == "nobody" else _CALLED.get(decision, str(decision))] += 1
    asked.update((level, "open") for level in open_.values())
    return Questions(len(requested), len(started - asked_about), asked, again, tuple(by_turn[n] for n in turns))
