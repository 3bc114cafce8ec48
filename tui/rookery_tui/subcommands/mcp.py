"""`rookery mcp`: the MCP servers whose tools are used, and our own tools for other assistants."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import shlex
from collections.abc import Coroutine, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from rookery_core.config import Config
from rookery_core.config_file import load_config
from rookery_core.equipment import Options, confinement_of, equip, installed_plugins, mcp_servers, open_store
from rookery_core.errors import ConfigError, PluginError, ToolFailed
from rookery_core.events import ApprovalRequested, QuestionAsked
from rookery_core.mcp.server import NO_LIBRARY, Server
from rookery_core.mcp.servers import Servers
from rookery_core.mcp.settings import ServerSettings
from rookery_core.paths import Paths
from rookery_core.store.calls import CallRecord
from rookery_core.store.sessions import Kind, Sessions
from rookery_core.text import one_line, visible
from rookery_core.trust import Trust
from rookery_tui.call_view import approval_text, remembered_text
from rookery_tui.console import Console
from rookery_tui.doorstep import Doorstep
from rookery_tui.exits import Exit
from rookery_tui.out import say
from rookery_tui.presenter import question_text
from rookery_tui.starting import is_strict, mode_wanted, wished
from rookery_tui.stopping import Stop, on_signals, or_hung_up
from rookery_tui.width import cut_to, width_of

NONE_YET = "No MCP server is configured: a table [mcp.servers.NAME] in {file} makes one."
SERVING = "MCP is spoken here on standard input and output; another assistant starts this command. Ctrl+D ends it."
RESULTS = 20
"""Long results that are kept while tools are offered."""


def main(arguments: argparse.Namespace, paths: Paths, console: Console) -> Exit:
    """Carry out one of the actions. Raises ConfigError, PluginError, StoreError."""
    config = load_config(paths).config
    match arguments.action:
        case "list":
            return asyncio.run(_list(config, paths, console, as_json=arguments.json, allow_root=arguments.allow_root))
        case "check":
            return asyncio.run(_check(arguments, config, paths, console))
        case _:
            return asyncio.run(_serve(arguments, config, paths, console.outliving()))


async def _list(config: Config, paths: Paths, console: Console, *, as_json: bool, allow_root: bool) -> Exit:
    known = config.mcp.servers
    options = Options(_started_in(paths), plugins=wished(None, os.environ), allow_root=allow_root)
    servers = mcp_servers(config, paths, options, confinement_of(config, paths, options))
    try:
        await servers.settled()
        clashes = await _clashes(servers, config, paths)
        told = {server.name: _told(server, clashes.get(server.name, "")) for server in servers}
    finally:
        await servers.close()
    rows = [told.get(name, {"name": name, "state": "off", "where": each.where}) for name, each in known.items()]
    if as_json:
        console.print_json(rows)
        return Exit.OK
    width = max((len(row["name"]) for row in rows), default=0)
    for row in rows:
        tools = [tool["name"] for tool in row.get("tools", ())]
        about = row.get("problem") or f"{len(tools)} tools: {', '.join(tools)}" if row["state"] != "off" else ""
        line = f"{row['name']:<{width}}  {row['state']:<6}  {row['where']}  {one_line(about, 400)}"
        say(cut_to(visible(line.rstrip()), width_of(console.stdout)), console.stdout)
    if not rows:
        say(NONE_YET.format(file=paths.config_file), console.stdout)
    return Exit.OK


def _started_in(paths: Paths) -> Path:
    """Where servers are started to be looked at: in this folder, or beside the settings where it is not trusted."""
    here = Path.cwd()
    return here if Doorstep(Trust(paths.trusted), here, Path.home()).trusted else paths.config


async def _check(arguments: argparse.Namespace, config: Config, paths: Paths, console: Console) -> Exit:
    name = arguments.server
    if name not in config.mcp.servers:
        there = ", ".join(config.mcp.servers)
        hint = f"there are: {there}" if there else NONE_YET.format(file=paths.config_file)
        raise ConfigError(f"there is no MCP server named {one_line(name, 60)}; {hint}")
    options = Options(_started_in(paths), plugins=[name], allow_root=arguments.allow_root)
    servers = mcp_servers(config, paths, options, confinement_of(config, paths, options))
    try:
        await servers.settled()
        (server,) = servers
        told = _told(server, (await _clashes(servers, config, paths)).get(name, ""))
        lines = [*_lines(server, told["state"], told["problem"], paths)]
    finally:
        await servers.close()
    if arguments.json:
        console.print_json(told)
    else:
        for line in lines:
            say(line, console.stdout)
    return Exit.FAILED if told["problem"] else Exit.OK


async def _clashes(servers: Servers, config: Config, paths: Paths) -> dict[str, str]:
    """Why servers are left out that have a plugin's name, by that name."""
    options = Options(_started_in(paths), allow_root=True)  # none is started
    plugins = installed_plugins(config, paths, options, confinement_of(config, paths, options))
    try:
        clashes = servers.joined(replace(plugins, problems=()))
    finally:
        await plugins.close()
    used = {plugin.name: plugin.distribution for plugin in clashes.plugins}
    ours = {server.name: server.distribution for server in servers if used.get(server.name) != server.distribution}
    return {each.plugin: each.reason for each in clashes.problems if ours.get(each.plugin) == each.distribution}


