"""One tool call from the model's request to the observation it reads: check, decide, ask, run, cut to size.

Whatever goes wrong in a tool becomes a `ToolFinished`; only cancelling or pausing the turn passes through.
"""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from rookery_core.approval.labelling import of_guards, of_hooks, of_no_result, of_result
from rookery_core.approval.modes import PLANNING
from rookery_core.approval.rules import Do
from rookery_core.approval.taint import OWN, Label, Ledger
from rookery_core.errors import NeedsApproval, SandboxRefused, ToolFailed, ToolRetry, ToolTimeout, TurnPaused
from rookery_core.events import QuestionAnswered, QuestionAsked, ToolFinished, ToolStarted, ToolStatus
from rookery_core.perception.relevance import Excerpt
from rookery_core.reasoning.quarantine import STOPPED
from rookery_core.reasoning.spotlight import marked
from rookery_core.reasoning.step import ToolCall
from rookery_core.sandbox.level import Reach
from rookery_core.text import cut_middle, storable
from rookery_core.tools.checking import ELSE, Checked, Checks, Ended
from rookery_core.tools.consent import Consent
from rookery_core.tools.context import ToolContext
from rookery_core.tools.extending import ToolOutcome
from rookery_core.tools.lending import Bridge, CallArtifacts, CallModel, CallPerson, CallSecrets
from rookery_core.tools.progress import throttled
from rookery_core.tools.running import Deadline

if TYPE_CHECKING:
    from rookery_core.tools.runner import Caller, ToolRunner

PREVIEW_SECONDS = 5.0
WRITING = (
    "it ran in the sandbox where it could only read, and wanted to write. Nothing was changed; allowed, it runs again "
    "in the sandbox, and writes in the workspace"
)
LEAVING = (
    "it ran in the sandbox where it could only read, and seems to want the network, or to write where nothing in the "
    "sandbox may (.git). Nothing was changed; allowed, it runs again outside of it, with all your rights"
)
LEAVING_HALF_DONE = (
    "it ran in the sandbox and failed there, which may be for want of the network, or of what it may not write; "
    "allowed, it runs again outside of it. What it did until it failed stays done"
)
"""Why it is asked whether a call may get further than it did."""
NOT_OUTSIDE = (
    "it does not run again outside of the sandbox: somebody else's words and private things are before you together; "
    "the person may do it by hand, or in a new session"
)
CHANGED_CHARS = 1_000
"""As much of the arguments that the person changed is told to the model."""


