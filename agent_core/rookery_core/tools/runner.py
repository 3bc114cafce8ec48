"""One tool call from the model's request to the observation it reads: validate, rule, decide, ask, run, cut to size.

Whatever goes wrong in a tool becomes a `ToolFinished`; only cancelling or pausing the turn passes through.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rookery_core.approval.judging import Judged, judge
from rookery_core.approval.places import Places
from rookery_core.approval.policy import Allowed, Grants, Reply
from rookery_core.approval.rulebook import Rulebook
from rookery_core.approval.rules import Do, Rule
from rookery_core.approval.subject import subject_of
from rookery_core.errors import (
    ArgumentsInvalid,
    ConfigError,
    NeedsApproval,
    ToolFailed,
    ToolRetry,
    ToolTimeout,
    ToolUnknown,
    TurnPaused,
)
from rookery_core.events import (
    ApprovalRequested,
    ApprovalResolved,
    Decision,
    Event,
    QuestionAnswered,
    QuestionAsked,
    RulesBroken,
    ToolFinished,
    ToolRequested,
    ToolStarted,
    ToolStatus,
)
from rookery_core.perception.relevance import Excerpt, Relevance
from rookery_core.reasoning.step import ToolCall
from rookery_core.sandbox.sandbox import Confinement
from rookery_core.text import cut_middle, storable
from rookery_core.tools.context import ToolContext
from rookery_core.tools.extending import RiskRule, ToolOutcome, ToolUse
from rookery_core.tools.lending import Bridge, CallModel, CallPerson, Completer, Lender
from rookery_core.tools.progress import throttled
from rookery_core.tools.registry import OfferedTool, Registry
from rookery_core.tools.rulings import Rulings
from rookery_core.tools.running import Deadline, Fitted
from rookery_core.workspace import Workspace

PREVIEW_SECONDS = 5.0

Emit = Callable[[Event], Any]


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf a call is made."""

    session: str
    emit: Emit
    approve: Callable[[ApprovalRequested], Awaitable[Reply]]
    answer: Callable[[QuestionAsked], Awaitable[str | None]]
    complete: Completer
    max_output: int
    """Characters of the result that the model may see, unless the tool says less."""
    request: str = ""
    """What the person wants; of a longer result the model sees what matters for it."""


@dataclass(frozen=True, slots=True)
class ToolRunner:
    """Everything a call needs that outlives it."""

    registry: Registry
    workspace: Workspace
    lender: Lender
    allowed: Allowed
    grants: Grants
    clock: Callable[[], float]
    """Seconds, monotonic."""
    rules: tuple[RiskRule, ...] = ()
    rulebook: Rulebook = field(default_factory=Rulebook)
    places: Places = field(default_factory=Places)
    rulings: Rulings = field(default_factory=Rulings)
    confinement: Confinement = field(default_factory=Confinement)
    relevance: Relevance = field(default_factory=Relevance)

    def judge(self, offered: OfferedTool, fitted: Fitted) -> Judged:
        """What becomes of a checked call, plugins' rulings aside."""
        return judge(
            subject_of(offered, fitted, self.workspace.root, self.places),
            self.rules,
            self.rulebook,
            self.grants,
            self.allowed,
            self.places,
        )

    def lending(self, **instead: Any) -> ToolRunner:
        """The same, but for these parts of what is lent."""
        return replace(self, lender=replace(self.lender, **instead))

    async def call(self, call: ToolCall, call_id: str, caller: Caller) -> ToolFinished:
        """Carry out one call. Every outcome is emitted as `ToolFinished`, and returned; TurnPaused is raised too."""
        caller.emit(ToolRequested(call_id=call_id, tool=call.tool, arguments=call.arguments))
        made = _Call(self, call, call_id, caller)
        try:
            checked = await made.check()
            if checked.judged.verdict.do is Do.ASK:
                if denied := await made.ask(checked):
                    return denied
                checked = replace(checked, asked=True)
            return await made.run(checked)
        except _Ended as ended:
            return ended.finished
        except asyncio.CancelledError:
            made.stopped()
            raise


