"""One life of a connection to an MCP server, by the protocol's own library.

The library's scopes belong to the task that opened them, so each connection has a task of its own, from its start to
its end; calls are made from anywhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from typing import Any, Literal, TextIO

import anyio
import httpx2
from mcp.client import Client, ClientRequestContext, IncomingMessage
from mcp.client.streamable_http import streamable_http_client
from mcp.client.subscriptions import ListenNotSupportedError, SubscriptionLost
from mcp.shared.exceptions import MCPError
from mcp_types import (
    CONNECTION_CLOSED,
    CallToolResult,
    ElicitRequestParams,
    ElicitResult,
    Implementation,
    LoggingMessageNotification,
    Tool,
    ToolListChangedNotification,
)
from pydantic import ValidationError

from rookery_core.errors import PluginError, ToolFailed
from rookery_core.logs import last_line, piped
from rookery_core.mcp import questions
from rookery_core.mcp.bounded import bound
from rookery_core.mcp.definitions import Definition
from rookery_core.mcp.endpoint import Endpoint
from rookery_core.mcp.program import program
from rookery_core.mcp.results import MOST, result_text
from rookery_core.process import NOWHERE
from rookery_core.sandbox.guests import held
from rookery_core.text import cut_middle, one_line
from rookery_core.tools.context import ToolContext
from rookery_core.tools.threads import in_thread

Mode = Literal["auto", "legacy"]

EVENT_BYTES = 32 << 20
"""The most of a message over HTTP."""
CONNECT_SECONDS = 10.0
MOST_PAGES = 100
"""Pages of a list of tools that are read."""
LISTEN_AGAIN_SECONDS = 5.0
LOG_SECONDS = 0.5
"""How long a server's last words may take to be in its log."""
GOODBYE_SECONDS, END_SECONDS = 2.0, 8.0
"""What a connection gets to end as it should, and then to be ended: the library ends a program within six seconds."""
READ_SECONDS = 600.0
"""How long a server may be silent over HTTP before its stream is opened anew."""