class Calling:
    """One call in progress."""

    def __init__(self, runner: ToolRunner, call: ToolCall, call_id: str, caller: Caller) -> None:
        self._runner = runner
        self._call = call
        self._id = call_id
        self._caller = caller
        self._emit = caller.emit
        self._checks = Checks(runner, call_id, caller.session, caller.emit, caller.exposure)
        self._consent = Consent(runner, caller, self._checks, self._preview)
        self._ledger = Ledger(caller.exposure().label | caller.label)
        self._started = False
        self._finished = False

    async def carry_out(self) -> ToolFinished:
        """All of it. Raises TurnPaused."""
        try:
            given = json.dumps(self._call.arguments)
        except (TypeError, ValueError, RecursionError) as exc:
            return self._finish(ToolStatus.INVALID, f"The arguments are no JSON: {exc}")
        try:
            checked = await self._checks.check(self._call.tool, given)
            if checked.judged.verdict.do is Do.ASK:
                checked = await self._consent.of(checked)
            return await self._run(checked)
        except Ended as ended:
            offered = self._runner.registry.get(self._call.tool) if self._call.tool in self._runner.registry else None
            label = of_no_result(offered, ended.status) | of_guards(ended.guards)
            return self._finish(ended.status, ended.output, label=label)
        except asyncio.CancelledError:
            if not self._finished:
                how = "; how much of it was done is not known" if self._started else " before it ran"
                self._finish(ToolStatus.INTERRUPTED, f"It was stopped{how}.")
            raise

    async def _preview(self, checked: Checked) -> str:
        try:
            async with asyncio.timeout(PREVIEW_SECONDS):
                context = self._context(checked, Bridge.closed())
                return await checked.offered.place.preview(checked.offered.tool, checked.fitted, context)
        except (ToolRetry, ToolFailed) as exc:  # it would come to nothing: nobody need be asked
            raise Ended(ToolStatus.FAILED, str(exc)) from exc
        except (Exception, SystemExit, KeyboardInterrupt) as exc:  # it must not hide the question
            return f"(no preview: {type(exc).__name__}: {exc})"

    # -- the run --------------------------------------------------------------------------------------------------

    async def _run(self, checked: Checked) -> ToolFinished:
        """Run it, and again where it asks for the person's approval on the way and gets it."""
        offered, runner = checked.offered, self._runner
        if runner.grants.planning and checked.judged.does_more_than_read:  # since it was judged
            raise Ended(ToolStatus.DENIED, f"{PLANNING}. {ELSE}")
        self._started = True
        self._emit(
            ToolStarted(
                call_id=self._id,
                tool=offered.full_name,
                risk=checked.judged.assessed.risk,
                level=str(checked.judged.assessed.level),
                rule=checked.judged.verdict.rule if checked.judged.verdict.do is Do.ALLOW else "",
                digest=checked.digest,
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
            return await self._run(await self._consent.of(checked, str(exc)))
        except SandboxRefused as exc:
            return await self._wider(checked, exc, runner.clock() - started)
        except TurnPaused as exc:
            await finish(ToolStatus.PAUSED, str(exc))
            raise
        except (ToolRetry, ToolFailed) as exc:
            return await finish(ToolStatus.FAILED, str(exc))
        except BaseException as exc:  # a tool may raise anything, SystemExit included; it costs one call
            text = f"{self._call.tool} failed: {type(exc).__name__}: {exc}"
            return await finish(ToolStatus.FAILED, text)
        return await finish(ToolStatus.OK, output)

    async def _wider(self, checked: Checked, refused: SandboxRefused, seconds: float) -> ToolFinished:
        """Run it once more and let it get further, if the person wants that; else it stays at the result.

        That it writes in the workspace can be allowed for longer, by a rule; that it leaves the sandbox cannot.
        """
        try:
            if checked.judged.reach is Reach.READS and not refused.outside:
                how = "where it could only read, it said"
                again = await self._consent.of(replace(checked, digest="", least=Reach.WRITES), again=WRITING)
            elif self._caller.exposure().leaks:
                return await self._end(checked, ToolStatus.FAILED, f"{refused}\n[{NOT_OUTSIDE}]", seconds)
            else:
                how = "in the sandbox it said"
                why = LEAVING if checked.judged.reach is Reach.READS else LEAVING_HALF_DONE
                again = await self._consent.of(replace(checked, digest="", least=Reach.OUTSIDE), why)
        except Ended as ended:
            self._ledger.take(of_guards(ended.guards))
            said = f"{ended.output}\n[{how}: {refused}]"
            return await self._end(checked, ToolStatus.FAILED, said, seconds)
        if again.judged.reach is Reach.OUTSIDE and self._caller.exposure().leaks:  # since it was asked about
            return await self._end(checked, ToolStatus.FAILED, f"{refused}\n[{NOT_OUTSIDE}]", seconds)
        return await self._run(again)

    def _label(self, checked: Checked) -> Label:
        kept = checked.judged.reach < Reach.OUTSIDE and self._runner.confinement.keeps(checked.offered)
        return of_result(checked.judged, apart=kept)

    async def _edited(self, checked: Checked, status: ToolStatus, output: str) -> str:
        rulings = self._runner.rulings
        return await rulings.edit(checked.use, ToolOutcome(status, output), self._emit) if rulings.after else output

    def _context(self, checked: Checked, bridge: Bridge, deadline: Deadline | None = None) -> ToolContext:
        plugin, lender, caller = checked.offered.plugin, self._runner.lender, self._caller
        self._ledger.work(self._label(checked))

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
            memory=lender.memory(caller.session, self._ledger),
            person=CallPerson(bridge, answer),
            data=lender.data(plugin, self._ledger),
            artifacts=CallArtifacts(
                lender.artifacts(caller.session, self._id), self._ledger, lambda: caller.exposure().label
            ),
            secrets=CallSecrets(lender.secrets(plugin), self._ledger),
            model=CallModel(bridge, caller.complete),
            sandbox=self._runner.confinement.at(
                self._runner.workspace.root, asked=bool(checked.digest), reach=checked.judged.reach
            ),
            approved=checked.approved,
        )

    # -- after ----------------------------------------------------------------------------------------------------

    async def _end(self, checked: Checked, status: ToolStatus, output: str, seconds: float) -> ToolFinished:
        """The end of a call that ran: plugins have their say, and a long result is cut to what matters."""
        limit = min(checked.offered.tool.max_output, self._caller.max_output)
        whole, excerpt = storable(output), None
        label = self._label(checked)
        if status in (ToolStatus.OK, ToolStatus.FAILED):
            edited = storable(await self._edited(checked, status, output))
            label |= of_hooks(self._runner.rulings.editors) if edited != whole else OWN
            whole = edited
        others, reader = (label | self._ledger.took).untrusted, self._caller.reader
        is_read = status is ToolStatus.OK or (status is ToolStatus.FAILED and len(whole) > limit)
        if is_read and others and reader is not None and reader.wants(whole, limit):
            try:
                excerpt = await reader.read(self._id, whole, self._caller.request)
            except asyncio.CancelledError:
                self._finish(status, whole, seconds, limit, Excerpt(STOPPED, len(whole)), label)
                raise
        if status is ToolStatus.OK and excerpt is None and len(whole) > limit:
            cut = self._runner.relevance.excerpt
            excerpt = await asyncio.to_thread(cut, whole, self._caller.request, limit)
        return self._finish(status, whole, seconds, limit, excerpt, label)

    def _finish(
        self,
        status: ToolStatus,
        output: str,
        seconds: float = 0.0,
        limit: int = 0,
        excerpt: Excerpt | None = None,
        label: Label = OWN,
    ) -> ToolFinished:
        """Tell it. `excerpt` is what the model sees; None: a longer output loses its middle. What was lent to the call
        adds to its label."""
        whole, changed = storable(output), ""
        if self._consent.changed is not None:
            made = cut_middle(storable(json.dumps(self._consent.changed, ensure_ascii=False)), CHANGED_CHARS)[0]
            changed = f"[The person changed the arguments of this call to {made}]\n"
        kept, artifact = excerpt or Excerpt(*cut_middle(whole, limit or self._caller.max_output)), ""
        if kept.dropped_chars:
            artifact = self._runner.lender.artifacts(self._caller.session, self._id).add(whole, self._call.tool)
        shown, label = kept.text, label | self._ledger.took
        if label.untrusted and self._caller.spotlight:
            shown = marked(shown, self._caller.session, self._id)
        finished = ToolFinished(
            call_id=self._id,
            tool=self._call.tool,
            status=status,
            output=f"{changed}{shown}\n[kept whole as result {artifact}]" if artifact else f"{changed}{shown}",
            dropped_chars=kept.dropped_chars,
            artifact=artifact,
            seconds=seconds,
            label=label,
        )
        self._emit(finished)
        self._finished = True
        return finished