class _Ended(Exception):
    """The call came to nothing, and that was told."""

    def __init__(self, finished: ToolFinished) -> None:
        self.finished = finished


@dataclass(frozen=True, slots=True)
class _Checked:
    """A call that fits its tool's schema."""

    offered: OfferedTool
    fitted: Fitted
    use: ToolUse
    judged: Judged
    approved: bool = False
    asked: bool = False
    """Whether the person was asked about it, and allowed it."""


class _Call:
    """One call in progress."""

    def __init__(self, runner: ToolRunner, call: ToolCall, call_id: str, caller: Caller) -> None:
        self._runner = runner
        self._call = call
        self._id = call_id
        self._caller = caller
        self._emit = caller.emit
        self._started = False
        self._finished = False

    def stopped(self) -> None:
        """The person stopped the turn, wherever the call was."""
        if not self._finished:
            how = "; how much of it was done is not known" if self._started else " before it ran"
            self._finish(ToolStatus.INTERRUPTED, f"Stopped by the person{how}.")

    # -- before -------------------------------------------------------------------------------------------------

    async def check(self) -> _Checked:
        """The call as it will be made, once the plugins had their say. Raises _Ended."""
        runner = self._runner
        try:
            offered = runner.registry.get(self._call.tool)
        except ToolUnknown as exc:
            raise _Ended(self._finish(ToolStatus.UNKNOWN, str(exc))) from exc
        checked = await self._fits(offered, self._call.arguments, "The arguments do not fit")
        ruled = await runner.rulings.rule(checked.use, self._emit)
        if ruled.rewritten is not None and not ruled.denied:
            checked = await self._fits(
                offered, ruled.rewritten, "A plugin changed the call, and its arguments do not fit"
            )
            ruled = replace(ruled, denied=await runner.rulings.deny(checked.use, self._emit))
        if ruled.denied:
            raise _Ended(self._finish(ToolStatus.DENIED, f"This call is not allowed: {ruled.denied}. {_ELSE}"))
        if checked.judged.verdict.do is Do.DENY:
            raise _Ended(self._finish(ToolStatus.DENIED, f"{checked.judged.refusal}. {_ELSE}"))
        return replace(checked, judged=checked.judged.also_allowed()) if ruled.allowed else checked

    async def _fits(self, offered: OfferedTool, arguments: Mapping[str, Any], otherwise: str) -> _Checked:
        runner = self._runner
        try:
            fitted = await offered.place.fit(offered.tool, arguments, runner.workspace)
        except ArgumentsInvalid as exc:
            raise _Ended(self._finish(ToolStatus.INVALID, f"{otherwise}: {exc}")) from exc
        except asyncio.CancelledError:
            raise
        except (ToolRetry, ToolFailed) as exc:
            raise _Ended(self._finish(ToolStatus.FAILED, str(exc))) from exc
        except BaseException as exc:  # the plugin's own validators and scope function; they may raise anything
            text = f"{self._call.tool} cannot say what it would do: {type(exc).__name__}: {exc}"
            raise _Ended(self._finish(ToolStatus.FAILED, text)) from exc
        judged = runner.judge(offered, fitted)
        use = ToolUse(
            self._id,
            offered.full_name,
            judged.assessed.risk,
            offered.tool.risk,
            fitted.shown,
            runner.workspace.root,
            self._caller.session,
        )
        return _Checked(offered, fitted, use, judged)

    # -- the person -----------------------------------------------------------------------------------------------

    async def ask(self, checked: _Checked, found: str = "") -> ToolFinished | None:
        """Ask whether it may run; what came of it where it may not. `found` is what the tool itself says of it.

        Raises _Ended where the tool's preview says that the call cannot work.
        """
        judged = checked.judged.once() if found else checked.judged
        request = ApprovalRequested(
            call_id=self._id,
            tool=checked.offered.full_name,
            plugin=checked.offered.plugin,
            distribution=checked.offered.distribution,
            risk=checked.judged.assessed.risk,
            arguments=dict(checked.use.arguments),
            workspace=str(self._runner.workspace.root),
            preview=await self._preview(checked),
            level=str(checked.judged.assessed.level),
            rule=judged.verdict.rule,
            remembers=tuple(str(rule.scope) for rule in judged.session),
            always=tuple(str(rule.scope) for rule in judged.always),
            reason=found or judged.assessed.reason,
        )
        self._emit(request)
        try:
            reply = await self._caller.approve(request)
        except asyncio.CancelledError:
            reason = "the turn was stopped"
            self._emit(ApprovalResolved(call_id=self._id, decision=Decision.DENY, reason=reason, by="person"))
            raise
        self._emit(ApprovalResolved(call_id=self._id, decision=reply.decision, reason=reply.reason, by=reply.by))
        if reply.decision is Decision.DENY:
            return self._finish(ToolStatus.DENIED, _denial(reply))
        if reply.decision in (Decision.SESSION, Decision.ALWAYS):
            self._runner.grants.add(judged.session)
        if reply.decision is Decision.ALWAYS and judged.always:
            self._remember(judged.always)
        return None

    def _remember(self, rules: tuple[Rule, ...]) -> None:
        """Keep rules for good. Where that cannot be, the call runs all the same, and the person is told."""
        try:
            self._runner.rulebook.remember(rules)
        except ConfigError as exc:
            file = str(self._runner.rulebook.file)
            self._emit(RulesBroken(file=file, line=0, reason=f"what you allowed is not kept: {exc}"))

    async def _preview(self, checked: _Checked) -> str:
        try:
            async with asyncio.timeout(PREVIEW_SECONDS):
                context = self._context(checked, Bridge.closed())
                return await checked.offered.place.preview(checked.offered.tool, checked.fitted, context)
        except (ToolRetry, ToolFailed) as exc:  # it would come to nothing: nobody need be asked
            raise _Ended(self._finish(ToolStatus.FAILED, str(exc))) from exc
        except (Exception, SystemExit, KeyboardInterrupt) as exc:  # it must not hide the question
            return f"(no preview: {type(exc).__name__}: {exc})"

    # -- the run --------------------------------------------------------------------------------------------------

    async def run(self, checked: _Checked) -> ToolFinished:
        """Run it, and again where it asks for the person's approval on the way and gets it."""
        offered, runner = checked.offered, self._runner
        self._started = True
        self._emit(
            ToolStarted(
                call_id=self._id,
                tool=offered.full_name,
                risk=checked.judged.assessed.risk,
                level=str(checked.judged.assessed.level),
                rule=checked.judged.verdict.rule if checked.judged.verdict.do is Do.ALLOW else "",
                arguments=dict(checked.use.arguments),
            )
        )
        bridge = Bridge(asyncio.get_running_loop())
        deadline = Deadline(offered.tool.timeout_s, runner.clock)
        context = self._context(checked, bridge, deadline)
        started = runner.clock()

        async def finish(status: ToolStatus, output: str) -> ToolFinished:
            return await self._end(checked, status, output, runner.clock() - started)

        try:
            output = await offered.place.run(offered.tool, checked.fitted, context, deadline, bridge.end)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or not task.cancelling():  # the tool's own, not the person's
                return await finish(ToolStatus.FAILED, f"{self._call.tool} cancelled itself.")
            raise
        except ToolTimeout:
            text = f"{self._call.tool} took longer than {offered.tool.timeout_s:g} seconds and was given up."
            return await finish(ToolStatus.TIMEOUT, text)
        except NeedsApproval as exc:
            if checked.approved:
                return await finish(ToolStatus.FAILED, f"{self._call.tool} asked for approval twice: {exc}")
            return await self.ask(checked, str(exc)) or await self.run(replace(checked, approved=True, asked=True))
        except TurnPaused as exc:
            await finish(ToolStatus.PAUSED, str(exc))
            raise
        except (ToolRetry, ToolFailed) as exc:
            return await finish(ToolStatus.FAILED, str(exc))
        except BaseException as exc:  # a tool may raise anything, SystemExit included; it costs one call
            text = f"{self._call.tool} failed: {type(exc).__name__}: {exc}"
            return await finish(ToolStatus.FAILED, text)
        return await finish(ToolStatus.OK, output)

    async def _edited(self, checked: _Checked, status: ToolStatus, output: str) -> str:
        rulings = self._runner.rulings
        return await rulings.edit(checked.use, ToolOutcome(status, output), self._emit) if rulings.after else output

    def _context(self, checked: _Checked, bridge: Bridge, deadline: Deadline | None = None) -> ToolContext:
        plugin, lender, caller = checked.offered.plugin, self._runner.lender, self._caller

        async def answer(question: str, choices: tuple[str, ...]) -> str | None:
            asked = QuestionAsked(
                call_id=self._id, tool=checked.offered.full_name, question=storable(question), choices=choices
            )
            self._emit(asked)
            given: str | None = None
            try:
                if deadline is None:
                    given = await caller.answer(asked)
                else:
                    with deadline.pause():
                        given = await caller.answer(asked)
            finally:
                self._emit(QuestionAnswered(call_id=self._id, answer=given))
            return given

        over = threading.Event()
        return ToolContext(
            call_id=self._id,
            workspace=self._runner.workspace,
            cancelled=over,
            progress=throttled(self._emit, self._id, over),
            memory=lender.memory,
            person=CallPerson(bridge, answer),
            data=lender.data(plugin),
            artifacts=lender.artifacts(caller.session, self._id),
            secrets=lender.secrets(plugin),
            model=CallModel(bridge, caller.complete),
            sandbox=self._runner.confinement.at(self._runner.workspace.root, asked=checked.asked),
            approved=checked.approved,
        )

    # -- after ----------------------------------------------------------------------------------------------------

    async def _end(self, checked: _Checked, status: ToolStatus, output: str, seconds: float) -> ToolFinished:
        """The end of a call that ran: plugins have their say, and a long result is cut to what matters."""
        limit = min(checked.offered.tool.max_output, self._caller.max_output)
        whole, excerpt = storable(output), None
        if status in (ToolStatus.OK, ToolStatus.FAILED):
            whole = storable(await self._edited(checked, status, output))
        if status is ToolStatus.OK and len(whole) > limit:
            cut = self._runner.relevance.excerpt
            excerpt = await asyncio.to_thread(cut, whole, self._caller.request, limit)
        return self._finish(status, whole, seconds, limit, excerpt)

    def _finish(
        self, status: ToolStatus, output: str, seconds: float = 0.0, limit: int = 0, excerpt: Excerpt | None = None
    ) -> ToolFinished:
        """Tell it. `excerpt` is what the model sees; None: a longer output loses its middle."""
        whole = storable(output)
        kept, artifact = excerpt or Excerpt(*cut_middle(whole, limit or self._caller.max_output)), ""
        if kept.dropped_chars:
            artifact = self._runner.lender.artifacts(self._caller.session, self._id).add(whole, self._call.tool)
        finished = ToolFinished(
            call_id=self._id,
            tool=self._call.tool,
            status=status,
            output=f"{kept.text}\n[kept whole as result {artifact}]" if artifact else kept.text,
            dropped_chars=kept.dropped_chars,
            artifact=artifact,
            seconds=seconds,
        )
        self._emit(finished)
        self._finished = True
        return finished


_ELSE = "Do not try the same again; find another way, or answer."


def _denial(reply: Reply) -> str:
    if reply.by == "nobody":
        return f"This call was not allowed: {reply.reason}. Do without it, or answer with what you have."
    said = f" They said: {reply.reason}" if reply.reason else ""
    return f"The person did not allow this call.{said} {_ELSE}"
