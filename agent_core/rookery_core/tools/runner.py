"""One tool call from the model's request to the observation it reads: validate, decide, ask, run, cut to size.

Whatever goes wrong in a tool becomes a `ToolFinished`; only cancelling the turn passes through.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import inspect
import json
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

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
from rookery_core.tools.contract import Memory, Tool, ToolContext, ToolResult
from rookery_core.tools.registry import OfferedTool, Registry
from rookery_core.workspace import Workspace

PREVIEW_SECONDS = 5.0
STOP_SECONDS = 1.0
"""What a tool that is told to stop gets for putting things in order; then it is left behind."""
PROGRESS_SECONDS = 0.1
PROGRESS_CHARS = 500

T = TypeVar("T")

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
        except BaseException as exc:  # the plugin's own validators and scope function; they may raise anything
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

        emit(ToolStarted(call_id=call_id, tool=offered.full_name, risk=offered.tool.risk, arguments=_jsonable(values)))
        over = threading.Event()
        context = ToolContext(
            call_id=call_id,
            workspace=self.workspace,
            cancelled=over,
            progress=_progress(emit, call_id, over),
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
            except (Exception, SystemExit, KeyboardInterrupt) as exc:  # it must not hide the question
                preview = f"(no preview: {type(exc).__name__}: {exc})"
        return ApprovalRequested(
            call_id=call_id,
            tool=offered.full_name,
            plugin=offered.plugin,
            distribution=offered.distribution,
            risk=offered.tool.risk,
            arguments=_jsonable(values),
            workspace=str(self.workspace.root),
            preview=preview,
            remembers=parts,
        )


def _denial(reply: Reply) -> str:
    if reply.by == "nobody":
        return f"This call was not allowed: {reply.reason}. Do without it, or answer with what you have."
    said = f" They said: {reply.reason}" if reply.reason else ""
    return f"The person did not allow this call.{said} Do not try the same again; find another way, or answer."


def _progress(emit: Emit, call_id: str, over: threading.Event) -> Callable[[str], None]:
    """Shows the newest of what the tool says, at most every `PROGRESS_SECONDS` and nothing once the call is over."""
    loop = asyncio.get_running_loop()
    lock = threading.Lock()
    newest: str | None = None
    shown_at = -PROGRESS_SECONDS

    def flush() -> None:
        nonlocal newest, shown_at
        with lock:
            text, newest = newest, None
            shown_at = loop.time()
        if text is not None and not over.is_set():
            emit(ToolProgress(call_id=call_id, text=cut_middle(text, PROGRESS_CHARS)[0]))

    def show(text: str) -> None:
        nonlocal newest
        with lock:
            waiting, newest = newest is not None, str(text)
        if not waiting and not loop.is_closed():
            loop.call_soon_threadsafe(lambda: loop.call_at(shown_at + PROGRESS_SECONDS, flush))

    return show


async def _invoke(offered: OfferedTool, values: dict[str, Any], context: ToolContext) -> str:
    """Run the tool in a task of its own, so that one that will not be stopped is left behind and holds nobody up."""
    tool = offered.tool
    if tool.context_parameter is not None:
        values = {**values, tool.context_parameter: context}
    work = asyncio.create_task(_result(tool, values), name=f"tool {offered.full_name}")
    try:
        await asyncio.wait([work], timeout=tool.timeout_s)
        if work.done():
            return work.result()
        raise ToolTimeout(offered.full_name)
    finally:
        context.cancelled.set()
        if not work.done():
            work.add_done_callback(lambda left: left.cancelled() or left.exception())  # nobody is there to be told
            work.cancel()
            await asyncio.wait([work], timeout=STOP_SECONDS)


async def _result(tool: Tool, values: dict[str, Any]) -> str:
    try:
        if inspect.iscoroutinefunction(tool.run):
            made = await tool.run(**values)
        else:
            made = await _in_thread(lambda: _unless_awaitable(tool.run(**values)), name=f"tool {tool.name}")
            if inspect.isawaitable(made):
                made = await made
    except (SystemExit, KeyboardInterrupt) as exc:  # a task would let them out into the event loop
        raise ToolFailed(f"{tool.name} failed: {type(exc).__name__}: {exc}") from exc
    return _text(made)


def _unless_awaitable(made: object) -> object:
    """The text of a result, made in the tool's own thread; what is yet to be awaited stays as it is."""
    return made if inspect.isawaitable(made) else _text(made)


async def _in_thread(function: Callable[[], T], name: str) -> T:
    """Run a function in a daemon thread of its own: one that hangs is left behind and cannot keep the program alive."""
    done: concurrent.futures.Future[T] = concurrent.futures.Future()

    def work() -> None:
        done.set_running_or_notify_cancel()  # from here on it cannot be cancelled, and its end is only overheard
        try:
            done.set_result(function())
        except StopIteration as exc:  # not to be set on a future as it is
            done.set_exception(ToolFailed(f"{name} failed: StopIteration: {exc}"))
        except BaseException as exc:
            done.set_exception(exc)

    threading.Thread(target=work, name=name, daemon=True).start()
    return await asyncio.wrap_future(done)


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
