"""`rookery rules`: what is allowed without asking, asked about and denied; and what would become of a call."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rookery_core.approval.exposure import CLEAN
from rookery_core.approval.judging import Judged
from rookery_core.approval.rule_file import Listed, Mistake, RuleFile, read_rules
from rookery_core.approval.rule_table import RuleTable, made_of, table_of
from rookery_core.approval.rule_writing import add_rules, remove_rule
from rookery_core.approval.rulebook import PROJECT_RULES
from rookery_core.approval.rules import Do
from rookery_core.approval.taint import UNLABELLED
from rookery_core.errors import ArgumentsInvalid, ConfigError, ToolFailed, ToolRetry, ToolUnknown
from rookery_core.paths import Paths
from rookery_core.sandbox.level import Reach
from rookery_tui.console import Console
from rookery_tui.exits import Exit
from rookery_tui.out import say

TAINTED = CLEAN.having_read(UNLABELLED)
"""A session in which others' words and private things are before the model."""
NONE_YET = "There are no rules yet: {file} would hold them. `rookery rules add --help` says how to write one."


def main(arguments: argparse.Namespace, paths: Paths, console: Console) -> Exit:
    """Carry out one of the actions. Raises ConfigError, PluginError, StoreError."""
    if not Path(arguments.workspace).is_dir():
        raise ConfigError(f"the workspace {arguments.workspace} is not a folder")
    root = Path(os.path.realpath(arguments.workspace))
    match arguments.action:
        case "list":
            return _list(paths, root, console, as_json=arguments.json)
        case "add":
            table = _table(arguments, root)
            after = add_rules(paths.rules, [table])
            _say(f"{len(after.listed)}  {after.listed[-1].rule}  {_where(after.listed[-1])}", console)
            return Exit.OK
        case "remove":
            gone = remove_rule(paths.rules, arguments.number)
            _say(f"removed: {gone.rule}", console)
            return Exit.OK
        case "check":
            return asyncio.run(_check(paths, root, console))
        case _:
            return asyncio.run(_try(arguments, paths, root, console))


def _files(paths: Paths, root: Path) -> tuple[RuleFile, RuleFile]:
    """The person's own, and the workspace's."""
    return read_rules(paths.rules), read_rules(root / PROJECT_RULES, tightening=root)


def _list(paths: Paths, root: Path, console: Console, *, as_json: bool) -> Exit:
    own, project = _files(paths, root)
    _report(own, project, console=console)
    numbered = [(str(n), each) for n, each in enumerate(own.listed, 1)] if not own.mistakes else []
    numbered += [("-", each) for each in own.listed] if own.mistakes else []
    numbered += [("-", each) for each in project.listed]
    holding = [(n, each) for n, each in numbered if each.rule.workspace in ("", str(root))]
    if as_json:
        told = [{"number": int(n) if n != "-" else None, **table_of(each.rule)} for n, each in holding]
        console.print_json(told)
        return Exit.OK
    for n, each in holding:
        _say(f"{n:>2}  {each.rule}  {_where(each)}", console)
    if elsewhere := len(numbered) - len(holding):
        _say(f"{elsewhere} more hold in other workspaces; {paths.rules} has them", console)
    if not numbered:
        _say(NONE_YET.format(file=paths.rules), console)
    return Exit.USAGE if own.mistakes or project.mistakes else Exit.OK


def _where(each: Listed) -> str:
    place = f"in {each.rule.workspace}" if each.rule.workspace else "everywhere"
    remembered = ", as the tool is now" if each.rule.definition else ""
    return f"({place}{remembered}; {each.rule.origin})"


async def _check(paths: Paths, root: Path, console: Console) -> Exit:
    own, project = _files(paths, root)
    _report(own, project, console=console)
    for read in (own, project):
        if not read.mistakes:
            n_rules = f"{len(read.listed)} rule{'s' if len(read.listed) != 1 else ''}"
            there = f"good, {n_rules}" if read.file.exists() else "is not there, which is fine"
            _say(f"{read.file}: {there}", console)
    for remark in await _about_nothing(paths, root):
        say(f"rookery: {remark}", console.stderr)
    return Exit.USAGE if own.mistakes or project.mistakes else Exit.OK


async def _about_nothing(paths: Paths, root: Path) -> tuple[Mistake, ...]:
    """What there is to say of rules about tools that there are not. Raises ConfigError, PluginError."""
    from rookery_core.config_file import load_config
    from rookery_core.equipment import Options, equip

    equipment = equip(load_config(paths).config, paths, Options(root, online=True), refuse=False)
    await equipment.close()
    return equipment.rules_of_nothing


def _report(*files: RuleFile, console: Console) -> None:
    for read in files:
        for mistake in read.mistakes:
            say(f"rookery: {mistake}", console.stderr)


# -- adding -----------------------------------------------------------------------------------------------------------