class Connection:
    """A server that answers, until it is `over`."""

    def __init__(self, endpoint: Endpoint, changed: Callable[[], None]) -> None:
        """Made by `connect`. `changed` is called when the server says that it offers something else."""
        self.definitions: tuple[Definition, ...] = ()
        self.about = ""
        """What the server calls itself, and the version of the protocol."""
        self.how = ""
        """How it ended, where there is more to say of it."""
        self.doubtful = False
        """Whether a call was given up, so that nobody knows whether it still answers."""
        self._endpoint = endpoint
        self._changed = changed
        self._calls: list[ToolContext] = []
        self._gone = asyncio.Event()
        self._scope = anyio.CancelScope()
        self._task: asyncio.Task[None] | None = None
        self._client: Client | None = None
        self._log: TextIO | None = None
        self._hung_up = False
        """Whether it was the other side that ended it."""
        self._refused = ""
        """What the last answer over HTTP was, where it was an error."""

    @property
    def over(self) -> bool:
        return self._task is None or self._task.done() or self._gone.is_set()

    async def begin(self, mode: Mode) -> None:
        """Start the server, or go to it, and ask what it offers. Raises PluginError."""
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        timer = asyncio.get_running_loop().call_later(self._endpoint.start_s, self._too_slow)
        self._task = asyncio.create_task(self._live(mode, ready), name=f"MCP {self._endpoint.log.stem}")
        try:
            await ready
        except asyncio.CancelledError:
            await self.close()
            raise
        finally:
            timer.cancel()

    @property
    def hung_up(self) -> bool:
        """Whether the server ended by itself while it was started."""
        return self._hung_up and self._client is None

    async def listed(self) -> tuple[Definition, ...]:
        """What the server offers now. Raises ToolFailed where it does not say."""
        assert self._client is not None
        try:
            return await _listed(self._client)
        except (MCPError, ValidationError, RuntimeError) as exc:  # the last: it ended before it was asked
            raise ToolFailed(f"it does not say what it offers: {one_line(str(exc), 200)}") from exc

    async def call(self, name: str, arguments: Mapping[str, Any], context: ToolContext) -> str:
        """The text of what a tool returns. Raises ToolFailed."""
        assert self._client is not None

        async def show(progress: float, total: float | None, message: str | None) -> None:
            context.progress(message or (f"{progress:g} of {total:g}" if total else f"{progress:g}"))

        self._calls.append(context)
        try:
            result = await self._client.call_tool(name, dict(arguments), progress_callback=show)
        except asyncio.CancelledError:
            self.doubtful = True
            raise
        except MCPError as exc:
            if exc.code == CONNECTION_CLOSED or self._gone.is_set():
                raise await self._ended_meanwhile() from exc
            if exc.message == "Session terminated":  # a server that was started again knows nothing of us
                self._gone.set()
            raise ToolFailed(f"{one_line(exc.message, 2_000) or 'the MCP server failed'}{self._refused}") from exc
        except (ValidationError, RuntimeError) as exc:  # its answer is none, or not as it says that it would be
            if self._gone.is_set():
                raise await self._ended_meanwhile() from exc
            raise ToolFailed(f"the MCP server's answer cannot be used: {one_line(str(exc), 500)}") from exc
        finally:
            self._calls.remove(context)
        text = cut_middle(result_text(result.model_dump(mode="json", by_alias=True, exclude_none=True)), MOST)[0]
        if result.is_error:
            raise ToolFailed(text)
        return text

    async def close(self) -> None:
        """End the connection, and a server that was started for it; what does not end is left behind."""
        if self._task is None:
            return
        self._gone.set()
        if self._client is None:
            self._scope.cancel()
        await asyncio.wait([self._task], timeout=GOODBYE_SECONDS)
        self._scope.cancel()
        await asyncio.wait([self._task], timeout=END_SECONDS)

    async def _ended_meanwhile(self) -> ToolFailed:
        await self.close()
        return ToolFailed(f"its MCP server ended during the call{self.how and f': {self.how}'}")

    # -- its task -------------------------------------------------------------------------------------------------

    async def _live(self, mode: Mode, ready: asyncio.Future[None]) -> None:
        began = 0
        try:
            with self._scope, self._piped() as self._log:
                began = self._endpoint.log.stat().st_size
                async with Client(
                    self._transport(self._log),
                    mode=mode,
                    client_info=Implementation(name="rookery", version=version("rookery")),
                    elicitation_callback=self._ask,
                    log_level="warning",
                    message_handler=self._hear,
                    cache=None,
                ) as client:
                    # the schema of a result is the server's own too, and checking it may take for ever
                    client.session.validate_tool_result = _as_it_is  # type: ignore[method-assign]
                    self.definitions = await _listed(client)
                    self.about = _about(client)
                    self._client = client
                    if not ready.done():
                        ready.set_result(None)
                    async with anyio.create_task_group() as group:
                        group.start_soon(_listen, client, self._changed)
                        await self._gone.wait()
                        group.cancel_scope.cancel()
        except (Exception, BaseExceptionGroup) as exc:
            self.how = self.how or _reason(exc, self._endpoint) + self._refused
        finally:
            if self._hung_up and not self.how and (last := last_line(self._endpoint.log, began)):
                self.how = f"its last words were: {last}"
            self._gone.set()
            if not ready.done():
                ready.set_exception(PluginError(f"it could not be started: {self.how or 'it ended'}"))

    def _piped(self) -> AbstractContextManager[TextIO]:
        return piped(self._endpoint.log, self._endpoint.redactor, wait_s=LOG_SECONDS)

    @asynccontextmanager
    async def _transport(self, log: TextIO) -> AsyncIterator[Any]:
        at = self._endpoint
        async with AsyncExitStack() as stack:
            if at.url:
                timeout = httpx2.Timeout(CONNECT_SECONDS, read=READ_SECONDS)
                headers = {"Accept-Encoding": "identity", **at.headers}
                hooks = {"response": [self._remember]}
                http = await stack.enter_async_context(
                    httpx2.AsyncClient(headers=headers, timeout=timeout, event_hooks=hooks)
                )
                read, write = await stack.enter_async_context(
                    streamable_http_client(at.url, http_client=http, max_sse_event_size=EVENT_BYTES)
                )
            else:
                assert at.start is not None
                started = await stack.enter_async_context(held(at.start((at.command, *at.args), at.env)))
                cwd = NOWHERE if started.confined else at.cwd
                running = program(started, cwd, log, self._wrong)
                read, write = await stack.enter_async_context(running)
            yield _Read(read, self._ended), write

    async def _remember(self, response: httpx2.Response) -> None:
        self._refused = f" (HTTP {response.status_code} {response.reason_phrase})" if response.is_error else ""
        bound(response, EVENT_BYTES)

    def _ended(self) -> None:
        self._hung_up = not self._gone.is_set() and not self._scope.cancel_called
        self._gone.set()

    def _wrong(self, what: str) -> None:
        self.how = what

    def _too_slow(self) -> None:
        self.how = f"no answer in {self._endpoint.start_s:g} s; its log is {self._endpoint.log}"
        self._scope.cancel()

    # -- what the server asks and tells ---------------------------------------------------------------------------

    async def _ask(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        """Put a question to the person on behalf of the one call that is made; of several, it may be anyone's."""
        if len(self._calls) != 1:
            return ElicitResult(action="decline")
        person, asked = self._calls[0].person, params.model_dump(mode="json", by_alias=True, exclude_none=True)
        try:
            action, content = await in_thread(lambda: questions.asked(person, asked), name="MCP question")
        except (ToolFailed, LookupError, TypeError, AttributeError):  # the call is over, or the form is none
            return ElicitResult(action="cancel")
        return ElicitResult(action=action, content=content)

    async def _hear(self, message: IncomingMessage) -> None:
        match message:
            case ToolListChangedNotification():
                self._changed()
            case LoggingMessageNotification(params=told):
                self._note(f"{told.level}: {told.data}")
            case Exception():
                self._note(f"no message of the protocol: {message}")

    def _note(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            if self._log is not None:
                print(text, file=self._log, flush=True)


async def connect(endpoint: Endpoint, changed: Callable[[], None]) -> Connection:
    """A connection that is ready. Raises PluginError."""
    for name in ("mcp", "client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters is in the server's log, and not on the screen
    made = Connection(endpoint, changed)
    try:
        await made.begin("auto")
    except PluginError:
        if not endpoint.command or not made.hung_up:
            raise
        made = Connection(endpoint, changed)  # some older servers end at the first word of the newer protocol
        await made.begin("legacy")
    return made


class _Read:
    """A stream of what the server says, that tells of its end."""

    def __init__(self, stream: Any, ended: Callable[[], None]) -> None:
        self._stream = stream
        self._ended = ended

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    async def __aenter__(self) -> _Read:
        await self._stream.__aenter__()
        return self

    async def __aexit__(self, *raised: Any) -> bool | None:
        done: bool | None = await self._stream.__aexit__(*raised)
        return done

    def __aiter__(self) -> _Read:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self._stream.__anext__()
        except (StopAsyncIteration, anyio.ClosedResourceError):
            self._ended()
            raise


async def _as_it_is(name: str, result: CallToolResult) -> None:
    """Take a tool's result unchecked."""


async def _listed(client: Client) -> tuple[Definition, ...]:
    """All pages of the list of tools; none for a server that offers none. Raises MCPError, ValidationError."""
    if client.server_capabilities.tools is None:
        return ()
    found: list[Definition] = []
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        page = await client.list_tools(cursor=cursor)
        found += map(_definition, page.tools)
        cursor = page.next_cursor
        if cursor is None:
            break
    return tuple(found)


def _definition(tool: Tool) -> Definition:
    hints = tool.annotations.model_dump(by_alias=True, exclude_none=True) if tool.annotations else {}
    return Definition(
        name=tool.name,
        description=tool.description or tool.title or "",
        parameters=tool.input_schema,
        hints=hints,
        only_as_task=tool.execution is not None and tool.execution.task_support == "required",
    )


async def _listen(client: Client, changed: Callable[[], None]) -> None:
    """Have a server of the newer protocol tell when it offers something else; older ones do so unasked.

    What it tells is heard by the client's message handler.
    """
    tools = client.server_capabilities.tools
    while tools is not None and tools.list_changed:
        try:
            async with client.listen(tools_list_changed=True) as told:
                async for _ in told:
                    pass
        except SubscriptionLost:
            pass
        except (ListenNotSupportedError, MCPError):
            return
        await anyio.sleep(LISTEN_AGAIN_SECONDS)
        changed()


def _about(client: Client) -> str:
    info = client.server_info
    name = f"{info.name} {info.version}".strip() if info is not None else "a server without a name"
    return one_line(f"{name}, protocol {client.protocol_version}", 200)


def _reason(exc: BaseException, endpoint: Endpoint) -> str:
    """What went wrong, by the first error that is in it; "" where it is that the server ended."""
    while isinstance(exc, BaseExceptionGroup):
        exc = exc.exceptions[0]
    match exc:
        case MCPError(code=code) if code == CONNECTION_CLOSED:
            return ""
        case FileNotFoundError() if endpoint.command:
            return f"there is no command {endpoint.command}, or no folder {endpoint.cwd}"
        case httpx2.ConnectError():
            return f"nothing answers at {_origin(endpoint.url)}: {exc}"
        case _:
            text = one_line(str(exc), 300)
            return text if isinstance(exc, MCPError | ToolFailed) and text else f"{type(exc).__name__}: {text}"


def _origin(url: str) -> str:
    return str(httpx2.URL(url).copy_with(userinfo=b"", query=None, fragment=None))
