"""The settings: what there is to set, read from the person's two TOML files, and written to the program's own.

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
from typing import Any, Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rookery_core.budget import Limits
from rookery_core.errors import ConfigError
from rookery_core.mcp.settings import McpSettings, ServerSettings
from rookery_core.paths import Paths, replace_file
from rookery_core.text import one_line

MAX_BYTES = 100_000
DEFAULT = "default"
MCP, SERVERS = "mcp", "mcp.servers"
OPTION = "--set"
"""Where a setting is from that was given with the command."""
STRICT = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, strict=True, allow_inf_nan=False)
_INT32 = 2**31 - 1


class Section(BaseModel):
    """A table of the config file."""

    model_config = STRICT


class ModelSettings(Section):
    """The model and how it is sampled."""

    path: str = ""
    """A GGUF file, or the name of one in the models folder. Empty: the first that is found."""
    n_ctx: int = Field(default=0, ge=0, le=1 << 20)
    """Tokens of the window. 0: what the model was trained for, at most 8192."""
    n_threads: int = Field(default=0, ge=0, le=1024)
    """Threads that write tokens. 0: one, which is the fastest where another program is busy."""
    n_threads_batch: int = Field(default=0, ge=0, le=1024)
    """Threads that read the prompt. 0: one for each core, at most 8."""
    temperature: float = Field(default=0.0, ge=0, le=2)
    """0 takes the most likely token each time; higher is more varied."""
    top_k: int = Field(default=40, ge=0, le=_INT32)
    """Choose among this many tokens; 0 for all. Without effect at temperature 0, as the next two."""
    top_p: float = Field(default=0.95, gt=0, le=1)
    """Choose among the likeliest tokens that together have this probability."""
    min_p: float = Field(default=0.05, ge=0, le=1)
    """Leave out tokens less likely than this share of the likeliest."""
    seed: int = Field(default=0, ge=0, le=_INT32)
    """Same seed, same text, where the temperature is above 0."""
    max_tokens: int = Field(default=1024, ge=16, le=_INT32)
    """Tokens the model may write in one step."""
    adapter: str = "auto"
    """A LoRA adapter in GGUF, made for the model the program begins with. auto: for a model that Rookery has one for,
    that one; empty: none."""
    forced_tokens: bool = True
    """Write what the grammar of a step leaves no choice of without asking the model."""
    expand: bool = True
    """Read prompts with the weights expanded to BF16, where that is faster: a small model of a slow format."""
    memory_mb: int = Field(default=0, ge=0, le=1 << 24)
    """Megabytes that the files of loaded models may have together; 0 for no limit."""
    cache_mb: int = Field(default=512, ge=0, le=1 << 24)
    """Megabytes for what was read and is not in use just now, beside the window itself."""
    saved_mb: int = Field(default=1024, ge=0, le=1 << 24)
    """Megabytes on disk for what was read, so that a session that is gone on with is not read again; 0 for none."""


class AgentSettings(Limits):
    """How a turn is worked on, and the most it may spend."""

    model_config = STRICT

    strategy: str = "react"
    """The way of thinking: react, or one that a plugin offers."""
    prompt: Literal["auto", "full", "brief"] = "auto"
    """How much the model is told: full, brief for one that was trained for the work, or auto: as it was made for."""
    form: Literal["auto", "labelled", "native"] = "auto"
    """How the model writes a call: with Rookery's labels, in the form of the model's own chat template, or auto: its
    own, unless `rookery models probe` found labels to be better."""
    offer: int = Field(default=8, ge=0, le=1000)
    """Tools offered to the model at a time; of more, those that fit the request. 0: all."""
    pinned: tuple[str, ...] = Field(default=(), strict=False)
    """Tools and plugins that are always offered."""
    repairs: int = Field(default=2, ge=0, le=10)
    """Times in a row that a step or a call that cannot be used is tried again, with what was wrong about it."""
    check_arguments: bool = False
    """Question a call whose numbers or paths appear nowhere in what was said."""


class PluginSettings(Section):
    """Installed plugins."""

    disabled: tuple[str, ...] = Field(default=(), strict=False)
    """Names of plugins that are not used, whatever was said before."""
    in_process: tuple[str, ...] = Field(default=(), strict=False)
    """Names of plugins that run inside the program, with all of its rights; for hooks that work only there."""
    strict: bool = False
    """Whether a plugin that is to be used and cannot be keeps the program from starting."""


class WebSettings(Section):
    """Reading and searching the web, which nothing of Rookery's does unless it is allowed."""

    online: bool = False
    """Offer the tools for it, which ask before each use. `--online` does so for one start."""
    search_provider: Literal["", "searxng", "brave", "tavily"] = ""
    """Who searches: searxng at search_url, or brave or tavily with your key in ROOKERY_SECRET_WEB_SEARCH_KEY. Empty:
    searxng where there is a search_url, else nobody."""
    search_url: str = ""
    """The address of a SearXNG, such as http://localhost:8888. It must have json among its search.formats."""


