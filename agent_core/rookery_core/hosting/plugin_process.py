"""The process of one distribution of plugins, and the program's end of the line to it.

It is started by the first request, and again after it ended, as long as the distribution is what was let in. The other
end of the line is `serving`.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from importlib.metadata import PackageNotFoundError
from importlib.metadata import distribution as installed_now
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from rookery_core.errors import ToolFailed
from rookery_core.hosting.admission import Identity, identify
from rookery_core.hosting.boxing import Start
from rookery_core.logs import piped
from rookery_core.process import NOWHERE, how_it_ended
from rookery_core.redact import Redactor
from rookery_core.sandbox.guests import Started, held
from rookery_core.tools.running import STOP_SECONDS

START_SECONDS = 10.0
"""What a process may take until it imports its plugins: the first one after an upgrade compiles all of Rookery."""
IMPORT_SECONDS = 5.0
"""What the import of a plugin may take."""
LINE_LIMIT = 1 << 25

Message = dict[str, Any]


class Ready(BaseModel):
    """What a process says first."""

    model_config = ConfigDict(strict=True, frozen=True)

    ready: dict[str, str]
    """The fingerprint of each tool it has, by its full name."""
    problems: list[str]
    """Why a plugin could not be loaded."""


class Said(BaseModel):
    """What a process says of one request."""

    model_config = ConfigDict(strict=True, frozen=True)

    id: int
    end: bool = False
    """Whether it was the last."""
    progress: str | None = None
    lend: str | None = None
    """What the context is asked for: `part.method`."""
    ref: int = 0
    arguments: list[Any] = []
    named: dict[str, Any] = {}
    text: str = ""
    """The result, or the preview."""
    scopes: list[str] = []
    failed: str | None = None
    """The name of an error; "" for one that means nothing here."""
    message: str = ""


class PluginProcess:
    """The process of one distribution."""

    def __init__(
        self, identity: Identity, known: Mapping[str, str], log: Path, start: Start, redactor: Callable[[], Redactor]
    ) -> None:
        """`known` is the fingerprint of each tool, by its full name; both are as the person let it in. `start` confines
        the process; `redactor` makes what takes secrets out of the log."""
        self._identity = identity
        self._known = known
        self._log = log
        self._start = start
        self._redactor = redactor
        self._running: Life | None = None
        self._starting = asyncio.Lock()
        self._numbers = itertools.count(1)

    async def ready(self) -> Life:
        """The process, started where it is not running. Raises ToolFailed."""
        async with self._starting:
            if self._running is None or self._running.over:
                self._running = await Life.begin(self._identity, self._known, self._log, self._start, self._redactor)
            return self._running

    async def ask(self, op: str, **values: Any) -> AsyncGenerator[tuple[Life, Said], None]:
        """Make a request; what comes of it, to the last. Leaving early cancels it. Raises ToolFailed."""
        running = await self.ready()
        number = next(self._numbers)
        async with aclosing(running.ask(number, {"op": op, "id": number, **values})) as messages:
            async for message in messages:
                yield running, message

    async def close(self) -> None:
        """End the process."""
        running, self._running = self._running, None
        if running is not None:
            await running.close()


class Life:
    """One life of the process."""

    def __init__(
        self, process: asyncio.subprocess.Process, distribution: str, started: Started, holding: AsyncExitStack
    ) -> None:
        """`holding` is what confines it."""
        self.confined = started.confined
        self._process = process
        self._distribution = distribution
        self._started = started
        self._holding = holding
        self._waiting: dict[int, asyncio.Queue[Said | ToolFailed]] = {}
        self.over = False
        """Whether it takes no more requests."""
        self._reader: asyncio.Task[None] | None = None

    @classmethod
    async def begin(
        cls,
        identity: Identity,
        known: Mapping[str, str],
        log_path: Path,
        start: Start,
        redactor: Callable[[], Redactor],
    ) -> Life:
        """Start it and wait until it is ready. Raises ToolFailed, also where it is not what was let in."""
        distribution = identity.distribution
        plugins = sorted({name.partition(".")[0] for name in known})
        if not _is_still(identity):
            raise _changed(distribution, plugins[0])
        async with AsyncExitStack() as holding:
            confining = start(command("serve", distribution, *plugins), os.environ)
            started = await holding.enter_async_context(held(confining))
            with piped(log_path, redactor) as log:
                process = await asyncio.create_subprocess_exec(
                    *started.command,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=log,
                    limit=LINE_LIMIT,
                    cwd=NOWHERE,
                    env=started.environment,
                    pass_fds=started.files,
                    start_new_session=True,
                )
            made = cls(process, distribution, started, holding.pop_all())
        try:
            ready = await made._handshake(START_SECONDS + IMPORT_SECONDS * len(plugins), log_path)
        except BaseException:
            await made.kill()
            raise
        if changed := [name for name, print_ in known.items() if ready.ready.get(name) != print_]:
            await made.kill()
            raise _changed(f"{', '.join(changed)} of {distribution}", changed[0].partition(".")[0])
        made._reader = asyncio.create_task(made._read())
        return made

    async def ask(self, number: int, request: Message) -> AsyncGenerator[Said, None]:
        """What comes of a request, to the last; leaving early cancels it. Raises ToolFailed when the process ends."""
        answers: asyncio.Queue[Said | ToolFailed] = asyncio.Queue()
        self._waiting[number] = answers
        ended = False
        try:
            await self.send(request)
            while not ended:
                said = await answers.get()
                if isinstance(said, ToolFailed):
                    ended = True
                    raise said
                ended = said.end
                yield said
        finally:
            if not ended:
                await self._stop(number, answers)
            self._waiting.pop(number, None)
            if self.over and not self._waiting:
                await self.kill()

    async def send(self, message: Message) -> None:
        """Tell the process something."""
        assert self._process.stdin is not None
        with contextlib.suppress(ConnectionError):  # its end is read by `_read`
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            await self._process.stdin.drain()

    async def close(self) -> None:
        """Let it end by itself, for a moment."""
        self.over = True
        assert self._process.stdin is not None
        self._process.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
        await self.kill()

    async def kill(self) -> None:
        """End it, and whatever it started."""
        self.over = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()
        if self._reader is not None:
            await asyncio.wait([self._reader], timeout=STOP_SECONDS)  # what it left behind may hold the line open
            self._reader.cancel()
        await self._holding.aclose()

    async def _stop(self, number: int, answers: asyncio.Queue[Said | ToolFailed]) -> None:
        """Cancel a request; a process in which it does not end takes no more of them."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await self.send({"op": "cancel", "id": number})
                while isinstance(said := await answers.get(), Said) and not said.end:
                    pass
                return
        self.over = True

    async def _handshake(self, seconds: float, log: Path) -> Ready:
        """What it says first. Raises ToolFailed for one that is not ready by then."""
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(seconds):
                line = await self._process.stdout.readline()
                if not line:
                    why = f"it {how_it_ended(self._started.code(await self._process.wait()))}; its log is {log}"
                else:
                    ready = Ready.model_validate_json(line)
                    if not ready.problems:
                        return ready
                    why = "; ".join(ready.problems)
        except TimeoutError:
            why = f"it was not ready in {seconds:g} s; its log is {log}"
        except ValueError:
            why = f"it said what cannot be understood; its log is {log}"
        raise ToolFailed(f"the process of {self._distribution} could not start: {why}")

    async def _read(self) -> None:
        assert self._process.stdout is not None
        how = ""
        try:
            while line := await self._process.stdout.readline():
                said = Said.model_validate(json.loads(line))
                if (waiting := self._waiting.get(said.id)) is not None:
                    waiting.put_nowait(said)
        except (ConnectionError, ValueError, RecursionError):
            how = "said what cannot be understood"
        self.over = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        code = self._started.code(await self._process.wait())
        await self._holding.aclose()
        for waiting in self._waiting.values():
            waiting.put_nowait(
                ToolFailed(f"the process of {self._distribution} {how or how_it_ended(code)} during the call")
            )


def command(what: str, distribution: str, *plugins: str) -> Sequence[str]:
    """How the process of a distribution is started."""
    return sys.executable, "-P", "-m", "rookery_core.hosting.child", what, distribution, *plugins


def _is_still(identity: Identity) -> bool:
    """Whether a distribution is what it was. Raises ToolFailed for one that is gone."""
    try:
        return identify(installed_now(identity.distribution)) == identity
    except PackageNotFoundError:
        raise ToolFailed(f"{identity.distribution} is not installed any more") from None


def _changed(what: str, plugin: str) -> ToolFailed:
    return ToolFailed(
        f"{what} changed since it was let in. The person has to look at it: rookery plugins enable {plugin}"
    )
