"""Asks the person about one call, until what they allowed is exactly what is about to be made, or is not to be made."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, assert_never

from rookery_core.approval.binding import RULES, Approval, Bound
from rookery_core.approval.facts import facts_of
from rookery_core.approval.modes import PLANNING
from rookery_core.approval.policy import Reply
from rookery_core.approval.rules import Do, Rule
from rookery_core.approval.scene import Scene
from rookery_core.errors import ConfigError
from rookery_core.events import ApprovalRequested, ApprovalResolved, Decision, RulesBroken, ToolStatus
from rookery_core.text import cut_middle, storable
from rookery_core.tools.checking import ELSE, TRIES, Checked, Checks, Ended

if TYPE_CHECKING:
    from rookery_core.tools.runner import Caller, ToolRunner

CLAIM_CHARS = 2_000
"""As much of what the model thought is shown."""

Preview = Callable[[Checked], Awaitable[str]]


@dataclass(slots=True)
class _Asked:
    """What the next question is about, beside the call."""

    found: str
    """What the tool itself says of it."""
    again: str = ""
    """Why it is asked again."""
    changes: int = 0
    """Times that something changed between question and use."""


class Consent:
    """What the person says of one call."""

    def __init__(self, runner: ToolRunner, caller: Caller, checks: Checks, preview: Preview) -> None:
        self._runner = runner
        self._caller = caller
        self._checks = checks
        self._preview = preview
        self.changed: Mapping[str, Any] | None = None
        """The arguments that the person put in place of the model's; None where they did not."""

    async def of(self, checked: Checked, found: str = "", again: str = "") -> Checked:
        """The call as the person allowed it, or a rule by now. It is to be made at once. Raises Ended where it is not.

        `found` is what the tool itself says of it: then no rule does, and it is allowed only once. `again` is why it is
        asked about though it ran already.
        """
        asked = _Asked(found, again)
        while True:
            if self._runner.grants.planning:  # gone into meanwhile, or the tool itself asks
                raise Ended(ToolStatus.DENIED, f"{PLANNING}. {ELSE}")
            checked, bound, scene = await self._checks.bound(checked)
            asking = self._caller.answers.asking(bound.digest)
            waited = asking.locked()  # another call asks exactly this: its answer may do for both
            async with asking:
                if waited:
                    checked = await self._checks.anew(checked)
                    if _allowed(checked, asked):
                        return checked
                    continue
                checked, may_run = await self._once(checked, bound, scene, asked)
                if may_run:
                    return checked

    async def _once(self, checked: Checked, bound: Bound, scene: Scene, asked: _Asked) -> tuple[Checked, bool]:
        """Ask once. What the call is then, and whether it may run. Raises Ended."""
        answers = self._caller.answers
        if answers.denied(bound.digest):
            self._resolved(Reply(Decision.DENY, "they said no to exactly this call before"), None)
            raise Ended(ToolStatus.DENIED, f"The person has already said no to exactly this call. {ELSE}")
        reply = await self._ask(checked, bound, scene, asked)
        match reply.decision:
            case Decision.DENY:
                if reply.by == "person":
                    answers.deny(bound.digest)
                raise Ended(ToolStatus.DENIED, _denial(reply))
            case Decision.EDIT:
                edited = await self._edited(checked, reply, asked)
                return edited or checked, edited is not None and _allowed(edited, asked)
            case Decision.ONCE | Decision.SESSION | Decision.ALWAYS:
                return await self._unchanged(checked, reply, Approval(bound, self._runner.clock()), asked)
            case _:
                assert_never(reply.decision)

    async def _unchanged(
        self, checked: Checked, reply: Reply, approval: Approval, asked: _Asked
    ) -> tuple[Checked, bool]:
        """The call as it is now, and whether that is what was allowed, or by now a rule allows it. Raises Ended."""
        checked, now, _ = await self._checks.bound(await self._checks.anew(checked))
        if not (why := approval.use(now, self._runner.clock())):
            self._remember(reply, checked, asked)
            return replace(checked, digest=now.digest, approved=bool(asked.found)), True
        if now.since(approval.bound) == (RULES,) and _allowed(checked, asked):
            return checked, True
        asked.changes += 1
        if asked.changes == TRIES:
            text = f"It was not run: each time that the person had been asked something changed. Now {why}."
            raise Ended(ToolStatus.FAILED, f"{text} {ELSE}")
        asked.again = f"asked again: {why}"
        return checked, False

    async def _ask(self, checked: Checked, bound: Bound, scene: Scene, asked: _Asked) -> Reply:
        """Put the question, and tell that it was put and answered. Raises Ended where its preview says that it cannot
        work."""
        judged = checked.judged.once() if asked.found else checked.judged
        confined, reasons = self._checks.confined(checked), (asked.again, asked.found or judged.assessed.reason)
        request = ApprovalRequested(
            call_id=self._checks.call_id,
            tool=checked.offered.full_name,
            plugin=checked.offered.plugin,
            distribution=checked.offered.distribution,
            risk=judged.assessed.risk,
            arguments=json.loads(json.dumps(checked.use.arguments)),
            workspace=str(self._runner.workspace.root),
            preview=await self._preview(checked),
            level=str(judged.assessed.level),
            rule=judged.verdict.rule,
            remembers=tuple(str(rule.scope) for rule in judged.session),
            always=tuple(str(rule.scope) for rule in judged.always),
            reason="; ".join(filter(None, reasons)),
            facts=facts_of(judged, scene, self._runner.environ, confined),
            claimed=cut_middle(storable(self._caller.claimed), CLAIM_CHARS)[0],
            digest=bound.digest,
            untrusted=judged.exposure.told(),
            private=judged.exposure.leaks,
        )
        self._caller.emit(request)
        try:
            reply = await self._caller.approve(request)
        except asyncio.CancelledError:
            self._resolved(Reply(Decision.DENY, "the turn was stopped"), None)
            raise
        self._resolved(reply, _as_json(reply.arguments) if reply.decision is Decision.EDIT else None)
        return reply

    def _resolved(self, reply: Reply, arguments: dict[str, Any] | None) -> None:
        decision, reason, by = reply.decision, reply.reason, reply.by
        told = ApprovalResolved(
            call_id=self._checks.call_id, decision=decision, reason=reason, by=by, arguments=arguments
        )
        self._caller.emit(told)

    async def _edited(self, checked: Checked, reply: Reply, asked: _Asked) -> Checked | None:
        """The call with the person's arguments, checked like any other; None where they cannot be used, and the call is
        asked about as it was. Raises Ended."""
        given = _as_json(reply.arguments)
        if given is None:
            asked.again = "your change is no JSON object"
            return None
        try:
            now = await self._checks.check(checked.offered.full_name, json.dumps(given))
            if now.judged.verdict.do is Do.ASK:
                await self._preview(now)  # which says where it cannot work
        except Ended as ended:
            if ended.status is ToolStatus.DENIED:
                text = f"The person changed this call. {ended.output}"
                raise Ended(ended.status, text, guards=ended.guards) from ended
            asked.again = f"your change cannot be used: {ended.output}"
            return None
        if now.use.arguments == checked.use.arguments:
            asked.again = "your change leaves the call as it is"
            return None
        self.changed = now.use.arguments
        asked.found, asked.again = "", ""
        return now

    def _remember(self, reply: Reply, checked: Checked, asked: _Asked) -> None:
        judged = checked.judged.once() if asked.found else checked.judged
        if reply.decision in (Decision.SESSION, Decision.ALWAYS):
            self._runner.grants.add(judged.session)
        if reply.decision is Decision.ALWAYS and judged.always:
            self._keep(judged.always)

    def _keep(self, rules: tuple[Rule, ...]) -> None:
        """Keep rules for good. Where that cannot be, the call runs all the same, and the person is told."""
        try:
            self._runner.rulebook.remember(rules)
        except ConfigError as exc:
            file = str(self._runner.rulebook.file)
            reason = f"what you allowed is not kept: {exc}"
            self._caller.emit(RulesBroken(file=file, line=0, reason=reason))


def _as_json(arguments: object) -> dict[str, Any] | None:
    """Arguments of a person's own, as nothing but JSON; None where they are not."""
    try:
        made = json.loads(json.dumps(dict(arguments))) if isinstance(arguments, Mapping) else None
    except (TypeError, ValueError, RecursionError):
        return None
    return made


def _allowed(checked: Checked, asked: _Asked) -> bool:
    """Whether nobody need be asked any more."""
    return checked.judged.verdict.do is Do.ALLOW and not asked.found


def _denial(reply: Reply) -> str:
    if reply.by == "nobody":
        return f"This call was not allowed: {reply.reason}. Do without it, or answer with what you have."
    said = f" They said: {reply.reason}" if reply.reason else ""
    return f"The person did not allow this call.{said} {ELSE}"
