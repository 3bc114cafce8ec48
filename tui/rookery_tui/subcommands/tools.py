"""`rookery tools`: what the model may call, and calling it by hand, without a model."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from contextlib import closing
from pathlib import Path
from typing import Any

from rookery_core.config import Config
from rookery_core.config_file import load_config
from rookery_core.equipment import Equipment, Options, confinement_of, equip, installed_plugins, mcp_servers, open_store
from rookery_core.errors import ConfigError, ModelError, ToolUnknown, TurnPaused
from rookery_core.events import ApprovalRequested, ApprovalResolved, Event, PluginFailed, ToolProgress, ToolStatus
from rookery_core.mcp.servers import Servers
from rookery_core.paths import Paths
from rookery_core.reasoning.prompt import describe
from rookery_core.reasoning.step import ToolCall
from rookery_core.sandbox.sandbox import Confinement
from rookery_core.store.calls import CallRecord
from rookery_core.store.db import Store
from rookery_core.store.sessions import Kind, Sessions
from rookery_core.testing import ListArtifacts
from rookery_core.text import one_line, visible
from rookery_core.tools.contract import Risk
from rookery_core.tools.registry import OfferedTool
from rookery_core.tools.runner import Caller
from rookery_tui.console import Console
from rookery_tui.doorstep import Doorstep
from rookery_tui.exits import Exit
from rookery_tui.out import say
from rookery_tui.starting import is_strict, wished
from rookery_tui.stopping import Stop, stoppable, stopped
from rookery_tui.subcommands.run import asked_at
from rookery_tui.width import cut_to, width_of

MOST = 100_000
"""Characters of a result that are printed."""
AN_OBJECT = (
    """write them as one object in quotes, such as '{"expression": "2 + 3"}' (`rookery tools show` names them)"""
)


def main(arguments: argparse.Namespace, paths: Paths, console: Console) -> Exit:
    """Carry out one of the actions. Raises ConfigError, PluginError, StoreError."""
    stop = Stop()
    done = asyncio.run(stoppable(_main(arguments, paths, console), stop))
    return stopped(stop, console.stderr) if done is None else done


async def _main(arguments: argparse.Namespace, paths: Paths, console: Console) -> Exit:
    doorstep = Doorstep.of(arguments, paths)
    options = Options(
        workspace=Path(getattr(arguments, "workspace", ".")),
        allow=getattr(arguments, "allow", ()),
        plugins=wished(arguments.plugins, os.environ),
        strict=is_strict(arguments, os.environ),
        trusted=doorstep.trusted,
        online=arguments.online,
        allow_root=arguments.allow_root,
    )
    config = load_config(paths).config
    given = _object(arguments.arguments) if arguments.action == "call" else {}
    named = getattr(arguments, "tool", "")
    confinement = confinement_of(config, paths, options)
    servers = mcp_servers(config, paths, options, confinement)
    if len(config.mcp.servers) and not doorstep.trusted:
        say(f"rookery: no MCP server is started: {'; '.join(doorstep.remarks)}", console.stderr)
    try:
        equipment = await _equipped(config, paths, options, servers, confinement, named)
        try:
            found = bool(named) and named in equipment.usable
            for problem in equipment.problems:
                if not (problem.quiet and found):
                    say(f"rookery: plugin {problem.plugin}: {problem.reason}", console.stderr)
            if arguments.action == "call":
                for mistake in (*equipment.rulebook.mistakes, *equipment.rules_of_nothing):
                    say(f"rookery: {mistake.said}", console.stderr)
            match arguments.action:
                case "list":
                    return _list(equipment, console, as_json=arguments.json)
                case "show":
                    return _show(_named(equipment, named), console, as_json=arguments.json)
                case _:
                    if _named(equipment, named).tool.risk is not Risk.PURE and not doorstep.trusted:
                        raise ConfigError("; ".join(doorstep.remarks))
                    store = open_store(config, paths)
                    try:
                        return await _call(ToolCall(named, given), equipment, options, store, console)
                    finally:
                        store.close()
        finally:
            await equipment.close()
    finally:
        await servers.close()


async def _equipped(
    config: Config, paths: Paths, options: Options, servers: Servers, confinement: Confinement, tool: str
) -> Equipment:
    """The tools there are; MCP servers are started for them unless the tool that is asked for is a plugin's."""
    loaded = installed_plugins(config, paths, options, confinement)
    equipment = equip(config, paths, options, servers.joined(loaded), confinement=confinement)
    if not len(servers) or (tool and tool in equipment.usable):
        return equipment
    await servers.settled()
    return equip(config, paths, options, servers.joined(loaded), confinement=confinement)


