"""Whether a call runs, a person is asked first, or it is refused. The strictest that applies wins: deny, ask, allow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from rookery_core.approval.exposure import CLEAN, Exposure
from rookery_core.approval.levels import Assessed, Level, assess
from rookery_core.approval.modes import EDITING, PLANNING, is_accepted
from rookery_core.approval.places import Places
from rookery_core.approval.policy import Allowed, Grants
from rookery_core.approval.rulebook import Rulebook
from rookery_core.approval.rules import Do, Rule, allowing, lasting, remembered
from rookery_core.approval.subject import Subject
from rookery_core.approval.wary import wary_of
from rookery_core.events import Mode
from rookery_core.sandbox.level import Reach
from rookery_core.tools.extending import RiskRule


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a call, and why."""

    do: Do
    rule: str = ""
    """The rule that decided; "" where it was the level alone."""
    firm: bool = False
    """Whether a plugin that allows the call changes nothing, and nothing of it is to be remembered."""
    planning: bool = False
    """Whether it is refused for the mode alone."""


def decide(
    subject: Subject,
    assessed: Assessed,
    rules: Iterable[Rule],
    allowed: Allowed,
    places: Places,
    *,
    broken: str = "",
    tainted: str = "",
    mode: Mode = Mode.ASK,
) -> Verdict:
    """Whether the call runs.

    `broken` says why the rules cannot all be read: then nothing is allowed that does more than compute. `tainted` says
    what of the session is not to be trusted: then no rule allows anything, and neither does the mode.
    """
    verdict = _decided(subject, assessed, [*rules], allowed, places, broken, tainted, mode)
    asks_or_changes = verdict.do is Do.ASK or assessed.level > Level.R1
    if mode is Mode.PLAN and verdict.do is not Do.DENY and asks_or_changes:
        return Verdict(Do.DENY, verdict.rule, firm=True, planning=True)
    return verdict


def _decided(
    subject: Subject,
    assessed: Assessed,
    every: list[Rule],
    allowed: Allowed,
    places: Places,
    broken: str,
    tainted: str,
    mode: Mode,
) -> Verdict:
    """The same where nothing is to be planned."""
    level = assessed.level

    def meant(word: str, really: bool) -> Path | None:
        return places.meant(word, subject.root, really=really)

    def fired(do: Do) -> Rule | None:
        found = (rule for rule in every if rule.do is do and rule.about(subject))
        return next((rule for rule in found if rule.fires(subject, meant)), None)

    if level is Level.R4:
        return Verdict(Do.DENY, assessed.reason, firm=True)
    for do in (Do.DENY, Do.ASK):
        if rule := fired(do):
            return Verdict(do, _told(rule), firm=True)
    if level is Level.R0:
        return Verdict(Do.ALLOW)
    if broken:
        return Verdict(Do.ASK, broken, firm=True)
    if level is Level.R1:
        return Verdict(Do.ALLOW)
    if tainted:
        return Verdict(Do.ASK, tainted, firm=True)
    if word := allowed.covers(subject, assessed):
        return Verdict(Do.ALLOW, word)
    if found := allowing(every, subject, level, assessed.harmless):
        return Verdict(Do.ALLOW, "; ".join(map(_told, found)))
    if mode is Mode.ACCEPT_EDITS and is_accepted(subject, assessed):
        return Verdict(Do.ALLOW, EDITING)
    return Verdict(Do.ASK)


@dataclass(frozen=True, slots=True)
class Judged:
    """A call, what is at stake in it, what becomes of it, and what an answer to the question would remember."""

    subject: Subject
    assessed: Assessed
    verdict: Verdict
    session: tuple[Rule, ...] = ()
    """The rules of an answer "for this session"; none where it may only be allowed once."""
    always: tuple[Rule, ...] = ()
    """The rules of an answer "always", for this workspace; none where that is not offered."""
    reach: Reach = Reach.WRITES
    """How far its programs get."""
    exposure: Exposure = CLEAN
    """What had been before the model."""

    @property
    def does_more_than_read(self) -> bool:
        """Whether it changes, starts or reaches something, or looks outside of the workspace."""
        return self.assessed.level > Level.R1

    @property
    def refusal(self) -> str:
        """Why it is not made, for the model; no full stop at its end."""
        if self.assessed.level is Level.R4:
            return f"This call is refused: {self.verdict.rule}. Only the person may do that, by hand"
        if self.verdict.planning:
            return PLANNING
        return f"This call is not allowed by a rule of the person: {self.verdict.rule}"

    def also_allowed(self) -> Judged:
        """The same where a plugin allows it, too: that counts for no more than the person's own word."""
        return self if self.verdict.firm else replace(self, verdict=Verdict(Do.ALLOW, "a plugin allows it"))

    def once(self) -> Judged:
        """The same, to be allowed only once."""
        return replace(self, session=(), always=())


def judge(
    subject: Subject,
    risk_rules: Iterable[RiskRule],
    rulebook: Rulebook,
    grants: Grants,
    allowed: Allowed,
    places: Places,
    exposure: Exposure = CLEAN,
    *,
    kept: bool = False,
    least: Reach = Reach.READS,
    also: bool = False,
) -> Judged:
    """Everything that is to be said of a call. The rules are those that hold at this moment, and `exposure` is what has
    been before the model by then.

    `kept`: whether its programs can be kept from all but the workspace. Then one that may not write there without a
    question runs without one where it only reads, unless it is to get as far as `least`. `also`: a plugin allows it.
    """
    rules, tried = (*rulebook.rules, *grants), []
    for reach in _reaches(kept, least):
        assessed = assess(subject, risk_rules, places, reach=reach if kept else Reach.OUTSIDE)
        wary = wary_of(exposure, subject, assessed, rules)
        verdict = decide(
            subject, assessed, rules, allowed, places, broken=rulebook.broken, tainted=wary, mode=grants.mode
        )
        if kept and assessed.level <= Level.R1:
            reach = max(least, Reach.READS)
        judged = Judged(subject, assessed, verdict, reach=reach, exposure=exposure)
        tried.append(judged.also_allowed() if also else judged)
        if tried[-1].verdict.do is Do.ALLOW:
            return tried[-1]
    return _with_answers(tried[0], rulebook)


def _reaches(kept: bool, least: Reach) -> tuple[Reach, ...]:
    """How far a call's programs may get, what is wanted first."""
    if least is Reach.READS:
        return (Reach.WRITES, Reach.READS) if kept else (Reach.WRITES,)
    return (least,)


def _with_answers(judged: Judged, rulebook: Rulebook) -> Judged:
    """The same with what an answer to its question would remember."""
    if judged.verdict.do is not Do.ASK or judged.verdict.firm or judged.exposure.met:
        return judged
    subject, level, harmless = judged.subject, judged.assessed.level, judged.assessed.harmless
    session = remembered(subject, level, harmless, origin="this session")
    keeps = rulebook.file is not None and lasting(subject, harmless)
    always = remembered(subject, level, harmless, str(subject.root)) if keeps else ()
    return replace(judged, session=session, always=always)


def _told(rule: Rule) -> str:
    return f"{rule} ({rule.origin})" if rule.origin else str(rule)
