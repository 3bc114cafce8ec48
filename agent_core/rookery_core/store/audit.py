"""What was asked for, allowed and done: the calls of all sessions, put together from their events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from rookery_core.approval.exposure import CLEAN
from rookery_core.events import (
    AnyEvent,
    ApprovalRequested,
    ApprovalResolved,
    CallRuled,
    Decision,
    Mode,
    ModeChanged,
    ToolFinished,
    ToolRequested,
    ToolStarted,
)

UNKNOWN = "begun"
"""A call of whose end nothing is stored: the program died, or it is still running."""
NEVER_RUN = "not run"


@dataclass(slots=True)
class AuditedCall:
    """One call: who decided on it, and what came of it."""

    session: str
    seq: int
    """The number of the event that asked for it."""
    at: float
    """Unix time."""
    tool: str
    """Full name, once it was found."""
    arguments: dict[str, Any]
    """As they were passed; before that as the model gave them."""
    given: dict[str, Any] = field(default_factory=dict)
    """As the model gave them, where the person changed them; else empty."""
    risk: str = ""
    decisions: list[str] = field(default_factory=list)
    """What was decided, by whom, in order; none where nobody had to be asked."""
    status: str = NEVER_RUN
    seconds: float = 0.0
    mode: Mode = Mode.ASK
    """The permission mode when it was asked for."""
    untrusted: tuple[str, ...] = ()
    """Whose words that are not the person's were before the model then, and since when, the newest first."""


def audited(session: str, events: Iterable[AnyEvent]) -> Iterator[AuditedCall]:
    """The calls of a session, in the order in which they were asked for."""
    calls: dict[str, AuditedCall] = {}
    mode, exposure = Mode.ASK, CLEAN
    asked: dict[str, dict[str, Any]] = {}
    given: dict[str, dict[str, Any]] = {}
    edited: set[str] = set()

    def made_with(call: AuditedCall, call_id: str, arguments: dict[str, Any]) -> None:
        call.arguments = dict(arguments)
        changed = call_id in edited and arguments != asked.get(call_id)
        call.given = given[call_id] if changed else {}

    for event in events:
        exposure = exposure.after(event)
        match event:
            case ModeChanged():
                mode = event.mode
            case ToolRequested(call_id=call_id, tool=tool, arguments=arguments, seq=seq, at=at):
                calls[call_id] = AuditedCall(
                    session, seq or 0, at, tool, dict(arguments), mode=mode, untrusted=exposure.told()
                )
                given[call_id] = dict(arguments)
            case ApprovalRequested(call_id=call_id, tool=tool, risk=risk, arguments=arguments) if call_id in calls:
                call = calls[call_id]
                asked.setdefault(call_id, arguments)
                call.tool, call.risk = tool, risk
                made_with(call, call_id, arguments)
            case CallRuled(call_id=call_id, plugin=plugin, ruling=ruling, reason=reason) if call_id in calls:
                calls[call_id].decisions.append(_because(f"{ruling} by plugin {plugin}", reason))
            case ApprovalResolved(call_id=call_id, decision=decision, by=by, reason=reason) if call_id in calls:
                call = calls[call_id]
                call.decisions.append(_because(f"{decision} by {by}", reason))
                if decision is Decision.EDIT and event.arguments is not None:
                    edited.add(call_id)
                    made_with(call, call_id, event.arguments)
            case ToolStarted(call_id=call_id, tool=tool, risk=risk, arguments=arguments) if call_id in calls:
                call = calls[call_id]
                call.tool, call.risk, call.status = tool, risk, UNKNOWN
                made_with(call, call_id, arguments)
            case ToolFinished(call_id=call_id, status=status, seconds=seconds) if call_id in calls:
                calls[call_id].status, calls[call_id].seconds = str(status), seconds
    yield from calls.values()


def _because(text: str, reason: str) -> str:
    return f"{text}: {reason}" if reason else text
