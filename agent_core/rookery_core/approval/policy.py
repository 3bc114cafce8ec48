"""Whether a call runs, or a person is asked first. Pure: the same call and rules always give the same ruling."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

from rookery_core.errors import ConfigError
from rookery_core.events import ApprovalRequested, Decision, QuestionAsked
from rookery_core.tools.contract import Risk
from rookery_core.tools.extending import RiskRule
from rookery_core.tools.registry import OfferedTool, Registry

ASKS = frozenset({Risk.WRITE, Risk.EXECUTE, Risk.NETWORK})
"""Kinds that a person is asked about."""
_HEIGHT = {risk: n for n, risk in enumerate((Risk.PURE, Risk.READ, Risk.WRITE, Risk.NETWORK, Risk.EXECUTE))}


@dataclass(frozen=True, slots=True)
class Reply:
    """A person's answer to an approval request, or that there was none to ask."""

    decision: Decision
    reason: str = ""
    """For a denial: what the model is told."""
    by: Literal["person", "nobody"] = "person"


Approver = Callable[[ApprovalRequested], Awaitable[Reply]]
"""Asks the person. Whoever shows something to ask takes it away again when cancelled."""


Answerer = Callable[[QuestionAsked], Awaitable[str | None]]
"""Asks the person what a tool wants to know; None where they do not say. It takes the question away when cancelled."""


async def nobody(request: ApprovalRequested) -> Reply:
    """The approver where there is no person: everything that would ask is denied."""
    return Reply(Decision.DENY, "nobody is there to be asked", by="nobody")


async def no_answer(question: QuestionAsked) -> str | None:
    """The answerer where there is no person."""
    return None


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

    def covers(self, offered: OfferedTool, risk: Risk) -> bool:
        """Whether a call of this tool that has this risk was allowed beforehand."""
        if risk is not offered.tool.risk:  # a rule says that it is no ordinary call
            return risk in self.kinds
        return risk in self.kinds or offered.full_name in self.tools


@dataclass(slots=True)
class Grants:
    """What the person allowed "for this session": exact scopes of exact tools, gone with it or with the program.

    A tool that is defined otherwise than it was, is another tool.
    """

    _given: set[tuple[str, str]] = field(default_factory=set)

    def add(self, offered: OfferedTool, scopes: Collection[str]) -> None:
        self._given |= {(_definition(offered), scope) for scope in scopes}

    def clear(self) -> None:
        """Forget everything, as another session begins."""
        self._given.clear()

    def cover(self, offered: OfferedTool, scopes: Collection[str]) -> bool:
        """Whether every part of the call was granted; a call without parts never is."""
        return bool(scopes) and all((_definition(offered), scope) in self._given for scope in scopes)


def _definition(offered: OfferedTool) -> str:
    return f"{offered.distribution} {offered.full_name} {offered.tool.fingerprint}"


@dataclass(frozen=True, slots=True)
class Assessed:
    """What a call does to the world, all considered."""

    risk: Risk
    reason: str = ""
    """Why it is more than the tool says; "" where it is not."""


def assess(offered: OfferedTool, arguments: Mapping[str, Any], rules: Iterable[RiskRule]) -> Assessed:
    """The tool's own kind of risk, or the highest that a rule gives this call; a rule never lowers it."""
    assessed = Assessed(offered.tool.risk)
    for rule in rules:
        if (
            _HEIGHT[rule.risk] > _HEIGHT[assessed.risk]
            and fnmatchcase(offered.full_name, rule.tool)
            and all(re.search(found, _said(arguments.get(name))) for name, found in rule.when.items())
        ):
            assessed = Assessed(rule.risk, rule.reason)
    return assessed


def riskier(one: Risk, other: Risk) -> Risk:
    """The kind that does more to the world."""
    return max(one, other, key=_HEIGHT.__getitem__)


def asks(offered: OfferedTool, risk: Risk, parts: Collection[str], allowed: Allowed, grants: Grants) -> bool:
    """Whether a person must be asked about a call of this risk."""
    return risk in ASKS and not allowed.covers(offered, risk) and not grants.cover(offered, parts)


def _said(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
