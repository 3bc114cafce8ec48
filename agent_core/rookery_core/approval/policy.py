"""Who may allow a call: the person who is asked, what they said beforehand, and what they said in this session."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from rookery_core.approval.levels import Assessed
from rookery_core.approval.rules import Rule
from rookery_core.approval.subject import Subject
from rookery_core.errors import ConfigError
from rookery_core.events import ApprovalRequested, Decision, QuestionAsked
from rookery_core.tools.contract import Risk
from rookery_core.tools.registry import Registry


@dataclass(frozen=True, slots=True)
class Reply:
    """A person's answer to an approval request, or that there was none to ask."""

    decision: Decision
    reason: str = ""
    """For a denial: what the model is told."""
    arguments: Mapping[str, Any] | None = None
    """For `Decision.EDIT`: what the call is to be made with; whatever answers has checked nothing of it."""
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

    def covers(self, subject: Subject, assessed: Assessed) -> str:
        """What of it allows a call; "" where nothing does."""
        if assessed.risk in self.kinds:
            return f"--allow {assessed.risk}"
        name = subject.offered.full_name  # one that a plugin's rule has raised is no ordinary call
        return f"--allow {name}" if name in self.tools and assessed.risk is subject.offered.tool.risk else ""


@dataclass(slots=True)
class Grants:
    """The rules of a session: what the person allowed "for this session". Gone with it, or with the program."""

    _given: list[Rule] = field(default_factory=list)

    def add(self, rules: Iterable[Rule]) -> None:
        """Remember these until the session ends."""
        self._given += [rule for rule in rules if rule not in self._given]

    def clear(self) -> None:
        """Forget everything, as another session begins."""
        self._given.clear()

    def __iter__(self) -> Iterator[Rule]:
        return iter(tuple(self._given))
