"""One tool call from the model's request to the observation it reads: validate, decide, ask, run, cut to size.

Whatever goes wrong in a tool becomes a `ToolFinished`; only cancelling the turn passes through.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rookery_core.approval.policy import Allowed, Grants, Reply, asks, scopes
from rookery_core.errors import ArgumentsInvalid, ToolFailed, ToolRetry, ToolTimeout, ToolUnknown
from rookery_core.events import (
    ApprovalRequested,
    ApprovalResolved,
    Decision,
    Event,
    ToolFinished,
    ToolProgress,
    ToolRequested,
    ToolStarted,
    ToolStatus,
)
from rookery_core.reasoning.step import ToolCall
from rookery_core.text import cut_middle, storable
from rookery_core.tools.contract import Memory, ToolContext, ToolResult
from rookery_core.tools.registry import OfferedTool, Registry
from rookery_core.workspace import Workspace

PREVIEW_SECONDS = 5.0

Emit = Callable[[Event], Any]
Ask = Callable[[ApprovalRequested], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class ToolRunner:
    """Everything a call needs that outlives it."""

    registry: Registry
    workspace: Workspace
    memory: Memory
    allowed: Allowed
    grants: Grants
    clock: Callable[[], float]
    """Seconds, monotonic."""

    async def call(self, call: ToolCall, call_id: str, *, emit: Emit, ask: Ask, max_output: int) -> ToolFinished:
        """Carry out one call. Every outcome is emitted as `ToolFinished`, and returned."""
        emit(ToolRequested(call_id=call_id, tool=call.tool, arguments=call.arguments))

        def finish(status: ToolStatus, output: str, limit: int = max_output, seconds: float = 0.0) -> ToolFinished:
            kept, dropped = cut_middle(storable(output), min(limit, max_output))
            finished = ToolFinished(
                call_id=call_id, tool=call.tool, status=status, output=kept, dropped_chars=dropped, seconds=seconds
            )
            emit(finished)
            return finished

        try:
            offered = self.registry.get(call.tool)
            values = offered.tool.validate(call.arguments, self.workspace)
            parts = scopes(offered, values)
        except ToolUnknown as exc:
            return finish(ToolStatus.UNKNOWN, str(exc))
        except ArgumentsInvalid as exc:
            return finish(ToolStatus.INVALID, f"The arguments do not fit: {exc}")
        except Exception as exc:  # the plugin's own scope function
            return finish(ToolStatus.FAILED, f"{call.tool} cannot say what it would do: {type(exc).__name__}: {exc}")

        if asks(offered, parts, self.allowed, self.grants):
            request = await self._request(offered, call_id, values, parts)
            emit(request)
            try:
                reply = await ask(request)
            except asyncio.CancelledError:
                reason = "the turn was stopped"
                emit(ApprovalResolved(call_id=call_id, decision=Decision.DENY, reason=reason, by="person"))
                finish(ToolStatus.INTERRUPTED, "Stopped by the person before it ran.")
                raise
            emit(ApprovalResolved(call_id=call_id, decision=reply.decision, reason=reply.reason, by=reply.by))
            if reply.decision is Decision.DENY:
                return finish(ToolStatus.DENIED, _denial(reply))
            if reply.decision is Decision.SESSION:
                self.grants.add(offered, parts)

        emit(ToolStarted(call_id=call_id, tool=offered.full_name, arguments=_jsonable(values)))
        context = ToolContext(
            call_id=call_id,
            workspace=self.workspace,
            cancelled=threading.Event(),
            progress=_progress(emit, call_id),
            memory=self.memory,
        )
        started = self.clock()
        try:
            output = await _invoke(offered, values, context)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or not task.cancelling():  # the tool's own, not the person's
                return finish(ToolStatus.FAILED, f"{call.tool} cancelled itself.", seconds=self.clock() - started)
            finish(ToolStatus.INTERRUPTED, "Stopped by the person; how much of it was done is not known.")
            raise
        except ToolTimeout:
            text = f"{call.tool} took longer than {offered.tool.timeout_s:g} seconds and was given up."
            return finish(ToolStatus.TIMEOUT, text, seconds=self.clock() - started)
        except (ToolRetry, ToolFailed) as exc:
            return finish(ToolStatus.FAILED, str(exc), offered.tool.max_output, self.clock() - started)
        except BaseException as exc:  # a tool may raise anything, SystemExit included; it costs one call
            text = f"{call.tool} failed: {type(exc).__name__}: {exc}"
            return finish(ToolStatus.FAILED, text, offered.tool.max_output, self.clock() - started)
        return finish(ToolStatus.OK, output, offered.tool.max_output, self.clock() - started)

    async def _request(
        self, offered: OfferedTool, call_id: str, values: dict[str, Any], parts: tuple[str, ...]
    ) -> ApprovalRequested:
        preview = ""
        show = offered.tool.preview
        if show is not None:
            try:
                async with asyncio.timeout(PREVIEW_SECONDS):
                    preview = await _in_thread(lambda: str(show(**values)), name=f"preview {offered.full_name}")
            except Exception as exc:  # a preview that fails or hangs must not hide the question
                preview = f"(no preview: {type(exc).__name__}: {exc})"
        return ApprovalRequested(
            call_id=call_id,
            tool=offered.full_name,
            plugin=offered.plugin,
            distribution=offered.distribution,
            risk=offered.tool.risk,
            arguments=_jsonable(values),
            workspace=str(self.workspace.root),
            preview=storable(preview),
            remembers=tuple(storable(part) for part in parts),
        )


def _denial(reply: Reply) -> str:
    if reply.by == "nobody":
        return f"This call was not allowed: {reply.reason}. Do without it, or answer with what you have."
    said = f" They said: {reply.reason}" if reply.reason else ""
    return f"The person did not allow this call.{said} Do not try the same again; find another way, or answer."


def _progress(emit: Emit, call_id: str) -> Callable[[str], None]:
    loop = asyncio.get_running_loop()

    def show(text: str) -> None:
        event = ToolProgress(call_id=call_id, text=storable(text))
        if not loop.is_closed():
            loop.call_soon_threadsafe(emit, event)

    return show


async def _invoke(offered: OfferedTool, values: dict[str, Any], context: ToolContext) -> str:
    tool = offered.tool
    if tool.context_parameter is not None:
        values = {**values, tool.context_parameter: context}
    try:
        async with asyncio.timeout(tool.timeout_s) as limit:
            if inspect.iscoroutinefunction(tool.run):
                return _text(await tool.run(**values))
            return await _in_thread(lambda: _text(tool.run(**values)), name=f"tool {offered.full_name}")
    except TimeoutError:
        if limit.expired():
            raise ToolTimeout(offered.full_name) from None
        raise  # the tool's own, such as a connection's
    finally:
        context.cancelled.set()


async def _in_thread(function: Callable[[], str], name: str) -> str:
    """Run a function in a daemon thread of its own: one that hangs is left behind and cannot keep the program alive."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[str] = loop.create_future()

    def settle(result: str | None, error: BaseException | None) -> None:
        if not done.done():
            if error is not None:
                done.set_exception(error)
            else:
                done.set_result(result or "")

    def work() -> None:
        result: str | None = None
        error: BaseException | None = None
        try:
            result = function()
        except (SystemExit, KeyboardInterrupt, StopIteration) as exc:  # not to be set on a future as they are
            error = ToolFailed(f"the tool raised {type(exc).__name__}: {exc}")
        except BaseException as exc:
            error = exc
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=work, name=name, daemon=True).start()
    return await done


def _text(result: object) -> str:
    match result:
        case ToolResult(text=text):
            return str(text)
        case str():
            return result
        case None:
            return "done"
        case _:
            return json.dumps(result, ensure_ascii=False, default=str)


def _jsonable(values: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(values, default=lambda v: str(v) if isinstance(v, Path) else repr(v)))
    return made