def _table(arguments: argparse.Namespace, root: Path) -> RuleTable:
    """The rule that was asked for, with examples where it needs some. Raises ConfigError."""
    said = {
        "do": arguments.do,
        "tool": arguments.tool,
        "argv": _split(arguments.words) if arguments.words is not None else None,
        "path": str(root / os.path.expanduser(arguments.path)) if arguments.path is not None else None,
        "url": arguments.url,
        "arguments": dict(map(_argument, arguments.argument)) if arguments.argument else None,
        "part": arguments.part,
        "workspace": "" if arguments.everywhere else str(root),
    }
    table = RuleTable.model_validate({key: value for key, value in said.items() if value is not None})
    rule = made_of(table)
    named = {"matches": arguments.matches, "rejects": arguments.rejects}
    if table.arguments is not None:
        named = {key: [_object(example) for example in examples] for key, examples in named.items()}
    ours = table_of(rule)
    made = {key: examples or ours.get(key, []) for key, examples in named.items()}
    if rule.do is Do.ALLOW and rule.scope is None and arguments.words is None:
        made = named
    return table.model_copy(update=made)


def _split(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError as exc:
        raise ConfigError(f"--words must be a command as a shell takes it: {exc}") from exc


def _argument(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not name or not sign:
        raise ConfigError(f"--argument {text!r} is not of the form NAME=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as exc:
        raise ConfigError(f"{text!r} is not JSON: {exc}") from exc
    if not isinstance(value, dict):
        raise ConfigError(f"{text!r} is not an object with the arguments by name")
    return value


# -- trying -----------------------------------------------------------------------------------------------------------


async def _try(arguments: argparse.Namespace, paths: Paths, root: Path, console: Console) -> Exit:
    """Judge a call as it would be judged in a conversation, the rulings of plugins aside."""
    from rookery_core.config_file import load_config
    from rookery_core.equipment import Options, equip
    from rookery_core.store.db import Store

    equipment = equip(load_config(paths).config, paths, options := Options(root, online=True))
    store = Store(paths.database)
    try:
        runner = equipment.runner(store, options)
        offered = runner.registry.get(arguments.tool)
        text = arguments.call
        is_command = offered.tool.command and not text.lstrip().startswith("{")
        given = {offered.tool.command: text} if is_command else _object(text)
        exposure = TAINTED if arguments.tainted else CLEAN
        judged = runner.judge(offered, await offered.place.fit(offered.tool, given, runner.workspace), exposure)
    except (ToolUnknown, ArgumentsInvalid, ToolRetry, ToolFailed) as exc:
        raise ConfigError(str(exc)) from exc
    finally:
        await equipment.close()
        store.close()
    here = equipment.confinement
    starts = here.starts(offered) and judged.verdict.do is not Do.DENY
    told = _told(judged) | {"sandbox": here.told(reach=judged.reach) if starts else ""}
    if arguments.json:
        console.print_json(told)
        return Exit.OK
    for line in _lines(told):
        _say(line, console)
    return Exit.OK


def _told(judged: Judged) -> dict[str, Any]:
    script = judged.subject.script
    commands = script.commands if script is not None else ()
    return {
        "outcome": str(judged.verdict.do),
        "level": str(judged.assessed.level),
        "risk": str(judged.assessed.risk),
        "may_ask": judged.verdict.do is Do.ALLOW and judged.assessed.kept and judged.reach is Reach.READS,
        "reason": judged.assessed.reason,
        "rule": judged.verdict.rule,
        "commands": [str(command) for command in commands],
        "reads": [*dict.fromkeys(_ONLY_THE_SHELL.get(file, file) for each in commands for file in each.reads)],
        "writes": [*dict.fromkeys(_ONLY_THE_SHELL.get(file, file) for each in commands for file in each.writes)],
        "not_understood": script.unclear if script is not None else "",
        "session": [str(rule.scope) for rule in judged.session],
        "always": [str(rule.scope) for rule in judged.always],
    }


_ONLY_THE_SHELL = {"?": "a file that only the shell knows"}
_OUTCOMES = {"allow": "it would run", "ask": "you would be asked", "deny": "it would be refused"}
_MAY_ASK = "it would run, and you would be asked if it wanted to change anything"


def _lines(told: dict[str, Any]) -> Iterator[str]:
    yield f"outcome   {_MAY_ASK if told['may_ask'] else _OUTCOMES[told['outcome']]}"
    yield f"level     {told['level']} ({told['risk']})"
    for label, key in (
        ("because", "reason"),
        ("sandbox", "sandbox"),
        ("rule", "rule"),
        ("unclear", "not_understood"),
    ):
        if told[key]:
            yield f"{label:<10}{told[key]}"
    for label, key in (
        ("command", "commands"),
        ("reads", "reads"),
        ("writes", "writes"),
        ("session", "session"),
        ("always", "always"),
    ):
        for text in told[key]:
            yield f"{label:<10}{text}"


def _say(text: str, console: Console) -> None:
    say(text, console.stdout)
