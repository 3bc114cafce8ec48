"""`rookery plugins`: which are installed, what they offer, and which are used."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from typing import Any

from rookery_core.errors import PluginError
from rookery_core.hosting.admission import Candidate, State
from rookery_core.hosting.catalogue import Described, Plugins
from rookery_core.paths import Paths
from rookery_core.text import one_line, visible
from rookery_tui.console import Console, json_for
from rookery_tui.exits import Exit
from rookery_tui.width import cut_to, width_of

INSIDE = (
    "These hooks work only inside the program: {hooks}. There the plugin can do all that you can, can see the whole\n"
    "conversation, and can break the program. Its tools run there too, and not in a process of their own."
)
WAITS = (State.PENDING, State.CHANGED)


def main(arguments: argparse.Namespace, paths: Paths, console: Console) -> Exit:
    """Carry out one of the actions. Raises PluginError, ConfigError."""
    plugins = Plugins(paths)
    match arguments.action:
        case "list":
            return _list(plugins.all(), console, as_json=arguments.json)
        case "info":
            return _info(plugins.describe(plugins.get(arguments.plugin)), console, as_json=arguments.json)
        case "enable":
            return _enable(plugins, arguments, console)
        case "disable":
            candidate = plugins.get(arguments.plugin)
            plugins.disable(candidate)
            print(f"{candidate.name} is not used any more.", file=console.stdout)
            return Exit.OK
        case _:
            return _doctor(plugins, console, as_json=arguments.json)


def _list(known: list[Candidate], console: Console, *, as_json: bool) -> Exit:
    if as_json:
        return _json([_told(candidate) for candidate in known], console)
    width = max((len(candidate.name) for candidate in known), default=0)
    for c in known:
        line = f"{c.name:<{width}}  {c.state:<9}  {c.identity.distribution} {c.identity.version}"
        print(cut_to(visible(f"{line}  {c.why}".rstrip()), width_of(console.stdout)), file=console.stdout)
    if waiting := [candidate.name for candidate in known if candidate.state in WAITS]:
        print(f"`rookery plugins enable {waiting[0]}` shows what it offers, and lets it in.", file=console.stdout)
    return Exit.OK


def _info(described: Described, console: Console, *, as_json: bool) -> Exit:
    if as_json:
        return _json(_told(described.candidate) | described.manifest.model_dump(mode="json"), console)
    for line in _lines(described):
        print(visible(line), file=console.stdout)
    return Exit.FAILED if described.manifest.problem else Exit.OK


def _enable(plugins: Plugins, arguments: argparse.Namespace, console: Console) -> Exit:
    candidate = plugins.get(arguments.plugin)
    if candidate.state is State.BUILT_IN:
        plugins.enable(candidate)
    described = plugins.describe(candidate, anew=True)
    if described.manifest.problem:
        raise PluginError(f"{candidate.name} cannot be used: {described.manifest.problem}")
    hooks = described.manifest.in_process
    for line in _lines(described):
        print(visible(line), file=console.stdout)
    if not arguments.yes and not _yes(console, f"Use {candidate.name} from now on? [y/N] "):
        print("Nothing was changed.", file=console.stdout)
        return Exit.FAILED
    inside = arguments.in_process and bool(hooks)
    if hooks and not inside:
        print(f"\n{INSIDE.format(hooks=', '.join(hooks))}", file=console.stdout)
        inside = not arguments.yes and _yes(console, f"Run {candidate.name} inside the program? [y/N] ")
    plugins.enable(candidate, in_process=inside)
    left = f", without {', '.join(hooks)}" if hooks and not inside else ""
    print(visible(f"{candidate.name} is used from the next start on{left}."), file=console.stdout)
    return Exit.OK


def _doctor(plugins: Plugins, console: Console, *, as_json: bool) -> Exit:
    told, failed = [], False
    for candidate in plugins.all():
        described = plugins.describe(candidate, anew=True) if candidate.state is not State.REFUSED else None
        problem = candidate.why if described is None else described.manifest.problem
        remarks = [] if described is None or problem else [*_remarks(described)]
        failed = failed or bool(problem and (candidate.state.used or candidate.state is State.REFUSED))
        told.append(_told(candidate) | {"problem": problem, "remarks": remarks})
        if not as_json:
            print(visible(f"{candidate.name}: {problem or 'good'}"), file=console.stdout)
            for remark in remarks:
                print(visible(f"  {remark}"), file=console.stdout)
    if as_json:
        _json(told, console)
    return Exit.FAILED if failed else Exit.OK


def _lines(described: Described) -> Iterator[str]:
    candidate, manifest = described.candidate, described.manifest
    yield f"plugin        {candidate.name} ({candidate.state})"
    yield f"distribution  {candidate.identity.distribution} {candidate.identity.version}"
    yield f"module        {candidate.entry_point.value}"
    where = "the program itself" if described.in_process else "a process of its own"
    yield f"runs in       {where}"
    if manifest.problem:
        yield f"problem       {manifest.problem}"
    for tool in manifest.tools:
        yield f"tool          {tool.name} ({tool.risk}): {one_line(tool.description, 100)}"
    for rule in manifest.risk_rules:
        when = ", ".join(f"{name} has {pattern}" for name, pattern in rule.when.items())
        yield f"rule          {rule.tool}{f' where {when}' if when else ''} is {rule.risk}: {one_line(rule.reason, 80)}"
    for text in manifest.sections:
        yield f"prompt        {one_line(text, 100)}"
    for hook in manifest.in_process:
        yield f"hook          {hook}"
    for remark in _remarks(described):
        yield f"remark        {remark}"


def _remarks(described: Described) -> Iterator[str]:
    """What is to be known of it."""
    yield from described.manifest.ignored
    for tool in described.manifest.tools:
        if tool.missing:
            yield f"tool {tool.name} is not offered: {tool.missing}"
    if described.manifest.import_s > 0.3:
        yield f"its import takes {described.manifest.import_s:.1f} s"


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


def _yes(console: Console, question: str) -> bool:
    """Whether the person says yes; where nobody is there to be asked, no."""
    if not console.can_ask:
        print("rookery: nobody is there to be asked; --yes says yes", file=console.stderr)
        return False
    print(question, end="", file=console.stderr, flush=True)
    return console.stdin.readline().strip().lower() in ("y", "yes")


def _json(value: Any, console: Console) -> Exit:
    console.write_utf8()
    print(json_for(console.stdout, json.dumps(value, ensure_ascii=False)), file=console.stdout)
    return Exit.OK
