"""What the tests of MCP servers share: the sample server, and calls to it as a turn makes them."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rookery_core.approval.policy import Allowed, Grants, nobody
from rookery_core.config import Config
from rookery_core.events import Event, QuestionAsked, ToolFinished
from rookery_core.mcp.remembered import Remembered
from rookery_core.mcp.server import Server, Surroundings
from rookery_core.mcp.servers import Servers
from rookery_core.mcp.settings import McpSettings, ServerSettings
from rookery_core.plugin import Risk
from rookery_core.reasoning.step import ToolCall
from rookery_core.redact import known_to
from rookery_core.sandbox.guests import Guests
from rookery_core.sandbox.sandbox import Confinement
from rookery_core.testing import DictData, ListArtifacts, ListMemory
from rookery_core.tools.lending import EnvironmentSecrets, Lender
from rookery_core.tools.loader import Loaded
from rookery_core.tools.registry import register
from rookery_core.tools.runner import Caller, ToolRunner
from rookery_core.workspace import Workspace

SAMPLE, ROUGH = (Path(__file__).with_name(name) for name in ("sample.py", "rough.py"))


def sample(folder: Path, *moods: str, **settings: Any) -> ServerSettings:
    """The sample server, started by its command."""
    given = {"command": sys.executable, "args": (str(SAMPLE), str(folder), *moods), "start_s": 200.0, **settings}
    return ServerSettings(**given)


def rough(folder: Path, *moods: str, **settings: Any) -> ServerSettings:
    """The server that is written by hand."""
    return ServerSettings(command=sys.executable, args=(str(ROUGH), str(folder), *moods), **settings)


@dataclass
class Yard:
    """Servers in a folder, and their tools called as a turn calls them."""

    folder: Path
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    events: list[Event] = field(default_factory=list)
    answers: list[str | None] = field(default_factory=list)
    artifacts: ListArtifacts = field(default_factory=ListArtifacts)
    opened: list[Servers] = field(default_factory=list)
    guests: Guests = field(default_factory=lambda: Guests(Confinement(allow_root=True)))
    online: bool = False

    def servers(self, **settings: ServerSettings) -> Servers:
        """Those of these names; not started yet."""
        config = Config(mcp=McpSettings(servers=settings))
        around = Surroundings(
            self.environ,
            self.folder,
            lambda name: self.folder / f"{name}.log",
            Remembered(self.folder / "mcp.json"),
            lambda: known_to(self.environ, config),
            self.guests,
            self.online,
        )
        made = Servers(settings, around, lambda: settings)
        self.opened.append(made)
        return made

    async def ready(self, **settings: ServerSettings) -> Servers:
        """Those of these names, ready or failed."""
        servers = self.servers(**settings)
        await servers.settled()
        return servers

    def runner(self, servers: Servers, loaded: Loaded | None = None) -> ToolRunner:
        """What carries out calls of the tools that they offer now."""
        registry, _ = register(servers.joined(loaded or Loaded((), ())).plugins)
        memory, data = ListMemory(), DictData()
        return ToolRunner(
            registry=registry,
            workspace=Workspace.at(self.folder),
            lender=Lender(
                memory=lambda *_: memory,
                data=lambda *_: data,
                artifacts=lambda *_: self.artifacts,
                secrets=lambda plugin: EnvironmentSecrets(plugin, {}),
            ),
            allowed=Allowed(kinds=frozenset(Risk)),
            grants=Grants(),
            clock=time.monotonic,
        )

    async def call(self, where: Servers | ToolRunner, tool: str, **arguments: object) -> ToolFinished:
        async def answer(_: QuestionAsked) -> str | None:
            return self.answers.pop(0) if self.answers else None

        async def complete(prompt: str, max_tokens: int) -> str:
            return ""

        runner = where if isinstance(where, ToolRunner) else self.runner(where)
        caller = Caller("session", self.events.append, nobody, answer, complete, 5_000)
        return await runner.call(ToolCall(tool, dict(arguments)), "1.1", caller)

    async def until(self, what: Callable[[], object]) -> None:
        """Let everything go on until something holds."""
        async with asyncio.timeout(200):
            while not what():  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    async def close(self) -> None:
        for servers in self.opened:
            await servers.close()


def one(servers: Servers) -> Server:
    """The only one."""
    (server,) = servers
    return server
