"""What becomes of a call before anybody is asked: its arguments are checked, plugins have their say, rules judge it.

A call is kept as the text of its arguments, and checked anew from that text whenever it matters: so what a tool gets is
nothing that anybody else could have changed meanwhile.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rookery_core.approval.binding import Bound, bind
from rookery_core.approval.exposure import Exposure
from rookery_core.approval.judging import Judged
from rookery_core.approval.rules import Do
from rookery_core.approval.scene import Scene, look
from rookery_core.errors import ArgumentsInvalid, ToolFailed, ToolRetry, ToolUnknown
from rookery_core.events import Event, ToolStatus
from rookery_core.sandbox.level import UNCONFINED, Reach
from rookery_core.tools.extending import ToolUse
from rookery_core.tools.registry import OfferedTool
from rookery_core.tools.running import Fitted
from rookery_core.tools.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable

    from rookery_core.tools.runner import ToolRunner

ELSE = "Do not try the same again; find another way, or answer."
TRIES = 3
"""Times a call may turn out to be another than it was a moment before."""
LOOK_SECONDS = 10.0
"""What looking at its files may take; a disk in a network may never answer."""


class Ended(Exception):
    """The call is not made; the model reads why."""

    def __init__(self, status: ToolStatus, output: str, *, guards: tuple[str, ...] = ()) -> None:
        """`guards` are the plugins one of which says why."""
        super().__init__(output)
        self.status = status
        self.output = output
        self.guards = guards


@dataclass(frozen=True, slots=True)
class Checked:
    """A call that fits its tool's schema."""

    given: str
    """The arguments as JSON, before they were checked."""
    offered: OfferedTool
    fitted: Fitted
    use: ToolUse
    judged: Judged
    allowed: bool = False
    """Whether a plugin allows it, too."""
    digest: str = ""
    """Of the call as the person allowed it; "" where they were not asked."""
    approved: bool = False
    """Whether the tool itself had them asked."""
    least: Reach = Reach.READS
    """How far its programs are to get at least: they failed with less."""


@dataclass(frozen=True, slots=True)
class Checks:
    """Checks calls of one id."""

    runner: ToolRunner
    call_id: str
    session: str
    emit: Callable[[Event], Any]
    exposure: Callable[[], Exposure]
    """What has been before whoever calls, at any moment."""

    async def check(self, tool: str, given: str) -> Checked:
        """The call as it would be made, once the plugins had their say. Raises Ended."""
        try:
            offered = self.runner.registry.get(tool)
        except ToolUnknown as exc:
            raise Ended(ToolStatus.UNKNOWN, str(exc)) from exc
        checked = await self._fit(offered, given, "The arguments do not fit")
        if self.runner.rulings.before:
            checked = await self.anew(await self._rule(checked))
        return _unless_denied(checked)

    async def anew(self, checked: Checked) -> Checked:
        """The same call as it is now, judged by the rules that hold now. Raises Ended.

        Where its arguments have come to mean something else, as a path does by a link, plugins have their say again.
        """
        for _ in range(TRIES):
            now = await self._fit(checked.offered, checked.given, "The arguments do not fit any more")
            now = self._judged(replace(now, allowed=checked.allowed, approved=checked.approved, least=checked.least))
            if now.use.arguments == checked.use.arguments or not self.runner.rulings.before:
                return _unless_denied(now)
            if denied := await self.runner.rulings.deny(now.use, self.emit):
                raise self._denied(denied)
            checked = replace(now, allowed=False)
        raise Ended(ToolStatus.FAILED, f"{checked.offered.name}: its arguments mean something else at each look.")

    async def bound(self, checked: Checked) -> tuple[Checked, Bound, Scene]:
        """The call written down as it is now; its judgement is of the very end, when all was looked at. Raises Ended.

        Nothing is awaited after that.
        """
        runner, seen = self.runner, checked.judged
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                scene = await in_thread(
                    lambda: look(seen.subject, seen.assessed, runner.environ, runner.places), name="look"
                )
        except TimeoutError:
            text = f"What {checked.offered.name} would touch cannot be looked at within {LOOK_SECONDS:g} seconds."
            raise Ended(ToolStatus.FAILED, text) from None
        now = _unless_denied(self._judged(checked))
        made = bind(now.judged, scene, rules=runner.rulebook.fingerprint, confined=self.confined(now))
        return now, made, scene

    def confined(self, checked: Checked) -> str:
        """How the programs that it starts are set apart, in words; "" where they are not at all."""
        reach = checked.judged.reach
        return UNCONFINED if reach is Reach.OUTSIDE else self.runner.confined(checked.offered, reach)

    def _judged(self, checked: Checked) -> Checked:
        """The same, judged by what holds now."""
        judge, now = self.runner.judge, self.exposure()
        judged = judge(checked.offered, checked.fitted, now, least=checked.least, also=checked.allowed)
        return replace(checked, judged=judged)

    async def _rule(self, checked: Checked) -> Checked:
        rulings = self.runner.rulings
        ruled = await rulings.rule(checked.use, self.emit)
        if ruled.rewritten is not None and not ruled.denied:
            otherwise = "A plugin changed the call, and its arguments do not fit"
            checked = await self._fit(checked.offered, json.dumps(dict(ruled.rewritten)), otherwise)
            ruled = replace(ruled, denied=await rulings.deny(checked.use, self.emit))
        if ruled.denied:
            raise self._denied(ruled.denied)
        return replace(checked, allowed=ruled.allowed)

    def _denied(self, why: str) -> Ended:
        """Of a call that a plugin denies."""
        text = f"This call is not allowed: {why}. {ELSE}"
        return Ended(ToolStatus.DENIED, text, guards=self.runner.rulings.guards)

    async def _fit(self, offered: OfferedTool, given: str, otherwise: str) -> Checked:
        runner = self.runner
        try:
            fitted = await offered.place.fit(offered.tool, json.loads(given), runner.workspace)
        except ArgumentsInvalid as exc:
            raise Ended(ToolStatus.INVALID, f"{otherwise}: {exc}") from exc
        except asyncio.CancelledError:
            raise
        except (ToolRetry, ToolFailed) as exc:
            raise Ended(ToolStatus.FAILED, str(exc)) from exc
        except BaseException as exc:  # the plugin's own validators and scope function; they may raise anything
            text = f"{offered.name} cannot say what it would do: {type(exc).__name__}: {exc}"
            raise Ended(ToolStatus.FAILED, text) from exc
        judged = runner.judge(offered, fitted, self.exposure())
        use = ToolUse(
            self.call_id,
            offered.full_name,
            judged.assessed.risk,
            offered.tool.risk,
            fitted.shown,
            runner.workspace.root,
            self.session,
        )
        return Checked(given, offered, fitted, use, judged)


def _unless_denied(checked: Checked) -> Checked:
    if checked.judged.verdict.do is Do.DENY:
        raise Ended(ToolStatus.DENIED, f"{checked.judged.refusal}. {ELSE}")
    return checked