async def _serve(arguments: argparse.Namespace, config: Config, paths: Paths, console: Console) -> Exit:
    doorstep = Doorstep.of(arguments, paths)
    options = Options(
        workspace=Path(arguments.workspace),
        trusted=doorstep.trusted,
        tools=arguments.tools,
        allow=arguments.allow,
        plugins=wished(arguments.plugins, os.environ),
        strict=is_strict(arguments, os.environ),
        mode=mode_wanted(arguments),
        online=arguments.online,
        allow_root=arguments.allow_root,
    )
    equipment = equip(config, paths, options)
    for text in doorstep.remarks:
        say(f"rookery: {text}", console.stderr)
    for problem in equipment.problems:
        if not problem.quiet:
            say(f"rookery: plugin {problem.plugin}: {problem.reason}", console.stderr)
    for mistake in (*equipment.rulebook.mistakes, *equipment.rules_of_nothing):
        say(f"rookery: {mistake.said}", console.stderr)
    if console.stdin.isatty():
        say(SERVING, console.stderr)
    try:
        from rookery_core.mcp.offering import Offering
    except ImportError as exc:
        raise PluginError(NO_LIBRARY.format(why=exc)) from exc
    store, stop, results = open_store(config, paths), Stop(), _LastResults()
    try:
        runner = equipment.runner(store, options).lending(artifacts=lambda *_: results)
        with closing(CallRecord(Sessions(store), Kind.MCP, runner.workspace.root)) as record:
            await _until(stop, Offering(runner, _shown, record).serve())
    finally:
        await equipment.close()
        store.close()
    if stop.signal:
        os._exit(128 + stop.signal)  # the protocol's library waits for a line of input, and cannot be stopped in that
    return Exit.OK


async def _until(stop: Stop, serving: Coroutine[Any, Any, None]) -> None:
    """Serve until there is no more input, or a signal ends it."""
    work, told = asyncio.create_task(serving), asyncio.Event()
    waiting = asyncio.create_task(told.wait())
    with on_signals(stop.request, insist=True, signals=or_hung_up()), stop.tells(told.set):
        await asyncio.wait([work, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if work.done():
        await work


class _LastResults:
    """The last long results, in memory: there is no session that they would be kept with."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._ids = itertools.count(1)

    def add(self, text: str, name: str = "") -> str:
        ref = str(next(self._ids))
        self._texts[ref] = text
        if len(self._texts) > RESULTS:
            del self._texts[next(iter(self._texts))]
        return ref

    def get(self, ref: str) -> str:
        if ref not in self._texts:
            raise ToolFailed(f"there is no result {ref}, or it is not kept any more; make its call again")
        return self._texts[ref]


def _shown(asked: ApprovalRequested | QuestionAsked) -> str:
    if isinstance(asked, QuestionAsked):
        return question_text(asked)
    remembered = f"for this session would allow  {remembered_text(asked)}" if asked.remembers else ""
    return "\n".join(filter(None, (approval_text(asked), remembered)))


def _told(server: Server, clash: str) -> dict[str, Any]:
    return {
        "name": server.name,
        "state": "failed" if clash else server.state,
        "where": server.settings.where,
        "about": server.about,
        "problem": clash or server.problem,
        "tools": [
            {"name": tool.name, "theirs": server.theirs[tool.name], "risk": tool.risk, "description": tool.description}
            for tool in server.offered.tools
        ],
        "remarks": [remark.reason for remark in server.offered.remarks],
    }


def _lines(server: Server, state: str, problem: str, paths: Paths) -> Iterator[str]:
    yield f"server   {server.name} ({state})"
    yield f"reached  {_reached(server.settings)}"
    yield f"log      {paths.server_log(server.name)}"
    if server.about:
        yield f"says     {server.about}"
    for tool in server.offered.tools:
        theirs = server.theirs[tool.name]
        called = tool.name if theirs == tool.name else f"{tool.name}, there {theirs}"
        yield f"tool     {called} ({tool.risk}): {one_line(tool.description, 100)}"
    for remark in server.offered.remarks:
        yield f"remark   {remark.reason}"
    if problem:
        yield f"problem  {problem}"


def _reached(settings: ServerSettings) -> str:
    return shlex.join([settings.command, *settings.args]) if settings.command else str(settings.shown("url"))