def _list(equipment: Equipment, console: Console, *, as_json: bool) -> Exit:
    tools = list(equipment.usable)
    if as_json:
        console.print_json([_told(offered) for offered in tools])
        return Exit.OK
    width = max((len(offered.name) for offered in tools), default=0)
    for each in tools:
        line = f"{each.name:<{width}}  {each.tool.risk:<7}  {each.plugin} ({each.distribution})  "
        say(cut_to(visible(line + one_line(each.tool.description, 100)), width_of(console.stdout)), console.stdout)
    return Exit.OK


def _show(offered: OfferedTool, console: Console, *, as_json: bool) -> Exit:
    if as_json:
        console.print_json(_told(offered))
        return Exit.OK
    tool = offered.tool
    lines = [
        f"tool         {offered.full_name}, called {offered.name}",
        f"from         plugin {offered.plugin} ({offered.distribution})",
        f"may          {tool.risk}",
        f"time         {tool.timeout_s:g} s",
        f"result       up to {tool.max_output} characters",
        f"told         {describe(offered).removeprefix('- ')}",
        "schema",
        *(f"  {line}" for line in json.dumps(tool.schema, indent=2, ensure_ascii=False).splitlines()),
    ]
    for line in lines:
        say(line, console.stdout)
    return Exit.OK


async def _call(call: ToolCall, equipment: Equipment, options: Options, store: Store, console: Console) -> Exit:
    approve, answer = asked_at(console)
    unattended, risk = False, ""
    kept = ListArtifacts()

    def tell(event: Event) -> None:
        nonlocal unattended, risk
        record.keep(event)
        match event:
            case ApprovalRequested():
                risk = event.risk
            case ApprovalResolved(by="nobody"):
                unattended = True
            case ToolProgress(text=text):
                say(text, console.stderr)
            case PluginFailed(plugin=plugin, reason=reason):
                say(f"rookery: plugin {plugin}: {reason}", console.stderr)

    runner = equipment.runner(store, options).lending(artifacts=lambda *_: kept)
    with closing(CallRecord(Sessions(store), Kind.HAND, runner.workspace.root)) as record:
        try:
            done = await runner.call(call, "1", Caller(record.session, tell, approve, answer, _no_model, MOST))
        except TurnPaused as exc:
            say(f"paused: {exc}", console.stderr)
            return Exit.FAILED
    ok = done.status is ToolStatus.OK
    say(done.output, console.stdout if ok else console.stderr)
    if unattended:
        offered = equipment.usable.get(call.tool)
        ways = (risk, offered.full_name) if risk == offered.tool.risk else (risk,)  # a rule may say that it is more
        allow = " or ".join(f"`--allow {way}`" for way in ways)
        say(f"rookery: there is no terminal to ask at; {allow} lets it run without asking", console.stderr)
    match done.status:
        case ToolStatus.OK:
            return Exit.OK
        case ToolStatus.INVALID:
            return Exit.USAGE
        case _:
            return Exit.UNATTENDED if unattended else Exit.FAILED


async def _no_model(prompt: str, max_tokens: int) -> str:
    raise ModelError("a tool that is called by hand has no model")


def _named(equipment: Equipment, name: str) -> OfferedTool:
    try:
        return equipment.usable.get(name)
    except ToolUnknown as exc:
        raise ConfigError(str(exc)) from exc


def _object(text: str) -> dict[str, Any]:
    try:
        given = json.loads(text)
    except ValueError as exc:
        raise ConfigError(f"the arguments are no JSON: {exc}; {AN_OBJECT}") from exc
    if not isinstance(given, dict):
        raise ConfigError(f"the arguments are no JSON object; {AN_OBJECT}")
    return given


def _told(offered: OfferedTool) -> dict[str, Any]:
    tool = offered.tool
    return {
        "name": offered.name,
        "full_name": offered.full_name,
        "plugin": offered.plugin,
        "distribution": offered.distribution,
        "risk": tool.risk,
        "description": tool.description,
        "parameters": dict(tool.schema),
        "timeout_s": tool.timeout_s,
        "fingerprint": tool.fingerprint,
    }
