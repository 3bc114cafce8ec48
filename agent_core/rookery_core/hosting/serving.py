"""The plugin's side of the line: carries out calls as the program would, and passes on what is asked of it."""

from __future__ import annotations

import asyncio
import concurrent.futures
import inspect
import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial, wraps
from pathlib import Path
from typing import Any

from rookery_core.errors import ArgumentsInvalid, NeedsApproval, ToolFailed, ToolRetry, TurnPaused
from rookery_core.text import cut_middle
from rookery_core.tools.context import ToolContext
from rookery_core.tools.contract import Tool
from rookery_core.tools.lending import in_a_thread
from rookery_core.tools.loader import LoadedPlugin
from rookery_core.tools.running import HERE, Deadline
from rookery_core.workspace import Workspace

RESULT_CHARS = 2_000_000
"""The most of a result that goes over the line."""
LENT = ("memory", "person", "data", "artifacts", "secrets", "model")
"""Parts of a context whose methods are the program's."""
SLOW = ("person", "model")
"""Those that may take long."""

Send = Callable[[dict[str, Any]], None]
_NO_DEADLINE = Deadline(float("inf"), lambda: 0.0)
"""The program has an eye on the time."""
TOLD = {kind.__name__: kind for kind in (ArgumentsInvalid, NeedsApproval, ToolFailed, ToolRetry, TurnPaused)}
"""Errors that mean something to the program."""


class Server:
    """Carries out requests, each in a task of its own."""

    def __init__(self, send: Send, loaded: Sequence[tuple[LoadedPlugin | None, str, tuple[str, ...]]]) -> None:
        self._send = send
        self._tools: dict[str, Tool] = {}
        for plugin, _, _ in loaded:
            if plugin is not None:
                self._tools |= {f"{plugin.name}.{tool.name}": tool for tool in plugin.tools}
        self._calls: dict[int, _Call] = {}
        problems = [problem for plugin, problem, _ in loaded if plugin is None]
        send({"ready": {name: tool.fingerprint for name, tool in self._tools.items()}, "problems": problems})

    def serve(self, requests: Iterable[dict[str, Any]]) -> None:
        """Until the requests end. They are read in a thread, so that a blocked loop is seen by nobody but itself."""
        asyncio.run(self._serve(iter(requests)))

    async def _serve(self, requests: Iterator[dict[str, Any]]) -> None:
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        going_on: set[asyncio.Task[None]] = set()

        def begin(request: dict[str, Any]) -> None:
            task = asyncio.create_task(self._carry_out(request))
            self._calls[request["id"]].task = task
            going_on.add(task)
            task.add_done_callback(going_on.discard)

        def read() -> None:
            try:
                for request in requests:
                    match request["op"]:
                        case "cancel":
                            if (call := self._calls.get(request["id"])) is not None:
                                call.over.set()
                                loop.call_soon_threadsafe(call.cancel)
                        case "lent":
                            if (call := self._calls.get(request["id"])) is not None:
                                call.take(request)
                        case _:
                            self._calls[request["id"]] = _Call(request["id"], self._send)
                            loop.call_soon_threadsafe(begin, request)
            finally:
                loop.call_soon_threadsafe(ended.set)

        threading.Thread(target=read, daemon=True).start()
        await ended.wait()

    async def _carry_out(self, request: dict[str, Any]) -> None:
        number = request["id"]
        answer: dict[str, Any]
        try:
            answer = await self._answer(request)
        except asyncio.CancelledError:
            await self._calls[number].stopped()
            answer = {"failed": "cancelled", "message": ""}
        except tuple(TOLD.values()) as exc:
            answer = {"failed": type(exc).__name__, "message": str(exc)}
        except BaseException as exc:
            answer = {"failed": "", "message": f"{type(exc).__name__}: {exc}"}
        self._calls.pop(number, None)
        self._send({"id": number, "end": True, **answer})

    async def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        tool = self._tools.get(request["tool"])
        if tool is None:
            raise ToolFailed(f"{request['tool']} is not there any more")
        workspace = Workspace(Path(request["workspace"]))
        fitted = await HERE.fit(tool, request["arguments"], workspace)
        if request["op"] == "fit":
            return {"scopes": fitted.scopes}
        call = self._calls[request["id"]]
        context = call.context(request, workspace)
        if request["op"] == "preview":
            tool = replace(tool, preview=tool.preview and call.watched(tool.preview))
            return {"text": _cut(await HERE.preview(tool, fitted, context))}
        tool = replace(tool, run=call.watched(tool.run))
        return {"text": _cut(await HERE.run(tool, fitted, context, _NO_DEADLINE, call.give_up))}


