"""What every event has, and the words for how turns, calls and decisions end.

Knows no event; they are in `events`, which offers all of this too.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class TurnStatus(StrEnum):
    """How a turn ended."""

    ANSWERED = "answered"
    GAVE_UP = "gave_up"
    """The budget was spent, or the model kept repeating itself; the answer holds what was found."""
    REFUSED = "refused"
    """The message cannot fit the model's window; nothing was done and the text is the person's to change."""
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    PAUSED = "paused"
    """A tool said that something outside has to happen first."""


class ToolStatus(StrEnum):
    """How a tool call ended; everything but `ok` is an observation the model can act on."""

    OK = "ok"
    FAILED = "failed"
    DENIED = "denied"
    INVALID = "invalid"
    UNKNOWN = "unknown"
    TIMEOUT = "timeout"
    REPEATED = "repeated"
    INTERRUPTED = "interrupted"
    PAUSED = "paused"


class Decision(StrEnum):
    """What was decided about a call."""

    ONCE = "once"
    SESSION = "session"
    ALWAYS = "always"
    """Also from now on, in this workspace."""
    EDIT = "edit"
    """The arguments were changed by the person: another call, that is checked and asked about anew."""
    DENY = "deny"


class Mode(StrEnum):
    """The permission mode of a session: what becomes of calls that are neither harmless nor forbidden."""

    ASK = "ask"
    """They are asked about."""
    ACCEPT_EDITS = "accept-edits"
    """Edits of files in the workspace run, everything else asks."""
    PLAN = "plan"
    """What does more than read is refused, and nobody is asked."""


class Record(BaseModel):
    """A frozen value inside an event."""

    model_config = ConfigDict(frozen=True)


class Event(BaseModel):
    """The envelope every event has. `Run.emit` fills it; whoever makes an event gives only what happened."""

    model_config = ConfigDict(frozen=True)
    ephemeral: ClassVar[bool] = False

    kind: str
    """The event's name in snake case."""
    session: str = ""
    seq: int | None = None
    """Position in the session, from 1 without gaps; None for ephemeral events."""
    turn: int = 0
    """Number of the turn in its session, from 1; 0 outside any turn."""
    agent: str = "main"
    parent: str | None = None
    """The agent that started this one; None for the main agent."""
    at: float = 0.0
    """Unix time, seconds."""
