"""Tools in a process of their own, one for each distribution: what goes wrong there costs one call.

The process is started by the first call, and again after it ended. The other side of the line is `serving`.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rookery_core.errors import ArgumentsInvalid, ToolFailed
from rookery_core.hosting.serving import TOLD
from rookery_core.paths import opened_log
from rookery_core.process import how_it_ended
from rookery_core.tools.context import ToolContext
from rookery_core.tools.contract import Tool, check_schema
from rookery_core.tools.running import STOP_SECONDS, Deadline, End, Fitted, jsonable, within
from rookery_core.tools.threads import in_thread
from rookery_core.workspace import Workspace

START_SECONDS = 10.0
FIT_SECONDS = 5.0
"""What a plugin's own validators and `scope` may take."""
LINE_LIMIT = 1 << 25
SECRETS = "ROOKERY_SECRET_"
"""Variables that begin so are for the plugin they name, which gets them through its context."""
MAY_BE_ASKED = {
    "memory": {"add", "search", "forget"},
    "person": {"confirm", "ask"},
    "data": {"get", "set", "delete", "keys"},
    "artifacts": {"add", "get"},
    "secrets": {"get"},
    "model": {"complete"},
}

Message = dict[str, Any]


class PluginProcess:
    """The process of one distribution."""

    def __init__(self, distribution: str, known: Mapping[str, str], log: Path) -> None:
        """`known` is the fingerprint of each tool, by its full name, as the person let it in."""
        self.distribution = distribution
        self._known = known
        self._log = log
        self._running: _Running | None = None
        self._starting = asyncio.Lock()
        self._numbers = itertools.count(1)

    async def ask(self, op: str, **values: Any) -> AsyncGenerator[tuple[_Running, Message], None]:
        """Make a request; what comes of it, to the last. Leaving early cancels it. Raises ToolFailed."""
        running = await self._start()
        number = next(self._numbers)
        async with aclosing(running.ask(number, {"op": op, "id": number, **values})) as messages:
            async for message in messages:
                yield running, message

    async def close(self) -> None:
        """End the process."""
        running, self._running = self._running, None
        if running is not None:
            await running.close()

    async def _start(self) -> _Running:
        async with self._starting:
            if self._running is None or self._running.over:
                self._running = await _Running.begin(self.distribution, self._known, self._log)
            return self._running