class MemorySettings(Section):
    """What is recalled from earlier sessions."""

    recall: int = Field(default=3, ge=0, le=20)
    """Notes and past turns put before the model when they fit the request; 0 for none."""


class TuiSettings(Section):
    """The full-screen interface."""

    theme: str = "textual-dark"
    """A Textual theme: textual-dark, textual-light, nord, gruvbox, dracula, tokyo-night, monokai, ..."""
    trace: bool = True
    """Show the pane with thoughts, actions and observations."""


class Config(Section):
    """All settings."""

    model: ModelSettings = ModelSettings()
    agent: AgentSettings = AgentSettings()
    plugins: PluginSettings = PluginSettings()
    web: WebSettings = WebSettings()
    memory: MemorySettings = MemorySettings()
    tui: TuiSettings = TuiSettings()
    mcp: McpSettings = McpSettings()


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
        for section, table in _checked(_read(file), file).items():
            values.setdefault(section, {}).update(table)
            sources.update({key: str(file) for key in _keys(section, table)})
    for option in options:
        key, equals, text = option.partition("=")
        if not equals:
            raise ConfigError(f"{_shown(option)} is not of the form section.key=value")
        section, name, value = _setting(key.strip(), text.strip())
        _checked({section: {name: value}}, OPTION)
        values.setdefault(section, {})[name] = value
        sources[f"{section}.{name}"] = OPTION
    config = _validate(values, paths.settings_file)
    return LoadedConfig(config, {key: sources.get(key, DEFAULT) for key, _ in flatten(config)})


def flatten(config: Config) -> Iterator[tuple[str, Any]]:
    """Every setting as (`section.key`, value); of MCP servers what may be shown, as (`mcp.servers.NAME.key`, value)."""
    for section in Config.model_fields:
        table = getattr(config, section)
        for key in type(table).model_fields:
            if section != MCP:
                yield f"{section}.{key}", getattr(table, key)
    for name, server in config.mcp.servers.items():
        for key in ServerSettings.model_fields:
            yield f"{SERVERS}.{name}.{key}", server.shown(key)


def documented() -> Iterator[tuple[str, str, Iterator[tuple[str, Any, str]]]]:
    """Every table with what it is for and its settings, each with its default and what it does."""
    for section, field in Config.model_fields.items():
        table = field.default
        kind: type[BaseModel] = ServerSettings if section == MCP else type(table)
        name = f"{SERVERS}.NAME" if section == MCP else section
        settings = (
            (
                key,
                setting.get_default(call_default_factory=True) if section == MCP else getattr(table, key),
                _text(setting.description),
            )
            for key, setting in kind.model_fields.items()
        )
        yield name, _text(type(table).__doc__), settings


def value_of(config: Config, key: str) -> Any:
    """One setting; ConfigError when there is none of that name."""
    for known, value in flatten(config):
        if known == key:
            return value
    raise ConfigError(f"{_shown(key)} is not a setting{_nearest_setting(key.rpartition('.')[2])}")


