"""`rookery mcp`: the MCP servers whose tools are used, and our own tools for other assistants."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shlex
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

from rookery_core.config import Config, load_config
from rookery_core.equipment import Options, equip, mcp_servers
from rookery_core.errors import ConfigError, PluginError
from rookery_core.events import ApprovalRequested, QuestionAsked
from rookery_core.mcp.server import NO_LIBRARY, Server
from rookery_core.mcp.settings import ServerSettings
from rookery_core.paths import Paths
from rookery_core.store.db import Store
from rookery_core.text import one_line, visible
from rookery_core.tools.context import NotLent
from rookery_tui.console import Console
from rookery_tui.exits import Exit
from rookery_tui.out import say, say_json
from rookery_tui.presenter import approval_text, question_text, remembered_text
from rookery_tui.starting import is_strict, wished
from rookery_tui.stopping import Stop, on_signals
from rookery_tui.width import cut_to, width_of

NONE_YET = "No MCP server is configured: a table [mcp.servers.NAME] in {file} makes one."
SERVING = "MCP is spoken here on standard input and output; another assistant starts this command. Ctrl+D ends it."


def main(arguments: argparse.Namespace, paths: Paths, console: Console) -> Exit:
    """Carry out one of the actions. Raises ConfigError, PluginError, StoreError."""
    config = load_config(paths).config
    match arguments.action:
        case "list":
            return asyncio.run(_list(config, paths, console, as_json=arguments.json))
        case "check":
            return asyncio.run(_check(arguments.server, config, paths, console, as_json=arguments.json))
        case _:
            return asyncio.run(_serve(arguments, config, paths, console))


async def _list(config: Config, paths: Paths, console: Console, *, as_json: bool) -> Exit:
    known = config.mcp.servers
    servers = mcp_servers(config, paths, Options(Path.cwd(), plugins=wished(None, os.environ)))
    try:
        await servers.settled()
        told = {server.name: _told(server) for server in servers}
    finally:
        await servers.close()
    rows = [told.get(name, {"name": name, "state": "off", "where": each.where}) for name, each in known.items()]
    if as_json:
        return _json(rows, console)
    width = max((len(row["name"]) for row in rows), default=0)
    for row in rows:
        tools = [tool["name"] for tool in row.get("tools", ())]
        about = row.get("problem") or f"{len(tools)} tools: {', '.join(tools)}" if row["state"] != "off" else ""
        line = f"{row['name']:<{width}}  {row['state']:<6}  {row['where']}  {one_line(about, 400)}"
        say(cut_to(visible(line.rstrip()), width_of(console.stdout)), console.stdout)
    if not rows:
        say(NONE_YET.format(file=paths.config_file), console.stdout)
    return Exit.OK


async def _check(name: str, config: Config, paths: Paths, console: Console, *, as_json: bool) -> Exit:
    if name not in config.mcp.servers:
        there = ", ".join(config.mcp.servers)
        hint = f"there are: {there}" if there else NONE_YET.format(file=paths.config_file)
        raise ConfigError(f"there is no MCP server named {one_line(name, 60)}; {hint}")
    servers = mcp_servers(config, paths, Options(Path.cwd(), plugins=[name]))
    try:
        await servers.settled()
        (server,) = servers
        told, lines = _told(server), [*_lines(server, paths)]
    finally:
        await servers.close()
    if as_json:
        _json(told, console)
    else:
        for line in lines:
            say(line, console.stdout)
    return Exit.FAILED if told["problem"] else Exit.OK


async def _serve(arguments: argparse.Namespace, config: Config, paths: Paths, console: Console) -> Exit:
    options = Options(
        workspace=Path(arguments.workspace),
        tools=arguments.tools,
        allow=arguments.allow,
        plugins=wished(arguments.plugins, os.environ),
        strict=is_strict(arguments, os.environ),
    )
    equipment = equip(config, paths, options)
    for problem in equipment.problems:
        say(f"rookery: plugin {problem.plugin}: {problem.reason}", console.stderr)
    if console.stdin.isatty():
        say(SERVING, console.stderr)
    try:
        from rookery_core.mcp.offering import Offering
    except ImportError as exc:
        raise PluginError(NO_LIBRARY.format(why=exc)) from exc
    store, stop = Store(paths.database), Stop()
    try:
        runner = equipment.runner(store, options).lending(artifacts=lambda *_: _Forgetful())
        await _until(stop, Offering(runner, _shown).serve())
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
    with on_signals(stop.request, insist=True), stop.tells(told.set):
        await asyncio.wait([work, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if work.done():
        await work


class _Forgetful(NotLent):
    """Keeps no long texts: there is no session that they would be kept with."""

    def __init__(self) -> None:
        super().__init__("place for long texts")

    def add(self, text: str, name: str = "") -> str:
        return ""


def _shown(asked: ApprovalRequested | QuestionAsked) -> str:
    if isinstance(asked, QuestionAsked):
        return question_text(asked)
    remembered = f"for this session would allow  {remembered_text(asked)}" if asked.remembers else ""
    return "\n".join(filter(None, (approval_text(asked), remembered)))


def _told(server: Server) -> dict[str, Any]:
    return {
        "name": server.name,
        "state": server.state,
        "where": server.settings.where,
        "about": server.about,
        "problem": server.problem,
        "tools": [
            {"name": tool.name, "theirs": server.theirs[tool.name], "risk": tool.risk, "description": tool.description}
            for tool in server.offered.tools
        ],
        "remarks": [remark.reason for remark in server.offered.remarks],
    }


def _lines(server: Server, paths: Paths) -> Iterator[str]:
    yield f"server   {server.name} ({server.state})"
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
    if server.problem:
        yield f"problem  {server.problem}"


def _reached(settings: ServerSettings) -> str:
    return settings.url or shlex.join([settings.command, *settings.args])


def _json(value: Any, console: Console) -> Exit:
    console.write_utf8()
    say_json(json.dumps(value, ensure_ascii=False), console.stdout)
    return Exit.OK
