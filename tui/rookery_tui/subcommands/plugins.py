"""`rookery plugins`: which are installed, what they offer, and which are used."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from rookery_core.config_file import load_config
from rookery_core.hosting.admission import Candidate, State
from rookery_core.hosting.boxing import Boxes
from rookery_core.hosting.catalogue import Described, Plugins
from rookery_core.paths import Paths
from rookery_core.redact import known_to
from rookery_core.text import visible
from rookery_tui.console import Console
from rookery_tui.exits import Exit
from rookery_tui.out import say
from rookery_tui.subcommands import plugin_packages
from rookery_tui.subcommands.plugin_consent import enable, lines, remarks
from rookery_tui.width import cut_to, width_of

WAITS = (State.PENDING, State.CHANGED)


def main(arguments: argparse.Namespace, paths: Paths, console: Console) -> Exit:
    """Carry out one of the actions. Raises PluginError, ConfigError."""
    plugins = Plugins(paths, lambda: _boxes(arguments, paths), lambda: known_to(os.environ, load_config(paths).config))
    match arguments.action:
        case "list":
            return _list(plugins.all(), console, as_json=arguments.json)
        case "info":
            return _info(plugins.describe(plugins.get(arguments.plugin)), console, as_json=arguments.json)
        case "enable":
            candidate = plugins.get(arguments.plugin)
            inside, is_open = arguments.in_process, arguments.open
            return enable(plugins, candidate, console, unasked=arguments.yes, in_process=inside, is_open=is_open)
        case "disable":
            candidate = plugins.get(arguments.plugin, usable=False)
            plugins.disable(candidate)
            say(f"{candidate.name} is not used any more.", console.stdout)
            return Exit.OK
        case "doctor":
            return _doctor(plugins, console, as_json=arguments.json)
        case "install":
            return plugin_packages.install(plugins, arguments.requirements, console, unasked=arguments.yes)
        case "remove":
            return plugin_packages.remove(plugins, arguments.plugin, console, unasked=arguments.yes)
        case "restore":
            return plugin_packages.restore(plugins, console, unasked=arguments.yes)
        case _:
            return plugin_packages.new(plugins, arguments.name, arguments.into, console)


def _boxes(arguments: argparse.Namespace, paths: Paths) -> Boxes:
    from rookery_core.equipment import Options, boxes_of, confinement_of

    config = load_config(paths).config
    options = Options(Path.cwd(), allow_root=getattr(arguments, "allow_root", False))
    return boxes_of(config, options, confinement_of(config, paths, options))


def _list(known: list[Candidate], console: Console, *, as_json: bool) -> Exit:
    if as_json:
        console.print_json([_told(candidate) for candidate in known])
        return Exit.OK
    width = max((len(candidate.name) for candidate in known), default=0)
    for c in known:
        line = f"{c.name:<{width}}  {c.state:<9}  {c.identity.distribution} {c.identity.version}"
        say(cut_to(visible(f"{line}  {c.why}".rstrip()), width_of(console.stdout)), console.stdout)
    if waiting := [candidate.name for candidate in known if candidate.state in WAITS]:
        say(f"`rookery plugins enable {waiting[0]}` shows what it offers, and lets it in.", console.stdout)
    return Exit.OK


def _info(described: Described, console: Console, *, as_json: bool) -> Exit:
    if as_json:
        console.print_json(_told(described.candidate) | described.manifest.model_dump(mode="json"))
        return Exit.OK
    for line in lines(described):
        say(line, console.stdout)
    return Exit.FAILED if described.manifest.problem else Exit.OK


def _doctor(plugins: Plugins, console: Console, *, as_json: bool) -> Exit:
    """Read each plugin that is used, and no other: nothing of one that nobody let in is imported."""
    told, failed = [], False
    for candidate in plugins.all():
        described = plugins.describe(candidate, anew=True) if candidate.state.used else None
        problem = candidate.why if described is None else described.manifest.problem
        said = [] if described is None or problem else [*remarks(described)]
        failed = failed or bool(problem)
        told.append(_told(candidate) | {"problem": problem, "remarks": said})
        if not as_json:
            good = "good" if described is not None else f"{candidate.state}, and not looked at"
            say(f"{candidate.name}: {problem or good}", console.stdout)
            for remark in said:
                say(f"  {remark}", console.stdout)
    if as_json:
        console.print_json(told)
    return Exit.FAILED if failed else Exit.OK


def _told(candidate: Candidate) -> dict[str, Any]:
    identity = candidate.identity
    return {
        "name": candidate.name,
        "state": candidate.state,
        "used": candidate.state.used,
        "distribution": identity.distribution,
        "version": identity.version,
        "module": candidate.entry_point.value,
        "why": candidate.why,
    }
