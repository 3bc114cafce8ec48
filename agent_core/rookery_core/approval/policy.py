"""Whether a call runs, or a person is asked first. Pure: the same call and rules always give the same ruling."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from rookery_core.errors import ConfigError
from rookery_core.events import ApprovalRequested, Decision
from rookery_core.tools.contract import Risk
from rookery_core.tools.registry import OfferedTool, Registry

ASKS = frozenset({Risk.WRITE, Risk.EXECUTE, Risk.NETWORK})
"""Kinds that a person is asked about."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A person's answer to an approval request, or that there was none to ask."""

    decision: Decision
    reason: str = ""
    """For a denial: what the model is told."""
    by: Literal["person", "nobody"] = "person"


Approver = Callable[[ApprovalRequested], Awaitable[Reply]]
"""Asks the person. Whoever shows something to ask takes it away again when cancelled."""


async def nobody(request: ApprovalRequested) -> Reply:
    """The approver where there is no person: everything that would ask is denied."""
    return Reply(Decision.DENY, "nobody is there to be asked", by="nobody")


@dataclass(frozen=True, slots=True)
class Allowed:
    """Kinds of risk and tools that run without asking, as the person named them beforehand (`--allow`)."""

    kinds: frozenset[Risk] = frozenset()
    tools: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, words: Collection[str], registry: Registry) -> Allowed:
        """Read kinds (write, EXECUTE) and tool names; ConfigError for a word that is neither."""
        known = {risk.value for risk in Risk}
        kinds = {Risk(word.lower()) for word in words if word.lower() in known}
        names = [word for word in words if word.lower() not in known]
        try:
            return cls(frozenset(kinds), frozenset(offered.full_name for offered in registry.only(names)))
        except ConfigError as exc:
            raise ConfigError(f"{exc}; kinds of risk: {', '.join(Risk)}") from exc

    def covers(self, offered: OfferedTool) -> bool:
        return offered.tool.risk in self.kinds or offered.full_name in self.tools


@dataclass(slots=True)
class Grants:
    """What the person allowed "for this session": exact scopes of exact tools, gone with it or with the program."""

    _given: set[tuple[str, str]] = field(default_factory=set)

    def add(self, offered: OfferedTool, scopes: Collection[str]) -> None:
        self._given |= {(offered.full_name, scope) for scope in scopes}

    def clear(self) -> None:
        """Forget everything, as another session begins."""
        self._given.clear()

    def cover(self, offered: OfferedTool, scopes: Collection[str]) -> bool:
        """Whether every part of the call was granted; a call without parts never is."""
        return bool(scopes) and all((offered.full_name, scope) in self._given for scope in scopes)


def scopes(offered: OfferedTool, arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """What an answer "for this session" would remember: the tool's own scopes, or else exactly these arguments."""
    if offered.tool.scope is not None:
        parts = offered.tool.scope(dict(arguments))
        if isinstance(parts, str) or not all(isinstance(part, str) for part in parts):
            raise TypeError(f"the scope of {offered.full_name} must be a list of strings, not {parts!r}")
        return tuple(parts)
    return (json.dumps(arguments, sort_keys=True, default=str, ensure_ascii=False),)


def asks(offered: OfferedTool, parts: Collection[str], allowed: Allowed, grants: Grants) -> bool:
    """Whether a person must be asked about this call."""
    return offered.tool.risk in ASKS and not allowed.covers(offered) and not grants.cover(offered, parts)