class _Running:
    """One life of the process."""

    def __init__(self, process: asyncio.subprocess.Process, distribution: str) -> None:
        self._process = process
        self._distribution = distribution
        self._waiting: dict[int, asyncio.Queue[Message]] = {}
        self.over = False
        """Whether it takes no more requests."""
        self._reader: asyncio.Task[None] | None = None

    @classmethod
    async def begin(cls, distribution: str, known: Mapping[str, str], log_path: Path) -> _Running:
        """Start it and wait until it is ready. Raises ToolFailed."""
        plugins = sorted({name.partition(".")[0] for name in known})
        with opened_log(log_path) as log:
            process = await asyncio.create_subprocess_exec(
                *command("serve", distribution, *plugins),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                limit=LINE_LIMIT,
                env=environment(os.environ),
                start_new_session=True,
            )
        made = cls(process, distribution)
        assert process.stdout is not None
        try:
            async with asyncio.timeout(START_SECONDS):
                ready = json.loads(await process.stdout.readline() or b"{}")
        except (TimeoutError, ValueError):
            ready = {}
        except BaseException:
            await made.kill()
            raise
        if "ready" not in ready or ready["problems"]:
            await made.kill()
            why = "; ".join(ready.get("problems", [])) or f"no answer in {START_SECONDS:g} s; its log is {log_path}"
            raise ToolFailed(f"the process of {distribution} could not start: {why}")
        if changed := [name for name, print_ in known.items() if ready["ready"].get(name) != print_]:
            await made.kill()
            raise ToolFailed(
                f"{', '.join(changed)} of {distribution} changed since it was let in. The person has to look at it: "
                f"rookery plugins enable {changed[0].partition('.')[0]}"
            )
        made._reader = asyncio.create_task(made._read())
        return made

    async def ask(self, number: int, request: Message) -> AsyncGenerator[Message, None]:
        """What comes of a request, to the last; leaving early cancels it. Raises ToolFailed when the process ends."""
        answers: asyncio.Queue[Message] = asyncio.Queue()
        self._waiting[number] = answers
        ended = False
        try:
            await self.send(request)
            while not ended:
                message = await answers.get()
                ended = message.get("end", False)
                if "died" in message:
                    raise ToolFailed(f"the process of {self._distribution} {message['died']} during the call")
                yield message
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
            await asyncio.wait([self._reader])

    async def _stop(self, number: int, answers: asyncio.Queue[Message]) -> None:
        """Cancel a request; a process in which it does not end takes no more of them."""
        await self.send({"op": "cancel", "id": number})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                while not (await answers.get()).get("end", False):
                    pass
                return
        self.over = True

    async def _read(self) -> None:
        assert self._process.stdout is not None
        how = ""
        try:
            while line := await self._process.stdout.readline():
                message = json.loads(line)
                if (waiting := self._waiting.get(message["id"])) is not None:
                    waiting.put_nowait(message)
        except (ConnectionError, ValueError, KeyError, TypeError):
            how = "said what cannot be understood"
        self.over = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        code = await self._process.wait()
        for waiting in self._waiting.values():
            waiting.put_nowait({"died": how or how_it_ended(code), "end": True})


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The place of one plugin's tools."""

    process: PluginProcess
    plugin: str

    async def fit(self, tool: Tool, arguments: Mapping[str, Any], workspace: Workspace) -> Fitted:
        """Check against the schema here, so that what is shown is not the plugin's word; then ask the plugin."""
        values = check_schema(tool, arguments)
        shown = jsonable(
            {**values, **{name: _inside(values[name], workspace) for name in tool.paths if name in values}}
        )
        try:
            async with asyncio.timeout(FIT_SECONDS):
                answer = await self._last("fit", tool, values, workspace)
        except TimeoutError:
            raise ToolFailed(f"no answer in {FIT_SECONDS:g} s") from None
        return Fitted(values, shown, tuple(map(str, answer["scopes"])) if tool.scope else _exactly(values))

    async def preview(self, tool: Tool, fitted: Fitted, context: ToolContext) -> str:
        """What the plugin says the call would do."""
        if tool.preview is None:
            return ""
        answer = await self._last("preview", tool, fitted.values, context.workspace, call_id=context.call_id)
        return str(answer["text"])

    async def run(self, tool: Tool, fitted: Fitted, context: ToolContext, deadline: Deadline, end: End) -> str:
        """Have it run, lending what it asks for."""
        return await within(self._run(tool, fitted, context), tool.name, context, deadline, end)

    async def _run(self, tool: Tool, fitted: Fitted, context: ToolContext) -> str:
        lending: set[asyncio.Task[None]] = set()
        asked = self._ask("run", tool, fitted.values, context.workspace, context.call_id, approved=context.approved)
        try:
            async with aclosing(asked) as messages:
                async for running, message in messages:
                    match message:
                        case {"progress": text}:
                            context.progress(str(text))
                        case {"lend": str(what)}:
                            task = asyncio.create_task(_lend(running, message, what, context))
                            lending.add(task)
                            task.add_done_callback(lending.discard)
                        case {"failed": kind, "message": text}:
                            raise _failure(kind, text)
                        case {"text": text}:
                            return str(text)
        finally:
            for task in lending:
                task.cancel()
        raise ToolFailed("it ended without a result")

    async def _last(
        self, op: str, tool: Tool, values: Mapping[str, Any], workspace: Workspace, call_id: str = ""
    ) -> Message:
        async with aclosing(self._ask(op, tool, values, workspace, call_id)) as messages:
            async for _, message in messages:
                if "failed" in message:
                    raise _failure(message["failed"], message["message"])
                if message.get("end"):
                    return message
        raise ToolFailed("it ended without a result")

    def _ask(
        self,
        op: str,
        tool: Tool,
        values: Mapping[str, Any],
        workspace: Workspace,
        call_id: str,
        *,
        approved: bool = False,
    ) -> AsyncGenerator[tuple[_Running, Message], None]:
        return self.process.ask(
            op,
            tool=f"{self.plugin}.{tool.name}",
            arguments=dict(values),
            workspace=str(workspace.root),
            call_id=call_id,
            approved=approved,
        )


def command(what: str, distribution: str, *plugins: str) -> Sequence[str]:
    """How the process of a distribution is started."""
    return sys.executable, "-P", "-m", "rookery_core.hosting.child", what, distribution, *plugins


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What such a process may see of the environment."""
    return {name: value for name, value in environ.items() if not name.startswith(SECRETS)}


async def _lend(running: _Running, message: Message, what: str, context: ToolContext) -> None:
    """Do what the context is asked for, and say what came of it."""
    part, _, method = what.partition(".")
    reply: Message = {"op": "lent", "id": message["id"], "ref": message["ref"]}
    try:
        if method not in MAY_BE_ASKED.get(part, ()):
            raise ToolFailed(f"there is no {what}")
        function = getattr(getattr(context, part), method)
        given, named = message["arguments"], message["named"]
        reply["value"] = await in_thread(lambda: function(*given, **named), name=f"lend {what}")
    except tuple(TOLD.values()) as exc:
        reply |= {"failed": type(exc).__name__, "message": str(exc)}
    except Exception as exc:
        reply |= {"failed": ToolFailed.__name__, "message": f"{type(exc).__name__}: {exc}"}
    await running.send(reply)


def _failure(kind: str, text: str) -> Exception:
    return TOLD[kind](text) if kind in TOLD else ToolFailed(text or "it was stopped")


def _exactly(values: Mapping[str, Any]) -> tuple[str, ...]:
    return (json.dumps(dict(values), sort_keys=True, ensure_ascii=False),)


def _inside(value: Any, workspace: Workspace) -> Any:
    """A path, or several, as they really are. Raises ArgumentsInvalid for one outside."""
    match value:
        case str():
            return str(workspace.resolve(value))
        case list():
            return [_inside(item, workspace) for item in value]
        case None:
            return None
        case _:
            raise ArgumentsInvalid("give a path as a string")
