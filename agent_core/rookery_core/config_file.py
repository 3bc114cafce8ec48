"""The files of settings: read from the person's two TOML files, and written to the program's own.

`config.toml` is the person's and only read. `settings.toml` is the program's (`rookery config set`) and overrides it.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import ValidationError

from rookery_core.config import MCP, SERVERS, Config, flatten
from rookery_core.errors import ConfigError
from rookery_core.mcp.settings import ServerSettings
from rookery_core.paths import Paths, replace_file
from rookery_core.text import one_line
from rookery_core.toml_text import BadToml, line_of, parsed, read_text

MAX_BYTES = 100_000
DEFAULT = "default"
OPTION = "--set"
"""Where a setting is from that was given with the command."""


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """The settings in force, and where each is from."""

    config: Config
    sources: Mapping[str, str]
    """`section.key` to the file it is from, `default` or `--set`."""


def load_config(paths: Paths, options: Iterable[str] = ()) -> LoadedConfig:
    """Read both files. ConfigError names the file, the key, and what was expected.

    `options` are of the form `section.key=value` and override what the files say.
    """
    values: dict[str, dict[str, Any]] = {}
    sources: dict[str, str] = {}
    for file in (paths.config_file, paths.settings_file):
        for section, table in _checked(*_read(file)).items():
            values.setdefault(section, {}).update(table)
            sources.update({key: str(file) for key in _keys(section, table)})
    for option in options:
        key, equals, text = option.partition("=")
        if not equals:
            raise ConfigError(f"{_shown(option)} is not of the form section.key=value")
        section, name, value = _setting(key.strip(), text.strip())
        _checked({section: {name: value}}, _Source(OPTION))
        values.setdefault(section, {})[name] = value
        sources[f"{section}.{name}"] = OPTION
    config = _validate(values, _Source(str(paths.settings_file)))
    return LoadedConfig(config, {key: sources.get(key, DEFAULT) for key, _ in flatten(config)})


def value_of(config: Config, key: str) -> Any:
    """One setting; ConfigError when there is none of that name."""
    for known, value in flatten(config):
        if known == key:
            return value
    raise ConfigError(f"{_shown(key)} is not a setting{_nearest_setting(key.rpartition('.')[2])}")


def check_file(file: Path) -> None:
    """Read one file by itself. ConfigError says the first thing that is wrong with it; a missing file is fine."""
    _checked(*_read(file))


def set_value(paths: Paths, key: str, text: str, check: Callable[[Any], object] | None = None) -> Any:
    """Write one setting to the program's own file and return its value. ConfigError leaves the file as it was.

    `text` is read as a TOML value; what is none, or is one where a string is wanted, is taken as a plain string.
    `check` may refuse the value, with a ConfigError of its own.
    """
    file = paths.settings_file
    values = _checked(*_read(file))
    section, name, value = _setting(key, text)
    changed = _checked({**values, section: {**values.get(section, {}), name: value}}, _Source(str(file)))
    if check is not None:
        check(value)
    _replace(file, tomli_w.dumps(changed))
    return value


def _setting(key: str, text: str) -> tuple[str, str, Any]:
    """Section, name and value of one setting that was written as text; whether there is such a one is not checked."""
    section, dot, name = key.partition(".")
    if section == MCP:
        raise ConfigError(
            "MCP servers are tables in config.toml, which is yours; `rookery config path` says where it is"
        )
    if not dot:
        raise ConfigError(f"{_shown(key)} is not a setting: write section.key{_nearest_setting(key)}")
    if "." in name:
        raise ConfigError(f"{_shown(key)} is not a setting: there is one dot in section.key")
    value = _toml_value(text)
    return section, name, text if isinstance(_default(section, name), str) and not isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class _Source:
    """Where settings are from, to say where in it something stands."""

    name: str
    text: str = ""

    def at(self, *keys: str) -> str:
        line = line_of(self.text, *keys)
        return f"{self.name}:{line}" if line else self.name


def _read(file: Path) -> tuple[dict[str, Any], _Source]:
    try:
        text = read_text(file, MAX_BYTES) or ""
        return parsed(text), _Source(str(file), text)
    except BadToml as exc:
        raise ConfigError(f"{file}{f':{exc.line}' if exc.line else ''}: {exc.what}") from exc


def _replace(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_file(file, text)
    except OSError as exc:
        raise ConfigError(f"{file} cannot be written: {exc.strerror}") from exc


def _keys(section: str, table: Mapping[str, Any]) -> Iterator[str]:
    """The full names of the settings in a section of a file."""
    if section != MCP:
        yield from (f"{section}.{key}" for key in table)
        return
    for name, server in table.get("servers", {}).items():
        yield from (f"{SERVERS}.{name}.{key}" for key in server)


def _default(section: str, name: str) -> Any:
    return next((value for key, value in flatten(Config()) if key == f"{section}.{name}"), None)


def _checked(values: dict[str, Any], source: _Source) -> dict[str, dict[str, Any]]:
    """The same values, once they are known to be good by themselves."""
    for section, table in values.items():
        at = source.at(section)
        if section not in Config.model_fields:
            what = (
                f"[{_shown(section)}] is not a section"
                if isinstance(table, dict)
                else f"{_shown(section)} is not in a section"
            )
            hint = (
                _nearest(section, list(Config.model_fields)) if isinstance(table, dict) else _nearest_setting(section)
            )
            raise ConfigError(f"{at}: {what}{hint}")
        if not isinstance(table, dict):
            raise ConfigError(f"{at}: {section} must be a section: write [{section}] above its keys")
        known = type(Config.model_fields[section].default).model_fields
        for key in table:
            if key not in known:
                hint = _nearest(key, list(known))
                raise ConfigError(f"{source.at(section, key)}: {section}.{_shown(key)} is not a setting{hint}")
    _validate(values, source)
    return values


def _validate(values: Mapping[str, Any], source: _Source) -> Config:
    try:
        return Config.model_validate(values)
    except ValidationError as exc:
        wrong = exc.errors(include_url=False)
        at = source.at(*(str(part) for part in wrong[0]["loc"]))
        raise ConfigError(f"{at}: " + "; ".join(map(_explain, wrong))) from exc


def _explain(error: Mapping[str, Any]) -> str:
    where = _shown(".".join(str(part) for part in error["loc"]))
    match error["type"]:
        case "setting":
            return f"{where}: {error['msg']}"
        case "extra_forbidden":
            return f"{where} is not a setting{_nearest(str(error['loc'][-1]), list(ServerSettings.model_fields))}"
        case "model_type":
            return f"{where} must be a table"
    expected = str(error["msg"]).removeprefix("Input should be ").replace("a valid tuple", "a list")
    if {"env", "headers"} & {*error["loc"]}:  # what stands there may be secret
        return f"{where} must be {expected}"
    with contextlib.suppress(TypeError, ValueError, RecursionError):
        return f"{where} must be {expected}, not {one_line(json.dumps(error['input']), 60)}"
    return f"{where} must be {expected}"


def _toml_value(text: str) -> Any:
    try:
        values = tomllib.loads(f"v = {text}")
    except (ValueError, RecursionError):
        return text
    return values["v"] if list(values) == ["v"] and "\n" not in text else text


def _shown(key: str) -> str:
    """A key as it can be put into a message: on one line, and no longer than one is read."""
    return one_line(key, 60)


def _nearest(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word[:60], known, n=1)
    return f"; did you mean {near[0]}?" if near else f"; there are: {', '.join(known)}"


def _nearest_setting(name: str) -> str:
    """Where a key without its section may belong."""
    near = [key for key, _ in flatten(Config()) if key.partition(".")[2] == name]
    return f"; did you mean {' or '.join(near)}?" if near else "; `rookery config show` lists them"
