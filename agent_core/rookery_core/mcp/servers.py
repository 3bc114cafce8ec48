"""All MCP servers of a session: started together, and to the registry what plugins are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace

from rookery_core.errors import PluginError
from rookery_core.mcp.place import AtServer
from rookery_core.mcp.server import Server, Surroundings
from rookery_core.mcp.settings import ServerSettings
from rookery_core.tools.gathering import Offers
from rookery_core.tools.loader import Loaded, LoadedPlugin, Problem

STARTING = "it is still being started; its tools can be used in the turn after it is ready"
BUILT_IN = "the name {name} is built into Rookery; give the server another one"
TWICE = "the name {name} is that of an installed plugin and of an MCP server; give the server another one"


class Servers:
    """The servers that are to be used."""

    def __init__(
        self,
        settings: Mapping[str, ServerSettings],
        surroundings: Surroundings,
        again: Callable[[], Mapping[str, ServerSettings]],
        *,
        strict: bool = False,
    ) -> None:
        """`again` reads the settings anew. `strict`: one that cannot be used keeps the program from starting."""
        self.edition = 0
        """Another number each time that something else is offered."""
        self._surroundings = surroundings
        self._again = again
        self._strict = strict
        self._started = False
        self._servers = self._made(settings)

    def __iter__(self) -> Iterator[Server]:
        return iter(self._servers.values())

    def __len__(self) -> int:
        return len(self._servers)

    def begin(self) -> None:
        """Begin to start them all. To be called in the event loop."""
        self._started = True
        for server in self:
            server.start()

    async def start(self) -> None:
        """Begin to start them all, and wait for none: only for what is remembered of them.

        Raises PluginError for one that cannot be used, where that is strict; then it waits for all.
        """
        self.begin()
        for server in self:
            await server.recalled()
        if self._strict:
            await self.settled()
            if failed := [f"{server.name}: {server.problem}" for server in self if server.problem]:
                raise PluginError("strict: " + "; ".join(failed))

    async def known(self) -> None:
        """Wait until it is known what each offers, or that it cannot be used."""
        self.begin()
        for server in self:
            await server.known()

    async def settled(self) -> None:
        """Wait until each is ready or cannot be."""
        self.begin()
        for server in self:
            await server.settled()

    def waiting(self) -> list[Problem]:
        """Those that are still being started, and of which nothing is remembered."""
        return [
            Problem(server.name, server.distribution, STARTING, failed=False)
            for server in self
            if server.state == "starting" and not server.offered.tools
        ]

    def failed(self) -> list[Problem]:
        """Those that cannot be used."""
        return [problem for server in self if server.problem for problem in server.problems()]

    def joined(self, loaded: Loaded) -> Loaded:
        """The plugins with these servers, as they are now; one that has a plugin's name is left out with it, but a
        built-in one stays."""
        plugins = {plugin.name: plugin for plugin in loaded.plugins}
        problems = list(loaded.problems)
        for server in self:
            other = plugins.get(server.name)
            if other is not None:
                said = BUILT_IN if other.built_in else TWICE
                problems.append(Problem(server.name, server.distribution, said.format(name=server.name)))
                if not other.built_in:
                    problems.append(Problem(other.name, other.distribution, TWICE.format(name=other.name)))
                    del plugins[other.name]
                continue
            offers = Offers(tools=server.offered.tools)
            plugins[server.name] = LoadedPlugin(server.name, server.distribution, offers, AtServer(server))
            problems += server.problems()
        ordered = tuple(plugins[name] for name in sorted(plugins))
        return replace(loaded, plugins=ordered, problems=tuple(problems), expected=frozenset(self._servers))

    async def look_again(self) -> None:
        """Go on as the settings are now: a server that works and is as it was stays, the others are started anew.

        Raises ConfigError, and nothing is another.
        """
        old, new = self._servers, self._made(await asyncio.to_thread(self._again))
        kept = {
            name: server
            for name, server in old.items()
            if name in new and server.settings == new[name].settings and server.state in ("starting", "ready")
        }
        self._servers = {name: kept.get(name, server) for name, server in new.items()}
        self.edition += 1
        if self._started:
            self.begin()
        await asyncio.gather(*(server.close() for name, server in old.items() if name not in kept))

    async def close(self) -> None:
        """End them all."""
        await asyncio.gather(*(server.close() for server in self))

    def _made(self, settings: Mapping[str, ServerSettings]) -> dict[str, Server]:
        return {name: Server(name, each, self._surroundings, self._news) for name, each in sorted(settings.items())}

    def _news(self) -> None:
        self.edition += 1


def used(
    settings: Mapping[str, ServerSettings], only: Collection[str] | None, disabled: Collection[str]
) -> dict[str, ServerSettings]:
    """The servers that are to be used: of those named in `only` all, else the enabled ones."""
    if only is not None:
        return {name: each for name, each in settings.items() if name in only}
    return {name: each for name, each in settings.items() if each.enabled and name not in disabled}
