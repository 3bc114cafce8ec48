"""`rookery config`: where the settings are, what they are, whether they are good, and changing one."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from rookery_core.config import SERVERS, flatten, toml_line
from rookery_core.config_file import DEFAULT, check_file, load_config, set_value, value_of
from rookery_core.errors import ConfigError, ModelUnreadable
from rookery_core.model.registry import configured, find
from rookery_core.paths import Paths
from rookery_tui.console import Console
from rookery_tui.exits import Exit, report
from rookery_tui.out import say
from rookery_tui.themes import check_theme

MODEL = "model.path"
THEME = "tui.theme"


def main(arguments: argparse.Namespace, paths: Paths, console: Console) -> Exit:
    """Carry out one of the actions. Raises ConfigError."""
    match arguments.action:
        case "path" if arguments.json:
            console.print_json(_places(paths))
            lines = []
        case "path":
            lines = list(_paths(paths))
        case "show":
            lines = list(_settings(paths))
        case "check":
            return _check(paths, console)
        case "get":
            lines = [_plain(value_of(load_config(paths).config, arguments.key))]
        case _:
            lines = [_set(paths, arguments.key, arguments.value)]
            if arguments.key == MODEL and (problem := _model_problem(paths)):
                say(f"rookery: it is set, but {problem}", console.stderr)
    for line in lines:
        say(line, console.stdout)
    return Exit.OK


def _places(paths: Paths) -> dict[str, str]:
    """Where everything is, by its label."""
    return {
        "config": str(paths.config_file),
        "settings": str(paths.settings_file),
        "data": str(paths.data),
        "database": str(paths.database),
        "models": str(paths.models),
        "logs": str(paths.logs),
    }


def _paths(paths: Paths) -> Iterator[str]:
    notes = {str(file): f"{what}, " for file, what in _files(paths)}
    for label, place in _places(paths).items():
        there = "exists" if Path(place).exists() else "is not there"
        yield f"{label:<10}{place}  # {notes.get(place, '')}{there}"


def _settings(paths: Paths) -> Iterator[str]:
    loaded = load_config(paths)
    section = ""
    for key, value in flatten(loaded.config):
        if key.startswith(f"{SERVERS}.") and loaded.sources[key] == DEFAULT:
            continue
        table, _, name = key.rpartition(".")
        if table != section:
            section = table
            yield f"[{table}]"
        yield f"{toml_line(name, value)}  # {loaded.sources[key]}"


def _plain(value: object) -> str:
    """A value for a script: text as it is, everything else as in TOML."""
    return value if isinstance(value, str) else toml_line("v", value).removeprefix("v = ")


def _set(paths: Paths, key: str, text: str) -> str:
    value = set_value(paths, key, text, check_theme if key == THEME else None)
    section, _, name = key.partition(".")
    return f"{section}.{toml_line(name, value)}  # {paths.settings_file}"


def _model_problem(paths: Paths) -> str:
    """What is wrong with the model that is set, as far as can be said without loading it; "" for nothing."""
    wanted = load_config(paths).config.model.path
    try:
        if wanted:
            find(configured(wanted, paths), paths)
    except ModelUnreadable as exc:
        return str(exc)
    return ""


def _check(paths: Paths, console: Console) -> Exit:
    """Each file by itself; then, where both are good, what they name."""
    code = Exit.OK
    for file, _ in _files(paths):
        try:
            check_file(file)
        except ConfigError as error:
            code = report(error, console.stderr)
        else:
            say(f"{file}: {'good' if file.exists() else 'is not there, which is fine'}", console.stdout)
    if code is not Exit.OK:
        return code
    loaded = load_config(paths)
    if problem := _model_problem(paths):
        code = report(ConfigError(f"{loaded.sources[MODEL]}: {MODEL}: {problem}"), console.stderr)
    if loaded.sources[THEME] != DEFAULT:
        try:
            check_theme(loaded.config.tui.theme)
        except ConfigError as error:
            code = report(ConfigError(f"{loaded.sources[THEME]}: {error}"), console.stderr)
    return code


def _files(paths: Paths) -> tuple[tuple[Path, str], ...]:
    return (paths.config_file, "yours"), (paths.settings_file, "written by `rookery config set`, overrides yours")