@dataclass(slots=True)
class _Call:
    """One request in progress."""

    number: int
    send: Send
    over: threading.Event = field(default_factory=threading.Event)
    task: asyncio.Task[None] | None = None
    _work: concurrent.futures.Future[None] | None = None
    """Done when the plugin's function has ended, wherever it runs."""
    _asked: dict[int, concurrent.futures.Future[Any]] = field(default_factory=dict)
    _refs: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def cancel(self) -> None:
        if self.task is not None:
            self.task.cancel()

    def watched(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The plugin's function, which is taken for being at work from now until it ends."""
        self._work = work = concurrent.futures.Future[None]()
        work.set_running_or_notify_cancel()

        @wraps(function)
        def in_a_thread_of_its_own(*given: Any, **named: Any) -> Any:
            try:
                return function(*given, **named)
            finally:
                work.set_result(None)

        @wraps(function)
        async def in_the_loop(*given: Any, **named: Any) -> Any:
            try:
                return await function(*given, **named)
            finally:
                work.set_result(None)

        return in_the_loop if inspect.iscoroutinefunction(function) else in_a_thread_of_its_own

    async def stopped(self) -> None:
        """Wait until the plugin's function has ended. While it goes on the call is not over, so that the program ends
        this process."""
        if self._work is not None:
            await asyncio.wrap_future(self._work)

    async def give_up(self) -> None:
        """The call is over, and nobody answers what it asked for any more."""
        while self._asked:
            _, future = self._asked.popitem()
            future.set_exception(ToolFailed("the call is over"))

    def take(self, reply: dict[str, Any]) -> None:
        """What the program says to something that the context was asked for."""
        future = self._asked.pop(reply["ref"], None)
        if future is None:
            return
        if "failed" in reply:
            future.set_exception(TOLD.get(reply["failed"], ToolFailed)(reply["message"]))
        else:
            future.set_result(reply["value"])

    def lend(self, what: str, *arguments: Any, **named: Any) -> Any:
        """Ask the program for something, and wait for it."""
        ref = next(self._refs)
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        self._asked[ref] = future
        self.send({"id": self.number, "lend": what, "ref": ref, "arguments": arguments, "named": named})
        return future.result()

    def context(self, request: dict[str, Any], workspace: Workspace) -> ToolContext:
        return ToolContext(
            call_id=request["call_id"],
            workspace=workspace,
            cancelled=self.over,
            progress=lambda text: self.send({"id": self.number, "progress": str(text)[:2_000]}),
            approved=request["approved"],
            **{name: _Lent(self, name) for name in LENT},
        )


class _Lent:
    """A part of the context: each method is asked of the program."""

    def __init__(self, call: _Call, name: str) -> None:
        self._call = call
        self._name = name

    def __getattr__(self, method: str) -> Callable[..., Any]:
        if method.startswith("_"):
            raise AttributeError(method)
        return partial(self._lend, method)

    def _lend(self, method: str, *arguments: Any, **named: Any) -> Any:
        if self._name in SLOW:
            in_a_thread()
        value = self._call.lend(f"{self._name}.{method}", *arguments, **named)
        return [tuple(found) for found in value] if (self._name, method) == ("memory", "search") else value


def _cut(text: str) -> str:
    return cut_middle(text, RESULT_CHARS)[0]
