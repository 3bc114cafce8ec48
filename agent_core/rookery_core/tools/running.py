"""Where a tool runs, and how it does in the program itself: in a thread or a task of its own, its result as text.

Knows neither approval nor events.
"""

from __future__ import annotations

import asyncio
import copy
import inspect
import json
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, TypeVar

from rookery_core.errors import ToolFailed, ToolTimeout
from rookery_core.tools.context import ToolContext
from rookery_core.tools.contract import Tool, ToolResult
from rookery_core.tools.threads import in_thread
from rookery_core.workspace import Workspace

T = TypeVar("T")

STOP_SECONDS = 1.0
"""What a tool that is told to stop gets for putting things in order; then it is left behind."""
PAUSE_SECONDS = 0.1
"""How often a run whose clock stands still is looked at."""


class Deadline:
    """The seconds a run has left; they do not pass while the person is asked."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._left = seconds
        self._clock = clock
        self._since = clock()
        self._pauses = 0

    @property
    def left(self) -> float:
        """Seconds, negative once it is over."""
        return self._left if self._pauses else self._left - (self._clock() - self._since)

    @property
    def paused(self) -> bool:
        """Whether the clock stands still."""
        return self._pauses > 0

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Let the clock stand still meanwhile."""
        self._left = self.left
        self._pauses += 1
        try:
            yield
        finally:
            self._pauses -= 1
            self._since = self._clock()


@dataclass(frozen=True, slots=True)
class Fitted:
    """Arguments that fit a tool's schema."""

    values: Mapping[str, Any]
    """As the place takes them."""
    shown: dict[str, Any]
    """As JSON, for people, rules and hooks."""
    scopes: tuple[str, ...]
    """What an answer "for this session" would remember, one entry per thing allowed."""


End = Callable[[], Awaitable[None]]


class Place(Protocol):
    """Where the tools of a plugin run."""

    whose: ClassVar[Literal["plugin", "server"]]
    """Whose word the results are, where they are not Rookery's own."""

    async def fit(self, tool: Tool, arguments: Mapping[str, Any], workspace: Workspace) -> Fitted:
        """Check the arguments. Raises ArgumentsInvalid, and whatever the plugin's own functions raise."""

    async def preview(self, tool: Tool, fitted: Fitted, context: ToolContext) -> str:
        """What the tool says it would do; "" where it says nothing. Raises what it raises."""

    async def run(self, tool: Tool, fitted: Fitted, context: ToolContext, deadline: Deadline, end: End) -> str:
        """The text of what the tool returns. Raises ToolTimeout, and what the tool raises. `end` is awaited once it is
        over, before a tool that goes on is left behind."""


class Here:
    """The program's own process."""

    whose: ClassVar[Literal["plugin", "server"]] = "plugin"

    async def fit(self, tool: Tool, arguments: Mapping[str, Any], workspace: Workspace) -> Fitted:
        values = tool.validate(arguments, workspace)
        if tool.scope is None:
            return Fitted(values, jsonable(values), scopes(tool, values))
        of_its_own = tool.validate(copy.deepcopy(dict(arguments)), workspace)  # it may do to them what it likes
        return Fitted(values, jsonable(values), scopes(tool, of_its_own))

    async def preview(self, tool: Tool, fitted: Fitted, context: ToolContext) -> str:
        show, values = tool.preview, dict(fitted.values)
        if show is None:
            return ""
        if tool.context_parameter in inspect.signature(show).parameters:
            values[str(tool.context_parameter)] = context
        return await in_thread(lambda: str(show(**values)), name=f"preview {tool.name}")

    async def run(self, tool: Tool, fitted: Fitted, context: ToolContext, deadline: Deadline, end: End) -> str:
        values = dict(fitted.values)
        if tool.context_parameter is not None:
            values[tool.context_parameter] = context
        return await within(_result(tool, values), tool.name, context, deadline, end)


HERE = Here()


async def within(doing: Coroutine[Any, Any, T], name: str, context: ToolContext, deadline: Deadline, end: End) -> T:
    """What it returns, before the deadline; in a task of its own, so that what will not be stopped is left behind."""
    work = asyncio.create_task(doing, name=f"tool {name}")
    try:
        while not work.done():
            left = deadline.left
            if left <= 0:
                raise ToolTimeout(name)
            await asyncio.wait([work], timeout=PAUSE_SECONDS if deadline.paused else left)
        return work.result()
    finally:
        context.cancelled.set()
        await end()
        if not work.done():
            work.add_done_callback(lambda left: left.cancelled() or left.exception())  # nobody is there to be told
            work.cancel()
            await asyncio.wait([work], timeout=STOP_SECONDS)


def scopes(tool: Tool, arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """What an answer "for this session" would remember: the tool's own scopes, or else exactly these arguments."""
    if tool.scope is None:
        return (json.dumps(arguments, sort_keys=True, default=str, ensure_ascii=False),)
    parts = tool.scope(dict(arguments))
    if isinstance(parts, str) or not all(isinstance(part, str) for part in parts):
        raise TypeError(f"the scope of {tool.name} must be a list of strings, not {parts!r}")
    return tuple(parts)


def jsonable(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as JSON has them: a path as text, what JSON cannot say as Python shows it."""
    made: dict[str, Any] = json.loads(
        json.dumps(dict(values), default=lambda v: str(v) if isinstance(v, Path) else repr(v))
    )
    return made


async def _result(tool: Tool, values: dict[str, Any]) -> str:
    try:
        if inspect.iscoroutinefunction(tool.run):
            made = await tool.run(**values)
        else:
            made = await in_thread(lambda: _unless_awaitable(tool.run(**values)), name=f"tool {tool.name}")
            if inspect.isawaitable(made):
                made = await _awaited(made)
    except (SystemExit, KeyboardInterrupt) as exc:  # a task would let them out into the event loop
        raise ToolFailed(f"{tool.name} failed: {type(exc).__name__}: {exc}") from exc
    return _text(made)


async def _awaited(made: Awaitable[Any]) -> Any:
    return await made


def _unless_awaitable(made: object) -> object:
    """The text of a result, made in the tool's own thread; what is yet to be awaited stays as it is."""
    return made if inspect.isawaitable(made) else _text(made)


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
