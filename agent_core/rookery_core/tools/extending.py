"""What hooks exchange with the host, beside tools: rulings on a call, rules of risk, commands, and who hears events.

Values and protocols only; what becomes of them is the host's business.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rookery_core.tools.contract import Risk

if TYPE_CHECKING:
    from rookery_core.events import Event


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A call that is about to be made, or was made."""

    call_id: str
    tool: str
    """Full name, `plugin.tool`."""
    risk: Risk
    """What the call does, rules considered."""
    declared: Risk
    """What the tool says that it does."""
    arguments: Mapping[str, Any]
    """As the model gave them, checked against the schema."""
    workspace: Path
    session: str


@dataclass(frozen=True, slots=True)
class Allow:
    """The call may run without asking the person."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Deny:
    """The call is not made; the model reads why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Rewrite:
    """The call is made with these arguments in place of its own; they are checked, and shown, like its own."""

    arguments: Mapping[str, Any]
    reason: str = ""


Ruling = Allow | Deny | Rewrite | None
"""What `rookery_before_tool` says of a call; None: nothing."""


@dataclass(frozen=True, slots=True)
class ToolOutcome:
    """How a call ended, as the model will read it."""

    status: str
    """`ok`, `failed`, `timeout`, ...: a value of `ToolStatus`."""
    output: str


@dataclass(frozen=True, slots=True)
class Append:
    """The model reads this after the result."""

    text: str


@dataclass(frozen=True, slots=True)
class Replace:
    """The model reads this in place of the result."""

    text: str


Edit = Append | Replace | None
"""What `rookery_after_tool` does to a result; None: nothing."""


@dataclass(frozen=True, slots=True)
class RiskRule:
    """Calls that are riskier than their tool says. A rule never makes one less risky."""

    tool: str
    """A full name, or a pattern: `files.*`, `*`."""
    risk: Risk
    when: Mapping[str, str] = field(default_factory=dict)
    """Argument to a regular expression (RE2) that is found in it; all of them have to be. Empty: every call."""
    reason: str = ""
    """Shown to the person who is asked."""


class CommandContext(Protocol):
    """What a slash command may use."""

    @property
    def workspace(self) -> Path:
        """The folder the session works in."""

    @property
    def events(self) -> tuple[Event, ...]:
        """All that happened in the session."""


@dataclass(frozen=True, slots=True)
class Send:
    """A command's result that goes to the assistant, as if the person had typed it."""

    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """A slash command: `/name rest of the line`."""

    name: str
    """Lower-case letters."""
    help: str
    """One line."""
    run: Callable[[CommandContext, str], str | Send | Awaitable[str | Send]]
    """Gets the rest of the line. A text is shown to the person, a `Send` goes to the assistant."""


Sink = Callable[["Event"], object]
"""Hears every stored event, in order, in a thread of its own."""
