"""One MCP server through a session: started in the background, started again after it ended, given up in the end.

Knows no protocol; that is a `connection`'s business, which is imported when the first server is started.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rookery_core.errors import PluginError, ToolFailed
from rookery_core.mcp.definitions import Definition, Offered, offered
from rookery_core.mcp.endpoint import Endpoint
from rookery_core.mcp.remembered import Remembered
from rookery_core.mcp.settings import ServerSettings, resolved
from rookery_core.process import NOWHERE, search_path
from rookery_core.redact import Redactor
from rookery_core.sandbox.guests import Guests, Started, needs_of_kinds
from rookery_core.sandbox.sandbox import Confinement
from rookery_core.tools.contract import Tool
from rookery_core.tools.loader import Problem

if TYPE_CHECKING:
    from rookery_core.mcp.connection import Connection

State = Literal["off", "starting", "ready", "ended", "failed"]

RESTARTS = 3
"""How often a server is started again before a call of it came to an end."""
STILL_THERE_SECONDS = 5.0
"""What a server may take to say that it is still there, after a call to it was given up."""
CALM_SECONDS = 1.0
"""How long a server that says again and again that it changed is not listened to, unless it is called."""
ONCE_MORE = "`/plugins reload` starts it once more"
NO_LIBRARY = "the package mcp is needed for it and is not there ({why}): pip install 'rookery[mcp]'"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What servers are started in."""

    environ: Mapping[str, str]
    workspace: Path
    log: Callable[[str], Path]
    """Of the server of a name."""
    remembered: Remembered
    redactor: Callable[[], Redactor]
    """Makes what takes secrets out of logs."""
    guests: Guests = field(default_factory=lambda: Guests(Confinement(allow_root=True)))
    """What confines those that are to be."""
    online: bool = False
    """Whether those may have a network."""

    def start(
        self, settings: ServerSettings, cwd: str, command: Sequence[str], environment: Mapping[str, str]
    ) -> AbstractContextManager[Started]:
        """What confines a server: where it is to be, and as root always. It reads the workspace in any case."""
        kinds = {settings.risk.get(tool, settings.own_risk) for tool in settings.tools}
        needs = needs_of_kinds(kinds or {settings.own_risk, *settings.risk.values()}, online=self.online)
        return self.guests.start(
            replace(needs, workspace=True),
            command,
            environment,
            reads=[Path(cwd)] if settings.cwd and not Path(cwd).is_relative_to(self.workspace) else (),
            folder=cwd if settings.cwd or self.guests.root is not None else NOWHERE,
            is_open=not settings.confined and not self.guests.forbids(is_open=True),
        )