def check_file(file: Path) -> None:
    """Read one file by itself. ConfigError says the first thing that is wrong with it; a missing file is fine."""
    _checked(_read(file), file)


def set_value(paths: Paths, key: str, text: str, check: Callable[[Any], object] | None = None) -> Any:
    """Write one setting to the program's own file and return its value. ConfigError leaves the file as it was.

    `text` is read as a TOML value; what is none, or is one where a string is wanted, is taken as a plain string.
    `check` may refuse the value, with a ConfigError of its own.
    """
    file = paths.settings_file
    values = _checked(_read(file), file)
    section, name, value = _setting(key, text)
    changed = _checked({**values, section: {**values.get(section, {}), name: value}}, file)
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


def example() -> str:
    """The text of `config.example.toml`: every setting with its default, commented out."""
    lines = [
        "# Rookery's settings, each with its default. Copy what you change into the file that",
        "# `rookery config path` names, and take away the leading `# `.",
    ]
    for table, about, settings in documented():
        there = "# " if table.startswith(MCP) else ""
        lines += ["", f"# {about}", f"{there}[{table}]"]
        for name, value, does in settings:
            lines += [f"# {does}", f"# {toml_line(name, value)}"]
    return "\n".join(lines) + "\n"


def toml_line(name: str, value: Any) -> str:
    """`name = value` as TOML, on one line."""
    if isinstance(value, tuple | list):
        return f"{name} = [{', '.join(toml_line('v', item).removeprefix('v = ') for item in value)}]"
    if isinstance(value, Mapping):
        return f"{name} = {{{', '.join(toml_line(key, item) for key, item in value.items())}}}"
    return tomli_w.dumps({name: value}).strip()


def _text(text: str | None) -> str:
    return " ".join((text or "").split())


def _read(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return {}
    except OSError as exc:
        raise ConfigError(f"{file} cannot be read: {exc.strerror}") from exc
    if len(raw) > MAX_BYTES:
        raise ConfigError(f"{file} is larger than {MAX_BYTES} bytes; that is no config file")
    try:
        return tomllib.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{file} is not UTF-8 text: byte {exc.start} is 0x{raw[exc.start]:02x}") from exc
    except RecursionError as exc:
        raise ConfigError(f"{file} is nested too deeply for a config file") from exc
    except tomllib.TOMLDecodeError as exc:
        raise ConfigError(f"{file} is not TOML: {one_line(str(exc), 200)}") from exc
    except ValueError as exc:  # what int() says of thousands of digits
        raise ConfigError(f"{file} holds a number that is too long") from exc


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


def _checked(values: dict[str, Any], file: Path | str) -> dict[str, dict[str, Any]]:
    """The same values, once they are known to be good by themselves."""
    for section, table in values.items():
        if section not in Config.model_fields:
            what = (
                f"[{_shown(section)}] is not a section"
                if isinstance(table, dict)
                else f"{_shown(section)} is not in a section"
            )
            hint = (
                _nearest(section, list(Config.model_fields)) if isinstance(table, dict) else _nearest_setting(section)
            )
            raise ConfigError(f"{file}: {what}{hint}")
        if not isinstance(table, dict):
            raise ConfigError(f"{file}: {section} must be a section: write [{section}] above its keys")
        known = type(Config.model_fields[section].default).model_fields
        for key in table:
            if key not in known:
                raise ConfigError(f"{file}: {section}.{_shown(key)} is not a setting{_nearest(key, list(known))}")
    _validate(values, file)
    return values


def _validate(values: Mapping[str, Any], file: Path | str) -> Config:
    try:
        return Config.model_validate(values)
    except ValidationError as exc:
        problems = [_explain(error) for error in exc.errors(include_url=False)]
        raise ConfigError(f"{file}: " + "; ".join(problems)) from exc


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