class Server:
    """One of the person's servers."""

    def __init__(
        self, name: str, settings: ServerSettings, surroundings: Surroundings, news: Callable[[], None]
    ) -> None:
        """`news` is called when what is offered, or the state, is another."""
        self.name = name
        self.settings = settings
        self.state: State = "off"
        self.offered = Offered()
        """Its tools: as they were the last time until it is ready."""
        self.about = ""
        self.problem = ""
        """Why it cannot be used; "" where it can, or may be."""
        self._surroundings = surroundings
        self._news = news
        self._connection: Connection | None = None
        self._starting: asyncio.Task[None] | None = None
        self._relisting: asyncio.Task[None] | None = None
        self._resting: asyncio.TimerHandle | None = None
        self._closed = False
        self._stale = False
        """Whether the server said that it offers something else than what is known."""
        self._one_at_a_time = asyncio.Lock()
        self._recalled = asyncio.Event()
        self._restarts_left = RESTARTS
        self._why = ""
        """Why it could not be started again."""

    @property
    def distribution(self) -> str:
        """Where its tools are from, as it is shown."""
        return f"MCP server {self.settings.where}"

    @property
    def theirs(self) -> Mapping[str, str]:
        """The server's own names of its tools, by Rookery's."""
        return self.offered.theirs

    def problems(self) -> list[Problem]:
        """What there is to say of it."""
        said = [Problem(self.name, self.distribution, remark.reason, remark.failed) for remark in self.offered.remarks]
        return [Problem(self.name, self.distribution, self.problem)] if self.problem else said

    def start(self) -> None:
        """Begin to start it."""
        if self.state == "off":
            self.state = "starting"
            self._recalled.clear()
            self._starting = asyncio.create_task(self._start(again=False), name=f"start {self.name}")

    async def recalled(self) -> None:
        """Wait until it is known what is remembered of it, which takes no server."""
        if self.state != "off":
            await self._recalled.wait()

    async def known(self) -> None:
        """Wait until it is known what it offers, or that it cannot be used."""
        await self.recalled()
        if not self.offered.tools:
            await self.settled()

    async def settled(self) -> None:
        """Wait until it is ready, or cannot be."""
        if self._starting is not None:
            await asyncio.wait([self._starting])

    async def connection(self, tool: Tool) -> Connection:
        """The running server, which offers just this tool; it is started where it is not. Raises ToolFailed."""
        async with self._one_at_a_time:
            await self.settled()
            if self._closed:
                raise ToolFailed(f"the MCP server {self.name} was ended; if it is still used, it is in the next turn")
            if self._connection is not None and self._connection.doubtful:
                await self._make_sure(self._connection)
            if self._connection is None or self._connection.over:
                await self._start_again()
        self._list_where_stale(at_once=True)
        if self._relisting is not None:
            await asyncio.wait([self._relisting])
        if self._connection is None:
            raise ToolFailed(f"the MCP server {self.name} cannot be used: {self.problem or self._why}")
        now = self.offered.get(tool.name)
        if now is None or now.fingerprint != tool.fingerprint:
            what = (
                "is not offered any more" if now is None else "is not what it was, and is offered anew in the next turn"
            )
            raise ToolFailed(f"{tool.name} of the MCP server {self.name} {what}")
        return self._connection

    def worked(self) -> None:
        """It lived through a call, so it is worth being started again as often as ever."""
        self._restarts_left = RESTARTS

    async def close(self) -> None:
        """End it for good."""
        self._closed = True
        if self._resting is not None:
            self._resting.cancel()
        for task in (self._starting, self._relisting):
            if task is not None and not task.done():
                task.cancel()
                await asyncio.wait([task])
        if self._connection is not None:
            await self._connection.close()
        self._connection, self.state = None, "off"
        self._recalled.set()

    async def _start_again(self) -> None:
        if self.state == "failed":
            return
        if self._restarts_left <= 0:
            how = self._why or (self._connection.how if self._connection is not None else "")
            self._connection = None
            self._fail(f"it ended {RESTARTS + 1} times in a row{how and f', at last so: {how}'}; {ONCE_MORE}")
            return
        self._restarts_left -= 1
        self.state = "starting"
        self._starting = asyncio.create_task(self._start(again=True), name=f"start {self.name} again")
        await self.settled()

    async def _start(self, *, again: bool) -> None:
        try:
            if not again:
                self._check_command()
                await asyncio.to_thread(self._check_confinement)
                await self._recall()
            library = await asyncio.to_thread(_library)
            if (old := self._connection) is not None:
                self._connection = None
                await old.close()
            self._connection = await library(self._endpoint(), self._changed)
            self.about = self._connection.about
            await self._take_in(self._connection)
        except (PluginError, ToolFailed) as exc:
            self._why = str(exc)
            if not again:
                self._fail(self._why)
            else:
                self.state = "ended"
            return
        finally:
            self._recalled.set()
        self.state, self.problem, self._why = "ready", "", ""
        self._list_where_stale()

    def _check_command(self) -> None:
        """Raise PluginError for a command that there is not, which is known before anything is imported for it."""
        command, environ = self.settings.command, self._surroundings.environ
        path = resolved(self.settings.env, environ, "env").get("PATH", search_path(environ))
        if command and "/" not in command and shutil.which(command, path=path) is None:
            raise PluginError(f"it could not be started: there is no command {command}")

    def _check_confinement(self) -> None:
        """Raise PluginError for a command that must not run here."""
        guests = self._surroundings.guests
        if self.settings.command and (why := guests.forbids()):
            raise PluginError(f"it is not started: {why}")
        if self.settings.confined and not guests.confines():
            raise PluginError(
                "it is not started: its setting confined is true, and nothing can be confined here; "
                "`rookery sandbox` says what is missing"
            )

    async def _recall(self) -> None:
        remembered = await asyncio.to_thread(self._surroundings.remembered.get, self.name, self.settings)
        if remembered is not None:
            await self._offer(remembered)
        self._recalled.set()

    async def _take_in(self, connection: Connection) -> None:
        await self._offer(connection.definitions)
        await asyncio.to_thread(self._surroundings.remembered.keep, self.name, self.settings, connection.definitions)

    async def _offer(self, definitions: Sequence[Definition]) -> None:
        made = await asyncio.to_thread(offered, definitions, self.settings)
        if made.summary != self.offered.summary:
            self.offered = made
            self._news()

    def _changed(self) -> None:
        self._stale = True
        if self.state == "ready":
            self._list_where_stale()

    def _list_where_stale(self, *, at_once: bool = False) -> None:
        """Have it say anew what it offers, where that changed: once in a while, or `at_once`."""
        listing = self._relisting is not None and not self._relisting.done()
        if self._stale and not listing and not self._closed and (at_once or self._resting is None):
            self._stale = False
            if self._resting is None:
                self._resting = asyncio.get_running_loop().call_later(CALM_SECONDS, self._rested)
            self._relisting = asyncio.create_task(self._list_again(), name=f"list {self.name}")
            self._relisting.add_done_callback(lambda _: self._list_where_stale())

    def _rested(self) -> None:
        self._resting = None
        self._list_where_stale()

    async def _list_again(self) -> None:
        if (connection := self._connection) is not None:
            with contextlib.suppress(ToolFailed):  # then it is as it was; a server that is gone is noticed by a call
                connection.definitions = await connection.listed()
                await self._take_in(connection)

    async def _make_sure(self, connection: Connection) -> None:
        """End a server that does not answer any more."""
        try:
            async with asyncio.timeout(STILL_THERE_SECONDS):
                await connection.listed()
        except (TimeoutError, ToolFailed):
            await connection.close()
        connection.doubtful = False

    def _fail(self, reason: str) -> None:
        self.state, self.problem, self.offered = "failed", reason, Offered()
        self._news()

    def _endpoint(self) -> Endpoint:
        """Raises PluginError for a setting that cannot be looked up."""
        settings, around = self.settings, self._surroundings
        cwd = str(around.workspace / Path(settings.cwd).expanduser())
        return Endpoint(
            log=around.log(self.name),
            redactor=around.redactor,
            start_s=settings.start_s,
            command=str(Path(settings.command).expanduser()) if settings.command.startswith("~") else settings.command,
            args=settings.args,
            env={"PATH": search_path(around.environ), **resolved(settings.env, around.environ, "env")},
            cwd=cwd,
            start=partial(around.start, settings, cwd) if settings.command else None,
            url=settings.url,
            headers=resolved(settings.headers, around.environ, "headers"),
        )


def _library() -> Callable[[Endpoint, Callable[[], None]], Awaitable[Connection]]:
    """What makes connections; importing it takes a second. Raises PluginError."""
    try:
        from rookery_core.mcp.connection import connect
    except ImportError as exc:
        raise PluginError(NO_LIBRARY.format(why=exc)) from exc
    return connect
